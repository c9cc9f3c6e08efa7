"""The profiler: PyTorch's documented examples, its table, its files; and that what it measures is true."""

from __future__ import annotations

import gzip
import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn
from tinygrad_nn import profiler
from tinygrad_nn._core.modes import modes

PACKAGES = [pytest.param(tinygrad_nn, id="here")]
if importlib.util.find_spec("torch") is not None:
    import torch

    PACKAGES.append(pytest.param(torch, id="torch"))
both = pytest.mark.parametrize("t", PACKAGES)


def step(t: Any, model: Any, x: Any) -> None:
    """Forward and backward."""
    model(x).sum().backward()


def mlp(t: Any) -> tuple[Any, Any]:
    """A small network, and a batch for it."""
    t.manual_seed(0)
    model = t.nn.Sequential(t.nn.Linear(16, 8), t.nn.ReLU(), t.nn.Linear(8, 4))
    return model, t.randn(5, 16)


# --- PyTorch's documented examples -------------------------------------------------------------------------------


@both
def test_the_first_example_of_torch_profiler(t: Any) -> None:
    model, x = mlp(t)
    with t.profiler.profile(activities=[t.profiler.ProfilerActivity.CPU]) as p:
        step(t, model, x)
    table = p.key_averages().table(sort_by="self_cuda_time_total", row_limit=-1)
    assert "aten::linear" in table
    assert "AddmmBackward0" in table
    assert "Self CPU time total: " in table


@both
@pytest.mark.filterwarnings("ignore:Warning. Profiler clears events", "ignore:.*Profiler clears events")
def test_the_example_with_a_schedule(t: Any, tmp_path: Path) -> None:
    model, x = mlp(t)
    ready: list[int] = []

    def trace_handler(p: Any) -> None:
        output = p.key_averages().table(sort_by="self_cpu_time_total", row_limit=-1)
        assert "aten::linear" in output
        p.export_chrome_trace(str(tmp_path / f"trace_{p.step_num}.json"))
        ready.append(p.step_num)

    with t.profiler.profile(
        activities=[t.profiler.ProfilerActivity.CPU],
        schedule=t.profiler.schedule(wait=1, warmup=1, active=2, repeat=2),
        on_trace_ready=trace_handler,
    ) as p:
        for _ in range(10):
            step(t, model, x)
            p.step()
    assert ready == [4, 8]
    for number in ready:
        events = json.loads((tmp_path / f"trace_{number}.json").read_text())["traceEvents"]
        linear = [event for event in events if event["name"] == "aten::linear"]
        assert len(linear) == 4  # two layers in each of two steps
        assert all(event["ph"] == "X" and event["dur"] >= 0 for event in linear)
    steps = {average.key: average.count for average in p.key_averages()}
    assert steps["ProfilerStep*"] == 2


@both
def test_the_recipe_with_record_function(t: Any) -> None:
    model, x = mlp(t)
    profile, named = t.profiler.profile, t.profiler.record_function("model_inference")
    with profile(activities=[t.profiler.ProfilerActivity.CPU], record_shapes=True) as prof, named:
        model(x)
    averages = {average.key: average for average in prof.key_averages()}
    assert averages["model_inference"].count == 1
    assert averages["model_inference"].cpu_time_total >= averages["aten::linear"].cpu_time_total
    assert "model_inference" in prof.key_averages().table(sort_by="cpu_time_total", row_limit=10)
    by_shape = prof.key_averages(group_by_input_shape=True)
    shapes = [average.input_shapes for average in by_shape if average.key == "aten::linear"]
    assert sorted(map(str, shapes)) == ["[[5, 16], [8, 16], [8]]", "[[5, 8], [4, 8], [4]]"]


@both
def test_the_example_of_autograd_profiler(t: Any) -> None:
    x = t.randn((1, 1), requires_grad=True)
    with t.autograd.profiler.profile() as prof:
        for _ in range(100):
            y = x**2
            y.backward()
    averages = {average.key: average.count for average in prof.key_averages()}
    assert averages["PowBackward0"] == 100
    assert "PowBackward0" in prof.key_averages().table(sort_by="self_cpu_time_total")
    assert prof.self_cpu_time_total > 0
    assert prof.total_average().key == "Total"


