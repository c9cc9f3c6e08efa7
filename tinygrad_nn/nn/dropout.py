"""Dropout layers.

Source: https://docs.pytorch.org/docs/stable/nn.html#dropout-layers
"""

from __future__ import annotations

from .._core.modes import modes
from .._core.tensor import Tensor
from . import functional
from .checks import note_evaluation
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _DropoutNd(Module):
    """What the dropout layers share."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def _drops(self) -> bool:
        """Whether elements are dropped."""
        if self.training and not modes.here.grad:
            note_evaluation()
        return self.training

    def extra_repr(self) -> str:
        """The options."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
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

    def forward(self, input: Tensor) -> Tensor:
        """The input with elements dropped, in training."""
        return functional.dropout(input, self.p, self._drops(), self.inplace)


class Dropout1d(_DropoutNd):
    """In training, sets whole channels of sequences, (N, C, L) or (C, L), to zero with probability `p`.

    The others are scaled by ``1 / (1 - p)``.

    Args:
        p: the probability.
        inplace: write into the input.

    Raises:
        ValueError: the probability is not between 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.Dropout1d(0.5)(tg.ones(1, 3, 2)).tolist()
        [[[0.0, 0.0], [0.0, 0.0], [2.0, 2.0]]]
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with channels dropped, in training."""
        return functional.dropout1d(input, self.p, self._drops(), self.inplace)


class Dropout2d(_DropoutNd):
    """In training, sets whole channels of images, (N, C, H, W), to zero with probability `p` (Tompson et al., 2014).

    The others are scaled by ``1 / (1 - p)``.

    Args:
        p: the probability.
        inplace: write into the input.

    Raises:
        ValueError: the probability is not between 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.Dropout2d(0.5)(tg.ones(1, 3, 1, 2)).flatten().tolist()
        [0.0, 0.0, 0.0, 0.0, 2.0, 2.0]
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with channels dropped, in training."""
        return functional.dropout2d(input, self.p, self._drops(), self.inplace)


class Dropout3d(_DropoutNd):
    """In training, sets whole channels of volumes, (N, C, D, H, W) or (C, D, H, W), to zero with probability `p`.

    The others are scaled by ``1 / (1 - p)``.

    Args:
        p: the probability.
        inplace: write into the input.

    Raises:
        ValueError: the probability is not between 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.Dropout3d(0.5)(tg.ones(1, 3, 1, 1, 2)).flatten().tolist()
        [0.0, 0.0, 0.0, 0.0, 2.0, 2.0]
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with channels dropped, in training."""
        return functional.dropout3d(input, self.p, self._drops(), self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout that keeps mean 0 and variance 1, for networks of `SELU` (Klambauer et al., 2017).

    In training, each element becomes selu's negative end with probability `p`, and all are moved and scaled.

    Args:
        p: the probability.
        inplace: accepted, and not used, as in PyTorch.

    Raises:
        ValueError: the probability is not between 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.AlphaDropout(0.5)(tg.ones(3))
        tensor([-0.7792, -0.7792,  1.6656])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with elements dropped, in training."""
        return functional.alpha_dropout(input, self.p, self._drops())


class FeatureAlphaDropout(_DropoutNd):
    """`AlphaDropout` of whole channels, of inputs (N, C, ...).

    Args:
        p: the probability.
        inplace: accepted, and not used, as in PyTorch.

    Raises:
        ValueError: the probability is not between 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.FeatureAlphaDropout(0.5)(tg.ones(1, 3, 1)).flatten()
        tensor([-0.7792, -0.7792,  1.6656])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with channels dropped, in training."""
        return functional.feature_alpha_dropout(input, self.p, self._drops())
