"""Recurrent networks of several layers and directions, and single steps, made of the fused layers.

Source: https://docs.pytorch.org/docs/stable/nn.html#recurrent-layers
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.modes import modes
from .._core.tensor import Tensor, wrap
from .dropout import dropout
from .gru_layer import _gru
from .join import cat, stack
from .lstm_layer import _lstm
from .product_errors import MAT1_MAT2, same_dtype_error
from .rnn_layer import _rnn

Weights = Sequence["Tensor | None"]
Layer = Callable[..., Any]


def _simple(nonlinearity: str) -> Layer:
    def run(x: Tensor, states: Sequence[Tensor], weights: Weights, sizes: Any, backward: bool) -> Any:
        return _rnn(x, *states, *weights[:4], sizes=sizes, backward=backward, nonlinearity=nonlinearity)

    return run


def _gated(x: Tensor, states: Sequence[Tensor], weights: Weights, sizes: Any, backward: bool) -> Any:
    return _gru(x, *states, *weights[:4], sizes=sizes, backward=backward)


def _long_short(x: Tensor, states: Sequence[Tensor], weights: Weights, sizes: Any, backward: bool) -> Any:
    return _lstm(x, *states, *weights, sizes=sizes, backward=backward)


LAYERS: dict[str, Layer] = {
    "RNN_TANH": _simple("tanh"), "RNN_RELU": _simple("relu"), "GRU": _gated, "LSTM": _long_short,
}  # fmt: skip


def _check_types(x: Tensor, states: Sequence[Tensor], weight: Any) -> None:
    kind = x._array.dtype
    if kind.kind not in "f":
        raise NotImplementedError(
            f"\"addmm_impl_cpu_\" not implemented for '{dtypes.type_name(kind)}' in a recurrent layer. Convert the "
            "input first: x.float()."
        )
    for name, other in (*(("hidden state", state) for state in states), ("weight", weight)):
        if other._array.dtype != kind:
            raise same_dtype_error(MAT1_MAT2, x._array, other._array, ("input", name))


def _each(state: Tensor) -> Sequence[Tensor]:
    """The state of each layer and direction."""
    if modes.here.grad and state.requires_grad:
        return state.unbind(0)
    return [wrap(part, None, state._cell) for part in state._array]  # writes are noticed as those into a view


def run_layers(
    mode: str,
    x: Tensor,
    states: Sequence[Tensor],
    weights: Sequence[Weights],
    sizes: tuple[int, ...],
    *,
    directions: int = 1,
    dropout_p: float = 0.0,
    training: bool = False,
) -> tuple[Tensor, list[Tensor]]:
    """All layers of a recurrent network, over whole sequences.

    Args:
        mode: one of `LAYERS`.
        x: packed sequences of shape (rows, features), or even ones of shape (steps, count, features).
        states: what the network starts with, each of shape (layers * directions, count, units).
        weights: for each layer and direction those of the input and of the state, their biases, and the projection;
            None for what there is not.
        sizes: how many sequences take part in each step.
        directions: 2 if the sequences are gone through backwards as well.
        dropout_p, training: dropout between layers, in training.

    Returns:
        The output of the last layer, packed like x, and the last states.

    Raises:
        RuntimeError: there is no step, or the states have another dtype.
    """
    if not sizes:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    _check_types(x, states, weights[0][0])
    if x._array.dtype == np.float16:  # products of which NumPy has no BLAS for
        wide = [[None if w is None else w.float() for w in row] for row in weights]
        output, last = run_layers(
            mode, x.float(), [s.float() for s in states], wide, sizes, directions=directions, dropout_p=dropout_p,
            training=training,
        )  # fmt: skip
        return output.half(), [end.half() for end in last]
    layer = LAYERS[mode]
    starts: list[Any] = [_each(state) for state in states]
    ends: list[list[Tensor]] = [[] for _ in states]
    for number in range(0, len(weights), directions):
        outputs = []
        for direction in range(directions):
            place = number + direction
            output, *latest = layer(x, [start[place] for start in starts], weights[place], sizes, direction == 1)
            outputs.append(output)
            for kept, end in zip(ends, latest, strict=True):
                kept.append(end)
        x = outputs[0] if directions == 1 else cat(outputs, -1)
        if dropout_p and training and number + directions < len(weights):
            x = dropout(x, dropout_p, True)
    return x, [stack(kept) if len(kept) > 1 else kept[0].unsqueeze(0) for kept in ends]


def one_step(mode: str, x: Tensor, states: Sequence[Tensor], weights: Weights) -> Any:
    """A single step of a single layer: the new hidden state or, of an LSTM, both new states."""
    _check_types(x, states, weights[0])
    if x._array.dtype == np.float16:
        wide = [None if w is None else w.float() for w in weights]
        result = one_step(mode, x.float(), [s.float() for s in states], wide)
        return tuple(r.half() for r in result) if isinstance(result, tuple) else result.half()
    output, *last = LAYERS[mode](x, states, weights, (len(x),), False)
    return (output, last[1]) if mode == "LSTM" else output
