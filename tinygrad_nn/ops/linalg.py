"""Products of vectors and matrices.

Source: https://docs.pytorch.org/docs/stable/torch.html#blas-and-lapack-operations
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.backward import unbroadcast
from .._core.dispatch import register_operator
from .._core.errors import NotATensorError, not_a_tensor
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap

_C_NAMES = {
    "Float": "float", "Double": "double", "Half": "c10::Half", "Long": "long int", "Int": "int", "Short": "short int",
    "Char": "signed char", "Byte": "unsigned char", "Bool": "bool",
}  # fmt: skip


# --- errors ------------------------------------------------------------------------------------------------------


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def same_dtype_error(words: str, x: Any, y: Any, names: tuple[str, str]) -> RuntimeError:
    """Two dtypes that do not go together: which input has which, and what to call."""
    first, second = dtypes.type_name(x.dtype), dtypes.type_name(y.dtype)
    fix = ""
    for (name, array), other in zip(((names[0], x), (names[1], y)), (y, x), strict=True):
        if other.dtype.kind == "f" and (array.dtype.kind != "f" or array.dtype.itemsize > other.dtype.itemsize):
            target = {2: "half", 4: "float", 8: "double"}[other.dtype.itemsize]
            fix = f" Convert {name}: {name}.{target}()."
    return RuntimeError(
        f"{words.format(first, second, _C_NAMES.get(first, first), _C_NAMES.get(second, second))} ({names[0]} is "
        f"{first} {list(x.shape)}, {names[1]} is {second} {list(y.shape)}).{fix}"
    )


_M1_M2 = "expected m1 and m2 to have the same dtype, but got: {2} != {3}"
MAT1_MAT2 = "mat1 and mat2 must have the same dtype, but got {0} and {1}"


def _matmul_error(name: str, x: Any, y: Any) -> RuntimeError:
    """What is wrong with the shapes, as PyTorch says it."""
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


# --- matmul ------------------------------------------------------------------------------------------------------


def product(x: Any, y: Any) -> Any:
    """A product of at most two-dimensional arrays (``dot`` starts twice as fast as ``@``), or of tensors."""
    return x.dot(y) if type(x) is np.ndarray and type(y) is np.ndarray else x @ y


def rows(x: Any) -> Any:
    """As a matrix of rows of the last dimension."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _left_gradient(g: Any, x_shape: tuple[int, ...], y: Any) -> Any:
    if y.ndim == 1:
        return g[..., None] * y if len(x_shape) > 1 else g * y
    if y.ndim == 2:
        if g.ndim < 3:
            return product(g, y.swapaxes(0, 1))
        return product(rows(g), y.swapaxes(0, 1)).reshape(x_shape)
    if len(x_shape) == 1:
        return unbroadcast((y @ g[..., None])[..., 0], x_shape)
    return unbroadcast(g @ y.swapaxes(-1, -2), x_shape)


def _right_gradient(g: Any, x: Any, y_shape: tuple[int, ...]) -> Any:
    if len(y_shape) == 1:
        if x.ndim == 1:
            return g * x
        return product(g.reshape(math.prod(g.shape)), rows(x))
    if x.ndim == 1:
        return x[:, None] * g[..., None, :]
    if len(y_shape) == 2:
        return product(rows(x).swapaxes(0, 1), rows(g))
    return unbroadcast(x.swapaxes(-1, -2) @ g, y_shape)


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

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x @ tg.tensor([1.0, 10.0])
        tensor([21., 43.])
    """
    if x.dtype is not y.dtype and x.dtype != y.dtype:
        raise same_dtype_error(_M1_M2, x, y, ("input", "other"))
    try:
        if y.ndim <= 2:
            if x.ndim <= 2:
                return x.dot(y) if x.ndim and y.ndim else np.matmul(x, y)
            if y.ndim == 2 and x.flags.c_contiguous:  # one product of many rows
                return rows(x).dot(y).reshape((*x.shape[:-1], y.shape[1]))
        return np.matmul(x, y)
    except ValueError:
        raise _matmul_error("matmul", x, y) from None


def _operand(value: Any, position: int) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray):
        return wrap(value)
    raise not_a_tensor(matmul.op, position, value)


def _matmul_of_anything(x: Any, y: Any) -> Any:
    """`matmul` where one side may be an array: what ``@`` and NumPy call."""
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


def _check_ndim(words: str, *pairs: tuple[Any, int]) -> None:
    for position, (tensor, ndim) in enumerate(pairs):
        if not isinstance(tensor, Tensor):
            raise NotATensorError(f"argument '{position + 1}' must be Tensor, not {type(tensor).__name__}")
        if tensor.ndim != ndim:
            shapes = " and ".join(str(list(t.shape)) for t, _ in pairs if isinstance(t, Tensor))
            raise RuntimeError(f"{words.format(*[p[0].ndim for p in pairs])} (got shapes {shapes})")


@composite()
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of two matrices; nothing broadcasts.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.mm(tg.ones(2, 3), tg.ones(3, 1))
        tensor([[3.],
                [3.]])
    """
    _check_ndim("self must be a matrix", (input, 2))
    _check_ndim("mat2 must be a matrix", (mat2, 2))
    return matmul(input, mat2)


