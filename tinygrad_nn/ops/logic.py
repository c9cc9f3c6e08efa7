"""Logic: of truth values (logical) and of the bits of integers (bitwise). The results have no gradient.

Source: https://docs.pytorch.org/docs/stable/torch.html#pointwise-ops
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.dispatch import register_operator
from .._core.op import Integers, case, op
from .._core.tensor import Tensor
from .forms import refuse

__all__ = [
    "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "logical_and", "logical_not", "logical_or", "logical_xor",
]  # fmt: skip

_BOOLEANS = [case(Integers((2, 3), 2, boolean=True), Integers((3,), 2, boolean=True)), case((2, 3), (2, 3))]
_BITS = [case(Integers((2, 3), 9), Integers((3,), 9)), *_BOOLEANS[:1]]


@op(np.logical_and, vjp=None, cases=_BOOLEANS)
def logical_and(x, y, /):
    """Whether both elements are true, that is, not 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logical_and(tg.tensor([0, 1, 2]), tg.tensor([1, 1, 0]))
        tensor([False,  True, False])
    """
    return np.logical_and(x, y)


@op(np.logical_or, vjp=None, cases=_BOOLEANS)
def logical_or(x, y, /):
    """Whether at least one of the elements is true, that is, not 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logical_or(tg.tensor([0, 1]), tg.tensor([0, 0]))
        tensor([False,  True])
    """
    return np.logical_or(x, y)


@op(np.logical_xor, vjp=None, cases=_BOOLEANS)
def logical_xor(x, y, /):
    """Whether exactly one of the elements is true, that is, not 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logical_xor(tg.tensor([0, 1]), tg.tensor([1, 1]))
        tensor([ True, False])
    """
    return np.logical_xor(x, y)


@op(np.logical_not, vjp=None, cases=[case(Integers((2, 3), 2, boolean=True)), case((2, 3))])
def logical_not(x, /):
    """Whether the element is false, that is, 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logical_not(tg.tensor([0, 2]))
        tensor([ True, False])
    """
    return np.logical_not(x)


# --- bits --------------------------------------------------------------------------------------------------------


def _bits(name: str, ufunc: np.ufunc, x: Any, y: Any) -> Any:
    refuse(name, x, "fc")
    return ufunc(x, y)


@op(np.bitwise_and, vjp=None, operator="and", cases=_BITS)
def bitwise_and(x, y, /):
    """``x & y`` of integers or booleans.

    Raises:
        NotImplementedError: the tensors are of floats.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([True, False]) & tg.tensor([True, True])
        tensor([ True, False])
    """
    return _bits("bitwise_and_cpu", np.bitwise_and, x, y)


@op(np.bitwise_or, vjp=None, operator="or", cases=_BITS)
def bitwise_or(x, y, /):
    """``x | y`` of integers or booleans.

    Raises:
        NotImplementedError: the tensors are of floats.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([4, 1]) | 2
        tensor([6, 3])
    """
    return _bits("bitwise_or_cpu", np.bitwise_or, x, y)


@op(np.bitwise_xor, vjp=None, operator="xor", cases=_BITS)
def bitwise_xor(x, y, /):
    """``x ^ y`` of integers or booleans.

    Raises:
        NotImplementedError: the tensors are of floats.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([4, 1]) ^ 1
        tensor([5, 0])
    """
    return _bits("bitwise_xor_cpu", np.bitwise_xor, x, y)


@op(np.invert, vjp=None, cases=[case(Integers((2, 3), 9)), case(Integers((2,), 2, boolean=True))])
def bitwise_not(x, /):
    """``~x``: the other truth value of booleans, all bits turned over of integers.

    Raises:
        NotImplementedError: the tensor is of floats. (A TypeError of the operator ``~``, as in PyTorch.)

    Example:
        >>> import tinygrad_nn as tg
        >>> ~tg.tensor([True, False]), ~tg.tensor([0, 5])
        (tensor([False,  True]), tensor([-1, -6]))
    """
    refuse("bitwise_not_cpu", x, "fc")
    return np.invert(x)


def _invert(input: Tensor) -> Tensor:
    """The operator ``~``."""
    if input._array.dtype.kind in "fc":
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors, got "
            f"{dtypes.type_name(input._array.dtype)}. Use logical_not(), or compare: x == 0."
        )
    result: Tensor = bitwise_not(input)
    return result


register_operator("invert", _invert, None, binary=False)


@op(np.left_shift, vjp=None, operator="lshift", cases=_BITS[:1])
def bitwise_left_shift(x, y, /):
    """``x << y`` of integers.

    Raises:
        NotImplementedError: the tensors are of floats.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 3]) << 2
        tensor([ 4, 12])
    """
    return _bits("lshift_cpu", np.left_shift, x, y)


@op(np.right_shift, vjp=None, operator="rshift", cases=_BITS[:1])
def bitwise_right_shift(x, y, /):
    """``x >> y`` of integers, keeping the sign.

    Raises:
        NotImplementedError: the tensors are of floats.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([4, -4]) >> 1
        tensor([ 2, -2])
    """
    return _bits("rshift_cpu", np.right_shift, x, y)
