"""`NeuralNetClassifier` and `NeuralNetRegressor`: any module inside of scikit-learn's tools."""

from __future__ import annotations

import functools
import pickle
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn's tools are used")

import joblib
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score, validation_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tinygrad_nn as tg
from tinygrad_nn import nn, optim
from tinygrad_nn.nn import functional
from tinygrad_nn.sklearn import NeuralNetClassifier, NeuralNetRegressor
from tinygrad_nn.training import Callback, Trainer

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
NAMES = np.array(["setosa", "versicolor", "virginica"])
TWO = NAMES[(Y > 0).astype(int)]
LABELS = (X[:, :3] > 0).astype(int)
NUMBERS_X, NUMBERS = load_diabetes(return_X_y=True)
NUMBERS_X, NUMBERS = StandardScaler().fit_transform(NUMBERS_X), (NUMBERS - NUMBERS.mean()) / NUMBERS.std()


def network(n_features, n_classes, hidden=16, dropout=0.0):
    return nn.Sequential(nn.Linear(n_features, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, n_classes))


def classifier(module=network, **options):
    return NeuralNetClassifier(module, **{"epochs": 20, "batch_size": 16, "lr": 0.01, "random_state": 0, **options})


def regressor(module=None, **options):
    return NeuralNetRegressor(module, **{"epochs": 20, "batch_size": 32, "lr": 0.01, "random_state": 0, **options})


# --- what is learned ----------------------------------------------------------------------------------------------

MODULES = {
    "none": None,
    "function": network,
    "class": nn.Linear,
    "module": network(4, 3),
    "partial": functools.partial(network, hidden=4, n_classes=5),
    "log of shares": lambda in_features, out_features: nn.Sequential(
        nn.Linear(in_features, out_features), nn.LogSoftmax(dim=1)
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    loss = "nll" if name == "log of shares" else "auto"
    before = None if name != "module" else MODULES[name][0].weight.tolist()
    model = classifier(MODULES[name], loss=loss, lr=0.05).fit(X, NAMES[Y])
    assert model.score(X, NAMES[Y]) > 0.9
    assert model.predict(X).dtype == NAMES.dtype
    if name == "module":  # which is copied
        assert before == MODULES[name][0].weight.tolist()
        assert model.module_ is not MODULES[name]
    shares = model.predict_proba(X)
    if name != "partial":  # which has five outputs for three classes
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        np.testing.assert_array_equal(NAMES[shares.argmax(axis=1)], model.predict(X))
        np.testing.assert_allclose(model.predict_log_proba(X), np.log(shares))


def test_same_as_a_trainer():
    """It is the trainer: the same seed gives the same weights."""
    model = classifier(dtype="float64", epochs=3, metrics=["accuracy", "f1_macro"]).fit(X, Y)
    tg.manual_seed(int(np.random.RandomState(0).randint(2**31)))
    module = network(4, 3).double()
    history = Trainer(module, "cross_entropy", "adam", ["accuracy", "f1_macro"], lr=0.01).fit(
        X, Y, epochs=3, batch_size=16, verbose=0
    )
    assert model.history_["loss"] == history["loss"]
    assert model.history_["f1_macro"] == history["f1_macro"]
    for mine, other in zip(model.module_.parameters(), module.parameters(), strict=True):
        assert mine.tolist() == other.tolist()


@pytest.mark.parametrize(
    "loss", ["auto", "bce_with_logits", "bce", lambda output, y: functional.soft_margin_loss(output, 2 * y - 1)]
)
def test_two_classes(loss):
    def one(n_features):
        parts = [nn.Linear(n_features, 1)]
        return nn.Sequential(*parts, nn.Sigmoid()) if loss == "bce" else nn.Sequential(*parts)

    module = network if loss == "auto" else one
    model = classifier(module, loss=loss, lr=0.05).fit(X, TWO)
    assert list(model.classes_) == ["setosa", "versicolor"]
    assert model.score(X, TWO) > 0.95
    if isinstance(loss, str):
        shares = model.predict_proba(X)
        assert shares.shape == (150, 2)
        np.testing.assert_array_equal(model.classes_[shares.argmax(axis=1)], model.predict(X))


def test_one_output_without_a_second_dimension():
    def flat(n_features):
        return nn.Sequential(nn.Linear(n_features, 1), nn.Flatten(0))

    assert classifier(flat, loss="bce_with_logits", lr=0.05).fit(X, TWO).score(X, TWO) > 0.95
    assert regressor(flat).fit(NUMBERS_X, NUMBERS).predict(NUMBERS_X).shape == NUMBERS.shape


def test_labels():
    model = classifier(epochs=40, lr=0.05).fit(X, LABELS)
    assert model.predict(X).shape == model.predict_proba(X).shape == LABELS.shape
    assert model.score(X, LABELS) > 0.9


def test_a_loss_that_wants_classes():
    """Of a function of one's own, and of a margin."""
    smooth = functools.partial(functional.cross_entropy, label_smoothing=0.1)
    for loss in (smooth, nn.MultiMarginLoss()):
        assert classifier(loss=loss).fit(X, NAMES[Y]).score(X, NAMES[Y]) > 0.9


def test_numbers():
    one = regressor(epochs=60).fit(NUMBERS_X, NUMBERS)
    assert one.score(NUMBERS_X, NUMBERS) > 0.4
    assert one.predict(NUMBERS_X).shape == (442,)
    both = np.stack([NUMBERS, -NUMBERS], axis=1)
    two = regressor(epochs=60, loss="huber", metrics=["mae"]).fit(NUMBERS_X, both)
    assert two.score(NUMBERS_X, both) > 0.4
    assert two.n_outputs_ == 2
    assert list(two.history_) == ["loss", "mae", "lr", "seconds"]


def test_images_and_words():
    """More dimensions than two, and whole numbers for an embedding."""
    images = np.zeros((60, 1, 5, 5))
    images[np.arange(60), 0, np.arange(60) % 3] = 1
    target = np.arange(60) % 3
    convolution = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 3))
    for module in (nn.Sequential(nn.Flatten(), nn.Linear(25, 3)), convolution):
        assert classifier(module, lr=0.05).fit(images, target).score(images, target) == 1
    words = np.random.default_rng(0).integers(0, 10, (200, 3))
    model = classifier(nn.Sequential(nn.Embedding(10, 8), nn.Flatten(), nn.Linear(24, 2)), lr=0.05)
    assert model.fit(words, words[:, 0] > 4).score(words, words[:, 0] > 4) == 1
    assert model.classes_.tolist() == [False, True]


