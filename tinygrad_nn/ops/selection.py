"""Choices between values, element by element: where, maximum, minimum, clamp.

Gradients go to what was chosen, and exactly 0 to what was not, even where the gradient that arrives is infinite.

Source: https://docs.pytorch.org/docs/stable/torch.html#comparison-ops
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.arguments import promote
from .._core.dtypes import BOOL as _BOOL
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.elements import each, mask_into
from .._core.errors import must_be_tensor, not_a_tensor
from .._core.kernels import TOGETHER, in_blocks, masked, without
from .._core.modes import modes
from .._core.numbers import operand
from .._core.op import Integers, case, composite, op
from .._core.outputs import write_out
from .._core.tensor import Tensor, current_edge, tensor_method, wrap
from .forms import inplace_form
from .shortcuts import quick_call, usually

__all__ = ["clamp", "clamp_max", "clamp_min", "clip", "fmax", "fmin", "maximum", "minimum", "where"]

_INT8 = np.dtype(np.int8)
_NUMBERS = (float, int)
_BITS = {np.dtype(f"f{size}"): np.dtype(f"i{size}") for size in (2, 4, 8)}
_ONES = {kind: np.ones((), kind) for kind in _BITS.values()}
_MOST = 32_768  # elements of which the condition is kept as integers
_MANY = 2000  # elements from which selecting bits is quicker than np.where, several times so for random conditions


def _select(condition: Any, x: Any, y: Any) -> Any:
    """``np.where``. Many elements are chosen by their bits, which costs the same however they alternate."""
    like = x if isinstance(x, np.ndarray) and (x.ndim or not isinstance(y, np.ndarray)) else y
    if not isinstance(like, np.ndarray) or like.size < _MANY or like.dtype not in _BITS:
        return np.where(condition, x, y)
    if np.shape(x) not in (condition.shape, ()) or np.shape(y) not in (condition.shape, ()):
        return np.where(condition, x, y)
    x, y = np.asarray(x, like.dtype), np.asarray(y, like.dtype)
    if like.size > TOGETHER and x.shape == y.shape:  # .9 of the time, where memory is not in the cache
        return in_blocks(_select_bits, x, y, condition)
    return _select_bits(x, y, condition, np.empty_like(like))


def _select_bits(x: Any, y: Any, condition: Any, out: Any = None) -> Any:
    out = np.empty_like(x) if out is None else out
    bits = _BITS[out.dtype]
    y = y.view(bits)
    chosen = np.bitwise_xor(x.view(bits), y, out=out.view(bits))
    np.multiply(chosen, condition.view(_INT8), out=chosen)
    np.bitwise_xor(chosen, y, out=chosen)
    return out


@op(kind="general", vjp=(lambda g, mask: keep(g, mask), None), names=("input", "mask"), method=False, torch_name="",
    cases=[case((2, 3), Integers((2, 3), 2, boolean=True))])  # fmt: skip
def _kept(x, mask, /):
    """`keep`, recorded."""
    return masked(x, mask)


def keep(x: Any, mask: Any) -> Any:
    """``x`` where the mask holds, else 0, for rules: on arrays and tensors of one shape.

    Unlike ``x * mask`` it lets no inf or nan through where the mask is False, and it is no slower.
    """
    return _kept(x, mask) if isinstance(x, Tensor) else masked(x, mask)


def keep_where(g: Any, x: Any, condition: Callable[[Any], Any]) -> Any:
    """``keep(g, condition(x))``, by the block where there are many elements: in .7 of the time."""
    if type(g) is np.ndarray and g.size > TOGETHER and g.dtype in _BITS:
        return each(_write_kept, g, x, condition=condition)
    return keep(g, condition(x))


def _write_kept(g: Any, x: Any, out: Any, condition: Callable[[Any], Any]) -> None:
    mask_into(g, condition(x), out)


def drop(x: Any, mask: Any) -> Any:
    """``x`` where the mask does not hold, else 0: as `keep` of the opposite."""
    return _kept(x, ~mask) if isinstance(x, Tensor) else without(x, mask)


def choose(condition: Any, x: Any, y: Any) -> Any:
    """``x`` where the condition holds, else ``y``, for forward functions and rules: on arrays and tensors.

    One of the two may be a number.
    """
    return where(condition, x, y) if isinstance(condition, Tensor) else _select(condition, x, y)


# --- where -------------------------------------------------------------------------------------------------------

_PYTHON = (int, float, bool, complex)
_BOOLEAN, _ONE_BOOLEAN = Integers((2, 3), 2, boolean=True), Integers((), 2, boolean=True)


@op(vjp=(None, lambda g, condition: keep(g, condition), lambda g, condition: drop(g, condition)), promotes=None,
    names=("condition", "input", "other"), method=False, torch_name="where",
    cases=[case(_BOOLEAN, (2, 3), (2, 3)), case(_BOOLEAN, (3,), (2, 1)), case(_ONE_BOOLEAN, (2, 1), (3,))])  # fmt: skip
def _where(condition, x, y, /):
    """`where`, for a condition and values of one dtype."""
    return _select(condition, x, y)


def _chosen_gradient(g: Any, condition: Any, wide: Any) -> Any:
    if wide is None or type(g) is not np.ndarray:
        return keep(g, condition)
    found = np.empty_like(g)
    np.multiply(g.view(wide.dtype), wide, found.view(wide.dtype))
    return found


def _other_gradient(g: Any, condition: Any, wide: Any) -> Any:
    if wide is None or type(g) is not np.ndarray:
        return drop(g, condition)
    found = np.empty_like(g)
    bits = np.subtract(wide, _ONES[wide.dtype], found.view(wide.dtype))  # all of them, or none
    bits &= g.view(wide.dtype)
    return found


@op(vjp=(None, _chosen_gradient, _other_gradient), promotes=None, names=("condition", "input", "other"), method=False,
    torch_name="", node_name="WhereBackward0", cases=[case(_BOOLEAN, (2, 3), (2, 3))])  # fmt: skip
def _wide_where(condition, x, y, /, *, wide=None):
    """As `_where`; and the condition as integers, for the gradients of arrays, see `_medium_where`."""
    return _select(condition, x, y)


def _medium_where(condition: Tensor, input: Tensor, other: Tensor) -> Tensor | None:
    """`where` of some thousand numbers of one shape, the condition as integers, which are kept for the gradients.

    To make them of booleans is a third of each step's time.
    """
    c, x, y, here = condition._array, input._array, other._array, modes.here
    if x.size > _MOST or not type(c) is type(x) is type(y) is np.ndarray or here.observers or here.levels:
        return None
    if not c.shape == x.shape == y.shape or not (x.flags.c_contiguous and y.flags.c_contiguous):
        return None
    wide = c.astype(_BITS[x.dtype], "C")
    bits = y.view(wide.dtype)
    result = np.empty(x.shape, x.dtype)
    chosen = np.bitwise_xor(x.view(wide.dtype), bits, result.view(wide.dtype))
    chosen *= wide
    chosen ^= bits
    first = input._edge if input._view is None else current_edge(input)
    second = other._edge if other._view is None else current_edge(other)
    mask = (0 if first is None else 2) + (0 if second is None else 4)
    if not mask or not here.grad:
        return wrap(result)
    cells = condition._cell, input._cell, other._cell
    made: Tensor = _wide_where.op.plans[mask].record((None, first, second), (c, x, y), cells, {"wide": wide}, result)
    return made


@composite(np.where, method=False)
def where(
    condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None, self: Any = None
) -> Any:
    """Elements of `input` where the condition holds, else of `other`. The shapes are broadcast together.

    With the condition alone: the indices at which it holds, a tensor for each dimension.

    Args:
        condition: a boolean tensor.
        input, other: tensors or numbers; brought to one dtype.
        out: a tensor to write to; then both must be tensors.
        self: another name of `input`.

    Raises:
        RuntimeError: the condition is not boolean.
        TypeError: something is neither a tensor nor a number.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([-1.0, 2.0])
        >>> tg.where(x > 0, x, 0.5)
        tensor([0.5000, 2.0000])
    """
    if isinstance(condition, Tensor) and isinstance(input, Tensor) and isinstance(other, Tensor) and out is None:
        kind = input._array.dtype
        if kind is other._array.dtype and condition._array.dtype is _BOOL and (kind is FLOAT32 or kind is FLOAT64):
            medium = _medium_where(condition, input, other) if input._array.size >= _MANY else None
            return _where(condition, input, other) if medium is None else medium
    if isinstance(condition, np.ndarray | np.bool_):
        condition = wrap(np.asarray(condition))
    elif not isinstance(condition, Tensor):
        raise not_a_tensor(_where.op, 0, condition)
    input = self if input is None else input
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    for position, (name, value) in enumerate((("input", input), ("other", other))):
        if value is None or (out is not None and not isinstance(value, Tensor)):
            raise must_be_tensor("where", name, position + 1, value)
    kind = condition._array.dtype
    if kind == np.uint8:
        warnings.warn(
            "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future "
            "version of PyTorch. Use a boolean condition instead.",
            UserWarning,
            stacklevel=3,
        )
        condition = condition.bool()
    elif kind != np.bool_:
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {dtypes.type_name(kind)}. "
            "Write a comparison, such as where(condition != 0, ...)."
        )
    if type(input) in _PYTHON and type(other) in _PYTHON:
        wanted = dtypes.result_type([input, other])
        input, other = np.asarray(input, wanted), np.asarray(other, wanted)
    else:
        input, other = promote(_where.op, (input, other))
    result = _where(condition, input, other)
    if out is None:
        return result
    if isinstance(out, Tensor) and out._array.dtype != result._array.dtype:
        ours, theirs = [dtypes.type_name(t._array.dtype) for t in (result, out)]
        raise RuntimeError(f"Expected out type to be {ours} but got {theirs} in where()")
    return write_out(out, result)


def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """Elements of the tensor where the condition holds, else of `other`."""
    result: Tensor = where(condition, self, other)
    return result


_where_method.__name__ = _where_method.__qualname__ = "where"
tensor_method(_where_method)


# --- the larger and the smaller of two ---------------------------------------------------------------------------

_TIES = [case(np.array([1.0, np.nan, 1.0, 2.0, -np.inf]), np.array([1.0, 1.0, np.nan, 1.0, -np.inf]))]


def _share(g: Any, wins: Any, ties: Any) -> Any:
    """All of the gradient for a winner, half of it for each of two equals."""
    return keep(choose(ties, g * 0.5, g), wins)


@op(np.maximum, vjp=(lambda g, x, y: _share(g, ~(x < y), x == y), lambda g, x, y: _share(g, ~(x > y), x == y)),
    distinct=True, special=_TIES)  # fmt: skip
def maximum(x, y, /):
    """The larger of two elements; nan if one is nan. Equal elements share the gradient.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.maximum(tg.tensor([1.0, 5.0]), tg.tensor([3.0, 4.0]))
        tensor([3., 5.])
    """
    return np.maximum(x, y)


@op(np.minimum, vjp=(lambda g, x, y: _share(g, ~(x > y), x == y), lambda g, x, y: _share(g, ~(x < y), x == y)),
    distinct=True, special=_TIES)  # fmt: skip
def minimum(x, y, /):
    """The smaller of two elements; nan if one is nan. Equal elements share the gradient.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.minimum(tg.tensor([1.0, 5.0]), tg.tensor([3.0, 4.0]))
        tensor([1., 4.])
    """
    return np.minimum(x, y)


@op(np.fmax, vjp=(lambda g, x, y: keep(g, (x >= y) | np.isnan(y)), lambda g, x, y: keep(g, ~((x >= y) | np.isnan(y)))),
    distinct=True, special=_TIES)  # fmt: skip
def fmax(x, y, /):
    """The larger of two elements; the other one if one is nan. Of equals, the first gets the gradient.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fmax(tg.tensor([1.0, float("nan")]), tg.tensor([3.0, 4.0]))
        tensor([3., 4.])
    """
    return np.fmax(x, y)


@op(np.fmin, vjp=(lambda g, x, y: keep(g, (x <= y) | np.isnan(y)), lambda g, x, y: keep(g, ~((x <= y) | np.isnan(y)))),
    distinct=True, special=_TIES)  # fmt: skip
def fmin(x, y, /):
    """The smaller of two elements; the other one if one is nan. Of equals, the first gets the gradient.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fmin(tg.tensor([1.0, float("nan")]), tg.tensor([3.0, 4.0]))
        tensor([1., 4.])
    """
    return np.fmin(x, y)


# --- clamp -------------------------------------------------------------------------------------------------------

_BOUNDS = [case((2, 3), min=-0.5, max=0.5), case((2, 3), min=0), case((), max=0.25), case((2, 3), min=1, max=-1)]
_AT_BOUNDS = [case(np.array([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, 0.5, 2.0]), min=0.0, max=1.0)]


def _bound(number: Any, dtype: np.dtype[Any]) -> Any:
    """The number; a negative one wraps around for unsigned integers, as PyTorch's does."""
    return np.asarray(number).astype(dtype) if dtype.kind == "u" and number < 0 else operand(number, dtype)


