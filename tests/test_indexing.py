"""Indexing beside PyTorch: assignments through brackets, odd indices, ``out=``, and errors that change nothing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from calls.compare import Side, hold_same
from calls.drawing import arrays
from calls.indexing import SOME, brackets
from calls.table import Call, Drawn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_nn as tg

torch = pytest.importorskip("torch")


# --- assignments -------------------------------------------------------------------------------------------------


class Assigning(Side):
    """One of the two packages: writes through brackets."""

    def call(self, drawn: Drawn, call: Call, form: str, args: list[Any], options: dict[str, Any]) -> Any:
        target = args[0].clone() if args[0].requires_grad else args[0]
        base = target
        if form == "view":
            base = target.clone()
            target = base[...]
        elif form == "masked":
            target = base = target * 1
        target[args[1]] = args[2]
        return base, target


ASSIGNMENT = Drawn("__setitem__", lambda draw: Call(), True, True, (), 1.0, "", 400, None)


def unique(x: np.ndarray[Any, Any], index: Any) -> bool:
    """Whether an index names no place twice: else it is not defined which value stays."""
    try:
        places = torch.arange(x.size).reshape(x.shape)[Side(torch).convert(index, [])]
    except Exception:
        return True
    return bool(len(torch.unique(places)) == places.numel())


@settings(max_examples=500, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_assignment(data: Any) -> None:
    x = data.draw(arrays(SOME))
    index = data.draw(brackets(x))
    try:
        shape = tuple(torch.zeros(x.shape)[Side(torch).convert(index, [])].shape)
    except Exception:
        shape = ()
    if not unique(x, index):
        return
    if data.draw(st.booleans()):
        value: Any = data.draw(st.sampled_from([0, 1, -2.5, True, float("inf"), 1e300, 1j]))
    else:
        part = shape[data.draw(st.integers(0, len(shape))) :]
        part = tuple([1 if data.draw(st.integers(0, 4)) == 0 else n for n in part])
        if data.draw(st.integers(0, 9)) == 0:
            part = (*part, 2)
        value = data.draw(arrays([x.dtype], part))
    if any(i is False for i in (index if isinstance(index, tuple) else (index,))):
        return  # PyTorch does not look at the value then
    call = Call(x, index, value)
    form = data.draw(st.sampled_from(["plain", "view"]))
    theirs = Assigning(torch).answer(ASSIGNMENT, call, form, gradient=True, quiet=True)
    ours = Assigning(tg).answer(ASSIGNMENT, call, form, gradient=True, quiet=True)
    hold_same(ASSIGNMENT, f"x{call!r} as {form}", ours, theirs)


# --- what may stand in brackets ----------------------------------------------------------------------------------

ODD = [
    "x[np.array([0, 2])]", "x[np.array([0, 2], dtype=np.int16)]", "x[np.array([0, 2], dtype=np.uint16)]",
    "x[np.array([True, False, True])]", "x[np.int64(1)]", "x[np.bool_(True)]", "x[np.array(1)]", "x[np.array(True)]",
    "x[[0, 2]]", "x[[]]", "x[[0, 2], [1, 1]]", "x[[0, 2],]", "x[range(2)]", "x[range(0)]", "x[0, range(2)]",
    "x[((0, 1),)]", "x[((0, 1), (1, 2))]", "x[:, (0, 1)]", "x[[True, False, True]]", "x[[True, 0]]", "x[[0, True]]",
    "x[[False, 1, 2]]", "x[np.array([])]", "x[[np.int64(0), np.int64(1)]]",
    "x[T(1):T(3)]", "x[T(0.0):T(2)]", "x[1:2.5]", "x[::-1]", "x[::0]", "x[5:1]", "x[:10**30]", "x[10**30]",
    "x[T(1, dtype=L.int16)]", "x[T([1], dtype=L.int16)]", "x[T([1], dtype=L.int8)]", "x[T([1.0])]", "x[T([])]",
    "x[T([1], dtype=L.complex64)]", "x[1.0]", "x['a']", "x[{}]", "x[object()]", "x[1j]", "x[np.float64(1)]",
    "x[np.array(['a'])]", "x[3]", "x[-4]", "x[:, 4]", "x[0, 0, 0]", "x[:, :, :]", "x[..., ...]", "x[..., 0, ...]",
    "x[0, ..., ...]", "x[..., ..., 0]", "x[T([5])]", "x[T([-4])]", "x[T([0, 1]), T([0, 1, 2])]", "x[:, T([9])]",
    "x[T([True, False])]", "x[T([[True, False]])]", "x[:, T([True, False])]", "x[T([[[True]]])]",
    "x[T([True, False, True]), T([True, False, True, True])]", "x[True, T([0, 1])]", "x[False, T([0, 1])]",
    "x[T(True), T([0, 1])]", "x[True, True]", "z[0]", "z[:]", "z[...]", "z[None]", "z[()]", "z[True]", "z[False]",
    "z[T([0])]", "z[T(True)]", "e[0]", "e[T([0])]", "e[:, T([0])]", "y3[1, :, T([0, 1, 2])]", "y3[T([0, 1]), :, 1]",
    "y3[0, :, [0, 1]]", "y3[T([1]), :, T(1)]", "y3[T(1), :, T(1)]", "y3[:, T([0, 1]), T([0, 1])]",
    "y3[T([0, 1]), None, T([0, 1])]", "y3[T([0, 1]), ..., T([0, 1])]", "y3[None, T([[0], [1]]), :, T([0, 1, 1])]",
    "y3[:, T([0, 1]), ..., T([0, 1])]", "y3[1:, 1, T([[True] * 4] * 3)[0]]", "x[L.Size([1, 2])]",
    "len(z)", "iter(z)", "len(x)", "[r.tolist() for r in x]", "T(5.0) in x", "T([5.0, 6.0]) in x", "5 in x",
    "np.float32(5) in x", "np.zeros(1) in x", "[1] in x", "x.item()", "L.zeros(0).item()", "L.zeros(2, 0).tolist()",
    "x[0]._is_view()", "x[True]._is_view()", "x[None]._is_view()", "x[()]._is_view()", "x[T(1)]._is_view()",
    "next(iter(x))._is_view()", "x.clone().map_(x, lambda a, b: a + 2 * b)", "x.clone().apply_(lambda a: a * 2)",
    "x.clone().map_(T([1.0, 2.0, 3.0, 4.0]), lambda a, b: a * b)", "x.clone().map2_(x, x, lambda a, b, c: a + b + c)",
    "x.long().apply_(lambda a: a * 2.5)", "x.clone().apply_(lambda a: 'a')", "x.clone().apply_(3)",
    "(x > 3).apply_(lambda a: not a)", "x.clone().requires_grad_().apply_(lambda a: a)",
    "x.clone().map_(x.double(), lambda a, b: a)", "x.clone().map_(1, lambda a, b: a)",
    "x.clone().map_(L.ones(5), lambda a, b: a)", "x.clone().map2_(x.long(), x, lambda a, b, c: a)",
    "x.clone().apply_(lambda a: None)", "x.clone().apply_(lambda a: T(2.0))", "x.long().apply_(lambda a: True)",
    "L.repeat_interleave(T([1, 2, 0]))", "L.repeat_interleave(T([1, 2, 0], dtype=L.int32))",
    "L.repeat_interleave(T([1, 2, 0]), output_size=3)", "L.repeat_interleave(T([1, 2]), output_size=4)",
    "L.repeat_interleave(T([1.0, 2.0]))", "L.repeat_interleave(T([[1, 2]]))", "L.repeat_interleave(T([1, -2]))",
    "L.repeat_interleave(x, [1, 2, 0], 0)", "L.repeat_interleave(x, 2.0, 0)", "L.repeat_interleave(x, True, 0)",
    "x.repeat(1.0, 1)", "x.repeat(2)", "z.repeat(())", "x.tile(2)", "x.repeat(T(2), 1)", "L.where(x > 3, x)",
    "L.where(x > 3, self=1, other=x)", "L.where(condition=x > 3, input=x, other=0)", "L.where([True], x, x)",
    "L.where(True, x, x)", "L.where(x > 3, x, 'a')", "L.where(x > 3, x, None)", "L.where(x > 3, np.float32(2), x)",
    "x.where(x > 3)", "x.where(condition=x > 3, other=1)",
    "L.index_select(x, 0, [1])", "L.index_select(x, True, T([0]))",
    "L.scatter(x, 1, T([[0, 1]]))", "L.scatter(x, 1, T([[0, 1]]), value=T(7.0))",
    "x.index_put((None, T([0])), T(5.0))", "x.index_put(T([0]), T(5.0))", "x.index_put(([0, 1],), T(5.0))",
    "x.index_put((T([0]),), 5.0)", "x.index_put((), T(5.0))", "L.index_put_(x.clone(), (T([0]),), T(5.0))",
    "x.index_fill(0, T([0]), value=3)", "x.index_fill(0, T([0]), 'a')", "L.narrow(x, 0, T(1), 2)",
    "L.narrow(x, 0, T([1]), 2)", "L.narrow(x, 0, T(1.0), 2)", "L.narrow(x, 0, 1, T(1))", "L.select(x, 0, 1.5)",
    "L.select(x, 0, T(1))", "L.nonzero_static(x > 9, 3)", "L.unravel_index(T(12), (3, 4))",
    "L.masked_fill(x, x > 3, 'a')", "L.gather(x, 1, [[0]])", "L.scatter_add(x, 1, T([[0]]), 7)",
    "x.clone().scatter_(1, T([[0, 1]]), 2.5)", "x.index_add_(0, T([0, 1, 2]), x)", "x.scatter_add_(1, T([[0, 1]]), x)",
    "x.index_copy_(0, T([0, 1, 2]), x)", "x.index_put_((T([0, 1, 2]),), x)", "x.put_(T([0]), x[0, 0])",
    "x.clone().masked_fill_(T([[[True]]]), 1)", "x.clone().masked_fill_(x > 1, x[0, 0])",
]  # fmt: skip


def names(library: Any) -> dict[str, Any]:
    return {
        "L": library, "T": library.tensor, "np": np, "x": library.arange(12.0).reshape(3, 4),
        "z": library.tensor(5.0), "e": library.zeros(0, 3), "y3": library.arange(24).reshape(2, 3, 4),
    }  # fmt: skip


def answer(library: Any, text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result: Any = eval(text, names(library))
        except Exception as error:
            kind = type(error)
            return kind if kind.__module__ == "builtins" else kind.__mro__[1]
    results = result if isinstance(result, tuple) else (result,)
    return [(str(r.dtype), tuple(r.shape), r.tolist()) if isinstance(r, library.Tensor) else r for r in results]


@pytest.mark.parametrize("text", ODD)
def test_as_pytorch(text: str) -> None:
    assert answer(tg, text) == answer(torch, text)


def test_lists_that_stand_for_tuples_warn() -> None:
    x = tg.arange(12.0).reshape(3, 4)
    for index, expected in [([[0, 2], [1, 1]], [1.0, 9.0]), ([tg.tensor(0), tg.tensor(2)], 2.0),
                            ([slice(0, 1)], [[0.0, 1.0, 2.0, 3.0]]), ([0, [1]], [1.0])]:  # fmt: skip
        with pytest.warns(UserWarning, match="non-tuple sequence"):
            assert x[index].tolist() == expected


def test_masks_of_bytes_warn() -> None:
    x = tg.arange(3.0)
    with pytest.warns(UserWarning, match=r"torch\.uint8 is now deprecated"):
        assert x[tg.tensor([1, 0, 1], dtype=tg.uint8)].tolist() == [0.0, 2.0]
    with pytest.warns(UserWarning, match=r"torch\.uint8 is now deprecated"):
        x[tg.tensor([1, 0, 1], dtype=tg.uint8)] = 7
    assert x.tolist() == [7.0, 1.0, 7.0]
    with pytest.warns(UserWarning, match="uint8 condition"):
        assert tg.where(tg.tensor([1, 0, 1], dtype=tg.uint8), x, 0).tolist() == [7.0, 0.0, 7.0]


# --- out= and errors ---------------------------------------------------------------------------------------------

WITH_OUT = [
    "L.index_select(x, 0, T([0, 2]), out=out)", "L.index_add(x, 0, T([0, 2]), x[:2], out=out)",
    "L.index_copy(x, 0, T([0, 2]), x[:2], out=out)", "L.index_reduce(x, 0, T([0, 2]), x[:2], 'prod', out=out)",
    "L.gather(x, 1, T([[0], [1]]), out=out)", "L.scatter(x, 1, T([[0], [1]]), 5, out=out)",
    "L.scatter(x, 1, T([[0], [1]]), x[:2, :1], out=out)", "L.scatter_add(x, 1, T([[0], [1]]), x[:2, :1], out=out)",
    "L.scatter_reduce(x, 1, T([[0], [1]]), x[:2, :1], 'amax', out=out)", "L.masked_select(x, x > 3, out=out)",
    "L.take(x, T([1, 2]), out=out)", "L.take_along_dim(x, T([[0]]), 1, out=out)", "L.where(x > 3, x, -x, out=out)",
    "L.narrow_copy(x, 0, 1, 2, out=out)", "L.nonzero(x, out=out.long())", "L.nonzero_static(x, size=2, out=out.long())",
]  # fmt: skip


@pytest.mark.parametrize("text", WITH_OUT)
@pytest.mark.filterwarnings("ignore:index_reduce.. is in beta")
def test_out(text: str) -> None:
    found = []
    for library in (tg, torch):
        out = library.empty(0)
        result = eval(text, {**names(library), "out": out})
        assert "out.long()" in text or result is out
        found.append((str(result.dtype), result.tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("text", [text.replace(".long()", "") for text in WITH_OUT])
def test_out_of_another_type(text: str) -> None:
    for library in (tg, torch):
        out = library.zeros(2, dtype=library.float64)
        with pytest.raises(RuntimeError, match=r"(?i)out|result|scalar type"):
            eval(text, {**names(library), "out": out})
        assert out.tolist() == [0.0, 0.0]


REFUSED = [
    "x.index_add_(0, T([0, 5]), L.ones(2, 4))", "x.index_add_(0, T([0, 1]), L.ones(2, 3))",
    "x.index_copy_(0, T([0, 5]), L.ones(2, 4))", "x.index_fill_(0, T([0, 5]), 1)", "x.index_fill_(0, T([0]), 1e300)",
    "x.index_put_((T([0, 5]),), T(1.0))", "x.index_put_((T([0, 1]),), L.ones(3, 4))", "x.put_(T([0, 99]), L.ones(2))",
    "x.index_reduce_(0, T([0, 5]), L.ones(2, 4), 'prod')", "x.scatter_(1, T([[0, 9]]), 5)",
    "x.scatter_add_(1, T([[0, 9]]), L.ones(1, 2))", "x.scatter_reduce_(1, T([[0, 9]]), L.ones(1, 2), 'sum')",
    "x.masked_fill_(x > 1, 1e300)", "x.masked_scatter_(x > 1, L.ones(2))", "x.masked_fill_(T([True, False]), 1)",
    "x.__setitem__(T([0, 5]), 1)", "x.__setitem__((T([0]), T([9])), 1)", "x.__setitem__(x > 1, L.ones(3))",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_refused_before_anything_is_changed(text: str) -> None:
    known = names(tg)
    before = known["x"].clone()
    with pytest.raises((RuntimeError, IndexError)):
        eval(text, known)
    assert tg.equal(known["x"], before)
    assert known["x"]._version == 0
    leaf = before.clone().requires_grad_()
    with pytest.raises((RuntimeError, IndexError)):
        eval(text.replace("9", "0").replace("5", "0"), {**known, "x": leaf})
    assert tg.equal(leaf.detach(), before)


def test_writes_to_saved_memory_are_noticed() -> None:
    x = tg.arange(4.0, requires_grad=True)
    index, y = tg.tensor([0, 1]), tg.arange(4.0)
    z = x * y
    y.index_fill_(0, index, 5.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()
    gathered = tg.gather(x, 0, index)
    index += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        gathered.sum().backward()


def test_index_may_change_after_it_was_used() -> None:
    x, index = tg.arange(4.0, requires_grad=True), tg.tensor([0, 1])
    y = x[index]
    index += 2
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("width", [None, 3, 40])
def test_gradients_of_many_repeated_rows(width: int | None) -> None:
    random = np.random.RandomState(0)
    shape = (50,) if width is None else (50, width)
    x, index = random.rand(*shape), np.concatenate([random.randint(0, 50, 300), np.full(200, 7)])
    weights = random.rand(*(500,) + shape[1:])
    leaf = tg.tensor(x, requires_grad=True)
    (leaf[tg.tensor(index)] * tg.tensor(weights)).sum().backward()
    expected = np.zeros(shape)
    np.add.at(expected, index, weights)
    np.testing.assert_allclose(leaf.grad.numpy(), expected, rtol=1e-12)


# Few rows of few numbers, odd and even; in layers; most of them repeated, few and many; with one row for nearly all.
@pytest.mark.parametrize(
    ("length", "count", "width"),
    [(9, 20, 5), (9, 20, 6), (500, 400, 100), (500, 401, 101), (40, 700, 64), (5, 3000, 33), (3, 900, 128)],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("skew", [1, 4])
def test_gradients_of_rows_by_index(length: int, count: int, width: int, dtype: Any, skew: int) -> None:
    rng = np.random.default_rng(0)
    index = (rng.random(count) ** skew * length).astype(np.int64)
    weights = rng.standard_normal((count, width)).astype(dtype)
    expected = np.zeros((length, width))
    np.add.at(expected, index, weights)
    close = {"rtol": 1e-5, "atol": 1e-4} if dtype is np.float32 else {"rtol": 1e-12, "atol": 1e-12}
    for pick in (
        lambda x: x.index_select(0, tg.tensor(index)), lambda x: x[tg.tensor(index - length)],
        lambda x: tg.nn.functional.embedding(tg.tensor(index), x),
    ):  # fmt: skip
        leaf = tg.zeros(length, width, dtype=tg.from_numpy(weights).dtype, requires_grad=True)
        pick(leaf).backward(tg.tensor(weights))
        np.testing.assert_allclose(leaf.grad.numpy(), expected, **close)
    ones = tg.ones(length, width, dtype=tg.from_numpy(weights).dtype)
    added = ones.index_add(0, tg.tensor(index), tg.tensor(weights))
    np.testing.assert_allclose(added.numpy(), expected + 1, **close)


def test_large_transposed_matrices_are_copied() -> None:
    matrix = np.random.default_rng(0).standard_normal((1500, 900)).astype(np.float32)
    copy = tg.from_numpy(matrix).t().contiguous()
    assert copy.is_contiguous()
    np.testing.assert_array_equal(copy.numpy(), matrix.T)


def test_numpy_functions() -> None:
    x = tg.arange(6.0, requires_grad=True).reshape(2, 3)
    array = x.detach().numpy()
    order = np.array([[2, 0], [1, 1]])
    for function, arguments in [
        (np.repeat, {"repeats": 2}), (np.repeat, {"repeats": [1, 2], "axis": 0}),
        (np.take_along_axis, {"indices": order, "axis": 1}),
        (np.take, {"indices": np.array([1, 0, 1]), "axis": 1}), (np.take, {"indices": np.array([5, 0])}),
        (np.argwhere, {}),
    ]:  # fmt: skip
        assert function(x, **arguments).tolist() == function(array, **arguments).tolist()
    gradient = tg.autograd.grad(np.repeat(x, [1, 2], axis=0).sum(), x)[0]
    assert gradient.tolist() == [[1.0] * 3, [2.0] * 3]
