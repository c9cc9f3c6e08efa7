"""Parameters and buffers: the tensors that a module owns.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html,
https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.UninitializedParameter.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn

import numpy as np

from .._core import dtypes
from .._core.blocks import aligned
from .._core.device import check_device
from .._core.graph import AccumulateGrad
from .._core.tensor import Tensor, wrap

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "UninitializedTensorMixin",
    "factory_kwargs",
    "is_lazy",
]


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
    return Parameter(wrap(aligned(shape, dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype))))


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


# --- without a shape, as yet ----------------------------------------------------------------------------------------

_slot: Any = Tensor.__dict__["_array"]  # where a tensor's array is kept; here an empty one, for its type


class UninitializedError(ValueError, RuntimeError):
    """Something was done with a tensor that has no shape yet. PyTorch raises either type, by what it is."""


def _refuse(tensor: Tensor, what: str) -> NoReturn:
    raise UninitializedError(
        f"Attempted to use an uninitialized parameter: {what} of an {type(tensor).__name__}. This error happens when "
        "you are using a `LazyModule` or explicitly manipulating such tensors. Call the module once with a batch of "
        "data, which tells it the shapes, before you use, load or optimise its parameters."
    )


class UninitializedTensorMixin(Tensor):
    """What uninitialised tensors share: all that they can do is change their type, and take on a shape."""

    __slots__ = ()

    cls_to_become: type[Tensor] = Tensor

    def _start(self, requires_grad: bool, device: Any, dtype: Any) -> None:
        check_device(device)
        kind = dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)
        _slot.__set__(self, np.empty(0, kind))
        self._cell = [0, 0]
        self._edge = (AccumulateGrad(self), 0) if requires_grad else None
        self._grad = self._view = None

    @property
    def _array(self) -> Any:
        _refuse(self, "the values")

    @_array.setter
    def _array(self, value: Any) -> None:
        _slot.__set__(self, value)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type that the elements will be of."""
        return dtypes.from_numpy(_slot.__get__(self).dtype)

    @property
    def shape(self) -> Any:
        """Not known yet.

        Raises:
            RuntimeError: always.
        """
        raise UninitializedError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` "
            "to initialize the parameters before accessing their attributes."
        )

    @property
    def data(self) -> Tensor:
        """An empty tensor of the same type."""
        return wrap(_slot.__get__(self))

    @data.setter
    def data(self, value: Tensor) -> None:
        _slot.__set__(self, value._array)

    def is_floating_point(self) -> bool:
        """Whether the elements will be real floating point numbers."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the elements will be complex numbers."""
        return self.dtype.is_complex

    def detach(self) -> Tensor:
        """The tensor itself, as there is nothing to detach."""
        return self

    def converted(self, function: Callable[[Tensor], Tensor]) -> Tensor:
        """The tensor itself, after the type has become what a function of a tensor gives."""
        self.data = function(self.data)
        return self

    def materialize(self, shape: Sequence[int], device: Any = None, dtype: Any = None) -> None:
        """Become a tensor of this shape, whose values are still to be set.

        Args:
            shape: the shape.
            device: only the CPU.
            dtype: another type than was asked for before.
        """
        check_device(device)
        kind = _slot.__get__(self).dtype if dtype is None else dtypes.to_numpy(dtype)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        _slot.__set__(self, np.empty(tuple(shape), kind))

    def share_memory_(self) -> NoReturn:
        """Refused: there is no memory yet.

        Raises:
            RuntimeError: always.
        """
        raise UninitializedError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters "
            "before calling `module.share_memory()`."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        found = memo.get(id(self))
        if found is None:
            make, arguments = self.__reduce_ex__(4)
            found = memo[id(self)] = make(*arguments)
        return found

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, self.dtype)


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter that has no shape yet. A lazy module gives it one when it is first called.

    Args:
        requires_grad: whether gradients will be computed for it.
        device: only the CPU.
        dtype: the type that the elements will be of.

    Example:
        >>> import tinygrad_nn as tg
        >>> parameter = tg.nn.UninitializedParameter()
        >>> parameter
        <UninitializedParameter>
        >>> parameter.materialize((2, 3))
        >>> type(parameter).__name__, parameter.shape
        ('Parameter', torch.Size([2, 3]))
    """

    __slots__ = ()

    cls_to_become = Parameter

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        self._start(requires_grad, device, dtype)


class UninitializedBuffer(UninitializedTensorMixin):
    """A buffer that has no shape yet. A lazy module gives it one when it is first called.

    Args:
        requires_grad: whether gradients will be computed for it.
        device: only the CPU.
        dtype: the type that the elements will be of.
        persistent: whether it is part of the module's ``state_dict``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.UninitializedBuffer()
        <UninitializedBuffer>
    """

    __slots__ = ()

    def __init__(
        self, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> None:
        self._start(requires_grad, device, dtype)
        self.persistent = persistent


def is_lazy(param: Any) -> bool:
    """Whether a tensor has no shape yet: it is one of a lazy layer that has not been called."""
    return isinstance(param, UninitializedTensorMixin)
