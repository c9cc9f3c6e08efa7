"""Distributions: what PyTorch has drawn and computed, derivatives, subclasses of one's own, and laws."""

from __future__ import annotations

import json
import math
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distribution_cases import CASES, DIVERGING, NAMES, Case, divergence, gradients, summary, tensors
from distribution_expressions import REFUSALS, TRANSFORMS, refusal, transformed

import tinygrad_nn as tg
from tinygrad_nn import distributions as D  # noqa: N812 - the tables call it so
from tinygrad_nn.distributions import constraints, kl_divergence, register_kl

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "distributions.json").read_text())


def same(ours: Any, stored: Any, tolerance: float = 1e-7) -> bool:
    """Whether an array, or text, is what is stored."""
    if isinstance(ours, np.ndarray):
        expected = np.array(stored, float)
        tolerance = max(tolerance, 1e-6) if ours.dtype == np.float32 else tolerance
        return ours.size == expected.size and np.allclose(
            ours.reshape(-1), expected, rtol=tolerance, atol=tolerance, equal_nan=True
        )
    return bool((ours.__name__ if isinstance(ours, type) else ours) == stored)


def compare(ours: dict[str, Any], stored: dict[str, Any], tolerance: float = 1e-7) -> None:
    wrong = {name: (ours[name], value) for name, value in stored.items() if not same(ours[name], value, tolerance)}
    assert not wrong


# --- what PyTorch has drawn and computed


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_draws_and_properties(case: Case) -> None:
    expected = GOLDEN["summary"][case.name]
    if case.name == "GeneralizedPareto":  # in PyTorch, float64 does not go with a float32 of its own
        assert expected.pop("log_prob") == "RuntimeError"
    compare(summary(tg, case), expected)


