"""Sizes as layers keep them: a number for each dimension."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__: list[str] = []


def ntuple(value: Any, dims: int) -> tuple[Any, ...]:
    """A value for each dimension: a number for all of them, or what is given for each."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * dims


def reversed_pairs(amounts: tuple[int, ...]) -> list[int]:
    """Amounts as `functional.pad` wants them: the last dimension's first, before and after."""
    return [amount for amount in reversed(amounts) for _ in range(2)]
