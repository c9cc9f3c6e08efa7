"""Every optimizer, under every combination of its options, beside a live PyTorch; and PyTorch's own samples."""

from __future__ import annotations

import copy
import io
import itertools
import re
import warnings
from typing import Any

import numpy as np
import pytest
from optim_programs import OPTIONS, STEPS, choices, some, starts, step_through, trained, valley

import tinygrad_nn as tg

torch = pytest.importorskip("torch")

TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
CASES = [(name, number) for name in OPTIONS for number in range(len(choices(name)))]


@pytest.fixture(autouse=True)
def one_thread():
    """Threads cost more than they bring, on parameters of a dozen numbers."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def hold(mine: list[Any], theirs: list[Any], tolerance: float) -> None:
    """Parameters are equal: to so much of their largest number, or of 1 if that is smaller."""
    for x, y in zip(mine, theirs, strict=True):
        expected = y.detach().numpy()
        allowed = tolerance * max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(x.detach().numpy(), expected, rtol=0, atol=allowed)


def plain(value: Any) -> Any:
    """A state without tensors: their types, shapes and values, so that those of two packages can be compared."""
    if isinstance(value, tg.Tensor | torch.Tensor):
        return str(value.dtype).removeprefix("torch."), tuple(value.shape), value.detach().numpy()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def hold_states(mine: Any, theirs: Any, tolerance: float, place: str = "state") -> None:
    """States have the same keys in the same order, the same types and shapes, and nearly the same numbers."""
    if isinstance(theirs, dict):
        assert list(mine) == list(theirs), place
        for key in theirs:
            hold_states(mine[key], theirs[key], tolerance, f"{place}[{key!r}]")
    elif isinstance(theirs, list):
        assert len(mine) == len(theirs), place
        for number, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            hold_states(a, b, tolerance, f"{place}[{number}]")
    elif isinstance(theirs, tuple) and len(theirs) == 3 and isinstance(theirs[2], np.ndarray):
        assert mine[:2] == theirs[:2], place
        np.testing.assert_allclose(mine[2], theirs[2], rtol=tolerance, atol=tolerance, err_msg=place)
    elif isinstance(theirs, float):
        assert mine == pytest.approx(theirs, rel=tolerance, abs=tolerance), place
    else:
        assert mine == theirs, place
        assert type(mine) is type(theirs), place


@pytest.mark.parametrize(("name", "number"), CASES, ids=lambda value: str(value))
def test_hundred_steps(name: str, number: int) -> None:
    options = choices(name)[number]
    # L-BFGS takes up to twenty iterations in a step, each of which multiplies the rounding of the one before: in
    # float32, ten steps are held to what a change of the last bit of the start may make of them.
    for dtype, steps in (("float64", STEPS), ("float32", 10 if name == "LBFGS" else STEPS)):
        mine, own = trained(tg, name, options, dtype, steps)
        theirs, other = trained(torch, name, options, dtype, steps)
        tolerance = TOLERANCE[dtype]
        if name == "LBFGS" and dtype == "float32":
            tolerance = 2e-4
        hold(mine, theirs, tolerance)
        if name == "LBFGS":
            assert list(own.state_dict()["state"][0]) == list(other.state_dict()["state"][0])
            continue
        # running sums cancel in places, where their rounding counts for more
        hold_states(plain(own.state_dict()), plain(other.state_dict()), 10 * tolerance)


@pytest.mark.parametrize("name", [name for name in OPTIONS if name not in ("Adafactor", "Muon", "LBFGS")])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_parameters(name: str, dtype: str) -> None:
    real = {"complex64": "float32", "complex128": "float64"}[dtype]
    for options in some(name, 4):
        results = []
        for package in (tg, torch):
            rng = np.random.default_rng(0)
            xs = [package.tensor((a + 1j * rng.normal(size=a.shape)).astype(dtype)) for a in starts(name, real)]
            xs = [x.requires_grad_() for x in xs]
            optimizer = getattr(package.optim, name)(xs, **options)
            for step in range(20):
                for number, x in enumerate(xs):
                    value = np.asarray(rng.normal(size=tuple(x.shape)) + 1j * rng.normal(size=tuple(x.shape)))
                    x.grad = None if step % 7 == 3 and number == 1 else package.tensor(value.astype(dtype))
                optimizer.step()
            results.append((xs, optimizer))
        (mine, own), (theirs, other) = results
        hold(mine, theirs, TOLERANCE[real])
        hold_states(plain(own.state_dict()), plain(other.state_dict()), 10 * TOLERANCE[real])


@pytest.mark.parametrize("name", OPTIONS)
def test_numbers_in_tensors(name: str) -> None:
    """A learning rate, and Adam's betas, may be tensors."""
    for betas in (False, True) if name in ("Adam", "AdamW") else (False,):
        results = []
        for package in (tg, torch):
            options: dict[str, Any] = {"lr": package.tensor(0.02, dtype=package.float64)}
            if betas:
                double = package.float64
                options["betas"] = package.tensor([0.8], dtype=double), package.tensor([[0.9]], dtype=double)
            results.append(trained(package, name, options, "float64", 10)[0])
        hold(*results, 1e-7 if betas or name == "LBFGS" else 1e-12)  # PyTorch computes with float32 in between


