"""`nn.doctor` and the warnings that are always on: each mistake, as a small program, is told by name with its line."""

from __future__ import annotations

import random
import runpy
import textwrap
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.nn import checks
from tinygrad_nn.ops import classification

HEAD = """
import numpy as np
import tinygrad_nn as torch
import tinygrad_nn.nn.functional as F
from tinygrad_nn import nn
torch.manual_seed(0)
x, y, ce = torch.randn(32, 4), torch.randint(3, (32,)), nn.CrossEntropyLoss()
"""

# The mistakes, by the name of the finding. The line that the report gives is the one marked with "# here".
PROGRAMS: dict[str, list[str]] = {
    "layers in a plain list": [
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = []  # here
                for _ in range(2):
                    self.layers.append(nn.Linear(4, 4))
                self.out = nn.Linear(4, 3)

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return self.out(x)

        report = nn.doctor(Net(), ce, (x, y))
        """,
    ],
    "layers in a plain dict": [
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.heads: dict = {"a": [nn.Linear(4, 3)]}  # here
                self.b = nn.Linear(3, 3)

            def forward(self, x):
                return self.b(self.heads["a"][0](x))

        report = nn.doctor(nn.Sequential(Net()), ce, (x, y))
        """,
    ],
    "parameters in a plain tuple": [
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.weights = (nn.Parameter(torch.ones(4, 3)),)  # here
                self.bias = nn.Parameter(torch.zeros(3))

            def forward(self, x):
                return x @ self.weights[0] + self.bias

        report = nn.doctor(Net(), ce, (x, y))
        """,
    ],
    "parameters missing from the optimizer": [
        """
        net = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)  # here
        net.append(nn.Linear(8, 3))
        report = nn.doctor(net, ce, (x, y), optimizer)
        """,
    ],
    "parameters never reached by a gradient": [
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.used = nn.Linear(4, 3)
                self.unused = nn.Linear(4, 3)  # here

            def forward(self, x):
                return self.used(x)

        report = nn.doctor(Net(), ce, (x, y))
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.used = nn.Linear(4, 3)
                self.cut = nn.Linear(4, 3)  # here

            def forward(self, x):
                return self.used(x) + self.cut(x).detach()

        report = nn.doctor(Net(), ce, (x, y))
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.Linear(4, 3)

            def forward(self, x):
                hidden = self.layer(x)  # here
                return torch.tensor(hidden.tolist())

        report = nn.doctor(Net(), ce, (x, y))
        """,
    ],
    "(N, 1) against (N,) in the loss": [
        """
        net = nn.Sequential(
            nn.Linear(4, 8), nn.Tanh(),
            nn.Linear(8, 1),  # here
        )
        report = nn.doctor(net, nn.MSELoss(), (x, torch.randn(32)))
        """,
        """
        def loss(output, target):
            error = output - target  # here
            return (error ** 2).mean()

        report = nn.doctor(nn.Linear(4, 1), loss, (x, torch.randn(32)))
        """,
        """
        class Net(nn.Linear):
            def forward(self, x):
                return super().forward(x).squeeze(1)

        net = Net(4, 1)
        report = nn.doctor(net, lambda output, target: F.l1_loss(output, target), (x, torch.randn(32, 1)))  # here
        """,
    ],
    "softmax before cross-entropy": [
        """
        net = nn.Sequential(
            nn.Linear(4, 3),
            nn.Softmax(dim=1),  # here
        )
        report = nn.doctor(net, ce, (x, y))
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.Linear(4, 3)

            def forward(self, x):
                x = self.layer(x)
                x = F.softmax(x, dim=1)  # here
                return x.reshape(-1, 3)

        report = nn.doctor(Net(), nn.CrossEntropyLoss(label_smoothing=0.1), (x, y))
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.Linear(4, 3)

            def forward(self, x):
                e = self.layer(x).exp()
                return e / e.sum(1, keepdim=True)  # here

        report = nn.doctor(Net(), F.cross_entropy, (x, y))
        """,
    ],
    "sigmoid before binary cross-entropy with logits": [
        """
        net = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())  # here
        report = nn.doctor(net, nn.BCEWithLogitsLoss(), (x, (y[:, None] > 0).float()))
        """,
    ],
    "no log_softmax before NLLLoss": [
        """
        net = nn.Linear(4, 3)  # here
        report = nn.doctor(net, nn.NLLLoss(), (x, y))
        """,
    ],
    "targets of the wrong kind": [
        *[
            f"""
            net = nn.Linear(4, 3)
            report = nn.doctor(net, ce, (x, {target}))  # here
            """
            for target in ("y.float()", "F.one_hot(y, 3)", "y[:, None]", "y.int()", "y + 1", "y.tolist()",
                           "F.one_hot(y, 3).float() * 2")
        ],
        """
        def loss(output, target):
            return F.binary_cross_entropy_with_logits(output, target)  # here

        report = nn.doctor(nn.Linear(4, 1), loss, (x, (y > 0).unsqueeze(1)))
        """,
    ],
    "all targets ignored": [
        """
        report = nn.doctor(nn.Linear(4, 3), ce, (x, torch.full((32,), -100)))  # here
        """,
        """
        criterion = nn.CrossEntropyLoss(ignore_index=0, reduction="sum")
        report = nn.doctor(nn.Linear(4, 3), lambda o, t: criterion(o, t), (x, torch.zeros(32).long()))  # here
        """,
    ],
    "float64 data": [
        """
        data = torch.from_numpy(np.random.rand(32, 4))
        report = nn.doctor(nn.Linear(4, 3), ce, (data, y))  # here
        """,
        """
        report = nn.doctor(nn.Linear(4, 1), nn.MSELoss(), (x, torch.zeros(32, 1, dtype=torch.float64)))  # here
        """,
    ],
    "dead ReLUs": [
        """
        net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))  # here
        nn.init.constant_(net[0].bias, -100)
        report = nn.doctor(net, ce, (x, y))
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(4, 8)
                self.b = nn.Linear(8, 3)
                nn.init.constant_(self.a.bias, -100)

            def forward(self, x):
                return self.b(F.relu(self.a(x)))  # here

        report = nn.doctor(Net(), ce, (x, y))
        """,
    ],
    "evaluation left in train mode": [
        """
        net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 3))
        with torch.no_grad():
            report = nn.doctor(net, ce, (x, y))  # here
        """,
        """
        net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 3))
        ce(net(x), y).backward()
        with torch.no_grad():
            correct = (net(x).argmax(1) == y).sum()  # here
        report = nn.doctor(net, ce, (x, y))
        """,
    ],
    "training left in evaluation mode": [
        """
        net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 3)).eval()
        report = nn.doctor(net, ce, (x, y), torch.optim.SGD(net.parameters(), lr=0.1))  # here
        """,
    ],
    "vanishing gradients": [
        """
        layers = []
        for _ in range(12):
            layers += [nn.Linear(4, 4), nn.Sigmoid()]  # here
        report = nn.doctor(nn.Sequential(*layers, nn.Linear(4, 3)), ce, (x, y))
        """,
    ],
    "exploding gradients": [
        """
        net = nn.Sequential(
            nn.Linear(4, 4),  # here
            nn.Linear(4, 1),
        )
        report = nn.doctor(net, nn.MSELoss(), (x * 1e4, torch.randn(32, 1) * 1e6))
        """,
    ],
    "the loss is not finite": [
        """
        class Net(nn.Linear):
            def forward(self, x):
                x = super().forward(x)
                return torch.log(x - 1e6)  # here

        report = nn.doctor(Net(4, 3), ce, (x, y))
        """,
    ],
}  # fmt: skip
CASES = [
    pytest.param(name, program, id=f"{name} {number}")
    for name, programs in PROGRAMS.items()
    for number, program in enumerate(programs)
]


