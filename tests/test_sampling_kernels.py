"""`grid_sample` as one step, forward and backward, beside the same as a composition of ops; blocks of images."""

import itertools

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core import sampling
from tinygrad_nn.nn import functional
from tinygrad_nn.ops import grid_sampling

RNG = np.random.default_rng(0)
MODES = [
    (mode, padding, corners)
    for mode, padding, corners in itertools.product(
        ["bilinear", "nearest", "bicubic"], ["zeros", "border", "reflection"], [False, True]
    )
]
SHAPES = [((2, 3, 5, 6), (4, 7)), ((3, 17, 4, 1), (3, 3)), ((2, 2, 1, 8), (1, 5)), ((3, 4, 3, 4, 5), (2, 3, 4))]


def places(shape, wanted, dtype):
    grid = RNG.uniform(-1.6, 1.6, (shape[0], *wanted, len(shape) - 2)).astype(dtype)
    flat = grid.reshape(-1)
    flat[:4] = -1, 1, 0.999, -30
    return grid


@pytest.mark.parametrize(("mode", "padding", "corners"), MODES)
@pytest.mark.parametrize(("shape", "wanted"), SHAPES)
@pytest.mark.parametrize("together", [262_144, 200])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_as_the_composition(shape, wanted, mode, padding, corners, together, dtype, monkeypatch):
    if mode == "bicubic" and len(shape) == 5:
        pytest.skip("there is none")
    monkeypatch.setattr(sampling, "_TOGETHER", together)
    x, grid = RNG.normal(size=shape).astype(dtype), places(shape, wanted, dtype)
    g = tg.from_numpy(RNG.normal(size=(*shape[:2], *wanted)).astype(dtype))
    results = []
    for sample in (
        lambda a, b: functional.grid_sample(a, b, mode, padding, corners),
        lambda a, b: grid_sampling._sampled(a, b, mode, padding, corners),
    ):
        leaves = [tg.tensor(a, requires_grad=True) for a in (x, grid)]
        out = sample(*leaves)
        out.backward(g)
        results.append([out.detach(), *[leaf.grad for leaf in leaves]])
    for found, other in zip(*results, strict=True):
        assert found.dtype == other.dtype
        tolerance = 1e-11 if dtype == np.float64 else 2e-5
        np.testing.assert_allclose(found.numpy(), other.numpy(), tolerance, tolerance * np.abs(other.numpy()).max())


@pytest.mark.parametrize(("mode", "padding", "corners"), MODES)
def test_places_that_are_not_finite(mode, padding, corners):
    x, grid = RNG.normal(size=(1, 2, 4, 5)), places((1, 2, 4, 5), (3, 3), np.float64)
    grid[0, 1] = [[np.nan, 0.1], [np.inf, 0.2], [0.3, -np.inf]]
    x, grid = tg.from_numpy(x), tg.from_numpy(grid)
    found = functional.grid_sample(x, grid, mode, padding, corners).numpy()
    with np.errstate(invalid="ignore"):
        other = grid_sampling._sampled(x, grid, mode, padding, corners).numpy()
    if padding == "zeros" or mode != "bicubic":
        np.testing.assert_allclose(found, other, 1e-12)


@pytest.mark.parametrize("layout", ["channels last", "turned", "expanded"])
def test_other_layouts(layout):
    x = RNG.normal(size=(2, 3, 6, 5))
    grid = places(x.shape, (4, 4), np.float64)
    wanted = functional.grid_sample(tg.from_numpy(x), tg.from_numpy(grid), align_corners=False).numpy()
    if layout == "channels last":
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    elif layout == "turned":
        grid = np.ascontiguousarray(grid.transpose(3, 2, 1, 0)).transpose(3, 2, 1, 0)
    else:
        x = np.broadcast_to(x[:1], x.shape)
        wanted = functional.grid_sample(tg.from_numpy(x.copy()), tg.from_numpy(grid), align_corners=False).numpy()
    leaf = tg.from_numpy(x.copy("K")).requires_grad_()
    out = functional.grid_sample(leaf, tg.from_numpy(grid), align_corners=False)
    np.testing.assert_allclose(out.detach().numpy(), wanted, 1e-12)
    out.sum().backward()
    assert leaf.grad.shape == leaf.shape
