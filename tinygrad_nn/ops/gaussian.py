"""The Gaussian error linear unit, and its derivative as an op of its own.

Both need ``tanh(x P(x**2))`` with a polynomial P: for ``approximate="tanh"`` by definition, and for the exact function
in float32 because ``erf(x / sqrt(2))`` is one to the last bit. The passes run over blocks that stay in the processor's
cache. In float64 `special.erf` is used.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import special
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.op import case, op
from .forms import refuse

Array = np.ndarray[Any, Any]

_POINTS = [case(np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 2.0, -2.0]))]
_BLOCK_BYTES = 1 << 17  # a few arrays of this size fit in a processor core's own cache
_HALF_ROOT, _DENSITY = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)
_LINEAR = math.sqrt(2 / math.pi)
_CUBIC = 0.044715 * _LINEAR

# atanh(erf(x / sqrt(2))) / x in x**2, the constant first: a weighted least-squares fit for |x| <= 5.6 that was iterated
# to the smallest largest error (2.9e-8 in the cumulative function, half a unit in its last place). The last is
# positive, so that larger x go to 1, as they have to.
_EXACT = (0.797884941, 0.0363330846, -3.25949754e-05, -5.53061938e-05, 3.96474443e-06, -1.32263341e-07, 1.75617078e-09)

# The coefficients, the highest first: as 0-d arrays, which NumPy takes twice as fast as Python's floats.
_ARGUMENTS = {
    (approximate, dtype): [np.array(c, dtype) for c in reversed(coefficients)]
    for approximate, dtype, coefficients in (
        ("none", FLOAT32, _EXACT), ("tanh", FLOAT32, (_LINEAR, _CUBIC)), ("tanh", FLOAT64, (_LINEAR, _CUBIC)),
    )
}  # fmt: skip


def _twice_cumulative(x: Array, out: Array, spare: Array, approximate: str) -> None:
    """Write twice the normal distribution's cumulative function at x, or its approximation, into `out`."""
    coefficients = _ARGUMENTS.get((approximate, x.dtype))
    if coefficients is None:
        np.multiply(x, _HALF_ROOT, out=spare)
        out[...] = special.erf(spare)
    else:
        np.multiply(x, x, out=spare)
        np.multiply(spare, coefficients[0], out=out)
        for coefficient in coefficients[1:-1]:
            out += coefficient
            out *= spare
        out += coefficients[-1]
        out *= x
        np.tanh(out, out=out)
    out += 1


def _value(x: Array, out: Array, spare: Array, approximate: str) -> None:
    _twice_cumulative(x, out, spare, approximate)
    out *= x
    out *= 0.5


def _slope(x: Array, out: Array, spare: Array, approximate: str) -> None:
    """``cdf + x pdf``, or with t for tanh ``(1 + t) / 2 + x (1 - t**2) / 2`` times the derivative of its argument."""
    _twice_cumulative(x, out, spare, approximate)
    if approximate == "none":
        np.multiply(x, x, out=spare)
        spare *= -0.5
        np.exp(spare, out=spare)
        spare *= _DENSITY
    else:
        np.subtract(2, out, out=spare)
        spare *= out  # (1 - t)(1 + t)
        spare *= (1.5 * _CUBIC) * (x * x) + 0.5 * _LINEAR
    spare *= x
    out *= 0.5
    out += spare


def _in_blocks(
    kernel: Callable[[Array, Array, Array, str], None], x: Array, approximate: str, factor: Array | None = None
) -> Array:
    """Run a kernel over the array, one block at a time, and multiply by a factor of its shape, if there is one.

    float16 computes in float32.
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}.")
    if x.dtype.itemsize == 2:
        found = _in_blocks(kernel, x.astype(FLOAT32), approximate).astype(x.dtype)
        return found if factor is None else found * factor
    out = np.empty(x.shape, x.dtype)
    flat_factor = None if factor is None else factor.reshape(-1)
    flat, flat_out = x.reshape(-1), out.reshape(-1)
    length = min(x.size, _BLOCK_BYTES // x.dtype.itemsize) or 1
    spare = np.empty(length, x.dtype)
    for start in range(0, x.size, length):
        block = flat[start : start + length]
        target = flat_out[start : start + length]
        kernel(block, target, spare[: block.size], approximate)
        if flat_factor is not None:
            target *= flat_factor[start : start + length]
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
    return _in_blocks(_slope, x, approximate)


def _gelu_rule(g: Any, x: Any, approximate: str) -> Any:
    if type(g) is np.ndarray:  # a block at a time, while it is in the cache
        return _in_blocks(_slope, x, approximate, g)
    return g * _gelu_slope.op.numpy(x, approximate=approximate)


@op(vjp=_gelu_rule, method=False,
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
    return _in_blocks(_value, x, approximate)
