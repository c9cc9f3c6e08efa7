"""Answers in few numbers, for runs without PyTorch: of each array its shape, its norm, and a projection of it."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from .compare import Answer


def digest(array: np.ndarray[Any, Any]) -> list[Any]:
    """What is kept of an array: its type and shape, how much of it is not finite, its norm, and a random projection."""
    shape = list(array.shape)
    values = array.astype(np.float64).reshape(-1)
    finite = np.isfinite(values)
    values = np.where(finite, values, 0.0)
    direction = np.random.RandomState(zlib.crc32(repr(shape).encode()) % 2**31).uniform(-1, 1, values.size)
    return [
        str(array.dtype),
        shape,
        int((~finite).sum()),
        _rounded(np.linalg.norm(values)),
        _rounded(direction @ values),
    ]


def _rounded(number: Any) -> float:
    return float(f"{float(number):.9g}")


def stored(answer: Answer) -> dict[str, Any]:
    """An answer as JSON."""
    arrays = {name: digest(array) for name, array in answer.arrays.items()}
    return {"text": answer.text, "names": answer.names, "arrays": arrays}


def hold_stored(what: str, ours: Answer, expected: dict[str, Any], tolerance: float) -> None:
    """This package's answer has the digests that PyTorch's had."""
    assert ours.text == expected["text"], what
    assert ours.names == expected["names"], what
    for name, (dtype, shape, not_finite, norm, projection) in expected["arrays"].items():
        actual = ours.arrays.get(name)
        if actual is None and "gradient" in name:
            actual = np.zeros(shape, dtype)
        assert actual is not None, f"{what}: no {name}"
        found = digest(actual)
        assert found[:3] == [dtype, shape, not_finite], f"{what}: {name} is {found}"
        permitted = 1e-6 * tolerance * max(norm, 1.0)  # weights are drawn in float32: one unit in the last place
        assert abs(found[3] - norm) <= permitted, f"{what}: {name} has the norm {found[3]}, PyTorch: {norm}"
        assert abs(found[4] - projection) <= permitted, (
            f"{what}: {name} is {found[4]} in projection, PyTorch: {projection}"
        )
