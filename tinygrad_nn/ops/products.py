"""Products of tensors beyond the matrix product: contractions over any dimensions, Kronecker and cross products.

Source: https://docs.pytorch.org/docs/stable/torch.html#blas-and-lapack-operations
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.backward import unbroadcast
from .._core.errors import broadcast_shapes
from .._core.op import case, composite, op
from .._core.tensor import Tensor, check_dim
from .adding import add_product, factor
from .contraction import multiply_pair, pair
from .forms import inplace_form
from .linalg import bmm, conjugate, outer, vdot
from .product_errors import (
    BOTH_INPUTS,
    SCALAR_TYPE,
    SELF_MAT2,
    check_batches,
    expand_text,
    no_bool_product,
    same_dtype_error,
    warn_once,
)
from .reduce import sum as sum_of
from .shape import reshape

__all__ = ["addbmm", "addr", "cross", "kron", "tensordot"]


# --- added to a tensor -------------------------------------------------------------------------------------------


@composite(out=True)
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * (batch1 @ batch2).sum(0)``: products of matrices summed over the batch.

    The input broadcasts. With ``beta=0`` it is ignored, nan and all.

    Raises:
        RuntimeError: the shapes or the dtypes do not fit.
        IndexError: `batch2` has too few dimensions.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.addbmm(tg.ones(1, 2), tg.ones(5, 1, 3), tg.ones(5, 3, 2))
        tensor([[16., 16.]])
    """
    check_batches(batch1, batch2)
    x, y = batch1._array, batch2._array
    if x.dtype != y.dtype:
        raise same_dtype_error(SELF_MAT2, x, y, ("batch1", "batch2"))
    if x.shape[0] != y.shape[0] or x.shape[2] != y.shape[1]:
        bmm(batch1, batch2)  # which says what is wrong
    product = multiply_pair(batch1, batch2, plan=pair("bik", "bkj", "ij"))
    return add_product("addbmm", input, product, beta, alpha)


