"""Discrete Fourier transforms: three ops for numbers of either kind, from which `tinygrad_nn.fft` is made.

A transform multiplies by the matrix ``exp(-2 pi j k n / N)``, which is symmetric, so that the gradient of a transform
is again one, with the same scaling. float32 stays float32, and so becomes complex64.

Source: https://docs.pytorch.org/docs/stable/fft.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import must_be_tensor
from .._core.op import case, op
from .._core.tensor import Tensor, check_dim
from .complex_numbers import complex_dtype, real_dtype
from .conjugates import conj

# By how much a transform of N points is scaled; in NumPy's words for a forward and for an inverse one.
_FORWARD: dict[str, Any] = {"none": "backward", "root": "ortho", "full": "forward"}
_INVERSE: dict[str, Any] = {"none": "forward", "root": "ortho", "full": "backward"}
# PyTorch's `norm`: the same words, for the two directions.
_SCALINGS = {
    False: {None: "none", "backward": "none", "ortho": "root", "forward": "full"},
    True: {None: "full", "backward": "full", "ortho": "root", "forward": "none"},
}

__all__: list[str] = []


# --- the ops -----------------------------------------------------------------------------------------------------


def _transform_rule(g: Any, dims: Any, scaling: str, inverse: bool, was_real: bool) -> Any:
    result = _fft_c2c.op.numpy(g, dims=dims, scaling=scaling, inverse=inverse, was_real=False)
    return result.real if was_real else result


@op(vjp=_transform_rule, kind="general", method=False, torch_name="", node_name="FftC2CBackward0",
    complex_numbers=True)  # fmt: skip
def _fft_c2c(x, /, dims, scaling, inverse, was_real):
    """The transform of real or complex numbers over dimensions."""
    if inverse:
        return np.fft.ifftn(x, axes=dims, norm=_INVERSE[scaling])
    return np.fft.fftn(x, axes=dims, norm=_FORWARD[scaling])


def _weighted(g: Any, dim: int, length: int, middle: float) -> Any:
    """Times `middle`, but for the elements of a half transform that stand alone: the first, and the last of an even
    length."""
    array = g._array if isinstance(g, Tensor) else g
    weights = np.full(array.shape[dim], middle, real_dtype(array.dtype))
    weights[:1] = 1.0
    if length % 2 == 0:
        weights[length // 2 :] = 1.0
    return g * weights.reshape(tuple([-1 if i == dim else 1 for i in range(array.ndim)]))


def _to_half_rule(g: Any, x_shape: tuple[int, ...], dims: tuple[int, ...], scaling: str) -> Any:
    length = x_shape[dims[-1]]
    halves = _weighted(g, dims[-1], length, 0.5)
    return _fft_c2r.op.numpy(halves, dims=dims, scaling=scaling, length=length)


@op(vjp=_to_half_rule, kind="general", method=False, torch_name="", node_name="FftR2CBackward0", holomorphic=False,
    complex_numbers=True)  # fmt: skip
def _fft_r2c(x, /, dims, scaling):
    """The transform of real numbers: of the last of the dimensions the half that tells the rest."""
    return np.fft.rfftn(x, axes=dims, norm=_FORWARD[scaling])


def _from_half_rule(g: Any, dims: tuple[int, ...], scaling: str, length: int) -> Any:
    return _weighted(_fft_r2c.op.numpy(g, dims=dims, scaling=scaling), dims[-1], length, 2.0)


@op(vjp=_from_half_rule, kind="general", method=False, torch_name="", node_name="FftC2RBackward0", holomorphic=False,
    complex_numbers=True)
def _fft_c2r(x, /, dims, scaling, length):
    """The inverse transform of such a half: `length` real numbers in the last of the dimensions."""
    shape = [x.shape[d] for d in dims[:-1]] + [length]
    return np.fft.irfftn(x, s=shape, axes=dims, norm=_INVERSE[scaling])


def _resize_rule(g: Any, x_shape: tuple[int, ...]) -> Any:
    return _fft_resize.op.numpy(g, shape=x_shape)


@op(vjp=_resize_rule, kind="general", method=False, torch_name="",
    node_name="ConstantPadNdBackward0", cases=[case((2, 3), shape=(4, 2)), case((2, 3), shape=(1, 5))])  # fmt: skip
def _fft_resize(x, /, shape):
    """Cut off, or continued with zeros, at the end of each dimension."""
    kept = tuple([slice(min(old, new)) for old, new in zip(x.shape, shape, strict=True)])
    if all(new <= old for old, new in zip(x.shape, shape, strict=True)):
        return x[kept]
    result = np.zeros(shape, x.dtype)
    result[kept] = x[kept]
    return result


# --- arguments ---------------------------------------------------------------------------------------------------


def scaling_of(norm: Any, inverse: bool) -> str:
    """PyTorch's ``norm`` for a direction, as the ops take it.

    Raises:
        RuntimeError: there is no such norm.
    """
    found = _SCALINGS[inverse].get(norm) if norm is None or isinstance(norm, str) else None
    if found is None:
        raise RuntimeError(f'Invalid normalization mode: "{norm}". Expected "forward", "backward" or "ortho".')
    return found


def as_input(name: str, input: Any, *, real: str = "") -> Tensor:
    """The input of a transform, as floating point numbers.

    Args:
        name: of the function.
        input: what it was given.
        real: the complaint, where the numbers must not be complex.

    Raises:
        TypeError, RuntimeError: it is no tensor; complex where it must not be; or of float16.
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor(f"fft_{name}", "input", 0, input)
    kind = input._array.dtype
    if real and kind.kind == "c":
        raise RuntimeError(f"{real} {dtypes.type_name(kind)}. Use fft for complex numbers, or x.real.")
    if kind.kind in "biu":
        return input.to(dtypes.default_numpy())
    if kind.itemsize == 2:
        raise RuntimeError(f"Unsupported dtype {dtypes.type_name(kind)}: {name}() takes float32, float64 and complex")
    return input


