"""The module: a tree of layers that knows its parameters, its buffers and its children.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar

from .._core.errors import near
from .._core.gradients import zero_gradient
from .._core.lines import made_at
from .._core.tensor import Tensor
from . import state
from .calling import call_with_hooks
from .checks import (
    REGISTRIES,
    NoAttributeError,
    check_kind,
    check_name,
    check_started,
    remove_others,
    type_name,
)
from .conversion import Convertible
from .global_hooks import REGISTRATION, registered
from .hidden import warn_of_container
from .hooks import Hooked
from .parameter import Buffer, Parameter
from .traversal import Tree

if TYPE_CHECKING:
    P = ParamSpec("P")
    R_co = TypeVar("R_co", covariant=True)

    class _HasForward(Protocol[P, R_co]):
        """What has a ``forward``: a call of it takes the same arguments and gives the same result."""

        @property
        def forward(self) -> Callable[P, R_co]: ...


__all__ = ["Module"]


def _forward_unimplemented(self: Module, *input: Any, **kwargs: Any) -> Any:
    own = [name for name in vars(type(self)) if not name.startswith("_") and name != "forward"]
    raise NotImplementedError(
        f'Module [{type(self).__name__}] is missing the required "forward" function.{near("forward", own)}'
    )


def _surplus(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """What is wrong with arguments that `Module` has no use for."""
    if kwargs:
        return f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
    return f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given"


class Module(Hooked, Tree, Convertible):
    """Base class of everything with parameters: assign layers and parameters as attributes, and write ``forward``.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import nn
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.hidden = nn.Linear(2, 3)
        ...         self.output = nn.Linear(3, 1, bias=False)
        ...     def forward(self, x):
        ...         return self.output(nn.functional.relu(self.hidden(x)))
        >>> net = Net()
        >>> [name for name, _ in net.named_parameters()]
        ['hidden.weight', 'hidden.bias', 'output.weight']
        >>> net(tg.ones(4, 2)).shape
        torch.Size([4, 1])
    """

    training: bool
    call_super_init = False  # True: the classes after `Module` in a multiple inheritance are initialised as well
    dump_patches = False
    _version: int = 1
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]
    _made_at: tuple[str, int] | None  # the user's file and line, for what is said of this module

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if (args or kwargs) and not self.call_super_init:
            raise TypeError(_surplus(type(self).__name__, args, kwargs))
        attributes = self.__dict__  # past __setattr__, which has nothing to look at yet
        attributes["training"] = True
        attributes["_parameters"] = {}
        attributes["_buffers"] = {}
        attributes["_modules"] = {}
        attributes["_non_persistent_buffers_set"] = set()
        attributes["_made_at"] = made_at(self)
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # --- calling -------------------------------------------------------------------------------------------------

    # Any arguments, so that a subclass's may have whatever it needs.
    forward: Callable[..., Any] = _forward_unimplemented

    if TYPE_CHECKING:
        # So that editors and type checkers know the arguments and the result of ``model(x)``.
        def __call__(self: _HasForward[P, R_co], *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    else:

        def __call__(self, *args, **kwargs):
            try:
                if self._hooks is None:
                    return self.forward(*args, **kwargs) if kwargs else self.forward(*args)
                return call_with_hooks(self, self._hooks, args, kwargs)
            except Exception as error:
                from .place import add_place

                add_place(self, args, kwargs, error)
                raise

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Accepted for PyTorch's sake, and without effect: there is no compiler."""

    # --- attributes ----------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        # Called only for what is no ordinary attribute.
        attributes = self.__dict__
        if "_modules" in attributes:
            found = attributes["_parameters"]
            if name in found:
                return found[name]
            found = attributes["_modules"]
            if name in found:
                return found[name]
            found = attributes["_buffers"]
            if name in found:
                return found[name]
        raise NoAttributeError(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            check_started(self, "parameters")
            remove_others(self, name, "_parameters")
            self.register_parameter(name, value)
        elif name in self.__dict__.get("_parameters", ()):
            check_kind(name, value, "as parameter", Parameter, "nn.Parameter or None expected")
            self._parameters[name] = value
        elif isinstance(value, Module):
            check_started(self, "module")
            remove_others(self, name, "_modules")
            self._modules[name] = registered("module", self, name, value) if REGISTRATION["module"] else value
        elif name in self.__dict__.get("_modules", ()):
            check_kind(name, value, "as child module", Module, "nn.Module or None expected")
            self._modules[name] = registered("module", self, name, value) if REGISTRATION["module"] else value
        elif isinstance(value, Buffer):
            check_started(self, "buffer")
            remove_others(self, name, "_buffers")
            self.register_buffer(name, value, value.persistent)
        elif name in self.__dict__.get("_buffers", ()):
            check_kind(name, value, "as buffer", Tensor, "Tensor, Buffer or None expected")
            self._buffers[name] = registered("buffer", self, name, value) if REGISTRATION["buffer"] else value
        else:
            if isinstance(value, list | tuple | dict) and name not in REGISTRIES:
                warn_of_container(self, name, value)
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        for registry in REGISTRIES:
            if name in self.__dict__.get(registry, ()):
                del self.__dict__[registry][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*object.__dir__(self)}
        for registry in REGISTRIES:
            names.update(self.__dict__.get(registry, ()))
        return sorted(name for name in names if name.isidentifier())

    # --- registration --------------------------------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name; None reserves the name.

        Raises:
            TypeError: it is no parameter, or the name no string.
            KeyError: the name is empty, has a dot in it, or is taken.
        """
        check_started(self, "parameter")
        check_name(self, "parameter", name, self._parameters)
        check_kind(name, param, "object to parameter", Parameter, "nn.Parameter or None required")
        if param is not None and not param.is_leaf:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. To "
                f"express '{name}' as a function of another Tensor, compute the value in the forward() method."
            )
        self._parameters[name] = param if param is None else registered("parameter", self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the state but is not learned.

        Args:
            name: the attribute's name.
            tensor: the tensor; None reserves the name.
            persistent: whether it is part of the ``state_dict``.

        Raises:
            TypeError: it is no tensor, or the name no string.
            KeyError: the name is empty, has a dot in it, or is taken.
        """
        check_started(self, "buffer")
        check_name(self, "buffer", name, self._buffers)
        check_kind(name, tensor, "object to buffer", Tensor, "Tensor or None required")
        self._buffers[name] = registered("buffer", self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child under a name.

        Raises:
            TypeError: it is no module, or the name no string.
            KeyError: the name is empty, has a dot in it, or is taken.
        """
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type_name(module)} is not a Module subclass")
        check_started(self, "module")
        check_name(self, "module", name, self._modules)
        self._modules[name] = registered("module", self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a child under a name: another name of `add_module`."""
        self.add_module(name, module)

    # --- changing all of it --------------------------------------------------------------------------------------

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call a function on every child, recursively, and then on this module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch layers that behave differently in training (dropout, ...) to training or, with False, evaluation.

        Raises:
            ValueError: ``mode`` is no boolean.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Switch to evaluation: ``train(False)``."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze (False) or unfreeze all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero."""
        for parameter in self.parameters():
            zero_gradient(parameter, set_to_none)

    # --- state ---------------------------------------------------------------------------------------------------

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """All parameters and persistent buffers by their paths. They share the module's memory.

        Args:
            args: the same by position; deprecated.
            destination: a dictionary to fill instead of a new one.
            prefix: put before each key.
            keep_vars: keep the parameters themselves, not detached tensors.
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.state_dict for details.",
                FutureWarning,
                stacklevel=2,
            )
            by_position = (*args, *(None, "", False)[len(args) :])
            destination = by_position[0] if destination is None else destination
            prefix, keep_vars = prefix or by_position[1], keep_vars or by_position[2]
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        filled: dict[str, Any] = state.save(self, destination, prefix, keep_vars)
        return filled

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Enter this module's own state, without its children's. For subclasses to change."""
        state.save_own(self, destination, prefix, keep_vars)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Copy parameters and buffers from a state, such as another module's ``state_dict``.

        Args:
            state_dict: tensors or NumPy arrays by path.
            strict: insist that the keys are exactly the module's.
            assign: put the given tensors in the place of the module's own instead of copying.

        Returns:
            The keys that were missing and that were not expected.

        Raises:
            RuntimeError: keys or shapes do not fit; nothing has been changed then.
            TypeError: the state is no mapping.
        """
        return state.load(self, state_dict, strict, assign)

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Take this module's own state, without its children's, and note what does not fit. For subclasses to change.

        Args:
            state_dict: the state, which may be changed.
            prefix: what this module's keys begin with.
            local_metadata: what `state_dict` noted down about this module, such as its ``version``.
            strict: note missing and unexpected keys.
            missing_keys, unexpected_keys, error_msgs: lists to enter what does not fit in.
        """
        state.load_own(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)

    def get_extra_state(self) -> Any:
        """What else belongs to the state. A subclass that defines it defines `set_extra_state` as well."""
        raise RuntimeError("Reached a code path in Module.get_extra_state() that should never be called.")

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave."""
        raise RuntimeError("Reached a code path in Module.set_extra_state() that should never be called.")

    def _defines(self, method: str) -> bool:
        """Whether the class has a method of its own in place of `Module`'s."""
        return getattr(type(self), method) is not getattr(Module, method)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    # --- showing it ----------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the brackets of the module's own line; for subclasses to write."""
        return ""

    def _get_name(self) -> str:
        return self.__class__.__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {indent(repr(module))}" for name, module in self._modules.items()]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        inside = "\n  ".join(lines + children)
        return f"{self._get_name()}(\n  {inside}\n)"


def indent(text: str) -> str:
    """Move all lines but the first, and empty ones, two blanks to the right."""
    first, *others = text.split("\n")
    return "\n".join([first, *(f"  {line}" if line.strip() else "" for line in others)])
