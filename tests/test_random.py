"""The generator draws PyTorch's numbers: golden values, and PyTorch's own where it is installed."""

from __future__ import annotations

import base64
import copy
import hashlib
import importlib.util
import json
import pathlib
import pickle
import random
import threading
import zlib
from typing import Any

import numpy as np
import pytest

import tinygrad_nn
from tinygrad_nn._core import random as draws
from tinygrad_nn._core.random import DEFAULT_SEED, Generator, SeedRangeError, default_generator
from tinygrad_nn._core.random_kernels import fused_multiply_add, in_memory_order, shuffled

GOLDEN_FOLDER = pathlib.Path(__file__).parent / "golden"
GOLDEN: dict[str, Any] = json.loads((GOLDEN_FOLDER / "random.json").read_text())
GOLDEN_STATE = np.frombuffer(zlib.decompress(base64.b64decode(GOLDEN["state"])), np.uint8)
SIZES = (0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 100, 623, 625, 2047, 2049, 4999)


def same(ours: np.ndarray, expected: np.ndarray) -> bool:
    """Equal; where the platform's float64 functions decide, equal to the last bits."""
    if ours.dtype != expected.dtype or ours.shape != expected.shape:
        return False
    if ours.dtype == np.float64:
        return np.allclose(ours, expected, rtol=2e-15, atol=5e-15)
    return np.array_equal(ours, expected)


# --- golden values


@pytest.mark.parametrize("stream", GOLDEN["streams"], ids=lambda stream: f"seed{stream['seed']}")
def test_draws_equal_golden_values(stream):
    generator = Generator().manual_seed(stream["seed"])
    for draw in stream["draws"]:
        values = getattr(generator, draw["name"])(**draw["arguments"])
        if "sha256" in draw:
            assert hashlib.sha256(np.ascontiguousarray(values)).hexdigest() == draw["sha256"], draw
        else:
            assert same(values, np.array(draw["values"], values.dtype).reshape(values.shape)), draw


def test_state_has_pytorchs_bytes():
    generator = Generator().manual_seed(123)
    generator.normal(3)
    ours = generator.state_bytes()
    spare = slice(5024, 5032)  # a float64 from the platform's C library
    assert np.allclose(ours[spare].view(np.float64), GOLDEN_STATE[spare].view(np.float64), rtol=1e-15)
    ours[spare] = GOLDEN_STATE[spare]
    assert np.array_equal(ours, GOLDEN_STATE)


def test_continues_from_pytorchs_state():
    straight, loaded = Generator().manual_seed(123), Generator()
    straight.normal(3)
    loaded.set_state_bytes(GOLDEN_STATE)
    assert loaded.initial_seed() == 123
    assert np.array_equal(straight.normal(5), loaded.normal(5))
    assert np.array_equal(straight.random_words32(2000), loaded.random_words32(2000))


# --- seed and state


def test_default_seed_is_pytorchs():
    assert Generator().initial_seed() == DEFAULT_SEED == 67280421310721
    assert default_generator.initial_seed() != DEFAULT_SEED


@pytest.mark.parametrize(
    ("seed", "initial"), [(3, 3), (-1, 2**64 - 1), (-(2**63), 2**63), (2**64 - 1, 2**64 - 1)]
)
def test_manual_seed_remaps_negative_seeds(seed, initial):
    generator = Generator()
    assert generator.manual_seed(seed) is generator
    assert generator.initial_seed() == initial


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_manual_seed_refuses_seeds_beyond_64_bits(seed):
    generator = Generator().manual_seed(1)
    with pytest.raises(SeedRangeError, match="expected a seed in"):
        generator.manual_seed(seed)
    assert generator.initial_seed() == 1


@pytest.mark.parametrize("seed", [1.5, "3", True, None])
def test_manual_seed_refuses_what_is_no_integer(seed):
    with pytest.raises(RuntimeError, match="expected a long, but got"):
        Generator().manual_seed(seed)


def test_seed_is_fresh_each_time():
    generator = Generator()
    first, second = generator.seed(), generator.seed()
    assert first != second
    assert generator.initial_seed() == second


def test_only_the_cpu_has_a_generator():
    assert Generator("cpu").device == tinygrad_nn.device("cpu")
    with pytest.raises(RuntimeError, match="expected device 'cpu', got 'cuda:0'"):
        Generator("cuda:0")


