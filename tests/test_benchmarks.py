"""The benchmarks run, compare what they time, and hold the budgets: import time, size, cost of an op."""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tinygrad_nn
from benchmarks import every, guard, harness, report, targets
from benchmarks.cases import REGISTRY, select, trainer
from benchmarks.cases.imports import import_seconds
from benchmarks.digits import made_up
from benchmarks.operations import FAMILIES

ROOT = Path(__file__).resolve().parent.parent
TINY = harness.Settings(rounds=1, seconds=0.0, tiny=True)
INSTALLED_EVERYWHERE = ("tinygrad_nn", "numpy")

# The budgets.
IMPORT_SECONDS = 0.060  # beyond numpy, and while other programs run: alone it takes half of that
USUAL_IMPORTS = "import tinygrad_nn, tinygrad_nn.nn, tinygrad_nn.nn.functional, tinygrad_nn.optim"
IMPORTED_BYTES = {"import tinygrad_nn": 945_000, USUAL_IMPORTS: 1_800_000}  # of source text
OP_SECONDS = 4.5e-6  # forward and backward of an op on three numbers, or ...
OP_BARE = 10  # ... so many times what NumPy takes for it, on machines slower than that
FIT_SHARE = 1.05  # of what the loop by hand takes
WHEEL_BYTES = 2_000_000


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As the program does: threads that wait for each other on a busy machine take seconds instead of milliseconds."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
    else:
        with threadpool_limits(1):
            yield


def measure(name, chosen=INSTALLED_EVERYWHERE, settings=TINY):
    return harness.measure(REGISTRY[name], settings, harness.Peers(settings, chosen))


def run(*options, program="run.py"):
    """Run the benchmarks as a user does."""
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / program), *map(str, options)],
        env={**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        capture_output=True,
        text=True,
        timeout=120,
    )


# --- the cases ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REGISTRY)
def test_case(name):
    result = measure(name)
    assert "tinygrad_nn" in result.samples
    least = 0 if name.startswith("faults/") else 1e-9
    assert all(len(samples) == 1 and samples[0] >= least for samples in result.samples.values())
    assert name in report.text(result)


COMPARED = [
    "xor", "mlp/b1/sgd", "mlp/b32/adam", "mlp/b128/momentum", "mlp/digits", "words", "epoch", "op/sin", "op/add_leaf",
    "chain/free", "formulas/focal", "formulas/gaussian", "formulas/huber", "graph/chain200", "graph/wide1000",
    "inference/b1", *(name for name in REGISTRY if name.startswith("single/") and name.endswith("/small")),
]  # fmt: skip


@pytest.mark.parametrize("name", COMPARED)
def test_same_as_torch(name):
    pytest.importorskip("torch", reason="compares with PyTorch")
    result = measure(name, ("tinygrad_nn", "torch"))
    assert set(result.samples) == {"tinygrad_nn", "torch"}
    assert result.ratio("torch") == 1


OPERATIONS = every.select([])


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name):
    """Runs, and gives PyTorch's results and gradients where that is installed."""
    case = every.make_case(name, OPERATIONS[name], 0)
    result = harness.Result(case)
    jobs = harness.prepare(case, TINY, harness.Peers(TINY), result)
    assert jobs["tinygrad_nn"].sample() > 0
    assert set(result.missing.values()) <= {"not installed"}


def test_choice_of_operations():
    assert {"cumsum/dim0", "cumsum/dim1"} <= set(every.select(["cumsum/*", "layers"])) < set(OPERATIONS)
    with pytest.raises(KeyError, match="no operation is called 'cumsun'; families are elementwise, reductions"):
        every.select(["cumsun"])
    assert len(OPERATIONS) == sum(map(len, FAMILIES.values()))  # no name stands twice


def test_report_of_operations():
    case = harness.Case("exp (few)", "exp", {})
    results = [harness.Result(case, {"tinygrad_nn": [2e-6], "torch": [1e-6]}),
               harness.Result(case, {"tinygrad_nn": [1e-6], "torch": [4e-6]})]  # fmt: skip
    assert every.line("exp", results).split() == ["exp", "2.00", "(2.0", "/", "1.0)", "0.25", "(1.0", "/", "4.0)"]
    assert every.summary({"exp": results}, [0, 1], 1.5).splitlines() == [
        "few: 2.00 in the mean of 1", "some: 0.25 in the mean of 1", "over 1.5: 1", "   2.00 exp (few)",
    ]  # fmt: skip
    assert every.markdown({"exp": results}, [0, 1]).splitlines()[-1] == "| exp | 2.00 | 0.25 |"
    alone = {"exp": [harness.Result(case, {"tinygrad_nn": [2e-6]})]}
    assert every.summary(alone, [0], 1.5) == "over 1.5: 0"
    assert every.markdown(alone, [0]).endswith("| exp | – |")


