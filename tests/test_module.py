"""Modules: registration, traversal, state, hooks and how they show themselves, as PyTorch has them."""

import copy
import pickle
import warnings
from collections import OrderedDict

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn


class Net(nn.Module):
    """A network with a child, a parameter of its own, and buffers."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 3)
        self.scale = nn.Parameter(tg.ones(1))
        self.output = nn.Linear(3, 1, bias=False)
        self.register_buffer("seen", tg.zeros(1))
        self.register_buffer("scratch", tg.zeros(1), persistent=False)

    def forward(self, x, extra=None):
        y = self.output((self.hidden(x) * self.scale).tanh())
        return y if extra is None else y + extra


# --- attributes --------------------------------------------------------------------------------------------------


def test_members_are_registered_in_order():
    net = Net()
    names = ["scale", "hidden.weight", "hidden.bias", "output.weight"]
    assert [name for name, _ in net.named_parameters()] == names
    assert [name for name, _ in net.named_buffers()] == ["seen", "scratch"]
    assert [name for name, _ in net.named_children()] == ["hidden", "output"]
    assert [name for name, _ in net.named_modules()] == ["", "hidden", "output"]
    assert [name for name, _ in net.named_parameters(prefix="net", recurse=False)] == ["net.scale"]
    assert len(list(net.parameters())) == 4
    assert all(isinstance(p, nn.Parameter) for p in net.parameters())


def test_shared_members_come_once():
    net = nn.Module()
    net.a = nn.Linear(2, 2)
    net.b = net.a
    net.c = nn.Linear(2, 2)
    net.c.weight = net.a.weight
    assert [name for name, _ in net.named_parameters()] == ["a.weight", "a.bias", "c.bias"]
    assert [name for name, _ in net.named_parameters(remove_duplicate=False)] == [
        "a.weight", "a.bias", "b.weight", "b.bias", "c.weight", "c.bias"
    ]  # fmt: skip
    assert [name for name, _ in net.named_modules()] == ["", "a", "c"]
    assert [name for name, _ in net.named_modules(remove_duplicate=False)] == ["", "a", "b", "c"]
    assert len(list(net.children())) == 2


def test_reassigning_moves_a_name_between_kinds():
    net = nn.Module()
    net.x = 3
    net.x = nn.Parameter(tg.ones(1))
    assert list(net._parameters) == ["x"]
    assert "x" not in net.__dict__
    with pytest.raises(TypeError, match=r"cannot assign 'tinygrad_nn.nn.linear.Linear' as parameter 'x'"):
        net.x = nn.Linear(1, 1)
    del net.x
    net.register_buffer("x", tg.ones(1))
    net.x = nn.Linear(1, 1)
    assert list(net._modules) == ["x"]
    assert not net._buffers
    net.x = nn.Parameter(tg.ones(1))
    assert not net._modules
    del net.x
    net.x = nn.Buffer(tg.ones(1), persistent=False)
    assert list(net._buffers) == ["x"]
    assert not net.state_dict()
    net.x = tg.zeros(1)
    assert net.x.tolist() == [0.0]
    assert not net.state_dict()
    net.x = None
    assert net.x is None
    del net.x
    assert not hasattr(net, "x")


def test_none_keeps_the_place():
    layer = nn.Linear(2, 3, bias=False)
    assert layer.bias is None
    assert list(layer.state_dict()) == ["weight"]
    layer.bias = nn.Parameter(tg.zeros(3))
    assert list(layer.state_dict()) == ["weight", "bias"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("weight", 3, r"cannot assign 'int' as parameter 'weight' \(nn.Parameter or None expected\)"),
        (
            "weight",
            tg.ones(1),
            r"cannot assign 'torch.FloatTensor' as parameter 'weight' .* Wrap it: nn.Parameter",
        ),
        ("child", "text", r"cannot assign 'str' as child module 'child' \(nn.Module or None expected\)"),
        ("buffer", "text", r"cannot assign 'str' as buffer 'buffer' \(Tensor, Buffer or None expected\)"),
    ],
)
def test_wrong_kinds_are_refused(name, value, message):
    net = nn.Module()
    net.weight = nn.Parameter(tg.ones(1))
    net.child = nn.Identity()
    net.register_buffer("buffer", tg.ones(1))
    with pytest.raises(TypeError, match=message):
        setattr(net, name, value)


def test_assigning_before_init_is_refused():
    class Early(nn.Module):
        def __init__(self, value):
            self.x = value

    with pytest.raises(AttributeError, match=r"cannot assign module before Module.__init__\(\) call"):
        Early(nn.Identity())
    with pytest.raises(AttributeError, match=r"cannot assign parameters before Module.__init__\(\) call.*super"):
        Early(nn.Parameter(tg.ones(1)))


def test_registration_checks_names():
    net = Net()
    with pytest.raises(KeyError, match=r"parameter name can.*t contain"):
        net.register_parameter("a.b", None)
    with pytest.raises(KeyError, match=r"parameter name can.*t be empty string"):
        net.register_parameter("", None)
    with pytest.raises(KeyError, match="attribute 'hidden' already exists"):
        net.register_parameter("hidden", None)
    with pytest.raises(TypeError, match=r"buffer name should be a string. Got int"):
        net.register_buffer(3, None)
    with pytest.raises(TypeError, match="cannot assign 'int' object to parameter 'p'"):
        net.register_parameter("p", 3)
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        net.add_module("m", 3)
    with pytest.raises(KeyError, match="attribute 'forward' already exists"):
        net.add_module("forward", nn.Identity())


def test_missing_attribute_names_the_near_one():
    net = Net()
    with pytest.raises(AttributeError, match=r"^'Net' object has no attribute 'hiden'\. Did you mean 'hidden'\?$"):
        _ = net.hiden
    with pytest.raises(AttributeError, match=r"^'Net' object has no attribute 'qqqqqq'$"):
        _ = net.qqqqqq
    assert "hidden" in dir(net)
    assert "seen" in dir(net)
    assert "0" not in dir(nn.Sequential(net))


def test_missing_attribute_inside_a_property_is_told():
    class WithProperty(nn.Module):
        @property
        def size(self):
            return self.nothing

    with pytest.raises(AttributeError, match="'WithProperty' object has no attribute 'size': the property"):
        _ = WithProperty().size


def test_missing_forward():
    class Typo(nn.Module):
        def foward(self, x):
            return x

    with pytest.raises(NotImplementedError, match=r'Module \[Typo\] is missing the required "forward".*\'foward\''):
        Typo()(1)


def test_submodule_paths():
    net = nn.Sequential(OrderedDict(body=nn.Sequential(nn.Linear(2, 3), nn.Identity())))
    assert net.get_submodule("body.0") is net.body[0]
    assert net.get_submodule("") is net
    assert net.get_parameter("body.0.bias") is net.body[0].bias
    net.body.register_buffer("mean", tg.zeros(1))
    assert net.get_buffer("body.mean") is net.body.mean
    with pytest.raises(AttributeError, match=r"Sequential has no attribute `bdy`. Did you mean 'body'?"):
        net.get_submodule("bdy.0")
    with pytest.raises(AttributeError, match=r"`weight` is not an nn.Module"):
        net.get_submodule("body.0.weight")
    with pytest.raises(AttributeError, match=r"`0` is not an nn.Parameter"):
        net.get_parameter("body.0")
    with pytest.raises(AttributeError, match="`weight` is not a buffer"):
        net.get_buffer("body.0.weight")
    net.set_submodule("body.1", nn.Linear(3, 4))
    assert net.body[1].out_features == 4
    with pytest.raises(ValueError, match="without a target name"):
        net.set_submodule("", nn.Identity())
    with pytest.raises(AttributeError, match="Sequential has no attribute `7`"):
        net.set_submodule("body.7", nn.Identity(), strict=True)


def test_layers_in_a_plain_list_are_warned_of():
    class Listed(nn.Module):
        def __init__(self, layers):
            super().__init__()
            self.layers = layers

    with pytest.warns(
        UserWarning, match=r"Listed.layers is a plain list of Modules.*self.layers = nn.ModuleList"
    ) as seen:
        Listed([nn.Linear(1, 1), nn.Linear(1, 1)])
    assert len(seen) == 1
    assert seen[0].filename == __file__
    with pytest.warns(UserWarning, match=r"plain dict of Parameters.*nn.ParameterDict"):
        Listed({"a": nn.Parameter(tg.ones(1))})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Listed([1, 2, tg.ones(1)])
        Listed(nn.ModuleList([nn.Identity()]))
        net = Net()
        net.both = [net.hidden, net.output]  # registered already


# --- all of it ---------------------------------------------------------------------------------------------------


def test_train_and_eval():
    net = nn.Sequential(nn.Dropout(), nn.Sequential(nn.Dropout()))
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert net.train() is net
    assert all(module.training for module in net.modules())
    with pytest.raises(ValueError, match="training mode is expected to be boolean"):
        net.train("yes")


def test_requires_grad_and_zero_grad():
    net = Net()
    net(tg.ones(4, 2)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all((p.grad == 0).all() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.requires_grad_(False) is net
    assert not net(tg.ones(1, 2)).requires_grad


def test_apply_goes_bottom_up():
    seen = []
    net = nn.Sequential(nn.Identity(), nn.Sequential(nn.Linear(1, 1)))
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["Identity", "Linear", "Sequential", "Sequential"]


def test_conversion_keeps_the_parameters():
    net = Net()
    net.register_buffer("count", tg.tensor(3))
    parameters = list(net.parameters())
    net(tg.ones(1, 2)).sum().backward()
    assert net.double() is net
    assert all(new is old for new, old in zip(net.parameters(), parameters, strict=True))
    assert {p.dtype for p in net.parameters()} == {p.grad.dtype for p in net.parameters()} == {tg.float64}
    assert net.seen.dtype is tg.float64
    assert net.count.dtype is tg.int64
    assert net(tg.ones(1, 2, dtype=tg.float64)).dtype is tg.float64
    assert net.half().scale.dtype is tg.float16
    assert net.float().scale.dtype is tg.float32
    assert net.to(tg.float64).scale.dtype is tg.float64
    assert net.to("cpu", tg.float32).scale.dtype is tg.float32
    assert net.to(tg.ones(1, dtype=tg.float64)).scale.dtype is tg.float64
    assert net.to(device="cpu", dtype=tg.float32).scale.dtype is tg.float32
    assert net.cpu() is net
    assert net.type(tg.float64).count.dtype is tg.float64
    with pytest.raises(TypeError, match="only accepts floating point or complex dtypes, but got desired dtype="):
        net.to(tg.int64)
    with pytest.raises(RuntimeError, match="CPU only"):
        net.cuda()
    with pytest.raises(RuntimeError):
        net.to("cuda")


# --- copies ------------------------------------------------------------------------------------------------------


def test_deepcopy_and_pickle():
    net = Net()
    net(tg.ones(1, 2)).sum().backward()
    for made in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert repr(made) == repr(net)
        for (name, new), (_, old) in zip(made.named_parameters(), net.named_parameters(), strict=True):
            assert isinstance(new, nn.Parameter), name
            assert new.requires_grad
            assert new is not old
            assert new.grad is None  # as in PyTorch
            np.testing.assert_array_equal(new.detach().numpy(), old.detach().numpy())
        assert made(tg.ones(1, 2)).item() == net(tg.ones(1, 2)).item()


def test_parameter():
    data = tg.ones(2)
    parameter = nn.Parameter(data)
    assert repr(parameter) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert parameter.is_leaf
    assert parameter.data_ptr() == data.data_ptr()
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    with tg.no_grad():
        assert nn.Parameter(data).requires_grad
    assert nn.Parameter().shape == (0,)
    assert type(parameter * 1) is tg.Tensor
    with pytest.raises(RuntimeError, match="only Tensors of floating point"):
        nn.Parameter(tg.tensor([1]))
    with pytest.raises(TypeError, match="argument 'data' must be Tensor, not list"):
        nn.Parameter([1.0])


# --- state -------------------------------------------------------------------------------------------------------


def test_state_dict():
    net = Net()
    state = net.state_dict()
    assert isinstance(state, OrderedDict)
    assert list(state) == ["scale", "seen", "hidden.weight", "hidden.bias", "output.weight"]
    assert not any(value.requires_grad for value in state.values())
    assert state["scale"].data_ptr() == net.scale.data_ptr()
    assert net.state_dict(keep_vars=True)["scale"] is net.scale
    assert list(net.hidden.state_dict(prefix="p.")) == ["p.weight", "p.bias"]


def test_load_state_dict_copies():
    first, second = Net(), Net()
    keys = second.load_state_dict(first.state_dict())
    assert repr(keys) == str(keys) == "<All keys matched successfully>"
    assert keys.missing_keys == []
    for old, new in zip(first.parameters(), second.parameters(), strict=True):
        assert new.data_ptr() != old.data_ptr()
        np.testing.assert_array_equal(new.detach().numpy(), old.detach().numpy())
    version = second.scale._version
    second.load_state_dict({key: value.numpy().astype(np.float64) for key, value in first.state_dict().items()})
    assert second.scale.dtype is tg.float32
    assert second.scale._version > version


def test_load_state_dict_reports_everything_and_changes_nothing():
    net = Net()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    state = {key: value + 1 for key, value in net.state_dict().items()}
    state["hidden.wieght"] = state.pop("hidden.weight")
    state["output.weight"] = tg.zeros(1, 4)
    with pytest.raises(RuntimeError) as error:
        net.load_state_dict(state)
    assert str(error.value) == (
        "Error(s) in loading state_dict for Net:\n"
        '\tMissing key(s) in state_dict: "hidden.weight". \n'
        '\tUnexpected key(s) in state_dict: "hidden.wieght". \n'
        "\tsize mismatch for output.weight: copying a param with shape torch.Size([1, 4]) from checkpoint, "
        "the shape in current model is torch.Size([1, 3]).\n"
        '\tDid you mean "hidden.weight" by "hidden.wieght"?'
    )
    assert all((value == before[key]).all() for key, value in net.state_dict().items())
    with pytest.raises(RuntimeError, match="size mismatch"):  # also when not strict
        net.load_state_dict(state, strict=False)
    del state["output.weight"]
    keys = net.load_state_dict(state, strict=False)
    assert keys.missing_keys == ["hidden.weight", "output.weight"]
    assert keys.unexpected_keys == ["hidden.wieght"]
    assert repr(keys) == (
        "_IncompatibleKeys(missing_keys=['hidden.weight', 'output.weight'], unexpected_keys=['hidden.wieght'])"
    )
    assert (net.scale == 2).all()


def test_load_state_dict_names_a_prefix():
    net = Net()
    state = {f"module.{key}": value for key, value in net.state_dict().items()}
    with pytest.raises(RuntimeError, match=r'All unexpected keys begin with "module."'):
        net.load_state_dict(state)
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'list'>"):
        net.load_state_dict([])
    with pytest.raises(RuntimeError, match=r"expected torch.Tensor or Tensor-like object from checkpoint but received"):
        net.load_state_dict({**net.state_dict(), "scale": 3})


def test_load_state_dict_assign():
    net = Net()
    state = {key: tg.ones(*value.shape, dtype=tg.float64) for key, value in net.state_dict().items()}
    net.scale.requires_grad_(False)
    net.load_state_dict(state, assign=True)
    assert net.scale.dtype is tg.float64
    assert net.scale.data_ptr() == state["scale"].data_ptr()
    assert isinstance(net.scale, nn.Parameter)
    assert not net.scale.requires_grad
    assert net.hidden.bias.requires_grad
    assert net.seen is state["seen"]


def test_extra_state():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.calls = 3

        def get_extra_state(self):
            return {"calls": self.calls}

        def set_extra_state(self, state):
            self.calls = state["calls"]

    net = nn.Sequential(Counting())
    state = net.state_dict()
    assert list(state) == ["0._extra_state"]
    net[0].calls = 0
    net.load_state_dict(state)
    assert net[0].calls == 3
    with pytest.raises(RuntimeError, match=r'Missing key.*"0._extra_state"'):
        net.load_state_dict({})


def test_state_dict_hooks():
    net = nn.Sequential(nn.Linear(1, 1))
    handles = [
        net[0].register_state_dict_pre_hook(lambda module, prefix, keep_vars: seen.append(prefix)),
        net[0].register_state_dict_post_hook(
            lambda module, state, prefix, metadata: state.pop(prefix + "bias") and None
        ),
    ]
    seen = []
    assert list(net.state_dict()) == ["0.weight"]
    assert seen == ["0."]
    for handle in handles:
        handle.remove()
    assert list(net.state_dict()) == ["0.weight", "0.bias"]

    def rename(module, state, prefix, metadata, strict, missing, unexpected, errors):
        state[prefix + "bias"] = state.pop(prefix + "b")

    state = net.state_dict()
    state["0.b"] = state.pop("0.bias")
    with net[0].register_load_state_dict_pre_hook(rename):
        net.load_state_dict(state)
    assert "0.b" in state  # the hook got a copy
    with net.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear()):
        net.load_state_dict({"0.weight": tg.ones(1, 1)})
    assert net[0].weight.item() == 1


# --- hooks -------------------------------------------------------------------------------------------------------


def test_forward_hooks():
    layer = nn.Identity()
    log = []
    first = layer.register_forward_pre_hook(lambda module, args: log.append("pre") or (args[0] + 1,))
    layer.register_forward_pre_hook(lambda module, args: log.append("first"), prepend=True)
    layer.register_forward_hook(lambda module, args, output: log.append("post") or output * 10)
    assert layer(tg.ones(1)).item() == 20
    assert log == ["first", "pre", "post"]
    first.remove()
    first.remove()
    assert layer(tg.ones(1)).item() == 10


def test_forward_hooks_with_keywords():
    net = Net()
    with net.register_forward_pre_hook(lambda module, args, kwargs: (args, {"extra": 100.0}), with_kwargs=True):
        assert net(tg.ones(1, 2)).item() > 50
    with net.register_forward_hook(lambda module, args, kwargs, output: kwargs["extra"], with_kwargs=True):
        assert net(tg.ones(1, 2), extra=7) == 7
    net.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        net(tg.ones(1, 2))


def test_always_called_hooks():
    class Failing(nn.Module):
        def forward(self, x):
            raise ValueError("no")

    net, log = Failing(), []
    net.register_forward_hook(lambda module, args, output: log.append("sometimes"))
    net.register_forward_hook(lambda module, args, output: log.append(output), always_call=True)
    with pytest.raises(ValueError, match="no"):
        net(1)
    assert log == [None]


def test_full_backward_hooks():
    layer = nn.Linear(2, 1, bias=False)
    with tg.no_grad():
        layer.weight.copy_(tg.tensor([[2.0, 3.0]]))
    log = []
    layer.register_full_backward_pre_hook(lambda module, grad_output: (grad_output[0] * 10,))

    def record(module, grad_input, grad_output):
        log.append((grad_input[0].tolist(), grad_output[0].tolist()))
        return (grad_input[0] + 1,)

    handle = layer.register_full_backward_hook(record)
    x = tg.ones(1, 2, requires_grad=True)
    layer(x).sum().backward()
    assert log == [([[20.0, 30.0]], [[10.0]])]
    assert x.grad.tolist() == [[21.0, 31.0]]
    assert layer.weight.grad.tolist() == [[10.0, 10.0]]
    handle.remove()
    x.grad = None
    layer(x).sum().backward()
    assert len(log) == 1
    assert x.grad.tolist() == [[20.0, 30.0]]


def test_full_backward_hook_of_several():
    class Two(nn.Module):
        def forward(self, x, number, y):
            return x * number, y

    net, log = Two(), []
    net.register_full_backward_hook(lambda module, inputs, outputs: log.append((inputs, outputs)))
    x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    a, b = net(x, 3.0, y)
    (a.sum() + 5 * b.sum()).backward()
    ((inputs, outputs),) = log
    assert inputs[1] is None
    assert inputs[0].tolist() == [3, 3]
    assert inputs[2].tolist() == [5, 5]
    assert outputs[0].tolist() == [1, 1]
    assert x.grad.tolist() == [3, 3]


def test_full_backward_hook_without_input_gradients():
    layer, log = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda module, inputs, outputs: log.append((inputs, outputs[0].shape)))
    layer(tg.ones(3, 2)).sum().backward()
    assert log == [((None,), (3, 1))]
    with tg.no_grad():
        layer(tg.ones(3, 2))
    assert len(log) == 1


def test_in_place_modules_are_refused_under_a_backward_hook():
    class Doubling(nn.Module):
        def forward(self, x):
            return x.mul_(2)

    net = Doubling()
    net.register_full_backward_hook(lambda *_: None)
    with pytest.raises(RuntimeError, match="being modified inplace"):
        net(tg.ones(2, requires_grad=True) * 1)


# --- showing -----------------------------------------------------------------------------------------------------


def test_repr():
    net = nn.Sequential(
        nn.Linear(2, 3),
        nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3), nn.Sequential(nn.Identity())]),
        nn.ModuleDict({"a": nn.Dropout(0.1)}),
        nn.Sequential(),
    )
    assert repr(net) == (
        "Sequential(\n"
        "  (0): Linear(in_features=2, out_features=3, bias=True)\n"
        "  (1): ModuleList(\n"
        "    (0-1): 2 x Linear(in_features=3, out_features=3, bias=True)\n"
        "    (2): Sequential(\n"
        "      (0): Identity()\n"
        "    )\n"
        "  )\n"
        "  (2): ModuleDict(\n"
        "    (a): Dropout(p=0.1, inplace=False)\n"
        "  )\n"
        "  (3): Sequential()\n"
        ")"
    )

    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Identity()

        def extra_repr(self):
            return "one\ntwo"

    assert repr(Named()) == "Named(\n  one\n  two\n  (layer): Identity()\n)"


# --- containers --------------------------------------------------------------------------------------------------


def test_sequential():
    net = nn.Sequential(nn.Linear(1, 2), nn.Identity(), nn.Linear(2, 3))
    assert len(net) == 3
    assert net[-1].out_features == 3
    assert len(net[1:]) == 2
    assert list(net[1:]._modules) == ["1", "2"]
    net.append(nn.Linear(3, 4)).insert(1, nn.Dropout())
    assert [type(module).__name__ for module in net] == ["Linear", "Dropout", "Identity", "Linear", "Linear"]
    del net[1:3]
    assert list(net._modules) == ["0", "1", "2"]
    assert net(tg.ones(5, 1)).shape == (5, 4)
    net[2] = nn.Linear(3, 5)
    assert (net + nn.Sequential(nn.Identity()))(tg.ones(5, 1)).shape == (5, 5)
    net += nn.Sequential(nn.Identity())
    assert len(net) == 4
    assert type(net.pop(3)).__name__ == "Identity"
    assert len(net * 2) == len(2 * net) == 6
    named = nn.Sequential(OrderedDict(a=nn.Identity(), b=nn.Linear(1, 1)))
    assert list(named.state_dict()) == ["b.weight", "b.bias"]
    assert named.a is named[0]
    with pytest.raises(IndexError, match="index 5 is out of range"):
        net[5]
    with pytest.raises(ValueError, match="add operator supports only objects of Sequential class"):
        net + [nn.Identity()]
    with pytest.raises(TypeError, match=r"is not a Module subclass.*Sequential\(\*layers\)"):
        nn.Sequential([nn.Identity()])
    with pytest.raises(TypeError, match=r"Make one: Identity\(\)"):
        nn.Sequential(nn.Identity)
    with pytest.raises(IndexError, match="Index out of range: 9"):
        net.insert(9, nn.Identity())


def test_module_list():
    layers = nn.ModuleList([nn.Linear(1, 1)])
    layers.append(nn.Identity())
    layers += [nn.Dropout()]
    assert len(layers) == 3
    assert isinstance(layers[1:], nn.ModuleList)
    assert list(layers[1:]._modules) == ["0", "1"]
    assert len(layers + [nn.Identity()]) == 4
    del layers[0]
    assert [type(layer).__name__ for layer in layers] == ["Identity", "Dropout"]
    layers.insert(0, nn.Linear(1, 1))
    assert list(layers.state_dict()) == ["0.weight", "0.bias"]
    with pytest.raises(NotImplementedError, match='missing the required "forward"'):
        layers(1)
    with pytest.raises(TypeError, match="should be called with an iterable, but got int"):
        layers.extend(3)


def test_module_dict():
    layers = nn.ModuleDict([("a", nn.Linear(1, 1)), ("b", nn.Identity())])
    assert "a" in layers
    assert len(layers) == 2
    assert list(layers.keys()) == ["a", "b"]
    layers["c"] = nn.Identity()
    assert type(layers.pop("c")).__name__ == "Identity"
    layers.update({"d": nn.Identity()})
    del layers["a"]
    assert [name for name, _ in layers.items()] == ["b", "d"]
    assert len(list(layers.values())) == 2
    layers.clear()
    assert not len(layers)
    with pytest.raises(ValueError, match="has length 1; 2 is required"):
        layers.update([("a",)])
    with pytest.raises(KeyError):
        layers["missing"]


def test_parameter_containers():
    items = nn.ParameterList([tg.ones(2), nn.Parameter(tg.zeros(3, 1)), 7])
    assert [name for name, _ in items.named_parameters()] == ["0", "1"]
    assert items[2] == 7
    assert len(items) == 3
    items.append(tg.ones(1))
    items[0] = tg.zeros(4)
    assert items[0].shape == (4,)
    assert isinstance(items[0], nn.Parameter)
    assert len(items[1:]) == 3
    assert repr(nn.ParameterList([tg.ones(2, 3), 7])) == (
        "ParameterList(\n    (0): Parameter containing: [torch.float32 of size 2x3]\n"
        "    (1): Object of type: int\n)"
    )
    table = nn.ParameterDict({"b": tg.ones(1), "a": tg.ones(2)})
    assert list(table) == ["a", "b"]
    assert "a" in table
    assert table.get("z") is None
    assert list((table | {"c": tg.ones(1)}).keys()) == ["a", "b", "c"]
    assert table.popitem()[0] == "b"
    assert table.setdefault("d", tg.ones(1)) is table["d"]
    assert repr(table) == (
        "ParameterDict(\n    (a): Parameter containing: [torch.FloatTensor of size 2]\n"
        "    (d): Parameter containing: [torch.FloatTensor of size 1]\n)"
    )
    with pytest.raises(RuntimeError, match="should not be called"):
        table()
