"""Layers: what they compute, how they show themselves, and whole networks beside PyTorch's."""

import importlib
import pickle

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn

# Every layer, as it is written and as PyTorch shows it. {} is the package's nn.
LAYERS = {
    "nn.Linear(2, 3)": "Linear(in_features=2, out_features=3, bias=True)",
    "nn.Linear(2, 3, bias=False)": "Linear(in_features=2, out_features=3, bias=False)",
    "nn.Bilinear(2, 3, 4)": "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)",
    "nn.Identity(3, unused=4)": "Identity()",
    "nn.Flatten()": "Flatten(start_dim=1, end_dim=-1)",
    "nn.Unflatten(1, (2, 5))": "Unflatten(dim=1, unflattened_size=(2, 5))",
    "nn.Dropout()": "Dropout(p=0.5, inplace=False)",
    "nn.Embedding(5, 3)": "Embedding(5, 3)",
    "nn.Embedding(5, 3, padding_idx=-1, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True, sparse=True)":
        "Embedding(5, 3, padding_idx=4, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True, sparse=True)",
    "nn.ReLU()": "ReLU()",
    "nn.ReLU(inplace=True)": "ReLU(inplace=True)",
    "nn.ReLU6()": "ReLU6()",
    "nn.ReLU6(True)": "ReLU6(inplace=True)",
    "nn.LeakyReLU(0.2, inplace=True)": "LeakyReLU(negative_slope=0.2, inplace=True)",
    "nn.PReLU(10)": "PReLU(num_parameters=10)",
    "nn.RReLU()": "RReLU(lower=0.125, upper=0.3333333333333333)",
    "nn.Hardtanh()": "Hardtanh(min_val=-1.0, max_val=1.0)",
    "nn.Threshold(0.1, 20, True)": "Threshold(threshold=0.1, value=20, inplace=True)",
    "nn.ELU()": "ELU(alpha=1.0)",
    "nn.CELU(0.5, True)": "CELU(alpha=0.5, inplace=True)",
    "nn.SELU()": "SELU()",
    "nn.GELU()": "GELU(approximate='none')",
    "nn.GELU('tanh')": "GELU(approximate='tanh')",
    "nn.GLU()": "GLU(dim=-1)",
    "nn.SiLU()": "SiLU()",
    "nn.Mish(True)": "Mish(inplace=True)",
    "nn.Softplus()": "Softplus(beta=1.0, threshold=20.0)",
    "nn.Sigmoid()": "Sigmoid()",
    "nn.Tanh()": "Tanh()",
    "nn.LogSigmoid()": "LogSigmoid()",
    "nn.Hardsigmoid()": "Hardsigmoid()",
    "nn.Hardswish()": "Hardswish()",
    "nn.Softsign()": "Softsign()",
    "nn.Tanhshrink()": "Tanhshrink()",
    "nn.Softshrink()": "Softshrink(0.5)",
    "nn.Hardshrink(0.3)": "Hardshrink(0.3)",
    "nn.Softmax(dim=1)": "Softmax(dim=1)",
    "nn.LogSoftmax(1)": "LogSoftmax(dim=1)",
    "nn.Softmin(1)": "Softmin(dim=1)",
    "nn.CrossEntropyLoss()": "CrossEntropyLoss()",
    "nn.NLLLoss()": "NLLLoss()",
    "nn.MSELoss()": "MSELoss()",
    "nn.L1Loss(reduction='sum')": "L1Loss()",
    "nn.SmoothL1Loss(beta=2)": "SmoothL1Loss()",
    "nn.HuberLoss(delta=2)": "HuberLoss()",
    "nn.BCELoss()": "BCELoss()",
    "nn.BCEWithLogitsLoss()": "BCEWithLogitsLoss()",
    "nn.KLDivLoss(log_target=True)": "KLDivLoss()",
}  # fmt: skip
NOT_ON_ONE_FLOAT = ("Linear(", "Bilinear", "Embedding", "Unflatten", "Loss", "RReLU")


@pytest.mark.parametrize(("source", "text"), LAYERS.items())
def test_repr_and_pickle(source, text):
    layer = eval(source)
    assert repr(layer) == text
    assert repr(pickle.loads(pickle.dumps(layer))) == text


