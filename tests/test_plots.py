"""Every picture is drawn, at several sizes, and read as a reader does: no text is cut off, or hides another."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn, plots

matplotlib = pytest.importorskip("matplotlib", reason="draws pictures")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.text import Text  # noqa: E402

ANIMALS = [
    "alligator", "bear", "cat", "dog", "elephant", "flamingo", "giraffe", "hedgehog", "iguana", "jaguar", "kangaroo",
    "lion", "mountain gorilla", "nightingale", "orangutan", "penguin", "quail", "raccoon", "salamander", "tiger",
    "uakari", "vampire bat", "walrus", "xerus", "yak", "zebra",
]  # fmt: skip
LONG = ["a very long name of a class that nobody would write out", "another one that is hardly shorter than the first"]
GENERATOR = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


# --- what is drawn ------------------------------------------------------------------------------------------------


def counts(classes, most=40):
    """A confusion matrix that is mostly right."""
    matrix = np.random.default_rng(1).poisson(0.6, (classes, classes))
    return matrix + np.diag(np.random.default_rng(2).integers(most // 2, most, classes))


def history(epochs, validation=True):
    steps = np.arange(epochs)
    found = {"loss": 2.3 * np.exp(-steps / (epochs / 4)) + 0.01, "accuracy": 1 - 0.8 * np.exp(-steps / (epochs / 3))}
    if validation:
        found["val_loss"] = found["loss"] + 0.1 + 0.4 * (steps / epochs) ** 2
        found["val_accuracy"] = found["accuracy"] * 0.96
    return {**{name: list(values) for name, values in found.items()}, "lr": [0.1] * epochs, "seconds": [1.0] * epochs}


def digits(count, side=8):
    images = np.zeros((count, side, side))
    for number, image in enumerate(images):
        image[number % side, 1:-1] = 1
        image[1:-1, (number * 3) % side] = 0.6
    return images


def shares(count, classes, seed=0):
    raw = np.exp(np.random.default_rng(seed).normal(size=(count, classes)) * 2)
    return raw / raw.sum(axis=1, keepdims=True)


def network(depth, width=8):
    tg.manual_seed(0)
    layers = [nn.Linear(4, width)]
    for _ in range(depth - 1):
        layers += [nn.Sigmoid(), nn.Linear(width, width)]
    model = nn.Sequential(*layers)
    model(tg.randn(5, 4)).square().sum().backward()
    return model


def blobs(classes):
    generator = np.random.default_rng(3)
    angles = np.arange(classes) / classes * 2 * np.pi
    target = np.repeat(np.arange(classes), 12)
    centers = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centers[target] + generator.normal(size=(len(target), 2)) * 0.1, target, centers


def nearest(centers):
    """Probabilities by the distance to each centre."""
    return lambda points: np.exp(-8 * ((points[:, None] - centers) ** 2).sum(axis=2)) / np.exp(
        -8 * ((points[:, None] - centers) ** 2).sum(axis=2)
    ).sum(axis=1, keepdims=True)


def boundary(classes, names=None, **options):
    points, target, centers = blobs(classes)
    return plots.decision_boundary(nearest(centers), points, target, names, resolution=60, **options)


def small(draw, width=3.2, height=2.6):
    """Into axes of a user's figure, as small as in a notebook with many of them."""
    figure, ax = plt.subplots(figsize=(width, height), layout="constrained")
    draw(ax)
    return figure


def photographs(count):
    return np.random.default_rng(0).random((count, 3, 16, 16)).astype(np.float32)


