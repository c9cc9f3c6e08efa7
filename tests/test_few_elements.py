"""What is computed in other steps where there are few elements, or many: the same as by the definition."""

import itertools

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.nn import functional


def by_definition(function, *arrays):
    """The result and the gradients of a function of float64 tensors, for a gradient of made-up numbers."""
    tensors = [tg.tensor(a, dtype=tg.float64, requires_grad=True) for a in arrays]
    out = function(*tensors)
    out.backward(upward(out.shape).double())
    return [out.detach().numpy(), *[t.grad.numpy() for t in tensors]]


def in_single(function, *arrays):
    tensors = [tg.tensor(a, dtype=tg.float32, requires_grad=True) for a in arrays]
    out = function(*tensors)
    out.backward(upward(out.shape))
    return [out.detach().numpy(), *[t.grad.numpy() for t in tensors]]


def upward(shape):
    return tg.tensor(np.random.default_rng(1).normal(size=tuple(shape)).astype(np.float32))


def normalised(x, weight, bias, dims):
    """Without a kernel of the package's."""
    centred = x - x.mean(dims, keepdim=True)
    return centred / ((centred * centred).mean(dims, keepdim=True) + 1e-5).sqrt() * weight + bias


def assert_close(found, wanted):
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(f, w, rtol=2e-5, atol=2e-5 * np.abs(w).max())


def drawn(*shape, mean=0.0):
    return np.random.default_rng(0).normal(mean, 1, shape).astype(np.float32)


