"""Which public names of PyTorch 2.13 this package has: counts them, and writes the table in docs/conformance.md.

    python tools/conformance.py              # write docs/conformance.md, print the counts
    python tools/conformance.py --check      # fail if the page is out of date, or a name has neither form nor reason
    python tools/conformance.py --names      # take the list of names from the installed PyTorch anew

Three files in tools/conformance_data say what there is to do: ``names.json`` has every documented public name of
PyTorch's tensor API, ``usage.json`` in how many of 43 public repositories a program uses it, and ``left_out.json`` the
names that are left out or refused on purpose, with the reason, or not counted, as programs mean something else by
them.

A name is done if this package has it, and, for one with a keyword such as ``torch.cat(dim=)``, takes the keyword.
What is behind the name is tested elsewhere: "compared" means that tests/calls or the registry of ops compares it with a
live PyTorch, on drawn inputs.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(__file__).with_suffix("").parent / "conformance_data"
PAGE = ROOT / "docs" / "conformance.md"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

# What PyTorch's tensor API consists of, and the heading of each part.
PARTS = {
    "torch": "Functions and types: `torch.*`",
    "torch.Tensor": "Methods and attributes: `Tensor.*`",
    "torch.linalg": "Linear algebra: `torch.linalg.*`",
    "torch.fft": "Fourier transforms: `torch.fft.*`",
    "torch.special": "Special functions: `torch.special.*`",
    "torch.signal.windows": "Windows: `torch.signal.windows.*`",
    "torch.random": "Random state: `torch.random.*`",
    "torch.autograd": "Derivatives: `torch.autograd.*`",
    "torch.autograd.functional": "Jacobians and Hessians: `torch.autograd.functional.*`",
    "torch.autograd.forward_ad": "Forward mode: `torch.autograd.forward_ad.*`",
    "torch.autograd.graph": "The graph: `torch.autograd.graph.*`",
    "torch.func": "Functions of functions: `torch.func.*`",
    "torch.distributions": "Distributions: `torch.distributions.*`",
    "torch.distributions.constraints": "Sets of values: `torch.distributions.constraints.*`",
    "torch.utils.checkpoint": "Checkpoints: `torch.utils.checkpoint.*`",
    "torch.nn.functional": "Functions of neural networks: `torch.nn.functional.*`",
    "torch.nn": "Layers and losses: `torch.nn.*`",
    "torch.nn.Module": "Methods of modules: `torch.nn.Module.*`",
    "torch.nn.init": "Initial values: `torch.nn.init.*`",
    "torch.nn.utils": "Helpers for modules: `torch.nn.utils.*`",
    "torch.nn.utils.parametrizations": "Parametrizations: `torch.nn.utils.parametrizations.*`",
    "torch.nn.utils.parametrize": "Parametrizing: `torch.nn.utils.parametrize.*`",
    "torch.nn.utils.prune": "Pruning: `torch.nn.utils.prune.*`",
    "torch.nn.utils.rnn": "Sequences: `torch.nn.utils.rnn.*`",
}
# The parts that have to be complete; those of neural networks grow with the layers.
TENSOR_API = [part for part in PARTS if not part.startswith("torch.nn")]


CLASSES = ("torch.Tensor", "torch.nn.Module")  # the parts that are the attributes of a class

MISSING = object()


@dataclass(frozen=True)
class Name:
    """A public name of PyTorch, and what there is of it here."""

    name: str
    repositories: int
    status: str  # "done", "refused", "left out", "missing"
    compared: bool
    reason: str


def read(file: str) -> Any:
    """One of the data files."""
    return json.loads((DATA / file).read_text())


# --- what PyTorch has --------------------------------------------------------------------------------------------


def documented(owner: Any, name: str) -> bool:
    """Whether a public attribute is part of PyTorch's documented interface."""
    if name.startswith("_"):
        return False
    try:
        value = getattr(owner, name)
    except (AttributeError, RuntimeError):
        return False
    module = str(getattr(value, "__module__", ""))
    made_elsewhere = module.startswith(("typing", "enum", "abc", "torch._jit", "torch.overrides"))
    notes = name.endswith("_notes")
    if inspect.ismodule(value) or isinstance(value, str | int | float | TypeVar) or made_elsewhere or notes:
        return False
    text = getattr(value, "__doc__", None)
    return isinstance(text, str) and bool(text.strip())


def names_of(torch: Any, part: str) -> list[str]:
    """The documented names of a part of PyTorch."""
    owner = torch
    for step in part.split(".")[1:]:
        if not hasattr(owner, step):
            importlib.import_module(part)
        owner = getattr(owner, step)
    listed = getattr(owner, "__all__", None) or dir(owner)
    dtypes = [n for n in dir(owner) if part == "torch" and isinstance(getattr(owner, n), torch.dtype)]
    return sorted({n for n in listed if documented(owner, n)} | set(dtypes))


