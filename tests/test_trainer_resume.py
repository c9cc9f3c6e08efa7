"""`Trainer.fit`, interrupted: from its checkpoint it goes on as if it had never stopped, bit for bit; and Ctrl-C."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import metrics, nn, optim
from tinygrad_nn.serialization import read_checkpoint
from tinygrad_nn.testing import assert_resumes
from tinygrad_nn.training import Callback, Checkpoint, CSVLogger, EarlyStopping, KeepBest, Schedule, Trainer
from tinygrad_nn.utils.data import DataLoader, Dataset

ROOT = Path(__file__).parent.parent


def data(count=40):
    numbers = np.random.default_rng(0)
    x = numbers.standard_normal((count, 4)).astype(np.float32)
    return x, (x[:, 0] > x[:, 1]).astype(np.int64)


def network():
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.3), nn.Linear(6, 2))


class Noisy(Dataset):
    """Samples with noise of all three kinds of random numbers; or of the one that threads do not share."""

    def __init__(self, kinds=3):
        self.x, self.y = data(24)
        self.kinds = kinds

    def __len__(self):
        return 24

    def __getitem__(self, index):
        noise = 0.1 * tg.rand(1).item()
        if self.kinds == 3:
            noise += 0.1 * random.random() + 0.1 * np.random.rand()
        return self.x[index] + np.float32(noise), self.y[index]


def numbers(history):
    """A history without what depends on the clock."""
    return {name: values for name, values in history.items() if name != "seconds"}


def result(trainer, history):
    """All that must be the same."""
    return [trainer.model, trainer.optimizer.state_dict(), numbers(history)]


def train(path, make=None, fit=None, **checkpoint):
    """A run with a checkpoint beside `path`."""
    tg.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    trainer = make() if make else Trainer(network(), "cross_entropy", "adam", metrics=["accuracy"], lr=0.05)
    options = {"epochs": 3, "batch_size": 8, **(fit or {})}
    x, y = (options.pop("data")(), None) if "data" in options else data()
    if "validation_data" in options:
        options["validation_data"] = options["validation_data"]()
    callbacks = [make_one(trainer) for make_one in options.pop("callbacks", ())]
    callbacks.append(Checkpoint(os.path.dirname(path), **checkpoint))
    history = trainer.fit(x, y, callbacks=callbacks, resume=True, verbose=0, **options)
    return [*result(trainer, history), read_checkpoint(callbacks[-1].best)["model"]]


def plain():
    return Trainer(network(), "cross_entropy", "adam", metrics=["accuracy"], lr=0.05)


def many_metrics():
    def share(output, target):
        return (output.argmax(1) == target).mean()

    return Trainer(network(), "cross_entropy", "sgd", metrics=["accuracy", share, metrics.Accuracy(name="again")])


def accumulating():
    return Trainer(network(), "cross_entropy", "adam", accumulate=2, clip_norm=0.5)


def momentum():
    model = network()
    return Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True))


CASES = {
    "at the ends of epochs": (plain, {}, {}),
    "in the middle": (plain, {}, {"every_steps": 2}),
    "after each step": (many_metrics, {"epochs": 2}, {"every_steps": 1}),
    "held out, by chance": (plain, {"validation_split": 0.3}, {"every_steps": 3}),
    "in several batches": (accumulating, {"validation_split": 0.3}, {"every_steps": 1}),
    "a schedule of epochs": (
        momentum,
        {"callbacks": [lambda t: Schedule(optim.lr_scheduler.StepLR(t.optimizer, 1, 0.5))]},
        {"every_steps": 2},
    ),
    "a schedule of steps": (
        momentum,
        {"callbacks": [lambda t: Schedule(lambda o: optim.lr_scheduler.OneCycleLR(o, 0.3, total_steps=20), "step")]},
        {"every_steps": 2},
    ),
    "a plateau, and the best in the end": (
        plain,
        {
            "validation_split": 0.3, "epochs": 6,
            "callbacks": [
                lambda t: Schedule(lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, patience=0)),
                lambda t: EarlyStopping("val_accuracy", patience=2),
            ],
        },
        {"every_steps": 3},
    ),
    "weights": (plain, {"class_weight": "balanced", "sample_weight": np.linspace(0, 1, 40)}, {"every_steps": 3}),
    "noise in the samples": (plain, {"data": Noisy, "validation_split": 0.25}, {"every_steps": 2}),
    "threads": (
        plain,
        {
            "data": lambda: DataLoader(Noisy(1), 6, shuffle=True, num_workers=2, multiprocessing_context="thread"),
            "batch_size": None, "epochs": 2, "validation_data": lambda: DataLoader(Noisy(), 6, shuffle=True),
        },
        {"every_steps": 3},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_goes_on_as_if_never_stopped(case):
    make, fit, checkpoint = CASES[case]
    assert_resumes(lambda path: train(path, make, fit, **checkpoint))


def test_without_its_state_a_run_ends_differently():
    """That the test above can fail: something is left out of the checkpoint."""

    class Forgetful(Callback):
        rate = 0.1

        def on_epoch_end(self, run, logs):
            self.rate *= 0.5
            run.optimizer.param_groups[0]["lr"] = self.rate

    with pytest.raises(AssertionError, match="ends differently"):
        assert_resumes(lambda path: train(path, plain, {"callbacks": [lambda trainer: Forgetful()]}))


def test_more_epochs(tmp_path):
    """A run that has ended goes on, too, and is the longer run."""
    results = []
    for epochs in ([5], [2, 4, 5]):
        tg.manual_seed(0)
        folder = tmp_path / str(len(epochs))
        for count in epochs:
            trainer = plain()
            history = trainer.fit(
                *data(), epochs=count, callbacks=[Checkpoint(folder)], resume=True, verbose=0, batch_size=8
            )
            assert len(history["loss"]) == count
        results.append(result(trainer, history))
    from tinygrad_nn.testing.resume import _difference

    assert _difference(*results, "the result") is None


def test_a_run_that_has_stopped_early_does_not_go_on(tmp_path):
    for _ in range(2):
        tg.manual_seed(0)
        trainer = Trainer(network(), "cross_entropy", "sgd", lr=0.0)
        stopping = EarlyStopping("loss", patience=2, min_delta=1)
        callbacks = [stopping, Checkpoint(tmp_path)]
        history = trainer.fit(*data(), epochs=9, callbacks=callbacks, resume=True, verbose=0)
        assert len(history["loss"]) == 3


def test_the_best(tmp_path):
    trainer = plain()
    seen = {}

    def note(run, logs):
        seen[run.epoch] = {name: value.numpy().copy() for name, value in run.model.state_dict().items()}

    history = trainer.fit(
        *data(), epochs=6, validation_split=0.3, callbacks=[note, Checkpoint(tmp_path, "val_loss")], verbose=0
    )
    best = int(np.argmin(history["val_loss"])) + 1
    again = plain().load(tmp_path / "best.checkpoint")
    assert len(again.history["loss"]) == best
    for name, value in again.model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), seen[best][name])
    assert len(plain().load(tmp_path / "last.checkpoint").history["loss"]) == 6


def test_other_callbacks_are_refused(tmp_path):
    trainer = plain()
    trainer.fit(*data(), callbacks=[EarlyStopping(), Checkpoint(tmp_path)], verbose=0)
    with pytest.raises(ValueError, match="had the callbacks EarlyStopping, Checkpoint, this one has Checkpoint"):
        plain().fit(*data(), epochs=2, callbacks=[Checkpoint(tmp_path)], resume=True, verbose=0)


def test_a_loader_that_does_not_tell_where_it_stands(tmp_path):
    class Batches:
        def __iter__(self):
            x, y = data()
            return iter(list(zip(tg.tensor(x).split(8), tg.tensor(y).split(8), strict=True)))

    with pytest.raises(ValueError, match="Batches does not tell where it stands"):
        plain().fit(Batches(), callbacks=[Checkpoint(tmp_path, every_steps=1)], verbose=0)
    plain().fit(Batches(), callbacks=[Checkpoint(tmp_path)], verbose=0)
    history = plain().fit(Batches(), epochs=2, callbacks=[Checkpoint(tmp_path)], resume=True, verbose=0)
    assert len(history["loss"]) == 2


def test_every_seconds(tmp_path):
    class Slow(Callback):
        def on_batch_begin(self, run):
            time.sleep(0.02)

    written = []

    class Watch(Checkpoint):
        def _write(self, path, run):
            written.append((os.path.basename(path), run.epoch, run.batch))
            super()._write(path, run)

    plain().fit(*data(), batch_size=8, callbacks=[Slow(), Watch(tmp_path, every_seconds=0.03)], verbose=0)
    assert 2 <= len([entry for entry in written if entry[0] == "last.checkpoint"]) < 6


# --- Ctrl-C ------------------------------------------------------------------------------------------------------


class PressAt(Callback):
    """Presses Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch, batch, times=1):
        self.when, self.times = (epoch, batch), times

    def on_batch_begin(self, run):
        if (run.epoch, run.batch) == self.when:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_with_the_best_weights(capsys):
    weights = {}

    def note(run, logs):
        weights[run.epoch] = {name: value.numpy().copy() for name, value in run.model.state_dict().items()}

    tg.manual_seed(0)
    trainer = Trainer(network(), "cross_entropy", "sgd", lr=3.0)  # too large: the first epochs are the best
    before = signal.getsignal(signal.SIGINT)
    history = trainer.fit(*data(), epochs=50, batch_size=8, validation_split=0.3, callbacks=[note, PressAt(6, 2)])
    assert signal.getsignal(signal.SIGINT) is before
    assert len(history["val_loss"]) == 5  # the sixth is not whole
    best = int(np.argmin(history["val_loss"])) + 1
    for name, value in trainer.model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), weights[best][name])
    out, err = capsys.readouterr()
    assert "Interrupted in epoch 6 of 50." in out
    assert f"The model has the weights of epoch {best}: val_loss" in out
    assert "Press it again to stop at once" in err


