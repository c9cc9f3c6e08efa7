"""Making tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, BOOL, COMPLEX, FLOATS, INTEGERS, arrays
from .table import Call, Draw, drawn

DTYPES = [np.dtype(t) for t in (*FLOATS, *INTEGERS, np.float16, np.int8, np.int16, *COMPLEX, *BOOL)]
NUMBERS = [0, 1, -1, 2.5, -0.5, True, 300, 1e10, float("inf"), float("nan"), 1 + 2j, 7, 1e-3]
REAL_NUMBERS = [number for number in NUMBERS if not isinstance(number, complex)]
SCALARS = [np.float32(1.5), np.float64(2.5), np.int32(3), np.int8(-1), np.float16(0.5)]


def options(draw: Draw, *more: str) -> dict[str, Any]:
    """Some of the options that most functions take."""
    values: dict[str, Any] = {
        "dtype": st.sampled_from(DTYPES), "requires_grad": st.booleans(), "device": st.sampled_from(["cpu", None]),
        "pin_memory": st.just(False),
    }  # fmt: skip
    return {name: draw(values[name]) for name in ("dtype", "requires_grad", *more) if draw(st.integers(0, 2)) == 0}


@st.composite
def nested(draw: Any, shape: tuple[int, ...], leaves: Any) -> Any:
    """Lists or tuples of a shape."""
    if not shape:
        return draw(leaves)
    kind = draw(st.sampled_from([list, list, tuple]))
    return kind(draw(nested(shape[1:], leaves)) for _ in range(shape[0]))


def data(draw: Draw, scalars: bool = True) -> Any:
    """Nested numbers: NumPy's only where no type is asked for, as PyTorch takes no NumPy float for an integer."""
    shape = draw(st.lists(st.integers(0, 3), max_size=3).map(tuple))
    kinds = [
        st.integers(-5, 5), st.floats(-5, 5, width=16), st.booleans(), st.sampled_from(REAL_NUMBERS),
        st.sampled_from(SCALARS if scalars else REAL_NUMBERS),
        st.one_of(st.booleans(), st.integers(-9, 9), st.floats(-3, 3, width=16)),
        st.complex_numbers(max_magnitude=3, allow_nan=False),
    ]  # fmt: skip
    made = draw(nested(shape, draw(st.sampled_from(kinds))))
    if draw(st.integers(0, 9)) == 9:
        made = draw(st.sampled_from([
            [[1, 2], [3]], [1, [2]], [[1], 2], "a", ["a"], None, [None], {1}, 2**63 - 1, range(3),
            [[], []], [[1, 2], []], b"ab", bytearray(b"ab"), [1, "a"], 1e300, [2**62, 1.5],
        ]))  # fmt: skip
    return made


@drawn("tensor", gradient=False, examples=250)
def tensor(draw: Draw) -> Call:
    given = options(draw, "device")
    return Call(data(draw, "dtype" not in given), **given)


@drawn("as_tensor", gradient=False, examples=60)
def as_tensor(draw: Draw) -> Call:
    given = options(draw, "device")
    given.pop("requires_grad", None)
    if draw(st.booleans()):
        return Call(draw(arrays(ANY)), **given)
    return Call(data(draw, "dtype" not in given), **given)


@drawn("asarray", gradient=False, examples=100)
def asarray(draw: Draw) -> Call:
    given = options(draw, "device")
    if draw(st.booleans()):
        given["copy"] = draw(st.sampled_from([None, True, False]))
    found = draw(arrays(ANY)) if draw(st.booleans()) else data(draw, "dtype" not in given)
    if isinstance(found, bytes | bytearray):
        found = bytearray(16)
    return Call(found, **given)


@drawn("Tensor.new_tensor", gradient=False, examples=60)
def new_tensor(draw: Draw) -> Call:
    return Call(draw(arrays(ANY)), data(draw, False), **options(draw))


@drawn("frombuffer", gradient=False, examples=60)
def frombuffer(draw: Draw) -> Call:
    buffer = bytearray(range(draw(st.integers(0, 24))))
    given: dict[str, Any] = {"dtype": draw(st.sampled_from([d for d in DTYPES if d.kind in "iu"]))}
    for name, low, high in (("count", -2, 4), ("offset", -1, 9)):
        if draw(st.booleans()):
            given[name] = draw(st.integers(low, high))
    return Call(buffer, **given)


