"""Draws that take as many random numbers as it happens: gamma, Dirichlet and binomial, one element after the other.

PyTorch's CPU draws them in float64 from its one generator, so the order of the numbers is part of the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .random import Generator
from .random_kernels import box_muller_pair

__all__ = ["binomial", "dirichlet", "standard_gamma"]

Array = NDArray[Any]
_BLOCK = 128
_THIRD = np.float32(1 / 3)
_SQUEEZE = float(np.float32(0.0331))  # of Marsaglia and Tsang; PyTorch writes it as a float32
_BTRS_FROM = 10.0  # expected successes from which rejection is quicker than counting


class _Numbers:
    """Uniform and normal numbers one at a time, taken in blocks; `close` gives back what has not been used."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._start = generator._engine.position
        self._spare = generator._spare
        self._taken = 0
        self._block: Iterator[float] = iter(())

    def __enter__(self) -> _Numbers:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the generator as if each number had been drawn by itself."""
        engine = self._generator._engine
        engine.position = self._start
        if self._taken:
            engine.words64(self._taken)
        self._generator._spare = self._spare

    def uniform(self) -> float:
        """From [0, 1)."""
        found = next(self._block, None)
        if found is None:
            self._block = iter(self._generator._uniform64(_BLOCK).tolist())
            found = next(self._block)
        self._taken += 1
        return found

    def normal(self) -> float:
        """Of mean 0 and variance 1; they come in pairs, and the generator keeps the second one."""
        if self._spare is not None:
            kept, self._spare = self._spare, None
            return kept
        first = self.uniform()
        made, self._spare = box_muller_pair(first, self.uniform())
        return made


def standard_gamma(concentration: Array, generator: Generator) -> Array:
    """Gamma numbers of scale 1, in the dtype of their concentrations; ``torch._standard_gamma``.

    A candidate ``d v`` with ``v = (1 + c x)**3`` and a normal x is taken with the odds that make the density right. A
    concentration below 1 is raised by one, and the draw multiplied by ``u**(1 / concentration)``.

    Source: G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", 2000.
    """
    dtype = concentration.dtype.type
    flat = concentration.reshape(-1)
    small = flat < 1
    with np.errstate(divide="ignore", over="ignore"):
        powers = (dtype(1) / flat).tolist()
    raised = np.where(small, flat + dtype(1), flat)
    sizes = (raised - dtype(_THIRD)).astype(np.float64).tolist()
    drawn = np.empty(flat.size)
    with _Numbers(generator) as numbers:
        for place, (below_one, d) in enumerate(zip(small.tolist(), sizes, strict=True)):
            if below_one and not flat[place]:
                drawn[place] = 0
                continue
            scale = (1 - numbers.uniform()) ** powers[place] if below_one else 1.0
            drawn[place] = _gamma(d, scale, numbers)
    with np.errstate(over="ignore", under="ignore"):
        made: Array = np.maximum(drawn.astype(concentration.dtype), np.finfo(concentration.dtype).tiny)
    return made.reshape(concentration.shape)


def _gamma(d: float, scale: float, numbers: _Numbers) -> float:
    """One number of concentration ``d + 1/3``, multiplied by a scale."""
    if math.isnan(d):
        return math.nan
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = numbers.normal()
        root = 1.0 + c * x
        while root <= 0:
            x = numbers.normal()
            root = 1.0 + c * x
        v = root * root * root
        u = 1 - numbers.uniform()
        square = x * x
        if u < 1.0 - _SQUEEZE * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v


def dirichlet(concentration: Array, generator: Generator) -> Array:
    """Gamma numbers divided by their sum along the last dimension; ``torch._sample_dirichlet``.

    They are drawn in float64, and kept inside of (0, 1).
    """
    gammas = standard_gamma(concentration.astype(np.float64), generator)
    shares = (gammas / gammas.sum(-1, keepdims=True)).astype(concentration.dtype)
    one = concentration.dtype.type(1)
    inside: Array = np.clip(shares, np.finfo(concentration.dtype).tiny, np.nextafter(one, one * 0))
    return inside


def binomial(count: Array, probability: Array, generator: Generator) -> Array:
    """How many of `count` tries succeed, each with the same probability; ``torch.binomial``.

    Fewer than 10 expected successes are counted by adding up waiting times; more come from transformed rejection.
    Above a probability of 1/2 the failures are counted.

    Source: W. Hoermann, "The generation of binomial random variates", 1993 (BTRS).
    """
    dtype = count.dtype.type
    count, probability = np.broadcast_arrays(count, probability)
    failing = (1.0 - probability.astype(np.float64)).astype(dtype)
    chosen = np.where(probability <= 0.5, probability, failing)
    products = (count * chosen).reshape(-1).tolist()
    with _Numbers(generator) as numbers:
        drawn = [
            _successes(n, p, q, expected, dtype, numbers)
            for n, p, q, expected in zip(
                count.reshape(-1).tolist(), probability.reshape(-1).tolist(), chosen.reshape(-1).tolist(), products,
                strict=True,
            )
        ]  # fmt: skip
    return np.array(drawn, dtype).reshape(count.shape)


def _successes(n: float, p: float, chosen: float, expected: float, dtype: Any, numbers: _Numbers) -> float:
    """One number of successes; `chosen` is the smaller one of the probabilities of success and failure."""
    if n <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return n
    if math.isnan(p):
        return math.nan
    drawn = _by_rejection(n, chosen, dtype, numbers) if expected >= _BTRS_FROM else _by_waiting(n, chosen, numbers)
    return drawn if p <= 0.5 else n - drawn


def _by_waiting(n: float, p: float, numbers: _Numbers) -> float:
    """Add up geometric waiting times until they exceed the number of tries."""
    log_failure = math.log1p(-p)
    waited, successes = 0.0, 0.0
    while True:
        u = numbers.uniform()
        waited += math.ceil(math.log(u) / log_failure) if u else math.inf
        if waited > n:
            return successes
        successes += 1


# What Stirling's formula leaves of log(k!), for k up to 9.
_TAILS = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
    0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


def _tail(k: float) -> float:
    if k <= 9:
        return _TAILS[int(k)]
    square = (k + 1) * (k + 1)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)


def _by_rejection(n: float, p: float, dtype: Any, numbers: _Numbers) -> float:
    """Transformed rejection with squeeze; what PyTorch computes in the tensor's own type is rounded to it here."""
    count, odds = dtype(n), dtype(p)
    spread = float(np.sqrt(count * odds * (dtype(1) - odds)))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    center = float(count * odds) + 0.5
    squeeze = 0.92 - 4.2 / b
    ratio = float(odds / (dtype(1) - odds))
    alpha = (2.83 + 5.1 / b) * spread
    mode = math.floor(float((count + dtype(1)) * odds))
    while True:
        u = numbers.uniform() - 0.5
        v = numbers.uniform()
        distance = 0.5 - abs(u)
        if not distance:
            continue
        k = float(math.floor((2 * a / distance + b) * u + center))
        if k < 0 or k > n:
            continue
        if distance >= 0.07 and v <= squeeze:
            return k
        v = v * alpha / (a / (distance * distance) + b)
        if (math.log(v) if v else -math.inf) <= _log_odds(n, k, mode, ratio):
            return k


def _log_odds(n: float, k: float, mode: float, ratio: float) -> float:
    """The logarithm of the probability of k successes, relative to that of the mode."""
    return (
        (mode + 0.5) * math.log((mode + 1) / (ratio * (n - mode + 1)))
        + (n + 1) * math.log((n - mode + 1) / (n - k + 1))
        + (k + 0.5) * math.log(ratio * (n - k + 1) / (k + 1))
        + _tail(mode)
        + _tail(n - mode)
        - _tail(k)
        - _tail(n - k)
    )
