"""Products of matrices in blocks: they are what NumPy's product is, of every shape and in every order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_nn as tg
from tinygrad_nn._core import block_products
from tinygrad_nn._core.block_products import product

Array = np.ndarray[Any, Any]


@pytest.fixture(autouse=True)
def in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor for which OpenBLAS has the code, and with one thread."""
    monkeypatch.setattr(block_products, "_takes_as_they_are", lambda: True)
    monkeypatch.setattr(block_products, "is_single", lambda: True)


def matrix(rows: int, columns: int, order: str, kind: type[np.floating[Any]]) -> Array:
    rng = np.random.default_rng(rows + columns)
    return np.asarray(rng.normal(size=(rows, columns)), kind, order)


# What is shared out of a million multiplications and more, in which ways, is in these.
SHAPES = [
    (64, 784, 128), (64, 784, 10), (37, 784, 130), (2048, 64, 192), (2049, 64, 190), (130, 512, 512), (61, 300, 1000),
    (64, 1024, 1024), (33, 3000, 70), (128, 64, 784), (128, 70, 784), (192, 2048, 64), (10, 4100, 64), (16, 70_000, 8),
    (1000, 16, 250), (5, 260, 1000), (1, 1000, 1000), (1000, 1000, 1), (1000, 1, 1000), (600, 600, 3),
    (100, 2600, 140),
]  # fmt: skip


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("orders", ["CC", "CF", "FC", "FF"])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_numpys_product(shape: tuple[int, int, int], orders: str, kind: Any) -> None:
    rows, inner, columns = shape
    x, y = matrix(rows, inner, orders[0], kind), matrix(inner, columns, orders[1], kind)
    before = x.copy(), y.copy()
    found = product(x, y)
    tolerance = 30 * np.finfo(kind).eps * inner**0.5
    np.testing.assert_allclose(found, x.astype(np.float64) @ y.astype(np.float64), rtol=tolerance, atol=tolerance)
    assert found.dtype == kind
    assert found.flags.c_contiguous
    assert np.array_equal(x, before[0])
    assert np.array_equal(y, before[1])
    room = np.full((rows, columns), np.nan, kind)
    assert product(x, y, room) is room
    np.testing.assert_allclose(room, found, rtol=tolerance, atol=tolerance)


@settings(deadline=None, max_examples=150)
@given(
    shape=st.tuples(st.integers(1, 300), st.integers(1, 900), st.integers(1, 300)),
    orders=st.sampled_from(["CC", "CF", "FC", "FF"]),
)
def test_of_any_shape(shape: tuple[int, int, int], orders: str) -> None:
    rows, inner, columns = shape
    x = np.asarray(np.arange(rows * inner).reshape(rows, inner) % 7 - 3.0, np.float32, orders[0])
    y = np.asarray(np.arange(inner * columns).reshape(inner, columns) % 5 - 2.0, np.float32, orders[1])
    assert np.array_equal(product(x, y), x @ y)  # of small integers sums are exact, in whatever order


@pytest.mark.parametrize("shape", [(64, 784, 128), (2048, 64, 192), (192, 2048, 64)])
def test_inf_and_nan_stay_in_their_rows_and_columns(shape: tuple[int, int, int]) -> None:
    rows, inner, columns = shape
    for orders in ("CC", "CF", "FC"):
        x, y = matrix(rows, inner, orders[0], np.float32), matrix(inner, columns, orders[1], np.float32)
        x[1, 2], y[3, 4] = np.inf, np.nan
        found = product(x, y)
        expected = x @ y
        assert np.array_equal(np.isnan(found), np.isnan(expected))
        assert np.array_equal(np.isinf(found), np.isinf(expected))


def test_views_that_skip_elements_and_other_types_are_numpys() -> None:
    x, y = matrix(200, 600, "C", np.float32), matrix(300, 200, "C", np.float32)
    np.testing.assert_allclose(product(x[:, ::2], y), x[:, ::2] @ y, rtol=1e-5, atol=1e-4)
    wide = matrix(300, 400, "C", np.float32)
    np.testing.assert_allclose(product(x[:, :300], wide[:, ::2]), x[:, :300] @ wide[:, ::2], rtol=1e-5, atol=1e-4)
    numbers = np.arange(90_000).reshape(300, 300)
    assert np.array_equal(product(numbers, numbers), numbers @ numbers)
    mixed = product(x[:, :300].copy(), y.astype(np.float64))
    assert mixed.dtype == np.float64
    with pytest.raises(ValueError, match="not aligned"):
        product(x, y)


def test_a_large_linear_layer_and_its_gradients() -> None:
    """In one layer all three products are made of blocks."""
    rng = np.random.default_rng(0)
    x, w, b, g = (rng.normal(size=size) for size in ((256, 512), (64, 512), (64,), (256, 64)))
    tensors = [tg.tensor(array, dtype=tg.float32, requires_grad=True) for array in (x, w, b)]
    y = tg.nn.functional.linear(*tensors)
    y.backward(tg.tensor(g, dtype=tg.float32))
    np.testing.assert_allclose(y.detach().numpy(), x @ w.T + b, rtol=1e-4, atol=1e-4)
    for tensor, expected in zip(tensors, (g @ w, g.T @ x, g.sum(0)), strict=True):
        np.testing.assert_allclose(tensor.grad.numpy(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(32, 784, 128), (65, 784, 128), (1, 1000, 1000), (64, 128, 128)])
def test_with_several_threads_it_is_numpys_product_as_well(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_products, "is_single", lambda: False)
    rows, inner, columns = shape
    for orders in ("CC", "CF", "FC", "FF"):
        x, y = matrix(rows, inner, orders[0], np.float32), matrix(inner, columns, orders[1], np.float32)
        found = product(x, y)
        np.testing.assert_allclose(found, x @ y, rtol=1e-4, atol=1e-4)
        assert found.flags.c_contiguous


@pytest.mark.parametrize("name", [b"SkylakeX", b"Haswell", None])
def test_the_processor_is_asked_for(name: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def ask() -> bytes | None:
        return name

    monkeypatch.setattr(block_products, "function", lambda _: None if name is None else ask)
    block_products._takes_as_they_are.cache_clear()
    try:
        assert block_products._takes_as_they_are() is (name == b"SkylakeX")
    finally:
        block_products._takes_as_they_are.cache_clear()
