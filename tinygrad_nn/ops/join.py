"""Joining, repeating and reversing.

Source: https://docs.pytorch.org/docs/stable/torch.html#indexing-slicing-joining-mutating-ops
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.graph import named
from .._core.modes import modes
from .._core.op import case, composite, op
from .._core.outputs import shares_memory
from .._core.tensor import Tensor, check_dim, current_edge, tensor_method, wrap
from .shape import broadcast_to, clone, reshape, unsqueeze
from .shortcuts import quick_call, usually
from .splits import pieces, stacked

__all__ = ["cat", "concat", "concatenate", "flip", "hstack", "roll", "stack", "tile", "tril", "triu", "vstack"]

_FEW = 64  # rows and columns of matrices whose triangles are remembered


@op(vjp=lambda g, dim, xs_shape: pieces(g, dim, [s[dim] for s in xs_shape]), kind="general", method=False,
    torch_name="cat", node_name="CatBackward0",
    cases=[case((2, 3), (1, 3)), case((2, 1), (2, 3), dim=1), case((2, 1), dim=-1),
           case((0, 2), (2, 2), (1, 2))])  # fmt: skip
def _concatenate(*xs, dim=0):
    """Arrays joined along a dimension that they have."""
    return np.concatenate(xs, axis=dim)


def _joined(args: tuple[Any, ...]) -> Tensor | None:
    """The usual call of `cat`, in .7 of the time for few elements: nothing can be wrong with tensors that are alike."""
    if not 1 <= len(args) <= 2 or not isinstance(args[0], list | tuple) or modes.here.observers:
        return None
    arrays, edges, cells, mask, bit = [], [], [], 0, 1
    first: Any = None
    for x in args[0]:
        if not isinstance(x, Tensor):
            return None
        array = x._array
        first = array if first is None else first
        if type(array) is not np.ndarray or array.shape != first.shape or array.dtype is not first.dtype:
            return None
        edge = x._edge if x._view is None else current_edge(x)
        mask += 0 if edge is None else bit
        bit += bit
        arrays.append(array)
        edges.append(edge)
        cells.append(x._cell)
    dim = args[1] if len(args) == 2 else 0
    if first is None or not first.size or type(dim) is not int or not -first.ndim <= dim < first.ndim:
        return None
    joined = np.concatenate(arrays, dim)
    if not mask or not modes.here.grad:
        return wrap(joined)
    options = {"dim": dim % first.ndim}
    result: Tensor = _concatenate.op.plans[mask].record(tuple(edges), tuple(arrays), cells, options, joined)
    return result


@usually(_joined)
@composite(np.concatenate, method=False, out=True)
def cat(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Tensors joined along a dimension that they have; all others must have equal lengths.

    Raises:
        RuntimeError: lengths differ in another dimension.
        ValueError: no tensors.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cat([tg.ones(2), tg.zeros(1)])
        tensor([1., 1., 0.])
    """
    alike = _joined((tensors, dim if axis is None else axis))
    if alike is not None:
        return alike
    given = _promoted(checked_tensors("cat", tensors))
    for number, x in enumerate(given):
        if not x._array.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {number}) cannot be concatenated. Use stack().")
    # PyTorch's old exception: an empty 1-d tensor joins with anything
    kept = [x for x in given if x._array.shape != (0,)]
    if not kept:
        result: Tensor = _concatenate(given, dim=0)
        return result
    shape = kept[0]._array.shape
    place = check_dim(dim if axis is None else axis, len(shape))
    _check_lengths(kept, place)
    if len(kept) < len(given) and len(shape) > 1:  # the empty ones are recorded, too
        without = (*shape[:place], 0, *shape[place + 1 :])
        kept = [reshape(x, without) if x._array.shape == (0,) else x for x in given]
        result = _concatenate(kept, dim=place)
    else:
        result = _concatenate(given, dim=place)
    return result


