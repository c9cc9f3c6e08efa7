"""Making the data of a file, as the machine asks for it: what a name gives, and the memory of tensors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pickle import UnpicklingError
from typing import Any, Protocol

import numpy as np

from .._core import dtypes
from .._core.dtypes import dtype
from .._core.storage import TypedStorage, UntypedStorage
from .bfloat import widened
from .known import CALLS, FACTORIES, NAMES, whole
from .names import STORAGES, Named, Unstored, place_of, refusal
from .trusted import Trusted, file_name, fill


class Source(Protocol):
    """Where the memory of tensors is kept, beside the pickle."""

    swapped: bool  # whether numbers lie in the other byte order than this machine's

    def memory(self, key: str, kind: dtype, count: int) -> np.ndarray[Any, Any] | None:
        """So many elements, as bytes, in memory that can be written to; None where it is not known yet."""


class Rebuilder:
    """Makes the data that one file holds.

    Args:
        source: gives the memory of tensors.
        size: the number of bytes of the pickle.
        place: is shown each storage with the name of the device that it was saved from, and returns it.
        trusted: classes by name that are read beside those that always are.
    """

    def __init__(
        self, source: Source, size: int, place: Callable[[UntypedStorage, str], UntypedStorage],
        trusted: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self._source, self._place, self._trusted = source, place, trusted
        self._budget = size  # elements that may be copied: every one of them takes a byte of the pickle, or more
        self._storages: dict[str, tuple[TypedStorage | Unstored, str, int]] = {}
        self._foreign: set[int] = set()  # storages of bytes, whose order in larger elements is another machine's
        self._wide: dict[int, np.ndarray[Any, Any]] = {}  # bfloat16 from storages of bytes
        self._unstored: list[dtype] = []

    def finished(self, result: Any) -> Any:
        """The data, of which nothing is missing.

        Raises:
            TypeError: there are tensors of a type that NumPy does not have.
        """
        if self._unstored:
            kind = self._unstored[0]
            place = place_of(result, lambda item: isinstance(item, Unstored) and item.kind is kind)
            raise TypeError(
                f"load(): at obj{place} the file holds a tensor of {kind}. {dtypes.unstored(kind)} Convert it in the "
                "program that has made the file: tensor.float()."
            )
        return result

    # --- names ------------------------------------------------------------------------------------------------------

    def named(self, module: str, name: str) -> Any:
        """What a name stands for.

        Raises:
            pickle.UnpicklingError: nothing that is known.
        """
        module = {"__builtin__": "builtins", "torch.cuda": "torch"}.get(module, module)
        full = file_name(f"{module}.{name}")
        if full in CALLS or full in FACTORIES or full in NAMES:
            return Named(full)
        if module in ("torch", "torch.storage") and name in STORAGES:
            return Named(name)
        if module == "torch":
            try:
                return dtypes.from_name(name)
            except KeyError:
                pass
        if full in self._trusted:
            return Trusted(full, self._trusted[full])
        raise UnpicklingError(refusal(module, name))

    def called(self, function: Any, arguments: Any) -> Any:
        """What a known function gives for these arguments.

        Raises:
            pickle.UnpicklingError: it is no function.
        """
        if type(arguments) is tuple:
            if isinstance(function, Trusted):
                return function.made(self, arguments)
            if isinstance(function, Named) and function.name in CALLS:
                return CALLS[function.name](self, *arguments)
        shown = function.name if isinstance(function, Named) else type(function).__name__
        raise UnpicklingError(f"Trying to call reduce for unrecognized function {shown}")

    def built(self, target: Any, state: Any) -> None:
        """Attributes of an ordered dict, such as a ``state_dict``'s ``_metadata``; or of something trusted.

        Raises:
            pickle.UnpicklingError: they are no attributes, or the object has no such ones.
        """
        if type(target) is OrderedDict and type(state) is dict:
            for name, value in state.items():
                if type(name) is not str or hasattr(OrderedDict, name):
                    raise UnpicklingError("An OrderedDict cannot be given an attribute of a name that it has already")
                vars(target)[name] = value
        elif self._trusted:
            fill(target, state, self._trusted.values())
        else:
            raise UnpicklingError(f"Can only build OrderedDict, but got {type(target)}")

    def copied(self, value: Any, *kinds: type) -> Any:
        """A value that is about to be copied, of one of these types.

        Raises:
            pickle.UnpicklingError: it is of another; or the file has more copied than it holds.
        """
        if type(value) not in kinds:
            raise UnpicklingError(f"expected {kinds[0].__name__}, got {type(value).__name__}")
        self._budget -= len(value)
        if self._budget < 0:
            raise UnpicklingError("The file has more data copied than it holds.")
        return value

    # --- memory -----------------------------------------------------------------------------------------------------

    def stored(self, reference: Any) -> TypedStorage | Unstored:
        """The memory that the file keeps under a key.

        Raises:
            pickle.UnpicklingError: it is described in a way that cannot be right.
            RuntimeError: it is missing or damaged.
        """
        if type(reference) is not tuple or len(reference) not in (5, 6) or reference[0] != "storage":
            raise UnpicklingError("Only persistent_load of storage is allowed")
        _, kind, key, location, count, *view = reference
        if not isinstance(kind, Named) or type(key) is not str or type(count) is not int or count < 0:
            raise UnpicklingError("A storage needs a type, a key and a number of elements")
        if key not in self._storages:
            self._storages[key] = (self._read(kind.name, key, location, count), kind.name, count)
        storage, *described = self._storages[key]
        if described != [kind.name, count]:
            raise UnpicklingError("One storage is described in two ways")
        return storage if view in ([], [None]) else _part(storage, view[0])

    def _read(self, name: str, key: str, location: Any, count: int) -> TypedStorage | Unstored:
        if name != "torch.storage.UntypedStorage" and name not in STORAGES:
            raise UnpicklingError(f"{name} is no storage")
        if type(location) is not str:
            raise UnpicklingError("A storage needs the name of a device")
        untyped = name not in STORAGES
        kind = STORAGES.get(name, dtypes.uint8)
        if kind.name in dtypes.UNSTORED and kind is not dtypes.bfloat16:
            return self.unstored(kind)
        memory = self._source.memory(key, kind, count)
        if memory is None:
            return Unstored(kind)
        if self._source.swapped and not untyped:
            memory.view(_as_stored(kind)).byteswap(inplace=True)
        if kind is dtypes.bfloat16:
            memory, kind = widened(memory.view(np.uint16)).view(np.uint8), dtypes.float32
        elif kind is dtypes.bool_:
            np.minimum(memory, 1, out=memory)  # NumPy's are 0 or 1
        storage = TypedStorage(wrap_storage=self._place(UntypedStorage._of(memory), location), dtype=kind)
        if self._source.swapped and untyped:
            self._foreign.add(id(storage))
        return storage

    def elements(self, storage: TypedStorage, kind: dtype) -> np.ndarray[Any, Any]:
        """The bytes of a storage, in this machine's order for elements of this type; bfloat16 as float32."""
        memory = storage.untyped()._bytes()
        if id(storage) in self._foreign:
            self._foreign.remove(id(storage))
            stored = _as_stored(kind)
            memory[: len(memory) // stored.itemsize * stored.itemsize].view(stored).byteswap(inplace=True)
        if kind is not dtypes.bfloat16:
            return memory
        if id(storage) not in self._wide:
            self._wide[id(storage)] = widened(memory[: len(memory) // 2 * 2].view(np.uint16)).view(np.uint8)
        return self._wide[id(storage)]

    def unstored(self, kind: dtype) -> Unstored:
        """A place for a tensor that cannot be made; `finished` refuses the file for it, and says where it stood."""
        self._unstored.append(kind)
        return Unstored(kind)


def _as_stored(kind: dtype) -> np.dtype[Any]:
    return np.dtype(np.uint16) if kind is dtypes.bfloat16 else kind.dtype


def _part(storage: TypedStorage | Unstored, described: Any) -> TypedStorage | Unstored:
    """A part of a storage, as files from before PyTorch 1.0 may name it: key, first element, number of elements."""
    if type(described) is not tuple or len(described) != 3 or not whole(described[1:]):
        raise UnpicklingError("A part of a storage needs a key, a place and a number of elements")
    if isinstance(storage, Unstored):
        return storage
    memory, size = storage.untyped()._bytes(), storage.dtype.itemsize
    start, stop = described[1] * size, (described[1] + described[2]) * size
    if stop > len(memory):
        raise UnpicklingError(f"A part of a storage ends at byte {stop}, and the storage has {len(memory)}")
    part = np.frombuffer(memory.data[start:stop], np.uint8)  # a storage of its own, on the same memory
    return TypedStorage(wrap_storage=UntypedStorage._of(part), dtype=storage.dtype)
