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
from . import function, grad_mode, graph, lifted_gradients  # noqa: F401 - the last gives `grad` its batches
from .anomaly import detect_anomaly, set_detect_anomaly
from .comparison import GradcheckError
from .function import Function
from .grad_mode import set_multithreading_enabled
from .gradcheck import gradcheck, gradgradcheck

__all__ = [
    "Function", "GradcheckError", "Variable", "backward", "detect_anomaly", "enable_grad", "function",
    "grad", "grad_mode", "gradcheck", "gradgradcheck", "graph", "inference_mode", "no_grad", "set_detect_anomaly",
    "set_grad_enabled", "set_multithreading_enabled",
]  # fmt: skip


def backward(
    tensors: Any,
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Compute the gradients of the sum of tensors with respect to the leaves, and add them to their ``grad``.

    Args:
        tensors: the tensors (or `GradientEdge`s) to start from.
        grad_tensors: the gradient with respect to each; may be left out for scalars.
        retain_graph, create_graph, inputs: as in `Tensor.backward`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> tg.autograd.backward((x * x).sum())
        >>> x.grad
        tensor([2., 4.])
    """
    outputs = [tensors] if isinstance(tensors, Tensor | graph.GradientEdge) else list(tensors)
    backward_all(outputs, grad_tensors, retain_graph, create_graph, inputs)


def Variable(data: Any, requires_grad: bool = False, volatile: bool = False) -> Tensor:  # noqa: N802 - PyTorch's name
    """PyTorch's former name of a tensor that takes part in autograd: the tensor itself."""
    made: Tensor = data if isinstance(data, Tensor) else Tensor(data)
    return made.requires_grad_() if requires_grad else made


def __getattr__(name: str) -> Any:
    """Import these when they are asked for."""
    if name in ("anomaly_mode", "forward_ad", "functional", "profiler", "profiler_util", "variable"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
