"""Models in JSON: which layers they have, with which arguments, and their weights. A person can read it.

Source: https://www.rfc-editor.org/rfc/rfc8259
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from ..nn.module import Module
from ..nn.parameter import limited
from .description import LARGEST, build, describe, undrawn
from .files import replace, writer
from .numbers import numbers_of, tensor_of

_FORMAT = "tinygrad_nn.model"
_PARAMETER = 256  # elements that a parameter counts beside its own: what Python takes for it


def save_json(model: Module, f: Any, notes: Any = None) -> None:
    """Write a model to a JSON file: the names of its layers, the arguments that they were made with, and its weights.

    `load_json` makes the model anew. It can do that of layers of `nn`, in `Sequential`, `ModuleList` and `ModuleDict`,
    and of classes of your own whose constructor's arguments are kept as attributes of the same names. What it could not
    make, or would make otherwise, is refused when it is saved.

    Numbers are written as short as they can be read without loss. For large models `save` is smaller and faster.

    Args:
        model: the module.
        f: a path, or a file that is open for writing text or bytes.
        notes: plain data to keep beside it, such as a dict of hyper-parameters; the file has it under ``"notes"``.

    Raises:
        ValueError: the model is not described by its layers' names and arguments; the text says where and what to do.
        TypeError: the notes are no plain data.
        RuntimeError: there is no such folder.

    Example:
        >>> import io
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.serialization import load_json, save_json
        >>> model = tg.nn.Sequential(tg.nn.Linear(2, 1), tg.nn.Tanh())
        >>> file = io.StringIO()
        >>> save_json(model, file, notes={"learning rate": 0.1})
        >>> for line in file.getvalue().splitlines()[3:6]:
        ...     print(line.strip())
        "model": {"class": "Sequential", "modules": {
        "0": {"class": "Linear", "arguments": {"in_features": 2, "out_features": 1, "bias": true}},
        "1": {"class": "Tanh"}}},
        >>> _ = file.seek(0)
        >>> again = load_json(file)
        >>> bool((again[0].weight == model[0].weight).all())
        True
    """
    parts = [
        ("format", json.dumps(_FORMAT)), ("version", "1"), ("model", _written(describe(model))),
        ("notes", json.dumps(notes, allow_nan=False)), ("state", _written_state(model)),
    ]  # fmt: skip
    text = "{\n" + ",\n".join(f' "{name}": {value}' for name, value in parts if value != "null") + "\n}\n"
    if isinstance(f, str | os.PathLike):
        replace(os.fspath(f), lambda file: writer(file)(text.encode()))
        return
    try:
        f.write(text)
    except TypeError:
        f.write(text.encode())


def load_json(f: Any, classes: Iterable[type[Module]] = ()) -> Module:
    """Make the model that a file of `save_json` describes, with its weights. Nothing in the file can be executed.

    No random numbers are drawn. It takes no more memory than a few times what the file has in weights.

    Args:
        f: a path, or a file that is open for reading text or bytes.
        classes: modules of your own that may be made; all other names must be layers of `nn`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such file, is damaged, or names a class that is not known; or weights and layers do not
            belong together.
    """
    if isinstance(f, str | os.PathLike):
        with open(f, "rb") as file:
            return _load(file.read(), f"load_json(): {os.fspath(f)}", classes)
    return _load(f.read(), "load_json()", classes)


# --- writing -----------------------------------------------------------------------------------------------------


def _written(description: dict[str, Any], indent: str = "  ") -> str:
    """A layer in a line."""
    if "modules" not in description:
        return json.dumps(description)
    children = description["modules"].items()
    lines = [
        f"{indent}{json.dumps(name)}: {'null' if child is None else _written(child, indent + ' ')}"
        for name, child in children
    ]
    head = json.dumps({"class": description["class"]})[:-1]
    return f'{head}, "modules": {{' + "\n" * bool(lines) + ",\n".join(lines) + "}}"


def _written_state(model: Module) -> str:
    """A tensor in a line."""
    state = model.state_dict()
    odd = next((name for name, value in state.items() if not hasattr(value, "_array")), None)
    if odd is not None:
        raise ValueError(f"save_json(): the state's entry {odd!r} is no tensor but {type(state[odd]).__name__}")
    lines = [f"  {json.dumps(name)}: {json.dumps(numbers_of(value))}" for name, value in state.items()]
    return "{" + "\n" * bool(lines) + ",\n".join(lines) + "}"


# --- reading -----------------------------------------------------------------------------------------------------


def _load(data: Any, where: str, classes: Iterable[type[Module]]) -> Module:
    try:
        return _made(_parsed(data), list(classes))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error.__cause__
    except RecursionError:
        raise ValueError(f"{where}: it is nested too deeply") from None


def _parsed(data: Any) -> dict[str, Any]:
    try:
        read = json.loads(data if isinstance(data, str) else data.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is no text: {error}") from None
    if type(read) is not dict or read.get("format") != _FORMAT:
        raise ValueError(f"no file of save_json(): expected an object with \"format\": {_FORMAT!r}")
    if read.get("version") != 1:
        raise ValueError(f"it is of version {str(read.get('version'))[:20]}, and version 1 is read here")
    if type(read.get("state")) is not dict:
        raise ValueError("it has no 'state', an object of tensors")
    return read


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _made(read: dict[str, Any], classes: list[type[Module]]) -> Module:
    state = {name: tensor_of(value, name) for name, value in read["state"].items()}
    elements = sum(tensor.numel() for tensor in state.values())
    with undrawn(), limited(2 * elements + _PARAMETER * (2 * len(state) + 16), _PARAMETER):
        model = build(read.get("model"), classes, max(LARGEST, elements), len(state))
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"layers and weights do not belong together. {error}") from error
    return model
