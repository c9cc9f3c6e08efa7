"""Losses that compare numbers element by element, and how any loss is reduced.

Every loss takes ``reduction``: ``"mean"`` (the default), ``"sum"``, or ``"none"`` for one loss per element.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#loss-functions
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import not_a_tensor
from .._core.op import case, op
from .._core.tensor import Tensor

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
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction; expected 'mean', 'sum' or 'none'")
    return reduction


def reduced(losses: Any, reduction: str) -> Any:
    """Losses of elements, an array or a tensor, as their mean, their sum, or as they are."""
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.mean()


def _scale(g: Any, x: Any, reduction: str) -> Any:
    """The gradient that reaches each element's loss."""
    return g / math.prod(x.shape) if reduction == "mean" else g


def _with_weight(name: str, losses: Tensor, weight: Tensor, input: Tensor, reduction: str, by_weights: bool) -> Tensor:
    """Weighted losses; the mean of some is divided by the sum of the weights."""
    if weight.shape != input.shape:
        raise ValueError(
            f"Weights and input must have the same size. {name}(): got weight {list(weight.shape)} and input "
            f"{list(input.shape)}."
        )
    weighted: Tensor = losses * weight  # type: ignore[operator]
    if reduction == "mean" and by_weights:
        return weighted.sum() / weight.sum()  # type: ignore[attr-defined, no-any-return]
    return reduced(weighted, reduction)  # type: ignore[no-any-return]


# --- two inputs of one size --------------------------------------------------------------------------------------


