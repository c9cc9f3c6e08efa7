"""Data types: PyTorch's names and promotion rules over NumPy's dtypes.

Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from .lifted import Lifted

# The two dtypes that the engine's fast paths compare with `is` (NumPy's native dtypes are singletons).
FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)
INT64 = np.dtype(np.int64)
BOOL = np.dtype(np.bool_)


DataType: TypeAlias = "dtype"  # inside the class, the name is that of an attribute


class dtype:  # noqa: N801 - the name of the class that it stands in for
    """A data type, such as ``tinygrad_nn.float32``.

    NumPy accepts it wherever it expects a dtype. Types that NumPy cannot store, such as ``bfloat16``, exist by name, so
    that programs which mention them run; a tensor of one is refused.

    Example:
        >>> import numpy as np, tinygrad_nn as tg
        >>> tg.float32.is_floating_point, tg.float32.itemsize
        (True, 4)
        >>> np.zeros(2, dtype=tg.int64).dtype
        dtype('int64')
    """

    __slots__ = ("dtype", "itemsize", "kind", "name")

    name: str
    kind: str  # NumPy's letter for bool, unsigned, int, float, complex; "q": quantised, "V": bits
    itemsize: int  # the size of one element, in bytes
    dtype: np.dtype[Any]  # the attribute by which NumPy reads a dtype off any object

    def __init__(self, name: str, numpy_dtype: Any = None, kind: str = "", itemsize: int = 0) -> None:
        self.name, self.kind, self.itemsize = name, kind, itemsize
        if numpy_dtype is not None:
            self.dtype = np.dtype(numpy_dtype)
            self.kind, self.itemsize = self.dtype.kind, self.dtype.itemsize

    def __getattr__(self, name: str) -> Any:
        if name == "dtype":  # asked for by whatever would make an array of this type
            raise unstored(self)
        raise AttributeError(f"'torch.dtype' object has no attribute {name!r}")

    @property
    def is_floating_point(self) -> bool:
        """Whether values are real floating point numbers."""
        return self.kind == "f"

    @property
    def is_complex(self) -> bool:
        """Whether values are complex numbers."""
        return self.kind == "c"

    @property
    def is_signed(self) -> bool:
        """Whether values can be negative."""
        return self.kind in "ifc" and self.name != "float8_e8m0fnu"

    def to_real(self) -> DataType:
        """The type of a complex type's real part; for others, the type itself."""
        return _REAL_OF.get(self, self)

    def to_complex(self) -> DataType:
        """The complex type whose parts are of this type.

        Raises:
            RuntimeError: there is none: not a floating point type.
        """
        found = self if self.kind == "c" else _TO_COMPLEX.get(self)
        if found is None:
            raise RuntimeError(f"Unknown Complex ScalarType for {TYPE_NAMES.get(self, self.name.capitalize())}")
        return found

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
uint16 = dtype("uint16", np.uint16)
uint32 = dtype("uint32", np.uint32)
uint64 = dtype("uint64", np.uint64)
int8 = dtype("int8", np.int8)
int16 = dtype("int16", np.int16)
int32 = dtype("int32", np.int32)
int64 = dtype("int64", np.int64)
bool_ = dtype("bool", np.bool_)

ALL = (
    float16, float32, float64, complex64, complex128, uint8, int8, int16, int32, int64, bool_, uint16, uint32, uint64,
)  # fmt: skip
# PyTorch's types that NumPy does not have: names, letters of kind, sizes.
_UNSTORED = {
    "bfloat16": "f2", "complex32": "c4", "float8_e4m3fn": "f1", "float8_e4m3fnuz": "f1", "float8_e5m2": "f1",
    "float8_e5m2fnuz": "f1", "float8_e8m0fnu": "f1", "float4_e2m1fn_x2": "f1", "qint8": "q1", "quint8": "q1",
    "qint32": "q4", "quint2x4": "q1", "quint4x2": "q1", "bits1x8": "V1", "bits2x4": "V1", "bits4x2": "V1",
    "bits8": "V1", "bits16": "V2", **{f"int{n}": "i1" for n in range(1, 8)}, **{f"uint{n}": "u1" for n in range(1, 8)},
}  # fmt: skip
UNSTORED = {name: dtype(name, kind=code[0], itemsize=int(code[1])) for name, code in _UNSTORED.items()}
bfloat16, complex32 = UNSTORED["bfloat16"], UNSTORED["complex32"]

_BY_NUMPY = {d.dtype: d for d in ALL}
_BY_PYTHON: dict[Any, dtype] = {bool: bool_, int: int64, float: float64, complex: complex128}
_BY_NAME = {**{d.name: d for d in ALL}, **UNSTORED}
_TO_COMPLEX = {float16: complex32, bfloat16: complex64, float32: complex64, float64: complex128}
_REAL_OF = {complex32: float16, complex64: float32, complex128: float64}

# PyTorch's names of the tensor types, which its messages use.
TYPE_NAMES = {
    float16: "Half", float32: "Float", float64: "Double", complex64: "ComplexFloat", complex128: "ComplexDouble",
    uint8: "Byte", int8: "Char", int16: "Short", int32: "Int", int64: "Long", bool_: "Bool", uint16: "UInt16",
    uint32: "UInt32", uint64: "UInt64",
}  # fmt: skip

