"""Softmax as `nn.functional` has it: the dimension may be left out, and is then the one of PyTorch's old choice.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html, log_softmax.html, softmin.html
"""

from __future__ import annotations

import warnings
from typing import Any

from .._core.tensor import Tensor
from .softmax import _log_softmax, _softmax
from .softmax import log_softmax as _log_softmax_along
from .softmax import softmax as _softmax_along

__all__: list[str] = []  # torch.softmax and the method are others, which want a dimension


def _chosen(name: str, input: Any) -> int:
    """The dimension, where none is given."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        UserWarning,
        stacklevel=3,
    )
    return 0 if input.ndim in (0, 1, 3) else 1


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``exp(x)`` divided by its sum along a dimension: positive numbers that add up to 1.

    Args:
        dim: the dimension; leave it out and PyTorch's old choice is made, with a warning.
        dtype: convert the input first.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.softmax(tg.tensor([[1.0, 1.0], [0.0, 1000.0]]), dim=1)
        tensor([[0.5000, 0.5000],
                [0.0000, 1.0000]])
    """
    if type(dim) is int and dtype is None:
        found: Tensor = _softmax(input, dim)
        return found
    return _softmax_along(input, _chosen("softmax", input) if dim is None else dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`, exact where softmax itself would be rounded to 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.log_softmax(tg.tensor([0.0, 1000.0]), dim=0)
        tensor([-1000.,     0.])
    """
    if type(dim) is int and dtype is None:
        found: Tensor = _log_softmax(input, dim)
        return found
    return _log_softmax_along(input, _chosen("log_softmax", input) if dim is None else dim, dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``softmax(-x)``: the smallest element gets the largest share.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.softmin(tg.tensor([0.0, 1000.0]), dim=0)
        tensor([1., 0.])
    """
    return _softmax_along(-input, _chosen("softmin", input) if dim is None else dim, dtype)
