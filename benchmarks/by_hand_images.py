"""LeNet in NumPy by hand: convolutions as matrix products, with care, and arrays allocated where they are needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.by_hand import Array, Labels, cross_entropy


def columns(x: Array, size: int) -> Array:
    """The elements under each window: (images, channels * size * size, places)."""
    images, channels, height, width = x.shape
    windows = sliding_window_view(x, (size, size), (2, 3)).transpose(0, 1, 4, 5, 2, 3)
    return windows.reshape(images, channels * size * size, (height - size + 1) * (width - size + 1))


def uncolumns(gradient: Array, shape: tuple[int, ...], size: int) -> Array:
    """The gradient of the images from that of `columns`."""
    images, channels, height, width = shape
    high, wide = height - size + 1, width - size + 1
    parts = gradient.reshape(images, channels, size, size, high, wide)
    result = np.zeros(shape, gradient.dtype)
    for row in range(size):
        for column in range(size):
            result[:, :, row : row + high, column : column + wide] += parts[:, :, row, column]
    return result


def pooled(x: Array) -> Array:
    """The maxima of windows of 2 x 2."""
    return np.maximum(
        np.maximum(x[..., ::2, ::2], x[..., ::2, 1::2]), np.maximum(x[..., 1::2, ::2], x[..., 1::2, 1::2])
    )


def unpooled(gradient: Array, x: Array, out: Array) -> Array:
    """The gradient of `pooled`; it goes to the first of equal elements."""
    result = np.empty_like(x)
    left = np.ones(out.shape, np.bool_)
    for row in (0, 1):
        for column in (0, 1):
            chosen = left & (x[..., row::2, column::2] == out)
            result[..., row::2, column::2] = gradient * chosen
            left &= ~chosen
    return result


class LeNet:
    """Two convolutions with ReLU and pooling, two linear layers.

    Args:
        parameters: weight and bias of each layer in turn, as PyTorch has them; copied.
    """

    def __init__(self, parameters: Sequence[Array]) -> None:
        self.parameters = [parameter.copy() for parameter in parameters]

    def loss(self, digits: Array, targets: Labels) -> tuple[float, list[Array]]:
        """The mean loss, and the gradient of each parameter."""
        w1, b1, w2, b2, w3, b3, w4, b4 = self.parameters
        count, size = len(digits), w1.shape[-1]
        kept = []
        x = digits
        for weight, bias in ((w1, b1), (w2, b2)):
            unfolded = columns(x, size)
            side = x.shape[-1] - size + 1
            activation = np.matmul(weight.reshape(len(weight), -1), unfolded) + bias[:, None]
            activation = np.maximum(activation, 0).reshape(count, len(weight), side, side)
            out = pooled(activation)
            kept.append((x, unfolded, activation, out))
            x = out
        flat = x.reshape(count, -1)
        hidden = np.maximum(flat @ w3.T + b3, 0)
        loss, g = cross_entropy(hidden @ w4.T + b4, targets)
        gradients = [g.sum(axis=0), g.T @ hidden]
        g = (g @ w4) * (hidden > 0)
        gradients += [g.sum(axis=0), g.T @ flat]
        g = (g @ w3).reshape(x.shape)
        for weight, (below, unfolded, activation, out) in ((w2, kept[1]), (w1, kept[0])):
            g = unpooled(g, activation, out) * (activation > 0)
            g = g.reshape(count, len(weight), -1)
            products = np.matmul(g, unfolded.transpose(0, 2, 1))
            gradients += [g.sum(axis=(0, 2)), products.sum(axis=0).reshape(weight.shape)]
            if weight is w2:
                g = uncolumns(np.matmul(weight.reshape(len(weight), -1).T, g), below.shape, size)
        return loss, gradients[::-1]