@pytest.mark.parametrize("name", GOLDEN["gradients"])
def test_gradients_of_samples(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    compare(gradients(tg, case, "float64", "rsample", None), GOLDEN["gradients"][name], 1e-6)


@pytest.mark.parametrize("pair", GOLDEN["divergences"])
def test_divergences(pair: str) -> None:
    assert same(divergence(tg, *pair.split())[""], GOLDEN["divergences"][pair])


@pytest.mark.parametrize("expression", TRANSFORMS)
def test_transforms(expression: str) -> None:
    compare(transformed(tg, expression), GOLDEN["transforms"][expression])


@pytest.mark.parametrize("expression", REFUSALS)
def test_refusals(expression: str) -> None:
    kind, words = GOLDEN["refusals"][expression]
    ours = refusal(tg, expression)
    assert ours[0] == kind
    assert ours[1].startswith(words[:60].rstrip(". ")), (ours[1], words)


# --- derivatives

# At the ends of a range, at p = 1/2 (where |logits| has a kink, as in PyTorch) and where a formula gives way to another
# there are no second derivatives.
ONCE = ("Bernoulli ends", "Categorical zero", "Binomial", "GeneralizedPareto")
TWICE = [case for case in CASES if case.params and case.name not in ONCE]


@pytest.mark.parametrize("case", TWICE, ids=[case.name for case in TWICE])
def test_second_derivatives_of_log_prob(case: Case) -> None:
    """The graph of a log_prob is differentiated again, and agrees with differences of the first derivatives."""
    params = tensors(tg, case, "float64")
    leaves = [leaf for leaf in params.values() if leaf.requires_grad]
    tg.manual_seed(2)
    value = case.build(D, params).sample()

    def first(*given: tg.Tensor) -> tuple[tg.Tensor, ...]:
        changed = dict(params) | dict(zip(names, given, strict=True))
        log_prob = case.build(lax(), changed).log_prob(value).sum()
        return tg.autograd.grad(log_prob, given, create_graph=True, allow_unused=True)

    names = [name for name, param in params.items() if param.requires_grad]
    directions = [tg.randn_like(leaf) for leaf in leaves]
    # of a symmetric matrix the gradient is symmetric, too: it tells of symmetric changes
    directions = [d + d.mT if n.endswith("_matrix") else d for n, d in zip(names, directions, strict=True)]
    step = 1e-5
    found = first(*leaves)
    along = sum((g * d).sum() for g, d in zip(found, directions, strict=True) if g is not None)
    if not isinstance(along, tg.Tensor) or not along.requires_grad:
        pytest.skip("its first derivative is constant")
    second = tg.autograd.grad(along, leaves, allow_unused=True)
    ours = sum(float((g * d).sum()) for g, d in zip(second, directions, strict=True) if g is not None)
    ahead, behind = (
        first(*[(leaf + sign * step * d).detach().requires_grad_() for leaf, d in zip(leaves, directions, strict=True)])
        for sign in (1, -1)
    )
    numeric = sum(
        float(((a - b) * d).sum()) / (2 * step)
        for a, b, d in zip(ahead, behind, directions, strict=True)
        if a is not None
    )
    assert abs(ours - numeric) <= 2e-4 * max(1.0, abs(numeric)), (ours, numeric)


class lax:  # noqa: N801 - stands where the package's distributions stand
    """The distributions without checks, which parameters moved by a little would not pass."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(D, name)
        if not (isinstance(found, type) and issubclass(found, D.Distribution)):
            return found
        return lambda *args, **options: found(*args, **{"validate_args": False, **options})


@pytest.mark.parametrize("family", ["Normal", "Laplace", "Gumbel", "Weibull"])
def test_samples_are_differentiated_twice(family: str) -> None:
    a, b = (tg.tensor([v, 2 * v], dtype=tg.float64, requires_grad=True) for v in (0.7, 1.3))

    def draw(a: tg.Tensor, b: tg.Tensor) -> tg.Tensor:
        tg.manual_seed(0)
        return (getattr(D, family)(a, b).rsample((3,)) ** 2).sum()

    assert tg.autograd.gradcheck(draw, (a, b))
    assert tg.autograd.gradgradcheck(draw, (a, b))


@pytest.mark.parametrize("draw", [lambda c: D.Gamma(c, 1.0).rsample(), lambda c: D.Dirichlet(c).rsample()])
def test_implicit_gradients_are_differentiated_once(draw: Any) -> None:
    c = tg.tensor([0.5, 2.0, 30.0], dtype=tg.float64, requires_grad=True)
    (first,) = tg.autograd.grad((draw(c) ** 2).sum(), c, create_graph=True)
    with pytest.raises(RuntimeError, match="differentiate twice"):
        tg.autograd.grad(first.sum(), c)


@pytest.mark.parametrize("c", [0.05, 0.4, 1.0, 3.0, 7.9, 8.5, 40.0, 900.0])
def test_the_gradient_of_gamma_draws_is_that_of_the_cdf(c: float) -> None:
    """-(d cdf / d c) / density, with the cdf's derivative by differences: the approximation has three digits."""
    tg.manual_seed(0)
    concentration = tg.full((200,), c, dtype=tg.float64, requires_grad=True)
    m = D.Gamma(concentration, 1.0, validate_args=False)
    x = m.rsample()
    (found,) = tg.autograd.grad(x.sum(), concentration)
    x, step = x.detach(), 1e-5 * max(1.0, c)
    up, down = (D.Gamma(c + s, tg.tensor(1.0, dtype=tg.float64)).cdf(x) for s in (step, -step))
    exact = -(up - down) / (2 * step) / m.log_prob(x).exp().detach()
    usable = (x > 1e-9) & (x < c + 6 * math.sqrt(c) + 6)
    assert np.allclose(found[usable].numpy(), exact[usable].numpy(), rtol=3e-2, atol=1e-3)


# --- classes of one's own


class Exponent(D.ExponentialFamily):
    """The exponential distribution by its natural parameter."""

    arg_constraints = {"rate": constraints.positive}  # noqa: RUF012
    support = constraints.nonnegative
    _mean_carrier_measure = 0

    def __init__(self, rate: tg.Tensor, validate_args: bool | None = None) -> None:
        self.rate = rate
        super().__init__(rate.shape, validate_args=validate_args)

    @property
    def _natural_params(self) -> tuple[tg.Tensor]:
        return (-self.rate,)

    def _log_normalizer(self, x: tg.Tensor) -> tg.Tensor:
        return -(-x).log()


def test_an_exponential_family_has_entropy_and_divergence() -> None:
    p, q = tg.tensor([0.5, 2.0]), tg.tensor([1.0, 3.0])
    tg.testing.assert_close(Exponent(p).entropy(), D.Exponential(p).entropy())
    expected = kl_divergence(D.Exponential(p), D.Exponential(q))
    tg.testing.assert_close(kl_divergence(Exponent(p), Exponent(q)), expected)


def test_subclasses() -> None:
    class Same(D.Normal):
        pass

    class Other(D.Normal):
        def __init__(self) -> None:
            super().__init__(0.0, 1.0)

    assert type(Same(0.0, 1.0).expand((2,))) is Same
    with pytest.raises(NotImplementedError, match=r"Subclass Other of Normal that defines a custom __init__ method"):
        Other().expand((2,))
    assert float(kl_divergence(Same(0.0, 1.0), D.Normal(0.0, 1.0))) == 0


def test_what_a_class_does_not_say_is_asked_for() -> None:
    class Bare(D.Distribution):
        pass

    class Unbounded(D.Distribution):
        arg_constraints: dict[str, Any] = {}  # noqa: RUF012

    with pytest.warns(UserWarning, match="does not define `arg_constraints`"):
        Bare()
    with pytest.warns(UserWarning, match="does not define `support`"):
        Unbounded()._validate_sample(tg.zeros(()))
    with pytest.raises(NotImplementedError):
        Unbounded().expand((2,))


def test_ambiguous_divergences_warn() -> None:
    class A(D.Normal):
        pass

    class B(D.Normal):
        pass

    registry = dict(D.kl.registry._REGISTRY)
    try:
        register_kl(A, D.Normal)(lambda p, q: tg.tensor(1.0))
        register_kl(D.Normal, B)(lambda p, q: tg.tensor(2.0))
        with pytest.warns(RuntimeWarning, match=r"Ambiguous kl_divergence\(A, B\). Please register_kl\(A, B\)"):
            assert float(kl_divergence(A(0.0, 1.0), B(0.0, 1.0))) == 1
        register_kl(A, B)(lambda p, q: tg.tensor(3.0))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert float(kl_divergence(A(0.0, 1.0), B(0.0, 1.0))) == 3
    finally:
        D.kl.registry._REGISTRY.clear()
        D.kl.registry._REGISTRY.update(registry)
        D.kl.registry._FOUND.clear()
    with pytest.raises(TypeError, match="Expected type_p to be a Distribution subclass"):
        register_kl(int, D.Normal)


# --- validation


def test_checks_can_be_switched_off() -> None:
    assert D.Normal(0.0, -1.0, validate_args=False).scale == -1
    D.Distribution.set_default_validate_args(False)
    try:
        assert D.Bernoulli(2.0).log_prob(tg.tensor(5.0)).isfinite()
    finally:
        D.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="Expected parameter probs"):
        D.Bernoulli(2.0)


