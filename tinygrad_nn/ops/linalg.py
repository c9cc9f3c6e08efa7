"""Products of vectors and matrices.

Source: https://docs.pytorch.org/docs/stable/torch.html#blas-and-lapack-operations
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import dispatch
from .._core.backward import unbroadcast
from .._core.block_products import product as block_product
from .._core.dispatch import register_operator
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.errors import not_a_tensor
from .._core.graph import named
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap
from .adding import add_product
from .conjugates import conj
from .forms import inplace_form
from .product_errors import (
    BOTH_INPUTS,
    DOT,
    M1_M2,
    MAT1_MAT2,
    SCALAR_TYPE,
    check_batches,
    check_ndim,
    matmul_error,
    no_bool_product,
    same_dtype_error,
)
from .shortcuts import usually

__all__ = ["addmm", "addmv", "baddbmm", "bmm", "dot", "ger", "inner", "matmul", "mm", "mv", "outer", "vdot"]

# --- matmul ------------------------------------------------------------------------------------------------------

_FLOAT16 = np.dtype(np.float16)


def product(x: Any, y: Any) -> Any:
    """A product of at most two-dimensional arrays (``dot`` starts twice as fast as ``@``), or of tensors."""
    if type(x) is np.ndarray and type(y) is np.ndarray:
        if x.dtype is _FLOAT16:
            return in_float32(np.dot, x, y)
        return block_product(x, y) if x.ndim == 2 == y.ndim else x.dot(y)
    return x @ y


def batched(x: Any, y: Any) -> Any:
    """A product of batches of matrices: arrays or tensors."""
    return in_float32(np.matmul, x, y) if x.dtype is _FLOAT16 else x @ y


def in_float32(function: Any, x: Any, y: Any) -> Any:
    """A function of two float16 arrays, computed in float32 as PyTorch does, which is forty times as fast, too."""
    return function(x.astype(FLOAT32), y.astype(FLOAT32)).astype(_FLOAT16)


def rows(x: Any) -> Any:
    """As a matrix of rows of the last dimension."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


# OpenBLAS has a way of its own for so few multiplications, in which a transposed operand takes longer than its copy:
# a product of 100 x 100 matrices 26 us, with the copy 22 (1000 x 30 and 30 x 30: 30, 20).
_FEW_MULTIPLICATIONS, _SEVERAL_ROWS, _SOME = 1_000_000, 32, 512


def _is_copied(y: Any, beside: Any) -> bool:
    """Whether a matrix is copied when it is transposed for a product: of `beside`, a matrix, with it."""
    if beside.size < _SOME or beside.ndim != 2:
        return False
    rows = len(beside)
    some = rows >= _SEVERAL_ROWS and rows >= len(y) and rows * y.size <= _FEW_MULTIPLICATIONS
    return some and type(y) is np.ndarray and y.flags.c_contiguous


def _left_gradient(g: Any, x_shape: tuple[int, ...], y: Any) -> Any:
    if y.ndim == 1:
        return g[..., None] * y if len(x_shape) > 1 else g * y
    if y.ndim == 2:
        if g.ndim < 3:
            turned = y.swapaxes(0, 1)
            return product(g, turned.copy() if type(g) is np.ndarray and _is_copied(y, g) else turned)
        return product(rows(g), y.swapaxes(0, 1)).reshape(x_shape)
    if len(x_shape) == 1:
        return unbroadcast(batched(y, g[..., None])[..., 0], x_shape)
    return unbroadcast(batched(g, y.swapaxes(-1, -2)), x_shape)


def _right_gradient(g: Any, x: Any, y_shape: tuple[int, ...]) -> Any:
    if len(y_shape) == 1:
        if x.ndim == 1:
            return g * x
        return product(g.reshape(math.prod(g.shape)), rows(x))
    if x.ndim == 1:
        return x[:, None] * g[..., None, :]
    if len(y_shape) == 2:
        return product(rows(x).swapaxes(0, 1), rows(g))
    if x.shape[-2] == 1:  # all products of a column and a row: twice as fast as by BLAS
        return unbroadcast(x.swapaxes(-1, -2) * g, y_shape)
    return unbroadcast(batched(x.swapaxes(-1, -2), g), y_shape)


@op(kind="general", vjp=(_left_gradient, _right_gradient),
    cases=[case((2, 3), (3, 4)), case((3,), (3,)), case((2, 3), (3,)), case((3,), (3, 2)), case((4, 2, 3), (3, 2)),
           case((4, 2, 3), (4, 3, 2)), case((4, 2, 3), (3,)), case((3,), (4, 3, 2)), case((5, 1, 2, 3), (4, 3, 2)),
           case((2, 3), (4, 3, 2)), case((1, 2, 3), (4, 3, 2)), case((4, 2, 3), (1, 3, 2)), case((0, 3), (3, 2)),
           case((2, 0), (0, 3)), case((2, 3, 0), (0, 2))])  # fmt: skip