def _check_lengths(tensors: list[Tensor], place: int) -> None:
    """Refuse tensors that differ in another dimension than that along which they are to be joined."""
    first = tensors[0]._array.shape
    for number, x in enumerate(tensors):
        shape = x._array.shape
        if len(shape) != len(first):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)} (at position {number})"
            )
        for d, (a, b) in enumerate(zip(first, shape, strict=True)):
            if a != b and d != place:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {place}. Expected size {a} but got size {b} for "
                    f"tensor number {number} in the list. (shapes {[list(x._array.shape) for x in tensors]})"
                )


concat = concatenate = cat


@op(vjp=lambda g, dim, xs_shape: tuple([g[(slice(None),) * (dim % g.ndim) + (i,)] for i in range(len(xs_shape))]),
    kind="general", method=False, torch_name="stack", node_name="StackBackward0",
    cases=[case((2, 3), (2, 3)), case((2,), (2,), dim=1), case((), (), (), dim=-1), case((0, 2), (0, 2))])  # fmt: skip
def _stacked(*xs, dim=0):
    """Arrays of one shape joined along a new dimension."""
    return stacked(xs, dim)


@composite(np.stack, method=False, out=True)
def stack(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Tensors of one shape joined along a new dimension.

    Raises:
        RuntimeError: no tensors, or their shapes differ.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.stack([tg.tensor([1, 2]), tg.tensor([3, 4])], dim=1)
        tensor([[1, 3],
                [2, 4]])
    """
    given = checked_tensors("stack", tensors)
    first = given[0]._array.shape
    place = check_dim(dim if axis is None else axis, len(first) + 1)
    for number, x in enumerate(given):
        if x._array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(x._array.shape)} at entry {number}. Pad them to one length, or join along an existing "
                "dimension with cat."
            )
    result: Tensor = _stacked(_promoted(given), dim=place)
    return result


def checked_tensors(name: str, tensors: Any) -> list[Tensor]:
    """A list of tensors that users gave.

    Raises:
        TypeError: something that is no tensor, or no sequence of them.
        RuntimeError, ValueError: there are none.
    """
    if not isinstance(tensors, Sequence):
        fix = f" Write {name}(list(...))." if isinstance(tensors, Iterable) and not isinstance(tensors, Tensor) else ""
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}.{fix}"
        )
    given = list(tensors)
    if not given and name == "cat":
        raise ValueError("cat(): expected a non-empty list of Tensors")
    if not given:
        raise RuntimeError(f"{name} expects a non-empty TensorList, got an empty list")
    for number, x in enumerate(given):
        if type(x) is Tensor:
            continue
        if isinstance(x, np.ndarray):
            given[number] = wrap(x)
        elif not isinstance(x, Tensor):
            raise TypeError(f"{name}(): expected Tensor as element {number} in argument 0, but got {type(x).__name__}")
    return given


def _promoted(tensors: list[Tensor]) -> list[Tensor]:
    """All of one dtype, by the rules of promotion."""
    first = tensors[0]._array.dtype
    if {*[x._array.dtype for x in tensors]} == {first}:
        return tensors
    wanted = dtypes.result_type([x._array for x in tensors])
    return [x.to(wanted) for x in tensors]


def _at_least(x: Tensor, ndim: int) -> Tensor:
    while x._array.ndim < ndim:
        x = unsqueeze(x, dim=0)
    return x


@composite(np.hstack, method=False, out=True)
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors joined side by side: along the only dimension of vectors, else along the second.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.hstack((tg.tensor([[1], [2]]), tg.tensor([[3], [4]])))
        tensor([[1, 3],
                [2, 4]])
    """
    given = [_at_least(x, 1) for x in checked_tensors("hstack", tensors)]
    return cat(given, dim=0 if given[0]._array.ndim == 1 else 1)


@composite(np.vstack, method=False, out=True)
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors joined row upon row; vectors are rows.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.vstack((tg.tensor([1, 2]), tg.tensor([3, 4])))
        tensor([[1, 2],
                [3, 4]])
    """
    return cat([_at_least(x, 2) for x in checked_tensors("vstack", tensors)], dim=0)


# --- repeating and reversing -------------------------------------------------------------------------------------


def _times(name: str, word: str, sizes: tuple[Any, ...], options: dict[str, Any]) -> tuple[int, ...]:
    """How often to repeat, given as numbers, as one sequence, or by keyword."""
    if options and (sizes or [*options] != [word]):
        raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(options))!r}")
    if not sizes and not options:
        raise TypeError(f'{name}() missing 1 required positional arguments: "{word}"')
    first = options[word] if options else sizes[0]
    given = first if options or (len(sizes) == 1 and not isinstance(first, int)) else sizes
    try:
        return tuple([operator.index(n) for n in given])
    except TypeError:
        raise TypeError(f"{name}(): argument '{word}' must be tuple of ints, got {given!r}") from None


@tensor_method
def repeat(self: Tensor, *sizes: Any, **options: Any) -> Tensor:
    """The whole tensor repeated this often along each dimension; missing dimensions are added in front.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
    """
    times = _times("repeat", "repeats", sizes, options)
    if len(times) < self._array.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: got "
            f"{list(times)} for a tensor of shape {list(self._array.shape)}"
        )
    x = _at_least(self, len(times))
    shape = x._array.shape
    if min(times, default=0) < 0:
        lengths = [a * b for a, b in zip(times, shape, strict=True)]
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(lengths)}: {lengths} in repeat()")
    apart = [n for length in shape for n in (1, length)]
    spread = [n for count, length in zip(times, shape, strict=True) for n in (count, length)]
    wide: Tensor = broadcast_to(reshape(x, shape=apart), shape=spread)
    result: Tensor = reshape(wide, shape=[a * b for a, b in zip(times, shape, strict=True)])
    result = clone(result) if shares_memory(result._array, self._array) else result
    return named(result, "RepeatBackward0")  # type: ignore[no-any-return]


@composite(np.tile)
def tile(input: Tensor, *dims: Any, **options: Any) -> Tensor:
    """As `Tensor.repeat`, where missing counts are 1: ``tile(input, dims)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tile(tg.tensor([[1], [2]]), (2,))
        tensor([[1, 1],
                [2, 2]])
    """
    times = _times("tile", "reps" if "reps" in options else "dims", dims, options)
    missing = input._array.ndim - len(times)
    return input.repeat((1,) * missing + times)


def _flipped_back(g: Any, dims: Any) -> Any:
    return flip.op.numpy(g, dims=dims)


def _along_one(args: tuple[Any, ...]) -> Tensor | None:
    """The usual calls of `flip`: along one dimension."""
    if len(args) != 2 or not isinstance(args[0], Tensor):
        return None
    dims = args[1] if type(args[1]) is tuple else (args[1],)
    return quick_call(flip.op, args[0], {"dims": dims}) if len(dims) == 1 and type(dims[0]) is int else None


@usually(_along_one)
@op(vjp=_flipped_back, kind="general", collects="dims",
    cases=[case((2, 3), dims=(0,)), case((2, 3), dims=(0, -1)), case((2, 3), dims=()), case((), dims=(0,)),
           case((0, 2), dims=(1,))])  # fmt: skip
def flip(x, /, dims):
    """The order reversed along these dimensions, as a copy.

    Raises:
        RuntimeError: a dimension comes twice.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1, 2], [3, 4]]).flip(0)
        tensor([[3, 4],
                [1, 2]])
    """
    chosen = [check_dim(d, x.ndim) for d in ((dims,) if isinstance(dims, int) else dims)]
    if len(set(chosen)) < len(chosen):
        twice = max(chosen, key=chosen.count)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims (got {dims})")
    turned = np.flip(x, tuple(chosen)) if x.ndim else x
    made = np.empty_like(x)  # laid out in memory as the input
    made[...] = turned
    return made


def _numpy_flip(m: Tensor, axis: Any = None) -> Tensor:
    """NumPy's names of the arguments: None stands for all dimensions."""
    result: Tensor = flip(m, dims=tuple(range(m._array.ndim)) if axis is None else axis)
    return result


