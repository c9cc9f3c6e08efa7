"""Sequences of evenly spaced numbers, and of powers with evenly spaced exponents.

Source: https://docs.pytorch.org/docs/stable/generated/torch.arange.html, linspace.html, logspace.html
"""

from __future__ import annotations

import builtins
import functools
import math
import warnings
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.dtypes import FLOAT32
from .._core.tensor import Tensor, wrap
from .making import finish, into
from .shortcuts import usually

Array = np.ndarray[Any, Any]

__all__ = ["arange", "linspace", "logspace", "range"]

_INT64 = np.dtype(np.int64)
_LARGE = 1 << 31


def _number(function: str, name: str, value: Any) -> Any:
    """A real number: Python's, NumPy's, or that of a tensor of no dimensions."""
    if isinstance(value, np.generic) or (isinstance(value, Tensor) and value._array.ndim == 0):
        value = value.item()
    if isinstance(value, complex):
        words = "value cannot be converted to type double without overflow"
        raise RuntimeError(f"{words}: {function}() got {name}={value}")
    if not isinstance(value, int | float):
        raise TypeError(f"{function}(): argument '{name}' must be Number, not {type(value).__name__}")
    return value


def _check_kind(function: str, kind: np.dtype[Any], refused: str) -> None:
    if kind.kind in refused or (kind.kind == "u" and kind.itemsize > 1):
        raise NotImplementedError(f"\"{function}_cpu\" not implemented for '{dtypes.type_name(kind)}'")


def _check_bounds(function: str, first: Any, last: Any, step: Any) -> None:
    """Raises RuntimeError: not finite, no step, or one that leads away from the end."""
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first} -> {last} in {function}()")
    if step == 0 or step != step:
        raise RuntimeError(f"step must be nonzero, got {step} in {function}()")
    if (last - first) * step < 0:
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign: start {first}, end {last}, step {step}"
        )


def _counted(bounds: tuple[Any, ...]) -> Tensor | None:
    """The usual calls of `arange`: upwards, in steps of 1, by integers that are not large."""
    first, last = bounds if len(bounds) == 2 else (0, *bounds) if len(bounds) == 1 else (0, None)
    if type(last) is int and type(first) is int and -_LARGE < first <= last < _LARGE:
        return wrap(np.arange(first, last, dtype=_INT64))
    return None


@usually(_counted)
def arange(*bounds: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
           pin_memory: bool = False, requires_grad: bool = False, start: Any = None, end: Any = None,
           step: Any = None) -> Tensor:  # fmt: skip
    """Numbers from `start` (0) up to but without `end`, in steps (1): ``arange(end)``, ``arange(start, end, step)``.

    Integers give int64, others the default type.

    Raises:
        RuntimeError: the step is zero or leads away from the end, or a bound is infinite.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.arange(1, 2.5, 0.5)
        tensor([1.0000, 1.5000, 2.0000])
    """
    if len(bounds) > 3:
        raise TypeError(f"arange() takes at most 3 positional arguments (start, end, step), got {len(bounds)}")
    if len(bounds) == 1:
        bounds = (0 if start is None else start, bounds[0]) if end is None else (bounds[0], end)
    elif not bounds:
        if end is None:
            raise TypeError("arange() missing 1 required positional argument: 'end'")
        bounds = (0 if start is None else start, end)
    given = (*bounds, 1 if step is None else step)[:3]
    first, last, stride = (_number("arange", n, v) for n, v in zip(("start", "end", "step"), given, strict=True))
    whole = all(isinstance(b, int) for b in (first, last, stride))
    kind = dtypes.to_numpy(dtype) if dtype is not None else _INT64 if whole else dtypes.default_numpy()
    _check_kind("arange", kind, "bc")
    _check_bounds("arange", first, last, stride)
    array = _whole_steps(first, last, stride, kind) if kind.kind in "iu" else None
    if array is None:
        array = _in_steps(first, float(stride), math.ceil((last - first) / stride), kind)
    return into(out, finish(array, requires_grad, device), dtype)


def _in_steps(first: Any, stride: float, count: int, kind: np.dtype[Any]) -> Array:
    """Numbers in steps, a block at a time, so that they stay in the cache from pass to pass."""
    found = np.empty(count, kind)
    if kind is FLOAT32:  # of which the last digit of the sums in float64 makes no difference
        products = _counts()[:count] * stride
        for begin in builtins.range(0, count, _TOGETHER):
            part = found[begin : begin + _TOGETHER]
            np.add(products[: part.size], first + stride * begin, part)
        return found
    for begin in builtins.range(0, count, _TOGETHER):
        block = np.arange(begin, min(begin + _TOGETHER, count), dtype=np.float64)
        block *= stride
        block += first
        found[begin : begin + _TOGETHER] = block
    return found


