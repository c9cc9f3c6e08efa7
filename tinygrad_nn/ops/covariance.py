"""How variables vary together: ``cov`` and ``corrcoef``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.cov.html, torch.corrcoef.html
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.op import composite
from .._core.tensor import Tensor, wrap
from .complex_numbers import complex as complex_of
from .complex_numbers import imag, real
from .conjugates import conj
from .diagonals import diagonal
from .linalg import matmul
from .powers import sqrt
from .reduce import sum as sum_of
from .selection import clamp

__all__ = ["corrcoef", "cov"]


def _check_weights(name: str, weights: Any, count: int) -> None:
    array = weights._array
    if array.ndim > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {array.ndim} dimensions"
        )
    wanted, kinds = ("integral", "biu") if name == "fweights" else ("floating point", "f")
    if array.dtype.kind not in kinds:
        raise RuntimeError(
            f"cov(): expected {name} to have {wanted} dtype but got {name} with {dtypes.type_name(array.dtype)} dtype"
        )
    if array.size != count:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got "
            f"{array.size} != {count}"
        )
    if (array < 0).any():
        raise RuntimeError(f"cov(): {name} cannot be negative")


def _weights(count: int, fweights: Tensor | None, aweights: Tensor | None) -> Tensor | None:
    """The product of both kinds of weights, of those that there are."""
    weights = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is not None:
            _check_weights(name, given, count)
            weights = given if weights is None else weights * given
    return weights


def _freedom(total: Any, weights: Tensor | None, aweights: Tensor | None, correction: int) -> Any:
    """What the sum of products is divided by, at least 0."""
    if weights is not None and aweights is not None and correction != 0:
        freedom = total - correction * sum_of(weights * aweights) / total
    else:
        freedom = total - correction
    if (freedom.item() if isinstance(freedom, Tensor) else freedom) <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
            UserWarning,
            stacklevel=5,
        )
        return freedom * 0 if isinstance(freedom, Tensor) else wrap(np.zeros((), np.int64))
    return freedom


@composite()
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """The covariances of variables, which are the rows of a matrix whose columns are observations.

    ``sum_i w_i (x_i - mean(x)) (y_i - mean(y)) / (n - correction)``. A vector is one variable, whose variance is
    returned.

    Args:
        correction: 1 gives the unbiased estimate, 0 the average.
        fweights: how often each observation counts, integers.
        aweights: how much each observation weighs, floating point numbers.

    Raises:
        RuntimeError: the input has more than two dimensions or is of booleans; or the weights do not fit, are
            negative, or sum to zero.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.cov.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cov(tg.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
        tensor([[ 1., -1.],
                [-1.,  1.]])
    """
    array = input._array
    if array.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {array.ndim} dimensions"
        )
    if array.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input. Convert first: x.float().")
    if not isinstance(correction, int | np.integer) or isinstance(correction, bool):
        raise TypeError(f"cov(): argument 'correction' must be int, not {type(correction).__name__}")
    rows = input.reshape(1, -1) if array.ndim < 2 else input
    count = rows._array.shape[1]
    weights = _weights(count, fweights, aweights)
    total = wrap(np.asarray(count, np.int64)) if weights is None else sum_of(weights)
    if weights is not None and not total.item():
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    mean = sum_of(rows if weights is None else rows * weights, 1) / total
    freedom = _freedom(total, weights, aweights, correction)
    centred = rows - mean.unsqueeze(1)
    other = centred if weights is None else centred * weights
    other = conj(other) if other.is_complex() else other
    result: Tensor = (matmul(centred, other.t().to(centred.dtype)) / freedom).squeeze()
    return result


@composite()
def corrcoef(input: Tensor) -> Tensor:
    """Pearson's correlation coefficients of variables, which are the rows of a matrix: `cov` with variances of 1.

    Raises:
        RuntimeError: the input has more than two dimensions, or is of booleans.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.corrcoef.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.corrcoef(tg.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
        tensor([[ 1., -1.],
                [-1.,  1.]])
    """
    if input._array.ndim > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input._array.ndim} dimensions"
        )
    covariance = cov(input)
    if not covariance._array.ndim:
        return covariance / covariance
    variances = diagonal(covariance)
    deviations = sqrt(real(variances) if variances.is_complex() else variances)
    result: Any = covariance / deviations.reshape(-1, 1) / deviations.reshape(1, -1)
    if result.is_complex():
        return complex_of(clamp(real(result), -1, 1), clamp(imag(result), -1, 1))
    return clamp(result, -1, 1)
