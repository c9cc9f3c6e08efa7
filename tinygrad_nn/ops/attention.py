"""Scaled dot product attention, one node that keeps neither the scores nor the weights.

For the backward pass there is one number for each query, the logarithm of its sum of exponentials: from it the weights
are computed again. Both passes go over a few heads at a time, whose scores stay in the processor's cache (measured: a
quarter less time than all heads at once, for 128 heads of 64 x 64).

Source: Vaswani et al., arXiv:1706.03762; Dao et al., arXiv:2205.14135;
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from math import inf
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.backward import unbroadcast
from .._core.errors import broadcast_shapes, explained
from .._core.kernels import maximum_reduce, row_maxima, row_sums
from .._core.op import Integers, case, op
from .._core.sharing import share, threads_for
from .._core.tensor import Tensor, wrap
from .dropout import _noise
from .repetition import repeat_interleave
from .selection import where
from .shape import broadcast_to
from .softmax import softmax

Array = np.ndarray[Any, Any]
_BLOCK = 1 << 17  # scores at a time; twice as many for each of several threads, which wait for Python between steps
_SHARE = 1 << 18  # scores that are worth a thread
_ROWS = 64  # queries at a time, where what they see is causal
_SMALL, _TINY = 16.0, 1e-6  # exp(16) is far from overflow; sums above this need no shift


def _blocks(leading: tuple[int, ...], scores: int, most: int) -> Iterator[tuple[Any, ...]]:
    """Indices of parts of the leading dimensions, each of at most so many scores: of the last dimensions all, of one a
    few, of the first one each."""
    whole, size = len(leading), max(scores, 1)
    while whole and size * leading[whole - 1] <= most:
        whole -= 1
        size *= leading[whole]
    if not whole:
        yield ()
        return
    step = max(most // size, 1)
    for first in np.ndindex(*leading[: whole - 1]):
        for start in range(0, leading[whole - 1], step):
            yield (*first, slice(start, start + step))


def _for_each_block(compute: Callable[[tuple[Any, ...]], None], shape: tuple[int, ...]) -> None:
    """Compute something for each block of the scores, whose shape this is, in several threads where it is much."""
    if math.prod(shape) <= _BLOCK:
        compute(())
        return
    shares = math.prod(shape) // _SHARE
    several = threads_for(math.prod(shape[:-2]), shares) > 1
    parts = [*_blocks(shape[:-2], shape[-2] * shape[-1], 2 * _BLOCK if several else _BLOCK)]

    def compute_some(some: slice) -> None:
        for part in parts[some]:
            compute(part)

    share(compute_some, len(parts), shares)


def _tiles(scores: tuple[int, ...], causal: bool) -> list[tuple[slice, slice]]:
    """Queries, some at a time, each with the keys that they may see: of a causal mask, little more than half of all."""
    queries, keys = scores[-2:]
    if queries * keys <= _BLOCK and (not causal or 0 < queries <= min(_ROWS, keys)):
        return [(slice(0, queries), slice(0, queries if causal else keys))]
    step = queries if queries * keys <= _BLOCK else max(_BLOCK // keys, 1)
    step = max(min(step, _ROWS) if causal else step, 1)
    starts = range(0, queries, step)
    return [(slice(a, min(a + step, queries)), slice(0, min(a + step, keys) if causal else keys)) for a in starts]


@functools.lru_cache(maxsize=16)
def _causal_bias(queries: int, keys: int, dtype: Any) -> Array:
    """0 for what a query may see, the keys up to its own number, and -inf for the others."""
    bias = np.where(np.tri(queries, keys, dtype=np.bool_), 0, -inf).astype(dtype)
    bias.flags.writeable = False  # it is shared
    return bias


def _bias(mask: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """What a mask adds to the scores, as a view of their shape; None for nothing."""
    if mask is None:
        return None
    if mask.dtype.kind == "b":
        mask = np.where(mask, dtype.type(0), dtype.type(-inf))
    return np.broadcast_to(mask, shape)


def _scores(query: Array, turned_key: Array, bias: Any, rows: slice, keys: slice, causal: bool) -> Array:
    """The scores of some queries, scaled already, with some keys."""
    scores: Array = np.matmul(query, turned_key[..., keys])
    if bias is not None:
        scores += bias[..., rows, keys]
    if causal and rows.start < keys.stop:  # all of these queries see what stands before the first of them
        seen = scores[..., rows.start :]
        seen += _causal_bias(*seen.shape[-2:], seen.dtype)
    return scores


def _turned(x: Array) -> Array:
    """A matrix's transpose, in memory too: products of small matrices are 1.6 times as fast then."""
    return np.ascontiguousarray(x.swapaxes(-1, -2))


