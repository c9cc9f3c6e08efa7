"""PyTorch's functions that write into their input: ``torch.exp_(x)``, ``torch.nn.functional.elu_(x)``.

Most are methods of tensors under another name; the others stand here.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#non-linear-activation-functions
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.inplace import check_target, store
from .._core.tensor import Tensor
from .activation import celu, elu, selu
from .piecewise import hardtanh, leaky_relu, relu, rrelu, threshold

_METHODS = frozenset({
    "abs_", "acos_", "acosh_", "addmv_", "arccos_", "arccosh_", "arcsin_", "arcsinh_", "arctan_", "arctanh_",
    "as_strided_", "asin_", "asinh_", "atan_", "atanh_", "ceil_", "clamp_", "clamp_max_", "clamp_min_", "clip_",
    "conj_physical_", "cos_", "cosh_", "deg2rad_", "detach_", "erf_", "erfc_", "exp2_", "exp_", "expm1_", "fill_",
    "fix_", "floor_", "frac_", "gcd_", "i0_", "index_put_", "lcm_", "ldexp_", "log10_", "log1p_", "log2_", "log_",
    "logit_", "nan_to_num_", "neg_", "negative_", "rad2deg_", "reciprocal_", "resize_as_", "round_", "rsqrt_",
    "sigmoid_", "sin_", "sinc_", "sinh_", "sqrt_", "square_", "tan_", "tanh_", "trunc_", "xlogy_", "zero_",
})  # fmt: skip


def relu_(input: Tensor) -> Tensor:
    """`relu`, stored in its input.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.relu_(tg.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    check_target(input)
    return store(input, relu(input))


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu`, stored in its input.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.elu_(tg.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])
    """
    check_target(input)
    return store(input, elu(input, alpha))


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu`, stored in its input.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.celu_(tg.tensor([-1.0, 2.0]), alpha=2.0)
        tensor([-0.7869,  2.0000])
    """
    check_target(input)
    return store(input, celu(input, alpha))


def selu_(input: Tensor) -> Tensor:
    """`selu`, stored in its input.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.selu_(tg.tensor([-1.0, 2.0]))
        tensor([-1.1113,  2.1014])
    """
    check_target(input)
    return store(input, selu(input))


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu`, stored in its input.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.leaky_relu_(tg.tensor([-1.0, 2.0]), 0.5)
        tensor([-0.5000,  2.0000])
    """
    check_target(input)
    return store(input, leaky_relu(input, negative_slope))


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh`, stored in its input.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.hardtanh_(tg.tensor([-2.0, 0.5]))
        tensor([-1.0000,  0.5000])
    """
    check_target(input)
    return store(input, hardtanh(input, min_val, max_val))


def rrelu_(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """`rrelu`, stored in its input.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.rrelu_(tg.tensor([-1.0, 2.0]), 0.25, 0.75)
        tensor([-0.5000,  2.0000])
    """
    check_target(input)
    return store(input, rrelu(input, lower, upper, training))


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold`, stored in its input.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.threshold_(tg.tensor([-1.0, 2.0]), 0.0, 20.0)
        tensor([20.,  2.])
    """
    check_target(input)
    return store(input, _threshold(input, threshold, value))


_threshold = threshold
_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "celu_": celu_, "relu_": relu_, "rrelu_": rrelu_, "selu_": selu_, "threshold_": threshold_,
}  # fmt: skip
INPLACE_FUNCTIONS = _METHODS | _FUNCTIONS.keys()


def inplace_function(name: str) -> Callable[..., Any] | None:
    """The function of this name that PyTorch has at its top level; None if there is none.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.ops.inplace_functions import inplace_function
        >>> x = tg.tensor([1.0, 4.0])
        >>> inplace_function("sqrt_")(x)
        tensor([1., 2.])
        >>> x
        tensor([1., 2.])
    """
    return _FUNCTIONS.get(name) or (getattr(Tensor, name, None) if name in _METHODS else None)
