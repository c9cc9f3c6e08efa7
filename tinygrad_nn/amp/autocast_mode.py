"""Where PyTorch would choose the types of numbers: a context that says that it is on, and leaves them alone."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any

from .._core import dtypes
from .._core.dtypes import UNSTORED

__all__ = [
    "autocast", "custom_bwd", "custom_fwd", "get_autocast_dtype", "is_autocast_available", "is_autocast_cache_enabled",
    "is_autocast_enabled", "set_autocast_cache_enabled", "set_autocast_dtype", "set_autocast_enabled",
]  # fmt: skip

_BFLOAT16 = UNSTORED["bfloat16"]
_FIRST = {"cpu": _BFLOAT16, "cuda": dtypes.float16, "mps": dtypes.float16, "xpu": dtypes.float16}  # PyTorch's choices


class _State(threading.local):
    """What each thread has switched."""

    def __init__(self) -> None:
        self.enabled = dict.fromkeys(_FIRST, False)
        self.types: dict[str, Any] = dict(_FIRST)
        self.cache = True


_state = _State()


class autocast:  # noqa: N801 - PyTorch's name
    """A context, or a decorator, inside of which PyTorch computes products in half precision. Here no type changes.

    Args:
        device_type: "cpu"; "cuda" and its kin, of which there are none, warn and are disabled, as in PyTorch.
        dtype: float16 or bfloat16, the answer of `get_autocast_dtype` inside.
        enabled: False for a context that does nothing at all.
        cache_enabled: kept, and not used.

    Raises:
        RuntimeError: there is no such kind of device.

    Source: https://docs.pytorch.org/docs/stable/amp.html#torch.autocast

    Example:
        >>> import tinygrad_nn as tg
        >>> with tg.autocast("cpu"):
        ...     product = tg.ones(2, 2) @ tg.ones(2, 2)
        >>> product.dtype
        torch.float32
    """

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        _check_device(device_type)
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self._cache_enabled = _state.cache if cache_enabled is None else cache_enabled
        self._enabled = enabled and self._can(device_type)
        self._before: list[tuple[bool, Any, bool]] = []

    def _can(self, device_type: str) -> bool:
        if device_type != "cpu":
            warnings.warn(
                f"{device_type.upper()} is not available or torch_xla is imported. Disabling autocast."
                if device_type == "cuda"
                else f"User provided device_type of '{device_type}', but {device_type.upper()} is not available. "
                "Disabling",
                stacklevel=3,
            )
            return False
        if self.fast_dtype not in (_BFLOAT16, dtypes.float16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=3,
            )
            return False
        return True

    def __enter__(self) -> autocast:
        self._before.append((_state.enabled[self.device], _state.types[self.device], _state.cache))
        _state.enabled[self.device], _state.types[self.device] = self._enabled, self.fast_dtype
        _state.cache = self._cache_enabled
        return self

    def __exit__(self, *error: object) -> None:
        _state.enabled[self.device], _state.types[self.device], _state.cache = self._before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def within(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return within


def is_autocast_available(device_type: str) -> bool:
    """Whether `autocast` knows this kind of device: True, or a RuntimeError."""
    _check_device(device_type)
    return True


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether the program is inside of an `autocast` that is enabled, of this kind of device."""
    _check_device(device_type)
    return _state.enabled[device_type]


def set_autocast_enabled(device_type: str, enabled: bool) -> None:
    """Say that `autocast` is on, or off."""
    _check_device(device_type)
    _state.enabled[device_type] = enabled


def get_autocast_dtype(device_type: str) -> Any:
    """The type that PyTorch would compute products in."""
    _check_device(device_type)
    return _state.types[device_type]


def set_autocast_dtype(device_type: str, dtype: Any) -> None:
    """Choose the answer of `get_autocast_dtype`."""
    _check_device(device_type)
    _state.types[device_type] = dtype


def is_autocast_cache_enabled() -> bool:
    """The switch of a cache that is not needed here."""
    return _state.cache


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Switch a cache that is not needed here."""
    _state.cache = enabled


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """Decorate the ``forward`` of an `autograd.Function`: it is called as it is, as nothing is cast."""
    _check_device(device_type)
    return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs) if fwd is None else fwd


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Decorate the ``backward`` of an `autograd.Function`: it is called as it is, as nothing is cast."""
    _check_device(device_type)
    return functools.partial(custom_bwd, device_type=device_type) if bwd is None else bwd


def _check_device(device_type: str) -> None:
    if device_type not in _FIRST:
        raise RuntimeError(
            f"User specified an unsupported autocast device_type '{device_type}'. Use one of {sorted(_FIRST)}."
        )
