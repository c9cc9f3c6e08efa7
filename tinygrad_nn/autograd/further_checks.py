"""What `gradcheck` can check besides gradients: forward differentiation, and batches of gradients at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core.gradients import grad
from .._core.modes import enable_grad
from .._core.tensor import Tensor, wrap
from .comparison import GradcheckError
from .jacobians import Differences, Part, differentiable, outputs, random_like

Array = np.ndarray[Any, Any]
_BATCH = 2  # gradients, or directions, that are sent at once


# --- forward -----------------------------------------------------------------------------------------------------


def tangents(func: Callable[..., Any], inputs: Sequence[Any], position: int, tangent: Tensor) -> list[Tensor]:
    """How each output changes as one input moves along a tangent, by forward differentiation."""
    from . import forward_ad

    with enable_grad(), forward_ad.dual_level():
        # what requires grad goes on doing so: the function may ask for gradients itself
        moved = [v.detach().requires_grad_(v.requires_grad) if isinstance(v, Tensor) else v for v in inputs]
        moved[position] = forward_ad.make_dual(moved[position], tangent)
        found = [forward_ad.unpack_dual(output) for output in outputs(func(*moved))]
    return [wrap(np.zeros_like(f.primal.detach()._array)) if f.tangent is None else f.tangent for f in found]


def forward_jacobian(differences: Differences, position: int, number: int, part: Part) -> Array:
    """The Jacobian of a part of one output by forward differentiation, a row for each element of the input."""
    array = differences.inputs[position]._array
    rows = []
    for index in range(array.size):
        direction = np.zeros_like(array)
        direction[np.unravel_index(index, array.shape)] = 1
        row = _along(differences, position, direction, number, part)
        if array.dtype.kind == "c":
            row = row + 1j * _along(differences, position, direction * 1j, number, part)
        rows.append(row)
    return np.array(rows) if rows else np.zeros((0, 0))


def _along(differences: Differences, position: int, direction: Array, number: int, part: Part) -> Array:
    found = tangents(differences.func, differences.inputs, position, wrap(direction))[number]
    return np.asarray(part.take(found.detach()._array)).reshape(-1)


# --- batches -----------------------------------------------------------------------------------------------------


def check_batched_gradients(func: Callable[..., Any], inputs: tuple[Any, ...], wanted: Sequence[int]) -> None:
    """Several gradients sent back at once give what they give one after the other.

    Raises:
        GradcheckError: they do not.
    """
    targets = [inputs[i] for i in wanted]
    random = np.random.default_rng(2)
    for number, output in enumerate(differentiable(func(*inputs))):
        batch = random_like(random, output._array, (_BATCH, *output._array.shape))
        one_by_one = [_backward(output, targets, wrap(gradient), batched=False) for gradient in batch]
        try:
            at_once = _backward(output, targets, wrap(batch), batched=True)
        except RuntimeError as error:
            raise _failed(error) from error
        _hold(number, wanted, at_once, [np.stack(found) for found in zip(*one_by_one, strict=True)])


def _backward(output: Tensor, targets: list[Tensor], gradient: Tensor, batched: bool) -> list[Array]:
    found = grad(output, targets, gradient, retain_graph=True, allow_unused=True, is_grads_batched=batched)
    shape = (_BATCH,) if batched else ()
    return [
        np.zeros((*shape, *t._array.shape), t._array.dtype) if g is None else g.detach()._array
        for g, t in zip(found, targets, strict=True)
    ]


def check_batched_tangents(func: Callable[..., Any], inputs: tuple[Any, ...], wanted: Sequence[int]) -> None:
    """Several tangents pushed forward at once give what they give one after the other.

    Raises:
        GradcheckError: they do not.
    """
    from .._transforms.vmapping import vmap

    random = np.random.default_rng(3)
    for position in wanted:
        array = inputs[position]._array
        batch = random_like(random, array, (_BATCH, *array.shape))

        def push(tangent: Tensor, position: int = position) -> tuple[Tensor, ...]:
            return tuple(tangents(func, inputs, position, tangent))

        one_by_one = [[t.detach()._array for t in push(wrap(tangent))] for tangent in batch]
        try:
            at_once = vmap(push)(wrap(batch))
        except RuntimeError as error:
            raise _failed(error) from error
        expected = [np.stack(found) for found in zip(*one_by_one, strict=True)]
        _hold(position, range(len(expected)), [t.detach()._array for t in at_once], expected, "tangent of output")


def _hold(
    number: int, places: Sequence[int], got: Sequence[Array], expected: Sequence[Array], what: str = "gradient of input"
) -> None:
    for place, one, other in zip(places, got, expected, strict=True):
        if one.shape != other.shape or not np.allclose(one, other, rtol=1e-5, atol=1e-8, equal_nan=True):
            origin = f"output {number}" if what.startswith("gradient") else f"input {number}"
            raise GradcheckError(
                f"For {origin} and the {what} {place}: sent as a batch, {_BATCH} of them give something else than one "
                f"after the other.\n\nGot:\n{wrap(one)!r}\n\nExpected:\n{wrap(other)!r}\n\nA rule that mixes the batch "
                "dimension with the others, or that writes in place, does that."
            )


def _failed(error: RuntimeError) -> GradcheckError:
    return GradcheckError(
        f"While computing batched gradients, got: {error}\n\nThe function's derivative cannot be batched by vmap. "
        "Check without check_batched_grad and check_batched_forward_grad, or give the function a vmap() of its own."
    )
