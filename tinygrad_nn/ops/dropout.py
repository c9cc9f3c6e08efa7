"""Dropout: some elements, chosen at random, become 0 while training.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core import random as core_random
from .._core.inplace import check_target, store
from .._core.op import case, composite, op
from .._core.random_kernels import in_memory_order
from .._core.tensor import Tensor

_CONSTANT = np.array([[0.0, 1.25, 1.25], [1.25, 0.0, 0.0]])


@op(kind="general", vjp=lambda g, noise: g * noise, node_name="DropoutBackward0", torch_name="",
    cases=[case((2, 3), noise=_CONSTANT)])  # fmt: skip
def _times_constant(x, /, *, noise):
    """``x * noise``, where the noise was drawn once and is a constant to derivatives of any order."""
    return x * noise


def _noise(array: np.ndarray[Any, Any], p: float) -> Any:
    """0 with probability `p`, else ``1 / (1 - p)``; PyTorch's numbers for the same seed."""
    dtype = array.dtype
    if p == 1:
        return np.zeros(array.shape, dtype)
    kept = in_memory_order(array, lambda shape: core_random.default_generator.bernoulli_scalar(1 - p, shape))
    wide = np.float64 if dtype == np.float64 else np.float32
    return np.multiply(kept, dtype.type(wide(1) / wide(1 - p)), dtype=dtype)


@composite(method=False)
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set elements to 0 with probability `p`, and scale the others by ``1 / (1 - p)``, while training.

    The input itself where nothing is to be done: not training, or ``p=0``.

    Args:
        p: the probability of 0.
        training: whether to do anything.
        inplace: write the result into the input.

    Raises:
        ValueError: `p` is not between 0 and 1.
        RuntimeError: the elements are integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.functional.dropout(tg.ones(5), p=0.5)
        tensor([0., 0., 2., 0., 0.])
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if p != p:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or not input._array.size:
        return input
    if input._array.dtype.kind not in "fc" and p < 1:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {dtypes.type_name(input._array.dtype)}: "
            "dropout scales what it keeps. Convert first: x.float()."
        )
    if inplace:
        check_target(input, ())
    result: Tensor = _times_constant(input, noise=_noise(input._array, p))
    return store(input, result) if inplace else result
