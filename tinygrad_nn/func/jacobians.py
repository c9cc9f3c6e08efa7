"""Jacobians and Hessians: all derivatives of all outputs with respect to all inputs, in one vectorized pass.

Source: https://docs.pytorch.org/docs/stable/func.api.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .._core.tensor import Tensor
from .._core.trees import tree_flatten, tree_leaves, tree_map, tree_unflatten
from .._transforms.basis import split_columns, split_rows, unit_vectors
from .._transforms.vmapping import vmap
from ..ops.join import cat
from .arguments import chosen
from .tangents import push
from .transforms import pull_back


def _refuse_complex(name: str, tree: Any, what: str) -> None:
    for position, leaf in enumerate(tree_leaves(tree)):
        if isinstance(leaf, Tensor) and leaf.is_complex():
            raise RuntimeError(
                f"{name}: Expected all {what} to be real but received complex tensor at flattened input idx: {position}"
            )


def jacrev(
    func: Callable[..., Any], argnums: Any = 0, *, has_aux: bool = False, chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """The function that gives the Jacobian of `func`, by reverse differentiation: for few outputs of many inputs.

    All rows are computed in one backward pass over a batch of unit vectors.

    Args:
        func: of tensors or containers of them; gives a tensor, or a container of tensors.
        argnums: with respect to which positional argument, or which ones.
        has_aux: `func` gives a pair, of which the second is handed on.
        chunk_size: how many rows to compute at once, to save memory. None: all. 1: each by itself, without `vmap`.

    Returns:
        A function that gives, for an output of shape (\\*m) and an argument of shape (\\*n), a tensor of shape
        (\\*m, \\*n); in the structure of the outputs, and in each place that of the arguments. With `has_aux` a pair.

    Raises:
        ValueError: `chunk_size` is not positive.
        RuntimeError: tensors are complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.jacrev.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.func.jacrev(lambda x: x ** 2)(tg.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"jacrev: `chunk_size` should be greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        _refuse_complex("jacrev", args, "inputs")
        output, vjp_fn, aux = pull_back(func, args, has_aux, argnums)
        outputs, structure = tree_flatten(output)
        _refuse_complex("jacrev", outputs, "outputs")
        varied = chosen(args, argnums)
        inputs, spec = tree_flatten(varied)
        rows = _rows(vjp_fn, outputs, structure, chunk_size)
        # rows[input][output] of shape (*output, *input)
        jacobians = [split_rows(stacked, outputs, x) for stacked, x in zip(rows, inputs, strict=True)]
        result = tree_unflatten([tree_unflatten(list(each), spec) for each in zip(*jacobians, strict=True)], structure)
        return (result, aux) if has_aux else result

    return wrapper


def _rows(vjp_fn: Any, outputs: list[Tensor], structure: Any, chunk_size: int | None) -> list[Tensor]:
    """For each input the products with all unit vectors."""
    total = sum([output.numel() for output in outputs])
    parts = []
    step = total if chunk_size is None else chunk_size
    for start in range(0, max(total, 1), max(step, 1)):
        basis = unit_vectors(outputs, start, min(start + step, total))
        if chunk_size == 1:
            found = tree_leaves(vjp_fn(tree_unflatten([b.squeeze(0) for b in basis], structure)))
            parts.append([g.unsqueeze(0) for g in found])
        else:
            parts.append(tree_leaves(vmap(vjp_fn)(tree_unflatten(basis, structure))))
    return parts[0] if len(parts) == 1 else [cat(list(each), 0) for each in zip(*parts, strict=True)]


def jacfwd(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """The function that gives the Jacobian of `func`, by forward differentiation: for many outputs of few inputs.

    All columns are computed in one call of `func`, on a batch of tangents that are unit vectors.

    Args:
        func: of tensors or containers of them; gives a tensor, or a container of tensors.
        argnums: with respect to which positional argument, or which ones.
        has_aux: `func` gives a pair, of which the second is handed on.
        randomness: see `vmap`.

    Returns:
        As `jacrev`.

    Raises:
        RuntimeError: tensors are complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.jacfwd.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.func.jacfwd(lambda x: x ** 2)(tg.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
    """

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        _refuse_complex("jacfwd", args, "inputs")
        varied = args if argnums is None else chosen(args, argnums)
        inputs, spec = tree_flatten(varied)
        basis = unit_vectors(inputs, 0, sum([x.numel() for x in inputs]))

        def column(vector: Any) -> Any:
            output, pushed, aux = push(func, args, vector, argnums, False, has_aux)
            _refuse_complex("jacfwd", output, "outputs")
            return (pushed, aux) if has_aux else pushed

        result = vmap(column, randomness=randomness)(tree_unflatten(basis, spec))
        result, aux = result if has_aux else (result, None)
        columns, structure = tree_flatten(result)
        jacobians = [tree_unflatten(split_columns(stacked, inputs), spec) for stacked in columns]
        result = tree_unflatten(jacobians, structure)
        return (result, tree_map(lambda leaf: leaf[0], aux)) if has_aux else result

    return wrapper


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """The function that gives the Hessian of `func`: forward over reverse differentiation, ``jacfwd(jacrev(func))``.

    Args:
        func: gives a number, or a tensor, for each of whose elements there is a Hessian.
        argnums: with respect to which positional argument, or which ones.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.hessian.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.func.hessian(lambda x: (x ** 3).sum())(tg.tensor([1.0, 2.0]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


