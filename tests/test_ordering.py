"""The first few of many elements, which are found among candidates: the same as by sorting all of them."""

import numpy as np
import pytest

import tinygrad_nn as tg

RNG = np.random.default_rng(0)
KINDS = {
    "float": lambda shape: RNG.normal(size=shape).astype(np.float32),
    "double": lambda shape: RNG.normal(size=shape),
    "half": lambda shape: RNG.normal(size=shape).astype(np.float16),
    "equal": lambda shape: np.maximum(RNG.normal(size=shape), 1).astype(np.float32),
    "nan": lambda shape: np.where(RNG.random(shape) < 0.001, np.nan, RNG.normal(size=shape)).astype(np.float32),
    "infinite": lambda shape: RNG.choice([-np.inf, np.inf, 1, 2], shape, p=[0.9, 0.002, 0.049, 0.049]),
    "integer": lambda shape: RNG.integers(-(10**9), 10**9, shape),
    "byte": lambda shape: RNG.integers(0, 255, shape).astype(np.uint8),
}


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("shape", "count"), [((300, 400), 5), ((4, 250, 60), 3), ((90_001,), 40), ((60_000, 2), 7),
                                              ((2, 51_000), 1), ((40, 30), 4), ((40, 50), 4), ((500, 130), 5),
                                              ((300, 400), 9)])  # fmt: skip
def test_topk(shape, count, kind, largest):
    x = KINDS[kind](shape)
    for array in (x, x[::-1, ..., ::2] if x.ndim > 1 else x[::2], x.T):
        for dim in range(array.ndim):
            k = min(count, array.shape[dim])
            values, indices = tg.tensor(array).topk(k, dim, largest)
            keys = -array.astype(np.float64) if largest else array.astype(np.float64)
            keys = np.where(np.isnan(keys), -np.inf if largest else np.inf, keys)
            wanted = np.take_along_axis(array, np.argsort(keys, dim, kind="stable"), dim).take(range(k), dim)
            if kind != "nan":  # and among inf, which is stable with others that are, nan comes first
                np.testing.assert_array_equal(values.numpy(), wanted)
            np.testing.assert_array_equal(values.numpy(), np.take_along_axis(array, indices.numpy(), dim))
            assert np.isnan(values.numpy()).sum() == np.isnan(wanted).sum()
            ordered = np.sort(indices.numpy(), dim)
            assert (np.diff(ordered, axis=dim) > 0).all()


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_gradients_go_to_the_chosen(dim):
    x = tg.tensor(RNG.normal(size=(30, 50, 40)), requires_grad=True)
    values, indices = x.topk(3, dim)
    g = RNG.normal(size=values.shape)
    values.backward(tg.tensor(g))
    wanted = np.zeros(x.shape)
    np.put_along_axis(wanted, indices.numpy(), g, dim)
    np.testing.assert_array_equal(x.grad.numpy(), wanted)


@pytest.mark.parametrize("name", ["sort", "median", "kthvalue", "mode"])
@pytest.mark.parametrize("shape", [(40, 50), (3, 40, 20), (7, 5)])
def test_gradients_go_where_the_indices_say(shape, name):
    for dim in range(len(shape)):
        for dtype in (np.float32, np.float64):
            x = tg.tensor(RNG.normal(size=shape).astype(dtype), requires_grad=True)
            if name == "sort":
                values, indices = x.sort(dim)
            elif name == "kthvalue":
                values, indices = x.kthvalue(2, dim, keepdim=True)
            else:
                values, indices = getattr(x, name)(dim, keepdim=True)
            np.testing.assert_array_equal(
                values.detach().numpy(), np.take_along_axis(x.detach().numpy(), indices.numpy(), dim)
            )
            g = RNG.normal(size=values.shape).astype(dtype)
            values.backward(tg.tensor(g))
            wanted = np.zeros(x.shape, dtype)
            np.put_along_axis(wanted, indices.numpy(), g, dim)
            np.testing.assert_array_equal(x.grad.numpy(), wanted)
