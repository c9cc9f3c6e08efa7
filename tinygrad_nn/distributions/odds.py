"""Parameters given as probabilities or as their logits."""

from __future__ import annotations

from typing import Any

from .._core.tensor import Size, Tensor
from .distribution import Distribution
from .utils import broadcast_all, is_number, lazy_property, logits_to_probs, probs_to_logits

__all__ = ["Odds", "check_one_given"]


def check_one_given(probs: Any, logits: Any) -> None:
    """Refuse both, and none.

    Raises:
        ValueError: both are given, or none.
    """
    if (probs is None) == (logits is None):
        found = "neither" if probs is None else "both"
        raise ValueError(f"Either `probs` or `logits` must be specified, but not both. Got {found}.")


class Odds(Distribution):
    """A distribution that is given `probs` or `logits`, and computes the other one when it is asked for."""

    _given: str

    def _take(self, probs: Any, logits: Any) -> Size:
        """Keep the one that is given, and return its shape."""
        check_one_given(probs, logits)
        self._given = "logits" if probs is None else "probs"
        value = logits if probs is None else probs
        self.__dict__[self._given] = broadcast_all(value)[0]
        return Size() if is_number(value) else self._param.size()

    def _take_counted(self, total_count: Any, probs: Any, logits: Any) -> Tensor:
        """Keep the one that is given and return the number of tries, both in the same shape and type."""
        check_one_given(probs, logits)
        self._given = "logits" if probs is None else "probs"
        count, self.__dict__[self._given] = broadcast_all(total_count, logits if probs is None else probs)
        return count.type_as(self._param)

    @property
    def _param(self) -> Tensor:
        """What was given."""
        found: Tensor = self.__dict__[self._given]
        return found

    def _new(self, *args: Any, **kwargs: Any) -> Tensor:
        return self._param.new(*args, **kwargs)

    @lazy_property
    def logits(self) -> Tensor:
        """``log(probs / (1 - probs))``."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Tensor:
        """The probability of a 1, ``1 / (1 + exp(-logits))``."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Size:
        """The shape of what was given."""
        result: Size = self._param.size()
        return result
