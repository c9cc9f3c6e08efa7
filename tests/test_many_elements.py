"""What is copied, chosen, summed in other steps where there are many elements: the same as by NumPy's plain steps."""

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core import blas, kernels, memory_format
from tinygrad_nn.nn import functional

RNG = np.random.default_rng(0)


def numbers(*shape, dtype=np.float32):
    found = RNG.normal(size=shape).astype(dtype)
    found.reshape(-1)[:4] = np.inf, -np.inf, np.nan, -0.0
    return found


def assert_same(found, wanted):
    """To the last bit, and row by row in memory."""
    assert found.flags.c_contiguous
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    assert found.tobytes() == wanted.tobytes()


@pytest.fixture(params=[True, False])
def _with_and_without_openblas(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(blas, "_turn", lambda: None)


@pytest.mark.usefixtures("_with_and_without_openblas")
@pytest.mark.parametrize("shape", [(3, 5), (130, 150), (20000, 2), (2, 20000), (3, 90, 100), (2, 0), (4, 2, 3, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_matrices_are_turned(shape, dtype):
    x = (
        np.arange(np.prod(shape)).reshape(shape).astype(dtype)
        if dtype == np.int32 or 0 in shape
        else numbers(*shape, dtype=dtype)
    )
    assert_same(blas.turned(x), x.swapaxes(-1, -2).copy())
    assert_same(memory_format.row_by_row(x.swapaxes(-1, -2)), x.swapaxes(-1, -2).copy())
    assert_same(blas.turned(x[..., ::2]), x[..., ::2].swapaxes(-1, -2).copy())


@pytest.mark.usefixtures("_with_and_without_openblas")
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 80, 90), (2, 16, 33, 31)])
def test_channels_last(shape):
    x = numbers(*shape)
    found = tg.tensor(x).contiguous(memory_format=tg.channels_last)
    assert found.is_contiguous(memory_format=tg.channels_last)
    assert_same(found.permute(0, 2, 3, 1).numpy(), x.transpose(0, 2, 3, 1).copy())


@pytest.mark.usefixtures("_with_and_without_openblas")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_that_lie_apart(dtype):
    x = numbers(1500, 1400, dtype=dtype)
    overlapping = np.lib.stride_tricks.as_strided(x, (1500, 700), (x.itemsize * 300, x.itemsize))
    for part in (x[:, :700], x[:, 690:], x[::-1, :700], x[::2], x[:, ::-1], x[:, ::2], overlapping, x[:1, :700]):
        assert_same(memory_format.row_by_row(part), part.copy())


@pytest.mark.usefixtures("_with_and_without_openblas")
def test_leaves_copy_their_gradients():
    g = tg.tensor(numbers(1500, 1400))
    y = tg.tensor(numbers(1400, 1500), requires_grad=True)
    y.t().contiguous().backward(g)
    assert_same(y.grad.numpy(), g.numpy().T.copy())
    left, right = (tg.tensor(numbers(1500, 700), requires_grad=True) for _ in range(2))
    tg.cat([left, right], dim=1).backward(g)
    assert_same(left.grad.numpy(), g.numpy()[:, :700].copy())
    assert_same(right.grad.numpy(), g.numpy()[:, 700:].copy())


def test_a_function_that_turns_wrongly_is_not_used(monkeypatch):
    def wrong(*arguments):
        pass

    monkeypatch.setattr(blas, "function", lambda name: wrong)
    assert blas._turn.__wrapped__() is None
    monkeypatch.setattr(blas, "function", lambda name: None)
    assert blas._turn.__wrapped__() is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [65_535, 65_536, 100_001, 700_000, 800_000, 1_600_000])
def test_sums(size, dtype):
    x = RNG.random(size).astype(dtype)
    np.testing.assert_allclose(
        kernels.total(x), x.sum(dtype=np.longdouble), rtol=3e-7 if dtype == np.float32 else 1e-14
    )