@pytest.mark.parametrize("mean", [0.0, 3.0, 100.0])
@pytest.mark.parametrize("shape", [(2, 3), (70, 3), (2, 3, 5), (1, 4, 2, 2), (3, 5, 4, 4), (4, 4, 33, 33), (400, 50)])
def test_batch_norm(shape, mean):
    x, weight, bias = drawn(*shape, mean=mean), drawn(shape[1], mean=1.0), drawn(shape[1])
    dims = (0, *range(2, len(shape)))
    wide = (shape[1], *(1,) * (len(shape) - 2))
    found = in_single(lambda x, w, b: functional.batch_norm(x, None, None, w, b, True), x, weight, bias)
    wanted = by_definition(lambda x, w, b: normalised(x, w.reshape(wide), b.reshape(wide), dims), x, weight, bias)
    if mean < 100:
        assert_close(found, wanted)
    else:  # the numbers have two digits less, in every way to compute with them
        np.testing.assert_allclose(found[0], wanted[0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("affine", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("mean", [0.0, 3.0])
@pytest.mark.parametrize("shape", [(1, 5), (8, 8), (3, 100), (300, 3), (130, 130), (700, 100), (5, 4096)])
def test_layer_norm(shape, mean, affine):
    x = drawn(*shape, mean=mean)
    given = [part for part, wanted in zip((drawn(shape[1], mean=1.0), drawn(shape[1])), affine, strict=True) if wanted]

    def by_parts(x, weight=1.0, bias=0.0):
        return normalised(x, weight, bias, (1,))

    found = in_single(lambda x, *rest: functional.layer_norm(x, shape[1:], *rest), x, *given)
    assert_close(found, by_definition(by_parts, x, *given))


def pooled(x, kernel, stride):
    """The maxima of windows, and the gradient, one window after the other; the first of equal elements counts."""
    *lead, high, wide = x.shape
    counts = [(n - k) // s + 1 for n, k, s in zip((high, wide), kernel, stride, strict=True)]
    planes = x.reshape(-1, high, wide)
    out, gradient = np.empty((len(planes), *counts), x.dtype), np.zeros_like(planes)
    given = upward((*lead, *counts)).numpy().reshape(out.shape)
    for plane, i, j in itertools.product(range(len(planes)), *map(range, counts)):
        top, left = i * stride[0], j * stride[1]
        window = planes[plane, top : top + kernel[0], left : left + kernel[1]]
        bad = np.flatnonzero(np.isnan(window))
        place = bad[-1] if bad.size else window.argmax()  # PyTorch takes the last nan
        row, column = divmod(int(place), kernel[1])
        out[plane, i, j] = window[row, column]
        gradient[plane, top + row, left + column] += given[plane, i, j]
    return out.reshape(*lead, *counts), gradient.reshape(x.shape)


@pytest.mark.parametrize("numbers", ["different", "equal", "infinite", "nan", "columns first"])
@pytest.mark.parametrize(("kernel", "stride"), [((2, 2), (2, 2)), ((2, 2), (3, 2)), ((3, 2), (3, 4)), ((2, 2), (1, 2))])
@pytest.mark.parametrize("shape", [(1, 2, 8, 8), (3, 7, 9), (2, 40, 9, 11), (3, 60, 26, 27)])
def test_max_pool2d(shape, kernel, stride, numbers):
    x = drawn(*shape)
    if numbers == "equal":
        x = np.round(x)
    elif numbers != "different":
        x[..., ::3, 1::4] = np.nan if numbers == "nan" else -np.inf
        x[..., 1, :4] = -np.inf if numbers == "infinite" else 0.0
    if numbers == "columns first":
        x = np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2)
    tensor = tg.from_numpy(x).requires_grad_()
    out = functional.max_pool2d(tensor, kernel, stride)
    out.backward(upward(out.shape))
    wanted, gradient = pooled(x, kernel, stride)
    np.testing.assert_array_equal(out.detach().numpy(), wanted)
    np.testing.assert_allclose(tensor.grad.numpy(), gradient, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"padding": 1}, {"padding": (0, 3), "dilation": (1, 2)},
                                     {"padding": (2, 0), "stride": (1, 2), "dilation": (2, 1)}])  # fmt: skip
@pytest.mark.parametrize("channels", [1, 3, 20])
@pytest.mark.parametrize("images", [1, 3, 7])
def test_conv2d(images, channels, options):
    """Up to 4,000 elements under windows are taken by their places; 60,000 are written out in one step."""
    x, weight = drawn(images, channels, 9, 8), drawn(4, channels, 3, 2)

    def one_place_at_a_time(x, weight):
        padding = options.get("padding", 0)
        before, left = padding if isinstance(padding, tuple) else (padding, padding)
        x = functional.pad(x, (left, left, before, before))
        steps, apart = options.get("stride", (1, 1)), options.get("dilation", (1, 1))
        given = zip(x.shape[2:], (3, 2), steps, apart, strict=True)
        high, wide = ((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in given)
        total = 0
        for i, j in itertools.product(range(3), range(2)):
            rows = slice(i * apart[0], i * apart[0] + (high - 1) * steps[0] + 1, steps[0])
            columns = slice(j * apart[1], j * apart[1] + (wide - 1) * steps[1] + 1, steps[1])
            total = total + tg.einsum("nchw,oc->nohw", x[:, :, rows, columns], weight[:, :, i, j])
        return total

    found = in_single(lambda x, w: functional.conv2d(x, w, **options), x, weight)
    assert_close(found, by_definition(one_place_at_a_time, x, weight))


def test_conv2d_of_an_infinite_number_at_the_edge():
    """The first column of the kernel does not reach it, whatever is written out beyond the edge."""
    x = tg.from_numpy(drawn(7, 4, 9, 8))
    x[2, 1, 4, 7] = np.inf
    weight = tg.from_numpy(drawn(4, 4, 3, 2)).requires_grad_()
    out = functional.conv2d(x, weight)
    out.backward(upward(out.shape))
    reached = np.zeros((4, 4, 3, 2), bool)
    reached[:, 1, :, 1] = True
    np.testing.assert_array_equal(~np.isfinite(weight.grad.numpy()), reached)
    assert np.isfinite(out.detach().numpy()[..., :6]).all()


@pytest.mark.parametrize("shape", [(4, 3), (16, 16), (100, 30), (300, 70)])
def test_rows_by_index(shape):
    x, index = drawn(*shape), np.random.default_rng(2).integers(0, shape[0], shape[0])
    tensor = tg.tensor(x, requires_grad=True)
    out = tensor.index_select(0, tg.tensor(index))
    out.backward(upward(out.shape))
    wanted = np.zeros(shape)
    np.add.at(wanted, index, upward(shape).numpy())
    np.testing.assert_array_equal(out.detach().numpy(), x[index])
    np.testing.assert_allclose(tensor.grad.numpy(), wanted, rtol=1e-5, atol=1e-5)
    for outside in (-1, shape[0]):
        with pytest.raises(IndexError, match="out of range"):
            tensor.index_select(0, tg.tensor([0, outside]))


@pytest.mark.parametrize("spread", [1.0, 30.0, np.inf])
@pytest.mark.parametrize("shape", [(8, 8), (100, 30), (300, 70)])
def test_log_softmax(shape, spread):
    """Of up to 16,384 scores the exponentials are kept, if none is far below 0."""
    x = drawn(*shape) * min(spread, 30.0)
    x[::3, 1] = -spread
    tensor = tg.tensor(x, requires_grad=True)
    out = tensor.log_softmax(1)
    out.backward(upward(shape), retain_graph=True)
    given, wide = upward(shape).double().numpy(), x.astype(np.float64)
    wanted = wide - np.log(np.exp(wide).sum(1, keepdims=True))
    assert_close_where_finite(out.detach().numpy(), wanted)
    gradient = given - np.exp(wanted) * given.sum(1, keepdims=True)
    np.testing.assert_allclose(tensor.grad.numpy(), gradient, rtol=1e-4, atol=2e-5)
    first, tensor.grad = tensor.grad.numpy(), None
    out.backward(upward(shape))
    np.testing.assert_array_equal(tensor.grad.numpy(), first)
    with tg.no_grad():
        tg.testing.assert_close(tensor.log_softmax(1), out)


def assert_close_where_finite(found, wanted):
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(np.isfinite(found), finite)
    np.testing.assert_allclose(found[finite], wanted[finite], rtol=2e-5, atol=2e-5)


def test_second_derivatives_do_not_take_what_is_kept_for_a_constant():
    x = tg.tensor(drawn(40, 60), dtype=tg.float64, requires_grad=True)
    y = tg.tensor(drawn(40, 60, mean=1.0), dtype=tg.float64, requires_grad=True)
    (first,) = tg.autograd.grad((x.log_softmax(1) ** 2).sum(), x, create_graph=True)
    (second,) = tg.autograd.grad(first.square().sum(), x)
    parts = x - x.exp().sum(1, keepdim=True).log()
    (plain,) = tg.autograd.grad((parts**2).sum(), x, create_graph=True)
    tg.testing.assert_close(second, tg.autograd.grad(plain.square().sum(), x)[0])
    chosen = tg.where(x.detach() > 0, x**3, y**3)
    first = tg.autograd.grad(chosen.sum(), (x, y), create_graph=True)
    second = tg.autograd.grad(first[0].sum() + first[1].sum(), (x, y))
    tg.testing.assert_close(second[0], tg.where(x > 0, 6 * x, 0.0).detach())
    tg.testing.assert_close(second[1], tg.where(x > 0, 0.0, 6 * y).detach())


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 4), (60, 50), (200, 200)])
def test_where(shape, kind):
    x, y, chosen = drawn(*shape).astype(kind), drawn(*shape, mean=9.0).astype(kind), drawn(*shape) > 0
    x[0, 0], y[0, 1] = np.nan, np.inf
    first, second = tg.tensor(x, requires_grad=True), tg.tensor(y, requires_grad=True)
    out = tg.where(tg.tensor(chosen), first, second)
    np.testing.assert_array_equal(out.detach().numpy(), np.where(chosen, x, y))
    given = upward(shape).numpy().astype(kind)
    given[1] = np.inf
    out.backward(tg.tensor(given))
    np.testing.assert_array_equal(first.grad.numpy(), np.where(chosen, given, 0))
    np.testing.assert_array_equal(second.grad.numpy(), np.where(chosen, 0, given))


