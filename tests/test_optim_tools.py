"""Averages of weights, batches in parts, the search for a learning rate, and swapped parameters."""

from __future__ import annotations

import builtins
import copy
import math
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn, optim
from tinygrad_nn.nn import functional as F  # noqa: N812 - PyTorch's programs write it so
from tinygrad_nn.optim import GradientAccumulator, LRFinder, count_targets, swa_utils

# --- averages ----------------------------------------------------------------------------------------------------

AVERAGES: dict[str, Any] = {
    "equal weights": lambda swa: {},
    "equal, one by one": lambda swa: {"avg_fn": swa.get_swa_avg_fn()},
    "equal, together": lambda swa: {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
    "exponential, one by one": lambda swa: {"avg_fn": swa.get_ema_avg_fn(0.7)},
    "exponential, together": lambda swa: {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.7)},
    "exponential default": lambda swa: {"multi_avg_fn": swa.get_ema_multi_avg_fn()},
    "of a user": lambda swa: {"avg_fn": lambda average, current, count: (average + current) / 2},
}


def averaged(package: Any, name: str, use_buffers: bool, dtype: str) -> Any:
    """A model whose weights and buffers, one of them of integers, go through some values; their average."""
    rng = np.random.default_rng(0)
    model = package.nn.Linear(3, 2, dtype=getattr(package, dtype))
    model.register_buffer("total", package.zeros(2, dtype=getattr(package, dtype)))
    model.register_buffer("count", package.tensor(10))
    swa = package.optim.swa_utils
    average = swa.AveragedModel(model, use_buffers=use_buffers, **AVERAGES[name](swa))
    for step in range(6):
        with package.no_grad():
            for tensor in (model.weight, model.bias, model.total):
                tensor.copy_(package.tensor(rng.normal(size=tuple(tensor.shape)), dtype=tensor.dtype))
            model.count.fill_(100 * step)
        average.update_parameters(model)
    return average


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("name", AVERAGES)
def test_averages_like_torch(name: str, use_buffers: bool, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    if use_buffers and name == "equal, together":
        pytest.skip("PyTorch's function of integers wants the number of models as a number")
    mine = averaged(tg, name, use_buffers, dtype).state_dict()
    theirs = averaged(torch, name, use_buffers, dtype).state_dict()
    assert list(mine) == list(theirs)
    tolerance = {"float32": 1e-6, "float64": 1e-12}[dtype]
    for key, value in theirs.items():
        assert str(mine[key].dtype) == str(value.dtype)
        np.testing.assert_allclose(mine[key].numpy(), value.numpy(), rtol=tolerance, atol=tolerance, err_msg=key)


def test_averages() -> None:
    model = nn.Linear(1, 1, bias=False)
    exponential = AVERAGES["exponential, together"](swa_utils)
    for options, expected in (({}, [1, 2, 3, 4]), (exponential, [1, 1.6, 2.62, 3.934])):
        average = swa_utils.AveragedModel(model, **options)
        found = []
        for value in (1.0, 3.0, 5.0, 7.0):
            with tg.no_grad():
                model.weight.fill_(value)
            average.update_parameters(model)
            found.append(average.module.weight.item())
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert average.n_averaged.item() == 4
        assert average(tg.ones(1, 1)).item() == pytest.approx(expected[-1])
        assert model.weight.item() == 7


def test_refusals_of_averages() -> None:
    model = nn.Linear(1, 1)
    one, many = swa_utils.get_ema_avg_fn(), swa_utils.get_ema_multi_avg_fn()
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn should be provided"):
        swa_utils.AveragedModel(model, avg_fn=one, multi_avg_fn=many)
    for make in (swa_utils.get_ema_avg_fn, swa_utils.get_ema_multi_avg_fn):
        with pytest.raises(ValueError, match=r"Invalid decay value 1\.5 provided"):
            make(1.5)
    with pytest.raises(ValueError, match="expected the model that was given first, with 2 tensors, got one with 4"):
        swa_utils.AveragedModel(model).update_parameters(nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)))


def used(momentum: float | None) -> nn.BatchNorm1d:
    """Batch normalisation that has seen other data."""
    layer = nn.BatchNorm1d(2, momentum=momentum)
    layer(tg.full((3, 2), 77.0))
    return layer


@pytest.mark.parametrize("training", [False, True])
def test_update_bn(training: bool) -> None:
    model = nn.Sequential(used(0.1), nn.Dropout(0.0), used(None)).train(training)
    rows = tg.arange(16.0).reshape(8, 2)
    for loader in (rows.split(2), [(part, "target") for part in rows.split(2)], [[part] for part in rows.split(2)]):
        swa_utils.update_bn(loader, model, device="cpu")
        for norm, momentum, mean in ((model[0], 0.1, rows.mean(0)), (model[2], None, tg.zeros(2))):
            tg.testing.assert_close(norm.running_mean, mean)
            assert norm.num_batches_tracked.item() == 4
            assert norm.momentum == momentum
        assert model.training is training


