"""`MLPClassifier` and `MLPRegressor` give what scikit-learn's own give, from the same random state."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="compares with scikit-learn")

import joblib
from scipy import sparse
from sklearn import neural_network as theirs
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score, validation_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tinygrad_nn as tg
from tinygrad_nn import sklearn as ours

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Training interrupted"),
]

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
LABELS = (X[:, :3] > X[:, :3].mean(axis=0)).astype(int)
NUMBERS_X, NUMBERS = load_diabetes(return_X_y=True)
NUMBERS_X, NUMBERS = NUMBERS_X[:200] * 10, (NUMBERS[:200] - NUMBERS.mean()) / NUMBERS.std()
WEIGHT = np.random.default_rng(0).random(len(X)) * 2
WEIGHT_OF_NUMBERS = np.random.default_rng(1).random(len(NUMBERS)) * 2

OPTIONS = {
    "adam": {},
    "epsilon": {"epsilon": 1e-2, "beta_1": 0.8, "beta_2": 0.9},
    "betas of 0": {"beta_1": 0.0, "beta_2": 0.0, "learning_rate_init": 1e-3},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "plain momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.02},
    "no momentum": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.05},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1, "power_t": 0.3},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1, "tol": 1e-2,
                 "n_iter_no_change": 2, "max_iter": 100},
    "small batches": {"batch_size": 17},
    "in order": {"batch_size": 40, "shuffle": False},
    "early stopping": {"early_stopping": True, "learning_rate_init": 0.02, "n_iter_no_change": 3, "max_iter": 100},
    "stops by itself": {"tol": 0.1, "n_iter_no_change": 2, "max_iter": 100},
    "tanh": {"activation": "tanh", "alpha": 1.0},
    "logistic": {"activation": "logistic", "alpha": 0.0},
    "identity": {"activation": "identity"},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "three hidden layers": {"hidden_layer_sizes": [12, 9, 5]},
    "one number": {"hidden_layer_sizes": 7},
    # A search along a line multiplies what differs in the last digit; past a kink of relu it is soon another search.
    "lbfgs": {"solver": "lbfgs", "max_iter": 4},
    "lbfgs, tanh": {"solver": "lbfgs", "activation": "tanh", "alpha": 0.5, "max_iter": 30},
}  # fmt: skip
TARGETS = {"three classes": NAMES[Y], "two classes": NAMES[(Y > 0).astype(int)], "labels": LABELS}


def options_of(name):
    return {"hidden_layer_sizes": (10,), "max_iter": 15, "random_state": 3, **OPTIONS[name]}


def same(mine, other, exact=1e-9):
    """Both have learned the same, and tell the same of it."""
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(mine, name) == getattr(other, name), name
    for name in ("loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"):
        expected = getattr(other, name, None)
        if expected is not None:
            np.testing.assert_allclose(getattr(mine, name), expected, rtol=1e-6, atol=exact, err_msg=name)
        else:
            assert getattr(mine, name, None) is None, name
    for name in ("coefs_", "intercepts_"):
        for got, expected in zip(getattr(mine, name), getattr(other, name), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=exact * 10, err_msg=name)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", OPTIONS)
def test_same_classifier(name, target, weighted):
    y, weight = TARGETS[target], WEIGHT if weighted else None
    mine, other = (kind(**options_of(name)).fit(X, y, weight) for kind in (ours.MLPClassifier, theirs.MLPClassifier))
    same(mine, other)
    np.testing.assert_array_equal(mine.classes_, other.classes_)
    np.testing.assert_array_equal(mine.predict(X), other.predict(X))
    np.testing.assert_allclose(mine.predict_proba(X), other.predict_proba(X), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(mine.predict_log_proba(X), other.predict_log_proba(X), rtol=1e-5, atol=1e-6)
    assert mine.score(X, y) == other.score(X, y)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("name", OPTIONS)
def test_same_regressor(name, outputs, loss):
    y = NUMBERS if outputs == 1 else np.stack([NUMBERS, NUMBERS_X[:, 2] - 2 * NUMBERS], axis=1)
    y = np.abs(y) if loss == "poisson" else y
    if loss == "squared_error" and outputs == 2 and name.startswith("lbfgs"):
        pytest.skip("scikit-learn's loss and gradient differ by a factor: see test_lbfgs_with_two_outputs")
    weight = WEIGHT_OF_NUMBERS if outputs == 2 else None
    mine, other = (
        kind(loss, **options_of(name)).fit(NUMBERS_X, y, weight) for kind in (ours.MLPRegressor, theirs.MLPRegressor)
    )
    same(mine, other, exact=1e-8)
    np.testing.assert_allclose(mine.predict(NUMBERS_X), other.predict(NUMBERS_X), rtol=1e-5, atol=1e-8)


def test_saturated_loss():
    """scikit-learn clips probabilities in the loss that it reports, not in the gradient: weights are the same."""
    options = {**options_of("invscaling"), "hidden_layer_sizes": (100,), "learning_rate_init": 0.5, "power_t": 0.5}
    mine, other = (kind(**options).fit(X, Y) for kind in (ours.MLPClassifier, theirs.MLPClassifier))
    np.testing.assert_allclose(mine.predict_proba(X), other.predict_proba(X), atol=1e-9)
    assert max(np.subtract(mine.loss_curve_, other.loss_curve_)) > 1  # theirs is too small


def test_lbfgs_with_two_outputs():
    """There the loss is a mean over the outputs and the gradient a sum; here both are sums, and the search gets on."""
    y = np.stack([NUMBERS, NUMBERS_X[:, 2] - 2 * NUMBERS], axis=1)
    losses = []
    for kind in (ours.MLPRegressor, theirs.MLPRegressor):
        model = kind(hidden_layer_sizes=(10,), solver="lbfgs", max_iter=300, random_state=3, tol=1e-6).fit(NUMBERS_X, y)
        penalty = model.alpha * sum((coef**2).sum() for coef in model.coefs_) / len(y)
        losses.append((((model.predict(NUMBERS_X) - y) ** 2).sum() / len(y) + penalty) / 2)
    assert losses[0] < losses[1] * 1.05


# --- going on -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["adam", "sgd", "invscaling", "small batches"])
@pytest.mark.parametrize("target", TARGETS)
def test_partial_fit(name, target):
    y = TARGETS[target]
    mine, other = ours.MLPClassifier(**options_of(name)), theirs.MLPClassifier(**options_of(name))
    for start in (0, 50, 100, 25, 60):
        for model in (mine, other):
            part = slice(start, start + 40)
            classes = {} if target == "labels" else {"classes": np.unique(y)}
            if target == "labels":
                classes = {"classes": [0, 1, 2]}
            model.partial_fit(X[part], y[part], **classes)
    same(mine, other)
    np.testing.assert_array_equal(mine.predict(X), other.predict(X))


def test_partial_fit_of_numbers():
    mine, other = (kind(hidden_layer_sizes=(5,), random_state=0) for kind in (ours.MLPRegressor, theirs.MLPRegressor))
    for _ in range(5):
        for model in (mine, other):
            model.partial_fit(NUMBERS_X, NUMBERS, sample_weight=WEIGHT_OF_NUMBERS)
    same(mine, other)


@pytest.mark.parametrize("name", ["adam", "sgd", "lbfgs"])
def test_warm_start(name):
    options = {**options_of(name), "warm_start": True, "max_iter": 6}
    mine, other = ours.MLPClassifier(**options), theirs.MLPClassifier(**options)
    for _ in range(3):
        for model in (mine, other):
            model.fit(X, NAMES[Y])
    same(mine, other)
    if name == "adam":
        assert len(mine.loss_curve_) == 18


def test_warm_start_keeps_the_best():
    """Of all fits. There the best weights are those that the next fit changes."""
    model = ours.MLPClassifier(**options_of("early stopping"), warm_start=True).fit(X, Y)
    first = model.predict_proba(X)
    model.set_params(learning_rate_init=100.0, max_iter=3).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), first)


def test_fit_anew():
    """Without warm_start nothing is left of the last fit."""
    model = ours.MLPClassifier(**options_of("adam"))
    first = model.fit(X, Y).predict_proba(X)
    model.fit(X[:, :2], NAMES[(Y > 0).astype(int)])
    assert list(model.classes_) == ["setosa", "versicolor"]
    np.testing.assert_array_equal(model.fit(X, Y).predict_proba(X), first)


def test_fit_goes_on_after_being_pickled():
    """The optimizer's state comes along, and still belongs to the network's parameters."""
    model = ours.MLPClassifier(**options_of("adam"))
    model.partial_fit(X, Y, classes=[0, 1, 2])
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        original = copy.deepcopy(model)
        for each in (twin, original):
            each.partial_fit(X, Y).partial_fit(X, Y)
        np.testing.assert_array_equal(twin.predict_proba(X), original.predict_proba(X))
    assert len(model.loss_curve_) == 1


def test_interrupted(monkeypatch):
    from tinygrad_nn.sklearn import mlp_solvers

    calls = []
    real = mlp_solvers.train_epoch

    def interrupted(*args):
        calls.append(args)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(mlp_solvers, "train_epoch", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = ours.MLPClassifier(**options_of("adam")).fit(X, Y)
    assert model.n_iter_ == 3
    assert len(model.predict(X)) == len(X)


# --- data and weights ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_matrix])
def test_sparse(kind):
    for name in ("small batches", "lbfgs", "early stopping"):
        dense = ours.MLPClassifier(**options_of(name)).fit(X, Y)
        model = ours.MLPClassifier(**options_of(name)).fit(kind(X), Y)
        np.testing.assert_allclose(model.predict_proba(kind(X)), dense.predict_proba(X), rtol=1e-12)


def test_types():
    for dtype in (np.float32, np.float64):
        model = ours.MLPClassifier(**options_of("adam")).fit(X.astype(dtype), Y)
        assert model.predict_proba(X).dtype == dtype
        assert {array.dtype for array in (*model.coefs_, *model.intercepts_)} == {np.dtype(dtype)}
        other = theirs.MLPClassifier(**options_of("adam")).fit(X.astype(dtype), Y)
        np.testing.assert_allclose(model.predict_proba(X), other.predict_proba(X), atol=1e-4)


def test_weights_are_the_networks_own():
    model = ours.MLPClassifier(**options_of("adam")).fit(X, Y)
    assert model.coefs_[0].shape == (4, 10)
    with tg.no_grad():
        found = model.module_(tg.from_numpy(X)).softmax(dim=1).numpy()
    np.testing.assert_allclose(found, model.predict_proba(X))
    model.intercepts_[-1][:] = [0, 0, 100]
    assert (model.predict(X) == 2).all()
    with pytest.raises(AttributeError, match="'coefs_' before fit"):
        ours.MLPClassifier().coefs_  # noqa: B018


def test_weights_of_zero_in_a_batch():
    """A batch in which nothing counts changes nothing; there it is an error."""
    weight = np.repeat([0.0, 1.0], [40, len(X) - 40])
    model = ours.MLPClassifier(**options_of("in order")).fit(X, Y, weight)
    rest = ours.MLPClassifier(**options_of("in order")).fit(X[40:], Y[40:])
    np.testing.assert_allclose(model.predict_proba(X), rest.predict_proba(X))


def test_random_numbers():
    """Drawn from the estimator's own state: the program's streams stay where they are."""
    tg.manual_seed(5)
    before = tg.rand(3).tolist()
    tg.manual_seed(5)
    ours.MLPClassifier(**options_of("adam")).fit(X, Y)
    assert tg.rand(3).tolist() == before
    state = np.random.RandomState(8)
    other = np.random.RandomState(8)
    mine = ours.MLPClassifier(max_iter=2, random_state=state).fit(X, Y)
    same(mine, theirs.MLPClassifier(max_iter=2, random_state=other).fit(X, Y))
    assert state.randint(1 << 30) == other.randint(1 << 30)


# --- refusals and warnings ----------------------------------------------------------------------------------------

REFUSED = [
    ({"alpha": -1}, r"The 'alpha' parameter of MLPClassifier must be a float in the range \[0, inf\). Got -1 instead."),
    ({"activation": "rellu"}, "must be a str among .* Got 'rellu' instead. Did you mean 'relu'"),
    ({"solver": "Adam"}, "Did you mean 'adam'"),
    ({"batch_size": 0}, r"'auto'} or an int in the range \[1, inf\). Got 0 instead"),
    ({"max_iter": 1.5}, "'max_iter'.* must be an int"),
    ({"shuffle": "yes"}, "'shuffle'.* must be a bool"),
    ({"momentum": 1.1}, r"\[0, 1\]"),
    ({"beta_1": 1.0}, r"\[0, 1\)"),
    ({"learning_rate_init": 0}, r"\(0, inf\)"),
    ({"tol": float("nan")}, "'tol'"),
    ({"n_iter_no_change": 0}, "an int in the range .* or inf"),
    ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes must be > 0, got \[3, 0\]"),
    ({"hidden_layer_sizes": (3.5,)}, "hidden_layer_sizes must be an int or a sequence of ints"),
]


@pytest.mark.parametrize(("options", "text"), REFUSED)
def test_refused(options, text):
    model = ours.MLPClassifier(**options)
    with pytest.raises(ValueError, match=text):
        model.fit(X, Y)
    assert not hasattr(model, "module_")


def test_refused_data():
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        ours.MLPClassifier(early_stopping=True).partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        ours.MLPClassifier().partial_fit(X, Y)
    with pytest.raises(AttributeError, match="partial_fit"):
        ours.MLPClassifier(solver="lbfgs").partial_fit(X, Y, classes=[0, 1, 2])
    assert not hasattr(ours.MLPRegressor(solver="lbfgs"), "partial_fit")
    model = ours.MLPClassifier(**options_of("adam")).partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"`y` has classes not in `self\.classes_`"):
        model.partial_fit(X, Y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        model.partial_fit(X, Y, classes=[0, 1])
    model.set_params(warm_start=True)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same classes"):
        model.fit(X[:100], Y[:100])
    model.set_params(hidden_layer_sizes=(3,))
    with pytest.raises(ValueError, match=r"hidden_layer_sizes is \[3\], and the network .* has \[10\]"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="'poisson' is for counts"):
        ours.MLPRegressor("poisson").fit(NUMBERS_X, NUMBERS)
    regressor = ours.MLPRegressor(random_state=0).partial_fit(NUMBERS_X, NUMBERS)
    with pytest.raises(ValueError, match="y has 2 outputs, and the network that is to be trained further has 1"):
        regressor.partial_fit(NUMBERS_X, np.stack([NUMBERS, NUMBERS], axis=1))
    with pytest.raises(ValueError, match="The validation set is too small"):
        ours.MLPClassifier(early_stopping=True, validation_fraction=0.01).fit(X[::2], Y[::2])
    wild = ours.MLPRegressor(solver="sgd", learning_rate_init=1e4, max_iter=20, random_state=0)
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        wild.fit(NUMBERS_X * 100, NUMBERS)


def test_warnings():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        ours.MLPClassifier(max_iter=2, random_state=0).fit(X, Y)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 2 iteration"):
        ours.MLPClassifier(max_iter=2, solver="lbfgs", random_state=0).fit(X, Y)
    with pytest.warns(UserWarning, match="larger than sample size"):
        ours.MLPClassifier(batch_size=500, random_state=0).fit(X, Y)


def test_verbose(capsys):
    texts = []
    for kind in (ours.MLPClassifier, theirs.MLPClassifier):
        for options in ("adaptive", "early stopping", "stops by itself"):
            kind(**options_of(options), verbose=True).fit(X, Y)
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert "Setting learning rate to" in texts[0]


# --- the rest of scikit-learn -------------------------------------------------------------------------------------


def test_search_and_pipeline():
    options = {"hidden_layer_sizes": (8,), "max_iter": 30, "learning_rate_init": 0.02, "random_state": 0}
    pipeline = make_pipeline(StandardScaler(), ours.MLPClassifier(**options))
    grid = {"mlpclassifier__learning_rate_init": [1e-4, 1e-2], "mlpclassifier__hidden_layer_sizes": [(4,), (16,)]}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(X, NAMES[Y])
    assert search.best_score_ > 0.8
    assert search.best_params_["mlpclassifier__learning_rate_init"] == 1e-2
    other = make_pipeline(StandardScaler(), theirs.MLPClassifier(**options))
    expected = GridSearchCV(other, grid, cv=3).fit(X, NAMES[Y])
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])
    train, test = validation_curve(pipeline, X, Y, param_name="mlpclassifier__max_iter", param_range=[1, 30], cv=3)
    assert train.shape == test.shape == (2, 3)
    assert train[1].mean() > train[0].mean()
    assert cross_val_score(pipeline, X, Y, scoring="roc_auc_ovr", cv=3).mean() > 0.9


def test_clone_knows_nothing():
    model = ours.MLPClassifier(**options_of("adam")).fit(X, Y)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "module_")


def test_another_process(tmp_path):
    """joblib keeps it, and a new process predicts the same."""
    model = make_pipeline(StandardScaler(), ours.MLPClassifier(**options_of("adam"))).fit(X, NAMES[Y])
    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "x.npy", X)
    code = (
        "import sys, joblib, numpy as np; folder = sys.argv[1]; "
        "model = joblib.load(folder + '/model.joblib'); x = np.load(folder + '/x.npy'); "
        "np.save(folder + '/p.npy', model.predict_proba(x)); print(*model.predict(x[:2]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(model.predict(X[:2]))
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), model.predict_proba(X))
