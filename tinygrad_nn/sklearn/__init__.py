"""scikit-learn estimators: networks that are fitted, searched over, cloned and pickled as any other estimator.

    from tinygrad_nn.sklearn import MLPClassifier
    MLPClassifier(hidden_layer_sizes=(128, 64), random_state=0).fit(X, y).score(X_test, y_test)

`MLPClassifier` and `MLPRegressor` take the arguments of scikit-learn's own; `NeuralNetClassifier` and
`NeuralNetRegressor` any module. This is the only part of the package that
imports scikit-learn.
"""

from __future__ import annotations

try:
    import sklearn as _sklearn  # noqa: F401 - asked for by name, before anything else needs a part of it
except ImportError as error:
    raise ImportError("tinygrad_nn.sklearn needs scikit-learn: python -m pip install scikit-learn") from error

from .mlp import MLPClassifier, MLPRegressor
from .neural_net import NeuralNetClassifier, NeuralNetRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "NeuralNetClassifier", "NeuralNetRegressor"]