def run(program: str, folder: Path) -> tuple[dict[str, Any], int, list[warnings.WarningMessage]]:
    """What a program leaves behind, the number of the marked line, and its warnings."""
    path = folder / "program.py"
    path.write_text(HEAD + textwrap.dedent(program))
    lines = path.read_text().split("\n")
    number = next((number for number, line in enumerate(lines, 1) if line.endswith("# here")), 0)
    checks.evaluations.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        left = runpy.run_path(str(path))
    return left, number, caught


@pytest.mark.parametrize(("name", "program"), CASES)
def test_the_mistake_is_told_with_its_line(name: str, program: str, tmp_path: Path) -> None:
    left, number, _ = run(program, tmp_path)
    report = left["report"]
    assert name in report, str(report)
    finding = report[name]
    assert f"program.py:{number}" in str(finding.line), str(report)
    assert f"program.py:{number}" in str(report)
    assert finding.fix in " ".join(str(report).split())
    assert name in report._repr_html_().replace("&#x27;", "'")
    if "data" not in name:
        others = [other.name for other in report if other.name != name]
        assert not others, str(report)


def test_a_sound_model_has_no_findings() -> None:
    tg.manual_seed(1)
    net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))
    batch = tg.randn(32, 4), tg.randint(3, (32,))
    report = nn.doctor(net, nn.CrossEntropyLoss(), batch, tg.optim.Adam(net.parameters()))
    assert not report.findings
    assert "no findings" in str(report)
    assert len(report) == 0
    for loss, target in [(nn.MSELoss(), tg.randn(32, 3)), (nn.BCEWithLogitsLoss(), tg.rand(32, 3).round())]:
        assert not nn.doctor(net, loss, (batch[0], target)).findings
    logs = nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(dim=1))
    assert not nn.doctor(logs, nn.NLLLoss(), batch).findings
    smooth = tg.nn.functional.one_hot(batch[1], 3) * 0.7 + 0.1
    assert not nn.doctor(net, nn.CrossEntropyLoss(), (batch[0], smooth)).findings


