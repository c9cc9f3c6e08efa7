"""Event files: byte for byte PyTorch's, and readable by TensorBoard."""

from __future__ import annotations

import base64
import gc
import json
import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from event_programs import PROGRAMS, records

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.training import TensorBoard, Trainer
from tinygrad_nn.utils.tensorboard import SummaryWriter
from tinygrad_nn.utils.tensorboard.graph import graph_of
from tinygrad_nn.utils.tensorboard.records import crc32c, masked, record
from tinygrad_nn.utils.tensorboard.wire import varint

GOLDEN = json.loads((Path(__file__).parent / "golden" / "events.json").read_text())["events"]


def files(folder, name="tfevents"):
    return sorted(path for path in Path(folder).rglob("*.*") if name in path.name)


def decoded(png):
    """The pixels of a PNG file that has no filters."""
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert depth == 8
    channels = {2: 3, 6: 4}[colour]
    size = struct.unpack(">I", png[33:37])[0]
    rows = np.frombuffer(zlib.decompress(png[41 : 41 + size]), np.uint8).reshape(height, 1 + width * channels)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, channels)


def without_picture(event):
    """An event's picture, and the event without it. The lengths around it are left out of the comparison."""
    start = event.index(b"\x89PNG")
    end = event.index(b"IEND") + 8
    return event[:start], event[start:end], event[end:]


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "pictures"])
def test_the_same_bytes_as_pytorch(name, tmp_path):
    with SummaryWriter(tmp_path) as writer:
        PROGRAMS[name](writer, tg.as_tensor)
    expected = dict(GOLDEN[name])
    for path in files(tmp_path, "."):
        place = path.relative_to(tmp_path)
        if "tfevents" in path.name:
            found = records(path.read_bytes())[1:]
            wanted = [base64.b64decode(event) for event in expected.pop(place.parent.as_posix())]
            assert len(found) == len(wanted)
            for number, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
                assert ours == theirs, f"event {number} in {place.parent}"
        elif path.suffix == ".png":
            np.testing.assert_array_equal(decoded(path.read_bytes()), expected.pop(place.as_posix()))
        elif path.is_file():
            assert path.read_text() == expected.pop(place.as_posix())
    assert not expected


