"""Anomaly detection: which operation's backward gave the first nan, and where that operation was called.

Source: https://docs.pytorch.org/docs/stable/autograd.html#anomaly-detection
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import numpy as np

from .._core.callers import Place, here
from .._core.graph import Node
from .._core.observe import Observer, Sent, observing
from .._core.steps import as_array, first_index, how_computed, input_name, input_positions

_ENABLED = (
    "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging."
)


class _Watch(Observer):
    """Notes where every node was made, and looks at what its rules give."""

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan
        self.places: weakref.WeakKeyDictionary[Node, Place] = weakref.WeakKeyDictionary()

    def recorded(self, node: Node) -> None:
        """Keep where it was called."""
        self.places[node] = here()

    def backward(self, node: Node, saved: tuple[Any, ...], gradient: Any, step: Callable[[], list[Sent]]) -> None:
        """Let the step run; an error, or a nan that it gives, is shown with the place of the forward call."""
        try:
            sent = step()
        except Exception:
            self._show(node)
            raise
        if not self.check_nan:
            return
        positions = input_positions(node, [edge for edge, _ in sent])
        for position, (_, part) in zip(positions, sent, strict=True):
            array = as_array(part)
            if array.dtype.kind in "fc" and np.isnan(array).any():
                self._show(node)
                raise RuntimeError(
                    f"Function '{node.name()}' returned nan values in its {position}th output."
                    + self._where(node, saved, gradient, position, array)
                )

    def _where(self, node: Node, saved: tuple[Any, ...], gradient: Any, position: int, array: Any) -> str:
        """Which element is the first nan, of which numbers it was made, and in which module."""
        index = first_index(np.isnan(array))
        how = how_computed(node, saved, gradient, position, index, array.shape)
        place = self.places.get(node)
        module = place.module() if place is not None else ""
        return (
            f" The gradient of {input_name(node, position)} is nan at {list(index)}" + (f": {how}." if how else ".")
            + (f" (in {module})" if module else "")
        )  # fmt: skip

    def _show(self, node: Node) -> None:
        place = self.places.get(node)
        where = (
            f"Traceback of forward call that caused the error:\n{place.traceback()}"
            if place is not None and place.lines
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
        ...         print(error)  # doctest: +ELLIPSIS
        Function 'SqrtBackward0' returned nan values in its 0th output. The gradient of x is nan at [0]: ...
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
