"""Callbacks: when they are called, and what each of them does."""

from __future__ import annotations

import csv
import io
import math
import re
import sys

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn, optim
from tinygrad_nn.metrics import Metric
from tinygrad_nn.training import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    KeepBest,
    NanGuard,
    ProgressBar,
    Resources,
    Schedule,
    Trainer,
)
from tinygrad_nn.training.callbacks.logging import write_csv
from tinygrad_nn.training.callbacks.progress import PlainBar


def line(count=24):
    x = np.linspace(-1, 1, count, dtype=np.float32)[:, None]
    return x, 2 * x + 1


def trainer(lr=0.1, **options):
    tg.manual_seed(0)
    return Trainer(nn.Linear(1, 1), "mse", "sgd", lr=lr, **options)


class Recorder(Callback):
    """Notes all calls."""

    def __init__(self):
        self.calls = []

    def on_fit_begin(self, run):
        self.calls.append("fit begins")

    def on_epoch_begin(self, run):
        self.calls.append(f"epoch {run.epoch} begins")

    def on_batch_begin(self, run):
        self.calls.append(f"batch {run.batch} begins")

    def on_backward_end(self, run):
        assert run.model.weight.grad is not None
        self.calls.append("backward")

    def on_step_end(self, run):
        self.calls.append(f"step {run.step}")

    def on_batch_end(self, run):
        assert math.isfinite(run.loss)
        self.calls.append(f"batch {run.batch} of {run.batches} ends, step {run.step}, {run.batch_size}")

    def on_epoch_end(self, run, logs):
        assert logs["loss"] == run.history["loss"][-1]
        self.calls.append(f"epoch {run.epoch} of {run.epochs} ends")

    def on_fit_end(self, run):
        self.calls.append("fit ends")


def test_the_order_of_calls():
    recorder = Recorder()
    trainer().fit(*line(5), batch_size=3, epochs=2, callbacks=[recorder], verbose=0)

    def epoch(number):
        yield f"epoch {number} begins"
        for batch, size in ((1, 3), (2, 2)):
            step = 2 * (number - 1) + batch
            yield from (f"batch {batch} begins", "backward", f"step {step}")
            yield f"batch {batch} of 2 ends, step {step}, {size}"
        yield f"epoch {number} of 2 ends"

    assert recorder.calls == ["fit begins", *epoch(1), *epoch(2), "fit ends"]


def test_steps_of_several_batches():
    stepped = []

    class Note(Callback):
        def on_batch_end(self, run):
            stepped.append((run.batch, run.has_stepped, run.step))

        def on_step_end(self, run):
            stepped.append(run.step)

    made = trainer(accumulate=2)
    schedule = Schedule(optim.lr_scheduler.StepLR(made.optimizer, 1, 0.5), "step")
    made.fit(*line(10), batch_size=2, callbacks=[Note(), schedule], verbose=0)
    assert stepped == [(1, False, 0), 1, (2, True, 1), (3, False, 1), 2, (4, True, 2), (5, False, 2), 3]
    assert made.optimizer.param_groups[0]["lr"] == 0.1 * 0.5**3


def test_functions_and_logs():
    """A function of run and logs is a callback; what is logged late is nan before."""

    def halves(run, logs):
        if run.epoch > 1:
            run.log("half", logs["loss"] / 2)

    history = trainer().fit(*line(), epochs=3, callbacks=halves, verbose=0)
    assert np.isnan(history["half"][0])
    assert history["half"][1:] == [loss / 2 for loss in history["loss"][1:]]


def test_stopping_in_the_middle():
    class Stop(Callback):
        def on_batch_end(self, run):
            if run.step == 5:
                run.stop("that is enough")

    ended = []

    class End(Callback):
        def on_fit_end(self, run):
            ended.append((run.stopped, run.interrupted, run.step))

    history = trainer().fit(*line(), epochs=9, batch_size=6, callbacks=[Stop(), End()], verbose=0)
    assert len(history["loss"]) == 2  # four steps, and one
    assert ended == [("that is enough", False, 5)]


def test_callbacks_end_after_an_error():
    recorder = Recorder()

    def fail(run, logs):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        trainer().fit(*line(), callbacks=[recorder, fail])
    assert recorder.calls[-1] == "fit ends"


