"""`autograd.Function` inside of transforms: by its own ``vmap`` and ``jvp``, or its methods run on lifted tensors.

Source: https://docs.pytorch.org/docs/stable/notes/extending.func.html
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._core.modes import modes
from .._core.tensor import Tensor
from .._core.trees import broadcast_to_and_flatten, tree_flatten, tree_map, tree_unflatten
from .._core.zeros import zeros_of
from ..autograd.function import Function, FunctionCtx, has_setup_context
from .batched import BatchLevel, batched
from .reverse import push_forward
from .tangents import TangentLevel

_MORE = "For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"


class VmapInfo(NamedTuple):
    """What ``Function.vmap`` is told of the batch."""

    batch_size: int
    randomness: str


# --- vmap --------------------------------------------------------------------------------------------------------


def batch_function(level: BatchLevel, function: type[Function], args: tuple[Any, ...]) -> Any:
    """A `Function` of which some arguments are batched.

    Raises:
        RuntimeError: it says nothing of batches, or two things; or its forward takes ``ctx``.
    """
    own = function.vmap is not Function.vmap
    name = function.__name__
    if not has_setup_context(function):
        raise RuntimeError(
            "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must "
            f"override the setup_context staticmethod. ({name} does not.) {_MORE}"
        )
    if own and function.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {name}, but it has both generate_vmap_rule=True and an overridden vmap "
            "staticmethod. Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid "
            f"ambiguity. {_MORE}"
        )
    if not own and not function.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {name}, but it does not have vmap support. Please override and implement the vmap "
            f"staticmethod or set generate_vmap_rule=True. {_MORE}"
        )
    in_dims = tuple([0 if level.holds(a) else None for a in args])
    values = [level.value(a) for a in args]
    if own:
        return _by_own_rule(level, function, in_dims, values)
    generated = _generated(level, function, in_dims)
    return level.wrap(generated.apply(*values))


def _by_own_rule(level: BatchLevel, function: type[Function], in_dims: tuple[Any, ...], values: list[Any]) -> Any:
    given = function.vmap(VmapInfo(level.size, level.randomness), in_dims, *values)
    if not (isinstance(given, tuple) and len(given) == 2):
        raise RuntimeError(
            "Expected the vmap staticmethod to have two returns, an output and out_dims with pytree structure "
            f"compatible with the output. Got a {type(given)} instead"
        )
    outputs, out_dims = given
    leaves, spec = tree_flatten(outputs)
    dims = broadcast_to_and_flatten(out_dims, spec)
    if dims is None:
        raise RuntimeError(
            "Expected the vmap staticmethod to return out_dims with a structure compatible with the output: got "
            f"{out_dims!r} for {spec}"
        )
    made = [
        leaf if dim is None or not isinstance(leaf, Tensor) else batched(leaf.movedim(dim, 0), level)
        for leaf, dim in zip(leaves, dims, strict=True)
    ]
    return tree_unflatten(made, spec)


def _generated(level: BatchLevel, function: type[Function], in_dims: tuple[Any, ...]) -> type[Function]:
    """The `Function` of the values: its methods are the function's own, on batched tensors."""
    kind = type(level)

    class Generated(Function):
        @staticmethod
        def forward(*values: Any) -> Any:
            with _running(kind(level.size, level.randomness)) as own:
                outputs = function.forward(*_lifted(own, values, in_dims))
                return tree_map(lambda leaf: own.full(leaf), outputs)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            ctx.inner = FunctionCtx()
            ctx.inner.needs_input_grad = ctx.needs_input_grad
            with _running(kind(level.size, level.randomness)) as own:
                function.setup_context(ctx.inner, _lifted(own, inputs, in_dims), own.wrap(output))
                ctx.notes = _lowered_notes(own, ctx.inner)
                saved = ctx.inner.to_save
                ctx.held = [own.holds(tensor) for tensor in saved]
                ctx.save_for_backward(*[own.value(tensor) for tensor in saved])
            ctx.set_materialize_grads(ctx.inner.materialize_grads)

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            with _running(kind(level.size, level.randomness)) as own:
                inner = ctx.inner
                inner.to_save = _lifted(own, ctx.saved_tensors, [0 if held else None for held in ctx.held])
                _raise_notes(own, inner, ctx.notes)
                results = function.backward(inner, *[own.wrap(g) for g in gradients])
                results = results if isinstance(results, tuple) else (results,)
                return tuple([_summed(own, g, dim) for g, dim in zip(results, in_dims, strict=True)])

    Generated.generate_vmap_rule = True
    Generated.__name__ = Generated.__qualname__ = f"Vmapped{function.__name__}"
    return Generated


