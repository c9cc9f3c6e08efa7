"""What the examples build: the network in the manner of Keras, the classifier, the perceptron; and their README."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from example_runs import EXAMPLES, importable

import tinygrad_nn as tg


@pytest.fixture
def modules():
    """Import an example."""
    with importable() as load:
        yield load


@pytest.fixture
def keras(modules):
    """NN and FFL."""
    return modules("keras_like").NN, modules("keras_layers").FFL


@pytest.fixture
def blobs():
    """Points around three corners, and one-hot labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 120)
    corners = np.array([[0, 0], [3, 0], [0, 3]])
    return (corners[labels] + rng.normal(0, 0.5, (120, 2))).astype(np.float32), np.eye(3, dtype=np.float32)[labels]


def network(keras, *, last="softmax", neurons=3, **compiled):
    cls, layer = keras
    tg.manual_seed(0)
    made = cls()
    made.add(layer(input_shape=2, neurons=8, activation="tanh"))
    made.add(layer(neurons=neurons, activation=last))
    if compiled:
        made.compile_model(**compiled)
    return made


RATES = {
    "sgd": 0.1, "iterative": 0.5, "momentum": 0.05, "rmsprop": 0.01, "adagrad": 0.1, "adam": 0.01, "adamax": 0.02,
    "adadelta": 1.0,
}  # fmt: skip


def test_every_optimizer_has_a_rate_here(modules):
    assert set(RATES) == set(modules("keras_layers").OPTIMIZERS)


@pytest.mark.parametrize("loss", ["mse", "cse"])
@pytest.mark.parametrize("opt", RATES)
def test_keras_like_learns(keras, blobs, opt, loss):
    made = network(keras, lr=RATES[opt], opt=opt, loss=loss, metrics=["accuracy", "mse", "cse"])
    history = made.train(*blobs, epochs=60, show_every=60, batch_size=16, val_split=0.25)
    assert set(history) == {f"{part}{name}" for part in ("", "validation ") for name in ("accuracy", "mse", "cse")}
    assert all(len(values) == 60 for values in history.values())
    assert history[loss][-1] < history[loss][0]
    assert history["validation accuracy"][-1] > 0.9


def test_keras_like_binary(keras, blobs):
    x, y = blobs
    made = network(keras, last="sigmoid", neurons=1, lr=0.02, opt="adam", loss="cse", metrics=["accuracy"])
    history = made.train(x, y[:, :1], epochs=30, val_x=x[:20], val_y=y[:20, :1])
    assert history["validation accuracy"][-1] > 0.9
    outputs = made.predict(x).numpy()
    wanted = -np.mean(y[:, :1] * np.log(outputs) + (1 - y[:, :1]) * np.log(1 - outputs))
    assert history["cse"][-1] == pytest.approx(wanted, rel=1e-4)
    assert history["accuracy"][-1] == pytest.approx(np.mean((outputs > 0.5) == (y[:, :1] > 0.5)))


def test_iterative_takes_all_examples_at_once(keras, blobs):
    x, y = blobs
    made = network(keras, lr=0.5, opt="iterative", loss="mse")
    before = [weights.detach().clone() for weights in made.layers.parameters()]
    made.measure("mse", made.sums(tg.from_numpy(x)), tg.from_numpy(y)).backward()
    wanted = [weights - 0.5 * new.grad for weights, new in zip(before, made.layers.parameters(), strict=True)]
    made.train(x, y, epochs=1, batch_size=7)
    for new, expected in zip(made.layers.parameters(), wanted, strict=True):
        tg.testing.assert_close(new.detach(), expected)


def test_keras_like_summary(keras, capsys):
    cls, layer = keras
    made = cls()
    made.add(layer(input_shape=784, neurons=100, activation="sigmoid"))
    made.add(layer(neurons=20, bias=False))
    made.add(layer(neurons=10, activation="softmax", name="answer"))
    text = made.summary()
    assert capsys.readouterr().out == text + "\n"
    rows = [line.split() for line in text.splitlines()]
    assert rows[1:] == [
        ["Input", "layer", "784", "100", "sigmoid", "True", "78,500"],
        ["Hidden", "1", "layer", "100", "20", "linear", "False", "2,000"],
        ["answer", "20", "10", "softmax", "True", "210"],
        ["total", "parameters:", "80,710"],
    ]


