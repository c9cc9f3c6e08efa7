"""Running sums, products and extremes of many elements, which are found in other ways than of few: the same."""

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.scans import accumulated

RNG = np.random.default_rng(0)
# On both sides of each threshold: many lanes beside the axis, some, few, none; long, short, longer than a block.
SHAPES = [(5, 1200), (1200, 5), (100, 100), (40_000,), (33_003,), (3, 70, 90), (300, 4, 17), (2, 5000, 16), (2, 40_000),
          (16, 500), (7, 0, 3000)]  # fmt: skip


def one_after_the_other(ufunc, x, axis, backwards):
    """By `numpy.ufunc.accumulate`, in float64."""
    turned = np.flip(x, axis) if backwards else x
    found = ufunc.accumulate(turned, axis, np.float64).astype(x.dtype)
    return np.flip(found, axis) if backwards else found


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.minimum])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("shape", SHAPES)
def test_values(shape, dtype, ufunc, backwards):
    x = RNG.normal(size=shape).astype(dtype)
    if ufunc is np.multiply:
        x = (1 + x / 100).astype(dtype)
    for part in (x, x[::-1], x[..., ::2], x.T):
        for axis in range(x.ndim):
            found = accumulated(ufunc, part, axis, backwards)
            wanted = one_after_the_other(ufunc, part, axis, backwards)
            assert found.dtype == wanted.dtype
            scale = np.abs(wanted).max() if wanted.size else 1
            tolerance = {np.float64: 1e-13, np.float32: 1e-7, np.float16: 2e-3}[dtype]
            np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * scale)
            if dtype == np.float32:  # rounded once, from float64
                assert (found != wanted).sum() <= wanted.size // 1000


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.minimum])
@pytest.mark.parametrize("shape", SHAPES[:-1])
def test_inf_and_nan_stay_where_they_belong(shape, ufunc):
    for values in ([np.inf], [np.nan], [np.inf, -np.inf], [1e38, 1e38, 1e38, 1e38, 1e38, 0, np.inf]):
        x = RNG.normal(size=shape).astype(np.float32)
        x.reshape(-1)[RNG.integers(0, x.size, len(values))] = values
        for axis in range(x.ndim):
            with np.errstate(all="ignore"):
                found = accumulated(ufunc, x, axis)
                wanted = one_after_the_other(ufunc, x, axis, False)
            np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
            np.testing.assert_array_equal(np.isinf(found), np.isinf(wanted))


@pytest.mark.parametrize("shape", [(2000, 8), (8, 2000), (40, 300), (20_000,)])
def test_a_running_product_that_vanishes_stays_0(shape):
    x = np.full(shape, 1e30, np.float32)
    for axis in range(x.ndim):
        lanes = x.swapaxes(axis, 0).copy()
        lanes[:4] = np.array([1e-40, 1e-45, 1e-45, 0]).reshape(-1, *(1,) * (x.ndim - 1))
        with np.errstate(all="ignore"):
            found = accumulated(np.multiply, lanes.swapaxes(axis, 0), axis)
        assert not found.swapaxes(axis, 0)[3:].any()


@pytest.mark.parametrize("name", ["cummax", "cummin"])
@pytest.mark.parametrize("shape", [(6, 5), (100, 100), (3000, 4), (4, 3000), (5, 30, 60), (12_000,), (5, 1500)])
@pytest.mark.parametrize("kind", ["float", "whole", "with nan", "rising"])
def test_running_extremes(shape, name, kind):
    x = RNG.normal(size=shape)
    if kind == "whole":
        x = np.round(x)  # with many equal ones
    elif kind == "with nan":
        x[RNG.random(shape) < 0.001] = np.nan
    elif kind == "rising":
        x = np.arange(x.size).reshape(shape) * (1.0 if name == "cummax" else -1.0)
    for dim in range(len(shape)):
        t = tg.tensor(x.astype(np.float32), requires_grad=True)
        values, indices = getattr(t, name)(dim)
        best, where = x.astype(np.float32).swapaxes(dim, 0).copy(), np.zeros(np.swapaxes(x, dim, 0).shape, int)
        for place in range(1, len(best)):
            new, old = best[place].copy(), best[place - 1]
            better = (new >= old) if name == "cummax" else (new <= old)
            better |= np.isnan(new)
            better &= ~(np.isnan(old) & ~np.isnan(new))
            best[place] = np.where(better, new, old)
            where[place] = np.where(better, place, where[place - 1])
        np.testing.assert_array_equal(values.detach().numpy(), best.swapaxes(dim, 0))
        np.testing.assert_array_equal(indices.numpy(), where.swapaxes(dim, 0))
        g = RNG.normal(size=shape)
        values.backward(tg.tensor(g.astype(np.float32)))
        wanted = np.zeros(x.shape)
        others = list(np.indices(x.shape))
        others[dim] = where.swapaxes(dim, 0)
        np.add.at(wanted, tuple(others), g)
        np.testing.assert_allclose(t.grad.numpy(), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.parametrize("shape", [(100, 100), (30, 400)])
def test_gradients_of_many(shape, name):
    for dim in (0, 1):
        x = tg.tensor(1 + RNG.normal(size=shape) / 100, requires_grad=True)
        g = tg.tensor(RNG.normal(size=shape), requires_grad=True)
        (first,) = tg.autograd.grad(getattr(x, name)(dim), x, g, create_graph=True)
        y = x.detach().clone().requires_grad_()
        rows = y.unbind(dim)
        sums = [rows[0]]
        for row in rows[1:]:
            sums.append(sums[-1] + row if name == "cumsum" else sums[-1] * row)
        (wanted,) = tg.autograd.grad(tg.stack(sums, dim), y, g, create_graph=True)
        np.testing.assert_allclose(first.detach().numpy(), wanted.detach().numpy(), rtol=1e-10, atol=1e-10)
        weights = tg.tensor(RNG.normal(size=shape))
        second = tg.autograd.grad((first * weights).sum(), (x, g), allow_unused=True)
        as_wanted = tg.autograd.grad((wanted * weights).sum(), (y, g), allow_unused=True)
        for ours, theirs in zip(second, as_wanted, strict=True):
            if ours is not None and theirs is not None:
                np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-9, atol=1e-9)
