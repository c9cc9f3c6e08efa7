"""The transformer: encoder and decoder, and their layers.

Source: Vaswani et al., arXiv:1706.03762; https://docs.pytorch.org/docs/stable/nn.html#transformer-layers
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.tensor import Tensor, wrap
from ..ops.multi_head import additive_mask
from . import functional, init
from .containers import ModuleList
from .module import Module
from .normalization import LayerNorm
from .transformer_layers import TransformerDecoderLayer, TransformerEncoderLayer

__all__ = ["Transformer", "TransformerDecoder", "TransformerEncoder"]


def subsequent_mask(size: int, dtype: Any = None) -> Tensor:
    """A mask of -inf above the diagonal and 0 elsewhere: nobody sees what comes after."""
    kind = dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)
    return wrap(np.triu(np.full((size, size), -math.inf, kind), 1))


def _is_causal(mask: Tensor | None, hint: bool | None, size: int) -> bool:
    """The hint, or without one whether the mask is that of a sequence of this length, in which nobody looks ahead."""
    if hint is not None or mask is None:
        return hint is True
    causal = subsequent_mask(size, mask.dtype)._array
    return mask._array.shape == causal.shape and bool((mask._array == causal).all())


def _get_clones(module: Module, N: int) -> ModuleList:  # noqa: N803 - PyTorch's name
    return ModuleList([copy.deepcopy(module) for _ in range(N)])


class TransformerEncoder(Module):
    """A stack of encoder layers.

    Args:
        encoder_layer: copied so many times; all layers start with the same parameters.
        num_layers: how many.
        norm: applied at the end.
        enable_nested_tensor, mask_check: accepted for PyTorch's sake: how it computes, not what.

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.TransformerEncoderLayer(d_model=8, nhead=2, dim_feedforward=16, batch_first=True)
        >>> encoder = tg.nn.TransformerEncoder(layer, num_layers=2)
        >>> encoder(tg.zeros(3, 5, 8)).shape
        torch.Size([3, 5, 8])
    """

    def __init__(
        self,
        encoder_layer: Any,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _get_clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = False
        self.mask_check = mask_check

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """Run through the layers.

        Args:
            src: of shape (S, N, E), (N, S, E) if the layers are batch-first, or (S, E).
            mask: of shape (S, S) or (N * nhead, S, S): see `MultiheadAttention`.
            src_key_padding_mask: of shape (N, S) or (S,).
            is_causal: whether `mask` is causal; found out if left out.
        """
        kind = src._array.dtype
        padding = additive_mask(src_key_padding_mask, "src_key_padding_mask", kind, mask, "mask")
        mask = additive_mask(mask, "mask", kind)
        time = 1 if src.ndim == 3 and self.layers[0].self_attn.batch_first else 0
        causal = _is_causal(mask, is_causal, src.shape[time])
        output: Any = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        result: Tensor = output if self.norm is None else self.norm(output)
        return result


class TransformerDecoder(Module):
    """A stack of decoder layers.

    Args:
        decoder_layer: copied so many times; all layers start with the same parameters.
        num_layers: how many.
        norm: applied at the end.

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.TransformerDecoderLayer(d_model=8, nhead=2, dim_feedforward=16)
        >>> decoder = tg.nn.TransformerDecoder(layer, num_layers=2)
        >>> decoder(tg.zeros(5, 3, 8), tg.zeros(7, 3, 8)).shape
        torch.Size([5, 3, 8])
    """

    def __init__(self, decoder_layer: Any, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _get_clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Run through the layers.

        Args:
            tgt: of shape (T, N, E), (N, T, E) if the layers are batch-first, or (T, E).
            memory: what the encoder gave.
            tgt_mask, memory_mask: of shape (T, T) and (T, S), or one for each head of each example.
            tgt_key_padding_mask, memory_key_padding_mask: of shape (N, T) and (N, S), or without the N.
            tgt_is_causal: whether `tgt_mask` is causal; found out if left out.
            memory_is_causal: whether `memory_mask` is.
        """
        time = 1 if tgt.ndim == 3 and self.layers[0].self_attn.batch_first else 0
        causal = _is_causal(tgt_mask, tgt_is_causal, tgt.shape[time])
        output: Any = tgt
        for layer in self.layers:
            output = layer(
                output, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )  # fmt: skip
        result: Tensor = output if self.norm is None else self.norm(output)
        return result


class Transformer(Module):
    """A transformer of encoder and decoder.

    Args:
        d_model: the length of what goes in and out.
        nhead: how many heads.
        num_encoder_layers, num_decoder_layers: how many layers.
        dim_feedforward: the width of the layers' networks.
        dropout: probability of an element to be zeroed, in training.
        activation: ``"relu"``, ``"gelu"``, or a function.
        custom_encoder, custom_decoder: modules that take the place of the made ones.
        layer_norm_eps: of the layer norms.
        batch_first: the batch is the first dimension, the sequence the second.
        norm_first: normalise before attention and network, instead of after.
        bias: whether linear layers and norms have one.
        device: only the CPU.
        dtype: the type of the parameters.

    Example:
        >>> import tinygrad_nn as tg
        >>> model = tg.nn.Transformer(8, 2, 1, 1, 16)
        >>> model(tg.zeros(7, 3, 8), tg.zeros(5, 3, 8)).shape
        torch.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = functional.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        options = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device,
            dtype,
        )  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype)

        if custom_encoder is None:
            custom_encoder = TransformerEncoder(TransformerEncoderLayer(*options), num_encoder_layers, norm())
        if custom_decoder is None:
            custom_decoder = TransformerDecoder(TransformerDecoderLayer(*options), num_decoder_layers, norm())
        self.encoder = custom_encoder
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Encode the source, and decode the target with it.

        Args:
            src, tgt: of shape (S, N, E) and (T, N, E), (N, S, E) and (N, T, E) with `batch_first`, or (S, E) and
                (T, E).
            src_mask, tgt_mask, memory_mask: of shape (S, S), (T, T) and (T, S), or one for each head of each example.
            src_key_padding_mask, tgt_key_padding_mask, memory_key_padding_mask: of shape (N, S), (N, T) and (N, S).
            src_is_causal, tgt_is_causal: whether the masks are causal; found out if left out.
            memory_is_causal: whether `memory_mask` is.

        Raises:
            RuntimeError: the batches differ in size, or the vectors have another length.
        """
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and src.size(batch) != tgt.size(batch):
            raise RuntimeError(
                f"the batch number of src and tgt must be equal, got {src.size(batch)} and {tgt.size(batch)}"
            )
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError(
                "the feature number of src and tgt must be equal to d_model, got "
                f"{src.size(-1)} and {tgt.size(-1)} for {self.d_model}"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        output: Tensor = self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )  # fmt: skip
        return output

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """A mask of -inf above the diagonal and 0 elsewhere: nobody sees what comes after.

        Example:
            >>> import tinygrad_nn as tg
            >>> tg.nn.Transformer.generate_square_subsequent_mask(2)
            tensor([[0., -inf],
                    [0., 0.]])
        """
        return subsequent_mask(sz, dtype)

    def _reset_parameters(self) -> None:
        """Draw new weights."""
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)
