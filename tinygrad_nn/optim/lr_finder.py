"""Finding a learning rate: train for a moment with larger and larger ones, and look at the loss."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..random import get_rng_state, set_rng_state
from .optimizer import Optimizer

__all__ = ["LRFinder"]


class LRFinder:
    """The learning-rate range test (Smith, 2015), which leaves everything as it was.

    Training goes through some batches, with a learning rate that grows from one to the next. Where the loss falls
    steepest is a good one; where it is least, the rate is too large already. Model, optimizer and random numbers are
    put back in the end.

    Args:
        model: the model that is trained.
        optimizer: its optimizer. All groups get the same learning rates.
        criterion: the loss of what the model gives for a batch's first part, and of its second part.
        batch_loss: in its place, a function of the model and a batch that computes the loss.

    Attributes:
        history: the learning rates ``"lr"`` and the losses ``"loss"``, smoothed, of the last test.

    Raises:
        ValueError: neither or both of the losses are given.

    Source: https://arxiv.org/abs/1506.01186, section 3.3

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.optim import LRFinder
        >>> _ = tg.manual_seed(0)
        >>> inputs = tg.randn(64, 3)
        >>> batches = [(inputs, inputs.sum(1, keepdim=True))]
        >>> model = tg.nn.Linear(3, 1)
        >>> finder = LRFinder(model, tg.optim.SGD(model.parameters()), tg.nn.MSELoss())
        >>> finder.range_test(batches, start_lr=1e-4, end_lr=10, num_iter=60)
        >>> 0.01 < finder.suggestion() < 1
        True
    """

    def __init__(
        self,
        model: Any,
        optimizer: Optimizer,
        criterion: Callable[[Any, Any], Any] | None = None,
        *,
        batch_loss: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        if (criterion is None) == (batch_loss is None):
            raise ValueError("LRFinder: expected a criterion or a batch_loss, and not both")
        self.model = model
        self.optimizer = optimizer
        self.criterion = criterion
        self.batch_loss = batch_loss
        self.history: dict[str, list[float]] = {"lr": [], "loss": []}

    def range_test(
        self,
        train_loader: Iterable[Any],
        start_lr: float = 1e-7,
        end_lr: float = 10.0,
        num_iter: int = 100,
        smooth_f: float = 0.05,
        diverge_th: float = 5.0,
    ) -> None:
        """Train with learning rates from ``start_lr`` to ``end_lr``, each the same factor larger than the one before.

        Args:
            train_loader: gives batches, and is gone through again when it ends.
            start_lr: the first learning rate.
            end_lr: the last.
            num_iter: the number of batches.
            smooth_f: how much of the last loss remains in the next one that is noted.
            diverge_th: stop when the loss is so many times the least one, or not finite.

        Raises:
            ValueError: the learning rates do not grow, there are fewer than two batches, or the loader has none.
        """
        if not 0 < start_lr < end_lr:
            raise ValueError(f"LRFinder: expected 0 < start_lr < end_lr, got {start_lr} and {end_lr}")
        if num_iter < 2:
            raise ValueError(f"LRFinder: expected at least two batches, got num_iter={num_iter}")
        if not 0 <= smooth_f < 1:
            raise ValueError(f"LRFinder: smooth_f is outside the range [0, 1[: {smooth_f}")
        history: dict[str, list[float]] = {"lr": [], "loss": []}
        before = copy.deepcopy((self.model.state_dict(), self.optimizer.state_dict()))
        random_numbers, was_training = get_rng_state(), self.model.training
        try:
            self.model.train()
            factor = (end_lr / start_lr) ** (1 / (num_iter - 1))
            for number, batch in zip(range(num_iter), _again_and_again(train_loader), strict=False):
                lr = start_lr * factor**number
                loss = self._train(batch, lr)
                if history["loss"]:
                    loss = smooth_f * history["loss"][-1] + (1 - smooth_f) * loss
                if not math.isfinite(loss):
                    break
                history["lr"].append(lr)
                history["loss"].append(loss)
                if loss > diverge_th * min(history["loss"]):
                    break
        finally:
            self.model.load_state_dict(before[0])
            self.model.train(was_training)
            self.optimizer.zero_grad()
            self.optimizer.load_state_dict(before[1])
            set_rng_state(random_numbers)
        self.history = history

    def _train(self, batch: Any, lr: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.zero_grad()
        if self.batch_loss is not None:
            loss = self.batch_loss(self.model, batch)
        else:
            assert self.criterion is not None  # as one of the two was given
            if not (isinstance(batch, tuple | list) and len(batch) == 2):
                raise ValueError(
                    f"LRFinder: a batch should be a pair of inputs and targets, got {type(batch).__name__}. Give a "
                    "batch_loss in the place of the criterion"
                )
            loss = self.criterion(self.model(batch[0]), batch[1])
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def suggestion(self) -> float:
        """The learning rate at which the loss falls steepest, over the logarithm of the rates.

        Raises:
            RuntimeError: there was no test, or it ended at once.
        """
        losses, rates = self.history["loss"], self.history["lr"]
        if len(losses) < 3:
            raise RuntimeError(
                f"LRFinder.suggestion(): there are {len(losses)} losses. Run range_test() first, with a smaller "
                "start_lr if it stopped at once"
            )
        slopes = [(after - before) / 2 for before, after in zip(losses[:-2], losses[2:], strict=True)]
        return rates[1 + slopes.index(min(slopes))]

    def plot(self, ax: Any = None, skip_start: int = 0, skip_end: int = 0, suggest: bool = True) -> Any:
        """Draw the losses over the learning rates, and mark the suggestion.

        Args:
            ax: Matplotlib's axes to draw in; new ones if not given.
            skip_start: how many points to leave out at the start.
            skip_end: how many to leave out at the end.
            suggest: whether to mark the suggestion.

        Returns:
            The axes.

        Raises:
            ImportError: Matplotlib is not installed.
        """
        if ax is None:
            try:
                from matplotlib import pyplot
            except ImportError as error:
                raise ImportError(
                    "LRFinder.plot() draws with Matplotlib, which is not installed: pip install matplotlib. The "
                    "numbers are in LRFinder.history"
                ) from error
            ax = pyplot.subplots()[1]
        end = len(self.history["lr"]) - skip_end
        ax.plot(self.history["lr"][skip_start:end], self.history["loss"][skip_start:end])
        if suggest:
            best = self.suggestion()
            ax.axvline(best, linestyle=":", label=f"steepest: {best:.2e}")
            ax.legend()
        ax.set_xscale("log")
        ax.set_xlabel("learning rate")
        ax.set_ylabel("loss")
        return ax


def _again_and_again(loader: Iterable[Any]) -> Iterator[Any]:
    """The batches of a loader, and those of its next round, and so on."""
    while True:
        empty = True
        for batch in loader:
            empty = False
            yield batch
        if empty:
            raise ValueError("LRFinder: the loader has no batches. A generator is used up after one round: pass a list")