def write_names() -> None:
    """Ask the installed PyTorch."""
    import torch
    import torch.autograd.forward_ad
    import torch.distributions
    import torch.func
    import torch.signal.windows
    import torch.utils.checkpoint

    found = {part: names_of(torch, part) for part in PARTS}
    text = ",\n".join(f"{json.dumps(part)}: {json.dumps(names)}" for part, names in found.items())
    (DATA / "names.json").write_text("{\n" + text + "\n}\n")


# --- what there is here ------------------------------------------------------------------------------------------


def find(name: str) -> Any:
    """What this package has under PyTorch's name, or None."""
    owner, _, last = name.rpartition(".")
    space, kind = (owner.rpartition(".")[0], owner.rpartition(".")[2]) if owner in CLASSES else (owner, "")
    try:
        found: Any = importlib.import_module("tinygrad_nn" + space.removeprefix("torch"))
    except ImportError:
        return None
    if kind:
        found = getattr(found, kind)
    if owner == "torch.Tensor":  # an attribute may be there and be None
        static = inspect.getattr_static(found, last, MISSING)
        return None if static is MISSING else static if static is not None else last
    return getattr(found, last, None)


def takes(function: Any, keyword: str) -> bool:
    """Whether a function or class takes a keyword."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    return keyword in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def is_done(name: str) -> bool:
    """Whether this package has the name, and takes its keyword if it has one."""
    plain, _, keyword = name.removesuffix("=)").partition("(")
    found = find(plain)
    return found is not None and (not keyword or takes(found, keyword))


def compared_names() -> set[str]:
    """The names that the tests compare with a live PyTorch, in PyTorch's spelling."""
    import calls

    from tinygrad_nn._core import later
    from tinygrad_nn._core.op import REGISTRY

    later.load_all()
    found = {f"torch.{name}" for name in calls.load()}
    for op in REGISTRY.values():
        if op.torch_name != "" and op.forward.__module__.startswith("tinygrad_nn."):
            found |= {f"torch.{op.torch_name or op.name}", f"torch.nn.functional.{op.name}", f"torch.special.{op.name}"}
    found |= {f"torch.Tensor.{name.rpartition('.')[2]}" for name in found}
    return found | compared_modules()


def compared_modules() -> set[str]:
    """The same for layers and for distributions, which stand in tables, and for what the programs on modules use."""
    import modules

    modules.load()
    words = {word for source in modules.LAYERS for word in re.findall(r"nn\.(\w+)\(", source)}
    found = {f"torch.nn.{word}" for word in words}
    tests = ROOT / "tests"
    for part, files in {
        "torch.distributions": ["distribution_cases.py", "distribution_expressions.py"],
        "torch.nn.Module": ["module_programs.py"], "torch.nn.init": ["test_init.py"],
        "torch.nn.utils": ["module_utils_programs.py", "test_nn_layers.py"],
        "torch.nn.utils.parametrizations": ["module_utils_programs.py"],
        "torch.nn.utils.parametrize": ["module_utils_programs.py"],
        "torch.nn.utils.prune": ["module_utils_programs.py"],
    }.items():  # fmt: skip
        text = "".join((tests / file).read_text() for file in files)
        found |= {f"{part}.{word}" for word in re.findall(r"\b(\w+)\(", text)}
    from distribution_expressions import CONSTRAINTS

    return found | {f"torch.distributions.constraints.{expression.partition('(')[0]}" for expression in CONSTRAINTS}


def is_compared(name: str, compared: set[str]) -> bool:
    """In-place forms are compared with the function that they are a form of."""
    return name in compared or name.removesuffix("_") in compared


def reason_for(name: str, groups: list[dict[str, Any]]) -> tuple[str, str]:
    """("refused", "left out" or "not counted", why) for a name that is so on purpose; else two empty texts."""
    for group in groups:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in group["names"]):
            return group["status"], group["reason"]
    return "", ""


def used_names(usage: dict[str, list[int]]) -> Iterator[tuple[str, str]]:
    """The names that programs use, each with the part that it belongs to."""
    for name in usage:
        part = name.partition("(")[0].rpartition(".")[0]
        if part in PARTS:
            yield part, name


