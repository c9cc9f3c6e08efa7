"""Differences and integrals along a dimension: ``diff``, ``gradient``, ``trapezoid`` and ``cumulative_trapezoid``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.diff.html, torch.gradient.html, torch.trapezoid.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dispatch
from .._core.errors import must_be_tensor
from .._core.op import Integers, case, composite, op
from .._core.tensor import Tensor, check_dim, wrap
from .join import cat
from .reduce import sum as sum_of
from .scan import cumsum

__all__ = ["cumulative_trapezoid", "diff", "gradient", "trapezoid", "trapz"]


def _part(x: Any, dim: int, start: int | None, stop: int | None) -> Any:
    """Some neighbours along a dimension."""
    return x[(*[slice(None)] * (dim % x.ndim), slice(start, stop))]


# --- differences -------------------------------------------------------------------------------------------------


def _spread(g: Any, dim: int) -> Any:
    return _spread_differences.op.numpy(g, dim=dim)


@op(kind="general", vjp=_spread, method=False, torch_name="", node_name="DiffBackward0",
    cases=[case((2, 3), dim=1), case((3, 2), dim=0), case((1, 2), dim=0),
                                      case(Integers((4,), 9), dim=0)])  # fmt: skip
def _neighbours(x, /, *, dim):
    """Each element less the one before it; of booleans, whether they differ."""
    after, before = _part(x, dim, 1, None), _part(x, dim, None, -1)
    return after != before if x.dtype.kind == "b" else after - before


@op(kind="general", vjp=lambda g, dim: _neighbours.op.numpy(g, dim=dim), method=False, torch_name="",
    cases=[case((2, 3), dim=1), case((3, 2), dim=0)])  # fmt: skip
def _spread_differences(x, /, *, dim):
    """Each element added in one place and taken away in the one before: the adjoint of `_neighbours`."""
    shape = list(x.shape)
    shape[dim] += 1
    result = np.zeros(shape, x.dtype)
    _part(result, dim, 1, None)[...] = x
    before = _part(result, dim, None, -1)
    before -= x
    return result


def _check_beside(input: Tensor, other: Tensor, dim: int) -> None:
    """Refuse what cannot be joined to the input."""
    if other._array.ndim != input._array.ndim:
        raise RuntimeError(
            "diff expects prepend or append to be the same dimension as input, got shapes "
            f"{list(other._array.shape)} and {list(input._array.shape)}"
        )
    for d, (m, n) in enumerate(zip(other._array.shape, input._array.shape, strict=True)):
        if m != n and d != dim:
            raise RuntimeError(
                "diff expects the shape of tensor to prepend or append to match that of input except along the "
                f"differencing dimension; input.size({d}) = {n}, but got tensor.size({d}) = {m}"
            )


@composite(out=True)
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """The differences of neighbours along a dimension, taken `n` times: ``out[i] = input[i + 1] - input[i]``.

    Args:
        n: how many times, 0 or more. Each makes the dimension shorter by one.
        prepend, append: elements to put before and after the input.

    Raises:
        RuntimeError: the input has no dimensions, `n` is negative, or what is to be joined does not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.diff.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.diff(tg.tensor([1, 3, 2]))
        tensor([ 2, -1])
        >>> tg.diff(tg.tensor([1, 3, 2]), prepend=tg.tensor([0]))
        tensor([ 1,  2, -1])
    """
    if not input._array.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional, got a tensor of no dimensions")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    for other in (prepend, append):
        if other is not None:
            _check_beside(input, other, check_dim(dim, input._array.ndim))
    if not n:
        return input.clone()
    dim = check_dim(dim, input._array.ndim)
    parts = [t for t in (prepend, input, append) if t is not None]
    result = cat(parts, dim) if len(parts) > 1 else input
    for _ in range(n):
        if not result._array.shape[dim]:
            return result.clone()
        result = _neighbours(result, dim=dim)
    return result


# --- the gradient of a function given at points ------------------------------------------------------------------


def _gradient_dims(input: Tensor, dim: Any, edge_order: int) -> list[int]:
    """The dimensions in question, checked."""
    array = input._array
    if array.dtype == np.uint8:
        raise RuntimeError("torch.gradient does not support uint8 input. Convert first: x.float().")
    if edge_order not in (1, 2):
        raise RuntimeError(f"torch.gradient only supports edge_order=1 and edge_order=2. Got {edge_order}.")
    if dim is None:
        dims = list(range(array.ndim))
    else:
        dims = [check_dim(d, array.ndim) for d in ([dim] if isinstance(dim, int | np.integer) else dim)]
    for place, d in enumerate(dims):
        if d in dims[:place]:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims (got dim={dim})")
        if not array.ndim and len(dims) == 1:
            raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions (gradient())")
        if not array.ndim or array.shape[d] < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1, that is "
                f"{edge_order + 1}, got shape {list(array.shape)}"
            )
    return dims


def _spacings(input: Tensor, spacing: Any, dim: Any, dims: list[int]) -> list[Any]:
    """For each dimension the distance of the points, or their coordinates."""
    if spacing is None or isinstance(spacing, int | float | complex | np.number):
        return [1 if spacing is None else spacing] * len(dims)
    if not isinstance(spacing, list | tuple):
        raise TypeError(
            "gradient() received an invalid combination of arguments: spacing must be a number, a list of numbers or a "
            f"list of Tensors, got {type(spacing).__name__}"
        )
    if len(spacing) == len(dims):
        return list(spacing)
    if dim is None:
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to 'self.dim() = "
            f"{input._array.ndim}', since dim argument was not given, but got a list of length {len(spacing)}"
        )
    raise RuntimeError(
        "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the "
        f"same length, but got a spacing argument of length {len(spacing)} and a dim argument of length {len(dims)}."
    )


def _even_gradient(f: Tensor, dx: Any, dim: int, edge_order: int) -> Tensor:
    """The derivative along a dimension with points at equal distances."""
    center = (_part(f, dim, 2, None) - _part(f, dim, None, -2)) / dx / 2
    if edge_order == 1:
        first = (_part(f, dim, 1, 2) - _part(f, dim, 0, 1)) / dx
        last = (_part(f, dim, -1, None) - _part(f, dim, -2, -1)) / dx
    else:
        first = (-1.5 * _part(f, dim, 0, 1) + 2 * _part(f, dim, 1, 2) - 0.5 * _part(f, dim, 2, 3)) / dx
        last = (1.5 * _part(f, dim, -1, None) - 2 * _part(f, dim, -2, -1) + 0.5 * _part(f, dim, -3, -2)) / dx
    return cat([first, center, last], dim)


def _uneven_gradient(f: Tensor, x: Tensor, dim: int, edge_order: int) -> Tensor:
    """The derivative along a dimension with points at given coordinates."""
    if not isinstance(x, Tensor):
        raise must_be_tensor("gradient", "spacing", 1, x)
    steps = diff(x, 1, 0).reshape([-1 if d == dim else 1 for d in range(f._array.ndim)])
    h, k = _part(steps, dim, None, -1), _part(steps, dim, 1, None)
    before, at, after = _part(f, dim, None, -2), _part(f, dim, 1, -1), _part(f, dim, 2, None)
    center = before * (-k / (h * (h + k))) + at * ((k - h) / (h * k)) + after * (h / (k * (h + k)))
    if edge_order == 1:
        first = (_part(f, dim, 1, 2) - _part(f, dim, 0, 1)) / _part(steps, dim, 0, 1)
        last = (_part(f, dim, -1, None) - _part(f, dim, -2, -1)) / _part(steps, dim, -1, None)
        return cat([first, center, last], dim)
    h, k = _part(steps, dim, 0, 1), _part(steps, dim, 1, 2)
    first = (
        _part(f, dim, 0, 1) * (-(2 * h + k) / (h * (h + k)))
        + _part(f, dim, 1, 2) * ((h + k) / (h * k))
        + _part(f, dim, 2, 3) * (-h / (k * (h + k)))
    )
    h, k = _part(steps, dim, -2, -1), _part(steps, dim, -1, None)
    last = (
        _part(f, dim, -3, -2) * (k / (h * (h + k)))
        + _part(f, dim, -2, -1) * (-(h + k) / (h * k))
        + _part(f, dim, -1, None) * ((2 * k + h) / (k * (h + k)))
    )
    return cat([first, center, last], dim)


@composite(method=False)
def gradient(
    input: Tensor, *, spacing: Any = None, dim: int | Sequence[int] | None = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """The derivatives of a function that is given at the points of a grid, by central differences.

    Inside, with distances ``h`` before and ``k`` after a point, it is
    ``(h² f(x + k) - k² f(x - h) + (k² - h²) f(x)) / (h k² + h² k)``.

    Args:
        spacing: the distance of the points: a number, or for each dimension a number, or for each dimension a tensor
            of coordinates.
        dim: the dimensions along which to differentiate; by default all.
        edge_order: 1 takes the two points at an edge, 2 takes three.

    Returns:
        A tuple of tensors, one for each dimension.

    Raises:
        RuntimeError: a dimension is too short, or `spacing` does not fit `dim`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.gradient.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([0.0, 1.0, 3.0])
        >>> tg.gradient(x * x, spacing=(x,))
        (tensor([1., 2., 4.]),)
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("gradient", "input", 0, input)
    dims = _gradient_dims(input, dim, edge_order)
    found = []
    for d, spaced in zip(dims, _spacings(input, spacing, dim, dims), strict=True):
        if isinstance(spaced, Tensor):
            found.append(_uneven_gradient(input, spaced, d, edge_order))
        else:
            found.append(_even_gradient(input, spaced, d, edge_order))
    return tuple(found)


