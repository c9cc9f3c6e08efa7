"""Tensors from data: numbers, nested sequences, arrays, and memory that something else owns.

Source: https://docs.pytorch.org/docs/stable/torch.html#creation-ops
"""

from __future__ import annotations

import array as python_arrays
import warnings
from itertools import chain
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.device import check_device
from .._core.modes import ERRORS, IGNORED
from .._core.tensor import Tensor, wrap
from .forms import check_number
from .making import finish

__all__ = ["as_tensor", "asarray", "from_numpy", "frombuffer", "tensor"]

_LIST, _FLOAT, _INT = {list}, {float}, {int}
_BUFFERS = (bytearray, memoryview, python_arrays.array)


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A tensor with a copy of the data: a number, nested sequences, an array.

    Python floats get the default type (float32), integers int64; arrays keep their own type.

    Raises:
        ValueError: the nested sequences are of different lengths, or a number needs more than 64 bits.
        TypeError, RuntimeError: the data is no numbers, or a number does not fit into the dtype.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.tensor.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1, 2], [3, 4]])
        tensor([[1, 2],
                [3, 4]])
        >>> tg.tensor(0.5).dtype
        torch.float32
    """
    if dtype is None and device is None and not requires_grad:
        quick = _of_plain_numbers(data)
        if quick is not None:
            return wrap(quick)
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than tinygrad_nn.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        data = data._array
    wanted = None if dtype is None else dtypes.to_numpy(dtype)
    array = _to_array(data, wanted)
    if wanted is not None:
        array = _cast(array, wanted, checked=array is not data)
    else:
        array = array.copy() if array is data else _inferred(array, data)
    dtypes.from_numpy(array.dtype)
    return finish(np.ascontiguousarray(array) if array.ndim else array, requires_grad, device)


def _of_plain_numbers(data: Any) -> np.ndarray[Any, Any] | None:
    """An array of floats or of integers, in lists or not, in half of the time that all data can take to look into."""
    leaves, kinds = data, {type(data)}
    while kinds == _LIST:
        kinds = {*map(type, leaves)}
        if kinds == _LIST:
            leaves = [*chain.from_iterable(leaves)]
    if kinds == _FLOAT:
        kind = dtypes.default_numpy()
    elif kinds == _INT:
        kind = dtypes.INT64
    else:
        return None
    token = ERRORS.set(IGNORED)  # for numbers that are too large
    try:
        return np.array(data, kind)
    except (ValueError, OverflowError):  # of different lengths, or more than 64 bits
        return None
    finally:
        ERRORS.reset(token)


def _cast(array: np.ndarray[Any, Any], kind: np.dtype[Any], checked: bool) -> np.ndarray[Any, Any]:
    """The array as another type; numbers that users wrote must fit, an array's wrap around, as in PyTorch."""
    if checked and kind.kind in "iu" and array.size and array.dtype.kind in "biuf":
        extremes = [array.min().item(), array.max().item()]
        for value in extremes:
            check_number("tensor", value, kind)
        if kind.kind == "u" and array.dtype.kind == "f" and extremes[0] < 0:
            raise RuntimeError(f"value cannot be converted to type {kind} without overflow in tensor(): {extremes[0]}")
    if checked and array.dtype.kind == "c" and kind.kind not in "cb":
        raise TypeError(f"must be real number, not complex: tensor() of dtype {kind}. Take data.real first.")
    with np.errstate(all="ignore"):
        return array.astype(kind)


# --- from numbers to arrays --------------------------------------------------------------------------------------


def _to_array(data: Any, wanted: np.dtype[Any] | None) -> np.ndarray[Any, Any]:
    """The data as an array, with all of its digits."""
    if isinstance(data, np.ndarray):
        _check_order(data)
        return data
    if isinstance(data, np.generic):
        return np.asarray(data)
    if isinstance(data, bytes):
        raise TypeError("new(): invalid data type 'bytes': use frombuffer(data, dtype=uint8), or list(data)")
    if isinstance(data, _BUFFERS):
        data = list(data)
    elif hasattr(data, "__array__") and not isinstance(data, list | tuple):
        return np.asarray(data)
    try:
        array = np.array(_without_tensors(data))
    except ValueError as error:
        if isinstance(data, list | tuple) and "scalars" in str(error):
            raise
        raise _ragged(data) or ValueError(str(error)) from None
    if array.dtype.kind in "OUSV":
        array = _of_huge_numbers(data, array, wanted)
    if array.dtype == np.uint64 and not _takes_huge(wanted):  # what fits no int64
        raise _refused(data, wanted)
    return array


def _takes_huge(wanted: np.dtype[Any] | None) -> bool:
    """Whether a type holds integers beyond 64 bits, or was asked for as the unsigned one."""
    return wanted is not None and (wanted.kind in "fc" or wanted == np.uint64)


