"""Single operations at three sizes, forward and backward: 64 numbers, 10,000, and 4,000,000."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Job, Settings, Timed

Shape = tuple[int, ...]
SIZES = ("small", "medium", "large")
MATRICES = ((8, 8), (100, 100), (4000, 1000))


@dataclass(frozen=True)
class Single:
    """An operation.

    Args:
        function: of torch (or tinygrad_nn), of tensors that want their gradients, and of the size's constant.
        shapes: for each size, the shapes of those tensors.
        constant: a size's constant, as an array or as a plain value, from a generator and the first shape.
        tolerance: of results and gradients.
    """

    function: Callable[..., Any]
    shapes: Sequence[Sequence[Shape]] = tuple((shape,) for shape in MATRICES)
    constant: Callable[[np.random.Generator, Shape], Any] | None = None
    tolerance: float = 1e-4


def pairs(shapes: Sequence[Shape], others: Sequence[Shape]) -> list[tuple[Shape, Shape]]:
    """For each size, two shapes."""
    return list(zip(shapes, others, strict=True))


def labels(rng: np.random.Generator, shape: Shape) -> Any:
    """A class for each row."""
    return rng.integers(0, shape[-1], shape[0])


def mask(rng: np.random.Generator, shape: Shape) -> Any:
    """A random one."""
    return rng.random(shape) < 0.5


def rows(rng: np.random.Generator, shape: Shape) -> Any:
    """As many random rows as there are, with repetitions."""
    return rng.integers(0, shape[0], shape[0])


IMAGES = ((1, 1, 8, 8), (4, 4, 25, 25), (64, 16, 62, 62))
FILTERS = ((4, 1, 3, 3), (8, 4, 3, 3), (16, 16, 3, 3))
CHANNELS = [(shape[1],) for shape in IMAGES]
LAST = [(shape[-1],) for shape in MATRICES]
OPERATIONS: dict[str, Single] = {
    "add_broadcast": Single(lambda torch, x, y: x + y, pairs(MATRICES, LAST)),
    "mul": Single(lambda torch, x, y: x * y, pairs(MATRICES, MATRICES)),
    "exp": Single(lambda torch, x: torch.exp(x)),
    "tanh": Single(lambda torch, x: torch.tanh(x)),
    "sigmoid": Single(lambda torch, x: torch.sigmoid(x)),
    "relu": Single(lambda torch, x: torch.relu(x)),
    "gelu": Single(lambda torch, x: torch.nn.functional.gelu(x)),
    "softmax": Single(lambda torch, x: torch.softmax(x, -1)),
    "log_softmax": Single(lambda torch, x: torch.log_softmax(x, -1)),
    "cross_entropy": Single(lambda torch, x, y: torch.nn.functional.cross_entropy(x, y), constant=labels),
    "layer_norm": Single(
        lambda torch, x, w, b: torch.nn.functional.layer_norm(x, x.shape[-1:], w, b),
        [(shape, last, last) for shape, last in pairs(MATRICES, LAST)],
        tolerance=1e-3,
    ),
    "sum": Single(lambda torch, x: x.sum(0)),
    "mean": Single(lambda torch, x: x.mean()),
    "max": Single(lambda torch, x: x.max(1).values),
    "batch_norm": Single(
        lambda torch, x, w, b: torch.nn.functional.batch_norm(x, None, None, w, b, training=True),
        [(shape, last, last) for shape, last in pairs(IMAGES, CHANNELS)],
        tolerance=1e-3,
    ),
    "conv2d": Single(lambda torch, x, w: torch.nn.functional.conv2d(x, w, padding=1), pairs(IMAGES, FILTERS)),
    "max_pool2d": Single(lambda torch, x: torch.nn.functional.max_pool2d(x, 2), [(shape,) for shape in IMAGES]),
    "matmul": Single(lambda torch, x, y: x @ y, pairs(MATRICES, ((8, 8), (100, 100), (1000, 100)))),
    "transpose": Single(lambda torch, x: x.t().contiguous()),
    "concatenate": Single(lambda torch, x, y: torch.cat((x, y), 1), pairs(MATRICES, MATRICES)),
    "where": Single(lambda torch, x, y, chosen: torch.where(chosen, x, y), pairs(MATRICES, MATRICES), mask),
    "index_select": Single(lambda torch, x, index: x.index_select(0, index), constant=rows),
}


def contender(operation: Single, size: int) -> Contender:
    """The operation and its backward pass, in PyTorch or in this package."""

    def make(torch: Any, settings: Settings) -> Job:
        shapes = operation.shapes[0 if settings.tiny else size]
        rng = np.random.default_rng(0)
        tensors = [torch.from_numpy(rng.normal(size=shape).astype(np.float32)).requires_grad_() for shape in shapes]
        constants = []
        if operation.constant is not None:
            value = operation.constant(rng, shapes[0])
            constants.append(torch.from_numpy(value) if isinstance(value, np.ndarray) else value)
        arguments = (torch, *tensors, *constants)
        function = operation.function
        shape = tuple(function(*arguments).shape)
        gradient = torch.from_numpy(rng.normal(size=shape).astype(np.float32))

        def both() -> Any:
            for tensor in tensors:
                tensor.grad = None
            out = function(*arguments)
            out.backward(gradient)
            return out

        def answers() -> list[float]:
            found = [both().detach(), *(tensor.grad for tensor in tensors)]
            return [float(value) for part in found for value in part.reshape(-1)[:: max(1, part.numel() // 50)]]

        return Job(Timed(both, settings), answers)

    return make


def make_case(name: str, operation: Single, size: int) -> Case:
    """One operation at one size."""
    shapes = ", ".join(" x ".join(map(str, shape)) for shape in operation.shapes[size])
    same = contender(operation, size)
    return Case(
        name=f"single/{name}/{SIZES[size]}",
        about=f"{name}, forward and backward, on {shapes}",
        contenders={"tinygrad_nn": same, "torch": same},
        rounds=(20, 15, 7)[size],
        tolerance=operation.tolerance,
    )


CASES = [make_case(name, operation, size) for name, operation in OPERATIONS.items() for size in range(3)]
