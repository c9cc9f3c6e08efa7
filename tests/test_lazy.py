"""Lazy modules: what can be done before the shapes are known, and how the first call settles them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.nn.lazy import LazyModuleMixin
from tinygrad_nn.nn.parameter import is_lazy


def make() -> nn.Sequential:
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))


def test_the_first_call_settles_everything() -> None:
    net = make()
    assert all(is_lazy(p) for p in net.parameters())
    assert net(tg.ones(2, 3, 5, 5)).shape == (2, 2)
    assert [type(layer) for layer in net] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.Flatten, nn.Linear]
    assert [tuple(p.shape) for p in net.parameters()] == [(4, 3, 3, 3), (4,), (4,), (4,), (2, 36), (2,)]
    assert not any(is_lazy(t) for t in net.state_dict().values())
    net(tg.ones(1, 3, 5, 5)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())


def test_before_it_values_are_refused() -> None:
    parameter = nn.LazyLinear(2).weight
    assert repr(parameter) == "<UninitializedParameter>"
    assert parameter.dtype is tg.float32
    assert parameter.requires_grad
    assert parameter.is_leaf
    for use in (
        lambda: parameter + 1, parameter.sum, lambda: parameter.shape, parameter.share_memory_, parameter.numel,
        lambda: tg.matmul(tg.ones(2, 2), parameter),
    ):  # fmt: skip
        with pytest.raises((ValueError, RuntimeError), match="uninitialized parameter"):
            use()


def test_the_type_can_be_changed() -> None:
    net = make().double()
    assert {p.dtype for p in net.parameters()} == {tg.float64}
    assert net[1].running_mean.dtype is tg.float64
    net(tg.ones(2, 3, 5, 5, dtype=tg.float64))
    assert {t.dtype for t in net.state_dict().values()} == {tg.float64, tg.int64}


def pickled(net: nn.Module) -> nn.Module:
    return pickle.loads(pickle.dumps(net))


@pytest.mark.parametrize("through", [copy.deepcopy, pickled])
def test_copies_are_lazy_too(through: Any) -> None:
    net = through(make().double())
    assert all(is_lazy(p) for p in net.parameters())
    assert net(tg.ones(2, 3, 5, 5, dtype=tg.float64)).shape == (2, 2)
    assert type(net[0]) is nn.Conv2d


def test_a_state_gives_the_shapes() -> None:
    source, target = make(), make()
    source(tg.rand(2, 3, 5, 5))
    target.load_state_dict(source.state_dict())
    x = tg.rand(2, 3, 5, 5)
    assert tg.equal(target.eval()(x), source.eval()(x))
    assert [type(layer) for layer in target] == [type(layer) for layer in source]


def test_states_without_shapes() -> None:
    lazy = make()
    assert lazy.load_state_dict(make().state_dict()).missing_keys == []
    assert all(is_lazy(p) for p in lazy.parameters())
    settled = make()
    settled(tg.ones(2, 3, 5, 5))
    with pytest.raises(RuntimeError, match="uninitialized"):
        settled.load_state_dict(make().state_dict())


def test_ones_own() -> None:
    class LazyScale(LazyModuleMixin, nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.UninitializedParameter()

        def initialize_parameters(self, x: Any) -> None:
            self.scale.materialize(x.shape[-1:])
            nn.init.ones_(self.scale)

        def forward(self, x: Any) -> Any:
            return x * self.scale

    layer = LazyScale()
    assert layer.has_uninitialized_params()
    assert layer(tg.ones(2, 3)).tolist() == [[1.0] * 3] * 2
    assert not layer.has_uninitialized_params()
    with pytest.raises(NotImplementedError, match="initialize_parameters"):
        LazyModuleMixin()(1)


def test_a_refused_first_input_changes_nothing() -> None:
    layer = nn.LazyConv2d(4, 3, groups=2)
    with pytest.raises(ValueError, match="divisible"):
        layer(tg.ones(1, 3, 5, 5))
    assert layer.has_uninitialized_params()
    assert layer.in_channels == 0
    assert layer(tg.ones(1, 2, 5, 5)).shape == (1, 4, 3, 3)
