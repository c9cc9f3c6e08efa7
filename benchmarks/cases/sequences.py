"""One training step of small language models on characters: embedding, a recurrent network or a transformer, Adam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import by_hand
from benchmarks.by_hand_sequences import CharacterNetwork
from benchmarks.harness import Case, Contender, Job, Settings
from benchmarks.training import CHECKED_STEPS, Build, Problem, contenders, stepping_job

CHARACTERS = 65
BATCH, STEPS, EMBEDDING, HIDDEN = 32, 16, 32, 64  # of the recurrent networks
HEADS = 4  # of the transformers
GPT, LARGE_GPT = (64, 64, 2), (128, 128, 4)  # their steps, widths and layers

Make = Callable[[Any], Any]  # the model, given torch or tinygrad_nn


def recurrent(kind: str) -> Make:
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


def gpt(torch: Any, steps: int, width: int, layers: int) -> Any:
    """A small GPT: pre-normalised blocks of causal attention and a GELU network four times as wide."""
    nn, functional = torch.nn, torch.nn.functional

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            batch, length, _ = x.shape
            heads = [
                part.view(batch, length, HEADS, width // HEADS).transpose(1, 2)
                for part in self.qkv(self.norm1(x)).split(width, dim=2)
            ]
            attended = functional.scaled_dot_product_attention(*heads, is_causal=True)
            x = x + self.project(attended.transpose(1, 2).reshape(batch, length, width))
            return x + self.narrow(functional.gelu(self.wide(self.norm2(x))))

    class Model(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = nn.Embedding(CHARACTERS, width), nn.Embedding(steps, width)
            self.blocks = nn.Sequential(*[Block() for _ in range(layers)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, CHARACTERS, bias=False)

        def forward(self, x: Any) -> Any:
            hidden = self.tokens(x) + self.places(torch.arange(x.shape[1]))
            return self.head(self.norm(self.blocks(hidden)))

    return Model()


def characters(make: Make, steps: int, batch: int = BATCH) -> Build:
    """The problem of predicting the next character; both packages draw the same initial weights."""

    def build(torch: Any, settings: Settings) -> Problem:
        torch.manual_seed(0)
        model = make(torch)
        rng = np.random.default_rng(0)
        text = rng.integers(0, CHARACTERS, (CHECKED_STEPS, 2 if settings.tiny else batch, steps + 1))
        text[:, :, 1::2] = text[:, :, :-1:2]  # something to be learned: every second character is the one before
        batches = [(torch.from_numpy(each[:, :-1].copy()), torch.from_numpy(each[:, 1:].copy())) for each in text]
        cross_entropy = torch.nn.functional.cross_entropy

        def loss(model: Any, x: Any, y: Any) -> Any:
            return cross_entropy(model(x).reshape(-1, CHARACTERS), y.reshape(-1))

        return Problem(model, loss, batches)

    return build


def by_hand_in_numpy(build: Build) -> Contender:
    """The simple recurrent network in NumPy, which starts from the weights that this package draws."""

    def make(numpy: Any, settings: Settings) -> Job:
        import tinygrad_nn

        problem = build(tinygrad_nn, settings)
        network = CharacterNetwork([parameter.detach().numpy() for parameter in problem.model.parameters()])
        optimizer = by_hand.Adam(network.parameters)

        def step(x: Any, y: Any) -> float:
            loss, gradients = network.loss(x, y)
            optimizer.step(gradients)
            return loss

        return stepping_job([(x.numpy(), y.numpy()) for x, y in problem.batches], step, float, settings)

    return make


def make_case(
    name: str, about: str, build: Build, rounds: int = 30, others: Mapping[str, Contender] | None = None
) -> Case:
    """The case of one model."""
    return Case(
        name=f"char/{name}",
        about=f"training step of {about}, Adam",
        contenders={**contenders(build, "Adam"), **(others or {})},
        rounds=rounds,
    )


def gpt_case(name: str, batch: int, sizes: tuple[int, int, int], rounds: int) -> Case:
    """The case of a transformer."""
    steps, width, layers = sizes
    build = characters(lambda torch: gpt(torch, *sizes), steps, batch)
    return make_case(name, f"a GPT of {layers} layers x {width}, batch {batch} x {steps}", build, rounds)


_SIZES = f"({EMBEDDING}, {HIDDEN}), batch {BATCH} x {STEPS}"
_RNN = characters(recurrent("RNN"), STEPS)
CASES = [
    make_case("rnn", f"nn.RNN{_SIZES}", _RNN, others={"numpy": by_hand_in_numpy(_RNN)}),
    make_case("gru", f"nn.GRU{_SIZES}", characters(recurrent("GRU"), STEPS)),
    make_case("lstm", f"nn.LSTM{_SIZES}", characters(recurrent("LSTM"), STEPS)),
    make_case("loop", f"a simple network written as a loop, batch {BATCH} x {STEPS}", characters(loop, STEPS)),
    gpt_case("gpt", BATCH, GPT, 20),
    gpt_case("gpt_large", 32, LARGE_GPT, 7),
]
