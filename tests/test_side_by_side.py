"""Repeating elements, and adding up elements side by side, by slices: the same as by maps in general."""

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.axis_maps import AxisMap
from tinygrad_nn._core.side_by_side import SideBySide, repeated, summed
from tinygrad_nn.nn import functional

RNG = np.random.default_rng(0)


def in_general(found):
    """The same map, as its transposed map says."""
    short = np.repeat(np.arange(found.count), found.times)[:, None]
    weights = np.full((found.count * found.times, 1), found.factor)
    one = AxisMap(short, weights, found.count)
    matrix = np.zeros((found.longer, found.count))
    matrix[: found.count * found.times] = one.matrix
    return matrix


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
@pytest.mark.parametrize("times", [2, 3, 4])
@pytest.mark.parametrize("axis", [-1, -2, -3])
@pytest.mark.parametrize("left", [0, 1])
def test_maps(axis, times, left, dtype):
    shape = (3, 5, 6, 7)
    found = summed(shape[axis] * times + left, shape[axis], times, 1 if dtype == np.uint8 else 0.5)
    matrix = in_general(found)
    x = RNG.integers(0, 50, shape).astype(dtype)
    longer = [*shape]
    longer[axis] = found.longer
    g = RNG.integers(0, 50, longer).astype(dtype)
    for x_like in (x, np.asfortranarray(x)):
        wanted = np.moveaxis(np.tensordot(matrix, x_like, (1, axis)), 0, axis)
        assert np.array_equal(found.transposed.apply(x_like, axis), wanted)
        assert found.transposed.apply(x_like, axis).dtype == dtype
    wanted = np.moveaxis(np.tensordot(matrix.T, g, (1, axis)), 0, axis)
    assert np.array_equal(found.apply(g, axis), wanted)
    assert found.transposed.transposed is found


def test_which_are_taken():
    assert isinstance(repeated(5, 2), SideBySide)
    assert repeated(5, 1) is repeated(5, 9) is None
    assert summed(5, 3, 2, 1.0) is None


@pytest.mark.parametrize("function", [
    lambda x: functional.interpolate(x, scale_factor=2), lambda x: functional.interpolate(x, scale_factor=(1, 3)),
    lambda x: functional.avg_pool2d(x, 2), lambda x: functional.avg_pool2d(x, (3, 2)),
    lambda x: functional.avg_pool2d(x, 2, divisor_override=3), lambda x: functional.adaptive_avg_pool2d(x, (3, 4)),
    lambda x: functional.interpolate(x, size=(3, 4), mode="area")])  # fmt: skip
def test_gradients_and_what_is_not_finite(function):
    x = tg.from_numpy(RNG.normal(size=(2, 3, 9, 8))).requires_grad_()
    assert tg.autograd.gradcheck(function, (x,))
    assert tg.autograd.gradgradcheck(function, (x,))
    bad = tg.from_numpy(RNG.normal(size=(2, 3, 9, 8)))
    good = function(bad).numpy()
    bad[0, 1, 4, 3] = np.inf
    found = function(bad).numpy()
    changed = ~np.isfinite(found)
    assert 0 < changed.sum() <= 4
    np.testing.assert_allclose(found[~changed], good[~changed], 1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_types_and_empty_batches(dtype):
    x = tg.from_numpy(RNG.integers(0, 9, (2, 3, 8, 8)).astype(dtype))
    assert functional.avg_pool2d(x, 2).numpy().dtype == dtype
    assert functional.interpolate(x, scale_factor=2).numpy().dtype == dtype
    assert functional.avg_pool2d(x[:0], 2).shape == (0, 3, 4, 4)
    assert functional.interpolate(x[:0], scale_factor=2).shape == (0, 3, 16, 16)
    last = x.contiguous(memory_format=tg.channels_last)
    tg.testing.assert_close(functional.avg_pool2d(last, 2), functional.avg_pool2d(x, 2))
    tg.testing.assert_close(functional.interpolate(last, scale_factor=2), functional.interpolate(x, scale_factor=2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [
    lambda x: functional.interpolate(x, scale_factor=2), lambda x: functional.interpolate(x, (7, 5), mode="bilinear"),
    lambda x: functional.interpolate(x, (7, 3), mode="bicubic"), lambda x: functional.avg_pool2d(x, 3, 2, 1),
    lambda x: functional.avg_pool2d(x, (1, 2)), lambda x: functional.adaptive_avg_pool2d(x, 4)])  # fmt: skip
def test_few_elements_and_many(function, dtype):
    """Few are multiplied by one matrix for all axes."""
    x = tg.from_numpy(RNG.normal(size=(64, 6, 7, 6)).astype(dtype))
    many = function(x)
    one = tg.cat([function(x[i : i + 1]) for i in range(len(x))])
    tg.testing.assert_close(one, many)
    turned = x[:1].transpose(2, 3).contiguous().transpose(2, 3)
    tg.testing.assert_close(function(turned), many[:1])
    large = x[:1] * (1e200 if dtype == np.float64 else 1e30)  # whose squares are infinite
    wanted = many[:1] * (1e200 if dtype == np.float64 else 1e30)
    np.testing.assert_allclose(function(large).numpy(), wanted.numpy(), 1e-5, 1e-5 * wanted.abs().max().item())
