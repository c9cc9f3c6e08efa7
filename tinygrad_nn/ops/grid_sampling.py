"""Sampling images and volumes at any places, and the places that an affine map leads to.

A result is a sum over taps: the elements around its place, each times a weight. The sum is linear in the elements and
in the weights; its two derivatives are of the same kind, so that the three ops below have derivatives of any order.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html, affine_grid.html
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dtypes
from .._core import sampling as kernels
from .._core.errors import explained, must_be_tensor
from .._core.op import case, op
from .._core.resampling import cubic_weights
from .._core.tensor import Tensor, wrap
from .join import stack
from .linalg import matmul
from .selection import where
from .sequences import spaced

__all__: list[str] = []

# --- sums over taps ----------------------------------------------------------------------------------------------
# x is (batch, channels, elements); weights and index are (taps, batch, places), and the index counts through the
# elements of all of the batch.


_WIDE = 16  # from so many channels on, whole rows of them are taken at once


def _lines(x: Any) -> Any:
    """(batch, channels, length) as a line for each channel."""
    return x.transpose(1, 0, 2).reshape(x.shape[1], x.shape[0] * x.shape[2])


def _unlined(lines: Any, batch: int) -> Any:
    """The reverse of `_lines`."""
    channels, count = lines.shape
    return np.ascontiguousarray(lines.reshape(channels, batch, count // max(batch, 1)).transpose(1, 0, 2))


def _picker(x: Any) -> Any:
    """A function of places that gives their elements, a line for each channel."""
    lines = _lines(x)
    if len(lines) < _WIDE:
        return lambda places: lines.take(places.reshape(-1), 1, mode="clip")
    rows = np.ascontiguousarray(lines.T)
    return lambda places: rows.take(places.reshape(-1), 0, mode="clip").T


_INDEX = np.array([[[0, 1, 1], [5, 4, 6]], [[2, 3, 0], [7, 4, 4]]])


def _spread_back(g: Any, weights: Any, x_shape: tuple[int, ...], index: Any) -> Any:
    return _spread_taps.op.numpy(g, weights, index=index, length=x_shape[2])


def _multiply_back(g: Any, x: Any, index: Any) -> Any:
    return _tap_products.op.numpy(x, g, index=index)


@op(kind="general", vjp=(_spread_back, _multiply_back), method=False, torch_name="", node_name="GridSamplerBackward0",
    cases=[case((2, 3, 4), (2, 2, 3), index=_INDEX), case((2, 1, 4), (2, 2, 3), index=_INDEX)])  # fmt: skip
def _blended_taps(x, weights, /, *, index):
    """The sums: of shape (batch, channels, places)."""
    if not x.size:
        return np.zeros((*x.shape[:2], index.shape[2]), x.dtype)
    pick = _picker(x)
    total = None
    for places, weight in zip(index, weights, strict=True):
        part = pick(places)
        part *= weight.reshape(-1)
        total = part if total is None else np.add(total, part, total)
    return _unlined(total, len(x))


@op(kind="general", method=False, torch_name="", node_name="GridSamplerBackwardBackward0", cases=[
        case((2, 3, 3), (2, 2, 3), index=_INDEX, length=4), case((2, 1, 3), (2, 2, 3), index=_INDEX, length=4)],
    vjp=(lambda g, weights, index: _blended_taps.op.numpy(g, weights, index=index),
         lambda g, x, index: _multiply_back(x, g, index)))  # fmt: skip
def _spread_taps(x, weights, /, *, index, length):
    """Each result back to its taps, by their weights: the adjoint in the elements."""
    count = len(x) * length
    places, by_place = index.reshape(-1), weights.reshape(len(index), -1)
    total = np.zeros((x.shape[1], count), x.dtype)
    for line, result in zip(_lines(x), total, strict=True):
        if line.size:
            result[:] = np.bincount(places, (by_place * line).reshape(-1), count)
    return _unlined(total, len(x))


@op(kind="general", method=False, torch_name="", node_name="GridSamplerBackwardBackward1", cases=[
        case((2, 3, 4), (2, 3, 3), index=_INDEX), case((2, 1, 4), (2, 1, 3), index=_INDEX)],
    vjp=(lambda g, y, x_shape, index: _spread_taps.op.numpy(y, g, index=index, length=x_shape[2]),
         lambda g, x, index: _blended_taps.op.numpy(x, g, index=index)))  # fmt: skip
def _tap_products(x, y, /, *, index):
    """Each tap's element times its result's gradient, summed over channels: the adjoint in the weights."""
    found = np.zeros(index.shape, x.dtype)
    if x.size and y.size:
        pick, results = _picker(x), _lines(y)
        for part, places in zip(found, index, strict=True):
            part[...] = np.einsum("cp,cp->p", pick(places), results).reshape(places.shape)
    return found


# --- where the taps are ------------------------------------------------------------------------------------------


def _reflected(places: Any, length: int, corners: bool) -> tuple[Any, Any]:
    """Places mirrored at the edges until they lie inside, as ``sign * place + offset``."""
    low, high = (0.0, length - 1.0) if corners else (-0.5, length - 0.5)
    span = high - low
    if span == 0:
        return np.zeros_like(places), np.zeros_like(places)
    sign = np.where(places < low, -1.0, 1.0)
    distance = (places - low) * sign
    flips = np.floor(distance / span)
    even = flips % 2 == 0
    offset = np.where(even, low - flips * span, low + (flips + 1) * span) - np.where(even, 1, -1) * sign * low
    sign = np.where(even, sign, -sign)
    return sign.astype(places.dtype), offset.astype(places.dtype)


def _inside(places: Tensor, length: int, padding: str, corners: bool) -> Tensor:
    """Places as the padding mode moves them."""
    if padding == "zeros":
        return places
    if padding == "reflection":
        sign, offset = _reflected(places._array, length, corners)
        places = places * wrap(sign) + wrap(offset)
        finite = np.isfinite(places._array)
        if not finite.all():
            places = where(wrap(finite), places, wrap(np.full_like(places._array, -100)))
    array = places._array
    free = (array > 0) & (array < length - 1)  # at the edges the gradient is 0
    if free.all():
        return places
    edge = np.clip(np.nan_to_num(array, nan=0.0), 0, length - 1)
    held: Tensor = where(wrap(free), places, wrap(edge))
    return held


def _within(index: Any, length: int) -> tuple[Any, Any]:
    """An index held within bounds, and where it has been there already."""
    valid = (index >= 0) & (index <= length - 1)
    return np.where(valid, index, 0).astype(np.intp), valid


def _taps(places: Tensor, length: int, mode: str, padding: str, corners: bool) -> tuple[Any, Tensor]:
    """The elements of one dimension that each place needs, and their weights: both (taps, batch, places)."""
    kind = places._array.dtype
    if mode == "bicubic":
        first = np.floor(places._array)
        offsets = [first + k for k in (-1, 0, 1, 2)]
        if padding == "reflection":
            offsets = [o * sign + offset for o in offsets for sign, offset in [_reflected(o, length, corners)]]
        if padding != "zeros":
            offsets = [np.clip(o, 0, length - 1) for o in offsets]
        weights = stack(cubic_weights(places - wrap(first)))
        index, valid = _within(np.stack(offsets), length)
        return index, weights * wrap(valid.astype(kind))
    places = _inside(places, length, padding, corners)
    if mode == "nearest":
        index, valid = _within(np.rint(places._array)[None], length)
        nowhere = np.zeros(valid.shape, bool)
        return index, where(wrap(nowhere), places, wrap(valid.astype(kind)))  # joined to the grid, by a gradient of 0
    first = np.floor(places._array)
    part = places - wrap(first)
    index, valid = _within(np.stack([first, first + 1]), length)
    return index, stack([1 - part, part]) * wrap(valid.astype(kind))


def _sampled(input: Tensor, grid: Tensor, mode: str, padding: str, corners: bool) -> Tensor:
    x, lengths = input._array, input._array.shape[2:]
    batch = len(x)
    out = grid._array.shape[1:-1]
    flat = grid.reshape(batch, math.prod(out), len(lengths))
    index: Any = np.arange(batch)[None, :, None]
    weights: Any = None
    for dim, length in enumerate(lengths):
        places = flat[..., len(lengths) - 1 - dim]
        places = (places + 1) * ((length - 1) / 2) if corners else (places + 1) * (length / 2) - 0.5
        found, weight = _taps(places, length, mode, padding, corners)
        index = (index[:, None] * length + found[None]).reshape(len(index) * len(found), *found.shape[1:])
        weights = weight if weights is None else (weights.unsqueeze(1) * weight).reshape(index.shape)
    result = _blended_taps(input.reshape(batch, x.shape[1], math.prod(lengths)), weights, index=index)
    sampled: Tensor = result.reshape(batch, x.shape[1], *out)
    return sampled


def _sample_back(
    g: Any, x: Any, grid: Any, needs: tuple[bool, ...], numbers: Any, products: Any, weights: Any, slopes: Any,
    mode: str,
) -> Any:  # fmt: skip
    found = kernels.Taps(numbers, products, weights, slopes)
    by_weights = mode != "nearest"  # whose weights do not change
    of_x, of_grid = kernels.sampled_gradient(_planes(g), _planes(x), found, needs[0], needs[1] and by_weights)
    if of_grid is None and needs[1]:
        of_grid = np.zeros(grid.shape, grid.dtype)
    return None if of_x is None else of_x.reshape(x.shape), None if of_grid is None else of_grid.reshape(grid.shape)


def _planes(x: Any) -> Any:
    """(images, channels, ...) as (images, channels, elements)."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