def _of_huge_numbers(data: Any, array: np.ndarray[Any, Any], wanted: np.dtype[Any] | None) -> np.ndarray[Any, Any]:
    """Floats beside integers beyond 64 bits; anything else that NumPy makes objects of is refused."""
    leaves = array.reshape(-1).tolist()
    floats = any(isinstance(leaf, float) for leaf in leaves) or (wanted is not None and wanted.kind in "fc")
    if array.dtype.kind != "O" or not floats or not all(isinstance(leaf, int | float) for leaf in leaves):
        raise _ragged(data) or _refused(data, wanted)
    return array.astype(np.float64)


def _refused(data: Any, wanted: np.dtype[Any] | None) -> Exception:
    """PyTorch's error for data that is no numbers."""
    leaves = [leaf for leaf in np.array(data, object).reshape(-1).tolist() if not isinstance(leaf, float | bool)]
    wrong = next((leaf for leaf in leaves if not isinstance(leaf, int) or not -(1 << 63) <= leaf < 1 << 63), None)
    fix = "tensor() takes numbers, nested in lists of equal lengths."
    if isinstance(wrong, int):
        return ValueError(f"Overflow when unpacking long long: {wrong} needs more than 64 bits. Write it as a float.")
    if isinstance(wrong, str) and isinstance(data, list | tuple) and isinstance(_first(data), str):
        return ValueError(f"too many dimensions 'str': got {wrong!r}. {fix}")
    if isinstance(wrong, str | bytes):
        return TypeError(f"new(): invalid data type '{type(wrong).__name__}': got {wrong!r}. {fix}")
    if wanted is not None:
        return TypeError(f"must be a number, not {type(wrong).__name__}. {fix}")
    return RuntimeError(f"Could not infer dtype of {type(wrong).__name__}. {fix}")


def _inferred(array: np.ndarray[Any, Any], data: Any) -> np.ndarray[Any, Any]:
    """An array made of data, as the type that PyTorch infers: Python floats get the default type."""
    default = dtypes.default_numpy()
    if array.dtype.kind not in "fc":
        return array.astype(default) if array.size == 0 and _first(data) is None else array
    if isinstance(data, list | tuple):
        kinds = _kinds_in(data)
        wanted = next(iter(kinds))
        for kind in kinds:
            wanted = dtypes.promote_types(wanted, kind)
    elif isinstance(data, (float, int, complex, *_BUFFERS)) and not isinstance(data, np.generic):
        wanted = np.result_type(default, np.complex64) if array.dtype.kind == "c" else default
    else:
        wanted = array.dtype
    with np.errstate(over="ignore"):
        return array if array.dtype == wanted else array.astype(wanted)


def _kinds_in(data: Any) -> set[np.dtype[Any]]:
    """The types of all leaves."""
    types = set(map(type, data))
    if types <= _PYTHON:
        return {_python_kind(kind) for kind in types} or {dtypes.default_numpy()}
    found: set[np.dtype[Any]] = set()
    for item in data:
        if isinstance(item, list | tuple):
            found |= _kinds_in(item)
        elif isinstance(item, Tensor):
            found.add(item._array.dtype)
        elif isinstance(item, np.ndarray | np.generic):
            found.add(item.dtype)
        else:
            found.add(_python_kind(type(item)))
    return found or {dtypes.default_numpy()}


_PYTHON: set[type] = {bool, int, float, complex}


def _python_kind(kind: type) -> np.dtype[Any]:
    if kind is bool or kind is int:
        return np.dtype(kind)
    default = dtypes.default_numpy()
    return np.result_type(default, np.complex64) if kind is complex else default


def _first(data: Any) -> Any:
    """The first leaf of nested sequences; None where there is none."""
    while isinstance(data, list | tuple):
        if not data:
            return None
        data = data[0]
    return data


def _without_tensors(data: Any) -> Any:
    if isinstance(data, Tensor):
        return data._array
    if isinstance(data, list | tuple):
        for item in data:
            if isinstance(item, Tensor) and item._array.size != 1:
                kind = TypeError if item._array.dtype.kind in "biu" else ValueError
                raise kind(
                    "only one element tensors can be converted to Python scalars, got one of shape "
                    f"{list(item._array.shape)} in a list. Join tensors with stack(), which also keeps their gradients."
                )
        return [i._array.reshape(())[()] if isinstance(i, Tensor) else _without_tensors(i) for i in data]
    if isinstance(data, range):
        return list(data)
    return data


