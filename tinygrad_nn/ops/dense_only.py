"""What PyTorch's tensors say of themselves where sparse ones exist: here all are dense.

Asking a dense tensor for its ``indices()`` is an error in PyTorch, and so it is here.

Source: https://docs.pytorch.org/docs/stable/sparse.html
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from .._core.inference import InferenceCell
from .._core.tensor import Tensor, tensor_attribute, tensor_method

_EXPECTED = {
    "values": "sparse tensor",
    "indices": "sparse coordinate tensor",
    "coalesce": "sparse coordinate tensor",
    "is_coalesced": "sparse coordinate tensor",
    "crow_indices": "sparse row compressed tensor",
    "col_indices": "sparse row compressed tensor",
    "ccol_indices": "sparse column compressed tensor",
    "row_indices": "sparse column compressed tensor",
}


def _refusing(name: str, expected: str) -> Any:
    def method(self: Tensor) -> Tensor:
        raise RuntimeError(
            f"{name} expected {expected} layout but got Strided. There are no sparse tensors here; a named tuple "
            "(x.max(dim=0)) and a dictionary have values of their own."
        )

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Of sparse tensors only: on a dense one, such as all are here, `{name}` raises, as in PyTorch."
    return method


for _name, _expected in _EXPECTED.items():
    tensor_attribute(_name, _refusing(_name, _expected))


@tensor_method
def sparse_dim(self: Tensor) -> int:
    """How many dimensions are sparse: none."""
    return 0


@tensor_method
def dense_dim(self: Tensor) -> int:
    """How many dimensions are dense: all."""
    return self._array.ndim


@tensor_method
def to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool = True) -> Tensor:
    """The tensor itself, which is dense; of another type where one is given."""
    return self if dtype is None else self.to(dtype)


@tensor_method
def resize(self: Tensor, *sizes: Any) -> Tensor:
    """The tensor in another shape of as many elements: PyTorch's former name of `reshape`, which warns.

    Raises:
        RuntimeError: another number of elements.
    """
    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    wanted = tuple(sizes[0]) if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    if math.prod(wanted) != self._array.size:
        raise RuntimeError(
            f"requested resize to {'x'.join(map(str, wanted))} ({math.prod(wanted)} elements in total), but the given "
            f"tensor has a size of {'x'.join(map(str, self._array.shape))} ({self._array.size} elements). autograd's "
            "resize can only change the shape of a given tensor, while preserving the number of elements."
        )
    shaped: Tensor = self.reshape(wanted)
    return shaped


@tensor_method
def as_subclass(self: Tensor, cls: type[Tensor]) -> Tensor:
    """The tensor as an object of a class derived from `Tensor`, on the same memory and with the same history.

    Raises:
        TypeError: the class is not derived from `Tensor`.
    """
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise TypeError(f"as_subclass(): expected a class derived from Tensor, got {cls!r}")
    made = self.view_as(self)
    made.__class__ = cls
    return made


@tensor_method
def const_data_ptr(self: Tensor) -> int:
    """The address of the first element; see `data_ptr`."""
    return self.data_ptr()


@tensor_method
def is_inference(self: Tensor) -> bool:
    """Whether the tensor was made inside of `inference_mode`, or is a view of such a one."""
    return isinstance(self._cell, InferenceCell)


@tensor_method
def module_load(self: Tensor, other: Tensor, assign: bool = False) -> Tensor:
    """What a module's parameter becomes when it loads another tensor: a copy of it, or itself with `assign`."""
    if assign:
        return other
    copied: Tensor = other.detach().to(self.dtype)
    return copied
