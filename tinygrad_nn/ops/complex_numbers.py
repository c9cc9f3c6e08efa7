"""Complex numbers: made of real and imaginary parts or of lengths and angles, and taken apart again.

``x.real``, ``x.imag`` and `view_as_real` are views: a write into them changes x.

Gradients are PyTorch's: the gradient of a real loss L with respect to z is ``dL/da + dL/db j`` for ``z = a + b j``.

Source: https://docs.pytorch.org/docs/stable/complex_numbers.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.elements import each
from .._core.errors import must_be_tensor
from .._core.numbers import operand
from .._core.op import case, composite, op
from .._core.outputs import write_out
from .._core.tensor import Tensor, tensor_attribute, tensor_method, wrap
from .arithmetic import sgn
from .selection import keep

__all__ = ["angle", "complex", "imag", "isreal", "polar", "real", "view_as_complex", "view_as_real"]

_PARTS: dict[Any, np.dtype[Any]] = {np.dtype(np.complex64): FLOAT32, np.dtype(np.complex128): FLOAT64}
_WHOLE: dict[Any, np.dtype[Any]] = {part: whole for whole, part in _PARTS.items()}


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the parts of complex numbers of this dtype; real dtypes as they are."""
    return _PARTS.get(dtype, dtype)


def complex_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of complex numbers whose parts have this dtype; complex dtypes as they are."""
    return _WHOLE.get(dtype, dtype)


def joined(real: Any, imag: Any) -> Any:
    """``real + imag j``, exact also where a part is infinite or nan. On arrays."""
    shape = np.broadcast_shapes(np.shape(real), np.shape(imag))
    result = np.empty(shape, _WHOLE[real.dtype])
    result.real, result.imag = real, imag
    return result


def check_tensor(function: str, input: Any) -> None:
    """Refuse what is no tensor."""
    if not isinstance(input, Tensor):
        raise must_be_tensor(function, "input", 0, input)


def _zeros(like: Any) -> Any:
    """Zeros without a gradient. On arrays and tensors."""
    zeros = np.zeros(like.shape, (like._array if isinstance(like, Tensor) else like).dtype)
    return wrap(zeros) if isinstance(like, Tensor) else zeros


# --- from parts --------------------------------------------------------------------------------------------------


@op(vjp=(lambda g: g.real, lambda g: g.imag), method=False, torch_name="", holomorphic=False,
    complex_numbers=True, node_name="ComplexBackward0", names=("real", "imag"))  # fmt: skip
def _join(real, imag, /):
    """``real + imag j``."""
    return joined(real, imag)


# The direction is read off the result, as PyTorch does: lengths are not negative.
@op(vjp=(lambda g, out: (g.conj() * sgn.op.numpy(out)).real, lambda g, out: (g.conj() * (out * 1j)).real),
    method=False, torch_name="", holomorphic=False, complex_numbers=True, node_name="PolarBackward0",
    names=("abs", "angle"))
def _polar(length, angle, /):
    """``length * exp(angle j)``."""
    return joined(length * np.cos(angle), length * np.sin(angle))


def _check_parts(name: str, names: tuple[str, str], first: Any, second: Any) -> None:
    for position, (word, value) in enumerate(zip(names, (first, second), strict=True)):
        if not isinstance(value, Tensor):
            raise TypeError(
                f"{name}(): argument '{word}' (position {position + 1}) must be Tensor, not {type(value).__name__}. "
                "Write tinygrad_nn.tensor(...)."
            )
    kinds = [value._array.dtype for value in (first, second)]
    shown = [dtypes.type_name(kind) for kind in kinds]
    if any(kind.kind != "f" for kind in kinds):
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {shown[0]} and {shown[1]}. "
            "Convert first: x.float()."
        )
    if kinds[0] != kinds[1]:
        raise RuntimeError(
            f"Expected object of scalar type {shown[0]} but got scalar type {shown[1]} for second argument: {name}() "
            f"needs {names[0]} and {names[1]} of one dtype."
        )
    if kinds[0].itemsize == 2:
        raise RuntimeError(f"{name}(): complex numbers of two Half parts (complex32) do not exist here. Use x.float().")


def complex(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Complex numbers of real and imaginary parts, ``real + imag j``: of float32 complex64, of float64 complex128.

    Raises:
        RuntimeError: the parts are no floating point numbers, or of two types.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.complex.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.complex(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
        tensor([1.+3.j, 2.+4.j])
    """
    _check_parts("complex", ("real", "imag"), real, imag)
    result: Tensor = _join(real, imag)
    return result if out is None else write_out(out, result)


