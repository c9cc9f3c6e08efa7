"""In `tinygrad_nn.ops`, where mypy lets functions without types pass, only the kernels under ``@op`` have none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tinygrad_nn

MODULES = sorted((Path(tinygrad_nn.__file__).parent / "ops").glob("*.py"))


def _makers(tree: ast.Module) -> set[str]:
    """``op``, and the module's own decorators that end in a call of it."""
    found = {"op"}
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
            called = {n.func.id for n in ast.walk(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
            found |= {function.name} if "op" in called else set()
    return found


def _is_kernel(function: ast.FunctionDef, makers: set[str]) -> bool:
    named = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
    return any(isinstance(decorator, ast.Name) and decorator.id in makers for decorator in named)


def _is_typed(function: ast.FunctionDef) -> bool:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    named = [a for a in every if a is not None and a.arg not in ("cls", "self")]  # a class knows its own type
    return function.returns is not None and all(a.annotation is not None for a in named)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_kernels_have_no_types(path: Path) -> None:
    tree = ast.parse(path.read_text())
    makers = _makers(tree)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    untyped = [f"{f.name} (line {f.lineno})" for f in functions if not _is_kernel(f, makers) and not _is_typed(f)]
    assert not untyped, f"{path.name}: functions without types: {untyped}"
