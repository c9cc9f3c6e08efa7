"""The file of a checkpoint: what it holds, that it is whole at every moment, and that a damaged one is an error."""

from __future__ import annotations

import builtins
import copy
import io
import json
import math
import os
import random
import stat
import subprocess
import sys
import tracemalloc
import zipfile
from collections import Counter, OrderedDict, deque
from pathlib import Path

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.random_states import get_random_states
from tinygrad_nn.serialization import files, read_checkpoint
from tinygrad_nn.serialization.container import Container, write_container
from tinygrad_nn.serialization.plain_data import Encoder


def round_trip(value):
    encoder = Encoder()
    data = {"value": encoder.encode(value, "value")}
    file = io.BytesIO()
    write_container(file, data, encoder)
    file.seek(0)
    return Container(file, "file").value("value")


def same(one, other):
    """Equal in type and, bit for bit, in value."""
    assert type(one) is type(other)
    if isinstance(one, tg.Tensor):
        assert one.requires_grad == other.requires_grad
        one, other = one.detach().numpy(), other.detach().numpy()
    if isinstance(one, np.ndarray | np.generic):
        assert one.dtype == other.dtype
        assert np.shape(one) == np.shape(other)
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
    elif isinstance(one, dict):
        assert [*one] == [*other]
        for key in one:
            same(one[key], other[key])
        if isinstance(one, OrderedDict):
            same(dict(vars(one)), dict(vars(other)))
    elif isinstance(one, list | tuple | deque):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    elif isinstance(one, set):
        assert sorted(map(repr, one)) == sorted(map(repr, other))
    else:
        assert repr(one) == repr(other)


# --------------------------------------------------------------------------------------------------- the data

ordered = OrderedDict(b=1, a=2)
ordered._metadata = {"": {"version": 1}}
VALUES = [
    None, True, False, 0, -1, 2**100, 0.1, -0.0, 1e-310, math.inf, -math.inf, math.nan, 1 + 2j, complex(math.nan, -0.0),
    "", "text", "\x00\ud800 \U0001f600", b"", b"\x00\xff", [], (), {}, set(), [[]], ((),), {"a": {}},
    (1, "two", 3.0), [1, (2, [3, {"four": (5,)}])], {3, 1, (2, 3)},
    {"a": 1, "b": [2]}, {0: "a", "0": "b", (1, 2): "c", None: "d", True: "e", 1.5: "f"}, {"$tensor": 1}, {"": {"$": 2}},
    ordered, OrderedDict({1: 2}), Counter("abba"), deque([1, 2], maxlen=3), deque([1]), tg.Size([2, 3]),
    tg.float32, tg.bfloat16, tg.device("cpu"),
    np.float32(0.1), np.float64(0.1), np.int8(-3), np.bool_(True), np.uint64(2**64 - 1), np.complex64(1j),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:40].encode("ascii", "replace").decode())
def test_plain_data(value):
    same(round_trip(value), value)
    same(round_trip([value, {"x": value}]), [value, {"x": value}])


DTYPES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32",
          "float64", "complex64", "complex128"]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3), (4, 1, 5)])
def test_arrays_of_every_type_and_shape(dtype, shape):
    numbers = np.random.default_rng(0)
    raw = numbers.integers(0, 2 if dtype == "bool" else 256, (*shape, np.dtype(dtype).itemsize), np.uint8)
    array = raw.reshape(-1).view(dtype).reshape(shape)  # any bits, nans of all kinds among them
    same(round_trip(array), array)
    same(round_trip(tg.from_numpy(array)), tg.from_numpy(array))


@pytest.mark.parametrize(
    "view",
    [lambda x: x.T, lambda x: x[:, ::2], lambda x: x[::-1], lambda x: x[1], lambda x: np.broadcast_to(x[:1], (5, 6))],
)
def test_views(view):
    array = view(np.arange(30.0).reshape(5, 6))
    assert np.array_equal(round_trip(array), array)
    tensor = tg.from_numpy(np.arange(30.0).reshape(5, 6)).t()
    assert round_trip(tensor).tolist() == tensor.tolist()