PICTURES = {
    "curve": lambda: plots.curve(history(20)),
    "curve/accuracy": lambda: plots.curve(history(20), "accuracy"),
    "curve/training only": lambda: plots.curve(history(8, validation=False)),
    "curve/one epoch": lambda: plots.curve(history(1)),
    "curve/300 epochs": lambda: plots.curve(history(300)),
    "curve/small": lambda: small(lambda ax: plots.curve(history(20), ax=ax)),
    "history": lambda: plots.history(history(30)),
    "history/loss only": lambda: plots.history({"loss": [2.0, 1.0, 0.7]}),
    "history/many": lambda: plots.history(
        {**history(12), "top_5_accuracy": np.linspace(0.5, 1, 12), "f1_macro": np.linspace(0.1, 0.9, 12),
         "val_f1_macro": np.linspace(0.1, 0.7, 12), "mae": np.linspace(8, 1, 12)}
    ),
    "confusion/2": lambda: plots.confusion_matrix(counts(2), ["cat", "dog"]),
    "confusion/2 long names": lambda: plots.confusion_matrix(counts(2), LONG),
    "confusion/2 large numbers": lambda: plots.confusion_matrix(counts(2) * 12345),
    "confusion/10": lambda: plots.confusion_matrix(counts(10)),
    "confusion/10 named": lambda: plots.confusion_matrix(counts(10), ANIMALS),
    "confusion/26": lambda: plots.confusion_matrix(counts(26), ANIMALS),
    "confusion/26 large numbers": lambda: plots.confusion_matrix(counts(26) * 1234, ANIMALS),
    "confusion/10 small": lambda: small(lambda ax: plots.confusion_matrix(counts(10), ax=ax), 4, 3.2),
    "confusion/26 small": lambda: small(lambda ax: plots.confusion_matrix(counts(26), ANIMALS, ax=ax), 5.2, 4),
    "confusion/weighted": lambda: plots.confusion_matrix(counts(3) / 7, ANIMALS),
    "examples": lambda: plots.examples(digits(16), np.arange(16) % 10, (np.arange(16) * 7) % 9),
    "examples/targets only": lambda: plots.examples(digits(10).reshape(10, 64), np.arange(10)),
    "examples/scores and long names": lambda: plots.examples(
        photographs(8), np.arange(8) % 2, shares(8, 2), LONG, count=6, columns=3
    ),
    "examples/26 names": lambda: plots.examples(digits(26), np.arange(26), np.arange(26)[::-1], ANIMALS, count=26),
    "examples/small": lambda: plots.examples(
        digits(26), np.arange(26), np.arange(26)[::-1], ANIMALS, figure=plt.figure(figsize=(4, 3), layout="constrained")
    ),
    "examples/one": lambda: plots.examples(digits(1), [3], [4], ANIMALS),
    "examples/pictures only": lambda: plots.examples(photographs(5), title="Five random images"),
    "mistakes": lambda: plots.mistakes(digits(40), np.arange(40) % 10, shares(40, 10)),
    "mistakes/26 names": lambda: plots.mistakes(digits(40), np.arange(40) % 26, shares(40, 26), ANIMALS),
    "mistakes/long names": lambda: plots.mistakes(digits(9), np.arange(9) % 2, shares(9, 2), LONG),
    "mistakes/one": lambda: plots.mistakes(digits(3), [0, 1, 1], [[0.9, 0.1], [0.3, 0.7], [0.8, 0.2]]),
    "mistakes/small": lambda: plots.mistakes(
        digits(40), np.arange(40) % 10, shares(40, 10), ANIMALS, figure=plt.figure(figsize=(4, 3), layout="constrained")
    ),
    "mistakes/none": lambda: plots.mistakes(digits(3), [0, 1, 1], [[0.9, 0.1], [0.3, 0.7], [0.1, 0.9]]),
    "probabilities": lambda: plots.probabilities(shares(1, 10)[0], truth=3),
    "probabilities/right": lambda: plots.probabilities([0.02, 0.97, 0.01], ["cat", "dog", "cow"], truth=1),
    "probabilities/2 long names": lambda: plots.probabilities([0.3, 0.7], LONG, truth=0),
    "probabilities/26": lambda: plots.probabilities(shares(1, 26)[0], ANIMALS, truth=20),
    "probabilities/all 26": lambda: plots.probabilities(shares(1, 26)[0], ANIMALS, most=26),
    "probabilities/image": lambda: plots.probabilities(shares(1, 10)[0], truth=3, image=digits(1)[0]),
    "probabilities/small": lambda: small(lambda ax: plots.probabilities(shares(1, 10)[0], ANIMALS, ax=ax), 3.6, 2.8),
    "weights": lambda: plots.weights(nn.Sequential(nn.Flatten(), nn.Linear(64, 30))),
    "weights/many": lambda: plots.weights(GENERATOR.normal(size=(100, 784)), count=64),
    "weights/few": lambda: plots.weights(GENERATOR.normal(size=(3, 12)), shape=(3, 4)),
    "weights/small": lambda: plots.weights(
        GENERATOR.normal(size=(20, 64)), figure=plt.figure(figsize=(4, 3), layout="constrained")
    ),
    "weights/convolution": lambda: plots.weights(nn.Sequential(nn.Conv2d(1, 12, 5), nn.ReLU(), nn.Conv2d(12, 3, 3))),
    "weights/colors": lambda: plots.weights(GENERATOR.normal(size=(16, 3, 5, 5))),
    "gradients": lambda: plots.gradient_flow(network(6)),
    "gradients/biases": lambda: plots.gradient_flow(network(2), biases=True),
    "gradients/26": lambda: plots.gradient_flow(network(26)),
    "gradients/none and zero": lambda: plots.gradient_flow(partly_dead()),
    "gradients/small": lambda: small(lambda ax: plots.gradient_flow(network(6), ax=ax), 5, 2.6),
    "boundary/2": lambda: boundary(2, ["inside", "outside"]),
    "boundary/3 long names": lambda: boundary(3, [*LONG, "short"]),
    "boundary/10": lambda: boundary(10),
    "boundary/26": lambda: boundary(26, ANIMALS, features=("length of the tail (cm)", "weight (kg)")),
    "boundary/small": lambda: small(lambda ax: boundary(3, ax=ax), 4, 3),
}  # fmt: skip


