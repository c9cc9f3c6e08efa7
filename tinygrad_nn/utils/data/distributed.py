"""The sampler of several processes that train one model together: each takes its share of every epoch.

Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler
"""

from __future__ import annotations

import math
from collections.abc import Sized
from typing import Any

from tinygrad_nn._core.random import Generator

from .order import Order
from .sampler import Resumable, length_of

__all__ = ["DistributedSampler"]


class DistributedSampler(Resumable[int]):
    """The share of one process of the indices, another order in each epoch.

    All processes draw one order, from ``seed + epoch``; the process of rank ``r`` takes the indices ``r``,
    ``r + num_replicas``, ... of it. Call `set_epoch` before each epoch, or every epoch has the same order.

    Args:
        dataset: what is sampled; only its length counts.
        num_replicas: how many processes there are. There are no process groups here to ask: it has to be given.
        rank: which of them this one is, from 0. It has to be given, too.
        shuffle: draw a random order; else the indices come in order.
        seed: the same in all processes.
        drop_last: leave out the last indices where the shares would differ; else the first are repeated.

    Raises:
        RuntimeError: ``num_replicas`` or ``rank`` is not given.
        ValueError: the rank is not between 0 and ``num_replicas - 1``.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler

    Example:
        >>> from tinygrad_nn.utils.data import DistributedSampler
        >>> [list(DistributedSampler(range(5), num_replicas=2, rank=rank)) for rank in range(2)]
        [[4, 1, 2], [0, 3, 4]]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        for name, value in (("num_replicas", num_replicas), ("rank", rank)):
            if value is None:
                raise RuntimeError(
                    f"Requires distributed package to be available, to ask it for {name}. There is none here: "
                    f"give {name}= (as mpi4py's comm.Get_size() and comm.Get_rank(), for instance)"
                )
        assert num_replicas is not None
        assert rank is not None
        if rank >= num_replicas or rank < 0:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        size = length_of(dataset)
        self.num_samples = size // num_replicas if drop_last else math.ceil(size / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def _begin(self) -> Order:
        if not self.shuffle:
            return Order(self._draw)
        seed = self.seed + self.epoch
        return Order(self._draw, lambda: Generator().manual_seed(seed))

    def _draw(self, generator: Generator | None, number: int) -> list[int] | None:
        if number:
            return None
        size = length_of(self.dataset)
        indices: list[int] = list(range(size)) if generator is None else generator.permutation(size).tolist()
        missing = self.total_size - len(indices)
        if missing > 0:  # begin again, as often as it takes
            indices += (indices * math.ceil(missing / max(size, 1)))[:missing]
        return indices[self.rank : self.total_size : self.num_replicas]

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the epochs that are begun from now on."""
        self.epoch = epoch

    def state_dict(self) -> dict[str, Any]:
        """The epoch, and where the iteration that was begun last stands."""
        return {"epoch": self.epoch, **super().state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Let the next iteration go on from a state that `state_dict` gave."""
        super().load_state_dict(state_dict)
        self.epoch = state_dict["epoch"]