def _inside(x: Any, min: Any, max: Any) -> Any:
    if max is None:
        return x >= min
    return x <= max if min is None else (x >= min) & (x <= max)


@op(vjp=lambda g, x, min, max: keep_where(g, x, lambda x: _inside(x, min, max)), method=False, torch_name="clamp",
    cases=_BOUNDS, avoid=(-1.0, -0.5, 0.0, 0.25, 0.5, 1.0), special=_AT_BOUNDS, node_name="ClampBackward1")  # fmt: skip
def _clamp(x, /, *, min=None, max=None):
    """`clamp` with numbers as bounds."""
    if x.dtype.kind in "biu":
        x = x.astype(dtypes.result_type([x, *[bound for bound in (min, max) if bound is not None]]), copy=False)
    if min is not None:
        x = np.maximum(x, _bound(min, x.dtype))
    return x if max is None else np.minimum(x, _bound(max, x.dtype))


@op(vjp=(lambda g, x, y: keep(g, x >= y), lambda g, x, y: keep(g, x < y)), method=False, torch_name="clamp_min",
    distinct=True, special=_TIES, node_name="ClampMinBackward0")  # fmt: skip
def _clamp_min(x, y, /):
    """`clamp_min` with a tensor as bound."""
    return np.maximum(x, y)


