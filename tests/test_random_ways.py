"""Draws come out the same whichever way they are made: in advance, by OpenBLAS, of many rows at once, by blocks."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from tinygrad_nn._core import blas, box_muller, categories, mersenne
from tinygrad_nn._core.random import Generator
from tinygrad_nn._core.random_kernels import fused_multiply_add32

# --- in advance --------------------------------------------------------------------------------------------------


def _draws(seed: int) -> list[Any]:
    """Few numbers of one kind again and again, and now and then something else."""
    choose = np.random.default_rng(seed)
    kinds = [
        lambda g: g.normal(64),
        lambda g: g.normal((4, 16)),
        lambda g: g.normal(100, mean=1.0, std=0.5),
        lambda g: g.normal(17),
        lambda g: g.normal(0),
        lambda g: g.normal(5),
        lambda g: g.normal(3_000),
        lambda g: g.normal(64, np.float64),
        lambda g: g.uniform(10),
        lambda g: g.uniform((3, 5), low=-1.0, high=2.0),
        lambda g: g.uniform(0),
        lambda g: g.uniform(5_000),
        lambda g: g.exponential(20),
        lambda g: g.exponential((2, 9), lambd=2.0),
        lambda g: g.bernoulli_array(np.full(33, 0.3, np.float32)),
        lambda g: g.bernoulli_scalar(0.3, 40),
        lambda g: g.random_integers(0, 10, 7),
        lambda g: g.permutation(50),
        lambda g: g.state_bytes(),
        lambda g: g.clone_state().uniform(3),
    ]
    return [kind for n in range(40) for kind in [kinds[choose.integers(len(kinds))]] * int(choose.integers(1, 25))]


@pytest.mark.parametrize("seed", range(6))
def test_in_advance_or_not(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    draws = _draws(seed)
    ahead = Generator().manual_seed(seed)
    made = [draw(ahead) for draw in draws]
    monkeypatch.setattr(mersenne, "_PATIENCE", 10**9)
    alone = Generator().manual_seed(seed)
    for draw, got in zip(draws, made, strict=True):
        expected = draw(alone)
        assert got.dtype == expected.dtype
        assert np.array_equal(got, expected)
    assert np.array_equal(ahead.state_bytes(), alone.state_bytes())


@pytest.mark.parametrize("leave", [lambda g, s: g.manual_seed(7), lambda g, s: g.set_state_bytes(s)])
def test_another_stream_forgets_what_was_made_in_advance(leave: Any) -> None:
    generator = Generator().manual_seed(7)
    start = generator.state_bytes()
    first = [generator.normal(32) for _ in range(20)]
    leave(generator, start)
    assert np.array_equal(first, [generator.normal(32) for _ in range(20)])


def test_what_is_handed_out_is_nobody_elses() -> None:
    generator = Generator().manual_seed(0)
    for _ in range(20):
        generator.normal(16)
    state = generator.state_bytes()
    for _ in range(20):
        generator.normal(16)[...] = 0
    kept = [generator.normal(16) for _ in range(3)]
    generator.set_state_bytes(state)
    for _ in range(20):
        generator.normal(16)
    assert np.array_equal(kept, [generator.normal(16) for _ in range(3)])


def test_threads_share_no_number_made_in_advance() -> None:
    generator, drawn = Generator().manual_seed(3), []

    def draw(wide: bool) -> None:
        for n in range(200):
            drawn.append(generator.normal(16))
            if wide and n % 20 == 0:
                generator.uniform(16)  # goes back

    threads = [threading.Thread(target=draw, args=(False,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = Generator().manual_seed(3).normal(16 * 800)
    assert np.array_equal(np.sort(np.concatenate(drawn)), np.sort(expected))
    drawn.clear()
    threads = [threading.Thread(target=draw, args=(True,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({part.tobytes() for part in drawn}) == 800


@pytest.mark.parametrize("count", [2_048, 16_383, 16_384, 16_385, 40_000, 100_002])
def test_words_are_the_same_however_many_are_drawn(count: int) -> None:
    whole, parts = Generator().manual_seed(count), Generator().manual_seed(count)
    words = whole.random_words32(count)
    assert np.array_equal(words, np.concatenate([parts.random_words32(n) for n in (1, 1_000, count - 1_001)]))
    assert np.array_equal(words[:100], Generator().manual_seed(count).random_words32(100))
    assert np.array_equal(whole.state_bytes(), parts.state_bytes())


# --- permutations ------------------------------------------------------------------------------------------------

LENGTHS = [2, 3, 23, 24, 25, 100, 2047, 2048, 2049, 65_535, 65_536, 70_000]


@pytest.mark.parametrize("length", LENGTHS)
def test_permutations_by_openblas_and_by_numpy(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    made = Generator().manual_seed(length).permutation(length)
    monkeypatch.setattr(blas, "_exchange", lambda: None)
    assert np.array_equal(made, Generator().manual_seed(length).permutation(length))
    assert made.dtype == np.int64
    assert np.array_equal(np.sort(made), np.arange(length))


# --- categories --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, 2, 3, 399, 400])
@pytest.mark.parametrize("number", [1, 2, 3, 100, 255, 256, 257])
def test_categories_are_those_of_a_search_in_each_row(rows: int, number: int, dtype: Any) -> None:
    make = np.random.default_rng(rows + number)
    weights = make.random((rows, number)) * (make.random((rows, number)) < 0.7)
    weights[:, number // 2] += 0.1
    weights = weights.astype(dtype)
    uniform = make.random((rows, 5))
    uniform[0, :2] = 0, 1 - 2.0**-53
    expected = []
    for row, numbers in zip(weights, uniform, strict=True):
        sums = np.cumsum(row, dtype=np.float64 if dtype == np.float64 else np.float32)
        sums /= sums[-1]
        sums[-1] = 1
        expected.append([int((sums.astype(np.float64) < u).sum()) for u in numbers])
    found = categories.categories_of(weights, uniform)
    assert found.dtype == np.int64
    assert found.tolist() == expected


@pytest.mark.parametrize("shape", [(9,), (3, 40), (2, 1)])
def test_largest_keys_are_those_of_sorting(shape: tuple[int, ...]) -> None:
    keys = np.round(np.random.default_rng(0).random(shape), 1).astype(np.float32)  # some are equal
    order = np.argsort(-keys, axis=-1, kind="stable")
    for number in range(1, min(shape[-1], 20) + 1):
        assert np.array_equal(categories.largest_keys(keys.copy(), number), order[..., :number])


# --- kernels -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_of_normals_depend_on_themselves_alone(monkeypatch: pytest.MonkeyPatch, dtype: Any) -> None:
    uniform = Generator().manual_seed(0).uniform(16 * 40, dtype)
    whole = box_muller.normal_blocks(uniform.copy())
    pairs = box_muller.box_muller_pairs(uniform.astype(np.float64))
    monkeypatch.setattr(box_muller, "_CHUNK", 16 * 7)
    assert np.allclose(whole, box_muller.normal_blocks(uniform.copy()), rtol=0 if dtype == np.float32 else 1e-14)
    assert np.allclose(pairs, box_muller.box_muller_pairs(uniform.astype(np.float64)), rtol=1e-14)
    single = np.concatenate([box_muller.normal_blocks(block.copy()) for block in uniform.reshape(-1, 16)])
    assert np.allclose(whole, single, rtol=0 if dtype == np.float32 else 1e-14, atol=0)


@pytest.mark.parametrize(("factor", "summand"), [(0.3, 0.0), (1.7, 0.3), (1e-30, -1e-35), (0.0, 0.0)])
def test_float32_is_multiplied_and_added_with_one_rounding(factor: float, summand: float) -> None:
    values = np.append(np.random.default_rng(0).standard_normal(40_000).astype(np.float32), np.float32([-0.0, 0.0]))
    exact = values.astype(np.float64) * np.float64(np.float32(factor)) + np.float64(np.float32(summand))
    got = fused_multiply_add32(values.copy(), factor, summand)
    assert got.dtype == np.float32
    assert got.tobytes() == exact.astype(np.float32).tobytes()


def test_the_nearest_quarter_of_a_turn_is_the_one_that_pytorch_finds() -> None:
    """Its kernel multiplies the angle by 4 / pi, cuts that off, and goes up to the next even octant."""
    turns = (np.arange(0, 1 << 24, dtype=np.int32) * np.float32(2.0**-24)).astype(np.float32)
    octants = (turns * np.float32(2 * np.pi) * np.float32(4 / np.pi)).astype(np.int32)
    quarters = (turns * np.float32(4) + np.float32(0.5)).astype(np.int32)
    assert np.array_equal((octants + 1) & ~1, 2 * quarters)


@pytest.mark.parametrize("count", [16, 17, 31, 32, 100, 2_064])
def test_normals_at_some_places_are_those_of_all(count: int) -> None:
    words = Generator().manual_seed(1).random_words32(count + 16 * (count % 16 > 0))
    places = np.flatnonzero(np.random.default_rng(count).random(count) < 0.5)
    expected = Generator().manual_seed(1).normal(count)
    assert np.array_equal(box_muller.normals_at(places, count, words), expected[places])


@pytest.mark.parametrize("count", [2_047, 2_048, 2_055, 5_000])
def test_truncated_normals_draw_all_again(count: int) -> None:
    got = Generator().manual_seed(count)
    drawn = got.truncated_normal(count, np.float32, 0.5, 2.0, -1.0, 2.0)
    source = Generator().manual_seed(count)
    expected = source.normal(count, np.float32, 0.5, 2.0)
    while (outside := (expected < -1) | (expected > 2)).any():
        expected = np.where(outside, source.normal(count, np.float32, 0.5, 2.0), expected)
    assert np.array_equal(drawn, expected)
    assert np.array_equal(got.state_bytes(), source.state_bytes())
