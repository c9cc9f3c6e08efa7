"""The functions that give views, giving copies instead: ``torch.transpose_copy`` and kin.

Source: https://docs.pytorch.org/docs/stable/torch.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.errors import explained
from .._core.memory_format import contiguous_format
from .._core.op import composite
from .._core.outputs import accepting_out, write_out
from .._core.tensor import Tensor
from .complex_numbers import view_as_complex, view_as_real
from .diagonals import diagonal
from .picking import narrow_copy, select_copy, slice_copy
from .shape import broadcast_to, clone, squeeze, unsqueeze, view
from .splits import split, split_with_sizes, unbind
from .strides import as_strided, unfold
from .transposes import permute, t, transpose


def _copy(name: str, view: Callable[..., Tensor], shown: str) -> Callable[..., Tensor]:
    """The function that gives a copy of what another gives a view of, row by row in memory."""

    def call(input: Tensor, *args: Any, **options: Any) -> Tensor:
        result: Tensor = clone(view(input, *args, **options), memory_format=contiguous_format)
        return result

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"`{shown}` as a copy, row by row in memory; ``out=`` is a tensor to store it in."
    return explained(accepting_out(call))


def _copies(name: str, views: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a function that gives several views."""

    def call(input: Tensor, *args: Any, out: Any = None, **options: Any) -> Any:
        made = tuple([clone(each, memory_format=contiguous_format) for each in views(input, *args, **options)])
        if out is None:
            return made
        if len(out) != len(made):
            raise RuntimeError(f"{name}(): out= has {len(out)} tensors, the result has {len(made)}")
        for each, result in zip(out, made, strict=True):
            write_out(each, result)
        return None

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"`{name.removesuffix('_copy')}` into copies; ``out=`` takes a tensor for each of them."
    return explained(call)


def _expanded(input: Tensor, size: Any, *, implicit: bool = False) -> Tensor:
    result: Tensor = broadcast_to(input, shape=size)
    return result


def _viewed(input: Tensor, size: Any = None, dtype: Any = None) -> Tensor:
    return view(input, size if dtype is None else dtype)


def _windows(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    result: Tensor = unfold(input, dimension=dimension, size=size, step=step)
    return result


as_strided_copy = _copy("as_strided_copy", as_strided, "as_strided")
diagonal_copy = _copy("diagonal_copy", diagonal, "diagonal")
expand_copy = _copy("expand_copy", _expanded, "Tensor.expand")
permute_copy = _copy("permute_copy", permute, "permute")
squeeze_copy = _copy("squeeze_copy", squeeze, "squeeze")
t_copy = _copy("t_copy", t, "t")
transpose_copy = _copy("transpose_copy", transpose, "transpose")
unfold_copy = _copy("unfold_copy", _windows, "Tensor.unfold")
unsqueeze_copy = _copy("unsqueeze_copy", unsqueeze, "unsqueeze")
view_as_complex_copy = _copy("view_as_complex_copy", view_as_complex, "view_as_complex")
view_as_real_copy = _copy("view_as_real_copy", view_as_real, "view_as_real")
view_copy = _copy("view_copy", _viewed, "Tensor.view")
split_copy = _copies("split_copy", split)
split_with_sizes_copy = _copies("split_with_sizes_copy", split_with_sizes)
unbind_copy = _copies("unbind_copy", unbind)


@composite(method=False, out=True)
def alias_copy(input: Tensor) -> Tensor:
    """A copy, through which gradients flow.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.alias_copy(tg.ones(2))
        tensor([1., 1.])
    """
    result: Tensor = clone(input)
    return result


@composite(method=False, out=True)
def detach_copy(input: Tensor) -> Tensor:
    """A copy outside the graph.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.detach_copy(tg.ones(2, requires_grad=True))
        tensor([1., 1.])
    """
    result: Tensor = clone(input.detach())
    return result


__all__ = [
    "alias_copy", "as_strided_copy", "detach_copy", "diagonal_copy", "expand_copy", "narrow_copy", "permute_copy",
    "select_copy", "slice_copy", "split_copy", "split_with_sizes_copy", "squeeze_copy", "t_copy", "transpose_copy",
    "unbind_copy", "unfold_copy", "unsqueeze_copy", "view_as_complex_copy", "view_as_real_copy", "view_copy",
]  # fmt: skip
