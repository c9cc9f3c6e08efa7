"""Transforms of the pieces of a tensor, and of its shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._core.tensor import Size, Tensor
from ...ops.join import cat, stack
from .. import constraints
from ..utils import _sum_rightmost, lazy_property
from .transform import Transform

__all__ = ["CatTransform", "ReshapeTransform", "StackTransform"]


class ReshapeTransform(Transform):
    """Another shape for the last dimensions.

    Raises:
        ValueError: the shapes have different numbers of elements.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.distributions import ReshapeTransform
        >>> ReshapeTransform((4,), (2, 2))(tg.zeros(3, 4)).shape
        torch.Size([3, 2, 2])
    """

    bijective = True

    def __init__(self, in_shape: Sequence[int], out_shape: Sequence[int], cache_size: int = 0) -> None:
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError(
                f"in_shape, out_shape have different numbers of elements: {self.in_shape}, {self.out_shape}"
            )
        super().__init__(cache_size=cache_size)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.independent(constraints.real, len(self.out_shape))

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return ReshapeTransform(self.in_shape, self.out_shape, cache_size=cache_size)

    def _call(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[: x.dim() - len(self.in_shape)] + self.out_shape)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.reshape(y.shape[: y.dim() - len(self.out_shape)] + self.in_shape)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x.new_zeros(x.shape[: x.dim() - len(self.in_shape)])

    @staticmethod
    def _replaced(shape: Any, old: Size, new: Size) -> Any:
        if len(shape) < len(old):
            raise ValueError("Too few dimensions on input")
        cut = len(shape) - len(old)
        if tuple(shape[cut:]) != tuple(old):
            raise ValueError(f"Shape mismatch: expected {shape[cut:]} but got {old}")
        return shape[:cut] + new

    def forward_shape(self, shape: Any) -> Any:
        return self._replaced(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._replaced(shape, self.out_shape, self.in_shape)


class _Pieces(Transform):
    """What `CatTransform` and `StackTransform` share."""

    transforms: list[Transform]

    def __init__(self, tseq: Sequence[Transform], dim: int, cache_size: int) -> None:
        if not all(isinstance(t, Transform) for t in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size=cache_size)
        self.transforms = [t.with_cache(cache_size) for t in tseq] if cache_size else list(tseq)
        self.dim = dim

    def _check(self, value: Tensor, name: str, shown: str, length: int, meaning: str = "") -> None:
        """Refuse a tensor of which the pieces are not there."""
        if not -value.dim() <= self.dim < value.dim():
            raise AssertionError(f"dim {self.dim} out of range for {shown} with {value.dim()} dimensions")
        found = value.size(self.dim)
        if found != length:
            raise AssertionError(f"{name}.size({self.dim}) = {found} must equal {meaning} {length}")

    @property
    def bijective(self) -> Any:
        return all(t.bijective for t in self.transforms)


class CatTransform(_Pieces):
    """Transforms of pieces of these lengths along a dimension, joined again.

    Args:
        tseq: one for each piece.
        dim: the dimension.
        lengths: of the pieces; 1 each, if not given.
        cache_size: see `Transform`.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.distributions import CatTransform, ExpTransform, identity_transform
        >>> CatTransform([ExpTransform(), identity_transform], lengths=[1, 2])(tg.zeros(3))
        tensor([1., 0., 0.])
    """

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(f"lengths ({len(self.lengths)}) must match transforms ({len(self.transforms)})")

    @lazy_property
    def event_dim(self) -> Any:
        """The most dimensions that one of the transforms takes for one value."""
        return max(t.event_dim for t in self.transforms)

    @lazy_property
    def length(self) -> int:
        """All lengths together."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _split(self, value: Tensor, name: str, shown: str = "tensor") -> Any:
        self._check(value, name, shown, self.length, "length")
        return value.split(self.lengths, self.dim)

    def _call(self, x: Tensor) -> Any:
        return cat([t(piece) for t, piece in zip(self.transforms, self._split(x, "x"), strict=True)], self.dim)

    def _inverse(self, y: Tensor) -> Any:
        return cat([t.inv(piece) for t, piece in zip(self.transforms, self._split(y, "y"), strict=True)], self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        terms = []
        for t, before, after in zip(self.transforms, self._split(x, "x", "x"), self._split(y, "y", "y"), strict=True):
            term = t.log_abs_det_jacobian(before, after)
            terms.append(_sum_rightmost(term, max(self.event_dim - t.event_dim, 0)))
        dim = (self.dim - x.dim() if self.dim >= 0 else self.dim) + self.event_dim
        return cat(terms, dim) if dim < 0 else sum(terms)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(_Pieces):
    """Transforms of the slices along a dimension, stacked again.

    Args:
        tseq: one for each slice.
        dim: the dimension.
        cache_size: see `Transform`.
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)

    def with_cache(self, cache_size: int = 1) -> Transform:
        return self if self._cache_size == cache_size else StackTransform(self.transforms, self.dim, cache_size)

    def _slices(self, value: Tensor, name: str, shown: str = "tensor") -> Any:
        self._check(value, name, shown, len(self.transforms), "len(transforms)")
        return value.unbind(self.dim)

    def _call(self, x: Tensor) -> Any:
        return stack([t(piece) for t, piece in zip(self.transforms, self._slices(x, "x"), strict=True)], self.dim)

    def _inverse(self, y: Tensor) -> Any:
        return stack([t.inv(piece) for t, piece in zip(self.transforms, self._slices(y, "y"), strict=True)], self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        slices = zip(self.transforms, self._slices(x, "x", "x"), self._slices(y, "y", "y"), strict=True)
        return stack([t.log_abs_det_jacobian(before, after) for t, before, after in slices], self.dim)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.stack([t.codomain for t in self.transforms], self.dim)
