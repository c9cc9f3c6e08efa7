"""Attention of several heads, with the projections before and after it.

Source: Vaswani et al., arXiv:1706.03762;
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.multi_head_attention_forward.html
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .._core.errors import explained
from .._core.tensor import Tensor, wrap
from .attention import scaled_dot_product_attention
from .dropout import dropout
from .join import cat
from .linear_layer import linear
from .padding import pad
from .softmax import softmax

# --- masks -------------------------------------------------------------------------------------------------------


def additive_mask(mask: Tensor | None, name: str, dtype: Any, other: Tensor | None = None, other_name: str = "") -> Any:
    """A mask that is added to scores: a boolean one is -inf where it is True. None for None.

    Args:
        mask: boolean, or of floating point numbers.
        name: what it is called in errors.
        dtype: of what is made of a boolean mask.
        other, other_name: the mask that it is used beside, which should be of the same kind.

    Raises:
        AssertionError: it is of integers.
    """
    if mask is None:
        return None
    if mask._array.dtype.kind not in "bf":
        raise AssertionError(f"only bool and floating types of {name} are supported, got {mask.dtype}")
    if other is not None and other._array.dtype != mask._array.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            UserWarning,
            stacklevel=3,
        )
    if mask._array.dtype.kind == "f":
        return mask
    zeros = np.zeros(mask._array.shape, dtype)
    zeros[mask._array] = -math.inf
    return wrap(zeros)


def _fitting_mask(mask: Tensor, batch: int, heads: int, queries: int, keys: int) -> Tensor:
    """A mask of shape (queries, keys), or one of such for each head of each example, as one that broadcasts."""
    wanted = (queries, keys) if mask.ndim == 2 else (batch * heads, queries, keys)
    if tuple(mask.shape) != wanted:
        raise RuntimeError(f"The shape of the {mask.ndim}D attn_mask is {mask.shape!r}, but should be {wanted}.")
    result: Tensor = mask if mask.ndim == 2 else mask.reshape(batch, heads, queries, keys)
    return result


def _masks(
    kind: Any, padding: Tensor | None, mask: Tensor | None, is_causal: bool, need_weights: bool
) -> tuple[Any, Any, bool]:
    """Both masks as numbers that are added, or in place of one that is causal, only that it is."""
    padding = additive_mask(padding, "key_padding_mask", kind, mask, "attn_mask")
    if is_causal and mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and padding is None and not need_weights:
        return None, None, True
    return padding, additive_mask(mask, "attn_mask", kind), False


def _joined(mask: Tensor | None, padding: Tensor | None, batch: int, keys: int) -> Tensor | None:
    """Both masks as one."""
    if padding is None:
        return mask
    for place, (found, wanted) in enumerate(zip(padding.shape, (batch, keys), strict=True)):
        if found != wanted:
            raise AssertionError(f"Expected key_padded_mask.shape[{place}] to be {wanted}, but got {found}")
    padding = padding.reshape(batch, 1, 1, keys)
    return padding if mask is None else mask + padding


# --- checks ------------------------------------------------------------------------------------------------------


def _is_batched(
    query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None, heads: int
) -> bool:
    """Whether the inputs are batches.

    Raises:
        AssertionError: the numbers of dimensions do not fit.
    """
    if query.ndim not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor"
        )
    ndim, batched = query.ndim, query.ndim == 3
    start = f"For {'batched (3-D)' if batched else 'unbatched (2-D)'} `query`, expected "
    if key.ndim != ndim or value.ndim != ndim:
        raise AssertionError(
            f"{start}`key` and `value` to be {ndim}-D but found {key.ndim}-D and {value.ndim}-D tensors respectively"
        )
    if padding is not None and padding.ndim != ndim - 1:
        raise AssertionError(
            f"{start}`key_padding_mask` to be `None` or {ndim - 1}-D but found {padding.ndim}-D tensor instead"
        )
    if mask is not None and mask.ndim not in (2, 3):
        raise AssertionError(f"{start}`attn_mask` to be `None`, 2-D or 3-D but found {mask.ndim}-D tensor instead")
    if mask is not None and not batched and mask.ndim == 3:
        wanted = (heads, query.shape[0], key.shape[0])
        if tuple(mask.shape) != wanted:
            raise AssertionError(f"Expected `attn_mask` shape to be {wanted} but got {mask.shape!r}")
    return batched


def _check_lengths(query: Tensor, key: Tensor, value: Tensor, width: int, heads: int, separate: bool) -> None:
    if query.shape[-1] != width:
        raise AssertionError(f"was expecting embedding dimension of {width}, but got {query.shape[-1]}")
    if width % heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {key.shape[:2]!r} do not match value's {value.shape[:2]!r}"
        )
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape!r} does not match value shape {value.shape!r}")


# --- projections -------------------------------------------------------------------------------------------------


def _project_packed(query: Tensor, key: Tensor, value: Tensor, weight: Any, bias: Any) -> list[Tensor]:
    """Projections whose weights lie in one: one product for what is the same tensor."""
    if weight is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    width = query.shape[-1]
    if key is value and query is key:
        return list(linear(query, weight, bias).split(width, -1))
    if key is value:
        biases = (None, None) if bias is None else bias.split([width, 2 * width])
        weights = weight.split([width, 2 * width])
        return [linear(query, weights[0], biases[0]), *linear(key, weights[1], biases[1]).split(width, -1)]
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weight.chunk(3), biases, strict=True)]


def _project_separately(query: Tensor, key: Tensor, value: Tensor, weights: Any, bias: Any) -> list[Tensor]:
    """Projections that each have weights of their own."""
    width = query.shape[-1]
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    named = zip(("query", "key", "value"), (query, key, value), weights, biases, strict=True)
    found = []
    for name, x, w, b in named:
        if w is None:
            raise AssertionError(f"use_separate_proj_weight is True but {name[0]}_proj_weight is None")
        if tuple(w.shape) != (width, x.shape[-1]):
            raise AssertionError(f"expecting {name} weights shape of {(width, x.shape[-1])}, but got {w.shape!r}")
        if b is not None and tuple(b.shape) != (width,):
            raise AssertionError(f"expecting {name} bias shape of {(width,)}, but got {b.shape!r}")
        found.append(linear(x, w, b))
    return found


def _heads(x: Tensor, count: int, time: int) -> Tensor:
    """The heads of a projection, of shape (batch, heads, sequence, width)."""
    apart: Any = x.reshape(*x.shape[:-1], count, x.shape[-1] // count)
    result: Tensor = apart.transpose(1, 2) if time == 1 else apart.permute(1, 2, 0, 3)
    return result


def _static(given: Tensor | None, name: str, projected: Tensor) -> Tensor:
    """Given keys or values, of shape (batch * heads, count, width), in the place of the projected ones."""
    if given is None:
        return projected
    batch, heads, _, width = projected.shape
    for place, wanted in ((0, batch * heads), (2, width)):
        if given.shape[place] != wanted:
            raise AssertionError(f"expecting {name}.size({place}) of {wanted}, but got {given.shape[place]}")
    result: Tensor = given.reshape(batch, heads, given.shape[1], width)
    return result


def _check_added(bias_k: Any, bias_v: Any, static_k: Any, static_v: Any) -> bool:
    """Whether a key and a value are added to each sequence."""
    if (bias_k is None) != (bias_v is None):
        missing, given = ("bias_v", "bias_k") if bias_v is None else ("bias_k", "bias_v")
        raise AssertionError(f"{given} is set but {missing} is None")
    if bias_k is None:
        return False
    for name, static in (("key", static_k), ("value", static_v)):
        if static is not None:
            raise AssertionError(f"bias cannot be added to static {name}.")
    return True


def _with_added(x: Tensor, added: Any, batch: int, time: int) -> Tensor:
    """Keys or values and one more."""
    return cat([x, added.expand((1, batch, -1) if time == 0 else (batch, 1, -1))], time)


# --- attention ---------------------------------------------------------------------------------------------------


def _attend(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout_p: float, is_causal: bool, need: bool
) -> tuple[Tensor, Tensor | None]:
    """Attention of heads, and its weights if they are needed."""
    if not need:
        return scaled_dot_product_attention(query, key, value, mask, dropout_p, is_causal), None
    scores: Any = (query * math.sqrt(1.0 / query.shape[-1])) @ key.transpose(-2, -1)
    weights = softmax(scores if mask is None else mask + scores, -1)
    if dropout_p > 0.0:
        weights = dropout(weights, dropout_p)
    result: Any = weights @ value
    return result, weights


def attend_with_heads(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
    time: int = 0,
) -> tuple[Tensor, Tensor | None]:
    """See `multi_head_attention_forward`; the sequence is the dimension `time`, 0 or 1, of batches."""
    batched = _is_batched(query, key, value, key_padding_mask, attn_mask, num_heads)
    kind = query._array.dtype
    padding, mask, is_causal = _masks(kind, key_padding_mask, attn_mask, is_causal, need_weights)
    _check_lengths(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    if use_separate_proj_weight:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        projected = _project_separately(query, key, value, weights, in_proj_bias)
    else:
        projected = _project_packed(query, key, value, in_proj_weight, in_proj_bias)
    if not batched:  # a batch of one
        time, projected = 0, [x.unsqueeze(1) for x in projected]
        padding = None if padding is None else padding.unsqueeze(0)
    q, k, v = projected
    batch = q.shape[1 - time]
    if mask is not None:
        mask = _fitting_mask(mask, batch, num_heads, q.shape[time], k.shape[time])
    added = _check_added(bias_k, bias_v, static_k, static_v)
    if added:
        k, v = _with_added(k, bias_k, batch, time), _with_added(v, bias_v, batch, time)
    q, k, v = (_heads(x, num_heads, time) for x in (q, k, v))
    k, v = _static(static_k, "static_k", k), _static(static_v, "static_v", v)
    if add_zero_attn:
        zero = wrap(np.zeros((batch, num_heads, 1, q.shape[-1]), kind))
        k, v = cat([k, zero], 2), cat([v, zero], 2)
    extra = int(added) + int(add_zero_attn)  # keys that no mask hides
    if extra:
        mask, padding = (None if m is None else pad(m, (0, extra)) for m in (mask, padding))
    mask = _joined(mask, padding, batch, k.shape[2])
    attended, shares = _attend(q, k, v, mask, dropout_p if training else 0.0, is_causal, need_weights)
    # time first in memory, whatever the order asked for: as in PyTorch, so that a dropout after this draws alike
    output = linear(attended.permute(2, 0, 1, 3).flatten(2), out_proj_weight, out_proj_bias)
    if time == 1:
        output = output.transpose(0, 1)
    if shares is not None and average_attn_weights:
        shares = shares.mean(1)
    if not batched:
        output, shares = output.squeeze(1), None if shares is None else shares.squeeze(0)
    return output, shares


@explained
def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """What `MultiheadAttention` computes: projections, attention of several heads, and a last projection.

    Args:
        query: of shape (L, N, E) or, without a batch, (L, E).
        key, value: of shape (S, N, E) or (S, E).
        embed_dim_to_check: E.
        num_heads: how many heads, each of E / num_heads numbers.
        in_proj_weight, in_proj_bias: of all three projections, one after another.
        bias_k, bias_v: a key and a value that are added to each sequence.
        add_zero_attn: add a key and a value of zeros.
        dropout_p: probability of a weight to be zeroed, in training.
        out_proj_weight, out_proj_bias: of the last projection.
        training: whether there is dropout.
        key_padding_mask: of shape (N, S) or (S,). True (or -inf) for keys that nobody sees.
        need_weights: give the weights as well.
        attn_mask: of shape (L, S) or (N * num_heads, L, S). True (or -inf) for what is not seen: the opposite of what
            `scaled_dot_product_attention` takes. Other numbers are added to the scores.
        use_separate_proj_weight: take `q_proj_weight`, `k_proj_weight` and `v_proj_weight`.
        static_k, static_v: keys and values that take the place of the projected ones.
        average_attn_weights: give the mean of all heads' weights.
        is_causal: a hint that `attn_mask`, which must be given, is causal.

    Returns:
        The output, in the query's form, and the weights, of shape (N, L, S), (N, num_heads, L, S) or, without a batch,
        these without the N; or None. Where a query sees nothing, its weights are nan, and its output is 0 if they are
        not needed.

    Raises:
        AssertionError, RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> x, eye = tg.eye(2), tg.eye(2)
        >>> output, weights = tg.nn.functional.multi_head_attention_forward(
        ...     x, x, x, 2, 1, tg.cat([eye, eye, eye]), None, None, None, False, 0.0, eye, None
        ... )
        >>> output
        tensor([[0.6698, 0.3302],
                [0.3302, 0.6698]])
    """
    return attend_with_heads(
        query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn,
        dropout_p, out_proj_weight, out_proj_bias, training, key_padding_mask, need_weights, attn_mask,
        use_separate_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, static_k, static_v,
        average_attn_weights, is_causal,
    )  # fmt: skip
