"""Einstein summation: sums of products along dimensions that an equation names.

An equation is read once for each set of shapes, and becomes a short program: per operand a diagonal, a sum over what no
other operand has, and then products of two operands at a time, in the cheapest order.

Source: https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.errors import explained
from .._core.op import case, op
from .._core.tensor import Tensor
from .contraction import Pair, multiply_pair, pair
from .einsum_equation import Equation, equation_of, read
from .reduce import sum as sum_of
from .shape import reshape
from .transposes import permute

__all__ = ["einsum"]


# --- diagonals ---------------------------------------------------------------------------------------------------


def _diagonal(x: Any, labels: tuple[int, ...], kept: tuple[int, ...]) -> Any:
    view = np.einsum(x, [*labels], [*kept])
    return view if view.ndim else view.view()


def _spread(g: Any, x_shape: tuple[int, ...], labels: tuple[int, ...], kept: tuple[int, ...]) -> Any:
    return _on_diagonals.op.numpy(g, labels=labels, kept=kept, shape=x_shape)


@op(kind="view", method=False, torch_name="", node_name="DiagonalBackward0",
    vjp=_spread,
    cases=[case((3, 3), labels=(0, 0), kept=(0,)), case((2, 3, 2), labels=(1, 0, 1), kept=(1, 0)),
           case((2, 2, 2), labels=(0, 0, 0), kept=(0,))])  # fmt: skip
def _diagonals(x, /, *, labels, kept):
    """A view of the elements at which dimensions of the same label have the same index."""
    return _diagonal(x, labels, kept)


@op(kind="general", method=False, torch_name="",
    vjp=lambda g, labels, kept: _diagonals.op.numpy(g, labels=labels, kept=kept),
    cases=[case((3,), labels=(0, 0), kept=(0,), shape=(3, 3))])  # fmt: skip
def _on_diagonals(x, /, *, labels, kept, shape):
    """Zeros with the elements on the diagonals that `_diagonals` takes."""
    placed = np.zeros(shape, x.dtype)
    _diagonal(placed, labels, kept)[...] = x
    return placed


# --- the program of an equation ----------------------------------------------------------------------------------


@dataclass
class _Change:
    """What is done to an operand before it is multiplied."""

    diagonal: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    sums: tuple[int, ...] = ()
    shape: tuple[int, ...] | None = None

    def __bool__(self) -> bool:
        return bool(self.diagonal or self.sums or self.shape is not None)

    def __call__(self, x: Any) -> Any:
        if self.diagonal is not None:
            x = _diagonals(x, labels=self.diagonal[0], kept=self.diagonal[1])
        if self.sums:
            x = sum_of(x, self.sums)
        return x if self.shape is None else reshape(x, shape=self.shape)


@dataclass
class _Program:
    """An equation for operands of given shapes."""

    prepare: list[tuple[int, _Change]] = field(default_factory=list)
    steps: list[tuple[int, int, Pair]] = field(default_factory=list)
    finish: tuple[int, ...] | None = None  # the order of the result's dimensions

    def __call__(self, operands: Sequence[Tensor]) -> Tensor:
        left = list(operands)
        for place, change in self.prepare:
            left[place] = change(left[place])
        for i, j, plan in self.steps:
            y, x = left.pop(j), left.pop(i)
            if x._array.dtype is not y._array.dtype:
                x, y = _promoted(x, y, plan)
            left.append(multiply_pair(x, y, plan=plan))
        result: Tensor = left[0]
        return result if self.finish is None else permute(result, dims=self.finish)


def _promoted(x: Tensor, y: Tensor, plan: Pair) -> tuple[Tensor, Tensor]:
    """Tensors of one dtype, where elements are multiplied but not summed: a sum refuses two, as PyTorch's does."""
    if plan.sums(x._array, y._array):
        return x, y
    wanted = dtypes.promote_types(x._array.dtype, y._array.dtype)
    return x.to(wanted), y.to(wanted)


@lru_cache(1024)
def _program(equation: str, shapes: tuple[tuple[int, ...], ...]) -> _Program:
    """The program for an equation and operands of these shapes.

    Raises:
        RuntimeError: the equation is wrong, or the shapes do not fit it.
    """
    found = read(equation, shapes)
    program = _Program()
    labels = []
    for place in range(len(shapes)):
        change, remaining = _preparation(found, place)
        labels.append(remaining)
        if change:
            program.prepare.append((place, change))
    program.steps, last = _steps(labels, found)
    order = tuple([last.index(label) for label in found.out])
    untouched = not program.prepare and not program.steps  # the result must be another tensor than the operand
    if order != tuple(range(len(order))) or untouched:
        program.finish = order
    return program


def _preparation(found: Equation, place: int) -> tuple[_Change, tuple[str, ...]]:
    """What is done to one operand alone, and the labels that it has then: each once, none for itself alone."""
    labels, sizes = found.operands[place], found.sizes
    shape = found.shapes[place]
    change = _Change()
    if len({*labels}) < len(labels):
        numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
        change.diagonal = tuple([numbers[label] for label in labels]), tuple(numbers.values())
        shape = tuple([shape[labels.index(label)] for label in numbers])
        labels = tuple(numbers)
    elsewhere = {label for p, others in enumerate(found.operands) if p != place
                 for label, n in zip(others, found.shapes[p], strict=True) if n == sizes[label]}  # fmt: skip
    # of length 1, to be dropped
    repeated = {label for label, n in zip(labels, shape, strict=True) if n != sizes[label]}
    summed = {label for label in labels if label not in found.out and label not in elsewhere} - repeated
    change.sums = tuple([d for d, label in enumerate(labels) if label in summed])
    kept = [(label, n) for label, n in zip(labels, shape, strict=True) if label not in summed]
    if repeated:
        change.shape = tuple([n for label, n in kept if label not in repeated])
    return change, tuple([label for label, _ in kept if label not in repeated])


