"""How an op works on a batch of examples: the rule of each op, from its kind, or from a table.

A rule is given batched tensors and computes on their values, in which dimension 0 counts the examples. Most follow from
what an op does with dimensions:

- elementwise ops align the dimensions of one example;
- ops with an option that names dimensions count one more in it;
- ops on the last dimensions (matrices, windows) work on values as they are;
- fused ops are taken apart.

An op that nothing is known of is called for one example after the other, with PyTorch's warning.

Source: https://docs.pytorch.org/docs/stable/func.batch_norm.html and the paper on JAX's ``vmap``, Frostig, Johnson and
Leary, "Compiling machine learning programs via high-level tracing", SysML 2018.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core.lifted import Lifted, LiftedError
from .._core.op import REGISTRY
from .._core.tensor import Tensor, check_dim
from .batched import BatchLevel

Options = dict[str, Any]
Rule = Callable[[BatchLevel, Any, tuple[Any, ...], Options], Any]

RULES: dict[str, Rule] = {}
TAKES_BATCHED_OPTIONS: set[str] = set()  # ops whose rules know what to do with a batched array among the options


def rule(*names: str, options: bool = False) -> Callable[[Rule], Rule]:
    """Enter a rule for ops of these names."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
            if options:
                TAKES_BATCHED_OPTIONS.add(name)
        return function

    return register


def batch_rule(op: Any, options: Options) -> Rule:
    """The rule of an op."""
    found = RULES.get(op.name)
    if options and op.name not in TAKES_BATCHED_OPTIONS and any(type(v) is Lifted for v in options.values()):
        return one_by_one
    return _by_kind(op) if found is None else found


def _by_kind(op: Any) -> Rule:
    if op.kind == "elementwise":
        return declared_elementwise
    if op.kind == "reduction" and "dim" in op.defaults:
        return reduction
    if op.parts is not None:
        return through_parts
    return one_by_one


# --- rules by kind -----------------------------------------------------------------------------------------------


def elementwise(level: BatchLevel, op: Any, inputs: Sequence[Any], options: Options) -> Any:
    """Bring the examples to one number of dimensions, so that they broadcast as they would alone."""
    ndim = max([x._array.ndim for x in inputs if isinstance(x, Tensor)])
    return op.call(*[level.ranked(x, ndim) for x in inputs], **options)


def declared_elementwise(level: BatchLevel, op: Any, inputs: Sequence[Any], options: Options) -> Any:
    """As `elementwise`, for ops whose kind says so.

    Raises:
        RuntimeError: it says so wrongly, which is easy to do, as it is the kind that `op` takes by itself.
    """
    result = elementwise(level, op, inputs, options)
    shape = result._array.shape
    if len(shape) != 1 + max([x._array.ndim for x in inputs if isinstance(x, Tensor)]) or shape[0] != level.size:
        raise RuntimeError(
            f"vmap: {op.name}() is declared as an elementwise op, but gives another shape than its inputs. Declare its "
            'kind: @op(kind="reduction", ...), or kind="general".'
        )
    return result


