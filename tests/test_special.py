"""Tests of the error function and its relatives, beside mpmath, the standard library and, live, PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tinygrad_nn._core.special import erf, erfc, erfinv, normal_cdf

Array = npt.NDArray[Any]

FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "erf": erf,
    "erfc": erfc,
    "normal_cdf": normal_cdf,
    "erfinv": erfinv,
}
FLOATS = (np.float16, np.float32, np.float64)
LARGEST_ERROR = {"erf": 5.0, "erfc": 6.0, "normal_cdf": 6.0, "erfinv": 4.0}  # in units in the last place
DENSE = 100_003  # several blocks, and a part of one

# (x, value), from mpmath 1.4.1 with 60 digits, rounded to float64.
REFERENCE = {
    "erf": [
        (5e-324, 5e-324),
        (1e-300, 1.1283791670955126e-300),
        (1e-10, 1.1283791670955126e-10),
        (0.125, 0.1403162048013338),
        (0.45, 0.47548171978692366),
        (0.84375, 0.7672256612323416),
        (1.0, 0.8427007929497149),
        (1.5, 0.9661051464753108),
        (2.25, 0.9985372834133188),
        (3.0, 0.9999779095030014),
        (4.5, 0.9999999998033839),
        (5.75, 0.9999999999999996),
        (6.5, 1.0),
    ],
    "erfc": [
        (-6.5, 2.0),
        (-2.0, 1.9953222650189528),
        (-0.5, 1.5204998778130465),
        (1e-20, 1.0),
        (0.125, 0.8596837951986662),
        (0.5, 0.4795001221869535),
        (0.84375, 0.23277433876765838),
        (1.25, 0.07709987174354177),
        (2.0, 0.004677734981047266),
        (4.5, 1.9661604415428876e-10),
        (10.0, 2.088487583762545e-45),
        (15.75, 6.623668412559064e-110),
        (20.0, 5.395865611607901e-176),
        (26.25, 1.191076770672623e-301),
        (26.75, 3.6220391065e-313),
        (27.0, 5.23705e-319),
    ],
    "normal_cdf": [
        (-38.25, 2.0795e-320),
        (-37.75, 3.760960994665e-312),
        (-20.1, 3.6896808637213897e-90),
        (-10.0, 7.619853024160525e-24),
        (-5.3, 5.790134039964594e-08),
        (-2.0, 0.02275013194817921),
        (-1.0, 0.15865525393145705),
        (-0.1, 0.460172162722971),
        (1e-20, 0.5),
        (0.1, 0.539827837277029),
        (1.0, 0.8413447460685429),
        (3.0, 0.9986501019683699),
        (8.0, 0.9999999999999993),
        (9.0, 1.0),
    ],
    "erfinv": [
        (1e-300, 8.86226925452758e-301),
        (1e-10, 8.862269254527581e-11),
        (0.125, 0.11123545184094996),
        (0.5, 0.4769362762044699),
        (0.7, 0.7328690779592167),
        (0.9, 1.1630871536766743),
        (0.99, 1.8213863677184494),
        (0.9965, 2.0647715607126025),
        (0.9967, 2.077703486165099),
        (0.999, 2.3267537655135246),
        (0.999999, 3.458910737275499),
        (0.9999999999990905, 5.05125408524939),
        (0.9999999999999999, 5.8635847487551676),
    ],
}


def errors(result: Array, exact: Array) -> Array:
    """Errors in units in the last place of the result's dtype, given values in float64."""
    units = np.spacing(np.abs(exact).astype(result.dtype)).astype(np.float64)
    return np.asarray(np.abs(result.astype(np.float64) - exact) / units)


def exact_normal_cdf(x: float) -> float:
    """The standard library's erfc at the rounded -x / sqrt(2), and a correction for the rounding."""
    z = -x * math.sqrt(0.5)
    rounding = float(Fraction(x) ** 2 / 2 - Fraction(z) ** 2) / (2 * z) if z else 0.0
    return 0.5 * math.erfc(z) - math.exp(-z * z) / math.sqrt(math.pi) * rounding