# --- the order of the products -----------------------------------------------------------------------------------

_EXACT = 5  # up to so many operands the best order is found by trying all


def _steps(labels: list[tuple[str, ...]], found: Equation) -> tuple[list[tuple[int, int, Pair]], tuple[str, ...]]:
    """The products of two, in order; each takes two operands off the list and appends their product."""
    steps = []
    left = list(labels)
    order = _best_order(labels, found) if len(labels) > 2 else [(0, 1)] * (len(labels) - 1)
    for i, j in order:
        y, x = left.pop(j), left.pop(i)
        out = found.out if not left else _natural(x, y, _needed([*left, found.out]))
        steps.append((i, j, pair(x, y, tuple([label for label in out if label in x or label in y]))))
        left.append(steps[-1][2].out)
    return steps, left[0]


def _needed(others: Sequence[Sequence[str]]) -> set[str]:
    return {label for labels in others for label in labels}


def _natural(x: tuple[str, ...], y: tuple[str, ...], needed: set[str]) -> tuple[str, ...]:
    """The order in which a product of matrices leaves its dimensions: batch, rows, columns."""
    batch = [label for label in x if label in y and label in needed]
    rows = [label for label in x if label not in y]
    return (*batch, *rows, *[label for label in y if label not in x])


def _cost(labels: set[str], sizes: dict[str, int]) -> int:
    product = 1
    for label in labels:
        product *= max(sizes[label], 1)
    return product


def _best_order(labels: list[tuple[str, ...]], found: Equation) -> list[tuple[int, int]]:
    """Which two operands to multiply next: of few the cheapest order of all, of many the cheapest next step."""
    if len(labels) <= _EXACT:
        return _cheapest([frozenset(each) for each in labels], found)[1]
    left, order = [frozenset(each) for each in labels], []
    while len(left) > 1:
        pairs = [(i, j) for j in range(len(left)) for i in range(j)]
        sizes = [_growth(left, i, j, found) for i, j in pairs]
        i, j = pairs[sizes.index(min(sizes))]
        order.append((i, j))
        left = _after(left, i, j, found)[0]
    return order


def _after(left: list[frozenset[str]], i: int, j: int, found: Equation) -> tuple[list[frozenset[str]], int]:
    """The operands after one product, and what it costs."""
    both = left[i] | left[j]
    others = [each for place, each in enumerate(left) if place not in (i, j)]
    product = frozenset(both & _needed([*map(tuple, others), found.out]))
    return [*others, product], _cost(set(both), found.sizes)


def _growth(left: list[frozenset[str]], i: int, j: int, found: Equation) -> tuple[int, int]:
    """By how much a product is larger than its operands, and what it costs."""
    after, cost = _after(left, i, j, found)
    grown = _cost(set(after[-1]), found.sizes)
    return grown - _cost(set(left[i]), found.sizes) - _cost(set(left[j]), found.sizes), cost


def _cheapest(left: list[frozenset[str]], found: Equation) -> tuple[int, list[tuple[int, int]]]:
    if len(left) == 1:
        return 0, []
    best: tuple[int, list[tuple[int, int]]] | None = None
    for j in range(len(left)):
        for i in range(j):
            after, cost = _after(left, i, j, found)
            rest, order = _cheapest(after, found)
            if best is None or cost + rest < best[0]:
                best = cost + rest, [(i, j), *order]
    assert best is not None
    return best


# --- the function ------------------------------------------------------------------------------------------------


@explained
def einsum(*args: Any) -> Tensor:
    """Sums of products of tensors along the dimensions that an equation names.

    ``einsum("ij,jk->ik", x, y)`` is the matrix product: letters name dimensions; those that are not in the result are
    summed over, and a letter that stands twice in one operand takes the diagonal. Dimensions of one letter have equal
    lengths, or 1. ``...`` stands for any further dimensions, which broadcast. Without ``->`` the result has the letters
    that occur once, in alphabetical order, after the dimensions of an ellipsis.

    Instead of letters, each tensor may be followed by a list of numbers from 0 to 51 (and ``...``), and all of them by
    such a list for the result: ``einsum(x, [0, 1], y, [1, 2], [0, 2])``.

    Three or more tensors are multiplied two at a time, in the cheapest order.

    Raises:
        RuntimeError: the equation is wrong, or does not fit the tensors.
        ValueError: there is no tensor, or a number is out of range.
        TypeError: an operand is no tensor.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> tg.einsum("ij,jk->ik", x, x)
        tensor([[ 7., 10.],
                [15., 22.]])
        >>> tg.einsum("ii->i", x), tg.einsum(x, [0, 1], [1])
        (tensor([1., 4.]), tensor([4., 6.]))
    """
    equation, operands = equation_of(args)
    for place, operand in enumerate(operands):
        if not isinstance(operand, Tensor):
            raise TypeError(
                f"expected Tensor as element {place} in argument 1, but got {type(operand).__name__} (in einsum())"
            )
    return _program(equation, tuple([operand._array.shape for operand in operands]))(operands)


def _numpy_einsum(*args: Any, optimize: Any = None, **options: Any) -> Tensor:
    """NumPy's `einsum`, whose order of products is chosen in any case."""
    if options:
        raise TypeError(f"np.einsum on a Tensor does not take {', '.join(options)}")
    return einsum(*args)


dispatch.register(np.einsum, _numpy_einsum)
