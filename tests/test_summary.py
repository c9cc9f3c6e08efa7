"""`nn.summary`: layers, shapes, parameters, memory and multiply-adds of a model, which it leaves as it was."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn


class Net(nn.Module):
    """A model of several inputs, with frozen, shared, repeated and unused layers, and a product of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 8).requires_grad_(False)
        self.body = nn.Sequential(nn.Linear(8, 8), nn.Dropout())
        self.head = nn.Linear(8, 10, bias=False)
        self.head.weight = self.table.weight
        self.unused = nn.Linear(3, 3)
        self.register_buffer("mean", tg.zeros(3))
        self.calls = 0

    def forward(self, x: tg.Tensor, times: int = 1) -> tuple[tg.Tensor, dict[str, tg.Tensor]]:
        x = self.table(x)
        for _ in range(times):
            x = self.body(x)
        self.calls += 1
        self.mean.add_(1.0)
        x = x + float(np.random.rand()) + random.random()
        return self.head(x), {"products": x @ x.mT}


def test_what_it_counts() -> None:
    net = Net()
    found = nn.summary(net, (tg.randint(10, (4, 7)), 2))
    rows = {row.name: row for row in found.rows}
    assert [row.name for row in found.rows] == ["", "table", "body", "0", "1", "head", "unused"]
    assert rows["body"].calls == rows["0"].calls == 2
    assert (rows["0"].input, rows["0"].output) == ("(4, 7, 8)", "(4, 7, 8)")
    assert rows[""].output == "(4, 7, 10), (4, 7, 7)"
    assert rows["table"].parameters == 80
    assert rows["head"].parameters == 0  # they are the table's
    assert rows["0"].multiply_adds == 2 * 4 * 7 * 8 * 8
    assert rows["head"].multiply_adds == 4 * 7 * 8 * 10
    assert rows[""].multiply_adds == 4 * 7 * 7 * 8  # the product in forward
    assert found.multiply_adds == sum(row.multiply_adds for row in found.rows)
    assert (found.parameters, found.trainable) == (80 + 72 + 12, 72 + 12)
    assert (found.parameter_bytes, found.buffer_bytes) == (4 * 164, 12)
    text = str(found)
    assert text.startswith("net (Net), in train mode\n")
    assert "0: Linear(8, 8) x 2" in text
    assert any(line.split() == ["unused:", "Linear(3,", "3)", "not", "called", "12"] for line in text.split("\n"))
    assert "Parameters: 164, 80 of them frozen" in text
    assert "Multiply-adds: 7,392" in text
    assert "Multiply-adds: 7,392" in found._repr_html_()


def test_forms_of_input() -> None:
    net = nn.Sequential(nn.Linear(4, 2)).double()
    for given in [(3, 4), [3, 4], tg.zeros(3, 4, dtype=tg.float64), (tg.zeros(3, 4, dtype=tg.float64),),
                  {"input": tg.zeros(3, 4, dtype=tg.float64)}]:  # fmt: skip
        assert nn.summary(net, given).multiply_adds == 24
    counted = nn.summary(net)
    assert counted.parameters == 10
    assert "not called" not in str(counted)
    deep = nn.Sequential(nn.Sequential(nn.Sequential(nn.Linear(1, 1))))
    assert [row.depth for row in nn.summary(deep, (1, 1), depth=1).rows] == [0, 1]
    assert nn.summary(deep, (1, 1), depth=1).multiply_adds == 1
    with pytest.raises(TypeError, match="argument 'model' must be Module, not int"):
        nn.summary(3)  # type: ignore[arg-type]


def test_what_is_kept_for_the_backward_pass() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.Sigmoid(), nn.Linear(8, 2))
    found = nn.summary(net, (5, 4))
    assert found.saved_bytes == 4 * (5 * 4 + 5 * 8)  # the input, and the sigmoid's result, once
    assert nn.summary(net.requires_grad_(False), (5, 4)).saved_bytes == 0


def test_nothing_is_changed() -> None:
    net, x = Net(), tg.randint(10, (2, 3))
    net(x)[0].sum().backward()

    def everything() -> Any:
        return (
            [(key, value.tolist()) for key, value in net.state_dict().items()], net.calls, net.mean._version,
            [None if p.grad is None else (id(p.grad), p.grad.tolist()) for p in net.parameters()],
            [sorted(vars(part)) for part in net.modules()], tg.get_rng_state().tolist(),
            np.random.get_state()[1].tolist(), random.getstate(), tg.is_grad_enabled(),
        )  # fmt: skip

    before = everything()
    nn.summary(net, x)
    with pytest.raises(IndexError):
        nn.summary(net, tg.tensor([99]))
    assert everything() == before
    net(x)
    assert nn.Module._hooks is None  # the hook that it put on all modules is gone


def test_recurrent_layers_and_attention() -> None:
    gates = 4 * 6
    each = [gates * (8 + 6), gates * (12 + 6)]  # the first layer's, the second's
    lstm = nn.LSTM(8, 6, num_layers=2, bidirectional=True)
    assert nn.summary(lstm, (7, 3, 8)).multiply_adds == 7 * 3 * 2 * sum(each)
    assert nn.summary(nn.GRU(8, 6), (7, 3, 8)).multiply_adds == 7 * 3 * 3 * 6 * (8 + 6)
    assert nn.summary(nn.RNN(8, 6), (7, 3, 8)).multiply_adds == 7 * 3 * 6 * (8 + 6)
    x = tg.zeros(2, 5, 8)
    projections, scores, sums = 2 * 5 * 4 * 8 * 8, 2 * 2 * 5 * 5 * 4, 2 * 2 * 5 * 5 * 4
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    found = nn.summary(attention, {"query": x, "key": x, "value": x, "need_weights": False})
    assert found.multiply_adds == projections + scores + sums


NETS = {
    "linear": ("nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))", (5, 4)),
    "batches": ("nn.Linear(4, 8)", (2, 5, 4)),
    "bilinear": ("Pair(nn)", (5, 4)),
    "convolutions": (
        "nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, stride=2), nn.BatchNorm2d(8), nn.ReLU(), "
        "nn.Conv2d(8, 8, 3, groups=4, dilation=2, padding=2), nn.ConvTranspose2d(8, 4, 3, stride=2), "
        "nn.Flatten(), nn.LazyLinear(10))",
        (2, 3, 12, 12),
    ),
    "one dimension": ("nn.Sequential(nn.Conv1d(3, 8, 5), nn.Conv1d(8, 4, 3, bias=False))", (2, 3, 20)),
}


@pytest.mark.parametrize("name", NETS)
def test_multiply_adds_as_pytorch_counts_them(name: str) -> None:
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    def pair(names: Any) -> Any:
        class Pair(names.Module):
            def __init__(self) -> None:
                super().__init__()
                self.a, self.b = names.Linear(4, 3), names.Linear(4, 3)

            def forward(self, x: Any) -> Any:
                return self.a(x) @ self.b(x).mT

        return Pair()

    source, shape = NETS[name]
    theirs = eval(source, {"nn": torch.nn, "Pair": pair})
    ours = eval(source, {"nn": nn, "Pair": pair})
    theirs(torch.zeros(shape))
    ours(tg.zeros(shape))
    with FlopCounterMode(display=False) as counter:
        theirs(torch.zeros(shape))
    assert 2 * nn.summary(ours, shape).multiply_adds == counter.get_total_flops()
