"""The ops that PyTorch does not have for complex numbers, and what it says when it is given some.

NumPy computes many of them (it orders complex numbers by their real parts), so they are refused by name, before
anything is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes

_KERNEL = "\"{kernel}\" not implemented for '{dtype}'"
_CLAMP = "clamp is not supported for complex types"
_SORT = "Sort does not support complex dtypes on CPU"
_SAYS = {
    "argmax": "argmax(): does not support complex input",
    "argmin": "argmin(): does not support complex input",
    "ceil": "ceil is not supported for complex inputs",
    "clamp": _CLAMP,
    "deg2rad": "deg2rad is not supported for complex tensors.",
    "floor": "floor is not supported for complex inputs",
    "fmax": "fmax not implemented for complex tensors.",
    "fmin": "fmin not implemented for complex tensors.",
    "hardtanh": _CLAMP,
    "heaviside": "heaviside is not yet implemented for complex tensors.",
    "isneginf": "isneginf does not support complex inputs.",
    "isposinf": "isposinf does not support complex inputs.",
    "maximum": "maximum not implemented for complex tensors.",
    "minimum": "minimum not implemented for complex tensors.",
    "nanmean": "nansum on CPU does not support complex inputs",
    "nansum": "nansum on CPU does not support complex inputs",
    "rad2deg": "rad2deg is not supported for complex tensors.",
    "relu": _CLAMP,
    "relu6": _CLAMP,
    "signbit": "signbit is not implemented for complex tensors.",
    "sort": _SORT,
    "argsort": _SORT,
    "topk": "topk does not support complex dtypes on CPU",
    "trunc": "trunc is not supported for complex inputs",
}
# What PyTorch calls the function that it lacks.
_KERNELS = {
    "amax": "max_values_cpu", "amin": "min_values_cpu", "bce": "binary_cross_entropy",
    "bce_with_logits": "log_sigmoid_cpu", "celu": "elu_cpu", "clamp_max": "minimum_cpu", "clamp_min": "maximum_cpu",
    "cross_entropy": "log_softmax_lastdim_kernel_impl", "elu": "elu_cpu", "erf": "erf_vml_cpu", "erfc": "erfc_vml_cpu",
    "erfinv": "erfinv_vml_cpu", "floor_divide": "div_floor_cpu", "gelu": "GeluKernelImpl", "huber": "huber_cpu",
    "log_softmax": "log_softmax_lastdim_kernel_impl", "logsigmoid": "log_sigmoid_cpu", "max_of_all": "max_all",
    "min_of_all": "min_all", "mse": "mse_cpu", "nll_loss": "nll_loss_out_frame", "round": "round_vml_cpu",
    "rrelu": "leaky_relu_cpu", "selu": "elu_cpu", "smooth_l1": "smooth_l1_cpu",
    "softmax": "softmax_lastdim_kernel_impl",
    "blended_taps": "grid_sampler_cpu", "tap_products": "grid_sampler_cpu",
    "softshrink": "softshrink_check", "trunc_divide": "div_trunc_cpu", "i0": "i0_vml_cpu", "lgamma": "lgamma_vml_cpu",
    "ndtr": "erf_vml_cpu",
    "batch_normed": "batch_norm", "channel_scaled": "batch_norm", "group_normed": "GroupNormKernelImpl",
    "layer_normed": "LayerNormKernelImpl", "rms_normed": "RMSNormKernelImpl",
}  # fmt: skip
_PLAIN = (
    "atan2 bitwise_and bitwise_or bitwise_xor bitwise_not copysign fmod frac gcd ge glu gt hardshrink hardsigmoid "
    "hardswish hypot igamma igammac lcm le leaky_relu logaddexp2 logit lt mish nextafter prelu remainder softplus "
    "threshold xlogy digamma cummax cummin median mode kthvalue aminmax"
)
_SAYS |= {name: _KERNEL.format(kernel=kernel, dtype="{dtype}") for name, kernel in _KERNELS.items()}
_SAYS |= {name: _KERNEL.format(kernel=f"{name}_cpu", dtype="{dtype}") for name in _PLAIN.split()}


def complaint(name: str) -> str | None:
    """What PyTorch says to complex numbers given to this op; None where it takes them."""
    return _SAYS.get(name)


def refused(text: str, array: np.ndarray[Any, Any]) -> NotImplementedError:
    """The error of an op that does not take complex numbers."""
    said = text.format(dtype=dtypes.type_name(array.dtype))
    return NotImplementedError(f"{said} (got complex numbers, {list(array.shape)}). Take abs(x), x.real or x.imag.")