@pytest.mark.parametrize("source", LAYERS)
def test_repr_and_state_like_torch(source):
    torch = pytest.importorskip("torch")
    mine, theirs = eval(source), eval(source, {"nn": torch.nn})
    assert repr(mine) == repr(theirs)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    assert mine.training
    assert [tuple(p.shape) for p in mine.parameters()] == [tuple(p.shape) for p in theirs.parameters()]


@pytest.mark.parametrize("source", [s for s in LAYERS if not any(name in s for name in NOT_ON_ONE_FLOAT)])
def test_values_and_gradients_like_torch(source):
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(0).normal(size=(4, 10)).astype(np.float32) * 3
    found = []
    for package in (tg, torch):
        package.manual_seed(5)
        layer = eval(source, {"nn": package.nn if package is torch else nn})
        x = package.tensor(values.tolist(), requires_grad=True)
        y = layer(x * 1)
        (y * y).sum().backward()
        found.append([y.detach().numpy(), x.grad.numpy(), *[p.grad.numpy() for p in layer.parameters()]])
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("training", [True, False])
def test_rrelu_draws_like_torch(training):
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    found = []
    for package, names in ((tg, nn), (torch, torch.nn)):
        package.manual_seed(5)
        layer = names.RReLU().train(training)
        x = package.tensor(values.tolist(), requires_grad=True)
        y = layer(x)
        y.sum().backward()
        found.append((y.detach().numpy(), x.grad.numpy()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)


def test_inplace_activations_write_into_their_input():
    for layer in (nn.ReLU(True), nn.LeakyReLU(inplace=True), nn.ELU(inplace=True), nn.SiLU(True), nn.Hardswish(True),
                  nn.Threshold(0.0, 1.0, True), nn.Hardtanh(inplace=True), nn.RReLU(inplace=True).eval()):  # fmt: skip
        x = tg.tensor([-1.0, 2.0], requires_grad=True)
        y = x * 1
        z = layer(y)
        assert z is y
        z.sum().backward()
        plain = tg.tensor([-1.0, 2.0], requires_grad=True)
        layer.inplace = False
        layer(plain).sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), plain.grad.numpy())
        layer.inplace = True
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            layer(x)


LOSSES = {
    "nn.MSELoss()": "pairs",
    "nn.L1Loss()": "pairs",
    "nn.SmoothL1Loss(beta=0.5)": "pairs",
    "nn.HuberLoss(reduction='sum', delta=0.5)": "pairs",
    "nn.BCELoss()": "shares",
    "nn.BCEWithLogitsLoss(pos_weight=tensor([1.0, 2.0, 3.0]))": "shares",
    "nn.KLDivLoss(reduction='batchmean')": "shares",
    "nn.CrossEntropyLoss(weight=tensor([1.0, 2.0, 3.0]), label_smoothing=0.1)": "classes",
    "nn.CrossEntropyLoss(ignore_index=1, reduction='none')": "classes",
    "nn.NLLLoss(weight=tensor([1.0, 2.0, 3.0]))": "classes",
}


@pytest.mark.parametrize(("source", "kind"), LOSSES.items())
def test_losses_like_torch(source, kind):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    inputs = rng.uniform(0.1, 0.9, (5, 3)).astype(np.float32)
    targets = rng.integers(0, 3, 5) if kind == "classes" else rng.uniform(0.1, 0.9, (5, 3)).astype(np.float32)
    found = []
    for package, names in ((tg, nn), (torch, torch.nn)):
        loss = eval(source, {"nn": names, "tensor": package.tensor})
        x = package.tensor(inputs.tolist(), requires_grad=True)
        value = loss(x, package.tensor(targets.tolist()))
        value.sum().backward()
        found.append((value.detach().numpy(), x.grad.numpy(), list(loss.state_dict())))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-5, atol=1e-7)
    assert found[0][2] == found[1][2]


def test_old_reduction_options():
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        loss = nn.MSELoss(size_average=False)
    assert loss.reduction == "sum"
    with pytest.warns(UserWarning, match="reduction='none'"):
        assert nn.CrossEntropyLoss(reduce=False).reduction == "none"


