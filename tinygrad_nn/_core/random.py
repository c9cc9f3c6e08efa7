"""PyTorch's CPU random numbers: the same seed gives the same numbers as PyTorch 2.13, in NumPy arrays.

Every draw here is one bulk read of the generator's 32-bit words, followed by array arithmetic. Draws advance
the stream by exactly as many words as PyTorch's, so the two stay together whatever is drawn in between.

PyTorch gives no promise across its versions (https://pytorch.org/docs/stable/notes/randomness.html); the
tests hold this module to the streams of 2.13, which are those of PyTorch's Linux build on processors with
AVX2.

Threads: no two threads ever receive the same word, but which of them comes first is up to the scheduler, and
two threads drawing a few normals at the same moment may share a spare sample. Give each thread a `Generator`
of its own.
"""

from __future__ import annotations

import math
import operator
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .blas import exchanged
from .device import device as make_device
from .dtypes import FLOAT32, FLOAT64, INT64
from .few_draws import exponential_rows, normal_rows, uniform_of_pairs, uniform_rows
from .mersenne import BULK, MersenneTwister, pack_state, unpack_state
from .modes import ERRORS, IGNORED
from .random_checks import (
    LOWEST64,
    Shape,
    all_at_most,
    check_uniform_bounds,
    check_weights,
    element_count,
    floating_dtype,
    integer_range,
    largest_integer,
)
from .random_kernels import (
    box_muller_pair,
    converted,
    fused_multiply_add,
    fused_multiply_add32,
    in_memory_order,
    interval32,
    normal_cdf,
    poisson,
    remainder,
    shuffled,
)
from .tensor import Tensor, wrap

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

__all__ = ["DEFAULT_SEED", "Generator", "SeedRangeError", "default_generator"]

Array = np.ndarray[Any, Any]

DEFAULT_SEED = 67280421310721
_MASK24, _MASK53 = np.uint32((1 << 24) - 1), np.uint64((1 << 53) - 1)
_LOW21 = (1 << 21) - 1  # of the first word of a pair, the bits that a float64 has room for
_BITS_OF_ONE = 0x3F800000
_STEP24 = np.array(2.0**-24, np.float32)
_STEP53 = 2.0**-53
# Fewer draws than this are made of Python's numbers, one by one: four bernoulli draws take 2 us instead of 5.
_FEW, _FEW_SWAPS = 16, 24
_UP, _DOWN = np.arange(1, BULK + 1), np.arange(BULK, 0, -1, dtype=np.uint64)
# From this range on PyTorch takes two words per integer, as `%` would favour small results noticeably.
_WIDE_RANGE = 1 << 28
_LARGEST_PERMUTATION = ((1 << 32) - 1) // 20


def _are_odds(p: Array) -> bool:
    """Whether all of some numbers are in [0, 1]."""
    return not p.size or all_at_most(p, _BITS_OF_ONE) or bool(p.min() >= 0 and p.max() <= 1)


class SeedRangeError(RuntimeError, ValueError):
    """A seed beyond 64 bits: a ``RuntimeError``, as PyTorch documents, and a ``ValueError``, as it raises."""


