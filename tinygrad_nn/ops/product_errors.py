"""What is wrong with the dtypes and shapes of a product, as PyTorch says it, and what to do.

Source: https://docs.pytorch.org/docs/stable/generated/torch.matmul.html
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from .._core import dtypes
from .._core.errors import NotATensorError
from .._core.tensor import Tensor

C_NAMES = {
    "Float": "float", "Double": "double", "Half": "c10::Half", "Long": "long int", "Int": "int", "Short": "short int",
    "Char": "signed char", "Byte": "unsigned char", "Bool": "bool", "ComplexFloat": "c10::complex<float>",
    "ComplexDouble": "c10::complex<double>",
}  # fmt: skip

M1_M2 = "expected m1 and m2 to have the same dtype, but got: {2} != {3}"
MAT1_MAT2 = "mat1 and mat2 must have the same dtype, but got {0} and {1}"
SELF_MAT2 = "self and mat2 must have the same dtype, but got {0} and {1}"
DOT = "dot : expected both vectors to have same dtype, but found {0} and {1}"
SCALAR_TYPE = "expected scalar type {0} but found {1}"
BOTH_INPUTS = "both inputs should have same dtype"


def same_dtype_error(words: str, x: Any, y: Any, names: tuple[str, str]) -> RuntimeError:
    """Two dtypes that do not go together: which input has which, and what to call."""
    first, second = dtypes.type_name(x.dtype), dtypes.type_name(y.dtype)
    fix = ""
    for (name, array), other in zip(((names[0], x), (names[1], y)), (y, x), strict=True):
        if other.dtype.kind == "f" and (array.dtype.kind != "f" or array.dtype.itemsize > other.dtype.itemsize):
            target = {2: "half", 4: "float", 8: "double"}[other.dtype.itemsize]
            fix = f" Convert {name}: {name}.{target}()."
    return RuntimeError(
        f"{words.format(first, second, C_NAMES.get(first, first), C_NAMES.get(second, second))} ({names[0]} is "
        f"{first} {list(x.shape)}, {names[1]} is {second} {list(y.shape)}).{fix}"
    )


def no_bool_product(name: str) -> NotImplementedError:
    """PyTorch's error for a sum of products of booleans."""
    return NotImplementedError(f"\"{name}\" not implemented for 'Bool'. Convert the inputs first: x.int().")


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def matmul_error(name: str, x: Any, y: Any) -> RuntimeError:
    """What is wrong with the shapes of a matrix product."""
    rule = (
        f" {name}() needs input's last length to equal other's {'only' if y.ndim == 1 else 'second to last'} one: got "
        f"{list(x.shape)} and {list(y.shape)}."
    )
    if not x.ndim or not y.ndim:
        return RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {x.ndim}D and {y.ndim}D")
    if x.ndim == y.ndim == 1:
        return RuntimeError(
            f"inconsistent tensor size, expected tensor [{x.shape[0]}] and src [{y.shape[0]}] to have the same number "
            f"of elements, but got {x.shape[0]} and {y.shape[0]} elements respectively"
        )
    count = math.prod(x.shape[:-1])
    if y.ndim == 1:
        return RuntimeError(
            f"size mismatch, got input ({count}), mat ({count}x{x.shape[-1]}), vec ({y.shape[0]}).{rule}"
        )
    if y.ndim == 2:
        hint = " Transposing other would do: other.T." if x.shape[-1] == y.shape[1] else ""
        return RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({count}x{x.shape[-1]} and {_text(y.shape)}).{rule}{hint}"
        )
    if x.shape[-1] != y.shape[-2]:
        return RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {[y.shape[0], x.shape[-1]]} but got: "
            f"{[y.shape[0], y.shape[-2]]}.{rule}"
        )
    batches = x.shape[:-2], y.shape[:-2]
    for d, (m, n) in enumerate(zip(batches[0][::-1], batches[1][::-1], strict=False)):
        if m != n and 1 not in (m, n):
            place = max(map(len, batches)) - 1 - d
            return RuntimeError(
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension {place}: "
                f"the batches of {name}({list(x.shape)}, {list(y.shape)}) do not broadcast"
            )
    return RuntimeError(f"{name}(): cannot multiply {list(x.shape)} and {list(y.shape)}")


def check_ndim(words: str, *pairs: tuple[Any, int]) -> None:
    """Refuse tensors of another number of dimensions.

    Raises:
        RuntimeError: in these words, into which the numbers of dimensions are put.
        TypeError: one of them is no tensor.
    """
    for position, (tensor, ndim) in enumerate(pairs):
        if not isinstance(tensor, Tensor):
            raise NotATensorError(f"argument '{position + 1}' must be Tensor, not {type(tensor).__name__}")
        if tensor._array.ndim != ndim:
            shapes = " and ".join(str(list(t.shape)) for t, _ in pairs if isinstance(t, Tensor))
            raise RuntimeError(f"{words.format(*[p[0].ndim for p in pairs])} (got shapes {shapes})")


def check_batches(batch1: Any, batch2: Any) -> None:
    """Refuse what are no two batches of matrices.

    Raises:
        RuntimeError, IndexError: a number of dimensions is not 3.
    """
    if isinstance(batch1, Tensor) and isinstance(batch2, Tensor) and batch2.ndim < 3:
        bound = batch2.ndim or 1
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got 2): batch2 must be a "
            f"3D tensor, got shape {list(batch2.shape)}"
        )
    check_ndim("batch1 must be a 3D tensor", (batch1, 3))
    check_ndim("batch2 must be a 3D tensor", (batch2, 3))


def expand_text(name: str, shape: tuple[int, ...], target: tuple[int, ...]) -> str:
    """What is wrong with a shape that should broadcast to the target."""
    if len(shape) > len(target):
        return f"{name}(): cannot expand the input of shape {list(shape)} to the product's {list(target)}"
    offset = len(target) - len(shape)
    d = next(d for d in range(len(target) - 1, -1, -1) if shape[d - offset] not in (1, target[d]))
    return (
        f"The expanded size of the tensor ({target[d]}) must match the existing size ({shape[d - offset]}) at "
        f"non-singleton dimension {d}.  Target sizes: {list(target)}.  Tensor sizes: {list(shape)} (in {name}())"
    )


_said: set[str] = set()


def warn_once(text: str) -> None:
    """Say that something is deprecated, as PyTorch does: once in a process."""
    if text not in _said:
        _said.add(text)
        warnings.warn(text, UserWarning, stacklevel=5)
