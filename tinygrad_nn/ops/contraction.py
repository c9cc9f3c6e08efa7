"""Products of two tensors whose dimensions carry labels, the step of which `einsum` and `tensordot` are made.

A label in both tensors and in the result counts a batch; one in both but not in the result is summed over; the others
stay. So every such product is one (batched) product of matrices or, where nothing is summed, of elements, and its two
gradients are products of the same kind.

Source: https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from .._core.dtypes import FLOAT32, FLOAT64
from .._core.op import case, op
from .linalg import in_float32
from .product_errors import SCALAR_TYPE, no_bool_product, same_dtype_error

_FLOAT16 = np.dtype(np.float16)


class Pair:
    """How two arrays are multiplied, and summed over what they share, worked out from their labels.

    No label may stand twice in one of them, and each label of one array alone must be in the result.
    """

    def __init__(self, x: Sequence[Any], y: Sequence[Any], out: Sequence[Any]) -> None:
        x, y, out = self.x, self.y, self.out = tuple(x), tuple(y), tuple(out)
        self.summed = tuple([label for label in x if label in y and label not in out])
        self.batch = tuple([label for label in out if label in x and label in y])
        rows = tuple([label for label in x if label not in y])
        columns = tuple([label for label in y if label not in x])
        # so that the result's last dimension is the product's last one, and it need not be laid out anew
        self.swaps = bool(out) and out[-1] in rows and bool(self.summed)
        if self.swaps:
            x, y, rows, columns = y, x, columns, rows
        self.rows, self.columns = rows, columns
        if not self.summed:
            self.left = _order(x, [label for label in out if label in x])
            self.right = _order(y, [label for label in out if label in y])
            self.left_place = tuple([slice(None) if label in x else None for label in out])
            self.right_place = tuple([slice(None) if label in y else None for label in out])
        else:
            self.left = _order(x, self.batch + rows + self.summed)
            self.right = _order(y, self.batch + self.summed + columns)
            self.result = _order(self.batch + rows + columns, out)
        self.outer = not self.summed and not self.batch and out == rows + columns and bool(rows and columns)
        self.plain = (len(rows), len(self.summed), len(columns)) == (1, 1, 1)  # matrices as they are

    @cached_property
    def x_gradient(self) -> Pair:
        """The product of the gradient and y that is the gradient of x."""
        return pair(self.out, self.y, self.x)

    @cached_property
    def y_gradient(self) -> Pair:
        """The product of the gradient and x that is the gradient of y."""
        return pair(self.out, self.x, self.y)

    def sums(self, x: Any, y: Any) -> bool:
        """Whether there is anything to sum up: where all lengths are 1 or some are 0 PyTorch takes any types."""
        return bool(x.size and y.size) and any(x.shape[self.x.index(label)] != 1 for label in self.summed)

    def __repr__(self) -> str:
        x, y, out = ("".join(map(str, labels)) for labels in (self.x, self.y, self.out))
        return f"Pair({x},{y}->{out})"

    def __call__(self, x: Any, y: Any) -> Any:
        """The product of two arrays."""
        if self.outer and (x.dtype is FLOAT32 or x.dtype is FLOAT64):  # BLAS writes twice as fast
            x, y = _ordered(x, self.left), _ordered(y, self.right)
            return x.reshape(x.size, 1).dot(y.reshape(1, y.size)).reshape(x.shape + y.shape)
        if not self.summed:
            x, y = _ordered(x, self.left), _ordered(y, self.right)
            return x[self.left_place] * y[self.right_place]
        if self.swaps:
            x, y = y, x
        x, y = _ordered(x, self.left), _ordered(y, self.right)
        product = self._matrices(x, y)
        return _ordered(product, self.result)

    def _matrices(self, x: Any, y: Any) -> Any:
        """The product of arrays whose dimensions are batch, rows, summed and batch, summed, columns."""
        b, m, k = len(self.batch), len(self.rows), len(self.summed)
        if self.plain:
            return np.matmul(x, y) if b else x.dot(y)
        batch, rows, columns = x.shape[:b], x.shape[b : b + m], y.shape[b + k :]
        depth = math.prod(y.shape[b : b + k])
        if not b:
            if m:
                x = x.reshape(math.prod(rows), depth)
            y = y.reshape(depth, math.prod(columns)) if columns else y.reshape(depth)
            return np.asarray((x if m else x.reshape(depth)).dot(y)).reshape(rows + columns)
        x = x.reshape(*batch, math.prod(rows), depth)
        y = y.reshape(*batch, depth, math.prod(columns))
        return _many(x, y).reshape(batch + rows + columns)


def _many(x: Any, y: Any) -> Any:
    """A batch of products of matrices. Dot products go without BLAS, whose start would cost more than their sum."""
    if x.shape[-2] == 1 and y.shape[-1] == 1:
        return np.einsum("...k,...k->...", x[..., 0, :], y[..., 0])
    return np.matmul(x, y)


def _order(labels: Any, wanted: Any) -> tuple[int, ...] | None:
    """The permutation that brings labels into another order; None: they are in it."""
    order = tuple([labels.index(label) for label in wanted])
    return None if order == tuple(range(len(order))) else order


def _ordered(x: Any, order: tuple[int, ...] | None) -> Any:
    return x if order is None else x.transpose(order)


@lru_cache(4096)
def pair(x: Sequence[Any], y: Sequence[Any], out: Sequence[Any]) -> Pair:
    """The plan for these labels, made once."""
    return Pair(x, y, out)


def _x_gradient(g: Any, y: Any, plan: Pair) -> Any:
    return multiply_pair.op.numpy(g, y, plan=plan.x_gradient)


def _y_gradient(g: Any, x: Any, plan: Pair) -> Any:
    return multiply_pair.op.numpy(g, x, plan=plan.y_gradient)


@op(kind="general", method=False, torch_name="", names=("input", "other"), node_name="EinsumBackward0",
    vjp=(_x_gradient, _y_gradient),
    cases=[case((2, 3), (3, 4), plan=pair(("i", "j"), ("j", "k"), ("i", "k"))),
           case((2, 3), (3, 4), plan=pair(("i", "j"), ("j", "k"), ("k", "i"))),
           case((5, 2, 3), (5, 4, 3), plan=pair(("b", "i", "j"), ("b", "k", "j"), ("b", "i", "k"))),
           case((2, 3), (2, 3), plan=pair(("b", "i"), ("b", "i"), ("b",))),
           case((2, 3), (3, 2), plan=pair(("b", "i"), ("i", "b"), ())), case((2, 3), (4,), plan=pair("ij", "k", "jki")),
           case((2, 3, 2), (2, 3, 4), plan=pair("bic", "cia", "ab")),
           case((0, 3), (3, 0), plan=pair("ij", "jk", "ik")),
           case((2, 0), (0, 3), plan=pair("ij", "jk", "ki")), case((2, 3), (2,), plan=pair("bi", "b", "ib")),
           case((2, 3), (4,), plan=pair("ij", "k", "ijk")), case((0,), (2,), plan=pair("i", "j", "ij"))])  # fmt: skip
def multiply_pair(x, y, /, *, plan):
    """The product of two tensors that a `Pair` describes."""
    if x.dtype.kind == "b" and plan.sums(x, y):
        raise no_bool_product("bmm")
    if plan.summed and x.dtype != y.dtype:
        raise same_dtype_error(SCALAR_TYPE, x, y, ("the first operand", "the second one"))
    return in_float32(plan, x, y) if x.dtype is _FLOAT16 else plan(x, y)
