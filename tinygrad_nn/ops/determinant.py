"""Determinants of square matrices, and their logarithms.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.det.html, torch.linalg.slogdet.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import return_types
from .._core.op import case, composite, op
from .._core.tensor import Tensor
from .inverse import _inverse, inverted
from .matrix_checks import SQUARE, SQUARES, array_of, check_floats, check_square, lapack, turned

__all__ = ["det", "logdet", "slogdet"]

_UNSURE = 100  # times the precision: beside this and the matrix, how large an inverse is that tells nothing


def _det_rule(g: Any, x: Any, out: Any) -> Any:
    """The gradient times the matrix of cofactors, which is ``det(A) A^-T`` where A has an inverse."""
    array = array_of(x)
    if not array.size:
        return x
    inverse = inverted(array)[0]
    condition = np.linalg.norm(array, axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1))
    singular = ~(condition * (_UNSURE * np.finfo(array.dtype).eps) < 1)[..., None, None]
    if not singular.any():
        return (g * out)[..., None, None] * turned(inverse if x is array else _inverse.op.numpy(x))
    count = array.shape[-1]
    one = np.eye(count, dtype=array.dtype)
    other = one * np.arange(1, count + 1, dtype=array.real.dtype)  # singular values that are all different
    regular = _inverse.op.numpy(np.where(singular, one, x))
    cofactors = _cofactors(np.where(singular, x, other))
    return g[..., None, None] * np.where(singular, cofactors, out[..., None, None] * turned(regular))


def _cofactors(x: Any) -> Any:
    """The cofactors of a matrix that may be singular: every singular value is replaced by the product of the others.

    Source: https://nhigham.com/2020/06/16/what-is-the-adjugate-of-a-matrix/
    """
    from .singular_values import _svd  # only here: singular matrices are rare

    u, s, vh = _svd.op.numpy(x)
    one = np.eye(s.shape[-1], dtype=array_of(s).dtype)
    others = (s[..., None, :] * (1 - one) + one).prod(axis=-1)
    signs = _det.op.numpy(u) * _det.op.numpy(vh)
    return ((u * others[..., None, :]) @ vh).conj() * signs[..., None, None]


@op(kind="general", method=False, torch_name="linalg.det", vjp=_det_rule, node_name="LinalgDetBackward0",
    cases=[case(SQUARE), case(SQUARES), case((0, 0)), case(SQUARE[:1, :1])],
    tolerance=(10, "products of matrices in another order"))  # fmt: skip
def _det(x, /):
    """The determinant."""
    return lapack(np.linalg.det, x)


@composite(np.linalg.det, out=True)
def det(input: Tensor) -> Tensor:
    """The determinant of a square matrix, or of each of a batch; 1 for a matrix without elements.

    At a singular matrix, too, the gradient is the matrix of cofactors.

    Raises:
        RuntimeError: the matrices are not square, or not of floating point or complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.det(tg.tensor([[2.0, 1.0], [0.0, 3.0]]))
        tensor(6.)
    """
    check_square("linalg.det", input)
    check_floats("linalg.det", input, "lu")
    return _det(input)


def _slogdet_rule(g: Any, x: Any, out: Any) -> Any:
    factor = g[1]
    if array_of(x).dtype.kind == "c":  # a turn of the sign is an imaginary change of the logarithm
        factor = factor - 1j * (g[0].conj() * out[0]).imag
    inverse = _inverse.op.numpy(x, check=False)
    return factor[..., None, None] * turned(inverse).conj()


@op(kind="general", method=False, several=True, holomorphic=False, torch_name="linalg.slogdet", vjp=_slogdet_rule,
    node_name="LinalgSlogdetBackward0",
    cases=[case(SQUARE), case(SQUARES), case((0, 0)), case(-SQUARE)])  # fmt: skip
def _slogdet(x, /):
    """Sign and logarithm."""
    return tuple([np.asarray(part) for part in lapack(lambda a: tuple(np.linalg.slogdet(a)), x)])


@composite(np.linalg.slogdet, method=False, out=True)
def linalg_slogdet(A: Tensor) -> Any:  # noqa: N803 - PyTorch's name
    """The sign of the determinant, and the logarithm of its absolute value: ``det(A) = sign * exp(logabsdet)``.

    The sign of a complex determinant is a complex number of length 1. A singular matrix has 0 and ``-inf``.

    Raises:
        RuntimeError: the matrices are not square, or not of floating point or complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.slogdet(tg.tensor([[0.0, 1.0], [1.0, 0.0]])).sign
        tensor(-1.)
    """
    check_square("linalg.slogdet", A)
    check_floats("linalg.slogdet", A)
    return return_types.linalg_slogdet(*_slogdet(A))


@composite(out=True)
def slogdet(input: Tensor) -> Any:
    """As `linalg.slogdet`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.slogdet(tg.eye(2)).logabsdet
        tensor(0.)
    """
    return return_types.slogdet(*linalg_slogdet(input))


@composite()
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant: nan where it is negative, ``-inf`` where it is zero.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logdet(2.0 * tg.eye(2))
        tensor(1.3863)
    """
    check_square("logdet", input)
    check_floats("logdet", input)
    sign, value = _slogdet(input)
    if input._array.dtype.kind == "c":
        complex_value: Tensor = sign.log() + value
        return complex_value
    result: Tensor = value.masked_fill(sign == -1, float("nan"))
    return result
