"""What PyTorch calls the node of an operation: ``MmBackward0`` for a product of two matrices.

PyTorch names nodes after its own functions and their overloads, of which one op here may stand for several. Which one
it was is worked out when a name is asked for, from what the node has saved; recording costs nothing. (A node that has
been freed tells less; names that were asked for before are kept.)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from . import graph
from .graph import Node, named, next_sequence
from .numbers import is_number
from .plan import INPUT, OUT, SHAPE
from .tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])

Saved = dict[str, Any]  # by the words of rules: "x", "x_shape", "dim", "out"


def name_of(node: Node) -> str:
    """The name of a node, as PyTorch's ``name()`` gives it."""
    op = node.plan.op
    found = op.node_name if op.kind == "function" else _NAMES.get(op.name, op.node_name)
    return found if isinstance(found, str) else found(node, saved_words(node, node.saved))


def saved_words(node: Node, saved: tuple[Any, ...] | None) -> Saved:
    """What a node has saved, by the words of its op's rules; nothing once it is freed."""
    op = node.plan.op
    found: Saved = {}
    for (kind, key), value in zip(node.plan.sources, saved or (), strict=False):
        if kind in (INPUT, SHAPE):
            word = op.inputs[key] if key >= 0 else op.inputs[-1]
            found[word if kind == INPUT else f"{word}_shape"] = value
        else:
            found["out" if kind == OUT else str(key)] = value
    return found


def _ndim(saved: Saved, name: str, otherwise: int) -> int:
    """The number of dimensions of an input, of which a rule has saved the array or the shape."""
    if name in saved:
        return int(np.ndim(saved[name]))
    return len(saved[f"{name}_shape"]) if f"{name}_shape" in saved else otherwise


Naming = Callable[["Node", Saved], str]


def _over_dims(name: str) -> Naming:
    """Overload 0 takes no dimension, 1 takes some."""
    return lambda node, saved: f"{name}Backward{int(saved.get('dim') is not None)}"


def _by_edge(name: str, position: int) -> Naming:
    """Overload 1 has a gradient for this input, 0 takes a number."""
    return lambda node, saved: f"{name}Backward{int(node.edges[position] is not None)}"


def _by_option(name: str, option: str) -> Naming:
    """Overload 1 is given this option."""
    return lambda node, saved: f"{name}Backward{int(bool(saved.get(option)))}"


def _reduced(mean: str, total: str, each: str) -> Naming:
    """By the reduction of a loss that PyTorch writes in other functions."""
    return lambda node, saved: {"sum": total, "none": each}.get(saved.get("reduction", "mean"), mean)


_PRODUCTS = {(1, 1): "DotBackward0", (2, 1): "MvBackward0", (2, 2): "MmBackward0", (1, 2): "SqueezeBackward4"}


def _matmul(node: Node, saved: Saved) -> str:
    dims = _ndim(saved, "x", 2), _ndim(saved, "y", 2)
    return _PRODUCTS.get(dims, "CloneBackward0" if dims[0] == 2 and node.edges[0] else "UnsafeViewBackward0")


def _linear(node: Node, saved: Saved) -> str:
    dims = _ndim(saved, "x", 2)
    with_bias = saved["bias"] is not None if "bias" in saved else len(node.edges) > 2 and node.edges[2] is not None
    if dims == 2:
        return "AddmmBackward0" if with_bias else "MmBackward0"
    return "ViewBackward0" if with_bias else "SqueezeBackward4" if dims == 1 else "UnsafeViewBackward0"


def _squeeze(node: Node, saved: Saved) -> str:
    dim = saved.get("dim")
    return f"SqueezeBackward{0 if dim is None else 1 if isinstance(dim, int) else 2}"


def _divide(node: Node, saved: Saved) -> str:
    """A number over a tensor is its reciprocal times the number."""
    return "MulBackward0" if "x" in saved and node.edges[0] is None and is_number(saved["x"]) else "DivBackward0"


def _xlogy(node: Node, saved: Saved) -> str:
    number = {name for name in ("x", "y") if name in saved and np.ndim(saved[name]) == 0}
    if node.edges[0] is None and "x" in number:
        return "XlogyBackward1"
    return "XlogyBackward2" if node.edges[1] is None and "y" in number else "XlogyBackward0"


def _nll(node: Node, saved: Saved) -> str:
    return "NllLoss2DBackward0" if _ndim(saved, "x", 2) > 2 else "NllLossBackward0"


def _fft(node: Node, saved: Saved) -> str:
    return "FftR2CBackward0" if saved.get("was_real") else "FftC2CBackward0"


