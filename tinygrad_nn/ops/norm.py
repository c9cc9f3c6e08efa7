"""``norm``, of vectors and of matrices.

Source: https://docs.pytorch.org/docs/stable/generated/torch.norm.html
"""

from __future__ import annotations

from typing import Any

from .._core.op import composite
from .._core.tensor import Tensor
from .matrix_norms import matrix_norm
from .norms import in_dtype, vector_norm

__all__ = ["norm"]


@composite(out=True)
def norm(
    input: Tensor, p: float | str | None = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Tensor:
    """Vector norm of order `p` over all elements or dimensions. ``"fro"`` and None mean 2.

    ``p="nuc"`` is the sum of a matrix's singular values, over two dimensions. Other norms of matrices are those of
    `linalg.matrix_norm`.

    Raises:
        RuntimeError: the elements are integers, or there is no such order.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[3.0, 4.0], [6.0, 8.0]])
        >>> x.norm(dim=1), x.norm(p=1)
        (tensor([ 5., 10.]), tensor(21.))
    """
    if isinstance(p, str):
        dims = (dim,) if isinstance(dim, int) else dim
        if p not in ("fro", "nuc"):
            in_dtype("linalg.matrix_norm", input, dtype)
            raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported. norm() expected a number, 'fro' or None.")
        if p == "nuc" or (dims is not None and len(dims) > 2):
            chosen = tuple(range(input.ndim)) if dims is None else dims
            return matrix_norm(input, p, chosen, keepdim, dtype=dtype)
    order: Any = 2 if p is None or p == "fro" else p
    return vector_norm(input, order, dim, keepdim, dtype=dtype)
