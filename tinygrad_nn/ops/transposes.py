"""Other orders of the dimensions, as views: `transpose`, `permute`, `movedim`, ``x.T``.

Source: https://docs.pytorch.org/docs/stable/tensor_view.html
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dispatch
from .._core.op import case, composite, op
from .._core.tensor import Tensor, check_dim, tensor_attribute
from .shortcuts import view_shortcut

_INTEGERS = {int}
__all__ = ["moveaxis", "movedim", "permute", "swapaxes", "swapdims", "t", "transpose"]


def _plainly_transposed(x: np.ndarray[Any, Any], *given: Any) -> tuple[np.ndarray[Any, Any], dict[str, Any]] | None:
    dim0, dim1 = given if len(given) == 2 else (None, None)
    count = x.ndim
    if type(dim0) is not int or type(dim1) is not int or not (-count <= dim0 < count and -count <= dim1 < count):
        return None
    return x.swapaxes(dim0, dim1), {"dim0": dim0, "dim1": dim1}


@view_shortcut(_plainly_transposed)
@op(vjp=lambda g, dim0, dim1: g.swapaxes(dim0, dim1) if g.ndim else g, kind="view",
    cases=[case((2, 3), dim0=0, dim1=1), case((2, 3, 4), dim0=-1, dim1=0), case((0, 2), dim0=0, dim1=1),
           case((), dim0=0, dim1=-1)])  # fmt: skip
def transpose(x, /, dim0, dim1):
    """Two dimensions exchanged, as a view.

    Raises:
        IndexError: there is no such dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3).transpose(0, 1).shape
        torch.Size([3, 2])
    """
    first, second = check_dim(dim0, x.ndim), check_dim(dim1, x.ndim)
    return x.swapaxes(first, second) if x.ndim else x.view()


@composite(np.swapaxes)
def swapaxes(
    input: Tensor, axis0: int | None = None, axis1: int | None = None, axis2: int | None = None
) -> Tensor:
    """`transpose` under NumPy's name.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.swapaxes(tg.zeros(2, 3), 0, 1).shape
        torch.Size([3, 2])
    """
    # NumPy counts the two from 1
    given = [axis for axis in (axis0, axis1, axis2) if axis is not None]
    if len(given) != 2:
        raise TypeError("swapaxes() missing 1 required positional arguments: expected axis0 and axis1")
    result: Tensor = transpose(input, *given)
    return result


@composite()
def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """`transpose` under another name.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.swapdims(tg.zeros(2, 3), 0, 1).shape
        torch.Size([3, 2])
    """
    result: Tensor = transpose(input, dim0, dim1)
    return result


def _inverse(dims: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes this one."""
    count = len(dims)
    inverse = [0] * count
    for position, dim in enumerate(dims):
        inverse[dim % count] = position
    return tuple(inverse)


def _permuted_back(g: Any, dims: Sequence[int]) -> Any:
    return permute.op.numpy(g, dims=_inverse(dims))


def _plainly_permuted(x: np.ndarray[Any, Any], *given: Any) -> tuple[np.ndarray[Any, Any], dict[str, Any]] | None:
    dims = given[0] if len(given) == 1 and isinstance(given[0], tuple) else given
    if len(dims) != x.ndim or {*map(type, dims)} != _INTEGERS:
        return None
    try:
        return x.transpose(dims), {"dims": dims}
    except ValueError:
        return None


@view_shortcut(_plainly_permuted)
@op(vjp=_permuted_back, kind="view", collects="dims",
    cases=[case((2, 3, 4), dims=(2, 0, 1)), case((2, 3), dims=(-1, 0)), case((), dims=())])  # fmt: skip
