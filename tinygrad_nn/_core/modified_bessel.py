"""Modified Bessel functions of orders 0 and 1, plain and divided by their growth, on whole arrays.

Sources:
    Coefficients: Cephes Math Library, by Stephen L. Moshier, https://www.netlib.org/cephes (i0.c, i1.c, k0.c, k1.c)
    Formulas: https://dlmf.nist.gov/10.25
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .pieces import Array, Kernel, by_piece, chebyshev, in_double, long_polynomial

# Chebyshev series, the highest order first: of exp(-x) I(x), / x for order 1, up to 8; of exp(-x) sqrt(x) I(x), in the
# inverse, beyond; of K(x) without its logarithm up to 2; of exp(x) sqrt(x) K(x) beyond.
# fmt: off
_I0_NEAR = (
    -4.4153416464793395e-18, 3.3307945188222384e-17, -2.431279846547955e-16, 1.715391285555133e-15,
    -1.1685332877993451e-14, 7.676185498604936e-14, -4.856446783111929e-13, 2.95505266312964e-12,
    -1.726826291441556e-11, 9.675809035373237e-11, -5.189795601635263e-10, 2.6598237246823866e-09,
    -1.300025009986248e-08, 6.046995022541919e-08, -2.670793853940612e-07, 1.1173875391201037e-06,
    -4.4167383584587505e-06, 1.6448448070728896e-05, -5.754195010082104e-05, 0.00018850288509584165,
    -0.0005763755745385824, 0.0016394756169413357, -0.004324309995050576, 0.010546460394594998,
    -0.02373741480589947, 0.04930528423967071, -0.09490109704804764, 0.17162090152220877, -0.3046826723431984,
    0.6767952744094761,
)
_I0_FAR = (
    -7.233180487874754e-18, -4.830504485944182e-18, 4.46562142029676e-17, 3.461222867697461e-17,
    -2.8276239805165836e-16, -3.425485619677219e-16, 1.7725601330565263e-15, 3.8116806693526224e-15,
    -9.554846698828307e-15, -4.150569347287222e-14, 1.54008621752141e-14, 3.8527783827421426e-13,
    7.180124451383666e-13, -1.7941785315068062e-12, -1.3215811840447713e-11, -3.1499165279632416e-11,
    1.1889147107846439e-11, 4.94060238822497e-10, 3.3962320257083865e-09, 2.266668990498178e-08,
    2.0489185894690638e-07, 2.8913705208347567e-06, 6.889758346916825e-05, 0.0033691164782556943,
    0.8044904110141088,
)
_I1_NEAR = (
    2.7779141127610464e-18, -2.111421214358166e-17, 1.5536319577362005e-16, -1.1055969477353862e-15,
    7.600684294735408e-15, -5.042185504727912e-14, 3.223793365945575e-13, -1.9839743977649436e-12,
    1.1736186298890901e-11, -6.663489723502027e-11, 3.625590281552117e-10, -1.8872497517228294e-09,
    9.381537386495773e-09, -4.445059128796328e-08, 2.0032947535521353e-07, -8.568720264695455e-07,
    3.4702513081376785e-06, -1.3273163656039436e-05, 4.781565107550054e-05, -0.00016176081582589674,
    0.0005122859561685758, -0.0015135724506312532, 0.004156422944312888, -0.010564084894626197,
    0.024726449030626516, -0.05294598120809499, 0.1026436586898471, -0.17641651835783406, 0.25258718644363365,
)
_I1_FAR = (
    7.517296310842105e-18, 4.414348323071708e-18, -4.6503053684893586e-17, -3.209525921993424e-17,
    2.96262899764595e-16, 3.3082023109209285e-16, -1.8803547755107825e-15, -3.8144030724370075e-15,
    1.0420276984128802e-14, 4.272440016711951e-14, -2.1015418427726643e-14, -4.0835511110921974e-13,
    -7.198551776245908e-13, 2.0356285441470896e-12, 1.4125807436613782e-11, 3.2526035830154884e-11,
    -1.8974958123505413e-11, -5.589743462196584e-10, -3.835380385964237e-09, -2.6314688468895196e-08,
    -2.512236237870209e-07, -3.882564808877691e-06, -0.00011058893876262371, -0.009761097491361469,
    0.7785762350182801,
)
_K0_NEAR = (
    1.374465435613523e-16, 4.25981614279661e-14, 1.0349695257633842e-11, 1.904516377220209e-09,
    2.5347910790261494e-07, 2.286212103119452e-05, 0.001264615411446926, 0.0359799365153615, 0.3442898999246285,
    -0.5353273932339028,
)
_K0_FAR = (
    5.300433772686263e-18, -1.6475804301524212e-17, 5.2103915050390274e-17, -1.678231096805412e-16,
    5.512055978524319e-16, -1.848593377343779e-15, 6.3400764774050706e-15, -2.2275133269916698e-14,
    8.032890775363575e-14, -2.9800969231727303e-13, 1.140340588208475e-12, -4.514597883373944e-12,
    1.8559491149547177e-11, -7.957489244477107e-11, 3.577397281400301e-10, -1.69753450938906e-09,
    8.574034017414225e-09, -4.660489897687948e-08, 2.766813639445015e-07, -1.8317555227191195e-06,
    1.39498137188765e-05, -0.00012849549581627802, 0.0015698838857300533, -0.0314481013119645, 2.4403030820659555,
)
_K1_NEAR = (
    -7.023863479386288e-18, -2.427449850519366e-15, -6.666901694199329e-13, -1.4114883926335278e-10,
    -2.213387630734726e-08, -2.4334061415659684e-06, -0.0001730288957513052, -0.006975723859639864,
    -0.12261118082265715, -0.3531559607765449, 1.5253002273389478,
)
_K1_FAR = (
    -5.756744483665017e-18, 1.7940508731475592e-17, -5.689462558442859e-17, 1.838093544366639e-16,
    -6.057047248373319e-16, 2.038703165624334e-15, -7.019837090418314e-15, 2.4771544244813043e-14,
    -8.976705182324994e-14, 3.3484196660784293e-13, -1.2891739609510289e-12, 5.13963967348173e-12,
    -2.1299678384275683e-11, 9.218315187605006e-11, -4.1903547593418965e-10, 2.015049755197033e-09,
    -1.0345762465678097e-08, 5.7410841254500495e-08, -3.5019606030878126e-07, 2.406484947837217e-06,
    -1.936197974166083e-05, 0.00019521551847135162, -0.002857816859622779, 0.10392373657681724, 2.7206261904844427,
)
# Of exp(-x) sqrt(x + 1) I0(x), and of exp(-x) (x + 1) ** 1.5 I1(x) / x, for all x >= 0, in t = 12 / (x + 6) - 1, the
# highest power first: Chebyshev fits in 30-digit arithmetic, for float32, in error by 4e-9 and 6e-9.
_I0_SINGLE = (
    0.00066289856735282, -0.0020541598555757, -0.0067632572746103, 0.0088803499237886, 0.022803489418411,
    -0.021354026862589, -0.050246206302978, 0.027840832295899, 0.080361555760167, -0.018833784947693,
    -0.12776877046904, -0.087324626816253, 0.042967852582502, 0.13236874576105, 0.14755745494106, 0.12703089540099,
    0.10517206269381, 0.091982794877664, 0.085781781315335, 0.44093412094518,
)
_I1_SINGLE = (
    -0.0012325010769528, 0.0014588902983905, 0.0078171909718994, -0.0085524855101873, -0.022845299516755,
    0.023908626046812, 0.044845864363678, -0.040517275850367, -0.072674455543634, 0.042282829809162, 0.1171820835041,
    0.025605623306228, -0.11051021588585, -0.15115776772039, -0.096318050679666, -0.013284130083658,
    0.054793180517186, 0.10038809045272, 0.1294710622806, 0.46933874066106,
)
# fmt: on
# As arrays of no dimension, with which NumPy's steps of a few elements begin in two thirds of the time.
_ONE, _SIX, _TWELVE, _LARGE = (np.array(number) for number in (1.0, 6.0, 12.0, 1e300))
_I_FAR, _K_FAR = 8.0, 2.0


def _scaled_i0(x: Array) -> Array:
    """``exp(-x) I0(x)`` for x >= 0."""
    return by_piece(
        (x,),
        (x <= _I_FAR, lambda x: chebyshev(_I0_NEAR, x / 2 - 2)),
        (x > _I_FAR, lambda x: chebyshev(_I0_FAR, 32 / x - 2) / np.sqrt(x)),
    )


def _scaled_i1(x: Array) -> Array:
    """``exp(-x) I1(x)`` for x >= 0."""
    return by_piece(
        (x,),
        (x <= _I_FAR, lambda x: chebyshev(_I1_NEAR, x / 2 - 2) * x),
        (x > _I_FAR, lambda x: chebyshev(_I1_FAR, 32 / x - 2) / np.sqrt(x)),
    )


def _single(coefficients: tuple[float, ...], size: Array) -> tuple[Array, Array]:
    """A series at x >= 0, divided by the root of ``x + 1``; and that sum."""
    t = _TWELVE / (size + _SIX)
    t -= _ONE
    series = long_polynomial(coefficients, t)
    more = size + _ONE
    series /= np.sqrt(more)
    return series, more


def _single_scaled_i0(x: Array) -> Array:
    return _single(_I0_SINGLE, np.abs(x))[0]


def _single_scaled_i1(x: Array) -> Array:
    series, more = _single(_I1_SINGLE, np.abs(x))
    if x.dot(x) < _LARGE:
        x = x / more
    else:  # so that no infinity is divided by another
        x = x.clip(-_LARGE, _LARGE) / more.clip(_ONE, _LARGE)
    series *= x
    return series


def _precise_scaled_i0(x: Array) -> Array:
    return _scaled_i0(np.abs(x))


def _precise_scaled_i1(x: Array) -> Array:
    value = _scaled_i1(np.abs(x))
    return np.where(x < 0, -value, value)


def _by_precision(precise: Kernel, single: Kernel, grows: bool) -> Kernel:
    """A function, or it divided by its growth, in the steps that float64 needs or in those that do for float32."""

    def growing(scaled: Kernel) -> Kernel:
        return in_double(lambda x: np.exp(np.abs(x)) * scaled(x) if grows else scaled(x))

    for_double, for_single = growing(precise), growing(single)
    return lambda x: for_double(x) if x.dtype == np.float64 else for_single(x)


_i0, _i0e = [_by_precision(_precise_scaled_i0, _single_scaled_i0, grows) for grows in (True, False)]
_i1, _i1e = [_by_precision(_precise_scaled_i1, _single_scaled_i1, grows) for grows in (True, False)]


def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind of order 0.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.i0

    Example:
        >>> i0(np.array([0.0, 1.0, 10.0]))
        array([1.00000000e+00, 1.26606588e+00, 2.81571663e+03])
    """
    return _i0(x)


