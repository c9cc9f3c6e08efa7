"""Distinct elements: ``unique``, ``unique_consecutive``, and membership: ``isin``.

``nan`` equals nothing, itself included, so each one is distinct. None of these functions has a gradient.

Source: https://docs.pytorch.org/docs/stable/generated/torch.unique.html, torch.isin.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.op import composite
from .._core.ordering import order
from .._core.tensor import Tensor, check_dim, wrap

Array = np.ndarray[Any, Any]

_MANY = 500  # elements that are counted
_LARGE = 1 << 62

__all__ = ["isin", "unique", "unique_consecutive"]


def _refuse_complex(kernel: str, x: Array) -> None:
    if x.dtype.kind == "c":
        raise NotImplementedError(
            f"\"{kernel}\" not implemented for '{dtypes.type_name(x.dtype)}'. Complex numbers have no order: take real "
            "and imaginary parts as columns, and dim=0."
        )


def _rows(x: Array, dim: Any) -> tuple[Array, Array, int]:
    """The slices of a dimension: as they are, that dimension first, and flattened to rows.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: another dimension is empty.
    """
    if not x.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = check_dim(dim, x.ndim)
    others = [n for d, n in enumerate(x.shape) if d != dim]
    if 0 in others:
        say = (
            "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
            if x.shape[dim]
            else "Number of zero sized dimensions is more than one, so unique cannot be applied"
        )
        raise RuntimeError(f"{say} (dim={dim} of shape {list(x.shape)})")
    slices = np.moveaxis(x, dim, 0)
    return slices, slices.reshape(len(slices), int(np.prod(others, dtype=int))), dim


def _changes(ordered: Array) -> Array:
    """Which elements, or rows, differ from the one before; the first does."""
    new = np.ones(len(ordered), np.bool_)
    different = ordered[1:] != ordered[:-1]
    new[1:] = different if ordered.ndim == 1 else different.any(1)
    return new


def _counts(new: Array) -> Array:
    """How long the runs are that begin where `new` is true."""
    return np.diff(np.flatnonzero(new), append=len(new)).astype(np.int64)


def _answer(values: Any, inverse: Any, counts: Any, return_inverse: bool, return_counts: bool) -> Any:
    found = [wrap(values)]
    if return_inverse:
        found.append(wrap(inverse))
    if return_counts:
        found.append(wrap(counts))
    return tuple(found) if len(found) > 1 else found[0]


@composite()
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements, or with `dim` the distinct slices of a dimension, in ascending order.

    Args:
        sorted: the result is sorted, without it, too.
        return_inverse: also for each element (or slice) the index of its like in the result.
        return_counts: also how often each occurs.
        dim: compare slices of this dimension instead of elements.

    Returns:
        A tensor, or a tuple: the distinct elements, the inverse (int64), the counts (int64).

    Raises:
        NotImplementedError: the elements are complex.
        RuntimeError: with `dim`, another dimension is empty.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.unique.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.unique(tg.tensor([3, 1, 2, 1]), return_inverse=True, return_counts=True)
        (tensor([1, 2, 3]), tensor([2, 0, 1, 0]), tensor([2, 1, 1]))
    """
    x = input._array
    _refuse_complex("unique" if dim is None else "unique_dim", x)
    if dim is not None:
        return _unique_slices(x, dim, return_inverse, return_counts)
    flat = x.reshape(-1)
    counted = _counted(flat, return_inverse)
    if counted is not None:
        values, inverse, counts = counted
        return _answer(values, inverse.reshape(x.shape), counts, return_inverse, return_counts)
    if not return_inverse and not return_counts:
        ordered = np.sort(flat)
        return wrap(ordered[_changes(ordered)])
    places = order(flat, 0)
    ordered = flat[places]
    new = _changes(ordered)
    inverse = _inverse(places, new).reshape(x.shape)
    return _answer(ordered[new], inverse, _counts(new), return_inverse, return_counts)


