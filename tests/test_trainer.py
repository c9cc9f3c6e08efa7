"""The Trainer: that it is the loop one would write by hand, and what it makes of weights, names and mistakes."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_nn as tg
from tinygrad_nn import nn, optim
from tinygrad_nn.nn import functional
from tinygrad_nn.testing import assert_close
from tinygrad_nn.training import Callback, Trainer
from tinygrad_nn.training.choices import LOSSES
from tinygrad_nn.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

ROOT = Path(__file__).parent.parent


def classes(count=60, features=5, labels=3, seed=0):
    """Points, and which of some directions each is farthest in: arrays."""
    numbers = np.random.default_rng(seed)
    x = numbers.standard_normal((count, features)).astype(np.float32)
    return x, (x @ numbers.standard_normal((features, labels))).argmax(1)


def network(features=5, outputs=3, dropout=0.2):
    return nn.Sequential(nn.Linear(features, 8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, outputs))


def state(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def assert_same_state(first, second):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


# --- the loop by hand --------------------------------------------------------------------------------------------


def by_hand(x, y, epochs, batch_size=16, clip=None, accumulate=1, momentum=0.0):
    """The loop that everybody writes."""
    tg.manual_seed(3)
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=momentum)
    dataset = TensorDataset(tg.tensor(x), tg.tensor(y))
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    losses = []
    model.train()
    for _ in range(epochs):
        total = 0.0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(inputs), targets)
            loss.backward()
            if clip:
                clip(model.parameters())
            optimizer.step()
            total += loss.item() * len(targets)
        losses.append(total / len(dataset))
    return state(model), losses


def fitted(x, y, epochs, batch_size=16, momentum=0.0, data=None, **options):
    tg.manual_seed(3)
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=momentum)
    trainer = Trainer(model, "cross_entropy", optimizer, **options)
    if data is not None:
        history = trainer.fit(data(x, y), epochs=epochs, verbose=0)
    else:
        history = trainer.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0)
    return state(model), history["loss"]


@pytest.mark.parametrize("count", [64, 61])
def test_fit_is_the_loop_by_hand(count):
    x, y = classes(count)
    weights, losses = by_hand(x, y, 3, momentum=0.9)
    found, history = fitted(x, y, 3, momentum=0.9)
    assert_same_state(found, weights)
    assert history == losses


@pytest.mark.parametrize(
    ("option", "clip"),
    [
        ({"clip_norm": 0.3}, lambda parameters: nn.utils.clip_grad_norm_(parameters, 0.3)),
        ({"clip_value": 0.01}, lambda parameters: nn.utils.clip_grad_value_(parameters, 0.01)),
    ],
)
def test_clipping(option, clip):
    x, y = classes()
    weights, losses = by_hand(x, y, 2, clip=clip)
    found, history = fitted(x, y, 2, **option)
    assert_same_state(found, weights)
    assert history == losses
    assert losses != by_hand(x, y, 2)[1]


def test_clipping_ends_with_fit():
    x, y = classes()
    model = network()
    trainer = Trainer(model, "cross_entropy", "sgd", clip_norm=1e-9)
    trainer.fit(x, y, verbose=0)
    assert not trainer.optimizer._optimizer_step_pre_hooks


def test_datasets_and_loaders():
    x, y = classes()
    expected = fitted(x, y, 2)[0]
    made = fitted(x, y, 2, data=lambda x, y: DataLoader(TensorDataset(tg.tensor(x), tg.tensor(y)), 16, shuffle=True))
    assert_same_state(made[0], expected)


def test_accumulation_is_the_large_batch():
    """Also where its parts have other sizes, and where some targets do not count."""
    x, y = classes(44)
    y[::3] = -100
    results = []
    for batch_size, accumulate in ((22, 1), (11, 2), (8, 3)):
        tg.manual_seed(0)
        model = network(dropout=0.0)
        trainer = Trainer(model, "cross_entropy", "sgd", lr=0.1, accumulate=accumulate)
        if batch_size == 8:  # batches of 8, 8, 6 are one of 22
            parts = [slice(0, 8), slice(8, 16), slice(16, 22), slice(22, 30), slice(30, 38), slice(38, 44)]
            loader = DataLoader([(tg.tensor(x[s]), tg.tensor(y[s])) for s in parts], batch_size=None)
            trainer.fit(loader, verbose=0)
        else:
            trainer.fit(x, y, batch_size=batch_size, shuffle=False, verbose=0)
        results.append(state(model))
    for other in results[1:]:
        for name, value in results[0].items():
            np.testing.assert_allclose(other[name], value, rtol=1e-5, atol=1e-6)


def test_lbfgs():
    """An optimizer that asks for the loss several times."""
    x = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]
    trainer = Trainer(nn.Linear(1, 1), "mse", "lbfgs", metrics=["mae"])
    history = trainer.fit(x, 3 * x - 1, epochs=5, batch_size=20, verbose=0)
    assert history["loss"][-1] < 1e-6
    assert len(history["mae"]) == 5
    clipped = Trainer(nn.Linear(1, 1), "mse", "lbfgs", clip_norm=1e-3)
    norms = []

    class Note(Callback):
        def on_step_end(self, run):
            norms.append(np.hypot(*(parameter.grad.item() for parameter in run.model.parameters())))

    clipped.fit(x, 3 * x - 1, batch_size=20, callbacks=[Note()], verbose=0)
    assert norms == pytest.approx([1e-3], rel=1e-2)
    with pytest.raises(ValueError, match="LBFGS asks for the loss several times"):
        Trainer(nn.Linear(1, 1), "mse", "lbfgs", accumulate=2)


def test_modes():
    """Training trains, evaluation does not, and layers that were frozen stay frozen."""
    x, y = classes()
    model = network()
    seen = []
    model[2].register_forward_hook(lambda module, args, output: seen.append(module.training))
    trainer = Trainer(model, "cross_entropy", "sgd")
    trainer.fit(x, y, batch_size=60, validation_data=(x, y), epochs=2, verbose=0)
    assert seen == [True, False, True, False]
    assert not model.training
    model.train()
    model[2].eval()
    trainer.evaluate(x, y)
    trainer.predict(x)
    assert (model.training, model[2].training) == (True, False)


# --- the mean ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        ("cross_entropy", "classes"),
        (nn.CrossEntropyLoss(ignore_index=1), "classes"),
        (nn.CrossEntropyLoss(weight=tg.tensor([1.0, 2.0, 5.0]), label_smoothing=0.1), "classes"),
        ("cross_entropy", "probabilities"),
        ("mse", "numbers"),
        ("bce_with_logits", "probabilities"),
        (lambda output, target: (output - target).square().mean(1), "numbers"),
        (lambda output, target: (output - target).square().mean(), "numbers"),
        (nn.MSELoss(reduction="none"), "numbers"),
    ],
)
@settings(max_examples=8, deadline=None)
@given(batch_size=st.integers(1, 25), weighted=st.booleans())
def test_evaluation_does_not_depend_on_the_batches(loss, target, batch_size, weighted):
    numbers = np.random.default_rng(0)
    x = numbers.standard_normal((23, 5)).astype(np.float32)
    probabilities = numbers.dirichlet([1, 1, 1], 23).astype(np.float32)
    y = {"classes": numbers.integers(0, 3, 23), "probabilities": probabilities, "numbers": probabilities * 9}[target]
    one_number = getattr(loss, "__name__", "") == "<lambda>" and loss(tg.ones(2, 3), tg.ones(2, 3)).ndim == 0
    weight = numbers.random(23) if weighted and not one_number else None
    tg.manual_seed(0)
    trainer = Trainer(network(), loss, None)
    whole = trainer.evaluate(x, y, batch_size=23, sample_weight=weight)
    parts = trainer.evaluate(x, y, batch_size=batch_size, sample_weight=weight)
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-5)
    if weight is None and not isinstance(loss, str) and one_number:
        trainer.model.eval()
        assert whole["loss"] == pytest.approx(loss(trainer.model(tg.tensor(x)), tg.tensor(y)).item(), rel=1e-5)


def test_sum():
    """Of a loss that is a sum, the history has what a sample adds."""
    x, y = classes(30)
    tg.manual_seed(0)
    model = network(dropout=0.0)
    found = [Trainer(model, nn.CrossEntropyLoss(reduction=how), None).evaluate(x, y)["loss"] for how in ("mean", "sum")]
    assert found[1] == pytest.approx(found[0], rel=1e-5)


def test_all_targets_ignored():
    x, _y = classes(8)
    result = Trainer(network(), "cross_entropy", None).evaluate(x, np.full(8, -100))
    assert np.isnan(result["loss"])


# --- weights -----------------------------------------------------------------------------------------------------


def squares(output, target):
    """A loss for each sample."""
    return (output - target).square().sum(1)


@pytest.mark.parametrize(
    "loss",
    [
        "cross_entropy",
        nn.CrossEntropyLoss(weight=tg.tensor([1.0, 2.0, 3.0]), ignore_index=1),
        nn.CrossEntropyLoss(reduction="sum"),
        "mse",
        squares,
        functools.partial(functional.smooth_l1_loss, beta=0.5),
    ],
)
def test_a_weight_of_two_is_a_sample_twice(loss):
    """And one of zero is none."""
    x, y = classes(20)
    is_classes = loss == "cross_entropy" or isinstance(loss, nn.CrossEntropyLoss)
    target = y if is_classes else np.eye(3, dtype=np.float32)[y]
    weight = np.arange(20) % 3
    rows = np.repeat(np.arange(20), weight)
    results = []
    for part, weights in ((slice(None), weight), (rows, None)):
        tg.manual_seed(0)
        model = network(dropout=0.0)
        trainer = Trainer(model, loss, "sgd", lr=0.1)
        trainer.fit(x[part], target[part], sample_weight=weights, batch_size=100, shuffle=False, verbose=0)
        results.append((state(model), trainer.evaluate(x[part], target[part], sample_weight=weights)["loss"]))
    for name, value in results[0][0].items():
        np.testing.assert_allclose(results[1][0][name], value, rtol=1e-5, atol=1e-6)
    assert results[0][1] == pytest.approx(results[1][1], rel=1e-5)


def test_class_weights_are_those_of_pytorch():
    x, y = classes(40)
    weights = [1.0, 3.0, 0.5]
    results = []
    for loss, given_weights in (
        (nn.CrossEntropyLoss(weight=tg.tensor(weights)), None),
        ("cross_entropy", weights),
        ("cross_entropy", dict(enumerate(weights))),
        ("cross_entropy", {1: 3.0, 2: 0.5}),
    ):
        tg.manual_seed(0)
        model = network()
        history = Trainer(model, loss, "sgd", lr=0.1).fit(x, y, epochs=2, class_weight=given_weights, verbose=0)
        results.append((state(model), history["loss"]))
    for weights_found, losses in results[1:]:
        np.testing.assert_allclose(losses, results[0][1], rtol=1e-5)
        for name, value in results[0][0].items():
            np.testing.assert_allclose(weights_found[name], value, rtol=1e-4, atol=1e-6)


def test_balanced_class_weights_are_those_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.utils.class_weight", reason="compares with scikit-learn")
    from tinygrad_nn.training.weights import class_table

    y = np.repeat([0, 1, 3], [5, 20, 10])
    table = class_table("balanced", tg.tensor(y))
    expected = sklearn.compute_class_weight("balanced", classes=np.unique(y), y=y)
    np.testing.assert_allclose(table[[0, 1, 3]], expected)
    assert table[2] == 1


def test_weights_of_classes_and_samples_together():
    x, y = classes(12)
    each = np.random.default_rng(0).random(12)
    both = each * np.array([1.0, 2.0, 3.0])[y]
    losses = []
    for options in ({"sample_weight": each, "class_weight": [1, 2, 3]}, {"sample_weight": both}):
        tg.manual_seed(0)
        trainer = Trainer(network(dropout=0.0), "cross_entropy", "sgd")
        losses.append(trainer.fit(x, y, verbose=0, **options)["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_weights_of_a_dataset():
    x, y = classes(30)
    weight = np.random.default_rng(0).random(30)
    results = []
    for data in ((x, y), (TensorDataset(tg.tensor(x), tg.tensor(y)),)):
        tg.manual_seed(0)
        model = network(dropout=0.0)
        trainer = Trainer(model, "cross_entropy", "sgd", lr=0.1)
        trainer.fit(*data, sample_weight=weight, batch_size=10, class_weight="balanced", verbose=0)
        results.append((state(model), trainer.evaluate(*data, sample_weight=weight)["loss"]))
    assert_same_state(results[0][0], results[1][0])
    assert results[0][1] == pytest.approx(results[1][1])


# --- predictions -------------------------------------------------------------------------------------------------


def test_predictions_of_classes():
    x, _ = classes(50)
    trainer = Trainer(network(), "cross_entropy", None)
    raw, proba, found = trainer.predict(x, raw=True), trainer.predict_proba(x, batch_size=7), trainer.predict(x)
    assert isinstance(raw, np.ndarray)
    assert isinstance(proba, np.ndarray)
    trainer.model.eval()
    np.testing.assert_allclose(raw, trainer.model(tg.tensor(x)).detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(proba, np.exp(raw) / np.exp(raw).sum(1, keepdims=True), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found, raw.argmax(1))
    assert found.dtype == np.int64


def test_arrays_for_arrays_and_tensors_for_tensors():
    x, y = classes(10)
    trainer = Trainer(network(), "cross_entropy", None)
    as_array = trainer.predict(x)
    for given_x in (tg.tensor(x), TensorDataset(tg.tensor(x)), TensorDataset(tg.tensor(x), tg.tensor(y)),
                    DataLoader(TensorDataset(tg.tensor(x), tg.tensor(y)), batch_size=3)):  # fmt: skip
        found = trainer.predict(given_x)
        assert isinstance(found, tg.Tensor)
        assert not found.requires_grad
        np.testing.assert_array_equal(found.numpy(), as_array)
    np.testing.assert_array_equal(trainer.predict(x.tolist()), as_array)


def test_predictions_of_other_losses():
    x, _ = classes(10)
    model = network(outputs=1)
    logits = Trainer(model, "mse", None).predict(x)
    assert logits.shape == (10, 1)
    binary = Trainer(model, "bce_with_logits", None)
    np.testing.assert_allclose(binary.predict_proba(x), 1 / (1 + np.exp(-logits)), rtol=1e-5)
    np.testing.assert_array_equal(binary.predict(x), (logits > 0).astype(np.int64))
    squashed = nn.Sequential(model, nn.Sigmoid())
    np.testing.assert_array_equal(Trainer(squashed, "bce", None).predict(x), binary.predict(x))
    logs = nn.Sequential(network(), nn.LogSoftmax(dim=1))
    np.testing.assert_allclose(Trainer(logs, "nll", None).predict_proba(x).sum(1), 1, rtol=1e-5)
    with pytest.raises(TypeError, match="MSELoss says nothing of probabilities"):
        Trainer(model, "mse", None).predict_proba(x)


def test_prediction_draws_no_random_numbers():
    x, y = classes(10)
    trainer = Trainer(network(), "cross_entropy", None)
    before = tg.random.get_rng_state()
    trainer.predict(x)
    trainer.evaluate(x, y)
    assert_close(tg.random.get_rng_state(), before)


def test_models_with_several_outputs():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(5, 2)

        def forward(self, x):
            y = self.linear(x)
            return {"a": y[:, :1], "b": (y[:, 1:], y)}

    x, _ = classes(10)
    trainer = Trainer(Two(), lambda output, target: (output["a"] - target).square().mean(), "sgd")
    trainer.fit(x, np.ones((10, 1)), verbose=0)
    found = trainer.predict(x, batch_size=4)
    assert found["a"].shape == (10, 1)
    assert found["b"][1].shape == (10, 2)
    assert isinstance(found["b"][0], np.ndarray)


# --- data --------------------------------------------------------------------------------------------------------


class Sum(nn.Module):
    """A model of two inputs."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(5, 3), nn.Linear(2, 3)

    def forward(self, x, z):
        return self.first(x) + self.second(z)


