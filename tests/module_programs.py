"""Small programs on modules: each takes PyTorch or this package and gives a log of what it saw.

`tests/test_module_programs.py` compares the log with PyTorch's: with the stored one, and where PyTorch is installed,
with that of a run. Tensors in a log become lists of numbers.
"""

from __future__ import annotations

import copy
import pickle
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Enter a program in the table."""
    PROGRAMS[function.__name__] = function
    return function


def attempt(action: Callable[[], Any]) -> Any:
    """What an action gives, or the error's type and its first line."""
    try:
        return action()
    except Exception as error:
        text = str(error.args[0]).split("\n")[0] if error.args else ""
        return type(error).__name__, text


class Recorder(list):
    """A log that lambdas can write to."""

    def __call__(self, *values: Any) -> None:
        self.append(values)


def plain(value: Any) -> Any:
    """A log as lists, dictionaries, numbers and text."""
    if hasattr(value, "requires_grad_") and hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def same(mine: Any, expected: Any) -> bool:
    """Whether two logs are equal, floating point numbers but for rounding."""
    if isinstance(mine, list) and isinstance(expected, list):
        return len(mine) == len(expected) and all(map(same, mine, expected))
    if isinstance(mine, dict) and isinstance(expected, dict):
        return list(mine) == list(expected) and all(same(mine[key], expected[key]) for key in mine)
    if isinstance(mine, float) and isinstance(expected, float):
        near = abs(mine - expected) <= 1e-5 + 1e-4 * abs(expected)
        return near or mine == expected or (mine != mine and expected != expected)  # infinite, or nan
    return bool(mine == expected)


def two_layers(torch: Any) -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(OrderedDict(a=torch.nn.Linear(3, 4), b=torch.nn.ReLU(), c=torch.nn.Linear(4, 2)))


def shared(torch: Any) -> Any:
    nn = torch.nn
    net = nn.Module()
    net.a = nn.Linear(2, 2)
    net.b = nn.Sequential(net.a, nn.Linear(2, 2))
    net.b[1].weight = net.a.weight
    net.register_buffer("x", torch.zeros(1))
    net.register_buffer("y", net.x)
    net.a.register_buffer("z", net.x, persistent=False)
    net.none = None
    net.register_module("empty", None)
    net.register_parameter("nothing", None)
    return net


# --- walking -----------------------------------------------------------------------------------------------------


@program
def names_with_sharing(torch):
    net, log = shared(torch), []
    for duplicates in (True, False):
        log.append([name for name, _ in net.named_parameters(remove_duplicate=duplicates)])
        log.append([name for name, _ in net.named_buffers(prefix="p", remove_duplicate=duplicates)])
        log.append([name for name, _ in net.named_modules(prefix="p", remove_duplicate=duplicates)])
        log.append(len(list(net.modules(remove_duplicate=duplicates))))
    log.append([name for name, _ in net.named_parameters(prefix="q", recurse=False)])
    log.append([name for name, _ in net.named_buffers(recurse=False)])
    log.append([name for name, _ in net.named_children()])
    log.append([len(list(part)) for part in (net.parameters(), net.buffers(False), net.children())])
    log.append(list(net.state_dict()))
    return log


@program
def a_memo_for_modules(torch):
    net = shared(torch)
    return [name for name, _ in net.named_modules(memo={net.a})]


@program
def members_by_function(torch):
    net = shared(torch)
    return [name for name, _ in net._named_members(lambda module: module._modules.items(), prefix="x")]


@program
def paths(torch):
    net, log = two_layers(torch), Recorder()
    net.a.register_buffer("mean", torch.zeros(2))
    net.plain = 3
    for method in ("get_submodule", "get_parameter", "get_buffer"):
        for path in ("", "a", "a.weight", "a.mean", "a.weight.x", "plain", "nothing", "b.c", "a.training"):
            found = attempt(lambda: getattr(net, method)(path))  # noqa: B023
            log(method, path, found if isinstance(found, tuple) else type(found).__name__)
    for path, strict in [("a", True), ("d", True), ("d", False), ("x.y", False), ("", False), ("plain", False)]:
        log(path, strict, attempt(lambda: net.set_submodule(path, torch.nn.Identity(), strict)))  # noqa: B023
    log(attempt(lambda: net.set_submodule("a", 3)))
    log(repr(net))
    return log


