"""Classes that a program says may be in its files, and a few data types of Python and NumPy that are read on request.

PyTorch calls what `add_safe_globals` names. Here nothing is called: an object of such a class is made without its
``__init__``, and its attributes are set as they were saved. So only classes can be named whose objects are no more than
their attributes; functions, and classes with a hand in how they are made, are refused.

Source: https://docs.pytorch.org/docs/stable/notes/serialization.html#weights-only-allowlist
"""

from __future__ import annotations

import enum
import math
import re
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from .machine import check_key

_NUMBER = re.compile(r"[<>|=]?[biufc]\d{1,2}")
_added: dict[str, Any] = {}  # by the name in files: the class, or what reads its data


class Trusted:
    """A name in a file that stands for a trusted class, or for a reader of plain data."""

    def __init__(self, name: str, meaning: Any) -> None:
        self.name, self.meaning = name, meaning

    def made(self, builder: Any, arguments: tuple[Any, ...]) -> Any:
        """The object that these arguments describe, as yet without attributes.

        Raises:
            pickle.UnpicklingError: they are not what such an object is made of.
        """
        kind = self.meaning
        if not isinstance(kind, type):
            try:
                return kind(builder, *arguments)
            except (TypeError, ValueError, AttributeError) as error:
                raise UnpicklingError(f"{self.name}: {error}") from error
        if issubclass(kind, enum.Enum):
            found = next((one for one in kind if arguments == (one._value_,)), None)
            if found is None:
                raise UnpicklingError(f"{self.name} has no member of this value")
            return found
        if issubclass(kind, tuple):
            if len(arguments) != len(kind._fields):  # type: ignore[attr-defined] # it is a namedtuple
                raise UnpicklingError(f"{self.name} has other fields")
            return tuple.__new__(kind, arguments)
        if arguments:
            raise UnpicklingError(f"{self.name} is made without arguments")
        return types.SimpleNamespace() if kind is types.SimpleNamespace else object.__new__(kind)


def fill(target: Any, state: Any, trusted: Iterable[Any]) -> None:
    """Set the attributes of an object of a trusted class, or the numbers of one of NumPy's arrays.

    Raises:
        pickle.UnpicklingError: its class is not trusted, or it cannot have such attributes.
    """
    kind = type(target)
    if kind is np.ndarray:
        _fill_array(target, state)
    elif isinstance(target, np.dtype):
        if type(state) is not tuple or len(state) < 2 or state[1] not in ("<", "|", "="):
            raise UnpicklingError("A NumPy type of another byte order")
    elif kind in trusted and not issubclass(kind, tuple | enum.Enum):
        _set_attributes(target, state)
    else:
        raise UnpicklingError(f"Can only build OrderedDict and objects of trusted classes, but got {kind}")


def _set_attributes(target: Any, state: Any) -> None:
    parts = state if type(state) is tuple and len(state) == 2 else (state,)  # of `__dict__`, of `__slots__`
    for part in parts:
        if part is not None and (type(part) is not dict or not all(type(name) is str for name in part)):
            raise UnpicklingError("Attributes must be a dict of names")
        for name, value in (part or {}).items():
            slot = getattr(type(target), name, None)
            if isinstance(slot, types.MemberDescriptorType):
                slot.__set__(target, value)
            elif hasattr(target, "__dict__"):
                vars(target)[name] = value
            else:
                raise UnpicklingError(f"{type(target).__name__} has no attribute {name!r}")


# --- data that is read on request ------------------------------------------------------------------------------------


def _dtype(builder: Any, code: Any, align: Any = False, copy: Any = True) -> np.dtype[Any]:
    if type(code) is not str or not _NUMBER.fullmatch(code):
        raise UnpicklingError("Of NumPy's types, those of numbers are read")
    return np.dtype(code)


def _checked(kind: Any, shape: Any, data: Any) -> None:
    if not isinstance(kind, np.dtype) or kind.kind not in "biufc" or type(data) is not bytes:
        raise UnpicklingError("A NumPy array needs a type of numbers, and bytes")
    if type(shape) is not tuple or len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**62 for n in shape):
        raise UnpicklingError("A NumPy array needs a shape")
    if math.prod(shape) * kind.itemsize != len(data):
        raise UnpicklingError(f"A NumPy array of shape {shape} has {len(data)} bytes")


def _scalar(builder: Any, kind: Any, data: Any) -> Any:
    _checked(kind, (), data)
    return np.frombuffer(data, kind)[0]


def _new_array(builder: Any, kind: Any, shape: Any, code: Any) -> np.ndarray[Any, Any]:
    return np.empty(0, np.int8)  # which `_fill_array` fills


def _fill_array(target: np.ndarray[Any, Any], state: Any) -> None:
    if type(state) is not tuple or len(state) != 5 or target.size:
        raise UnpicklingError("A NumPy array has another state")
    _, shape, kind, columns, data = state
    _checked(kind, shape, data)
    numpy_state: Any = (1, shape, kind, columns is True, data)
    target.__setstate__(numpy_state)


def _path(builder: Any, *parts: Any) -> Path:
    if not all(type(part) is str for part in parts):
        raise UnpicklingError("A path is made of strings")
    return Path(*parts)


def _frozenset(builder: Any, items: Any = ()) -> frozenset[Any]:
    for item in builder.copied(items, list, tuple):
        check_key(item)
    return frozenset(items)


