"""Settings that PyTorch programs make: each holds what it is set to, and says what it means for NumPy.

Source: https://docs.pytorch.org/docs/stable/torch.html#parallelism, #utilities
"""

from __future__ import annotations

import os
import warnings
from typing import Any, TypeVar

from ._core import dtypes
from ._core.device import CPU, check_device, device
from ._core.sharing import blas_threads, set_blas_threads
from ._core.tensor import Tensor
from .ops.tensor_types import TensorType

F = TypeVar("F")

__all__ = [
    "are_deterministic_algorithms_enabled", "compile", "get_default_device", "get_deterministic_debug_mode",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled", "set_default_device",
    "set_default_tensor_type", "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal",
    "set_num_interop_threads", "set_num_threads", "set_warn_always", "use_deterministic_algorithms",
]  # fmt: skip

# --- devices and types -------------------------------------------------------------------------------------------


def get_default_device() -> device:
    """The device that tensors are made on: the CPU.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.get_default_device()
        device(type='cpu')
    """
    return CPU


def set_default_device(device: Any) -> None:
    """Without effect for the CPU, and None.

    Raises:
        RuntimeError: another device.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.set_default_device("cpu")
    """
    check_device(device)


def set_default_tensor_type(t: Any) -> None:
    """Set the type given to Python floats by the name of a type of tensors. Newer programs call `set_default_dtype`.

    Raises:
        TypeError: no type of tensors of floating point numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.set_default_tensor_type("torch.FloatTensor")
    """
    if isinstance(t, str):
        named = [kind for kind, word in dtypes.TYPE_NAMES.items() if t.rpartition(".")[2] == f"{word}Tensor"]
        found = named[0] if named else None
    else:
        found = t.dtype if isinstance(t, TensorType) else None
    if t is Tensor:
        found = dtypes.float32
    if found is None:
        raise TypeError(f"invalid type object: only floating-point types are supported as the default type, got {t!r}")
    dtypes.set_default_dtype(found)


# --- threads -----------------------------------------------------------------------------------------------------


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_threads: dict[str, int | None] = {"": None, "interop_": None}


def get_num_threads() -> int:
    """How many threads matrix products and large convolutions use. All else that NumPy computes runs in one.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.get_num_threads() >= 1
        True
    """
    return blas_threads() or _threads[""] or _cores()


def set_num_threads(num: int) -> None:
    """Set how many threads matrix products and large convolutions use, with OpenBLAS (as in NumPy's wheels).

    Raises:
        RuntimeError: no positive integer.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.set_num_threads(tg.get_num_threads())
    """
    _threads[""] = _count("set_num_threads", num)
    set_blas_threads(num)


def get_num_interop_threads() -> int:
    """How many threads run operations side by side: as many as were set, though there is no use for them here.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.get_num_interop_threads() >= 1
        True
    """
    return _threads["interop_"] or _cores()


def set_num_interop_threads(num: int) -> None:
    """Without effect: operations run one after the other. The number is kept.

    Raises:
        RuntimeError: no positive integer.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.set_num_interop_threads(tg.get_num_interop_threads())
    """
    _threads["interop_"] = _count("set_num_interop_threads", num)


def _count(function: str, num: Any) -> int:
    if not isinstance(num, int) or isinstance(num, bool):
        raise RuntimeError(f"{function} expects an int, but got {type(num).__name__}")
    if num <= 0:
        raise RuntimeError(f"{function} expects a positive integer, got {num}")
    return num


# --- how numbers are computed ------------------------------------------------------------------------------------

_PRECISIONS = ("highest", "high", "medium")
_DEBUG_MODES = ("default", "warn", "error")
_state: dict[str, Any] = {"precision": "highest", "deterministic": 0, "warn_always": False}


def get_float32_matmul_precision() -> str:
    """The precision of float32 matrix products as it was set. They always have the highest here.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.get_float32_matmul_precision()
        'highest'
    """
    return str(_state["precision"])


