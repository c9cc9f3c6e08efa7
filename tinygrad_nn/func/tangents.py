"""Forward mode as functions of functions: `jvp`, `linearize`.

Source: https://docs.pytorch.org/docs/stable/func.api.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.modes import modes
from .._core.tensor import Tensor
from .._core.trees import TreeSpec, tree_flatten, tree_map, tree_unflatten
from .._core.zeros import zeros_of
from .._transforms.forward import RunningJvp, check_tangent
from .._transforms.reverse import fresh, gradients, requires_grad
from .._transforms.tangents import dual
from .arguments import chosen, with_chosen
from .transforms import Tape, check_outputs, with_aux

_JVP = "jvp(f, primals, tangents)"


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
        result, aux = with_aux(result, has_aux, _JVP)
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
            [g for g, _ in reached], [v for _, v in reached], starts, tape.levels, create_graph=keep and modes.here.grad
        )  # fmt: skip
        return tree_unflatten(
            [zeros_of(o) if t is None else t for o, t in zip(outputs, found, strict=True)], structure
        )

    return tape.released(tape.result), jvp_fn
