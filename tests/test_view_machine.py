"""Random programs of views and writes, step by step beside PyTorch.

A machine holds pairs of tensors: PyTorch's and this package's, made by the same calls. Each step makes views of views,
writes through one of them, changes shapes in place, or goes backward; values, versions, gradients, flags and errors
must stay the same all along.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import tinygrad_nn as tg

torch = pytest.importorskip("torch", reason="compares with a live PyTorch")

MACHINES = 600
STEPS = 30
MOST = 14  # tensors at a time

Some = st.integers(0, 10_000)  # chooses one of the tensors there are
Small = st.integers(-3, 5)
Mostly = st.sampled_from([True, True, True, False])
Number = st.sampled_from([0.5, -1.0, 1.25, 0.0])


def outcome(function: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """What a call gives: a result, or an error."""
    try:
        return function(), None
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        return None, error


def same_error(what: str, ours: BaseException | None, theirs: BaseException | None, *, any_kind: bool = False) -> bool:
    """Whether both calls failed; that one alone does, or with another error, is the mistake looked for.

    Of two mistakes in one call, either may be reported: `any_kind`.
    """
    if theirs is None and ours is None:
        return False
    assert theirs is not None, f"{what}: raises {ours!r}; PyTorch does not"
    assert ours is not None, f"{what}: PyTorch raises {theirs!r}; here nothing does"
    by_autograd = any(words in f"{ours} {theirs}" for words in ("modified inplace", "in-place operation"))
    if not any_kind and not by_autograd:
        assert isinstance(ours, type(theirs)), f"{what}: {ours!r}; PyTorch: {theirs!r}"
    return True


def values(tensor: Any) -> np.ndarray[Any, Any]:
    """A tensor's numbers."""
    array: np.ndarray[Any, Any] = tensor.detach().numpy()
    return array