def test_every_operation_as_a_program():
    done = run("relu", "--tiny", "--repeat", 1, "--sizes", "few,some", "--markdown", program="every.py")
    assert done.returncode == 0, done.stderr
    assert "| operation | few | some |" in done.stdout
    unknown = run("rely", program="every.py")
    assert unknown.returncode == 2
    assert "no operation is called 'rely'" in unknown.stderr
    for wrong in (["--sizes", "huge"], ["--repeat", "0"]):
        with pytest.raises(SystemExit):
            every.parse(wrong)


def test_select():
    assert [case.name for case in select(["xor"])] == ["xor"]
    assert {case.name for case in select(["mlp"])} == {name for name in REGISTRY if name.startswith("mlp/")}
    assert {case.name for case in select(["mlp/b*/adam"])} == {f"mlp/b{size}/adam" for size in (1, 32, 128, 1024)}
    assert [case.name for case in select([])] == list(REGISTRY)
    with pytest.raises(KeyError, match="no benchmark is called 'xo'"):
        select(["xo"])


def test_real_digits(tmp_path):
    """With --data, the digits come from MNIST's files."""
    images = np.random.default_rng(0).integers(0, 256, (1300, 28, 28), dtype=np.uint8)
    labels = (np.arange(1300) % 10).astype(np.uint8)
    for name, array in (("images-idx3", images), ("labels-idx1", labels)):
        head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
        (tmp_path / f"train-{name}-ubyte").write_bytes(head + array.tobytes())
    settings = harness.Settings(rounds=1, seconds=0.0, tiny=True, data=tmp_path)
    assert "tinygrad_nn" in measure("epoch", settings=settings).samples
    assert "tinygrad_nn" in measure("mlp/b32/adam", settings=settings).samples


# --- the harness -------------------------------------------------------------------------------------------------


def made(answers, module="numpy", seconds=1.0):
    """A case with these contenders: a module's name, and its answers (or the error that it raises)."""

    def contender(numbers):
        def make(module, settings):
            if isinstance(numbers, Exception):
                raise numbers
            return harness.Job(lambda: seconds, lambda: numbers)

        return make

    return harness.Case("made", "a made-up case", {name: contender(numbers) for name, numbers in answers.items()})


def of(case, chosen=None):
    return harness.measure(case, TINY, harness.Peers(TINY, chosen))


