"""Muon: momentum, made orthogonal."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from .._core.blas import add_scaled
from .._core.modes import modes
from .._core.tensor import wrap
from .block import Array
from .given import check_least, check_rate
from .optimizer import Optimizer

__all__ = ["Muon"]

A, B, C = 3.4445, -4.7750, 2.0315
_STACK = 1 << 17  # about how many numbers of matrices are iterated together


class Muon(Optimizer):
    """Muon (Jordan, 2024), for the matrices of hidden layers; optimize all else with `AdamW`.

    ``b = b + (1 - momentum) (g - b)``, with Nesterov's momentum ``u = g + momentum (b - g)``, else ``u = b``. The
    singular values of ``u`` are brought near 1 by ``ns_steps`` Newton-Schulz iterations ``X = a X + (b S + c S S) X``,
    ``S = X X^T``. ``p = (1 - lr weight_decay) p - lr * ratio * X``, with the ratio ``sqrt(max(1, rows / columns))``, or
    ``0.2 sqrt(max(rows, columns))`` for ``"match_rms_adamw"``.

    As in PyTorch, the iteration is done in numbers of bfloat16; those are stored in float32 here, and rounded.

    Args:
        params: matrices to optimize, or groups of them.
        lr: learning rate.
        weight_decay: strength of the decay, which is decoupled.
        momentum: how much of the momentum is kept from step to step.
        nesterov: look one step of momentum ahead.
        ns_coefficients: a, b and c.
        eps: the least norm that a matrix is divided by.
        ns_steps: the number of iterations.
        adjust_lr_fn: "original" (the default) or "match_rms_adamw".

    Raises:
        ValueError: an option is out of its range, or a parameter is no matrix.
        RuntimeError: (in `step`) a parameter is complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html, https://kellerjordan.github.io/posts/muon/,
    https://arxiv.org/abs/2502.16982

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> optimizer = tg.optim.Muon([x], lr=0.1, weight_decay=0)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([[1.0684, 1.9184],
                [2.9266, 3.9753]], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (A, B, C),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_rate(lr, "Learning rate should be >= 0 but is: {}")
        check_least("momentum", momentum, 0)
        check_least("weight decay", weight_decay, 0)
        if adjust_lr_fn is not None and adjust_lr_fn not in ("original", "match_rms_adamw"):
            raise ValueError(
                f"Adjust learning rate function {adjust_lr_fn} is not supported. There are 'original' and "
                "'match_rms_adamw'"
            )
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {param.size()}. "
                        "Optimize biases, embeddings and the like with AdamW"
                    )

    def _update_group(self, group: dict[str, Any]) -> None:
        if group["ns_steps"] >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        for param in group["params"]:
            if param._grad is not None and param.is_complex():
                raise RuntimeError("Muon does not support complex parameters. Optimize these with Adam.")
        modes.here.unwatched_quiet(self._update_matrices, group)

    def _update_matrices(self, group: dict[str, Any]) -> None:
        stacks: dict[tuple[int, int], list[tuple[Array, Array]]] = {}
        for param, grad, state in self._pending(group):
            array = param._array
            direction = accelerated(grad, state, float(group["momentum"]), group["nesterov"])
            stack = stacks.setdefault((array.shape[0], array.shape[1]), [])
            stack.append((array, direction))
            if len(stack) * array.size >= _STACK:
                self._update_stack(group, stack)
                stack.clear()
        for stack in stacks.values():
            if stack:
                self._update_stack(group, stack)

    def _update_stack(self, group: dict[str, Any], stack: list[tuple[Array, Array]]) -> None:
        """Update matrices of one shape."""
        lr, (rows, columns) = float(group["lr"]), stack[0][0].shape
        directions = np.stack([direction for _, direction in stack])  # (k, rows, columns)
        directions = orthogonal(directions, group["ns_coefficients"], group["ns_steps"], group["eps"])
        if group["adjust_lr_fn"] == "match_rms_adamw":
            ratio = 0.2 * sqrt(max(rows, columns))
        else:
            ratio = sqrt(max(1, rows / columns))
        for (param, _), direction in zip(stack, directions, strict=True):
            np.multiply(param, 1 - lr * group["weight_decay"], param)
            np.subtract(param, np.multiply(direction, param.dtype.type(lr * ratio)), param)


def accelerated(grad: Array, state: dict[str, Any], momentum: float, nesterov: bool) -> Array:
    """``b = b + (1 - momentum) (g - b)``; the direction is ``g + momentum (b - g)``, or ``b`` without Nesterov."""
    if "momentum_buffer" not in state:
        state["momentum_buffer"] = wrap(np.zeros_like(grad, subok=False))
    buffer: Array = state["momentum_buffer"]._array
    np.copyto(buffer, lerp(buffer, grad, 1 - momentum))
    return lerp(grad, buffer, momentum) if nesterov else buffer


def lerp(start: Array, end: Array, weight: float) -> Array:
    """``start + weight (end - start)``. The sum is rounded once: what comes next keeps eight bits of it."""
    difference = np.subtract(end, start, order="C")
    if weight < 0.5:
        return add_scaled(start.copy(), weight, difference)
    return add_scaled(end.copy(), weight - 1, difference)


def orthogonal(matrices: Array, coefficients: tuple[float, float, float], steps: int, eps: float) -> Array:
    """Bring the singular values of matrices (k, m, n) near 1, by Newton-Schulz iterations on numbers of bfloat16."""
    a, b, c = coefficients
    wide = matrices.shape[1] <= matrices.shape[2]
    x = to_bfloat16((matrices if wide else matrices.swapaxes(1, 2)).astype(np.float32, order="C"))
    norm = to_bfloat16(np.sqrt(np.square(x).sum(axis=(1, 2), keepdims=True)))  # (k, 1, 1)
    x = to_bfloat16(x / np.maximum(norm, to_bfloat16(np.array(eps, np.float32))))
    for _ in range(steps):
        gram = to_bfloat16(x @ x.swapaxes(1, 2))  # (k, m, m)
        update = gram @ gram
        update *= np.float32(c)
        to_bfloat16(add_scaled(update, b, gram))
        x = to_bfloat16(add_scaled(update @ x, a, x))
    return x if wide else x.swapaxes(1, 2)


def to_bfloat16(numbers: Array) -> Array:
    """Round float32 in place to the nearest numbers of eight bits, and to the even one of two."""
    bits = numbers.view(np.uint32)
    odd = bits >> np.uint32(16)
    odd &= np.uint32(1)
    odd += np.uint32(0x7FFF)
    bits += odd
    bits &= np.uint32(0xFFFF0000)
    return numbers
