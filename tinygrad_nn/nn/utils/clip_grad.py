"""Gradient clipping.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
"""

from __future__ import annotations

import math
import types
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..._core import dtypes
from ..._core.tensor import Tensor, wrap

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]

Tensors = Tensor | Iterable[Tensor]


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients of all parameters by one number, so that their joint norm is at most `max_norm`.

    Args:
        parameters: a tensor, or several.
        max_norm: the largest norm.
        norm_type: the p of the norm; may be infinite.
        error_if_nonfinite: raise if the norm is not finite, instead of scaling by it.
        foreach: accepted for PyTorch's sake, and without effect.

    Returns:
        The norm before.

    Raises:
        RuntimeError: the norm is not finite and `error_if_nonfinite` is true.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([3.0, 4.0], requires_grad=True)
        >>> (x * x / 2).sum().backward()
        >>> tg.nn.utils.clip_grad_norm_([x], 1.0)
        tensor(5.)
        >>> x.grad
        tensor([0.6000, 0.8000])
    """
    kept = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not kept and isinstance(parameters, types.GeneratorType):
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    total = get_total_norm(_gradients(kept), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(kept, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The former name of `clip_grad_norm_`, which warns."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all tensors' elements together. See `clip_grad_norm_`."""
    arrays = [tensor._array for tensor in ([tensors] if isinstance(tensors, Tensor) else tensors)]
    if not arrays:
        return wrap(np.zeros((), dtypes.default_numpy()))
    norm_type = float(norm_type)
    norms = np.array([_norm(array.reshape(-1, order="A"), norm_type) for array in arrays])
    total = _norm(norms, norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return wrap(np.array(total, np.result_type(*[array.real.dtype for array in arrays])))


def _norm(values: np.ndarray[Any, Any], norm_type: float) -> float:
    """The norm of a vector; the empty one's is 0."""
    if not values.size:
        return 0.0
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(values, norm_type))


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients by ``max_norm / total_norm`` where that is less than 1. See `clip_grad_norm_`."""
    factor = float(max_norm) / (float(total_norm) + 1e-6)
    if factor >= 1.0:
        return
    for gradient in _gradients(parameters):
        with np.errstate(all="ignore"):
            np.multiply(gradient._array, factor, out=gradient._array)
        gradient._cell[0] += 1


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Set every element of the gradients that is outside of ``±clip_value`` to the nearer end.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([3.0, -0.5], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> tg.nn.utils.clip_grad_value_([x], 2.0)
        >>> x.grad
        tensor([ 2., -1.])
    """
    limit = float(clip_value)
    for gradient in _gradients(parameters):
        np.clip(gradient._array, -limit, limit, out=gradient._array)
        gradient._cell[0] += 1


def _gradients(parameters: Tensors) -> list[Tensor]:
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    return [parameter._grad for parameter in given if parameter._grad is not None]
