"""One step of an optimizer on 60 parameters of 10,000 numbers, whose gradients are there already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.by_hand import OPTIMIZERS as BY_HAND
from benchmarks.harness import Case, Contender, Job, Settings, Timed

COUNT, SIDE = 60, 100
CHECKED_STEPS = 5

# What is measured besides each optimizer as it is by default.
OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd/momentum": ("SGD", {"momentum": 0.9}),
    "sgd/nesterov": ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-2}),
    "adam/amsgrad": ("Adam", {"amsgrad": True}),
    "rmsprop/centered": ("RMSprop", {"centered": True, "momentum": 0.9}),
}
PLAIN = (
    "SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop", "Adagrad", "Adadelta", "ASGD", "Adafactor",
    "Muon",
)  # fmt: skip
FUSED = ("SGD", "Adam", "AdamW", "Adagrad")  # of which PyTorch has a version in C++ for the CPU


def arrays(settings: Settings) -> tuple[list[Any], list[Any]]:
    """Parameters and gradients, the same for all."""
    rng = np.random.default_rng(0)
    count, side = (6, 10) if settings.tiny else (COUNT, SIDE)
    params = [rng.normal(size=(side, side)).astype(np.float32) for _ in range(count)]
    return params, [rng.normal(size=(side, side)).astype(np.float32) for _ in range(count)]


def some(values: list[Any]) -> list[float]:
    """A few numbers of some parameters."""
    return [float(x) for array in values[::17] for x in np.asarray(array).reshape(-1)[::31]]


def in_torch(name: str, options: dict[str, Any]) -> Contender:
    """PyTorch and this package: the very same lines."""

    def make(torch: Any, settings: Settings) -> Job:
        starts, gradients = arrays(settings)
        params = [torch.tensor(array, requires_grad=True) for array in starts]
        for param, gradient in zip(params, gradients, strict=True):
            param.grad = torch.tensor(gradient)
        optimizer = getattr(torch.optim, name)(params, **options)

        def answers() -> list[float]:
            for _ in range(CHECKED_STEPS):
                optimizer.step()
            return some([param.detach().numpy() for param in params])

        return Job(Timed(optimizer.step, settings), answers)

    return make


def by_hand(name: str) -> Contender:
    """The same in NumPy, without tricks."""

    def make(numpy: Any, settings: Settings) -> Job:
        params, gradients = arrays(settings)
        optimizer = BY_HAND[name](params)

        def answers() -> list[float]:
            for _ in range(CHECKED_STEPS):
                optimizer.step(gradients)
            return some(params)

        return Job(Timed(lambda: optimizer.step(gradients), settings), answers)

    return make


def bowl(torch: Any, settings: Settings) -> tuple[Any, Callable[[], float]]:
    """L-BFGS and a function that costs little: squares of differences from some point, with different weights."""
    starts, aims = arrays(settings)
    params = [torch.tensor(array, requires_grad=True) for array in starts]
    weights = np.linspace(0.5, 20, starts[0].size, dtype=np.float32).reshape(starts[0].shape)
    for param, array in zip(params, starts, strict=True):
        param.grad = torch.tensor(array)
    views = [(p.detach().numpy(), p.grad.numpy(), aim) for p, aim in zip(params, aims, strict=True)]

    def closure() -> float:
        loss = 0.0
        for values, gradient, aim in views:
            np.subtract(values, aim, gradient)
            loss += float(np.vdot(gradient, weights * gradient)) / 2
            np.multiply(gradient, weights, gradient)
        return loss

    optimizer = torch.optim.LBFGS(params, history_size=10, max_iter=5)
    return optimizer, closure


def lbfgs(torch: Any, settings: Settings) -> Job:
    """A step of five iterations, from the same start each time."""
    optimizer, closure = bowl(torch, settings)
    params = optimizer.param_groups[0]["params"]
    starts = [param.detach().numpy().copy() for param in params]

    def step() -> None:
        optimizer.state.clear()
        for param, start in zip(params, starts, strict=True):
            np.copyto(param.detach().numpy(), start)
        optimizer.step(closure)

    def answers() -> list[float]:
        step()
        return some([param.detach().numpy() for param in params])

    return Job(Timed(step, settings), answers)


def make_case(label: str, name: str, options: dict[str, Any]) -> Case:
    """The case of one optimizer and its options."""
    contenders: dict[str, Contender] = dict.fromkeys(("tinygrad_nn", "torch"), in_torch(name, options))
    if name in FUSED:
        contenders["torch fused"] = in_torch(name, {**options, "fused": True})
    if name in BY_HAND and not options:
        contenders["numpy"] = by_hand(name)
    said = ", ".join(f"{key}={value}" for key, value in options.items())
    # Muon's iteration rounds to eight bits: the last one may differ, of steps whose size is the learning rate
    return Case(
        name=f"optim/{label}",
        about=f"step on {COUNT} parameters of {SIDE} x {SIDE}, {name}({said})",
        contenders=contenders,
    )


CASES = [
    *(make_case(name.lower(), name, {}) for name in PLAIN),
    *(make_case(label, name, options) for label, (name, options) in OPTIONS.items()),
    Case(
        name="optim/lbfgs",
        about=f"step of 5 iterations on {COUNT} parameters of {SIDE} x {SIDE}, LBFGS(history_size=10)",
        contenders=dict.fromkeys(("tinygrad_nn", "torch"), lbfgs),
        unit="ms",
    ),
]
