"""What the Trainer costs: an epoch of 60,000 digits in `Trainer.fit`, beside the same loop written by hand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.cases.epoch import BATCH, digits
from benchmarks.cases.mlp import make_model
from benchmarks.harness import OURS, Case, Job, Settings

Digits = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]  # pixels and labels


def by_hand(torch: Any, data: Digits, metrics: Sequence[str] = ()) -> Job:
    """The loop that everybody writes, in either package, with the epoch's loss and, if asked for, its accuracy."""
    inputs, labels = torch.from_numpy(data[0]), torch.from_numpy(data[1])

    def train() -> tuple[float, list[float]]:
        torch.manual_seed(0)
        model = make_model(torch)
        optimizer = torch.optim.Adam(model.parameters())
        dataset = torch.utils.data.TensorDataset(inputs, labels)
        loader = torch.utils.data.DataLoader(dataset, batch_size=BATCH, shuffle=True)
        started, total, right = time.perf_counter(), 0.0, 0
        for x, y in loader:
            optimizer.zero_grad()
            output = model(x)
            loss = torch.nn.functional.cross_entropy(output, y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            if metrics:
                right += int((output.argmax(dim=1) == y).sum())
        count = len(dataset)
        return time.perf_counter() - started, [total / count, *([right / count] if metrics else [])]

    return Job(lambda: train()[0], lambda: train()[1])


def fitted(torch: Any, data: Digits, metrics: Sequence[str] = ()) -> Job:
    """`Trainer.fit`."""

    def train() -> tuple[float, list[float]]:
        torch.manual_seed(0)
        model = make_model(torch)
        trainer = torch.training.Trainer(model, "cross_entropy", "adam", metrics=list(metrics))
        started = time.perf_counter()
        history = trainer.fit(*data, epochs=1, batch_size=BATCH, verbose=0)
        return time.perf_counter() - started, [history[name][0] for name in ("loss", *metrics)]

    return Job(lambda: train()[0], lambda: train()[1])


def _case(name: str, about: str, metrics: tuple[str, ...]) -> Case:
    def hand(torch: Any, settings: Settings) -> Job:
        return by_hand(torch, digits(settings), metrics)

    def fit(torch: Any, settings: Settings) -> Job:
        return fitted(torch, digits(settings), metrics)

    contenders = {"tinygrad_nn": hand, "tinygrad_nn Trainer": fit, "torch": hand}
    return Case(name=name, about=about, contenders=contenders, unit="s", rounds=11, reference=OURS)


_ABOUT = "an epoch of 60,000 digits in batches of 64, Adam: Trainer is Trainer.fit, the others are loops by hand"
CASES = [
    _case("trainer/fit", _ABOUT, ()),
    _case("trainer/accuracy", f"{_ABOUT}; with the accuracy", ("accuracy",)),
]
