"""Worker processes of a `DataLoader`.

Each has two pipes of its own: tasks come through one, replies go through the other. So no worker waits for another's
lock, and when one dies, its pipe ends, which its parent sees at once; and the other way round.

Source: https://docs.pytorch.org/docs/stable/data.html#multi-process-data-loading
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from multiprocessing import connection, reduction, resource_tracker
from typing import Any

from . import shared
from .failure import WorkerDiedError
from .handover import Handover
from .worker import Job, Reply, Worker

_PATIENCE = 5.0  # seconds between looks whether all are alive
_GRACE = 2.0  # seconds for a worker to finish its task, when it is to end

# The parent's ends of all pipes. A forked child inherits them, and has to close them: as long as it has them open, its
# siblings would not see their parent die.
_ends: weakref.WeakSet[Any] = weakref.WeakSet()


class _Packed:
    """A batch as it has come, not yet unpacked."""

    def __init__(self, reader: shared.Reader, body: bytes, placed: shared.Placed | None) -> None:
        self._reader, self._body, self._placed = reader, body, placed

    def unpack(self) -> Any:
        """The batch."""
        if self._placed is None:
            return pickle.loads(self._body)
        return self._reader.unpack(self._body, self._placed)

    def drop(self) -> None:
        """Nobody wants it."""
        if self._placed is not None:
            self._reader.drop(self._placed)


class _Member:
    """The parent's side of one worker."""

    def __init__(self, job: Job, common: Handover, context: Any) -> None:
        their_tasks, self._tasks = context.Pipe(duplex=False)
        self.replies, their_replies = context.Pipe(duplex=True)
        self._reader = shared.Reader()
        _ends.update((self._tasks, self.replies))
        self.process = context.Process(
            target=work,
            args=(their_tasks, their_replies, (job.number, job.num_workers, job.base_seed), common),
            name=f"DataLoader worker {job.number}",
            daemon=True,
        )
        try:
            with _without_interrupts(context):
                self.process.start()
        except BaseException:
            self.close()
            raise
        finally:
            their_tasks.close()
            their_replies.close()

    def send(self, task: tuple[int, str, Any]) -> None:
        with contextlib.suppress(OSError):  # it is dead, which `receive` finds out
            self._tasks.send((task, self._reader.released()))

    def receive(self) -> Reply:
        """The next reply.

        Raises:
            EOFError, OSError: the worker is dead.
        """
        number, kind, body, state, placed = pickle.loads(self.replies.recv_bytes())
        if placed is not None:
            self._reader.take_over(placed, reduction.recv_handle(self.replies) if placed[1] is not None else None)
        value = _Packed(self._reader, body, placed) if kind == "batch" else pickle.loads(body)
        return Reply(number, kind, value, state)

    def close(self) -> None:
        self._tasks.close()
        self.replies.close()

    def end(self, deadline: float) -> None:
        """See to it that the process ends: by itself until the deadline, then by force."""
        process = self.process
        process.join(max(0.0, deadline - time.monotonic()))
        for force in (process.terminate, process.kill):
            if process.is_alive():
                force()
                process.join(1.0)


class Processes:
    """The worker processes of one loader."""

    def __init__(self, jobs: list[Job], context: Any) -> None:
        self._owner, self._closed = os.getpid(), False
        self._members: list[_Member] = []
        # what all of them get is kept together, apart from what each one gets
        self._common = Handover(jobs[0].dataset, jobs[0].recipe, jobs[0].init)
        try:
            for job in jobs:
                self._members.append(_Member(job, self._common, context))
        except Exception as error:
            self.close()
            raise _explained(error, jobs[0], context) from error
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        """The process ids."""
        return [member.process.pid for member in self._members]

    def send(self, worker: int, number: int, task: str, value: Any) -> None:
        """Give a worker a task."""
        self._members[worker].send((number, task, value))

    def receive(self, timeout: float | None) -> tuple[int, Reply]:
        """The next reply of any worker, and whose it is.

        Raises:
            queue.Empty: none came in time.
            WorkerDiedError: a worker is dead.
        """
        end = None if timeout is None else time.monotonic() + timeout
        ends = {member.replies: number for number, member in enumerate(self._members)}
        while True:
            patience = _PATIENCE if end is None else max(0.0, min(_PATIENCE, end - time.monotonic()))
            ready = connection.wait(list(ends), patience)
            for replies in ready:
                worker = ends[replies]
                try:
                    return worker, self._members[worker].receive()
                except (EOFError, OSError):
                    self._members[worker].process.join(1.0)  # its pipe has ended, so it will
            dead = [m for m in self._members if not m.process.is_alive() and not m.replies.poll()]
            dead += [self._members[ends[r]] for r in ready if self._members[ends[r]] not in dead]
            if dead:
                raise WorkerDiedError([m.process.pid for m in dead], [_fate(m.process.exitcode) for m in dead])
            if end is not None and time.monotonic() >= end:
                raise queue.Empty

    def close(self) -> None:
        """End all workers. Those that are at work may finish their task, if it does not take long."""
        if self._closed or os.getpid() != self._owner:  # a child's copy of this must not touch the siblings
            return
        self._closed = True
        self._common.close()
        for member in self._members:
            member.close()
        deadline = time.monotonic() + _GRACE
        for member in self._members:
            member.end(deadline)


