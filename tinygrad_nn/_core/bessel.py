"""Bessel functions of the first and second kind, of orders 0 and 1, and Airy's function, on whole arrays.

Up to 5 they are rational, with the first zeros as factors; beyond, a sine and a cosine with slowly changing weights.

Sources:
    Coefficients: Cephes Math Library, by Stephen L. Moshier, https://www.netlib.org/cephes (j0.c, j1.c, airy.c)
    Formulas: https://dlmf.nist.gov/10.17 and https://dlmf.nist.gov/9.4, 9.7
"""

from __future__ import annotations

import math

import numpy as np

from .elements import choose_into, each
from .pieces import Array, by_piece, in_double, polynomial

# The highest power first. Of x squared up to 5, then of (5 / x) squared.
# fmt: off
_J0_ABOVE = (-4794432209.782018, 1956174919465.5657, -249248344360967.72, 9708622510473064.0)
_J0_BELOW = (
    1.0, 499.563147152651, 173785.4016763747, 48440965.83399621, 11185553704.535683, 2112775201154.892,
    310518229857422.56, 3.1812195594320496e+16, 1.7108629408104315e+18,
)
_Y0_ABOVE = (
    15592.436785523574, -14663929.59039716, 5435264770.518765, -982136065717.9115, 87590639439536.7,
    -3466283033847297.0, 4.4273326857256984e+16, -1.8495080043698668e+16,
)
_Y0_BELOW = (
    1.0, 1041.2835366425984, 626107.330137135, 268919633.39381415, 86400248710.3935, 20297961275010.555,
    3171577528429750.5, 2.5059625617265306e+17,
)
_COSINE0_ABOVE = (
    0.0007969367292973471, 0.08283523921074408, 1.239533716464143, 5.447250030587687, 8.74716500199817,
    5.303240382353949, 1.0,
)
_COSINE0_BELOW = (
    0.0009244088105588637, 0.08562884743544745, 1.2535274390105895, 5.470977403304171, 8.761908832370695,
    5.306052882353947, 1.0,
)
_SINE0_ABOVE = (
    -0.011366383889846916, -1.2825271867050931, -19.553954425773597, -93.20601521237683, -177.68116798048806,
    -147.07750515495118, -51.41053267665993, -6.050143506007285,
)
_SINE0_BELOW = (
    1.0, 64.3178256118178, 856.4300259769806, 3882.4018360540163, 7240.467741956525, 5930.727011873169,
    2062.0933166032783, 242.0057402402914,
)
_J1_ABOVE = (-899971225.7055594, 452228297998.19403, -72749424522181.83, 3682957328638529.0)
_J1_BELOW = (
    1.0, 620.8364781180543, 256987.25675774884, 83514679.14319493, 22151159547.97925, 4749141220799.914,
    784369607876235.9, 8.952223361846274e+16, 5.322786203326801e+18,
)
_Y1_ABOVE = (
    1263204747.9017804, -647355876379.1603, 114509511541823.73, -8127702555013251.0, 2.024394757135949e+17,
    -7.788771962659501e+17,
)
_Y1_BELOW = (
    1.0, 594.3015923461282, 235564.09294306856, 73481194.44597217, 18760131610.870617, 3882312774962.3857,
    620557727146953.8, 6.871410873553005e+16, 3.9727060811656064e+18,
)
_COSINE1_ABOVE = (
    0.0007621256162081731, 0.07313970569409176, 1.1271960812968493, 5.112079511468076, 8.424045901417724,
    5.214515986823615, 1.0,
)
_COSINE1_BELOW = (
    0.0005713231280725487, 0.06884559087544954, 1.105142326340617, 5.073863861286015, 8.399855543276042,
    5.209828486823619, 1.0,
)
_SINE1_ABOVE = (
    0.05108625947501766, 4.982138729512334, 75.82382841325453, 366.7796093601508, 710.8563049989261,
    597.4896124006136, 211.68875710057213, 25.207020585802372,
)
_SINE1_BELOW = (
    1.0, 74.23732770356752, 1056.4488603826283, 4986.410583376536, 9562.318924047562, 7997.041604473507,
    2826.1927851763908, 336.0936078106983,
)# Airy's function: of 1 / zeta above 2.09, and of its square below -2.09, with zeta = 2/3 |x| ** (3/2).
_FALLING_ABOVE = (
    0.346538101525629, 12.007595273964581, 76.27960536152345, 168.08922493463058, 159.75639135016442,
    70.53609068404442, 14.026469116338967, 1.0,
)
_FALLING_BELOW = (
    0.5675945326387702, 14.75625625848472, 84.51389701414746, 177.31808814540045, 164.2346928715297,
    71.47784008255756, 14.095913560783403, 1.0,
)
_SINE_ABOVE = (
    -0.1316963234183318, -0.6264565444319123, -0.6931580360369335, -0.2797799815451191, -0.04919001326095003,
    -0.004062659235948854, -0.0001592764962392621, -2.776491081552329e-06, -1.6778769848911465e-08,
)
_SINE_BELOW = (
    1.0, 13.356042070655324, 32.682503279522464, 26.736704094149957, 9.187074029072596, 1.4752914677166642,
    0.11568717379518804, 0.004402916416152112, 7.547203482874142e-05, 4.5185009297058035e-07,
)
_COSINE_ABOVE = (
    0.01973399320916857, 0.39110302961568827, 1.0657989759959559, 0.9391692298166502, 0.35146565610554764,
    0.06338889196289255, 0.005858041130483885, 0.000282851600836737, 6.98793669997261e-06, 8.117892395543892e-08,
    3.415517847659236e-10,
)
_COSINE_BELOW = (
    1.0, 9.30892908077442, 19.835292871831214, 15.564662893286462, 5.476860694229755, 0.9542936116189619,
    0.08645808263523921, 0.004126565238242226, 0.00010125908511650914, 1.1716673321441352e-06, 4.9183457006293e-09,
)
# fmt: on
_J0_ZEROS = (5.78318596294678452118, 30.4712623436620863991)  # squared
_J1_ZEROS = (14.6819706421238932572, 49.2184563216946036703)
_AI_0, _AI_SLOPE_0 = 0.355028053887817239260, 0.258819403792806798405  # Ai(0) and -Ai'(0)
_AIRY_NEAR, _AIRY_ZERO_FROM, _AIRY_TERMS = 2.09, 103.892, 16


