"""A convolution or a linear layer and the batch normalisation after it, made one layer for evaluation.

``y = (W x + b - mean) / sqrt(var + eps) * gamma + beta`` is linear in x: its factor goes into the weight, the rest into
the bias.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.fuse_conv_bn_eval.html
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from ..._core.tensor import Tensor
from ...ops.creation import ones_like, zeros_like
from ..module import Module
from ..parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]

M = TypeVar("M", bound=Module)


def fuse_conv_bn_eval(conv: M, bn: Module, transpose: bool = False) -> M:
    """A copy of a convolution that computes what it and the batch normalisation after it compute in evaluation.

    Args:
        conv: the convolution.
        bn: the normalisation.
        transpose: whether the convolution is a transposed one.

    Raises:
        AssertionError: one of them is in training, or the normalisation has no running statistics.
    """
    fused: Any = _copy_to_fuse(conv, bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    found: M = fused
    return found


def fuse_linear_bn_eval(linear: M, bn: Module) -> M:
    """A copy of a linear layer that computes what it and the batch normalisation after it compute in evaluation.

    Raises:
        AssertionError: one of them is in training, their sizes differ, or there are no running statistics.
    """
    given: Any = linear
    if bn.num_features not in (1, given.out_features):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, "
            f"got linear.out_features={given.out_features} and bn.num_features={bn.num_features}"
        )
    fused: Any = _copy_to_fuse(linear, bn)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    found: M = fused
    return found


def _copy_to_fuse(layer: M, bn: Module) -> M:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval! Call .eval() on both first.")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    return copy.deepcopy(layer)


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of the fused convolution. See `fuse_conv_bn_eval`."""
    shape = [1] * conv_w.ndim
    shape[1 if transpose else 0] = -1
    return _fused(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, shape)


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of the fused linear layer. See `fuse_linear_bn_eval`."""
    return _fused(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, [-1, 1])


def _fused(
    weight: Tensor,
    bias: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    eps: float,
    gamma: Tensor | None,
    beta: Tensor | None,
    shape: list[int],
) -> tuple[Parameter, Parameter]:
    """The layer's outputs scaled and moved, where `shape` is that of one number for each output in the weight."""
    start = zeros_like(mean) if bias is None else bias
    gamma = ones_like(mean) if gamma is None else gamma
    beta = zeros_like(mean) if beta is None else beta
    scale = gamma * (variance + eps).rsqrt()
    fused_weight = (weight * scale.reshape(shape)).to(weight.dtype)
    fused_bias = ((start - mean) * scale + beta).to(weight.dtype if bias is None else bias.dtype)
    return Parameter(fused_weight, weight.requires_grad), Parameter(fused_bias, start.requires_grad)
