"""Anomaly detection: which operation's backward gave the first nan, and where that operation was called.

Source: https://docs.pytorch.org/docs/stable/autograd.html#anomaly-detection
"""

from __future__ import annotations

import traceback
import warnings
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .._core.graph import Node
from .._core.observe import Observer, observing
from .._core.tensor import Tensor

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_ENABLED = (
    "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging."
)


class _Watch(Observer):
    """Notes where every node was made, and looks at what its rules give."""

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan
        self.calls: weakref.WeakKeyDictionary[Node, str] = weakref.WeakKeyDictionary()

    def recorded(self, node: Node) -> None:
        """Keep the user's part of the stack."""
        frames = [f for f in traceback.extract_stack() if not f.filename.startswith(_PACKAGE)]
        self.calls[node] = "".join(traceback.format_list(frames))

    def backward(self, node: Node, gradient: Any, step: Callable[[], list[Any]]) -> None:
        """Let the step run; an error, or a nan that it gives, is shown with the place of the forward call."""
        try:
            sent = step()
        except Exception:
            self._show(node)
            raise
        for number, part in enumerate(sent if self.check_nan else ()):
            array = part._array if isinstance(part, Tensor) else part
            if array.dtype.kind in "fc" and np.isnan(array).any():
                self._show(node)
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {number}th output.")

    def _show(self, node: Node) -> None:
        called = self.calls.get(node)
        where = (
            f"Traceback of forward call that caused the error:\n{called}"
            if called
            else "No forward pass information available. Enable detect anomaly during forward pass for more "
            "information."
        )
        warnings.warn(f"Error detected in {node.name()}. {where}", stacklevel=2)


class detect_anomaly:  # noqa: N801 - PyTorch's name
    """Find the operation whose backward gives the first nan, or fails, and say where it was called.

    Args:
        check_nan: whether a nan in the backward pass is an error.

    Warns:
        UserWarning: on entering, that this is for debugging; and, at an error, where the operation was called.

    Raises:
        RuntimeError: in the backward pass, at the first nan.

    Example:
        >>> import warnings
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([-1.0, 4.0], requires_grad=True)
        >>> with warnings.catch_warnings(action="ignore"), tg.autograd.detect_anomaly():
        ...     try:
        ...         x.sqrt().sum().backward()
        ...     except RuntimeError as error:
        ...         print(error)
        Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan: bool = True) -> None:
        warnings.warn(_ENABLED, stacklevel=2)
        self.check_nan = check_nan

    def __enter__(self) -> None:
        self._before = _state.copy()
        _switch(True, self.check_nan)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _switch(self._before["enabled"], self._before["check_nan"])


class set_detect_anomaly(detect_anomaly):  # noqa: N801 - PyTorch's name
    """Switch anomaly detection on or off: at once as a statement, or for the length of a ``with`` block.

    Args:
        mode: on or off.
        check_nan: whether a nan in the backward pass is an error.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = _state.copy()
        _switch(mode, check_nan)

    def __enter__(self) -> None:
        """It is switched already."""


_state: dict[str, Any] = {"enabled": False, "check_nan": True}
_watching: list[AbstractContextManager[None]] = []


def _switch(enabled: bool, check_nan: bool) -> None:
    """Let one observer watch, or none."""
    while _watching:
        _watching.pop().__exit__(None, None, None)
    _state.update(enabled=enabled, check_nan=check_nan)
    if enabled:
        watching = observing(_Watch(check_nan))
        watching.__enter__()
        _watching.append(watching)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return bool(_state["enabled"])


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly detection, if it is on, takes a nan for an error."""
    return bool(_state["check_nan"])