def test_batches_of_every_form() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pair = nn.Bilinear(2, 2, 1)

        def forward(self, a: tg.Tensor, b: tg.Tensor) -> tg.Tensor:
            return self.pair(a, b)

    tg.manual_seed(0)
    a, b, target = tg.randn(8, 2), tg.randn(8, 2), tg.randn(8, 1)
    for batch in [((a, b), target), ({"a": a, "b": b}, target), [a, b, target]]:
        assert not nn.doctor(Two(), nn.MSELoss(), batch).findings
    encoder = nn.Linear(2, 2)
    for batch in [a, (a,)]:
        assert not nn.doctor(encoder, nn.MSELoss(), batch).findings

    class OwnLoss(nn.Linear):
        def forward(self, x: tg.Tensor) -> tg.Tensor:
            return (super().forward(x) ** 2).mean()

    assert not nn.doctor(OwnLoss(2, 1), None, a).findings
    with pytest.raises(TypeError, match="argument 'model' must be Module, not list"):
        nn.doctor([], None, a)  # type: ignore[arg-type]


def test_lazy_layers_stay_as_they_are() -> None:
    net = nn.Sequential(nn.LazyLinear(8), nn.Dropout(), nn.LazyLinear(3), nn.Softmax(dim=1))
    state = tg.get_rng_state()
    report = nn.doctor(net, nn.CrossEntropyLoss(), (tg.ones(8, 4), tg.arange(8) % 3))
    assert [finding.name for finding in report] == ["softmax before cross-entropy"]
    assert nn.summary(net, (8, 4)).parameters == 4 * 8 + 8 + 8 * 3 + 3
    assert nn.summary(net).parameters == 0
    assert repr(net[0]) == "LazyLinear(in_features=0, out_features=8, bias=True)"
    assert net.training
    assert net[1].training
    assert (tg.get_rng_state() == state).all()
    assert net(tg.ones(8, 4)).shape == (8, 3)
    assert repr(net[0]) == "Linear(in_features=4, out_features=8, bias=True)"


def test_a_model_that_fails_is_reported() -> None:
    report = nn.doctor(nn.Sequential(nn.Linear(4, 2), nn.Linear(3, 1)), nn.MSELoss(), (tg.ones(2, 4), tg.ones(2, 1)))
    assert [finding.name for finding in report] == ["the model pass fails"]
    assert "mat1 and mat2 shapes cannot be multiplied" in report[0].what
    assert "Did you mean Linear(2, 1)?" in report[0].fix
    assert "could not be looked at" in str(report)