def partly_dead():
    model = network(4)
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    layers[0].weight.grad = None
    layers[1].weight.grad = tg.zeros(8, 8)
    return model


# --- how it is read -----------------------------------------------------------------------------------------------


def texts_in(figure):
    """All texts that are seen, with their boxes in pixels."""
    figure.canvas.draw()
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    made = {id(label) for axis in axes for tick in [*axis.majorTicks, *axis.minorTicks] for label in labels_of(tick)}
    # of the ticks, those within an axis's limits
    drawn = {
        id(label) for axis in axes if axis.axes.axison for tick in axis._update_ticks() for label in labels_of(tick)
    }
    seen = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [(text, text.get_window_extent()) for text in seen if id(text) not in made or id(text) in drawn]


def labels_of(tick):
    return tick.label1, tick.label2


def faults(figure):
    """What a reader would stumble over."""
    found = texts_in(figure)
    found_faults = []
    width, height = figure.bbox.width, figure.bbox.height
    for text, box in found:
        if box.x0 < -0.5 or box.y0 < -0.5 or box.x1 > width + 0.5 or box.y1 > height + 0.5:
            found_faults.append(f"cut off: {text.get_text()!r} at {box.extents.round(1)} in {width:.0f} x {height:.0f}")
        if text.get_fontsize() < 5:
            found_faults.append(f"too small: {text.get_text()!r}, {text.get_fontsize():.1f} points")
    for number, (text, box) in enumerate(found):
        for other, other_box in found[:number]:
            across = min(box.x1, other_box.x1) - max(box.x0, other_box.x0)
            up = min(box.y1, other_box.y1) - max(box.y0, other_box.y0)
            lines = [text.get_text().count("\n") + 1, other.get_text().count("\n") + 1]
            line = min(box.height / lines[0], other_box.height / lines[1])
            if across > 1 and up > 1 + 0.2 * line:  # of which letters take four fifths
                found_faults.append(f"over each other: {text.get_text()!r} and {other.get_text()!r}")
    return found_faults


def figure_of(drawn):
    return drawn.figure if hasattr(drawn, "get_xlabel") else drawn


@pytest.mark.parametrize("name", PICTURES)
def test_picture(name, tmp_path):
    """To look at them: pytest tests/test_plots.py --basetemp=DIR, and see DIR."""
    drawn = PICTURES[name]()
    figure = figure_of(drawn)
    found = faults(figure)
    figure.savefig(tmp_path / f"{name.replace('/', ' ')}.png")
    assert not found, "\n".join(found)
    titles = [ax.get_title() for ax in figure.axes] + [figure.get_suptitle()]
    assert any(titles), "no title"
    for ax in figure.axes:
        if ax.axison and (len(ax.get_xticks()) or len(ax.get_yticks())) and ax.get_label() != "<colorbar>":
            assert ax.get_xlabel(), "an axis without a label"
            assert ax.get_ylabel(), "an axis without a label"


