"""Any module as a scikit-learn estimator: the classifier and the regressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import column_or_1d

from .callbacks import with_callbacks
from .data import Array
from .net_base import NeuralNet
from .parameters import a_dict, any_of, check, just, word
from .targets import ClassTargets

__all__ = ["NeuralNetClassifier", "NeuralNetRegressor"]


class NeuralNetClassifier(ClassifierMixin, ClassTargets, NeuralNet):
    """Any module as a classifier that works with scikit-learn: in pipelines, searches and cross-validation.

    It is trained by a `tinygrad_nn.training.Trainer`, which it keeps.

    Args:
        module: a module with an output for each class, which is copied; its class, or a function that makes one: it is
            given ``n_features`` (or ``in_features``) and ``n_outputs`` (or ``n_classes``, ``out_features``) if it has
            parameters of these names. None: a hidden layer of 100 units.
        loss: its name, module, or function of output and target. "auto" is "cross_entropy"; or "bce_with_logits", if
            the examples have several labels. With a binary loss and two classes the module has one output.
        optimizer: its name, class, or function of parameters.
        lr: the learning rate; the optimizer's own if None.
        epochs: how often to go through the data.
        batch_size: how many examples there are in a batch.
        shuffle: whether each epoch goes through the examples in a new order.
        metrics: what is written down for each epoch, beside the loss: names, or objects of `tinygrad_nn.metrics`.
        early_stopping: whether to stop when the validation's loss gets no better for ``n_iter_no_change`` epochs, by
            more than ``tol``, and to keep the weights of the best epoch.
        validation_fraction: the share of the examples of each class that is held out for validation. None: a tenth for
            early stopping, else nothing.
        n_iter_no_change, tol: for early stopping.
        callbacks: of `tinygrad_nn.training`, or functions of the run and the logs.
        class_weight: how much each class counts: "balanced", by which all count the same, or a dict by class.
        clip_norm: limits the gradients' norm.
        module_options: what else the class or function is given: a dict.
        optimizer_options: what else the optimizer is given: a dict.
        random_state: an int, or a `numpy.random.RandomState`, for weights, shuffling, dropout and the held-out
            examples. None: from `tinygrad_nn`'s own random numbers, which `manual_seed` sets.
        warm_start: whether `fit` goes on from the last fit.
        dtype: of weights and data; None: float32 for data of that type, else float64.
        verbose: as for `Trainer.fit`: 0, 1 or 2.

    Attributes:
        module_: the trained module.
        trainer_: what trained it.
        history_: a list for each number, with an entry for each epoch: for `plots.history`.
        classes_: the classes.
        n_iter_: how many epochs the last fit took.
        n_features_in_, feature_names_in_: as in scikit-learn.

    Raises:
        ValueError: an argument, the data or the classes are not what they must be.

    Source: https://scikit-learn.org/stable/developers/develop.html

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.model_selection import GridSearchCV
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> from tinygrad_nn import nn
        >>> from tinygrad_nn.sklearn import NeuralNetClassifier
        >>> def network(n_features, n_classes, hidden=8):
        ...     return nn.Sequential(nn.Linear(n_features, hidden), nn.Tanh(), nn.Linear(hidden, n_classes))
        >>> classifier = NeuralNetClassifier(network, epochs=30, batch_size=16, random_state=0)
        >>> grid = {
        ...     "neuralnetclassifier__lr": [1e-4, 1e-2],
        ...     "neuralnetclassifier__module_options": [{"hidden": 4}, {"hidden": 16}],
        ... }
        >>> search = GridSearchCV(make_pipeline(StandardScaler(), classifier), grid, cv=3)
        >>> search = search.fit(*load_iris(return_X_y=True))
        >>> search.best_params_["neuralnetclassifier__lr"], search.best_score_.item() > 0.93
        (0.01, True)
    """

    def __init__(
        self, module: Any = None, *, loss: Any = "auto", optimizer: Any = "adam", lr: float | None = None,
        epochs: int = 50, batch_size: int = 128, shuffle: bool = True, metrics: Any = ("accuracy",),
        early_stopping: bool = False, validation_fraction: float | None = None, n_iter_no_change: int = 10,
        tol: float = 0.0, callbacks: Any = (), class_weight: Any = None, clip_norm: float | None = None,
        module_options: Any = None, optimizer_options: Any = None, random_state: Any = None,
        warm_start: bool = False, dtype: Any = None, verbose: int = 0,
    ) -> None:  # fmt: skip
        self.module = module
        self.loss = loss
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.metrics = metrics
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.class_weight = class_weight
        self.clip_norm = clip_norm
        self.module_options = module_options
        self.optimizer_options = optimizer_options
        self.random_state = random_state
        self.warm_start = warm_start
        self.dtype = dtype
        self.verbose = verbose

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> NeuralNetClassifier:
        """Train a new module.

        Args:
            X: inputs, with an example in each row: (n_samples, n_features), or of more dimensions.
            y: classes, (n_samples,); or 0 and 1 for each label, (n_samples, n_labels).
            sample_weight: how much each example counts.
            validation_data: ``(X, y)`` to validate with; instead of held-out examples.
        """
        return self._fit(X, y, sample_weight, validation_data, incremental=False)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> NeuralNetClassifier:
        """Train for one epoch on these examples, from where the last call ended.

        Args:
            X, y, sample_weight: as for `fit`.
            classes: all classes that will ever come; needed in the first call.
        """
        self._know_classes(y, classes)
        return self._fit(X, y, sample_weight, None, incremental=True)

    def _targets(self, y: Any, incremental: bool) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return self._encode(y, incremental)

    def _loss(self) -> Any:
        if isinstance(self.loss, str) and self.loss == "auto":
            return "bce_with_logits" if self._has_labels else "cross_entropy"
        return self.loss

    def _sizes(self, y: Array, is_binary: bool) -> int:
        if self._has_labels:
            return int(y.shape[1])
        return 1 if is_binary and len(self.classes_) <= 2 else max(2, len(self.classes_))

    def _shaped(self, y: Array, output: Array) -> Array:
        objective, count, has_one = self.trainer_.objective, len(self.classes_), self._is_binary(output)
        examples = len(output)
        given = f"the module's outputs have shape {output.shape} for {examples} examples"
        if self._has_labels:
            if output.size != examples * y.shape[1]:
                raise ValueError(f"{given}, and y has {y.shape[1]} labels. Expected outputs ({examples}, {y.shape[1]})")
            return y.reshape(len(y), *output.shape[1:]).astype(np.float64)
        if objective.is_binary and count > 2:
            raise ValueError(
                f"loss: {objective.name} is for two classes, or for several labels of each example, and there are "
                f"{count} classes. Use 'cross_entropy'"
            )
        if objective.is_binary and not has_one:
            raise ValueError(
                f"{given}. Expected one output with {objective.name}, ({examples}, 1); for one of each class the "
                "loss is 'cross_entropy'"
            )
        if has_one and (objective.is_classes or count > 2):
            raise ValueError(
                f"{given}, and there are {count} classes. Expected outputs ({examples}, {count}); for one output and "
                "two classes the loss is 'bce_with_logits'"
            )
        if has_one:
            return y.reshape(len(y), *output.shape[1:]).astype(np.float64)
        if output.ndim < 2 or output.shape[1] < count:
            raise ValueError(f"{given}, and there are {count} classes. Expected outputs ({examples}, {count})")
        return y

    def _is_binary(self, output: Array) -> bool:
        return output.ndim == 1 or (output.ndim == 2 and output.shape[1] == 1)

    def _class_weights(self, y: Array) -> Any:
        if self.class_weight is None:
            return None
        check(self, {"class_weight": any_of(word("balanced"), a_dict(), just(None))})
        if self._has_labels:
            raise ValueError("class_weight: the examples have several labels each, not one class. Give sample_weight")
        return compute_class_weight(self.class_weight, classes=self.classes_, y=self.classes_[y])

    def _stratified(self, y: Array) -> Array | None:
        return None if self._has_labels else y

    def predict(self, X: Any) -> Array:
        """The most likely class of each example; or, with several labels, 0 and 1 for each."""
        raw = self._outputs(X)
        if self.trainer_.objective.is_binary or self._is_binary(raw):
            threshold = 0.5 if self.trainer_.objective.from_logits is False else 0.0
            found = (raw > threshold).astype(np.int64)
            return found if self._has_labels else self.classes_[found.reshape(-1)]
        return self._decode(raw)

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of ``classes_``; or of each label.

        Raises:
            TypeError: the loss says nothing of probabilities.
        """
        raw = self._raw(X)
        found = np.asarray(self.trainer_.objective.probabilities(raw))
        if self._has_labels or not self.trainer_.objective.is_binary:
            return found
        one = found.reshape(-1)
        return np.stack([1 - one, one], axis=1)

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithms of `predict_proba`."""
        return np.log(self.predict_proba(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NeuralNetRegressor(RegressorMixin, NeuralNet):
    """Any module as a regressor that works with scikit-learn: in pipelines, searches and cross-validation.

    Args:
        module: a module with an output for each number, which is copied; its class, or a function that makes one: it is
            given ``n_features`` (or ``in_features``) and ``n_outputs`` (or ``out_features``) if it has parameters of
            these names. None: a hidden layer of 100 units.
        loss: its name, module, or function of output and target.
        optimizer, lr, epochs, batch_size, shuffle, metrics, early_stopping, validation_fraction, n_iter_no_change, tol,
            callbacks, clip_norm, module_options, optimizer_options, random_state, warm_start, dtype, verbose: as for
            `NeuralNetClassifier`.

    Attributes:
        module_, trainer_, history_, n_iter_, n_features_in_, feature_names_in_: as for `NeuralNetClassifier`.
        n_outputs_: how many numbers it gives for an example.

    Raises:
        ValueError: an argument or the data are not what they must be.

    Source: https://scikit-learn.org/stable/developers/develop.html

    Example:
        >>> import numpy as np
        >>> from tinygrad_nn import nn
        >>> from tinygrad_nn.sklearn import NeuralNetRegressor
        >>> x = np.linspace(-1, 1, 200)[:, None]
        >>> regressor = NeuralNetRegressor(nn.Linear, lr=0.1, epochs=40, batch_size=20, random_state=0)
        >>> regressor.fit(x, 3 * x[:, 0] - 1).predict([[0.5]]).round(2)
        array([0.5])
    """

    def __init__(
        self, module: Any = None, *, loss: Any = "mse", optimizer: Any = "adam", lr: float | None = None,
        epochs: int = 50, batch_size: int = 128, shuffle: bool = True, metrics: Any = ("r2",),
        early_stopping: bool = False, validation_fraction: float | None = None, n_iter_no_change: int = 10,
        tol: float = 0.0, callbacks: Any = (), clip_norm: float | None = None, module_options: Any = None,
        optimizer_options: Any = None, random_state: Any = None, warm_start: bool = False, dtype: Any = None,
        verbose: int = 0,
    ) -> None:  # fmt: skip
        self.module = module
        self.loss = loss
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.metrics = metrics
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.clip_norm = clip_norm
        self.module_options = module_options
        self.optimizer_options = optimizer_options
        self.random_state = random_state
        self.warm_start = warm_start
        self.dtype = dtype
        self.verbose = verbose

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> NeuralNetRegressor:
        """Train a new module.

        Args:
            X: inputs, with an example in each row: (n_samples, n_features), or of more dimensions.
            y: what to give, (n_samples,) or (n_samples, n_outputs).
            sample_weight: how much each example counts.
            validation_data: ``(X, y)`` to validate with; instead of held-out examples.
        """
        return self._fit(X, y, sample_weight, validation_data, incremental=False)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralNetRegressor:
        """Train for one epoch on these examples, from where the last call ended.

        Args:
            X, y, sample_weight: as for `fit`.
        """
        return self._fit(X, y, sample_weight, None, incremental=True)

    n_outputs_: int
    _y_numeric = True

    def _targets(self, y: Any, incremental: bool) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._is_flat = y.ndim == 1
        outputs = 1 if self._is_flat else y.shape[1]
        if (incremental or self.warm_start) and getattr(self, "n_outputs_", outputs) != outputs:
            raise ValueError(
                f"y has {outputs} outputs, and the module that is to be trained further has {self.n_outputs_}"
            )
        self.n_outputs_ = outputs
        found: Array = y.astype(np.float64).reshape(len(y), -1)
        return found

    def _loss(self) -> Any:
        return self.loss

    def _sizes(self, y: Array, is_binary: bool) -> int:
        return int(y.shape[1])

    def _shaped(self, y: Array, output: Array) -> Array:
        if output.size != len(output) * y.shape[1]:
            raise ValueError(
                f"the module's outputs have shape {output.shape} for {len(output)} examples, and y has {y.shape[1]} "
                f"numbers for each. Expected outputs ({len(output)}, {y.shape[1]})"
            )
        return y.reshape(len(y), *output.shape[1:])

    def _class_weights(self, y: Array) -> Any:
        return None

    def _stratified(self, y: Array) -> Array | None:
        return None

    def predict(self, X: Any) -> Array:
        """The outputs, (n_samples,) or (n_samples, n_outputs)."""
        found = self._outputs(X)
        return found.reshape(-1) if self._is_flat else found.reshape(len(found), -1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
