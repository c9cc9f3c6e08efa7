"""Which type comes of several: PyTorch's rules of promotion, as functions; and the names of rarer types.

Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.dtypes import bfloat16, complex32, dtype, uint16, uint32, uint64
from .._core.tensor import Tensor

__all__ = ["bfloat16", "can_cast", "chalf", "complex32", "promote_types", "result_type", "uint16", "uint32", "uint64"]

chalf = complex32


def _dtype(function: str, name: str, position: int, value: Any) -> np.dtype[Any]:
    if not isinstance(value, dtype):
        kind = type(value).__name__
        raise TypeError(f"{function}(): argument '{name}' (position {position}) must be torch.dtype, not {kind}")
    return value.dtype


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest type that both types may go to: as wide, and of as high a kind, as either.

    Raises:
        RuntimeError: unsigned integers of more than 8 bits beside another type that is not floating point.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.promote_types(tg.int32, tg.float32), tg.promote_types(tg.uint8, tg.int8)
        (torch.float32, torch.int16)
    """
    given = _dtype("promote_types", "type1", 1, type1), _dtype("promote_types", "type2", 2, type2)
    return dtypes.from_numpy(dtypes.promote_types(*given))


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of one type may be stored as the other, in place: never as a lower kind.

    The kinds are, from low to high: booleans, integers, floating point numbers, complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.can_cast(tg.float64, tg.float32), tg.can_cast(tg.float32, tg.int64)
        (True, False)
    """
    return dtypes.can_cast(_dtype("can_cast", "from_", 1, from_), _dtype("can_cast", "to", 2, to))


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The type of a result of two tensors or numbers.

    Tensors with dimensions decide. Those without, and after them numbers, count only where they are of a higher kind.

    Raises:
        TypeError: one is neither.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.result_type(tg.tensor([1, 2], dtype=tg.int8), 3), tg.result_type(tg.tensor([1, 2]), 1.5)
        (torch.int8, torch.float32)
    """
    operands = []
    for position, value in enumerate((tensor1, tensor2)):
        if not isinstance(value, Tensor | int | float | complex | np.number | np.bool_):
            raise TypeError(
                f"result_type(): argument 'tensor{position + 1}' (position {position + 1}) must be Tensor or Number, "
                f"not {type(value).__name__}"
            )
        operands.append(value._array if isinstance(value, Tensor) else value)
        if isinstance(value, np.generic):
            operands[-1] = value.item()
    return dtypes.from_numpy(dtypes.result_type(operands))