def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Complex numbers of lengths and angles, ``abs * cos(angle) + abs * sin(angle) j``.

    Raises:
        RuntimeError: they are no floating point numbers, or of two types.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.polar.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.polar(tg.tensor([2.0]), tg.tensor([0.0]))
        tensor([2.+0.j])
    """
    _check_parts("polar", ("abs", "angle"), abs, angle)
    result: Tensor = _polar(abs, angle)
    return result if out is None else write_out(out, result)


# --- views of the parts ------------------------------------------------------------------------------------------


@op(vjp=lambda g: _join.op.numpy(g, _zeros(g)), kind="view", method=False, torch_name="", holomorphic=False,
    complex_numbers=True, node_name="SelectBackward0")  # fmt: skip
def _real(x, /):
    """The real parts of complex numbers."""
    return x.real


@op(vjp=lambda g: _join.op.numpy(_zeros(g), g), kind="view", method=False, torch_name="", holomorphic=False,
    complex_numbers=True, node_name="SelectBackward0")  # fmt: skip
def _imag(x, /):
    """The imaginary parts of complex numbers."""
    return x.imag


def real(input: Tensor) -> Tensor:
    """The real parts: a view. Of a real tensor, the tensor itself.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.real.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1 + 2j, 3 - 1j])
        >>> x.real
        tensor([1., 3.])
        >>> x.real[0] = 7
        >>> x
        tensor([7.+2.j, 3.-1.j])
    """
    check_tensor("real", input)
    result: Tensor = _real(input) if input._array.dtype.kind == "c" else input
    return result


def imag(input: Tensor) -> Tensor:
    """The imaginary parts: a view.

    Raises:
        RuntimeError: the tensor is not complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.imag.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.imag(tg.tensor([1 + 2j, 3 - 1j]))
        tensor([ 2., -1.])
    """
    check_tensor("imag", input)
    if input._array.dtype.kind != "c":
        raise RuntimeError(
            f"imag is not implemented for tensors with non-complex dtypes. (Got {input.dtype}, whose imaginary parts "
            "are all zero: torch.zeros_like(x).)"
        )
    result: Tensor = _imag(input)
    return result


def _set_part(part: Any, name: str) -> property:
    def write(self: Tensor, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Tensor.{name}: expected a Tensor to assign, got {type(value).__name__}")
        target: Any = part(self)
        if isinstance(value, Tensor) and value._array.dtype.kind == "c":
            value = real(value)  # as PyTorch's copy_ takes them
        target[...] = value

    return property(part, write, doc=f"The {name} parts of complex numbers, a view; assigning writes into it.")


tensor_attribute("real", _set_part(real, "real"))
tensor_attribute("imag", _set_part(imag, "imag"))
dispatch.register(np.real, real)
dispatch.register(np.imag, lambda val: imag(val) if val._array.dtype.kind == "c" else wrap(np.zeros_like(val._array)))


def _as_real(x: Any) -> Any:
    part = x.real
    return np.lib.stride_tricks.as_strided(
        part, (*x.shape, 2), (*x.strides, part.itemsize), writeable=x.flags.writeable
    )


def _real_pairs_rule(g: Any) -> Any:
    return _view_as_complex.op.numpy(_side_by_side(g))


@op(vjp=_real_pairs_rule, kind="view", method=False, torch_name="",
    holomorphic=False, complex_numbers=True, node_name="ViewAsRealBackward0")  # fmt: skip
def _view_as_real(x, /):
    """The parts side by side in a last dimension."""
    return _as_real(x)


@op(vjp=lambda g: _view_as_real.op.numpy(g), kind="view", method=False, torch_name="",
    holomorphic=False, complex_numbers=True, node_name="ViewAsComplexBackward0")  # fmt: skip
def _view_as_complex(x, /):
    """Pairs in the last dimension as complex numbers."""
    return x.view(_WHOLE[x.dtype]).reshape(x.shape[:-1])


def _side_by_side(g: Any) -> Any:
    """The pairs of the last dimension next to each other in memory. On arrays and tensors."""
    if isinstance(g, Tensor):
        return g if g._array.strides[-1:] == (g._array.itemsize,) else g.clone() + 0
    return np.ascontiguousarray(g)


@composite()
def view_as_real(input: Tensor) -> Tensor:
    """Complex numbers as pairs of their parts in a new last dimension of length 2: a view.

    Raises:
        RuntimeError: the tensor is not complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.view_as_real.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.view_as_real(tg.tensor([1 + 2j, 3 - 1j]))
        tensor([[ 1.,  2.],
                [ 3., -1.]])
    """
    check_tensor("view_as_real", input)
    if input._array.dtype.kind != "c":
        raise RuntimeError(f"view_as_real is only supported for complex tensors, got {input.dtype}")
    result: Tensor = _view_as_real(input)
    return result


@composite()
def view_as_complex(input: Tensor) -> Tensor:
    """Pairs in the last dimension as complex numbers: a view, whose last dimension is gone.

    Raises:
        RuntimeError: the last dimension is not of length 2, or its pairs do not lie side by side in memory, or the
            elements are no float32 or float64.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.view_as_complex.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.view_as_complex(tg.tensor([[1.0, 2.0], [3.0, -1.0]]))
        tensor([1.+2.j, 3.-1.j])
    """
    check_tensor("view_as_complex", input)
    x = input._array
    if x.dtype not in _WHOLE:
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
            f"{dtypes.type_name(x.dtype)}. (Half: not here, as there is no complex32.)"
        )
    if not x.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if x.shape[-1] != 2:
        raise RuntimeError(f"Tensor must have a last dimension of size 2, got shape {list(x.shape)}")
    if x.strides[-1] != x.itemsize:
        raise RuntimeError("Tensor must have a last dimension with stride 1: call .contiguous() first")
    if x.size and any(step % (2 * x.itemsize) for step in x.strides[:-1]):
        raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension: call .contiguous()")
    result: Tensor = _view_as_complex(input)
    return result


# --- angles, and what is real ------------------------------------------------------------------------------------


def _angle_rule(g: Any, x: Any) -> Any:
    if not (x.is_complex() if isinstance(x, Tensor) else x.dtype.kind == "c"):
        return _zeros(g)
    square = x.real * x.real + x.imag * x.imag
    return keep(g * (x * 1j) / square, square != 0)


@op(np.angle, vjp=_angle_rule, promotes="float", holomorphic=False, avoid=(0.0,), cases=[case((2, 3)), case(())],
    special=[case(np.array([0.0, -0.0, -1.0, np.inf, -np.inf, np.nan]))])  # fmt: skip
def angle(x, /):
    """The angle of each complex number, in ``(-pi, pi]``; of real numbers 0, or pi for negative ones.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.angle.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.angle(tg.tensor([1 + 1j, -1 + 0j]))
        tensor([0.7854, 3.1416])
    """
    if x.dtype.kind == "c":
        return np.arctan2(x.imag, x.real)
    return each(_write_real_angle, x)


def _write_real_angle(x: Any, out: Any) -> None:
    out[...] = x < 0
    out *= operand(math.pi, x.dtype)
    unknown = np.isnan(x)
    if unknown.any():
        out[unknown] = np.nan


@composite()
def isreal(input: Tensor) -> Tensor:
    """Which elements are real: whose imaginary part is zero.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.isreal.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.isreal(tg.tensor([1 + 2j, 3 + 0j]))
        tensor([False,  True])
    """
    check_tensor("isreal", input)
    x = input._array
    return wrap(np.asarray(x.imag == 0) if x.dtype.kind == "c" else np.ones(x.shape, bool))


@tensor_method
def chalf(self: Tensor, *, memory_format: Any = None) -> Tensor:
    """Refused: complex numbers of two float16 do not exist here.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("chalf(): complex32 does not exist here, as NumPy has no such type. Use x.cfloat().")
