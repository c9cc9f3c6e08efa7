"""Which formula belongs to which pair of families."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from ..._core.tensor import Tensor
from ..distribution import Distribution

__all__ = ["kl_divergence", "register_kl"]

Formula = Callable[[Any, Any], Tensor]
F = TypeVar("F", bound=Callable[..., Any])
Pair = tuple[type[Any], type[Any]]

_REGISTRY: dict[Pair, Formula] = {}
_FOUND: dict[Pair, Formula | None] = {}  # what `_dispatch` has answered


def register_kl(type_p: type[Any], type_q: type[Any]) -> Callable[[F], F]:
    """Decorate a function of p and q that computes their divergence; of several that fit, the most specific serves.

    Args:
        type_p: a subclass of `Distribution`.
        type_q: another one, or the same.

    Raises:
        TypeError: one of them is no subclass of `Distribution`.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.distributions import Normal, kl_divergence, register_kl
        >>> class Standard(Normal):
        ...     def __init__(self):
        ...         super().__init__(0.0, 1.0)
        >>> @register_kl(Standard, Standard)
        ... def nothing(p, q):
        ...     return tg.zeros(())
        >>> kl_divergence(Standard(), Standard())
        tensor(0.)
    """
    for name, given in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(given, type) and issubclass(given, Distribution)):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {given}")

    def decorate(function: F) -> F:
        _REGISTRY[type_p, type_q] = function
        _FOUND.clear()
        return function

    return decorate


def _more_specific(one: Pair, other: Pair) -> bool:
    """Whether a pair is at least as specific as another, by the first class in which they differ."""
    for a, b in zip(one, other, strict=True):
        if not issubclass(a, b):
            return False
        if a is not b:
            break
    return True


def _most_specific(pairs: list[Pair]) -> Pair:
    best = pairs[0]
    for pair in pairs[1:]:
        if pair != best and _more_specific(pair, best):
            best = pair
    return best


def _dispatch(type_p: type[Any], type_q: type[Any]) -> Formula | None:
    """The formula for two classes, or None. Looking at p first and at q first should lead to the same one."""
    matches = [(p, q) for p, q in _REGISTRY if issubclass(type_p, p) and issubclass(type_q, q)]
    if not matches:
        return None
    left = _most_specific(matches)
    right = _most_specific([(q, p) for p, q in matches])
    if _REGISTRY[left] is not _REGISTRY[right[1], right[0]]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please register_kl({left[0].__name__}, "
            f"{right[0].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _REGISTRY[left]


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """``KL(p || q)``: the expected ``log p(x) - log q(x)`` of samples of p.

    Args:
        p: where the samples come from.
        q: what they are compared with.

    Returns:
        One number for each distribution of the batch.

    Raises:
        NotImplementedError: no formula is registered for these families.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.distributions import Bernoulli, kl_divergence
        >>> kl_divergence(Bernoulli(0.5), Bernoulli(0.25))
        tensor(0.1438)
    """
    pair = type(p), type(q)
    if pair not in _FOUND:
        _FOUND[pair] = _dispatch(*pair)
    formula = _FOUND[pair]
    if formula is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {pair[0].__name__} and q type {pair[1].__name__}. Write one and "
            "decorate it with register_kl, or average p.log_prob(x) - q.log_prob(x) over samples x of p."
        )
    return formula(p, q)