def test_types():
    for data, expected in ((np.float32, np.float32), (np.float64, np.float64), (np.int64, np.float64)):
        model = classifier(epochs=1).fit((X * 3).astype(data), Y)
        assert model.predict_proba((X * 3).astype(data)).dtype == expected
    assert classifier(epochs=1, dtype=tg.float32).fit(X, Y).predict_proba(X).dtype == np.float32


# --- options ------------------------------------------------------------------------------------------------------


def test_weights():
    """A class weight is a weight of samples; two are the sample twice."""
    by_class = classifier(class_weight={"setosa": 1, "versicolor": 3, "virginica": 1}, batch_size=150).fit(X, NAMES[Y])
    by_sample = classifier(batch_size=150).fit(X, NAMES[Y], sample_weight=np.where(Y == 1, 3.0, 1.0))
    np.testing.assert_allclose(by_class.predict_proba(X), by_sample.predict_proba(X), rtol=1e-10)
    assert not np.allclose(by_class.predict_proba(X), classifier(batch_size=150).fit(X, NAMES[Y]).predict_proba(X))
    few = np.concatenate([np.arange(60), [100, 101]])
    balanced = classifier(class_weight="balanced", epochs=40).fit(X[few], Y[few])
    assert accuracy_score(Y[100:], balanced.predict(X[100:])) > accuracy_score(
        Y[100:], classifier(epochs=40).fit(X[few], Y[few]).predict(X[100:])
    )
    heavy = np.ones(len(NUMBERS))
    heavy[:200] = 0
    alone = regressor(nn.Linear, batch_size=500).fit(NUMBERS_X[200:], NUMBERS[200:])
    same = regressor(nn.Linear, batch_size=500).fit(NUMBERS_X, NUMBERS, sample_weight=heavy)
    np.testing.assert_allclose(same.predict(NUMBERS_X), alone.predict(NUMBERS_X), rtol=1e-8, atol=1e-10)


def test_early_stopping():
    model = classifier(early_stopping=True, epochs=300, n_iter_no_change=3, lr=0.05).fit(X, NAMES[Y])
    assert model.n_iter_ == len(model.history_["val_loss"]) < 300
    assert model.n_iter_ == 1 + int(np.argmin(model.history_["val_loss"])) + 3
    given = classifier(epochs=3).fit(X, NAMES[Y], validation_data=(X[::3], NAMES[Y][::3]))
    assert given.history_["val_accuracy"][-1] == given.score(X[::3], NAMES[Y][::3])
    with pytest.raises(ValueError, match="early_stopping needs a validation: give validation_fraction"):
        classifier(early_stopping=True, validation_fraction=0.0).fit(X, Y)