def _rows(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])


def _weights(scores: Array) -> tuple[Array, Array, Array]:
    """The exponentials of scores, whose memory is taken over, their sums, and the logarithm of those.

    Scores that are not large go without a shift; of the others, the largest of each row is subtracted.
    """
    shape = (*scores.shape[:-1], 1)
    if not scores.size:
        return scores, np.ones(shape, scores.dtype), np.full(shape, inf, scores.dtype)
    if maximum_reduce(scores.reshape(-1)) < _SMALL:
        powers = np.exp(scores)
        sums = row_sums(_rows(powers)).reshape(shape)
        if sums.min() > _TINY:
            return powers, sums, np.log(sums)
    top = row_maxima(_rows(scores)).reshape(shape)
    top = np.where(top == -inf, scores.dtype.type(0), top)
    scores -= top
    np.exp(scores, out=scores)
    sums = row_sums(_rows(scores)).reshape(shape)
    # a query that sees nothing gets nothing: infinity makes its weights 0, now and in the backward pass
    sums = np.where(sums == 0, scores.dtype.type(inf), sums)
    return scores, sums, np.log(sums) + top


def _add_product(x: Array, y: Array, target: Array, only: bool) -> None:
    """Add a product of matrices to the target, or if it is the only one, write it there."""
    if only:
        np.matmul(x, y, out=target)
    else:
        target += np.matmul(x, y)


def _attention_vjp(
    g: Any, query: Any, key: Any, value: Any, mask: Any, out: Any, logarithms: Any, needs: Any, scale: float,
    causal: bool, noise: Any,
) -> tuple[Any, ...]:  # fmt: skip
    shape = (*query.shape[:-1], key.shape[-2])
    bias, tiles = _bias(mask, shape, query.dtype), _tiles(shape, causal)
    shares = np.einsum("...e,...e->...", g, out)[..., None]
    only = len(tiles) == 1 and tiles[0][1].stop == shape[-1]
    of_query, of_key, of_value = (np.empty_like(x) if only else np.zeros_like(x) for x in (query, key, value))
    of_scores = np.zeros(shape, query.dtype) if needs[3] else None
    factor = query.dtype.type(scale)

    def compute(part: Any) -> None:
        scaled, turned_key, turned_value = query[part] * factor, _turned(key[part]), _turned(value[part])
        own_key, own_bias, given = key[part], bias if bias is None else bias[part], g[part]
        own_shares, own_logarithms = shares[part], logarithms[part]
        for rows, keys in tiles:
            weights = _scores(scaled[..., rows, :], turned_key, own_bias, rows, keys, causal)
            weights -= own_logarithms[..., rows, :]
            np.exp(weights, out=weights)
            slopes = np.matmul(given[..., rows, :], turned_value[..., keys])
            dropped = weights
            if noise is not None:
                own_noise = noise[part][..., rows, keys]
                slopes *= own_noise
                dropped = weights * own_noise
            _add_product(dropped.swapaxes(-1, -2), given[..., rows, :], of_value[part][..., keys, :], only)
            slopes -= own_shares[..., rows, :]
            slopes *= weights
            np.matmul(slopes, own_key[..., keys, :], out=of_query[part][..., rows, :])
            _add_product(slopes.swapaxes(-1, -2), scaled[..., rows, :], of_key[part][..., keys, :], only)
            if of_scores is not None:
                of_scores[part][..., rows, keys] = slopes

    _for_each_block(compute, shape)
    of_query *= factor
    of_mask = None if of_scores is None else unbroadcast(of_scores, mask.shape)
    return of_query, of_key, of_value, of_mask


