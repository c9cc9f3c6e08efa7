"""Data types: PyTorch's names and promotion rules over NumPy's dtypes.

Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
"""

from __future__ import annotations

from typing import Any

import numpy as np

# The two dtypes that the engine's fast paths compare with `is` (NumPy's native dtypes are singletons).
FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)


class dtype:  # noqa: N801 - the name of the class that it stands in for
    """A data type, such as ``tinygrad_nn.float32``.

    NumPy accepts it wherever it expects a dtype.

    Example:
        >>> import numpy as np, tinygrad_nn as tg
        >>> tg.float32.is_floating_point, tg.float32.itemsize
        (True, 4)
        >>> np.zeros(2, dtype=tg.int64).dtype
        dtype('int64')
    """

    __slots__ = ("dtype", "name")

    name: str
    dtype: np.dtype[Any]  # the attribute by which NumPy reads a dtype off any object

    def __init__(self, name: str, numpy_dtype: Any) -> None:
        self.name = name
        self.dtype = np.dtype(numpy_dtype)

    @property
    def is_floating_point(self) -> bool:
        """Whether values are real floating point numbers."""
        return self.dtype.kind == "f"

    @property
    def is_complex(self) -> bool:
        """Whether values are complex numbers."""
        return self.dtype.kind == "c"

    @property
    def is_signed(self) -> bool:
        """Whether values can be negative."""
        return self.dtype.kind in "ifc"

    @property
    def itemsize(self) -> int:
        """Size of one element, in bytes."""
        return self.dtype.itemsize

    def __repr__(self) -> str:
        return f"torch.{self.name}"  # as programs print it, which call the package so

    def __reduce__(self) -> tuple[Any, ...]:
        return from_name, (self.name,)


float16 = dtype("float16", np.float16)
float32 = dtype("float32", np.float32)
float64 = dtype("float64", np.float64)
complex64 = dtype("complex64", np.complex64)
complex128 = dtype("complex128", np.complex128)
uint8 = dtype("uint8", np.uint8)
int8 = dtype("int8", np.int8)
int16 = dtype("int16", np.int16)
int32 = dtype("int32", np.int32)
int64 = dtype("int64", np.int64)
bool_ = dtype("bool", np.bool_)

ALL = (float16, float32, float64, complex64, complex128, uint8, int8, int16, int32, int64, bool_)
_BY_NUMPY = {d.dtype: d for d in ALL}
_BY_PYTHON: dict[Any, dtype] = {bool: bool_, int: int64, complex: complex64}
_BY_NAME = {d.name: d for d in ALL}

# PyTorch's names of the tensor types, which its messages use.
TYPE_NAMES = {
    float16: "Half", float32: "Float", float64: "Double", complex64: "ComplexFloat", complex128: "ComplexDouble",
    uint8: "Byte", int8: "Char", int16: "Short", int32: "Int", int64: "Long", bool_: "Bool",
}  # fmt: skip

_default = float32


def from_name(name: str) -> dtype:
    """The data type of this name, such as ``"float32"``."""
    return _BY_NAME[name]


def from_numpy(numpy_dtype: np.dtype[Any]) -> dtype:
    """The data type that stands for a NumPy dtype.

    Raises:
        TypeError: the dtype has no counterpart (strings, objects, unsigned integers above 8 bits, ...).
    """
    found = _BY_NUMPY.get(numpy_dtype)
    if found is None:
        supported = ", ".join(d.name for d in ALL)
        raise TypeError(
            f"can't convert np.ndarray of type {numpy_dtype}. The only supported types are: {supported}. "
            "Convert the array first, for example with array.astype(np.float32)."
        )
    return found


def to_numpy(value: Any) -> np.dtype[Any]:
    """The NumPy dtype meant by a `dtype`, a NumPy dtype, or ``float``, ``int``, ``bool``, ``complex``."""
    if isinstance(value, dtype):
        return value.dtype
    if value is float:
        return _default.dtype
    if value in _BY_PYTHON:
        return _BY_PYTHON[value].dtype
    try:
        return from_numpy(np.dtype(value)).dtype
    except TypeError:
        raise TypeError(f"dtype: expected a tinygrad_nn.dtype such as tinygrad_nn.float32, got {value!r}") from None


def type_name(numpy_dtype: np.dtype[Any]) -> str:
    """PyTorch's name of a type in messages: ``Float`` for float32, ``Long`` for int64."""
    return TYPE_NAMES[from_numpy(numpy_dtype)]


