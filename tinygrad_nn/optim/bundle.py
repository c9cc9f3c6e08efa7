"""Bundles: parameters that are stepped together, their state in one flat array for each name.

A formula then runs over all of them in one call for each of its passes, where it would start anew for every parameter.
Parameters and gradients stay where they are; each parameter's own state is a view into the flat arrays, so it looks and
saves as if it stood alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.tensor import Tensor, wrap

Array = np.ndarray[Any, Any]

# Flat arrays of about this many elements stay in a processor core's own cache over a formula's passes.
LIMIT = 1 << 17


class Bundle:
    """Some parameters of one type and one count of steps.

    Args:
        params, states: the parameters, and the state that the optimizer keeps for each.
        names: the arrays in each state, such as ``("exp_avg", "exp_avg_sq")``; they are made, or moved in here.
        scratch: how many further flat arrays the formula works in.
    """

    def __init__(
        self, params: list[Tensor], states: list[dict[str, Any]], names: tuple[str, ...], scratch: int
    ) -> None:
        self.params = params
        self.states = states
        self.names = names
        self.arrays = [param._array for param in params]
        self.dtype = self.arrays[0].dtype
        self.counts = np.array([_count(state) for state in states], np.float32)
        self.flat: list[Array] = []
        self.views: list[list[Array]] = []
        total = sum(array.size for array in self.arrays)
        for _ in range(len(names) + scratch):
            flat = np.zeros(total, self.dtype)
            self.flat.append(flat)
            self.views.append(self._views_of(flat))
        # complex numbers count as two real ones
        self.real = [flat.view(flat.real.dtype) if self.dtype.kind == "c" else flat for flat in self.flat]
        self.kept = [self._move_in(number, state) for number, state in enumerate(states)]

    def _views_of(self, flat: Array) -> list[Array]:
        """A view of each parameter's shape and memory order, one behind the other."""
        views, start = [], 0
        for array in self.arrays:
            strides = np.empty_like(array).strides
            views.append(np.ndarray(array.shape, self.dtype, flat, start, strides))
            start += array.nbytes
        return views

    def _move_in(self, number: int, state: dict[str, Any]) -> list[Any]:
        """Make a parameter's state views of the flat arrays, with the values that it had."""
        for views, name in zip(self.views, self.names, strict=False):
            before = state.get(name)
            if before is not None:
                np.copyto(views[number], before._array)
        others = {name: value for name, value in state.items() if name != "step" and name not in self.names}
        state.clear()
        state["step"] = wrap(self.counts[number : number + 1].reshape(()))
        for views, name in zip(self.views, self.names, strict=False):
            state[name] = wrap(views[number])
        state.update(others)
        return list(state.values())

    def is_intact(self, params: list[Tensor], states: list[dict[str, Any]]) -> bool:
        """Whether these are the bundle's parameters still, and nobody has put other arrays in their place."""
        if len(params) != len(self.params):
            return False
        for param, mine, array, state, kept in zip(params, self.params, self.arrays, states, self.kept, strict=True):
            if param is not mine or param._array is not array or len(state) != len(kept):
                return False
            for tensor, other in zip(kept, state.values(), strict=True):
                if tensor is not other:
                    return False
        counts: list[float] = self.counts.tolist()  # a user may have written to one of them
        return counts.count(counts[0]) == len(counts)


def _count(state: dict[str, Any]) -> float:
    step = state.get("step", 0)
    return float(step.item() if isinstance(step, Tensor) else step)


def divide(params: list[Tensor], states: list[dict[str, Any]]) -> list[tuple[list[Tensor], list[dict[str, Any]]]]:
    """Parameters that can be stepped together: of one real type and one count of steps, and not too large."""
    parts: list[tuple[list[Tensor], list[dict[str, Any]]]] = []
    keys: list[Any] = []
    sizes: list[int] = []
    for param, state in zip(params, states, strict=True):
        array = param._array
        key = (array.dtype, _count(state)) if array.dtype.kind == "f" else object()  # complex ones stand alone
        fits = [i for i, k in enumerate(keys) if k == key and sizes[i] + array.size <= LIMIT]
        if fits:
            parts[fits[0]][0].append(param)
            parts[fits[0]][1].append(state)
            sizes[fits[0]] += array.size
        else:
            parts.append(([param], [state]))
            keys.append(key)
            sizes.append(array.size)
    return parts
