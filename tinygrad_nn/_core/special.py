"""The error function and its relatives, as NumPy passes over whole arrays: NumPy itself has none of them.

Each kernel is a row of array operations without a branch, run over blocks that fit in the processor's cache.
Arrays are float16 (computed in float32), float32 or float64; results keep the shape and the dtype. The
coefficients are this project's own minimax fits (Remez exchange, in 80-digit arithmetic), the constant term
first. Above each are the function fitted and the largest error, relative to the value finally computed.

Sources:
    exp(-x^2) times a quotient, x^2 in two parts: Cody (1969), https://doi.org/10.1090/S0025-5718-1969-0247736-4
    The variable -log(1 - x^2): Giles (2012), https://people.maths.ox.ac.uk/gilesm/codes/erfinv/
    Remez exchange: https://www.boost.org/doc/libs/release/libs/math/doc/html/math_toolkit/remez.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Kernel = Callable[[Array, Array, Array], None]

_BLOCK_BYTES = 1 << 17  # a few arrays of this size fit in a processor core's own cache
_FLOAT16, _FLOAT32, _FLOAT64 = (np.dtype(kind) for kind in (np.float16, np.float32, np.float64))


class _Quotient:
    """A quotient of two polynomials, or just a polynomial, for arrays of one dtype."""

    def __init__(self, dtype: np.dtype[Any], above: Sequence[float], below: Sequence[float] = ()) -> None:
        self.dtype = dtype  # 0-d arrays, because NumPy takes them twice as fast as Python floats
        self.above, self.below = ([np.array(value, dtype) for value in part] for part in (above, below))

    def evaluate(self, at: Array, out: Array, spare: Array) -> None:
        _polynomial(self.above, at, out)
        if self.below:
            _polynomial(self.below, at, spare)
            np.divide(out, spare, out=out)


def _polynomial(coefficients: list[Array], at: Array, out: Array) -> None:  # by Horner's rule
    np.multiply(at, coefficients[-1], out=out)
    for coefficient in coefficients[-2:0:-1]:
        out += coefficient
        out *= at
    out += coefficients[0]


# fmt: off
# atanh(erf(x)) / x - 1, in x^2. Errors: 9.8e-9 and 8.4e-17.
_ERF_0_TO_3_95 = _Quotient(_FLOAT32, (
    0.128379178, 0.102772174, -0.000206703631, -0.00059521, 6.9232728e-05, 1.36793343e-06, -1.29960481e-06,
    1.57647007e-07, -8.57488457e-09, 1.81707572e-10))
_ERF_0_TO_5_97 = _Quotient(_FLOAT64, (
    0.1283791670955125, 0.14404385170631842, 0.043649776186452875, 0.009506807305838569,
    0.0012253223648326969, 0.00011406322925574129, 5.8549084568346525e-06, 1.439748164308933e-07,
    -3.5494293703938146e-09, -2.0596860828000932e-11), (
    1.0, 0.321479328290566, 0.08427927673620585, 0.011704246663512358, 0.0012873682722961393,
    7.563978703405507e-05, 2.92608744456946e-06, -1.8554753466748728e-08, -1.0066620953943675e-09))
# exp(-x^2) / erfc(x) - sqrt(pi) x, in x. Errors: 7.8e-10 and 4.9e-18.
_ERFC_0_TO_10_1 = _Quotient(_FLOAT32, (
    1.0, 0.891553076, 0.416500258, 0.105802283, 0.0125082205), (
    1.0, 1.53562782, 1.13231848, 0.483323286, 0.119434057, 0.0141126415))
_ERFC_0_TO_27_3 = _Quotient(_FLOAT64, (
    1.0, 1.7534262114677486, 1.5718271239182664, 0.9146596878557595, 0.37525673128711207, 0.11173440185657621,
    0.02408094124794407, 0.0036268528540324327, 0.0003482937876589584, 1.644339460682416e-05), (
    1.0, 2.397500895277751, 2.8427572102433687, 2.1583241651890654, 1.152123098408023, 0.450014607326784,
    0.1301434153920721, 0.027565439466469298, 0.00411101959776845, 0.0003930074538396819,
    1.855438391202199e-05))
# erfinv(x) / x - 1, in w = -log(1 - x^2) from 0 to 5. Errors: 3.0e-9 and 4.7e-18.
_ERFINV_0_TO_0_9966_FLOAT32 = _Quotient(_FLOAT32, (
    -0.113773072, 0.222127046, 0.0286720748, 0.00468421312, 0.000342458295), (
    1.0, 0.086896758, 0.026713017, 0.00158457825, 4.33346583e-05))
_ERFINV_0_TO_0_9966_FLOAT64 = _Quotient(_FLOAT64, (
    -0.11377307454724198, 0.21692510712706925, 0.035759134627635185, 0.01187896654129662,
    0.0015275170626446813, 0.00019617736750337272, 1.6318440915973158e-05, 9.273618836620092e-07,
    3.018197329421643e-08), (
    1.0, 0.13261977377010628, 0.057656940397824534, 0.006106902629809299, 0.0010331406487103347,
    7.955871604297106e-05, 5.547274670534408e-06, 2.3645230980984734e-07, 1.9523651685539267e-09))
# erfinv(x) / x - sqrt(w), in sqrt(w), up to w = 36.2. Error: 1.6e-7, as a first guess.
_ERFINV_0_9966_TO_1 = _Quotient(_FLOAT64, (
    -0.5415859200946802, 0.7720349854926654, -0.3591641201650308, 0.05728387772641834,
    0.0009065812180242885), (
    1.0, -1.5068263825464592, 0.4690357086379244, 0.07274617376215206, -0.044885834184515166))
# fmt: on


class _Tail:
    """``erfc(t / scale) / divisor`` for t >= 0, as ``exp(exponent t^2) / (slope t + quotient(t))``."""

    def __init__(self, fit: _Quotient, scale: float = 1.0, divisor: float = 1.0) -> None:
        dtype, integer = fit.dtype, np.dtype(f"i{fit.dtype.itemsize}")
        above = [divisor * float(value) / scale**power for power, value in enumerate(fit.above)]
        below = [float(value) / scale**power for power, value in enumerate(fit.below)]
        self.quotient = _Quotient(dtype, above, below)
        self.slope = np.array(divisor / scale * math.sqrt(math.pi), dtype)
        self.exponent = np.array(-round(2 / scale**2) / 2, dtype)
        self.bound = scale * (12.0 if dtype == _FLOAT32 else 28.0)  # the value is zero from here on
        self.high_bits = np.array(-(1 << 12) if dtype == _FLOAT32 else -(1 << 27), integer)
        self.limit_bits = np.array(2.0 / divisor, dtype).view(integer)  # the value at minus infinity


_ERF = {fit.dtype: fit for fit in (_ERF_0_TO_3_95, _ERF_0_TO_5_97)}
# R of `erfc`, for others that build on it: coefficients above and below the line, the constant first.
ERFC_QUOTIENTS = {fit.dtype: (fit.above, fit.below) for fit in (_ERFC_0_TO_10_1, _ERFC_0_TO_27_3)}
_ERFC = {fit.dtype: _Tail(fit) for fit in (_ERFC_0_TO_10_1, _ERFC_0_TO_27_3)}
_NORMAL = {fit.dtype: _Tail(fit, math.sqrt(2.0), 2.0) for fit in (_ERFC_0_TO_10_1, _ERFC_0_TO_27_3)}
_ERFINV = {fit.dtype: fit for fit in (_ERFINV_0_TO_0_9966_FLOAT32, _ERFINV_0_TO_0_9966_FLOAT64)}


@np.errstate(all="ignore")
def _in_blocks(kernel: Kernel, x: Array, scratch_rows: int) -> Array:
    """Run ``kernel(x, out, scratch)`` over the array, one block at a time."""
    if x.dtype == _FLOAT16:
        return _in_blocks(kernel, x.astype(_FLOAT32), scratch_rows).astype(_FLOAT16)
    if x.dtype not in _ERF:
        raise TypeError(f"expected a float16, float32 or float64 array, but got {x.dtype}")
    out = np.empty(x.shape, x.dtype)
    flat, flat_out = np.ascontiguousarray(x).reshape(-1), out.reshape(-1)
    length = max(1, min(x.size, _BLOCK_BYTES // x.dtype.itemsize))
    scratch = np.empty((scratch_rows, length), x.dtype)
    for start in range(0, x.size, length):
        block = flat[start : start + length]
        kernel(block, flat_out[start : start + length], scratch[:, : block.size])
    return out


def _erf_kernel(x: Array, out: Array, scratch: Array) -> None:
    square, clipped, spare = scratch
    fit = _ERF[x.dtype]
    if fit.below:  # the polynomial runs off to infinity by itself, a quotient does not
        x = x.clip(-6.0, 6.0, out=clipped)
    np.multiply(x, x, out=square)
    fit.evaluate(square, out, spare)
    out *= x
    out += x
    np.tanh(out, out=out)


def _tail_kernel(tail: _Tail, x: Array, out: Array, scratch: Array) -> None:
    """The value at |x| for positive x; for negative x, the limit at minus infinity less that value."""
    size, spare, power, lost = scratch
    size_bits, spare_bits = size.view(tail.high_bits.dtype), spare.view(tail.high_bits.dtype)
    np.abs(x.clip(-tail.bound, tail.bound, out=size), out=size)
    np.multiply(size, size, out=power)
    np.bitwise_and(size_bits, tail.high_bits, out=spare_bits)  # size = high + low; high * high is exact
    np.subtract(np.multiply(spare, spare, out=lost), power, out=lost)
    np.add(size, spare, out=out)
    np.subtract(size, spare, out=spare)
    lost += np.multiply(out, spare, out=out)  # size^2 = power + lost
    power *= tail.exponent
    lost *= tail.exponent
    np.exp(power, out=power)
    power += np.multiply(lost, power, out=lost)  # exp(power + lost), for a tiny lost
    tail.quotient.evaluate(size, out, spare)
    out += np.multiply(size, tail.slope, out=size)
    np.divide(power, out, out=out)
    np.right_shift(x.view(spare_bits.dtype), 8 * x.itemsize - 1, out=spare_bits)  # all ones for negative x
    spare_bits &= tail.limit_bits
    np.abs(np.subtract(spare, out, out=out), out=out)


def _erfc_kernel(x: Array, out: Array, scratch: Array) -> None:
    _tail_kernel(_ERFC[x.dtype], x, out, scratch)


def _normal_kernel(x: Array, out: Array, scratch: Array) -> None:
    _tail_kernel(_NORMAL[x.dtype], np.negative(x, out=scratch[4]), out, scratch[:4])


def _erfinv_kernel(x: Array, out: Array, scratch: Array) -> None:
    logarithm, spare = scratch
    np.subtract(1.0, x, out=logarithm)
    logarithm *= np.add(1.0, x, out=spare)
    np.negative(np.log(logarithm, out=logarithm), out=logarithm)
    _ERFINV[x.dtype].evaluate(logarithm, out, spare)
    out += 1.0
    out *= x


@np.errstate(all="ignore")
def _erfinv_near_one(x: Array) -> Array:
    """A first guess, then one step of Halley's method on erfc(guess) - (1 - |x|) = 0."""
    size = np.abs(x)
    distance = 1.0 - size
    root = np.sqrt(-np.log(distance * (1.0 + size)))
    guess, spare = np.empty((2, x.size))
    _ERFINV_0_9966_TO_1.evaluate(root, guess, spare)
    guess = (guess + root) * size
    newton = (distance - erfc(guess)) * np.exp(guess * guess) * (0.5 * math.sqrt(math.pi))
    guess -= newton / (1.0 + guess * newton)
    return np.copysign(np.where(distance == 0.0, np.inf, guess), x)


