"""What has to hold for every op: one small function for each promise.

A check takes an op and its cases, and raises `CheckFailure` (an AssertionError) with a report. `CHECKS` names them all,
and `applicable` says which of them mean something for an op. None can be switched off.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core.modes import no_grad
from .._core.op import REGISTRY, Case, Integers, Op
from .._core.tensor import Tensor, wrap
from . import numeric
from .derivatives import forward_arrays, grad_outputs, gradients, outputs, second_gradients
from .report import CheckFailure, compare, failure
from .samples import Sample, default_cases, is_float, make_sample, samples

Cases = Sequence[Case] | None
Check = Callable[[Op, Cases], None]
CHECKS: dict[str, Check] = {}
_ANALYTIC = ("analytic", "numeric")
_FLOATS = (np.float16, np.float32, np.float64)
_FUSED = 1e-10  # a fused rule against its parts, which compute in another order
_REORDERED = 1e-12  # the same sums in the order that another memory layout gives
_HALF_SUMS = {np.dtype(np.float16): 2e-2, np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-12}


def check(function: Check) -> Check:
    """Enter a check into `CHECKS`."""
    CHECKS[function.__name__] = function
    return function


def applicable(op: Op, cases: Cases = None) -> list[str]:
    """The names of the checks that mean something for this op."""
    names = ["deterministic", "layouts", "inputs_unchanged", "float_types"]
    if op.differentiable:
        names += ["gradient", "second_gradient", "raw_equals_recorded", "linear_in_gradient"]
        if any(len(sample.differentiable) > 1 for sample in samples(op, cases)):
            names.append("each_input_alone")
    if op.kind == "elementwise":
        names += ["empty_and_zero_dim", "output_argument"]
        if len(op.inputs) > 1:
            names.append("broadcasting")
        if hasattr(Tensor, f"{op.name}_"):
            names.append("in_place")
    if op.numpy_functions:
        names.append("numpy_functions")
    return names


def factor(op: Op) -> float:
    """How much looser than usual the op's comparisons are; it has declared why."""
    return op.tolerance[0] if op.tolerance else 1.0


# --- values ------------------------------------------------------------------------------------------------------


@check
def deterministic(op: Op, cases: Cases = None) -> None:
    """The same inputs give the same output, bit for bit."""
    for sample in samples(op, cases, special=True):
        for number, (first, again) in enumerate(zip(outputs(sample), outputs(sample), strict=True)):
            compare(sample, "deterministic", f"output {number}", again, first, names=("second call", "first call"))


def _transposed(array: Any) -> Any:
    return np.asfortranarray(array) if array.ndim > 1 else array.copy()


def _strided(array: Any) -> Any:
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1] + 1) if array.ndim else (3,), array.dtype)
    view = wide[..., 1::2] if array.ndim else wide[1:2].reshape(())
    view[...] = array
    return view


def _reversed(array: Any) -> Any:
    backward = (slice(None, None, -1),) * array.ndim + (...,)
    return array[backward].copy()[backward]


def _read_only(array: Any) -> Any:
    copied = array.copy()
    copied.flags.writeable = False
    return copied


LAYOUTS = {"transposed": _transposed, "strided": _strided, "reversed": _reversed, "read-only": _read_only}


@check
def layouts(op: Op, cases: Cases = None) -> None:
    """How the inputs lie in memory, and whether they may be written to, changes neither values nor gradients."""
    for sample in samples(op, cases):
        given = grad_outputs(sample)
        values, grads = outputs(sample), gradients(sample, given) if sample.differentiable else []
        for name, relay in LAYOUTS.items():
            if name != "read-only" and "view" in (op.name, op.kind) and not op.differentiable:
                continue
            other = sample.replace({i: relay(v) for i, v in enumerate(sample.inputs) if isinstance(v, np.ndarray)})
            _same_in_layout(sample, other, name, given, values, grads)


