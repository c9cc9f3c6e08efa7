"""Initial values: PyTorch's distributions, and under the same seed its very numbers.

Every function fills a tensor in place, outside of any graph, and returns it.

Source: https://docs.pytorch.org/docs/stable/nn.init.html
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from .._core import dtypes, matrices
from .._core.inplace import check_target
from .._core.modes import no_grad
from .._core.random import Generator, default_generator
from .._core.random_kernels import in_memory_order
from .._core.tensor import Tensor

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

F = TypeVar("F", bound=Callable[..., Any])
_LINEAR = {f"conv{way}{n}d" for way in ("", "_transpose") for n in (1, 2, 3)} | {"linear", "sigmoid"}


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """How much wider than for a linear layer the weights before this nonlinearity should be spread.

    Args:
        nonlinearity: its name in `nn.functional`.
        param: the negative slope of ``leaky_relu``, 0.01 unless given.

    Raises:
        ValueError: the nonlinearity is not known, or the slope is no number.

    Example:
        >>> from tinygrad_nn import nn
        >>> round(nn.init.calculate_gain("relu"), 4)
        1.4142
    """
    if nonlinearity in _LINEAR:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"negative_slope {slope} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    known = ", ".join(sorted(_LINEAR | {"tanh", "relu", "leaky_relu", "selu"}))
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}. Known are: {known}.")


# --- distributions -----------------------------------------------------------------------------------------------


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws that are uniform on [a, b).

    Example:
        >>> import tinygrad_nn as tg
        >>> bool((tg.nn.init.uniform_(tg.zeros(100), 2, 3) >= 2).all())
        True
    """
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normal draws of this mean and standard deviation."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normal draws, those outside of [a, b] drawn again."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be "
            "incorrect.",
            stacklevel=2,
        )
    source = default_generator if generator is None else generator
    array = tensor._array
    straight = array.flags.c_contiguous
    drawn = in_memory_order(
        array, lambda shape: source.truncated_normal(shape, array.dtype, mean, std, a, b, contiguous=straight)
    )
    return _write(tensor, drawn)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with uniform draws whose variance is ``gain**2 * 2 / (fan_in + fan_out)`` (Glorot and Bengio, 2010).

    Raises:
        ValueError: the tensor has fewer than two dimensions.
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normal draws whose variance is ``gain**2 * 2 / (fan_in + fan_out)`` (Glorot and Bengio, 2010).

    Raises:
        ValueError: the tensor has fewer than two dimensions.
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with uniform draws whose variance is ``gain**2 / fan`` (He et al., 2015).

    Args:
        tensor: the tensor to fill.
        a: the negative slope of the leaky ReLU that follows.
        mode: ``fan_in`` keeps the variance of the forward pass, ``fan_out`` that of the backward pass.
        nonlinearity: what follows, see `calculate_gain`.
        generator: where the draws come from.

    Raises:
        ValueError: the tensor has fewer than two dimensions, or the mode or the nonlinearity is not known.

    Example:
        >>> import tinygrad_nn as tg
        >>> weight = tg.nn.init.kaiming_uniform_(tg.empty(4, 6), nonlinearity="relu")
        >>> bool((weight.abs() <= 1).all())
        True
    """
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normal draws whose variance is ``gain**2 / fan`` (He et al., 2015). See `kaiming_uniform_`."""
    if _is_empty(tensor):
        return tensor
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


