"""The arguments of an op's call: sorted into inputs and options, completed, and brought to one dtype."""

from __future__ import annotations

import inspect
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes
from .dtypes import FLOAT32, FLOAT64
from .errors import NUMPY_NAMES, near, not_a_tensor, refuse_bool_minus, shown_name
from .tensor import Tensor, wrap

if TYPE_CHECKING:
    from .op import Op

_ONLY_32, _ONLY_64 = {id(FLOAT32)}, {id(FLOAT64)}
REQUIRED = inspect.Parameter.empty  # an option without a default


def bind(
    op: Op, args: tuple[Any, ...], options: dict[str, Any], collects: str | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Sort what was given into inputs and a full set of options."""
    count = len(op.inputs)
    if not op.variadic:
        further = len(args) - count
        if further == 0:
            return args, complete(op, options)
        if collects is None and not options and 0 < further <= len(op.positional):
            # one is the usual case: to pair it with its name by hand takes a quarter of the time (0.1 us, 0.4)
            one = further == 1
            given = {op.positional[0]: args[count]} if one else dict(zip(op.positional, args[count:], strict=False))
            return args[:count], given if further == len(op.defaults) else complete(op, given)
    if op.variadic:
        if len(args) and isinstance(args[0], list | tuple):
            args, extra = tuple(args[0]), args[1:]
        else:
            extra = ()
        if not args:
            raise RuntimeError(f"{shown_name(op)}(): expected a non-empty list of Tensors")
    else:
        args, extra = args[:count], args[count:]
    if extra:
        options = {**_by_position(op, extra, collects), **options}
    if len(args) < count:
        args, options = _inputs_by_name(op, args, options)
    return args, complete(op, options)


def _by_position(op: Op, extra: tuple[Any, ...], collects: str | None) -> dict[str, Any]:
    several = len(extra) > 1 or collects != "dim"  # one dimension stays a number: x.squeeze(0)
    if collects is not None and several and isinstance(extra[0], int | np.integer | Tensor):
        try:
            return {collects: tuple([operator.index(e) for e in extra])}
        except TypeError:
            raise TypeError(f"{shown_name(op)}(): argument '{collects}' must be tuple of ints, got {extra!r}") from None
    if len(extra) > len(op.positional):
        most = len(op.inputs) + len(op.positional)
        raise TypeError(
            f"{shown_name(op)}() takes at most {most} positional arguments but {len(op.inputs) + len(extra)} were given"
        )
    return dict(zip(op.positional, extra, strict=False))


def _inputs_by_name(
    op: Op, args: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Inputs given by keyword: PyTorch's names, or the op's own."""
    options = dict(options)
    given = list(args)
    for position in range(len(args), len(op.inputs)):
        for name in (op.public_names[position], op.inputs[position], "a"):
            if name in options:
                given.append(options.pop(name))
                break
        else:
            raise TypeError(f"{shown_name(op)}() missing 1 required positional argument: '{op.public_names[position]}'")
    return tuple(given), options


def complete(op: Op, options: dict[str, Any]) -> dict[str, Any]:
    """All of the op's options, defaults included."""
    if not options:
        merged = op.defaults
    elif options.keys() == op.defaults.keys():
        return options
    else:
        merged = dict(op.defaults)
        for name, value in options.items():
            if name not in merged:
                alias = next((a for a in NUMPY_NAMES.get(name, ()) if a in merged), None)
                if alias is None:
                    raise TypeError(
                        f"{shown_name(op)}() got an unexpected keyword argument {name!r}.{near(name, merged)} "
                        f"Its options are: {', '.join(merged) or 'none'}."
                    )
                name = alias
            merged[name] = value
    for name in op.required:
        if merged[name] is REQUIRED:
            raise TypeError(f"{shown_name(op)}() missing 1 required positional argument: {name!r}")
    return merged


def promote(op: Op, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Bring the inputs of an elementwise op to one dtype, by PyTorch's rules. Casts of tensors are recorded."""
    if len(operands) == 1 and isinstance(operands[0], Tensor):
        kind = operands[0]._array.dtype
        if kind is FLOAT32 or kind is FLOAT64:
            return operands
    found = {id(value._array.dtype) if isinstance(value, Tensor) else 0 for value in operands}
    if found in (_ONLY_32, _ONLY_64):
        return operands
    operands = tuple([_operand(op, position, value) for position, value in enumerate(operands)])
    if not any(isinstance(value, Tensor) for value in operands):
        raise not_a_tensor(op, 0, operands[0])
    if op.name == "sub":
        refuse_bool_minus(operands)
    wanted = dtypes.result_type([v._array if isinstance(v, Tensor) else v for v in operands])
    if op.promotes == "float" and wanted.kind in "biu":
        wanted = dtypes.default_numpy()
    return tuple([_to_dtype(value, wanted, op.takes_numbers) for value in operands])


def _operand(op: Op, position: int, value: Any) -> Any:
    if isinstance(value, Tensor) or type(value) in (float, int, bool, complex):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        dtypes.from_numpy(value.dtype)
        return wrap(value)
    if isinstance(value, int | float | complex):
        return value
    raise not_a_tensor(op, position, value)


def _to_dtype(value: Any, wanted: np.dtype[Any], takes_numbers: bool) -> Any:
    if isinstance(value, Tensor):
        return value if value._array.dtype is wanted or value._array.dtype == wanted else value.to(wanted)
    if wanted.kind in "biu":  # integers wrap around, as PyTorch's do; NumPy would raise
        return np.asarray(value).astype(wanted)
    return value if takes_numbers else np.asarray(value, wanted)
