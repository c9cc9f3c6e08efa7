"""The Laplace distribution."""

from __future__ import annotations

from typing import Any

from .._core.dtypes import finfo
from .._core.tensor import Size, Tensor
from . import constraints
from .distribution import Distribution, Shape
from .utils import broadcast_all, is_number

__all__ = ["Laplace"]


class Laplace(Distribution):
    """The density ``exp(-|x - loc| / scale) / (2 scale)``.

    Args:
        loc: the mean.
        scale: the mean distance from it.
        validate_args: see `Distribution`.

    Raises:
        ValueError: the scale is not positive.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#laplace

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.Laplace(0.0, 1.0).log_prob(tg.tensor(0.0))
        tensor(-0.6931)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        shape = Size() if is_number(loc, scale) else self.loc.size()
        super().__init__(shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(Laplace, batch_shape, _instance)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return 2 * self.scale.pow(2)

    @property
    def stddev(self) -> Tensor:
        return 2**0.5 * self.scale

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        u = self.loc.new_empty(self._extended_shape(sample_shape)).uniform_(finfo(self.loc.dtype).eps - 1, 1)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        distance = value - self.loc
        return 0.5 - 0.5 * distance.sign() * (-distance.abs() / self.scale).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        distance = value - 0.5
        return self.loc - self.scale * distance.sign() * (-2 * distance.abs()).log1p()

    def entropy(self) -> Tensor:
        return 1 + (2 * self.scale).log()
