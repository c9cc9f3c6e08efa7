"""The Mersenne Twister behind every draw, and PyTorch's byte layout of its state.

PyTorch's CPU generator is MT19937 with the classic seeding of Matsumoto and Nishimura ("Mersenne Twister: a
623-dimensionally equidistributed uniform pseudo-random number generator", ACM TOMACS 8(1), 1998). NumPy ships
the same engine and promises never to change ``RandomState`` (NEP 19), so this module seeds and reads that
one.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from .lifted import check_draw
from .modes import modes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BULK", "STATE_SIZE", "MersenneTwister", "pack_state", "unpack_state"]

_LENGTH = 624
# From here on, NumPy's typed bulk draw repays the microseconds that it spends on checking its arguments.
BULK = 2048

# `CPUGeneratorImplState` of ATen/CPUGeneratorImpl.cpp, with the C++ compiler's padding spelled out.
_LAYOUT = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("key", "<u8", (_LENGTH,)),
        ("normal_x", "<f8"),
        ("normal_y", "<f8"),
        ("normal_rho", "<f8"),
        ("normal_is_valid", "<i4"),
        ("padding", "V4"),
        ("float_normal", "<f4"),
        ("float_normal_is_valid", "u1"),
        ("more_padding", "V3"),
    ]
)
STATE_SIZE = _LAYOUT.itemsize
_MAKING = threading.Lock()


class MersenneTwister:
    """A stream of 32-bit words: MT19937 seeded from the low 32 bits of ``seed``.

    Every call holds NumPy's lock, so no two threads are ever given the same word.

    NumPy's engine is made when it is first needed: importing ``numpy.random`` takes a third of the time that importing
    this package takes.
    """

    _bits: np.random.MT19937
    _numpy: np.random.RandomState

    def __init__(self, seed: int) -> None:
        self._first_seed = seed

    def __getattr__(self, name: str) -> Any:
        if name not in ("_bits", "_numpy"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        with _MAKING:
            if "_numpy" not in vars(self):  # no other thread was quicker
                bits = np.random.MT19937()
                numbers = np.random.RandomState(bits)
                numbers.seed(self._first_seed & 0xFFFF_FFFF)
                self._bits, self._numpy = bits, numbers
        return vars(self)[name]

    def reseed(self, seed: int) -> None:
        """Start the stream of ``seed`` from its first word."""
        with _MAKING:
            self._first_seed = seed
            if "_numpy" in vars(self):
                self._numpy.seed(seed & 0xFFFF_FFFF)

    def raw(self, count: int) -> NDArray[np.uint64]:
        """Draw the next ``count`` words of 32 bits, in integers of 64, as NumPy's engine gives them."""
        if modes.here.levels:
            check_draw()
        return self._bits.random_raw(count)

    def words32(self, count: int) -> NDArray[np.uint32]:
        """Draw the next ``count`` words."""
        if modes.here.levels:
            check_draw()
        if count < BULK:
            return self._bits.random_raw(count).astype(np.uint32)
        return self._numpy.randint(0, 1 << 32, count, dtype=np.uint32)

    def words64(self, count: int) -> NDArray[np.uint64]:
        """Draw the next ``count`` pairs of words, the first of a pair in the high half."""
        if modes.here.levels:
            check_draw()
        if count < BULK:
            words = self._bits.random_raw(2 * count)
            high: NDArray[np.uint64] = words[0::2] << np.uint64(32)
            high |= words[1::2]
            return high
        return self._numpy.randint(0, 1 << 64, count, dtype=np.uint64)

    @property
    def position(self) -> tuple[NDArray[np.uint32], int]:
        """The block of 624 words in use, and how many of them have been taken."""
        state = self._bits.state["state"]
        return state["key"], int(state["pos"])

    @position.setter
    def position(self, key_and_taken: tuple[NDArray[np.uint32], int]) -> None:
        key, taken = key_and_taken
        self._bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": taken}}


def pack_state(
    engine: MersenneTwister, seed: int, normal: float | None, float_normal: float | None
) -> NDArray[np.uint8]:
    """Write an engine and its two spare normal samples as ``torch.get_rng_state()`` would."""
    record = np.zeros((), _LAYOUT)
    key, taken = engine.position
    # A stream that was only seeded and one that used up a block look alike to NumPy; PyTorch tells them
    # apart.
    if taken == _LENGTH and np.array_equal(key, MersenneTwister(seed).position[0]):
        taken = 0
    record["seed"], record["seeded"], record["key"] = seed, 1, key
    record["next"], record["left"] = taken, _LENGTH + 1 - taken if taken else 1
    if normal is not None:
        record["normal_y"], record["normal_is_valid"] = normal, 1
    if float_normal is not None:
        record["float_normal"], record["float_normal_is_valid"] = float_normal, 1
    return np.frombuffer(record.tobytes(), np.uint8).copy()


def unpack_state(state: NDArray[np.uint8], engine: MersenneTwister) -> tuple[int, float | None, float | None]:
    """Check a state, move ``engine`` there, and give back the seed and the two spare normal samples."""
    record = _checked_record(state)
    # Without a word taken, `key` is a block that is used up: the next word comes from the block after it.
    engine.position = record["key"].astype(np.uint32), int(record["next"]) or _LENGTH
    normal = float(record["normal_y"]) if record["normal_is_valid"] else None
    float_normal = float(record["float_normal"]) if record["float_normal_is_valid"] else None
    return int(record["seed"]), normal, float_normal


def _checked_record(state: NDArray[np.uint8]) -> Any:
    """Read a state as a record, or say what is wrong with it before anything has been changed."""
    if not isinstance(state, np.ndarray) or state.dtype != np.uint8:
        got = f"{state.dtype} array" if isinstance(state, np.ndarray) else type(state).__name__
        raise TypeError(f"set_state: the RNG state must be a uint8 array, got {got}")
    if state.size != STATE_SIZE:
        raise RuntimeError(
            f"set_state: Expected a CPUGeneratorImplState of size {STATE_SIZE} but found the input RNG state "
            f"size to be {state.size}; pass what get_state() of a CPU generator gave"
        )
    record = np.frombuffer(state.tobytes(), _LAYOUT)[0]
    left, taken = int(record["left"]), int(record["next"])
    consistent = left == (_LENGTH + 1 - taken if taken else 1) and taken <= _LENGTH
    if not (record["seeded"] and consistent):
        raise RuntimeError(
            f"set_state: Invalid mt19937 state: got seeded={record['seeded']}, left={left}, next={taken}; "
            f"expected seeded=1 and left + next = {_LENGTH + 1}, or left=1 and next=0; pass it unchanged"
        )
    return record
