"""Models in JSON: written and made anew, by layers and arguments; what they do not describe; and hostile files."""

from __future__ import annotations

import inspect
import io
import itertools
import json
import os
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.serialization import load_json, save_json
from tinygrad_nn.serialization.description import build, describe


class Net(nn.Module):
    """A module of a program's own, whose arguments are attributes."""

    def __init__(
        self, sizes: list[int], p: float = 0.5, activation: Any = nn.functional.relu, name: str = "net"
    ) -> None:
        super().__init__()
        self.sizes, self.p, self.activation, self.name = sizes, p, activation, name
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))
        self.drop = nn.Dropout(p)
        self.register_buffer("seen", tg.zeros(1))

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = self.activation(layer(x))
        return self.drop(x)


def written(model: Any, **options: Any) -> str:
    file = io.StringIO()
    save_json(model, file, **options)
    return file.getvalue()


def read(text: Any, **options: Any) -> Any:
    return load_json(io.StringIO(text if isinstance(text, str) else json.dumps(text)), **options)


def assert_same(a: Any, b: Any) -> None:
    assert repr(a) == repr(b)
    mine, other = a.state_dict(), b.state_dict()
    assert list(mine) == list(other)
    for name in mine:
        assert mine[name].dtype == other[name].dtype
        assert (mine[name] == other[name]).all()


# --- layers ----------------------------------------------------------------------------------------------------------

LAYERS: list[Any] = [
    lambda: nn.Linear(3, 2),
    lambda: nn.Linear(3, 2, bias=False),
    lambda: nn.Linear(3, 2, dtype=tg.float64),
    lambda: nn.Bilinear(2, 3, 4),
    lambda: nn.Embedding(10, 3, padding_idx=2, max_norm=1.5),
    lambda: nn.Dropout(0.25),
    lambda: nn.ReLU(inplace=True),
    lambda: nn.LeakyReLU(0.2),
    lambda: nn.Hardtanh(-2.0, 3.0),
    lambda: nn.PReLU(3, init=0.1),
    lambda: nn.Softmax(dim=1),
    lambda: nn.GELU("tanh"),
    lambda: nn.Flatten(0, 1),
    lambda: nn.Unflatten(1, (2, 3)),
    lambda: nn.Identity(),
    lambda: nn.Threshold(0.1, 20),
    lambda: nn.Softplus(2, 30),
    lambda: nn.RReLU(0.1, 0.2),
    lambda: nn.CrossEntropyLoss(weight=tg.tensor([1.0, 2.5]), ignore_index=-5, label_smoothing=0.1),
    lambda: nn.BCEWithLogitsLoss(pos_weight=tg.ones(2)),
    lambda: nn.HuberLoss(delta=float("inf")),
    lambda: nn.L1Loss(reduction="sum"),
    lambda: nn.Sequential(),
    lambda: nn.Sequential(OrderedDict(a=nn.Linear(1, 2), b=nn.Sequential(nn.Tanh()))),
    lambda: nn.ModuleList([nn.Linear(1, 1), nn.ReLU()]),
    lambda: nn.ModuleDict({"x": nn.Linear(1, 1), "y": nn.Sigmoid()}),
]
OTHERS = {  # layers that are there or not
    "Conv1d": "(2, 4, 3, groups=2)",
    "Conv2d": "(2, 4, (3, 1), stride=2, padding='valid', bias=False)",
    "Conv3d": "(1, 2, 2)",
    "ConvTranspose2d": "(2, 4, 3, stride=2, output_padding=1)",
    "MaxPool2d": "(2, stride=(2, 1), padding=1)",
    "AvgPool2d": "(2, count_include_pad=False)",
    "AdaptiveAvgPool2d": "((1, None))",
    "BatchNorm1d": "(4, momentum=None)",
    "BatchNorm2d": "(4, affine=False)",
    "LayerNorm": "((4, 2), eps=1e-3)",
    "GroupNorm": "(2, 4)",
    "InstanceNorm2d": "(3)",
    "RMSNorm": "(5)",
    "Upsample": "(scale_factor=2, mode='nearest')",
    "ZeroPad2d": "((1, 2, 3, 4))",
    "PixelShuffle": "(2)",
    "RNN": "(3, 4, 2, nonlinearity='relu')",
    "LSTM": "(3, 4, 2, batch_first=True, dropout=0.1, bidirectional=True)",
    "GRU": "(3, 4, bias=False)",
    "LSTMCell": "(3, 4)",
    "RNNCell": "(3, 4, nonlinearity='relu')",
    "GRUCell": "(3, 4, bias=False)",
    "MultiheadAttention": "(4, 2, batch_first=True)",
    "TransformerEncoderLayer": "(4, 2, 8, activation='gelu', norm_first=True)",
    "EmbeddingBag": "(5, 3, mode='sum')",
    "CosineSimilarity": "(dim=0)",
    "Dropout2d": "(0.2)",
    "AlphaDropout": "(0.3)",
    "TransformerEncoder": "(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2)",
    "LocalResponseNorm": "(3)",
    "Fold": "((4, 5), 2)",
}
LAYERS += [eval(f"lambda: nn.{name}{given}") for name, given in OTHERS.items()]


