"""Parameters that are stepped together: in blocks, in pieces, with gaps and changes; without garbage."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest
from optim_programs import OPTIONS, gradient, some, starts, step_through

import tinygrad_nn as tg
from tinygrad_nn import optim
from tinygrad_nn._core import blas
from tinygrad_nn.optim import block, bundle
from tinygrad_nn.optim.elementwise import ElementwiseOptimizer

CHOICES: list[tuple[str, dict[str, Any]]] = [
    *((name, options) for name in OPTIONS if name != "LBFGS" for options in some(name, 3)),
    ("Lion", {"weight_decay": 0.1}),
    ("LAMB", {"weight_decay": 0.1}),
    ("LARS", {"weight_decay": 0.1}),
]
BUNDLED = [(n, o) for n, o in CHOICES if issubclass(getattr(optim, n), ElementwiseOptimizer)]


def ids(value: Any) -> str:
    return value if isinstance(value, str) else "-".join(map(str, value.values()))


def run(name: str, options: dict[str, Any], dtype: str = "float32", steps: int = 15, alone: bool = False) -> list[Any]:
    """The parameters after some steps, in one optimizer or each in its own."""
    parameters = [tg.tensor(array, requires_grad=True) for array in starts(name, dtype)]
    make = getattr(optim, name)
    optimizers = [make([x], **options) for x in parameters] if alone else [make(parameters, **options)]

    class All:
        def step(self) -> None:
            for optimizer in optimizers:
                optimizer.step()

    step_through(tg, All(), parameters, dtype, range(steps))
    return parameters


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=ids)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_together_as_alone(name: str, options: dict[str, Any], dtype: str) -> None:
    """To the last bit: where a number stands in the flat arrays makes no difference."""
    for x, y in zip(run(name, options, dtype), run(name, options, dtype, alone=True), strict=True):
        assert tg.equal(x, y)


@pytest.mark.parametrize(("name", "options"), BUNDLED, ids=ids)
@pytest.mark.parametrize("limit", [1, 5, 16])
def test_in_pieces_as_whole(name: str, options: dict[str, Any], limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(name, options)
    monkeypatch.setattr(bundle, "LIMIT", limit)
    for x, y in zip(whole, run(name, options), strict=True):
        assert tg.equal(x, y)


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=ids)
def test_without_openblas(name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What OpenBLAS does in one pass, NumPy does in three: other roundings, in the last place."""
    expected = run(name, options, "float64")
    monkeypatch.setattr(block, "axpby", lambda dtype: None)
    monkeypatch.setattr(blas, "axpby", lambda dtype: None)
    tolerance = 1e-3 if name == "Muon" else 1e-12  # which rounds to eight bits
    for x, y in zip(expected, run(name, options, "float64"), strict=True):
        tg.testing.assert_close(x, y, rtol=tolerance, atol=tolerance)