# --- states that cross over ---------------------------------------------------------------------------------------


def through_a_file(state: Any) -> Any:
    """What comes back from a file in PyTorch's format."""
    file = io.BytesIO()
    tg.save(state, file)
    file.seek(0)
    return tg.load(file)


def go_on(package: Any, name: str, options: dict[str, Any], values: list[Any], state: Any) -> tuple[list[Any], Any]:
    """The second half of the steps, from parameters and a state."""
    parameters = [package.tensor(value.copy(), requires_grad=True) for value in values]
    # other options than those that will be loaded, where there is one that all have
    optimizer = getattr(package.optim, name)(parameters, **{**options, "lr": 0.777})
    optimizer.load_state_dict(state)
    if name == "LBFGS":
        closure = valley(package, optimizer, parameters, "float64")
        for _ in range(STEPS // 2):
            optimizer.step(closure)
    else:
        step_through(package, optimizer, parameters, "float64", range(STEPS // 2, STEPS))
    return parameters, optimizer


@pytest.mark.parametrize("name", OPTIONS)
def test_half_way_and_on(name: str) -> None:
    """100 steps equal 50 and 50, from our state and from PyTorch's, in files or as arrays; and PyTorch from ours."""
    for options in some(name, 4):
        whole, _ = trained(tg, name, options, "float64", STEPS)
        expected, _ = trained(torch, name, options, "float64", STEPS)
        mine, own = trained(tg, name, options, "float64", STEPS // 2)
        theirs, other = trained(torch, name, options, "float64", STEPS // 2)
        here = [x.detach().numpy() for x in mine]
        there = [x.detach().numpy() for x in theirs]
        # L-BFGS iterates till rounding is all that is left
        tolerance = 1e-9 if name == "LBFGS" else 1e-12

        again, _ = go_on(tg, name, options, here, through_a_file(own.state_dict()))
        for x, y in zip(again, whole, strict=True):
            assert tg.equal(x, y)
        hold(go_on(tg, name, options, there, other.state_dict())[0], expected, tolerance)

        file = io.BytesIO()
        torch.save(other.state_dict(), file)
        file.seek(0)
        hold(go_on(tg, name, options, there, tg.load(file))[0], expected, tolerance)

        file = io.BytesIO()
        tg.save(own.state_dict(), file)
        file.seek(0)
        # PyTorch makes float64 of NAdam's product of float32, which then rounds in another way than without the pause
        loose = 1e-7 if name == "NAdam" else tolerance
        hold(go_on(torch, name, options, here, torch.load(file))[0], whole, loose)


def test_states_of_former_versions() -> None:
    """In PyTorch before 1.12, the count of steps was a number, and options were fewer."""
    x = tg.ones(2, requires_grad=True)
    optimizer = tg.optim.Adam([x])
    optimizer.load_state_dict({
        "state": {0: {"step": 7, "exp_avg": np.full(2, 0.5), "exp_avg_sq": np.ones(2)}},
        "param_groups": [{"lr": 0.5, "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0, "params": [0]}],
    })  # fmt: skip
    step = optimizer.state[x]["step"]
    assert (step.dtype, step.item()) == (tg.float32, 7)
    assert optimizer.param_groups[0]["amsgrad"] is False
    x.grad = tg.ones(2)
    optimizer.step()
    assert optimizer.state[x]["step"].item() == 8


# --- SparseAdam, whose gradients are dense here -------------------------------------------------------------------


@pytest.mark.parametrize("maximize", [False, True])
def test_sparse_adam_on_an_embedding(maximize: bool) -> None:
    results = []
    for package in (tg, torch):
        rng = np.random.default_rng(0)
        table = package.nn.Embedding(9, 4, sparse=True)
        with package.no_grad():
            table.weight.copy_(package.tensor(rng.normal(size=(9, 4)).astype("float32")))
        optimizer = package.optim.SparseAdam(table.parameters(), lr=0.05, maximize=maximize)
        for _ in range(50):
            words = package.tensor(rng.integers(0, 6, size=5))
            weights = package.tensor(rng.normal(size=(5, 4)).astype("float32"))
            optimizer.zero_grad()
            (table(words) * weights).sum().backward()
            optimizer.step()
        results.append((table.weight, optimizer))
    (mine, own), (theirs, other) = results
    hold([mine], [theirs], 1e-6)
    hold_states(plain(own.state_dict()), plain(other.state_dict()), 1e-5)


# --- PyTorch's own samples ----------------------------------------------------------------------------------------

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        from torch.testing._internal.common_optimizers import OptimizerErrorEnum, optim_db
    except ImportError as error:  # it needs the small package expecttest
        optim_db = [pytest.param(None, marks=pytest.mark.skip(reason=f"no table of PyTorch's samples: {error}"))]

# What PyTorch refuses and this package takes.
TAKEN = {
    "SparseAdam: dense params required": "all tensors are dense here",
    "SparseAdam: dense params required in param_groups": "all tensors are dense here",
}


def translated(value: Any) -> Any:
    """PyTorch's tensors as ours, in whatever they stand in; the same ones as the same."""
    known: dict[int, Any] = {}

    def walk(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            if id(value) not in known:
                known[id(value)] = tg.tensor(value.detach().numpy(), requires_grad=value.requires_grad)
                known[id(value)].grad = None if value.grad is None else tg.tensor(value.grad.numpy())
            return known[id(value)]
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        return type(value)(walk(item) for item in value) if isinstance(value, list | tuple) else value

    return walk(value)


@pytest.mark.parametrize("info", optim_db, ids=lambda info: getattr(info, "name", ""))
def test_samples_of_pytorch(info: Any) -> None:
    for sample in info.optim_inputs_func(device="cpu"):
        if info.name == "SparseAdam":
            continue  # above, as its gradients are of another kind
        steps = 3 if info.name == "LBFGS" else 20
        mine, own = trained(tg, info.name, translated(copy.deepcopy(sample.kwargs)), "float64", steps)
        theirs, other = trained(torch, info.name, copy.deepcopy(sample.kwargs), "float64", steps)
        has_tensor = any(isinstance(value, torch.Tensor) for value in sample.kwargs.values())
        hold(mine, theirs, 1e-6 if has_tensor or info.name == "LBFGS" else 1e-12)
        assert repr(own) == repr(other)


@pytest.mark.parametrize("info", optim_db, ids=lambda info: getattr(info, "name", ""))
def test_refusals_of_pytorch(info: Any) -> None:
    for sample in info.optim_error_inputs_func(device="cpu", dtype=torch.float32):
        given = sample.optimizer_error_input
        if f"{info.name}: {given.desc}" in TAKEN:
            continue
        params = translated(given.params)
        params = [tg.ones(1, 1, requires_grad=True)] if params is None else params
        kwargs = translated(given.kwargs)
        make = getattr(tg.optim, info.name)
        if issubclass(sample.error_type, Warning):
            with pytest.warns(sample.error_type, match=sample.error_regex):
                make(params, **kwargs)
        elif sample.error_on is OptimizerErrorEnum.CONSTRUCTION_ERROR:
            with pytest.raises(sample.error_type, match=sample.error_regex):
                make(params, **kwargs)
        else:
            optimizer = make(params, **kwargs)
            with pytest.raises(sample.error_type, match=sample.error_regex):
                optimizer.step()


@pytest.mark.parametrize("name", OPTIONS)
def test_signatures(name: str) -> None:
    """Options have PyTorch's names, order and defaults."""
    import inspect

    mine = inspect.signature(getattr(tg.optim, name)).parameters
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    found = [(n, p.default, p.kind) for n, p in mine.items()]
    assert found == [(n, p.default, p.kind) for n, p in theirs.items()]


def test_all_of_pytorchs_names_are_there() -> None:
    assert set(torch.optim.__all__) <= set(tg.optim.__all__)
    assert set(torch.optim.lr_scheduler.__all__) <= set(tg.optim.lr_scheduler.__all__)
    assert set(torch.optim.swa_utils.__all__) <= set(tg.optim.swa_utils.__all__)
    for name, cls in itertools.chain(vars(torch.optim).items(), vars(torch.optim.lr_scheduler).items()):
        if isinstance(cls, type) and cls.__module__.startswith("torch.optim"):
            mine = getattr(tg.optim, name, None) or getattr(tg.optim.lr_scheduler, name, None)
            if mine is not None:
                public = {n for n in dir(cls) if re.fullmatch("[a-z][a-z_]+", n) and n not in NOT_METHODS}
                assert public <= {*dir(mine)}, name


# Of PyTorch's classes: what is there for its profiler, its compiler, or to share memory with other processes.
NOT_METHODS = {"profile_hook_step", "share_memory"}


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_with_complex_and_unused_parameters(search: str | None) -> None:
    results = []
    for package in (tg, torch):
        rng = np.random.default_rng(0)
        z = package.tensor(rng.normal(size=3) + 1j * rng.normal(size=3), requires_grad=True)
        x = package.tensor(rng.normal(size=(2, 2)), requires_grad=True)
        unused = package.tensor(rng.normal(size=2), requires_grad=True)
        optimizer = package.optim.LBFGS([z, unused, x], line_search_fn=search, max_iter=6)

        def closure(package: Any = package, optimizer: Any = optimizer, z: Any = z, x: Any = x) -> Any:
            optimizer.zero_grad()
            loss = ((z - (1 + 2j)) * (z - (1 + 2j)).conj()).real.sum() + (x**4).sum() + (x * x).sum()
            loss.backward()
            return loss

        returned = [optimizer.step(closure).item() for _ in range(4)]
        results.append(([z, unused, x], returned))
    (mine, losses), (theirs, expected) = results
    hold(mine, theirs, 1e-9)
    assert losses == pytest.approx(expected, rel=1e-9, abs=1e-15)
