"""Attention, of one head and of several."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import FLOATS, Constant, arrays
from .losses import HALF
from .table import Call, Draw, drawn

NONE = "PyTorch has none for its fused attention"


def mask_for(draw: Draw, x: Any, shape: tuple[int, ...]) -> Any:
    """A boolean mask, or one of numbers (some -inf), in a shape that broadcasts; at times one that does not."""
    leading = draw(st.sampled_from([shape[:-2], (), tuple(1 for _ in shape[:-2])]))
    wrong = [(shape[-2] + 1, shape[-1])] if 0 not in shape else []
    lengths = draw(st.sampled_from([shape[-2:]] * 5 + [(1, shape[-1]), *wrong]))
    wanted = (*leading, *lengths)
    if draw(st.booleans()):
        return draw(arrays((np.bool_,), wanted))
    mask = draw(arrays((x.dtype,), wanted, domain=(-2.0, 2.0)))
    if draw(st.booleans()):
        mask = np.where(draw(arrays((np.bool_,), wanted)), mask, np.asarray(-np.inf, mask.dtype))
        return mask.view(Constant)
    return mask


@drawn("nn.functional.scaled_dot_product_attention", second=False, reason=NONE, examples=200, tolerance=10)
def scaled_dot_product_attention(draw: Draw) -> Call:
    leading: Any = draw(st.sampled_from([(), (2,), (2, 2), (1, 3), (2, 1, 2)]))
    queries, keys, width, other = (draw(st.integers(0 if i < 2 else 1, 4)) for i in range(4))
    q = draw(arrays((*FLOATS, *HALF), (*leading, queries, width)))
    grouped = bool(leading) and leading[-1] > 1 and draw(st.booleans())
    own = (*leading[:-1], 1) if grouped else leading
    longer = keys and queries and draw(st.integers(0, 19)) == 19  # of empty ones PyTorch does not look at the length
    k = draw(arrays((q.dtype,), (*own, keys, width + bool(longer))))
    v = draw(arrays((q.dtype,), (*own, keys, width if draw(st.booleans()) else other)))
    given: dict[str, Any] = {"enable_gqa": True} if grouped else {}
    choice = draw(st.integers(0, 3))
    if choice == 1:
        given["is_causal"] = True
    elif choice >= 2:
        given["attn_mask"] = mask_for(draw, q, (*leading, queries, keys))
        # Not with is_causal beside it: of PyTorch's ways to compute it, one refuses both, and another takes them.
    if draw(st.integers(0, 2)) == 0:
        given["scale"] = draw(st.sampled_from([0.5, 2.0, 0.0]))
    if draw(st.integers(0, 4)) == 0:
        some = 0 not in (*leading, queries, keys)
        given["dropout_p"] = draw(st.sampled_from([0.25, 0.5, *([1.5] if some else [])]))
    return Call(q, k, v, **given)


@drawn("nn.functional.multi_head_attention_forward", second=False, reason=NONE, examples=100, tolerance=10)
def multi_head_attention_forward(draw: Draw) -> Call:
    heads, head = draw(st.sampled_from([(1, 2), (2, 2), (3, 1)]))
    width, queries, batch = heads * head, draw(st.integers(1, 3)), draw(st.integers(1, 2))
    batched = draw(st.booleans())
    between = (batch,) if batched else ()
    batch = batch if batched else 1
    q = draw(arrays(FLOATS, (queries, *between, width)))
    count = queries + draw(st.integers(0, 1))
    k = draw(arrays((q.dtype,), (count, *between, width)))

    def weight(*shape: int) -> Any:
        return draw(arrays((q.dtype,), shape, domain=(-1.0, 1.0)))

    bias = weight(3 * width) if draw(st.booleans()) else None
    added = (weight(1, 1, width), weight(1, 1, width)) if draw(st.integers(0, 2)) == 0 else (None, None)
    given: dict[str, Any] = {"need_weights": draw(st.booleans())}
    if draw(st.booleans()):
        given["average_attn_weights"] = draw(st.booleans())
    if draw(st.integers(0, 2)) == 0:  # the first key is always seen
        hidden = draw(arrays((np.bool_,), (*between, count)))
        hidden[..., :1] = False
        given["key_padding_mask"] = np.ascontiguousarray(hidden)
    if draw(st.integers(0, 2)) == 0:
        shape: Any = (queries, count) if draw(st.booleans()) else (batch * heads, queries, count)
        given["attn_mask"] = draw(arrays((q.dtype,), shape, domain=(-1.0, 1.0)))
    dropout = draw(st.sampled_from([0.0, 0.0, 0.5]))
    if draw(st.booleans()):
        given["training"] = draw(st.booleans())
    zero = draw(st.booleans())
    separate = draw(st.integers(0, 2)) == 0
    if separate:
        given |= {"use_separate_proj_weight": True, "q_proj_weight": weight(width, width)}
        given |= {"k_proj_weight": weight(width, width), "v_proj_weight": weight(width, width)}
    packed = None if separate else weight(3 * width, width)
    v = draw(arrays((q.dtype,), k.shape))
    end = weight(width, width), weight(width) if bias is not None else None
    return Call(q, k, v, width, heads, packed, bias, *added, zero, dropout, *end, **given)
