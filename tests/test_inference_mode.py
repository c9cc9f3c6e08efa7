"""Tensors that are made in `inference_mode`: what they may not be used for afterwards; all else is as ever."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg


@pytest.fixture
def x() -> tg.Tensor:
    return tg.ones(3, requires_grad=True)


@pytest.fixture
def made() -> tg.Tensor:
    with tg.inference_mode():
        return tg.ones(3)


MAKERS: dict[str, Callable[[tg.Tensor], tg.Tensor]] = {
    "ones": lambda x: tg.ones(2), "tensor": lambda x: tg.tensor([1.0]), "rand": lambda x: tg.rand(2),
    "from_numpy": lambda x: tg.from_numpy(np.ones(2)), "zeros_like": tg.zeros_like, "an op": lambda x: x * 2,
    "clone": lambda x: x.clone(), "cat": lambda x: tg.cat([x, x]), "sort": lambda x: x.sort().values,
    "linear": lambda x: tg.nn.functional.linear(x, tg.ones(1, 3)), "to": lambda x: x.double(),
    "eye": lambda x: tg.eye(2),
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_made_inside(x: tg.Tensor, name: str) -> None:
    with tg.inference_mode():
        result = MAKERS[name](x)
        assert result.is_inference()
        assert not result.requires_grad
    assert not MAKERS[name](x).is_inference()


def test_views_are_of_their_base_s_kind(x: tg.Tensor, made: tg.Tensor) -> None:
    with tg.inference_mode():
        assert not x[:2].is_inference()
        assert not x.detach().is_inference()
        assert made[:2].is_inference()
    assert made[:2].is_inference()
    assert made.view(3, 1).is_inference()
    assert not (made + 1).is_inference()
    assert not made.clone().is_inference()


REFUSED: dict[str, tuple[Callable[[tg.Tensor, tg.Tensor], Any], str]] = {
    "add_": (lambda made, x: made.add_(1), "Inplace update to inference tensor outside InferenceMode"),
    "fill_": (lambda made, x: made.fill_(1), "Inplace update to inference tensor outside InferenceMode"),
    "setitem": (lambda made, x: made.__setitem__(0, 1), "Inplace update to inference tensor outside InferenceMode"),
    "a view's": (lambda made, x: made[:2].zero_(), "Inplace update to inference tensor outside InferenceMode"),
    "out": (lambda made, x: tg.add(made, 1, out=made), "Inplace update to inference tensor outside InferenceMode"),
    "normal_": (lambda made, x: made.normal_(), "Inplace update to inference tensor outside InferenceMode"),
    "saved": (lambda made, x: x * made, "Inference tensors cannot be saved for backward"),
    "saved twice": (lambda made, x: (x + 1) @ made, "Inference tensors cannot be saved for backward"),
    "requires_grad_": (lambda made, x: made.requires_grad_(), "Setting requires_grad=True on inference tensor outside"),
    "version": (lambda made, x: made._version, "Inference tensors do not track version counter"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_outside_and_changes_nothing(made: tg.Tensor, x: tg.Tensor, name: str) -> None:
    use, says = REFUSED[name]
    with pytest.raises(RuntimeError, match=says):
        use(made, x)
    assert made.tolist() == [1, 1, 1]
    assert not made.requires_grad


def test_what_is_allowed(made: tg.Tensor, x: tg.Tensor) -> None:
    assert (x + made).requires_grad  # nothing of it is saved
    assert (x * made.clone()).requires_grad
    assert tg.zeros(3).copy_(made).tolist() == [1, 1, 1]
    assert made.numpy().tolist() == made.tolist() == [1, 1, 1]
    assert not made.requires_grad_(False).requires_grad
    with tg.inference_mode():
        assert made.add_(1).tolist() == [2, 2, 2]
    assert copy.deepcopy(made).tolist() == [2, 2, 2]
    assert pickle.loads(pickle.dumps(made)).tolist() == [2, 2, 2]
    with tg.no_grad():
        assert (x * made).tolist() == [2, 2, 2]


def test_modes_inside_of_each_other(x: tg.Tensor) -> None:
    def state() -> tuple[bool, bool, bool]:
        return tg.is_inference_mode_enabled(), tg.is_grad_enabled(), (x * 2).requires_grad

    assert state() == (False, True, True)
    with tg.inference_mode():
        assert state() == (True, False, False)
        with tg.enable_grad():
            assert state() == (True, True, False)
        with tg.inference_mode(False):
            assert state() == (False, True, True)
            with tg.no_grad():
                assert state() == (False, False, False)
        with tg.inference_mode():
            assert state() == (True, False, False)
        assert state() == (True, False, False)
    with tg.no_grad(), tg.inference_mode(False):
        assert state() == (False, True, True)
    assert state() == (False, True, True)


def test_decorators(x: tg.Tensor) -> None:
    @tg.inference_mode()
    def called(x: Any) -> Any:
        return x * 2

    @tg.inference_mode
    def bare(x: Any) -> Any:
        return x * 2

    @tg.inference_mode()
    def generated(x: Any) -> Any:
        yield x * 2
        yield x * 3

    assert called(x).is_inference()
    assert bare(x).is_inference()
    for result in generated(x):
        assert result.is_inference()
        assert not tg.is_inference_mode_enabled()


def test_other_threads_go_on_as_before() -> None:
    found: list[bool] = []

    def other() -> None:
        made = tg.ones(2)
        found.extend([tg.is_inference_mode_enabled(), made.is_inference(), (made.requires_grad_() * 2).requires_grad])

    with tg.inference_mode():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert found == [False, False, True]


def test_a_model_in_evaluation(x: tg.Tensor) -> None:
    model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.ReLU(), tg.nn.Linear(4, 1))
    expected = model(x)
    with tg.inference_mode():
        found = model(x)
    assert tg.equal(found, expected.detach())
    with pytest.raises(RuntimeError, match="does not require grad"):
        found.sum().backward()
    model(x).sum().backward()
    assert x.grad is not None
