"""Losses that compare numbers element by element, and how any loss is reduced.

Every loss takes ``reduction``: ``"mean"`` (the default), ``"sum"``, or ``"none"`` for one loss per element.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#loss-functions
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.elements import each, signs_into, sum_of_each
from .._core.errors import must_be_tensor
from .._core.modes import modes
from .._core.op import case, op
from .._core.tensor import Tensor, wrap
from .arithmetic import abs as absolute
from .arithmetic import sign as _sign_of_tensors

Array = np.ndarray[Any, Any]

sign = _sign_of_tensors.op.numpy

# --- reduction ---------------------------------------------------------------------------------------------------


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction, from PyTorch's older arguments where they are given (with its warning).

    Raises:
        ValueError: no such reduction.
    """
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            UserWarning,
            stacklevel=3,
        )
    if reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
            UserWarning,
            stacklevel=3,
        )
        reduction = "mean"
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction; expected 'mean', 'sum' or 'none'")
    return reduction


def reduced(losses: Any, reduction: str) -> Any:
    """Losses of elements, an array or a tensor, as their mean, their sum, or as they are."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if isinstance(losses, np.ndarray) and not losses.size:
        return np.full((), np.nan, losses.dtype)  # without NumPy's warning
    return losses.mean()


def scale(g: Any, x: Any, reduction: str) -> Any:
    """The gradient that reaches each element's loss."""
    return g / max(1, math.prod(x.shape)) if reduction == "mean" else g


def _check_weight(name: str, weight: Tensor, input: Tensor) -> None:
    if weight.shape != input.shape:
        raise ValueError(
            f"Weights and input must have the same size. {name}(): got weight {list(weight.shape)} and input "
            f"{list(input.shape)}."
        )


def _with_weight(losses: Tensor, weight: Tensor, reduction: str, by_weights: bool) -> Tensor:
    """Weighted losses; the mean of some is divided by the sum of the weights."""
    weighted = losses * weight
    if reduction == "mean" and by_weights:
        return weighted.sum() / weight.sum()
    result: Tensor = reduced(weighted, reduction)
    return result


# --- two inputs of one size --------------------------------------------------------------------------------------


def constant(name: str, weight: Any, argument: str = "weight") -> None:
    """Refuse weights that want a gradient, of which PyTorch has none.

    Raises:
        RuntimeError: they require grad.
    """
    if isinstance(weight, Tensor) and modes.here.grad and weight.requires_grad:
        raise RuntimeError(
            f"The function '{name}' is not differentiable with respect to argument '{argument}'. This input cannot "
            f"have requires_grad True. Use {argument}.detach(), or multiply the losses of reduction='none' by it."
        )


def pair(name: str, input: Any, target: Any, integers: bool = False) -> tuple[Tensor, Tensor]:
    """Both inputs in one shape and dtype, with PyTorch's warning where the shapes differ.

    Raises:
        RuntimeError: the shapes do not broadcast.
        NotImplementedError: they are of integers, unless those are welcome.
    """
    for position, value in enumerate((input, target)):
        if not isinstance(value, Tensor):
            raise must_be_tensor(name, ("input", "target")[position], position, value)
    x, y = input._array, target._array
    if x.shape != y.shape:
        warnings.warn(
            f"Using a target size ({target.shape!r}) that is different to the input size ({input.shape!r}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size. "
            f"({name}: an input of shape (N, 1) beside a target of shape (N,) compares all with all: use "
            "input.squeeze(1).)",
            UserWarning,
            stacklevel=3,
        )
        shape = common_shape(name, x.shape, y.shape)
        input, target = input.expand(shape), target.expand(shape)
    if x.dtype is not y.dtype and x.dtype != y.dtype:
        common = dtypes.promote_types(x.dtype, y.dtype)
        input, target = input.to(dtype=common), target.to(dtype=common)
    if input._array.dtype.kind not in "fc" and not integers:
        raise NotImplementedError(
            f"\"{name}_cpu\" not implemented for '{dtypes.type_name(input._array.dtype)}'. Convert first: "
            "input.float()."
        )
    return input, target