@composite(out=True)
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``; the input broadcasts. With ``beta=0`` it is ignored, nan and all.

    Raises:
        RuntimeError: the shapes do not fit; or a factor is a float and the tensors are of integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.addr(tg.zeros(2, 2), tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
        tensor([[3., 4.],
                [6., 8.]])
    """
    for name, tensor in (("vec1", vec1), ("vec2", vec2)):
        if tensor.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {tensor.ndim}-D")
    product = outer(vec1, vec2)
    kind = dtypes.promote_types(input._array.dtype, product._array.dtype)
    for name, value in (("alpha", alpha), ("beta", beta)):
        if isinstance(value, float) and kind.kind in "biu":
            raise RuntimeError(
                f"For integral input tensors, argument {name} must not be a floating point number. (addr() got {value})"
            )
    target = product._array.shape
    if broadcast_shapes("addr", tuple(input._array.shape), target) != target:
        raise RuntimeError(expand_text("addr", tuple(input._array.shape), target))
    if kind.kind == "b":
        product = product if alpha else product & False
        return product | input if beta else product
    alpha, beta = factor("alpha", alpha, kind), factor("beta", beta, kind)
    product = product.to(kind) if alpha == 1 else product.to(kind) * alpha
    return product if beta == 0 else product + (input if beta == 1 else input * beta)


inplace_form(addbmm)
inplace_form(addr)


# --- contractions ------------------------------------------------------------------------------------------------


def _contracted(a: Tensor, b: Tensor, dims: Any) -> tuple[list[int], list[int]]:
    """The dimensions of each tensor that `tensordot` sums over, from whatever they were given as."""
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int | np.integer):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(
                f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims} for shapes {list(a.shape)} and "
                f"{list(b.shape)}"
            )
        return [*range(a.ndim - dims, a.ndim)], [*range(dims)]
    first, second = dims
    for place, chosen in enumerate((first, second)):
        if not isinstance(chosen, list | tuple):
            name = ("dims_self", "dims_other")[place]
            raise TypeError(
                f"tensordot(): argument '{name}' (position {place + 3}) must be tuple of ints, not "
                f"{type(chosen).__name__}"
            )
    if len(first) != len(second):
        raise RuntimeError(f"both dimension lists should have same length, got {list(first)} and {list(second)}")
    return list(first), list(second)


def _matched(a: Tensor, b: Tensor, first: list[int], second: list[int]) -> tuple[Tensor, Tensor]:
    """The two tensors, with a dimension that the other has of length 1 summed over; the dimensions from the front."""
    for place, (d, e) in enumerate(zip(first, second, strict=True)):
        first[place], second[place] = d, e = check_dim(d, a.ndim), check_dim(e, b.ndim)
        m, n = a._array.shape[d], b._array.shape[e]
        if m != n and 1 not in (m, n):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {m} in dim {d} and second has size {n} in "
                f"dim {e}"
            )
        if m != n and n == 1:
            a = sum_of(a, d, True, dtype=a.dtype)
        elif m != n:
            b = sum_of(b, e, True, dtype=b.dtype)
    for chosen in (first, second):
        for d in chosen:
            if chosen.count(d) > 1:
                raise RuntimeError(f"dim {d} appears multiple times in the list of dims (tensordot() got {chosen})")
    return a, b


@composite(method=False, out=True)
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Sum of products over dimensions of both: the last ``dims`` of `a` and the first of `b`, or those of two lists.

    The result has the other dimensions of `a`, then those of `b`. A dimension of length 1 goes with any other.

    Args:
        a, b: the tensors.
        dims: how many, or two lists of as many dimensions each.

    Raises:
        RuntimeError: the lengths, the dtypes or the numbers of dimensions differ.

    Example:
        >>> import tinygrad_nn as tg
        >>> a, b = tg.ones(3, 4, 5), tg.ones(4, 3, 2)
        >>> tg.tensordot(a, b, dims=([1, 0], [0, 1])).shape
        torch.Size([5, 2])
    """
    if a._array.dtype != b._array.dtype:
        raise same_dtype_error(BOTH_INPUTS, a._array, b._array, ("a", "b"))
    first, second = _contracted(a, b, dims)
    whole = len(first) == a.ndim == b.ndim
    if a._array.dtype.kind == "b" and (whole or (first and a.numel() and b.numel())):
        raise no_bool_product("addmm_impl_cpu_")
    a, b = _matched(a, b, first, second)
    left = tuple(range(a.ndim))
    right = [a.ndim + d for d in range(b.ndim)]
    for d, e in zip(first, second, strict=True):
        right[e] = d
    out = (*[n for n in left if n not in first], *[n for n in right if n >= a.ndim])
    return multiply_pair(a, b, plan=pair(left, tuple(right), out))


def _numpy_tensordot(a: Tensor, b: Tensor, axes: Any = 2) -> Tensor:
    """NumPy's `tensordot`, where two single axes need no lists."""
    if not isinstance(axes, int):
        axes = [[each] if isinstance(each, int) else list(each) for each in axes]
    return tensordot(a, b, axes)


dispatch.register(np.tensordot, _numpy_tensordot)


@composite(method=False, out=True)
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Dot products of vectors along a dimension, the first conjugated: ``sum(conj(x) * y, dim)``. The rest broadcasts.

    Raises:
        RuntimeError: the shapes or the dtypes do not fit, or they are of integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.ops.products import vecdot
        >>> vecdot(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 10.0]))
        tensor([21., 43.])
    """
    kind, other = x._array.dtype, y._array.dtype
    names = dtypes.type_name(kind), dtypes.type_name(other)
    if kind.kind not in "fc":
        raise RuntimeError(
            f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {names[0]}. Convert first: "
            "x.float()."
        )
    if kind != other:
        raise RuntimeError(
            f"linalg.vecdot: Expected x and y to have the same dtype, but found x of type {names[0]} and y of type "
            f"{names[1]} instead"
        )
    if x.ndim == y.ndim == 1:
        return vdot(x, y)
    return sum_of(conjugate(x) * y, dim)


# --- Kronecker and cross -----------------------------------------------------------------------------------------


@composite(np.kron, out=True)
def kron(input: Tensor, other: Tensor) -> Tensor:
    """Kronecker product: `other` as often as `input` has elements, times the element.

    Of shapes (a, b) and (c, d) it has the shape (a * c, b * d). The one with fewer dimensions gets leading ones of
    length 1.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.kron(tg.tensor([1.0, 10.0]), tg.tensor([1.0, 2.0]))
        tensor([ 1.,  2., 10., 20.])
    """
    m, n = input._array.shape, other._array.shape
    ndim = max(len(m), len(n))
    m, n = (1,) * (ndim - len(m)) + m, (1,) * (ndim - len(n)) + n
    apart = reshape(input, tuple([k for length in m for k in (length, 1)]))
    within = reshape(other, tuple([k for length in n for k in (1, length)]))
    result: Tensor = reshape(apart * within, tuple([j * k for j, k in zip(m, n, strict=True)]))
    return result


def _cross_left(g: Any, x_shape: tuple[int, ...], y: Any, dim: int) -> Any:
    return unbroadcast(_cross.op.numpy(y, g, dim=dim), x_shape)


def _cross_right(g: Any, x: Any, y_shape: tuple[int, ...], dim: int) -> Any:
    return unbroadcast(_cross.op.numpy(g, x, dim=dim), y_shape)


@op(kind="general", method=False, torch_name="linalg.cross", node_name="LinalgCrossBackward0",
    vjp=(_cross_left, _cross_right),
    cases=[case((3,), (3,), dim=-1), case((2, 3), (2, 3), dim=1), case((3, 2), (3, 1), dim=0),
           case((1, 3), (4, 3), dim=-1), case((0, 3), (1, 3), dim=-1)])  # fmt: skip
def _cross(x, y, /, *, dim):
    """Cross products of vectors of three."""
    x, y = x.swapaxes(0, dim), y.swapaxes(0, dim)
    result = np.empty(x.shape if x.shape == y.shape else np.broadcast_shapes(x.shape, y.shape), x.dtype)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        np.subtract(x[j] * y[k], x[k] * y[j], result[i, ...])
    return result.swapaxes(0, dim)


@composite(method=False, out=True)
def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Cross products of the vectors along a dimension of length 3; the other dimensions broadcast.

    Raises:
        RuntimeError: the dimension is not of length 3, or the shapes or dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.ops.products import linalg_cross
        >>> linalg_cross(tg.tensor([1.0, 0.0, 0.0]), tg.tensor([0.0, 1.0, 0.0]))
        tensor([0., 0., 1.])
    """
    x, y = input._array, other._array
    if x.ndim != y.ndim:
        raise RuntimeError(
            f"linalg.cross: inputs must have the same number of dimensions. Got {list(x.shape)} and {list(y.shape)}."
        )
    if not x.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    place = check_dim(dim, x.ndim)
    if (x.shape[place], y.shape[place]) != (3, 3):
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {x.shape[place]} and {y.shape[place]}"
        )
    broadcast_shapes("linalg.cross", x.shape, y.shape)
    if x.dtype.kind == "b":
        raise NotImplementedError("\"cross\" not implemented for 'Bool'. Convert the inputs first: x.int().")
    if x.dtype != y.dtype:
        raise same_dtype_error(SCALAR_TYPE, x, y, ("input", "other"))
    return _cross(input, other, dim=dim)


@composite(out=True)
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Cross products as `linalg.cross` gives them, by default along the first dimension of length 3.

    Raises:
        RuntimeError: there is no such dimension, or the shapes or dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cross(tg.tensor([1.0, 0.0, 0.0]), tg.tensor([0.0, 1.0, 0.0]), dim=0)
        tensor([0., 0., 1.])
    """
    if dim is None:
        shape = tuple(input._array.shape)
        if 3 not in shape:
            raise RuntimeError(f"no dimension of size 3 in input (cross() got shape {list(shape)})")
        dim = shape.index(3)
        warn_once(
            "Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass the dim explicitly or "
            "simply use torch.linalg.cross.\nThe default value of dim will change to agree with that of linalg.cross "
            "in a future release.",
        )
    return linalg_cross(input, other, dim=dim)


def _numpy_cross(a: Tensor, b: Tensor, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Tensor:
    """NumPy's `cross`, along one axis."""
    if (axisa, axisb, axisc) != (-1, -1, -1):
        raise TypeError("np.cross on a Tensor: axisa, axisb and axisc are not supported. Use axis=.")
    return linalg_cross(a, b, dim=-1 if axis is None else axis)


dispatch.register(np.cross, _numpy_cross)
