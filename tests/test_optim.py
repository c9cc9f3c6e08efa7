"""Optimizers: PyTorch's numbers step by step, its state, its groups, and its refusals."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from optim_programs import GOLDEN_STEPS, OPTIONS, gradient, numbers, some, starts
from optim_programs import trained as trained_by
from training_programs import OPTIMIZERS, losses

import tinygrad_nn as tg
from tinygrad_nn import nn, optim

GOLDEN = Path(__file__).parent / "golden"
EXPECTED = json.loads((GOLDEN / "training.json").read_text())["losses"]

GOLDEN_NUMBERS = json.loads((GOLDEN / "optim.json").read_text())["optimizers"]

# What PyTorch does not have, with the options that it is tried with.
OWN = {
    "Lion": [{"lr": 0.01}, {"lr": 0.01, "betas": (0.5, 0.8), "weight_decay": 0.3, "maximize": True}],
    "LAMB": [{"lr": 0.1}, {"lr": 0.1, "betas": (0.5, 0.8), "eps": 1e-2, "weight_decay": 0.3, "maximize": True}],
    "LARS": [
        {"lr": 1.0},
        {"lr": 1.0, "momentum": 0.5, "weight_decay": 0.3, "trust_coefficient": 0.1, "maximize": True},
        {"lr": 0.1, "trust_coefficient": None},
    ],
}
# Three of every optimizer's combinations of options, but of L-BFGS, which wants a closure.
CHOICES = [(name, options) for name in OPTIONS if name != "LBFGS" for options in some(name, 3)]
CHOICES += [(name, options) for name, each in OWN.items() for options in each]
IDS = [f"{name}-{'-'.join(f'{k}={v}' for k, v in options.items())}" for name, options in CHOICES]


@pytest.mark.parametrize("name", OPTIONS)
def test_steps_golden(name):
    for options, expected in zip(some(name), GOLDEN_NUMBERS[name], strict=True):
        found, _ = trained_by(tg, name, options, "float64", GOLDEN_STEPS)
        # L-BFGS iterates till rounding is all that is left
        np.testing.assert_allclose(numbers(found), expected, rtol=1e-12, atol=1e-8 if name == "LBFGS" else 1e-12)


def by_the_paper(name, options, starts, gradients):
    """Lion, LAMB and LARS as their papers write them, in float64, one parameter after the other."""
    sign = -1 if options.get("maximize") else 1
    lr, decay = options["lr"], options.get("weight_decay", 0)
    result = []
    for number, start in enumerate(starts):
        p, m, v, t = start.astype(float), np.zeros(start.shape), np.zeros(start.shape), 0
        for row in gradients:
            if row[number] is None:
                continue
            g, t = sign * row[number], t + 1
            if name == "Lion":
                b1, b2 = options.get("betas", (0.9, 0.99))
                update = np.sign(b1 * m + (1 - b1) * g)
                p, m = p - lr * (update + decay * p), b2 * m + (1 - b2) * g
            elif name == "LAMB":
                b1, b2 = options.get("betas", (0.9, 0.999))
                m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
                update = (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + options.get("eps", 1e-6)) + decay * p
                p = p - lr * np.linalg.norm(p) / np.linalg.norm(update) * update
            else:
                trust = options.get("trust_coefficient", 1e-3)
                weight, slope = np.linalg.norm(p), np.linalg.norm(g)
                rate = 1 if trust is None else trust * weight / (slope + decay * weight)
                m = options.get("momentum", 0.9) * m + lr * rate * (g + decay * p)
                p = p - m
        result.append(p)
    return result


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "number"), [(name, n) for name in OWN for n in range(len(OWN[name]))])
def test_steps_by_the_paper(name, number, dtype):
    options = OWN[name][number]
    shapes = [(3, 5), (4,), (), (2, 3, 2)]
    gradients = [[gradient(step, n, shape, dtype) for n, shape in enumerate(shapes)] for step in range(50)]
    for step in range(4, 50, 9):  # as in the program
        gradients[step][1] = None
    found, _ = trained_by(tg, name, options, dtype, 50)
    expected = by_the_paper(name, options, starts(name, dtype), gradients)
    tolerance = {"float32": 2e-6, "float64": 1e-12}[dtype]
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x.detach().numpy(), y, rtol=tolerance, atol=tolerance)


def test_rates_of_layers_without_size():
    """Where a norm is 0, the ratio of the norms is not used."""
    for make, after in (
        (lambda p: optim.LAMB(p, lr=0.1), -0.1),
        (lambda p: optim.LARS(p, lr=0.1), -0.1),
    ):
        x = tg.zeros(3, requires_grad=True)
        optimizer = make([x])
        x.grad = tg.zeros(3)
        optimizer.step()
        assert x.tolist() == [0, 0, 0]
        x.grad = tg.ones(3)
        optimizer = make([x])
        optimizer.step()
        tg.testing.assert_close(x.detach(), tg.full((3,), after))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_golden(name):
    np.testing.assert_allclose(losses(tg, name), EXPECTED[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_live(name):
    torch = pytest.importorskip("torch")
    np.testing.assert_allclose(losses(tg, name), losses(torch, name), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "source",
    ["SGD(p, lr=0.5)", "Adam(p)", "AdamW(p)", "SGD([{'params': p[:1], 'lr': 1.0}, {'params': p[1:]}], momentum=0.5)"],
)
def test_repr_like_torch(source):
    torch = pytest.importorskip("torch")
    mine = eval(f"optim.{source}", {"optim": optim, "p": [tg.ones(1, requires_grad=True) for _ in range(2)]})
    theirs = eval(f"optim.{source}", {"optim": torch.optim, "p": [torch.ones(1, requires_grad=True) for _ in range(2)]})
    assert repr(mine) == repr(theirs)
    assert mine.defaults == theirs.defaults


def test_repr():
    assert repr(optim.SGD([tg.ones(1)], lr=0.5)) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n"
        "    lr: 0.5\n    maximize: False\n    momentum: 0\n    nesterov: False\n    weight_decay: 0\n)"
    )


# --- in place ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=IDS)
def test_a_step_writes_in_place(name, options):
    x = tg.tensor([[1.0, 2.0]], requires_grad=True)
    alias = x.detach()
    optimizer = getattr(optim, name)([x], **options)
    y = (x * x).sum()
    gradient = tg.tensor([[1.0, -1.0]])
    for _ in range(3):
        x.grad = gradient
        array = x._array
        optimizer.step()
        assert x._array is array
        assert (alias == x).all()
        assert gradient.tolist() == [[1, -1]]
        kept = [value.data_ptr() for value in optimizer.state[x].values() if isinstance(value, tg.Tensor)]
    optimizer.step()
    assert [value.data_ptr() for value in optimizer.state[x].values() if isinstance(value, tg.Tensor)] == kept
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=IDS)
def test_parameters_of_any_memory_order(name, options):
    start = np.random.default_rng(0).normal(size=(3, 4))
    plain = tg.tensor(start, requires_grad=True)
    turned = tg.from_numpy(np.asfortranarray(start)).requires_grad_()
    strided = tg.from_numpy(np.repeat(start, 2, axis=1)[:, ::2]).requires_grad_()
    optimizer = getattr(optim, name)([plain, turned, strided], **options)
    for step in range(3):
        for x in (plain, turned, strided):
            x.grad = tg.tensor(gradient(step, 0, (3, 4), "float64"))
        turned.grad = tg.from_numpy(np.asfortranarray(turned.grad.numpy()))
        plain.grad = tg.from_numpy(np.asfortranarray(plain.grad.numpy()))
        optimizer.step()
    tg.testing.assert_close(plain, turned, rtol=1e-13, atol=1e-13)
    tg.testing.assert_close(plain, strided, rtol=1e-13, atol=1e-13)


def test_parameters_that_change_type_or_data():
    net = nn.Linear(3, 2)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    net(tg.ones(1, 3)).sum().backward()
    optimizer.step()
    net.double()
    optimizer.step()
    net.weight.data = tg.ones(2, 3, dtype=tg.float64)
    net.weight.grad = tg.ones(2, 3, dtype=tg.float64)
    optimizer.step()
    assert net.weight.dtype is tg.float64
    assert np.allclose(net.weight.detach().numpy(), 0.9)


def test_zero_grad():
    x = tg.ones(2, requires_grad=True)
    optimizer = optim.SGD([x])
    (x * x).sum().backward()
    held = x.grad
    optimizer.zero_grad(set_to_none=False)
    assert x.grad is held
    assert held.tolist() == [0, 0]
    optimizer.zero_grad()
    assert x.grad is None
    optimizer.step()
    assert x.tolist() == [1, 1]


def test_closure():
    x = tg.tensor([3.0], requires_grad=True)
    optimizer = optim.SGD([x], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (x * x).sum()
        loss.backward()
        return loss

    with tg.no_grad():
        assert optimizer.step(closure).item() == 9
    assert x.item() == 1.5
    assert optimizer.step() is None


def test_learning_rate_as_a_tensor():
    x = tg.tensor([3.0], requires_grad=True)
    optimizer = optim.SGD([x], lr=tg.tensor(0.5))
    x.grad = tg.ones(1)
    optimizer.step()
    assert x.item() == 2.5
    with pytest.raises(ValueError, match="Tensor lr must be 1-element"):
        optim.SGD([x], lr=tg.ones(2))


# --- groups and state --------------------------------------------------------------------------------------------


def test_groups():
    a, b, c = (tg.tensor([1.0], requires_grad=True) for _ in range(3))
    optimizer = optim.SGD([{"params": a, "lr": 1.0}, {"params": [b]}], lr=0.1)
    optimizer.add_param_group({"params": (x for x in [c]), "momentum": 0.5})
    for x in (a, b, c):
        x.grad = tg.ones(1)
    optimizer.step()
    assert [round(x.item(), 6) for x in (a, b, c)] == [0.0, 0.9, 0.9]
    assert optimizer.param_groups[1]["lr"] == 0.1
    assert list(optimizer.state_dict()["state"]) == [2]
    optimizer.param_groups[0]["lr"] = 2.0
    optimizer.step()
    assert a.item() == -2


def test_named_parameters():
    net = nn.Linear(2, 1)
    optimizer = optim.SGD(net.named_parameters())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="Some param names are missing"):
        optim.SGD([("weight", net.weight), net.bias])
    with pytest.raises(ValueError, match="cannot add param group without names to the optimizer"):
        optimizer.add_param_group({"params": [tg.ones(1, requires_grad=True)]})


def trained(make, steps, state=None):
    tg.manual_seed(0)
    net = nn.Linear(3, 2)
    optimizer = make(net.parameters())
    if state is not None:
        net.load_state_dict(state[0])
        optimizer.load_state_dict(state[1])
    for _ in range(steps):
        optimizer.zero_grad()
        (net(tg.ones(4, 3)) ** 2).sum().backward()
        optimizer.step()
    return net, optimizer


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=IDS)
def test_a_loaded_state_continues(name, options):
    def make(params):
        params = [p for p in params if p.ndim == 2] if name == "Muon" else params
        return getattr(optim, name)(params, **{"lr": 0.01, **options})

    whole, _ = trained(make, 6)
    half, optimizer = trained(make, 3)
    state = copy.deepcopy((half.state_dict(), optimizer.state_dict()))
    rest, _ = trained(make, 3, pickle.loads(pickle.dumps(state)))
    assert (rest.weight == whole.weight).all()
    assert (rest.bias == whole.bias).all()
    copied = copy.deepcopy((half, optimizer))
    for net, stepping in ((half, optimizer), copied, pickle.loads(pickle.dumps((half, optimizer)))):
        stepping.zero_grad()
        net(tg.ones(4, 3)).sum().backward()
        stepping.step()
        assert (net.weight == half.weight).all()


def test_loading_copies_tensors_and_keeps_groups():
    _, source = trained(lambda p: optim.Adam(p, lr=0.01), 2)
    net, target = trained(lambda p: optim.Adam(p, lr=0.5), 0)
    group = target.param_groups[0]
    state = source.state_dict()
    target.load_state_dict(state)
    assert target.param_groups[0] is group
    assert group["lr"] == 0.01
    assert group["params"][0] is net.weight
    assert target.state[net.weight]["exp_avg"].data_ptr() != state["state"][0]["exp_avg"].data_ptr()
    net.double()
    target.load_state_dict(state)
    assert target.state[net.weight]["exp_avg"].dtype is tg.float64
    assert target.state[net.weight]["step"].dtype is tg.float32
    with pytest.raises(ValueError, match="different number of parameter groups"):
        target.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group: group 0 has 1 parameters"):
        target.load_state_dict({"state": {}, "param_groups": [{"params": [0]}]})


def test_state_crosses_over_to_torch():
    torch = pytest.importorskip("torch")
    _, source = trained(lambda p: optim.Adam(p, lr=0.01, amsgrad=True), 2)
    state = source.state_dict()
    for entries in state["state"].values():
        entries.update({key: torch.from_numpy(value.numpy().copy()) for key, value in entries.items()})
    net = torch.nn.Linear(3, 2)
    target = torch.optim.Adam(net.parameters())
    target.load_state_dict(state)
    assert target.state[net.weight]["step"].item() == 2


# --- hooks -------------------------------------------------------------------------------------------------------


def test_step_hooks():
    x = tg.ones(1, requires_grad=True)
    x.grad = tg.ones(1)
    optimizer, log = optim.SGD([x], lr=1.0), []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: log.append(("before", x.item())))
    optimizer.register_step_post_hook(lambda o, args, kwargs: log.append(("after", x.item())))
    optimizer.step()
    before.remove()
    optimizer.step()
    assert log == [("before", 1.0), ("after", 0.0), ("after", -1.0)]


def test_subclasses_with_a_step_of_their_own():
    class Twice(optim.SGD):
        def step(self, closure=None):
            super().step()
            return super().step(closure)

    x = tg.ones(1, requires_grad=True)
    x.grad = tg.ones(1)
    optimizer, log = Twice([x], lr=1.0), []
    optimizer.register_step_post_hook(lambda o, args, kwargs: log.append(x.item()))
    optimizer.step()
    assert log == [-1.0]


def test_required_options():
    class Plain(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": optim.optimizer.required})

    with pytest.raises(ValueError, match="didn't specify a value of required optimization parameter lr"):
        Plain([tg.ones(1)])
    x = tg.ones(1, requires_grad=True)
    with pytest.raises(NotImplementedError, match="Plain has no step"):
        Plain([{"params": [x], "lr": 1}]).step()


# --- refusals ----------------------------------------------------------------------------------------------------

ONE = tg.ones(1, requires_grad=True)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.SGD(nn.Linear(1, 1)), TypeError, r"but got Linear. Pass its parameters: model.parameters\(\)"),
        (lambda: optim.SGD(ONE), TypeError, "iterable of Tensors or dicts, but got torch.FloatTensor"),
        (lambda: optim.SGD({ONE}), TypeError, "need to be organized in ordered collections"),
        (lambda: optim.SGD([]), ValueError, "optimizer got an empty parameter list"),
        (lambda: optim.SGD(3), TypeError, "but got int"),
        (lambda: optim.SGD([3]), TypeError, "optimizer can only optimize Tensors, but one of the params is int"),
        (lambda: optim.SGD([nn.Linear(1, 1)]), TypeError, "one of the params is Linear. Pass its parameters"),
        (lambda: optim.SGD([ONE * 2]), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda: optim.SGD([ONE], lr=-1), ValueError, "Invalid learning rate: -1"),
        (lambda: optim.SGD([ONE], momentum=-1), ValueError, "Invalid momentum value: -1"),
        (lambda: optim.SGD([ONE], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
        (
            lambda: optim.SGD([ONE], nesterov=True),
            ValueError,
            "Nesterov momentum requires a momentum and zero dampening",
        ),
        (lambda: optim.Adam([ONE], lr=float("nan")), ValueError, "Invalid learning rate: nan"),
        (lambda: optim.Adam([ONE], eps=-1), ValueError, "Invalid epsilon value: -1"),
        (lambda: optim.Adam([ONE], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
        (lambda: optim.AdamW([ONE], betas=(0.9, -1.0)), ValueError, "Invalid beta parameter at index 1: -1.0"),
        (lambda: optim.AdamW([ONE], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
        (
            lambda: optim.SGD([{"params": [ONE]}, {"params": [ONE]}]),
            ValueError,
            "appear in more than one parameter group",
        ),
        (
            lambda: optim.SGD([ONE]).add_param_group([ONE]),
            TypeError,
            "param_group must be a dict, but got <class 'list'>",
        ),
    ],
)
def test_refusals(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_duplicates_are_warned_of():
    with pytest.warns(UserWarning, match="a parameter group with duplicate parameters"):
        optim.SGD([ONE, ONE])


def test_counts_and_means_that_were_written_to_are_respected():
    """State lies in arrays that parameters share; changing one parameter's must change that one's steps only."""
    params = [tg.ones(3, requires_grad=True) for _ in range(3)]
    alone = [tg.ones(3, requires_grad=True)]
    together, single = tg.optim.Adam(params, lr=0.1), tg.optim.Adam(alone, lr=0.1)
    for step in range(6):
        if step == 3:  # the middle one starts afresh
            together.state[params[1]]["step"].zero_()
            together.state[params[1]]["exp_avg"].zero_()
            together.state[params[1]]["exp_avg_sq"] = tg.zeros(3)
        for x in params + alone:
            x.grad = tg.tensor([1.0, -2.0, 0.5]) * (step + 1)
        before = params[1].detach().clone()
        together.step()
        single.step()
        if step == 3:
            tg.testing.assert_close(before - params[1].detach(), tg.tensor([0.1, -0.1, 0.1]))
    assert tg.equal(params[0], alone[0])
    assert tg.equal(params[2], alone[0])
    assert not tg.equal(params[1], alone[0])
    assert [together.state[x]["step"].item() for x in params] == [6, 3, 6]
