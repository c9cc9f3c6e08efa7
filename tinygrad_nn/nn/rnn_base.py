"""What recurrent networks share: parameters, checks, and the way through layers and directions.

Source: https://docs.pytorch.org/docs/stable/nn.html#recurrent-layers
"""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.errors import must_be_tensor
from .._core.tensor import Tensor, wrap
from ..ops.recurrent import run_layers
from . import init
from .module import Module
from .parameter import Parameter, new_parameter
from .utils.rnn import PackedSequence

__all__ = ["RNNBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _check_sizes(input_size: Any, hidden_size: Any, num_layers: int, proj_size: int) -> None:
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero, got {value}")
    if num_layers <= 0:
        raise ValueError(f"num_layers must be greater than zero, got {num_layers}")
    if proj_size < 0:
        raise ValueError(f"proj_size should be a positive integer or zero to disable projections, got {proj_size}")
    if proj_size >= hidden_size:
        raise ValueError(f"proj_size has to be smaller than hidden_size, got {proj_size} and {hidden_size}")


class RNNBase(Module):
    """What `RNN`, `LSTM` and `GRU` share: parameters, checks, and the way through the layers.

    The parameters of layer k are ``weight_ih_lk``, ``weight_hh_lk``, ``bias_ih_lk`` and ``bias_hh_lk`` (with ``bias``)
    and ``weight_hr_lk`` (with ``proj_size``), those of the backward direction end with ``_reverse``. They are drawn
    uniformly up to ``1 / sqrt(hidden_size)``.

    Args:
        mode: ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``.
        input_size: the length of each input.
        hidden_size: the length of the hidden state.
        num_layers: how many layers; each takes the outputs of the one before.
        bias: whether there are biases.
        batch_first: the batch is the first dimension of input and output, the time the second.
        dropout: probability of an element of a layer's output to be zeroed, but for the last layer's, in training.
        bidirectional: go through the sequences backwards as well; outputs are twice as long then.
        proj_size: the length that hidden states are projected to; 0 for none.
        device: only the CPU.
        dtype: the type of the parameters.

    Raises:
        ValueError, TypeError: an option is out of range, or of another type.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if not isinstance(dropout, numbers.Number) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed, "
                f"got {dropout!r}"
            )
        for name, value in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(value, bool):
                raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
        _check_sizes(input_size, hidden_size, num_layers, proj_size)
        if mode not in _GATES:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                UserWarning,
                stacklevel=3,
            )
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse") if bidirectional else ("",):
                self._add_layer(layer, suffix, device, dtype)
        self.reset_parameters()

    def _add_layer(self, layer: int, suffix: str, device: Any, dtype: Any) -> None:
        """Register the parameters of one layer and direction."""
        rows, width = _GATES[self.mode] * self.hidden_size, self._width
        columns = self.input_size if layer == 0 else width * self._directions
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, columns), "weight_hh": (rows, width)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        names = []
        for name, shape in shapes.items():
            names.append(f"{name}_l{layer}{suffix}")
            self.register_parameter(names[-1], new_parameter(*shape, dtype=dtype, device=device))
        self._all_weights.append(names)

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _width(self) -> int:
        """The length of what a layer hands on."""
        return self.proj_size or self.hidden_size

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name) for name in self._flat_weights_names]

    def flatten_parameters(self) -> None:
        """Do nothing: PyTorch lays the parameters one after another for the GPU's sake."""

    def reset_parameters(self) -> None:
        """Draw new weights and biases."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        """The sizes, and the options that are not the usual ones."""
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False
        }  # fmt: skip
        for name, value in usual.items():
            if getattr(self, name) != value:
                text += f", {name}={getattr(self, name)}"
        return text

    # --- checks --------------------------------------------------------------------------------------------------

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Refuse an input of another dtype, number of dimensions or length.

        Raises:
            ValueError: the dtype.
            RuntimeError: the shape.
        """
        wanted = getattr(self, self._all_weights[0][0]).dtype
        if input.dtype != wanted:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({wanted}). Convert input: "
                f"input.to({wanted}), or convert model: model.to({input.dtype})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.ndim != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.ndim}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def _batch(self, input: Tensor, batch_sizes: Tensor | None) -> int:
        if batch_sizes is not None:
            return int(batch_sizes[0])
        return int(input.size(0 if self.batch_first else 1))

    def get_expected_hidden_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape of the hidden state."""
        return self.num_layers * self._directions, self._batch(input, batch_sizes), self._width

    def check_hidden_size(
        self, hx: Tensor, expected_hidden_size: tuple[int, int, int], msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        """Refuse a hidden state of another shape.

        Raises:
            RuntimeError: it has one.
        """
        if tuple(hx.shape) != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse an input or a hidden state that does not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The hidden state with the sequences in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # --- running -------------------------------------------------------------------------------------------------

    def _name(self) -> str:
        return type(self).__name__

    def _zeros(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        """The hidden state to start with where none is given."""
        shape = self.get_expected_hidden_size(input, batch_sizes)
        return wrap(np.zeros(shape, input._array.dtype))

    def _as_batch(self, hx: Any, ndim: int) -> Any:
        """A given hidden state, of a batch of one where there is none.

        Raises:
            TypeError: it is no tensor.
            RuntimeError: it has not as many dimensions as the input.
        """
        if not isinstance(hx, Tensor):
            raise must_be_tensor(self._name(), "hx", 1, hx)
        if hx.ndim != ndim:
            kind = "unbatched 2-D" if ndim == 2 else "batched 3-D"
            raise RuntimeError(f"For {kind} input, hx should also be {ndim}-D but got {hx.ndim}-D tensor")
        return hx.unsqueeze(1) if ndim == 2 else hx

    def _layer_weights(self) -> list[Sequence[Any]]:
        """For each layer and direction the weights, biases and projection; None for what there is not."""
        own: Any = self._parameters
        rows: list[Sequence[Any]] = []
        for names in self._all_weights:
            given = [own[name] if name in own else getattr(self, name) for name in names]
            biases = given[2:4] if self.bias else [None, None]
            rows.append((*given[:2], *biases, given[-1] if self.proj_size else None))
        return rows

    def _run(self, x: Tensor, states: Sequence[Tensor], sizes: tuple[int, ...]) -> tuple[Tensor, list[Tensor]]:
        return run_layers(
            self.mode, x, states, self._layer_weights(), sizes, directions=self._directions, dropout_p=self.dropout,
            training=self.training,
        )  # fmt: skip

    def _forward_packed(self, packed: PackedSequence, hx: Any) -> Any:
        data, batch_sizes, order, back = packed
        start = self._zeros(data, batch_sizes) if hx is None else self.permute_hidden(hx, order)
        self.check_forward_args(data, start, batch_sizes)
        output, ends = self._run(data, self._states(start), tuple(batch_sizes.tolist()))
        return PackedSequence(output, batch_sizes, order, back), self.permute_hidden(self._hidden(ends), back)

    def _forward_even(self, input: Tensor, hx: Any) -> Any:
        if input.ndim not in (2, 3):
            what = "D tensor" if "nonlinearity" in self.__dict__ else "D"  # as PyTorch says it
            raise ValueError(f"{self._name()}: Expected input to be 2D or 3D, got {input.ndim}{what} instead")
        batched, batch_dim = input.ndim == 3, 0 if self.batch_first else 1
        x = input if batched else input.unsqueeze(batch_dim)
        if hx is not None:
            hx = self._as_batch(hx, input.ndim)
        start = self._zeros(x, None) if hx is None else hx
        self.check_forward_args(x, start, None)
        if self.batch_first:
            x = x.transpose(0, 1)
        output, ends = self._run(x, self._states(start), (x._array.shape[1],) * x._array.shape[0])
        if self.batch_first:
            output = output.transpose(0, 1)
        if not batched:
            output, ends = output.squeeze(batch_dim), [end.squeeze(1) for end in ends]
        return output, self._hidden(ends)

    def _states(self, hx: Any) -> Sequence[Tensor]:
        return (hx,)

    def _hidden(self, ends: Sequence[Tensor]) -> Any:
        return ends[0]

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Run over sequences.

        Args:
            input: of shape (steps, batch, input_size), (batch, steps, input_size) with `batch_first`, (steps,
                input_size) for a single sequence, or a `PackedSequence`.
            hx: the hidden state to start with, of shape (layers * directions, batch, hidden_size); zeros by default.

        Returns:
            The outputs of the last layer at all steps, in the form of the input, and the last hidden state.

        Raises:
            ValueError, RuntimeError: shapes or dtypes do not fit.
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if not isinstance(input, Tensor):
            raise must_be_tensor(self._name(), "input", 0, input)
        return self._forward_even(input, hx)
