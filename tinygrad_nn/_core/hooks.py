"""Hooks on tensors: looking at gradients, replacing them, keeping them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from .graph import AccumulateGrad, Handle
from .tensor import Tensor, current_edge, tensor_method


@tensor_method
def register_hook(self: Tensor, hook: Callable[[Tensor], Tensor | None]) -> Handle:
    """Call ``hook(gradient)`` whenever a gradient for this tensor is computed; what it returns replaces the gradient.

    Raises:
        RuntimeError: the tensor does not require grad.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_hook(lambda gradient: gradient * 10)
        >>> x.sum().backward()
        >>> x.grad
        tensor([10., 10.])
    """
    edge = current_edge(self)
    if edge is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    node, number = edge

    def on_node(gradients: list[Any]) -> list[Any]:
        if gradients[number] is not None:
            replaced = hook(gradients[number])
            if replaced is not None:
                if not isinstance(replaced, Tensor):
                    raise TypeError(
                        f"expected Variable, but hook returned '{type(replaced).__name__}'. A hook returns a Tensor, "
                        "or None to change nothing."
                    )
                gradients[number] = replaced
        return gradients

    if node.hooks is None:
        node.hooks = []
    node.hooks.append(on_node)
    return Handle(node.hooks, on_node)


@tensor_method
def register_post_accumulate_grad_hook(self: Tensor, hook: Callable[[Tensor], None]) -> Handle:
    """Call ``hook(tensor)`` after a gradient has been added to a leaf's ``grad``, which it may use, and free.

    Raises:
        RuntimeError: the tensor is no leaf, or does not require grad.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.register_post_accumulate_grad_hook.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_post_accumulate_grad_hook(lambda leaf: print(leaf.grad))
        >>> (x * x).sum().backward()
        tensor([2., 4.])
    """
    edge = current_edge(self)
    if edge is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    node = edge[0]
    if not isinstance(node, AccumulateGrad):
        raise RuntimeError(
            "post accumulate grad hooks cannot be registered on non-leaf tensors. Use register_hook() there."
        )
    if node.post_hooks is None:
        node.post_hooks = []
    node.post_hooks.append(hook)
    return Handle(node.post_hooks, hook)


@tensor_method
def retain_grad(self: Tensor) -> None:
    """Keep this tensor's gradient in its ``grad`` although it is no leaf."""
    if self.is_leaf:
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        return
    if "_retains_grad" in self.__dict__:
        return
    self.__dict__["_retains_grad"] = True
    holder = weakref.ref(self)

    def keep(gradient: Tensor) -> None:
        tensor = holder()
        if tensor is not None:
            tensor._grad = gradient if tensor._grad is None else tensor._grad + gradient

    self.register_hook(keep)
