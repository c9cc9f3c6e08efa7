"""Sequences of unlike lengths in one tensor.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html
"""

from __future__ import annotations

from collections.abc import Iterable

from ..._core.tensor import Tensor
from ...ops.join import cat, stack

__all__ = ["pad_sequence"]


def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences of shapes ``(length, ...)``, filled up to the longest and stacked.

    Returns:
        Tensor: of shape ``(longest, count, ...)``, or ``(count, longest, ...)`` with `batch_first`.

    Raises:
        RuntimeError: there are no sequences; their other dimensions differ; `padding_side` is neither of its values.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils.rnn import pad_sequence
        >>> pad_sequence([tg.tensor([1, 2, 3]), tg.tensor([4])], batch_first=True)
        tensor([[1, 2, 3],
                [4, 0, 0]])
    """
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"pad_sequence(): expected padding_side to be 'left' or 'right', got {padding_side!r}")
    parts = list(sequences)
    if not parts:
        raise RuntimeError("pad_sequence(): received an empty list of sequences")
    longest = max(part.shape[0] for part in parts)
    rows = []
    for part in parts:
        missing = parts[0].new_full((longest - part.shape[0], *part.shape[1:]), padding_value)
        if missing.shape[0]:
            part = cat([missing, part] if padding_side == "left" else [part, missing])
        rows.append(part)
    return stack(rows, 0 if batch_first else 1)
