"""Optimizers' states and hooks: what goes out and comes in, what is refused, and that nothing is half loaded."""

from __future__ import annotations

import copy
import importlib
from typing import Any

import numpy as np
import pytest
from optim_programs import OPTIONS, some

import tinygrad_nn as tg
from tinygrad_nn import optim
from tinygrad_nn.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook


def stepped(name: str = "Adam", options: dict[str, Any] | None = None, shape: tuple[int, ...] = (2, 3)) -> Any:
    """An optimizer that has made a step on two parameters."""
    xs = [tg.ones(shape, requires_grad=True) for _ in range(2)]
    optimizer = getattr(optim, name)(xs, **(options or {}))
    for x in xs:
        x.grad = tg.ones(shape)
    optimizer.step()
    return optimizer


def snapshot(optimizer: Any) -> Any:
    state = optimizer.state_dict()
    return copy.deepcopy(state), repr(optimizer), [id(group) for group in optimizer.param_groups]


def same(one: Any, other: Any) -> bool:
    if isinstance(one, tg.Tensor):
        return isinstance(other, tg.Tensor) and one.dtype is other.dtype and tg.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


# --- loading -----------------------------------------------------------------------------------------------------


def broken(change: Any) -> Any:
    """The state of an Adam that has made a step, with a change."""
    state = copy.deepcopy(stepped().state_dict())
    change(state)
    return state


REFUSED = [
    (3, TypeError, "expected a dict that state_dict\\(\\) gave, got int"),
    ({"weight": tg.ones(1)}, KeyError, "param_groups: the state of an optimizer has .* Is it the state of a model"),
    (broken(lambda s: s.pop("state")), KeyError, "state: the state of an optimizer has"),
    (broken(lambda s: s["param_groups"].clear()), ValueError, "number of parameter groups: got 0, expected 1"),
    (
        broken(lambda s: s["param_groups"][0]["params"].pop()),
        ValueError,
        "doesn't match the size of optimizer's group: group 0 has 1 parameters, expected 2",
    ),
    (
        broken(lambda s: s["state"][1].update(exp_avg=tg.ones(2, 4))),
        RuntimeError,
        r"size of tensor a \(4\) must match the size of tensor b \(3\) at non-singleton dimension 1: the state "
        r"'exp_avg' of parameter 1 has shape \[2, 4\], the parameter \[2, 3\]. Load the state of an optimizer of",
    ),
    (
        broken(lambda s: s["state"][1].update(exp_avg_sq=tg.ones(1, 2, 3))),
        RuntimeError,
        r"output with shape \[2, 3\] doesn't match the broadcast shape \[1, 2, 3\]",
    ),
    (broken(lambda s: s["state"][0].update(exp_avg="x")), RuntimeError, "'exp_avg' of parameter 0 is a tensor, got"),
    (broken(lambda s: s["state"][0].update(step=tg.ones(2))), RuntimeError, "'step' of parameter 0 is a number, got"),
    (broken(lambda s: s["state"][1].pop("step")), KeyError, "step: the loaded state of parameter 1 has"),
    (
        broken(lambda s: s["state"][0].pop("exp_avg_sq")),
        KeyError,
        "exp_avg_sq: the loaded state of parameter 0 has .*another kind of optimizer",
    ),
    (broken(lambda s: s["param_groups"][0].update(amsgrad=True)), KeyError, "max_exp_avg_sq: the loaded state"),
]


@pytest.mark.parametrize(("state", "error", "message"), REFUSED, ids=lambda value: str(value)[:30])
def test_refused_states_change_nothing(state: Any, error: type[Exception], message: str) -> None:
    optimizer = stepped(options={"lr": 0.5})
    before = snapshot(optimizer)
    with pytest.raises(error, match=message):
        optimizer.load_state_dict(state)
    assert same(before, snapshot(optimizer))


def test_the_state_of_another_optimizer() -> None:
    for name, other in (("Adam", "SGD"), ("RMSprop", "Adam"), ("NAdam", "Adam"), ("Rprop", "Adagrad")):
        state = stepped(other, {"momentum": 0.9} if other == "SGD" else {}).state_dict()
        state["param_groups"] = stepped(name).state_dict()["param_groups"]
        with pytest.raises(KeyError, match="Is it the state of another kind of optimizer"):
            stepped(name).load_state_dict(state)


@pytest.mark.parametrize("name", [name for name in OPTIONS if name != "LBFGS"])
def test_loaded_tensors_are_copies_of_the_parameters_type(name: str) -> None:
    source = stepped(name, some(name, 2)[1])
    xs = [tg.ones(2, 3, dtype=tg.float64, requires_grad=True) for _ in range(2)]
    target = getattr(optim, name)(xs)
    group = target.param_groups[0]
    state = source.state_dict()
    target.load_state_dict(state)
    assert target.param_groups[0] is group
    assert group["params"] == xs
    for number, x in enumerate(xs):
        for key, value in target.state[x].items():
            given = state["state"][number][key]
            if not isinstance(value, tg.Tensor):
                continue
            kept = key in ("step", "eta", "mu", "mu_product")
            assert value.dtype is (tg.float32 if kept else tg.float64)
            assert value.data_ptr() != given.data_ptr()
            tg.testing.assert_close(value, given.to(value.dtype))


