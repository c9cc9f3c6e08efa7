"""Max pooling: the greatest element of each window.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#pooling-functions
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from .._core import pooling as kernels
from .._core.errors import explained
from .._core.modes import modes
from .._core.op import case, op
from .._core.pooling import Pool, pool
from .._core.remember import remembered
from .._core.tensor import Tensor, wrap
from .pool_options import check_input, check_numbers, pooling
from .shortcuts import recorded

__all__ = ["max_pool1d", "max_pool1d_with_indices", "max_pool2d", "max_pool3d"]

Numbers = int | Sequence[int]

_PAIRS = pool((4, 6), (2, 2), (2, 2), (0, 0), (1, 1), (2, 3))
_OVER = pool((5, 4), (3, 2), (2, 1), (1, 1), (1, 2), (3, 4))
_PLACES = np.array([[0, 4, 4], [7, 11, 6]])
_LINE = pool((7,), (3,), (2,), (1,), (1,), (4,))


def _put_back(g: Any, x: Any, out: Any, over: Pool, places: Any = None) -> Any:
    if places is not None and type(g) is np.ndarray and not kernels.has_nan(out):  # of several nan, it is the last one
        return kernels.at_places(g, x, over, places)
    return kernels.at_maxima(g, x, out, over) if type(g) is np.ndarray else _at_maxima(g, x, out, over=over)


def _taken_back(g: Any, x: Any, out: Any, over: Pool) -> Any:
    return _from_maxima.op.numpy(g, x, out, over=over)


@op(kind="general", vjp=_put_back, method=False, torch_name="", recomputes=True,
    node_name="MaxPool2DWithIndicesBackward0", distinct=True,
    cases=[case((2, 1, 4, 6), over=_PAIRS), case((1, 2, 5, 4), over=_OVER), case((2, 7), over=_LINE)])  # fmt: skip
def _max_pooled(x, /, *, over, places=None):
    """The maximum of each window over the last dimensions. `places` is for the gradient of arrays, see `pooled`."""
    return kernels.maxima(x, over)


_MAXIMA = np.arange(24.0).reshape(1, 4, 6)


@op(kind="general", vjp=(lambda g, x, y, over: _taken_back(g, x, y, over), None, None), method=False, torch_name="",
    names=("grad_output", "input", "output"), node_name="MaxPool2DWithIndicesBackwardBackward0",
    cases=[case((1, 2, 3), _MAXIMA, _MAXIMA[:, 1::2, 1::2], over=_PAIRS)])  # fmt: skip
def _at_maxima(g, x, y, /, *, over):
    """Numbers, one for each window, where in `x` the windows' maxima `y` are."""
    return kernels.at_maxima(g, x, y, over)


@op(kind="general", vjp=(lambda g, x, out, y, over: _put_back(g, x, y, over), None, None), method=False, torch_name="",
    names=("grad_input", "input", "output"), node_name="GatherBackward0",
    cases=[case((1, 4, 6), _MAXIMA, _MAXIMA[:, 1::2, 1::2], over=_PAIRS)])  # fmt: skip
def _from_maxima(z, x, y, /, *, over):
    """The elements of `z` where in `x` the windows' maxima `y` are."""
    return kernels.from_maxima(z, x, y, over)


def pooled(input: Tensor, over: Pool) -> Tensor:
    """The maximum of each window. Where they are is kept for the gradient: to look for them again takes as long."""
    x, here = input._array, modes.here
    if type(x) is np.ndarray and not here.observers and not here.levels:
        located = kernels.located_maxima(x, over, here.grad and input.requires_grad)
        if located is not None:
            return recorded(_max_pooled.op, input, {"over": over, "places": located[1]}, located[0])
    found: Tensor = _max_pooled(input, over=over, places=None)  # all options, so that nothing has to be sorted out
    return found


def _elements_back(g: Any, x_shape: tuple[int, ...], places: Any) -> Any:
    return _at_elements.op.numpy(g, places=places, shape=x_shape)


@op(kind="general", vjp=_elements_back, method=False, torch_name="", node_name="MaxPool2DWithIndicesBackward0",
    cases=[case((2, 6), places=_PLACES)])  # fmt: skip
def _elements(x, /, *, places):
    """The elements of these numbers, counted row by row."""
    return x.ravel().take(places)


@op(kind="general", vjp=lambda g, places: _elements.op.numpy(g, places=places), method=False, torch_name="",
    node_name="MaxPool2DWithIndicesBackwardBackward0", cases=[case((2, 3), places=_PLACES, shape=(2, 6))])  # fmt: skip
def _at_elements(z, /, *, places, shape):
    """Numbers added up at places of an array of this shape."""
    out = np.zeros(shape, z.dtype)
    np.add.at(out.ravel(), places.ravel(), z.ravel())
    return out


def picked(input: Tensor, places: np.ndarray[Any, Any], dims: int) -> tuple[Tensor, Tensor]:
    """The elements of these numbers, and where in their planes, which the last dimensions are, they are."""
    shape = input._array.shape
    values: Tensor = _elements(input, places=places)
    plane = math.prod(shape[len(shape) - dims :])
    first = np.arange(math.prod(places.shape[: len(shape) - dims])) * plane
    numbers = places.astype(np.int64).reshape(len(first), math.prod(places.shape[len(shape) - dims :]))
    numbers -= first[:, None]
    return values, wrap(numbers.reshape(places.shape))