def _pair(name: str, input: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Both inputs in one shape and dtype, with PyTorch's warning where the shapes differ."""
    for position, value in enumerate((input, target)):
        if not isinstance(value, Tensor):
            raise not_a_tensor(_mse.op, position, value)  # type: ignore[attr-defined]
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
        shape = _common_shape(name, x.shape, y.shape)
        input, target = input.expand(shape), target.expand(shape)  # type: ignore[attr-defined]
    if x.dtype is not y.dtype and x.dtype != y.dtype:
        common = dtypes.promote_types(x.dtype, y.dtype)
        input, target = input.to(dtype=common), target.to(dtype=common)  # type: ignore[attr-defined]
    if input._array.dtype.kind not in "fc":
        raise NotImplementedError(
            f"\"{name}_cpu\" not implemented for '{dtypes.type_name(input._array.dtype)}'. Convert first: input.float()."
        )
    return input, target


def _common_shape(name: str, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
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


_PAIRS = [case((2, 3), (2, 3)), case((2, 3), (2, 3), reduction="sum"), case((2, 3), (2, 3), reduction="none"),
          case((), ()), case((0,), (0,), reduction="sum")]  # fmt: skip


@op(kind="general", cases=_PAIRS, method=False, torch_name="nn.functional.mse_loss", node_name="MseLossBackward0",
    vjp=(lambda g, x, y, reduction: _scale(2 * g, x, reduction) * (x - y),
         lambda g, x, y, reduction: _scale(2 * g, x, reduction) * (y - x)))  # fmt: skip
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
    x, y = _pair("mse_loss", input, target)
    if weight is None:
        return _mse(x, y, reduction=reduction)  # type: ignore[no-any-return]
    return _with_weight("mse_loss", _mse(x, y, reduction="none"), weight, input, reduction, True)


@op(kind="general", cases=_PAIRS, method=False, torch_name="nn.functional.l1_loss", node_name="L1LossBackward0",
    vjp=(lambda g, x, y, reduction: _scale(g, x, reduction) * np.sign(x - y),
         lambda g, x, y, reduction: _scale(g, x, reduction) * np.sign(y - x)))  # fmt: skip
def _l1(x, y, /, *, reduction="mean"):
    """See `l1_loss`."""
    difference = x - y
    return reduced(np.abs(difference, difference) if difference.ndim else np.abs(difference), reduction)


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
    x, y = _pair("l1_loss", input, target)
    if weight is None:
        return _l1(x, y, reduction=reduction)  # type: ignore[no-any-return]
    return _with_weight("l1_loss", _l1(x, y, reduction="none"), weight, input, reduction, True)


def _bent(difference: Any, limit: float, slope: float) -> Any:
    """The slope of a loss that is quadratic up to a limit and straight beyond."""
    return np.where(np.abs(difference) < limit, difference * (slope / limit), np.sign(difference) * slope)


_BENT = [*_PAIRS, case((3, 4), (3, 4), beta=0.5), case((3, 4), (3, 4), beta=2.0, reduction="none")]


@op(kind="general", cases=_BENT, method=False, torch_name="nn.functional.smooth_l1_loss",
    node_name="SmoothL1LossBackward0",
    vjp=(lambda g, x, y, reduction, beta: _scale(g, x, reduction) * _bent(x - y, beta, 1.0),
         lambda g, x, y, reduction, beta: _scale(g, x, reduction) * _bent(y - x, beta, 1.0)))  # fmt: skip
def _smooth_l1(x, y, /, *, reduction="mean", beta=1.0):
    """See `smooth_l1_loss`."""
    size = np.abs(x - y)
    return reduced(np.where(size < beta, size * size * (0.5 / beta), size - 0.5 * beta), reduction)


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
    x, y = _pair("smooth_l1_loss", input, target)
    if beta == 0:
        return _l1(x, y, reduction=reduction)  # type: ignore[no-any-return]
    return _smooth_l1(x, y, reduction=reduction, beta=beta)  # type: ignore[no-any-return]


@op(kind="general", method=False, torch_name="nn.functional.huber_loss", node_name="HuberLossBackward0",
    cases=[*_PAIRS, case((3, 4), (3, 4), delta=0.5), case((3, 4), (3, 4), delta=2.0, reduction="none")],
    vjp=(lambda g, x, y, reduction, delta: _scale(g, x, reduction) * _bent(x - y, delta, delta),
         lambda g, x, y, reduction, delta: _scale(g, x, reduction) * _bent(y - x, delta, delta)))  # fmt: skip
def _huber(x, y, /, *, reduction="mean", delta=1.0):
    """See `huber_loss`."""
    size = np.abs(x - y)
    return reduced(np.where(size < delta, 0.5 * size * size, delta * (size - 0.5 * delta)), reduction)


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
    if not delta > 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta. Got {delta}.")
    x, y = _pair("huber", input, target)
    if x._array.dtype != input._array.dtype and input._array.dtype.kind == "f":  # as PyTorch, unlike the other losses
        x, y = x.to(dtype=input.dtype), y.to(dtype=input.dtype)  # type: ignore[attr-defined]
    if weight is None:
        return _huber(x, y, reduction=reduction, delta=delta)  # type: ignore[no-any-return]
    losses = _huber(x, y, reduction="none", delta=delta)
    return _with_weight("huber_loss", losses, weight, input, reduction, False)


# --- probabilities -----------------------------------------------------------------------------------------------

_LOWEST_LOG = -100.0  # log(0) counts as this, so that losses stay finite
_SMALLEST_SLOPE = float(np.float32(1e-12))  # PyTorch's, which is a float32


def _unit(x: Any, what: str) -> None:
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise RuntimeError(
            f"all elements of {what} should be between 0 and 1, got values from {x.min()} to {x.max()}."
            + (" For logits there is binary_cross_entropy_with_logits." if what == "input" else "")
        )


def _bce_input_vjp(g: Any, x: Any, y: Any, reduction: str) -> Any:
    return _scale(g, x, reduction) * (x - y) / np.maximum(x * (1 - x), _SMALLEST_SLOPE)


@op(kind="general", cases=_PAIRS, domain=(0.05, 0.95), method=False, torch_name="nn.functional.binary_cross_entropy",
    node_name="BinaryCrossEntropyBackward0",
    special=[case(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0]), reduction="none")],
    vjp=(_bce_input_vjp, lambda g, x, reduction: _scale(g, x, reduction) * (np.log1p(-x) - np.log(x))))  # fmt: skip
def _bce(x, y, /, *, reduction="mean"):
    """See `binary_cross_entropy`."""
    _unit(x, "input")
    _unit(y, "target")
    return reduced((y - 1) * np.maximum(np.log1p(-x), _LOWEST_LOG) - y * np.maximum(np.log(x), _LOWEST_LOG), reduction)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-(y log x + (1 - y) log(1 - x))``; logarithms below -100 count as -100.

    `binary_cross_entropy_with_logits` is the more accurate choice where ``x`` is a sigmoid.

    Raises:
        ValueError: input and target differ in shape.
        RuntimeError: a value is not between 0 and 1, or the dtypes differ.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.binary_cross_entropy(tg.tensor([0.5, 0.5]), tg.tensor([1.0, 0.0]))
        tensor(0.6931)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape!r}) that is different to the input size ({input.shape!r}) is deprecated. "
            "Please ensure they have the same size, for example with input.squeeze(1)."
        )
    if input._array.dtype != target._array.dtype:
        expected = dtypes.type_name(input._array.dtype)
        raise RuntimeError(
            f"Found dtype {dtypes.type_name(target._array.dtype)} but expected {expected}: convert the target, "
            f"target.to({input.dtype!r})."
        )
    if weight is None:
        return _bce(input, target, reduction=reduction)  # type: ignore[no-any-return]
    return reduced(_bce(input, target, reduction="none") * weight, reduction)  # type: ignore[no-any-return]


