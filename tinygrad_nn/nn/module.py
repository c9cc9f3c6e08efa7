"""The module: a tree of layers that knows its parameters, its buffers and its children.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from .._core import dtypes
from .._core.errors import near
from .._core.gradients import zero_gradient
from .._core.modes import no_grad
from .._core.tensor import Tensor
from . import state
from .checks import (
    REGISTRIES,
    NoAttributeError,
    check_kind,
    check_name,
    check_started,
    member,
    note_place,
    parse_to,
    remove_others,
    type_name,
    warn_of_container,
)
from .hooks import Hooked, call_with_hooks
from .parameter import Buffer, Parameter

__all__ = ["Module"]

T = TypeVar("T", bound="Module")


def _forward_unimplemented(self: Module, *input: Any, **kwargs: Any) -> Any:
    own = [name for name in vars(type(self)) if not name.startswith("_") and name != "forward"]
    raise NotImplementedError(
        f'Module [{type(self).__name__}] is missing the required "forward" function.{near("forward", own)}'
    )


class Module(Hooked):
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
    _version = 1
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]

    def __init__(self) -> None:
        attributes = self.__dict__  # past __setattr__, which has nothing to look at yet
        attributes["training"] = True
        attributes["_parameters"] = {}
        attributes["_buffers"] = {}
        attributes["_modules"] = {}
        attributes["_non_persistent_buffers_set"] = set()

    # --- calling -------------------------------------------------------------------------------------------------

    # Any arguments, so that a subclass's may have whatever it needs.
    forward: Callable[..., Any] = _forward_unimplemented

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return call_with_hooks(self, self._hooks, args, kwargs)
        except Exception as error:
            note_place(self, error)
            raise

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
        attributes = self.__dict__
        if isinstance(value, Parameter):
            check_started(self, "parameters")
            remove_others(self, name, "_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            check_started(self, "module")
            remove_others(self, name, "_modules")
            self._modules[name] = value
        elif isinstance(value, Buffer):
            check_started(self, "buffer")
            remove_others(self, name, "_buffers")
            self.register_buffer(name, value, value.persistent)
        elif "_modules" not in attributes:
            object.__setattr__(self, name, value)
        elif name in self._parameters:
            check_kind(name, value, "as parameter", Parameter, "nn.Parameter or None expected")
            self._parameters[name] = value
        elif name in self._modules:
            check_kind(name, value, "as child module", Module, "nn.Module or None expected")
            self._modules[name] = value
        elif name in self._buffers:
            check_kind(name, value, "as buffer", Tensor, "Tensor, Buffer or None expected")
            self._buffers[name] = value
        else:
            if isinstance(value, list | tuple | dict) and name not in REGISTRIES:
                warn_of_container(self, name, value, Module)
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
        self._parameters[name] = param

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
        self._buffers[name] = tensor
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
        self._modules[name] = module

    register_module = add_module

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as ``"encoder.0"``; this module itself for an empty path.

        Raises:
            AttributeError: there is none.
        """
        module = self
        for name in target.split(".") if target else ():
            module = member(module, name, Module, "an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Replace the module at a path, or (unless `strict`) add it to its parent.

        Raises:
            ValueError: the path is empty, or what is given is no module.
            AttributeError: the path leads nowhere, or to something that is no module.
        """
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        parent_path, _, name = target.rpartition(".")
        parent = self.get_submodule(parent_path)
        if strict or hasattr(parent, name):
            member(parent, name, Module, "an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as ``"encoder.0.weight"``.

        Raises:
            AttributeError: there is none.
        """
        path, _, name = target.rpartition(".")
        found: Parameter = member(self.get_submodule(path), name, Parameter, "an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as ``"norm.running_mean"``.

        Raises:
            AttributeError: there is none.
        """
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        found: Tensor = member(owner, name, Tensor, "a buffer")
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return found

    # --- what is in it -------------------------------------------------------------------------------------------

    def _named_members(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in module.__dict__[registry].items():
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield f"{path}.{name}" if path else name, value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once; without those of children unless `recurse`."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their paths. A shared one comes once, unless duplicates are not removed."""
        yield from self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their paths."""
        yield from self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def children(self) -> Iterator[Module]:
        """The modules directly in this one, each once."""
        for _, module in self.named_children():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly in this one, with their names."""
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all modules in it, each once."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all modules in it, with their paths."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    # --- changing all of it --------------------------------------------------------------------------------------

    def apply(self: T, fn: Callable[[Module], Any]) -> T:
        """Call a function on every child, recursively, and then on this module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self: T, mode: bool = True) -> T:
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

    def eval(self: T) -> T:
        """Switch to evaluation: ``train(False)``."""
        return self.train(False)

    def requires_grad_(self: T, requires_grad: bool = True) -> T:
        """Freeze (False) or unfreeze all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero."""
        for parameter in self.parameters():
            zero_gradient(parameter, set_to_none)

    def _apply(self: T, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> T:
        """Replace the data of all parameters, gradients and buffers by a function of it."""
        for module in self.children() if recurse else ():
            module._apply(fn)
        with no_grad():
            for parameter in self._parameters.values():
                if parameter is not None:
                    gradient = parameter._grad
                    parameter.data = fn(parameter.data)
                    if gradient is not None:
                        parameter._grad = fn(gradient.detach()).requires_grad_(gradient.requires_grad)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self: T, *args: Any, **kwargs: Any) -> T:
        """Convert floating point parameters and buffers in place: ``to(dtype)``, ``to(device, dtype)``, ``to(tensor)``.

        Raises:
            RuntimeError: a device other than the CPU is asked for.
            TypeError: the type is not floating point or complex.
        """
        dtype = parse_to(*args, **kwargs)
        return self if dtype is None else self.type(dtype, only_floating=True)

    def type(self: T, dst_type: Any, *, only_floating: bool = False) -> T:
        """Convert all parameters and buffers to a type, in place."""
        return self._apply(lambda t: t if only_floating and t._array.dtype.kind not in "fc" else t.type(dst_type))

    def float(self: T) -> T:
        """Convert floating point parameters and buffers to float32."""
        return self.to(dtypes.float32)

    def double(self: T) -> T:
        """Convert floating point parameters and buffers to float64."""
        return self.to(dtypes.float64)

    def half(self: T) -> T:
        """Convert floating point parameters and buffers to float16."""
        return self.to(dtypes.float16)

    def cpu(self: T) -> T:
        """The module itself: it is on the CPU."""
        return self

    def cuda(self: T, device: Any = None) -> T:
        """Refused: there is no GPU here.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            "Module.cuda(): tinygrad_nn computes on the CPU only. Leave .cuda() away, or write "
            "device = 'cuda' if tinygrad_nn.cuda.is_available() else 'cpu' and module.to(device)."
        )

    # --- state ---------------------------------------------------------------------------------------------------

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """All parameters and persistent buffers by their paths. They share the module's memory.

        Args:
            destination: a dictionary to fill instead of a new one.
            prefix: put before each key.
            keep_vars: keep the parameters themselves, not detached tensors.
        """
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        state.save(self, destination, prefix, keep_vars)
        filled: dict[str, Any] = destination
        return filled

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

    def get_extra_state(self) -> Any:
        """What else belongs to the state. A subclass that defines it defines `set_extra_state` as well."""
        raise RuntimeError("Reached a code path in Module.get_extra_state() that should never be called.")

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave."""
        raise RuntimeError("Reached a code path in Module.set_extra_state() that should never be called.")

    def _has_extra_state(self) -> bool:
        return type(self).get_extra_state is not Module.get_extra_state

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
    """Move all lines but the first two blanks to the right."""
    return text.replace("\n", "\n  ")
