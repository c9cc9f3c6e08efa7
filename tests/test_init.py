"""Initial values: PyTorch's draws under the same seed, its gains, and its refusals."""

import json
import math
import warnings
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


# --- every function beside PyTorch -------------------------------------------------------------------------------

SHAPES = [(), (5,), (3, 4), (4, 3), (2, 3, 3), (4, 2, 3, 3), (2, 2, 2, 2, 2), (0, 3), (3, 0), (64, 65)]
CALLS = [
    "uniform_(x)", "uniform_(x, a=-2, b=3)", "uniform_(x, a=2, b=1)", "normal_(x)", "normal_(x, mean=1, std=3)",
    "normal_(x, std=-1)", "trunc_normal_(x)", "trunc_normal_(x, std=0.02)", "trunc_normal_(x, std=0.5, a=-0.1, b=0.1)",
    "trunc_normal_(x, mean=3.0, a=2.9, b=3.1)", "trunc_normal_(x, mean=-5.0)", "constant_(x, 0.3)", "ones_(x)",
    "zeros_(x)", "eye_(x)", "dirac_(x)", "dirac_(x, groups=2)", "dirac_(x, groups=3)", "xavier_uniform_(x, gain=2)",
    "xavier_normal_(x)", "kaiming_uniform_(x, a=0.2, mode='fan_out')", "kaiming_uniform_(x, nonlinearity='relu')",
    "kaiming_normal_(x, nonlinearity='selu')", "kaiming_normal_(x, mode='FAN_OUT', nonlinearity='tanh')",
    "kaiming_normal_(x, nonlinearity='gelu')", "kaiming_normal_(x, mode='both')", "orthogonal_(x)",
    "orthogonal_(x, gain=2.0)", "sparse_(x, sparsity=0.3)", "sparse_(x, sparsity=0.95, std=2.0)",
    "uniform(x)", "normal(x)", "constant(x, 1.0)", "eye(x)", "dirac(x)", "xavier_uniform(x)", "xavier_normal(x)",
    "kaiming_uniform(x)", "kaiming_normal(x)", "orthogonal(x)", "sparse(x, 0.5)",
]  # fmt: skip


def filled(package, call, shape, dtype, transposed):
    """What a call leaves behind: values, where the stream stands, warnings; or the error."""
    package.manual_seed(3)
    x = package.zeros(shape, dtype=getattr(package, dtype))
    x = x.t() if transposed else x
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = eval(call, {name: getattr(package.nn.init, name) for name in [call.partition("(")[0]]}, {"x": x})
        except Exception as error:
            return type(error).__name__, str(error), [str(warning.message) for warning in caught]
    assert result is x
    said = [(warning.category.__name__, str(warning.message)) for warning in caught]
    return np.array(x.numpy()), package.rand(2).tolist(), said


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("call", CALLS)
def test_as_pytorch(call, dtype):
    torch = pytest.importorskip("torch")
    tolerance = 0 if dtype != "float64" and "orthogonal" not in call else 5e-6
    for shape in SHAPES:
        for transposed in [False, True] if len(shape) == 2 else [False]:
            ours, theirs = (filled(package, call, shape, dtype, transposed) for package in (tg, torch))
            what = f"{call} on {list(shape)}{' transposed' if transposed else ''}"
            assert ours[2] == theirs[2], what
            if isinstance(theirs[0], str):
                assert ours[0] == theirs[0], what
                assert ours[1].startswith(theirs[1][:30]), what
                continue
            assert ours[0].dtype == theirs[0].dtype
            mine, expected = (answer[0].astype("f8") for answer in (ours, theirs))
            np.testing.assert_allclose(mine, expected, rtol=0, atol=tolerance, err_msg=what)
            assert ours[1] == theirs[1], f"{what}: another number of draws"


def test_former_names_warn():
    with pytest.warns(FutureWarning, match=r"`nn.init.constant` is now deprecated in favor of `nn.init.constant_`"):
        assert nn.init.constant(tg.zeros(2), 3.0).tolist() == [3, 3]