def check_length(n: int) -> int:
    """The number of points of a transform.

    Raises:
        RuntimeError: there are none.
    """
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return n


def _length(name: str, n: Any, otherwise: int) -> int:
    if n is None:
        return check_length(otherwise)
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise TypeError(f"fft_{name}(): argument 'n' must be int, not {type(n).__name__} (got {n!r})")
    return check_length(int(n))


def one_dim(dim: Any, ndim: int) -> int:
    """A dimension to transform, counted from the front.

    Raises:
        IndexError: there is no such dimension.
    """
    if ndim == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return check_dim(dim, ndim)


def dims_and_lengths(ndim: int, shape: Sequence[int], s: Any, dim: Any) -> tuple[tuple[int, ...], list[int]]:
    """The dimensions of a transform over several, and the length of each; -1 as it is.

    Raises:
        RuntimeError: a dimension is named twice, or there are more lengths than dimensions.
    """
    sizes = None if s is None else [int(n) for n in ((s,) if isinstance(s, int | np.integer) else s)]
    if dim is not None:
        dims = tuple([check_dim(d, ndim) for d in ((dim,) if isinstance(dim, int | np.integer) else dim)])
        if len({*dims}) < len(dims):
            raise RuntimeError(f"FFT dims must be unique, got dim={dim}")
        if sizes is not None and len(sizes) != len(dims):
            raise RuntimeError(
                f"When given, dim and shape arguments must have the same length: got dim={dim} and s={s}"
            )
    elif sizes is not None:
        if len(sizes) > ndim:
            raise RuntimeError(f"Got shape with {len(sizes)} values but input tensor only has {ndim} dimensions.")
        dims = tuple(range(ndim - len(sizes), ndim))
    else:
        dims = tuple(range(ndim))
    given = sizes if sizes is not None else [-1] * len(dims)
    return dims, [shape[d] if n == -1 else n for d, n in zip(dims, given, strict=True)]


def resized(x: Tensor, dims: Sequence[int], lengths: Sequence[int]) -> Tensor:
    """Cut off, or continued with zeros, so that each of the dimensions has its length."""
    shape = list(x._array.shape)
    for d, n in zip(dims, lengths, strict=True):
        shape[d] = check_length(n)
    if tuple(shape) == x._array.shape:
        return x
    result: Tensor = _fft_resize(x, shape=tuple(shape))
    return result


# --- transforms of tensors ---------------------------------------------------------------------------------------


def to_complex(x: Tensor) -> Tensor:
    """The tensor, as complex numbers."""
    return x.to(complex_dtype(x._array.dtype))


