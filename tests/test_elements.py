"""What is computed by the block, or in other steps for many elements: the same as for a few at a time."""

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core import remainders
from tinygrad_nn._core.elements import are_many_singles
from tinygrad_nn.nn import functional as F  # noqa: N812 - as programs name it

MANY, FEW = 300_000, 500  # more than are treated together, in two blocks; fewer than any other way is taken for
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 3.0, -3.0, 6.0, 0.5, -0.5, 1.0, -1.0, 1e-40, -1e-40, 1e30, -1e30, 20.0]

ONE = {
    "leaky_relu": F.leaky_relu, "relu6": F.relu6, "hardtanh": F.hardtanh, "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish, "softshrink": F.softshrink, "hardshrink": F.hardshrink, "elu": F.elu, "selu": F.selu,
    "threshold": lambda x: F.threshold(x, 0.1, 0.0), "threshold to 20": lambda x: F.threshold(x, 0.1, 20.0),
    "elu of a steep slope": lambda x: F.elu(x, 3.0), "celu": lambda x: F.celu(x, 0.7), "silu": F.silu,
    "softplus": F.softplus, "softplus with a low threshold": lambda x: F.softplus(x, 2.0, 1.0),
    "logsigmoid": F.logsigmoid, "abs": tg.abs, "sign": tg.sign, "angle": tg.angle, "sinc": tg.sinc,
    "clamp": lambda x: x.clamp(-1, 1), "remainder of a number": lambda x: x % 0.7,
    "fmod of a number": lambda x: x.fmod(3),
}  # fmt: skip
TWO = {
    "remainder": tg.remainder, "fmod": tg.fmod, "hypot": tg.hypot,
    "floor": lambda x, y: tg.div(x, y, rounding_mode="floor"),
    **{name: lambda x, y, loss=loss: loss(x, y, reduction="none")
       for name, loss in {"l1": F.l1_loss, "huber": F.huber_loss, "smooth_l1": F.smooth_l1_loss}.items()},
}  # fmt: skip


def numbers(seed, dtype):
    found = (np.random.default_rng(seed).standard_normal(MANY) * 4).astype(dtype)
    found[: len(SPECIAL)] = np.array(SPECIAL).astype(dtype)
    return found


def computed(function, upward, *arrays):
    tensors = [tg.tensor(a, requires_grad=True) for a in arrays]
    out = function(*tensors)
    out.backward(tg.tensor(upward))
    return [out.detach().numpy(), *[t.grad.numpy() for t in tensors]]


def a_few_at_a_time(function, upward, *arrays):
    parts = [slice(start, start + FEW) for start in range(0, MANY, FEW)]
    found = [computed(function, upward[part], *[a[part] for a in arrays]) for part in parts]
    return [np.concatenate(each) for each in zip(*found, strict=True)]


def assert_same(found, wanted):
    for f, w in zip(found, wanted, strict=True):
        precision = 16 * np.finfo(w.dtype).eps
        np.testing.assert_allclose(f, w, rtol=precision, atol=precision)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("name", ONE)
def test_many_elements_as_a_few(name, dtype):
    x, upward = numbers(0, dtype), numbers(1, dtype)
    wanted = a_few_at_a_time(ONE[name], upward, x)
    assert_same(computed(ONE[name], upward, x), wanted)
    turned = [a.reshape(600, 500).T for a in wanted]
    assert_same(computed(ONE[name], upward.reshape(600, 500).T, x.reshape(600, 500).T), turned)
    assert_same(computed(ONE[name], upward[:5000], x[:5000]), [a[:5000] for a in wanted])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TWO)
def test_many_pairs_as_a_few(name, dtype):
    x, y, upward = numbers(0, dtype), numbers(1, dtype)[::-1].copy(), numbers(2, dtype)
    y[:20] = np.resize(np.array(SPECIAL)[::-1], 20)
    wanted = a_few_at_a_time(TWO[name], upward, x, y)
    assert_same(computed(TWO[name], upward, x, y), wanted)
    assert_same(computed(TWO[name], upward[:5000], x[:5000], y[:5000]), [a[:5000] for a in wanted])


