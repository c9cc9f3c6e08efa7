"""Losses of probabilities: binary cross entropy, and the Kullback-Leibler divergence.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy.html, kl_div.html
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import explained
from .._core.op import case, op
from .._core.tensor import Tensor
from .loss import PAIRS, common_shape, constant, pair, reduced, reduction_of, scale

_LOWEST_LOG = -100.0  # log(0) counts as this, so that losses stay finite
_SMALLEST_SLOPE = float(np.float32(1e-12))  # PyTorch's, which is a float32


def _unit(x: Any, what: str) -> None:
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise RuntimeError(
            f"all elements of {what} should be between 0 and 1, got values from {x.min()} to {x.max()}."
            + (" For logits there is binary_cross_entropy_with_logits." if what == "input" else "")
        )


def _check_weight(weight: Tensor, input: Tensor) -> None:
    """Raises RuntimeError: the weight does not broadcast to the input's shape."""
    shape = common_shape("binary_cross_entropy", input._array.shape, weight._array.shape)
    if shape != input._array.shape:
        raise RuntimeError(
            f"output with shape {list(input.shape)} doesn't match the broadcast shape {list(shape)} (input "
            f"{list(input.shape)}, weight {list(weight.shape)})"
        )


def _bce_input_vjp(g: Any, x: Any, y: Any, reduction: str) -> Any:
    return scale(g, x, reduction) * (x - y) / np.maximum(x * (1 - x), _SMALLEST_SLOPE)


@op(kind="general", cases=PAIRS, domain=(0.05, 0.95), method=False, torch_name="nn.functional.binary_cross_entropy",
    node_name="BinaryCrossEntropyBackward0",
    special=[case(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0]), reduction="none")],
    vjp=(_bce_input_vjp, lambda g, x, reduction: scale(g, x, reduction) * (np.log1p(-x) - np.log(x))))  # fmt: skip
def _bce(x, y, /, *, reduction="mean"):
    """See `binary_cross_entropy`."""
    _unit(x, "input")
    _unit(y, "target")
    return reduced((y - 1) * np.maximum(np.log1p(-x), _LOWEST_LOG) - y * np.maximum(np.log(x), _LOWEST_LOG), reduction)


@explained
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
            f"Using a target size ({target.shape!r}) that is different to the input size ({input.shape!r}) is "
            "deprecated. Please ensure they have the same size, for example with input.squeeze(1)."
        )
    if input._array.dtype != target._array.dtype:
        expected = dtypes.type_name(input._array.dtype)
        raise RuntimeError(
            f"Found dtype {dtypes.type_name(target._array.dtype)} but expected {expected}: convert the target, "
            f"target.to({input.dtype!r})."
        )
    if weight is None:
        return _bce(input, target, reduction=reduction)
    constant("binary_cross_entropy", weight)
    _check_weight(weight, input)
    result: Tensor = reduced(_bce(input, target, reduction="none") * weight, reduction)
    return result


def _excess(x: Any, y: Any) -> Any:
    """``sigmoid(x) - y``."""
    if type(x) is not np.ndarray or type(y) is not np.ndarray or not x.shape or x.dtype != y.dtype:
        return 0.5 * np.tanh(0.5 * x) + 0.5 - y
    result = 0.5 * x  # in place: each array less is one less to fetch from memory
    np.tanh(result, result)
    result *= 0.5
    result += 0.5
    result -= y
    return result


@op(kind="general", cases=PAIRS, method=False, torch_name="nn.functional.binary_cross_entropy_with_logits",
    node_name="BinaryCrossEntropyWithLogitsBackward0",
    special=[case(np.array([100.0, -100.0, 1e4, -1e4]), np.array([1.0, 0.0, 0.0, 1.0]), reduction="none"),
             case(np.array([np.inf, -np.inf, np.inf]), np.array([1.0, 0.0, 0.0]), reduction="none")],
    vjp=(lambda g, x, y, reduction: scale(g, x, reduction) * _excess(x, y),
         lambda g, x, reduction: scale(g, x, reduction) * -x))  # fmt: skip
def _bce_with_logits(x, y, /, *, reduction="mean"):
    """See `binary_cross_entropy_with_logits`."""
    if not x.shape or x.dtype != y.dtype:
        return reduced((1 - y) * x - np.minimum(x, 0) + np.log1p(np.exp(-np.abs(x))), reduction)
    losses = np.abs(x)
    np.negative(losses, losses)
    np.exp(losses, losses)
    np.log1p(losses, losses)
    losses -= np.minimum(x, np.zeros_like(x))  # compared with an array of zeros at three times the speed
    losses += (1 - y) * x
    return reduced(losses, reduction)


@explained
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
    input, target = pair("log_sigmoid", input, target)
    if weight is None and pos_weight is None:
        return _bce_with_logits(input, target, reduction=reduction)
    constant("binary_cross_entropy_with_logits", weight)
    constant("binary_cross_entropy_with_logits", pos_weight, "pos_weight")
    for given in (weight, pos_weight):
        if given is not None:
            _check_weight(given, input)
    losses = _bce_with_logits(input, target, reduction="none")
    if pos_weight is not None:  # -log sigmoid(x), the loss of a target of 1, is scaled by 1 + (pos_weight - 1) y
        ones = np.ones_like(target._array)
        losses = losses + (pos_weight - 1) * target * _bce_with_logits(input, ones, reduction="none")
    result: Tensor = reduced(losses if weight is None else losses * weight, reduction)
    return result


def _entropy_slope(x: Any, y: Any) -> Any:
    return np.log(y) + y / y - x  # y / y: nan for 0, as in PyTorch


@op(kind="general", domain=(0.05, 0.95), method=False, torch_name="nn.functional.kl_div", node_name="KlDivBackward0",
    cases=[*(case(*c.inputs, **c.options, log_target=log) for c in PAIRS for log in (False, True))],
    vjp=(lambda g, x, y, reduction, log_target: scale(g, x, reduction) * -(np.exp(y) if log_target else y),
         lambda g, x, y, reduction, log_target: scale(g, x, reduction)
         * (np.exp(y) * (y - x + 1) if log_target else _entropy_slope(x, y))))  # fmt: skip
def _kl_div(x, y, /, *, reduction="mean", log_target=False):
    """See `kl_div`."""
    if log_target:
        return reduced(np.exp(y) * (y - x), reduction)
    return reduced(np.where(y == 0, x.dtype.type(0), y * np.log(y)) - y * x, reduction)


@explained
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
    kind = dtypes.result_type([input._array, target._array])  # before they are of one shape: of () decides less
    input, target = input.to(kind), target.to(kind)
    shape = common_shape("kl_div", input._array.shape, target._array.shape)
    if input._array.shape != target._array.shape:
        input, target = input.expand(shape), target.expand(shape)
    result = _kl_div(*pair("kl_div", input, target), reduction=reduction, log_target=log_target)
    return result / batch if batchmean else result
