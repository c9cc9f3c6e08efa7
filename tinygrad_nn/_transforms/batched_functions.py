"""Batching of functions that look at elements: picking and sorting along a dimension, and what nothing is known of.

Most functions written in ops need nothing here: their ops have rules. One whose own code asks for elements ends up
here, where it is called on the values, with the dimension of the examples counted in; or for each example by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .._core.op import REGISTRY
from .._core.tensor import Tensor, check_dim
from ..ops.index_put import index_put
from ..ops.searching import searchsorted
from ..ops.selection import where
from ..ops.sequences import arange
from ..ops.shape import broadcast_tensors
from .batched import BatchLevel
from .batching import loop, rows_of
from .indexing import batched_getitem, written_places

Given = dict[str, Any]
FunctionRule = Callable[[BatchLevel, Callable[..., Any], Given], Any]

FUNCTIONS: dict[str, FunctionRule] = {}
# Functions whose results have a shape that depends on the elements.
DYNAMIC = frozenset({
    "nonzero", "argwhere", "unique", "unique_consecutive", "masked_select", "bincount", "nonzero_static_", "is_nonzero",
})  # fmt: skip


def function_rule(*names: str) -> Callable[[FunctionRule], FunctionRule]:
    """Enter a rule for functions of these names."""

    def register(function: FunctionRule) -> FunctionRule:
        for name in names:
            FUNCTIONS[name] = function
        return function

    return register


def call_batched(level: BatchLevel, called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a function of which some arguments are batched, or that draws numbers."""
    name = called.__name__
    found = FUNCTIONS.get(name.removeprefix("linalg_"))
    if found is not None:
        return found(level, called, _by_name(called, args, kwargs))
    if name in DYNAMIC:
        raise RuntimeError(
            f"vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over {name}: "
            "its result has another shape for each example. Use torch.where and masks."
        )
    if name.endswith("_") and args and isinstance(args[0], Tensor):
        out_of_place = getattr(Tensor, name[:-1])
        return level.store(args[0], out_of_place(*args, **kwargs))
    drawn, level.drawn = level.drawn, False
    if drawn:
        with level.drawing():
            return level.wrap(loop(level, name, called, args, kwargs, warn=False))
    return level.wrap(loop(level, name, called, args, kwargs))