def matmul(x, y, /):
    """Matrix product, ``input @ other``.

    Vectors are dotted; a vector beside a matrix counts as a row (left) or column (right) which is then dropped; with
    more dimensions the last two are matrices, and the others broadcast.

    Raises:
        RuntimeError: the lengths or the dtypes do not fit.
        NotImplementedError: the tensors are boolean.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x @ tg.tensor([1.0, 10.0])
        tensor([21., 43.])
    """
    if x.dtype is not y.dtype and x.dtype != y.dtype:
        raise same_dtype_error(M1_M2, x, y, ("input", "other"))
    try:
        return _multiply(x, y) if x.dtype is FLOAT32 or x.dtype is FLOAT64 else _multiply_others(x, y)
    except ValueError:
        raise matmul_error("matmul", x, y) from None


def _multiply(x: Any, y: Any) -> Any:
    if y.ndim <= 2:
        if x.ndim <= 2:
            if x.ndim == 2 == y.ndim:
                return block_product(x, y)
            return x.dot(y) if x.ndim and y.ndim else np.matmul(x, y)
        if y.ndim == 2 and x.flags.c_contiguous:  # one product of many rows
            return block_product(rows(x), y).reshape((*x.shape[:-1], y.shape[1]))
    return np.matmul(x, y)


def _multiply_others(x: Any, y: Any) -> Any:
    """The product of other types than the usual ones."""
    if x.dtype.kind == "b" and ((x.size and y.size) or x.ndim == y.ndim == 1):
        raise no_bool_product("addmm_impl_cpu_")
    return np.asarray(in_float32(_multiply, x, y) if x.dtype == _FLOAT16 else _multiply(x, y))


def _operand(value: Any, position: int) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray):
        return wrap(value)
    raise not_a_tensor(matmul.op, position, value)


def _matmul_of_anything(x: Any, y: Any) -> Any:
    """`matmul` where one side may be an array: what ``@`` and NumPy call."""
    if isinstance(x, Tensor) and isinstance(y, Tensor):
        return matmul(x, y)
    return matmul(_operand(x, 0), _operand(y, 1))


def _numpy_dot(a: Any, b: Any) -> Any:
    """NumPy's `dot`, which for matrices and vectors is `matmul`."""
    a, b = _operand(a, 0), _operand(b, 1)
    if not a.ndim or not b.ndim:
        return a * b
    if b.ndim > 2:
        raise TypeError("np.dot on a Tensor: the second operand has more than two dimensions. Use matmul or einsum.")
    return matmul(a, b)


register_operator("matmul", _matmul_of_anything, None, binary=True)
dispatch.register(np.matmul, _matmul_of_anything)
dispatch.register(np.dot, _numpy_dot)


# --- its strict relatives ----------------------------------------------------------------------------------------


@composite(out=True)
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of two matrices; nothing broadcasts.

    Raises:
        RuntimeError: they are no matrices, or their lengths or dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.mm(tg.ones(2, 3), tg.ones(3, 1))
        tensor([[3.],
                [3.]])
    """
    check_ndim("self must be a matrix", (input, 2))
    check_ndim("mat2 must be a matrix", (mat2, 2))
    return matmul(input, mat2)


def _fitting_batches(args: tuple[Any, ...]) -> Tensor | None:
    """The usual call of `bmm`."""
    if len(args) != 2 or not isinstance(args[0], Tensor) or not isinstance(args[1], Tensor):
        return None
    x, y = args[0]._array, args[1]._array
    if x.ndim != 3 or y.ndim != 3 or x.dtype is not y.dtype or (x.shape[0], x.shape[2]) != y.shape[:2]:
        return None
    result: Tensor = named(matmul(*args), "BmmBackward0")
    return result


@usually(_fitting_batches)
@composite(out=True)
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Products of two batches of matrices, of equal length.

    Raises:
        RuntimeError: they are no batches of matrices, or their lengths or dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.bmm(tg.ones(5, 2, 3), tg.ones(5, 3, 4)).shape
        torch.Size([5, 2, 4])
    """
    check_ndim("batch1 must be a 3D tensor", (input, 3))
    check_ndim("batch2 must be a 3D tensor", (mat2, 3))
    (b, _, k), (c, m, _) = input._array.shape, mat2._array.shape
    if (b, k) != (c, m):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{b}, {k}] but got: [{c}, {m}]. (batch1 "
            f"has shape {list(input.shape)}, batch2 {list(mat2.shape)}.)"
        )
    if input._array.dtype != mat2._array.dtype:
        raise same_dtype_error(SCALAR_TYPE, input._array, mat2._array, ("input", "mat2"))
    return matmul(input, mat2)


