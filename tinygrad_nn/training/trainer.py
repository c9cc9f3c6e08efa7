"""The trainer: fit, look, save, in a few lines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import nn
from .._core.random_states import get_random_states, set_random_states
from .._core.tensor import Tensor
from ..ops.join import cat
from ..optim import LBFGS, Optimizer
from ..serialization import load_checkpoint, read_checkpoint, save_checkpoint
from .callbacks import Callback, Checkpoint, KeepBest, ProgressBar
from .callbacks.base import as_callback
from .choices import make_optimizer
from .data import (
    Converter,
    Source,
    check_order,
    concatenated,
    evaluation_source,
    is_dataset,
    is_loader,
    training_source,
)
from .evaluation import evaluate, outputs
from .objective import Objective
from .run import Run
from .splitting import draw_split_seed, split
from .weights import class_table

if TYPE_CHECKING:
    from ..metrics import Metric
    from ..nn.overview import Summary

History = dict[str, list[Any]]


class Trainer:
    """Trains a model: ``fit``, ``evaluate``, ``predict``, ``save``, ``load``.

    What it does in an epoch is the loop that one would write by hand, and it takes as long. With the same seed, the
    same data and no validation, it ends with the same weights, too.

    Args:
        model: the model.
        loss: its name, such as "cross_entropy", "mse" or "bce_with_logits"; a loss module; or a function of output and
            target.
        optimizer: its name, such as "adam" or "sgd"; an optimizer of the model's parameters; or a function that makes
            one of parameters. None for a model that is not to be trained.
        metrics: names, such as "accuracy"; objects of `tinygrad_nn.metrics`; or functions of all outputs and targets.
        lr: the learning rate, where the optimizer is given by name or function.
        clip_norm: before each step, scale the gradients down to this norm.
        clip_value: before each step, limit each element of the gradients to this.
        accumulate: step after so many batches, as if they were one.

    Attributes:
        history: what the last `fit` returned.

    Raises:
        ValueError: no loss, optimizer or metric has this name; the text has the near ones.
        TypeError: something is neither a name nor what it should be.

    Source: https://keras.io/api/models/model_training_apis/

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import nn
        >>> from tinygrad_nn.training import Trainer
        >>> _ = tg.manual_seed(0)
        >>> x = tg.randn(200, 2)
        >>> y = (x[:, 0] * x[:, 1] > 0).long()
        >>> model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
        >>> trainer = Trainer(model, "cross_entropy", "adam", metrics=["accuracy"], lr=0.03)
        >>> history = trainer.fit(x, y, epochs=20, validation_split=0.2, verbose=0)
        >>> list(history)
        ['loss', 'accuracy', 'lr', 'val_loss', 'val_accuracy', 'seconds']
        >>> trainer.evaluate(x, y)["accuracy"] > 0.95
        True
        >>> trainer.predict(tg.tensor([[1.0, 1.0], [1.0, -1.0]]))
        tensor([1, 0])
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Any,
        optimizer: Any = "adam",
        metrics: Iterable[Any] | str = (),
        *,
        lr: float | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        accumulate: int = 1,
    ) -> None:
        if not isinstance(model, nn.Module):
            hint = f". Make an object of it: {model.__name__}()" if isinstance(model, type) else ""
            raise TypeError(f"Trainer: expected model to be a Module, got {type(model).__name__}{hint}")
        for name, limit in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if limit is not None and not limit > 0:
                raise ValueError(f"Trainer: {name} must be more than 0, got {limit!r}")
        if not isinstance(accumulate, int) or accumulate < 1:
            raise ValueError(f"Trainer: accumulate must be a positive integer, got {accumulate!r}")
        self.model = model
        self.objective = Objective(loss)
        self.metrics = _make_metrics(metrics, self.objective)
        self.optimizer: Optimizer | None = None if optimizer is None else make_optimizer(optimizer, model, lr)
        if isinstance(self.optimizer, LBFGS) and accumulate > 1:
            raise ValueError("Trainer: LBFGS asks for the loss several times in a step, which accumulate cannot do")
        self.clip_norm, self.clip_value, self.accumulate = clip_norm, clip_value, accumulate
        self.history: History = {}

    @property
    def loss(self) -> Callable[[Any, Any], Tensor]:
        """The loss."""
        return self.objective.loss

    def checked_optimizer(self) -> Optimizer:
        """The optimizer.

        Raises:
            ValueError: there is none.
        """
        if self.optimizer is None:
            raise ValueError("fit() needs an optimizer: Trainer(model, loss, 'adam')")
        return self.optimizer

    # --- training ---------------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any,
        y: Any = None,
        *,
        epochs: int = 1,
        batch_size: int | None = None,
        shuffle: bool | None = None,
        validation_data: Any = None,
        validation_split: float = 0.0,
        sample_weight: Any = None,
        class_weight: Any = None,
        callbacks: Iterable[Any] = (),
        resume: bool | str | os.PathLike[str] = False,
        verbose: int | bool = 1,
    ) -> History:
        """Train the model. Afterwards it is in evaluation mode.

        Arrays get the type of the model's parameters, class numbers that of class numbers. With a loss function of
        your own, targets that are whole numbers stay that. Datasets and loaders are taken as they are.

        Args:
            x: arrays or tensors with a sample in each row, or a table of pandas'; a tuple of several inputs; a dict of
                inputs by name; a dataset of pairs ``(input, target)``; or a `DataLoader`, or anything else that hands
                out batches. A dataset's or loader's input may be several, and what has no target is its own.
            y: the targets, where x are arrays.
            epochs: how often to go through the data.
            batch_size: how many samples there are in a batch; 32 if None.
            shuffle: another order in every epoch; yes if None.
            validation_data: what to evaluate after each epoch: ``(x, y)``, ``(x, y, weights)``, a dataset or a loader.
            validation_split: the share of the samples, chosen by chance, to be held out for that.
            sample_weight: how much each sample counts. A mean is taken over the sum of weights.
            class_weight: how much each class counts in the loss: a dict, a list, or "balanced", by which all classes
                count the same.
            callbacks: `Callback` objects; or functions of the run and the numbers, called after each epoch.
            resume: go on from a checkpoint: its path, or True for the last one of the `Checkpoint` among the callbacks,
                if it has written one. `epochs` are all epochs, those before included.
            verbose: 0: say nothing; 1: show a bar, or lines where there is no terminal; 2: show lines.

        Returns:
            The history: a list for each number, with an entry for each epoch. "loss", the metrics, "lr", "seconds"; the
            loss and the metrics with "val_" in front if there is validation.

        Raises:
            ValueError: data are empty, lengths differ, or options contradict each other; or outputs do not fit targets.
            TypeError: something is no data.
            FileNotFoundError: there is no such checkpoint.

        Ctrl-C ends it after the step that is being taken. The model then has the weights of its best epoch, if there
        was validation (see `KeepBest`); with a `Checkpoint`, the run can go on there. Press it twice to end it at once.
        """
        self.checked_optimizer()
        if not isinstance(epochs, int | np.integer) or isinstance(epochs, bool) or epochs < 0:
            raise ValueError(f"epochs: expected an integer of 0 or more, got {epochs!r}")
        used = self._callbacks(callbacks, verbose)
        path = _checkpoint_path(resume, used)
        state = read_checkpoint(path)["run"] if path is not None else {}
        seed = state.get("split_seed")
        data, weight = self._given(x, y, sample_weight)
        if validation_split:
            if validation_data is not None:
                raise ValueError("validation_split and validation_data: give one of both")
            seed = draw_split_seed() if seed is None else seed
            data, weight, held_out = split(data, weight, float(validation_split), seed)
            validation: Source | None = evaluation_source(held_out[0], batch_size, held_out[1])
        else:
            validation = None if validation_data is None else self._validation(validation_data, batch_size)
        source = training_source(data, batch_size, shuffle, weight)
        table = None if class_weight is None else class_table(class_weight, source.targets)
        if validation is not None and not any(isinstance(callback, KeepBest) for callback in used):
            used.append(KeepBest("val_loss", restore="when interrupted"))
        run = Run(self, source, validation, int(epochs), used, table, seed if validation_split else None)
        try:
            return run.go(path)
        finally:
            self.history = run.history

    def _given(self, x: Any, y: Any, weight: Any, needs_target: bool = True) -> tuple[Any, Any]:
        """Arrays as tensors, weights included; datasets and loaders as they are, and weights beside."""
        if is_loader(x) or is_dataset(x):
            if y is not None:
                kind = type(x).__name__
                raise TypeError(f"y cannot be given beside a {kind}: its targets come with its samples")
            return x, weight
        converter = Converter(self.model, self.objective.keeps_whole_targets)
        return converter.convert(x, y, weight, needs_target=needs_target), None

    def _validation(self, given: Any, batch_size: int | None) -> Source:
        if isinstance(given, tuple | list):
            if len(given) not in (2, 3):
                raise ValueError(f"validation_data: expected (x, y) or (x, y, weights), got {len(given)} parts")
            data, weight = self._given(given[0], given[1], given[2] if len(given) == 3 else None)
        else:
            if not (is_loader(given) or is_dataset(given)):
                kind = type(given).__name__
                raise TypeError(f"validation_data: expected (x, y), (x, y, weights), a dataset or a loader, got {kind}")
            data, weight = self._given(given, None, None)
        return evaluation_source(data, None if is_loader(data) else batch_size, weight)

    def _callbacks(self, given: Iterable[Any], verbose: int | bool) -> list[Callback]:
        if isinstance(given, Callback) or callable(given):
            given = [given]
        used = [as_callback(each) for each in given]
        if verbose not in (0, 1, 2):
            raise ValueError(f"verbose: expected 0, 1 or 2, got {verbose!r}")
        if verbose and not any(isinstance(callback, ProgressBar) for callback in used):
            used.append(ProgressBar("lines" if verbose == 2 and verbose is not True else "auto"))
        return used

    # --- looking ----------------------------------------------------------------------------------------------------

    def evaluate(self, x: Any, y: Any = None, *, batch_size: int | None = None, sample_weight: Any = None
                 ) -> dict[str, Any]:  # fmt: skip
        """The loss and the metrics of data, in evaluation mode.

        Args:
            x, y, sample_weight: as for `fit`.
            batch_size: how many samples are taken at once; 256 if None.

        Returns:
            The numbers by name.
        """
        data, weight = self._given(x, y, sample_weight)
        source = evaluation_source(data, batch_size, weight)
        return evaluate(self.model, self.objective, source, self.metrics)

    def predict(self, x: Any, *, batch_size: int | None = None, raw: bool = False) -> Any:
        """What the model says of data: class numbers, where the loss is that of a classification; else its outputs.

        Args:
            x: as for `fit`. Targets that come with samples are left aside.
            batch_size: how many samples are taken at once; 256 if None.
            raw: give the outputs, whatever the loss.

        Returns:
            An array if arrays were given, else a tensor.

        Raises:
            ValueError: a loader that shuffles was given.
        """
        found, is_arrays = self._outputs(x, batch_size)
        return _as_given(found if raw else self.objective.predicted(found), is_arrays)

    def predict_proba(self, x: Any, *, batch_size: int | None = None) -> Any:
        """The probability of each class; with binary cross entropies, that of "yes". Arguments as for `predict`.

        Raises:
            TypeError: the loss says nothing of probabilities.
        """
        found, is_arrays = self._outputs(x, batch_size)
        return _as_given(self.objective.probabilities(found), is_arrays)

    def _outputs(self, x: Any, batch_size: int | None) -> tuple[Any, bool]:
        data, _ = self._given(x, None, None, needs_target=False)
        check_order(data)
        source = evaluation_source(data, batch_size)
        found = outputs(self.model, source)
        if not found:
            raise ValueError("there is nothing to predict: the loader gave no batches")
        return concatenated(found, cat), source.is_arrays

    def summary(self, input: Any = None) -> Summary:
        """The layers of the model, with their parameters; with an input, also shapes and costs. See `nn.summary`.

        Args:
            input: what the model is called with, as a tensor or an array, or the sizes of a tensor.
        """
        if isinstance(input, np.ndarray):
            (input,) = self._given(input, None, None, needs_target=False)[0].tensors
        return nn.summary(self.model, input)

    # --- files ------------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the weights, the optimizer's state and the history into a file, which executes nothing when it is read.

        For the weights alone, to share or to take to PyTorch: ``tinygrad_nn.save(trainer.model.state_dict(), path)``.

        Args:
            path: the file. One that exists is replaced when the new one is complete.
        """
        optimizer = {} if self.optimizer is None else {"optimizer": self.optimizer}
        save_checkpoint(path, model=self.model, **optimizer, run={"history": self.history})

    def load(self, path: str | os.PathLike[str]) -> Trainer:
        """Take over weights, the optimizer's state and the history: of `save`, or of `Checkpoint`.

        The trainer must have been made in the same way as the one that was saved.

        Args:
            path: the file.

        Returns:
            The trainer itself.

        Raises:
            FileNotFoundError: there is no such file.
            RuntimeError: it is no such file; or the weights are another model's. Nothing is changed.

        Example:
            >>> import os, tempfile
            >>> import tinygrad_nn as tg
            >>> from tinygrad_nn.training import Trainer
            >>> def make():
            ...     return Trainer(tg.nn.Linear(2, 1), "mse", "adam")
            >>> trainer = make()
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = os.path.join(folder, "model.checkpoint")
            ...     trainer.save(path)
            ...     again = make().load(path)
            >>> x = tg.ones(1, 2)
            >>> bool((trainer.predict(x) == again.predict(x)).all())
            True
        """
        found = read_checkpoint(path)
        parts: dict[str, Any] = {"model": self.model}
        if self.optimizer is not None and "optimizer" in found:
            parts["optimizer"] = self.optimizer
        states = get_random_states()
        try:
            rest = load_checkpoint(path, **parts)
        finally:
            set_random_states(states)
        self.history = rest.get("run", {}).get("history", {})
        self.model.eval()
        return self


def _make_metrics(given: Iterable[Any] | str, objective: Objective) -> list[Metric]:
    """The metrics, which are told what the loss says of the outputs.

    Raises:
        ValueError: two have the same name, or one is called "loss".
    """
    from ..metrics import metric

    wanted = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    found = [metric(each, task=objective.task, from_logits=objective.from_logits) for each in wanted]
    names = ["loss", *(each.name for each in found)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"metrics: two are called {twice!r}. Give one of them another name=")
    return found


def _checkpoint_path(resume: Any, callbacks: Sequence[Callback]) -> str | None:
    """The checkpoint to go on from, if there is one."""
    if resume is False or resume is None:
        return None
    if resume is not True:
        path: str = os.fspath(resume)
        if not os.path.exists(path):
            raise FileNotFoundError(f"resume: there is no checkpoint {path}")
        return path
    found = next((callback for callback in callbacks if isinstance(callback, Checkpoint)), None)
    if found is None:
        raise ValueError("resume=True goes on from what a Checkpoint among the callbacks has written: there is none")
    return found.last if os.path.exists(found.last) else None


def _as_given(found: Any, is_arrays: bool) -> Any:
    """Arrays where arrays were given."""
    return concatenated([found], lambda parts: parts[0].numpy()) if is_arrays else found