def _by_name(called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Given:
    bound = inspect.signature(called).bind(*args, **kwargs)
    bound.apply_defaults()
    given = dict(bound.arguments)
    for parameter in bound.signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            given.update(given.pop(parameter.name))
    return given


def _along(*dims: str, flat: bool = False) -> FunctionRule:
    """For functions that do the same along a dimension for all places of the others.

    Args:
        dims: the arguments that name dimensions.
        flat: without a dimension (None) all elements count, in a row.
    """

    def by_dim(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
        tensors = [name for name, value in given.items() if isinstance(value, Tensor)]
        ndim = max([given[name]._array.ndim for name in tensors])
        values = {name: level.full(value) for name, value in given.items()}
        if flat and all(given[name] is None for name in dims):
            values.update({name: rows_of(values[name]) for name in tensors}, **dict.fromkeys(dims, 1))
            return level.wrap(called(**values))
        values.update({name: check_dim(given[name], ndim) + 1 for name in dims})
        if ndim:
            return level.wrap(called(**values))
        values.update({name: values[name].unsqueeze(1) for name in tensors})
        return level.wrap(each_result(called(**values), lambda result: result.squeeze(1)))

    return by_dim


def each_result(result: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """A function of a result, or of each of several."""
    if isinstance(result, Tensor):
        return function(result)
    made = [function(each) for each in result]
    return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)


for _name in (
    "sort", "argsort", "topk", "kthvalue", "mode", "cummax", "cummin", "gather", "scatter", "scatter_add",
    "scatter_reduce", "index_reduce",
):  # fmt: skip
    FUNCTIONS[_name] = _along("dim")
for _name in ("take_along_dim",):
    FUNCTIONS[_name] = _along("dim", flat=True)
for _name in ("max", "min", "median", "nanmedian"):
    FUNCTIONS[_name] = _along("dim")


@function_rule("msort")
def _msort(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    (x,) = given.values()
    return x.sort(0).values


# --- made like another tensor ------------------------------------------------------------------------------------


@function_rule("zeros_like", "ones_like", "empty_like", "full_like")
def _like(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    if level.holds(given.get("fill_value")):
        return given["fill_value"].expand(given["input"].shape).clone()
    return level.wrap(called(**{**given, "input": level.full(given["input"])}))


# --- functions of batches of images, in which the examples' batches are joined -----------------------------------


def _joined(*names: str) -> FunctionRule:
    """For functions whose first dimension is a batch already."""

    def by_batch(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
        values = dict(given)
        length = 0
        for name in names:
            value = level.full(given[name])
            length = value._array.shape[1]
            values[name] = value.reshape(level.size * length, *value._array.shape[2:])
        result = called(**values)
        return level.wrap(result.reshape(level.size, length, *result._array.shape[1:]))

    return by_batch


FUNCTIONS["grid_sample"] = _joined("input", "grid")


# --- functions of matrices, which take batches of them as they are -----------------------------------------------


def _matrices(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    dimensions = {value._array.ndim for value in given.values() if isinstance(value, Tensor)}
    if len(dimensions) > 1 and called.__name__.removeprefix("linalg_") not in _VECTORS_BESIDE_MATRICES:
        return level.wrap(loop(level, called.__name__, called, (), given))
    found = called(**{name: level.full(value) for name, value in given.items()})
    if called.__name__.removeprefix("linalg_") == "lstsq":  # without residuals, they are empty for all matrices alike
        found = each_result(found, lambda part: part.expand(level.size, 0) if part._array.shape == (0,) else part)
    return level.wrap(found)


_VECTORS_BESIDE_MATRICES = ("householder_product", "orgqr", "ormqr", "lu_solve", "ldl_solve", "lu_unpack")
for _name in (
    "cholesky", "cholesky_inverse", "cholesky_ex", "eig", "eigh", "eigvals", "eigvalsh", "svdvals", "lu", "lu_factor",
    "lu_factor_ex", "geqrf", "cond", "lstsq", "inv_ex", "solve_ex", "ldl_factor", "ldl_factor_ex", "matrix_rank",
    "pinv", *_VECTORS_BESIDE_MATRICES, "frexp", "isreal", "unravel_index",
):  # fmt: skip
    FUNCTIONS[_name] = _matrices


# --- functions with indices --------------------------------------------------------------------------------------


@function_rule("index_add", "index_copy", "index_fill")
def _index_family(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    x, source = given["input"], given["value" if called.__name__ == "index_fill" else "source"]
    options = {"dim": check_dim(given["dim"], x._array.ndim)}
    if called.__name__ == "index_add":
        options["alpha"] = given["alpha"]
    return REGISTRY[called.__name__].call(x, source, given["index"], **options)


@function_rule("index_select")
def _index_select(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    x, index = given["input"], given["index"]
    place = check_dim(given["dim"], x._array.ndim)
    if not x._array.ndim:
        return x.clone()
    return batched_getitem(x, (*(slice(None),) * place, index if index._array.ndim else index.unsqueeze(0)))


@function_rule("index_put")
def _index_put(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    x = given["input"]
    indices, values = written_places(level, x._array.ndim, tuple(given["indices"]), given["values"], own=True)
    return level.wrap(called(level.full(x), indices, values, given.get("accumulate", False)))


@function_rule("put")
def _put(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    x, index = given["input"], given["index"]
    flat = x.reshape(x._array.size)
    put = index_put(flat, (index.reshape(-1),), given["source"].reshape(-1), given["accumulate"])
    return put.reshape(x._array.shape)


@function_rule("masked_scatter")
def _masked_scatter(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    x, mask = broadcast_tensors(given["input"], given["mask"])
    source = given["source"].reshape(-1)
    if not source._array.size:
        return level.wrap(loop(level, called.__name__, called, (), given))
    numbers = where(mask, (mask.reshape(-1).cumsum(0) - 1).reshape(mask._array.shape), 0)
    return where(mask, source[numbers], x)


@function_rule("narrow", "narrow_copy")
def _narrow(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    x, dim, start, length = given.values()
    return x.index_select(dim, start + arange(length))


@function_rule("index_reduce")
def _index_reduce(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    if level.holds(given["index"]) or not given["input"]._array.ndim:
        return level.wrap(loop(level, called.__name__, called, (), given))
    values = {name: level.full(given[name]) for name in ("input", "source")}
    dim = check_dim(given["dim"], given["input"]._array.ndim) + 1
    return level.wrap(called(**{**given, **values, "dim": dim}))


@function_rule("take")
def _take(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    return given["input"].reshape(-1)[given["index"]]


@function_rule("searchsorted")
def _searchsorted(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    sequence = given["sorted_sequence"]
    name = "input" if "input" in given else "values"
    values = given[name]
    if not isinstance(values, Tensor):
        return level.wrap(called(**{**given, "sorted_sequence": level.full(sequence), name: values}))
    if sequence._array.ndim > 1:
        return level.wrap(called(**{key: level.full(value) for key, value in given.items()}))
    if not level.holds(sequence) and not level.holds(given.get("sorter")):
        return level.wrap(called(**{**given, name: level.value(values)}))
    full = level.full(values)
    found = called(**{**{key: level.full(value) for key, value in given.items()}, name: rows_of(full)})
    return level.wrap(found.reshape(full._array.shape))


@function_rule("bucketize")
def _bucketize(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    if level.holds(given["boundaries"]):
        return searchsorted(given["boundaries"], given["input"], right=given["right"], out_int32=given["out_int32"])
    return level.wrap(called(**{**given, "input": level.value(given["input"])}))


@function_rule("isin")
def _isin(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    elements, among = given["elements"], given["test_elements"]
    if not level.holds(among):
        return level.wrap(called(**{**given, "elements": level.value(elements)}))
    if not isinstance(elements, Tensor):
        return level.wrap(loop(level, called.__name__, called, (), given))
    found = (elements.unsqueeze(-1) == among.reshape(-1)).any(-1)
    return ~found if given["invert"] else found


@function_rule("one_hot")
def _one_hot(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    name = next(iter(given))
    if given["num_classes"] == -1:
        raise RuntimeError(
            "vmap: one_hot(): the number of classes depends on the elements, and may be another one for each example. "
            "Give num_classes."
        )
    return level.wrap(called(**{**given, name: level.value(given[name])}))


# --- views by places in memory -----------------------------------------------------------------------------------


@function_rule("as_strided", "as_strided_copy", "as_strided_scatter")
def _as_strided(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    value = level.full(given["input"])
    values = {**given, "input": value}
    if "src" in given:
        values["src"] = level.full(given["src"])
        values["input"] = value = value if level.holds(given["input"]) else value.contiguous()
    size, stride = ((n,) if isinstance(n, int) else tuple(n) for n in (given["size"], given["stride"]))
    values.update(size=(level.size, *size), stride=(value.stride()[0], *stride))
    return level.wrap(called(**values))


for _name in ("select_scatter", "slice_scatter"):
    FUNCTIONS[_name] = _along("dim")
FUNCTIONS["diagonal_scatter"] = _along("dim1", "dim2")


# --- statistics, losses, signals ---------------------------------------------------------------------------------


@function_rule("quantile", "nanquantile")
def _quantile(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    x, q, dim, keepdim = given["input"], given["q"], given["dim"], given["keepdim"]
    if level.holds(q):
        return level.wrap(loop(level, called.__name__, called, (), given))
    value, ndim = level.value(x), x._array.ndim
    whole = dim is None or not ndim
    values = {**given, "input": rows_of(value) if whole else value, "dim": 1 if whole else check_dim(dim, ndim) + 1}
    if whole:
        values["keepdim"] = False
    found = called(**values)
    several = isinstance(q, Tensor) and q.ndim == 1
    found = found.movedim(1, 0) if several else found
    if whole and keepdim:
        found = found.reshape((*found._array.shape, *(1,) * ndim))
    return level.wrap(found)


@function_rule("istft")
def _istft(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    x = given["input"]
    if x._array.ndim != 2 or level.holds(given["window"]):
        return level.wrap(loop(level, called.__name__, called, (), given))
    return level.wrap(called(**{**given, "input": level.value(x)}))


@function_rule("allclose", "equal", "__contains__")
def _one_answer(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    raise RuntimeError(
        f"vmap: {called.__name__} gives one answer, which may be another one for each example. Use isclose(), or "
        "(x == y).all()."
    )