def i0e(x: Any) -> Any:
    """``exp(-abs(x)) * i0(x)``.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.i0e

    Example:
        >>> i0e(np.array([0.0, 1.0, 1000.0]))
        array([1.        , 0.46575961, 0.01261724])
    """
    return _i0e(x)


def i1(x: Any) -> Any:
    """The modified Bessel function of the first kind of order 1.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.i1

    Example:
        >>> i1(np.array([0.0, 1.0, -1.0]))
        array([ 0.        ,  0.5651591, -0.5651591])
    """
    return _i1(x)


def i1e(x: Any) -> Any:
    """``exp(-abs(x)) * i1(x)``.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.i1e

    Example:
        >>> i1e(np.array([0.0, 1.0, 1000.0]))
        array([0.        , 0.20791042, 0.01261093])
    """
    return _i1e(x)


def _k0_near(x: Array) -> Any:
    return chebyshev(_K0_NEAR, x * x - 2) - np.log(0.5 * x) * np.exp(x) * _scaled_i0(x)


def _k1_near(x: Array) -> Array:
    return np.log(0.5 * x) * np.exp(x) * _scaled_i1(x) + chebyshev(_K1_NEAR, x * x - 2) / x


def _k0_far(x: Array) -> Array:
    return chebyshev(_K0_FAR, 8 / x - 2) / np.sqrt(x)


