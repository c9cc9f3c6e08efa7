"""What the estimators around a module share: reading the data, training, predicting."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from tinygrad_nn import nn
from tinygrad_nn._core import dtypes
from tinygrad_nn._core.tensor import Tensor, wrap
from tinygrad_nn.random import fork_rng, manual_seed
from tinygrad_nn.training import Callback, EarlyStopping, Run, Trainer
from tinygrad_nn.training.evaluation import evaluating
from tinygrad_nn.training.objective import Objective

from .callbacks import CallbackSupportMixin, EpochTasks
from .data import Array, read_weight
from .modules import float_type, has_embedding, make_module, make_optimizer_choice
from .parameters import any_of, boolean, check, just, number, whole

RULES = {
    "lr": any_of(number(0, above=True), just(None)),
    "epochs": whole(1),
    "batch_size": whole(1),
    "shuffle": boolean(),
    "early_stopping": boolean(),
    "validation_fraction": any_of(number(0, 1, below=True), just(None)),
    "n_iter_no_change": whole(1),
    "tol": number(0),
    "clip_norm": any_of(number(0, above=True), just(None)),
    "warm_start": boolean(),
    "verbose": any_of(boolean(), whole(0)),
}
_PREDICTED_AT_ONCE = 1024  # examples


class NeuralNet(CallbackSupportMixin, BaseEstimator):
    """Base of `NeuralNetClassifier` and `NeuralNetRegressor`."""

    module_: nn.Module
    trainer_: Trainer
    history_: dict[str, list[Any]]
    _y_numeric = False

    # --- what a subclass says ------------------------------------------------------------------------------------

    def _targets(self, y: Any, incremental: bool) -> Array:
        """Checked targets as numbers."""
        raise NotImplementedError

    def _loss(self) -> Any:
        raise NotImplementedError

    def _sizes(self, y: Array, is_binary: bool) -> int:
        """The number of outputs that a module is to have."""
        raise NotImplementedError

    def _shaped(self, y: Array, output: Array) -> Array:
        """Targets in the form that the loss takes beside outputs like these."""
        raise NotImplementedError

    def _class_weights(self, y: Array) -> Any:
        raise NotImplementedError

    def _stratified(self, y: Array) -> Array | None:
        """By what to keep the shares, when examples are held out."""
        raise NotImplementedError

    # --- fitting -------------------------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, sample_weight: Any, validation_data: Any, *, incremental: bool) -> Any:
        check(self, RULES)
        first = "module_" not in vars(self) or not (self.warm_start or incremental)
        X, y = validate_data(
            self, X, y, multi_output=True, y_numeric=self._y_numeric, allow_nd=True, reset=first,
            ensure_min_samples=1,
        )  # fmt: skip
        y = self._targets(y, incremental)
        weight = read_weight(sample_weight, X.astype(np.float64, copy=False) if X.dtype.kind != "f" else X)
        random_state = check_random_state(self.random_state)
        with self._random_numbers(random_state):
            if first:
                self._start(X, y)
            if first or not incremental:
                self._make_trainer()
            X, example = self._typed(X), self._example(X)
            shaped = self._shaped(y, example)
            train, held_out = self._divide(X, y, shaped, weight, validation_data, random_state, incremental)
            tasks = None if incremental else EpochTasks(self, self.epochs, X, y, sample_weight)
            found = self._train(train, held_out, self._class_weights(y), tasks)
        if tasks is not None:
            tasks.close()
        for name, values in found.items():
            self.history_.setdefault(name, []).extend(values)
        return self

    @contextlib.contextmanager
    def _random_numbers(self, random_state: Any) -> Any:
        """In this block the package's random numbers come from the estimator's random state, if it has one."""
        if self.random_state is None:
            yield
            return
        with fork_rng():
            manual_seed(int(random_state.randint(2**31)))
            yield

    def _start(self, X: Array, y: Array) -> None:
        """A new module, in the type of the data."""
        is_binary = Objective(self._loss()).is_binary
        self.module_ = make_module(self.module, (X.shape[1], self._sizes(y, is_binary)), self.module_options)
        if self.dtype is not None or not has_embedding(self.module_):
            self.module_.to(dtypes.from_numpy(float_type(X, self.dtype)))
        self.history_ = {}

    def _make_trainer(self) -> None:
        self.trainer_ = Trainer(
            self.module_, self._loss(), make_optimizer_choice(self.optimizer, self.optimizer_options), self.metrics,
            lr=self.lr, clip_norm=self.clip_norm,
        )  # fmt: skip

    def _typed(self, X: Array) -> Array:
        """Inputs in the type of the module."""
        if X.dtype.kind in "iub" and has_embedding(self.module_):
            return X
        kinds = [p._array.dtype for p in self.module_.parameters() if p._array.dtype.kind == "f"]
        return X.astype(kinds[0] if kinds else float_type(X, self.dtype), copy=False)

    def _example(self, X: Array) -> Array:
        """What the module gives for a few examples."""
        with evaluating(self.module_):
            found = self.module_(wrap(self._typed(X[:2])))
        if not isinstance(found, Tensor):
            raise TypeError(f"the module gives {type(found).__name__} for a batch. An estimator needs one tensor")
        return found._array

    def _divide(
        self, X: Array, y: Array, shaped: Array, weight: Array | None, validation: Any, random_state: Any,
        incremental: bool,
    ) -> tuple[list[Any], list[Any] | None]:  # fmt: skip
        """What to train on, and what to validate with: inputs, targets and weights."""
        whole_data = [X, shaped, weight]
        if incremental:
            return whole_data, None
        if validation is not None:
            return whole_data, self._given_validation(validation)
        fraction = self.validation_fraction
        fraction = (0.1 if self.early_stopping else 0.0) if fraction is None else fraction
        if not fraction:
            if self.early_stopping:
                raise ValueError(
                    "early_stopping needs a validation: give validation_fraction, or validation_data to fit"
                )
            return whole_data, None
        rows = train_test_split(
            np.arange(len(X)), test_size=fraction, random_state=random_state, stratify=self._stratified(y)
        )
        train, test = ([None if array is None else array[part] for array in whole_data] for part in rows)
        return train, test

    def _given_validation(self, validation: Any) -> list[Any]:
        if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
            raise ValueError("validation_data: expected (X, y) or (X, y, sample_weight)")
        X, y = validate_data(
            self, validation[0], validation[1], multi_output=True, y_numeric=self._y_numeric, allow_nd=True, reset=False
        )
        y = self._targets(y, incremental=True)
        weight = read_weight(validation[2], X) if len(validation) == 3 else None
        return [self._typed(X), self._shaped(y, self._example(X)), weight]

    def _train(
        self, train: list[Any], held_out: list[Any] | None, class_weight: Any, tasks: EpochTasks | None
    ) -> dict[str, list[Any]]:
        X, y, weight = train
        callbacks = [self.callbacks] if callable(self.callbacks) else [*self.callbacks]
        if tasks is not None:
            callbacks.append(_Tasks(tasks))
        if self.early_stopping and held_out is not None:
            callbacks.append(EarlyStopping("val_loss", patience=self.n_iter_no_change, min_delta=self.tol))
        validation = None if held_out is None else tuple(part for part in held_out if part is not None)
        found = self.trainer_.fit(
            X, y, epochs=1 if tasks is None else self.epochs, batch_size=self.batch_size, shuffle=self.shuffle,
            sample_weight=weight, class_weight=class_weight, validation_data=validation, callbacks=callbacks,
            verbose=self.verbose,
        )  # fmt: skip
        self.n_iter_ = len(found["loss"])
        return found

    # --- predicting ----------------------------------------------------------------------------------------------

    def _raw(self, X: Any) -> Tensor:
        """The module's outputs."""
        check_is_fitted(self, "module_")
        X = validate_data(self, X, allow_nd=True, reset=False)
        found: Tensor = self.trainer_.predict(wrap(self._typed(X)), batch_size=_PREDICTED_AT_ONCE, raw=True)
        return found

    def _outputs(self, X: Any) -> Array:
        return self._raw(X)._array


class _Tasks(Callback):
    """Tells scikit-learn's callbacks of the epochs."""

    comes_last = True

    def __init__(self, tasks: EpochTasks) -> None:
        self.tasks = tasks

    def on_epoch_begin(self, run: Run) -> None:
        self.tasks.begin()

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        if self.tasks.end():
            run.stop("a callback of scikit-learn's wants so")
