"""Short-time Fourier transforms: the spectrum of a signal over time, and back.

Source: https://docs.pytorch.org/docs/stable/generated/torch.stft.html, torch.istft.html
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._core.errors import must_be_tensor
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap
from .complex_numbers import real_dtype, view_as_real
from .fourier import from_half, resized, to_half, transform
from .padding import pad
from .transposes import transpose

__all__ = ["istft", "stft"]

_said: set[str] = set()


def _warn_once(text: str) -> None:
    if text not in _said:
        _said.add(text)
        warnings.warn(text, UserWarning, stacklevel=5)


# --- frames ------------------------------------------------------------------------------------------------------


def _frames_rule(g: Any, x_shape: tuple[int, ...], step: int) -> Any:
    return _overlap_add.op.numpy(g, step=step, length=x_shape[-1])


@op(vjp=_frames_rule, kind="view", method=False,
    torch_name="", node_name="AsStridedBackward0",
    cases=[case((7,), width=3, step=2), case((2, 8), width=4, step=1), case((2, 8), width=2, step=3)])  # fmt: skip
def _frames(x, /, width, step):
    """Pieces of the last dimension, of one width, each a step after the one before: they may overlap."""
    count = 1 + (x.shape[-1] - width) // step
    stride = x.strides[-1]
    return np.lib.stride_tricks.as_strided(x, (*x.shape[:-1], count, width), (*x.strides[:-1], step * stride, stride))


@op(vjp=lambda g, x_shape, step: _frames.op.numpy(g, width=x_shape[-1], step=step), kind="general", method=False,
    torch_name="", node_name="UnfoldBackwardBackward0",
    cases=[case((3, 3), step=2, length=7), case((2, 3, 4), step=3, length=11)])  # fmt: skip
def _overlap_add(x, /, step, length):
    """Frames, each a step after the one before, added up to a signal."""
    count, width = x.shape[-2:]
    if step >= width:
        x = np.concatenate([x, np.zeros((*x.shape[:-1], step - width), x.dtype)], -1)
        width = step
    blocks = -(-width // step)  # how many blocks of `step` elements a frame covers
    total = np.zeros((*x.shape[:-2], max(count + blocks - 1, -(-length // step)), step), x.dtype)
    for block in range(blocks):
        part = x[..., block * step : (block + 1) * step]
        total[..., block : block + count, : part.shape[-1]] += part
    return total.reshape(*x.shape[:-2], -1)[..., :length]


# --- stft --------------------------------------------------------------------------------------------------------


def _window_of(window: Tensor | None, win_length: int, n_fft: int, dtype: np.dtype[Any]) -> Tensor | None:
    """The window in the middle of `n_fft` points."""
    if win_length == n_fft:
        return window
    if window is None:
        window = wrap(np.ones(win_length, dtype))
    left = (n_fft - win_length) // 2
    return pad(window, (left, n_fft - win_length - left))


def _is_complex(value: Tensor | None) -> bool:
    return value is not None and value._array.dtype.kind == "c"


def _check_stft(
    x: Tensor, n_fft: int, hop: int, win_length: int, window: Tensor | None, onesided: Any, return_complex: Any
) -> None:
    if x._array.dtype.kind not in "fc":
        raise RuntimeError(f"stft(): expected a tensor of floating point or complex values, got {x.dtype}")
    if not 1 <= x.ndim <= 2:
        raise RuntimeError(f"stft(): expected a 1D or 2D tensor, got shape {list(x.shape)}")
    if not 0 < n_fft <= x.shape[-1]:
        raise RuntimeError(f"stft(): expected 0 < n_fft < {x.shape[-1]}, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"stft(): expected hop_length > 0, but got hop_length={hop}")
    if not 0 < win_length <= n_fft:
        raise RuntimeError(f"stft(): expected 0 < win_length <= n_fft, but got win_length={win_length}")
    if window is not None and window._array.shape != (win_length,):
        raise RuntimeError(
            f"stft(): expected a 1D window tensor of size equal to win_length={win_length}, but got window with size "
            f"{list(window.shape)}"
        )
    if onesided and (_is_complex(x) or _is_complex(window)):
        raise RuntimeError("Cannot have onesided output if window or input is complex")


@composite()
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """Short-time Fourier transform: the spectra of pieces of a signal, each times a window.

    Args:
        input: a signal ``(L,)`` or several ``(B, L)``, real or complex.
        n_fft: the length of a piece.
        hop_length: how far each piece starts after the one before. Default: ``n_fft // 4``.
        win_length, window: the window and its length, in the middle of a piece. Default: ones.
        center: continue the signal by half a piece at both ends, by `pad_mode` (see `nn.functional.pad`).
        normalized: divide by the square root of `n_fft`.
        onesided: only the half that tells the rest. Default: for real signals and windows.
        return_complex: complex numbers, else pairs in a last dimension. Must be given for real signals.
        align_to_window: without `center`, begin with the window, not with the piece, at the start of the signal.

    Returns:
        Complex numbers of shape ``(B?, frequencies, pieces)``.

    Raises:
        RuntimeError: lengths do not fit together; or `return_complex` is missing.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.stft.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.sin(tg.arange(64.0) / 4)
        >>> tg.stft(x, 16, window=tg.hann_window(16), return_complex=True).shape
        torch.Size([9, 17])
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("stft", "input", 0, input)
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    if center:
        shape = input._array.shape
        padded = pad(input.reshape((1,) * (3 - len(shape)) + shape), (n_fft // 2, n_fft // 2), pad_mode)
        input = padded.reshape(padded.shape[padded.ndim - len(shape) :])
    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    complex_numbers = _is_complex(input) or _is_complex(window)
    if return_complex is None:
        if not complex_numbers:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will further require that "
                "return_complex=True in a future PyTorch release."
            )
        return_complex = True
    _advise(window, return_complex)
    if align_to_window and length < n_fft and input._array.ndim in (1, 2):
        left = (n_fft - length) // 2
        input = pad(input, (left, n_fft - length - left))
    _check_stft(input, n_fft, hop, length, window, onesided, return_complex)
    half = not complex_numbers if onesided is None else onesided
    result = _spectra(input, n_fft, hop, length, window, "ortho" if normalized else "backward", half)
    return result if return_complex else view_as_real(result)


def _advise(window: Tensor | None, return_complex: bool) -> None:
    if window is None:
        _warn_once(
            "A window was not provided. A rectangular window will be applied,which is known to cause spectral leakage. "
            "Other windows such as torch.hann_window are recommended to are recommended to reduce spectral leakage.To "
            "suppress this warning and use a rectangular window, explicitly set `window=torch.ones(n_fft)`."
        )
    if not return_complex:
        _warn_once(
            "stft with return_complex=False is deprecated. In a future pytorch release, stft will return complex "
            "tensors for all inputs, and return_complex=False will raise an error. Note: you can still call "
            "torch.view_as_real on the complex output to recover the old return format."
        )


def _spectra(
    x: Tensor, n_fft: int, hop: int, length: int, window: Tensor | None, norm: str, half: bool
) -> Tensor:
    window = _window_of(window, length, n_fft, real_dtype(x._array.dtype))
    pieces = _frames(x, width=n_fft, step=hop)
    if window is not None:
        pieces = pieces * window
    last = (pieces.ndim - 1,)
    spectra = to_half(pieces, last, norm, False) if half else transform(pieces, last, norm, False)
    turned: Tensor = transpose(spectra, -2, -1)
    return turned


# --- istft -------------------------------------------------------------------------------------------------------


def _check_istft(
    x: Tensor, n_fft: int, hop: int, length: int, window: Tensor | None, onesided: bool, return_complex: bool
) -> None:
    if not _is_complex(x):
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
            f" (Got {x.dtype}.)"
        )
    if not x._array.size:
        raise RuntimeError("istft(): input tensor cannot be empty.")
    if x.ndim not in (2, 3):
        raise RuntimeError(f"istft(): expected a tensor with 3 or 4 dimensions, but got {x.ndim + 1}")
    points, wanted = x._array.shape[-2], n_fft // 2 + 1 if onesided else n_fft
    if points != wanted:
        shown = f"n_fft / 2 + 1 when onesided={onesided}" if onesided else f"n_fft when onesided={onesided}"
        raise RuntimeError(
            f"istft(): expected the frequency dimension (3rd to the last) of the input tensor to match {shown}, but "
            f"got {points}"
        )
    if not 0 < hop <= length:
        raise RuntimeError(f"istft(): expected 0 < hop_length <= win_length, got {hop} and {length}")
    if not 0 < length <= n_fft:
        raise RuntimeError(f"istft(): expected 0 < win_length <= n_fft, got {length} and {n_fft}")
    if window is not None and window._array.shape != (length,):
        raise RuntimeError(
            f"istft(): Invalid window shape. window has to be 1D and length of `win_length`: {length}, got "
            f"{list(window.shape)}"
        )
    if return_complex and onesided:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    if not return_complex and _is_complex(window):
        raise RuntimeError("Complex windows are incompatible with return_complex=False")