@program
def registration_errors(torch):
    net, log = two_layers(torch), Recorder()
    net.taken = 1
    weight = torch.nn.Parameter(torch.ones(1))
    values = {"parameter": (weight, 3, torch.ones(1)), "buffer": (torch.ones(1), 3), "module": (torch.nn.ReLU(), 3)}
    for kind, given in values.items():
        for name in ("fine", "", "a.b", "taken", "forward", 3, "a"):
            for value in (*given, None):
                action = getattr(net, f"register_{kind}")
                error = attempt(lambda: action(name, value))  # noqa: B023
                log(kind, name, type(value).__name__, error if error is None else error[0])
    log(attempt(lambda: net.register_parameter("made", weight * 1))[0])
    return log


@program
def buffers_that_come_and_go(torch):
    nn, log = torch.nn, Recorder()
    net = nn.Module()
    net.register_buffer("a", torch.ones(1), persistent=False)
    net.a = torch.zeros(1)
    log(list(net.state_dict()), list(net._buffers))
    net.a = nn.Buffer(torch.zeros(2))
    log(list(net.state_dict()))
    net.a = nn.Buffer(torch.zeros(2), persistent=False)
    log(list(net.state_dict()), net._non_persistent_buffers_set)
    net.a = None
    log(net.a, list(net._buffers))
    net.a = nn.Parameter(torch.ones(1))
    log(list(net._buffers), list(net._parameters), net._non_persistent_buffers_set)
    log(attempt(lambda: setattr(net, "a", nn.ReLU()))[0])
    del net.a
    net.register_buffer("a", torch.ones(1), persistent=False)
    net.a = nn.ReLU()
    log(list(net._buffers), list(net._modules), net._non_persistent_buffers_set)
    log(attempt(lambda: setattr(net, "a", nn.Buffer(torch.ones(1))))[0])
    net.a = None
    log(net.a, repr(net))
    del net.a
    log(attempt(lambda: net.a), attempt(lambda: delattr(net, "a"))[0])
    return log


@program
def arguments_of_init(torch):
    class Plain(torch.nn.Module):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)

    class Mixin:
        def __init__(self, size):
            self.size = size

    class Cooperative(torch.nn.Module, Mixin):
        call_super_init = True

    return attempt(lambda: Plain(1)), attempt(lambda: Plain(a=1)), Cooperative(5).size, Cooperative(size=6).size


# --- state -------------------------------------------------------------------------------------------------------


class Listed(dict):
    """A destination without metadata."""


@program
def state_destinations(torch):
    net, log = two_layers(torch), Recorder()
    own = Listed()
    log(net.state_dict(destination=own, prefix="p.") is own, list(own))
    log(net.state_dict()._metadata)
    log([value.requires_grad for value in net.state_dict(keep_vars=True).values()])
    log([value.requires_grad for value in net.state_dict().values()])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        log(list(net.state_dict(OrderedDict(), "q.", True)), [w.category.__name__ for w in caught])
    return log


def recording_parts(torch, log):
    class Part(torch.nn.Linear):
        _version = 7

        def _save_to_state_dict(self, destination, prefix, keep_vars):
            log("save", prefix, keep_vars)
            super()._save_to_state_dict(destination, prefix, keep_vars)
            destination[prefix + "extra"] = torch.ones(1)

        def _load_from_state_dict(self, state, prefix, metadata, strict, missing, unexpected, errors):
            log("load", prefix, dict(metadata), strict, list(missing), list(unexpected), list(errors), list(state))
            if metadata.get("version", 0) < 7:
                state[prefix + "extra"] = None
                errors.append(f"old version at {prefix}")
            state.pop(prefix + "extra", None)
            super()._load_from_state_dict(state, prefix, metadata, strict, missing, unexpected, errors)
            log("loaded", self.bias.tolist(), list(missing), list(unexpected))

    return Part


