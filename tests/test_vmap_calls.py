"""`vmap` over every function of `tests/calls`: the stored calls, batched in several ways, are a loop whose results are
stacked. Functions that vmap has to call for one example after the other, or cannot batch, are named here.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import Call, load
from calls.compare import RELATIVE, Side, to_array
from calls.stored import Store

import tinygrad_nn as tg

HERE = Path(__file__).parent / "golden"
STORED = json.loads((HERE / "calls.json").read_text())
NUMBERS = Store(np.load(HERE / "calls.npz")["values"])
TABLE = load()
SIDE = Side(tg)
COUNT = 3  # examples

# What some calls of these functions say.
REFUSED = {
    **dict.fromkeys(
        ["argwhere", "bincount", "masked_select", "nonzero", "unique", "unique_consecutive"],
        "do not support batching operators that can output dynamic shape",
    ),
    **dict.fromkeys(["Tensor.__contains__", "is_nonzero"], "data-dependent control flow|needs the elements"),
    **dict.fromkeys(["Tensor.item", "Tensor.new_full", "full", "linspace", "logspace"], r"calling \.item\(\)"),
    **dict.fromkeys(["Tensor.tolist", "tensor_split"], r"calling \.tolist\(\)"),
    **dict.fromkeys(["allclose", "equal"], "gives one answer"),
    **dict.fromkeys(["Tensor.addbmm_", "Tensor.bernoulli_"], "inplace arithmetic"),
    "index_put": "a boolean mask: it picks another number", "nn.utils.rnn.pack_padded_sequence": "needs the elements",
    "nn.functional.instance_norm": "running_mean or running_var, which will be updated in place, were not batched",
}
# Functions of which some calls go through the examples one by one: when.
ONE_BY_ONE = {
    "cov": "with weights", "histc": "always", "histogram": "always", "histogramdd": "always",
    "index_reduce": "with an index for each example", "istft": "with a window for each example",
    "masked_fill": "with a value of another type", "masked_scatter": "with no source",
    "nanquantile": "with a q for each example", "nn.functional.cross_entropy": "with weights for each example",
    "nn.functional.ctc_loss": "with targets or lengths for each example",
    "nn.functional.embedding_bag": "with bags for each example",
    "nn.functional.fractional_max_pool2d": "with samples that are given",
    "nonzero_static": "always", "quantile": "with a q for each example",
    "repeat_interleave": "with counts for each example",
}  # fmt: skip
UNDEFINED = {"Tensor.new_empty", "empty_like"}  # whose elements are whatever was there


def places(value: Any, found: list[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    """The arrays among a call's arguments."""
    if isinstance(value, np.ndarray):
        found.append(value)
    elif isinstance(value, list | tuple):
        for each in value:
            places(each, found)
    return found


def filled(call: Call, tensors: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """A call's arguments with these tensors in the places of its arrays."""
    rest = iter(tensors)

    def convert(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return next(rest)
        if isinstance(value, list | tuple):
            return type(value)([convert(each) for each in value])
        return SIDE.convert(value, [])

    return [convert(value) for value in call.args], {name: convert(value) for name, value in call.options.items()}


def tensors_of(result: Any) -> list[Any]:
    if isinstance(result, tg.Tensor):
        return [result]
    return [x for part in result for x in tensors_of(part)] if isinstance(result, list | tuple) else []


def examples(array: np.ndarray[Any, Any], vary: bool) -> list[np.ndarray[Any, Any]]:
    """As many arrays as there are examples: somewhat smaller each, or the same."""
    if not vary or array.dtype.kind not in "fc":
        return [array] * COUNT
    with np.errstate(all="ignore"):
        return [np.asarray(array * (1 - 0.0625 * i)).astype(array.dtype) for i in range(COUNT)]


def same(where: str, ours: Any, expected: Any, defined: bool) -> None:
    a, b = to_array(ours), to_array(expected)
    assert (a.dtype, a.shape) == (b.dtype, b.shape), where
    if defined and a.dtype.kind in "fc":
        relative = RELATIVE[a.dtype.str[1:]]
        np.testing.assert_allclose(a, b, rtol=relative, atol=relative / 10, err_msg=where)
    elif defined:
        np.testing.assert_array_equal(a, b, err_msg=where)


def stored_calls(name: str) -> Iterator[tuple[Call, Callable[..., Any]]]:
    """The stored calls with tensors, and what is called."""
    short = name.removeprefix("Tensor.")
    for form, stored, _ in STORED[name]:
        if form == "function":
            yield NUMBERS.get_call(stored), SIDE.find(name)
        elif form == "method":
            yield NUMBERS.get_call(stored), lambda x, *args, **options: getattr(x, short)(*args, **options)


class Check:
    """One function's stored calls, and how they went."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.refused = self.looped = self.batched = 0

    def run(self) -> None:
        for call, function in stored_calls(self.name):
            arrays = places([*call.args, *call.options.values()], [])
            everywhere = tuple(range(len(arrays)))
            for chosen in dict.fromkeys([everywhere, everywhere[:1], everywhere[-1:]]) if arrays else ():
                self.hold(call, function, arrays, chosen)

    def hold(self, call: Call, function: Callable[..., Any], arrays: list[Any], chosen: tuple[int, ...]) -> None:
        """A loop and vmap, with the arrays at these places batched."""
        where = f"{self.name}{call!r}, batched: {chosen}"
        for vary in (True, False):
            given = [examples(a, vary and i in chosen) for i, a in enumerate(arrays)]
            loop = self.looped_results(call, function, given)
            if loop is not None:
                break
        else:
            return  # an error, which other tests look at
        whole = [tg.from_numpy(np.stack(g) if i in chosen else g[0].copy()) for i, g in enumerate(given)]

        def batched(*tensors: Any) -> list[Any]:
            args, options = filled(call, list(tensors))
            return tensors_of(function(*args, **options))

        before = tg.get_rng_state()
        dims = tuple(0 if i in chosen else None for i in range(len(arrays)))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found = tg.vmap(batched, dims, randomness="different")(*whole)
            except RuntimeError as error:
                if self.name not in REFUSED or not re.search(REFUSED[self.name], str(error)):
                    raise
                self.refused += 1
                return
        slow = any("performance drop" in str(w.message) for w in caught)
        assert not slow or self.name in ONE_BY_ONE, f"{where}: one by one"
        self.looped += slow
        self.batched += not slow
        drew = not tg.equal(tg.get_rng_state(), before)  # other numbers than in a loop, as with PyTorch
        expected = [tg.stack(list(column)) for column in zip(*loop, strict=True)]
        assert len(found) == len(expected), where
        for ours, theirs in zip(found, expected, strict=True):
            same(where, ours, theirs, self.name not in UNDEFINED and not drew)

    def looped_results(self, call: Call, function: Callable[..., Any], given: list[Any]) -> list[Any] | None:
        """The results for one example after the other; None if there is an error."""
        found = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number in range(COUNT):
                args, options = filled(call, [tg.from_numpy(g[number].copy()) for g in given])
                try:
                    found.append(tensors_of(function(*args, **options)))
                except Exception:
                    return None
        return found


@pytest.mark.parametrize("name", sorted(STORED))
def test_vmap_is_a_loop(name: str) -> None:
    check = Check(name)
    check.run()
    assert bool(check.refused) == (name in REFUSED), f"REFUSED names {name} wrongly"
    assert bool(check.looped) == (name in ONE_BY_ONE), f"ONE_BY_ONE names {name} wrongly"
