"""Variance and standard deviation, ``logsumexp``, and entropies.

Source: https://docs.pytorch.org/docs/stable/generated/torch.var.html, torch.std.html, torch.logsumexp.html
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.kernels import add_reduce, maximum_reduce
from .._core.op import case, composite, op
from .._core.tensor import Tensor
from .reduce import axes, mean, reduced_count, restore
from .shortcuts import quick_call

__all__ = ["logsumexp", "std", "std_mean", "var", "var_mean"]

_FLOAT16, _FLOAT32 = np.dtype(np.float16), np.dtype(np.float32)


# --- variance ----------------------------------------------------------------------------------------------------


def _variance(name: str, x: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    if x.dtype.kind not in "fc":
        raise RuntimeError(
            f"std and var only support floating point and complex dtypes, got {dtypes.type_name(x.dtype)}. Convert "
            f"first: x.float().{name}()."
        )
    axis = axes(dim, x.ndim)
    count = reduced_count(x.shape, dim)
    freedom = count - correction
    if freedom <= 0:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            f"(input numel divided by output numel). The input has shape {list(x.shape)}, dim={dim}, and the "
            f"correction is {correction}.",
            UserWarning,
            stacklevel=4,
        )
    wide = x.astype(_FLOAT32) if x.dtype == _FLOAT16 else x
    centred = wide - add_reduce(wide, axis, None, None, True) / max(1, count)
    freedom = _freedom(freedom if count else 0)
    if x.dtype.kind == "f":
        result = add_reduce(centred * centred, axis, None, None, keepdim) / freedom
    else:
        parts = (centred.real, centred.imag)
        result = sum([add_reduce(part * part, axis, None, None, keepdim) / freedom for part in parts])
    return result.astype(x.dtype) if wide is not x else result


def _centred(x: Any, axis: Any, count: float) -> Any:
    """``x`` minus its mean; of no elements, too, where NumPy's own mean would warn."""
    return x - x.sum(axis=axis, keepdims=True) / max(1, count)


def _freedom(value: float) -> Any:
    # NumPy divides by a zero of its own type, Python raises.
    return value if value > 0 else np.float16(0)


def _spread_deviation(g: Any, x: Any, dim: Any, correction: float) -> Any:
    """``g (x - mean) / (n - correction)``, for a gradient that has its dimensions."""
    count = reduced_count(x.shape, dim)
    return g * _centred(x, axes(dim, x.ndim), count) / _freedom(count - correction)


def _var_vjp(g: Any, x: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    return _spread_deviation(2 * restore(g, x.shape, dim, keepdim), x, dim, correction)


def _std_vjp(g: Any, x: Any, out: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    slope = np.where(out == 0, 0 * g, g / np.where(out == 0, 1 + 0 * out, out))  # 0 for constant data, as in PyTorch
    return _spread_deviation(restore(slope, x.shape, dim, keepdim), x, dim, correction)


_CASES = [
    case((2, 3)), case((2, 3), dim=1), case((2, 3), dim=-1, correction=0), case((2, 3), dim=0, keepdim=True),
    case((2, 3, 4), dim=(0, -1), correction=2), case((4,), correction=0.5),
]  # fmt: skip


@op(kind="reduction", vjp=_var_vjp, cases=_CASES, holomorphic=False)
def _var(x, /, *, dim=None, correction=1, keepdim=False):
    """Variance, of all elements or along dimensions."""
    return _variance("var", x, dim, correction, keepdim)


@op(kind="reduction", vjp=_std_vjp, cases=_CASES, holomorphic=False,
    special=[case(np.array([2.0, 2.0])), case(np.array([[1.0, 1.0], [1.0, 3.0]]), dim=1)])  # fmt: skip
def _std(x, /, *, dim=None, correction=1, keepdim=False):
    """Standard deviation, of all elements or along dimensions."""
    return np.sqrt(_variance("std", x, dim, correction, keepdim))


def _options(name: str, dim: Any, unbiased: Any, correction: Any, axis: Any, ddof: Any) -> tuple[Any, float]:
    """``dim`` and the correction, from the ways in which PyTorch and NumPy spell them."""
    if isinstance(dim, bool):  # x.var(False) means unbiased=False
        dim, unbiased = None, dim
    if axis is not None:
        dim = axis
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}(): give either unbiased= or correction=, not both")
    if unbiased is not None:
        return dim, 1 if unbiased else 0
    if ddof is not None:
        return dim, ddof
    return dim, 1 if correction is None else correction


@composite(out=True)
def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Any = None,
    ddof: float | None = None,
) -> Tensor:
    """Variance: the sum of squared deviations from the mean, divided by ``n - correction``.

    Args:
        dim: one dimension, several, or None for all.
        unbiased: the older way to say ``correction=1`` (True) or ``correction=0`` (False).
        correction: 1 unless given (Bessel's correction). ``np.var(x)`` follows NumPy, where it is 0.

    Example:
        >>> import numpy as np, tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0, 3.0, 6.0])
        >>> x.var(), x.var(correction=0), np.var(x)
        (tensor(4.6667), tensor(3.5000), tensor(3.5000))
    """
    dim, correction = _options("var", dim, unbiased, correction, axis, ddof)
    options = {"dim": dim, "correction": correction, "keepdim": keepdim}
    quick = quick_call(_var.op, input, options) if isinstance(input, Tensor) else None
    return _var(input, **options) if quick is None else quick