def test_keras_like_saves_and_loads(keras, blobs, tmp_path):
    x, y = blobs
    made = network(keras, lr=0.02, opt="adam", loss="cse")
    made.train(x, y, epochs=3)
    made.save_model(tmp_path / "network.json")
    assert json.loads((tmp_path / "network.json").read_text())
    again = keras[0].load_model(tmp_path / "network.json")
    np.testing.assert_array_equal(again.predict(x).numpy(), made.predict(x).numpy())
    assert again.summary() == made.summary()
    with pytest.raises(RuntimeError, match="not compiled"):
        again.train(x, y, epochs=1)
    again.compile_model(lr=0.02, opt="adam", loss="cse", metrics=["accuracy"])
    assert again.train(x, y, epochs=10)["accuracy"][-1] > 0.9


def test_given_weights(keras):
    _, layer = keras
    made = layer(input_shape=2, neurons=1, weights=[[3, 4]], bias=False)
    assert made(tg.tensor([[1.0, 2.0]])).tolist() == [[11.0]]
    with pytest.raises(ValueError, match=r"weights: expected shape \(1, 2\), \(neurons, inputs\), got \(2, 1\)"):
        layer(input_shape=2, neurons=1, weights=[[3], [4]])


def test_softmax_is_of_each_row(keras):
    made = network(keras)
    outputs = made.predict([[0.0, 1.0], [2.0, 3.0], [-1.0, 5.0]])
    tg.testing.assert_close(outputs.sum(dim=1), tg.ones(3))


def test_keras_like_draws_its_history(keras, blobs):
    pytest.importorskip("matplotlib", reason="draws")
    made = network(keras, lr=0.02, opt="adam", loss="cse", metrics=["accuracy"])
    made.train(*blobs, epochs=2, val_split=0.2)
    figure = made.visualize()
    assert [axes.get_ylabel() for axes in figure.axes] == ["cross entropy", "accuracy"]
    assert [line.get_label() for line in figure.axes[0].lines] == ["training", "validation"]


def test_layers_that_do_not_fit(keras):
    cls, layer = keras
    made = cls()
    with pytest.raises(ValueError, match=r"layer 1 is the first one, so it needs an input_shape"):
        made.add(layer(neurons=3))
    with pytest.raises(TypeError, match="expected a layer, FFL, got Linear"):
        made.add(tg.nn.Linear(2, 3))
    made.add(layer(input_shape=4, neurons=3, name="first"))
    with pytest.raises(ValueError, match=r"layer second takes 5 inputs, but the layer before it, first, has 3 neurons"):
        made.add(layer(input_shape=5, neurons=2, name="second"))
    with pytest.raises(ValueError, match="there is a layer 'first' already"):
        made.add(layer(neurons=2, name="first"))
    assert len(made.layers) == 1
    with pytest.raises(ValueError, match="neurons: expected a whole number from 1 on, got 0"):
        layer(input_shape=4, neurons=0)
    with pytest.raises(ValueError, match=r"there is no 'gelu'\. Known are linear, relu, sigmoid, tanh, softmax"):
        layer(input_shape=4, neurons=2, activation="gelu")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"opt": "adamw"}, "opt: there is no 'adamw'. Known are sgd, iterative, momentum, rmsprop, adagrad, adam"),
        ({"loss": "mae"}, "loss: there is no 'mae'. Known are mse, cse"),
        ({"metrics": ["f1"]}, "metrics: there is no 'f1'. Known are mse, accuracy, cse"),
        ({"loss": "cse"}, "the last layer's activation is 'tanh'. Make it softmax or sigmoid"),
    ],
)
def test_compile_refuses(keras, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        network(keras, last="tanh", **arguments)
    with pytest.raises(RuntimeError, match="the network has no layers"):
        keras[0]().compile_model()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": np.zeros((3, 2))}, "there are 3 inputs, but 4 targets"),
        ({"x": np.zeros((4, 5))}, "expected inputs of shape (N, 2), got (4, 5)"),
        ({"y": np.zeros((4, 2))}, "expected targets of shape (N, 3), got (4, 2)"),
        ({"y": np.zeros(4)}, "expected targets of shape (N, 3), got (4,)"),
        ({"val_split": 1.0}, "expected val_split to be a part, from 0 to below 1, got 1.0"),
        ({"val_x": np.zeros((4, 2))}, "val_x and val_y belong together"),
        ({"val_x": np.zeros((4, 1)), "val_y": np.zeros((4, 3))}, "validation: expected inputs of shape (N, 2)"),
        ({"epochs": 0}, "expected epochs from 1 on, got 0"),
        ({"batch_size": 0}, "expected batch_size from 1 on, got 0"),
    ],
)
def test_train_refuses(keras, arguments, message):
    made = network(keras, loss="mse")
    before = [weights.detach().clone() for weights in made.layers.parameters()]
    with pytest.raises(ValueError, match=re.escape(message)):
        made.train(**{"x": np.zeros((4, 2)), "y": np.zeros((4, 3)), "epochs": 1, **arguments})
    for weights, old in zip(made.layers.parameters(), before, strict=True):
        assert weights.equal(old)


