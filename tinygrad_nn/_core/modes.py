"""Grad modes: whether operations record themselves. One switch per thread.

Source: https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disabling-gradient-computation
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import threading
from collections.abc import Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])
_new = object.__new__


# Elements in NumPy's buffers. NumPy copies what it broadcasts to these, unless they are about as short as the rows:
# arithmetic of 64 rows of 784 with a number for each, or with a row for all, then takes .65 of the time (6.4 us instead
# of 10), and that of rows of less than 600 the same. NumPy's own choice is 8192; with 512 short rows take longer.
_PIECE = 1024


def _be_quiet() -> None:
    np.seterr(all="ignore")
    np.setbufsize(_PIECE)


class Modes:
    """What holds for one thread.

    ``quiet(function, *arguments)`` calls the function with NumPy's floating point warnings off: PyTorch gives ``inf``
    and ``nan`` without a word. A context that was prepared once costs a tenth of an ``np.errstate`` block.
    """

    __slots__ = (
        "around_step",
        "asked",
        "backward_pass",
        "grad",
        "inference",
        "levels",
        "observers",
        "on_record",
        "quiet",
        "quiet_pass",
        "shares",
        "unwatched_quiet",
    )

    def __init__(self) -> None:
        self.grad = True
        self.asked = True  # for recording, whether or not inference mode allows it
        self.inference = False
        context = contextvars.copy_context()
        context.run(_be_quiet)
        self.unwatched_quiet: Callable[..., Any] = context.run
        # the same for a backward pass, whose rules call what is quiet itself: no context is entered twice
        self.quiet_pass: Callable[..., Any] = context.copy().run
        # observers put themselves around these two, see `observe`
        self.quiet: Callable[..., Any] = self.unwatched_quiet
        self.around_step: Callable[..., Any] | None = None
        self.observers: tuple[Any, ...] = ()
        self.on_record: Callable[[Any], None] | None = None  # told of every node that is made
        self.backward_pass: Any = None  # the running `Pass`, see `backward`
        self.shares = False  # whether work of this thread has been shared by several, see `sharing`
        self.levels: tuple[Any, ...] = ()  # the transforms that run (`vmap`, `jvp`), see `lifted`


class _OfThreads(threading.local):
    """The modes of each thread. To find them takes 40 ns, so what asks more than once holds on to ``modes.here``."""

    def __init__(self) -> None:
        self.here = Modes()


modes = _OfThreads()


def _ignoring() -> tuple[contextvars.ContextVar[Any], Any]:
    """The variable in which NumPy keeps what it does about floating point errors, and its value for nothing at all."""
    context = contextvars.Context()
    context.run(_be_quiet)
    ((variable, value),) = context.items()
    return variable, value


# For a block: ``token = ERRORS.set(IGNORED)`` and ``ERRORS.reset(token)`` take a sixth of an ``np.errstate`` (0.15 us).
ERRORS, IGNORED = _ignoring()


def is_grad_enabled() -> bool:
    """Whether operations in this thread are being recorded. (Inside of `inference_mode`: whether that was asked for.)

    Example:
        >>> import tinygrad_nn as tg
        >>> with tg.no_grad():
        ...     tg.is_grad_enabled()
        False
    """
    here = modes.here
    return here.asked if here.inference else here.grad


class _GradMode:
    """A grad mode as a ``with`` block and as a decorator, for functions and generators."""

    _before: tuple[bool, bool, Any] | None = None  # a stack of pairs in each other, as one object can be entered twice

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def _again(self) -> _GradMode:
        """The same mode, not yet entered."""
        return _GradMode(self.enabled)

    def __enter__(self) -> None:
        here = modes.here
        self._before = here.grad, here.asked, self._before
        here.asked = enabled = self.enabled
        here.grad = enabled and not here.inference

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        here = modes.here
        here.grad, here.asked, self._before = self._before  # type: ignore[misc]

    def __call__(self, function: F) -> F:
        again = self._again

        if inspect.isgeneratorfunction(function):
            return cast(F, _decorate_generator(function, again))

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with again():
                return function(*args, **kwargs)

        return cast(F, decorated)


def _switch(enabled: bool) -> None:
    """Record or not; never in inference mode."""
    here = modes.here
    here.asked = enabled
    here.grad = enabled and not here.inference


def _decorate_generator(function: Callable[..., Any], again: Callable[[], _GradMode]) -> Callable[..., Any]:
    """Run only the generator's own code in the mode; the caller's code, between two values, keeps its own."""

    @functools.wraps(function)
    def decorated(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        sent: Any = None
        while True:
            try:
                with again():
                    value = generator.send(sent)
            except StopIteration as stop:
                return stop.value
            try:
                sent = yield value
            except GeneratorExit:
                generator.close()
                raise

    return decorated


class _NoGradBase(_GradMode):
    """Modes that take no argument, and so may decorate without brackets: ``@no_grad``."""

    enabled = False

    def __new__(cls, function: Any = None) -> Any:
        return _new(cls) if function is None else cls()(function)

    if TYPE_CHECKING:

        def __init__(self, function: Any = None) -> None: ...
    else:
        __init__ = object.__init__  # no function is called for it: small programs enter often


class no_grad(_NoGradBase):  # noqa: N801 - PyTorch's name
    """Do not record operations, inside a ``with`` block or a decorated function.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.ones(2, requires_grad=True)
        >>> with tg.no_grad():
        ...     (x * 2).requires_grad
        False
    """


class enable_grad(_NoGradBase):  # noqa: N801 - PyTorch's name
    """Record operations, inside a ``with`` block or a decorated function, even within `no_grad`."""

    enabled = True


class set_grad_enabled(_GradMode):  # noqa: N801 - PyTorch's name
    """Switch recording on or off: at once as a statement, or for the length of a ``with`` block.

    Example:
        >>> import tinygrad_nn as tg
        >>> with tg.set_grad_enabled(False):
        ...     tg.is_grad_enabled()
        False
        >>> tg.is_grad_enabled()
        True
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        here = modes.here
        self._at_call = here.grad, here.asked
        _switch(mode)

    def __enter__(self) -> None:
        self._before = *self._at_call, self._before

    def __call__(self, function: F) -> F:
        here = modes.here
        here.grad, here.asked = self._at_call  # used as a decorator, it must change nothing by itself
        return super().__call__(function)