def as_it_is(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    """For ops that leave leading dimensions alone."""
    return op.call(*[level.value(x) for x in inputs], **options)


def on_full(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    """For ops that leave leading dimensions alone, which have to be the same in all inputs."""
    return op.call(*[level.full(x) for x in inputs], **options)


def on_aligned(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    """As for elementwise ops; but every input has to know all examples, as some outputs come from one input alone."""
    return elementwise(level, op, [level.wrap(level.full(x)) for x in inputs], options)


def through_parts(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    """What a fused op is equal to, whose parts have rules."""
    try:
        result = op.parts(*inputs, **options)
    except LiftedError:  # they look at elements
        return one_by_one(level, op, inputs, options)
    if isinstance(result, tuple):
        return tuple([level.full(each) for each in result])
    return level.full(result)


def reduction(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    """Over the same dimensions of each example; over all of them, over each example as a row."""
    (x,) = inputs
    value, ndim = level.value(x), x._array.ndim
    options = dict(options)
    dim = options["dim"]
    keepdim = options.get("keepdim", False)
    if dim is not None and not isinstance(dim, int | np.integer):
        dim = tuple([check_dim(d, ndim) for d in dim])
        if ndim and dim:
            return op.call(value, **{**options, "dim": tuple([d + 1 for d in dim])})
    elif dim is not None:
        dim = check_dim(dim, ndim)
        if ndim:
            return op.call(value, **{**options, "dim": dim + 1})
    result = op.call(rows_of(value), **{**options, "dim": 1, **({"keepdim": False} if "keepdim" in options else {})})
    return result.reshape(level.size, *(1,) * ndim) if keepdim and ndim else result


def rows_of(value: Tensor) -> Tensor:
    """The values with each example in a row."""
    count = value._array.shape[0]
    rest = value._array.size // count if count else int(np.prod(value._array.shape[1:]))
    return value.reshape(count, rest)


def along(*names: str) -> Rule:
    """For ops of one or more inputs of the same number of dimensions whose options of these names are dimensions.

    A number's dimension, 0 or -1, is one that the values do not have: it is added for the call.
    """

    def by_dim(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
        ndim = inputs[0]._array.ndim
        values = [level.full(x) for x in inputs]
        options = {**options, **{name: shifted(options[name], ndim) for name in names}}
        if ndim:
            return op.call(*values, **options)
        return op.call(*[v.unsqueeze(1) for v in values], **options).squeeze(1)

    return by_dim


def shifted(dim: Any, ndim: int) -> Any:
    """Dimensions of an example as those of the values."""
    if isinstance(dim, int | np.integer):
        return check_dim(dim, ndim) + 1
    return tuple([check_dim(d, ndim) + 1 for d in dim])


def one_by_one(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    """Call the op for one example after the other."""
    return loop(level, op.name, op.call, inputs, options)


def loop(
    level: BatchLevel, name: str, function: Callable[..., Any], args: Any, kwargs: Options, *, warn: bool = True
) -> Any:
    """Call a function for one example after the other, and stack the results.

    Warns:
        UserWarning: that this is slow.

    Raises:
        RuntimeError: there are no examples, or they give results of different shapes.
    """
    if warn:
        warnings.warn(
            f"There is a performance drop because we have not yet implemented the batching rule for {name}. It is "
            "called for one example after the other.",
            UserWarning,
            stacklevel=2,
        )
    if level.size == 0:
        raise RuntimeError(f"vmap: {name}() has no batching rule, and without examples there is nothing to call it for")
    results = [function(*_pick(level, args, i), **_pick(level, kwargs, i)) for i in range(level.size)]
    return _stacked(name, results)


def _pick(level: BatchLevel, value: Any, number: int) -> Any:
    """One example."""
    if isinstance(value, tuple | list):
        picked = [_pick(level, each, number) for each in value]
        return type(value)(*picked) if hasattr(value, "_fields") else type(value)(picked)
    if isinstance(value, dict):
        return {key: _pick(level, each, number) for key, each in value.items()}
    if type(value) is Lifted and value.level is level:
        return value.value[number]._array
    return value._array.value[number] if level.holds(value) else value


def _stacked(name: str, results: list[Any]) -> Any:
    first = results[0]
    if isinstance(first, Tensor):
        if any(r._array.shape != first._array.shape for r in results):
            raise RuntimeError(
                "vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over "
                f"{name}, whose results have another shape for each example."
            )
        return REGISTRY["stacked"].call(*results)
    if isinstance(first, tuple | list):
        if any(len(r) != len(first) for r in results):
            raise RuntimeError(f"vmap: {name}() gives another number of results for each example")
        made = [_stacked(name, list(each)) for each in zip(*results, strict=True)]
        return type(first)(*made) if hasattr(first, "_fields") else type(first)(made)
    if any(r != first for r in results):
        raise RuntimeError(f"vmap: {name}() gives another result, which is no tensor, for each example")
    return first


# --- the table: what follows from no kind --------------------------------------------------------------------------

for _name in (
    "real", "imag", "view_as_real", "view_as_complex", "conj", "conj_physical", "cast", "tril", "triu", "cholesky",
    "inverse", "det", "slogdet", "eigh", "eig", "svd", "pinv", "qr", "packed_lu", "matrix_exp", "constant_pad",
    "arranged", "frames", "overlap_add", "resampled", "im2col", "col2im", "at_least",
    "copied_in_place",
):  # fmt: skip
    RULES[_name] = as_it_is
for _name in ("triangular", "solve"):
    RULES[_name] = elementwise  # the leading dimensions of both broadcast
for _name in ("module_boundary", "cdist", "euclidean", "pick_last", "entropies"):
    RULES[_name] = on_full
for _name in (
    "softmax", "log_softmax", "cumsum", "cumprod", "logcumsumexp", "neighbours", "spread_differences", "gather",
    "scatter_add", "reduced", "repeat_each",
):  # fmt: skip
    RULES[_name] = along("dim")
RULES["split_lengths"] = RULES["unsafe_split_lengths"] = RULES["unbind"] = along("dim")
RULES["masked_fill"] = RULES["kept"] = on_aligned
RULES["prod"] = reduction
RULES["unfold"] = along("dimension")
RULES["transpose"] = along("dim0", "dim1")
RULES["diagonal"] = along("dim1", "dim2")
RULES["concatenate"] = along("dim")
