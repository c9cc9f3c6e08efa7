"""Changing the type and place of all of a module's tensors: ``to``, ``half``, ``double``, ``cpu`` and kin."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from .._core import dtypes
from .._core.device import check_device, device
from .._core.memory_format import memory_format as MemoryFormat  # noqa: N812 - `memory_format` is an argument here
from .._core.modes import no_grad
from .._core.tensor import Tensor
from ..ops.creation import empty_like


class Convertible:
    """The part of a module that changes its tensors."""

    if TYPE_CHECKING:
        _parameters: dict[str, Any]
        _buffers: dict[str, Any]

        def children(self) -> Iterable[Any]: ...

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace the data of all parameters, gradients and buffers by a function of it."""
        for module in self.children() if recurse else ():
            module._apply(fn)
        with no_grad():
            for parameter in self._parameters.values():
                if parameter is not None:
                    gradient, changed = parameter._grad, fn(parameter)
                    if changed is not parameter:
                        parameter.data = changed
                    if gradient is not None:
                        gradient.data = fn(gradient.detach())
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating point parameters and buffers in place: ``to(dtype)``, ``to(device, dtype)``, ``to(tensor)``.

        Args:
            args: a dtype, a device, or both, or a tensor to follow; and ``non_blocking``, which changes nothing here.
            kwargs: the same by name, and ``memory_format``, for tensors of four and five dimensions.

        Raises:
            RuntimeError: a device other than the CPU is asked for.
            TypeError: the type is not floating point or complex, or the arguments are none of these.

        Example:
            >>> import tinygrad_nn as tg
            >>> tg.nn.Linear(2, 1).to("cpu", tg.float64).weight.dtype
            torch.float64
        """
        dtype, memory_format = _parse(args, kwargs)
        if dtype is None and memory_format is None:
            return self
        if dtype is not None and dtype.is_complex:
            warnings.warn(
                "Complex modules are a new feature under active development whose design may change, and some modules "
                "might not work as expected when using complex tensors as parameters or buffers.",
                stacklevel=2,
            )

        def convert(tensor: Tensor) -> Tensor:
            kind = dtype if tensor._array.dtype.kind in "fc" else None
            return tensor.to(kind, memory_format=memory_format if tensor.ndim in (4, 5) else None)

        return self._apply(convert)

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers to a type, in place."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def float(self) -> Self:
        """Convert floating point parameters and buffers to float32."""
        return self._apply(_to_real(dtypes.float32))

    def double(self) -> Self:
        """Convert floating point parameters and buffers to float64."""
        return self._apply(_to_real(dtypes.float64))

    def half(self) -> Self:
        """Convert floating point parameters and buffers to float16."""
        return self._apply(_to_real(dtypes.float16))

    def bfloat16(self) -> Self:
        """Refused: NumPy has no such numbers.

        Raises:
            TypeError: always.
        """
        raise dtypes.unstored(dtypes.bfloat16)

    def cpu(self) -> Self:
        """The module itself: it is on the CPU."""
        return self

    def cuda(self, device: Any = None) -> Self:
        """Refused: there is no GPU here.

        Raises:
            RuntimeError: always.
        """
        raise _no_device("cuda")

    def ipu(self, device: Any = None) -> Self:
        """Refused: there is the CPU only."""
        raise _no_device("ipu")

    def xpu(self, device: Any = None) -> Self:
        """Refused: there is the CPU only."""
        raise _no_device("xpu")

    def mtia(self, device: Any = None) -> Self:
        """Refused: there is the CPU only."""
        raise _no_device("mtia")

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Give all parameters and buffers new memory, whose content is open.

        Args:
            device: the CPU.
            recurse: those of the children as well.
        """
        check_device(device)
        return self._apply(empty_like, recurse)

    def share_memory(self) -> Self:
        """Share the memory of parameters and buffers with processes that are forked from this one."""
        return self._apply(lambda tensor: tensor.share_memory_())


def _to_real(dtype: dtypes.dtype) -> Callable[[Tensor], Tensor]:
    return lambda tensor: tensor.to(dtype) if tensor._array.dtype.kind == "f" else tensor


def _no_device(name: str) -> RuntimeError:
    return RuntimeError(
        f"Module.{name}(): tinygrad_nn computes on the CPU only. Leave .{name}() away, or write "
        "device = 'cuda' if tinygrad_nn.cuda.is_available() else 'cpu' and module.to(device)."
    )


class _Target(NamedTuple):
    dtype: dtypes.dtype | None
    memory_format: Any


def _parse(args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Target:
    """What ``Module.to(...)`` asks for.

    Raises:
        TypeError, RuntimeError: see `Convertible.to`.
    """
    unknown = sorted(set(kwargs) - {"device", "dtype", "non_blocking", "tensor", "memory_format"})
    if unknown or len(args) > 3:
        got = f"unexpected keyword {unknown[0]!r}" if unknown else f"{len(args)} arguments"
        raise TypeError(
            f"to() received an invalid combination of arguments: got {got}, but expected one of: to(device, dtype, "
            "non_blocking, *, memory_format), to(dtype, non_blocking), to(tensor, non_blocking)"
        )
    dtype = kwargs.get("dtype")
    for value in (*args, kwargs.get("tensor"), kwargs.get("device")):
        if isinstance(value, Tensor):
            dtype = value.dtype
        elif isinstance(value, str | device):
            check_device(value)
        elif value is not None and not isinstance(value, bool):  # a boolean is non_blocking by position
            dtype = value
    memory_format = kwargs.get("memory_format")
    if memory_format is not None and not isinstance(memory_format, MemoryFormat):
        raise TypeError(f"to(): argument 'memory_format' must be torch.memory_format, not {_name(memory_format)}")
    if dtype is None:
        return _Target(None, memory_format)
    found = dtypes.from_numpy(dtypes.to_numpy(dtype))
    if not (found.is_floating_point or found.is_complex):
        raise TypeError(f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={found}")
    return _Target(found, memory_format)


def _name(value: object) -> str:
    return value.__class__.__name__