def test_the_class_instead_of_an_object():
    with pytest.raises(TypeError, match=r"got the class EarlyStopping. Make an object of it: EarlyStopping\(\)"):
        trainer().fit(*line(), callbacks=[EarlyStopping])


# --- the best ----------------------------------------------------------------------------------------------------


class Given(Metric):
    """Gives these numbers, one in each epoch."""

    def __init__(self, name, values, higher_is_better):
        self.name, self.values, self.higher_is_better = name, iter(values), higher_is_better

    def reset(self):
        pass

    def update(self, output, target, weight=None):
        pass

    def compute(self):
        return next(self.values)


@pytest.mark.parametrize(
    ("values", "better", "options", "epochs", "best"),
    [
        ([3, 2, 1, 1, 1, 1], False, {"patience": 2}, 5, 3),
        ([3, 2, 1, 4, 0, 1, 1], False, {"patience": 2}, 7, 5),
        ([1, 2, 3, 3, 3, 3], True, {"patience": 2}, 5, 3),
        ([1, 2, 3, 3, 3, 3], True, {"patience": 1, "mode": "min"}, 2, 1),
        ([3, 2.9, 2.8, 2.7, 2.6], False, {"patience": 2, "min_delta": 0.5}, 3, 1),
        ([math.nan, 2, math.nan, 1, math.nan, math.nan, 0], False, {"patience": 2}, 6, 4),
        ([3, 2, 2, 2], False, {"patience": 0}, 3, 2),
    ],
)
def test_early_stopping(values, better, options, epochs, best):
    stopping = EarlyStopping("given", **options)
    weights = []

    def note(run, logs):
        weights.append(run.model.weight.item())

    made = trainer(metrics=[Given("given", values, better)])
    history = made.fit(*line(), epochs=len(values), callbacks=[note, stopping], verbose=0)
    assert len(history["loss"]) == epochs
    assert stopping.best_epoch == best
    assert stopping.best == values[best - 1]
    assert made.model.weight.item() == weights[best - 1]


def test_keeping_the_best_or_not():
    for restore, expected in (("always", 0), ("never", -1), ("when interrupted", -1)):
        weights = []
        made = trainer(metrics=[Given("given", [1, 2, 3], False)])
        best = KeepBest("given", restore=restore)
        made.fit(*line(), epochs=3, callbacks=[best, lambda run, logs, w=weights: w.append(run.model.weight.item())],
                 verbose=0)  # fmt: skip
        assert made.model.weight.item() == weights[expected]
        assert best.weights["weight"].item() == weights[0]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: EarlyStopping("val_acuracy"), "EarlyStopping: there is no 'val_acuracy' .* Names with val_ need"),
        (lambda: Checkpoint("no", "acuracy"), "Checkpoint: there is no 'acuracy' .* Did you mean 'accuracy'"),
        (lambda: KeepBest("accuracy", mode="most"), "KeepBest: mode must be one of 'auto', 'min', 'max', got 'most'"),
        (lambda: KeepBest(restore="no"), "restore must be 'always'"),
        (lambda: EarlyStopping(patience=-1), "patience must be an integer of 0 or more"),
        (lambda: EarlyStopping("neither"), "give mode='min' or mode='max', as 'neither' is better neither way"),
        (lambda: EarlyStopping("array", mode="min"), "'array' is no single number"),
        (lambda: Checkpoint("no", every_steps=0), "every_steps must be more than 0"),
        (lambda: Schedule(lambda o: optim.lr_scheduler.StepLR(o, 1), every="day"), "every must be 'epoch' or 'step'"),
        (lambda: Schedule(lambda o: optim.lr_scheduler.ReduceLROnPlateau(o), "step"), "goes by what an epoch came to"),
        (lambda: Schedule(optim.lr_scheduler.StepLR(optim.SGD([tg.ones(1)]), 1)), "for another optimizer"),
        (lambda: NanGuard("ignore"), "action must be 'raise' or 'stop'"),
        (lambda: ProgressBar("loud"), "style must be"),
    ],
)
def test_mistakes(make, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"accuracy": (1, True), "neither": (1, None), "array": (np.ones(2), None)}
    made = trainer(metrics=[Given(name, [value] * 9, better) for name, (value, better) in given.items()])
    with pytest.raises(ValueError, match=text):
        made.fit(*line(), callbacks=[make()], verbose=0)
    assert made.model.training or "no single number" in text  # which is known after an epoch only


