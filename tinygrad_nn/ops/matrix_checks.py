"""What the functions of ``torch.linalg`` share: which tensors they take, what they say of others, and small helpers.

Source: https://docs.pytorch.org/docs/stable/linalg.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import dtypes, lifted
from .._core.modes import modes
from .._core.op import Integers, case, op
from .._core.tensor import Tensor, wrap

__all__: list[str] = []
Array = np.ndarray[Any, Any]
HALF = np.dtype(np.float16)

# Inputs of the generated tests: far from singular, with singular values (and eigenvalues) far from one another.
SQUARE = np.array([[3.0, 0.5, -0.25], [-1.0, 2.0, 0.75], [0.5, -0.25, 1.0]])
SQUARES = np.stack([SQUARE, SQUARE.T + np.diag([0.0, 2.0, 4.0])])
TALL = np.array([[2.0, 0.5], [-1.0, 1.5], [0.25, -0.75]])
WIDE = np.array([[0.5, 2.0, -1.0], [1.5, 0.25, 0.75]])
POSITIVE = np.array([[4.0, 1.0, -0.5], [1.0, 3.0, 0.25], [-0.5, 0.25, 1.0]])


class LinAlgError(RuntimeError):
    """A matrix is singular, not positive definite, or an algorithm did not converge. PyTorch's name and kind.

    Example:
        >>> import tinygrad_nn as tg
        >>> try:
        ...     tg.linalg.inv(tg.zeros(2, 2))
        ... except tg.linalg.LinAlgError as error:
        ...     print(str(error).partition(".")[2].partition(",")[0])
        inv: The diagonal element 1 is zero
    """


# --- checks ------------------------------------------------------------------------------------------------------


def check_matrix(name: str, x: Any, label: str = "A") -> None:
    """Refuse a tensor that has not even two dimensions."""
    if x.ndim < 2:
        raise RuntimeError(
            f"{name}: The input tensor {label} must have at least 2 dimensions. Got shape {list(x.shape)}."
        )


def check_square(name: str, x: Any, label: str = "A") -> None:
    """Refuse what is no square matrix, or batch of them."""
    check_matrix(name, x, label)
    m, n = x.shape[-2:]
    if m != n:
        raise RuntimeError(
            f"{name}: {label} must be batches of square matrices, but they are {m} by {n} matrices (shape "
            f"{list(x.shape)})"
        )


def check_floats(name: str, x: Tensor, kernel: str | None = None) -> None:
    """Refuse integers and booleans, and numbers of half precision, for which LAPACK has no functions.

    Args:
        name: of the function.
        x: the tensor.
        kernel: what PyTorch says is missing for half precision, where it says so, and only of tensors with elements.
    """
    dtype = x._array.dtype
    if dtype.kind not in "fc":
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {dtypes.type_name(dtype)}. Convert it "
            "first: A.float()."
        )
    if dtype == HALF and kernel is not None:
        check_kernel(kernel, x, empty=kernel != "geqrf")
    elif dtype == HALF:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got Half. Convert it first: A.float().")


def check_kernel(name: str, x: Tensor, *, empty: bool = False) -> None:
    """Refuse the same dtypes where PyTorch says that a kernel is missing; `empty` lets those without elements pass."""
    dtype = x._array.dtype
    if (x._array.size or not empty) and (dtype.kind not in "fc" or dtype == HALF):
        raise NotImplementedError(
            f"\"{name}_cpu\" not implemented for '{dtypes.type_name(dtype)}'. Convert the input first: A.float()."
        )


def check_same_dtype(words: str, a: Tensor, b: Tensor) -> None:
    """Refuse two tensors of different dtypes; `words` has places for their names."""
    if a._array.dtype != b._array.dtype:
        first, second = dtypes.type_name(a._array.dtype), dtypes.type_name(b._array.dtype)
        raise RuntimeError(words.format(first, second))


def failed(name: str, info: Array, text: str) -> LinAlgError:
    """The error for the first matrix whose `info` is not zero; `text` has a place for the number."""
    place = int(np.flatnonzero(info.reshape(-1))[0])
    batch = f"(Batch element {place}): " if info.ndim else ""
    return LinAlgError(f"{name}: {batch}{text.format(int(info.reshape(-1)[place]))}")


# --- results without a gradient ----------------------------------------------------------------------------------


def _refuse(g: Any, error: Exception) -> Any:
    raise error


@op(kind="general", method=False, torch_name="", several=True, vjp=_refuse, node_name="NotImplemented",
    cases=[case(Integers((2, 3), 5), results=(np.ones(2),), error=RuntimeError("no gradient"))])  # fmt: skip
def _without_gradient(x, /, *, results, error):
    """Results that have been computed already, and the error to raise when a gradient arrives for them."""
    return results


def without_gradient(x: Tensor, results: tuple[Any, ...], error: Exception) -> tuple[Tensor, ...]:
    """Arrays as the tensors that come of x: a gradient that arrives for them is refused, as PyTorch does."""
    if modes.here.grad and x.requires_grad:
        found = _without_gradient(x, results=results, error=error)
        return tuple([f if f._array.dtype.kind in "fc" else wrap(f._array) for f in found])
    return tuple([wrap(np.asarray(r)) for r in results])


def not_implemented(name: str) -> NotImplementedError:
    """PyTorch's error for a derivative that there is not."""
    return NotImplementedError(f"the derivative for '{name}' is not implemented.")


