"""Functions of square matrices, powers and the exponential, and Vandermonde matrices.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.matrix_exp.html, torch.linalg.matrix_power.html,
torch.linalg.vander.html
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from .._core import dispatch
from .._core.dtypes import FLOAT32
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap
from .adding import ignored
from .join import cat, flip
from .linalg import matmul
from .matrix_checks import HALF, check_square
from .norms import in_dtype
from .scan import cumprod
from .shape import broadcast_to, unsqueeze

__all__ = ["matrix_exp", "matrix_power", "vander"]


# --- powers ------------------------------------------------------------------------------------------------------


def _power(name: str, x: Tensor, n: Any) -> Tensor:
    """The power by squaring: as many products as `n` has binary digits, and ones."""
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise TypeError(f"{name}(): argument 'n' (position 2) must be int, not {type(n).__name__}")
    check_square("linalg.matrix_power", x._array)
    if n < 0:
        x, n = importlib.import_module(f"{__package__}.inverse").inv(x), -n
    if n == 0:
        array = x._array
        identity = wrap(np.broadcast_to(np.eye(array.shape[-1], dtype=array.dtype), array.shape).copy())
        return identity + ignored(x) if x.requires_grad else identity
    result: Tensor | None = None
    while True:
        if n & 1:
            result = x if result is None else matmul(result, x)
        n >>= 1
        if not n:
            break
        x = matmul(x, x)
    assert result is not None
    return result


@composite(out=True)
def matrix_power(input: Tensor, n: int) -> Tensor:
    """Square matrices to an integer power: ``A @ A @ ...``; 0 gives the identity, negative ones those of the inverse.

    Raises:
        RuntimeError: the matrices are not square; or singular, and `n` is negative.
        TypeError: `n` is no integer.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.matrix_power(tg.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
        tensor([[1., 5.],
                [0., 1.]])
    """
    result = _power("matrix_power", input, n)
    return result.clone() if result is input else result


dispatch.register(np.linalg.matrix_power, lambda a, n: matrix_power(a, n))


# --- the exponential ---------------------------------------------------------------------------------------------

_TERMS = 4  # the polynomial is cut into pieces of so many terms (Paterson and Stockmeyer)
_COEFFICIENTS = [1 / math.factorial(k) for k in range(20)]
# The largest 1-norm for which the first 20 terms are exact to half a unit in the last place.
_SMALL = {8: 1.09, 4: 3.01}


def _polynomial(x: Any) -> Any:
    """The first 20 terms of the exponential series, in seven products."""
    powers = [np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape), x]
    while len(powers) <= _TERMS:
        powers.append(x @ powers[-1])
    result: Any = 0
    for start in range(len(_COEFFICIENTS) - _TERMS, -1, -_TERMS):
        piece = sum(_COEFFICIENTS[start + k] * powers[k] for k in range(_TERMS))
        result = piece if start == len(_COEFFICIENTS) - _TERMS else piece + powers[_TERMS] @ result
    return result


def _exponential(x: Any) -> Any:
    """Each matrix is halved until it is small, and its exponential squared as often."""
    if x.dtype == HALF:
        return _exponential(x.astype(FLOAT32)).astype(HALF)
    if not x.size:
        return np.empty_like(x)
    small = _SMALL[x.real.dtype.itemsize]
    norms = np.abs(x).sum(-2).max(-1)
    usable = np.where(np.isfinite(norms) & (norms > small), norms, small)
    halvings = np.ceil(np.log2(usable / small)).astype(np.int64)[..., None, None]
    result = _polynomial(x * np.exp2(-halvings).astype(x.real.dtype))
    for done in range(int(halvings.max(initial=0))):
        result = np.where(done < halvings, result @ result, result)
    return result


def _exponential_vjp(g: Any, x: Any) -> Any:
    """The derivative stands in a corner of the exponential of a matrix of blocks: of A.T twice, and the gradient."""
    count = x.shape[-1]
    turned = x.swapaxes(-1, -2)
    upper = np.concatenate([turned, g], axis=-1)
    lower = np.concatenate([turned * 0, turned], axis=-1)
    return _matrix_exp.op.numpy(np.concatenate([upper, lower], axis=-2))[..., :count, count:]


@op(kind="general", vjp=_exponential_vjp, torch_name="matrix_exp",
    cases=[case((2, 2)), case((3, 2, 2)), case((1, 1)), case((0, 2, 2)), case((0, 0)),
           case(np.array([[4.0, -7.0], [3.0, 2.0]]))])  # fmt: skip
def _matrix_exp(x, /):
    """The exponential of square matrices."""
    return _exponential(x)


@composite()
def matrix_exp(input: Tensor) -> Tensor:
    """Exponential of square matrices, ``I + A + A @ A / 2 + A @ A @ A / 6 + ...``.

    Raises:
        RuntimeError: the matrices are not square, or of integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.matrix_exp(tg.tensor([[0.0, 1.0], [0.0, 0.0]]))
        tensor([[1., 1.],
                [0., 1.]])
    """
    in_dtype("linalg.matrix_exp", input, None)
    check_square("linalg.matrix_exp", input._array)
    return _matrix_exp(input)


# --- Vandermonde -------------------------------------------------------------------------------------------------


def _rising(x: Tensor, count: int) -> Tensor:
    """``x ** 0, x ** 1, ...`` along a new last dimension, as products of one after the other."""
    shape = (*x._array.shape, count)
    ones = wrap(np.ones((*shape[:-1], min(count, 1)), x._array.dtype))
    if count < 2:
        return ones
    return cat([ones, cumprod(broadcast_to(unsqueeze(x, -1), (*shape[:-1], count - 1)), -1)], dim=-1)


@composite(method=False)
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:  # noqa: N803 - PyTorch's name
    """Vandermonde matrix of a vector: a row per element, with its powers from ``N - 1`` down to 0.

    Args:
        x: the vector.
        N: how many powers; by default as many as elements.
        increasing: from 0 up instead.

    Raises:
        RuntimeError: `x` is no vector, or `N` is negative.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.vander(tg.tensor([1, 2, 3]))
        tensor([[1, 1, 1],
                [4, 2, 1],
                [9, 3, 1]])
    """
    if x.ndim != 1:
        raise RuntimeError(f"x must be a one-dimensional tensor. (vander() got shape {list(x.shape)}.)")
    count = x._array.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError(f"N must be non-negative. (vander() got {count}.)")
    if x._array.dtype.kind in "biu":
        x = x.to(np.dtype(np.int64))
    powers = _rising(x, count)
    return powers if increasing else flip(powers, (1,))


@composite(method=False)
def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:  # noqa: N803 - PyTorch's name
    """Vandermonde matrices of vectors along the last dimension: for each element its powers from 0 to ``N - 1``.

    Raises:
        RuntimeError: `N` is not above 1, or the tensor is boolean.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.ops.matrix_functions import linalg_vander
        >>> linalg_vander(tg.tensor([2, 3]), N=3)
        tensor([[1, 2, 4],
                [1, 3, 9]])
    """
    if x._array.dtype.kind == "b":
        raise RuntimeError("linalg.vander supports floating point, complex, and integer tensors, but got Bool")
    count = N if N is not None else x._array.shape[-1] if x.ndim else 1
    if count <= 1:
        raise RuntimeError(f"N must be greater than 1. (linalg.vander() got {count}.)")
    if x._array.dtype.kind in "iu":
        x = x.to(np.dtype(np.int64))
    return _rising(x if x.ndim else unsqueeze(x, 0), count)


dispatch.register(np.vander, vander)
