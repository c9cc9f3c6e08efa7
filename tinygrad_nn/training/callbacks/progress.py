"""Showing how far it is."""

from __future__ import annotations

import importlib
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from .base import Callback

if TYPE_CHECKING:
    from ..run import Run

_PAUSE = 0.1  # seconds between two looks at the bar


def shown(value: Any) -> str:
    """A number in four digits; anything else by its kind."""
    try:
        return f"{float(value):.4g}" if abs(float(value)) < 1e-3 else f"{float(value):.4f}"
    except (TypeError, ValueError):
        return "..."


def line_of(logs: dict[str, Any]) -> str:
    """The numbers of an epoch in a line, without those that seldom interest."""
    numbers = {name: value for name, value in logs.items() if name not in ("lr", "seconds")}
    return "   ".join(f"{name} {text}" for name, value in numbers.items() if (text := shown(value)) != "...")


class ProgressBar(Callback):
    """A bar for each epoch in a terminal, with tqdm if that is installed; elsewhere a line for each epoch.

    `Trainer.fit` adds one by itself, unless ``verbose=0``.

    Args:
        style: "tqdm", "bar" or "lines"; "auto" chooses.
        file: where to; the bar goes to the terminal's error stream if None, lines to the standard output.

    Raises:
        ValueError: there is no such style.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.training import ProgressBar, Trainer
        >>> trainer = Trainer(tg.nn.Linear(2, 1), "mse", "sgd")
        >>> bar = ProgressBar("lines")
        >>> _ = trainer.fit(tg.ones(4, 2), tg.zeros(4, 1), epochs=2, callbacks=[bar])  # doctest: +ELLIPSIS
        epoch 1/2   ... s   loss ...
        epoch 2/2   ... s   loss ...
    """

    comes_last = True

    def __init__(self, style: str = "auto", file: TextIO | None = None) -> None:
        if style not in ("auto", "tqdm", "bar", "lines"):
            raise ValueError(f"ProgressBar: style must be 'auto', 'tqdm', 'bar' or 'lines', got {style!r}")
        self.style, self.file = style, file
        self._chosen = "lines"
        self._bar: Any = None
        self._next = 0.0

    def on_fit_begin(self, run: Run) -> None:
        self._chosen = self._choose()

    def _choose(self) -> str:
        if self.style != "auto":
            return self.style
        stream: Any = self.file or sys.stderr
        if not (hasattr(stream, "isatty") and stream.isatty()):
            return "lines"
        try:
            importlib.import_module("tqdm")
        except ImportError:
            return "bar"
        return "tqdm"

    def on_epoch_begin(self, run: Run) -> None:
        self._open(run)

    def _open(self, run: Run) -> None:
        if self._chosen == "lines":
            return
        title = f"epoch {run.epoch:{len(str(run.epochs))}}/{run.epochs}"
        stream = self.file or sys.stderr
        if self._chosen == "tqdm":
            make = importlib.import_module("tqdm").tqdm
            self._bar = make(
                total=run.batches, initial=run.batch, desc=title, unit="batch", file=stream, miniters=1 << 60
            )
        else:
            self._bar = PlainBar(run.batches, title, stream)
        self._next = 0.0

    def on_batch_end(self, run: Run) -> None:
        now = time.perf_counter()
        if now < self._next or self._chosen == "lines":
            return
        if self._bar is None:  # a run that goes on in the middle of an epoch
            self._open(run)
        self._next = now + _PAUSE
        self._show(run, f"loss {shown(run.mean_loss)}")

    def _show(self, run: Run, text: str) -> None:
        self._bar.n = run.batch
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.refresh()

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        if self._chosen == "lines":
            width = len(str(run.epochs))
            seconds = logs.get("seconds", 0.0)
            text = f"epoch {run.epoch:{width}}/{run.epochs}   {seconds:.1f} s   {line_of(logs)}"
            print(text, file=self.file or sys.stdout, flush=True)
            return
        if self._bar is None:
            self._open(run)
        self._show(run, line_of(logs))
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def on_fit_end(self, run: Run) -> None:
        self._close()
        for text in run.notes:
            print(text, file=self.file or (sys.stdout if self._chosen == "lines" else sys.stderr), flush=True)


class PlainBar:
    """A bar in one line of a terminal, which is written over and over. It has tqdm's methods, as far as needed.

    Args:
        total: how many steps there are; None if that is not known.
        title: what stands before it.
        file: the terminal.
    """

    WIDTH = 24

    def __init__(self, total: int | None, title: str, file: TextIO) -> None:
        self.total, self.title, self.file = total, title, file
        self.n = 0
        self._text, self._length = "", 0
        self._started = time.perf_counter()

    def set_postfix_str(self, text: str, refresh: bool = True) -> None:
        """Set what stands behind it."""
        self._text = text

    def refresh(self) -> None:
        """Write it."""
        seconds = time.perf_counter() - self._started
        if self.total:
            filled = self.WIDTH * min(self.n, self.total) // self.total
            bar = f"[{'=' * filled}{' ' * (self.WIDTH - filled)}] {self.n}/{self.total}"
        else:
            bar = f"{self.n} batches"
        line = f"{self.title} {bar}   {seconds:.1f} s   {self._text}"
        self.file.write("\r" + line.ljust(self._length))
        self.file.flush()
        self._length = len(line)

    def close(self) -> None:
        """End its line."""
        self.file.write("\n")
        self.file.flush()
