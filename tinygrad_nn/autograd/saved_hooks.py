"""Hooks on what operations save for the backward pass: keep it elsewhere, keep it smaller, or compute it again.

Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._core import inplace
from .._core.backward import rewrap
from .._core.graph import Node
from .._core.modes import modes
from .._core.numbers import is_number
from .._core.observe import watch_nodes
from .._core.plan import INPUT, OUT, RESIDUAL
from .._core.tensor import Tensor, wrap
from .function_context import FunctionCtx

_SAVED: Any = Node.__dict__["saved"]


class _Packed:
    """A saved array in the form that a pack hook has given it."""

    __slots__ = ("unpack", "value")

    def __init__(self, value: Any, unpack: Callable[[Any], Any]) -> None:
        self.value = value
        self.unpack = unpack

    def array(self) -> Any:
        tensor = self.unpack(self.value)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(tensor).__name__}"
            )
        return tensor._array


class _PackedNode(Node):
    """A node whose saved arrays are packed, and unpacked each time they are asked for."""

    __slots__ = ()

    @property
    def saved(self) -> tuple[Any, ...] | None:
        stored = _SAVED.__get__(self)
        return None if stored is None else tuple([v.array() if type(v) is _Packed else v for v in stored])

    @saved.setter
    def saved(self, values: tuple[Any, ...] | None) -> None:
        _SAVED.__set__(self, values)

    def name(self) -> str:
        """The node's name."""
        return Node.name(self)


@functools.cache
def _packed_class(name: str) -> type[_PackedNode]:
    """A class for nodes of this name: it is what is printed behind ``grad_fn=``."""
    return type(name, (_PackedNode,), {"__slots__": ()})


def _pack(node: Node, pack: Callable[[Tensor], Any], unpack: Callable[[Any], Tensor]) -> None:
    """Give what a node has saved to the hook, and keep what the hook returns."""
    saved = node.saved
    if not saved:
        return
    if isinstance(saved[0], FunctionCtx):
        saved[0].pack(pack, unpack)
        return
    name = node.name()  # which may depend on what is saved, while it can be told
    written = _about_to_be_written()
    values: list[Any] = []
    for source, value in zip(node.plan.sources, saved, strict=True):
        if source[0] in (INPUT, OUT, RESIDUAL) and not is_number(value):
            if value is written:  # the hook gets what it was
                value = value.copy()
            tensor = rewrap(node, source, value)
            value = _Packed(pack(tensor if isinstance(tensor, Tensor) else wrap(np.asarray(value))), unpack)
        values.append(value)
    node.__class__ = _packed_class(name.rpartition("::")[2])
    node.saved = tuple(values)
    node.hooks = node.hooks or []  # it calls functions of the program's own
    node.versions = ()  # what happens to the memory is now the hooks' affair


class _State(threading.local):
    def __init__(self) -> None:
        self.refused: str | None = None  # what to say to who wants hooks
        self.keeping = False  # inside of `allow_mutation_on_saved_tensors`
        self.hooks: list[saved_tensors_hooks] = []  # that are active, the innermost last
        # the memory that an operation will write to in place, its version cell, and the version before
        self.target: tuple[Callable[[], Any], list[int], int] | None = None


_state = _State()


_check_history = inplace.check_history


def _noting_the_target(target: Any, others: tuple[Any, ...] = ()) -> None:
    """Asked before every write in place: the operation may save what it writes over."""
    _check_history(target, others)
    if _state.hooks:
        _state.target = weakref.ref(target._array), target._cell, target._cell[0]


def _about_to_be_written() -> Any:
    """The memory of the running operation that works in place, if one runs."""
    if _state.target is None:
        return None
    array, cell, version = _state.target
    return array() if cell[0] == version else None


def active_hooks() -> saved_tensors_hooks | None:
    """The hooks that see what is saved now."""
    return _state.hooks[-1] if _state.hooks else None


class saved_tensors_hooks:  # noqa: N801 - PyTorch's name
    """Between forward and backward, keep saved tensors in a form of one's own: on disk, in half the precision.

    Args:
        pack_hook: called with each tensor that an operation saves; what it returns is kept.
        unpack_hook: called with that when a gradient needs the tensor; gives a tensor of the same content.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> with tg.autograd.graph.saved_tensors_hooks(lambda t: t.half(), lambda t: t.float()):
        ...     y = x * x
        >>> y.sum().backward()
        >>> x.grad
        tensor([2., 4.])
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook
        self._before: list[Any] = []

    def __enter__(self) -> None:
        if _state.refused is not None:
            raise RuntimeError(_state.refused)
        self._before.append(modes.here.on_record)
        watch_nodes()
        inplace.check_history = _noting_the_target  # it stays so: other threads may have hooks
        modes.here.on_record = self._recorded
        _state.hooks.append(self)

    def _recorded(self, node: Node) -> None:
        modes.here.on_record, mine = None, modes.here.on_record  # the hook's own operations are not packed
        try:
            with _not_recording():
                _pack(node, self.pack_hook, self.unpack_hook)
        finally:
            modes.here.on_record = mine

    def __exit__(self, *error: object) -> None:
        modes.here.on_record = self._before.pop()
        _state.hooks.remove(self)


@contextmanager
def _not_recording() -> Iterator[None]:
    before, modes.here.grad = modes.here.grad, False
    try:
        yield
    finally:
        modes.here.grad = before


class allow_mutation_on_saved_tensors:  # noqa: N801 - PyTorch's name
    """Let tensors be written to in place that a gradient needs: what they were is kept.

    Each tensor that an operation saves is copied, so this takes more memory.

    Raises:
        RuntimeError: inside of another such block.
        AssertionError: (in the backward pass) the block has been left.

    Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.allow_mutation_on_saved_tensors

    Example:
        >>> import tinygrad_nn as tg
        >>> with tg.autograd.graph.allow_mutation_on_saved_tensors():
        ...     x = tg.ones(2, requires_grad=True)
        ...     y = x.clone()
        ...     out = (y ** 2).sum()
        ...     _ = y.sin_()
        ...     out.backward()
        >>> x.grad
        tensor([2., 2.])
    """

    def __enter__(self) -> allow_mutation_on_saved_tensors:
        if _state.keeping:
            raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
        _state.keeping = self.active = True
        self._hooks = saved_tensors_hooks(lambda tensor: tensor.detach().clone(), self._kept)
        self._hooks.__enter__()
        return self

    def _kept(self, tensor: Tensor) -> Tensor:
        if not self.active:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in which the graph was "
                "originally recorded."
            )
        return tensor

    def __exit__(self, *error: object) -> None:
        self._hooks.__exit__()
        _state.keeping = self.active = False


class save_on_cpu(saved_tensors_hooks):  # noqa: N801 - PyTorch's name
    """Keep saved tensors in the CPU's memory, where they are in any case: it changes nothing."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Refuse `saved_tensors_hooks` in the ``with`` block, with this message."""
    before, _state.refused = _state.refused, error_message
    try:
        yield
    finally:
        _state.refused = before
