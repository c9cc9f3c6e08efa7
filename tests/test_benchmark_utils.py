"""`utils.benchmark`: timers, what they measured, tables of it; the texts beside PyTorch's."""

from __future__ import annotations

import itertools
import pickle
import random

import pytest

import tinygrad_nn
from tinygrad_nn.utils import benchmark

METHODS = ("trim_significant_figures", "colorize", "highlight_warnings")


class Clock:
    """A clock that goes on only when it is told to."""

    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time

    def wait(self, seconds=1e-3):
        self.time += seconds


def waiting(seconds=lambda: 1e-3):
    """A timer of a statement that takes so long."""
    clock = Clock()
    return benchmark.Timer("wait(seconds())", timer=clock, globals={"wait": clock.wait, "seconds": seconds})


def test_timeit():
    clock = Clock()
    variables = {"x": 0.001, "wait": clock.wait}
    found = benchmark.Timer("wait(x / y)", setup="y = 4", globals=variables, timer=clock).timeit(4)
    assert found.number_per_run == 4
    assert found.raw_times == [pytest.approx(1e-3)]
    assert found.times == [found.median] == [found.mean] == [pytest.approx(2.5e-4)]
    assert found.iqr == 0
    assert not found.has_warnings
    assert (found.stmt, found.setup, found.num_threads) == ("wait(x / y)", "y = 4", 1)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = found.nothing


def test_statements_know_the_package_and_leave_variables_alone():
    variables = {"x": 3}
    benchmark.Timer("assert torch.ones(2).sum() == 2\nx = 4", globals=variables).timeit(1)
    assert variables == {"x": 3}


def test_statements_may_be_indented():
    timer = benchmark.Timer(
        """
        if True:
            x = 1
        """,
        setup="""
        y = 2
        """,
    )
    assert timer.timeit(1).stmt == "if True:\n    x = 1"


def test_threads_are_set_meanwhile():
    before = tinygrad_nn.get_num_threads()
    seen = []
    timer = benchmark.Timer("seen.append(torch.get_num_threads())", globals={"seen": seen}, num_threads=1)
    timer.timeit(1)
    assert set(seen) == {1}
    assert tinygrad_nn.get_num_threads() == before
    failing = benchmark.Timer("1 / 0")
    with pytest.raises(ZeroDivisionError):
        failing.timeit(1)
    assert tinygrad_nn.get_num_threads() == before


def test_blocks_until_time_is_up():
    calls = []
    found = waiting().blocked_autorange(lambda number, seconds: calls.append((number, seconds)), min_run_time=0.0105)
    assert len(found.raw_times) == len(calls) == 11  # a millisecond each
    assert calls[0] == (found.number_per_run, found.raw_times[0])


def test_blocks_until_the_answer_is_firm():
    assert 10 <= len(waiting().adaptive_autorange().times) <= 11  # 0.01 s
    numbers = itertools.count()
    restless = waiting(lambda: 10.0 ** -(next(numbers) % 2))
    assert sum(restless.adaptive_autorange(max_run_time=3.0).raw_times) > 3  # it gives up


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stmt": len}, "Currently only a `str` stmt is supported, got builtin_function_or_method"),
        ({"language": "c++"}, r"Invalid language `c\+\+`"),
        ({"language": benchmark.Language.CPP}, "Only statements in Python"),
        ({"global_setup": "#include"}, "global_setup is C\\+\\+ only"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ValueError, match=message):
        benchmark.Timer(**options)


def test_what_is_not_there():
    timer = benchmark.Timer()
    for method in (timer.repeat, timer.autorange):
        with pytest.raises(NotImplementedError, match="blocked_autorange"):
            method()
    with pytest.raises(NotImplementedError, match="collect_callgrind is not there"):
        timer.collect_callgrind(number=1)
    with pytest.raises(ValueError, match="Expected an instance of `Measurement`"):
        benchmark.Compare([1.0])
    with pytest.raises(AssertionError, match="whole number"):
        benchmark.trim_sigfig(1.0, 1.5)


def test_measurements_are_pickled():
    found = benchmark.Timer(label="nothing").timeit(3)
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert again.label == "nothing"


