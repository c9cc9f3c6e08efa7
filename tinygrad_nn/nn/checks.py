"""What a module checks about its attributes, and what it says when something is wrong."""

from __future__ import annotations

import sys
import warnings
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._core import dtypes
from .._core.callers import module_frames
from .._core.errors import near
from .._core.lines import caller
from .._core.tensor import Tensor
from .parameter import Parameter

if TYPE_CHECKING:
    from types import FrameType

    from .module import Module

REGISTRIES = ("_parameters", "_buffers", "_modules")


class NoAttributeError(AttributeError):
    """PyTorch's message, and the near name, which is sought only if somebody reads the message."""

    def __init__(self, module: Module, wanted: str) -> None:
        super().__init__(f"'{type(module).__name__}' object has no attribute '{wanted}'")
        self._module = module
        self._wanted = wanted

    def __str__(self) -> str:
        text: str = self.args[0]
        if isinstance(getattr(type(self._module), self._wanted, None), property):
            return f"{text}: the property of this name raised an AttributeError of its own"
        hint = near(self._wanted, [name for name in dir(self._module) if not name.startswith("_")])
        return f"{text}.{hint}" if hint else text

    def __reduce__(self) -> Any:
        return AttributeError, (str(self),)


# As tracebacks show it: to users it is Python's own.
NoAttributeError.__name__ = NoAttributeError.__qualname__ = "AttributeError"
NoAttributeError.__module__ = "builtins"


def type_name(value: Any) -> str:
    """The name of a value's type in messages, such as ``torch.FloatTensor`` or ``str``."""
    kind = type(value)
    if isinstance(value, Tensor):
        return f"torch.{dtypes.type_name(value._array.dtype)}Tensor"
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def check_started(module: Module, what: str) -> None:
    """Refuse to register anything before ``Module.__init__`` has run."""
    if "_modules" not in module.__dict__:
        raise AttributeError(
            f"cannot assign {what} before Module.__init__() call. "
            f"Write super().__init__() as the first line of {type(module).__name__}.__init__()."
        )


def check_name(module: Module, kind: str, name: Any, registry: Mapping[str, Any]) -> None:
    """Refuse a name that no attribute path could hold, or that is taken."""
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string. Got {type_name(name)}")
    if "." in name:
        raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
    if not name:
        raise KeyError(f'{kind} name can\'t be empty string ""')
    if name not in registry and hasattr(module, name):
        raise KeyError(f"attribute '{name}' already exists")


def check_kind(name: str, value: Any, how: str, kind: Any, expected: str) -> None:
    """Refuse a value of another kind than the name stands for; None is always right."""
    if value is not None and not isinstance(value, kind):
        hint = " Wrap it: nn.Parameter(...)" if kind is Parameter and isinstance(value, Tensor) else ""
        raise TypeError(f"cannot assign '{type_name(value)}' {how} '{name}' ({expected}).{hint}")


def remove_others(module: Module, name: str, keep: str) -> None:
    """A name stands for one thing: take away what it stood for, if that was of another kind."""
    module.__dict__.pop(name, None)
    for registry in REGISTRIES:
        if registry != keep:
            module.__dict__[registry].pop(name, None)
    if keep != "_buffers":
        module._non_persistent_buffers_set.discard(name)


def member(module: Module, name: str, kind: Any, what: str) -> Any:
    """The attribute of this name, of this kind.

    Raises:
        AttributeError: there is none, or it is of another kind.
    """
    if not hasattr(module, name):
        hint = near(name, [key for registry in REGISTRIES for key in module.__dict__[registry]])
        raise AttributeError(f"{module._get_name()} has no attribute `{name}`{'.' + hint if hint else ''}")
    found = getattr(module, name)
    if not isinstance(found, kind):
        raise AttributeError(f"`{name}` is not {what}")
    return found


# --- evaluation in train mode ------------------------------------------------------------------------------------

# Where models were evaluated in train mode: file and line, by the outermost module.
evaluations: weakref.WeakKeyDictionary[Any, tuple[str, int]] = weakref.WeakKeyDictionary()
_MODE_DEPENDENT = ("_DropoutNd", "Dropout", "_BatchNorm", "RReLU")


def is_mode_dependent(module: Module) -> bool:
    """Whether a layer does something else in training than in evaluation."""
    names = {kind.__name__ for kind in type(module).__mro__}
    return not names.isdisjoint(_MODE_DEPENDENT) or any(name.endswith("Dropout") for name in names)


def _in_function() -> bool:
    """Whether this is called by the forward of an `autograd.Function`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") != "tinygrad_nn.autograd.function":
        frame = frame.f_back
    return frame is not None


def note_evaluation() -> None:
    """Warn, once, of a model that has been trained and is evaluated in train mode.

    Called by layers that are in train mode while nothing is recorded. A model has been trained if its parameters have
    gradients: one that only draws samples, or collects statistics before it is trained, is left in peace.
    """
    calls = module_frames()
    root: Any = calls[-1].f_locals["self"] if calls else None
    if root is None or root in evaluations or all(parameter._grad is None for parameter in root.parameters()):
        return
    outside = caller(calls[-1])
    if any(frame is not None and frame.f_code.co_name == "update_bn" for frame in (calls[-1].f_back, outside)):
        return  # it computes the statistics, which is what train mode is for
    if _in_function():
        return  # nothing is recorded, and yet a backward pass will come: as with checkpoint(use_reentrant=True)
    first = not evaluations
    place = ("", 0) if outside is None else (outside.f_code.co_filename, outside.f_lineno)
    evaluations[root] = place
    if first and outside is not None:
        text = (
            f"{type(root).__name__} is called without gradients, as for evaluation, while it is in train mode: dropout "
            "drops, and batch normalisation uses and changes the statistics of the batch. Call .eval() before, and "
            ".train() afterwards."
        )
        warnings.warn_explicit(text, UserWarning, *place, outside.f_globals["__name__"])
