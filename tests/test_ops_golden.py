"""Every op against PyTorch's stored answers: values, shapes, types and gradients, for every case and special point.

`tests/golden/make_ops.py` makes the answers. An op without an entry there says ``torch_name=""``: it is a helper.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn  # noqa: F401 - fills the registry
from tinygrad_nn._core.op import REGISTRY, Op
from tinygrad_nn.testing.derivatives import grad_outputs, gradients, outputs
from tinygrad_nn.testing.samples import Sample, samples
from tinygrad_nn.testing.table import factor

GOLDEN = Path(__file__).parent / "golden"
ANSWERS = json.loads((GOLDEN / "ops.json").read_text())
OPS = {name: op for name, op in sorted(REGISTRY.items()) if op.forward.__module__.startswith("tinygrad_nn.")}
_AGAIN = "run tests/golden/make_ops.py where PyTorch is installed"


@cache
def stored() -> dict[tuple[str, int], tuple[list[Any], list[Any]]]:
    """Outputs and gradients (None where PyTorch has none) of every call, cut from the one array that holds them all."""
    values = np.load(GOLDEN / "ops.npz")["values"]
    found, start = {}, 0
    for name, rows in ANSWERS["ops"].items():
        for number, (_, _, shapes, flags, _) in enumerate(rows):
            sample = samples(REGISTRY[name], special=True)[number]
            wanted: list[Any] = []
            for text in shapes:
                dtype, _, lengths = text.partition("[")
                wanted.append((np.dtype(dtype), tuple(map(int, filter(None, lengths.strip("]").split(", "))))))
            for position, flag in zip(sample.differentiable, flags, strict=True):
                wanted.append((np.dtype("f8"), sample.inputs[position].shape) if flag else None)
            cut: list[Any] = []
            for kind in wanted:
                size = 0 if kind is None else int(np.prod(kind[1]))
                cut.append(None if kind is None else values[start : start + size].astype(kind[0]).reshape(kind[1]))
                start += size
            found[name, number] = (cut[: len(shapes)], cut[len(shapes) :])
    assert start == len(values)
    return found


def hold_close(actual: Any, expected: Any, what: str, loose: float) -> None:
    """Equal to PyTorch's, but for rounding."""
    assert actual.dtype == expected.dtype, f"{what}: {actual.dtype}, PyTorch: {expected.dtype}"
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, PyTorch: {expected.shape}"
    finite = np.abs(expected[np.isfinite(expected)]).max(initial=0.0) if expected.dtype.kind == "f" else 0.0
    np.testing.assert_allclose(
        actual, expected, rtol=1e-9 * loose, atol=1e-13 * loose * max(finite, 1.0), err_msg=f"{what} (desired: PyTorch)"
    )


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in OPS.items()])
def test_every_op_has_answers_or_says_that_it_is_a_helper(op: Op) -> None:
    if op.torch_name == "" and op.name not in ANSWERS["ops"]:
        return
    assert op.name in ANSWERS["ops"], f"op {op.name} has no stored answers: {_AGAIN}, or say torch_name=''"
    calls = [row[0] for row in ANSWERS["ops"][op.name]]
    assert calls == [str(sample) for sample in samples(op, special=True)], (
        f"{op.name}: the cases have changed: {_AGAIN}"
    )


CALLS = [
    pytest.param(sample, number, id=f"{name}-{number}")
    for name, op in OPS.items()
    for number, sample in enumerate(samples(op, special=True))
    if number < len(ANSWERS["ops"].get(name, ()))
]


@pytest.mark.parametrize(("sample", "number"), CALLS)
def test_values_and_gradients(sample: Sample, number: int) -> None:
    name, loose = sample.op.name, factor(sample.op)
    for position, (actual, expected) in enumerate(zip(outputs(sample), stored()[name, number][0], strict=True)):
        hold_close(actual, expected, f"{sample}: output {position}", loose)
    if not sample.differentiable:
        return
    found = gradients(sample, grad_outputs(sample))
    for position, actual, expected in zip(sample.differentiable, found, stored()[name, number][1], strict=True):
        wanted = np.zeros_like(actual) if expected is None else expected
        hold_close(actual, wanted, f"{sample}: gradient of input {position}", loose)


@pytest.mark.parametrize(("sample", "number"), CALLS)
def test_output_types(sample: Sample, number: int) -> None:
    """For inputs of other types; PyTorch's refusals are not repeated.

    A helper behind a public function is given floating point numbers only, as that function sees to.
    """
    private = sample.op.forward.__name__.startswith("_")
    for name, kinds in ANSWERS["types"][ANSWERS["ops"][sample.op.name][number][4]].items():
        if private and np.dtype(name).kind != "f":
            continue
        other = samples(sample.op, dtype=np.dtype(name), special=True)[number]
        found = " ".join(str(value.dtype) for value in outputs(other))
        assert found == kinds, f"{other}: {found}, PyTorch: {kinds}"
