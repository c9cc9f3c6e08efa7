"""Reading the equation of `einsum`: its labels, what an ellipsis stands for, and the lengths of the dimensions.

Source: https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .._core.tensor import Tensor

_ELLIPSIS = "."
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass
class Equation:
    """An equation that fits its operands. An ellipsis has become labels of its own: "0" for the last dimension."""

    shapes: tuple[tuple[int, ...], ...]
    operands: list[tuple[str, ...]]
    out: tuple[str, ...]
    sizes: dict[str, int]


def equation_of(args: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The equation and the operands that `einsum` was given, in one of its forms.

    Raises:
        ValueError: there is no operand, or a number that stands for no letter.
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            "subscripts list"
        )
    if isinstance(args[0], str):
        operands = args[1:]
        if len(operands) == 1 and isinstance(operands[0], list | tuple):
            operands = operands[0]
        return args[0], operands
    if not isinstance(args[0], Tensor):
        raise TypeError(f"einsum(): the first argument must be an equation or a Tensor, not {type(args[0]).__name__}")
    parts = [_letters(subscripts) for subscripts in args[1::2]]
    operands = args[0 : len(args) - len(args) % 2 : 2]
    equation = ",".join(parts)
    return (f"{equation}->{_letters(args[-1])}" if len(args) % 2 else equation), operands


def _letters(subscripts: Any) -> str:
    if not isinstance(subscripts, list | tuple):
        raise TypeError(f"einsum(): a tensor must be followed by a list of subscripts, got {type(subscripts).__name__}")
    letters = []
    for number in subscripts:
        if number is Ellipsis:
            letters.append("...")
        elif not 0 <= number < len(_LETTERS):
            raise ValueError(
                f"einsum(): subscript in subscript list is not within the valid range [0, {len(_LETTERS)}): {number}"
            )
        else:
            letters.append(_LETTERS[number])
    return "".join(letters)


def read(equation: str, shapes: tuple[tuple[int, ...], ...]) -> Equation:
    """The equation, held against the shapes of the operands.

    Raises:
        RuntimeError: it is wrong, or does not fit.
    """
    left, arrow, right = equation.partition("->")
    given = _operands(left, len(shapes))
    pairs = zip(given, shapes, strict=True)
    covered = [_covered(labels, len(shape), place) for place, (labels, shape) in enumerate(pairs)]
    operands = [_spelled(labels, count) for labels, count in zip(given, covered, strict=True)]
    out = _output(right, len(left) + 2, given) if arrow else _implied(given)
    sizes = _sizes(operands, shapes)
    return Equation(shapes, operands, _spelled(out, max(covered)), sizes)


def _labels(text: str, start: int, where: str) -> str:
    """The labels of one operand, with one dot for an ellipsis."""
    found = ""
    position = 0
    while position < len(text):
        character = text[position]
        if character == ".":
            if _ELLIPSIS in found:
                raise RuntimeError(f"einsum(): found '.' for {where} for which an ellipsis was already found")
            if text[position : position + 3] != "...":
                raise RuntimeError(f"einsum(): found '.' for {where} that is not part of any ellipsis")
            found += _ELLIPSIS
            position += 2
        elif character in _LETTERS:
            found += character
        elif character != " ":
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {start + position} in the equation string, subscripts "
                f"must be in [a-zA-Z], got {character!r}"
            )
        position += 1
    return found


def _operands(text: str, count: int) -> list[str]:
    parts, start = [], 0
    for place, part in enumerate(text.split(",")):
        parts.append(_labels(part, start, f"operand {place}"))
        start += len(part) + 1
    if len(parts) != count:
        amount = "fewer" if count < len(parts) else "more"
        raise RuntimeError(
            f"einsum(): {amount} operands were provided than specified in the equation ({count} for {len(parts)})"
        )
    return parts


def _output(text: str, start: int, given: list[str]) -> str:
    labels = _labels(text, start, "the output")
    for label in labels:
        if labels.count(label) > 1:
            raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
        if label != _ELLIPSIS and not any(label in part for part in given):
            raise RuntimeError(
                f"einsum(): output subscript {label} does not appear in the equation for any input operand"
            )
    return labels


def _implied(given: list[str]) -> str:
    """The result of an equation that names none: the labels that occur once, after an ellipsis."""
    together = "".join(given)
    once = sorted(label for label in {*together} - {_ELLIPSIS} if together.count(label) == 1)
    return (_ELLIPSIS if _ELLIPSIS in together else "") + "".join(once)


def _covered(labels: str, ndim: int, place: int) -> int:
    """How many dimensions an operand's ellipsis covers."""
    named = len(labels.replace(_ELLIPSIS, ""))
    if _ELLIPSIS in labels and named <= ndim:
        return ndim - named
    if named != ndim:
        how = "is more than" if _ELLIPSIS in labels else "does not match"
        end = "" if _ELLIPSIS in labels else " and no ellipsis was given"
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({named}) {how} the number of dimensions ({ndim}) "
            f"for operand {place}{end}"
        )
    return 0


def _spelled(labels: str, covered: int) -> tuple[str, ...]:
    """One label per dimension: those of an ellipsis are counted from the last."""
    spelled: list[str] = []
    for label in labels:
        spelled += [str(n) for n in range(covered - 1, -1, -1)] if label == _ELLIPSIS else [label]
    return tuple(spelled)


def _sizes(operands: list[tuple[str, ...]], shapes: tuple[tuple[int, ...], ...]) -> dict[str, int]:
    """The length of each label; a length of 1 goes with any other."""
    sizes: dict[str, int] = {}
    for place, (labels, shape) in enumerate(zip(operands, shapes, strict=True)):
        own: dict[str, int] = {}
        for label, length in zip(labels, shape, strict=True):
            if own.setdefault(label, length) != length:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for operand {place} but the sizes don't match, {length} "
                    f"!= {own[label]}"
                )
        for label, length in own.items():
            before = sizes.get(label, 1)
            if 1 not in (before, length) and before != length:
                name = f"dimension {label} from the last of an ellipsis" if label.isdigit() else f"subscript {label}"
                raise RuntimeError(
                    f"einsum(): {name} has size {length} for operand {place} which does not broadcast with previously "
                    f"seen size {before}"
                )
            sizes[label] = length if before == 1 else before
    return sizes
