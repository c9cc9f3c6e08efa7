"""Calling an op: take the arrays out of the tensors, compute, and record if a gradient is wanted.

There are callers for one input, for two, and for any number of them; and for elementwise ops of one and of two inputs,
which most of a small program is made of. The others are the general one with less to look up.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes, lifted
from . import tensor as tensors
from .dtypes import FLOAT32, FLOAT64
from .errors import NUMPY_NAMES, NotATensorError, explain, near, not_a_tensor, refuse_bool_minus, shown_name
from .graph import Edge, View
from .inference import InferenceError, check_not_inference
from .inplace import cannot_cast, check_target, store
from .lifted import LiftedError
from .modes import modes
from .numbers import TABLE_32, TABLE_64, as_array
from .real_only import complaint, refused
from .recording import CONSTANT
from .tensor import Tensor, current_edge, wrap

if TYPE_CHECKING:
    from .op import Op

_ndarray = np.ndarray
REQUIRED = inspect.Parameter.empty  # an option without a default
_NO_OPTIONS: dict[str, Any] = {}


def make_unary(op: Op) -> Callable[..., Tensor]:
    """The caller of an elementwise op of one input, without options."""
    forward = op.forward
    differentiable = op.differentiable
    to_float = op.promotes == "float"
    real_only = complaint(op.name)
    records = op.records

    def call(input: Any, *, out: Tensor | None = None) -> Tensor:
        if not isinstance(input, Tensor):
            raise not_a_tensor(op, 0, input)
        x = input._array
        dtype = x.dtype
        if dtype is not FLOAT32 and dtype is not FLOAT64:
            if real_only is not None and dtype.kind == "c":
                raise refused(real_only, x)
            if to_float:
                (input,) = promote(op, (input,))
                x = input._array
        try:
            array = modes.quiet(forward, x)
        except LiftedError:
            return lifted.operation(op, (input,), _NO_OPTIONS, out)  # type: ignore[no-any-return]
        except Exception as error:
            array = _again(op, (input,), _NO_OPTIONS, error)
        if type(array) is not _ndarray:
            array = np.asarray(array)
        edge = input._edge if input._view is None else current_edge(input)
        if edge is None or not differentiable or not modes.grad:
            result = wrap(array)
        else:
            result = records[1]((edge,), (x,), (input._cell,), _NO_OPTIONS, array)
        return result if out is None else write_out(out, result)

    return call


def make_binary(op: Op, *, operator: bool = False) -> Callable[..., Any]:
    """The caller of an elementwise op of two inputs, whose options, if any, are given by keyword.

    Args:
        operator: without options, and giving NotImplemented for an operand that is no tensor or number: its class may
            know what to do.
    """
    forward = op.forward
    defaults = op.defaults
    differentiable = op.differentiable
    records = op.records
    general = make_call(op, None)

    # Most of a small program's time is spent in here, and in the `record` of a plan.
    def apply(input: Any, other: Any, out: Tensor | None = None, options: dict[str, Any] = defaults) -> Any:
        shapes = None
        if (
            isinstance(input, Tensor)
            and isinstance(other, Tensor)
            and (dtype := (x := input._array).dtype) is (y := other._array).dtype
            and (dtype is FLOAT32 or dtype is FLOAT64)
        ):
            edge_x = input._edge if input._view is None else current_edge(input)
            edge_y = other._edge if other._view is None else current_edge(other)
            cells = input._cell, other._cell
            if x.shape != y.shape:
                shapes = x.shape, y.shape
        elif (
            ((kind := type(other)) is float or kind is int)
            and isinstance(input, Tensor)
            and ((dtype := (x := input._array).dtype) is FLOAT32 or dtype is FLOAT64)
        ):
            y = (TABLE_32 if dtype is FLOAT32 else TABLE_64).get(other) or as_array(other, dtype)
            edge_x = input._edge if input._view is None else current_edge(input)
            edge_y = None
            cells = input._cell, CONSTANT
        elif (
            ((kind := type(input)) is float or kind is int)
            and isinstance(other, Tensor)
            and ((dtype := (y := other._array).dtype) is FLOAT32 or dtype is FLOAT64)
        ):
            x = (TABLE_32 if dtype is FLOAT32 else TABLE_64).get(input) or as_array(input, dtype)
            edge_x = None
            edge_y = other._edge if other._view is None else current_edge(other)
            cells = CONSTANT, other._cell
        else:
            return from_any(input, other, out, options)
        try:
            array = modes.quiet(forward, x, y) if options is defaults else modes.quiet(forward, x, y, **options)
        except LiftedError:
            return lifted.operation(op, (input, other), options, out)
        except Exception as error:
            array = _again(op, (input, other), options, error)
        if type(array) is not _ndarray:
            array = np.asarray(array)
        mask = 0 if edge_x is None else 1
        if edge_y is not None:
            mask += 2
        if mask == 0 or not differentiable or not modes.grad:
            result = wrap(array)
        else:
            result = records[mask]((edge_x, edge_y), (x, y), cells, options, array, shapes)
        return result if out is None else write_out(out, result)

    def from_any(input: Any, other: Any, out: Tensor | None, options: dict[str, Any]) -> Any:
        try:
            return general(input, other, out=out, **options)
        except NotATensorError:
            if operator:
                return NotImplemented
            raise

    def call(input: Any, other: Any, *, out: Tensor | None = None, **options: Any) -> Any:
        return apply(input, other, out, complete(op, options) if options else defaults)

    return apply if operator else call


def make_single(op: Op, collects: str | None) -> Callable[..., Any]:
    """The caller of an op of one input, with options by position or keyword, one or several outputs, or views."""
    forward = op.forward
    defaults = op.defaults
    differentiable = op.differentiable
    simple = not op.required
    promotes = op.promotes is not None
    several = op.several
    keeps = bool(op.residuals)
    view_of = _view_call(op) if op.kind == "view" else None
    real_only = complaint(op.name)
    records = op.records

    def call(*inputs: Any, **options: Any) -> Any:
        out = None
        if simple and not options and len(inputs) == 1:
            options = defaults
        else:
            out = options.pop("out", None)
            inputs, options = bind(op, inputs, options, collects)
        if promotes:
            inputs = promote(op, inputs)
        (input,) = inputs
        if not isinstance(input, Tensor):
            raise not_a_tensor(op, 0, input)
        x = input._array
        if real_only is not None and x.dtype.kind == "c":
            raise refused(real_only, x)
        edge = input._edge if input._view is None else current_edge(input)
        try:
            array = modes.quiet(forward, x, **options)
        except LiftedError:
            return lifted.operation(op, inputs, options, out)
        except Exception as error:
            array = _again(op, inputs, options, error)
        residuals: tuple[Any, ...] = ()
        if keeps:
            array, *residuals = array
        if not several and type(array) is not _ndarray:
            array = np.asarray(array)
        if edge is None or not differentiable or not modes.grad:
            result: Any = [wrap(a) for a in array] if several else wrap(array)
        else:
            result = records[1]((edge,), (x,), (input._cell,), options, array, None, residuals)
        if view_of is not None:
            view_of(result, input, options)
        if several:
            return tuple(result)
        return result if out is None else write_out(out, result)

    return call


def make_call(op: Op, collects: str | None) -> Callable[..., Any]:
    """The caller of any op: options by position or keyword, several inputs and outputs."""
    if len(op.inputs) == 1 and not op.variadic:
        return make_single(op, collects)
    forward = op.forward
    differentiable = op.differentiable
    count = len(op.inputs)
    simple = not op.variadic and not op.required
    promotes = op.promotes is not None
    several = op.several
    keeps = bool(op.residuals)
    broadcasts = op.broadcasts
    real_only = complaint(op.name)
    records = op.records

    def call(*inputs: Any, **options: Any) -> Any:
        out = options.pop("out", None) if options else None
        if not options and len(inputs) == count and simple:
            options = op.defaults
        else:
            inputs, options = bind(op, inputs, options, collects)
        if promotes:
            inputs = promote(op, inputs)
        elif not isinstance(inputs[0], Tensor):
            raise not_a_tensor(op, 0, inputs[0])
        arrays = [i._array if isinstance(i, Tensor) else i for i in inputs]
        if real_only is not None:
            first = arrays[0] if type(arrays[0]) is _ndarray else arrays[-1]
            if type(first) is _ndarray and first.dtype.kind == "c":
                raise refused(real_only, first)
        try:
            array = modes.quiet(forward, *arrays, **options) if options else modes.quiet(forward, *arrays)
        except LiftedError:
            return lifted.operation(op, inputs, options, out)
        except Exception as error:
            array = _again(op, inputs, options, error)
        residuals: tuple[Any, ...] = ()
        if keeps:
            array, *residuals = array
        if not several and type(array) is not _ndarray:
            array = np.asarray(array)
        mask = 0
        if differentiable and modes.grad:
            cells: list[list[int]] = []
            edges: list[Edge | None] = []
            bit = 1
            for i in inputs:
                edge = None
                cell = CONSTANT
                if isinstance(i, Tensor):
                    cell = i._cell
                    edge = i._edge if i._view is None else current_edge(i)
                    if edge is not None:
                        mask += bit
                cells.append(cell)
                edges.append(edge)
                bit += bit
        if mask == 0:
            result: Any = [wrap(a) for a in array] if several else wrap(array)
        else:
            shapes = tuple([np.shape(a) for a in arrays]) if broadcasts else None
            result = records[mask](tuple(edges), tuple(arrays), cells, options, array, shapes, residuals)
        if several:
            return tuple(result)
        return result if out is None else write_out(out, result)

    return call


def _again(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], error: Exception) -> Any:
    """What to do when the forward function has raised: say so in PyTorch's words.

    A forward that was called from within another op's forward (a finaliser, a signal handler, or a user's op that
    makes tensors) cannot enter the quiet context a second time; it is in it already, and simply runs.
    """
    if isinstance(error, RuntimeError) and "cannot enter context" in str(error):
        try:
            return op.forward(*[i._array if isinstance(i, Tensor) else i for i in inputs], **options)
        except Exception as inner:
            error = inner
    raise explain(op, inputs, options, error) from None


# --- arguments ---------------------------------------------------------------------------------------------------


def bind(
    op: Op, args: tuple[Any, ...], options: dict[str, Any], collects: str | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Sort what was given into inputs and a full set of options."""
    count = len(op.inputs)
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
    if collects is not None and isinstance(extra[0], int | np.integer | Tensor):
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


