"""A Python function applied to each element, in place: slow, and without gradients.

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.apply_.html, torch.Tensor.map_.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core.errors import explained, must_be_tensor
from .._core.inplace import check_target
from .._core.tensor import Tensor, tensor_method

__all__: list[str] = []


def _map(name: str, self: Tensor, others: tuple[Any, ...], callable: Callable[..., Any]) -> Tensor:
    """``self[i] = callable(self[i], others[i], ...)`` for all i."""
    for position, other in enumerate(others):
        if not isinstance(other, Tensor):
            raise must_be_tensor(name, "other" if len(others) == 1 else "xy"[position], position, other)
    if any(t.requires_grad for t in (self, *others)):
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")
    for position, other in enumerate(others):
        if other._array.dtype != self._array.dtype:
            what = "'other'" if len(others) == 1 else f"argument '{'xy'[position]}'"
            raise TypeError(f"{name}: expected {self.type()} for {what} (got {other.type()})")
    check_target(self)
    wide = [other.expand(*self._array.shape)._array.ravel().tolist() for other in others]
    results = [callable(*values) for values in zip(self._array.ravel().tolist(), *wide, strict=True)]
    numbers = [r.item() if isinstance(r, Tensor) else r for r in results]
    for number in numbers:
        if not isinstance(number, int | float | complex | np.generic):
            raise TypeError(f"must be real number, not {type(number).__name__} (what the function gave to {name})")
    if numbers:
        self._array[...] = np.asarray(numbers).reshape(self._array.shape)
    self._cell[0] += 1
    return self


@tensor_method
@explained
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each element by what a Python function of it gives. No gradient; slow.

    Raises:
        RuntimeError: the tensor requires grad.
        TypeError: the function gives no number.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, 2.0]).apply_(lambda a: a * a + 1)
        tensor([2., 5.])
    """
    return _map("apply_", self, (), callable)


@tensor_method
@explained
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replace each element by what a Python function of it and of that of another tensor gives. No gradient; slow.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, 2.0]).map_(tg.tensor([3.0, 4.0]), lambda a, b: a + 10 * b)
        tensor([31., 42.])
    """
    return _map("map_", self, (tensor,), callable)


@tensor_method
@explained
def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """Replace each element by what a Python function of it and of those of two other tensors gives. No gradient; slow.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0]).map2_(tg.tensor([2.0]), tg.tensor([3.0]), lambda a, b, c: a + b * c)
        tensor([7.])
    """
    return _map("map2_", self, (x, y), callable)
