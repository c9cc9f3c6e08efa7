"""Initial values: PyTorch's draws under the same seed, its gains, and its refusals."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from training_programs import INITIALISERS, initial_values

import tinygrad_nn as tg
from tinygrad_nn import nn

GOLDEN = Path(__file__).parent / "golden"
EXPECTED = json.loads((GOLDEN / "training.json").read_text())["initial"]
# Everything is PyTorch's to the last bit, except what LAPACK computes.
TOLERANCE = {name: 2e-6 if name.startswith("orthogonal_") else 0 for name in INITIALISERS}


@pytest.mark.parametrize("name", INITIALISERS)
def test_golden(name):
    np.testing.assert_allclose(initial_values(tg, name), EXPECTED[name], rtol=0, atol=TOLERANCE[name])


@pytest.mark.parametrize("name", INITIALISERS)
def test_live(name):
    torch = pytest.importorskip("torch")
    np.testing.assert_allclose(initial_values(tg, name), initial_values(torch, name), rtol=0, atol=TOLERANCE[name])


def test_they_fill_in_place_and_outside_of_graphs():
    parameter = nn.Parameter(tg.zeros(3, 4))
    version = parameter._version
    assert nn.init.normal_(parameter) is parameter
    assert parameter.is_leaf
    assert parameter.requires_grad
    assert parameter._version > version
    for fill in (nn.init.ones_, nn.init.zeros_, nn.init.eye_, nn.init.orthogonal_, nn.init.trunc_normal_):
        version = parameter._version
        assert fill(parameter) is parameter
        assert parameter.is_leaf
        assert parameter._version > version
    with pytest.raises(RuntimeError, match="more than one element"):
        nn.init.ones_(tg.zeros(1).expand(3))


def test_generator():
    generator = tg.Generator().manual_seed(1)
    state = tg.get_rng_state()
    first = nn.init.normal_(tg.empty(5), generator=generator)
    nn.init.trunc_normal_(tg.empty(5), generator=generator)
    nn.init.orthogonal_(tg.empty(5, 5), generator=generator)
    nn.init.kaiming_uniform_(tg.empty(5, 5), generator=generator)
    assert (tg.get_rng_state() == state).all()  # the default one was left alone
    tg.manual_seed(1)
    assert (nn.init.normal_(tg.empty(5)) == first).all()


def test_gains():
    assert nn.init.calculate_gain("linear") == nn.init.calculate_gain("conv_transpose3d") == 1
    assert nn.init.calculate_gain("sigmoid") == 1
    assert nn.init.calculate_gain("tanh") == 5 / 3
    assert nn.init.calculate_gain("relu") == math.sqrt(2)
    assert nn.init.calculate_gain("selu") == 0.75
    assert nn.init.calculate_gain("leaky_relu", 0.2) == math.sqrt(2 / 1.04)
    with pytest.raises(ValueError, match="negative_slope True not a valid number"):
        nn.init.calculate_gain("leaky_relu", True)
    with pytest.raises(ValueError, match="Unsupported nonlinearity gelu"):
        nn.init.calculate_gain("gelu")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.init.xavier_uniform_(tg.empty(3)), "Fan in and fan out can not be computed"),
        (lambda: nn.init.kaiming_uniform_(tg.empty(3, 3), mode="fan"), "Mode fan not supported, please use one of"),
        (lambda: nn.init.eye_(tg.empty(3)), "Only tensors with 2 dimensions are supported"),
        (lambda: nn.init.sparse_(tg.empty(3), 0.1), "Only tensors with 2 dimensions are supported"),
        (lambda: nn.init.dirac_(tg.empty(3, 3)), "Only tensors with 3, 4, or 5 dimensions are supported"),
        (lambda: nn.init.dirac_(tg.empty(3, 3, 3), 2), "dim 0 must be divisible by groups"),
        (lambda: nn.init.orthogonal_(tg.empty(3)), "Only tensors with 2 or more dimensions are supported"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_warnings():
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        nn.init.kaiming_uniform_(tg.empty(0, 3))
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        nn.init.trunc_normal_(tg.empty(3), mean=5)
    with pytest.warns(UserWarning, match="zero-element"):
        assert nn.Linear(0, 2).bias.tolist() == [0, 0]
