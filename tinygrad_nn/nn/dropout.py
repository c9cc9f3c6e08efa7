"""Dropout layers.

Source: https://docs.pytorch.org/docs/stable/nn.html#dropout-layers
"""

from __future__ import annotations

from .._core.modes import modes
from .._core.tensor import Tensor
from . import functional
from .checks import note_evaluation
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, sets each element to zero with probability `p` and scales the others by ``1 / (1 - p)``.

    In evaluation it does nothing (Hinton et al., 2012).

    Args:
        p: the probability.
        inplace: write into the input.

    Raises:
        ValueError: the probability is not between 0 and 1.

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> layer = tg.nn.Dropout(0.5)
        >>> layer.eval()(tg.ones(3))
        tensor([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The input with elements dropped, in training."""
        if self.training and not modes.grad:
            note_evaluation()
        return functional.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return f"p={self.p}, inplace={self.inplace}"