@program
def overridden_state(torch):
    log = Recorder()
    torch.manual_seed(1)
    part = recording_parts(torch, log)
    first, second = (torch.nn.Sequential(part(2, 1), torch.nn.Sequential(part(1, 1))) for _ in range(2))
    state = first.state_dict()
    log(list(state), state._metadata)
    log(str(second.load_state_dict(state)), list(state))
    plain = dict(state)  # without the versions
    log(attempt(lambda: second.load_state_dict(plain)))
    del state["0.bias"]
    state["1.0.surplus"] = torch.ones(1)
    log(attempt(lambda: second.load_state_dict(state)))
    log(second.load_state_dict(state, strict=False))
    return log


@program
def loading(torch):
    net, log = two_layers(torch), Recorder()
    state = {key: value + 1 for key, value in net.state_dict().items()}
    for change in ("none", "missing", "unexpected", "nested", "shape", "not a tensor", "number"):
        given = dict(state)
        if change == "missing":
            del given["a.bias"]
        elif change == "unexpected":
            given["a.more"] = given["d"] = torch.ones(1)
        elif change == "nested":
            given["a.weight.more"] = torch.ones(1)
        elif change == "shape":
            given["a.weight"] = torch.ones(2, 3)
        elif change == "not a tensor":
            given["a.weight"] = "text"
        elif change == "number":
            net.a.register_buffer("number", torch.tensor(0.0))
            given["a.number"] = torch.tensor([5.0])
        for strict in (True, False):
            log(change, strict, attempt(lambda: tuple(net.load_state_dict(given, strict=strict))))  # noqa: B023
    log(net.a.number.tolist(), [value.sum().item() for value in net.state_dict().values()])
    log(attempt(lambda: net.load_state_dict([1])), attempt(lambda: net.load_state_dict(None)))
    return log


@program
def loading_by_assignment(torch):
    net, log = two_layers(torch), Recorder()
    net.a.weight.requires_grad_(False)
    net.c.register_buffer("seen", torch.zeros(2))
    weight = net.a.weight
    state = {key: torch.ones_like(value, dtype=torch.float64) for key, value in net.state_dict().items()}
    state["c.weight"] = torch.nn.Parameter(state["c.weight"], requires_grad=False)
    net.load_state_dict(state, assign=True)
    log(net.a.weight is weight, net.c.weight is state["c.weight"], net.c.seen is state["c.seen"])
    for name, parameter in net.named_parameters():
        log(name, str(parameter.dtype), parameter.requires_grad, parameter.data_ptr() == state[name].data_ptr())
    net.load_state_dict({key: value.half() for key, value in state.items()})
    log([str(parameter.dtype) for parameter in net.parameters()])
    return log


@program
def state_hooks(torch):
    net, log = two_layers(torch), Recorder()
    net.a.register_state_dict_pre_hook(lambda module, prefix, keep: log("pre", type(module).__name__, prefix, keep))
    net.a.register_state_dict_post_hook(lambda module, state, prefix, metadata: log(list(state), prefix, metadata))
    net._register_state_dict_hook(lambda module, state, prefix, metadata: {"replaced": state})
    log(list(net.state_dict()))
    net._state_dict_hooks.clear()
    bad = net.register_state_dict_post_hook(lambda module, state, prefix, metadata: 3)
    log(attempt(net.state_dict))
    bad.remove()

    def pre(state, prefix, metadata, strict, missing, unexpected, errors):
        log("load", list(state), prefix, dict(metadata), strict)
        missing.append("invented")

    def with_module(module, state, prefix, metadata, strict, missing, unexpected, errors):
        log("load", type(module).__name__, prefix)
        state[prefix + "bias"] = state.pop(prefix + "offset")

    def post(module, keys):
        log("loaded", type(module).__name__, list(keys.missing_keys), list(keys.unexpected_keys))
        keys.missing_keys.clear()

    state = net.state_dict()
    state["c.offset"] = state.pop("c.bias")
    net.c._register_load_state_dict_pre_hook(pre)
    net.c.register_load_state_dict_pre_hook(with_module)
    first = net.register_load_state_dict_post_hook(post)
    log(str(net.load_state_dict(state)), list(state))
    first.remove()
    log(attempt(lambda: net.load_state_dict(state)))
    net.register_load_state_dict_post_hook(lambda module, keys: 3)
    log(attempt(lambda: net.load_state_dict(state))[0])
    return log