@pytest.mark.parametrize("shape", [(400, 1000), (3000, 70), (2, 200_000)])
def test_log_softmax_of_many_rows(shape):
    x, g = RNG.normal(size=shape), RNG.normal(size=shape)
    found = tg.tensor(x, dtype=tg.float32, requires_grad=True)
    tg.log_softmax(found, 1).backward(tg.tensor(g, dtype=tg.float32))
    powers = np.exp(x)
    wanted = g - powers / powers.sum(1, keepdims=True) * g.sum(1, keepdims=True)
    np.testing.assert_allclose(found.grad.numpy(), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_choices_among_many(dtype):
    shape = (500, 300)
    x, y, g = (numbers(*shape, dtype=dtype) for _ in range(3))
    condition = RNG.random(shape) < 0.5
    for turn in (False, True):  # not row by row
        a, b = (tg.tensor(array, requires_grad=True) for array in (x, y))
        chosen, given = tg.tensor(condition), tg.tensor(g)
        out = tg.where(chosen.t(), a.t(), b.t()) if turn else tg.where(chosen, a, b)
        out.backward(given.t() if turn else given)
        found = out.detach().numpy()
        np.testing.assert_array_equal(found.T if turn else found, np.where(condition, x, y))
        np.testing.assert_array_equal(a.grad.numpy(), np.where(condition, g, 0))
        np.testing.assert_array_equal(b.grad.numpy(), np.where(condition, 0, g))


@pytest.mark.parametrize("shape", [(3, 2, 40, 60), (1, 2, 30, 254), (1, 2, 30, 256), (1, 1, 6, 700)])
def test_the_first_of_equal_maxima_gets_the_gradient(shape):
    x = RNG.integers(0, 3, shape).astype(np.float32)
    leaf = tg.tensor(x, requires_grad=True)
    out = functional.max_pool2d(leaf, 2)
    g = RNG.normal(size=out.shape).astype(np.float32)
    out.backward(tg.tensor(g))
    images, channels, rows, columns = shape
    apart = x.reshape(images, channels, rows // 2, 2, columns // 2, 2).swapaxes(3, 4)
    flat = apart.reshape(*out.shape, 4)
    wanted = np.where(np.arange(4) == flat.argmax(-1)[..., None], g[..., None], np.float32(0))
    wanted = wanted.reshape(apart.shape).swapaxes(3, 4).reshape(shape)
    np.testing.assert_array_equal(leaf.grad.numpy(), wanted)


# --- indices -----------------------------------------------------------------------------------------------------

# More than are treated at a time, in one row and in several, of two dimensions and of three; the index may be shorter.
INDEXED = [((1, 300_000), (1, 280_000), 1), ((700, 500), (650, 520), 1), ((700, 500), (900, 500), 0),
           ((9, 40, 900), (8, 40, 900), 1), ((9, 40, 900), (9, 30, 1000), 2), ((2, 3), (2, 140_000), -1)]  # fmt: skip


@pytest.mark.parametrize(("shape", "places", "dim"), INDEXED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_gather_and_scatter_add_many(shape, places, dim, dtype):
    x = RNG.integers(-4, 5, shape).astype(dtype)  # of whole numbers, sums are exact in any order
    index = RNG.integers(0, shape[dim], places)
    some = x[tuple([slice(None) if d == dim % x.ndim else slice(0, n) for d, n in enumerate(places)])]
    leaf = tg.tensor(x, requires_grad=True)
    picked = leaf.gather(dim, tg.tensor(index))
    wanted = np.take_along_axis(some, index, dim)
    assert np.array_equal(picked.detach().numpy(), wanted)
    total = np.zeros(x.shape, np.float64)
    where = list(np.ogrid[tuple([slice(0, n) for n in places])])
    where[dim] = index
    np.add.at(total, tuple(where), wanted)
    if dtype == np.float16 and np.abs(total).max() > 1024:
        return  # not exact
    picked.backward(picked.detach())
    assert np.array_equal(leaf.grad.numpy(), total)
    source = tg.tensor(wanted)
    assert np.array_equal(tg.zeros(*shape, dtype=leaf.dtype).scatter_add(dim, tg.tensor(index), source).numpy(), total)
    apart = tg.zeros(*shape[:-1], 2 * shape[-1], dtype=leaf.dtype)[..., ::2]
    apart.scatter_add_(dim, tg.tensor(index), source)
    assert np.array_equal(apart.numpy(), total)


@pytest.mark.parametrize("order", ["C", "F"])
def test_take_along_dim_wraps_around_and_says_what_is_wrong(order):
    x, index = np.asarray(numbers(200, 100), order=order), RNG.integers(-100, 100, (200, 100))
    found = tg.take_along_dim(tg.tensor(x), tg.tensor(index), 1)
    assert np.array_equal(found.numpy(), np.take_along_axis(x, index, 1), equal_nan=True)
    assert tg.take_along_dim(tg.tensor(x), tg.tensor(index[:1]), -1).shape == (200, 100)
    with pytest.raises(RuntimeError, match="out of bounds"):
        tg.gather(tg.tensor(x), 1, tg.full((1, 1), 100))


@pytest.mark.parametrize("shape", [(3, 7), (200, 100), (300, 1200), (1, 5000), (5000, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_that_are_picked_get_their_gradients_back(shape, dtype):
    x = tg.tensor(RNG.integers(-4, 5, shape).astype(dtype), requires_grad=True)
    index = RNG.integers(0, shape[1], 2 * shape[1])
    g = RNG.integers(-4, 5, (shape[0], index.size)).astype(dtype)
    wanted = np.zeros(shape, dtype)
    np.add.at(wanted, (slice(None), index), g)
    for picked in (x.index_select(1, tg.tensor(index)), x[:, tg.tensor(index)], x[:, tg.tensor(index - shape[1])]):
        (found,) = tg.autograd.grad(picked, x, tg.tensor(g))
        assert np.array_equal(picked.detach().numpy(), x.detach().numpy()[:, index])
        assert np.array_equal(found.numpy(), wanted)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 9])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.bool_])
@pytest.mark.parametrize("shape", [(5,), (4, 6), (2, 3, 70), (0, 3), (3, 0)])
def test_repeated_neighbours(shape, count, dtype):
    x = RNG.integers(-4, 5, shape).astype(dtype)
    for dim in range(len(shape)):
        leaf = tg.tensor(x, requires_grad=np.dtype(dtype).kind == "f")
        repeated = leaf.repeat_interleave(count, dim)
        assert_same(repeated.detach().numpy(), x.repeat(count, dim))
        if leaf.requires_grad:
            g = RNG.integers(-4, 5, repeated.shape).astype(dtype)
            repeated.backward(tg.tensor(g))
            apart = g.reshape(*shape[: dim + 1], count, *shape[dim + 1 :])
            assert np.array_equal(leaf.grad.numpy(), apart.sum(dim + 1))


def test_distances_of_equal_vectors_have_no_gradient():
    x = tg.tensor(RNG.normal(size=(40, 3)).astype(np.float32), requires_grad=True)
    y = x.detach().clone().requires_grad_()
    distances = tg.cdist(x, y, compute_mode="use_mm_for_euclid_dist")
    distances.sum().backward()
    apart = (x.detach()[:, None] - y.detach()).numpy().astype(np.float64)
    lengths = np.sqrt((apart**2).sum(-1))
    wanted = np.divide(apart, lengths[..., None], out=np.zeros_like(apart), where=lengths[..., None] > 1e-3)
    assert x.grad.isfinite().all()
    assert y.grad.isfinite().all()
    if (distances.diagonal() == 0).all():
        np.testing.assert_allclose(x.grad.numpy(), wanted.sum(1), atol=1e-3)


@pytest.mark.parametrize("steps", [2, 3, 16, 17, 64, 1000, 1001, 16_384, 32_768, 32_769, 32_770, 100_001])
@pytest.mark.parametrize(("start", "end"), [(0, 1), (-3.5, 2.25), (7, -7), (0.1, 0.1), (1e20, -1)])
def test_linspace(steps, start, end):
    """Each number is the nearest to the sum of an end and a product, which is not rounded before."""
    for dtype, wide in ((np.float32, np.float64), (np.float64, np.longdouble)):
        first, last = dtype(start), dtype(end)
        step = wide((last - first) / dtype(steps - 1))
        counts = np.arange(steps).astype(wide)
        lower, upper = first + step * counts, last + step * (counts - (steps - 1))
        wanted = np.where(np.arange(steps) < steps // 2, lower, upper).astype(dtype)
        found = tg.linspace(start, end, steps, dtype=tg.float64).numpy()
        if dtype == np.float32:
            found = tg.linspace(start, end, steps).numpy()
            assert_same(found, wanted)
        else:  # near 0, long doubles are no more exact
            np.testing.assert_allclose(found, wanted, rtol=3e-16, atol=1e-19 * max(abs(start), abs(end)))


@pytest.mark.parametrize("count", [5, 400, 600, 70_000])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.int8, np.float32])
def test_unique(count, dtype):
    for low, high in ((-100, 100), (0, 3), (-(10**12), 10**12)):
        x = RNG.integers(low, high, count)
        if dtype == np.int64 and count == 600:
            x[:2] = np.iinfo(dtype).min, np.iinfo(dtype).max
        x = x.astype(dtype)
        found = tg.unique(tg.tensor(x), return_inverse=True, return_counts=True)
        for ours, theirs in zip(found, np.unique(x, return_inverse=True, return_counts=True), strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs)
        assert found[0].numpy().dtype == x.dtype
        np.testing.assert_array_equal(tg.unique(tg.tensor(x)).numpy(), np.unique(x))
        again = tg.unique_consecutive(tg.tensor(np.sort(x)), return_counts=True)
        np.testing.assert_array_equal(again[1].numpy(), np.unique(x, return_counts=True)[1])


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.int32, np.int16])
def test_integers_are_sorted_stably(dtype, descending):
    near = RNG.integers(0, 50, (40, 60)).astype(dtype)
    far = near.copy()
    far[0, :2] = np.iinfo(dtype).min, np.iinfo(dtype).max
    shifted = near + dtype(np.iinfo(dtype).max - 100)
    for x in (near, far, shifted):
        for dim in (0, 1):
            values, indices = tg.from_numpy(x).sort(dim, descending, stable=True)
            ranks = np.unique(x, return_inverse=True)[1].reshape(x.shape)
            wanted = np.argsort(-ranks if descending else ranks, dim, kind="stable")
            np.testing.assert_array_equal(indices.numpy(), wanted)
            np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, wanted, dim))


