"""Zeros in the place of a gradient or a tangent that nothing has arrived for."""

from __future__ import annotations

from typing import Any

import numpy as np

from .lifted import Lifted
from .tensor import Tensor, wrap


def zeros_of(tensor: Tensor) -> Tensor:
    """Zeros of a tensor's shape and type, batched where it is. (A product with 0 would make nan of inf.)"""
    array: Any = tensor._array
    if type(array) is Lifted:
        zeros: Tensor = array.level.zeros(array)
        return zeros
    return wrap(np.zeros(array.shape, array.dtype))
