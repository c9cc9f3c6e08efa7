"""The elements under sliding windows as matrices that BLAS reads, with few copies: what convolutions are made of.

A convolution is the product of its weights with a matrix whose columns hold the elements under each window. Written
out whole, that matrix has each element once for every place in the kernel. Here only the shifts along the last
dimension are written out, as *strips*: of shape (images, groups, kernel columns, channels, rows, output columns). A
shift along the rows is then the same memory, read from further down: a view.

So a kernel of 3 x 3 needs 3 copies and 3 products that are added up, not 9 copies. Where a kernel column of all
channels is too short for a good product, the views are written out after all (`Strips` with `whole`).
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Lengths = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
Slices = tuple[slice, ...]
_EVERY = slice(None)

_TILE = 1_500_000  # bytes of strips and results that are soon found again; 800,000 take 3 to 6 % longer
_SMALL = 1_000_000  # OpenBLAS takes its quicker way, without packing, for products of so many multiply-adds
_FEW = 20_000  # so many elements under all windows are written out in one step
# And so many of one group, where they are copied in runs of this length: it takes 0.3 to 0.8 of the strips' time (4
# images of 4 x 25 x 25, 8 kernels of 3 x 3: 45 us instead of 72). Of small planes, so many times the length of a run,
# and at most twice as many.
_SOME, _RUN, _PLANE, _EACH = 100_000, 15, 1_000, 8_000
# Of so few windows in a row, all rows make a run together, which is worth it for shorter ones, too (16 images of
# 4 x 7 x 7, 8 kernels of 3 x 3: 125 us instead of 235). Volumes have so many strips that as many elements are worth it
# (4 x 8 x 8 x 8, 8 kernels of 3 x 3 x 3: 48 us instead of 84).
_SHORT, _RUNNING = 40, 60_000
_WHOLE = 40  # strips of fewer elements in a column are written out whole


@dataclass(frozen=True, eq=False)
class Window:
    """What a convolution's options and lengths come to. There are at least two dimensions; the last is the columns."""

    lengths: Lengths  # of the input's dimensions
    kernel: Lengths
    stride: Lengths
    dilation: Lengths
    padding: Pairs  # before and after; may be negative
    counts: Lengths  # of windows: the output's dimensions
    phases: Lengths  # along each dimension but the last: into how many interleaved parts the rows are taken apart
    rows: Lengths  # the rows in each
    fills: tuple[tuple[Lengths, Slices, Slices], ...]  # a phase, rows of it, and the input's rows that go there
    columns: tuple[tuple[int, slice, slice], ...]  # for each kernel column: the input's phase, where to, where from
    starts: tuple[tuple[Lengths, Lengths], ...]  # for each kernel row: its phase, and the first row
    shifts: Lengths | None  # of the kernel columns, where input and output are equally wide and nothing is skipped
    padded: bool  # some strips have elements beyond the edges
    around: tuple[Lengths, Any, Any] | None  # the lengths with padding, where in it the input goes, what of it; or None
    size: int  # elements in all windows of a plane
    plain: bool  # the input itself is the strips


