"""Schedules: PyTorch's learning rates, states, warnings and refusals; and warming up."""

from __future__ import annotations

import copy
import inspect
import io
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optim_programs import MOMENTS, SCHEDULES, advance, rates, two_groups

import tinygrad_nn as tg
from tinygrad_nn import optim
from tinygrad_nn.optim import lr_scheduler, swa_utils

GOLDEN = json.loads((Path(__file__).parent / "golden" / "optim.json").read_text())["schedules"]
STEPS = 200


def run(package: Any, name: str, kind: str = "SGD", steps: int = STEPS) -> tuple[list[list[float]], Any, Any]:
    """What a schedule sets in so many steps, the schedule, and the optimizer."""
    optimizer = two_groups(package, kind)
    schedule = SCHEDULES[name](package.optim.lr_scheduler, optimizer)
    return advance(schedule, optimizer, range(steps)), schedule, optimizer


def states(schedule: Any) -> Any:
    return [each.state_dict() for each in schedule] if isinstance(schedule, list) else schedule.state_dict()


def load(schedule: Any, state: Any) -> None:
    if not isinstance(schedule, list):
        schedule, state = [schedule], [state]
    for each, saved in zip(schedule, state, strict=True):
        each.load_state_dict(saved)


# --- numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEDULES)
def test_golden(name: str) -> None:
    found, _, _ = run(tg, name)
    np.testing.assert_allclose([found[moment] for moment in MOMENTS], GOLDEN[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_two_hundred_rates_like_torch(name: str, kind: str) -> None:
    torch = pytest.importorskip("torch")
    found, schedule, _ = run(tg, name, kind)
    expected, other, _ = run(torch, name, kind)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    if not isinstance(schedule, list):
        assert schedule.get_last_lr() == pytest.approx(other.get_last_lr(), rel=1e-12)
        assert sorted(schedule.state_dict()) == sorted(other.state_dict())


@pytest.mark.parametrize("name", SCHEDULES)
def test_half_way_and_on(name: str) -> None:
    """Through a file, into a schedule and an optimizer that have just been made."""
    whole, _, _ = run(tg, name)
    half, schedule, optimizer = run(tg, name, steps=STEPS // 2)
    saved = {"schedule": states(schedule), "optimizer": optimizer.state_dict()}
    for through in (copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state)), through_a_file):
        fresh = two_groups(tg)
        again = SCHEDULES[name](lr_scheduler, fresh)
        state = through(saved)
        load(again, state["schedule"])
        fresh.load_state_dict(state["optimizer"])
        rest = advance(again, fresh, range(STEPS // 2, STEPS))
        assert half + rest == whole


def through_a_file(state: Any) -> Any:
    file = io.BytesIO()
    tg.save(state, file)
    file.seek(0)
    return tg.load(file)


@pytest.mark.parametrize("name", SCHEDULES)
def test_half_way_from_and_to_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    whole, _, _ = run(torch, name)
    for one, other in ((tg, torch), (torch, tg)):
        half, schedule, optimizer = run(one, name, steps=STEPS // 2)
        fresh = two_groups(other)
        again = SCHEDULES[name](other.optim.lr_scheduler, fresh)
        load(again, copy.deepcopy(states(schedule)))
        for group, saved in zip(fresh.param_groups, optimizer.param_groups, strict=True):
            group.update({key: value for key, value in saved.items() if key != "params"})
        rest = advance(again, fresh, range(STEPS // 2, STEPS))
        np.testing.assert_allclose(half + rest, whole, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("last_epoch", [0, 7, 60])
def test_started_later_like_torch(name: str, last_epoch: int) -> None:
    torch = pytest.importorskip("torch")
    single = {
        "LambdaLR": lambda s, o: s.LambdaLR(o, lambda step: 0.95**step, last_epoch),
        "StepLR": lambda s, o: s.StepLR(o, 7, 0.7, last_epoch),
        "MultiStepLR": lambda s, o: s.MultiStepLR(o, [3, 50], 0.5, last_epoch),
        "ConstantLR": lambda s, o: s.ConstantLR(o, 0.3, 17, last_epoch),
        "LinearLR": lambda s, o: s.LinearLR(o, 0.2, 0.9, 33, last_epoch),
        "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.97, last_epoch),
        "PolynomialLR": lambda s, o: s.PolynomialLR(o, 70, 0.9, last_epoch),
        "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 30, 0.001, last_epoch),
        "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 13, last_epoch=last_epoch),
        "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 11, cycle_momentum=False, last_epoch=last_epoch),
        "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.5, 200, cycle_momentum=False, last_epoch=last_epoch),
        "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda step: 0.97, last_epoch),
        "SWALR linear": lambda s, o: SCHEDULES["SWALR"](s, o),
    }
    if name not in single:
        pytest.skip("does not start later")
    results = []
    for package in (tg, torch):
        optimizer = two_groups(package)
        for group in optimizer.param_groups:
            group.update(initial_lr=group["lr"] * 2, max_lr=0.5, min_lr=1e-4)
        schedule = single[name](package.optim.lr_scheduler, optimizer)
        results.append(advance(schedule, optimizer, range(30)))
    np.testing.assert_allclose(*results, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", SCHEDULES)
def test_stepped_to_an_epoch_like_torch(name: str) -> None:
    """What is deprecated still works: by the closed form, where there is one."""
    torch = pytest.importorskip("torch")
    results = []
    for package in (tg, torch):
        optimizer = two_groups(package)
        schedule = SCHEDULES[name](package.optim.lr_scheduler, optimizer)
        if isinstance(schedule, list) or "Seq" in name or "Chain" in name or "Plateau" in name:
            pytest.skip("takes no epoch")
        found = []
        optimizer.step()
        for epoch in (0, 5, 3, 40, None, 41, None, 120):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                schedule.step() if epoch is None else schedule.step(epoch)
            found.append(rates(optimizer) + [schedule.last_epoch])
            found[-1].append(sum("epoch parameter" in str(w.message) for w in caught))
        results.append(found)
    np.testing.assert_allclose(*results, rtol=1e-12, atol=1e-15)


def test_warm_restarts_between_epochs_like_torch() -> None:
    torch = pytest.importorskip("torch")
    results = []
    for package in (tg, torch):
        optimizer = two_groups(package)
        schedule = package.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 3, 2, 0.001)
        optimizer.step()
        found = []
        for epoch in [number / 4 for number in range(80)] + [26, None, None, 0.5]:
            schedule.step(epoch)
            found.append(rates(optimizer) + [schedule.T_cur, schedule.T_i, schedule.last_epoch])
        results.append(found)
    np.testing.assert_allclose(*results, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_in_tensors(name: str) -> None:
    """A learning rate that is a tensor stays the same tensor, and is not given away."""
    if name.startswith(("OneCycleLR", "SWALR")):
        pytest.skip("sets options of its own in the group")
    plain, _, _ = run(tg, name, steps=30)
    first, second = tg.ones(2, requires_grad=True), tg.ones(1, requires_grad=True)
    lr = tg.tensor(0.1, dtype=tg.float64)
    optimizer = optim.SGD([{"params": [first]}, {"params": [second], "lr": 0.05}], lr=lr, momentum=0.9)
    schedule = SCHEDULES[name](lr_scheduler, optimizer)
    np.testing.assert_allclose(advance(schedule, optimizer, range(30)), plain, rtol=1e-12, atol=1e-15)
    assert optimizer.param_groups[0]["lr"] is lr
    if not isinstance(schedule, list):
        assert schedule.get_last_lr()[0] is not lr
        schedule.get_last_lr()[0].fill_(77)
        assert lr.item() != 77


# --- warnings ----------------------------------------------------------------------------------------------------


def messages(package: Any, do: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        do(package, package.optim.lr_scheduler)
    return [str(w.message) for w in caught]


def before_the_optimizer(package: Any, schedules: Any) -> None:
    schedules.StepLR(two_groups(package), 3).step()


def overridden(package: Any, schedules: Any) -> None:
    optimizer = two_groups(package)
    schedule = schedules.StepLR(optimizer, 3)
    optimizer.step = lambda: None
    optimizer.step()
    schedule.step()


def asked_for_its_rate(package: Any, schedules: Any) -> None:
    optimizer = two_groups(package)
    for schedule in (schedules.StepLR(optimizer, 3), schedules.CyclicLR(optimizer, 0.1, 0.2)):
        schedule.get_lr()


def in_the_right_order(package: Any, schedules: Any) -> None:
    optimizer = two_groups(package)
    one, other = schedules.StepLR(optimizer, 3), schedules.ExponentialLR(optimizer, 0.9)
    for _ in range(3):
        optimizer.step()
        one.step()
        other.step()


@pytest.mark.parametrize("do", [before_the_optimizer, overridden, asked_for_its_rate, in_the_right_order])
def test_warnings_like_torch(do: Any) -> None:
    torch = pytest.importorskip("torch")
    assert messages(tg, do) == messages(torch, do)


def test_warnings() -> None:
    (message,) = messages(tg, before_the_optimizer)
    assert message.startswith("Detected call of `lr_scheduler.step()` before `optimizer.step()`.")
    (message,) = messages(tg, overridden)
    assert message.startswith("Seems like `optimizer.step()` has been overridden after learning rate scheduler")
    assert len(messages(tg, asked_for_its_rate)) == 2
    assert messages(tg, in_the_right_order) == []


def test_the_warning_points_at_the_call() -> None:
    schedule = lr_scheduler.StepLR(two_groups(tg), 3)
    with pytest.warns(UserWarning, match="before `optimizer.step") as caught:
        schedule.step()
    assert caught[0].filename == __file__


# --- refusals ----------------------------------------------------------------------------------------------------

O = two_groups(tg)
REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda s, o: s.StepLR(3, 1), TypeError, "int is not an Optimizer"),
    (lambda s, o: s.ReduceLROnPlateau(3), TypeError, "int is not an Optimizer"),
    (lambda s, o: s.CyclicLR(3, 1, 2), TypeError, "int is not an Optimizer"),
    (lambda s, o: s.OneCycleLR(3, 1, 2), TypeError, "int is not an Optimizer"),
    (lambda s, o: s.StepLR(o, 1, last_epoch=3), KeyError, "param 'initial_lr' is not specified in param_groups"),
    (lambda s, o: s.LambdaLR(o, [len]), ValueError, "Expected 2 lr_lambdas, but got 1"),
    (lambda s, o: s.MultiplicativeLR(o, [len]), ValueError, "Expected 2 lr_lambdas, but got 1"),
    (lambda s, o: s.MultiplicativeLR(o, 3), TypeError, "lr_lambda should be a function, but got int"),
    (lambda s, o: s.ConstantLR(o, 1.5), ValueError, "Constant multiplicative factor expected to be between 0 and 1"),
    (lambda s, o: s.LinearLR(o, 0), ValueError, "Starting multiplicative factor expected to be greater than 0"),
    (lambda s, o: s.LinearLR(o, 1, 2), ValueError, "Ending multiplicative factor expected to be between 0 and 1"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 0), ValueError, "Expected positive integer T_0, but got 0"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, 0.5), ValueError, "Expected integer T_mult >= 1, but got 0.5"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, 1, "x"), ValueError, "Expected float or int eta_min, but got x"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 1).step(-1), ValueError, "Expected non-negative epoch, but got -1"),
    (lambda s, o: s.CyclicLR(o, 1, 2, mode="up"), ValueError, "mode is invalid and scale_fn is None"),
    (lambda s, o: s.CyclicLR(o, [1], 2), ValueError, "base_lr must have the same length as optimizer.param_groups"),
    (lambda s, o: s.OneCycleLR(o, 1), ValueError, "You must define either total_steps OR"),
    (lambda s, o: s.OneCycleLR(o, 1, -1), ValueError, "Expected positive integer total_steps, but got -1"),
    (lambda s, o: s.OneCycleLR(o, 1, epochs=0, steps_per_epoch=1), ValueError, "Expected positive integer epochs"),
    (lambda s, o: s.OneCycleLR(o, 1, epochs=1, steps_per_epoch=0.5), ValueError, "integer steps_per_epoch, but got"),
    (lambda s, o: s.OneCycleLR(o, 1, 9, pct_start=2.0), ValueError, "Expected float between 0 and 1 pct_start"),
    (lambda s, o: s.OneCycleLR(o, 1, 9, anneal_strategy="x"), ValueError, "anneal_strategy must be one of 'cos' or"),
    (lambda s, o: s.OneCycleLR(o, [1], 9), ValueError, "max_lr must have the same length as optimizer.param_groups"),
    (lambda s, o: s.ReduceLROnPlateau(o, factor=1.0), ValueError, "Factor should be < 1.0."),
    (lambda s, o: s.ReduceLROnPlateau(o, "up"), ValueError, "mode up is unknown!"),
    (lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold mode x is unknown!"),
    (lambda s, o: s.ReduceLROnPlateau(o, min_lr=[1]), ValueError, "expected 2 min_lrs, got 1"),
    (lambda s, o: s.SequentialLR(o, [], []), ValueError, "SequentialLR expects at least one scheduler"),
    (lambda s, o: s.SequentialLR(o, [3], []), TypeError, "SequentialLR at index 0 should have `optimizer`"),
    (lambda s, o: s.SequentialLR(o, [s.ReduceLROnPlateau(o)], []), ValueError, "does not support `ReduceLROnPlateau`"),
    (lambda s, o: s.SequentialLR(o, [s.StepLR(o, 1)], [1]), ValueError, "number of schedulers provided to be one more"),
    (lambda s, o: s.ChainedScheduler([]), ValueError, "ChainedScheduler expects at least one scheduler"),
    (lambda s, o: s.ChainedScheduler([s.ReduceLROnPlateau(o)]), ValueError, "does not support `ReduceLROnPlateau`"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[2][:40].replace(" ", "-"))
@pytest.mark.parametrize("name", ["tinygrad_nn", "torch"])
def test_refusals(name: str, case: Any) -> None:
    package = pytest.importorskip(name)
    make, error, message = case
    with pytest.raises(error, match=message):
        make(package.optim.lr_scheduler, two_groups(package))


@pytest.mark.parametrize("name", ["tinygrad_nn", "torch"])
def test_refusals_later(name: str) -> None:
    package = pytest.importorskip(name)
    schedules = package.optim.lr_scheduler
    optimizer = two_groups(package)
    schedule = schedules.OneCycleLR(optimizer, 1.0, total_steps=2)
    for _ in range(2):
        optimizer.step()
        schedule.step()
    with pytest.raises(ValueError, match=r"Tried to step 3 times\. The specified number of total steps is 2"):
        schedule.step()
    plain = package.optim.Adagrad([package.ones(1)])
    for make in (lambda: schedules.CyclicLR(plain, 0.1, 0.2), lambda: schedules.OneCycleLR(plain, 0.1, 9)):
        with pytest.raises(ValueError, match="optimizer must support momentum or beta1 with `cycle_momentum`"):
            make()
    other = two_groups(package)
    for make in (
        lambda: schedules.SequentialLR(optimizer, [schedules.StepLR(other, 1)], []),
        lambda: schedules.ChainedScheduler([schedules.StepLR(other, 1)], optimizer),
    ):
        with pytest.raises(ValueError, match="expects all schedulers to belong to the same optimizer"):
            make()
    plateau = schedules.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0, 0])
    optimizer.add_param_group({"params": [package.ones(1)]})
    plateau.step(1.0)
    with pytest.raises(RuntimeError, match=r"The number of param groups in the `optimizer` .* differs from when"):
        plateau.step(1.0)


def test_a_base_without_a_formula() -> None:
    with pytest.raises(NotImplementedError, match=r"LRScheduler has no get_lr\(\) of its own"):
        lr_scheduler.LRScheduler(two_groups(tg))


@pytest.mark.parametrize(
    "make",
    [
        lambda s, o: s.CyclicLR(o, 1, [2]),
        lambda s, o: s.CyclicLR(o, 1, 2, max_momentum=[1]),
        lambda s, o: s.OneCycleLR(o, 1, 9, max_momentum=[1]),
        lambda s, o: s.OneCycleLR(o, [1], 9),
        lambda s, o: s.ConstantLR(o, 2),
    ],
)
def test_a_refused_schedule_changes_nothing(make: Any) -> None:
    optimizer = two_groups(tg)
    before = rates(optimizer), [sorted(group) for group in optimizer.param_groups]
    with pytest.raises(ValueError, match=r"must have the same length|factor"):
        make(lr_scheduler, optimizer)
    assert before == (rates(optimizer), [sorted(group) for group in optimizer.param_groups])


def test_one_sequence_in_another_like_torch() -> None:
    torch = pytest.importorskip("torch")
    results = []
    for package in (tg, torch):
        s, optimizer = package.optim.lr_scheduler, two_groups(package)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            inner = s.SequentialLR(optimizer, [s.ConstantLR(optimizer, 0.5, 3), s.LinearLR(optimizer, 0.2)], [5])
            schedule = s.SequentialLR(optimizer, [inner, s.CosineAnnealingWarmRestarts(optimizer, 9)], [20])
            found = advance(schedule, optimizer, range(60))
        results.append((found, [str(w.message) for w in caught]))
    assert results[0] == results[1]


# --- together with optimizers ------------------------------------------------------------------------------------


def test_a_schedule_keeps_driving_groups_that_were_loaded() -> None:
    optimizer = two_groups(tg)
    schedule = lr_scheduler.ExponentialLR(optimizer, 0.5)
    state = copy.deepcopy(optimizer.state_dict())
    optimizer.step()
    schedule.step()
    optimizer.load_state_dict(state)
    assert rates(optimizer)[:2] == [0.1, 0.05]
    schedule.step()
    assert rates(optimizer)[:2] == [0.05, 0.025]
    assert optimizer.param_groups[0]["initial_lr"] == 0.1


def test_optimizers_with_a_schedule_can_be_copied_and_freed() -> None:
    import gc
    import weakref

    optimizer = two_groups(tg)
    schedule = lr_scheduler.StepLR(optimizer, 1)
    other = copy.deepcopy(optimizer)
    other.step()
    assert not hasattr(optimizer, "_opt_called")
    pickle.loads(pickle.dumps(optimizer)).step()
    gone = weakref.ref(optimizer)
    gc.disable()
    try:
        del optimizer, schedule
        assert gone() is None  # without a search for cycles
    finally:
        gc.enable()


def test_steps_of_subclasses_and_closures_are_noted() -> None:
    class Twice(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            super().step()
            return super().step(closure)

    x = tg.ones(1, requires_grad=True)
    x.grad = tg.ones(1)
    optimizer = Twice([x], lr=1.0)
    schedule = lr_scheduler.StepLR(optimizer, 1, 0.5)
    calls: list[str] = []
    optimizer.register_step_post_hook(lambda o, args, kwargs: calls.append(len(args)))
    assert optimizer.step(closure=lambda: tg.tensor(3.0)).item() == 3
    schedule.step()
    assert calls == [1]
    assert x.item() == -1


# --- warming up --------------------------------------------------------------------------------------------------


def drawn(schedule: Any, optimizer: Any, steps: int) -> list[float]:
    return [row[0] for row in advance(schedule, optimizer, range(steps))]


def test_warm_up_before_any_schedule() -> None:
    for name, make in SCHEDULES.items():
        if name.startswith(("ReduceLR", "two", "Chained", "Sequential", "SWALR", "OneCycle", "Cyclic")):
            continue
        alone = two_groups(tg)
        expected = drawn(make(lr_scheduler, alone), alone, 40)
        optimizer = two_groups(tg)
        schedule = lr_scheduler.with_warmup(make(lr_scheduler, optimizer), steps=10, start_factor=0.1)
        found = drawn(schedule, optimizer, 50)
        np.testing.assert_allclose(found[:10], 0.1 * np.linspace(0.1, 1, 11)[:10], rtol=1e-12)
        if hasattr(make(lr_scheduler, two_groups(tg)), "_get_closed_form_lr"):  # the others go on from where it stands
            np.testing.assert_allclose(found[10:], expected, rtol=1e-9, atol=1e-12, err_msg=name)


def test_warm_up_by_the_known_names() -> None:
    make = {
        "constant": lambda o: lr_scheduler.get_constant_schedule_with_warmup(o, 4),
        "linear": lambda o: lr_scheduler.get_linear_schedule_with_warmup(o, 4, 12),
        "cosine": lambda o: lr_scheduler.get_cosine_schedule_with_warmup(o, 4, 12),
        "waves": lambda o: lr_scheduler.get_cosine_schedule_with_warmup(o, 4, 12, num_cycles=2),
    }
    t = np.arange(16)
    after = (t - 4) / 8
    factors = {
        "constant": np.ones(16),
        "linear": np.maximum(0, 1 - after),
        "cosine": 0.5 * (1 + np.cos(np.pi * after)),
        "waves": 0.5 * (1 + np.cos(4 * np.pi * after)),
    }
    for name, maker in make.items():
        optimizer = two_groups(tg)
        schedule = maker(optimizer)
        found = drawn(schedule, optimizer, 16)
        np.testing.assert_allclose(found, 0.1 * np.where(t < 4, t / 4, factors[name]), atol=1e-15, err_msg=name)
        state = through_a_file(schedule.state_dict())
        assert state["lr_lambdas"][0]["num_warmup_steps"] == 4
        fresh = two_groups(tg)
        again = lr_scheduler.get_cosine_schedule_with_warmup(fresh, 9, 90)
        again.load_state_dict(state)
        assert again.lr_lambdas[0].num_warmup_steps == 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: lr_scheduler.with_warmup(lr_scheduler.StepLR(o, 1), 0), "expected at least one step, got 0"),
        (lambda o: lr_scheduler.with_warmup(lr_scheduler.ReduceLROnPlateau(o), 1), "does not support"),
        (lambda o: lr_scheduler.get_constant_schedule_with_warmup(o, -1), "Expected num_warmup_steps >= 0"),
    ],
)
def test_warm_up_refusals(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(two_groups(tg))


def test_warm_up_of_a_schedule_in_use() -> None:
    optimizer = two_groups(tg)
    schedule = lr_scheduler.StepLR(optimizer, 1)
    optimizer.step()
    schedule.step()
    with pytest.raises(ValueError, match="the schedule has been stepped 1 times already"):
        lr_scheduler.with_warmup(schedule, 3)


def test_swalr_refusals() -> None:
    with pytest.raises(ValueError, match="anneal_strategy must be one of 'cos' or 'linear', instead got x"):
        swa_utils.SWALR(two_groups(tg), 0.1, anneal_strategy="x")
    for epochs in (-1, 0.5):
        with pytest.raises(ValueError, match="anneal_epochs must be equal or greater than 0, got"):
            swa_utils.SWALR(two_groups(tg), 0.1, anneal_epochs=epochs)
    with pytest.raises(ValueError, match=r"swa_lr must have the same length as optimizer\.param_groups"):
        swa_utils.SWALR(two_groups(tg), [0.1])


def test_signatures_like_torch() -> None:
    torch = pytest.importorskip("torch")
    pairs = [(lr_scheduler, torch.optim.lr_scheduler, name) for name in torch.optim.lr_scheduler.__all__]
    pairs += [(swa_utils, torch.optim.swa_utils, name) for name in torch.optim.swa_utils.__all__]
    for mine, theirs, name in pairs:
        found, expected = (inspect.signature(getattr(module, name)).parameters.values() for module in (mine, theirs))
        assert [(p.name, p.default, p.kind) for p in found] == [(p.name, p.default, p.kind) for p in expected], name
