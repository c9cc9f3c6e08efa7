"""Calls of PyTorch's functions as Hypothesis draws them, one module per family: what is compared with PyTorch, live.

A family's module says for each function how a call of it is drawn:

    @drawn("topk", second=True)
    def topk(draw: Draw) -> Call:
        x = draw(arrays(distinct=True, min_dims=1))
        dim = draw(dims_of(x))
        return Call(x, draw(st.integers(0, x.shape[dim])), dim, largest=draw(st.booleans()))

`tests/test_calls_live.py` then calls PyTorch and this package alike, as a function, as a method, in place and with
``out=``, and holds values, types, shapes, gradients, second gradients and errors equal. `tests/test_calls_golden.py`
does the same with a few stored calls, without PyTorch.
"""

from __future__ import annotations

import importlib
import pkgutil

from .table import TABLE, Call, Drawn, drawn

__all__ = ["TABLE", "Call", "Drawn", "drawn", "load"]


def load() -> dict[str, Drawn]:
    """The table, with every family's functions in it."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(TABLE.items()))
