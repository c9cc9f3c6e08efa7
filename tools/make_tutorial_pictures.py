"""Make the pictures of docs/tutorial.md: run its blocks, and write what they have drawn beside it.

    python tools/make_tutorial_pictures.py
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tutorial.md"


def main() -> None:
    """Run the page, and save its figures under the names that it shows them by."""
    matplotlib.use("Agg")
    text = PAGE.read_text()
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), names)
    for name in re.findall(r"\]\(tutorial_(\w+)\.png\)", text):
        names[name].savefig(PAGE.with_name(f"tutorial_{name}.png"), dpi=90)


if __name__ == "__main__":
    main()
