"""NumPy on tensors: which op runs when a NumPy function or a Python operator is given a tensor.

Source: https://numpy.org/neps/nep-0018-array-function-protocol.html and nep-0013 (ufuncs).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import later
from .calls import make_binary
from .errors import NotATensorError, near
from .modes import modes
from .tensor import Tensor, tensor_attribute, wrap

_TABLE: dict[Any, Callable[..., Any]] = {}
# ufunc.reduce is a reduction of its own name
_REDUCTIONS: dict[Any, Any] = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.amax, np.minimum: np.amin,
               np.logical_or: np.any, np.logical_and: np.all}  # fmt: skip


def register(numpy_function: Any, call: Callable[..., Any]) -> None:
    """Let `call` answer for a NumPy function whenever one of its arguments is a tensor."""
    _TABLE[numpy_function] = call


def supported() -> dict[Any, Callable[..., Any]]:
    """Every NumPy function that differentiates, with the function that answers for it."""
    later.load_all()
    return dict(_TABLE)


def _answer_of_the_others(numpy_function: Any) -> Callable[..., Any] | None:
    """What answers for a function that is not in the table yet, if anything does."""
    later.load_all()
    return _TABLE.get(numpy_function)


def register_operator(
    name: str, call: Callable[..., Any], inplace: Callable[..., Any] | None, *, binary: bool
) -> None:
    """Make a function a Python operator of tensors: ``mul`` fills ``__mul__``, ``__rmul__`` and ``__imul__``."""
    if not binary:
        tensor_attribute(f"__{name}__", call)
        return
    op = getattr(call, "op", None)
    forward = _guarded(call) if op is None else make_binary(op, operator=True)
    tensor_attribute(f"__{name}__", forward)
    if name in ("eq", "ne", "lt", "le", "gt", "ge"):
        return

    def reflected(self: Tensor, other: Any) -> Any:
        return forward(other, self)

    tensor_attribute(f"__r{name}__", reflected)
    if inplace is not None:
        tensor_attribute(f"__i{name}__", inplace)


def _guarded(call: Callable[..., Any]) -> Callable[..., Any]:
    """The function, giving NotImplemented for an operand that is no tensor: its class may know what to do."""

    def forward(self: Any, other: Any) -> Any:
        try:
            return call(self, other)
        except NotATensorError:
            return NotImplemented

    return forward


def array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """NumPy's hook for ufuncs: ``np.exp(tensor)``."""
    function: Any = ufunc if method == "__call__" else None
    if method == "reduce":
        function = _REDUCTIONS.get(ufunc)
        kwargs = {"axis": 0, **kwargs}
    if kwargs.get("out") is not None or "where" in kwargs:
        raise TypeError(
            f"np.{ufunc.__name__} on a Tensor: out= and where= are not supported, as the graph cannot follow them. "
            "Use the function's result, and tinygrad_nn.where(condition, x, y)."
        )
    kwargs.pop("out", None)
    call = _TABLE.get(function) or _answer_of_the_others(function)
    if call is not None:
        return call(*inputs, **kwargs)
    arrays = _plain(f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}"), inputs)
    result = getattr(ufunc, method)(*arrays, **kwargs)
    return tuple(wrap(np.asarray(r)) for r in result) if isinstance(result, tuple) else wrap(np.asarray(result))


def array_function(self: Tensor, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """NumPy's hook for its other functions: ``np.sum(tensor)``."""
    call = _TABLE.get(function) or _answer_of_the_others(function)
    if call is not None:
        return call(*args, **kwargs)
    name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
    return function(*_plain(name, args), **{key: _plain(name, value) for key, value in kwargs.items()})


def _plain(name: str, value: Any) -> Any:
    """The arrays behind the tensors, for a NumPy function that this package does not know."""
    if isinstance(value, Tensor):
        if modes.here.grad and value.requires_grad:
            known = [f.__name__ for f in _TABLE]
            raise RuntimeError(
                f"Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead. ({name} has no "
                f"gradient here.{near(name.rpartition('.')[2], known)} Use x.detach() if none is wanted, or define an "
                "op for it.)"
            )
        return value._array
    if isinstance(value, list | tuple):
        return type(value)(_plain(name, item) for item in value)
    return value


for _hook in (array_ufunc, array_function):
    tensor_attribute(f"__{_hook.__name__}__", _hook)
