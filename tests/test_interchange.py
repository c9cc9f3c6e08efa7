"""DLPack and buffers: memory shared with NumPy and, where it is installed, with PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.ops.interchange import from_dlpack, to_dlpack

TYPES = ["float16", "float32", "float64", "int8", "int64", "uint8", "uint16", "bool", "complex64"]


@pytest.mark.parametrize("name", TYPES)
def test_numpy_and_tensors_share_memory_both_ways(name: str) -> None:
    array = np.zeros((2, 3), name)
    x = from_dlpack(array)
    x[0, 1] = 1
    assert array[0, 1] == 1
    back = np.from_dlpack(x)
    back[1, 2] = 1
    assert x[1, 2] == 1
    assert back.dtype == array.dtype


def test_transposed_memory_stays_transposed() -> None:
    x = from_dlpack(np.arange(6).reshape(2, 3).T)
    assert x.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert x.stride() == (1, 3)


def test_a_capsule_is_taken_once_and_can_be_written_to() -> None:
    x = tg.tensor([1.0, 2.0])
    capsule = to_dlpack(x)
    y = from_dlpack(capsule)
    y[0] = 5
    assert x.tolist() == [5, 2]
    with pytest.raises((RuntimeError, ValueError)):
        from_dlpack(capsule)


def test_copies_and_refusals() -> None:
    x = tg.ones(2)
    assert x.__dlpack_device__() == (1, 0)
    from_dlpack(x, copy=True)[0] = 7
    assert x.tolist() == [1, 1]
    with pytest.raises(BufferError, match="require gradient"):
        np.from_dlpack(tg.ones(2, requires_grad=True))
    with pytest.raises(BufferError, match="require gradient"):
        from_dlpack(tg.ones(2, requires_grad=True))
    with pytest.raises(RuntimeError, match="list"):
        from_dlpack([1.0])
    with pytest.raises(BufferError, match="device"):
        x.__dlpack__(dl_device=(2, 0))


@pytest.mark.parametrize("name", TYPES)
def test_pytorch_and_tensors_share_memory_both_ways(name: str) -> None:
    torch = pytest.importorskip("torch")
    x = torch.zeros(2, 3, dtype=getattr(torch, name))
    ours = from_dlpack(x)
    ours[0, 0] = 1
    assert x[0, 0].item() == 1
    theirs = torch.from_dlpack(ours)
    theirs[1, 1] = 1
    assert ours[1, 1].item() == 1


def test_frombuffer_shares_memory() -> None:
    memory = bytearray(8)
    x = tg.frombuffer(memory, dtype=tg.int32)
    x[1] = 1
    assert memory[4] == 1
    with pytest.raises(RuntimeError, match="read-only"):
        tg.frombuffer(b"abcd", dtype=tg.uint8).zero_()
