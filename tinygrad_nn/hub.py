"""Weights from the web. Of PyTorch's hub, what loads weights: nothing that is fetched is ever run.

Source: https://docs.pytorch.org/docs/stable/hub.html
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import Any, NoReturn
from urllib.parse import urlparse

__all__ = ["download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url", "set_dir"]

_HASH = re.compile(r"-([a-f0-9]{6,64})\.")  # in a file's name: how its SHA-256 begins
_chosen: str | None = None


def get_dir() -> str:
    """The folder of what was fetched: PyTorch's own, ``$TORCH_HOME/hub``, since the files are the same."""
    if _chosen is not None:
        return _chosen
    cache = os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    return os.path.join(os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Choose the folder of what is fetched."""
    global _chosen
    _chosen = os.path.expanduser(d)


def download_url_to_file(
    url: str, dst: str | os.PathLike[str], hash_prefix: str | None = None, progress: bool = True
) -> None:
    """Fetch a file. It takes its place when it is complete, and its checksum is right.

    Args:
        url: where it is.
        dst: where it is to lie.
        hash_prefix: how its SHA-256, in hexadecimal digits, begins.
        progress: accepted; progress is shown on a terminal.

    Raises:
        RuntimeError: it could not be had, or has another checksum.
    """
    from .datasets.download import fetch

    part = f"{os.fspath(dst)}.{os.getpid()}.new"
    try:
        fetch([url], part)
        if hash_prefix:
            with open(part, "rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if not found.startswith(hash_prefix):
                raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{found}") of {url}')
        os.replace(part, dst)
    finally:
        for left in (part, f"{part}.lock"):
            if os.path.exists(left):
                os.remove(left)


def load_state_dict_from_url(
    url: str, model_dir: str | None = None, map_location: Any = None, progress: bool = True, check_hash: bool = False,
    file_name: str | None = None, weights_only: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Fetch a file of weights, unless it is there, and `load` it, which never executes anything.

    Args:
        url: where it is.
        model_dir: the folder where it is to lie; ``get_dir() + "/checkpoints"`` if not given.
        map_location: as of `load`.
        progress: accepted; progress is shown on a terminal.
        check_hash: compare its SHA-256 with the digits at the end of its name, ``name-<digits>.ext``.
        file_name: its name in the folder; the last part of the URL if not given.
        weights_only: as of `load`.

    Raises:
        RuntimeError: it could not be had, or has another checksum.

    Source: https://docs.pytorch.org/docs/stable/hub.html#torch.hub.load_state_dict_from_url
    """
    from .serialization import load

    folder = os.path.join(get_dir(), "checkpoints") if model_dir is None else os.fspath(model_dir)
    os.makedirs(folder, exist_ok=True)
    name = file_name or os.path.basename(urlparse(url).path)
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        digits = _HASH.search(name) if check_hash else None
        download_url_to_file(url, path, digits.group(1) if digits else None, progress)
    found: dict[str, Any] = load(path, map_location=map_location, weights_only=weights_only)
    return found


def load(repo_or_dir: Any, model: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Run a repository's code that makes a model: a RuntimeError, as code that was fetched is never run."""
    _refuse("load")


def list(github: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Run a repository's code to see what it has: a RuntimeError."""
    _refuse("list")


def help(github: Any, model: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Run a repository's code to see what it says: a RuntimeError."""
    _refuse("help")


def _refuse(name: str) -> NoReturn:
    raise RuntimeError(
        f"hub.{name}(): it would run code from the web, which is never done here. Write the model; fetch its weights: "
        "model.load_state_dict(hub.load_state_dict_from_url(url))."
    )
