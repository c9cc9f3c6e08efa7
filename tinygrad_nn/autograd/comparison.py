"""Holding a function's gradients against differences of its values, and the report where they disagree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.tensor import Tensor, wrap
from .diagnosis import Sweep, kink_text, kinks, likely_mistake, sweep, sweep_text
from .jacobians import (
    Differences,
    Part,
    WrongShapeError,
    analytical_jacobians,
    gradients,
    outputs,
    unit_like,
)

Array = np.ndarray[Any, Any]
_FORWARD = "computed with forward mode "
_ROWS_SWEPT = 64  # of the elements of an input that disagree, how many are looked at again


class GradcheckError(RuntimeError):
    """A gradient is not the derivative of its function."""


@dataclass(frozen=True)
class Settings:
    """What `gradcheck` was asked for."""

    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    check_undefined_grad: bool
    check_grad_dtypes: bool
    fast_mode: bool


class Comparison:
    """The derivatives of a function by its gradients and by differences."""

    def __init__(
        self, func: Callable[..., Any], inputs: tuple[Any, ...], wanted: Sequence[int], settings: Settings
    ) -> None:
        self.func, self.inputs, self.wanted, self.settings = func, inputs, list(wanted), settings
        self.differences = Differences(func, inputs, wanted, settings.eps)

    def hold(self, number: int, part: Part) -> None:
        """Compare all that there is to compare for a part of one output.

        Raises:
            GradcheckError: they differ.
        """
        output = outputs(self.func(*self.inputs))[number]
        if not output.requires_grad:
            self._hold_constant(number, part)
        elif self.settings.fast_mode:
            self._hold_direction(output, number, part)
        else:
            self._hold_jacobians(output, number, part)

    def hold_forward(
        self, output: Tensor, number: int, part: Part, jacobian: Callable[[Differences, int, int, Part], Array]
    ) -> None:
        """Compare what forward differentiation gives for a part of one output.

        Raises:
            GradcheckError: they differ.
        """
        for position in self.wanted:
            forward = jacobian(self.differences, position, number, part)
            numerical = self.differences.jacobian(position, number, part)
            tolerance = self._tolerance(forward, output)
            if forward.size and not _is_close(forward, numerical, tolerance).all():
                _Disagreement(self, output, number, position, part, forward, numerical, tolerance, _FORWARD).settle()

    def _hold_constant(self, number: int, part: Part) -> None:
        for position in self.wanted:
            if np.abs(self.differences.jacobian(position, number, part)).max(initial=0.0) > self.settings.atol:
                raise GradcheckError(
                    f"Numerical gradient for function expected to be zero: output {number} does not require grad, but "
                    f"it changes with input {position}. A detach(), a conversion to NumPy or to integers cuts the "
                    "graph."
                )

    def _hold_jacobians(self, output: Tensor, number: int, part: Part) -> None:
        try:
            found = analytical_jacobians(output, [self.inputs[i] for i in self.wanted], part)
        except WrongShapeError as error:
            raise GradcheckError(_shape_text(self.wanted[error.number], error)) from None
        for position, analytical in zip(self.wanted, found, strict=True):
            self._hold_dtype(position, analytical)
            numerical = self.differences.jacobian(position, number, part)
            tolerance = self._tolerance(analytical, output)
            if analytical.size and not _is_close(analytical, numerical, tolerance).all():
                _Disagreement(self, output, number, position, part, analytical, numerical, tolerance).settle()

    def _hold_direction(self, output: Tensor, number: int, part: Part) -> None:
        """Compare ``v J u`` for one random unit vector on either side; the whole Jacobian only to report it."""
        random = np.random.default_rng(0)
        left = unit_like(random, output._array).real
        sent = gradients(output, [self.inputs[i] for i in self.wanted], left * part.weight)
        for position, analytical in zip(self.wanted, sent, strict=True):
            self._hold_dtype(position, analytical)
            right = unit_like(random, self.inputs[position]._array)
            change = self.differences.difference(position, right, number, part)
            expected, got = float(np.sum(left * change)), float(np.sum(analytical.conj() * right).real)
            tolerance = self._tolerance(analytical, output)
            along = _summed(self.differences.along(position, right, number, part), left)
            is_close = _is_close(np.array(got), np.array(expected), tolerance)
            if not is_close and not self._settles(along, position, got, tolerance):
                self._hold_jacobians(output, number, part)
                raise GradcheckError(
                    f"{part.prefix}Jacobian mismatch for output {number} with respect to input {position} along a "
                    f"random direction,\nnumerical:{expected}\nanalytical:{got}\n"
                    "although no single element of the Jacobian is out of tolerance"
                )

    def _settles(
        self, along: Callable[[float], Array], position: int, expected: float, tolerance: tuple[float, float]
    ) -> bool:
        """Whether differences with other steps settle on a value."""
        size = float(np.abs(self.differences.arrays[position]).max(initial=0.0))
        swept = sweep(along, size, self.differences.roundoff)
        allowed = tolerance[0] + tolerance[1] * abs(float(swept.best))
        return bool(abs(float(swept.best) - expected) <= allowed and float(swept.doubt) <= 10 * allowed)

    def _hold_dtype(self, position: int, gradient: Array) -> None:
        dtype = self.inputs[position]._array.dtype
        if self.settings.check_grad_dtypes and gradient.size and gradient.dtype != dtype:
            raise GradcheckError(
                f"Backward computes a gradient with the wrong type: input {position} is {dtype}, its gradient "
                f"{gradient.dtype}. A float64 constant in the rule does that: np.log(2) instead of math.log(2)."
            )

    def _tolerance(self, analytical: Array, output: Tensor) -> tuple[float, float]:
        """The absolute and the relative tolerance: those asked for, or what the precision allows."""
        atol, rtol = self.settings.atol, self.settings.rtol
        kind = analytical.dtype
        own = float(np.finfo(kind).eps) if kind.kind in "fc" else 0.0
        if own > _DOUBLE:
            finite = np.abs(analytical[np.isfinite(analytical)])
            rtol, atol = max(rtol, 32 * own), max(atol, 32 * own * float(finite.max(initial=0.0)))
        if self.differences.roundoff > _DOUBLE:
            blur = 20 * self.differences.roundoff ** (2 / 3)
            rtol, atol = max(rtol, blur), max(atol, blur * float(np.abs(output._array).max(initial=0.0)))
        return atol, rtol


_DOUBLE = float(np.finfo(np.float64).eps)


def _summed(along: Callable[[float], Array], weights: Array) -> Callable[[float], Array]:
    return lambda distance: np.asarray(np.sum(weights * along(distance)))


def _is_close(analytical: Array, numerical: Array, tolerance: tuple[float, float]) -> Array:
    return np.asarray(np.isclose(analytical, numerical, atol=tolerance[0], rtol=tolerance[1], equal_nan=True))


def _shape_text(position: int, error: WrongShapeError) -> str:
    text = (
        f"Backward computes a gradient of the wrong shape: input {position} has shape {list(error.expected)}, its "
        f"gradient {list(error.got)}."
    )
    extra = len(error.got) - len(error.expected)
    if extra >= 0 and all(e in (1, g) for e, g in zip(error.expected[::-1], error.got[::-1], strict=False)):
        repeated = [i for i, g in enumerate(error.got) if i < extra or (error.expected[i - extra] == 1 and g != 1)]
        text += f" The input was repeated along dimension(s) {repeated} (broadcast): the rule has to sum over them."
    return text


class _Disagreement:
    """Two Jacobians that differ: looked at again, until it is known what is wrong, or that nothing is."""

    def __init__(
        self, owner: Comparison, output: Tensor, number: int, position: int, part: Part, analytical: Array,
        numerical: Array, tolerance: tuple[float, float], mode: str = "",
    ) -> None:  # fmt: skip
        self.mode = mode
        self.owner, self.output, self.number, self.position, self.part = owner, output, number, position, part
        self.analytical, self.numerical, self.tolerance = analytical, numerical.copy(), tolerance
        self.kinks = np.zeros(analytical.shape, bool)
        self.sweeps: dict[int, Sweep] = {}

    def settle(self) -> None:
        """Raise, unless other steps show that the gradient is right."""
        bad = self._bad()
        if self.owner.inputs[self.position]._array.dtype.kind == "f":
            rows = [int(row) for row in np.argsort(-self._excess().max(axis=1)) if bad[row].any()]
            for row in rows[:_ROWS_SWEPT]:
                self._look_again(row)
                if (self._bad()[row] & ~self.kinks[row]).any():
                    break  # a mistake; the others need not be looked at
            bad = self._bad()
        if bad.any():
            raise GradcheckError(self.part.prefix + self._report(bad))

    def _bad(self) -> Array:
        return ~_is_close(self.analytical, self.numerical, self.tolerance)

    def _excess(self) -> Array:
        with np.errstate(all="ignore"):
            excess = np.abs(self.analytical - self.numerical) - self.tolerance[1] * np.abs(self.numerical)
        return np.where(np.isnan(excess), np.inf, excess)

    def _look_again(self, row: int) -> None:
        differences = self.owner.differences
        direction = differences.unit(self.position, row)
        size = float(np.abs(np.sum(differences.arrays[self.position] * direction)))
        along = differences.along(self.position, direction, self.number, self.part)
        swept = sweep(lambda distance: along(distance).reshape(-1), size, differences.roundoff)
        self.sweeps[row] = swept
        allowed = self.tolerance[0] + self.tolerance[1] * np.abs(swept.best)
        bad = self._bad()[row]
        self.kinks[row] = bad & kinks(swept, allowed)
        settled = bad & ~self.kinks[row] & (swept.doubt <= 10 * allowed)
        self.numerical[row, settled] = swept.best[settled]

    # --- the report ----------------------------------------------------------------------------------------------

    def _report(self, bad: Array) -> str:
        mistakes = bad & ~self.kinks
        shown = mistakes if mistakes.any() else bad
        known = [row for row in self.sweeps if shown[row].any()]  # of these the most can be said
        chosen = np.isin(np.arange(len(bad)), known)[:, None] & shown if known else shown
        row, column = np.unravel_index(int(np.argmax(np.where(chosen, self._excess(), -np.inf))), bad.shape)
        lines = [
            f"Jacobian {self.mode}mismatch for output {self.number} with respect to input {self.position},",
            f"numerical:{wrap(self.numerical)!r}",
            f"analytical:{wrap(self.analytical)!r}",
            self._worst(int(row), int(column)),
            f"{int(bad.sum())} of {bad.size} elements of the Jacobian disagree.",
        ]
        return "\n".join([*lines, *self._verdict(int(row), int(column), bool(mistakes.any()))])

    def _worst(self, row: int, column: int) -> str:
        tensor = self.owner.inputs[self.position]
        at_input = tuple(int(i) for i in np.unravel_index(row, tensor.shape))
        at_output = tuple(int(i) for i in np.unravel_index(column, self.output.shape))
        a, n = self.analytical[row, column], self.numerical[row, column]
        with np.errstate(all="ignore"):
            distance = abs(a - n)
            relative = distance / abs(n) if n else np.inf
        value = tensor._array[at_input]
        return (
            f"Worst: d output[{self.number}]{list(at_output)} / d input[{self.position}]{list(at_input)}: analytical "
            f"{a:.8g}, numerical {n:.8g}, absolute difference {distance:.3g}, relative {relative:.3g} "
            f"(allowed: {self.tolerance[0]:g} + {self.tolerance[1]:g} * |numerical|). The input is {value:.6g} there."
        )

    def _verdict(self, row: int, column: int, mistaken: bool) -> list[str]:
        lines = []
        swept = self.sweeps.get(row)
        if swept is not None:
            lines.append(sweep_text(swept, column))
            if self.kinks[row, column]:
                allowed = self.tolerance[0] + self.tolerance[1] * abs(float(swept.best[column]))
                values = swept.left[column], swept.right[column], swept.jump[column], self.analytical[row, column]
                left, right, jump, analytical = map(float, values)
                lines.append(kink_text(left, right, jump, analytical, allowed))
        if mistaken:
            likely = likely_mistake(self.analytical, self.numerical, self.owner.inputs[self.position]._array)
            lines += [f"Likely: {likely}."] if likely else []
        return lines
