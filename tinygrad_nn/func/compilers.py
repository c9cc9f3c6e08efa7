"""What PyTorch has for compilers and for looking beneath a transform: `functionalize`, `debug_unwrap`.

Source: https://docs.pytorch.org/docs/stable/func.api.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .._core.lifted import Lifted
from .._core.tensor import Tensor


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """The function itself: what it writes in place is followed in any case.

    In PyTorch this takes in-place operations out of a function for compilers, and changes none of its results.

    Args:
        remove: "mutations", or "mutations_and_views".

    Raises:
        RuntimeError: anything else.
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            "functionalize(f, remove='mutations'): received invalid argument for remove=. Valid options are:\n"
            "     remove='mutations': all inplace and out= operators will be removed from the program, and replaced "
            "with their out-of-place equivalents.\n"
            "     remove='mutations_and_views': In addition to the above, all aliasing operators {view} will be "
            "replaced with their non-aliasing counterparts."
        )

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return wrapper


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """What stands behind a tensor inside of a transform: all examples of `vmap`, or the tensor without its tangent.

    For looking at it only: what is computed with it, the transform does not know of.

    Args:
        recurse: through all transforms, instead of the innermost one.

    Example:
        >>> import tinygrad_nn as tg
        >>> def show(x):
        ...     print(tg.func.debug_unwrap(x))
        ...     return x
        >>> _ = tg.vmap(show)(tg.tensor([1.0, 2.0]))
        tensor([1., 2.])
    """
    lifted: Any = tensor._array
    while type(lifted) is Lifted:
        tensor = lifted.value
        lifted = tensor._array if recurse else None
    return tensor
