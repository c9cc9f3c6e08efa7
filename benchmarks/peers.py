"""Fully connected networks with ReLU and cross entropy in other packages, each as its own users write it.

Each contender is given where to start, the batches, and the optimizer: a class of ``torch.optim`` with its options.
Those packages that have no optimizers get the ones by hand.
"""

from __future__ import annotations

import importlib
import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks import by_hand, by_hand_out
from benchmarks.harness import Contender, Job, Settings
from benchmarks.training import CHECKED_STEPS, stepping_job

Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Task:
    """What every contender is to do.

    Args:
        parameters: weight (outputs, inputs) and bias of each layer, to start from.
        batches: inputs and labels.
        optimizer: ``"SGD"`` or ``"Adam"``.
        options: of the optimizer.
    """

    parameters: Sequence[np.ndarray[Any, Any]]
    batches: Sequence[Arrays]
    optimizer: str
    options: dict[str, Any]


MakeTask = Callable[[Settings], Task]


def in_numpy(make_task: MakeTask) -> Contender:
    """Forward, backward and update written by hand."""

    def make(numpy: Any, settings: Settings) -> Job:
        task = make_task(settings)
        network = by_hand.Network(task.parameters)
        optimizer = by_hand.OPTIMIZERS[task.optimizer](network.parameters, **task.options)

        def step(inputs: Any, targets: Any) -> float:
            loss, gradients = network.loss(inputs, targets)
            optimizer.step(gradients)
            return loss

        return stepping_job(task.batches, step, float, settings)

    return make


def in_numpy_out(make_task: MakeTask) -> Contender:
    """The same where nothing is allocated."""

    def make(numpy: Any, settings: Settings) -> Job:
        task = make_task(settings)
        network = by_hand_out.Network(task.parameters, len(task.batches[0][1]))
        optimizer = by_hand_out.OPTIMIZERS[task.optimizer](network.flat, **task.options)

        def step(inputs: Any, targets: Any) -> float:
            loss = network.loss(inputs, targets)
            optimizer.step(network.flat_gradient)
            return loss

        return stepping_job(task.batches, step, float, settings)

    return make


def in_mygrad(make_task: MakeTask) -> Contender:
    """MyGrad's layers, losses and gradients."""

    def make(mygrad: Any, settings: Settings) -> Job:
        relu = importlib.import_module("mygrad.nnet.activations").relu
        cross_entropy = importlib.import_module("mygrad.nnet.losses").softmax_crossentropy
        task = make_task(settings)
        parameters = [mygrad.tensor(values) for values in task.parameters]
        optimizer = by_hand.OPTIMIZERS[task.optimizer]([p.data for p in parameters], **task.options)

        def step(inputs: Any, targets: Any) -> float:
            hidden = inputs
            for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
                hidden = relu(mygrad.matmul(hidden, weight.T) + bias)
            loss = cross_entropy(mygrad.matmul(hidden, parameters[-2].T) + parameters[-1], targets)
            loss.backward()
            optimizer.step([parameter.grad for parameter in parameters])
            return float(loss.item())

        return stepping_job(task.batches, step, float, settings)

    return make


def autograd_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    """The network's loss in HIPS autograd's functions."""
    functions = importlib.import_module("autograd.numpy")
    logsumexp = importlib.import_module("autograd.scipy.special").logsumexp
    hidden = inputs
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        hidden = functions.maximum(functions.dot(hidden, weight.T) + bias, 0)
    logits = functions.dot(hidden, parameters[-2].T) + parameters[-1]
    return functions.mean(logsumexp(logits, axis=1) - logits[np.arange(len(targets)), targets])


