"""Norms of slices and of differences: ``renorm`` and ``dist``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.renorm.html, torch.dist.html
"""

from __future__ import annotations

from typing import Any

from .._core import dtypes
from .._core.errors import must_be_tensor
from .._core.inplace import check_target, store
from .._core.op import composite
from .._core.tensor import Tensor, check_dim, tensor_method
from .arithmetic import sub
from .norms import vector_norm
from .selection import where

__all__ = ["dist", "renorm"]

_SMALL = 1e-7  # what PyTorch adds to a norm before it divides by it


@composite(out=True)
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Each slice of a dimension, scaled down where its norm of order `p` is larger than `maxnorm`.

    Raises:
        RuntimeError: `p` is not positive, `maxnorm` is negative, or the input has fewer than two dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.renorm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.renorm(tg.tensor([[1.0, 1.0], [3.0, 3.0]]), p=1, dim=0, maxnorm=3)
        tensor([[1.0000, 1.0000],
                [1.5000, 1.5000]])
    """
    x = input._array
    if isinstance(p, complex):
        raise RuntimeError("renorm: p must be real-valued")
    if not p > 0:
        raise RuntimeError(f"renorm: non-positive-norm not supported, got p={p}")
    if isinstance(maxnorm, complex):
        raise RuntimeError("renorm: maxnorm must be real-valued")
    if not maxnorm >= 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if x.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {x.ndim} dimensions")
    dim = check_dim(dim, x.ndim)
    others = tuple(d for d in range(x.ndim) if d != dim)
    if x.dtype.itemsize == 2:  # float16 would lose the small number
        wide = input.to(dtypes.float32)
        return (wide * _factors(wide, p, others, maxnorm)).to(input.dtype)
    return input * _factors(input, p, others, maxnorm)


def _factors(input: Tensor, p: float, others: tuple[int, ...], maxnorm: float) -> Tensor:
    norms = vector_norm(input, p, others, True)
    factors: Tensor = where(norms > maxnorm, maxnorm / (norms + _SMALL), 1.0)
    return factors


@tensor_method
def renorm_(self: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """In-place version of `renorm`."""
    check_target(self)
    return store(self, renorm(self.clone(), p, dim, maxnorm))  # the rules need the elements as they were


@composite()
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The norm of order `p` of ``input - other``, over all elements.

    Raises:
        RuntimeError: both are of integers, or their shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.dist.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.dist(tg.tensor([0.0, 0.0]), tg.tensor([3.0, 4.0]))
        tensor(5.)
    """
    if not isinstance(other, Tensor):
        raise must_be_tensor("dist", "other", 1, other)
    difference: Any = sub(input, other)
    distance: Tensor = vector_norm(difference, p)
    return distance