def table() -> dict[str, list[Name]]:
    """Every name of every part."""
    usage, groups, listed = read("usage.json"), read("left_out.json"), read("names.json")
    compared = compared_names()
    names = {part: {f"{part}.{name}" for name in listed[part]} for part in PARTS}
    for part, name in used_names(usage):
        names[part].add(name)
    result: dict[str, list[Name]] = {}
    for part in PARTS:
        rows = []
        for name in sorted(names[part], key=lambda n: (-usage.get(n, [0])[0], n)):
            status, reason = reason_for(name, groups)
            if status == "not counted":
                continue
            if status != "refused":
                status = "done" if is_done(name) else status or "missing"
            plain = name.partition("(")[0]
            shown = reason if status != "done" else ""
            rows.append(Name(name, usage.get(name, [0])[0], status, is_compared(plain, compared), shown))
        result[part] = rows
    return result


# --- the page ----------------------------------------------------------------------------------------------------


def share(rows: list[Name], least: int) -> tuple[int, int]:
    """How many names used by at least so many repositories are done (or refused, as they should be), out of all."""
    used = [row for row in rows if row.repositories >= least]
    return sum(row.status in ("done", "refused") for row in used), len(used)


def percent(pair: tuple[int, int]) -> str:
    done, total = pair
    return f"{done} of {total}" + (f" ({100 * done / total:.1f} %)" if total else "")


def render(found: dict[str, list[Name]]) -> str:
    """The page."""
    tensor_api = [row for part in TENSOR_API for row in found[part]]
    lines = [
        "# Conformance: PyTorch's API, name by name", "",
        "Made by `python tools/conformance.py`; do not edit. The names are all those that PyTorch 2.13 documents.",
        "\"Used by\" counts how many of 43 public repositories use the name. \"Compared\" names are called with drawn",
        "inputs beside a live PyTorch in CI: values, types, shapes, gradients, second gradients, errors.", "",
        "| names of the tensor API | done |", "| --- | --- |",
        *[f"| used by {n} or more repositories | {percent(share(tensor_api, n))} |" for n in (5, 3)],
        f"| all | {percent(share(tensor_api, 0))} |", "",
        "| part | all names | used by 3 or more | compared with PyTorch |", "| --- | --- | --- | --- |",
        *[
            f"| {title} | {percent(share(found[part], 0))} | {percent(share(found[part], 3))} | "
            f"{sum(row.compared and row.status == 'done' for row in found[part])} |"
            for part, title in PARTS.items()
        ],
        "",
    ]  # fmt: skip
    for part, title in PARTS.items():
        lines += ["", f"## {title}", "", *section(part, found[part])]
    return "\n".join(lines) + "\n"


def section(part: str, rows: list[Name]) -> list[str]:
    """The table of the used names, then the others in brief."""
    lines = ["| name | used by | here | compared |", "| --- | --- | --- | --- |"]
    for row in rows:
        if row.repositories:
            here = row.status + (f": {row.reason}" if row.reason else "")
            shown = f"`{row.name.removeprefix('torch.')}`"
            lines.append(f"| {shown} | {row.repositories} | {here} | {'yes' if row.compared else ''} |")
    rest = [row for row in rows if not row.repositories]
    short = {row.name: "`" + row.name.removeprefix(f"{part}.") + "`" for row in rest}
    done = [short[row.name] + ("" if row.compared else " ") for row in rest if row.status == "done"]
    if done:
        lines += ["", "Not counted in those repositories, and done: " + ", ".join(name.strip() for name in done) + "."]
    reasons = dict.fromkeys(row.reason for row in rest if row.status in ("left out", "refused"))
    for reason in reasons:
        names = [short[row.name] for row in rest if row.reason == reason]
        status = next(row.status for row in rest if row.reason == reason)
        lines += ["", f"{status.capitalize()}, {reason}: " + ", ".join(names) + "."]
    missing = [short[row.name] for row in rest if row.status == "missing"]
    if missing:
        lines += ["", "Missing: " + ", ".join(missing) + "."]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the page is out of date")
    parser.add_argument("--names", action="store_true", help="take the names from the installed PyTorch")
    parser.add_argument("--missing", action="store_true", help="list what is missing")
    arguments = parser.parse_args()
    if arguments.names:
        write_names()
    found = table()
    text = render(found)
    for part in PARTS:
        print(f"{part:22} {percent(share(found[part], 0)):24} used by 3 or more: {percent(share(found[part], 3))}")
    if arguments.missing:
        for part in PARTS:
            rows = [row for row in found[part] if row.status == "missing"]
            names = [f"{row.name.removeprefix(part + '.')} {row.repositories or ''}".strip() for row in rows]
            print(f"\n{part}: {', '.join(names)}")
        return 0
    if arguments.check:
        if PAGE.read_text() != text:
            print("docs/conformance.md is out of date: run python tools/conformance.py", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
