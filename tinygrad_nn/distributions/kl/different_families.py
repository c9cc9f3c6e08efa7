"""Divergences of distributions of different families: ``-H(p) - E[log q(x)]`` over the x of p.

Where p may draw what q cannot, the result is infinite.
"""

from __future__ import annotations

import math
from math import inf, pi
from typing import Any

from ..bernoulli import Bernoulli
from ..beta import Beta
from ..continuous_bernoulli import ContinuousBernoulli
from ..exponential import Exponential
from ..gamma import Gamma
from ..gumbel import Gumbel
from ..laplace import Laplace
from ..normal import Normal
from ..pareto import Pareto
from ..poisson import Poisson
from ..uniform import Uniform
from ..utils import euler_constant
from .registry import register_kl


def _x_log_x(x: Any) -> Any:
    return x.xlogy(x)


def _gamma_normalizer(q: Any) -> Any:
    """The logarithm of what a gamma density is divided by."""
    return q.concentration.lgamma() - q.concentration * q.rate.log()


@register_kl(Bernoulli, Poisson)
def bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


# --- p on [0, 1]


@register_kl(Beta, ContinuousBernoulli)
def beta_continuous_bernoulli(p: Any, q: Any) -> Any:
    return -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()


@register_kl(Beta, Exponential)
def beta_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Beta, Gamma)
def beta_gamma(p: Any, q: Any) -> Any:
    expected_log = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    return -p.entropy() + _gamma_normalizer(q) - (q.concentration - 1) * expected_log + q.rate * p.mean


@register_kl(Beta, Normal)
def beta_normal(p: Any, q: Any) -> Any:
    mean, variance = p.mean, q.scale.pow(2)
    second_moment = mean * (1 - mean) / (p.concentration1 + p.concentration0 + 1) + mean.pow(2)
    distance = second_moment * 0.5 - q.loc * mean + q.loc.pow(2) * 0.5
    return -p.entropy() + 0.5 * (variance * 2 * pi).log() + distance / variance


@register_kl(Beta, Uniform)
def beta_uniform(p: Any, q: Any) -> Any:
    result = -p.entropy() + (q.high - q.low).log()
    return result.masked_fill((q.low > 0) | (q.high < 1), inf)


@register_kl(ContinuousBernoulli, Exponential)
def continuous_bernoulli_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(ContinuousBernoulli, Normal)
def continuous_bernoulli_normal(p: Any, q: Any) -> Any:
    normalizer = 0.5 * (math.log(2.0 * pi) + (q.loc / q.scale).square()) + q.scale.log()
    moments = p.variance + p.mean.square() - 2.0 * q.loc * p.mean
    return -p.entropy() + normalizer + moments / (2.0 * q.scale.square())


@register_kl(ContinuousBernoulli, Uniform)
def continuous_bernoulli_uniform(p: Any, q: Any) -> Any:
    """Infinite too where the bounds are 0 and 1 themselves, as in PyTorch."""
    result = -p.entropy() + (q.high - q.low).log()
    return result.masked_fill((q.low >= 0) | (q.high <= 1), inf)


# --- p on the positive numbers


@register_kl(Exponential, Gamma)
def exponential_gamma(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    constants = q.concentration.lgamma() + q.concentration * euler_constant - (1 + euler_constant)
    return -q.concentration * ratio.log() + ratio + constants


@register_kl(Exponential, Gumbel)
def exponential_gumbel(p: Any, q: Any) -> Any:
    product, place = p.rate * q.scale, q.loc / q.scale
    return product.log() - 1 - place + place.exp() * product / (product + 1) + product.reciprocal()


@register_kl(Exponential, Normal)
def exponential_normal(p: Any, q: Any) -> Any:
    variance, rate_square = q.scale.pow(2), p.rate.pow(2)
    distance = rate_square.reciprocal() - q.loc / p.rate + q.loc.pow(2) * 0.5
    return 0.5 * (rate_square * variance * 2 * pi).log() - 1 + distance / variance


@register_kl(Gamma, Exponential)
def gamma_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Gamma, Gumbel)
def gamma_gumbel(p: Any, q: Any) -> Any:
    product, place = p.rate * q.scale, q.loc / q.scale
    of_p = (p.concentration - 1) * p.concentration.digamma() - p.concentration.lgamma() - p.concentration
    of_q = place.exp() * (1 + product.reciprocal()).pow(-p.concentration) - place
    return of_p + product.log() + p.concentration / product + of_q


@register_kl(Gamma, Normal)
def gamma_normal(p: Any, q: Any) -> Any:
    variance, rate_square = q.scale.pow(2), p.rate.pow(2)
    constants = 0.5 * (rate_square * variance * 2 * pi).log() - p.concentration - p.concentration.lgamma()
    second_moment = 0.5 * (p.concentration.pow(2) + p.concentration) / rate_square
    distance = second_moment - q.loc * p.concentration / p.rate + 0.5 * q.loc.pow(2)
    return constants + (p.concentration - 1) * p.concentration.digamma() + distance / variance


@register_kl(Pareto, Exponential)
def pareto_exponential(p: Any, q: Any) -> Any:
    product = p.scale * q.rate
    mean = p.alpha * product / (p.alpha - 1)
    result = (p.alpha / product).log() - p.alpha.reciprocal() + mean - 1
    return result.masked_fill(p.alpha <= 1, inf)