class _running:  # noqa: N801 - a context manager
    """A level, for the ``with`` block."""

    def __init__(self, level: BatchLevel) -> None:
        self.level = level

    def __enter__(self) -> BatchLevel:
        self.level.enter()
        return self.level

    def __exit__(self, *error: object) -> None:
        self.level.leave()


def _lifted(level: BatchLevel, values: Any, dims: Any) -> tuple[Any, ...]:
    """Values as batched tensors, where they have the examples' dimension."""
    return tuple([
        batched(value, level) if dim is not None and isinstance(value, Tensor) else value
        for value, dim in zip(values, dims, strict=True)
    ])  # fmt: skip


def _lowered_notes(level: BatchLevel, ctx: FunctionCtx) -> dict[str, Tensor]:
    """Tensors that were noted down on the context: batched ones must not outlive their level."""
    found = {name: value for name, value in vars(ctx).items() if level.holds(value)}
    return {name: level.value(value) for name, value in found.items()}


def _raise_notes(level: BatchLevel, ctx: FunctionCtx, notes: dict[str, Tensor]) -> None:
    for name, value in notes.items():
        setattr(ctx, name, batched(value, level))


def _summed(level: BatchLevel, gradient: Any, dim: int | None) -> Any:
    """The gradient of an argument: for each example, or, where it is the same for all, the sum."""
    if gradient is None:
        return None
    full = level.full(gradient)
    return full if dim is not None else full.sum(0)


# --- jvp ---------------------------------------------------------------------------------------------------------


def push_function(level: TangentLevel, function: type[Function], args: tuple[Any, ...]) -> tuple[Any, Any]:
    """The outputs of a `Function`, and their tangents: by its ``jvp``, or from its backward."""
    pairs = [level.parts(a) for a in args]
    primals, tangents = tuple([p for p, _ in pairs]), [t for _, t in pairs]
    if function.jvp is Function.jvp:
        return _from_backward(level, function, primals, tangents)
    outputs, ctx = _outputs_and_context(function, primals)
    ctx.to_save = ctx.saved_for_forward if ctx.saved_for_forward is not None else ctx.to_save
    ctx._versions, ctx._own_outputs = (), {}
    if ctx.materialize_grads:
        tangents = [
            zeros_of(p) if t is None and isinstance(p, Tensor) and p._array.dtype.kind in "fc" else t
            for p, t in zip(primals, tangents, strict=True)
        ]
    moved = function.jvp(ctx, *tangents)
    several = isinstance(outputs, tuple | list)
    return outputs, moved if several or not isinstance(moved, tuple) else moved[0]


def _outputs_and_context(function: type[Function], primals: tuple[Any, ...]) -> tuple[Any, FunctionCtx]:
    outputs = function.apply(*primals)
    _, ctx = function._called(primals, tuple([isinstance(p, Tensor) and p.requires_grad for p in primals]))
    return outputs, ctx


def _from_backward(
    level: TangentLevel, function: type[Function], primals: tuple[Any, ...], tangents: list[Any]
) -> tuple[Any, Any]:
    below = [other for other in modes.here.levels if other.number < level.number]
    moving = [i for i, t in enumerate(tangents) if t is not None]

    def call(*given: Tensor) -> Any:
        whole = list(primals)
        for position, value in zip(moving, given, strict=True):
            whole[position] = value
        return function.apply(*whole)

    result, outputs, pushed = push_forward(
        call, [primals[i] for i in moving], [tangents[i] for i in moving], below
    )  # fmt: skip
    by_id = {id(output): tangent for output, tangent in zip(outputs, pushed, strict=True)}
    if isinstance(result, tuple | list):
        return result, [by_id.get(id(each)) for each in result]
    return result, by_id.get(id(result))
