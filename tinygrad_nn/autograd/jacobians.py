"""Jacobians for `gradcheck`: by finite differences of a function's values, and by its gradients.

Complex outputs are taken apart: their real and imaginary parts are real functions each. A complex input ``a + b j`` has
``df/da + df/db j`` in its place of the Jacobian, which is what PyTorch calls the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
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


def _value(
    func: Callable[..., Any], inputs: tuple[Any, ...], position: int, array: Array, number: int, part: Part
) -> Array:
    """One output with one input's elements replaced, also where the function does not get the input as an argument."""
    tensor = inputs[position]
    before, tensor._array = tensor._array, array
    try:
        return np.array(part.take(outputs(func(*inputs))[number]._array), np.float64)
    finally:
        tensor._array = before


def difference(
    func: Callable[..., Any], inputs: tuple[Any, ...], position: int, step: Array, number: int, part: Part, eps: float
) -> Array:
    """How an output changes from one step before to one step behind an input, for each `eps` of the way."""
    array = inputs[position]._array
    ahead, behind = np.asarray(array + step, array.dtype), np.asarray(array - step, array.dtype)
    change = _value(func, inputs, position, ahead, number, part) - _value(func, inputs, position, behind, number, part)
    return np.asarray(change / (2 * eps))


def numerical_jacobian(
    func: Callable[..., Any], inputs: tuple[Any, ...], position: int, number: int, part: Part, eps: float
) -> Array:
    """The Jacobian: a row for each element of the input, a column for each element of the output."""
    array = inputs[position]._array
    rows = []
    for index in np.ndindex(array.shape):
        step = np.zeros_like(array)
        step[index] = eps
        row = difference(func, inputs, position, step, number, part, eps).reshape(-1)
        if array.dtype.kind == "c":
            row = row + 1j * difference(func, inputs, position, step * 1j, number, part, eps).reshape(-1)
        rows.append(row)
    return np.array(rows) if rows else np.zeros((0, 0))


# --- by gradients ------------------------------------------------------------------------------------------------


def gradients(output: Tensor, inputs: list[Tensor], gradient: Array) -> list[Array]:
    """The gradients of the inputs for one of the output; zeros where there is none."""
    given = wrap(gradient.astype(output._array.dtype))
    found = grad(output, inputs, given, retain_graph=True, allow_unused=True)
    return [np.zeros_like(i._array) if g is None else g._array for i, g in zip(inputs, found, strict=True)]


def analytical_jacobians(output: Tensor, inputs: list[Tensor], part: Part) -> list[Array]:
    """For each input the Jacobian of the output's part, one column after the other."""
    shape = output._array.shape
    columns: list[list[Array]] = [[] for _ in inputs]
    for index in np.ndindex(shape):
        gradient = np.zeros(shape, output._array.dtype)
        gradient[index] = part.weight if output._array.dtype.kind == "c" else 1.0
        for column, found in zip(columns, gradients(output, inputs, gradient), strict=True):
            column.append(found.reshape(-1))
    return [
        np.array(column).T if column else np.zeros((i.numel(), 0)) for column, i in zip(columns, inputs, strict=True)
    ]