def test_a_leaf_stays_one():
    x = tg.ones(3, requires_grad=True)
    same(round_trip(x), x)


def test_the_same_memory_is_kept_once():
    x = tg.zeros(1000)
    encoder = Encoder()
    encoder.encode({"a": x, "b": x, "c": x[:500], "d": x.detach(), "e": x.clone()}, "value")
    assert [array.shape for array in encoder.arrays.values()] == [(1000,), (500,), (1000,)]
    back = round_trip([x, x])
    assert back[0].data_ptr() == back[1].data_ptr()


def test_names_that_are_no_names_of_files(tmp_path):
    odd = ["../../x", "..", ".", "", "a/b", "a\\b", "C:", "\x00", "x" * 300, "a b", "ä", "A", "a", "a~2", 1, (1,)]
    value = {name: np.array(number) for number, name in enumerate(odd)}
    same(round_trip(value), value)
    tg.save_checkpoint(tmp_path / "checkpoint", value=value)
    with zipfile.ZipFile(tmp_path / "checkpoint") as archive:
        for name in archive.namelist():
            assert not name.startswith("/")
            assert all(part.strip(".") and len(part) < 80 and part.isascii() for part in name.split("/"))
            assert "\\" not in name


class Thing:
    pass


cyclic: list = []
cyclic.append(cyclic)
deep: list = []
for _ in range(500):
    deep = [deep]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (Thing(), TypeError, "value is no plain data: test_checkpoint_file.Thing. Plain are numbers, text"),
        ({"a": [1, Thing()]}, TypeError, "value/a/1 is no plain data"),
        ({Thing(): 1}, TypeError, r"value/\(key\) is no plain data"),
        (lambda: 1, TypeError, "builtins.function"),
        (np.array([None]), TypeError, "an array of object"),
        (np.array(["a"]), TypeError, "an array of <U1"),
        ([tg.nn.Linear(1, 1)], TypeError, "value/0 .*Linear has a state_dict: give it .* by a name of its own"),
        (tg.nn.Parameter(tg.ones(1)), TypeError, "Parameter"),
        (cyclic, ValueError, "nested too deeply, or contains itself"),
        (deep, ValueError, "nested too deeply"),
        (frozenset(), TypeError, "frozenset"),
    ],
)
def test_what_is_no_plain_data_is_refused_and_nothing_is_written(value, error, text, tmp_path):
    with pytest.raises(error, match=text):
        tg.save_checkpoint(tmp_path / "checkpoint", value=value)
    assert [*tmp_path.iterdir()] == []


# --------------------------------------------------------------------------------------------------- the file


def make_run(seed=0):
    tg.manual_seed(seed)
    model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.Linear(4, 2))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.1)
    model(tg.ones(1, 3)).sum().backward()
    optimizer.step()
    loader = tg.utils.data.DataLoader(range(6), 2, shuffle=True)
    return {"model": model, "optimizer": optimizer, "loader": loader}


def everything(run):
    return repr([run["model"].state_dict(), run["optimizer"].state_dict(), run["loader"].state_dict()])


def test_a_run_comes_back(tmp_path):
    run = make_run()
    path = tmp_path / "checkpoint"
    assert tg.save_checkpoint(path, epoch=3, best=(0.5, "x"), **run) is None
    other = make_run(1)
    assert everything(other) != everything(run)
    assert tg.load_checkpoint(str(path), **other) == {"epoch": 3, "best": (0.5, "x")}
    assert everything(other) == everything(run)
    same(other["optimizer"].state_dict(), run["optimizer"].state_dict())
    # some of it
    third = make_run(2)
    rest = tg.load_checkpoint(path, model=third["model"])
    assert {*rest} == {"optimizer", "loader", "epoch", "best"}
    same(rest["optimizer"], run["optimizer"].state_dict())
    before = repr(get_random_states())
    assert {*read_checkpoint(path)} == {*run, "epoch", "best"}
    assert repr(get_random_states()) == before