@composite()
def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The inverse of `stft`: the signal whose spectra come nearest to these, by least squares.

    Args:
        input: spectra ``(B?, frequencies, pieces)``, as `stft` gives them with ``return_complex=True``.
        n_fft, hop_length, win_length, window, center, normalized, onesided: as they were for `stft`.
        length: the length of the signal. Default: as much of it as the pieces tell.
        return_complex: the signal is complex.

    Raises:
        RuntimeError: lengths do not fit together, or the windows leave a part of the signal out.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.istft.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x, window = tg.arange(32.0), tg.hann_window(8)
        >>> spectra = tg.stft(x, 8, window=window, return_complex=True)
        >>> tg.testing.assert_close(tg.istft(spectra, 8, window=window), x)
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("istft", "input", 0, input)
    if input.ndim < 2:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-input.ndim - 1}, {input.ndim}], but got -3): "
            "istft() takes spectra of shape (frequencies, pieces)"
        )
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    half = n_fft != input._array.shape[-2] if onesided is None else onesided
    _check_istft(input, n_fft, hop, width, window, half, return_complex)
    if window is None:
        _warn_once(
            "A window was not provided. A rectangular window will be applied.Please provide the same window used by "
            "stft to make the inversion lossless.To suppress this warning and use a rectangular window, explicitly set "
            "`window=torch.ones(n_fft)`."
        )
    kind = real_dtype(input._array.dtype)
    whole = wrap(np.ones(width, kind)) if window is None else window
    weights: Any = _window_of(whole, width, n_fft, kind)
    pieces = _signals(input, n_fft, "ortho" if normalized else "backward", return_complex) * weights
    return _assembled(pieces, weights, n_fft, hop, center, length)


