"""Lines of the user's program: where something happened, and where a layer was made.

Looked at only when there is something to report, but for `made_at`, which notes one line for each module that is made.
"""

from __future__ import annotations

import linecache
import os
import sys
from types import FrameType, TracebackType
from typing import NamedTuple

# whose frames are not the user's
_OUTSIDE = ("tinygrad_nn", "numpy", "sklearn", "joblib", "importlib", "contextlib", "functools")
_PACKAGE = __name__.split(".", 1)[0]


class Line(NamedTuple):
    """A line of a program."""

    file: str
    number: int
    function: str = ""

    @property
    def text(self) -> str:
        """What stands there, without indentation; empty if it cannot be read."""
        return linecache.getline(self.file, self.number).strip()

    @property
    def where(self) -> str:
        """Its file and number, such as ``model.py:14``."""
        file = self.file if self.file.startswith("<") else os.path.relpath(self.file)
        return f"{self.file if len(file) > len(self.file) else file}:{self.number}"

    def __str__(self) -> str:
        inside = f", in {self.function}" if self.function and not self.function.startswith("<") else ""
        text = self.text
        return f"{self.where}{inside}{': ' + text if text else ''}"


def is_users(frame: FrameType) -> bool:
    """Whether a frame runs code that is neither this package's nor NumPy's."""
    name = str(frame.f_globals.get("__name__", ""))
    return name.split(".", 1)[0] not in _OUTSIDE


def made_at(module: object) -> tuple[str, int] | None:
    """The file and line where a module is being made, called from its ``__init__``."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        inside = frame.f_globals.get("__name__", "").startswith(_PACKAGE)
        if not inside and not (code.co_name == "__init__" and frame.f_locals.get(code.co_varnames[0]) is module):
            return code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


def caller(frame: FrameType | None) -> FrameType | None:
    """The nearest frame of the user's, from this one outwards."""
    while frame is not None and not is_users(frame):
        frame = frame.f_back
    return frame


def line_of(frame: FrameType) -> Line:
    """The line that a frame is at."""
    return Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def entries_of(trace: TracebackType | None) -> list[TracebackType]:
    """The entries of a traceback, from the outermost on."""
    entries = []
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    return entries


def name_of(value: object, frame: FrameType | None) -> str:
    """The name of the variable that holds a value where a frame is, or of an attribute of ``self``, or nothing."""
    if frame is None:
        return ""
    owner = getattr(frame.f_locals.get("self"), "__dict__", {})
    for space, prefix in ((frame.f_locals, ""), (owner, "self."), (frame.f_globals, "")):
        for name, held in list(space.items()):
            if held is value and not name.startswith("_") and name != "self":
                return f"{prefix}{name}"
    return ""