def _of_numbers(make: Callable[..., Any]) -> Callable[..., Any]:
    def made(builder: Any, *ends: Any) -> Any:
        if not all(end is None or type(end) is int for end in ends):
            raise UnpicklingError("A slice or range is made of whole numbers")
        return make(*ends)

    return made


# Read where a program asks for them, or says weights_only=False: plain data, which other programs save now and then.
READERS: dict[str, Any] = {
    "numpy.dtype": _dtype,
    "numpy.ndarray": _new_array,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy._core.multiarray._reconstruct": _new_array,
    "builtins.frozenset": _frozenset,
    "builtins.slice": _of_numbers(slice),
    "builtins.range": _of_numbers(range),
    "argparse.Namespace": None,  # filled in below, without importing the module
    "types.SimpleNamespace": types.SimpleNamespace,
    **{f"pathlib.{name}": _path for name in ("Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")},
}


def trusted_names(everything: bool) -> dict[str, Any]:
    """What is read beside the names that always are: with `everything`, all that is known to be plain data."""
    found = {**READERS, **_added} if everything else dict(_added)
    if found.get("argparse.Namespace", ...) is None:
        import argparse

        found["argparse.Namespace"] = argparse.Namespace
    return found


# --- the public functions --------------------------------------------------------------------------------------------


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let `load` read objects of these classes.

    They are made without ``__init__`` and get the attributes that were saved, so that nothing is run. Data classes,
    named tuples, enumerations and plain classes can be read in this way; and NumPy's numbers and arrays, for which the
    names are those that PyTorch asks for (``numpy.dtype``, ``numpy._core.multiarray.scalar``).

    Args:
        safe_globals: classes, or pairs of a class and its name in the files.

    Raises:
        TypeError: one is a function, or a class that has a hand in how its objects are made; none has been added.

    Source: https://docs.pytorch.org/docs/stable/notes/serialization.html#torch.serialization.add_safe_globals

    Example:
        >>> import argparse
        >>> from tinygrad_nn import serialization
        >>> serialization.add_safe_globals([argparse.Namespace])
        >>> serialization.get_safe_globals()
        [<class 'argparse.Namespace'>]
        >>> serialization.clear_safe_globals()
    """
    _added.update([_checked_class(given) for given in safe_globals])


def clear_safe_globals() -> None:
    """Forget what `add_safe_globals` has named."""
    _added.clear()


def get_safe_globals() -> list[Any]:
    """The classes that `add_safe_globals` has named."""
    return [meaning.given if isinstance(meaning, _Reader) else meaning for meaning in _added.values()]


@contextmanager
def safe_globals(safe_globals: list[Any]) -> Iterator[None]:
    """Let `load` read objects of these classes in a ``with`` statement. See `add_safe_globals`.

    Raises:
        TypeError: one is no class that can be read.

    Source: https://docs.pytorch.org/docs/stable/notes/serialization.html#torch.serialization.safe_globals
    """
    before = dict(_added)
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        _added.clear()
        _added.update(before)


class _Reader:
    """A reader of plain data, and what the program has named to get it."""

    def __init__(self, given: Any, read: Any) -> None:
        self.given, self._read = given, read

    def __call__(self, builder: Any, *arguments: Any) -> Any:
        return self._read(builder, *arguments)


def _checked_class(given: Any) -> tuple[str, Any]:
    """The name under which it stands in files, and what is to be made of it."""
    pair = given if type(given) is tuple and len(given) == 2 else (given, None)
    found, name = pair
    if name is None:
        name = f"{getattr(found, '__module__', '?')}.{getattr(found, '__qualname__', '?')}"
    name = file_name(name)
    reader = READERS.get(name)
    if reader is not None and not isinstance(reader, type):
        return name, _Reader(found, reader)
    if name.startswith("numpy.dtypes."):  # which PyTorch asks for; the types of numbers are known
        return name, _Reader(found, _dtype)
    if not isinstance(found, type):
        raise TypeError(
            f"add_safe_globals(): {name} is no class but {type(found).__name__}, and would be called. Nothing in a "
            "file is run here: save data, or name classes."
        )
    if not (isinstance(found, enum.EnumMeta) or found is types.SimpleNamespace):
        _check_plain(found, name)
    return name, found


def _check_plain(kind: type, name: str) -> None:
    if hasattr(kind, "state_dict"):
        raise TypeError(f"add_safe_globals(): {name} has a state: save that, object.state_dict(), and load it")
    named_tuple = issubclass(kind, tuple) and hasattr(kind, "_fields") and kind.__bases__ == (tuple,)
    made: Any = kind.__new__
    plain = made is object.__new__ and kind.__flags__ & (1 << 9)  # written in Python
    own = next((method for method in ("__setstate__", "__del__", "__set_name__") if hasattr(kind, method)), None)
    if own is None and not named_tuple and not plain:
        own = "__new__"
    if own is not None:
        raise TypeError(
            f"add_safe_globals(): {name} has a hand in how its objects are made ({own}), and nothing is run here. Save "
            "their attributes as a dict: dict(vars(value))."
        )


def file_name(name: str) -> str:
    """A name as it is known here, whichever version of Python or NumPy has written it."""
    for old, new in _RENAMED.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


_RENAMED = {
    "__builtin__.xrange": "builtins.range", "builtins.xrange": "builtins.range", "__builtin__.": "builtins.",
    "numpy.core.": "numpy._core.", "pathlib._local.": "pathlib.",
}  # fmt: skip
