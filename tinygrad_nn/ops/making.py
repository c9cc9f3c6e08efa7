"""What the functions that make tensors share: sizes, types, ``out=``.

Source: https://docs.pytorch.org/docs/stable/torch.html#creation-ops
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numpy as np

from .._core import dtypes
from .._core.device import CPU, check_device
from .._core.inplace import adopt, check_target
from .._core.modes import modes
from .._core.tensor import Tensor, wrap

F = TypeVar("F", bound=Callable[..., Any])
_USUAL = {"dtype", "device"}
_LARGEST = 1 << 59  # elements that no tensor has


def takes_size(function: F) -> F:
    """Let a function of ``*size`` take ``size=`` as well, as PyTorch's do."""

    @functools.wraps(function)
    def call(*size: Any, **options: Any) -> Any:
        if "size" in options and (not size or isinstance(size[0], Tensor)):
            size = (*size, options.pop("size"))
        return function(*size, **options)

    return cast(F, call)


def filled(make: Callable[[Any, np.dtype[Any]], Any]) -> Callable[[F], F]:
    """Let ``make(shape, dtype)`` answer the usual calls of a function of a size, which give no more than these options.

    Sorting out all options takes longer than filling a few elements: 1 us of the 1.9 of ``zeros(4)``.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(*size: Any, **options: Any) -> Any:
            if size and not modes.here.levels and (not options or _USUAL.issuperset(options)):
                shape = size[0] if len(size) == 1 and isinstance(size[0], tuple | list) else size
                device = options.get("device") if options else None
                if (device is None or device is CPU or device == "cpu") and is_plain_shape(shape):
                    dtype = options.get("dtype") if options else None
                    return wrap(make(shape, dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)))
            return function(*size, **options)

        return cast(F, call)

    return decorate


def is_plain_shape(shape: Sequence[Any]) -> bool:
    """Whether there is nothing to check or to convert in a shape."""
    count = 1
    for length in shape:
        if type(length) is not int or length < 0:
            return False
        count *= length
    return count < _LARGEST


def type_of(dtype: Any) -> np.dtype[Any]:
    """The type asked for, or the default one."""
    return dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)


def size_of(name: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape given as numbers or as one sequence."""
    if not size:
        raise TypeError(f"{name}() missing 1 required positional argument: 'size'. Write {name}(()) for a number.")
    given = size[0] if len(size) == 1 and not isinstance(size[0], int | np.integer | Tensor) else size
    if isinstance(given, np.ndarray) or (isinstance(given, list | tuple) and bool in map(type, given)):
        raise TypeError(
            f"{name}(): argument 'size' (position 1) must be tuple of ints, not {type(given).__name__}: got {given!r}"
        )
    try:
        lengths = tuple([operator.index(length) for length in given])
    except TypeError:
        raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, got {given!r}") from None
    if lengths and min(lengths) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(lengths)}: {list(lengths)}")
    if math.prod(lengths) >= _LARGEST:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(lengths)}")
    return lengths


def into(out: Tensor | None, made: Tensor, dtype: Any = None) -> Tensor:
    """What was made; written to `out`, which takes on its shape and keeps its own type, where that is given."""
    if out is None:
        return made
    check_target(out)
    if dtype is not None and dtypes.to_numpy(dtype) != out._array.dtype:
        raise RuntimeError(
            f"dtype {dtypes.type_name(dtypes.to_numpy(dtype))} does not match dtype of out parameter "
            f"({dtypes.type_name(out._array.dtype)})"
        )
    if out._array.shape != made._array.shape:
        out._array = np.empty(made._array.shape, out._array.dtype)
    with np.errstate(all="ignore"):
        np.copyto(out._array, made._array, casting="unsafe")
    out._cell[0] += 1
    if modes.here.grad:
        adopt(out, made)
    return out


def type_like(input: Tensor, dtype: Any) -> np.dtype[Any]:
    """The type asked for, or that of another tensor."""
    return input._array.dtype if dtype is None else dtypes.to_numpy(dtype)


def finish(array: np.ndarray[Any, Any], requires_grad: bool, device: Any = None) -> Tensor:
    """A tensor around a new array."""
    check_device(device)
    result = wrap(array)
    return result.requires_grad_() if requires_grad else result