# --- fixed and structured values ---------------------------------------------------------------------------------


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with a number."""
    return _write(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return _write(tensor, 1)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return _write(tensor, 0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill with ones on the diagonal and zeros beside it.

    Raises:
        ValueError: the tensor has not two dimensions.
    """
    _check_ndim(tensor, 2)
    return _write(tensor, np.eye(*tensor._array.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a convolution's weight so that it passes its input through, as many channels as there are.

    Raises:
        ValueError: the tensor has not three to five dimensions, or the groups do not divide the first.
    """
    shape = tensor._array.shape
    if len(shape) not in (3, 4, 5):
        raise ValueError(f"Only tensors with 3, 4, or 5 dimensions are supported, got {len(shape)}")
    if shape[0] % groups:
        raise ValueError(f"dim 0 must be divisible by groups, got {shape[0]} and {groups}")
    values = np.zeros(shape)
    outputs = shape[0] // groups
    middle = tuple(length // 2 for length in shape[2:])
    for channel in range(min(outputs, shape[1])):
        for group in range(groups):
            values[(group * outputs + channel, channel, *middle)] = 1
    return _write(tensor, values)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with a random orthogonal matrix (Saxe et al., 2013); further dimensions are flattened.

    Raises:
        ValueError: the tensor has fewer than two dimensions.
        NotImplementedError: it is of float16.

    Example:
        >>> import tinygrad_nn as tg
        >>> weight = tg.nn.init.orthogonal_(tg.empty(3, 3))
        >>> bool(((weight @ weight.T - tg.eye(3)).abs() < 1e-5).all())
        True
    """
    array = tensor._array
    if array.ndim < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported, got {array.ndim}")
    if not array.size:
        return tensor
    if array.dtype.itemsize < 4:
        raise NotImplementedError(
            f"\"geqrf_cpu\" not implemented for '{dtypes.type_name(array.dtype)}'. Fill a float32 tensor, then convert."
        )
    rows, columns = array.shape[0], array.size // array.shape[0]
    source = default_generator if generator is None else generator
    drawn = source.normal((rows, columns), array.dtype)
    q, r = matrices.qr(drawn.T if rows < columns else drawn)
    q *= np.sign(np.diag(r))  # makes the decomposition unique, so that all orthogonal matrices are equally likely
    return _write(tensor, (q.T if rows < columns else q).reshape(array.shape) * array.dtype.type(gain))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill with normal draws, of which this fraction of each column is zero (Martens, 2010).

    Raises:
        ValueError: the tensor has not two dimensions.
    """
    _check_ndim(tensor, 2)
    rows, columns = tensor._array.shape
    zeros = math.ceil(sparsity * rows)
    normal_(tensor, 0, std, generator)
    for column in range(columns):
        # the default generator, as in PyTorch
        tensor._array[default_generator.permutation(rows)[:zeros], column] = 0
    tensor._cell[0] += 1
    return tensor


# --- former names ------------------------------------------------------------------------------------------------


def _former(fill: F) -> F:
    """The same under its name of long ago, without the ``_``, which warns."""
    name = fill.__name__

    @functools.wraps(fill)
    def former(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"`nn.init.{name[:-1]}` is now deprecated in favor of `nn.init.{name}`.", FutureWarning, stacklevel=2
        )
        return fill(*args, **kwargs)

    former.__name__ = former.__qualname__ = name[:-1]
    former.__doc__ = f"The former name of `{name}`."
    return cast(F, former)


uniform = _former(uniform_)
normal = _former(normal_)
constant = _former(constant_)
eye = _former(eye_)
dirac = _former(dirac_)
xavier_uniform = _former(xavier_uniform_)
xavier_normal = _former(xavier_normal_)
kaiming_uniform = _former(kaiming_uniform_)
kaiming_normal = _former(kaiming_normal_)
orthogonal = _former(orthogonal_)
sparse = _former(sparse_)


# --- helpers -----------------------------------------------------------------------------------------------------


def _write(tensor: Tensor, values: Any) -> Tensor:
    with no_grad():
        check_target(tensor)
    tensor._array[...] = values
    tensor._cell[0] += 1
    return tensor


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs each output has, and how many outputs each input has."""
    shape = tensor._array.shape
    if len(shape) < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, "
            f"got shape {list(shape)}. For biases use zeros_ or uniform_."
        )
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _xavier_std(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    """How many inputs each output has ("fan_in"), or how many outputs each input has ("fan_out")."""
    modes = ("fan_in", "fan_out")
    if mode.lower() not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {list(modes)}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode.lower())]


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _is_empty(tensor: Tensor) -> bool:
    if 0 in tensor._array.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


def _check_ndim(tensor: Tensor, ndim: int) -> None:
    if tensor._array.ndim != ndim:
        raise ValueError(f"Only tensors with {ndim} dimensions are supported, got {tensor._array.ndim}")
