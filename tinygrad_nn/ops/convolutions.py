"""Convolutions of sequences, images and volumes, and transposed ones: what users call, and what it checks.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#convolution-functions
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import explained, must_be_tensor
from .._core.remember import remembered
from .._core.tensor import Tensor
from .convolution import _convolution, _transposed

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
]  # fmt: skip

Numbers = int | Sequence[int]
Lengths = tuple[int, ...]
Shapes = tuple[Lengths, Lengths, Lengths]
Types = tuple[Any, Any, Any]


# --- checks ------------------------------------------------------------------------------------------------------


def _tuple(value: Any) -> Any:
    return tuple(value) if type(value) is list else value


def _each(function: str, name: str, value: Any, dims: int, least: int) -> Lengths:
    """A number for each dimension, from one number or as many.

    Raises:
        TypeError: it is no integer, and no list or tuple of such.
        RuntimeError: they are too many, too few, or too small.
    """
    if type(value) is int:
        given: Lengths = (value,) * dims
    else:
        single = hasattr(value, "__index__") and not isinstance(value, bool)
        if not single and not isinstance(value, list | tuple):
            kind = type(value).__name__
            raise TypeError(f"{function}(): argument '{name}' must be tuple of ints, not {kind} (got {value!r})")
        for position, number in enumerate(() if single else value):
            if isinstance(number, bool) or not hasattr(number, "__index__"):
                raise TypeError(
                    f"{function}(): argument '{name}' must be tuple of ints, but found element of type "
                    f"{type(number).__name__} at pos {position}"
                )
        given = (int(value),) * dims if single else tuple([int(n) for n in value])
    if len(given) == 1:
        given *= dims
    if min(given, default=least) < least:
        raise RuntimeError(
            f"{'non-positive' if least else 'negative'} {name} is not supported: {function}() got {name}={value!r}"
        )
    if len(given) != dims:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {dims} values to match the convolution "
            f"dimensions, but got {name}={list(given)}"
        )
    return given


def _check_tensors(function: str, input: Any, weight: Any, bias: Any) -> None:
    for position, (name, value) in enumerate((("input", input), ("weight", weight), ("bias", bias))):
        if not isinstance(value, Tensor) and (value is not None or name != "bias"):
            raise must_be_tensor(function, name, position, value)


def _check_dims(function: str, dims: int, x: Lengths, weight: Lengths) -> None:
    if len(x) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {function}, but got input of size: "
            f"{list(x)}"
        )
    if len(weight) != dims + 2:
        raise RuntimeError(
            f"expected stride to be a single integer value or a list of {len(weight) - 2} values to match the "
            f"convolution dimensions: {function}() needs a weight of {dims + 2} dimensions, got {list(weight)}"
        )


def _check_types(function: str, shapes: Shapes, types: Types) -> None:
    x, weight, bias = types
    transposed = "transpose" in function
    if x.kind == "b" or (transposed and x.kind in "iu" and x != np.int64):
        kernel = "slow_conv_transpose2d_out_cpu" if transposed else "slow_conv2d_cpu"
        raise NotImplementedError(
            f"\"{kernel}\" not implemented for '{dtypes.type_name(x)}'. Convert the input first: x.float()."
        )
    if bias is not None and bias != x:
        said = f"Input type ({x}) and bias type ({bias}) should be the same"
    elif weight != x:
        said = f"expected scalar type {dtypes.type_name(x)} but found {dtypes.type_name(weight)}"
    else:
        return
    given = zip(("input", "weight", "bias"), types, shapes, strict=True)
    named = [f"{name}: {dtypes.type_name(kind)} {list(shape)}" for name, kind, shape in given if kind is not None]
    shown = ", ".join(named)
    raise RuntimeError(f"{said}. Convert one of them, for example input.float(): {function}() got {shown}.")


def _check_groups(function: str, weight: Lengths, groups: Any) -> None:
    if isinstance(groups, bool) or not hasattr(groups, "__index__"):
        raise TypeError(f"{function}(): argument 'groups' must be int, not {type(groups).__name__}")
    if groups <= 0:
        raise RuntimeError(f"non-positive groups is not supported: {function}() got groups={groups}")
    if weight[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{list(weight)} instead"
        )
    if weight[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size [{list(weight)}] instead"
        )


def _check_channels(given: str, x: Lengths, weight: Lengths, channels: int) -> None:
    if x[1] != channels:
        hint = " The channels are the second dimension, not the last: x.movedim(-1, 1)." if x[-1] == channels else ""
        raise RuntimeError(
            f"Given {given}, weight of size {list(weight)}, expected input{list(x)} to have {channels} channels, but "
            f"got {x[1]} channels instead.{hint}"
        )


def _check_bias(given: str, weight: Lengths, bias: Lengths | None, outputs: int) -> None:
    if bias is not None and bias != (outputs,):
        raise RuntimeError(
            f"Given {given}weight of size {list(weight)}, expected bias to be 1-dimensional with {outputs} elements, "
            f"but got bias of size {list(bias)} instead"
        )


def _check_sizes(function: str, x: Lengths, weight: Lengths, padding: Any, dilation: Lengths) -> None:
    padded = [n + a + b for n, (a, b) in zip(x[2:], padding, strict=True)]
    reach = [d * (k - 1) + 1 for k, d in zip(weight[2:], dilation, strict=True)]
    if min(weight[2:]) < 1 or any(n < k for n, k in zip(padded, reach, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel size: "
            f"({' x '.join(map(str, reach))}). Kernel size can't be greater than actual input size in {function}(), "
            f"nor 0: input {list(x)}, weight {list(weight)}"
        )
    if 0 in x[2:]:
        raise RuntimeError(f"Only zero batch or zero channel inputs are supported, but got input shape: {list(x)}")


def _pairs(function: str, padding: Any, kernel: Lengths, stride: Lengths, dilation: Lengths) -> Any:
    """The padding before and after, for each dimension."""
    if not isinstance(padding, str):
        return tuple([(n, n) for n in _each(function, "padding", padding, len(kernel), 0)])
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'. Expected 'same', 'valid', or numbers.")
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    return tuple([(total // 2, total - total // 2) for total in totals])


# --- what users call ---------------------------------------------------------------------------------------------


@remembered
def _options(
    function: str, dims: int, x: Lengths, w: Lengths, b: Lengths | None, x_type: Any, w_type: Any, b_type: Any,
    stride: Any, padding: Any, dilation: Any, groups: Any,
) -> dict[str, Any]:  # fmt: skip
    """What the operation is called with, after all checks of shapes, types and options."""
    _check_dims(function, dims, x, w)
    steps = _each(function, "stride", stride, dims, 1)
    apart = _each(function, "dilation", dilation, dims, 1)
    pairs = _pairs(function, padding, w[2:], steps, apart)
    _check_groups(function, w, groups)
    _check_types(function, (x, w, b or ()), (x_type, w_type, b_type))
    batch = x if len(x) == dims + 2 else (1, *x)
    _check_channels(f"groups={groups}", batch, w, w[1] * groups)
    _check_bias("", w, b, w[0])
    _check_sizes(function, batch, w, pairs, apart)
    return {"stride": steps, "padding": pairs, "dilation": apart, "groups": int(groups)}


def _convolve(
    function: str, dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Tensor:
    _check_tensors(function, input, weight, bias)
    x, w, b = input._array, weight._array, None if bias is None else bias._array
    shape, kind = (None, None) if b is None else (b.shape, b.dtype)
    options = _options(
        function, dims, x.shape, w.shape, shape, x.dtype, w.dtype, kind, _tuple(stride), _tuple(padding),
        _tuple(dilation), groups,
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
    _check_dims(function, dims, x, w)
    steps = _each(function, "stride", stride, dims, 1)
    around = _each(function, "padding", padding, dims, 0)
    beyond = _each(function, "output_padding", output_padding, dims, 0)
    apart = _each(function, "dilation", dilation, dims, 1)
    _check_groups(function, w, groups)
    _check_types(function, (x, w, b or ()), (x_type, w_type, b_type))
    batch = x if len(x) == dims + 2 else (1, *x)
    _check_channels("transposed=1", batch, w, w[0])
    _check_bias("transposed=1, ", w, b, w[1] * groups)
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
    _check_tensors(function, input, weight, bias)
    x, w, b = input._array, weight._array, None if bias is None else bias._array
    shape, kind = (None, None) if b is None else (b.shape, b.dtype)
    options = _transposed_options(
        function, dims, x.shape, w.shape, shape, x.dtype, w.dtype, kind, _tuple(stride), _tuple(padding),
        _tuple(output_padding), groups, _tuple(dilation),
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
