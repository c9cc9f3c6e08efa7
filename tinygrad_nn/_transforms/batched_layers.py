"""Batching rules of layers: convolutions, max pooling, batch normalisation, attention, alignments.

An image has its own batch and channels. Where only images are batched, the examples' batches are joined; where weights
are, examples become groups of channels, of which each has its own weights.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core.tensor import Tensor, wrap
from .batched import BatchLevel
from .batched_functions import Given, each_result, function_rule
from .batching import RULES, Options, as_it_is, on_full, rule

RULES["max_pooled"] = as_it_is
RULES["at_maxima"] = RULES["from_maxima"] = on_full


def _merged(x: Tensor, first: int, *, groups: int = 1) -> Tensor:
    """Two neighbouring dimensions as one.

    With groups, the second consists of them, and the first is put into each: (B, g * n) becomes g * B * n.
    """
    shape = x._array.shape
    before, (count, length), after = shape[:first], shape[first : first + 2], shape[first + 2 :]
    if groups > 1:
        x = x.reshape((*before, count, groups, length // groups, *after)).movedim(first + 1, first)
    return x.reshape((*before, count * length, *after))


def _apart(x: Tensor, place: int, count: int, *, groups: int = 1) -> Tensor:
    """The examples out of a dimension that `_merged` has made, as the first dimension."""
    shape = x._array.shape
    before, length, after = shape[:place], shape[place], shape[place + 1 :]
    if groups == 1:
        return x.reshape((*before, count, length // count, *after)).movedim(place, 0)
    split = x.reshape((*before, groups, count, length // (groups * count), *after)).movedim(place + 1, 0)
    return split.reshape((count, *before, length // count, *after))


# --- convolutions: images (N, C, ...), weights (O, C / groups, ...), results (N, O, ...) ----------------------------


@rule("convolution", "transposed")
def _convolution(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, weight, bias = inputs
    count, groups = level.size, options["groups"]
    images, weights = level.value(x), level.value(weight)
    if level.holds(x) and level.holds(weight):  # of each example, a group of channels, or several
        channels = _merged(images.movedim(0, 1), 1)
        result = _apart(op.call(channels, _merged(weights, 0), None, **{**options, "groups": groups * count}), 1, count)
    elif level.holds(weight):
        joined = _merged(weights, 0, groups=groups) if op.name == "convolution" else _merged(weights.movedim(0, 1), 1)
        result = _apart(op.call(images, joined, None, **options), 1, count, groups=groups)
    elif level.holds(bias):
        result = level.full(op.call(x, weight, None, **options))
    else:
        return _apart(op.call(_merged(images, 0), weights, bias, **options), 0, count)
    if bias is None:
        return result
    shape = (count, 1, -1) if level.holds(bias) else (-1,)
    return result + level.value(bias).reshape((*shape, *(1,) * (result._array.ndim - 3)))


@rule("convolved_weight")
def _convolved_weight(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, y = inputs
    count, groups = level.size, options["groups"]
    images, gradients = level.value(x), level.value(y)
    if level.holds(x) and level.holds(y):
        result = op.call(
            _merged(images.movedim(0, 1), 1), _merged(gradients.movedim(0, 1), 1),
            **{**options, "groups": groups * count},
        )  # fmt: skip
        return _apart(result, 0, count)
    if level.holds(y):
        result = op.call(images, _merged(gradients.movedim(0, 1), 1, groups=groups), **options)
        return _apart(result, 0, count, groups=groups)
    result = op.call(_merged(images.movedim(0, 1), 1, groups=groups), gradients, **options)
    return _apart(result, 1, count)


@rule("channel_sums")
def _channel_sums(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    return _apart(op.call(_merged(level.value(inputs[0]).movedim(0, 1), 1)), 0, level.size)


@rule("grid_sampled")
def _grid_sampled(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    merged = [_merged(level.full(x), 0) for x in inputs]
    return _apart(op.call(*merged, **options), 0, level.size)


@rule("blended_taps", "spread_taps", "tap_products")
def _taps(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    """The examples' batches joined, through whose elements the index counts."""
    first, second = [level.full(x) for x in inputs]
    products = op.name == "tap_products"
    index, count = options["index"], level.size
    taps, batch, places = index.shape
    size = batch * options.get("length", first._array.shape[-1])
    index = (index[:, None] + (np.arange(count) * size)[:, None, None]).reshape(taps, count * batch, places)
    other = _merged(second, 0) if products else _merged(second.movedim(0, 1), 1)
    return _apart(op.call(_merged(first, 0), other, **{**options, "index": index}), 1 if products else 0, count)


