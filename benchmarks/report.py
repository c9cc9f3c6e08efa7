"""What a run prints: the machine, and tables of medians, least times and ratios to PyTorch."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from .harness import OURS, REFERENCE, Case, Peers, Result, Settings

_FIRST = (OURS, REFERENCE, "torch fused", "torch compile", "numpy", "numpy out")  # the order of the columns
UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0, "MB": 1e-6, "faults": 1.0}


def machine(settings: Settings, peers: Peers) -> dict[str, Any]:
    """Where, with what and how this was run."""
    facts: dict[str, Any] = {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": peers.versions(),
        "threads": settings.threads or "default",
        "blas": _blas(),
    }
    if hasattr(os, "getloadavg"):
        facts["load"] = round(os.getloadavg()[0], 2)
    return facts


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or "unknown processor"


def _blas() -> list[str]:
    """The linear algebra libraries in this process and their threads, as far as threadpoolctl can tell."""
    try:
        pools = importlib.import_module("threadpoolctl").threadpool_info()
    except ImportError:
        return []
    return [f"{pool['internal_api']} {pool.get('version') or ''} x{pool['num_threads']}" for pool in pools]


def head(facts: dict[str, Any]) -> str:
    """The machine, in lines."""
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    lines = [f"machine   {facts['machine']}", f"versions  Python {facts['python']}, {versions}"]
    pools = f" ({', '.join(facts['blas'])})" if facts["blas"] else ""
    lines.append(f"threads   {facts['threads']}{pools}")
    if "load" in facts:
        lines.append(f"load      {facts['load']} at the end (1 minute); the benchmark itself makes 1 of it")
    return "\n".join(lines)


def text(result: Result) -> str:
    """One case, a line for each contender."""
    case = result.case
    lines = [f"{case.name}: {case.about} [{case.unit}]"]
    width = max(12, *map(len, [*result.samples, *result.missing]), 0)
    for name in result.samples:
        scale = UNITS[case.unit]
        median, fastest = number(result.median(name) * scale), number(result.least(name) * scale)
        line = f"  {name:{width}} median {median:>8}   least {fastest:>8}"
        ratio, spread, least = result.ratio(name), result.spread(name), result.least_ratio(name)
        if ratio is not None and spread is not None and least is not None:
            line += f"   of {case.reference}: {ratio:.2f} ({spread[0]:.2f}-{spread[1]:.2f})   least {least:.2f}"
        lines.append(line)
    lines += [f"  {name:{width}} {reason}" for name, reason in result.missing.items()]
    return "\n".join(lines)


def markdown(results: Sequence[Result]) -> str:
    """A table of all cases: medians, with the ratio to PyTorch's in brackets."""
    named = dict.fromkeys(name for result in results for name in result.case.contenders)
    first = [name for name in _FIRST if name in named]
    names = first + [name for name in named if name not in first]
    rows = [f"| case | unit | {' | '.join(names)} |", f"|---|---|{'---:|' * len(names)}"]
    for result in results:
        cells = [_cell(result, name) for name in names]
        rows.append(f"| {result.case.name} | {result.case.unit} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(result: Result, name: str) -> str:
    if name not in result.samples:
        return "–"
    shown = number(result.median(name) * UNITS[result.case.unit])
    ratio = result.ratio(name)
    return shown if ratio is None or name == result.case.reference else f"{shown} ({ratio:.2f})"


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def as_data(facts: dict[str, Any], results: Sequence[Result]) -> dict[str, Any]:
    """Everything, for a JSON file: seconds, not rounded."""
    cases = {}
    for result in results:
        contenders = {name: _numbers(result, name) for name in result.samples}
        cases[result.case.name] = {"about": result.case.about, "contenders": contenders, "missing": result.missing}
    return {**facts, "cases": cases}


def from_data(files: Sequence[dict[str, Any]], registry: Mapping[str, Case]) -> list[Result]:
    """The results of several runs, as `as_data` has put them, of those cases that there still are."""
    found = {}
    for file in files:
        for name, data in file["cases"].items():
            if name in registry:
                samples = {contender: numbers["samples"] for contender, numbers in data["contenders"].items()}
                found[name] = Result(registry[name], samples, data["missing"])
    return list(found.values())


def _numbers(result: Result, name: str) -> dict[str, Any]:
    return {
        "median": result.median(name),
        "least": result.least(name),
        "ratio": result.ratio(name),
        "spread": result.spread(name),
        "samples": result.samples[name],
    }
