"""torchvision, to compare with, where it is installed.

Its functions for boxes are compiled for one build of PyTorch and do not load with another. Nothing here needs them; but
torchvision cannot be imported without the names of two, which are given to it.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import pytest

_found: list[Any] = []


def torchvision() -> Any:
    """The package, or the test is skipped with a reason."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("PIL")
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    if not _found:
        try:
            _found.append(importlib.import_module("torchvision"))
        except RuntimeError:
            library = torch.library.Library("torchvision", "DEF")
            for name in ("nms", "qnms"):
                library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _found.extend([importlib.import_module("torchvision"), library])  # which must stay
    return _found[0]
