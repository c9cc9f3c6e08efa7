"""The loss of texts that are aligned with their input in any way.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html
"""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from . import functional
from .loss import _Loss

__all__ = ["CTCLoss"]


class CTCLoss(_Loss):
    """Connectionist temporal classification (Graves et al., 2006): see `nn.functional.ctc_loss`.

    Args:
        blank: the class of the blank.
        reduction: ``"mean"`` (each loss is divided by its target's length first), ``"sum"`` or ``"none"``.
        zero_infinity: count an infinite loss, of an input that is too short for its target, as 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> log_probs = tg.zeros(4, 1, 3).log_softmax(2)
        >>> tg.nn.CTCLoss()(log_probs, tg.tensor([[1, 2]]), tg.tensor([4]), tg.tensor([2]))
        tensor(0.8432)
    """

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any) -> Tensor:
        """The loss."""
        return functional.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
