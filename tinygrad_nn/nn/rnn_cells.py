"""Single steps of recurrent networks.

Source: https://docs.pytorch.org/docs/stable/nn.html#recurrent-layers
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.errors import must_be_tensor
from .._core.tensor import Tensor, wrap
from ..ops.recurrent import one_step
from . import init
from .module import Module
from .parameter import Parameter, new_parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What `RNNCell`, `LSTMCell` and `GRUCell` share.

    The parameters ``weight_ih``, ``weight_hh``, ``bias_ih`` and ``bias_hh`` are drawn uniformly up to
    ``1 / sqrt(hidden_size)``.

    Args:
        input_size: the length of each input.
        hidden_size: the length of the hidden state.
        bias: whether there are biases.
        num_chunks: how many blocks of weights there are.
        device: only the CPU.
        dtype: the type of the parameters.
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = new_parameter(rows, input_size, dtype=dtype, device=device)
        self.weight_hh = new_parameter(rows, hidden_size, dtype=dtype, device=device)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, new_parameter(rows, dtype=dtype, device=device) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights and biases."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        """The sizes, and the options that are not the usual ones."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.__dict__['nonlinearity']}"
        return text

    def _check_shapes(self, x: Tensor, states: Sequence[Tensor]) -> None:
        """Refuse a batch of an input and of states that do not go together."""
        batch, width = x._array.shape
        if width != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {width}, expected {self.input_size}")
        for number, state in enumerate(states):
            shape = state._array.shape
            if batch != shape[0]:
                raise RuntimeError(f"Input batch size {batch} doesn't match hidden{number} batch size {shape[0]}")
            if shape[1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{number} has inconsistent hidden_size: got {shape[1]}, expected {self.hidden_size}"
                )

    def _step(self, mode: str, input: Any, states: Sequence[Tensor] | None, count: int = 1) -> Any:
        """The new states, for a batch of inputs or a single one."""
        name = type(self).__name__
        if not isinstance(input, Tensor):
            raise must_be_tensor(name, "input", 0, input)
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        for number, state in enumerate(() if states is None else states):
            if state.ndim not in (1, 2):
                which = "hidden" if count == 1 else f"hx[{number}]"
                raise ValueError(f"{name}: Expected {which} to be 1D or 2D, got {state.ndim}D instead")
        batched = input.ndim == 2
        x = input if batched else input.unsqueeze(0)
        if states is None:
            states = [wrap(np.zeros((len(x), self.hidden_size), x._array.dtype)) for _ in range(count)]
        elif not batched:
            states = [state.unsqueeze(0) for state in states]
        self._check_shapes(x, states)
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, None)
        result = one_step(mode, x, states, weights)
        if batched:
            return result
        return tuple(r.squeeze(0) for r in result) if isinstance(result, tuple) else result.squeeze(0)


class RNNCell(RNNCellBase):
    """One step of simple units, ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    Args:
        input_size: the length of each input.
        hidden_size: the length of the hidden state.
        bias: whether there are biases.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        device: only the CPU.
        dtype: the type of the parameters.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.RNNCell(10, 20)(tg.zeros(3, 10)).shape
        torch.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The new hidden state.

        Raises:
            RuntimeError: there is no such nonlinearity, or the shapes do not fit.
        """
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        result: Tensor = self._step(f"RNN_{self.nonlinearity.upper()}", input, None if hx is None else [hx])
        return result


class LSTMCell(RNNCellBase):
    """One step of long short-term memory: see `LSTM`.

    Args:
        input_size: the length of each input.
        hidden_size: the length of the hidden state and the cell.
        bias: whether there are biases.
        device: only the CPU.
        dtype: the type of the parameters.

    Example:
        >>> import tinygrad_nn as tg
        >>> hidden, cell = tg.nn.LSTMCell(10, 20)(tg.zeros(3, 10))
        >>> hidden.shape, cell.shape
        (torch.Size([3, 20]), torch.Size([3, 20]))
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The new hidden state and the new cell.

        Raises:
            TypeError: the states are no tuple.
        """
        if isinstance(hx, Tensor):
            raise TypeError("lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor")
        result: tuple[Tensor, Tensor] = self._step("LSTM", input, hx, 2)
        return result


class GRUCell(RNNCellBase):
    """One step of gated units: see `GRU`.

    Args:
        input_size: the length of each input.
        hidden_size: the length of the hidden state.
        bias: whether there are biases.
        device: only the CPU.
        dtype: the type of the parameters.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.GRUCell(10, 20)(tg.zeros(3, 10)).shape
        torch.Size([3, 20])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The new hidden state."""
        result: Tensor = self._step("GRU", input, None if hx is None else [hx])
        return result