# --- computing ---------------------------------------------------------------------------------------------------


def lapack(function: Callable[..., Any], *arrays: Any, **options: Any) -> Any:
    """A function of NumPy's that does not take numbers of half precision: they go through single precision."""
    if all(a.dtype != HALF for a in arrays):
        return function(*arrays, **options)
    result = function(*[a.astype(np.float32) for a in arrays], **options)
    if isinstance(result, tuple):
        return tuple([r.astype(HALF) if r.dtype == np.float32 else r for r in result])
    return result.astype(HALF)


def turned(x: Any) -> Any:
    """Matrices with rows and columns exchanged. On arrays and tensors."""
    return x.swapaxes(-1, -2)


def adjoint(x: Any) -> Any:
    """The conjugates of matrices with rows and columns exchanged. On arrays and tensors."""
    return x.swapaxes(-1, -2).conj()


def identity(count: int, like: Any) -> Any:
    """The identity matrix, of the dtype of an array or a tensor; as an array, as it is a constant."""
    return np.eye(count, dtype=array_of(like).dtype)


def array_of(value: Any) -> Array:
    """The array itself, or the one in a tensor: for looking at, not for computing."""
    return value._array if isinstance(value, Tensor) else value


def all_of(value: Any) -> Array:
    """As `array_of`; inside of `vmap` those of all examples, in further dimensions in front."""
    found: Array = lifted.elements_of(array_of(value))
    return found


def absent(g: Any) -> bool:
    """Whether no gradient has arrived for one of several outputs: only zeros, which depend on nothing."""
    if isinstance(g, Tensor):
        return not g.requires_grad and lifted.all_zero(g._array)
    return not g.any()


def infos(shape: tuple[int, ...]) -> Tensor:
    """The information that nothing failed."""
    return wrap(np.zeros(shape, np.int32))


def mirrored(x: Tensor, upper: bool) -> Tensor:
    """Hermitian matrices that are known by one triangle; the gradient of a matrix goes to all of its elements.

    Where the other triangle is no mirror image already, it is replaced without the graph noticing: PyTorch's functions
    of Hermitian matrices read one triangle, while their gradients take the whole matrix for the input.
    """
    array = x._array
    if (array == adjoint(array)).all():
        return x
    half = np.triu(array, 1) if upper else np.tril(array, -1)
    diagonal = np.einsum("...ii->...i", array).real
    whole = half + adjoint(half)
    np.einsum("...ii->...i", whole)[...] = diagonal
    if not x.requires_grad:
        return wrap(whole)
    result: Tensor = x + wrap(whole - array)
    result._array = whole  # without the rounding of the sum
    return result
