"""PyTorch's former constructors, one for each type of element: ``FloatTensor([1, 2])``, ``LongTensor(2, 3)``.

Much code still calls them, and asks ``isinstance(x, torch.FloatTensor)`` or ``x.type(torch.LongTensor)``. Tensors are
instances of them by their type of element only. New programs write ``tensor(data, dtype=...)``.

Source: https://docs.pytorch.org/docs/stable/tensors.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.tensor import Size, Tensor
from .creation import zeros
from .data import tensor

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor",
    "ShortTensor",
]  # fmt: skip


class TensorType(type):
    """The type of `FloatTensor` and its kin: calling one makes a tensor, `isinstance` asks for the type of element."""

    dtype: dtypes.dtype

    def __call__(cls, *data: Any) -> Tensor:
        """A tensor of these sizes, or of this data.

        Raises:
            TypeError: the data is no sequence, or a tensor of another type of element.
        """
        if not data or isinstance(data[0], int | np.integer | Size):
            return zeros(*data or (0,), dtype=cls.dtype)
        if len(data) > 1:
            raise TypeError(f"{cls.__name__}(): expected sizes (integers) or one sequence of data, got {data!r}")
        (values,) = data
        if isinstance(values, Tensor):
            if values.dtype is not cls.dtype:
                raise TypeError(
                    f"{cls.__name__}(): expected a tensor of {cls.dtype}, got {values.dtype}. Use x.to({cls.dtype})."
                )
            return values.detach()
        if isinstance(values, str) or not hasattr(values, "__len__"):
            raise TypeError(
                f"{cls.__name__}(): data must be a sequence (got {type(values).__name__}). "
                f"Use tensor({values!r}, dtype={cls.dtype})."
            )
        return tensor(values, dtype=cls.dtype)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


class FloatTensor(metaclass=TensorType):
    """Tensors of float32.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.FloatTensor([1, 2])
        tensor([1., 2.])
        >>> isinstance(tg.zeros(2), tg.FloatTensor)
        True
    """

    dtype = dtypes.float32


class DoubleTensor(metaclass=TensorType):
    """Tensors of float64.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.DoubleTensor([1, 2])
        tensor([1., 2.], dtype=torch.float64)
    """

    dtype = dtypes.float64


class HalfTensor(metaclass=TensorType):
    """Tensors of float16.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.HalfTensor([1, 2])
        tensor([1., 2.], dtype=torch.float16)
    """

    dtype = dtypes.float16


class LongTensor(metaclass=TensorType):
    """Tensors of int64.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.LongTensor([1, 2])
        tensor([1, 2])
    """

    dtype = dtypes.int64


class IntTensor(metaclass=TensorType):
    """Tensors of int32.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.IntTensor([1, 2])
        tensor([1, 2], dtype=torch.int32)
    """

    dtype = dtypes.int32


class ShortTensor(metaclass=TensorType):
    """Tensors of int16.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.ShortTensor([1, 2])
        tensor([1, 2], dtype=torch.int16)
    """

    dtype = dtypes.int16


class CharTensor(metaclass=TensorType):
    """Tensors of int8.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.CharTensor([1, 2])
        tensor([1, 2], dtype=torch.int8)
    """

    dtype = dtypes.int8


class ByteTensor(metaclass=TensorType):
    """Tensors of uint8.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.ByteTensor([1, 2])
        tensor([1, 2], dtype=torch.uint8)
    """

    dtype = dtypes.uint8


class BoolTensor(metaclass=TensorType):
    """Tensors of booleans.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.BoolTensor([True, False])
        tensor([ True, False])
    """

    dtype = dtypes.bool_
