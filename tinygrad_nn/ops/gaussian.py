"""The Gaussian error linear unit, and its derivative as an op of its own.

Its value is ``x / (1 + e ** -a)``: with ``a = 2 x P(x ** 2)`` for a polynomial P, ``approximate="tanh"`` by definition;
with P a quotient of polynomials the exact function in float32, to the last bit. In float64 `special.erf` is used. The
derivative starts from the value, whose quotient by x is the cumulative function: so it needs one exponential, not two.
The passes run over blocks that stay in the processor's cache.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import special
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.kernels import quick_power, smallest
from .._core.op import case, op
from .._core.sharing import share
from .forms import refuse

Array = np.ndarray[Any, Any]

_POINTS = [case(np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 2.0, -2.0]))]
_BLOCK_BYTES = 7 << 16  # of larger ones (a million multiply-adds) BLAS would copy the matrices, at twice the time
_FEW = 16_384  # elements up to which nothing is divided
_SHARE = 200_000  # elements that are worth a thread
_HALF_ROOT, _DENSITY = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)
_LINEAR = math.sqrt(2 / math.pi)
_CUBIC = 0.044715 * _LINEAR

# log(cdf(x) / cdf(-x)) / x in x**2, the constants first, above and below the line: a weighted least-squares fit for
# x <= 6.5 that was iterated to the smallest largest error (1.5e-9 in the cumulative function).
_ABOVE = (1.59576916, 0.197821433, 0.0150458417, 3.83147277e-4)
_BELOW = (1.0, 0.0784264022, 0.00590323917, 4.03333170e-5)
_FAR = 1e4  # x**2 from which the quotient is constant: the function is 0 or x there
_MOST = 1e20  # a sum of x**4 that says that no x**6 overflows


class _Numbers:
    """What the kernels multiply by and add: as 0-d arrays, which NumPy takes twice as fast as Python's floats."""

    def __init__(self, dtype: Any) -> None:
        self.power, scale = quick_power(dtype)  # power(scale * x) is e ** x
        self.quotient = np.array([_ABOVE, _BELOW], dtype)
        self.quotient[0] *= -scale
        self.linear, self.cubic = np.array(-2 * _LINEAR * scale, dtype), np.array(-2 * _CUBIC * scale, dtype)
        self.linear_slope, self.cubic_slope = np.array(2 * _LINEAR, dtype), np.array(6 * _CUBIC, dtype)
        self.minus_half, self.density = np.array(-0.5 * scale, dtype), np.array(_DENSITY, dtype)
        self.half_root, self.half, self.one = (np.array(number, dtype) for number in (_HALF_ROOT, 0.5, 1))
        self.far = np.array(_FAR, dtype)


_NUMBERS = {dtype: _Numbers(dtype) for dtype in (FLOAT32, FLOAT64)}
_ROWS = 6  # of scratch memory


def _value(x: Array, out: Array, rows: Array, approximate: str) -> None:
    """Write gelu of x; the first row is all ones."""
    numbers = _NUMBERS[x.dtype]
    square = np.multiply(x, x, rows[1])
    if approximate == "tanh":
        square *= numbers.cubic
        square += numbers.linear
        power = np.multiply(square, x, square)
    elif x.dtype is FLOAT64:
        np.multiply(x, numbers.half_root, square)
        np.add(special.erf(square), numbers.one, out)
        out *= x
        out *= numbers.half
        return
    else:
        # Both polynomials at once by BLAS: .8 ns for each number beside 1.1 for one, of degree 6, by Horner's rule.
        if not square.dot(square) < _MOST:  # or nan
            np.minimum(square, numbers.far, out=square)
        np.multiply(square, square, rows[2])
        np.multiply(square, rows[2], rows[3])
        above, below = np.matmul(numbers.quotient, rows[:4], rows[4:])
        power = np.divide(above, below, above)
        power *= x
    numbers.power(power, power)
    power += numbers.one
    np.divide(x, power, out)


def _slope(x: Array, value: Array, out: Array, rows: Array, approximate: str) -> None:
    """``cdf + x pdf``, or with s for the approximate cdf, ``s + x s (1 - s)`` times the derivative of the exponent."""
    numbers = _NUMBERS[x.dtype]
    square = np.multiply(x, x, rows[1])
    np.divide(value, x, out)
    if not smallest(square) > 0:  # 0 or so small that the quotient is not to be trusted, or nan
        np.copyto(out, numbers.half, where=square == 0)
    if approximate == "none":
        square *= numbers.minus_half
        numbers.power(square, square)
        square *= numbers.density
    else:
        square *= numbers.cubic_slope
        square += numbers.linear_slope
        square *= out
        square *= np.subtract(numbers.one, out, rows[2])
    square *= x
    out += square


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
    length = min(x.size, _BLOCK_BYTES // x.dtype.itemsize) or 1
    starts = range(0, x.size, length)

    def compute(some: slice) -> None:
        rows = np.empty((_ROWS, length), x.dtype)
        rows[0] = 1
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
    rows = np.empty((_ROWS, x.size), x.dtype)
    if value is None:
        rows[0] = 1
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