def test_several_inputs():
    x, y = classes(20)
    z = np.random.default_rng(1).standard_normal((20, 2))
    results = []
    for data in ((x, z), {"x": x, "z": z}, {"z": z, "x": x}):
        tg.manual_seed(0)
        trainer = Trainer(Sum(), "cross_entropy", "sgd", metrics=["accuracy"])
        trainer.fit(data, y, validation_data=(data, y), batch_size=6, verbose=0)
        results.append(state(trainer.model))
        assert trainer.predict(data).shape == (20,)
        trainer.fit(data, y, sample_weight=np.ones(20), validation_split=0.2, verbose=0)
    assert_same_state(results[0], results[1])
    assert_same_state(results[0], results[2])


class Triples(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        return np.full(5, index, np.float32), np.full(2, index, np.float32), index % 3


class Named(Triples):
    def __getitem__(self, index):
        x, z, y = super().__getitem__(index)
        return {"x": x, "z": z}, y


class Stream(IterableDataset):
    def __iter__(self):
        return iter([(np.full(5, n, np.float32), n % 3) for n in range(12)])


def test_datasets_of_several_inputs():
    for data in (Triples(), Named()):
        trainer = Trainer(Sum(), "cross_entropy", "sgd")
        history = trainer.fit(data, epochs=2, validation_split=0.25, batch_size=4, verbose=0)
        assert len(history["val_loss"]) == 2
        assert trainer.predict(data).shape == (12,)


def test_streams():
    trainer = Trainer(network(), "cross_entropy", "sgd", metrics=["accuracy"])
    history = trainer.fit(Stream(), epochs=2, batch_size=5, validation_data=Stream(), verbose=0)
    assert len(history["val_accuracy"]) == 2
    assert trainer.predict(Stream()).shape == (12,)


def test_generators_can_be_gone_through_once():
    x, y = classes(20)

    def batches():
        for start in range(0, 20, 5):
            yield tg.tensor(x[start : start + 5]), tg.tensor(y[start : start + 5])

    trainer = Trainer(network(), "cross_entropy", "sgd")
    assert len(trainer.fit(batches(), verbose=0)["loss"]) == 1
    with pytest.raises(ValueError, match=r"epoch 2: the loader gave no batches\. A generator can be gone"):
        trainer.fit(batches(), epochs=2, verbose=0)


def test_an_autoencoder():
    x, _ = classes(20)
    trainer = Trainer(nn.Linear(5, 5), "mse", "sgd")
    from_pair = trainer.evaluate(x, x)
    assert trainer.evaluate(TensorDataset(tg.tensor(x))) == pytest.approx(from_pair)
    assert trainer.evaluate(DataLoader(tg.tensor(x), batch_size=7)) == pytest.approx(from_pair)


def test_types():
    """Numbers come in the type of the parameters, wherever they are from; class numbers as such."""

    class Table:
        def __array__(self, dtype=None, copy=None):
            return np.asfortranarray(classes(20)[0].astype(np.float64))

    _, y = classes(20)
    expected = Trainer(network(), "cross_entropy", None)
    tg.manual_seed(0)
    for wide in (False, True):
        model = network().double() if wide else network()
        trainer = Trainer(model, "cross_entropy", None)
        for kind in (np.int8, np.uint8, np.int32, np.int64):
            assert np.isfinite(trainer.evaluate(Table(), y.astype(kind))["loss"])
        assert np.isfinite(trainer.evaluate((Table().__array__() * 9).astype(int), y)["loss"])
        assert np.isfinite(trainer.evaluate(tg.tensor(Table().__array__()), y > 0)["loss"])
    assert expected.predict(Table()).shape == (20,)


def test_whole_numbers_for_a_loss_of_ones_own():
    """They stay that: who knows what it does with them. Modules get what they want."""
    x, y = classes()
    own = make(lambda output, target: functional.cross_entropy(output, target))
    assert own.evaluate(x, y) == Trainer(own.model, "cross_entropy", None).evaluate(x, y)
    margin = make(nn.MultiMarginLoss(weight=tg.tensor([1.0, 2.0, 3.0])))
    output, target = tg.tensor(margin.predict(x, raw=True)), tg.tensor(y)
    assert margin.evaluate(x, y)["loss"] == pytest.approx(margin.loss(output, target).item())
    assert margin.predict(x).tolist() == output.argmax(dim=1).tolist()
    assert np.isfinite(make("multilabel_margin").evaluate(x, np.eye(3, dtype=int)[y])["loss"])
    assert np.isfinite(make("mse").evaluate(x, np.eye(3, dtype=int)[y])["loss"])


def test_words_for_an_embedding_stay_whole():
    model = nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(12, 2))
    x = np.random.default_rng(0).integers(0, 10, (30, 3), dtype=np.int32)
    history = Trainer(model, "cross_entropy", "adam").fit(x, x[:, 0] % 2, epochs=2, verbose=0)
    assert len(history["loss"]) == 2


