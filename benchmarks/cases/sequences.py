"""One training step of small language models on characters: embedding, a recurrent network or a transformer, Adam."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Job, Settings, Timed

CHECKED_STEPS = 20
CHARACTERS = 65
BATCH, STEPS, EMBEDDING, HIDDEN = 32, 16, 32, 64  # of the recurrent networks
BLOCK, WIDTH, HEADS, LAYERS = 64, 64, 4, 2  # of the transformer

Build = Callable[[Any], Any]


def recurrent(kind: str) -> Build:
    """Characters to scores of the next ones, through ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM``."""

    def build(torch: Any) -> Any:
        nn = torch.nn

        class Model(nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.embedding = nn.Embedding(CHARACTERS, EMBEDDING)
                self.network = getattr(nn, kind)(EMBEDDING, HIDDEN, batch_first=True)
                self.head = nn.Linear(HIDDEN, CHARACTERS)

            def forward(self, x: Any) -> Any:
                return self.head(self.network(self.embedding(x))[0])

        return Model()

    return build


def loop(torch: Any) -> Any:
    """The same with a cell, step by step, as one writes it by hand."""
    nn = torch.nn

    class Model(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(CHARACTERS, EMBEDDING)
            self.i2h = nn.Linear(EMBEDDING + HIDDEN, HIDDEN)
            self.head = nn.Linear(HIDDEN, CHARACTERS)

        def forward(self, x: Any) -> Any:
            hidden, scores = torch.zeros(len(x), HIDDEN), []
            for step in self.embedding(x).unbind(1):
                hidden = torch.tanh(self.i2h(torch.cat([step, hidden], 1)))
                scores.append(self.head(hidden))
            return torch.stack(scores, 1)

    return Model()


def gpt(torch: Any) -> Any:
    """A small GPT: pre-normalised blocks of causal attention and a GELU network four times as wide."""
    nn, functional = torch.nn, torch.nn.functional

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.qkv, self.project = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

        def forward(self, x: Any) -> Any:
            batch, steps, width = x.shape
            heads = [
                part.view(batch, steps, HEADS, width // HEADS).transpose(1, 2)
                for part in self.qkv(self.norm1(x)).split(width, dim=2)
            ]
            attended = functional.scaled_dot_product_attention(*heads, is_causal=True)
            x = x + self.project(attended.transpose(1, 2).reshape(batch, steps, width))
            return x + self.narrow(functional.gelu(self.wide(self.norm2(x))))

    class Model(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = nn.Embedding(CHARACTERS, WIDTH), nn.Embedding(BLOCK, WIDTH)
            self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CHARACTERS, bias=False)

        def forward(self, x: Any) -> Any:
            hidden = self.tokens(x) + self.places(torch.arange(x.shape[1]))
            return self.head(self.norm(self.blocks(hidden)))

    return Model()


def trained(build: Build, steps: int) -> Contender:
    """PyTorch and this package: the very same lines, and the same initial weights, as both draw the same numbers."""

    def make(torch: Any, settings: Settings) -> Job:
        torch.manual_seed(0)
        model = build(torch)
        optimizer = torch.optim.Adam(model.parameters())
        rng = np.random.default_rng(0)
        text = rng.integers(0, CHARACTERS, (CHECKED_STEPS, BATCH, steps + 1))
        text[:, :, 1::2] = text[:, :, :-1:2]  # something to be learned: every second character is the one before
        turn = itertools.cycle([torch.from_numpy(batch) for batch in text])

        def step() -> Any:
            batch = next(turn)
            optimizer.zero_grad()
            scores = model(batch[:, :-1])
            loss = torch.nn.functional.cross_entropy(scores.reshape(-1, CHARACTERS), batch[:, 1:].reshape(-1))
            loss.backward()
            optimizer.step()
            return loss

        return Job(Timed(step, settings), lambda: [float(step().item()) for _ in range(CHECKED_STEPS)])

    return make


def make_case(name: str, about: str, build: Build, steps: int) -> Case:
    """The case of one model."""
    same = trained(build, steps)
    return Case(name=name, about=f"training step of {about}, Adam", contenders={"tinygrad_nn": same, "torch": same})


_SIZES = f"({EMBEDDING}, {HIDDEN}), batch {BATCH} x {STEPS}"
CASES = [
    make_case("char/rnn", f"nn.RNN{_SIZES}", recurrent("RNN"), STEPS),
    make_case("char/gru", f"nn.GRU{_SIZES}", recurrent("GRU"), STEPS),
    make_case("char/lstm", f"nn.LSTM{_SIZES}", recurrent("LSTM"), STEPS),
    make_case("char/loop", f"a simple network written as a loop, batch {BATCH} x {STEPS}", loop, STEPS),
    make_case("char/gpt", f"a GPT of {LAYERS} layers x {WIDTH}, batch {BATCH} x {BLOCK}", gpt, BLOCK),
]
