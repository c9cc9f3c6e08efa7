"""`vmap` and forward differentiation of every op of the registry, from the ops' own cases.

`vmap` is held to a loop whose results are stacked, and so is its gradient: with all inputs batched and with each alone,
in the first dimension and in the last. Forward differentiation is held to the op's rule for gradients, of which it is
the transpose; the rules themselves are held to finite differences elsewhere.
"""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.op import REGISTRY, Op
from tinygrad_nn.testing.samples import Sample, default_cases, make_sample, samples
from tinygrad_nn.testing.table import factor

COUNT = 3  # examples
# Ops that are called for one example after the other, with a warning; some of them for some inputs only.
ALWAYS_ONE_BY_ONE = {"as_strided", "restrided", "unstrided"}
ONE_BY_ONE = ALWAYS_ONE_BY_ONE | {"bag_sums"}

OPS = {
    name: op
    for name, op in sorted(REGISTRY.items())
    if op.forward.__module__.startswith("tinygrad_nn.") and not op.complex_numbers
}
named = [pytest.param(op, id=name) for name, op in OPS.items()]


def flat(result: Any) -> list[tg.Tensor]:
    return list(result) if isinstance(result, tuple | list) else [result]


def inner(results: Sequence[tg.Tensor], weights: Sequence[tg.Tensor]) -> Any:
    """The sum of all products of elements."""
    return sum([(r * w).sum() for r, w in zip(results, weights, strict=True)])


def drawn_like(tensors: Sequence[tg.Tensor]) -> list[tg.Tensor]:
    random = np.random.RandomState(0)
    return [tg.from_numpy(random.uniform(0.5, 1.5, tuple(t.shape))).to(t.dtype) for t in tensors]


def hold(where: str, ours: Any, expected: Any, loose: float) -> None:
    """Two tensors are equal but for rounding, which is relative to the greatest element."""
    a, b = ours.detach().numpy(), expected.detach().numpy()
    assert (a.dtype, a.shape) == (b.dtype, b.shape), where
    scale = np.abs(b[np.isfinite(b)]).max(initial=1.0) if b.dtype.kind == "f" else 1.0
    np.testing.assert_allclose(a, b, rtol=1e-9 * loose, atol=1e-11 * loose * scale, err_msg=where)


# --- vmap --------------------------------------------------------------------------------------------------------


def groups(op: Op) -> Iterator[list[Sample]]:
    """For each case of an op as many samples as there are examples."""
    for number, case in enumerate(default_cases(op)):
        yield [make_sample(op, case, number + 1000 * example) for example in range(COUNT)]


def choices(sample: Sample) -> list[tuple[int, ...]]:
    """Which inputs to batch: all, and each alone."""
    arrays = [i for i, value in enumerate(sample.inputs) if isinstance(value, np.ndarray)]
    return list(dict.fromkeys([tuple(arrays), *[(i,) for i in arrays]])) if arrays else []


def hold_to_a_loop(op: Op, group: list[Sample], batched: tuple[int, ...], dim: int) -> None:
    first, loose = group[0], 10 * factor(op)
    where = f"{first}, batched: {batched}"
    dims = tuple(dim if position in batched else None for position in range(len(first.inputs)))
    inputs = first.tensors()
    for position in batched:
        inputs[position] = tg.from_numpy(np.stack([sample.inputs[position] for sample in group], dim))
    leaves = [inputs[position].requires_grad_() for position in first.differentiable]

    def call(*args: Any) -> list[tg.Tensor]:
        return flat(op.call(*args, **first.options))

    loop = [
        call(*[x if d is None else x.select(d, number) for x, d in zip(inputs, dims, strict=True)])
        for number in range(COUNT)
    ]
    expected = [tg.stack(list(column)) for column in zip(*loop, strict=True)]
    found = run_batched(op, call, dims, inputs)
    for ours, theirs in zip(found, expected, strict=True):
        hold(where, ours, theirs, loose)
        assert ours.requires_grad == theirs.requires_grad, where
    ends = [(ours, theirs) for ours, theirs in zip(found, expected, strict=True) if ours.requires_grad]
    if not ends:
        return
    weights = drawn_like([ours for ours, _ in ends])
    wanted = tg.autograd.grad(inner([theirs for _, theirs in ends], weights), leaves, materialize_grads=True)
    gradients = tg.autograd.grad(inner([ours for ours, _ in ends], weights), leaves, materialize_grads=True)
    for ours, theirs in zip(gradients, wanted, strict=True):
        hold(f"{where}: gradient", ours, theirs, 10 * loose)


