"""Convolutions of many small images, which are laid into one another: equal to those of a few images."""

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core import rows
from tinygrad_nn._core.strips import window
from tinygrad_nn.nn import functional

OPTIONS = [
    ((20, 6, 14, 14), (16, 6, 5, 5), {}),
    ((33, 4, 9, 20), (6, 4, 3, 2), {"padding": (2, 0)}),
    ((17, 8, 12, 11), (12, 4, 4, 3), {"groups": 2, "dilation": (1, 2), "padding": (1, 0)}),
    ((70, 3, 8, 5), (5, 3, 8, 3), {}),
    ((20, 6, 12, 9), (4, 6, 5, 4), {"padding": (4, 3)}),
]


@pytest.mark.parametrize(("size", "shape", "options"), OPTIONS)
def test_equal_to_a_few_images_at_a_time(size, shape, options):
    pairs = [(n, n) if isinstance(n, int) else n for n in (options.get("padding", 0), options.get("dilation", 1))]
    over = window(size[2:], shape[2:], (1, 1), pairs[1], tuple((p, p) for p in pairs[0]))
    assert rows.suits(over, size[0], size[1], shape[0])
    tg.manual_seed(0)
    x = tg.randn(*size, dtype=tg.float64, requires_grad=True)
    weight = tg.randn(*shape, dtype=tg.float64, requires_grad=True)
    bias = tg.randn(shape[0], dtype=tg.float64, requires_grad=True)
    whole = functional.conv2d(x, weight, bias, **options)
    apart = tg.cat([functional.conv2d(few, weight, bias, **options) for few in x.split(5)])
    tg.testing.assert_close(whole, apart)
    upward = tg.randn(*whole.shape, dtype=tg.float64)
    found = tg.autograd.grad(whole, (x, weight, bias), upward)
    for gradient, wanted in zip(found, tg.autograd.grad(apart, (x, weight, bias), upward), strict=True):
        tg.testing.assert_close(gradient, wanted)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_what_is_not_finite_stays_under_its_windows(bad):
    x = tg.zeros(20, 6, 14, 14)
    x[3, 1, 5, 6] = bad
    out = functional.conv2d(x, tg.ones(16, 6, 5, 5))
    touched = tg.zeros(20, 16, 10, 10, dtype=tg.bool)
    touched[3, :, 1:6, 2:7] = True
    assert tg.equal(~tg.isfinite(out), touched)