def test_the_same_pictures_as_pytorch(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        PROGRAMS["pictures"](writer, tg.as_tensor)
    found = records(files(tmp_path)[0].read_bytes())[1:]
    for ours, theirs in zip(found, GOLDEN["pictures"]["."], strict=True):
        before, picture, after = without_picture(ours)
        np.testing.assert_array_equal(decoded(picture), theirs["pixels"])
        assert after == b""
        rest = base64.b64decode(theirs["rest"])
        assert before[:2] == rest[:2]  # the step
        assert rest[-6:] in before  # height, width and channels
        assert (b"\n\x02is" in before) == (b"\n\x02is" in rest)


@pytest.mark.parametrize(
    ("data", "checksum"),
    [(bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E), (b"", 0), (b"a", 0xC1D04330)],
)
def test_checksums(data, checksum):
    """Those of RFC 3720, appendix B.4."""
    assert crc32c(data) == checksum


def test_records():
    data = record(b"abc")
    assert data[:8] == struct.pack("<Q", 3)
    assert struct.unpack("<I", data[8:12])[0] == masked(crc32c(data[:8]))
    assert data[12:15] == b"abc"
    assert struct.unpack("<I", data[15:])[0] == masked(crc32c(b"abc"))
    assert masked(0xFFFFFFFF) == 0xA282EAD7


def test_integers():
    assert varint(0) == b"\x00"
    assert varint(127) == b"\x7f"
    assert varint(128) == b"\x80\x01"
    assert varint(-1) == b"\xff" * 9 + b"\x01"


def test_the_folder_and_the_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with SummaryWriter(comment="-mine") as writer:
        assert writer.get_logdir().startswith("runs")
        assert writer.log_dir.endswith("-mine")
    assert len(files(tmp_path / "runs")) == 1
    with SummaryWriter(tmp_path / "a", filename_suffix=".x"), SummaryWriter(tmp_path / "a"):
        pass
    names = [path.name for path in files(tmp_path / "a")]
    assert len(names) == 2
    assert any(name.endswith(".x") for name in names)
    assert all(name.startswith("events.out.tfevents.") for name in names)


def test_when_events_go_to_the_file(tmp_path):
    writer = SummaryWriter(tmp_path, max_queue=3)
    path = files(tmp_path)[0]

    def there():
        return len(records(path.read_bytes()))

    assert there() == 1
    for number, expected in ((1, 1), (2, 1), (3, 4), (4, 4)):
        writer.add_scalar("x", number)
        assert there() == expected
    writer.flush()
    assert there() == 5
    writer.flush_secs = 0
    writer.close()
    writer.add_scalar("x", 1)  # begins a new one
    writer.add_scalar("x", 2)
    writer.close()
    writer.close()
    assert sorted(len(records(path.read_bytes())) for path in files(tmp_path)) == [3, 5]


def test_a_writer_that_nobody_closes(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("x", 1.0)
    del writer
    gc.collect()
    assert len(records(files(tmp_path)[0].read_bytes())) == 2


def test_mistakes(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for call, kind, text in (
            (lambda: writer.add_scalar("x", tg.ones(2)), AssertionError, "should contain one element"),
            (lambda: writer.add_scalar("x", [1]), NotImplementedError, "but numpy array or torch tensor are expected"),
            (lambda: writer.add_histogram("x", tg.ones(0)), ValueError, "The input has no element"),
            (lambda: writer.add_histogram("x", tg.ones(3), bins=[5, 6]), ValueError, "The histogram is empty"),
            (lambda: writer.add_histogram_raw("x", 0, 1, 1, 1, 1, [1], []), ValueError, "bucket_limits"),
            (lambda: writer.add_image("x", tg.ones(3, 4)), AssertionError, "input format are different"),
            (lambda: writer.add_image("x", tg.ones(3, 4, 4), dataformats="HHW"), AssertionError, "shorthand twice"),
            (lambda: writer.add_image("x", tg.ones(3, 4, 4), dataformats="XYZ"), AssertionError, "the letters of NCHW"),
            (lambda: writer.add_images("x", tg.ones(3, 2, 4, 4)), AssertionError, "3 channels"),
            (lambda: writer.add_audio("x", tg.zeros(2, 3)), AssertionError, "1 dimensional"),
            (lambda: writer.add_custom_scalars_marginchart(["a"]), AssertionError, "Expected 3 tags, got 1"),
            (lambda: writer.add_hparams([], {}), TypeError, "should be dictionary"),
            (lambda: writer.add_hparams({"a": []}, {}), ValueError, "one of int, float, str, bool, or torch.Tensor"),
            (lambda: writer.add_hparams({"a": 1}, {}, {"a": ["b"]}), TypeError, "a list of same type"),
            (lambda: writer.add_hparams({"a": 1}, {}, [1]), TypeError, "should be a dictionary"),
            (lambda: writer.add_embedding(tg.ones(2), metadata=["a", "b"]), AssertionError, "mat should be 2D"),
            (lambda: writer.add_embedding(tg.ones(2, 3), metadata=["a"]), AssertionError, "#labels should equal"),
            (lambda: writer.add_embedding(tg.ones(2, 3), label_img=tg.ones(1, 3, 2, 2)), AssertionError, "#images"),
            (lambda: writer.add_embedding(tg.ones(1, 3), [[1]], metadata_header=["a", "b"]), AssertionError, "header"),
        ):
            with pytest.raises(kind, match=text):
                call()
        with pytest.warns(UserWarning, match="out of range"):
            writer.add_audio("x", tg.ones(1, 5) * 2)
    assert len(records(files(tmp_path)[0].read_bytes())) == 2


def test_figures(tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="draws a figure")
    pyplot.switch_backend("Agg")
    figure, axes = pyplot.subplots(figsize=(2, 1), dpi=50)
    axes.plot([1, 2])
    with SummaryWriter(tmp_path) as writer:
        writer.add_figure("one", figure, 1, close=False)
        assert pyplot.fignum_exists(figure.number)
        writer.add_figure("two", [figure, figure], 2)
        assert not pyplot.fignum_exists(figure.number)
    first, second = records(files(tmp_path)[0].read_bytes())[1:]
    one, two = decoded(without_picture(first)[1]), decoded(without_picture(second)[1])
    assert one.shape == (50, 100, 3)
    np.testing.assert_array_equal(two, np.concatenate([one, one], axis=1))


def test_figures_without_matplotlib(tmp_path, monkeypatch):
    for module in ("matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, module, None)
    text = r"add_figure\(\) draws with matplotlib: python -m pip install matplotlib$"
    with SummaryWriter(tmp_path) as writer, pytest.raises(ImportError, match=text):
        writer.add_figure("one", None)


class Branches(nn.Module):
    """A layer that is called twice, a constant, and two outputs."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5))
        self.norm = nn.Linear(3, 1)

    def forward(self, x, y):
        first, second = self.body(x), self.body(y)
        return self.norm(first * 2 + second), {"second": second}


def test_graphs():
    model = Branches()
    vertices = {vertex.name: vertex for vertex in graph_of(model, (tg.ones(2, 3), tg.ones(2, 3)))}
    assert model.training
    assert model.body[1].training
    kinds = [vertex.kind for vertex in vertices.values() if vertex.kind.startswith("aten::")]
    assert kinds == ["aten::linear", "aten::linear", "aten::mul", "aten::add", "aten::linear"]
    first, second = (name for name in vertices if name.startswith("Branches/Sequential[body]/Linear[0]/linear"))
    weight, bias = "Branches/Sequential[body]/Linear[0]/weight", "Branches/Sequential[body]/Linear[0]/bias"
    assert vertices[first].inputs == ["input/input.1", weight, bias]
    assert vertices[second].inputs == ["input/input.2", weight, bias]
    assert vertices["output/output.2"].inputs == [second]
    assert vertices["output/output.1"].shapes == [(2, 1)]
    known = set()
    for vertex in vertices.values():  # nothing is used before it is made
        assert set(vertex.inputs) <= known
        known.add(vertex.name)


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_a_graph(tmp_path, capsys):
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), tg.ones(4, 3), verbose=True)
    assert "Sequential/ReLU[1]/relu_4: aten::relu(Sequential/Linear[0]/linear_3)" in capsys.readouterr().out
    found = {node.name: node for node in accumulated(tmp_path).Graph().node}
    node = found["Sequential/ReLU[1]/relu_4"]
    assert list(node.input) == ["Sequential/Linear[0]/linear_3"]
    assert [dim.size for dim in node.attr["_output_shapes"].list.shape[0].dim] == [4, 2]


# --- TensorBoard's own reader ------------------------------------------------------------------------------------


def accumulated(folder):
    name = "tensorboard.backend.event_processing.event_accumulator"
    module = pytest.importorskip(name, reason="reads with TensorBoard, which is not installed")
    everything = dict.fromkeys(("scalars", "histograms", "images", "tensors", "graph"), 0)
    found = module.EventAccumulator(str(folder), size_guidance=everything)
    found.Reload()
    return found


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_it(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (3, 5, 7), dtype=np.uint8)
    with SummaryWriter(tmp_path) as writer:
        for step in range(30):
            writer.add_scalar("loss", 1 / (step + 1), step, walltime=100.0 + step)
        writer.add_histogram("weights", tg.arange(10.0), 3)
        writer.add_image("picture", pixels, 4)
        writer.add_text("text", "words", 5)
    found = accumulated(tmp_path)
    events = found.Scalars("loss")
    assert [event.step for event in events] == list(range(30))
    assert [event.wall_time for event in events] == [100.0 + step for step in range(30)]
    np.testing.assert_allclose([event.value for event in events], [1 / (step + 1) for step in range(30)], rtol=1e-6)
    histogram = found.Histograms("weights")[0].histogram_value
    assert (histogram.min, histogram.max, histogram.num, histogram.sum) == (0, 9, 10, 45)
    image = found.Images("picture")[0]
    assert (image.width, image.height) == (7, 5)
    np.testing.assert_array_equal(decoded(image.encoded_image_string), pixels.transpose(1, 2, 0))
    assert found.Tensors("text/text_summary")[0].tensor_proto.string_val[0] == b"words"


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_hides_what_is_done_again(tmp_path):
    with SummaryWriter(tmp_path, filename_suffix=".1") as writer:
        for step in range(6):
            writer.add_scalar("loss", step, step)
    with SummaryWriter(tmp_path, purge_step=3, filename_suffix=".2") as writer:
        writer.add_scalar("loss", 30, 3)
    # in the order of the names, which end with the number of the file
    assert [event.value for event in accumulated(tmp_path).Scalars("loss")] == [0, 1, 2, 30]


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_a_training(tmp_path):
    x = np.linspace(-1, 1, 30)[:, None]
    trainer = Trainer(nn.Linear(1, 1), "mse", "sgd", metrics=["mae"])
    board = TensorBoard(tmp_path, histograms=2, batches=2)
    history = trainer.fit(x, x, epochs=4, batch_size=5, validation_split=0.2, callbacks=[board], verbose=0)
    assert sorted(os.listdir(tmp_path)) == ["batches", "train", "validation"]
    train, validation = accumulated(tmp_path / "train"), accumulated(tmp_path / "validation")
    for name, values in history.items():
        run = validation if name.startswith("val_") else train
        found = [event.value for event in run.Scalars(name.removeprefix("val_"))]
        np.testing.assert_allclose(found, values, rtol=1e-6)
    assert [event.step for event in train.Scalars("loss")] == [1, 2, 3, 4]
    assert [event.step for event in train.Histograms("weight")] == [2, 4]
    batches = accumulated(tmp_path / "batches").Scalars("batch_loss")
    assert [event.step for event in batches] == [2, 4, 7, 9, 12, 14, 17, 19]
