"""Layer normalisation, and normalisation by the root of the mean square.

Source: Ba, Kiros and Hinton, "Layer Normalization", https://arxiv.org/abs/1607.06450; Zhang and Sennrich, "Root Mean
Square Layer Normalization", https://arxiv.org/abs/1910.07467;
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dtypes
from .._core import normalisation as kernels
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.errors import explained
from .._core.few_rows import are_few, few_rows_gradient, few_rows_normalised, few_rows_scaled
from .._core.op import case, op
from .._core.tensor import Tensor
from .batch_norm import as_single
from .norm_checks import check_number, check_tensors, check_types, normalized_dims

__all__ = ["layer_norm", "rms_norm"]

_HALF = np.dtype(np.float16)


def _matrix(x: Any, dims: int) -> Any:
    """The last dimensions as columns."""
    if x.ndim == 2 and dims == 1 and x.dtype is not _HALF and x.flags.c_contiguous:
        return x
    columns = math.prod(x.shape[x.ndim - dims :])
    return np.ascontiguousarray(as_single(x).reshape(math.prod(x.shape[: x.ndim - dims]), columns))


def _vector(x: Any) -> Any:
    return x if x is None or (x.ndim == 1 and x.dtype is not _HALF) else as_single(x).reshape(-1)


def _shaped(found: Any, like: Any) -> Any:
    """Gradients in the shapes and types of what they are the gradients of."""
    return [None if part is None or of is None else _like(part, of) for part, of in zip(found, like, strict=True)]


def _like(found: Any, x: Any) -> Any:
    """In the shape and type of x; no view where there is a choice, as a leaf takes over an array of its own."""
    if found.shape != x.shape:
        found = found.reshape(x.shape)
    return found if found.dtype is x.dtype else found.astype(x.dtype, copy=False)


def _of_rows(
    g: Any, x: Any, weight: Any, bias: Any, needs: tuple[bool, ...], mean: Any, root: Any, square: Any, centred: Any,
    scale: Any, dims: int,
) -> Any:  # fmt: skip
    if scale is None:
        found: Any = kernels.rows_gradient(_matrix(g, dims), _matrix(x, dims), _vector(weight), mean, root, needs[0])
    else:
        found = few_rows_gradient(_matrix(g, dims), centred, root, square, scale, _vector(weight), needs)
    if x.ndim == 2 and dims == 1 and x.dtype is not _HALF:  # they have the right shapes and types already
        return found
    return _shaped(found, (x, weight, bias))


def _layer_parts(x: Any, weight: Any, bias: Any, dims: int, eps: float) -> Any:
    over = tuple(range(-dims, 0))
    single = x.float() if x._array.dtype == _HALF else x
    centred = single - single.mean(over, keepdim=True)
    out = centred * ((centred * centred).mean(over, keepdim=True) + eps).rsqrt()
    out = out if weight is None else out * weight
    return (out if bias is None else out + bias).to(x.dtype)


@op(kind="fused", vjp=_of_rows, parts=_layer_parts, residuals=("mean", "root", "square", "centred", "scale"),
    method=False, torch_name="", names=("input", "weight", "bias"), node_name="NativeLayerNormBackward0",
    cases=[case((3, 4), (4,), (4,), dims=1), case((2, 3, 2), (3, 2), (3, 2), dims=2), case((4,), None, None, dims=1),
           case((2, 1, 3), (3,), None, dims=1, eps=0.1), case((0, 3), (3,), (3,), dims=1)])  # fmt: skip
def _layer_normed(x, weight, bias, /, *, dims=1, eps=1e-5):
    """`layer_norm` over the last dimensions, one node."""
    rows = _matrix(x, dims)
    if are_few(rows):
        out, kept = few_rows_normalised(rows, _vector(weight), _vector(bias), eps)
        return _like(out, x), None, *kept
    out, mean, root = kernels.rows_normalised(rows, _vector(weight), _vector(bias), eps)
    return _like(out, x), mean, root, None, None, None


def _of_scaled_rows(
    g: Any, x: Any, weight: Any, needs: tuple[bool, ...], root: Any, square: Any, scale: Any, dims: int
) -> Any:
    rows, given, factor = _matrix(x, dims), _matrix(g, dims), _vector(weight)
    if scale is None:
        found: Any = kernels.rows_gradient(given, rows, factor, None, root, needs[0])
    else:
        found = few_rows_gradient(given, rows, root, square, scale, factor, needs, moved=False)
    return _shaped(found[:2], (x, weight))


def _rms_parts(x: Any, weight: Any, dims: int, eps: float) -> Any:
    single = x.float() if x._array.dtype == _HALF else x
    out = single * ((single * single).mean(tuple(range(-dims, 0)), keepdim=True) + eps).rsqrt()
    return (out if weight is None else out * weight).to(x.dtype)


@op(kind="fused", vjp=_of_scaled_rows, parts=_rms_parts, residuals=("root", "square", "scale"), method=False,
    torch_name="",
    names=("input", "weight"), node_name="FusedRmsNormBackward0",
    cases=[case((3, 4), (4,), dims=1), case((2, 3, 2), (3, 2), dims=2), case((4,), None, dims=1),
           case((0, 3), (3,), dims=1)])  # fmt: skip
def _rms_normed(x, weight, /, *, dims, eps=1e-5):
    """`rms_norm` over the last dimensions, one node."""
    rows = _matrix(x, dims)
    if are_few(rows):
        out, kept = few_rows_scaled(rows, _vector(weight), eps)
        return _like(out, x), *kept
    out, root = kernels.rows_scaled(rows, _vector(weight), eps)
    return _like(out, x), root, None, None


@explained
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """The last dimensions moved and scaled to mean 0 and variance 1, then ``* weight + bias``.

    Args:
        input: of shape (..., *normalized_shape).
        normalized_shape: the lengths of the dimensions over which mean and variance are taken.
        weight, bias: of that shape, or None.
        eps: added to the variance.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.layer_norm(tg.tensor([[1.0, 3.0], [10.0, 30.0]]), (2,))
        tensor([[-1.0000,  1.0000],
                [-1.0000,  1.0000]])
    """
    if _are_usual(input, normalized_shape, weight, bias) and type(eps) is float:
        if eps == 1e-5:  # without options the caller need not sort them
            usual: Tensor = _layer_normed(input, weight, bias)
            return usual
    else:
        check_tensors("layer_norm", input, weight=weight, bias=bias)
        normalized_dims("layer_norm", input, normalized_shape, weight=weight, bias=bias)
        check_types("layer_norm", "LayerNormKernelImpl", input, weight=weight, bias=bias)
        eps = check_number("layer_norm", "eps", 5, eps)
    out: Tensor = _layer_normed(input, weight, bias, dims=len(normalized_shape), eps=eps)
    return out


def _are_usual(input: Any, normalized_shape: Any, weight: Any, bias: Any) -> bool:
    """Whether these are single or double precision tensors, and rows of one length: then nothing else can be wrong."""
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor) and isinstance(bias, Tensor)):
        return False
    x, w, b = input._array, weight._array, bias._array
    return (
        isinstance(normalized_shape, tuple) and len(normalized_shape) == 1 and type(normalized_shape[0]) is int
        and w.shape == normalized_shape == b.shape == x.shape[-1:]
        and (x.dtype is FLOAT32 or x.dtype is FLOAT64) and w.dtype is x.dtype and b.dtype is x.dtype
    )  # fmt: skip


@explained
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """The last dimensions divided by the root of their mean square: ``x / sqrt(mean(x ** 2) + eps) * weight``.

    Args:
        input: of shape (..., *normalized_shape).
        normalized_shape: the lengths of the dimensions over which the mean is taken.
        weight: of that shape, or None.
        eps: added to the mean square; unless given, the smallest step from 1 of the input's type.

    Raises:
        RuntimeError: shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.rms_norm(tg.tensor([[1.0, -1.0], [3.0, 4.0]]), (2,))
        tensor([[ 1.0000, -1.0000],
                [ 0.8485,  1.1314]])
    """
    x = check_tensors("rms_norm", input, weight=weight)
    dims = len(normalized_dims("rms_norm", input, normalized_shape, weight=weight))
    if eps is not None:
        eps = check_number("rms_norm", "eps", 4, eps)
    if x.dtype.kind not in "fc":
        raise NotImplementedError(
            f"\"rms_norm\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert the input first: x.float()."
        )
    if eps is None:
        # float16 is computed with in float32, whose step is then the one that counts
        eps = float(np.finfo(np.float32 if x.dtype == _HALF else x.dtype).eps)
    given = None if weight is None else weight._array.dtype
    if x.dtype.kind == "c" or (given is not None and given != x.dtype and x.dtype != _HALF):
        found: Tensor = _rms_parts(input, weight, dims, eps)
        return found
    out: Tensor = _rms_normed(input, weight, dims=dims, eps=eps)
    return out
