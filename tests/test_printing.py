"""Tests of printing: PyTorch's text, from a committed table and, where PyTorch is installed, live."""

from __future__ import annotations

import json
import runpy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_nn
from tinygrad_nn._core import dtypes
from tinygrad_nn._core.printing import format_tensor, get_printoptions, set_printoptions

GOLDEN = Path(__file__).parent / "golden"
CASES = json.loads((GOLDEN / "printing.json").read_text())


@pytest.fixture(autouse=True)
def restore_options() -> Iterator[None]:
    """Leave the options and the default dtype as they are at the start of a program."""
    yield
    set_printoptions(profile="default")
    dtypes.set_default_dtype(dtypes.float32)


def case_name(case: dict[str, Any]) -> str:
    details = [f"{key}={case[key]}" for key in ("options", "suffixes", "default", "prefix") if key in case]
    return " ".join([case["array"], case["dtype"], *details])


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_prints_as_torch(case: dict[str, Any]) -> None:
    set_printoptions(**case.get("options", {}))
    dtypes.set_default_dtype(dtypes.from_name(case.get("default", "float32")))
    array = np.asarray(eval(case["array"])).astype(case["dtype"])  # the table is ours
    printed = format_tensor(array, prefix=case.get("prefix", "tensor("), suffixes=case.get("suffixes", ()))
    assert printed == case["expected"]


def test_options_are_kept_unless_given() -> None:
    set_printoptions(precision=2, edgeitems=5, sci_mode=True)
    set_printoptions(linewidth=100)
    assert get_printoptions() == {
        "precision": 2, "threshold": 1000, "edgeitems": 5, "linewidth": 100, "sci_mode": None,
    }  # fmt: skip
    set_printoptions(profile="short", linewidth=60)
    assert get_printoptions() == {
        "precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 60, "sci_mode": None,
    }  # fmt: skip
    assert list(get_printoptions()) == ["precision", "threshold", "edgeitems", "linewidth", "sci_mode"]


def test_options_go_back_as_keyword_arguments() -> None:
    before = get_printoptions()
    set_printoptions(profile="full", precision=7)
    set_printoptions(**before)
    assert get_printoptions() == before


def test_unknown_profile_changes_nothing() -> None:
    before = get_printoptions()
    with pytest.raises(ValueError, match="expected 'default', 'short' or 'full', got 'long'"):
        set_printoptions(profile="long", precision=9)
    assert get_printoptions() == before


def test_values_are_not_changed() -> None:
    array = np.array([[1.5, -2.0], [np.nan, 1e9]])
    array.flags.writeable = False
    format_tensor(array)


def test_views_print_as_their_copies() -> None:
    array = np.random.RandomState(0).random_sample((60, 50, 4)).astype(np.float32)
    for view in (array.T, array[::-3, 1::2], array[..., 0], np.broadcast_to(array[:1], (20, 50, 4))):
        assert format_tensor(view) == format_tensor(view.copy())


def test_large_arrays_are_summarised_first() -> None:
    array = np.ones((1000, 1000), dtype=np.float32)
    start = time.perf_counter()
    format_tensor(array)
    assert time.perf_counter() - start < 0.2


# --- live comparison ----------------------------------------------------------------------------------------


