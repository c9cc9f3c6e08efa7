"""Hooks of modules: functions that are called before and after a module's forward, and around its backward.

A module without hooks never comes here. What a module has is kept in one `ModuleHooks`, made with its first hook.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from .._core.calls import become_view
from .._core.handles import RemovableHandle, add_hook
from .._core.modes import modes
from .._core.op import case, op
from .._core.tensor import Tensor

if TYPE_CHECKING:
    from .module import Module

__all__ = ["RemovableHandle"]

Gradients = tuple[Tensor | None, ...]


class ForwardHook(NamedTuple):
    """A forward hook or forward pre-hook, and how it wants to be called."""

    call: Callable[..., Any]
    with_kwargs: bool
    always: bool = False


class ModuleHooks:
    """All the hooks of one module, by their handles' ids, in the order in which they run."""

    def __init__(self) -> None:
        self.forward_pre: dict[int, ForwardHook] = {}
        self.forward: dict[int, ForwardHook] = {}
        self.backward_pre: dict[int, Callable[..., Any]] = {}
        self.backward: dict[int, Callable[..., Any]] = {}
        self.state_dict_pre: dict[int, Callable[..., Any]] = {}
        self.state_dict: dict[int, Callable[..., Any]] = {}
        self.load_pre: dict[int, Callable[..., Any]] = {}
        self.load: dict[int, Callable[..., Any]] = {}