@pytest.mark.parametrize("taken", [0, 1, 623, 624, 625, 1247, 1248, 1249])
def test_state_is_restored_from_every_place_of_a_block(taken):
    generator, other = Generator().manual_seed(9), Generator()
    generator.random_words32(taken)
    state = generator.state_bytes()
    expected = generator.random_words32(1500)
    other.set_state_bytes(state)
    assert np.array_equal(other.state_bytes(), state)
    assert np.array_equal(other.random_words32(1500), expected)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda g: pickle.loads(pickle.dumps(g))])
def test_copies_are_independent_and_continue_alike(duplicate):
    generator = Generator().manual_seed(5)
    generator.normal(3)
    twin = duplicate(generator)
    assert np.array_equal(generator.normal(4), twin.normal(4))
    generator.uniform(1)
    assert not np.array_equal(generator.uniform(4), twin.uniform(4))


def _broken(**fields: int) -> np.ndarray:
    state = Generator().state_bytes()
    state[:24].view(np.int32)[[2, 3, 4]] = fields["left"], fields["seeded"], fields["next"]
    return state


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        (np.zeros(10, np.uint8), RuntimeError, "Expected a CPUGeneratorImplState of size 5056"),
        (np.zeros(5056, np.uint8), RuntimeError, "Invalid mt19937 state"),
        (_broken(left=5, seeded=1, next=9), RuntimeError, "left=5, next=9"),
        (_broken(left=0, seeded=1, next=625), RuntimeError, "Invalid mt19937 state"),
        (_broken(left=1, seeded=0, next=0), RuntimeError, "seeded=0"),
        (np.zeros(5056, np.float32), TypeError, "uint8 array, got float32 array"),
        (b"bytes", TypeError, "uint8 array, got bytes"),
    ],
)
def test_a_wrong_state_changes_nothing(state, error, message):
    generator = Generator().manual_seed(3)
    before = generator.state_bytes()
    with pytest.raises(error, match=message):
        generator.set_state_bytes(state)
    assert np.array_equal(generator.state_bytes(), before)


# --- properties


def test_words_are_the_reference_mersenne_twister():
    # The ten thousandth word of seed 5489 is given by the C++ standard, [rand.predef].
    assert Generator().manual_seed(5489).random_words32(10000)[-1] == 4123659995
    split = Generator().manual_seed(5489)
    parts = [split.random_words32(n) for n in (1, 623, 2500, 3, 6873)]
    assert np.concatenate(parts)[-1] == 4123659995


@pytest.mark.parametrize("count", [0, 1, 5, 2047, 2048, 5000])
def test_wide_words_are_two_words_high_one_first(count):
    narrow, wide = Generator(), Generator()
    words = narrow.random_words32(2 * count).astype(np.uint64)
    assert np.array_equal(wide.random_words64(count), words[0::2] << np.uint64(32) | words[1::2])


@pytest.mark.parametrize("count", [0, 1, 2, 7, 600, 601, 2000, 8192, 8193, 20000])
def test_shuffled_is_a_sequence_of_swaps(count):
    offsets = (
        np.random.default_rng(count).integers(0, np.arange(count, 0, -1)) if count else np.zeros(0, np.int64)
    )
    for partner in (np.arange(count) + offsets, np.arange(count) + offsets % 3 % np.arange(count, 0, -1)):
        expected = list(range(count))
        for i, j in enumerate(partner):
            expected[i], expected[j] = expected[j], expected[i]
        assert shuffled(partner).tolist() == expected


def test_fused_multiply_add_rounds_once():
    from fractions import Fraction

    values = Generator().manual_seed(1).uniform(500, np.float64)
    for factor, summand in ((1.7, 0.3), (0.6, -0.3), (2.0, -1.0), (1e10, 3.3), (-0.1, 1e-17)):
        expected = [float(Fraction(v) * Fraction(factor) + Fraction(summand)) for v in values.tolist()]
        assert fused_multiply_add(values, factor, summand).tolist() == expected


def test_float32_normals_are_near_the_formula():
    generator, twin = Generator().manual_seed(2), Generator().manual_seed(2)
    u = twin.uniform((6250, 2, 8), np.float32).astype(np.float64)
    radius, angle = np.sqrt(-2 * np.log(1 - u[:, 0])), 2 * np.pi * u[:, 1]
    expected = np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1).reshape(-1)
    assert np.abs(generator.normal(100000) - expected).max() < 2e-6


def test_uniform_never_reaches_the_upper_end():
    values = Generator().manual_seed(0).uniform(20000, np.float16)
    assert values.min() >= 0
    assert values.max() < 1


def test_shapes_and_tuples():
    generator = Generator().manual_seed(0)
    assert generator.normal((4, 5)).shape == (4, 5)
    assert generator.uniform(()).shape == ()
    assert generator.random_integers(0, 3, (2, 0)).shape == (2, 0)
    assert generator.multinomial(np.ones((3, 4)), 2).shape == (3, 2)