@both
def test_record_function_of_autograd_profiler(t: Any) -> None:
    x = t.randn((1, 1), requires_grad=True)

    @t.autograd.profiler.record_function("decorated")
    def cube(value: Any) -> Any:
        return value**3

    with t.autograd.profiler.profile() as prof, t.autograd.profiler.record_function("label-z"):
        cube(x)
    names = [event.name for event in prof.function_events]
    assert names[:2] == ["label-z", "decorated"]
    inner = next(event for event in prof.function_events if event.name == "decorated")
    assert inner.cpu_parent.name == "label-z"


@both
def test_the_stack_names_the_line(t: Any, tmp_path: Path) -> None:
    x = t.randn(4, requires_grad=True)
    with t.profiler.profile(activities=[t.profiler.ProfilerActivity.CPU], with_stack=True) as prof:
        (x * 2).sum().backward()
    prof.export_stacks(str(tmp_path / "stacks.txt"), "self_cpu_time_total")
    assert (tmp_path / "stacks.txt").exists()


def test_stacks_here_are_the_users_lines(tmp_path: Path) -> None:
    x = tinygrad_nn.randn(400, requires_grad=True)
    with profiler.profile(with_stack=True) as prof:
        y = (x * 2).sum()  # one line
        y.backward()
    events = {event.name: event for event in prof.events()}
    place = "test_profiler.py"
    assert place in events["aten::mul"].stack[0]
    assert events["MulBackward0"].stack == events["aten::mul"].stack  # that of its operation
    assert len(prof.key_averages(group_by_stack_n=1)) == 4
    table = prof.key_averages(group_by_stack_n=1).table(row_limit=1, max_src_column_width=20)
    assert "Source Location" in table
    prof.export_stacks(str(tmp_path / "stacks.txt"))
    for line in (tmp_path / "stacks.txt").read_text().splitlines():
        assert line.rpartition(" ")[2].isdigit()
    with pytest.raises(ValueError, match="metric should be one of"):
        prof.export_stacks(str(tmp_path / "stacks.txt"), "count")


@both
def test_a_profiler_may_be_started_and_stopped_by_hand(t: Any) -> None:
    p = t.profiler.profile(activities=[t.profiler.ProfilerActivity.CPU])
    p.start()
    t.ones(3).exp()
    p.stop()
    assert "aten::exp" in [average.key for average in p.key_averages()]


@both
def test_a_training_step_shows_the_optimizer(t: Any) -> None:
    model, x = mlp(t)
    optimizer = t.optim.SGD(model.parameters(), lr=0.1)
    with t.profiler.profile(activities=[t.profiler.ProfilerActivity.CPU]) as prof:
        step(t, model, x)
        optimizer.step()
    averages = {average.key: average for average in prof.key_averages()}
    assert averages["Optimizer.step#SGD.step"].count == 1


# --- the same as PyTorch -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wait", [0, 2])
@pytest.mark.parametrize("warmup", [1, 2])
@pytest.mark.parametrize("active", [1, 3])
@pytest.mark.parametrize("repeat", [0, 2])
@pytest.mark.parametrize("skip_first", [0, 3])
@pytest.mark.parametrize("skip_first_wait", [0, 1])
def test_schedules(wait: int, warmup: int, active: int, repeat: int, skip_first: int, skip_first_wait: int) -> None:
    torch = pytest.importorskip("torch")
    options = {"wait": wait, "warmup": warmup, "active": active, "repeat": repeat, "skip_first": skip_first,
               "skip_first_wait": skip_first_wait}  # fmt: skip
    ours, theirs = profiler.schedule(**options), torch.profiler.schedule(**options)
    assert [ours(n).name for n in range(30)] == [theirs(n).name for n in range(30)]


@both
def test_wrong_schedules_are_refused(t: Any) -> None:
    with pytest.raises(AssertionError, match="Invalid profiler schedule arguments"):
        t.profiler.schedule(wait=-1, warmup=1, active=1)
    with pytest.raises(AssertionError, match="Invalid profiler schedule arguments"):
        t.profiler.schedule(wait=1, warmup=1, active=0)
    with pytest.warns(UserWarning, match="won't be using warmup"):
        t.profiler.schedule(wait=1, warmup=0, active=1)
    with pytest.raises(AssertionError, match="Step must be non-negative"):
        t.profiler.schedule(wait=1, warmup=1, active=1)(-1)


