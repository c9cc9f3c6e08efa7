"""How a multilayer perceptron is trained: Adam, gradient descent, L-BFGS, with scikit-learn's stopping rules."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning

from tinygrad_nn import nn, optim
from tinygrad_nn._core.tensor import wrap

from .callbacks import EpochTasks
from .data import Rows
from .mlp_network import Array, biases_of, data_loss, linear_layers, squares, weights_of


class Stepper:
    """An optimizer of this package, with scikit-learn's meaning of its options.

    The penalty ``alpha / 2 * sum(weights ** 2)`` is divided by the weight of a batch, and biases have none.

    Args:
        estimator: whose options count.
        network: whose parameters are stepped.
    """

    def __init__(self, estimator: Any, network: nn.Sequential) -> None:
        # The penalty is added to the gradients here, as it takes longer to step weights and biases as two groups.
        self.penalized = [layer.weight for layer in linear_layers(network)]
        self.lr = float(estimator.learning_rate_init)
        self.steps = 0
        self.is_adam = estimator.solver == "adam"
        self.optimizer: optim.Optimizer
        if self.is_adam:
            betas = estimator.beta_1, estimator.beta_2
            self.optimizer = optim.Adam(network.parameters(), self.lr, betas, estimator.epsilon)
        else:
            momentum = float(estimator.momentum)
            nesterov = bool(estimator.nesterovs_momentum and momentum > 0)
            self.optimizer = optim.SGD(network.parameters(), self.lr, momentum, nesterov=nesterov)

    def step(self, estimator: Any, batch_weight: float) -> None:
        """Update the network from its gradients, then forget these."""
        self.steps += 1
        if estimator.alpha:
            for weight in self.penalized:
                gradient = weight.grad._array  # type: ignore[union-attr]  # which backward has made
                gradient += weight._array * (estimator.alpha / batch_weight)
        if self.is_adam:
            # scikit-learn adds epsilon before the second moment is freed from its bias.
            self.optimizer.param_groups[0]["eps"] = estimator.epsilon / math.sqrt(1 - estimator.beta_2**self.steps)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def set_rate(self, lr: float) -> None:
        """Change the learning rate from now on.

        There, the momentum remembers steps, which contain the rates of their time; here it remembers gradients.
        """
        if lr == self.lr:
            return
        for state in self.optimizer.state.values():
            buffer = state.get("momentum_buffer")
            if buffer is not None:
                buffer.mul_(self.lr / lr)
        self.optimizer.param_groups[0]["lr"] = lr
        self.lr = lr

    def end_epoch(self, estimator: Any, seen: int) -> None:
        """After an epoch, `seen` examples since the beginning."""
        if not self.is_adam and estimator.learning_rate == "invscaling":
            self.set_rate(float(estimator.learning_rate_init) / (seen + 1) ** estimator.power_t)

    def is_finished(self, estimator: Any, reason: str) -> bool:
        """Whether to stop, as nothing has got better; or to go on with a smaller rate."""
        if self.is_adam or estimator.learning_rate != "adaptive":
            told, finished = "Stopping.", True
        elif self.lr <= 1e-6:
            told, finished = "Learning rate too small. Stopping.", True
        else:
            self.set_rate(self.lr / 5)
            told, finished = f"Setting learning rate to {self.lr:f}", False
        if estimator.verbose:
            print(f"{reason} {told}")
        return finished


def train_epoch(estimator: Any, stepper: Stepper, rows: Rows, batch_size: int, random_state: Any) -> float:
    """Go through all rows once, in a new order if the estimator shuffles. Returns the mean loss."""
    network, kind = estimator.module_, estimator.out_activation_
    weights = weights_of(network)
    count, share = len(rows), estimator._reported_share
    if estimator.shuffle:
        random_state.shuffle(rows.order)
    total = 0.0
    for start in range(0, count, batch_size):
        inputs, targets, sample_weight = rows.batch(start, start + batch_size)
        size = len(inputs)
        batch_weight = size if sample_weight is None else float(sample_weight.sum())
        if not batch_weight:
            continue
        loss = data_loss(
            kind, network(wrap(inputs)), wrap(targets), None if sample_weight is None else wrap(sample_weight)
        )
        loss.backward()
        penalty = 0.5 * estimator.alpha * squares(weights) / batch_weight if estimator.alpha else 0.0
        total += (float(loss._array) * share + penalty) * size
        stepper.step(estimator, batch_weight)
    return total / count


def fit_stochastic(estimator: Any, rows: Rows, held_out: Any, random_state: Any, tasks: EpochTasks | None) -> None:
    """Epochs until nothing gets better, or ``max_iter`` are over; one epoch only without `tasks` (``partial_fit``)."""
    stepper = estimator._stepper
    batch_size = _batch_size(estimator, len(rows))
    estimator.n_iter_ = 0
    try:
        while estimator.n_iter_ < estimator.max_iter:
            if tasks is not None:
                tasks.begin()
            with np.errstate(over="ignore", invalid="ignore"):  # which is said in the end, if it comes to that
                estimator.loss_ = train_epoch(estimator, stepper, rows, batch_size, random_state)
            estimator.n_iter_ += 1
            estimator.t_ += len(rows)
            estimator.loss_curve_.append(estimator.loss_)
            if estimator.verbose:
                print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
            _note_progress(estimator, held_out)
            stepper.end_epoch(estimator, estimator.t_)
            told_to = tasks is not None and tasks.end()
            if _is_finished(estimator, stepper, held_out is not None) or told_to or tasks is None:
                return
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization hasn't "
            "converged yet.",
            ConvergenceWarning,
            stacklevel=4,
        )
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=4)


def _batch_size(estimator: Any, count: int) -> int:
    if estimator.batch_size == "auto":
        return min(200, count)
    if estimator.batch_size > count:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=6
        )
    return int(min(estimator.batch_size, count))


def _note_progress(estimator: Any, held_out: Any) -> None:
    """Count for how many epochs nothing has got better, and keep the best weights of those with a validation."""
    if held_out is None:
        loss = estimator.loss_curve_[-1]
        better = loss <= estimator.best_loss_ - estimator.tol
        estimator.best_loss_ = min(estimator.best_loss_, loss)
    else:
        score = estimator._validation_score(*held_out)
        estimator.validation_scores_.append(score)
        if estimator.verbose:
            print(f"Validation score: {score:f}")
        better = not score < estimator.best_validation_score_ + estimator.tol
        if score > estimator.best_validation_score_:
            estimator.best_validation_score_ = score
            estimator._best = [array.copy() for array in _parameters(estimator)]
    estimator._no_improvement_count = 0 if better else estimator._no_improvement_count + 1


def _is_finished(estimator: Any, stepper: Stepper, is_validated: bool) -> bool:
    if estimator._no_improvement_count <= estimator.n_iter_no_change:
        return False
    what = "Validation score" if is_validated else "Training loss"
    reason = (
        f"{what} did not improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} consecutive epochs."
    )
    estimator._no_improvement_count = 0 if estimator.learning_rate == "adaptive" else estimator._no_improvement_count
    return stepper.is_finished(estimator, reason)


def _parameters(estimator: Any) -> list[Array]:
    return [*weights_of(estimator.module_), *biases_of(estimator.module_)]


def restore_best(estimator: Any) -> None:
    """Put the weights back that did best in the validation."""
    for array, best in zip(_parameters(estimator), estimator._best, strict=True):
        array[...] = best


# --- L-BFGS -------------------------------------------------------------------------------------------------------


class WholeLoss:
    """The loss of all rows as a function of one vector, as `scipy.optimize.minimize` wants it."""

    def __init__(self, estimator: Any, rows: Rows) -> None:
        self.estimator, self.layers = estimator, linear_layers(estimator.module_)
        inputs, targets, weight = rows.batch(0, len(rows))
        self.weight = len(inputs) if weight is None else float(weight.sum())
        self.arguments = wrap(inputs), wrap(targets), None if weight is None else wrap(weight)

    def read(self) -> Array:
        """All weights and biases."""
        return self._flat([layer.weight for layer in self.layers], [layer.bias for layer in self.layers])

    def write(self, vector: Array) -> None:
        """Set all weights and biases."""
        for array in [layer.weight._array.T for layer in self.layers] + biases_of(self.estimator.module_):
            array[...] = vector[: array.size].reshape(array.shape)
            vector = vector[array.size :]

    def __call__(self, vector: Array) -> tuple[float, Array]:
        """The loss at this point, and its gradient."""
        self.write(vector)
        estimator = self.estimator
        inputs, targets, weight = self.arguments
        loss = data_loss(estimator.out_activation_, estimator.module_(inputs), targets, weight)
        estimator.module_.zero_grad()
        loss.backward()
        gradient = self._flat(
            [layer.weight.grad for layer in self.layers],
            [layer.bias.grad for layer in self.layers if layer.bias is not None],
        )
        weights = weights_of(estimator.module_)
        penalized = sum(array.size for array in weights)
        gradient[:penalized] += estimator.alpha / self.weight * vector[:penalized]
        self.penalty = 0.5 * estimator.alpha * squares(weights) / self.weight
        return float(loss._array) + self.penalty, gradient

    @staticmethod
    def _flat(weights: Any, biases: Any) -> Array:
        """In scikit-learn's order: all weights (inputs, outputs), then all biases; float64."""
        parts = [tensor._array.T.ravel() for tensor in weights] + [tensor._array for tensor in biases]
        return np.concatenate(parts).astype(np.float64)


