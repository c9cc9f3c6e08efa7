"""Backward hooks: the nodes at which gradients enter and leave a module.

A full backward hook needs the gradients of the module's inputs and outputs, whatever is done with them outside. So both
are led through a node of their own, and the hooks sit there.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from .._core.graph import Node
from .._core.modes import modes
from .._core.op import case, op
from .._core.outputs import become_view
from .._core.tensor import Tensor
from ..ops.creation import zeros
from .hooks import ModuleHooks

if TYPE_CHECKING:
    from .module import Module

Gradients = tuple[Tensor | None, ...]


@op(vjp=lambda g: g, kind="general", several=True, method=False, torch_name="",
    node_name="BackwardHookFunctionBackward", cases=[case((2, 3)), case((2, 3), (4,))])  # fmt: skip
def module_boundary(*tensors: Any) -> Any:
    """The tensors that enter or leave a module, as one node, on which the module's backward hooks sit."""
    return tensors


class Boundary:
    """One call of a module with full backward hooks: the nodes where gradients enter and leave it."""

    def __init__(self, module: Module, pre_hooks: list[Callable[..., Any]], hooks: list[Callable[..., Any]]) -> None:
        self.module = module
        self.pre_hooks = pre_hooks
        self.hooks = hooks
        self.inputs: list[int] | None = None  # positions of the tensors among the arguments, if any needs a gradient
        self.outputs: list[int] = []
        self.input_count = self.output_count = 0
        self.tensors: list[tuple[int, Any, Any]] = []  # position, shape and type of each tensor among the arguments
        self.grad_output: Gradients | None = None

    @classmethod
    def of(cls, module: Module, sources: Iterable[ModuleHooks]) -> Boundary | None:
        """The boundary of a call, if there are hooks that need one."""
        pre_hooks = [hook for source in sources for hook in source.backward_pre.values()]
        hooks = [hook for source in sources if source.full_backward for hook in source.backward.values()]
        return cls(module, pre_hooks, hooks) if pre_hooks or hooks else None

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Lead the module's inputs through a node."""
        self.input_count = len(args)
        self.tensors = [(i, arg.shape, arg.dtype) for i, arg in enumerate(args) if isinstance(arg, Tensor)]
        args, self.inputs, node = _through_node(args)
        if node is not None:
            node.register_hook(self._inputs_arrived)
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
        results, positions, node = _through_node(results)
        self.outputs = positions or []
        if node is not None:
            node.hooks = [self._outputs_arrived]
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

    def _inputs_arrived(self, gradients: Gradients, _: Gradients) -> Gradients | None:
        if self.grad_output is None or self.inputs is None:  # a gradient that did not come through the output
            return None
        grad_input = self._without_gaps(_spread(self.inputs, gradients, self.input_count))
        for hook in self.hooks:
            replaced = hook(self.module, grad_input, self.grad_output)
            if replaced is not None:
                grad_input = _as_gradients(replaced, self.input_count, "Backward hook", "grad_input")
        self.grad_output = None
        return tuple(grad_input[position] for position in self.inputs)

    def _without_gaps(self, gradients: Gradients) -> Gradients:
        """Zeros for tensors that no gradient came for, or that need none: what hooks see in PyTorch."""
        filled = list(gradients)
        for position, shape, dtype in self.tensors:
            if filled[position] is None:
                filled[position] = zeros(shape, dtype=dtype)
        return tuple(filled)


# --- the former kind ---------------------------------------------------------------------------------------------


def add_former_hooks(module: Module, sources: Iterable[ModuleHooks], args: tuple[Any, ...], result: Any) -> None:
    """Put the hooks of `register_backward_hook` on the node that made the result."""
    hooks = [hook for source in sources if source.full_backward is False for hook in source.backward.values()]
    node = None
    while hooks and not isinstance(result, Tensor):
        if not isinstance(result, dict | list | tuple) or not result:
            return
        result = next(iter(result.values())) if isinstance(result, dict) else result[0]
    if hooks:
        node = result.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(functools.partial(hook, module))
    _warn_of_what_they_miss(args, node)


def _warn_of_what_they_miss(args: tuple[Any, ...], node: Node) -> None:
    """These hooks see the inputs of one node, which may not be those of the module."""
    ahead = {arg.grad_fn for arg in args if isinstance(arg, Tensor) and arg.grad_fn is not None}
    if ahead != {following for following, _ in node.next_functions}:
        warnings.warn(
            "Using a non-full backward hook when the forward contains multiple autograd Nodes is deprecated and will "
            "be removed in future versions. This hook will be missing some grad_input. Please use "
            "register_full_backward_hook to get the documented behavior.",
            FutureWarning,
            stacklevel=6,
        )


# --- helpers -----------------------------------------------------------------------------------------------------


def _through_node(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[int] | None, Node | None]:
    """The tensors among the values that need a gradient, as outputs of one node; their positions; the node."""
    positions = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
    if not modes.here.grad or not positions:
        return values, None, None
    passed = module_boundary(*[values[i] for i in positions])
    node = passed[0].grad_fn
    assert node is not None
    changed = list(values)
    for position, tensor in zip(positions, passed, strict=True):
        _mark_as_view(tensor, values[position])
        changed[position] = tensor
    # named tuples take their fields one by one
    return (tuple(changed) if type(values) is tuple else type(values)(*changed)), positions, node


def _mark_as_view(tensor: Tensor, source: Tensor) -> None:
    """The same memory: writes are seen by both, and writing to it in place is refused while it is recorded."""
    become_view(tensor, source, lambda base: base, "several")


def _spread(positions: list[int], gradients: Sequence[Any], count: int) -> Gradients:
    spread: list[Tensor | None] = [None] * count
    for position, gradient in zip(positions, gradients, strict=True):
        spread[position] = gradient
    return tuple(spread)


def _as_gradients(value: Any, count: int, hook: str, what: str) -> Gradients:
    value = (value,) if isinstance(value, Tensor) else tuple(value)
    if len(value) != count:
        raise RuntimeError(f"{hook} returned an invalid number of {what}, got {len(value)}, but expected {count}")
    return cast(Gradients, value)
