"""Windows, and the short-time Fourier transforms that use them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import tinygrad_nn.signal  # noqa: F401 - so that the comparison finds it

from .drawing import arrays
from .table import Call, Draw, drawn

TYPES = st.sampled_from([np.dtype(t) for t in (np.float64, np.float32, np.float64, np.float32, np.int64, np.complex64)])


@drawn("hann_window", "blackman_window", "bartlett_window", "hamming_window", "kaiser_window", gradient=False)
def windows(draw: Draw) -> Call:
    args = [draw(st.integers(-1, 12))]
    if draw(st.booleans()):
        args.append(draw(st.booleans()))
    return Call(*args, dtype=draw(TYPES)) if draw(st.booleans()) else Call(*args)


@drawn("signal.windows.bartlett", "signal.windows.blackman", "signal.windows.cosine", "signal.windows.hamming",
       "signal.windows.hann", "signal.windows.nuttall", gradient=False)  # fmt: skip
def signal_windows(draw: Draw) -> Call:
    return window(draw)


def window(draw: Draw, **options: Any) -> Call:
    options |= {"sym": draw(st.booleans()), "dtype": draw(TYPES)}
    chosen = draw(st.sets(st.sampled_from(sorted(options))))
    required = {"a"} & options.keys()
    return Call(draw(st.integers(-1, 12)), **{k: v for k, v in options.items() if k in chosen | required})


@drawn("signal.windows.exponential", gradient=False)
def exponential(draw: Draw) -> Call:
    return window(draw, center=draw(st.sampled_from([None, 1.0, 2.5])), tau=draw(st.sampled_from([1.0, 0.5, 3, -1.0])))


@drawn("signal.windows.gaussian", gradient=False)
def gaussian(draw: Draw) -> Call:
    return window(draw, std=draw(st.sampled_from([1.0, 0.9, 3, 0.0])))


@drawn("signal.windows.kaiser", gradient=False, tolerance=10, reason="PyTorch's Bessel function")
def kaiser(draw: Draw) -> Call:
    return window(draw, beta=draw(st.sampled_from([12.0, 0.5, 0, -1.0])))


@drawn("signal.windows.general_cosine", gradient=False)
def general_cosine(draw: Draw) -> Call:
    return window(draw, a=draw(st.sampled_from([[0.5, 0.5], [0.3], [0.4, 0.3, 0.2, 0.1], [], 3])))


@drawn("signal.windows.general_hamming", gradient=False)
def general_hamming(draw: Draw) -> Call:
    return window(draw, alpha=draw(st.sampled_from([0.54, 0.75, 1.0])))


def _lengths(draw: Draw, least: int = 1) -> tuple[int, int, int]:
    n_fft = draw(st.integers(least, 9))
    return n_fft, draw(st.integers(1, n_fft)), draw(st.integers(1, n_fft))


KINDS = st.sampled_from([np.float64, np.float64, np.float32, np.complex128])


@drawn("stft", examples=100, tolerance=10, reason="sums of many products")
def stft(draw: Draw) -> Call:
    n_fft, win_length, hop_length = _lengths(draw)
    batch = draw(st.sampled_from([(), (), (2,), (1, 2)]))
    x = draw(arrays([draw(KINDS)], (*batch, draw(st.integers(10, 24)))))
    weights = draw(arrays([draw(KINDS)], (win_length,), domain=(0.1, 1.0)))
    center = draw(st.booleans())
    options = {
        "hop_length": hop_length, "win_length": win_length, "window": weights, "center": center,
        "pad_mode": draw(st.sampled_from(["reflect", "constant", "replicate", "circular"])),
        "normalized": draw(st.booleans()), "onesided": draw(st.sampled_from([None, True, False])),
        "return_complex": draw(st.sampled_from([True, True, True, None, False])),
    }  # fmt: skip
    if not center:
        # aligned to a shorter window, PyTorch reads beyond the end where the length is just so
        options["align_to_window"] = draw(st.sampled_from([None, win_length == n_fft, False]))
    optional = {"hop_length", "pad_mode", "normalized", "onesided", "align_to_window"} & options.keys()
    left_out = draw(st.sets(st.sampled_from(sorted(optional))))
    return Call(x, n_fft, **{name: value for name, value in options.items() if name not in left_out})


@drawn("istft", examples=100, tolerance=10, reason="sums of many products")
def istft(draw: Draw) -> Call:
    n_fft, win_length, hop_length = _lengths(draw, 2)  # of 1, PyTorch finds no element in the middle
    onesided = draw(st.booleans())
    batch = draw(st.sampled_from([(), (), (2,), (1, 2)]))
    points = n_fft // 2 + 1 if onesided else n_fft
    kind, weight = draw(st.sampled_from([
        (np.complex128, np.float64), (np.complex128, np.float64), (np.complex128, np.complex128),
        (np.complex64, np.float32),
    ]))  # fmt: skip
    x = draw(arrays([kind], (*batch, points, draw(st.integers(3, 6)))))
    weights = draw(arrays([weight], (win_length,), domain=(0.5, 1.0)))
    options = {
        "hop_length": hop_length, "win_length": win_length, "window": weights, "center": draw(st.booleans()),
        "normalized": draw(st.booleans()), "onesided": draw(st.sampled_from([onesided, onesided, None])),
        "length": draw(st.sampled_from([None, None, 3, 8, 20])),
        "return_complex": draw(st.sampled_from([False, False, not onesided])),
    }  # fmt: skip
    left_out = draw(st.sets(st.sampled_from(["normalized", "length", "return_complex", "onesided"])))
    return Call(x, n_fft, **{name: value for name, value in options.items() if name not in left_out})
