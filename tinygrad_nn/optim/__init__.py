"""Optimizers: PyTorch's names, options, defaults and results.

Source: https://docs.pytorch.org/docs/stable/optim.html
"""

from .adam import Adam
from .adamw import AdamW
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
