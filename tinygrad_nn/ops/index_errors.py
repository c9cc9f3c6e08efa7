"""NumPy's complaints about an index in PyTorch's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.errors import describe
from .index_parsing import too_many
from .places import Steps, is_basic, pick


def assignment_error(error: Exception, target: np.ndarray[Any, Any], index: Any, value: Any) -> Exception:
    """NumPy's complaint about an assignment in PyTorch's words."""
    if isinstance(error, IndexError) or not any(
        words in str(error) for words in ("not broadcast", "not be broadcast", "assign", "setting an array")
    ):
        return index_error(error, target, index)
    picked, given = list(pick(target, index).shape), list(np.shape(value))
    mismatch = f"shape mismatch: value tensor of shape {given} cannot be broadcast to indexing result of shape {picked}"
    if not is_basic(index):
        return RuntimeError(mismatch)
    while given and given[0] == 1:  # PyTorch leaves these away, and expands the rest
        del given[0]
    extra = len(picked) - len(given)
    if extra < 0:
        return RuntimeError(
            f"expand(value of shape {given}, size={picked}): the number of sizes provided ({len(picked)}) must be "
            f"greater or equal to the number of dimensions in the tensor ({len(given)})"
        )
    wrong = max((d for d, length in enumerate(given) if length not in (1, picked[d + extra])), default=None)
    return RuntimeError(mismatch) if wrong is None else RuntimeError(
        f"The expanded size of the tensor ({picked[wrong + extra]}) must match the existing size ({given[wrong]}) at "
        f"non-singleton dimension {wrong + extra}.  Target sizes: {picked}.  Tensor sizes: {given}"
    )


def index_error(error: Exception, x: np.ndarray[Any, Any], index: Any) -> Exception:
    """NumPy's complaint about an index in PyTorch's words."""
    if type(index) is Steps:
        try:
            x, index = x[index.basic], index.picks
        except IndexError as inner:
            error = inner
    text, shape = str(error), list(x.shape)
    items = index if isinstance(index, tuple) else (index,)
    if not x.ndim and any(type(i) is int for i in items):
        return IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor to a number"
        )
    if not x.ndim and any(type(i) is slice for i in items):
        return IndexError("slice() cannot be applied to a 0-dim tensor.")
    if text.startswith("too many indices"):
        return IndexError(f"{too_many(x.ndim)} (shape {shape})")
    if text.startswith("boolean index"):
        return _mask_error(x, items) or IndexError(text)
    if any(type(i) is int and not -(2**63) <= i < 2**63 for i in items):
        return ValueError(f"Overflow when unpacking long long: {index} as an index")
    if isinstance(error, TypeError):
        return TypeError(f"getitem(): {text} (got input: {describe(x)}, index={index})")
    if not isinstance(error, IndexError):
        return error
    text = text.replace("axis", "dimension").replace("array", "tensor")
    if text.startswith("shape mismatch"):
        text = text.strip().replace("(", "[").replace(",)", "]").replace(")", "]").replace("] [", "], [")
    return IndexError(f"{text} (a tensor of shape {shape} was indexed)" if "out of bounds" in text else text)


def check_empty_masks(x: np.ndarray[Any, Any], index: Any) -> None:
    """Refuse a mask of no elements for a dimension that has some: NumPy takes any such mask beside other indices.

    Raises:
        IndexError: there is such a mask.
    """
    if isinstance(index, Steps):
        x, index = x[index.basic], index.picks
    error = _mask_error(x, index if isinstance(index, tuple) else (index,))
    if error is not None:
        raise error


def _mask_error(x: np.ndarray[Any, Any], items: tuple[Any, ...]) -> IndexError | None:
    """The error for the first mask of an index whose lengths are not those of the dimensions that it is for."""
    place = 0
    for item in items:
        if type(item) is np.ndarray and item.dtype.kind == "b":
            for d, length in enumerate(item.shape):
                if x.shape[place + d] != length:
                    return IndexError(
                        f"The shape of the mask {list(item.shape)} at index {d} does not match the shape of the "
                        f"indexed tensor {list(x.shape)} at index {place + d}: size of dimension is "
                        f"{x.shape[place + d]} but size of corresponding boolean dimension is {length}"
                    )
            place += item.ndim
        elif item is Ellipsis:
            return None
        elif item is not None:
            place += 1
    return None