@program
def extra_state(torch):
    log = Recorder()

    class Both(torch.nn.Module):
        value = 1

        def get_extra_state(self):
            return {"value": self.value}

        def set_extra_state(self, state):
            self.value = state["value"]

    class Writing(torch.nn.Module):
        def get_extra_state(self):
            return 5

    net = torch.nn.Sequential(Both())
    net[0].value = 3
    log(net.state_dict())
    other = torch.nn.Sequential(Both())
    log(str(other.load_state_dict(net.state_dict())), other[0].value)
    log(attempt(lambda: other.load_state_dict({})))
    log(attempt(lambda: torch.nn.Sequential(torch.nn.ReLU()).load_state_dict(net.state_dict())))
    net.append(Writing())
    log(attempt(lambda: net.load_state_dict(net.state_dict())))
    log(attempt(torch.nn.ReLU().get_extra_state)[0])
    return log


# --- hooks -------------------------------------------------------------------------------------------------------


@program
def forward_hooks(torch):
    net, log = torch.nn.Identity(), Recorder()
    net.forward = lambda x, scale=1: x * scale
    net.register_forward_pre_hook(lambda module, args: log("pre", len(args)) or (args[0] + 1,))
    net.register_forward_pre_hook(lambda module, args: log("first") or args[0] * 2, prepend=True)
    both = net.register_forward_pre_hook(lambda m, args, kwargs: (args, {**kwargs, "scale": 10}), with_kwargs=True)
    net.register_forward_hook(lambda module, args, output: log("post", args[0].item(), output.item()))
    net.register_forward_hook(lambda m, args, kwargs, output: log(sorted(kwargs)) or output + 100, with_kwargs=True)
    net.register_forward_hook(lambda module, args, output: log("first", output.item()), prepend=True)
    log(net(torch.tensor(1.0)).item(), net(torch.tensor(1.0), scale=3).item())
    log(len(net._forward_hooks), len(net._forward_pre_hooks), len(net._forward_pre_hooks_with_kwargs))
    both.remove()
    log(net(torch.tensor(1.0), scale=3).item(), len(net._forward_pre_hooks_with_kwargs))
    net._forward_hooks = OrderedDict()
    net._forward_pre_hooks.clear()
    log(net(torch.tensor(1.0)).item())
    net.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    log(attempt(lambda: net(torch.tensor(1.0))))
    return log


