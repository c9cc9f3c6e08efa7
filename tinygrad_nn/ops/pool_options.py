"""The options of pooling functions, and what is checked before anything is pooled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._core import dtypes
from .._core.errors import must_be_tensor
from .._core.remember import remembered
from .._core.tensor import Tensor

Lengths = tuple[int, ...]
_WORDS = {1: "one int", 2: "two ints", 3: "three ints"}


class Pooling(NamedTuple):
    """The options of a pooling function, a number for each dimension, and how many windows there are."""

    kernel: Lengths
    stride: Lengths
    padding: Lengths
    dilation: Lengths
    counts: Lengths


def numbers(function: str, name: str, value: Any, dims: int) -> Lengths:
    """A number for each dimension, from one number or as many.

    Raises:
        TypeError: it is no integer, and no list or tuple of such.
        RuntimeError: they are too many or too few.
    """
    check_numbers(function, **{name: value})
    given = value if isinstance(value, list | tuple) else (value,)
    if len(given) not in (1, dims):
        raise RuntimeError(
            f"{function}: {name} must either be a single int, or a tuple of {_WORDS[dims]}, got {len(given)} of them "
            f"(argument '{name}' should contain {_WORDS[dims]})"
        )
    return tuple([int(n) for n in given]) * (dims // len(given))


def check_numbers(function: str, **options: Any) -> None:
    """Refuse options that are no integers, and no lists or tuples of such.

    Raises:
        TypeError: one is not.
    """
    for name, value in options.items():
        for number in value if isinstance(value, list | tuple) else (value,):
            if type(number) is not int and (isinstance(number, bool) or not hasattr(number, "__index__")):
                raise TypeError(
                    f"{function}(): argument '{name}' must be tuple of ints, not {type(number).__name__} "
                    f"(got {value!r})"
                )


@remembered
def pooling(
    function: str, shape: Lengths, dims: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: Any,
) -> Pooling:  # fmt: skip
    """The options for an input of a shape.

    Raises:
        TypeError, RuntimeError: they do not fit.
    """
    kernel = numbers(function, "kernel_size", kernel_size, dims)
    none = stride is None or (isinstance(stride, list | tuple) and not stride)
    step = kernel if none else numbers(function, "stride", stride, dims)
    around = numbers(function, "padding", padding, dims)
    apart = numbers(function, "dilation", dilation, dims)
    for name, values in (("kernel_size", kernel), ("stride", step), ("dilation", apart)):
        if min(values) <= 0:
            raise RuntimeError(
                f"{'stride should not be zero or' if name == 'stride' else ''}{name} should be greater than zero, but "
                f"got {name}={list(values)} in {function}()"
            )
    for k, p, d in zip(kernel, around, apart, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p} in {function}()")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={d} in {function}()"
            )
    lengths = shape[len(shape) - dims :]
    given = zip(lengths, kernel, step, around, apart, strict=True)
    counts = tuple([window_count(n, k, s, p, d, bool(ceil_mode)) for n, k, s, p, d in given])
    if min(counts) < 1:
        channels = shape[len(shape) - dims - 1]
        raise RuntimeError(
            f"Given input size: ({'x'.join(map(str, (channels, *lengths)))}). Calculated output size: "
            f"({'x'.join(map(str, (channels, *counts)))}). Output size is too small in {function}()"
        )
    return Pooling(kernel, step, around, apart, counts)


def window_count(length: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """How many windows there are along a dimension. None starts beyond the input and the padding before it."""
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= length + padding else count


def check_input(function: str, input: Any, dims: int, refused: str) -> np.ndarray[Any, Any]:
    """The input's array, of images or of one image.

    Args:
        function, dims: for the message; the dimensions that are pooled.
        refused: letters of the kinds of elements that are refused.

    Raises:
        TypeError: it is no tensor.
        RuntimeError: it has too few or too many dimensions, or a length of 0 that is no number of images.
        NotImplementedError: it has elements of these kinds.
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor(function, "input", 0, input)
    x = input._array
    if x.ndim not in (dims + 1, dims + 2) or 0 in x.shape[x.ndim - dims - 1 :]:
        raise RuntimeError(
            f"{function}(): Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(x.shape)}"
        )
    if x.dtype.kind in refused:
        raise NotImplementedError(
            f"\"{function}\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert the input first: x.float()."
        )
    return x
