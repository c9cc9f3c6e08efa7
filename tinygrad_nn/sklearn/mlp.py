"""scikit-learn's multilayer perceptrons, trained by this package: same arguments, same meaning, same results.

Source: https://scikit-learn.org/stable/modules/neural_networks_supervised.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d, validate_data

from .callbacks import with_callbacks
from .data import Array
from .mlp_base import RULES, MultilayerPerceptron
from .parameters import Rule, word
from .targets import ClassTargets

__all__ = ["MLPClassifier", "MLPRegressor"]


class MLPClassifier(ClassifierMixin, ClassTargets, MultilayerPerceptron):
    """A multilayer perceptron that classifies: scikit-learn's `MLPClassifier`, faster.

    It starts from the same weights as scikit-learn's with the same ``random_state``, sees the same batches, and
    minimizes the same loss: results agree to the precision of their arithmetic. Data of type float32 is computed with
    in float32, other data in float64.

    Args:
        hidden_layer_sizes: the number of units in each hidden layer.
        activation: of the hidden layers: "relu", "tanh", "logistic" or "identity".
        solver: "adam", "sgd", or "lbfgs" for small data.
        alpha: strength of the penalty on squared weights; divided by the size of a batch.
        batch_size: examples in a batch; "auto" is ``min(200, n_samples)``.
        learning_rate: for "sgd": "constant"; "invscaling", ``learning_rate_init / t**power_t``; or "adaptive", a fifth
            each time that training gets no better.
        learning_rate_init: the learning rate at first.
        power_t: the exponent for "invscaling".
        max_iter: the most epochs, or iterations of "lbfgs".
        shuffle: whether each epoch goes through the examples in a new order.
        random_state: an int, or a `numpy.random.RandomState`, for weights, batches and the held-out examples.
        tol: what counts as getting better.
        verbose: whether to print the loss of each epoch.
        warm_start: whether `fit` goes on from the last fit.
        momentum, nesterovs_momentum: for "sgd".
        early_stopping: whether to hold out examples, stop when their score gets no better, and keep the best weights.
        validation_fraction: how many to hold out.
        beta_1, beta_2, epsilon: for "adam".
        n_iter_no_change: for how many epochs nothing may get better.
        max_fun: the most evaluations of "lbfgs".

    Attributes:
        module_: the network, a `Sequential` that can be used, saved and trained on as any module.
        classes_: the classes.
        coefs_, intercepts_: weights (inputs, outputs) and biases of each layer, as views of the network's own.
        loss_, loss_curve_, best_loss_: the last loss, that of each epoch, and the least.
        validation_scores_, best_validation_score_: accuracies on the held-out examples.
        n_iter_, t_: epochs, and examples seen.
        n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_: as in scikit-learn.

    Raises:
        ValueError: an argument, the data or the classes are not what they must be.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.neural_network.MLPClassifier.html

    Example:
        >>> from sklearn.datasets import load_digits
        >>> from sklearn.model_selection import train_test_split
        >>> from tinygrad_nn.sklearn import MLPClassifier
        >>> X, X_test, y, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
        >>> classifier = MLPClassifier((64,), learning_rate_init=0.01, tol=1e-3, random_state=0).fit(X / 16, y)
        >>> classifier.score(X_test / 16, y_test) > 0.95
        True
        >>> classifier.module_
        Sequential(
          (0): Linear(in_features=64, out_features=64, bias=True)
          (1): ReLU()
          (2): Linear(in_features=64, out_features=10, bias=True)
        )
    """

    loss = "log_loss"

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: str = "relu", *, solver: str = "adam",
        alpha: float = 0.0001, batch_size: Any = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: Any = None, tol: float = 1e-4, verbose: Any = False, warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: Any = 10, max_fun: int = 15000,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Train the network.

        Args:
            X: inputs, (n_samples, n_features): an array or a sparse matrix.
            y: classes, (n_samples,); or, with several labels for an example, 0 and 1, (n_samples, n_labels).
            sample_weight: how much each example counts.
        """
        return self._fit(X, y, sample_weight, incremental=False)

    @available_if(MultilayerPerceptron._check_solver)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> MLPClassifier:
        """Train for one epoch on these examples, from where the last call ended.

        Args:
            X, y, sample_weight: as for `fit`.
            classes: all classes that will ever come; needed in the first call.
        """
        self._know_classes(y, classes)
        return self._fit(X, y, sample_weight, incremental=True)

    def _read(self, X: Any, y: Any, first: bool, incremental: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=(np.float64, np.float32), reset=first
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        targets = self._encode(y, incremental)
        if not self._has_labels and len(self.classes_) > 2:
            self.n_outputs_ = len(self.classes_)
            return X, targets
        targets = targets.reshape(len(targets), -1).astype(X.dtype)
        self.n_outputs_ = targets.shape[1]
        return X, targets

    def _output_activation(self) -> str:
        return "logistic" if self._has_labels or len(self.classes_) <= 2 else "softmax"

    def predict(self, X: Any) -> Array:
        """The most likely class of each example; or, with several labels, 0 and 1 for each."""
        return self._decode(self.predict_proba(X))

    def _validation_score(self, X: Any, y: Array, sample_weight: Array | None) -> float:
        outputs = self._outputs(X, check_input=False)
        if not np.isfinite(outputs).all():
            return float("nan")
        kind = self.out_activation_
        labels = outputs.argmax(axis=1) if kind == "softmax" else outputs > 0.5
        return float(accuracy_score(y, labels, sample_weight=sample_weight))

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of ``classes_``."""
        outputs = self._outputs(X)
        if self.n_outputs_ > 1 or self._has_labels:
            return outputs
        return np.column_stack([1 - outputs, outputs])

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithms of `predict_proba`."""
        probabilities = self.predict_proba(X)
        return np.log(probabilities, out=probabilities)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MLPRegressor(RegressorMixin, MultilayerPerceptron):
    """A multilayer perceptron whose outputs are numbers: scikit-learn's `MLPRegressor`, faster.

    Args:
        loss: "squared_error", or "poisson" for counts, where the network gives their logarithm.
        hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter,
            shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping,
            validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun: as for `MLPClassifier`.

    Attributes:
        module_: the network, a `Sequential` that can be used, saved and trained on as any module.
        coefs_, intercepts_, loss_, loss_curve_, best_loss_, validation_scores_, best_validation_score_, n_iter_, t_,
            n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_: as for `MLPClassifier`; scores
            are R2.

    Raises:
        ValueError: an argument or the data are not what they must be.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.neural_network.MLPRegressor.html

    Example:
        >>> import numpy as np
        >>> from tinygrad_nn.sklearn import MLPRegressor
        >>> x = np.linspace(-2, 2, 100)[:, None]
        >>> y = np.sin(2 * x[:, 0])
        >>> MLPRegressor(hidden_layer_sizes=(30,), solver="lbfgs", random_state=0).fit(x, y).score(x, y) > 0.99
        True
    """

    _rules: Mapping[str, Rule] = {**RULES, "loss": word("squared_error", "poisson")}

    def __init__(
        self, loss: str = "squared_error", hidden_layer_sizes: Any = (100,), activation: str = "relu", *,
        solver: str = "adam", alpha: float = 0.0001, batch_size: Any = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: Any = None, tol: float = 1e-4, verbose: Any = False, warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: Any = 10, max_fun: int = 15000,
    ) -> None:  # fmt: skip
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train the network.

        Args:
            X: inputs, (n_samples, n_features): an array or a sparse matrix.
            y: what to give, (n_samples,) or (n_samples, n_outputs).
            sample_weight: how much each example counts.
        """
        return self._fit(X, y, sample_weight, incremental=False)

    @available_if(MultilayerPerceptron._check_solver)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train for one epoch on these examples, from where the last call ended.

        Args:
            X, y, sample_weight: as for `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def _read(self, X: Any, y: Any, first: bool, incremental: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, y_numeric=True, dtype=(np.float64, np.float32),
            reset=first,
        )  # fmt: skip
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        y = y.reshape(len(y), -1).astype(X.dtype)
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"the loss 'poisson' is for counts, y >= 0, and the least of these is {y.min():g}")
        if not first and y.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {y.shape[1]} outputs, and the network that is to be trained further has {self.n_outputs_}"
            )
        self.n_outputs_ = y.shape[1]
        return X, y

    def _output_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    @property
    def _reported_share(self) -> float:  # type: ignore[override]
        # Squares are minimized as a sum over the outputs, and reported as a mean.
        return 1 / self.n_outputs_ if self.loss == "squared_error" else 1.0

    def predict(self, X: Any) -> Array:
        """The outputs, (n_samples,) or (n_samples, n_outputs)."""
        outputs = self._outputs(X)
        return outputs.ravel() if self.n_outputs_ == 1 else outputs

    def _validation_score(self, X: Any, y: Array, sample_weight: Array | None) -> float:
        outputs = self._outputs(X, check_input=False)
        return float(r2_score(y, outputs, sample_weight=sample_weight)) if np.isfinite(outputs).all() else float("nan")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
