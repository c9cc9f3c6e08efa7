"""Forward differentiation by hand: tensors with tangents, and what a function makes of them.

Source: https://docs.pytorch.org/docs/stable/autograd.html#forward-mode-automatic-differentiation
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from .._core.lifted import lifted_of
from .._core.tensor import Tensor
from .._transforms.forward import RunningJvp, check_tangent
from .._transforms.reverse import split_tangent
from .._transforms.tangents import dual

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]

F = TypeVar("F", bound=Callable[..., Any])


class _Current(threading.local):
    level: RunningJvp | None = None


_current = _Current()


def enter_dual_level() -> int:
    """Begin forward differentiation: from now on, tensors may have tangents.

    Returns:
        The number of the level, which is 0: there is one at a time.

    Raises:
        RuntimeError: it has begun already.
    """
    if _current.level is not None:
        raise RuntimeError(
            "Nested forward mode AD is not supported at the moment. Use func.jvp, which nests, for derivatives of "
            "higher order."
        )
    _current.level = RunningJvp()
    _current.level.enter()
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End forward differentiation: tensors lose their tangents.

    Raises:
        RuntimeError: it has not begun.
    """
    if _current.level is None:
        raise RuntimeError("Dual level must be a positive number. There is none: call enter_dual_level() first.")
    if level not in (None, 0):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    _current.level.leave()
    _current.level = None


class dual_level:  # noqa: N801 - PyTorch's name
    """Forward differentiation inside of a ``with`` block, or a decorated function.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.dual_level.html

    Example:
        >>> import tinygrad_nn as tg
        >>> import tinygrad_nn.autograd.forward_ad as fwAD
        >>> x, direction = tg.tensor([1.0, 3.0]), tg.tensor([1.0, 10.0])
        >>> with fwAD.dual_level():
        ...     y = fwAD.make_dual(x, direction) ** 2
        ...     fwAD.unpack_dual(y)
        UnpackedDualTensor(primal=tensor([1., 9.]), tangent=tensor([ 2., 60.]))
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *error: object) -> None:
        exit_dual_level()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with dual_level():
                return function(*args, **kwargs)

        return cast(F, decorated)


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A tensor with a tangent: what is computed of it has tangents, too, which `unpack_dual` gives.

    Args:
        tensor: of floating point or complex numbers; may require grad.
        tangent: of the same shape.
        level: without effect, as there is one at a time.

    Raises:
        RuntimeError: outside of `dual_level`, or the shapes differ, or the tensor has a tangent already.
        ValueError: numbers of another kind.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.make_dual.html
    """
    if _current.level is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    check_tangent(tensor, tangent)
    if _current.level.holds(tensor):
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not "
            "supported."
        )
    return dual(tensor.view_as(tensor), tangent, _current.level)


class UnpackedDualTensor(NamedTuple):
    """A tensor without its tangent, and its tangent; None where there is none."""

    primal: Tensor
    tangent: Tensor | None


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """A tensor without its tangent, and its tangent: ``(primal, tangent)``. Both can be differentiated backward.

    Args:
        tensor: any tensor.
        level: without effect, as there is one at a time.

    Raises:
        TypeError: no tensor.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.unpack_dual.html
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"unpack_dual(): argument 'dual' (position 1) must be Tensor, not {type(tensor).__name__}")
    if _current.level is not None:
        return UnpackedDualTensor(*split_tangent(_current.level, tensor))
    lifted = lifted_of(tensor)
    if lifted is not None and isinstance(lifted.level, RunningJvp) and not lifted.level.alive:
        tensor = lifted.value
    return UnpackedDualTensor(tensor, None)
