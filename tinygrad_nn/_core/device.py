"""Devices: there is one, the CPU. The names exist so that programs which ask for a device run."""

from __future__ import annotations

from typing import Any


class device:  # noqa: N801 - PyTorch's name
    """A device. Only ``"cpu"`` exists here.

    Raises:
        RuntimeError: any other device is asked for.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.device("cuda" if tg.cuda.is_available() else "cpu")
        device(type='cpu')
    """

    __slots__ = ("index", "type")

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        name, _, number = str(type).partition(":") if not isinstance(type, device) else ("cpu", "", "")
        if name != "cpu":
            raise RuntimeError(
                f"device: got {type!r}, but tinygrad_nn computes on the CPU only. Write device('cpu'), or choose with "
                "'cuda' if tinygrad_nn.cuda.is_available() else 'cpu'."
            )
        self.type = "cpu"
        if number and not number.isdigit():
            raise RuntimeError(f"Invalid device string: {type!r}. There is 'cpu'.")
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        return "device(type='cpu')" if self.index is None else f"device(type='cpu', index={self.index})"

    def __str__(self) -> str:
        return "cpu" if self.index is None else f"cpu:{self.index}"

    def __enter__(self) -> device:
        return self  # tensors are made on the CPU in any case

    def __exit__(self, *error: object) -> None:
        pass

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


CPU = device()


def check_device(value: Any) -> None:
    """Refuse every device but the CPU."""
    if value is not None:
        device(value)
