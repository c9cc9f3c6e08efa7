"""Tensors of `vmap`: they show one example's shape, and stand for a batch of examples.

The batch is an ordinary tensor, ``value``, whose first dimension counts the examples. An op on a batched tensor is an
op on such values: which one, `batching` says. Because the values are ordinary tensors, autograd records what is done
with them, and needs to know nothing of batches: the backward pass of a batch is that of its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._core.dtypes import dtype
from .._core.inplace import check_target, store
from .._core.lifted import Level, Lifted, LiftedError, lifted_getitem, lifted_of, lifted_setitem, no_elements
from .._core.tensor import Tensor, current_edge
from .._core.zeros import zeros_of

_new = object.__new__
# What decides how numbers are drawn, and the words to refuse it with.
RANDOMNESS = ("error", "different", "same")
NO_RANDOM_NUMBERS = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
    "randomness flags on vmap or perform the randomness operation out of vmap"
)


class BatchLevel(Level):
    """One call of `vmap`: how many examples there are, and how random numbers are drawn."""

    def __init__(self, size: int, randomness: str = "error") -> None:
        self.size = size
        self.randomness = randomness
        self.draws = randomness == "different"
        self.drawn = False  # whether it is a random function for which elements were asked

    # --- what `_core.lifted` asks (the rest is in `vmapping`, as it needs the rules)

    def store(self, target: Tensor, result: Tensor) -> Tensor:
        """Write the values."""
        self.check_alive()
        if not self.holds(target):
            raise unbatched_target()
        value = self.value(target)
        check_target(value)
        store(value, self.full(result))
        return target

    def attribute(self, lifted: Lifted, name: str) -> Any:
        """How the values lie in memory, one example alone."""
        array = lifted.value._array
        if name == "flags":
            return array.flags
        if name == "strides":
            return array.strides[1:]
        if name == "base":
            return None
        if name == "itemsize":
            return array.itemsize
        if name == "nbytes":
            return lifted.size * array.itemsize
        raise LiftedError(no_elements(name))

    def numpy(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What can be told by the type alone."""
        if function is np.iscomplexobj:
            return args[0].dtype.kind == "c"
        if function is np.may_share_memory:  # a result is computed before it is stored, in any case
            return False
        return super().numpy(function, args, kwargs)

    def zeros(self, lifted: Lifted) -> Tensor:
        """Zeros for each example."""
        return batched(zeros_of(lifted.value), self)

    def check_draw(self) -> None:
        """Random numbers: refused, one for each example, or the same for all."""
        if self.randomness == "error":
            raise RuntimeError(NO_RANDOM_NUMBERS)
        if self.draws:
            self.drawn = True
            raise LiftedError(no_elements("a random function"))

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Let numbers be drawn for all examples, by whoever knows how."""
        before, self.draws = self.draws, False
        try:
            yield
        finally:
            self.draws = before

    def check_alive(self) -> None:
        """Refuse a tensor that has left its `vmap`."""
        if not self.alive:
            raise RuntimeError(
                "vmap: a tensor that is vmapped over has left the function that vmap called, through an attribute or a "
                "variable outside of it. Return it from the function instead."
            )

    # --- values and batched tensors

    def holds(self, tensor: Any) -> bool:
        """Whether a tensor is batched at this level."""
        lifted = lifted_of(tensor)
        return lifted is not None and lifted.level is self

    def value(self, tensor: Any) -> Any:
        """The values of a batched tensor; anything else as it is."""
        lifted = lifted_of(tensor)
        return lifted.value if lifted is not None and lifted.level is self else tensor

    def full(self, tensor: Any) -> Any:
        """The values of a batched tensor; another tensor repeated for each example, as a view. Numbers as they are."""
        if not isinstance(tensor, Tensor):
            return tensor
        if self.holds(tensor):
            return tensor._array.value  # type: ignore[attr-defined]
        return tensor.unsqueeze(0).expand(self.size, *tensor._array.shape)

    def ranked(self, tensor: Any, ndim: int) -> Any:
        """The values, with dimensions of length 1 behind the first, so that examples of `ndim` dimensions align.

        What is not batched broadcasts by itself.
        """
        if not self.holds(tensor):
            return tensor
        value = tensor._array.value
        missing = ndim - tensor._array.ndim
        return value if missing <= 0 else value[(slice(None), *(None,) * missing)]

    def wrap(self, result: Any) -> Any:
        """Values as batched tensors."""
        if isinstance(result, Tensor):
            return batched(result, self)
        if isinstance(result, tuple | list):
            made = [self.wrap(each) for each in result]
            return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)
        return result


def batched(value: Tensor, level: BatchLevel) -> Tensor:
    """The tensor that shows one example of the values."""
    lifted = _new(Lifted)
    array = value._array
    lifted.value, lifted.level, lifted.tangent = value, level, None
    lifted.shape = shape = array.shape[1:]
    lifted.dtype = array.dtype
    lifted.ndim = len(shape)
    size = 1
    for length in shape:
        size *= length
    lifted.size = size
    tensor = _new(BatchedTensor)
    tensor._array = lifted  # type: ignore[assignment]  # it stands for an array
    tensor._grad = tensor._view = None
    tensor._cell = value._cell
    return tensor


def unbatched_target() -> LiftedError:
    """PyTorch's error for writing the results of all examples into a tensor that has room for one.

    Of the same type as that for missing elements: a function of this package that does so is to be called otherwise.
    """
    return LiftedError(
        "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in "
        "extra_args that has more elements than `self`. This happened due to `other` being vmapped over but `self` not "
        "being vmapped over in a vmap. Please try to use out-of-place operators instead of inplace ones, or make "
        "`self` of a tensor that is vmapped over: x.new_zeros(...), torch.zeros_like(x)."
    )


def _dynamic(what: str) -> RuntimeError:
    return RuntimeError(
        f"vmap: It looks like you're calling {what} on a Tensor. We don't support vmap over calling {what} on a "
        "Tensor, please try to rewrite what you're doing with other operations. (It has another value for each "
        "example, of which none can be told.)"
    )


class BatchedTensor(Tensor):
    """A tensor inside of `vmap`."""

    __slots__ = ()

    @property
    def _value(self) -> Tensor:
        value: Tensor = self._array.value  # type: ignore[attr-defined]
        return value

    @property
    def _edge(self) -> Any:
        """Where the gradient of the values goes: only whether there is one is asked."""
        return current_edge(self._value)

    @_edge.setter
    def _edge(self, edge: Any) -> None:
        raise LiftedError(no_elements("an in-place operation"))

    def __repr__(self) -> str:
        lines = "\n".join(f"    {line}" for line in repr(self._value).splitlines())
        level = self._array.level.number  # type: ignore[attr-defined]
        return f"BatchedTensor(lvl={level}, bdim=0, value=\n{lines}\n)"

    # --- what needs elements, and is refused

    def item(self) -> Any:
        """Refused: there is one number for each example."""
        raise _dynamic(".item()")

    def tolist(self) -> Any:
        """Refused: there is one list for each example."""
        raise _dynamic(".tolist()")

    def numpy(self, *, force: bool = False) -> Any:
        """Refused: there is one array for each example."""
        raise _dynamic(".numpy()")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise _dynamic("a NumPy function")

    def __bool__(self) -> bool:
        raise RuntimeError(
            "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't "
            "support that yet: a condition may hold for some examples and not for others. Use torch.where(condition, "
            "x, y)."
        )

    def __int__(self) -> int:
        raise _dynamic("int()")

    def __index__(self) -> int:
        raise _dynamic("int()")

    def __float__(self) -> float:
        raise _dynamic("float()")

    def __complex__(self) -> complex:
        raise _dynamic("complex()")

    def __format__(self, spec: str) -> str:
        return repr(self)

    def data_ptr(self) -> int:
        """Refused: the examples have no memory of their own."""
        raise _dynamic(".data_ptr()")

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Refused: derivatives inside of `vmap` are those of `func`."""
        raise RuntimeError(
            "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* APIs) "
            "inside of a function being transformed by a functorch transform. This is unsupported, please attempt to "
            "use the functorch transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call requires_grad_() outside "
            "of a function being transformed instead."
        )

    def backward(self, *args: Any, **kwargs: Any) -> None:
        """Refused: derivatives inside of `vmap` are those of `func`."""
        raise RuntimeError(
            "backward() called inside a functorch transform. This is not supported, please use functorch.grad or "
            "functorch.vjp instead or call backward() outside of functorch transforms."
        )

    # --- what is done with the values

    def _on_values(self, function: Callable[[Tensor], Any]) -> Any:
        level: BatchLevel = self._array.level  # type: ignore[attr-defined]
        level.check_alive()
        return level.wrap(function(self._value))

    def detach(self) -> Tensor:
        """The same elements, outside the graph."""
        result: Tensor = self._on_values(lambda value: value.detach())
        return result

    @property  # type: ignore[misc]  # it is not to be set
    def data(self) -> Tensor:
        """The same elements, outside the graph."""
        return self.detach()

    def contiguous(self, memory_format: Any = None) -> Tensor:
        """The values, laid out row by row."""
        result: Tensor = self._on_values(lambda value: value.contiguous())
        return result

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the values are laid out row by row."""
        return self._value.is_contiguous()

    def stride(self, dim: int | None = None) -> Any:
        """How many elements lie between neighbours of one example."""
        strides = self._value.stride()[1:]
        return strides if dim is None else strides[dim]

    def storage_offset(self) -> int:
        """Where the first example begins in its memory."""
        return self._value.storage_offset()

    def copy_(self, src: Any, non_blocking: bool = False) -> Tensor:
        """Set the elements to those of another tensor, which is cast and broadcast."""
        self[...] = src
        return self

    def new_zeros(self, *size: Any, **options: Any) -> Any:
        """Zeros of this tensor's type, for each example."""
        return self._new("new_zeros", size, options)

    def new_ones(self, *size: Any, **options: Any) -> Any:
        """Ones of this tensor's type, for each example."""
        return self._new("new_ones", size, options)

    def new_empty(self, *size: Any, **options: Any) -> Any:
        """A tensor of this tensor's type for each example, not initialised."""
        return self._new("new_empty", size, options)

    def new_full(self, size: Any, fill_value: Any, **options: Any) -> Any:
        """A tensor of this tensor's type for each example, all of one value."""
        if isinstance(fill_value, Tensor):
            return self.new_empty(size, **options).copy_(fill_value)
        return self._new("new_full", (size,), {**options, "fill_value": fill_value})

    def _new(self, name: str, size: Any, options: dict[str, Any]) -> Any:
        size = size or options.pop("size")
        lengths = size[0] if isinstance(size, tuple) and len(size) == 1 and not isinstance(size[0], int) else size
        count = self._value._array.shape[0]
        return self._on_values(lambda value: getattr(value, name)((count, *lengths), **options))

    def view(self, *size: Any, **named: Any) -> Any:
        """The same memory in another shape, or read as another type."""
        given = (*size, *named.values())
        if len(given) == 1 and isinstance(given[0], dtype) and self._array.ndim:
            return self._on_values(lambda value: value.view(given[0]))
        return Tensor.view(self, *size, **named)

    def __getitem__(self, index: Any) -> Tensor:
        return lifted_getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        lifted_setitem(self, index, value)
