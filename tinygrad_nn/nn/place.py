"""The place of an error: the layer's path, what it expected, where its input came from, the user's line, and the fix.

`Module.__call__` comes here when an error passes through it, from the layer that raised it outwards; each module on the
way adds its name to the path. Where nothing fails, none of this runs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .._core.lines import Line, caller, entries_of, is_users, line_of, name_of
from .diagnosis import Diagnosis, diagnose, short
from .origin import Origin, origin_of_input

if TYPE_CHECKING:
    from types import FrameType

    from .module import Module

# To errors of these types that this package raises, the place is added as further lines; to others, as a note.
_PLAIN = (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError, AssertionError, ZeroDivisionError)


class _Place:
    """What is known so far of the place of one error."""

    def __init__(self, module: Module) -> None:
        self.layer = short(module)
        self.reached = id(module)  # the module that the error has got to
        self.path: list[str] = []  # from there to the layer
        self.origin: Origin | None = None  # of the layer's input; its path begins there, too
        self.sought = False  # whether the origin has been looked for
        self.text = ""  # the error's own
        self.note: str | None = None  # the place, where it is a note
        self.diagnosis = Diagnosis()
        self.fix = ""
        self.line: Line | None = None

    def step_out(self, module: Module, error: Exception) -> None:
        """The error has got to a module that called the one it was in."""
        steps = next((path.split(".") for path, part in module.named_modules() if id(part) == self.reached), [])
        if not self.sought:
            self.origin, self.sought = origin_of_input(module, steps, self.reached, error)
        elif self.origin is not None and self.origin.path:
            self.origin.path[:0] = steps
        self.path[:0] = steps or ["?"]  # a layer that is registered nowhere
        self.reached = id(module)

    def lines(self, root: str) -> list[str]:
        """The lines to add."""
        where = ".".join([root, *self.path])
        first = f"in {where}" if where == self.layer else f"in {where} ({self.layer})"
        if self.diagnosis.expected:
            first += f": {self.diagnosis.expected}"
            if self.origin is not None:
                first += f", from {self.origin.shown(root)}"
        lines = [first] if self.line is None else [first, f"at {self.line}"]
        return [*lines, self.fix] if self.fix else lines

    def __reduce__(self) -> Any:
        return str, ()  # in another process there is nothing to add to it


def add_place(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception) -> None:
    """Say in an error which layer of which module it came from. Called by each module that the error passes."""
    frame = sys._getframe(1)
    try:
        place = error.__dict__.get("_place")
        if isinstance(place, _Place):
            place.step_out(module, error)
        else:
            place = error.__dict__["_place"] = _begin(module, args, kwargs, error, frame)
        _write(module, place, error, frame)
    except Exception as other:  # what explains an error must not take its place
        error.add_note(f"(the place of this error could not be told: {other!r})")


def _begin(
    module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception, frame: FrameType
) -> _Place:
    """The place of an error in the layer that it was raised in."""
    place = _Place(module)
    entries = entries_of(error.__traceback__)
    users = [entry for entry in entries if is_users(entry.tb_frame)]
    text = isinstance(error, _PLAIN) and len(error.args) == 1 and isinstance(error.args[0], str)
    if text and entries and entries[-1] not in users and type(error).__str__ is BaseException.__str__:
        place.text = error.args[0]
        place.diagnosis = diagnose(module, args, kwargs)
        place.fix = _sentence(module, place.diagnosis.fix)
    else:
        place.note = ""
    if users:
        code = users[-1].tb_frame.f_code
        place.line = Line(code.co_filename, users[-1].tb_lineno, code.co_name)
    else:
        outside = caller(frame)
        place.line = None if outside is None else line_of(outside)
    return place


def _sentence(module: Module, fix: str) -> str:
    """The fix, and where the layer is made that is to be changed."""
    if not fix.endswith("?"):
        return fix and fix.rstrip(".") + "."
    made = module.__dict__.get("_made_at")
    return fix if made is None else f"{fix} It is made at {Line(*made).where}."


def _write(module: Module, place: _Place, error: Exception, frame: FrameType) -> None:
    """Put the place into the error's text, or into its note, over what was there."""
    root = name_of(module, caller(frame)) or (module._get_name() if place.path else place.layer)
    lines = place.lines(root)
    if place.note is None:
        error.args = ("\n  ".join([place.text, *lines]),)
        return
    if place.note:
        error.__notes__.remove(place.note)
    place.note = f"({lines[0]})"
    error.add_note(place.note)
