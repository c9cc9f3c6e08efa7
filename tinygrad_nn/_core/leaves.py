"""Where gradients end: in the ``grad`` of a leaf, or in the hands of who asked for them."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .graph import AccumulateGrad
from .memory_format import row_by_row
from .tensor import Tensor, wrap

_ndarray = np.ndarray
_count = sys.getrefcount


def accumulate(node: AccumulateGrad, gradient: Any, owned: bool) -> None:
    """Add to the leaf's gradient; the first becomes it, without a copy where nobody else holds the array."""
    leaf = node.leaf()
    if leaf is None:
        return
    if isinstance(gradient, Tensor):  # create_graph
        leaf._grad = gradient if leaf._grad is None else leaf._grad + gradient
    elif leaf._grad is None:
        alone = owned or (gradient.base is None and _count(gradient) <= _ALONE)
        if not alone and gradient.flags.c_contiguous:  # a rule's result in another shape, or the gradient of a view
            alone = _count(gradient) <= _ALONE and _is_alone(gradient)
        leaf._grad = wrap(gradient if alone else row_by_row(gradient))
    elif leaf._grad.requires_grad:
        leaf._grad = wrap(leaf._grad._array + gradient)
    else:
        leaf._grad._array += gradient
        leaf._grad._cell[0] += 1


def own(gradient: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array itself where only the caller's local variable holds it, else a copy.

    It may be all of another array in another order, which nobody else holds.
    """
    alone = gradient.flags.writeable and sys.getrefcount(gradient) <= _ALONE
    if alone and gradient.base is not None:
        alone = _is_alone(gradient)
    return gradient if alone else row_by_row(gradient)


def _is_alone(view: np.ndarray[Any, Any]) -> bool:
    """Whether a view is all of an array, which nothing else shows."""
    base: Any = view.base
    whole = type(base) is _ndarray and base.base is None and base.size == view.size and view.flags.writeable
    return bool(whole and view.dtype == base.dtype and sys.getrefcount(base) <= _ALONE)


def _references(gradient: Any) -> int:
    return sys.getrefcount(gradient)


def _references_when_alone() -> int:
    """The count for an array held by its caller's local variable only, as a function that is given it sees it.

    Measured, as Python versions differ in what a call adds.
    """
    gradient = np.empty(0)
    return _references(gradient)


_ALONE = _references_when_alone()