def test_the_columns_of_the_table_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    heads = []
    for t in (tinygrad_nn, torch):
        with t.profiler.profile(
            activities=[t.profiler.ProfilerActivity.CPU], record_shapes=True, profile_memory=True, with_flops=True
        ) as prof:
            t.ones(4, 8) @ t.ones(8, 2)
        table = prof.key_averages(group_by_input_shape=True).table(sort_by="cpu_time_total", header="title")
        lines = table.splitlines()
        assert lines[1] == "title"
        heads.append(lines[3].split("  "))
    clean = [[word.strip() for word in head if word.strip()] for head in heads]
    assert clean[0] == clean[1]


def test_the_estimate_of_operations_is_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    found = []
    for t in (tinygrad_nn, torch):
        x, w, b = t.ones(4, 8), t.ones(3, 8), t.ones(3)
        with t.profiler.profile(activities=[t.profiler.ProfilerActivity.CPU], with_flops=True) as prof:
            t.nn.functional.linear(x, w, b)
            x * x
            x + x
        found.append(sorted(average.flops for average in prof.key_averages() if average.flops))
    assert found[0] == found[1]


@both
def test_columns_and_rows_can_be_chosen(t: Any) -> None:
    model, x = mlp(t)
    with t.profiler.profile(activities=[t.profiler.ProfilerActivity.CPU]) as prof:
        step(t, model, x)
    averages = prof.key_averages()
    rows = averages.table(sort_by="count", row_limit=2).splitlines()
    assert len(rows) == 7  # rule, titles, rule, two rows, rule, total
    assert "us" not in averages.table(time_unit="ms", row_limit=1).splitlines()[3]
    top = averages.table(top_level_events_only=True)
    assert "This report only display top-level ops statistics" in top
    with pytest.raises(AttributeError):
        averages.table(sort_by="speed")


def test_what_is_not_there_is_said() -> None:
    with pytest.warns(UserWarning, match="CUDA is not available, disabling CUDA profiling"):
        profiler.profile(activities=[profiler.ProfilerActivity.CPU, profiler.ProfilerActivity.CUDA])
    with pytest.raises(AssertionError, match="No valid profiler activities found"):
        profiler.profile(activities=[])
    with pytest.raises(ValueError, match="specified more than once"):
        profiler.profile(activities=[profiler.ProfilerActivity.CPU] * 2)
    with pytest.raises(TypeError, match="Expected ProfilerActivity or dict"):
        profiler.profile(activities=["CPU"])
    with pytest.raises(AssertionError, match="must be initialized"):
        profiler.profile().key_averages()
    with pytest.warns(UserWarning, match="CUDA is not available"):
        tinygrad_nn.autograd.profiler.profile(use_cuda=True)
    prof = tinygrad_nn.autograd.profiler.profile()
    with prof, pytest.raises(RuntimeError, match="not reentrant"), prof:
        pass
    with tinygrad_nn.autograd.profiler.profile() as prof:
        tinygrad_nn.ones(1) * 2
    with pytest.warns(FutureWarning, match="`cuda_time_total` is deprecated"):
        assert prof.function_events[0].cuda_time_total == 0
    with pytest.raises(AssertionError, match="requires with_stack=True"):
        prof.export_stacks("nowhere")


# --- what is measured --------------------------------------------------------------------------------------------


def test_times_are_those_of_the_work() -> None:
    x = tinygrad_nn.randn(400, 400)
    with profiler.profile() as prof:
        begin = time.perf_counter()
        for _ in range(10):
            x @ x
        wall = (time.perf_counter() - begin) * 1e6
    (product,) = prof.key_averages()
    assert product.count == 10
    assert 0.5 * wall < product.self_cpu_time_total <= wall
    assert product.cpu_time == pytest.approx(product.cpu_time_total / 10)


def test_self_times_add_up_to_the_outermost() -> None:
    model, x = mlp(tinygrad_nn)
    with profiler.profile() as prof, profiler.record_function("all"):
        for _ in range(3):
            step(tinygrad_nn, model, x)
    events = prof.events()
    outer = events[0]
    assert outer.name == "all"
    assert sum(event.self_cpu_time_total for event in events) == pytest.approx(outer.cpu_time_total)
    assert all(event.cpu_parent is not None for event in events[1:])


