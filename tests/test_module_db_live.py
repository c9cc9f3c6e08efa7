"""PyTorch's own samples of modules (its `module_db`) through this package: every module that PyTorch tests in that way.

The samples cover the options that PyTorch's developers thought of; `tests/modules` has those of the documentation. The
table is part of PyTorch's installation, with the small package `expecttest` that it needs.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_nn
import tinygrad_nn.nn

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # on more it waits for itself where other programs run
pytest.importorskip("expecttest", reason="PyTorch's table of samples needs it")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_modules import ModuleErrorEnum, module_db

SAMPLES = 24  # of each module and mode
LEFT_OUT: dict[str, str] = {}
# What PyTorch refuses and this package takes, or refuses in another way, on purpose: see docs/differences.md.
LENIENT: dict[str, str] = {}


class NotOursError(Exception):
    """A sample has something that only PyTorch has: a module of its own, another type of numbers."""


def converted(value: Any, made: dict[int, Any] | None = None) -> Any:
    """A sample's argument as this package takes it; a tensor that is given twice is one here as well."""
    made = {} if made is None else made
    if isinstance(value, torch.nn.utils.rnn.PackedSequence):
        return tinygrad_nn.nn.utils.rnn.PackedSequence(*[converted(part, made) for part in value])
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided:
            raise NotOursError(str(value.layout))
        if id(value) not in made:
            array = value.detach().numpy().copy()
            made[id(value)] = tinygrad_nn.from_numpy(array).requires_grad_(value.requires_grad)
        return made[id(value)]
    if isinstance(value, torch.dtype):
        return getattr(tinygrad_nn, str(value).removeprefix("torch."))
    if isinstance(value, torch.nn.Module) or type(value).__module__.startswith("torch.nn.modules"):
        raise NotOursError(repr(value))
    if callable(value):
        found = getattr(tinygrad_nn.nn.functional, value.__name__, None)
        return value if found is None else found
    if type(value) in (list, tuple):
        return type(value)(converted(part, made) for part in value)
    if isinstance(value, dict):
        return {name: converted(part, made) for name, part in value.items()}
    return str(value) if isinstance(value, torch.device) else value


def flat(value: Any) -> list[Any]:
    """The tensors in a result or in arguments, in order."""
    if isinstance(value, torch.Tensor | tinygrad_nn.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [tensor for part in parts for tensor in flat(part)]


def run(package: Any, make: Any, made_of: Any, called_with: Any, training: bool) -> tuple[str, list[Any], list[Any]]:
    """The module's text, its results, and the gradients of everything that wants one."""
    package.manual_seed(3)
    module = make(*made_of[0], **made_of[1]).double().train(training)
    results = flat(module(*called_with[0], **called_with[1]))
    leaves = list({id(t): t for t in (*flat(called_with), *module.parameters()) if t.requires_grad}.values())
    chosen = [r for r in results if r.requires_grad]
    start = [package.from_numpy(_weights(r)) for r in chosen]
    found = package.autograd.grad(chosen, leaves, start, allow_unused=True) if chosen and leaves else []
    gradients = [np.zeros(tuple(t.shape)) if g is None else _array(g) for t, g in zip(leaves, found, strict=False)]
    return repr(module), [_array(r) for r in results], gradients


def _array(tensor: Any) -> Any:
    return np.array(tensor.detach().numpy(force=True))


def _weights(like: Any) -> Any:
    values = np.random.RandomState(1).uniform(0.5, 1.5, tuple(like.shape))
    return np.asarray(values, _array(like).dtype)


def find(info: Any) -> Any:
    """This package's module of the same name."""
    return getattr(tinygrad_nn.nn, info.module_cls.__name__, None)


MODULES = {info.name: info for info in module_db if find(info) is not None and info.name not in LEFT_OUT}


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("name", sorted(MODULES))
def test_samples(name: str, training: bool) -> None:
    info = MODULES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        found = info.module_inputs_func(
            info, device="cpu", dtype=torch.float64, requires_grad=True, training=training
        )
        step = max(len(found) // SAMPLES, 1)
        for sample in found[::step][: SAMPLES + 1]:
            made_of = list(sample.constructor_input.args), dict(sample.constructor_input.kwargs)
            called_with = list(sample.forward_input.args), dict(sample.forward_input.kwargs)
            try:
                ours_made_of, ours_called_with = converted((made_of, called_with))
            except NotOursError:
                continue
            what = f"{name}{made_of}{sample.desc}"
            theirs = run(torch, info.module_cls, made_of, called_with, training)
            ours = run(tinygrad_nn, find(info), ours_made_of, ours_called_with, training)
            assert ours[0] == theirs[0], what
            _hold_all(f"{what}: result", ours[1], theirs[1])
            _hold_all(f"{what}: gradient", ours[2], theirs[2])


def _hold_all(what: str, ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs), what
    for number, (actual, expected) in enumerate(zip(ours, theirs, strict=True)):
        assert actual.shape == expected.shape, f"{what} {number}: {actual.shape}, PyTorch: {expected.shape}"
        # weights are drawn alike but for the last place of float32
        np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-7, err_msg=f"{what} {number} (y: PyTorch)")


@pytest.mark.parametrize("name", sorted(n for n, info in MODULES.items() if info.module_error_inputs_func is not None))
def test_bad_inputs(name: str) -> None:
    info = MODULES[name]
    if name in LENIENT:
        return
    for bad in info.module_error_inputs_func(
        info, device="cpu", dtype=torch.float64, requires_grad=False, training=True
    ):
        sample = bad.module_error_input
        given = (sample.constructor_input, sample.forward_input)
        made_of, called_with = converted([None if g is None else (list(g.args), g.kwargs) for g in given])
        kind = bad.error_type if isinstance(bad.error_type, type) else RuntimeError
        if bad.error_on is ModuleErrorEnum.CONSTRUCTION_ERROR:
            with pytest.raises(kind):
                find(info)(*made_of[0], **made_of[1])
            continue
        module = find(info)(*made_of[0], **made_of[1])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(kind):
                module(*called_with[0], **called_with[1])
