"""PyTorch's import paths of layers, such as ``nn.modules.loss._Loss``; the layers themselves stand in `nn`.

Made by tools/make_import_paths.py.
"""

from __future__ import annotations

from typing import Any

from .. import __all__ as _names
from . import (
    activation,
    adaptive,
    batchnorm,
    channelshuffle,
    container,
    conv,
    distance,
    dropout,
    flatten,
    fold,
    instancenorm,
    lazy,
    linear,
    loss,
    module,
    normalization,
    padding,
    pixelshuffle,
    pooling,
    rnn,
    sparse,
    transformer,
    upsampling,
    utils,
)

__all__ = [
    "activation",
    "adaptive",
    "batchnorm",
    "channelshuffle",
    "container",
    "conv",
    "distance",
    "dropout",
    "flatten",
    "fold",
    "instancenorm",
    "lazy",
    "linear",
    "loss",
    "module",
    "normalization",
    "padding",
    "pixelshuffle",
    "pooling",
    "rnn",
    "sparse",
    "transformer",
    "upsampling",
    "utils",
]


def __getattr__(name: str) -> Any:
    if name in _names and name[0].isupper():
        from ... import nn

        return getattr(nn, name)
    raise AttributeError(f"module 'tinygrad_nn.nn.modules' has no attribute {name!r}")
