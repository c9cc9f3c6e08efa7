"""Optimizers whose formula treats all numbers alike, and so runs over many parameters at once, in bundles."""

from __future__ import annotations

from collections.abc import Iterator
from operator import is_
from typing import Any

from .._core.modes import modes
from .._core.tensor import Tensor, wrap
from .block import Block
from .bundle import Bundle, Kept, Memory, divide, number_of
from .optimizer import Optimizer

__all__ = ["ElementwiseOptimizer"]

Plan = tuple[Kept, list[Tensor], list[Bundle]]


class ElementwiseOptimizer(Optimizer):
    """Base of these: an algorithm says what it keeps for each parameter, and writes `_update_bundle`.

    See `adagrad.py` for a short one.
    """

    _scratch = 2  # flat arrays to work in; the first gets the gradient
    _whole = False  # whether the formula needs a parameter in one piece

    def _kept(self, group: dict[str, Any]) -> Kept:
        """What is kept for each parameter under the group's options."""
        raise NotImplementedError

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        """One step: goes through `_gathered`, and turns each block's gradient into the direction of its step."""
        raise NotImplementedError

    def _start(self) -> None:
        super()._start()
        self._memory: Memory = {}
        self._plans: dict[int, Plan] = {}  # by the group's id

    def _update_group(self, group: dict[str, Any]) -> None:
        quiet = modes.here.unwatched_quiet
        for bundle in self._bundles(group):
            quiet(self._update_bundle, group, bundle)

    def _gathered(
        self, group: dict[str, Any], bundle: Bundle, rate: float = 1.0, shrink: float | None = None
    ) -> Iterator[Block]:
        """Go through the blocks, each with its gradients after the group's weight decay.

        To maximize, gradients change their sign. Weight decay is added to them as the gradient of a penalty, or, if
        it is decoupled, shrinks the parameters themselves.

        Args:
            group, bundle: what is stepped.
            rate: what the formula's direction is multiplied by.
            shrink: what the parameters are multiplied by, if the formula decides about weight decay itself.
        """
        sign = -1.0 if group.get("maximize") else 1.0
        if shrink is not None:
            return bundle.gathered(sign, 0.0, rate, shrink)
        decay = float(group.get("weight_decay", 0.0))
        if group.get("decoupled_weight_decay"):
            return bundle.gathered(sign, 0.0, rate, 1 - float(group["lr"]) * decay)
        return bundle.gathered(sign, decay, rate)

    def _bundles(self, group: dict[str, Any]) -> list[Bundle]:
        """The group's parameters that have a gradient, as bundles. They are made anew only if something changed."""
        kept = self._kept(group)
        members: list[Tensor] = group["params"]
        plan = self._plans.get(id(group))
        if plan is not None:
            before, known, bundles = plan
            same = kept is before or kept.names == before.names
            if same and len(known) == len(members) and all(map(is_, known, members)):
                ready = [bundle for bundle in bundles if self._take_gradients(bundle)]
                taken = sum([len(bundle.params) for bundle in ready])
                if taken == len(members) or taken == sum([param._grad is not None for param in members]):
                    return ready
        return self._arrange(group, kept)

    def _take_gradients(self, bundle: Bundle) -> bool:
        """Whether all parameters have a gradient, which the bundle then gets, and nothing else has changed."""
        gradients = [grad._array for param in bundle.params if (grad := param._grad) is not None]
        if len(gradients) != len(bundle.params) or not bundle.is_intact(self.state):
            return False
        bundle.gradients = gradients
        return True

    def _arrange(self, group: dict[str, Any], kept: Kept) -> list[Bundle]:
        """Make the bundles of a group."""
        members: list[Tensor] = group["params"]
        pending = list(dict.fromkeys(param for param in members if param._grad is not None))
        if group.get("fused"):
            for param in pending:
                if param.is_complex():
                    raise RuntimeError(
                        "`fused=True` requires all the params to be floating point Tensors of supported devices, but "
                        f"got {param.dtype}. Leave fused away."
                    )
        states = [self.state[param] if kept.names else {} for param in pending]
        parts = divide(pending, states, kept)
        bundles = [Bundle(*part, kept, self._scratch, self._whole, self._memory) for part in parts]
        for bundle in bundles:
            self._take_gradients(bundle)
        self._plans[id(group)] = kept, list(members), bundles
        return bundles

    def _check_state(self, group: dict[str, Any], place: str, param: Tensor, state: dict[str, Any]) -> None:
        kept = self._kept(group)
        for name, first in kept.numbers.items():
            value = state.get(name)
            if value is None:
                raise KeyError(_missing(name, place, state, kept))
            if not isinstance(value, Tensor):  # as PyTorch saved it in earlier versions
                state[name] = wrap(number_of(state, name, first).reshape(()))
            elif value.numel() != 1:
                raise RuntimeError(f"the state {name!r} of {place} is a number, got shape {list(value.shape)}")
        for name in kept.arrays:
            value = state.get(name)
            if value is None:
                if kept.numbers:
                    raise KeyError(_missing(name, place, state, kept))
            elif not isinstance(value, Tensor) or value.shape != param.shape:
                raise RuntimeError(_misshapen(name, place, value, param))


def _missing(name: str, place: str, state: dict[str, Any], kept: Kept) -> str:
    return (
        f"{name}: the loaded state of {place} has {[*state]}, expected {[*kept.names]}. Is it the state of another "
        "kind of optimizer?"
    )


def _misshapen(name: str, place: str, value: Any, param: Tensor) -> str:
    if not isinstance(value, Tensor):
        return f"the state {name!r} of {place} is a tensor, got {type(value).__name__}"
    mine, other = list(value.shape), list(param.shape)
    differing = [d for d, (a, b) in enumerate(zip(mine[::-1], other[::-1], strict=False)) if a != b]
    if differing:
        dim = differing[0]
        size, expected = mine[-1 - dim], other[-1 - dim]
        at = max(len(mine), len(other)) - 1 - dim
        start = f"The size of tensor a ({size}) must match the size of tensor b ({expected})"
        start += f" at non-singleton dimension {at}"
    else:
        start = f"output with shape {other} doesn't match the broadcast shape {mine}"
    return (
        f"{start}: the state {name!r} of {place} has shape {mine}, the parameter {other}. Load the state of an "
        "optimizer of the same model."
    )