def test_arrays_in_the_place_of_tensors() -> None:
    optimizer = stepped()
    state = optimizer.state_dict()
    arrays = {k: {n: v.numpy().copy() for n, v in entries.items()} for k, entries in state["state"].items()}
    other = stepped()
    other.load_state_dict({**state, "state": arrays})
    assert same(other.state_dict(), state)


def test_options_that_are_missing_stay() -> None:
    optimizer = stepped(options={"lr": 0.5})
    state = copy.deepcopy(stepped(options={"lr": 0.1}).state_dict())
    del state["param_groups"][0]["maximize"]
    optimizer.param_groups[0]["initial_lr"] = 0.5
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert optimizer.param_groups[0]["maximize"] is False
    assert optimizer.param_groups[0]["initial_lr"] == 0.5


def test_state_that_belongs_to_no_parameter() -> None:
    optimizer = stepped()
    state = optimizer.state_dict()
    state["state"]["global"] = {"calls": 3}
    optimizer.load_state_dict(state)
    assert optimizer.state["global"] == {"calls": 3}
    assert optimizer.state_dict()["state"]["global"] == {"calls": 3}


def test_counts_are_of_the_default_type() -> None:
    tg.set_default_dtype(tg.float64)
    try:
        optimizer = stepped()
        assert optimizer.state_dict()["state"][0]["step"].dtype is tg.float64
    finally:
        tg.set_default_dtype(tg.float32)
    optimizer.step()
    assert optimizer.state_dict()["state"][0]["step"].dtype is tg.float64


def test_names_of_parameters_stay() -> None:
    net = tg.nn.Linear(2, 1)
    optimizer = optim.SGD(net.named_parameters())
    state = optimizer.state_dict()
    del state["param_groups"][0]["param_names"]
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]


def test_adagrad_has_its_state_from_the_start() -> None:
    x, z = tg.ones(2, requires_grad=True), tg.ones(1, dtype=tg.complex64, requires_grad=True)
    state = optim.Adagrad([x, z], initial_accumulator_value=0.5).state_dict()["state"]
    assert state[0]["step"].item() == 0
    assert state[0]["sum"].tolist() == [0.5, 0.5]
    assert state[1]["sum"].tolist() == [0.5 + 0.5j]


# --- hooks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["tinygrad_nn", "torch"])
def test_hooks_of_steps_in_order(package: str) -> None:
    pack = pytest.importorskip(package)
    log: list[Any] = []
    x = pack.ones(1, requires_grad=True)
    x.grad = pack.ones(1)
    optimizer = pack.optim.SGD([x], lr=1.0)

    def note(name: str) -> Any:
        return lambda self, args, kwargs: log.append((name, self is optimizer, len(args), sorted(kwargs)))

    module = importlib.import_module(f"{package}.optim.optimizer")
    handles = [
        module.register_optimizer_step_post_hook(note("after all")),
        module.register_optimizer_step_pre_hook(note("before all")),
        optimizer.register_step_post_hook(note("after")),
        optimizer.register_step_pre_hook(note("before")),
    ]
    try:
        optimizer.step()
        optimizer.step(closure=lambda: 3)
    finally:
        for handle in handles:
            handle.remove()
    optimizer.step()
    assert log == [
        ("before all", True, 1, []), ("before", True, 1, []), ("after", True, 1, []), ("after all", True, 1, []),
        ("before all", True, 1, ["closure"]), ("before", True, 1, ["closure"]), ("after", True, 1, ["closure"]),
        ("after all", True, 1, ["closure"]),
    ]  # fmt: skip


@pytest.mark.parametrize("package", ["tinygrad_nn", "torch"])
def test_hooks_may_replace_arguments(package: str) -> None:
    pack = pytest.importorskip(package)
    optimizer = pack.optim.SGD([pack.ones(1)], lr=1.0)
    handle = optimizer.register_step_pre_hook(lambda self, args, kwargs: ((self, lambda: 5), {}))
    assert optimizer.step() == 5
    handle.remove()
    optimizer.register_step_pre_hook(lambda self, args, kwargs: 3)
    with pytest.raises(RuntimeError, match=r"must return None or a tuple of \(new_args, new_kwargs\), but got 3"):
        optimizer.step()
    with pytest.raises(RuntimeError, match="but got 3"):  # the first failure has left nothing behind
        optimizer.step()


