"""Functions with a forward and a backward of their own: PyTorch's ``autograd.Function``.

Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.Function
"""

from __future__ import annotations

import functools
import inspect
import warnings
from typing import Any

from .._core import lifted
from .._core.modes import modes
from .._core.tensor import Tensor, current_edge
from .function_context import FunctionCtx
from .function_node import record

__all__ = ["Function", "FunctionCtx", "InplaceFunction", "once_differentiable"]


class Function:
    """An operation with its own forward and backward, as in PyTorch.

    Subclass it, write ``forward`` and ``backward`` as static methods, and call ``apply``. Both get tensors. A forward
    that takes no ``ctx`` is completed by ``setup_context(ctx, inputs, output)``; that form works inside of `vmap`, too.

    New ops are shorter as an `op`; this class is for code that comes from PyTorch.

    Source: https://docs.pytorch.org/docs/stable/notes/extending.html

    Example:
        >>> import tinygrad_nn as tg
        >>> class Cube(tg.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x ** 3
        ...     @staticmethod
        ...     def backward(ctx, gradient):
        ...         (x,) = ctx.saved_tensors
        ...         return gradient * 3 * x ** 2
        >>> x = tg.tensor(2.0, requires_grad=True)
        >>> Cube.apply(x).backward()
        >>> x.grad
        tensor(12.)
    """

    generate_vmap_rule = False  # let `vmap` run forward, backward and jvp on batched tensors
    clear_saved_tensors_on_access = False  # let go of saved tensors when the backward has taken them
    boxed_grads_call = False  # give the backward one list of gradients, from which it may remove what it has used

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        text = (
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch."
        )
        warnings.warn(text, DeprecationWarning, stacklevel=2)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = type(self).__name__
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            f"function with static forward method: {name}.apply(...), without making a {name}()."
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs: ``forward(ctx, *inputs)``, or ``forward(*inputs)`` beside a `setup_context`."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function: a @staticmethod "
            "forward(ctx, *inputs)."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Save what the backward needs, where the forward takes no ``ctx``."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the inputs, from those of the outputs: one for each, None where there is none."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD: a @staticmethod backward(ctx, *grad_outputs) that returns one gradient for each input "
            "of forward."
        )

    vjp = backward  # another name for it
    _plain_backward = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangents of the outputs, from those of the inputs. Without it they come from the backward."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *args: Any) -> Any:
        """The outputs for a batch, and the dimensions that count its examples: ``(outputs, out_dims)``.

        Args:
            info: has the attributes ``batch_size`` and ``randomness``.
            in_dims: for each argument the dimension that counts the examples, or None.
            args: the arguments of forward, with that dimension.
        """
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set "
            "generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the forward, and record it if a gradient is wanted."""
        args = _positional(cls, args, kwargs)
        if modes.here.levels:
            level = lifted.top_level(args)
            if level is not None:
                return level.custom(cls, args)
        return cls._applied(args)[0]

    @classmethod
    def _applied(cls, args: tuple[Any, ...]) -> tuple[Any, FunctionCtx]:
        """The outputs, and the context."""
        edges = tuple([current_edge(a) if isinstance(a, Tensor) else None for a in args])
        recording = modes.here.grad and any(edge is not None for edge in edges)
        outputs, ctx = cls._called(args, tuple([edge is not None for edge in edges]))
        if recording:
            ctx._inputs = tuple([(a._array.shape, a._array.dtype) if isinstance(a, Tensor) else None for a in args])
            outputs = record(cls, ctx, args, edges, outputs)
        return outputs, ctx

    @classmethod
    def _called(cls, args: tuple[Any, ...], needs: tuple[bool, ...]) -> tuple[Any, FunctionCtx]:
        """Run the forward, without recording."""
        ctx = FunctionCtx()
        ctx.needs_input_grad = needs
        ctx._clears = cls.clear_saved_tensors_on_access
        before, modes.here.grad = modes.here.grad, False
        try:
            if has_setup_context(cls):
                outputs = cls.forward(*args)
                cls.setup_context(ctx, args, outputs)
            else:
                outputs = cls.forward(ctx, *args)
        finally:
            modes.here.grad = before
        return outputs, ctx


def has_setup_context(function: type[Function]) -> bool:
    """Whether a function's forward takes no ``ctx``."""
    return function.setup_context is not Function.setup_context


@functools.cache
def _signature(forward: Any) -> inspect.Signature:
    return inspect.signature(forward)


def _positional(function: type[Function], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """All arguments by position, defaults included, as each may have a gradient."""
    separate = has_setup_context(function)
    if not kwargs and not separate:
        return args
    bound = _signature(function.forward).bind(*(args if separate else (None, *args)), **kwargs)
    bound.apply_defaults()
    if bound.kwargs:
        raise TypeError(
            f"forward() got an unexpected keyword argument {next(iter(bound.kwargs))!r}: arguments of "
            f"{function.__name__}.forward that can be given by keyword only are not supported"
        )
    return bound.args if separate else bound.args[1:]


def once_differentiable(fn: Any) -> Any:
    """Decorate a backward that must not be differentiated itself: doing so raises instead of being wrong."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        recorded, modes.here.grad = modes.here.grad, False
        try:
            results = fn(ctx, *args, **kwargs)
        finally:
            modes.here.grad = recorded
        if not recorded or not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            return results
        several = isinstance(results, tuple)
        given = results if several else (results,)
        outputs = [None if r is None else _Refusing.apply(r, *args) for r in given]
        return tuple(outputs) if several else outputs[0]

    return wrapper


class _Refusing(Function):
    """The identity of its first input, without a derivative."""

    @staticmethod
    def forward(ctx: Any, result: Any, *gradients: Any) -> Any:
        return result.clone()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


class InplaceFunction(Function):
    """`Function`, under a name that older programs use."""