def _attention_parts(query: Any, key: Any, value: Any, mask: Any, scale: float, causal: bool, noise: Any) -> Any:
    scores = (query * scale) @ key.swapaxes(-1, -2)
    if causal:
        scores = scores + wrap(_causal_bias(*scores.shape[-2:], scores._array.dtype))
    elif mask is not None and mask._array.dtype.kind == "b":
        scores = scores + wrap(_bias(mask._array, tuple(scores.shape), scores._array.dtype))
    elif mask is not None:
        scores = scores + mask
    blind = scores._array.max(-1, keepdims=True, initial=-inf) == -inf
    if blind.any():
        blind = wrap(np.broadcast_to(blind, scores._array.shape))
        weights = where(blind, 0.0, softmax(where(blind, 0.0, scores), -1))
    else:
        weights = softmax(scores, -1)
    return (weights if noise is None else weights * wrap(noise)) @ value


_SEES = np.array([[True, False, True], [False, False, False]])
_SHAPES = ((2, 2, 2, 4), (2, 2, 3, 4), (2, 2, 3, 5))


@op(kind="fused", vjp=_attention_vjp, parts=_attention_parts, residuals=("logarithms",), method=False,
    names=("query", "key", "value", "attn_mask"), torch_name="", node_name="ScaledDotProductAttentionBackward0",
    cases=[case(*_SHAPES, None, scale=0.5), case(*_SHAPES, None, scale=0.5, causal=True),
           case((2, 4), (3, 4), (3, 5), None, scale=-1.0), case((3, 2, 4), (3, 1, 4), (3, 1, 4), None, scale=30.0),
           case(*_SHAPES, Integers((2, 3), 2, boolean=True), scale=0.5), case(*_SHAPES, _SEES, scale=0.5),
           case(*_SHAPES, (2, 3), scale=0.5), case(*_SHAPES, (2, 1, 2, 3), scale=0.5),
           case(*_SHAPES, None, scale=0.5, noise=np.linspace(0, 2, 24).round().reshape(2, 2, 2, 3)),
           case((2, 2, 4), (2, 0, 4), (2, 0, 5), None, scale=0.5),
           case((0, 2, 4), (0, 3, 4), (0, 3, 5), None, scale=1.0)])  # fmt: skip
def _attention(query, key, value, mask, /, *, scale, causal=False, noise=None):
    """See `scaled_dot_product_attention`; all leading dimensions are equal."""
    shape = (*query.shape[:-1], key.shape[-2])
    bias, tiles = _bias(mask, shape, query.dtype), _tiles(shape, causal)
    # laid out as the query is: heads that were split off are joined again without a copy
    out = np.empty_like(query, shape=(*query.shape[:-1], value.shape[-1]))
    logarithms = np.empty((*shape[:-1], 1), query.dtype)
    factor = query.dtype.type(scale)

    def compute(part: Any) -> None:
        scaled, turned_key, own_bias = query[part] * factor, _turned(key[part]), bias if bias is None else bias[part]
        for rows, keys in tiles:
            scores = _scores(scaled[..., rows, :], turned_key, own_bias, rows, keys, causal)
            weights, sums, logarithms[part][..., rows, :] = _weights(scores)
            if noise is not None:
                weights *= noise[part][..., rows, keys]
            out[part][..., rows, :] = np.matmul(weights, value[part][..., keys, :]) / sums

    _for_each_block(compute, shape)
    return out, logarithms


# --- any arguments -----------------------------------------------------------------------------------------------