def common_shape(name: str, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        pass
    for d in range(1, min(len(a), len(b)) + 1):
        if a[-d] != b[-d] and 1 not in (a[-d], b[-d]):
            raise RuntimeError(
                f"The size of tensor a ({a[-d]}) must match the size of tensor b ({b[-d]}) at non-singleton dimension "
                f"{max(len(a), len(b)) - d} ({name}: input {list(a)}, target {list(b)})"
            )
    return a


PAIRS = [case((2, 3), (2, 3)), case((2, 3), (2, 3), reduction="sum"), case((2, 3), (2, 3), reduction="none"),
          case((), ()), case((0,), (0,), reduction="sum")]  # fmt: skip


def _both(slope: Any, needs: tuple[bool, bool]) -> tuple[Any, Any]:
    """The gradients of a loss of the difference of two: its slope, and that with the other sign."""
    return slope if needs[0] else None, -slope if needs[1] else None


def _slopes(kernel: Callable[..., Any], g: Any, x: Any, y: Any, **options: Any) -> Any:
    """What a kernel writes, given a factor, times the gradient of each loss, which may be one number."""
    if g.ndim:
        return each(kernel, x, y, factor=1.0, **options) * g
    return each(kernel, x, y, factor=g, **options)


def _losses(kernel: Callable[..., Any], x: Any, y: Any, reduction: str, **options: Any) -> Any:
    """What a kernel writes, reduced."""
    if reduction == "none":
        return each(kernel, x, y, **options)
    if not x.size:
        return reduced(x, reduction)
    found = sum_of_each(kernel, x, y, **options)
    return found if reduction == "sum" else found / x.dtype.type(x.size)


@op(kind="general", cases=PAIRS, method=False, torch_name="nn.functional.mse_loss", node_name="MseLossBackward0",
    vjp=(lambda g, x, y, reduction: scale(2 * g, x, reduction) * (x - y),
         lambda g, x, y, reduction: scale(2 * g, x, reduction) * (y - x)))  # fmt: skip
def _mse(x, y, /, *, reduction="mean"):
    """See `mse_loss`."""
    difference = x - y
    if reduction == "none" or x.dtype == np.float16:
        return reduced(difference * difference, reduction)
    flat = difference.reshape(-1)
    total = flat.dot(flat)
    return total if reduction == "sum" else total / x.dtype.type(x.size)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Squared difference, ``(input - target)**2``.

    With `weight` (of the input's shape) the mean is divided by the sum of the weights.

    Raises:
        RuntimeError: the shapes do not broadcast. (If they do but differ, there is a warning.)

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.mse_loss(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 4.0]))
        tensor(2.)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    x, y = pair("mse_loss", input, target, weight is not None)
    if weight is None:
        if reduction == "mean":
            return _mse(x, y)
        return _mse(x, y, reduction=reduction)
    _check_weight("mse_loss", weight, input)
    difference = x - y
    return _with_weight(difference * difference, weight, reduction, True)


def _l1_rule(g: Any, x: Any, y: Any, needs: Any, reduction: str) -> Any:
    g = scale(g, x, reduction)
    return _both(g * sign(x - y) if isinstance(g, Tensor) else _slopes(_write_signs, g, x, y), needs)


def _write_signs(x: Array, y: Array, out: Array, factor: Any) -> None:
    np.subtract(x, y, out)
    signs_into(out, out)
    out *= factor


@op(kind="general", cases=PAIRS, method=False, torch_name="nn.functional.l1_loss", node_name="L1LossBackward0",
    vjp=_l1_rule)  # fmt: skip
def _l1(x, y, /, *, reduction="mean"):
    """See `l1_loss`."""
    return _losses(_write_distances, x, y, reduction)


