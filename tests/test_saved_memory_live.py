"""What a layer keeps for the backward pass, in bytes, beside what PyTorch keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_nn
import tinygrad_nn.nn

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # on more it waits for itself where other programs run

# An expression of a result, with m a module made by the first text; the inputs want gradients, too.
CASES = {
    "RNN": ("nn.RNN(32, 64)", (16, 32, 32), "m(x)"),
    "GRU": ("nn.GRU(32, 64)", (16, 32, 32), "m(x)"),
    "LSTM": ("nn.LSTM(32, 64)", (16, 32, 32), "m(x)"),
    "LSTM of two layers": ("nn.LSTM(32, 64, 2, bidirectional=True)", (16, 32, 32), "m(x)"),
    "attention": ("nn.Identity()", (8, 4, 64, 16), "F.scaled_dot_product_attention(x + 1, x + 2, x + 3)"),
    "causal attention": ("nn.Identity()", (8, 4, 64, 16), "F.scaled_dot_product_attention(x, x, x, is_causal=True)"),
    "multi-head attention": ("nn.MultiheadAttention(64, 4)", (64, 8, 64), "m(x, x, x, need_weights=False)"),
    # With what comes after it, whose input is gelu's output: it saves that, too, and PyTorch's gelu does not.
    "gelu": ("nn.Sequential(nn.GELU(), nn.Linear(64, 64))", (512, 64), "m(x)"),
    "cross entropy": ("nn.CrossEntropyLoss()", (512, 65), "m(x, (x[:, 0] > 0).long())"),
    "CTC": ("nn.CTCLoss()", (50, 16, 20), "m(x, (x[0] > 0).long() + 1, (50,) * 16, (15,) * 16)"),
}
MOST = 1.06  # as much as PyTorch, and a few numbers for each row


def result(package: Any, name: str) -> Any:
    made, shape, expression = CASES[name]
    package.manual_seed(0)
    names = {"nn": package.nn, "F": package.nn.functional, "x": package.randn(*shape).requires_grad_()}
    names["m"] = eval(made, names)
    return eval(expression, names)


def in_pytorch(name: str) -> int:
    """The memory of everything that is saved, each piece once."""
    sizes: dict[int, int] = {}

    def pack(tensor: Any) -> Any:
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result(torch, name)
    return sum(sizes.values())


def arrays(value: Any) -> Iterator[Any]:
    """The memory behind what a node has saved."""
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from arrays(part)


def here(found: Any) -> int:
    """The memory of everything that the graph of a result has saved."""
    tensors = [t for t in (found if isinstance(found, tuple) else (found,)) if isinstance(t, tinygrad_nn.Tensor)]
    waiting = [t._edge[0] for t in tensors if t._edge is not None]
    seen, sizes = set(waiting), {}
    while waiting:
        node = waiting.pop()
        sizes.update({id(array): array.nbytes for array in arrays(getattr(node, "saved", None) or ())})
        following = {edge[0] for edge in node.edges if edge is not None} - seen
        seen |= following
        waiting.extend(following)
    return sum(sizes.values())


@pytest.mark.parametrize("name", CASES)
def test_no_more_than_pytorch(name: str) -> None:
    theirs, ours = in_pytorch(name), here(result(tinygrad_nn, name))
    assert 0 < ours <= MOST * theirs, f"{name}: {ours} bytes, PyTorch: {theirs}"