_default = float32


def from_name(name: str) -> dtype:
    """The data type of this name, such as ``"float32"``."""
    return _BY_NAME[name]


def from_numpy(numpy_dtype: np.dtype[Any]) -> dtype:
    """The data type that stands for a NumPy dtype.

    Raises:
        TypeError: the dtype has no counterpart (strings, objects, dates, ...).
    """
    found = _BY_NUMPY.get(numpy_dtype)
    if found is None:
        supported = ", ".join(d.name for d in ALL)
        raise TypeError(
            f"can't convert np.ndarray of type {numpy_dtype}. The only supported types are: {supported}. "
            "Convert the array first, for example with array.astype(np.float32)."
        )
    return found


def unstored(wanted: dtype) -> TypeError:
    """The error for tensors of a type that NumPy does not have."""
    instead = "float32 (which holds every bfloat16), or float16" if wanted.name == "bfloat16" else "a wider type"
    return TypeError(
        f"tensors of {wanted} cannot be made: NumPy, in whose arrays tinygrad_nn keeps its numbers, has no such type. "
        f"Use {instead}."
    )


def to_numpy(value: Any) -> np.dtype[Any]:
    """The NumPy dtype meant by a `dtype`, a NumPy dtype, or ``float``, ``int``, ``bool``, ``complex``.

    Raises:
        TypeError: it means none, or one that NumPy does not have.
    """
    if isinstance(value, dtype):
        return value.dtype
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


# Of the types that NumPy does not have: bits, smallest step from 1, least and largest value, smallest normal number.
_LIMITS = {
    "bfloat16": (16, 2.0**-7, -(2.0**128 - 2.0**120), 2.0**128 - 2.0**120, 2.0**-126),
    "float8_e4m3fn": (8, 2.0**-3, -448.0, 448.0, 2.0**-6),
    "float8_e4m3fnuz": (8, 2.0**-3, -240.0, 240.0, 2.0**-7),
    "float8_e5m2": (8, 2.0**-2, -57344.0, 57344.0, 2.0**-14),
    "float8_e5m2fnuz": (8, 2.0**-3, -57344.0, 57344.0, 2.0**-15),
    "float8_e8m0fnu": (8, 1.0, 2.0**-127, 2.0**127, 2.0**-127),
}


class _Limits:
    """Limits are equal where they are of the same type."""

    bits: int
    dtype: str

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.dtype, self.bits))


class finfo(_Limits):  # noqa: N801 - PyTorch's name
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
        if not isinstance(wanted, dtype) or (wanted.kind not in "fc" or wanted.name == "float4_e2m1fn_x2"):
            raise TypeError(f"finfo() requires a floating point input type, got {wanted!r}. Use iinfo for integers.")
        real = wanted.to_real()
        self.dtype = real.name
        if real.name in _LIMITS:
            self.bits, self.eps, self.min, self.max, self.tiny = _LIMITS[real.name]
            self.resolution = 0.01 if real is bfloat16 else 1.0
        else:
            limits = np.finfo(real.dtype)
            self.bits, self.tiny, self.resolution = int(limits.bits), float(limits.tiny), 10.0 ** -int(limits.precision)
            self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.smallest_normal = self.tiny

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo(_Limits):  # noqa: N801 - PyTorch's name
    """The limits of an integer type: ``bits``, ``max``, ``min``.

    Raises:
        TypeError: not an integer type.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.iinfo(tg.int8).max
        127
    """

    def __init__(self, type: dtype) -> None:
        if not isinstance(type, dtype) or type.kind not in "iu" or type.name in UNSTORED:
            raise TypeError(
                f"iinfo() requires an integer input type, got {type!r}. Use finfo for floating point types."
            )
        limits = np.iinfo(type.dtype)
        self.dtype = type.name
        self.bits, self.max, self.min = int(limits.bits), int(limits.max), int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


# --- promotion ---------------------------------------------------------------------------------------------------

_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
_NEVER_WIDENED = (uint16.dtype, uint32.dtype, uint64.dtype)
_COMPLEX_OF = {float16.dtype: complex64.dtype, FLOAT32: complex64.dtype, FLOAT64: complex128.dtype}


def promote_types(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The smallest type that PyTorch lets both types go to.

    As NumPy's, but an integer never widens a floating point type: int64 with float32 is float32.

    Raises:
        RuntimeError: unsigned integers of more than 8 bits beside another type that is not floating point.
    """
    if a == b:
        return a
    category_a, category_b = _CATEGORY[a.kind], _CATEGORY[b.kind]
    if category_a != 2 != category_b and (a in _NEVER_WIDENED or b in _NEVER_WIDENED):
        raise RuntimeError(
            "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
            f"{type_name(a)} and {type_name(b)}. Convert one first, for example x.long()."
        )
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
        elif type(value) is Lifted:
            stand_in = np.empty((1,) * min(value.ndim, 1), value.dtype)
            return result_type([stand_in if each is value else each for each in operands])
        else:
            wanted = _number_dtype(value)
            number = wanted if number is None else promote_types(number, wanted)
    return _combine(dimensioned, _combine(zero_dim, number)) or default_numpy()


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
