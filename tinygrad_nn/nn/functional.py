"""The functions behind the layers, with the signatures of ``torch.nn.functional``.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from __future__ import annotations

from ..ops.classification import cross_entropy, nll_loss
from ..ops.dropout import dropout
from ..ops.linear_layer import linear
from ..ops.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from ..ops.softmax import log_softmax, softmax, softmin

try:
    from ..ops.activation import relu
except ImportError:
    def relu(x, inplace=False): return x * (x > 0)
