"""The gamma function's logarithm and derivatives, its incomplete forms, and the zeta function.

Integers become floats first, but for the incomplete gamma functions, which refuse them.

Source: https://docs.pytorch.org/docs/stable/special.html
"""

from __future__ import annotations

import math
from math import inf
from typing import Any

import numpy as np

from .._core import gamma as kernels
from .._core import incomplete_gamma
from .._core.op import Integers, case, composite, op
from .._core.tensor import Tensor
from .forms import inplace_form, not_differentiable, refuse

__all__ = ["digamma", "igamma", "igammac", "lgamma", "mvlgamma", "polygamma"]

_POINTS = [case(np.array([0.5, 1.0, 2.0, 20.0, -0.5]))]


def _lgamma_rule(g: Any, x: Any) -> Any:
    return g * digamma.op.numpy(x)


@op(vjp=_lgamma_rule, promotes="float", domain=(0.1, inf), special=_POINTS)
def lgamma(x, /):
    """The logarithm of the absolute value of the gamma function: infinite at 0, -1, -2, ...

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.lgamma(tg.tensor([0.5, 1.0, 4.0]))
        tensor([0.5724, 0.0000, 1.7918])
    """
    return kernels.log_gamma(x)


def _digamma_rule(g: Any, x: Any) -> Any:
    return g * _polygamma.op.numpy(x, n=1)


@op(vjp=_digamma_rule, promotes="float", domain=(0.1, inf), special=_POINTS,
    tolerance=(10.0, "PyTorch's trigamma, its derivative, is off by 5e-10"))  # fmt: skip
def digamma(x, /):
    """The derivative of `lgamma`: -inf at 0, nan at -1, -2, ...

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.digamma(tg.tensor([1.0, 0.5]))
        tensor([-0.5772, -1.9635])
    """
    return kernels.digamma(x)


def _polygamma_rule(g: Any, x: Any, n: Any) -> Any:
    return g * _polygamma.op.numpy(x, n=n + 1)


@op(vjp=_polygamma_rule, promotes="float", method=False, torch_name="",
    node_name="PolygammaBackward0", domain=(0.5, 5.0),
    cases=[case((2, 3), n=0), case((2, 3), n=1), case((), n=3)])  # fmt: skip
def _polygamma(x, /, *, n):
    """See `polygamma`."""
    return kernels.polygamma(n, x)


@composite(method=False, out=True)
def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of `digamma`; of order 0, digamma itself.

    Raises:
        RuntimeError: n is negative.
        TypeError: n is no integer.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.polygamma(1, tg.tensor([1.0, 0.5]))
        tensor([1.6449, 4.9348])
    """
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise TypeError(f"polygamma(): argument 'n' (position 1) must be int, not {type(n).__name__}")
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n. (n is {n})")
    result: Tensor = _polygamma(input, n=int(n))
    return result


def _polygamma_method(self: Tensor, n: int) -> Tensor:
    """The n-th derivative of `digamma` at the elements."""
    result: Tensor = polygamma(n, self)
    return result


_polygamma_method.__name__ = _polygamma_method.__qualname__ = "polygamma"
composite()(_polygamma_method)
inplace_form(_polygamma_method)


@composite(out=True)
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function of p dimensions.

    Formula: ``p (p - 1) / 4 log(pi) + sum(lgamma(x - i / 2) for i in range(p))``.

    Raises:
        RuntimeError: p is below 1.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.mvlgamma(tg.tensor([1.0, 3.0]), 2)
        tensor([1.1447, 1.5502])
    """
    if input._array.dtype.kind == "b":
        raise RuntimeError("The input tensor may not be a boolean tensor. Convert it first: x.float().")
    if p < 1:
        raise RuntimeError(f"p has to be greater than or equal to 1, got {p}")
    total = lgamma(input)
    for i in range(1, p):
        total = total + lgamma(input - 0.5 * i)
    result: Tensor = total + 0.25 * p * (p - 1) * math.log(math.pi)
    return result


inplace_form(mvlgamma)


# --- incomplete --------------------------------------------------------------------------------------------------


def _density(g: Any, a: Any, x: Any) -> Any:
    """``x ** (a - 1) * exp(-x) / gamma(a)``, by which the incomplete functions grow."""
    return g * np.exp((a - 1) * np.log(x) - x - lgamma.op.numpy(a))


_PARAMETERS = [case(np.array([[0.5], [4.0]]), np.array([0.25, 3.0, 8.0]))]


@op(vjp=(not_differentiable("igamma: input"), _density), domain=(0.2, 5.0),
    cases=[case(Integers((2, 3), 4), (2, 3)), case(Integers((), 3), (3,))],
    tolerance=(100.0, "PyTorch takes the parameter's logarithm of gamma in float32"))  # fmt: skip
def igamma(a, x, /):
    """The regularised lower incomplete gamma function, of a shape ``input`` up to ``other``; from 0 to 1.

    Its gradient goes to `other` only, as in PyTorch.

    Formula: the integral of ``t ** (a - 1) * exp(-t)`` from 0 to x, divided by ``gamma(a)``.

    Raises:
        NotImplementedError: both tensors are of integers; or the gradient of `input` is asked for.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.igamma(tg.tensor([4.0]), tg.tensor([3.0, 4.0, 5.0]))
        tensor([0.3528, 0.5665, 0.7350])
    """
    refuse("igamma_cpu", a, "biu")
    return incomplete_gamma.lower_gamma(a, x)


@op(vjp=(not_differentiable("igammac: input"), lambda g, a, x: -_density(g, a, x)), domain=(0.2, 5.0),
    cases=[case(Integers((2, 3), 4), (2, 3)), case(Integers((), 3), (3,))],
    tolerance=(100.0, "PyTorch takes the parameter's logarithm of gamma in float32"))  # fmt: skip
def igammac(a, x, /):
    """The regularised upper incomplete gamma function, ``1 - igamma(input, other)``, exact where it is tiny.

    Raises:
        NotImplementedError: both tensors are of integers; or the gradient of `input` is asked for.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.igammac(tg.tensor([4.0]), tg.tensor([3.0, 4.0, 5.0]))
        tensor([0.6472, 0.4335, 0.2650])
    """
    refuse("igammac_cpu", a, "biu")
    return incomplete_gamma.upper_gamma(a, x)


# --- zeta --------------------------------------------------------------------------------------------------------


def _zeta_rule(g: Any, s: Any, q: Any) -> Any:
    return g * -(s * zeta.op.numpy(s + 1, q))


@op(vjp=(not_differentiable("zeta"), _zeta_rule), promotes="float",
    method=False, torch_name="special.zeta", node_name="SpecialZetaBackward0", domain=(0.5, 5.0),
    cases=[case(2, (2, 3)), case(4, (3,))])  # fmt: skip
def zeta(s, q, /):
    """Hurwitz's zeta function, the sum of ``(other + k) ** -input`` over k = 0, 1, 2, ...

    It is infinite where input is 1, and nan below. Its gradient goes to `other` only, as in PyTorch.

    Raises:
        NotImplementedError: the gradient of `input` is asked for.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.zeta(tg.tensor([2.0, 4.0]), 1)
        tensor([1.6449, 1.0823])
    """
    return kernels.zeta(s, q)
