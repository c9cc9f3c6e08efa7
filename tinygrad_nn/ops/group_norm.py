"""Normalisation within each image: over groups of channels, or over each channel.

Source: Wu and He, "Group Normalization", https://arxiv.org/abs/1803.08494; Ulyanov, Vedaldi and Lempitsky, "Instance
Normalization", https://arxiv.org/abs/1607.08022;
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.group_norm.html, instance_norm.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import normalisation as kernels
from .._core.errors import explained
from .._core.few_rows import are_few, few_groups_gradient, few_groups_normalised
from .._core.memory_format import in_order_of
from .._core.op import case, op
from .._core.tensor import Size, Tensor
from .batch_norm import _by_statistics, as_single, by_channel, check_batch_size, in_types, update_running
from .norm_checks import check_lengths, check_number, check_running, check_tensors, check_types

__all__ = ["group_norm"]  # `instance_norm` has another order of arguments at PyTorch's top level

_HALF = np.dtype(np.float16)


def _planes(x: Any, parts: int) -> Any:
    """(images, channels, ...) as so many parts of each image: channels, or groups of them."""
    return np.ascontiguousarray(as_single(x).reshape(x.shape[0], parts, math.prod(x.shape[1:]) // max(parts, 1)))


def _parts(channels: int, groups: int, *parameters: Any) -> int:
    """Without a weight and a bias, each group is treated as one channel: there are fewer, and longer, rows."""
    return groups if all(parameter is None for parameter in parameters) else channels


def _of_groups(
    g: Any, x: Any, weight: Any, bias: Any, needs: tuple[bool, ...], mean: Any, root: Any, square: Any, centred: Any,
    scale: Any, groups: int,
) -> Any:  # fmt: skip
    parts, factor = _parts(x.shape[1], groups, weight, bias), as_single(weight)
    if centred is None:
        found: Any = kernels.groups_gradient(_planes(g, parts), _planes(x, parts), factor, mean, root, groups)
    else:
        found = few_groups_gradient(_planes(g, parts), centred, root, square, scale, factor, groups, needs)
    shaped = None if found[0] is None else found[0].reshape(x.shape)
    return in_types((shaped, *found[1:]), (x, weight, bias))


def _group_parts(x: Any, weight: Any, bias: Any, groups: int, eps: float, statistics: Any) -> Any:
    single = x.float() if x._array.dtype == _HALF else x
    rows = single.reshape(x.shape[0], groups, x.numel() // max(x.shape[0] * groups, 1))
    centred = rows - rows.mean(2, keepdim=True)
    out = (centred * ((centred * centred).mean(2, keepdim=True) + eps).rsqrt()).reshape(x.shape)
    out = out if weight is None else out * by_channel(weight, x.ndim)
    return (out if bias is None else out + by_channel(bias, x.ndim)).to(x.dtype)


@op(kind="fused", vjp=_of_groups, parts=_group_parts, residuals=("mean", "root", "square", "centred", "scale"),
    method=False, torch_name="", names=("input", "weight", "bias"), node_name="NativeGroupNormBackward0",
    cases=[case((2, 4, 3), (4,), (4,), groups=2), case((2, 3, 2, 2), (3,), (3,), groups=3, eps=0.1),
           case((2, 4), None, None, groups=1), case((1, 2, 2, 1, 3), (2,), None, groups=1),
           case((0, 4, 3), (4,), (4,), groups=2)])  # fmt: skip
def _group_normed(x, weight, bias, /, *, groups, eps=1e-5, statistics=None):
    """`group_norm`, one node; the groups' means and variances are also written to `statistics`."""
    planes = _planes(x, _parts(x.shape[1], groups, weight, bias))
    if statistics is None and x.size and are_few(x):
        out, kept = few_groups_normalised(planes, as_single(weight), as_single(bias), groups, eps)
    else:
        out, mean, root, variance = kernels.groups_normalised(planes, as_single(weight), as_single(bias), groups, eps)
        kept = mean, root, None, None, None
        if statistics is not None:
            statistics[0], statistics[1] = mean, variance
    return in_order_of(out.reshape(x.shape).astype(x.dtype, copy=False), x), *kept


