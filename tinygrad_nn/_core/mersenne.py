"""The Mersenne Twister behind every draw, and PyTorch's byte layout of its state.

PyTorch's CPU generator is MT19937 with the classic seeding of Matsumoto and Nishimura ("Mersenne Twister: a
623-dimensionally equidistributed uniform pseudo-random number generator", ACM TOMACS 8(1), 1998). NumPy ships
the same engine and promises never to change ``RandomState`` (NEP 19), so this module seeds and reads that
one.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .lifted import check_draw
from .modes import modes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BULK", "STATE_SIZE", "MersenneTwister", "pack_state", "unpack_state"]

_LENGTH = 624
# From here on, NumPy's typed bulk draw of 64 bits repays the 4 us that it spends on checking its arguments; that of 32
# bits saves no more than a conversion, and does so later.
BULK, _BULK32 = 2048, 16_384

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
_HALF = np.array(32, np.uint64)
_MAKING = threading.Lock()

Make = Callable[[Any], Any]  # rows of words to rows of numbers
# Going ahead and back costs 80 us, so it begins with the fifth draw in a row; words that are drawn at most in advance.
_PATIENCE, _FURTHEST = 4, 1 << 15


class MersenneTwister:
    """A stream of 32-bit words: MT19937 seeded from the low 32 bits of ``seed``.

    Every call holds a lock, so no two threads are ever given the same word.

    Of few numbers at a time, the cost are the array operations that turn words into numbers: 64 normals take 40 us, and
    1000 take 55. So where a program draws the same kind again and again, `numbers` makes more of them at a time, and
    hands them out until something else is drawn or the state is asked for: then the engine goes back to where it would
    be.

    NumPy's engine is made when it is first needed: importing ``numpy.random`` takes a third of the time that importing
    this package takes.
    """

    _bits: np.random.MT19937
    _numpy: np.random.RandomState

    def __init__(self, seed: int) -> None:
        self._first_seed = seed
        self._lock = threading.RLock()  # a finaliser that draws may come in between
        self._ahead: _Ahead | None = None

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
        with self._lock, _MAKING:
            self._first_seed, self._ahead = seed, None
            if "_numpy" in vars(self):
                self._numpy.seed(seed & 0xFFFF_FFFF)

    def raw(self, count: int) -> NDArray[np.uint64]:
        """Draw the next ``count`` words of 32 bits, in integers of 64, as NumPy's engine gives them."""
        if modes.here.levels:
            check_draw()
        with self._lock:
            if self._ahead is not None:
                self._go_back()
            return self._bits.random_raw(count)

    def words32(self, count: int) -> NDArray[np.uint32]:
        """Draw the next ``count`` words."""
        if count < _BULK32:
            return self.raw(count).astype(np.uint32)
        if count % 2 or sys.byteorder != "little":
            return self._bulk(1 << 32, count, np.uint32)
        # NumPy draws pairs of words in .75 of the time, and to exchange the halves takes .12.
        pairs: NDArray[np.uint64] = self._bulk(1 << 64, count // 2, np.uint64)
        for start in range(0, len(pairs), _BULK32):
            part = pairs[start : start + _BULK32]
            firsts = part >> _HALF
            part <<= _HALF
            part |= firsts
        return pairs.view(np.uint32)

    def words64(self, count: int) -> NDArray[np.uint64]:
        """Draw the next ``count`` pairs of words, the first of a pair in the high half."""
        if count < BULK:
            words = self.raw(2 * count)
            high: NDArray[np.uint64] = words[0::2] << np.uint64(32)
            high |= words[1::2]
            return high
        return self._bulk(1 << 64, count, np.uint64)

    def _bulk(self, end: int, count: int, kind: Any) -> NDArray[Any]:
        if modes.here.levels:
            check_draw()
        with self._lock:
            if self._ahead is not None:
                self._go_back()
            drawn: NDArray[Any] = self._numpy.randint(0, end, count, dtype=kind)
            return drawn

    def numbers(self, make: Make, words: int, count: int) -> NDArray[Any]:
        """Draw ``count`` rows of ``words`` words, and return the numbers that ``make`` makes of them.

        Args:
            make: a function of rows, of which each gives as many numbers, that depend on no other row.
            words, count: so few that it pays to make more at a time.
        """
        if modes.here.levels:
            check_draw()
        with self._lock:
            ahead = self._ahead
            if ahead is None or ahead.make is not make or ahead.words != words:
                if ahead is not None:
                    self._go_back()
                ahead = self._ahead = _Ahead(make, words)
            start, end = ahead.taken, ahead.taken + count
            if end > ahead.rows:
                return self._more(ahead, start, count)
            ahead.taken, length = end, ahead.length
            return ahead.numbers[start * length : end * length].copy()

    def _more(self, ahead: _Ahead, start: int, count: int) -> NDArray[Any]:
        """Rows of which not all are there: as many more at the same time as have been drawn up to now, or none."""
        self._ahead = None  # until all is in order: whoever interrupts this loses numbers, but gets none twice
        rest = ahead.numbers[start * ahead.length :]
        missing = count - (ahead.rows - start)
        ahead.calls += 1
        further = min(ahead.drawn, _FURTHEST // ahead.words) if ahead.calls > _PATIENCE else 0
        if further:
            ahead.state = self._bits.state
        rows = missing + further
        made = ahead.make(self._bits.random_raw(rows * ahead.words).reshape(rows, ahead.words)).reshape(-1)
        ahead.drawn += rows
        ahead.taken = ahead.rows = 0
        if further:
            ahead.numbers, ahead.rows, ahead.taken, ahead.length = made, rows, missing, made.size // rows
            made = made[: missing * ahead.length].copy()
        self._ahead = ahead
        return np.concatenate((rest, made)) if rest.size else made

    def _go_back(self) -> None:
        """Undraw the words of the numbers that nobody has asked for."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.taken < ahead.rows:
            self._bits.state = ahead.state
            self._bits.random_raw(ahead.taken * ahead.words, False)

    @property
    def position(self) -> tuple[NDArray[np.uint32], int]:
        """The block of 624 words in use, and how many of them have been taken."""
        with self._lock:
            self._go_back()
            state = self._bits.state["state"]
        return state["key"], int(state["pos"])

    @position.setter
    def position(self, key_and_taken: tuple[NDArray[np.uint32], int]) -> None:
        key, taken = key_and_taken
        with self._lock:
            self._ahead = None
            self._bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": taken}}


class _Ahead:
    """What has been made of words of the same kind of draw, some of it in advance."""

    def __init__(self, make: Make, words: int) -> None:
        self.make, self.words = make, words
        self.calls = self.drawn = 0  # times that rows were drawn, and how many in all
        self.numbers: NDArray[Any] = np.empty(0, np.float32)  # what no numbers are
        self.length = self.rows = self.taken = 0  # of a row, in numbers; rows of these numbers; those handed out
        self.state: Any = None  # the engine's before their words were drawn


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