@op(vjp=(lambda g, x, y: keep(g, x <= y), lambda g, x, y: keep(g, x > y)), method=False, torch_name="clamp_max",
    distinct=True, special=_TIES, node_name="ClampMaxBackward0")  # fmt: skip
def _clamp_max(x, y, /):
    """`clamp_max` with a tensor as bound."""
    return np.minimum(x, y)


def _is_number(bound: Any) -> bool:
    return bound is None or isinstance(bound, int | float | np.generic)


def _between_numbers(args: tuple[Any, ...]) -> Tensor | None:
    """The usual call: between two numbers of Python's."""
    if len(args) == 3 and isinstance(args[0], Tensor) and type(args[1]) in _NUMBERS and type(args[2]) in _NUMBERS:
        return quick_call(_clamp.op, args[0], {"min": args[1], "max": args[2]})
    return None


@usually(_between_numbers)
@composite(aliases=("clip",))
def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """Each element, but at least `min` and at most `max`: numbers, tensors, or None for no bound.

    The gradient is 1 between the bounds and at them, 0 beyond. With ``min > max`` all elements become `max`.

    Raises:
        RuntimeError: there is no bound.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([-2.0, 0.5, 3.0]).clamp(0, 1)
        tensor([0.0000, 0.5000, 1.0000])
        >>> tg.tensor([-2.0, 0.5, 3.0]).clamp(min=tg.tensor([0.0, 1.0, 2.0]))
        tensor([0., 1., 3.])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor(_clamp.op, 0, input)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if _is_number(min) and _is_number(max):
        min, max = [bound.item() if isinstance(bound, np.generic) else bound for bound in (min, max)]
        quick = quick_call(_clamp.op, input, {"min": min, "max": max})
        result = _clamp(input, min=min, max=max) if quick is None else quick
    else:
        if isinstance(min, Tensor) and isinstance(max, Tensor):  # of one type, found from all three at once
            input = input.to(dtypes.result_type([input._array, min._array, max._array]))
        result = input if min is None else _clamp_min(input, min)
        result = result if max is None else _clamp_max(result, max)
    return result if out is None else write_out(out, result)


@composite(np.clip, method=False)
def _numpy_clip(
    a: Tensor, a_min: Any = None, a_max: Any = None, out: Tensor | None = None, *, min: Any = None, max: Any = None
) -> Tensor:
    """NumPy's names of `clamp`'s arguments."""
    return clamp(a, a_min if min is None else min, a_max if max is None else max, out=out)


@composite()
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """Each element, but at least `min`, a number or a tensor; see `clamp`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([-2.0, 3.0]).clamp_min(0)
        tensor([0., 3.])
    """
    return clamp(input, min=min)


@composite()
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """Each element, but at most `max`, a number or a tensor; see `clamp`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([-2.0, 3.0]).clamp_max(0)
        tensor([-2.,  0.])
    """
    return clamp(input, max=max)


clip = clamp
inplace_form(clamp, "clip")
inplace_form(clamp_min)
inplace_form(clamp_max)
