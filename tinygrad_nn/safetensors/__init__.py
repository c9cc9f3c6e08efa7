"""safetensors files, read and written without the package of that name, under whose names the functions stand here.

    from tinygrad_nn.safetensors import save_file, load_file, safe_open, save_model, load_model

A file is the length of its head, the head, JSON which says where each tensor lies, and the tensors' bytes. It can hold
nothing that could be run. Both packages read what the other one has written.

Tensors of bfloat16, which NumPy does not have, are read as float32, of which they are the first halves: nothing is
rounded. The other types that NumPy lacks (the eight-bit floats and smaller) are refused by name.

Source: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

from .header import SafetensorError
from .modules import load_model, save_model
from .reading import load, load_file, safe_open
from .writing import save, save_file

__all__ = ["SafetensorError", "load", "load_file", "load_model", "safe_open", "save", "save_file", "save_model"]