def _check(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, causal: bool) -> None:
    dims = query.ndim, key.ndim, value.ndim
    if min(dims) < 2:
        raise RuntimeError(
            f"Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: {dims[0]} key.dim: "
            f"{dims[1]} and value.dim: {dims[2]} instead."
        )
    kinds = [x._array.dtype for x in (query, key, value)]
    names = [] if kinds[0] is kinds[1] is kinds[2] is dtypes.FLOAT32 else [dtypes.type_name(kind) for kind in kinds]
    if len({*names}) > 1:
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {names[0]} key.dtype: "
            f"{names[1]} and value.dtype: {names[2]} instead."
        )
    if kinds[0].kind != "f":
        raise RuntimeError(
            f"expected scalar type Float but found {names[0]} (in scaled_dot_product_attention()). Convert the inputs "
            "first: x.float()."
        )
    (_, width), (keys, other), (values, _) = [x._array.shape[-2:] for x in (query, key, value)]
    if width != other or keys != values:
        raise RuntimeError(
            "scaled_dot_product_attention(): query and key need one length of vectors, and key and value one number "
            f"of them: got query {list(query.shape)}, key {list(key.shape)}, value {list(value.shape)}"
        )
    if mask is None:
        return
    if causal:
        raise RuntimeError(
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True. Join both into "
            "one mask."
        )
    kind = mask._array.dtype
    if kind != np.bool_ and kind not in (kinds[0], np.dtype(np.float32)):
        raise RuntimeError(
            f"Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{dtypes.type_name(kind)} and  query.dtype: {names[0]} instead. A boolean mask is True for what takes "
            "part."
        )
    if mask.ndim < 2:
        raise IndexError(
            "Dimension out of range (expected to be in range of [-1, 0], but got -2): attn_mask of "
            f"scaled_dot_product_attention() has shape {list(mask.shape)}, expected (..., queries, keys)"
        )


def _grouped(x: Tensor, heads: int, name: str) -> Tensor:
    """Key or value heads, each repeated for the query heads of its group."""
    own = x.shape[-3]
    if own == heads:
        return x
    if not own or heads % own:
        raise RuntimeError(
            f"Number of heads in key and value must divide the number of heads in query: {name} has {own}, query has "
            f"{heads}"
        )
    return repeat_interleave(x, heads // own, -3)


@explained
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(query @ key.T * scale + mask) @ value``: for each query the mean of the values whose keys are like it.

    Args:
        query: of shape (..., L, E).
        key: of shape (..., S, E).
        value: of shape (..., S, V); leading dimensions broadcast.
        attn_mask: broadcasts to (..., L, S). Boolean: True for what takes part (the opposite of what
            `MultiheadAttention` takes). Floating point: added to the scores. A query that sees nothing gets zeros.
        dropout_p: probability of a weight to be zeroed. It is not looked at whether anything is in training.
        is_causal: a query sees the keys up to its own number only.
        scale: ``1 / sqrt(E)`` by default.
        enable_gqa: each head of key and value serves a group of heads of the query.

    Returns:
        The attended values, of shape (..., L, V).

    Raises:
        RuntimeError: shapes or dtypes do not fit, or both a mask and `is_causal` are given.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> tg.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
        tensor([[1.0000, 0.0000],
                [0.3302, 0.6698]])
    """
    _check(query, key, value, attn_mask, is_causal)
    if not dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if enable_gqa:
        key, value = _grouped(key, query.shape[-3], "key"), _grouped(value, query.shape[-3], "value")
    kind = query._array.dtype
    if kind == np.float16:  # as in PyTorch, computed in float32
        mask = attn_mask if attn_mask is None or attn_mask._array.dtype == np.bool_ else attn_mask.float()
        wide = query.float(), key.float(), value.float()
        halved: Tensor = scaled_dot_product_attention(*wide, mask, dropout_p, is_causal, scale=scale).half()
        return halved
    if attn_mask is not None and attn_mask._array.dtype not in (kind, np.bool_):
        attn_mask = attn_mask.to(query.dtype)
    if not query._array.shape[:-2] == key._array.shape[:-2] == value._array.shape[:-2]:
        name = "scaled_dot_product_attention"
        leading = broadcast_shapes(name, *[tuple(x.shape[:-2]) for x in (query, key, value)])
        query, key, value = (broadcast_to(x, (*leading, *x.shape[-2:])) for x in (query, key, value))
    scores = (*query._array.shape[:-1], key._array.shape[-2])
    if attn_mask is not None and broadcast_shapes("attn_mask", tuple(attn_mask.shape), scores) != scores:
        raise RuntimeError(
            f"output with shape {list(scores)} doesn't match the broadcast shape "
            f"{list(np.broadcast_shapes(attn_mask.shape, scores))} (attn_mask of scaled_dot_product_attention())"
        )
    noise = _noise(np.empty(scores, kind), dropout_p) if dropout_p > 0 else None
    if scale is None:
        width = query._array.shape[-1]
        scale = 1 / math.sqrt(width) if width else inf
    result: Tensor = _attention(query, key, value, attn_mask, scale=scale, causal=is_causal, noise=noise)
    return result
