"""Vector norms: ``linalg.vector_norm``. The gradient at a norm of 0 is 0.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.kernels import add_reduce, maximum_reduce, minimum_reduce
from .._core.op import case, composite, op
from .._core.tensor import Tensor
from .arithmetic import sign
from .reduce import axes, reduced_count, restore

_FLOAT16, _FLOAT32 = np.dtype(np.float16), np.dtype(np.float32)


def _check(x: Any, order: float, dim: Any) -> None:
    if (order < 0 or order == inf) and not reduced_count(x.shape, dim):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {order} norm on an empty tensor because the operation does not "
            f"have an identity (shape {list(x.shape)}, dim={dim})"
        )


def in_dtype(name: str, x: Tensor, dtype: Any) -> Tensor:
    """The tensor, whose norm is asked for, in the dtype in which it is computed.

    Raises:
        RuntimeError: it is of integers, or the dtype is of another kind, or narrower.
    """
    kind = x._array.dtype
    if kind.kind not in "fc":
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {dtypes.type_name(kind)}. Convert "
            "first: x.float().norm()."
        )
    if dtype is None:
        return x
    wanted = dtypes.to_numpy(dtype)
    shown = dtypes.type_name(wanted)
    if wanted.kind not in "fc":
        raise RuntimeError(f"{name}: dtype should be floating point or complex, but got {shown}")
    if wanted.kind != kind.kind:
        words = "complex for complex" if kind.kind == "c" else "real for real"
        raise RuntimeError(f"{name}: dtype should be {words} inputs, but got {shown}")
    if wanted.itemsize < kind.itemsize:
        raise RuntimeError(
            f"{name}: the dtype of the input ({dtypes.type_name(kind)}) should be convertible without narrowing to the "
            f"specified dtype ({shown})"
        )
    return x.to(wanted)


def order_number(name: str, order: Any) -> Any:
    """The order of a norm, a real number.

    Raises:
        TypeError: it is no number.
        RuntimeError: it is complex.
    """
    if isinstance(order, Tensor):
        order = order.item()
    if isinstance(order, complex):
        raise RuntimeError(f"{name}: Expected a non-complex scalar as the order of norm, got {order}.")
    if not isinstance(order, int | float | np.number):
        raise TypeError(f"{name}(): argument 'ord' (position 2) must be Number, not {type(order).__name__}")
    return order


def _norm(x: Any, order: float, axis: Any, keepdim: bool) -> Any:
    if order == 2:
        if axis is None and not keepdim:
            flat = x.reshape(-1)
            return np.sqrt(flat.dot(flat) if x.dtype.kind == "f" else np.vdot(flat, flat).real)
        squares = x * x if x.dtype.kind == "f" else x.real * x.real + x.imag * x.imag
        return np.sqrt(add_reduce(squares, axis, None, None, keepdim))
    if order == 0:
        return add_reduce(x != 0, axis, x.real.dtype, None, keepdim)
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


def _directions(x: Any, size: Any) -> Any:
    """The sign of each element; of a complex one the number of length 1 in its direction."""
    kind = (x._array if isinstance(x, Tensor) else x).dtype.kind
    return sign.op.numpy(x) if kind == "f" else x / _safe(size, size)


def _norm_vjp(g: Any, x: Any, out: Any, ord: Any, dim: Any, keepdim: bool) -> Any:
    g, out = restore(g, x.shape, dim, keepdim), restore(out, x.shape, dim, keepdim)
    if ord == 2:
        return np.where(out == 0, 0 * g, g / _safe(out, out)) * x
    if ord == 0:
        return g * 0 * (x * 0)
    size = np.abs(x)
    signs = _directions(x, size)
    if ord == 1:
        return g * signs
    if ord in (inf, -inf):
        equal = (size == out) | (x != x)
        count = equal.sum(axis=axes(dim, x.ndim), keepdims=True).astype(g.dtype)
        return g / count * (signs * equal)
    # d|x| of (sum |x|^p)^(1/p): (|x| / norm)^(p - 1), and 0 where either is 0
    ratio = _safe(size, size) / _safe(out, out)
    return g * np.where((out == 0) | (x == 0), 0 * x, signs * ratio ** (ord - 1))


_CASES = [
    case((2, 3)), case((2, 3), ord=1), case((2, 3), ord=inf, dim=1), case((2, 3), ord=-inf, dim=0, keepdim=True),
    case((2, 3), ord=3, dim=-1), case((2, 3), ord=1.5), case((2, 3), ord=0.5, dim=0),
    case((2, 3), ord=-1), case((2, 3, 4), dim=(0, -1)), case((2, 3, 4), ord=2, dim=1, keepdim=True), case((0,)),
    case((2, 3), ord=2, keepdim=True), case((), ord=2), case((), ord=1),
]  # fmt: skip


@op(kind="reduction", vjp=_norm_vjp, cases=_CASES, method=False, holomorphic=False, torch_name="linalg.vector_norm",
    domain=(0.2, 3.0), distinct=True,
    tolerance=(1.0, "a tensor's power -1/2 is a square root, an array's is not"),
    special=[case(np.zeros(2)), case(np.zeros(2), ord=1), case(np.zeros(2), ord=inf), case(np.zeros(2), ord=3),
             case(np.zeros(2), ord=0.5), case(np.zeros(2), ord=-1), case(np.array([0.0, 3.0, -3.0])),
             case(np.array([0.0, 3.0, -3.0]), ord=inf), case(np.array([0.0, 3.0, -3.0]), ord=1),
             case(np.array([0.0, 3.0, -3.0]), ord=1.5), case(np.array([0.0, 3.0, -3.0]), ord=0.5)])  # fmt: skip
def _vector_norm(x, /, ord=2, dim=None, keepdim=False):
    """Norm of the elements seen as a vector."""
    _check(x, ord, dim)
    axis = axes(dim, x.ndim)
    if x.dtype == _FLOAT16:
        return _norm(x.astype(_FLOAT32), ord, axis, keepdim).astype(_FLOAT16)
    return _norm(x, ord, axis, keepdim)


@composite(method=False, out=True)
def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """Norm of the elements seen as a vector: ``(sum |x|**ord) ** (1/ord)``, of all or along dimensions.

    ``ord`` may be any number: ``inf`` gives the largest magnitude, ``-inf`` the smallest, 0 counts what is not zero.

    Args:
        x: a tensor of real or complex numbers; the norm is real.
        ord: the order.
        dim: a dimension, several, or None for all.
        keepdim: keep the dimensions, with length 1.
        dtype: the (wider) type in which the norm is computed.

    Raises:
        RuntimeError: the elements are integers; or there are none, and the norm of nothing is not defined.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import linalg
        >>> linalg.vector_norm(tg.tensor([3.0, -4.0]))
        tensor(5.)
    """
    name = "linalg.vector_norm"
    order = order_number(name, ord)
    return _vector_norm(in_dtype(name, x, dtype), order, dim, keepdim)