def _signals(x: Tensor, n_fft: int, norm: str, return_complex: bool) -> Tensor:
    """The pieces of signal that have these spectra, in rows."""
    spectra: Tensor = transpose(x, -2, -1)
    last = (spectra.ndim - 1,)
    if return_complex:
        return transform(spectra, last, norm, True)
    return from_half(resized(spectra, last, (n_fft // 2 + 1,)), last, norm, True, n_fft)


def _assembled(pieces: Tensor, weights: Tensor, n_fft: int, hop: int, center: bool, length: int | None) -> Tensor:
    """The pieces added up, over what the windows add up to."""
    count = pieces._array.shape[-2]
    total = n_fft + hop * (count - 1)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - n_fft // 2 if center else total
    signal = _overlap_add(pieces, step=hop, length=total)[..., start:end]
    squares = (weights * weights).expand(count, n_fft)
    envelope = _overlap_add(squares, step=hop, length=total)[start:end]
    lowest = np.abs(envelope._array).min(initial=np.inf)
    if not lowest > 1e-11:
        raise RuntimeError(
            f"istft(): window overlap add min: {lowest:g}: the windows leave a part of the signal out. Use "
            "center=True, a shorter hop_length, or another window."
        )
    result: Tensor = signal / envelope
    if end > total:
        _warn_once(
            "The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. "
            "Please check your center and hop_length settings."
        )
        result = pad(result, (0, end - total))
    return result
