"""Attention of several heads as a module, and PyTorch's choice of an implementation, of which there is one here.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html,
https://docs.pytorch.org/docs/stable/nn.attention.html
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from typing import Any

from .._core.errors import must_be_tensor
from .._core.tensor import Tensor
from ..ops.multi_head import additive_mask, attend_with_heads
from . import init
from .linear import Linear
from .module import Module
from .parameter import Parameter, new_parameter

__all__ = ["MultiheadAttention", "SDPBackend", "sdpa_kernel"]


class SDPBackend(enum.IntEnum):
    """PyTorch's implementations of `scaled_dot_product_attention`."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextlib.contextmanager
def sdpa_kernel(backends: list[SDPBackend] | SDPBackend, set_priority: bool = False) -> Iterator[None]:
    """A context in which PyTorch would choose between these implementations. Accepted, and without effect.

    Raises:
        AssertionError: what is given is no implementation.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.attention import SDPBackend, sdpa_kernel
        >>> x = tg.ones(2, 3)
        >>> with sdpa_kernel(SDPBackend.MATH):
        ...     tg.nn.functional.scaled_dot_product_attention(x, x, x).shape
        torch.Size([2, 3])
    """
    if not isinstance(backends, list | SDPBackend):
        kind = type(backends).__name__
        raise AssertionError(
            f"Backend must be an instance of SDPBackend or a list of SDPBackend instances, got {kind}"
        )
    yield


class NonDynamicallyQuantizableLinear(Linear):
    """A linear layer; the name is PyTorch's, and printed."""


class MultiheadAttention(Module):
    """Attention of several heads (Vaswani et al., 2017), with the projections before and after it.

    A boolean mask is True for what is *not* seen: the opposite of what `scaled_dot_product_attention` takes.

    Args:
        embed_dim: the length of queries and outputs.
        num_heads: how many heads; each has ``embed_dim / num_heads`` numbers.
        dropout: probability of a weight to be zeroed, in training.
        bias: whether the projections have one.
        add_bias_kv: add a learned key and value to each sequence.
        add_zero_attn: add a key and a value of zeros to each sequence.
        kdim, vdim: the lengths of keys and values, where they are not ``embed_dim``.
        batch_first: the batch is the first dimension, the sequence the second.
        device: only the CPU.
        dtype: the type of the parameters.

    Raises:
        ValueError: a size is not positive.
        AssertionError: ``embed_dim`` is no multiple of ``num_heads``.

    Example:
        >>> import tinygrad_nn as tg
        >>> attention = tg.nn.MultiheadAttention(8, num_heads=2, batch_first=True)
        >>> x = tg.zeros(3, 5, 8)
        >>> output, weights = attention(x, x, x)
        >>> output.shape, weights.shape
        (torch.Size([3, 5, 8]), torch.Size([3, 5, 5]))
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} "
                "instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError(f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}")
        options = {"device": device, "dtype": dtype}

        def parameter(wanted: bool, *shape: int) -> Parameter | None:
            return new_parameter(*shape, **options) if wanted else None

        one = self._qkv_same_embed_dim
        order = ("in", "q", "k", "v") if one else ("q", "k", "v", "in")  # that in which PyTorch registers them
        shapes = {
            "in": (one, 3 * embed_dim, embed_dim), "q": (not one, embed_dim, embed_dim),
            "k": (not one, embed_dim, self.kdim), "v": (not one, embed_dim, self.vdim),
        }  # fmt: skip
        for name in order:
            self.register_parameter(f"{name}_proj_weight", parameter(*shapes[name]))
        self.register_parameter("in_proj_bias", parameter(bias, 3 * embed_dim))
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device, dtype)
        self.bias_k = parameter(add_bias_kv, 1, 1, embed_dim)
        self.bias_v = parameter(add_bias_kv, 1, 1, embed_dim)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw new weights."""
        for name in ("in", "q", "k", "v"):
            weight = self._parameters[f"{name}_proj_weight"]
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            assert self.out_proj.bias is not None
            init.constant_(self.out_proj.bias, 0.0)
        for added in (self.bias_k, self.bias_v):
            if added is not None:
                init.xavier_normal_(added)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend.

        Args:
            query: of shape (L, N, embed_dim), (N, L, embed_dim) with `batch_first`, or (L, embed_dim).
            key, value: of shape (S, N, kdim) and (S, N, vdim), or as above.
            key_padding_mask: of shape (N, S) or (S,). True (or -inf) for keys that nobody sees.
            need_weights: give the weights as well, which takes longer.
            attn_mask: of shape (L, S) or (N * num_heads, L, S). True (or -inf) for what is not seen; other numbers are
                added to the scores.
            average_attn_weights: give the mean of all heads' weights.
            is_causal: a hint that `attn_mask` is causal; it must be given nevertheless.

        Returns:
            The output, in the query's form, and the weights or None. Where a query sees nothing, its weights are nan,
            and its output is 0 if they are not needed.

        Raises:
            AssertionError, RuntimeError: shapes or dtypes do not fit.
        """
        for place, (name, given) in enumerate((("query", query), ("key", key), ("value", value))):
            if not isinstance(given, Tensor):
                raise must_be_tensor("MultiheadAttention", name, place, given)
        kind = query._array.dtype
        padding = additive_mask(key_padding_mask, "key_padding_mask", kind, attn_mask, "attn_mask")
        out = self.out_proj
        return attend_with_heads(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k,
            self.bias_v, self.add_zero_attn, self.dropout, out.weight, out.bias, self.training, padding, need_weights,
            additive_mask(attn_mask, "attn_mask", kind), not self._qkv_same_embed_dim, self.q_proj_weight,
            self.k_proj_weight, self.v_proj_weight, None, None, average_attn_weights, is_causal,
            time=int(self.batch_first),
        )  # fmt: skip

    def merge_masks(
        self, attn_mask: Tensor | None, key_padding_mask: Tensor | None, query: Tensor
    ) -> tuple[Tensor | None, int | None]:
        """Both masks as one, and its kind: 0 or None for none, 1 for padding only, 2 for one with an attention mask."""
        if attn_mask is None:
            return key_padding_mask, None if key_padding_mask is None else 1
        batch, length = query.shape[:2]
        if attn_mask.ndim == 3:
            merged: Any = attn_mask.reshape(batch, -1, length, length)
        else:
            merged = attn_mask.reshape(1, 1, length, length).expand(batch, self.num_heads, -1, -1)
        if key_padding_mask is not None:
            merged = merged + key_padding_mask.reshape(batch, 1, 1, length).expand(-1, self.num_heads, -1, -1)
        return merged, 2
