"""A layer of simple recurrent units, ``h = tanh(W x + b + V h + c)``, or with relu, over a whole sequence: one node.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core.op import case, op
from .linear_layer import linear
from .piecewise import relu as _relu_of_tensors
from .recurrence import are_even, as_rows, in_order, previous, projected, stepwise, turned, weight_gradients

Array = np.ndarray[Any, Any]


def _relu(x: Array, out: Array) -> Array:
    return np.maximum(x, 0, out=out)


_FUNCTIONS: dict[str, Callable[..., Any]] = {"tanh": np.tanh, "relu": _relu}


def _rnn_vjp(
    g: Any, x: Any, hidden: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, values: Any, needs: Any, sizes: Any,
    backward: bool, nonlinearity: str,
) -> tuple[Any, ...]:  # fmt: skip
    by_step, state = g[0].reshape(-1, w_hh.shape[1]), g[1].copy()
    values = as_rows(values)
    if nonlinearity == "tanh":
        slopes = values * values
        np.subtract(1, slopes, out=slopes)
    else:
        slopes = (values > 0).astype(values.dtype)
    for rows in reversed(in_order(sizes, backward)):
        own, slope = state[: rows.stop - rows.start], slopes[rows]
        own += by_step[rows]
        slope *= own
        np.dot(slope, w_hh, out=own)
    before = previous(values, hidden, sizes, backward)
    first, *rest = weight_gradients((needs[0], *needs[2:]), slopes, x, before, w_ih, b_ih)
    return (first, state, *rest)


def _rnn_parts(
    x: Any, hidden: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, sizes: Any, backward: bool, nonlinearity: str
) -> Any:
    def step(gates: Any, h: Any) -> tuple[Any]:
        total = gates + linear(h, w_hh, b_hh)
        return (np.tanh(total) if nonlinearity == "tanh" else _relu_of_tensors(total),)

    return stepwise(x, (hidden,), (w_ih, b_ih), sizes, backward, step)


CASES: list[tuple[tuple[int, ...], int, dict[str, Any]]] = [  # shape of the input, sequences, steps
    ((3, 2, 4), 2, {"sizes": (2, 2, 2)}), ((3, 2, 4), 2, {"sizes": (2, 2, 2), "backward": True}),
    ((6, 4), 3, {"sizes": (3, 2, 1)}), ((6, 4), 3, {"sizes": (3, 2, 1), "backward": True}),
    ((5, 1, 4), 1, {"sizes": (1,) * 5}), ((2, 4), 2, {"sizes": (2,)}),
]  # fmt: skip


@op(kind="fused", vjp=_rnn_vjp, parts=_rnn_parts, several=True, residuals=("values",), method=False,
    torch_name="", node_name="RnnBackward0",
    cases=[case(x, (n, 3), (3, 4), (3, 3), bias, bias, **steps, nonlinearity=function)
           for x, n, steps in CASES
           for function, bias in (("tanh", (3,)), ("tanh", None), ("relu", (3,)))])  # fmt: skip
def _rnn(x, hidden, w_ih, w_hh, b_ih, b_hh, /, *, sizes, backward=False, nonlinearity="tanh"):
    """The hidden states of all steps, and the last ones."""
    function, steps = _FUNCTIONS[nonlinearity], in_order(sizes, backward)
    values = projected(x, w_ih, None if b_ih is None else b_ih + b_hh)
    recurrent, even = turned(w_hh, steps), are_even(sizes)
    buffer = np.empty_like(values[: len(hidden)])
    state = hidden if even else hidden.copy()
    for rows in steps:
        count, own = rows.stop - rows.start, values[rows]
        own += np.dot(state[:count], recurrent, out=buffer[:count])
        function(own, out=own)
        if even:
            state = own
        else:
            state[:count] = own
    values = values.reshape(*x.shape[:-1], w_hh.shape[1])
    return (values, state.copy()), values
