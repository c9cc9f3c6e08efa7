"""The settings that PyTorch programs make: what can be had is done, the rest is kept and does no harm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn import settings


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threads, kept = settings.get_num_threads(), dict(settings._state)
    yield
    settings.set_num_threads(threads)
    settings._state.update(kept)
    tg.set_default_dtype(tg.float32)


def test_threads() -> None:
    settings.set_num_threads(1)
    assert settings.get_num_threads() == 1
    settings.set_num_interop_threads(3)
    assert settings.get_num_interop_threads() == 3
    for wrong in (0, -1, 1.5, "a", True):
        with pytest.raises(RuntimeError, match="expects"):
            settings.set_num_threads(wrong)  # type: ignore[arg-type]


def test_devices_and_types() -> None:
    settings.set_default_device("cpu")
    settings.set_default_device(None)
    assert settings.get_default_device() == tg.device("cpu")
    with pytest.raises(RuntimeError, match="CPU only"):
        settings.set_default_device("cuda")
    with tg.device("cpu"):
        assert tg.ones(1).device == tg.device("cpu")
    settings.set_default_tensor_type(tg.DoubleTensor)
    assert tg.ones(1).dtype is tg.float64
    settings.set_default_tensor_type("torch.FloatTensor")
    assert tg.ones(1).dtype is tg.float32
    for wrong in (tg.LongTensor, "torch.LongTensor", tg.float32, "foo"):
        with pytest.raises(TypeError, match="only floating-point types"):
            settings.set_default_tensor_type(wrong)


def test_how_numbers_are_computed() -> None:
    settings.set_float32_matmul_precision("high")
    assert settings.get_float32_matmul_precision() == "high"
    with pytest.warns(UserWarning, match="no effect"):
        settings.set_float32_matmul_precision("low")
    assert settings.get_float32_matmul_precision() == "high"
    assert settings.set_flush_denormal(True) is False
    settings.use_deterministic_algorithms(True, warn_only=True)
    assert settings.are_deterministic_algorithms_enabled()
    assert settings.is_deterministic_algorithms_warn_only_enabled()
    settings.set_deterministic_debug_mode("error")
    assert settings.get_deterministic_debug_mode() == 2
    for wrong in (3, "x"):
        with pytest.raises(RuntimeError, match="invalid value of debug_mode"):
            settings.set_deterministic_debug_mode(wrong)  # type: ignore[arg-type]


def test_compile_hands_back_what_it_is_given() -> None:
    def double(x: Any) -> Any:
        return 2 * x

    layer = tg.nn.Linear(1, 1)
    assert settings.compile(double) is double
    assert settings.compile(layer, mode="max-autotune", fullgraph=True) is layer
    assert settings.compile(dynamic=True)(double) is double
    with pytest.raises(RuntimeError, match="Unrecognized mode"):
        settings.compile(double, mode="fast")
    with pytest.raises(AssertionError, match="callable"):
        settings.compile(1)


@pytest.mark.parametrize("name", ["bfloat16", "complex32", "float8_e5m2", "quint8"])
def test_types_that_numpy_does_not_have_exist_by_name(name: str) -> None:
    kind = getattr(tg, name)
    assert repr(kind) == f"torch.{name}"
    assert kind is not tg.float32
    for make in (lambda: tg.zeros(1, dtype=kind), lambda: tg.ones(1).to(kind), lambda: tg.tensor([1.0], dtype=kind)):
        with pytest.raises(TypeError, match=f"tensors of torch.{name} cannot be made"):
            make()
    if name == "bfloat16":
        assert tg.finfo(kind).max == 3.3895313892515355e38
        with pytest.raises(TypeError, match="float32"):
            tg.ones(1).bfloat16()
