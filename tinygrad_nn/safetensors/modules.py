"""Modules in safetensors files, whose parameters may share memory: of those that do, one is written.

Source: https://huggingface.co/docs/safetensors/torch_shared_tensors
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

from tinygrad_nn._core.blocks import address, block
from tinygrad_nn.nn.module import Module

from .reading import load_file
from .writing import save_file, shared_names


def save_model(
    model: Module, filename: str | os.PathLike[str], metadata: dict[str, str] | None = None,
    force_contiguous: bool = True,
) -> None:  # fmt: skip
    """Write a module's state to a safetensors file.

    Of tensors that share memory, such as tied weights, one is written; a note for each other names it.

    Args:
        model: the module.
        filename: the path.
        metadata: notes, strings by name. Without them ``{"format": "pt"}`` is written.
        force_contiguous: write tensors that are not contiguous, too.

    Raises:
        RuntimeError: tensors share memory of which none covers all.
        ValueError, TypeError, KeyError, SafetensorError: as `save_file` does.

    Source: https://huggingface.co/docs/safetensors/api/torch#safetensors.torch.save_model

    Example:
        >>> import os, tempfile
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.safetensors import load_model, save_model
        >>> first, second = tg.nn.Linear(2, 2), tg.nn.Linear(2, 2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_model(first, os.path.join(folder, "model.safetensors"))
        ...     load_model(second, os.path.join(folder, "model.safetensors"))
        (set(), [])
        >>> bool((first.weight == second.weight).all())
        True
    """
    state = dict(model.state_dict())
    notes = {"format": "pt"} if metadata is None else dict(metadata)
    for kept, dropped in _duplicates(state).items():
        for name in dropped:
            notes.setdefault(name, kept)
            del state[name]
    if force_contiguous:
        state = {name: tensor.contiguous() for name, tensor in state.items()}
    try:
        save_file(state, filename, notes)
    except ValueError as error:
        raise ValueError(f"{error} Or use save_model(..., force_contiguous=True).") from None


def load_model(
    model: Module, filename: str | os.PathLike[str], strict: bool = True, device: Any = "cpu", *, backend: str = "mmap"
) -> tuple[set[str], list[str]]:
    """Put the state that a safetensors file holds into a module.

    Args:
        model: the module.
        filename: the path.
        strict: refuse a file that lacks names of the module, or has others.
        device, backend: as for `load_file`.

    Returns:
        The names that the file lacks, and those that the module does not have.

    Raises:
        RuntimeError: names are missing or unexpected, or shapes differ; the module has not been changed.
        FileNotFoundError, SafetensorError, TypeError: as `load_file` does.

    Source: https://huggingface.co/docs/safetensors/api/torch#safetensors.torch.load_model
    """
    state = load_file(filename, device, backend=backend)
    own = model.state_dict()
    copies = {name for names in _duplicates(own, preferred=state.keys()).values() for name in names}
    missing = set(own) - set(state) - copies
    unexpected = [name for name in state if name not in own] + sorted(copies & set(state))
    if strict and (missing or unexpected):
        lines = [f"Error(s) in loading state_dict for {type(model).__name__}:"]
        for words, names in (("Missing", missing), ("Unexpected", unexpected)):
            if names:
                quoted = ", ".join(f'"{name}"' for name in sorted(names))
                lines.append(f"    {words} key(s) in state_dict: {quoted}")
        raise RuntimeError("\n".join(lines))
    model.load_state_dict(state, strict=False)
    return missing, unexpected


def _duplicates(state: Mapping[str, Any], preferred: Collection[str] = ()) -> dict[str, list[str]]:
    """Names to drop, by the name that is kept, which covers all the memory that they share."""
    arrays = {name: tensor._array for name, tensor in state.items()}
    found: dict[str, list[str]] = {}
    for names in shared_names(arrays):
        complete = sorted(name for name in names if _is_complete(arrays[name]))
        if len(names) > 1 and not complete:
            raise RuntimeError(
                "Error while trying to find names to remove to save state dict, but found no suitable name to keep for "
                f"saving amongst: {set(names)}. None is covering the entire storage. Refusing to save/load the model "
                "since you could be storing much more memory than needed. Save copies: x.clone()."
            )
        if len(names) > 1:
            kept = next((name for name in complete if name in preferred), complete[0])
            found[kept] = sorted(set(names) - {kept})
    return found


def _is_complete(array: Any) -> bool:
    memory = block(array)
    return bool(array.nbytes == len(memory) and address(array) == address(memory))