@pytest.mark.parametrize("wrong", [[1.0, 2.001], [1.0], [1.0, 2.0, 3.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_disagreement_is_an_error(wrong):
    with pytest.raises(harness.DisagreementError, match="numpy and tinygrad_nn do not compute the same"):
        of(made({"tinygrad_nn": [1.0, 2.0], "numpy": wrong}))


def test_agreement_within_tolerance():
    result = of(made({"tinygrad_nn": [1.0, 2.0], "numpy": [1.0001, 2.0]}))
    assert set(result.samples) == {"tinygrad_nn", "numpy"}
    assert result.ratio("numpy") is None  # nothing to compare with but PyTorch


def test_missing_and_broken_peers_are_named():
    result = of(made({"tinygrad_nn": [1.0], "no_such_module": [1.0], "numpy": RuntimeError("broken")}))
    assert list(result.samples) == ["tinygrad_nn"]
    assert result.missing == {"no_such_module": "not installed", "numpy": "fails: RuntimeError('broken')"}
    assert "no_such_module not installed" in report.text(result)
    assert "| made | us | 1000000 | – | – |" in report.markdown([result])


def test_two_contenders_of_one_module():
    peers = harness.Peers(TINY)
    result = harness.measure(made({"tinygrad_nn": [1.0], "numpy": [1.0], "numpy again": [1.0]}), TINY, peers)
    assert list(result.samples) == ["tinygrad_nn", "numpy", "numpy again"]
    assert sorted(peers.versions()) == ["numpy", "tinygrad_nn"]
    assert list(of(made({"tinygrad_nn": [1.0], "numpy again": [1.0]}), ["tinygrad_nn"]).samples) == ["tinygrad_nn"]


def test_chosen_and_left_out():
    """By the contender's whole name."""
    peers = harness.Peers(TINY, ["numpy out", "json", "json again"], ["json again"])
    assert peers.find("numpy out") is not None
    assert peers.find("json") is not None
    assert peers.find("numpy") is None
    assert peers.find("json again") is None
    assert peers.reason("numpy") == peers.reason("json again") == "not chosen"


def with_samples(name, **samples):
    return harness.Result(harness.Case(name, "", dict.fromkeys(samples, None)), samples)


def test_spread_of_ratios():
    result = with_samples("made", tinygrad_nn=[1.0, 2.0, 3.0, 4.0, 5.0], torch=[2.0] * 5)
    assert result.ratio("tinygrad_nn") == 1.5
    assert result.spread("tinygrad_nn") == (1.0, 2.0)
    assert result.ratio("torch", "tinygrad_nn") == pytest.approx(2 / 3)
    assert with_samples("made", tinygrad_nn=[1.0]).spread("tinygrad_nn") is None
    assert with_samples("made", tinygrad_nn=[1.0], torch=[0.0]).ratio("tinygrad_nn") is None  # no faults, say


def test_targets():
    """A bound on each, or on the geometric mean of all; what has a bound of its own is left out."""
    results = [
        with_samples("mlp/b1/sgd", tinygrad_nn=[0.5], torch=[1.0]),
        with_samples("mlp/b2/sgd", tinygrad_nn=[2.0], torch=[1.0]),
        with_samples("char/lstm", tinygrad_nn=[1.05], torch=[1.0]),
    ]
    table = targets.table(results)
    assert "| fully connected networks | torch | 0.72 | 1.00 | missed (mean of 2) |" in table
    assert "| every training step | torch | 1.00 | 2.00 | missed by mlp/b2/sgd 2.00 |" in table
    assert "| every CNN, GPT and LSTM step | torch | 1.10 | 1.05 | highest of 1 |" in table
    assert "xor" not in table


def test_targets_are_of_cases():
    for target in targets.TARGETS:
        for pattern in target.cases:
            assert select([pattern]), pattern


def test_this_package_must_not_break():
    with pytest.raises(RuntimeError, match="broken"):
        of(made({"tinygrad_nn": RuntimeError("broken"), "numpy": [1.0]}))


def test_turns():
    """Every contender has its turn in every round, each time after another one."""
    turns = []

    def contender(module, settings):
        name = module.__name__
        return harness.Job(lambda: turns.append(name) or 1.0)

    case = harness.Case("turns", "", dict.fromkeys(("tinygrad_nn", "numpy", "json"), contender))
    settings = harness.Settings(rounds=3, tiny=True)
    harness.measure(case, settings, harness.Peers(settings))
    warm_up, *rounds = (turns[i : i + 3] for i in range(0, len(turns), 3))
    assert warm_up == ["tinygrad_nn", "numpy", "json"]
    assert rounds == [
        ["tinygrad_nn", "numpy", "json"],
        ["numpy", "json", "tinygrad_nn"],
        ["json", "tinygrad_nn", "numpy"],
    ]


# --- the guard ---------------------------------------------------------------------------------------------------


def guarded(slower, noise):
    """What the guard finds where everything takes `slower` times as long, and each measurement is off by some noise."""
    shakes = iter(noise)
    expected = {"xor": 2.0, "mlp/b32/adam": 0.9}
    return guard.check(expected, lambda name: expected[name] * slower * next(shakes), pause=0, say=str)


def test_guard_trips_at_a_fifth():
    assert guarded(1.2, [1.0] * 100) == ["xor", "mlp/b32/adam"]
    assert guarded(1.2, [0.99, 1.3, 0.985] * 50) == ["xor", "mlp/b32/adam"]


def test_guard_bears_noise():
    assert guarded(1.0, [1.0] * 100) == []
    assert guarded(1.0, [1.5, 1.4, 1.3, 1.2, 1.11] * 50) == []
    assert guarded(1.0, [3.0] * 100) == ["xor", "mlp/b32/adam"]  # but not if it never stops


def test_guard_measures():
    expected = json.loads(guard.FILE.read_text())
    assert list(expected) == list(guard.CASES)
    assert all("numpy" in REGISTRY[name].contenders for name in expected)
    assert 0.1 < guard.measured("xor") < 30


# --- the program -------------------------------------------------------------------------------------------------


def test_program(tmp_path):
    path = tmp_path / "results.json"
    options = "xor", "op/add*", "--tiny", "--repeat", 2, "--seconds", 0.001, "--contenders", "tinygrad_nn,numpy"
    outcome = run(*options, "--markdown", "--json", path)
    assert outcome.returncode == 0, outcome.stderr
    assert "xor: training step" in outcome.stdout
    assert "torch        not chosen" in outcome.stdout
    assert "threads   1" in outcome.stdout
    assert "| case | unit | tinygrad_nn | torch | torch compile | numpy |" in outcome.stdout
    found = json.loads(path.read_text())
    assert found["threads"] == 1
    assert set(found["versions"]) == {"tinygrad_nn", "numpy"}
    assert set(found["cases"]) == {"xor", "op/add", "op/add/forward", "op/add_leaf", "op/add_leaf/forward"}
    ours = found["cases"]["xor"]["contenders"]["tinygrad_nn"]
    assert ours["least"] <= ours["median"] == statistics.median(ours["samples"])
    again = run("--read", path, "--markdown")
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip() == outcome.stdout[outcome.stdout.index("| case |") :].strip()


def test_program_lists_cases():
    outcome = run("--list")
    assert outcome.returncode == 0, outcome.stderr
    assert [line.split()[0] for line in outcome.stdout.splitlines()] == list(REGISTRY)


def test_program_refuses():
    assert run("no/such").returncode == 2
    assert "no benchmark is called 'no/such'" in run("no/such").stderr
    assert run("--threads", -1).returncode == 2
    assert run("--repeat", 0).returncode == 2
    assert "no/such/folder is no folder" in run("--data", "no/such/folder").stderr


def test_program_fails_on_disagreement(tmp_path):
    """A wrong answer ends in an error, not in a table."""
    program = (
        "import sys; from benchmarks import by_hand, run\n"
        "by_hand.SGD.step = lambda self, gradients: None\n"
        "sys.exit(run.run(run.parse(['mlp/b1/sgd', '--tiny', '--repeat', '1', '--contenders', 'tinygrad_nn,numpy'])))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", program]
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert outcome.returncode == 1
    assert "FAILED mlp/b1/sgd: numpy and tinygrad_nn do not compute the same" in outcome.stderr
    assert "median" not in outcome.stdout


# --- the budgets -------------------------------------------------------------------------------------------------


def test_import_budget():
    """What an import adds to NumPy's. Other programs can only make it longer, so the best of some tries counts."""
    import_seconds("tinygrad_nn", "import numpy")  # compiles
    medians = []
    for _ in range(5):
        medians.append(statistics.median(import_seconds("tinygrad_nn", "import numpy") for _ in range(7)))
        if medians[-1] <= IMPORT_SECONDS:
            return
    pytest.fail(f"import takes {min(medians) * 1e3:.0f} ms beyond numpy, allowed are {IMPORT_SECONDS * 1e3:.0f}")


@pytest.mark.parametrize("program", IMPORTED_BYTES)
def test_import_size(program):
    """How much of the package an import runs, which decides how long it takes, and is the same on every machine."""
    shown = (
        "import os, sys\n"
        "found = [m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'tinygrad_nn']\n"
        "print(sum(map(os.path.getsize, found)))"
    )
    command = [sys.executable, "-c", f"{program}\n{shown}"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    size = int(outcome.stdout)
    assert size <= IMPORTED_BYTES[program], "import in ops/__init__.py only what most programs use"
    assert size > IMPORTED_BYTES[program] / 2  # else the limit is too wide to notice anything


@pytest.mark.parametrize("name", [name for name in REGISTRY if name.startswith("op/") and "/forward" not in name])
def test_op_budget(name):
    """What an op costs with its backward pass, at the best of many tries."""
    settings = harness.Settings(rounds=10, seconds=0.002)
    ours, allowed = [], []
    for _ in range(10):
        result = measure(name, settings=settings)
        ours.append(result.least("tinygrad_nn"))
        allowed.append(max(OP_SECONDS, OP_BARE * result.least("numpy")))
        if min(ours) <= min(allowed):
            return
    pytest.fail(f"{name}: {min(ours) * 1e6:.2f} us for one op, allowed are {min(allowed) * 1e6:.2f}")


def test_trainer_budget():
    """How much more of the processor's time `Trainer.fit` takes than the loop by hand, in the middle of some rounds."""
    data = made_up(64 * 450)  # of a third as many, the share of two rounds differs by two per cent
    hand, fit = (make(tinygrad_nn, data) for make in (trainer.by_hand, trainer.fitted))
    shares = []
    for number in range(25):
        shares.append(processor_seconds(fit) / processor_seconds(hand))
        if number >= 4 and statistics.median(shares) <= FIT_SHARE:
            return
    pytest.fail(f"fit takes {statistics.median(shares):.3f} times as long as the loop, allowed are {FIT_SHARE}")


def processor_seconds(job):
    """Not the time on a clock: other processes run, too."""
    started = time.process_time()
    job.sample()
    return time.process_time() - started


def test_wheel_size():
    """The package, packed as a wheel is."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (ROOT / "tinygrad_nn").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(ROOT))
    assert 1000 < len(packed.getvalue()) <= WHEEL_BYTES
