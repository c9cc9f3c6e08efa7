"""Error texts: what PyTorch would raise, and in which words, when NumPy refuses an operation's inputs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes
from .tensor import Tensor

if TYPE_CHECKING:
    from .op import Op


def near(word: str, known: Iterable[str]) -> str:
    """``" Did you mean 'softmax'?"``, or nothing where no known name is near."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {found[0]!r}?" if found else ""


def describe(value: Any) -> str:
    """An input in a few words: ``Float [2, 3]``, or the number itself."""
    array = value._array if isinstance(value, Tensor) else value
    if isinstance(array, np.ndarray):
        return f"{dtypes.type_name(array.dtype)} {list(array.shape)}"
    return repr(value) if isinstance(value, int | float | complex | bool) else type(value).__name__


def _inputs(op: Op, inputs: Iterable[Any]) -> str:
    return ", ".join(f"{name}: {describe(value)}" for name, value in zip(op.public_names, inputs, strict=False))


def explain(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], error: Exception) -> Exception:
    """The exception to raise in place of `error`: PyTorch's type, its words, the op, the inputs, and the fix."""
    if isinstance(error, np.exceptions.AxisError):
        return IndexError(_axis_text(op, inputs, options, error))
    if isinstance(error, IndexError):
        if "axis" not in str(error) and "too many indices" not in str(error):
            return error  # the op's own words
        return IndexError(f"{op.name}(): {error} ({_inputs(op, inputs)})")
    shapes = [np.shape(i._array if isinstance(i, Tensor) else i) for i in inputs]
    if op.kind == "elementwise" and isinstance(error, ValueError) and "broadcast" in str(error):
        return RuntimeError(f"{_broadcast_text(shapes)} in {op.name}({_inputs(op, inputs)}). {_BROADCAST_FIX}")
    if isinstance(error, TypeError | np.exceptions.DTypePromotionError):
        return _type_error(op, inputs, error)
    if isinstance(error, ValueError | OverflowError):
        return RuntimeError(f"{op.name}(): {error} (got {_inputs(op, inputs)}{_option_text(options)})")
    return error


_BROADCAST_FIX = (
    "Shapes are compared from the right; lengths must be equal, or one of them 1. "
    "Add a dimension with unsqueeze, or bring the data into the same shape."
)


def _broadcast_text(shapes: list[tuple[int, ...]]) -> str:
    """PyTorch's sentence on two shapes that do not broadcast."""
    a, b = shapes[0], shapes[-1]
    for i in range(len(shapes) - 1):  # of three or more inputs, the pair that disagrees
        for j in range(i + 1, len(shapes)):
            if any(m != n and 1 not in (m, n) for m, n in zip(shapes[i][::-1], shapes[j][::-1], strict=False)):
                a, b = shapes[i], shapes[j]
    ndim = max(len(a), len(b))
    full_a, full_b = (1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b
    for position in range(ndim - 1, -1, -1):
        m, n = full_a[position], full_b[position]
        if m != n and 1 not in (m, n):
            return (
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension "
                f"{position}"
            )
    return f"The shapes {list(a)} and {list(b)} cannot be broadcast together"


def _axis_text(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], error: np.exceptions.AxisError) -> str:
    bound = (error.ndim or 0) or 1
    return (
        f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {error.axis}) "
        f"in {op.name}({_inputs(op, inputs)}{_option_text(options)})"
    )


def _option_text(options: dict[str, Any]) -> str:
    shown = {name: value for name, value in options.items() if value is not None}
    return "".join(f", {name}={value!r}" for name, value in shown.items() if len(repr(value)) < 60)


def _type_error(op: Op, inputs: tuple[Any, ...], error: Exception) -> Exception:
    kinds = {i._array.dtype.kind for i in inputs if isinstance(i, Tensor)}
    if op.name == "sub" and kinds == {"b"}:
        return RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            f"operator instead. (sub({_inputs(op, inputs)}))"
        )
    if type(error).__name__.startswith(("UFunc", "_UFunc")):
        names = " and ".join(describe(i) for i in inputs)
        return RuntimeError(f'"{op.name}" not implemented for {names}. Convert the data first, for example x.float().')
    return error


class NotATensorError(TypeError):
    """An op was given something that is neither a tensor nor a number."""


def not_a_tensor(op: Op, position: int, value: Any) -> NotATensorError:
    """PyTorch's error for an input that is no tensor, with the fix."""
    hint = " Wrap it: tinygrad_nn.tensor(...) copies, tinygrad_nn.from_numpy(...) shares the memory."
    shown = type(value).__name__
    name = op.public_names[position] if position < len(op.public_names) else "input"
    return NotATensorError(
        f"{op.name}(): argument '{name}' (position {position + 1}) must be Tensor, not {shown}."
        + (hint if isinstance(value, np.ndarray | list | tuple | int | float) else "")
    )
