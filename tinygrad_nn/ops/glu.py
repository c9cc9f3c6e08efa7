"""The gated linear unit.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.glu.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core.kernels import in_row_blocks
from .._core.op import case, composite, op
from .._core.tensor import Tensor
from .activation import logistic, one_like, sigmoid
from .forms import refuse

Array = np.ndarray[Any, Any]


def _as_halves(x: Any, along: int) -> Any:
    """As a matrix, in whose rows one half along the dimension follows the other."""
    return x.reshape(math.prod(x.shape[:along]), math.prod(x.shape[along:]))


def _glu_parts(x: Tensor, along: int) -> Tensor:
    half = x.size(along) // 2
    result: Tensor = x.narrow(along, 0, half) * sigmoid(x.narrow(along, half, half))
    return result


def _glu_rule(g: Any, x: Any, along: int) -> Any:
    found = np.empty(x.shape, x.dtype)
    in_row_blocks(_write_glu_gradient, _as_halves(found, along), _as_halves(x, along), _as_halves(g, along))
    return (found,)


def _write_glu_gradient(x: Array, g: Array, out: Array) -> None:
    half = g.shape[1]
    share = logistic(x[:, half:].copy())  # half rows, which lie apart, take longer in each step
    rest = np.subtract(one_like(x), share)
    share *= g
    rest *= share
    out[:, :half] = share
    np.multiply(rest, x[:, :half], out[:, half:])


def _write_glu(x: Array, out: Array) -> None:
    half = out.shape[1]
    out[...] = x[:, half:]
    logistic(out, out)
    out *= x[:, :half]


@op(kind="fused", vjp=_glu_rule, parts=_glu_parts, method=False, torch_name="", node_name="GluBackward0",
    cases=[case((2, 4), along=1), case((4, 3), along=0), case((2, 6, 3), along=1), case((2, 0), along=1)])  # fmt: skip
def _glu(x, /, *, along):
    """`glu` of a dimension of even length."""
    out = np.empty((*x.shape[:along], x.shape[along] // 2, *x.shape[along + 1 :]), x.dtype)
    in_row_blocks(_write_glu, _as_halves(out, along), _as_halves(x, along))
    return out


@composite(method=False)
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """Gated linear unit: the first half along `dim` times the sigmoid of the second.

    Raises:
        RuntimeError: the dimension's length is odd.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.glu(tg.tensor([3.0, 0.0]))
        tensor([1.5000])
    """
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    length = input.size(dim)
    if length % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.ndim} is size {length} (glu of an input of "
            f"shape {list(input.shape)})"
        )
    refuse("glu_cpu", input._array, "biu")
    result: Tensor = _glu(input, along=dim % input.ndim)
    return result
