"""Discrete Fourier transforms, PyTorch's ``torch.fft``.

``norm`` says by how much N points are scaled: ``"backward"`` (as None) the inverse transform by 1/N, ``"ortho"`` both
by 1/sqrt(N), ``"forward"`` the forward transform by 1/N. A length ``n`` (or lengths ``s``) cuts the input off, or
continues it with zeros. Integers and booleans become floating point numbers first. Every transform differentiates.

Source: https://docs.pytorch.org/docs/stable/fft.html

Example:
    >>> import tinygrad_nn as tg
    >>> tg.fft.fft(tg.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ._core import dtypes
from ._core.errors import must_be_tensor
from ._core.outputs import accepting_out
from ._core.tensor import Tensor, check_dim
from .ops import fourier
from .ops.join import roll
from .ops.making import finish

__all__ = [
    "Tensor", "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn",
    "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])


def _with_out(function: F) -> F:
    made: Any = accepting_out(function)
    return made  # type: ignore[no-any-return]


# --- over one dimension ------------------------------------------------------------------------------------------


@_with_out
def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The transform ``X[k] = sum of x[i] exp(-2 pi j k i / n)``, of real or complex numbers.

    Args:
        n: the number of points; the input is cut off or continued with zeros. Default: all there are.
        dim: the dimension.
        norm: the scaling: "backward" (none), "ortho" (1/sqrt(n)) or "forward" (1/n).

    Raises:
        RuntimeError: no points, another norm, or float16.
        IndexError: there is no such dimension.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.fft.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.fft(tg.arange(4))
        tensor([ 6.+0.j, -2.+2.j, -2.+0.j, -2.-2.j])
    """
    return fourier.transform_one("fft", input, n, dim, norm, False)


@_with_out
def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `fft`: ``x[i] = 1/n sum of X[k] exp(2 pi j k i / n)``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.ifft.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.ifft(tg.tensor([6 + 0j, -2 + 2j, -2, -2 - 2j]))
        tensor([0.+0.j, 1.+0.j, 2.+0.j, 3.+0.j])
    """
    return fourier.transform_one("ifft", input, n, dim, norm, True)


@_with_out
def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The transform of real numbers, without the half that is the conjugate of the other: ``n // 2 + 1`` numbers.

    Raises:
        RuntimeError: the numbers are complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.rfft.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.rfft(tg.arange(4))
        tensor([ 6.+0.j, -2.+2.j, -2.+0.j])
    """
    return fourier.half_of_one("rfft", input, n, dim, norm, False)


@_with_out
def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `rfft`: real numbers, ``2 * (length - 1)`` of them unless `n` says otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.irfft.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.irfft(tg.tensor([6 + 0j, -2 + 2j, -2]))
        tensor([0., 1., 2., 3.])
    """
    return fourier.one_of_half("irfft", input, n, dim, norm, True)


@_with_out
def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The transform of the numbers of which `input` is the half: the rest are its conjugates. The result is real.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.hfft.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.hfft(tg.tensor([1.0, 2.0, 3.0]))
        tensor([ 8., -2.,  0., -2.])
    """
    return fourier.one_of_half("hfft", input, n, dim, norm, False)


@_with_out
def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `hfft`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.ihfft.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.ihfft(tg.tensor([8.0, -2.0, 0.0, -2.0]))
        tensor([1.-0.j, 2.-0.j, 3.-0.j])
    """
    return fourier.half_of_one("ihfft", input, n, dim, norm, True)


# --- over several dimensions -------------------------------------------------------------------------------------


@_with_out
def fftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The transform `fft` over several dimensions.

    Args:
        s: the length of each dimension; -1 as it is. Default: all as they are.
        dim: the dimensions. Default: the last ``len(s)``, or all.
        norm: as for `fft`; N is the product of the lengths.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.fftn.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.fftn(tg.ones(2, 2))
        tensor([[4.+0.j, 0.+0.j],
                [0.+0.j, 0.+0.j]])
    """
    return fourier.transform_several("fftn", input, s, dim, norm, False)


@_with_out
def ifftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `fftn`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.ifftn.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.ifftn(tg.tensor([[4.0, 0.0], [0.0, 0.0]]))
        tensor([[1.+0.j, 1.+0.j],
                [1.+0.j, 1.+0.j]])
    """
    return fourier.transform_several("ifftn", input, s, dim, norm, True)


@_with_out
def rfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The transform of real numbers over several dimensions, of the last one the first half.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.rfftn.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.rfftn(tg.ones(2, 3)).shape
        torch.Size([2, 2])
    """
    return fourier.half_of_several("rfftn", input, s, dim, norm)