def test_without_ctrl_c_the_weights_are_the_last():
    last = {}

    def note(run, logs):
        last.update({name: value.numpy().copy() for name, value in run.model.state_dict().items()})

    tg.manual_seed(0)
    trainer = Trainer(network(), "cross_entropy", "sgd", lr=3.0)
    trainer.fit(*data(), epochs=6, batch_size=8, validation_split=0.3, callbacks=[note], verbose=0)
    for name, value in trainer.model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), last[name])


@pytest.mark.parametrize("when", [(1, 1), (2, 3), (3, 5)])
def test_an_interrupted_run_goes_on_in_the_middle(tmp_path, when, capsys):
    results = []
    for interrupted in (False, True):
        tg.manual_seed(0)
        folder = tmp_path / str(interrupted)

        def fit(*extra, folder=folder):
            trainer = plain()
            callbacks = [*extra, Checkpoint(folder)]
            history = trainer.fit(
                *data(), epochs=3, batch_size=8, validation_split=0.1, callbacks=callbacks, resume=True, verbose=0
            )
            return result(trainer, history)

        if interrupted:
            fit(PressAt(*when))
            state = read_checkpoint(folder / "last.checkpoint")["run"]
            assert (state["epoch"], state["batch"], state["in_epoch"]) == (*when, True)
            tg.manual_seed(99)
        results.append(fit())
    from tinygrad_nn.testing.resume import _difference

    assert _difference(*results, "the result") is None


