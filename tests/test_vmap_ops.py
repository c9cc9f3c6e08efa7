"""`vmap` over every op of the registry: equal to a loop over the examples whose results are stacked, and so its gradient.

Generated from the ops' own cases. Which inputs are batched, and in which dimension, varies; ops that are called for one
example after the other, as they have no rule, are named here.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.op import REGISTRY, Op
from tinygrad_nn.testing.samples import Sample, has_rule, make_sample, default_cases
from tinygrad_nn.testing.table import factor
from tinygrad_nn._transforms.vmapping import vmap

COUNT = 3
# Ops that are called for one example after the other, with a warning.
ONE_BY_ONE = {"as_strided", "blended_taps", "restrided", "spread_taps", "tap_products", "unstrided"}

OPS = {
    name: op
    for name, op in sorted(REGISTRY.items())
    if op.forward.__module__.startswith("tinygrad_nn.") and not op.complex_numbers
}


def examples(op: Op) -> list[list[Sample]]:
    """For each case of an op as many samples as there are examples."""
    found = []
    for number, case in enumerate(default_cases(op)):
        found.append([make_sample(op, case, number + 1000 * example) for example in range(COUNT)])
    return found


def choices(sample: Sample) -> list[tuple[int, ...]]:
    """Which inputs to batch: all, and each alone."""
    arrays = [i for i, value in enumerate(sample.inputs) if isinstance(value, np.ndarray)]
    return list(dict.fromkeys([tuple(arrays), *[(i,) for i in arrays]])) if arrays else []


def flat(result: Any) -> list[tg.Tensor]:
    return list(result) if isinstance(result, tuple | list) else [result]


def weights(like: tg.Tensor) -> tg.Tensor:
    return tg.from_numpy(np.random.RandomState(0).uniform(0.5, 1.5, tuple(like.shape))).to(like.dtype)


def total(results: list[tg.Tensor]) -> Any:
    kept = [r for r in results if r.requires_grad]
    return sum([(r * weights(r)).sum() for r in kept]) if kept else None


def hold(where: str, actual: Any, expected: Any, loose: float) -> None:
    assert (str(actual.dtype), tuple(actual.shape)) == (str(expected.dtype), tuple(expected.shape)), where
    scale = max(1.0, float(np.abs(expected.detach().numpy()[np.isfinite(expected.detach().numpy())]).max(initial=0.0))) \
        if expected.dtype.is_floating_point else 1.0
    np.testing.assert_allclose(
        actual.detach().numpy(), expected.detach().numpy(), rtol=1e-9 * loose, atol=1e-11 * loose * scale, err_msg=where
    )


def check(op: Op, group: list[Sample], batched: tuple[int, ...], dim: int) -> None:
    where = f"{group[0]}, batched: {batched}"
    loose = 10 * factor(op)
    inputs, dims = [], []
    for position, value in enumerate(group[0].inputs):
        if position in batched:
            stacked = np.stack([s.inputs[position] for s in group], axis=dim if dim >= 0 else -1)
            value = tg.from_numpy(stacked)
        elif isinstance(value, np.ndarray):
            value = tg.from_numpy(value.copy())
        inputs.append(value)
        dims.append((dim if dim >= 0 else -1) if position in batched else None)
    leaves = [x for i, x in enumerate(inputs) if isinstance(x, tg.Tensor) and x.dtype.is_floating_point and has_rule(op, i)]
    for leaf in leaves:
        leaf.requires_grad_()

    def call(*args: Any) -> Any:
        return op.call(*args, **group[0].options)

    loop = []
    for number in range(COUNT):
        one = [x if d is None else x.select(d, number) for x, d in zip(inputs, dims)]
        loop.append(flat(call(*one)))
    expected = [tg.stack(list(column)) for column in zip(*loop)]
    expect_warning = pytest.warns(UserWarning, match="performance drop") if op.name in ONE_BY_ONE else contextlib.nullcontext()
    with expect_warning:
        actual = flat(vmap(call, tuple(dims))(*inputs))
    assert len(actual) == len(expected), where
    for a, e in zip(actual, expected):
        hold(where, a, e, loose)
        assert a.requires_grad == e.requires_grad, where
    end = total(expected)
    if end is None:
        return
    wanted = tg.autograd.grad(end, leaves, allow_unused=True)
    found = tg.autograd.grad(total(actual), leaves, allow_unused=True)
    for a, e in zip(found, wanted):
        if a is None or e is None:
            some = a if e is None else e
            assert some is None or not some.numpy().any(), where
            continue
        hold(f"{where}: gradient", a, e, 10 * loose)


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in OPS.items()])
def test_vmap_is_a_loop(op: Op) -> None:
    for group, dim in zip(examples(op), itertools.cycle((0, -1))):
        for batched in choices(group[0]):
            check(op, group, batched, dim)
