"""Where the input of a layer came from, read from the program's text after an error.

A `Sequential` gives each module what the one before gave. In a ``forward`` that a user has written, the call that
failed is found in its syntax tree, and from there the last assignment to the argument. What cannot be told for certain
without running the program, as in loops and branches, is left open.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass, field
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from .._core.lines import entries_of, is_users
from .diagnosis import short

if TYPE_CHECKING:
    from .module import Module


@dataclass
class Origin:
    """What made a value: a module, by its path, or an expression of the program."""

    text: str
    path: list[str] = field(default_factory=list)

    def shown(self, root: str) -> str:
        """In words, where `root` is the name of the module that the path begins at."""
        return f"{'.'.join([root, *self.path])} ({self.text})" if self.path else self.text


def origin_of_input(module: Module, steps: list[str], child: int, error: Exception) -> tuple[Origin | None, bool]:
    """Where the input came from of the module (by its path and identity) that an error came from.

    Returns:
        It, if it can be told; and whether that was all that could be done: the first in a sequence gets the sequence's
        own input, which the next module outwards may know.
    """
    if getattr(module, "in_order", False):
        names = list(module._modules)
        if len(steps) != 1 or steps[0] not in names:
            return None, True
        before = names.index(steps[0]) - 1
        if before < 0:
            return None, False
        return Origin(short(module._modules[names[before]]), [names[before]]), True
    entry = _entry_that_called(error)
    if entry is None:
        return None, True
    return _from_text(module, child, entry), True


def _entry_that_called(error: Exception) -> TracebackType | None:
    """The entry of the traceback that stands at the call of the child: the user's last before the next module."""
    found = None
    for entry in entries_of(error.__traceback__)[1:]:
        if is_users(entry.tb_frame):
            found = entry
        elif entry.tb_frame.f_code.co_name == "__call__" and found is not None:
            return found
    return None


def _from_text(module: Module, child: int, entry: TracebackType) -> Origin | None:
    frame = entry.tb_frame
    function = _function_tree(frame.f_code)
    call = None if function is None else _call_at(entry, function)
    if function is None or call is None or not call.args or id(_value(call.func, frame)) != child:
        return None
    made = _made_by(call.args[0], function, call.lineno)
    if made is None:
        return None
    if isinstance(made, ast.Call):
        source = _value(made.func, frame)
        for path, part in module.named_modules():
            if part is source and path:
                return Origin(short(part), path.split("."))
        return Origin(f"{ast.unparse(made.func)}(...)")
    text = ast.unparse(made)
    return Origin(f"`{text}`") if len(text) <= 60 else None


def _function_tree(code: CodeType) -> ast.FunctionDef | None:
    """A function's syntax tree, with the positions that it has in its file."""
    try:
        lines, first = inspect.getsourcelines(code)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    shift = len(lines[0]) - len(lines[0].lstrip())
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt):
            node.lineno += first - 1
            node.col_offset += shift
            node.end_lineno = (node.end_lineno or 0) + first - 1
            node.end_col_offset = (node.end_col_offset or 0) + shift
    found = tree.body[0] if tree.body else None
    return found if isinstance(found, ast.FunctionDef) else None


def _call_at(entry: TracebackType, function: ast.AST) -> ast.Call | None:
    """The call that an entry of a traceback stands at."""
    where = list(entry.tb_frame.f_code.co_positions())[entry.tb_lasti // 2]
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            if (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == where:
                return node
    return None


def _made_by(argument: ast.expr, function: ast.FunctionDef, line: int) -> ast.expr | None:
    """The expression whose value an argument has: for a variable, what was assigned to it last."""
    if not isinstance(argument, ast.Name):
        return argument
    found: ast.expr | None = None
    for statement in function.body:
        inside = statement.lineno <= line <= (statement.end_lineno or 0)
        if statement.lineno > line or (inside and not hasattr(statement, "body")):
            break
        if argument.id in _assigned(statement):
            found = None  # in a loop or a branch, or one of several
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                found = statement.value
    return found


def _assigned(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _value(expression: ast.expr, frame: FrameType) -> Any:
    """What a name, ``self.a.b`` or ``self.a[0]`` stands for in a frame; None for anything else."""
    if isinstance(expression, ast.Name):
        return frame.f_locals.get(expression.id)
    if isinstance(expression, ast.Attribute):
        return getattr(_value(expression.value, frame), expression.attr, None)
    if isinstance(expression, ast.Subscript) and isinstance(expression.slice, ast.Constant):
        try:
            return _value(expression.value, frame)[expression.slice.value]
        except (TypeError, LookupError):
            return None
    return None
