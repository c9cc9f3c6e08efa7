"""Vector norms: ``norm`` and ``linalg.vector_norm``. The gradient at a norm of 0 is 0.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html, torch.norm.html
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.kernels import add_reduce, maximum_reduce, minimum_reduce
from .._core.op import case, composite, op
from .._core.tensor import Tensor
from .arithmetic import sign
from .reduce import axes, reduced_count, restore, takes_dtype

_FLOAT16, _FLOAT32 = np.dtype(np.float16), np.dtype(np.float32)


def _check(x: Any, order: float, dim: Any) -> None:
    if x.dtype.kind != "f":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{dtypes.type_name(x.dtype)}. Convert first: x.float().norm()."
        )
    if (order < 0 or order == inf) and not reduced_count(x.shape, dim):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {order} norm on an empty tensor because the operation does not "
            f"have an identity (shape {list(x.shape)}, dim={dim})"
        )


def _norm(x: Any, order: float, axis: Any, keepdim: bool) -> Any:
    if order == 2:
        if axis is None and not keepdim:
            flat = x.reshape(-1)
            return np.sqrt(flat.dot(flat))
        return np.sqrt(add_reduce(x * x, axis, None, None, keepdim))
    if order == 0:
        return add_reduce(x != 0, axis, x.dtype, None, keepdim)
    size = np.abs(x)
    if order == 1:
        return add_reduce(size, axis, None, None, keepdim)
    if order == inf:
        return maximum_reduce(size, axis, None, None, keepdim)
    if order == -inf:
        return minimum_reduce(size, axis, None, None, keepdim)
    return add_reduce(size**order, axis, None, None, keepdim) ** (1 / order)


def _safe(value: Any, at: Any) -> Any:
    """`value` with 1 where it is 0, to divide by."""
    return np.where(at == 0, 1 + 0 * value, value)


def _norm_vjp(g: Any, x: Any, out: Any, ord: Any, dim: Any, keepdim: bool) -> Any:
    g, out = restore(g, x.shape, dim, keepdim), restore(out, x.shape, dim, keepdim)
    if ord == 2:
        return np.where(out == 0, 0 * g, g / _safe(out, out)) * x
    if ord == 0:
        return g * 0 * (x == x)
    signs = sign.op.numpy(x)
    if ord == 1:
        return g * signs
    if ord in (inf, -inf):
        equal = (np.abs(x) == out) | (x != x)
        count = equal.sum(axis=axes(dim, x.ndim), keepdims=True).astype(x.dtype)
        return g / count * (signs * equal)
    # d|x| of (sum |x|^p)^(1/p): (|x| / norm)^(p - 1), and 0 where either is 0
    ratio = _safe(np.abs(x), x) / _safe(out, out)
    return g * np.where((out == 0) | (x == 0), 0 * x, signs * ratio ** (ord - 1))


_CASES = [
    case((2, 3)), case((2, 3), ord=1), case((2, 3), ord=inf, dim=1), case((2, 3), ord=-inf, dim=0, keepdim=True),
    case((2, 3), ord=3, dim=-1), case((2, 3), ord=1.5), case((2, 3), ord=0.5, dim=0),
    case((2, 3), ord=-1), case((2, 3, 4), dim=(0, -1)), case((2, 3, 4), ord=2, dim=1, keepdim=True), case((0,)),
    case((2, 3), ord=2, keepdim=True), case((), ord=2), case((), ord=1),
]  # fmt: skip


@takes_dtype
@op(kind="reduction", vjp=_norm_vjp, cases=_CASES, method=False, torch_name="linalg.vector_norm", domain=(0.2, 3.0),
    distinct=True,
    tolerance=(1.0, "a tensor's power -1/2 is a square root, an array's is not"),
    special=[case(np.zeros(2)), case(np.zeros(2), ord=1), case(np.zeros(2), ord=inf), case(np.zeros(2), ord=3),
             case(np.zeros(2), ord=0.5), case(np.zeros(2), ord=-1), case(np.array([0.0, 3.0, -3.0])),
             case(np.array([0.0, 3.0, -3.0]), ord=inf), case(np.array([0.0, 3.0, -3.0]), ord=1),
             case(np.array([0.0, 3.0, -3.0]), ord=1.5), case(np.array([0.0, 3.0, -3.0]), ord=0.5)])  # fmt: skip
def vector_norm(x, /, ord=2, dim=None, keepdim=False):
    """Norm of the elements seen as a vector: ``(sum |x|**ord) ** (1/ord)``, of all or along dimensions.

    ``ord`` may be any number: ``inf`` gives the largest magnitude, ``-inf`` the smallest, 0 counts what is not zero.

    Raises:
        RuntimeError: the elements are integers; or there are none, and the norm of nothing is not defined.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import linalg
        >>> linalg.vector_norm(tg.tensor([3.0, -4.0]))
        tensor(5.)
    """
    _check(x, ord, dim)
    axis = axes(dim, x.ndim)
    if x.dtype == _FLOAT16:
        return _norm(x.astype(_FLOAT32), ord, axis, keepdim).astype(_FLOAT16)
    return _norm(x, ord, axis, keepdim)


@composite()
def norm(
    input: Tensor, p: float | str | None = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Tensor:
    """Vector norm of order `p` over all elements or dimensions; ``"fro"`` and None mean 2.

    Raises:
        ValueError: ``p="nuc"``, the sum of singular values, which is not supported.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[3.0, 4.0], [6.0, 8.0]])
        >>> x.norm(dim=1), x.norm(p=1)
        (tensor([ 5., 10.]), tensor(21.))
    """
    if isinstance(p, str) and p != "fro":
        text = f"norm(): Order {p} not supported; expected a number, 'fro' or None."
        raise ValueError(text) if p == "nuc" else RuntimeError(f"linalg.matrix_norm: {text}")
    order = 2 if p is None or p == "fro" else p
    return vector_norm(input, order, dim, keepdim, dtype=dtype)


def _numpy_norm(x: Tensor, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """NumPy's `linalg.norm`, where it is a vector norm."""
    two = (x.ndim == 2 and axis is None) or (isinstance(axis, tuple) and len(axis) == 2)
    if two and ord not in (None, "fro"):
        raise TypeError("np.linalg.norm on a Tensor: of matrix norms there is the Frobenius norm only (ord=None).")
    return norm(x, "fro" if ord is None else ord, axis, keepdims)


dispatch.register(np.linalg.norm, _numpy_norm)
