"""Stepping an optimizer on other parameters, for a while.

Source: https://docs.pytorch.org/docs/stable/optim.html (`swap_in_optimizer_params_and_state`)
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from .._core.tensor import Tensor
from .optimizer import Optimizer

__all__ = ["swap_in_optimizer_params_and_state"]

_NAME = "swap_in_optimizer_params_and_state"


@contextlib.contextmanager
def swap_in_optimizer_params_and_state(
    optimizer: Optimizer, swapin_parameters: dict[str, Tensor], swapin_optim_state: dict[str, Any]
) -> Iterator[None]:
    """Put other parameters and another state into an optimizer, and take them out again at the end of the block.

    What a step writes into the given tensors stays there; the optimizer itself is as before.

    Args:
        optimizer: the optimizer; it has made a step before.
        swapin_parameters: the parameters, in the order of the optimizer's.
        swapin_optim_state: options and state, in the form that ``optimizer.state_dict()`` gives.

    Raises:
        RuntimeError: the optimizer has no state yet, or what is given does not fit its groups.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.optim import swap_in_optimizer_params_and_state
        >>> x, y = tg.ones(1, requires_grad=True), tg.zeros(1, requires_grad=True)
        >>> optimizer = tg.optim.SGD([x], lr=0.1, momentum=0.9)
        >>> x.grad = y.grad = tg.ones(1)
        >>> optimizer.step()
        >>> with swap_in_optimizer_params_and_state(optimizer, {"y": y}, optimizer.state_dict()):
        ...     optimizer.step()
        >>> x, y
        (tensor([0.9000], requires_grad=True), tensor([-0.1900], requires_grad=True))
    """
    state, groups = _checked(optimizer, swapin_optim_state)
    tensors = iter(swapin_parameters.values())
    if sum(len(group["params"]) for group in groups) > len(swapin_parameters):
        raise RuntimeError(f"{_NAME} requires the explicit parameter state to match optimizer.param_groups ordering.")
    kept_state, kept_groups = optimizer.state, [dict(group) for group in optimizer.param_groups]
    swapped: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
    try:
        for group, new in zip(optimizer.param_groups, groups, strict=True):
            params = [next(tensors) for _ in new["params"]]
            group.update({**new, "params": params})
            for param, number in zip(params, new["params"], strict=True):
                swapped[param] = dict(state.get(number, {}))
        optimizer.state = swapped
        yield
    finally:
        for group, kept in zip(optimizer.param_groups, kept_groups, strict=True):
            group.clear()
            group.update(kept)
        optimizer.state = kept_state


def _checked(optimizer: Optimizer, given: Any) -> tuple[dict[Any, dict[str, Any]], list[dict[str, Any]]]:
    """The state and the groups, if they fit."""
    if not optimizer.state:
        raise RuntimeError(f"{_NAME} requires initialized optimizer state. Make a step first.")
    if not isinstance(given, dict):
        raise RuntimeError(f"{_NAME} requires a DCP-style optimizer state_dict, got {type(given).__name__}.")
    state, groups = given.get("state"), given.get("param_groups")
    if not isinstance(state, dict):
        raise RuntimeError(
            f"{_NAME} requires swapin_optim_state['state'] to be a dict mapping packed parameter ids to per-param "
            f"state dicts, got {type(state).__name__}."
        )
    if any(isinstance(key, Tensor) for key in state):
        raise RuntimeError(f"{_NAME} requires optimizer.state_dict()-style state keyed by packed parameter ids.")
    if any(isinstance(key, int) and not isinstance(value, dict) for key, value in state.items()):
        raise RuntimeError(f"{_NAME} requires per-parameter optimizer state entries to be dictionaries.")
    if not isinstance(groups, list):
        raise RuntimeError(
            f"{_NAME} requires swapin_optim_state['param_groups'] to be a list of param-group dicts, got "
            f"{type(groups).__name__}."
        )
    if len(groups) != len(optimizer.param_groups):
        raise RuntimeError("swapin_optim_state has a different number of parameter groups than the live optimizer.")
    for number, (group, new) in enumerate(zip(optimizer.param_groups, groups, strict=True)):
        _check_group(number, group, new)
    known = {key for group in groups for key in group["params"]}
    extra = [key for key in state if key not in known]
    if extra:
        raise RuntimeError(
            f"{_NAME} requires swapin_optim_state['state'] to be keyed only by packed parameter ids from "
            f"param_groups[*]['params']; got extra keys {extra!r}."
        )
    return state, groups


def _check_group(number: int, group: dict[str, Any], new: Any) -> None:
    if not isinstance(new, dict):
        raise RuntimeError(f"{_NAME} requires each optimizer param group to be a dictionary.")
    keys = new.get("params")
    if not isinstance(keys, list) or not all(isinstance(key, int) for key in keys):
        raise RuntimeError(
            f"{_NAME} requires optimizer.state_dict()-style param_groups[*]['params'] entries keyed by packed "
            "parameter ids."
        )
    if len(group["params"]) != len(keys):
        raise RuntimeError(
            f"swapin_optim_state param group {number} has a different number of params than the live optimizer param "
            "group."
        )
    if set(new) != set(group):
        raise RuntimeError(
            f"{_NAME} requires optimizer.state_dict()-style param group keys to exactly match the live optimizer group "
            f"keys for group {number}. Keys only in swap-in: {[k for k in new if k not in group]}. Keys only in live: "
            f"{[k for k in group if k not in new]}."
        )
