"""How tensors print: PyTorch's rules, digit for digit.

Numbers of one array are all written alike, in a style chosen from the values that will be shown: ``1.`` if
all are whole, else with four digits after the point, and in scientific notation if magnitudes are far apart.
Arrays of many elements are cut down to their corners before anything is written.

Source: https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import dtypes

Array = np.ndarray[Any, Any]


# --- options ------------------------------------------------------------------------------------------------


_DEFAULT: dict[str, Any] = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}
_PROFILES = {
    "default": _DEFAULT,
    "short": {**_DEFAULT, "precision": 2, "edgeitems": 2},
    "full": {**_DEFAULT, "threshold": math.inf},
}

_options = _DEFAULT


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print. Options left out keep their value, except `sci_mode`, which goes back to None.

    Args:
        precision: digits after the decimal point (4 at first).
        threshold: tensors of more elements than this are summarised (1000 at first).
        edgeitems: elements shown at either end of each dimension of a summary (3 at first).
        linewidth: characters per line (80 at first).
        profile: options to begin from: ``"default"``, ``"short"`` or ``"full"``, which never summarises.
        sci_mode: whether to use scientific notation; None lets each tensor's values decide.

    Raises:
        ValueError: there is no such profile.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.set_printoptions(precision=2)
        >>> tg.tensor([1.12345])
        tensor([1.12])
        >>> tg.set_printoptions(threshold=5)
        >>> tg.arange(10)
        tensor([0, 1, 2,  ..., 7, 8, 9])
        >>> tg.set_printoptions(profile="default")
        >>> tg.tensor([1.12345])
        tensor([1.1235])
    """
    global _options
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"profile: expected 'default', 'short' or 'full', got {profile!r}")
    start = _options if profile is None else _PROFILES[profile]
    wanted = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    given = {name: value for name, value in wanted.items() if value is not None}
    _options = {**start, **given, "sci_mode": sci_mode}


def get_printoptions() -> dict[str, Any]:
    """The print options, as keyword arguments for `set_printoptions`.

    Example:
        >>> get_printoptions()
        {'precision': 4, 'threshold': 1000, 'edgeitems': 3, 'linewidth': 80, 'sci_mode': None}
    """
    return dict(_options)


# --- styles: how the numbers of one array are written -------------------------------------------------------


class _Style(NamedTuple):
    write: Callable[[Any], str]
    width: int  # for which elements per line are counted; nan, inf and -0 may be wider


def _style_of(array: Array) -> _Style:
    """The style that suits the values of an array."""
    if array.dtype.kind == "c":
        return _complex_style(array)
    return _float_style(array) if array.dtype.kind == "f" else _exact_style(array)


def _exact_style(array: Array) -> _Style:
    """Integers and booleans, aligned to the right."""
    width = max((len(str(value)) for value in array.ravel().tolist()), default=1)
    return _Style(lambda value: str(value).rjust(width), width)


def _float_style(array: Array) -> _Style:
    """Real numbers. Zeros, nan and inf fit any notation, so they have no say in it, nor in the width."""
    values = array[np.isfinite(array) & (array != 0)].astype(np.float64)
    scientific = _is_scientific(values)
    whole = not scientific and bool((values == np.ceil(values)).all())
    decimals = 0 if whole else _options["precision"]
    specification = f".{decimals}{'e' if scientific else 'f'}"

    def write(value: float) -> str:
        text = format(value, specification)
        return text + "." if whole and math.isfinite(value) else text

    width = max((len(write(value)) for value in values.tolist()), default=1)
    return _Style(lambda value: write(value).rjust(width), width)


def _is_scientific(values: Array) -> bool:
    """Whether finite nonzero values take scientific notation: as set, or if large, small or far apart."""
    if not values.size:
        return False
    if _options["sci_mode"] is not None:
        return bool(_options["sci_mode"])
    magnitudes = np.abs(values)
    smallest, largest = float(magnitudes.min()), float(magnitudes.max())
    return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4


def _complex_style(array: Array) -> _Style:
    """Complex numbers: the real and the imaginary parts in a style each."""
    real, imaginary = _float_style(array.real), _float_style(array.imag)

    def write(value: complex) -> str:
        text = imaginary.write(value.imag).lstrip()
        sign = "" if text.startswith("-") else "+"
        return f"{real.write(value.real)}{sign}{text}j"

    return _Style(write, real.width + imaginary.width + 1)


# --- layout -------------------------------------------------------------------------------------------------


def format_tensor(array: Array, *, prefix: str = "tensor(", suffixes: Sequence[str] = ()) -> str:
    """The text of a tensor that holds `array`, as PyTorch prints it.

    Args:
        array: the values.
        prefix: what the text begins with; later lines are indented by its length.
        suffixes: what follows the values and, where it needs saying, their size and data type.

    Example:
        >>> import numpy as np
        >>> print(format_tensor(np.array([[1.0, 2.5], [3.0, -4.0]], dtype=np.float32)))
        tensor([[ 1.0000,  2.5000],
                [ 3.0000, -4.0000]])
        >>> print(format_tensor(np.arange(3, dtype=np.int32), suffixes=["requires_grad=True"]))
        tensor([0, 1, 2], dtype=torch.int32, requires_grad=True)
    """
    indent = len(prefix)
    text = prefix + _format_values(array, indent)
    return _append_suffixes(text, [*_describe(array), *suffixes], indent)


def _describe(array: Array) -> list[str]:
    """The size and the data type, each only if the values do not tell it."""
    default = dtypes.default_numpy()
    if array.size:
        shows_size = not _options["edgeitems"]
        evident = {default, np.result_type(default, np.complex64), np.dtype(np.int64), np.dtype(np.bool_)}
    else:
        shows_size, evident = array.ndim != 1, {default}
    size = [f"size={array.shape}"] if shows_size else []
    data_type = [] if array.dtype in evident else [f"dtype={dtypes.from_numpy(array.dtype)}"]
    return size + data_type


def _append_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """Close the text after its suffixes; those that no longer fit go to a new line."""
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if column + len(suffix) + 2 > _options["linewidth"]:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"


def _format_values(array: Array, indent: int) -> str:
    """The values in brackets, summarised if there are many."""
    if not array.size:
        return "[]"
    edge, summarise = _options["edgeitems"], array.size > _options["threshold"]
    cut = [summarise and length > 2 * edge for length in array.shape]
    for axis, length in enumerate(array.shape):
        if cut[axis]:
            array = np.delete(array, slice(edge, length - edge), axis)
    return _format_nested(array.tolist(), cut, indent, _style_of(array))


def _format_nested(values: Any, cut: list[bool], indent: int, style: _Style) -> str:
    """Nested lists of values, with one item of `cut` a level: whether dots stand in the middle of it."""
    if not cut:
        return style.write(values)
    parts = [_format_nested(value, cut[1:], indent + 1, style) for value in values]
    is_vector = len(cut) == 1
    if cut[0]:
        parts.insert(_options["edgeitems"], " ..." if is_vector and parts else "...")
    separator = "," + "\n" * max(1, len(cut) - 1) + " " * (indent + 1)
    if is_vector:
        parts = _fill_lines(parts, (_options["linewidth"] - indent) // (style.width + 2))
    return "[" + separator.join(parts) + "]"


def _fill_lines(words: list[str], per_line: int) -> list[str]:
    """Lines of `per_line` words, of at least one."""
    per_line = max(1, per_line)
    return [", ".join(words[start : start + per_line]) for start in range(0, len(words), per_line)]
