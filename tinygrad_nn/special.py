"""Special functions, under PyTorch's name ``torch.special``. Those that PyTorch has at its top level are the same.

Source: https://docs.pytorch.org/docs/stable/special.html
"""

from __future__ import annotations

from typing import Any

from ._core.tensor import Tensor
from .ops.activation import sigmoid
from .ops.bessel import (
    airy_ai,
    bessel_j0,
    bessel_j1,
    bessel_y0,
    bessel_y1,
    i0,
    i0e,
    i1,
    i1e,
    modified_bessel_i0,
    modified_bessel_i1,
    modified_bessel_k0,
    modified_bessel_k1,
    scaled_modified_bessel_k0,
    scaled_modified_bessel_k1,
    spherical_bessel_j0,
)
from .ops.exponential import erf, erfc, erfinv, exp2, expm1, log1p, logit, xlogy
from .ops.gamma import digamma, igamma, igammac, lgamma, mvlgamma, polygamma, zeta
from .ops.normal_distribution import entr, erfcx, log_ndtr, ndtr, ndtri, xlog1py
from .ops.polynomials import (
    chebyshev_polynomial_t,
    chebyshev_polynomial_u,
    chebyshev_polynomial_v,
    chebyshev_polynomial_w,
    hermite_polynomial_h,
    hermite_polynomial_he,
    laguerre_polynomial_l,
    legendre_polynomial_p,
    shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w,
)
from .ops.rounding import round
from .ops.softmax import log_softmax as _log_softmax
from .ops.softmax import softmax as _softmax
from .ops.statistics import logsumexp
from .ops.trigonometric import sinc

__all__ = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "chebyshev_polynomial_t", "chebyshev_polynomial_u",
    "chebyshev_polynomial_v", "chebyshev_polynomial_w", "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2",
    "expit", "expm1", "gammainc", "gammaincc", "gammaln", "hermite_polynomial_h", "hermite_polynomial_he", "i0", "i0e",
    "i1", "i1e", "laguerre_polynomial_l", "legendre_polynomial_p", "log1p", "log_ndtr", "log_softmax", "logit",
    "logsumexp", "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "multigammaln",
    "ndtr", "ndtri", "polygamma", "psi", "round", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1",
    "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w", "sinc", "softmax", "spherical_bessel_j0", "xlog1py", "xlogy", "zeta",
]  # fmt: skip

# other names of the same functions
expit, psi, gammaln, multigammaln = sigmoid, digamma, lgamma, mvlgamma
gammainc, gammaincc = igamma, igammac


def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """``exp(x)`` divided by its sum along a dimension: positive numbers that add up to 1.

    Args:
        input: the numbers.
        dim: the dimension.
        dtype: convert the input first.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.softmax(tg.tensor([0.0, 0.0]), 0)
        tensor([0.5000, 0.5000])
    """
    return _softmax(input, dim, dtype=dtype)


def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`, exact where softmax itself would be rounded to 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.log_softmax(tg.tensor([0.0, 1000.0]), 0)
        tensor([-1000.,     0.])
    """
    return _log_softmax(input, dim, dtype=dtype)