@program
def hooks_after_errors(torch):
    log = Recorder()

    class Failing(torch.nn.Module):
        def forward(self, x):
            raise ValueError("no")

    net = Failing()

    def failing_hook(module, args, output):
        log("fails")
        raise RuntimeError("hook")

    net.register_forward_hook(lambda *args: log("never"))
    net.register_forward_hook(failing_hook, always_call=True)
    net.register_forward_hook(lambda m, args, kwargs, output: log(output), always_call=True, with_kwargs=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        log(attempt(lambda: net(1)))
    log([str(warning.message) for warning in caught])
    ok = torch.nn.Identity()
    ok.register_forward_hook(failing_hook, always_call=True)
    ok.register_forward_hook(lambda module, args, output: log("second", output), always_call=True)
    log(attempt(lambda: ok(2)))
    return log


@program
def hooks_that_remove_themselves(torch):
    net, log = torch.nn.Identity(), Recorder()
    handles = {}

    def once(module, args, output):
        log("once")
        handles["once"].remove()

    handles["once"] = net.register_forward_hook(once)
    net.register_forward_hook(lambda *args: log("always"))
    net(1)
    net(1)
    return log


@program
def backward_hooks(torch):
    log = Recorder()

    class Two(torch.nn.Module):
        def forward(self, x, factor, y, numbers):
            return x * factor, y * 2, numbers

    net = Two()

    def show(gradients):
        return [None if gradient is None else gradient.tolist() for gradient in gradients]

    net.register_full_backward_hook(lambda m, inputs, outputs: log("hook", show(inputs), show(outputs)))
    net.register_full_backward_hook(
        lambda m, inputs, outputs: log("first", show(inputs)) or (inputs[0] + 1, None, None, None), prepend=True
    )
    scaling = net.register_full_backward_pre_hook(
        lambda m, outputs: log("pre", show(outputs)) or (outputs[0] * 10, None, None)
    )
    x, y = torch.ones(2, requires_grad=True), torch.ones(2)
    a, b, _ = net(x, 3.0, y, torch.tensor([1, 2]))
    log(a.requires_grad, b.requires_grad)
    a.sum().backward()
    log(x.grad.tolist())
    scaling.remove()
    y.requires_grad_()
    net(x, 3.0, y, torch.tensor([1, 2]))[1].sum().backward()
    log(show([y.grad, x.grad]))
    y = y.detach()
    net.register_full_backward_hook(lambda m, inputs, outputs: (None,))
    log(attempt(lambda: net(x, 3.0, y, y)[0].sum().backward())[0])
    log(attempt(lambda: net.register_backward_hook(print)))
    return log


@program
def former_backward_hooks(torch):
    net, log = torch.nn.Tanh(), Recorder()
    net.register_backward_hook(
        lambda m, inputs, outputs: log(inputs[0].tolist(), outputs[0].tolist()) or (inputs[0] * 2,)
    )
    x = torch.tensor([0.5, 1.0], requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        net(x * 1).sum().backward()
        net(x)
    log(x.grad.tolist(), [warning.category.__name__ for warning in caught])
    log(attempt(lambda: net.register_full_backward_hook(print)))
    return log


@program
def hooks_of_all_modules(torch):
    hooks, log = torch.nn.modules.module, Recorder()
    net = two_layers(torch)
    name = lambda module: type(module).__name__  # noqa: E731
    handles = [
        hooks.register_module_forward_pre_hook(lambda module, args: log("pre", name(module)) or (args[0] * 1,)),
        hooks.register_module_forward_hook(lambda module, args, output: log("post", name(module)) or output + 1),
        hooks.register_module_forward_hook(
            lambda module, args, kwargs, output: log(len(kwargs)), with_kwargs=True, always_call=True
        ),
        hooks.register_module_full_backward_pre_hook(lambda module, outputs: log("back", name(module))),
        hooks.register_module_full_backward_hook(lambda module, inputs, outputs: log("end", name(module), len(inputs))),
    ]
    net.b.register_forward_hook(lambda module, args, output: log("own", output[0, 0].item() >= 1))
    x = torch.ones(2, 3, requires_grad=True)
    try:
        net(x).sum().backward()
        log([round(value, 5) for value in x.grad[0].tolist()])
    finally:
        for handle in handles:
            handle.remove()
    before = len(log)
    net(x)
    log(len(log) - before)
    return log


@program
def hooks_on_registration(torch):
    hooks, log, nn = torch.nn.modules.module, Recorder(), torch.nn
    handles = [
        hooks.register_module_parameter_registration_hook(
            lambda module, name, value: log("parameter", name, value is None)
        ),
        hooks.register_module_buffer_registration_hook(lambda module, name, value: log("buffer", name)),
        hooks.register_module_module_registration_hook(
            lambda module, name, value: log("module", name) or (nn.Identity() if name == "other" else None)
        ),
    ]
    try:
        net = nn.Module()
        net.a = nn.Linear(2, 1, bias=False)
        net.other = nn.ReLU()
        net.register_buffer("x", torch.ones(1))
        net.x = torch.zeros(1)
        net.add_module("b", nn.ReLU())
        net.a.weight = nn.Parameter(torch.ones(1, 2))
    finally:
        for handle in handles:
            handle.remove()
    log(repr(net))
    return log


# --- changing ----------------------------------------------------------------------------------------------------


@program
def conversions(torch):
    log = Recorder()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for change in (
            lambda net: net.to(torch.float64), lambda net: net.to("cpu", torch.float16), lambda net: net.to("cpu"),
            lambda net: net.to(torch.ones(1, dtype=torch.float64), True), lambda net: net.to(dtype=torch.float64),
            lambda net: net.to(torch.device("cpu"), torch.float64, True), lambda net: net.to(torch.complex64),
            lambda net: net.to(None, torch.float64), lambda net: net.to(tensor=torch.ones(1, dtype=torch.float64)),
            lambda net: net.to(device="cpu", dtype=torch.float16, non_blocking=True), lambda net: net.to(torch.int64),
            lambda net: net.to(memory_format=torch.channels_last), lambda net: net.type(torch.float64),
            lambda net: net.type("torch.DoubleTensor"), lambda net: net.double().float(), lambda net: net.half(),
            lambda net: net.to(), lambda net: net.to(nonsense=3), lambda net: net.to_empty(device="cpu"),
            lambda net: net.share_memory(), lambda net: net.cpu(), lambda net: net.requires_grad_(False),
            lambda net: net._apply(lambda t: t * 2),
        ):  # fmt: skip
            net = two_layers(torch)
            net.register_buffer("count", torch.tensor(3))
            net.register_buffer("image", torch.ones(2, 3, 4, 5))
            net(torch.ones(1, 3)).sum().backward()
            weight, gradient = net.a.weight, net.a.weight.grad
            result = attempt(lambda: change(net))  # noqa: B023
            kinds = [str(value.dtype) for value in net.state_dict().values()]
            log(result[0] if isinstance(result, tuple) else result is net, kinds, str(net.a.weight.grad.dtype))
            log(net.a.weight is weight, net.a.weight.grad is gradient, net.image.stride(), net.a.weight.is_leaf)
            log(net.a.weight.requires_grad)
    return log


@program
def gradients(torch):
    net, log = two_layers(torch), Recorder()
    net(torch.ones(1, 3)).sum().backward()
    kept = net.a.weight.grad
    net.zero_grad(set_to_none=False)
    log(net.a.weight.grad is kept, kept.sum().item())
    net.zero_grad()
    log(net.a.weight.grad)
    net.a.requires_grad_(False)
    log([parameter.requires_grad for parameter in net.parameters()])
    log(attempt(lambda: net.train(1)), net.train(False).training, net.c.training, net.eval() is net)
    seen = []
    log(net.apply(lambda module: seen.append(type(module).__name__)) is net, seen)
    return log


@program
def copies(torch):
    net, log = shared(torch), Recorder()
    net.a.register_forward_hook(print_nothing)
    for made in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        log(made.b[0] is made.a, made.b[1].weight is made.a.weight, made.x is made.y, made.a.z is made.x)
        log(list(made.state_dict()), repr(made), len(made.a._forward_hooks), made.a is net.a)
    shallow = copy.copy(net)
    log(shallow.a is net.a, shallow._modules is net._modules)
    log(sorted(set(net.__getstate__()) & {"training", "_modules"}))
    restored = torch.nn.Module.__new__(torch.nn.Module)
    restored.__setstate__(net.__getstate__())
    log(repr(restored) == repr(net))
    return log


def print_nothing(*args: Any) -> None:
    """A hook that can be pickled."""


@program
def representations(torch):
    nn = torch.nn

    class Lines(nn.Module):
        def extra_repr(self):
            return "one\n\ntwo"

    class Other(nn.Module):
        def _get_name(self):
            return "Renamed"

    nested = nn.Sequential(nn.Sequential(), Lines(), Other(), nn.ModuleList([nn.Sequential(Lines())] * 2))
    nested.add_module("none", None)
    empty = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
    return [repr(nested), *(repr(kind()) for kind in empty)]


# --- containers --------------------------------------------------------------------------------------------------


def kinds(modules: Any) -> list[str]:
    """The names and types of the modules in a container."""
    return [f"{name}: {type(module).__name__}" for name, module in modules._modules.items()]


def changes_of_a_sequence(torch: Any, make: Callable[..., Any], log: Recorder) -> None:
    nn = torch.nn
    net = make(nn.Linear(1, 1), nn.ReLU(), nn.Tanh(), nn.Sigmoid())
    log(len(net), kinds(net[1:3]), kinds(net[::-1]), type(net[-1]).__name__, type(net[1:]).__name__)
    log([type(module).__name__ for module in net])
    for index in (4, -5, "a", 1.0):
        log(attempt(lambda: net[index])[0], attempt(lambda: net.pop(index))[0])  # noqa: B023
    net[1] = nn.ELU()
    net[-1] = nn.GELU()
    log(kinds(net), net.append(nn.SiLU()) is net, kinds(net))
    del net[1:3]
    log(kinds(net))
    del net[-1]
    log(kinds(net), type(net.pop(0)).__name__, kinds(net.pop(slice(0, 1))), kinds(net))
    net.extend([nn.ReLU(), nn.Tanh()])
    net.insert(1, nn.ELU())
    log(kinds(net), attempt(lambda: net.extend(3))[0], attempt(lambda: net.append(3)))
    log(attempt(lambda: net.extend([3]))[0])
    net.add_module("named", nn.Identity())
    log(kinds(net), len(net), [name for name in dir(net) if name[0].isdigit()])
    log(attempt(lambda: setattr(net, "0", 3))[0])


@program
def sequential(torch):
    nn, log = torch.nn, Recorder()
    changes_of_a_sequence(torch, nn.Sequential, log)
    net = nn.Sequential(OrderedDict(a=nn.Linear(1, 2), b=nn.ReLU()))
    log(kinds(net[:1]), kinds(net + nn.Sequential(nn.Tanh())), kinds(net * 2), kinds(2 * net))
    net += nn.Sequential(nn.ELU())
    log(kinds(net))
    plain = nn.Sequential(nn.ReLU(), nn.Tanh())
    plain *= 3
    log(kinds(plain), plain[2] is plain[0])
    for action in (
        lambda: net + [nn.ReLU()], lambda: net * 0, lambda: net * "a", lambda: net.__iadd__([nn.ReLU()]),
        lambda: net.insert(9, nn.ReLU()), lambda: net.insert(0, 3), lambda: nn.Sequential(3), lambda: net(3, 4),
        lambda: nn.Sequential([nn.ReLU()]),
    ):  # fmt: skip
        log(attempt(action)[0])
    net.insert(-1, nn.SiLU())
    log(kinds(net), nn.Sequential()(3))
    return log


@program
def module_list(torch):
    nn, log = torch.nn, Recorder()
    changes_of_a_sequence(torch, lambda *modules: nn.ModuleList(modules), log)
    layers = nn.ModuleList(nn.ReLU() for _ in range(2))
    layers += [nn.Tanh()]
    log(kinds(layers), kinds(layers + [nn.ELU()]), kinds(layers + nn.ModuleList([nn.GELU()])))
    log(kinds(nn.ModuleList(layers)))
    log(attempt(lambda: layers(1))[0], attempt(lambda: nn.ModuleList([3]))[0], attempt(lambda: nn.ModuleList(3))[0])
    log(nn.ReLU() in layers, layers[0] in layers)
    return log


@program
def module_dict(torch):
    nn, log = torch.nn, Recorder()
    layers = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Linear(1, 2)})
    layers.update([["c", nn.Tanh()], ("d", nn.ELU())])
    layers.update(nn.ModuleDict({"e": nn.GELU()}))
    layers["b"] = nn.SiLU()
    log(kinds(layers), len(layers), "a" in layers, "z" in layers, list(layers), list(layers.keys()))
    log([name for name, _ in layers.items()], [type(value).__name__ for value in layers.values()])
    log(type(layers.pop("a")).__name__, kinds(layers))
    del layers["b"]
    log(kinds(layers), list(layers.state_dict()), layers.c is layers["c"])
    for action in (
        lambda: layers["z"], lambda: layers.pop("z"), lambda: layers.update(3), lambda: layers.update([3]),
        lambda: layers.update([("a",)]), lambda: layers.update({"a": 3}), lambda: layers.update({"a.b": nn.ReLU()}),
        lambda: layers.update({"": nn.ReLU()}), lambda: layers.update({3: nn.ReLU()}), lambda: layers(1),
        lambda: layers.update({"keys": nn.ReLU()}), lambda: layers.__delitem__("z"),
    ):  # fmt: skip
        log(attempt(action)[0])
    layers.clear()
    log(len(layers))
    return log