class Stateful(nn.Module):
    """A model that changes whatever a forward pass can change."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.drop = nn.Dropout()
        self.register_buffer("mean", tg.zeros(3))
        self.register_buffer("count", tg.zeros((), dtype=tg.int64))
        self.calls = 0
        self.history: list[float] = []
        self.seen: dict[str, float] = {}
        self.hidden = [nn.Linear(3, 3)]

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        x = self.drop(self.layer(x)) + float(np.random.rand()) + random.random()
        self.mean.mul_(0.9).add_(x.detach().mean(0))
        self.count = self.count + 1
        self.calls += 1
        self.history.append(1.0)
        self.seen["last"] = 2.0
        self.extra = 3
        self.training = False
        return self.hidden[0](x)


@pytest.mark.filterwarnings("ignore:Stateful.hidden is a plain list")
def test_nothing_is_changed() -> None:
    net = Stateful()
    x, y = tg.randn(16, 4, requires_grad=True), tg.randint(3, (16,))
    nn.functional.cross_entropy(net(x), y).backward()
    net.train()
    optimizer = tg.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    optimizer.step()
    loss = nn.functional.cross_entropy(net(x), y)  # a graph that must still be good afterwards

    def everything() -> Any:
        parts = [*net.modules(), net.hidden[0]]
        return (
            [(key, value.tolist()) for key, value in net.state_dict().items()],
            [(p._version, None if p.grad is None else (id(p.grad), p.grad.tolist())) for p in net.parameters()],
            [sorted(vars(part)) for part in parts], [part.training for part in parts],
            net.calls, list(net.history), dict(net.seen), net.count.item(), id(net.count), net.mean._version,
            net.hidden[0].weight.tolist(), net.hidden[0].weight.grad is None, x.grad.tolist(), x._version,
            tg.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate(),
            str(optimizer.state_dict()), tg.is_grad_enabled(),
        )  # fmt: skip

    before = everything()
    nn.doctor(net, nn.CrossEntropyLoss(), (x, y), optimizer)
    assert everything() == before
    with tg.no_grad():
        nn.doctor(net, nn.CrossEntropyLoss(), (x, y.float()))  # which fails halfway
        assert not tg.is_grad_enabled()
    assert everything() == before
    loss.backward()


# --- always on ---------------------------------------------------------------------------------------------------


def said(caught: list[warnings.WarningMessage], words: str) -> list[int]:
    """The lines of the warnings with these words."""
    return [w.lineno for w in caught if words in str(w.message) and Path(w.filename).name == "program.py"]


def test_lists_that_are_filled_later_are_warned_of_once(tmp_path: Path) -> None:
    program = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = []
            for _ in range(2):
                self.layers.append(nn.Linear(4, 4))
            self.out = nn.Linear(4, 3)

    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)  # here
    for _ in range(3):
        list(net.parameters())
    Net().out.parameters()
    """
    _, number, caught = run(program, tmp_path)
    assert said(caught, "Net.layers is a plain list of Modules") == [number]


def test_lists_that_are_assigned_are_warned_of_once(tmp_path: Path) -> None:
    program = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(4, 4)]  # here

    net = Net()
    list(net.parameters())
    """
    _, number, caught = run(program, tmp_path)
    assert said(caught, "Net.layers is a plain list of Modules") == [number]


@pytest.mark.parametrize("loss", ["nn.CrossEntropyLoss()", "F.cross_entropy", "nn.CrossEntropyLoss(reduction='sum')"])
def test_softmax_before_cross_entropy_is_warned_of_once(loss: str, tmp_path: Path) -> None:
    program = f"""
    net, loss = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1)), {loss}
    for _ in range(3):
        value = loss(net(x), y)  # here
        value.backward()
    loss(net(x), y)
    loss(net[0](x), y)
    """
    classification._warn_of_softmax.cache_clear()
    _, number, caught = run(program, tmp_path)
    assert said(caught, "the input comes straight from a softmax") == [number]


@pytest.mark.parametrize("trained", [True, False])
def test_evaluation_in_train_mode_is_warned_of_once(trained: bool, tmp_path: Path) -> None:
    program = f"""
    net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 3))
    if {trained}:
        ce(net(x), y).backward()
    with torch.no_grad():
        for _ in range(3):
            net(x)  # here
        net.eval()(x)
    """
    _, number, caught = run(program, tmp_path)
    assert said(caught, "while it is in train mode") == ([number] if trained else [])


def test_a_scheduler_that_steps_first_is_told(tmp_path: Path) -> None:
    program = """
    net = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    before = nn.doctor(net, ce, (x, y), optimizer)
    scheduler.step()  # here
    after = nn.doctor(net, ce, (x, y), optimizer)
    optimizer.step()
    later = nn.doctor(net, ce, (x, y), optimizer)
    """
    left, number, caught = run(program, tmp_path)
    assert said(caught, "`lr_scheduler.step()` before `optimizer.step()`") == [number]
    assert not left["before"].findings
    assert [finding.name for finding in left["after"]] == ["scheduler stepped before its optimizer"]
    assert not left["later"].findings


def test_evaluation_for_the_statistics_is_left_in_peace(tmp_path: Path) -> None:
    program = """
    net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 3))
    ce(net(x), y).backward()

    def update_bn():
        with torch.no_grad():
            net(x)

    update_bn()
    """
    assert not run(program, tmp_path)[2]
