"""Python's `multiprocessing`, and `spawn`. Tensors go to other processes as copies.

Source: https://docs.pytorch.org/docs/stable/multiprocessing.html
"""

from __future__ import annotations

import importlib
import multiprocessing as _python
import os
import signal
from collections.abc import Callable
from multiprocessing import connection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

__all__ = [
    "ProcessContext", "ProcessExitedException", "ProcessRaisedException", "get_all_sharing_strategies",
    "get_sharing_strategy", "set_sharing_strategy", "spawn", "start_processes",
]  # fmt: skip
__all__ += [name for name in _python.__all__ if name not in __all__]


def __getattr__(name: str) -> Any:
    if name in _python.__all__:
        return getattr(_python, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get_all_sharing_strategies() -> set[str]:
    """How tensors reach other processes: always as copies, whatever is chosen."""
    return {"file_descriptor", "file_system"}


_strategy = ["file_descriptor"]


def get_sharing_strategy() -> str:
    """The strategy that was chosen last."""
    return _strategy[0]


def set_sharing_strategy(new_strategy: str) -> None:
    """Choose a strategy: it is noted.

    Raises:
        AssertionError: there is none of this name.
    """
    if new_strategy not in get_all_sharing_strategies():
        raise AssertionError(
            f"invalid sharing strategy {new_strategy!r}; expected one of {sorted(get_all_sharing_strategies())}"
        )
    _strategy[0] = new_strategy


class ProcessRaisedException(Exception):  # noqa: N818 - PyTorch's name
    """A process of `spawn` has raised an exception; the text has its traceback.

    Attributes:
        error_index, error_pid: which process.
    """

    def __init__(self, msg: str, error_index: int, error_pid: int | None) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.error_pid = msg, error_index, error_pid


class ProcessExitedException(Exception):  # noqa: N818 - PyTorch's name
    """A process of `spawn` has been ended, or has ended itself.

    Attributes:
        error_index, error_pid: which process.
        exit_code: what it has returned.
        signal_name: the signal that ended it, or None.
    """

    def __init__(
        self, msg: str, error_index: int, error_pid: int | None, exit_code: int, signal_name: str | None = None
    ) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.error_pid = msg, error_index, error_pid
        self.exit_code, self.signal_name = exit_code, signal_name


class ProcessContext:
    """Processes that `spawn` has started."""

    def __init__(self, processes: list[BaseProcess], messages: list[connection.Connection]) -> None:
        self.processes = processes
        self._messages = messages
        self._running = dict(enumerate(processes))

    def pids(self) -> list[int | None]:
        """The processes' numbers."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Wait until a process ends.

        Returns:
            Whether all have ended.

        Raises:
            ProcessRaisedException, ProcessExitedException: one has failed; the others are ended then.
        """
        if not self._running:
            return True
        waiting = {process.sentinel: index for index, process in self._running.items()}
        for ready in connection.wait(list(waiting), timeout):
            index = waiting[ready]  # type: ignore[index]
            process = self._running.pop(index)
            process.join()
            if process.exitcode:
                self._stop()
                raise self._failure(index, process)
        return not self._running

    def _stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.join()
        self._running.clear()

    def _failure(self, index: int, process: BaseProcess) -> Exception:
        code, messages = process.exitcode or 0, self._messages[index]
        try:
            text = messages.recv()
        except EOFError:  # it ended without a word
            text = None
        if text is not None:
            head = f"\n\n-- Process {index} terminated with the following error:\n"
            return ProcessRaisedException(head + text, index, process.pid)
        if code < 0:
            name = signal.Signals(-code).name
            text = f"process {index} terminated with signal {name}"
            return ProcessExitedException(text, index, process.pid, code, name)
        return ProcessExitedException(f"process {index} terminated with exit code {code}", index, process.pid, code)


def start_processes(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """Call ``fn(index, *args)`` in each of `nprocs` new processes.

    Args:
        fn: what is called; with "spawn" it must be importable, that is, stand at the top of a module.
        args: its other arguments.
        nprocs: the number of processes.
        join: wait for all of them; otherwise their `ProcessContext` is returned.
        daemon: end them with this process.
        start_method: "spawn", "fork" or "forkserver".

    Raises:
        ProcessRaisedException, ProcessExitedException: one has failed; the others are ended then.

    Source: https://docs.pytorch.org/docs/stable/multiprocessing.html#spawning-subprocesses
    """
    context = _python.get_context(start_method)
    processes: list[BaseProcess] = []
    messages: list[connection.Connection] = []
    for index in range(nprocs):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(fn, index, args, theirs), daemon=daemon)  # type: ignore[attr-defined]
        process.start()
        theirs.close()
        processes.append(process)
        messages.append(ours)
    started = ProcessContext(processes, messages)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """`start_processes` with newly started Pythons.

    Source: https://docs.pytorch.org/docs/stable/multiprocessing.html#torch.multiprocessing.spawn.spawn
    """
    return start_processes(fn, args, nprocs, join, daemon, start_method)


def _run(fn: Callable[..., Any], index: int, args: tuple[Any, ...], messages: connection.Connection) -> None:
    try:
        fn(index, *args)
    except KeyboardInterrupt:
        pass  # the parent has it, too
    except Exception:
        messages.send(importlib.import_module("traceback").format_exc())
        os._exit(1)
