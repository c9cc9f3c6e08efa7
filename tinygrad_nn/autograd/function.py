"""Functions with a forward and a backward of their own: PyTorch's ``autograd.Function``.

Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.Function
"""

from __future__ import annotations

import functools
import weakref
from typing import Any, cast

import numpy as np

from .._core.backward import unbroadcast
from .._core.graph import Node, next_sequence
from .._core.modes import modes
from .._core.observe import note_node
from .._core.plan import OPTION
from .._core.tensor import Tensor, current_edge, wrap


class FunctionContext:
    """What a `Function`'s forward hands to its backward."""

    def __init__(self) -> None:
        self.needs_input_grad: tuple[bool, ...] = ()
        self._saved: tuple[tuple[Any, int], ...] = ()
        self._inputs: tuple[Any, ...] = ()  # shape and dtype of each tensor
        self._dirty: tuple[Tensor, ...] = ()
        self._non_differentiable: tuple[Tensor, ...] = ()
        self._materialize = True
        self._own_outputs: dict[int, int] = {}  # which saved tensors are outputs: position in saved -> output number
        self._packed: tuple[Any, ...] | None = None  # what hooks have made of the saved tensors
        self._unpack: Any = None
        self._node: Any = None  # a weak reference, as the node holds this context

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for the backward, which finds them in `saved_tensors`."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but got {type(tensor).__name__}. "
                    "Keep anything else as an attribute: ctx.name = value."
                )
        self._saved = tuple([(t, 0 if t is None else t._cell[0]) for t in tensors])

    def pack(self, pack: Any, unpack: Any) -> None:
        """Keep what is saved in the form that a hook gives it, see `graph.saved_tensors_hooks`."""
        self._packed = tuple([None if tensor is None else (pack(tensor),) for tensor, _ in self._saved])
        self._unpack = unpack
        self._saved = tuple([(None, 0)] * len(self._saved))

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors that were saved.

        Raises:
            RuntimeError: they have been written to in place since.
        """
        if self._packed is not None:
            return tuple([None if value is None else self._unpack(value[0]) for value in self._packed])
        tensors = []
        for position, (tensor, version) in enumerate(self._saved):
            if tensor is not None and tensor._cell[0] != version:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"a saved tensor of shape {list(tensor._array.shape)} is at version {tensor._cell[0]}; expected "
                    f"version {version} instead."
                )
            if position in self._own_outputs and modes.grad:
                tensor = wrap(tensor._array, (self._node(), self._own_outputs[position]), tensor._cell)
            tensors.append(tensor)
        return tuple(tensors)

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say that the forward has written to these inputs in place. They must be returned as well."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say that these outputs get no gradient."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether the backward gets zeros (default) or None for outputs that nobody used."""
        self._materialize = value


class _FunctionOp:
    """What the engine asks of an op, for a `Function`."""

    parts = None
    kind = "function"
    holomorphic = False  # its backward is written for complex numbers, if it is to get some

    def __init__(self, function: type[Function]) -> None:
        self.name = function.__name__
        self.node_name = f"{function.__name__}Backward"
        self.public_names: tuple[str, ...] = ()


class _FunctionPlan:
    """The plan of a `Function`'s node: one joint rule, its backward."""

    sources = ((OPTION, "ctx"),)

    def __init__(self, function: type[Function], frees: bool) -> None:
        self.frees = frees  # whether there are saved tensors, so that a second backward must be refused
        self.op = _FunctionOp(function)
        self.rules = ((-1, _rule(function), None),)


