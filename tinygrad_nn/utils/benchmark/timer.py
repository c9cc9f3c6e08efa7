"""Timing a statement."""

from __future__ import annotations

import contextlib
import enum
import importlib
import statistics
import textwrap
import timeit
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ...settings import get_num_threads, set_num_threads
from .measurement import Measurement, TaskSpec

timer = timeit.default_timer  # on a CPU all is done when a call returns
_LEAST = 1e-9  # seconds: no execution takes less, and nothing is divided by 0
_OVERHEAD = 1e-4  # the clock's share of a block's time
_MOST_RUNS = 2**31 - 1


class Language(enum.Enum):
    """The languages that statements may be in."""

    PYTHON = 0
    CPP = 1


@contextlib.contextmanager
def set_torch_threads(n: int) -> Iterator[None]:
    """Compute with so many threads inside of the context.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.utils.benchmark import set_torch_threads
        >>> with set_torch_threads(1):
        ...     tg.get_num_threads()
        1
    """
    before = get_num_threads()
    set_num_threads(n)
    try:
        yield
    finally:
        set_num_threads(before)


def _outdented(code: str) -> str:
    code = textwrap.dedent(code)
    return code.removeprefix("\n").rstrip()


class Timer:
    """Time a statement: warmed up, as often as it takes for a firm answer, on one thread unless told otherwise.

    Args:
        stmt: the statement, as text. It knows `torch`, which is this package, and what is in `globals`.
        setup: what is executed once before.
        timer: the clock, in seconds.
        globals: the variables.
        label, sub_label, description, env: what the statement is called in tables: what it does, on what, by which
            means, and where.
        num_threads: how many threads may be used meanwhile.

    Raises:
        ValueError: `stmt` is no text, or in another language than Python.

    Source: https://docs.pytorch.org/docs/stable/benchmark_utils.html#torch.utils.benchmark.Timer

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.utils.benchmark import Timer
        >>> found = Timer("x.exp()", globals={"x": tg.ones(8)}).timeit(100)
        >>> 0 < found.median < 1, found.number_per_run
        (True, 100)
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: Language | str = Language.PYTHON,
    ) -> None:
        if not isinstance(stmt, str):
            raise ValueError(f"Currently only a `str` stmt is supported, got {type(stmt).__name__}.")
        if language not in (Language.PYTHON, "py", "python"):
            raise ValueError(f"Invalid language `{language}`. Only statements in Python can be timed.")
        if global_setup:
            raise ValueError(f"global_setup is C++ only, got `{global_setup}`. Most likely it belongs into `setup`.")
        package = importlib.import_module(__name__.partition(".")[0])  # all of it, which stands above this file
        variables = {"torch": package, **(globals or {})}
        stmt, setup = _outdented(stmt), _outdented(setup)
        self._timer = timeit.Timer(stmt, setup, timer, variables)
        self._task_spec = TaskSpec(stmt, setup, global_setup, label, sub_label, description, env, num_threads)

    def _run(self, number: int) -> float:
        return max(self._timer.timeit(number), _LEAST)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """Execute the statement so many times, after a hundredth of that as a warm-up, and time it as a whole.

        Example:
            >>> from tinygrad_nn.utils.benchmark import Timer
            >>> Timer("1 + 1").timeit(10).number_per_run
            10
        """
        with set_torch_threads(self._task_spec.num_threads):
            self._run(max(number // 100, 2))
            return Measurement(number, [self._run(number)], self._task_spec)

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        """Not there.

        Raises:
            NotImplementedError: always. `blocked_autorange` does more.
        """
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def autorange(self, callback: Callable[[int, float], NoReturn] | None = None) -> None:
        """Not there.

        Raises:
            NotImplementedError: always. `blocked_autorange` does more.
        """
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def _block_size(self, seconds: float) -> int:
        """How many executions take a thousandth of this, and so long that the clock does not count. Warms up, too."""
        overhead = statistics.median(self._run(0) for _ in range(5))
        number = 1
        while True:
            taken = self._run(number)
            enough = overhead / taken <= _OVERHEAD and taken >= seconds / 1000
            if enough or taken > seconds or number * 10 > _MOST_RUNS:
                return number
            number *= 10

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Time blocks of executions, for at least `min_run_time` seconds in all.

        Args:
            callback: called with the executions in a block and its seconds, after each.
            min_run_time: in seconds.

        Example:
            >>> from tinygrad_nn.utils.benchmark import Timer
            >>> found = Timer("1 + 1").blocked_autorange(min_run_time=0.01)
            >>> sum(found.raw_times) >= 0.01
            True
        """
        return self._measure(min_run_time, min_run_time, float("inf"), lambda found: True, callback)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Time blocks of executions until their interquartile range is below a share of the median.

        Args:
            threshold: the share.
            min_run_time, max_run_time: at least and at most so many seconds.
            callback: called with the executions in a block and its seconds, after each.

        Example:
            >>> from tinygrad_nn.utils.benchmark import Timer
            >>> found = Timer("1 + 1").adaptive_autorange(0.5, max_run_time=0.5)
            >>> len(found.times) > 3
            True
        """

        def firm(found: Measurement) -> bool:
            return len(found.raw_times) > 3 and found.meets_confidence(threshold)

        return self._measure(0.05, min_run_time, max_run_time, firm, callback)

    def _measure(
        self,
        for_block: float,
        at_least: float,
        at_most: float,
        enough: Callable[[Measurement], bool],
        callback: Callable[[int, float], Any] | None,
    ) -> Measurement:
        with set_torch_threads(self._task_spec.num_threads):
            number = self._block_size(for_block)
            found = Measurement(number, [], self._task_spec)
            total, done = 0.0, False
            while (total < at_least or not done) and total <= at_most:
                seconds = self._run(number)
                found.raw_times.append(seconds)
                total += seconds
                if callback is not None:
                    callback(number, seconds)
                done = enough(found)
        return found

    def collect_callgrind(self, *args: Any, **options: Any) -> NoReturn:
        """Not there.

        Raises:
            NotImplementedError: always: it counts the instructions of PyTorch's C++.
        """
        raise NotImplementedError("collect_callgrind is not there. `blocked_autorange` measures times.")
