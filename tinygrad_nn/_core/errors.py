"""Error texts: what PyTorch would raise, and in which words, when NumPy refuses an operation's inputs."""

from __future__ import annotations

import dis
import functools
import inspect
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from . import dtypes, lifted
from .lifted import LiftedError
from .tensor import Tensor

if TYPE_CHECKING:
    from .op import Op

F = TypeVar("F", bound=Callable[..., Any])


def near(word: str, known: Iterable[str]) -> str:
    """``" Did you mean 'softmax'?"``, or nothing where no known name is near."""
    import difflib  # which nobody needs before something went wrong

    found = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {found[0]!r}?" if found else ""


def describe(value: Any) -> str:
    """An input in a few words: ``Float [2, 3]``, or the number itself."""
    array = value._array if isinstance(value, Tensor) else value
    if isinstance(array, np.ndarray):
        return f"{dtypes.type_name(array.dtype)} {list(array.shape)}"
    return repr(value) if isinstance(value, int | float | complex | bool) else type(value).__name__


def _inputs(op: Op, inputs: Iterable[Any]) -> str:
    return ", ".join(f"{name}: {describe(value)}" for name, value in zip(op.public_names, inputs, strict=False))


def shown_name(op: Op) -> str:
    """The name by which users know an op: ``mse_loss`` for ``_mse``."""
    return (op.torch_name or op.name).rpartition(".")[2]


# NumPy's names of the same arguments.
NUMPY_NAMES = {
    "axis": ("dim", "dims"), "axes": ("dims",), "axis1": ("dim0",), "axis2": ("dim1",), "keepdims": ("keepdim",),
    "newshape": ("shape",), "size": ("shape",), "shift": ("shifts",), "k": ("diagonal",), "a": ("input",),
    "x": ("input",), "a_min": ("min",), "a_max": ("max",),
}  # fmt: skip
_NO_DIMENSION = "Dimension out of range"
_NO_ARGUMENT = "argument '"  # how the checks begin that do not know which function they work for


def explain(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], error: Exception) -> Exception:
    """The exception to raise in place of `error`: PyTorch's type, its words, the op, the inputs, and the fix."""
    if isinstance(error, np.exceptions.AxisError):
        return IndexError(_axis_text(op, inputs, options, error))
    name = shown_name(op)
    if isinstance(error, AttributeError):
        strange = [p for p, value in enumerate(inputs) if not isinstance(value, Tensor | np.ndarray)]
        strange.sort(key=lambda p: inputs[p] is None)  # None may be meant
        return not_a_tensor(op, strange[0], inputs[strange[0]]) if strange else error
    if isinstance(error, IndexError) and str(error).startswith(_NO_DIMENSION):
        return IndexError(f"{error} in {name}({_inputs(op, inputs)}{_option_text(options)})")
    if isinstance(error, TypeError) and str(error).startswith(_NO_ARGUMENT):
        return TypeError(f"{name}(): {error}")
    if _is_deliberate(error):
        return error
    if isinstance(error, IndexError):
        return IndexError(f"{name}(): {error} ({_inputs(op, inputs)})")
    shapes = [np.shape(i._array if isinstance(i, Tensor) else i) for i in inputs]
    if op.kind == "elementwise" and isinstance(error, ValueError) and "broadcast" in str(error):
        return RuntimeError(f"{_broadcast_text(shapes)} in {op.name}({_inputs(op, inputs)}). {_BROADCAST_FIX}")
    if isinstance(error, TypeError | np.exceptions.DTypePromotionError):
        return _type_error(op, inputs, options, error)
    if isinstance(error, OverflowError):
        kind = _kind_of(inputs)
        return RuntimeError(f"value cannot be converted to type {kind} without overflow in {name}(): {error}")
    if isinstance(error, ValueError):
        return RuntimeError(f"{name}(): {error} (got {_inputs(op, inputs)}{_option_text(options)})")
    return error