def test_validation_split_holds_out_samples():
    x = np.arange(20, dtype=np.float32)[:, None]
    seen = {True: set(), False: set()}

    class Watching(nn.Linear):
        def forward(self, input):
            seen[self.training] |= set(input.reshape(-1).tolist())
            return super().forward(input)

    tg.manual_seed(0)
    trainer = Trainer(Watching(1, 1), "mse", "sgd", lr=1e-6)
    trainer.fit(x, x, epochs=3, validation_split=0.25, verbose=0)
    assert len(seen[True]) == 15
    assert len(seen[False]) == 5
    assert not seen[True] & seen[False]
    assert seen[False] != set(range(15, 20))  # by chance, not the last: data are often sorted


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, made in LOSSES.items() if hasattr(nn, made)])
def test_names_of_losses(name):
    made = getattr(nn, LOSSES[name])
    for spelling in (name, name.upper(), f"{name}_loss", made.__name__, made):
        assert type(Trainer(network(), spelling, None).loss) is made


def test_functions_of_losses_are_their_modules():
    for name in ("cross_entropy", "mse_loss", "l1_loss", "binary_cross_entropy_with_logits", "nll_loss", "kl_div"):
        assert isinstance(Trainer(network(), getattr(functional, name), None).loss, nn.Module)


