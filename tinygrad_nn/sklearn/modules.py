"""Modules, optimizers and their types, from what an estimator's arguments say."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinygrad_nn import nn
from tinygrad_nn._core import dtypes
from tinygrad_nn.training.choices import optimizer_class

_SIZES = {"n_features": 0, "in_features": 0, "n_outputs": 1, "out_features": 1, "n_classes": 1}


def make_module(module: Any, sizes: tuple[int, int], options: Mapping[str, Any] | None) -> nn.Module:
    """A module of the estimator's own.

    Args:
        module: None for a hidden layer of 100; a module, which is copied; or its class or a function, which is given
            the sizes by the names that it has for them.
        sizes: the number of features, and of outputs.
        options: what else it is given.

    Raises:
        TypeError: it is no module, and makes none.
    """
    given = dict(options or {})
    if module is None:
        hidden = given.pop("hidden", 100)
        _refuse(given, "the default module", ["hidden"])
        return nn.Sequential(nn.Linear(sizes[0], hidden), nn.ReLU(), nn.Linear(hidden, sizes[1]))
    if isinstance(module, nn.Module):
        _refuse(given, "a module that has been made", [])
        return copy.deepcopy(module)
    if not callable(module):
        raise TypeError(f"module: expected a Module, its class, or a function, got {type(module).__name__}")
    made = module(**_sizes_for(module, sizes), **given)
    if not isinstance(made, nn.Module):
        raise TypeError(f"module: the function gave {type(made).__name__}, which is no Module")
    return made


def _refuse(options: Mapping[str, Any], what: str, known: list[str]) -> None:
    if options:
        raise TypeError(f"module_options: {what} takes {', '.join(known) or 'none'}, got {', '.join(options)}")


def _sizes_for(factory: Callable[..., Any], sizes: tuple[int, int]) -> dict[str, int]:
    """The sizes that a factory has parameters for, which it does not know already."""
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return {}
    known = factory.keywords if isinstance(factory, functools.partial) else {}
    return {name: sizes[which] for name, which in _SIZES.items() if name in parameters and name not in known}


def make_optimizer_choice(optimizer: Any, options: Mapping[str, Any] | None) -> Any:
    """An optimizer as `Trainer` takes it, with options."""
    if not options:
        return optimizer
    choice = optimizer_class(optimizer) if isinstance(optimizer, str) else optimizer
    return functools.partial(choice, **options)


def float_type(X: Any, wanted: Any) -> np.dtype[Any]:
    """The type to compute with: the one that is wanted; or float32 for data of that type, else float64."""
    if wanted is not None:
        return dtypes.to_numpy(wanted) if isinstance(wanted, dtypes.dtype) else np.dtype(wanted)
    return np.dtype(np.float32) if X.dtype == np.float32 else np.dtype(np.float64)


def has_embedding(module: nn.Module) -> bool:
    """Whether inputs are numbers of things, which stay whole numbers."""
    return any(isinstance(layer, nn.Embedding) for layer in module.modules())
