"""`autograd.functional` beside PyTorch: every function, option and kind of result; values, structures, and errors."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.utils._pytree import tree_leaves

torch = pytest.importorskip("torch")

Of = Callable[[Any], Callable[..., Any]]  # of the package, a function to be differentiated

ONE: dict[str, Of] = {
    "rows": lambda m: lambda x: x.exp().sum(1),
    "number": lambda m: lambda x: (x**3).sum(),
    "several": lambda m: lambda x: (x.sin(), x.sum()),
    "constant": lambda m: lambda x: m.ones(3, dtype=m.float64),
    "linear": lambda m: lambda x: x.sum(1) * 2,
    "parts": lambda m: lambda x: (x[0].sum(), x * 2),
    "of numbers": lambda m: lambda x: x[0, 0].sin(),
}
TWO: dict[str, Of] = {
    "product": lambda m: lambda x, y: (x * y).sum(),
    "one alone": lambda m: lambda x, y: (x**2).sum(),
    "sum": lambda m: lambda x, y: 2 * x.exp() + 3 * y,
    "one as it is": lambda m: lambda x, y: ((x * y).sum(1), y),
}
OPTIONS = [
    dict(zip(("create_graph", "strict"), chosen, strict=True)) for chosen in itertools.product((False, True), repeat=2)
]
X, Y, V = np.random.RandomState(0).standard_normal((3, 3, 2))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def structure(found: Any, recorded: bool) -> Any:
    if isinstance(found, tuple):
        return tuple([structure(each, recorded) for each in found])
    return tuple(found.shape), str(found.dtype), recorded and found.requires_grad


def answer(package: Any, call: Callable[..., Any], arrays: tuple[Any, ...], leaves: bool) -> Any:
    tensors = [package.from_numpy(np.array(a)).requires_grad_(leaves) for a in arrays]
    try:
        with warnings.catch_warnings(action="ignore" if package is torch else "error"):
            return call(package, package.autograd.functional, *tensors)
    except Exception as error:
        return error


def hold(where: Any, call: Callable[..., Any], *arrays: Any, leaves: bool = False, recorded: bool = True) -> None:
    """Both packages give the same: numbers, shapes, types, what requires grad; or an error with the same words."""
    ours, theirs = answer(tg, call, arrays, leaves), answer(torch, call, arrays, leaves)
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs), f"{where}: {ours!r}, PyTorch: {theirs!r}"
        assert str(ours).startswith(str(theirs)[:60]), f"{where}: {ours}\nPyTorch: {theirs}"
        return
    assert not isinstance(ours, Exception), f"{where}: {ours!r}"
    assert structure(ours, recorded) == structure(theirs, recorded), where
    for a, b in zip(tree_leaves(ours), tree_leaves(theirs), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-12, err_msg=str(where))


@pytest.mark.parametrize("name", ["jacobian", "hessian"])
@pytest.mark.parametrize("of", ONE)
def test_matrices_of_one_input(name: str, of: str) -> None:
    strategy_name = "strategy" if name == "jacobian" else "outer_jacobian_strategy"
    for options, vectorize, strategy, leaves in itertools.product(
        OPTIONS, (False, True), ("reverse-mode", "forward-mode"), (False, True)
    ):
        given = {**options, "vectorize": vectorize, strategy_name: strategy}

        def call(m: Any, functional: Any, x: Any, given: Any = given) -> Any:
            return getattr(functional, name)(ONE[of](m), x, **given)

        # by forward mode PyTorch's results require grad, or do not, for reasons of its own
        hold((name, of, given), call, X, leaves=leaves, recorded=strategy == "reverse-mode")


@pytest.mark.parametrize("name", ["jacobian", "hessian"])
@pytest.mark.parametrize("of", TWO)
def test_matrices_of_two_inputs(name: str, of: str) -> None:
    for options, vectorize, leaves in itertools.product(OPTIONS, (False, True), (False, True)):
        given = {**options, "vectorize": vectorize}

        def call(m: Any, functional: Any, x: Any, y: Any, given: Any = given) -> Any:
            return getattr(functional, name)(TWO[of](m), (x, y), **given)

        hold((name, of, given), call, X, Y, leaves=leaves, recorded=of != "one alone")


@pytest.mark.parametrize("name", ["vjp", "jvp", "vhp", "hvp"])
@pytest.mark.parametrize("of", ONE)
def test_products_of_one_input(name: str, of: str) -> None:
    directions = {"none": None, "as the input": V, "as the output": V[:, 0], "of another size": np.ones(7)}
    for options, (which, v), leaves in itertools.product(OPTIONS, directions.items(), (False, True)):

        def call(m: Any, functional: Any, x: Any, v: Any = v, options: Any = options) -> Any:
            v = None if v is None else m.from_numpy(np.array(v))
            return getattr(functional, name)(ONE[of](m), x, v, **options)

        hold((name, of, options, which), call, X, leaves=leaves)


@pytest.mark.parametrize("name", ["vjp", "jvp", "vhp", "hvp"])
@pytest.mark.parametrize("of", TWO)
def test_products_of_two_inputs(name: str, of: str) -> None:
    for options, leaves in itertools.product(OPTIONS, (False, True)):

        def call(m: Any, functional: Any, x: Any, y: Any, options: Any = options) -> Any:
            v = m.from_numpy(np.array(V))
            return getattr(functional, name)(TWO[of](m), (x, y), (v, v), **options)

        hold((name, of, options), call, X, Y, leaves=leaves, recorded=of != "one alone")


def test_what_is_no_tensor_and_no_strategy() -> None:
    hold("input", lambda m, functional, x: functional.jacobian(lambda x: x, 3), X)
    hold("inputs", lambda m, functional, x: functional.jacobian(lambda x, y: x, (x, 3)), X)
    hold("output", lambda m, functional, x: functional.jacobian(lambda x: 3, x), X)
    hold("outputs", lambda m, functional, x: functional.jacobian(lambda x: (x, 3), x), X)
    hold("strategy", lambda m, functional, x: functional.jacobian(lambda x: x, x, strategy="sideways"), X)
    hold("number", lambda m, functional, x: functional.hessian(lambda x: x * 2, x), X)
