"""From real vectors to positive numbers that add up to 1."""

from __future__ import annotations

from typing import Any

from ..._core.dtypes import finfo
from ..._core.tensor import Tensor
from ...ops.activation import logsigmoid
from ...ops.padding import pad
from .. import constraints
from .elementwise import clipped_sigmoid
from .transform import Simple

__all__ = ["SoftmaxTransform", "StickBreakingTransform"]


def _check_vector(shape: Any) -> None:
    if len(shape) < 1:
        raise ValueError("Too few dimensions on input")


class SoftmaxTransform(Simple):
    """``y = exp(x) / sum(exp(x))``. Not bijective: the inverse is ``log(y)``, one of many; good for optimization."""

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        powers = (x - x.max(-1, True)[0]).exp()
        result: Tensor = powers / powers.sum(-1, True)
        return result

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def forward_shape(self, shape: Any) -> Any:
        _check_vector(shape)
        return shape

    inverse_shape = forward_shape


class StickBreakingTransform(Simple):
    """From K real numbers to K + 1 that add up to 1: each takes its share of what the ones before have left.

    The share is the sigmoid of ``x[k] - log(K - k)``, so that x = 0 gives equal numbers. It is bijective.
    """

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    @staticmethod
    def _log_remaining(like: Tensor, count: int, of: int) -> Tensor:
        """``log(of - 1), log(of - 2), ...``"""
        return (of - like.new_ones(count).cumsum(-1)).log()

    def _call(self, x: Tensor) -> Any:
        count = x.shape[-1]
        share = clipped_sigmoid(x - self._log_remaining(x, count, count + 1))
        left = (1 - share).cumprod(-1)
        return pad(share, [0, 1], value=1) * pad(left, [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        cropped = y[..., :-1]
        left = (1 - cropped.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)  # rounding may have made it negative
        return cropped.log() - left.log() + self._log_remaining(y, cropped.shape[-1], y.shape[-1])

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        count = x.shape[-1]
        x = x - self._log_remaining(x, count, count + 1)
        return (-x + logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        _check_vector(shape)
        return shape[:-1] + (shape[-1] + 1,)

    def inverse_shape(self, shape: Any) -> Any:
        _check_vector(shape)
        return shape[:-1] + (shape[-1] - 1,)