@register_kl(Pareto, Gamma)
def pareto_gamma(p: Any, q: Any) -> Any:
    expected_log = p.scale.log() + p.alpha.reciprocal()
    mean = q.rate * p.alpha * p.scale / (p.alpha - 1)
    of_q = _gamma_normalizer(q) + (1 - q.concentration) * expected_log + mean
    return (p.alpha.log() - expected_log + of_q - 1).masked_fill(p.alpha <= 1, inf)


@register_kl(Pareto, Normal)
def pareto_normal(p: Any, q: Any) -> Any:
    beyond = p.scale / (p.alpha - 1)
    variance = p.alpha * beyond.pow(2) / (p.alpha - 2)
    distance = (p.alpha * beyond - q.loc).pow(2)
    normalizer = (math.sqrt(2 * pi) * q.scale * p.alpha / p.scale).log()
    result = normalizer - p.alpha.reciprocal() + (variance + distance) / (2 * q.scale.pow(2)) - 1
    return result.masked_fill(p.alpha <= 2, inf)


# --- p on all numbers


@register_kl(Gumbel, Normal)
def gumbel_normal(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    variance = (pi * ratio * 0.5).pow(2) / 3
    distance = ((p.loc + p.scale * euler_constant - q.loc) / q.scale).pow(2) * 0.5
    return -(ratio / math.sqrt(2 * pi)).log() + variance + distance - (euler_constant + 1)


@register_kl(Laplace, Normal)
def laplace_normal(p: Any, q: Any) -> Any:
    variance = q.scale.pow(2)
    ratio = p.scale.pow(2) / variance
    distance = 0.5 * p.loc.pow(2) - p.loc * q.loc + 0.5 * q.loc.pow(2)
    return -0.5 * (2 * ratio / pi).log() + ratio + distance / variance - 1


@register_kl(Normal, Gumbel)
def normal_gumbel(p: Any, q: Any) -> Any:
    p_place, q_place, variance = p.loc / q.scale, q.loc / q.scale, (p.scale / q.scale).pow(2)
    moved = (-p_place + 0.5 * variance + q_place).exp()
    return -variance.log() * 0.5 + p_place - q_place + moved - 0.5 * (1 + math.log(2 * pi))


@register_kl(Normal, Laplace)
def normal_laplace(p: Any, q: Any) -> Any:
    difference = p.loc - q.loc
    scaled = difference / p.scale
    folded_mean = math.sqrt(2 / pi) * p.scale * (-0.5 * scaled.pow(2)).exp()
    folded_mean = folded_mean + difference * (math.sqrt(0.5) * scaled).erf()
    return -(p.scale / q.scale).log() + folded_mean / q.scale - 0.5 * (1 + math.log(0.5 * pi))


# --- p uniform


@register_kl(Uniform, Beta)
def uniform_beta(p: Any, q: Any) -> Any:
    width = p.high - p.low
    log_x = (_x_log_x(p.high) - _x_log_x(p.low) - width) / width
    log_rest = (_x_log_x(1 - p.high) - _x_log_x(1 - p.low) + width) / width
    normalizer = (
        q.concentration1.lgamma() + q.concentration0.lgamma() - (q.concentration1 + q.concentration0).lgamma()
    )
    result = (q.concentration0 - 1) * log_rest + normalizer - width.log() - (q.concentration1 - 1) * log_x
    return result.masked_fill((p.high > 1) | (p.low < 0), inf)


@register_kl(Uniform, ContinuousBernoulli)
def uniform_continuous_bernoulli(p: Any, q: Any) -> Any:
    """Infinite too where the bounds are 0 and 1 themselves, as in PyTorch."""
    result = -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()
    return result.masked_fill((p.high >= 1) | (p.low <= 0), inf)


@register_kl(Uniform, Exponential)
def uniform_exponential(p: Any, q: Any) -> Any:
    result = q.rate * (p.high + p.low) / 2 - ((p.high - p.low) * q.rate).log()
    return result.masked_fill(p.low < 0, inf)


@register_kl(Uniform, Gamma)
def uniform_gamma(p: Any, q: Any) -> Any:
    width = p.high - p.low
    log_x = (_x_log_x(p.high) - _x_log_x(p.low) - width) / width
    of_q = _gamma_normalizer(q) + (1 - q.concentration) * log_x + q.rate * (p.high + p.low) / 2
    return (-width.log() + of_q).masked_fill(p.low < 0, inf)


@register_kl(Uniform, Gumbel)
def uniform_gumbel(p: Any, q: Any) -> Any:
    relative = q.scale / (p.high - p.low)
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return relative.log() + 0.5 * (high + low) - relative * ((-high).exp() - (-low).exp())


@register_kl(Uniform, Normal)
def uniform_normal(p: Any, q: Any) -> Any:
    width = p.high - p.low
    distance = ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return (math.sqrt(pi * 2) * q.scale / width).log() + 0.5 * (width.pow(2) / 12 + distance) / q.scale.pow(2)


@register_kl(Uniform, Pareto)
def uniform_pareto(p: Any, q: Any) -> Any:
    width = p.high - p.low
    log_x = (_x_log_x(p.high) - _x_log_x(p.low) - width) / width
    result = log_x * (q.alpha + 1) - (q.alpha * q.scale.pow(q.alpha) * width).log()
    return result.masked_fill(p.low < q.scale, inf)
