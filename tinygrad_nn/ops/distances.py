"""Distances and angles between vectors: of pairs, of all pairs of two sets, and within one set.

Where two vectors are equal the gradient of their distance is 0.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#distance-functions,
https://docs.pytorch.org/docs/stable/generated/torch.cdist.html
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import broadcast_shapes, explained
from .._core.modes import no_grad
from .._core.op import case, op
from .._core.tensor import Tensor, check_dim
from .arithmetic import absolute
from .extremes import amax
from .norms import vector_norm
from .product_errors import SCALAR_TYPE, same_dtype_error
from .reduce import sum as sum_of
from .shape import broadcast_to, unsqueeze

__all__ = ["cdist", "cosine_similarity", "pairwise_distance", "pdist"]

Array = np.ndarray[Any, Any]
_BLOCK = 1 << 16  # elements of differences that are held at a time: they stay in the cache


# --- distances from differences, on arrays -----------------------------------------------------------------------

# The elements of the vectors lie along the third dimension from the end, as sums over whole planes are quick.


def _power(size: Array, p: float) -> Any:
    """``size ** p``, without `pow` where a few products do."""
    if p == 2:
        return size * size
    return size * size * size if p == 3 else size**p


def _lengths(difference: Array, p: float) -> Any:
    """The p-norm along the third dimension from the end, whose memory is taken over. Nothing has length 0."""
    if p == 2:
        return np.sqrt(np.multiply(difference, difference, difference).sum(-3))
    size = np.abs(difference, difference)
    if p == 0:
        return np.where(np.isnan(size), size, size != 0).sum(-3, dtype=size.dtype)
    if p == 1:
        return size.sum(-3)
    if p == inf:
        return size.max(-3, initial=0)
    return _power(size, p).sum(-3) ** (1 / p)


def _slopes(g: Any, difference: Array, distance: Any, p: float) -> Any:
    """The gradient of `_lengths` with respect to the differences."""
    if p == 0:
        return np.zeros_like(difference)
    if p == 1:
        return g * np.sign(difference)
    if p == inf:  # to each of several that are equally far, as in PyTorch
        return g * (np.sign(difference) * (np.abs(difference) == distance))
    nothing = distance == 0
    safe = np.where(nothing, 1, distance)
    if p == 2:
        return np.where(nothing, 0, g / safe) * difference
    size = np.abs(difference)
    ratio = np.where(size == 0, 1, size) / safe
    return np.where(nothing | (size == 0), 0, g * np.sign(difference) * _power(ratio, p - 1))


def _blocks(x: Array, y: Array) -> Any:
    """The differences between all rows of x and of y, some of x's rows at a time: the slice, what differs."""
    x, y = x.swapaxes(-1, -2)[..., None], np.ascontiguousarray(y.swapaxes(-1, -2))[..., None, :]
    rest = max(y.size * x.shape[-2] and x.size // x.shape[-2] * y.shape[-1], 1)
    step = max(_BLOCK // rest, 1)
    for start in range(0, x.shape[-2], step):
        rows = slice(start, start + step)
        yield rows, x[..., rows, :] - y


def _distance_vjp(g: Any, x: Any, y: Any, p: float, out: Any) -> tuple[Any, Any]:
    x_gradient, y_gradient = np.empty_like(x), np.zeros_like(y)
    for rows, difference in _blocks(x, y):
        part = _slopes(g[..., None, rows, :], difference, out[..., None, rows, :], p)
        x_gradient[..., rows, :] = part.sum(-1).swapaxes(-1, -2)
        y_gradient -= part.sum(-2).swapaxes(-1, -2)
    return x_gradient, y_gradient


def _length_parts(difference: Tensor, p: float) -> Tensor:
    if p == inf and difference._array.shape[-1]:
        size = absolute(difference)
        longest = amax(size.detach(), -1, True)
        return sum_of(size * (size.detach() == longest), -1)
    return sum_of(absolute(difference), -1) if p == inf else vector_norm(difference, p, -1)


def _distance_parts(x: Any, y: Any, p: float) -> Any:
    return _length_parts(unsqueeze(x, -2) - unsqueeze(y, -3), p)


@op(kind="fused", vjp=_distance_vjp, parts=_distance_parts, method=False, torch_name="cdist", names=("x1", "x2"),
    node_name="CdistBackward0", distinct=True,
    cases=[case((3, 2), (4, 2), p=p) for p in (2.0, 1.0, 3.0, 1.5, inf)]
    + [case((2, 3, 2), (2, 4, 2), p=2.0), case((0, 2), (3, 2), p=2.0)])  # fmt: skip
def _cdist(x, y, /, p):
    """All distances between the rows of two matrices."""
    result = np.empty((*x.shape[:-1], y.shape[-2]), x.dtype)
    for rows, difference in _blocks(x, y):
        result[..., rows, :] = _lengths(difference, p)
    return result


# --- all distances of two sets -----------------------------------------------------------------------------------


def _ratio(g: Any, out: Any) -> Any:
    """``g / out``, and 0 where the distance is."""
    if type(out) is np.ndarray and out.all():  # as it mostly is: a third of the time
        return g / out
    return np.where(out == 0, 0 * g, g / np.where(out == 0, 1 + 0 * out, out))


def _products_vjp(g: Any, x: Any, y: Any, out: Any, needs: Any) -> Any:
    ratio = _ratio(g, out)
    x_part = x * ratio.sum(-1)[..., None] - ratio @ y if needs[0] else None
    y_part = y * ratio.sum(-2)[..., None] - ratio.swapaxes(-1, -2) @ x if needs[1] else None
    return x_part, y_part


@op(kind="general", vjp=_products_vjp, method=False, torch_name="", names=("x1", "x2"),
    node_name="EuclideanDistBackward0", distinct=True, tolerance=(100.0, "differences of squares"),
    cases=[case((3, 2), (4, 2)), case((2, 3, 2), (2, 4, 2))])  # fmt: skip
def _euclidean(x, y, /):
    """All Euclidean distances between the rows of two matrices, from their products: ``|x|^2 - 2 x y + |y|^2``."""
    squares = -2 * np.matmul(x, y.swapaxes(-1, -2))
    squares += np.einsum("...k,...k->...", x, x)[..., None]
    squares += np.einsum("...k,...k->...", y, y)[..., None, :]
    return np.sqrt(np.maximum(squares, 0, out=squares), squares)


_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
_MANY = 25  # rows from which products are taken instead of differences


def _check_sets(x1: Tensor, x2: Tensor, p: float) -> None:
    for name, tensor in (("X1", x1), ("X2", x2)):
        if tensor.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {tensor.ndim}D")
        kind = tensor._array.dtype
        if kind.kind != "f":
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {dtypes.type_name(kind)}")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]} (cdist() got "
            f"shapes {list(x1.shape)} and {list(x2.shape)})"
        )
    if x1._array.dtype != x2._array.dtype:
        raise same_dtype_error(SCALAR_TYPE, x1._array, x2._array, ("x1", "x2"))
    if x1._array.dtype == np.float16:
        raise NotImplementedError("\"cdist\" not implemented for 'Half'. Convert the inputs first: x.float().")
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")


@explained
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = _MODES[0]) -> Tensor:
    """The p-norm distance of each row of x1 from each row of x2; leading dimensions broadcast.

    Args:
        x1: of shape (..., P, M).
        x2: of shape (..., R, M).
        p: the order of the norm, not negative; 0 counts the elements that differ, ``inf`` takes the largest difference.
        compute_mode: whether Euclidean distances are computed from products of matrices, which is quicker and less
            exact: ``"use_mm_for_euclid_dist_if_necessary"`` (if P or R is above 25), ``"use_mm_for_euclid_dist"``, or
            ``"donot_use_mm_for_euclid_dist"``.

    Returns:
        The distances, of shape (..., P, R).

    Raises:
        RuntimeError: the shapes or the dtypes do not fit, or p is negative.
        ValueError: another compute mode.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cdist(tg.tensor([[0.0, 0.0]]), tg.tensor([[3.0, 4.0], [0.0, 1.0]]))
        tensor([[5., 1.]])
    """
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode. (cdist() knows {', '.join(_MODES)}.)")
    p = _order("cdist", p)
    _check_sets(x1, x2, p)
    leading = broadcast_shapes("cdist", tuple(x1.shape[:-2]), tuple(x2.shape[:-2]))
    x1 = broadcast_to(x1, (*leading, *x1.shape[-2:])) if tuple(x1.shape[:-2]) != leading else x1
    x2 = broadcast_to(x2, (*leading, *x2.shape[-2:])) if tuple(x2.shape[:-2]) != leading else x2
    many = compute_mode == _MODES[1] or (compute_mode == _MODES[0] and max(x1.shape[-2], x2.shape[-2]) > _MANY)
    return _euclidean(x1, x2) if p == 2 and many else _cdist(x1, x2, p=p)