dispatch.register(np.flip, _numpy_flip)


def _rolled_back(g: Any, shifts: Any, dims: Any) -> Any:
    return roll.op.numpy(g, shifts=_negated(shifts), dims=dims)


@op(np.roll, vjp=_rolled_back, kind="general",
    cases=[case((2, 3), shifts=1), case((2, 3), shifts=-1, dims=1), case((2, 3), shifts=1, dims=()),
           case((2, 3), shifts=(1, 2), dims=(0, 1)), case((2, 3), shifts=(1, 1), dims=(1, 1))])  # fmt: skip
def roll(x, /, shifts, dims=None):
    """The elements moved along dimensions; those that fall off one end enter at the other.

    Args:
        x: the tensor.
        shifts: how far, for each dimension.
        dims: the dimensions. None: all elements in one row.

    Raises:
        RuntimeError: there are more of one than of the other.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.roll(tg.arange(4), 1)
        tensor([3, 0, 1, 2])
    """
    steps = [operator.index(s) for s in ((shifts,) if isinstance(shifts, int | np.integer) else shifts)]
    places = list((dims,) if isinstance(dims, int | np.integer) else dims or ())
    if not steps:
        raise RuntimeError("`shifts` required: got none in roll()")
    if not places and len(steps) == 1:
        return np.roll(x, steps[0])
    if len(places) != len(steps):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(places)}")
    if not x.size:
        return x.copy()
    if not x.ndim:
        raise IndexError(f"Dimension specified as {places[0]} but tensor has no dimensions (roll)")
    return np.roll(x, steps, tuple([check_dim(d, x.ndim) for d in places]))


