"""What the functions of `functional` are given, and what they return."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .._core.gradients import grad
from .._core.modes import modes
from .._core.tensor import Tensor
from .strictness import check_requires_grad

Tensors = tuple[Tensor, ...]
Given = Tensor | tuple[Tensor, ...]

OUTPUTS = "outputs of the user-provided function"
NO_V_OUTPUT = (
    "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
)
NO_V_INPUT = (
    "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
)


def as_tuple(given: Any, what: str, name: str) -> tuple[bool, Tensors]:
    """Whether it is a tuple, and the tensors.

    Raises:
        TypeError: something is no tensor.
    """
    several = isinstance(given, tuple)
    tensors = given if several else (given,)
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            where = f"value at index {position}" if several else f"given {what}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the {where} has type "
                f"{type(tensor)}."
            )
    return several, tensors


def fresh(tensors: Tensors, create_graph: bool, required: bool) -> Tensors:
    """Tensors of our own, as those that were given may also reach the function in another way."""
    return tuple([
        x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_(required) for x in tensors
    ])  # fmt: skip


def released(tensors: Any, create_graph: bool) -> Any:
    """Results, without the graph unless it was asked for."""
    if create_graph:
        return tensors
    return tuple([t.detach() if isinstance(t, Tensor) else released(t, create_graph) for t in tensors])


def unpacked(result: Any, outer: bool, inner: bool | None = None) -> Any:
    """A tuple, or a tuple of tuples, without what was added for tensors that were given alone."""
    if inner is False:
        result = tuple([each[0] for each in result])
    return result if outer else result[0]


@contextmanager
def recording(enabled: bool = True) -> Iterator[None]:
    before, modes.here.grad = modes.here.grad, enabled
    try:
        yield
    finally:
        modes.here.grad = before


def gradients(
    outputs: Sequence[Tensor | None], inputs: Tensors, grad_outputs: Sequence[Any] | None = None, *,
    create_graph: bool = False, retain_graph: bool | None = None, is_grads_batched: bool = False,
) -> tuple[Tensor | None, ...]:  # fmt: skip
    """`grad`, which leaves out outputs that need none."""
    weights = (None,) * len(outputs) if grad_outputs is None else grad_outputs
    pairs = [(o, w) for o, w in zip(outputs, weights, strict=True) if o is not None and o.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    found: tuple[Tensor | None, ...] = grad(
        [o for o, _ in pairs], inputs, [w for _, w in pairs], retain_graph, create_graph, allow_unused=True,
        is_grads_batched=is_grads_batched,
    )  # fmt: skip
    return found


def vector(v: Any, others: Tensors, several: bool, name: str, create_graph: bool, missing: str) -> Any:
    """The vector to multiply by, of the shapes of other tensors; None, which stands for 1, for a single element.

    Raises:
        RuntimeError: it has other shapes, or is left out though there are more elements.
    """
    if v is None:
        if len(others) != 1 or others[0].numel() != 1:
            raise RuntimeError(missing)
        return None
    _, vectors = as_tuple(v, "v", name)
    vectors = fresh(vectors, create_graph, required=False)
    if len(others) != len(vectors):
        if several:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(others)} but got {len(vectors)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for position, (own, other) in enumerate(zip(vectors, others, strict=True)):
        if own.shape != other.shape:
            where = f"Entry {position} in " if several else ""
            raise RuntimeError(f"{where}v has invalid size: should be {other.shape} but got {own.shape}.")
    return vectors


def one_number(result: Any, name: str, strict: bool) -> Tensor:
    """The function's result, which has to be a single number.

    Raises:
        RuntimeError: it is not.
    """
    several, outputs = as_tuple(result, OUTPUTS, name)
    check_requires_grad(outputs, "outputs", strict)
    if several:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
    return outputs[0]
