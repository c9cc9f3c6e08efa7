"""The node of a `Function`: what its forward gave on edges of the graph, and its backward as a rule of the engine."""

from __future__ import annotations

import functools
import warnings
import weakref
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from .._core.backward import unbroadcast
from .._core.graph import AccumulateGrad, Node, next_sequence
from .._core.inplace import adopt
from .._core.modes import modes
from .._core.observe import note_node
from .._core.plan import OPTION, calling
from .._core.tensor import Tensor, wrap
from .function_context import FunctionCtx

_SAVED: Any = Node.__dict__["saved"]


class FunctionNode(Node):
    """A node whose rule is the backward of a `Function`. It shows the attributes of its ``ctx``, as PyTorch's does."""

    __slots__ = ("context",)

    context: FunctionCtx

    @property
    def saved(self) -> tuple[Any, ...] | None:
        """The context; None once its tensors are freed."""
        stored: tuple[Any, ...] | None = _SAVED.__get__(self)
        return stored

    @saved.setter
    def saved(self, values: tuple[Any, ...] | None) -> None:
        if values is None:
            self.context.free()
        _SAVED.__set__(self, values)

    def name(self) -> str:
        """The node's name."""
        return Node.name(self)

    def __getattr__(self, name: str) -> Any:
        if name in ("context", "label"):
            raise AttributeError(name)
        return getattr(self.context, name)


@functools.cache
def _node_class(function: type) -> type[FunctionNode]:
    return type(f"{function.__name__}Backward", (FunctionNode,), {"__slots__": (), "__doc__": FunctionNode.__doc__})


class _FunctionOp:
    """What the engine asks of an op, for a `Function`."""

    parts = None
    kind = "function"
    holomorphic = False  # its backward is written for complex numbers, if it is to get some

    def __init__(self, function: type) -> None:
        self.name = function.__name__
        self.node_name = f"{function.__name__}Backward"
        self.public_names: tuple[str, ...] = ()


class _FunctionPlan:
    """The plan of a `Function`'s node: one joint rule, its backward."""

    sources = ((OPTION, "ctx"),)
    takes_scalars = False

    def __init__(self, function: type, frees: bool) -> None:
        self.frees = frees  # whether there are saved tensors, so that a second backward must be refused
        self.op = _FunctionOp(function)
        self.rules = ((-1, _rule(function), (0,)),)
        self.steps = tuple([(position, *calling(rule, slots)) for position, rule, slots in self.rules])


@functools.cache
def _plan(function: type, frees: bool) -> _FunctionPlan:
    return _FunctionPlan(function, frees)


# --- recording ---------------------------------------------------------------------------------------------------


def record(function: type, ctx: FunctionCtx, args: tuple[Any, ...], edges: tuple[Any, ...], outputs: Any) -> Any:
    """Add a node for a call of a `Function`, and put the outputs on its edges.

    Raises:
        RuntimeError: an input that was marked as written to was not returned, or is a leaf that requires grad.
    """
    several = isinstance(outputs, tuple | list)
    given = list(outputs) if several else [outputs]
    _check_dirty(ctx, args, given)
    node = _node_class(function)()
    node.context = ctx
    node.plan = cast(Any, _plan)(function, bool(ctx.to_save))
    node.edges = edges
    node.sequence = next_sequence()
    node.hooks = []  # its rule is a function of the program's own
    node.shapes = None
    node.saved = (ctx,)
    node.versions = ()
    metas = [(o._array.shape, o._array.dtype) if isinstance(o, Tensor) else None for o in given]
    ctx._outputs = tuple(metas)
    found = tuple([meta for meta in metas if meta is not None])
    node.metas = found if len(found) > 1 else None
    made: list[Any] = []
    for output in given:
        made.append(_output(ctx, node, args, output, sum([isinstance(m, Tensor) for m in made])))
    ctx._node = weakref.ref(node)
    _detach_saved(ctx, args, given, made)
    ctx.dirty_tensors = ctx.non_differentiable = ()
    if modes.here.on_record is not None or modes.here.observers:
        note_node(node)
    if not several:
        return made[0]
    return type(outputs)(made) if type(outputs) in (tuple, list) else tuple(made)


def _is_one_of(tensor: Any, tensors: Any) -> bool:
    return any(tensor is each for each in tensors)


def _check_dirty(ctx: FunctionCtx, args: tuple[Any, ...], given: list[Any]) -> None:
    for tensor in ctx.dirty_tensors:
        if not _is_one_of(tensor, given):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that "
                "are modified inplace must all be outputs of the Function."
            )
        if not _is_one_of(tensor, args):
            text = (
                "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated "
                "should be passed to ctx.mark_dirty()."
            )
            warnings.warn(text, stacklevel=4)
        elif tensor._edge is not None and isinstance(tensor._edge[0], AccumulateGrad):
            raise RuntimeError(
                "a leaf Variable that requires grad has been used in an in-place operation. Give x.clone()."
            )