def test_faults_are_found():
    """What the tests look for can be there."""
    figure, ax = plt.subplots(figsize=(3, 2))
    ax.text(0.5, 0.5, "one text")
    ax.text(0.55, 0.52, "another one")
    ax.set_title("a title that is far too long for a figure of this size, and so is cut off")
    ax.text(0.1, 0.9, "tiny", fontsize=3)
    found = "\n".join(faults(figure))
    assert "over each other: 'another one' and 'one text'" in found
    assert "cut off: 'a title" in found
    assert "too small: 'tiny'" in found


# --- what is shown ------------------------------------------------------------------------------------------------


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


def test_curves():
    found = history(10)
    ax = plots.curve(found, "val_loss")
    train, validation, best = ax.lines
    np.testing.assert_array_equal(train.get_ydata(), found["loss"])
    np.testing.assert_array_equal(train.get_xdata(), np.arange(1, 11))
    np.testing.assert_array_equal(validation.get_ydata(), found["val_loss"])
    epoch = int(np.argmin(found["val_loss"])) + 1
    assert best.get_xdata() == epoch
    assert best.get_label() == f"best: {min(found['val_loss']):.4g} (epoch {epoch})"
    assert (ax.get_yscale(), ax.get_ylabel()) == ("log", "loss (logarithmic scale)")
    rising = plots.curve({"accuracy": [0.1, 0.9, 0.8], "val_accuracy": [0.2, 0.3, 0.4]}, "accuracy")
    assert rising.lines[2].get_xdata() == 3
    with pytest.raises(KeyError, match=r"the history has no 'los'\. Did you mean 'loss'"):
        plots.curve(found, "los")


def test_curves_with_nan():
    ax = plots.curve({"loss": [1.0, float("nan"), 0.5], "val_loss": [float("nan")] * 3})
    assert ax.get_legend_handles_labels()[1] == ["training", "validation"]
    plots.curve({"loss": [float("nan")]})


def test_history_leaves_out_what_is_no_curve():
    found = plots.history({"loss": [1.0], "confusion_matrix": [[[1, 0], [0, 1]]], "lr": [0.1], "seconds": [1.0]})
    assert [ax.get_title() for ax in found.axes] == ["Loss"]
    both = plots.history({"loss": [1.0], "lr": [0.1]}, ["lr", "loss"])
    assert [ax.get_title() for ax in both.axes] == ["Learning rate", "Loss"]
    with pytest.raises(ValueError, match="has nothing to draw: it has lr"):
        plots.history({"lr": [0.1]})


def test_confusion_matrix():
    ax = plots.confusion_matrix([[8, 2], [0, 10]])
    assert sorted(texts_of(ax)) == ["10", "2", "8"]  # no zeros
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.8, 0.2], [0, 1]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert plots.confusion_matrix(np.zeros((2, 2))).get_title() == "Confusion matrix: nothing was counted"
    assert plots.confusion_matrix(tg.eye(2), title="mine").get_title() == "mine"
    with pytest.raises(ValueError, match=r"is square, \(classes, classes\), got shape \(2, 3\)"):
        plots.confusion_matrix(np.ones((2, 3)))
    with pytest.raises(ValueError, match="names: expected one for each of 3 classes, got 2"):
        plots.confusion_matrix(np.eye(3), ["a", "b"])