def test_update_bn_of_a_model_without_it_reads_no_data() -> None:
    swa_utils.update_bn((1 / 0 for _ in range(3)), nn.Linear(1, 1))


def test_update_bn_puts_everything_back_when_it_fails() -> None:
    model = nn.Sequential(used(0.1)).eval()
    with pytest.raises(ZeroDivisionError):
        swa_utils.update_bn((1 / 0 for _ in range(3)), model)
    assert model[0].momentum == 0.1
    assert not model.training


# --- batches in parts --------------------------------------------------------------------------------------------


def sentences() -> tuple[tg.Tensor, tg.Tensor]:
    """Rows of words, of which different numbers do not count; in some rows, none does."""
    tg.manual_seed(0)
    targets = tg.randint(0, 5, (10, 6))
    for row, length in enumerate([6, 1, 3, 0, 0, 5, 2, 6, 4, 1]):
        targets[row, length:] = -100
    return tg.randn(10, 6, 3), targets


LOSSES: dict[str, tuple[Any, Any]] = {
    "mean": (lambda x, y: F.cross_entropy(x.flatten(0, 1), y.flatten()), count_targets),
    "weighted": (
        lambda x, y: F.cross_entropy(x.flatten(0, 1), y.flatten(), weight=tg.arange(1.0, 6)),
        lambda y: count_targets(y, weight=tg.arange(1.0, 6)),
    ),
    "squares": (lambda x, y: F.mse_loss(x[..., 0], y.float()), lambda y: y.numel()),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("parts", [[10], [5, 5], [1] * 10, [2, 2, 2, 2, 2], [3, 3, 3, 1], [3, 2, 5]])
def test_small_batches_are_one_large_one(name: str, parts: list[int]) -> None:
    loss_of, count = LOSSES[name]
    inputs, targets = sentences()
    tg.manual_seed(1)
    one = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 5)).double()
    other = copy.deepcopy(one)
    inputs = inputs.double()
    if name == "weighted":
        loss_of = lambda x, y: F.cross_entropy(x.flatten(0, 1), y.flatten(), weight=tg.arange(1.0, 6).double())  # noqa: E731
    large = optim.SGD(one.parameters(), lr=0.1, momentum=0.9)
    small = optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
    accumulator = GradientAccumulator(small, every=len(parts))
    for _ in range(3):
        large.zero_grad()
        loss = loss_of(one(inputs), targets)
        loss.backward()
        large.step()
        stepped = []
        for x, y in zip(inputs.split(parts), targets.split(parts), strict=True):
            accumulator.backward(loss_of(other(x), y), count(y))
            stepped.append(accumulator.step())
        assert stepped == [False] * (len(parts) - 1) + [True]
        assert accumulator.loss == pytest.approx(loss.item(), rel=1e-12)
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        tg.testing.assert_close(p, q, rtol=1e-12, atol=1e-12)


def test_sums_are_added_as_they_are() -> None:
    x = tg.zeros(1, requires_grad=True)
    accumulator = GradientAccumulator(optim.SGD([x], lr=1.0), every=2, reduction="sum")
    for value in (1.0, 2.0):
        accumulator.backward((x * value).sum(), count=7)
    assert accumulator.step()
    assert x.item() == -3
    assert x.grad is None


def test_a_last_batch_that_is_smaller() -> None:
    x = tg.zeros(1, requires_grad=True)
    optimizer = optim.SGD([x], lr=1.0)
    accumulator = GradientAccumulator(optimizer, every=2)
    x.grad = tg.full((1,), 99.0)  # what was there before does not count
    accumulator.backward((2 * x).sum(), count=3)
    assert not accumulator.step()
    assert x.item() == 0
    assert accumulator.flush()
    assert x.item() == -2
    assert not accumulator.flush()


def test_a_large_batch_of_which_nothing_counts() -> None:
    x = tg.ones(1, requires_grad=True)
    accumulator = GradientAccumulator(optim.Adam([x]), every=2)
    for _ in range(2):
        accumulator.backward(x.sum() * float("nan"), count=0)
    assert not accumulator.step()
    assert math.isnan(accumulator.loss)
    assert x.item() == 1
    assert not accumulator.optimizer.state