@pytest.mark.parametrize("package", ["tinygrad_nn", "torch"])
def test_hooks_of_states(package: str) -> None:
    pack = pytest.importorskip(package)
    log: list[Any] = []
    optimizer = pack.optim.SGD([pack.ones(1)], lr=1.0)
    optimizer.register_state_dict_pre_hook(lambda self: log.append("second"))
    optimizer.register_state_dict_pre_hook(lambda self: log.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda self, state: {**state, "more": 1})
    optimizer.register_state_dict_post_hook(lambda self, state: log.append(sorted(state)))
    state = optimizer.state_dict()
    assert log == ["first", "second", ["more", "param_groups", "state"]]
    assert state["more"] == 1

    log.clear()

    def change(self: Any, given: Any) -> Any:
        log.append(given is not state)
        given["param_groups"] = [{**given["param_groups"][0], "lr": 7.0}]
        log.append("changed")

    optimizer.register_load_state_dict_pre_hook(change)
    optimizer.register_load_state_dict_pre_hook(lambda self, given: {**given}, prepend=True)
    optimizer.register_load_state_dict_post_hook(lambda self: log.append(self.param_groups[0]["lr"]))
    optimizer.register_load_state_dict_post_hook(lambda self: log.append("loaded"), prepend=True)
    optimizer.load_state_dict(state)
    assert log == [True, "changed", "loaded", 7.0]
    assert state["param_groups"][0]["lr"] == 1.0


def test_hooks_stay_when_a_state_is_loaded() -> None:
    optimizer, log = stepped(), []
    optimizer.register_step_pre_hook(lambda *_: log.append("before"))
    with register_optimizer_step_pre_hook(lambda *_: log.append("before all")):
        optimizer.load_state_dict(optimizer.state_dict())
        optimizer.step()
    assert log == ["before all", "before"]
    optimizer.step()
    assert log == ["before all", "before", "before"]


def test_hooks_run_once_for_steps_within_steps() -> None:
    class Twice(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            super().step()
            return super().step(closure)

    log: list[str] = []
    handle = register_optimizer_step_post_hook(lambda *_: log.append("after all"))
    optimizer = Twice([tg.ones(1)], lr=1.0)
    optimizer.step()
    handle.remove()
    assert log == ["after all"]


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIONS)
def test_differentiable_is_refused(name: str) -> None:
    x = tg.ones(2, 2, requires_grad=True)
    if name in ("Adafactor", "Muon", "LBFGS"):
        with pytest.raises(TypeError, match="differentiable"):
            getattr(optim, name)([x], differentiable=True)
        return
    with pytest.raises(NotImplementedError, match=r"not recorded.*autograd\.grad"):
        getattr(optim, name)([x], differentiable=True)


def test_ways_that_exclude_each_other() -> None:
    x = tg.ones(2, requires_grad=True)
    for name in ("SGD", "Adam", "AdamW", "Adagrad"):
        with pytest.raises(RuntimeError, match="`fused` and `foreach` cannot be `True` together"):
            getattr(optim, name)([x], fused=True, foreach=True)
        with pytest.raises(RuntimeError, match="`fused` does not support `differentiable`"):
            getattr(optim, name)([x], fused=True, differentiable=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: optim.Rprop(p, etas=(1.0, 1.2)), "Invalid eta values: 1.0, 1.2"),
        (lambda p: optim.Adadelta(p, rho=1.5), "Invalid rho value: 1.5"),
        (lambda p: optim.Adafactor(p, d=0.5), "Clipping threshold d should be >= 1 but is: 0.5"),
        (lambda p: optim.Muon(p, adjust_lr_fn="x"), "Adjust learning rate function x is not supported"),
        (lambda p: optim.Muon([tg.ones(2)]), r"Muon only supports 2D parameters .* size: torch.Size\(\[2\]\)"),
        (lambda p: optim.LBFGS([{"params": p}, {"params": [tg.ones(1)]}]), "LBFGS doesn't support per-parameter"),
        (lambda p: optim.SparseAdam(p, lr=0), "Invalid learning rate: 0"),
        (lambda p: optim.SparseAdam([tg.ones(1, dtype=tg.complex64)]), r"Complex params at indices \[\[0, 0\]\]"),
        (lambda p: optim.Lion(p, betas=(1.0, 0.9)), "Invalid beta parameter at index 0: 1.0"),
        (lambda p: optim.LARS(p, trust_coefficient=-1), "Invalid trust_coefficient value: -1"),
        (lambda p: optim.LAMB(p, eps=-1), "Invalid epsilon value: -1"),
    ],
)
def test_refused_options(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make([tg.ones(2, 2, requires_grad=True)])


def test_refusals_in_a_step_change_nothing() -> None:
    x, z = tg.ones(2, 2, requires_grad=True), tg.ones(2, 2, dtype=tg.complex64, requires_grad=True)
    for name in ("Muon", "Adafactor"):
        optimizer = getattr(optim, name)([x, z])
        x.grad, z.grad = tg.ones(2, 2), tg.ones(2, 2, dtype=tg.complex64)
        with pytest.raises(RuntimeError, match=f"{name} does not support complex parameters"):
            optimizer.step()
        assert x.tolist() == [[1, 1], [1, 1]]
    lbfgs = optim.LBFGS([x], line_search_fn="armijo")
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported, got 'armijo'"):
        lbfgs.step(lambda: 1)
    with pytest.raises(TypeError, match="closure"):
        lbfgs.step()
    for options, message in (({"ns_steps": 100}, "less than 100"), ({"ns_coefficients": (1, 2)}, "exactly 3 values")):
        with pytest.raises(ValueError, match=message):
            optim.Muon([x], **options).step()
    assert np.array_equal(x.detach().numpy(), np.ones((2, 2)))
