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
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from .._core.modes import enable_grad, modes, no_grad
from .._core.random import default_generator
from .._core.tensor import Tensor
from ..autograd import backward
from ..autograd.function import Function
from ..autograd.graph import get_gradient_edge
from ..autograd.saved_hooks import active_hooks, saved_tensors_hooks

__all__ = [
    "CheckpointError", "CheckpointFunction", "check_backward_validity", "checkpoint", "checkpoint_sequential",
    "detach_variable", "get_device_states", "noop_context_fn", "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop", "set_device_states",
]  # fmt: skip

_TIP = (
    "Tip: the function must compute the same each time that it is called with the same arguments. To see which "
    "operations it ran, pass debug=True to checkpoint(...)."
)


class CheckpointError(RuntimeError):
    """What was computed again differs from what was computed first."""


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
    if not modes.grad:
        with first:
            return function(*args, **kwargs)
    early_stop = early_stop if _settings.early_stop is None else _settings.early_stop
    state = default_generator.state_bytes() if preserve else None

    def again(*inputs: Any) -> None:
        with _random_state(state), second:
            function(*inputs, **kwargs)

    segment = _Segment(again, args, early_stop, determinism_check == "default", debug)
    with _Forgetting(segment), first:
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


# --- computing again when something is asked for -----------------------------------------------------------------


class _Place:
    """The placeholder of a saved tensor: where it comes among all that the segment saves."""

    __slots__ = ("__weakref__", "number")

    def __init__(self, number: int) -> None:
        self.number = number


class _Segment:
    """A call that has been forgotten: how to do it again, and what it saved."""

    def __init__(
        self, again: Callable[..., None], args: tuple[Any, ...], early_stop: bool, check: bool, debug: bool
    ) -> None:
        self.again = again
        self.early_stop = early_stop
        self.check = check
        self.debug = debug
        self.places: list[weakref.ref[_Place]] = []
        self.saved: list[tuple[Any, ...]] = []  # shape and dtype of each
        self.operations: tuple[list[str], list[str]] = ([], [])  # of the two calls
        self.complete = False
        self.backward_pass: Any = None  # for which it was computed again
        self.tensors: dict[int, Tensor | None] = {}  # what this gave, by place; None where it has been taken
        # the arguments are saved as well: by whatever sees what is saved outside of this segment
        self._outer = active_hooks()
        self._args = [self._keep(arg) if isinstance(arg, Tensor) else (arg, None) for arg in args]

    def _keep(self, tensor: Tensor) -> tuple[Any, bool | None]:
        with no_grad():
            kept = tensor if self._outer is None else self._outer.pack_hook(tensor)
        return kept, tensor.requires_grad

    def arguments(self) -> list[Any]:
        """The arguments, outside of the graph."""
        found = []
        for kept, required in self._args:
            if required is not None:
                tensor = kept if self._outer is None else self._outer.unpack_hook(kept)
                kept = tensor.detach().requires_grad_(required)
            found.append(kept)
        return found

    def unpack(self, place: _Place) -> Tensor:
        """A saved tensor, after computing everything again, once for each backward pass."""
        running = modes.backward_pass
        if running is None or self.backward_pass is not running:
            self.backward_pass = running
            self._compute()
        tensor = self.tensors.get(place.number)
        if tensor is None:
            raise CheckpointError(
                "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already unpacked once. If you "
                "are calling ctx.saved_tensors in backward, make sure to do so only once."
            )
        self.tensors[place.number] = None
        return tensor

    def _compute(self) -> None:
        self.tensors = {}
        arguments = self.arguments()
        remembering = _Remembering(self)
        with contextlib.suppress(_Enough), remembering, enable_grad():
            self.again(*arguments)
        self._compare(remembering)

    def _compare(self, second: _Remembering) -> None:
        if second.ignored:
            return
        if second.count != len(self.places):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.places)}\nNumber of tensors saved "
                f"during recomputation: {second.count}.\n{self.hint()}"
            )
        if not self.check:
            return
        wrong = []
        for number, place in enumerate(self.places):
            tensor = self.tensors.get(number)
            if place() is None or tensor is None:
                continue
            now, before = _described(tensor), self.saved[number]
            if now != before:
                wrong.append(
                    f"tensor at position {number}:\nsaved metadata: {_shown(before)}\n"
                    f"recomputed metadata: {_shown(now)}\n"
                )
        if wrong:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\n{''.join(wrong)}.\n{self.hint()}"
            )

    def hint(self) -> str:
        """What to say at the end of an error."""
        if not self.debug:
            return _TIP
        first, second = ("\n".join(names) for names in self.operations)
        return (
            f"Operations executed during the original forward:\n\n{first}\n\nOperations executed during recomputation:"
            f"\n\n{second}\n"
        )


def _described(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.shape), tensor.dtype


def _shown(description: tuple[Any, ...]) -> str:
    shape, dtype = description
    return f"{{'shape': torch.Size({list(shape)}), 'dtype': {dtype}, 'device': device(type='cpu')}}"


class _Enough(Exception):  # noqa: N818 - it is no error
    """All that is needed has been computed."""


class _Hooks(saved_tensors_hooks):
    """Hooks that are methods: none is kept as an attribute, as such a circle would keep the segment's memory."""

    def __init__(self, segment: _Segment) -> None:
        self.segment = segment
        self._before = []


class _Forgetting(_Hooks):
    """During the first call: keep placeholders of what is saved."""

    def pack_hook(self, tensor: Tensor) -> _Place:
        """A placeholder."""
        place = _Place(len(self.segment.places))
        self.segment.places.append(weakref.ref(place))
        self.segment.saved.append(_described(tensor))
        return place

    def unpack_hook(self, place: _Place) -> Tensor:
        """The tensor, computed again."""
        return self.segment.unpack(place)

    def _recorded(self, node: Any) -> None:
        if self.segment.debug:
            self.segment.operations[0].append(node.name())
        super()._recorded(node)


class _Remembering(_Hooks):
    """During the second call: note what is saved, for the placeholders that are still held."""

    def __init__(self, segment: _Segment) -> None:
        super().__init__(segment)
        self.count = 0
        self.ignored = False

    def unpack_hook(self, tensor: Tensor) -> Tensor:
        """The tensor itself."""
        return tensor

    def pack_hook(self, tensor: Tensor) -> Tensor:
        """The tensor itself, after it was noted."""
        segment, number = self.segment, self.count
        tensor = tensor.detach()
        self.count += 1
        if number >= len(segment.places):
            if not segment.complete:  # a backward pass inside of the function itself
                self.ignored = True
                return tensor
            raise CheckpointError(
                "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original "
                f"forward pass.\n{segment.hint()}"
            )
        if segment.places[number]() is not None:
            segment.tensors[number] = tensor
        if segment.early_stop and self.count == len(segment.places):
            raise _Enough
        return tensor

    def _recorded(self, node: Any) -> None:
        if self.segment.debug:
            self.segment.operations[1].append(node.name())
        super()._recorded(node)


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
        if modes.backward_pass is not None and modes.backward_pass[1] is not None:
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
