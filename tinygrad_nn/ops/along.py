"""Picking along a dimension with an index for each element, and adding back: ops that are each other's gradient.

Source: https://docs.pytorch.org/docs/stable/generated/torch.gather.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._core.op import Integers, case, op
from .places import add_flat, out_of_bounds, places_along

_QUICK: Any = "wrap"  # nothing is to be wrapped, as all has been checked: .7 of the time of "raise", which copies
_BLOCK = 262_144  # elements whose places are found at a time, to be in the cache when they are used: .8 of the time


def _blocks(index: Any) -> Iterator[slice]:
    """Parts along the first dimension of an index along another one."""
    step = max(1, _BLOCK * len(index) // index.size)
    return (slice(start, min(start + step, len(index))) for start in range(0, len(index), step))


def _clip_to(x: Any, index: Any, dim: int) -> Any:
    """`x` cut to the index's lengths in all dimensions but one: gather and scatter ignore the rest."""
    return x[tuple([slice(None) if d == dim else slice(0, n) for d, n in enumerate(index.shape)])]


def clip_all(x: Any, shape: tuple[int, ...]) -> Any:
    """`x` cut to these lengths."""
    return x if x.shape == shape else x[tuple([slice(0, n) for n in shape])]


def _scattered(g: Any, x_shape: tuple[int, ...], index: Any, dim: int) -> Any:
    """The gradient of picking along a dimension: added back where the elements came from."""
    return _scatter_zeros.op.numpy(g, index, shape=x_shape, dim=dim)


@op(vjp=(_scattered, None), kind="general", node_name="GatherBackward0", method=False, torch_name="",
    cases=[case((3, 4), Integers((3, 2), 4), dim=1), case((3, 4), Integers((2, 4), 3), dim=0),
           case((3, 4), Integers((2, 2), 4), dim=-1), case((3,), Integers((5,), 3), dim=0)])  # fmt: skip
def _gather(x, index, /, dim):
    """Elements of `x` along a dimension, one for each element of the index, which is not negative."""
    if x.ndim == 0:
        return np.broadcast_to(x, index.shape).copy()
    if not index.size:
        return np.zeros(index.shape, x.dtype)
    if index.size > _BLOCK and dim % x.ndim and x.flags.c_contiguous:
        out = np.empty(index.shape, x.dtype)
        for some in _blocks(index):
            part = x[some]
            places = places_along(index[some], part.shape, dim % x.ndim)
            part.reshape(-1).take(places, None, out[some], _QUICK)
        return out
    if x.ndim == 2 and dim in (1, -1) and x.flags.c_contiguous:  # as most are
        rows, length = len(index), x.shape[1]
        return x.reshape(-1).take(index + np.arange(0, rows * length, length)[:, None], mode=_QUICK)
    if x.flags.c_contiguous:
        return x.reshape(-1).take(places_along(index, x.shape, dim % x.ndim), mode=_QUICK)
    if index.ndim != x.ndim:  # an index without dimensions
        return x.take(index)
    return np.take_along_axis(_clip_to(x, index, dim % x.ndim), index, dim)


@op(vjp=(lambda g, index, dim: _gather.op.numpy(g, index, dim=dim), None), kind="general", method=False, torch_name="",
    cases=[case((3, 2), Integers((3, 2), 4), shape=(3, 4), dim=1),
           case((5,), Integers((5,), 3), shape=(3,), dim=0)])  # fmt: skip
def _scatter_zeros(x, index, /, shape, dim):
    """Zeros of a shape, with the elements of `x` added where the index says: the gradient of `gather`."""
    result = np.zeros(shape, x.dtype)
    scatter_into(result, x, index, dim)
    return result


def scatter_into(result: Any, x: Any, index: Any, dim: int) -> None:
    """Add the elements of `x` to a result, in place, along a dimension where the index says; it may repeat."""
    if not index.size:
        return
    dim %= max(result.ndim, 1)
    if index.size > _BLOCK and dim and result.flags.c_contiguous:
        for some in _blocks(index):
            _scatter_block(result[some], x[some], index[some], dim)
    else:
        _scatter_block(result, x, index, dim)


def _scatter_block(result: Any, x: Any, index: Any, dim: int) -> None:
    flat = result.reshape(-1)
    add_flat(flat, places_along(index, result.shape, dim).reshape(-1), clip_all(x, index.shape).reshape(-1))
    if not np.may_share_memory(flat, result):  # it was not contiguous
        result[...] = flat.reshape(result.shape)


def _placed_last(g: Any, x_shape: tuple[int, ...], index: Any) -> Any:
    """The gradient of `pick_last`."""
    return _scatter_zeros.op.numpy(g[..., None], index[..., None], shape=x_shape, dim=-1)


@op(vjp=(_placed_last, None), kind="general", node_name="SqueezeBackward1", method=False, torch_name="",
    cases=[case((3, 4), Integers((3,), 4)), case((4,), Integers((), 4)),
           case((2, 3, 4), Integers((2, 3), 4))])  # fmt: skip
def _pick_last(x, index, /):
    """One element of the last dimension for each place of the others: ``gather`` and ``squeeze`` in one.

    Raises:
        RuntimeError: the index is out of bounds.
    """
    length = x.shape[-1]
    wrong = out_of_bounds(index, length)
    if wrong is not None:
        raise RuntimeError(f"index {wrong} is out of bounds for dimension {x.ndim - 1} with size {length}")
    if x.ndim == 1:
        return x.take(index)
    return x.reshape(-1).take(index + np.arange(0, index.size * length, length).reshape(index.shape))


pick_last = _pick_last
