"""The check that NumPy's own functions, called on tensors, give what the op gives."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from .._core.op import Op
from .._core.tensor import Tensor
from .derivatives import outputs
from .report import CheckError, compare, failure
from .samples import Sample, samples
from .table import Cases, check

_TO_NUMPY = {
    "dim": ("axis",), "dims": ("axes", "axis"), "keepdim": ("keepdims",), "dim0": ("axis1",), "dim1": ("axis2",),
    "shape": ("newshape",), "shifts": ("shift",), "diagonal": ("k",), "min": ("a_min",), "max": ("a_max",),
}  # fmt: skip


@check
def numpy_functions(op: Op, cases: Cases = None) -> None:
    """Every NumPy function that the op answers for gives on tensors what the op gives."""
    for function in op.numpy_functions:
        tried = 0
        for sample in samples(op, cases):
            arguments = _numpy_arguments(function, sample)
            if arguments is None:
                continue
            tried += 1
            result = function(*arguments[0], **arguments[1])
            for number, expected in enumerate(outputs(sample)):
                value = result[number] if op.several else result
                what = f"np.{function.__name__}"
                if not isinstance(value, Tensor):
                    raise failure(sample, "numpy_functions", f"{what} returned {type(value).__name__}, not a Tensor")
                compare(sample, "numpy_functions", what, value._array, expected, names=(what, op.name))
        if not tried:
            raise CheckError(f"{op.name}: np.{function.__name__} can take none of the op's cases")


def _numpy_arguments(function: Any, sample: Sample) -> tuple[list[Any], dict[str, Any]] | None:
    """How NumPy's function is called for this sample; None where it has no such call."""
    tensors = sample.tensors()
    if isinstance(function, np.ufunc):
        return (tensors, {}) if not sample.options and function.nin == len(tensors) else None
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # written in C
        return (tensors, {}) if not sample.options else None
    options = {}
    for name, value in sample.options.items():
        alias = next((a for a in (name, *_TO_NUMPY.get(name, ())) if a in parameters), None)
        if alias is None:
            return None
        options[alias] = value
    if sample.op.variadic:
        return [tuple(tensors)], options
    try:
        inspect.signature(function).bind(*tensors, **options)
    except TypeError:
        return None
    return tensors, options
