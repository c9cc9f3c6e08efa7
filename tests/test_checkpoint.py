"""`utils.checkpoint`: the same gradients, the same random numbers, less memory; and what goes wrong."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.utils.checkpoint import (
    CheckpointError,
    checkpoint,
    checkpoint_sequential,
    set_checkpoint_debug_enabled,
    set_checkpoint_early_stop,
)

# --- memory ------------------------------------------------------------------------------------------------------


def deep(activation: Callable[[], nn.Module], width: int = 64) -> nn.Sequential:
    """A multilayer perceptron of forty layers."""
    tg.manual_seed(0)
    return nn.Sequential(*[layer for _ in range(40) for layer in (nn.Linear(width, width), activation())])


def peak(model: nn.Sequential, call: Callable[[Any], Any], x: Any) -> tuple[int, list[Any]]:
    """The most memory that a forward and a backward hold, gradients aside, and the gradients."""
    for parameter in model.parameters():
        parameter.grad = tg.zeros_like(parameter)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call(x).sum().backward()
        most = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    return most, [parameter.grad.numpy().copy() for parameter in model.parameters()]


def nested(x: Any, layers: list[Any], parts: tuple[int, ...]) -> Any:
    """Checkpoints within checkpoints: so many at each level."""
    if not parts:
        for layer in layers:
            x = layer(x)
        return x
    length = -(-len(layers) // parts[0])
    length += length % 2  # a layer and its activation stay together
    for start in range(0, len(layers), length):
        chosen = layers[start : start + length]
        x = checkpoint(lambda y, chosen=chosen: nested(y, chosen, parts[1:]), x, use_reentrant=False)
    return x


@pytest.mark.parametrize("reentrant", [False, True])
def test_a_deep_network_takes_a_third_of_the_memory(reentrant: bool) -> None:
    model, x = deep(nn.GELU), tg.randn(1000, 64)
    plain, expected = peak(model, model, x)
    leaf = x.clone().requires_grad_(reentrant)
    less, found = peak(model, lambda x: checkpoint_sequential(model, 8, x, use_reentrant=reentrant), leaf)
    assert less * 3 <= plain, plain / less
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_where_activations_are_kept_alone_nesting_saves_as_much() -> None:
    """ReLU's node keeps what the next layer keeps, so there is half as much to save as with GELU."""
    model, x = deep(nn.ReLU), tg.randn(2000, 64)
    plain, expected = peak(model, model, x)
    less, found = peak(model, lambda x: nested(x, list(model), (3, 3, 2)), x)
    assert less * 3 <= plain, plain / less
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# --- the same numbers --------------------------------------------------------------------------------------------


@pytest.fixture
def model() -> nn.Sequential:
    tg.manual_seed(0)
    return nn.Sequential(*[layer for _ in range(4) for layer in (nn.Linear(5, 5), nn.Tanh(), nn.Dropout(0.3))])


X = np.random.RandomState(0).standard_normal((3, 5)).astype(np.float32)
WAYS: dict[str, Callable[[nn.Sequential, Any], Any]] = {
    "whole": lambda m, x: checkpoint(m, x, use_reentrant=False),
    "reentrant": lambda m, x: checkpoint(m, x, use_reentrant=True),
    "in parts": lambda m, x: checkpoint_sequential(m, 3, x, use_reentrant=False),
    "in reentrant parts": lambda m, x: checkpoint_sequential(m, 3, x, use_reentrant=True),
    "to the end": lambda m, x: checkpoint(m, x, use_reentrant=False, early_stop=False),
    "in two": lambda m, x: checkpoint(m[6:], checkpoint(m[:6], x, use_reentrant=False), use_reentrant=False),
    "nested": lambda m, x: checkpoint(
        lambda y: checkpoint(m[6:], checkpoint(m[:6], y, use_reentrant=False), use_reentrant=False),
        x, use_reentrant=False,
    ),
    "nested three times": lambda m, x: nested(x, list(m), (1, 2, 2)),
}  # fmt: skip


def gradients(model: nn.Sequential, call: Callable[[Any], Any]) -> list[Any]:
    """The gradients, and a random number that is drawn afterwards."""
    model.zero_grad()
    tg.manual_seed(7)
    x = tg.tensor(X, requires_grad=True)
    call(x).sum().backward()
    return [x.grad, *(parameter.grad for parameter in model.parameters()), tg.rand(1)]


@pytest.mark.parametrize("way", WAYS)
def test_gradients_and_random_numbers_are_the_same(model: nn.Sequential, way: str) -> None:
    expected = gradients(model, model)
    for ours, theirs in zip(gradients(model, lambda x: WAYS[way](model, x)), expected, strict=True):
        assert tg.equal(ours, theirs)


def test_without_the_state_other_numbers_are_drawn(model: nn.Sequential) -> None:
    expected = gradients(model, model)
    found = gradients(model, lambda x: checkpoint(model, x, use_reentrant=False, preserve_rng_state=False))
    assert not tg.equal(found[0], expected[0])