def transform(x: Tensor, dims: tuple[int, ...], norm: Any, inverse: bool) -> Tensor:
    """The transform of real or complex numbers over dimensions."""
    scaling = scaling_of(norm, inverse)
    if not dims:
        return to_complex(x)
    was_real = x._array.dtype.kind == "f"
    result: Tensor = _fft_c2c(x, dims=dims, scaling=scaling, inverse=inverse, was_real=was_real)
    return result


def to_half(x: Tensor, dims: tuple[int, ...], norm: Any, inverse: bool) -> Tensor:
    """The transform of real numbers, of the last of the dimensions the half that tells the rest."""
    result: Tensor = _fft_r2c(x, dims=dims, scaling=scaling_of(norm, inverse))
    return conj(result) if inverse else result


def from_half(x: Tensor, dims: tuple[int, ...], norm: Any, inverse: bool, length: int) -> Tensor:
    """The real numbers whose transform a half tells; `length` of them in the last of the dimensions."""
    x = to_complex(x)
    result: Tensor = _fft_c2r(x if inverse else conj(x), dims=dims, scaling=scaling_of(norm, inverse), length=length)
    return result


def transform_one(name: str, input: Any, n: Any, dim: Any, norm: Any, inverse: bool) -> Tensor:
    """`fft` and `ifft`."""
    x = as_input(name, input)
    d = one_dim(dim, x.ndim)
    return transform(resized(x, (d,), (_length(name, n, x._array.shape[d]),)), (d,), norm, inverse)


def half_of_one(name: str, input: Any, n: Any, dim: Any, norm: Any, inverse: bool) -> Tensor:
    """`rfft` and `ihfft`."""
    x = as_input(name, input, real=f"{name} expects a real input tensor, but got")
    d = one_dim(dim, x.ndim)
    return to_half(resized(x, (d,), (_length(name, n, x._array.shape[d]),)), (d,), norm, inverse)


def one_of_half(name: str, input: Any, n: Any, dim: Any, norm: Any, inverse: bool) -> Tensor:
    """`irfft` and `hfft`."""
    x = as_input(name, input)
    d = one_dim(dim, x.ndim)
    length = _length(name, n, 2 * (x._array.shape[d] - 1))
    return from_half(resized(x, (d,), (length // 2 + 1,)), (d,), norm, inverse, length)


def transform_several(name: str, input: Any, s: Any, dim: Any, norm: Any, inverse: bool) -> Tensor:
    """`fftn` and `ifftn`."""
    x = as_input(name, input)
    dims, lengths = dims_and_lengths(x.ndim, x._array.shape, s, dim)
    return transform(resized(x, dims, lengths), dims, norm, inverse)


def half_of_several(name: str, input: Any, s: Any, dim: Any, norm: Any) -> Tensor:
    """`rfftn`."""
    x = as_input(name, input, real="rfftn expects a real-valued input tensor, but got")
    dims, lengths = dims_and_lengths(x.ndim, x._array.shape, s, dim)
    _check_some(name, dims)
    return to_half(resized(x, dims, lengths), dims, norm, False)


def inverse_half_of_several(name: str, input: Any, s: Any, dim: Any, norm: Any) -> Tensor:
    """`ihfftn`: of the last dimension the half, then the inverse transform of the others."""
    x = as_input(name, input, real="Only supports floating-point dtypes, but found:")
    dims, lengths = dims_and_lengths(x.ndim, x._array.shape, s, dim)
    _check_some(name, dims)
    half = to_half(resized(x, dims, lengths), dims[-1:], norm, True)
    return transform(half, dims[:-1], norm, True)


def several_of_half(name: str, input: Any, s: Any, dim: Any, norm: Any, inverse: bool) -> Tensor:
    """`irfftn` and `hfftn`."""
    x = as_input(name, input)
    dims, lengths = dims_and_lengths(x.ndim, x._array.shape, s, dim)
    _check_some(name, dims)
    last = None if s is None else [int(n) for n in ((s,) if isinstance(s, int | np.integer) else s)][-1]
    length = check_length(2 * (x._array.shape[dims[-1]] - 1) if last is None or last == -1 else last)
    x = resized(x, dims, [*lengths[:-1], length // 2 + 1])
    if inverse:
        return from_half(x, dims, norm, True, length)
    return from_half(transform(x, dims[:-1], norm, False), dims[-1:], norm, False, length)


def _check_some(name: str, dims: tuple[int, ...]) -> None:
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
