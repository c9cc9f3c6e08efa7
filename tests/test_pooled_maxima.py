"""Maxima of windows by passes over whole planes, by rows, of few elements: the same as window by window."""

import itertools

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core import pooling, swept_maxima
from tinygrad_nn.nn import functional

RNG = np.random.default_rng(0)


def window_by_window(x, kernel, stride, padding, dilation):
    """Where the maxima are, of equal elements the first, of nan the last: numbers in each plane."""
    dims = len(kernel)
    lengths = x.shape[-dims:]
    given = zip(lengths, kernel, stride, padding, dilation, strict=True)
    counts = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in given]
    places = np.empty((*x.shape[:-dims], *counts), np.int64)
    for lead in np.ndindex(*x.shape[:-dims]):
        for window in np.ndindex(*counts):
            best = None
            for offset in np.ndindex(*kernel):
                place = tuple(np.array(window) * stride - padding + np.array(offset) * dilation)
                if all(0 <= at < n for at, n in zip(place, lengths, strict=True)):
                    value = x[lead][place]
                    if best is None or value > x[lead][best] or np.isnan(value):
                        best = place
            places[(*lead, *window)] = np.ravel_multi_index(best, lengths)
    return places


def at_places(x, places, dims):
    flat = x.reshape(*x.shape[:-dims], -1)
    return np.take_along_axis(flat, places.reshape(*x.shape[:-dims], -1), -1).reshape(places.shape)


def spread(g, places, shape, dims):
    out = np.zeros(shape, g.dtype).reshape(*shape[:-dims], -1)
    for lead in np.ndindex(*shape[:-dims]):
        np.add.at(out[lead], places[lead].ravel(), g[lead].ravel())
    return out.reshape(shape)


def arrays(shape, dtype):
    """Numbers, many of them equal, with nan, with infinities, and as they lie in memory."""
    x = RNG.integers(-3, 4, shape).astype(dtype)
    yield "equal", x
    yield "different", RNG.permutation(x.size).reshape(shape).astype(dtype)
    yield "lowest", np.full(shape, -np.inf, dtype)
    some = x.copy()
    some.ravel()[::7] = -np.inf
    some.ravel()[3::50] = np.nan
    yield "nan", some
    yield "turned", np.swapaxes(x.reshape(*shape[:-2], *shape[:-3:-1]), -1, -2)
    if len(shape) > 3:
        last = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
        yield "channels last", last


CASES = [
    ((2, 3, 11, 9), (3, 3), (2, 2), (1, 1), (1, 1)),
    ((2, 3, 21, 19), (3, 3), (2, 2), (1, 1), (1, 1)),
    ((1, 2, 40, 30), (3, 2), (1, 1), (1, 0), (1, 1)),
    ((2, 2, 30, 31), (5, 5), (1, 2), (2, 2), (1, 1)),
    ((2, 2, 30, 31), (3, 2), (2, 1), (1, 1), (2, 3)),
    ((2, 2, 32, 32), (16, 16), (16, 16), (0, 0), (1, 1)),
    ((3, 2, 15, 16), (15, 16), (15, 16), (0, 0), (1, 1)),
    ((2, 2, 40, 40), (4, 4), (4, 4), (0, 0), (1, 1)),
    ((2, 2, 40, 40), (17, 18), (3, 2), (0, 0), (1, 1)),
    ((2, 3, 700), (3,), (2,), (1,), (1,)),
    ((1, 2, 9, 10, 11), (2, 3, 2), (1, 2, 2), (0, 1, 1), (1, 1, 1)),
]


@pytest.mark.parametrize(
    ("case", "dtype"), [*itertools.product(CASES, [np.float32]), *[(c, np.float64) for c in CASES[:2]]]
)
@pytest.mark.parametrize("tile", [800_000, 3000])
def test_maxima(case, dtype, tile, monkeypatch):
    monkeypatch.setattr(swept_maxima, "_TILE", tile)
    if tile == 3000:  # nothing is few
        monkeypatch.setattr(pooling, "_SOME", 0)
    swept_maxima._sweep.cache_clear()
    shape, kernel, stride, padding, dilation = case
    dims = len(kernel)
    function = getattr(functional, f"max_pool{dims}d")
    for name, x in arrays(shape, dtype):
        places = window_by_window(x, kernel, stride, padding, dilation)
        wanted = at_places(np.ascontiguousarray(x), places, dims)
        tensor = tg.from_numpy(x)
        assert np.array_equal(function(tensor, kernel, stride, padding, dilation).numpy(), wanted, equal_nan=True), name
        g = RNG.normal(size=wanted.shape).astype(dtype)
        for several in (False, True):
            leaf = tg.from_numpy(x.copy("K")).requires_grad_()
            out = function(leaf, kernel, stride, padding, dilation, return_indices=several)
            if several:
                assert np.array_equal(out[1].numpy(), places), name
                out = out[0]
            assert np.array_equal(out.detach().numpy(), wanted, equal_nan=True), name
            out.backward(tg.from_numpy(g))
            np.testing.assert_allclose(leaf.grad.numpy(), spread(g, places, shape, dims), 1e-5, 1e-6, err_msg=name)
    swept_maxima._sweep.cache_clear()


