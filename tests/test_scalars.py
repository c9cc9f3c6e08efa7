"""Tensors of no dimension, which arithmetic takes as NumPy's scalars: as tensors of one element, to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import Tensor
from tinygrad_nn.autograd import grad

SPECIAL = [0.0, -0.0, 1.5, -2.0, math.inf, -math.inf, math.nan, 1e300, -1e-300, 3, 0, 2**24 + 1, 10**30]
FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "alpha": lambda x, y: tg.sub(x, y, alpha=3) if isinstance(x, Tensor) else y - x,
    "mixed": lambda x, y: (x * y + x) / (y - 0.5) * 2 - y / 4,
}


def bits(tensor: Any) -> tuple[str, bytes]:
    """The type and the very bits of a tensor's numbers, nan as such."""
    array = tensor.numpy(force=True).reshape(-1)
    if array.dtype.kind in "fc":
        array = np.where(np.isnan(array), array.dtype.type(math.nan), array)
    return array.dtype.str, array.tobytes()


@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("number", SPECIAL)
def test_as_with_one_element(name: str, number: float, dtype: Any) -> None:
    formula = FORMULAS[name]
    found = []
    with np.errstate(all="raise"):  # nothing may be heard of overflows
        for shape in ((), (1,)):
            x, y, z = (tg.full(shape, value, dtype=dtype).requires_grad_() for value in (0.7, -1.25, 2.5))
            outputs = [formula(x, y), formula(x, number), formula(number, x), formula(x, z), formula(z, x)]
            tg.stack([output.reshape(-1) for output in outputs]).sum().backward()
            gradients = [leaf.grad for leaf in (x, y, z)]
            assert all(isinstance(each._array, np.ndarray) and each.shape == shape for each in (*outputs, *gradients))
            found.append([bits(each) for each in (*outputs, *gradients)])
    assert found[0] == found[1]


@pytest.mark.parametrize("number", [0, 7, -3, 2.5, True])
@pytest.mark.parametrize("dtype", [tg.int64, tg.int32, tg.uint8, tg.bool, tg.float16, tg.complex64])
def test_other_types_as_with_one_element(number: Any, dtype: Any) -> None:
    found = []
    for shape in ((), (1,)):
        x, y = tg.full(shape, 1, dtype=dtype), tg.full(shape, 3, dtype=dtype)
        outputs = [x + y, x * y, x / y, x + number, number * x, y / 2]
        assert all(isinstance(each._array, np.ndarray) and each.shape == shape for each in outputs)
        found.append([bits(each) for each in outputs])
    assert found[0] == found[1]


def test_whole_numbers_wrap_around_silently() -> None:
    with np.errstate(all="raise"):
        assert (tg.tensor(2**62) * 4).item() == 0
        assert (tg.tensor(2**62) + tg.tensor(2**62)).item() == -(2**63)


def test_derivatives_of_any_order() -> None:
    x = tg.tensor(0.5, dtype=tg.float64, requires_grad=True)
    found = x * x * x * x / (x + 1) - 3 * x
    # x^4 / (x + 1) is x^3 - x^2 + x - 1 + 1 / (x + 1)
    for expected in (3 / 4 - 1 + 1 - 1 / 1.5**2 - 3, 6 * 0.5 - 2 + 2 / 1.5**3, 6 - 6 / 1.5**4):
        (found,) = grad(found, x, create_graph=True)
        assert found.item() == pytest.approx(expected)


def test_used_many_times() -> None:
    x = tg.tensor(2.0, requires_grad=True)
    y = x * x + x * 3 + x / 2 - x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 2 * (4 + 3 + 0.5 - 1)
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_gradients_of_several_outputs() -> None:
    x = tg.tensor([2.0, 3.0], requires_grad=True)
    a, b = x.unbind()
    (gradient,) = grad(a * b + a * 5 + a, x)
    assert gradient.tolist() == [9.0, 2.0]
    a, b = x.unbind()
    middle = a * b
    found = grad(middle * middle + middle, (a, middle))
    assert [each.item() for each in found] == [39.0, 13.0]
    assert all(isinstance(each._array, np.ndarray) and each._array.flags.writeable for each in found)


def test_hooks_get_tensors() -> None:
    seen: list[Tensor] = []
    x = tg.tensor(2.0, requires_grad=True)
    y = x * 3
    y.register_hook(lambda g: seen.append(g) or g * 10)
    y.retain_grad()
    x.register_hook(seen.append)
    (y * y + y).backward()
    assert [each.item() for each in seen] == [13.0, 390.0]
    assert all(isinstance(each._array, np.ndarray) for each in seen)
    assert y.grad is not None
    assert y.grad.item() == 130.0


def test_a_gradient_belongs_to_its_leaf_alone() -> None:
    x, y = (tg.tensor(1.0, requires_grad=True) for _ in range(2))
    (x + y).backward()
    assert x.grad is not None
    assert y.grad is not None
    x.grad += 5
    assert y.grad.item() == 1.0
    (x + y).backward()
    assert (x.grad.item(), y.grad.item()) == (7.0, 2.0)


def test_written_over() -> None:
    x, y = tg.tensor(2.0, requires_grad=True), tg.tensor(3.0, requires_grad=True)
    z = x * 1
    z *= y  # what z was is kept for the gradient of y
    z.backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.item(), y.grad.item()) == (3.0, 2.0)
    z = x * 1
    z *= z
    assert grad(z, x)[0].item() == 4.0
    z, w = x * 1, y * 1
    product = z * w
    w += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()


def test_written_over_as_an_element() -> None:
    x = tg.tensor([2.0, 3.0], requires_grad=True)
    y = x * 1
    y[0] *= y[1].clone()
    assert grad(y[0] * 1, x)[0].tolist() == [3.0, 2.0]


def test_saved_tensors_are_shown_to_hooks_and_numbers_are_not() -> None:
    packed: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        packed.append(tensor)
        return tensor * 1

    x, c = tg.tensor(2.0, requires_grad=True), tg.tensor(5.0)
    with tg.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = x * c * 4 * x
    assert sorted(each.item() for each in packed) == [2.0, 5.0, 40.0]
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 80.0
