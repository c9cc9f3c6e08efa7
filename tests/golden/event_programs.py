"""What is written with a SummaryWriter, for either package. See `make_events`."""

from __future__ import annotations

from typing import Any

import numpy as np

DTYPES = [
    "float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool", "complex64", "complex128",
]  # fmt: skip


def _at(step: int) -> dict[str, Any]:
    return {"global_step": step, "walltime": 1e9 + step / 7}


def numbers(writer: Any, tensor: Any) -> None:
    """Scalars and tensors."""
    writer.add_scalar("loss", 0.1, **_at(0))
    writer.add_scalar("loss", 0, **_at(1))
    writer.add_scalar("loss", float("nan"), **_at(2))
    writer.add_scalar("a/b c", 1e300, **_at(3))
    writer.add_scalar("loss", tensor(np.float32(2.5)), **_at(-3))
    writer.add_scalar("loss", np.float64(2.5), walltime=1.0)
    writer.add_scalar("new", 0.1, new_style=True, **_at(4))
    writer.add_scalar("new", 0.0, new_style=True, **_at(4))
    writer.add_scalar("new", 0.1, new_style=True, double_precision=True, **_at(2**40))
    rng = np.random.default_rng(0)
    for dtype in DTYPES:
        writer.add_tensor(dtype, tensor((rng.standard_normal((2, 3)) * 3).astype(dtype)), **_at(5))
    writer.add_tensor("number", tensor(np.float32(3)), **_at(5))
    writer.add_tensor("empty", tensor(np.zeros((0, 2), np.float32)), **_at(5))


def histograms(writer: Any, tensor: Any) -> None:
    """Histograms with all kinds of bins."""
    x = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    writer.add_histogram("h", tensor(x), **_at(6))
    writer.add_histogram("h", tensor(x), max_bins=50, **_at(6))
    writer.add_histogram("h", tensor(x), max_bins=64, **_at(6))
    writer.add_histogram("h", x, bins="auto", **_at(6))
    writer.add_histogram("h", x, bins=[-4, 0, 1, 4], **_at(6))
    writer.add_histogram("zeros", np.zeros(5), **_at(6))
    writer.add_histogram("one", 3.0, **_at(6))
    writer.add_histogram_raw("raw", -1.0, 2, 3, 4.0, 5.0, [0.0, 1.0, 2.0], [1, 1, 1], **_at(7))


def others(writer: Any, tensor: Any) -> None:
    """Texts, sounds, curves, charts, hyper-parameters."""
    rng = np.random.default_rng(0)
    writer.add_text("t", "hello **wörld**", **_at(8))
    writer.add_text("t", "", **_at(8))
    writer.add_audio("s", tensor((rng.random((1, 100)) * 2 - 1).astype(np.float32)), **_at(9))
    labels, scores = rng.integers(0, 2, 100), rng.random(100)
    writer.add_pr_curve("pr", labels, scores, **_at(10))
    weights = rng.random(100)
    writer.add_pr_curve("pr", tensor(labels), tensor(scores), num_thresholds=20, weights=weights, **_at(10))
    writer.add_pr_curve_raw("raw", *(rng.random(5) for _ in range(6)), num_thresholds=5, **_at(10))
    writer.add_custom_scalars({"A": {"b": ["Multiline", ["x", "y"]], "c": ["Margin", ["p", "q", "r"]]}, "B": {}})
    writer.add_custom_scalars_multilinechart(["x/1", "x/2"])
    writer.add_custom_scalars_marginchart(["x/1", "x/2", "z"])
    writer.add_scalars("many/x", {"a": 1.0, "b": 2.0}, **_at(12))
    for name, given in {"lr": 0.1, "optimizer": "adam", "flag": True, "tensor": tensor(np.float32([2.0]))}.items():
        domain = {name: [given]} if isinstance(given, float | str) else None
        writer.add_hparams({name: given, "none": None}, {"accuracy": 0.5}, domain, f"hp_{name}", 1)


def pictures(writer: Any, tensor: Any) -> None:
    """Pictures, whose files may differ."""
    rng = np.random.default_rng(0)
    writer.add_image("i", tensor(rng.random((3, 4, 5)).astype(np.float32)), **_at(11))
    writer.add_image("i", rng.integers(0, 255, (4, 5), dtype=np.uint8), dataformats="HW", **_at(11))
    writer.add_image("i", rng.random((4, 5, 4)), dataformats="HWC", **_at(11))
    writer.add_image("i", rng.random((1, 4, 5)) * 3 - 1, **_at(11))
    writer.add_images("is", rng.random((11, 3, 4, 5)), **_at(11))
    writer.add_images("is", rng.random((3, 4, 5, 1)), dataformats="NHWC", **_at(11))


def vectors(writer: Any, tensor: Any) -> None:
    """Files for the projector."""
    writer.add_embedding(tensor(np.arange(6, dtype=np.float32).reshape(3, 2)), metadata=["a", "b", "c"], tag="e/1")
    labels = [["a", 1], ["b", 2], ["c", 3]]
    pictures = tensor(np.linspace(0, 1, 180, dtype=np.float32).reshape(3, 3, 4, 5))
    writer.add_embedding(
        np.arange(6.0).reshape(3, 2), labels, pictures, global_step=3, metadata_header=["letter", "number"]
    )


PROGRAMS = {"numbers": numbers, "histograms": histograms, "others": others, "pictures": pictures, "vectors": vectors}


def records(data: bytes) -> list[bytes]:
    """The events in a file, without their times."""
    found = []
    while data:
        length = int.from_bytes(data[:8], "little")
        found.append(data[12 + 9 : 12 + length])  # a length and its checksum; a key and the time
        data = data[16 + length :]
    return found
