"""Every op against PyTorch itself, on shapes, dimensions and values that Hypothesis draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from torch_calls import ADAPTERS, answers, counterpart

import tinygrad_nn  # noqa: F401 - fills the registry
from tinygrad_nn._core.op import REGISTRY, Case, Integers, Op
from tinygrad_nn.testing.derivatives import grad_outputs, gradients, outputs
from tinygrad_nn.testing.samples import Sample, default_cases, interval, make_sample
from tinygrad_nn.testing.strategies import broadcastable_shapes, dims, shapes
from tinygrad_nn.testing.table import factor

torch = pytest.importorskip("torch")

OPS = {
    name: op
    for name, op in sorted(REGISTRY.items())
    if op.forward.__module__.startswith("tinygrad_nn.") and (op.torch_name != "" or name in ADAPTERS)
}
# what std and var of one element, and kl_div's mean, say on every call
pytestmark = pytest.mark.filterwarnings("ignore:.*degrees of freedom", "ignore:reduction. 'mean' divides")
RELATIVE = {"float64": 1e-9, "float32": 2e-4}


def drawn_array(op: Op, data: Any, wanted: Any, shape: tuple[int, ...]) -> Any:
    """An input as the case wants it, drawn by Hypothesis inside the op's domain."""
    if isinstance(wanted, Integers):
        kind, values = (bool, st.booleans()) if wanted.boolean else (np.int64, st.integers(0, wanted.high - 1))
        return data.draw(hypothesis_numpy.arrays(kind, shape, elements=values))
    if not isinstance(wanted, tuple):
        return wanted
    low, high = interval(op.domain)
    values: Any = st.floats(low, high, allow_subnormal=False)
    if not op.distinct:  # ties and kinks are likely, too
        values = st.one_of(values, st.sampled_from([x for x in (0.0, 1.0, -1.0) if low <= x <= high] or [high]))
    return data.draw(hypothesis_numpy.arrays(np.float64, shape, elements=values, unique=op.distinct))


def drawn_sample(op: Op, data: Any) -> Sample:
    """One of the op's cases: with other shapes if it is elementwise, with another dimension if it reduces."""
    template = data.draw(st.sampled_from(default_cases(op)))
    wanted = [np.shape(v) if not isinstance(v, tuple | Integers) else getattr(v, "shape", v) for v in template.inputs]
    options = dict(template.options)
    if op.kind == "elementwise" and all(isinstance(v, tuple | Integers) for v in template.inputs):
        wanted = list(data.draw(broadcastable_shapes(len(wanted), min_side=0)))
    elif op.kind == "reduction" and isinstance(options.get("dim"), int) and set(options) <= {"dim", "keepdim"}:
        wanted = [data.draw(shapes(min_dims=1))]
        options["dim"] = data.draw(dims(len(wanted[0])))
    inputs = tuple(drawn_array(op, data, v, shape) for v, shape in zip(template.inputs, wanted, strict=True))
    dtype = data.draw(st.sampled_from([np.dtype(np.float64), np.dtype(np.float32)]))
    return make_sample(op, Case(inputs, options), dtype=dtype)


def hold_close(sample: Sample, what: str, actual: Any, expected: Any) -> None:
    """Equal to PyTorch's, but for rounding, which grows with the greatest value."""
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape), f"{sample}: {what}"
    relative = RELATIVE.get(str(sample.dtype), 0.0) * factor(sample.op)
    finite = np.abs(expected[np.isfinite(expected)]).max(initial=0.0) if expected.dtype.kind == "f" else 0.0
    np.testing.assert_allclose(
        actual, expected, rtol=relative, atol=1e-3 * relative * max(finite, 1.0),
        err_msg=f"{sample}: {what} (desired: PyTorch) for {sample.inputs}",
    )  # fmt: skip


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in OPS.items()])
def test_against_pytorch(op: Op) -> None:
    assert counterpart(torch, op) is not None

    @settings(max_examples=20, deadline=None, derandomize=True, database=None)
    @given(st.data())
    def run(data: Any) -> None:
        sample = drawn_sample(op, data)
        given_gradients = grad_outputs(sample)
        values, grads = answers(torch, sample, given_gradients)
        for number, (actual, expected) in enumerate(zip(outputs(sample), values, strict=True)):
            hold_close(sample, f"output {number}", actual, expected)
        if not sample.differentiable:
            return
        found = gradients(sample, given_gradients)
        for position, actual, wanted in zip(sample.differentiable, found, grads, strict=True):
            expected = np.zeros_like(actual) if wanted is None else wanted
            hold_close(sample, f"gradient of input {position}", actual, expected)

    run()
