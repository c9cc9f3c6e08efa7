"""Convolutions of sequences, images and volumes, and transposed ones: what users call, and what it checks.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#convolution-functions
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from .._core.errors import explained
from .._core.remember import remembered
from .._core.tensor import Tensor
from .convolution import _convolution, _transposed
from .convolution_checks import (
    as_tuple,
    check_bias,
    check_channels,
    check_dims,
    check_groups,
    check_sizes,
    check_tensors,
    check_types,
    each_number,
    in_pairs,
)

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
]  # fmt: skip

Numbers = int | Sequence[int]
Lengths = tuple[int, ...]
Shapes = tuple[Lengths, Lengths, Lengths]
Types = tuple[Any, Any, Any]


# --- what users call ---------------------------------------------------------------------------------------------


@remembered
def _options(
    function: str, dims: int, x: Lengths, w: Lengths, b: Lengths | None, x_type: Any, w_type: Any, b_type: Any,
    stride: Any, padding: Any, dilation: Any, groups: Any,
) -> dict[str, Any]:  # fmt: skip
    """What the operation is called with, after all checks of shapes, types and options."""
    check_dims(function, dims, x, w)
    steps = each_number(function, "stride", stride, dims, 1)
    apart = each_number(function, "dilation", dilation, dims, 1)
    pairs = in_pairs(function, padding, w[2:], steps, apart)
    check_groups(function, w, groups)
    check_types(function, (x, w, b or ()), (x_type, w_type, b_type))
    batch = x if len(x) == dims + 2 else (1, *x)
    check_channels(f"groups={groups}", batch, w, w[1] * groups)
    check_bias("", w, b, w[0])
    check_sizes(function, batch, w, pairs, apart)
    return {"stride": steps, "padding": pairs, "dilation": apart, "groups": int(groups)}


# Exact integers need not be told from others that are equal to them, which takes longer than the options do.
_options_by_integers = functools.lru_cache(maxsize=1024)(_options.__wrapped__)  # type: ignore[attr-defined]


def _convolve(
    function: str, dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Tensor:
    check_tensors(function, input, weight, bias)
    x, w, b = input._array, weight._array, None if bias is None else bias._array
    shape, kind = (None, None) if b is None else (b.shape, b.dtype)
    if type(stride) is type(padding) is type(dilation) is type(groups) is int:
        options = _options_by_integers(
            function, dims, x.shape, w.shape, shape, x.dtype, w.dtype, kind, stride, padding, dilation, groups
        )
    else:
        options = _options(
            function, dims, x.shape, w.shape, shape, x.dtype, w.dtype, kind, as_tuple(stride), as_tuple(padding),
            as_tuple(dilation), groups,
        )  # fmt: skip
    if x.ndim == dims + 2:
        return _convolution(input, weight, bias, **options)
    return _convolution(input.unsqueeze(0), weight, bias, **options).squeeze(0)


@explained
def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers | str = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution of sequences, ``y[n, o, i] = sum over c, k of w[o, c, k] * x[n, c, stride * i + dilation * k]``.

    Args:
        input: of shape (N, C, length), or (C, length).
        weight: of shape (outputs, C / groups, kernel length).
        bias: of shape (outputs,), or None.
        stride, padding, dilation, groups: as for `conv2d`.

    Raises:
        RuntimeError: shapes, dtypes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[[1.0, 2.0, 3.0, 4.0]]])
        >>> tg.nn.functional.conv1d(x, tg.tensor([[[1.0, -1.0]]]))
        tensor([[[-1., -1., -1.]]])
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@explained
def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers | str = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution of images: at each place the weighted sum of the elements in a window.

    ``y[n, o, i, j] = bias[o] + sum over c, k, l of w[o, c, k, l] * x[n, c, i + k, j + l]``, for stride and dilation 1.
    The kernel is not mirrored; mathematicians call this cross-correlation.

    Args:
        input: of shape (N, C, H, W), or (C, H, W).
        weight: of shape (outputs, C / groups, kernel height, kernel width).
        bias: of shape (outputs,), or None.
        stride: the distance of the windows; one number for both dimensions or one for each, as for the others.
        padding: how many zeros to put around the images; ``"valid"``: none; ``"same"``: as many as keep the size.
        dilation: the distance of a window's elements.
        groups: into how many groups the channels are divided; each output sees one of them.

    Returns:
        Tensor of shape (N, outputs, ``(H + 2 * padding - dilation * (kernel height - 1) - 1) // stride + 1``, ...).

    Raises:
        RuntimeError: shapes, dtypes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.arange(9.0).reshape(1, 1, 3, 3)
        >>> tg.nn.functional.conv2d(x, tg.ones(1, 1, 2, 2), bias=tg.tensor([0.5]))
        tensor([[[[ 8.5000, 12.5000],
                  [20.5000, 24.5000]]]])
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@explained
def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers | str = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution of volumes.

    Args:
        input: of shape (N, C, D, H, W), or (C, D, H, W).
        weight: of shape (outputs, C / groups, kernel depth, height, width).
        bias: of shape (outputs,), or None.
        stride, padding, dilation, groups: as for `conv2d`, with three dimensions.

    Raises:
        RuntimeError: shapes, dtypes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.conv3d(tg.ones(1, 1, 2, 2, 2), tg.ones(1, 1, 2, 2, 2))
        tensor([[[[[8.]]]]])
    """
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


