"""Weights of sequence models travel by name between PyTorch and this package, through files, both ways."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # on more it waits for itself where other programs run

WORDS = 20


def lstm_tagger(package: Any) -> Any:
    nn = package.nn

    class Tagger(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(WORDS, 12)
            self.lstm = nn.LSTM(12, 10, num_layers=2, bidirectional=True, batch_first=True)
            self.tag = nn.Linear(20, 5)

        def forward(self, x: Any) -> Any:
            packed = nn.utils.rnn.pack_padded_sequence(self.embedding(x), [7, 5, 2], batch_first=True)
            output, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
            return self.tag(output)

    return Tagger()


def gpt(package: Any) -> Any:
    nn, functional = package.nn, package.nn.functional

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(16), nn.LayerNorm(16)
            self.attn = nn.ModuleDict({"c_attn": nn.Linear(16, 48), "c_proj": nn.Linear(16, 16)})
            self.mlp = nn.Sequential(nn.Linear(16, 64), nn.GELU(approximate="tanh"), nn.Linear(64, 16))

        def forward(self, x: Any) -> Any:
            heads = [h.view(3, 7, 4, 4).transpose(1, 2) for h in self.attn["c_attn"](self.ln_1(x)).split(16, dim=2)]
            attended = functional.scaled_dot_product_attention(*heads, is_causal=True)
            x = x + self.attn["c_proj"](attended.transpose(1, 2).contiguous().view(3, 7, 16))
            return x + self.mlp(self.ln_2(x))

    class GPT(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.wte, self.wpe = nn.Embedding(WORDS, 16), nn.Embedding(7, 16)
            self.h = nn.ModuleList([Block() for _ in range(2)])
            self.ln_f, self.lm_head = nn.LayerNorm(16), nn.Linear(16, WORDS, bias=False)
            self.lm_head.weight = self.wte.weight  # one matrix for both

        def forward(self, x: Any) -> Any:
            hidden = self.wte(x) + self.wpe(package.arange(7))
            for block in self.h:
                hidden = block(hidden)
            return self.lm_head(self.ln_f(hidden))

    return GPT()


def translator(package: Any) -> Any:
    nn = package.nn

    class Translator(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(WORDS, 16)
            self.transformer = nn.Transformer(16, 4, 1, 2, 32, batch_first=True)
            self.gru = nn.GRU(16, 8)
            self.attention = nn.MultiheadAttention(8, 2, kdim=16, vdim=16, add_bias_kv=True)

        def forward(self, x: Any) -> Any:
            hidden = self.embedding(x)
            hidden = self.transformer(hidden, hidden).transpose(0, 1)
            return self.attention(self.gru(hidden)[0], hidden, hidden)[0]

    return Translator()


MODELS = {"lstm tagger": lstm_tagger, "gpt": gpt, "translator": translator}


def output(package: Any, model: Any) -> Any:
    x = package.from_numpy(np.random.RandomState(0).randint(0, WORDS, (3, 7)))
    return model.eval()(x).detach().numpy()


@pytest.mark.parametrize("to", ["here", "there"])
@pytest.mark.parametrize("build", MODELS.values(), ids=MODELS)
def test_weights_travel(tmp_path: Path, build: Callable[[Any], Any], to: str) -> None:
    source, target = (torch, tinygrad_nn) if to == "here" else (tinygrad_nn, torch)
    source.manual_seed(11)
    trained = build(source)
    source.save(trained.state_dict(), tmp_path / "model.pt")
    target.manual_seed(12)
    model = build(target)
    before = output(target, model)
    keys = model.load_state_dict(target.load(tmp_path / "model.pt"))
    assert not keys.missing_keys
    assert not keys.unexpected_keys
    expected = output(source, trained)
    assert np.abs(before - expected).max() > 0.1
    np.testing.assert_allclose(output(target, model), expected, rtol=1e-5, atol=1e-5)
