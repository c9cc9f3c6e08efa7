"""A simple recurrent network in NumPy by hand, step by step, with arrays allocated where they are needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.by_hand import Array, Labels, cross_entropy


class CharacterNetwork:
    """Embedding, a recurrent layer with tanh, and scores of the next characters.

    Args:
        parameters: the embedding; the layer's weights for inputs and for what it remembers, and their biases; weight
            and bias of the scores. Copied.
    """

    def __init__(self, parameters: Sequence[Array]) -> None:
        self.parameters = [parameter.copy() for parameter in parameters]

    def loss(self, characters: Labels, targets: Labels) -> tuple[float, list[Array]]:
        """The mean loss over all steps of all texts, and the gradient of each parameter."""
        embedding, w_in, w_back, b_in, b_back, weight, bias = self.parameters
        texts, steps = characters.shape
        embedded = embedding[characters]  # (texts, steps, features)
        inputs = embedded @ w_in.T + (b_in + b_back)
        states = np.zeros((texts, steps + 1, len(w_back)), np.float32)  # before the first step: zeros
        for step in range(steps):
            states[:, step + 1] = np.tanh(inputs[:, step] + states[:, step] @ w_back.T)
        outputs = states[:, 1:].reshape(texts * steps, -1)
        loss, g = cross_entropy(outputs @ weight.T + bias, targets.reshape(-1))
        last = [g.T @ outputs, g.sum(axis=0)]
        arriving = (g @ weight).reshape(texts, steps, -1)
        before = np.empty_like(arriving)  # the gradients before each tanh
        carried = np.zeros_like(arriving[:, 0])
        for step in reversed(range(steps)):
            before[:, step] = (arriving[:, step] + carried) * (1 - states[:, step + 1] ** 2)
            carried = before[:, step] @ w_back
        rows = before.reshape(texts * steps, -1)
        summed = rows.sum(axis=0)
        g_embedding = np.zeros_like(embedding)
        np.add.at(g_embedding, characters.reshape(-1), rows @ w_in)
        g_in = rows.T @ embedded.reshape(texts * steps, -1)
        g_back = rows.T @ states[:, :-1].reshape(texts * steps, -1)
        return loss, [g_embedding, g_in, g_back, summed, summed, *last]