def set_float32_matmul_precision(precision: str) -> None:
    """Without effect, as NumPy has but one precision: ``"highest"``, ``"high"`` or ``"medium"`` is kept.

    Raises:
        RuntimeError: no text. (Another text gives a warning.)

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.set_float32_matmul_precision("highest")
    """
    if not isinstance(precision, str):
        raise RuntimeError(f"set_float32_matmul_precision expects a str, but got {type(precision).__name__}")
    if precision not in _PRECISIONS:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current setFloat32MatmulPrecision call has "
            "no effect.",
            UserWarning,
            stacklevel=2,
        )
        return
    _state["precision"] = precision


def set_flush_denormal(mode: bool) -> bool:
    """Whether the smallest numbers can be taken for 0: False, they cannot.

    Raises:
        RuntimeError: `mode` is not a bool.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.set_flush_denormal(True)
        False
    """
    if not isinstance(mode, bool):
        raise RuntimeError(f"flush_denormal expects a bool, but got {type(mode).__name__}")
    return False


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Without effect: the same program gives the same numbers on the same machine in any case. The mode is kept.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.use_deterministic_algorithms(False)
    """
    _state["deterministic"] = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Whether `use_deterministic_algorithms` was asked for.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.are_deterministic_algorithms_enabled()
        False
    """
    return bool(_state["deterministic"] != 0)


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether it was asked for with ``warn_only``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.is_deterministic_algorithms_warn_only_enabled()
        False
    """
    return bool(_state["deterministic"] == 1)


def get_deterministic_debug_mode() -> int:
    """0, 1 (warn) or 2 (error), as `use_deterministic_algorithms` has set it.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.get_deterministic_debug_mode()
        0
    """
    return int(_state["deterministic"])


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """The same as `use_deterministic_algorithms`, by a number or ``"default"``, ``"warn"``, ``"error"``.

    Raises:
        RuntimeError: none of these.
        TypeError: neither a number nor a text.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.set_deterministic_debug_mode("default")
    """
    if not isinstance(debug_mode, int | str):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode).__name__}")
    if isinstance(debug_mode, str):
        if debug_mode not in _DEBUG_MODES:
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            )
        debug_mode = _DEBUG_MODES.index(debug_mode)
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    _state["deterministic"] = int(debug_mode)


def set_warn_always(b: bool) -> None:
    """Without effect: Python's `warnings` decide how often a warning is shown. The setting is kept.

    Raises:
        RuntimeError: not a bool.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.set_warn_always(False)
    """
    if not isinstance(b, bool):
        raise RuntimeError(f"setWarnOnlyOnce expects a bool, but got {type(b).__name__}")
    _state["warn_always"] = b


def is_warn_always_enabled() -> bool:
    """Whether `set_warn_always` has switched it on.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.is_warn_always_enabled()
        False
    """
    return bool(_state["warn_always"])


# --- compile -----------------------------------------------------------------------------------------------------

_COMPILE_MODES = ("default", "lite", "reduce-overhead", "max-autotune-no-cudagraphs", "max-autotune")


def compile(
    model: F | None = None, *, fullgraph: bool = False, dynamic: bool | None = None, backend: Any = "inductor",
    mode: str | None = None, options: dict[str, Any] | None = None, disable: bool = False
) -> Any:  # fmt: skip
    """The function or module itself: there is no compiler. Programs that compile run, with the same results.

    Also a decorator, with or without options.

    Raises:
        AssertionError: not a function.
        RuntimeError: no such mode, or both mode and options.

    Example:
        >>> import tinygrad_nn as tg
        >>> @tg.compile
        ... def double(x):
        ...     return 2 * x
        >>> double(tg.ones(2))
        tensor([2., 2.])
    """
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if mode is not None and mode not in _COMPILE_MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(_COMPILE_MODES)}")
    if model is None:
        return lambda function: function
    assert callable(model), f"A callable function is expected, but {type(model)} is provided."
    return model
