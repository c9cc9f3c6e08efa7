"""The table of drawn calls, and what is said of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Draw = Callable[[Any], Any]


class Call:
    """One call: its arguments. NumPy arrays stand for tensors, NumPy dtypes for dtypes; lists may hold either."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.args = args
        self.options = options

    def __repr__(self) -> str:
        given = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.options.items()]
        return f"({', '.join(given)})"


@dataclass(frozen=True)
class Drawn:
    """A function of PyTorch's, how a call of it is drawn, and how the answers are compared."""

    name: str  # as PyTorch's: "topk", "nn.functional.pad", "Tensor.index_add"
    draw: Callable[[Draw], Call]
    gradient: bool  # compare gradients of the floating point arrays
    second: bool  # and the gradients of those
    forms: tuple[str, ...]  # out of function, method, inplace, out
    tolerance: float  # as a factor of the usual one
    reason: str  # for a tolerance, a form left out, or a gradient left out
    examples: int
    values: Callable[[Any], Any] | None  # what of the result is compared, where its values are not unique


TABLE: dict[str, Drawn] = {}


def drawn(
    *names: str,
    gradient: bool = True,
    second: bool = True,
    forms: tuple[str, ...] = ("function", "method", "inplace", "out"),
    tolerance: float = 1.0,
    reason: str = "",
    examples: int = 30,
    values: Callable[[Any], Any] | None = None,
) -> Callable[[Callable[[Draw], Call]], Callable[[Draw], Call]]:
    """Enter a function in the table: under each of these names, calls are drawn by the decorated function.

    Args:
        names: PyTorch's names; more than one where functions take the same arguments.
        gradient, second: compare gradients, and gradients of gradients. Left out where PyTorch has none.
        forms: which forms of the call are compared; those that PyTorch does not have are left out anyway.
        tolerance: a factor on the permitted difference.
        reason: why something is left out or loosened.
        examples: how many calls are drawn.
        values: a function of the result (of either package) that gives what is to be compared, for results that are
            not unique, such as the signs of eigenvectors.
    """

    def register(function: Callable[[Draw], Call]) -> Callable[[Draw], Call]:
        for name in names:
            assert name not in TABLE, f"{name} is drawn twice"
            TABLE[name] = Drawn(name, function, gradient, second, forms, tolerance, reason, examples, values)
        return function

    return register
