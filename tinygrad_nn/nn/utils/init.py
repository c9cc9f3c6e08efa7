"""Modules without initial values.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.skip_init.html
"""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from ..._core.device import check_device
from ..module import Module
from ..snapshot import RandomState

__all__ = ["skip_init"]

M = TypeVar("M", bound=Module)


def skip_init(module_cls: type[M], *args: Any, **kwargs: Any) -> M:
    """Make a module whose parameters are not initialised, and draw no random numbers for it.

    Args:
        module_cls: the class; it must take a ``device``.
        args, kwargs: its arguments.

    Raises:
        RuntimeError: it is no module, or takes no ``device``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.utils.skip_init(tg.nn.Linear, 5, 1)
        Linear(in_features=5, out_features=1, bias=True)
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    check_device(kwargs.get("device"))
    random = RandomState()
    try:
        return module_cls(*args, **kwargs).to_empty(device="cpu")
    finally:
        random.restore()
