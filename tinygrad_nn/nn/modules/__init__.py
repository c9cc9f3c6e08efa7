"""PyTorch's import paths of layers, such as ``nn.modules.loss._Loss``; the layers themselves stand in `nn`.

Made by tools/make_import_paths.py.
"""

from __future__ import annotations

from typing import Any

from .. import __all__ as _names
from . import (
    activation,
    adaptive,
    container,
    distance,
    dropout,
    flatten,
    linear,
    loss,
    module,
    normalization,
    rnn,
    sparse,
    transformer,
    utils,
)

__all__ = [
    "activation",
    "adaptive",
    "container",
    "distance",
    "dropout",
    "flatten",
    "linear",
    "loss",
    "module",
    "normalization",
    "rnn",
    "sparse",
    "transformer",
    "utils",
]


def __getattr__(name: str) -> Any:
    if name in _names and name[0].isupper():
        from ... import nn

        return getattr(nn, name)
    raise AttributeError(f"module 'tinygrad_nn.nn.modules' has no attribute {name!r}")
