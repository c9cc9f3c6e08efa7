"""Tensors with tangents: what forward differentiation computes with. A tangent says how a tensor changes.

Both the tensor without its tangent, the primal, and the tangent are ordinary tensors (or lifted by older transforms),
so both are recorded where a gradient of them is wanted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.lifted import Level, Lifted, LiftedError, lifted_getitem, lifted_of, lifted_setitem, no_elements
from .._core.tensor import Tensor, current_edge
from .._core.zeros import zeros_of

_new = object.__new__
# What may be asked of a primal's array, as nothing of it can depend on a tangent: whatever is no real number.
_PLAIN = frozenset({
    "flags", "strides", "itemsize", "nbytes", "base", "__array_interface__", "any", "all", "argmax", "argmin",
    "argsort", "nonzero", "item", "tolist",
})  # fmt: skip
_COMPARISONS = frozenset({
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__bool__", "__int__", "__float__", "__contains__",
})  # fmt: skip
_WRITING = frozenset({"copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis"})


class TangentLevel(Level):
    """One run of forward differentiation."""

    def holds(self, tensor: Any) -> bool:
        """Whether a tensor has a tangent of this level."""
        lifted = lifted_of(tensor)
        return lifted is not None and lifted.level is self

    def parts(self, tensor: Any) -> tuple[Any, Tensor | None]:
        """A tensor without its tangent, and its tangent; None where there is none."""
        lifted = lifted_of(tensor)
        if lifted is not None and lifted.level is self:
            return lifted.value, lifted.tangent
        return tensor, None

    def attribute(self, lifted: Lifted, name: str) -> Any:
        """What the primal's array answers."""
        if name in _PLAIN:
            return getattr(lifted.value._array, name)
        raise LiftedError(no_elements(name))

    def zeros(self, lifted: Lifted) -> Tensor:
        """Zeros, which do not move."""
        return zeros_of(lifted.value)

    def special_method(self, lifted: Lifted, name: str, args: tuple[Any, ...]) -> Any:
        """Comparisons, which have no derivative."""
        if name in _COMPARISONS:
            return getattr(lifted.value._array, name)(*[_primal_array(arg) for arg in args])
        raise LiftedError(no_elements(name))

    def numpy(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What has no derivative: indices, truth values, types."""
        name = getattr(function, "__name__", str(function))
        if name in _WRITING or "out" in kwargs:
            raise LiftedError(no_elements(name))
        result = function(*[_primal_array(a) for a in args], **{k: _primal_array(v) for k, v in kwargs.items()})
        if any(np.asarray(each).dtype.kind in "fc" for each in (result if isinstance(result, tuple) else (result,))):
            raise LiftedError(no_elements(name))
        return result


def _primal_array(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)([_primal_array(each) for each in value])
    return value.value._array if type(value) is Lifted and isinstance(value.level, TangentLevel) else value


def dual(primal: Tensor, tangent: Tensor, level: TangentLevel) -> Tensor:
    """The tensor with a tangent."""
    tensor = _new(DualTensor)
    become_dual(tensor, primal, tangent, level)
    return tensor


def become_dual(tensor: Tensor, primal: Tensor, tangent: Tensor, level: TangentLevel) -> None:
    """Let a tensor object be one with a tangent."""
    lifted = _new(Lifted)
    array = primal._array
    lifted.value, lifted.level, lifted.tangent = primal, level, tangent
    lifted.shape, lifted.dtype, lifted.ndim, lifted.size = array.shape, array.dtype, array.ndim, array.size
    tensor.__class__ = DualTensor
    tensor._array = lifted  # type: ignore[assignment]  # it stands for an array
    tensor._grad = tensor._view = None
    tensor._cell = primal._cell


class DualTensor(Tensor):
    """A tensor with a tangent."""

    __slots__ = ()

    @property
    def _primal(self) -> Tensor:
        value: Tensor = self._array.value  # type: ignore[attr-defined]
        return value

    @property
    def _edge(self) -> Any:
        """Where the gradient of the primal goes."""
        return current_edge(self._primal)

    @_edge.setter
    def _edge(self, edge: Any) -> None:
        raise LiftedError(no_elements("an in-place operation"))

    def __repr__(self) -> str:
        lifted: Any = self._array
        shown = repr(self._primal)
        return f"{shown[:-1]}, tangent={lifted.tangent!r})" if lifted.level.alive else shown

    # --- what does not depend on the tangent

    def item(self) -> Any:
        """The only element, as a Python number."""
        return self._primal.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self._primal.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """The array itself, without the tangent."""
        return self._primal.numpy(force=force)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._primal.__array__(dtype, copy)

    def __bool__(self) -> bool:
        return bool(self._primal)

    def __int__(self) -> int:
        return int(self._primal)

    def __index__(self) -> int:
        return self._primal.__index__()

    def __float__(self) -> float:
        return float(self._primal)

    def __complex__(self) -> complex:
        return complex(self._primal)

    def __format__(self, spec: str) -> str:
        return format(self._primal, spec)

    def data_ptr(self) -> int:
        """The memory address of the first element."""
        return self._primal.data_ptr()

    def storage_offset(self) -> int:
        """How many elements lie before the first one in the memory that this tensor shares with others."""
        return self._primal.storage_offset()

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory row by row."""
        return self._primal.is_contiguous()

    def stride(self, dim: int | None = None) -> Any:
        """How many elements lie between neighbours, for each dimension or for one."""
        return self._primal.stride(dim)

    # --- the graph of the primal

    def detach(self) -> Tensor:
        """The same elements, outside the graph, and without a tangent."""
        return self._primal.detach()

    @property  # type: ignore[misc]  # it is not to be set
    def data(self) -> Tensor:
        """The same elements, outside the graph, and without a tangent."""
        return self._primal.data

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        return self._primal.is_leaf

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Start or stop recording operations on the primal."""
        self._primal.requires_grad_(requires_grad)
        return self

    def backward(self, *args: Any, **kwargs: Any) -> None:
        """The backward pass of the primal. (`autograd.grad` gives gradients that have tangents.)"""
        self._primal.backward(*args, **kwargs)

    def __getitem__(self, index: Any) -> Tensor:
        return lifted_getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        lifted_setitem(self, index, value)

    def contiguous(self, memory_format: Any = None) -> Tensor:
        """The tensor laid out row by row."""
        if self._primal.is_contiguous():
            return self
        copy: Tensor = self.clone()
        return copy
