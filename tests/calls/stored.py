"""Calls and answers as JSON, with the numbers in one array beside it: for runs without PyTorch."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .compare import Answer
from .drawing import Constant
from .table import Call


class Store:
    """Numbers one after another; the text says where, of what type and shape."""

    def __init__(self, numbers: Any = ()) -> None:
        self.numbers: list[Any] = [np.asarray(numbers, np.float64)]
        self.size = self.numbers[0].size

    def put(self, array: np.ndarray[Any, Any]) -> dict[str, Any]:
        values = array.view(f"f{array.itemsize // 2}") if array.dtype.kind == "c" and array.ndim else array
        if array.dtype.kind == "c" and not array.ndim:
            values = np.array([array.real, array.imag])
        flat = np.ascontiguousarray(values).astype(np.float64).reshape(-1)
        self.numbers.append(flat)
        self.size += flat.size
        entry = {"array": f"{array.dtype} {list(array.shape)}", "at": self.size - flat.size}
        return {**entry, "constant": True} if isinstance(array, Constant) else entry

    def get(self, entry: dict[str, Any]) -> np.ndarray[Any, Any]:
        found = self._read(entry)
        return found.view(Constant) if "constant" in entry else found

    def _read(self, entry: dict[str, Any]) -> np.ndarray[Any, Any]:
        name, _, shape = entry["array"].partition(" ")
        dtype, sizes = np.dtype(name), tuple(int(n) for n in shape.strip("[]").split(",") if n.strip())
        count = int(np.prod(sizes, dtype=int)) * (2 if dtype.kind == "c" else 1)
        values = self.numbers[0][entry["at"] : entry["at"] + count]
        if dtype.kind == "c":
            return np.ascontiguousarray(values).view(np.complex128).astype(dtype).reshape(sizes)
        return values.astype(dtype).reshape(sizes)

    def encode(self, value: Any) -> Any:
        """A value as JSON.

        Raises:
            TypeError: it is a function, or something else that cannot be stored.
        """
        if isinstance(value, np.ndarray):
            return self.put(np.require(value, None, "C") if value.ndim else value)
        if isinstance(value, np.dtype):
            return {"dtype": value.name}
        if isinstance(value, list):
            return [self.encode(v) for v in value]
        if isinstance(value, tuple):
            return {"tuple": [self.encode(v) for v in value]}
        if isinstance(value, slice):
            return {"slice": [value.start, value.stop, value.step]}
        if isinstance(value, complex):
            return {"complex": [value.real, value.imag]}
        if value is Ellipsis:
            return {"ellipsis": True}
        if value is None or isinstance(value, bool | int | float | str):
            return value
        raise TypeError(f"cannot store {value!r}")

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(v) for v in value]
        if not isinstance(value, dict):
            return value
        kind = next(iter(value))
        if kind == "array":
            return self.get(value)
        inner = value[kind]
        made: dict[str, Any] = {
            "dtype": lambda: np.dtype(inner), "tuple": lambda: tuple(self.decode(v) for v in inner),
            "slice": lambda: slice(*inner), "complex": lambda: complex(*inner), "ellipsis": lambda: Ellipsis,
        }  # fmt: skip
        return made[kind]()

    def put_call(self, call: Call) -> Any:
        return [self.encode(list(call.args)), {k: self.encode(v) for k, v in call.options.items()}]

    def get_call(self, entry: Any) -> Call:
        return Call(*self.decode(entry[0]), **{k: self.decode(v) for k, v in entry[1].items()})

    def put_answer(self, answer: Answer) -> Any:
        if answer.error is not None:
            known = [k.__name__ for k in type(answer.error).__mro__ if hasattr(builtins, k.__name__)]
            return {"error": known[0]}
        stored = {"results": self.encode(answer.results), "recorded": answer.recorded, "warned": answer.warned}
        if answer.gradients is not None:
            stored["gradients"] = self.encode(answer.gradients)
        if answer.second is not None:
            stored["second"] = self.encode(answer.second)
        return stored

    def get_answer(self, entry: dict[str, Any]) -> Answer:
        if "error" in entry:
            return Answer(error=getattr(builtins, entry["error"])("as PyTorch"))
        return Answer(
            results=self.decode(entry["results"]), recorded=entry["recorded"], warned=entry["warned"],
            gradients=self.decode(entry.get("gradients")), second=self.decode(entry.get("second")),
        )  # fmt: skip