@remembered
def _transposed_options(
    function: str, dims: int, x: Lengths, w: Lengths, b: Lengths | None, x_type: Any, w_type: Any, b_type: Any,
    stride: Any, padding: Any, output_padding: Any, groups: Any, dilation: Any,
) -> dict[str, Any]:  # fmt: skip
    """What the operation is called with, after all checks of shapes, types and options."""
    check_dims(function, dims, x, w)
    steps = each_number(function, "stride", stride, dims, 1)
    around = each_number(function, "padding", padding, dims, 0)
    beyond = each_number(function, "output_padding", output_padding, dims, 0)
    apart = each_number(function, "dilation", dilation, dims, 1)
    check_groups(function, w, groups)
    check_types(function, (x, w, b or ()), (x_type, w_type, b_type))
    batch = x if len(x) == dims + 2 else (1, *x)
    check_channels("transposed=1", batch, w, w[0])
    check_bias("transposed=1, ", w, b, w[1] * groups)
    for extra, s, d in zip(beyond, steps, apart, strict=True):
        if extra >= max(s, d):
            raise RuntimeError(
                f"output padding must be smaller than either stride or dilation, but got output_padding: {beyond} "
                f"stride: {steps} dilation: {apart}"
            )
    given = zip(batch[2:], w[2:], steps, around, beyond, apart, strict=True)
    size = tuple([(n - 1) * s - 2 * p + d * (k - 1) + extra + 1 for n, k, s, p, extra, d in given])
    if min(size) < (dims == 3) or 0 in batch[2:] or 0 in w[2:]:
        raise RuntimeError(
            f"Given input size per channel: {list(batch[2:])}. Calculated output spatial size per channel: "
            f"{list(size)}. Output size is too small in {function}()"
        )
    pairs = tuple([(p, p - extra) for p, extra in zip(around, beyond, strict=True)])
    return {"size": size, "stride": steps, "padding": pairs, "dilation": apart, "groups": int(groups)}


def _transpose(
    function: str, dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, output_padding: Any,
    groups: Any, dilation: Any,
) -> Tensor:  # fmt: skip
    check_tensors(function, input, weight, bias)
    x, w, b = input._array, weight._array, None if bias is None else bias._array
    shape, kind = (None, None) if b is None else (b.shape, b.dtype)
    options = _transposed_options(
        function, dims, x.shape, w.shape, shape, x.dtype, w.dtype, kind, as_tuple(stride), as_tuple(padding),
        as_tuple(output_padding), groups, as_tuple(dilation),
    )  # fmt: skip
    if x.ndim == dims + 2:
        return _transposed(input, weight, bias, **options)
    return _transposed(input.unsqueeze(0), weight, bias, **options).squeeze(0)