def fit_lbfgs(estimator: Any, rows: Rows, tasks: EpochTasks) -> None:
    """Minimize the loss of all rows at once."""
    loss = WholeLoss(estimator, rows)
    last = loss.read()
    tasks.begin()

    def after_iteration(vector: Array) -> None:
        nonlocal last
        last = vector.copy()
        loss.write(vector)
        if tasks.end():
            raise StopIteration
        tasks.begin()

    try:
        result = scipy.optimize.minimize(
            loss, last, method="L-BFGS-B", jac=True, callback=after_iteration,
            options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol},
        )  # fmt: skip
    except StopIteration:  # which older versions of SciPy let pass
        result = scipy.optimize.OptimizeResult(x=last, fun=loss(last)[0], nit=1, status=99, message="")
    found = loss(result.x)[0]  # which also puts the network there
    estimator.module_.zero_grad()
    estimator.loss_ = (found - loss.penalty) * estimator._reported_share + loss.penalty
    estimator.n_iter_ = min(int(result.nit), estimator.max_iter)
    if estimator.verbose:
        print(f"L-BFGS: {estimator.n_iter_} iterations, {result.nfev} evaluations, loss = {estimator.loss_:.8f}")
    if result.status not in (0, 99):
        more = f"\nIncrease the number of iterations to improve the convergence (max_iter={estimator.max_iter})."
        warnings.warn(
            f"lbfgs failed to converge after {estimator.n_iter_} iteration(s) (status={result.status}):\n"
            f"{result.message}\n{more if estimator.n_iter_ == estimator.max_iter else ''}\n"
            "You might also want to scale the data: "
            "https://scikit-learn.org/stable/modules/preprocessing.html",
            ConvergenceWarning,
            stacklevel=4,
        )
