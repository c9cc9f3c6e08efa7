"""Where tensors are to lie: what PyTorch's programs say in ``map_location``, where there is the CPU only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.device import device
from .._core.storage import UntypedStorage


class RefusedPlaceError(Exception):
    """Carries the error of a function given as `map_location` out of the file, whose own errors have other names."""


def placing(wanted: Any) -> Callable[[UntypedStorage, str], UntypedStorage]:
    """A function that puts a storage, saved from the named device, where it is wanted.

    Raises:
        RuntimeError: another device than the CPU is wanted.
        TypeError: it is nothing that says where.
    """
    if isinstance(wanted, bytes):
        wanted = wanted.decode()
    if isinstance(wanted, str):
        _check_device(wanted)
    elif isinstance(wanted, dict):
        return lambda storage, name: _carried(lambda: _mapped(storage, wanted.get(name)))
    elif callable(wanted):
        return lambda storage, name: _carried(lambda: _placed(storage, wanted(storage, name)))
    elif wanted is not None and not isinstance(wanted, device):
        raise TypeError(f"load(): map_location must be a str, a device, a dict or a function, not {wanted!r}")
    return lambda storage, name: storage


def _carried(place: Callable[[], UntypedStorage]) -> UntypedStorage:
    try:
        return place()
    except Exception as error:
        raise RefusedPlaceError from error


def _mapped(storage: UntypedStorage, name: Any) -> UntypedStorage:
    if name is not None:
        _check_device(str(name))
    return storage


def _placed(storage: UntypedStorage, answer: Any) -> UntypedStorage:
    if answer is None:
        return storage
    if not isinstance(answer, UntypedStorage) or answer.nbytes() != storage.nbytes():
        raise TypeError(
            f"load(): the function given as map_location must return a storage or None, not {type(answer).__name__}. "
            "Write map_location=lambda storage, location: storage."
        )
    return answer


def _check_device(name: str) -> None:
    """Refuse another device than the CPU, in PyTorch's words."""
    kind = name.partition(":")[0]
    if kind == "cuda":
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. "
            "Please use torch.load with map_location=torch.device('cpu')."
        )
    if kind != "cpu":
        raise RuntimeError(
            f"don't know how to restore data location of torch.storage.UntypedStorage (tagged with {name}). "
            "Everything comes to the CPU: map_location='cpu'."
        )