def _fate(exitcode: int | None) -> str:
    if exitcode is None:
        return "it has closed its pipe"
    if exitcode >= 0:
        return f"it ended with exit status {exitcode}"
    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    hint = ", as the system does when it runs out of memory" if name == "SIGKILL" else ""
    return f"it was killed by {name}{hint}"


def _explained(error: Exception, job: Job, context: Any) -> Exception:
    """An error of starting a process; if something could not be pickled, what, and what to do."""
    if not isinstance(error, TypeError | AttributeError | pickle.PicklingError):
        return error
    parts = {"dataset": job.dataset, "collate_fn": job.recipe.collate, "worker_init_fn": job.init}
    culprits = [name for name, part in parts.items() if not _can_pickle(part)]
    if not culprits:
        return error
    method = context.get_start_method()
    return type(error)(
        f"{error}. The {' and '.join(culprits)} cannot be pickled, and that is how workers get them which are started "
        f"by {method!r}. Classes and functions have to stand at the top level of a module, not inside of a function; "
        'or choose multiprocessing_context="fork" (not on Windows) or "thread", which need no pickling'
    )


def _can_pickle(part: Any) -> bool:
    try:
        reduction.ForkingPickler.dumps(part)
    except Exception:
        return False
    return True


@contextlib.contextmanager
def _without_interrupts(context: Any) -> Iterator[None]:
    """Hold back Ctrl-C while a process is started, which inherits that: it cannot ignore it in its first moments.

    Not with a fork server, which may be the program's: all its later processes would inherit it, too.
    """
    method = context.get_start_method()
    if not hasattr(signal, "pthread_sigmask") or method == "forkserver":
        yield
        return
    if method == "spawn":
        resource_tracker.ensure_running()  # else it is started now, and lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --- in the worker's process -------------------------------------------------------------------------------------


def work(tasks: Any, replies: Any, who: tuple[int, int, int], common: Handover) -> None:
    """What a worker process runs."""
    job = Job(*who, *common.parts)
    for end in list(_ends):
        end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent too, which may want to go on
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _one_thread()
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    ended = threading.Event()
    threading.Thread(target=_read, args=(tasks, inbox, ended, os.getppid()), daemon=True).start()
    worker, writer = Worker(job, "multiprocessing"), shared.Writer()
    while (message := inbox.get()) is not None and not ended.is_set():
        (number, task, value), freed = message
        writer.free(freed)
        reply = worker.answer(number, task, value)
        try:
            _send(replies, writer, worker, reply)
        except OSError:  # nobody is there any more
            return
        del reply, message  # a batch, perhaps


def _one_thread() -> None:
    """Let matrix products use one thread: there are several workers."""
    from tinygrad_nn.settings import set_num_threads

    set_num_threads(1)


def _read(tasks: Any, inbox: queue.SimpleQueue[Any], ended: threading.Event, parent: int) -> None:
    """Take in tasks, so that the parent never has to wait for a busy worker; and end with the parent."""
    with contextlib.suppress(EOFError, OSError):
        while os.getppid() == parent:
            if tasks.poll(_PATIENCE):
                inbox.put(tasks.recv())
    ended.set()
    inbox.put(None)
    time.sleep(_GRACE)  # the process has ended by then, unless it hangs
    os._exit(1)


def _send(replies: Any, writer: shared.Writer, worker: Worker, reply: Reply) -> None:
    try:
        message, descriptor = _packed(writer, reply)
    except Exception as error:  # something in it cannot be pickled
        message, descriptor = _packed(writer, worker.failed(reply.number, error))
    replies.send_bytes(message)
    if descriptor is not None:
        try:
            reduction.send_handle(replies, descriptor, None)  # the process id is for Windows
        finally:
            os.close(descriptor)


def _packed(writer: shared.Writer, reply: Reply) -> tuple[bytes, int | None]:
    placed = descriptor = None
    if reply.kind == "batch" and shared.AVAILABLE:
        body, buffers = shared.pack(reply.value)
        if buffers:
            try:
                placed, descriptor = writer.place(buffers)
            except OSError:  # no memory to share: through the pipe then
                body = pickle.dumps(reply.value, 5)
    else:
        body = pickle.dumps(reply.value, 5)
    return pickle.dumps((reply.number, reply.kind, body, reply.state, placed), 5), descriptor