def place(array: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    """Where an array lies."""
    return array.__array_interface__["data"][0], array.strides, array.shape


def dense(array: np.ndarray[Any, Any]) -> bool:
    """Whether the elements fill a stretch of memory."""
    expected = array.itemsize
    for step, length in sorted(zip(array.strides, array.shape, strict=True)):
        if length != 1:
            if step != expected:
                return False
            expected *= length
    return True


def overlapping(array: np.ndarray[Any, Any]) -> bool:
    """Whether one element may be in several places: what a sum into it gives is then up to chance."""
    reached = 0
    for step, length in sorted(zip(array.strides, array.shape, strict=True)):
        if length > 1 and step:
            if step <= reached:
                return True
            reached += step * (length - 1)
    return False


def repeats(tensor: Any) -> bool:
    """Whether several elements are in one place because there is no step between them, as after expand()."""
    return any(step == 0 and n > 1 for step, n in zip(tensor.stride(), tensor.shape, strict=True))


def left_to_chance(target: Any, other: Any) -> bool:
    """Whether PyTorch would read and write the same memory in no certain order, without an error."""
    a, b = values(target), values(other)
    if not np.shares_memory(a, b) or place(a) == place(b):
        return False
    if a.shape == b.shape and 1 in a.shape:
        return True  # PyTorch compares strides that do not matter, and which NumPy chooses otherwise
    return not (dense(a) and dense(b))


class Views(RuleBasedStateMachine):
    """Pairs of tensors, and what can be done with them."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[Any, Any]] = []
        self.leaves: list[tuple[Any, Any]] = []
        self.log: list[str] = []

    @initialize(shape=st.sampled_from([(3, 4), (2, 3, 2), (6,), (4, 1), (1, 2, 3)]), turned=st.booleans())
    def begin(self, shape: tuple[int, ...], turned: bool) -> None:
        """Two leaves, a computed tensor of each kind, and a plain one."""
        count = int(np.prod(shape))
        for start in (0.3, -1.0):
            array = (np.arange(count) / 7 + start).reshape(shape)
            if turned and len(shape) > 1:
                array = np.ascontiguousarray(array.T).T
            pair = torch.tensor(0.0), tg.tensor(0.0)
            pair = torch.from_numpy(array.copy(order="K")), tg.from_numpy(array.copy(order="K"))
            for side in pair:
                side.requires_grad_()
            self.leaves.append(pair)
            self.pairs.append(pair)
            self.pairs.append((pair[0] * 1.0, pair[1] * 1.0))
        self.pairs.append((torch.zeros(shape, dtype=torch.float64), tg.zeros(shape, dtype=tg.float64)))

    # --- doing the same on both sides -----------------------------------------------------------------------------

    def pick(self, number: int) -> tuple[Any, Any]:
        """One of the pairs, later ones more often."""
        return self.pairs[-1 - number % len(self.pairs)]

    def pick_alike(self, number: int, pair: tuple[Any, Any]) -> tuple[Any, Any]:
        """Another pair of the same shape, if there is one; else, and at times, any."""
        alike = [p for p in self.pairs if p[0].shape == pair[0].shape and p is not pair]
        return alike[number % len(alike)] if alike and number % 5 else self.pick(number)

    def both(self, what: str, function: Callable[..., Any], *pairs: tuple[Any, Any], grad: bool = True) -> Any:
        """Call a function on PyTorch's tensors and on ours; the pair of results, or None after an error in both."""
        names = [next(i for i, known in enumerate(self.pairs) if known is pair) for pair in pairs]
        self.log.append(f"{what} {names}{'' if grad else ' no_grad'}")
        answers = []
        for side, package in enumerate((torch, tg)):
            with package.set_grad_enabled(grad):
                answers.append(outcome(lambda side=side: function(*[pair[side] for pair in pairs])))
        (theirs, their_error), (ours, our_error) = answers
        what = "; ".join(self.log)
        any_kind = what.rpartition("; ")[2].startswith("x[") and len(pairs) > 1
        return None if same_error(what, our_error, their_error, any_kind=any_kind) else (theirs, ours)

    def keep(self, made: Any) -> None:
        """Remember a new pair."""
        if made is None or made[0].numel() == 0 or made[0].numel() > 80:
            return
        assert tuple(made[0].shape) == tuple(made[1].shape), "; ".join(self.log)
        if len(self.pairs) >= MOST:
            self.pairs.pop(2)
        self.pairs.append(made)

    def keep_computed(self, made: Any) -> None:
        """Remember a new pair, if both lie in memory alike: a result's layout is NumPy's choice, or PyTorch's."""
        if made is not None and made[0].stride() == made[1].stride():
            self.keep(made)

    # --- views -----------------------------------------------------------------------------------------------------

    @rule(
        number=Some, a=Small, b=Small, c=st.integers(1, 3), grad=Mostly, right=Mostly,
        kind=st.sampled_from([
            "select", "slice", "narrow", "transpose", "t", "reshape", "view", "expand", "unsqueeze", "squeeze",
            "diagonal", "unfold", "as_strided", "detach", "data", "movedim", "flatten", "permute", "mT", "index_none",
            "view_as", "index_tuple", "unflatten",
        ]),
    )  # fmt: skip
    def view(self, number: int, kind: str, a: int, b: int, c: int, grad: bool, right: bool) -> None:
        """A view of a tensor."""
        pair = self.pick(number)
        x = pair[0]
        a = a % max(x.ndim, 1) if right else a
        take: dict[str, Callable[[Any], Any]] = {
            "select": lambda x: x.select(a, b),
            "slice": lambda x: x[b : b + 3 : c],
            "narrow": lambda x: x.narrow(a, abs(b) % 3, c),
            "transpose": lambda x: x.transpose(a, b),
            "t": lambda x: x.t(),
            "reshape": lambda x: x.reshape(-1) if c > 1 else x.reshape(2, -1),
            "view": lambda x: x.view(-1) if c > 1 else x.view(-1, 2),
            "expand": lambda x: x.expand(2, *x.shape) if c > 1 else x[..., :1].expand(x.shape),
            "unsqueeze": lambda x: x.unsqueeze(a),
            "squeeze": lambda x: x.squeeze(a) if c > 1 else x.squeeze(),
            "diagonal": lambda x: x.diagonal(b, 0, a),
            "unfold": lambda x: x.unfold(a, abs(b), c),
            "as_strided": lambda x: x.as_strided((2, c), (abs(b), 1), abs(a)),
            "detach": lambda x: x.detach(),
            "data": lambda x: x.data,
            "movedim": lambda x: x.movedim(0, a),
            "flatten": lambda x: x.flatten(),
            "permute": lambda x: x.permute(*range(x.ndim)[::-1]),
            "mT": lambda x: x.mT,
            "index_none": lambda x: x[None, ..., b],
            "view_as": lambda x: x.view_as(x),
            "index_tuple": lambda x: x[b, c:],
            "unflatten": lambda x: x.unflatten(a, (-1, c)),
        }
        if x.ndim > 4:
            return
        self.keep(self.both(f"{kind}({a}, {b}, {c})", take[kind], pair, grad=grad))

    @rule(number=Some, dim=Small, which=Some,
          kind=st.sampled_from(["split", "unbind", "chunk", "tensor_split", "iterate"]),
          grad=Mostly, right=Mostly)  # fmt: skip
    def pieces(self, number: int, kind: str, dim: int, which: int, grad: bool, right: bool) -> None:
        """One of several views."""
        dim = dim % max(self.pick(number)[0].ndim, 1) if right else dim
        take: dict[str, Callable[[Any], Any]] = {
            "split": lambda x: x.split(2, dim),
            "unbind": lambda x: x.unbind(dim),
            "chunk": lambda x: x.chunk(2, dim),
            "tensor_split": lambda x: x.tensor_split(2, dim),
            "iterate": lambda x: list(x),
        }
        found = self.both(f"{kind} {dim} {which}", take[kind], self.pick(number), grad=grad)
        if found is not None and found[0]:
            self.keep((found[0][which % len(found[0])], found[1][which % len(found[0])]))

    # --- computing ---------------------------------------------------------------------------------------------------

    @rule(number=Some, other=Some,
          kind=st.sampled_from(["mul", "add", "sin", "clone", "index", "cat", "where", "scale"]))  # fmt: skip
    def compute(self, number: int, other: int, kind: str) -> None:
        """A tensor with memory of its own."""
        pair = self.pick(number)
        second = self.pick_alike(other, pair)
        if kind in ("sin", "clone", "index", "scale"):
            take = {
                "sin": lambda x: x.sin(), "clone": lambda x: x.clone(), "scale": lambda x: x * 0.5,
                "index": lambda x: x[[0, -1]],
            }[kind]  # fmt: skip
            self.keep_computed(self.both(kind, take, pair))
            return
        fits = pair[0].shape == second[0].shape
        combine = {
            "mul": lambda x, y: x * (y if fits else y.sum()), "add": lambda x, y: x + (y if fits else y.mean()),
            "cat": lambda x, y: (tg if isinstance(x, tg.Tensor) else torch).cat([x, y]),
            "where": lambda x, y: x.where(x > 0, y if fits else y.mean()),
        }[kind]  # fmt: skip
        self.keep_computed(self.both(kind, combine, pair, second))

    # --- writing -----------------------------------------------------------------------------------------------------

    @rule(
        number=Some, other=Some, value=Number, grad=Mostly,
        kind=st.sampled_from(["add_", "mul_", "copy_", "sub_", "where", "scale_", "fill_", "zero_", "masked_fill_",
                              "sin_", "fill_diagonal_", "clamp_"]),
    )  # fmt: skip
    def write(self, number: int, other: int, kind: str, value: float, grad: bool) -> None:
        """A write through one of the tensors."""
        pair = self.pick(number)
        second = self.pick_alike(other, pair)
        if overlapping(values(pair[0])) and kind not in ("fill_", "zero_"):
            return
        if repeats(pair[0]) and (kind in ("masked_fill_", "copy_") or (grad and kind in ("fill_", "zero_"))):
            return  # PyTorch lets some of these pass, and then cannot go backward
        if kind in ("add_", "mul_", "copy_", "sub_"):
            constant = not second[0].requires_grad and np.shares_memory(values(pair[0]), values(second[0]))
            if left_to_chance(pair[0], second[0]) or (kind == "mul_" and (pair[0] is second[0] or constant)):
                return  # PyTorch refuses to go backward through x.mul_(x), and x.mul_(x.detach()); here that is right
            self.both(kind, lambda x, y: getattr(x, kind)(y), pair, second, grad=grad)
            return
        change: dict[str, Callable[[Any], Any]] = {
            "where": lambda x: x.mul_(x > 0),
            "scale_": lambda x: x.mul_(value),
            "fill_": lambda x: x.fill_(value),
            "zero_": lambda x: x.zero_(),
            "masked_fill_": lambda x: x.masked_fill_(x > value, 0.25),
            "sin_": lambda x: x.sin_(),
            "fill_diagonal_": lambda x: x.fill_diagonal_(value),
            "clamp_": lambda x: x.clamp_(-1, 1),
        }
        self.both(f"{kind}({value})", change[kind], pair, grad=grad)

    @rule(number=Some, other=Some, a=Small, kind=st.sampled_from(range(9)), with_tensor=st.booleans(),
          grad=Mostly, right=Mostly)  # fmt: skip
    def assign(self, number: int, other: int, a: int, kind: int, with_tensor: bool, grad: bool, right: bool) -> None:
        """``x[index] = value``, for all kinds of index."""
        pair, second = self.pick(number), self.pick(other)
        a = a % max([*pair[0].shape[:1], 1]) if right else a
        if overlapping(values(pair[0])):
            return

        def store(x: Any, y: Any) -> None:
            package = tg if isinstance(x, tg.Tensor) else torch
            indices = [
                a, slice(a, a + 2), (..., a), (slice(None), slice(0, 3, 2)), None, ..., [0, -1], x > 0.25,
                package.tensor([1, 0]),
            ]  # fmt: skip
            x[indices[kind]] = y

        if not with_tensor:
            self.both(f"x[{kind}: {a}] = 0.75", lambda x: store(x, 0.75), pair, grad=grad)
            return
        if np.shares_memory(values(pair[0]), values(second[0])) and (kind != 0 or (grad and repeats(pair[0]))):
            return
        self.both(f"x[{kind}: {a}] = y", lambda x, y: store(x, y if y.ndim < 2 else y[0]), pair, second, grad=grad)

    @rule(number=Some, a=Small, b=Small, right=Mostly,
          kind=st.sampled_from(["t_", "transpose_", "unsqueeze_", "squeeze_", "swapaxes_"]))  # fmt: skip
    def turn(self, number: int, kind: str, a: int, b: int, right: bool) -> None:
        """A change of shape in place."""
        pair = self.pick(number)
        if pair[0].ndim > 4:
            return
        a, b = (d % max(pair[0].ndim, 1) if right else d for d in (a, b))
        args = {"t_": (), "unsqueeze_": (a,), "squeeze_": (a,)}.get(kind, (a, b))
        self.both(f"{kind}{args}", lambda x: getattr(x, kind)(*args), pair)

    # --- backward ----------------------------------------------------------------------------------------------------

    @rule(chosen=st.lists(Some, min_size=1, max_size=3), second=st.booleans())
    def backward(self, chosen: list[int], second: bool) -> None:
        """Gradients of the leaves."""
        pairs = [pair for pair in map(self.pick, chosen) if pair[0].requires_grad]
        if not pairs:
            return

        def gradients(*tensors: Any) -> Any:
            package = tg if isinstance(tensors[0], tg.Tensor) else torch
            loss = 0.0
            for x in tensors:
                weights = package.tensor(np.linspace(0.5, 1.5, x.numel()).reshape(tuple(x.shape)))
                loss = loss + ((x * x if second else x) * weights).sum()
            leaves = [pair[package is tg] for pair in self.leaves]
            return package.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True, create_graph=second)

        found = self.both("backward", gradients, *pairs)
        if found is None:
            return
        for theirs, ours in zip(*found, strict=True):
            if theirs is None or ours is None:
                rest = next((g for g in (theirs, ours) if g is not None), None)
                assert rest is None or not values(rest).any(), "; ".join(self.log)
            else:
                np.testing.assert_allclose(
                    values(ours), values(theirs), rtol=1e-8, atol=1e-10, err_msg="; ".join(self.log) + " (y: PyTorch)"
                )

    # --- always ------------------------------------------------------------------------------------------------------

    @invariant()
    def all_is_the_same(self) -> None:
        """Values, shapes, strides, versions and flags of all pairs are equal."""
        for number, (theirs, ours) in enumerate(self.pairs):
            what = f"tensor {number}: " + "; ".join(self.log)
            a, b = values(ours), values(theirs)
            assert a.shape == b.shape, what
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=what + " (y: PyTorch)")
            assert ours._version == theirs._version, f"{what}: version {ours._version}, PyTorch {theirs._version}"
            assert ours.requires_grad == theirs.requires_grad, f"{what}: requires_grad, PyTorch {theirs.requires_grad}"
            assert ours._is_view() == theirs._is_view(), f"{what}: is_view, PyTorch {theirs._is_view()}"
            steps = zip(ours.stride(), theirs.stride(), a.shape, strict=True)
            assert all(s == t or n == 1 for s, t, n in steps), f"{what}: {ours.stride()}, PyTorch {theirs.stride()}"
            offsets = ours.storage_offset(), theirs.storage_offset()
            assert offsets[0] == offsets[1], f"{what}: offset {offsets[0]}, PyTorch {offsets[1]}"
            if theirs._is_view():
                mine, other = outcome(lambda ours=ours: ours.is_leaf), outcome(lambda theirs=theirs: theirs.is_leaf)
                if not same_error(what, mine[1], other[1]):
                    assert mine[0] == other[0], f"{what}: is_leaf {mine[0]}, PyTorch {other[0]}"


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore:An output with one or more elements:Warning")
def test_views_and_writes_equal_pytorch() -> None:
    run_state_machine_as_test(
        Views,
        settings=settings(
            max_examples=MACHINES, stateful_step_count=STEPS, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
