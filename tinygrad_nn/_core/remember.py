"""Checks of arguments whose outcome is remembered: a layer is called again and again with the same shapes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])
_PLAIN = {int, str, type(None), bool, *(type(np.dtype(kind)) for kind in "?bBhHiIlLqQefdFD")}


def remembered(check: F) -> F:
    """The function, which is called once for each set of arguments.

    Only numbers, text, None, dtypes and tuples of integers are remembered. For anything else it is called anew: 1.0 and
    True are equal to 1, and must not be taken for it.
    """
    known = functools.lru_cache(maxsize=1024, typed=True)(check)

    @functools.wraps(check)
    def call(*args: Any) -> Any:
        for value in args:
            kind = type(value)
            if kind is tuple:
                for part in value:
                    if type(part) is not int:
                        return check(*args)
            elif kind not in _PLAIN:
                return check(*args)
        return known(*args)

    return cast(F, call)
