"""What may have been meant by the keys of a state that do not fit a module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MANY = 20  # of more keys than this, only the first are looked for


def suggestions(missing: list[str], unexpected: list[str], state: Mapping[str, Any]) -> list[str]:
    """The likely reason why keys are missing and others are too many, a line each."""
    if not missing or not unexpected:
        return []
    inner = [key for key in unexpected if isinstance(state.get(key), Mapping)]
    if inner:
        shown = next((key for key in inner if "model" in key or "state_dict" in key), inner[0])
        return [
            f'This holds several things, the values of {", ".join(map(repr, inner))} are dictionaries themselves. '
            f"Load the one that is the model's state: load_state_dict(checkpoint[{shown!r}])"
        ]
    return _prefix(missing, unexpected) or _near(missing, unexpected)


def _prefix(missing: list[str], unexpected: list[str]) -> list[str]:
    """All keys of one side have a beginning that those of the other lack."""
    wanted, given = set(missing), set(unexpected)
    for prefix in _beginnings(unexpected):
        if all(key.startswith(prefix) and key.removeprefix(prefix) in wanted for key in unexpected):
            return [
                f'All unexpected keys begin with "{prefix}". Remove it: '
                f'{{key.removeprefix("{prefix}"): value for key, value in state_dict.items()}}'
            ]
    for prefix in _beginnings(missing):
        if all(key.startswith(prefix) and key.removeprefix(prefix) in given for key in missing):
            return [
                f'All missing keys begin with "{prefix}". Add it: '
                f'{{"{prefix}" + key: value for key, value in state_dict.items()}}'
            ]
    return []


def _beginnings(keys: list[str]) -> list[str]:
    """``"a."``, ``"a.b."`` and so on, of the first key."""
    parts = keys[0].split(".")
    return [".".join(parts[:count]) + "." for count in range(1, len(parts))]


def _near(missing: list[str], unexpected: list[str]) -> list[str]:
    """Which unexpected key is likely to be which missing one."""
    from difflib import get_close_matches  # only now: most states fit

    lines, left = [], list(missing)
    for key in unexpected[:MANY]:
        found = get_close_matches(key, left, n=1)
        if found:
            left.remove(found[0])
            lines.append(f'Did you mean "{found[0]}" by "{key}"?')
    return lines