def _counted(flat: Array, return_inverse: bool) -> tuple[Array, Array, Array] | None:
    """The distinct ones, the inverse, the counts, of integers that lie near each other: counted instead of sorted.

    It takes a sixth of the time that sorting takes.
    """
    if flat.size < _MANY or flat.dtype.kind not in "iu":
        return None
    low, high = int(flat.min()), int(flat.max())
    if high - low > flat.size or not -_LARGE < low <= high < _LARGE:
        return None
    places = flat.astype(np.int64) - low
    counts = np.bincount(places)
    found = np.flatnonzero(counts)
    inverse = places
    if return_inverse:
        numbers = np.empty(counts.size, np.int64)
        numbers[found] = np.arange(found.size)
        inverse = numbers.take(places)
    return (found + low).astype(flat.dtype), inverse, counts[found]


def _inverse(places: Array, new: Array) -> Array:
    """For each element the number of its run, from the order in which they stand."""
    inverse = np.empty(len(places), np.int64)
    inverse[places] = np.cumsum(new) - 1
    return inverse


def _unique_slices(x: Array, dim: Any, return_inverse: bool, return_counts: bool) -> Any:
    slices, rows, dim = _rows(x, dim)
    places = np.lexsort(rows.T[::-1]) if len(rows) else np.zeros(0, np.int64)
    ordered = rows[places]
    new = _changes(ordered)
    values = np.moveaxis(slices[places[new]], 0, dim)
    return _answer(values, _inverse(places, new), _counts(new), return_inverse, return_counts)


@composite()
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements (or slices of a dimension) without those that equal the one before them.

    Args and returns are those of `unique`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.unique_consecutive.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.unique_consecutive(tg.tensor([1, 1, 2, 2, 1]), return_counts=True)
        (tensor([1, 2, 1]), tensor([2, 2, 1]))
    """
    x = input._array
    if dim is None:
        _refuse_complex("unique", x)
        flat = x.reshape(-1)
        new = _changes(flat)
        inverse = (np.cumsum(new) - 1).reshape(x.shape) if return_inverse else None
        counts = _counts(new) if return_counts else None
        return _answer(flat.take(np.flatnonzero(new)), inverse, counts, return_inverse, return_counts)
    _refuse_complex("unique_dim", x)
    slices, rows, dim = _rows(x, dim)
    new = _changes(rows)
    values = np.moveaxis(slices[new], 0, dim)
    return _answer(values, np.cumsum(new) - 1, _counts(new), return_inverse, return_counts)


# --- membership --------------------------------------------------------------------------------------------------


def _element_array(name: str, value: Any) -> Any:
    if isinstance(value, Tensor):
        if value._array.dtype.kind in "bc":
            raise RuntimeError(
                f"Unsupported input type encountered for isin(): {dtypes.type_name(value._array.dtype)} ({name})"
            )
        return value._array
    if isinstance(value, bool):
        raise RuntimeError(f"Unsupported input type encountered for isin(): Bool ({name})")
    if isinstance(value, int | float | np.number):
        return value
    raise TypeError(f"isin(): argument '{name}' must be Tensor or a number, not {type(value).__name__}")


@composite(method=False, out=True)
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Which elements occur among others.

    Args:
        elements, test_elements: tensors; one of them may be a number.
        assume_unique: a promise that neither has equal elements, which may be quicker.
        invert: which do not occur.

    Returns:
        Booleans, of the shape of `elements`.

    Raises:
        TypeError: neither is a tensor.
        RuntimeError: the elements are booleans or complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.isin.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.isin(tg.tensor([[1, 2], [3, 4]]), tg.tensor([2, 3]))
        tensor([[False,  True],
                [ True, False]])
    """
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise TypeError(
            "isin() received an invalid combination of arguments: one of elements and test_elements must be a Tensor, "
            f"got {type(elements).__name__} and {type(test_elements).__name__}"
        )
    given, among = _element_array("elements", elements), _element_array("test_elements", test_elements)
    common = dtypes.result_type([given, among])
    given, among = np.asarray(given).astype(common), np.asarray(among).astype(common)
    return wrap(np.asarray(np.isin(given, among, assume_unique=assume_unique, invert=invert)))
