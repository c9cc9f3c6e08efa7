"""Distributions with their parameters, and what is asked of each: the table of `test_distributions.py`.

A case runs with either package: `build` is given the package's ``distributions`` and the parameters as its tensors.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Build = Callable[[Any, dict[str, Any]], Any]


@dataclass
class Case:
    """A distribution: what makes it, its parameters as lists, and those that no gradient is asked for."""

    name: str
    build: Build
    params: dict[str, Any]
    constant: tuple[str, ...] = ()
    values: Any = field(default=None)  # where log_prob is asked, besides samples


def of(family: str, **options: Any) -> Build:
    """A family called with the parameters by name."""
    return lambda d, p: getattr(d, family)(**p, **options)


A, B = [0.3, 1.5, 4.0], [2.0, 0.7, 1.2]
P, L = [0.2, 0.5, 0.9], [-1.2, 0.3, 2.0]
ROWS, SCORES = [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]], [[0.1, -1.0, 0.5], [2.0, 0.0, -0.3]]
COVARIANCE = [[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 1.5]]
LOWER = [[1.0, 0.0, 0.0], [0.4, 1.2, 0.0], [-0.3, 0.1, 0.8]]
MEANS = [[0.1, -0.2, 0.3], [1.0, 0.5, -1.0]]
FACTOR, DIAGONAL = [[0.5, 0.1], [1.0, -0.3], [0.2, 0.6]], [0.5, 1.0, 2.0]


def _transformed(d: Any, p: dict[str, Any]) -> Any:
    parts = [d.SigmoidTransform().inv, d.AffineTransform(loc=p["loc"], scale=p["scale"])]
    return d.TransformedDistribution(d.Uniform(p["low"], p["high"]), parts)


def _tanh_of_normal(d: Any, p: dict[str, Any]) -> Any:
    normal = d.Independent(d.Normal(p["loc"], p["scale"]), 1)
    return d.TransformedDistribution(normal, [d.TanhTransform(cache_size=1), d.AffineTransform(0.5, -2.0)])


CASES = [
    Case("Bernoulli probs", of("Bernoulli"), {"probs": P}),
    Case("Bernoulli logits", of("Bernoulli"), {"logits": L}),
    Case("Bernoulli number", lambda d, p: d.Bernoulli(0.3), {}),
    Case("Bernoulli ends", of("Bernoulli"), {"probs": [0.0, 1.0, 0.5]}),
    Case("Beta", of("Beta"), {"concentration1": A, "concentration0": B}),
    Case("Beta large", of("Beta"), {"concentration1": [9.0, 20.0], "concentration0": [8.0, 70.0]}),
    Case("Beta numbers", lambda d, p: d.Beta(0.5, 2.0), {}),
    Case("Binomial", of("Binomial"), {"total_count": [10.0, 10.0, 10.0], "probs": P}, ("total_count",)),
    Case("Binomial logits", of("Binomial", total_count=40), {"logits": L}),
    Case("Binomial large", of("Binomial"), {"total_count": [100.0, 1000.0], "probs": [0.4, 0.7]}, ("total_count",)),
    Case("Categorical probs", of("Categorical"), {"probs": ROWS}),
    Case("Categorical logits", of("Categorical"), {"logits": SCORES}),
    Case("Categorical one", of("Categorical"), {"logits": SCORES[0]}),
    Case("Categorical zero", of("Categorical"), {"probs": [0.0, 0.4, 0.6]}),
    Case("Cauchy", of("Cauchy"), {"loc": L, "scale": B}),
    Case("Chi2", of("Chi2"), {"df": [0.5, 3.0, 30.0]}),
    Case("ContinuousBernoulli", of("ContinuousBernoulli"), {"probs": [0.1, 0.4995, 0.8]}),
    Case("ContinuousBernoulli logits", of("ContinuousBernoulli"), {"logits": L}),
    Case("Dirichlet", of("Dirichlet"), {"concentration": [A, B]}),
    Case("Dirichlet below 1", of("Dirichlet"), {"concentration": [[0.2, 0.5, 0.9], [20.0, 9.0, 12.0]]}),
    Case("Exponential", of("Exponential"), {"rate": A}),
    Case("FisherSnedecor", of("FisherSnedecor"), {"df1": [1.0, 3.0, 9.0], "df2": [3.0, 5.0, 1.5]}),
    Case("Gamma", of("Gamma"), {"concentration": A, "rate": B}),
    Case("Gamma large", of("Gamma"), {"concentration": [9.0, 50.0], "rate": [1.0, 3.0]}),
    Case(
        "GeneralizedPareto",
        of("GeneralizedPareto"),
        {"loc": [0.0, 1.0, -1.0], "scale": B, "concentration": [0.3, 0.0, -0.5]},
    ),
    Case("Geometric", of("Geometric"), {"probs": P}),
    Case("Geometric logits", of("Geometric"), {"logits": L}),
    Case("Gumbel", of("Gumbel"), {"loc": L, "scale": B}),
    Case("Gumbel numbers", lambda d, p: d.Gumbel(0.5, 2.0), {}),
    Case("HalfCauchy", of("HalfCauchy"), {"scale": B}),
    Case("HalfNormal", of("HalfNormal"), {"scale": B}),
    Case("Independent", lambda d, p: d.Independent(d.Normal(**p), 1), {"loc": MEANS, "scale": [B, A]}),
    Case("Independent none", lambda d, p: d.Independent(d.Bernoulli(**p), 0), {"probs": ROWS}),
    Case("InverseGamma", of("InverseGamma"), {"concentration": [0.5, 1.5, 4.0], "rate": B}),
    Case("Kumaraswamy", of("Kumaraswamy"), {"concentration1": A, "concentration0": B}),
    Case("Laplace", of("Laplace"), {"loc": L, "scale": B}),
    Case("LKJCholesky", lambda d, p: d.LKJCholesky(3, p["concentration"]), {"concentration": B}),
    Case("LogisticNormal", of("LogisticNormal"), {"loc": MEANS, "scale": [B, A]}),
    Case("LogNormal", of("LogNormal"), {"loc": L, "scale": P}),
    Case(
        "LowRankMultivariateNormal",
        of("LowRankMultivariateNormal"),
        {"loc": MEANS, "cov_factor": FACTOR, "cov_diag": DIAGONAL},
    ),
    Case(
        "MixtureSameFamily",
        lambda d, p: d.MixtureSameFamily(d.Categorical(p["weights"]), d.Normal(p["loc"], p["scale"])),
        {"weights": [0.2, 0.5, 0.3], "loc": L, "scale": B},
    ),
    Case(
        "MixtureSameFamily vectors",
        lambda d, p: d.MixtureSameFamily(
            d.Categorical(p["weights"]), d.Independent(d.Normal(p["loc"], p["scale"]), 1)
        ),
        {"weights": [0.2, 0.8], "loc": MEANS, "scale": [B, A]},
    ),
    Case("Multinomial", lambda d, p: d.Multinomial(10, **p), {"probs": ROWS}),
    Case("Multinomial logits", lambda d, p: d.Multinomial(7, **p), {"logits": SCORES[0]}),
    Case("MultivariateNormal", of("MultivariateNormal"), {"loc": MEANS, "covariance_matrix": COVARIANCE}),
    Case("MultivariateNormal precision", of("MultivariateNormal"), {"loc": MEANS[0], "precision_matrix": COVARIANCE}),
    Case("MultivariateNormal factor", of("MultivariateNormal"), {"loc": MEANS, "scale_tril": [LOWER, LOWER]}),
    Case("MultivariateNormal broadcast", of("MultivariateNormal"), {"loc": MEANS[0], "scale_tril": [LOWER, LOWER]}),
    Case("NegativeBinomial", of("NegativeBinomial"), {"total_count": B, "probs": [0.2, 0.5, 0.8]}),
    Case("NegativeBinomial logits", of("NegativeBinomial", total_count=5), {"logits": L}),
    Case("Normal", of("Normal"), {"loc": L, "scale": B}),
    Case("Normal matrix", of("Normal"), {"loc": MEANS, "scale": B}),
    Case("Normal numbers", lambda d, p: d.Normal(1.5, 2.0), {}),
    Case("OneHotCategorical", of("OneHotCategorical"), {"probs": ROWS}),
    Case("OneHotCategorical logits", of("OneHotCategorical"), {"logits": SCORES}),
    Case("OneHotCategoricalStraightThrough", of("OneHotCategoricalStraightThrough"), {"logits": SCORES}),
    Case("Pareto", of("Pareto"), {"scale": B, "alpha": [0.5, 1.5, 3.0]}),
    Case("Poisson", of("Poisson"), {"rate": [0.5, 3.0, 30.0]}),
    Case("RelaxedBernoulli", of("RelaxedBernoulli"), {"temperature": [0.7, 1.0, 2.0], "probs": P}),
    Case("RelaxedBernoulli logits", of("RelaxedBernoulli"), {"temperature": 0.5, "logits": L}),
    Case("RelaxedOneHotCategorical", of("RelaxedOneHotCategorical"), {"temperature": 0.7, "probs": ROWS}),
    Case("RelaxedOneHotCategorical logits", of("RelaxedOneHotCategorical"), {"temperature": 0.7, "logits": SCORES}),
    Case("StudentT", of("StudentT"), {"df": [0.8, 1.5, 7.0], "loc": L, "scale": B}),
    Case("StudentT df", of("StudentT"), {"df": [2.5, 4.0]}),
    Case(
        "TransformedDistribution logistic",
        _transformed,
        {"low": 0.0, "high": 1.0, "loc": L, "scale": B},
        ("low", "high"),
    ),
    Case("TransformedDistribution tanh", _tanh_of_normal, {"loc": MEANS, "scale": [B, P]}),
    Case("Uniform", of("Uniform"), {"low": [-1.0, 0.0, 2.0], "high": [1.0, 3.0, 2.5]}),
    Case("Uniform numbers", lambda d, p: d.Uniform(-1.0, 2), {}),
    Case("VonMises", of("VonMises"), {"loc": L, "concentration": [0.3, 2.0, 20.0]}),
    Case("Weibull", of("Weibull"), {"scale": B, "concentration": [0.5, 1.5, 3.0]}),
    Case("Wishart", of("Wishart"), {"df": [3.5, 6.0], "covariance_matrix": COVARIANCE}),
    Case("Wishart factor", of("Wishart"), {"df": 5.0, "scale_tril": LOWER}),
    Case("Wishart precision", of("Wishart", df=4), {"precision_matrix": COVARIANCE}),
]  # fmt: skip
NAMES = [case.name for case in CASES]

PROPERTIES = ("mean", "mode", "variance", "stddev")


def tensors(package: Any, case: Case, dtype: str, grad: bool = True) -> dict[str, Any]:
    """The parameters as leaf tensors of a package."""
    kind = getattr(package, dtype)
    return {
        name: package.tensor(value, dtype=kind, requires_grad=grad and name not in case.constant)
        for name, value in case.params.items()
    }


def attempt(function: Callable[[], Any]) -> Any:
    """What a function returns, or the type of what it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function()
    except (NotImplementedError, ValueError, RuntimeError, AttributeError) as error:
        return type(error)


