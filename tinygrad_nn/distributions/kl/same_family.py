"""Divergences of two distributions of one family."""

from __future__ import annotations

from math import inf
from typing import Any

from ..._core.tensor import Tensor
from ...ops.activation import softplus
from ..bernoulli import Bernoulli
from ..beta import Beta
from ..binomial import Binomial
from ..categorical import Categorical
from ..cauchy import Cauchy
from ..continuous_bernoulli import ContinuousBernoulli
from ..dirichlet import Dirichlet
from ..exp_family import ExponentialFamily
from ..exponential import Exponential
from ..gamma import Gamma
from ..geometric import Geometric
from ..gumbel import Gumbel
from ..half_normal import HalfNormal
from ..independent import Independent
from ..laplace import Laplace
from ..normal import Normal
from ..one_hot_categorical import OneHotCategorical
from ..pareto import Pareto
from ..poisson import Poisson
from ..transformed_distribution import TransformedDistribution
from ..uniform import Uniform
from ..utils import _sum_rightmost, euler_constant
from .registry import kl_divergence, register_kl


@register_kl(Bernoulli, Bernoulli)
def bernoulli_bernoulli(p: Any, q: Any) -> Any:
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones = ones.masked_fill(q.probs == 0, inf).masked_fill(p.probs == 0, 0)
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return ones + zeros.masked_fill(q.probs == 1, inf).masked_fill(p.probs == 1, 0)


@register_kl(Beta, Beta)
def beta_beta(p: Any, q: Any) -> Any:
    p_total, q_total = p.concentration1 + p.concentration0, q.concentration1 + q.concentration0
    normalizers = (
        q.concentration1.lgamma() + q.concentration0.lgamma() + p_total.lgamma()
        - (p.concentration1.lgamma() + p.concentration0.lgamma() + q_total.lgamma())
    )  # fmt: skip
    return (
        normalizers
        + (p.concentration1 - q.concentration1) * p.concentration1.digamma()
        + (p.concentration0 - q.concentration0) * p.concentration0.digamma()
        + (q_total - p_total) * p_total.digamma()
    )


@register_kl(Binomial, Binomial)
def binomial_binomial(p: Any, q: Any) -> Any:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    for_one = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return (p.total_count * for_one).masked_fill(p.total_count > q.total_count, inf)


@register_kl(Categorical, Categorical)
def categorical_categorical(p: Any, q: Any) -> Any:
    terms = p.probs * (p.logits - q.logits)
    return terms.masked_fill(q.probs == 0, inf).masked_fill(p.probs == 0, 0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def one_hot_one_hot(p: Any, q: Any) -> Any:
    return categorical_categorical(p._categorical, q._categorical)


@register_kl(Cauchy, Cauchy)
def cauchy_cauchy(p: Any, q: Any) -> Any:
    """F. Chyzak and F. Nielsen, "A closed-form formula for the divergence between Cauchy distributions", 2019."""
    together = ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log()
    return together - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def continuous_bernoulli_continuous_bernoulli(p: Any, q: Any) -> Any:
    p_normalizer = p._cont_bern_log_norm() + (-p.probs).log1p()
    return p.mean * (p.logits - q.logits) + p_normalizer - q._cont_bern_log_norm() - (-q.probs).log1p()


@register_kl(Dirichlet, Dirichlet)
def dirichlet_dirichlet(p: Any, q: Any) -> Any:
    p_total, q_total = p.concentration.sum(-1), q.concentration.sum(-1)
    normalizers = p_total.lgamma() - q_total.lgamma() - (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    expected_logs = p.concentration.digamma() - p_total.digamma().unsqueeze(-1)
    return normalizers + ((p.concentration - q.concentration) * expected_logs).sum(-1)


@register_kl(Exponential, Exponential)
def exponential_exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(ExponentialFamily, ExponentialFamily)
def exponential_family(p: Any, q: Any) -> Any:
    """The Bregman divergence of the log normalizer: ``F(q) - F(p) - <q - p, grad F(p)>``."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed using Bregman "
            f"divergences: got {type(p).__name__} and {type(q).__name__}"
        )
    leaves, p_normalizer, gradients = p._normalizer_and_gradients()
    q_params = q._natural_params
    result = q._log_normalizer(*q_params) - p_normalizer
    for of_p, of_q, gradient in zip(leaves, q_params, gradients, strict=True):
        result = result - _sum_rightmost((of_q - of_p) * gradient, len(q.event_shape))
    return result


@register_kl(Gamma, Gamma)
def gamma_gamma(p: Any, q: Any) -> Any:
    return (
        q.concentration * (p.rate / q.rate).log()
        + (q.concentration.lgamma() - p.concentration.lgamma())
        + (p.concentration - q.concentration) * p.concentration.digamma()
        + (q.rate - p.rate) * (p.concentration / p.rate)
    )


@register_kl(Geometric, Geometric)
def geometric_geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def gumbel_gumbel(p: Any, q: Any) -> Any:
    ratio, q_place, p_place = p.scale / q.scale, q.loc / q.scale, p.loc / q.scale
    moved = (q_place + (1 + ratio).lgamma() - p_place).exp()
    return -ratio.log() - q_place + p_place + ratio * euler_constant + moved - (1 + euler_constant)


@register_kl(Normal, Normal)
def normal_normal(p: Any, q: Any) -> Any:
    variance_ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (variance_ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - variance_ratio.log())


@register_kl(HalfNormal, HalfNormal)
def half_normal_half_normal(p: Any, q: Any) -> Any:
    return normal_normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def laplace_laplace(p: Any, q: Any) -> Any:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * (-distance / p.scale).exp() - 1


@register_kl(Pareto, Pareto)
def pareto_pareto(p: Any, q: Any) -> Any:
    scale_ratio, alpha_ratio = p.scale / q.scale, q.alpha / p.alpha
    result = q.alpha * scale_ratio.log() - alpha_ratio.log() + alpha_ratio - 1
    return result.masked_fill(p.scale < q.scale, inf)


@register_kl(Poisson, Poisson)
def poisson_poisson(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def uniform_uniform(p: Any, q: Any) -> Any:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return result.masked_fill((q.low > p.low) | (q.high < p.high), inf)


@register_kl(TransformedDistribution, TransformedDistribution)
def transformed_transformed(p: Any, q: Any) -> Any:
    """Both put through the same transforms, which change nothing."""
    if p.transforms != q.transforms:
        raise NotImplementedError(f"KL of distributions with different transforms: {p.transforms} and {q.transforms}")
    if p.event_shape != q.event_shape:
        raise NotImplementedError(f"KL of different event shapes: {p.event_shape} and {q.event_shape}")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def independent_independent(p: Any, q: Any) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            "KL of Independent distributions with different reinterpreted_batch_ndims: "
            f"{p.reinterpreted_batch_ndims} and {q.reinterpreted_batch_ndims}"
        )
    result: Tensor = _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)
    return result
