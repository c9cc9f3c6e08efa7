"""Recurrent networks and their cells: every option, even, single and packed sequences."""

from __future__ import annotations

from typing import Any

from .table import layer, normal, refused

NONE = "PyTorch has none"
NETWORKS = ("RNN", "GRU", "LSTM")


def states(name: str, *shape: int, cell: tuple[int, ...] | None = None) -> Any:
    """A hidden state, or a hidden state and cells."""
    return (normal(*shape), normal(*(cell or shape))) if name == "LSTM" else normal(*shape)


def packed(batch_first: bool = False, lengths: Any = (2, 4, 3)) -> Any:
    """Pack the first argument."""

    def prepare(package: Any, args: list[Any]) -> list[Any]:
        pack = package.nn.utils.rnn.pack_padded_sequence
        return [pack(args[0], list(lengths), batch_first, enforce_sorted=False), *args[1:]]

    return prepare


for _name in NETWORKS:
    # PyTorch runs an LSTM of float32 through a library that knows first derivatives only
    _second: dict[str, Any] = {"second": False, "reason": NONE} if _name == "LSTM" else {}
    for _options in (
        "", ", bias=False", ", bidirectional=True", ", num_layers=2", ", batch_first=True",
        ", num_layers=2, bias=False, batch_first=True, bidirectional=True", ", num_layers=3, dropout=0.5",
    ):  # fmt: skip
        _source = f"nn.{_name}(3, 4{_options})"
        layer(_source, normal(5, 2, 3), **_second)
        _count = (2 if "num_layers=2" in _options else 3 if "num_layers=3" in _options else 1)
        _count *= 2 if "bidirectional" in _options else 1
        _batch = 5 if "batch_first" in _options else 2
        layer(_source, normal(5, 2, 3), states(_name, _count, _batch, 4), **_second)
        layer(_source, normal(5, 3), **_second)
        layer(_source, normal(5, 3), states(_name, _count, 4), **_second)
        _shape = (3, 4, 3) if "batch_first" in _options else (4, 3, 3)
        _second |= {"prepare": packed("batch_first" in _options)}
        layer(_source, normal(*_shape), **_second)
        layer(_source, normal(*_shape), states(_name, _count, 3, 4), **_second)
        del _second["prepare"]
    layer(f"nn.{_name}(3, 4)", normal(1, 2, 3), **_second)
    layer(f"nn.{_name}(3, 4)", normal(5, 1, 3), **_second)
    _source = f"nn.{_name}Cell(3, 4)"
    layer(_source, normal(5, 3))
    layer(_source, normal(3))
    layer(_source, normal(5, 3), states(_name, 5, 4))
    layer(_source, normal(3), states(_name, 4))
    layer(f"nn.{_name}Cell(3, 4, bias=False)", normal(5, 3), states(_name, 5, 4))
layer("nn.RNN(3, 4, 2, 'relu')", normal(5, 2, 3))
layer("nn.RNN(3, 4, nonlinearity='relu', bidirectional=True)", normal(4, 3, 3), prepare=packed())
layer("nn.RNNCell(3, 4, nonlinearity='relu')", normal(5, 3), normal(5, 4))
for _options in ("", ", num_layers=2, bidirectional=True", ", bias=False, batch_first=True"):
    _source = f"nn.LSTM(3, 4, proj_size=2{_options})"
    _count = 4 if "bidirectional" in _options else 1
    _batch = 5 if "batch_first" in _options else 2
    _both = states("LSTM", _count, _batch, 2, cell=(_count, _batch, 4))
    layer(_source, normal(5, 2, 3), second=False, reason=NONE)
    layer(_source, normal(5, 2, 3), _both, second=False, reason=NONE)
    layer(_source, normal(4, 3, 3) if _batch == 2 else normal(3, 4, 3), prepare=packed(_batch != 2))
for _options in ("", ", bias=False", ", num_layers=2, bidirectional=True", ", num_layers=2, dropout=0.5"):
    layer(f"nn.LSTM(3, 4{_options}, dtype=torch.float64)", normal(5, 2, 3), types=("float64",))
    layer(f"nn.LSTM(3, 4{_options}, dtype=torch.float64)", normal(4, 3, 3), types=("float64",), prepare=packed())

# --- what is refused ---------------------------------------------------------------------------------------------

for _name in NETWORKS:
    for _arguments in (
        "0, 4", "3, 0", "3.0, 4", "3, 4.0", "3, 4, num_layers=0", "3, 4, dropout=1.5", "3, 4, dropout=True",
        "3, 4, bias=1", "3, 4, batch_first=1",
    ):  # fmt: skip
        refused(f"nn.{_name}({_arguments})")
    refused(f"nn.{_name}(3, 4)", normal(3))
    refused(f"nn.{_name}(3, 4)", normal(5, 2, 2))
    refused(f"nn.{_name}(3, 4)", normal(0, 2, 3))
    refused(f"nn.{_name}(3, 4).double()", normal(5, 2, 3))
    refused(f"nn.{_name}(3, 4)", normal(5, 2, 3), states(_name, 2, 2, 4))
    refused(f"nn.{_name}(3, 4)", normal(5, 2, 3), states(_name, 1, 4))
    refused(f"nn.{_name}(3, 4)", normal(5, 3), states(_name, 1, 2, 4))
    refused(f"nn.{_name}Cell(3, 4)", normal(2, 2, 3))
    refused(f"nn.{_name}Cell(3, 4)", normal(2, 2))
    refused(f"nn.{_name}Cell(3, 4)", normal(5, 3), states(_name, 4, 4))
    refused(f"nn.{_name}Cell(3, 4)", normal(5, 3), states(_name, 5, 3))
    refused(f"nn.{_name}Cell(3, 4)", normal(5, 3), states(_name, 1, 5, 4))
    refused(f"nn.{_name}Cell(3, -4)")
    refused(f"nn.{_name}Cell(3, 4).double()", normal(5, 3))
refused("nn.RNN(3, 4, nonlinearity='sigmoid')")
refused("nn.RNNCell(3, 4, nonlinearity='sigmoid')", normal(5, 3))
refused("nn.RNN(3, 4, proj_size=2)")
refused("nn.GRU(3, 4, proj_size=2)")
refused("nn.LSTM(3, 4, proj_size=4)")
refused("nn.LSTM(3, 4, proj_size=-1)")
refused("nn.RNNBase('ESN', 3, 4)")
refused("nn.LSTM(3, 4)", normal(5, 2, 3), (normal(1, 2, 4), normal(1, 2, 3)))
refused("nn.LSTMCell(3, 4)", normal(5, 3), normal(5, 4))
