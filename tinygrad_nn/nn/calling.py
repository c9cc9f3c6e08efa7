"""Calling a module that has hooks. One without never comes here."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from .boundary import Boundary, add_former_hooks
from .hooks import EVERY, NONE, Hooked, ModuleHooks

if TYPE_CHECKING:
    from .module import Module


def call_with_hooks(module: Module, hooks: ModuleHooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the module's forward with everything that its hooks, and those of all modules, add."""
    sources = (EVERY, hooks)
    if hooks is NONE and not (EVERY.forward_pre or EVERY.forward or EVERY.backward_pre or EVERY.backward):
        Hooked._hooks = None  # the last hook of all modules has gone
    call = _Call(module, sources, args, kwargs)
    try:
        return call.run()
    except Exception:
        call.run_always_called()
        raise


class _Call:
    """One call of a module, of whose parts the hooks are told."""

    def __init__(
        self, module: Module, sources: tuple[ModuleHooks, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.module = module
        self.sources = sources
        self.args = args
        self.kwargs = kwargs
        self.result: Any = None
        self.ran: set[int] = set()

    def run(self) -> Any:
        """Forward and its hooks."""
        self._run_pre_hooks()
        boundary = Boundary.of(self.module, self.sources)
        if boundary is not None:
            self.args = boundary.enter(self.args)
        self.result = self.module.forward(*self.args, **self.kwargs)
        for source in self.sources:
            for key in list(source.forward):
                if key in source.forward:  # a hook may have removed it
                    self.ran.add(key)
                    self._run_hook(source, key)
        if boundary is not None:
            self.result = boundary.leave(self.result)
        add_former_hooks(self.module, self.sources, self.args, self.result)
        return self.result

    def _run_pre_hooks(self) -> None:
        for source in self.sources:
            for key, hook in list(source.forward_pre.items()):
                if key in source.forward_pre_with_kwargs:
                    replaced = hook(self.module, self.args, self.kwargs)
                    if replaced is None:
                        continue
                    if not (isinstance(replaced, tuple) and len(replaced) == 2):
                        raise RuntimeError(
                            "forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got "
                            f"{replaced}."
                        )
                    self.args, self.kwargs = replaced
                else:
                    replaced = hook(self.module, self.args)
                    if replaced is not None:
                        self.args = replaced if isinstance(replaced, tuple) else (replaced,)

    def _run_hook(self, source: ModuleHooks, key: int) -> None:
        hook = source.forward[key]
        if key in source.forward_with_kwargs:
            replaced = hook(self.module, self.args, self.kwargs, self.result)
        else:
            replaced = hook(self.module, self.args, self.result)
        if replaced is not None:
            self.result = replaced

    def run_always_called(self) -> None:
        """After an error: the hooks that asked for it, and have not run yet."""
        for source in self.sources:
            for key in list(source.forward_always):
                if key not in self.ran:
                    self._run_silenced(source, key)

    def _run_silenced(self, source: ModuleHooks, key: int) -> None:
        try:
            self._run_hook(source, key)
        except Exception as error:
            kind = "global module" if source is EVERY else "module"
            warnings.warn(
                f"{kind} forward hook with ``always_call=True`` raised an exception that was silenced as another error "
                f"was raised in forward: {error}",
                stacklevel=5,
            )
