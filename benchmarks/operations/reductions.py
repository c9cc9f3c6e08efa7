"""Sums and their kin, scans, sorting, counting."""

from __future__ import annotations

from typing import Any

from benchmarks.operations.elementwise import function, method
from benchmarks.operations.inputs import (
    Operation,
    distinct,
    double,
    integers,
    labels,
    mask,
    matrix,
    numbers,
    probabilities,
    sorted_row,
    whole_numbers,
)

WHOLE = (
    "all", "amax", "amin", "any", "argmax", "argmin", "count_nonzero", "max", "mean", "median", "min", "nanmean",
    "nansum", "norm", "std", "sum", "var",
)  # fmt: skip
ALONG = (
    "all", "amax", "amin", "any", "argmax", "argmin", "count_nonzero", "cummax", "cumsum", "logcumsumexp", "logsumexp",
    "max", "mean", "median", "min", "nanmean", "nansum", "norm", "sort", "std", "sum", "var", "softmax", "log_softmax",
)  # fmt: skip

_classes = integers(lambda size: 50, lambda size: (64, 10_000, 2_000_000)[size])


def along(name: str, dim: int) -> Any:
    """The values that a function gives along a dimension."""

    def call(torch: Any, x: Any) -> Any:
        found = getattr(torch, name)(x, dim=dim)
        return found[0] if isinstance(found, tuple) else found

    return call


OPERATIONS: dict[str, Operation] = {
    **{name: Operation(function(name), (matrix,)) for name in WHOLE},
    **{f"{name}/dim{dim}": Operation(along(name, dim), (matrix,)) for name in ALONG for dim in (0, 1)},
    **{f"{name}/dim{dim}": Operation(along(name, dim), (probabilities,))
       for name in ("prod", "cumprod") for dim in (0, 1)},
    **{f"{name}/dim{dim}": Operation(along(name, dim), (distinct,)) for name in ("argsort", "mode") for dim in (0, 1)},
    "softmax/float64": Operation(method("softmax", 1), (double,)),
    "standardised": Operation(lambda torch, x: (x - x.mean(0)) / x.std(0), (matrix,)),
    "normalize": Operation(lambda torch, x: torch.nn.functional.normalize(x, dim=-1), (matrix,)),
    "linalg.norm": Operation(lambda torch, x: torch.linalg.norm(x), (matrix,)),
    "linalg.vector_norm/1": Operation(lambda torch, x: torch.linalg.vector_norm(x, 1, dim=1), (matrix,)),
    "renorm": Operation(lambda torch, x: torch.renorm(x, 2, 0, 1.0), (matrix,)),
    "topk/dim0": Operation(lambda torch, x: torch.topk(x, 5, dim=0)[0], (matrix,)),
    "topk/dim1": Operation(lambda torch, x: torch.topk(x, 5, dim=1)[0], (matrix,)),
    "kthvalue": Operation(lambda torch, x: torch.kthvalue(x, 3, dim=1)[0], (matrix,)),
    "quantile": Operation(lambda torch, x: torch.quantile(x, 0.3, dim=1), (matrix,)),
    "unique": Operation(function("unique"), (whole_numbers,)),
    "bincount": Operation(function("bincount"), (_classes,)),
    "histc": Operation(lambda torch, x: torch.histc(x.detach(), 20), (matrix,)),
    "searchsorted": Operation(lambda torch, x, to: torch.searchsorted(to, x), (matrix, sorted_row)),
    "bucketize": Operation(lambda torch, x, to: torch.bucketize(x, to), (matrix, sorted_row)),
    "nonzero": Operation(function("nonzero"), (mask,)),
    "one_hot": Operation(lambda torch, x: torch.nn.functional.one_hot(x), (labels,)),
    "allclose": Operation(lambda torch, x: torch.tensor(torch.allclose(x, x)), (matrix,)),
    "equal": Operation(lambda torch, x: torch.tensor(torch.equal(x, x)), (matrix,)),
    "cov": Operation(lambda torch, x: torch.cov(x.t()), (numbers((20, 4), (1000, 10), (20_000, 50)),)),
    "clip_grad_norm_": Operation(lambda torch, x: clipped(torch, x), (matrix,)),
}  # fmt: skip


def clipped(torch: Any, x: Any) -> Any:
    """The norm of a gradient that is clipped."""
    parameter = torch.nn.Parameter(x.detach())
    parameter.grad = x.detach().clone()
    return torch.nn.utils.clip_grad_norm_([parameter], 1.0)
