"""What has to hold for every op: one small function for each promise.

A check takes an op and its cases, and raises `CheckError` (an AssertionError) with a report. `CHECKS` names them all,
and `applicable` says which of them mean something for an op. None can be switched off.
"""

from __future__ import annotations

from .._core.op import REGISTRY, Op
from .._core.tensor import Tensor
from . import derivative_checks, elementwise_checks, numpy_checks, value_checks  # noqa: F401 - they fill the table
from .samples import samples
from .table import CHECKS, Cases

__all__ = ["CHECKS", "applicable"]


def applicable(op: Op, cases: Cases = None) -> list[str]:
    """The names of the checks that mean something for this op."""
    names = ["deterministic", "inputs_unchanged"]
    if op.differentiable:
        names += ["gradient", "second_gradient"]
    names += ["layouts", "float_types"]
    if op.differentiable:
        names += ["raw_equals_recorded", "linear_in_gradient"]
        if any(len(sample.differentiable) > 1 for sample in samples(op, cases)):
            names.append("each_input_alone")
    if op.kind == "elementwise":
        names.append("empty_and_zero_dim")
        if op.broadcasts:
            names.append("broadcasting")
        if REGISTRY.get(op.name) is op:  # no plain function of tensors
            names.append("output_argument")
            if hasattr(Tensor, f"{op.name}_"):
                names.append("in_place")
    if op.numpy_functions:
        names.append("numpy_functions")
    return names
