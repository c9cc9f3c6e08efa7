"""Reading and writing a module's state: what ``state_dict`` collects, and how ``load_state_dict`` puts it back.

What does not fit is found before anything is changed, or what was changed is put back: a state is loaded whole or not
at all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._core.tensor import Size, Tensor, wrap
from .keys import suggestions
from .parameter import Parameter, is_lazy
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .module import Module

EXTRA_STATE = "_extra_state"
ASSIGN = "assign_to_params_buffers"  # PyTorch's name for it among the metadata


class _IncompatibleKeys(NamedTuple):
    """The keys that a state and a module do not share."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def persistent_members(module: Module) -> Iterator[tuple[str, Tensor]]:
    """The parameters and persistent buffers of one module, without its children's."""
    for name, parameter in module._parameters.items():
        if parameter is not None:
            yield name, parameter
    for name, buffer in module._buffers.items():
        if buffer is not None and name not in module._non_persistent_buffers_set:
            yield name, buffer


# --- writing -----------------------------------------------------------------------------------------------------


def save(module: Module, destination: Any, prefix: str, keep_vars: bool) -> Any:
    """Collect the state of a module and its children in the destination."""
    hooks = module._hooks
    metadata = {"version": module._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = metadata
    for hook in list(hooks.state_dict_pre.values()) if hooks is not None else ():
        hook(module, prefix, keep_vars)
    module._save_to_state_dict(destination, prefix, keep_vars)
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for key, hook in list(hooks.state_dict.items()) if hooks is not None else ():
        replaced = hook(module, destination, prefix, metadata)
        if replaced is not None:
            if hooks is None or key not in hooks.state_dict_replacing:
                raise RuntimeError("state_dict post-hook must return None")
            destination = replaced
    return destination


def save_own(module: Module, destination: Any, prefix: str, keep_vars: bool) -> None:
    """Collect the state of one module, without its children's."""
    for name, tensor in persistent_members(module):
        destination[prefix + name] = tensor if keep_vars else tensor.detach()
    if module._defines("get_extra_state"):
        destination[prefix + EXTRA_STATE] = module.get_extra_state()


# --- reading -----------------------------------------------------------------------------------------------------


def load(module: Module, state: Mapping[str, Any], strict: bool, assign: bool) -> _IncompatibleKeys:
    """Put a state into a module and its children."""
    if not isinstance(state, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state)}.")
    loading = _Loading(state, assign)
    # Where the state fits as it stands, nothing can go wrong, and no copy has to be kept.
    before = None if _fits(module, state) else Snapshot(module.modules())
    try:
        loading.visit(module, loading.state, "")
        problem = loading.problem(type(module).__name__, strict)
        if problem is not None:
            raise problem
    except BaseException:
        if before is not None:
            before.restore()
        raise
    return loading.keys


def _fits(module: Module, state: Mapping[str, Any]) -> bool:
    """Whether a state has exactly a module's keys and shapes."""
    expected = 0
    for path, part in module.named_modules(remove_duplicate=False):
        prefix = f"{path}." if path else ""
        if part._defines("set_extra_state"):
            return False
        for name, tensor in persistent_members(part):
            value = state.get(prefix + name)
            if not isinstance(value, Tensor | np.ndarray) or is_lazy(tensor) or is_lazy(value):
                return False
            if tuple(value.shape) != tensor._array.shape:
                return False
            expected += 1
    return expected == len(state)