def test_other_programs_can_read_it(tmp_path):
    run = make_run()
    tg.save_checkpoint(tmp_path / "checkpoint", epoch=3, **run)
    with np.load(tmp_path / "checkpoint", allow_pickle=False) as arrays:
        assert np.array_equal(arrays["model/0.weight"], run["model"][0].weight.detach().numpy())
    with zipfile.ZipFile(tmp_path / "checkpoint") as archive:
        assert archive.testzip() is None
        text = json.loads(archive.read("checkpoint.json"))
        names = archive.namelist()
    assert text["format"] == "tinygrad_nn checkpoint"
    assert text["values"] == {"epoch": 3}
    assert text["objects"]["model"]["$ordered"][0] == ["0.weight", {"$tensor": "model/0.weight"}]
    assert all(name == "checkpoint.json" or name.endswith(".npy") for name in names)  # and no pickle


def test_the_same_run_makes_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        tg.save_checkpoint(tmp_path / name, epoch=3, **make_run())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


class Picky:
    """Takes back some states only."""

    def __init__(self, wanted):
        self.wanted = self.value = wanted

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        if state["value"] != self.wanted:
            raise ValueError(f"wanted {self.wanted}")
        self.value = state["value"]


def test_all_or_nothing(tmp_path):
    run = make_run()
    tg.save_checkpoint(tmp_path / "checkpoint", picky=Picky(1), **run)
    other = make_run(1)
    before, states = everything(other), repr(get_random_states())
    with pytest.raises(ValueError, match="wanted 2") as caught:
        tg.load_checkpoint(tmp_path / "checkpoint", **other, picky=Picky(2))
    assert "Nothing was loaded from the checkpoint" in caught.value.__notes__[0]
    assert everything(other) == before
    assert repr(get_random_states()) == states
    wrong = tg.nn.Linear(3, 3)
    with pytest.raises(RuntimeError, match=r"(?i)size mismatch|missing key"):
        tg.load_checkpoint(tmp_path / "checkpoint", optimizer=other["optimizer"], model=wrong)
    assert everything(other) == before


def test_wrong_names_and_objects(tmp_path):
    tg.save_checkpoint(tmp_path / "checkpoint", epoch=1, model=tg.nn.Linear(1, 1))
    with pytest.raises(KeyError, match=r"'optimizer' is not in the checkpoint .* which has model, epoch"):
        tg.load_checkpoint(tmp_path / "checkpoint", optimizer=Picky(1))
    with pytest.raises(TypeError, match=r"epoch: int has no load_state_dict\(\)"):
        tg.load_checkpoint(tmp_path / "checkpoint", epoch=0)
    with pytest.raises(FileNotFoundError):
        tg.load_checkpoint(tmp_path / "nothing")


# ------------------------------------------------------------------------------------------- damaged and hostile


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "checkpoint"
    tg.save_checkpoint(path, epoch=3, text="some", **make_run())
    return path.read_bytes()


def read_bytes(data):
    container = Container(io.BytesIO(data), "the file")
    return [container.value(key) for key in ("objects", "values", "random_states")]


def test_a_file_that_is_cut_anywhere_is_an_error(content):
    for length in [*range(200), *range(200, len(content) - 200, 97), *range(len(content) - 200, len(content))]:
        with pytest.raises(RuntimeError, match=r"the file is (no checkpoint|damaged)"):
            read_bytes(content[:length])


def test_a_changed_byte_is_an_error_or_changes_nothing(content):
    whole = repr(read_bytes(content))
    chance = random.Random(0)
    found = 0
    for _ in range(1500):
        changed = bytearray(content)
        for _ in range(chance.choice([1, 1, 1, 2, 10])):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        try:
            assert repr(read_bytes(bytes(changed))) == whole  # some bytes say nothing, such as a time
        except RuntimeError as error:
            found += 1
            assert str(error).startswith("the file is ")  # noqa: PT017
    assert found > 1200


