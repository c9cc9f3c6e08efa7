"""TensorBoard's event files, written without TensorFlow or TensorBoard.

Source: https://docs.pytorch.org/docs/stable/tensorboard.html
"""

from __future__ import annotations

from .writer import SummaryWriter

__all__ = ["SummaryWriter"]