@pytest.mark.parametrize("size", [3, 600])
def test_what_is_left_out_lets_nothing_through(size):
    x = tg.linspace(-1, 1, size, requires_grad=True)
    upward = tg.full((size,), np.inf)
    x.relu().backward(upward)
    assert x.grad.tolist() == [np.inf if value > 0 else 0.0 for value in x.tolist()]
    x.grad = None
    tg.where(x.detach() > 0, 2.0 * x, x).backward(upward)
    assert not x.grad.isnan().any()


@pytest.mark.parametrize("numbers", ["different", "equal", "nan"])
@pytest.mark.parametrize("shape", [(1, 2, 7, 8), (2, 9, 9), (3, 60, 26, 27)])
def test_max_pool2d_beyond_the_edges(shape, numbers):
    x = drawn(*shape)
    if numbers == "equal":
        x = np.round(x)
    elif numbers == "nan":
        x[..., ::5, 1::4] = np.nan
    results = []
    for inside in (True, False):
        tensor = tg.tensor(x, requires_grad=True)
        wide = tensor if inside else functional.pad(tensor, (1, 1, 1, 1), value=-np.inf)
        out = functional.max_pool2d(wide, 3, 2, padding=1 if inside else 0)
        out.backward(upward(out.shape))
        results.append((out.detach().numpy(), tensor.grad.numpy()))
    for found, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