def test_hooks_see_the_gradient_of_the_large_batch() -> None:
    x = tg.zeros(2, requires_grad=True)
    optimizer, seen = optim.SGD([x], lr=1.0), []
    optimizer.register_step_pre_hook(lambda *_: seen.append(x.grad.tolist()))
    accumulator = GradientAccumulator(optimizer, every=2)
    for value in (1.0, 4.0):
        accumulator.backward((x * value).sum(), count=value)
    accumulator.step()
    assert seen == [[3.4, 3.4]] or np.allclose(seen, 3.4)


def test_refusals_of_accumulation() -> None:
    optimizer = optim.SGD([tg.ones(1, requires_grad=True)])
    for every in (0, -1, 1.5):
        with pytest.raises(ValueError, match="every must be a positive integer"):
            GradientAccumulator(optimizer, every)
    with pytest.raises(ValueError, match="reduction must be 'mean' or 'sum', got 'none'"):
        GradientAccumulator(optimizer, 2, "none")
    for count in (-1, float("nan")):
        with pytest.raises(ValueError, match="expected a count of 0 or more"):
            GradientAccumulator(optimizer, 2).backward(tg.ones(1), count)


# --- the search for a learning rate -----------------------------------------------------------------------------


def problem() -> tuple[Any, Any, list[tuple[tg.Tensor, tg.Tensor]]]:
    tg.manual_seed(0)
    inputs = tg.randn(128, 3)
    batches = list(zip(inputs.split(32), (inputs.sum(1, keepdim=True) + 1).split(32), strict=True))
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.1), nn.Tanh(), nn.Linear(8, 1))
    return model, optim.SGD(model.parameters(), lr=0.123, momentum=0.9), batches


def test_a_learning_rate_is_found_and_everything_put_back() -> None:
    model, optimizer, batches = problem()
    for x, y in batches[:2]:  # so that there is a state
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    model.eval()
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    tg.manual_seed(5)
    expected = tg.rand(3)
    tg.manual_seed(5)
    finder = LRFinder(model, optimizer, nn.MSELoss())
    finder.range_test(batches, start_lr=1e-5, end_lr=100, num_iter=80)
    assert tg.equal(tg.rand(3), expected)
    assert not model.training
    for one, other in zip(before, (model.state_dict(), optimizer.state_dict()), strict=True):
        assert repr(one) == repr(other)
    rates, losses = finder.history["lr"], finder.history["loss"]
    np.testing.assert_allclose(np.diff(np.log(rates)), np.log(1e7) / 79)
    assert rates[0] == 1e-5
    assert len(rates) < 80  # stopped when it went apart
    assert losses[-1] > 5 * min(losses)
    assert 1e-3 < finder.suggestion() < 1
    assert finder.suggestion() < rates[losses.index(min(losses))]


def test_the_loss_of_a_batch_in_ones_own_words() -> None:
    model, optimizer, batches = problem()
    one, other = LRFinder(model, optimizer, nn.MSELoss()), LRFinder(
        model, optimizer, batch_loss=lambda net, batch: F.mse_loss(net(batch["x"]), batch["y"])
    )
    one.range_test(batches, num_iter=20)
    other.range_test([{"x": x, "y": y} for x, y in batches], num_iter=20)
    assert one.history == other.history
    with pytest.raises(ValueError, match=r"a pair of inputs and targets, got dict\. Give a batch_loss"):
        one.range_test([{"x": 1}])


def test_everything_is_put_back_when_a_search_fails() -> None:
    model, optimizer, batches = problem()
    before = repr(model.state_dict()), repr(optimizer.state_dict())
    finder = LRFinder(model, optimizer, nn.MSELoss())
    with pytest.raises(ZeroDivisionError):
        finder.range_test(1 / 0 if number == 3 else batch for number, batch in enumerate(batches))
    assert before == (repr(model.state_dict()), repr(optimizer.state_dict()))
    with pytest.raises(RuntimeError, match=r"there are 0 losses. Run range_test\(\) first"):
        finder.suggestion()


def test_refusals_of_a_search() -> None:
    model, optimizer, batches = problem()
    for losses in ({}, {"criterion": nn.MSELoss(), "batch_loss": len}):
        with pytest.raises(ValueError, match="expected a criterion or a batch_loss, and not both"):
            LRFinder(model, optimizer, **losses)
    finder = LRFinder(model, optimizer, nn.MSELoss())
    with pytest.raises(ValueError, match="expected 0 < start_lr < end_lr, got 1 and 1"):
        finder.range_test(batches, 1, 1)
    with pytest.raises(ValueError, match="expected at least two batches, got num_iter=1"):
        finder.range_test(batches, num_iter=1)
    with pytest.raises(ValueError, match="smooth_f is outside the range"):
        finder.range_test(batches, smooth_f=1)
    with pytest.raises(ValueError, match=r"the loader has no batches\. A generator is used up"):
        finder.range_test([])


