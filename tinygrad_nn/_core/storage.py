"""Storages: the memory of tensors by itself, as bytes or as elements of one type.

Source: https://docs.pytorch.org/docs/stable/storage.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import dtypes
from .blocks import address, block
from .device import CPU, device
from .tensor import Tensor, tensor_method


class UntypedStorage:
    """The bytes in which tensors keep their elements.

    ``UntypedStorage(4)`` makes some; ``x.untyped_storage()`` gives those of a tensor, which all its views share.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.zeros(2, 3)
        >>> x.untyped_storage().nbytes(), x[1].untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
        (24, True)
    """

    def __init__(self, *size: Any, device: Any = None) -> None:
        if len(size) == 1 and isinstance(size[0], list | tuple):
            self._memory = np.array(size[0], np.uint8)
        else:
            self._memory = np.zeros(int(size[0]) if size else 0, np.uint8)

    @classmethod
    def _of(cls, array: np.ndarray[Any, Any]) -> UntypedStorage:
        made = cls.__new__(cls)
        made._memory = block(array)
        return made

    def _bytes(self) -> np.ndarray[Any, Any]:
        return self._memory

    def nbytes(self) -> int:
        """The number of bytes."""
        return len(self._memory)

    size = nbytes
    __len__ = nbytes

    def element_size(self) -> int:
        """The size of an element, in bytes: 1."""
        return 1

    def data_ptr(self) -> int:
        """The memory address of the first byte."""
        return address(self._memory)

    @property
    def device(self) -> device:
        """The device, always the CPU."""
        return CPU

    is_cuda = is_sparse = is_sparse_csr = is_hpu = False

    def resizable(self) -> bool:
        """Whether the number of bytes can be changed: NumPy's arrays keep theirs."""
        return False

    def is_shared(self) -> bool:
        """Whether other processes see this memory: no."""
        return False

    def share_memory_(self) -> UntypedStorage:
        """The storage itself. Processes do not share memory here."""
        return self

    def is_pinned(self, device: Any = None) -> bool:
        """Whether the memory is locked for copies to another device: no."""
        return False

    def pin_memory(self, device: Any = None) -> UntypedStorage:
        """The storage itself: there is no other device to copy to."""
        return self

    def cpu(self) -> UntypedStorage:
        """The storage itself: it is on the CPU."""
        return self

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return UntypedStorage._of(self._memory[index].copy())
        return int(self._memory[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._memory[index] = value

    def __iter__(self) -> Iterator[int]:
        return iter(self._memory.tolist())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UntypedStorage):
            return NotImplemented
        return self.data_ptr() == other.data_ptr() and len(self) == len(other)

    def __hash__(self) -> int:
        return hash((self.data_ptr(), len(self)))

    def fill_(self, value: int) -> UntypedStorage:
        """Set every byte."""
        self._memory[...] = value
        return self

    def copy_(self, source: UntypedStorage, non_blocking: bool | None = None) -> UntypedStorage:
        """Set the bytes to another storage's."""
        if len(source) != len(self):
            raise RuntimeError(f"size does not match, self was {len(self)} bytes but src was {len(source)} bytes")
        self._memory[...] = source._memory
        return self

    def clone(self) -> UntypedStorage:
        """A copy."""
        return UntypedStorage._of(self._memory.copy())

    def tolist(self) -> list[int]:
        """The bytes as numbers."""
        numbers: list[int] = self._memory.tolist()
        return numbers

    def resize_(self, size: int) -> UntypedStorage:
        """Refused but for the size that it has.

        Raises:
            RuntimeError: another size.
        """
        if size != len(self):
            raise RuntimeError(
                f"Trying to resize storage that is not resizable: got {size} bytes, there are {len(self)}. Make a new "
                "tensor, or use Tensor.resize_."
            )
        return self

    def __repr__(self) -> str:
        lines = "\n".join(f" {byte}" for byte in self._memory[:1000].tolist())
        return f"{lines}\n[torch.storage.UntypedStorage(device=cpu) of size {len(self)}]"


class TypedStorage:
    """The memory in which tensors keep their elements, as elements of one type.

    ``x.storage()`` gives that of a tensor. New programs use `UntypedStorage`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1.0, 2.0], [3.0, 4.0]])[1].storage().tolist()
        [1.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, *data: Any, wrap_storage: UntypedStorage | None = None, dtype: Any = None,
                 device: Any = None, _internal: bool = False) -> None:  # fmt: skip
        kind = dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)
        self._kind = kind
        if wrap_storage is not None:
            self._untyped = wrap_storage
        elif len(data) == 1 and isinstance(data[0], list | tuple):
            self._untyped = UntypedStorage._of(np.array(data[0], kind))
        else:
            self._untyped = UntypedStorage._of(np.zeros(int(data[0]) if data else 0, kind))

    @classmethod
    def _of(cls, array: np.ndarray[Any, Any]) -> TypedStorage:
        return cls(wrap_storage=UntypedStorage._of(array), dtype=array.dtype)

    def _flat(self) -> np.ndarray[Any, Any]:
        memory, size = self._untyped._bytes(), self._kind.itemsize
        return memory[: len(memory) // size * size].view(self._kind)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.from_numpy(self._kind)

    @property
    def device(self) -> device:
        """The device, always the CPU."""
        return CPU

    is_cuda = is_sparse = is_hpu = False

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return self._untyped

    def size(self) -> int:
        """The number of elements."""
        return len(self._flat())

    __len__ = size

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._untyped.nbytes()

    def element_size(self) -> int:
        """The size of one element, in bytes."""
        return self._kind.itemsize

    def data_ptr(self) -> int:
        """The memory address of the first element."""
        return self._untyped.data_ptr()

    def is_shared(self) -> bool:
        """Whether other processes see this memory: no."""
        return False

    def share_memory_(self) -> TypedStorage:
        """The storage itself. Processes do not share memory here."""
        return self

    def is_pinned(self, device: Any = None) -> bool:
        """Whether the memory is locked for copies to another device: no."""
        return False

    def pin_memory(self, device: Any = None) -> TypedStorage:
        """The storage itself: there is no other device to copy to."""
        return self

    def cpu(self) -> TypedStorage:
        """The storage itself: it is on the CPU."""
        return self

    def resizable(self) -> bool:
        """Whether the number of elements can be changed: NumPy's arrays keep theirs."""
        return False

    def resize_(self, size: int) -> TypedStorage:
        """Refused but for the size that it has."""
        self._untyped.resize_(size * self._kind.itemsize)
        return self

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        return self._flat()[index].item()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._flat()[index] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self._flat().tolist())

    def fill_(self, value: Any) -> TypedStorage:
        """Set every element."""
        self._flat()[...] = value
        return self

    def copy_(self, source: TypedStorage, non_blocking: bool | None = None) -> TypedStorage:
        """Set the elements to another storage's."""
        self._flat()[...] = source._flat()
        return self

    def clone(self) -> TypedStorage:
        """A copy."""
        return TypedStorage._of(self._flat().copy())

    def tolist(self) -> list[Any]:
        """The elements as numbers."""
        numbers: list[Any] = self._flat().tolist()
        return numbers

    def __repr__(self) -> str:
        lines = "\n".join(f" {value}" for value in self._flat()[:1000].tolist())
        return f"{lines}\n[torch.storage.TypedStorage(dtype={self.dtype}, device=cpu) of size {len(self)}]"


@tensor_method
def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory that the tensor shares with its views, as bytes."""
    return UntypedStorage._of(self._array)


@tensor_method
def storage(self: Tensor) -> TypedStorage:
    """The memory that the tensor shares with its views, as elements of its type."""
    return TypedStorage._of(self._array)


@tensor_method
def storage_type(self: Tensor) -> type[TypedStorage]:
    """The class of the tensor's storage."""
    return TypedStorage


def is_storage(obj: Any) -> bool:
    """Whether an object is a storage."""
    return isinstance(obj, UntypedStorage | TypedStorage)
