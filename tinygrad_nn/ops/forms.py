"""What the elementwise families share: in-place forms, refusals in PyTorch's words, and the gradient of steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.inplace import check_target, store
from .._core.modes import modes
from .._core.tensor import Tensor, tensor_attribute


def inplace_form(function: Callable[..., Tensor], *names: str, one_op: bool = False) -> Callable[..., Tensor]:
    """Give `Tensor` the method ``x.NAME_(...)``, which stores the function's result in x; also under further names.

    Args:
        function: out of place.
        names: further names.
        one_op: the function is a single op. Of several, those before the last may have saved x, which is about to be
            overwritten; so they are given a copy, where they are recorded.
    """

    def call(input: Tensor, *others: Any, **options: Any) -> Tensor:
        check_target(input, others)
        source = input if one_op or not modes.here.grad or not input.requires_grad else input.clone()
        return store(input, function(source, *others, **options))

    call.__name__ = call.__qualname__ = f"{function.__name__}_"
    call.__doc__ = f"In-place version of `{function.__name__}`."
    for name in (function.__name__, *names):
        tensor_attribute(f"{name}_", call)
    return call


def refuse(name: str, x: np.ndarray[Any, Any], kinds: str) -> None:
    """Raise PyTorch's error for an op that does not take these kinds of dtype (NumPy's letters).

    Raises:
        NotImplementedError: the array's dtype is of one of the kinds.
    """
    if x.dtype.kind in kinds:
        fix = "x.int()" if kinds == "b" else "x.bool()" if "f" in kinds else "x.float()"
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert the input first: {fix}."
        )


def check_number(name: str, value: Any, dtype: np.dtype[Any]) -> None:
    """Refuse what is no number, and a number that a dtype cannot hold (which NumPy would wrap around, or make inf).

    Raises:
        TypeError: it is no number.
        RuntimeError: it is too large.
    """
    if not isinstance(value, int | float | complex | np.number | np.bool_):
        raise TypeError(f"{name}(): argument 'value' must be Number, not {type(value).__name__} (got {value!r})")
    if isinstance(value, complex) or dtype.kind in "bc":
        return
    if dtype.kind == "f":
        size: Any = abs(value)
        fits = not math.isfinite(value) or size <= float(np.finfo(dtype).max)
    else:
        limits = np.iinfo(dtype)
        low = -limits.max if dtype.kind == "u" else limits.min  # a negative number may wrap around, as in PyTorch
        fits = math.isfinite(value) and low <= int(value) <= limits.max
    if not fits:
        raise RuntimeError(f"value cannot be converted to type {dtype} without overflow in {name}(): got {value!r}")


def no_gradient(g: Any) -> Any:
    """The rule of functions made of steps: zeros. Not ``g * 0``, which would be nan for an infinite g."""
    return np.zeros(g.shape, g.dtype)


def not_differentiable(name: str) -> Callable[..., Any]:
    """The rule of an input for which PyTorch has none.

    Raises:
        NotImplementedError: (the rule) when the gradient is asked for.
    """

    def rule(g: Any) -> Any:
        raise NotImplementedError(
            f"the derivative for '{name}' is not implemented. Give x.detach() for that input if none is wanted."
        )

    return rule