def test_openblas_is_tried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library whose results depend on the place, or are wrong, is not used."""
    address = np.ctypeslib.ctypes.c_void_p

    def at(pointer: int, count: int) -> Any:
        kind = np.ctypeslib.ctypes.c_double * count
        return np.frombuffer(kind.from_address(pointer), np.float64)

    def right(n: int, a: float, x: int, i: Any, b: float, y: int, j: Any) -> None:
        at(y, n)[:] = a * at(x, n) + b * at(y, n)

    def wrong(n: int, a: float, x: int, i: Any, b: float, y: int, j: Any) -> None:
        at(y, n)[:] = a * at(x, n) + at(y, n)

    def uneven(n: int, a: float, x: int, i: Any, b: float, y: int, j: Any) -> None:
        right(n, a, x, i, b, y, j)
        at(y, n)[n // 8 * 8 :] *= 1 + 1e-15

    assert address is not None
    double = np.dtype(np.float64)
    assert blas._is_uniform(right, double)
    assert not blas._is_uniform(wrong, double)
    assert not blas._is_uniform(uneven, double)
    monkeypatch.setattr(blas, "openblas", lambda: None)
    assert blas.axpby.__wrapped__(double) is None
    x = np.ones(3)
    monkeypatch.setattr(blas, "axpby", lambda dtype: None)
    assert blas.add_scaled(x, 2.0, np.array([1.0, 2.0, 3.0])).tolist() == [3, 5, 7]


# --- types -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "options"), [c for c in BUNDLED if c[0] != "Rprop"], ids=ids)
def test_half_precision(name: str, options: dict[str, Any]) -> None:
    """Computed in single precision, rounded when stored: near what single precision gives."""
    options = {**options, **({"eps": 1e-3} if "eps" in options else {})}
    single, half = run(name, options, "float32", 5), run(name, options, "float16", 5)
    for x, y in zip(single, half, strict=True):
        assert y.dtype is tg.float16
        tg.testing.assert_close(x.detach(), y.detach().float(), rtol=0.02, atol=0.02)


def test_types_and_empty_parameters_side_by_side() -> None:
    shapes = [((3,), tg.float32), ((0, 2), tg.float32), ((2,), tg.float64), ((), tg.float16), ((2,), tg.complex64)]
    for name in ("SGD", "Adam", "Rprop", "Adagrad", "LAMB", "ASGD", "RMSprop"):
        xs = [tg.ones(shape, dtype=dtype).requires_grad_() for shape, dtype in shapes]
        optimizer = getattr(optim, name)(xs, lr=0.1)
        for x in xs:
            x.grad = tg.ones_like(x)
        optimizer.step()
        for x in xs:
            assert x.numel() == 0 or (x.detach().abs() < 1).all()


def test_refusal_of_fused_complex() -> None:
    x = tg.ones(2, dtype=tg.complex64, requires_grad=True)
    for name in ("SGD", "Adam", "AdamW", "Adagrad"):
        optimizer = getattr(optim, name)([x], lr=0.1, fused=True)
        x.grad = tg.ones(2, dtype=tg.complex64)
        with pytest.raises(RuntimeError, match="`fused=True` requires all the params to be floating point Tensors"):
            optimizer.step()


def test_infinite_gradients_warn_of_nothing() -> None:
    for name, options in CHOICES:
        x = tg.ones(2, 2, requires_grad=True)
        optimizer = getattr(optim, name)([x], **options)
        for value in (0.0, float("inf"), float("nan")):
            x.grad = tg.full((2, 2), value)
            optimizer.step()


def test_memory_that_must_not_be_written_to() -> None:
    array = np.ones(3, np.float32)
    array.flags.writeable = False
    for name in ("SGD", "Adam", "AdamW", "Lion"):
        x = tg.from_numpy(np.ones(3, np.float32)).requires_grad_()
        x._array = array
        x.grad = tg.ones(3)
        with pytest.raises(ValueError, match="read-only"):
            getattr(optim, name)([x], weight_decay=0.1).step()
        assert array.tolist() == [1, 1, 1]


# --- changes from outside ----------------------------------------------------------------------------------------


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The bundles that are made meanwhile."""
    found: list[Any] = []
    start = bundle.Bundle.__init__

    def noted(self: Any, *args: Any) -> None:
        found.append(self)
        start(self, *args)

    monkeypatch.setattr(bundle.Bundle, "__init__", noted)
    return found


def test_bundles_are_made_once(made: list[Any]) -> None:
    xs = [tg.ones(3, requires_grad=True) for _ in range(4)]
    optimizer = optim.Adam(xs, lr=0.1)
    for step in range(12):
        for number, x in enumerate(xs):
            x.grad = None if number == 3 and step % 2 else tg.ones(3)
        optimizer.step()
        optimizer.param_groups[0]["lr"] *= 0.9
    # all together; then three and, when it comes back, the one that now is behind
    assert [len(b.params) for b in made] == [4, 3, 3, 1]


def test_state_that_is_replaced_is_respected(made: list[Any]) -> None:
    x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    optimizer = optim.SGD([x, y], lr=1.0, momentum=0.5)

    def step() -> list[float]:
        before = [x.tolist()[0], y.tolist()[0]]
        x.grad = y.grad = tg.ones(2)
        optimizer.step()
        return [before[0] - x.tolist()[0], before[1] - y.tolist()[0]]

    assert step() == [1, 1]
    assert step() == [1.5, 1.5]
    optimizer.state[x]["momentum_buffer"].zero_()  # in place
    assert step() == [1, 1.75]
    assert len(made) == 1
    optimizer.state[x]["momentum_buffer"] = tg.full((2,), 8.0)  # another tensor
    assert step() == [5, 1.875]
    optimizer.state[x]["momentum_buffer"].data = tg.zeros(2)  # other memory
    assert step() == [1, 1.9375]
    optimizer.state[y] = {}  # from the start
    assert step() == [1.5, 1]
    optimizer.state.clear()
    assert step() == [1, 1]
    optimizer.state[x]["note"] = "kept"
    count = len(made)
    assert step() == [1.5, 1.5]
    assert optimizer.state[x]["note"] == "kept"
    assert len(made) == count


