"""scikit-learn's MLPClassifier and this package's: the same arguments, so the same weights, batches and epochs."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from benchmarks.cases.epoch import digits
from benchmarks.harness import Case, Contender, Job, Settings

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


def fit(data: Any, **options: Any) -> Contender:
    """What a contender does: fit on five sixths of the data. Compared are the losses, and the accuracy on the rest."""

    def make(module: Any, settings: Settings) -> Job:
        if module.__name__ == "sklearn":
            from sklearn.neural_network import MLPClassifier
        else:
            from tinygrad_nn.sklearn import MLPClassifier  # type: ignore[assignment]
        inputs, targets = data(settings)
        count = len(targets) * 5 // 6
        if settings.quick:
            options["max_iter"] = 2

        def run() -> tuple[float, Any]:
            classifier = MLPClassifier(random_state=0, **options)
            started = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it has not converged
                classifier.fit(inputs[:count], targets[:count])
            return time.perf_counter() - started, classifier

        def answers() -> list[float]:
            classifier = run()[1]
            return [*map(float, classifier.loss_curve_), classifier.score(inputs[count:], targets[count:])]

        return Job(lambda: run()[0], answers)

    return make


def make_case(name: str, about: str, data: Any, rounds: int, **options: Any) -> Case:
    """Both, with the same arguments. Losses differ by what float32 loses in thousands of steps."""
    same = fit(data, **options)
    return Case(
        name, about, {"tinygrad_nn": same, "sklearn": same}, "s", rounds, tolerance=5e-3, reference="sklearn"
    )


_MNIST = "50,000 digits, 784-128-64-10, Adam"
CASES = [
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
