"""Reverse mode as functions of functions: `grad`, `grad_and_value`, `vjp`.

Source: https://docs.pytorch.org/docs/stable/func.api.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .._core.modes import modes
from .._core.tensor import Tensor
from .._core.trees import tree_flatten, tree_map, tree_unflatten
from .._core.zeros import zeros_of
from .._transforms.reverse import detached, fresh, gradients, leads_elsewhere, requires_grad
from .arguments import chosen, with_chosen


class Tape:
    """One call of a function, recorded, so that its gradient can be asked for."""

    def __init__(self, function: Callable[[list[Tensor]], Any], inputs: Sequence[Any], name: str) -> None:
        """Call ``function(inputs)`` while recording.

        Raises:
            ValueError: an input is no tensor.
        """
        for value in inputs:
            if not isinstance(value, Tensor):
                raise ValueError(f"Thing passed to transform API must be Tensor, got {type(value)} ({name})")
        self.levels = modes.here.levels
        self.tracked = modes.here.grad
        pairs = [fresh(value, self.levels, self.tracked) for value in inputs]
        self.inputs = list(inputs)
        self.ends = [end for _, end in pairs]
        modes.here.grad = True
        try:
            self.result = function([value for value, _ in pairs])
        finally:
            modes.here.grad = self.tracked

    def released(self, tree: Any) -> Any:
        """What the function gave, as it is outside: recorded only where it was to be recorded without this tape."""

        def release(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor) or not requires_grad([leaf]):
                return leaf
            return leaf if self.tracked and leads_elsewhere([leaf], self.ends, self.levels) else detached(leaf)

        return tree_map(release, tree)

    def recorded(self, outputs: Sequence[Tensor], cotangents: Sequence[Tensor] = ()) -> bool:
        """Whether the gradient itself may be differentiated later."""
        if not modes.here.grad:
            return False
        return (self.tracked and leads_elsewhere(outputs, self.ends, self.levels)) or requires_grad(cotangents)

    def pull(
        self, outputs: Sequence[Tensor], cotangents: Sequence[Tensor], *, create_graph: bool, retain_graph: bool
    ) -> list[Tensor]:
        """The gradients of the inputs; zeros where they have no share in an output."""
        pairs = [(o, c) for o, c in zip(outputs, cotangents, strict=True) if requires_grad([o])]
        found = gradients(
            [o for o, _ in pairs], [c for _, c in pairs], self.ends, self.levels,
            create_graph=create_graph, retain_graph=retain_graph,
        )  # fmt: skip
        return [zeros_of(x) if g is None else g for x, g in zip(self.inputs, found, strict=True)]


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives the gradient of `func`, and what `func` gives.

    Args:
        func: gives one number, a tensor without dimensions; with `has_aux`, a pair of it and anything else.
        argnums: with respect to which positional argument, or which ones. It may be a container of tensors.
        has_aux: `func` gives a second thing, which is handed on.

    Returns:
        A function that gives ``(gradient, value)``, or ``(gradient, (value, aux))``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.grad_and_value.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.func.grad_and_value(lambda x: x ** 3)(tg.tensor(2.0))
        (tensor(12.), tensor(8.))
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        leaves, spec = tree_flatten(chosen(args, argnums))

        def call(inputs: list[Tensor]) -> Any:
            return func(*with_chosen(args, tree_unflatten(inputs, spec), argnums), **kwargs)

        tape = Tape(call, leaves, "grad")
        output, aux = with_aux(tape.result, has_aux, "grad_and_value(f)(*args)")
        _check_number(output)
        recorded = tape.recorded([output])
        found = tape.pull([output], [_ones(output)], create_graph=recorded, retain_graph=recorded)
        gradient, value = tree_unflatten(found, spec), tape.released(output)
        return (gradient, (value, tape.released(aux))) if has_aux else (gradient, value)

    return wrapper


def value_and_grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """`grad_and_value` in the order of JAX and others: ``(value, gradient)``, or ``((value, aux), gradient)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.func.value_and_grad(lambda x: x ** 3)(tg.tensor(2.0))
        (tensor(8.), tensor(12.))
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        gradient, value = both(*args, **kwargs)
        return value, gradient

    return wrapper


def _ones(output: Tensor) -> Tensor:
    ones: Tensor = zeros_of(output) + 1
    return ones


def with_aux(result: Any, has_aux: bool, where: str) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(
            f"{where}: output of function f should be a tuple: (output, aux) if has_aux is True (got "
            f"{type(result).__name__})"
        )
    return result