def _ragged(data: Any, dim: int = 0) -> Exception | None:
    """PyTorch's error for nested sequences of different lengths, or numbers beside sequences."""
    if not isinstance(data, list | tuple):
        return None
    lengths = [len(d) if isinstance(d, list | tuple | np.ndarray) else -1 for d in data]
    for position, length in enumerate(lengths):
        if -1 in (length, lengths[0]) and length != lengths[0]:
            return TypeError(
                f"not a sequence: in dimension {dim}, a number stands beside a sequence (item {position}). All items "
                "must be numbers, or sequences of one length."
            )
        if length != lengths[0]:
            return ValueError(
                f"expected sequence of length {lengths[0]} at dim {dim + 1} (got {length}). All rows must have one "
                "length; pad them first."
            )
    for item in data:
        found = _ragged(item, dim + 1)
        if found is not None:
            return found
    return None


# --- shared memory -----------------------------------------------------------------------------------------------


def _check_order(array: np.ndarray[Any, Any]) -> None:
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            f"currently not supported. Convert the array first: array.astype(np.{array.dtype.newbyteorder('=').name})."
        )


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares an array's memory: writes into one are seen in the other.

    Raises:
        TypeError: not an array, or of a type that tensors do not have.
        ValueError: its bytes are not in this machine's order.

    Example:
        >>> import numpy as np, tinygrad_nn as tg
        >>> array = np.zeros(2)
        >>> x = tg.from_numpy(array)
        >>> array[0] = 7
        >>> x
        tensor([7., 0.], dtype=torch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__}). Use tinygrad_nn.tensor(...).")
    _check_order(ndarray)
    dtypes.from_numpy(ndarray.dtype)
    return wrap(ndarray.view(np.ndarray))


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A tensor of the bytes of a buffer (``bytearray``, ``array.array``, an array), whose memory it shares.

    Args:
        buffer: anything with Python's buffer protocol. A tensor of a ``bytes`` object cannot be written to.
        dtype: as what type the bytes are read.
        count: how many elements; negative: all that there are.
        offset: how many bytes to leave out first.
        requires_grad: record operations on it.

    Raises:
        ValueError: no buffer, or its bytes do not make so many elements.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.frombuffer(bytearray([1, 0, 2, 0]), dtype=tg.int16)
        tensor([1, 2], dtype=torch.int16)
    """
    kind = dtypes.to_numpy(dtype)
    try:
        view = memoryview(buffer)
    except TypeError:
        raise ValueError(
            f"object does not implement Python buffer protocol: frombuffer() got {type(buffer).__name__}"
        ) from None
    length = view.nbytes
    if length == 0 or count == 0:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1"
        )
    if count < 0 and (length - offset) % kind.itemsize:
        raise ValueError(
            f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a multiple of element size "
            f"({kind.itemsize})"
        )
    if count > 0 and offset + count * kind.itemsize > length:
        raise ValueError(
            f"requested buffer length ({count} * {kind.itemsize} bytes) after offset ({offset} bytes) must not be "
            f"greater than actual buffer length ({length} bytes)"
        )
    return finish(np.frombuffer(buffer, kind, max(count, -1), offset), requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a tensor, without a copy where it is a tensor or an array of the wanted type already.

    Example:
        >>> import numpy as np, tinygrad_nn as tg
        >>> array = np.zeros(1)
        >>> tg.as_tensor(array).add_(1)
        tensor([1.], dtype=torch.float64)
        >>> array
        array([1.])
    """
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        made = from_numpy(data)
        return made if dtype is None else made.to(dtype)
    return tensor(data, dtype=dtype)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None
) -> Tensor:
    """A tensor of a tensor, an array, a buffer, or nested sequences, sharing memory where that can be.

    Args:
        obj: the data.
        dtype: the type wanted; for a buffer, the type that its bytes are read as.
        device: the CPU.
        copy: True: copy in any case; False: never; None: where it must be.
        requires_grad: whether the result records operations; if not, it is detached from `obj`. None: as `obj` does.

    Raises:
        ValueError: ``copy=False``, and the data cannot be shared.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.asarray([1, 2], dtype=tg.float32)
        tensor([1., 2.])
    """
    check_device(device)
    shares = isinstance(obj, Tensor | np.ndarray)
    if isinstance(obj, (bytes, *_BUFFERS)):
        made, shares = frombuffer(obj, dtype=dtypes.default_numpy() if dtype is None else dtype), True
    elif shares:
        made = obj if isinstance(obj, Tensor) else from_numpy(obj)
    elif copy is False:
        raise ValueError("can't alias arbitrary sequence into a tensor. copy=False takes a tensor, array or buffer.")
    else:
        made = tensor(obj, dtype=dtype)
    wanted = made._array.dtype if dtype is None else dtypes.to_numpy(dtype)
    if wanted != made._array.dtype:
        if copy is False:
            names = dtypes.type_name(made._array.dtype), dtypes.type_name(wanted)
            raise ValueError(f"can't alias tensor with dtype '{names[0]}' into dtype '{names[1]}'.")
        made = made.to(wanted)
    elif copy and shares:
        made = made.clone()
    if requires_grad:
        return made if made.requires_grad else made.requires_grad_()
    return made.detach() if made.requires_grad and requires_grad is not None else made
