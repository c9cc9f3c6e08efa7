"""A whole epoch: 60,000 digits through each package's own DataLoader, shuffled, in batches of 64, with Adam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.by_hand import Adam, Network
from benchmarks.cases.mlp import make_model
from benchmarks.digits import initial_parameters, made_up, real
from benchmarks.harness import Case, Job, Settings
from benchmarks.training import CHECKED_STEPS

DIGITS, BATCH = 60_000, 64


def digits(settings: Settings) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """What is learned: MNIST with ``--data``, else digits of its size."""
    if settings.data is not None:
        return real(settings.data)
    return made_up(BATCH * CHECKED_STEPS if settings.tiny else DIGITS)


def seconds(function: Callable[[], Any], settings: Settings) -> float:
    """The seconds that one call takes."""
    started = settings.clock()
    function()
    return settings.clock() - started


def in_torch(torch: Any, settings: Settings) -> Job:
    """PyTorch and this package: the very same lines. The first batches, not shuffled, are compared."""
    model = make_model(torch)
    optimizer = torch.optim.Adam(model.parameters())
    pixels, targets = digits(settings)
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(pixels), torch.from_numpy(targets))
    first = torch.utils.data.Subset(dataset, range(BATCH * CHECKED_STEPS))

    def train(data: Any, shuffle: bool) -> list[float]:
        losses = []
        for inputs, targets in torch.utils.data.DataLoader(data, batch_size=BATCH, shuffle=shuffle):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    return Job(lambda: seconds(lambda: train(dataset, True), settings), lambda: train(first, False))


def in_numpy(numpy: Any, settings: Settings) -> Job:
    """By hand: a permutation, rows by index, and the network by hand."""
    network = Network(initial_parameters())
    optimizer = Adam(network.parameters)
    pixels, targets = digits(settings)
    rng = np.random.default_rng(0)

    def train(order: np.ndarray[Any, Any]) -> list[float]:
        losses = []
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            loss, gradients = network.loss(pixels[rows], targets[rows])
            optimizer.step(gradients)
            losses.append(loss)
        return losses

    return Job(
        lambda: seconds(lambda: train(rng.permutation(len(targets))), settings),
        lambda: train(np.arange(BATCH * CHECKED_STEPS)),
    )


CASES = [
    Case(
        name="epoch",
        about="an epoch of 60,000 digits, DataLoader(batch_size=64, shuffle=True), 784-128-64-10 network, Adam",
        contenders={"tinygrad_nn": in_torch, "torch": in_torch, "numpy": in_numpy},
        unit="s",
        rounds=5,
    )
]
