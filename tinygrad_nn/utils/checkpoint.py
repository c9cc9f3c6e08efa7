"""Checkpointing: forget what a part of a model computes, and compute it again when the backward pass needs it.

Memory for time: of ``n`` layers in ``sqrt(n)`` segments, only the inputs of the segments are kept, and the contents of
one segment at a time; the forward pass is done twice.

Source: T. Chen, B. Xu, C. Zhang and C. Guestrin, "Training deep nets with sublinear memory cost", 2016;
https://docs.pytorch.org/docs/stable/checkpoint.html
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from .._core.modes import enable_grad, modes, no_grad
from .._core.random import default_generator
from .._core.tensor import Tensor
from ..autograd import backward
from ..autograd.function import Function
from ..autograd.graph import get_gradient_edge
from .segments import CheckpointError, Forgetting, Segment

__all__ = [
    "CheckpointError", "CheckpointFunction", "check_backward_validity", "checkpoint", "checkpoint_sequential",
    "detach_variable", "get_device_states", "noop_context_fn", "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop", "set_device_states",
]  # fmt: skip


class _Settings(threading.local):
    early_stop: bool | None = None  # for all checkpoints, whatever they say themselves
    debug: bool | None = None


_settings = _Settings()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Say for all checkpoints of the ``with`` block whether computing again stops when all that is needed is there."""
    before, _settings.early_stop = _settings.early_stop, enable
    try:
        yield
    finally:
        _settings.early_stop = before


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Say for all checkpoints of the ``with`` block whether their errors list the operations."""
    before, _settings.debug = _settings.debug, enabled
    try:
        yield
    finally:
        _settings.debug = before


def noop_context_fn() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    """Two contexts that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The states of random numbers on other devices: there are none."""
    return [], []


def set_device_states(devices: Sequence[int], states: Sequence[Tensor], *, device_type: str | None = None) -> None:
    """Without effect, as there are no other devices."""


@contextlib.contextmanager
def _random_state(state: Any) -> Iterator[None]:
    """Draw the numbers that were drawn from this state on; then go on as before. None: leave it alone."""
    before = None if state is None else default_generator.state_bytes()
    if state is not None:
        default_generator.set_state_bytes(state)
    try:
        yield
    finally:
        if before is not None:
            default_generator.set_state_bytes(before)


# --- the function ------------------------------------------------------------------------------------------------


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[AbstractContextManager[Any], AbstractContextManager[Any]]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Call a function without keeping what its gradient needs: that is computed again in the backward pass.

    Args:
        function: what to call. It must compute the same when it is called again.
        args, kwargs: its arguments.
        use_reentrant: False, which is recommended: record as usual, but keep placeholders of what is saved. True:
            record nothing, and run a backward pass of its own inside of the backward pass; then only ``backward()``
            without ``inputs=`` works, an argument must require grad, and there are no keyword arguments.
        preserve_rng_state: (a keyword argument) draw the same random numbers again. Default: True.
        context_fn: gives two context managers, for the first call and for the second one.
        determinism_check: "default" compares shapes and types of what is computed again; "none" does not.
        debug: list the operations in the error that says that they differ.
        early_stop: stop computing again as soon as all that is needed is there.

    Raises:
        CheckpointError: (in the backward pass) something else was computed the second time.
        ValueError: options that do not go together.

    Warns:
        UserWarning: `use_reentrant` was not given; it is True then.

    Source: https://docs.pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.utils.checkpoint import checkpoint
        >>> layer = lambda x: x.exp().sin()
        >>> x = tg.ones(2, requires_grad=True)
        >>> checkpoint(layer, x, use_reentrant=False).sum().backward()
        >>> tg.testing.assert_close(x.grad, x.exp().cos() * x.exp())
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, "
            "calling checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but "
            "if you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for "
            "more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    debug = debug if _settings.debug is None else _settings.debug
    if debug and context_fn is not noop_context_fn:
        raise ValueError("debug=True is incompatible with non-default context_fn")
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'], but got {determinism_check}"
        )
    first, second = context_fn()
    if not modes.here.grad:
        with first:
            return function(*args, **kwargs)
    early_stop = early_stop if _settings.early_stop is None else _settings.early_stop
    state = default_generator.state_bytes() if preserve else None

    def again(*inputs: Any) -> None:
        with _random_state(state), second:
            function(*inputs, **kwargs)

    segment = Segment(again, args, early_stop, determinism_check == "default", debug)
    with Forgetting(segment), first:
        result = function(*args, **kwargs)
    segment.complete = True
    return result


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Checkpoint a sequence of layers in segments of equal length. The last one is computed as usual.

    Args:
        functions: an `nn.Sequential`, or a list of functions of one argument.
        segments: how many segments.
        input: of the first function.
        use_reentrant: see `checkpoint`.
        preserve_rng_state: (a keyword argument) see `checkpoint`.

    Raises:
        ValueError: other keyword arguments.

    Source: https://docs.pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint_sequential

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.utils.checkpoint import checkpoint_sequential
        >>> model = tg.nn.Sequential(*[tg.nn.Linear(4, 4) for _ in range(6)])
        >>> checkpoint_sequential(model, 3, tg.ones(2, 4), use_reentrant=False).shape
        torch.Size([2, 4])
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. In "
            "version 2.9 we will raise an exception if use_reentrant is not passed. use_reentrant=False is "
            "recommended, but if you need to preserve the current default behavior, you can pass use_reentrant=True. "
            "Refer to docs for more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    layers = list(functions.children()) if hasattr(functions, "children") else list(functions)
    length = len(layers) // segments
    start = 0
    for _ in range(segments - 1):
        part = _in_turn(layers[start : start + length])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
        start += length
    return _in_turn(layers[start:])(input)


def _in_turn(layers: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def forward(input: Any) -> Any:
        for layer in layers:
            input = layer(input)
        return input

    return forward


# --- the reentrant way -------------------------------------------------------------------------------------------


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same tensors, as leaves.

    Raises:
        RuntimeError: it is no tuple.
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}"
        )
    return tuple([x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs])


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn if there will be no gradients.

    Warns:
        UserWarning: no input requires grad.
    """
    if not any(x.requires_grad for x in inputs if isinstance(x, Tensor)):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


class CheckpointFunction(Function):
    """`checkpoint` with ``use_reentrant=True``: a forward that records nothing, and a backward that runs it again."""

    @staticmethod
    def forward(ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
        """Call the function, and keep its arguments."""
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.state = default_generator.state_bytes() if preserve_rng_state else None
        ctx.inputs = [None if isinstance(arg, Tensor) else arg for arg in args]
        ctx.places = [position for position, arg in enumerate(args) if isinstance(arg, Tensor)]
        ctx.save_for_backward(*[args[position] for position in ctx.places])
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Call the function again, while recording, and run its backward pass.

        Raises:
            RuntimeError: only some gradients were asked for; or no output requires grad.
        """
        if modes.here.backward_pass is not None and modes.here.backward_pass.needed is not None:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        inputs = list(ctx.inputs)
        for position, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            inputs[position] = tensor
        leaves = detach_variable(tuple(inputs))
        with _random_state(ctx.state), enable_grad():
            outputs = ctx.run_function(*leaves)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        needed = [isinstance(output, Tensor) and output.requires_grad for output in outputs]
        if not any(needed):
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        # places in the graph in the place of outputs, whose memory may go
        ends = [get_gradient_edge(output) for output in itertools.compress(outputs, needed)]
        del outputs
        backward(ends, list(itertools.compress(gradients, needed)))
        return (None, None, *[x.grad if isinstance(x, Tensor) else None for x in leaves])