def rewritten(content, change):
    """The file with a changed text, and right checksums."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = json.loads(parts["checkpoint.json"])
    change(text, parts)
    parts["checkpoint.json"] = json.dumps(text).encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def huge(text, parts):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
    parts["model/0.weight.npy"] = header.getvalue()


def objects(text, parts):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.array([print]), allow_pickle=True)
    parts["model/0.weight.npy"] = file.getvalue()


def deeply(text, parts):
    text["values"]["x"] = json.loads("[" * 900 + "]" * 900)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda text, parts: text.update(format="other"), "not that of a checkpoint"),
        (lambda text, parts: text.update(version=2), "is a checkpoint of version 2, and this package reads version 1"),
        (lambda text, parts: text.pop("values"), "damaged"),
        (lambda text, parts: text["values"].update(x={"$eval": "print()"}), r"named '\$eval', which this version"),
        (lambda text, parts: text["values"].update(x={"$tensor": "nothing"}), "damaged: KeyError"),
        (lambda text, parts: text["values"].update(x={"$tensor": ["a"]}), "damaged"),
        (lambda text, parts: text["values"].update(x={"$set": [[1]]}), "damaged: TypeError"),
        (lambda text, parts: text["values"].update(x={"$dtype": "float99"}), "damaged"),
        (lambda text, parts: text["values"].update(x={"$size": ["a"]}), "damaged"),
        (lambda text, parts: text["values"].update(x={"$ordered": [], "attributes": {"pop": 1}}), "attribute 'pop'"),
        (deeply, "damaged: ValueError: it is nested too deeply"),
        (objects, "array 'model/0.weight': it is of objects, which would be pickled"),
        (huge, r"array 'model/0.weight': expected \d+ bytes for shape"),
        (lambda text, parts: parts.update({"model/0.weight.npy": b"\x93NUMPY\x01\x00"}), "damaged"),
        (lambda text, parts: parts.update({"model/0.weight.npy": b"\x93NUMPY\x09\x00" + b" " * 99}), "damaged"),
    ],
)
def test_a_hostile_file_is_an_error(content, change, text):
    hostile = rewritten(content, change)
    tracemalloc.start()
    try:
        with pytest.raises(RuntimeError, match=text):
            read_bytes(hostile)
        assert tracemalloc.get_traced_memory()[1] < 20 * len(hostile) + (1 << 20)
    finally:
        tracemalloc.stop()


def test_compressed_parts_are_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("checkpoint.json", " " * (1 << 24))
    with pytest.raises(RuntimeError, match="compressed parts"):
        read_bytes(file.getvalue())


@pytest.mark.parametrize(
    ("write", "text"),
    [
        (lambda path: path.write_bytes(b""), "is no checkpoint of save_checkpoint: it is empty"),
        (lambda path: path.write_bytes(b"hello"), "it begins with b'hell'"),
        (lambda path: tg.save({"a": tg.ones(1)}, path), "it has no checkpoint.json. Files of tinygrad_nn.save"),
        (lambda path: np.savez(path, a=np.ones(1)), "it has no checkpoint.json"),
    ],
)
def test_other_files_are_named(write, text, tmp_path):
    path = tmp_path / "file.npz"
    write(path)
    with pytest.raises(RuntimeError, match=text):
        tg.load_checkpoint(path)


# ----------------------------------------------------------------------------------------------- at every moment


class StopError(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("moment", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("no space left on device"), StopError(), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(moment, error, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint"
    tg.save_checkpoint(path, epoch=1)

    def fail(*args, **kwargs):
        raise error

    if moment == "open":
        monkeypatch.setattr(files, "_open_partial", fail)
    elif moment == "write":
        monkeypatch.setattr(np.lib.format, "write_array", fail)
    else:
        monkeypatch.setattr(os, moment, fail)
    with pytest.raises(type(error)):
        tg.save_checkpoint(path, epoch=2)
    monkeypatch.undo()
    assert read_checkpoint(path) == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint"]


def test_the_new_file_is_on_the_disk_before_it_takes_the_place_and_its_name_after(tmp_path, monkeypatch):
    done = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(descriptor):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        done.append(kind)
        if kind == "file":
            assert os.fstat(descriptor).st_size > 1000  # nothing is left in a buffer
        real_sync(descriptor)

    def replace(source, target):
        done.append("replace")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    tg.save_checkpoint(tmp_path / "checkpoint", epoch=1)
    assert done == ["file", "replace", "folder"] if hasattr(os, "O_DIRECTORY") else ["file", "replace"]


@pytest.mark.skipif(files.fcntl is None, reason="files are not locked here")
def test_what_killed_processes_have_left_is_removed_and_nothing_else(tmp_path):
    path = tmp_path / "checkpoint"
    abandoned = tmp_path / ".checkpoint.0123456789ab.partial"
    abandoned.write_bytes(b"half")
    others = [".other.0123456789ab.partial", ".checkpoint.x.partial", "checkpoint.bak", ".checkpoint.0123456789ab.txt"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    program = (  # another process, in the middle of writing to the same path
        "import sys; from tinygrad_nn.serialization.files import replace\n"
        "def fill(file):\n    file.write(b'theirs'); print('ready', flush=True); sys.stdin.readline()\n"
        f"replace({str(path)!r}, fill)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(tg.__file__).parent.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as other:
        assert other.stdout.readline() == "ready\n"
        assert not abandoned.exists()
        tg.save_checkpoint(path, epoch=1)
        assert read_checkpoint(path) == {"epoch": 1}
        assert len([*tmp_path.glob(".checkpoint.????????????.partial")]) == 1  # theirs
        other.communicate("go on\n")
    assert other.returncode == 0
    assert path.read_bytes() == b"theirs"
    assert {file.name for file in tmp_path.iterdir()} == {"checkpoint", *others}


def test_links_and_modes_stay(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    tg.save_checkpoint(target, epoch=1)
    target.chmod(0o640)
    link.symlink_to(target)
    tg.save_checkpoint(link, epoch=2)
    assert link.is_symlink()
    assert read_checkpoint(target) == {"epoch": 2}
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_where_nothing_can_be_written(tmp_path):
    with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist"):
        tg.save_checkpoint(tmp_path / "nowhere" / "checkpoint")
    with pytest.raises(RuntimeError, match="Is a directory"):
        tg.save_checkpoint(tmp_path)


def test_a_disk_that_is_full(tmp_path, monkeypatch):
    """Every write may be the one that fails."""
    path = tmp_path / "checkpoint"
    run = make_run()
    tg.save_checkpoint(path, epoch=1, **run)
    size = path.stat().st_size
    real_open = builtins.open
    for room in (0, 1, 100, size // 2, size - 1):

        class Full(io.FileIO):
            left = room

            def write(self, data):
                if len(data) > self.left:
                    raise OSError(28, "No space left on device")
                self.left -= len(data)
                return super().write(data)

        def fake(name, mode="r", *args, full=Full, **kwargs):
            if mode == "xb":
                return io.BufferedWriter(full(name, "x"), 1)
            return real_open(name, mode, *args, **kwargs)

        monkeypatch.setattr(builtins, "open", fake)
        with pytest.raises(OSError, match="No space left"):
            tg.save_checkpoint(path, epoch=2, **run)
        monkeypatch.undo()
        assert read_checkpoint(path)["epoch"] == 1
        assert [file.name for file in tmp_path.iterdir()] == ["checkpoint"]


def test_what_is_saved_is_what_was_there_at_that_moment(tmp_path):
    run = make_run()
    history = [1, 2]
    tg.save_checkpoint(tmp_path / "checkpoint", history=history, **run)
    weight = copy.deepcopy(run["model"].state_dict())
    history.append(3)
    with tg.no_grad():
        run["model"][0].weight.add_(1)
    found = read_checkpoint(tmp_path / "checkpoint")
    assert found["history"] == [1, 2]
    same(found["model"], weight)
