"""Datasets read from files of your own: MNIST and everything else in the IDX format."""

from __future__ import annotations

from .idx import read_idx
from .mnist import MNIST

__all__ = ["MNIST", "read_idx"]
