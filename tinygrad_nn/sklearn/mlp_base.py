"""What the classifier and the regressor share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from tinygrad_nn import nn
from tinygrad_nn._core.modes import no_grad
from tinygrad_nn._core.tensor import wrap

from .callbacks import CallbackSupportMixin, EpochTasks
from .data import Array, Rows, dense, read_weight
from .mlp_network import ACTIVATIONS, biases_of, make_network, weights_of
from .mlp_solvers import Stepper, fit_lbfgs, fit_stochastic, restore_best
from .parameters import Rule, any_of, boolean, check, just, number, whole, word

RULES = {
    "activation": word(*ACTIVATIONS),
    "solver": word("lbfgs", "sgd", "adam"),
    "alpha": number(0),
    "batch_size": any_of(word("auto"), whole(1)),
    "learning_rate": word("constant", "invscaling", "adaptive"),
    "learning_rate_init": number(0, above=True),
    "power_t": number(0),
    "max_iter": whole(1),
    "shuffle": boolean(),
    "tol": number(0),
    "verbose": any_of(boolean(), whole(0)),
    "warm_start": boolean(),
    "momentum": number(0, 1),
    "nesterovs_momentum": boolean(),
    "early_stopping": boolean(),
    "validation_fraction": number(0, 1, below=True),
    "beta_1": number(0, 1, below=True),
    "beta_2": number(0, 1, below=True),
    "epsilon": number(0, above=True),
    "n_iter_no_change": any_of(whole(1), just(math.inf)),
    "max_fun": whole(1),
}


class MultilayerPerceptron(CallbackSupportMixin, BaseEstimator):
    """Base of `MLPClassifier` and `MLPRegressor`."""

    module_: nn.Sequential
    loss: str
    out_activation_: str
    _reported_share = 1.0  # of the loss that is minimized, the part that scikit-learn reports
    n_outputs_: int
    _rules: Mapping[str, Rule] = RULES

    # --- what a subclass says ------------------------------------------------------------------------------------

    def _read(self, X: Any, y: Any, first: bool, incremental: bool) -> tuple[Any, Array]:
        """Checked inputs, and targets as the loss takes them."""
        raise NotImplementedError

    def _output_activation(self) -> str:
        raise NotImplementedError

    def _validation_score(self, X: Any, y: Array, sample_weight: Array | None) -> float:
        raise NotImplementedError

    # --- weights -------------------------------------------------------------------------------------------------

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each layer, (inputs, outputs): views of the network's own."""
        self._need("coefs_")
        return [array.T for array in weights_of(self.module_)]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each layer, (outputs,): the network's own."""
        self._need("intercepts_")
        return biases_of(self.module_)

    def _need(self, name: str) -> None:
        if "module_" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r} before fit")

    # --- fitting -------------------------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Any:
        check(self, self._rules)
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        hidden = _sizes(self.hidden_layer_sizes)
        first = "module_" not in vars(self) or not (self.warm_start or incremental)
        X, y = self._read(X, y, first, incremental)
        weight = read_weight(sample_weight, X)
        random_state = check_random_state(self.random_state)
        if first:
            self._start(X, hidden, random_state)
        elif _hidden_sizes(self.module_) != hidden:
            raise ValueError(
                f"hidden_layer_sizes is {hidden}, and the network that is to be trained further has "
                f"{_hidden_sizes(self.module_)}. Set warm_start=False to start anew"
            )
        if self.solver == "lbfgs":
            tasks: EpochTasks | None = EpochTasks(self, None, X, y, sample_weight)
            assert tasks is not None
            fit_lbfgs(self, Rows(X, y, weight), tasks)
        else:
            tasks = self._fit_stochastic(X, y, weight, random_state, incremental)
        if not all(np.isfinite(array).all() for array in (*self.coefs_, *self.intercepts_)):
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
                "preprocessed."
            )
        if tasks is not None:
            tasks.close()
        return self

    def _start(self, X: Any, hidden: list[int], random_state: Any) -> None:
        """A new network, and nothing known of its training."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(hidden) + 2
        self.out_activation_ = self._output_activation()
        sizes = [X.shape[1], *hidden, self.n_outputs_]
        self.module_ = make_network(sizes, self.activation, X.dtype, random_state)
        if self.solver == "lbfgs":
            return
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        self.best_loss_ = None if self.early_stopping else math.inf
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_ = -math.inf if self.early_stopping else None
        self._best = [array.copy() for array in (*weights_of(self.module_), *biases_of(self.module_))]

    def _fit_stochastic(
        self, X: Any, y: Array, weight: Array | None, random_state: Any, incremental: bool
    ) -> EpochTasks | None:
        if not incremental or not hasattr(self, "_stepper"):
            self._stepper = Stepper(self, self.module_)
        held_out = None
        if self.early_stopping:
            (X, y, weight), held_out = self._hold_out(X, y, weight, random_state)
        tasks = None if incremental else EpochTasks(self, self.max_iter, X, y, weight)
        fit_stochastic(self, Rows(X, y, weight), held_out, random_state, tasks)
        if self.early_stopping:
            restore_best(self)
        return tasks

    def _hold_out(self, X: Any, y: Array, weight: Array | None, random_state: Any) -> tuple[Any, Any]:
        """Rows to train on, and rows to validate with."""
        # As in scikit-learn: shares of classes are kept where there are two of them.
        stratify = y if self.out_activation_ == "logistic" and self.n_outputs_ == 1 else None
        arrays = [X, y] if weight is None else [X, y, weight]
        parts = train_test_split(
            *arrays, random_state=random_state, test_size=self.validation_fraction, stratify=stratify
        )
        train, test = parts[0::2], parts[1::2]
        if test[0].shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        none = [None] if weight is None else []
        return (*train, *none), (*test, *none)

    # --- predicting ----------------------------------------------------------------------------------------------

    def _outputs(self, X: Any, check_input: bool = True) -> Array:
        """The activated outputs, (N, outputs)."""
        check_is_fitted(self, "module_")
        if check_input:
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        dtype = weights_of(self.module_)[0].dtype
        with no_grad():
            output = self.module_(wrap(dense(X).astype(dtype, copy=False)))
            if self.out_activation_ == "softmax":
                output = output.softmax(dim=1)
            elif self.out_activation_ == "logistic":
                output = output.sigmoid()
            elif self.out_activation_ == "exp":
                output = output.exp()
        return output._array

    def _check_solver(self) -> bool:
        if self.solver not in ("sgd", "adam"):
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not stochastic."
            )
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _sizes(hidden_layer_sizes: Any) -> list[int]:
    sizes = list(hidden_layer_sizes) if np.iterable(hidden_layer_sizes) else [hidden_layer_sizes]
    if not all(isinstance(size, int | np.integer) and not isinstance(size, bool) for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be an int or a sequence of ints, got {hidden_layer_sizes!r}.")
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def _hidden_sizes(network: nn.Sequential) -> list[int]:
    return [len(bias) for bias in biases_of(network)[:-1]]
