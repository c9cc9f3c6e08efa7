"""Dropout: some elements, chosen at random, become 0 while training.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .._core import dtypes
from .._core import random as core_random
from .._core.inplace import check_target, store
from .._core.op import case, composite, op
from .._core.random_kernels import in_memory_order
from .._core.tensor import Tensor, wrap

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
    if not _drops(input, p, training):
        return input
    if inplace:
        check_target(input, ())
    result: Tensor = _times_constant(input, noise=_noise(input._array, p))
    return store(input, result) if inplace else result


def _drops(input: Tensor, p: float, training: bool) -> bool:
    """Whether there is anything to be done.

    Raises:
        ValueError: `p` is not between 0 and 1.
        RuntimeError: `p` is nan, or the elements are integers.
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if p != p:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or not input._array.size:
        return False
    if input._array.dtype.kind not in "fc" and p < 1:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {dtypes.type_name(input._array.dtype)}: "
            "dropout scales what it keeps. Convert first: x.float()."
        )
    return True


# --- whole channels, and keeping mean and variance ---------------------------------------------------------------

_ALPHA = 1.7580993408473766  # what selu gives for large negative numbers, but for the sign (Klambauer et al., 2017)


def _drop(input: Tensor, p: float, training: bool, inplace: bool, *, channels: bool, alpha: bool) -> Tensor:
    """Dropout of whole channels, or towards selu's negative end instead of 0."""
    if not _drops(input, p, training):
        return input
    x = input._array
    if channels and x.ndim < 2:
        raise RuntimeError(f"Feature dropout requires at least 2 dimensions in the input, got {list(x.shape)}")
    if alpha and x.dtype.kind == "c":
        raise NotImplementedError("alpha dropout is not implemented for complex numbers")
    if inplace:
        check_target(input, ())
    like = np.empty(x.shape[:2] + (1,) * (x.ndim - 2), x.dtype) if channels else x
    added: Any = None
    if not alpha or p == 1:
        noise = _noise(like, p)
    else:
        kept = in_memory_order(like, lambda shape: core_random.default_generator.bernoulli_scalar(1 - p, shape))
        scale = 1 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
        wide = np.float64 if x.dtype == np.float64 else np.float32
        noise = (kept * wide(scale)).astype(x.dtype)
        shift, constant = wide(_ALPHA * scale), wide(_ALPHA * scale * p)
        added = np.where(kept, constant, constant - shift).astype(x.dtype)
    result: Any = _times_constant(input, noise=noise)
    result = result if added is None else result + wrap(added)
    return store(input, result) if inplace else result


@composite(method=False)
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout that keeps mean 0 and variance 1, for `selu`: what is dropped becomes selu's negative end, not 0.

    Args:
        p: the probability of being dropped.
        training: whether to do anything.
        inplace: write the result into the input.

    Raises:
        ValueError: `p` is not between 0 and 1.
        RuntimeError: the elements are integers.

    Source: Klambauer et al., "Self-Normalizing Neural Networks", https://arxiv.org/abs/1706.02515

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.functional.alpha_dropout(tg.ones(3), p=0.5, training=True)
        tensor([-0.7792, -0.7792,  1.6656])
    """
    return _drop(input, p, training, inplace, channels=False, alpha=True)


@composite(method=False)
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels, of inputs (N, C, ...).

    Args:
        p: the probability of a channel's being dropped.
        training: whether to do anything.
        inplace: write the result into the input.

    Raises:
        ValueError: `p` is not between 0 and 1.
        RuntimeError: there are fewer than two dimensions, or the elements are integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.functional.feature_alpha_dropout(tg.ones(1, 3, 2), p=0.5, training=True)
        tensor([[[-0.7792, -0.7792],
                 [-0.7792, -0.7792],
                 [ 1.6656,  1.6656]]])
    """
    return _drop(input, p, training, inplace, channels=True, alpha=True)


def _in_batch(input: Tensor, p: float, training: bool, inplace: bool, dims: int) -> Tensor:
    """Dropout of whole channels; of an input that has `dims` dimensions, as of a batch of one."""
    if input.ndim != dims:
        return _drop(input, p, training, inplace, channels=True, alpha=False)
    if not _drops(input, p, training):
        return input
    if inplace:
        check_target(input, ())
    result = _drop(input.unsqueeze(0), p, training, False, channels=True, alpha=False).squeeze(0)
    return store(input, result) if inplace else result


@composite(method=False)
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set whole channels of sequences, (N, C, L) or (C, L), to 0 with probability `p`, and scale the others.

    Args:
        p: the probability of 0.
        training: whether to do anything.
        inplace: write the result into the input.

    Raises:
        ValueError: `p` is not between 0 and 1.
        RuntimeError: the input has another number of dimensions, or the elements are integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.functional.dropout1d(tg.ones(3, 2), p=0.5)
        tensor([[0., 0.],
                [0., 0.],
                [2., 2.]])
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that dropout1d exists to "
            "provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional "
            "batch dimension (i.e. 2D or 3D inputs)."
        )
    return _in_batch(input, p, training, inplace, 2)


@composite(method=False)
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set whole channels of images, (N, C, H, W), to 0 with probability `p`, and scale the others.

    As in PyTorch, an input of three dimensions is taken as sequences, (N, C, L), with a warning.

    Args:
        p: the probability of 0.
        training: whether to do anything.
        inplace: write the result into the input.

    Raises:
        ValueError: `p` is not between 0 and 1.
        RuntimeError: there are fewer than two dimensions, or the elements are integers.

    Source: Tompson et al., https://arxiv.org/abs/1411.4280

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.functional.dropout2d(tg.ones(1, 3, 1, 2), p=0.5).flatten()
        tensor([0., 0., 0., 0., 2., 2.])
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if input.ndim not in (3, 4):
        _warn(2, input.ndim)
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. Use dropout1d instead, or "
            "x.unsqueeze(0) for an image without a batch.",
            stacklevel=3,
        )
    return _in_batch(input, p, training, inplace, 0)


@composite(method=False)
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set whole channels of volumes, (N, C, D, H, W) or (C, D, H, W), to 0 with probability `p`, and scale the others.

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
        >>> tg.nn.functional.dropout3d(tg.ones(3, 1, 1, 2), p=0.5).flatten()
        tensor([0., 0., 0., 0., 2., 2.])
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if input.ndim not in (4, 5):
        _warn(3, input.ndim)
    return _in_batch(input, p, training, inplace, input.ndim if input.ndim != 5 else 0)


def _warn(dims: int, ndim: int) -> None:
    warnings.warn(
        f"dropout{dims}d: Received a {ndim}-D input to dropout{dims}d, which is deprecated and will result in an error "
        f"in a future release. Use dropout instead: dropout{dims}d drops channels of inputs with {dims} spatial "
        f"dimensions, {dims + 1}D or {dims + 2}D.",
        stacklevel=4,
    )