def test_parameters_that_come_and_go() -> None:
    xs = [tg.ones(2, requires_grad=True) for _ in range(3)]
    optimizer = optim.Adam(xs[:1], lr=0.1)
    for x in xs:
        x.grad = tg.ones(2)
    optimizer.step()
    optimizer.param_groups[0]["params"].append(xs[1])
    optimizer.step()
    optimizer.add_param_group({"params": xs[2], "lr": 1.0})
    optimizer.step()
    assert [optimizer.state[x]["step"].item() for x in xs] == [3, 2, 1]
    optimizer.param_groups[0]["params"] = xs[:1]
    optimizer.step()
    assert [optimizer.state[x]["step"].item() for x in xs] == [4, 2, 2]


def test_options_that_change_what_is_kept() -> None:
    x = tg.ones(2, requires_grad=True)
    optimizer = optim.RMSprop([x], lr=0.1)
    x.grad = tg.ones(2)
    optimizer.step()
    optimizer.param_groups[0]["momentum"] = 0.9
    optimizer.step()
    assert [*optimizer.state[x]] == ["step", "square_avg", "momentum_buffer"]
    optimizer.param_groups[0]["momentum"] = 0
    optimizer.step()
    assert optimizer.state[x]["step"].item() == 3
    assert [*optimizer.state[x]] == ["step", "square_avg", "momentum_buffer"]


def test_a_parameter_given_twice_is_stepped_once() -> None:
    x = tg.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = optim.SGD([x, x], lr=0.5, momentum=0.9)
    x.grad = tg.ones(2)
    optimizer.step()
    assert x.tolist() == [0.5, 0.5]


# --- memory ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "options"), list(dict(CHOICES).items()), ids=ids)
def test_memory_stays_flat(name: str, options: dict[str, Any]) -> None:
    """Over many steps, the peak of the second half is that of the first."""
    count = {"SGD": 5000, "Adam": 5000, "Muon": 300}.get(name, 1000)
    parameters = [tg.tensor(array, requires_grad=True) for array in starts(name, "float32")]
    optimizer = getattr(optim, name)(parameters, **options)
    gradients = [tg.tensor(gradient(0, n, tuple(x.shape), "float32")) for n, x in enumerate(parameters)]

    def steps(count: int) -> int:
        tracemalloc.reset_peak()
        for _ in range(count):
            for x, grad in zip(parameters, gradients, strict=True):
                x.grad = grad
            optimizer.step()
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        steps(20)
        gc.collect()
        first = steps(count)
        second = steps(count)
    finally:
        tracemalloc.stop()
    assert second <= first + 4096  # other threads allocate, too; a number kept in each step would be more


def test_a_step_allocates_no_arrays() -> None:
    """Nothing of the parameters' size: 60 of 10,000 numbers are 2.4 MB, and a step's peak is some kilobytes."""
    for name in ("SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop", "Adagrad", "Adadelta", "ASGD",
                 "Lion", "LAMB", "LARS"):  # fmt: skip
        xs = [tg.ones(100, 100, requires_grad=True) for _ in range(60)]
        for x in xs:
            x.grad = tg.ones(100, 100)
        optimizer = getattr(optim, name)(xs)
        optimizer.step()
        tracemalloc.start()
        try:
            optimizer.step()
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            optimizer.step()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak - before < 40_000, name


def test_scratch_memory_is_no_larger_than_a_block() -> None:
    x = tg.ones(3 * bundle.LIMIT, requires_grad=True)
    x.grad = tg.ones(3 * bundle.LIMIT)
    optimizer = optim.Adam([x])
    optimizer.step()
    assert all(len(array) <= bundle.LIMIT for arrays in optimizer._memory.values() for array in arrays)


def test_gradients_are_not_held() -> None:
    x = tg.ones(4, requires_grad=True)
    for name in ("SGD", "Adam", "Muon", "LBFGS"):
        x = tg.ones(2, 2, requires_grad=True)
        optimizer = getattr(optim, name)([x])
        x.grad = tg.ones(2, 2)
        array = x.grad._array
        optimizer.step(*([lambda: tg.tensor(0.0)] if name == "LBFGS" else []))
        optimizer.zero_grad()
        assert len(gc.get_referrers(array)) <= 1, name  # this frame
