"""The chi-squared distribution."""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from . import constraints
from .distribution import Shape
from .gamma import Gamma

__all__ = ["Chi2"]


class Chi2(Gamma):
    """Sums of `df` squared normal numbers: ``Gamma(df / 2, 1 / 2)``.

    Args:
        df: degrees of freedom.
        validate_args: see `Distribution`.

    Raises:
        ValueError: df is not positive.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#chi2

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.Chi2(tg.tensor([3.0])).variance
        tensor([6.])
    """

    arg_constraints: Any = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return super().expand(batch_shape, self._get_checked_instance(Chi2, _instance))

    @property
    def df(self) -> Tensor:
        """Degrees of freedom."""
        return self.concentration * 2
