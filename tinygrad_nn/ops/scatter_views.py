"""Copies in which one view has other elements: the out of place forms of writing into a view.

Source: https://docs.pytorch.org/docs/stable/generated/torch.select_scatter.html
"""

from __future__ import annotations

from typing import Any

from .._core.blocks import laid_out, layout_of
from .._core.errors import explained
from .._core.op import case, composite, op
from .._core.tensor import Tensor, check_dim
from .diagonals import diagonal
from .picking import select
from .shape import clone
from .strides import as_strided, geometry_of


def _placed(name: str, view: Tensor, src: Any, copy: Tensor) -> Tensor:
    """The copy, after its view was set to the source.

    Raises:
        RuntimeError: the source has another shape.
    """
    if src._array.shape != view._array.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src._array.shape)}, slice size "
            f"= {list(view._array.shape)} in {name}()"
        )
    view.copy_(src)
    return copy


@composite()
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of the input whose slice at an index of a dimension is the source.

    Raises:
        RuntimeError: the source has not the slice's shape.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.select_scatter(tg.zeros(2, 2), tg.ones(2), 0, 1)
        tensor([[0., 0.],
                [1., 1.]])
    """
    copy: Tensor = clone(input)
    return _placed("select_scatter", select(copy, dim, index), src, copy)


@composite()
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy of the input whose elements ``start:end:step`` of a dimension are the source.

    Raises:
        RuntimeError: the source has not the slice's shape, or the step is not positive.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.slice_scatter(tg.zeros(4), tg.ones(2), start=1, end=3)
        tensor([0., 1., 1., 0.])
    """
    copy: Tensor = clone(input)
    return _placed("slice_scatter", sliced(copy, dim, start, end, step), src, copy)


def sliced(input: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Tensor:
    """The elements ``start:end:step`` of a dimension, as a view.

    Raises:
        RuntimeError: the step is not positive, or there is no dimension.
    """
    if not input._array.ndim:
        raise RuntimeError("slice() cannot be applied to a 0-dim tensor.")
    place = check_dim(dim, input._array.ndim)
    if step <= 0:
        raise RuntimeError(f"slice step must be positive, got {step}")
    return input[(*[slice(None)] * place, slice(start, end, step))]


@composite()
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of the input whose diagonal is the source.

    Raises:
        RuntimeError: the source has not the diagonal's shape.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.diagonal_scatter(tg.zeros(2, 2), tg.ones(2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    copy: Tensor = clone(input)
    return _placed("diagonal_scatter", diagonal(copy, offset=offset, dim1=dim1, dim2=dim2), src, copy)


@op(vjp=lambda g: g, kind="general", method=False, torch_name="", cases=[case((2, 3))])
def _copied_in_place(x, /):
    """A copy whose elements lie in memory as they do, gaps and offset included."""
    return laid_out(x, layout_of(x, True))


@composite()
def as_strided_scatter(input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A copy of the input whose elements at places in memory (see `as_strided`) are the source.

    Raises:
        RuntimeError: the source has not the view's shape, or some places lie outside of the memory.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.as_strided_scatter(tg.zeros(2, 2), tg.ones(2), (2,), (3,))
        tensor([[1., 0.],
                [0., 1.]])
    """
    copy: Tensor = _copied_in_place(input)
    return _placed("as_strided_scatter", as_strided(copy, size, stride, storage_offset), src, copy)


@explained
def slice_inverse(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """The view of the input's memory that lies there as `src` does, of which the input is a slice."""
    return as_strided(input, *geometry_of(src._array))


__all__ = ["as_strided_scatter", "diagonal_scatter", "select_scatter", "slice_inverse", "slice_scatter"]