@pytest.mark.parametrize("loss", [F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("size", [300, 5000, MANY])
def test_reduced_losses(loss, reduction, size):
    rng = np.random.default_rng(0)
    x, y = [tg.tensor(rng.standard_normal(size).astype(np.float32) * 2, requires_grad=True) for _ in range(2)]
    found = loss(x, y, reduction=reduction)
    found.backward()
    wide = [t.detach().double().requires_grad_() for t in (x, y)]
    losses = loss(*wide, reduction="none")
    wanted = losses.mean() if reduction == "mean" else losses.sum()
    wanted.backward()
    np.testing.assert_allclose(found.item(), wanted.item(), rtol=2e-6)
    for narrow, precise in zip((x, y), wide, strict=True):
        np.testing.assert_allclose(narrow.grad.numpy(), precise.grad.numpy(), rtol=1e-6, atol=1e-12)


def test_bent_losses_of_nan_have_its_gradient():
    for loss in (F.huber_loss, F.smooth_l1_loss):
        for create_graph in (False, True):
            x = tg.tensor([np.nan, 0.25], requires_grad=True)
            (found,) = tg.autograd.grad(loss(x, tg.zeros(2), reduction="sum"), x, create_graph=create_graph)
            assert found[0].isnan()
            assert found[1].item() == 0.25


@pytest.mark.parametrize("function", [np.remainder, np.fmod, np.floor_divide])
def test_remainders_to_the_last_bit(function):
    """Also of divisors and quotients for which the block goes through NumPy's function."""
    rng = np.random.default_rng(0)
    whole = rng.integers(-50, 50, 4000) / 4
    y = rng.random(4000) + 0.01
    pairs = [
        (rng.standard_normal(40_000) * 1e6, rng.standard_normal(40_000) * 1e-2),
        (whole, np.resize([0.25, 0.5, 1.25], 4000)),
        (np.round(y * 1000) * y, y),
        (np.resize(SPECIAL, 4000), np.repeat(SPECIAL, 4000 // len(SPECIAL) + 1)[:4000]),
    ]
    quick = {np.remainder: remainders.remainder, np.fmod: remainders.fmod, np.floor_divide: remainders.floor_quotient}
    for pair in pairs:
        x, y = [each.astype(np.float32) for each in pair]
        assert are_many_singles(x, y)
        with np.errstate(all="ignore"):
            wanted = function(x, y)
        found = quick[function](x, y)
        np.testing.assert_array_equal(found, wanted)
        if function is not np.floor_divide:
            zero = wanted == 0
            np.testing.assert_array_equal(np.signbit(found[zero]), np.signbit(x[zero]))


def test_remainders_of_other_shapes():
    x = tg.tensor(np.random.default_rng(0).standard_normal((60, 40)).astype(np.float32))
    row, column = x[:1] + 3, x[:, :1] + 3
    for y in (row, column, tg.tensor(0.7), tg.tensor([0.7])):
        np.testing.assert_array_equal((x % y).numpy(), np.remainder(x.numpy(), y.numpy()))
    np.testing.assert_array_equal((x.t() % 0.7).numpy(), np.remainder(x.numpy().T, np.float32(0.7)))
    np.testing.assert_array_equal((3 % (x + 5)).numpy(), np.remainder(np.float32(3), x.numpy() + 5))


@pytest.mark.parametrize("size", [40, 20_000])
@pytest.mark.parametrize(
    "function", [tg.lgamma, tg.digamma, lambda x: tg.polygamma(1, x), tg.i0, tg.special.i0e, tg.special.i1]
)
def test_special_functions_in_single_precision(function, size):
    rng = np.random.default_rng(0)
    near = np.nextafter(np.float32([1, 2, 1, 2]), np.float32([0, 0, 3, 3]))
    drawn = [rng.random(size) * 3, rng.standard_normal(size) * 5, 10.0 ** rng.uniform(-6, 1.5, size), near, [1, 2, 8]]
    x = np.concatenate(drawn).astype(np.float32)
    wanted = function(tg.tensor(x).double()).numpy()
    np.testing.assert_allclose(function(tg.tensor(x)).numpy(), wanted.astype(np.float32), rtol=4e-7)


@pytest.mark.parametrize("shape", [(3, 8), (700, 600), (4, 50, 40), (6, 8)])
@pytest.mark.parametrize("dim", [0, -1, 1])
def test_glu(shape, dim):
    shape = (2 * shape[0], *shape[1:])
    rng = np.random.default_rng(0)
    x = tg.tensor(rng.standard_normal(shape).astype(np.float32), requires_grad=True)
    out = F.glu(x, dim)
    upward = tg.tensor(rng.standard_normal(out.shape).astype(np.float32))
    out.backward(upward)
    wide = x.detach().double().requires_grad_()
    first, second = wide.chunk(2, dim)
    wanted = first * second.sigmoid()
    wanted.backward(upward.double())
    np.testing.assert_allclose(out.detach().numpy(), wanted.detach().numpy(), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(x.grad.numpy(), wide.grad.numpy(), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("shape", [(4, 5), (2000, 300)])
def test_multi_margin_loss(p, shape):
    rng = np.random.default_rng(0)
    target = rng.integers(0, shape[1], shape[0])
    x = tg.tensor(rng.standard_normal(shape), requires_grad=True)
    F.multi_margin_loss(x, tg.tensor(target), p=p).backward()
    plain = x.detach().requires_grad_()
    ahead = (1 - plain.gather(1, tg.tensor(target[:, None])) + plain).clamp_min(0) ** p
    right = np.zeros(shape)
    right[np.arange(shape[0]), target] = 1
    (ahead * tg.tensor(1 - right)).sum().div(shape[0] * shape[1]).backward()
    np.testing.assert_allclose(x.grad.numpy(), plain.grad.numpy(), rtol=1e-12, atol=1e-16)
