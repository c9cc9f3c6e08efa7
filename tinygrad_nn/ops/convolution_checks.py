"""What convolutions check about their arguments, and what these come to."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import must_be_tensor
from .._core.tensor import Tensor

Lengths = tuple[int, ...]
Shapes = tuple[Lengths, Lengths, Lengths]
Types = tuple[Any, Any, Any]


def as_tuple(value: Any) -> Any:
    return tuple(value) if type(value) is list else value


def each_number(function: str, name: str, value: Any, dims: int, least: int) -> Lengths:
    """A number for each dimension, from one number or as many.

    Raises:
        TypeError: it is no integer, and no list or tuple of such.
        RuntimeError: they are too many, too few, or too small.
    """
    if type(value) is int:
        given: Lengths = (value,) * dims
    else:
        single = hasattr(value, "__index__") and not isinstance(value, bool)
        if not single and not isinstance(value, list | tuple):
            kind = type(value).__name__
            raise TypeError(f"{function}(): argument '{name}' must be tuple of ints, not {kind} (got {value!r})")
        for position, number in enumerate(() if single else value):
            if isinstance(number, bool) or not hasattr(number, "__index__"):
                raise TypeError(
                    f"{function}(): argument '{name}' must be tuple of ints, but found element of type "
                    f"{type(number).__name__} at pos {position}"
                )
        given = (int(value),) * dims if single else tuple([int(n) for n in value])
    if len(given) == 1:
        given *= dims
    if min(given, default=least) < least:
        raise RuntimeError(
            f"{'non-positive' if least else 'negative'} {name} is not supported: {function}() got {name}={value!r}"
        )
    if len(given) != dims:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {dims} values to match the convolution "
            f"dimensions, but got {name}={list(given)}"
        )
    return given


def check_tensors(function: str, input: Any, weight: Any, bias: Any) -> None:
    if isinstance(input, Tensor) and isinstance(weight, Tensor) and (bias is None or isinstance(bias, Tensor)):
        return
    for position, (name, value) in enumerate((("input", input), ("weight", weight), ("bias", bias))):
        if not isinstance(value, Tensor) and (value is not None or name != "bias"):
            raise must_be_tensor(function, name, position, value)


def check_dims(function: str, dims: int, x: Lengths, weight: Lengths) -> None:
    if len(x) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {function}, but got input of size: "
            f"{list(x)}"
        )
    if len(weight) != dims + 2:
        raise RuntimeError(
            f"expected stride to be a single integer value or a list of {len(weight) - 2} values to match the "
            f"convolution dimensions: {function}() needs a weight of {dims + 2} dimensions, got {list(weight)}"
        )


def check_types(function: str, shapes: Shapes, types: Types) -> None:
    x, weight, bias = types
    transposed = "transpose" in function
    if x.kind == "b" or (transposed and x.kind in "iu" and x != np.int64):
        kernel = "slow_conv_transpose2d_out_cpu" if transposed else "slow_conv2d_cpu"
        raise NotImplementedError(
            f"\"{kernel}\" not implemented for '{dtypes.type_name(x)}'. Convert the input first: x.float()."
        )
    if bias is not None and bias != x:
        said = f"Input type ({x}) and bias type ({bias}) should be the same"
    elif weight != x:
        said = f"expected scalar type {dtypes.type_name(x)} but found {dtypes.type_name(weight)}"
    else:
        return
    given = zip(("input", "weight", "bias"), types, shapes, strict=True)
    named = [f"{name}: {dtypes.type_name(kind)} {list(shape)}" for name, kind, shape in given if kind is not None]
    shown = ", ".join(named)
    raise RuntimeError(f"{said}. Convert one of them, for example input.float(): {function}() got {shown}.")


def check_groups(function: str, weight: Lengths, groups: Any) -> None:
    if isinstance(groups, bool) or not hasattr(groups, "__index__"):
        raise TypeError(f"{function}(): argument 'groups' must be int, not {type(groups).__name__}")
    if groups <= 0:
        raise RuntimeError(f"non-positive groups is not supported: {function}() got groups={groups}")
    if weight[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{list(weight)} instead"
        )
    if weight[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size [{list(weight)}] instead"
        )


def check_channels(given: str, x: Lengths, weight: Lengths, channels: int) -> None:
    if x[1] != channels:
        hint = " The channels are the second dimension, not the last: x.movedim(-1, 1)." if x[-1] == channels else ""
        raise RuntimeError(
            f"Given {given}, weight of size {list(weight)}, expected input{list(x)} to have {channels} channels, but "
            f"got {x[1]} channels instead.{hint}"
        )


def check_bias(given: str, weight: Lengths, bias: Lengths | None, outputs: int) -> None:
    if bias is not None and bias != (outputs,):
        raise RuntimeError(
            f"Given {given}weight of size {list(weight)}, expected bias to be 1-dimensional with {outputs} elements, "
            f"but got bias of size {list(bias)} instead"
        )


def check_sizes(function: str, x: Lengths, weight: Lengths, padding: Any, dilation: Lengths) -> None:
    padded = [n + a + b for n, (a, b) in zip(x[2:], padding, strict=True)]
    reach = [d * (k - 1) + 1 for k, d in zip(weight[2:], dilation, strict=True)]
    if min(weight[2:]) < 1 or any(n < k for n, k in zip(padded, reach, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel size: "
            f"({' x '.join(map(str, reach))}). Kernel size can't be greater than actual input size in {function}(), "
            f"nor 0: input {list(x)}, weight {list(weight)}"
        )
    if 0 in x[2:]:
        raise RuntimeError(f"Only zero batch or zero channel inputs are supported, but got input shape: {list(x)}")


def in_pairs(function: str, padding: Any, kernel: Lengths, stride: Lengths, dilation: Lengths) -> Any:
    """The padding before and after, for each dimension."""
    if not isinstance(padding, str):
        return tuple([(n, n) for n in each_number(function, "padding", padding, len(kernel), 0)])
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'. Expected 'same', 'valid', or numbers.")
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    return tuple([(total // 2, total - total // 2) for total in totals])