def test_no_schedule():
    with pytest.raises(TypeError, match=r"expected a schedule of optim\.lr_scheduler, .* got int"):
        Schedule(3)
    with pytest.raises(TypeError, match="the function gave int, which is no schedule"):
        trainer().fit(*line(), callbacks=[Schedule(lambda optimizer: 3)], verbose=0)


# --- schedules ---------------------------------------------------------------------------------------------------


def test_schedules_of_steps_are_those_of_the_loop_by_hand():
    made = trainer(lr=1.0)
    schedule = optim.lr_scheduler.CosineAnnealingLR(made.optimizer, 12)
    rates = []

    class Note(Callback):
        def on_backward_end(self, run):
            rates.append(run.optimizer.param_groups[0]["lr"])

    history = made.fit(*line(24), batch_size=8, epochs=4, callbacks=[Schedule(schedule, "step"), Note()], verbose=0)
    expected = [0.5 * (1 + math.cos(math.pi * step / 12)) for step in range(12)]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
    np.testing.assert_allclose(history["lr"], [*expected[3::3], 0], atol=1e-9)


def test_a_plateau():
    made = trainer(lr=1.0, metrics=[Given("given", [5, 5, 5, 5], False)])
    schedule = Schedule(lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, patience=0, factor=0.1), monitor="given")
    history = made.fit(*line(), epochs=4, callbacks=[schedule], verbose=0)
    np.testing.assert_allclose(history["lr"], [1.0, 1.0, 0.1, 0.01])


# --- progress ----------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines(capsys):
    made = trainer(metrics=["mae"])
    made.fit(*line(), epochs=10, validation_split=0.25)
    out, err = capsys.readouterr()
    assert err == ""
    first, *_, last = out.splitlines()
    number = r"\d\.\d{4}"
    pattern = rf"epoch  1/10   \d\.\d s   loss {number}   mae {number}   val_loss {number}   val_mae {number}"
    assert re.fullmatch(pattern, first)
    assert last.startswith("epoch 10/10")
    made.fit(*line(), verbose=0)
    assert capsys.readouterr() == ("", "")


def test_tqdm():
    pytest.importorskip("tqdm")
    file = Terminal()
    trainer().fit(*line(), epochs=2, batch_size=4, callbacks=[ProgressBar(file=file)])
    text = file.getvalue()
    assert "epoch 1/2: 100%" in text
    assert "6/6" in text
    assert re.search(r"loss \d\.\d{4}\]", text)
    assert text.count("\n") == 2


def test_a_bar_without_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    file = Terminal()
    trainer().fit(*line(), epochs=2, batch_size=4, callbacks=[ProgressBar(file=file)])
    lines = file.getvalue().splitlines()
    assert len(lines) == 2 or "\r" in file.getvalue()
    last = file.getvalue().split("\r")[-1]
    assert last.startswith("epoch 2/2 [========================] 6/6   ")
    assert file.getvalue().count("\n") == 2


def test_a_bar_of_unknown_length():
    file = io.StringIO()
    bar = PlainBar(None, "epoch 1/1", file)
    bar.n = 17
    bar.set_postfix_str("loss 0.5000")
    bar.refresh()
    bar.n = 9
    bar.set_postfix_str("")
    bar.refresh()
    bar.close()
    first, second = file.getvalue().rstrip("\n").split("\r")[1:]
    assert first.startswith("epoch 1/1 17 batches   0.")
    assert len(second) >= len(first)  # what was there is written over


def test_a_run_that_goes_on_in_the_middle_has_a_bar(tmp_path):
    class Stop(Callback):
        def on_batch_end(self, run):
            if run.batch == 2 and not run.resumed:
                raise KeyboardInterrupt

    for _ in range(2):
        file = Terminal()
        checkpoint = Checkpoint(tmp_path, every_steps=1)
        callbacks = [ProgressBar("bar", file), Stop(), checkpoint]
        trainer().fit(*line(), batch_size=4, callbacks=callbacks, resume=True)
    assert "6/6" in file.getvalue()
    assert file.getvalue().count("\n") == 1


