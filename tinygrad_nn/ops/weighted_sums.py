"""Weighted sums of elements: interpolation, and sums with a product or a quotient.

Source: https://docs.pytorch.org/docs/stable/torch.html#pointwise-ops
"""

from __future__ import annotations

import numpy as np

from .._core.op import case, op
from .forms import refuse
from .selection import choose

__all__ = ["addcdiv", "addcmul", "lerp"]


@op(vjp=(lambda g, weight: g * (1 - weight), lambda g, weight: g * weight, lambda g, x, y: g * (y - x)),
    takes_numbers=True, names=("input", "end", "weight"),
    cases=[case((2, 3), (2, 3), 0.3), case((2, 3), (3,), 0.7), case((2, 3), (2, 1), (3,)),
           case((), (), ())])  # fmt: skip
def lerp(x, y, weight, /):
    """Linear interpolation, ``x + weight * (y - x)``; exact at both ends.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.lerp(tg.tensor([0.0, 10.0]), tg.tensor([1.0, 20.0]), 0.25)
        tensor([ 0.2500, 12.5000])
    """
    refuse("lerp_kernel_scalar", x if isinstance(x, np.ndarray) else y, "biu")
    distance = y - x
    if isinstance(weight, np.ndarray) and weight.ndim:
        return choose(np.absolute(weight) < 0.5, x + weight * distance, y - distance * (1 - weight))
    near = np.absolute(weight) < 0.5  # one number: one of the two ways
    step = weight if near else 1 - weight
    if not distance.ndim:
        return x + step * distance if near else y - distance * step
    distance *= step
    return np.add(x, distance, distance) if near else np.subtract(y, distance, distance)


_WEIGHTED = [case((2, 3), (2, 3), (2, 3)), case((2, 3), (3,), (2, 1), value=-0.5), case((), (2,), (), value=2)]


@op(vjp=(lambda g: g, lambda g, y, value: g * (y * value), lambda g, x, value: g * (x * value)), cases=_WEIGHTED,
    names=("input", "tensor1", "tensor2"))  # fmt: skip
def addcmul(start, x, y, /, *, value=1):
    """``input + value * tensor1 * tensor2``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.addcmul(tg.tensor([1.0]), tg.tensor([2.0]), tg.tensor([3.0]), value=10)
        tensor([61.])
    """
    refuse("addcmul_cpu_out", start, "b")
    if start.dtype.kind in "iu":
        value = np.asarray(int(value)).astype(start.dtype)  # a negative number wraps around
    return start + (x * y if value == 1 else value * x * y)


@op(vjp=(lambda g: g, lambda g, y, value: g * (value / y), lambda g, x, y, value: -g * (value * x / (y * y))),
    cases=_WEIGHTED, avoid=(0.0,), names=("input", "tensor1", "tensor2"))  # fmt: skip
def addcdiv(start, x, y, /, *, value=1):
    """``input + value * tensor1 / tensor2``.

    Raises:
        RuntimeError: all tensors are of integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.addcdiv(tg.tensor([1.0]), tg.tensor([6.0]), tg.tensor([3.0]), value=10)
        tensor([21.])
    """
    if start.dtype.kind in "biu":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported. Write input + value * tg.div(tensor1, tensor2, "
            'rounding_mode="trunc"), or convert the tensors with .float().'
        )
    return start + (x / y if value == 1 else value * x / y)