def test_a_second_derivative(model: nn.Sequential) -> None:
    model.eval()
    x = tg.tensor(X, requires_grad=True)

    def second(call: Callable[[Any], Any]) -> Any:
        (first,) = tg.autograd.grad(call(x).square().sum(), x, create_graph=True)
        return tg.autograd.grad(first.square().sum(), x)[0]

    found = second(lambda x: checkpoint(model, x, use_reentrant=False))
    np.testing.assert_allclose(found.numpy(), second(model).numpy(), rtol=1e-5)


def test_structures_keywords_and_writes_in_place() -> None:
    w, b = tg.ones(3, requires_grad=True), tg.full((3,), 2.0, requires_grad=True)

    def of(pair: Any, *, scale: Any) -> Any:
        first, second = pair
        changed = (first.sin() + second).mul_(scale).exp_()
        return {"a": changed, "b": [changed * 2, 3]}

    def total(found: Any) -> Any:
        return (found["a"] + found["b"][0]).sum() * found["b"][1]

    found = tg.autograd.grad(total(checkpoint(of, (w, b), scale=b, use_reentrant=False)), (w, b))
    for ours, theirs in zip(found, tg.autograd.grad(total(of((w, b), scale=b)), (w, b)), strict=True):
        assert tg.equal(ours, theirs)


def test_a_backward_pass_inside() -> None:
    w = tg.ones(3, requires_grad=True)

    def of(a: Any) -> Any:
        b = a.sin()
        (inner,) = tg.autograd.grad(b.cos().sum(), b, retain_graph=True)
        return b * inner.detach()

    found = tg.autograd.grad(checkpoint(of, w, use_reentrant=False).sum(), w)[0]
    assert tg.equal(found, tg.autograd.grad(of(w).sum(), w)[0])


def test_only_what_is_needed_is_computed_again() -> None:
    calls: list[str] = []

    def of(a: Any) -> Any:
        calls.append("start")
        b = a.sin().cos()
        calls.append("end")
        return b * 1

    w = tg.ones(3, requires_grad=True)
    checkpoint(of, w, use_reentrant=False).sum().backward()
    assert calls == ["start", "end", "start"]
    with set_checkpoint_early_stop(False):
        checkpoint(of, w, use_reentrant=False).sum().backward()
    assert calls[3:] == ["start", "end", "start", "end"]
    calls.clear()
    with tg.no_grad():
        assert not checkpoint(of, w, use_reentrant=False).requires_grad
    assert calls == ["start", "end"]


def test_contexts_around_both_runs() -> None:
    log: list[str] = []

    @contextlib.contextmanager
    def noted(name: str) -> Iterator[None]:
        log.append(name)
        try:
            yield
        finally:
            log.append(f"end of {name}")

    w = tg.ones(3, requires_grad=True)
    contexts = lambda: (noted("forward"), noted("again"))  # noqa: E731
    checkpoint(tg.sin, w, use_reentrant=False, context_fn=contexts).sum().backward()
    assert log == ["forward", "end of forward", "again", "end of again"]


# --- what goes wrong ---------------------------------------------------------------------------------------------


def changing(first: Callable[[Any], Any], then: Callable[[Any], Any]) -> Callable[[Any], Any]:
    functions = iter([first, then])
    return lambda a: next(functions)(a)


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        (lambda a: a.sin().cos(), lambda a: a.sin(), "A different number of tensors was saved during the original"),
        (lambda a: a.sin().sum(), lambda a: a[:2].sin().sum(), "have different metadata than during the forward pass"),
    ],
)
def test_a_function_that_is_another_the_second_time(first: Any, then: Any, says: str) -> None:
    w = tg.ones(3, requires_grad=True)
    with pytest.raises(CheckpointError, match=says):
        checkpoint(changing(first, then), w, use_reentrant=False).sum().backward()


def test_debug_shows_the_operations_of_both_runs() -> None:
    w = tg.ones(3, requires_grad=True)
    different = changing(lambda a: a.sin().cos(), lambda a: a.sin())
    says = r"SinBackward0\nCosBackward0\n\nOperations executed during recomputation:\n\nSinBackward0"
    with set_checkpoint_debug_enabled(True), pytest.raises(CheckpointError, match=says):
        checkpoint(different, w, use_reentrant=False).sum().backward()


def test_arguments() -> None:
    w = tg.ones(3, requires_grad=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: b"):
        checkpoint(lambda a, b: a, w, b=2, use_reentrant=True)
    with pytest.raises(ValueError, match="determinism_check should be one of"):
        checkpoint(tg.sin, w, determinism_check="some", use_reentrant=False)
    with pytest.warns(UserWarning, match="the use_reentrant parameter should be passed explicitly"):
        checkpoint(tg.sin, w)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        assert not checkpoint(tg.sin, tg.ones(2), use_reentrant=True).requires_grad
    with pytest.raises(RuntimeError, match=r"incompatible with .grad\(\)"):
        tg.autograd.grad(checkpoint(tg.sin, w, use_reentrant=True).sum(), w)


def test_nothing_warns_of_a_model_in_train_mode_that_runs_without_recording_in_between() -> None:
    net = tg.nn.Sequential(tg.nn.Linear(3, 3), tg.nn.Dropout(0.5))
    x = tg.ones(2, 3, requires_grad=True)
    for _ in range(2):  # the second time, the model has been trained
        checkpoint(net, x, use_reentrant=True).sum().backward()
    assert net[0].weight.grad is not None
