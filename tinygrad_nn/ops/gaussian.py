"""The Gaussian error linear unit, and its derivative as an op of its own.

Its value is ``x / (1 + e ** -a)``: with ``a = 2 x P(x ** 2)`` for a polynomial P, ``approximate="tanh"`` by definition;
with P a quotient of polynomials the exact function in float32, as near to it as PyTorch's. In float64 `special.erf` is
used. The derivative starts from the value, whose quotient by x is the cumulative function: so it needs one exponential,
not two. The passes run over blocks that stay in the cache, and most write to what they read, one array: there that
takes .05 ns for each number, from one array to another .09, an exponential .21.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core.blas import scale_and_add
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.kernels import quick_power, smallest
from .._core.op import case, op
from .._core.sharing import even_blocks, share
from .forms import refuse

Array = np.ndarray[Any, Any]

_POINTS = [case(np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 2.0, -2.0]))]
_BLOCK_BYTES = 3 << 19  # half as many take 1.05 of the time, as each step starts slowly; eight times as many 1.25
_REGISTER = 64  # bytes
_FEW = 16_384  # elements up to which nothing is divided into blocks, and a look is quicker than a change of errstate
_SHARE = 200_000  # elements that are worth a thread
_HALF_ROOT, _DENSITY = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)
_LINEAR = math.sqrt(2 / math.pi)
_CUBIC = 0.044715 * _LINEAR

# log(cdf(x) / cdf(-x)) / x is about ``a s + b - c / ((s + d) ** 2 + e)`` with ``s = x ** 2``: by iterated least squares
# for x <= 6.2, the smallest largest error of the cumulative function, 1.3e-7; with all that is rounded 2.5e-7, where
# PyTorch has 3.4e-7. As s grows, so does this, so that nothing has to be looked at before.
_A, _B, _C, _D, _E = 0.0396131524, 2.16052220, 171.833924, 8.90736628, 224.921248


class _Numbers:
    """What the kernels multiply by and add: as 0-d arrays, which NumPy takes twice as fast as Python's floats."""

    def __init__(self, dtype: Any) -> None:
        self.power, scale = quick_power(dtype)  # power(scale * x) is e ** x
        self.a, self.b, self.c = (np.array(number * scale, dtype) for number in (-_A, -_B, _C))
        self.d, self.e = np.array(_D, dtype), np.array(_E, dtype)
        self.linear, self.cubic = np.array(-2 * _LINEAR * scale, dtype), np.array(-2 * _CUBIC * scale, dtype)
        self.linear_slope, self.cubic_slope = np.array(2 * _LINEAR, dtype), np.array(6 * _CUBIC, dtype)
        self.minus_half, self.density = np.array(-0.5 * scale, dtype), np.array(_DENSITY, dtype)
        self.half_root, self.half, self.one = (np.array(number, dtype) for number in (_HALF_ROOT, 0.5, 1))


_NUMBERS = {dtype: _Numbers(dtype) for dtype in (FLOAT32, FLOAT64)}


def _value(x: Array, out: Array, rows: Array, approximate: str) -> None:
    """Write gelu of x, using two rows of scratch memory."""
    numbers = _NUMBERS[x.dtype]
    if approximate != "tanh" and x.dtype is FLOAT64:
        from .._core import special  # which only float64 has a use for

        np.multiply(x, numbers.half_root, out)
        np.add(special.erf(out), numbers.one, out)
        out *= x
        out *= numbers.half
        return
    square, power = rows
    np.multiply(x, x, square)
    if approximate == "tanh":
        np.multiply(square, numbers.cubic, power)
        power += numbers.linear
        power *= x
    else:
        np.add(square, numbers.d, power)
        power *= power
        power += numbers.e
        np.divide(numbers.c, power, power)
        power += numbers.b
        power = scale_and_add(square, numbers.a, power)
        power *= x
    numbers.power(power, out)  # the first to write there, as it waits for the memory while it computes
    out += numbers.one
    np.divide(x, out, out)


def _flags_tell() -> bool:
    """Whether NumPy says what the processor notes, as of 0 / 0: in WebAssembly nothing is noted."""
    zero = np.zeros(1, FLOAT32)
    try:
        with np.errstate(invalid="raise"):
            zero / zero
    except FloatingPointError:
        return True
    return False


_FLAGS_TELL = _flags_tell()


def _has_zeros(value: Array, x: Array, quotient: Array, square: Array) -> bool:
    """Write ``value / x`` and ``x ** 2``; whether x may be 0 somewhere, or so small that the quotient is not exact.

    A look at many squares would take a twentieth of the time of the whole gradient; the processor has noted it anyway.
    """
    if _FLAGS_TELL and x.size > _FEW:
        try:
            with np.errstate(invalid="raise", under="raise"):
                np.divide(value, x, quotient)
                np.multiply(x, x, square)
            return False
        except FloatingPointError:
            pass
    np.divide(value, x, quotient)
    np.multiply(x, x, square)
    return not smallest(square) > 0