def test_a_refused_parameter_is_shown() -> None:
    with pytest.raises(ValueError, match="satisfy the constraint") as caught:
        D.Normal(tg.zeros(2), tg.tensor([1.0, -1.0]))
    assert str(caught.value) == (
        "Expected parameter scale (Tensor of shape (2,)) of distribution Normal(loc: torch.Size([2]), scale: "
        "torch.Size([2])) to satisfy the constraint GreaterThan(lower_bound=0.0), but found invalid values:\n"
        "tensor([ 1., -1.])"
    )


# --- batches of functions


@pytest.mark.parametrize("family", ["Normal", "Gamma", "Beta", "Laplace", "Gumbel", "StudentT"])
def test_vmap_of_log_prob_and_its_gradient(family: str) -> None:
    a, b, x = tg.tensor([0.5, 1.5, 2.0]), tg.tensor([1.0, 0.7, 3.0]), tg.tensor([0.2, 0.4, 0.9])

    def log_prob(a: tg.Tensor, b: tg.Tensor, x: tg.Tensor) -> tg.Tensor:
        return getattr(D, family)(a, b).log_prob(x)

    tg.testing.assert_close(tg.vmap(log_prob)(a, b, x), log_prob(a, b, x))
    a.requires_grad_()
    (expected,) = tg.autograd.grad(log_prob(a, b, x).sum(), a)
    tg.testing.assert_close(tg.vmap(tg.func.grad(log_prob))(a.detach(), b, x), expected)


