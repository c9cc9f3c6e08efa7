"""The table of checks, which the modules beside it fill."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .._core.op import Case, Op

Cases = Sequence[Case] | None
Check = Callable[[Op, Cases], None]
CHECKS: dict[str, Check] = {}

FUSED = 1e-10  # a fused rule against its parts, which compute in another order
REORDERED = 1e-12  # the same sums in another order


def check(function: Check) -> Check:
    """Enter a check into `CHECKS`."""
    CHECKS[function.__name__] = function
    return function


def factor(op: Op) -> float:
    """How much looser than usual the op's comparisons are; it has declared why."""
    return op.tolerance[0] if op.tolerance else 1.0
