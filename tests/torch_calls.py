"""How an op's PyTorch counterpart is found and called: shared by the stored answers and the live comparison."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.op import Op
from tinygrad_nn.testing.samples import Sample, is_float

Array = np.ndarray[Any, Any]
_PLACES = ("", "nn.functional.", "special.", "linalg.", "Tensor.")


def _put(torch: Any, x: Any, shape: Any, index: Any) -> Any:
    """What picking elements sends back."""
    with torch.enable_grad():
        zeros = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
        return torch.autograd.grad(zeros[index], zeros, x, create_graph=True)[0]


def _setitem(torch: Any, x: Any, value: Any, index: Any) -> Any:
    result = x.clone()
    result[index] = value
    return result


def _view_scatter(torch: Any, base: Any, source: Any, replay: Any, layout: Any) -> Any:
    result = base.clone()
    if layout is not None:
        strides, offset, length = layout
        result = torch.zeros(length, dtype=base.dtype).as_strided(base.shape, strides, offset).copy_(base)
    replay(result)[...] = source
    return result


def _add_rows(torch: Any, x: Any, indices: Any, count: int) -> Any:
    return torch.zeros((count, x.shape[-1]), dtype=x.dtype).index_put((indices,), x, accumulate=True)


# Ops whose counterpart takes its arguments in another order or form, and helpers that are known under another name.
ADAPTERS: dict[str, Callable[..., Any]] = {
    "add_rows": _add_rows,
    "cast": lambda torch, x, target, source: x.to(target),
    "embedding": lambda torch, weight, indices, **options: torch.nn.functional.embedding(indices, weight, **options),
    "gather": lambda torch, x, index, dim: torch.gather(x, dim, index),
    "getitem": lambda torch, x, index: x[index],
    "masked_fill": lambda torch, x, mask, value: x.masked_fill(mask, value),
    "power_of": lambda torch, y, base: torch.pow(base, y),
    "put": _put,
    "scatter_zeros": lambda torch, x, index, shape, dim: torch.zeros(shape, dtype=x.dtype).scatter_add(dim, index, x),
    "setitem": _setitem,
    "take_along": lambda torch, x, index, dim: torch.take_along_dim(x, index, dim),
    "take_rows": lambda torch, x, indices: x[indices],
    "times_constant": lambda torch, x, noise: x * noise,
    "trunc_divide": lambda torch, x, y: torch.div(x, y, rounding_mode="trunc"),
    "view_scatter": _view_scatter,
}


def _attribute(torch: Any, name: str) -> Any:
    found = torch
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def counterpart(torch: Any, op: Op) -> Callable[..., Any] | None:
    """PyTorch's function for this op: what it names, or the function of its own name; None for private helpers."""
    if op.name in ADAPTERS:
        return ADAPTERS[op.name]
    if op.torch_name == "":
        return None
    if op.torch_name is not None:
        found = _attribute(torch, op.torch_name)
    else:
        found = next((f for place in _PLACES if (f := _attribute(torch, place + op.name)) is not None), None)
    if found is None:
        raise LookupError(
            f"op {op.name}: PyTorch has no {op.torch_name or op.name!r}. Name its counterpart with torch_name=, or "
            'say torch_name="" if it is a helper that has none.'
        )
    return found


def to_torch(torch: Any, value: Any) -> Any:
    """An input or an option as PyTorch takes it."""
    if isinstance(value, np.ndarray):
        return torch.tensor(value)
    if isinstance(value, dtypes.dtype | np.dtype):
        return getattr(torch, np.dtype(value).name)
    if isinstance(value, tuple | list):
        return type(value)(to_torch(torch, v) for v in value)
    return value


def call_torch(torch: Any, sample: Sample, tensors: list[Any]) -> list[Any]:
    """PyTorch's outputs for a sample."""
    op = sample.op
    function = counterpart(torch, op)
    assert function is not None
    options = {name: to_torch(torch, value) for name, value in sample.options.items()}
    if op.name in ADAPTERS:
        result = ADAPTERS[op.name](torch, *tensors, **options)
    elif op.variadic:
        result = function(tensors, **options)
    elif set(options) == {"keepdim"}:  # which PyTorch takes together with dim only
        result = function(*tensors).reshape((1,) * tensors[0].ndim) if options["keepdim"] else function(*tensors)
    else:
        try:
            result = function(*tensors, **options)
        except TypeError:  # no such keyword: by position
            result = function(*tensors, *[options[name] for name in op.defaults if name in options])
    return list(result) if isinstance(result, tuple | list) else [result]


def checksum(sample: Sample) -> int:
    """A number that changes when the sample's inputs do."""
    total = 0
    for value in sample.inputs:
        data = np.ascontiguousarray(value).tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
        total = zlib.crc32(data, total)
    return total


def answers(torch: Any, sample: Sample, given: list[Array | None]) -> tuple[list[Array], list[Array | None]]:
    """PyTorch's outputs, and its gradients of the differentiable inputs; None where it has none."""
    tensors = [to_torch(torch, value) for value in sample.inputs]
    for position in sample.differentiable:
        tensors[position].requires_grad_()
    produced = call_torch(torch, sample, tensors)
    outputs = [np.array(t.detach().resolve_neg().numpy()) for t in produced]
    wanted = [tensors[i] for i in sample.differentiable]
    pairs = [(t, torch.tensor(g)) for t, g in zip(produced, given, strict=True) if is_float(g) and t.requires_grad]
    if not pairs or not wanted:
        return outputs, [None] * len(wanted)
    try:
        found = torch.autograd.grad([t for t, _ in pairs], wanted, [g for _, g in pairs], allow_unused=True)
    except RuntimeError as error:
        if "is not implemented" not in str(error):
            raise
        return outputs, [None] * len(wanted)
    return outputs, [None if g is None else np.array(g.numpy(force=True)) for g in found]