def test_mistakes_are_ranked():
    shares = np.array([[0.6, 0.4], [0.05, 0.95], [0.3, 0.7], [0.2, 0.8]])
    images = np.arange(4)[:, None, None] * np.ones((1, 2, 2))
    found = plots.mistakes(images, [1, 0, 1, 0], shares)
    assert [ax.images[0].get_array().max() for ax in found.axes] == [1, 3, 0]
    assert found.get_suptitle() == "3 of 4 are wrong, the most confident first"
    assert found.axes[0].get_title() == "1 (95 %)\ntrue: 0 (5 %)"
    narrow = plots.mistakes(
        images, [1, 0, 1, 0], shares, ["bear", "hedgehog"], figure=plt.figure(figsize=(4, 3), layout="constrained")
    )
    assert narrow.axes[0].get_title() == "hedgehog (95 %)\ntrue: bear (5 %)"
    two = plots.mistakes(images, [1, 0, 1, 0], shares, count=2)
    assert two.get_suptitle().replace("\n", " ") == "3 of 4 are wrong, the most confident first (2 shown)"
    with pytest.raises(ValueError, match=r"expected probabilities \(N, classes\) for 3 targets, got \(4, 2\)"):
        plots.mistakes(images, [1, 0, 1], shares)


def test_examples():
    scores = tg.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    found = plots.examples(tg.rand(2, 1, 3, 3), tg.tensor([0, 0]), scores * 2)
    assert [ax.get_title() for ax in found.axes] == ["0", "1\ntrue: 0"]
    colors = [ax.title.get_color() for ax in found.axes]
    assert colors[0] != colors[1]
    with pytest.raises(ValueError, match="there are none to show"):
        plots.examples(np.zeros((0, 4)))


@pytest.mark.parametrize(
    ("shape", "options", "picture"),
    [
        ((2, 9), {}, (3, 3)),
        ((2, 6), {"shape": (2, 3)}, (2, 3)),
        ((2, 12), {"shape": (2, 2, 3)}, (2, 2, 3)),
        ((2, 5, 4), {}, (5, 4)),
        ((2, 1, 5, 4), {}, (5, 4)),
        ((2, 3, 5, 4), {}, (5, 4, 3)),
        ((2, 5, 4, 3), {}, (5, 4, 3)),
        ((2, 5, 4, 1), {}, (5, 4)),
    ],
)
def test_layouts_of_images(shape, options, picture):
    for values in (np.random.default_rng(0).normal(size=shape), np.full(shape, 200, np.uint8)):
        found = plots.examples(values, **options)
        assert found.axes[0].images[0].get_array().shape == picture


def test_images_that_are_none():
    with pytest.raises(ValueError, match="8 pixels are no square"):
        plots.examples(np.zeros((2, 8)))
    with pytest.raises(ValueError, match="images: expected"):
        plots.examples(np.zeros((2, 7, 5, 5)))


def test_probabilities():
    ax = plots.probabilities([0.1, 0.7, 0.2], ["a", "b", "c"])
    assert [bar.get_width() for bar in ax.patches] == [0.1, 0.7, 0.2]
    assert texts_of(ax) == ["10.0 %", "70.0 %", "20.0 %"]
    many = plots.probabilities(np.arange(20) / 190, most=3, truth=0)
    assert [label.get_text() for label in many.get_yticklabels()] == ["19", "18", "0"]
    with pytest.raises(ValueError, match=r"expected those of one example, \(classes,\), got shape \(2, 2\)"):
        plots.probabilities(np.eye(2))
    with pytest.raises(ValueError, match="Leave ax away"):
        plots.probabilities([1.0], image=np.eye(2), ax=ax)


def test_gradient_flow():
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1))
    with pytest.raises(ValueError, match=r"Call it after loss.backward\(\)"):
        plots.gradient_flow(model)
    model(tg.ones(1, 2)).sum().backward()
    ax = plots.gradient_flow(model)
    means = [bar.get_width() for bar in ax.containers[1]]
    np.testing.assert_allclose(means, [p.grad.abs().mean().item() for p in (model[0].weight, model[1].weight)])
    assert len(plots.gradient_flow(dict(model.named_parameters()), biases=True).get_yticks()) == 3
    with pytest.raises(ValueError, match="give biases=True"):
        plots.gradient_flow({"b": model[1].bias})
    assert "no gradient" in texts_of(plots.gradient_flow(partly_dead()))


def test_weights():
    found = plots.weights(nn.Sequential(nn.ReLU(), nn.Linear(4, 3)), count=2)
    assert found.get_suptitle() == "Weights of 2 of 3 units in the first layer"
    assert found.axes[0].images[0].get_array().shape == (2, 2)
    low, high = found.axes[0].images[0].get_clim()
    assert low == -high
    with pytest.raises(ValueError, match="ReLU has neither a Linear nor a Conv2d layer"):
        plots.weights(nn.ReLU())
    plots.weights(np.random.default_rng(0).normal(size=(2, 8, 3, 3)))  # many channels


