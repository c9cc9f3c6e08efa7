"""Batching rules of products and tables of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.tensor import Tensor, wrap
from ..ops.contraction import pair
from ..ops.linalg import matmul
from .batched import BatchLevel
from .batching import Options, on_aligned, one_by_one, rule

# --- products of matrices ----------------------------------------------------------------------------------------


@rule("matmul")
def _matmul(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, y = inputs
    m, n = x._array.ndim, y._array.ndim
    if m and n and x._array.shape[-1] != y._array.shape[max(n - 2, 0)]:
        op.forward(np.empty(x._array.shape, x._array.dtype), np.empty(y._array.shape, y._array.dtype))  # says so
    left, right = level.value(x), level.value(y)
    if not level.holds(y) and n <= 2:
        return matmul(left, right)  # the examples are rows, or matrices, of the left one
    if not level.holds(x):
        if m == 1 and n == 2:
            return matmul(left, right)
        if m <= 2 and n == 1:  # the examples are rows of the right one
            return matmul(right, left.mT if m == 2 else left)
    # as matrices, whose leading dimensions align
    left = level.ranked(x.unsqueeze(0) if m == 1 else x, max(m, n, 2))
    right = level.ranked(y.unsqueeze(1) if n == 1 else y, max(m, n, 2))
    result = matmul(left, right)
    if n == 1:
        result = result.squeeze(-1)
    return result.squeeze(-1 if n == 1 else -2) if m == 1 else result


@rule("linear")
def _linear(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, weight, bias = inputs
    if not level.holds(weight):
        if bias is None or not level.holds(bias):
            return op.call(level.value(x), weight, bias)
        return level.full(op.call(x, weight, None) + bias)
    product = matmul(x, weight.mT)
    return level.full(product if bias is None else product + bias)


@rule("multiply_pair")
def _multiply_pair(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    plan = options["plan"]
    labels = [
        (("vmap", level.number), *own) if level.holds(x) else own
        for x, own in zip(inputs, (plan.x, plan.y), strict=True)
    ]
    whole = pair(*labels, (("vmap", level.number), *plan.out))
    return op.call(*[level.value(x) for x in inputs], plan=whole)


@rule("least_squares")
def _least_squares(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    solution, rank, values = on_aligned(level, op, inputs, options)
    leading = (level.size, *inputs[0]._array.shape[:-2])  # the right sides do not count in these
    return solution, rank.reshape(leading), values.reshape(*leading, values._array.shape[-1])


# --- rows of a table ---------------------------------------------------------------------------------------------


def _offset(level: BatchLevel, indices: Tensor, count: int) -> Any:
    """The indices of each example in a table in which the examples' rows follow one another."""
    values = level.full(indices)
    starts = np.arange(level.size).reshape(level.size, *(1,) * indices._array.ndim) * count
    return values + wrap(starts)


@rule("take_rows", "embedding")
def _take_rows(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    table, indices = inputs
    if options.get("scale_grad_by_freq"):  # how often a row is used counts in each example alone
        return one_by_one(level, op, inputs, options)
    if not level.holds(table):
        return op.call(table, level.value(indices), **options)
    values = level.value(table)
    padding = options.get("padding_idx")
    if padding is not None:  # this row gets no gradient
        count = table._array.shape[0]
        here = wrap((np.arange(count) == padding % count)[:, None])
        values = values.detach().where(here, values)
    rows = table._array.shape[0]
    whole = values.reshape(level.size * rows, *table._array.shape[1:])
    return op.call(whole, _offset(level, _checked(indices, rows), rows))


def _checked(indices: Tensor, rows: int) -> Tensor:
    """The indices themselves.

    Raises:
        IndexError: one is out of range, which may be another example's row.
    """
    array = indices._array
    while not isinstance(array, np.ndarray):
        array = array.value._array
    if array.size and (array.min() < 0 or array.max() >= rows):
        raise IndexError(f"index out of range in self: got {array.min()} to {array.max()}, for {rows} rows")
    return indices


@rule("add_rows")
def _add_rows(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, indices = inputs
    count = options["count"]
    total = op.call(level.full(x), _offset(level, indices, count), count=level.size * count)
    return total.reshape(level.size, count, *total._array.shape[1:])


@rule("weighted_counts")
def _weighted_counts(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    weights, index = inputs
    length = options["length"]
    counts = op.call(
        level.full(weights).reshape(-1), _offset(level, index, length).reshape(-1), length=level.size * length
    )
    return counts.reshape(level.size, length)


@rule("bag_sums")
def _bag_sums(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, bags = inputs
    if level.holds(bags):
        return one_by_one(level, op, inputs, options)
    values = level.value(x)
    count, rows, width = values._array.shape
    sums = op.call(values.movedim(0, 1).reshape(rows, count * width), bags, **options)
    return sums.reshape(sums._array.shape[0], count, width).movedim(1, 0)