def window_counts(lengths: Lengths, kernel: Lengths, stride: Lengths, dilation: Lengths, padding: Pairs) -> Lengths:
    """How many windows fit along each dimension (below 1 where not even one does)."""
    given = zip(lengths, kernel, stride, dilation, padding, strict=True)
    return tuple([(n + before + after - d * (k - 1) - 1) // s + 1 for n, k, s, d, (before, after) in given])


def fit(length: int, first: int, step: int, count: int) -> tuple[slice, slice]:
    """Of the places ``first + i * step``, those inside a dimension: the range of ``i``, and the places."""
    low = max(0, -(first // step))
    high = max(low, min(count, (length - 1 - first) // step + 1))
    start = first + low * step
    return slice(low, high), slice(start, start + (high - low - 1) * step + 1 if high > low else start, step)


def _around(lengths: Lengths, padding: Pairs) -> tuple[Lengths, Any, Any] | None:
    if not any(before or after for before, after in padding):
        return None
    wide = tuple([n + before + after for n, (before, after) in zip(lengths, padding, strict=True)])
    inside = [fit(n, -before, 1, m) for n, m, (before, _) in zip(lengths, wide, padding, strict=True)]
    to, source = zip(*inside, strict=True)
    return wide, (..., *to), (..., *source)


@functools.lru_cache(maxsize=512)
def window(lengths: Lengths, kernel: Lengths, stride: Lengths, dilation: Lengths, padding: Pairs) -> Window:
    """The window of a kernel over an input of two or more dimensions."""
    counts = window_counts(lengths, kernel, stride, dilation, padding)
    phases, rows = [], []
    parts: list[list[Any]] = []
    starts: list[list[Any]] = []
    for n, k, s, d, count, (before, _) in zip(lengths[:-1], kernel, stride, dilation, counts, padding, strict=False):
        # the row of output i and kernel row j is i * s + j * d: phase (j * d) % s, and there row i + (j * d) // s
        used = sorted({j * d % s for j in range(k)})
        need = (k - 1) * d // s + count
        phases.append(len(used))
        rows.append(need)
        parts.append([(used.index(phase), *fit(n, phase - before, s, need)) for phase in used])
        starts.append([(used.index(j * d % s), j * d // s) for j in range(k)])
    fills: list[Any] = [tuple(zip(*combination, strict=True)) for combination in itertools.product(*parts)]
    first: list[Any] = [tuple(zip(*combination, strict=True)) for combination in itertools.product(*starts)]
    width, wide, step = lengths[-1], counts[-1], stride[-1]
    firsts = [j * dilation[-1] - padding[-1][0] for j in range(kernel[-1])]
    columns = [(f % step, *fit(-(-(width - f % step) // step), f // step, 1, wide)) for f in firsts]
    full_columns = all(to == slice(0, wide) for _, to, _ in columns)
    full_rows = all(part[1] == slice(0, need) for dim, need in zip(parts, rows, strict=True) for part in dim)
    dense = all(s == 1 for s in stride)
    return Window(
        lengths, kernel, stride, dilation, padding, counts, tuple(phases), tuple(rows), tuple(fills), tuple(columns),
        starts=tuple(first),
        shifts=tuple(firsts) if dense and wide == width and kernel[-1] > 1 else None,
        padded=not (full_columns and full_rows),
        around=_around(lengths, padding),
        size=math.prod(kernel) * math.prod(counts),
        plain=dense and kernel[-1] == 1 and not any(before or after for before, after in padding),
    )  # fmt: skip


class Strips:
    """The strips of images in the matrices that products want, some images at a time.

    Args:
        over: the windows.
        groups: of channels, each in matrices of its own.
        size: images at a time.
        channels: of an image.
        dtype: of the elements.
        parts: into how many parts the columns of each matrix are cut.
        whole: write all shifts out, so that there is one matrix instead of one for each kernel row.
    """

    def __init__(
        self, over: Window, groups: int, size: int, channels: int, dtype: Any, parts: int = 1, whole: bool = False
    ) -> None:
        self.over, self.groups, self.parts = over, groups, parts
        share = channels // groups
        self.tall = over.kernel[-1] * share  # rows of a matrix: kernel columns and channels
        shape = (size, groups, over.kernel[-1], share, *over.phases, *over.rows, over.counts[-1])
        self.whole: Array | None = None
        if over.plain:
            return
        self.memory: Array = (np.zeros if over.padded else np.empty)(shape, dtype)
        self.matrices = self.views(self.memory)
        if whole:
            outer, (high, wide) = over.counts[:-2], over.counts[-2:]
            kinds = len(over.starts)
            self.whole = np.empty((size, groups, *outer, kinds, self.tall, high * wide), dtype)
            joined = self.whole.reshape(size, groups, *outer, 1, kinds * self.tall, high * wide)
            self.matrices = [cut(joined, parts)]
            self.rows = [rows[..., 0, :, :] for rows in self.views(self.memory, 1)]

    def views(self, memory: Array, parts: int | None = None) -> list[Array]:
        """For each kernel row the matrices (images, groups, *outer rows, parts, columns and channels, outputs)."""
        over = self.over
        parts = self.parts if parts is None else parts
        item, dims = memory.itemsize, len(over.rows)
        strides = memory.strides
        by_phase, by_row = strides[4 : 4 + dims], strides[4 + dims : -1]
        outer = over.counts[:-2]
        outputs = over.counts[-2] * over.counts[-1] // parts
        shape = (len(memory), self.groups, *outer, parts, self.tall, outputs)
        steps = (*strides[:2], *by_row[: len(outer)], outputs * item, strides[3], item)
        offsets = [_dot(phase, by_phase) + _dot(row, by_row) for phase, row in over.starts]
        return [np.ndarray(shape, memory.dtype, memory, offset, steps) for offset in offsets]

    def load(self, images: Array) -> list[Array]:
        """The matrices of these images, which lie in C order."""
        over, count = self.over, len(images)
        images = self._in_groups(images)
        if over.plain:
            return self.views(images.reshape(*images.shape[:2], 1, images.shape[2], *over.phases, *over.lengths))
        memory = self.memory[:count]
        if over.shifts is not None:
            _shift(memory, images, over)
        else:
            _copy(memory, images, over)
        if self.whole is not None:
            for kind, rows in enumerate(self.rows):
                self.whole[:count, ..., kind, :, :] = rows[:count]
        return self.matrices if count == len(self.memory) else [m[:count] for m in self.matrices]

    def _in_groups(self, images: Array) -> Array:
        return images.reshape(len(images), self.groups, images.shape[1] // self.groups, *images.shape[2:])

    def cleared(self, images: Array) -> list[Array]:
        """Matrices of zeros, to add up in what `unload` then adds to these images, which are zeros, too."""
        count = len(images)
        if self.over.plain:
            return self.load(images)
        self.memory[:count] = 0
        return self.matrices if count == len(self.memory) else [m[:count] for m in self.matrices]

    def unload(self, images: Array) -> None:
        """Add the strips up into images: the adjoint of `load` (not `whole`)."""
        if self.over.plain:
            return
        images = self._in_groups(images)
        for column, (phase, to, source) in enumerate(self.over.columns):
            for part, rows_to, rows_from in self.over.fills:
                target = images[..., phase :: self.over.stride[-1]][index(..., *rows_from, source)]
                target += self.memory[index(slice(len(images)), _EVERY, column, _EVERY, *part, *rows_to, to)]


def index(*parts: Any) -> Any:
    """An index into an array, of integers and slices."""
    return parts


def _dot(numbers: Lengths, steps: Lengths) -> int:
    return sum(n * step for n, step in zip(numbers, steps, strict=True))


def _copy(memory: Array, images: Array, over: Window) -> None:
    """Write the strips, a run of columns at a time."""
    apart = [images[..., phase :: over.stride[-1]] for phase in range(over.stride[-1])]
    if 1 < over.stride[-1] < over.kernel[-1]:  # each is read more than once
        apart = [np.ascontiguousarray(part) for part in apart]
    for column, (phase, to, source) in enumerate(over.columns):
        for part, rows_to, rows_from in over.fills:
            target = memory[index(_EVERY, _EVERY, column, _EVERY, *part, *rows_to, to)]
            target[...] = apart[phase][index(..., *rows_from, source)]


def _shift(memory: Array, images: Array, over: Window) -> None:
    """Write the strips where they are as wide as the images: whole planes, moved on, and their edges cleared."""
    width = over.lengths[-1]
    ((part, to, source),) = over.fills
    images = images[index(..., *source, _EVERY)]
    high = images.shape[-2]
    flat = images.reshape(*images.shape[:-2], high * width)
    for column, shift in enumerate(over.shifts or ()):
        target = memory[index(_EVERY, _EVERY, column, _EVERY, *part, *to)]
        plane = target.reshape(*target.shape[:-2], high * width)
        if abs(shift) >= width:
            target[...] = 0
        elif shift < 0:
            plane[..., -shift:] = flat[..., :shift]
            target[..., :-shift] = 0
        elif shift > 0:
            plane[..., :-shift] = flat[..., shift:]
            target[..., -shift:] = 0
        else:
            plane[...] = flat


# --- sizes -------------------------------------------------------------------------------------------------------


def cut(matrices: Array, parts: int) -> Array:
    """The columns of matrices (..., 1, rows, columns) cut into parts: (..., parts, rows, columns / parts), a view."""
    *outer, _, rows, columns = matrices.shape
    return matrices.reshape(*outer, rows, parts, columns // parts).swapaxes(-3, -2)


@functools.lru_cache(maxsize=512)
def parts_for(columns: int, work: int, least: int = 16) -> int:
    """Into how many parts, of at least so many columns, to cut columns of so much work that each product is small."""
    for parts in range(1, columns // least + 1):
        if columns % parts == 0 and work * (columns // parts) <= _SMALL:
            return parts
    return 1


def images_at_once(images: int, bytes_each: int) -> int:
    """How many images to treat together: as many as fit into the cache, in equal shares."""
    most = max(1, _TILE // max(bytes_each, 1))
    return max(1, -(-images // -(-images // most))) if images else 1


def is_small(over: Window, planes: int, groups: int) -> bool:
    """Whether so many planes have so few elements under windows that they are best written out in one step."""
    elements, run = planes * over.size, over.counts[-1]
    if elements <= _FEW or groups > 1:
        return elements <= _FEW
    if run < _RUN:
        return elements <= _RUNNING and (runs_on(over) or len(over.lengths) > 2)
    return elements <= (min(_EACH * run, 2 * _SOME) if math.prod(over.counts) <= _PLANE else _SOME)


def runs_on(over: Window) -> bool:
    """Whether windows are at all elements of short rows, so that they are written out in runs over all rows."""
    short = len(over.lengths) == 2 and over.counts[0] > 1 and over.counts[1] <= _SHORT
    return short and over.stride == (1, 1) and over.kernel[1] > 1


def is_thin(over: Window, channels: int) -> bool:
    """Whether the strips' matrices have too few rows for a good product, so that it is quicker to write out all."""
    return not over.plain and len(over.starts) > 1 and channels * over.kernel[-1] < _WHOLE


def bytes_of(over: Window, channels: int, outputs: int, item: int, whole: bool) -> int:
    """The memory that an image's strips and results take."""
    strips = channels * over.kernel[-1] * math.prod(over.phases) * math.prod(over.rows) * over.counts[-1]
    written = channels * math.prod(over.kernel) if whole else 0
    return item * (strips + math.prod(over.counts) * (outputs + written))


# --- arranging ---------------------------------------------------------------------------------------------------


def as_matrices(out: Array, groups: int, parts: int) -> Array:
    """An output (images, channels, *counts) as products give it, a view.

    That is (images, groups, *outer counts, parts, channels of a group, columns), where the last two dimensions are in
    the columns.
    """
    images, outputs, *outer, high, wide = out.shape
    apart = out.reshape(images, groups, outputs // groups, *outer, parts, high * wide // parts)
    return apart.transpose(0, 1, *range(3, apart.ndim - 1), 2, -1 % apart.ndim)


def weight_factors(weight: Array, groups: int, whole: bool) -> Array:
    """Weights as the factors of the strips' matrices: for each kernel row, or for all together, a matrix.

    Their shape is (kinds, groups, 1, ..., outputs of a group, rows of the strips' matrix).
    """
    outputs, group, *kernel = weight.shape
    rows = math.prod(kernel[:-1])
    apart = weight.reshape(groups, outputs // groups, group, rows, kernel[-1])
    kinds, order = (1, (0, 1, 3, 4, 2)) if whole else (rows, (3, 0, 1, 4, 2))
    ones = (1,) * (len(kernel) - 1)
    arranged = np.ascontiguousarray(apart.transpose(order))
    return arranged.reshape(kinds, groups, *ones, outputs // groups, weight[0].size // kinds)


def weights_of(factors: Array, shape: tuple[int, ...]) -> Array:
    """Weights from (kinds, groups, rows of the strips' matrix, outputs of a group), for single kernel rows."""
    outputs, group, *kernel = shape
    rows, groups = factors.shape[:2]
    apart = factors.reshape(rows, groups, kernel[-1], group, outputs // groups)
    # long runs are copied several times as quickly as those of a kernel's few columns
    arranged = np.ascontiguousarray(apart.transpose(0, 2, 1, 4, 3)).reshape(rows * kernel[-1], outputs * group)
    return np.ascontiguousarray(arranged.T).reshape(shape)