class _Loading:
    """One call of ``load_state_dict``."""

    def __init__(self, state: Mapping[str, Any], assign: bool) -> None:
        metadata = getattr(state, "_metadata", None)
        copy: Any = OrderedDict(state)  # which the hooks may change
        if metadata is not None:
            copy._metadata = metadata
        self.state = copy
        self.metadata: Mapping[str, Any] = {} if metadata is None else metadata
        self.assign = assign
        self.keys = _IncompatibleKeys([], [])
        self.errors: list[str] = []

    def visit(self, module: Module, state: Any, prefix: str) -> None:
        """Load a module, and then its children."""
        metadata = dict(self.metadata.get(prefix[:-1], {}))
        if self.assign:
            metadata[ASSIGN] = True
        module._load_from_state_dict(state, prefix, metadata, True, *self.keys, self.errors)
        for name, child in module._modules.items():
            if child is not None:
                inner = f"{prefix}{name}."
                self.visit(child, {key: value for key, value in state.items() if key.startswith(inner)}, inner)
        for hook in list(module._hooks.load.values()) if module._hooks is not None else ():
            if hook(module, self.keys) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                    "values, if incompatible_keys need to be modified, it should be done inplace."
                )

    def problem(self, name: str, strict: bool) -> RuntimeError | None:
        """Everything that does not fit, in one error."""
        missing, unexpected = self.keys
        lines = list(self.errors)
        if strict:
            if unexpected:
                lines.insert(0, f"Unexpected key(s) in state_dict: {_quoted(unexpected)}. ")
            if missing:
                lines.insert(0, f"Missing key(s) in state_dict: {_quoted(missing)}. ")
            lines.extend(suggestions(missing, unexpected, self.state))
        if not lines:
            return None
        return RuntimeError("Error(s) in loading state_dict for {}:\n\t{}".format(name, "\n\t".join(lines)))


def _quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


def load_own(
    module: Module,
    state: Any,
    prefix: str,
    metadata: Any,
    strict: bool,
    missing: list[str],
    unexpected: list[str],
    errors: list[str],
) -> None:
    """Put a state into one module, and note what it lacks, what it has too much, and what is wrong."""
    hooks = module._hooks
    for number, hook in list(hooks.load_pre.items()) if hooks is not None else ():
        first = (module,) if hooks is not None and number in hooks.load_pre_with_module else ()
        hook(*first, state, prefix, metadata, strict, missing, unexpected, errors)
    members = dict(persistent_members(module))
    for name, tensor in members.items():
        if prefix + name in state:
            error = _put(module, name, prefix + name, tensor, state[prefix + name], metadata.get(ASSIGN, False))
            errors.extend(error)
        elif strict:
            missing.append(prefix + name)
    key = prefix + EXTRA_STATE
    if module._defines("set_extra_state"):
        if key in state:
            module.set_extra_state(state[key])
        elif strict:
            missing.append(key)
    elif strict and key in state:
        unexpected.append(key)
    if strict:
        for other in state:
            if other.startswith(prefix) and other != key:
                head, dot, _ = other[len(prefix) :].partition(".")
                if head not in (module._modules if dot else members):
                    unexpected.append(other)


def _put(module: Module, name: str, key: str, tensor: Tensor, value: Any, assign: bool) -> list[str]:
    """Copy a value into a parameter or buffer, or put it in its place; why that cannot be, if so."""
    if isinstance(value, np.ndarray):
        value = wrap(value)
    if not isinstance(value, Tensor):
        return [
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(value)}"
        ]
    if is_lazy(tensor) and is_lazy(value):
        return []  # neither has a shape yet
    if not tensor._array.shape and value._array.shape == (1,):  # how numbers were stored in files of long ago
        value = wrap(value._array[0, ...])
    if value._array.shape != tensor._array.shape:
        return [
            f"size mismatch for {key}: copying a param with shape {Size(value._array.shape)} from checkpoint, "
            f"the shape in current model is {Size(tensor._array.shape)}."
        ]
    try:
        if assign:
            setattr(module, name, _as_kind(tensor, value))
        else:
            np.copyto(tensor._array, value._array, casting="unsafe")
            tensor._cell[0] += 1
    except Exception as error:
        return [
            f'While copying the parameter named "{key}", whose dimensions in the model are {tensor.size()} and whose '
            f"dimensions in the checkpoint are {value.size()}, an exception occurred : {error.args}."
        ]
    return []


def _as_kind(current: Tensor, value: Tensor) -> Tensor:
    """The value as what it takes the place of: a parameter keeps whether it requires grad."""
    if isinstance(current, Parameter):
        if isinstance(value, Parameter):
            value.requires_grad_(current.requires_grad)
            return value
        return Parameter(value, current.requires_grad)
    return value