# --- integrals ---------------------------------------------------------------------------------------------------


def _check_samples(name: str, y: Any, x: Any, dx: Any, dim: int) -> int:
    if not isinstance(y, Tensor):
        raise must_be_tensor(name, "y", 0, y)
    if x is not None and not isinstance(x, Tensor):
        raise must_be_tensor(name, "x", 1, x)
    if x is not None and dx is not None:
        raise TypeError(f"{name}() received an invalid combination of arguments: give either x or dx, not both")
    place = check_dim(dim, y._array.ndim)
    if not y._array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions ({name}())")
    return place


def _check_types(name: str, y: Tensor, x: Tensor | None, dx: Any) -> None:
    if y._array.dtype.kind == "b" or (x is not None and x._array.dtype.kind == "b"):
        which = "`y`" if x is None else "`x` or `y`"
        raise RuntimeError(f"{name}: received a bool input for {which}, but bool is not supported")
    if isinstance(dx, bool | complex):
        raise RuntimeError(f"{name}: Currently, we only support dx as a real number. Got {dx!r}.")


def _widths(name: str, y: Tensor, x: Tensor, dim: int) -> Tensor:
    """The distances of the points, in as many dimensions as the samples have."""
    ndim = y._array.ndim
    if x._array.ndim == 1:
        if x._array.shape[0] != y._array.shape[dim]:
            raise RuntimeError(
                f"{name}: There must be one `x` value for each sample point: got {x._array.shape[0]} for "
                f"{y._array.shape[dim]} samples along dimension {dim}"
            )
        x = x.reshape([-1 if d == dim else 1 for d in range(ndim)]) if ndim > 1 else x
    elif x._array.ndim < ndim:
        x = x.reshape((1,) * (ndim - x._array.ndim) + x._array.shape)
    widths: Tensor = _part(x, dim, 1, None) - _part(x, dim, None, -1)
    return widths


