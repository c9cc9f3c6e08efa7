"""The state of the default random number generator: ``torch.random``.

Source: https://docs.pytorch.org/docs/stable/random.html
"""

from __future__ import annotations

from ._core.random import default_generator
from .ops.random import fork_rng, get_rng_state, initial_seed, manual_seed, seed, set_rng_state

__all__ = [
    "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state",
]  # fmt: skip