def test_threads_never_share_a_word():
    generator, parts = Generator().manual_seed(4), []
    threads = [
        threading.Thread(target=lambda: parts.append(generator.random_words32(50000))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = Generator().manual_seed(4).random_words32(200000)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.sort(expected))


ONES = np.ones(3, np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: g.normal(3, std=-1), "std >= 0.0, but found std -1"),
        (lambda g: g.uniform(3, low=2, high=1), r"from=2 > to=1"),
        (lambda g: g.uniform(3, high=1e39), "to is out of bounds for float32"),
        (lambda g: g.uniform(3, np.float64, -1e308, 1e308), "expects to-from <="),
        (lambda g: g.exponential(3, lambd=0), "lambda > 0.0, but found lambda=0"),
        (lambda g: g.cauchy(3, sigma=0), "sigma > 0.0"),
        (lambda g: g.log_normal(3, std=0), "std > 0.0"),
        (lambda g: g.geometric(3, p=1), r"p to be in \(0, 1\)"),
        (lambda g: g.bernoulli_scalar(1.5, 3), r"p to be in \[0, 1\]"),
        (lambda g: g.bernoulli_array(2 * ONES), r"all p in \[0, 1\]"),
        (lambda g: g.random_integers(5, 5, 3), "from=5 >= to=5"),
        (lambda g: g.random_integers(0, 300, 3, np.uint8), "to - 1 is out of bounds for uint8"),
        (lambda g: g.random_integers(-1, 3, 3, np.bool_), "from is out of bounds for bool"),
        (lambda g: g.permutation(-1), "non-negative"),
        (lambda g: g.poisson(-ONES), "non-negative"),
        (lambda g: g.multinomial(ONES, 4), "without replacement"),
        (lambda g: g.multinomial(ONES, 0), "n_sample <= 0"),
        (lambda g: g.multinomial(ONES - 2, 1), "element < 0"),
        (lambda g: g.multinomial(ONES * np.inf, 1, True), "`inf`"),
        (lambda g: g.multinomial(ONES * 0, 1), "sum of probabilities <= 0"),
        (lambda g: g.multinomial(np.ones(3, np.int64), 1), "floating-point dtypes"),
        (lambda g: g.multinomial(np.ones((1, 1, 3)), 1), "1 or 2 dim"),
    ],
)
def test_wrong_arguments_raise_and_draw_nothing(call, message):
    generator = Generator().manual_seed(0)
    with pytest.raises(RuntimeError, match=message):
        call(generator)
    assert np.array_equal(generator.state_bytes(), Generator().manual_seed(0).state_bytes())


@pytest.mark.parametrize(
    "name", ["uniform", "normal", "exponential", "cauchy", "log_normal", "truncated_normal"]
)
def test_integer_dtypes_are_refused(name):
    with pytest.raises(NotImplementedError, match="not implemented for int64"):
        getattr(Generator(), name)(3, np.int64)


def test_public_names_are_documented():
    for name in draws.__all__:
        assert getattr(draws, name).__doc__ or name.isupper() or name == "default_generator"
    assert all(getattr(Generator, name).__doc__ for name in vars(Generator) if not name.startswith("_"))


# --- PyTorch, if present