def _sigmoid(x: Any) -> Any:
    return 0.5 * np.tanh(0.5 * x) + 0.5


@op(kind="general", cases=_PAIRS, method=False, torch_name="nn.functional.binary_cross_entropy_with_logits",
    node_name="BinaryCrossEntropyWithLogitsBackward0",
    special=[case(np.array([100.0, -100.0, 1e4, -1e4]), np.array([1.0, 0.0, 0.0, 1.0]), reduction="none"),
             case(np.array([np.inf, -np.inf, np.inf]), np.array([1.0, 0.0, 0.0]), reduction="none")],
    vjp=(lambda g, x, y, reduction: _scale(g, x, reduction) * (_sigmoid(x) - y),
         lambda g, x, reduction: _scale(g, x, reduction) * -x))  # fmt: skip
def _bce_with_logits(x, y, /, *, reduction="mean"):
    """See `binary_cross_entropy_with_logits`."""
    log_sigmoid = np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
    return reduced((1 - y) * x - log_sigmoid, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of ``sigmoid(input)``, exact for large inputs.

    Args:
        weight: scales each element's loss; broadcasts.
        pos_weight: scales the loss where the target is 1; broadcasts.

    Raises:
        ValueError: input and target differ in shape.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.binary_cross_entropy_with_logits(tg.tensor([0.0, 1000.0]), tg.tensor([1.0, 1.0]))
        tensor(0.3466)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if target.shape != input.shape:
        raise ValueError(
            f"Target size ({target.shape!r}) must be the same as input size ({input.shape!r}). For an input of shape "
            "(N, 1) use input.squeeze(1), or target.unsqueeze(1)."
        )
    if target._array.dtype.kind != "f":
        kind = dtypes.type_name(target._array.dtype)
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {kind}: convert the target, target.float()."
        )
    input, target = _pair("log_sigmoid", input, target)
    if weight is None and pos_weight is None:
        return _bce_with_logits(input, target, reduction=reduction)  # type: ignore[no-any-return]
    losses = _bce_with_logits(input, target, reduction="none")
    if pos_weight is not None:  # -log sigmoid(x), which is the loss of a target of 1, is scaled by 1 + (pos_weight - 1) y
        ones = np.ones_like(target._array)
        losses = losses + (pos_weight - 1) * target * _bce_with_logits(input, ones, reduction="none")  # type: ignore[operator]
    return reduced(losses if weight is None else losses * weight, reduction)  # type: ignore[no-any-return]


def _entropy_slope(x: Any, y: Any) -> Any:
    return np.log(y) + 1 - x


@op(kind="general", domain=(0.05, 0.95), method=False, torch_name="nn.functional.kl_div", node_name="KlDivBackward0",
    cases=[*(case(*c.inputs, **c.options, log_target=log) for c in _PAIRS for log in (False, True))],
    vjp=(lambda g, x, y, reduction, log_target: _scale(g, x, reduction) * -(np.exp(y) if log_target else y),
         lambda g, x, y, reduction, log_target: _scale(g, x, reduction)
         * (np.exp(y) * (y - x + 1) if log_target else _entropy_slope(x, y))))  # fmt: skip
def _kl_div(x, y, /, *, reduction="mean", log_target=False):
    """See `kl_div`."""
    if log_target:
        return reduced(np.exp(y) * (y - x), reduction)
    return reduced(np.where(y == 0, x.dtype.type(0), y * np.log(y)) - y * x, reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Kullback-Leibler divergence, ``y (log y - input)``, where the input is a logarithm of probabilities.

    ``reduction="batchmean"``, the sum divided by the batch size, is the mathematical definition.

    Args:
        log_target: the target is a logarithm as well.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[0.5, 0.5]])
        >>> tg.nn.functional.kl_div(x.log(), x, reduction="batchmean")
        tensor(0.)
    """
    batchmean = reduction == "batchmean"
    reduction = reduction_of(size_average, reduce, "sum" if batchmean else reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition. 'mean' will be changed to behave the "
            "same as 'batchmean' in the next major release.",
            UserWarning,
            stacklevel=2,
        )
    for name, tensor in (("input", input), ("target", target)):
        if tensor._array.dtype.kind != "f":
            raise RuntimeError(f"kl_div: Integral inputs not supported. Convert first: {name}.float().")
    batch = input._array.shape[0] if input._array.ndim else 1
    shape = _common_shape("kl_div", input._array.shape, target._array.shape)
    if input._array.shape != target._array.shape:
        input, target = input.expand(shape), target.expand(shape)  # type: ignore[attr-defined]
    result: Tensor = _kl_div(*_pair("kl_div", input, target), reduction=reduction, log_target=log_target)
    return result / batch if batchmean else result  # type: ignore[operator, no-any-return]
