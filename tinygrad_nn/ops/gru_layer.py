"""A layer of gated recurrent units over a whole sequence: one node.

PyTorch's blocks are r, z and n; with ``m = V_n h + c_n``, the new state is ``n + z (h - n)`` where
``n = tanh(W_n x + b_n + r m)``. What is kept for the backward pass are the gates and m.

Source: Cho et al., arXiv:1406.1078; https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.kernels import column_sums
from .._core.op import case, op
from .activation import sigmoid
from .linear_layer import linear
from .recurrence import are_even, as_rows, half, in_order, previous, stepwise, turned
from .rnn_layer import CASES

Array = np.ndarray[Any, Any]


def _halved(weights: Any) -> Any:
    """The weights or the bias of the gates, halved for r and z: a sigmoid is ``tanh(z / 2) / 2 + 1 / 2``."""
    if weights is None:
        return None
    result = weights.copy()
    result[: 2 * (len(weights) // 3)] *= half(weights.dtype)
    return result


def _gates_of(rows: Array, weights: Array, bias: Array | None) -> Array:
    """The input's part of r, z and n, of shape (3, rows, units): blocks of memory of their own are quicker."""
    units = len(weights) // 3
    gates = np.empty((3, len(rows), units), rows.dtype)
    for number, gate in enumerate(gates):
        block = slice(number * units, (number + 1) * units)
        np.dot(rows, weights[block].T, out=gate)
        if bias is not None:
            gate += bias[block]
    return gates


def _slopes_of(gates: Array, inner: Array, before: Array) -> Array:
    """For all steps, the slopes of the new state with respect to what n, r and z are computed of, and to m.

    In this order, the gradients of the first three are those of the input's part, and those of the last three those of
    the recurrent one. Of shape (rows, 4, units).
    """
    r, z, n = gates
    slopes = np.empty((len(before), 4, before.shape[1]), before.dtype)
    of_n = n * n
    np.subtract(1, of_n, out=of_n)
    rest = 1 - z
    of_n *= rest
    slopes[:, 0] = of_n
    rest *= z
    np.multiply(before - n, rest, out=slopes[:, 2])
    of_n *= r
    slopes[:, 3] = of_n
    of_n *= inner
    np.multiply(of_n, np.subtract(1, r, out=rest), out=slopes[:, 1])
    return slopes


def _gru_vjp(
    g: Any, x: Any, hidden: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, values: Any, gates: Any, inner: Any,
    needs: Any, sizes: Any, backward: bool,
) -> tuple[Any, ...]:  # fmt: skip
    units = w_hh.shape[1]
    by_step, state = g[0].reshape(-1, units), g[1].copy()
    before = previous(as_rows(values), hidden, sizes, backward)
    slopes, z = _slopes_of(gates, inner, before), gates[1]
    flat = slopes.reshape(len(before), 4 * units)
    buffer = np.empty_like(state)
    for rows in reversed(in_order(sizes, backward)):
        count = rows.stop - rows.start
        own, spare = state[:count], buffer[:count]
        own += by_step[rows]
        slopes[rows] *= own[:, None]
        own *= z[rows]
        own += np.dot(flat[rows, units:], w_hh, out=spare)
    return _weight_gradients(needs, flat, x, state, before, w_ih, b_ih)


def _weight_gradients(
    needs: Any, flat: Array, x: Array, state: Array, before: Array, w_ih: Array, bias: Any
) -> tuple[Any, ...]:
    """The gradients of all inputs, from those of n, r, z and m."""
    units = before.shape[1]
    of_input, of_state = flat[:, : 3 * units], flat[:, units:]
    sums = None if bias is None else column_sums(flat)

    def reordered(array: Any) -> Any:  # n, r, z to r, z, n
        return np.concatenate((array[units:], array[:units]))

    return (
        of_input.dot(np.concatenate((w_ih[2 * units :], w_ih[: 2 * units]))).reshape(x.shape) if needs[0] else None,
        state,
        reordered(of_input.T.dot(as_rows(x))) if needs[2] else None,
        of_state.T.dot(before) if needs[3] else None,
        None if sums is None else reordered(sums[: 3 * units]),
        None if sums is None else sums[units:],
    )


def _gru_parts(
    x: Any, hidden: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, sizes: Any, backward: bool
) -> Any:
    def step(gates: Any, h: Any) -> tuple[Any]:
        r, z, n = gates.chunk(3, 1)
        of_r, of_z, m = linear(h, w_hh, b_hh).chunk(3, 1)
        z = sigmoid(z + of_z)
        n = np.tanh(n + sigmoid(r + of_r) * m)
        return (n + z * (h - n),)

    return stepwise(x, (hidden,), (w_ih, b_ih), sizes, backward, step)


@op(kind="fused", vjp=_gru_vjp, parts=_gru_parts, several=True, residuals=("values", "gates", "inner"),
    method=False, torch_name="", node_name="GruBackward0",
    cases=[case(x, (n, 3), (9, 4), (9, 3), bias, bias, **options)
           for x, n, options in CASES for bias in ((9,), None)])  # fmt: skip
def _gru(x, hidden, w_ih, w_hh, b_ih, b_hh, /, *, sizes, backward=False):
    """The hidden states of all steps, and the last ones."""
    units, steps, one_half = w_hh.shape[1], in_order(sizes, backward), half(x.dtype)
    bias, inner_bias = b_ih, None
    if b_ih is not None:  # those of r and z can be added at once
        bias, inner_bias = b_ih.copy(), b_hh[2 * units :]
        bias[: 2 * units] += b_hh[: 2 * units]
    gates = _gates_of(as_rows(x), _halved(w_ih), _halved(bias))
    recurrent, even = turned(_halved(w_hh), steps), are_even(sizes)
    inner, out = (np.empty(gates.shape[1:], x.dtype) for _ in range(2))
    buffer = np.empty((len(hidden), 3 * units), x.dtype)
    blocks = buffer.reshape(len(hidden), 3, units).transpose(1, 0, 2)
    state = hidden if even else hidden.copy()
    for rows in steps:
        count = rows.stop - rows.start
        both, new, own, own_inner, before = gates[:2, rows], gates[2, rows], out[rows], inner[rows], state[:count]
        np.dot(before, recurrent, out=buffer[:count])
        both += blocks[:2, :count]
        np.tanh(both, out=both)
        both *= one_half
        both += one_half
        if inner_bias is None:
            own_inner[...] = blocks[2, :count]
        else:
            np.add(blocks[2, :count], inner_bias, out=own_inner)
        new += np.multiply(both[0], own_inner, out=own)
        np.tanh(new, out=new)
        np.subtract(before, new, out=own)
        own *= both[1]
        own += new
        if even:
            state = own
        else:
            state[:count] = own
    values = out.reshape(*x.shape[:-1], units)
    return (values, state.copy()), values, gates, inner
