"""Attention of several heads, and transformers: every option, mask and form of the input."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import Input, booleans, layer, normal, refused

FIRST: dict[str, Any] = {"second": False, "reason": "PyTorch has no second derivative of its fused attention"}
CAUSAL = np.triu(np.full((4, 4), -np.inf), 1)


def same(*shape: int) -> Any:
    """Call a module with one tensor as query, key and value."""
    return lambda package, args: [args[0]] * 3


def pair(package: Any, args: list[Any]) -> list[Any]:
    """Call a module with one tensor as key and value."""
    return [args[0], args[1], args[1]]


def masks(**given: Any) -> dict[str, Any]:
    """Arguments by keyword, boolean arrays among them."""
    return {name: np.array(value) if isinstance(value, list) else value for name, value in given.items()}


def additive(*shape: int) -> Input:
    """A mask of numbers that are added to the scores."""
    return normal(*shape)


LAST_HIDDEN = [[False, False, False, True], [False, False, True, True], [False] * 4]  # of three sequences of four

# --- multi-head attention ----------------------------------------------------------------------------------------

for _options in (
    "", ", bias=False", ", add_bias_kv=True", ", add_zero_attn=True", ", add_bias_kv=True, add_zero_attn=True",
    ", batch_first=True", ", dropout=0.5", ", add_bias_kv=True, add_zero_attn=True, batch_first=True, dropout=0.25",
):  # fmt: skip
    _source = f"nn.MultiheadAttention(6, 2{_options})"
    _first = "batch_first" in _options
    _shape = (3, 4, 6) if _first else (4, 3, 6)
    _other = (3, 5, 6) if _first else (5, 3, 6)
    layer(_source, normal(*_shape), prepare=same())
    layer(_source, normal(*_shape), normal(*_other), prepare=pair)
    layer(_source, normal(*_shape), normal(*_other), normal(*_other))
    layer(_source, normal(4, 6), prepare=same())
    layer(_source, normal(4, 6), normal(5, 6), normal(5, 6))
    layer(_source, normal(*_shape), prepare=same(), options=masks(key_padding_mask=LAST_HIDDEN))
    layer(
        _source, normal(*_shape), prepare=same(), options=masks(attn_mask=booleans(4, 4)), second=False,
        values=lambda result: [x.nan_to_num(2.0) for x in result], reason="rows that see nothing are nan",
    )  # fmt: skip
    _both = masks(attn_mask=additive(6, 4, 4), key_padding_mask=additive(3, 4))
    layer(_source, normal(*_shape), prepare=same(), options=_both)
    layer(_source, normal(*_shape), prepare=same(), options=masks(average_attn_weights=False))
    _both = masks(attn_mask=additive(2, 4, 4), average_attn_weights=False)
    layer(_source, normal(4, 6), prepare=same(), options=_both)
    for _masks in (
        {}, {"attn_mask": additive(4, 4)}, {"attn_mask": additive(6, 4, 4)}, {"key_padding_mask": LAST_HIDDEN},
        {"attn_mask": CAUSAL == 0, "key_padding_mask": LAST_HIDDEN}, {"attn_mask": CAUSAL < 0},
        {"attn_mask": CAUSAL < 0, "is_causal": True},
    ):  # fmt: skip
        layer(_source, normal(*_shape), prepare=same(), options=masks(need_weights=False, **_masks), **FIRST)
    _both = masks(need_weights=False, key_padding_mask=[False, True, False, False])
    layer(_source, normal(4, 6), prepare=same(), options=_both, **FIRST)
for _options in ("kdim=3, vdim=5", "kdim=3, vdim=5, bias=False, batch_first=True", "kdim=3, vdim=5, add_bias_kv=True"):
    _first = "batch_first" in _options
    layer(f"nn.MultiheadAttention(6, 3, {_options})", normal(4, 3, 6), *(
        (normal(4, 5, 3), normal(4, 5, 5)) if _first else (normal(5, 3, 3), normal(5, 3, 5))))  # fmt: skip
layer("nn.MultiheadAttention(6, 6)", normal(1, 1, 6), prepare=same())

refused("nn.MultiheadAttention(6, 4)")
refused("nn.MultiheadAttention(0, 1)")
refused("nn.MultiheadAttention(6, 0)")
refused("nn.MultiheadAttention(6, 2)", normal(6), normal(6), normal(6))
refused("nn.MultiheadAttention(6, 2)", normal(4, 3, 6), normal(5, 6), normal(5, 6))
refused("nn.MultiheadAttention(6, 2)", normal(4, 3, 5), normal(4, 3, 5), normal(4, 3, 5))
refused("nn.MultiheadAttention(6, 2)", normal(4, 3, 6), normal(5, 3, 6), normal(4, 3, 6))
refused("nn.MultiheadAttention(6, 2, kdim=3)", normal(4, 3, 6), normal(5, 3, 6), normal(5, 3, 6))
refused("nn.MultiheadAttention(6, 2, kdim=3)", normal(4, 3, 6), normal(5, 3, 3), normal(4, 3, 6))
for _masks in (
    {"attn_mask": additive(3, 4)}, {"attn_mask": additive(2, 4, 4)}, {"attn_mask": additive(4)},
    {"attn_mask": np.ones((4, 4), np.int64)}, {"key_padding_mask": additive(3, 5)}, {"key_padding_mask": additive(4)},
    {"key_padding_mask": additive(2, 4)}, {"is_causal": True},
):  # fmt: skip
    refused("nn.MultiheadAttention(6, 2)", normal(4, 3, 6), normal(4, 3, 6), normal(4, 3, 6), options=_masks)
refused(
    "nn.MultiheadAttention(6, 2)", normal(4, 6), normal(4, 6), normal(4, 6), options={"attn_mask": additive(3, 4, 4)}
)
refused("nn.MultiheadAttention(6, 2).double()", normal(4, 3, 6), normal(4, 3, 6), normal(4, 3, 6))

# --- transformers ------------------------------------------------------------------------------------------------

for _options in (
    "", ", norm_first=True", ", activation='gelu'", ", activation=nn.functional.silu, dropout=0.0", ", bias=False",
    ", batch_first=True, layer_norm_eps=1e-3",
    ", norm_first=True, batch_first=True, activation=nn.functional.gelu, dropout=0.0",
):  # fmt: skip
    _first = "batch_first" in _options
    _source, _other = ((3, 5, 6), (3, 4, 6)) if _first else ((5, 3, 6), (4, 3, 6))
    _layer = f"nn.TransformerEncoderLayer(6, 2, 8{_options})"
    for _made in (_layer, f"nn.TransformerEncoder({_layer}, 2, nn.LayerNorm(6))"):
        layer(_made, normal(*_other), **FIRST)
        layer(_made, normal(4, 6), **FIRST)
        layer(_made, normal(*_other), CAUSAL < 0, **FIRST)
        layer(_made, normal(*_other), None, np.array(LAST_HIDDEN), **FIRST)
        layer(_made, normal(*_other), additive(6, 4, 4), additive(3, 4), **FIRST)
    _layer = f"nn.TransformerDecoderLayer(6, 2, 8{_options})"
    for _made in (_layer, f"nn.TransformerDecoder({_layer}, 2)"):
        layer(_made, normal(*_other), normal(*_source), **FIRST)
        layer(_made, normal(4, 6), normal(5, 6), **FIRST)
        _padding = np.array(LAST_HIDDEN)
        layer(_made, normal(*_other), normal(*_source), CAUSAL < 0, None, _padding, **FIRST)
        layer(_made, normal(*_other), normal(*_source), additive(4, 4), additive(4, 5), None, additive(3, 5),
              **FIRST)  # fmt: skip
    layer(f"nn.Transformer(6, 2, 1, 2, 8{_options})", normal(*_source), normal(*_other), **FIRST)
    layer(f"nn.Transformer(6, 2, 1, 2, 8{_options})", normal(*_source), normal(*_other), **FIRST,
          options={"tgt_mask": CAUSAL < 0, "tgt_key_padding_mask": np.array(LAST_HIDDEN)})  # fmt: skip
# of decoder layers with such an activation PyTorch's copies have relu
layer("nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 8, activation=nn.GELU()), 2)", normal(4, 3, 6), **FIRST)
layer("nn.TransformerDecoderLayer(6, 2, 8, activation=nn.GELU())", normal(4, 3, 6), normal(5, 3, 6), **FIRST)
layer("nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 8, batch_first=True), 1, enable_nested_tensor=False)",
      normal(3, 4, 6), **FIRST)  # fmt: skip
layer("nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 8), 1)",
      normal(4, 3, 6), CAUSAL.astype(np.float32), None, True, types=("float32",), **FIRST)  # fmt: skip
layer("nn.Transformer(6, 2, 1, 1, 8)", normal(5, 6), normal(4, 6), **FIRST)
layer("nn.Transformer(6, 2, 1, 1, 8, custom_encoder=nn.Identity(), dropout=0.0).decoder",
      normal(4, 3, 6), normal(5, 3, 6), **FIRST)  # fmt: skip

refused("nn.TransformerEncoderLayer(6, 2, 8, activation='tanh')")
refused("nn.TransformerDecoderLayer(6, 2, 8, activation='tanh')")
refused("nn.TransformerEncoderLayer(6, 4, 8)")
refused("nn.TransformerEncoderLayer(6, 2, 8)", normal(4, 3, 5))
refused("nn.TransformerEncoderLayer(6, 2, 8)", normal(4, 3, 6), np.ones((4, 4), np.int64))
refused("nn.TransformerEncoderLayer(6, 2, 8)", normal(4, 3, 6), None, additive(4, 4))
refused("nn.TransformerDecoderLayer(6, 2, 8)", normal(4, 3, 6), normal(5, 2, 6))
refused("nn.Transformer(6, 2, 1, 1, 8)", normal(5, 3, 6), normal(4, 2, 6))
refused("nn.Transformer(6, 2, 1, 1, 8, batch_first=True)", normal(5, 3, 6), normal(4, 3, 6))
refused("nn.Transformer(6, 2, 1, 1, 8)", normal(5, 3, 6), normal(4, 3, 5))
