"""`vmap`: a function of one example as a function of a batch.

Source: https://docs.pytorch.org/docs/stable/generated/torch.func.vmap.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from .._core.tensor import Tensor, wrap
from .._core.trees import TreeSpec, broadcast_to_and_flatten, tree_flatten, tree_leaves, tree_structure, tree_unflatten
from ..ops.join import cat
from ..ops.random import get_rng_state, set_rng_state
from . import batched_layers, batched_losses, batched_products, batched_random, batched_shapes  # noqa: F401 - they enter their rules
from .batched import RANDOMNESS, BatchLevel, batched
from .batched_functions import call_batched
from .batching import batch_rule
from .custom import batch_function
from .indexing import batched_getitem, batched_setitem


def vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """The function that applies `func` to every example of a batch at once: `func` is called once, with all of them.

    Inside of `func` a tensor has the shape of one example. Loops over examples, and dimensions that are there for the
    batch alone, disappear from the program; derivatives of single examples become as quick as those of a batch.

    Args:
        func: a function of tensors, or of nested containers of them, that returns such.
        in_dims: which dimension of the arguments counts the examples: one number for all, or a container of them with
            the arguments' structure, or its beginning. None: the argument is the same for all examples.
        out_dims: which dimension of the results counts them, in the same way. None: the result is the same for all.
        randomness: whether random numbers are drawn: ``"error"``, not; ``"different"``, others for each example;
            ``"same"``.
        chunk_size: how many examples are computed at once, to save memory. None: all.

    Raises:
        ValueError: `in_dims` or `out_dims` do not fit the arguments or results, or the arguments differ in how many
            examples there are.
        RuntimeError: inside of `func`, something is done that depends on the elements of an example (``.item()``,
            ``if x > 0``, ``x[mask]``), or random numbers are drawn without `randomness`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.vmap.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.func import grad, vmap
        >>> vmap(tg.dot)(tg.ones(2, 3), tg.tensor([[1.0, 2, 3], [4, 5, 6]]))  # of vectors, so of a batch of them
        tensor([ 6., 15.])
        >>> vmap(grad(lambda x: x.sin()))(tg.zeros(4))  # a derivative for each example
        tensor([1., 1., 1., 1.])
    """
    if randomness not in RANDOMNESS:
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
        )
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def of_batch(*args: Any, **kwargs: Any) -> Any:
        _check_out_dims(func, out_dims)
        size, dims, leaves, spec = _inputs(func, in_dims, args)
        if chunk_size is None or chunk_size >= size:
            return _apply(func, size, dims, leaves, spec, out_dims, randomness, kwargs)
        return _in_chunks(func, size, dims, leaves, spec, out_dims, randomness, kwargs, chunk_size)

    return of_batch


class RunningVmap(BatchLevel):
    """A call of `vmap`, with the rules of batching."""

    def operation(self, op: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The op on the values, by its rule."""
        self.check_alive()
        given = tuple([wrap(x) if type(x) is np.ndarray and x.ndim else x for x in inputs])
        return self.wrap(batch_rule(op, options)(self, op, given, options))

    def function(self, called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The function by its rule, or one example after the other."""
        self.check_alive()
        return call_batched(self, called, args, kwargs)

    def custom(self, function: Any, args: tuple[Any, ...]) -> Any:
        """An `autograd.Function` by its own rule, or on batched tensors."""
        self.check_alive()
        return batch_function(self, function, args)

    def getitem(self, x: Tensor, index: Any) -> Tensor:
        """``x[index]`` of a batched tensor."""
        return batched_getitem(x, index)

    def setitem(self, x: Tensor, index: Any, value: Any) -> None:
        """``x[index] = value`` of a batched tensor."""
        batched_setitem(x, index, value)


def _apply(func: Any, size: int, dims: list[Any], leaves: list[Any], spec: TreeSpec, out_dims: Any, randomness: str,
           kwargs: dict[str, Any]) -> Any:  # fmt: skip
    level = RunningVmap(size, randomness)
    level.enter()
    try:
        lifted = [leaf if dim is None else lift(leaf, dim, level) for leaf, dim in zip(leaves, dims, strict=True)]
        results = func(*tree_unflatten(lifted, spec), **kwargs)
        return _outputs(func, level, results, out_dims)
    finally:
        level.leave()


def lift(tensor: Tensor, dim: int, level: BatchLevel) -> Tensor:
    """A tensor, one of whose dimensions counts the examples, as a batched tensor."""
    return batched(tensor.movedim(dim, 0) if dim else tensor, level)


def lower(tensor: Tensor, dim: int, level: BatchLevel) -> Tensor:
    """A batched tensor as one of which a dimension counts the examples."""
    value: Tensor = level.full(tensor)
    return value.movedim(0, dim) if dim else value


def _in_chunks(func: Any, size: int, dims: list[Any], leaves: list[Any], spec: TreeSpec, out_dims: Any,
               randomness: str, kwargs: dict[str, Any], chunk_size: int) -> Any:  # fmt: skip
    """The same for some examples after the others; the results are joined."""
    state = get_rng_state() if randomness == "same" else None
    chunks = []
    for start in range(0, size, chunk_size):
        count = min(chunk_size, size - start)
        some = [x if d is None else x.narrow(d, start, count) for x, d in zip(leaves, dims, strict=True)]
        if state is not None:
            set_rng_state(state)
        chunks.append(_apply(func, count, dims, some, spec, out_dims, randomness, kwargs))
    structure = tree_structure(chunks[0])
    places = broadcast_to_and_flatten(out_dims, structure) or []
    columns = zip(*[tree_leaves(chunk) for chunk in chunks], strict=True)
    joined = [
        column[0] if place is None else cat(column, place) for column, place in zip(columns, places, strict=True)
    ]
    return tree_unflatten(joined, structure)


# --- what is asked of the arguments ------------------------------------------------------------------------------


def name_of(func: Any) -> str:
    """The name of a function, for messages."""
    if isinstance(func, functools.partial):
        return f"functools.partial({name_of(func.func)}, ...)"
    return str(getattr(func, "__name__", None) or repr(func))


def _inputs(func: Any, in_dims: Any, args: tuple[Any, ...]) -> tuple[int, list[Any], list[Any], TreeSpec]:
    """The number of examples, and for each leaf of the arguments the dimension that counts them."""
    where = f"vmap({name_of(func)}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, int | tuple):
        raise ValueError(
            f"{where}: expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, "
            f"got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({name_of(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to "
            "vmap over a function with no inputs. The latter is unsupported."
        )
    leaves, spec = tree_flatten(args)
    dims = broadcast_to_and_flatten(in_dims, spec)
    if dims is None:
        raise ValueError(
            f"{where}: in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{tree_structure(in_dims)} but inputs has structure {spec}."
        )
    dims = [_checked_dim(where, leaf, dim) for leaf, dim in zip(leaves, dims, strict=True)]
    sizes = [leaf.shape[dim] for leaf, dim in zip(leaves, dims, strict=True) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if len({*sizes}) > 1:
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return sizes[0], dims, leaves, spec


def _checked_dim(where: str, leaf: Any, dim: Any) -> int | None:
    if dim is None:
        return None
    if not isinstance(dim, int):
        raise ValueError(
            f"{where}: Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
        )
    if not isinstance(leaf, Tensor):
        raise ValueError(
            f"{where}: Got in_dim={dim} for an input but the input is of type {type(leaf)}. We cannot vmap over "
            "non-Tensor arguments, please use None as the respective in_dim"
        )
    ndim = leaf.ndim
    if not -ndim <= dim < ndim:
        raise ValueError(
            f"{where}: Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {ndim} so "
            f"expected in_dim to satisfy -{ndim} <= in_dim < {ndim}."
        )
    return dim % ndim


# --- what is asked of the results --------------------------------------------------------------------------------


def _check_out_dims(func: Any, out_dims: Any) -> None:
    for dim in tree_leaves(out_dims):
        if not isinstance(dim, int | None):
            raise ValueError(
                f"vmap({name_of(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python "
                "collection of ints representing where in the outputs the vmapped dimension should appear."
            )


def _outputs(func: Any, level: BatchLevel, results: Any, out_dims: Any) -> Any:
    leaves, spec = tree_flatten(results)
    if spec.is_leaf() and isinstance(out_dims, tuple) and len(out_dims) == 1:
        (out_dims,) = out_dims
    dims = broadcast_to_and_flatten(out_dims, spec)
    if dims is None:
        _refuse_structure(func, out_dims, spec)
    name = name_of(func)
    return tree_unflatten([_output(name, level, leaf, dim) for leaf, dim in zip(leaves, dims, strict=True)], spec)


def _refuse_structure(func: Any, out_dims: Any, spec: TreeSpec) -> NoReturn:
    raise ValueError(
        f"vmap({name_of(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of "
        f"`outputs`. out_dims has structure {tree_structure(out_dims)} but outputs has structure {spec}."
    )


def _output(name: str, level: BatchLevel, result: Any, dim: int | None) -> Any:
    if dim is None:
        if level.holds(result):
            raise ValueError(f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None")
        return result
    if not isinstance(result, Tensor):
        raise ValueError(
            f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(result)}. Did you mean to set "
            "out_dims= to None for output?"
        )
    return lower(result, dim, level)
