"""Write the imports of `tinygrad_nn/__init__.py`: the public names that each module of ops lists in its ``__all__``.

    python tools/make_exports.py            # write them
    python tools/make_exports.py --check    # fail if they are out of date

Every name stands in one place, beside its definition; editors and type checkers still read plain imports.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "tinygrad_nn"
TARGET = PACKAGE / "__init__.py"
BEGIN, END = "# --- made by tools/make_exports.py: from here", "# --- to here"
OTHERS = ["settings"]  # modules beside the ops whose names stand at the top level, too
WIDTH = 120


def public_names(path: Path) -> list[str]:
    """The names in a module's ``__all__``, read without running it."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def modules() -> dict[str, list[str]]:
    """Each module with public names, as it is imported, and its names."""
    found = {f".ops.{path.stem}": public_names(path) for path in sorted((PACKAGE / "ops").glob("*.py"))}
    found |= {f".{name}": public_names(PACKAGE / f"{name}.py") for name in OTHERS}
    return {module: names for module, names in found.items() if names and not module.endswith("__init__")}


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
    """The import statements."""
    lines = []
    for module, names in modules().items():
        ordered = sorted(names)
        line = f"from {module} import {', '.join(ordered)}"
        if len(line) > WIDTH:
            line = f"from {module} import (  # fmt: skip\n{wrapped(ordered, '    ')}\n)"
        lines.append(line)
    return "# isort: off\n" + "\n".join(lines) + "\n# isort: on"


def natural(name: str) -> tuple[int, list[str | int]]:
    """The key of the order in which Ruff wants ``__all__``: constants, classes, the rest; numbers by value."""
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def all_lines(own: list[str]) -> str:
    """The module's ``__all__``: its own names and those imported."""
    names = sorted({*own, *(name for found in modules().values() for name in found)}, key=natural)
    return "__all__ = [\n" + wrapped([f'"{name}"' for name in names], "    ") + "\n]  # fmt: skip"


def render(text: str) -> str:
    """The module's text with both parts made anew."""
    own = [str(n) for n in ast.literal_eval(_assigned(text, "_OWN_NAMES"))]
    parts = [import_lines(), all_lines(own)]
    for part in parts:
        before, _, rest = text.partition(BEGIN + "\n")
        _, _, after = rest.partition(END + "\n")
        before = before.replace("# --- made by tools", "# === made by tools")  # done
        text = f"{before}{BEGIN.replace('---', '===')}\n{part}\n{END.replace('---', '===')}\n{after}"
    return text.replace("# === ", "# --- ")


def _assigned(text: str, name: str) -> ast.expr:
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == name for t in node.targets):
            return node.value
    raise SystemExit(f"{TARGET} has no {name}")


def main() -> int:
    text = TARGET.read_text()
    made = render(text)
    if "--check" in sys.argv:
        if made != text:
            print("tinygrad_nn/__init__.py is out of date: run python tools/make_exports.py", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
