"""What is known of a nan or an infinity: who made it, out of what, and who passed it on. In words, as a report."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._core.callers import Place
from .._core.lines import Line
from .._core.steps import first_index

Array = np.ndarray[Any, Any]
Index = tuple[int, ...]
_WIDTH = 110
_SHOWN = 8  # of a list, before it is cut


@dataclass(eq=False)
class Origin:
    """Where a nan or an infinity came into being.

    Attributes:
        phase: ``"forward"``, ``"backward"``, or ``"outside"``: it came with a parameter, with data, or with a gradient.
        value: ``"nan"`` or ``"inf"``.
        op: the name of the op that made it, or of the tensor that it came with.
        place: the line of the program and the module, where known.
        index: the first element that is not finite, in the op's output (backward: in the gradient that it gave).
        count, size: how many elements it made so, of how many.
        mask: which elements it made so.
        batch_indices: the positions in the batch that are concerned; empty where the first dimension is no batch.
        what: what the array is, such as ``"output float32[4, 3]"``.
        computed: the numbers that the first element was made of.
        causes: the origins of infinities, or of values in the forward pass, that this one was made of.
        passed_on: the names of the ops that passed it on, in order.
        reached: the leaves whose gradients it has reached.
        hidden_by: ops in the forward pass whose result was finite all the same, such as ``where``.
    """

    phase: str
    value: str
    op: str
    place: Place | None = None
    index: Index = ()
    count: int = 0
    size: int = 0
    mask: Array = field(default_factory=lambda: np.zeros(0, bool), repr=False)
    batch_indices: tuple[int, ...] = ()
    what: str = ""
    computed: str = ""
    hint: str = ""
    causes: list[Origin] = field(default_factory=list)
    passed_on: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    hidden_by: list[str] = field(default_factory=list)

    @property
    def line(self) -> Line | None:
        """The line of the program."""
        return self.place.line if self.place is not None else None

    @property
    def module(self) -> str:
        """The innermost module, such as ``"Net.body.1 (Linear(in_features=6, out_features=2, bias=True))"``."""
        return self.place.module() if self.place is not None else ""

    @property
    def module_path(self) -> str:
        """Its path from the outermost module, such as ``"body.1"``."""
        return self.place.module_path() if self.place is not None else ""

    def mark(self, mask: Array, batch: int | None) -> None:
        """Note which elements it made."""
        self.index, self.mask = first_index(mask), mask
        self.count, self.size = int(np.count_nonzero(mask)), mask.size
        if batch is not None and mask.ndim and mask.shape[0] == batch:
            rows = np.flatnonzero(mask.reshape(batch, -1).any(axis=1))
            self.batch_indices = tuple(int(row) for row in rows)

    def describe(self, numbers: dict[int, int] | None = None) -> str:
        """The report on this origin; `numbers` gives others their number in a list, by their id."""
        rows = [
            ("module", self.module),
            ("line", str(self.line or "")),
            ("element", self._element()),
            ("from", self.computed),
            ("because", "; ".join(cause.in_short(numbers) for cause in self.causes)),
            ("then", self._then()),
            ("fix", self.hint),
        ]
        return "\n".join([self._head(), *(_row(name, text) for name, text in rows if text)])

    def _head(self) -> str:
        if self.phase == "outside":
            return f"{self.value} came with {self.op}"
        return f"{self.value} made by {self.op} in the {self.phase} pass"

    def in_short(self, numbers: dict[int, int] | None = None) -> str:
        """In one line, for the report on what was made of it."""
        if numbers is not None and id(self) in numbers:
            return f"{self._head()}, see {numbers[id(self)]}"
        where = f" ({self.line})" if self.line else ""
        return f"{self._head()}{where}"

    def _element(self) -> str:
        if not self.size:
            return ""
        text = f"{list(self.index)} of the {self.what}"
        if self.batch_indices:
            text += f", batch index {self.batch_indices[0]}"
        if self.count > 1:
            text += f"; {self.count} of {self.size} elements in all"
            if len(self.batch_indices) > 1:
                text += f", batch indices {_listed(self.batch_indices)}"
        return text

    def _then(self) -> str:
        texts = []
        if self.passed_on:
            plural = "op" if len(self.passed_on) == 1 else "ops"
            texts.append(f"passed on by {len(self.passed_on)} {plural}: {_listed(self.passed_on)}")
        if self.hidden_by:
            texts.append(f"hidden by {_listed(self.hidden_by)}: the value does not come out, its gradient may")
        if self.reached:
            texts.append(f"reached the gradient of {_listed(self.reached)}")
        return "; ".join(texts)


def _row(name: str, text: str) -> str:
    indent = " " * 13
    return textwrap.fill(
        text, _WIDTH, initial_indent=f"    {name:<9}", subsequent_indent=indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _listed(values: Any) -> str:
    shown = [str(value) for value in values]
    return ", ".join(shown[:_SHOWN]) + (f", ... ({len(shown)} in all)" if len(shown) > _SHOWN else "")


# --- what to do about it -----------------------------------------------------------------------------------------

_HINTS = {
    "log": "log of 0 is -inf and of a negative number nan. Use x.clamp(min=1e-12).log(), log1p, or log_softmax "
    "instead of softmax().log()",
    "sqrt": "sqrt of a negative number is nan, and its slope at 0 infinite. Use x.clamp(min=0), or (x + 1e-12).sqrt()",
    "rsqrt": "1 / sqrt(0) is inf. Use (x + 1e-12).rsqrt()",
    "exp": "exp of more than 88 overflows in float32 (709 in float64). Subtract the greatest value first, as softmax "
    "and logsumexp do",
    "true_divide": "a number over 0 is inf, and 0 / 0 nan. Add a small number to the divisor, or clamp it",
    "reciprocal": "1 / 0 is inf. Add a small number, or clamp",
    "pow": "0 to a negative power is inf, a negative number to a power that is not whole nan",
    "softmax": "a row of nothing but -inf has no softmax: a mask must leave something in every row",
    "log_softmax": "a row of nothing but -inf has no softmax: a mask must leave something in every row",
    "mean": "the mean of no elements is nan",
    "var": "one element has no variance: use correction=0",
    "std": "one element has no deviation: use correction=0",
    "cross_entropy": "the mean over no targets is nan: all of them are ignored, or have the weight 0",
    "nll_loss": "the mean over no targets is nan: all of them are ignored, or have the weight 0",
    "sub": "inf - inf is nan",
    "add": "inf + -inf is nan",
    "mul": "0 * inf is nan: choose with where() instead of multiplying by a mask",
    "masked_fill": "an infinity put in on purpose; a finite number such as -1e9 is safer",
    "acos": "defined from -1 to 1 only: rounding may lead out of it. Use x.clamp(-1 + 1e-6, 1 - 1e-6)",
    "asin": "defined from -1 to 1 only: rounding may lead out of it. Use x.clamp(-1 + 1e-6, 1 - 1e-6)",
}
BRANCH = (
    "a branch that was not chosen (where, a mask) has the gradient 0, and 0 * inf and 0 * nan are nan. Make the values "
    "harmless before the op: where(condition, x, 1).{op}(), and choose again afterwards"
)


def hint_for(op: str) -> str:
    """What to do about what an op made."""
    return _HINTS.get(op, "")


def report(origins: list[Origin]) -> str:
    """All origins, numbered."""
    numbers = {id(origin): number for number, origin in enumerate(origins, 1)}
    return "\n".join(f"{numbers[id(origin)]}. {origin.describe(numbers)}" for origin in origins)
