"""Batch normalisation.

Source: Ioffe and Szegedy, "Batch Normalization", https://arxiv.org/abs/1502.03167;
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import batch_normalisation as kernels
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.errors import explained
from .._core.memory_format import in_order_of
from .._core.normalisation import inverse_root
from .._core.op import case, op
from .._core.tensor import Size, Tensor
from .convolution import channel_sums
from .norm_checks import check_lengths, check_number, check_running, check_tensors, check_types

__all__: list[str] = []  # at the top level, PyTorch's has another order of arguments

_HALF = np.dtype(np.float16)
Needs = tuple[bool, ...]


def as_single(x: Any) -> Any:
    """Numbers of half precision in single precision, in which they are computed with."""
    return x.astype(np.float32) if x is not None and x.dtype == _HALF else x


def by_channel(x: Any, ndim: int) -> Any:
    """A number for each channel, beside (images, channels, ...). An array or a tensor."""
    return x.reshape((-1, *(1,) * (ndim - 2)))


# --- by the batch's own statistics -------------------------------------------------------------------------------


def _of_batch(g: Any, x: Any, weight: Any, bias: Any, needs: Needs, mean: Any, root: Any, centred: Any) -> Any:
    if centred is not None:
        return kernels.few_gradient(g, centred, weight, root, needs[0])
    found = kernels.batch_gradient(as_single(g), as_single(x), as_single(weight), mean, root, needs[0])
    return in_types(found, (x, weight, bias))


def in_types(found: Any, like: Any) -> Any:
    """Gradients in the types of what they are the gradients of; None where there is nothing."""
    pairs = zip(found, like, strict=True)
    return tuple([None if f is None or of is None else f.astype(of.dtype, copy=False) for f, of in pairs])


def _batch_parts(x: Any, weight: Any, bias: Any, eps: float, statistics: Any) -> Any:
    dims = (0, *range(2, x.ndim))
    single = x.float() if x._array.dtype == _HALF else x
    centred = single - single.mean(dims, keepdim=True)
    out = centred * ((centred * centred).mean(dims, keepdim=True) + eps).rsqrt()
    out = out if weight is None else out * by_channel(weight, x.ndim)
    out = out if bias is None else out + by_channel(bias, x.ndim)
    return out.to(x.dtype)


@op(kind="fused", vjp=_of_batch, parts=_batch_parts, residuals=("mean", "root", "centred"), method=False, torch_name="",
    names=("input", "weight", "bias"), node_name="NativeBatchNormBackward0",
    cases=[case((3, 2), (2,), (2,)), case((3, 2, 4), (2,), (2,)), case((2, 3, 2, 2), (3,), (3,), eps=0.1),
           case((2, 2, 1, 2, 2), None, None), case((4, 1, 2), (1,), None)])  # fmt: skip
def _batch_normed(x, weight, bias, /, *, eps=1e-5, statistics=None):
    """Each channel normalised by its mean and variance over the batch, which are also written to `statistics`."""
    centred = None
    if kernels.are_few(x):
        out, mean, root, variance, centred = kernels.few_normalised(x, weight, bias, eps)
    else:
        out, mean, root, variance = kernels.batch_normalised(as_single(x), as_single(weight), as_single(bias), eps)
        out = in_order_of(out.astype(x.dtype, copy=False), x)
    if statistics is not None:
        statistics[0], statistics[1] = mean, variance
    return out, mean, root, centred


# --- by given statistics -----------------------------------------------------------------------------------------


def _times_scale(g: Any, weight: Any, x_shape: Any, root: Any) -> Any:
    return g * by_channel(root if weight is None else weight * root, len(x_shape))


def _of_weight(g: Any, x: Any, mean: Any, root: Any) -> Any:
    return channel_sums.op.numpy(g * (x - by_channel(mean, x.ndim))) * root


@op(kind="general", vjp=(_times_scale, _of_weight, lambda g: channel_sums.op.numpy(g)), method=False, torch_name="",
    names=("input", "weight", "bias"), node_name="NativeBatchNormBackward0",
    cases=[case((3, 2), (2,), (2,), mean=np.array([0.5, 1.0]), root=np.array([0.5, 2.0])),
           case((2, 3, 2, 2), (3,), None, mean=np.zeros(3), root=np.array([0.5, 2.0, 1.0]))])  # fmt: skip
def _channel_scaled(x, weight, bias, /, *, mean, root):
    """``(x - mean) * root * weight + bias``, of numbers for each channel, of which mean and root are constants."""
    scale = root if weight is None else root * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    out = x * by_channel(scale, x.ndim)
    out += by_channel(shift, x.ndim)
    return in_order_of(out, x)


# --- public ------------------------------------------------------------------------------------------------------


def _by_statistics(input: Tensor, mean: Tensor, variance: Tensor, weight: Any, bias: Any, eps: float) -> Tensor:
    half = input._array.dtype == _HALF
    x = input.float() if half else input
    weight, bias = (p if p is None or p._array.dtype != _HALF else p.float() for p in (weight, bias))
    root = inverse_root(as_single(variance._array).reshape(-1), eps)
    out: Tensor = _channel_scaled(x, weight, bias, mean=as_single(mean._array).reshape(-1), root=root)
    return out.half() if half else out


def update_running(running: Tensor | None, found: np.ndarray[Any, Any], momentum: float) -> None:
    """Move a running statistic towards what was found."""
    if running is not None:
        array = running._array
        array[...] = (1 - momentum) * array + momentum * found.reshape(array.shape)
        running._cell[0] += 1


def _by_batch(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Any, bias: Any, momentum: float,
    eps: float,
) -> Tensor:  # fmt: skip
    """The batch normalised by its own statistics, towards which running ones are moved."""
    if running_mean is None:
        # without options the caller need not sort them
        alone: Tensor = _batch_normed(input, weight, bias, **({} if eps == 1e-5 else {"eps": eps}))
        return alone
    x = input._array
    statistics = np.zeros((2, x.shape[1]), np.float64 if x.dtype == np.float64 else np.float32)
    out: Tensor = _batch_normed(input, weight, bias, eps=eps, statistics=statistics)
    count = x.size // max(x.shape[1], 1)
    if count:
        update_running(running_mean, statistics[0], momentum)
        update_running(running_var, statistics[1] * (count / max(count - 1, 1)), momentum)
    return out


def check_batch_size(shape: tuple[int, ...]) -> None:
    """Refuse a batch that has a single value for each channel, whose variance is 0.

    Raises:
        ValueError: it has.
    """
    if shape[0] * math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {Size(shape)}. Use a larger batch, "
            "drop_last=True in the DataLoader, or model.eval()."
        )


def _is_usual(input: Any, training: Any, momentum: Any, eps: Any, running: Any, others: Any) -> bool:
    """Whether this is training in single or double precision, with numbers for each channel: nothing can be wrong.

    To see that takes a quarter of the time that the checks take, which for few elements is an eighth of all.
    """
    if not (training is True and type(momentum) is float and type(eps) is float and eps > 0):
        return False
    if not isinstance(input, Tensor):
        return False
    x = input._array
    kind, channels = x.dtype, x.shape[1:2]
    if x.ndim < 2 or x.size <= channels[0] or (kind is not FLOAT32 and kind is not FLOAT64):
        return False
    for each in others:
        if each is not None:
            if not isinstance(each, Tensor) or each._array.dtype is not kind or each._array.shape != channels:
                return False
    first, second = running
    if first is None or second is None:
        return first is second
    return not (first.requires_grad or second.requires_grad)


@explained
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel moved and scaled to mean 0 and variance 1: ``(x - mean) / sqrt(variance + eps) * weight + bias``.

    Args:
        input: of shape (N, C) or (N, C, ...).
        running_mean, running_var: of shape (C,), or None. In training they are moved, in place, towards the batch's
            mean and (unbiased) variance; otherwise they are what is normalised by.
        weight, bias: of shape (C,), or None.
        training: whether to normalise by the batch's own mean and variance.
        momentum: by which part the running statistics move.
        eps: added to the variance.

    Raises:
        ValueError: in training, there is a single value for each channel; `eps` is negative or, in training, 0.
        RuntimeError: shapes or dtypes do not fit, or there is nothing to normalise by.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 10.0], [3.0, 30.0]])
        >>> tg.nn.functional.batch_norm(x, None, None, training=True)
        tensor([[-1.0000, -1.0000],
                [ 1.0000,  1.0000]])
    """
    running = running_mean, running_var
    if _is_usual(input, training, momentum, eps, running, (weight, bias, *running)):
        return _by_batch(input, running_mean, running_var, weight, bias, momentum, eps)
    named = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    x = check_tensors("batch_norm", input, **named)
    training = bool(training)
    if training and x.ndim:
        check_batch_size(x.shape)
    momentum = check_number("batch_norm", "momentum", 7, momentum)
    eps = check_number("batch_norm", "eps", 8, eps)
    if eps < 0 or (training and not eps):
        wanted = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm eps must be {wanted}, but got {eps}")
    if training and (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    for name, value in named.items():
        if value is None and not training and name.startswith("running"):
            raise RuntimeError(f"{name} must be defined in evaluation mode")
    check_lengths(x.shape[1] if x.ndim > 1 else 0, **named)
    if x.shape == (0,):  # PyTorch takes a vector of nothing
        return input.clone()
    if x.ndim < 2:
        raise RuntimeError(f"batch_norm() expects an input of at least 2 dimensions, got {list(x.shape)}")
    check_types("batch_norm", "batch_norm", input, **named)
    check_running(running_mean=running_mean, running_var=running_var)
    if not training:
        assert running_mean is not None
        assert running_var is not None
        return _by_statistics(input, running_mean, running_var, weight, bias, eps)
    return _by_batch(input, running_mean, running_var, weight, bias, momentum, eps)