class inference_mode(_GradMode):  # noqa: N801 - PyTorch's name
    """Do not record operations, and let the tensors that are made never take part in a recorded one.

    Stricter than `no_grad`: these *inference tensors* (see ``x.is_inference()``) keep no count of writes. Outside of
    the block they can be read, and computed with where no gradient needs them; writing to them, and saving them for a
    gradient, are refused. ``x.clone()`` is a normal tensor.

    Args:
        mode: ``False`` switches the mode off, and recording on.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html

    Example:
        >>> import tinygrad_nn as tg
        >>> with tg.inference_mode():
        ...     x = tg.ones(2)
        >>> x.is_inference(), x.clone().is_inference()
        (True, False)
    """

    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: Any = True) -> None:
        super().__init__(not mode)
        self.mode = mode
        self._outer: list[bool] = []

    def _again(self) -> _GradMode:
        again: _GradMode = inference_mode(self.mode)
        return again

    def __enter__(self) -> None:
        here = modes.here
        self._outer.append(here.inference)
        self._before = here.grad, here.asked, self._before
        here.inference = bool(self.mode)
        _count_inferring(here.inference - self._outer[-1])
        _switch(self.enabled)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        here = modes.here
        before = self._outer.pop()
        _count_inferring(before - here.inference)
        here.inference = before
        super().__exit__(kind, error, trace)


inference_watchers: list[Callable[[bool], None]] = []  # told when the first thread enters, and when the last one leaves
_inferring = 0
_lock = threading.Lock()


def _count_inferring(change: int) -> None:
    """Count the threads that are in inference mode."""
    global _inferring
    with _lock:
        before, _inferring = _inferring, _inferring + change
        if bool(before) != bool(_inferring):
            for watcher in inference_watchers:
                watcher(bool(_inferring))


def is_inference_mode_enabled() -> bool:
    """Whether this thread is in an `inference_mode` block."""
    return modes.here.inference