def _kind_of(inputs: tuple[Any, ...]) -> str:
    return next((str(i._array.dtype) for i in inputs if isinstance(i, Tensor)), "of the result")


def _is_deliberate(error: Exception) -> bool:
    """Whether a ``raise`` statement outside of NumPy made the error: then it says what its author wanted to say."""
    trace = error.__traceback__
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    module = str(trace.tb_frame.f_globals.get("__name__", ""))
    instruction = dis.opname[trace.tb_frame.f_code.co_code[trace.tb_lasti]]
    return instruction == "RAISE_VARARGS" and module.split(".", 1)[0] != "numpy"


_BROADCAST_FIX = (
    "Shapes are compared from the right; lengths must be equal, or one of them 1. "
    "Add a dimension with unsqueeze, or bring the data into the same shape."
)


def broadcast_shapes(name: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The one shape of all.

    Raises:
        RuntimeError: there is none; in PyTorch's words.
    """
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        shown = ", ".join(str(list(shape)) for shape in shapes)
        raise RuntimeError(f"{_broadcast_text(list(shapes))} in {name}({shown}). {_BROADCAST_FIX}") from None


def _broadcast_text(shapes: list[tuple[int, ...]]) -> str:
    """PyTorch's sentence on two shapes that do not broadcast."""
    a, b = shapes[0], shapes[-1]
    for i in range(len(shapes) - 1):  # of three or more inputs, the pair that disagrees
        for j in range(i + 1, len(shapes)):
            if any(m != n and 1 not in (m, n) for m, n in zip(shapes[i][::-1], shapes[j][::-1], strict=False)):
                a, b = shapes[i], shapes[j]
    ndim = max(len(a), len(b))
    full_a, full_b = (1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b
    for position in range(ndim - 1, -1, -1):
        m, n = full_a[position], full_b[position]
        if m != n and 1 not in (m, n):
            return (
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension "
                f"{position}"
            )
    return f"The shapes {list(a)} and {list(b)} cannot be broadcast together"


def _axis_text(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], error: np.exceptions.AxisError) -> str:
    bound = (error.ndim or 0) or 1
    return (
        f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {error.axis}) "
        f"in {op.name}({_inputs(op, inputs)}{_option_text(options)})"
    )


def _option_text(options: dict[str, Any]) -> str:
    shown = {name: value for name, value in options.items() if value is not None}
    return "".join(f", {name}={value!r}" for name, value in shown.items() if len(repr(value)) < 60)


def _type_error(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], error: Exception) -> Exception:
    kinds = {i._array.dtype.kind for i in inputs if isinstance(i, Tensor)}
    if op.name == "sub" and kinds == {"b"}:
        return RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            f"operator instead. (sub({_inputs(op, inputs)}))"
        )
    if type(error).__name__.startswith(("UFunc", "_UFunc")):
        odd = [n for n, value in options.items() if isinstance(value, str | list | dict) and value != op.defaults[n]]
        if odd:
            return TypeError(f"{shown_name(op)}(): argument '{odd[0]}' must not be {options[odd[0]]!r}")
        names = " and ".join(describe(i) for i in inputs)
        return RuntimeError(f'"{op.name}" not implemented for {names}. Convert the data first, for example x.float().')
    return TypeError(f"{shown_name(op)}(): {error} (got {_inputs(op, inputs)}{_option_text(options)})")


def refuse_bool_minus(operands: Iterable[Any]) -> None:
    """Raise PyTorch's error for a subtraction of or from booleans, which NumPy's promotion would let pass.

    Raises:
        RuntimeError: one of the operands is boolean.
    """
    given = list(operands)
    boolean = [isinstance(v, bool) or (isinstance(v, Tensor) and v._array.dtype.kind == "b") for v in given]
    if any(boolean) and not all(boolean):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead. To count with it, convert it: mask.int(). "
            f"(sub({', '.join(map(describe, given))}))"
        )


