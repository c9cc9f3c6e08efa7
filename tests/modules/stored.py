"""Answers in few numbers, for runs without PyTorch: of the arrays of each kind their norm, and a projection of them.

The arrays of a kind (the outputs, the gradients, the state) count as one long vector. What differs is shown by
`tests/test_modules_live.py`, array by array, where PyTorch is installed.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from .compare import Answer

Arrays = dict[str, np.ndarray[Any, Any]]


def by_kind(answer: Answer) -> dict[str, Arrays]:
    """The arrays of each kind: "output", "gradient", "state before" and so on."""
    found: dict[str, Arrays] = {}
    for name, array in answer.arrays.items():
        found.setdefault(name.partition(":")[0].rstrip(" 0123456789"), {})[name] = array
    return found


def digest(kind: str, arrays: Arrays) -> list[Any]:
    """What is kept of arrays: names, types and shapes, how much is not finite, the norm, and a random projection.

    Of gradients no names: one that is missing is the same as one of zeros.
    """
    layout = [f"{name} {array.dtype}{list(array.shape)}" for name, array in arrays.items()]
    names = 0 if "gradient" in kind else _number("; ".join(layout))
    unknown, squares, projection = 0, 0.0, 0.0
    for line, array in zip(layout, arrays.values(), strict=True):
        values = array.astype(np.float64).reshape(-1)
        finite = np.isfinite(values)
        values = np.where(finite, values, 0.0)
        direction = np.random.RandomState(_number(line)).uniform(-1, 1, values.size)
        unknown += int((~finite).sum())
        squares += values @ values
        projection += direction @ values
    return [names, unknown, _rounded(squares**0.5), _rounded(projection)]


def _number(text: str) -> int:
    return zlib.crc32(text.encode()) % 2**31


def _rounded(number: Any) -> float:
    return float(f"{float(number):.9g}")


def stored(answer: Answer) -> dict[str, Any]:
    """An answer as JSON."""
    digests = {kind: digest(kind, arrays) for kind, arrays in by_kind(answer).items()}
    return {"text": answer.text, "names": _number("; ".join(answer.names)), "digests": digests}


def hold_stored(what: str, ours: Answer, expected: dict[str, Any], tolerance: float) -> None:
    """This package's answer has the digests that PyTorch's had."""
    assert ours.text == expected["text"], what
    assert _number("; ".join(ours.names)) == expected["names"], f"{what}: the state is {ours.names}, PyTorch's is not"
    found = by_kind(ours)
    for kind in dict.fromkeys([*expected["digests"], *found]):
        arrays = found.get(kind, {})
        layout, unknown, norm, projection = expected["digests"].get(kind, digest(kind, {}))
        actual = digest(kind, arrays)
        shapes = {name: f"{array.dtype}{list(array.shape)}" for name, array in arrays.items()}
        assert actual[0] == layout, f"{what}: {kind}: names, types or shapes are not PyTorch's: {shapes}"
        assert actual[1] == unknown, f"{what}: {kind}: {actual[1]} numbers are infinite or nan, PyTorch: {unknown}"
        permitted = 1e-6 * tolerance * max(norm, 1.0)  # weights are drawn in float32: one unit in the last place
        for name, number, wanted in (("norm", actual[2], norm), ("projection", actual[3], projection)):
            assert abs(number - wanted) <= permitted, f"{what}: {kind} has the {name} {number}, PyTorch: {wanted}"