def test_merge():
    task, other = benchmark.TaskSpec("a", "pass"), benchmark.TaskSpec("b", "pass")
    made = [benchmark.Measurement(2, [4.0], task), benchmark.Measurement(1, [1.0, 3.0], task)]
    merged = benchmark.Measurement.merge([*made, benchmark.Measurement(1, [5.0], other)])
    assert [(one.stmt, one.raw_times) for one in merged] == [("a", [2.0, 1.0, 3.0]), ("b", [5.0])]


@pytest.mark.parametrize(
    ("seconds", "unit"), [(3e-9, "ns"), (1e-6, "us"), (9.99e-4, "us"), (0.5, "ms"), (1.0, "s"), (5e3, "s"), (0.0, "s")]
)
def test_units(seconds, unit):
    assert benchmark.select_unit(seconds)[0] == unit


def test_trimming():
    assert benchmark.trim_sigfig(1796.8, 1) == 2000
    assert benchmark.trim_sigfig(-0.012345, 3) == -0.0123
    assert benchmark.trim_sigfig(0.0, 3) == 0


def drawn(rng, packages):
    """The same measurements in each package: of some rows and columns, of which some places are left empty."""
    made = [[] for _ in packages]
    least = rng.randrange(-6, -1)
    environments = rng.choice([["base"], ["base", "new one"]])
    for row, column, env, threads in itertools.product(
        rng.sample(["a", "bb", "(4x8)", None, "longer name"], rng.randint(1, 4)),
        rng.sample(["x", "eager", "fused thing"], rng.randint(1, 3)), environments, rng.choice([[1], [1, 2]]),
    ):  # fmt: skip
        if rng.random() < 0.15:
            continue
        number, seconds = rng.choice([1, 10, 1000]), 10 ** (least + rng.uniform(0, 3))
        times = [seconds * number * rng.uniform(1, rng.choice([1.02, 2])) for _ in range(rng.choice([1, 3, 5, 20]))]
        label = rng.choice([None, "a label"])
        options = {"sub_label": row, "description": column, "env": env, "num_threads": threads, "label": label}
        statement, setup = rng.choice(["x + 1", "x = 1\ny = 2"]), rng.choice(["pass", "x = 1", "x = 1\nz = 3"])
        for found, package in zip(made, packages, strict=True):
            task = package.TaskSpec(statement, setup, **options)
            found.append(package.Measurement(number, [*times], task))
    return made


@pytest.mark.parametrize("seed", range(40))
def test_texts_are_those_of_pytorch(seed):
    pytest.importorskip("torch", reason="compares with PyTorch")
    from torch.utils import benchmark as expected

    rng = random.Random(seed)
    theirs, ours = drawn(rng, (expected, benchmark))
    for one, other in zip(theirs, ours, strict=True):
        assert repr(other).split("\n")[1:] == repr(one).split("\n")[1:]
        assert other.significant_figures == one.significant_figures
        assert (other.median, other.iqr) == (pytest.approx(one.median), pytest.approx(one.iqr))
    for chosen in ((), *((method,) for method in METHODS), METHODS):
        tables = [package.Compare(found) for package, found in ((expected, theirs), (benchmark, ours))]
        for table in tables:
            for method in chosen:
                getattr(table, method)(**({"rowwise": seed % 2 == 0} if method == "colorize" else {}))
        assert str(tables[1]) == str(tables[0])


def test_table(capsys):
    def measured(size, way, *seconds):
        task = benchmark.TaskSpec("", "", label="add", sub_label=size, description=way)
        return benchmark.Measurement(1, [*seconds], task)

    table = benchmark.Compare([measured("few", "eager", 2e-6, 2e-6, 4e-6), measured("many", "fused", 1e-3)])
    table.extend_results([measured("few", "fused", 1e-6)])
    table.highlight_warnings()
    table.print()
    assert capsys.readouterr().out.splitlines() == [
        "[--------------- add ---------------]",
        "            |     eager     |  fused ",
        "1 threads: --------------------------",
        "      few   |  2.0 (! 50%)  |    1.0 ",
        "      many  |               |  1000.0",
        "",
        "Times are in microseconds (us).",
        "(! XX%) Measurement has high variance, where XX is the IQR / median * 100.",
        "",
    ]