def _check_number(output: Any) -> None:
    where = "grad_and_value(f)(*args): Expected f(*args) to return a"
    if not isinstance(output, Tensor):
        raise RuntimeError(f"{where} Tensor, got {type(output)}")
    if output.ndim:
        raise RuntimeError(
            f"{where} scalar Tensor, got tensor with {output.ndim} dims. Maybe you wanted to use the vjp or jacrev "
            f"APIs instead? (Its shape is {list(output.shape)}.)"
        )


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives the gradient of `func`: of ``f: R^n -> R`` at x the vector ``df/dx``, of the shape of x.

    ``no_grad`` inside of `func` is respected; outside of it it changes nothing, as the gradient is a function like any
    other. The result can be differentiated again, by `grad` and by ``backward()``.

    Args:
        func: gives one number, a tensor without dimensions; with `has_aux`, a pair of it and anything else.
        argnums: with respect to which positional argument, or which ones. It may be a container of tensors.
        has_aux: `func` gives a second thing, which is handed on.

    Returns:
        A function that gives the gradient, or ``(gradient, aux)``.

    Raises:
        RuntimeError: `func` gives no tensor, or one with dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.grad.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.func import grad, vmap
        >>> grad(grad(lambda x: x ** 3))(tg.tensor(2.0))
        tensor(12.)
        >>> weights = tg.tensor([1.0, 2.0])
        >>> loss = lambda w, x: (w * x).sum() ** 2
        >>> vmap(grad(loss), in_dims=(None, 0))(weights, tg.eye(2))  # a gradient for each example
        tensor([[2., 0.],
                [0., 4.]])
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Products of vectors and the Jacobian: what `func` gives, and the function ``v -> v^T J`` at this point.

    Args:
        func: of tensors or containers of them; gives a tensor, or a container of tensors.
        primals: its positional arguments, with respect to all of which is differentiated.
        has_aux: `func` gives a pair, of which the second is handed on.

    Returns:
        ``(output, vjp_fn)``, or ``(output, vjp_fn, aux)``. `vjp_fn` takes cotangents in the structure of the output,
        and gives a tuple with the product for each primal.

    Raises:
        RuntimeError: `func` gives something else than tensors of floating point numbers; or cotangents are of another
            structure.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.vjp.html

    Example:
        >>> import tinygrad_nn as tg
        >>> output, vjp_fn = tg.func.vjp(lambda x: (x.sin(), x.cos()), tg.zeros(2))
        >>> vjp_fn((tg.ones(2), tg.ones(2)))
        (tensor([1., 1.]),)
    """
    output, pull, aux = pull_back(func, primals, has_aux, None)
    return (output, pull, aux) if has_aux else (output, pull)


def pull_back(
    func: Callable[..., Any], args: tuple[Any, ...], has_aux: bool, argnums: Any
) -> tuple[Any, Callable[..., Any], Any]:
    """`vjp` with respect to some of the arguments; None: all of them."""
    varied = args if argnums is None else chosen(args, argnums)
    leaves, spec = tree_flatten(varied)

    def call(inputs: list[Tensor]) -> Any:
        values = tree_unflatten(inputs, spec)
        return func(*(values if argnums is None else with_chosen(args, values, argnums)))

    tape = Tape(call, leaves, "vjp")
    output, aux = with_aux(tape.result, has_aux, "vjp(f, *primals)")
    outputs, structure = tree_flatten(output)
    check_outputs(outputs, "vjp(f, *primals)")
    for each in outputs:
        if each._array.dtype.kind not in "fc":
            raise RuntimeError(
                "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype "
                f"{each.dtype}"
            )

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        given, given_structure = tree_flatten(cotangents)
        if given_structure != structure:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                f"function. cotangents: {given_structure}, primal output: {structure}"
            )
        check_shapes("cotangent", given, outputs)
        recorded = tape.recorded(outputs, given) if create_graph is None else create_graph
        return tree_unflatten(tape.pull(outputs, given, create_graph=recorded, retain_graph=retain_graph), spec)

    return tape.released(output), vjp_fn, tape.released(aux)


def check_outputs(outputs: list[Any], where: str) -> None:
    """Refuse what is no tensor, or nothing.

    Raises:
        RuntimeError: it is.
    """
    if not outputs or (len(outputs) == 1 and outputs[0] is None):
        raise RuntimeError(f"{where}: Expected f to be a function that has non-empty output (got output = {outputs})")
    for output in outputs:
        if not isinstance(output, Tensor):
            raise RuntimeError(
                f"{where}: expected f(*primals) to return only tensors, got unsupported type {type(output)}"
            )


def check_shapes(what: str, given: Sequence[Any], wanted: Sequence[Any]) -> None:
    """Refuse vectors of other shapes.

    Raises:
        RuntimeError: they are.
    """
    for position, (vector, other) in enumerate(zip(given, wanted, strict=True)):
        if not isinstance(vector, Tensor):
            raise RuntimeError(f"{what} {position}: expected a Tensor, got {type(vector)}")
        if vector.shape != other.shape:
            raise RuntimeError(
                f"Mismatch in shape: {what}[{position}] has a shape of {vector.shape} and the tensor that it belongs "
                f"to has a shape of {other.shape}."
            )