def test_drawing_a_search() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    model, optimizer, batches = problem()
    finder = LRFinder(model, optimizer, nn.MSELoss())
    finder.range_test(batches, num_iter=30)
    axes = finder.plot(skip_start=2, skip_end=3)
    line, mark = axes.get_lines()
    assert line.get_xdata().tolist() == finder.history["lr"][2:-3]
    assert mark.get_xdata()[0] == finder.suggestion()
    assert (axes.get_xscale(), axes.get_xlabel(), axes.get_ylabel()) == ("log", "learning rate", "loss")
    other = pyplot.subplots()[1]
    assert finder.plot(other, suggest=False) is other
    assert len(other.get_lines()) == 1
    pyplot.close("all")


def test_drawing_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    model, optimizer, batches = problem()
    finder = LRFinder(model, optimizer, nn.MSELoss())
    finder.range_test(batches, num_iter=5)
    find = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return find(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"not installed: pip install matplotlib\. The numbers are in"):
        finder.plot()


# --- swapped parameters ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["tinygrad_nn", "torch"])
def test_swapped_parameters(package: str) -> None:
    pack = pytest.importorskip(package)
    swap = pack.optim.swap_in_optimizer_params_and_state
    x, y = pack.ones(2, requires_grad=True), pack.zeros(2, requires_grad=True)
    optimizer = pack.optim.Adam([x], lr=0.1)
    x.grad = y.grad = pack.ones(2)
    optimizer.step()
    given = copy.deepcopy(optimizer.state_dict())
    given["param_groups"][0]["lr"] = 0.5
    groups, params, before = optimizer.param_groups[0], optimizer.param_groups[0]["params"], repr(optimizer)
    kept = x.detach().clone()
    with swap(optimizer, {"y": y}, given):
        assert optimizer.param_groups[0]["params"][0] is y
        assert optimizer.param_groups[0]["lr"] == 0.5
        optimizer.step()
    assert optimizer.param_groups[0] is groups
    assert groups["params"] is params
    assert repr(optimizer) == before
    assert pack.equal(x.detach(), kept)
    np.testing.assert_allclose(y.detach().numpy(), -0.5, rtol=1e-6)
    assert optimizer.state[x]["step"].item() == 1
    optimizer.step()
    assert optimizer.state[x]["step"].item() == 2
    np.testing.assert_allclose(x.detach().numpy(), 0.8, rtol=1e-6)


def change(**what: Any) -> Any:
    return lambda state: {**state, **what}


BAD_SWAPS = [
    (lambda s: 3, "requires a DCP-style optimizer state_dict"),
    (change(state=3), "to be a dict mapping packed parameter ids"),
    (change(state={0: 3}), "requires per-parameter optimizer state entries to be dictionaries"),
    (change(state={"x": {}}), "to be keyed only by packed parameter ids"),
    (change(param_groups=3), "to be a list of param-group dicts, got int"),
    (change(param_groups=[]), "has a different number of parameter groups than the live optimizer"),
    (change(param_groups=[3]), "requires each optimizer param group to be a dictionary"),
    (change(param_groups=[{"params": ["x"]}]), "entries keyed by packed parameter ids"),
    (change(param_groups=[{"params": [0, 1]}]), "param group 0 has a different number of params"),
    (change(param_groups=[{"params": [0], "more": 1}]), r"Keys only in swap-in: \['more'\]. Keys only in live: \['lr'"),
]


@pytest.mark.parametrize(("make", "message"), BAD_SWAPS, ids=[message[:30] for _, message in BAD_SWAPS])
@pytest.mark.parametrize("package", ["tinygrad_nn", "torch"])
def test_refused_swaps(package: str, make: Any, message: str) -> None:
    pack = pytest.importorskip(package)
    swap = pack.optim.swap_in_optimizer_params_and_state
    x = pack.ones(2, requires_grad=True)
    optimizer = pack.optim.SGD([x], lr=0.1, momentum=0.9)
    with pytest.raises(RuntimeError, match="requires initialized optimizer state"), swap(optimizer, {}, {}):
        pass
    x.grad = pack.ones(2)
    optimizer.step()
    before = repr(optimizer)
    with pytest.raises(RuntimeError, match=message), swap(optimizer, {"x": x}, make(optimizer.state_dict())):
        pass
    state, ordering = optimizer.state_dict(), r"to match optimizer\.param_groups ordering"
    with pytest.raises(RuntimeError, match=ordering), swap(optimizer, {}, state):
        pass
    assert repr(optimizer) == before