# --- pooling that tells where its maxima are -----------------------------------------------------------------------


_POOLING = [f"{kind}{dims}d" for kind in ("max_pool", "adaptive_max_pool", "max_unpool") for dims in (1, 2, 3)]


@rule("elements", "at_elements")
def _elements(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    """The elements of the examples counted together."""
    x, places, count = level.value(inputs[0]), options["places"], level.size
    size = math.prod(options["shape"] if "shape" in options else x._array.shape[1:])
    options = {**options, "places": places + np.arange(count).reshape(-1, *[1] * places.ndim) * size}
    if "shape" in options:
        options["shape"] = (count, *options["shape"])
    return op.call(x, **options)


@function_rule(*_POOLING, *[f"{name}_with_indices" for name in _POOLING])
def _pool(level: BatchLevel, called: Any, given: Given) -> Any:
    """The examples' batches joined; of examples without a batch, they are the batch."""
    name = called.__name__.removesuffix("_with_indices")
    alone = given["input"]._array.ndim == int(name[-2]) + 1
    values = {key: level.full(value) for key, value in given.items()}
    if not alone:
        values = {key: _merged(value, 0) if isinstance(value, Tensor) else value for key, value in values.items()}
    found = called(**values)
    return level.wrap(found if alone else each_result(found, lambda part: _apart(part, 0, level.size)))


# --- batch normalisation -------------------------------------------------------------------------------------------


def _by_channel(x: Tensor, ndim: int) -> Tensor:
    """A number for each channel, beside (N, C, ...)."""
    return x.reshape((-1, *(1,) * (ndim - 2)))


@rule("channel_scaled")
def _scaled(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, weight, bias = inputs
    ndim = x._array.ndim
    root, mean = wrap(options["root"]), wrap(options["mean"])
    out = (x - _by_channel(mean, ndim)) * _by_channel(root if weight is None else weight * root, ndim)
    return level.full(out if bias is None else out + _by_channel(bias, ndim))


@function_rule("batch_norm", "instance_norm")
def _normalised(level: BatchLevel, called: Any, given: Given) -> Any:
    """Where running statistics are batched, or are to be: taken apart."""
    x, ndim = given["input"], given["input"]._array.ndim
    mean, variance = given["running_mean"], given["running_var"]
    by_image = called.__name__ == "instance_norm"
    if given["use_input_stats" if by_image else "training"]:
        dims = tuple(range(2, ndim)) if by_image else (0, *range(2, ndim))
        found = x.mean(dims, keepdim=True), x.var(dims, correction=0, keepdim=True)
        count = x._array.size // max(found[0]._array.size, 1)
        unbiased = found[0].detach(), found[1].detach() * (count / max(count - 1, 1))
        for running, now in zip((mean, variance), unbiased, strict=True):
            if running is not None:
                _move(level, running, now.mean(0).reshape(-1), given["momentum"])
        mean, variance = found
    else:
        mean, variance = _by_channel(mean, ndim), _by_channel(variance, ndim)
    out = (x - mean) * (variance + given["eps"]).rsqrt()
    if given["weight"] is not None:
        out = out * _by_channel(given["weight"], ndim)
    if given["bias"] is not None:
        out = out + _by_channel(given["bias"], ndim)
    return out.to(x.dtype)


def _move(level: BatchLevel, running: Tensor, now: Tensor, momentum: float) -> None:
    if level.holds(now) and not level.holds(running):
        raise RuntimeError(
            "Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated in "
            "place, were not batched.\nPlease see https://pytorch.org/docs/main/func.batch_norm.html: use "
            "model.eval(), track_running_stats=False, or torch.func.replace_all_batch_norm_modules_(model)."
        )
    running.mul_(1 - momentum).add_(now, alpha=momentum)


# --- sequences -----------------------------------------------------------------------------------------------------


@rule("attention")
def _attention(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    query, key, value, mask = inputs
    ndim = query._array.ndim
    noise = options["noise"]
    if noise is not None:  # the same for all
        options = {**options, "noise": np.broadcast_to(noise, (level.size, *np.shape(noise)))}
    return op.call(*[level.full(x) for x in (query, key, value)], level.ranked(mask, ndim), **options)


@rule("ctc")
def _ctc(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    scores = level.value(inputs[0])  # (B, T, N, C)
    count = scores._array.shape[2]
    each = ("states", "skips", "input_lengths", "target_lengths")  # of all sequences, which now are B * N
    repeated = {name: np.concatenate([options[name]] * level.size) for name in each}
    losses = op.call(_merged(scores.movedim(0, 1), 1), **{**options, **repeated})
    return losses.reshape(level.size, count)