def test_a_layer_that_comes_later_has_to_be_compiled_too(keras):
    made = network(keras, loss="mse")
    made.add(keras[1](neurons=3))
    with pytest.raises(RuntimeError, match="Call compile_model first"):
        made.train(np.zeros((4, 2)), np.zeros((4, 3)), epochs=1)


# --- the classifier ------------------------------------------------------------------------------------------------


def classifier(modules, **options):
    return modules("nn_classifier").NNClassifier(3, 2, 6, learning_rate=0.02, n_batches=8, random_seed=1, **options)


def test_classifier(modules, blobs):
    x, y = blobs[0], blobs[1].argmax(axis=1)
    made = classifier(modules, epochs=100).fit(x, y)
    assert made.score(x, y) > 0.95
    assert len(made.error_) == 100
    assert made.error_[-1] < made.error_[0] / 2
    probabilities = made.predict_proba(x)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert probabilities.max() > 0.23  # where a softmax of sigmoids ends
    np.testing.assert_array_equal(made.predict(x), probabilities.argmax(axis=1))
    with pytest.raises(ValueError, match="there are 5 examples, but 4 classes"):
        made.fit(x[:5], y[:4])


def test_penalties(modules, blobs):
    x, y = tg.from_numpy(blobs[0]).double(), tg.from_numpy(blobs[1]).double()
    plain, penalised = classifier(modules), classifier(modules, l1=0.3, l2=0.7)
    for made in (plain, penalised):
        made.error(x, y).backward()
    for ours, other in zip(penalised.layers, plain.layers, strict=True):
        weight = other.weight.detach()
        tg.testing.assert_close(ours.weight.grad, other.weight.grad + 0.3 * weight.sign() + 0.7 * weight)
        assert ours.bias.grad.equal(other.bias.grad)


def test_l1_sets_weights_to_nothing(modules, blobs):
    x, y = np.hstack([blobs[0], np.random.default_rng(1).normal(size=(120, 8)).astype(np.float32)]), blobs[1]
    sizes = {}
    for penalty in ({"l1": 0.3}, {"l2": 0.3}):
        cls = modules("nn_classifier").NNClassifier
        made = cls(3, 10, 6, epochs=200, learning_rate=0.01, n_batches=4, random_seed=0, **penalty)
        weight = made.fit(x, y.argmax(axis=1)).layers[0].weight.detach().abs().numpy()
        sizes[next(iter(penalty))] = (weight < 0.02).mean()
    assert sizes["l1"] > sizes["l2"] + 0.2


# --- the perceptron ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_formulas_of_backpropagation(modules, reduction):
    pytest.importorskip("sklearn", reason="the example reads scikit-learn's digits")
    perceptron = modules("perceptron")
    tg.manual_seed(0)
    made = perceptron.Network((5, 7, 6, 3), (perceptron.Relu, perceptron.Sigmoid, perceptron.Sigmoid))
    x, y = tg.randn(11, 5), tg.eye(3)[tg.randint(3, (11,))]
    assert perceptron.compare(made, x, y, perceptron.MSE(reduction)) < 1e-5
    z = tg.linspace(-2, 2, 9, requires_grad=True)
    for activation in (perceptron.Relu, perceptron.Sigmoid):
        before = z.detach().clone()
        (derived,) = tg.autograd.grad(activation.activation(z).sum(), z)
        tg.testing.assert_close(activation.prime(z.detach()), derived)
        assert z.detach().equal(before)  # nothing is written into the input


