"""scikit-learn's callbacks (`sklearn.callback`, since its version 1.9), where they are there.

Source: https://scikit-learn.org/stable/modules/callback.html
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupportMixin
    from sklearn.callback import with_callbacks as with_callbacks
except ImportError:
    F = TypeVar("F", bound=Callable[..., Any])

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands for scikit-learn's, and supports none."""

    def with_callbacks(method: F) -> F:
        """The method itself."""
        return method


class EpochTasks:
    """Tells an estimator's callbacks of each epoch; without callbacks it does nothing.

    Args:
        estimator: the estimator, of which ``module_`` is being trained.
        epochs: how many there are at most.
        X, y, sample_weight: what it is trained on.
    """

    def __init__(self, estimator: Any, epochs: int | None, X: Any, y: Any, sample_weight: Any = None) -> None:
        self.estimator, self.X, self.y = estimator, X, y
        self.metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.root: Any = None
        self.epoch: Any = None
        if hasattr(estimator, "_init_callback_context"):
            self.root = estimator._init_callback_context(max_subtasks=epochs)
            self.is_watched = bool(getattr(estimator, "_skl_callbacks", None))
            self._call(self.root.call_on_fit_task_begin)

    def begin(self) -> None:
        """An epoch begins."""
        if self.root is not None and self.is_watched:
            self.epoch = self.root.subcontext(task_name="epoch")
            self._call(self.epoch.call_on_fit_task_begin)

    def end(self) -> bool:
        """An epoch has ended. Gives whether a callback wants to stop here."""
        return self.epoch is not None and bool(self._call(self.epoch.call_on_fit_task_end))

    def close(self) -> None:
        """The training has ended."""
        if self.root is not None:
            self._call(self.root.call_on_fit_task_end)

    def _call(self, hook: Callable[..., Any]) -> Any:
        return hook(
            estimator=self.estimator, X=self.X, y=self.y, metadata=self.metadata,
            reconstruction_attributes=lambda: {"module_": copy.deepcopy(self.estimator.module_)},
        )  # fmt: skip
