"""Planted mistakes of many kinds, and what the reports of `gradcheck` and `check_op` say: the mistake can be read."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import case, nn, op
from tinygrad_nn._core.op import REGISTRY
from tinygrad_nn.autograd import GradcheckError, gradcheck, gradgradcheck
from tinygrad_nn.autograd.diagnosis import likely_mistake, sweep
from tinygrad_nn.testing import CheckError, Integers, check_op


@pytest.fixture(autouse=True)
def keep_registry() -> Iterator[None]:
    """The ops made here go again."""
    before = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)


def function(forward: Callable[..., Any], backward: Callable[..., Any]) -> Any:
    """An autograd.Function that saves its inputs for its backward."""

    class Planted(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            ctx.save_for_backward(*tensors)
            return forward(*tensors)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return backward(g, *ctx.saved_tensors)

    return Planted.apply


def normal(*shape: int, seed: int = 0) -> Any:
    """A float64 leaf of random numbers."""
    numbers = np.random.default_rng(seed).standard_normal(shape)
    return tg.tensor(numbers, requires_grad=True)


def vector(*values: float, dtype: Any = tg.float64) -> Any:
    """A leaf of these numbers."""
    return tg.tensor(list(values), dtype=dtype, requires_grad=True)


def report(func: Any, *inputs: Any) -> str:
    """What gradcheck says."""
    with pytest.raises(GradcheckError) as caught:
        gradcheck(func, inputs)
    text = str(caught.value)
    assert text.startswith("Jacobian mismatch for output 0 with respect to input")
    assert "\nnumerical:tensor(" in text
    assert "\nanalytical:tensor(" in text
    return text


# name: forward, backward, inputs, what the report says
MISTAKES: dict[str, tuple[Any, Any, Any, str]] = {
    "wrong sign": (
        lambda x: x.sin(), lambda g, x: -g * x.cos(), lambda: normal(2, 3),
        "Likely: wrong sign: the analytical derivative is minus the numerical one.",
    ),
    "missing factor": (
        lambda x: x * x, lambda g, x: g * x, lambda: normal(2, 3),
        "Likely: a factor: the analytical derivative is 1/2 times the numerical one, everywhere.",
    ),
    "mean without 1/n": (
        lambda x: x.mean(), lambda g, x: g.expand(x.shape), lambda: normal(2, 3),
        "Likely: a factor: the analytical derivative is 6 times the numerical one, everywhere.",
    ),
    "missing inner derivative": (
        lambda x: x**3, lambda g, x: 3 * g * x, lambda: normal(4),
        "Likely: a factor: the analytical derivative is the numerical one times 1/x, x being the input.",
    ),
    "inner derivative twice": (
        lambda x: x.exp(), lambda g, x: g * x.exp() * x.exp(), lambda: normal(4),
        "Likely: a factor: the analytical derivative is the numerical one times exp(x), x being the input.",
    ),
    "a constant added": (
        lambda x: x.exp(), lambda g, x: g * (x.exp() + 1), lambda: normal(4),
        "Likely: a term too much: the analytical derivative is the numerical one plus 1, everywhere.",
    ),
    "transposed gradient": (
        lambda x: x * x, lambda g, x: (2 * g * x).T, lambda: normal(3, 3),
        "Likely: transposed: the analytical derivative is right with the input's last two dimensions swapped.",
    ),
    "factor transposed": (
        lambda x: x @ _MATRIX, lambda g, x: g @ _MATRIX, lambda: normal(3, 3),
        "Likely: transposed: the analytical Jacobian is the transpose of the numerical one.",
    ),
    "reversed": (
        lambda x: x.square(), lambda g, x: (2 * g * x).flip(0), lambda: normal(3),
        "Likely: the right numbers in the wrong places: transposed, reversed, or in another order.",
    ),
    "cut off": (
        lambda x: x.sin(), lambda g, x: None, lambda: normal(3),
        "Likely: the analytical derivative is 0: a part of the graph is cut off (detach(), .data, None from a rule).",
    ),
    "one branch": (
        lambda x: tg.where(x > 0, x, 0.1 * x), lambda g, x: g, lambda: normal(6),
        "those where the input is < 0, a branch of its own perhaps.",
    ),
    "last row": (
        lambda x: x.exp(), lambda g, x: tg.cat([(g * x.exp())[:-1], g[-1:] * 0]), lambda: normal(4, 2, seed=1),
        "Likely: 2 of 64 elements are wrong: all of them at index 3 of the input's dimension 0.",
    ),
    "mean over what was repeated": (
        lambda b: b + tg.zeros(4, 3, dtype=tg.float64), lambda g, b: g.mean(0), lambda: normal(3),
        "Likely: a factor: the analytical derivative is 1/4 times the numerical one, everywhere.",
    ),
    "nan": (
        lambda x: x.exp(), lambda g, x: g * x.exp() * (x - x) / (x - x), lambda: normal(2),
        "Likely: the analytical derivative is nan at 4 of 4 elements.",
    ),
}  # fmt: skip
_MATRIX = tg.tensor(np.random.default_rng(5).standard_normal((3, 3)))


@pytest.mark.parametrize("name", MISTAKES)
def test_gradcheck_names_the_mistake(name: str) -> None:
    forward, backward, inputs, expected = MISTAKES[name]
    assert expected in report(function(forward, backward), inputs())


def test_gradcheck_reports_the_element_its_values_and_the_steps() -> None:
    x = vector(1.0, 5.0)
    text = report(lambda x: x * x.detach(), x)
    assert "Worst: d output[0][1] / d input[0][1]: analytical 5, numerical 10, absolute difference 5" in text
    assert "relative 0.5 (allowed: 1e-05 + 0.001 * |numerical|). The input is 5 there." in text
    assert "2 of 4 elements of the Jacobian disagree." in text
    assert "The step does not matter: from 5e-01 to 5e-07 the differences agree." in text


def test_the_worst_element_is_that_of_a_large_jacobian() -> None:
    def backward(g: Any, x: Any) -> Any:
        wrong = tg.ones(5, 4, dtype=tg.float64)
        wrong[3, 2] = 1.5
        return g * wrong * x.cos()

    assert "d output[0][3, 2] / d input[0][3, 2]" in report(function(lambda x: x.sin(), backward), normal(5, 4))


# --- a kink, a jump, a step --------------------------------------------------------------------------------------


def test_a_kink_is_told_from_a_mistake() -> None:
    text = report(lambda x: x.relu(), vector(-1.0, 0.0, 2.0))
    assert "Kink: the derivative from the left is 0, from the right 1. The analytical value 0 lies between them" in text
    assert "no mistake of the rule: move the input away from it" in text
    assert "Likely" not in text


def test_a_tie_is_a_kink() -> None:
    text = report(function(lambda x: x.max(), lambda g, x: g * tg.tensor([0.0, 1.0, 0.0])), vector(1.0, 3.0, 3.0))
    assert "Kink: the derivative from the left is 0, from the right 1." in text


def test_a_rule_that_is_wrong_at_a_kink_only() -> None:
    planted = function(lambda x: x.relu(), lambda g, x: g * (x > 0) + 7 * g * (x == 0))
    assert gradcheck(planted, vector(-1.0, 2.0))
    text = report(planted, vector(-1.0, 0.0, 2.0))
    assert "The analytical value 7 lies outside of both, so the rule is wrong at this point." in text


def test_a_mistake_goes_before_a_kink() -> None:
    planted = function(lambda x: x.relu(), lambda g, x: 2 * g * (x > 0))
    text = report(planted, vector(-1.0, 0.0, 2.0))
    assert "d input[0][2]" in text
    assert "Kink" not in text
    assert "Likely: a factor" in text or "elements are wrong" in text


def test_a_jump_is_recognised() -> None:
    assert "The function jumps here, by 1: it has no derivative." in report(lambda x: x.floor() + x, vector(1.0, 2.5))


@pytest.mark.parametrize(
    ("func", "values"),
    [
        (lambda x: x.relu(), (3e-7, -2.0)),  # nearer to the kink than the step is long
        (lambda x: x * x, (1e8, 1e9)),  # the step is lost in rounding
        (lambda x: (x * 1e5).sin(), (0.3, 1.0)),  # it is longer than a wave
        (lambda x: x.abs().sqrt(), (1e-9,)),  # so near to a pole that the step passes it
    ],
)
def test_a_step_that_does_not_suit_is_no_mistake(func: Any, values: Any) -> None:
    assert gradcheck(func, vector(*values), atol=1e-4)
    assert gradcheck(func, vector(*values), atol=1e-4, fast_mode=True)


@pytest.mark.parametrize("factor", [0.5, 1.01])
def test_a_mistake_is_found_at_such_points_too(factor: float) -> None:
    for forward, slope, values in (
        (lambda x: x.relu(), lambda x: 1.0 * (x > 0), (3e-7, 2.0)),
        (lambda x: x * x, lambda x: 2 * x, (1e8, 1e9)),
        (lambda x: (x * 1e3).sin(), lambda x: 1e3 * (x * 1e3).cos(), (0.3, 1.0)),
    ):
        planted = function(forward, lambda g, x, slope=slope: g * slope(x) * factor)
        assert not gradcheck(planted, vector(*values), raise_exception=False)
        assert not gradcheck(planted, vector(*values), raise_exception=False, fast_mode=True)


def test_sweeping_settles_on_the_derivative() -> None:
    swept = sweep(lambda t: np.array([np.exp(1 + t), abs(t), np.floor(t + 1)]))
    np.testing.assert_allclose(swept.best[0], math.e, rtol=1e-7)
    assert (swept.left[1], swept.right[1]) == (-1.0, 1.0)
    assert swept.jump.tolist() == [0.0, 0.0, 1.0]


# --- precision ---------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Input #0 requires gradient")
@pytest.mark.parametrize("dtype", [tg.float32, tg.float16])
def test_low_precision_is_checked_at_its_own_accuracy(dtype: Any) -> None:
    x = normal(3, 4).detach().to(dtype).requires_grad_()
    assert gradcheck(lambda x: (x.sin() * x).sum(0), x)
    assert gradcheck(lambda x: x.softmax(1), x)
    assert gradcheck(lambda x: x * x, x, fast_mode=True)
    assert not gradcheck(lambda x: x * x.detach(), x, raise_exception=False)
    assert not gradcheck(function(lambda x: x.sin(), lambda g, x: g * x.cos() * 1.1), x, raise_exception=False)


@pytest.mark.filterwarnings("ignore:Input #0 requires gradient")
def test_a_function_that_keeps_its_own_precision_gets_longer_steps() -> None:
    weight = tg.tensor(np.random.default_rng(1).standard_normal((4, 3)), dtype=tg.float32)
    x = normal(2, 4).detach().float().requires_grad_()
    assert gradcheck(lambda x: (x @ weight).tanh(), x)  # float32 @ float64 is refused
    assert not gradcheck(lambda x: (x.detach() @ weight) * (x @ weight), x, raise_exception=False)


def test_the_warning_on_low_precision_says_what_is_done() -> None:
    with pytest.warns(UserWarning, match=r"Steps and tolerances are adapted to that, but x.double\(\)"):
        gradcheck(lambda x: x * 2, tg.ones(2, requires_grad=True))


def test_a_leak_of_the_type_is_found() -> None:
    @op(vjp=lambda g, x: g * np.float64(2) * x, method=False)
    def leaking(x, /):
        return x * x

    message = r"is float32, its gradient float64.*math.log\(2\)"
    with warnings.catch_warnings(action="ignore"), pytest.raises(GradcheckError, match=message):
        gradcheck(leaking, vector(1.0, dtype=tg.float32), check_grad_dtypes=True)


def test_a_missing_sum_over_what_was_broadcast_is_found() -> None:
    @op(kind="general", vjp=(lambda g, w: g * w, lambda g, x: g * x), method=False)
    def scaled(x, w, /):
        return x * w

    with pytest.raises(GradcheckError) as caught:
        gradcheck(scaled, (normal(4, 3), normal(3)))
    assert "input 1 has shape [3], its gradient [4, 3]" in str(caught.value)
    assert "repeated along dimension(s) [0] (broadcast): the rule has to sum over them" in str(caught.value)


def test_complex_numbers_are_reported_too() -> None:
    x = tg.tensor([1 + 2j, 0.5 - 1j], dtype=tg.complex128, requires_grad=True)
    with pytest.raises(GradcheckError, match=r"(?s)While considering the .* part of complex outputs only, Jacobian"):
        gradcheck(function(lambda x: x * x, lambda g, x: g * 2 * x), x)  # not conjugated


def test_second_derivatives_are_reported_too() -> None:
    once = function(lambda x: x * x, lambda g, x: g * x.detach() * 2)
    with pytest.raises(GradcheckError, match=r"(?s)output 0 with respect to input 0.*Likely: the analytical .* is 0"):
        gradgradcheck(once, normal(3))


def test_patterns_are_not_seen_where_there_are_none() -> None:
    random = np.random.default_rng(0)
    right = random.standard_normal((5, 5))
    assert likely_mistake(random.standard_normal((5, 5)), right, random.standard_normal(5)) == ""
    assert likely_mistake(np.zeros((2, 2)), np.zeros((2, 2))) == ""


# --- check_op ----------------------------------------------------------------------------------------------------


def squared(x, /):
    return x * x


def clipped(x, /):
    return np.maximum(x, 0)


def product(x, y, /):
    return x * y


def matrix_product(x, y, /):
    return x @ y


def both(x, /):
    return x * 2, x * 3


def logarithm(x, /):
    return np.log(x) * 2


AT_KINK = [case(np.array([[0.0, 1.0], [-1.0, 2.0]]))]
OPS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "sign": (squared, {"vjp": lambda g, x: -g * 2 * x}, "likely: wrong sign"),
    "factor": (squared, {"vjp": lambda g, x: g * x}, "analytical derivative is 1/2 times the numerical one"),
    "kink": (clipped, {"vjp": lambda g, x: g * (x > 0), "cases": AT_KINK}, "lies between them, which is as right as"),
    "wrong at a kink": (
        clipped, {"vjp": lambda g, x: g * (x > 0) + 5 * g * (x == 0), "cases": AT_KINK}, "lies outside of both",
    ),
    "rules swapped": (
        product, {"vjp": (lambda g, x: g * x, lambda g, y: g * y)},
        "likely: this is the gradient of input 1: the rules are in the wrong order",
    ),
    "transposed": (
        matrix_product,
        {"kind": "general", "cases": [case((3, 3), (3, 3))],
         "vjp": (lambda g, y: g @ y, lambda g, x: np.swapaxes(x, 0, 1) @ g)},
        "likely: transposed: the analytical Jacobian is the transpose of the numerical one",
    ),
    "not reduced": (
        product, {"kind": "general", "vjp": (lambda g, y: g * y, lambda g, x: g * x), "cases": [case((4, 3), (3,))]},
        "gradient of input 1 ('y'): it has shape [4, 3], the input [3]. A rule sums over what was repeated",
    ),
    "an output forgotten": (
        both, {"kind": "general", "several": True, "vjp": lambda g: g[0] * 2, "cases": [case((2, 3))]},
        "likely: only what comes from output(s) [1] is wrong; there: the analytical derivative is 0",
    ),
    "outside of the domain": (logarithm, {"vjp": lambda g, x: g * 2 / x}, "(for check_op: domain=(low, high))"),
    "not linear": (squared, {"vjp": lambda g, x: g * g * 2 * x}, "right for a gradient of 1, but not linear in g"),
    "a constant to the second derivative": (
        squared, {"vjp": lambda g, x: g * 2 * (x._array if isinstance(x, tg.Tensor) else x)},
        "second gradient, by input 0: worst at index",
    ),
    "leak in the rule": (
        squared, {"vjp": lambda g, x: g * np.float64(2) * x}, "write 2.0 and math.log(2) instead of np.float64(2)",
    ),
    "written to": (squared, {"vjp": lambda g, x: np.multiply(g, 2 * x, out=g)}, "check 'inputs_unchanged' failed"),
}  # fmt: skip


@pytest.mark.parametrize("name", OPS)
def test_check_op_names_the_mistake(name: str) -> None:
    forward, options, expected = OPS[name]
    made = op(method=False, **options)(forward)
    with pytest.raises(CheckError) as caught:
        check_op(made)
    text = str(caught.value)
    assert expected in text
    assert text.startswith(f"{forward.__name__}: check '")
    assert f"\n  call: {forward.__name__}(" in text


def test_check_op_reports_the_element_and_both_values() -> None:
    text = ""
    try:
        check_op(op(vjp=lambda g, x: g * x, method=False)(squared))
    except CheckError as error:
        text = str(error)
    head, _, rest = text.partition("worst at index ")
    assert head.endswith("gradient of input 0 ('x'): ")
    for word in ("analytic ", "numeric ", "absolute error ", "relative error 0.5", "6 of 6 elements differ"):
        assert word in rest


# --- check_op, of anything ---------------------------------------------------------------------------------------


class Cube(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 3 * g * x * x


class Blend(tg.autograd.Function):
    """With a context of its own, two inputs, and broadcasting."""

    factor = 2.0

    @staticmethod
    def forward(x: Any, y: Any) -> Any:
        return x + 2 * y

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g, Blend.factor * g


def test_check_op_takes_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    check_op(Cube, reference=lambda x: x**3)
    check_op(Blend, reference=lambda x, y: x + 2 * y)
    with pytest.raises(CheckError, match="check 'reference' failed"):
        check_op(Cube, reference=lambda x: x**2)
    monkeypatch.setattr(Blend, "factor", 1.0)
    with pytest.raises(CheckError, match=r"(?s)gradient of input 1 \('y'\).*likely: a factor: .* 1/2 times"):
        check_op(Blend)


def test_check_op_holds_a_function_of_elements_to_more() -> None:
    """It is tried on empty inputs and on inputs that broadcast, as an op is."""

    def refuses_empty(x: Any, y: Any) -> Any:
        if x.numel() == 0:
            raise ValueError("nothing there")
        return x * y

    with pytest.raises(ValueError, match="nothing there"):
        check_op(refuses_empty)

    class NotReduced(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y = ctx.saved_tensors
            return g * y, (g * x).mean(0, keepdim=True).expand(g.shape) if x.shape != y.shape else g * x

    with pytest.raises(CheckError, match="check 'broadcasting' failed"):
        check_op(NotReduced)


def test_check_op_takes_modules() -> None:
    check_op(nn.Linear(3, 2))
    check_op(nn.Linear(3, 2), cases=[case((3,)), case((2, 4, 3)), case((0, 3))])
    check_op(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2)))
    check_op(nn.Embedding(5, 3), cases=[case(Integers((4,), 5))])
    check_op(nn.GELU())
    check_op(nn.MSELoss(), cases=[case((4, 3), (4, 3))], reference=lambda x, y: ((x - y) ** 2).mean())


def test_check_op_leaves_a_module_as_it_is() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = tg.get_rng_state()
    check_op(net)
    tg.testing.assert_close(dict(net.state_dict()), before)
    tg.testing.assert_close(tg.get_rng_state(), state)
    assert net.training
    assert net[0].weight.grad is None
    assert net[0].weight.dtype is tg.float32


def test_check_op_names_a_modules_parameter() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain, self.shift = nn.Parameter(tg.ones(3)), nn.Parameter(tg.zeros(3))

        def forward(self, x: Any) -> Any:
            return x * self.gain.detach() + self.shift

    with pytest.raises(CheckError) as caught:
        check_op(Scaled())
    assert "gradient of input 1 ('gain')" in str(caught.value)
    assert "a part of the graph is cut off" in str(caught.value)


def test_check_op_says_when_it_cannot_guess() -> None:
    class Picky(nn.Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("no")

    with pytest.raises(ValueError, match=r"cannot guess what Picky takes.*cases=\[case\(\(4, 3\)\)\]"):
        check_op(Picky())
