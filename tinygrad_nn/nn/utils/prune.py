"""Pruning: parameters multiplied by a mask of zeros and ones.

A pruned parameter ``weight`` becomes a parameter ``weight_orig`` and a buffer ``weight_mask``; their product is
computed before each call.

Source: https://pytorch.org/tutorials/intermediate/pruning_tutorial.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from ..._core.tensor import Tensor
from ...ops.creation import ones_like
from ..module import Module
from .convert_parameters import parameters_to_vector
from .hook_search import find_pre_hook
from .pruning_methods import (
    BasePruningMethod,
    CustomFromMask,
    Identity,
    L1Unstructured,
    LnStructured,
    PruningContainer,
    RandomStructured,
    RandomUnstructured,
)

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]

M = TypeVar("M", bound=Module)


def identity(module: M, name: str) -> M:
    """Make the parameter and the mask, all ones, without pruning anything."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: M, name: str, amount: float) -> M:
    """Prune elements at random.

    Args:
        module: the module, which is changed and returned.
        name: the parameter.
        amount: how many; a float between 0 and 1 is a fraction.
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: M, name: str, amount: float, importance_scores: Tensor | None = None) -> M:
    """Prune the elements of the smallest absolute values.

    Args:
        module: the module, which is changed and returned.
        name: the parameter.
        amount: how many; a float between 0 and 1 is a fraction.
        importance_scores: what is looked at in place of the parameter.

    Raises:
        TypeError, ValueError: the amount is no number, negative or too large.

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.utils.prune.l1_unstructured(tg.nn.Linear(10, 2), "weight", amount=0.3)
        >>> int((layer.weight == 0).sum())
        6
        >>> [name for name, _ in layer.named_parameters()]
        ['bias', 'weight_orig']
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: M, name: str, amount: float, dim: int) -> M:
    """Prune whole slices along a dimension, at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: M, name: str, amount: float, n: Any, dim: int, importance_scores: Tensor | None = None
) -> M:
    """Prune the slices along a dimension that have the smallest norms of order `n`."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: M, name: str, mask: Tensor) -> M:
    """Prune the elements where a mask is 0."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: dict[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune several parameters as if they were one: what falls where is decided among all of them.

    Args:
        parameters: pairs of a module and a parameter's name.
        pruning_method: such as `L1Unstructured`.
        importance_scores: what is looked at in place of parameters, by the same pairs.
        kwargs: the method's arguments, such as ``amount``.

    Raises:
        TypeError: the parameters are no iterable, the scores no dictionary, or the method prunes slices.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    pairs = list(parameters)
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method {pruning_method} of '
            f"type {method.PRUNING_TYPE}"
        )
    values = [getattr(module, name) for module, name in pairs]
    looked_at = parameters_to_vector([scores.get(pair, value) for pair, value in zip(pairs, values, strict=True)])
    masks = [getattr(module, f"{name}_mask", ones_like(v)) for (module, name), v in zip(pairs, values, strict=True)]
    method._tensor_name = "temp"
    mask = PruningContainer(method).compute_mask(looked_at, parameters_to_vector(masks))
    parts = mask.split([value.numel() for value in values])
    for (module, name), value, part in zip(pairs, values, parts, strict=True):
        custom_from_mask(module, name, part.view_as(value))


def remove(module: M, name: str) -> M:
    """Make the pruned parameter a plain one again: its zeros stay.

    Raises:
        ValueError: the parameter is not pruned.
    """
    key, hook = find_pre_hook(module, BasePruningMethod, "_tensor_name", name)
    if hook is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    hook.remove(module)
    del module._forward_pre_hooks[key]
    return module


def is_pruned(module: Module) -> bool:
    """Whether a parameter of the module, or of a module in it, is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for part in module.modules()
        if part._hooks is not None
        for hook in part._forward_pre_hooks.values()
    )
