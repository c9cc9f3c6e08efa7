"""Jacobians for `gradcheck`: by finite differences of a function's values, and by its gradients.

Complex outputs are taken apart: their real and imaginary parts are real functions each. A complex input ``a + b j`` has
``df/da + df/db j`` in its place of the Jacobian, which is what PyTorch calls the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.gradients import grad
from .._core.tensor import Tensor, wrap

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Part:
    """A real part of an output: how it is taken, and the gradient that stands for it."""

    take: Callable[[Array], Array]
    weight: complex
    prefix: str = ""


_WHOLE = Part(lambda array: array, 1.0)
_REAL = Part(np.real, 1.0, "While considering the real part of complex outputs only, ")
_IMAGINARY = Part(np.imag, 1j, "While considering the imaginary part of complex outputs only, ")


def parts_of(output: Array) -> tuple[Part, ...]:
    """The real parts in which an output is checked."""
    return (_IMAGINARY, _REAL) if output.dtype.kind == "c" else (_WHOLE,)


def outputs(result: Any) -> list[Tensor]:
    """The tensors of what a function returns."""
    return [result] if isinstance(result, Tensor) else [r for r in result if isinstance(r, Tensor)]


def differentiable(result: Any) -> list[Tensor]:
    """Those of them that require grad."""
    return [output for output in outputs(result) if output.requires_grad]


def random_like(random: np.random.Generator, like: Array, shape: tuple[int, ...]) -> Array:
    """Normal numbers of an array's type."""
    numbers = random.standard_normal(shape)
    if like.dtype.kind == "c":
        numbers = numbers + 1j * random.standard_normal(shape)
    return np.asarray(numbers, like.dtype)


def unit_like(random: np.random.Generator, like: Array) -> Array:
    """A random vector of length 1, in an array's shape, with complex elements if it has some."""
    wide = np.empty(0, np.complex128 if like.dtype.kind == "c" else np.float64)
    vector = random_like(random, wide, like.shape)
    return np.asarray(vector / max(float(np.sqrt(np.sum(np.abs(vector) ** 2))), 1e-30))


# --- by differences ----------------------------------------------------------------------------------------------


class Differences:
    """A function's values at changed inputs, and differences of them.

    Inputs of low precision are replaced by float64 ones where the function follows their type: then its derivative is
    known to more digits than the gradient has. Where it does not, steps are long enough for its own precision.

    Attributes:
        roundoff: the relative accuracy of the function's values.
        step: the shortest step at which a difference says something.
    """

    def __init__(self, func: Callable[..., Any], inputs: tuple[Any, ...], wanted: Sequence[int], eps: float) -> None:
        self.func, self.inputs = func, inputs
        self.arrays = {i: inputs[i]._array for i in wanted}
        coarsest = max((_roundoff(array) for array in self.arrays.values()), default=_DOUBLE)
        self.roundoff = coarsest
        if coarsest > _DOUBLE:
            widened = {i: array.astype(_wide_type(array)) for i, array in self.arrays.items()}
            if self._follows(widened):
                self.arrays, self.roundoff = widened, _DOUBLE
        self.step = eps if self.roundoff == _DOUBLE else max(eps, self.roundoff ** (1 / 3))

    def _follows(self, widened: dict[int, Array]) -> bool:
        """Whether the function computes in double precision when it is given that."""
        try:
            found = outputs(self._run(widened))
        except (RuntimeError, TypeError, ValueError):  # another tensor in it keeps its own type
            return False
        return all(output._array.dtype in (np.float64, np.complex128) for output in found)

    def _run(self, arrays: dict[int, Array]) -> Any:
        """The function with other elements in its inputs, also where it does not get them as arguments."""
        before = {i: self.inputs[i]._array for i in arrays}
        try:
            for i, array in arrays.items():
                self.inputs[i]._array = array
            return self.func(*self.inputs)
        finally:
            for i, array in before.items():
                self.inputs[i]._array = array

    def value(self, position: int, change: Array, number: int, part: Part) -> Array:
        """A part of one output, with something added to one input."""
        array = self.arrays[position]
        changed = {**self.arrays, position: np.asarray(array + change, array.dtype)}
        return np.array(part.take(outputs(self._run(changed))[number]._array), np.float64)

    def along(self, position: int, direction: Array, number: int, part: Part) -> Callable[[float], Array]:
        """A part of one output as a function of how far one input is moved in a direction."""
        return lambda distance: self.value(position, distance * direction, number, part)

    def difference(self, position: int, direction: Array, number: int, part: Part) -> Array:
        """The derivative of a part of one output along a direction in one input."""
        value = self.along(position, direction, number, part)
        return np.asarray((value(self.step) - value(-self.step)) / (2 * self.step))

    def unit(self, position: int, row: int) -> Array:
        """The direction in which one element of an input grows."""
        direction: Array = np.zeros_like(self.arrays[position])
        direction[np.unravel_index(row, direction.shape)] = 1.0
        return direction

    def jacobian(self, position: int, number: int, part: Part) -> Array:
        """The Jacobian: a row for each element of the input, a column for each element of the output."""
        array = self.arrays[position]
        rows = []
        for index in range(array.size):
            direction = self.unit(position, index)
            row = self.difference(position, direction, number, part).reshape(-1)
            if array.dtype.kind == "c":
                row = row + 1j * self.difference(position, direction * 1j, number, part).reshape(-1)
            rows.append(row)
        return np.array(rows) if rows else np.zeros((0, 0))


_DOUBLE = float(np.finfo(np.float64).eps)


def _roundoff(array: Array) -> float:
    return float(np.finfo(array.dtype).eps) if array.dtype.kind in "fc" else 0.0


def _wide_type(array: Array) -> np.dtype[Any]:
    wide = {"f": np.float64, "c": np.complex128}.get(array.dtype.kind, array.dtype)
    return np.dtype(wide)


# --- by gradients ------------------------------------------------------------------------------------------------


def gradients(output: Tensor, inputs: list[Tensor], gradient: Array) -> list[Array]:
    """The gradients of the inputs for one of the output; zeros where there is none."""
    given = wrap(gradient.astype(output._array.dtype))
    found = grad(output, inputs, given, retain_graph=True, allow_unused=True)
    return [np.zeros_like(i._array) if g is None else g._array for i, g in zip(inputs, found, strict=True)]


class WrongShapeError(Exception):
    """A gradient has another shape than its input."""

    def __init__(self, number: int, got: tuple[int, ...], expected: tuple[int, ...]) -> None:
        super().__init__(number, got, expected)
        self.number, self.got, self.expected = number, got, expected


def analytical_jacobians(output: Tensor, inputs: list[Tensor], part: Part) -> list[Array]:
    """For each input the Jacobian of the output's part, one column after the other."""
    shape = output._array.shape
    columns: list[list[Array]] = [[] for _ in inputs]
    for index in np.ndindex(shape):
        gradient = np.zeros(shape, output._array.dtype)
        gradient[index] = part.weight if output._array.dtype.kind == "c" else 1.0
        for number, found in enumerate(gradients(output, inputs, gradient)):
            if found.shape != inputs[number]._array.shape:
                raise WrongShapeError(number, found.shape, inputs[number]._array.shape)
            columns[number].append(found.reshape(-1))
    return [
        np.array(column).T if column else np.zeros((i.numel(), 0)) for column, i in zip(columns, inputs, strict=True)
    ]
