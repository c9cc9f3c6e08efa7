"""Write what follows from the ``__all__`` of the modules of ops, and from what `tinygrad_nn/ops/__init__.py` imports.

    python tools/make_exports.py            # write it
    python tools/make_exports.py --check    # fail if it is out of date

- in `tinygrad_nn/__init__.py` the imports and its ``__all__``;
- there, in `ops/__init__.py`, and in the modules that import functions under TYPE_CHECKING only (`LAZY`): the tables of
  what is imported when it is first asked for.

Every name stands in one place, beside its definition; editors and type checkers still read plain imports.
"""

from __future__ import annotations

import ast
import graphlib
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "tinygrad_nn"
OPS = PACKAGE / "ops"
BEGIN, END = "# --- made by tools/make_exports.py: from here\n", "# --- to here\n"
OTHERS = ["settings"]  # modules beside the ops whose names stand at the top level, too
# Modules that fetch what they import under TYPE_CHECKING when it is first asked for.
LAZY = ["nn/__init__.py", "nn/functional.py"]
WIDTH = 120


def public_names(path: Path) -> list[str]:
    """The names in a module's ``__all__``, read without running it."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def modules() -> dict[str, list[str]]:
    """Each module with public names, as it is imported, and its names."""
    found = {f".ops.{path.stem}": public_names(path) for path in sorted(OPS.glob("*.py"))}
    found |= {f".{name}": public_names(PACKAGE / f"{name}.py") for name in OTHERS}
    return {module: names for module, names in found.items() if names and not module.endswith("__init__")}


def imported_ops(path: Path) -> set[str]:
    """The modules of ops that a module imports as it is imported itself."""
    nodes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ImportFrom) and node.level == 1]
    named = {node.module for node in nodes if node.module}
    return named | {alias.name for node in nodes if not node.module for alias in node.names}


def later_modules() -> list[str]:
    """The modules of ops that the package does not import at once, neither by name nor through another."""
    at_once: set[str] = set()
    left = [OPS / "__init__.py"]
    while left:
        new = imported_ops(left.pop()) - at_once
        at_once |= new
        left += [OPS / f"{name}.py" for name in new]
    return sorted(path.stem for path in OPS.glob("*.py") if path.stem not in {"__init__", *at_once})


def wrapped(names: list[str], indent: str) -> str:
    """Names in lines, each with a comma."""
    lines, line = [], indent
    for name in names:
        if len(line) + len(name) + 1 > WIDTH:
            lines.append(line.rstrip())
            line = indent
        line += f"{name}, "
    return "\n".join([*lines, line.rstrip()])


def import_lines() -> str:
    """The import statements, and where the names are that are not imported at once."""
    later = {f".ops.{name}" for name in later_modules()}
    now = [import_line(module, names, "") for module, names in modules().items() if module not in later]
    then = [import_line(module, names, "    ") for module, names in modules().items() if module in later]
    table = {module.lstrip("."): sorted(names) for module, names in modules().items() if module in later}
    lines = [*now, "", "if TYPE_CHECKING:  # imported when they are first asked for", *then]
    return "# isort: off\n" + "\n".join(lines) + "\n# isort: on\n\n" + table_lines(table)


def import_line(module: str, names: list[str], indent: str) -> str:
    """One import statement."""
    ordered = sorted(names)
    line = f"{indent}from {module} import {', '.join(ordered)}"
    if len(line) > WIDTH:
        line = f"{indent}from {module} import (  # fmt: skip\n{wrapped(ordered, indent + '    ')}\n{indent})"
    return line


def table_lines(table: dict[str, list[str]]) -> str:
    """A table ``_LATER`` of modules, each with its names in one string."""
    lines = []
    for module, names in table.items():
        texts = textwrap.wrap(" ".join(names), WIDTH - 11) or [""]
        if len(texts) == 1 and len(module) + len(texts[0]) + 11 <= WIDTH:
            lines.append(f'    "{module}": "{texts[0]}",')
        else:
            parts = [f'        "{text} "' for text in texts[:-1]] + [f'        "{texts[-1]}"']
            lines.append(f'    "{module}": (\n' + "\n".join(parts) + "\n    ),")
    return "_LATER: dict[str, str] = {\n" + "\n".join(lines) + "\n}"


def method_table() -> dict[str, list[str]]:
    """For each module of ops that is imported later, the methods that it gives to tensors."""
    sys.path.insert(0, str(PACKAGE.parent))
    from tinygrad_nn import Tensor

    table = {}
    graph = {name: imported_ops(OPS / f"{name}.py") for name in later_modules()}
    for name in graphlib.TopologicalSorter(graph).static_order():  # so that an import runs one module
        if name in graph:
            before = dict(vars(Tensor))
            importlib.import_module(f"tinygrad_nn.ops.{name}")
            table[name] = sorted(key for key, value in vars(Tensor).items() if before.get(key) is not value)
            for each in table[name]:
                if not inspect.isfunction(vars(Tensor)[each]):
                    raise SystemExit(f"ops/__init__.py must import {name}, which gives tensors {each}, no method")
    return dict(sorted(table.items()))


def lazy_table(path: Path) -> dict[str, list[str]]:
    """The modules, and the names, that a module imports of the package under TYPE_CHECKING only."""
    above = list(path.relative_to(PACKAGE).parent.parts)
    table = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for each in node.body:
                if isinstance(each, ast.ImportFrom) and each.level and each.module:
                    start = above[: len(above) + 1 - each.level]
                    table[".".join([*start, each.module])] = [alias.name for alias in each.names]
    return table


def natural(name: str) -> tuple[int, list[str | int]]:
    """The key of the order in which Ruff wants ``__all__``: constants, classes, the rest; numbers by value."""
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def all_lines(own: list[str]) -> str:
    """The module's ``__all__``: its own names and those imported."""
    names = sorted({*own, *(name for found in modules().values() for name in found)}, key=natural)
    return "__all__ = [\n" + wrapped([f'"{name}"' for name in names], "    ") + "\n]  # fmt: skip"


def render(text: str, parts: list[str]) -> str:
    """The text with these parts between its marks."""
    pieces = text.split(BEGIN)
    made = [pieces[0]]
    for piece, part in zip(pieces[1:], parts, strict=True):
        made += [BEGIN, part, "\n", END, piece.partition(END)[2]]
    return "".join(made)


def made_parts() -> Iterator[tuple[Path, list[str]]]:
    """Each file in which something is made here, and the parts. The last ones are found by importing the package."""
    top = PACKAGE / "__init__.py"
    own = [str(name) for name in ast.literal_eval(_assigned(top, "_OWN_NAMES"))]
    yield top, [import_lines(), all_lines(own)]
    for name in LAZY:
        yield PACKAGE / name, [table_lines(lazy_table(PACKAGE / name))]
    yield OPS / "__init__.py", [table_lines(method_table())]


def _assigned(path: Path, name: str) -> ast.expr:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == name for t in node.targets):
            return node.value
    raise SystemExit(f"{path} has no {name}")


def main() -> int:
    for path, parts in made_parts():
        text = path.read_text()
        made = render(text, parts)
        if "--check" not in sys.argv:
            path.write_text(made)
        elif made != text:
            name = path.relative_to(PACKAGE.parent)
            print(f"{name} is out of date: run python tools/make_exports.py", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
