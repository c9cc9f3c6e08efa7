"""Inputs for an op's generated tests, drawn from what was declared beside the op: its cases, domain, kinks, ties.

The numbers depend on the op's name and the case's position only: a failure can be repeated, and answers can be stored.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np

from .._core.op import Case, Integers, Op
from .._core.tensor import Tensor, wrap

Array = np.ndarray[Any, Any]
FLOAT64 = np.dtype(np.float64)
_UNARY = ((2, 3), (), (0,), (3, 1, 2))
_BINARY = (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,)), ((), ()), ((0, 2), (1, 2)))


@dataclass(frozen=True)
class Sample:
    """One call of an op, with concrete inputs."""

    op: Op
    case: Case
    inputs: tuple[Any, ...]
    options: dict[str, Any]
    dtype: np.dtype[Any] = FLOAT64
    stream: int = 0

    @property
    def differentiable(self) -> tuple[int, ...]:
        """The positions of the inputs that have a rule: real arrays of floating point numbers."""
        return tuple(i for i, value in enumerate(self.inputs) if is_float(value) and has_rule(self.op, i))

    def replace(self, values: dict[int, Any]) -> Sample:
        """The same call with other inputs at some positions."""
        return replace(self, inputs=tuple(values.get(i, value) for i, value in enumerate(self.inputs)))

    def random(self, *key: int) -> np.random.Generator:
        """A generator of this sample's own; other keys, other numbers."""
        return np.random.default_rng([self.stream, *key])

    def tensors(self, requires_grad: bool | Sequence[int] = False) -> list[Any]:
        """The inputs as tensors; with gradients wanted for all that can have one, or for these positions."""
        wanted = self.differentiable if requires_grad is True else requires_grad or ()
        return [as_tensor(value, i in wanted) for i, value in enumerate(self.inputs)]

    def call(self, tensors: Sequence[Any]) -> tuple[Tensor, ...]:
        """The op on these tensors; always a tuple of outputs."""
        result = self.op.call(*tensors, **self.options)
        return tuple(result) if isinstance(result, tuple | list) else (result,)

    def __str__(self) -> str:
        words = [describe(value) for value in self.inputs] + [f"{k}={describe(v)}" for k, v in self.options.items()]
        return f"{self.op.name}({', '.join(words)})"


def is_float(value: Any) -> bool:
    """Whether a gradient can exist for this value."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def has_rule(op: Op, position: int) -> bool:
    """Whether the op has a rule for its input at this position."""
    if op.joint:
        return op.rules[0] is not None
    return position < len(op.rules) and op.rules[position] is not None


def as_tensor(value: Any, requires_grad: bool = False) -> Any:
    """An array as a tensor around this very array; anything else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    return wrap(value).requires_grad_() if requires_grad else wrap(value)


def describe(value: Any) -> str:
    """An array in a word, such as ``float64[2, 3]``."""
    if isinstance(value, Tensor):
        value = value._array
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    return getattr(value, "__name__", repr(value))


def default_cases(op: Op) -> tuple[Case, ...]:
    """The op's own cases; for an op that declares none, shapes that suit its number of inputs."""
    if op.cases:
        return op.cases
    if op.complex_numbers:  # for which there are tests of their own
        return ()
    count = len(op.inputs)
    if op.kind == "elementwise" and count == 1:
        return tuple(Case((shape,)) for shape in _UNARY)
    if op.kind == "elementwise" and count == 2:
        return tuple(Case(shapes) for shapes in _BINARY)
    return (Case(((2, 3),) * count),)


def samples(
    op: Op, cases: Sequence[Case] | None = None, dtype: Any = FLOAT64, *, special: bool = False
) -> list[Sample]:
    """One sample for each case; the op's own cases unless others are given, and on request its special points."""
    chosen = list(default_cases(op) if cases is None else cases)
    if special and cases is None:
        chosen += [point if isinstance(point, Case) else Case(tuple(point[0]), dict(point[1])) for point in op.special]
    return [make_sample(op, case, number, np.dtype(dtype)) for number, case in enumerate(chosen)]


def make_sample(op: Op, case: Case, number: int = 0, dtype: np.dtype[Any] = FLOAT64) -> Sample:
    """Draw a case's inputs.

    A float64 array, or an option that is NumPy's float64, stands for "of the dtype under test".
    """
    stream = zlib.crc32(f"{op.name}/{number}".encode())
    random = np.random.default_rng(stream)
    with np.errstate(all="ignore"):  # special points may be too great for float16
        inputs = tuple(_input(op, wanted, random, dtype) for wanted in case.inputs)
    options = {name: _option(value, dtype) for name, value in case.options.items()}
    return Sample(op, case, inputs, options, dtype, stream)


def _option(value: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(value, np.dtype):
        return dtype if value == FLOAT64 else value
    if isinstance(value, np.ndarray) and value.dtype == FLOAT64:
        with np.errstate(all="ignore"):
            return value.astype(dtype)
    return value


def _input(op: Op, wanted: Any, random: np.random.Generator, dtype: np.dtype[Any]) -> Any:
    if isinstance(wanted, Tensor):
        wanted = wanted._array
    if isinstance(wanted, np.ndarray):
        return wanted.astype(dtype) if wanted.dtype == FLOAT64 else wanted.copy()
    if isinstance(wanted, Integers):
        drawn = np.asarray(random.integers(0, wanted.high, wanted.shape))
        return drawn.astype(bool) if wanted.boolean else drawn
    if isinstance(wanted, tuple):
        return floats(random, wanted, op.domain, op.avoid, op.distinct).astype(dtype)
    return wanted


def floats(
    random: np.random.Generator,
    shape: tuple[int, ...],
    domain: tuple[float, float] = (-np.inf, np.inf),
    avoid: Sequence[float] = (),
    distinct: bool = False,
) -> Array:
    """Random numbers inside a domain, at a distance from some points, and on request from one another."""
    size = int(np.prod(shape))
    uniform = random.random(size)
    if distinct:  # one in each of `size` equal boxes, in random order, with a gap between neighbours
        uniform = (random.permutation(size) + 0.15 + 0.7 * uniform) / max(size, 1)
    return np.asarray(_allowed(uniform, interval(domain, avoid), avoid).reshape(shape))


def interval(domain: tuple[float, float], avoid: Sequence[float] = ()) -> tuple[float, float]:
    """A finite interval inside the domain, away from its ends, and with all kinks inside."""
    low, high = domain
    if isfinite(low) and isfinite(high):
        margin = 0.05 * (high - low)
        return low + margin, high - margin
    kinks = [kink for kink in avoid if isfinite(kink)] or [0.0]
    first = low + 0.2 if isfinite(low) else min([high - 3.0, *(kink - 1.0 for kink in kinks), -2.0])
    last = high - 0.2 if isfinite(high) else max([low + 3.0, *(kink + 1.0 for kink in kinks), 2.0])
    return first, last


def _allowed(uniform: Array, bounds: tuple[float, float], avoid: Sequence[float]) -> Array:
    """Spread numbers from 0 to 1 over an interval without the neighbourhoods of some points, keeping their order."""
    low, high = bounds
    kinks = sorted(kink for kink in avoid if low <= kink <= high)
    margin = 0.1 * (high - low) / (2 * (len(kinks) + 1))
    position = low + uniform * (high - low - 2 * margin * len(kinks))
    for kink in kinks:
        position = np.where(position > kink - margin, position + 2 * margin, position)
    return np.asarray(position)
