"""Gradients of images where windows are some elements apart: by phases, as by adding up, and by single windows."""

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core import convolution, strips
from tinygrad_nn.nn import functional

RNG = np.random.default_rng(0)
CASES = [  # lengths, kernel, stride, padding
    ((30, 31), (4, 4), (2, 2), (1, 1)), ((21, 20), (3, 3), (2, 2), (1, 1)), ((20, 23), (3, 5), (3, 2), (0, 2)),
    ((20, 21), (1, 1), (2, 2), (0, 0)), ((20, 21), (2, 1), (2, 3), (0, 0)), ((22, 23), (7, 7), (2, 2), (3, 3)),
    ((9, 40), (3, 2), (1, 4), (1, 1)), ((5, 6, 12), (3, 4, 2), (2, 2, 3), (1, 0, 1)),
    ((12, 13), (3, 3), (2, 2), (5, 4)),
]  # fmt: skip


@pytest.mark.parametrize(("lengths", "kernel", "stride", "padding"), CASES)
@pytest.mark.parametrize("groups", [1, 2])
def test_phases(lengths, kernel, stride, padding, groups):
    ones = (1,) * len(kernel)
    over = strips.window(lengths, kernel, stride, ones, tuple([(p, p) for p in padding]))
    weight = RNG.normal(size=(6, 8 // groups, *kernel))
    g = RNG.normal(size=(5, 6, *over.counts))
    phases = convolution._phases(over)
    found = convolution._interleaved(g, weight, over, groups, phases)
    np.testing.assert_allclose(found, convolution._scatter(g, weight, over, groups), 1e-10, 1e-12)


def test_elements_of_windows_that_are_apart_go_the_other_way():
    over = strips.window((20, 20), (3, 3), (2, 2), (2, 1), ((1, 1), (1, 1)))
    assert convolution._phases(over) is None


@pytest.mark.parametrize("transposed", [False, True])
def test_as_in_double_precision(transposed):
    x = RNG.normal(size=(6, 16, 30, 29)).astype(np.float32)
    weight = RNG.normal(size=(16, 16, 4, 4)).astype(np.float32)
    results = []
    for dtype in (tg.float32, tg.float64):
        images = tg.tensor(x, dtype=dtype).requires_grad_()
        weights = tg.tensor(weight, dtype=dtype).requires_grad_()
        function = functional.conv_transpose2d if transposed else functional.conv2d
        out = function(images, weights, stride=2, padding=1)
        (out * out).sum().backward()
        results.append([out.detach(), images.grad, weights.grad])
    for single, double in zip(*results, strict=True):
        scale = double.abs().max().item()
        np.testing.assert_allclose(single.numpy() / scale, double.numpy() / scale, 0, 2e-6)


def test_what_is_not_finite_stays_where_it_is():
    g = np.zeros((5, 8, 15, 15), np.float32)
    g[0, 1, 4, 5] = np.nan
    over = strips.window((30, 30), (4, 4), (2, 2), (1, 1), ((1, 1), (1, 1)))
    found = convolution.input_gradient(g, np.ones((8, 8, 4, 4), np.float32), over, 1)
    assert set(map(tuple, np.argwhere(np.isnan(found[0, 0])))) == {(i, j) for i in range(7, 11) for j in range(9, 13)}
    assert np.isfinite(found[1:]).all()
