"""Training by several processes, which is not here: what programs ask, and what they call, before they find that out.

`is_available` and `is_initialized` are False; `init_process_group` is refused; everything else raises what PyTorch
raises where no group has been made. So a program that asks before it calls runs in its one process.

Source: https://docs.pytorch.org/docs/stable/distributed.html

Example:
    >>> import tinygrad_nn as tg
    >>> rank = tg.distributed.get_rank() if tg.distributed.is_initialized() else 0
    >>> rank
    0
"""

from __future__ import annotations

import enum
from typing import Any, NoReturn

__all__ = [
    "ReduceOp", "all_gather", "all_gather_object", "all_reduce", "all_to_all", "barrier", "broadcast",
    "broadcast_object_list", "destroy_process_group", "gather", "gather_object", "get_backend", "get_rank",
    "get_world_size", "init_process_group", "irecv", "is_available", "is_gloo_available", "is_initialized",
    "is_mpi_available", "is_nccl_available", "is_torchelastic_launched", "isend", "new_group", "recv", "reduce",
    "reduce_scatter", "scatter", "send",
]  # fmt: skip


class ReduceOp(enum.Enum):
    """How `all_reduce` would bring numbers together."""

    SUM = "sum"
    AVG = "avg"
    PRODUCT = "product"
    MIN = "min"
    MAX = "max"
    BAND = "band"
    BOR = "bor"
    BXOR = "bxor"


def is_available() -> bool:
    """Whether processes can train together: never."""
    return False


def is_initialized() -> bool:
    """Whether there is a group of processes: never."""
    return False


def is_nccl_available() -> bool:
    """Whether NCCL is there: never."""
    return False


def is_gloo_available() -> bool:
    """Whether Gloo is there: never."""
    return False


def is_mpi_available() -> bool:
    """Whether MPI is there: never."""
    return False


def is_torchelastic_launched() -> bool:
    """Whether PyTorch's launcher has started this process: it is not looked for."""
    return False


def init_process_group(*args: Any, **kwargs: Any) -> None:
    """Make a group of processes.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(
        "distributed.init_process_group(): tinygrad_nn trains in one process. Ask distributed.is_available() first."
    )


def destroy_process_group(group: Any = None) -> None:
    """End the group: as in PyTorch an AssertionError, as there is none."""
    raise AssertionError("Process group cannot be None: init_process_group has made none.")


def get_rank(group: Any = None) -> int:
    """This process's number: a ValueError."""
    _no_group("get_rank")


def get_world_size(group: Any = None) -> int:
    """The number of processes: a ValueError."""
    _no_group("get_world_size")


def get_backend(group: Any = None) -> str:
    """How processes would speak: a ValueError."""
    _no_group("get_backend")


def new_group(*args: Any, **kwargs: Any) -> Any:
    """A smaller group: a ValueError."""
    _no_group("new_group")


def barrier(*args: Any, **kwargs: Any) -> Any:
    """Wait for the others: a ValueError."""
    _no_group("barrier")


def all_reduce(*args: Any, **kwargs: Any) -> Any:
    """Bring everyone's numbers together: a ValueError."""
    _no_group("all_reduce")


def reduce(*args: Any, **kwargs: Any) -> Any:
    """Bring everyone's numbers together in one process: a ValueError."""
    _no_group("reduce")


def reduce_scatter(*args: Any, **kwargs: Any) -> Any:
    """Bring numbers together, and share them out: a ValueError."""
    _no_group("reduce_scatter")


def broadcast(*args: Any, **kwargs: Any) -> Any:
    """Give one's numbers to all: a ValueError."""
    _no_group("broadcast")


def broadcast_object_list(*args: Any, **kwargs: Any) -> Any:
    """Give one's objects to all: a ValueError."""
    _no_group("broadcast_object_list")


def all_gather(*args: Any, **kwargs: Any) -> Any:
    """Collect everyone's numbers: a ValueError."""
    _no_group("all_gather")


def all_gather_object(*args: Any, **kwargs: Any) -> Any:
    """Collect everyone's objects: a ValueError."""
    _no_group("all_gather_object")


def all_to_all(*args: Any, **kwargs: Any) -> Any:
    """Give each its part: a ValueError."""
    _no_group("all_to_all")


def gather(*args: Any, **kwargs: Any) -> Any:
    """Collect everyone's numbers in one process: a ValueError."""
    _no_group("gather")


def gather_object(*args: Any, **kwargs: Any) -> Any:
    """Collect everyone's objects in one process: a ValueError."""
    _no_group("gather_object")


def scatter(*args: Any, **kwargs: Any) -> Any:
    """Share one's numbers out: a ValueError."""
    _no_group("scatter")


def send(*args: Any, **kwargs: Any) -> Any:
    """Send numbers: a ValueError."""
    _no_group("send")


def recv(*args: Any, **kwargs: Any) -> Any:
    """Receive numbers: a ValueError."""
    _no_group("recv")


def isend(*args: Any, **kwargs: Any) -> Any:
    """Send numbers without waiting: a ValueError."""
    _no_group("isend")


def irecv(*args: Any, **kwargs: Any) -> Any:
    """Receive numbers without waiting: a ValueError."""
    _no_group("irecv")


def _no_group(name: str) -> NoReturn:
    raise ValueError(
        "Default process group has not been initialized, please make sure to call init_process_group. "
        f"(distributed.{name}(): tinygrad_nn trains in one process; ask distributed.is_initialized() first.)"
    )