def test_linear():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": np.array([[2.0, 3.0]]), "bias": np.array([1.0])})
    assert layer(tg.tensor([[1.0, 1.0], [0.0, 1.0]])).tolist() == [[6.0], [4.0]]
    weight = layer.weight.detach() * 2
    del layer.weight
    layer.weight = weight
    assert layer(tg.tensor([1.0, 1.0])).tolist() == [11.0]
    layer = nn.Linear(2, 1)
    assert nn.Linear(2, 1, dtype=tg.float64)(tg.ones(3, 4, 2, dtype=tg.float64)).dtype is tg.float64
    with pytest.raises(RuntimeError, match=r"mat1 and mat2 shapes cannot be multiplied \(1x3 and 2x1\)"):
        layer(tg.ones(1, 3))
    with pytest.raises(RuntimeError, match="negative dimension"):
        nn.Linear(-1, 2)
    with pytest.raises(RuntimeError):
        nn.Linear(1, 2, device="cuda")


def test_bilinear():
    layer = nn.Bilinear(2, 3, 4)
    x, y = tg.randn(5, 2), tg.randn(5, 3)
    expected = np.einsum("bi,kij,bj->bk", x.numpy(), layer.weight.detach().numpy(), y.numpy())
    np.testing.assert_allclose(
        layer(x, y).detach().numpy(), expected + layer.bias.detach().numpy(), rtol=1e-4, atol=1e-5
    )
    with pytest.raises(RuntimeError, match="do not fit a weight"):
        layer(y, x)


def test_shapes():
    assert nn.Flatten(0, 1)(tg.ones(2, 3, 4)).shape == (6, 4)
    assert nn.Unflatten(-1, [2, 2])(tg.ones(3, 4)).shape == (3, 2, 2)
    with pytest.raises(TypeError, match="must be a tuple of ints, but found type int"):
        nn.Unflatten(1, 4)
    with pytest.raises(TypeError, match="found element of type float at pos 1"):
        nn.Unflatten(1, (2, 2.0))


def test_dropout():
    layer = nn.Dropout(0.25)
    x = tg.ones(10000)
    kept = layer(x)
    assert set(kept.tolist()) == {0.0, kept.max().item()}
    assert abs(kept.mean().item() - 1) < 0.05
    assert layer.eval()(x) is x
    with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1, but got 2"):
        nn.Dropout(2)


def test_embedding():
    table = nn.Embedding(4, 2, padding_idx=-1)
    assert table.padding_idx == 3
    assert table.weight[3].tolist() == [0, 0]
    table(tg.tensor([0, 3, 0])).sum().backward()
    assert table.weight.grad.tolist() == [[2, 2], [0, 0], [0, 0], [0, 0]]
    fixed = nn.Embedding.from_pretrained(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert not fixed.weight.requires_grad
    assert fixed(tg.tensor(1)).tolist() == [3, 4]
    assert nn.Embedding.from_pretrained(fixed.weight, freeze=False).weight.requires_grad
    with pytest.raises(AssertionError, match="Padding_idx must be within num_embeddings"):
        nn.Embedding(4, 2, padding_idx=4)
    with pytest.raises(IndexError, match="index out of range in self"):
        table(tg.tensor([4]))


def test_softmax2d():
    image = nn.Softmax2d()(tg.zeros(2, 4, 3, 3))
    assert (image == 0.25).all()
    with pytest.raises(ValueError, match="expected input to be 3D or 4D, got 2D instead"):
        nn.Softmax2d()(tg.zeros(2, 2))


def test_distances():
    torch = pytest.importorskip("torch")
    a, b = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    for name, options in [("normalize", {"p": 1.0, "dim": 0}), ("cosine_similarity", {"dim": 0}),
                          ("cosine_similarity", {}), ("pairwise_distance", {"p": 1.0, "keepdim": True})]:  # fmt: skip
        found = []
        for package, functional in ((tg, nn.functional), (torch, torch.nn.functional)):
            x, y = package.tensor(a.tolist(), requires_grad=True), package.tensor(b.tolist())
            z = getattr(functional, name)(*([x] if name == "normalize" else [x, y]), **options)
            (z * z).sum().backward()
            found.append((z.detach().numpy(), x.grad.numpy()))
        np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-4, atol=1e-6)


# --- utilities ---------------------------------------------------------------------------------------------------


def with_gradients(package, gradients):
    made = []
    for gradient in gradients:
        x = package.tensor(np.zeros_like(gradient).tolist(), requires_grad=True)
        x.grad = package.tensor(gradient.tolist())
        made.append(x)
    return made


GRADIENTS = [np.array([3.0, -4.0], np.float32), np.array([[12.0, 0.0]], np.float32)]


