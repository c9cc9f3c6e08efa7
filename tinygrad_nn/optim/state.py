"""An optimizer's state in PyTorch's format, out and in."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._core.tensor import Tensor, wrap

Groups = list[dict[str, Any]]


def packed(state: Mapping[Any, dict[str, Any]], groups: Groups) -> dict[str, Any]:
    """The state and the options, with parameters replaced by their numbers."""
    numbers: dict[int, int] = {}
    saved = []
    for group in groups:
        for param in group["params"]:
            numbers.setdefault(id(param), len(numbers))
        options = {name: value for name, value in group.items() if name != "params"}
        saved.append({**options, "params": [numbers[id(param)] for param in group["params"]]})
    return {
        "state": {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in state.items()},
        "param_groups": saved,
    }


def check_format(state_dict: Mapping[str, Any], groups: Groups) -> None:
    """Refuse what is no optimizer's state, or the state of other groups.

    Raises:
        KeyError: it lacks "state" or "param_groups".
        ValueError: it has other groups, or groups of other lengths.
    """
    for key in ("param_groups", "state"):
        if key not in state_dict:
            raise KeyError(
                f"{key}: the state of an optimizer has 'state' and 'param_groups', got {[*state_dict][:4]}. Is it "
                "the state of a model?"
            )
    saved_groups = state_dict["param_groups"]
    if len(saved_groups) != len(groups):
        raise ValueError(
            "loaded state dict has a different number of parameter groups: "
            f"got {len(saved_groups)}, expected {len(groups)}"
        )
    for number, (group, saved) in enumerate(zip(groups, saved_groups, strict=True)):
        if len(group["params"]) != len(saved["params"]):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: "
                f"group {number} has {len(saved['params'])} parameters, expected {len(group['params'])}"
            )


def unpacked(
    state_dict: Mapping[str, Any], groups: Groups, numbers: frozenset[str]
) -> defaultdict[Any, dict[str, Any]]:
    """Copies of what is kept for each parameter, in the parameters' own types.

    Args:
        state_dict, groups: the state, and the groups that it is for.
        numbers: names of what keeps its own type, such as ``"step"``.
    """
    parameters: dict[Any, tuple[Tensor, bool]] = {}
    for group, saved in zip(groups, state_dict["param_groups"], strict=True):
        casts_step = bool(saved.get("capturable") or saved.get("fused"))
        for key, param in zip(saved["params"], group["params"], strict=True):
            parameters[key] = param, casts_step
    state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
    for key, value in state_dict["state"].items():
        if key in parameters:
            param, casts_step = parameters[key]
            state[param] = _copied(value, param, numbers, casts_step, None)
        else:
            state[key] = value
    return state


def _copied(value: Any, param: Tensor, numbers: frozenset[str], casts_step: bool, key: Any) -> Any:
    """A copy, with tensors and arrays as tensors of the parameter's type; a count of steps may become float32."""
    if hasattr(value, "__array__"):  # PyTorch's own tensors have it too
        array = value._array if isinstance(value, Tensor) else np.asarray(value)
        dtype = param._array.dtype if param._array.dtype.kind == "f" else array.dtype
        if key in numbers:
            dtype = np.dtype(np.float32) if casts_step and key == "step" else array.dtype
        same = array.shape == param._array.shape
        made = np.empty_like(param._array, dtype) if same else np.empty(array.shape, dtype)  # in its memory order
        np.copyto(made, array, casting="unsafe")
        return wrap(made)
    if isinstance(value, Mapping):
        return {name: _copied(item, param, numbers, casts_step, name) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_copied(item, param, numbers, casts_step, None) for item in value])
    return copy.deepcopy(value)
