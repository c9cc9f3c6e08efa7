"""Averages of a model's weights over its training: stochastic weight averaging, and exponential moving averages.

Source: https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema, https://arxiv.org/abs/1803.05407
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy as np

from .._core.modes import no_grad
from .._core.tensor import Tensor, wrap
from ..nn import Module
from ..nn.batchnorm import _BatchNorm
from .lr_scheduler.base import LRScheduler, for_each_group
from .optimizer import Optimizer

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip

Tensors = list[Tensor] | tuple[Tensor, ...]


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Tensors, Tensors, Any], None]:
    """A function for `AveragedModel` that keeps an exponential moving average: ``a = decay * a + (1 - decay) * p``.

    Args:
        decay: how much of the average is kept.

    Returns:
        A function of the averages, the parameters, and a number without effect; it updates the averages in place.

    Raises:
        ValueError: the decay is not in [0, 1].

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
        >>> model = tg.nn.Linear(2, 1)
        >>> average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
        >>> average.update_parameters(model)
    """
    _check_decay(decay)

    @no_grad()
    def update(averages: Tensors, current: Tensors, _: Any) -> None:
        for average, tensor in zip(averages, current, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(tensor, 1 - decay)
            else:
                average.copy_(average * decay + tensor * (1 - decay))

    return update


def get_swa_multi_avg_fn() -> Callable[[Tensors, Tensors, Any], None]:
    """A function for `AveragedModel` that gives all models the same weight: ``a = a + (p - a) / (n + 1)``.

    Returns:
        A function of the averages, the parameters, and the number n of models so far; it updates the averages in place.
    """

    @no_grad()
    def update(averages: Tensors, current: Tensors, count: Any) -> None:
        for average, tensor in zip(averages, current, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(tensor, float(1 / (count + 1)))
            else:
                average.copy_(average + (tensor - average) / (count + 1))

    return update


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Tensor, Tensor, Any], Tensor]:
    """The same as `get_ema_multi_avg_fn`, for one parameter; the function returns the new average.

    Raises:
        ValueError: the decay is not in [0, 1].
    """
    _check_decay(decay)

    @no_grad()
    def update(average: Tensor, current: Tensor, _: Any) -> Tensor:
        return decay * average + (1 - decay) * current

    return update


def get_swa_avg_fn() -> Callable[[Tensor, Tensor, Any], Tensor]:
    """The same as `get_swa_multi_avg_fn`, for one parameter; the function returns the new average."""

    @no_grad()
    def update(average: Tensor, current: Tensor, count: Any) -> Tensor:
        new: Tensor = average + (current - average) / (count + 1)
        return new

    return update


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


class AveragedModel(Module):
    """A copy of a model, whose parameters are averages of those that the model has had.

    Args:
        model: the model; it is copied.
        device: accepted for PyTorch's sake; there is the CPU.
        avg_fn: a function of the average, the parameter, and the number of models so far, that returns the new average.
        multi_avg_fn: a function of lists of them, that updates the averages in place. Without either, all models have
            the same weight.
        use_buffers: average the buffers as well, in place of copying the last ones.

    Raises:
        AssertionError: both functions are given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.AveragedModel.html

    Example:
        >>> import tinygrad_nn as tg
        >>> model = tg.nn.Linear(1, 1, bias=False)
        >>> average = tg.optim.swa_utils.AveragedModel(model)
        >>> with tg.no_grad():
        ...     for value in (1.0, 2.0, 6.0):
        ...         _ = model.weight.fill_(value)
        ...         average.update_parameters(model)
        >>> average.module.weight.item()
        3.0
        >>> average(tg.ones(1, 1)).item()
        3.0
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[[Tensor, Tensor, Any], Tensor] | None = None,
        multi_avg_fn: Callable[[Tensors, Tensors, Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", wrap(np.array(0)))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the model with the averaged parameters gives."""
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the model's parameters, as they are now, into the averages. The first ones are copied."""
        averages, current = self._tensors_of(self.module), self._tensors_of(model)
        if len(averages) != len(current):
            raise ValueError(
                f"update_parameters(): expected the model that was given first, with {len(averages)} tensors, got one "
                f"with {len(current)}"
            )
        if self.n_averaged == 0:
            for average, tensor in zip(averages, current, strict=True):
                average.copy_(tensor)
        elif self.multi_avg_fn is not None:
            for group, others in _by_type(averages, current):
                self.multi_avg_fn(group, others, self.n_averaged)
        else:
            average_of = self.avg_fn or get_swa_avg_fn()
            for average, tensor in zip(averages, current, strict=True):
                average.copy_(average_of(average, tensor, self.n_averaged))
        if not self.use_buffers:  # then they are the model's own
            for mine, other in zip(self.module.buffers(), model.buffers(), strict=True):
                mine.detach().copy_(other.detach())
        self.n_averaged += 1

    def _tensors_of(self, model: Module) -> list[Tensor]:
        buffers = model.buffers() if self.use_buffers else ()
        return [tensor.detach() for tensor in itertools.chain(model.parameters(), buffers)]


def _by_type(averages: list[Tensor], current: list[Tensor]) -> list[tuple[list[Tensor], list[Tensor]]]:
    groups: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
    for average, tensor in zip(averages, current, strict=True):
        found = groups.setdefault(average.dtype, ([], []))
        found[0].append(average)
        found[1].append(tensor)
    return list(groups.values())


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of a model's batch normalisation anew, in one pass over some data.

    Averaged weights give other activations than any of the models that they are averages of.

    Args:
        loader: gives batches: tensors, or lists and tuples whose first element is one.
        model: the model.
        device: accepted for PyTorch's sake; there is the CPU.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.update_bn.html
    """
    momenta = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    if not momenta:
        return
    was_training = model.training
    try:
        model.train()
        for module in momenta:
            module.reset_running_stats()
            module.momentum = None  # the mean over all batches
        for batch in loader:
            inputs = batch[0] if isinstance(batch, list | tuple) else batch
            model(inputs if device is None else inputs.to(device))
    finally:
        for module, momentum in momenta.items():
            module.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """Goes from the learning rate to ``swa_lr`` in some epochs, and stays there.

    Args:
        optimizer: the optimizer whose learning rates are set.
        swa_lr: the last learning rate, or one for each group.
        anneal_epochs: the number of epochs.
        anneal_strategy: "cos" or "linear": the form of the curve.
        last_epoch: how many steps were taken before, minus one; -1 to start anew.

    Raises:
        ValueError: there is no such form, or the number is no integer of 0 or more.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.SWALR.html

    Example:
        >>> import tinygrad_nn as tg
        >>> optimizer = tg.optim.SGD([tg.ones(1)], lr=1.0)
        >>> schedule = tg.optim.swa_utils.SWALR(optimizer, 0.5, anneal_epochs=2, anneal_strategy="linear")
        >>> rates = []
        >>> for _ in range(4):
        ...     rates += schedule.get_last_lr()
        ...     optimizer.step()
        ...     schedule.step()
        >>> rates
        [1.0, 0.75, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for rate, group in zip(for_each_group("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def anneal_func(self, t: float) -> float:
        """How far one has gone on the way, at a part of the time."""
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> list[Any]:
        """The next learning rates, from the last."""
        self._warn_unless_within_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = (
            self.anneal_func(max(0, min(1, number / max(1, self.anneal_epochs)))) for number in (step - 1, step)
        )
        rates = []
        for group in self.optimizer.param_groups:
            last = group["swa_lr"]
            first = last if before == 1 else (group["lr"] - before * last) / (1 - before)
            rates.append(last * now + first * (1 - now))
        return rates