@composite(method=False)
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    """The integral of samples along a dimension by the trapezoidal rule: the sum of ``(y[i] + y[i + 1]) / 2 * width``.

    Args:
        y: the samples.
        x: where they were taken: one coordinate for each sample along the dimension, or a tensor that broadcasts.
        dx: the distance of the samples where it is always the same; 1 by default.

    Raises:
        RuntimeError: the coordinates do not fit the samples, or they are booleans.
        TypeError: both `x` and `dx` are given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.trapezoid.html

    Example:
        >>> import tinygrad_nn as tg
        >>> y = tg.tensor([1.0, 5.0, 10.0])
        >>> tg.trapezoid(y), tg.trapezoid(y, tg.tensor([1.0, 3.0, 6.0]))
        (tensor(10.5000), tensor(28.5000))
    """
    return _trapezoid("trapezoid", y, x, dx, dim)


def _trapezoid(name: str, y: Any, x: Any, dx: Any, dim: int) -> Tensor:
    dim = _check_samples(name, y, x, dx, dim)
    shape = y._array.shape
    if not shape[dim]:
        return wrap(np.zeros(shape[:dim] + shape[dim + 1 :], y._array.dtype))
    _check_types("trapezoid", y, x, dx)
    if x is None:
        ends = _part(y, dim, 0, 1).squeeze(dim) + _part(y, dim, -1, None).squeeze(dim)
        integral: Tensor = (sum_of(y, dim) - ends * 0.5) * (1.0 if dx is None else float(dx))
        return integral
    widths = _widths("trapezoid", y, x, dim)
    return sum_of((_part(y, dim, None, -1) + _part(y, dim, 1, None)) * widths, dim) / 2.0


@composite(method=False)
def trapz(y: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    """The older name of `trapezoid`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.trapz.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.trapz(tg.tensor([1.0, 5.0, 10.0]), dx=2)
        tensor(21.)
    """
    return _trapezoid("trapz", y, x, dx, dim)


@composite(method=False)
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    """The running integral of samples along a dimension; arguments as for `trapezoid`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.cumulative_trapezoid.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cumulative_trapezoid(tg.tensor([1.0, 5.0, 10.0]))
        tensor([ 3.0000, 10.5000])
    """
    dim = _check_samples("cumulative_trapezoid", y, x, dx, dim)
    _check_types("cumulative_trapezoid", y, x, dx)
    sums = _part(y, dim, None, -1) + _part(y, dim, 1, None)
    if x is None:
        return cumsum(sums * ((1.0 if dx is None else float(dx)) / 2.0), dim)
    return cumsum(_widths("cumulative_trapezoid", y, x, dim) / 2.0 * sums, dim)


def _numpy_diff(a: Tensor, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    return diff(a, n, axis, prepend, append)


def _numpy_trapezoid(y: Tensor, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    return trapezoid(y, dx=dx, dim=axis) if x is None else trapezoid(y, x, dim=axis)


dispatch.register(np.diff, _numpy_diff)
dispatch.register(np.trapezoid, _numpy_trapezoid)
