"""Writing dicts of tensors.

Source: https://huggingface.co/docs/safetensors/api/torch
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn._core.blocks import address, block
from tinygrad_nn._core.dtypes import ALL, from_numpy
from tinygrad_nn._core.tensor import Tensor
from tinygrad_nn.serialization.files import replace, writer

from .header import NAMES, SafetensorError, build

_NOTES = {"format": "pt"}  # which other programs ask for before they read a file


def save(tensors: dict[str, Any], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes of a safetensors file that holds these tensors.

    Args:
        tensors: tensors (or arrays) by name, each contiguous, none sharing memory with another. `save_model` saves
            modules in which some are shared.
        metadata: notes, strings by name. Without them ``{"format": "pt"}`` is written, which some programs ask for.

    Raises:
        ValueError: it is no dict of tensors, or one of them is not contiguous.
        TypeError: a name or a note is no string.
        RuntimeError: tensors share memory.
        KeyError: a tensor's type has no name in the format: complex128.

    Source: https://huggingface.co/docs/safetensors/api/torch#safetensors.torch.save

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.safetensors import load, save
        >>> data = save({"weight": tg.ones(2, 2)})
        >>> data[8:50]
        b'{"__metadata__":{"format":"pt"},"weight":{'
        >>> load(data)["weight"]
        tensor([[1., 1.],
                [1., 1.]])
    """
    pieces: list[bytes] = []
    _write(lambda data: pieces.append(bytes(data)), tensors, metadata)
    return b"".join(pieces)


def save_file(
    tensors: dict[str, Any], filename: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Write tensors to a safetensors file. See `save`.

    A file that exists is replaced at once when the new one is complete: whatever happens, one of them is there.

    Raises:
        SafetensorError: the file cannot be written.
        ValueError, TypeError, RuntimeError, KeyError: as `save` does; nothing has been written.

    Source: https://huggingface.co/docs/safetensors/api/torch#safetensors.torch.save_file
    """
    arrays = _arrays(tensors, metadata)
    head = build(arrays, _NOTES if metadata is None else metadata)
    try:
        replace(os.fspath(filename), lambda file: _write_all(writer(file), *head, arrays))
    except (OSError, RuntimeError) as error:
        raise SafetensorError(f"Error while serializing: I/O error: {error}") from error


def _write(write: Callable[[Any], Any], tensors: Any, metadata: Any) -> None:
    arrays = _arrays(tensors, metadata)
    _write_all(write, *build(arrays, _NOTES if metadata is None else metadata), arrays)


def _write_all(
    write: Callable[[Any], Any], head: bytes, order: list[str], arrays: dict[str, np.ndarray[Any, Any]]
) -> None:
    write(head)
    for name in order:
        array = arrays[name]
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        if array.size:
            write(little.reshape(-1).view(np.uint8).data)


def _arrays(tensors: Any, metadata: Any) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of tensors that can be written."""
    if not isinstance(tensors, dict):
        raise ValueError(f"Expected a dict of [str, torch.Tensor] but received {type(tensors)}")
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for name, tensor in tensors.items():
        if not isinstance(name, str):
            raise TypeError(f"argument 'tensor_dict': {type(name).__name__!r} object is not an instance of 'str'")
        if name == "__metadata__":
            raise ValueError("Key `__metadata__` is the format's own name of the notes. Give the tensor another one")
        if not isinstance(tensor, Tensor | np.ndarray):
            raise ValueError(f"Key `{name}` is invalid, expected torch.Tensor but received {type(tensor)}")
        array = tensor._array if isinstance(tensor, Tensor) else tensor
        arrays[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    for key, note in (metadata or {}).items():
        if not isinstance(key, str) or not isinstance(note, str):
            culprit = note if isinstance(key, str) else key
            raise TypeError(
                f"argument 'metadata': {type(culprit).__name__!r} object is not an instance of 'str'. Notes are "
                "strings by name: str(value), or json.dumps(value)."
            )
    _check(arrays)
    return arrays


def _check(arrays: dict[str, np.ndarray[Any, Any]]) -> None:
    shared = [names for names in shared_names(arrays) if len(names) > 1]
    if shared:
        raise RuntimeError(
            "Some tensors share memory, this will lead to duplicate memory on disk and potential differences when "
            f"loading them again: {[set(names) for names in shared]}. A potential way to correctly save your model is "
            "to use `save_model`. Or save copies: x.clone()."
        )
    for name, array in arrays.items():
        if not array.flags.c_contiguous:
            raise ValueError(
                f"You are trying to save a non contiguous tensor: `{name}` which is not allowed. It either means you "
                "are trying to save tensors which are reference of each other in which case it's recommended to save "
                "only the full tensors, and reslice at load time, or simply call `.contiguous()` on your tensor to "
                "pack it before saving."
            )
        if array.dtype not in _NAMED:
            raise KeyError(f"{from_numpy(array.dtype)}: safetensors files have no such type, that of tensor `{name}`")


_NAMED = {kind.dtype for kind in ALL if kind in NAMES}


def shared_names(arrays: dict[str, np.ndarray[Any, Any]]) -> list[list[str]]:
    """The names in groups that overlap in memory; most groups are of one."""
    by_block: dict[Any, list[tuple[int, int, str]]] = {}
    for name, array in arrays.items():
        if array.size:
            low, high = np.lib.array_utils.byte_bounds(array)
            by_block.setdefault(address(block(array)), []).append((low, high, name))
    groups: list[list[str]] = []
    for spans in by_block.values():
        end = -1
        for low, high, name in sorted(spans):
            if low < end:
                groups[-1].append(name)
            else:
                groups.append([name])
            end = max(end, high)
    return groups
