"""What another thread does while a backward pass goes on: gradients of weights, which nothing in the pass waits for.

Each is one product of matrices, during which Python is free. So the pass need not be woken in between, as it has to be
after each step of what several threads share (`sharing`); and when it shares something, or ends, it does itself what no
helper has begun (a step of a GPT with two threads: 0.9 of the time, measured).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .helping import ERRANDS, Job, give_away, is_forked
from .modes import modes
from .sharing import blas_threads

Array = np.ndarray[Any, Any]
_MOST = 3  # that wait; each holds arrays which are free otherwise, and whose memory is no longer in the cache then


class Errand:
    """An array that is still being computed; ``np.asarray`` waits for it. To be asked for once."""

    __slots__ = ("job",)

    def __init__(self, job: Job[Array]) -> None:
        self.job = job

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self.job.result()


def later(work: Callable[[], Array]) -> Any:
    """What `work` returns or, in a backward pass that somebody may help, an `Errand`.

    Args:
        work: reads what nobody writes to, but for functions of the program's own, before which all is done.
    """
    running = modes.here.backward_pass
    if running is None or running.errands is None or len(ERRANDS) >= _MOST or is_forked():
        return work()
    job = Job(work, ERRANDS)
    running.errands.append(job)
    give_away(job, (blas_threads() or 1) - 1)
    return Errand(job)
