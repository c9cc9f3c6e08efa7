"""The op grammar: one decorator turns a NumPy expression and its rule into an operation on tensors.

    @op(np.exp, vjp=lambda g, out: g * out)
    def exp(x, /):
        return np.exp(x)

A rule's parameter names say what is saved for it: ``g`` (the gradient that arrives), the op's own inputs,
``NAME_shape``, ``out``, the op's options, its declared residuals, and ``needs`` (which inputs want a gradient). They
are read once, here.
Rules are plain NumPy expressions. On arrays they compute; on tensors, through NumPy's dispatch, they record themselves,
which is how derivatives of any order come from the one rule.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, Protocol, TypeVar, cast

from . import dispatch, later
from .arguments import REQUIRED
from .calls import make_binary, make_inplace, make_unary
from .errors import explained, near
from .general_calls import make_call
from .node_names import naming
from .outputs import accepting_out
from .plan import Plans, Rule
from .tensor import Tensor, has_attribute, tensor_attribute

F = TypeVar("F", bound=Callable[..., Any])
REGISTRY: dict[str, Op] = {}  # the ops that have been imported; see `later.load_all`
_PACKAGE = __name__.partition(".")[0] + "."
_TAKES_ANY_NUMBER = 0x04  # the code flag of a function with *arguments
KINDS = ("elementwise", "reduction", "view", "general", "fused")


# Plain classes: each dataclass would add a millisecond to the import.
class Case:
    """One way to call an op, for its generated tests: what its array inputs look like, and its options.

    An input is a shape (random values of the op's domain), an `Integers`, an array, or a number.
    """

    def __init__(self, inputs: tuple[Any, ...], options: dict[str, Any] | None = None) -> None:
        self.inputs, self.options = inputs, options or {}

    def __repr__(self) -> str:
        return f"Case(inputs={self.inputs!r}, options={self.options!r})"


class Integers:
    """A random integer (or, with ``high`` 2 and ``boolean``, a random boolean) input of a `Case`."""

    def __init__(self, shape: tuple[int, ...], high: int, boolean: bool = False) -> None:
        self.shape, self.high, self.boolean = shape, high, boolean

    def __repr__(self) -> str:
        return f"Integers(shape={self.shape!r}, high={self.high!r}, boolean={self.boolean!r})"


def case(*inputs: Any, **options: Any) -> Case:
    """Shorthand for a `Case`."""
    return Case(inputs, options)


class OpFunction(Protocol):
    """The public function of an op."""

    op: Op
    __name__: str
    __qualname__: str
    __signature__: inspect.Signature

    def __call__(self, *inputs: Any, **options: Any) -> Tensor:
        """Apply the op to tensors."""


class Op:
    """An operation: its forward function, its rules, and what the generated tests need to know of it.

    It is made of all these, by name; of those with a value here, only where that is another.
    """

    name: str
    forward: Callable[..., Any]
    direct: Callable[..., Any]  # the same where no option is given, without a call of Python; or forward itself
    kind: str
    rules: Sequence[Rule | None]  # one for each input, or one joint rule for all
    joint: bool
    parts: Callable[..., Any] | None
    residuals: tuple[str, ...]
    several: bool  # returns several outputs
    promotes: str | None  # "same": PyTorch's promotion; "float": and integers become floats; None: taken as they come
    takes_numbers: bool  # Python numbers beside others than float32 and float64 go to forward and rules as they are
    inputs: tuple[str, ...]
    variadic: bool  # the last input stands for any number of them
    public_names: tuple[str, ...]
    defaults: dict[str, Any]
    required: tuple[str, ...]  # options without a default
    positional: tuple[str, ...]  # options that may be given by position
    numpy_functions: tuple[Any, ...]
    domain: tuple[float, float]
    avoid: tuple[float, ...]
    distinct: bool
    cases: tuple[Case, ...]
    special: tuple[Any, ...]
    torch_name: str | None
    tolerance: tuple[float, str] | None
    node_name: str = ""
    plans: Plans  # what to save and which rules to run, for each choice of inputs that need a gradient
    call: Callable[..., Any]  # the public function
    takes_scalars: bool = False  # arrays of no dimension go to forward and rules as NumPy's scalars
    holomorphic: bool = True
    complex_numbers: bool = False  # takes or gives only such: the generated tests of real functions do not apply
    recomputes: bool = False  # its rule saves all inputs, and the output, which is computed again if written over
    broadcasts: bool = False  # its inputs are brought to one shape, which the engine undoes in the backward pass

    def __init__(self, **given: Any) -> None:
        vars(self).update(given)
        self.plans = Plans(self)
        self.broadcasts = self.kind == "elementwise" and (len(self.inputs) > 1 or self.variadic)

    def changed(self, **changes: Any) -> Op:
        """The same op, but for this."""
        return Op(**{**vars(self), **changes})

    @property
    def differentiable(self) -> bool:
        """Whether any input can get a gradient."""
        return any(rule is not None for rule in self.rules)

    def numpy(self, *arrays: Any, **options: Any) -> Any:
        """The op as a NumPy function: on arrays it computes, on tensors it records. This is what rules call."""
        for a in arrays:
            if isinstance(a, Tensor):
                return self.call(*arrays, **options)
        result = self.forward(*arrays, **options)
        return result[0] if self.residuals else result


def op(
    *numpy_functions: Any,
    vjp: Any,
    kind: str = "elementwise",
    parts: Callable[..., Any] | None = None,
    residuals: Sequence[str] = (),
    several: bool = False,
    promotes: str | None = "same",
    takes_numbers: bool = False,
    takes_scalars: bool = False,
    direct: Callable[..., Any] | None = None,
    names: Sequence[str] = ("input", "other"),
    method: bool = True,
    aliases: Sequence[str] = (),
    operator: str | None = None,
    collects: str | None = None,
    holomorphic: bool = True,
    complex_numbers: bool = False,
    recomputes: bool = False,
    node_name: str | None = None,
    domain: tuple[float, float] = (-inf, inf),
    avoid: Sequence[float] = (),
    distinct: bool = False,
    cases: Sequence[Case] = (),
    special: Sequence[Any] = (),
    torch_name: str | None = None,
    tolerance: tuple[float, str] | None = None,
) -> Callable[[Callable[..., Any]], OpFunction]:
    """Register a forward function as an operation.

    Args:
        numpy_functions: the NumPy functions that call this op when they are given a tensor.
        vjp: the rule of the only input, a tuple with one rule (or None) for each input, or, for ``kind="fused"``, one
            joint rule that returns a tuple. None: no gradient ever.
        kind: ``elementwise`` (inputs broadcast; undone by the engine), ``reduction``, ``view`` (shares memory),
            ``general``, or ``fused`` (a joint rule; needs `parts`).
        parts: the same op written in other ops, which gives a fused op its higher derivatives.
        residuals: names of small statistics that the forward returns after its output, for the joint rule.
        several: the forward returns a tuple of outputs; ``g`` is then a tuple as well.
        promotes: how the inputs' dtypes are brought together, see `Op`.
        takes_numbers: hand Python numbers to forward and rules as they are, where the other input is no array of
            float32 or float64. That is right where no function is applied to a number alone: ``np.log(2)`` is a
            float64, and would widen a gradient of half precision.
        takes_scalars: hand arrays of no dimension to forward and rules as NumPy's scalars, and gradients, too. Python's
            operators take a tenth of the time for these (0.04 us of 0.46 with the array around the result), and that
            is most of what a graph of numbers costs. It is right where there is nothing but operators.
        direct: a function of C that gives what forward gives where no option is given. Small programs are quicker
            without the call of Python (0.05 us of 1.7).
        names: PyTorch's keyword names of the array inputs.
        method, aliases, operator: under which names `Tensor` gets it: its own, further ones, a Python operator.
        collects: the option that takes any number of positional integers, as in ``x.view(2, 3)``.
        holomorphic: on complex numbers the rule, as it stands, is multiplication by the complex derivative. The engine
            makes of it what PyTorch calls the gradient there, which is the conjugate. False (for ``abs``, ``real``):
            the rule itself gives PyTorch's gradient.
        recomputes: its rule saves the inputs and, only to be quick, the output, which is computed again where it was
            written over. (PyTorch saves something else there, and lets the output be written over.)
        complex_numbers: it takes complex numbers only, or gives some for real ones. It is tested by
            ``tests/test_complex.py``, as checks of real functions do not apply.
        domain, avoid, distinct, cases, special, torch_name, tolerance: data for the generated tests. A tolerance is
            a factor and the reason for it.

    Raises:
        TypeError: the rule asks for something that there is not, or a fused op has no `parts`.

    Example:
        >>> import numpy as np, tinygrad_nn as tg
        >>> from tinygrad_nn import op
        >>> @op(vjp=lambda g, x: g * 3 * x * x, method=False)
        ... def cube(x, /):
        ...     return x * x * x
        >>> x = tg.tensor(2.0, requires_grad=True)
        >>> cube(x).backward()
        >>> x.grad
        tensor(12.)
    """

    def register(forward: Callable[..., Any]) -> OpFunction:
        _load_what_it_may_meet(forward)
        inputs, variadic, defaults, positional = _read_signature(forward)
        joint = kind == "fused" or (callable(vjp) and (variadic or len(inputs) > 1))
        rules = [vjp] if callable(vjp) else list(vjp) if vjp is not None else []
        record = Op(
            name=forward.__name__.strip("_"),
            forward=forward,
            direct=direct or forward,
            kind=kind,
            rules=[rule and Rule(rule) for rule in rules],
            joint=joint,
            parts=parts,
            residuals=tuple(residuals),
            several=several,
            promotes=promotes if kind == "elementwise" else None,
            takes_numbers=takes_numbers,
            takes_scalars=takes_scalars,
            inputs=inputs,
            variadic=variadic,
            public_names=tuple(names),
            defaults=defaults,
            required=tuple(name for name, default in defaults.items() if default is REQUIRED),
            positional=positional,
            numpy_functions=numpy_functions,
            domain=domain,
            avoid=tuple(avoid),
            distinct=distinct,
            cases=tuple(cases),
            special=tuple(special),
            torch_name=torch_name,
            tolerance=tolerance,
            holomorphic=holomorphic,
            complex_numbers=complex_numbers,
            recomputes=recomputes,
        )
        record.node_name = node_name or "".join(w.capitalize() for w in record.name.split("_")) + "Backward0"
        _check(record)
        return _publish(record, method, aliases, operator, collects)

    return register


def _load_what_it_may_meet(function: Callable[..., Any]) -> None:
    """Import all ops before one of a program's own is entered, whose names may be theirs as well."""
    if later.waiting and not str(function.__module__).startswith(_PACKAGE):
        later.load_all()


def _read_signature(forward: Callable[..., Any]) -> tuple[tuple[str, ...], bool, dict[str, Any], tuple[str, ...]]:
    """Inputs stand before the ``/`` (or are ``*inputs``), options after it."""
    code: Any = forward.__code__
    names = code.co_varnames
    by_position = names[code.co_posonlyargcount : code.co_argcount]
    keyword_only = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    variadic = bool(code.co_flags & _TAKES_ANY_NUMBER)
    inputs = names[: code.co_posonlyargcount]
    if variadic:
        inputs = (*inputs, names[code.co_argcount + code.co_kwonlyargcount])
    defaults: dict[str, Any] = dict.fromkeys((*by_position, *keyword_only), REQUIRED)
    given: tuple[Any, ...] = forward.__defaults__ or ()
    defaults.update(zip(by_position[len(by_position) - len(given) :], given, strict=True))
    defaults.update(forward.__kwdefaults__ or {})
    return inputs, variadic, defaults, by_position


def _check(record: Op) -> None:
    """Refuse a wrong word at definition, where it was written."""
    if record.kind not in KINDS:
        raise TypeError(f"@op {record.name}: unknown kind {record.kind!r}, expected one of {KINDS}")
    if not record.inputs:
        raise TypeError(f"@op {record.name}: no array inputs. Write them before '/': def {record.name}(x, /):")
    if record.kind == "fused" and record.parts is None:
        raise TypeError(
            f"@op {record.name}: a fused op needs parts=, the same op written in other ops; they give it its second "
            "derivative, and a generated test holds the two equal"
        )
    if not record.joint and record.rules and len(record.rules) != len(record.inputs):
        raise TypeError(
            f"@op {record.name}: got {len(record.rules)} rules for {len(record.inputs)} inputs {record.inputs}; "
            "give one for each, None where there is no gradient"
        )
    before = REGISTRY.get(record.name)
    if before is not None and before.forward.__module__ != record.forward.__module__:
        raise TypeError(
            f"@op {record.name}: there is an op of this name already, in {before.forward.__module__}. "
            "Choose another name."
        )
    known = {"out", "needs", *record.inputs, *record.defaults, *record.residuals}
    known |= {f"{name}_shape" for name in record.inputs}
    for rule in record.rules:
        for word in rule.words if rule else ():
            if word not in known:
                raise TypeError(
                    f"@op {record.name}: its rule asks for {word!r}, which is none of g, {', '.join(sorted(known))}."
                    + near(word, known)
                )


def _publish(
    record: Op, method: bool, aliases: Sequence[str], operator: str | None, collects: str | None
) -> OpFunction:
    """Make the public function, and enter it wherever it is to be found."""
    simple = record.kind == "elementwise" and not record.defaults and not record.variadic
    if simple and len(record.inputs) == 1:
        made: Callable[..., Any] = make_unary(record)
    elif record.kind == "elementwise" and len(record.inputs) == 2 and not record.positional:
        made = make_binary(record)
    else:
        made = make_call(record, collects)
    call = cast(OpFunction, made)
    call.__name__ = call.__qualname__ = record.name
    call.__doc__ = record.forward.__doc__
    call.__module__ = record.forward.__module__
    call.__signature__ = _public_signature(record)
    call.op = record
    record.call = call
    before = REGISTRY.get(record.name)
    REGISTRY[record.name] = record
    for function in record.numpy_functions:
        dispatch.register(function, call)
    if method and not record.forward.__name__.startswith("_"):
        if before is None and has_attribute(record.name):
            raise TypeError(
                f"@op {record.name}: Tensor.{record.name} exists already. Choose another name, or method=False."
            )
        inplace = make_inplace(record) if record.kind == "elementwise" else None
        for name in (record.name, *aliases):
            tensor_attribute(name, call)
            if inplace is not None:
                tensor_attribute(f"{name}_", inplace)
        if operator is not None:
            dispatch.register_operator(operator, call, inplace, binary=len(record.inputs) == 2)
    return call


def _public_signature(record: Op) -> inspect.Signature:
    """The signature that ``help()`` shows: PyTorch's names."""
    kinds = inspect.Parameter
    names = record.inputs if record.variadic else record.public_names[: len(record.inputs)]
    kind = kinds.VAR_POSITIONAL if record.variadic else kinds.POSITIONAL_OR_KEYWORD
    parameters = [kinds(name, kind) for name in names]
    for name, default in record.defaults.items():
        by_position = name in record.positional and not record.variadic
        parameters.append(
            kinds(name, kinds.POSITIONAL_OR_KEYWORD if by_position else kinds.KEYWORD_ONLY, default=default)
        )
    # a required option after one with a default cannot be shown by position
    try:
        return inspect.Signature(parameters)
    except ValueError:
        return inspect.Signature([kinds(p.name, kinds.KEYWORD_ONLY, default=p.default) for p in parameters])


def composite(
    *numpy_functions: Any, method: bool = True, aliases: Sequence[str] = (), out: bool = False
) -> Callable[[F], F]:
    """Make a plain function of tensors, written in ops, a method and a NumPy function as an op is.

    It needs no rule: its gradient is that of the ops in it.

    Args:
        numpy_functions, method, aliases: as for `op`.
        out: it takes ``out=`` as well: a tensor, or a tuple of them, that the result is stored in.
    """

    def register(function: F) -> F:
        _load_what_it_may_meet(function)
        named: Any = naming(function)
        without = vars(function).get("without_out")  # of one that takes out= by itself, see `exact_out`
        if without is not None:
            function = cast(F, explained(naming(without), named))
        else:
            function = cast(F, explained(named, accepting_out(named) if out else None))
        for numpy_function in numpy_functions:
            dispatch.register(numpy_function, function)
        if method:
            for name in (function.__name__, *aliases):
                tensor_attribute(name, function)
        return function

    return register