# --- outputs -----------------------------------------------------------------------------------------------------


def make_inplace(op: Op) -> Callable[..., Tensor]:
    """The in-place form: the op's result is stored in the first input's memory, and its history adopted."""

    def call(input: Tensor, *others: Any, **options: Any) -> Tensor:
        check_target(input, others)
        return store(input, op.call(input, *others, **options))

    call.__name__ = call.__qualname__ = f"{op.name}_"
    call.__doc__ = f"In-place version of `{op.name}`."
    return call


def write_out(out: Tensor, result: Tensor) -> Tensor:
    """Store a result in the tensor given as ``out=``."""
    if not isinstance(out, Tensor):
        raise TypeError(f"out=: expected a Tensor, got {type(out).__name__}")
    check_not_inference(out._cell)
    if result._edge is not None or out.requires_grad:
        raise RuntimeError(
            "out=... arguments don't support automatic differentiation, but one of the arguments requires grad. "
            "Leave out= away, or compute under no_grad()."
        )
    if out._array.shape != result._array.shape:
        if not dtypes.can_cast(result._array.dtype, out._array.dtype):
            raise cannot_cast(result._array.dtype, out._array.dtype)
        out._array = np.empty(result._array.shape, out._array.dtype)
    return store(out, result)


def accepting_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with one more argument, ``out=``: a tensor, or a tuple of as many as it returns."""

    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **options: Any) -> Any:
        result = function(*args, **options)
        if out is None:
            return result
        if isinstance(result, Tensor):
            return write_out(out, result)
        written = [write_out(o, r) for o, r in zip(out, result, strict=True)]
        return type(result)(*written) if hasattr(result, "_fields") else type(result)(written)

    shown = inspect.signature(function)
    parameters = list(shown.parameters.values())
    place = len(parameters) - (bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD)
    parameters.insert(place, inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Any"))
    call.__signature__ = shown.replace(parameters=parameters)  # type: ignore[attr-defined]
    return call


def _view_call(op: Op) -> Callable[[Any, Tensor, dict[str, Any]], None]:
    """Marks the outputs of a view op as views of their input, if their memory is indeed shared."""

    exact = op.name == "as_strided"

    def mark(result: Any, source: Tensor, options: dict[str, Any]) -> None:
        outputs = result if op.several else (result,)
        for position, output in enumerate(outputs):
            if shares_memory(output._array, source._array):
                replay = _replay(op.call, options, position if op.several else None)
                become_view(output, source, replay, "several" if op.several else "", exact)

    return mark


def _replay(call: Callable[..., Any], options: dict[str, Any], position: int | None) -> Callable[[Any], Any]:
    if position is None:
        return lambda base: call(base, **options)
    return lambda base: call(base, **options)[position]


def become_view(
    output: Tensor, source: Tensor, replay: Callable[[Any], Any], origin: str = "", exact: bool = False
) -> None:
    """Make a tensor known as a view of another, whose memory it shares.

    Args:
        output, source: the view, and what it is a view of.
        replay: takes the same view of the source, or of anything of its shape and layout.
        origin, exact: as those of `View`.
    """
    if not modes.grad:
        origin = "inference" if modes.inference else "no_grad"
    above = source._view
    if above is None:
        try:
            output._view = View(source, replay, source._cell, origin, exact)
        except InferenceError:  # autograd does not follow these, in any mode
            output._view = None
    else:
        if above.array is not above.base._array:  # the base's shape has been changed in place
            current_edge(source)
        before = above.replay
        whole = lambda base: replay(before(base))  # noqa: E731
        output._view = View(above.base, whole, source._cell, origin or above.origin, exact or above.exact)
        if exact:  # it may reach over what is between
            tensors.relocate_view(output, output._view)
    output._cell = source._cell


def shares_memory(array: np.ndarray[Any, Any], source: np.ndarray[Any, Any]) -> bool:
    """Whether a view op's output lies in its input's memory; some (reshape) copy when they must."""
    owner = array.base
    if owner is None:
        return array is source
    return owner is source or owner is source.base or np.may_share_memory(array, source)
