"""Where a running operation was called: the lines of the user's program, and the modules that it is in.

Both are read off the interpreter's stack, so nothing is noted down while a program runs unwatched.
"""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_MODULE_CALL = ("__call__", f"{_PACKAGE.rpartition('/')[2]}.nn.module")


class Line(NamedTuple):
    """A line of a program that was running."""

    filename: str
    number: int
    function: str

    def text(self) -> str:
        """What stands there; empty where the source is not to be had."""
        return linecache.getline(self.filename, self.number).strip()

    def __str__(self) -> str:
        shown = f'File "{self.filename}", line {self.number}, in {self.function}'
        return f"{shown}: {self.text()}" if self.text() else shown


class Place(NamedTuple):
    """Where an operation was called: the user's lines and the modules, both from the innermost out."""

    lines: tuple[Line, ...]
    modules: tuple[Any, ...]

    @property
    def line(self) -> Line | None:
        """The line of the user's program that called the operation, or the layer that it is in."""
        return self.lines[0] if self.lines else None

    def module(self) -> str:
        """The innermost module, as errors name it: ``Net.body.1: Linear(in_features=6, ...)``; empty outside of any."""
        if not self.modules:
            return ""
        layer, root = self.modules[0], self.modules[-1]
        shown = f"{type(layer).__name__}({layer.extra_repr()})"
        path = self.module_path()
        return f"{type(root).__name__}.{path}: {shown}" if path else shown

    def module_path(self) -> str:
        """The innermost module's path from the outermost, such as ``"body.1"``; empty for the outermost itself."""
        if not self.modules:
            return ""
        layer, root = self.modules[0], self.modules[-1]
        return next((path for path, each in root.named_modules() if each is layer), type(layer).__name__)

    def traceback(self) -> str:
        """The user's lines as Python shows a traceback: the outermost first."""
        return "".join(
            f'  File "{line.filename}", line {line.number}, in {line.function}\n'
            + (f"    {line.text()}\n" if line.text() else "")
            for line in reversed(self.lines)
        )


def user_frames() -> list[FrameType]:
    """The frames of the running thread that are not of this package, from the innermost out."""
    found = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            found.append(frame)
        frame = frame.f_back
    return found


def module_frames() -> list[FrameType]:
    """The frames in which modules are being called, from the innermost out."""
    found = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if (frame.f_code.co_name, frame.f_globals.get("__name__")) == _MODULE_CALL:
            found.append(frame)
        frame = frame.f_back
    return found


def here() -> Place:
    """The place of the running call."""
    lines = [Line(f.f_code.co_filename, f.f_lineno, f.f_code.co_name) for f in user_frames()]
    return Place(tuple(lines), tuple([f.f_locals["self"] for f in module_frames()]))