def _order(name: str, p: Any) -> float:
    if isinstance(p, Tensor):
        p = p.item()
    if not isinstance(p, int | float | np.number):
        raise TypeError(f"{name}(): argument 'p' must be float, not {type(p).__name__}")
    return float(p)


# --- within one set ----------------------------------------------------------------------------------------------


def _symmetric(values: Any, count: int) -> Array:
    """The matrix, zero on its diagonal, of what belongs to pairs of rows."""
    matrix = np.zeros((count, count), values.dtype)
    matrix[np.triu_indices(count, 1)] = values
    return matrix + matrix.T


def _pdist_vjp(g: Any, x: Any, p: float, out: Any) -> tuple[Any]:
    gradient = np.empty_like(x)
    given, distances = _symmetric(g, x.shape[0]), _symmetric(out, x.shape[0])
    for rows, difference in _blocks(x, x):
        gradient[rows] = _slopes(given[rows], difference, distances[rows], p).sum(-1).T
    return (gradient,)


def _pdist_parts(x: Any, p: float) -> Any:
    first, second = np.triu_indices(x.shape[0], 1)
    return _length_parts(x[first] - x[second], p)


@op(kind="fused", vjp=_pdist_vjp, parts=_pdist_parts, method=False, torch_name="pdist", node_name="PdistBackward0",
    distinct=True, cases=[case((4, 2), p=p) for p in (2.0, 1.0, 3.0, 1.5, inf)])  # fmt: skip
