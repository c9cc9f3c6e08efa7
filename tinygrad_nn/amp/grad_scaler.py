"""Losses scaled up before the backward pass, and gradients down after it, so that float16 does not lose small ones."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core import dtypes
from .._core.modes import no_grad
from .._core.tensor import Tensor

if TYPE_CHECKING:
    from ..optim import Optimizer

__all__ = ["GradScaler"]


class GradScaler:
    """Scale a loss s times, its gradients 1/s times, skip steps that are not finite, and adapt s.

    After a step with an infinite or nan gradient, s is multiplied by `backoff_factor`; after `growth_interval` good
    ones in a row, by `growth_factor`.

    Args:
        device: "cpu"; for "cuda" there is no device, so the scaler warns and is disabled, as in PyTorch.
        init_scale: the first s.
        growth_factor: greater than 1.
        backoff_factor: less than 1.
        growth_interval: how many steps in a row.
        enabled: False for a scaler that passes everything on unchanged.

    Raises:
        AssertionError: a factor is on the wrong side of 1.

    Source: https://docs.pytorch.org/docs/stable/amp.html#torch.amp.GradScaler

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.ones(1, requires_grad=True)
        >>> optimizer = tg.optim.SGD([x], lr=0.5)
        >>> scaler = tg.amp.GradScaler("cpu", init_scale=4.0)
        >>> scaler.scale((x * 1).sum()).backward()
        >>> x.grad.item()
        4.0
        >>> scaler.step(optimizer)  # x - 0.5 * 1
        >>> scaler.update()
        >>> x.item()
        0.5
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 2.0**16, growth_factor: float = 2.0,
        backoff_factor: float = 0.5, growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        if enabled and device == "cuda":
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2
            )
            enabled = False
        self._enabled = enabled
        if growth_factor <= 1.0 and enabled:
            raise AssertionError(f"The growth factor must be > 1.0; got {growth_factor}.")
        if backoff_factor >= 1.0 and enabled:
            raise AssertionError(f"The backoff factor must be < 1.0; got {backoff_factor}.")
        self._scale = _single(init_scale)
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._good_steps = 0
        self._used = False  # whether anything has been scaled
        self._infinite: dict[int, bool] = {}  # optimizers whose gradients are scaled down; whether some were infinite
        self._stepped: set[int] = set()

    def scale(self, outputs: Any) -> Any:
        """A loss, or a collection of losses, times s.

        Raises:
            ValueError: something is neither a tensor nor a collection of tensors.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            self._used = True
            return outputs * self._scale
        if isinstance(outputs, list | tuple):
            return type(outputs)([self.scale(output) for output in outputs])
        if isinstance(outputs, Iterable):
            return map(self.scale, outputs)
        raise ValueError(f"outputs must be a Tensor or an iterable of Tensors; got {type(outputs).__name__}")

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of an optimizer's parameters by s, for programs that look at them, or clip them.

        Raises:
            RuntimeError: they have been divided, or stepped with, since the last `update`.
            ValueError: a gradient is of float16, and so has lost what the scaling was to save.
        """
        if not self._enabled:
            return
        self._check_used("unscale_")
        if id(optimizer) in self._stepped:
            raise RuntimeError("unscale_() is being called after step(). Call update() in between.")
        if id(optimizer) in self._infinite:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if any(gradient.dtype is dtypes.float16 for gradient in gradients):
            raise ValueError("Attempting to unscale FP16 gradients. Keep parameters in float32.")
        inverse = _single(1.0 / self._scale)
        with no_grad():
            for gradient in gradients:
                gradient.mul_(inverse)
        self._infinite[id(optimizer)] = not all(np.isfinite(gradient.numpy()).all() for gradient in gradients)

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """Step with gradients divided by s; skip the step if one of them is infinite or nan.

        Args:
            optimizer: whose step it is.
            *args, **kwargs: of ``optimizer.step``.

        Returns:
            What ``optimizer.step`` returns; None if it was skipped.

        Raises:
            RuntimeError: a closure is given, or the optimizer has been stepped since the last `update`.
            AssertionError: nothing has been scaled, or there are no gradients.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_used("step")
        if id(optimizer) in self._stepped:
            raise RuntimeError("step() has already been called since the last update().")
        if id(optimizer) not in self._infinite:
            self.unscale_(optimizer)
        if not any(p.grad is not None for group in optimizer.param_groups for p in group["params"]):
            raise AssertionError("No inf checks were recorded for this optimizer: its parameters have no gradients.")
        self._stepped.add(id(optimizer))
        return None if self._infinite[id(optimizer)] else optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adapt s to what the steps since the last call have met, or set it.

        Raises:
            AssertionError: no gradients have been looked at, or `new_scale` is no number and no tensor of one element
                without a gradient.
        """
        if not self._enabled:
            return
        self._check_used("update")
        if new_scale is not None:
            if isinstance(new_scale, Tensor) and (new_scale.numel() != 1 or new_scale.requires_grad):
                raise AssertionError("new_scale should be a float or a 1-element tensor with requires_grad=False.")
            self._scale = _single(float(new_scale))
        elif not self._infinite:
            raise AssertionError("No inf checks were recorded prior to update. Call step() first.")
        elif any(self._infinite.values()):
            self._scale, self._good_steps = _single(self._scale * self._backoff_factor), 0
        else:
            self._good_steps += 1
            if self._good_steps == self._growth_interval:
                grown = _single(self._scale * self._growth_factor)
                self._scale = grown if np.isfinite(grown) else self._scale
                self._good_steps = 0
        self._infinite.clear()
        self._stepped.clear()

    def get_scale(self) -> float:
        """The scale s; 1 if the scaler is disabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What s is multiplied by when all is well."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Choose what s is multiplied by when all is well."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What s is multiplied by after infinite gradients."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Choose what s is multiplied by after infinite gradients."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many good steps s grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Choose after how many good steps s grows."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether the scaler does anything."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The scale, its settings, and the number of good steps; empty if the scaler is disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale, "growth_factor": self._growth_factor, "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval, "_growth_tracker": self._good_steps,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state, PyTorch's included.

        Raises:
            RuntimeError: it is empty.
            KeyError: it lacks a number. Nothing is changed then.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        names = ("scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker")
        scale, *settings = (state_dict[name] for name in names)
        self._scale = _single(scale)
        self._growth_factor, self._backoff_factor, self._growth_interval, self._good_steps = settings

    def _check_used(self, name: str) -> None:
        if not self._used:
            raise AssertionError(
                f"Attempted {name} but _scale is None.  This may indicate your script did not use "
                "scaler.scale(loss or outputs) earlier in the iteration."
            )


def _single(number: float) -> float:
    """A number as float32 has it: PyTorch's scale is a tensor."""
    return float(np.float32(number))
