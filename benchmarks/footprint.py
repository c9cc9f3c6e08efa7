"""What a training step does to a process of its own: the peak of its memory, and the pages that it has to fault in.

    python benchmarks/footprint.py cnn/lenet torch
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WARM_UP, STEPS = 20, 20
_PAGE = 4096


def measure(case_name: str, contender: str, tiny: bool) -> dict[str, float]:
    """Make the contender, and step.

    Returns:
        ``growth``: the peak of resident memory beyond what the process had with the package imported, in bytes, with
        weights and batches; ``faults``: minor page faults of one step, after the first ones.
    """
    from benchmarks.cases import REGISTRY
    from benchmarks.harness import Settings

    module: Any = importlib.import_module(contender.partition(" ")[0])
    if contender.startswith("torch"):
        module.set_num_threads(1)
        module.zeros(2, requires_grad=True).sum().backward()  # what it makes once, whatever is done
    before = _resident("VmRSS")
    _forget_peak()
    job = REGISTRY[case_name].contenders[contender](module, Settings(tiny=tiny))
    step = job.sample.function  # type: ignore[attr-defined]
    for _ in range(1 if tiny else WARM_UP):
        step()
    started = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    steps = 1 if tiny else STEPS
    for _ in range(steps):
        step()
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - started
    return {"growth": _resident("VmHWM") - before, "faults": faults / steps}


def _resident(word: str) -> float:
    """Bytes of resident memory: ``VmRSS`` now, ``VmHWM`` at its peak."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) * 1024 for line in lines if line.startswith(f"{word}:"))


def _forget_peak() -> None:
    """Let the peak begin anew. Where that is not allowed, the peak of the import counts as well, for everybody."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


@functools.cache
def in_own_process(case_name: str, contender: str, tiny: bool) -> dict[str, float]:
    """`measure`, in a new interpreter; once, as both numbers hardly change from one to the next.

    Raises:
        RuntimeError: it failed there.
    """
    command = [sys.executable, str(Path(__file__).resolve()), case_name, contender, *(["--tiny"] if tiny else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise RuntimeError(outcome.stderr.splitlines()[-1] if outcome.stderr else f"status {outcome.returncode}")
    found: dict[str, float] = json.loads(outcome.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    print(json.dumps(measure(sys.argv[1], sys.argv[2], "--tiny" in sys.argv)))