def test_names_of_optimizers():
    for name in optim.__all__:
        kind = getattr(optim, name)
        if not isinstance(kind, type) or not issubclass(kind, optim.Optimizer) or kind is optim.Optimizer:
            continue
        if kind is optim.Muon:  # which takes matrices only
            continue
        assert type(Trainer(network(), "mse", name.lower()).optimizer) is kind
        assert type(Trainer(network(), "mse", kind).optimizer) is kind
    trainer = Trainer(network(), "mse", lambda parameters: optim.SGD(parameters, lr=0.5))
    assert trainer.optimizer.param_groups[0]["lr"] == 0.5
    assert Trainer(network(), "mse", "adam", lr=0.5).optimizer.param_groups[0]["lr"] == 0.5


x20, y20 = classes(20)
plain = TensorDataset(tg.tensor(x20), tg.tensor(y20))


def make(loss="cross_entropy", optimizer="sgd", outputs=3, **options):
    return Trainer(network(outputs=outputs), loss, optimizer, **options)


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: make(optimizer="adan"), ValueError, r"no optimizer is called 'adan'. Did you mean 'adam\w*'\? "),
        (lambda: make("cross_entrop"), ValueError, "no loss is called 'cross_entrop'. Did you mean 'cross_entropy'"),
        (lambda: make("sparse_categorical_crossentropy"), ValueError, "It is 'cross_entropy' here, of class numbers"),
        (lambda: make(metrics=["acuracy"]), ValueError, "'acuracy'. Did you mean 'accuracy'"),
        (lambda: make(metrics=["accuracy", "accuracy"]), ValueError, "metrics: two are called 'accuracy'"),
        (lambda: make(loss=3), TypeError, "loss: expected a name .* got int 3"),
        (lambda: Trainer(network(), optim.SGD(network().parameters()), "mse"), TypeError, "The order is Trainer"),
        (lambda: make(optimizer=3), TypeError, "optimizer: expected a name .* got int 3"),
        (lambda: Trainer(network, "mse"), TypeError, "expected model to be a Module, got function"),
        (lambda: Trainer(nn.Linear, "mse"), TypeError, r"Make an object of it: Linear\(\)"),
        (lambda: Trainer(nn.ReLU(), "mse"), ValueError, "optimizer got an empty parameter list: ReLU has no param"),
        (lambda: make(optimizer=optim.SGD(network().parameters())), ValueError, "holds none of the model's 4 param"),
        (lambda: make(optimizer=optim.SGD(network().parameters()), lr=1.0), ValueError, "lr=1.0: .* made already"),
        (lambda: make(accumulate=0), ValueError, "accumulate must be a positive integer, got 0"),
        (lambda: make(clip_norm=-1.0), ValueError, "clip_norm must be more than 0"),
        (lambda: make(optimizer=None).fit(x20, y20), ValueError, "needs an optimizer"),
        (lambda: make().fit(x20, y20[:19]), ValueError, "the same number of samples: x has 20, y has 19"),
        (lambda: make().fit(x20, y20, sample_weight=np.ones(19)), ValueError, r"shape \(20,\), .* got \(19,\)"),
        (lambda: make().fit(x20, y20, sample_weight=-np.ones(20)), ValueError, "weights of 0 or more"),
        (lambda: make().fit(x20[:0], y20[:0]), ValueError, r"x is empty: its shape is \(0, 5\)"),
        (lambda: make().fit(x20), TypeError, "y is missing"),
        (lambda: make().fit(x20, np.array(list("abc") * 7)[:20]), TypeError, "got text. .* return_inverse=True"),
        (lambda: make().fit(np.array([[1, "a", 2, "b", 3]] * 20, object), y20), TypeError, "x: .* columns 1, 3"),
        (lambda: make().fit([[1, 2], [3]], [0, 1]), ValueError, "x is no array"),
        (lambda: make().fit(3.0, [0]), ValueError, "x: expected a sample in each row, got a single number"),
        (lambda: make().fit(plain, y20), TypeError, "y cannot be given beside a TensorDataset"),
        (lambda: make().fit(TensorDataset(tg.zeros(0, 5), tg.zeros(0))), ValueError, "the dataset is empty"),
        (lambda: make().fit(DataLoader(plain, 32, drop_last=True)), ValueError, "gives no batches: 20 samples, batch_"),
        (lambda: make().fit(DataLoader(plain), batch_size=3), ValueError, "batch_size cannot be given beside a Data"),
        (lambda: make().fit(DataLoader(plain), validation_split=0.1), ValueError, "needs all samples at hand"),
        (lambda: make().fit(Stream(), shuffle=True), TypeError, "a stream .* can be neither shuffled"),
        (lambda: make().fit(x20, y20, batch_size=0), ValueError, "batch_size: expected a positive integer, got 0"),
        (lambda: make().fit(x20, y20, epochs=-1), ValueError, "epochs: expected an integer of 0 or more, got -1"),
        (lambda: make().fit(x20, y20, validation_split=1.5), ValueError, "a share between 0 and 1, got 1.5"),
        (lambda: make().fit(x20[:1], y20[:1], validation_split=0.5), ValueError, "leaves none to train on"),
        (lambda: make().fit(x20, y20, validation_split=0.5, validation_data=plain), ValueError, "give one of both"),
        (lambda: make().fit(x20, y20, validation_data=(x20,)), ValueError, "expected .* got 1 parts"),
        (lambda: make().fit(x20, y20, validation_data=x20), TypeError, r"expected \(x, y\), .* got ndarray"),
        (lambda: make().fit(x20, y20, class_weight="balance"), ValueError, "expected 'balanced', .* got 'balance'"),
        (lambda: make().fit(Triples(), class_weight="balanced"), ValueError, "do not have all targets at hand"),
        (lambda: make("mse").fit(x20, x20[:, :3], class_weight=[1]), ValueError, "a class number for each sample"),
        (lambda: make().fit(x20, y20, callbacks=[3]), TypeError, "expected Callback objects or functions .* got int"),
        (lambda: make().fit(x20, y20, verbose=7), ValueError, "verbose: expected 0, 1 or 2, got 7"),
        (lambda: make().fit(x20, y20, resume=True), ValueError, "a Checkpoint among the callbacks .* there is none"),
        (lambda: make().fit(x20, y20, resume="no/such"), FileNotFoundError, "there is no checkpoint no/such"),
        (lambda: make().predict(DataLoader(plain, shuffle=True)), ValueError, "a DataLoader that shuffles"),
        (lambda: make().fit({}, y20), ValueError, "x is an empty dict"),
        (lambda: make("mse").evaluate(x20, x20[:, :2]), ValueError, r"Using a target size \(torch.Size\(\[20, 2\]"),
        (lambda: make("mse", outputs=1).evaluate(x20, y20), ValueError, r"Give y a second dimension: y\[:, None\]"),
        (lambda: make("mse").evaluate(x20, y20), ValueError, "If y holds class numbers, the loss is 'cross_entropy'"),
        (lambda: make("bce_with_logits").evaluate(x20, y20), ValueError, "compares them element by element"),
        (lambda: make().evaluate(x20, y20[:, None]), RuntimeError, "0D or 1D target tensor expected"),
        (lambda: make().evaluate(x20, y20 + 1), IndexError, "Target 3 is out of bounds"),
        (lambda: make(lambda output, target: (output.sum() * 0), "sgd").fit(x20, y20, sample_weight=np.ones(20)),
         ValueError, "need a loss for each of them, and <lambda> gives one number"),
    ],
)  # fmt: skip
def test_errors(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


def test_errors_tell_where_they_are():
    x, y = classes(20)
    y[7] = 3
    with pytest.raises(IndexError) as caught:
        make().fit(x, y, batch_size=5, shuffle=False, verbose=0)
    assert caught.value.__notes__[-1] == (
        "in epoch 1, batch 2 of fit(): CrossEntropyLoss of the output Float [5, 3] and the target Long [5]"
    )


def test_errors_change_nothing():
    x, y = classes(20)
    trainer = make()
    before = state(trainer.model)
    for bad in ({"y": y[:3]}, {"y": y, "class_weight": "x"}, {"y": y, "callbacks": [3]}):
        with pytest.raises((ValueError, TypeError)):
            trainer.fit(x, verbose=0, **bad)
    assert_same_state(state(trainer.model), before)
    assert trainer.model.training


def test_evaluating_in_the_midst_of_an_epoch():
    """It does not disturb what the epoch is counting."""
    x, y = classes()
    histories = []
    for disturbed in (False, True):
        tg.manual_seed(0)
        trainer = make(metrics=["accuracy"])

        class Look(Callback):
            def on_batch_end(self, run, wanted=disturbed):
                if wanted:
                    run.trainer.evaluate(x[:3], y[:3])

        histories.append(trainer.fit(x, y, epochs=2, batch_size=9, callbacks=[Look()], verbose=0))
        del histories[-1]["seconds"]
    assert histories[0] == histories[1]


# --- files -------------------------------------------------------------------------------------------------------


def test_saved_and_loaded(tmp_path):
    x, y = classes(40)
    trainer = make(optimizer="adam", metrics=["accuracy"])
    trainer.fit(x, y, epochs=2, verbose=0)
    trainer.save(tmp_path / "model.checkpoint")
    before = tg.random.get_rng_state()
    again = make(optimizer="adam", metrics=["accuracy"])
    assert again.load(tmp_path / "model.checkpoint") is again
    assert again.history == trainer.history
    assert not again.model.training
    np.testing.assert_array_equal(again.predict_proba(x), trainer.predict_proba(x))
    assert_close(tg.random.get_rng_state()[:8], before[:8])
    results = []
    for each in (trainer, again):  # the optimizer's state, too
        tg.manual_seed(0)
        each.fit(x, y, verbose=0)
        results.append(state(each.model))
    assert_same_state(*results)


def test_weights_of_another_model_are_refused(tmp_path):
    trainer = make()
    trainer.save(tmp_path / "model.checkpoint")
    other = make(outputs=4)
    before = state(other.model)
    with pytest.raises(RuntimeError, match="size mismatch"):
        other.load(tmp_path / "model.checkpoint")
    assert_same_state(state(other.model), before)
    with pytest.raises(FileNotFoundError):
        other.load(tmp_path / "no such file")


def test_predicting_in_another_process(tmp_path):
    x, _ = classes(10)
    trainer = make()
    trainer.save(tmp_path / "model.checkpoint")
    np.save(tmp_path / "x.npy", x)
    program = (
        "import numpy as np\nfrom tinygrad_nn import nn\nfrom tinygrad_nn.training import Trainer\n"
        "model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))\n"
        "trainer = Trainer(model, 'cross_entropy', 'sgd').load('model.checkpoint')\n"
        "np.save('found.npy', trainer.predict_proba(np.load('x.npy')))\n"
    )
    subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, check=True, env={"PYTHONPATH": str(ROOT), "PATH": ""}, timeout=60
    )
    np.testing.assert_array_equal(np.load(tmp_path / "found.npy"), trainer.predict_proba(x))


def test_summary():
    assert "Parameters: " in str(make().summary((1, 5)))
    assert str(make().summary(x20.astype(np.float64))) == str(make().summary(tg.tensor(x20)))
