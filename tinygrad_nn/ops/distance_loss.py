"""Losses of distances and angles: of pairs that belong together or do not, and of triplets.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_embedding_loss.html,
triplet_margin_loss.html, triplet_margin_with_distance_loss.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.errors import explained
from .._core.tensor import Tensor
from .distances import pairwise_distance
from .loss import reduced, reduction_of
from .selection import minimum, where

_LEAST_SQUARE = 1e-12  # so that a vector of zeros has an angle


@explained
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``1 - cos(input1, input2)`` where the target is 1; ``max(0, cos(input1, input2) - margin)`` where it is -1.

    Args:
        input1, input2: vectors, of shape (D,) or (N, D).
        target: 1 or -1, of shape () or (N,).
        margin: between -1 and 1.

    Raises:
        RuntimeError: the numbers of dimensions do not fit, or the shapes do not broadcast.

    Example:
        >>> import tinygrad_nn as tg
        >>> x, y = tg.tensor([[1.0, 0.0]]), tg.tensor([[1.0, 1.0]])
        >>> tg.nn.functional.cosine_embedding_loss(x, y, tg.tensor([1]))
        tensor(0.2929)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if target.ndim > 1:
        raise RuntimeError(
            "0D or 1D target tensor expected, multi-target not supported: cosine_embedding_loss() got a target of "
            f"shape {list(target.shape)}"
        )
    if input1.ndim != target.ndim + 1 or input2.ndim != target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    dim = target.ndim
    squares = [(x * x).sum(dim) + _LEAST_SQUARE for x in (input1, input2)]
    cosine = (input1 * input2).sum(dim) / (squares[0] * squares[1]).sqrt()
    losses = where(target == 1, 1 - cosine, 0) + where(target == -1, (cosine - margin).clamp_min(0), 0)
    result: Tensor = reduced(losses, reduction)
    return result


def _check_triplet(anchor: Tensor, positive: Tensor, negative: Tensor) -> None:
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )


def _check_margin(margin: float) -> None:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")


def _triplet(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    distance: Callable[[Tensor, Tensor], Tensor],
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    near: Any = distance(anchor, positive)
    far: Any = distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    result: Tensor = reduced((margin + near - far).clamp_min(0), reduction)
    return result


@explained
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, d(anchor, positive) - d(anchor, negative) + margin)``, of p-norms d along the last dimension.

    Args:
        anchor, positive, negative: vectors; the other dimensions broadcast.
        margin: by how much farther the negative has to be.
        p: which norm.
        eps: added to differences, so that the norm has a derivative.
        swap: take the distance of the negative from the positive if that is smaller.

    Raises:
        ValueError: the margin is not positive.
        RuntimeError: the inputs have not the same number of dimensions, or do not broadcast.

    Example:
        >>> import tinygrad_nn as tg
        >>> anchor, near, far = tg.zeros(1, 2), tg.ones(1, 2), tg.tensor([[3.0, 4.0]])
        >>> tg.nn.functional.triplet_margin_loss(anchor, far, near)
        tensor(4.5858)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    _check_margin(margin)
    _check_triplet(anchor, positive, negative)

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


@explained
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a distance of your own.

    Args:
        distance_function: takes two tensors; `pairwise_distance` by default.

    Raises:
        ValueError: the margin is not positive, or there is no such reduction.
        RuntimeError: the inputs have not the same number of dimensions.

    Example:
        >>> import tinygrad_nn as tg
        >>> anchor, near, far = tg.zeros(1, 2), tg.ones(1, 2), tg.tensor([[3.0, 4.0]])
        >>> tg.nn.functional.triplet_margin_with_distance_loss(
        ...     anchor, far, near, distance_function=lambda x, y: (x - y).abs().sum(-1)
        ... )
        tensor(6.)
    """
    reduction = reduction_of(None, None, reduction)
    _check_margin(margin)
    _check_triplet(anchor, positive, negative)
    return _triplet(anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction)
