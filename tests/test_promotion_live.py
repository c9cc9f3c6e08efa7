"""Which type, value or error operations give for every pair of types, against PyTorch itself.

Each pair in each form: tensors with dimensions and without, and Python numbers; out of place and in place.
"""

from __future__ import annotations

import itertools
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn

torch = pytest.importorskip("torch")

TYPES = [np.dtype(t) for t in ["?", "u1", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]]
NUMBERS: list[Any] = [True, 2, 1.5, 1 + 2j]
FORMS = ("vectors", "vector, single", "single, vector", "singles")


def operations(package: Any) -> dict[str, Callable[[Any, Any], Any]]:
    mask = package.tensor([True, False, True])
    return {
        "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
        "floor_divide": operator.floordiv, "remainder": operator.mod, "pow": operator.pow, "eq": operator.eq,
        "lt": operator.lt, "and": operator.and_, "where": lambda a, b: package.where(mask, a, b),
        "cat": lambda a, b: package.cat([a, b]), "stack": lambda a, b: package.stack([a, b]),
        "maximum": package.maximum, "atan2": package.atan2, "logical_and": package.logical_and,
        "iadd": operator.iadd, "isub": operator.isub, "imul": operator.imul, "idiv": operator.itruediv,
        "ipow": operator.ipow, "iand": operator.iand, "copy_": lambda a, b: a.copy_(b),
    }  # fmt: skip


def answer(package: Any, name: str, operands: list[Any]) -> Any:
    """The type and the values of a result, or the error."""
    made = [package.from_numpy(v.copy()) if isinstance(v, np.ndarray) else v for v in operands]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # complex numbers that are copied into real ones
        try:
            result = operations(package)[name](*made)
        except Exception as error:
            return type(error)
    return np.array(result.numpy())


def hold_same(name: str, operands: list[Any]) -> None:
    if name.endswith("pow") and {getattr(v, "dtype", type(v)) for v in operands} <= {np.dtype(bool), bool}:
        return  # of which PyTorch has none
    theirs, ours = answer(torch, name, operands), answer(tinygrad_nn, name, operands)
    where = f"{name} of {operands}: {ours!r}, PyTorch: {theirs!r}"
    if isinstance(theirs, type):
        assert isinstance(ours, type), where
        assert issubclass(ours, theirs), where
        return
    assert not isinstance(ours, type), where
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), where
    rough = 2e-3 if theirs.dtype == np.float16 else 1e-5
    np.testing.assert_allclose(ours, theirs, rtol=rough, atol=rough, err_msg=where)


def of_form(form: str, a: np.dtype[Any], b: np.dtype[Any]) -> list[Any]:
    vectors = [np.array([1, 3, 2]).astype(a), np.array([2, 1, 1]).astype(b)]
    singles = [np.array(3).astype(a), np.array(2).astype(b)]
    return {
        "vectors": vectors, "vector, single": [vectors[0], singles[1]], "single, vector": [singles[0], vectors[1]],
        "singles": singles,
    }[form]  # fmt: skip


def is_beyond_numpy(*operands: Any) -> bool:
    """Whether PyTorch's answer is of the type complex32, which NumPy does not have."""
    kinds = [v.dtype if isinstance(v, np.ndarray) else np.dtype(type(v)) for v in operands]
    return np.dtype(np.float16) in kinds and any(kind.kind == "c" for kind in kinds)


@pytest.mark.parametrize("name", operations(tinygrad_nn))
def test_every_pair_of_types(name: str) -> None:
    for a, b, form in itertools.product(TYPES, TYPES, FORMS):
        operands = of_form(form, a, b)
        if not is_beyond_numpy(*operands):
            hold_same(name, operands)


# The rest take tensors only; this package lets maximum, atan2 and logical_and have numbers, too.
WITH_NUMBERS = (
    "add", "sub", "mul", "div", "floor_divide", "remainder", "pow", "eq", "lt", "and", "where", "iadd", "isub", "imul",
    "idiv", "ipow", "iand",
)  # fmt: skip


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_every_type_and_number(name: str) -> None:
    for kind, number, form in itertools.product(TYPES, NUMBERS, ("vectors", "singles")):
        tensor = of_form(form, kind, kind)[0]
        if not is_beyond_numpy(tensor, number):
            hold_same(name, [tensor, number])
            if not name.startswith("i"):
                hold_same(name, [number, tensor])
