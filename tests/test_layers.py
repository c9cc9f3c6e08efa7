"""The architecture: imports go only down and never in circles; importing the package is quick and needs NumPy only."""

from __future__ import annotations

import ast
import graphlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_nn

ROOT = Path(tinygrad_nn.__file__).parent
# A module may import from its own level and from lower ones.
LEVELS = {
    "_core": 0,
    "ops": 1,
    "random": 2, "linalg": 2, "special": 2, "fft": 2, "signal": 2, "settings": 2, "_transforms": 2, "autograd": 2,
    "cuda": 2, "accelerator": 2, "backends": 2, "debug": 2, "amp": 2, "distributed": 2, "multiprocessing": 2,
    "compiler": 2, "cpu": 2, "mps": 2, "types": 2, "xpu": 2,
    "distributions": 3, "func": 3, "nn": 3, "optim": 3, "utils": 3, "transforms": 3, "profiler": 3,
    "metrics": 3, "jit": 3, "plots": 4,
    "serialization": 4, "safetensors": 4, "datasets": 4, "testing": 4, "training": 4, "sklearn": 4,
    "functional": 5, "hub": 5, "utils.model_zoo": 5, "version": 5,
    "": 5,
}  # fmt: skip
IMPORT_SECONDS = 0.35  # beyond NumPy's own, on a slow machine; measured 0.03 to 0.06


def name_of(path: Path) -> str:
    """``_core/op.py`` as ``_core.op``; a package by its own name, the whole package as the empty one."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


class Imports(ast.NodeVisitor):
    """The modules of this package that a module imports, anywhere but under TYPE_CHECKING."""

    def __init__(self, name: str, package: str) -> None:
        self.name, self.package, self.found = name, package, set[str]()
        self.visit(ast.parse(MODULES[name].read_text()))

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" not in ast.unparse(node.test):
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.split(".")[0] == "tinygrad_nn":
                self.add(alias.name.removeprefix("tinygrad_nn").lstrip("."))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level:
            above = self.package.split(".") if self.package else []
            kept = above[: len(above) - (node.level - 1)]
            start = ".".join([*kept, *(node.module or "").split(".")]).strip(".")
        elif (node.module or "").split(".")[0] == "tinygrad_nn":
            start = (node.module or "").removeprefix("tinygrad_nn").lstrip(".")
        else:
            return
        for alias in node.names:
            self.add(f"{start}.{alias.name}".strip("."), start)

    def add(self, name: str, otherwise: str = "") -> None:
        """The module of this name, or, for a name inside a module, that module."""
        target = name if name in MODULES else otherwise
        if target != self.name:
            self.found.add(target)


def imports_of(name: str) -> set[str]:
    """What a module imports of this package."""
    is_package = MODULES[name].name == "__init__.py"
    return Imports(name, name if is_package else name.rpartition(".")[0]).found


def level(name: str) -> int:
    """How high a module stands."""
    top = name if name in LEVELS else name.split(".")[0]
    assert top in LEVELS, f"{top}: say in LEVELS how high it stands"
    return LEVELS[top]


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_only_down(name: str) -> None:
    for target in imports_of(name):
        assert level(target) <= level(name), f"tinygrad_nn.{name} imports tinygrad_nn.{target}, which stands above it"
        if name == "optim.swa_utils":  # an averaged model is a module; nothing else in `optim` imports this file
            continue
        same = {name.split(".")[0], target.split(".")[0]} != {"optim", "nn"}
        assert same, (
            f"tinygrad_nn.{name} imports tinygrad_nn.{target}: optimizers know only tensors, modules no optimizer"
        )


def test_no_imports_in_circles() -> None:
    graph = {name: imports_of(name) for name in MODULES}
    for name, targets in graph.items():
        targets.discard(name)
        if name:  # that a package holds its modules, and that they may name it, is no circle
            targets -= {t for t in targets if name.startswith(f"{t}.")}
    tuple(graphlib.TopologicalSorter(graph).static_order())


def run(code: str) -> str:
    """What a fresh interpreter prints. It may keep its compiled modules, as users' do."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent, env=environment
    )
    return done.stdout


def test_importing_needs_numpy_and_the_standard_library_only() -> None:
    code = (
        "import sys, json, numpy, numpy.random; before = set(sys.modules); import tinygrad_nn; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    found = {name.split(".")[0] for name in json.loads(run(code))}
    assert not found - set(sys.stdlib_module_names) - {"numpy", "tinygrad_nn"}


def test_importing_is_quick() -> None:
    code = "import numpy, time; start = time.perf_counter(); import tinygrad_nn; print(time.perf_counter() - start)"
    assert min(float(run(code)) for _ in range(3)) < IMPORT_SECONDS