@explained
def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
) -> Tensor:
    """Transposed convolution of sequences, see `conv_transpose2d`.

    Args:
        input: of shape (N, C, length), or (C, length).
        weight: of shape (C, outputs / groups, kernel length).
        bias: of shape (outputs,), or None.
        stride, padding, output_padding, groups, dilation: as for `conv_transpose2d`.

    Raises:
        RuntimeError: shapes, dtypes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[[1.0, 2.0]]])
        >>> tg.nn.functional.conv_transpose1d(x, tg.ones(1, 1, 2), stride=2)
        tensor([[[1., 1., 2., 2.]]])
    """
    return _transpose("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


@explained
def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
) -> Tensor:
    """Transposed convolution of images: each element spreads the kernel, times itself, over a window of the result.

    It is the gradient of `conv2d` for its input.

    Args:
        input: of shape (N, C, H, W), or (C, H, W).
        weight: of shape (C, outputs / groups, kernel height, kernel width).
        bias: of shape (outputs,), or None.
        stride: the distance of the windows in the result.
        padding: how much of the result's border is left away.
        output_padding: by how much the result is longer at its end; less than the stride or the dilation.
        groups: into how many groups the channels are divided.
        dilation: the distance of a window's elements.

    Returns:
        Tensor of shape (N, outputs, ``(H - 1) * stride - 2 * padding + dilation * (kernel height - 1) + output_padding
        + 1``, ...).

    Raises:
        RuntimeError: shapes, dtypes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[[[1.0, 2.0]]]])
        >>> tg.nn.functional.conv_transpose2d(x, tg.ones(1, 1, 2, 2))
        tensor([[[[1., 3., 2.],
                  [1., 3., 2.]]]])
    """
    return _transpose("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


@explained
def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
) -> Tensor:
    """Transposed convolution of volumes, see `conv_transpose2d`.

    Args:
        input: of shape (N, C, D, H, W), or (C, D, H, W).
        weight: of shape (C, outputs / groups, kernel depth, height, width).
        bias: of shape (outputs,), or None.
        stride, padding, output_padding, groups, dilation: as for `conv_transpose2d`, with three dimensions.

    Raises:
        RuntimeError: shapes, dtypes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.conv_transpose3d(tg.ones(1, 1, 1, 1, 1), tg.ones(1, 1, 2, 2, 2)).shape
        torch.Size([1, 1, 2, 2, 2])
    """
    return _transpose("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


@explained
def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """Convolution of sequences laid out as (time, batch, channels).

    Args:
        input: of shape (length, N, C).
        weight: of shape (kernel length, C, outputs).
        bias: of shape (outputs,).
        pad: how many zeros to put around the sequences.

    Raises:
        RuntimeError: shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_tbc.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.conv_tbc(tg.ones(4, 1, 2), tg.ones(3, 2, 1), tg.zeros(1)).flatten()
        tensor([6., 6.])
    """
    for name, value, dims in (("Input", input, 3), ("Weight", weight, 3), ("Bias", bias, 1)):
        if value.ndim != dims:
            raise RuntimeError(f"{name} must have {dims} dims: {'time, batch, in_channel' if dims > 1 else 'outputs'}")
    if input.shape[2] != weight.shape[1]:
        raise RuntimeError(
            f"Input dim 2 (input channels) is not == dim 1 in the weight tensor: conv_tbc() got {list(input.shape)} "
            f"and {list(weight.shape)}"
        )
    if bias.shape[0] != weight.shape[2]:
        raise RuntimeError(
            f"Bias size must equal dim 2 in the weight tensor (output channels): conv_tbc() got {list(bias.shape)} and "
            f"{list(weight.shape)}"
        )
    out: Any = _convolve("conv_tbc", 1, input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, 1, pad, 1, 1)
    result: Tensor = out.permute(2, 0, 1)
    return result
