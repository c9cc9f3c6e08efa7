"""A sample's outputs and gradients, as arrays: raw, recorded, and of the second order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.gradients import grad
from .._core.modes import no_grad
from .._core.tensor import Tensor, wrap
from .samples import Sample, is_float

Array = np.ndarray[Any, Any]


def outputs(sample: Sample) -> list[Array]:
    """The values, without recording."""
    with no_grad():
        return [output._array for output in sample.call(sample.tensors())]


def grad_outputs(sample: Sample, key: int = 0) -> list[Array | None]:
    """A random gradient for each output; None for outputs that can have none."""
    random = sample.random(1, key)
    return [
        np.asarray(random.uniform(-1.0, 1.0, value.shape)).astype(value.dtype) if is_float(value) else None
        for value in outputs(sample)
    ]


def _chosen(produced: Sequence[Tensor], given: Sequence[Any]) -> tuple[list[Tensor], list[Tensor]]:
    pairs = [(o, g) for o, g in zip(produced, given, strict=True) if g is not None and o.requires_grad]
    return [o for o, _ in pairs], [g if isinstance(g, Tensor) else wrap(g) for _, g in pairs]


def gradients(
    sample: Sample,
    given: Sequence[Array | None],
    *,
    create_graph: bool = False,
    only: Sequence[int] | None = None,
) -> list[Array]:
    """The gradients of the differentiable inputs (or of some of them); zeros where the op sends none."""
    positions = sample.differentiable if only is None else only
    tensors = sample.tensors(positions)
    produced, chosen = _chosen(sample.call(tensors), given)
    wanted = [tensors[i] for i in positions]
    if not produced:
        return [np.zeros_like(tensor._array) for tensor in wanted]
    found = grad(produced, wanted, chosen, create_graph=create_graph, allow_unused=True)
    return [np.zeros_like(t._array) if g is None else g._array for t, g in zip(wanted, found, strict=True)]


def second_gradients(
    sample: Sample, given: Sequence[Array | None], weights: Sequence[Array]
) -> tuple[list[Array], list[Array | None]]:
    """The gradient of ``sum(weights * gradients(inputs, given))``: for the differentiable inputs, and for `given`."""
    tensors = sample.tensors(True)
    variables = [None if g is None else wrap(g).requires_grad_() for g in given]
    produced, chosen = _chosen(sample.call(tensors), variables)
    inputs = [tensors[i] for i in sample.differentiable]
    wanted = [*inputs, *(v for v in variables if v is not None)]
    first = grad(produced, inputs, chosen, create_graph=True, allow_unused=True) if produced else [None] * len(inputs)
    pairs = [(f, wrap(w)) for f, w in zip(first, weights, strict=True) if f is not None and f.requires_grad]
    if not pairs:
        found: list[Any] = [None] * len(wanted)
    else:
        found = list(grad([f for f, _ in pairs], wanted, [w for _, w in pairs], allow_unused=True))
    arrays = iter([np.zeros_like(t._array) if g is None else g._array for t, g in zip(wanted, found, strict=True)])
    return [next(arrays) for _ in inputs], [None if v is None else next(arrays) for v in variables]


def forward_arrays(sample: Sample, arrays: Sequence[Any]) -> list[Array]:
    """The forward function alone, on arrays of any type: how complex numbers get in."""
    result = sample.op.forward(*arrays, **{**sample.op.defaults, **sample.options})
    if sample.op.residuals:
        result = result[0]
    return [np.asarray(r) for r in (result if sample.op.several else (result,))]
