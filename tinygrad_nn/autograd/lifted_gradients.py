"""Gradients that need transforms: for a batch of gradients to start from, and of lifted tensors. What `grad` calls.

The transforms are imported when they are needed, which is seldom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._core import gradients
from .._core.graph import GradientEdge
from .._core.lifted import lifted_of
from .._core.tensor import Tensor
from .._core.zeros import zeros_of


def batched_grad(
    outputs: Sequence[Any], inputs: Sequence[Any], grad_outputs: Sequence[Any], retain_graph: bool, create_graph: bool
) -> list[Any]:
    """The gradients for each of a batch of ``grad_outputs``, in one pass."""
    from .._transforms.vmapping import vmap

    for position, (output, gradient) in enumerate(zip(outputs, grad_outputs, strict=True)):
        _check_shape(output, gradient, position)
    given = [position for position, gradient in enumerate(grad_outputs) if gradient is not None]
    used: list[bool] = []

    def pull(*weights: Tensor) -> tuple[Any, ...]:
        whole = list(grad_outputs)
        for position, weight in zip(given, weights, strict=True):
            whole[position] = weight
        found = gradients.plain_grad(outputs, inputs, whole, retain_graph, create_graph)
        used[:] = [gradient is not None for gradient in found]
        return tuple([gradient for gradient in found if gradient is not None])

    if not given:
        return gradients.plain_grad(outputs, inputs, grad_outputs, retain_graph, create_graph)
    found = iter(vmap(pull, randomness="different")(*[grad_outputs[position] for position in given]))
    return [next(found) if each else None for each in used]


def _check_shape(output: Any, gradient: Any, position: int) -> None:
    if not isinstance(gradient, Tensor) or not isinstance(output, Tensor):
        return
    rest = gradient.shape[1:]
    if rest != output.shape:
        raise RuntimeError(
            "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch dimension. "
            "The sizes of the remaining dimensions are expected to match the shape of corresponding output, but a "
            f"mismatch was detected: grad_output[{position}] has a shape of {rest} and output[{position}] has a shape "
            f"of {output.shape}. If you only want some tensors in `grad_output` to be considered batched, consider "
            "using vmap."
        )


def lifted_grad(
    outputs: Sequence[Any], inputs: Sequence[Any], grad_outputs: Sequence[Any], retain_graph: bool, create_graph: bool
) -> list[Any]:
    """The gradients of outputs that have tangents, or are batched."""
    from .._transforms.reverse import gradients as pull

    levels = sorted({level for output in outputs for level in _levels_of(output)}, key=lambda level: level.number)
    shared = frozenset([level for level in levels if not all(_holds(level, end) for end in inputs)])
    ends = [_end(end, levels, shared) for end in inputs]
    weights = []
    for output, gradient in zip(outputs, grad_outputs, strict=True):
        if gradient is None:
            if output.numel() != 1:
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs, got shape {list(output.shape)}."
                )
            gradient = zeros_of(output) + 1
        weights.append(gradient)
    return list(
        pull(outputs, weights, ends, levels, create_graph=create_graph, retain_graph=retain_graph, shared=shared)
    )


def _levels_of(tensor: Tensor) -> list[Any]:
    """The transforms that have lifted a tensor, or its tangents."""
    lifted = lifted_of(tensor)
    if lifted is None:
        return []
    found = [lifted.level, *_levels_of(lifted.value)]
    return found if lifted.tangent is None else [*found, *_levels_of(lifted.tangent)]


def _holds(level: Any, end: Any) -> bool:
    """Whether a `vmap` has lifted an input, so that there is one for each example."""
    lifted = lifted_of(end)
    while lifted is not None and lifted.level is not level:
        lifted = lifted_of(lifted.value)
    return lifted is not None or not hasattr(level, "size")


def _end(end: Any, levels: Sequence[Any], shared: frozenset[Any]) -> Tensor:
    """The tensor on the tape.

    Raises:
        RuntimeError: one input is the same for all examples, another one is not.
    """
    if isinstance(end, GradientEdge):
        raise RuntimeError("grad(): a GradientEdge is not supported as an input inside of vmap or forward_ad")
    for level in levels[::-1]:
        lifted = lifted_of(end)
        if lifted is not None and lifted.level is level:
            if level in shared:
                raise RuntimeError(
                    "grad() inside of vmap: one input is the same for all examples, another one is not. Ask for their "
                    "gradients one after the other, or use func.grad."
                )
            end = lifted.value
    if not end.requires_grad:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    tape: Tensor = end
    return tape


gradients.batched_grad, gradients.lifted_grad = batched_grad, lifted_grad