@pytest.mark.parametrize("dtype", [np.float16, np.int32, np.int64])
def test_maxima_of_other_types(dtype):
    x = RNG.integers(-100, 100, (2, 3, 25, 24)).astype(dtype)
    if dtype != np.float16:
        x[0, 0] = np.iinfo(dtype).min
    places = window_by_window(x, (3, 3), (2, 2), (1, 1), (1, 1))
    wanted = at_places(x, places, 2)
    out, indices = functional.max_pool2d(tg.from_numpy(x), 3, 2, 1, return_indices=True)
    assert np.array_equal(out.numpy(), wanted)
    assert np.array_equal(indices.numpy(), places)
    assert np.array_equal(functional.max_pool2d(tg.from_numpy(x), 3, 2, 1).numpy(), wanted)


@pytest.mark.parametrize("wanted", [1, (1, 1), 5, 7, (2, 3), (20, 1)])
@pytest.mark.parametrize("lengths", [(8, 6), (25, 20), (20, 44)])
def test_adaptive_maxima(wanted, lengths):
    counts = (wanted, wanted) if isinstance(wanted, int) else wanted
    for name, x in arrays((2, 3, *lengths), np.float32):
        places = np.empty((2, 3, *counts), np.int64)
        for i, j in np.ndindex(*counts):
            rows, columns = [
                slice(at * n // m, -(-(at + 1) * n // m)) for at, n, m in zip((i, j), lengths, counts, strict=True)
            ]
            part = x[:, :, rows, columns].reshape(2, 3, -1)
            best = part.argmax(-1)
            nan = np.isnan(part)
            best = np.where(nan.any(-1), part.shape[-1] - 1 - nan[..., ::-1].argmax(-1), best)
            row, column = np.unravel_index(best, x[0, 0, rows, columns].shape)
            places[:, :, i, j] = (row + rows.start) * lengths[1] + column + columns.start
        g = RNG.normal(size=places.shape).astype(np.float32)
        for several in (False, True):
            leaf = tg.from_numpy(x.copy("K")).requires_grad_()
            out = functional.adaptive_max_pool2d(leaf, wanted, return_indices=several)
            if several:
                assert np.array_equal(out[1].numpy(), places), name
                out = out[0]
            assert np.array_equal(out.detach().numpy(), at_places(np.ascontiguousarray(x), places, 2), equal_nan=True)
            out.backward(tg.from_numpy(g))
            np.testing.assert_allclose(leaf.grad.numpy(), spread(g, places, x.shape, 2), 1e-5, 1e-6, err_msg=name)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(("name", "options"), [
    ("max_pool2d", (3, 2, 1)), ("max_pool2d", (3, 1, 1)), ("adaptive_max_pool2d", (1,)),
    ("adaptive_max_pool2d", ((3, 4),))])  # fmt: skip
def test_second_derivatives(name, options, several):
    function = getattr(functional, name)
    x = tg.from_numpy(RNG.permutation(2 * 3 * 22 * 21).reshape(2, 3, 22, 21) / 100.0).requires_grad_()
    places = function(x, *options, return_indices=True)[1].numpy()
    out = function(x, *options, return_indices=several)
    out = out[0] if several else out
    g = tg.from_numpy(RNG.normal(size=places.shape)).requires_grad_()
    (first,) = tg.autograd.grad(out, x, g, create_graph=True)
    (second,) = tg.autograd.grad((first * first).sum(), g)
    wanted = spread(g.detach().numpy(), places, x.shape, 2)
    np.testing.assert_allclose(first.detach().numpy(), wanted, 1e-12)
    np.testing.assert_allclose(second.numpy(), 2 * at_places(wanted, places, 2), 1e-12)


def test_an_empty_batch():
    for function in (lambda x: functional.max_pool2d(x, 3, 2, 1), lambda x: functional.adaptive_max_pool2d(x, 1)):
        x = tg.zeros(0, 2, 30, 30, requires_grad=True)
        out = function(x)
        out.sum().backward()
        assert x.grad.shape == x.shape