@pytest.fixture(scope="module")
def maker():
    """The module that makes the golden values."""
    torch = pytest.importorskip("torch")
    if not torch.__version__.startswith("2.13."):
        pytest.skip(f"the streams are those of PyTorch 2.13, found {torch.__version__}")
    if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("PyTorch's kernels for this processor round differently")
    spec = importlib.util.spec_from_file_location("make_random", GOLDEN_FOLDER / "make_random.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(maker: Any, call: Any, ours: Generator, theirs: Any) -> None:
    """Make one draw on both sides: the values and the states after it agree."""
    expected = maker.torch_call(call, theirs)
    values = getattr(ours, call[0])(**call[1])
    assert same(values, expected), call
    assert np.array_equal(ours.state_bytes(), theirs.get_state().numpy()), call


@pytest.mark.parametrize("seed", [0, 12345, -7, 2**63 + 11])
@pytest.mark.parametrize("size", SIZES)
def test_draws_equal_pytorchs(maker, seed, size):
    ours, theirs = Generator().manual_seed(seed), maker.torch.Generator().manual_seed(seed)
    for call in maker.calls(size) + (maker.array_calls(size) if size else []):
        check(maker, call, ours, theirs)


@pytest.mark.parametrize("seed", range(8))
def test_interleaved_draws_equal_pytorchs(maker, seed):
    ours, theirs = Generator().manual_seed(seed), maker.torch.Generator().manual_seed(seed)
    choice = random.Random(seed)
    for _ in range(60):
        size = choice.choice((1, 3, 5, 16, 20, 33, 700))
        check(maker, choice.choice(maker.calls(size) + maker.array_calls(size)), ours, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_million_normals_equal_pytorchs(maker, dtype):
    ours, theirs = Generator().manual_seed(11), maker.torch.Generator().manual_seed(11)
    for arguments in ({}, {"mean": 0.1, "std": 0.02}):
        check(maker, ("normal", {"shape": 10**6 + 3, "dtype": dtype, **arguments}), ours, theirs)


@pytest.mark.parametrize("count", [5000, 60000, 2**20 + 5])
def test_long_permutations_equal_pytorchs(maker, count):
    ours, theirs = Generator().manual_seed(3), maker.torch.Generator().manual_seed(3)
    check(maker, ("permutation", {"count": count}), ours, theirs)


@pytest.mark.parametrize(("low", "high"), [(0, 65504), (-3000, 70), (1, None), (-(2**24), 2**24), (5, 2**40)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint8"])
def test_integer_ranges_equal_pytorchs(maker, low, high, dtype):
    ours, theirs = Generator().manual_seed(3), maker.torch.Generator().manual_seed(3)
    call = ("random_integers", {"shape": 50, "dtype": dtype, "low": low, "high": high})
    try:
        maker.torch_call(call, theirs)
    except RuntimeError:
        with pytest.raises(RuntimeError):
            getattr(ours, call[0])(**call[1])
    else:
        check(maker, call, ours.manual_seed(4), theirs.manual_seed(4))


def test_dropout_masks_equal_pytorchs(maker):
    dropout, ones = maker.torch.nn.functional.dropout, maker.torch.ones
    theirs, ours = maker.torch.manual_seed(1), Generator().manual_seed(1)
    for size in range(1, 2001):
        assert np.array_equal(dropout(ones(size), 0.3).numpy() != 0, ours.bernoulli_scalar(0.7, size))
    assert np.array_equal(ours.state_bytes(), theirs.get_state().numpy())


def test_states_travel_both_ways(maker):
    ours, theirs = Generator().manual_seed(8), maker.torch.Generator()
    ours.normal(5)
    theirs.set_state(maker.torch.from_numpy(ours.state_bytes()))
    assert np.array_equal(ours.normal(7), maker.torch.randn(7, generator=theirs).numpy())
    ours.set_state_bytes(theirs.get_state().numpy())
    assert np.array_equal(ours.normal(40), maker.torch.randn(40, generator=theirs).numpy())


@pytest.mark.parametrize(
    ("like", "drawn"),
    [
        (np.zeros((2, 3)), (2, 3)),
        (np.zeros((2, 3)).T, (2, 3)),
        (np.zeros((2, 3, 4)).transpose(1, 2, 0), (2, 3, 4)),
        (np.broadcast_to(np.zeros(3), (2, 3)), (2, 3)),
        (np.broadcast_to(np.zeros((3, 1)), (3, 2)), (3, 2)),
        (np.broadcast_to(np.zeros((3, 4)).T[:, None], (4, 5, 3)), (3, 5, 4)),
    ],
)
def test_draws_follow_the_memory(like: np.ndarray, drawn: tuple[int, ...]) -> None:
    """From the largest step to the smallest; dimensions that were broadcast stay where they are."""
    shapes = []

    def draw(shape: tuple[int, ...]) -> np.ndarray:
        shapes.append(shape)
        return np.arange(np.prod(shape)).reshape(shape)

    assert in_memory_order(like, draw).shape == like.shape
    assert shapes == [drawn]
    torch = pytest.importorskip("torch")
    steps = [step // like.itemsize for step in like.strides]
    theirs = torch.empty_like(torch.empty(like.size).as_strided(like.shape, steps))
    assert sorted(theirs.stride(), reverse=True) == sorted(torch.empty(drawn).stride(), reverse=True)


def test_a_generator_names_its_device_and_can_be_doubled() -> None:
    generator = tinygrad_nn.Generator("cpu").manual_seed(3)
    assert generator.device == tinygrad_nn.device("cpu")
    tinygrad_nn.randn(1, generator=generator)
    other = generator.clone_state()
    assert other.initial_seed() == 3
    expected = tinygrad_nn.randn(17, generator=generator)
    assert tinygrad_nn.equal(tinygrad_nn.randn(17, generator=other), expected)