def _same_in_layout(
    sample: Sample, other: Sample, name: str, given: Sequence[Any], values: list[Any], grads: list[Any]
) -> None:
    names = (f"{name} inputs", "contiguous inputs")
    tolerance = _REORDERED * factor(sample.op)
    try:
        found = outputs(other)
    except RuntimeError as error:
        if sample.op.name == "view" and "not compatible" in str(error):
            return  # documented: `view` refuses what would need a copy
        raise
    for number, (a, b) in enumerate(zip(found, values, strict=True)):
        compare(sample, "layouts", f"output {number}", a, b, tolerance=tolerance, names=names)
    if not sample.differentiable:
        return
    # what arrives may lie in any order as well
    relaid = [None if g is None else LAYOUTS[name](g) for g in given]
    for position, a, b in zip(sample.differentiable, gradients(other, relaid), grads, strict=True):
        compare(sample, "layouts", f"gradient of input {position}", a, b, tolerance=tolerance, names=names)


@check
def inputs_unchanged(op: Op, cases: Cases = None) -> None:
    """Neither forward nor backward writes to an input or to the gradient that arrives."""
    for sample in samples(op, cases, special=True):
        given = grad_outputs(sample)
        arrays = {f"input {i}": value for i, value in enumerate(sample.inputs) if isinstance(value, np.ndarray)}
        arrays |= {f"gradient of output {i}": value for i, value in enumerate(given) if value is not None}
        before = {name: array.copy() for name, array in arrays.items()}
        outputs(sample)
        if sample.differentiable:
            gradients(sample, given)
            gradients(sample, given, create_graph=True)
        for name, array in arrays.items():
            compare(sample, "inputs_unchanged", name, array, before[name], names=("afterwards", "before"))


@check
def float_types(op: Op, cases: Cases = None) -> None:
    """Gradients have the type of their input, and outputs too, unless another was asked for."""
    for dtype in map(np.dtype, _FLOATS):
        for sample in samples(op, cases, dtype):
            floating = {value.dtype for value in sample.inputs if is_float(value)}
            asked = any("dtype" in name or name in ("target", "source") for name in sample.options)
            for number, value in enumerate(outputs(sample)):
                if floating and is_float(value) and not asked and value.dtype not in floating:
                    raise failure(sample, "float_types", f"output {number} is {value.dtype}, the inputs are {dtype}")
            _gradient_types(sample)


def _gradient_types(sample: Sample) -> None:
    if not sample.differentiable:
        return
    given = grad_outputs(sample)
    for recorded in (False, True):
        found = gradients(sample, given, create_graph=recorded)
        for position, gradient in zip(sample.differentiable, found, strict=True):
            value = sample.inputs[position]
            if gradient.dtype != value.dtype or gradient.shape != value.shape:
                mode = "recorded" if recorded else "raw"
                raise failure(
                    sample, "float_types",
                    f"{mode} gradient of input {position} is {gradient.dtype}{list(gradient.shape)}, the input is "
                    f"{value.dtype}{list(value.shape)}",
                )  # fmt: skip


# --- derivatives -------------------------------------------------------------------------------------------------


def _hold(
    sample: Sample, name: str, what: str, analytic: Any, arrays: list[Any], place: int, functions: Any, weights: Any
) -> None:
    """Compare one gradient with the numeric derivative along a random direction."""
    if not arrays[place].size or not any(weight is not None and weight.size for weight in weights):
        return
    value, complex_value = functions
    direction = sample.random(2, place).uniform(0.5, 1.0, arrays[place].shape)
    direction *= np.where(sample.random(3, place).random(arrays[place].shape) < 0.5, -1.0, 1.0)
    expected, accuracy = numeric.derivative(value, complex_value, arrays, place, direction, weights)
    parts = analytic * direction
    scale = max(float(np.abs(parts).sum()), abs(expected), 1e-3)
    if abs(float(parts.sum()) - expected) <= accuracy * factor(sample.op) * scale:
        return
    slow = numeric.elementwise(value, arrays, place, weights)
    compare(sample, name, what, analytic, slow, tolerance=accuracy * factor(sample.op), names=_ANALYTIC)
    raise failure(
        sample, name, f"{what}: along a random direction: analytic {parts.sum():.12g}, numeric {expected:.12g}"
    )


