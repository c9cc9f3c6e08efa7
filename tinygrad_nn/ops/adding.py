"""What ``addmm`` and its relatives share: a product, times a factor, is added to a tensor, times another.

Source: https://docs.pytorch.org/docs/stable/generated/torch.addmm.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.tensor import Tensor, wrap
from .picking import masked_fill
from .product_errors import SELF_MAT2, expand_text, same_dtype_error


def factor(name: str, value: Any, dtype: np.dtype[Any]) -> Any:
    """A factor such as ``alpha`` as PyTorch takes it: for integers it is cut to an integer.

    Raises:
        RuntimeError: it is complex, and the tensors are not.
        TypeError: it is no number.
    """
    if isinstance(value, Tensor):
        value = value.item()
    if not isinstance(value, int | float | complex | np.number):
        raise TypeError(f"argument '{name}' must be Number, not {type(value).__name__}")
    if isinstance(value, complex) and dtype.kind != "c":
        if value.imag:
            raise RuntimeError(f"value cannot be converted to type {dtype} without overflow: {name}={value}")
        value = value.real
    return int(value) if dtype.kind in "iu" else value


def add_product(name: str, input: Tensor, product: Tensor, beta: Any, alpha: Any) -> Tensor:
    """``beta * input + alpha * product``; of what has the factor 0, nan and infinity are ignored, as by BLAS."""
    target = product._array.shape
    kind = product._array.dtype
    if input._array.dtype != kind:
        raise same_dtype_error(SELF_MAT2, input._array, product._array, ("input", "the product"))
    try:
        fits = np.broadcast_shapes(input._array.shape, target) == target
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(expand_text(name, tuple(input._array.shape), target))
    alpha, beta = factor("alpha", alpha, kind), factor("beta", beta, kind)
    if alpha != 1:
        product = product * alpha if alpha else ignored(product)
    if beta == 0:
        return product + ignored(input) if input.requires_grad and not product.requires_grad else product
    return product + (input if beta == 1 else input * beta)


def ignored(x: Tensor) -> Tensor:
    """Zeros, with gradients of zeros, whatever x is."""
    return masked_fill(x, wrap(np.ones((), np.bool_)), 0)
