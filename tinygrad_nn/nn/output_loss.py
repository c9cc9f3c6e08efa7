"""Losses that hold the output layer themselves, for many classes.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html,
torch.nn.LinearCrossEntropyLoss.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from .._core.tensor import Tensor
from ..ops.join import cat
from . import functional
from .containers import ModuleList, Sequential
from .linear import Linear
from .loss import _WeightedLoss
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss"]


class LinearCrossEntropyLoss(_WeightedLoss):
    """A linear layer and the cross-entropy of its scores.

    Args:
        in_features: the length of each input.
        num_classes: how many classes there are.
        out_features: further dimensions of the target.
        bias: whether the layer has one.
        device: only the CPU.
        dtype: the type of the parameters.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        weight: a weight for each class.
        ignore_index: class number of examples that do not count; -100 unless given.
        label_smoothing: share of the target that is spread over all classes.
        options: only None.

    Raises:
        RuntimeError: there are not as many weights as classes, or the smoothing is not between 0 and 1.

    Example:
        >>> import tinygrad_nn as tg
        >>> loss = tg.nn.LinearCrossEntropyLoss(3, 5)
        >>> loss(tg.ones(2, 3), tg.tensor([0, 4])).shape
        torch.Size([])
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(weight, None, None, reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.linear = Linear(in_features, math.prod(out_features, start=num_classes), bias, device, dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        shape = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return functional.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*shape, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        """The sizes and options."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
            f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )


class _ASMoutput(NamedTuple):  # the name that PyTorch prints
    """The log probability of each target, and the loss."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """A softmax over many classes that spends little on rare ones (Grave et al., 2017).

    Classes are numbered by falling frequency. The frequent ones have scores of their own, in the head; the others are
    put into clusters, of which the head scores each as a whole, and whose own layers are smaller the rarer they are.

    Args:
        in_features: the length of each input.
        n_classes: how many classes there are.
        cutoffs: the first class of each cluster.
        div_value: by how much the layers of each cluster are smaller than those of the one before.
        head_bias: whether the head has a bias.
        device: only the CPU.
        dtype: the type of the parameters.

    Raises:
        ValueError: the cutoffs are not growing integers between 1 and ``n_classes - 1``.

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs=[5, 10], div_value=2.0)
        >>> output, loss = layer(tg.ones(3, 8), tg.tensor([0, 7, 19]))
        >>> output.shape, loss.shape, layer.log_prob(tg.ones(3, 8)).shape
        (torch.Size([3]), torch.Size([]), torch.Size([3, 20]))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            cutoffs != sorted(set(cutoffs)) or cutoffs[0] <= 0 or cutoffs[-1] > n_classes - 1
            or any(int(c) != c for c in cutoffs)
        ):  # fmt: skip
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
                f"value is between 1 and n_classes-1, got {cutoffs} for {n_classes} classes"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            hidden = int(in_features // (div_value ** (i + 1)))
            size = self.cutoffs[i + 1] - self.cutoffs[i]
            layers = Linear(in_features, hidden, False, device, dtype), Linear(hidden, size, False, device, dtype)
            self.tail.append(Sequential(*layers))

    def reset_parameters(self) -> None:
        """Draw new weights."""
        self.head.reset_parameters()
        for cluster in self.tail:
            for layer in cluster:
                layer.reset_parameters()

    def _check(self, input: Tensor, target: Tensor) -> None:
        if target.ndim > 1:
            raise RuntimeError(
                "0D or 1D target tensor expected, multi-target not supported: got a target of shape "
                f"{list(target.shape)}"
            )
        if target.ndim == 1 and input.shape[:1] != target.shape:
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension. Got an input of shape "
                f"{list(input.shape)} and a target of shape {list(target.shape)}"
            )
        if input.ndim != target.ndim + 1:
            raise RuntimeError(
                f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with size "
                f"{input.shape!r}"
            )
        classes = target._array
        if classes.size and not (classes.min() >= 0 and classes.max() < self.n_classes):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{classes.min()}, "
                f"{classes.max()}] were found. "
            )

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """The log probability of each target, and minus their mean."""
        self._check(input_, target_)
        batched = target_.ndim > 0
        input = input_ if batched else input_.unsqueeze(0)
        target = target_ if batched else target_.unsqueeze(0)
        in_head = target.clamp(max=self.shortlist_size - 1)
        output = input.new_zeros(len(target))
        for i, (cluster, first, end) in enumerate(zip(self.tail, self.cutoffs[:-1], self.cutoffs[1:], strict=True)):
            rows = ((target >= first) & (target < end)).nonzero().squeeze(1)
            if not len(rows):
                continue
            in_head = in_head.index_fill(0, rows, self.shortlist_size + i)
            scores = functional.log_softmax(cluster(input.index_select(0, rows)), dim=1)
            own = scores.gather(1, (target[rows] - first).unsqueeze(1)).squeeze(1)
            output = output.index_copy(0, rows, own)
        of_head = functional.log_softmax(self.head(input), dim=1)
        output = output + of_head.gather(1, in_head.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output if batched else output.squeeze(0), loss)

    def log_prob(self, input: Tensor) -> Tensor:
        """The log probability of every class, of shape (N, n_classes)."""
        of_head = functional.log_softmax(self.head(input), dim=1)
        parts = [of_head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            own = functional.log_softmax(cluster(input), dim=1)
            parts.append(own + of_head[:, self.shortlist_size + i].unsqueeze(1))
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The likeliest class of each input, of shape (N,)."""
        found: Tensor = self.head(input).argmax(1)
        rare = found >= self.shortlist_size
        if rare.any():  # only then the clusters have to be looked at
            found[rare] = self.log_prob(input[rare]).argmax(1)
        return found