@pytest.mark.parametrize("offset", [-6, -2, 0, 1, 3, 9])
@pytest.mark.parametrize(("rows", "columns"), [(0, 3), (3, 0), (1, 1), (4, 7), (7, 4)])
def test_indices_of_triangles(rows, columns, offset):
    found, wanted = tg.tril_indices(rows, columns, offset), np.stack(np.tril_indices(rows, offset, columns))
    np.testing.assert_array_equal(found.numpy(), wanted)
    found, wanted = tg.triu_indices(rows, columns, offset), np.stack(np.triu_indices(rows, offset, columns))
    np.testing.assert_array_equal(found.numpy(), wanted)


def test_nested_lists():
    for data in ([[1.0, 2.0], [3.0, 4.0]], [[[1], [2]], [[3], [4]]], [[], []], [[1, 2.5]], [[True, False]], [[2**40]]):
        found = tg.tensor(data)
        np.testing.assert_array_equal(found.numpy(), np.array(data))
        kind = np.array(data).dtype
        assert found.numpy().dtype == (np.float32 if kind.kind == "f" else kind)
    for data in ([[1.0], [2.0, 3.0]], [[1], [2, 3]], [[1.0], 2.0], [[2**70]]):
        with pytest.raises((ValueError, TypeError)):
            tg.tensor(data)


