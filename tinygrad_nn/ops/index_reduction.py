"""Slices along a dimension, named by a vector of indices, into which others are multiplied, averaged, ...

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_reduce_.html
"""

from __future__ import annotations

from .._core.errors import explained
from .._core.inplace import check_target, store
from .._core.op import composite
from .._core.tensor import Tensor, tensor_method
from .index_family import check_slices
from .places import out_of_bounds
from .reduction_into import check_reduction, reduced_into
from .writing import exact_out

__all__ = ["index_reduce"]


@composite()
@exact_out
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """`input` with the slices of `source` multiplied, averaged, ... into its slices that a vector of indices names.

    Args:
        input: any tensor.
        dim: the dimension.
        index: int64 or int32, one for each slice of `source`.
        source: of the shape of `input`, but for the length along `dim`.
        reduce: ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the elements of `input` take part; if not, those that are reduced into do not count.

    Raises:
        RuntimeError: the shapes or types do not fit, or there is no such reduction.
        IndexError: an index is out of bounds, or the index is no vector.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.index_reduce(tg.ones(2), 0, tg.tensor([0, 0, 1]), tg.tensor([2.0, 3.0, 4.0]), "prod")
        tensor([6., 4.])
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    place = check_slices(input, dim, index, source, "index_reduce_")
    length = input._array.shape[place] if input._array.ndim else 1
    wrong = out_of_bounds(index._array, length)
    if wrong is not None:
        raise IndexError(f"index out of range in self: got index {wrong}, dimension {place} has {length} slices")
    check_reduction(reduce, input._array.dtype, {"mean": "div_floor_cpu", "amax": "maximum_cpu", "amin": "minimum_cpu"})
    shape = source._array.shape
    if shape:
        index = index.reshape(tuple([index._array.size if d == place else 1 for d in range(len(shape))]))
    wide = index.expand(*shape) if shape else index.reshape(())
    return reduced_into(input, place, wide, source, reduce, include_self)


@tensor_method
@explained
def index_reduce_(
    self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """In-place version of `index_reduce`."""
    check_target(self, (source,))
    return store(self, index_reduce(self, dim, index, source, reduce, include_self=include_self))
