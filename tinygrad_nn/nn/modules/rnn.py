"""What PyTorch keeps in ``nn.modules.rnn``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..rnn import GRU, LSTM, RNN
from ..rnn_base import RNNBase
from ..rnn_cells import GRUCell, LSTMCell, RNNCell, RNNCellBase

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]
