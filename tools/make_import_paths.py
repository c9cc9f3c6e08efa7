"""Write `tinygrad_nn/nn/modules/*.py`: PyTorch's import paths of layers, such as ``nn.modules.conv.Conv2d``.

    python tools/make_import_paths.py            # write them
    python tools/make_import_paths.py --check    # fail if they are out of date

``conformance_data/layer_files.json`` says in which file of PyTorch a class or helper stands; where it
stands here is looked up.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

from make_exports import natural

TOOLS = Path(__file__).resolve().parent
LAYERS = TOOLS.parent / "tinygrad_nn" / "nn"
TARGET = LAYERS / "modules"
WIDTH = 120
BY_HAND = ("module", "utils")  # files of the folder that are written by hand


def defined() -> dict[str, str]:
    """The classes and functions of the package's layers, each with the module that defines it."""
    found = {}
    for path in sorted(LAYERS.glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found.setdefault(node.name, path.stem)
    return found


def statement(start: str, names: list[str], brackets: str, quote: str = "") -> str:
    """``start`` with names behind it, in one line or one for each name."""
    order = sorted(names, key=natural if quote else lambda name: (natural(name)[0], natural(name.lower())[1]))
    ordered = [f"{quote}{name}{quote}" for name in order]
    opening, closing = brackets or ("", "")
    line = f"{start}{opening}{', '.join(ordered)}{closing}"
    if len(line) <= WIDTH:
        return line
    opening, closing = brackets or ("(", ")")
    return f"{start}{opening}\n" + "".join(f"    {name},\n" for name in ordered) + closing


def render() -> dict[str, str]:
    """The files by their names."""
    places = defined()
    texts = {}
    for file, names in json.loads((TOOLS / "conformance_data" / "layer_files.json").read_text()).items():
        there = {name: places[name] for name in names if name in places}
        if not there:
            continue
        imports = [
            statement(f"from ..{module} import ", [name for name in there if there[name] == module], "")
            for module in sorted(set(there.values()))
        ]
        parts = [
            f'"""What PyTorch keeps in ``nn.modules.{file}``. Made by tools/make_import_paths.py."""',
            "from __future__ import annotations",
            "\n".join(imports),
            statement("__all__ = ", list(there), "[]", '"') + "\n",
        ]
        texts[file] = "\n\n".join(parts)
    files = sorted([*texts, *BY_HAND])
    texts["__init__"] = PACKAGE.format(
        imports=statement("from . import ", files, ""), names=statement("__all__ = ", files, "[]", '"')
    )
    return texts


PACKAGE = '''\
"""PyTorch's import paths of layers, such as ``nn.modules.loss._Loss``; the layers themselves stand in `nn`.

Made by tools/make_import_paths.py.
"""

from __future__ import annotations

from typing import Any

from .. import __all__ as _names
{imports}

{names}


def __getattr__(name: str) -> Any:
    if name in _names and name[0].isupper():
        from ... import nn

        return getattr(nn, name)
    raise AttributeError(f"module 'tinygrad_nn.nn.modules' has no attribute {{name!r}}")
'''


def main() -> int:
    texts = render()
    present = {path.stem: path.read_text() for path in TARGET.glob("*.py")}
    stale = [file for file, text in texts.items() if present.get(file) != text]
    surplus = [p for p in TARGET.glob("*.py") if p.stem not in texts and p.stem not in BY_HAND]
    if "--check" in sys.argv:
        if stale or surplus:
            print("nn/modules is out of date: run python tools/make_import_paths.py", file=sys.stderr)
        return int(bool(stale or surplus))
    for file in stale:
        (TARGET / f"{file}.py").write_text(texts[file])
    for path in surplus:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