@remembered
def _windows(
    function: str, dims: int, shape: tuple[int, ...], kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: Any,
) -> Pool:  # fmt: skip
    """The windows over an input of a shape, after all checks of the options' values."""
    found = pooling(function, shape, dims, kernel_size, stride, padding, dilation, ceil_mode)
    lengths = shape[len(shape) - dims :]
    return pool(lengths, found.kernel, found.stride, found.padding, found.dilation, found.counts)


# Exact integers need not be told from others that are equal to them, which takes longer than the windows do.
_windows_by_integers = functools.lru_cache(maxsize=1024)(_windows.__wrapped__)  # type: ignore[attr-defined]


def _max_pool(
    function: str, dims: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any,
    return_indices: Any,
) -> Any:  # fmt: skip
    step = kernel_size if stride is None else stride
    windows: Any = _windows_by_integers
    if not type(kernel_size) is type(step) is type(padding) is type(dilation) is int or type(ceil_mode) is not bool:
        windows = _windows
        check_numbers(function, kernel_size=kernel_size, stride=step, padding=padding, dilation=dilation)
    x = check_input(function, input, dims, "bciu" if dims == 1 and not return_indices else "bc")
    over = windows(function, dims, x.shape, kernel_size, stride, padding, dilation, ceil_mode)
    if not return_indices:
        return pooled(input, over)
    return picked(input, kernels.places_of_maxima(x, over), dims)


@overload
def max_pool1d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = ...,
    padding: Numbers = ...,
    dilation: Numbers = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = False,
) -> Tensor: ...


@overload
def max_pool1d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = ...,
    padding: Numbers = ...,
    dilation: Numbers = ...,
    ceil_mode: bool = ...,
    return_indices: bool = ...,
) -> Any: ...


@explained
def max_pool1d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The greatest element of each window of sequences.

    Args:
        input: of shape (N, C, length), or (C, length).
        kernel_size: the windows' length.
        stride: the distance of the windows, as long as the windows unless given.
        padding: how far windows may reach beyond the edges; at most half of the window.
        dilation: the distance of a window's elements.
        ceil_mode: also take windows that reach beyond the end.
        return_indices: return also where the elements are in their sequence, for `max_unpool1d`.

    The gradient goes to the first of equal elements.

    Raises:
        RuntimeError: shapes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.max_pool1d(tg.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
        tensor([[3., 2.]])
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = ...,
    padding: Numbers = ...,
    dilation: Numbers = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = False,
) -> Tensor: ...


@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = ...,
    padding: Numbers = ...,
    dilation: Numbers = ...,
    ceil_mode: bool = ...,
    return_indices: bool = ...,
) -> Any: ...


@explained
def max_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The greatest element of each window of images.

    Args:
        input: of shape (N, C, H, W), or (C, H, W).
        kernel_size: the windows' height and width; one number for both or one for each, as for the others.
        stride: the distance of the windows, as long as the windows unless given.
        padding: how far windows may reach beyond the edges; at most half of the window.
        dilation: the distance of a window's elements.
        ceil_mode: also take windows that reach beyond the end.
        return_indices: return also where the elements are in their plane, for `max_unpool2d`.

    The gradient goes to the first of equal elements.

    Raises:
        RuntimeError: shapes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.arange(16.0).reshape(1, 1, 4, 4)
        >>> tg.nn.functional.max_pool2d(x, 2)
        tensor([[[[ 5.,  7.],
                  [13., 15.]]]])
        >>> tg.nn.functional.max_pool2d(x, 2, return_indices=True)[1].flatten()
        tensor([ 5,  7, 13, 15])
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@overload
def max_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = ...,
    padding: Numbers = ...,
    dilation: Numbers = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = False,
) -> Tensor: ...


@overload
def max_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = ...,
    padding: Numbers = ...,
    dilation: Numbers = ...,
    ceil_mode: bool = ...,
    return_indices: bool = ...,
) -> Any: ...


@explained
def max_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The greatest element of each window of volumes.

    Args:
        input: of shape (N, C, D, H, W), or (C, D, H, W).
        kernel_size: the windows' depth, height and width; one number for all or one for each, as for the others.
        stride: the distance of the windows, as long as the windows unless given.
        padding: how far windows may reach beyond the edges; at most half of the window.
        dilation: the distance of a window's elements.
        ceil_mode: also take windows that reach beyond the end.
        return_indices: return also where the elements are in their volume, for `max_unpool3d`.

    The gradient goes to the first of equal elements.

    Raises:
        RuntimeError: shapes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.max_pool3d(tg.arange(8.0).reshape(1, 2, 2, 2), 2)
        tensor([[[[7.]]]])
    """
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """`max_pool1d` with ``return_indices=True``."""
    found: tuple[Tensor, Tensor] = max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)
    return found


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """`max_pool2d` with ``return_indices=True``."""
    found: tuple[Tensor, Tensor] = max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)
    return found


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """`max_pool3d` with ``return_indices=True``."""
    found: tuple[Tensor, Tensor] = max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)
    return found
