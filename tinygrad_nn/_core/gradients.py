"""Asking for gradients: ``Tensor.backward`` and `grad`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import dtypes
from .backward import run
from .graph import AccumulateGrad, Edge, GradientEdge
from .leaves import own
from .lifted import lifted_of
from .modes import modes
from .tensor import Tensor, current_edge, tensor_method, wrap
from .zeros import zeros_of

Ends = Tensor | GradientEdge | Sequence[Tensor | GradientEdge] | Mapping[str, Tensor]

_ndarray = np.ndarray
# Where most backward passes start. Shared, so nobody may write to it.
_ONE = {d.dtype: np.ones((), d.dtype) for d in dtypes.ALL if d.is_floating_point or d.is_complex}
for _one in _ONE.values():
    _one.flags.writeable = False


# Set by `autograd`, as they need `vmap`: gradients for a batch of grad_outputs, and of lifted tensors.
batched_grad: Any = None
lifted_grad: Any = None


def root_gradient(output: Any, gradient: Any, create_graph: bool, position: int) -> tuple[Edge, Any]:
    """The edge at which a backward pass starts, and the gradient that it starts with.

    Raises:
        RuntimeError: the output needs no gradient, is no scalar while none is given, or has another shape.
    """
    if type(output) is Tensor and output._view is None and output._edge is not None:
        edge, shape, dtype = output._edge, output._array.shape, output._array.dtype
    else:
        edge, shape, dtype = _root(output, position)
    if gradient is None:
        if dtype is not None and dtype.kind == "c":
            raise RuntimeError(
                f"grad can be implicitly created only for real scalar outputs but got {dtypes.from_numpy(dtype)}. Make "
                "it real (loss.abs(), loss.real) or give gradient=."
            )
        if shape is None or dtype is None or (shape and any(length != 1 for length in shape)):
            got = "" if shape is None else f", got shape {list(shape)}"
            raise RuntimeError(
                f"grad can be implicitly created only for scalar outputs{got}. "
                "Reduce it first (loss.mean().backward()) or give gradient=."
            )
        ones = np.ones(shape, dtype) if shape else _ONE[dtype]
        return edge, wrap(ones) if create_graph else ones
    if not isinstance(gradient, Tensor):
        raise TypeError(f"gradient: expected a Tensor or None, got {type(gradient).__name__}")
    array = gradient._array
    if array.shape != shape and shape is not None:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{position}] has a shape of {gradient.shape} and output[{position}] has a "
            f"shape of torch.Size({list(shape)})."
        )
    if array.dtype is not dtype and dtype is not None and array.dtype != dtype:
        if "c" in (array.dtype.kind, dtype.kind):
            raise RuntimeError(
                "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                f"dtype: grad_output[{position}] has a dtype of {gradient.dtype} and output[{position}] has a dtype of "
                f"{dtypes.from_numpy(dtype)}."
            )
        gradient = gradient.to(dtype)
        array = gradient._array
    if not create_graph and type(array) is _ndarray:
        return edge, array
    return edge, gradient if create_graph or lifted_of(gradient) is not None else array


def _root(output: Any, position: int) -> tuple[Edge, tuple[int, ...] | None, Any]:
    """Where a pass starts, and shape and dtype of what arrives there, as far as they are known."""
    if isinstance(output, GradientEdge):
        node, number, meta = output
        return (node, number), *(meta or (None, None))
    if not isinstance(output, Tensor):
        raise TypeError(f"outputs: expected Tensors, got {type(output).__name__} at position {position}")
    edge = current_edge(output)
    if edge is None:
        raise RuntimeError(
            f"element {position} of tensors does not require grad and does not have a grad_fn. No input of its "
            "computation requires grad, or it was computed under no_grad(), or went through detach(), item() or "
            "numpy()."
        )
    return edge, output._array.shape, output._array.dtype


def _listed(given: Any) -> list[Any]:
    """One tensor or edge, or several, or a dictionary of them, as a list."""
    if isinstance(given, Tensor | GradientEdge):
        return [given]
    return list(given.values()) if isinstance(given, Mapping) else list(given)


def _gradients_for(outputs: Sequence[Any], gradients: Any) -> list[Any]:
    """As many gradients as outputs.

    Raises:
        RuntimeError: there are not as many.
    """
    if gradients is None:
        return [None] * len(outputs)
    given = [gradients] if isinstance(gradients, Tensor) else list(gradients)
    if len(given) != len(outputs):
        raise RuntimeError(
            f"got {len(outputs)} tensors and {len(given)} gradients. Give one for each, None for a scalar."
        )
    return given


@tensor_method
def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Compute the gradient of this tensor with respect to the leaves, and add it to their ``grad``.

    Args:
        gradient: the gradient with respect to this tensor; may be left out for a scalar.
        retain_graph: keep the graph for another backward. Default: the value of `create_graph`.
        create_graph: record the backward pass, so that its result can be differentiated.
        inputs: accumulate in these tensors (or `GradientEdge`s of leaves) only; a sequence of them, or a dictionary.

    Raises:
        RuntimeError: nothing requires grad; no scalar and no gradient; the graph was freed by an earlier backward; or
            something that a rule needs has been written to in place.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html
    """
    roots = [root_gradient(self, gradient, create_graph, 0)]
    if inputs is None:
        run(roots, create_graph if retain_graph is None else retain_graph, create_graph)
    else:
        _backward_for(inputs, roots, create_graph if retain_graph is None else retain_graph, create_graph)


