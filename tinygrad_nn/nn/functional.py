"""The functions behind the layers, with the names and signatures of ``torch.nn.functional``.

Most are operations and come from `tinygrad_nn.ops` as they are. Here the activations get PyTorch's ``inplace`` option.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops as _ops
from .._core.errors import explained
from .._core.inplace import check_target, store
from .._core.modes import no_grad
from .._core.random import default_generator
from .._core.tensor import Tensor, wrap
from ..ops import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    dropout,
    embedding,
    gelu,
    glu,
    hardshrink,
    huber_loss,
    kl_div,
    l1_loss,
    linear,
    log_softmax,
    logsigmoid,
    matmul,
    mse_loss,
    nll_loss,
    one_hot,
    prelu,
    sigmoid,
    smooth_l1_loss,
    softmax,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
)

__all__ = [
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mish",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pairwise_distance",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
]

# --- activations that can write into their input -----------------------------------------------------------------


def _call(function: Callable[..., Tensor], inplace: bool, input: Tensor, *options: Any) -> Tensor:
    """The function of the input; with `inplace`, stored in the input's memory."""
    if not inplace:
        return function(input, *options)
    check_target(input)
    return store(input, function(input, *options))


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(x, 0)``. The gradient at 0 is 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.relu(tg.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    return _call(_ops.relu, True, input) if inplace else _ops.relu(input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(x, 0), 6)``."""
    return _call(_ops.relu6, inplace, input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """``x`` where positive, else ``negative_slope * x``."""
    return _call(_ops.leaky_relu, inplace, input, negative_slope)


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """`leaky_relu` with the middle slope or, in training, slopes drawn between `lower` and `upper`.

    Raises:
        RuntimeError: ``lower`` is above ``upper``.
    """
    if lower > upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound, got {lower} and {upper}")
    if inplace:
        check_target(input)  # before anything is drawn
    noise = None
    if training:  # PyTorch draws for negative elements only
        slopes = np.ones_like(input._array)
        chosen = input._array <= 0
        slopes[chosen] = default_generator.uniform(int(np.count_nonzero(chosen)), np.float64, lower, upper)
        noise = wrap(slopes)
    return _call(lambda x: _ops.rrelu(x, lower, upper, training, noise=noise), inplace, input)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """``x`` where it is above the threshold, else the value."""
    return _call(_ops.threshold, inplace, input, threshold, value)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """``min(max(x, min_val), max_val)``."""
    return _call(_ops.hardtanh, inplace, input, min_val, max_val)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(x / 6 + 1 / 2, 0), 1)``."""
    return _call(_ops.hardsigmoid, inplace, input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * hardsigmoid(x)``."""
    return _call(_ops.hardswish, inplace, input)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``x`` where positive, else ``alpha * (exp(x) - 1)``."""
    return _call(_ops.elu, inplace, input, alpha)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``x`` where positive, else ``alpha * (exp(x / alpha) - 1)``."""
    return _call(_ops.celu, inplace, input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`elu` with the constants that keep mean 0 and variance 1."""
    return _call(_ops.selu, inplace, input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * sigmoid(x)``, also known as swish."""
    return _call(_ops.silu, inplace, input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * tanh(softplus(x))``."""
    return _call(_ops.mish, inplace, input)


# --- lengths, distances, products --------------------------------------------------------------------------------


@explained
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """Vectors along a dimension divided by their norm.

    Args:
        input: the vectors.
        p: which norm.
        dim: the dimension.
        eps: the least norm to divide by.
        out: written to, where no gradient is wanted.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.normalize(tg.tensor([[3.0, 4.0]]))
        tensor([[0.6000, 0.8000]])
    """
    length: Any = input.norm(p, dim, keepdim=True)
    result: Tensor = input / length.clamp_min(eps)
    if out is None:
        return result
    with no_grad():
        return out.copy_(result)


@explained
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along a dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.cosine_similarity(tg.tensor([[3.0, 4.0]]), tg.tensor([[4.0, 3.0]]))
        tensor([0.9600])
    """
    product: Tensor = (normalize(x1, 2.0, dim, eps) * normalize(x2, 2.0, dim, eps)).sum(dim)
    return product


@explained
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The norm of ``x1 - x2 + eps`` along the last dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.pairwise_distance(tg.tensor([[3.0, 4.0]]), tg.zeros(1, 2))
        tensor([5.0000])
    """
    distance: Tensor = (x1 - x2 + eps).norm(p, -1, keepdim=keepdim)
    return distance


@explained
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``y[k] = x1 @ weight[k] @ x2 + bias[k]``, of the last dimensions.

    Raises:
        RuntimeError: the lengths do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.bilinear(tg.ones(1, 2), tg.ones(1, 3), tg.ones(4, 2, 3))
        tensor([[6., 6., 6., 6.]])
    """
    outputs, first, second = weight.shape
    if input1.shape[:-1] != input2.shape[:-1] or input1.shape[-1] != first or input2.shape[-1] != second:
        raise RuntimeError(
            f"bilinear(): inputs of shape {list(input1.shape)} and {list(input2.shape)} do not fit a weight of shape "
            f"{list(weight.shape)}; expected (..., {first}) and (..., {second}) with equal leading dimensions"
        )
    products: Any = matmul(input1, weight.permute(1, 0, 2).reshape(first, outputs * second))
    result: Tensor = (products.reshape(*input1.shape[:-1], outputs, second) * input2.unsqueeze(-2)).sum(-1)
    return result if bias is None else result + bias
