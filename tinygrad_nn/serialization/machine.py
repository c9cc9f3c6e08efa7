"""Unpickling without running anything: a machine for pickle's instructions that makes plain data, and calls nothing.

What a pickle names is handed to a builder, which knows a few names and makes what they stand for; all others are
refused. No instruction takes more time or memory than the bytes of the pickle account for.

Source: https://docs.python.org/3/library/pickletools.html
"""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from pickle import UnpicklingError
from types import FunctionType
from typing import Any, Protocol

_KEY_PARTS = 1000  # of a tuple that is a key, in all
_KNOWN = ("tinygrad_nn.", "enum", "pathlib")  # whose hashes may be computed
_MAPPINGS = (dict, OrderedDict, Counter, defaultdict)


class Builder(Protocol):
    """What gives names their meaning."""

    def named(self, module: str, name: str) -> Any:
        """What a name stands for."""

    def called(self, function: Any, arguments: Any) -> Any:
        """What a named function or class gives."""

    def stored(self, reference: Any) -> Any:
        """The memory that is kept beside the pickle."""

    def built(self, target: Any, state: Any) -> None:
        """Give an object the attributes that were saved with it."""


class Machine:
    """Carries out the instructions of one pickle.

    Raises:
        pickle.UnpicklingError: they are damaged, or name what is not known.
    """

    def __init__(self, data: bytes, builder: Builder, start: int = 0, encoding: str = "utf-8") -> None:
        self._data, self._at, self._builder, self._encoding = data, start, builder, encoding
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []  # the stacks below the marks
        self._memo: dict[int, Any] = {}

    @property
    def end(self) -> int:
        """The place behind the pickle, when it has been run."""
        return self._at + 1

    def run(self) -> Any:
        """The object."""
        data, code = self._data, -1
        try:
            while (code := data[self._at]) != _STOP:
                self._at += 1
                step = _STEPS.get(code)
                if step is None:
                    raise UnpicklingError(f"Unsupported operand {code} at {self._at - 1}")
                step(self)
            return self._stack.pop()
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, struct.error) as error:
            what = "it ends too early" if self._at >= len(data) else f"{type(error).__name__}: {error}"
            raise UnpicklingError(f"The pickled data is damaged at byte {self._at} of {len(data)}: {what}.") from error

    # --- bytes ------------------------------------------------------------------------------------------------------

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if count < 0 or end > len(self._data):
            raise UnpicklingError(
                f"pickle data was truncated: {count} bytes wanted at byte {self._at} of {len(self._data)}"
            )
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _line(self) -> str:
        end = self._data.index(b"\n", self._at)
        line = self._take(end - self._at).decode()
        self._at += 1
        return line

    # --- the stack --------------------------------------------------------------------------------------------------

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _mark(self) -> None:
        self._marked.append(self._stack)
        self._stack = []

    def _pop_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._marked.pop()
        return items

    def _pop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._pop_mark()

    def _last(self, count: int) -> None:
        """Make a tuple of the last items."""
        if len(self._stack) < count:
            raise IndexError("too few items for a tuple")
        self._stack[-count:] = [tuple(self._stack[-count:])]

    def _put(self, number: int) -> None:
        self._memo[number] = self._stack[-1]

    # --- containers -------------------------------------------------------------------------------------------------

    def _append(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise UnpicklingError(f"Can only append to lists, but got {type(target)}")
        target.extend(items)

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) not in _MAPPINGS or len(items) % 2:
            raise UnpicklingError(
                f"Can only set items of dict, collections.OrderedDict, collections.Counter, but got {type(target)}"
            )
        for place in range(0, len(items), 2):
            check_key(items[place])
            target[items[place]] = items[place + 1]

    def _set_one(self) -> None:
        pair = self._stack[-2:]
        del self._stack[-2:]
        self._set(pair)

    def _add(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not set:
            raise UnpicklingError(f"Can only add to sets, but got {type(target)}")
        for item in items:
            check_key(item)
            target.add(item)

    def _build(self) -> None:
        state = self._stack.pop()
        self._builder.built(self._stack[-1], state)

    # --- names ------------------------------------------------------------------------------------------------------

    def _global(self) -> None:
        module, name = self._line(), self._line()
        self._push(self._builder.named(module, name))

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError("STACK_GLOBAL requires str")
        self._push(self._builder.named(module, name))

    def _call(self) -> None:
        arguments = self._stack.pop()
        self._stack[-1] = self._builder.called(self._stack[-1], arguments)

    def _protocol(self) -> None:
        found = self._number("<B")
        if not 2 <= found <= pickle.HIGHEST_PROTOCOL:
            raise UnpicklingError(f"unsupported pickle protocol: {found}")


def check_key(key: Any) -> None:
    """Refuse what must not be a key: what has no hash, one of a program's own making, or one that takes long.

    Raises:
        pickle.UnpicklingError: it must not be one.
    """
    pending, count = [key], 0
    while pending:
        item = pending.pop()
        count += 1 + (len(item) if isinstance(item, tuple) else 0)
        hashed = type(item).__hash__
        if hashed is None or count > _KEY_PARTS:
            raise UnpicklingError(f"unhashable type, or too large for a key: {type(item).__name__}")
        if isinstance(hashed, FunctionType) and not str(hashed.__module__).startswith(_KNOWN):
            raise UnpicklingError(f"{type(item).__name__} computes its own hash, and cannot be a key here")
        if isinstance(item, tuple):
            pending.extend(item)


def _text(read: str) -> Callable[[Machine], None]:
    """Text whose length stands before it, in this form."""
    return lambda m: m._push(m._take(m._number(read)).decode("utf-8", "surrogatepass"))


def _old_text(read: str) -> Callable[[Machine], None]:
    """Text of Python 2, whose encoding nothing tells."""
    return lambda m: m._push(m._take(m._number(read)).decode(m._encoding, "surrogatepass"))


def _raw(read: str, make: Callable[[bytes], Any] = bytes) -> Callable[[Machine], None]:
    return lambda m: m._push(make(m._take(m._number(read))))


def _new(make: Callable[[], Any]) -> Callable[[Machine], None]:
    return lambda m: m._push(make())


_STOP = pickle.STOP[0]

_BY_CODE: dict[bytes, Callable[[Machine], Any]] = {
    pickle.PROTO: Machine._protocol,
    pickle.FRAME: lambda m: m._take(8),
    pickle.MARK: Machine._mark,
    pickle.POP: Machine._pop,
    pickle.POP_MARK: Machine._pop_mark,
    pickle.DUP: lambda m: m._push(m._stack[-1]),
    # atoms
    pickle.NONE: lambda m: m._push(None),
    pickle.NEWTRUE: lambda m: m._push(True),
    pickle.NEWFALSE: lambda m: m._push(False),
    pickle.BININT: lambda m: m._push(m._number("<i")),
    pickle.BININT1: lambda m: m._push(m._number("<B")),
    pickle.BININT2: lambda m: m._push(m._number("<H")),
    pickle.BINFLOAT: lambda m: m._push(m._number(">d")),
    pickle.LONG1: _raw("<B", pickle.decode_long),
    pickle.LONG4: _raw("<i", pickle.decode_long),
    pickle.BINUNICODE: _text("<I"),
    pickle.SHORT_BINUNICODE: _text("<B"),
    pickle.BINUNICODE8: _text("<Q"),
    pickle.SHORT_BINSTRING: _old_text("<B"),
    pickle.BINSTRING: _old_text("<i"),
    pickle.BINBYTES: _raw("<I"),
    pickle.SHORT_BINBYTES: _raw("<B"),
    pickle.BINBYTES8: _raw("<Q"),
    pickle.BYTEARRAY8: _raw("<Q", bytearray),
    # containers
    pickle.EMPTY_TUPLE: _new(tuple),
    pickle.EMPTY_LIST: _new(list),
    pickle.EMPTY_DICT: _new(dict),
    pickle.EMPTY_SET: _new(set),
    pickle.TUPLE: lambda m: m._push(tuple(m._pop_mark())),
    pickle.TUPLE1: lambda m: m._last(1),
    pickle.TUPLE2: lambda m: m._last(2),
    pickle.TUPLE3: lambda m: m._last(3),
    pickle.APPEND: lambda m: m._append([m._stack.pop()]),
    pickle.APPENDS: lambda m: m._append(m._pop_mark()),
    pickle.SETITEM: Machine._set_one,
    pickle.SETITEMS: lambda m: m._set(m._pop_mark()),
    pickle.ADDITEMS: lambda m: m._add(m._pop_mark()),
    pickle.BUILD: Machine._build,
    # the memo
    pickle.BINPUT: lambda m: m._put(m._number("<B")),
    pickle.LONG_BINPUT: lambda m: m._put(m._number("<I")),
    pickle.MEMOIZE: lambda m: m._put(len(m._memo)),
    pickle.BINGET: lambda m: m._push(m._memo[m._number("<B")]),
    pickle.LONG_BINGET: lambda m: m._push(m._memo[m._number("<I")]),
    # names
    pickle.GLOBAL: Machine._global,
    pickle.STACK_GLOBAL: Machine._stack_global,
    pickle.REDUCE: Machine._call,
    pickle.NEWOBJ: Machine._call,
    pickle.BINPERSID: lambda m: m._push(m._builder.stored(m._stack.pop())),
}
_STEPS = {code[0]: step for code, step in _BY_CODE.items()}
