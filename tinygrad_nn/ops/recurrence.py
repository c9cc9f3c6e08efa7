"""What the recurrent layers share: the order of their steps, and what a step finds of the one before.

A layer runs over the whole sequence as one op. Its input is packed: the rows of the first step for all sequences, then
those of the second step for those that are long enough, and so on; `sizes` says how many each step has. The longest
sequences come first, so the sequences of a step are always the first ones. Sequences of one length are packed as they
are, time first. (Measured: stepping through memory with the batch first takes a fifth longer than copying it into this
order and back.)

What is the same for all steps is one product of matrices before the steps (of the input) or after them (the gradients
of the weights); a step itself is a product with the recurrent weights and a few elementwise functions, which write into
memory that is there.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.block_products import product
from .._core.kernels import column_sums
from .join import cat
from .linear_layer import linear

Array = np.ndarray[Any, Any]
MANY = 4  # steps from which it pays to prepare the weights


@functools.lru_cache(maxsize=64)
def in_order(sizes: tuple[int, ...], backward: bool) -> tuple[slice, ...]:
    """The rows of each step, in the order in which the steps are taken."""
    ends = itertools.accumulate(sizes)
    steps = tuple([slice(end - size, end) for size, end in zip(sizes, ends, strict=True)])
    return steps[::-1] if backward else steps


@functools.lru_cache(maxsize=8)
def half(dtype: Any) -> Array:
    """1 / 2 as an array of no dimensions, which NumPy takes faster than Python's number."""
    result = np.array(0.5, dtype)
    result.flags.writeable = False  # it is shared
    return result


def are_even(sizes: Sequence[int]) -> bool:
    """Whether all sequences have one length."""
    return not sizes or sizes[0] == sizes[-1]


def previous(values: Array, start: Array, sizes: tuple[int, ...], backward: bool) -> Array:
    """For each row of `values` the row of the step before, which for the first step is one of `start`."""
    if are_even(sizes):
        count = len(start)
        pair = (values[count:], start) if backward else (start, values[: len(values) - count])
        return np.concatenate(pair)
    state, result = start.copy(), np.empty_like(values)
    for rows in in_order(sizes, backward):
        count = rows.stop - rows.start
        result[rows] = state[:count]
        state[:count] = values[rows]
    return result


def turned(weights: Array, steps: Sequence[Any]) -> Array:
    """The weights, transposed: for many steps in memory too, as BLAS is 1.5 times as fast on few rows then."""
    return np.ascontiguousarray(weights.T) if len(steps) >= MANY else weights.T


def as_rows(x: Any) -> Any:
    """All steps of all sequences as rows of a matrix. Of arrays and tensors."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def projected(x: Array, weights: Array, bias: Array | None) -> Array:
    """A linear layer on all steps at once."""
    result: Array = product(as_rows(x), weights.T)
    if bias is not None:
        result += bias
    return result


def weight_gradients(
    needs: Sequence[bool], slopes: Array, x: Array, before: Array, w_ih: Array, bias: Any
) -> tuple[Any, Any, Any, Any, Any]:
    """The gradients of the input, both weights and both biases, from that of what the gates are computed of.

    Args:
        needs: which of the five are wanted.
        slopes: the gradient for each row.
        x, before: the rows of the input, and of the hidden state that each step started with.
        w_ih: the weights of the input.
        bias: None where the layer has none.
    """
    rows = as_rows(x)
    of_bias = column_sums(slopes) if bias is not None and (needs[3] or needs[4]) else None
    return (
        product(slopes, w_ih).reshape(x.shape) if needs[0] else None,
        product(slopes.T, rows) if needs[1] else None,
        product(slopes.T, before) if needs[2] else None,
        of_bias,
        of_bias,
    )


def stepwise(x: Any, states: tuple[Any, ...], weights: tuple[Any, Any], sizes: Any, backward: bool, step: Any) -> Any:
    """A layer in ops, one step after the other: what a fused layer is equal to.

    Args:
        x: the packed input.
        states: what is handed on from step to step, the hidden state first.
        weights: the weights and the bias of the input.
        sizes, backward: the steps.
        step: makes the new states of a step from the projected input and the old states.

    Returns:
        The hidden states of all steps, packed like the input, and the last states.
    """
    gates = linear(as_rows(x), *weights)
    found = {}
    for rows in in_order(sizes, backward):
        count = rows.stop - rows.start
        now = step(gates[rows], *[state[:count] for state in states])
        found[rows.start, count] = now[0]
        states = tuple(
            [new if count == len(old) else cat([new, old[count:]]) for new, old in zip(now, states, strict=True)]
        )
    hidden = cat([found[key] for key in sorted(found)])
    return (hidden.reshape(*x.shape[:-1], hidden.shape[-1]), *states)
