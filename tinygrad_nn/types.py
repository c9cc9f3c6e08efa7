"""PyTorch's names of types, for annotations.

Example:
    >>> from tinygrad_nn.types import Number
    >>> isinstance(2.5, Number)
    True
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import IO, Any, TypeAlias

from ._core.device import device as _device
from ._core.dtypes import dtype as _dtype  # noqa: F401
from ._core.layouts import layout as _layout  # noqa: F401
from ._core.storage import TypedStorage, UntypedStorage
from ._core.tensor import Size, Tensor

__all__ = ["Device", "FileLike", "Number", "Storage"]

_bool, _bytes, _complex = builtins.bool, builtins.bytes, builtins.complex
_float, _int, _str = builtins.float, builtins.int, builtins.str

Number: TypeAlias = int | float | bool
Device: TypeAlias = _device | str | int | None
FileLike: TypeAlias = str | os.PathLike[str] | IO[bytes]
Storage: TypeAlias = UntypedStorage | TypedStorage

_Number = (int, float, bool)
_size: TypeAlias = Size | list[int] | tuple[int, ...]
_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
_TensorOrOptionalTensors: TypeAlias = Tensor | Sequence[Tensor | None]
_TensorOrTensorsOrGradEdge: TypeAlias = Any
