"""Convolutions and transposed convolutions, as operations.

There are three: `_convolution`, `_transposed` (its gradient for the input, and PyTorch's transposed convolution) and
`_convolved_weight` (its gradient for the weight). Each one's rules are the other two, so that all derivatives are
there. What users call, and what it checks, is in `convolutions`.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .._core import convolution as kernels
from .._core.kernels import plane_sums
from .._core.memory_format import in_order_of
from .._core.op import case, op
from .._core.strips import Window, window

_HALF = np.dtype(np.float16)
Lengths = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


@functools.lru_cache(maxsize=512)
def _window(lengths: Lengths, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths) -> Window:
    """The windows; over a sequence, those of an image with one row."""
    if len(lengths) > 1:
        return window(lengths, kernel, stride, dilation, padding)
    return window((1, *lengths), (1, *kernel), (1, *stride), (1, *dilation), ((0, 0), *padding))


def _as_images(x: Any) -> Any:
    """Arrays of at least four dimensions, of a type to compute in."""
    if x is not None and x.dtype == _HALF:
        x = x.astype(np.float32)
    return x[:, :, None] if x is not None and x.ndim == 3 else x


def _are_images(x: Any) -> bool:
    """Whether an array, and all that it is convolved with, is as the kernels take it."""
    return x.ndim > 3 and x.dtype is not _HALF


def _finished(out: Any, like: Any, *inputs: Any) -> Any:
    """A result of the kernels with the dimensions and the type of an input."""
    out = out[:, :, 0] if like.ndim == 3 else out
    out = out.astype(like.dtype) if like.dtype == _HALF else out
    return in_order_of(out, *inputs)


# --- on arrays ---------------------------------------------------------------------------------------------------


def _convolved(
    x: Any, weight: Any, bias: Any, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int
) -> Any:
    over = _window(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    if _are_images(x):
        return in_order_of(kernels.correlate(x, weight, bias, over, groups), x, weight)
    out = kernels.correlate(_as_images(x), _as_images(weight), _as_images(bias), over, groups)
    return _finished(out, x, x, weight)


def _input_gradient(
    g: Any, weight: Any, size: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int
) -> Any:
    over = _window(size, weight.shape[2:], stride, padding, dilation)
    if _are_images(g):
        return in_order_of(kernels.input_gradient(g, weight, over, groups), g, weight)
    return _finished(kernels.input_gradient(_as_images(g), _as_images(weight), over, groups), g, g, weight)


def _weight_gradient(
    x: Any, g: Any, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int
) -> Any:
    over = _window(x.shape[2:], kernel, stride, padding, dilation)
    shape = (g.shape[1], x.shape[1] // groups, *over.kernel)
    if _are_images(x):
        return in_order_of(kernels.weight_gradient(x, g, shape, over, groups), x)
    return _finished(kernels.weight_gradient(_as_images(x), _as_images(g), shape, over, groups), x)


# --- the rules ---------------------------------------------------------------------------------------------------


def _input_of_convolution(
    g: Any, weight: Any, x_shape: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int
) -> Any:
    if type(g) is np.ndarray:  # to find that out in the op's own way takes a third of the time for few elements
        return _input_gradient(g, weight, x_shape[2:], stride, padding, dilation, groups)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return _transposed.op.numpy(g, weight, None, size=x_shape[2:], **options)


def _weight_of_convolution(
    g: Any, x: Any, weight_shape: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int
) -> Any:
    if type(g) is np.ndarray:
        return _weight_gradient(x, g, weight_shape[2:], stride, padding, dilation, groups)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return _convolved_weight.op.numpy(x, g, kernel=weight_shape[2:], **options)


def _input_of_transposed(
    g: Any, weight: Any, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int
) -> Any:
    return _convolution.op.numpy(
        g, weight, None, stride=stride, padding=padding, dilation=dilation, groups=groups
    )  # fmt: skip


def _weight_of_transposed(
    g: Any, x: Any, weight_shape: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int
) -> Any:
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return _convolved_weight.op.numpy(g, x, kernel=weight_shape[2:], **options)


def _input_of_weight(
    g: Any, y: Any, x_shape: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int
) -> Any:
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return _transposed.op.numpy(y, g, None, size=x_shape[2:], **options)


def _output_of_weight(g: Any, x: Any, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int) -> Any:
    return _convolution.op.numpy(
        x, g, None, stride=stride, padding=padding, dilation=dilation, groups=groups
    )  # fmt: skip


def _of_bias(g: Any) -> Any:
    return channel_sums.op.numpy(g)


# --- the operations ----------------------------------------------------------------------------------------------

_PLAIN = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
_ODD = {"stride": (2, 1), "padding": ((1, 2), (0, 1)), "dilation": (1, 2), "groups": 2}
_LINE = {"stride": (2,), "padding": ((1, 1),), "dilation": (2,), "groups": 1}
_CUBE = {"stride": (1, 2, 1), "padding": ((0, 1), (1, 1), (0, 0)), "dilation": (2, 1, 1), "groups": 1}
_NAMES = ("input", "weight", "bias")


@op(kind="general", vjp=(_input_of_convolution, _weight_of_convolution, _of_bias), method=False, torch_name="",
    names=_NAMES, node_name="ConvolutionBackward0",
    cases=[case((2, 3, 5, 4), (2, 3, 3, 2), (2,), **_PLAIN), case((2, 3, 5, 4), (4, 3, 1, 1), (4,), **_PLAIN),
           case((1, 2, 4, 4), (3, 2, 3, 3), None, **{**_PLAIN, "padding": ((1, 1), (1, 1))}),
           case((1, 2, 3, 4), (2, 2, 1, 1), (2,), **{**_PLAIN, "padding": ((1, 2), (2, 1))}),
           case((2, 4, 5, 6), (2, 2, 3, 2), (2,), **_ODD), case((0, 2, 3, 3), (1, 2, 2, 2), (1,), **_PLAIN),
           case((9, 1, 3, 6), (2, 1, 2, 3), (2,), **_PLAIN), case((2, 2, 7), (3, 2, 3), (3,), **_LINE),
           case((1, 2, 5, 4, 3), (2, 2, 2, 2, 2), (2,), **_CUBE)])  # fmt: skip
def _convolution(x, weight, bias, /, *, stride, padding, dilation, groups):
    """A convolution of (images, channels, ...), one node; bias may be None, `padding` is in pairs."""
    return _convolved(x, weight, bias, stride, padding, dilation, groups)


@op(kind="general", vjp=(_input_of_transposed, _weight_of_transposed, _of_bias), method=False, torch_name="",
    names=_NAMES, node_name="ConvolutionBackward0",
    cases=[case((2, 2, 3, 3), (2, 3, 3, 2), (3,), size=(5, 4), **_PLAIN),
           case((1, 3, 4, 4), (3, 2, 3, 3), None, size=(4, 4), **{**_PLAIN, "padding": ((1, 1), (1, 1))}),
           case((2, 2, 3, 5), (2, 2, 3, 2), (4,), size=(5, 6), **_ODD),
           case((9, 2, 2, 4), (2, 1, 2, 3), (1,), size=(3, 6), **_PLAIN),
           case((2, 3, 3), (3, 2, 3), (2,), size=(7,), **_LINE),
           case((1, 2, 4, 3, 2), (2, 2, 2, 2, 2), (2,), size=(5, 4, 3), **_CUBE)])  # fmt: skip
def _transposed(x, weight, bias, /, *, size, stride, padding, dilation, groups):
    """The gradient of `_convolution` for its input, of this size; `x` is the gradient of the output. Plus a bias."""
    if bias is None:
        return _input_gradient(x, weight, tuple(size), stride, padding, dilation, groups)
    over = _window(tuple(size), weight.shape[2:], stride, padding, dilation)
    out = kernels.input_gradient(_as_images(x), _as_images(weight), over, groups)
    out += _as_images(bias).reshape(-1, *(1,) * (out.ndim - 2))
    return _finished(out, x, x, weight)


@op(kind="general", vjp=(_input_of_weight, _output_of_weight), method=False, torch_name="",
    names=("input", "grad_output"), node_name="ConvolutionBackwardBackward0",
    cases=[case((2, 3, 5, 4), (2, 2, 3, 3), kernel=(3, 2), **_PLAIN),
           case((2, 4, 5, 6), (2, 2, 3, 5), kernel=(3, 2), **_ODD),
           case((9, 1, 3, 6), (9, 2, 2, 4), kernel=(2, 3), **_PLAIN),
           case((2, 2, 7), (2, 3, 3), kernel=(3,), **_LINE),
           case((1, 2, 5, 4, 3), (1, 2, 4, 3, 2), kernel=(2, 2, 2), **_CUBE)])  # fmt: skip
def _convolved_weight(x, y, /, *, kernel, stride, padding, dilation, groups):
    """The gradient of `_convolution` for its weight, where `y` is the gradient of the output."""
    return _weight_gradient(x, y, tuple(kernel), stride, padding, dilation, groups)


@op(kind="general", vjp=lambda g, x_shape: np.broadcast_to(g.reshape(x_shape[1], *(1,) * (len(x_shape) - 2)), x_shape),
    method=False, torch_name="", node_name="SumBackward1",
    cases=[case((2, 3)), case((2, 3, 4)), case((3, 2, 4, 5)), case((0, 2, 3)), case((2, 3, 0))])  # fmt: skip
def channel_sums(x, /):
    """The sum of all elements of each channel: (images, channels, ...) to (channels,)."""
    return plane_sums(x).sum(0)