def _ratio(above: tuple[float, ...], below: tuple[float, ...], at: Array) -> Array:
    return polynomial(above, at) / polynomial(below, at)


def _wave(x: Array, order: int, second_kind: bool) -> Array:
    """Beyond 5: ``sqrt(2 / (pi x))`` times cosine and sine of ``x - pi / 4 - order pi / 2``."""
    angle = x - (0.25 + 0.5 * order) * math.pi
    z = 5 / x
    square = z * z
    if order:
        cosine, sine = _ratio(_COSINE1_ABOVE, _COSINE1_BELOW, square), _ratio(_SINE1_ABOVE, _SINE1_BELOW, square)
    else:
        cosine, sine = _ratio(_COSINE0_ABOVE, _COSINE0_BELOW, square), _ratio(_SINE0_ABOVE, _SINE0_BELOW, square)
    if second_kind:
        value = cosine * np.sin(angle) + z * sine * np.cos(angle)
    else:
        value = cosine * np.cos(angle) - z * sine * np.sin(angle)
    return value * math.sqrt(2 / math.pi) / np.sqrt(x)


def _j0_near(x: Array) -> Array:
    square = x * x
    return (square - _J0_ZEROS[0]) * (square - _J0_ZEROS[1]) * _ratio(_J0_ABOVE, _J0_BELOW, square)


def _j1_near(x: Array) -> Array:
    square = x * x
    return x * (square - _J1_ZEROS[0]) * (square - _J1_ZEROS[1]) * _ratio(_J1_ABOVE, _J1_BELOW, square)


def _y0_near(x: Array) -> Array:
    return _ratio(_Y0_ABOVE, _Y0_BELOW, x * x) + (2 / math.pi) * np.log(x) * _j0_near(x)


def _y1_near(x: Array) -> Array:
    return x * _ratio(_Y1_ABOVE, _Y1_BELOW, x * x) + (2 / math.pi) * (_j1_near(x) * np.log(x) - 1 / x)


@in_double
def bessel_j0(x: Array) -> Array:
    """The Bessel function of the first kind of order 0.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.bessel_j0

    Example:
        >>> bessel_j0(np.array([0.0, 1.0, 10.0]))
        array([ 1.        ,  0.76519769, -0.24593576])
    """
    x = np.abs(x)
    return by_piece((x,), (x <= 5, _j0_near), (x > 5, lambda x: _wave(x, 0, second_kind=False)))


@in_double
def bessel_j1(x: Array) -> Array:
    """The Bessel function of the first kind of order 1.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.bessel_j1

    Example:
        >>> bessel_j1(np.array([0.0, 1.0, -10.0]))
        array([ 0.        ,  0.44005059, -0.04347275])
    """
    size = np.abs(x)
    value = by_piece((size,), (size <= 5, _j1_near), (size > 5, lambda x: _wave(x, 1, second_kind=False)))
    return np.where(x < 0, -value, value)


@in_double
def bessel_y0(x: Array) -> Array:
    """The Bessel function of the second kind of order 0: -inf at 0, nan below.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.bessel_y0

    Example:
        >>> bessel_y0(np.array([0.0, 1.0, 10.0]))
        array([      -inf, 0.08825696, 0.05567117])
    """
    at_zero = (x == 0, lambda x: np.full(x.shape, -np.inf))
    far = (x > 5, lambda x: _wave(x, 0, second_kind=True))
    return by_piece((x,), at_zero, ((x > 0) & (x <= 5), _y0_near), far)