class Estimator:
    def __init__(self, **methods):
        vars(self).update(methods)


def test_models_that_are_drawn():
    points, target = np.array([[-1.0, 0.0], [1.0, 0.5]]), np.array([0, 1])
    tg.manual_seed(0)
    one = nn.Sequential(nn.Linear(2, 1), nn.Dropout(0.5))
    with tg.no_grad():
        one[0].weight.copy_(tg.tensor([[3.0, 0.0]]))
        one[0].bias.zero_()
    two = nn.Sequential(nn.Linear(2, 2))
    with tg.no_grad():
        two[0].weight.copy_(tg.tensor([[-3.0, 0.0], [3.0, 0.0]]))
        two[0].bias.zero_()
    one.train()
    models = [
        one,
        two,
        Estimator(predict=lambda x: (x[:, 0] > 0).astype(int)),
        Estimator(predict_proba=lambda x: np.stack([x[:, 0] < 0, x[:, 0] >= 0], axis=1).astype(float)),
        lambda x: x[:, 0] * 5,
    ]
    for model in models:
        ax = plots.decision_boundary(model, points, target, resolution=20)
        assert ax.get_title() == "Decision boundary: 100.0 % of 2 examples are right"
    assert one.training
    assert one[1].training
    with pytest.raises(ValueError, match=r"expected examples \(N, 2\)"):
        plots.decision_boundary(two, np.ones((3, 3)), [0, 0, 0])
    with pytest.raises(TypeError, match="expected a module, an estimator or a function, got int"):
        plots.decision_boundary(3, points, target)


def test_one_class_and_one_point():
    ax = plots.decision_boundary(lambda x: np.zeros(len(x), int), [[1.0, 1.0]], [0], resolution=5)
    assert ax.get_title() == "Decision boundary: 100.0 % of 1 examples are right"


# --- where it is drawn --------------------------------------------------------------------------------------------

INTO_AXES = {
    "curve": lambda **where: plots.curve(history(3), **where),
    "confusion_matrix": lambda **where: plots.confusion_matrix(np.eye(2), **where),
    "probabilities": lambda **where: plots.probabilities([0.2, 0.8], **where),
    "gradient_flow": lambda **where: plots.gradient_flow(network(2), **where),
    "decision_boundary": lambda **where: boundary(2, **where),
}
INTO_FIGURES = {
    "history": lambda **where: plots.history(history(3), **where),
    "examples": lambda **where: plots.examples(digits(4), **where),
    "mistakes": lambda **where: plots.mistakes(digits(4), [0, 0, 0, 0], shares(4, 3), **where),
    "weights": lambda **where: plots.weights(np.ones((4, 4)), **where),
}


def test_all_are_listed():
    assert sorted({*INTO_AXES, *INTO_FIGURES}) == sorted(plots.__all__)


@pytest.mark.parametrize("name", INTO_AXES)
def test_into_axes(name):
    figure, (ax, other) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    assert INTO_AXES[name](ax=ax) is ax
    assert not other.has_data()
    assert plt.get_fignums() == [figure.number]
    assert not faults(figure)


@pytest.mark.parametrize("name", INTO_FIGURES)
def test_into_figures(name):
    figure = plt.figure(figsize=(12, 4), layout="constrained")
    left, right = figure.subfigures(1, 2)
    assert INTO_FIGURES[name](figure=left) is left
    right.suptitle("the other half")
    assert plt.get_fignums() == [figure.number]
    assert not faults(figure)


def test_matplotlib_is_imported_when_something_is_drawn():
    code = "import sys, tinygrad_nn; tinygrad_nn.plots.curve; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", [*INTO_AXES, *INTO_FIGURES])
def test_without_matplotlib(name, monkeypatch):
    for module in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"plots draws with matplotlib: python -m pip install matplotlib$"):
        {**INTO_AXES, **INTO_FIGURES}[name]()
