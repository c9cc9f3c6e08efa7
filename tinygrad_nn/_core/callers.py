"""Where a running operation was called: the lines of the user's program, and the modules that it is in.

Both are read off the interpreter's stack, so nothing is noted down while a program runs unwatched.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any, NamedTuple

from .lines import Line, is_users, line_of

_MODULE_CALL = ("__call__", f"{__name__.partition('.')[0]}.nn.module")


class Place(NamedTuple):
    """Where an operation was called: the user's lines and the modules, both from the innermost out."""

    lines: tuple[Line, ...]
    modules: tuple[Any, ...]

    @property
    def line(self) -> Line | None:
        """The line of the user's program that called the operation, or the layer that it is in."""
        return self.lines[0] if self.lines else None

    def module(self) -> str:
        """The innermost module: ``Net.body.1 (Linear(in_features=6, ...))``; empty outside of any."""
        if not self.modules:
            return ""
        layer, root = self.modules[0], self.modules[-1]
        shown = f"{type(layer).__name__}({layer.extra_repr()})"
        path = self.module_path()
        return f"{type(root).__name__}.{path} ({shown})" if path else shown

    def module_path(self) -> str:
        """The innermost module's path from the outermost, such as ``"body.1"``; empty for the outermost itself."""
        if not self.modules:
            return ""
        layer, root = self.modules[0], self.modules[-1]
        return next((path for path, each in root.named_modules() if each is layer), type(layer).__name__)

    def traceback(self) -> str:
        """The user's lines as Python shows a traceback: the outermost first."""
        return "".join(
            f'  File "{line.file}", line {line.number}, in {line.function}\n    {line.text}'.rstrip() + "\n"
            for line in reversed(self.lines)
        )


def user_frames() -> list[FrameType]:
    """The frames of the user's program in the running thread, from the innermost out."""
    return [frame for frame in _frames() if is_users(frame)]


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def module_frames() -> list[FrameType]:
    """The frames in which modules are being called, from the innermost out."""
    return [frame for frame in _frames() if (frame.f_code.co_name, frame.f_globals.get("__name__")) == _MODULE_CALL]


def here() -> Place:
    """The place of the running call."""
    lines = [line_of(frame) for frame in user_frames()]
    return Place(tuple(lines), tuple([frame.f_locals["self"] for frame in module_frames()]))