def sizes(draw: Draw) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A size in one of the forms that it can be given in."""
    lengths = draw(st.lists(st.sampled_from([0, 1, 2, 3, 2, 3, -1]), max_size=3))
    if draw(st.integers(0, 15)) == 15:
        lengths = draw(st.sampled_from([[2.0], [True], ["a"], [None], [1, 2.5], [np.int64(2)]]))
    form = draw(st.sampled_from(["numbers", "tuple", "list", "keyword"]))
    if form == "numbers":
        return tuple(lengths), {}
    if form == "keyword":
        return (), {"size": tuple(lengths)}
    return ((tuple if form == "tuple" else list)(lengths),), {}


@drawn("zeros", "ones", gradient=False, examples=60)
def filled(draw: Draw) -> Call:
    args, given = sizes(draw)
    return Call(*args, **given, **options(draw, "device", "pin_memory"))


@drawn("empty", gradient=False, values=lambda x: [x.shape, x.dtype, x.requires_grad], forms=("function",))
def empty(draw: Draw) -> Call:
    return filled(draw)


@drawn("Tensor.new_zeros", "Tensor.new_ones", gradient=False, forms=("method",))
def new_filled(draw: Draw) -> Call:
    args, given = sizes(draw)
    return Call(draw(arrays(ANY)), *args, **given, **options(draw))


@drawn("Tensor.new_empty", gradient=False, forms=("method",), values=lambda x: [x.shape, x.dtype, x.requires_grad])
def new_empty(draw: Draw) -> Call:
    return new_filled(draw)


@drawn("empty_strided", gradient=False, forms=("function",), values=lambda x: [x.shape, x.dtype, x.stride()])
def empty_strided(draw: Draw) -> Call:
    size = draw(st.lists(st.integers(1, 3), max_size=3))
    count = draw(st.sampled_from([len(size), len(size), len(size), len(size) + 1]))
    stride = draw(st.lists(st.integers(1, 6), min_size=count, max_size=count))
    return Call(tuple(size), tuple(stride), **options(draw))


@drawn("empty_permuted", gradient=False, forms=("function",), values=lambda x: [x.shape, x.dtype, x.stride()])
def empty_permuted(draw: Draw) -> Call:
    size = draw(st.lists(st.integers(2, 4), max_size=3))
    order = draw(st.permutations(range(len(size))))
    if draw(st.integers(0, 5)) == 5:
        order = [*order[:-1], draw(st.integers(0, 3))]
    return Call(tuple(size), tuple(order), **options(draw))


def value(draw: Draw) -> Any:
    if draw(st.integers(0, 4)) == 0:
        return draw(arrays((*ANY, *COMPLEX), ()))
    return draw(st.sampled_from([*NUMBERS, *SCALARS, "a", None]))


@drawn("full", gradient=False, examples=100)
def full(draw: Draw) -> Call:
    size = draw(st.one_of(st.lists(st.integers(0, 3), max_size=3), st.lists(st.integers(0, 3), max_size=3).map(tuple)))
    given = options(draw, "device")
    if given.get("dtype") == np.float16:
        return Call(size, 300, **given)  # at times PyTorch takes numbers that are too large
    return Call(size, value(draw), **given)


@drawn("Tensor.new_full", gradient=False, forms=("method",), examples=60)
def new_full(draw: Draw) -> Call:
    return Call(draw(arrays(ANY)), tuple(draw(st.lists(st.integers(0, 3), max_size=2))), value(draw), **options(draw))


@drawn("zeros_like", "ones_like", gradient=False, values=lambda x: [x, x.is_contiguous()])
def filled_like(draw: Draw) -> Call:
    return Call(draw(arrays((*ANY, *COMPLEX))), **options(draw, "device"))


@drawn("empty_like", gradient=False, values=lambda x: [x.shape, x.dtype, x.requires_grad])
def empty_like(draw: Draw) -> Call:
    return filled_like(draw)


@drawn("full_like", gradient=False, examples=60)
def full_like(draw: Draw) -> Call:
    return Call(draw(arrays((*ANY, *COMPLEX))), value(draw), **options(draw))


@drawn("fill", examples=60, forms=("function", "inplace"))
def fill(draw: Draw) -> Call:
    if draw(st.booleans()):
        return Call(draw(arrays(FLOATS)), draw(arrays(FLOATS, max_dims=1)))
    return Call(draw(arrays((*ANY, *COMPLEX))), draw(st.sampled_from(NUMBERS)))


@drawn("zero", forms=("inplace",))
def zero(draw: Draw) -> Call:
    return Call(draw(arrays((*ANY, *COMPLEX))))


@drawn("Tensor.copy", forms=("inplace",), examples=100)
def copy(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *COMPLEX)))
    shape = draw(st.sampled_from([x.shape, x.shape[1:], (1, *x.shape[1:]), (2,), ()]))
    source = draw(arrays(ANY if x.dtype.kind != "c" else (*ANY, *COMPLEX), shape))
    return Call(x, source, *draw(st.sampled_from([(), (True,)])))


def bound(draw: Draw) -> Any:
    return draw(st.one_of(st.integers(-6, 6), st.floats(-4, 4, width=16), st.sampled_from([0.1, 0.3, 2.0])))


@drawn("arange", gradient=False, examples=200)
def arange(draw: Draw) -> Call:
    step = draw(st.one_of(st.integers(-3, 3), st.sampled_from([0.5, -0.5, 1.5, 2.5, 0.25])))
    first, last = bound(draw), bound(draw)
    kinds = [d for d in DTYPES if d.kind != "u" or min(first, last) >= 0]  # of which PyTorch wraps negative ones around
    given = {k: v for k, v in options(draw, "device").items() if k != "dtype" or v in kinds}
    wanted = given.get("dtype")
    if wanted is not None and wanted.kind in "iu" and int(step) == 0 and step:
        step = 1
    form = draw(st.sampled_from(["end", "both", "all", "keywords", "end keyword"]))
    if form == "end":
        return Call(abs(last), **given)
    if form == "both":
        return Call(first, last, **given)
    if form == "all":
        return Call(first, last, step, **given)
    if form == "keywords":
        return Call(start=first, end=last, step=step, **given)
    return Call(end=abs(last), **given)


@drawn("range", gradient=False, examples=60)
def range_(draw: Draw) -> Call:
    given = options(draw)
    if "dtype" in given and given["dtype"].kind in "iu":
        given["dtype"] = np.dtype(np.float64)  # for steps below 1 PyTorch divides by 0, and stops
    return Call(bound(draw), bound(draw), *draw(st.sampled_from([(), (2,), (-1,), (0.5,), (0,)])), **given)


def spaced(draw: Draw, kinds: str) -> tuple[list[Any], dict[str, Any]]:
    given = options(draw)
    if "dtype" in given and given["dtype"].kind not in kinds:
        del given["dtype"]
    ends = [bound(draw), bound(draw)]
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, 1))
        ends[place] = draw(arrays((*FLOATS, *INTEGERS), max_dims=1, domain=(0, 3)))
    steps = draw(st.sampled_from([5, 3, 1, 2, 0, 4, 7, -1, 2.5]))
    return [*ends, steps], given


@drawn("linspace", gradient=False, examples=150)
def linspace(draw: Draw) -> Call:
    args, given = spaced(draw, "fciub")
    if draw(st.booleans()):
        return Call(*args[:2], steps=args[2], **given)
    return Call(*args, **given)


@drawn("logspace", gradient=False, examples=100)
def logspace(draw: Draw) -> Call:
    args, given = spaced(draw, "fib")
    base = draw(st.sampled_from([None, 2, 10.0, 0.5, 3]))
    if "dtype" in given and given["dtype"].kind == "i":  # powers close to integers are cut off on either side
        args[:2], base = [draw(st.integers(0, 2)), draw(st.integers(3, 6))], 2
        args[2] = args[1] - args[0] + 1
    return Call(*args, **({} if base is None else {"base": base}), **given)


@drawn("eye", gradient=False)
def eye(draw: Draw) -> Call:
    counts = st.sampled_from([0, 1, 2, 3, -1, 2.0])
    if draw(st.booleans()):
        return Call(draw(counts), **options(draw))
    return Call(draw(counts), draw(counts), **options(draw))


@drawn("tril_indices", "triu_indices", gradient=False, examples=60)
def triangle(draw: Draw) -> Call:
    counts = st.sampled_from([0, 1, 2, 3, 4, 5, -1])
    given: dict[str, Any] = {}
    if draw(st.booleans()):
        given["dtype"] = np.dtype(draw(st.sampled_from([np.int32, np.int64])))
    if draw(st.booleans()):
        given["offset"] = draw(st.integers(-6, 6))
    return Call(draw(counts), draw(counts), **given)


@drawn("scalar_tensor", gradient=False)
def scalar_tensor(draw: Draw) -> Call:
    return Call(draw(st.sampled_from([*NUMBERS[:5], 7, 1 + 2j])), **options(draw))


@drawn("is_nonzero", "is_signed", "get_device")
def inquiry(draw: Draw) -> Call:
    return Call(draw(arrays((*ANY, *COMPLEX))))
