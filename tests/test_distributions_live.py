"""Every distribution beside PyTorch's: the same samples, values, gradients, shapes, reprs, and refusals."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from distribution_cases import CASES, NAMES, Case, gradients, observed, of_values, tensors

import tinygrad_nn as tg

torch = pytest.importorskip("torch")

DTYPES = ("float32", "float64")
BY_NAME = {case.name: case for case in CASES}
# PyTorch cannot: it compares float64 with float32 here, and there writes over what the gradient needs.
NO_GRADIENT_IN_PYTORCH = [("GeneralizedPareto", "log_prob"), ("Wishart", "rsample")]


def close(ours: Any, theirs: Any, factor: float = 1.0) -> bool:
    if not isinstance(theirs, np.ndarray):
        return type(ours) is type(theirs) and ours == theirs
    if not isinstance(ours, np.ndarray) or ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return False
    tolerance = (3e-5 if theirs.dtype == np.float32 else 1e-9) * factor
    return np.allclose(ours, theirs, rtol=tolerance, atol=tolerance, equal_nan=True)


def compare(ours: dict[str, Any], theirs: dict[str, Any], factor: float = 1.0) -> None:
    """Equal, but for what PyTorch cannot compute, by its own mistake, in float64."""
    wrong = {}
    for name, expected in theirs.items():
        if expected is RuntimeError and isinstance(ours[name], np.ndarray):
            continue
        # a log_prob of a sample that has been rounded may be far off
        if not close(ours[name], expected, 30 * factor if name == "expand log_prob" else factor):
            wrong[name] = ours[name], expected
    assert not wrong, "\n".join(f"{name}: ours\n{a}\nPyTorch's\n{b}" for name, (a, b) in wrong.items())


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def drawn(case: Case, dtype: str, shape: tuple[int, ...] = (5,)) -> np.ndarray:
    """Values that the distribution may have."""
    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return case.build(torch.distributions, tensors(torch, case, dtype, False)).sample(shape).numpy()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_samples_and_properties(case: Case, dtype: str) -> None:
    compare(observed(tg, case, dtype), observed(torch, case, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_values(case: Case, dtype: str) -> None:
    values = drawn(case, dtype)
    compare(of_values(tg, case, dtype, values), of_values(torch, case, dtype, values), 10)


@pytest.mark.parametrize("asked", ["log_prob", "entropy", "rsample", "mean", "variance"])
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_gradients(case: Case, asked: str) -> None:
    values = drawn(case, "float64")
    if (case.name.split()[0], asked) in NO_GRADIENT_IN_PYTORCH:
        found = gradients(tg, case, "float64", asked, values)
        assert all(np.isfinite(g).all() for g in found.values() if g is not None)
        return
    ours, theirs = (gradients(package, case, "float64", asked, values) for package in (tg, torch))
    for found in (ours, theirs):
        if isinstance(found.get("scale_tril"), np.ndarray):  # what the gradient is above the diagonal says nothing
            found["scale_tril"] = np.tril(found["scale_tril"])
    compare(ours, theirs, 1e3)
