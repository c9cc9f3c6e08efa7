"""Kills a training run again and again, at random moments, and shows that nothing is lost.

    python tests/kill_and_resume.py                  # 50 times; about a minute
    python tests/kill_and_resume.py --kills 200 --workers 2

A run of its own process writes a checkpoint after every step. It is killed with SIGKILL and started again, as often as
asked for, and then runs to its end. After each kill the checkpoint must be readable and must not have gone back. At the
end the weights, the optimizer's state, all losses and the random states are compared, bit for bit, with those of a run
that was never killed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_nn as tg
from tinygrad_nn.serialization import read_checkpoint
from tinygrad_nn.testing.resume import _difference

ROOT = Path(__file__).resolve().parent.parent


# --- the run -----------------------------------------------------------------------------------------------------


class Augmented(tg.utils.data.Dataset):  # type: ignore[misc]
    """Points with noise of all three kinds of random numbers."""

    def __init__(self, count: int, features: int) -> None:
        numbers = np.random.default_rng(0)
        self.inputs = numbers.standard_normal((count, features)).astype(np.float32)
        self.targets = (self.inputs[:, :10].argmax(1)).astype(np.int64)

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> Any:
        scale = 1 + 0.1 * random.random() + 0.1 * np.random.rand() + 0.1 * tg.rand(1).item()
        return self.inputs[index] * np.float32(scale), self.targets[index]


class Decay:
    """A schedule of the learning rate: something of the user's with a state."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer, self.steps = optimizer, 0

    def step(self) -> None:
        self.steps += 1
        for group in self.optimizer.param_groups:
            group["lr"] = 1e-3 * 0.99**self.steps

    def state_dict(self) -> dict[str, int]:
        return {"steps": self.steps}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.steps = state["steps"]


def train(path: str, epochs: int, workers: int) -> None:
    """Train to the end, from the checkpoint if there is one."""
    tg.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    nn, features = tg.nn, 200
    model = nn.Sequential(nn.Linear(features, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10))
    optimizer = tg.optim.Adam(model.parameters(), lr=1e-3)
    loader = tg.utils.data.DataLoader(Augmented(160, features), batch_size=16, shuffle=True, num_workers=workers)
    run = {"model": model, "optimizer": optimizer, "schedule": Decay(optimizer), "loader": loader}
    epoch, losses = 0, []
    if os.path.exists(path):
        data = tg.load_checkpoint(path, **run)
        epoch, losses = data["epoch"], data["losses"]
    while epoch < epochs:
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            tg.save_checkpoint(path, epoch=epoch, losses=losses, **run)
        run["schedule"].step()
        epoch += 1
        tg.save_checkpoint(path, epoch=epoch, losses=losses, **run)


# --- killing it --------------------------------------------------------------------------------------------------


def start(path: Path, epochs: int, workers: int) -> subprocess.Popen[bytes]:
    """A process that trains."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--run", str(path), "--epochs", str(epochs), "--workers", str(workers)]
    return subprocess.Popen(command, env=environment, cwd=ROOT)


def finish(path: Path, epochs: int, workers: int) -> float:
    """Let a run come to its end. Returns the seconds it took."""
    started = time.monotonic()
    status = start(path, epochs, workers).wait()
    if status:
        raise SystemExit(f"the run failed with status {status}")
    return time.monotonic() - started


def survivors(path: Path) -> list[int]:
    """Processes that still work on this path, as far as the system tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if os.fsencode(path) in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def kill_once(path: Path, epochs: int, workers: int, after: float) -> bool:
    """Start the run, and kill it after so many seconds. False if it had come to its end by then."""
    process = start(path, epochs, workers)
    try:
        if process.wait(after):
            raise SystemExit(f"the run failed with status {process.returncode}")
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def compare(whole: Path, path: Path) -> bool:
    """Raise if a run has ended differently, or has left something. Returns whether the files are alike, too."""
    difference = _difference(read_checkpoint(whole), read_checkpoint(path), "the checkpoint")
    if difference is not None:
        raise AssertionError(difference)
    left = [file.name for file in path.parent.iterdir() if file.name != path.name]
    if left:
        raise AssertionError(f"files are left behind: {left}")
    deadline = time.monotonic() + 10
    while (alive := survivors(path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    if alive:
        raise AssertionError(f"processes are left behind: {alive}")
    return whole.read_bytes() == path.read_bytes()


def check(kills: int, epochs: int, workers: int, seed: int) -> str:
    """Kill a run so many times. Returns a report; a failure raises."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        whole, path = Path(name) / "whole" / "checkpoint", Path(name) / "killed" / "checkpoint"
        whole.parent.mkdir()
        path.parent.mkdir()
        startup = min(finish(whole, 0, workers) for _ in range(3))
        length = max(finish(whole, epochs, workers) - startup, 0.1)
        total = len(read_checkpoint(whole)["losses"])
        done = steps = while_writing = at_all = 0
        runs, alike = 1, True
        while done < kills:
            # some while the program starts; the others so that what is left of the run is enough for all kills
            share = length * (1 - steps / total) / (kills - done + 2)
            late = startup + chance.uniform(0, 2) * share
            if not kill_once(path, epochs, workers, chance.uniform(0, startup) if chance.random() < 0.1 else late):
                alike &= compare(whole, path)  # sooner than it was meant to: once more from the beginning
                path.unlink()
                runs, steps = runs + 1, 0
                continue
            done += 1
            while_writing += any(path.parent.glob(".*.partial"))
            if path.exists():
                at_all += 1
                losses = len(read_checkpoint(path)["losses"])  # raises if it cannot be read
                if losses < steps:
                    raise AssertionError(f"after kill {done} the checkpoint went back from step {steps} to {losses}")
                steps = losses
        finish(path, epochs, workers)
        alike &= compare(whole, path)
    return (
        f"{done} kills in {runs} run(s) of {total} steps, {while_writing} while a checkpoint was being written, "
        f"{at_all} after the first one, the last at step {steps}: every checkpoint readable, the end bit-identical"
        f"{', the files byte for byte' if alike else ''}"
    )


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        train(options.run, options.epochs, options.workers)
    else:
        print(check(options.kills, options.epochs, options.workers, options.seed))


if __name__ == "__main__":
    main()