def _pdist(x, /, p):
    """The distances between all pairs of rows."""
    first, second = np.triu_indices(x.shape[0], 1)
    result = np.empty(first.size, x.dtype)
    columns = x.T
    step = max(_BLOCK // max(x.shape[1], 1), 1)
    for start in range(0, first.size, step):
        rows = slice(start, start + step)
        result[rows] = _lengths((columns[:, first[rows]] - columns[:, second[rows]])[:, None], p)[0]
    return result


@explained
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distances between all pairs of a matrix's rows: of the first from the second, third, ..., and so on.

    Raises:
        RuntimeError: the input is no matrix of floating point numbers, or p is negative.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.pdist(tg.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
        tensor([5.0000, 1.0000, 4.2426])
    """
    p = _order("pdist", p)
    array = input._array
    if array.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {array.ndim}D")
    if array.dtype.kind != "f":
        raise RuntimeError(f"pdist only supports floating-point dtypes, got {dtypes.type_name(array.dtype)}")
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    if array.dtype == np.float16:
        raise NotImplementedError("\"pdist\" not implemented for 'Half'. Convert the input first: x.float().")
    return _pdist(input, p=p)


# --- pairs of vectors --------------------------------------------------------------------------------------------


@explained
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` along the last dimension; the others broadcast.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.pairwise_distance(tg.tensor([[3.0, 4.0]]), tg.zeros(1, 2))
        tensor([5.0000])
    """
    last = max(x1.ndim, x2.ndim) - 1
    return vector_norm(x1 - x2 + eps, p, last, keepdim)


# PyTorch's gradient, too, goes to a length as if it had not been raised.
@op(kind="general", method=False, torch_name="", vjp=lambda g: g, cases=[case((3,), least=0.0)], domain=(0.1, 2.0))
def _at_least(x, /, *, least):
    """Lengths, raised to the least that is divided by."""
    return np.maximum(x, np.asarray(least, x.dtype))


@explained
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along a dimension: ``sum(x1 * x2) / (max(|x1|, eps) * max(|x2|, eps))``.

    The other dimensions broadcast, and the dtypes are brought together.

    Raises:
        RuntimeError: the shapes do not fit, or the elements are no floating point numbers.
        IndexError: there is no such dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.cosine_similarity(tg.tensor([[3.0, 4.0]]), tg.tensor([[4.0, 3.0]]))
        tensor([0.9600])
    """
    kind = dtypes.promote_types(x1._array.dtype, x2._array.dtype)
    if kind.kind != "f":
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {dtypes.type_name(kind)} (in "
            "cosine_similarity())"
        )
    shape = broadcast_shapes("cosine_similarity", tuple(x1.shape), tuple(x2.shape))
    dim = check_dim(dim, len(shape))
    directions = []
    for x in (x1, x2):
        x = broadcast_to(x.to(kind), shape)
        directions.append(x / _at_least(vector_norm(x, 2, dim, True), least=eps))
    return sum_of(directions[0] * directions[1], dim)


@explained
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """Vectors along a dimension divided by their norm, ``x / max(|x|, eps)``.

    Args:
        input: the vectors.
        p: which norm.
        dim: the dimension, or several.
        eps: the least norm to divide by.
        out: written to, where no gradient is wanted.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.normalize(tg.tensor([[3.0, 4.0]]))
        tensor([[0.6000, 0.8000]])
    """
    length: Any = vector_norm(input, p, dim, keepdim=True)
    result: Tensor = input / length.clamp_min(eps)
    if out is None:
        return result
    with no_grad():
        return out.copy_(result)