@explained
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Each group of channels of each image moved and scaled to mean 0 and variance 1, then ``* weight + bias``.

    Args:
        input: of shape (N, C) or (N, C, ...).
        num_groups: the number of groups that the channels are divided into.
        weight, bias: of shape (C,), or None.
        eps: added to the variance.

    Raises:
        RuntimeError: shapes or dtypes do not fit, or the channels cannot be divided into so many groups.
        ValueError: there is a single value in each group.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.group_norm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.group_norm(tg.tensor([[1.0, 3.0, 10.0, 30.0]]), 2)
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    x = check_tensors("group_norm", input, weight=weight, bias=bias)
    if isinstance(num_groups, bool) or not hasattr(num_groups, "__index__"):
        kind = type(num_groups).__name__
        raise TypeError(f"group_norm(): argument 'num_groups' (position 2) must be int, not {kind}")
    if x.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {x.ndim}")
    if num_groups == 0:
        raise ZeroDivisionError("integer division or modulo by zero: group_norm() got num_groups=0")
    check_batch_size((x.shape[0] * x.shape[1] // num_groups, num_groups, *x.shape[2:]))
    if num_groups < 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if x.shape[1] % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(x.shape)} and num_groups={num_groups}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and value._array.shape != (x.shape[1],):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of "
                f"shape {list(value.shape)} and input of shape {list(x.shape)}"
            )
    check_types("group_norm", "GroupNormKernelImpl", input, weight=weight, bias=bias)
    eps = check_number("group_norm", "eps", 5, eps)
    out: Tensor = _group_normed(input, weight, bias, groups=int(num_groups), eps=eps, statistics=None)
    return out


@explained
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel of each image moved and scaled to mean 0 and variance 1, then ``* weight + bias``.

    Args:
        input: of shape (N, C, ...).
        running_mean, running_var: of shape (C,), or None. Moved, in place, towards the images' mean statistics; without
            `use_input_stats` they are what is normalised by.
        weight, bias: of shape (C,), or None.
        use_input_stats: whether to normalise by each image's own mean and variance.
        momentum: by which part the running statistics move.
        eps: added to the variance.

    Raises:
        ValueError: there is a single value in each channel of an image.
        RuntimeError: shapes or dtypes do not fit, or there is nothing to normalise by.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.instance_norm(tg.tensor([[[1.0, 3.0], [10.0, 30.0]]]))
        tensor([[[-1.0000,  1.0000],
                 [-1.0000,  1.0000]]])
    """
    named = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    x = check_tensors("instance_norm", input, **named)
    if use_input_stats and math.prod(x.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {Size(x.shape)}")
    momentum = check_number("instance_norm", "momentum", 7, momentum)
    eps = check_number("instance_norm", "eps", 8, eps)
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    if not use_input_stats and running_mean is None:
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    check_lengths(x.shape[1], **named)
    check_types("instance_norm", "batch_norm", input, **named)
    check_running(running_mean=running_mean, running_var=running_var)
    if not use_input_stats:
        assert running_mean is not None
        assert running_var is not None
        return _by_statistics(input, running_mean, running_var, weight, bias, eps)
    if running_mean is None:
        found: Tensor = _group_normed(input, weight, bias, groups=x.shape[1], eps=eps, statistics=None)
        return found
    statistics = np.zeros((2, *x.shape[:2]), np.float64 if x.dtype == np.float64 else np.float32)
    out: Tensor = _group_normed(input, weight, bias, groups=x.shape[1], eps=eps, statistics=statistics)
    count = math.prod(x.shape[2:])
    if x.size:
        update_running(running_mean, statistics[0].mean(0), momentum)
        update_running(running_var, statistics[1].mean(0) * (count / max(count - 1, 1)), momentum)
    return out
