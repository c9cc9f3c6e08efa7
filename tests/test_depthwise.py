"""Convolutions of each channel by itself, large enough to be products with band matrices."""

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core import depthwise
from tinygrad_nn.nn import functional

OPTIONS = [
    ((9, 4, 20, 20), (4, 1, 3, 3), {"padding": 1}),
    ((5, 4, 24, 30), (8, 1, 3, 3), {"stride": 2, "padding": (0, 2)}),
    ((7, 3, 21, 22), (3, 1, 5, 2), {"stride": (2, 3), "dilation": (2, 3), "padding": 2}),
    ((40, 6, 14, 9), (6, 1, 1, 3), {}),
    ((40, 6, 14, 9), (6, 1, 3, 1), {"stride": 4}),
    ((3, 4, 12, 70), (4, 1, 3, 3), {"padding": 1}),  # wide: some columns at a time
    ((3, 4, 12, 97), (4, 1, 7, 7), {"padding": (3, 5)}),
    ((3, 4, 30, 99), (4, 1, 3, 5), {"stride": 2, "padding": 2, "dilation": (1, 3)}),
    ((3, 4, 12, 60), (8, 1, 3, 3), {"stride": (2, 3)}),
    ((3, 4, 22, 40), (8, 1, 7, 7), {"padding": 3}),
]


@pytest.mark.parametrize(("size", "shape", "options"), OPTIONS)
def test_equal_to_single_channels(size, shape, options):
    tg.manual_seed(0)
    x = tg.randn(*size, dtype=tg.float64, requires_grad=True)
    weight = tg.randn(*shape, dtype=tg.float64, requires_grad=True)
    bias = tg.randn(shape[0], dtype=tg.float64, requires_grad=True)
    channels, share = size[1], shape[0] // size[1]
    whole = functional.conv2d(x, weight, bias, groups=channels, **options)
    parts = [slice(c * share, (c + 1) * share) for c in range(channels)]
    alone = [functional.conv2d(x[:, c : c + 1], weight[p], bias[p], **options) for c, p in enumerate(parts)]
    expected = tg.cat(alone, 1)
    tg.testing.assert_close(whole, expected)
    upward = tg.randn(*whole.shape, dtype=tg.float64)
    found = tg.autograd.grad(whole, (x, weight, bias), upward)
    for gradient, wanted in zip(found, tg.autograd.grad(expected, (x, weight, bias), upward), strict=True):
        tg.testing.assert_close(gradient, wanted)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_what_is_not_finite_stays_under_its_windows(bad):
    x = tg.zeros(9, 4, 20, 20)
    x[0, 1, 5, 6] = bad
    out = functional.conv2d(x, tg.ones(4, 1, 3, 3), padding=1, groups=4)
    assert np.argwhere(~np.isfinite(out.numpy())).tolist() == [[0, 1, i, j] for i in (4, 5, 6) for j in (5, 6, 7)]


def test_these_sizes_go_this_way(monkeypatch):
    went = []
    for name in ("correlate", "input_gradient", "weight_gradient"):
        kernel = getattr(depthwise, name)
        monkeypatch.setattr(depthwise, name, lambda *a, name=name, kernel=kernel: went.append(name) or kernel(*a))
    size, shape, options = OPTIONS[0]
    x, weight = tg.ones(*size, requires_grad=True), tg.ones(*shape, requires_grad=True)
    functional.conv2d(x, weight, groups=4, **options).sum().backward()
    assert sorted(went) == ["correlate", "input_gradient", "weight_gradient"]


def test_a_transposed_convolution_to_nothing() -> None:
    """Found by `test_calls_live.py`: padding leaves no place."""
    x, w = tg.ones(1, 2, 1, 2, requires_grad=True), tg.ones(2, 1, 2, 1, requires_grad=True)
    for groups in (1, 2):
        y = tg.nn.functional.conv_transpose2d(x, w, padding=1, groups=groups)
        assert y.shape == (1, groups, 0, 0)
        (y.sum() + x.sum()).backward()
