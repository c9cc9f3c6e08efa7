"""The functions behind the layers, with the names and signatures of ``torch.nn.functional``.

Most are operations and come from the modules of `tinygrad_nn.ops` as they are. Here the activations get PyTorch's
``inplace`` option.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._core import later as _later
from .._core.inplace import check_target, store
from .._core.tensor import Tensor
from ..ops import activation as _activation
from ..ops import piecewise as _piecewise
from ..ops.activation import logsigmoid, sigmoid, softplus, softsign, tanhshrink
from ..ops.classification import cross_entropy, nll_loss
from ..ops.dropout import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from ..ops.implicit_softmax import log_softmax, softmax, softmin
from ..ops.linear_layer import bilinear, linear
from ..ops.loss import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from ..ops.piecewise import hardshrink, prelu, softshrink
from ..ops.sparse import embedding, one_hot
from . import _reduction as _Reduction  # noqa: F401, N812 - losses that programs write themselves take it from here

if TYPE_CHECKING:  # imported when they are first asked for
    from ..ops.adaptive_pooling import (
        adaptive_avg_pool1d,
        adaptive_avg_pool2d,
        adaptive_avg_pool3d,
        adaptive_max_pool1d,
        adaptive_max_pool1d_with_indices,
        adaptive_max_pool2d,
        adaptive_max_pool2d_with_indices,
        adaptive_max_pool3d,
        adaptive_max_pool3d_with_indices,
    )
    from ..ops.attention import scaled_dot_product_attention
    from ..ops.average_pooling import (
        avg_pool1d,
        avg_pool2d,
        avg_pool3d,
        lp_pool1d,
        lp_pool2d,
        lp_pool3d,
    )
    from ..ops.batch_norm import batch_norm
    from ..ops.convolutions import (
        conv1d,
        conv2d,
        conv3d,
        conv_tbc,
        conv_transpose1d,
        conv_transpose2d,
        conv_transpose3d,
    )
    from ..ops.ctc import ctc_loss
    from ..ops.distance_loss import cosine_embedding_loss, triplet_margin_loss, triplet_margin_with_distance_loss
    from ..ops.distances import cosine_similarity, normalize, pairwise_distance, pdist
    from ..ops.embedding_bag import embedding_bag
    from ..ops.fractional_pooling import (
        fractional_max_pool2d,
        fractional_max_pool2d_with_indices,
        fractional_max_pool3d,
        fractional_max_pool3d_with_indices,
    )
    from ..ops.gaussian import gelu
    from ..ops.glu import glu
    from ..ops.grid_sampling import affine_grid, grid_sample
    from ..ops.group_norm import group_norm, instance_norm
    from ..ops.gumbel import gumbel_softmax
    from ..ops.inplace_functions import celu_, elu_, hardtanh_, leaky_relu_, relu_, rrelu_, selu_, threshold_
    from ..ops.interpolation import interpolate, upsample, upsample_bilinear, upsample_nearest
    from ..ops.layer_norm import layer_norm, rms_norm
    from ..ops.likelihood_loss import gaussian_nll_loss, poisson_nll_loss
    from ..ops.linear_cross_entropy import linear_cross_entropy
    from ..ops.margin_loss import (
        hinge_embedding_loss,
        margin_ranking_loss,
        multi_margin_loss,
        multilabel_margin_loss,
        multilabel_soft_margin_loss,
        soft_margin_loss,
    )
    from ..ops.max_pooling import (
        max_pool1d,
        max_pool1d_with_indices,
        max_pool2d,
        max_pool2d_with_indices,
        max_pool3d,
        max_pool3d_with_indices,
    )
    from ..ops.multi_head import multi_head_attention_forward
    from ..ops.padding import pad
    from ..ops.patches import fold, unfold
    from ..ops.pixels import channel_shuffle, native_channel_shuffle, pixel_shuffle, pixel_unshuffle
    from ..ops.probability_loss import binary_cross_entropy, binary_cross_entropy_with_logits, kl_div
    from ..ops.response_norm import local_response_norm
    from ..ops.trigonometric import tanh
    from ..ops.unpooling import (
        max_unpool1d,
        max_unpool2d,
        max_unpool3d,
    )

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "affine_grid",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "celu_",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "elu_",
    "embedding",
    "embedding_bag",
    "feature_alpha_dropout",
    "fold",
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "grid_sample",
    "group_norm",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "leaky_relu_",
    "linear",
    "linear_cross_entropy",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "mish",
    "mse_loss",
    "multi_head_attention_forward",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "native_channel_shuffle",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pdist",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rms_norm",
    "rrelu",
    "rrelu_",
    "scaled_dot_product_attention",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]

# --- made by tools/make_exports.py: from here
_LATER: dict[str, str] = {
    "ops.adaptive_pooling": (
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d "
        "adaptive_max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool2d_with_indices adaptive_max_pool3d "
        "adaptive_max_pool3d_with_indices"
    ),
    "ops.attention": "scaled_dot_product_attention",
    "ops.average_pooling": "avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d lp_pool3d",
    "ops.batch_norm": "batch_norm",
    "ops.convolutions": "conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d",
    "ops.ctc": "ctc_loss",
    "ops.distance_loss": "cosine_embedding_loss triplet_margin_loss triplet_margin_with_distance_loss",
    "ops.distances": "cosine_similarity normalize pairwise_distance pdist",
    "ops.embedding_bag": "embedding_bag",
    "ops.fractional_pooling": (
        "fractional_max_pool2d fractional_max_pool2d_with_indices fractional_max_pool3d "
        "fractional_max_pool3d_with_indices"
    ),
    "ops.gaussian": "gelu",
    "ops.glu": "glu",
    "ops.grid_sampling": "affine_grid grid_sample",
    "ops.group_norm": "group_norm instance_norm",
    "ops.gumbel": "gumbel_softmax",
    "ops.inplace_functions": "celu_ elu_ hardtanh_ leaky_relu_ relu_ rrelu_ selu_ threshold_",
    "ops.interpolation": "interpolate upsample upsample_bilinear upsample_nearest",
    "ops.layer_norm": "layer_norm rms_norm",
    "ops.likelihood_loss": "gaussian_nll_loss poisson_nll_loss",
    "ops.linear_cross_entropy": "linear_cross_entropy",
    "ops.margin_loss": (
        "hinge_embedding_loss margin_ranking_loss multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss "
        "soft_margin_loss"
    ),
    "ops.max_pooling": (
        "max_pool1d max_pool1d_with_indices max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices"
    ),
    "ops.multi_head": "multi_head_attention_forward",
    "ops.padding": "pad",
    "ops.patches": "fold unfold",
    "ops.pixels": "channel_shuffle native_channel_shuffle pixel_shuffle pixel_unshuffle",
    "ops.probability_loss": "binary_cross_entropy binary_cross_entropy_with_logits kl_div",
    "ops.response_norm": "local_response_norm",
    "ops.trigonometric": "tanh",
    "ops.unpooling": "max_unpool1d max_unpool2d max_unpool3d",
}
# --- to here

_PLACES = _later.places(_LATER)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _PLACES:
            return _later.fetch(_PLACES[name], name, globals())
        raise AttributeError(f"module 'tinygrad_nn.nn.functional' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


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
    return _call(_piecewise.relu, True, input) if inplace else _piecewise.relu(input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(x, 0), 6)``."""
    return _call(_piecewise.relu6, inplace, input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """``x`` where positive, else ``negative_slope * x``."""
    return _call(_piecewise.leaky_relu, inplace, input, negative_slope)


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """`leaky_relu` with the middle slope or, in training, slopes drawn between `lower` and `upper`.

    Raises:
        RuntimeError: ``lower`` is above ``upper``.
    """
    return _call(_piecewise.rrelu, inplace, input, lower, upper, training)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """``x`` where it is above the threshold, else the value."""
    return _call(_piecewise.threshold, inplace, input, threshold, value)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """``min(max(x, min_val), max_val)``."""
    return _call(_piecewise.hardtanh, inplace, input, min_val, max_val)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(x / 6 + 1 / 2, 0), 1)``."""
    return _call(_piecewise.hardsigmoid, inplace, input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * hardsigmoid(x)``."""
    return _call(_piecewise.hardswish, inplace, input)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``x`` where positive, else ``alpha * (exp(x) - 1)``."""
    return _call(_activation.elu, inplace, input, alpha)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``x`` where positive, else ``alpha * (exp(x / alpha) - 1)``."""
    return _call(_activation.celu, inplace, input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`elu` with the constants that keep mean 0 and variance 1."""
    return _call(_activation.selu, inplace, input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * sigmoid(x)``, also known as swish."""
    return _call(_activation.silu, inplace, input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * tanh(softplus(x))``."""
    return _call(_activation.mish, inplace, input)
