"""The tests that every op brings with it: all of `tinygrad_nn.testing.CHECKS`, over the whole registry.

There is no list of exceptions. A check that means nothing for an op is not generated (see `applicable`); a looser
tolerance stands beside the op, with its reason.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy

import tinygrad_nn  # noqa: F401 - fills the registry
from tinygrad_nn._core.op import REGISTRY, Case, Integers, Op
from tinygrad_nn.testing import CHECKS, applicable
from tinygrad_nn.testing.elementwise_checks import hold_broadcast
from tinygrad_nn.testing.samples import default_cases, interval
from tinygrad_nn.testing.strategies import broadcastable_shapes, dims, shapes

OPS = {
    name: op
    for name, op in sorted(REGISTRY.items())
    if op.forward.__module__.startswith("tinygrad_nn.") and not op.complex_numbers
}
quick = settings(max_examples=20, deadline=None, derandomize=True, database=None)


def named(chosen: dict[str, Op]) -> list[Any]:
    """The ops as pytest parameters, called by their names."""
    return [pytest.param(op, id=name) for name, op in chosen.items()]


@pytest.mark.parametrize(
    ("op", "check"), [pytest.param(op, c, id=f"{name}-{c}") for name, op in OPS.items() for c in applicable(op)]
)
def test_op(op: Op, check: str) -> None:
    CHECKS[check](op, None)


# --- shapes and values that nobody thought of --------------------------------------------------------------------

ELEMENTWISE = {name: op for name, op in OPS.items() if op.kind == "elementwise" and not op.variadic}
BROADCASTING = {name: op for name, op in ELEMENTWISE.items() if len(op.inputs) > 1}


@pytest.mark.parametrize("op", named(BROADCASTING))
def test_any_shapes_that_broadcast(op: Op) -> None:
    count = len(default_cases(op)[0].inputs)

    @quick
    @given(broadcastable_shapes(count, min_side=0))
    def run(drawn: tuple[tuple[int, ...], ...]) -> None:
        hold_broadcast(op, drawn)

    run()


def drawn_case(op: Op, data: Any, elements: Any) -> Case:
    """The op's first case, with arrays that Hypothesis draws."""
    template = default_cases(op)[0]
    drawn = data.draw(broadcastable_shapes(len(template.inputs)))
    inputs: list[Any] = []
    for wanted, shape in zip(template.inputs, drawn, strict=True):
        if isinstance(wanted, Integers):
            kind, values = (bool, st.booleans()) if wanted.boolean else (np.int64, st.integers(0, wanted.high - 1))
            inputs.append(data.draw(hypothesis_numpy.arrays(kind, shape, elements=values)))
        elif isinstance(wanted, tuple):
            inputs.append(data.draw(hypothesis_numpy.arrays(np.float64, shape, elements=elements)))
        else:
            inputs.append(wanted)
    return Case(tuple(inputs), template.options)


@pytest.mark.parametrize("op", named(ELEMENTWISE))
def test_any_values(op: Op) -> None:
    """Zeros of either sign, infinities, nan, the smallest and the greatest numbers."""

    @quick
    @given(st.data())
    def run(data: Any) -> None:
        cases = [drawn_case(op, data, st.floats())]
        CHECKS["deterministic"](op, cases)
        CHECKS["inputs_unchanged"](op, cases)
        if op.differentiable:
            CHECKS["raw_equals_recorded"](op, cases)

    run()


@pytest.mark.parametrize("op", named({n: op for n, op in ELEMENTWISE.items() if op.differentiable and not op.avoid}))
def test_linear_at_any_values(op: Op) -> None:
    low, high = interval(op.domain)

    @quick
    @given(st.data())
    def run(data: Any) -> None:
        CHECKS["linear_in_gradient"](op, [drawn_case(op, data, st.floats(low, high))])

    run()


def _dim_options(op: Op) -> set[str] | None:
    """The options of an op that works along a dimension, and needs to be told nothing else."""
    if len(op.inputs) != 1 or op.variadic or "dim" not in op.defaults or set(op.required) - {"dim"}:
        return None
    plain = [c for c in op.cases if set(c.options) <= {"dim", "keepdim"} and isinstance(c.inputs[0], tuple)]
    return {type(c.options["dim"]).__name__ for c in plain if c.options.get("dim") is not None} or None


ALONG = {name: op for name, op in OPS.items() if _dim_options(op)}


@pytest.mark.parametrize("op", named(ALONG))
def test_any_dimension(op: Op) -> None:
    kinds = _dim_options(op) or set()

    @quick
    @given(st.data())
    def run(data: Any) -> None:
        shape = data.draw(shapes(min_dims=1, min_side=2))
        options = {"dim": data.draw(dims(len(shape), several="tuple" in kinds))}
        if "keepdim" in op.defaults:
            options["keepdim"] = data.draw(st.booleans())
        for name in applicable(op):
            if name not in ("float_types", "numpy_functions", "empty_and_zero_dim"):
                CHECKS[name](op, [Case((shape,), options)])

    run()