def exact_values(name: str, x: Array) -> Array:
    """Values in float64, within about an ulp, from the standard library."""
    function = {"erf": math.erf, "erfc": math.erfc, "normal_cdf": exact_normal_cdf}[name]
    return np.array([function(float(value)) for value in x])


def points(name: str, dtype: Any) -> Array:
    """A dense grid over the range in which the function changes, and many orders of magnitude around zero."""
    low, high, number = {
        "erf": (-6.5, 6.5, DENSE),
        "erfc": (-6.5, 9.1 if dtype == np.float32 else 26.0, DENSE),
        "normal_cdf": (-12.9 if dtype == np.float32 else -36.0, 9.0, 10_007),
    }[name]
    small = np.logspace(-30, 0, 301)
    return np.concatenate([np.linspace(low, high, number), small, -small]).astype(dtype)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_matches_high_precision_values(name: str) -> None:
    x, exact = np.array(REFERENCE[name]).T
    assert errors(FUNCTIONS[name](x), exact).max() <= LARGEST_ERROR[name]


@pytest.mark.parametrize("name", ["erf", "erfinv"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_is_odd(name: str, dtype: Any) -> None:
    x = np.linspace(0, 1, 5001, dtype=dtype)
    np.testing.assert_array_equal(FUNCTIONS[name](-x), -FUNCTIONS[name](x))


@pytest.mark.parametrize("name", ["erf", "erfc", "normal_cdf"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_matches_standard_library(name: str, dtype: Any) -> None:
    x = points(name, dtype)
    exact = exact_values(name, x)
    assert errors(FUNCTIONS[name](x), exact).max() <= LARGEST_ERROR[name]


@pytest.mark.parametrize("name", ["erf", "erfc", "normal_cdf"])
def test_float16_is_rounded_from_float32(name: str) -> None:
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)  # every float16 there is
    x = x[np.isfinite(x)]
    result = FUNCTIONS[name](x)
    assert result.dtype == np.float16
    assert errors(result, exact_values(name, x)).max() <= 0.51


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_erfinv_inverts(dtype: Any) -> None:
    near_one = 1 - np.logspace(-1, -7 if dtype == np.float32 else -15.9, 4001)
    near_zero = np.logspace(-30, -1, 1001)
    x = np.concatenate([np.linspace(0, 0.9999, DENSE), near_zero, near_one]).astype(dtype)
    result = erfinv(x)
    wide, y = x.astype(np.float64), result.astype(np.float64)
    short = np.where(wide < 0.5, wide - exact_values("erf", y), exact_values("erfc", y) - (1 - wide))
    exact = y + short * np.exp(y * y) * math.sqrt(math.pi) / 2  # one Newton step on the library's values
    assert errors(result, exact).max() <= LARGEST_ERROR["erfinv"]


SPECIAL = {
    "erf": {math.inf: 1.0, -math.inf: -1.0, 0.0: 0.0, 1e4: 1.0, -1e4: -1.0},
    "erfc": {math.inf: 0.0, -math.inf: 2.0, 0.0: 1.0, 1e4: 0.0, -1e4: 2.0, 60.0: 0.0},
    "normal_cdf": {math.inf: 1.0, -math.inf: 0.0, 0.0: 0.5, 1e4: 1.0, -1e4: 0.0, -60.0: 0.0},
    "erfinv": {1.0: math.inf, -1.0: -math.inf, 0.0: 0.0, 2.0: math.nan, math.inf: math.nan, -1.5: math.nan},
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values(name: str, dtype: Any) -> None:
    x = np.array([*SPECIAL[name], math.nan], dtype)
    expected = np.array([*SPECIAL[name].values(), math.nan], dtype)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(FUNCTIONS[name](x), expected, strict=True)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_values(name: str, dtype: Any) -> None:
    limits = np.finfo(dtype)
    x = np.array([limits.max, -limits.max, limits.smallest_subnormal, -limits.smallest_subnormal], dtype)
    expected = {
        "erf": [1, -1, x[2], x[3]],
        "erfc": [0, 2, 1, 1],
        "normal_cdf": [1, 0, 0.5, 0.5],
        "erfinv": [math.nan, math.nan, x[2], x[3]],
    }[name]
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(FUNCTIONS[name](x), np.array(expected, dtype), strict=True)


@pytest.mark.parametrize("name", ["erf", "erfinv"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_keeps_sign_of_zero(name: str, dtype: Any) -> None:
    zeros = np.array([0.0, -0.0], dtype)
    np.testing.assert_array_equal(np.signbit(FUNCTIONS[name](zeros)), [False, True])


@pytest.mark.parametrize("name", ["erfc", "normal_cdf"])
def test_float32_tail_ends_in_subnormals(name: str) -> None:
    x = np.linspace(9.0, 10.3, 2001).astype(np.float32)
    x = x if name == "erfc" else -x * np.float32(math.sqrt(2))
    assert errors(FUNCTIONS[name](x), exact_values(name, x)).max() <= LARGEST_ERROR[name]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3, 4)])
def test_keeps_shape_and_dtype(name: str, dtype: Any, shape: tuple[int, ...]) -> None:
    result = FUNCTIONS[name](np.full(shape, 0.25, dtype))
    assert type(result) is np.ndarray
    assert (result.shape, result.dtype) == (shape, np.dtype(dtype))
    np.testing.assert_array_equal(result, FUNCTIONS[name](np.array([0.25], dtype))[0])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "view",
    [
        np.transpose,
        lambda x: x[::-2, 1::3],
        lambda x: x[:, 0],
        lambda x: np.broadcast_to(x[0], (3, 50)),
        np.asfortranarray,
    ],
    ids=["transposed", "strided", "column", "broadcast", "fortran"],
)
def test_layouts_of_a_read_only_input(name: str, dtype: Any, view: Callable[[Array], Array]) -> None:
    base = np.linspace(-0.999, 0.999, 2000).astype(dtype).reshape(40, 50)
    before = base.copy()
    base.flags.writeable = False
    x = view(base)
    np.testing.assert_array_equal(FUNCTIONS[name](x), FUNCTIONS[name](np.array(x, order="C")), strict=True)
    np.testing.assert_array_equal(base, before)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_blocks_never_write_to_the_input(name: str, dtype: Any) -> None:
    x = np.linspace(-1, 1, DENSE).astype(dtype)
    before = x.copy()
    result = FUNCTIONS[name](x)
    np.testing.assert_array_equal(x, before)
    assert not np.shares_memory(result, x)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.int64, np.complex128, np.bool_, np.longdouble])