def test_ctrl_c_waits_for_the_large_batch(tmp_path, capsys):
    """With gradients of several batches, the step that they make is taken first."""
    trainer = Trainer(network(), "cross_entropy", "sgd", accumulate=3)
    trainer.fit(*data(), batch_size=8, callbacks=[PressAt(1, 2), Checkpoint(tmp_path)], verbose=0)
    assert read_checkpoint(tmp_path / "last.checkpoint")["run"]["batch"] == 3


def test_ctrl_c_twice(capsys):
    trainer = plain()
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(*data(), callbacks=[PressAt(1, 1, times=2)], verbose=0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert len(trainer.fit(*data(), verbose=0)["loss"]) == 1


def test_a_keyboard_interrupt_from_elsewhere():
    """One that is raised, as in a notebook or another thread."""

    class Raise(Callback):
        def on_batch_begin(self, run):
            if run.epoch == 3:
                raise KeyboardInterrupt

    best = KeepBest("loss")
    ended = []

    class End(Callback):
        def on_fit_end(self, run):
            ended.append((run.interrupted, run.stopped))

    history = plain().fit(*data(), epochs=9, callbacks=[Raise(), best, End()], verbose=0)
    assert len(history["loss"]) == 2
    assert ended == [(True, "interrupted")]
    assert best.best == min(history["loss"])


def test_in_another_thread(tmp_path):
    """Where signals cannot be handled, training works all the same."""
    found = []
    thread = threading.Thread(target=lambda: found.append(plain().fit(*data(), verbose=0)))
    thread.start()
    thread.join()
    assert len(found[0]["loss"]) == 1


def test_another_handler_is_left_alone():
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    try:
        history = plain().fit(*data(), epochs=2, callbacks=[PressAt(1, 1)], verbose=0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [1]
    assert len(history["loss"]) == 2


PROGRAM = """
import sys, time
import numpy as np
import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.training import Callback, Checkpoint, CSVLogger, Trainer

class Slow(Callback):
    def on_batch_begin(self, run):
        time.sleep(0.01)
        if run.epoch == 2 and run.batch == 1:
            print("now", flush=True)

tg.manual_seed(0)
x = np.random.default_rng(0).standard_normal((80, 4))
trainer = Trainer(nn.Linear(4, 2), "cross_entropy", "adam")
history = trainer.fit(x, (x[:, 0] > 0).astype(int), epochs=4, batch_size=8, verbose=0, resume=True,
                      callbacks=[Slow(), CSVLogger("history.csv"), Checkpoint(".")])
trainer.save("end.checkpoint")
print("ended after", len(history["loss"]), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a process")
def test_a_process_that_is_interrupted(tmp_path):
    def start():
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.PIPE,
        )  # fmt: skip

    with start() as process:
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out == "ended after 1\n"
    assert "Traceback" not in err
    with start() as process:
        out, err = process.communicate(timeout=60)
    assert out.splitlines()[-1] == "ended after 4", err
    assert (tmp_path / "history.csv").read_text().count("\n") == 5
    assert CSVLogger("x").path == "x"
