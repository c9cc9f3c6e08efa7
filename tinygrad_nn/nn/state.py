"""Reading and writing a module's state: what ``state_dict`` collects, and how ``load_state_dict`` puts it back.

Loading first works out everything that it would change. Where something does not fit, it says so and changes nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._core.tensor import Size, Tensor, wrap
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

EXTRA_STATE = "_extra_state"


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


def save(module: Module, destination: Any, prefix: str, keep_vars: bool) -> Any:
    """Collect the state of a module and its children in the destination."""
    hooks = module._hooks
    metadata = {"version": module._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = metadata
    for hook in list(hooks.state_dict_pre.values()) if hooks is not None else ():
        hook(module, prefix, keep_vars)
    for name, tensor in persistent_members(module):
        destination[prefix + name] = tensor if keep_vars else tensor.detach()
    if module._has_extra_state():
        destination[prefix + EXTRA_STATE] = module.get_extra_state()
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook in list(hooks.state_dict.values()) if hooks is not None else ():
        if hook(module, destination, prefix, metadata) is not None:
            raise RuntimeError("state_dict post-hook must return None")
    return destination


class _Loading:
    """What one call of ``load_state_dict`` finds out, module by module, before it changes anything."""

    def __init__(self, state: Mapping[str, Any], strict: bool, assign: bool) -> None:
        metadata = getattr(state, "_metadata", None)
        self.state: OrderedDict[str, Any] = OrderedDict(state)  # a copy, which the hooks may change
        self.metadata: Mapping[str, Any] = {} if metadata is None else metadata
        self.strict = strict
        self.assign = assign
        self.expected: dict[str, None] = {}
        self.missing: list[str] = []
        self.unexpected: list[str] = []
        self.errors: list[str] = []
        self.changes: list[Callable[[], None]] = []
        self.post_hooks: list[tuple[Module, Callable[..., Any]]] = []

    def visit(self, module: Module, prefix: str) -> None:
        """Compare one module and its children with the state."""
        hooks = module._hooks
        if hooks is not None:
            local_metadata = self.metadata.get(prefix[:-1], {})
            for hook in list(hooks.load_pre.values()):
                hook(
                    module, self.state, prefix, local_metadata, self.strict, self.missing, self.unexpected, self.errors
                )
        for name, tensor in persistent_members(module):
            self._compare(module, name, prefix + name, tensor)
        if module._has_extra_state():
            key = prefix + EXTRA_STATE
            self.expected[key] = None
            if key in self.state:
                self.changes.append(lambda: module.set_extra_state(self.state[key]))
            else:
                self.missing.append(key)
        for name, child in module._modules.items():
            if child is not None:
                self.visit(child, f"{prefix}{name}.")
        if hooks is not None:
            self.post_hooks.extend((module, hook) for hook in hooks.load.values())

    def _compare(self, module: Module, name: str, key: str, tensor: Tensor) -> None:
        self.expected[key] = None
        if key not in self.state:
            self.missing.append(key)
            return
        value = self.state[key]
        if isinstance(value, np.ndarray):
            value = wrap(value)
        if not isinstance(value, Tensor):
            self.errors.append(
                f'While copying the parameter named "{key}", expected Tensor or Tensor-like object from checkpoint but '
                f"received {type(value)}"
            )
        elif value._array.shape != tensor._array.shape:
            self.errors.append(
                f"size mismatch for {key}: copying a param with shape {Size(value._array.shape)} from checkpoint, "
                f"the shape in current model is {Size(tensor._array.shape)}."
            )
        elif self.assign:
            self.changes.append(lambda: setattr(module, name, _as_kind(tensor, value)))
        else:
            self.changes.append(lambda: _copy(tensor, value))

    def problems(self, name: str) -> RuntimeError | None:
        """Everything that does not fit, in one error."""
        lines = list(self.errors)
        if self.strict:
            if self.unexpected:
                lines.insert(0, f"Unexpected key(s) in state_dict: {_quoted(self.unexpected)}. ")
            if self.missing:
                lines.insert(0, f"Missing key(s) in state_dict: {_quoted(self.missing)}. ")
            lines.extend(_suggestions(self.missing, self.unexpected))
        if not lines:
            return None
        return RuntimeError("Error(s) in loading state_dict for {}:\n\t{}".format(name, "\n\t".join(lines)))


def load(module: Module, state: Mapping[str, Any], strict: bool, assign: bool) -> _IncompatibleKeys:
    """Put a state into a module and its children."""
    if not isinstance(state, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state)}.")
    loading = _Loading(state, strict, assign)
    loading.visit(module, "")
    loading.unexpected.extend(key for key in loading.state if key not in loading.expected)
    keys = _IncompatibleKeys(loading.missing, loading.unexpected)
    # A post-hook may want to look at what was loaded, and may take keys off the lists; only then is it changed first.
    problem = None if loading.post_hooks else loading.problems(type(module).__name__)
    if problem is None:
        for change in loading.changes:
            change()
        for owner, hook in loading.post_hooks:
            if hook(owner, keys) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                    "values, if incompatible_keys need to be modified, it should be done inplace."
                )
        problem = loading.problems(type(module).__name__)
    if problem is not None:
        raise problem
    return keys


def _copy(target: Tensor, value: Tensor) -> None:
    np.copyto(target._array, value._array, casting="unsafe")
    target._cell[0] += 1


def _as_kind(current: Tensor, value: Tensor) -> Tensor:
    """The value as what it takes the place of: a parameter keeps whether it requires grad."""
    if isinstance(current, Parameter):
        if isinstance(value, Parameter):
            value.requires_grad_(current.requires_grad)
            return value
        return Parameter(value, current.requires_grad)
    return value


def _quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


def _suggestions(missing: list[str], unexpected: list[str]) -> list[str]:
    """Which unexpected key is likely to be which missing one."""
    if not missing or not unexpected:
        return []
    wanted = set(missing)
    for prefix in dict.fromkeys(key.split(".", 1)[0] + "." for key in unexpected):
        if all(key.startswith(prefix) and key.removeprefix(prefix) in wanted for key in unexpected):
            return [
                f'All unexpected keys begin with "{prefix}". Remove it: '
                f'{{key.removeprefix("{prefix}"): value for key, value in state_dict.items()}}'
            ]
    lines = []
    for key in unexpected[:20]:
        near = get_close_matches(key, missing, n=1)
        if near:
            lines.append(f'Did you mean "{near[0]}" by "{key}"?')
    return lines