@composite(out=True)
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Product of a matrix and a vector.

    Raises:
        RuntimeError: they are no matrix and vector, or their lengths or dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.mv(tg.ones(2, 3), tg.tensor([1.0, 2.0, 3.0]))
        tensor([6., 6.])
    """
    check_ndim("vector + matrix @ vector expected, got 1, {0}, {1}", (input, 2), (vec, 1))
    return matmul(input, vec)


@composite(out=True)
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Dot product of two vectors, ``sum(x * y)``.

    Raises:
        RuntimeError: they are no vectors, or their lengths or dtypes differ.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.dot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
        tensor(11.)
    """
    check_ndim("1D tensors expected, but got {0}D and {1}D tensors", (input, 1), (tensor, 1))
    if input._array.dtype != tensor._array.dtype:
        raise same_dtype_error(DOT, input._array, tensor._array, ("input", "tensor"))
    return matmul(input, tensor)


@composite(np.vdot, out=True)
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """Dot product of two vectors, of which the first is conjugated: ``sum(conj(x) * y)``.

    Raises:
        RuntimeError: they are no vectors, or their lengths or dtypes differ.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.vdot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
        tensor(11.)
    """
    return dot(conjugate(input), other)


def conjugate(x: Any) -> Any:
    """A tensor whose elements are conjugated, if it is complex."""
    return conj(x) if isinstance(x, Tensor) and x._array.dtype.kind == "c" else x


@composite(np.inner, out=True)
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Sum of products over the last dimensions of both.

    Raises:
        RuntimeError: the last dimensions or the dtypes differ.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.inner(tg.ones(2, 3), tg.ones(4, 3)).shape
        torch.Size([2, 4])
    """
    if not input.ndim or not other.ndim:
        return input * other
    if input._array.dtype != other._array.dtype:
        raise same_dtype_error(BOTH_INPUTS, input._array, other._array, ("input", "other"))
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    if other.ndim == 1:
        return matmul(input, other)
    columns = other.reshape(math.prod(other.shape[:-1]), other.shape[-1]).transpose(0, 1)
    found: Tensor = matmul(input, columns).reshape((*input.shape[:-1], *other.shape[:-1]))
    return found


@composite(np.outer, aliases=("ger",), out=True)
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """All products of an element of one vector with one of another.

    Raises:
        RuntimeError: they are no vectors.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.outer(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
        tensor([[3., 4.],
                [6., 8.]])
    """
    for name, tensor in (("self", input), ("vec2", vec2)):
        if tensor.ndim != 1:
            got = f"{tensor.ndim}-D (shape {list(tensor.shape)})"
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {got}")
    return input.unsqueeze(1) * vec2


ger = outer


# --- products added to a tensor ----------------------------------------------------------------------------------


@composite(out=True)
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``; the input broadcasts. With ``beta=0`` it is ignored, nan and all.

    Raises:
        RuntimeError: the shapes or the dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.addmm(tg.ones(2), tg.ones(1, 3), tg.ones(3, 2), alpha=2)
        tensor([[7., 7.]])
    """
    if isinstance(mat1, Tensor) and isinstance(mat2, Tensor) and mat1._array.dtype != mat2._array.dtype:
        raise same_dtype_error(MAT1_MAT2, mat1._array, mat2._array, ("mat1", "mat2"))
    return add_product("addmm", input, mm(mat1, mat2), beta, alpha)


@composite(out=True)
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``; the input broadcasts. With ``beta=0`` it is ignored, nan and all.

    Raises:
        RuntimeError: the shapes or the dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.addmv(tg.ones(2), tg.ones(2, 3), tg.ones(3))
        tensor([4., 4.])
    """
    words = "vector + matrix @ vector expected, got {0}, {1}, {2}"
    check_ndim(words, (input, min(input._array.ndim, 1)), (mat, 2), (vec, 1))
    return add_product("addmv", input, mv(mat, vec), beta, alpha)


@composite(out=True)
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * (batch1 @ batch2)``, for batches of matrices; the input broadcasts.

    With ``beta=0`` the input is ignored, nan and all.

    Raises:
        RuntimeError: the shapes or the dtypes do not fit.
        IndexError: `batch2` has too few dimensions.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.baddbmm(tg.ones(2), tg.ones(5, 1, 3), tg.ones(5, 3, 2)).shape
        torch.Size([5, 1, 2])
    """
    check_batches(batch1, batch2)
    return add_product("baddbmm", input, bmm(batch1, batch2), beta, alpha)


for _function in (addmm, addmv, baddbmm):
    inplace_form(_function)