@composite()
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Products of two batches of matrices, of equal length.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.bmm(tg.ones(5, 2, 3), tg.ones(5, 3, 4)).shape
        torch.Size([5, 2, 4])
    """
    _check_ndim("batch1 must be a 3D tensor", (input, 3))
    _check_ndim("batch2 must be a 3D tensor", (mat2, 3))
    (b, _, k), (c, m, _) = input._array.shape, mat2._array.shape
    if (b, k) != (c, m):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{b}, {k}] but got: [{c}, {m}]. (batch1 "
            f"has shape {list(input.shape)}, batch2 {list(mat2.shape)}.)"
        )
    return matmul(input, mat2)


@composite()
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Product of a matrix and a vector.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.mv(tg.ones(2, 3), tg.tensor([1.0, 2.0, 3.0]))
        tensor([6., 6.])
    """
    _check_ndim("vector + matrix @ vector expected, got 1, {0}, {1}", (input, 2), (vec, 1))
    return matmul(input, vec)


@composite()
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Dot product of two vectors.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.dot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
        tensor(11.)
    """
    _check_ndim("1D tensors expected, but got {0}D and {1}D tensors", (input, 1), (tensor, 1))
    if input._array.dtype != tensor._array.dtype:
        words = "dot : expected both vectors to have same dtype, but found {0} and {1}"
        raise same_dtype_error(words, input._array, tensor._array, ("input", "tensor"))
    return matmul(input, tensor)


@composite(np.vdot)
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """Dot product of two real vectors.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.vdot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
        tensor(11.)
    """
    return dot(input, other)


@composite(np.inner)
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Sum of products over the last dimensions of both.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.inner(tg.ones(2, 3), tg.ones(4, 3)).shape
        torch.Size([2, 4])
    """
    if not input.ndim or not other.ndim:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    if other.ndim == 1:
        return matmul(input, other)
    columns = other.reshape(math.prod(other.shape[:-1]), other.shape[-1]).transpose(0, 1)
    product: Tensor = matmul(input, columns).reshape((*input.shape[:-1], *other.shape[:-1]))
    return product


@composite(np.outer, aliases=("ger",))
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """All products of an element of one vector with one of another.

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
    return input.reshape(-1, 1) * vec2


def _add_product(name: str, input: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    """``beta * input + alpha * product``; with ``beta=0`` the input is ignored, nan and all."""
    target = product._array.shape
    if input._array.dtype != product._array.dtype:
        words = "self and mat2 must have the same dtype, but got {0} and {1}"
        raise same_dtype_error(words, input._array, product._array, ("input", "the product"))
    try:
        fits = np.broadcast_shapes(input._array.shape, target) == target
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(expand_text(name, tuple(input._array.shape), target))
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        return product
    return product + (input if beta == 1 else input * beta)


def expand_text(name: str, shape: tuple[int, ...], target: tuple[int, ...]) -> str:
    if len(shape) > len(target):
        return f"{name}(): cannot expand the input of shape {list(shape)} to the product's {list(target)}"
    offset = len(target) - len(shape)
    d = next(d for d in range(len(target) - 1, -1, -1) if shape[d - offset] not in (1, target[d]))
    return (
        f"The expanded size of the tensor ({target[d]}) must match the existing size ({shape[d - offset]}) at "
        f"non-singleton dimension {d}.  Target sizes: {list(target)}.  Tensor sizes: {list(shape)} (in {name}())"
    )


@composite()
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``; the input broadcasts.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.addmm(tg.ones(2), tg.ones(1, 3), tg.ones(3, 2), alpha=2)
        tensor([[7., 7.]])
    """
    if isinstance(mat1, Tensor) and isinstance(mat2, Tensor) and mat1._array.dtype != mat2._array.dtype:
        raise same_dtype_error(MAT1_MAT2, mat1._array, mat2._array, ("mat1", "mat2"))
    return _add_product("addmm", input, mm(mat1, mat2), beta, alpha)


@composite()
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``; the input broadcasts.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.addmv(tg.ones(2), tg.ones(2, 3), tg.ones(3))
        tensor([4., 4.])
    """
    return _add_product("addmv", input, mv(mat, vec), beta, alpha)


@composite()
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * (batch1 @ batch2)``, for batches of matrices; the input broadcasts.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.baddbmm(tg.ones(2), tg.ones(5, 1, 3), tg.ones(5, 3, 2)).shape
        torch.Size([5, 1, 2])
    """
    return _add_product("baddbmm", input, bmm(batch1, batch2), beta, alpha)
