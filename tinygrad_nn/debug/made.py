"""Which of the elements that are not finite an op has made itself; and how to speak of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.callers import Place, user_frames
from .._core.op import Op
from .._core.steps import at_index
from .._core.tensor import Tensor

Array = np.ndarray[Any, Any]


def is_finite(array: Array) -> bool:
    """Whether an array holds neither nan nor infinity; integers never do."""
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def kind_of(array: Array) -> str:
    """An array in a word, such as ``float32[4, 2]``."""
    return f"{array.dtype}{list(array.shape)}"


def normalised(op: Op, result: Any) -> tuple[Any, list[Array]]:
    """An op's result as the engine will make it, so that its arrays can be known again; and those arrays."""
    if op.residuals:
        first, *rest = result
        first = first if op.several else np.asarray(first)
        return (first, *rest), list(first) if op.several else [first]
    if op.several:
        return result, [np.asarray(each) for each in result]
    array = np.asarray(result)
    return array, [array]


def made_in(
    op: Op, inputs: tuple[Any, ...], options: dict[str, Any], output: Array, outputs: Sequence[Array]
) -> dict[str, Array]:
    """Which nan, and which infinities, an op has made itself, by element."""
    nan, inf = np.isnan(output), np.isinf(output)
    floats = [value for value in inputs if isinstance(value, np.ndarray) and value.dtype.kind in "fc"]
    if op.kind == "view":
        return {"nan": np.zeros_like(nan), "inf": np.zeros_like(inf)}
    if op.kind == "elementwise":
        for value in floats:
            nan &= ~np.isnan(value)
            inf &= np.isfinite(value)
        return {"nan": nan, "inf": inf}
    number = next(i for i, each in enumerate(outputs) if each is output)
    if nan.any() and any(np.isnan(value).any() for value in floats):
        nan &= np.isnan(_again(op, inputs, options, number, np.isnan, output))
    if inf.any() and not all(np.isfinite(value).all() for value in floats):
        inf &= np.isinf(_again(op, inputs, options, number, lambda x: ~np.isfinite(x), output))
    return {"nan": nan, "inf": inf}


def _again(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], number: int, bad: Any, output: Array) -> Array:
    """The op's output for inputs whose bad elements are 1 instead; zeros where it refuses them."""
    cleaned = [
        np.where(bad(v), np.ones((), v.dtype), v) if isinstance(v, np.ndarray) and v.dtype.kind in "fc" else v
        for v in inputs
    ]
    try:
        with np.errstate(all="ignore"):
            return normalised(op, op.forward(*cleaned, **options))[1][number]
    except Exception:  # whatever a forward function says to such inputs: then nothing is known against it
        return np.zeros_like(output)


# --- in words ----------------------------------------------------------------------------------------------------


def inputs_at(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], index: tuple[int, ...], shape: Any) -> str:
    """An elementwise op's inputs at an element; for any other op what range they have."""
    texts = []
    for position, value in enumerate(inputs):
        name = op.inputs[min(position, len(op.inputs) - 1)] + (f"[{position}]" if op.variadic else "")
        if not isinstance(value, np.ndarray):
            texts += [f"{name} = {value}"] if isinstance(value, int | float | complex) else []
        elif op.kind == "elementwise":
            found = at_index(value, index, shape)
            texts.append(f"{name}{list(index) if value.shape == shape and shape else ''} = {found:g}")
        elif value.dtype.kind == "f" and value.size:
            texts.append(f"{name}: {kind_of(value)} {_range(value)}")
    numbers = {name: v for name, v in options.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    shown = {name: v for name, v in numbers.items() if op.kind == "elementwise" or not np.isfinite(v)}
    return ", ".join(texts + [f"{name} = {value}" for name, value in shown.items()])


def _range(array: Array) -> str:
    finite = array[np.isfinite(array)]
    parts = [f"from {finite.min():.4g} to {finite.max():.4g}"] if finite.size else []
    for test, name in ((np.isnan, "nan"), (np.isposinf, "inf"), (np.isneginf, "-inf")):
        count = int(np.count_nonzero(test(array)))
        parts += [f"{count} {name}"] if count else []
    return ", ".join(parts)


def name_of(array: Array, place: Place | None) -> str:
    """What the program calls a tensor: a parameter's path, or a variable's name."""
    for root in place.modules[-1:] if place is not None else ():
        for kind, named in (("parameter", root.named_parameters()), ("buffer", root.named_buffers())):
            for name, tensor in named:
                if tensor._array is array:
                    return f"{kind} {name}"
    for frame in user_frames():
        for name, value in frame.f_locals.items():
            if isinstance(value, Tensor) and value._array is array:
                return f"tensor {name}"
            if hasattr(value, "named_parameters") and not isinstance(value, type):
                found = next((path for path, each in value.named_parameters() if each._array is array), None)
                if found is not None:
                    return f"parameter {name}.{found}"
    return ""
