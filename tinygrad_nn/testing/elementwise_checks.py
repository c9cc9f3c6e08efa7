"""Checks of elementwise ops: broadcasting, shapes without elements, ``out=``, and the in-place form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.gradients import grad
from .._core.modes import no_grad
from .._core.op import REGISTRY, Case, Integers, Op
from .._core.tensor import Tensor, wrap
from .derivatives import grad_outputs, gradients, outputs
from .report import compare, failure
from .samples import Sample, default_cases, make_sample, samples
from .table import REORDERED, Cases, check


def reshaped(op: Op, shapes: Sequence[tuple[int, ...]], cases: Cases = None) -> Case:
    """The op's first case, with inputs of these shapes."""
    template = (list(cases) if cases else list(default_cases(op)))[0]
    inputs: list[Any] = []
    for wanted, shape in zip(template.inputs, shapes, strict=True):
        if isinstance(wanted, Integers):
            inputs.append(Integers(shape, wanted.high, wanted.boolean))
        else:
            inputs.append(shape if isinstance(wanted, tuple) else wanted)
    return Case(tuple(inputs), template.options)


_EMPTY = ((), (0,), (2, 0), (0, 3))


@check
def empty_and_zero_dim(op: Op, cases: Cases = None) -> None:
    """Inputs without elements or without dimensions give outputs and gradients of their shape."""
    for shape in _EMPTY:
        sample = make_sample(op, reshaped(op, [shape] * _count(op, cases), cases))
        for number, value in enumerate(outputs(sample)):
            if value.shape != shape:
                raise failure(sample, "empty_and_zero_dim", f"output {number} has shape {list(value.shape)}")
        for found in gradients(sample, grad_outputs(sample)) if sample.differentiable else ():
            if found.shape != shape:
                raise failure(sample, "empty_and_zero_dim", f"a gradient has shape {list(found.shape)}")


def _count(op: Op, cases: Cases) -> int:
    return len((list(cases) if cases else list(default_cases(op)))[0].inputs)


_BROADCASTS = (
    ((2, 3), (3,), (1,)), ((3, 1), (1, 4), ()), ((), (2, 2), (2, 1)), ((0, 3), (1, 1), (3,)),
    ((2, 1, 3), (4, 1), (1, 1, 1)),
)  # fmt: skip


@check
def broadcasting(op: Op, cases: Cases = None) -> None:
    """Inputs of different shapes act as if repeated, and each gradient has its input's own shape."""
    for shapes in _BROADCASTS:
        count = _count(op, cases)
        hold_broadcast(op, (shapes * count)[:count], cases)


def hold_broadcast(op: Op, shapes: Sequence[tuple[int, ...]], cases: Cases = None) -> None:
    """The `broadcasting` check for one choice of shapes."""
    sample = make_sample(op, reshaped(op, shapes, cases))
    shape = np.broadcast_shapes(*[np.shape(value) for value in sample.inputs])
    repeated = {i: np.broadcast_to(v, shape).copy() for i, v in enumerate(sample.inputs) if isinstance(v, np.ndarray)}
    whole = sample.replace(repeated)
    for number, (a, b) in enumerate(zip(outputs(sample), outputs(whole), strict=True)):
        compare(sample, "broadcasting", f"output {number}", a, b, tolerance=REORDERED, names=("broadcast", "repeated"))
    if not sample.differentiable:
        return
    given = grad_outputs(sample)
    for position, a, b in zip(sample.differentiable, gradients(sample, given), gradients(whole, given), strict=True):
        own = sample.inputs[position].shape
        b = b.sum(axis=tuple(range(len(shape) - len(own))))
        b = b.sum(axis=tuple(i for i, n in enumerate(own) if n == 1), keepdims=True).reshape(own)
        names = ("broadcast", "repeated, then summed")
        compare(sample, "broadcasting", f"gradient of input {position}", a, b, tolerance=1e-11, names=names)


@check
def output_argument(op: Op, cases: Cases = None) -> None:
    """``out=`` receives what the op returns."""
    for sample in samples(op, cases):
        with no_grad():
            expected = outputs(sample)[0]
            target = wrap(np.empty_like(expected))
            returned = op.call(*sample.tensors(), out=target, **sample.options)
        if returned is not target:
            raise failure(sample, "output_argument", "out= was not returned")
        compare(sample, "output_argument", "out=", target._array, expected)


@check
def in_place(op: Op, cases: Cases = None) -> None:
    """``x.<name>_()`` stores in x what the op returns, with the same gradients."""
    method = getattr(Tensor, f"{op.name}_")
    for sample in samples(op, cases):
        expected, first = outputs(sample)[0], sample.inputs[0]
        if not isinstance(first, np.ndarray) or expected.shape != first.shape or expected.dtype != first.dtype:
            continue
        tensors = sample.tensors(True)
        target = REGISTRY["clone"].call(tensors[0])
        returned = method(target, *tensors[1:], **sample.options)
        if returned is not target:
            raise failure(sample, "in_place", f"{op.name}_ did not return its tensor")
        compare(sample, "in_place", f"{op.name}_", target._array, expected)
        if sample.differentiable:
            _same_history(sample, target, tensors)


def _same_history(sample: Sample, target: Tensor, tensors: Sequence[Any]) -> None:
    given = grad_outputs(sample)
    wanted = [tensors[i] for i in sample.differentiable]
    found = grad(target, wanted, [wrap(g) for g in given if g is not None], allow_unused=True)
    for position, a, b in zip(sample.differentiable, found, gradients(sample, given), strict=True):
        array = np.zeros_like(b) if a is None else a._array
        compare(sample, "in_place", f"gradient of input {position}", array, b, tolerance=REORDERED)
