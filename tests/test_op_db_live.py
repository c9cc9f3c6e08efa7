"""PyTorch's own sample inputs (its `op_db`) through this package: every function that PyTorch tests in that way.

The samples cover the options that PyTorch's developers thought of; `tests/calls` draws what nobody thought of.
PyTorch's table is part of its installation, with the small package `expecttest` that it needs.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from calls import TABLE, Call, Drawn, load
from calls.compare import Side, hold_same, to_array

import tinygrad_nn

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="PyTorch's table of samples needs it")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_methods_invocations import op_db

load()
SAMPLES = 12  # of each function and dtype
DTYPES = (torch.float64, torch.int64, torch.complex128, torch.bool, torch.float32)

# What is not compared, and why. A name stands for the function, or for its variant, as "name.variant".
LEFT_OUT: dict[str, str] = {
    "argsort": "its samples have equal elements, whose order PyTorch leaves open; tests/calls has it",
    "empty": "not initialised",
    "empty_like": "not initialised",
    "empty_permuted": "not initialised",
    "empty_strided": "not initialised",
    "new_empty": "not initialised",
    "new_empty_strided": "not initialised",
    "linalg.pinv": "PyTorch refuses a tolerance that requires grad, which here is a constant",
    "linalg.pinv.hermitian": "its samples are not Hermitian, so the gradient depends on which half is read",
}
# Which of the results are compared, where others depend on the order of equal elements.
FIRST_OF = {"sort", "kthvalue", "median", "mode", "nanmedian", "topk", "max", "min", "cummax", "cummin"}
FIRST_OF_REASON = "the index among equal elements is open"
# What PyTorch refuses and this package takes, or refuses in another way, on purpose: see docs/differences.md.
NUMBERS = "functions of two tensors take Python numbers, on either side"
LENIENT = {
    **dict.fromkeys(
        ("atan2", "copysign", "eq", "fmax", "fmin", "fmod", "gcd", "ge", "gt", "heaviside", "hypot", "igamma",
         "igammac", "isclose", "lcm", "le", "logaddexp", "logical_and", "logical_or", "logical_xor", "lt",
         "max.binary", "maximum", "min.binary", "minimum", "ne", "nextafter", "rsub"), NUMBERS),
    "aminmax": "out= of another type is converted to, as elsewhere",
    "arange": "an out= of integers for a step of 0.5 is written as other results are",
    "cat": "memory that came from NumPy may be replaced as out=",
    "gather": "memory that came from NumPy may be replaced as out=",
    "complex": "out= of another type is converted to, as elsewhere",
    "narrow_copy": "a wrong dimension is an IndexError, as elsewhere",
}  # fmt: skip


def full_name(op: Any) -> str:
    """The function's name, and that of its variant."""
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


def drawn_for(op: Any) -> Drawn:
    """How to compare: as the table of drawn calls says, where it has the function."""
    known = TABLE.get(op.name)
    gradient = bool(op.supports_autograd)
    second = gradient and bool(op.supports_gradgrad)
    if known is not None:
        gradient, second = gradient and known.gradient, second and known.second
    tolerance = 10.0 * (known.tolerance if known else 1.0)
    values = known.values if known else None
    if op.name in FIRST_OF:
        values = first_of
    return Drawn(op.name, lambda draw: Call(), gradient, second, ("function",), tolerance, "", 0, values)


def first_of(result: Any) -> Any:
    """The values of a result with values and indices."""
    return result[0] if isinstance(result, tuple) else result


class NotOursError(Exception):
    """A sample has something that only PyTorch has: another layout, a function, a generator."""


def as_call(sample: Any) -> Call:
    """A sample with arrays in place of PyTorch's tensors."""

    def plain(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            unstored = value.dtype in (torch.bfloat16, torch.complex32)
            if value.is_meta or value.dim() > 32 or value.layout is not torch.strided or unstored:
                raise NotOursError(str(value.layout))
            array = to_array(value.detach())
            return array if value.numel() == 0 or not value.dim() else relaid(array, value)
        if isinstance(value, torch.dtype):
            if value in (torch.bfloat16, torch.complex32):
                raise NotOursError(str(value))
            return np.dtype(str(value).removeprefix("torch."))
        if isinstance(value, torch.Size):
            return tuple(value)
        if type(value) in (list, tuple):
            return type(value)(plain(v) for v in value)
        if value is None or isinstance(value, bool | int | float | complex | str | slice) or value is Ellipsis:
            return value
        if isinstance(value, torch.device):
            return str(value)
        raise NotOursError(repr(value))

    if isinstance(sample.input, torch.Tensor) and (sample.input.dim() > 32 or sample.input.is_meta):
        raise NotOursError("more dimensions than NumPy has, or no data")
    args = [plain(sample.input), *[plain(a) for a in sample.args]]
    return Call(*args, **{k: plain(v) for k, v in sample.kwargs.items()})


def relaid(array: Any, tensor: Any) -> Any:
    """The array, in the order in which the tensor's elements lie."""
    order = sorted(range(tensor.dim()), key=lambda d: -tensor.stride(d))
    return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order))


def find(op: Any) -> Any:
    return Side(tinygrad_nn).find(op.name)


OPS = {
    full_name(op): op
    for op in op_db
    if find(op) is not None and full_name(op) not in LEFT_OUT and op.name not in LEFT_OUT
}


def samples(op: Any, dtype: Any) -> list[Any]:
    """Some of the samples, from all over the list."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        found = list(itertools.islice(op.sample_inputs("cpu", dtype, requires_grad=False), 200))
    step = max(len(found) // SAMPLES, 1)
    return found[::step][:SAMPLES]


@pytest.mark.parametrize("name", sorted(OPS))
def test_samples(name: str) -> None:
    op = OPS[name]
    drawn = drawn_for(op)
    if name.startswith("nn.functional.embedding_bag"):  # PyTorch's sparse gradients cannot be asked for twice
        drawn = replace(drawn, gradient=False)
    for dtype in DTYPES:
        if dtype not in op.dtypes:
            continue
        for sample in samples(op, dtype):
            try:
                call = as_call(sample)
            except NotOursError:
                continue
            gradient = drawn.gradient and dtype in (torch.float64, torch.complex128)
            theirs = Side(torch).answer(drawn, call, "function", gradient=gradient, quiet=True)
            ours = Side(tinygrad_nn).answer(drawn, call, "function", gradient=gradient, quiet=True)
            hold_same(drawn, f"{name}{call!r}", ours, theirs)


WITH_ERRORS = [name for name in sorted(OPS) if OPS[name].error_inputs_func is not None]


@pytest.mark.parametrize("name", WITH_ERRORS)
def test_bad_inputs(name: str) -> None:
    op = OPS[name]
    drawn = drawn_for(op)
    for bad in op.error_inputs("cpu"):
        try:
            call = as_call(bad.sample_input)
        except NotOursError:
            continue
        theirs = Side(torch).answer(drawn, call, "function", gradient=False, quiet=True)
        ours = Side(tinygrad_nn).answer(drawn, call, "function", gradient=False, quiet=True)
        if name not in LENIENT:
            hold_same(drawn, f"{name}{call!r}", ours, theirs)