def get_default_dtype() -> dtype:
    """The data type given to Python floats, float32 unless set otherwise."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the data type given to Python floats: float16, float32 or float64.

    Raises:
        TypeError: ``d`` is not a floating point data type.
    """
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default = d


def default_numpy() -> np.dtype[Any]:
    """The default floating point type, as a NumPy dtype."""
    return _default.dtype


class finfo:  # noqa: N801 - PyTorch's name
    """The limits of a floating point type.

    They are ``bits``, ``eps``, ``max``, ``min``, ``tiny``, ``smallest_normal``, ``resolution``.

    Raises:
        TypeError: not a floating point type.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.finfo(tg.float32).max
        3.4028234663852886e+38
    """

    def __init__(self, type: dtype | None = None) -> None:
        wanted = _default if type is None else type
        if not isinstance(wanted, dtype) or wanted.dtype.kind not in "fc":
            raise TypeError(f"finfo() requires a floating point input type, got {wanted!r}. Use iinfo for integers.")
        limits = np.finfo(wanted.dtype)
        self.dtype = wanted.name
        self.bits = int(limits.bits)
        self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.tiny = self.smallest_normal = float(limits.tiny)
        self.resolution = float(limits.resolution)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:  # noqa: N801 - PyTorch's name
    """The limits of an integer type: ``bits``, ``max``, ``min``.

    Raises:
        TypeError: not an integer type.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.iinfo(tg.int8).max
        127
    """

    def __init__(self, type: dtype) -> None:
        if not isinstance(type, dtype) or type.dtype.kind not in "iu":
            raise TypeError(
                f"iinfo() requires an integer input type, got {type!r}. Use finfo for floating point types."
            )
        limits = np.iinfo(type.dtype)
        self.dtype = type.name
        self.bits, self.max, self.min = int(limits.bits), int(limits.max), int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


# --- promotion ---------------------------------------------------------------------------------------------------

_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
_COMPLEX_OF = {float16.dtype: complex64.dtype, FLOAT32: complex64.dtype, FLOAT64: complex128.dtype}


def promote_types(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The smallest type that PyTorch lets both types go to.

    As NumPy's, but an integer never widens a floating point type: int64 with float32 is float32.
    """
    if a == b:
        return a
    category_a, category_b = _CATEGORY[a.kind], _CATEGORY[b.kind]
    if category_a < 2 <= category_b:
        return b
    if category_b < 2 <= category_a:
        return a
    if category_a + category_b == 5:  # a real and a complex type
        real, cplx = (a, b) if category_a == 2 else (b, a)
        return np.promote_types(_COMPLEX_OF[real], cplx)
    return np.promote_types(a, b)


def result_type(operands: list[Any]) -> np.dtype[Any]:
    """PyTorch's result type of arrays and Python numbers together.

    Arrays with dimensions decide; 0-d arrays, and after them Python numbers, count only if their category
    (bool < integer < floating point < complex) is higher.
    """
    dimensioned: np.dtype[Any] | None = None
    zero_dim: np.dtype[Any] | None = None
    number: np.dtype[Any] | None = None
    for value in operands:
        if isinstance(value, np.ndarray):
            if value.ndim:
                dimensioned = value.dtype if dimensioned is None else promote_types(dimensioned, value.dtype)
            else:
                zero_dim = value.dtype if zero_dim is None else promote_types(zero_dim, value.dtype)
        else:
            wanted = _number_dtype(value)
            number = wanted if number is None else promote_types(number, wanted)
    return _combine(_combine(dimensioned, zero_dim), number) or default_numpy()


def _number_dtype(value: Any) -> np.dtype[Any]:
    """The type of a Python number; floats take the default type."""
    if isinstance(value, bool):
        return bool_.dtype
    if isinstance(value, int):
        return int64.dtype
    if isinstance(value, float):
        return default_numpy()
    return _COMPLEX_OF[default_numpy()]


def _combine(strong: np.dtype[Any] | None, weak: np.dtype[Any] | None) -> np.dtype[Any] | None:
    """`strong`, unless `weak` is of a higher category."""
    if strong is None or weak is None:
        return weak if strong is None else strong
    if _CATEGORY[weak.kind] > _CATEGORY[strong.kind]:
        # complex beside a real array keeps the array's precision
        return _COMPLEX_OF.get(strong, weak) if weak.kind == "c" and strong.kind == "f" else weak
    return strong


def can_cast(source: np.dtype[Any], target: np.dtype[Any]) -> bool:
    """Whether an in-place result of type `source` may be stored as `target` (never to a lower category)."""
    return _CATEGORY[source.kind] <= _CATEGORY[target.kind]
