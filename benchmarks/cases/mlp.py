"""One training step of fully connected networks with ReLU and cross entropy."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from benchmarks.digits import SIZES, initial_parameters, made_up, real, small
from benchmarks.harness import Case, Settings
from benchmarks.peers import PEERS, Arrays, Task
from benchmarks.training import CHECKED_STEPS, Problem, contenders

OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "adam": ("Adam", {}),
}


@dataclass(frozen=True)
class Network:
    """A network and its batches.

    Args:
        sizes: the widths, from the inputs to the classes.
        batch: digits in a batch.
        optimizer: a key of `OPTIMIZERS`.
        count: batches that training goes through again and again; None: 8192 digits' worth.
    """

    sizes: tuple[int, ...]
    batch: int
    optimizer: str
    count: int | None = None

    def batches(self, settings: Settings) -> list[Arrays]:
        """Different digits in each."""
        size = min(self.batch, 512) if settings.tiny else self.batch
        count = self.count or max(CHECKED_STEPS, 0 if settings.tiny else 8192 // size)
        pixels, targets = real(settings.data) if settings.data else made_up(size * count)
        if self.sizes[0] == 64:
            pixels = small(pixels)
        starts = range(0, min(size * count, len(targets)) - size + 1, size)
        return [(pixels[start : start + size], targets[start : start + size]) for start in starts]

    def task(self, settings: Settings) -> Task:
        """What the packages with an interface of their own are given."""
        return Task(initial_parameters(self.sizes), self.batches(settings), *OPTIMIZERS[self.optimizer])

    def problem(self, torch: Any, settings: Settings) -> Problem:
        """The same for PyTorch and this package."""
        batches = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in self.batches(settings)]
        cross_entropy = torch.nn.functional.cross_entropy
        return Problem(make_model(torch, self.sizes), lambda model, x, y: cross_entropy(model(x), y), batches)


def make_model(torch: Any, sizes: tuple[int, ...] = SIZES) -> Any:
    """The network, in PyTorch or in this package, with the weights that every contender starts from."""
    nn = torch.nn
    layers: list[Any] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for parameter, values in zip(model.parameters(), initial_parameters(sizes), strict=True):
            parameter.copy_(torch.from_numpy(values))
    return model


def make_case(name: str, network: Network, rounds: int = 30, tolerance: float = 1e-4) -> Case:
    """The case of one network, with its optimizer's defaults."""
    optimizer, options = OPTIMIZERS[network.optimizer]
    said = f"{optimizer}({', '.join(f'{key}={value}' for key, value in options.items())})"
    return Case(
        name=f"mlp/{name}",
        about=f"training step of a {'-'.join(map(str, network.sizes))} network, batch {network.batch}, {said}",
        contenders={
            **contenders(network.problem, optimizer, **options),
            **{peer: make(network.task) for peer, make in PEERS.items()},
        },
        rounds=rounds,
        tolerance=tolerance,
    )


CASES = [
    *(
        make_case(f"b{batch}/{optimizer}", Network(SIZES, batch, optimizer))
        for batch in (1, 32, 128, 1024)
        for optimizer in OPTIMIZERS
    ),
    make_case("digits", Network((64, 32, 10), 32, "adam")),
    make_case("wide", Network((784, 1024, 1024, 10), 256, "adam", CHECKED_STEPS), rounds=15),
    make_case("full_batch", Network((784, 10, 10), 41_000, "sgd", 1), rounds=15),
]
