"""The linear layer, ``x @ W.T + b``, as one node.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core.backward import unbroadcast
from .._core.block_products import LEAST
from .._core.block_products import product as block_product
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.errors import explained, not_a_tensor
from .._core.kernels import column_sums
from .._core.op import case, op
from .._core.products import EACH, are_shared, shared_product, weight_gradient
from .._core.tensor import Tensor
from .linalg import in_float32, matmul, product, rows
from .product_errors import MAT1_MAT2, SELF_MAT2, expand_text, no_bool_product, same_dtype_error

__all__ = ["bilinear"]

_ndarray = np.ndarray


# These begin with what most layers ask for, past the calls that the rest takes: 5.0 us instead of 5.6 of a small one.


def _linear_weight_gradient(g: Any, x: Any) -> Any:
    if type(g) is _ndarray and type(x) is _ndarray and g.ndim == 2:
        return g.T.dot(x) if g.size * x.shape[1] < LEAST else weight_gradient(g, x)
    if g.ndim == 1:
        return g[:, None] * x
    g, x = rows(g), rows(x)
    if type(g) is _ndarray and type(x) is _ndarray and are_shared(g, x.shape[1], EACH):
        return weight_gradient(g, x)
    return product(g.swapaxes(0, 1), x)


def _linear_input_gradient(g: Any, weight: Any) -> Any:
    if (
        type(g) is _ndarray and type(weight) is _ndarray and g.ndim == 2
        and ((kind := g.dtype) is FLOAT32 or kind is FLOAT64) and g.size * weight.shape[1] < LEAST
    ):  # fmt: skip
        return g.dot(weight)
    if g.ndim < 2:
        return product(g, weight)
    flat = rows(g)
    if type(g) is _ndarray and type(weight) is _ndarray and are_shared(flat, weight.shape[1]):
        found = shared_product(flat, weight)
    else:
        found = product(flat, weight)
    return found if g.ndim == 2 else found.reshape((*g.shape[:-1], weight.shape[1]))


def _linear_bias_gradient(g: Any, bias_shape: tuple[int, ...]) -> Any:
    if bias_shape == g.shape[-1:] and type(g) is _ndarray and (ndim := g.ndim) > 1:
        return column_sums(g if ndim == 2 else rows(g))
    return unbroadcast(g, bias_shape)


@op(kind="general", vjp=(_linear_input_gradient, _linear_weight_gradient, _linear_bias_gradient), method=False,
    names=("input", "weight", "bias"), torch_name="nn.functional.linear",
    cases=[case((2, 3), (4, 3), (4,)), case((3,), (4, 3), (4,)), case((5, 2, 3), (4, 3), (4,)),
           case((2, 3), (4, 3), (1,)), case((2, 3), (4, 3), (2, 4)), case((0, 3), (4, 3), (4,)),
           case((2, 0), (4, 0), (4,)), case((2, 3), (1, 3), (1,))])  # fmt: skip
def _linear(x, weight, bias, /):
    """``x @ weight.T + bias``, one node; bias may be None."""
    dtype = x.dtype
    if weight.dtype is not dtype or (bias is not None and bias.dtype is not dtype):
        _check_types(x, weight, bias)
    try:
        # a number would multiply where a vector is dotted
        flat = x if 1 <= (ndim := x.ndim) <= 2 else rows(x)
        if dtype is FLOAT32 or dtype is FLOAT64:
            count = len(flat)
            if ndim == 1 or count * weight.size < LEAST:
                y = flat.dot(weight.T)
            elif are_shared(flat, weight.shape[0]):
                y = shared_product(flat, weight.T, bias)
                bias = None
            else:
                y = block_product(flat, weight.T)
        else:
            y = _dot_others(flat, weight.T)
        if flat is not x:
            y = y.reshape((*x.shape[:-1], weight.shape[0]))
        if bias is not None:
            y += bias
        return y
    except (ValueError, TypeError, IndexError):
        raise _linear_error(x, weight, bias) from None


def _dot_others(x: Any, y: Any) -> Any:
    """The product of other types than the usual ones."""
    if x.dtype.kind == "b" and x.size and y.size:
        raise no_bool_product("addmm_impl_cpu_")
    return in_float32(np.dot, x, y) if x.dtype == np.float16 else x.dot(y)


def _check_types(x: Any, weight: Any, bias: Any) -> None:
    """Refuse different types; types of one name may be several objects."""
    if x.dtype != weight.dtype:
        raise same_dtype_error(MAT1_MAT2, x, weight, ("input", "weight"))
    if bias is not None and bias.dtype != x.dtype:
        raise same_dtype_error(SELF_MAT2, bias, weight, ("bias", "weight"))


def _linear_error(x: Any, weight: Any, bias: Any) -> RuntimeError:
    """What is wrong with the shapes or dtypes of a linear layer's inputs."""
    if not x.ndim:
        return RuntimeError(f"both arguments to linear need to be at least 1D, but they are 0D and {weight.ndim}D")
    count = math.prod(x.shape[:-1])
    if x.shape[-1] != weight.shape[1]:
        outputs, features = weight.shape
        hint = " Flatten it first: x.flatten(1)." if math.prod(x.shape[1:]) == features else ""
        return RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({count}x{x.shape[-1]} and {features}x{outputs}). linear(): "
            f"the weight {list(weight.shape)} takes {features} features, and the input of shape {list(x.shape)} has "
            f"{x.shape[-1]} in its last dimension.{hint}"
        )
    return RuntimeError(expand_text("linear", bias.shape, (count, weight.shape[0])))


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A linear layer, ``input @ weight.T + bias``.

    Args:
        input: of shape (..., features).
        weight: of shape (outputs, features).
        bias: of shape (outputs,), or None.

    Raises:
        RuntimeError: the numbers of features, or the dtypes, do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.linear(tg.ones(1, 3), tg.ones(2, 3), tg.tensor([0.0, 1.0]))
        tensor([[3., 4.]])
    """
    if isinstance(weight, Tensor) and weight._array.ndim == 2:
        return _linear(input, weight, bias)
    if not isinstance(weight, Tensor):
        raise not_a_tensor(_linear.op, 1, weight)
    if weight.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {weight.ndim}D (linear's weight)")
    if bias is not None:
        raise RuntimeError(f"mat2 must be a matrix, got {weight.ndim}-D tensor (linear's weight beside a bias)")
    return matmul(input, weight)


def _check_bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    named = {"input1": input1, "input2": input2, "weight": weight, "bias": bias}
    given = {name: t._array.dtype for name, t in named.items() if isinstance(t, Tensor)}
    if len({*given.values()}) > 1:
        shown = ", ".join(f"{name}: {kind}" for name, kind in given.items())
        raise RuntimeError(f"All tensors must have the same dtype, got {shown} (in bilinear())")
    if input1.ndim != input2.ndim:
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {input1.ndim} and {input2.ndim}")
    if not input1.ndim:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions (bilinear() got numbers)")
    shape = list(weight.shape)
    fits = input1.shape[:-1] == input2.shape[:-1]
    for place, features in enumerate((input1.shape[-1], input2.shape[-1]), start=1):
        if weight.ndim <= place:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-weight.ndim}, {weight.ndim - 1}], but got "
                f"{place}): bilinear() needs a weight of shape (outputs, features1, features2), got {shape}"
            )
        fits = fits and features == shape[place]
        if not fits or weight.ndim > 3:
            raise RuntimeError(
                f"bilinear(): inputs of shape {list(input1.shape)} and {list(input2.shape)} do not fit a weight of "
                f"shape {shape}; expected (..., {shape[1]}) and (..., {shape[-1]}) with equal leading dimensions"
            )
    if bias is not None and bias._array.shape[:1] != (shape[0],):
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.shape[0] if bias.ndim else 'a number'} but "
            f"expected {shape[0]}"
        )


@explained
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``y[k] = x1 @ weight[k] @ x2 + bias[k]``, of the last dimensions.

    Args:
        input1: of shape (..., features1).
        input2: of shape (..., features2), with the same leading dimensions.
        weight: of shape (outputs, features1, features2).
        bias: of shape (outputs,), or None.

    Raises:
        RuntimeError: the lengths, or the dtypes, do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.bilinear(tg.ones(1, 2), tg.ones(1, 3), tg.ones(4, 2, 3))
        tensor([[6., 6., 6., 6.]])
    """
    _check_bilinear(input1, input2, weight, bias)
    outputs, first, second = weight.shape
    leading = tuple(input1.shape[:-1])
    count = math.prod(leading)
    products: Any = matmul(input1.reshape(count, first), weight.permute(1, 0, 2).reshape(first, outputs * second))
    found = matmul(products.reshape(count, outputs, second), input2.reshape(count, second, 1))
    result: Tensor = found.reshape(*leading, outputs)
    return result if bias is None else result + bias