@pytest.mark.parametrize("make", LAYERS, ids=range(len(LAYERS)))
def test_layers_are_made_anew(make: Any) -> None:
    layer = make()
    before = tg.get_rng_state()
    again = read(written(layer))
    assert (tg.get_rng_state() == before).all()
    assert_same(layer, again)
    plain = (bool, int, float, str, tuple)
    kept = {name: value for name, value in vars(layer).items() if isinstance(value, plain) and not name.startswith("_")}
    assert {name: vars(again)[name] for name in kept} == kept or "inf" in str(kept)


def test_every_layer_is_made_anew_or_refused() -> None:
    """Whatever `nn` has that can be made without arguments."""
    made = 0
    for name in nn.__all__:
        kind = getattr(nn, name)
        if not (isinstance(kind, type) and issubclass(kind, nn.Module)) or kind is nn.Module:
            continue
        try:
            layer = kind()
        except (TypeError, Warning):
            continue
        try:
            text = written(layer)
        except ValueError:
            continue
        assert_same(layer, read(text))
        made += 1
    assert made > 30


def test_a_trained_model_goes_on(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    path = tmp_path / "model.json"
    save_json(model, path, notes={"optimizer": "adam", "lr": 0.01, "epochs": [1, 2]})
    again = load_json(str(path))
    x = tg.rand(3, 4)
    assert (again(x) == model(x)).all()
    assert type(again) is nn.Sequential
    file = json.loads(path.read_text())
    assert file["notes"]["lr"] == 0.01
    assert file["model"]["modules"]["2"] == {
        "class": "Linear",
        "arguments": {"in_features": 8, "out_features": 2, "bias": True},
    }
    assert file["state"]["2.bias"]["shape"] == [2]
    assert load_json(io.BytesIO(path.read_bytes()))(x).tolist() == model(x).tolist()
    save_json(model, binary := io.BytesIO())
    assert read(binary.getvalue().decode())(x).tolist() == model(x).tolist()


@pytest.mark.parametrize(
    "name",
    [
        "bool",
        "uint8",
        "int8",
        "int16",
        "int32",
        "int64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "uint16",
        "uint32",
        "uint64",
    ],
)
def test_numbers_of_every_type(name: str) -> None:
    kind = getattr(tg, name)
    holder, other = nn.Module(), nn.Module()
    values = tg.tensor([[0, 1], [1, 0]]).to(kind)
    if kind.is_floating_point or kind.is_complex:
        values = tg.cat(
            [values, tg.tensor([[0.1, float("inf")], [1e-7, float("nan")], [-float("inf"), 1 / 3]]).to(kind)]
        )
    elif name != "bool":
        values[0, 0] = tg.iinfo(kind).max
    for module, data in ((holder, values), (other, tg.zeros_like(values))):
        module.register_buffer("x", data)
        module.register_buffer("n", data[0, 0].clone())
        module.register_buffer("e", data[:0])
    model = nn.Sequential(holder)
    text = json.dumps({"0.x": json.loads(json.dumps(_numbers(values)))})
    from tinygrad_nn.serialization.numbers import tensor_of

    back = tensor_of(json.loads(text)["0.x"], "x")
    assert back.dtype == kind
    assert repr(back.numpy().tolist()) == repr(values.numpy().tolist())
    assert back.numpy().tobytes() == values.numpy().tobytes() or name.startswith(
        ("float", "complex")
    )  # of a nan, the sign
    assert tensor_of(_numbers(values[0, 0]), "n").shape == ()
    assert tensor_of(_numbers(values[:0]), "e").shape == (0, 2)
    assert model


def _numbers(tensor: Any) -> Any:
    from tinygrad_nn.serialization.numbers import numbers_of

    return numbers_of(tensor)


# --- modules of one's own --------------------------------------------------------------------------------------------


def test_modules_of_one_s_own() -> None:
    net = Net([3, 5, 2], p=0.1, activation=nn.functional.tanh)
    text = written(nn.Sequential(net, nn.Linear(2, 1)))
    again = read(text, classes=[Net])
    assert_same(again[0], net)
    assert again[0].activation is nn.functional.tanh
    assert again[0].sizes == [3, 5, 2]
    with pytest.raises(ValueError, match=r"'Net' at '0' is no layer of nn.*classes=\[\.\.\.\]"):
        read(text)
    assert build(describe(net), [Net]).p == 0.1


class Forgetful(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Linear(width, width)


class Grown(nn.Module):
    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.width = width


def grown() -> Any:
    module = Grown()
    module.extra = nn.Linear(2, 2)
    return module


def widened() -> Any:
    module = nn.Linear(2, 2)
    module.weight = nn.Parameter(tg.ones(3, 2))
    return module


def changed() -> Any:
    module = nn.Dropout(0.5)
    module.other = 3
    return module


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Forgetful(2), r"Forgetful: its constructor's argument 'width' is kept nowhere.*self.width = width"),
        (nn.Sequential(nn.ReLU(), Forgetful(2)), "Forgetful at '1': its constructor's argument"),
        (grown(), r"Grown: its modules are \['extra'\], and its constructor makes \[\]"),
        (widened(), r"Linear: its parameters are .*\[3, 2\].*makes .*\[2, 2\]"),
        (nn.Sequential(changed()), "Dropout at '0': its attribute 'other' is 3, and its constructor makes none"),
        (Net([2, 2], activation=lambda x: x), "its argument 'activation' is of type function. Numbers, strings"),
    ],
)
def test_what_is_not_described(tmp_path: Path, model: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        save_json(model, tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()


def test_notes_must_be_plain() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        written(nn.ReLU(), notes={"model": nn.ReLU()})
    with pytest.raises(ValueError, match="not JSON compliant"):
        written(nn.ReLU(), notes=float("nan"))


# --- false files -----------------------------------------------------------------------------------------------------


def one(model: Any = None, state: Any = None, **other: Any) -> dict[str, Any]:
    model = {"class": "ReLU"} if model is None else model
    return {
        "format": "tinygrad_nn.model",
        "version": 1,
        "model": model,
        "state": {} if state is None else state,
        **other,
    }


def layer(name: str, **arguments: Any) -> dict[str, Any]:
    return {"class": name, "arguments": arguments}


def tensor(data: Any, shape: Any, dtype: Any = "float32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data": data}


def deep(levels: int) -> Any:
    model: Any = {"class": "ReLU"}
    for _ in range(levels):
        model = {"class": "Sequential", "modules": {"0": model}}
    return model


WEIGHT = {"weight": tensor([[1, 2]], [1, 2]), "bias": tensor([0.5], [1])}


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("[]", "no file of save_json"),
        ('{"format": NaN}', "NaN is no number"),
        ("[" * 100_000, "nested too deeply"),
        ({"format": "x"}, "no file of"),
        ({**one(), "version": 2}, "it is of version 2"),
        ({**one(), "state": []}, "it has no 'state'"),
        (one([]), "must be an object with its 'class'"),
        (one({"class": 3}), "must be an object with its 'class'"),
        (one({"class": "Nothing"}), "'Nothing' is no layer of nn"),
        (one({"class": "Linar"}), r"Did you mean 'Linear'\?"),
        (one({"class": "functional"}), "is no layer"),
        (one({"class": "Module"}), "is no layer"),
        (one({"class": "__init__"}), "is no layer"),
        (one({"class": "Parameter"}), "is no layer"),
        (one(layer("Linear")), "Linear cannot be made: .*missing"),
        (one(layer("Linear", inn_features=2)), "Did you mean 'in_f"),
        (one(layer("Linear", in_features="a", out_features=1)), "Linear cannot be made"),
        (one(layer("Linear", in_features=-1, out_features=1)), "Linear cannot be made: .*negative dimension"),
        (one(layer("Dropout", p=2)), "Dropout cannot be made: dropout probability"),
        (one(layer("ReLU", device="cpu")), "has no argument 'device'"),
        (one(layer("ReLU", self=1)), "has no argument 'self'"),
        (one({"class": "ReLU", "arguments": []}), "expected 'arguments'"),
        (one({"class": "ReLU", "x": 1}), "unknown entries"),
        (one({"class": "ReLU", "modules": {}}), "expected 'arguments'"),
        (one({"class": "Sequential", "modules": []}), "expected 'modules'"),
        (one({"class": "Sequential", "modules": {"a.b": {"class": "ReLU"}}}), "cannot have a module 'a.b'"),
        (one({"class": "ModuleDict", "modules": {"keys": {"class": "ReLU"}}}), "cannot have a module 'keys'"),
        (one({"class": "Sequential", "modules": {"0": 3}}), "a module at '0' must be"),
        (one(deep(150)), "100 deep and deeper"),
        (one(layer("Softmax", dim={"code": "1"})), "an unknown value at 'dim'"),
        (one(layer("Softmax", dim={"function": "relu", "x": 1})), "an unknown value at 'dim'"),
        (one(layer("Softmax", dim={"function": "__import__"})), "an unknown value"),
        (one(layer("Softmax", dim={"dtype": "object"})), "an unknown value"),
        (one(layer("Softmax", dim={"number": "1"})), "an unknown value"),
        (one(layer("Linear", in_features=100_000, out_features=1)), "100000 at 'in_features' is more than this file's"),
        (one(layer("Linear", in_features=60_000, out_features=60_000)), "more than what the file has in weights"),
        (
            one(layer("Linear", in_features=3, out_features=1), WEIGHT),
            "do not belong together.*size mismatch for weight",
        ),
        (one(layer("Linear", in_features=2, out_features=1, bias=False), WEIGHT), "Unexpected key"),
        (one(layer("Linear", in_features=2, out_features=1)), "Missing key"),
        (one(state={"w": 3}), "the tensor 'w' must be an object"),
        (one(state={"w": tensor([1], [1], "f4")}), "unknown type: 'f4'"),
        (one(state={"w": tensor([1], [1], "bfloat16")}), "unknown type"),
        (one(state={"w": tensor([1], 1)}), "has no shape: 1"),
        (one(state={"w": tensor([1], [-1])}), "has no shape"),
        (one(state={"w": tensor([1], [True])}), "has no shape"),
        (one(state={"w": tensor([1], [1] * 40)}), "has no shape"),
        (one(state={"w": tensor([], [0, 2**70])}), "cannot have"),
        (one(state={"w": tensor([1], [2])}), "expected a list of 2, got 1"),
        (one(state={"w": tensor(1, [1])}), "got int"),
        (one(state={"w": tensor([[1]], [1])}), "an odd number: '.1.' is none"),
        (one(state={"w": tensor(["1"], [1])}), "odd number"),
        (one(state={"w": tensor([300], [1], "uint8")}), "odd number"),
        (one(state={"w": tensor([1.5], [1], "int64")}), "odd number"),
        (one(state={"w": tensor([1], [1], "bool")}), "odd number"),
        (one(state={"w": tensor([1], [1], "complex64")}), "got int"),
        (one(state={"w": tensor([10**400], [1])}), "odd number"),
        (one(state={"w": tensor([None], [1])}), "odd number"),
    ],
)
def test_a_false_file_is_refused(tmp_path: Path, file: Any, said: str) -> None:
    text = file if isinstance(file, str) else json.dumps(file)
    (tmp_path / "x.json").write_text(text)
    before = tg.get_rng_state()
    for call in (lambda: read(text), lambda: load_json(tmp_path / "x.json")):
        with pytest.raises(ValueError, match=rf"(?s)load_json\(\).*: .*{said}"):
            call()
    assert (tg.get_rng_state() == before).all()