def run_batched(op: Op, call: Any, dims: tuple[int | None, ...], inputs: list[Any]) -> list[tg.Tensor]:
    """The results of vmap, with the warning of those ops, and of those only, that have no rule."""
    expected: Any = contextlib.nullcontext()
    if op.name in ALWAYS_ONE_BY_ONE:
        expected = pytest.warns(UserWarning, match="performance drop")
    elif op.name in ONE_BY_ONE:
        expected = warnings.catch_warnings(action="ignore")
    with expected:
        found: list[tg.Tensor] = tg.vmap(call, dims)(*inputs)
    return found


@pytest.mark.parametrize("op", named)
def test_vmap_is_a_loop(op: Op) -> None:
    for group, dim in zip(groups(op), itertools.cycle((0, -1)), strict=False):
        for batched in choices(group[0]):
            hold_to_a_loop(op, group, batched, dim)


# --- forward differentiation -------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", named)
def test_forward_is_the_transpose_of_the_rule(op: Op) -> None:
    """``w . J t``, from the tangent, is ``(J^T w) . t``, from the gradient."""
    for sample in samples(op):
        places = sample.differentiable
        for moving in dict.fromkeys([places, *[(place,) for place in places]]) if places else ():
            hold_transposed(op, sample, moving)


def hold_transposed(op: Op, sample: Sample, moving: tuple[int, ...]) -> None:
    where = f"{sample}, moving: {moving}"
    inputs = sample.tensors()
    primals = tuple(inputs[place] for place in moving)
    tangents = tuple(drawn_like(primals))

    def call(*given: tg.Tensor) -> tuple[tg.Tensor, ...]:
        whole = list(inputs)
        for place, tensor in zip(moving, given, strict=True):
            whole[place] = tensor
        return sample.call(whole)

    values, pushed = tg.func.jvp(call, primals, tangents)
    leaves = tuple(primal.clone().requires_grad_() for primal in primals)
    outputs = call(*leaves)
    for value, output in zip(values, outputs, strict=True):
        hold(where, value, output, 1.0)
    ends = [(p, o) for p, o in zip(pushed, outputs, strict=True) if o.requires_grad]
    for p, o in zip(pushed, outputs, strict=True):
        assert p.shape == o.shape, where
        assert o.requires_grad or not p.any(), where
    weights = drawn_like([p for p, _ in ends])
    if not ends or any(not t.isfinite().all() for t in (*pushed, *values) if t.is_floating_point()):
        return
    pulled = tg.autograd.grad(inner([o for _, o in ends], weights), leaves, materialize_grads=True)
    hold(where, inner([p for p, _ in ends], weights), inner(pulled, tangents), 1000 * factor(op))


# --- both together: Jacobians ------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", named)
def test_jacobians_by_rows_and_by_columns(op: Op) -> None:
    """By gradients of each output, and by tangents of each input: `vmap` over both kinds of rules."""
    slow = warnings.catch_warnings(action="ignore") if op.name in ONE_BY_ONE else None
    with slow or contextlib.nullcontext():
        for sample in samples(op):
            places = sample.differentiable
            if places and all(sample.inputs[place].size for place in places):
                hold_jacobians(op, sample, places)


def hold_jacobians(op: Op, sample: Sample, places: tuple[int, ...]) -> None:
    inputs = sample.tensors()

    def call(*given: tg.Tensor) -> list[tg.Tensor]:
        whole = list(inputs)
        for place, tensor in zip(places, given, strict=True):
            whole[place] = tensor
        return [out for out in sample.call(whole) if out.is_floating_point() and out.numel()]

    primals, which = [inputs[place] for place in places], tuple(range(len(places)))
    if not call(*primals):
        return
    rows = tg.func.jacrev(call, argnums=which)(*primals)
    columns = tg.func.jacfwd(call, argnums=which)(*primals)
    for by_row, by_column in zip(rows, columns, strict=True):
        for ours, theirs in zip(by_row, by_column, strict=True):
            hold(str(sample), ours, theirs, 1000 * factor(op))
