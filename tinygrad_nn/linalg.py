"""Linear algebra, under PyTorch's name ``torch.linalg``: what training programs use of it.

Source: https://docs.pytorch.org/docs/stable/linalg.html
"""

from __future__ import annotations

from typing import Any

from ._core.tensor import Tensor
from .ops.linalg import matmul
from .ops.norms import vector_norm

__all__ = ["matmul", "norm", "vector_norm"]


def norm(
    A: Tensor,  # noqa: N803 - PyTorch's name
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """Vector norm, or the Frobenius norm of a matrix.

    Without `ord` it is the 2-norm of all elements, or along `dim`. Of matrix norms there is ``"fro"`` only.

    Raises:
        RuntimeError: another norm of a matrix is asked for.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import linalg
        >>> linalg.norm(tg.tensor([[3.0, 0.0], [0.0, 4.0]]))
        tensor(5.)
    """
    matrix = A.ndim == 2 if dim is None else isinstance(dim, tuple | list) and len(dim) == 2
    if ord not in (None, "fro") and (matrix or isinstance(ord, str)):
        raise RuntimeError(
            f"linalg.norm: Order {ord} not supported for a matrix. Of matrix norms there is 'fro'; for the norm of all "
            "elements as a vector use linalg.vector_norm(A, ord)."
        )
    return vector_norm(A, 2 if ord in (None, "fro") else ord, dim, keepdim, dtype=dtype)