@program
def parameter_list(torch):
    nn, log = torch.nn, Recorder()
    items = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(3, 1)), 7, torch.tensor(1.0)])
    items.append(torch.ones(1)).extend([torch.zeros(1), "text"])
    items += (torch.ones(1),)
    items[0] = torch.zeros(4)
    items[-2] = "other"
    log(repr(items), len(items), [name for name, _ in items.named_parameters()], list(items.state_dict()))
    log(repr(items[1:4]), [type(item).__name__ for item in items], repr(items[::-2]))
    for action in (
        lambda: items[9], lambda: items[-9], lambda: items.__setitem__(9, 1), lambda: items.extend(3), lambda: items(),
        lambda: items.extend(torch.ones(2)), lambda: items["a"], lambda: items.__delitem__(0),
        lambda: nn.ParameterList([torch.tensor(1)]), lambda: items.__setitem__(0, 3),
    ):  # fmt: skip
        log(attempt(action)[0])
    return log


@program
def parameter_dict(torch):
    nn, log = torch.nn, Recorder()
    table = nn.ParameterDict({"b": torch.ones(1), "a": nn.Parameter(torch.ones(2)), "number": 3})
    table.update(OrderedDict(z=torch.zeros(1), y=torch.zeros(2)))
    table.update([("x", torch.zeros(3))])
    log(repr(table), list(table), list(reversed(table)), len(table), "a" in table, "q" in table)
    log([name for name, _ in table.named_parameters()], [key for key, _ in table.items()], len(list(table.values())))
    log(table.get("q"), table.get("q", 5), table.get("number"), table.setdefault("new", torch.ones(1)) is table["new"])
    log(table.setdefault("empty"), list((table | nn.ParameterDict({"other": torch.ones(1)})).keys()))
    table |= nn.ParameterDict({"merged": torch.ones(1)})
    log(table.popitem()[0], table.pop("number"), list(table.copy()), table.copy()["a"] is table["a"])
    del table["a"]
    log(list(table.fromkeys(["k", "l"], torch.ones(1))), list(table.state_dict()))
    for action in (
        lambda: table["q"], lambda: table.pop("q"), lambda: table.update(3), lambda: nn.ParameterDict({3: 1}),
        lambda: table.update([3]), lambda: table.update([("a",)]), lambda: table(1), lambda: table.__delitem__("q"),
    ):  # fmt: skip
        error = attempt(action)[0]
        log("AttributeError" if error == "_NoKeyError" else error)
    table.clear()
    log(len(table), repr(table))
    return log
