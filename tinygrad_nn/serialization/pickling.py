"""Data as PyTorch's files keep it: pickled, with the memory of tensors beside it.

Python's pickler would need PyTorch itself, whose functions such a file names. This one writes those names only, for the
few kinds of data that PyTorch reads again by default, and so refuses at once what could be written but not be read.

Source: https://docs.python.org/3/library/pickletools.html
"""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np

from .._core.blocks import address, block, offset_of, strides_of
from .._core.device import device
from .._core.dtypes import dtype, from_numpy, uint8
from .._core.layouts import layout
from .._core.storage import TypedStorage, UntypedStorage
from .._core.tensor import Size, Tensor
from .names import STORAGE_NAMES, place_of

_BATCH = 1000  # elements between two marks, as Python's pickler has them
_OWN_ATTRIBUTES = ("_conjugated", "_retains_grad")  # of tensors: the package's own notes


class Pickler:
    """Pickles one object: `dump` gives the bytes, and `storages` afterwards the memory that they refer to, by number.

    Raises:
        TypeError: something in it is no plain data; the message says where it lies, and what to save instead.
        RuntimeError: tensors of different types share memory.
    """

    def __init__(self) -> None:
        self.storages: list[np.ndarray[Any, Any]] = []
        self._out = bytearray(b"\x80\x02")
        self._memo: dict[Any, int] = {}
        self._kept: list[Any] = []  # so that no other object gets the identity of one that has been written
        self._blocks: dict[Any, tuple[str, dtype]] = {}  # a storage's place in memory: its number, its elements' type

    def dump(self, root: Any) -> bytes:
        """The pickled object."""
        try:
            self._save(root)
        except _RefusedError as error:
            culprit = error.culprit
            place = place_of(root, lambda item: item is culprit)
            raise TypeError(f"save(): obj{place} is of type {_explained(culprit)}") from None
        except RecursionError:
            raise RecursionError("save(): maximum recursion depth exceeded: the data is nested too deeply") from None
        self._out += pickle.STOP
        return bytes(self._out)

    def _save(self, value: Any) -> None:
        kind = type(value)
        atom = _ATOMS.get(kind)
        if atom is not None:
            self._out += atom(value)
        elif id(value) in self._memo:
            self._get(id(value))
        elif kind in _WRITERS:
            _WRITERS[kind](self, value)
        elif isinstance(value, Tensor):
            self._of_module(value)
        else:
            raise _RefusedError(value)

    def _of_module(self, value: Tensor) -> None:
        from ..nn.parameter import Buffer, Parameter

        if type(value) not in (Buffer, Parameter):
            raise _RefusedError(value)
        (self._tensor if type(value) is Buffer else self._parameter)(value)

    # --- the memo: what has been written is referred to by its number -----------------------------------------------

    def _remember(self, key: Any, value: Any = None) -> None:
        number = self._memo[key] = len(self._memo)
        self._kept.append(value)
        self._out += b"q" + bytes([number]) if number < 256 else b"r" + struct.pack("<I", number)

    def _get(self, key: Any) -> None:
        number = self._memo[key]
        self._out += b"h" + bytes([number]) if number < 256 else b"j" + struct.pack("<I", number)

    def _name(self, name: str) -> None:
        """Name a function, class or constant: module and name, with a space between them."""
        if name in self._memo:
            self._get(name)
        else:
            self._out += b"c" + name.replace(" ", "\n").encode() + b"\n"
            self._remember(name)

    def _call(self, name: str, *arguments: Any, made: Any = None) -> None:
        """What the named function gives for these arguments."""
        self._name(name)
        self._save(arguments)
        self._out += pickle.REDUCE
        self._remember(id(made), made)

    # --- Python's own types -----------------------------------------------------------------------------------------

    def _text(self, value: str) -> None:
        data = value.encode("utf-8", "surrogatepass")
        self._out += b"X" + struct.pack("<I", len(data)) + data
        self._remember(id(value), value)

    def _tuple(self, value: tuple[Any, ...]) -> None:
        if not value:
            self._out += pickle.EMPTY_TUPLE
            return
        short = len(value) <= 3
        self._out += b"" if short else pickle.MARK
        for item in value:
            self._save(item)
        if id(value) in self._memo:  # it holds itself, and has been written meanwhile
            self._out += pickle.POP * len(value) if short else pickle.POP_MARK
            self._get(id(value))
            return
        self._out += (pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)[len(value) - 1] if short else pickle.TUPLE
        self._remember(id(value), value)

    def _list(self, value: list[Any]) -> None:
        self._out += pickle.EMPTY_LIST
        self._remember(id(value), value)
        self._batches(((item,) for item in value), len(value), pickle.APPEND, pickle.APPENDS, exact=True)

    def _dict(self, value: dict[Any, Any]) -> None:
        self._out += pickle.EMPTY_DICT
        self._remember(id(value), value)
        self._batches(value.items(), len(value), pickle.SETITEM, pickle.SETITEMS, exact=True)

    def _batches(
        self, entries: Iterable[tuple[Any, ...]], count: int, one: bytes, several: bytes, *, exact: bool
    ) -> None:
        """Fill a container, as Python's pickler does it: a last batch of one differs in those that are no subclass."""
        entries = iter(entries)
        for start in range(0, count, _BATCH):
            batch = min(_BATCH, count - start)
            single = (count if exact else batch) == 1
            self._out += b"" if single else pickle.MARK
            for entry in islice(entries, batch):
                for item in entry:
                    self._save(item)
            self._out += one if single else several

    def _ordered(self, value: OrderedDict[Any, Any]) -> None:
        self._call("collections OrderedDict", made=value)
        self._batches(value.items(), len(value), pickle.SETITEM, pickle.SETITEMS, exact=False)
        if vars(value):  # a module's `_metadata`
            self._save(vars(value))
            self._out += pickle.BUILD

    def _bytes(self, value: bytes) -> None:
        self._call("_codecs encode", str(value, "latin1"), "latin1", made=value)

    def _bytearray(self, value: bytearray) -> None:
        self._call("__builtin__ bytearray", *((bytes(value),) if value else ()), made=value)

    # --- tensors ----------------------------------------------------------------------------------------------------

    def _named(self, value: _Name) -> None:
        self._name(value.name)

    def _called(self, value: _Call) -> None:
        self._call(value.name, *value.arguments, made=value)

    def _reference(self, value: _Memory) -> None:
        """Refer to the memory, which is written beside the pickle: once, however often it is used."""
        memory, kind = value.memory, value.kind
        # memory of no length has no place of its own
        key = (address(memory), len(memory)) if len(memory) else id(memory)
        self._kept.append(memory)
        number, before = self._blocks.setdefault(key, (str(len(self._blocks)), kind))
        if before is not kind:
            raise RuntimeError(
                f"Cannot save multiple tensors or storages that view the same data as different types: {before} and "
                f"{kind}. Save a copy of one: x.clone()."
            )
        if len(self.storages) < len(self._blocks):
            self.storages.append(memory)
        name = "torch.storage UntypedStorage" if value.untyped else f"torch {STORAGE_NAMES[kind]}"
        self._tuple(("storage", _Name(name), number, "cpu", len(memory) // kind.itemsize))
        self._out += pickle.BINPERSID

    def _untyped(self, value: UntypedStorage) -> None:
        self._reference(_Memory(value._bytes(), uint8, untyped=True))

    def _typed(self, value: TypedStorage) -> None:
        kind = value.dtype
        self._reference(_Memory(value.untyped()._bytes(), kind, untyped=kind not in STORAGE_NAMES))

    def _tensor(self, value: Tensor) -> None:
        made = _tensor_call(value._array, value.requires_grad)
        state = {name: item for name, item in vars(value).items() if name not in _OWN_ATTRIBUTES}
        if _is_buffer(value):
            state["_is_buffer"] = True
        if state:
            made = _Call("torch._tensor _rebuild_from_type_v2", _Name(made.name), _TENSOR, made.arguments, state)
        self._call(made.name, *made.arguments, made=value)

    def _parameter(self, value: Tensor) -> None:
        data = _tensor_call(value._array, False)
        state = (dict(vars(value)),) if vars(value) else ()
        name = "torch._utils _rebuild_parameter" + ("_with_state" if state else "")
        self._call(name, data, value.requires_grad, OrderedDict(), *state, made=value)


class _Name:
    """A function, class or constant of PyTorch's: module and name, with a space between them."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Call:
    """What a function of PyTorch's gives for these arguments."""

    def __init__(self, name: str, *arguments: Any) -> None:
        self.name, self.arguments = name, arguments


class _Memory:
    """The memory of tensors, and the type of its elements."""

    def __init__(self, memory: np.ndarray[Any, Any], kind: dtype, *, untyped: bool) -> None:
        self.memory, self.kind, self.untyped = memory, kind, untyped


_TENSOR = _Name("torch Tensor")


def _tensor_call(array: np.ndarray[Any, Any], requires_grad: bool) -> _Call:
    kind = from_numpy(array.dtype)
    memory = block(array)
    if (address(array) - address(memory)) % array.itemsize or any(s < 0 or s % array.itemsize for s in array.strides):
        array = array.copy()  # memory that has come from NumPy, and that PyTorch could not describe
        memory = block(array)
    geometry: tuple[Any, ...] = (offset_of(array), tuple(array.shape), strides_of(array), requires_grad, OrderedDict())
    if kind in STORAGE_NAMES:
        return _Call("torch._utils _rebuild_tensor_v2", _Memory(memory, kind, untyped=False), *geometry)
    kind_name = _Name(f"torch {kind.name}")
    return _Call("torch._utils _rebuild_tensor_v3", _Memory(memory, uint8, untyped=True), *geometry, kind_name)


def _is_buffer(value: Tensor) -> bool:
    from ..nn.parameter import Buffer

    return type(value) is Buffer


def _integer(value: int) -> bytes:
    if 0 <= value < 1 << 8:
        return pickle.BININT1 + struct.pack("<B", value)
    if 0 <= value < 1 << 16:
        return pickle.BININT2 + struct.pack("<H", value)
    if -(1 << 31) <= value < 1 << 31:
        return pickle.BININT + struct.pack("<i", value)
    data = pickle.encode_long(value)
    if len(data) < 256:
        return pickle.LONG1 + bytes([len(data)]) + data
    return pickle.LONG4 + struct.pack("<i", len(data)) + data


_ATOMS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: pickle.NONE,
    bool: lambda value: pickle.NEWTRUE if value else pickle.NEWFALSE,
    int: _integer,
    float: lambda value: pickle.BINFLOAT + struct.pack(">d", value),
}

_WRITERS: dict[type, Callable[[Pickler, Any], None]] = {
    str: Pickler._text,
    tuple: Pickler._tuple,
    list: Pickler._list,
    dict: Pickler._dict,
    OrderedDict: Pickler._ordered,
    bytes: Pickler._bytes,
    bytearray: Pickler._bytearray,
    set: lambda self, value: self._call("__builtin__ set", list(value), made=value),
    Counter: lambda self, value: self._call("collections Counter", dict(value), made=value),
    complex: lambda self, value: self._call("__builtin__ complex", value.real, value.imag, made=value),
    Size: lambda self, value: self._call("torch Size", tuple(value), made=value),
    dtype: lambda self, value: self._name(f"torch {value.name}"),
    layout: lambda self, value: self._call("torch.serialization _get_layout", repr(value), made=value),
    device: lambda self, value: self._call(
        "torch device", "cpu", *(() if value.index is None else (value.index,)), made=value
    ),
    Tensor: Pickler._tensor,
    UntypedStorage: Pickler._untyped,
    TypedStorage: Pickler._typed,
    _Name: Pickler._named,
    _Call: Pickler._called,
    _Memory: Pickler._reference,
}


class _RefusedError(Exception):
    """Something that is no plain data."""

    def __init__(self, culprit: Any) -> None:
        super().__init__()
        self.culprit = culprit


def _explained(value: Any) -> str:
    """What it is, and what to save instead."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}, which torch.load would not read by default. {_fix(value)}"


def _fix(value: Any) -> str:
    if hasattr(type(value), "state_dict"):
        return (
            "Only data is saved, no code. Save its state: save(model.state_dict(), f), and put it back with "
            "model.load_state_dict(load(f))."
        )
    if isinstance(value, np.generic):
        return "Save a Python number: value.item()."
    if isinstance(value, np.ndarray):
        return "Save a tensor: tinygrad_nn.from_numpy(array)."
    for plain in (dict, list, tuple, str, int, float, complex, set):
        if isinstance(value, plain):
            return f"Save a plain {plain.__name__}: {plain.__name__}(value)."
    if isinstance(value, frozenset | range):
        return "Save a list: list(value)."
    if hasattr(type(value), "get_state"):
        return "Save its state: value.get_state()."
    return (
        "Save numbers, strings, tensors, and lists, tuples, sets and dicts of them; of an object, its attributes: "
        "dict(vars(value))."
    )
