"""Differentiable functions with an inverse and the logarithm of their derivative's determinant.

Source: https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.transforms

Example:
    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn.distributions.transforms import AffineTransform, ExpTransform, ComposeTransform
    >>> t = ComposeTransform([ExpTransform(), AffineTransform(1.0, 2.0)])
    >>> t(tg.zeros(2)), t.inv(tg.tensor([3.0, 3.0]))
    (tensor([3., 3.]), tensor([0., 0.]))
"""

from __future__ import annotations

from .composition import ComposeTransform, IndependentTransform, identity_transform
from .elementwise import (
    AbsTransform,
    AffineTransform,
    CumulativeDistributionTransform,
    ExpTransform,
    PowerTransform,
    SigmoidTransform,
    SoftplusTransform,
    TanhTransform,
)
from .matrices import CorrCholeskyTransform, LowerCholeskyTransform, PositiveDefiniteTransform
from .pieces import CatTransform, ReshapeTransform, StackTransform
from .simplices import SoftmaxTransform, StickBreakingTransform
from .transform import Transform

__all__ = [
    "AbsTransform", "AffineTransform", "CatTransform", "ComposeTransform", "CorrCholeskyTransform",
    "CumulativeDistributionTransform", "ExpTransform", "IndependentTransform", "LowerCholeskyTransform",
    "PositiveDefiniteTransform", "PowerTransform", "ReshapeTransform", "SigmoidTransform", "SoftmaxTransform",
    "SoftplusTransform", "StackTransform", "StickBreakingTransform", "TanhTransform", "Transform",
    "identity_transform",
]  # fmt: skip
