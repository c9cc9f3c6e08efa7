"""scikit-learn's MLPClassifier and this package's: the same arguments, so the same weights, batches and epochs."""

from __future__ import annotations

import importlib
import time
import warnings
from typing import Any

import numpy as np

from benchmarks.cases.epoch import digits
from benchmarks.cases.mlp import make_model
from benchmarks.digits import SIZES
from benchmarks.harness import Case, Contender, Job, Settings

BATCH, EPOCHS = 128, 3  # of `in_trainer` and `in_mlp`
Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def small(settings: Settings) -> Arrays:
    """scikit-learn's own digits, 8 x 8 pixels."""
    from sklearn.datasets import load_digits

    pixels, targets = load_digits(return_X_y=True)
    return pixels / 16, targets


def large(settings: Settings) -> Arrays:
    """MNIST with ``--data``, else digits of its size."""
    return digits(settings)


def in_double(settings: Settings) -> Arrays:
    """The same in float64, as scikit-learn's users mostly have it."""
    pixels, targets = digits(settings)
    return pixels.astype(np.float64), targets


def _mlp_class(module: Any) -> Any:
    if module.__name__ == "sklearn":
        return importlib.import_module("sklearn.neural_network").MLPClassifier
    return importlib.import_module("tinygrad_nn.sklearn").MLPClassifier


def _seconds_of_fit(classifier: Any, inputs: Any, targets: Any) -> float:
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        classifier.fit(inputs, targets)
    return time.perf_counter() - started


def fit(data: Any, **options: Any) -> Contender:
    """What a contender does: fit on five sixths of the data. Compared are the losses, and the accuracy on the rest."""

    def make(module: Any, settings: Settings) -> Job:
        kind = _mlp_class(module)
        inputs, targets = data(settings)
        count = len(targets) * 5 // 6
        if settings.tiny:
            options["max_iter"] = 2

        def run() -> tuple[float, Any]:
            classifier = kind(random_state=0, **options)
            return _seconds_of_fit(classifier, inputs[:count], targets[:count]), classifier

        def answers() -> list[float]:
            classifier = run()[1]
            return [*map(float, classifier.loss_curve_), classifier.score(inputs[count:], targets[count:])]

        return Job(lambda: run()[0], answers)

    return make


def in_trainer(torch: Any, settings: Settings) -> Job:
    """`Trainer.fit`, with the network, the batches' size and the optimizer of `in_mlp`."""
    (inputs, targets), held_out = _split(settings)

    def run() -> tuple[float, Any]:
        torch.manual_seed(0)
        trainer = torch.training.Trainer(make_model(torch), "cross_entropy", "adam", metrics=["accuracy"])
        started = time.perf_counter()
        trainer.fit(inputs, targets, epochs=_epochs(settings), batch_size=BATCH, verbose=0)
        return time.perf_counter() - started, trainer

    answers = lambda: [run()[1].evaluate(*held_out)["accuracy"]]  # noqa: E731
    return Job(lambda: run()[0], None if settings.tiny else answers)


def in_mlp(module: Any, settings: Settings) -> Job:
    """scikit-learn's `MLPClassifier`, or this package's."""
    (inputs, targets), held_out = _split(settings)

    def run() -> tuple[float, Any]:
        classifier = _mlp_class(module)(
            SIZES[1:-1], batch_size=BATCH, max_iter=_epochs(settings), alpha=0.0, random_state=0
        )
        return _seconds_of_fit(classifier, inputs, targets), classifier

    answers = lambda: [run()[1].score(*held_out)]  # noqa: E731
    return Job(lambda: run()[0], None if settings.tiny else answers)


def _split(settings: Settings) -> tuple[Arrays, Arrays]:
    """Five sixths of the digits to train on, and the others."""
    inputs, targets = digits(settings)
    count = len(targets) * 5 // 6
    return (inputs[:count], targets[:count]), (inputs[count:], targets[count:])


def _epochs(settings: Settings) -> int:
    return 2 if settings.tiny else EPOCHS


def make_case(name: str, about: str, data: Any, rounds: int, **options: Any) -> Case:
    """Both, with the same arguments. Losses differ by what float32 loses in thousands of steps."""
    same = fit(data, **options)
    return Case(
        name, about, {"tinygrad_nn": same, "sklearn": same}, "s", rounds, tolerance=5e-3, reference="sklearn"
    )


_MNIST = "50,000 digits, 784-128-64-10, Adam"
CASES = [
    Case(
        "sklearn/trainer",
        f"{EPOCHS} epochs of {_MNIST}, batch {BATCH}, float32: tinygrad_nn is Trainer.fit, with the accuracy",
        {"tinygrad_nn": in_trainer, "tinygrad_nn MLPClassifier": in_mlp, "sklearn": in_mlp},
        "s", 5, tolerance=1e-2, reference="sklearn",
    ),
    make_case("sklearn/digits", "MLPClassifier() on scikit-learn's digits, 20 epochs", small, 11, max_iter=20),
    make_case(
        "sklearn/mnist", f"MLPClassifier: an epoch of {_MNIST}, batch 128, float32", large, 5,
        hidden_layer_sizes=(128, 64), batch_size=128, max_iter=1,
    ),
    make_case(
        "sklearn/mnist/double", f"MLPClassifier: an epoch of {_MNIST}, batch 128, float64", in_double, 5,
        hidden_layer_sizes=(128, 64), batch_size=128, max_iter=1,
    ),
    make_case(
        "sklearn/mnist/b32", f"MLPClassifier: an epoch of {_MNIST}, batch 32, float32", large, 5,
        hidden_layer_sizes=(128, 64), batch_size=32, max_iter=1,
    ),
]  # fmt: skip