@op(kind="fused", vjp=_sample_back, parts=_sampled, residuals=("numbers", "products", "weights", "slopes"),
    method=False, torch_name="", names=("input", "grid"), node_name="GridSampler2DBackward0",
    cases=[case((2, 3, 4, 5), (2, 2, 3, 2), mode="bilinear", padding="zeros", corners=False),
           case((2, 2, 3, 4), (2, 1, 3, 2), mode="bicubic", padding="border", corners=True),
           case((1, 2, 3, 2, 3), (1, 2, 2, 1, 3), mode="bilinear", padding="reflection", corners=True)])  # fmt: skip
def _grid_sampled(x, grid, /, *, mode, padding, corners):
    """`grid_sample`, one node."""
    found = kernels.taps(grid, x.shape[2:], mode, padding, corners)
    return kernels.sampled(_planes(x), found).reshape(*x.shape[:2], *grid.shape[1:-1]), *found


# --- public ------------------------------------------------------------------------------------------------------


def _check(input: Any, grid: Any, mode: str, padding_mode: str) -> None:
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    for position, (name, value) in enumerate((("input", input), ("grid", grid))):
        if not isinstance(value, Tensor):
            raise must_be_tensor("grid_sampler", name, position, value)
    x, y = input._array, grid._array
    shown = f"got input with sizes {list(x.shape)} and grid with sizes {list(y.shape)}"
    if x.ndim not in (4, 5) or y.ndim != x.ndim:
        wanted = f" size {max(x.ndim - 2, 0)} in last dimension, and" if x.ndim not in (4, 5) else ""
        raise RuntimeError(
            f"grid_sampler(): expected{wanted} 4D or 5D input and grid with same number of dimensions, but {shown}"
        )
    if len(x) != len(y):
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, but {shown}")
    if y.shape[-1] != x.ndim - 2:
        raise RuntimeError(f"grid_sampler(): expected grid to have size {x.ndim - 2} in last dimension, but {shown}")
    if 0 in x.shape[2:]:
        raise RuntimeError(f"grid_sampler(): expected input to have non-empty spatial dimensions, but {shown}")
    if x.ndim == 5 and mode == "bicubic":
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if x.dtype.kind != "f":
        raise NotImplementedError(
            f"\"grid_sampler_{x.ndim - 2}d_cpu\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert the input "
            "first: x.float()."
        )
    if x.dtype != y.dtype:
        raise RuntimeError(
            f"expected scalar type {dtypes.type_name(x.dtype)} but found {dtypes.type_name(y.dtype)}: input and grid "
            f"must be of one dtype, for example grid.to({input.dtype})"
        )


