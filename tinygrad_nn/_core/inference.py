"""Inference tensors: those made inside of `inference_mode`. They keep no versions, so autograd must not save them.

All of them share one version cell, by which they are known. Reading a version from it, as every operation does that
saves a tensor for its gradient, raises PyTorch's error; so nothing has to ask whether a tensor is such a one.

Source: https://docs.pytorch.org/docs/stable/notes/autograd.html#inference-mode
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .modes import modes

_NOT_SAVED = (
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
    "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in "
    "autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
)


class InferenceError(RuntimeError):
    """Somebody wants to follow the writes to an inference tensor, which is not possible."""


class InferenceCell(list[int]):
    """The version cell of inference tensors, which counts nothing."""

    def __getitem__(self, place: Any) -> Any:
        if not modes.here.inference:
            raise RuntimeError(_NOT_SAVED)
        return 0

    def __setitem__(self, place: Any, value: Any) -> None:
        """Nothing is counted."""

    def __iter__(self) -> Iterator[int]:
        """Views of an inference tensor are not followed: who asks for both numbers wants to begin with that."""
        raise InferenceError(_NOT_SAVED)


INFERENCE = InferenceCell([0, 0])


def check_not_inference(cell: list[int]) -> None:
    """Refuse to write to an inference tensor, outside of inference mode.

    Raises:
        RuntimeError: it is one.
    """
    if type(cell) is InferenceCell and not modes.here.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
            "normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
        )
