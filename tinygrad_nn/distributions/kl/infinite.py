"""Pairs of which p draws values that q cannot: the divergence is infinite."""

from __future__ import annotations

from math import inf
from typing import Any

from ..._core.tensor import Tensor
from ...ops.creation import full_like
from ..bernoulli import Bernoulli
from ..beta import Beta
from ..binomial import Binomial
from ..continuous_bernoulli import ContinuousBernoulli
from ..exponential import Exponential
from ..gamma import Gamma
from ..gumbel import Gumbel
from ..laplace import Laplace
from ..normal import Normal
from ..pareto import Pareto
from ..poisson import Poisson
from ..uniform import Uniform
from .registry import register_kl

_WHOLE_LINE = (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)
_HALF_LINE = (Beta, ContinuousBernoulli, Pareto, Uniform)
# p, the parameter that has the shape of the result, and all such q
_TABLE: list[tuple[type[Any], str, tuple[type[Any], ...]]] = [
    (Beta, "concentration1", (Pareto,)),
    (ContinuousBernoulli, "probs", (Pareto,)),
    (Exponential, "rate", _HALF_LINE),
    (Gamma, "concentration", _HALF_LINE),
    (Gumbel, "loc", _WHOLE_LINE),
    (Laplace, "loc", _WHOLE_LINE),
    (Normal, "loc", _WHOLE_LINE),
    (Pareto, "scale", (Beta, ContinuousBernoulli, Uniform)),
    (Poisson, "rate", (Bernoulli, Binomial)),
]


def _register(type_p: type[Any], parameter: str, types_q: tuple[type[Any], ...]) -> None:
    def infinite(p: Any, q: Any) -> Tensor:
        result: Tensor = full_like(getattr(p, parameter), inf)
        return result

    for type_q in types_q:
        register_kl(type_p, type_q)(infinite)


for _row in _TABLE:
    _register(*_row)
