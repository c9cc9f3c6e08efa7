"""Calling a module with other parameters than its own.

Source: https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..._core.errors import near
from ..._core.tensor import Tensor
from ..module import Module
from ..parallel import DataParallel

__all__ = ["functional_call"]

_NOTHING: Any = object()


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with these tensors in place of its parameters and buffers. The former place of `func`'s function.

    Args:
        module: the module, which is as before afterwards.
        parameters_and_buffers: tensors by their paths.
        args: a tuple of arguments, or one argument.
        kwargs: arguments by keyword.
        tie_weights: what is given for one of several names of a shared tensor stands for all of them.
        strict: insist on a tensor for each parameter and buffer.

    Raises:
        RuntimeError: keys are missing or not known (`strict`), or the module is a `DataParallel`.
        ValueError: the names of a shared tensor are given different values.
    """
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future "
        "version of PyTorch. Please use `torch.func.functional_call` instead which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return _functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)


def _functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """The same, without a warning."""
    if isinstance(module, DataParallel):
        raise RuntimeError("The stateless API can't be used with nn.DataParallel module")
    given = () if args is None else args if isinstance(args, tuple) else (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights=tie_weights, strict=strict):
        return module(*given, **(kwargs or {}))


@contextmanager
def _reparametrize_module(
    module: Module, parameters_and_buffers: dict[str, Tensor], tie_weights: bool = False, strict: bool = False
) -> Iterator[None]:
    """Let a module have these tensors in a ``with`` block. What is in their place at its end goes to the dictionary."""
    tensors = _with_ties(module, parameters_and_buffers) if tie_weights else dict(parameters_and_buffers)
    if strict:
        _check_keys(module, tensors)
    before: dict[str, Any] = {}
    try:
        for path, tensor in tensors.items():
            before[path] = _swap(module, path, tensor)
        yield
    finally:
        after = {path: _swap(module, path, tensor) for path, tensor in reversed(before.items())}
        parameters_and_buffers.update(
            {path: after[path] for path in parameters_and_buffers if after.get(path, _NOTHING) is not _NOTHING}
        )


def _swap(module: Module, path: str, tensor: Any) -> Any:
    """Put a tensor in the place of another, whatever its kind, and give that; `_NOTHING` stands for none."""
    if tensor is not _NOTHING and tensor is not None and not isinstance(tensor, Tensor):
        raise TypeError(f"{tensor} is not an instance of torch.Tensor")
    parent, _, name = path.rpartition(".")
    owner = module.get_submodule(parent)
    for registry in (owner._parameters, owner._buffers):
        if name in registry:
            place: dict[str, Any] = registry
            found = place[name]
            if tensor is _NOTHING:
                del place[name]
            else:
                place[name] = tensor
            return found
    found = getattr(owner, name, _NOTHING)
    if found is not _NOTHING and found is not None and not isinstance(found, Tensor):
        raise TypeError(f"attribute `{name}`: {found} is not an instance of torch.Tensor")
    if tensor is not _NOTHING:
        setattr(owner, name, tensor)
    elif found is not _NOTHING:
        delattr(owner, name)
    return found


def _names(module: Module) -> dict[str, Tensor]:
    """All tensors of a module by all their names."""
    named = dict(module.named_parameters(remove_duplicate=False))
    return {**named, **dict(module.named_buffers(remove_duplicate=False))}


def _with_ties(module: Module, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What is given, for each name of a shared tensor."""
    names: dict[int, list[str]] = {}
    for name, tensor in _names(module).items():
        names.setdefault(id(tensor), []).append(name)
    tensors = dict(given)
    for tied in names.values():
        values = [given[name] for name in tied if name in given]
        if len(tied) < 2 or not values:
            continue
        if any(value is not values[0] for value in values):
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(tied)}, which are tied. Consider using "
                "tie_weights=False"
            )
        tensors.update(dict.fromkeys(tied, values[0]))
    return tensors


def _check_keys(module: Module, tensors: Mapping[str, Tensor]) -> None:
    known = _names(module)
    unexpected = [path for path in tensors if path not in known]
    missing = [path for path in known if path not in tensors]
    lines = []
    if unexpected:
        hints = "".join(near(path, missing) for path in unexpected)
        lines.append(f"Unexpected key(s): {', '.join(map(repr, unexpected))}.{hints}")
    if missing:
        lines.append(f"Missing key(s): {', '.join(map(repr, missing))}.")
    if lines:
        raise RuntimeError("Error(s) in reparametrizing for {}:\n\t{}".format(module._get_name(), "\n\t".join(lines)))