def test_vmap_checks_all_examples() -> None:
    with pytest.raises(ValueError, match="Expected parameter scale"):
        tg.vmap(lambda scale: D.Normal(0.0, scale).mean)(tg.tensor([1.0, -1.0]))


# --- the rest


def test_lazy_properties_are_computed_once() -> None:
    m = D.Bernoulli(tg.tensor([0.2]))
    with tg.no_grad():
        assert m.logits is m.logits
    assert isinstance(D.Bernoulli.logits, D.utils.lazy_property)


def test_a_cache_gives_back_what_was_given() -> None:
    t = D.TanhTransform(cache_size=1)
    x = tg.tensor([30.0])
    assert t.inv(t(x)) is x
    assert D.TanhTransform().inv(D.TanhTransform()(x)).isinf()
    copied = pickle.loads(pickle.dumps(D.ExpTransform()))
    assert copied == D.ExpTransform()


def test_sample_n_is_an_older_form() -> None:
    with pytest.warns(FutureWarning, match="sample_n"):
        assert D.Normal(0.0, 1.0).sample_n(3).shape == (3,)


def test_singular_wishart_samples_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    m = D.Wishart(tg.tensor(4.0), tg.eye(2))
    draw, calls = m._bartlett_sampling, []

    def first_singular(shape: Any) -> tg.Tensor:
        calls.append(tuple(shape))
        drawn = draw(shape)
        if len(calls) == 2:
            drawn[1] = 0.0
        return drawn

    monkeypatch.setattr(m, "_bartlett_sampling", first_singular)
    with pytest.warns(UserWarning, match="Singular sample"):
        sample = m.rsample((3,))
    assert calls == [(3,), (3,), (1,)]
    assert bool(constraints.positive_definite.check(sample).all())


def test_numbers_take_the_default_dtype() -> None:
    tg.set_default_dtype(tg.float64)
    try:
        assert D.Normal(0.0, 1.0).sample().dtype == tg.float64
    finally:
        tg.set_default_dtype(tg.float32)
    assert D.Normal(0, tg.tensor(1.0, dtype=tg.float64)).loc.dtype == tg.float64


def test_draws_take_a_generator() -> None:
    source = tg.Generator().manual_seed(3)
    before = tg.get_rng_state()
    first = tg.binomial(tg.full((5,), 50.0), tg.full((5,), 0.3), generator=source)
    again = tg.binomial(tg.full((5,), 50.0), tg.full((5,), 0.3), generator=source.manual_seed(3))
    assert tg.equal(first, again)
    assert tg.equal(before, tg.get_rng_state())


def test_all_distributions_of_pytorch_have_a_case() -> None:
    classes = [getattr(D, name) for name in D.__all__ if isinstance(getattr(D, name), type)]
    families = {found.__name__ for found in classes if issubclass(found, D.Distribution)}
    tested = {case.name.split()[0] for case in CASES}
    assert families - tested == {"Distribution", "ExponentialFamily"}
    assert set(DIVERGING) <= families
