"""Elementwise ops: what the generated tests do not cover. Kinks, errors, dtypes, NumPy's names, Python's operators."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.special import normal_cdf
from tinygrad_nn.ops import (
    activation,
    arithmetic,
    comparison,
    exponential,
    gaussian,
    logic,
    piecewise,
    powers,
    rounding,
    selection,
)

INF, NAN = math.inf, math.nan


def gradient(function, *values):
    """The gradients of the sum of a function of float64 vectors."""
    inputs = [tg.tensor(np.array(value, np.float64), requires_grad=True) for value in values]
    function(*inputs).sum().backward()
    found = [list(tensor.grad.numpy()) for tensor in inputs]
    return found[0] if len(found) == 1 else found


# --- kinks and ties, as PyTorch 2.13 has them --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (arithmetic.abs, [[0.0, -0.0, NAN, -2.0]], [0, 0, 0, -1]),
        (piecewise.relu, [[0.0, -1.0, 2.0, NAN, -0.0]], [0, 0, 1, 1, 0]),
        (piecewise.relu6, [[0.0, 6.0, 3.0]], [0, 0, 1]),
        (piecewise.leaky_relu, [[0.0, 1.0]], [0.01, 1]),
        (activation.elu, [[0.0, 1.0, -INF]], [1, 1, 0]),
        (selection.maximum, [[1.0, 2.0, NAN], [1.0, 1.0, 0.0]], [[0.5, 1, 1], [0.5, 0, 1]]),
        (selection.fmax, [[1.0, 2.0, NAN], [1.0, 1.0, 0.0]], [[1, 1, 0], [0, 0, 1]]),
        (lambda x: x.clamp(0, 1), [[0.0, 1.0, 2.0, 0.5]], [1, 1, 0, 1]),
        (lambda x: x.clamp(1, -1), [[0.0, 1.0]], [0, 0]),
        (lambda x: x**1, [[0.0]], [1]),
        (lambda x: x**0, [[0.0, 2.0]], [0, 0]),
        (lambda x: x**2, [[0.0]], [0]),
        (lambda x, y: x**y, [[0.0, 0.0, 2.0], [0.0, 1.0, 0.0]], [[0, 1, 0], [0, 0, math.log(2)]]),
        (powers.sqrt, [[0.0]], [INF]),
        (exponential.logit, [[0.0]], [INF]),
    ],
)
def test_gradients_at_kinks(function, values, expected):
    np.testing.assert_array_equal(gradient(function, *values), expected)


def test_power_of_a_negative_base_has_no_gradient_for_the_exponent():
    by_base, by_exponent = gradient(lambda x, y: x**y, [-2.0], [3.0])
    assert by_base == [12.0]
    assert math.isnan(by_exponent[0])


def test_atan2_at_the_origin():
    by_y, by_x = gradient(lambda y, x: y.atan2(x), [0.0], [0.0])
    assert (by_y, by_x) == ([0.0], [-0.0])
    assert math.copysign(1, by_x[0]) == -1


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.relu(),
        lambda x: x.clamp(min=0),
        lambda x: x.clamp(min=tg.zeros(1, dtype=tg.float64)),
        piecewise.relu6,
        lambda x: selection.maximum(x, tg.zeros(1, dtype=tg.float64)),
        lambda x: selection.where(x > 0, x, tg.zeros(1, dtype=tg.float64)),
    ],
)
def test_an_infinite_gradient_stops_at_what_was_not_chosen(function, create_graph):
    x = tg.tensor([-1.0], dtype=tg.float64, requires_grad=True)
    function(x).sqrt().sum().backward(create_graph=create_graph)  # the slope of sqrt at 0 is inf; inf * 0 would be nan
    assert x.grad.tolist() == [0.0]


@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64])
@pytest.mark.parametrize("size", [1, 100, 1000, 1003])
def test_relu_passes_no_gradient_on_at_0(dtype, size):
    x = tg.cat([tg.full((size,), value, dtype=dtype) for value in (-0.0, 0.0, NAN, 1.0)]).requires_grad_()
    x.relu().backward(tg.full((4 * size,), INF, dtype=dtype))
    assert x.grad.tolist() == [0.0] * (2 * size) + [INF] * (2 * size)


def test_gradient_of_a_branch_that_was_not_taken_is_nan_as_in_pytorch():
    assert math.isnan(gradient(lambda x: selection.where(x > 0, x.sqrt(), x), [-1.0])[0])


def test_steps_have_no_gradient_even_for_an_infinite_one():
    x = tg.tensor([0.5], requires_grad=True)
    x.floor().sqrt().sum().backward()
    assert x.grad.tolist() == [0.0]


# --- accuracy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
def test_sigmoid_is_exact_far_below_zero(dtype):
    x = tg.tensor([-1.0, -12.0, -20.0, -80.0], dtype=dtype)
    expected = [1 / (1 + math.exp(-value)) for value in x.tolist()]
    error = np.abs(x.sigmoid().numpy() / np.array(expected) - 1)
    # that of x itself, rounded to a float once or twice
    assert (error < np.abs(x.numpy()) * np.finfo(dtype).eps + (1e-7 if dtype is tg.float32 else 1e-15)).all()
    np.testing.assert_allclose(x.sigmoid().log().numpy()[-1], -80, rtol=1e-6)


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 3e-7), (np.float64, 1e-15)])
def test_gelu_and_its_slope_are_exact(dtype, error):
    points = np.linspace(-9, 9, 90_001).astype(dtype)  # several blocks
    cumulative = normal_cdf(points.astype(np.float64))
    density = np.exp(points.astype(np.float64) ** 2 / -2) / math.sqrt(2 * math.pi)
    x = tg.tensor(points, requires_grad=True)
    result = gaussian.gelu(x)
    result.sum().backward()
    scale = np.maximum(np.abs(points), 1)  # an error in the cumulative function is multiplied by x
    assert (np.abs(result.detach().numpy() - points * cumulative) / scale).max() < error
    assert (np.abs(x.grad.numpy() - (cumulative + points * density)) / scale).max() < error
    assert gaussian.gelu(tg.tensor(np.array([40.0, -40.0, INF], dtype))).tolist() == [40.0, 0.0, INF]


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_slope_of_gelu_is_a_half_at_0(dtype, approximate):
    x = tg.tensor(np.array([0.0, -0.0, np.finfo(dtype).smallest_subnormal, np.nan], dtype), requires_grad=True)
    gaussian.gelu(x, approximate=approximate).sum().backward()
    assert x.grad.tolist()[:3] == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("flags", [True, False])
@pytest.mark.parametrize("found", [0.0, -0.0, 1e-45, 1e-30, np.nan])
def test_the_slope_of_gelu_at_0_is_found_among_many(monkeypatch, found, flags):
    monkeypatch.setattr(gaussian, "_FLAGS_TELL", gaussian._FLAGS_TELL and flags)
    x = tg.ones(500_000, requires_grad=True)  # several blocks
    with tg.no_grad():
        x[300_000] = found
    gaussian.gelu(x).sum().backward()
    np.testing.assert_equal(x.grad[300_000].item(), 0.5 if found == found else np.nan)
    assert len(set(np.delete(x.grad.numpy(), 300_000).tolist())) <= 3  # to the last bit, which the place may change


def test_what_gelu_has_saved_may_be_written_to():
    values = np.linspace(-3, 3, 7, dtype=np.float32)
    x, y = (tg.tensor(values, requires_grad=True) for _ in range(2))
    result = gaussian.gelu(x)
    result += 1  # which PyTorch allows
    result.sum().backward()
    gaussian.gelu(y).sum().backward()
    assert x.grad.tolist() == y.grad.tolist()


@pytest.mark.parametrize("exponent", [*range(-12, 13), 20, 21, -0.5, 0.5, 1.5, 3.7])
def test_powers_are_exact(exponent):
    base = np.concatenate([np.linspace(0.1, 3, 50), -np.linspace(0.1, 3, 50)])
    with np.errstate(invalid="ignore"):
        expected = np.power(base, exponent) if exponent >= 0 else 1 / np.power(base, -exponent)
    np.testing.assert_allclose((tg.tensor(base) ** exponent).numpy(), expected, rtol=1e-14)
    found = (tg.tensor(base.astype(np.float32)) ** exponent).numpy()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=4e-6)


@pytest.mark.parametrize("function", [exponential.logaddexp, exponential.logaddexp2])
def test_log_sums(function):
    x = np.array([0.0, 1000.0, -1000.0, INF, -INF, INF, -INF, NAN])
    y = np.array([1.0, 1001.0, -1001.0, INF, -INF, -INF, 2.0, 0.0])
    with np.errstate(invalid="ignore"):
        expected = getattr(np, function.__name__)(x, y)
    np.testing.assert_allclose(function(tg.tensor(x), tg.tensor(y)).numpy(), expected, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("shape", [(70, 80), (3, 4)])
def test_selecting_by_bits_equals_where(dtype, shape):
    generator = np.random.default_rng(0)
    x, y = (generator.standard_normal(shape).astype(dtype) for _ in range(2))
    mask = generator.random(shape) > 0.5
    tensors = tg.tensor(mask), tg.tensor(x), tg.tensor(y)
    np.testing.assert_array_equal(selection.where(*tensors).numpy(), np.where(mask, x, y))
    np.testing.assert_array_equal(
        selection.where(tensors[0].T, tensors[1].T, 2).numpy(), np.where(mask.T, x.T, dtype(2))
    )
    np.testing.assert_array_equal(
        selection.where(tensors[0][:1], tensors[1], tensors[2]).numpy(), np.where(mask[:1], x, y)
    )


# --- dtypes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda n: n / 2, "float32"),
        (lambda n: n // 2, "int64"),
        (lambda n: n // 2.0, "float32"),
        (lambda n: n.div(2, rounding_mode="trunc"), "int64"),
        (lambda n: n % 2, "int64"),
        (lambda n: n**2, "int64"),
        (lambda n: n**0.5, "float32"),
        (lambda n: 2**n, "int64"),
        (lambda n: 2.0**n, "float32"),
        (lambda n: n.float_power(2), "float64"),
        (lambda n: n.exp(), "float32"),
        (lambda n: n.sqrt(), "float32"),
        (lambda n: n.floor(), "int64"),
        (lambda n: n.relu(), "int64"),
        (lambda n: n.sigmoid(), "float32"),
        (lambda n: n.clamp(0, 2), "int64"),
        (lambda n: n.clamp(0.5, 2), "float32"),
        (lambda n: selection.where(n > 1, n, 2.5), "float32"),
        (lambda n: selection.where(n > 1, 1, 2), "int64"),
        (lambda n: selection.where(n > 1, 1.0, 2), "float32"),
        (lambda n: (n > 1) ** 2, "int64"),
        (lambda n: n == 1.5, "bool"),
        (lambda n: n & 1, "int64"),
        (lambda n: n.sign(), "int64"),
        (lambda n: n.isnan(), "bool"),
    ],
)
def test_types_of_results_of_integers(function, expected):
    assert function(tg.tensor([1, 2, 3])).numpy().dtype == expected


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_numbers_do_not_widen(kind):
    x = tg.tensor(np.array([0.5, 2.0], kind))
    results = [x + 1.5, 2 - x, x * 3, x / 3, 2 / x, x // 0.3, x % 0.3, x**1.7, 1.7**x, x.clamp(0.1, 1),
               x.lerp(x, 0.3), selection.where(x > 1, x, 0.5), x.add(x, alpha=0.5),
               x.addcmul(x, x, value=0.5), x.nan_to_num(0.1)]  # fmt: skip
    assert {str(result.numpy().dtype) for result in results} == {kind}


def test_integer_powers():
    assert (tg.tensor([2, -1, 1, 0]) ** tg.tensor([-1, -3, -2, 0])).tolist() == [0, -1, 1, 1]
    assert (2 ** tg.tensor([3, -1])).tolist() == [8, 0]
    assert (tg.tensor([True, False]) ** tg.tensor([False, True])).tolist() == [True, False]


def test_quotients_of_integers():
    x, y = tg.tensor([7, -7, 7, -7]), tg.tensor([2, 2, -2, -2])
    assert (x // y).tolist() == [3, -4, -4, 3]
    assert x.div(y, rounding_mode="trunc").tolist() == [3, -3, -3, 3]
    assert (x % y).tolist() == [1, 1, -1, -1]
    assert x.fmod(y).tolist() == [1, -1, 1, -1]


# --- errors ------------------------------------------------------------------------------------------------------

FLOATS, INTEGERS, BOOLEANS = tg.tensor([1.0, 2.0]), tg.tensor([1, 2]), tg.tensor([True, False])


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: FLOATS.clamp(), RuntimeError, "At least one of 'min' or 'max' must not be None"),
        (lambda: INTEGERS**-1, RuntimeError, "Integers to negative integer powers are not allowed."),
        (lambda: INTEGERS // 0, RuntimeError, "ZeroDivisionError"),
        (lambda: INTEGERS % 0, RuntimeError, "ZeroDivisionError"),
        (lambda: FLOATS.div(2, rounding_mode="up"), RuntimeError, "'trunc', or 'floor' but found 'up'"),
        (lambda: -BOOLEANS, RuntimeError, "Negation, the `-` operator, on a bool tensor is not supported"),
        (lambda: +BOOLEANS, RuntimeError, "The `\\+` operator, on a bool tensor"),
        (lambda: BOOLEANS - BOOLEANS, RuntimeError, "Subtraction, the `-` operator, with two bool tensors"),
        (lambda: INTEGERS.add(INTEGERS, alpha=0.5), RuntimeError, "alpha must not be a floating point number"),
        (lambda: INTEGERS.addcdiv(INTEGERS, INTEGERS), RuntimeError, "Integer division with addcdiv"),
        (lambda: INTEGERS.lerp(INTEGERS, 1), NotImplementedError, "not implemented for 'Long'"),
        (lambda: BOOLEANS.floor(), NotImplementedError, "not implemented for 'Bool'"),
        (lambda: INTEGERS.frac(), NotImplementedError, "not implemented for 'Long'"),
        (lambda: FLOATS & FLOATS, NotImplementedError, "not implemented for 'Float'"),
        (lambda: ~FLOATS, TypeError, "only implemented on integer and Boolean-type tensors"),
        (lambda: BOOLEANS.relu(), RuntimeError, "Boolean inputs not supported for relu"),
        (lambda: gaussian.gelu(INTEGERS), NotImplementedError, "not implemented for 'Long'"),
        (lambda: gaussian.gelu(FLOATS, approximate="erf"), RuntimeError, "must be either none or tanh"),
        (lambda: activation.celu(FLOATS, alpha=0.0), RuntimeError, "alpha cannot be 0"),
        (lambda: piecewise.hardtanh(FLOATS, 2, 1), ValueError, "min_val cannot be greater than max_val"),
        (lambda: piecewise.softshrink(FLOATS, -1.0), RuntimeError, "lambda must be"),
        (lambda: piecewise.prelu(tg.ones(2, 3), tg.ones(2)), RuntimeError, "numbers = 2 and channel size = 3"),
        (lambda: tg.nn.functional.glu(tg.ones(3)), RuntimeError, "must be even, but dimension 0 is size 3"),
        (lambda: selection.where(FLOATS, 1, 2), RuntimeError, "expected condition to be a boolean tensor"),
        (lambda: selection.where(True, FLOATS, 2), TypeError, "must be Tensor, not bool"),
        (lambda: comparison.isclose(FLOATS, FLOATS, rtol=-1.0), RuntimeError, "rtol must be greater than or equal"),
        (lambda: FLOATS + tg.ones(3), RuntimeError, "The size of tensor a \\(2\\) must match"),
        (lambda: FLOATS**"2", TypeError, "unsupported operand"),
        (lambda: FLOATS < None, TypeError, "not supported between instances"),
    ],
)  # fmt: skip
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


# --- Python's operators ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow],
)
def test_operators_with_numbers_on_either_side(function):
    values = np.array([0.5, 2.0, 3.0])
    x = tg.tensor(values)
    np.testing.assert_allclose(function(x, 2).numpy(), function(values, 2))
    np.testing.assert_allclose(function(2.5, x).numpy(), function(2.5, values))
    np.testing.assert_allclose(function(x, np.float64(1.5)).numpy(), function(values, 1.5))
    np.testing.assert_allclose(function(values, x).numpy(), function(values, values))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (operator.iadd, [3.0, 4.0]),
        (operator.isub, [-1.0, 0.0]),
        (operator.imul, [2.0, 4.0]),
        (operator.itruediv, [0.5, 1.0]),
        (operator.ifloordiv, [0.0, 1.0]),
        (operator.imod, [1.0, 0.0]),
        (operator.ipow, [1.0, 4.0]),
    ],
)
def test_operators_in_place(function, expected):
    x = tg.tensor([1.0, 2.0])
    memory = x.data_ptr()
    x = function(x, 2)
    assert x.tolist() == expected
    assert x.data_ptr() == memory


def test_methods_in_place():
    x = tg.tensor([-4.0, 9.0])
    assert x.clamp_(0).tolist() == [0.0, 9.0]
    assert x.clip_(max=4).tolist() == [0.0, 4.0]
    assert x.div_(2).pow_(3).tolist() == [0.0, 8.0]
    assert x.divide_(2).floor_divide_(3).clamp_min_(1).clamp_max_(5).neg_().tolist() == [-1.0, -1.0]
    with pytest.raises(RuntimeError, match="result type Float can't be cast"):
        tg.tensor([1]).div_(2)


def test_comparison_with_what_is_no_tensor():
    x = tg.tensor([1.0, 2.0])
    assert (x == None) is False  # noqa: E711
    assert (x != None) is True  # noqa: E711
    assert (x == "a") is False
    assert (x == [1.0, 2.0]) is False
    with pytest.raises(TypeError):
        comparison.eq(x, None)


def test_operators_leave_other_classes_a_chance():
    class Other:
        def __radd__(self, left):
            return "added"

        def __eq__(self, other):
            return "compared"

        __hash__ = None

    assert tg.ones(2) + Other() == "added"
    assert (tg.ones(2) == Other()) == "compared"


# --- NumPy's functions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.where(x > 1, x, 0.0),
        lambda x: np.clip(x, 0.5, 1.0),
        lambda x: np.clip(x, a_min=0.5, a_max=None),
        lambda x: np.power(x, 3),
        lambda x: np.power(2.0, x),
        lambda x: np.float_power(x, 2),
        lambda x: np.divide(1, x),
        lambda x: np.floor_divide(x, 2),
        lambda x: np.abs(x) + np.absolute(x) + np.fabs(x),
        lambda x: np.round(x, decimals=1) + np.around(x),
        lambda x: np.rad2deg(x) + np.degrees(x) + np.radians(x),
        lambda x: np.logical_and(x > 1, x < 3),
        lambda x: np.bitwise_not(x > 1),
        lambda x: np.isclose(x, 2.0),
        lambda x: np.nan_to_num(x, nan=1.0),
        lambda x: np.trunc(x),
        lambda x: np.heaviside(x, 0.5),
    ],
)
def test_numpy_functions(function):
    values = np.array([0.25, 1.26, 2.0, 3.7])
    found = function(tg.tensor(values))
    assert isinstance(found, tg.Tensor)
    expected = function(values)
    assert found.numpy().dtype == expected.dtype
    np.testing.assert_allclose(found.numpy(), expected)


def test_allclose_and_equal():
    x = tg.tensor([1.0, NAN])
    assert np.allclose(x, x) is False
    assert np.allclose(x, x, equal_nan=True) is True
    assert comparison.equal(tg.tensor([1, 2]), tg.tensor([1.0, 2.0])) is True
    assert comparison.equal(tg.tensor([1, 2]), tg.tensor([[1, 2]])) is False
    assert tg.tensor([1.0]).equal(tg.tensor([2.0])) is False
    with pytest.raises(TypeError, match="must be Tensor"):
        comparison.equal(x, 1.0)


def test_isclose_of_unsigned_integers_does_not_wrap():
    assert comparison.isclose(tg.tensor([0], dtype=tg.uint8), tg.tensor([255], dtype=tg.uint8)).tolist() == [False]


def test_where_with_the_condition_alone_gives_indices():
    (indices,) = selection.where(tg.tensor([False, True, True]))
    assert indices.tolist() == [1, 2]


def test_where_as_a_method():
    x = tg.tensor([1.0, 2.0])
    assert x.where(x > 1, 0).tolist() == [0.0, 2.0]


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 4), ()])
def test_prelu_with_one_slope(shape):
    x = tg.full(shape, -2.0, requires_grad=True)
    slope = tg.tensor([0.25], requires_grad=True)
    piecewise.prelu(x, slope).sum().backward()
    count = max(1, math.prod(shape))
    assert slope.grad.tolist() == [-2.0 * count]
    assert x.grad.shape == shape


def test_rrelu():
    x, noise = tg.tensor([-1.0, 2.0]), tg.tensor([0.2, 0.2])
    assert piecewise.rrelu(x, 0.1, 0.3, training=True, noise=noise).tolist() == pytest.approx([-0.2, 2.0])
    assert piecewise.rrelu(x, 0.1, 0.5).tolist() == pytest.approx([-0.3, 2.0])


def test_values_of_unlike_kinds():
    assert rounding.heaviside(tg.tensor([NAN, 0.0, 3.0]), tg.tensor([0.5])).tolist() == [0.0, 0.5, 1.0]
    assert arithmetic.sign(tg.tensor([NAN, -0.0, -3.0])).tolist() == [0.0, 0.0, -1.0]
    assert arithmetic.sign(tg.tensor([3, 0], dtype=tg.uint8)).tolist() == [1, 0]
    assert (tg.tensor([255], dtype=tg.uint8) == -1).tolist() == [True]  # numbers wrap around, as PyTorch's do
    assert logic.logical_xor(tg.tensor([0.0, 2.0]), tg.tensor([3, 1])).tolist() == [True, False]
    assert (1 << tg.tensor([0, 3])).tolist() == [1, 8]


def test_outputs_written_to_a_given_tensor():
    out = tg.zeros(2)
    assert powers.pow(FLOATS, 2, out=out) is out
    assert arithmetic.div(FLOATS, 2, out=out) is out
    assert selection.clamp(FLOATS, max=1, out=out) is out
    assert out.tolist() == [1.0, 1.0]
    exponential.exp(FLOATS, out=out)
    np.testing.assert_allclose(out.numpy(), np.exp([1.0, 2.0]), rtol=1e-6)
