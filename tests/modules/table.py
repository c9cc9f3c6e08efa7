"""The tables of modules, and the inputs that they are called with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Input:
    """A tensor to call a module with: its shape, and what its values are drawn from."""

    kind: str  # "normal", "uniform", "integers" or "booleans"
    shape: tuple[int, ...]
    low: float = 0.0
    high: float = 1.0
    gradient: bool = True  # the gradient for it is compared, if it is of floating point numbers

    def draw(self, random: np.random.RandomState) -> np.ndarray[Any, Any]:
        """An array of this kind: float64, int64 or bool."""
        if self.kind == "normal":
            return np.asarray(random.standard_normal(self.shape))
        if self.kind == "uniform":
            return np.asarray(random.uniform(self.low, self.high, self.shape))
        if self.kind == "integers":
            return np.asarray(random.randint(int(self.low), int(self.high), self.shape), dtype=np.int64)
        return np.asarray(random.uniform(size=self.shape) < 0.5)


def normal(*shape: int, gradient: bool = True) -> Input:
    """Floating point numbers of the type that the module computes in, from a normal distribution."""
    return Input("normal", shape, gradient=gradient)


def uniform(*shape: int, low: float = 0.0, high: float = 1.0, gradient: bool = True) -> Input:
    """Floating point numbers of the type that the module computes in, between `low` and `high`."""
    return Input("uniform", shape, low, high, gradient)


def integers(*shape: int, low: int = 0, high: int) -> Input:
    """Integers from `low` up to, but without, `high`."""
    return Input("integers", shape, low, high)


def booleans(*shape: int) -> Input:
    """True or False."""
    return Input("booleans", shape)


@dataclass(frozen=True)
class Layer:
    """One way to make a module and to call it."""

    source: str  # how it is made: ``nn`` and ``torch`` are the package's; `uses` may name more
    inputs: tuple[Any, ...]  # `Input`, or anything else as it is; lists, tuples and dictionaries may hold such
    options: dict[str, Any]  # arguments given by keyword
    calls: int  # how often it is called before its output is looked at
    types: tuple[str, ...]
    modes: tuple[bool, ...]  # training, evaluation
    second: bool
    tolerance: float
    reason: str
    values: Callable[[Any], Any] | None
    prepare: Callable[[Any, Any], Any] | None

    @property
    def name(self) -> str:
        """What the tests call it."""
        return f"{self.source}({', '.join(map(_shown, self.inputs))})"


LAYERS: dict[str, Layer] = {}
REFUSED: dict[str, Layer] = {}


def layer(
    source: str,
    *inputs: Any,
    options: dict[str, Any] | None = None,
    calls: int = 1,
    types: tuple[str, ...] = ("float32", "float64"),
    modes: tuple[bool, ...] = (True, False),
    second: bool = True,
    tolerance: float = 1.0,
    reason: str = "",
    values: Callable[[Any], Any] | None = None,
    prepare: Callable[[Any, Any], Any] | None = None,
) -> None:
    """Enter a module in the table.

    Args:
        source: how it is made, such as ``"nn.Linear(3, 2)"``.
        inputs, options: what it is called with.
        calls: how often it is called: more than once where a call changes its state.
        types, modes: in which dtypes, and with which ``training``, it is compared.
        second: compare second gradients. Left out where PyTorch has none.
        tolerance: a factor on the permitted difference.
        reason: why something is left out or loosened.
        values: of what it returns, what is compared.
        prepare: called with the package and the inputs, for inputs that are no tensors (packed sequences).
    """
    _enter(
        LAYERS, Layer(source, inputs, options or {}, calls, types, modes, second, tolerance, reason, values, prepare)
    )


def refused(
    source: str, *inputs: Any, options: dict[str, Any] | None = None, modes: tuple[bool, ...] = (True,)
) -> None:
    """Enter a call that PyTorch refuses, or a module that it refuses to make (no inputs)."""
    _enter(REFUSED, Layer(source, inputs, options or {}, 1, ("float32",), modes, False, 1.0, "", None, None))


def _enter(table: dict[str, Layer], entry: Layer) -> None:
    name = entry.name
    if entry.options:
        name += f" {', '.join(f'{k}={_shown(v)}' for k, v in entry.options.items())}"
    assert name not in table, f"{name} is listed twice"
    table[name] = entry


def _shown(value: Any) -> str:
    if isinstance(value, Input):
        return f"{value.kind}{list(value.shape)}".replace(" ", "")
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_shown, value))})"
    if isinstance(value, np.ndarray):
        return f"array{list(value.shape)}".replace(" ", "")
    return repr(value)