def test_memory_is_that_of_new_arrays() -> None:
    x = tinygrad_nn.ones(100, 100)
    with profiler.profile(profile_memory=True) as prof, profiler.record_function("both"):
        y = x * 2  # 40 kB
        y.reshape(-1)  # a view
        y.sum(0)  # 400 bytes
    sizes = {event.name: event.cpu_memory_usage for event in prof.events()}
    assert sizes == {"both": 40_400, "aten::mul": 40_000, "aten::reshape": 0, "aten::sum": 400}
    own = {event.name: event.self_cpu_memory_usage for event in prof.events()}
    assert own["both"] == 0


def test_backward_steps_nest_what_they_run() -> None:
    x = tinygrad_nn.ones(3, requires_grad=True)
    with profiler.profile() as prof:
        tinygrad_nn.autograd.grad((x * x).sum(), x, create_graph=True)
    steps = [event for event in prof.events() if event.name == "MulBackward0"]
    assert [child.name for child in steps[0].cpu_children] == ["aten::mul", "aten::mul", "aten::add"]


def test_modules_are_noted() -> None:
    model, x = mlp(tinygrad_nn)
    with profiler.profile(with_modules=True) as prof:
        step(tinygrad_nn, model, x)
    found = {event.module_hierarchy for event in prof.events() if event.name in ("aten::linear", "AddmmBackward0")}
    assert found == {
        "Sequential.0 (Linear(in_features=16, out_features=8, bias=True))",
        "Sequential.2 (Linear(in_features=8, out_features=4, bias=True))",
    }


def test_files_for_tensorboard_and_metadata(tmp_path: Path) -> None:
    handler = profiler.tensorboard_trace_handler(str(tmp_path / "log"), worker_name="me", use_gzip=True)
    with profiler.profile(on_trace_ready=handler) as prof:
        prof.add_metadata("run", "first")
        prof.add_metadata_json("numbers", "[1, 2]")
        tinygrad_nn.ones(1) * 2
    (path,) = (tmp_path / "log").iterdir()
    assert path.name.startswith("me.")
    assert path.name.endswith(".pt.trace.json.gz")
    with gzip.open(path, "rt") as file:
        trace = json.load(file)
    assert trace["run"] == "first"
    assert trace["numbers"] == [1, 2]
    assert "aten::mul" in [event["name"] for event in trace["traceEvents"]]


def test_collection_can_be_switched_and_kept() -> None:
    x = tinygrad_nn.ones(2)
    with profiler.profile() as prof:
        x * 2
        prof.toggle_collection_dynamic(False, [profiler.ProfilerActivity.CPU])
        x * 3
        prof.toggle_collection_dynamic(True, [profiler.ProfilerActivity.CPU])
        x + 4
    assert [event.name for event in prof.events()] == ["aten::mul", "aten::add"]
    plan = profiler.schedule(wait=0, warmup=1, active=1, repeat=2)
    with profiler.profile(schedule=plan, acc_events=True) as prof:
        for _ in range(4):
            x * 2
            prof.step()
    assert sum(event.name == "aten::mul" for event in prof.events()) == 2


def test_an_op_of_ones_own_has_its_own_name() -> None:
    @tinygrad_nn.op(vjp=lambda g, x: g * 2, method=False)
    def doubled(x: Any, /) -> Any:
        return x + x

    try:
        with profiler.profile() as prof:
            doubled(tinygrad_nn.ones(2))
        assert [event.name for event in prof.events()] == ["doubled"]
    finally:
        del tinygrad_nn._core.op.REGISTRY["doubled"]


def test_nothing_is_left_behind_and_results_are_the_same() -> None:
    model, x = mlp(tinygrad_nn)
    step(tinygrad_nn, model, x)
    expected = [p.grad.numpy().copy() for p in model.parameters()]
    model.zero_grad()
    with profiler.profile(record_shapes=True, profile_memory=True, with_stack=True, with_flops=True):
        step(tinygrad_nn, model, x)
    assert modes.here.quiet is modes.here.unwatched_quiet
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        np.testing.assert_array_equal(parameter.grad.numpy(), gradient)
    with pytest.raises(ZeroDivisionError), profiler.profile():
        raise ZeroDivisionError
    assert modes.here.observers == ()
