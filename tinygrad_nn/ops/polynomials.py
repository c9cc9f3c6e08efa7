"""Orthogonal polynomials: Chebyshev's of four kinds, also shifted to [0, 1], Hermite's, Laguerre's and Legendre's.

All take ``(input, n)``: the point, and the degree, a number or a tensor that broadcasts. A negative degree gives 0. The
gradient goes to `input` only; PyTorch, which has none, gives a result outside of the graph.

Source: https://docs.pytorch.org/docs/stable/special.html
"""

from __future__ import annotations

from typing import Any

from .._core import polynomials as kernels
from .._core.op import Integers, OpFunction, case, op

__all__: list[str] = []  # at the top level PyTorch has none of them

_CASES = [case((2, 3), Integers((3,), 6)), case((), Integers((), 12)), case((2, 1), 10)]


def _slope_rule(g: Any, x: Any, n: Any, family: str, order: int) -> Any:
    return g * _slope.op.numpy(x, n, family=family, order=order + 1)


@op(vjp=(_slope_rule, None),
    method=False, torch_name="", names=("input", "n"), promotes="float", domain=(-0.9, 0.9),
    cases=[case((2, 3), Integers((3,), 6), family="legendre", order=1),
           case((2, 3), Integers((3,), 12), family="shifted_chebyshev_u", order=1)])  # fmt: skip
def _slope(x, n, /, *, family, order):
    """A derivative of the polynomial of a family."""
    return kernels.evaluate(family, x, n, order)


def _polynomial(function: Any) -> OpFunction:
    """Make a function of (x, n) with a `kernels` family's name an op."""
    name = function.__name__
    family = name.replace("_polynomial", "").removesuffix("_l").removesuffix("_p")

    def rule(g: Any, x: Any, n: Any) -> Any:
        return g * _slope.op.numpy(x, n, family=family, order=1)

    register = op(
        vjp=(rule, None), promotes="float", names=("input", "n"), method=False, torch_name="",
        domain=(0.1, 0.9) if name.startswith("shifted") else (-0.9, 0.9), cases=_CASES,
    )  # fmt: skip
    return register(function)


@_polynomial
def chebyshev_polynomial_t(x, n, /):
    """Chebyshev's polynomial of the first kind and of degree n.

    Formula: ``cos(n arccos(x))``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.chebyshev_polynomial_t(tg.tensor([0.5, 0.5]), tg.tensor([2, 3]))
        tensor([-0.5000, -1.0000])
    """
    return kernels.evaluate("chebyshev_t", x, n)


@_polynomial
def chebyshev_polynomial_u(x, n, /):
    """Chebyshev's polynomial of the second kind and of degree n.

    Formula: ``sin((n + 1) arccos(x)) / sin(arccos(x))``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.chebyshev_polynomial_u(tg.tensor([0.5, 0.5]), tg.tensor([2, 3]))
        tensor([ 0., -1.])
    """
    return kernels.evaluate("chebyshev_u", x, n)


@_polynomial
def chebyshev_polynomial_v(x, n, /):
    """Chebyshev's polynomial of the third kind and of degree n.

    Formula: ``cos((n + 1/2) arccos(x)) / cos(arccos(x) / 2)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.chebyshev_polynomial_v(tg.tensor([0.5, 0.5]), tg.tensor([2, 3]))
        tensor([-1., -1.])
    """
    return kernels.evaluate("chebyshev_v", x, n)


@_polynomial
def chebyshev_polynomial_w(x, n, /):
    """Chebyshev's polynomial of the fourth kind and of degree n.

    Formula: ``sin((n + 1/2) arccos(x)) / sin(arccos(x) / 2)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.chebyshev_polynomial_w(tg.tensor([0.5, 0.5]), tg.tensor([2, 3]))
        tensor([ 1., -1.])
    """
    return kernels.evaluate("chebyshev_w", x, n)


@_polynomial
def shifted_chebyshev_polynomial_t(x, n, /):
    """Chebyshev's polynomial of the first kind, shifted from [-1, 1] to [0, 1].

    Formula: ``chebyshev_polynomial_t(2 * x - 1, n)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.shifted_chebyshev_polynomial_t(tg.tensor([0.25, 1.0]), tg.tensor([2, 3]))
        tensor([-0.5000,  1.0000])
    """
    return kernels.evaluate("shifted_chebyshev_t", x, n)


@_polynomial
def shifted_chebyshev_polynomial_u(x, n, /):
    """Chebyshev's polynomial of the second kind, shifted from [-1, 1] to [0, 1].

    Formula: ``chebyshev_polynomial_u(2 * x - 1, n)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.shifted_chebyshev_polynomial_u(tg.tensor([0.25, 1.0]), tg.tensor([2, 3]))
        tensor([0., 4.])
    """
    return kernels.evaluate("shifted_chebyshev_u", x, n)


@_polynomial
def shifted_chebyshev_polynomial_v(x, n, /):
    """Chebyshev's polynomial of the third kind, shifted from [-1, 1] to [0, 1].

    Formula: ``chebyshev_polynomial_v(2 * x - 1, n)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.shifted_chebyshev_polynomial_v(tg.tensor([0.25, 1.0]), tg.tensor([2, 3]))
        tensor([1., 1.])
    """
    return kernels.evaluate("shifted_chebyshev_v", x, n)


@_polynomial
def shifted_chebyshev_polynomial_w(x, n, /):
    """Chebyshev's polynomial of the fourth kind, shifted from [-1, 1] to [0, 1].

    Formula: ``chebyshev_polynomial_w(2 * x - 1, n)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.shifted_chebyshev_polynomial_w(tg.tensor([0.25, 1.0]), tg.tensor([2, 3]))
        tensor([-1.,  7.])
    """
    return kernels.evaluate("shifted_chebyshev_w", x, n)


@_polynomial
def hermite_polynomial_h(x, n, /):
    """The physicists' Hermite polynomial of degree n; nan for degrees above 512 (float32: 128).

    Formula: ``H[n](x) = 2 x H[n - 1](x) - 2 (n - 1) H[n - 2](x)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.hermite_polynomial_h(tg.tensor([0.5, 1.0]), tg.tensor([2, 3]))
        tensor([-1., -4.])
    """
    return kernels.evaluate("hermite_h", x, n)


@_polynomial
def hermite_polynomial_he(x, n, /):
    """The probabilists' Hermite polynomial of degree n; nan for degrees above 512 (float32: 128).

    Formula: ``He[n](x) = x He[n - 1](x) - (n - 1) He[n - 2](x)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.hermite_polynomial_he(tg.tensor([0.5, 1.0]), tg.tensor([2, 3]))
        tensor([-0.7500, -2.0000])
    """
    return kernels.evaluate("hermite_he", x, n)


@_polynomial
def laguerre_polynomial_l(x, n, /):
    """Laguerre's polynomial of degree n.

    Formula: ``n L[n](x) = (2 n - 1 - x) L[n - 1](x) - (n - 1) L[n - 2](x)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.laguerre_polynomial_l(tg.tensor([0.5, 1.0]), tg.tensor([2, 3]))
        tensor([ 0.1250, -0.6667])
    """
    return kernels.evaluate("laguerre", x, n)


@_polynomial
def legendre_polynomial_p(x, n, /):
    """Legendre's polynomial of degree n.

    Formula: ``n P[n](x) = (2 n - 1) x P[n - 1](x) - (n - 1) P[n - 2](x)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.legendre_polynomial_p(tg.tensor([0.5, 1.0]), tg.tensor([2, 3]))
        tensor([-0.1250,  1.0000])
    """
    return kernels.evaluate("legendre", x, n)