class NotATensorError(TypeError):
    """An op was given something that is neither a tensor nor a number."""


def not_a_tensor(op: Op, position: int, value: Any) -> NotATensorError:
    """PyTorch's error for an input that is no tensor, with the fix."""
    name = op.public_names[position] if position < len(op.public_names) else "input"
    return must_be_tensor(shown_name(op), name, position, value)


def must_be_tensor(function: str, name: str, position: int, value: Any) -> NotATensorError:
    """The same for an argument of any function."""
    kind = type(value)
    shown = f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__
    hint = ""
    if isinstance(value, np.ndarray):
        hint = " Wrap it: tinygrad_nn.tensor(...) copies, tinygrad_nn.from_numpy(...) shares the memory."
    elif isinstance(value, list | tuple | int | float):
        hint = " Wrap it: tinygrad_nn.tensor(...)."
    place = f"argument '{name}' (position {position + 1})"
    return NotATensorError(f"{function}(): {place} must be Tensor, not {shown}.{hint}")


# --- functions written in ops ------------------------------------------------------------------------------------


def explained(function: F, accepting: Callable[..., Any] | None = None) -> F:
    """The function, whose errors name it, the argument that is no tensor, or the keyword that was meant.

    Nothing is looked at before an error, so right calls cost one more call of a function.

    Args:
        function: it.
        accepting: the same function, but with one more argument, ``out=``. Calls without that do not go through it.
    """
    plain: Callable[..., Any] = function
    if accepting is not None:
        function = cast(F, accepting)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            if not kwargs:
                return plain(*args)
            return function(*args, **kwargs) if "out" in kwargs else plain(*args, **kwargs)
        except LiftedError:
            return lifted.function(call, args, kwargs)
        except (AttributeError, IndexError, TypeError) as error:
            renamed = _numpy_names(function, kwargs, error)
            if renamed is not None:
                return call(*args, **renamed)
            better = _explain_call(function, args, kwargs, error)
            if better is error:
                raise
        raise better

    return cast(F, call)


def _numpy_names(function: Any, kwargs: dict[str, Any], error: Exception) -> dict[str, Any] | None:
    """The keywords in PyTorch's spelling, if the call failed for one in NumPy's; else None."""
    unknown = re.search(r"got an unexpected keyword argument '(\w+)'", str(error))
    if not unknown or unknown[1] not in NUMPY_NAMES or unknown[1] not in kwargs:
        return None
    known = inspect.signature(function).parameters
    name = next((name for name in NUMPY_NAMES[unknown[1]] if name in known and name not in kwargs), None)
    if name is None or unknown[1] in known:
        return None
    return {name if key == unknown[1] else key: value for key, value in kwargs.items()}


def _explain_call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception) -> Exception:
    name, text = function.__name__.strip("_"), str(error)
    if isinstance(error, IndexError):
        if not text.startswith(_NO_DIMENSION) or " in " in text.partition("got")[2]:
            return error
        return IndexError(f"{text} in {name}({', '.join(map(describe, args))})")
    # from Python 3.13 on, Python adds a hint of its own
    unknown = re.match(rf"({name}\(\) got an unexpected keyword argument '(\w+)')", text)
    if unknown:
        known = list(inspect.signature(function).parameters)
        return TypeError(f"{unknown[1]}.{near(unknown[2], known)} Its arguments are: {', '.join(known)}.")
    for position, (parameter, kind) in enumerate(function.__annotations__.items()):
        value = args[position] if position < len(args) else kwargs.get(parameter)
        given = position < len(args) or parameter in kwargs
        if given and kind in ("Tensor", Tensor) and parameter != "return" and not isinstance(value, Tensor):
            return must_be_tensor(name, parameter, position, value)
    return TypeError(f"{name}(): {text}") if text.startswith(_NO_ARGUMENT) else error