def _k1_far(x: Array) -> Array:
    return chebyshev(_K1_FAR, 8 / x - 2) / np.sqrt(x)


def _from_zero(x: Array, near: Kernel, far: Kernel) -> Array:
    """Infinite at 0, nan below."""
    at_zero = (x == 0, lambda x: np.full(x.shape, np.inf))
    return by_piece((x,), at_zero, ((x > 0) & (x <= _K_FAR), near), (x > _K_FAR, far))


@in_double
def k0(x: Array) -> Array:
    """The modified Bessel function of the second kind of order 0: infinite at 0, nan below.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.modified_bessel_k0

    Example:
        >>> k0(np.array([0.0, 1.0, 10.0]))
        array([           inf, 4.21024438e-01, 1.77800623e-05])
    """
    return _from_zero(x, _k0_near, lambda x: np.exp(-x) * _k0_far(x))


@in_double
def k1(x: Array) -> Array:
    """The modified Bessel function of the second kind of order 1: infinite at 0, nan below.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.modified_bessel_k1

    Example:
        >>> k1(np.array([0.0, 1.0, 10.0]))
        array([           inf, 6.01907230e-01, 1.86487735e-05])
    """
    return _from_zero(x, _k1_near, lambda x: np.exp(-x) * _k1_far(x))


@in_double
def scaled_k0(x: Array) -> Array:
    """``exp(x) * k0(x)``.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.scaled_modified_bessel_k0

    Example:
        >>> scaled_k0(np.array([1.0, 1000.0]))
        array([1.14446308, 0.03962832])
    """
    return _from_zero(x, lambda x: np.exp(x) * _k0_near(x), _k0_far)


@in_double
def scaled_k1(x: Array) -> Array:
    """``exp(x) * k1(x)``.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.scaled_modified_bessel_k1

    Example:
        >>> scaled_k1(np.array([1.0, 1000.0]))
        array([1.63615349, 0.03964813])
    """
    return _from_zero(x, lambda x: np.exp(x) * _k1_near(x), _k1_far)
