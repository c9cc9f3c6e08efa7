"""What the elementwise families share: in-place forms, refusals in PyTorch's words, and the gradient of steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.inplace import check_target, store
from .._core.tensor import Tensor


def inplace_form(function: Callable[..., Tensor], *names: str) -> Callable[..., Tensor]:
    """Give `Tensor` the method ``x.NAME_(...)``, which stores the function's result in x; also under further names."""

    def call(input: Tensor, *others: Any, **options: Any) -> Tensor:
        check_target(input, others)
        return store(input, function(input, *others, **options))

    call.__name__ = call.__qualname__ = f"{function.__name__}_"
    call.__doc__ = f"In-place version of `{function.__name__}`."
    for name in (function.__name__, *names):
        setattr(Tensor, f"{name}_", call)
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


def no_gradient(g: Any) -> Any:
    """The rule of functions made of steps: zeros. Not ``g * 0``, which would be nan for an infinite g."""
    return np.zeros(g.shape, g.dtype)