@composite(out=True)
def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Any = None,
    ddof: float | None = None,
) -> Tensor:
    """Standard deviation, the square root of `var`. Its gradient is 0 where the deviation is 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, 3.0]).std()
        tensor(1.4142)
    """
    dim, correction = _options("std", dim, unbiased, correction, axis, ddof)
    options = {"dim": dim, "correction": correction, "keepdim": keepdim}
    quick = quick_call(_std.op, input, options) if isinstance(input, Tensor) else None
    return _std(input, **options) if quick is None else quick


@composite(method=False, out=True)
def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Variance and mean, a pair.

    Example:
        >>> import tinygrad_nn as tg
        >>> variance, mean = tg.var_mean(tg.tensor([1.0, 3.0]))
        >>> variance.item(), mean.item()
        (2.0, 2.0)
    """
    dim, correction = _options("var_mean", dim, unbiased, correction, None, None)
    return _var(input, dim=dim, correction=correction, keepdim=keepdim), mean(input, dim, keepdim)


@composite(method=False, out=True)
def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean, a pair.

    Example:
        >>> import tinygrad_nn as tg
        >>> deviation, mean = tg.std_mean(tg.tensor([1.0, 3.0]), correction=0)
        >>> deviation.item(), mean.item()
        (1.0, 2.0)
    """
    dim, correction = _options("std_mean", dim, unbiased, correction, None, None)
    return _std(input, dim=dim, correction=correction, keepdim=keepdim), mean(input, dim, keepdim)


def _numpy_form(op_call: Any) -> Any:
    """NumPy's signature and default: ``ddof`` is 0."""

    def call(
        a: Tensor, axis: Any = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False, **options: Any
    ) -> Any:
        correction = options.pop("correction", ddof)
        if options:
            raise TypeError(f"np.{op_call.op.name} on a Tensor: unsupported options {sorted(options)}")
        a = a if dtype is None else a.to(dtype=dtype)
        return op_call(a, dim=axis, correction=correction, keepdim=keepdims)

    return call


dispatch.register(np.var, _numpy_form(_var))
dispatch.register(np.std, _numpy_form(_std))


# --- logsumexp ---------------------------------------------------------------------------------------------------


@op(kind="reduction", vjp=lambda g, x, out, dim, keepdim: restore(g, x.shape, dim, keepdim)
    * np.exp(x - restore(out, x.shape, dim, keepdim)),
    cases=[case((2, 3), dim=1), case((2, 3), dim=-2, keepdim=True), case((2, 3, 4), dim=(0, -1)), case((), dim=0),
           case((2, 3), dim=(0, 1), keepdim=True), case((0, 3), dim=0), case((3, 0), dim=0)],
    special=[case(np.array([-np.inf, 1.0]), dim=0), case(np.array([np.inf, 1.0]), dim=0),
             case(np.array([-np.inf, -np.inf]), dim=0), case(np.array([1000.0, 1000.0]), dim=0)])  # fmt: skip
def _logsumexp(x, /, dim, keepdim=False):
    """See `logsumexp`."""
    axis = axes(dim, x.ndim)
    if x.size and x.dtype.kind == "f":
        top = maximum_reduce(x, axis, None, None, True)
    else:
        top = maximum_reduce(x.real, axis, None, None, True, initial=-np.inf)
    finite = np.isfinite(top)
    # inf - inf would be nan
    shift = top if np.count_nonzero(finite) == finite.size else np.where(finite, top, top.dtype.type(0))
    result = np.log(add_reduce(np.exp(x - shift), axis, None, None, True)) + shift
    if keepdim or (axis is None and not x.ndim):
        return result
    return result.squeeze(axis)


@composite(out=True)
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False, *, axis: Any = None) -> Tensor:
    """``log(sum(exp(x)))`` along dimensions, without overflow.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logsumexp(tg.tensor([1000.0, 1000.0]), dim=0)
        tensor(1000.6932)
    """
    if isinstance(input, Tensor) and input._array.dtype.kind in "biu":
        input = input.to(dtype=dtypes.get_default_dtype())
    return _logsumexp(input, dim, keepdim)


# --- entropies ---------------------------------------------------------------------------------------------------


@op(vjp=(lambda g, logits, probs, lowest: -g[..., None] * probs * (logits >= lowest),
         lambda g, logits, lowest: -g[..., None] * np.maximum(logits, lowest)),
    kind="general", method=False, torch_name="", node_name="NegBackward0",
    cases=[case((2, 3), (2, 3), lowest=-100.0), case((3,), (3,), lowest=-100.0)])  # fmt: skip
def _entropies(logits, probs, /, lowest):
    """The entropies of rows of probabilities and their logarithms: one node in place of four.

    The logarithms are raised to the lowest number, as 0 times -inf would be nan.
    """
    return -np.add.reduce(np.maximum(logits, lowest) * probs, -1)


entropies = _entropies
