"""Comparing tensors in tests.

Source: https://docs.pytorch.org/docs/stable/testing.html
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.tensor import Tensor, wrap

Array = np.ndarray[Any, Any]
# dtype: (relative, absolute)
_TOLERANCES = {
    dtypes.float16: (1e-3, 1e-5), dtypes.float32: (1.3e-6, 1e-5), dtypes.float64: (1e-7, 1e-7),
    dtypes.complex64: (1.3e-6, 1e-5), dtypes.complex128: (1e-7, 1e-7),
}  # fmt: skip


@dataclass(frozen=True)
class _Settings:
    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_device: bool
    check_dtype: bool
    check_layout: bool
    check_stride: bool
    msg: str | Callable[[str], str] | None
    allow_subclasses: bool = True

    def error(self, kind: type[Exception], text: str, place: str) -> Exception:
        """The error to raise; a user's message replaces the text or is made from it."""
        if place:
            text += f"\n\nThe failure occurred for item {place}"
        if callable(self.msg):
            return kind(self.msg(text))
        return kind(self.msg if self.msg is not None else text)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Assert that two tensors, numbers, or sequences or mappings of them, are close.

    That is ``|actual - expected| <= atol + rtol * |expected|`` for every element, with equal shapes and, unless
    switched off, equal types. Where no tolerances are given they follow the types: 1.3e-6 and 1e-5 for float32, 1e-7
    and 1e-7 for float64, 1e-3 and 1e-5 for float16, zero for integers and booleans. NumPy arrays count as tensors.

    Args:
        actual, expected: what to compare.
        allow_subclasses: let instances of different classes compare, if one is a subclass of the other.
        rtol, atol: relative and absolute tolerance; give both or neither.
        equal_nan: let two ``nan`` be equal.
        check_device, check_layout: for PyTorch's sake; there is one device and one layout.
        check_dtype: demand equal types.
        check_stride: demand equal strides.
        msg: what to say on failure instead, or a function that makes it from the usual text.

    Raises:
        AssertionError: not close. The text says how many elements differ, and which differ most.
        TypeError: the two cannot be compared.
        ValueError: only one of `rtol` and `atol` is given.

    Source: https://docs.pytorch.org/docs/stable/testing.html#torch.testing.assert_close

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.testing import assert_close
        >>> assert_close(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 2.0 + 1e-7]))
        >>> assert_close(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 2.5]))
        Traceback (most recent call last):
            ...
        AssertionError: Tensor-likes are not close!
        <BLANKLINE>
        Mismatched elements: 1 / 2 (50.0%)
        Greatest absolute difference: 0.5 at index (1,) (up to 1e-05 allowed)
        Greatest relative difference: 0.20000000298023224 at index (1,) (up to 1.3e-06 allowed)
    """
    if (rtol is None) != (atol is None):
        missing = "atol" if atol is None else "rtol"
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value is not None and value < 0:
            raise ValueError(f"{name} must be >= 0, got {value}")
    settings = _Settings(
        rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride, msg, allow_subclasses
    )
    _compare(actual, expected, settings, "")


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """PyTorch's former `assert_close`: it converts what it is given, ignores types, and is looser.

    Warns:
        FutureWarning: use `assert_close`.
    """
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release. Please "
        "use `torch.testing.assert_close()` instead.",
        FutureWarning,
        stacklevel=2,
    )
    a = actual if isinstance(actual, Tensor) else wrap(np.asarray(actual))
    b = expected if isinstance(expected, Tensor) else wrap(np.asarray(expected, a._array.dtype))
    if rtol is None and atol is None:
        pairs = [_FORMER_TOLERANCES.get(t.dtype, (0.0, 0.0)) for t in (a, b)]
        rtol, atol = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    assert_close(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)


_FORMER_TOLERANCES = {dtypes.float16: (1e-3, 1e-3), dtypes.float32: (1e-4, 1e-5), dtypes.float64: (1e-5, 1e-8)}


def _compare(actual: Any, expected: Any, settings: _Settings, place: str) -> None:
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            raise settings.error(AssertionError, _keys_text(actual, expected), place)
        for key in actual:
            _compare(actual[key], expected[key], settings, f"{place}[{key!r}]")
    elif _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            text = f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            raise settings.error(AssertionError, text, place)
        for number, (a, b) in enumerate(zip(actual, expected, strict=True)):
            _compare(a, b, settings, f"{place}[{number}]")
    elif actual is None and expected is None:
        return
    elif actual is None or expected is None:
        text = f"None mismatch: {actual} is not {expected}"
        raise settings.error(AssertionError, text, place)
    else:
        _compare_values(actual, expected, settings, place)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _keys_text(actual: Mapping[Any, Any], expected: Mapping[Any, Any]) -> str:
    missing = sorted(map(repr, expected.keys() - actual.keys()))
    extra = sorted(map(repr, actual.keys() - expected.keys()))
    return (
        "The keys of the mappings do not match:\n"
        f"Missing keys in the actual mapping: [{', '.join(missing)}]\n"
        f"Additional keys in the actual mapping: [{', '.join(extra)}]"
    )


_NUMBERS = (bool, int, float, complex)


def _compare_values(actual: Any, expected: Any, settings: _Settings, place: str) -> None:
    numbers = isinstance(actual, _NUMBERS) and isinstance(expected, _NUMBERS)
    if numbers and settings.check_dtype and type(actual) is not type(expected):
        text = f"The (d)types do not match: {type(actual)} != {type(expected)}."
        raise settings.error(AssertionError, text, place)
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if not related and not numbers:
        text = (
            f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}. Compare two "
            "tensors, arrays, numbers, or sequences or mappings of them; tinygrad_nn.tensor(...) converts."
        )
        raise settings.error(TypeError, text, place)
    if not settings.allow_subclasses and type(actual) is not type(expected) and not numbers:
        text = (
            f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}. With "
            "allow_subclasses=False the two have to be of one class."
        )
        raise settings.error(TypeError, text, place)
    a, b = _array(actual, settings, place), _array(expected, settings, place)
    if not numbers:
        _compare_attributes(a, b, settings, place)
    _compare_elements(a, b, settings, place)


def _array(value: Any, settings: _Settings, place: str) -> Array:
    if isinstance(value, Tensor):
        return value._array
    if isinstance(value, np.ndarray | np.generic | bool | int | float | complex):
        return np.asarray(value)
    raise settings.error(TypeError, f"No comparison pair was able to handle inputs of type {type(value)}", place)


def _compare_attributes(a: Array, b: Array, settings: _Settings, place: str) -> None:
    if a.shape != b.shape:
        text = f"The values for attribute 'shape' do not match: {wrap(a).shape} != {wrap(b).shape}."
        raise settings.error(AssertionError, text, place)
    if settings.check_dtype and a.dtype != b.dtype:
        text = f"The values for attribute 'dtype' do not match: {wrap(a).dtype} != {wrap(b).dtype}."
        raise settings.error(AssertionError, text, place)
    if settings.check_stride and a.strides != b.strides:
        text = f"The values for attribute 'stride()' do not match: {wrap(a).stride()} != {wrap(b).stride()}."
        raise settings.error(AssertionError, text, place)


def _tolerances(a: Array, b: Array, settings: _Settings) -> tuple[float, float]:
    if settings.rtol is not None and settings.atol is not None:
        return settings.rtol, settings.atol
    pairs = [_TOLERANCES.get(dtypes.from_numpy(array.dtype), (0.0, 0.0)) for array in (a, b)]
    return max(p[0] for p in pairs), max(p[1] for p in pairs)


def _compare_elements(a: Array, b: Array, settings: _Settings, place: str) -> None:
    rtol, atol = _tolerances(a, b, settings)
    wide = np.promote_types(a.dtype, b.dtype)
    if wide.kind in "biu":
        wide = np.dtype(np.int64)
    a, b = a.astype(wide), b.astype(wide)
    close = np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=settings.equal_nan)
    if not close.all():
        text = _tensor_text(close, a, b, rtol, atol) if a.ndim else _scalar_text(a.item(), b.item(), rtol, atol)
        raise settings.error(AssertionError, text, place)


def _scalar_text(a: Any, b: Any, rtol: float, atol: float) -> str:
    absolute = abs(a - b)
    relative = absolute / abs(b) if b else float("inf")
    exact = rtol == atol == 0
    return (
        f"Scalars are not {'equal' if exact else 'close'}!\n\nExpected {b} but got {a}.\n"
        f"Absolute difference: {absolute}{'' if exact else f' (up to {atol} allowed)'}\n"
        f"Relative difference: {relative}{'' if exact else f' (up to {rtol} allowed)'}"
    )


def _tensor_text(close: Array, a: Array, b: Array, rtol: float, atol: float) -> str:
    with np.errstate(all="ignore"):
        absolute = np.abs(a - b)
        inexact = np.float32 if b.dtype.kind == "i" else absolute.dtype  # as in PyTorch, integers divide to float32
        relative = absolute.astype(inexact) / np.abs(b).astype(inexact)
    bad = close.size - int(np.count_nonzero(close))
    exact = rtol == atol == 0
    lines = [
        f"Tensor-likes are not {'equal' if exact else 'close'}!", "",
        f"Mismatched elements: {bad} / {close.size} ({100 * bad / close.size:.1f}%)",
    ]  # fmt: skip
    for name, values, allowed in (("absolute", absolute, atol), ("relative", relative, rtol)):
        index, value = _greatest(np.where(close, 0, values))
        end = "" if exact else f" (up to {allowed} allowed)"
        lines.append(f"Greatest {name} difference: {value} at index {index}{end}")
    return "\n".join(lines)


def _greatest(values: Array) -> tuple[tuple[int, ...], Any]:
    flat = int(np.argmax(np.where(np.isnan(values), np.inf, values)))
    index = tuple(int(i) for i in np.unravel_index(flat, values.shape))
    return index, values[index].item()
