"""Batching rules of ops that arrange elements: shapes, joining, padding, transforms over named dimensions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core.tensor import Tensor, check_dim
from ..ops.filling import _copied as copied
from ..ops.index import _laid_out as laid_out
from ..ops.quantile import median, nanmedian
from ..ops.selection import where
from ..ops.shape import _expanded_shape, lengths_of
from .batched import BatchLevel
from .batching import Options, along, reduction, rows_of, rule, shifted

# --- shapes ------------------------------------------------------------------------------------------------------


@rule("reshape", "view")
def _reshape(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    shape = lengths_of("shape", options["shape"])
    if -1 in shape:  # of one example, as there may be none
        known = math.prod([n for n in shape if n != -1])
        if shape.count(-1) == 1 and known > 0 and x._array.size % known == 0:
            shape = tuple([x._array.size // known if n == -1 else n for n in shape])
    if math.prod(shape) != x._array.size or min(shape, default=0) < 0:
        op.forward(np.empty(x._array.shape, np.bool_), shape)  # says what is wrong
    return op.call(level.value(x), shape=(level.size, *shape))


@rule("broadcast_to")
def _broadcast_to(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    full = _expanded_shape(x._array.shape, lengths_of("shape", options["shape"]))
    return op.call(level.ranked(x, len(full)), shape=(level.size, *full))


@rule("squeeze")
def _squeeze(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    dim, ndim = options["dim"], x._array.ndim
    if dim is None:
        dim = [d for d, n in enumerate(x._array.shape) if n == 1]
    if isinstance(dim, int | np.integer):
        dim = [dim]
    places = shifted(dim, ndim)
    return op.call(level.value(x), dim=places if ndim else ())


@rule("unsqueeze")
def _unsqueeze(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    dim, ndim = options["dim"], x._array.ndim
    if isinstance(dim, tuple):  # NumPy's
        return op.call(level.value(x), dim=shifted(dim, ndim + len(dim)))
    return op.call(level.value(x), dim=check_dim(dim, ndim + 1) + 1)


@rule("permute")
def _permute(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    ndim = x._array.ndim
    dims = tuple([int(d) for d in options["dims"]])
    if len(dims) != ndim or len({d % max(ndim, 1) for d in dims}) != ndim:
        op.forward(np.empty(x._array.shape, np.bool_), dims)  # says what is wrong
    return op.call(level.value(x), dims=(0, *shifted(dims, ndim)))


@rule("diagonals", "on_diagonals")
def _diagonals(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    examples = max(options["labels"]) + 1
    options = {**options, "labels": (examples, *options["labels"]), "kept": (examples, *options["kept"])}
    return op.call(level.value(x), **_with_shape(level, options))


def _with_shape(level: BatchLevel, options: Options) -> Options:
    return {**options, "shape": (level.size, *options["shape"])} if "shape" in options else options


@rule("laid_in")
def _laid_in(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    ndim = len(options["shape"])
    dims = {name: shifted(options[name], ndim) for name in ("dim1", "dim2")}
    return op.call(level.value(x), **_with_shape(level, {**options, **dims}))


@rule("fold_windows")
def _fold_windows(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    ndim = len(options["shape"])
    if not ndim:
        return level.value(x).sum(1)
    return op.call(level.value(x), **_with_shape(level, {**options, "dimension": shifted(options["dimension"], ndim)}))


@rule("collected", "fft_resize")
def _with_batch_shape(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    return op.call(level.value(inputs[0]), **_with_shape(level, options))


@rule("clone")
def _clone(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    return op.call(level.value(inputs[0]))  # the order in memory is that of the values


@rule("laid_out")
def _laid_out(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    layout = options["layout"]
    if layout is not None:
        strides, offset, length = layout
        layout = ((length, *strides), offset, level.size * length)
    return op.call(level.value(inputs[0]), layout=layout)


@rule("view_scatter")
def _view_scatter(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    base, source = inputs
    copy = laid_out(level.wrap(level.full(base)), layout=options["layout"])
    options["replay"](copy).copy_(source)
    return level.value(copy)


# --- joining and turning -----------------------------------------------------------------------------------------


@rule("stacked")
def _stacked(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    ndim = max([x._array.ndim for x in inputs])
    return op.call(*[level.full(x) for x in inputs], dim=check_dim(options["dim"], ndim + 1) + 1)


@rule("flip")
def _flip(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    dims, ndim = options["dims"], x._array.ndim
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    op.forward(np.empty((1,) * ndim, np.bool_), dims)  # says what is wrong
    return op.call(level.value(x), dims=shifted(dims, ndim) if ndim else ())


@rule("quarter")
def _quarter(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    return op.call(level.value(x), **{name: shifted(dim, x._array.ndim) for name, dim in options.items()})


@rule("roll")
def _roll(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    shifts, dims = options["shifts"], options["dims"]
    value = level.value(x)
    if not x._array.size:
        return value.clone()
    if dims is None or (not isinstance(dims, int | np.integer) and not len(dims)):
        op.forward(np.empty((1,), np.bool_), shifts)  # says what is wrong
        return op.call(rows_of(value), shifts=shifts, dims=1).reshape(value._array.shape)
    return op.call(value, shifts=shifts, dims=shifted(dims, x._array.ndim))


@rule("cross")
def _cross(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    ndim = max([x._array.ndim for x in inputs])
    dim = check_dim(options["dim"], ndim) - ndim
    return op.call(*[level.ranked(level.wrap(level.full(x)), ndim) for x in inputs], dim=dim)


@rule("fft_c2c", "fft_r2c", "fft_c2r")
def _fft(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    return op.call(level.value(x), **{**options, "dims": shifted(options["dims"], x._array.ndim)})


# --- reductions of another kind ----------------------------------------------------------------------------------


@rule("max_of_all", "min_of_all")
def _extreme_of_all(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    rows = rows_of(level.value(inputs[0]))
    return rows.amax(1) if op.name == "max_of_all" else rows.amin(1)


@rule("any", "all")
def _truth(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    if isinstance(options["dim"], tuple | list) and not options["dim"]:  # of no dimension, unlike sums
        return op.call(level.value(inputs[0]), **options)
    return reduction(level, op, inputs, options)


@rule("median_of_all", "nanmedian_of_all")
def _median_of_all(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    rows = rows_of(level.value(inputs[0]))
    fixed = rows.detach()
    if not rows._array.shape[1]:
        return fixed.new_full((level.size,), op.forward(np.empty(0, rows._array.dtype)).item())
    found = (median if op.name == "median_of_all" else nanmedian)(fixed, 1).values
    if not rows.requires_grad:
        return found
    chosen = (fixed == found.unsqueeze(1)) & fixed.isfinite()  # equal elements share the gradient
    shares = chosen.to(rows.dtype) / chosen.sum(1, keepdim=True).clamp_min(1).to(rows.dtype)
    return found + (where(chosen, rows - fixed, 0) * shares).sum(1)


@rule("argmax", "argmin")
def _index_of_extreme(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    if options["dim"] is None or not x._array.ndim:
        result = op.call(rows_of(level.value(x)), dim=1)
        return result.reshape(level.size, *(1,) * x._array.ndim) if options["keepdim"] else result
    return op.call(level.value(x), **{**options, "dim": shifted(options["dim"], x._array.ndim)})


@rule("pick_along", "pick_several", "place_along", "place_several", options=True)
def _by_indices(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    indices, ndim = options["indices"], max(x._array.ndim, 1)
    rest = {**options, "dim": shifted(options["dim"], ndim), "indices": array_of(level, indices)}
    value = level.full(x)
    return op.call(value, **rest) if x._array.ndim else op.call(value.unsqueeze(1), **rest).squeeze(1)


@rule("pick_reached", options=True)
def _by_indices_in_runs(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    return _by_indices(level, op, inputs, {**options, "starts": None})  # which are those of one example


def array_of(level: BatchLevel, indices: Any) -> Any:
    """An array among the options, for all examples."""
    if getattr(indices, "level", None) is level:
        return indices.value._array
    return np.broadcast_to(indices, (level.size, *indices.shape))


@rule("scatter_zeros")
def _scatter_zeros(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    values = [level.full(x) for x in inputs]
    ndim = len(options["shape"])
    if ndim:
        return op.call(*values, **_with_shape(level, {**options, "dim": shifted(options["dim"], ndim)}))
    wide = [rows_of(v) for v in values]
    return op.call(*wide, shape=(level.size, 1), dim=1).squeeze(1)


@rule("scatter")
def _scatter(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, src, index = inputs
    if isinstance(src, Tensor):
        return along("dim")(level, op, inputs, options)
    ndim = x._array.ndim
    values = [level.full(x), src, level.full(index)]
    if ndim:
        return op.call(*values, dim=shifted(options["dim"], ndim))
    return op.call(values[0].unsqueeze(1), src, rows_of(values[2]), dim=1).squeeze(1)


@rule("index_add", "index_copy", "index_fill")
def _by_index_row(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, source, index = inputs
    ndim = x._array.ndim
    place = check_dim(options["dim"], ndim)
    is_tensor = isinstance(source, Tensor)
    if ndim and not level.holds(index) and not (op.name == "index_fill" and level.holds(source)):
        given = level.full(source) if is_tensor and op.name != "index_fill" else source
        return op.call(level.full(x), given, index, **{**options, "dim": place + 1})
    # each example has its own index: the elements are set, or added, one by one
    target = x if ndim else x.unsqueeze(0)
    index = index if index._array.ndim else index.unsqueeze(0)
    index = where(index < 0, index + target._array.shape[place], index) if op.name == "index_fill" else index
    shape = list(target._array.shape)
    shape[place] = index._array.shape[0]
    if op.name == "index_fill":
        source = source.expand(shape) if is_tensor else source
    else:
        source = source.reshape(shape)
    wide = index.reshape(*[-1 if d == place else 1 for d in range(len(shape))]).expand(shape)
    if op.name == "index_add":
        result = target.scatter_add(place, wide, source * options["alpha"] if options["alpha"] != 1 else source)
    elif is_tensor:
        result = target.scatter(place, wide, source)
    else:
        result = target.scatter(place, wide, value=source)
    return level.full(result if ndim else result.squeeze(0))


# --- constants ---------------------------------------------------------------------------------------------------


@rule("times_constant", options=True)
def _times_constant(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    noise = options["noise"]
    return op.call(level.full(inputs[0]), noise=array_of(level, noise))


@rule("drawn", options=True)
def _drawn(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    return op.call(*[level.full(x) for x in inputs], values=array_of(level, options["values"]))


@rule("without_gradient", options=True)
def _without_gradient(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    results = tuple([array_of(level, each) for each in options["results"]])
    return op.call(level.value(inputs[0]), results=results, error=options["error"])


@rule("filled", "copied")
def _filled(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, value = inputs
    if op.name == "filled":
        if not level.holds(value):
            return op.call(level.value(x), value, **options)
        value = value.expand(x._array.shape)
        return copied(level.full(x), level.full(value), source=value._array.dtype)
    return op.call(level.full(x), level.full(value), **options)
