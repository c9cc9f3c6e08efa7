"""New tensors, random numbers, numbers to and from Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.operations.inputs import Operation, matrix, probabilities, square


def of_shape(name: str, *arguments: Any) -> Any:
    """A function that takes a shape."""
    return lambda torch, x: getattr(torch, name)(*arguments, x.shape)


def filled(name: str) -> Any:
    """A new tensor, filled in place."""
    return lambda torch, x: getattr(torch.empty(x.shape), name)()


def initialised(name: str) -> Any:
    """A new tensor, filled by a function of ``nn.init``."""
    return lambda torch, x: getattr(torch.nn.init, name)(torch.empty(x.shape))


OPERATIONS: dict[str, Operation] = {
    **{name: Operation(of_shape(name), (matrix,)) for name in ("rand", "randn", "zeros", "ones")},
    **{name: Operation(filled(name), (matrix,)) for name in ("normal_", "uniform_", "exponential_")},
    **{f"init.{name}": Operation(initialised(name), (matrix,))
       for name in ("kaiming_normal_", "xavier_uniform_", "trunc_normal_")},
    "init.orthogonal_": Operation(initialised("orthogonal_"), (square,), 1e-3),
    "randn_like": Operation(lambda torch, x: torch.randn_like(x), (matrix,)),
    "ones_like": Operation(lambda torch, x: torch.ones_like(x), (matrix,)),
    "randint": Operation(of_shape("randint", 0, 10), (matrix,)),
    "randperm": Operation(lambda torch, x: torch.randperm(x.numel()), (matrix,)),
    "bernoulli": Operation(lambda torch, x: torch.bernoulli(x.detach()), (probabilities,)),
    "multinomial": Operation(lambda torch, x: torch.multinomial(x.detach(), 5, replacement=True), (probabilities,)),
    "multinomial/distinct": Operation(lambda torch, x: torch.multinomial(x.detach(), 3), (probabilities,)),
    "full": Operation(lambda torch, x: torch.full(x.shape, 3.0), (matrix,)),
    "arange": Operation(lambda torch, x: torch.arange(x.numel()), (matrix,)),
    "linspace": Operation(lambda torch, x: torch.linspace(0, 1, x.numel()), (matrix,)),
    "eye": Operation(lambda torch, x: torch.eye(x.shape[0]), (matrix,)),
    "tensor": Operation(lambda torch, x: torch.tensor([[1.0, 2.0, 3.0]] * 5), (matrix,)),
    "from_numpy": Operation(lambda torch, x: torch.from_numpy(np.ones(4)), (matrix,)),
    "tolist": Operation(lambda torch, x: torch.tensor(len(x.tolist())), (matrix,)),
    "item": Operation(lambda torch, x: torch.tensor(x[0, 0].item()), (matrix,)),
}  # fmt: skip
