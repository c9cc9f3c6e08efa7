"""What one operation costs when there is nothing to compute: chains of 1,000 ops on three numbers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness import Case, Job, Settings, Timed

START = np.array([0.5, 1.0, 1.5], np.float32)
FACTOR = np.array([1.0001, 0.9999, 1.0], np.float32)
LENGTH = 1000
# The functions of a package, a tensor to start from, another operand, how many ops: the tensor at the end.
Chain = Callable[[Any, Any, Any, int], Any]


@dataclass(frozen=True)
class Link:
    """An op: the chain of it in anybody's functions, and its forward and backward pass by hand."""

    chain: Chain
    by_hand: Callable[[np.ndarray[Any, Any], int], tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]
    about: str
    leaf: bool = False  # whether the other operand wants its gradient as well


def mul_number(functions: Any, x: Any, other: Any, count: int) -> Any:
    """``x * 1.0001``, again and again."""
    for _ in range(count):
        x = x * 1.0001
    return x


def mul_number_by_hand(x: Any, count: int) -> tuple[Any, Any]:
    """The product, and the gradient back to the start."""
    x = mul_number(np, x, None, count)
    return x, mul_number(np, np.ones_like(x), None, count)


def mul_tensor(functions: Any, x: Any, other: Any, count: int) -> Any:
    """``x * other``."""
    for _ in range(count):
        x = x * other
    return x


def mul_tensor_by_hand(x: Any, count: int) -> tuple[Any, Any]:
    """The product, and the gradient back to the start."""
    x = mul_tensor(np, x, FACTOR, count)
    return x, mul_tensor(np, np.ones_like(x), FACTOR, count)


def add(functions: Any, x: Any, other: Any, count: int) -> Any:
    """``x + other``."""
    for _ in range(count):
        x = x + other
    return x


def add_by_hand(x: Any, count: int) -> tuple[Any, Any]:
    """The sum; its gradient is what came in, so backward has nothing to do."""
    x = add(np, x, FACTOR, count)
    return x, np.ones_like(x)


def add_leaf_by_hand(x: Any, count: int) -> tuple[Any, Any]:
    """The sum, and the gradient of the operand that was added every time."""
    x = add(np, x, FACTOR, count)
    gradient, total = np.ones_like(x), np.zeros_like(x)
    for _ in range(count):
        total += gradient
    return x, gradient


def sin(functions: Any, x: Any, other: Any, count: int) -> Any:
    """``sin(x)``."""
    function = functions.sin
    for _ in range(count):
        x = function(x)
    return x


def sin_by_hand(x: Any, count: int) -> tuple[Any, Any]:
    """The sine, whose inputs are kept for backward."""
    inputs = []
    for _ in range(count):
        inputs.append(x)
        x = np.sin(x)
    gradient = np.ones_like(x)
    for each in reversed(inputs):
        gradient = gradient * np.cos(each)
    return x, gradient


def exp_log(functions: Any, x: Any, other: Any, count: int) -> Any:
    """``exp`` and ``log`` in turns, so that the numbers stay what they are."""
    exp, log = functions.exp, functions.log
    for _ in range(count // 2):
        x = log(exp(x))
    return x


def exp_log_by_hand(x: Any, count: int) -> tuple[Any, Any]:
    """The two of them, whose outputs are kept for backward."""
    kept = []
    for _ in range(count // 2):
        power = np.exp(x)
        x = np.log(power)
        kept.append(power)
    gradient = np.ones_like(x)
    for power in reversed(kept):
        gradient = gradient / power * power
    return x, gradient


LINKS = {
    "mul_number": Link(mul_number, mul_number_by_hand, "multiply by a number"),
    "mul_tensor": Link(mul_tensor, mul_tensor_by_hand, "multiply by a tensor"),
    "add": Link(add, add_by_hand, "add a tensor"),
    "add_leaf": Link(add, add_leaf_by_hand, "add a tensor that wants its gradient too", leaf=True),
    "sin": Link(sin, sin_by_hand, "sine"),
    "exp_log": Link(exp_log, exp_log_by_hand, "exp and log in turns"),
}


def job(settings: Settings, count: int, function: Callable[[], Any], read: Callable[[Any], Any]) -> Job:
    """Time a chain per op; its answer is three numbers."""
    return Job(Timed(function, settings, count), lambda: [float(number) for number in read(function())])


def length(settings: Settings) -> int:
    """The length of the chains."""
    return 20 if settings.tiny else LENGTH


def in_torch(link: Link, backward: bool) -> Callable[[Any, Settings], Job]:
    """PyTorch and this package: the very same lines."""

    def make(torch: Any, settings: Settings) -> Job:
        count = length(settings)
        x = torch.tensor(START.tolist(), requires_grad=True)
        other = torch.tensor(FACTOR.tolist(), requires_grad=link.leaf)

        def both() -> Any:
            x.grad = other.grad = None
            link.chain(torch, x, other, count).sum().backward()
            return x.grad

        def forward() -> Any:
            return link.chain(torch, x, other, count)

        return job(settings, count, both if backward else forward, lambda tensor: tensor.tolist())

    return make


def in_numpy(link: Link, backward: bool) -> Callable[[Any, Settings], Job]:
    """Without a graph."""

    def make(numpy: Any, settings: Settings) -> Job:
        count = length(settings)
        if backward:
            return job(settings, count, lambda: link.by_hand(START, count), lambda pair: pair[1])
        return job(settings, count, lambda: link.chain(np, START, FACTOR, count), lambda array: array)

    return make


def in_mygrad(link: Link, backward: bool) -> Callable[[Any, Settings], Job]:
    """MyGrad."""

    def make(mygrad: Any, settings: Settings) -> Job:
        count = length(settings)
        x, other = mygrad.tensor(START), mygrad.tensor(FACTOR, constant=not link.leaf)

        def both() -> Any:
            link.chain(mygrad, x, other, count).sum().backward()
            return x.grad

        def forward() -> Any:
            return link.chain(mygrad, x, other, count)

        read = (lambda array: array) if backward else (lambda tensor: tensor.data)
        return job(settings, count, both if backward else forward, read)

    return make


def in_autograd(link: Link, backward: bool) -> Callable[[Any, Settings], Job]:
    """HIPS autograd, which records only what it differentiates at once."""

    def make(autograd: Any, settings: Settings) -> Job:
        functions = importlib.import_module("autograd.numpy")
        count = length(settings)
        wanted = (0, 1) if link.leaf else 0
        gradient = autograd.grad(lambda x, other: functions.sum(link.chain(functions, x, other, count)), wanted)
        read = (lambda pair: pair[0]) if link.leaf else (lambda array: array)
        return job(settings, count, lambda: gradient(START, FACTOR), read)

    return make


def make_case(name: str, link: Link, backward: bool) -> Case:
    """One op, forward only or with its backward pass."""
    same = in_torch(link, backward)
    contenders = {
        "tinygrad_nn": same,
        "torch": same,
        "numpy": in_numpy(link, backward),
        "mygrad": in_mygrad(link, backward),
    }
    if backward:
        contenders["autograd"] = in_autograd(link, backward)
    return Case(
        name=f"op/{name}" + ("" if backward else "/forward"),
        about=f"{link.about}: one op on 3 elements, forward" + (" and backward" if backward else ", recorded"),
        contenders=contenders,
    )


CASES = [make_case(name, link, backward) for name, link in LINKS.items() for backward in (False, True)]