def test_files_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="it is no text"):
        load_json(io.BytesIO(b"\xff\xfe"))
    with pytest.raises(FileNotFoundError):
        load_json(tmp_path / "no.json")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads the process's memory from /proc")
def test_no_layer_takes_more_than_the_file_has() -> None:
    """Every layer of nn, made with large numbers: each is refused before it takes memory, or takes none."""
    required = {}
    for name in nn.__all__:
        kind = getattr(nn, name)
        if isinstance(kind, type) and issubclass(kind, nn.Module) and kind is not nn.Module:
            signature = inspect.signature(kind.__init__).parameters.values()
            required[name] = [
                p.name
                for p in signature
                if p.name != "self" and p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
            ]
    code = (
        "import io, json, resource, sys\n"
        "import tinygrad_nn.nn\n"
        "from tinygrad_nn.serialization import load_json\n"
        "page, used = resource.getpagesize(), int(open('/proc/self/statm').read().split()[0])\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used * page + (200 << 20),) * 2)\n"
        "for line in sys.stdin:\n"
        "    try:\n"
        "        load_json(io.StringIO(line))\n"
        "    except ValueError as error:\n"
        "        assert 'emory' not in str(error), line + str(error)\n"
        "print('done')\n"
    )
    files = []
    for name, arguments in required.items():
        for value in (65_000, [65_000, 65_000], {"tuple": [65_000] * 3}):
            files.append(one(layer(name, **dict.fromkeys(arguments, value))))
    rnn = [one(layer(n, input_size=1, hidden_size=1, num_layers=65_000)) for n in ("RNN", "LSTM")]
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(tg.__file__).parent.parent)])}
    text = "\n".join(json.dumps(file) for file in [*files, *rnn])
    done = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, text=True, env=where, timeout=120
    )
    assert done.stdout == "done\n", done.stderr[-2000:]
