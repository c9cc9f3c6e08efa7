"""Arrays of other libraries, without a copy: DLPack, both ways.

``from_dlpack(array)`` takes an array of any library with the protocol; others take our tensors likewise, for example
``np.from_dlpack(tensor)`` and ``torch.from_dlpack(tensor)``.

Source: https://data-apis.org/array-api/latest/design_topics/data_interchange.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.device import check_device
from .._core.tensor import Tensor, tensor_method, wrap

__all__ = ["from_dlpack", "to_dlpack"]

_CPU = (1, 0)  # DLPack's number of the device type, and the device's


@tensor_method
def __dlpack_device__(self: Tensor) -> tuple[int, int]:  # noqa: N807 - a method of Tensor
    """DLPack's numbers of the CPU."""
    return _CPU


@tensor_method
def __dlpack__(  # noqa: N807 - a method of Tensor
    self: Tensor, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
) -> Any:
    """The memory as a DLPack capsule, which another library can take.

    Raises:
        BufferError: the tensor requires grad, or another device is asked for.
    """
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    assert stream is None or stream == -1, "stream should be None on cpu."
    if dl_device is not None and tuple(dl_device) != _CPU:
        raise BufferError(f"unsupported device requested: {dl_device}; tensors are on the CPU, {_CPU}")
    array = self._array.copy() if copy else self._array
    # NumPy 2.0 knows neither version nor device nor copy
    return array.__dlpack__() if max_version is None else array.__dlpack__(max_version=max_version)


def to_dlpack(tensor: Tensor) -> Any:
    """A tensor's memory as a DLPack capsule. Newer programs hand out the tensor itself.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.from_dlpack(tg.to_dlpack(tg.tensor([1, 2])))
        tensor([1, 2])
    """
    return tensor._array.__dlpack__()


class _Exported:
    """An object with the protocol, from a capsule alone."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return _CPU


class _Writable:
    """The memory of an array that NumPy calls read-only because an old capsule cannot say whether it is."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.owner = array
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares the memory of another library's array, or of a DLPack capsule.

    Args:
        ext_tensor: the array, an object with ``__dlpack__``, or a capsule (which can be used once).
        device: the CPU.
        copy: True: copy; else the memory is shared.

    Raises:
        TypeError, RuntimeError, BufferError: there is no such protocol, or the array is on another device.

    Example:
        >>> import numpy as np, tinygrad_nn as tg
        >>> array = np.zeros(2)
        >>> tg.from_dlpack(array).add_(1)
        tensor([1., 1.], dtype=torch.float64)
        >>> array
        array([1., 1.])
    """
    check_device(device)
    if isinstance(ext_tensor, Tensor) and ext_tensor.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    capsule = type(ext_tensor).__name__ == "PyCapsule"
    if not capsule and not hasattr(ext_tensor, "__dlpack__"):
        raise RuntimeError(
            "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you "
            f"might have already constructed a tensor from it once. Got {type(ext_tensor).__name__}, which has no "
            "__dlpack__ method either."
        )
    array = np.from_dlpack(_Exported(ext_tensor) if capsule else ext_tensor)
    dtypes.from_numpy(array.dtype)
    if copy:
        return wrap(array.copy())
    if not array.flags.writeable and (capsule or not isinstance(ext_tensor, np.ndarray)):
        array = np.asarray(_Writable(array))
    return wrap(array)
