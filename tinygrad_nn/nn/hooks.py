"""Hooks of modules, and where they are kept: functions that are called around a module's forward, backward and state.

A module without hooks has none of this: its ``_hooks`` is None, and its call looks no further. Its first hook makes a
`ModuleHooks`. Hooks for every module are kept in one more of these, `EVERY`; while there are any, a module without its
own has an empty one instead of None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.handles import Hooks, RemovableHandle, add_hook

__all__ = ["RemovableHandle"]


class ModuleHooks:
    """All the hooks of one module, by their handles' ids, in the order in which they run."""

    def __init__(self) -> None:
        self.forward_pre: Hooks = {}
        self.forward_pre_with_kwargs: dict[int, bool] = {}  # which of them are given the keywords as well
        self.forward: Hooks = {}
        self.forward_with_kwargs: dict[int, bool] = {}
        self.forward_always: dict[int, bool] = {}  # which of them run after an error, too
        self.backward_pre: Hooks = {}
        self.backward: Hooks = {}
        self.full_backward: bool | None = None  # False: those in `backward` are of the former kind
        self.state_dict_pre: Hooks = {}
        self.state_dict: Hooks = {}
        self.state_dict_replacing: dict[int, bool] = {}  # which of them may return another dictionary
        self.load_pre: Hooks = {}
        self.load_pre_with_module: dict[int, bool] = {}
        self.load: Hooks = {}

    def add_forward_pre(self, hook: Callable[..., Any], prepend: bool, with_kwargs: bool) -> RemovableHandle:
        """Enter a forward pre-hook."""
        return add_hook(self.forward_pre, hook, prepend, [self.forward_pre_with_kwargs] if with_kwargs else [])

    def add_forward(
        self, hook: Callable[..., Any], prepend: bool, with_kwargs: bool, always_call: bool
    ) -> RemovableHandle:
        """Enter a forward hook."""
        flags = [self.forward_with_kwargs] * with_kwargs + [self.forward_always] * always_call
        return add_hook(self.forward, hook, prepend, flags)

    def add_backward(self, hook: Callable[..., Any], prepend: bool, full: bool, where: str) -> RemovableHandle:
        """Enter a backward hook of either kind.

        Raises:
            RuntimeError: there are some of the other kind.
        """
        if self.backward and self.full_backward is not full:
            raise RuntimeError(
                f"Cannot use both regular backward hooks and full backward hooks {where}. Please use only one of them."
            )
        self.full_backward = full
        return add_hook(self.backward, hook, prepend)


EVERY = ModuleHooks()  # hooks of all modules
NONE = ModuleHooks()  # what a module without hooks has while there are hooks of all modules


def _own(name: str) -> Any:
    """PyTorch's name of one of the dictionaries, which programs read, clear and replace."""

    def get(self: Hooked) -> Any:
        return getattr(self._own_hooks(), name)

    def put(self: Hooked, value: Any) -> None:
        setattr(self._own_hooks(), name, value)

    return property(get, put)


class Hooked:
    """The part of a module that its hooks are registered with."""

    _hooks: ModuleHooks | None = None  # none yet: the fast way

    def _own_hooks(self) -> ModuleHooks:
        found: ModuleHooks | None = self.__dict__.get("_hooks")
        if found is None:
            found = self.__dict__["_hooks"] = ModuleHooks()
        return found

    _forward_pre_hooks = _own("forward_pre")
    _forward_pre_hooks_with_kwargs = _own("forward_pre_with_kwargs")
    _forward_hooks = _own("forward")
    _forward_hooks_with_kwargs = _own("forward_with_kwargs")
    _forward_hooks_always_called = _own("forward_always")
    _backward_pre_hooks = _own("backward_pre")
    _backward_hooks = _own("backward")
    _is_full_backward_hook = _own("full_backward")
    _state_dict_pre_hooks = _own("state_dict_pre")
    _state_dict_hooks = _own("state_dict")
    _load_state_dict_pre_hooks = _own("load_pre")
    _load_state_dict_post_hooks = _own("load")

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before `forward`; what it returns replaces the arguments.

        Args:
            hook: the function.
            prepend: run it before the hooks that are already there.
            with_kwargs: call ``hook(module, args, kwargs)``, which may return ``(args, kwargs)``.
        """
        return self._own_hooks().add_forward_pre(hook, prepend, with_kwargs)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after `forward`; what it returns replaces the output.

        Args:
            hook: the function.
            prepend: run it before the hooks that are already there.
            with_kwargs: call ``hook(module, args, kwargs, output)``.
            always_call: run it, with None for the output, also when `forward` raises.
        """
        return self._own_hooks().add_forward(hook, prepend, with_kwargs, always_call)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the module's inputs are there.

        Both are tuples; what the hook returns replaces ``grad_input``.

        Raises:
            RuntimeError: the module has hooks of `register_backward_hook`.
        """
        return self._own_hooks().add_backward(hook, prepend, True, "on a single Module")

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's backward; what it returns replaces ``grad_output``."""
        return add_hook(self._own_hooks().backward_pre, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` of the last operation in the module: the former kind.

        It sees the gradients of the operation that made the output, not those of the module's inputs. Prefer
        `register_full_backward_hook`.

        Raises:
            RuntimeError: the module has full backward hooks.
        """
        return self._own_hooks().add_backward(hook, False, False, "on a single Module")

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before the state is collected."""
        return add_hook(self._own_hooks().state_dict_pre, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after the state is collected; it may change it."""
        return add_hook(self._own_hooks().state_dict, hook)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """The same, for hooks that may return another dictionary to take the state's place."""
        hooks = self._own_hooks()
        return add_hook(hooks.state_dict, hook, flags=[hooks.state_dict_replacing])

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call a hook before a state is loaded.

        It gets ``(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)``, and
        may change the state, which is a copy, and the lists.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        """The same, for hooks that are given the module only if they ask for it."""
        hooks = self._own_hooks()
        return add_hook(hooks.load_pre, hook, flags=[hooks.load_pre_with_module] * with_module)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after a state is loaded; it may take keys off the lists."""
        return add_hook(self._own_hooks().load, hook)
