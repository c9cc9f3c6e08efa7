"""Tests of the special functions' kernels beside mpmath; of their special points; and of the functions in place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import special
from tinygrad_nn._core import bessel, gamma, incomplete_gamma, modified_bessel, normal_distribution, polynomials
from tinygrad_nn.ops.inplace_functions import INPLACE_FUNCTIONS, inplace_function

INF, NAN = math.inf, math.nan
FUNCTIONS = {
    name: getattr(module, name)
    for module, names in (
        (gamma, "log_gamma digamma zeta"),
        (incomplete_gamma, "lower_gamma upper_gamma"),
        (bessel, "bessel_j0 bessel_j1 bessel_y0 bessel_y1 airy_ai spherical_bessel_slope"),
        (modified_bessel, "i0 i1 k0 k1 i0e i1e scaled_k0 scaled_k1"),
        (normal_distribution, "erfcx log_normal_cdf normal_quantile"),
    )
    for name in names.split()
}

# (point, value), from mpmath 1.4.1 with 60 digits, rounded to float64.
REFERENCE: dict[str, list[tuple[Any, float]]] = {
    "log_gamma": [
        (-7.25, -7.54188344347575),
        (-2.5, -0.056243716497674054),
        (-0.25, 1.589575312551186),
        (1e-10, 23.025850929882736),
        (0.3, 1.0957979948180756),
        (0.75, 0.20328095143129538),
        (1.0000001, -5.772155829918507e-08),
        (1.4, -0.1196129141723713),
        (1.9999, -4.227520877215346e-05),
        (3.5, 1.2009736023470743),
        (7.75, 8.025458396315983),
        (8.0, 8.525161361065415),
        (100.25, 360.28455963776423),
        (10000000000.0, 220258509288.81058),
    ],
    "digamma": [
        (-7.25, 5.189977214956288),
        (-0.25, 2.9141391202135276),
        (1e-10, -10000000000.577215),
        (0.3, -3.502524222200133),
        (1.0, -0.5772156649015329),
        (3.5, 1.103156640645243),
        (9.75, 2.225109535044576),
        (10.0, 2.251752589066721),
        (100.25, 4.602671243274712),
        (10000000000.0, 23.025850929890456),
    ],
    "zeta": [
        ((1.25, 1.0), 4.5951118258429435),
        ((2.0, 0.5), 4.934802200544679),
        ((3.5, 10.0), 0.0014322106437178635),
        ((2.0, -1.5), 9.379246644989124),
        ((20.0, 3.0), 2.8771746654611316e-10),
        ((2.0, 1000000.0), 1.0000005000001667e-06),
    ],
    "lower_gamma": [
        ((0.5, 0.1), 0.345279153981423),
        ((0.5, 3.0), 0.9856941215645704),
        ((4.0, 3.0), 0.35276811121776874),
        ((10.0, 25.0), 0.9997785233617512),
        ((50.0, 52.0), 0.6278502984261325),
        ((50.0, 30.0), 0.0005188914625480343),
        ((500.0, 480.0), 0.1862819731903246),
        ((145.5, 1.0), 3.8123382960112835e-254),
    ],
    "upper_gamma": [
        ((0.5, 0.1), 0.654720846018577),
        ((0.5, 3.0), 0.01430587843542964),
        ((0.01, 0.4), 0.007049438210944962),
        ((4.0, 3.0), 0.6472318887822313),
        ((10.0, 25.0), 0.00022147663824878357),
        ((50.0, 52.0), 0.37214970157386756),
        ((50.0, 90.0), 1.6494985017178249e-06),
        ((500.0, 520.0), 0.1846911490987436),
    ],
    "bessel_j0": [
        (0.0, 1.0),
        (-0.5, 0.9384698072408129),
        (1.0, 0.7651976865579666),
        (4.9, -0.2097383275853262),
        (5.05, -0.1610847417251776),
        (6.0, 0.15064525725099692),
        (20.0, 0.16702466434058316),
        (100.5, 0.054436573814413594),
    ],
    "bessel_j1": [
        (0.0, 0.0),
        (-0.5, -0.2422684576748739),
        (1.0, 0.4400505857449335),
        (4.9, -0.31469467101519066),
        (5.05, -0.33276129465815624),
        (6.0, -0.27668385812756563),
        (20.0, 0.06683312417585005),
        (100.5, -0.05779112399693202),
    ],
    "bessel_y0": [
        (1e-10, -14.732516272697241),
        (0.5, -0.44451873350670656),
        (1.0, 0.08825696421567696),
        (4.9, -0.2920545942440142),
        (5.05, -0.3154867053454441),
        (6.0, -0.28819468398157916),
        (20.0, 0.06264059680938383),
        (100.5, -0.05806122757035575),
    ],
    "bessel_y1": [
        (1e-10, -6366197723.675814),
        (0.5, -1.471472392670243),
        (1.0, -0.7812128213002887),
        (4.9, 0.18124669204504856),
        (5.05, 0.13087246201559954),
        (6.0, -0.17501034430039825),
        (20.0, -0.1655116143625213),
        (100.5, -0.05472610209468349),
    ],
    "airy_ai": [
        (-20.5, -0.04462568039701191),
        (-5.0, 0.35076100902411433),
        (-2.25, 0.06159865877700528),
        (-1.0, 0.5355608832923521),
        (0.0, 0.3550280538878172),
        (1.0, 0.13529241631288141),
        (2.0, 0.03492413042327438),
        (2.25, 0.023654658557747447),
        (9.0, 2.47116843087249e-09),
        (50.0, 4.5849417240748285e-104),
    ],
    "spherical_bessel_slope": [
        (1e-08, -3.3333333333333334e-09),
        (-0.5, 0.16253703063606656),
        (0.99, -0.2987685099732158),
        (1.0, -0.3011686789397568),
        (3.5, -0.23892368798597285),
        (20.0, 0.01812173996385053),
    ],
    "i0": [
        (0.0, 1.0),
        (-1.0, 1.2660658777520084),
        (7.75, 338.5137537472759),
        (8.25, 540.325079074807),
        (50.0, 2.9325537838493362e20),
    ],
    "i1": [
        (1e-10, 5e-11),
        (-1.0, -0.565159103992485),
        (7.75, 315.85248092400343),
        (8.25, 506.4338383076455),
        (50.0, 2.903078590103557e20),
    ],
    "k0": [
        (1e-10, 23.14178244559887),
        (1.0, 0.42102443824070834),
        (1.99, 0.1153017675517768),
        (2.01, 0.11250436099872804),
        (50.0, 3.4101677497894956e-23),
    ],
    "k1": [
        (1e-10, 10000000000.0),
        (1.0, 0.6019072301972346),
        (1.99, 0.14171756162240132),
        (2.01, 0.1380408773192077),
        (50.0, 3.4441022267175555e-23),
    ],
    "i0e": [
        (0.5, 0.6450352704491501),
        (7.75, 0.1458122743089143),
        (8.25, 0.1411645506329935),
        (1000.0, 0.012617240455891257),
    ],
    "i1e": [
        (0.5, 0.1564208031848717),
        (7.75, 0.1360511000803391),
        (8.25, 0.13231017396500142),
        (1000.0, 0.012610930256928629),
    ],
    "scaled_k0": [
        (0.5, 1.5241093857739094),
        (1.99, 0.8434939733789928),
        (2.01, 0.8396557490908678),
        (1000.0, 0.03962832160075422),
    ],
    "scaled_k1": [
        (0.5, 2.731009708211786),
        (1.99, 1.0367396067608632),
        (2.01, 1.0302428743356034),
        (1000.0, 0.03964813081296021),
    ],
    "erfcx": [
        (-5.0, 144009798674.66104),
        (-0.5, 1.952360489182557),
        (0.0, 1.0),
        (0.5, 0.6156903441929259),
        (10.0, 0.05614099274382259),
        (26.9, 0.02095912807445141),
        (27.1, 0.020804658843080567),
        (1000.0, 0.0005641893014533876),
    ],
    "log_normal_cdf": [
        (-50.0, -1254.8313611394199),
        (-5.0, -15.064998393988725),
        (-1.01, -1.8563130623431785),
        (-0.99, -1.8258103178428124),
        (0.0, -0.6931471805599453),
        (2.0, -0.02301290932896349),
        (8.0, -6.220960574271786e-16),
    ],
    "normal_quantile": [
        (1e-300, -37.0470962993612),
        (1e-20, -9.262340089798407),
        (1e-05, -4.264890793922825),
        (0.1, -1.2815515655446004),
        (0.2, -0.8416212335729142),
        (0.45, -0.12566134685507402),
        (0.75, 0.6744897501960817),
        (0.999, 3.090232306167813),
    ],
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 2e-13), (np.float32, 6.1e-8), (np.float16, 4.9e-4)])
def test_beside_mpmath(name: str, dtype: Any, tolerance: float) -> None:
    points = [point if isinstance(point, tuple) else (point,) for point, _ in REFERENCE[name]]
    expected = np.array([value for _, value in REFERENCE[name]])
    arrays = [np.array(values) for values in zip(*points, strict=True)]
    with np.errstate(over="ignore"):
        same = np.all([np.asarray(a, dtype) == a for a in arrays], axis=0)  # the points that this type can hold
    result = FUNCTIONS[name](*[a[same].astype(dtype) for a in arrays])
    assert result.dtype == dtype
    limit = float(np.finfo(dtype).max)
    expected = np.where(np.abs(expected[same]) > limit, np.copysign(np.inf, expected[same]), expected[same])
    smallest = 1.01 * float(np.finfo(dtype).smallest_subnormal)
    np.testing.assert_allclose(result.astype(np.float64), expected, rtol=tolerance, atol=smallest)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_layout(name: str) -> None:
    count = len(REFERENCE[name][0][0]) if isinstance(REFERENCE[name][0][0], tuple) else 1
    x = np.linspace(1.25, 9.0, 30_000).reshape(300, 100)  # several blocks
    if name == "normal_quantile":
        x /= 10
    whole = FUNCTIONS[name](*[x] * count)
    np.testing.assert_array_equal(FUNCTIONS[name](*[x.T] * count), whole.T)
    np.testing.assert_array_equal(FUNCTIONS[name](*[x[::7, ::3]] * count), whole[::7, ::3])
    assert FUNCTIONS[name](*[x[:0]] * count).shape == (0, 100)
    assert FUNCTIONS[name](*[x[0, 0]] * count).shape == ()


@pytest.mark.parametrize(
    ("function", "points", "values"),
    [
        (tg.lgamma, [0.0, -0.0, -1.0, -3.0, INF, -INF, NAN], [INF, INF, INF, INF, INF, INF, NAN]),
        (tg.digamma, [0.0, -0.0, -1.0, INF, -INF, NAN], [-INF, INF, NAN, INF, NAN, NAN]),
        (special.erfcx, [INF, -INF, NAN, -30.0], [0.0, INF, NAN, INF]),
        (special.ndtri, [0.0, 1.0, -0.1, 1.1, NAN], [-INF, INF, NAN, NAN, NAN]),
        (special.log_ndtr, [INF, -INF, NAN], [0.0, -INF, NAN]),
        (special.entr, [0.0, -0.0, -1.0, INF, NAN], [0.0, 0.0, -INF, -INF, NAN]),
        (special.bessel_y0, [0.0, -1.0, NAN], [-INF, NAN, NAN]),
        (special.modified_bessel_k1, [0.0, -1.0, NAN, INF], [INF, NAN, NAN, 0.0]),
        (special.spherical_bessel_j0, [0.0, INF, -INF, NAN], [1.0, 0.0, 0.0, NAN]),
        (special.airy_ai, [INF, -INF, 200.0], [NAN, NAN, 0.0]),
        (tg.i0, [0.0, INF, -INF, NAN], [1.0, NAN, NAN, NAN]),
    ],
)
def test_special_points(function: Any, points: list[float], values: list[float]) -> None:
    np.testing.assert_array_equal(function(tg.tensor(points, dtype=tg.float64)).numpy(), values)


def test_incomplete_gamma_at_its_edges() -> None:
    a = tg.tensor([0.0, 0.0, 1.0, 1.0, INF, INF, -1.0, 1.0, NAN])
    x = tg.tensor([0.0, 1.0, 0.0, INF, 1.0, INF, 1.0, -1.0, 1.0])
    lower = [NAN, 1.0, 0.0, 1.0, 0.0, NAN, NAN, NAN, NAN]
    np.testing.assert_array_equal(tg.igamma(a, x).numpy(), lower)
    np.testing.assert_array_equal(tg.igammac(a, x).numpy(), 1 - np.array(lower))


def test_zeta_at_its_edges() -> None:
    s = tg.tensor([1.0, 0.5, 2.0, 2.0, 2.5, INF, NAN])
    q = tg.tensor([1.0, 1.0, 0.0, -3.0, -0.5, 1.0, 1.0])
    np.testing.assert_array_equal(special.zeta(s, q).numpy(), [INF, NAN, INF, INF, NAN, 1.0, NAN])


def test_what_has_no_gradient_says_so() -> None:
    for function, name in ((tg.igamma, "igamma: input"), (tg.igammac, "igammac: input"), (special.zeta, "zeta")):
        x = tg.tensor([2.0], requires_grad=True)
        with pytest.raises(NotImplementedError, match=f"the derivative for '{name}' is not implemented"):
            function(x, tg.tensor([1.0])).sum().backward()


@pytest.mark.parametrize("family", ["chebyshev_t", "chebyshev_u", "chebyshev_v", "chebyshev_w"])
@pytest.mark.parametrize("shifted", ["", "shifted_"])
def test_cosines_are_the_recurrence(family: str, shifted: str) -> None:
    x = np.linspace(0.01, 0.99, 20)
    degrees = np.arange(0.0, 30.0)[:, None]
    values = polynomials.evaluate(shifted + family, x, degrees)
    at = 2 * x - 1 if shifted else x
    np.testing.assert_allclose(values[2:], 2 * at * values[1:-1] - values[:-2], rtol=1e-11, atol=1e-11)


def test_hermite_of_a_high_degree_is_nan() -> None:
    assert special.hermite_polynomial_h(tg.tensor([0.5]), 129).isnan().item()
    assert special.hermite_polynomial_he(tg.tensor([0.0]), 4).item() == 3
    assert special.legendre_polynomial_p(tg.tensor([0.5]), -1).item() == 0


# --- in place ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exp_", "relu_", "celu_", "abs_", "clamp_min_", "threshold_", "i0_"])
def test_functions_in_place(name: str) -> None:
    options = {"clamp_min_": (0.5,), "threshold_": (0.5, 7.0)}.get(name, ())
    x = tg.tensor([-1.0, 2.0])
    function = inplace_function(name)
    assert function is not None
    result = function(x, *options)
    assert result is x
    expected = (tg if name != "celu_" else tg.nn.functional).__dict__[name[:-1]](tg.tensor([-1.0, 2.0]), *options)
    assert tg.equal(x, expected)


def test_functions_in_place_are_all_there() -> None:
    torch = pytest.importorskip("torch")
    theirs = {name for name in dir(torch) if name.endswith("_") and not name.startswith("_")}
    elsewhere = {"alpha_dropout_", "dropout_", "embedding_renorm_", "feature_alpha_dropout_", "feature_dropout_",
                 "resize_as_sparse_"}  # fmt: skip
    assert theirs - elsewhere == INPLACE_FUNCTIONS
    assert inplace_function("nothing_") is None


def test_several_ops_in_place_keep_what_they_saved() -> None:
    x = tg.tensor([3.0, 4.0], requires_grad=True)
    y = x * 1
    y.mvlgamma_(2)
    y.sum().backward()
    z = tg.tensor([3.0, 4.0], requires_grad=True)
    tg.mvlgamma(z, 2).sum().backward()
    assert x.grad.tolist() == z.grad.tolist()
