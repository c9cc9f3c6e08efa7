"""Creation: tensors from data, from NumPy, and filled in a regular way.

Source: https://docs.pytorch.org/docs/stable/torch.html#creation-ops
"""

from __future__ import annotations

import builtins
import functools
import math
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numpy as np

from .._core import dispatch, dtypes
from .._core.device import check_device
from .._core.errors import explained, must_be_tensor
from .._core.inplace import check_target, store
from .._core.op import case, op
from .._core.tensor import Tensor, tensor_method, wrap
from .forms import check_number

F = TypeVar("F", bound=Callable[..., Any])


def takes_size(function: F) -> F:
    """Let a function of ``*size`` take ``size=`` as well, as PyTorch's do."""

    @functools.wraps(function)
    def call(*size: Any, **options: Any) -> Any:
        if "size" in options and not size:
            size = (options.pop("size"),)
        return function(*size, **options)

    return cast(F, call)


def _finish(array: np.ndarray[Any, Any], requires_grad: bool, device: Any = None) -> Tensor:
    check_device(device)
    result = wrap(array)
    return result.requires_grad_() if requires_grad else result


def _dtype(dtype: Any) -> np.dtype[Any]:
    return dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)


def _size(name: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape given as numbers or as one sequence."""
    if not size:
        raise TypeError(f"{name}() missing 1 required positional argument: 'size'. Write {name}(()) for a number.")
    given = size[0] if len(size) == 1 and not isinstance(size[0], int | np.integer | Tensor) else size
    try:
        lengths = tuple([operator.index(length) for length in given])
    except TypeError:
        raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, got {given!r}") from None
    if lengths and min(lengths) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(lengths)}: {list(lengths)}")
    return lengths


# --- from data ---------------------------------------------------------------------------------------------------


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
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than tinygrad_nn.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        data = data._array
    array = _to_array(data)
    if dtype is not None:
        array = _cast(array, dtypes.to_numpy(dtype), checked=array is not data)
    else:
        array = array.copy() if array is data else _inferred(array, data)
    dtypes.from_numpy(array.dtype)
    return _finish(np.ascontiguousarray(array) if array.ndim else array, requires_grad, device)


def _cast(array: np.ndarray[Any, Any], kind: np.dtype[Any], checked: bool) -> np.ndarray[Any, Any]:
    """The array as another type; numbers that users wrote must fit, an array's wrap around, as in PyTorch."""
    if checked and kind.kind in "iu" and array.size and array.dtype.kind in "biuf":
        extremes = [array.min().item(), array.max().item()]
        for value in extremes:
            check_number("tensor", value, kind)
    if checked and array.dtype.kind == "c" and kind.kind not in "cb":
        raise TypeError(f"must be real number, not complex: tensor() of dtype {kind}. Take data.real first.")
    with np.errstate(all="ignore"):
        return array.astype(kind)


def _to_array(data: Any) -> np.ndarray[Any, Any]:
    """The data as an array, with all of its digits."""
    if isinstance(data, np.ndarray):
        return data
    if isinstance(data, np.generic):
        return np.asarray(data)
    if hasattr(data, "__array__") and not isinstance(data, list | tuple):
        return np.asarray(data)
    try:
        array = np.array(_without_tensors(data))
    except ValueError as error:
        if isinstance(data, list | tuple) and "scalars" in str(error):
            raise
        raise _ragged(data) or ValueError(str(error)) from None
    if array.dtype.kind in "OUSV":
        array = _of_huge_numbers(data, array)
    if array.dtype == np.uint64:  # what fits no int64
        raise _refused(data)
    return array


def _of_huge_numbers(data: Any, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Floats beside integers beyond 64 bits; anything else that NumPy makes objects of is refused."""
    leaves = array.reshape(-1).tolist()
    floats = any(isinstance(leaf, float) for leaf in leaves)
    if array.dtype.kind != "O" or not floats or not all(isinstance(leaf, int | float) for leaf in leaves):
        raise _ragged(data) or _refused(data)
    return array.astype(np.float64)


def _refused(data: Any) -> Exception:
    """PyTorch's error for data that is no numbers."""
    leaves = [leaf for leaf in np.array(data, object).reshape(-1).tolist() if not isinstance(leaf, float | bool)]
    wrong = next((leaf for leaf in leaves if not isinstance(leaf, int) or not -(1 << 63) <= leaf < 1 << 63), None)
    fix = "tensor() takes numbers, nested in lists of equal lengths."
    if isinstance(wrong, int):
        return ValueError(f"Overflow when unpacking long long: {wrong} needs more than 64 bits. Write it as a float.")
    if isinstance(wrong, str) and isinstance(data, list | tuple) and isinstance(_first(data), str):
        return ValueError(f"too many dimensions 'str': got {wrong!r}. {fix}")
    if isinstance(wrong, str):
        return TypeError(f"new(): invalid data type 'str': got {wrong!r}. {fix}")
    return RuntimeError(f"Could not infer dtype of {type(wrong).__name__}. {fix}")


def _inferred(array: np.ndarray[Any, Any], data: Any) -> np.ndarray[Any, Any]:
    """An array made of data, as the type that PyTorch infers: Python floats get the default type."""
    first = _first(data)
    if array.dtype.kind in "fc" and not isinstance(first, np.generic | np.ndarray | Tensor):
        if first is not data or isinstance(data, int | float | complex):
            wanted = dtypes.default_numpy()
            return array.astype(np.result_type(wanted, np.complex64) if array.dtype.kind == "c" else wanted)
    return array.astype(dtypes.default_numpy()) if array.size == 0 and first is None else array


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
                raise ValueError(
                    "only one element tensors can be converted to Python scalars, got one of shape "
                    f"{list(item._array.shape)} in a list. Join tensors with stack(), which also keeps their gradients."
                )
        return [i._array.reshape(())[()] if isinstance(i, Tensor) else _without_tensors(i) for i in data]
    if isinstance(data, range):
        return list(data)
    return data


def _ragged(data: Any, dim: int = 0) -> ValueError | None:
    """PyTorch's error for nested sequences of different lengths."""
    if not isinstance(data, list | tuple):
        return None
    lengths = [len(d) if isinstance(d, list | tuple | np.ndarray) else -1 for d in data]
    for length in lengths:
        if length != lengths[0]:
            return ValueError(
                f"expected sequence of length {max(lengths[0], 0)} at dim {dim + 1} (got {max(length, 0)}). All rows "
                "must have one length; pad them first."
            )
    for item in data:
        found = _ragged(item, dim + 1)
        if found is not None:
            return found
    return None


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares an array's memory: writes into one are seen in the other.

    Raises:
        TypeError: not an array, or of a type that tensors do not have.

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
    dtypes.from_numpy(ndarray.dtype)
    return wrap(ndarray.view(np.ndarray))


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a tensor, without a copy where it is a tensor or an array of the wanted type already."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        made = from_numpy(data)
        return made if dtype is None else made.to(dtype)
    return tensor(data, dtype=dtype)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """As `as_tensor`, with a choice of copying."""
    made = as_tensor(obj, dtype, device)
    made = made.detach().clone() if copy else made
    return made.requires_grad_() if requires_grad else made


# --- filled ------------------------------------------------------------------------------------------------------


@takes_size
def zeros(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
          pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Zeros of a shape, given as numbers or as one sequence.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    return _into(out, _finish(np.zeros(_size("zeros", size), _dtype(dtype)), requires_grad, device))


@takes_size
def ones(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
         pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Ones of a shape, given as numbers or as one sequence."""
    return _into(out, _finish(np.ones(_size("ones", size), _dtype(dtype)), requires_grad, device))


@takes_size
def empty(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
          pin_memory: bool = False, requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor of a shape whose elements may have any value."""
    return _into(out, _finish(np.empty(_size("empty", size), _dtype(dtype)), requires_grad, device))


def full(size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A tensor of a shape, all of one value; its type is the value's unless given."""
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    if isinstance(size, int):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not int. Write ({size},).")
    if not isinstance(value, int | float | complex | np.number | np.bool_):
        raise TypeError(f"full(): argument 'fill_value' (position 2) must be Number, not {type(value).__name__}")
    wanted = dtypes.result_type([value]) if dtype is None else dtypes.to_numpy(dtype)
    check_number("full", value, wanted)
    return _into(out, _finish(np.full(_size("full", (size,)), value, wanted), requires_grad, device))


def _into(out: Tensor | None, made: Tensor) -> Tensor:
    return made if out is None else store(out, made)


def _like(input: Tensor, dtype: Any) -> np.dtype[Any]:
    return input._array.dtype if dtype is None else dtypes.to_numpy(dtype)


@explained
def zeros_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
               memory_format: Any = None) -> Tensor:  # fmt: skip
    """Zeros in the shape and type of another tensor."""
    return _finish(np.zeros_like(input._array, _like(input, dtype)), requires_grad, device)


@explained
def ones_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
              memory_format: Any = None) -> Tensor:  # fmt: skip
    """Ones in the shape and type of another tensor."""
    return _finish(np.ones_like(input._array, _like(input, dtype)), requires_grad, device)


@explained
def empty_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
               memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor in the shape and type of another, not initialised."""
    return _finish(np.empty_like(input._array, _like(input, dtype)), requires_grad, device)


@explained
def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
              requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor in the shape and type of another, all of one value."""
    wanted = _like(input, dtype)
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    check_number("full_like", value, wanted)
    return _finish(np.full_like(input._array, value, wanted), requires_grad, device)


def arange(*bounds: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
           pin_memory: bool = False, requires_grad: bool = False, start: Any = None, end: Any = None,
           step: Any = None) -> Tensor:  # fmt: skip
    """Numbers from `start` (0) up to but without `end`, in steps (1): ``arange(end)``, ``arange(start, end, step)``.

    Raises:
        RuntimeError: the step is zero or leads away from the end.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.arange(1, 2.5, 0.5)
        tensor([1.0000, 1.5000, 2.0000])
    """
    given = [b.item() if isinstance(b, Tensor | np.generic) else b for b in bounds]
    if len(given) == 1:
        given = [0 if start is None else start, given[0]] if end is None else [given[0], end]
    first = given[0] if given else (0 if start is None else start)
    last = given[1] if len(given) > 1 else end
    stride = given[2] if len(given) > 2 else (1 if step is None else step)
    for name, value in (("end", last), ("start", first), ("step", stride)):
        if not isinstance(value, int | builtins.float):
            raise TypeError(f"arange(): argument '{name}' must be Number, not {type(value).__name__}")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first} -> {last} in arange()")
    if stride == 0:
        raise RuntimeError("step must be nonzero")
    if (last - first) * stride < 0:
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign: start {first}, end {last}, step {stride}"
        )
    whole = all(isinstance(b, int) for b in (first, last, stride))
    wanted = dtypes.to_numpy(dtype) if dtype is not None else np.dtype(np.int64) if whole else dtypes.default_numpy()
    count = math.ceil((last - first) / stride)
    if wanted.kind in "iu":
        array = int(first) + np.arange(count) * int(stride) if not whole else np.arange(first, last, stride)
    else:
        array = first + np.arange(count) * builtins.float(stride)
    return _into(out, _finish(array.astype(wanted), requires_grad, device))


def linspace(start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
             device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`steps` numbers, evenly spaced from `start` to `end`, both included.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linspace(0, 1, 3)
        tensor([0.0000, 0.5000, 1.0000])
    """
    _check_count("linspace", "steps", steps)
    array = np.linspace(float(start), float(end), steps).astype(_dtype(dtype))
    return _into(out, _finish(array, requires_grad, device))


def _check_count(function: str, name: str, count: Any) -> None:
    if not isinstance(count, int | np.integer):
        raise TypeError(f"{function}(): argument '{name}' must be int, not {type(count).__name__}")
    if count < 0 and name == "steps":
        raise RuntimeError(f"number of steps must be non-negative, got {count}")
    if count < 0:
        raise RuntimeError(f"{name} must be greater or equal to 0, got {count} in {function}()")


def logspace(start: Any, end: Any, steps: int, base: builtins.float = 10.0, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`steps` powers of a base, with evenly spaced exponents from `start` to `end`."""
    _check_count("logspace", "steps", steps)
    return _finish(np.logspace(float(start), float(end), steps, base=base).astype(_dtype(dtype)), requires_grad, device)


def eye(n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A matrix with ones on the diagonal and zeros elsewhere."""
    for name, count in (("n", n), ("m", n if m is None else m)):
        _check_count("eye", name, count)
    return _into(out, _finish(np.eye(n, m, dtype=_dtype(dtype)), requires_grad, device))


def scalar_tensor(value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor of no dimensions."""
    if not isinstance(value, int | builtins.float | complex | np.number | Tensor):
        raise TypeError(f"scalar_tensor(): argument 's' (position 1) must be Number, not {type(value).__name__}")
    return _finish(np.asarray(value, _dtype(dtype)), False, device)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The indices of a matrix's lower triangle: a row of row numbers, and one of columns."""
    _check_count("tril_indices", "row", row)
    _check_count("tril_indices", "col", col)
    indices = np.stack(np.tril_indices(row, offset, col))
    return _finish(indices.astype(np.int64 if dtype is None else _dtype(dtype)), False)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The indices of a matrix's upper triangle: a row of row numbers, and one of columns."""
    _check_count("triu_indices", "row", row)
    _check_count("triu_indices", "col", col)
    indices = np.stack(np.triu_indices(row, offset, col))
    return _finish(indices.astype(np.int64 if dtype is None else _dtype(dtype)), False)


# --- methods -----------------------------------------------------------------------------------------------------


@tensor_method
def new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor with a copy of the data, of this tensor's type."""
    return tensor(data, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
def new_zeros(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of this tensor's type."""
    return zeros(*size, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
def new_ones(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of this tensor's type."""
    return ones(*size, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
def new_empty(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of this tensor's type, not initialised."""
    return empty(*size, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
def new_full(self: Tensor, size: Sequence[int], fill_value: Any, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A tensor of this tensor's type, all of one value."""
    wanted = self.dtype if dtype is None else dtype
    return full(size, fill_value, dtype=wanted, device=device, requires_grad=requires_grad)


@op(vjp=(lambda g: np.zeros_like(g), lambda g, value_shape: g.sum().reshape(value_shape)), kind="general", method=False,
    torch_name="", node_name="FillBackward0", cases=[case((2, 3), ())])  # fmt: skip
def _filled(x, value, /):
    """A number in the shape of `x`."""
    return np.full_like(x, value)


@op(vjp=(lambda g: np.zeros_like(g), lambda g, source: g.astype(source)), kind="general", method=False, torch_name="",
    node_name="CopyBackwards", cases=[case((2, 3), (2, 3), source=np.dtype("f8"))])  # fmt: skip
def _copied(x, other, /, source):
    """Another tensor's elements as the type of `x`."""
    return other.astype(x.dtype)


@tensor_method
def fill_(self: Tensor, value: Any) -> Tensor:
    """Set every element to a number."""
    check_target(self, (value,))
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions."
        )
    if not isinstance(value, Tensor):
        check_number("fill_", value, self._array.dtype)
    return store(self, _filled(self, value))


@tensor_method
def zero_(self: Tensor) -> Tensor:
    """Set every element to zero."""
    return self.fill_(0)


@tensor_method
def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Set the elements to those of another tensor, which is cast and broadcast."""
    if isinstance(src, np.ndarray):
        src = as_tensor(src)
    elif not isinstance(src, Tensor):
        raise must_be_tensor("copy_", "other", 0, src)
    check_target(self, (src,))
    if src._array.shape != self._array.shape:
        src = src.expand(*self._array.shape)
    return store(self, _copied(self, src, source=src._array.dtype))


dispatch.register(np.zeros_like, zeros_like)
dispatch.register(np.ones_like, ones_like)
dispatch.register(np.full_like, full_like)
