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
from .recurrence import are_even, as_rows, in_order, previous, projected, stepwise, turned
from .rnn_layer import CASES

Array = np.ndarray[Any, Any]


def _gru_vjp(
    g: Any, x: Any, hidden: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, out: Any, gates: Any, inner: Any,
    needs: Any, sizes: Any, backward: bool,
) -> tuple[Any, ...]:  # fmt: skip
    units = w_hh.shape[1]
    by_step, state = g[0].reshape(-1, units), g[1].copy()
    r, z, n = (gates[:, k * units : (k + 1) * units] for k in range(3))
    before = previous(out[0].reshape(by_step.shape), hidden, sizes, backward)
    # the gradients of n, r, z and m, in this order: the first three are the input's, the last three the recurrent ones
    slopes = np.empty((len(gates), 4, units), gates.dtype)
    np.multiply(1 - z, 1 - n * n, out=slopes[:, 0])
    np.multiply(slopes[:, 0], r, out=slopes[:, 3])
    np.multiply(slopes[:, 3], inner * (1 - r), out=slopes[:, 1])
    np.multiply(before - n, z * (1 - z), out=slopes[:, 2])
    flat = slopes.reshape(len(gates), 4 * units)
    buffer = np.empty_like(state)
    for rows in reversed(in_order(sizes, backward)):
        count = rows.stop - rows.start
        own, spare = state[:count], buffer[:count]
        own += by_step[rows]
        slopes[rows] *= own[:, None]
        own *= z[rows]
        own += np.dot(flat[rows, units:], w_hh, out=spare)
    return (*_weight_gradients(needs, flat, x, state, before, w_ih, b_ih),)


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
) -> Any:  # fmt: skip
    def step(gates: Any, h: Any) -> tuple[Any]:
        r, z, n = gates.chunk(3, 1)
        of_r, of_z, m = linear(h, w_hh, b_hh).chunk(3, 1)
        z = sigmoid(z + of_z)
        n = np.tanh(n + sigmoid(r + of_r) * m)
        return (n + z * (h - n),)

    return stepwise(x, (hidden,), (w_ih, b_ih), sizes, backward, step)


@op(kind="fused", vjp=_gru_vjp, parts=_gru_parts, several=True, residuals=("gates", "inner"), method=False,
    torch_name="", node_name="GruBackward0",
    cases=[case(x, (n, 3), (9, 4), (9, 3), bias, bias, **options)
           for x, n, options in CASES for bias in ((9,), None)])  # fmt: skip
def _gru(x, hidden, w_ih, w_hh, b_ih, b_hh, /, *, sizes, backward=False):
    """The hidden states of all steps, and the last ones."""
    units, steps = w_hh.shape[1], in_order(sizes, backward)
    two = 2 * units
    bias, inner_bias = b_ih, None
    if b_ih is not None:  # those of r and z can be added at once
        bias, inner_bias = b_ih.copy(), b_hh[two:]
        bias[:two] += b_hh[:two]
    # a sigmoid is tanh(z / 2) / 2 + 1 / 2
    factor = np.ones((3 * units, 1), x.dtype)
    factor[:two] = 0.5
    gates = projected(x, w_ih * factor, None if bias is None else bias * factor[:, 0])
    recurrent, even = turned(w_hh * factor, steps), are_even(sizes)
    inner, out = (np.empty((len(gates), units), x.dtype) for _ in range(2))
    buffer = np.empty((len(hidden), 3 * units), x.dtype)
    state = hidden if even else hidden.copy()
    for rows in steps:
        count = rows.stop - rows.start
        gate, own, own_inner, spare = gates[rows], out[rows], inner[rows], buffer[:count]
        before, both, new = state[:count], gate[:, :two], gate[:, two:]
        np.dot(before, recurrent, out=spare)
        both += spare[:, :two]
        np.tanh(both, out=both)
        both *= 0.5
        both += 0.5
        if inner_bias is None:
            own_inner[...] = spare[:, two:]
        else:
            np.add(spare[:, two:], inner_bias, out=own_inner)
        new += np.multiply(both[:, :units], own_inner, out=own)
        np.tanh(new, out=new)
        np.subtract(before, new, out=own)
        own *= both[:, units:]
        own += new
        if even:
            state = own
        else:
            state[:count] = own
    return (out.reshape(*x.shape[:-1], units), state.copy()), gates, inner
