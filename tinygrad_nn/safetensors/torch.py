"""The functions of `tinygrad_nn.safetensors` once more: programs import them from ``safetensors.torch``."""

from __future__ import annotations

from .modules import load_model, save_model
from .reading import load, load_file
from .writing import save, save_file

__all__ = ["load", "load_file", "load_model", "save", "save_file", "save_model"]