class Generator:
    """A source of pseudo-random numbers with PyTorch's CPU stream: MT19937 and PyTorch's way of using it.

    Source: https://pytorch.org/docs/stable/generated/torch.Generator.html

    Example:
        >>> Generator().manual_seed(0).uniform(3, np.float32)
        array([0.4962566 , 0.7682218 , 0.08847743], dtype=float32)
    """

    def __init__(self, device: Any = "cpu") -> None:
        if str(device).split(":")[0] != "cpu":
            raise RuntimeError(
                f"Generator: expected device 'cpu', got {str(device)!r}; only the CPU has a generator here"
            )
        self.device = make_device(device)
        self._seed = DEFAULT_SEED
        self._engine = MersenneTwister(DEFAULT_SEED)
        self._spare: float | None = None  # the second sample of a Box-Muller pair
        self._float_spare: float | None = None  # a part of PyTorch's state that nothing on the CPU reads

    # --- seed and state

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of ``seed`` in ``[-2**63, 2**64)``; a negative one stands for ``seed + 2**64``."""
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise RuntimeError(f"manual_seed: manual_seed expected a long, but got {type(seed).__name__}")
        value = operator.index(seed)
        if not LOWEST64 <= value < 1 << 64:
            raise SeedRangeError(
                f"manual_seed: expected a seed in [-2**63, 2**64), got {value}; take it modulo 2**64"
            )
        self._seed = value % (1 << 64)
        self._engine.reseed(self._seed)
        self._spare = self._float_spare = None
        return self

    def seed(self) -> int:
        """Start a stream that the operating system chooses, and return its seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little") & int(_MASK53))
        return self._seed

    def initial_seed(self) -> int:
        """The seed that the current stream was started with."""
        return self._seed

    def state_bytes(self) -> NDArray[np.uint8]:
        """The state in the bytes of ``torch.Generator.get_state()``, spare normal samples included."""
        return pack_state(self._engine, self._seed, self._spare, self._float_spare)

    def set_state_bytes(self, state: NDArray[np.uint8]) -> None:
        """Continue from a state that `state_bytes` or PyTorch's ``get_state`` made."""
        self._seed, self._spare, self._float_spare = unpack_state(state, self._engine)

    def get_state(self) -> Tensor:
        """The state as a tensor of bytes, as PyTorch's ``get_state`` gives it."""
        return wrap(self.state_bytes())

    def set_state(self, new_state: Tensor) -> Generator:
        """Continue from a state that `get_state`, here or in PyTorch, has given."""
        self.set_state_bytes(np.asarray(new_state))
        return self

    def clone_state(self) -> Generator:
        """A generator of its own, in the same state."""
        other = Generator()
        other.set_state_bytes(self.state_bytes())
        return other

    def __getstate__(self) -> bytes:
        return self.state_bytes().tobytes()

    def __setstate__(self, state: bytes) -> None:
        Generator.__init__(self)
        self.set_state_bytes(np.frombuffer(state, np.uint8))

    # --- raw words

    def random_words32(self, count: int) -> NDArray[np.uint32]:
        """Draw 32-bit words; PyTorch's ``generator->random()``."""
        return self._engine.words32(count)

    def random_words64(self, count: int) -> NDArray[np.uint64]:
        """Draw 64-bit words of two 32-bit ones, the first one high; PyTorch's ``generator->random64()``."""
        return self._engine.words64(count)

    def _uniform32(self, count: int) -> NDArray[np.float32]:
        """``(word mod 2**24) / 2**24``: every float32 in [0, 1) that is a multiple of the step."""
        if count < BULK:
            return self._engine.numbers(uniform_rows, 1, count)
        words = self._engine.words32(count)
        words &= _MASK24
        out = words.view(np.float32)
        out[...] = words.view(np.int32)  # in place; conversions from signed integers are the fast ones
        out *= _STEP24
        return out

    def _few_uniform64(self, count: int) -> list[float]:
        """What `_uniform64` draws, as Python's numbers."""
        words = iter(self._engine.raw(2 * count).tolist())
        return [((high & _LOW21) << 32 | low) * _STEP53 for high, low in zip(words, words, strict=True)]

    def _uniform64(self, count: int) -> NDArray[np.float64]:
        """``(word mod 2**53) / 2**53``."""
        if 0 < count < BULK:
            return self._engine.numbers(uniform_of_pairs, 2, count)
        words = self._engine.words64(count)
        words &= _MASK53
        out = words.view(np.float64)
        out[...] = words.view(np.int64)
        out *= 2.0**-53
        return out

    # --- continuous distributions

    def uniform(
        self, shape: Shape, dtype: DTypeLike = np.float32, low: float = 0.0, high: float = 1.0
    ) -> Array:
        """Draw from [low, high): ``u * (high - low) + low``; ``torch.rand``, ``Tensor.uniform_``."""
        unit = low == 0 and high == 1
        if unit and dtype is FLOAT32:
            return self._uniform32(element_count(shape)).reshape(shape)
        if dtype is not FLOAT32:
            if np.dtype(dtype).kind == "c":
                return self._of_parts(self.uniform, shape, np.dtype(dtype), low, high)
            dtype = floating_dtype("uniform", dtype)
        if not unit and not (dtype.itemsize > 2 and -1e38 < low <= high < 1e38):  # as most are
            check_uniform_bounds(dtype, low, high)
        count = element_count(shape)
        if dtype == np.float64:
            out: Array = self._uniform64(count)
            out = out if unit else fused_multiply_add(out, high - low, low)
        else:
            out = self._uniform32(count)
            if not unit:
                length, reaches_end = interval32(low, high)
                out = fused_multiply_add32(out, length, low)
                if dtype is FLOAT32 and not reaches_end:
                    return out.reshape(shape)
        out = out.astype(dtype, copy=False)
        if not unit or dtype == np.float16:
            out[out == dtype.type(high)] = low  # rounding may have reached the excluded end
        return out.reshape(shape)

    @staticmethod
    def _of_parts(draw: Any, shape: Shape, dtype: np.dtype[Any], *bounds: float, **options: Any) -> Array:
        """Complex numbers, whose parts PyTorch draws as real numbers side by side."""
        lengths = (shape,) if isinstance(shape, int) else tuple(shape)
        parts: Array = draw((*lengths, 2), f"f{dtype.itemsize // 2}", *bounds, **options)
        return parts.view(dtype)[..., 0]

    def normal(
        self,
        shape: Shape,
        dtype: DTypeLike = np.float32,
        mean: float = 0.0,
        std: float = 1.0,
        *,
        contiguous: bool = True,
    ) -> Array:
        """Draw from the normal distribution; ``torch.randn``, ``Tensor.normal_``.

        PyTorch fills 16 or more contiguous elements in blocks of float uniforms, and fewer, or a strided view
        (``contiguous=False``), one pair of float64 samples after the other, keeping the spare one for the
        next call.

        Source: Box and Muller 1958; https://pytorch.org/docs/stable/generated/torch.Tensor.normal_.html
        """
        count = element_count(shape)
        if mean == 0 and std == 1:  # as most are
            if count < 16 and (dtype is FLOAT32 or dtype is FLOAT64):
                return np.array(self._few_normals(count), dtype).reshape(shape)
            if count >= 16 and contiguous and dtype is FLOAT32:
                return self._normals_in_blocks(count, FLOAT32).reshape(shape)
        if np.dtype(dtype).kind == "c":  # half of the variance lies in each part
            # (and PyTorch leaves the mean out)
            return self._of_parts(self.normal, shape, np.dtype(dtype), 0.0, std / math.sqrt(2), contiguous=contiguous)
        dtype = floating_dtype("normal", dtype)
        if not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        if count < 16 or not contiguous:
            return converted(self._normals_in_pairs(count, mean, std), dtype).reshape(shape)
        out = self._normals_in_blocks(count, dtype)
        if mean != 0 or std != 1:
            fused = fused_multiply_add if dtype == np.float64 else fused_multiply_add32
            out = fused(out, std, mean)
        return out.astype(dtype, copy=False).reshape(shape)

    def _normals_in_blocks(self, count: int, dtype: np.dtype[Any]) -> Array:
        """Blocks of 16; when some elements are left over, the last 16 are drawn afresh."""
        if count < BULK and dtype == FLOAT32:
            rows, words = (count // 16, 16) if count % 16 == 0 else (1, count + 16)
            return self._engine.numbers(normal_rows, words, rows)
        from .box_muller import normal_blocks

        rest = count % 16
        # Float16 works through a buffer of 16, so that PyTorch never draws for the rest itself.
        drawn = count - rest if dtype == np.float16 else count
        total = drawn + 16 if rest else drawn
        uniform: Array = self._uniform64(total) if dtype == np.float64 else self._uniform32(total)
        if not rest:
            return normal_blocks(uniform)
        whole = count - rest
        uniform[whole : whole + 16] = uniform[drawn:].copy()
        samples = normal_blocks(uniform[: whole + 16])
        samples[count - 16 : count] = samples[whole:].copy()
        return samples[:count]

    def _normals_in_pairs(self, count: int, mean: float = 0.0, std: float = 1.0) -> NDArray[np.float64]:
        """Pairs in float64, beginning with the spare sample of the call before."""
        if count < 16:
            samples = np.array(self._few_normals(count))
        else:
            spare = self._spare
            missing = count if spare is None else count - 1
            uniform = self._uniform64(missing + missing % 2)
            self._spare = None  # only now: drawing may be refused
            from .box_muller import box_muller_pairs

            samples = box_muller_pairs(uniform)
            if missing % 2:
                self._spare = box_muller_pair(*uniform[-2:].tolist())[1]  # NumPy's may differ in the last bit
                samples = samples[:-1]
            if spare is not None:
                samples = np.append(spare, samples)
        return samples if mean == 0 and std == 1 else fused_multiply_add(samples, std, mean)

    def _few_normals(self, count: int) -> list[float]:
        """The same for less than 16, by the C library's functions, without NumPy's cost per call."""
        if not count:
            return []
        spare = self._spare
        samples = [] if spare is None else [spare]
        missing = count - len(samples)
        words = iter(self._engine.raw(2 * (missing + missing % 2)).tolist())
        for high1, low1, high2, low2 in zip(words, words, words, words, strict=True):
            u1, u2 = (high1 & _LOW21) << 32 | low1, (high2 & _LOW21) << 32 | low2
            samples += box_muller_pair(u1 * _STEP53, u2 * _STEP53)
        self._spare = samples.pop() if missing % 2 else None
        return samples

    def truncated_normal(
        self,
        shape: Shape,
        dtype: DTypeLike = np.float32,
        mean: float = 0,
        std: float = 1,
        a: float = -2,
        b: float = 2,
        *,
        contiguous: bool = True,
    ) -> Array:
        """Draw normals inside of [a, b] by rejection, as ``torch.nn.init.trunc_normal_`` does.

        Source: https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_
        """
        dtype = floating_dtype("truncated_normal", dtype)
        if normal_cdf((b - mean) / std) - normal_cdf((a - mean) / std) <= 0.3:
            return self._truncated_tail(shape, dtype, mean, std, a, b)
        out = self.normal(shape, dtype, mean, std, contiguous=contiguous)
        low, high = dtype.type(a), dtype.type(b)
        if dtype == FLOAT32 and contiguous and out.size >= BULK:
            self._draw_again(out.reshape(-1), mean, std, low, high)
            return out
        while True:
            rejected = (out < low) | (out > high)
            if not rejected.any():
                return out
            out = np.where(rejected, self.normal(shape, dtype, mean, std, contiguous=contiguous), out)

    def _draw_again(self, out: Array, mean: float, std: float, low: Any, high: Any) -> None:
        """Draw normals for all elements until each has been in [low, high]; only those that are wanted are computed."""
        places = np.flatnonzero((out < low) | (out > high))
        while places.size:
            words = self._engine.words32(out.size + 16 if out.size % 16 else out.size)
            from .box_muller import normals_at

            values = normals_at(places, out.size, words)
            if mean != 0 or std != 1:
                values = fused_multiply_add32(values, std, mean)
            out[places] = values
            places = places[(values < low) | (values > high)]

    def _truncated_tail(
        self, shape: Shape, dtype: np.dtype[Any], mean: float, std: float, a: float, b: float
    ) -> Array:
        """Where few normals fall into [a, b], take uniform candidates with the odds of the density."""
        log_peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
        out = np.zeros(shape, dtype)
        pending = np.ones(shape, np.bool_)
        while pending.any():
            candidates = self.uniform(shape, dtype, a, b)
            out = np.where(pending, candidates, out)
            log_odds = ((candidates - mean) / std) ** 2 * -0.5 - log_peak
            with np.errstate(divide="ignore"):
                pending &= np.log(self.uniform(shape, dtype)) > log_odds
        return out

    def exponential(self, shape: Shape, dtype: DTypeLike = np.float32, lambd: float = 1.0) -> Array:
        """Draw from the exponential distribution: ``-log(1 - u) / lambd``; ``Tensor.exponential_``."""
        count = element_count(shape)
        if lambd == 1 and count < _FEW and dtype is FLOAT32:
            return np.array([-math.log1p(-u) for u in self._few_uniform64(count)], FLOAT32).reshape(shape)
        dtype = floating_dtype("exponential", dtype)
        if not lambd > 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
        if lambd == 1 and count < BULK // 2 and dtype is FLOAT32:
            return self._engine.numbers(exponential_rows, 2, count).reshape(shape)
        out = self._uniform64(count)
        np.negative(out, out=out)
        np.log1p(out, out=out)
        out *= -1.0 / lambd
        return converted(out, dtype).reshape(shape)

    def cauchy(
        self, shape: Shape, dtype: DTypeLike = np.float32, median: float = 0.0, sigma: float = 1.0
    ) -> Array:
        """Draw from the Cauchy distribution: ``median + sigma * tan(pi (u - 1/2))``; ``Tensor.cauchy_``."""
        dtype = floating_dtype("cauchy", dtype)
        if not sigma > 0:
            raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
        out = self._uniform64(element_count(shape))
        out -= 0.5
        out *= math.pi
        np.tan(out, out=out)
        return converted(fused_multiply_add(out, sigma, median), dtype).reshape(shape)

    def log_normal(
        self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 1.0, std: float = 2.0
    ) -> Array:
        """Draw ``exp`` of normals, always in pairs; ``Tensor.log_normal_``."""
        dtype = floating_dtype("log_normal", dtype)
        if not std > 0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
        with np.errstate(over="ignore"):
            out = np.exp(self._normals_in_pairs(element_count(shape), mean, std))
        return converted(out, dtype).reshape(shape)

    # --- discrete distributions

    def random_integers(self, low: int, high: int | None, shape: Shape, dtype: DTypeLike = np.int64) -> Array:
        """Draw integers from [low, high): ``word mod (high - low) + low``; ``torch.randint``, ``random_``.

        With ``high=None`` the range ends with the largest value of ``dtype``, or the largest integer up to
        which a floating dtype holds them all.

        Example:
            >>> Generator().manual_seed(0).random_integers(0, 10, 5)
            array([4, 9, 3, 0, 3])
        """
        count = element_count(shape)
        if dtype is INT64 and high is not None and 0 < high - low < _WIDE_RANGE and abs(low) < 1 << 62 and count < BULK:
            few: Array = (self._engine.raw(count) % np.array(high - low, np.uint64)).view(INT64)
            if low:
                few += low
            return few.reshape(shape)
        dtype = np.dtype(dtype)
        low, span = integer_range(operator.index(low), high, dtype)
        if span >= _WIDE_RANGE:
            words = self._engine.words64(count)
            integers = (words if span == 1 << 64 else remainder(words, np.uint64(span))).view(np.int64)
        else:
            integers = remainder(self._engine.words32(count), np.uint32(span)).view(np.int32)
            if not low:
                return converted(integers, dtype).reshape(shape)
            integers = integers.astype(np.int64)
        if low and span != 1 << 64:
            integers += low
        return converted(integers, dtype).reshape(shape)

    def random(self, shape: Shape, dtype: DTypeLike = np.int64) -> Array:
        """Draw from all of an integer dtype's values from 0 on, or a floating dtype's exact integers.

        This is ``Tensor.random_()``: ``word mod (largest + 1)``, of two words for int64 and float64.
        """
        dtype = np.dtype(dtype)
        if dtype.kind not in "biuf" or dtype in (np.uint16, np.uint32, np.uint64):
            raise NotImplementedError(f"random_: not implemented for {dtype}; draw int64 and convert")
        values = largest_integer(dtype) + 1
        count = element_count(shape)
        if dtype in (np.int64, np.float64):
            integers: Array = remainder(self._engine.words64(count), np.uint64(values)).view(np.int64)
        else:
            integers = remainder(self._engine.words32(count), np.uint32(values)).view(np.int32)
        return converted(integers, dtype).reshape(shape)

    def permutation(self, count: int) -> NDArray[np.int64]:
        """Shuffle ``0 .. count - 1``: swap ``i`` with ``i + word mod (count - i)``; ``torch.randperm``.

        Example:
            >>> Generator().manual_seed(0).permutation(4)
            array([0, 1, 3, 2])
        """
        count = operator.index(count)
        if count < 0:
            raise RuntimeError(f"permutation: n must be non-negative, got {count}")
        if count >= _LARGEST_PERMUTATION:
            raise NotImplementedError(
                f"permutation: expected fewer than {_LARGEST_PERMUTATION} elements, got {count}"
            )
        if count < _FEW_SWAPS:
            few = list(range(count))
            words = self._engine.raw(count - 1).tolist() if count > 1 else []
            for i, word in enumerate(words):
                j = i + word % (count - i)
                few[i], few[j] = few[j], few[i]
            return np.array(few, INT64)
        # counted from 1, as LAPACK counts; the last entry stays where it is
        if count <= BULK:
            partners: Any = (self._engine.raw(count - 1) % _DOWN[-count:-1]).view(INT64)
            partners += _UP[: count - 1]
        else:
            partners = np.arange(1, count)
            partners += self._engine.words32(count - 1) % np.arange(count, 1, -1, dtype=np.uint32)
        items = exchanged(partners, count)
        return shuffled(np.append(partners - 1, count - 1)) if items is None else items

    def bernoulli_scalar(self, p: float, shape: Shape) -> NDArray[np.bool_]:
        """Draw True with probability ``p``: float64 ``u < p``; ``Tensor.bernoulli_(p)``, dropout's mask."""
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
        words = self._engine.words64(element_count(shape))
        words &= _MASK53
        # The comparison of integers is the exact one of `word * 2**-53 < p`.
        return np.less(words, np.uint64(math.ceil(p * 2.0**53))).reshape(shape)

    def bernoulli_array(self, p: Array) -> NDArray[np.bool_]:
        """Draw True with each element's own probability: ``u < p``, in float64 for float64, else float32.

        This is ``torch.bernoulli(p)`` and ``Tensor.bernoulli_(p)`` with a tensor.
        """
        p = np.asarray(p)
        if p.size < _FEW and p.dtype is FLOAT32:
            odds = p.reshape(-1).tolist()
            if not odds or (min(odds) >= 0 and max(odds) <= 1 and sum(odds) <= p.size):  # (the sum finds nan)
                words = self._engine.raw(p.size).tolist()
                few = [(word & 0xFFFFFF) * 2.0**-24 < each for word, each in zip(words, odds, strict=True)]
                return np.array(few, np.bool_).reshape(p.shape)
        if p.dtype is not FLOAT32:
            floating_dtype("bernoulli", p.dtype)
        if not _are_odds(p):
            raise RuntimeError(f"bernoulli: expected all p in [0, 1], got values from {p.min()} to {p.max()}")
        uniform: Array = self._uniform64(p.size) if p.dtype == np.float64 else self._uniform32(p.size)
        drawn: NDArray[np.bool_] = np.less(uniform.reshape(p.shape), p)
        return drawn

    def geometric(self, shape: Shape, dtype: DTypeLike = np.float32, p: float = 0.5) -> Array:
        """Draw numbers of trials up to a success: ``ceil(log u / log(1 - p))``; ``Tensor.geometric_``."""
        if not 0 < p < 1:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
        out = self._uniform64(element_count(shape))
        with np.errstate(divide="ignore"):
            np.log(out, out=out)
        out /= math.log1p(-p)
        np.ceil(out, out=out)
        return converted(out, np.dtype(dtype)).reshape(shape)

    def poisson(self, rate: Array) -> Array:
        """Draw Poisson numbers of each element's rate, in its dtype; ``torch.poisson``.

        How many uniforms a sample takes depends on their values, so this is a loop over the elements.
        """
        rate = np.asarray(rate)
        dtype = floating_dtype("poisson", rate.dtype)
        if rate.size and not rate.min() >= 0:
            raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
        samples = [poisson(value, self._uniform64) for value in rate.reshape(-1).tolist()]
        return np.array(samples, dtype=dtype).reshape(rate.shape)

    def multinomial(self, weights: Array, num_samples: int, replacement: bool = False) -> NDArray[np.int64]:
        """Draw indices with probabilities proportional to rows of ``weights``; ``torch.multinomial``.

        With replacement, search the cumulative weights for float64 uniforms. Without, take the indices of the
        largest ``weight / e`` with exponential ``e`` (P. S. Efraimidis and P. G. Spirakis, "Weighted random
        sampling with a reservoir", 2006); where weights of zero have to be taken, PyTorch leaves their order
        open.
        """
        weights = np.asarray(weights)
        check_weights(weights, num_samples, replacement)
        if not weights.size:
            return np.zeros((*weights.shape[:-1], num_samples), np.int64)
        from .categories import categories_of, largest_keys

        if replacement and num_samples > 1:  # PyTorch takes the cheaper way of the two for a single sample
            rows = weights.reshape(-1, weights.shape[-1])
            uniform = self._uniform64(len(rows) * num_samples).reshape(len(rows), num_samples)
            return categories_of(rows, uniform).reshape(*weights.shape[:-1], num_samples)
        waits = in_memory_order(weights, lambda shape: self.exponential(shape, weights.dtype))
        token = ERRORS.set(IGNORED)
        keys = weights / waits
        ERRORS.reset(token)
        return largest_keys(keys, num_samples)


default_generator = Generator()
default_generator.seed()
