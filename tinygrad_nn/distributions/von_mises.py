"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any

from .._core.dtypes import bool_, float64
from .._core.modes import no_grad
from .._core.tensor import Tensor
from ..ops.creation import zeros
from ..ops.random import rand
from . import constraints
from .distribution import Distribution, Shape
from .utils import broadcast_all, lazy_property, where

__all__ = ["VonMises"]

# Polynomials in (x / 3.75)**2 for small x and in 3.75 / x for large x, of the orders 0 and 1.
_SMALL = (
    (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.360768e-1, 0.45813e-2),
    (0.5, 0.87890594, 0.51498869, 0.15084934, 0.2658733e-1, 0.301532e-2, 0.32411e-3),
)
_LARGE = (
    (0.39894228, 0.1328592e-1, 0.225319e-2, -0.157565e-2, 0.916281e-2, -0.2057706e-1, 0.2635537e-1, -0.1647633e-1,
     0.392377e-2),
    (0.39894228, -0.3988024e-1, -0.362018e-2, 0.163801e-2, -0.1031555e-1, 0.2282967e-1, -0.2895312e-1, 0.1787654e-1,
     -0.420059e-2),
)  # fmt: skip


def _polynomial(x: Tensor, coefficients: tuple[float, ...]) -> Any:
    result: Any = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        result = coefficient + x * result
    return result


def _log_modified_bessel_fn(x: Tensor, order: int = 0) -> Tensor:
    """``log I(x)`` of a positive x, to seven digits.

    Source: M. Abramowitz and I. A. Stegun, "Handbook of mathematical functions", 1964, 9.8.1 to 9.8.4.
    """
    near = x / 3.75
    small = _polynomial(near * near, _SMALL[order])
    small = (x.abs() * small if order else small).log()
    large = x - 0.5 * x.log() + _polynomial(3.75 / x, _LARGE[order]).log()
    return where(x < 3.75, small, large)


class VonMises(Distribution):
    """Angles with a density proportional to ``exp(concentration cos(x - loc))``: the normal distribution of a circle.

    Args:
        loc: the mean angle, in radians.
        concentration: how close angles are to it.
        validate_args: see `Distribution`.

    Raises:
        ValueError: the concentration is not positive.

    Source: D. J. Best and N. I. Fisher, "Efficient simulation of the von Mises distribution", 1979.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.VonMises(tg.tensor([1.0]), tg.tensor([1.0])).log_prob(tg.tensor([1.0]))
        tensor([-1.0738])
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        validate_args = self.__dict__.get("_validate_args")
        loc, concentration = self.loc.expand(batch_shape), self.concentration.expand(batch_shape)
        return type(self)(loc, concentration, validate_args=validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        normalizer = math.log(2 * math.pi) + _log_modified_bessel_fn(self.concentration)
        return self.concentration * (value - self.loc).cos() - normalizer

    @lazy_property
    def _proposal_r(self) -> Tensor:
        """The parameter of the wrapped Cauchy distribution from which angles are proposed."""
        kappa = self.concentration.to(float64)
        tau = 1 + (1 + 4 * kappa**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
        return where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho**2) / (2 * rho))

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        """By rejection, in float64."""
        with no_grad():
            shape = self._extended_shape(sample_shape)
            kappa, r = self.concentration.to(float64), self._proposal_r
            angles: Tensor = zeros(shape, dtype=float64)
            done: Tensor = zeros(shape, dtype=bool_)
            while not done.all():
                u1, u2, u3 = rand((3, *shape), dtype=float64).unbind()
                z = (math.pi * u1).cos()
                f = (1 + r * z) / (r + z)
                c = kappa * (r - f)
                accept = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
                angles = where(accept, (u3 - 0.5).sign() * f.acos(), angles)
                done = done | accept
            turned = (angles + math.pi + self.loc.to(float64)) % (2 * math.pi) - math.pi
            return turned.to(self.loc.dtype)

    @property
    def mean(self) -> Tensor:
        """The mean angle."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Tensor:
        """The circular variance, ``1 - I1(concentration) / I0(concentration)``."""
        ratio = _log_modified_bessel_fn(self.concentration, 1) - _log_modified_bessel_fn(self.concentration)
        return 1 - ratio.exp()
