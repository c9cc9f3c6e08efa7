"""Run an example with PyTorch too, by changing its imports, and compare the losses of the first steps.

    python examples/beside_pytorch.py perceptron.py
    python examples/beside_pytorch.py cnn.py --data DIR --epochs 1
    python examples/beside_pytorch.py --steps 300 gpt.py --data DIR

`import tinygrad_nn as torch` becomes `import torch`, and `from tinygrad_nn.utils.data import ...` likewise; nothing
else of the example is touched. Both draw the same random numbers from the same seed. A loss is that on which the
example says `backward()`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest import mock

FOLDER = Path(__file__).parent
FRAMEWORK = re.compile(r"^import tinygrad_nn as torch$", re.MULTILINE)  # what a file says that can be changed
IMPORT = re.compile(r"^(import|from) tinygrad_nn\b", re.MULTILINE)


class Run(NamedTuple):
    """What the first steps came to."""

    losses: list[float]
    seconds: float
    output: str


class EnoughError(Exception):
    """Ends an example after some steps."""


def changed(source: str, package: str) -> str:
    """The example with other imports."""
    if package == "tinygrad_nn" or not FRAMEWORK.search(source):
        return source
    return IMPORT.sub(rf"\1 {package}", source.replace("import tinygrad_nn as torch", f"import {package}"))


def load(name: str, package: str) -> ModuleType:
    """An example as a module, with the examples that it imports, on this package."""
    path = FOLDER / f"{name}.py"
    module = ModuleType(name)
    module.__file__ = str(path)
    text = changed(path.read_text(encoding="utf-8"), package)
    sys.modules[name] = module
    for other in re.findall(r"^from (\w+) import", text, re.MULTILINE):
        if other not in sys.modules and (FOLDER / f"{other}.py").exists():
            load(other, package)
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module


@contextlib.contextmanager
def own_modules() -> Iterator[None]:
    """Examples that are loaded meanwhile are forgotten."""
    names = {path.stem for path in FOLDER.glob("*.py")}
    before = {name: sys.modules.pop(name) for name in names & set(sys.modules)}
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)


def run(name: str, package: str, options: Sequence[str], steps: int) -> Run:
    """The losses of an example's first steps, on this package."""
    framework = importlib.import_module(package)
    losses: list[float] = []
    backward = framework.Tensor.backward

    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        if len(losses) == steps:
            raise EnoughError
        losses.append(self.item())
        backward(self, *args, **kwargs)

    output = io.StringIO()
    with own_modules(), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        module = load(name, package)
        started = time.perf_counter()
        with (
            mock.patch.object(sys, "argv", [module.__file__, *options]),
            mock.patch.object(framework.Tensor, "backward", noted),
            contextlib.suppress(EnoughError),
        ):
            module.main()
        seconds = time.perf_counter() - started
    return Run(losses, seconds, output.getvalue())


def main() -> None:
    """Run both, and print the losses side by side."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--steps", type=int, default=100, help="how many to compare (100)")
    parser.add_argument("example", help="such as cnn.py")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="of the example")
    args = parser.parse_args()
    name = Path(args.example).stem
    if not FRAMEWORK.search((FOLDER / f"{name}.py").read_text(encoding="utf-8")):
        parser.error(f"{name}.py has no line 'import tinygrad_nn as torch'")
    ours, theirs = (run(name, package, args.options, args.steps) for package in ("tinygrad_nn", "torch"))
    if len(ours.losses) != len(theirs.losses) or not ours.losses:
        raise SystemExit(f"{len(ours.losses)} losses here, {len(theirs.losses)} in PyTorch\n{theirs.output[-2000:]}")
    print(f"{'step':>6}{'tinygrad_nn':>16}{'PyTorch':>16}{'difference':>14}")
    for step in sorted({*range(0, len(ours.losses), max(1, len(ours.losses) // 10)), len(ours.losses) - 1}):
        pair = ours.losses[step], theirs.losses[step]
        print(f"{step + 1:6}{pair[0]:16.7f}{pair[1]:16.7f}{pair[0] - pair[1]:14.1e}")
    largest = max(abs(a - b) for a, b in zip(ours.losses, theirs.losses, strict=True))
    print(f"{len(ours.losses)} steps took {ours.seconds:.1f} s, in PyTorch {theirs.seconds:.1f} s")
    print(f"largest difference {largest:.1e}")


if __name__ == "__main__":
    main()