@check
def gradient(op: Op, cases: Cases = None) -> None:
    """The rules give the derivative of the forward function."""
    for sample in samples(op, cases):
        given = grad_outputs(sample)
        arrays = list(sample.inputs)

        def value(changed: list[Any], sample: Sample = sample) -> list[Any]:
            return outputs(sample.replace(dict(enumerate(changed))))

        def complex_value(changed: list[Any], sample: Sample = sample) -> list[Any]:
            return forward_arrays(sample, changed)

        for position, analytic in zip(sample.differentiable, gradients(sample, given), strict=True):
            what = f"gradient of input {position} ('{_name(op, position)}')"
            _hold(sample, "gradient", what, analytic, arrays, position, (value, complex_value), given)


def _name(op: Op, position: int) -> str:
    return op.inputs[min(position, len(op.inputs) - 1)]


@check
def second_gradient(op: Op, cases: Cases = None) -> None:
    """The recorded gradient is differentiable, in the inputs and in the gradient that arrived."""
    for sample in samples(op, cases):
        given = grad_outputs(sample)
        positions = sample.differentiable
        random = sample.random(4)
        weights = [np.asarray(random.uniform(-1.0, 1.0, sample.inputs[i].shape)) for i in positions]
        by_input, by_given = second_gradients(sample, given, weights)
        count = len(positions)

        def value(changed: list[Any], sample: Sample = sample, count: int = count) -> list[Any]:
            values = dict(zip(sample.differentiable, changed[:count], strict=True))
            return list(gradients(sample.replace(values), changed[count:]))

        arrays = [*(sample.inputs[i] for i in positions), *given]
        for place, analytic in enumerate([*by_input, *by_given]):
            if analytic is not None:
                what = f"second gradient, by {f'input {positions[place]}' if place < count else 'the gradient'}"
                _hold(sample, "second_gradient", what, analytic, arrays, place, (value, None), weights)


@check
def raw_equals_recorded(op: Op, cases: Cases = None) -> None:
    """A rule gives on tensors what it gives on arrays, bit for bit; a fused op's parts give what its own rule gives."""
    tolerance = _FUSED * factor(op) if op.parts is not None else 0.0
    for sample in samples(op, cases, special=True):
        given = grad_outputs(sample)
        raw, recorded = gradients(sample, given), gradients(sample, given, create_graph=True)
        for position, a, b in zip(sample.differentiable, recorded, raw, strict=True):
            what = f"gradient of input {position}"
            compare(sample, "raw_equals_recorded", what, a, b, tolerance=tolerance, names=("recorded", "raw"))


@check
def linear_in_gradient(op: Op, cases: Cases = None) -> None:
    """A rule is linear in the gradient that arrives."""
    for sample in samples(op, cases):
        first, second = grad_outputs(sample), grad_outputs(sample, 1)
        mixed = [None if a is None or b is None else 3 * a - 0.5 * b for a, b in zip(first, second, strict=True)]
        found = zip(sample.differentiable, *(gradients(sample, g) for g in (mixed, first, second)), strict=True)
        for position, actual, a, b in found:
            what = f"gradient of input {position} for 3 g - h / 2"
            compare(sample, "linear_in_gradient", what, actual, 3 * a - 0.5 * b, tolerance=1e-12 * factor(op))