def permute(x, /, dims):
    """The dimensions in another order, as a view.

    Raises:
        RuntimeError: the order does not name every dimension once.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3, 4).permute(2, 0, 1).shape
        torch.Size([4, 2, 3])
    """
    if type(dims) is tuple and len(dims) == x.ndim and {*dims} == {*range(x.ndim)}:
        return x.transpose(dims)
    try:
        dims = [operator.index(d) for d in dims]
    except TypeError:
        raise TypeError(f"argument 'dims' must be tuple of ints, got {dims!r}") from None
    if len(dims) != x.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {x.ndim} is not equal to len(dims) = {len(dims)}"
        )
    if len({check_dim(dim, x.ndim) for dim in dims}) != x.ndim:
        raise RuntimeError(f"permute(): duplicate dims are not allowed. Got {dims}.")
    return x.transpose(dims)


@composite(np.moveaxis, aliases=("moveaxis",))
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved to other places, as a view; the rest keep their order.

    Args:
        input: the tensor.
        source, destination: a dimension and its new place, or as many of both.

    Raises:
        RuntimeError: there are more of one than of the other, or one comes twice.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3, 4).movedim(0, -1).shape
        torch.Size([3, 4, 2])
    """
    ndim = input._array.ndim
    if isinstance(source, int) != isinstance(destination, int):
        raise TypeError(
            "movedim() received an invalid combination of arguments: source and destination must both be an int, or "
            "both a tuple of ints"
        )
    given = [[value] if isinstance(value, int) else list(value) for value in (source, destination)]
    if len(given[0]) != len(given[1]):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({given[0]} dims) should contain the same number of "
            f"dims as destination ({given[1]} dims)"
        )
    sources, targets = [[check_dim(d, ndim) for d in dims] for dims in given]
    for word, dims in (("source", sources), ("destination", targets)):
        if len(set(dims)) < len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{word}` ({dims})")
    order = [d for d in range(ndim) if d not in sources]
    for target, dim in sorted(zip(targets, sources, strict=True)):
        order.insert(target, dim)
    result: Tensor = permute(input, dims=tuple(order[:ndim]))
    return result


moveaxis = movedim


@composite()
def t(input: Tensor) -> Tensor:
    """The transpose of a matrix, as a view; tensors of fewer dimensions as they are.

    Raises:
        RuntimeError: more than two dimensions.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.t(tg.zeros(2, 3)).shape
        torch.Size([3, 2])
    """
    if input._array.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._array.ndim}D")
    ndim = input._array.ndim
    result: Tensor = transpose(input, 0, -1) if ndim else transpose(input, dim0=0, dim1=-1)
    if result._edge is not None:
        result._edge[0].label = "TBackward0"
    return result


# --- properties --------------------------------------------------------------------------------------------------


def _reversed(self: Tensor) -> Tensor:
    """The dimensions in reverse order, as a view."""
    ndim = self._array.ndim
    if ndim == 0:
        _warn_of_number("T")
    elif ndim != 2:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will "
            "throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
            "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            UserWarning,
            stacklevel=2,
        )
    result: Tensor = permute(self, (1, 0) if ndim == 2 else tuple(range(ndim))[::-1])
    return result


def _warn_of_number(name: str) -> None:
    warnings.warn(
        f"Tensor.{name} is deprecated on 0-D tensors. This function is the identity in these cases.",
        UserWarning,
        stacklevel=3,
    )


def _matrix_transpose(self: Tensor) -> Tensor:
    """The last two dimensions exchanged, as a view."""
    ndim = self._array.ndim
    if ndim == 1:
        raise RuntimeError("tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor.")
    if ndim == 0:
        _warn_of_number("mT")
        return self
    result: Tensor = transpose(self, -2, -1)
    return result


for _name, _getter in {"T": _reversed, "mT": _matrix_transpose}.items():
    tensor_attribute(_name, property(_getter))


def _numpy_transpose(a: Tensor, axes: Any = None) -> Tensor:
    result: Tensor = permute(a, dims=tuple(range(a._array.ndim))[::-1] if axes is None else tuple(axes))
    return result


dispatch.register(np.transpose, _numpy_transpose)
dispatch.register(np.matrix_transpose, lambda x: _matrix_transpose(x))
