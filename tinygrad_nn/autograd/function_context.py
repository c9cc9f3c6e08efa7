"""What a `Function`'s forward hands to its backward: the ``ctx`` that both are given.

Source: https://docs.pytorch.org/docs/stable/autograd.html#context-method-mixins
"""

from __future__ import annotations

import warnings
from typing import Any

from .._core.modes import modes
from .._core.tensor import Tensor, wrap

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)


class FunctionCtx:
    """What a `Function`'s forward hands to its backward. Anything may be noted down on it: ``ctx.scale = 2``."""

    def __init__(self) -> None:
        self.needs_input_grad: tuple[bool, ...] = ()
        self.materialize_grads = True
        self.dirty_tensors: tuple[Tensor, ...] = ()
        self.non_differentiable: tuple[Tensor, ...] = ()
        self.to_save: tuple[Tensor | None, ...] = ()
        self.saved_for_forward: tuple[Tensor | None, ...] | None = None
        self._versions: tuple[int, ...] = ()  # of the saved tensors' memory, when the forward was done
        self._inputs: tuple[Any, ...] = ()  # shape and dtype of each tensor
        self._outputs: tuple[Any, ...] = ()  # the same; None for an output that is no tensor
        self._own_outputs: dict[int, int] = {}  # which saved tensors are outputs: position in saved -> output number
        self._packed: tuple[Any, ...] | None = None  # what hooks have made of the saved tensors
        self._unpack: Any = None
        self._node: Any = None  # a weak reference, as the node holds this context
        self._clears = False  # let go of the saved tensors when they are asked for
        self._freed = False

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for the backward, which finds them in `saved_tensors`.

        Raises:
            TypeError: something else than tensors and None.
        """
        for position, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {position} is of type "
                    f"{type(tensor).__name__}. Keep anything else as an attribute: ctx.name = value."
                )
        self.to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `Function.jvp`, which finds them in `saved_tensors`.

        Raises:
            AssertionError: something else than tensors and None.
        """
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes "
                    "on ctx."
                )
        self.saved_for_forward = tensors

    def pack(self, pack: Any, unpack: Any) -> None:
        """Keep what is saved in the form that a hook gives it, see `graph.saved_tensors_hooks`."""
        self._packed = tuple([None if tensor is None else (pack(tensor),) for tensor in self.to_save])
        self._unpack = unpack
        self.to_save = (None,) * len(self.to_save)

    def free(self) -> None:
        """Let go of what is saved: a backward pass has used it."""
        self.to_save = ()
        self._packed = None
        self._freed = True

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors that were saved.

        Raises:
            RuntimeError: they have been written to in place since, or a backward pass has used them.
        """
        if self._freed:
            raise RuntimeError(FREED)
        if self._packed is not None:
            return tuple([None if value is None else self._unpack(value[0]) for value in self._packed])
        tensors = tuple([self._saved(position, tensor) for position, tensor in enumerate(self.to_save)])
        if self._clears:
            self.free()
        return tensors

    def _saved(self, position: int, tensor: Tensor | None) -> Tensor | None:
        if tensor is None:
            return None
        version = self._versions[position] if self._versions else tensor._cell[0]
        if tensor._cell[0] != version:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: "
                f"a saved tensor of shape {list(tensor._array.shape)} is at version {tensor._cell[0]}; expected "
                f"version {version} instead. Hint: write the change out of place (x = x + y instead of x += y), or "
                "save a clone()."
            )
        if position in self._own_outputs and modes.here.grad:
            return wrap(tensor._array, (self._node(), self._own_outputs[position]), tensor._cell)
        return tensor

    def mark_dirty(self, *args: Tensor) -> None:
        """Say that the forward has written to these inputs in place. They must be returned as well."""
        self.dirty_tensors = args

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Without effect: shared memory is known of in any case."""
        text = (
            "`mark_shared_storage` is deprecated. Tensors with shared storages are automatically tracked. Note that "
            "calls to `set_()` are not tracked"
        )
        warnings.warn(text, FutureWarning, stacklevel=2)

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say that these outputs get no gradient. The backward is given zeros for them."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether the backward gets zeros (default) or None for outputs that nobody used."""
        self.materialize_grads = value
