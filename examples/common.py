"""What the examples share: their options, the progress bar, the data, and the result that they leave behind."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pictures import save_figure

from tinygrad_nn.datasets import MNIST, DigitRecognizer, write_digit_recognizer
from tinygrad_nn.datasets.utils import download_url

LINES = 20  # of progress, at most, where tqdm is not installed
TEXTS = {
    "tinyshakespeare.txt": "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    "names.txt": "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
}


def positive(text: str) -> int:
    """A whole number from 1 on, as an option's `type`."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {number}")
    return number


def make_parser(text: str | None, *, data: str | None = None) -> argparse.ArgumentParser:
    """The options that every example has. Its own ones are added by the example.

    Args:
        text: the example's docstring, whose first line says what it does.
        data: what lies in the folder of `--data`, if the example reads files.
    """
    parser = argparse.ArgumentParser(
        description=(text or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    if data is not None:
        parser.add_argument("--data", type=Path, default=Path("data"), help=f"folder of {data}")
        parser.add_argument("--download", action="store_true", help="fetch what is not there")
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers")
    parser.add_argument("--threads", type=positive, default=1, help="that multiply matrices; small ones need no second")
    parser.add_argument("--output", type=Path, default=Path("outputs"), help="folder to write into")
    parser.add_argument("--no-plot", action="store_true", help="draw no picture (needs no matplotlib)")
    return parser


def progress(count: int, unit: str = "epoch") -> Iterator[int]:
    """Count behind a progress bar; in plain text where tqdm is not installed."""
    try:
        from tqdm import trange
    except ImportError:
        for number in range(count):
            if number % -(-count // LINES) == 0:
                print(f"{unit} {number + 1}/{count}", flush=True)
            yield number
    else:
        yield from trange(count, desc="training", unit=unit)


def say(text: str) -> None:
    """Print a line, above the progress bar if there is one."""
    try:
        from tqdm import tqdm
    except ImportError:
        print(text, flush=True)
    else:
        tqdm.write(text)


@contextlib.contextmanager
def explained(args: argparse.Namespace) -> Iterator[None]:
    """Exit, and say what is the matter, if the data is not there, not to be had or damaged."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        advice = "" if args.download else "\nGive the folder as --data DIR, or let --download fetch the files"
        print(f"--data {args.data}: {error}{advice}", file=sys.stderr)
        raise SystemExit(2) from None


def load_mnist(args: argparse.Namespace) -> list[np.ndarray]:
    """MNIST's training images and labels, and those of the test, as its files have them: (N, 28, 28) and (N,)."""
    with explained(args):
        parts = [MNIST(args.data, train=train, download=args.download) for train in (True, False)]
    return [array.numpy() for part in parts for array in (part.data, part.targets)]


def load_csv(args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of train.csv, as Kaggle has it; if there is none it is made of 42,000 of MNIST's digits."""
    folder = args.data
    if not any((place / "train.csv").exists() for place in (folder, folder / "digit-recognizer")):
        images, labels, _, _ = load_mnist(args)
        folder = args.output
        folder.mkdir(parents=True, exist_ok=True)
        write_digit_recognizer(folder / "train.csv", images[:42000], labels[:42000])
    with explained(args):
        digits = DigitRecognizer(folder)
    return digits.data.numpy(), digits.targets.numpy()


def load_text(args: argparse.Namespace, name: str) -> str:
    """A text by its name in the folder; or any file, if that is what `--data` names."""
    path = args.data if args.data.is_file() else args.data / name
    with explained(args):
        if args.download and not path.exists():
            download_url(TEXTS[name], path.parent, name)
        return path.read_text(encoding="utf-8")


def finish(
    args: argparse.Namespace, figures: Mapping[str, float], started: float, draw: Callable[[], Any] | None = None
) -> None:
    """Save the picture, write the figures into a JSON file, and print them: the last line is the result.

    Args:
        args: the options.
        figures: what was measured, by name.
        started: when the work began, by `time.perf_counter`.
        draw: makes the picture, a figure of matplotlib's.
    """
    seconds = time.perf_counter() - started
    name = Path(sys.argv[0]).stem
    args.output.mkdir(parents=True, exist_ok=True)
    if draw is not None and not args.no_plot:
        save_figure(draw(), args.output / f"{name}.png")
        print(f"picture: {args.output / f'{name}.png'}")
    result = ", ".join(f"{key} {shown(value)}" for key, value in figures.items())
    record = {"options": sys.argv[1:], "figures": dict(figures), "result": result, "seconds": round(seconds, 2)}
    (args.output / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    print(f"in {seconds:.1f} s")
    print(result)


def shown(value: float) -> str:
    """A figure with four digits."""
    return f"{value}" if isinstance(value, int) else f"{value:.4f}" if abs(value) >= 1e-3 else f"{value:.1e}"