@in_double
def bessel_y1(x: Array) -> Array:
    """The Bessel function of the second kind of order 1: -inf at 0, nan below.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.bessel_y1

    Example:
        >>> bessel_y1(np.array([0.0, 1.0, 10.0]))
        array([       -inf, -0.78121282,  0.24901542])
    """
    at_zero = (x == 0, lambda x: np.full(x.shape, -np.inf))
    far = (x > 5, lambda x: _wave(x, 1, second_kind=True))
    return by_piece((x,), at_zero, ((x > 0) & (x <= 5), _y1_near), far)


# --- spherical Bessel and Airy -----------------------------------------------------------------------------------


@in_double
def spherical_bessel_j0(x: Array) -> Array:
    """``sin(x) / x``: 1 at 0, and 0 at infinity.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.spherical_bessel_j0

    Example:
        >>> spherical_bessel_j0(np.array([0.0, 1.0, np.inf]))
        array([1.        , 0.84147098, 0.        ])
    """
    return by_piece((x,), (x == 0, np.ones_like), (np.isinf(x), np.zeros_like), (np.isfinite(x) & (x != 0), _sine_part))


def _sine_part(x: Array) -> Array:
    return np.sin(x) / x


_SLOPE_TERMS = [(-1) ** n * 2 * n / math.factorial(2 * n + 1) for n in range(9, 0, -1)]


@in_double
def _precise_slope(x: Array) -> Array:
    near = np.abs(x) < 1
    return by_piece(
        (x,),
        (near, lambda x: x * polynomial(_SLOPE_TERMS, x * x)),
        (~near, lambda x: (np.cos(x) - np.sin(x) / x) / x),
    )


def write_single_slope(x: Array, out: Array) -> None:
    """Write `spherical_bessel_slope` in float32, whose sines take a tenth of the time; out may not be x."""
    near = polynomial(_SLOPE_TERMS, x * x)
    near *= x
    np.sin(x, out)
    out /= x
    np.subtract(np.cos(x), out, out)
    out /= x
    choose_into(np.abs(x) >= 2, out, near, out)  # below, the difference is small beside what has been rounded


def spherical_bessel_slope(x: Array) -> Array:
    """The derivative of `spherical_bessel_j0`, ``(x cos(x) - sin(x)) / x**2``; near 0 its Taylor series.

    Example:
        >>> spherical_bessel_slope(np.array([0.5, 1.0]))
        array([-0.16253703, -0.30116868])
    """
    return each(write_single_slope, x) if x.dtype == np.float32 else _precise_slope(x)


def _airy_near(x: Array) -> Array:
    """Maclaurin's two series."""
    cube = x * x * x
    even, odd = np.ones_like(x), np.ones_like(x)
    for n in range(3 * _AIRY_TERMS, 0, -3):
        even = even * (cube / (n * (n - 1))) + 1
        odd = odd * (cube / (n * (n + 1))) + 1
    return _AI_0 * even - _AI_SLOPE_0 * x * odd


def _airy_falling(x: Array) -> Array:
    root = np.sqrt(x)
    zeta = 2 / 3 * x * root
    return _ratio(_FALLING_ABOVE, _FALLING_BELOW, 1 / zeta) * (0.5 / math.sqrt(math.pi)) / np.sqrt(root) * np.exp(-zeta)


def _airy_wave(x: Array) -> Array:
    root = np.sqrt(-x)
    zeta = -2 / 3 * x * root
    z = 1 / zeta
    square = z * z
    angle = zeta + 0.25 * math.pi
    sine = np.sin(angle) * (1 + square * _ratio(_SINE_ABOVE, _SINE_BELOW, square))
    cosine = np.cos(angle) * (z * _ratio(_COSINE_ABOVE, _COSINE_BELOW, square))
    return (sine - cosine) * (1 / math.sqrt(math.pi)) / np.sqrt(root)


@in_double
def airy_ai(x: Array) -> Array:
    """Airy's function of the first kind, which solves ``y'' = x y``; nan at the infinities, as in PyTorch.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.airy_ai

    Example:
        >>> airy_ai(np.array([0.0, 1.0, -5.0]))
        array([0.35502805, 0.13529242, 0.35076101])
    """
    return by_piece(
        (x,),
        (np.abs(x) < _AIRY_NEAR, _airy_near),
        ((x >= _AIRY_NEAR) & (x <= _AIRY_ZERO_FROM), _airy_falling),
        ((x > _AIRY_ZERO_FROM) & np.isfinite(x), np.zeros_like),
        ((x <= -_AIRY_NEAR) & np.isfinite(x), _airy_wave),
    )
