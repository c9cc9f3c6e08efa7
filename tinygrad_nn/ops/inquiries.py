"""Small questions about tensors: whether one is not zero, signed, and what its type is called."""

from __future__ import annotations

from typing import Any

from .._core.errors import must_be_tensor
from .._core.tensor import Tensor, tensor_method

__all__ = ["get_device", "is_nonzero", "is_signed", "typename"]


@tensor_method
def is_nonzero(input: Tensor) -> bool:
    """Whether the only element of a tensor is not zero.

    Raises:
        RuntimeError: there is not exactly one element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.is_nonzero(tg.tensor([0.5]))
        True
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("is_nonzero", "input", 0, input)
    return bool(input)


@tensor_method
def is_signed(input: Tensor) -> bool:
    """Whether a tensor's type has negative numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.is_signed(tg.tensor([1], dtype=tg.uint8))
        False
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("is_signed", "input", 0, input)
    return input.dtype.is_signed


@tensor_method
def get_device(input: Tensor) -> int:
    """The number of the device that a tensor is on: -1, for the CPU.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.get_device(tg.ones(2))
        -1
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("get_device", "input", 0, input)
    return -1


def is_storage(obj: Any, /) -> bool:
    """Whether an object is the storage of a tensor.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.is_storage(tg.ones(2))
        False
    """
    return type(obj).__name__.endswith("Storage")


def typename(obj: Any) -> str:
    """The name of an object's type; of a tensor, with the type of its elements.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.typename(tg.ones(2)), tg.typename([])
        ('torch.FloatTensor', 'list')
    """
    if isinstance(obj, Tensor):
        return str(obj.type())
    home = getattr(obj, "__module__", type(obj).__module__)
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", None) or type(obj).__name__
    return name if home in (None, "builtins") else f"{home}.{name}"


def _assert(condition: Any, message: str) -> None:
    """An assertion that PyTorch's compilers can see.

    Raises:
        AssertionError: the condition does not hold.
    """
    assert condition, message