def erf(x: Array) -> Array:
    """The error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Formula: tanh(x + x R(x^2)). Within 3 units in the last place (5 without vector instructions).
    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.erf

    Example:
        >>> erf(np.array([0.0, 0.5, -np.inf]))
        array([ 0.        ,  0.52049988, -1.        ])
    """
    return _in_blocks(_erf_kernel, x, scratch_rows=3)


def erfc(x: Array) -> Array:
    """The complementary error function, 1 - erf(x), accurate also where it is tiny.

    Formula: exp(-x^2) / (sqrt(pi) x + R(x)) for x >= 0, else 2 - erfc(-x). Within 6 units in the last place.
    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.erfc

    Example:
        >>> erfc(np.array([0.0, 10.0]))
        array([1.00000000e+00, 2.08848758e-45])
    """
    return _in_blocks(_erfc_kernel, x, scratch_rows=4)


def normal_cdf(x: Array) -> Array:
    """The probability that a standard normal variable is at most x.

    Formula: 0.5 erfc(-x / sqrt(2)), its scale in the coefficients. Within 6 units in the last place.
    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.ndtr

    Example:
        >>> normal_cdf(np.array([0.0, 1.0]))
        array([0.5       , 0.84134475])
    """
    return _in_blocks(_normal_kernel, x, scratch_rows=5)


def erfinv(x: Array) -> Array:
    """The inverse of `erf`: infinite at -1 and 1, not a number beyond them.

    Formula: x + x R(-log(1 - x^2)), or Halley's method near -1 and 1. Within 4 units in the last place.
    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.erfinv

    Example:
        >>> erfinv(np.array([0.0, 0.5, 1.0]))
        array([0.        , 0.47693628,        inf])
    """
    out = _in_blocks(_erfinv_kernel, x, scratch_rows=2)
    near_one = np.flatnonzero(np.abs(x) > 0.9966)
    if near_one.size:
        out.reshape(-1)[near_one] = _erfinv_near_one(x.reshape(-1)[near_one].astype(_FLOAT64))
    return out
