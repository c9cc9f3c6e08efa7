"""Modules that learn the shapes of their parameters from their first input.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.lazy.LazyModuleMixin.html
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeVar

from .._core.modes import no_grad
from .._core.tensor import Tensor
from .module import Module
from .parameter import UninitializedTensorMixin, is_lazy

__all__ = ["LazyModuleMixin"]

M = TypeVar("M", bound="LazyModuleMixin")


class LazyModuleMixin(Module):
    """A module some of whose parameters get their shapes when it is first called.

    A class derives from this and from the module that it is to become, makes its parameters `UninitializedParameter`,
    and says in `initialize_parameters` what an input's shape means for them. After the first call the module is of the
    class `cls_to_become`, and an ordinary one.

    Make such a model, convert it to its dtype, call it once on a batch, and only then make the optimizer. The order in
    which random initial values are drawn is that of the first call.

    Example:
        >>> import tinygrad_nn as tg
        >>> net = tg.nn.Sequential(tg.nn.LazyLinear(4), tg.nn.ReLU(), tg.nn.LazyLinear(2))
        >>> net[0]
        LazyLinear(in_features=0, out_features=4, bias=True)
        >>> net(tg.ones(1, 3)).shape
        torch.Size([1, 2])
        >>> net[0]
        Linear(in_features=3, out_features=4, bias=True)
    """

    cls_to_become: type[Any] | None = None  # the class of the module when all its parameters have shapes

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self.register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters the shapes that an input asks for, and set their values; for subclasses to write.

        It is called with what the module was called with.
        """
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Whether some parameter or buffer has no shape yet."""
        return any(map(is_lazy, itertools.chain(self._parameters.values(), self._buffers.values())))

    def _infer_parameters(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> None:
        """Before the first call: initialise the parameters, and become an ordinary module."""
        with no_grad():
            module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook
        del module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    def _lazy_load_hook(self, module: Module, state_dict: Any, prefix: str, *rest: Any) -> None:
        """Before a state is loaded: the shapes are those of the state."""
        members = itertools.chain(self._parameters.items(), self._buffers.items())
        for name, tensor in list(members):
            given = state_dict.get(prefix + name)
            if isinstance(tensor, UninitializedTensorMixin) and given is not None and not is_lazy(given):
                tensor.materialize(given.shape)

    def _apply(self: M, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> M:
        def convert(tensor: Tensor) -> Tensor:
            return tensor.converted(fn) if isinstance(tensor, UninitializedTensorMixin) else fn(tensor)

        return super()._apply(convert, recurse)


def materialize(tensor: Any, *shape: int) -> None:
    """Give a parameter or buffer its shape, unless it is None or a loaded state has given it one."""
    if is_lazy(tensor):
        tensor.materialize(shape)