_NAMES: dict[str, str | Naming] = {
    "deg2rad": "Deg2RadBackward0",
    "dropout": "MulBackward0",
    "log1p": "Log1PBackward0",
    "logsigmoid": "LogSigmoidBackward0",
    "max_of_all": "MaxBackward1",
    "median_of_all": "MedianBackward0",
    "min_of_all": "MinBackward1",
    "nanmean": "DivBackward0",
    "rad2deg": "Rad2DegBackward0",
    "relu6": "HardtanhBackward0",
    "selu": "EluBackward0",
    "softsign": "DivBackward0",
    "tanhshrink": "SubBackward0",
    "vector_norm": "LinalgVectorNormBackward0",
    "floor_divide": "DivBackward2",
    "trunc_divide": "DivBackward2",
    "copied": "torch::autograd::CopyBackwards",
    "times_constant": "MulBackward0",
    "setitem": "torch::autograd::CopySlices",
    "view_scatter": "torch::autograd::CopySlices",
    "cross_entropy": _nll,
    "nll_loss": _nll,
    "fft_c2c": _fft,
    "filled": lambda node, saved: f"FillBackward{3 if node.edges[1] is not None else 2}",
    "fmod": _by_edge("Fmod", 1),
    "l1": _reduced("MeanBackward0", "SumBackward0", "AbsBackward0"),
    "kl_div": _reduced("MeanBackward0", "SumBackward0", "SubBackward0"),
    "lerp": _by_edge("Lerp", 2),
    "linear": _linear,
    "masked_fill": _by_edge("MaskedFill", 2),
    "matmul": _matmul,
    "mean": _over_dims("Mean"),
    "prod": _over_dims("Prod"),
    "remainder": _by_edge("Remainder", 1),
    "round": _by_option("Round", "decimals"),
    "scatter": lambda node, saved: f"ScatterBackward{int(node.edges[1] is None)}",
    "squeeze": _squeeze,
    "sum": _over_dims("Sum"),
    "true_divide": _divide,
    "xlogy": _xlogy,
}


# --- functions that are several ops here -------------------------------------------------------------------------


def _of_dimension(name: str) -> Callable[[Any, tuple[Any, ...]], str | None]:
    """With values and indices; the other forms are ops, with names of their own."""
    return lambda result, args: name if isinstance(result, tuple) else None


def _of_number(name: str) -> Callable[[Any, tuple[Any, ...]], str | None]:
    return lambda result, args: name if len(args) < 2 or not isinstance(args[1], Tensor) else None


def _of_tensors(name: str) -> Callable[[Any, tuple[Any, ...]], str | None]:
    return lambda result, args: name if any(isinstance(a, Tensor) for a in args[1:]) else None


_FUNCTIONS: dict[str, str | Callable[[Any, tuple[Any, ...]], str | None]] = {
    name: f"{''.join(word.capitalize() for word in name.split('_'))}Backward0"
    for name in (
        "addbmm", "addmm", "addmv", "addr", "aminmax", "baddbmm", "block_diag", "bmm", "cummax", "cummin", "diag_embed",
        "dist", "glu", "index_put", "kthvalue", "ldexp", "masked_scatter", "masked_select", "mode",
        "multi_margin_loss", "multilabel_margin_loss", "renorm", "take", "topk", "trace", "std_mean", "var_mean",
    )
}  # fmt: skip
_FUNCTIONS |= {
    "diag": lambda result, args: "DiagEmbedBackward0" if args[0].ndim == 1 else "DiagonalBackward0_copy",
    "clamp": _of_tensors("ClampBackward0"),
    "clamp_max": _of_number("ClampMaxBackward0"),
    "clamp_min": _of_number("ClampMinBackward0"),
    "max": _of_dimension("MaxBackward0"),
    "median": _of_dimension("MedianBackward1"),
    "min": _of_dimension("MinBackward0"),
    "nanmedian": _of_dimension("NanmedianBackward1"),
    "rsub": lambda result, args: f"RsubBackward{int(not isinstance(args[1], Tensor))}",
    "tile": "RepeatBackward0",
}


def naming(function: F) -> F:
    """The function, whose results' nodes get the name of PyTorch's one, if it is one there."""
    name = _FUNCTIONS.get(function.__name__)
    if name is None:
        return function

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        before = next_sequence()
        result = function(*args, **options)
        edge = getattr(result[0] if isinstance(result, tuple) else result, "_edge", None)
        if edge is not None and edge[0].sequence > before:  # else it is an input, handed through
            chosen = name if isinstance(name, str) else name(result, args)
            if chosen is not None:
                named(result, chosen)
        return result

    return cast(F, call)


graph.name_of = name_of
