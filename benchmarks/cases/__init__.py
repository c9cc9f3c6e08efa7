"""The cases: every module here that has a ``CASES`` list takes part, without being named anywhere else."""

from __future__ import annotations

import fnmatch
import importlib
import pkgutil
from collections.abc import Sequence

from benchmarks.harness import Case


def _find_all() -> dict[str, Case]:
    found: dict[str, Case] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        for case in importlib.import_module(f"{__name__}.{module.name}").CASES:
            if case.name in found:
                raise ValueError(f"two benchmark cases are called {case.name!r}")
            found[case.name] = case
    return found


REGISTRY: dict[str, Case] = _find_all()


def select(wanted: Sequence[str]) -> list[Case]:
    """The cases of these names: whole ones, groups (``mlp`` for all ``mlp/...``), or patterns (``*/adam``).

    Raises:
        KeyError: a name stands for no case.
    """
    chosen: dict[str, Case] = {}
    for name in wanted or ["*"]:
        found = {key: REGISTRY[key] for key in REGISTRY if key.startswith(f"{name}/") or fnmatch.fnmatch(key, name)}
        if not found:
            raise KeyError(f"no benchmark is called {name!r}. There are: {', '.join(REGISTRY)}")
        chosen.update(found)
    return list(chosen.values())
