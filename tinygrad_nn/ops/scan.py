"""Running sums and products along a dimension.

Source: https://docs.pytorch.org/docs/stable/generated/torch.cumsum.html, torch.cumprod.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dispatch
from .._core.op import Integers, case, op
from .._core.tensor import Tensor, check_dim
from .reduce import takes_dtype

# What PyTorch adds up in: a running float32 sum loses digits with every term.
_WIDER: dict[Any, Any] = {np.dtype(np.float16): np.dtype(np.float32), np.dtype(np.float32): np.dtype(np.float64)}
_CASES = [
    case((2, 3), dim=1), case((2, 3), dim=0), case((2, 3, 4), dim=-2), case((), dim=0), case((0, 3), dim=0),
    case((2, 0), dim=1), case((1, 5), dim=-1), case(Integers((2, 3), 5), dim=1),
    case(Integers((4,), 2, boolean=True), dim=0),
]  # fmt: skip


def _accumulate(ufunc: np.ufunc, x: Any, dim: int) -> Any:
    check_dim(dim, x.ndim)
    if x.dtype.kind in "biu":
        x = x.astype(np.int64)
    if x.ndim == 0:
        return x.copy()
    wider = _WIDER.get(x.dtype)
    return ufunc.accumulate(x, dim) if wider is None else ufunc.accumulate(x, dim, wider).astype(x.dtype)


def _backwards_sum(g: Any, dim: int) -> Any:
    """The running sum from the end, the adjoint of the running sum."""
    return np.flip(cumsum.op.numpy(np.flip(g, dim), dim=dim), dim) if g.ndim else g


@takes_dtype
@op(kind="general", vjp=lambda g, dim: _backwards_sum(g, dim), cases=_CASES)
def cumsum(x, /, dim):
    """Running sum along a dimension. Integers and booleans give int64.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, 2.0, 3.0]).cumsum(dim=0)
        tensor([1., 3., 6.])
    """
    return _accumulate(np.add, x, dim)


def _suffix_sums(g: np.ndarray[Any, Any], x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """``s[j] = g[j] + x[j+1] * s[j+1]`` along the first dimension."""
    sums = g.copy()
    for j in range(len(g) - 2, -1, -1):
        sums[j] += x[j + 1] * sums[j + 1]
    return sums


def _cumprod_vjp(g: Any, x: Any, out: Any, dim: int) -> tuple[Any]:
    if not x.ndim:
        return (g,)
    if (x != 0).all():
        return (_backwards_sum(g * out, dim) / x,)
    x, g = x.swapaxes(dim, 0), g.swapaxes(dim, 0)
    before = np.ones_like(x)
    np.multiply.accumulate(x[:-1], 0, out=before[1:])
    return ((before * _suffix_sums(g, x)).swapaxes(dim, 0),)


def _cumprod_parts(x: Any, dim: int) -> Any:
    """The running product by doubling steps, whose derivatives of any order are exact with zeros."""
    if not x.ndim:
        return x * 1
    x = x.swapaxes(dim, 0)
    step = 1
    while step < x.shape[0]:
        x = np.concatenate([x[:step], x[step:] * x[:-step]])
        step *= 2
    return x.swapaxes(0, dim) * 1


@takes_dtype
@op(kind="fused", vjp=_cumprod_vjp, parts=_cumprod_parts, cases=_CASES,
    special=[case(np.array([0.0, 2.0, 3.0]), dim=0), case(np.array([[2.0, 0.0, 3.0, 0.0, 1.5]]), dim=1)])  # fmt: skip
def cumprod(x, /, dim):
    """Running product along a dimension. Integers and booleans give int64. The gradient is exact with zeros.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, 2.0, 3.0]).cumprod(dim=0)
        tensor([1., 2., 6.])
    """
    return _accumulate(np.multiply, x, dim)


def _numpy_form(scan: Any) -> Any:
    """NumPy's signature: without an axis, the scan runs over the flattened elements."""

    def call(a: Tensor, axis: int | None = None, dtype: Any = None) -> Any:
        return scan(a.reshape(-1), 0, dtype=dtype) if axis is None else scan(a, axis, dtype=dtype)

    return call


dispatch.register(np.cumsum, _numpy_form(cumsum))
dispatch.register(np.cumprod, _numpy_form(cumprod))
