"""Recurrent networks: over whole sequences, of several layers and directions.

Source: https://docs.pytorch.org/docs/stable/nn.html#recurrent-layers
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from .._core.tensor import Tensor, wrap
from .rnn_base import RNNBase
from .utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN"]

States = tuple[Tensor, Tensor]  # hidden state and cells


def _refuse_projection(options: dict[str, Any]) -> None:
    if "proj_size" in options:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """A recurrent network of simple units, ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    Args:
        input_size: the length of each input.
        hidden_size: the length of the hidden state.
        num_layers: how many layers; each takes the outputs of the one before.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        bias, batch_first, dropout, bidirectional, device, dtype: see `RNNBase`.

    Example:
        >>> import tinygrad_nn as tg
        >>> network = tg.nn.RNN(10, 20, num_layers=2)
        >>> output, hidden = network(tg.zeros(5, 3, 10))
        >>> output.shape, hidden.shape
        (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        if len(args) > 3:
            nonlinearity, args = args[3], (*args[:3], *args[4:])
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    if TYPE_CHECKING:  # what is packed comes back packed

        @overload
        def __call__(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]: ...
        @overload
        def __call__(self, input: PackedSequence, hx: Tensor | None = None) -> tuple[PackedSequence, Tensor]: ...
        def __call__(self, input: Any, hx: Any = None) -> Any: ...


class GRU(RNNBase):
    """A recurrent network of gated units (Cho et al., 2014).

    ``r`` and ``z`` are sigmoids of ``W x + b + V h + c``, ``n = tanh(W_n x + b_n + r (V_n h + c_n))``, and the new
    state is ``(1 - z) n + z h``.

    Args:
        input_size: the length of each input.
        hidden_size: the length of the hidden state.
        num_layers: how many layers; each takes the outputs of the one before.
        bias, batch_first, dropout, bidirectional, device, dtype: see `RNNBase`.

    Example:
        >>> import tinygrad_nn as tg
        >>> network = tg.nn.GRU(10, 20, batch_first=True, bidirectional=True)
        >>> output, hidden = network(tg.zeros(3, 5, 10))
        >>> output.shape, hidden.shape
        (torch.Size([3, 5, 40]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)

    if TYPE_CHECKING:  # what is packed comes back packed

        @overload
        def __call__(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]: ...
        @overload
        def __call__(self, input: PackedSequence, hx: Tensor | None = None) -> tuple[PackedSequence, Tensor]: ...
        def __call__(self, input: Any, hx: Any = None) -> Any: ...


class LSTM(RNNBase):
    """A recurrent network of long short-term memory (Hochreiter and Schmidhuber, 1997).

    ``i``, ``f`` and ``o`` are sigmoids of ``W x + b + V h + c``, ``g`` is a tanh of such; the new cell is
    ``f c + i g`` and the new hidden state ``o tanh(c)``, or with `proj_size` ``W_hr (o tanh(c))``.

    Args:
        input_size: the length of each input.
        hidden_size: the length of the cell.
        num_layers: how many layers; each takes the outputs of the one before.
        bias, batch_first, dropout, bidirectional, proj_size, device, dtype: see `RNNBase`.

    Example:
        >>> import tinygrad_nn as tg
        >>> network = tg.nn.LSTM(10, 20)
        >>> output, (hidden, cell) = network(tg.zeros(5, 3, 10))
        >>> output.shape, hidden.shape, cell.shape
        (torch.Size([5, 3, 20]), torch.Size([1, 3, 20]), torch.Size([1, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    if TYPE_CHECKING:  # what is packed comes back packed

        @overload
        def __call__(self, input: Tensor, hx: States | None = None) -> tuple[Tensor, States]: ...
        @overload
        def __call__(self, input: PackedSequence, hx: States | None = None) -> tuple[PackedSequence, States]: ...
        def __call__(self, input: Any, hx: Any = None) -> Any: ...

    def get_expected_cell_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape of the cells."""
        return self.num_layers * self._directions, self._batch(input, batch_sizes), self.hidden_size

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse an input, a hidden state or cells that do not fit."""
        self.check_input(input, batch_sizes)
        expected = self.get_expected_hidden_size(input, batch_sizes)
        self.check_hidden_size(hidden[0], expected, "Expected hidden[0] size {}, got {}")
        expected = self.get_expected_cell_size(input, batch_sizes)
        self.check_hidden_size(hidden[1], expected, "Expected hidden[1] size {}, got {}")

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Both states with the sequences in another order."""
        if permutation is None:
            return hx
        return hx[0].index_select(1, permutation), hx[1].index_select(1, permutation)

    def _zeros(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        shape = self.get_expected_cell_size(input, batch_sizes)
        return super()._zeros(input, batch_sizes), wrap(np.zeros(shape, input._array.dtype))

    def _as_batch(self, hx: Any, ndim: int) -> Any:
        if hx[0].ndim != ndim or hx[1].ndim != ndim:
            kind = "unbatched 2-D" if ndim == 2 else "batched 3-D"
            raise RuntimeError(
                f"For {kind} input, hx and cx should also be {ndim}-D but got ({hx[0].ndim}-D, {hx[1].ndim}-D) tensors"
            )
        return (hx[0].unsqueeze(1), hx[1].unsqueeze(1)) if ndim == 2 else hx

    def _states(self, hx: Any) -> Sequence[Tensor]:
        return hx[0], hx[1]

    def _hidden(self, ends: Sequence[Tensor]) -> Any:
        return tuple(ends)
