"""Small programs on `nn.utils`: parametrizations, normalisations, pruning, fusion. See `tests/module_programs.py`."""

from __future__ import annotations

import copy
import importlib
import pickle
import warnings
from collections.abc import Callable
from typing import Any

from module_programs import Recorder, attempt

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Enter a program in the table."""
    PROGRAMS[function.__name__] = function
    return function


def utils(torch: Any, name: str) -> Any:
    """A module of ``nn.utils``."""
    return importlib.import_module(f"{torch.__name__}.nn.utils.{name}")


def filled(torch: Any, layer: Any) -> Any:
    """A layer with the same parameters in both packages, whatever draws them."""
    with torch.no_grad():
        for number, parameter in enumerate(layer.parameters()):
            values = torch.arange(parameter.numel(), dtype=parameter.dtype)
            parameter.copy_(((values * 1.7 + number).sin() * 0.5).reshape(parameter.shape))
    return layer


def train(torch: Any, layer: Any, x: Any, steps: int = 3) -> list[Any]:
    """A few steps of SGD, and the outputs."""
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    outputs = []
    for _ in range(steps):
        optimizer.zero_grad()
        y = layer(x)
        (y * y).sum().backward()
        outputs.append(y.detach())
        optimizer.step()
    return outputs


def names(layer: Any) -> list[Any]:
    """What is in a layer."""
    return [
        [name for name, _ in layer.named_parameters()],
        [name for name, _ in layer.named_buffers()],
        list(layer.state_dict()),
        repr(layer),
    ]


# --- parametrizations --------------------------------------------------------------------------------------------


def parts(torch: Any) -> tuple[Any, ...]:
    """Parametrizations of a user."""

    class Symmetric(torch.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x):
            return x.triu()

    class Doubled(torch.nn.Module):
        def forward(self, x):
            return x * 2

    class Split(torch.nn.Module):
        def forward(self, a, b):
            return a @ b

        def right_inverse(self, x):
            return torch.eye(x.shape[0]), x.clone()

    class Wider(torch.nn.Module):
        def forward(self, x):
            return torch.cat([x, x])

    class Exact(torch.nn.Module):
        def forward(self, x):
            return x.double()

    return Symmetric, Doubled, Split, Wider, Exact


@program
def parametrize_and_remove(torch):
    parametrize, log = utils(torch, "parametrize"), Recorder()
    symmetric, doubled, *_ = parts(torch)
    layer = filled(torch, torch.nn.Linear(3, 3))
    weight = layer.weight
    log(parametrize.is_parametrized(layer), parametrize.type_before_parametrizations(layer).__name__)
    assert parametrize.register_parametrization(layer, "weight", symmetric()) is layer
    log(names(layer), type(layer).__name__, parametrize.type_before_parametrizations(layer).__name__)
    log(layer.weight, layer.parametrizations.weight.original is weight, isinstance(layer, torch.nn.Linear))
    parametrize.register_parametrization(layer, "weight", doubled())
    log(layer.weight, len(layer.parametrizations.weight), layer.parametrizations.weight[1](torch.ones(1)))
    log(attempt(lambda: setattr(layer, "weight", torch.ones(3, 3))))
    log(train(torch, layer, torch.ones(2, 3)), layer.weight)
    log(parametrize.is_parametrized(layer, "weight"), parametrize.is_parametrized(layer, "bias"))
    parametrize.register_parametrization(layer, "bias", doubled())
    log(names(layer))
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    log(layer.weight, layer.weight is weight, names(layer), type(layer).__name__)
    parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False)
    log(layer.bias, names(layer), type(layer).__name__, hasattr(layer, "parametrizations"))
    return log


@program
def parametrize_by_assignment(torch):
    parametrize, log = utils(torch, "parametrize"), Recorder()
    symmetric, _, split, *_ = parts(torch)
    layer = parametrize.register_parametrization(filled(torch, torch.nn.Linear(2, 2)), "weight", symmetric())
    layer.weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    log(layer.weight, layer.parametrizations.weight.original)
    layer = parametrize.register_parametrization(filled(torch, torch.nn.Linear(2, 2)), "weight", split())
    log(names(layer), layer.weight, layer.parametrizations.weight.ntensors)
    layer.weight = torch.ones(2, 2)
    log(layer.weight, layer.parametrizations.weight.original1)
    log(train(torch, layer, torch.ones(1, 2)))
    log(attempt(lambda: parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)))
    parametrize.remove_parametrizations(layer, "weight")
    log(names(layer), layer.weight)
    buffered = torch.nn.Module()
    buffered.register_buffer("x", torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    parametrize.register_parametrization(buffered, "x", symmetric())
    log(names(buffered), buffered.x)
    parametrize.remove_parametrizations(buffered, "x")
    log(names(buffered), buffered.x)
    return log


@program
def parametrize_errors(torch):
    parametrize, log = utils(torch, "parametrize"), Recorder()
    symmetric, *_, wider, exact = parts(torch)

    class Nothing(torch.nn.Module):
        def forward(self, x):
            return "text"

    class Halved(torch.nn.Module):
        def forward(self, x):
            return x

        def right_inverse(self, x):
            return x.half()

    class Refusing(torch.nn.Module):
        def forward(self, x):
            return x * 3

        def right_inverse(self, x):
            raise NotImplementedError

    for made in (wider, exact, Nothing, Halved):
        layer = torch.nn.Linear(2, 2)
        log(attempt(lambda: parametrize.register_parametrization(layer, "weight", made()))[0])  # noqa: B023
        log(names(layer))
        parametrize.register_parametrization(layer, "weight", symmetric())
        log(attempt(lambda: parametrize.register_parametrization(layer, "weight", made()))[0])  # noqa: B023
    layer = torch.nn.Linear(2, 2)
    log(attempt(lambda: parametrize.register_parametrization(layer, "wight", symmetric()))[0])
    log(attempt(lambda: parametrize.remove_parametrizations(layer, "weight"))[0])
    log(attempt(lambda: parametrize.ParametrizationList([], layer.weight)))
    parametrize.register_parametrization(layer, "weight", wider(), unsafe=True)
    log(layer.weight.shape == (4, 2), layer.parametrizations.weight.unsafe)
    log(names(parametrize.register_parametrization(torch.nn.Linear(2, 2), "weight", Refusing())))
    return log


@program
def parametrize_cache_and_copies(torch):
    parametrize, log = utils(torch, "parametrize"), Recorder()
    _, doubled, *_ = parts(torch)
    layer = parametrize.register_parametrization(filled(torch, torch.nn.Linear(2, 2)), "weight", doubled())
    log(layer.weight is layer.weight)
    with parametrize.cached():
        first = layer.weight
        with parametrize.cached():
            log(layer.weight is first)
        log(layer.weight is first)
    log(layer.weight is first)
    log(attempt(lambda: pickle.dumps(layer))[0])
    made = copy.deepcopy(layer)
    log(names(made), made.weight, made.parametrizations.weight.original is layer.parametrizations.weight.original)
    made.load_state_dict({key: value + 1 for key, value in layer.state_dict().items()})
    log(made.weight, layer.weight)
    plain = torch.nn.Linear(2, 2)
    parametrize.transfer_parametrizations_and_params(layer, plain)
    log(names(plain), plain.weight, plain.parametrizations.weight.original is layer.parametrizations.weight.original)
    log(layer.eval().parametrizations.weight[0].training, layer.double().weight)
    return log


@program
def orthogonal(torch):
    parametrizations, parametrize, log = utils(torch, "parametrizations"), utils(torch, "parametrize"), Recorder()
    for shape in [(3, 3), (4, 2), (2, 4)]:
        for how in ("matrix_exp", "cayley", "householder", None):
            for trivialize in (True, False):
                torch.manual_seed(5)
                layer = filled(torch, torch.nn.Linear(*shape).double())
                log(shape, how, trivialize)
                parametrizations.orthogonal(layer, "weight", how, use_trivialization=trivialize)
                log(names(layer), layer.weight)
                x = torch.ones(2, shape[0], dtype=torch.float64)
                log(train(torch, layer, x), layer.weight)
                error = attempt(lambda: setattr(layer, "weight", layer.weight.detach().flip(0)))  # noqa: B023
                log(error and error[0], layer.weight)
                parametrize.remove_parametrizations(layer, "weight")
                log(layer.weight)
    layer = torch.nn.Linear(2, 2)
    for action in (
        lambda: parametrizations.orthogonal(layer, "bias"), lambda: parametrizations.orthogonal(layer, "nothing"),
        lambda: parametrizations.orthogonal(layer, "weight", "qr"),
    ):  # fmt: skip
        log(attempt(action)[0])
    return log


@program
def new_weight_norm(torch):
    parametrizations, log = utils(torch, "parametrizations"), Recorder()
    for dim in (0, 1, -1, None):
        layer = filled(torch, torch.nn.Linear(3, 2))
        parametrizations.weight_norm(layer, "weight", dim)
        log(dim, names(layer), layer.weight, train(torch, layer, torch.ones(2, 3)), layer.weight)
        log([value.shape == (2, 3) for value in layer.state_dict().values()])
    bilinear = parametrizations.weight_norm(filled(torch, torch.nn.Bilinear(2, 3, 4)), dim=1)
    log(list(bilinear.parametrizations.weight.original0.shape), bilinear.weight)
    layer = parametrizations.weight_norm(filled(torch, torch.nn.Linear(3, 2)))
    former = {"bias": torch.ones(2), "weight_g": torch.ones(2, 1), "weight_v": torch.ones(2, 3)}
    log(str(layer.load_state_dict(former)), layer.weight, layer.bias)
    return log


@program
def former_weight_norm(torch):
    from_utils, log = torch.nn.utils, Recorder()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for dim in (0, 1, None):
            layer = filled(torch, torch.nn.Linear(3, 2))
            log(from_utils.weight_norm(layer, dim=dim) is layer, names(layer), layer.weight)
            log(train(torch, layer, torch.ones(2, 3)), layer.weight)
            log(attempt(lambda: from_utils.weight_norm(layer))[0])  # noqa: B023
            from_utils.remove_weight_norm(layer)
            log(names(layer), layer.weight, layer(torch.ones(3)))
            log(attempt(lambda: from_utils.remove_weight_norm(layer))[0])  # noqa: B023
    log({warning.category.__name__ for warning in caught})
    return log


@program
def new_spectral_norm(torch):
    parametrizations, parametrize, log = utils(torch, "parametrizations"), utils(torch, "parametrize"), Recorder()
    for options in ({}, {"n_power_iterations": 3}, {"dim": 1}, {"dim": -2, "eps": 1e-6}):
        torch.manual_seed(2)
        layer = filled(torch, torch.nn.Linear(3, 4).double())
        parametrizations.spectral_norm(layer, **options)
        log(names(layer), layer.weight, train(torch, layer, torch.ones(2, 3, dtype=torch.float64)))
        log(layer.eval().weight, layer.state_dict())
        parametrize.remove_parametrizations(layer, "weight")
        log(names(layer))
    layer = parametrizations.spectral_norm(filled(torch, torch.nn.Linear(3, 4)), "bias")
    log(names(layer), layer.bias)
    layer = torch.nn.Linear(3, 4)
    for action in (
        lambda: parametrizations.spectral_norm(layer, "nothing"), lambda: parametrizations.spectral_norm(layer, dim=2),
        lambda: parametrizations.spectral_norm(layer, n_power_iterations=0),
    ):  # fmt: skip
        log(attempt(action)[0])
    return log


@program
def former_spectral_norm(torch):
    from_utils, log = torch.nn.utils, Recorder()
    for options in ({}, {"n_power_iterations": 3}, {"dim": 1}):
        torch.manual_seed(2)
        layer = filled(torch, torch.nn.Linear(3, 4).double())
        log(from_utils.spectral_norm(layer, **options) is layer, names(layer), layer.weight)
        log(train(torch, layer, torch.ones(2, 3, dtype=torch.float64)), layer.eval()(torch.ones(3).double()))
        log(attempt(lambda: from_utils.spectral_norm(layer)))  # noqa: B023
        state = layer.state_dict()
        log(state, dict(state._metadata))
        other = from_utils.spectral_norm(torch.nn.Linear(3, 4).double(), **options)
        log(str(other.load_state_dict(state)), other.eval()(torch.ones(3).double()))
        old = dict(state)  # as it was saved before `_v` was kept
        old["weight"] = layer.weight.detach()
        del old["weight_v"]
        log(str(other.load_state_dict(old)), other.state_dict())
        del old["weight_u"]
        log(attempt(lambda: other.load_state_dict(old)))  # noqa: B023
        from_utils.remove_spectral_norm(layer)
        log(names(layer), layer.weight, len(layer._state_dict_hooks))
        log(attempt(lambda: from_utils.remove_spectral_norm(layer))[0])  # noqa: B023
    log(attempt(lambda: from_utils.spectral_norm(torch.nn.Linear(2, 2, bias=False), "bias"))[0])
    log(attempt(lambda: from_utils.spectral_norm(torch.nn.Linear(2, 2), n_power_iterations=0)))
    return log


# --- pruning -----------------------------------------------------------------------------------------------------


@program
def pruning(torch):
    prune, log = utils(torch, "prune"), Recorder()
    methods = [
        lambda layer: prune.identity(layer, "weight"),
        lambda layer: prune.random_unstructured(layer, "weight", 0.4),
        lambda layer: prune.random_unstructured(layer, "bias", 2),
        lambda layer: prune.l1_unstructured(layer, "weight", 0.3),
        lambda layer: prune.l1_unstructured(layer, "weight", 5, importance_scores=-layer.weight.detach().abs()),
        lambda layer: prune.random_structured(layer, "weight", 0.5, dim=0),
        lambda layer: prune.ln_structured(layer, "weight", 2, n=2, dim=1),
        lambda layer: prune.ln_structured(layer, "weight", 0.25, n=float("inf"), dim=-1),
        lambda layer: prune.ln_structured(layer, "weight", 0, n=1, dim=0),
        lambda layer: prune.custom_from_mask(layer, "bias", torch.tensor([1, 0, 1, 0])),
    ]
    for first in range(len(methods)):
        torch.manual_seed(4)
        layer = filled(torch, torch.nn.Linear(5, 4))
        for method in (methods[first], methods[(first + 3) % len(methods)], methods[(first + 6) % len(methods)]):
            log(method(layer) is layer, names(layer), layer.weight, layer.bias, prune.is_pruned(layer))
        log(train(torch, layer, torch.ones(2, 5)), layer.state_dict())
        log(sorted(type(hook).__name__ for hook in layer._forward_pre_hooks.values()))
        for name in ("weight", "bias"):
            log(attempt(lambda: prune.remove(layer, name) is layer), names(layer))  # noqa: B023
        log(layer.weight, layer.bias, prune.is_pruned(layer))
    return log


@program
def pruning_by_method(torch):
    prune, log = utils(torch, "prune"), Recorder()

    class EveryOther(prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    layer = filled(torch, torch.nn.Linear(4, 3))
    first = EveryOther.apply(layer, "weight")
    log(type(first).__name__, first._tensor_name, layer.weight, layer.weight_mask)
    second = EveryOther.apply(layer, "weight")
    log(type(second).__name__, len(second), [type(method).__name__ for method in second], layer.weight)
    third = prune.LnStructured.apply(layer, "weight", amount=1, n=2, dim=0)
    log(third is second, len(third), type(third[2]).__name__, layer.weight)
    tensor = torch.tensor([0.1, -3.0, 2.0, 0.5])
    method = prune.L1Unstructured(amount=2)
    log(method.prune(tensor), method.prune(tensor, default_mask=torch.tensor([1.0, 0.0, 1.0, 1.0])))
    log(method.prune(tensor, importance_scores=-tensor.abs()))
    log(attempt(lambda: copy.deepcopy(layer).weight_mask)[0])
    with torch.no_grad():
        layer(torch.ones(4))  # without a graph it can be copied
    log(copy.deepcopy(layer).weight_mask, len(copy.deepcopy(layer)._forward_pre_hooks))
    return log


@program
def global_pruning(torch):
    prune, log = utils(torch, "prune"), Recorder()
    for method, options in [(prune.L1Unstructured, {"amount": 0.4}), (prune.RandomUnstructured, {"amount": 6})]:
        torch.manual_seed(8)
        net = filled(torch, torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)))
        pairs = [(net[0], "weight"), (net[2], "weight"), (net[2], "bias")]
        log(prune.global_unstructured(pairs, pruning_method=method, **options), net.state_dict())
        log(prune.global_unstructured(iter(pairs[:2]) if torch.__name__ != "torch" else pairs[:2], method, **options))
        log(net.state_dict(), net(torch.ones(3)), prune.is_pruned(net))
    scores = {(net[0], "bias"): torch.tensor([5.0, 1.0, 2.0, 3.0])}
    prune.global_unstructured([(net[0], "bias")], prune.L1Unstructured, importance_scores=scores, amount=2)
    log(net[0].bias_mask)
    log(attempt(lambda: prune.global_unstructured(3, prune.L1Unstructured, amount=1)))
    log(attempt(lambda: prune.global_unstructured(pairs, prune.L1Unstructured, importance_scores=[1], amount=1)))
    log(attempt(lambda: prune.global_unstructured(pairs, prune.RandomStructured, amount=1))[0])
    return log


@program
def pruning_errors(torch):
    prune, log = utils(torch, "prune"), Recorder()
    for action in (
        *[lambda layer, n=n: prune.l1_unstructured(layer, "weight", n) for n in (100, -1, 1.5, "a")],
        lambda layer: prune.random_structured(layer, "bias", 1, 0), lambda layer: prune.remove(layer, "weight"),
        lambda layer: prune.ln_structured(layer, "weight", 1, 2, dim=5), lambda layer: prune.identity(layer, "nothing"),
        lambda layer: prune.custom_from_mask(layer, "weight", torch.ones(3)),
        lambda layer: prune.l1_unstructured(layer, "weight", 1, importance_scores=torch.ones(2)),
        lambda layer: prune.PruningContainer(3),
    ):  # fmt: skip
        layer = torch.nn.Linear(3, 2)
        log(attempt(lambda: action(layer))[0], sorted(layer.state_dict()))  # noqa: B023
    return log


# --- the rest ----------------------------------------------------------------------------------------------------


@program
def calling_with_other_parameters(torch):
    stateless, log = utils(torch, "stateless"), Recorder()
    call = stateless._functional_call

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Linear(2, 2)
            self.b = torch.nn.Linear(2, 2)
            self.b.weight = self.a.weight
            self.register_buffer("count", torch.zeros(1))

        def forward(self, x, scale=1.0):
            self.count = self.count + 1
            self.a.seen = getattr(self.a, "seen", 0)
            return self.b(self.a(x)) * scale

    net = filled(torch, Net())
    x = torch.ones(1, 2)
    ones = {"a.weight": torch.ones(2, 2, requires_grad=True), "count": torch.tensor([5.0])}
    before = {key: value.clone() for key, value in net.state_dict().items()}
    weight = net.a.weight
    log(call(net, ones, x), ones["count"], net.count)
    log(call(net, ones, (x,), {"scale": 3.0}), call(net, ones, (x, 2.0), tie_weights=False))
    call(net, ones, x).sum().backward()
    log(ones["a.weight"].grad, net.a.weight.grad, net.a.weight is weight, net.b.weight is weight)
    log(all((value == before[key]).all() for key, value in net.state_dict().items()))
    log(attempt(lambda: call(net, {"a.weight": torch.ones(2, 2), "b.weight": torch.zeros(2, 2)}, x))[0])
    log(attempt(lambda: call(net, {"a.wight": torch.ones(2, 2)}, x, strict=True))[0])
    log(attempt(lambda: call(net, {"a.bias": torch.ones(3)}, x))[0], net.a.bias)
    log(attempt(lambda: call(net, {"a.bias": 3}, x))[0])
    log(call(net, {"a.bias": None}, x), net.a.bias, call(net, {"new": torch.ones(1)}, x), hasattr(net, "new"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        log(stateless.functional_call(net, {}, x), [warning.category.__name__ for warning in caught])
    return log


@program
def fusing_weights(torch):
    from_utils, log = torch.nn.utils, Recorder()
    parameter = lambda *shape: filled(torch, torch.nn.ParameterList([torch.zeros(*shape)]))[0]  # noqa: E731
    mean, variance, gamma, beta = parameter(4), parameter(4).abs() + 1, parameter(4), parameter(4) + 1
    for weight, bias, transpose in [
        (parameter(4, 3, 2), parameter(4), False), (parameter(4, 3, 2, 2), None, False),
        (parameter(3, 4, 2), parameter(4), True), (parameter(4, 3, 1, 1, 1).double(), None, False),
    ]:  # fmt: skip
        for scale, offset in [(gamma, beta), (None, None)]:
            fused = from_utils.fuse_conv_bn_weights(weight, bias, mean, variance, 1e-5, scale, offset, transpose)
            log(*fused, [str(value.dtype) for value in fused], [value.requires_grad for value in fused])
    log(*from_utils.fuse_linear_bn_weights(parameter(4, 3), None, mean, variance, 1e-5, gamma, beta))
    return log


@program
def skipping_initial_values(torch):
    log = Recorder()
    torch.manual_seed(1)
    layer = torch.nn.utils.skip_init(torch.nn.Linear, 5, 2, bias=False)
    log(repr(layer), list(layer.weight.shape), torch.rand(1), isinstance(layer.weight, torch.nn.Parameter))
    log(attempt(lambda: torch.nn.utils.skip_init(torch.nn.ReLU)), attempt(lambda: torch.nn.utils.skip_init(int))[0])
    return log
