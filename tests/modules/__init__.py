"""Modules as they are made and called, one file per family: what is compared with PyTorch, live.

A family's file lists how each module is made, with which options, and what it is called with:

    layer("nn.Conv2d(4, 6, 3, padding='same', groups=2)", normal(2, 4, 7, 7))
    refused("nn.Conv2d(4, 6, 3)", normal(2, 3, 7, 7))

`tests/test_modules_live.py` then does the same in PyTorch and in this package, in float32 and float64, in training and
in evaluation: the text that the module shows, the initial state under the same seed, the outputs, the gradients of
inputs and parameters, second gradients, and the state afterwards are the same. What is refused is refused with
PyTorch's exception, and leaves the state as it was. `tests/test_modules_golden.py` does it with PyTorch's stored
answers, without PyTorch.
"""

from __future__ import annotations

import importlib
import pkgutil

from .table import LAYERS, REFUSED, Layer, booleans, integers, layer, normal, refused, uniform

__all__ = ["LAYERS", "REFUSED", "Layer", "booleans", "integers", "layer", "load", "normal", "refused", "uniform"]


def load() -> None:
    """Fill the tables, from every family's file."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
