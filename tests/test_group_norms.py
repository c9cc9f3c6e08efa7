"""Groups of channels, few elements and many, with weights and without: the same as by formulas in double precision."""

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.few_rows import are_few
from tinygrad_nn.nn import functional

RNG = np.random.default_rng(0)
TOLERANCE = {np.float16: 4e-3, np.float32: 3e-5, np.float64: 1e-11}


def by_formulas(x, g, weight, bias, groups, eps):
    """The result, and the gradients of x, the weight and the bias."""
    x, g, weight, bias = [None if a is None else a.astype(np.float64) for a in (x, g, weight, bias)]
    rows = x.reshape(len(x), groups, -1)
    centred = rows - rows.mean(2, keepdims=True)
    root = 1 / np.sqrt((centred**2).mean(2, keepdims=True) + eps)
    normal = (centred * root).reshape(x.shape)
    shape = (1, -1, *[1] * (x.ndim - 2))
    factor = np.ones(x.shape[1]) if weight is None else weight
    out = normal * factor.reshape(shape) + (0 if bias is None else bias.reshape(shape))
    weighted = (g * factor.reshape(shape)).reshape(rows.shape)
    n = normal.reshape(rows.shape)
    moved = weighted - weighted.mean(2, keepdims=True) - n * (weighted * n).mean(2, keepdims=True)
    over = (0, *range(2, x.ndim))
    return out, (root * moved).reshape(x.shape), (g * normal).sum(over), g.sum(over)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("given", ["", "weight", "bias", "both"])
@pytest.mark.parametrize(("shape", "groups"), [
    ((1, 4, 8, 8), 2), ((2, 6, 5), 3), ((3, 4), 2), ((4, 4, 25, 25), 4), ((4, 4, 25, 25), 1), ((4, 8, 33, 32), 2),
    ((3, 8, 2, 9, 80), 8), ((40, 16, 7, 7), 4)])  # fmt: skip
def test_groups(shape, groups, given, dtype):
    x, g = RNG.normal(0.5, 1, shape).astype(dtype), RNG.normal(size=shape).astype(dtype)
    weight = RNG.normal(size=shape[1]).astype(dtype) if given in ("weight", "both") else None
    bias = RNG.normal(size=shape[1]).astype(dtype) if given in ("bias", "both") else None
    names = ["group"] + (["instance"] if groups == shape[1] else [])
    for name in names:
        for turned in (False, True):
            array = np.ascontiguousarray(x.swapaxes(0, -1)).swapaxes(0, -1) if turned else x
            leaves = [None if a is None else tg.tensor(a, requires_grad=True) for a in (array, weight, bias)]
            input = tg.from_numpy(array).requires_grad_()
            if name == "group":
                out = functional.group_norm(input, groups, *leaves[1:], eps=1e-3)
            else:
                out = functional.instance_norm(input, weight=leaves[1], bias=leaves[2], eps=1e-3)
            wanted = by_formulas(x, g, weight, bias, groups, 1e-3)
            out.backward(tg.from_numpy(g))
            found = [out.detach(), input.grad, *[None if leaf is None else leaf.grad for leaf in leaves[1:]]]
            for one, other in zip(found, wanted, strict=True):
                if one is not None:
                    assert one.numpy().dtype == dtype
                    scale = max(1, np.abs(other).max())
                    np.testing.assert_allclose(one.numpy() / scale, other / scale, 0, TOLERANCE[dtype])


def test_both_ways_are_tested():
    assert are_few(np.empty((4, 4, 25, 25)))
    assert not are_few(np.empty((4, 8, 33, 32)))


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_group_with_something_not_finite(number):
    for size in (5, 50):
        x = RNG.normal(size=(2, 4, size, size)).astype(np.float32)
        x[0, 1, 2, 3] = number
        out = functional.group_norm(tg.from_numpy(x), 2).numpy()
        assert np.isnan(out[0, :2]).all() or np.isnan(out[0, 1, 2, 3])
        assert np.isfinite(out[0, 2:]).all()
        assert np.isfinite(out[1]).all()


def test_running_statistics():
    x = tg.from_numpy(RNG.normal(size=(3, 4, 6)).astype(np.float32))
    mean, variance = tg.zeros(4), tg.ones(4)
    functional.instance_norm(x, mean, variance, momentum=0.5)
    np.testing.assert_allclose(mean.numpy(), x.mean((0, 2)).numpy() / 2, 1e-5)
    np.testing.assert_allclose(variance.numpy(), 0.5 + x.var(2).mean(0).numpy() / 2, 1e-5)
