"""Metrics equal scikit-learn's, in one batch or in many; and refuse what does not fit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tinygrad_nn as tg
from tinygrad_nn import metrics
from tinygrad_nn.metrics import metric
from tinygrad_nn.metrics.names import NAMES
from tinygrad_nn.metrics.probabilities import softmax

sk = pytest.importorskip("sklearn.metrics", reason="compares with scikit-learn")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")


# --- drawn data ---------------------------------------------------------------------------------------------------


class Data:
    """Outputs, targets and weights of some examples, and where to cut them into batches."""

    def __init__(self, output, target, weight, cuts):
        self.output, self.target, self.weight, self.cuts = output, target, weight, cuts

    def __repr__(self):
        return f"Data({self.output!r}, {self.target!r}, {self.weight!r}, cuts={self.cuts})"

    def of(self, found):
        """The metric, batch by batch; and it says the same about all examples in one batch, and about tensors."""
        parts = [np.split(array, self.cuts) for array in (self.output, self.target)]
        weights = np.split(self.weight, self.cuts) if self.weight is not None else [None] * len(parts[0])
        found.reset()
        for output, target, weight in zip(*parts, weights, strict=True):
            found.update(output, target, weight)
        value = found.compute()
        whole = found(tg.from_numpy(self.output), tg.from_numpy(self.target), self.weight)
        np.testing.assert_allclose(value, whole, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(value, found.compute())  # calling it has changed nothing
        return value


def make(draw, output, target):
    count = len(target)
    weight = None
    if draw(st.booleans()):
        weight = np.array(draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))) / 2
        weight[draw(st.integers(0, count - 1))] += 0.5
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=3)))
    return Data(output, target, weight, cuts)


def floats(draw, shape, dtype):
    """Scores with many ties."""
    steps = draw(st.sampled_from([3, 1000]))
    seed = draw(st.integers(0, 2**32 - 1))
    return (np.random.default_rng(seed).integers(-steps, steps + 1, shape) / steps * 2).astype(dtype)


@st.composite
def binary(draw, as_logits=None):
    count = draw(st.integers(1, 20))
    scores = floats(draw, count, draw(st.sampled_from([np.float32, np.float64])))
    if not (draw(st.booleans()) if as_logits is None else as_logits):
        scores = (1 / (1 + np.exp(-scores))).astype(scores.dtype)
    elif ((scores >= 0) & (scores <= 1)).all():
        scores[0] = -1.5  # or they might be probabilities
    target = np.array(draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)))
    return make(draw, scores, target)


@st.composite
def multiclass(draw, probabilities=False, least=2):
    count, classes = draw(st.integers(1, 20)), draw(st.integers(least, 5))
    scores = floats(draw, (count, classes), draw(st.sampled_from([np.float32, np.float64])))
    if probabilities:
        scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    target = np.array(draw(st.lists(st.integers(0, classes - 1), min_size=count, max_size=count)))
    return make(draw, scores, target)


@st.composite
def class_numbers(draw):
    count, classes = draw(st.integers(1, 20)), draw(st.integers(1, 5))
    numbers = st.lists(st.integers(0, classes - 1), min_size=count, max_size=count).map(np.array)
    return make(draw, draw(numbers), draw(numbers))


@st.composite
def multilabel(draw):
    count, labels = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    scores = floats(draw, (count, labels), np.float64)
    scores[0, 0] = -1.5
    seed = draw(st.integers(0, 2**32 - 1))
    return make(draw, scores, np.random.default_rng(seed).integers(0, 2, (count, labels)))


def predicted(data):
    """The class numbers, or labels, that the outputs stand for."""
    output = data.output
    if output.dtype.kind in "iu":
        return output
    if output.ndim == 2 and data.target.ndim == 1:
        return output.argmax(axis=1)
    threshold = 0.5 if ((output >= 0) & (output <= 1)).all() else 0
    return (output > threshold).astype(np.int64)


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9)


any_classes = st.one_of(binary(), multiclass(), class_numbers())
drawn = settings(max_examples=40, deadline=None, derandomize=True)


# --- classes ------------------------------------------------------------------------------------------------------


@drawn
@given(any_classes)
def test_accuracy(data):
    close(data.of(metric("accuracy")), sk.accuracy_score(data.target, predicted(data), sample_weight=data.weight))


@drawn
@given(multilabel())
def test_accuracy_of_labels(data):
    expected = sk.accuracy_score(data.target, predicted(data), sample_weight=data.weight)
    close(data.of(metrics.Accuracy()), expected)
    each = 1 - sk.hamming_loss(data.target, predicted(data), sample_weight=data.weight)
    close(data.of(metrics.Accuracy(each_label=True)), each)


@drawn
@given(multiclass(least=3), st.integers(1, 4))
def test_top_k_accuracy(data, k):
    classes = data.output.shape[1]
    k = min(k, classes - 1)
    expected = sk.top_k_accuracy_score(
        data.target, data.output, k=k, labels=np.arange(classes), sample_weight=data.weight
    )
    close(data.of(metrics.TopKAccuracy(k)), expected)


KINDS = {
    metrics.Precision: sk.precision_score,
    metrics.Recall: sk.recall_score,
    metrics.F1Score: sk.f1_score,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@drawn
@given(data=st.one_of(any_classes, multilabel()), zero_division=st.sampled_from([0.0, 1.0]))
def test_averages(kind, average, data, zero_division):
    expected = KINDS[kind](
        data.target, predicted(data), average=average, sample_weight=data.weight, zero_division=zero_division
    )
    close(data.of(kind(average=average, zero_division=zero_division)), expected)


@pytest.mark.parametrize("kind", KINDS)
@drawn
@given(data=st.one_of(any_classes, multilabel()))
def test_each_class(kind, data):
    got = data.of(kind(average=None))
    multiple = data.target.ndim == 2
    options = {} if multiple else {"labels": np.arange(len(got))}
    expected = KINDS[kind](
        data.target, predicted(data), average=None, sample_weight=data.weight, zero_division=0, **options
    )
    close(got, expected)


@pytest.mark.parametrize("kind", KINDS)
@drawn
@given(data=binary())
def test_two_classes(kind, data):
    expected = KINDS[kind](data.target, predicted(data), sample_weight=data.weight, zero_division=0)
    close(data.of(kind()), expected)
    close(data.of(kind(average="binary")), expected)


@drawn
@given(any_classes, st.sampled_from([0, 0.5, 1.0, 2.0, math.inf]))
def test_fbeta(data, beta):
    expected = sk.fbeta_score(
        data.target, predicted(data), beta=beta, average="macro", sample_weight=data.weight, zero_division=0
    )
    close(data.of(metrics.FBetaScore(beta, average="macro")), expected)


@drawn
@given(any_classes)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label was found")
def test_balanced_accuracy(data):
    expected = sk.balanced_accuracy_score(data.target, predicted(data), sample_weight=data.weight)
    got = data.of(metric("balanced_accuracy"))
    if np.isfinite(expected):
        close(got, expected)


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
@drawn
@given(data=any_classes)
def test_confusion_matrix(normalize, data):
    got = data.of(metrics.ConfusionMatrix(normalize=normalize))
    labels = np.arange(len(got))
    expected = sk.confusion_matrix(
        data.target, predicted(data), labels=labels, sample_weight=data.weight, normalize=normalize
    )
    close(got, expected)
    if normalize is None and data.weight is None:
        assert got.dtype == np.int64


# --- ranks --------------------------------------------------------------------------------------------------------


@drawn
@given(binary())
def test_auc(data):
    positive = data.weight is None or all((data.weight[data.target == kind] > 0).any() for kind in (0, 1))
    expected = sk.roc_auc_score(data.target, data.output, sample_weight=data.weight) if positive else math.nan
    close(data.of(metric("auc")), expected)


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
@drawn
@given(data=multiclass(probabilities=True, least=3))
def test_auc_of_classes(average, data):
    classes = data.output.shape[1]
    if set(data.target) != set(range(classes)) or (data.weight is not None and (data.weight == 0).any()):
        return  # undefined there
    expected = sk.roc_auc_score(
        data.target, data.output, multi_class="ovr", average=average, sample_weight=data.weight
    )
    logits = Data(np.log(data.output) + 3, data.target, data.weight, data.cuts)
    ours = data.of(metrics.AUC(average=average))
    close(ours, expected)
    # the very same probabilities: a last digit makes or breaks a tie
    expected = sk.roc_auc_score(
        data.target, softmax(logits.output), multi_class="ovr", average=average, sample_weight=data.weight
    )
    close(logits.of(metrics.AUC(average=average)), expected)
    expected = sk.average_precision_score(data.target, data.output, average=average, sample_weight=data.weight)
    close(data.of(metrics.AveragePrecision(average=average)), expected)


@pytest.mark.parametrize("average", ["macro", "weighted", "micro"])
@drawn
@given(data=multilabel())
def test_auc_of_labels(average, data):
    if any(len(set(column)) < 2 for column in data.target.T) or (data.weight is not None and (data.weight == 0).any()):
        return
    expected = sk.roc_auc_score(data.target, data.output, average=average, sample_weight=data.weight)
    close(data.of(metrics.AUC(average=average)), expected)


@drawn
@given(binary())
def test_average_precision(data):
    weight = np.ones(len(data.target)) if data.weight is None else data.weight
    if (weight[data.target == 1] > 0).any():
        expected = sk.average_precision_score(data.target, data.output, sample_weight=data.weight)
        close(data.of(metric("average_precision")), expected)


def test_two_columns_are_two_classes():
    scores = np.random.default_rng(0).normal(size=(50, 2))
    target = np.arange(50) % 2
    expected = sk.roc_auc_score(target, scores[:, 1] - scores[:, 0])
    close(metrics.AUC()(scores, target), expected)
    close(metrics.AUC()(scores[:, 1] - scores[:, 0], target), expected)
    assert metrics.F1Score()(scores, target) == sk.f1_score(target, scores.argmax(axis=1))


def test_undefined_ranks():
    assert math.isnan(metrics.AUC()([0.3, 0.6], [1, 1]))
    assert metrics.AveragePrecision()([0.3, 0.6], [0, 0]) == 0  # as there
    three = metrics.AUC(average=None)([[2.0, 1, 0], [0, 2, 1], [1, 2, 0]], [0, 1, 1])
    np.testing.assert_array_equal(three, [1, 1, math.nan])
    assert metrics.AUC()([[2.0, 1, 0], [0, 2, 1], [1, 2, 0]], [0, 1, 1]) == 1  # of the classes that are meant


# --- probabilities ------------------------------------------------------------------------------------------------


@drawn
@given(multiclass(probabilities=True))
def test_log_loss(data):
    classes = np.arange(data.output.shape[1])
    expected = sk.log_loss(data.target, data.output, labels=classes, sample_weight=data.weight)
    close(data.of(metric("log_loss")), expected)
    close(data.of(metric("perplexity")), np.exp(expected))
    logits = Data(np.log(data.output) - 2, data.target, data.weight, data.cuts)
    np.testing.assert_allclose(logits.of(metric("log_loss")), expected, rtol=1e-5, atol=1e-6)


@drawn
@given(binary(as_logits=False))
def test_log_loss_of_two(data):
    expected = sk.log_loss(data.target, data.output, labels=[0, 1], sample_weight=data.weight)
    close(data.of(metric("log_loss")), expected)


def test_log_loss_of_certain_probabilities():
    for dtype in (np.float32, np.float64):
        wrong = np.array([[0.0, 1.0], [1.0, 0.0]], dtype)
        close(metrics.LogLoss()(wrong, [0, 0]), sk.log_loss([0, 0], wrong, labels=[0, 1]))


def test_losses_equal_the_functions():
    """Logits in any form that a loss takes."""
    functional, generator = tg.nn.functional, np.random.default_rng(0)
    logits = tg.from_numpy(generator.normal(size=(4, 3, 5)))
    target = tg.from_numpy(generator.integers(0, 3, (4, 5)))
    target[0, 0] = -100
    loss = functional.cross_entropy(logits, target).item()
    assert metric("perplexity")(logits, target) == pytest.approx(math.exp(loss))
    assert metrics.LogLoss(ignore_index=-100)(logits, target) == pytest.approx(loss)
    single, wanted = logits[:, 0, 0], (target[:, 1] > 0).double()
    loss = functional.binary_cross_entropy_with_logits(single, wanted).item()
    assert metrics.LogLoss()(single, wanted) == pytest.approx(loss)
    labels = (target > 0).double()
    loss = functional.binary_cross_entropy_with_logits(logits[:, 0], labels).item()
    assert metrics.LogLoss()(logits[:, 0], labels) == pytest.approx(loss)


# --- numbers ------------------------------------------------------------------------------------------------------


@st.composite
def values(draw, far=0.0):
    count, columns = draw(st.integers(2, 20)), draw(st.sampled_from([(), (1,), (3,)]))
    seed, steps = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([1, 5]))
    generator = np.random.default_rng(seed)
    output, target = generator.integers(-steps, steps + 1, (2, count, *columns)).astype(np.float64) / steps
    return make(draw, output + far, target + far)


NUMBERS = {
    metrics.MeanSquaredError: sk.mean_squared_error,
    metrics.MeanAbsoluteError: sk.mean_absolute_error,
    metrics.RootMeanSquaredError: sk.root_mean_squared_error,
    metrics.R2Score: sk.r2_score,
}


@pytest.mark.parametrize("kind", NUMBERS)
@drawn
@given(data=values())
def test_numbers(kind, data):
    expected = NUMBERS[kind](data.target, data.output, sample_weight=data.weight)
    close(data.of(kind()), expected)
    raw = NUMBERS[kind](data.target, data.output, sample_weight=data.weight, multioutput="raw_values")
    close(data.of(kind(average=False)), raw)


@drawn
@given(values(far=1e6))
@example(Data(np.array([1e6 + 1, 1e6]), np.array([1e6, 1e6 + 1]), None, [1]))
def test_r2_far_from_zero(data):
    if np.ptp(data.target, axis=0).min() > 0:
        expected = sk.r2_score(data.target - 1e6, data.output - 1e6, sample_weight=data.weight)
        np.testing.assert_allclose(data.of(metrics.R2Score()), expected, rtol=1e-4, atol=1e-6)


def test_column_and_row():
    """Outputs (N, 1) with targets (N,) are no error of broadcasting."""
    column = tg.tensor([[1.0], [2.0], [4.0]])
    assert metric("mse")(column, tg.tensor([1.0, 2.0, 3.0])) == pytest.approx(1 / 3)
    assert metric("r2")(column, [1.0, 2.0, 3.0]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"outputs of shape \(3, 1\) do not fit targets of shape \(4,\)"):
        metric("mse")(column, np.zeros(4))


# --- what outputs are ---------------------------------------------------------------------------------------------


def test_logits_and_probabilities_are_told_apart_over_all_batches():
    """A batch of logits that happen to lie in [0, 1] is not taken for probabilities."""
    accuracy = metrics.Accuracy()
    accuracy.update([0.2, 0.3], [1, 1])
    assert accuracy.compute() == 0  # so far they may be probabilities
    accuracy.update([-3.0], [0])
    assert accuracy.compute() == 1
    accuracy.reset()
    accuracy.update([0.2, 0.3], [0, 0])
    assert accuracy.compute() == 1
    assert metrics.Accuracy(from_logits=True)([0.2, 0.3], [0, 0]) == 0
    assert metrics.Accuracy(from_logits=False)([-0.2, 1.3], [0, 1]) == 1


def test_one_hot_targets():
    scores, target = np.array([[2.0, 1.0, -1.0], [0.0, 3.0, 1.0]]), np.eye(3)[[0, 2]]
    assert metrics.Accuracy(task="multiclass")(scores, target) == 0.5
    assert metrics.Accuracy()(scores, target) == 0  # labels, each by itself
    assert metrics.F1Score(task="multiclass", average="macro")(scores, target) == sk.f1_score(
        [0, 2], [0, 1], average="macro", zero_division=0
    )


def test_pictures():
    """A class for each pixel, as `cross_entropy` takes it; and a mask."""
    generator = np.random.default_rng(0)
    scores, target = generator.normal(size=(2, 3, 4, 5)), generator.integers(0, 3, (2, 4, 5))
    weight = np.array([1.0, 3.0])
    expected = sk.accuracy_score(
        target.ravel(), scores.argmax(axis=1).ravel(), sample_weight=weight.repeat(target[0].size)
    )
    assert metric("accuracy")(scores, target, weight) == pytest.approx(expected)
    each = generator.random(target.shape)
    expected = sk.accuracy_score(target.ravel(), scores.argmax(axis=1).ravel(), sample_weight=each.ravel())
    assert metric("accuracy")(scores, target, each) == pytest.approx(expected)
    mask = generator.normal(size=(2, 1, 4, 5))
    with pytest.raises(ValueError, match="Give the metric a task"):
        metric("accuracy")(mask, mask > 0)
    assert metrics.Accuracy(task="binary")(mask, mask > 0) == 1


def test_ignored_targets():
    scores = np.eye(3)[[0, 1, 2, 0]] * 4
    assert metrics.Accuracy(ignore_index=-100)(scores, [0, 1, -100, 1]) == pytest.approx(2 / 3)
    matrix = metrics.ConfusionMatrix(ignore_index=-1)(scores, [0, 1, -1, 1])
    assert matrix.sum() == 3


def test_a_model_in_training():
    """Outputs with a graph are read as they are."""
    outputs = tg.tensor([[1.0, 2.0], [3.0, 1.0]], requires_grad=True) * 2
    assert metric("accuracy")(outputs, tg.tensor([1, 0])) == 1
    assert metric("mse")(outputs, outputs.detach()) == 0


def test_what_is_kept_is_copied():
    scores, target = np.array([0.1, 0.9, 0.4]), np.array([0, 1, 0])
    for found in (metrics.AUC(), metrics.FromFunction(lambda output, target: (output * target).sum())):
        found.update(scores, target)
        before = found.compute()
        scores[:], target[:] = 0, 0
        assert found.compute() == before
        scores[:], target[:] = (0.1, 0.9, 0.4), (0, 1, 0)


# --- refusals -----------------------------------------------------------------------------------------------------

REFUSALS = [
    ("accuracy", ([[1.0, 2.0]], [0, 1]), ValueError, r"outputs of shape \(1, 2\) do not fit targets of shape \(2,\)"),
    ("accuracy", ([[1.0, 2.0]], [2]), IndexError, "Target 2 is out of bounds. Row 0: expected 0 to 1"),
    ("accuracy", ([[1.0, 2.0]], [-1]), IndexError, "Target -1 is out of bounds"),
    ("accuracy", ([0.5, 0.2], [0, 2]), ValueError, "targets are 0 or 1, got 2"),
    ("accuracy", ([[0.5, 0.2]], [0.5]), ValueError, "expected class numbers, got float64"),
    ("accuracy", ([[0.5, 0.2]], [[1, 3]]), ValueError, "targets of several columns must be 0 or 1"),
    ("accuracy", ([[0.5, 0.2]], [1], [1.0, 2.0]), ValueError, r"weight has shape \(2,\) for a batch of 1"),
    ("confusion_matrix", ([[0.5, 0.2]], [[1, 0]]), ValueError, "needs one class for each example"),
    ("top_2_accuracy", ([0.5, 0.2], [1, 0]), ValueError, "needs a score for each class"),
    ("top_2_accuracy", ([1, 0], [1, 0]), ValueError, "needs scores"),
    ("auc", ([1, 0], [1, 0]), ValueError, "auc needs scores"),
    ("log_loss", ([1, 0], [1, 0]), ValueError, "log_loss needs scores"),
]


@pytest.mark.parametrize(("name", "arguments", "error", "text"), REFUSALS)
def test_refusals(name, arguments, error, text):
    with pytest.raises(error, match=text):
        metric(name)(*map(np.array, arguments))


def test_refused_options():
    for make_it, text in [
        (lambda: metrics.Accuracy(task="multi_class"), "Did you mean 'multiclass'"),
        (lambda: metrics.F1Score(average="makro"), "Did you mean 'macro'"),
        (lambda: metrics.AUC(average="binary"), "average: expected one of macro"),
        (lambda: metrics.ConfusionMatrix(normalize="rows"), "normalize: expected one of true, pred, all"),
        (lambda: metrics.TopKAccuracy(0), "k: expected at least 1, got 0"),
        (lambda: metrics.FBetaScore(-1), "beta: expected a number that is not negative"),
        (lambda: metrics.F1Score(average="binary")([0, 1, 2], [0, 1, 2]), "is for two classes, and this is multiclass"),
    ]:
        with pytest.raises(ValueError, match=text):
            make_it()
    with pytest.raises(IndexError, match="class 2 is out of bounds"):
        metrics.ConfusionMatrix(classes=2)([0, 2], [0, 1])


@pytest.mark.parametrize("name", ["precision", "auc"])
def test_batches_of_another_kind(name):
    found = metric(name)
    found.update(np.array([[0.1, 0.2, 0.7]]), [2])
    with pytest.raises(ValueError, match=r"Call reset\(\) in between"):
        found.update(np.array([[0.1, 0.9]]), [1])
    found.reset()
    found.update(np.array([[0.1, 0.9]]), [1])


# --- names and the base class -------------------------------------------------------------------------------------


def test_short_names():
    assert metric("acc").name == "accuracy"


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    found = metric(name)
    assert found.name == name
    value = found.compute()
    assert value.size == 0 if name == "confusion_matrix" else math.isnan(value)
    assert found.name in repr(found)
    assert found.higher_is_better is (None if name == "confusion_matrix" else name not in
                                      ("log_loss", "mae", "mse", "perplexity", "rmse"))  # fmt: skip


def test_near_names():
    with pytest.raises(ValueError, match=r"no metric is called 'acuracy'. Did you mean 'accuracy'\? There are"):
        metric("acuracy")
    assert metric("top_3_accuracy").k == 3
    assert metric("F1").name == "f1"
    with pytest.raises(TypeError, match="expected a name, a Metric or a function"):
        metric(3)


def test_objects_and_functions():
    mine = metrics.Accuracy(name="mine")
    assert metric(mine) is mine
    assert isinstance(metric(metrics.Accuracy), metrics.Accuracy)

    def largest(output, target):
        return np.abs(output - target).max()

    found = metric(largest)
    assert found.name == "largest"
    found.update([1.0, 2.0], [1.0, 1.0])
    found.update([5.0], [1.0])
    assert found.compute() == 4
    weighted = metrics.FromFunction(lambda output, target, weight: (output * weight).sum(), name="sum")
    weighted.update([1.0], [0.0])
    weighted.update([1.0, 2.0], [0.0, 0.0], [3.0, 4.0])
    assert weighted.compute() == 12


def test_what_the_loss_says():
    mine = metrics.Accuracy()
    mine.update([[1.0, 2.0]], [0])
    told = metric(mine, from_logits=False, task="binary")
    assert (told.from_logits, told.task, mine.from_logits, mine.task) == (False, "binary", None, None)
    assert math.isnan(told.compute())
    assert mine.compute() == 0
    own = metrics.Accuracy(from_logits=True)
    assert metric(own, from_logits=False) is own  # it knows better
    assert metric("mse", from_logits=False).name == "mse"


def test_base_class():
    class Nothing(metrics.Metric):
        pass

    with pytest.raises(NotImplementedError, match="Nothing has no reset"):
        Nothing()


@pytest.mark.parametrize("name", [*NAMES, "top_1_accuracy"])
def test_copies_are_apart(name):
    """A metric survives being pickled and copied with what it has counted."""
    import copy
    import pickle

    found = metric(name)
    numbers = name in ("mae", "mse", "r2", "rmse")
    batch = ([0.2, 0.5, 0.1], [0.1, 0.9, 0.3]) if numbers else ([[0.1, 0.9], [0.7, 0.3], [0.6, 0.4]], [1, 0, 1])
    found.update(*batch)
    for twin in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        np.testing.assert_array_equal(twin.compute(), found.compute())
        twin.update(*batch)
        twin.reset()
    np.testing.assert_array_equal(found.compute(), metric(name)(*batch))
