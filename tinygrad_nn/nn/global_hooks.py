"""Hooks of all modules at once, for debugging and profiling. PyTorch keeps them in `nn.modules.module`.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.module.register_module_forward_hook.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.handles import RemovableHandle, add_hook
from .hooks import EVERY, NONE, Hooked

__all__ = [
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

REGISTRATION: dict[str, dict[int, Callable[..., Any]]] = {"parameter": {}, "buffer": {}, "module": {}}


def _watch_calls() -> None:
    """Send every module's call past the hooks. `calling` takes it back when there are none left."""
    Hooked._hooks = NONE


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before every module's `forward`; what it returns replaces the arguments.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.modules.module import register_module_forward_pre_hook
        >>> with register_module_forward_pre_hook(lambda module, args: print(type(module).__name__, args[0].shape)):
        ...     y = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.ReLU())(tg.ones(4, 2))
        Sequential torch.Size([4, 2])
        Linear torch.Size([4, 2])
        ReLU torch.Size([4, 3])
    """
    _watch_calls()
    return EVERY.add_forward_pre(hook, False, False)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after every module's `forward`; what it returns replaces the output.

    Args:
        hook: the function.
        with_kwargs: call ``hook(module, args, kwargs, output)``.
        always_call: run it, with None for the output, also when `forward` raises.
    """
    _watch_calls()
    return EVERY.add_forward(hook, False, with_kwargs, always_call)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before every module's backward; what it returns replaces ``grad_output``."""
    _watch_calls()
    return add_hook(EVERY.backward_pre, hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` for every module, when its inputs' gradients are there.

    Raises:
        RuntimeError: there are hooks of `register_module_backward_hook`.
    """
    _watch_calls()
    return EVERY.add_backward(hook, False, True, "as a global Module hook")


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` of the last operation in every module: the former kind.

    Raises:
        RuntimeError: there are full backward hooks of all modules.
    """
    _watch_calls()
    return EVERY.add_backward(hook, False, False, "as a global Module hook")


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` when a module gets a parameter; what it returns takes its place."""
    return _on_registration("parameter", hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` when a module gets a buffer; what it returns takes its place."""
    return _on_registration("buffer", hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` when a module gets a child; what it returns takes its place."""
    return _on_registration("module", hook)


def _on_registration(kind: str, hook: Callable[..., Any]) -> RemovableHandle:
    return add_hook(REGISTRATION[kind], hook)


def registered(kind: str, module: Any, name: str, value: Any) -> Any:
    """What is to be registered, after the hooks on registration."""
    for hook in list(REGISTRATION[kind].values()):
        replaced = hook(module, name, value)
        value = value if replaced is None else replaced
    return value