@check
def each_input_alone(op: Op, cases: Cases = None) -> None:
    """Which other inputs want a gradient does not change an input's own."""
    for sample in samples(op, cases):
        given = grad_outputs(sample)
        for position, expected in zip(sample.differentiable, gradients(sample, given), strict=True):
            for recorded in (False, True):
                (alone,) = gradients(sample, given, only=[position], create_graph=recorded)
                tolerance = _FUSED * factor(op) if recorded and op.parts is not None else _REORDERED
                what = f"gradient of input {position} when no other wants one"
                compare(sample, "each_input_alone", what, alone, expected, tolerance=tolerance)


# --- elementwise ops ---------------------------------------------------------------------------------------------


def reshaped(op: Op, shapes: Sequence[tuple[int, ...]], cases: Cases = None) -> Case:
    """The op's first case, with inputs of these shapes."""
    template = (list(cases) if cases else list(default_cases(op)))[0]
    inputs: list[Any] = []
    for wanted, shape in zip(template.inputs, shapes, strict=True):
        if isinstance(wanted, Integers):
            inputs.append(Integers(shape, wanted.high, wanted.boolean))
        else:
            inputs.append(shape if isinstance(wanted, tuple) else wanted)
    return Case(tuple(inputs), template.options)


_EMPTY = ((), (0,), (2, 0), (0, 3))


@check
def empty_and_zero_dim(op: Op, cases: Cases = None) -> None:
    """Inputs without elements or without dimensions give outputs and gradients of their shape."""
    for shape in _EMPTY:
        sample = make_sample(op, reshaped(op, [shape] * _count(op, cases), cases))
        for number, value in enumerate(outputs(sample)):
            if value.shape != shape:
                raise failure(sample, "empty_and_zero_dim", f"output {number} has shape {list(value.shape)}")
        for found in gradients(sample, grad_outputs(sample)) if sample.differentiable else ():
            if found.shape != shape:
                raise failure(sample, "empty_and_zero_dim", f"a gradient has shape {list(found.shape)}")


def _count(op: Op, cases: Cases) -> int:
    return len((list(cases) if cases else list(default_cases(op)))[0].inputs)


_BROADCASTS = (
    ((2, 3), (3,), (1,)), ((3, 1), (1, 4), ()), ((), (2, 2), (2, 1)), ((0, 3), (1, 1), (3,)),
    ((2, 1, 3), (4, 1), (1, 1, 1)),
)  # fmt: skip


@check
def broadcasting(op: Op, cases: Cases = None) -> None:
    """Inputs of different shapes act as if repeated, and each gradient has its input's own shape."""
    for shapes in _BROADCASTS:
        count = _count(op, cases)
        hold_broadcast(op, (shapes * count)[:count], cases)


def hold_broadcast(op: Op, shapes: Sequence[tuple[int, ...]], cases: Cases = None) -> None:
    """The `broadcasting` check for one choice of shapes."""
    sample = make_sample(op, reshaped(op, shapes, cases))
    shape = np.broadcast_shapes(*[np.shape(value) for value in sample.inputs])
    repeated = {i: np.broadcast_to(v, shape).copy() for i, v in enumerate(sample.inputs) if isinstance(v, np.ndarray)}
    whole = sample.replace(repeated)
    for number, (a, b) in enumerate(zip(outputs(sample), outputs(whole), strict=True)):
        compare(sample, "broadcasting", f"output {number}", a, b, tolerance=_REORDERED, names=("broadcast", "repeated"))
    if not sample.differentiable:
        return
    given = grad_outputs(sample)
    for position, a, b in zip(sample.differentiable, gradients(sample, given), gradients(whole, given), strict=True):
        own = sample.inputs[position].shape
        b = b.sum(axis=tuple(range(len(shape) - len(own))))
        b = b.sum(axis=tuple(i for i, n in enumerate(own) if n == 1), keepdims=True).reshape(own)
        names = ("broadcast", "repeated, then summed")
        compare(sample, "broadcasting", f"gradient of input {position}", a, b, tolerance=1e-11, names=names)


