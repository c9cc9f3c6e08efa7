"""Automatic differentiation: `grad`, `backward`, grad modes, and functions with a backward of their own.

Source: https://docs.pytorch.org/docs/stable/autograd.html
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from .._core.gradients import backward_all, grad
from .._core.modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from .._core.tensor import Tensor
from . import function, graph
from .anomaly import detect_anomaly, set_detect_anomaly
from .comparison import GradcheckError
from .function import Function
from .gradcheck import gradcheck, gradgradcheck

__all__ = [
    "Function", "GradcheckError", "Variable", "backward", "detect_anomaly", "enable_grad", "function",
    "grad", "gradcheck", "gradgradcheck", "graph", "inference_mode", "no_grad", "set_detect_anomaly",
    "set_grad_enabled",
]  # fmt: skip


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Compute the gradients of the sum of tensors with respect to the leaves, and add them to their ``grad``.

    Args:
        tensors: the tensors to start from.
        grad_tensors: the gradient with respect to each; may be left out for scalars.
        retain_graph, create_graph, inputs: as in `Tensor.backward`.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> tg.autograd.backward((x * x).sum())
        >>> x.grad
        tensor([2., 4.])
    """
    outputs = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if grad_tensors is None or isinstance(grad_tensors, Tensor):
        gradients: list[Any] = [None] * len(outputs) if grad_tensors is None else [grad_tensors]
    else:
        gradients = list(grad_tensors)
    if len(gradients) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    backward_all(outputs, gradients, retain_graph, create_graph, inputs)


def Variable(data: Any, requires_grad: bool = False, volatile: bool = False) -> Tensor:  # noqa: N802 - PyTorch's name
    """PyTorch's former name of a tensor that takes part in autograd: the tensor itself."""
    made: Tensor = data if isinstance(data, Tensor) else Tensor(data)
    return made.requires_grad_() if requires_grad else made


def __getattr__(name: str) -> Any:
    """Import these when they are asked for."""
    if name in ("profiler", "profiler_util"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