def backward_all(
    tensors: Sequence[Any], gradients: Any, retain_graph: bool | None, create_graph: bool, inputs: Any
) -> None:
    """`backward` from several tensors at once."""
    pairs = enumerate(zip(tensors, _gradients_for(tensors, gradients), strict=True))
    roots = [root_gradient(tensor, gradient, create_graph, i) for i, (tensor, gradient) in pairs]
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        run(roots, keep, create_graph)
    else:
        _backward_for(inputs, roots, keep, create_graph)


def _backward_for(inputs: Any, roots: list[tuple[Edge, Any]], retain_graph: bool, create_graph: bool) -> None:
    """Accumulate in these tensors, or leaves of these edges, only."""
    chosen = _listed(inputs)
    if not chosen:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    edges = [_target_edge(each, i) for i, each in enumerate(chosen)]
    found = run(roots, retain_graph, create_graph, edges)
    for each, gradient in zip(chosen, found, strict=True):
        tensor = _leaf(each) if isinstance(each, GradientEdge) else each
        if gradient is not None and tensor is not None:
            new = gradient if isinstance(gradient, Tensor) else wrap(gradient.copy())
            tensor._grad = new if tensor._grad is None else tensor._grad + new


def _leaf(edge: GradientEdge) -> Any:
    """The leaf at an edge.

    Raises:
        RuntimeError: there is none.
    """
    if not isinstance(edge.node, AccumulateGrad):
        raise RuntimeError(
            f"backward(inputs=): a GradientEdge of {edge.node.name()} belongs to no leaf, so there is no grad to add "
            "to. Give the tensor, or use autograd.grad()."
        )
    return edge.node.leaf()


def _target_edge(end: Any, position: int) -> Edge:
    if isinstance(end, GradientEdge):
        return end.node, end.output_nr
    if not isinstance(end, Tensor):
        raise TypeError(f"inputs: expected Tensors, got {type(end).__name__} at position {position}")
    edge = current_edge(end)
    if edge is None:
        raise RuntimeError(f"One of the differentiated Tensors does not require grad (input {position})")
    return edge


def grad(
    outputs: Ends,
    inputs: Ends,
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of the sum of outputs with respect to inputs, returned and not accumulated.

    Args:
        outputs, inputs: tensors (or `GradientEdge`s), or sequences of them; of inputs a dictionary, too.
        grad_outputs: the gradient with respect to each output; may be left out for scalars.
        retain_graph: keep the graph. Default: the value of `create_graph`.
        create_graph: record the computation, for derivatives of higher order.
        only_inputs: without effect, as in PyTorch; gradients of other leaves are never accumulated.
        allow_unused: give None for an input that no output depends on, instead of raising.
        is_grads_batched: the first dimension of `grad_outputs` counts gradients to start from: the results have it,
            too. All are computed in one pass, by `vmap`.
        materialize_grads: give zeros for inputs that no output depends on.

    Returns:
        A tuple with the gradient of each input; a dictionary, if `inputs` is one.

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
        >>> v = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> tg.autograd.grad(v ** 2, v, tg.eye(2), is_grads_batched=True)  # the Jacobian
        (tensor([[2., 0.],
                [0., 4.]]),)
    """
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    starts, ends = _listed(outputs), _listed(inputs)
    if not ends:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    weights = _gradients_for(starts, grad_outputs)
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    keep = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        found = batched_grad(starts, ends, weights, keep, create_graph)
    elif modes.here.levels and any(lifted_of(start) is not None for start in starts):
        found = lifted_grad(starts, ends, weights, keep, create_graph)
    else:
        found = plain_grad(starts, ends, weights, keep, create_graph)
    results: list[Tensor | None] = []
    for position, end in enumerate(ends):
        gradient, found[position] = found[position], None
        if gradient is None and materialize_grads and isinstance(end, Tensor):
            gradient = zeros_of(end)
        elif gradient is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {position} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        # A gradient may be an alias of another, or a read-only view: what users get is their own.
        results.append(gradient if gradient is None or isinstance(gradient, Tensor) else wrap(own(gradient)))
    if isinstance(inputs, Mapping):
        return dict(zip(inputs, results, strict=True))
    return tuple(results)


def plain_grad(
    outputs: Sequence[Any], inputs: Sequence[Any], grad_outputs: Sequence[Any], retain_graph: bool, create_graph: bool
) -> list[Any]:
    """The gradients as arrays, or as tensors where the pass is recorded, or has lifted gradients; None where unused."""
    edges = [_target_edge(end, i) for i, end in enumerate(inputs)]
    pairs = enumerate(zip(outputs, grad_outputs, strict=True))
    roots = [root_gradient(output, gradient, create_graph, i) for i, (output, gradient) in pairs]
    on_tensors = not create_graph and any(isinstance(gradient, Tensor) for _, gradient in roots)
    if on_tensors:
        roots = [(edge, g if isinstance(g, Tensor) else wrap(g)) for edge, g in roots]
    return run(roots, retain_graph=retain_graph, create_graph=create_graph, targets=edges, on_tensors=on_tensors)


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
