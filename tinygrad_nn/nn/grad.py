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
from typing import Any, Protocol

from .. import autograd
from .._core.modes import enable_grad, is_grad_enabled
from .._core.tensor import Tensor
from ..ops.convolutions import conv1d, conv2d, conv3d

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]

Length = int | Sequence[int]


class InputGradient(Protocol):
    """The gradient of a convolution with respect to its input, whose size has to be said."""

    def __call__(
        self, input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Length = 1, padding: Length = 0,
        dilation: Length = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        """The gradient, of size `input_size`."""


class WeightGradient(Protocol):
    """The gradient of a convolution with respect to its weight, whose size has to be said."""

    def __call__(
        self, input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Length = 1, padding: Length = 0,
        dilation: Length = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        """The gradient, of size `weight_size`."""


def _gradients_of(convolution: Any) -> tuple[InputGradient, WeightGradient]:
    """The two functions of a convolution."""
    name = convolution.__name__

    def of_input(
        input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Length = 1, padding: Length = 0,
        dilation: Length = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        options = stride, padding, dilation, groups
        return _gradient(input_size, lambda x: convolution(x, weight, None, *options), grad_output)

    def of_weight(
        input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Length = 1, padding: Length = 0,
        dilation: Length = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        options = stride, padding, dilation, groups
        return _gradient(weight_size, lambda weight: convolution(input, weight, None, *options), grad_output)

    for function, what, others in ((of_input, "input", "weight"), (of_weight, "weight", "input")):
        function.__name__ = function.__qualname__ = f"{name}_{what}"
        function.__doc__ = f"""The gradient of `{name}` with respect to its {what}, whose size has to be said.

    Args:
        {what}_size: the {what}'s size.
        {others}: the convolution's {others}.
        grad_output: the gradient with respect to the output.
        stride, padding, dilation, groups: as the convolution was given.
    """
    return of_input, of_weight


def _gradient(size: Sequence[int], function: Callable[[Tensor], Tensor], grad_output: Tensor) -> Tensor:
    """The gradient of a linear function, which is the same in every place."""
    place = grad_output.new_zeros(tuple(size)).requires_grad_()
    with enable_grad():
        output = function(place)
    found: Tensor = autograd.grad(output, place, grad_output, create_graph=is_grad_enabled())[0]
    return found


conv1d_input, conv1d_weight = _gradients_of(conv1d)
conv2d_input, conv2d_weight = _gradients_of(conv2d)
conv3d_input, conv3d_weight = _gradients_of(conv3d)
