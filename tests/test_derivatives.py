"""PyTorch's documented examples of derivatives give what PyTorch gives, and so do the derivatives of small networks."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from derivatives import EXAMPLES, models
from derivatives.results import hold_equal, plain, run

import tinygrad_nn as tg

STORED = json.loads((Path(__file__).parent / "golden" / "derivatives.json").read_text())
EXACT = 1e-10


@pytest.fixture
def torch() -> Iterator[Any]:
    """PyTorch, if it is here, on one thread, with that kernel of attention that has a second derivative."""
    package = pytest.importorskip("torch")
    attention = pytest.importorskip("torch.nn.attention")
    threads = package.get_num_threads()
    package.set_num_threads(1)
    with attention.sdpa_kernel(attention.SDPBackend.MATH):
        yield package
    package.set_num_threads(threads)


# --- PyTorch's pages ---------------------------------------------------------------------------------------------


def test_every_example_is_stored() -> None:
    assert list(STORED["documented"]) == list(EXAMPLES), "run tests/golden/make_derivatives.py"


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_documented_example(name: str) -> None:
    hold_equal(name, run(EXAMPLES[name], tg), STORED["documented"][name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_documented_example_beside_pytorch(torch: Any, name: str) -> None:
    hold_equal(name, run(EXAMPLES[name], tg), run(EXAMPLES[name], torch))


# --- networks ----------------------------------------------------------------------------------------------------


def _made(name: str, package: Any) -> models.Model:
    package.manual_seed(0)
    if name in models.PLAIN:
        return models.PLAIN[name](package)
    return models.LAYERS[name](package)


@pytest.mark.parametrize("derivative", models.DERIVATIVES)
@pytest.mark.parametrize("name", [*models.PLAIN, *models.LAYERS])
def test_derivatives_of_a_network_in_every_way(name: str, derivative: str) -> None:
    expected = STORED["models"][name][derivative]
    for way, found in models.DERIVATIVES[derivative](tg, _made(name, tg)).items():
        hold_equal(f"{name}: {way}", plain(found(), tg), expected, EXACT)


@pytest.mark.parametrize("derivative", models.DERIVATIVES)
@pytest.mark.parametrize("name", [*models.PLAIN, *models.LAYERS])
def test_derivatives_of_a_network_beside_pytorch(torch: Any, name: str, derivative: str) -> None:
    ours = models.DERIVATIVES[derivative](tg, _made(name, tg))
    theirs = models.DERIVATIVES[derivative](torch, _made(name, torch))
    with warnings.catch_warnings():  # PyTorch's first call of some operations
        warnings.simplefilter("ignore")
        way, expected = next(iter(theirs.items()))
        hold_equal(f"{name}: {way}", plain(ours[way](), tg), plain(expected(), torch), EXACT)
