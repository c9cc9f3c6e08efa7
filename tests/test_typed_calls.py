"""What type checkers know of a call ``model(x)``: the arguments and the result of ``forward``.

This file is among those that mypy checks (see pyproject.toml): `assert_type` fails there if the type is another, and a
``type: ignore`` where nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn


class Encoder(nn.Module):
    """A model with a typed ``forward``."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(2, 3)
        self.body = nn.Sequential(nn.ReLU(), nn.Linear(3, 3))

    def forward(self, x: tg.Tensor, scale: float = 1.0) -> tuple[tg.Tensor, int]:
        hidden = self.hidden(x)
        assert_type(hidden, tg.Tensor)
        hidden = self.body(hidden)
        return hidden * scale, 3


class Untyped(nn.Module):
    """A model as most programs write it."""

    def forward(self, x):  # type: ignore[no-untyped-def]
        return x


def apply(function: Callable[[tg.Tensor], tg.Tensor], x: tg.Tensor) -> tg.Tensor:
    """What takes a function takes a module."""
    return function(x)


def test_the_result_is_forwards() -> None:
    model = Encoder()
    result = model(tg.ones(4, 2), scale=2.0)
    assert_type(result, tuple[tg.Tensor, int])
    assert result[0].shape == (4, 3)
    assert_type(nn.MSELoss()(tg.ones(2), tg.ones(2)), tg.Tensor)
    assert_type(apply(nn.Linear(2, 1), tg.ones(2)), tg.Tensor)
    assert_type(Untyped()(tg.ones(1)), Any)


def test_modules_keep_their_type() -> None:
    assert_type(Encoder().to(tg.float64).double().eval().train().requires_grad_(False), Encoder)
    assert_type(nn.Linear(1, 1).weight, nn.Parameter)
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    assert_type(net[:1], nn.Sequential)
    assert_type(net.append(nn.ReLU()), nn.Sequential)
    assert_type(nn.ModuleList([net])[0:], nn.ModuleList)


def test_wrong_arguments_are_noticed() -> None:
    with pytest.raises(TypeError):
        Encoder()("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Encoder()(tg.ones(4, 2), scales=2.0)  # type: ignore[call-arg]
