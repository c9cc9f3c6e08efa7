"""Programs of one line on distributions, transforms and constraints: the tables of `test_distributions.py`.

In each, ``torch`` is the package and ``D`` its distributions.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any

from distribution_cases import COVARIANCE, SCORES, B, L, P, attempt, plain

# --- refusals: programs that raise, with the package as `torch` and its distributions as `D`

REFUSALS = [
    "D.Normal(0.0, -1.0)",
    "D.Normal(torch.tensor([0.0, float('nan')]), torch.ones(2))",
    "D.Normal('a', 1.0)",
    "D.Normal(torch.zeros(2), torch.ones(3))",
    "D.Bernoulli()",
    "D.Bernoulli(0.5, 0.5)",
    "D.Bernoulli(torch.tensor([1.5]))",
    "D.Bernoulli(0.5).log_prob(torch.tensor(0.3))",
    "D.Categorical()",
    "D.Categorical(torch.tensor(0.5))",
    "D.Categorical(logits=torch.tensor(0.5))",
    "D.Categorical(torch.tensor([-0.1, 1.1]))",
    "D.Categorical(logits=torch.tensor([float('nan'), 1.1]))",
    "D.Categorical(torch.tensor([0.5, 0.5])).log_prob(torch.tensor(2))",
    "D.Categorical(torch.ones(3, 2)).log_prob(torch.zeros(2))",
    "D.Categorical(torch.ones(3)).log_prob(1)",
    "D.Uniform(1.0, 0.0)",
    "D.Uniform(0.0, 1.0).log_prob(torch.tensor(2.0))",
    "D.Beta(0.0, 1.0)",
    "D.Gamma(torch.tensor([1.0]), torch.tensor([-1.0]))",
    "D.Dirichlet(torch.tensor(1.0))",
    "D.Dirichlet(torch.tensor([1.0, 0.0]))",
    "D.Dirichlet(torch.ones(2)).log_prob(torch.ones(2))",
    "D.Dirichlet(torch.ones(2)).log_prob(torch.ones(3) / 3)",
    "D.Geometric(torch.tensor([0.0, 0.5]))",
    "D.Binomial(-1, torch.tensor(0.5))",
    "D.Binomial(torch.tensor([1.0, 2.0]), torch.tensor(0.5)).entropy()",
    "D.Binomial(torch.tensor([1.0, 2.0]), torch.tensor(0.5)).enumerate_support()",
    "D.Binomial(3)",
    "D.NegativeBinomial(3)",
    "D.ContinuousBernoulli(torch.tensor([2.0]), validate_args=True)",
    "D.ContinuousBernoulli()",
    "D.Geometric()",
    "D.RelaxedBernoulli(torch.tensor(1.0))",
    "D.Multinomial(torch.tensor(3), torch.ones(2))",
    "D.Multinomial(2, torch.ones(2)).log_prob(torch.tensor([2.0, 2.0]))",
    "D.MultivariateNormal(torch.tensor(0.0), torch.eye(1))",
    "D.MultivariateNormal(torch.zeros(2))",
    "D.MultivariateNormal(torch.zeros(2), torch.ones(2))",
    "D.MultivariateNormal(torch.zeros(2), scale_tril=torch.ones(2))",
    "D.MultivariateNormal(torch.zeros(2), precision_matrix=torch.ones(2))",
    "D.MultivariateNormal(torch.zeros(2), torch.eye(2), torch.eye(2))",
    "D.MultivariateNormal(torch.zeros(2), -torch.eye(2))",
    "D.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 0.5], [0.0, 1.0]]))",
    "D.MultivariateNormal(torch.zeros(2), scale_tril=torch.ones(2, 2))",
    "D.LowRankMultivariateNormal(torch.tensor(0.0), torch.ones(2, 1), torch.ones(2))",
    "D.LowRankMultivariateNormal(torch.zeros(2), torch.ones(2), torch.ones(2))",
    "D.LowRankMultivariateNormal(torch.zeros(2), torch.ones(3, 1), torch.ones(2))",
    "D.LowRankMultivariateNormal(torch.zeros(2), torch.ones(2, 1), torch.ones(3))",
    "D.LowRankMultivariateNormal(torch.zeros(3, 2), torch.ones(4, 2, 1), torch.ones(2))",
    "D.LowRankMultivariateNormal(torch.zeros(2), torch.ones(2, 1), -torch.ones(2))",
    "D.Wishart(torch.tensor(3.0))",
    "D.Wishart(torch.tensor(3.0), torch.ones(2))",
    "D.Wishart(torch.tensor(0.5), torch.eye(2))",
    "D.LKJCholesky(1)",
    "D.LKJCholesky(3, -1.0)",
    "D.Independent(D.Normal(0.0, 1.0), 1)",
    "D.Independent(D.Bernoulli(torch.ones(2)), 1).enumerate_support()",
    "D.MixtureSameFamily(D.Normal(0.0, 1.0), D.Normal(torch.zeros(2), torch.ones(2)))",
    "D.MixtureSameFamily(D.Categorical(torch.ones(2)), 1)",
    "D.MixtureSameFamily(D.Categorical(torch.ones(3)), D.Normal(torch.zeros(2), torch.ones(2)))",
    "D.MixtureSameFamily(D.Categorical(torch.ones(3, 2)), D.Normal(torch.zeros(4, 2), torch.ones(4, 2)))",
    "D.TransformedDistribution(D.Normal(0.0, 1.0), 'exp')",
    "D.TransformedDistribution(D.Normal(0.0, 1.0), [D.ExpTransform(), 1])",
    "D.TransformedDistribution(D.Normal(0.0, 1.0), D.SoftmaxTransform())",
    "D.LogNormal(0.0, 1.0).log_prob(torch.tensor(-1.0))",
    "D.VonMises(torch.tensor(0.0), torch.tensor(0.0))",
    "D.Poisson(-1.0)",
    "D.Poisson(1.0).log_prob(torch.tensor(0.5))",
    "D.Poisson(1.0).entropy()",
    "D.Normal(0.0, 1.0).enumerate_support()",
    "D.Bernoulli(0.5).rsample()",
    "D.Categorical(torch.ones(2)).cdf(torch.tensor(1))",
    "D.Multinomial(2, torch.ones(2)).mode",
    "D.Distribution().sample()",
    "D.Distribution.set_default_validate_args('yes')",
    "D.kl_divergence(D.Normal(0.0, 1.0), D.Cauchy(0.0, 1.0))",
    "D.kl_divergence(D.Independent(D.Normal(torch.zeros(2), 1.0), 1), D.Independent(D.Normal(torch.zeros(2), 1.0), 0))",
    "D.kl_divergence(D.Binomial(2, torch.tensor(0.5)), D.Binomial(3, torch.tensor(0.5)))",
    "D.kl_divergence(D.MultivariateNormal(torch.zeros(2), torch.eye(2)),"
    " D.MultivariateNormal(torch.zeros(3), torch.eye(3)))",
    "D.kl_divergence(D.LogNormal(0.0, 1.0), D.HalfNormal(1.0))",
    "D.kl_divergence(D.Exponential(1.0), D.Poisson(1.0))",
    "D.biject_to(D.constraints.boolean)",
    "D.transform_to(D.constraints.one_hot)",
    "D.biject_to.register(3, lambda c: c)",
    "D.constraints.dependent.check(torch.ones(2))",
    "D.constraints.dependent.is_discrete",
    "D.constraints.dependent.event_dim",
    "D.constraints.independent(D.constraints.real, 2).check(torch.ones(2))",
    "D.constraints.independent(3, 2)",
    "D.constraints.independent(D.constraints.real, -1)",
    "D.constraints.independent(D.constraints.real, 'a')",
    "D.constraints.cat([3])",
    "D.constraints.cat([D.constraints.real], lengths=[1, 2])",
    "D.constraints.cat([D.constraints.real], dim=3).check(torch.ones(2))",
    "D.constraints.stack([3])",
    "D.constraints.MixtureSameFamilyConstraint(3)",
    "D.constraints.MixtureSameFamilyConstraint(D.constraints.simplex).check(torch.tensor(1.0))",
    "D.Transform(cache_size=2)",
    "D.ExpTransform().forward_shape(3).foo",
    "D.AbsTransform().log_abs_det_jacobian(torch.ones(2), torch.ones(2))",
    "D.SoftmaxTransform().sign",
    "D.ReshapeTransform((2, 3), (5,))",
    "D.ReshapeTransform((2, 3), (6,)).forward_shape((3,))",
    "D.ReshapeTransform((2, 3), (6,)).forward_shape((3, 2))",
    "D.ReshapeTransform((2, 3), (6,)).inverse_shape((5,))",
    "D.CorrCholeskyTransform().forward_shape((2,))",
    "D.CorrCholeskyTransform().forward_shape(())",
    "D.CorrCholeskyTransform().inverse_shape((3,))",
    "D.CorrCholeskyTransform().inverse_shape((3, 2))",
    "D.CorrCholeskyTransform()(torch.ones(2))",
    "D.StickBreakingTransform().forward_shape(())",
    "D.SoftmaxTransform().event_dim and D.StickBreakingTransform().inverse_shape(())",
    "D.CatTransform([1])",
    "D.CatTransform([D.ExpTransform()], lengths=[1, 2])",
    "D.CatTransform([D.ExpTransform()], dim=2)(torch.ones(1))",
    "D.CatTransform([D.ExpTransform()])(torch.ones(2))",
    "D.StackTransform([1])",
    "D.StackTransform([D.ExpTransform()])(torch.ones(2))",
    "D.StackTransform([D.ExpTransform()], dim=1)(torch.ones(2))",
    "D.IndependentTransform(D.ExpTransform(), 2)(torch.ones(2))",
    "D.IndependentTransform(D.ExpTransform(), 2).inv(torch.ones(2))",
    "hash(D.ExpTransform())",
    "torch.binomial(torch.tensor([1]), torch.tensor([0.5]))",
    "torch.binomial(torch.ones(1), torch.ones(1, dtype=torch.float64))",
    "D.utils.tril_matrix_to_vec(torch.eye(2), 5)",
    "D.utils.vec_to_tril_matrix(torch.ones(4))",
]

def refusal(package: Any, expression: str) -> list[str]:
    """The type of the error that an expression raises, and the words with which it begins."""
    importlib.import_module(f"{package.__name__}.distributions.utils")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            eval(expression, {"torch": package, "D": package.distributions})
    except Exception as error:
        words = str(error).splitlines()[0] if str(error) else ""
        # PyTorch's LinAlgError has a private class
        return [type(error).__name__.lstrip("_"), words.replace("tinygrad_nn.", "torch.")]
    raise AssertionError(f"{expression} raised nothing")


# --- transforms: expressions that make one, the x that they are given, and their reprs

TRANSFORMS: dict[str, Any] = {
    "D.ExpTransform()": [L],
    "D.ExpTransform().inv": [B],
    "D.ExpTransform(cache_size=1)": [L],
    "D.PowerTransform(2.0)": [B],
    "D.PowerTransform(torch.tensor([[1.0], [-0.5]], dtype=torch.float64))": [B],
    "D.SigmoidTransform()": [L],
    "D.SigmoidTransform().inv": [P],
    "D.SoftplusTransform()": [L],
    "D.TanhTransform()": [L],
    "D.AffineTransform(1.0, -2.0)": [L],
    "D.AffineTransform(0.5, torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64), 1)": [L],
    "D.AffineTransform(0, torch.tensor([[2.0], [3.0]], dtype=torch.float64))": [L],
    "D.SoftmaxTransform()": SCORES,
    "D.StickBreakingTransform()": SCORES,
    "D.LowerCholeskyTransform()": COVARIANCE,
    "D.PositiveDefiniteTransform()": COVARIANCE,
    "D.CorrCholeskyTransform()": [L, P],
    "D.ReshapeTransform((3,), (3, 1))": [L, P],
    "D.IndependentTransform(D.ExpTransform(), 1)": [L, P],
    "D.IndependentTransform(D.SigmoidTransform().inv, 1)": [P, P],
    "D.ComposeTransform([])": [L],
    "D.ComposeTransform([D.ExpTransform(), D.AffineTransform(1, 2), D.SigmoidTransform()])": [L],
    "D.ComposeTransform([D.AffineTransform(1, 2), D.StickBreakingTransform()])": [L],
    "D.ComposeTransform([D.IndependentTransform(D.ExpTransform(), 1), D.SoftmaxTransform().inv])": [L, P],
    "D.ComposeTransform([D.TanhTransform(), D.AffineTransform(1, -2)]).inv": [[0.5, 1.2]],
    "D.CatTransform([D.ExpTransform(), D.AffineTransform(1, 2)], dim=-1, lengths=[1, 2])": [L, P],
    "D.StackTransform([D.ExpTransform(), D.TanhTransform()], dim=0)": [L, P],
    "D.StackTransform([D.ExpTransform(), D.TanhTransform(), D.SigmoidTransform()], dim=-1)": [L, P],
    "D.CumulativeDistributionTransform(D.Normal(0.0, 1.0))": [L],
    "D.AbsTransform()": [L],
    "D.biject_to(D.constraints.simplex)": SCORES,
    "D.transform_to(D.constraints.simplex)": SCORES,
    "D.biject_to(D.constraints.interval(-1.0, 2.0))": [L],
    "D.biject_to(D.constraints.half_open_interval(0.0, 1.0))": [L],
    "D.transform_to(D.constraints.greater_than(3.0))": [L],
    "D.transform_to(D.constraints.greater_than_eq(3.0))": [L],
    "D.transform_to(D.constraints.less_than(3.0))": [L],
    "D.biject_to(D.constraints.positive)": [L],
    "D.biject_to(D.constraints.nonnegative)": [L],
    "D.biject_to(D.constraints.real_vector)": [L],
    "D.biject_to(D.constraints.corr_cholesky)": [L],
    "D.transform_to(D.constraints.lower_cholesky)": COVARIANCE,
    "D.transform_to(D.constraints.positive_definite)": COVARIANCE,
    "D.transform_to(D.constraints.positive_semidefinite)": COVARIANCE,
    "D.biject_to(D.constraints.cat([D.constraints.positive, D.constraints.real], -1, [1, 2]))": [L],
    "D.transform_to(D.constraints.stack([D.constraints.positive, D.constraints.unit_interval], 0))": [L, P],
}  # fmt: skip


def transformed(package: Any, expression: str) -> dict[str, Any]:
    """All that a transform says of itself and does to an x."""
    t = eval(expression, {"torch": package, "D": package.distributions})
    x = package.tensor(TRANSFORMS[expression], dtype=package.float64, requires_grad=True)
    y = t(x)
    # the inverse's y must come from nobody's cache
    back = attempt(lambda: t.inv(y.detach().clone()))
    log_det = attempt(lambda: t.log_abs_det_jacobian(x, y))
    total = y.sum() if isinstance(log_det, type) else (y * y).sum() + log_det.sum()
    found = {
        "repr": repr(t), "inverse repr": repr(t.inv), "y": y, "x": back, "log_det": log_det,
        "gradient": package.autograd.grad(total, x)[0], "bijective": t.bijective,
        "domain": attempt(lambda: repr(t.domain)), "codomain": attempt(lambda: repr(t.codomain)),
        "event_dim": attempt(lambda: t.event_dim),
        "discrete": attempt(lambda: t.domain.is_discrete), "sign": attempt(lambda: t.sign),
        "shape": attempt(lambda: tuple(t.forward_shape(x.shape))),
        "inverse shape": attempt(lambda: tuple(t.inverse_shape(y.shape))),
        "equal": t == t, "other": t == package.distributions.SoftplusTransform(),
        "again": eval(expression, {"torch": package, "D": package.distributions}) == t, "inverse": t.inv.inv is t,
        "with_cache": attempt(lambda: repr(t.with_cache(1))),
    }  # fmt: skip
    return {name: plain(value) for name, value in found.items()}


# --- constraints: expressions, and values of which some satisfy them

CONSTRAINTS: dict[str, Any] = {
    "boolean": [0.0, 1.0, 0.5, -1.0],
    "one_hot": [[0.0, 1.0], [1.0, 1.0], [0.5, 0.5]],
    "integer_interval(-1, 2)": [-2.0, -1.0, 0.5, 2.0, 3.0],
    "nonnegative_integer": [-1.0, 0.0, 0.5, 2.0],
    "positive_integer": [0.0, 1.0, 1.5],
    "real": [0.0, float("nan"), float("inf")],
    "real_vector": [[0.0, 1.0], [float("nan"), 1.0]],
    "positive": [-1.0, 0.0, 1.0],
    "nonnegative": [-1.0, 0.0, 1.0],
    "greater_than(1.5)": [1.0, 1.5, 2.0],
    "greater_than_eq(torch.tensor([1.0, 2.0, 3.0]))": [1.0, 1.5, 4.0],
    "less_than(1.5)": [1.0, 1.5, 2.0],
    "unit_interval": [-0.1, 0.0, 0.5, 1.0, 1.1],
    "interval(-1.0, 1)": [-1.1, -1.0, 1.0],
    "half_open_interval(0, 1)": [0.0, 0.5, 1.0],
    "simplex": [[0.5, 0.5], [1.5, -0.5], [0.5, 0.6]],
    "multinomial(3)": [[1.0, 2.0], [2.0, 2.0], [-1.0, 2.0]],
    "lower_triangular": [[[1.0, 0.0], [1.0, 1.0]], [[1.0, 1.0], [0.0, 1.0]]],
    "lower_cholesky": [[[1.0, 0.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, -1.0]]],
    "corr_cholesky": [[[1.0, 0.0], [0.6, 0.8]], [[1.0, 0.0], [1.0, 1.0]]],
    "square": [[[1.0, 0.0], [0.6, 0.8]]],
    "symmetric": [[[1.0, 0.2], [0.2, 0.8]], [[1.0, 0.0], [1.0, 1.0]]],
    "positive_semidefinite": [[[1.0, 0.0], [0.0, 0.8]], [[1.0, 2.0], [2.0, 1.0]]],
    "positive_definite": [[[1.0, 0.2], [0.2, 0.8]], [[1.0, 2.0], [2.0, 1.0]]],
    "independent(boolean, 1)": [[0.0, 1.0], [0.0, 0.5]],
    "cat([positive, boolean], -1, [1, 2])": [[1.0, 0.0, 1.0], [-1.0, 0.5, 1.0]],
    "stack([positive, boolean], -1)": [[1.0, 0.0], [-1.0, 0.5]],
    "MixtureSameFamilyConstraint(positive)": [1.0, -1.0],
    "MixtureSameFamilyConstraint(simplex)": [[0.5, 0.5], [1.0, 1.0]],
    "dependent(is_discrete=True, event_dim=1)": [],
}


def constrained(package: Any, expression: str) -> dict[str, Any]:
    """All that a constraint says of itself and of values."""
    names = {**vars(package.distributions.constraints), "torch": package}
    c = eval(expression, names)
    found = {
        "repr": repr(c) if "dependent(" not in expression else "", "event_dim": c.event_dim,
        "is_discrete": c.is_discrete, "dependent": package.distributions.constraints.is_dependent(c),
        "check": attempt(lambda: c.check(package.tensor(CONSTRAINTS[expression]))),
    }  # fmt: skip
    return {name: plain(value) for name, value in found.items()}