# --- writing down ------------------------------------------------------------------------------------------------


def test_csv(tmp_path):
    path = tmp_path / "new" / "history.csv"
    made = trainer(metrics=["mae", Given("array", [[1, 2]] * 9, None)])
    history = made.fit(*line(), epochs=3, callbacks=[CSVLogger(path)], verbose=0)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "loss", "mae", "lr", "seconds"]
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [float(row["mae"]) for row in rows] == history["mae"]
    write_csv(path, {})
    assert path.read_text() == "epoch\n"


def test_resources():
    history = trainer().fit(*line(), epochs=2, batch_size=5, callbacks=[Resources()], verbose=0)
    assert history["memory_mb"][0] > 5
    assert len(history["samples_per_second"]) == 2
    assert min(history["samples_per_second"]) > 0
    assert min(history["seconds"]) > 0


# --- nan ---------------------------------------------------------------------------------------------------------


class Roots(nn.Module):
    """A root that is nan for negative numbers, after a layer with statistics."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(1, 1), nn.Linear(1, 1)
        self.register_buffer("mean", tg.zeros(1))
        nn.init.constant_(self.first.weight, 1.0)
        nn.init.constant_(self.first.bias, 0.0)

    def forward(self, x):
        x = self.first(x)
        if self.training:
            self.mean = self.mean * 0.5 + x.detach().sqrt().mean() * 0.5
        return self.last(x.sqrt())


def test_the_origin_of_nan():
    x = np.ones((12, 1), np.float32)
    x[7] = -4
    tg.manual_seed(0)
    made = Trainer(Roots(), "mse", "sgd", lr=1e-3)
    weights = []

    class Note(Callback):
        def on_batch_begin(self, run):
            weights.append(run.model.last.weight.item())

    with pytest.raises(FloatingPointError) as caught:
        made.fit(x, x, batch_size=3, shuffle=False, callbacks=[NanGuard(), Note()], verbose=0)
    text = str(caught.value)
    assert text.startswith("the loss is nan in epoch 1, batch 3. No step was taken: the weights are those of before.\n")
    assert "nan made by sqrt in the forward pass" in text
    assert "test_callbacks.py" in text
    assert re.search(r"x\[1, 0\] = -\d", text)
    assert made.model.last.weight.item() == weights[-1] != weights[0]


def test_nan_without_a_guard(capsys):
    """It goes on, and says in the end who would know where that is from."""
    trainer = Trainer(nn.Linear(2, 1), "mse", "sgd")
    trainer.fit(np.full((4, 2), np.nan), np.zeros((4, 1)), epochs=3)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[3] == "The loss is nan in epoch 1. callbacks=[NanGuard()] says where that is from."


def test_stopping_at_nan(capsys):
    x = np.ones((12, 1), np.float32)
    x[7] = -4
    made = Trainer(Roots(), "mse", "sgd", lr=1e-3)
    history = made.fit(x, x, epochs=5, batch_size=3, shuffle=False, callbacks=[NanGuard("stop")])
    assert history == {"loss": [], "lr": [], "seconds": []}
    assert all(np.isfinite(value.numpy()).all() for value in made.model.state_dict().values())
    assert "Stopped in epoch 1: the loss is nan in epoch 1, batch 3" in capsys.readouterr().out


def test_gradients_that_are_not_finite():
    class Root(nn.Linear):
        def forward(self, x):
            return super().forward(x).sqrt()

    model = Root(1, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    with pytest.raises(FloatingPointError, match="the gradient of weight is not finite in epoch 1, batch 1"):
        Trainer(model, "mse", "sgd").fit(*line(), callbacks=[NanGuard()], verbose=0)
    tg.manual_seed(0)
    Trainer(model, "mse", "sgd").fit(*line(), callbacks=[NanGuard(gradients=False)], verbose=0)


def test_large_gradients_are_finite():
    made = Trainer(nn.Linear(1, 1), lambda output, target: output.sum(), "sgd", lr=0.0)
    x = np.full((4, 1), 1e25)
    made.fit(x, x, callbacks=[NanGuard()], verbose=0)  # their squares are not
