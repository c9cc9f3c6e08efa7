"""A linear layer and the cross entropy of its results, in one function.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear_cross_entropy.html
"""

from __future__ import annotations

import math
from typing import Any

from .._core.errors import explained
from .._core.tensor import Tensor
from .classification import cross_entropy
from .linear_layer import linear

_DEFAULT_IGNORED = -100


def _check(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    shape, count = list(weight.shape), input.ndim
    if count not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {count} in linear_cross_entropy()")
    if weight.ndim < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {weight.ndim}")
    if input.shape[-1] != weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.shape[-1]} and {weight.shape[-1]}, respectively"
        )
    if bias is not None and tuple(bias.shape) != tuple(weight.shape[:-1]):
        raise RuntimeError(f"expected linear_bias shape {tuple(weight.shape[:-1])}, got {tuple(bias.shape)}")
    if weight.ndim > 2 and count == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(weight.shape)} requires batched input, (N, "
            f"{shape[-1]}), got unbatched input with shape {tuple(input.shape)}"
        )


@explained
def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """``cross_entropy(linear(input, linear_weight, linear_bias), target)``.

    Args:
        input: of shape (F,) or (N, F).
        linear_weight: of shape (C, F), or (C, d1, ..., F) for a target of shape (N, d1, ...).
        target: class indices, or probabilities in the shape of the scores.
        linear_bias: of the weight's shape without its last dimension.
        weight: one weight for each class.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        ignore_index: targets with this value count nothing; -100 unless given.
        label_smoothing: this part of each target is spread over all classes.
        options: only None: the scores are always computed whole.

    Raises:
        RuntimeError: the shapes do not fit, or `ignore_index` is given with probabilities.
        NotImplementedError: `options` are given.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.linear_cross_entropy(tg.ones(2, 3), tg.zeros(4, 3), tg.tensor([0, 1]))
        tensor(1.3863)
    """
    if options is not None:
        raise NotImplementedError("linear_cross_entropy(): scores are computed whole; leave options= away")
    _check(input, linear_weight, linear_bias)
    classes, *rest = linear_weight.shape[:-1]
    scores_shape = (*input.shape[:-1], classes, *rest)
    if tuple(target.shape) == scores_shape and ignore_index is not None:
        raise RuntimeError(
            "ignore_index cannot be specified when target contains probabilities (linear_cross_entropy() got a target "
            f"of the scores' shape {list(scores_shape)})"
        )
    rows = linear_weight.reshape(math.prod(rest, start=classes), -1)
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    return cross_entropy(
        linear(input, rows, bias).reshape(scores_shape),
        target,
        weight=weight,
        reduction=reduction,
        ignore_index=_DEFAULT_IGNORED if ignore_index is None else ignore_index,
        label_smoothing=label_smoothing,
    )
