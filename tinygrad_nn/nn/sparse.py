"""Tables of vectors that are looked up by number.

Source: https://docs.pytorch.org/docs/stable/nn.html#sparse-layers
"""

from __future__ import annotations

from typing import Any, TypeVar

from .._core.tensor import Tensor
from . import functional, init
from .module import Module
from .parameter import Parameter, new_parameter

__all__ = ["Embedding"]

E = TypeVar("E", bound="Embedding")


class Embedding(Module):
    """A table of vectors, looked up by integers: shape (...) to (..., embedding_dim).

    Args:
        num_embeddings: the number of vectors.
        embedding_dim: their length.
        padding_idx: the number of a vector that starts at zero and gets no gradient.
        max_norm: vectors that are looked up and longer than this are shortened, in the table itself.
        norm_type: the p of the norm that measures this.
        scale_grad_by_freq: divide gradients by how often their vector was looked up.
        sparse: accepted for PyTorch's sake; gradients are dense.
        device: only the CPU.
        dtype: the type of the vectors.

    Raises:
        AssertionError: ``padding_idx`` is out of range.

    Example:
        >>> import tinygrad_nn as tg
        >>> table = tg.nn.Embedding(10, 3, padding_idx=0)
        >>> table(tg.tensor([[1, 2, 0]])).shape
        torch.Size([1, 3, 3])
        >>> table(tg.tensor(0)).tolist()
        [0.0, 0.0, 0.0]
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError(
                    f"Padding_idx must be within num_embeddings, got {padding_idx} and {num_embeddings}"
                )
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if _weight is None:
            self.weight = new_parameter(num_embeddings, embedding_dim, dtype=dtype, device=device)
            self.reset_parameters()
        else:
            if list(_weight.shape) != [num_embeddings, embedding_dim]:
                raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
            self.weight = Parameter(_weight)
        self.weight.requires_grad_(not _freeze)

    def reset_parameters(self) -> None:
        """Draw new vectors."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight._array[self.padding_idx] = 0

    def forward(self, input: Tensor) -> Tensor:
        """The vectors of these numbers."""
        return functional.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self) -> str:
        """The sizes, and the options that are not the usual ones."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        return text + (", sparse=True" if self.sparse else "")

    @classmethod
    def from_pretrained(
        cls: type[E],
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> E:
        """A table of these vectors, which unless `freeze` is false are not learned.

        Raises:
            AssertionError: ``embeddings`` has not two dimensions.

        Example:
            >>> import tinygrad_nn as tg
            >>> table = tg.nn.Embedding.from_pretrained(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
            >>> table(tg.tensor([1]))
            tensor([[3., 4.]])
        """
        if embeddings.ndim != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, columns = embeddings.shape
        return cls(rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)