class Hooked:
    """The part of a module that its hooks are registered with."""

    _hooks: ModuleHooks | None = None  # none yet: the fast way

    def _own_hooks(self) -> ModuleHooks:
        if self._hooks is None:
            self._hooks = ModuleHooks()
        return self._hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before `forward`; what it returns replaces the arguments.

        Args:
            hook: the function.
            prepend: run it before the hooks that are already there.
            with_kwargs: call ``hook(module, args, kwargs)``, which may return ``(args, kwargs)``.
        """
        return add_hook(self._own_hooks().forward_pre, ForwardHook(hook, with_kwargs), prepend)

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
        return add_hook(self._own_hooks().forward, ForwardHook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the module's inputs are there.

        Both are tuples; what the hook returns replaces ``grad_input``.
        """
        return add_hook(self._own_hooks().backward, hook, prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's backward; what it returns replaces ``grad_output``."""
        return add_hook(self._own_hooks().backward_pre, hook, prepend)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before the state is collected."""
        return add_hook(self._own_hooks().state_dict_pre, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after the state is collected; it may change it."""
        return add_hook(self._own_hooks().state_dict, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call a hook before a state is loaded.

        It gets ``(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)``, and
        may change the state, which is a copy, and the lists.
        """
        return add_hook(self._own_hooks().load_pre, hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after a state is loaded; it may take keys off the lists."""
        return add_hook(self._own_hooks().load, hook)


def call_with_hooks(module: Module, hooks: ModuleHooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the module's forward with everything that its hooks add."""
    ran: set[int] = set()
    result: Any = None
    try:
        args, kwargs = _run_pre_hooks(module, hooks, args, kwargs)
        boundary = _Boundary(module, hooks) if hooks.backward or hooks.backward_pre else None
        if boundary is not None:
            args = boundary.enter(args)
        result = module.forward(*args, **kwargs)
        for key, hook in list(hooks.forward.items()):
            ran.add(key)
            replaced = _run_hook(hook, module, args, kwargs, result)
            result = result if replaced is None else replaced
        return result if boundary is None else boundary.leave(result)
    except Exception:
        for key, hook in list(hooks.forward.items()):
            if hook.always and key not in ran:
                _run_silenced(hook, module, args, kwargs, result)
        raise


def _run_pre_hooks(
    module: Module, hooks: ModuleHooks, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for hook in list(hooks.forward_pre.values()):
        if hook.with_kwargs:
            replaced = hook.call(module, args, kwargs)
            if replaced is None:
                continue
            if not (isinstance(replaced, tuple) and len(replaced) == 2):
                raise RuntimeError(
                    f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {replaced}."
                )
            args, kwargs = replaced
        else:
            replaced = hook.call(module, args)
            if replaced is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
    return args, kwargs


def _run_hook(hook: ForwardHook, module: Module, args: Any, kwargs: Any, result: Any) -> Any:
    return hook.call(module, args, kwargs, result) if hook.with_kwargs else hook.call(module, args, result)


def _run_silenced(hook: ForwardHook, module: Module, args: Any, kwargs: Any, result: Any) -> None:
    try:
        _run_hook(hook, module, args, kwargs, result)
    except Exception as error:
        warnings.warn(
            "module forward hook with ``always_call=True`` raised an exception that was silenced as another error was "
            f"raised in forward: {error}",
            stacklevel=5,
        )


# --- backward ----------------------------------------------------------------------------------------------------


@op(vjp=lambda g: g, kind="general", several=True, method=False, torch_name="",
    node_name="BackwardHookFunctionBackward", cases=[case((2, 3)), case((2, 3), (4,))])  # fmt: skip
def module_boundary(*tensors: Any) -> Any:
    """The tensors that enter or leave a module, as one node, on which the module's backward hooks sit."""
    return tensors


class _Boundary:
    """One call of a module with backward hooks: the nodes where gradients enter and leave it."""

    def __init__(self, module: Module, hooks: ModuleHooks) -> None:
        self.module = module
        self.pre_hooks = list(hooks.backward_pre.values())
        self.hooks = list(hooks.backward.values())
        self.inputs: list[int] | None = None  # positions of the tensors among the arguments, if any needs a gradient
        self.outputs: list[int] = []
        self.input_count = self.output_count = 0
        self.grad_output: Gradients | None = None

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Lead the module's inputs through a node."""
        self.input_count = len(args)
        args, self.inputs = _through_node(args, self._inputs_arrived)
        return args

    def leave(self, result: Any) -> Any:
        """Lead the module's outputs through a node."""
        if not isinstance(result, Tensor | tuple):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(result)}",
                stacklevel=4,
            )
            return result
        results = result if isinstance(result, tuple) else (result,)
        self.output_count = len(results)
        results, positions = _through_node(results, self._outputs_arrived)
        self.outputs = positions or []
        return results if isinstance(result, tuple) else results[0]

    def _outputs_arrived(self, gradients: list[Any]) -> list[Any]:
        grad_output = _spread(self.outputs, gradients, self.output_count)
        for hook in self.pre_hooks:
            replaced = hook(self.module, grad_output)
            if replaced is not None:
                grad_output = _as_gradients(replaced, self.output_count, "Backward pre hook", "grad_output")
        if self.inputs is None:
            self._run_without_inputs(grad_output)
        else:
            self.grad_output = grad_output
        return [grad_output[position] for position in self.outputs]

    def _run_without_inputs(self, grad_output: Gradients) -> None:
        for hook in self.hooks:
            replaced = hook(self.module, (None,) * self.input_count, grad_output)
            if replaced is not None and any(gradient is not None for gradient in replaced):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for "
                    "all gradients."
                )

    def _inputs_arrived(self, gradients: list[Any]) -> list[Any]:
        if self.grad_output is None or self.inputs is None:  # a gradient that did not come through the output
            return gradients
        grad_input = _spread(self.inputs, gradients, self.input_count)
        for hook in self.hooks:
            replaced = hook(self.module, grad_input, self.grad_output)
            if replaced is not None:
                grad_input = _as_gradients(replaced, self.input_count, "Backward hook", "grad_input")
        self.grad_output = None
        return [grad_input[position] for position in self.inputs]


def _through_node(
    values: tuple[Any, ...], hook: Callable[[list[Any]], list[Any]]
) -> tuple[tuple[Any, ...], list[int] | None]:
    """The floating point tensors among the values as outputs of one node with this hook; their positions."""
    positions = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v._array.dtype.kind in "fc"]
    if not modes.grad or not any(values[i].requires_grad for i in positions):
        return values, None
    passed = module_boundary(*[values[i] for i in positions])
    node = passed[0].grad_fn
    assert node is not None
    node.hooks = [hook]
    changed = list(values)
    for position, tensor in zip(positions, passed, strict=True):
        _mark_as_view(tensor, values[position])
        changed[position] = tensor
    # named tuples take their fields one by one
    return (tuple(changed) if type(values) is tuple else type(values)(*changed)), positions


def _mark_as_view(tensor: Tensor, source: Tensor) -> None:
    """The same memory: writes are seen by both, and writing to it in place is refused while it is recorded."""
    become_view(tensor, source, lambda base: base, "several")


def _spread(positions: list[int], gradients: list[Any], count: int) -> Gradients:
    spread: list[Tensor | None] = [None] * count
    for position, gradient in zip(positions, gradients, strict=True):
        spread[position] = gradient
    return tuple(spread)


def _as_gradients(value: Any, count: int, hook: str, what: str) -> Gradients:
    value = (value,) if isinstance(value, Tensor) else tuple(value)
    if len(value) != count:
        raise RuntimeError(f"{hook} returned an invalid number of {what}, got {len(value)}, but expected {count}")
    return cast(Gradients, value)