def test_callbacks():
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, run, logs):
            seen.append(run.epoch)
            if run.epoch == 2:
                run.stop("that is enough")

    model = classifier(callbacks=[Watch(), lambda run, logs: seen.append(logs["loss"])]).fit(X, Y)
    assert seen == [1, model.history_["loss"][0], 2, model.history_["loss"][1]]
    assert model.n_iter_ == 2


def test_optimizers():
    for optimizer, options in (("sgd", {"momentum": 0.9}), (optim.SGD, {"momentum": 0.9}), (optim.Adam, None)):
        model = classifier(optimizer=optimizer, optimizer_options=options).fit(X, Y)
        group = model.trainer_.optimizer.param_groups[0]
        assert group["lr"] == 0.01
        assert options is None or group["momentum"] == 0.9


def test_scikit_learns_callbacks():
    """Those that scikit-learn has since 1.9 are told of every epoch."""
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")
    assert callback
    counts = {"epoch": 0, "fit": 0}

    class Counts:
        max_propagation_depth = 0

        def setup(self, estimator, context):
            counts["fit"] += 1

        def teardown(self, estimator, context):
            counts["fit"] -= 1

        def on_fit_task_begin(self, estimator, context, **given):
            pass

        def on_fit_task_end(self, estimator, context, **given):
            counts["epoch"] += context.task_name == "epoch"
            return counts["epoch"] == 4

    model = classifier()
    model.set_callbacks(Counts())
    model.fit(X, Y)
    assert counts == {"epoch": 4, "fit": 0}
    assert model.n_iter_ == 4


# --- going on -----------------------------------------------------------------------------------------------------


def test_partial_fit_and_warm_start():
    model = classifier()
    for _ in range(10):
        model.partial_fit(X[::2], NAMES[Y][::2], classes=NAMES)
    assert len(model.history_["loss"]) == 10
    assert model.score(X, NAMES[Y]) > 0.8
    warm = classifier(epochs=4, warm_start=True)
    kept = warm.fit(X, Y).module_
    assert warm.fit(X, Y).module_ is kept
    assert len(warm.history_["loss"]) == 8
    assert warm.history_["loss"][4] < warm.history_["loss"][0]
    anew = classifier(epochs=4).fit(X, Y)
    first = anew.predict_proba(X)
    np.testing.assert_array_equal(anew.fit(X, Y).predict_proba(X), first)
    assert len(anew.history_["loss"]) == 4
    numbers = regressor().partial_fit(NUMBERS_X, NUMBERS)
    with pytest.raises(ValueError, match="y has 2 outputs, and the module that is to be trained further has 1"):
        numbers.partial_fit(NUMBERS_X, np.stack([NUMBERS, NUMBERS], axis=1))


def test_goes_on_after_being_pickled():
    """Optimizer and module still belong together."""
    model = classifier().partial_fit(X, Y, classes=[0, 1, 2])
    twin = pickle.loads(pickle.dumps(model))
    for each in (model, twin):
        each.partial_fit(X, Y)
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert twin.history_["loss"] == model.history_["loss"]


def test_another_process(tmp_path):
    model = classifier(None).fit(X, NAMES[Y])
    joblib.dump(model, tmp_path / "model.joblib")
    code = "import sys, joblib, numpy; model = joblib.load(sys.argv[1]); print(*model.predict(numpy.load(sys.argv[2])))"
    np.save(tmp_path / "x.npy", X[::10])
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model.joblib", tmp_path / "x.npy"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == model.predict(X[::10]).tolist()


def test_random_numbers():
    """With a random state the program's own stream stays where it is; without one it is drawn from."""
    tg.manual_seed(5)
    before = tg.rand(3).tolist()
    tg.manual_seed(5)
    first = classifier(functools.partial(network, dropout=0.5), epochs=2).fit(X, Y)
    assert tg.rand(3).tolist() == before
    again = classifier(functools.partial(network, dropout=0.5), epochs=2).fit(X, Y)
    assert first.history_["loss"] == again.history_["loss"]
    tg.manual_seed(5)
    free = classifier(epochs=2, random_state=None).fit(X, Y)
    tg.manual_seed(5)
    assert free.history_["loss"] == classifier(epochs=2, random_state=None).fit(X, Y).history_["loss"]


# --- scikit-learn's tools -----------------------------------------------------------------------------------------


