"""How many products of two numbers, each added to a sum, an operation makes: by which models are compared.

Only what is a product of matrices, or a convolution, counts; element-by-element operations are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def multiply_adds(function: Callable[..., Any], inputs: tuple[Any, ...], output: Any) -> int:
    """The count for a call of an op's forward function; 0 for an op that makes no products of matrices."""
    name = getattr(function, "__name__", "")
    rule = _RULES.get(name)
    if rule is None:
        return 0
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return rule(dict(zip(names, inputs, strict=False)), output)


def _linear(given: dict[str, Any], output: Any) -> int:
    """Each output is a sum over the last dimension of the input."""
    return int(output.size * _first(given).shape[-1])


def _matmul(given: dict[str, Any], output: Any) -> int:
    return int(np.asarray(output).size * _first(given).shape[-1])


def _convolution(given: dict[str, Any], output: Any) -> int:
    """Each output is a sum over the channels of its group and the places of the kernel."""
    return int(output.size * math.prod(given["weight"].shape[1:]))


def _transposed(given: dict[str, Any], output: Any) -> int:
    """Each input goes to the channels of its group at the places of the kernel."""
    return int(_first(given).size * math.prod(given["weight"].shape[1:]))


def _recurrent(given: dict[str, Any], output: Any) -> int:
    """Each step of each sequence goes through all weights."""
    weights = sum(value.size for name, value in given.items() if name.startswith("w_") and value is not None)
    return int(math.prod(_first(given).shape[:-1]) * weights)


def _attention(given: dict[str, Any], output: Any) -> int:
    """Scores of every query with every key, and sums of the values by them."""
    query, key, value = (given[name] for name in ("query", "key", "value"))
    pairs = math.prod(query.shape[:-1]) * key.shape[-2]
    return int(pairs * (query.shape[-1] + value.shape[-1]))


def _first(given: dict[str, Any]) -> Any:
    return next(iter(given.values()))


_RULES: dict[str, Callable[[dict[str, Any], Any], int]] = {
    "_linear": _linear,
    "matmul": _matmul,
    "_convolution": _convolution,
    "_transposed": _transposed,
    "_lstm": _recurrent,
    "_gru": _recurrent,
    "_rnn": _recurrent,
    "_attention": _attention,
}