def _slope(x: Array, value: Array, out: Array, rows: Array, approximate: str) -> None:
    """``cdf + x pdf``, or with s for the approximate cdf, ``s + x s (1 - s)`` times the derivative of the exponent."""
    numbers = _NUMBERS[x.dtype]
    square, cumulative = rows
    if _has_zeros(value, x, cumulative, square):
        np.copyto(cumulative, numbers.half, where=square == 0)
    if approximate == "none":
        square *= numbers.minus_half
        numbers.power(square, out)
        out *= x
        scale_and_add(out, numbers.density, cumulative)
        return
    square *= numbers.cubic_slope
    square += numbers.linear_slope
    np.subtract(numbers.one, cumulative, out)
    out *= cumulative
    out *= square
    out *= x
    out += cumulative


def _aligned_rows(rows: int, length: int, dtype: Any) -> Array:
    """Scratch memory that starts where a vector register's does: arithmetic in place then takes .8 of the time."""
    size = length * dtype.itemsize
    size += -size % _REGISTER
    memory = np.empty(rows * size + _REGISTER, np.uint8)
    start = -memory.ctypes.data % _REGISTER
    aligned: Array = memory[start : start + rows * size].view(dtype)
    return aligned.reshape(rows, -1)


def _in_blocks(x: Array, approximate: str, value: Array | None = None, factor: Array | None = None) -> Array:
    """The value of gelu; or, given that, its derivative, times a factor if there is one. float16 computes in float32.

    All arrays are of one shape.
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}.")
    if x.dtype.itemsize == 2:
        wide = x.astype(FLOAT32)
        found = _in_blocks(wide, approximate)
        if value is not None:
            found = _in_blocks(wide, approximate, found, None if factor is None else factor.astype(FLOAT32))
        return found.astype(x.dtype)
    if 0 < x.size <= _FEW:
        return _of_few(x, approximate, value, factor)
    out = np.empty(x.shape, x.dtype)
    flat, flat_out = x.reshape(-1), out.reshape(-1)
    flat_value = None if value is None else value.reshape(-1)
    flat_factor = None if factor is None else factor.reshape(-1)
    length = even_blocks(x.size, _BLOCK_BYTES // x.dtype.itemsize) or 1
    starts = range(0, x.size, length)

    def compute(some: slice) -> None:
        rows = _aligned_rows(2, length, x.dtype)
        for start in starts[some]:
            part = slice(start, start + length)
            block, target = flat[part], flat_out[part]
            here = rows[:, : block.size]
            if flat_value is None:
                _value(block, target, here, approximate)
                continue
            _slope(block, flat_value[part], target, here, approximate)
            if flat_factor is not None:
                target *= flat_factor[part]

    share(compute, len(starts), x.size // _SHARE)
    return out


def _of_few(x: Array, approximate: str, value: Array | None, factor: Array | None) -> Array:
    """`_in_blocks` of a single block, without what that takes to begin: a tenth of the time for 64 numbers."""
    out = np.empty(x.shape, x.dtype)
    rows = np.empty((2, x.size), x.dtype)
    if value is None:
        _value(x.ravel(), out.ravel(), rows, approximate)
        return out
    _slope(x.ravel(), value.ravel(), out.ravel(), rows, approximate)
    if factor is not None:
        out *= factor
    return out


def _slope_rule(g: Any, x: Any, approximate: str) -> Any:
    if approximate == "none":
        return g * ((2 - x * x) * np.exp(x * x * -0.5) * _DENSITY)
    t = np.tanh(x * (_LINEAR + _CUBIC * (x * x)))
    inner = _LINEAR + 3 * _CUBIC * (x * x)  # the derivative of tanh's argument, whose own is 6 cubic x
    return g * ((1 - t * t) * (inner + x * (3 * _CUBIC * x - t * inner * inner)))


@op(vjp=_slope_rule, method=False, torch_name="",
    cases=[case((2, 3), approximate="none"), case((2, 3), approximate="tanh")])  # fmt: skip
def _gelu_slope(x, /, *, approximate):
    """The derivative of gelu."""
    return _in_blocks(x, approximate, _in_blocks(x, approximate))


def _gelu_rule(g: Any, x: Any, out: Any, approximate: str) -> Any:
    if type(g) is np.ndarray:  # a block at a time, while it is in the cache
        return _in_blocks(x, approximate, out, g)
    return g * _gelu_slope.op.numpy(x, approximate=approximate)


@op(vjp=_gelu_rule, method=False, recomputes=True,
    torch_name="nn.functional.gelu", special=_POINTS,
    cases=[case((2, 3)), case((2, 3), approximate="tanh"), case(())])  # fmt: skip
def gelu(x, /, *, approximate="none"):
    """``x`` times the normal distribution's cumulative function at x.

    Args:
        approximate: ``"none"``, or ``"tanh"`` for ``0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x ** 3)))``.

    Raises:
        RuntimeError: another approximation.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.gelu(tg.tensor([-1.0, 2.0]))
        tensor([-0.1587,  1.9545])
    """
    refuse("GeluKernelImpl", x, "biu")
    return _in_blocks(x, approximate)
