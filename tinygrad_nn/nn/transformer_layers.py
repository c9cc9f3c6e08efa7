"""The layers of transformers: attention and a network, each added to what goes in and normalised.

Source: Vaswani et al., arXiv:1706.03762; Xiong et al., arXiv:2002.04745 (normalising first);
https://docs.pytorch.org/docs/stable/nn.html#transformer-layers
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.tensor import Tensor
from . import functional
from .activation import GELU, ReLU
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

__all__ = ["TransformerDecoderLayer", "TransformerEncoderLayer"]

Activation = Callable[[Tensor], Tensor]


def _get_activation_fn(given: str | Activation) -> Activation:
    """The function of a name, or the function itself.

    Raises:
        RuntimeError: there is none of this name.
    """
    if not isinstance(given, str):
        return given
    if given not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {given}")
    return functional.relu if given == "relu" else functional.gelu


class TransformerEncoderLayer(Module):
    """Self-attention and a network of two linear layers.

    Args:
        d_model: the length of what goes in and out.
        nhead: how many heads.
        dim_feedforward: the width of the network.
        dropout: probability of an element to be zeroed, in training.
        activation: ``"relu"``, ``"gelu"``, or a function.
        layer_norm_eps: of the layer norms.
        batch_first: the batch is the first dimension, the sequence the second.
        norm_first: normalise before attention and network, instead of after.
        bias: whether linear layers and norms have one.
        device: only the CPU.
        dtype: the type of the parameters.

    Raises:
        RuntimeError: there is no such activation.

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.TransformerEncoderLayer(d_model=8, nhead=2, dim_feedforward=16)
        >>> layer(tg.zeros(5, 3, 8)).shape
        torch.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = functional.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        made = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, device=device, dtype=dtype
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, **made)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **made)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        activation = _get_activation_fn(activation)
        is_relu = activation is functional.relu or isinstance(activation, ReLU)
        is_gelu = activation is functional.gelu or isinstance(activation, GELU)
        self.activation_relu_or_gelu = 1 if is_relu else 2 if is_gelu else 0
        self.activation = activation

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Attend, and run the network.

        Args:
            src: of shape (S, N, E), (N, S, E) with `batch_first`, or (S, E).
            src_mask: of shape (S, S) or (N * nhead, S, S): see `MultiheadAttention`.
            src_key_padding_mask: of shape (N, S) or (S,).
            is_causal: a hint that `src_mask` is causal.
        """
        x: Tensor = src
        if self.norm_first:
            x = x + self._attend(self.norm1(x), src_mask, src_key_padding_mask, is_causal)
            x = x + self._feed_forward(self.norm2(x))
        else:
            x = self.norm1(x + self._attend(x, src_mask, src_key_padding_mask, is_causal))
            x = self.norm2(x + self._feed_forward(x))
        return x

    def _attend(self, x: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool) -> Tensor:
        attended, _ = self.self_attn(
            x, x, x, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=is_causal
        )
        result: Tensor = self.dropout1(attended)
        return result

    def _feed_forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))
        return result


class TransformerDecoderLayer(Module):
    """Self-attention, attention to what the encoder gave, and a network of two linear layers.

    Args:
        d_model: the length of what goes in and out.
        nhead: how many heads.
        dim_feedforward: the width of the network.
        dropout: probability of an element to be zeroed, in training.
        activation: ``"relu"``, ``"gelu"``, or a function.
        layer_norm_eps: of the layer norms.
        batch_first: the batch is the first dimension, the sequence the second.
        norm_first: normalise before attention and network, instead of after.
        bias: whether linear layers and norms have one.
        device: only the CPU.
        dtype: the type of the parameters.

    Raises:
        RuntimeError: there is no such activation.

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.TransformerDecoderLayer(d_model=8, nhead=2, dim_feedforward=16)
        >>> layer(tg.zeros(5, 3, 8), tg.zeros(7, 3, 8)).shape
        torch.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = functional.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        made = {"device": device, "dtype": dtype}
        self.self_attn, self.multihead_attn = (
            MultiheadAttention(
                d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, device=device, dtype=dtype
            )
            for _ in range(2)
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, **made)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **made)
        self.norm_first = norm_first
        self.norm1, self.norm2, self.norm3 = (
            LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made) for _ in range(3)
        )
        self.dropout1, self.dropout2, self.dropout3 = (Dropout(dropout) for _ in range(3))
        self.activation = _get_activation_fn(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Attend to the target and to the memory, and run the network.

        Args:
            tgt: of shape (T, N, E), (N, T, E) with `batch_first`, or (T, E).
            memory: what the encoder gave.
            tgt_mask, memory_mask: of shape (T, T) and (T, S), or one for each head of each example.
            tgt_key_padding_mask, memory_key_padding_mask: of shape (N, T) and (N, S), or without the N.
            tgt_is_causal, memory_is_causal: hints that the masks are causal.
        """
        own = tgt_mask, tgt_key_padding_mask, tgt_is_causal
        other = memory_mask, memory_key_padding_mask, memory_is_causal
        x: Tensor = tgt
        if self.norm_first:
            x = x + self._attend(self.norm1(x), *own)
            x = x + self._attend_memory(self.norm2(x), memory, *other)
            x = x + self._feed_forward(self.norm3(x))
        else:
            x = self.norm1(x + self._attend(x, *own))
            x = self.norm2(x + self._attend_memory(x, memory, *other))
            x = self.norm3(x + self._feed_forward(x))
        return x

    def _attend(self, x: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool) -> Tensor:
        attended, _ = self.self_attn(
            x, x, x, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=is_causal
        )
        result: Tensor = self.dropout1(attended)
        return result

    def _attend_memory(
        self, x: Tensor, memory: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool
    ) -> Tensor:
        attended, _ = self.multihead_attn(
            x, memory, memory, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=is_causal
        )
        result: Tensor = self.dropout2(attended)
        return result

    def _feed_forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))
        return result
