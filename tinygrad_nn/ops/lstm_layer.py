"""A layer of long short-term memory over a whole sequence: one node.

Of the four blocks of each row, i, f, g and o, all but g go through a sigmoid, which is ``tanh(z / 2) / 2 + 1 / 2``: the
weights are halved beforehand (or, of few steps, what comes of them), so that one tanh serves all four, and one formula,
``(1 - tanh ** 2) / 2``, their derivatives. What is kept for the backward pass are these tanh and the cells; most of its
arithmetic is done for all steps at once.

Source: Hochreiter and Schmidhuber (1997); https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.op import case, op
from .activation import sigmoid
from .linear_layer import linear
from .recurrence import MANY, are_even, as_rows, half, in_order, previous, projected, stepwise, turned, weight_gradients
from .rnn_layer import CASES

Array = np.ndarray[Any, Any]


def _halved(weights: Any) -> Any:
    """The weights or the bias of the gates, halved but for g's."""
    if weights is None:
        return None
    result = weights * half(weights.dtype)
    units = len(weights) // 4
    result[2 * units : 3 * units] = weights[2 * units : 3 * units]
    return result


def _same(weights: Any) -> Any:
    return weights


def _halve(gates: Array) -> None:
    """The same of rows of gates, in their memory."""
    units, one_half = gates.shape[1] // 4, half(gates.dtype)
    gates[:, : 2 * units] *= one_half
    gates[:, 3 * units :] *= one_half


def _slopes_of(tanh: Array, cells: Array, before: Array) -> tuple[Array, Array, Array]:
    """What the gradients of all steps are made of.

    Args:
        tanh: of the four blocks.
        cells, before: the cells after each step and before it.

    Returns:
        The slopes with respect to what the four tanh are taken of, of shape (rows, 4, units): those of i, f and g are
        to be multiplied by the cell's gradient, that of o by the hidden state's; the cells' tanh; and the gate f.
    """
    units, one_half = cells.shape[1], half(cells.dtype)
    slopes = np.multiply(tanh, tanh)
    slopes *= -one_half
    slopes += one_half
    blocks = slopes.reshape(len(cells), 4, units)
    of_cells = np.tanh(cells)
    blocks[:, 0] *= tanh[:, 2 * units : 3 * units]
    blocks[:, 1] *= before
    blocks[:, 2] *= tanh[:, :units] + 1
    blocks[:, 3] *= of_cells
    kept = tanh[:, units : 2 * units] * one_half
    kept += one_half
    return blocks, of_cells, kept


def _lstm_vjp(
    g: Any, x: Any, hidden: Any, cell: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any, values: Any,
    tanh: Any, cells: Any, needs: Any, sizes: Any, backward: bool,
) -> tuple[Any, ...]:  # fmt: skip
    units, width = cells.shape[1], hidden.shape[1]
    by_step, state, carried = g[0].reshape(-1, width), g[1].copy(), g[2].copy()
    slopes, of_cells, kept = _slopes_of(tanh, cells, previous(cells, cell, sizes, backward))
    flat = slopes.reshape(len(cells), 4 * units)
    given = tanh[:, 3 * units :] * half(cells.dtype)
    given += half(cells.dtype)  # the gate o
    to_cell = of_cells * of_cells
    np.subtract(1, to_cell, out=to_cell)
    to_cell *= given
    steps = in_order(sizes, backward)
    fold = _halved if len(steps) >= MANY else _same
    recurrent = fold(w_hh)
    of_outputs = None if w_hr is None else np.empty((len(cells), width), cells.dtype)
    for rows in reversed(steps):
        count = rows.stop - rows.start
        own, own_cell, slope, through = state[:count], carried[:count], slopes[rows], to_cell[rows]
        own += by_step[rows]
        inner = own
        if of_outputs is not None:
            of_outputs[rows] = own
            inner = own.dot(w_hr)
        through *= inner
        own_cell += through
        slope[:, :3] *= own_cell[:, None]
        slope[:, 3] *= inner
        own_cell *= kept[rows]
        if fold is _same:
            _halve(flat[rows])
        np.dot(flat[rows], recurrent, out=own)
    before = previous(as_rows(values), hidden, sizes, backward)
    first, *rest = weight_gradients((needs[0], *needs[3:7]), flat, x, before, fold(w_ih), b_ih)
    rest = [fold(gradient) for gradient in rest]
    of_projection = None if of_outputs is None or not needs[7] else of_outputs.T.dot(given * of_cells)
    return (first, state, carried, *rest, of_projection)


def _lstm_parts(
    x: Any, hidden: Any, cell: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any, sizes: Any, backward: bool
) -> Any:
    def step(gates: Any, h: Any, c: Any) -> tuple[Any, Any]:
        i, f, new, o = (gates + linear(h, w_hh, b_hh)).chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
        h = sigmoid(o) * np.tanh(c)
        return (h if w_hr is None else linear(h, w_hr)), c

    return stepwise(x, (hidden, cell), (w_ih, b_ih), sizes, backward, step)


@op(kind="fused", vjp=_lstm_vjp, parts=_lstm_parts, several=True, residuals=("values", "tanh", "cells"),
    method=False, torch_name="", node_name="LstmBackward0",
    cases=[case(x, (n, 3), (n, 3), (12, 4), (12, 3), bias, bias, None, **steps)
           for x, n, steps in CASES for bias in ((12,), None)]
    + [case(x, (n, 2), (n, 3), (12, 4), (12, 2), (12,), (12,), (2, 3), **steps)
       for x, n, steps in CASES[:3]])  # fmt: skip
def _lstm(x, hidden, cell, w_ih, w_hh, b_ih, b_hh, w_hr, /, *, sizes, backward=False):
    """The hidden states of all steps, and the last hidden states and cells."""
    units, steps, one_half = w_hh.shape[0] // 4, in_order(sizes, backward), half(x.dtype)
    fold = _halved if len(steps) >= MANY else _same
    tanh = projected(x, fold(w_ih), fold(None if b_ih is None else b_ih + b_hh))
    recurrent, even = turned(fold(w_hh), steps), are_even(sizes)
    cells, inner = (np.empty((len(tanh), units), x.dtype) for _ in range(2))
    out = inner if w_hr is None else np.empty((len(tanh), w_hr.shape[0]), x.dtype)
    buffer = np.empty((len(hidden), 4 * units), x.dtype)
    state, carried = (hidden, cell) if even else (hidden.copy(), cell.copy())
    for rows in steps:
        count = rows.stop - rows.start
        gate, own, own_cell, spare = tanh[rows], inner[rows], cells[rows], buffer[:count]
        gate += np.dot(state[:count], recurrent, out=spare)
        if fold is _same:
            _halve(gate)
        np.tanh(gate, out=gate)
        np.multiply(gate, one_half, out=spare)
        spare += one_half
        np.multiply(spare[:, units : 2 * units], carried[:count], out=own_cell)
        own_cell += np.multiply(spare[:, :units], gate[:, 2 * units : 3 * units], out=own)
        np.tanh(own_cell, out=own)
        own *= spare[:, 3 * units :]
        if w_hr is not None:
            own = np.dot(own, w_hr.T, out=out[rows])
        if even:
            state, carried = own, own_cell
        else:
            state[:count], carried[:count] = own, own_cell
    values = out.reshape(*x.shape[:-1], out.shape[1])
    return (values, state.copy(), carried.copy()), values, tanh, cells
