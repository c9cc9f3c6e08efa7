"""Parametrizations: a parameter computed from others each time that it is read.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.register_parametrization.html
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ..._core.modes import no_grad
from ..._core.tensor import Tensor
from ..containers import ModuleDict
from ..module import Module
from ..parameter import Parameter
from .parametrization_list import ParametrizationList, check_same, refuse_no_tensor, register

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

M = TypeVar("M", bound=Module)


class _Cache:
    """The values of parametrized tensors while `cached` is on."""

    def __init__(self) -> None:
        self.depth = 0
        self.values: dict[tuple[int, str], Tensor] = {}


_cache = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor only once in the ``with`` block, however often it is read.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils import parametrizations, parametrize
        >>> layer = parametrizations.orthogonal(tg.nn.Linear(3, 3))
        >>> with parametrize.cached():
        ...     layer.weight is layer.weight
        True
    """
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.values.clear()


def _read(module: Module, name: str) -> Tensor:
    parametrization = module.parametrizations[name]
    if not _cache.depth:
        result: Tensor = parametrization()
        return result
    key = id(module), name
    if key not in _cache.values:
        _cache.values[key] = parametrization()
    return _cache.values[key]


# --- the class with a property -----------------------------------------------------------------------------------


def _refuse_pickling(self: Module) -> Any:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). Save module.state_dict(), and "
        "load it into a module with the same parametrizations."
    )


def _deepcopy(self: Module, memo: dict[int, Any]) -> Module:
    """A copy with a class of its own, so that removing a parametrization from one leaves the other alone."""
    if id(self) in memo:
        found: Module = memo[id(self)]
        return found
    made: Any = self.__new__(type(self).__bases__[0])
    memo[id(self)] = made
    made.__dict__.update(copy.deepcopy(self.__dict__, memo))
    _give_class(made)
    for name in made.parametrizations:
        _add_property(made, name)
    copied: Module = made
    return copied


def _give_class(module: Module) -> None:
    """Make the module's class a subclass of its own, which properties can be added to."""
    kind = type(module)
    attributes: dict[str, Any] = {"__getstate__": _refuse_pickling}
    if not hasattr(kind, "__deepcopy__"):
        attributes["__deepcopy__"] = _deepcopy
    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), attributes)


def _add_property(module: Module, name: str) -> None:
    def read(self: Module) -> Tensor:
        return _read(self, name)

    def write(self: Module, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


# --- registering and removing ------------------------------------------------------------------------------------


def register_parametrization(module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> M:
    """Let a parameter or buffer be ``parametrization(original)`` from now on; a second one is applied to the first's.

    The original moves to ``module.parametrizations[tensor_name].original``. Assigning to the tensor sets the original
    by the parametrization's ``right_inverse``, if it has one; if that gives several tensors, they become ``original0``,
    ``original1`` and so on.

    Args:
        module: the module, whose class is changed, and which is returned.
        tensor_name: the parameter or buffer.
        parametrization: a module of one tensor (or of several), that gives a tensor of the same type and shape.
        unsafe: do not check that.

    Raises:
        ValueError: the module has no such tensor, or the parametrization changes its type or shape.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils import parametrize
        >>> class Symmetric(tg.nn.Module):
        ...     def forward(self, x):
        ...         return x.triu() + x.triu(1).mT
        >>> layer = parametrize.register_parametrization(tg.nn.Linear(3, 3), "weight", Symmetric())
        >>> bool((layer.weight == layer.weight.mT).all())
        True
        >>> [name for name, _ in layer.named_parameters()]
        ['bias', 'parametrizations.weight.original']
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_another(module, tensor_name, parametrization)
        listed = module.parametrizations[tensor_name]
        listed.append(parametrization)
        listed.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        listed = ParametrizationList([parametrization], original, unsafe=unsafe)  # before anything is changed
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _give_class(module)
            module.parametrizations = ModuleDict()
        _add_property(module, tensor_name)
        module.parametrizations[tensor_name] = listed
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    return module


def _check_another(module: Module, name: str, parametrization: Module) -> None:
    """Check that a further parametrization, and its inverse, keep type and shape."""
    current = getattr(module, name)
    value = parametrization(current)
    refuse_no_tensor(value)
    what = "Registering a parametrization may not change the {} of the tensor, unless the `unsafe` flag is enabled."
    check_same(what, f"module.{name}", current, f"parametrization(module.{name})", value)
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        back = parametrization.right_inverse(value)
    except NotImplementedError:
        return
    if not isinstance(back, Tensor):
        raise ValueError(f"parametrization.right_inverse must return a tensor. Got: {type(back).__name__}")
    what = (
        f"The tensor returned by parametrization.right_inverse must have the same {{}} as module.{name}, unless the "
        "`unsafe` flag is enabled."
    )
    check_same(what, f"module.{name}", current, "returned", back)


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, or one for this tensor."""
    found = getattr(module, "parametrizations", None)
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Make a parametrized tensor a plain parameter or buffer again.

    Args:
        module: the module, which is changed and returned.
        tensor_name: the tensor.
        leave_parametrized: it keeps the value that it has; False: the original's.

    Raises:
        ValueError: the tensor is not parametrized, or has several originals and is to become one of them.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    listed = module.parametrizations[tensor_name]
    if listed.is_tensor:
        original = listed.original
        if leave_parametrized:
            with no_grad():
                original.set_(getattr(module, tensor_name))  # the same parameter, for the optimizer's sake
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type_before_parametrizations(module, parametrized=True)
    return module


def type_before_parametrizations(module: Module, *, parametrized: bool | None = None) -> type:
    """The class of a module, or the one that it had before it was parametrized."""
    if is_parametrized(module) if parametrized is None else parametrized:
        return type(module).__bases__[0]
    return type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Give a module the parametrizations of another, and the tensors that they are computed from.

    Args:
        from_module: the module that has them.
        to_module: the module that gets them, and is returned.
        tensor_name: for one tensor; None: for all.
    """
    if not is_parametrized(from_module):
        return to_module
    for name in list(from_module.parametrizations) if tensor_name is None else [tensor_name]:
        source = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        for own in [key for key in (*source._parameters, *source._buffers) if key.startswith("original")]:
            setattr(to_module.parametrizations[name], own, getattr(source, own))
    return to_module
