"""Derivatives of functions as functions: `grad`, `vjp`, `jvp`, `linearize`.

Source: https://docs.pytorch.org/docs/stable/func.api.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .._core.lifted import Lifted
from .._core.modes import modes
from .._core.tensor import Tensor
from .._core.trees import TreeSpec, tree_flatten, tree_map, tree_unflatten
from .._core.zeros import zeros_of
from .._transforms.forward import RunningJvp, check_tangent
from .._transforms.reverse import detached, fresh, gradients, leads_elsewhere, requires_grad
from .._transforms.tangents import dual
from .arguments import chosen, with_chosen

_JVP = "jvp(f, primals, tangents)"

# --- reverse -----------------------------------------------------------------------------------------------------


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
        self.levels = modes.levels
        self.tracked = modes.grad
        pairs = [fresh(value, self.levels, self.tracked) for value in inputs]
        self.inputs = list(inputs)
        self.ends = [end for _, end in pairs]
        modes.grad = True
        try:
            self.result = function([value for value, _ in pairs])
        finally:
            modes.grad = self.tracked

    def released(self, tree: Any) -> Any:
        """What the function gave, as it is outside: recorded only where it was to be recorded without this tape."""

        def release(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor) or not requires_grad([leaf]):
                return leaf
            return leaf if self.tracked and leads_elsewhere([leaf], self.ends, self.levels) else detached(leaf)

        return tree_map(release, tree)

    def recorded(self, outputs: Sequence[Tensor], cotangents: Sequence[Tensor] = ()) -> bool:
        """Whether the gradient itself may be differentiated later."""
        if not modes.grad:
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
        output, aux = _with_aux(tape.result, has_aux, "grad_and_value(f)(*args)")
        _check_number(output)
        recorded = tape.recorded([output])
        found = tape.pull([output], [_ones(output)], create_graph=recorded, retain_graph=recorded)
        gradient, value = tree_unflatten(found, spec), tape.released(output)
        return (gradient, (value, tape.released(aux))) if has_aux else (gradient, value)

    return wrapper


def _ones(output: Tensor) -> Tensor:
    ones: Tensor = zeros_of(output) + 1
    return ones


def _with_aux(result: Any, has_aux: bool, where: str) -> tuple[Any, Any]:
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
    output, aux = _with_aux(tape.result, has_aux, "vjp(f, *primals)")
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


# --- forward -----------------------------------------------------------------------------------------------------


def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> Any:
    """The product of the Jacobian and a vector, ``J v``: how what `func` gives changes in a direction.

    It is computed along with `func`, and costs about as much, whatever the number of arguments.

    Args:
        func: of tensors or containers of them; gives a tensor, or a container of tensors.
        primals: a tuple of its positional arguments.
        tangents: the vector, of the same structure and shapes.
        strict: refuse outputs that do not depend on the arguments. Otherwise their products are zeros.
        has_aux: `func` gives a pair, of which the second is handed on.

    Returns:
        ``(output, product)``, or ``(output, product, aux)``.

    Raises:
        RuntimeError: the structures or shapes differ, or something is no tensor.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.jvp.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.func.jvp(lambda x: x ** 2, (tg.tensor([1.0, 3.0]),), (tg.tensor([1.0, 10.0]),))
        (tensor([1., 9.]), tensor([ 2., 60.]))
    """
    output, pushed, aux = push(func, primals, tangents, None, strict, has_aux)
    return (output, pushed, aux) if has_aux else (output, pushed)


def push(
    func: Callable[..., Any], primals: Any, tangents: Any, argnums: Any, strict: bool, has_aux: bool
) -> tuple[Any, Any, Any]:
    """`jvp` with respect to some of the arguments; None: all of them."""
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"{_JVP}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals). (Got "
            f"{type(primals).__name__}; write (x,).)"
        )
    varied = primals if argnums is None else chosen(primals, argnums)
    leaves, spec = tree_flatten(varied)
    vectors, vector_spec = tree_flatten(tangents)
    if spec != vector_spec:
        raise RuntimeError(
            f"{_JVP}: Expected primals and tangents to have the same python structure. For example, if primals is a "
            f"tuple of 3 tensors, tangents also must be. Got primals with structure {spec} and tangents with structure "
            f"{vector_spec}"
        )
    for name, values in (("primals", leaves), ("tangents", vectors)):
        _check_tensors(name, values)
    level = RunningJvp()
    level.enter()
    try:
        duals = tree_unflatten([_dual(level, p, t) for p, t in zip(leaves, vectors, strict=True)], spec)
        result = func(*(duals if argnums is None else with_chosen(primals, duals, argnums)))
        result, aux = _with_aux(result, has_aux, _JVP)
        outputs, structure = tree_flatten(result)
        check_outputs(outputs, _JVP)
        pairs = [_unpacked(level, output, strict) for output in outputs]
        aux = tree_map(lambda leaf: level.parts(leaf)[0], aux)
    finally:
        level.leave()
    return _unzipped(pairs, structure, aux)


def _dual(level: RunningJvp, primal: Tensor, tangent: Tensor) -> Tensor:
    check_tangent(primal, tangent)
    return dual(primal, tangent, level)


def _unzipped(pairs: list[tuple[Tensor, Tensor]], structure: TreeSpec, aux: Any) -> tuple[Any, Any, Any]:
    return tree_unflatten([p for p, _ in pairs], structure), tree_unflatten([t for _, t in pairs], structure), aux


def _check_tensors(name: str, values: list[Any]) -> None:
    if not values:
        raise RuntimeError(f"{_JVP}: Expected {name} to contain at least one Tensor.")
    for value in values:
        if not isinstance(value, Tensor):
            raise RuntimeError(f"{_JVP}: Expected {name} to only contain Tensors, got {type(value)}")


def _unpacked(level: RunningJvp, output: Tensor, strict: bool) -> tuple[Tensor, Tensor]:
    primal, tangent = level.parts(output)
    if tangent is None:
        if strict:
            raise RuntimeError(
                "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not "
                "allowed with strict=True."
            )
        tangent = zeros_of(primal)
    return primal, tangent


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """What `func` gives, and its linear approximation at this point: the function ``v -> J v``.

    For many vectors at one point: `func` is called once, and each product is one backward pass. `jvp` is quicker for a
    single one, and needs less memory.

    Args:
        func: of tensors or containers of them; gives a tensor, or a container of tensors.
        primals: its positional arguments.

    Returns:
        ``(output, jvp_fn)``.

    Raises:
        RuntimeError: (`jvp_fn`) vectors of another structure, shape or type.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.linearize.html

    Example:
        >>> import tinygrad_nn as tg
        >>> output, jvp_fn = tg.func.linearize(lambda x: x.sin(), tg.zeros(2))
        >>> jvp_fn(tg.tensor([1.0, 2.0]))
        tensor([1., 2.])
    """
    leaves, spec = tree_flatten(primals)
    tape = Tape(lambda inputs: func(*tree_unflatten(inputs, spec)), leaves, "linearize")
    outputs, structure = tree_flatten(tape.result)
    check_outputs(outputs, "linearize(f, *primals)")
    pairs = [fresh(zeros_of(o), tape.levels, False) for o in outputs]  # J^T c, which is linear in c
    weights, starts = [w for w, _ in pairs], [end for _, end in pairs]
    pulled = tape.pull(outputs, weights, create_graph=True, retain_graph=True)
    recorded = tape.recorded(outputs)

    def jvp_fn(*tangents: Any) -> Any:
        vectors, given_spec = tree_flatten(tangents)
        if given_spec != spec:
            raise RuntimeError(
                f"Expected the tangents {given_spec} to have the same argspec as the primals {spec}"
            )
        for position, (vector, primal) in enumerate(zip(vectors, leaves, strict=True)):
            for what, own, other in (
                ("shape", vector.shape, primal.shape), ("dtype", vector.dtype, primal.dtype),
            ):  # fmt: skip
                if own != other:
                    raise RuntimeError(
                        f"tangent:{position} with {what} {own} in flattened pytree doesn't match the {what} {other} "
                        "of the corresponding primal."
                    )
        reached = [(g, v) for g, v in zip(pulled, vectors, strict=True) if requires_grad([g])]
        keep = recorded or requires_grad(vectors)
        found = gradients(
            [g for g, _ in reached], [v for _, v in reached], starts, tape.levels, create_graph=keep and modes.grad
        )  # fmt: skip
        return tree_unflatten(
            [zeros_of(o) if t is None else t for o, t in zip(outputs, found, strict=True)], structure
        )

    return tape.released(tape.result), jvp_fn


# --- the rest ----------------------------------------------------------------------------------------------------


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """The function itself: what it writes in place is followed in any case.

    In PyTorch this takes in-place operations out of a function for compilers, and changes none of its results.

    Args:
        remove: "mutations", or "mutations_and_views".

    Raises:
        RuntimeError: anything else.
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            "functionalize(f, remove='mutations'): received invalid argument for remove=. Valid options are:\n"
            "     remove='mutations': all inplace and out= operators will be removed from the program, and replaced "
            "with their out-of-place equivalents.\n"
            "     remove='mutations_and_views': In addition to the above, all aliasing operators {view} will be "
            "replaced with their non-aliasing counterparts."
        )

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return wrapper


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """What stands behind a tensor inside of a transform: all examples of `vmap`, or the tensor without its tangent.

    For looking at it only: what is computed with it, the transform does not know of.

    Args:
        recurse: through all transforms, instead of the innermost one.

    Example:
        >>> import tinygrad_nn as tg
        >>> def show(x):
        ...     print(tg.func.debug_unwrap(x))
        ...     return x
        >>> _ = tg.vmap(show)(tg.tensor([1.0, 2.0]))
        tensor([1., 2.])
    """
    lifted: Any = tensor._array
    while type(lifted) is Lifted:
        tensor = lifted.value
        lifted = tensor._array if recurse else None
    return tensor