def values_of(dtype: np.dtype[Any]) -> st.SearchStrategy[Any]:
    """Values of a dtype; for floats, everyday magnitudes, whole numbers and specials are frequent."""
    if dtype.kind not in "fc":
        return hnp.from_dtype(dtype)
    everyday = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 100.0, 1000.0, 1e-4, float("inf"), float("nan")])
    moderate = st.floats(-2000, 2000) | st.integers(-2000, 2000).map(float)
    real = everyday | moderate | hnp.from_dtype(np.empty(0, dtype).real.dtype)
    if dtype.kind == "f":
        return real
    return st.builds(complex, real, real)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """Arrays of every dtype and many shapes; some repeated until they are long enough for a summary."""
    dtype = draw(st.sampled_from(dtypes.ALL)).dtype
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))
    count = min(int(np.prod(shape)), 40)
    values = draw(st.lists(values_of(dtype), min_size=count, max_size=count))
    with np.errstate(over="ignore"):
        array = np.resize(np.array(values).astype(dtype), shape)
    if array.ndim and draw(st.booleans()):
        array = np.repeat(array, draw(st.integers(1, 300)), axis=draw(st.integers(0, array.ndim - 1)))
    return array


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "profile": st.sampled_from(["default", "short"]),
        "precision": st.integers(0, 9),
        "threshold": st.integers(0, 1500),
        "edgeitems": st.integers(0, 5),
        "linewidth": st.integers(1, 150),
        "sci_mode": st.sampled_from([None, True, False]),
    },
)
SUFFIXES = st.lists(st.sampled_from(["requires_grad=True", "grad_fn=<MulBackward0>", "tangent=1"]))
DEFAULTS = st.sampled_from(["float16", "float32", "float64"])


@pytest.fixture(scope="module")
def oracle() -> Iterator[Any]:
    """PyTorch, and `torch_repr` as the table was made with; PyTorch's options are put back."""
    torch = pytest.importorskip("torch")
    yield torch, runpy.run_path(str(GOLDEN / "make_printing.py"))["torch_repr"]
    torch.set_printoptions(profile="default")
    torch.set_default_dtype(torch.float32)


@settings(max_examples=300, deadline=None)
@given(array=arrays(), suffixes=SUFFIXES, default=DEFAULTS, options=OPTIONS)
def test_prints_as_torch_live(
    oracle: Any, array: np.ndarray[Any, Any], suffixes: list[str], default: str, options: dict[str, Any]
) -> None:
    torch, torch_repr = oracle
    for set_options in (set_printoptions, torch.set_printoptions):
        set_options(profile="default")
        set_options(**options)
    dtypes.set_default_dtype(dtypes.from_name(default))
    torch.set_default_dtype(getattr(torch, default))
    assert format_tensor(array, suffixes=suffixes) == torch_repr(array, suffixes=tuple(suffixes))


@settings(max_examples=300, deadline=None)
@given(array=arrays())
def test_prints_as_torch_live_by_default(oracle: Any, array: np.ndarray[Any, Any]) -> None:
    torch, torch_repr = oracle
    for set_options in (set_printoptions, torch.set_printoptions):
        set_options(profile="default")
    dtypes.set_default_dtype(dtypes.float32)
    torch.set_default_dtype(torch.float32)
    assert format_tensor(array) == torch_repr(array)


def as_made(package: Any, array: np.ndarray[Any, Any], how: str) -> Any:
    """A tensor of these values in either package: a leaf, a result, a parameter."""
    tensor = package.from_numpy(array.copy())
    if array.dtype.kind not in "fc" or how == "plain":
        return tensor
    if how.startswith("parameter"):
        return package.nn.Parameter(tensor, requires_grad=how == "parameter")
    return tensor.requires_grad_() if how == "leaf" else tensor.requires_grad_() * 1


@settings(max_examples=200, deadline=None)
@given(
    array=arrays(), default=DEFAULTS, options=OPTIONS,
    how=st.sampled_from(["plain", "leaf", "result", "parameter", "parameter without"]),
)  # fmt: skip
def test_tensors_print_as_torch_live(
    oracle: Any, array: np.ndarray[Any, Any], default: str, options: dict[str, Any], how: str
) -> None:
    torch, _ = oracle
    texts = []
    for package in (tinygrad_nn, torch):
        package.set_printoptions(profile="default")
        package.set_printoptions(**options)
        package.set_default_dtype(getattr(package, default))
        texts.append(repr(as_made(package, array, how)))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", ["Tensor", "Size", "dtype", "device", "layout", "memory_format", "finfo", "iinfo"])
def test_types_print_by_the_name_that_programs_use(name: str) -> None:
    assert repr(getattr(tinygrad_nn, name)) == f"<class 'tinygrad_nn.{name}'>"