@pytest.mark.parametrize("count", [3, 5000, 100_000])
def test_histc(count):
    x = RNG.normal(size=count).astype(np.float32)
    for low, high in ((0, 0), (-1, 0.5), (5, 6)):
        limits = (x.min(), x.max()) if low == high else (low, high)
        found = tg.tensor(x).histc(17, low, high).numpy()
        assert found.sum() == ((x >= limits[0]) & (x <= limits[1])).sum()
        assert np.abs(found - np.histogram(x, 17, limits)[0]).sum() <= 2 + count // 1000  # elements at an edge
    with pytest.raises(RuntimeError, match="not finite"):
        tg.tensor([1.0, float("nan")]).histc()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_, np.float16])
def test_made_like_another(dtype):
    turned = np.zeros((4, 3), dtype).T
    for x in (RNG.normal(size=(3, 4)).astype(dtype), np.zeros((2, 0), dtype), np.zeros((), dtype), turned):
        like = tg.from_numpy(x)
        for made, value in ((tg.ones_like(like), 1), (tg.zeros_like(like), 0), (tg.full_like(like, 2), 2)):
            assert made.numpy().dtype == dtype
            np.testing.assert_array_equal(made.numpy(), np.full(x.shape, value, dtype))
            assert made.stride() == like.stride()
    np.testing.assert_array_equal(tg.eye(3, 5).numpy(), np.eye(3, 5))
    np.testing.assert_array_equal(tg.eye(5, 3).numpy(), np.eye(5, 3))
    assert tg.eye(0).shape == (0, 0)
    assert tg.eye(3, 0).shape == (3, 0)


@pytest.mark.parametrize("shape", [(500, 300), (3, 250, 200), (40, 30)])
def test_indices_of_extremes(shape):
    normal = RNG.normal(size=shape)
    for values in (normal, np.round(normal), np.where(normal < -2, np.nan, 1.0)):
        x = values.astype(np.float32)
        for array in (x, x[::-1], x.swapaxes(-1, -2)):
            for dim in range(-array.ndim, array.ndim):
                t = tg.tensor(array, requires_grad=True)
                for name in ("max", "min"):
                    wanted = getattr(array, f"arg{name}")(dim)
                    np.testing.assert_array_equal(getattr(t, f"arg{name}")(dim).numpy(), wanted)
                    found, indices = getattr(t, name)(dim, keepdim=True)
                    np.testing.assert_array_equal(indices.squeeze(dim).numpy(), wanted)
                    places = np.expand_dims(wanted, dim)
                    np.testing.assert_array_equal(found.detach().numpy(), np.take_along_axis(array, places, dim))
                    g = RNG.normal(size=found.shape).astype(np.float32)
                    gradient = np.zeros(array.shape, np.float32)
                    np.put_along_axis(gradient, places, g, dim)
                    np.testing.assert_array_equal(tg.autograd.grad(found, t, tg.tensor(g))[0].numpy(), gradient)