def test_refuses_other_dtypes(name: str, dtype: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a float16, float32 or float64 array, but got"):
        FUNCTIONS[name](np.ones(2, dtype))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_differences_match_the_derivative(name: str) -> None:
    x, step = np.linspace(-0.95, 0.95, 381), 1e-5
    gaussian = np.exp(-np.square(x)) * 2 / math.sqrt(math.pi)
    derivative = {
        "erf": gaussian,
        "erfc": -gaussian,
        "normal_cdf": np.exp(-np.square(x) / 2) / math.sqrt(2 * math.pi),
        "erfinv": np.exp(np.square(erfinv(x))) * math.sqrt(math.pi) / 2,
    }[name]
    difference = (FUNCTIONS[name](x + step) - FUNCTIONS[name](x - step)) / (2 * step)
    np.testing.assert_allclose(difference, derivative, rtol=2e-7 if name == "erfinv" else 1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-6), (np.float64, 1e-14)])
def test_matches_torch(name: str, dtype: Any, tolerance: float) -> None:
    torch = pytest.importorskip("torch")
    low, high = {"erf": (-7, 7), "erfc": (-7, 5), "normal_cdf": (-5, 7), "erfinv": (-1, 1)}[name]
    special = [0.0, -0.0, math.inf, -math.inf, math.nan]
    x = np.concatenate([np.linspace(low, high, 20_001), special]).astype(dtype)
    if name == "normal_cdf":  # torch.special.ndtr loses the small values
        wide = torch.from_numpy(x).double()
        expected = (0.5 * torch.erfc(-wide / math.sqrt(2))).numpy().astype(dtype)
    else:
        expected = getattr(torch, name)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(FUNCTIONS[name](x), expected, rtol=tolerance, atol=0, strict=True)