class Function:
    """An operation with its own forward and backward, as in PyTorch.

    Subclass it, write ``forward`` and ``backward`` as static methods, and call ``apply``. Both get tensors. A forward
    that takes no ``ctx`` is completed by ``setup_context(ctx, inputs, output)``.

    New ops are shorter as an `op`; this class is for code that comes from PyTorch.

    Example:
        >>> import tinygrad_nn as tg
        >>> class Cube(tg.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x ** 3
        ...     @staticmethod
        ...     def backward(ctx, gradient):
        ...         (x,) = ctx.saved_tensors
        ...         return gradient * 3 * x ** 2
        >>> x = tg.tensor(2.0, requires_grad=True)
        >>> Cube.apply(x).backward()
        >>> x.grad
        tensor(12.)
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function: a @staticmethod "
            "forward(ctx, *inputs)."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Save what the backward needs, where the forward takes no ``ctx``."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the inputs, from those of the outputs."""
        raise NotImplementedError(
            "You must implement the backward function for your custom autograd.Function to use it with backward(): "
            "a @staticmethod backward(ctx, *grad_outputs) that returns one gradient for each input of forward."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = type(self).__name__
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            f"function with static forward method: {name}.apply(...), without making a {name}()."
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run the forward, and record it if a gradient is wanted."""
        edges = tuple([current_edge(a) if isinstance(a, Tensor) else None for a in args])
        recording = modes.grad and any(edge is not None for edge in edges)
        ctx = FunctionContext()
        ctx.needs_input_grad = tuple([edge is not None for edge in edges])
        ctx._inputs = tuple([(a._array.shape, a._array.dtype) if isinstance(a, Tensor) else None for a in args])
        modes_before, modes.grad = modes.grad, False
        try:
            if cls.setup_context is not Function.setup_context:
                outputs = cls.forward(*args)
                cls.setup_context(ctx, args, outputs)
            else:
                outputs = cls.forward(ctx, *args)
        finally:
            modes.grad = modes_before
        if not recording:
            return outputs
        return cls._record(ctx, args, edges, outputs)

    @classmethod
    def _record(cls, ctx: FunctionContext, args: tuple[Any, ...], edges: tuple[Any, ...], outputs: Any) -> Any:
        several = isinstance(outputs, tuple | list)
        given = list(outputs) if several else [outputs]
        node = Node()
        node.plan = cast(Any, _plan)(cls, bool(ctx._saved))  # a plan of its own kind
        node.edges = edges
        node.sequence = next_sequence()
        node.hooks = node.shapes = None
        node.saved = (ctx,)
        node.versions = ()
        tensors = [o for o in given if isinstance(o, Tensor)]
        metas = tuple([(t._array.shape, t._array.dtype) for t in tensors])
        node.metas = metas if len(tensors) > 1 else None
        made: list[Any] = []
        for output in given:
            made.append(_output(ctx, node, args, output, len([m for m in made if isinstance(m, Tensor)])))
        ctx._node = weakref.ref(node)
        _detach_saved(ctx, given, made)
        if modes.on_record is not None or modes.observers:
            note_node(node)
        if several:
            return type(outputs)(made) if type(outputs) in (tuple, list) else tuple(made)
        return made[0]


def _output(ctx: FunctionContext, node: Node, args: tuple[Any, ...], output: Any, number: int) -> Any:
    """An output on its edge. One that is an input is that input written to (if said so), or a view of it."""
    if not isinstance(output, Tensor):
        return output
    if any(output is t for t in ctx._non_differentiable) or output._array.dtype.kind not in "fc":
        return output
    if any(output is t for t in ctx._dirty):
        output._cell[0] += 1
        output._cell[1] += 1
        output._edge = (node, number)
        return output
    cell = output._cell if any(output is a for a in args) else None
    return wrap(output._array, (node, number), cell)


def _detach_saved(ctx: FunctionContext, given: list[Any], made: list[Any]) -> None:
    """Keep saved outputs without their edge: it leads to the node that holds them, which would be a cycle.

    A recorded backward gets them back on their edge.
    """
    saved = list(ctx._saved)
    for position, (tensor, _) in enumerate(saved):
        for before, after in zip(given, made, strict=True):
            if tensor is not None and tensor is before and isinstance(after, Tensor) and after._edge is not None:
                ctx._own_outputs[position] = after._edge[1]
                saved[position] = (wrap(after._array, cell=after._cell), after._cell[0])
    ctx._saved = tuple(saved)


@functools.cache
def _plan(function: type[Function], frees: bool) -> _FunctionPlan:
    return _FunctionPlan(function, frees)


def _rule(function: type[Function]) -> Any:
    """The function's backward as a joint rule on arrays or tensors."""

    def rule(g: Any, ctx: FunctionContext) -> tuple[Any, ...]:
        given = g if isinstance(g, tuple) else (g,)
        recorded = any(isinstance(each, Tensor) for each in given)
        gradients = [wrap(each) if isinstance(each, np.ndarray) else each for each in given]
        before, modes.grad = modes.grad, recorded
        try:
            results = function.backward(ctx, *gradients)
        finally:
            modes.grad = before
        results = results if isinstance(results, tuple) else (results,)
        wanted = ctx.needs_input_grad
        if len(results) > len(wanted) and all(r is None for r in results[len(wanted) :]):
            results = results[: len(wanted)]
        if len(results) != len(wanted):
            raise RuntimeError(
                f"function {function.__name__}Backward returned an incorrect number of gradients (expected "
                f"{len(wanted)}, got {len(results)}): one for each input of forward, None where there is none"
            )
        for result in results:
            if result is not None and not isinstance(result, Tensor):
                raise TypeError(
                    f"function {function.__name__}Backward returned a {type(result).__name__} where a Tensor or None "
                    "was expected"
                )
        pairs = zip(results, ctx._inputs, strict=True)
        fitted = [_fitted(function, number, *pair) for number, pair in enumerate(pairs)]
        return tuple([r if recorded or r is None else r._array for r in fitted])

    return rule


def _fitted(function: type[Function], number: int, gradient: Any, meta: Any) -> Any:
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


def once_differentiable(backward: Any) -> Any:
    """Decorate a backward that must not be differentiated itself: doing so raises instead of being wrong."""

    def decorated(ctx: Any, *gradients: Any) -> Any:
        recorded = modes.grad
        modes.grad = False
        try:
            results = backward(ctx, *gradients)
        finally:
            modes.grad = recorded
        if not recorded:
            return results
        several = isinstance(results, tuple)
        given = results if several else (results,)
        outputs = [_Refusing.apply(r, *gradients) if r is not None else None for r in given]
        return tuple(outputs) if several else outputs[0]

    return decorated


class _Refusing(Function):
    """The identity of its first input, without a derivative."""

    @staticmethod
    def forward(ctx: Any, result: Any, *gradients: Any) -> Any:
        return result

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")
