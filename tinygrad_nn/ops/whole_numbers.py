"""Divisors and multiples of integers, and the parts of floating point numbers: exponents, mantissas, neighbours.

Source: https://docs.pytorch.org/docs/stable/torch.html#pointwise-ops
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.op import Integers, case, composite, op
from .._core.return_types import frexp as frexp_result
from .._core.tensor import Tensor, wrap
from .arithmetic import mul
from .forms import inplace_form, no_gradient, refuse
from .powers import pow
from .selection import keep

__all__ = ["frexp", "gcd", "lcm", "ldexp", "nextafter"]

_WHOLE = [case(Integers((2, 3), 9), Integers((3,), 9))]


@op(np.gcd, vjp=None, cases=_WHOLE)
def gcd(x, y, /):
    """The greatest common divisor of integers; that of 0 and 0 is 0.

    Raises:
        NotImplementedError: the tensors are boolean, or of floats.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.gcd(tg.tensor([12, 10]), tg.tensor([18, 0]))
        tensor([ 6, 10])
    """
    refuse("gcd_cpu", x, "bfc")
    return np.gcd(x, y)


@op(np.lcm, vjp=None, cases=_WHOLE)
def lcm(x, y, /):
    """The least common multiple of integers; 0 if one of them is 0.

    Raises:
        NotImplementedError: the tensors are boolean, or of floats.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.lcm(tg.tensor([4, 5]), tg.tensor([6, 10]))
        tensor([12, 10])
    """
    refuse("lcm_cpu", x, "bfc")
    return np.lcm(x, y)


# --- floating point numbers --------------------------------------------------------------------------------------


@op(np.nextafter, vjp=(lambda g, x, y: keep(g, x != y), no_gradient), cases=[case((2, 3), (3,))],
    special=[case(np.array([0.0, 1.0, np.nan, np.inf]), np.array([1.0, 1.0, 1.0, 0.0]))])  # fmt: skip
def nextafter(x, y, /):
    """The floating point number that follows x in the direction of y. The gradient is x's, but 0 where x is y.

    Raises:
        NotImplementedError: the tensors are of integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nextafter(tg.tensor([1.0]), tg.tensor([2.0])) - 1 == tg.finfo(tg.float32).eps
        tensor([True])
    """
    refuse("nextafter_cpu", x, "biu")
    return np.nextafter(x, y)


_FARTHEST = 4096  # beyond this exponent all floating point numbers become 0 or inf


def _ldexp_rule(g: Any, exponent: Any) -> Any:
    return _ldexp.op.numpy(g, exponent)


@op(vjp=(_ldexp_rule, None), method=False, torch_name="",
    names=("input", "other"), node_name="LdexpBackward0", cases=[case((2, 3), Integers((3,), 4))])  # fmt: skip
def _ldexp(x, exponent, /):
    """`ldexp` of a whole exponent."""
    return np.ldexp(x, np.clip(exponent, -_FARTHEST, _FARTHEST).astype(np.int32))


@composite(np.ldexp, out=True)
def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """``input * 2 ** other``: exact where other is of integers.

    Raises:
        NotImplementedError: `other` is boolean.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.ldexp(tg.tensor([1.0, 3.0]), tg.tensor([4, -1]))
        tensor([16.0000,  1.5000])
    """
    result: Tensor
    if input._array.dtype.kind == "f" and other._array.dtype.kind in "biu":
        refuse("ldexp_cpu_exp", other._array, "b")
        result = _ldexp(input, other)
    else:
        result = mul(input, pow(2.0, other))
    return result


inplace_form(ldexp)


@composite(np.frexp, out=True)
def frexp(input: Tensor) -> tuple[Tensor, Tensor]:
    """Mantissa and exponent of each element, ``input = mantissa * 2 ** exponent``, with a mantissa from 0.5 to 1.

    Returns:
        ``(mantissa, exponent)``, the exponent of type int32; that of zeros, infinities and nan is 0.

    Raises:
        RuntimeError: the tensor is not of floats.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.frexp(tg.tensor([8.0, -3.0])).exponent
        tensor([4, 2], dtype=torch.int32)
    """
    if input._array.dtype.kind != "f":
        raise RuntimeError(f"torch.frexp() only supports floating-point dtypes, got {input.dtype}. Use input.float().")
    exponent = np.where(np.isfinite(input._array), np.frexp(input._array)[1], 0).astype(np.int32)
    result: tuple[Tensor, Tensor] = frexp_result(_ldexp(input, wrap(np.asarray(-exponent))), wrap(exponent))
    return result
