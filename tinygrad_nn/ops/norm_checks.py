"""What normalising functions check before they normalise anything."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import describe, must_be_tensor
from .._core.modes import modes
from .._core.tensor import Tensor

_HALF, _FLOAT = np.dtype(np.float16), np.dtype(np.float32)


def check_tensors(function: str, input: Any, **others: Any) -> np.ndarray[Any, Any]:
    """The input's array; the others are tensors or None.

    Raises:
        TypeError: one is no tensor.
    """
    for position, (name, value) in enumerate({"input": input, **others}.items()):
        if not isinstance(value, Tensor) and (value is not None or position == 0):
            raise must_be_tensor(function, name, position, value)
    array: np.ndarray[Any, Any] = input._array
    return array


def check_types(function: str, kernel: str, input: Tensor, **others: Any) -> None:
    """Refuse elements that are not floating point numbers, and parameters of another type.

    Parameters of half precision inputs may be in single precision.

    Raises:
        NotImplementedError: the input's elements are no real floating point numbers.
        RuntimeError: a parameter is of another type.
    """
    kind = input._array.dtype
    if kind.kind != "f":
        raise NotImplementedError(
            f"\"{kernel}\" not implemented for '{dtypes.type_name(kind)}'. Convert the input first: x.float()."
        )
    if all(value is None or value._array.dtype is kind for value in others.values()):
        return
    given = {name: value for name, value in others.items() if value is not None}
    kinds = {value._array.dtype for value in given.values()}
    if len(kinds) > 1 or not kinds <= ({kind, _FLOAT} if kind == _HALF else {kind}):
        shown = ", ".join(f"{name}: {describe(value)}" for name, value in {"input": input, **given}.items())
        raise RuntimeError(
            "mixed dtype (CPU): expect parameter to have scalar type of Float: all inputs must share same datatype, "
            f"{function}() got {shown}. Convert the input, for example x.float(), or the module, with .double()."
        )


def check_number(function: str, name: str, position: int, value: Any) -> float:
    """The number.

    Raises:
        TypeError: it is none.
    """
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | np.number | Tensor):
        kind = type(value).__name__
        raise TypeError(f"{function}(): argument '{name}' (position {position}) must be float, not {kind}")
    return float(value)


def check_lengths(channels: int, **others: Any) -> None:
    """Refuse parameters that are not of as many elements as there are channels.

    Raises:
        RuntimeError: one is not.
    """
    for name, value in others.items():
        if value is not None and value._array.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {value._array.size}")


def normalized_dims(function: str, input: Tensor, normalized_shape: Any, **others: Any) -> tuple[int, ...]:
    """The last lengths, over which is normalised.

    Raises:
        TypeError: they are no tuple of integers.
        RuntimeError: the input, or a parameter, is of another shape.
    """
    place = f"{function}(): argument 'normalized_shape' (position 2) must be tuple of ints, "
    if not isinstance(normalized_shape, list | tuple):
        raise TypeError(f"{place}not {type(normalized_shape).__name__} (got {normalized_shape!r})")
    for position, number in enumerate(normalized_shape):
        if isinstance(number, bool) or not hasattr(number, "__index__"):
            raise TypeError(f"{place}but found element of type {type(number).__name__} at pos {position}")
    wanted = tuple([int(n) for n in normalized_shape])
    if not wanted:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for name, value in others.items():
        if value is not None and value._array.shape != wanted:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(value.shape)} and normalized_shape = {list(wanted)}"
            )
    if input._array.shape[-len(wanted) :] != wanted or input.ndim < len(wanted):
        raise RuntimeError(
            f"Given normalized_shape={list(wanted)}, expected input with shape [*, {', '.join(map(str, wanted))}], but "
            f"got input of size{list(input.shape)} in {function}()"
        )
    return wanted


def check_running(**statistics: Tensor | None) -> None:
    """Refuse running statistics that want a gradient.

    Raises:
        RuntimeError: one does.
    """
    for name, value in statistics.items():
        if value is not None and value.requires_grad and modes.here.grad:
            raise RuntimeError(
                f"The function 'native_batch_norm' is not differentiable with respect to argument '{name}'. This input "
                f"cannot have requires_grad True. Pass {name}.detach()."
            )