def test_search_and_pipeline():
    pipeline = make_pipeline(StandardScaler(), classifier(epochs=10))
    grid = {"neuralnetclassifier__lr": [1e-4, 1e-2], "neuralnetclassifier__module_options": [{}, {"hidden": 32}]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, NAMES[Y])
    assert search.best_params_["neuralnetclassifier__lr"] == 1e-2
    assert search.best_score_ > 0.8
    train, test = validation_curve(pipeline, X, Y, param_name="neuralnetclassifier__epochs", param_range=[1, 15], cv=3)
    assert train.shape == test.shape == (2, 3)
    assert train[1].mean() > train[0].mean()
    assert cross_val_score(pipeline, X, Y, scoring="roc_auc_ovr", cv=3).mean() > 0.9
    voting = VotingClassifier([("a", pipeline), ("b", clone(pipeline))], voting="soft").fit(X, NAMES[Y])
    assert voting.score(X, NAMES[Y]) > 0.8


def test_clone_knows_nothing():
    module = network(4, 3)
    model = classifier(module).fit(X, Y)
    twin = clone(model)
    assert not hasattr(twin, "module_")
    assert twin.get_params().keys() == model.get_params().keys()
    assert twin.fit(X, Y).history_["loss"] == model.history_["loss"]


# --- refusals -----------------------------------------------------------------------------------------------------

REFUSED = [
    ({"loss": "cross_entrophy"}, ValueError, "no loss is called 'cross_entrophy'. Did you mean 'cross_entropy'"),
    ({"optimizer": "adamm"}, ValueError, "no optimizer is called 'adamm'. Did you mean 'adam'"),
    ({"metrics": ["acuracy"]}, ValueError, "no metric is called 'acuracy'. Did you mean 'accuracy'"),
    ({"class_weight": "ballanced"}, ValueError, "'class_weight' .* Got 'ballanced' instead. Did you mean 'balanced'"),
    (
        {"lr": -1},
        ValueError,
        r"The 'lr' parameter of NeuralNetClassifier must be a float in the range \(0, inf\) or None",
    ),
    ({"epochs": 0}, ValueError, r"'epochs'.* an int in the range \[1, inf\)"),
    ({"module": "linear"}, TypeError, "module: expected a Module, its class, or a function, got str"),
    ({"module": lambda: 3}, TypeError, "module: the function gave int, which is no Module"),
    ({"module": network(4, 3), "module_options": {"hidden": 3}}, TypeError, "a module that has been made takes none"),
    ({"module": None, "module_options": {"hiden": 3}}, TypeError, "the default module takes hidden, got hiden"),
    (
        {"module": nn.Linear(3, 3)},
        RuntimeError,
        r"(?s)mat1 and mat2.*at .*test_neural_net.py.*Did you mean Linear\(4, 3\)",
    ),
    ({"module": nn.Linear(4, 2)}, ValueError, r"shape \(2, 2\) for 2 examples, and there are 3 classes"),
    ({"module": nn.Linear(4, 1)}, ValueError, r"Expected outputs \(2, 3\); for one output and two classes"),
    ({"module": nn.LSTM(4, 3)}, TypeError, "the module gives tuple for a batch. An estimator needs one tensor"),
    ({"loss": "bce_with_logits"}, ValueError, "is for two classes, or for several labels .* Use 'cross_entropy'"),
]


@pytest.mark.parametrize(("options", "error", "text"), REFUSED)
def test_refused(options, error, text):
    model = classifier(**options)
    with pytest.raises(error, match=text):
        model.fit(X, NAMES[Y])


def test_refused_data():
    with pytest.raises(NotFittedError):
        classifier().predict(X)
    with pytest.raises(ValueError, match=r"Expected one output with BCEWithLogitsLoss, \(2, 1\)"):
        classifier(nn.Linear(4, 2), loss="bce_with_logits").fit(X, TWO)
    with pytest.raises(ValueError, match="for one output and two classes the loss is 'bce_with_logits'"):
        classifier(nn.Linear(4, 1)).fit(X, TWO)
    with pytest.raises(ValueError, match="and y has 3 labels"):
        classifier(nn.Linear(4, 2)).fit(X, LABELS)
    with pytest.raises(ValueError, match="class_weight: the examples have several labels each"):
        classifier(class_weight="balanced").fit(X, LABELS)
    with pytest.raises(ValueError, match=r"the module's outputs have shape \(2, 3\) .* and y has 1 numbers"):
        regressor(nn.Linear(10, 3)).fit(NUMBERS_X, NUMBERS)
    with pytest.raises(ValueError, match=r"validation_data: expected \(X, y\)"):
        classifier().fit(X, Y, validation_data=X)
    with pytest.raises(TypeError, match="says nothing of probabilities"):
        classifier(loss="multi_margin", epochs=1).fit(X, Y).predict_proba(X)
