"""Numbers in expressions: as arrays that are kept, with PyTorch's results for every kind of number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core import numbers


def test_zeros_keep_their_sign() -> None:
    x = tg.tensor([1.0, -1.0])
    for _ in range(2):  # the second time from what is kept
        assert np.signbit((x * 0.0).numpy()).tolist() == [False, True]
        assert np.signbit((x * -0.0).numpy()).tolist() == [True, False]
        assert (1 / (x * 0 + -0.0)).tolist() == [math.inf, -math.inf]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e300, -1e300, 1e-300, 10**30, True, 2**24 + 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_rounded_as_numpy_rounds_them(number: Any, dtype: str) -> None:
    x = tg.ones(3, dtype=getattr(tg, dtype))
    for _ in range(2):
        with np.errstate(all="ignore"):
            expected = np.ones(3, dtype) * np.array(float(number)).astype(dtype)
        np.testing.assert_array_equal((x * number).numpy(), expected)
        np.testing.assert_array_equal((number * x).numpy(), expected)
        assert (x * number).dtype == x.dtype


def test_integers_stay_integers_and_meet_floats() -> None:
    x = tg.tensor([1, 2, 3])
    assert (x * 2).tolist() == [2, 4, 6]
    assert (x * 2).dtype == tg.int64
    assert (2 - x).dtype == tg.int64
    assert (x * 2.0).dtype == tg.float32
    assert (x / 2).dtype == tg.float32
    assert (x == 2.0).tolist() == [False, True, False]
    assert ((x > 1) & (x < 3)).tolist() == [False, True, False]


def test_only_so_many_are_kept() -> None:
    x = tg.ones(2)
    for number in range(3 * numbers._MOST):
        assert (x * (number + 0.5)).tolist() == [number + 0.5] * 2
    assert len(numbers.TABLE_32) <= numbers._MOST


def test_a_kept_number_cannot_be_written_to() -> None:
    x = tg.ones(2, requires_grad=True)
    kept = numbers.operand(1.25, x.numpy(force=True).dtype)
    (x * 1.25).sum().backward()
    assert not kept.flags.writeable
    assert numbers.is_number(kept)
    assert not numbers.is_number(x.numpy(force=True))
    assert x.grad is not None
    assert x.grad.tolist() == [1.25, 1.25]
