"""PyTorch's compiler of models: what it is asked to compile stays Python, and does the same.

Source: https://docs.pytorch.org/docs/stable/jit.html

Example:
    >>> import tinygrad_nn as tg
    >>> @tg.jit.script
    ... def double(x: tg.Tensor) -> tg.Tensor:
    ...     return x * 2
    >>> double(tg.ones(2))
    tensor([2., 2.])
"""

from __future__ import annotations

from contextlib import contextmanager
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, Union, get_args, get_origin

from .nn.module import Module

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

__all__ = [
    "Final", "ScriptModule", "annotate", "export", "freeze", "fuser", "ignore", "is_scripting", "is_tracing",
    "isinstance", "load", "optimize_for_inference", "save", "script", "script_if_tracing", "script_method",
    "set_fusion_strategy", "trace", "trace_module", "unused",
]  # fmt: skip

_isinstance = isinstance


class ScriptModule(Module):
    """A module, as any other."""



def script(obj: T, *args: Any, **kwargs: Any) -> T:
    """The function, class or module itself."""
    return obj


def script_method(fn: T) -> T:
    """The method itself."""
    return fn


def script_if_tracing(fn: T) -> T:
    """The function itself."""
    return fn


def trace(func: T, example_inputs: Any = None, *args: Any, **kwargs: Any) -> T:
    """The function or module itself: nothing is recorded, so it may branch on what it is given."""
    return func


def trace_module(mod: T, inputs: Any, *args: Any, **kwargs: Any) -> T:
    """The module itself."""
    return mod


def freeze(mod: T, *args: Any, **kwargs: Any) -> T:
    """The module itself.

    Raises:
        RuntimeError: it is being trained.
    """
    if getattr(mod, "training", False):
        raise RuntimeError("Freezing is currently only implemented for modules in eval mode. Call module.eval() first.")
    return mod


def optimize_for_inference(mod: T, *args: Any, **kwargs: Any) -> T:
    """The module itself."""
    return mod


def export(fn: T) -> T:
    """The method itself."""
    return fn


def unused(fn: T) -> T:
    """The method itself."""
    return fn


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The function itself, or a decorator that gives it."""
    return drop if callable(drop) else lambda fn: fn


def is_scripting() -> bool:
    """Whether the code is being compiled: never."""
    return False


def is_tracing() -> bool:
    """Whether calls are being recorded for the compiler: never."""
    return False


def annotate(the_type: Any, the_value: T) -> T:
    """The value itself."""
    return the_value


def isinstance(obj: Any, target_type: Any) -> bool:
    """Python's own, which looks into containers as well: ``isinstance(x, list[int])``.

    Args:
        obj: the object.
        target_type: a class, ``list[...]``, ``dict[..., ...]``, ``tuple[...]``, ``Optional[...]``, or a tuple of such.
    """
    if _isinstance(target_type, tuple):
        return any(isinstance(obj, one) for one in target_type)
    kind, inside = get_origin(target_type), get_args(target_type)
    if kind in (Union, UnionType):
        return any(isinstance(obj, one) for one in inside)
    if kind is None or not _isinstance(obj, kind):
        return _isinstance(obj, kind or target_type)
    if kind is tuple:
        return len(obj) == len(inside) and all(map(isinstance, obj, inside))
    if kind is dict:
        return all(isinstance(key, inside[0]) and isinstance(value, inside[1]) for key, value in obj.items())
    return all(isinstance(one, inside[0]) for one in obj)


def set_fusion_strategy(strategy: Any) -> list[Any]:
    """Choose how often code is compiled anew: nothing is."""
    return []


@contextmanager
def fuser(name: str) -> Iterator[None]:
    """Choose a compiler: there is none."""
    yield


def save(m: Any, f: Any, _extra_files: Any = None) -> NoReturn:
    """Write a compiled model.

    Raises:
        RuntimeError: always. Save the state: ``save(module.state_dict(), path)``.
    """
    raise RuntimeError(
        "jit.save(): nothing is compiled here, so there is no TorchScript to write. "
        "Save the state: save(module.state_dict(), path)."
    )


def load(f: Any, map_location: Any = None, _extra_files: Any = None) -> NoReturn:
    """Read a compiled model.

    Raises:
        RuntimeError: always: such files hold code, and code from files is never run.
    """
    raise RuntimeError(
        "jit.load(): files of TorchScript hold code, which is never run here. In PyTorch, save the state: "
        "torch.save(torch.jit.load(path).state_dict(), new_path), and load that."
    )
