"""In `tinygrad_nn.ops`, where mypy lets functions without types pass, only the kernels under ``@op`` have none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tinygrad_nn

MODULES = sorted((Path(tinygrad_nn.__file__).parent / "ops").glob("*.py"))


def _is_kernel(function: ast.FunctionDef) -> bool:
    calls = [d for d in function.decorator_list if isinstance(d, ast.Call)]
    return any(isinstance(call.func, ast.Name) and call.func.id == "op" for call in calls)


def _is_typed(function: ast.FunctionDef) -> bool:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    named = [a for a in every if a is not None and a.arg != "cls"]  # a class needs no type in its own methods
    return function.returns is not None and all(a.annotation is not None for a in named)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_kernels_have_no_types(path: Path) -> None:
    functions = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef)]
    untyped = [f"{f.name} (line {f.lineno})" for f in functions if not _is_kernel(f) and not _is_typed(f)]
    assert not untyped, f"{path.name}: functions without types: {untyped}"
