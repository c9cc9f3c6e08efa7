"""The gradients of convolutions as functions, for backward passes that programs write themselves.

Source: https://github.com/pytorch/pytorch/blob/main/torch/nn/grad.py

Example:
    >>> import tinygrad_nn as tg
    >>> x, weight = tg.ones(1, 1, 3, 3), tg.ones(1, 1, 2, 2)
    >>> tg.nn.grad.conv2d_weight(x, weight.shape, tg.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import autograd
from .._core.modes import enable_grad, is_grad_enabled
from .._core.tensor import Tensor
from ..ops.convolutions import conv1d, conv2d, conv3d

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]

Length = int | Sequence[int]


def _input_gradient(
    convolution: Any, input_size: Sequence[int], weight: Tensor, grad_output: Tensor, options: tuple[Any, ...]
) -> Tensor:
    return _gradient(input_size, lambda x: convolution(x, weight, None, *options), grad_output)


def _weight_gradient(
    convolution: Any, x: Tensor, weight_size: Sequence[int], grad_output: Tensor, options: tuple[Any, ...]
) -> Tensor:
    return _gradient(weight_size, lambda weight: convolution(x, weight, None, *options), grad_output)


def _gradient(size: Sequence[int], function: Callable[[Tensor], Tensor], grad_output: Tensor) -> Tensor:
    """The gradient of a linear function, which is the same in every place."""
    place = grad_output.new_zeros(tuple(size)).requires_grad_()
    with enable_grad():
        output = function(place)
    found: Tensor = autograd.grad(output, place, grad_output, create_graph=is_grad_enabled())[0]
    return found


def conv1d_input(
    input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Length = 1, padding: Length = 0,
    dilation: Length = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv1d` with respect to its input, whose size has to be said.

    Args:
        input_size: the input's size.
        weight: the convolution's weight.
        grad_output: the gradient with respect to the output.
        stride, padding, dilation, groups: as the convolution was given.
    """
    return _input_gradient(conv1d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv1d_weight(
    input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Length = 1, padding: Length = 0,
    dilation: Length = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv1d` with respect to its weight, whose size has to be said.

    Args:
        input: the convolution's input.
        weight_size: the weight's size.
        grad_output: the gradient with respect to the output.
        stride, padding, dilation, groups: as the convolution was given.
    """
    return _weight_gradient(conv1d, input, weight_size, grad_output, (stride, padding, dilation, groups))


def conv2d_input(
    input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Length = 1, padding: Length = 0,
    dilation: Length = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv2d` with respect to its input, whose size has to be said.

    Args:
        input_size: the input's size.
        weight: the convolution's weight.
        grad_output: the gradient with respect to the output.
        stride, padding, dilation, groups: as the convolution was given.
    """
    return _input_gradient(conv2d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv2d_weight(
    input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Length = 1, padding: Length = 0,
    dilation: Length = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv2d` with respect to its weight, whose size has to be said.

    Args:
        input: the convolution's input.
        weight_size: the weight's size.
        grad_output: the gradient with respect to the output.
        stride, padding, dilation, groups: as the convolution was given.
    """
    return _weight_gradient(conv2d, input, weight_size, grad_output, (stride, padding, dilation, groups))


def conv3d_input(
    input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Length = 1, padding: Length = 0,
    dilation: Length = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv3d` with respect to its input, whose size has to be said.

    Args:
        input_size: the input's size.
        weight: the convolution's weight.
        grad_output: the gradient with respect to the output.
        stride, padding, dilation, groups: as the convolution was given.
    """
    return _input_gradient(conv3d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv3d_weight(
    input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Length = 1, padding: Length = 0,
    dilation: Length = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv3d` with respect to its weight, whose size has to be said.

    Args:
        input: the convolution's input.
        weight_size: the weight's size.
        grad_output: the gradient with respect to the output.
        stride, padding, dilation, groups: as the convolution was given.
    """
    return _weight_gradient(conv3d, input, weight_size, grad_output, (stride, padding, dilation, groups))
