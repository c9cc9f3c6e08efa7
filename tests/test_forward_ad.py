"""Forward differentiation: of complex numbers, of writes in place, of functions of one's own; levels of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.autograd import forward_ad

STEP = 1e-6


def hold(found: Any, expected: Any, tolerance: float = 1e-12) -> None:
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=tolerance, atol=tolerance)


# --- complex numbers: along any direction, as a difference says --------------------------------------------------

Z = np.array([[0.3 + 0.7j, -1.1 + 0.2j], [0.9 - 0.4j, 0.5 + 1.2j]])
DIRECTION = np.array([[0.2 - 0.5j, 0.7 + 0.3j], [-0.4 + 0.1j, 0.6 + 0.8j]])
OF_COMPLEX: dict[str, Callable[[Any], Any]] = {
    "exp": lambda z: z.exp(), "abs": lambda z: z.abs(), "angle": lambda z: z.angle(), "conj": lambda z: z.conj(),
    "real": lambda z: z.real, "imag": lambda z: z.imag, "product": lambda z: z * z.conj(), "power": lambda z: z**3,
    "divided": lambda z: z / (z + 2), "matmul": lambda z: z @ z.mH, "as real": lambda z: tg.view_as_real(z),
    "sum": lambda z: z.sum(0), "prod": lambda z: z.prod(), "sgn": lambda z: z.sgn(), "reciprocal": lambda z: 1 / z,
    "inverse": tg.linalg.inv, "det": tg.linalg.det, "solve": lambda z: tg.linalg.solve(z + 3, z), "sqrt": tg.sqrt,
    "fft": tg.fft.fft, "ifft": tg.fft.ifft, "hfft": tg.fft.hfft, "fft2": tg.fft.fft2, "tanh": tg.tanh, "log": tg.log,
    "cumprod": lambda z: z.cumprod(0), "norm": tg.linalg.norm, "where": lambda z: tg.where(z.abs() > 1, z, z * 2),
    "cat": lambda z: tg.cat([z, z.conj()]), "index": lambda z: z[[1, 0, 0]], "mean": lambda z: z.mean(1),
    "einsum": lambda z: tg.einsum("ij,kj->ik", z, z.conj()), "eigvalsh": lambda z: tg.linalg.eigvalsh(z @ z.mH),
    "logcumsumexp": lambda z: z.logcumsumexp(0), "matrix_exp": tg.linalg.matrix_exp, "svdvals": tg.linalg.svdvals,
    "cholesky": lambda z: tg.linalg.cholesky(z @ z.mH + tg.eye(2)), "eigvals": tg.linalg.eigvals,
}  # fmt: skip
OF_REAL: dict[str, Callable[[Any], Any]] = {
    "complex": lambda x: tg.complex(x, x.sin()), "polar": lambda x: tg.polar(x.abs(), x), "rfft": tg.fft.rfft,
    "as complex": lambda x: tg.view_as_complex(x), "stft": lambda x: tg.stft(
        x.flatten().repeat(4), 8, window=tg.ones(8, dtype=tg.float64), return_complex=True
    ), "by complex": lambda x: x * (1 + 2j), "to": lambda x: x.to(tg.complex128) ** 2,
}  # fmt: skip


@pytest.mark.parametrize("name", [*OF_COMPLEX, *OF_REAL])
def test_complex_numbers(name: str) -> None:
    of = OF_COMPLEX.get(name) or OF_REAL[name]
    x, v = (Z, DIRECTION) if name in OF_COMPLEX else (Z.real.copy(), DIRECTION.real.copy())
    value, pushed = tg.func.jvp(of, (tg.from_numpy(x),), (tg.from_numpy(v),))
    hold(value, of(tg.from_numpy(x)))
    difference = (of(tg.from_numpy(x + STEP * v)) - of(tg.from_numpy(x - STEP * v))) / (2 * STEP)
    hold(pushed, difference, 1e-8)


# --- writes in place ---------------------------------------------------------------------------------------------

A, B = (tg.from_numpy(np.random.RandomState(seed).standard_normal((3, 4))) for seed in (0, 1))


def in_place(x: Any, y: Any) -> Any:
    copy = x.clone()
    copy[0] = y[1] * 2
    copy[:, 1] += 1
    copy.mul_(y).exp_()
    row = copy[2]
    row.sub_(y[0])
    copy.t()[0].zero_()
    return copy.cumsum(0)


def out_of_place(x: Any, y: Any) -> Any:
    copy = tg.cat([y[1:2] * 2, x[1:]])
    copy = copy + tg.tensor([0.0, 1.0, 0.0, 0.0], dtype=tg.float64)
    copy = (copy * y).exp()
    copy = tg.cat([copy[:2], copy[2:] - y[0]])
    copy = copy * tg.tensor([0.0, 1.0, 1.0, 1.0], dtype=tg.float64)
    return copy.cumsum(0)


def test_writes_in_place_write_tangents() -> None:
    ours = tg.func.jvp(in_place, (A, B), (B.cos(), A.sin()))
    expected = tg.func.jvp(out_of_place, (A, B), (B.cos(), A.sin()))
    for found, wanted in zip(ours, expected, strict=True):
        hold(found, wanted)


def test_a_tensor_without_a_tangent_gets_one() -> None:
    def of(x: Any) -> Any:
        room = tg.zeros(3, 4, dtype=tg.float64)
        room[1] = x[0]
        room.add_(x)
        return room

    _, pushed = tg.func.jvp(of, (A,), (B,))
    expected = B.clone()
    expected[1] += B[0]
    hold(pushed, expected)


def test_a_tangent_is_not_written_into_a_view_of_what_has_none() -> None:
    def of(x: Any) -> Any:
        room = tg.zeros(3, 4, dtype=tg.float64)
        room[0].copy_(x[0])
        return room

    with pytest.raises(RuntimeError, match=r"into a view of a tensor that has none.*x\[index\] = y"):
        tg.func.jvp(of, (A,), (B,))


# --- levels ------------------------------------------------------------------------------------------------------


def test_dual_numbers() -> None:
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(A, B)
        result = (dual * dual).sin()
        primal, tangent = forward_ad.unpack_dual(result)
        hold(primal, (A * A).sin())
        hold(tangent, (A * A).cos() * 2 * A * B)
        assert forward_ad.unpack_dual(A).tangent is None
        assert forward_ad.unpack_dual(dual.detach()).tangent is None
    hold(forward_ad.unpack_dual(result).primal, (A * A).sin())
    assert forward_ad.unpack_dual(result).tangent is None
    hold(result * 2, (A * A).sin() * 2)  # the primal is left
    with pytest.raises(RuntimeError, match="Trying to create a dual Tensor for forward AD but no level"):
        forward_ad.make_dual(A, B)


@pytest.mark.parametrize(
    ("primal", "tangent", "error", "says"),
    [
        (A, B[0], RuntimeError, "has a different size than that of the original Tensor"),
        (A.int(), A.int(), ValueError, "Expected primal to be floating point or complex, but got: torch.int32"),
        (A, A.int(), ValueError, "Expected tangent to be floating point or complex, but got: torch.int32"),
    ],
)
def test_what_is_no_tangent(primal: Any, tangent: Any, error: type[Exception], says: str) -> None:
    with forward_ad.dual_level(), pytest.raises(error, match=says):
        forward_ad.make_dual(primal, tangent)


def test_forward_mode_of_recorded_tensors() -> None:
    """The tangent depends on what requires grad, and its gradient is the second derivative."""
    x = A.clone().requires_grad_()
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(forward_ad.make_dual(x, B).exp().sum()).tangent
    (gradient,) = tg.autograd.grad(tangent, x)
    hold(gradient, A.exp() * B)


def test_integers_and_constants_have_no_tangent() -> None:
    value, pushed = tg.func.jvp(lambda x: (x.argmax(1), x > 0, tg.ones(2)), (A,), (B,))
    assert [v.dtype for v in value] == [tg.int64, tg.bool, tg.float32]
    assert [p.dtype for p in pushed] == [tg.int64, tg.bool, tg.float32]
    assert not any(p.any() for p in pushed)


# --- functions of one's own --------------------------------------------------------------------------------------


class ByItsBackward(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, n: int) -> Any:
        ctx.save_for_backward(x)
        ctx.n = n
        return x**n

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        (x,) = ctx.saved_tensors
        return gradient * ctx.n * x ** (ctx.n - 1), None


class ByItsJvp(tg.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Any, n: int) -> Any:
        return x**n

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, ctx.n = inputs
        ctx.save_for_forward(x)
        ctx.save_for_backward(x)

    @staticmethod
    def jvp(ctx: Any, tangent: Any, _: Any) -> Any:
        (x,) = ctx.saved_tensors
        return tangent * ctx.n * x ** (ctx.n - 1)

    backward = ByItsBackward.backward


@pytest.mark.parametrize("function", [ByItsBackward, ByItsJvp])
def test_functions_of_one_s_own(function: Any) -> None:
    def of(x: Any) -> Any:
        return function.apply(x.sin(), 3).sum(1)

    def plain(x: Any) -> Any:
        return (x.sin() ** 3).sum(1)

    for found, expected in zip(tg.func.jvp(of, (A,), (B,)), tg.func.jvp(plain, (A,), (B,)), strict=True):
        hold(found, expected)
    hold(tg.func.jacfwd(of, randomness="same")(A), tg.func.jacfwd(plain)(A)) if function is ByItsJvp else None


# --- where numbers are not finite --------------------------------------------------------------------------------


def test_zeros_and_ones_are_made_of_infinities_without_nan() -> None:
    """A gradient begins with ones of the result's shape; what is missing is zeros of an input's shape."""
    zero, infinite = tg.zeros((), dtype=tg.float64), tg.full((2,), float("inf"), dtype=tg.float64)
    assert tg.func.grad(lambda x: 1 / x)(zero).item() == -np.inf
    assert tg.vmap(tg.func.grad(lambda x: 1 / x))(tg.zeros(2, dtype=tg.float64)).tolist() == [-np.inf] * 2
    assert tg.func.grad(lambda x, y: y.sum(), argnums=0)(infinite, A).tolist() == [0, 0]
    assert tg.func.jvp(lambda x: infinite, (A,), (B,))[1].tolist() == [0, 0]
    assert tg.func.jacrev(lambda x: A.sum(1))(infinite).tolist() == [[0, 0]] * 3
    assert tg.func.jacfwd(lambda x: infinite)(A[0]).tolist() == [[0] * 4] * 2
    leaf = infinite.clone().requires_grad_()
    assert tg.autograd.grad(A.clone().requires_grad_().sum(), leaf, materialize_grads=True)[0].tolist() == [0, 0]


# --- forward and reverse in any sequence -------------------------------------------------------------------------


def mixed(t: Any) -> Any:
    """Of one number, through operations of every kind."""
    x = tg.stack([t * 1.3, (t * 0.7).sin(), t.exp() / 3, t.new_ones(())])
    table = x.outer(x.cos())
    table[1] = table[0] * 2
    weights = tg.softmax(table, 1)
    picked = weights[[2, 0, 1]] @ tg.where(x > 0.5, x, x * x)
    return tg.logsumexp(picked, 0).exp() + ByItsJvp.apply(picked.cumsum(0), 2).prod() + tg.linalg.det(table[:2, :2] + 3)


@pytest.mark.parametrize("order", [2, 3])
def test_any_sequence_of_forward_and_reverse(order: int) -> None:
    one = tg.ones((), dtype=tg.float64)

    def forward(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda t: tg.func.jvp(of, (t,), (one,))[1]

    def batched(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The same for a batch of one number."""
        return lambda t: tg.vmap(of)(t.unsqueeze(0)).squeeze(0)

    t = tg.tensor(0.4, dtype=tg.float64, requires_grad=True)
    expected = mixed(t)
    for _ in range(order):
        (expected,) = tg.autograd.grad(expected, t, create_graph=True)
    for sequence in itertools.product((forward, tg.func.grad, lambda of: batched(tg.func.grad(of))), repeat=order):
        of: Callable[[Any], Any] = mixed
        for transform in sequence:
            of = transform(of)
        hold(of(tg.tensor(0.4, dtype=tg.float64)), expected, 1e-10)