def _whole_steps(first: Any, last: Any, step: Any, kind: np.dtype[Any]) -> Array:
    """A range of integers; PyTorch cuts off the fractions of what is given, for all but int64 after counting."""
    start, stride = int(first), int(step)
    if kind == _INT64:
        if stride == 0:
            raise ValueError(f"step must be nonzero, got {step}, of which int64 keeps 0, in arange()")
        if not -(1 << 63) <= int(last) < 1 << 63 or not -(1 << 63) <= start < 1 << 63:
            words = "value cannot be converted to type int64_t without overflow"
            raise RuntimeError(f"{words} in arange({first}, {last})")
        return np.arange(start, int(last), stride, dtype=kind)
    count = math.ceil((last - first) / step)
    return (start + np.arange(count, dtype=np.int64) * stride).astype(kind)


def range(start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None,
          device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Numbers from `start` to `end`, the end included. Deprecated: use `arange`.

    Raises:
        RuntimeError: as for `arange`.

    Example:
        >>> import warnings, tinygrad_nn as tg
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     tg.range(1, 3)
        tensor([1., 2., 3.])
    """
    if end is None:
        raise TypeError("range() missing 1 required positional argument: 'end'. Use arange.")
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    given = zip(("start", "end", "step"), (start, end, step), strict=True)
    first, last, stride = (_number("range", name, value) for name, value in given)
    kind = dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)
    _check_kind("range", kind, "bc")
    _check_bounds("range", first, last, stride)
    count = math.floor((last - first) / stride) + 1
    if kind.kind in "iu":
        first, stride = int(first), int(stride)
    return into(out, finish((first + np.arange(count) * stride).astype(kind), requires_grad, device), dtype)


def _ends(function: str, start: Any, end: Any, steps: Any, dtype: Any) -> tuple[Any, Any, int, np.dtype[Any]]:
    """The ends as numbers, how many steps there are, and the type of the result.

    Raises:
        TypeError, RuntimeError: they are no numbers, or the steps no number that is not negative.
    """
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise TypeError(f"{function}(): argument 'steps' must be int, not {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps} in {function}()")
    found = []
    for name, value in (("start", start), ("end", end)):
        if isinstance(value, Tensor):
            if value._array.ndim:
                raise RuntimeError(
                    f"{function} only supports 0-dimensional start and end tensors, but got {name} with "
                    f"{value._array.ndim} dimension(s)."
                )
            value = value.item()
        if not isinstance(value, int | float | complex | np.number):
            raise TypeError(f"{function}(): argument '{name}' must be Number, not {type(value).__name__}")
        found.append(value)
    kind = dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)
    if any(isinstance(value, complex | np.complexfloating) for value in found) and kind.kind != "c":
        if dtype is not None:
            raise RuntimeError(
                f"torch.{function}(): inferred dtype complex can't be safely cast to passed dtype "
                f"{dtypes.type_name(kind)}"
            )
        kind = np.result_type(kind, np.complex64)
    if steps > 1:
        _check_kind(function, kind, "b")
    return found[0], found[1], int(steps), kind


_WIDER = {"f": "d", "F": "D", "D": "G"}  # of single precision the double, of double the long double


def spaced(start: Any, end: Any, steps: int, kind: np.dtype[Any]) -> Array:
    """Evenly spaced numbers, counted from whichever end is nearer, as PyTorch counts.

    Products are added without being rounded first, which takes numbers of twice the digits, or nearly: PyTorch's
    processors do it in one instruction.
    """
    work: np.dtype[Any] = np.dtype(np.float64)
    if kind.kind in "iu":
        start, end = (np.array(int(number)).astype(kind) for number in (start, end))
    else:
        work = np.dtype(np.float32) if kind.itemsize <= 2 else kind
    first, last = work.type(start), work.type(end)
    if steps == 1:
        return np.array([first])
    step = (last - first) / work.type(max(steps - 1, 1))
    half = steps // 2
    result = np.empty(steps, work)
    for begin in builtins.range(0, steps, _TOGETHER):
        counted = np.arange(begin, min(begin + _TOGETHER, steps), dtype=np.float64)
        origin = np.full(counted.size, first)
        counted[max(half - begin, 0) :] -= steps - 1
        origin[max(half - begin, 0) :] = last
        result[begin : begin + _TOGETHER] = _added_product(origin, step, counted, work)
    return result


def _added_product(origin: Array, step: Any, counted: Array, work: np.dtype[Any]) -> Array:
    """``origin + step * counted``, rounded once, or as if."""
    if work != np.float64 or not abs(step) < 1e290 or not abs(origin[0]) + abs(origin[-1]) < 1e290:
        wide = np.dtype(_WIDER.get(work.char, "g"))
        return np.asarray(origin.astype(wide) + wide.type(step) * counted.astype(wide))
    # In two parts, of which the first has so few digits that its products are exact, and its sum's error is known.
    digits, exponent = math.frexp(step)
    high = math.ldexp(round(math.ldexp(digits, 26)), exponent - 26)
    product = counted * high
    total = product + origin
    rest = total - origin
    error = (origin - (total - rest)) + (product - rest)
    error += counted * (step - high)
    total += error
    return np.asarray(total)


_FEW, _SOME = 16, 1000  # numbers
_TOGETHER = 16_384  # numbers of which the steps are counted once


@functools.cache
def _counts() -> Array:
    return np.arange(_TOGETHER, dtype=np.float64)


def _plainly_spaced(args: tuple[Any, ...]) -> Tensor | None:
    """The usual call of `linspace`: what `spaced` does, with fewer steps, and a block at a time."""
    start, end, steps = args if len(args) == 3 else (0, 0, None)
    if type(steps) is not int or steps < 2 or dtypes.default_numpy() is not FLOAT32:
        return None
    if not (type(start) in (int, float) and type(end) in (int, float) and -1e30 < start < 1e30 and -1e30 < end < 1e30):
        return None
    first, last, half = np.float32(start), np.float32(end), steps // 2
    step = float((last - first) / np.float32(steps - 1))
    low, high = float(first), float(last)
    if steps <= _FEW:  # in half of the time, with Python's numbers
        lower = [low + step * i for i in builtins.range(half)]
        return wrap(np.array(lower + [high + step * (i - steps + 1) for i in builtins.range(half, steps)], FLOAT32))
    products = _counts()[: steps - half] * step
    if steps <= _SOME:  # to convert them later takes a third of the time that adding takes longer
        wide = np.empty(steps)
        np.add(products[:half], low, wide[:half])
        np.subtract(high, products, wide[: half - 1 : -1])
        return wrap(wide.astype(FLOAT32))
    result = np.empty(steps, FLOAT32)
    rising, falling = result[:half], result[: half - 1 : -1]
    for begin in builtins.range(0, steps - half, _TOGETHER):
        part, reach = slice(begin, begin + _TOGETHER), step * begin
        np.add(products[: len(rising[part])], low + reach, rising[part])
        np.subtract(high - reach, products[: len(falling[part])], falling[part])
    return wrap(result)


@usually(_plainly_spaced)
def linspace(start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
             device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """`steps` numbers, evenly spaced from `start` to `end`, both included.

    Raises:
        RuntimeError: `steps` is negative, or an end is a tensor with dimensions.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linspace(0, 1, 3)
        tensor([0.0000, 0.5000, 1.0000])
    """
    first, last, count, kind = _ends("linspace", start, end, steps, dtype)
    with np.errstate(all="ignore"):
        array = spaced(first, last, count, kind).astype(kind)
    return into(out, finish(array, requires_grad, device), dtype)


def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None,
             layout: Any = None, device: Any = None, requires_grad: bool = False,
             pin_memory: bool = False) -> Tensor:  # fmt: skip
    """`steps` powers of a base, with evenly spaced exponents from `start` to `end`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logspace(0, 2, 3)
        tensor([  1.,  10., 100.])
    """
    if not isinstance(base, int | float | np.number | Tensor) or isinstance(base, np.complexfloating):
        raise TypeError(f"logspace(): argument 'base' must be float, not {type(base).__name__}")
    first, last, count, kind = _ends("logspace", start, end, steps, dtype)
    with np.errstate(all="ignore"):
        if kind.kind in "iu":
            exponents = int(first) + (int(last) - int(first)) / max(count - 1, 1) * np.arange(count)
        else:
            exponents = spaced(first, last, count, kind)
        powers = np.power(np.float64(base) if kind.kind != "c" else np.complex128(base), exponents)
        array = powers.astype(kind)
    return into(out, finish(array, requires_grad, device), dtype)
