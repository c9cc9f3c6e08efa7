"""scikit-learn's own checks of an estimator, for all of ours, none of them expected to fail."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn", reason="scikit-learn's own checks")

from sklearn.utils.estimator_checks import parametrize_with_checks

from tinygrad_nn.sklearn import MLPClassifier, MLPRegressor, NeuralNetClassifier, NeuralNetRegressor

pytestmark = pytest.mark.filterwarnings(
    # what a check may well be told: it trains for a few epochs, on data that cannot be learned
    "ignore::sklearn.exceptions.ConvergenceWarning",
)

ESTIMATORS = [MLPClassifier(), MLPRegressor(), NeuralNetClassifier(), NeuralNetRegressor()]


@parametrize_with_checks(ESTIMATORS)
def test_check(estimator, check):
    check(estimator)