@check
def output_argument(op: Op, cases: Cases = None) -> None:
    """``out=`` receives what the op returns."""
    for sample in samples(op, cases):
        with no_grad():
            expected = outputs(sample)[0]
            target = wrap(np.empty_like(expected))
            returned = op.call(*sample.tensors(), out=target, **sample.options)
        if returned is not target:
            raise failure(sample, "output_argument", "out= was not returned")
        compare(sample, "output_argument", "out=", target._array, expected)


@check
def in_place(op: Op, cases: Cases = None) -> None:
    """``x.<name>_()`` stores in x what the op returns, with the same gradients."""
    method = getattr(Tensor, f"{op.name}_")
    for sample in samples(op, cases):
        expected, first = outputs(sample)[0], sample.inputs[0]
        if not isinstance(first, np.ndarray) or expected.shape != first.shape or expected.dtype != first.dtype:
            continue
        tensors = sample.tensors(True)
        target = REGISTRY["clone"].call(tensors[0])
        returned = method(target, *tensors[1:], **sample.options)
        if returned is not target:
            raise failure(sample, "in_place", f"{op.name}_ did not return its tensor")
        compare(sample, "in_place", f"{op.name}_", target._array, expected)
        if sample.differentiable:
            _same_history(sample, target, tensors)


def _same_history(sample: Sample, target: Tensor, tensors: Sequence[Any]) -> None:
    from .._core.gradients import grad

    given = grad_outputs(sample)
    wanted = [tensors[i] for i in sample.differentiable]
    found = grad(target, wanted, [wrap(g) for g in given if g is not None], allow_unused=True)
    for position, a, b in zip(sample.differentiable, found, gradients(sample, given), strict=True):
        array = np.zeros_like(b) if a is None else a._array
        compare(sample, "in_place", f"gradient of input {position}", array, b, tolerance=_REORDERED)


# --- NumPy's own functions ---------------------------------------------------------------------------------------

_TO_NUMPY = {
    "dim": ("axis",), "dims": ("axes", "axis"), "keepdim": ("keepdims",), "dim0": ("axis1",), "dim1": ("axis2",),
    "shifts": ("shift",), "diagonal": ("k",), "min": ("a_min",), "max": ("a_max",),
}  # fmt: skip


@check
def numpy_functions(op: Op, cases: Cases = None) -> None:
    """Every NumPy function that the op answers for gives on tensors what the op gives."""
    for function in op.numpy_functions:
        tried = 0
        for sample in samples(op, cases):
            arguments = _numpy_arguments(function, sample)
            if arguments is None:
                continue
            tried += 1
            result = function(*arguments[0], **arguments[1])
            for number, expected in enumerate(outputs(sample)):
                value = result[number] if op.several else result
                what = f"np.{function.__name__}"
                if not isinstance(value, Tensor):
                    raise failure(sample, "numpy_functions", f"{what} returned {type(value).__name__}, not a Tensor")
                compare(sample, "numpy_functions", what, value._array, expected, names=(what, op.name))
        if not tried:
            raise CheckFailure(f"{op.name}: np.{function.__name__} can take none of the op's cases")


def _numpy_arguments(function: Any, sample: Sample) -> tuple[list[Any], dict[str, Any]] | None:
    """How NumPy's function is called for this sample; None where it has no such call."""
    tensors = sample.tensors()
    if isinstance(function, np.ufunc):
        return (tensors, {}) if not sample.options and function.nin == len(tensors) else None
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # written in C
        return (tensors, {}) if not sample.options else None
    options = {}
    for name, value in sample.options.items():
        alias = next((a for a in (name, *_TO_NUMPY.get(name, ())) if a in parameters), None)
        if alias is None:
            return None
        options[alias] = value
    if sample.op.variadic:
        return [tuple(tensors)], options
    try:
        inspect.signature(function).bind(*tensors, **options)
    except TypeError:
        return None
    return tensors, options
