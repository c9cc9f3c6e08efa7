"""Tools beside the engine: `data` feeds a training loop with batches, `checkpoint` trades time for memory."""

from __future__ import annotations

import importlib
from typing import Any

from . import data

__all__ = ["data"]


def __getattr__(name: str) -> Any:
    """Import what is seldom needed when it is asked for."""
    if name in ("_pytree", "benchmark", "checkpoint", "dlpack", "hooks", "model_zoo"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