@_with_out
def irfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `rfftn`; `s` tells the last length, which is even otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.irfftn.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.arange(6.0).reshape(2, 3)
        >>> tg.fft.irfftn(tg.fft.rfftn(x), s=x.shape)
        tensor([[0., 1., 2.],
                [3., 4., 5.]])
    """
    return fourier.several_of_half("irfftn", input, s, dim, norm, True)


@_with_out
def hfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The transform `hfft` over several dimensions: the input is half of the last one.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.hfftn.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.hfftn(tg.ones(2, 3)).shape
        torch.Size([2, 4])
    """
    return fourier.several_of_half("hfftn", input, s, dim, norm, False)


@_with_out
def ihfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `hfftn`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.ihfftn.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.ihfftn(tg.ones(2, 4)).shape
        torch.Size([2, 3])
    """
    return fourier.inverse_half_of_several("ihfftn", input, s, dim, norm)


# --- over two dimensions -----------------------------------------------------------------------------------------


def _over_two(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    name = f"{function.__name__[:-1]}2"

    def call(
        input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
    ) -> Tensor:
        return function(input, s, dim, norm, out=out)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"""`{function.__name__}` over two dimensions, the last two unless `dim` says otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.{name}.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.ones(2, 4, 4)
        >>> bool((tg.fft.{name}(x) == tg.fft.{function.__name__}(x, dim=(1, 2))).all())
        True
    """
    return call


fft2, ifft2, rfft2, irfft2 = _over_two(fftn), _over_two(ifftn), _over_two(rfftn), _over_two(irfftn)
hfft2, ihfft2 = _over_two(hfftn), _over_two(ihfftn)


# --- frequencies and shifts --------------------------------------------------------------------------------------


def _frequencies(
    name: str, n: Any, d: Any, points: Callable[[int], Any], dtype: Any, device: Any, requires_grad: bool
) -> Tensor:
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise TypeError(f"fft_{name}(): argument 'n' (position 1) must be int, not {type(n).__name__} (got {n!r})")
    wanted = dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)
    if wanted.kind not in "fc":
        raise RuntimeError(f"{name} requires a floating point or complex dtype, got {dtypes.from_numpy(wanted)}")
    if wanted.kind == "c":
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{dtypes.type_name(wanted)}'")
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    with np.errstate(all="ignore"):
        scale = np.float64(1.0) / (np.float64(n) * d)
        array = points(int(n)).astype(wanted) * wanted.type(scale)
    return finish(np.asarray(array, wanted), requires_grad, device)


@_with_out
def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, layout: Any = None, device: Any = None,
            requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The frequencies of `fft`'s result: ``[0, 1, ..., (n - 1) // 2, -(n // 2), ..., -1] / (d * n)``.

    Args:
        n: the number of points.
        d: the time between two points.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.fftfreq.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.fftfreq(4)
        tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """

    def points(n: int) -> Any:
        numbers = np.arange(n)
        return np.where(numbers < (n + 1) // 2, numbers, numbers - n)

    return _frequencies("fftfreq", n, d, points, dtype, device, requires_grad)


@_with_out
def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, layout: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The frequencies of `rfft`'s result: ``[0, 1, ..., n // 2] / (d * n)``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.rfftfreq.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.rfftfreq(4)
        tensor([0.0000, 0.2500, 0.5000])
    """
    return _frequencies("rfftfreq", n, d, lambda n: np.arange(n // 2 + 1), dtype, device, requires_grad)


def _shifted(name: str, input: Any, dim: Any, inverse: bool) -> Tensor:
    if not isinstance(input, Tensor):
        raise must_be_tensor(f"fft_{name}", "input", 0, input)
    dims = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int | np.integer) else dim
    dims = tuple([check_dim(d, input.ndim) for d in dims])
    if not dims:
        raise RuntimeError(f"`shifts` required: {name}() has no dimension to shift")
    lengths = [input._array.shape[d] for d in dims]
    result: Tensor = roll(input, tuple([(n + inverse) // 2 for n in lengths]), dims)
    return result


def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Frequency 0 brought to the middle.

    Args:
        dim: the dimension or dimensions. Default: all.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.fftshift.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fft.fftshift(tg.fft.fftfreq(4))
        tensor([-0.5000, -0.2500,  0.0000,  0.2500])
    """
    return _shifted("fftshift", input, dim, False)


def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Frequency 0 brought back to the start: the inverse of `fftshift`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.ifftshift.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.fft.fftfreq(5)
        >>> bool((tg.fft.ifftshift(tg.fft.fftshift(x)) == x).all())
        True
    """
    return _shifted("ifftshift", input, dim, True)