def test_clip_grad_norm():
    parameters = with_gradients(tg, GRADIENTS)
    total = nn.utils.clip_grad_norm_(parameters, 6.5)
    assert total.item() == 13
    assert not total.requires_grad
    np.testing.assert_allclose(parameters[0].grad.numpy(), [1.5, -2.0], rtol=1e-6)
    assert nn.utils.clip_grad_norm_(iter(parameters), 100.0).item() == pytest.approx(6.5)
    assert nn.utils.clip_grad_norm_(parameters[0], 100.0, norm_type=float("inf")).item() == pytest.approx(2)
    assert nn.utils.clip_grad_norm_([tg.ones(1)], 1.0).item() == 0
    parameters[0].grad = tg.tensor([float("nan"), 1.0])
    with pytest.raises(RuntimeError, match=r"The total norm of order 2\.0 for gradients .* is non-finite"):
        nn.utils.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    with pytest.warns(UserWarning, match="`parameters` is an empty generator"):
        nn.utils.clip_grad_norm_((p for p in ()), 1.0)


def test_clip_grad_value():
    parameters = with_gradients(tg, GRADIENTS)
    assert nn.utils.clip_grad_value_(parameters, 3) is None
    assert [p.grad.tolist() for p in parameters] == [[3, -3], [[3, 0]]]


@pytest.mark.parametrize("norm_type", [1, 2, 3.5, float("inf"), 0])
@pytest.mark.parametrize("bound", [0.5, 1000.0])
def test_clip_grad_norm_like_torch(norm_type, bound):
    torch = pytest.importorskip("torch")
    mine, theirs = with_gradients(tg, GRADIENTS), with_gradients(torch, GRADIENTS)
    total = nn.utils.clip_grad_norm_(mine, bound, norm_type).item()
    assert total == pytest.approx(torch.nn.utils.clip_grad_norm_(theirs, bound, norm_type).item(), rel=1e-6)
    for x, y in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-6)


@pytest.mark.parametrize("types", [("f4", "f8"), ("f8", "f4"), ("f2", "f4"), ("c8", "f4"), ("f2", "f2")])
def test_clip_grad_norm_of_several_types_like_torch(types):
    torch = pytest.importorskip("torch")
    found = []
    for package in (tg, torch):
        leaves = []
        for gradient, kind in zip(GRADIENTS, types, strict=True):
            leaf = package.from_numpy(np.zeros(gradient.shape, kind)).requires_grad_()
            leaf.grad = package.from_numpy(gradient.astype(kind))
            leaves.append(leaf)
        found.append((package.nn.utils.clip_grad_norm_(leaves, 2.0), [leaf.grad.numpy() for leaf in leaves]))
    (total, mine), (expected, theirs) = found
    assert str(total.dtype) == str(expected.dtype)
    assert total.item() == pytest.approx(expected.item(), rel=1e-3)
    for x, y in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(x, y, rtol=2e-3 if "f2" in types else 1e-6)


def test_clip_grad_norm_with_nan_like_torch():
    torch = pytest.importorskip("torch")
    bad = [np.array([np.nan, 1.0], np.float32), np.array([2.0], np.float32)]
    mine, theirs = with_gradients(tg, bad), with_gradients(torch, bad)
    nn.utils.clip_grad_norm_(mine, 1.0)
    torch.nn.utils.clip_grad_norm_(theirs, 1.0)
    for x, y in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(x.grad.numpy(), y.grad.numpy())


def test_parameters_as_a_vector():
    net = nn.Linear(2, 2)
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (6,)
    assert vector.requires_grad
    new = tg.arange(6.0)
    nn.utils.vector_to_parameters(new, net.parameters())
    assert net.weight.tolist() == [[0, 1], [2, 3]]
    assert net.bias.tolist() == [4, 5]
    assert net.weight.is_leaf
    with pytest.raises(TypeError, match="expected"):
        nn.utils.vector_to_parameters([1.0], net.parameters())


def test_layers_stand_where_pytorch_has_them():
    torch = pytest.importorskip("torch")
    for name in nn.__all__:
        theirs = getattr(torch.nn, name, None)
        if isinstance(theirs, type) and theirs.__module__.startswith("torch.nn.modules."):
            module = importlib.import_module(f"tinygrad_nn{theirs.__module__.removeprefix('torch')}")
            assert getattr(module, name) is getattr(nn, name), name
            assert getattr(nn.modules, name) is getattr(nn, name)


