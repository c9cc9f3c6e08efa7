"""What the distributions share: broadcasting, probabilities and log-odds, values computed when first asked for.

Source: https://docs.pytorch.org/docs/stable/distributions.html
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar, overload

from .._core.dtypes import finfo, get_default_dtype
from .._core.lifted import Lifted
from .._core.modes import enable_grad, modes
from .._core.random import default_generator
from .._core.tensor import Size, Tensor, wrap
from ..ops.activation import sigmoid
from ..ops.data import tensor
from ..ops.random import randn
from ..ops.selection import where as choose
from ..ops.sequences import arange
from ..ops.shape import broadcast_tensors
from ..ops.softmax import softmax

__all__ = [
    "broadcast_all", "clamp_probs", "euler_constant", "lazy_property", "logits_to_probs", "probs_to_logits",
    "tril_matrix_to_vec", "vec_to_tril_matrix",
]  # fmt: skip

euler_constant: Final[float] = 0.57721566490153286060
T = TypeVar("T")
R = TypeVar("R")


def is_number(*values: Any) -> bool:
    """Whether all are Python's numbers, rather than tensors."""
    return all(isinstance(value, int | float) for value in values)


def all_true(valid: Tensor) -> bool:
    """Whether a check holds everywhere; inside of `vmap`, for all examples."""
    array: Any = valid._array
    while type(array) is Lifted:
        array = array.value._array
    return bool(array.all())


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Tensors of one shape, made of tensors and numbers; a number takes the dtype of the first tensor.

    Raises:
        ValueError: one of them is neither a tensor nor a number.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.distributions.utils import broadcast_all
        >>> broadcast_all(tg.tensor([1.0, 2.0]), 3)
        (tensor([1., 2.]), tensor([3., 3.]))
    """
    shapes = {value._array.shape if isinstance(value, Tensor) else None for value in values}
    if len(shapes) == 1 and None not in shapes:
        return values
    if not all(isinstance(value, Tensor | int | float) for value in values):
        wrong = next(value for value in values if not isinstance(value, Tensor | int | float))
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
            f" Got {type(wrong).__name__}; torch.as_tensor(...) makes a tensor of it."
        )
    first = next((value for value in values if isinstance(value, Tensor)), None)
    dtype = get_default_dtype() if first is None else first.dtype
    tensors = [value if isinstance(value, Tensor) else tensor(value, dtype=dtype) for value in values]
    return tuple(broadcast_tensors(*tensors))


def where(condition: Tensor, one: Any, other: Any) -> Tensor:
    """One value where a condition holds, else the other."""
    chosen: Tensor = choose(condition, one, other)
    return chosen


def _standard_normal(shape: Sequence[int], dtype: Any, device: Any = None) -> Tensor:
    """Normal numbers of mean 0 and variance 1."""
    if device is None and not modes.here.levels:
        return wrap(default_generator.normal(tuple(shape), dtype.dtype))
    drawn: Tensor = randn(tuple(shape), dtype=dtype, device=device)
    return drawn


def _sum_rightmost(value: Any, dim: int) -> Any:
    """Add up over the last `dim` dimensions."""
    if dim == 0:
        return value
    return value.reshape(value.shape[:-dim] + (-1,)).sum(-1)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities of log-odds (binary: ``1 / (1 + exp(-x))``), or of unscaled log-probabilities (softmax).

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.distributions.utils import logits_to_probs
        >>> logits_to_probs(tg.tensor([0.0, 0.0]))
        tensor([0.5000, 0.5000])
    """
    probs: Tensor = sigmoid(logits) if is_binary else softmax(logits, -1)
    return probs


def clamp_probs(probs: Tensor) -> Tensor:
    """Keep probabilities away from 0 and 1, by the dtype's ``eps``."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """The log-odds ``log(p / (1 - p))`` (binary), or the log-probabilities, of probabilities kept away from 0 and 1.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.distributions.utils import probs_to_logits
        >>> probs_to_logits(tg.tensor([0.5, 0.25]), is_binary=True)
        tensor([ 0.0000, -1.0986])
    """
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


class lazy_property(Generic[T, R]):  # noqa: N801 - PyTorch's name
    """A value that is computed when it is first asked for, and kept in the instance from then on.

    It is computed with gradients, whatever the mode, as a later use may want them.
    """

    def __init__(self, wrapped: Callable[[T], R]) -> None:
        self.wrapped = wrapped
        functools.update_wrapper(self, wrapped)  # type: ignore[arg-type]

    @overload
    def __get__(self, instance: None, owner: Any = None) -> lazy_property[T, R]: ...

    @overload
    def __get__(self, instance: T, owner: Any = None) -> R: ...

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def _lower_mask(n: int, diag: int) -> Tensor:
    columns = arange(n)
    mask: Tensor = columns < columns.view(-1, 1) + (diag + 1)
    return mask


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The lower triangle of matrices, row by row, as vectors; `diag` is the last diagonal that is taken.

    Raises:
        ValueError: there is no such diagonal.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.distributions.utils import tril_matrix_to_vec
        >>> tril_matrix_to_vec(tg.tensor([[1.0, 0.0], [2.0, 3.0]]))
        tensor([1., 2., 3.])
    """
    n = mat.shape[-1]
    if diag < -n or diag >= n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    vector: Tensor = mat[..., _lower_mask(n, diag)]
    return vector


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """The inverse of `tril_matrix_to_vec`: D x D matrices with the vectors' numbers in the lower triangle.

    Raises:
        ValueError: no triangle has as many numbers.
    """
    length, offset = vec.shape[-1], 1 + 2 * diag
    n = (-offset + math.sqrt(offset**2 + 8 * length + 4 * abs(diag) * (diag + 1))) / 2
    if round(n) - n > finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {length} which cannot be expressed as the lower triangular part of a "
            "square D x D matrix."
        )
    mat = vec.new_zeros(vec.shape[:-1] + Size((round(n), round(n))))
    mat[..., _lower_mask(round(n), diag)] = vec
    return mat
