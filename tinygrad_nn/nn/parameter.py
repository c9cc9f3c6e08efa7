"""Parameters and buffers: the tensors that a module owns.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.device import check_device
from .._core.tensor import Tensor, wrap

__all__ = ["Buffer", "Parameter", "factory_kwargs"]


class Parameter(Tensor):
    """A tensor that a module learns: assigned as a module's attribute, it is among the module's parameters.

    Args:
        data: the values; the memory is shared. None: an empty tensor.
        requires_grad: whether gradients are computed for it, also where it is made under ``no_grad``.

    Raises:
        TypeError: ``data`` is no tensor.
        RuntimeError: ``data`` is neither floating point nor complex and `requires_grad` is true.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.Parameter(tg.ones(2))
        Parameter containing:
        tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        _adopt(self, data, "Parameter")
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A copy of the values; unlike that of other tensors, it starts without a gradient."""
        found = memo.get(id(self))
        if found is None:
            found = memo[id(self)] = type(self)(wrap(self._array.copy(order="K")), self.requires_grad)
        return found

    def __reduce_ex__(self, protocol: Any) -> Any:
        make, arguments, (array, requires_grad, _, attributes) = super().__reduce_ex__(protocol)
        return make, arguments, (array, requires_grad, None, attributes)


class Buffer(Tensor):
    """A tensor that belongs to a module's state but is not learned, such as a running mean.

    Assigned as a module's attribute, it is among the module's buffers.

    Args:
        data: the values; the memory is shared. None: an empty tensor.
        persistent: whether the buffer is part of the module's ``state_dict``.

    Example:
        >>> import tinygrad_nn as tg
        >>> module = tg.nn.Module()
        >>> module.mean = tg.nn.Buffer(tg.zeros(2))
        >>> list(module.state_dict())
        ['mean']
    """

    __slots__ = ()

    persistent: bool

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        _adopt(self, data, "Buffer")
        self.persistent = persistent
        if data is not None:
            self.requires_grad_(data.requires_grad)


def _adopt(target: Tensor, data: Tensor | None, name: str) -> None:
    """Share the data's memory, outside of its graph."""
    if data is None:
        data = Tensor()
    elif not isinstance(data, Tensor):
        raise TypeError(
            f"{name}(): argument 'data' must be Tensor, not {type(data).__name__}. "
            f"Wrap it: {name}(tinygrad_nn.tensor(...))"
        )
    target._array = data._array
    target._cell = data._cell
    target._edge = target._grad = target._view = None


# How many elements may still be made, and what a parameter counts beside its own; None: as many as one likes.
_left: ContextVar[list[int] | None] = ContextVar("_left", default=None)


@contextmanager
def limited(elements: int, parameter: int = 0) -> Iterator[None]:
    """Refuse to make more elements of parameters than these, for layers that are made by what a file says.

    Args:
        elements: how many.
        parameter: how many each parameter counts beside its own.
    """
    token = _left.set([elements, parameter])
    try:
        yield
    finally:
        _left.reset(token)


def new_parameter(*shape: int, dtype: Any = None, device: Any = None) -> Parameter:
    """A parameter whose values are still to be set, of the default type unless another is given."""
    check_device(device)
    for length in shape:
        if length < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {length}: {list(shape)}")
    left = _left.get()
    if left is not None:
        left[0] -= math.prod(shape) + left[1]
        if left[0] < 0:
            raise RuntimeError(f"a parameter of shape {list(shape)} is more than what the file has in weights")
    return Parameter(wrap(np.empty(shape, dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype))))


def is_lazy(param: Any) -> bool:
    """Whether a tensor has no shape yet: it is one of a lazy layer that has not been called."""
    return hasattr(type(param), "materialize")


def factory_kwargs(kwargs: dict[str, Any] | None) -> dict[str, Any]:
    """What a layer hands on to the tensors that it makes: ``device``, ``dtype`` and ``memory_format``.

    Args:
        kwargs: these, or some of them in a dictionary under ``factory_kwargs``.

    Raises:
        TypeError: there are others, or one is given twice.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.factory_kwargs({"dtype": tg.float64, "factory_kwargs": {"device": "cpu"}})
        {'device': 'cpu', 'dtype': torch.float64}
    """
    names = {"device", "dtype", "memory_format"}
    given = dict(kwargs or {})
    found = dict(given.pop("factory_kwargs", {}))
    if not given.keys() <= names:
        raise TypeError(f"unexpected kwargs {set(given) - names}")
    for name, value in given.items():
        if name in found:
            raise TypeError(f"{name} specified twice, in **kwargs and in factory_kwargs")
        found[name] = value
    return found