def _corners(given: bool | None) -> bool:
    if given is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please "
            "specify align_corners=True if the old behavior is desired. See the documentation of grid_sample for "
            "details.",
            UserWarning,
            stacklevel=3,
        )
    return bool(given)


@explained
def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The input's values at the places that a grid names.

    Args:
        input: images (N, C, height, width), or volumes (N, C, depth, height, width).
        grid: places (N, ..., 2) as (x, y), or (N, ..., 3) as (x, y, z): from -1, the input's first edge, to 1, its
            last.
        mode: ``"bilinear"``, ``"nearest"``, or, for images, ``"bicubic"``.
        padding_mode: what lies outside: ``"zeros"``, the nearest ``"border"`` element, or its ``"reflection"``.
        align_corners: -1 and 1 are the centres of the corner elements, not their outer edges.

    Raises:
        ValueError: no such mode.
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> image = tg.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
        >>> middle = tg.tensor([[[[0.0, 0.0]]]])
        >>> tg.nn.functional.grid_sample(image, middle, align_corners=False)
        tensor([[[[2.5000]]]])
    """
    corners = _corners(align_corners)
    _check(input, grid, mode, padding_mode)
    result: Tensor = _grid_sampled(input, grid, mode=mode, padding=padding_mode, corners=corners)
    return result


@functools.lru_cache(maxsize=32)
def _base(lengths: tuple[int, ...], corners: bool, dtype: np.dtype[Any]) -> Any:
    """The places of all elements, as columns of (x, y, 1)."""
    lines = []
    for length in lengths:
        line = spaced(-1, 1, length, dtype) if length > 1 else np.zeros(1, dtype)
        lines.append(line if corners else line * dtype.type(length - 1) / dtype.type(length))
    axes = np.meshgrid(*lines, indexing="ij")[::-1]
    points = np.stack([*[axis.reshape(-1) for axis in axes], np.ones(axes[0].size, dtype)], 1)
    points.flags.writeable = False  # it is shared
    return points


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The places in the input from which an affine map takes each element of the output: a grid for `grid_sample`.

    Args:
        theta: matrices, (N, 2, 3) for images, (N, 3, 4) for volumes.
        size: the output's shape, (N, C, height, width) or (N, C, depth, height, width).
        align_corners: as for `grid_sample`.

    Raises:
        ValueError, NotImplementedError, RuntimeError: shapes do not fit, or theta is of integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> turned = tg.tensor([[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]])
        >>> tg.nn.functional.affine_grid(turned, (1, 1, 1, 2), align_corners=True)
        tensor([[[[ 0., -1.],
                  [ 0.,  1.]]]])
    """
    if not isinstance(theta, Tensor):
        raise AttributeError(f"affine_grid(): argument 'theta' must be Tensor, not {type(theta).__name__}")
    if theta._array.dtype.kind != "f":
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if len(size) not in (4, 5):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
            f"{tuple(size)}."
        )
    dims = len(size) - 2
    if theta._array.shape[1:] != (dims, dims + 1):
        raise ValueError(
            f"Expected a batch of {dims}D affine matrices of shape Nx{dims}x{dims + 1} for size {tuple(size)}. Got "
            f"{theta.shape}."
        )
    corners = _corners(align_corners)
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {tuple(size)}")
    if any(isinstance(length, float) for length in size):
        raise TypeError(f"affine_grid_generator(): argument 'size' must be tuple of ints, got {tuple(size)}")
    if len(theta._array) != size[0]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{size[0]}, {dims + 1}] but got: "
            f"[{len(theta._array)}, {dims + 1}]. (theta {list(theta.shape)} beside the size {tuple(size)}.)"
        )
    lengths = tuple([int(length) for length in size[2:]])
    points: Any = matmul(wrap(_base(lengths, corners, theta._array.dtype)), theta.transpose(1, 2))
    result: Tensor = points.reshape(size[0], *lengths, dims)
    return result
