"""Parameters and buffers whose shape is not known yet.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.UninitializedParameter.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from .._core import dtypes
from .._core.device import check_device
from .._core.graph import AccumulateGrad
from .._core.tensor import Tensor, wrap
from .parameter import Parameter

__all__ = ["UninitializedBuffer", "UninitializedParameter", "UninitializedTensorMixin", "is_lazy"]

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
    """Whether this is a parameter or buffer that has no shape yet."""
    return isinstance(param, UninitializedTensorMixin)
