"""The base of all optimizers: parameter groups, the state kept for each parameter, hooks, and a step's frame.

Source: https://docs.pytorch.org/docs/stable/optim.html#torch.optim.Optimizer
"""

from __future__ import annotations

import copy
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from .._core.gradients import zero_gradient
from .._core.handles import RemovableHandle, add_hook
from .._core.lines import made_at
from .._core.modes import enable_grad, modes
from .._core.observe import region
from .._core.tensor import Tensor
from .given import as_list, check_parameter, required, split_names, type_name
from .state import check_format, packed, unpacked
from .stepping import register_optimizer_step_post_hook, register_optimizer_step_pre_hook, with_hooks

__all__ = [
    "Optimizer",
    "ParamsT",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]

Array = np.ndarray[Any, Any]
ParamsT: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]

_HOOKS = (
    "_optimizer_step_pre_hooks", "_optimizer_step_post_hooks", "_optimizer_state_dict_pre_hooks",
    "_optimizer_state_dict_post_hooks", "_optimizer_load_state_dict_pre_hooks", "_optimizer_load_state_dict_post_hooks",
)  # fmt: skip


class Optimizer:
    """Base class of all optimizers. A subclass gives its defaults and writes `step`.

    Args:
        params: tensors to optimize, dictionaries with ``"params"`` and options of their own, or ``(name, tensor)``.
        defaults: the options of groups that do not set them.

    Raises:
        TypeError: ``params`` is no iterable of tensors, groups or pairs, such as a module.
        ValueError: there are no parameters, one is no leaf, or one is in two groups.

    Example:
        >>> import tinygrad_nn as tg
        >>> class SignDescent(tg.optim.Optimizer):
        ...     def __init__(self, params, lr=0.1):
        ...         super().__init__(params, {"lr": lr})
        ...     @tg.no_grad()
        ...     def step(self, closure=None):
        ...         for group in self.param_groups:
        ...             for param in group["params"]:
        ...                 if param.grad is not None:
        ...                     param.sub_(param.grad.sign(), alpha=group["lr"])
        >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> SignDescent([x]).step()
        >>> x
        tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    param_groups: list[dict[str, Any]]
    state: defaultdict[Any, dict[str, Any]]
    defaults: dict[str, Any]
    _optimizer_step_pre_hooks: dict[int, Callable[..., Any]]
    _optimizer_step_post_hooks: dict[int, Callable[..., Any]]
    _optimizer_state_dict_pre_hooks: dict[int, Callable[..., Any]]
    _optimizer_state_dict_post_hooks: dict[int, Callable[..., Any]]
    _optimizer_load_state_dict_pre_hooks: dict[int, Callable[..., Any]]
    _optimizer_load_state_dict_post_hooks: dict[int, Callable[..., Any]]
    _is_stepping = False
    _numbers = frozenset({"step"})  # what a state holds that is not of the parameter's type

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state = defaultdict(dict)
        self.param_groups = []
        self._made_at = made_at(self)  # the user's file and line, for what is said of this optimizer
        self._start()
        groups = as_list(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list. If it came from a generator, that is used up: call "
                "model.parameters() anew. If it came from a module, its layers may be in a plain list: use "
                "nn.ModuleList."
            )
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _start(self) -> None:
        """What is neither copied nor pickled."""
        for name in _HOOKS:
            self.__dict__.setdefault(name, {})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls):  # a step of the subclass's own runs the hooks as well
            cls.step = with_hooks(cls.step)  # type: ignore[method-assign]  # which is the purpose

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()
        for group in self.param_groups:  # options that were added since
            for name, default in self.defaults.items():
                group.setdefault(name, default)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.extend([""] * (number > 0) + [f"Parameter Group {number}"])
            lines.extend(f"    {name}: {group[name]}" for name in sorted(group) if name != "params")
        return "\n".join(lines) + "\n)"

    # --- groups --------------------------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own, for example layers that are unfrozen during training.

        Raises:
            TypeError: the group is no dictionary, or holds something else than tensors, or holds them in a set.
            ValueError: a parameter is no leaf, is in another group already, or a required option is missing.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        if "params" not in param_group:
            raise KeyError(f"params: a parameter group needs its 'params', got {[*param_group]}")
        given = param_group["params"]
        params, names = split_names([given] if isinstance(given, Tensor) else as_list(given))
        for param in params:
            check_parameter(param)
        full = {**param_group, "params": params}  # the group itself is changed when nothing can go wrong any more
        if names:
            full["param_names"] = names
        for name, default in self.defaults.items():
            if default is required and name not in full:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            full.setdefault(name, default)
        ids = {id(param) for param in params}
        if len(ids) < len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        for group in self.param_groups:
            if ("param_names" in group) != ("param_names" in full):
                found = "with names" if names else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {found} to the optimizer"
                )
            if any(id(param) in ids for param in group["params"]):
                raise ValueError("some parameters appear in more than one parameter group")
        param_group.update(full)
        self.param_groups.append(param_group)

    # --- a step --------------------------------------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zero."""
        if modes.here.observers:
            with region(f"Optimizer.zero_grad#{type(self).__name__}.zero_grad"):
                self._forget_gradients(set_to_none)
        else:
            self._forget_gradients(set_to_none)

    def _forget_gradients(self, set_to_none: bool) -> None:
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param._grad = None
                else:
                    zero_gradient(param, set_to_none)

    @with_hooks
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient.

        Args:
            closure: computes the loss anew, with its gradients, and returns it.

        Returns:
            What the closure returned; None without one.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._update_group(group)
        return loss

    def _update_group(self, group: dict[str, Any]) -> None:
        """Update the parameters of one group in place: the part of a step that this package's optimizers write."""
        raise NotImplementedError(f"{type(self).__name__} has no step() of its own")

    def _pending(self, group: dict[str, Any]) -> Iterator[tuple[Tensor, Array, dict[str, Any]]]:
        """The parameters of a group that have a gradient, each with its gradient's array and its state."""
        for param in group["params"]:
            if param._grad is not None:
                yield param, param._grad._array, self.state[param]
                param._cell[0] += 1  # written to: what a graph has saved of it is no longer valid

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new ``(args, kwargs)``.

        The first of the args is the optimizer itself.
        """
        return add_hook(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return add_hook(self._optimizer_step_post_hooks, hook)

    # --- state ---------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state and the options, with parameters replaced by their numbers, in PyTorch's format.

        The tensors are those that the optimizer goes on writing to. Use ``copy.deepcopy`` for a snapshot.
        """
        for hook in list(self._optimizer_state_dict_pre_hooks.values()):
            hook(self)
        found = packed(self.state, self.param_groups)
        for hook in list(self._optimizer_state_dict_post_hooks.values()):
            replaced = hook(self, found)
            found = found if replaced is None else replaced
        return found

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` gave. The tensors are copied, the groups updated in place.

        Nothing is changed where anything is refused.

        Raises:
            ValueError: it has other groups, or groups of other lengths.
            KeyError, TypeError: it is no optimizer's state, or that of another optimizer.
            RuntimeError: a tensor in it has another shape than its parameter.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"load_state_dict(): expected a dict that state_dict() gave, got {type_name(state_dict)}")
        state_dict = dict(state_dict)
        for hook in list(self._optimizer_load_state_dict_pre_hooks.values()):
            replaced = hook(self, state_dict)
            state_dict = state_dict if replaced is None else replaced
        check_format(state_dict, self.param_groups)
        state = unpacked(state_dict, self.param_groups, self._numbers)
        options = [
            {name: copy.deepcopy(value) for name, value in saved.items() if name != "params"}
            for saved in state_dict["param_groups"]
        ]
        number = 0
        for group, new in zip(self.param_groups, options, strict=True):
            for param in group["params"]:
                if param in state:
                    self._check_state({**group, **new}, f"parameter {number}", param, state[param])
                number += 1
        for group, new in zip(self.param_groups, options, strict=True):
            group.update(new)
        self.__setstate__({"state": state, "param_groups": self.param_groups})
        for hook in list(self._optimizer_load_state_dict_post_hooks.values()):
            hook(self)

    def _check_state(self, group: dict[str, Any], place: str, param: Tensor, state: dict[str, Any]) -> None:
        """Refuse a loaded state that a step could not go on from; subclasses know what theirs must be like."""

    def register_state_dict_pre_hook(
        self, hook: Callable[[Optimizer], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict` collects the state."""
        return add_hook(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[[Optimizer, dict[str, Any]], dict[str, Any] | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after the state is collected; it may change it, or return another."""
        return add_hook(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[[Optimizer, dict[str, Any]], dict[str, Any] | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before a state is loaded, on a shallow copy; it may return another."""
        return add_hook(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[[Optimizer], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after a state has been loaded."""
        return add_hook(self._optimizer_load_state_dict_post_hooks, hook, prepend)
