"""What a program gave, in a form that can be stored and compared."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

TOLERANCE = 2e-6


def plain(value: Any, torch: Any) -> Any:
    """Tensors as their type, shape and numbers; containers of them; text and numbers as they are."""
    if isinstance(value, torch.Tensor):
        value = value.detach()
        numbers = (value if value.dtype == torch.bool else value.to(torch.float64)).reshape(-1).tolist()
        return {"dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape), "numbers": numbers}
    if isinstance(value, dict):
        return {str(key): plain(item, torch) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item, torch) for item in value]
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return str(value)


def error_of(function: Callable[[], Any]) -> str:
    """The type of Python's own of the error that a call raises: PyTorch's words are compared elsewhere."""
    try:
        function()
    except Exception as error:
        return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
    return "no error"


def run(program: Callable[[Any], Any], torch: Any) -> Any:
    """What a program gives, without its warnings."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return plain(program(torch), torch)


def hold_equal(where: str, ours: Any, theirs: Any, tolerance: float = TOLERANCE) -> None:
    """Two results are equal, but for rounding."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), where
        assert list(ours) == list(theirs), where
        for key, value in theirs.items():
            hold_equal(f"{where}: {key}", ours[key], value, tolerance)
    elif isinstance(theirs, list):
        assert isinstance(ours, list), where
        assert len(ours) == len(theirs), f"{where}: {ours}, PyTorch: {theirs}"
        for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            hold_equal(f"{where}[{number}]", a, b, tolerance)
    elif isinstance(theirs, float) and isinstance(ours, float):
        same = ours == theirs or (ours != ours and theirs != theirs)
        assert same or abs(ours - theirs) <= tolerance * max(1.0, abs(theirs)), f"{where}: {ours}, PyTorch: {theirs}"
    else:
        assert (type(ours), ours) == (type(theirs), theirs), f"{where}: {ours}, PyTorch: {theirs}"