def _negated(shifts: Any) -> Any:
    return -shifts if isinstance(shifts, int) else tuple([-s for s in shifts])


@op(np.tril, vjp=lambda g, diagonal: np.tril(g, diagonal), kind="general",
    cases=[case((3, 3)), case((2, 3, 4), diagonal=1), case((3, 2), diagonal=-1)])  # fmt: skip
def tril(x, /, diagonal=0):
    """The lower triangle of matrices; zero above the diagonal of this number."""
    _check_triangle("tril", x, diagonal)
    rows, columns = x.shape[-2:]
    return _kept(x, _lower(rows, columns, int(diagonal))) if max(rows, columns) <= _FEW else np.tril(x, diagonal)


def _kept(x: Any, mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The elements of matrices where a mask is true, zeros elsewhere."""
    result = np.zeros(x.shape, x.dtype)
    np.copyto(result, x, where=mask)
    return result


@functools.lru_cache(maxsize=32)
def _lower(rows: int, columns: int, diagonal: int) -> np.ndarray[Any, Any]:
    """Where the lower triangle of a small matrix is: NumPy makes this mask anew each time, for 2 us."""
    mask = np.tri(rows, columns, diagonal, np.bool_)
    mask.flags.writeable = False
    return mask


@functools.lru_cache(maxsize=32)
def _upper(rows: int, columns: int, diagonal: int) -> np.ndarray[Any, Any]:
    """Where the upper triangle is."""
    mask = ~_lower(rows, columns, diagonal - 1)
    mask.flags.writeable = False
    return mask


def _check_triangle(name: str, x: Any, diagonal: Any) -> None:
    if x.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions, got shape {list(x.shape)}")
    if type(diagonal) is not int and not isinstance(diagonal, int | np.integer):
        raise TypeError(f"argument 'diagonal' must be int, not {type(diagonal).__name__}")


@op(np.triu, vjp=lambda g, diagonal: np.triu(g, diagonal), kind="general",
    cases=[case((3, 3)), case((2, 3, 4), diagonal=1), case((3, 2), diagonal=-1)])  # fmt: skip
def triu(x, /, diagonal=0):
    """The upper triangle of matrices; zero below the diagonal of this number."""
    _check_triangle("triu", x, diagonal)
    rows, columns = x.shape[-2:]
    return _kept(x, _upper(rows, columns, int(diagonal))) if max(rows, columns) <= _FEW else np.triu(x, diagonal)