def _write_distances(x: Array, y: Array, out: Array) -> None:
    np.subtract(x, y, out)
    np.absolute(out, out)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Absolute difference, ``|input - target|``.

    With `weight` (of the input's shape) the mean is divided by the sum of the weights.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.l1_loss(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 5.0]))
        tensor(1.5000)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    x, y = pair("l1_loss", input, target, integers=True)
    if x._array.dtype.kind == "c" or y._array.dtype.kind == "c":
        x = absolute(x - y)
        y = wrap(np.zeros(x._array.shape, x._array.dtype))
    if weight is None and x._array.dtype.kind in "biu":
        whole: Tensor = reduced(absolute(x - y), reduction)
        return whole
    if weight is None:
        return _l1(x, y, reduction=reduction)
    _check_weight("l1_loss", weight, input)
    return _with_weight(absolute(x - y), weight, reduction, True)


def _bent_rule(g: Any, x: Any, y: Any, needs: Any, limit: float, slope: float) -> Any:
    """Of a loss that is quadratic up to a limit, and beyond has this slope; g has been scaled."""
    if not isinstance(g, Tensor):
        return _both(_slopes(_write_bent, g * (slope / limit), x, y, limit=limit), needs)
    difference = x - y
    straight = np.abs(difference) >= limit
    return _both(g * np.where(straight, sign(difference) * slope, difference * (slope / limit)), needs)


def _write_bent(x: Array, y: Array, out: Array, factor: Any, limit: float) -> None:
    np.subtract(x, y, out)
    limit = out.dtype.type(limit)
    out.clip(-limit, limit, out)
    out *= factor


def _write_bent_losses(x: Array, y: Array, out: Array, limit: float, factor: float) -> None:
    """Of a distance d and the smaller of it and the limit, m: ``factor * m * (d - m / 2)``."""
    kind = out.dtype.type
    _write_distances(x, y, out)
    near = out.clip(kind(0), kind(limit))
    out -= near * kind(0.5)
    out *= near
    if factor != 1:
        out *= kind(factor)


_BENT = [*PAIRS, case((3, 4), (3, 4), beta=0.5), case((3, 4), (3, 4), beta=2.0, reduction="none")]


def _smooth_l1_rule(g: Any, x: Any, y: Any, needs: Any, reduction: str, beta: float) -> Any:
    return _bent_rule(scale(g, x, reduction), x, y, needs, beta, 1.0)


@op(kind="general", cases=_BENT, method=False, torch_name="nn.functional.smooth_l1_loss",
    node_name="SmoothL1LossBackward0", vjp=_smooth_l1_rule)  # fmt: skip
def _smooth_l1(x, y, /, *, reduction="mean", beta=1.0):
    """See `smooth_l1_loss`."""
    return _losses(_write_bent_losses, x, y, reduction, limit=beta, factor=1 / beta)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """``0.5 d**2 / beta`` where the difference ``d`` is below `beta`, else ``|d| - 0.5 beta``.

    Raises:
        RuntimeError: `beta` is negative.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.smooth_l1_loss(tg.tensor([0.0, 0.0]), tg.tensor([1.0, 3.0]), reduction="none")
        tensor([0.5000, 2.5000])
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta. Got {beta}.")
    x, y = pair("smooth_l1_loss", input, target)
    if beta == 0:
        return _l1(x, y, reduction=reduction)
    return _smooth_l1(x, y, reduction=reduction, beta=beta)


def _huber_rule(g: Any, x: Any, y: Any, needs: Any, reduction: str, delta: float) -> Any:
    return _bent_rule(scale(g, x, reduction), x, y, needs, delta, delta)


@op(kind="general", method=False, torch_name="nn.functional.huber_loss", node_name="HuberLossBackward0",
    cases=[*PAIRS, case((3, 4), (3, 4), delta=0.5), case((3, 4), (3, 4), delta=2.0, reduction="none")],
    vjp=_huber_rule)  # fmt: skip
def _huber(x, y, /, *, reduction="mean", delta=1.0):
    """See `huber_loss`."""
    return _losses(_write_bent_losses, x, y, reduction, limit=delta, factor=1.0)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """``0.5 d**2`` where the difference ``d`` is at most `delta`, else ``delta (|d| - 0.5 delta)``.

    Raises:
        RuntimeError: `delta` is not positive.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.huber_loss(tg.tensor([0.0, 0.0]), tg.tensor([1.0, 3.0]), reduction="none")
        tensor([0.5000, 2.5000])
    """
    reduction = reduction_of(None, None, reduction)
    x, y = pair("huber_loss", input, target)
    if weight is not None:
        _check_weight("huber_loss", weight, input)
    if not delta > 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta. Got {delta}.")
    if x._array.dtype != input._array.dtype and input._array.dtype.kind == "f":  # as PyTorch, unlike the other losses
        x, y = x.to(dtype=input.dtype), y.to(dtype=input.dtype)
    if weight is None:
        return _huber(x, y, reduction=reduction, delta=delta)
    losses = _huber(x, y, reduction="none", delta=delta)
    return _with_weight(losses, weight, reduction, False)