def test_the_last_batch_counts(modules):
    pytest.importorskip("sklearn", reason="the example reads scikit-learn's digits")
    perceptron = modules("perceptron")
    tg.manual_seed(0)
    made = perceptron.Network((2, 1), (perceptron.Sigmoid,))
    x, y = tg.tensor([[1.0, 2.0]] * 7), tg.ones(7, 1)
    losses = made.fit(x, y, perceptron.MSE(), epochs=1, batch_size=3, learning_rate=0.0)
    assert losses[0] == pytest.approx(((made.forward(x)[1][-1] - y) ** 2).mean().item(), rel=1e-6)
    with pytest.raises(ValueError, match="there are 7 inputs, but 6 targets"):
        made.fit(x, y[:6], perceptron.MSE(), epochs=1, batch_size=3, learning_rate=0.1)
    with pytest.raises(ValueError, match="3 sizes need 2 activations, got 1"):
        perceptron.Network((2, 3, 1), (perceptron.Relu,))


# --- Burgers' equation ---------------------------------------------------------------------------------------------


def test_the_exact_solution_solves_the_equation(modules):
    burgers, v, h = modules("burgers"), 0.1 / np.pi, 1e-4
    t, x = np.meshgrid(np.linspace(0.05, 0.95, 7), np.linspace(-0.9, 0.9, 13), indexing="ij")

    def u(dt=0.0, dx=0.0):
        return burgers.exact(t + dt, x + dx, v)

    u_t, u_x = (u(dt=h) - u(dt=-h)) / (2 * h), (u(dx=h) - u(dx=-h)) / (2 * h)
    u_xx = (u(dx=h) - 2 * u() + u(dx=-h)) / h**2
    np.testing.assert_allclose(u_t + u() * u_x - v * u_xx, 0, atol=1e-4)
    np.testing.assert_allclose(burgers.exact(t * 0 + 1e-9, x, v), -np.sin(np.pi * x), atol=1e-4)


# --- README --------------------------------------------------------------------------------------------------------


@pytest.fixture
def overview(modules):
    return modules("overview")


@pytest.fixture
def results():
    return json.loads((EXAMPLES / "gallery" / "results.json").read_text())


def test_readme_is_made_of_the_results(overview, results):
    """After a change of an example, run `python examples/measure.py --render`, or measure it again."""
    assert (EXAMPLES / "README.md").read_text(encoding="utf-8") == overview.render(results)


def test_all_five_systems_reach_the_published_figures(overview, results):
    for row in overview.FIGURES:
        if row.least is not None:
            ours = [results[command]["figures"][row.name] for command in (row.same, row.better)]
            best = min(ours) <= row.least if row.name == "error" else max(ours) >= row.least
            assert best, (row, ours)


def test_losses_in_the_readme_are_pytorchs(overview, results):
    assert all(results[command]["beside"] <= 1e-4 for command in overview.PROGRAMS)


def test_pictures_of_the_readme(overview):
    pictures = {path.name for path in (EXAMPLES / "gallery").glob("*.png")}
    assert pictures == {f"{Path(command.split()[0]).stem}.png" for command in overview.PROGRAMS}
    assert all(path.stat().st_size < 60_000 for path in (EXAMPLES / "gallery").glob("*.png"))
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!http|#)([^)]+)\)", text):
        assert (EXAMPLES / link).exists(), link


def test_programs_are_short(overview):
    """Code, without docstrings and comments, but with the options and the picture."""
    for path in EXAMPLES.glob("*.py"):
        if "__main__" in path.read_text(encoding="utf-8"):
            assert overview.lines_of_code(path.name) < 120, path.name


def test_lines_of_code(overview, monkeypatch, tmp_path):
    monkeypatch.setattr(overview, "FOLDER", tmp_path)
    text = '"""One.\n\nTwo."""\n\n# three\nx = 1  # four\n\n\ndef f():\n    """Five."""\n    return x\n'
    (tmp_path / "a.py").write_text(text)
    assert overview.lines_of_code("a.py") == 3
    assert overview.first_sentence("a.py") == "One."
