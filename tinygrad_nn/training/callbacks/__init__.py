"""What is done while a model is trained, beside training it.

Source: https://keras.io/api/callbacks/
"""

from __future__ import annotations

from .base import Callback
from .best import EarlyStopping, KeepBest
from .checkpoint import Checkpoint
from .guard import NanGuard
from .logging import CSVLogger, Resources, TensorBoard
from .progress import ProgressBar
from .schedule import Schedule

__all__ = [
    "CSVLogger", "Callback", "Checkpoint", "EarlyStopping", "KeepBest", "NanGuard", "ProgressBar", "Resources",
    "Schedule", "TensorBoard",
]  # fmt: skip
