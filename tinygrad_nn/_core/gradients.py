"""Asking for gradients: ``Tensor.backward`` and `grad`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import dtypes
from .backward import own, run
from .graph import Edge
from .tensor import Tensor, current_edge, tensor_method, wrap

# Where most backward passes start. Shared, so nobody may write to it.
_ONE = {d.dtype: np.ones((), d.dtype) for d in dtypes.ALL if d.is_floating_point or d.is_complex}
for _one in _ONE.values():
    _one.flags.writeable = False


def root_gradient(output: Tensor, gradient: Any, create_graph: bool, position: int) -> tuple[Edge, Any]:
    """The edge at which a backward pass starts, and the gradient that it starts with.

    Raises:
        RuntimeError: the output needs no gradient, is no scalar while none is given, or has another shape.
    """
    if not isinstance(output, Tensor):
        raise TypeError(f"outputs: expected Tensors, got {type(output).__name__} at position {position}")
    edge = current_edge(output)
    if edge is None:
        raise RuntimeError(
            f"element {position} of tensors does not require grad and does not have a grad_fn. No input of its "
            "computation requires grad, or it was computed under no_grad(), or went through detach(), item() or "
            "numpy()."
        )
    array = output._array
    if gradient is None:
        if array.dtype.kind == "c":
            raise RuntimeError(
                f"grad can be implicitly created only for real scalar outputs but got {output.dtype}. Make it real "
                "(loss.abs(), loss.real) or give gradient=."
            )
        if array.size != 1:
            raise RuntimeError(
                f"grad can be implicitly created only for scalar outputs, got shape {list(array.shape)}. "
                "Reduce it first (loss.mean().backward()) or give gradient=."
            )
        ones = _ONE[array.dtype] if array.ndim == 0 else np.ones(array.shape, array.dtype)
        if not create_graph:
            return edge, ones
        gradient = wrap(ones)
    if not isinstance(gradient, Tensor):
        raise TypeError(f"gradient: expected a Tensor or None, got {type(gradient).__name__}")
    if gradient._array.shape != array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{position}] has a shape of {gradient.shape} and output[{position}] has a "
            f"shape of {output.shape}."
        )
    if gradient._array.dtype != array.dtype:
        gradient = gradient.to(array.dtype)
    return edge, gradient if create_graph else gradient._array


@tensor_method
def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Compute the gradient of this tensor with respect to the leaves, and add it to their ``grad``.

    Args:
        gradient: the gradient with respect to this tensor; may be left out for a scalar.
        retain_graph: keep the graph for another backward. Default: the value of `create_graph`.
        create_graph: record the backward pass, so that its result can be differentiated.
        inputs: accumulate in these leaves only.

    Raises:
        RuntimeError: nothing requires grad; no scalar and no gradient; the graph was freed by an earlier backward; or
            something that a rule needs has been written to in place.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html
    """
    backward_all([self], [gradient], retain_graph, create_graph, inputs)


def backward_all(
    tensors: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Tensor | Sequence[Tensor] | None,
) -> None:
    """`backward` from several tensors at once."""
    keep = create_graph if retain_graph is None else retain_graph
    pairs = enumerate(zip(tensors, gradients, strict=True))
    roots = [root_gradient(tensor, gradient, create_graph, i) for i, (tensor, gradient) in pairs]
    if inputs is None:
        run(roots, retain_graph=keep, create_graph=create_graph)
        return
    chosen = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not chosen:
        raise RuntimeError("'inputs' argument to backward cannot be empty.")
    edges = [_target_edge(tensor, i) for i, tensor in enumerate(chosen)]
    gradients_found = run(roots, retain_graph=keep, create_graph=create_graph, targets=edges)
    for tensor, found in zip(chosen, gradients_found, strict=True):
        if found is not None:
            new = found if isinstance(found, Tensor) else wrap(found.copy())
            tensor._grad = new if tensor._grad is None else tensor._grad + new


def _target_edge(tensor: Tensor, position: int) -> Edge:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"inputs: expected Tensors, got {type(tensor).__name__} at position {position}")
    edge = current_edge(tensor)
    if edge is None:
        raise RuntimeError(f"One of the differentiated Tensors does not require grad (input {position})")
    return edge


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of the sum of outputs with respect to inputs, returned and not accumulated.

    Args:
        outputs, inputs: tensors, or sequences of them.
        grad_outputs: the gradient with respect to each output; may be left out for scalars.
        retain_graph: keep the graph. Default: the value of `create_graph`.
        create_graph: record the computation, for derivatives of higher order.
        only_inputs: without effect, as in PyTorch; gradients of other leaves are never accumulated.
        allow_unused: give None for an input that no output depends on, instead of raising.
        is_grads_batched: not supported.
        materialize_grads: give zeros for such inputs.

    Raises:
        RuntimeError: as `Tensor.backward`, or an input was not used.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor(3.0, requires_grad=True)
        >>> (first,) = tg.autograd.grad(x ** 3, x, create_graph=True)
        >>> (second,) = tg.autograd.grad(first, x)
        >>> first.item(), second.item()
        (27.0, 18.0)
    """
    if not only_inputs:
        text = "only_inputs is without effect. Use autograd.backward to accumulate in other leaves."
        warnings.warn(text, stacklevel=2)
    if is_grads_batched:
        raise NotImplementedError("grad(): is_grads_batched=True is not supported; ask for each gradient in a loop")
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if grad_outputs is None or isinstance(grad_outputs, Tensor):
        grad_outputs = [grad_outputs] * len(outputs) if grad_outputs is None else [grad_outputs]
    if len(grad_outputs) != len(outputs):
        raise RuntimeError(f"grad_outputs: expected one for each of {len(outputs)} outputs, got {len(grad_outputs)}")
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: False.")
    edges = [_target_edge(tensor, i) for i, tensor in enumerate(inputs)]
    keep = create_graph if retain_graph is None else retain_graph
    pairs = enumerate(zip(outputs, grad_outputs, strict=True))
    roots = [root_gradient(output, gradient, create_graph, i) for i, (output, gradient) in pairs]
    found = run(roots, retain_graph=keep, create_graph=create_graph, targets=edges)
    results: list[Tensor | None] = []
    for position, tensor in enumerate(inputs):
        gradient, found[position] = found[position], None
        if gradient is None and materialize_grads:
            gradient = np.zeros_like(tensor._array)
        elif gradient is None and not allow_unused:
            raise RuntimeError(
                f"One of the differentiated Tensors (input {position}) appears to not have been used in the graph. "
                "Set allow_unused=True if this is the desired behavior."
            )
        # A gradient may be an alias of another, or a read-only view: what users get is their own.
        results.append(gradient if gradient is None or isinstance(gradient, Tensor) else wrap(own(gradient)))
    return tuple(results)


def zero_gradient(leaf: Tensor, set_to_none: bool) -> None:
    """Forget a gradient, or set it to zero outside of any graph."""
    gradient = leaf._grad
    if gradient is None or set_to_none:
        leaf._grad = None
        return
    if gradient.requires_grad:
        gradient = leaf._grad = gradient.detach()
    gradient._array.fill(0)
    gradient._cell[0] += 1
