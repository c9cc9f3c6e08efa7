"""Losses written out as formulas of a million numbers: forward and backward, nothing to multiply by matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Job, Settings, Timed
from benchmarks.peers import tinygrad_gradients

COUNT = 1_000_000
Formula = Callable[[Any, Any, Any, Any], Any]


def focal(torch: Any, x: Any, scale: Any, target: Any) -> Any:
    """Binary focal loss with gamma = 2 and alpha = 0.25 (https://arxiv.org/abs/1708.02002)."""
    functional = torch.nn.functional
    entropy = functional.binary_cross_entropy_with_logits(x, target, reduction="none")
    chance = torch.sigmoid(x)
    right = chance * target + (1 - chance) * (1 - target)
    weight = 0.25 * target + 0.75 * (1 - target)
    return (weight * (1 - right) ** 2 * entropy).mean()


def gaussian(torch: Any, x: Any, scale: Any, target: Any) -> Any:
    """The negative logarithm of a normal density with predicted mean and logarithm of the variance."""
    return (0.5 * (scale + (x - target) ** 2 * torch.exp(-scale))).mean()


def huber(torch: Any, x: Any, scale: Any, target: Any) -> Any:
    """A robust loss by cases, of the scaled difference."""
    difference = (x - target) * torch.tanh(scale)
    size = difference.abs()
    return torch.where(size < 1, 0.5 * difference**2, size - 0.5).mean()


FORMULAS: dict[str, Formula] = {"focal": focal, "gaussian": gaussian, "huber": huber}


def arrays(settings: Settings) -> tuple[np.ndarray[Any, Any], ...]:
    """What is predicted, its scale, and the targets."""
    rng = np.random.default_rng(0)
    count = 1000 if settings.tiny else COUNT
    x, scale = (rng.normal(size=count).astype(np.float32) for _ in range(2))
    return x, scale, (rng.random(count) < 0.3).astype(np.float32)


def contender(formula: Formula, compiled: bool = False) -> Contender:
    """The same lines, in PyTorch or in this package."""

    def make(torch: Any, settings: Settings) -> Job:
        x, scale, target = map(torch.from_numpy, arrays(settings))
        count = len(x)
        x.requires_grad_()
        scale.requires_grad_(formula is not focal)
        loss_of = torch.compile(formula) if compiled else formula

        def both() -> Any:
            x.grad = scale.grad = None
            loss = loss_of(torch, x, scale, target)
            loss.backward()
            return loss

        def answers() -> list[float]:
            loss = float(both().item())
            return [loss, float((x.grad * count).abs().mean()), *(float(g) * count for g in x.grad[:10])]

        return Job(Timed(both, settings), answers)

    return make


def gaussian_by_hand(numpy: Any, settings: Settings) -> Job:
    """The gaussian loss and both gradients, as one writes them in NumPy."""
    x, scale, target = arrays(settings)
    count = len(x)

    def both() -> tuple[float, Any, Any]:
        difference = x - target
        precision = np.exp(-scale)
        weighted = difference * precision
        squares = difference * weighted
        loss = 0.5 * (scale + squares).mean()
        return float(loss), weighted / count, (1 - squares) * (0.5 / count)

    def answers() -> list[float]:
        loss, slope, _ = both()
        return [loss, float(np.abs(slope * count).mean()), *(float(g) * count for g in slope[:10])]

    return Job(Timed(both, settings), answers)


def focal_in_tinygrad(x: Any, scale: Any, target: Any) -> Any:
    """The focal loss with tinygrad's methods."""
    entropy = x.binary_crossentropy_logits(target, reduction="none")
    chance = x.sigmoid()
    right = chance * target + (1 - chance) * (1 - target)
    weight = 0.25 * target + 0.75 * (1 - target)
    return (weight * (1 - right) ** 2 * entropy).mean()


def gaussian_in_tinygrad(x: Any, scale: Any, target: Any) -> Any:
    """The gaussian loss with tinygrad's methods."""
    return (0.5 * (scale + (x - target) ** 2 * (-scale).exp())).mean()


def huber_in_tinygrad(x: Any, scale: Any, target: Any) -> Any:
    """The robust loss with tinygrad's methods."""
    difference = (x - target) * scale.tanh()
    size = difference.abs()
    return (size < 1).where(0.5 * difference**2, size - 0.5).mean()


IN_TINYGRAD = {"focal": focal_in_tinygrad, "gaussian": gaussian_in_tinygrad, "huber": huber_in_tinygrad}


def in_tinygrad(name: str, jit: bool = False) -> Contender:
    """tinygrad's gradients, under ``TinyJit`` or planned anew each time."""

    def make(tinygrad: Any, settings: Settings) -> Job:
        given = arrays(settings)
        both = tinygrad_gradients(tinygrad, IN_TINYGRAD[name], given, 1 if name == "focal" else 2, jit)

        def answers() -> list[float]:
            loss, (slope, *_) = both()
            slope = slope.numpy() * len(given[0])
            return [float(loss.item()), float(np.abs(slope).mean()), *map(float, slope[:10])]

        return Job(Timed(both, settings), answers)

    return make


BY_HAND: dict[str, Contender] = {"gaussian": gaussian_by_hand}

CASES = [
    Case(
        name=f"formulas/{name}",
        about=f"{formula.__name__} loss of {COUNT:,} numbers, forward and backward",
        contenders={
            "tinygrad_nn": contender(formula),
            "torch": contender(formula),
            "torch compile": contender(formula, compiled=True),
            **({"numpy": BY_HAND[name]} if name in BY_HAND else {}),
            "tinygrad": in_tinygrad(name),
            "tinygrad jit": in_tinygrad(name, jit=True),
        },
        rounds=15,
    )
    for name, formula in FORMULAS.items()
]