def in_autograd(make_task: MakeTask) -> Contender:
    """HIPS autograd's gradients."""

    def make(autograd: Any, settings: Settings) -> Job:
        task = make_task(settings)
        parameters = [values.copy() for values in task.parameters]
        optimizer = by_hand.OPTIMIZERS[task.optimizer](parameters, **task.options)
        gradient = autograd.value_and_grad(autograd_loss)

        def step(inputs: Any, targets: Any) -> float:
            loss, gradients = gradient(parameters, inputs, targets)
            optimizer.step(gradients)
            return float(loss)

        return stepping_job(task.batches, step, float, settings)

    return make


def in_sklearn(make_task: MakeTask) -> Contender:
    """scikit-learn's perceptron, a batch at a time.

    Its Adam adds epsilon before the second moment is corrected, so it is given an epsilon corrected likewise.
    """

    def make(sklearn: Any, settings: Settings) -> Job:
        neural_network = importlib.import_module("sklearn.neural_network")
        task = make_task(settings)
        inputs, targets = task.batches[0]
        weights, biases = task.parameters[0::2], task.parameters[1::2]
        classes = np.arange(len(biases[-1]))
        model = neural_network.MLPClassifier(
            [len(bias) for bias in biases[:-1]],
            solver=task.optimizer.lower(),
            alpha=0.0,
            learning_rate_init=1e-3,
            momentum=task.options.get("momentum", 0.0),
            nesterovs_momentum=False,
            batch_size=len(targets),
            shuffle=False,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a batch of one, and of few classes
            model.partial_fit(inputs, targets, classes=classes)
        for mine, theirs in zip([*model.coefs_, *model.intercepts_], [*(w.T for w in weights), *biases], strict=True):
            mine[...] = theirs
        del model._optimizer  # made anew, without the moments of that step

        steps = itertools.count(1)

        def step(inputs: Any, targets: Any) -> float:
            model.epsilon = 1e-8 * (1 - 0.999 ** next(steps)) ** 0.5
            if hasattr(model, "_optimizer"):
                model._optimizer.epsilon = model.epsilon
            model.partial_fit(inputs, targets)
            return float(model.loss_)

        return stepping_job(task.batches, step, float, settings)

    return make


def in_jax(make_task: MakeTask) -> Contender:
    """A whole step under ``jax.jit``: forward, gradients and update are one compiled program."""

    def make(jax: Any, settings: Settings) -> Job:
        functions = jax.numpy
        task = make_task(settings)

        def loss_of(parameters: Any, inputs: Any, targets: Any) -> Any:
            hidden = inputs
            for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
                hidden = jax.nn.relu(hidden @ weight.T + bias)
            logits = hidden @ parameters[-2].T + parameters[-1]
            picked = functions.take_along_axis(logits, targets[:, None], 1)[:, 0]
            return (jax.nn.logsumexp(logits, axis=1) - picked).mean()

        step_of = jax_step(jax, loss_of, task.optimizer, **task.options)
        return jax_job(jax, step_of, task.parameters, task.batches, settings)

    return make


def jax_step(jax: Any, loss_of: Callable[..., Any], optimizer: str, momentum: float = 0.0) -> Any:
    """A compiled step: from parameters, two lists of moments, the count of steps and a batch, to their successors."""
    functions, rate = jax.numpy, 1e-3

    def step(parameters: Any, means: Any, squares: Any, count: Any, *batch: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, *batch)
        count = count + 1
        if optimizer == "Adam":
            means = [0.9 * m + 0.1 * g for m, g in zip(means, gradients, strict=True)]
            squares = [0.999 * s + 0.001 * g * g for s, g in zip(squares, gradients, strict=True)]
            size, root = rate / (1 - 0.9**count), functions.sqrt(1 - 0.999**count)
            moves = [
                size * m / (functions.sqrt(s) / root + 1e-8) for m, s in zip(means, squares, strict=True)
            ]
        else:
            means = [momentum * m + g for m, g in zip(means, gradients, strict=True)]
            moves = [rate * m for m in means]
        return loss, [p - move for p, move in zip(parameters, moves, strict=True)], means, squares, count

    return jax.jit(step, donate_argnums=(0, 1, 2))


def jax_job(jax: Any, step_of: Any, parameters: Any, batches: Any, settings: Settings) -> Job:
    """Run a compiled step; it is waited for, as it would otherwise go on while the next contender is timed."""
    functions = jax.numpy
    zeros = [functions.zeros(p.shape) for p in parameters]
    state: list[Any] = [
        [functions.asarray(p) for p in parameters], zeros, [functions.zeros(p.shape) for p in parameters],
        functions.float32(0),
    ]  # fmt: skip
    batches = [tuple(functions.asarray(part) for part in batch) for batch in batches]

    def step(*batch: Any) -> Any:
        loss, *state[:] = step_of(*state, *batch)
        return jax.block_until_ready(loss)

    return stepping_job(batches, step, float, settings)


def tinygrad_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    """The network's loss in tinygrad."""
    hidden = inputs
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        hidden = hidden.linear(weight.T, bias).relu()
    return hidden.linear(parameters[-2].T, parameters[-1]).sparse_categorical_crossentropy(targets)


def in_tinygrad(make_task: MakeTask, loss_of: Callable[..., Any] = tinygrad_loss, jit: bool = False) -> Contender:
    """tinygrad's tensors and optimizers.

    Args:
        make_task: what is to be done.
        loss_of: parameters, inputs and targets.
        jit: under ``TinyJit``, which finds a step's kernels once and runs them again; else each step is planned anew.
    """

    def make(tinygrad: Any, settings: Settings) -> Job:
        task = make_task(settings)
        parameters = [tinygrad.Tensor(values) for values in task.parameters]
        optimizer = getattr(tinygrad.nn.optim, task.optimizer)(parameters, **task.options)
        device = tinygrad.Device[tinygrad.Device.DEFAULT]

        def train(inputs: Any, targets: Any) -> Any:
            with tinygrad.Context(TRAINING=1):
                optimizer.zero_grad()
                loss = loss_of(parameters, inputs, targets).backward()
                return loss.realize(*optimizer.schedule_step())

        run = tinygrad.TinyJit(train) if jit else train

        def step(inputs: Any, targets: Any) -> Any:
            loss = run(inputs, targets)
            device.synchronize()  # or it might go on while the next contender is timed
            return loss

        # `backward` looks through all tensors that there are, so there are no more batches than are compared
        arrays = [(x, y.astype(np.int32) if y.dtype == np.int64 else y) for x, y in task.batches[:CHECKED_STEPS]]
        batches = [tuple(tinygrad.Tensor(part).realize() for part in batch) for batch in arrays]
        return stepping_job(batches, step, lambda loss: float(loss.item()), settings)

    return make


def tinygrad_gradients(
    tinygrad: Any, function: Callable[..., Any], arrays: Sequence[Any], count: int, jit: bool
) -> Callable[[], tuple[Any, Sequence[Any]]]:
    """Compute, and wait for, a function of arrays and its gradients by the first ones."""
    device = tinygrad.Device[tinygrad.Device.DEFAULT]
    tensors = [tinygrad.Tensor(array).clone().realize() for array in arrays]  # cloned, a single number is no constant

    def both(*tensors: Any) -> tuple[Any, Sequence[Any]]:
        value = function(*tensors)
        gradients = value.gradient(*tensors[:count])
        return value.realize(*gradients), gradients

    run = tinygrad.TinyJit(both) if jit else both

    def waited_for() -> Any:
        found = run(*tensors)
        device.synchronize()
        return found

    for _ in range(3):  # TinyJit's first calls are not yet what it runs later
        waited_for()
    return waited_for


PEERS: dict[str, Callable[[MakeTask], Contender]] = {
    "numpy": in_numpy,
    "numpy out": in_numpy_out,
    "jax": in_jax,
    "mygrad": in_mygrad,
    "autograd": in_autograd,
    "sklearn": in_sklearn,
    "tinygrad": in_tinygrad,
    "tinygrad jit": partial(in_tinygrad, jit=True),
}
