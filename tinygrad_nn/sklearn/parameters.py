"""What the arguments of an estimator may be: checked in `fit`, as scikit-learn's conventions want it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

from tinygrad_nn._core.errors import near


class Rule(NamedTuple):
    """Whether a value is allowed, what is, in words, and the words that are allowed."""

    allows: Callable[[Any], bool]
    text: str
    words: tuple[str, ...] = ()


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(float(value))


def number(least: float, most: float = math.inf, *, above: bool = False, below: bool = False) -> Rule:
    """A number in a range; `above` and `below` leave out the least and the most."""

    def allows(value: Any) -> bool:
        return (
            _is_real(value)
            and (value > least if above else value >= least)
            and (value < most if below else value <= most)
            and not math.isinf(value)
        )

    start, end = "(" if above else "[", ")" if below or math.isinf(most) else "]"
    return Rule(allows, f"a float in the range {start}{least:g}, {most:g}{end}")


def whole(least: int) -> Rule:
    """An integer of at least this."""

    def allows(value: Any) -> bool:
        return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least

    return Rule(allows, f"an int in the range [{least}, inf)")


def word(*words: str) -> Rule:
    """One of these."""
    shown = ", ".join(repr(each) for each in words)
    return Rule(lambda value: isinstance(value, str) and value in words, f"a str among {{{shown}}}", words)


def just(value: Any, text: str | None = None) -> Rule:
    """This very value, such as None or infinity."""
    return Rule(lambda given: given is value or (_is_real(given) and given == value), text or repr(value))


def boolean() -> Rule:
    """True or False, NumPy's too."""
    return Rule(lambda value: type(value).__name__ in ("bool", "bool_"), "a bool")


def a_dict() -> Rule:
    """A dict, or another mapping."""
    return Rule(lambda value: isinstance(value, Mapping), "a dict")


def any_of(*rules: Rule) -> Rule:
    """What one of these allows."""
    words = tuple(each for rule in rules for each in rule.words)
    return Rule(
        lambda value: any(rule.allows(value) for rule in rules), " or ".join(rule.text for rule in rules), words
    )


def check(estimator: Any, rules: Mapping[str, Rule]) -> None:
    """Raise ValueError for the first argument that is not allowed, in scikit-learn's words."""
    for name, rule in rules.items():
        value = getattr(estimator, name)
        if not rule.allows(value):
            hint = near(value, rule.words) if isinstance(value, str) else ""
            raise ValueError(
                f"The {name!r} parameter of {type(estimator).__name__} must be {rule.text}. Got {value!r} instead."
                f"{hint}"
            )