def _output(ctx: FunctionCtx, node: Node, args: tuple[Any, ...], output: Any, number: int) -> Any:
    """An output on its edge. One that is an input is that input written to (if said so), or a view of it."""
    if not isinstance(output, Tensor):
        return output
    if _is_one_of(output, ctx.non_differentiable) or output._array.dtype.kind not in "fc":
        return output
    is_input = _is_one_of(output, args)
    if is_input and _is_one_of(output, ctx.dirty_tensors):
        output._cell[0] += 1
        adopt(output, wrap(output._array, (node, number), output._cell))
        return output
    return wrap(output._array, (node, number), output._cell if is_input else None)


def _detach_saved(ctx: FunctionCtx, args: tuple[Any, ...], given: list[Any], made: list[Any]) -> None:
    """Keep saved outputs without their edge: it leads to the node that holds them, which would be a cycle.

    A recorded backward gets them back on their edge.
    """
    saved = list(ctx.to_save)
    for position, tensor in enumerate(saved):
        for before, after in zip(given, made, strict=True):
            if tensor is None or tensor is not before or not isinstance(after, Tensor) or after._edge is None:
                continue
            if before is after or not _is_one_of(before, args):
                ctx._own_outputs[position] = after._edge[1]
                saved[position] = wrap(after._array, cell=after._cell)
    ctx.to_save = tuple(saved)
    ctx._versions = tuple([0 if tensor is None else tensor._cell[0] for tensor in saved])


# --- the rule ----------------------------------------------------------------------------------------------------


def backward_of(function: Any) -> Callable[..., Any]:
    """The function's ``backward``, or its ``vjp``, which is another name for it.

    Raises:
        RuntimeError: it has both.
    """
    plain = function._plain_backward
    if function.backward is not plain and function.vjp is not plain:
        raise RuntimeError(
            "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement "
            "one of them."
        )
    found: Callable[..., Any] = function.vjp if function.vjp is not plain else function.backward
    return found


def _rule(function: Any) -> Any:
    """The function's backward as a joint rule on arrays or tensors."""

    def rule(g: Any, ctx: FunctionCtx) -> tuple[Any, ...]:
        given = g if isinstance(g, tuple) else (g,)
        on_tensors = any(isinstance(each, Tensor) for each in given)
        gradients = _for_outputs(ctx, [wrap(each) if isinstance(each, np.ndarray) else each for each in given])
        backward = backward_of(function)
        results = backward(ctx, gradients) if function.boxed_grads_call else backward(ctx, *gradients)
        results = _checked(function, results, len(ctx.needs_input_grad))
        pairs = zip(results, ctx._inputs, strict=True)
        fitted = [_fitted(function, number, *pair) for number, pair in enumerate(pairs)]
        return tuple([r if on_tensors or r is None else r._array for r in fitted])

    return rule


def _for_outputs(ctx: FunctionCtx, gradients: list[Any]) -> list[Any]:
    """One gradient for each output of forward: None for what is no tensor, and zeros where none has arrived."""
    arrived = iter(gradients)
    found: list[Any] = []
    for meta in ctx._outputs:
        gradient = None if meta is None else next(arrived)
        if gradient is None and meta is not None and ctx.materialize_grads:
            gradient = wrap(np.zeros(*meta))
        found.append(gradient)
    return found


def _checked(function: type, results: Any, count: int) -> tuple[Any, ...]:
    """As many gradients as inputs, each a tensor or None.

    Raises:
        RuntimeError: there are not as many.
        TypeError: one is something else.
    """
    found: tuple[Any, ...] = results if isinstance(results, tuple) else (results,)
    if len(found) > count and all(r is None for r in found[count:]):
        found = found[:count]
    if len(found) != count:
        raise RuntimeError(
            f"function {function.__name__}Backward returned an incorrect number of gradients (expected {count}, got "
            f"{len(found)}): one for each input of forward, None where there is none"
        )
    for result in found:
        if result is not None and not isinstance(result, Tensor):
            raise TypeError(
                f"function {function.__name__}Backward returned a {type(result).__name__} where a Tensor or None was "
                "expected"
            )
    return found


def _fitted(function: type, number: int, gradient: Any, meta: Any) -> Any:
    """A gradient in its input's shape and dtype: what was broadcast is summed up.

    Raises:
        RuntimeError: it has another shape.
    """
    if gradient is None or meta is None:
        return gradient
    shape, dtype = meta
    got = gradient._array.shape
    if got != shape:
        fits = len(got) >= len(shape) and all(n in (1, m) for n, m in zip(shape[::-1], got[::-1], strict=False))
        if not fits:
            raise RuntimeError(
                f"Function {function.__name__}Backward returned an invalid gradient at index {number} - got "
                f"{list(got)} but expected shape compatible with {list(shape)}, the shape of this input of forward"
            )
        gradient = unbroadcast(gradient, shape)
    return gradient if gradient._array.dtype == dtype else gradient.to(dtype)