def plain(value: Any) -> Any:
    """A tensor as an array, anything else as it is."""
    return value.detach().numpy() if hasattr(value, "detach") else value


def observed(package: Any, case: Case, dtype: str) -> dict[str, Any]:
    """Everything that is asked of a distribution, as arrays: samples, what is known of it, and what values have."""
    made = case.build(package.distributions, tensors(package, case, dtype))
    found: dict[str, Any] = {
        "repr": repr(made),
        "batch_shape": tuple(made.batch_shape),
        "event_shape": tuple(made.event_shape),
        "has_rsample": made.has_rsample,
        "has_enumerate_support": made.has_enumerate_support,
        "support": repr(made.support),
        "arg_constraints": sorted(made.arg_constraints),
    }
    for shape in ((), (2, 3), (17,)):
        package.manual_seed(7)
        found[f"sample {shape}"] = attempt(lambda shape=shape: made.sample(shape))
        package.manual_seed(8)
        found[f"rsample {shape}"] = attempt(lambda shape=shape: made.rsample(shape))
    for name in PROPERTIES:
        found[name] = attempt(lambda name=name: getattr(made, name))
    for name in ("entropy", "perplexity"):
        found[name] = attempt(lambda name=name: getattr(made, name)())
    for expand in (True, False):
        found[f"enumerate_support {expand}"] = attempt(lambda expand=expand: made.enumerate_support(expand))
    wider = attempt(lambda: made.expand((2, *made.batch_shape)))
    if isinstance(wider, type):
        found["expand"] = wider
    else:
        found |= {"expand repr": repr(wider), "expand shape": tuple(wider.batch_shape)}
        package.manual_seed(9)
        found["expand sample"] = attempt(lambda: wider.sample((2,)))
        found["expand log_prob"] = attempt(lambda: wider.log_prob(wider.sample()))
    return {name: plain(value) for name, value in found.items()}


