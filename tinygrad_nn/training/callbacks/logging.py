"""Writing down what an epoch came to: as a table, for TensorBoard, and the resources that it took."""

from __future__ import annotations

import csv
import io
import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from ...serialization.files import replace
from .base import Callback

if TYPE_CHECKING:
    from ...utils.tensorboard import SummaryWriter
    from ..run import Run


class CSVLogger(Callback):
    """Writes the history into a CSV file, a line for each epoch. After every epoch the file is whole.

    Args:
        path: the file. Its folder is made if it is not there.

    Source: https://www.rfc-editor.org/rfc/rfc4180

    Example:
        >>> import pathlib, tempfile
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.training import CSVLogger, Trainer
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "history.csv")
        ...     trainer = Trainer(tg.nn.Linear(2, 1), "mse", "sgd")
        ...     _ = trainer.fit(tg.ones(4, 2), tg.zeros(4, 1), callbacks=[CSVLogger(path)], verbose=0)
        ...     print(path.read_text().splitlines()[0])
        epoch,loss,lr,seconds
    """

    comes_last = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def on_fit_begin(self, run: Run) -> None:
        os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        write_csv(self.path, run.history)


def write_csv(path: str | os.PathLike[str], history: dict[str, list[Any]]) -> None:
    """Write a history as a CSV file: a line for each epoch, what is no single number left out.

    Raises:
        RuntimeError: there is no such folder.
    """
    columns = {name: values for name, values in history.items() if all(np.ndim(value) == 0 for value in values)}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["epoch", *columns])
    table.writerows(enumerate_rows(columns))
    replace(os.fspath(path), lambda file: file.write(text.getvalue().encode()))


def enumerate_rows(columns: dict[str, list[Any]]) -> list[list[Any]]:
    """The rows of a table, each with its number from 1."""
    return [[number, *row] for number, row in enumerate(zip(*columns.values(), strict=True), start=1)]


class TensorBoard(Callback):
    """Writes curves, and histograms of the weights, for TensorBoard: ``tensorboard --logdir FOLDER``.

    Training and validation are two runs in its charts, so that their curves lie over each other. TensorBoard itself
    need not be installed where the model is trained.

    Args:
        folder: where its files are to be.
        histograms: after so many epochs, the weights' histograms; 0 for none.
        batches: after so many batches, the batch's loss; 0 for never.

    Example:
        >>> import os, tempfile
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.training import TensorBoard, Trainer
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     trainer = Trainer(tg.nn.Linear(2, 1), "mse", "sgd")
        ...     _ = trainer.fit(tg.ones(4, 2), tg.zeros(4, 1), callbacks=[TensorBoard(folder)], verbose=0)
        ...     sorted(os.listdir(folder))
        ['train']
    """

    comes_last = True

    def __init__(self, folder: str | os.PathLike[str], histograms: int = 1, batches: int = 0) -> None:
        self.folder = os.fspath(folder)
        self.histograms, self.batches = histograms, batches
        self._writers: dict[str, SummaryWriter] = {}

    def _writer(self, run: Run, part: str) -> SummaryWriter:
        from ...utils.tensorboard import SummaryWriter

        if part not in self._writers:
            # What an earlier run has written of this step and later ones is hidden: it is done again.
            step = run.total_batches if part == "batches" else run.epoch
            purge = step if run.resumed else None
            self._writers[part] = SummaryWriter(os.path.join(self.folder, part), purge_step=purge)
        return self._writers[part]

    def on_batch_end(self, run: Run) -> None:
        if self.batches and run.batch % self.batches == 0:
            self._writer(run, "batches").add_scalar("batch_loss", run.loss, run.total_batches)

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        for name, value in logs.items():
            if np.ndim(value) == 0:
                part = "validation" if name.startswith("val_") else "train"
                self._writer(run, part).add_scalar(name.removeprefix("val_"), value, run.epoch)
        if self.histograms and run.epoch % self.histograms == 0:
            for name, parameter in run.model.named_parameters():
                array = np.asarray(parameter.detach())
                if array.size and np.isfinite(array).all():
                    self._writer(run, "train").add_histogram(name, array, run.epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_fit_end(self, run: Run) -> None:
        while self._writers:
            self._writers.popitem()[1].close()


class Resources(Callback):
    """Adds to each epoch's numbers how much memory the process has, and how many samples it trained on in a second.

    They are named "memory_mb" and "samples_per_second". What the epochs took of time is in "seconds" anyway. Where the
    system does not tell the memory, it is left out.
    """

    def __init__(self) -> None:
        self._samples = 0

    def on_epoch_begin(self, run: Run) -> None:
        self._samples = 0

    def on_batch_end(self, run: Run) -> None:
        self._samples += run.batch_size

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        memory = resident_bytes()
        if memory is not None:
            run.log("memory_mb", round(memory / 1e6, 1))
        if run.training_seconds > 0:
            run.log("samples_per_second", round(self._samples / run.training_seconds, 1))


def resident_bytes() -> int | None:
    """The memory that the process has now; where the system does not tell, the most that it has had, or None."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