def test_names_that_layers_of_programs_import():
    from tinygrad_nn.functional import F, einsum
    from tinygrad_nn.nn.common_types import _ratio_2_t, _size_2_t
    from tinygrad_nn.nn.init import _calculate_correct_fan
    from tinygrad_nn.nn.modules.transformer import _get_activation_fn, _get_clones
    from tinygrad_nn.types import Device, Number, _size

    assert F is nn.functional
    assert einsum is tg.einsum
    assert str(_size_2_t) == "int | tuple[int, int]"
    assert str(_ratio_2_t) == "float | tuple[float, float]"
    assert _calculate_correct_fan(tg.ones(3, 4, 5), "fan_in") == 20
    assert _get_activation_fn("gelu") is F.gelu
    assert len(_get_clones(nn.Linear(1, 1), 3)) == 3
    assert isinstance(2, Number)
    assert isinstance(tg.device("cpu"), Device)
    assert tuple[int, ...] in _size.__args__
    assert [F._Reduction.get_enum(name) for name in ("none", "mean", "sum")] == [0, 1, 2]
    with pytest.raises(ValueError, match="max is not a valid value for reduction"):
        F._Reduction.get_enum("max")
    for options, found in [((None, None), "mean"), ((False, None), "sum"), ((None, False), "none")]:
        with pytest.warns(UserWarning, match=f"please use reduction='{found}' instead"):
            assert F._Reduction.legacy_get_string(*options) == found


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_gradients_of_convolutions_as_functions(dims):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(dims)
    x, weight = rng.standard_normal((2, 4, *[7] * dims)), rng.standard_normal((6, 2, *[3] * dims))
    options = {"stride": 2, "padding": 1, "dilation": 1, "groups": 2}
    found = []
    for package in (tg, torch):
        inputs = [package.tensor(array) for array in (x, weight)]
        output = getattr(package.nn.functional, f"conv{dims}d")(*inputs, **options)
        gradient = package.ones_like(output).cumsum(-1).requires_grad_()
        of_x = getattr(package.nn.grad, f"conv{dims}d_input")(inputs[0].shape, inputs[1], gradient, **options)
        of_weight = getattr(package.nn.grad, f"conv{dims}d_weight")(inputs[0], inputs[1].shape, gradient, **options)
        (of_x.pow(2).sum() + of_weight.pow(2).sum()).backward()
        with package.no_grad():
            again = getattr(package.nn.grad, f"conv{dims}d_input")(inputs[0].shape, inputs[1], gradient, **options)
        assert not again.requires_grad
        found.append([tensor.detach().numpy() for tensor in (of_x, of_weight, gradient.grad, again)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def test_helpers_of_layers():
    from tinygrad_nn.nn.modules import utils

    assert utils._pair(3) == (3, 3)
    assert utils._triple([1, 2, 3]) == (1, 2, 3)
    assert utils._single(2) == (2,)
    assert utils._quadruple("ab") == ("a", "b")
    assert utils._reverse_repeat_tuple((1, 2), 2) == (2, 2, 1, 1)
    assert utils._list_with_default([None, 7], [1, 2, 3]) == [2, 7]
    with pytest.raises(ValueError, match="Input dimension should be at least 3"):
        utils._list_with_default([1, 2], [3])
    state = nn.DataParallel(nn.Linear(2, 1)).state_dict()
    utils.consume_prefix_in_state_dict_if_present(state, "module.")
    assert list(state) == ["weight", "bias"]
    assert list(state._metadata) == [""]
    nn.Linear(2, 1).load_state_dict(state)
    assert nn.modules.loss._Loss is nn.MSELoss.__mro__[1]


def test_factory_kwargs():
    assert nn.factory_kwargs(None) == {}
    assert nn.factory_kwargs({"dtype": tg.float64, "factory_kwargs": {"device": "cpu"}}) == {
        "device": "cpu", "dtype": tg.float64
    }  # fmt: skip
    with pytest.raises(TypeError, match="unexpected kwargs"):
        nn.factory_kwargs({"size": 3})
    with pytest.raises(TypeError, match=r"dtype specified twice, in \*\*kwargs and in factory_kwargs"):
        nn.factory_kwargs({"dtype": 1, "factory_kwargs": {"dtype": 2}})