def of_values(package: Any, case: Case, dtype: str, values: np.ndarray) -> dict[str, Any]:
    """What is asked at values, and at probabilities."""
    made = case.build(package.distributions, tensors(package, case, dtype))
    given = package.tensor(values)
    found = {"repr": repr(made)}
    found |= {name: attempt(lambda name=name: getattr(made, name)(given)) for name in ("log_prob", "cdf")}
    found["log_prob of one"] = attempt(lambda: made.log_prob(given[0]))
    probabilities = package.tensor(np.linspace(0.05, 0.95, 5).astype(dtype).reshape(5, *[1] * len(made.batch_shape)))
    found["icdf"] = attempt(lambda: made.icdf(probabilities))
    return {name: plain(value) for name, value in found.items()}


def summary(package: Any, case: Case) -> dict[str, Any]:
    """A little of everything: samples, what is known of the distribution, and the log_prob of the samples."""
    made = case.build(package.distributions, tensors(package, case, "float64", False))
    package.manual_seed(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = made.sample((2,))
    found = {"repr": repr(made), "support": repr(made.support), "sample": drawn}
    found |= {name: attempt(lambda name=name: getattr(made, name)) for name in PROPERTIES[:3]}
    found |= {"entropy": attempt(made.entropy), "log_prob": attempt(lambda: made.log_prob(drawn))}
    return {name: plain(value) for name, value in found.items()}


def gradients(package: Any, case: Case, dtype: str, asked: str, values: Any) -> dict[str, Any]:
    """The gradients of the sum of what is asked, weighted, by all parameters that have one, and by the values."""
    params = tensors(package, case, dtype)
    made = case.build(package.distributions, params)
    leaves = {name: leaf for name, leaf in params.items() if leaf.requires_grad}
    package.manual_seed(3)
    if asked == "log_prob":
        given = package.tensor(values)
        if values.dtype.kind == "f":
            leaves["value"] = given.requires_grad_()
        result = made.log_prob(given)
    else:
        result = attempt(lambda: made.rsample((5,)) if asked == "rsample" else getattr(made, asked))
        result = attempt(result) if asked == "entropy" else result
    if isinstance(result, type) or not result.requires_grad or not leaves:
        return {"": getattr(result, "requires_grad", result)}
    weights = package.linspace(0.5, 1.5, result.numel(), dtype=result.dtype).reshape(result.shape)
    found = package.autograd.grad((result * weights).sum(), list(leaves.values()), allow_unused=True)
    return {name: None if g is None else plain(g) for name, g in zip(leaves, found, strict=True)}


# --- divergences: for each family what makes it, and the parameters of p and of q

U1, U2 = {"low": [0.2, -1.0], "high": [0.7, 2.0]}, {"low": [0.1, -2.0], "high": [0.9, 1.0]}
AB1, AB2 = {"loc": [0.3, -1.0], "scale": [0.7, 2.0]}, {"loc": [0.1, 0.5], "scale": [1.2, 0.9]}
C1, C2 = (
    {"concentration1": [0.7, 2.0], "concentration0": [1.5, 3.0]},
    {"concentration1": [1.1, 0.4], "concentration0": [2.5, 0.8]},
)
LOW_RANK_1 = {"loc": MEANS, "cov_factor": FACTOR, "cov_diag": DIAGONAL}
LOW_RANK_2 = {"loc": MEANS[1], "cov_factor": [[0.1], [0.7], [-0.4]], "cov_diag": [1.0, 0.4, 0.8]}
FULL_1 = {"loc": MEANS, "covariance_matrix": COVARIANCE}
FULL_2 = {"loc": MEANS[1], "scale_tril": LOWER}
DIVERGING: dict[str, tuple[Build, dict[str, Any], dict[str, Any]]] = {
    "Bernoulli": (of("Bernoulli"), {"probs": [0.2, 0.7, 0.0, 1.0]}, {"probs": [0.5, 0.1, 0.4, 0.3]}),
    "Beta": (of("Beta"), C1, C2),
    "Binomial": (of("Binomial", total_count=5), {"probs": [0.2, 0.7]}, {"logits": [0.5, 0.1]}),
    "Categorical": (of("Categorical"), {"probs": ROWS}, {"logits": SCORES}),
    "Cauchy": (of("Cauchy"), AB1, AB2),
    "ContinuousBernoulli": (of("ContinuousBernoulli"), {"probs": [0.2, 0.7]}, {"probs": [0.4, 0.5]}),
    "Dirichlet": (of("Dirichlet"), {"concentration": [A, B]}, {"concentration": [1.0, 2.0, 0.5]}),
    "Exponential": (of("Exponential"), {"rate": [0.2, 3.0]}, {"rate": [1.5, 0.7]}),
    "Gamma": (
        of("Gamma"),
        {"concentration": [0.5, 3.0], "rate": [1.5, 0.7]},
        {"concentration": [2.0, 1.1], "rate": [1.0, 2.0]},
    ),
    "Geometric": (of("Geometric"), {"probs": [0.2, 0.7]}, {"probs": [0.5, 0.1]}),
    "Gumbel": (of("Gumbel"), AB1, AB2),
    "HalfNormal": (of("HalfNormal"), {"scale": [0.2, 3.0]}, {"scale": [1.5, 0.7]}),
    "Independent": (lambda d, p: d.Independent(d.Normal(**p), 1), AB1, AB2),
    "Laplace": (of("Laplace"), AB1, AB2),
    "LowRankMultivariateNormal": (of("LowRankMultivariateNormal"), LOW_RANK_1, LOW_RANK_2),
    "MultivariateNormal": (of("MultivariateNormal"), FULL_1, FULL_2),
    "Normal": (of("Normal"), AB1, AB2),
    "OneHotCategorical": (of("OneHotCategorical"), {"probs": ROWS}, {"logits": SCORES}),
    "Pareto": (
        of("Pareto"), {"scale": [0.5, 2.0], "alpha": [3.0, 2.5]}, {"scale": [0.3, 3.0], "alpha": [0.7, 1.5]}
    ),
    "Poisson": (of("Poisson"), {"rate": [0.2, 3.0]}, {"rate": [1.5, 0.7]}),
    "TransformedDistribution": (
        lambda d, p: d.TransformedDistribution(d.Normal(**p), d.ExpTransform()), AB1, AB2
    ),
    "Uniform": (of("Uniform"), U1, U2),
    "Wishart": (
        of("Wishart"), {"df": 5.0, "covariance_matrix": COVARIANCE}, {"df": 4.0, "scale_tril": LOWER}
    ),
}  # fmt: skip


def divergence(package: Any, name_p: str, name_q: str) -> dict[str, Any]:
    """KL(p || q) and its gradients, of one family or two."""
    build_p, given_p, _ = DIVERGING[name_p]
    build_q, _, given_q = DIVERGING[name_q]
    params = [tensors(package, Case("", build_p, given), "float64") for given in (given_p, given_q)]
    made = [build(package.distributions, of_one) for build, of_one in zip((build_p, build_q), params, strict=True)]
    result = attempt(lambda: package.distributions.kl_divergence(*made))
    if isinstance(result, type):
        return {"": result}
    found = {"": plain(result)}
    if result.requires_grad:
        finite = package.where(package.isfinite(result), result, package.zeros_like(result))
        leaves = {f"{side}.{name}": leaf for side, of_one in zip("pq", params, strict=True)
                  for name, leaf in of_one.items()}  # fmt: skip
        gradients = package.autograd.grad(finite.sum(), list(leaves.values()), allow_unused=True)
        found |= {n: None if g is None else plain(g) for n, g in zip(leaves, gradients, strict=True)}
    return found
