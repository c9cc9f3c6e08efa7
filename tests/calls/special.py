"""Special functions: gamma, Bessel, the normal distribution, orthogonal polynomials."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import tinygrad_nn.special  # noqa: F401 - which is otherwise imported when it is first asked for

from .activations import optionally, shares
from .drawing import FLOATS, INTEGERS, arrays, broadcastable, dims_of
from .elementwise import MIXED, alone, either, inside_one, logits, pair, rounded
from .table import Call, Draw, drawn

TYPES = (*FLOATS, *INTEGERS, np.bool_)
NOT_SMOOTH = "at 0, -1, -2, ... PyTorch's trigamma is a large number instead of inf"


@drawn("lgamma", "digamma", "special.gammaln", "special.psi", "special.digamma", tolerance=10,
       reason="PyTorch's trigamma is off by 5e-10")  # fmt: skip
def gamma(draw: Draw) -> Call:
    if draw(st.integers(0, 3)) == 0:  # between two poles
        return Call(draw(arrays(FLOATS, domain=(-0.9, -0.1))))
    return Call(draw(arrays((*TYPES, np.float16), domain=(0.25, 9.0))))


@drawn("polygamma", "special.polygamma", tolerance=10, reason="PyTorch's trigamma is off by 5e-10")
def derivatives(draw: Draw) -> Call:
    x = draw(arrays((*TYPES,), domain=(0.25, 9.0)))
    return Call(draw(st.sampled_from([0, 1, 2, 3, 5, -1])), x)


@drawn("Tensor.polygamma", tolerance=10, reason="PyTorch's trigamma is off by 5e-10")
def derivatives_method(draw: Draw) -> Call:
    return Call(*derivatives(draw).args[::-1])


@drawn("mvlgamma", "special.multigammaln", tolerance=10, reason="PyTorch's trigamma is off by 5e-10")
def multivariate(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES, domain=(2.25, 9.0))), draw(st.integers(-1, 4)))


@drawn("igamma", "igammac", "special.gammainc", "special.gammaincc", tolerance=100,
       reason="PyTorch's gradient takes functions of integers in float32")  # fmt: skip
def incomplete(draw: Draw) -> Call:
    first, second = draw(broadcastable(2))
    a = draw(arrays(INTEGERS[:2], first, domain=(0, 9)))  # floats have no gradient there
    return Call(a, draw(arrays((*FLOATS, np.int64), second, domain=(0.0, 20.0), special=True)))


@drawn("special.zeta", tolerance=100, reason="PyTorch's gradient takes functions of integers in float32")
def hurwitz(draw: Draw) -> Call:
    first, second = draw(broadcastable(2))
    s = draw(arrays(INTEGERS[:2], first, domain=(0, 6)))
    q = draw(arrays(TYPES, second, domain=(0.25, 9.0)))
    return draw(st.sampled_from([Call(s, q), Call(3, q), Call(2.5, q), Call(s, 2.5)]))


@drawn("i0", "special.i0", "special.i0e", "special.modified_bessel_i0",
       "special.modified_bessel_i1", tolerance=10, reason="PyTorch's float32 has fewer coefficients")  # fmt: skip
def modified(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES, domain=(-9.0, 9.0))))


@drawn("special.i1", "special.i1e", tolerance=10, reason="PyTorch's float32 has fewer coefficients")
def modified_odd(draw: Draw) -> Call:  # not near 0, where the second derivative cancels out
    return Call(draw(arrays(TYPES, domain=draw(st.sampled_from([(-9.0, -0.25), (0.25, 9.0)])))))


@drawn("special.modified_bessel_k0", "special.modified_bessel_k1", "special.scaled_modified_bessel_k0",
       "special.scaled_modified_bessel_k1", "special.spherical_bessel_j0", tolerance=10,
       reason="cancellation in PyTorch's float32")  # fmt: skip
def second_kind(draw: Draw) -> Call:
    return alone(draw, (-1.0, 9.0), TYPES)


@drawn("special.bessel_j0", "special.bessel_j1", "special.bessel_y0", "special.bessel_y1", "special.airy_ai",
       tolerance=1e5, reason="PyTorch's denominators lack their leading term: it is off by up to 6e-6")  # fmt: skip
def oscillating(draw: Draw) -> Call:
    return alone(draw, (-2.0, 9.0), TYPES)


@drawn("special.log_ndtr")
def log_probabilities(draw: Draw) -> Call:  # without -inf, where PyTorch's gradient is nan instead of inf
    return Call(draw(arrays(TYPES, domain=(-9.0, 9.0))))


@drawn("special.entr", "special.erfcx", "special.ndtr")
def normal(draw: Draw) -> Call:
    return alone(draw, (-4.0, 4.0), TYPES)


@drawn("special.ndtri")
def quantiles(draw: Draw) -> Call:
    return alone(draw, (-0.25, 1.25), TYPES)


@drawn("special.xlog1py")
def with_logarithm(draw: Draw) -> Call:
    return either(draw, TYPES)


@drawn(*[f"special.{shifted}chebyshev_polynomial_{kind}" for shifted in ("", "shifted_") for kind in "tuvw"],
       "special.hermite_polynomial_h", "special.hermite_polynomial_he", "special.laguerre_polynomial_l",
       "special.legendre_polynomial_p", tolerance=10, reason="rounding, added up over the degrees")  # fmt: skip
def polynomials(draw: Draw) -> Call:
    first, second = draw(broadcastable(2))
    x = draw(arrays(TYPES, first, domain=(-2.0, 2.0)))
    n = draw(arrays((*INTEGERS[:1], *FLOATS), second, domain=(-1, 14)))
    return draw(st.sampled_from([Call(x, n), Call(x, n), Call(x, 5), Call(x, 3.0), Call(0.5, n)]))


@drawn("special.erf", "special.erfc", "special.exp2", "special.expit", "special.expm1", "special.log1p")
def same_as_top_level(draw: Draw) -> Call:
    return alone(draw, types=TYPES)


@drawn("special.erfinv")
def inverse(draw: Draw) -> Call:
    return inside_one(draw)


@drawn("special.logit")
def log_odds(draw: Draw) -> Call:
    return logits(draw)


@drawn("special.round")
def to_decimals(draw: Draw) -> Call:
    call = rounded(draw)
    return Call(*[np.asarray(x, np.float64) for x in call.args], **call.options)  # of integers PyTorch's raises


@drawn("special.xlogy")
def product(draw: Draw) -> Call:
    return pair(draw, MIXED)


@drawn("special.softmax", "special.log_softmax", tolerance=10, reason="float16 is rounded in other places")
def along_a_dimension(draw: Draw) -> Call:
    return shares(draw)


@drawn("special.logsumexp")
def log_of_sums(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, np.int64), special=True))
    return Call(x, draw(dims_of(x, wrong=True)), **optionally(draw, keepdim=[True, False]))
