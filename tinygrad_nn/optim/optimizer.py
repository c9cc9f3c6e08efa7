"""The base of all optimizers: parameter groups, the state kept for each parameter, and the loop of a step.

An algorithm adds its defaults and `_update_group`, a loop that applies a published formula to one parameter's arrays
after the other.

Source: https://docs.pytorch.org/docs/stable/optim.html#torch.optim.Optimizer
"""

from __future__ import annotations

import copy
import functools
import itertools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.modes import enable_grad, modes
from .._core.observe import region
from .._core.tensor import Tensor, wrap
from .bundle import Bundle, divide

__all__ = ["Optimizer", "required"]

Array = np.ndarray[Any, Any]
Pending = tuple[Array, Array, dict[str, Any], tuple[Array, Array]]
_next_id = itertools.count().__next__


class _Required:
    """Stands as the default of an option that has none."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class _Handle:
    """Removes a hook: ``handle.remove()``."""

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self.id = _next_id()
        self._hooks = hooks
        hooks[self.id] = hook

    def remove(self) -> None:
        """Take the hook away; doing so twice is harmless."""
        self._hooks.pop(self.id, None)


class Optimizer:
    """Base class of all optimizers. Subclasses give their defaults and write `_update_group`, or `step` itself.

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
        ...     def _update_group(self, group):
        ...         for param, grad, state, scratch in self._pending(group):
        ...             param -= group["lr"] * np.sign(grad)
        >>> import numpy as np
        >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> SignDescent([x]).step()
        >>> x
        tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    param_groups: list[dict[str, Any]]
    state: defaultdict[Any, dict[str, Any]]
    defaults: dict[str, Any]

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state = defaultdict(dict)
        self.param_groups = []
        self._start()
        groups = _as_list(params)
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
        self._scratch: dict[int, tuple[Array, Array]] = {}  # by the parameter's id
        self._memory: dict[np.dtype[Any], Array] = {}
        self._known_bundles: dict[int, tuple[tuple[str, ...], list[Bundle]]] = {}  # by the group's id
        self._pre_hooks: dict[int, Callable[..., Any]] = {}
        self._post_hooks: dict[int, Callable[..., Any]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls):  # a step of the subclass's own runs the hooks as well
            cls.step = _with_hooks(cls.step)  # type: ignore[method-assign]  # which is the purpose

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
        params, names = _split_names([given] if isinstance(given, Tensor) else _as_list(given))
        for param in params:
            self._check_parameter(param)
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

    def _check_parameter(self, param: Any) -> None:
        if not isinstance(param, Tensor):
            raise TypeError(
                f"optimizer can only optimize Tensors, but one of the params is {_type_name(param)}"
                + (". Pass its parameters: model.parameters()" if hasattr(param, "parameters") else "")
            )
        if not param.is_leaf and "_retains_grad" not in param.__dict__:
            raise ValueError(
                "can't optimize a non-leaf Tensor. It is the result of an operation: optimize what it was computed "
                "from, or a leaf made with .detach().requires_grad_()."
            )

    # --- a step --------------------------------------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zero."""
        for group in self.param_groups:
            for param in group["params"]:
                gradient = param._grad
                if gradient is None or set_to_none:
                    param._grad = None
                else:
                    gradient = param._grad = gradient.detach() if gradient.requires_grad else gradient
                    gradient._array.fill(0)
                    gradient._cell[0] += 1

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient.

        Args:
            closure: computes the loss anew, with its gradients, and returns it.

        Returns:
            What the closure returned; None without one.
        """
        if modes.observers:
            with region(f"Optimizer.step#{type(self).__name__}.step"):
                return self._step_with_hooks(closure)
        return self._step_with_hooks(closure)

    def _step_with_hooks(self, closure: Callable[[], Any] | None) -> Any:
        if self._pre_hooks or self._post_hooks:
            return _run_with_hooks(Optimizer._step, self, (closure,), {})
        return self._step(closure)

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._update_group(group)
        return loss

    def _update_group(self, group: dict[str, Any]) -> None:
        """Update the parameters of one group in place, by looping over `_pending`."""
        raise NotImplementedError(f"{type(self).__name__} has neither a step() nor an _update_group() of its own")

    def _pending(self, group: dict[str, Any]) -> Iterator[Pending]:
        """What a step of this group has to update.

        Yields:
            For each parameter with a gradient: its array, to be updated in place; its gradient, which must not be
            written to; the state kept for it, empty at first; and two arrays of its form for whatever lies between.
        """
        states = self.state
        scratches = self._scratch
        for param in group["params"]:
            gradient = param._grad
            if gradient is None:
                continue
            array = param._array
            scratch = scratches.get(id(param))
            if scratch is None or scratch[0].shape != array.shape or scratch[0].dtype is not array.dtype:
                scratch = self._make_scratch(param)
            yield array, gradient._array, states[param], scratch
            param._cell[0] += 1  # written to: what a graph has saved of it is no longer valid

    def _bundles(self, group: dict[str, Any], names: tuple[str, ...], scratch: int) -> list[Bundle]:
        """The group's parameters that have a gradient, as bundles whose state lies in flat arrays."""
        params = [param for param in group["params"] if param._grad is not None]
        states = [self.state[param] for param in params]
        known = self._known_bundles.get(id(group))
        if known is None or known[0] != names or not _are_intact(known[1], params, states):
            bundles = [Bundle(*part, names, scratch) for part in divide(params, states)]
            known = self._known_bundles[id(group)] = names, bundles
        return known[1]

    def _make_scratch(self, param: Tensor) -> tuple[Array, Array]:
        """Two arrays of the parameter's shape and memory order. All parameters of a type share the memory."""
        array = param._array
        like = np.empty_like(array)  # its strides: the parameter's, without gaps
        shared = self._memory.get(array.dtype)
        if shared is None or len(shared) < 2 * array.size:
            members = [p._array.size for g in self.param_groups for p in g["params"] if p._array.dtype == array.dtype]
            shared = self._memory[array.dtype] = np.empty(2 * max(members), array.dtype)
        first = np.ndarray(array.shape, array.dtype, shared, 0, like.strides)
        second = np.ndarray(array.shape, array.dtype, shared, array.nbytes, like.strides)
        self._scratch[id(param)] = first, second
        return first, second

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> _Handle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new ``(args, kwargs)``."""
        return _Handle(self._pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> _Handle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return _Handle(self._post_hooks, hook)

    # --- state ---------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state and the options, with parameters replaced by their numbers, in PyTorch's format."""
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
            packed = {name: value for name, value in group.items() if name != "params"}
            groups.append({**packed, "params": [numbers[id(param)] for param in group["params"]]})
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items() if value
        }
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` gave. The tensors are copied, the groups updated in place.

        Raises:
            ValueError: it has other groups, or groups of other lengths.
            KeyError, TypeError: it is no optimizer's state.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"load_state_dict(): expected a dict that state_dict() gave, got {_type_name(state_dict)}")
        for key in ("param_groups", "state"):
            if key not in state_dict:
                raise KeyError(
                    f"{key}: the state of an optimizer has 'state' and 'param_groups', got {[*state_dict][:4]}. Is it "
                    "the state of a model?"
                )
        saved_groups = state_dict["param_groups"]
        if len(saved_groups) != len(self.param_groups):
            raise ValueError(
                "loaded state dict has a different number of parameter groups: "
                f"got {len(saved_groups)}, expected {len(self.param_groups)}"
            )
        parameters: dict[int, Tensor] = {}
        for number, (group, saved) in enumerate(zip(self.param_groups, saved_groups, strict=True)):
            if len(group["params"]) != len(saved["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: "
                    f"group {number} has {len(saved['params'])} parameters, expected {len(group['params'])}"
                )
            parameters.update(zip(saved["params"], group["params"], strict=True))
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in parameters:
                state[parameters[key]] = _copied(value, parameters[key], None)
            else:
                state[key] = value
        self.state = state
        for group, saved in zip(self.param_groups, saved_groups, strict=True):
            group.update({name: copy.deepcopy(value) for name, value in saved.items() if name != "params"})


def _are_intact(bundles: list[Bundle], params: list[Tensor], states: list[dict[str, Any]]) -> bool:
    """Whether the bundles hold these parameters and their state, in this order within each bundle."""
    if sum(len(bundle.params) for bundle in bundles) != len(params):
        return False
    if len(bundles) == 1:
        return bundles[0].is_intact(params, states)
    place = {id(param): number for number, param in enumerate(params)}
    for bundle in bundles:
        numbers = [place.get(id(param), -1) for param in bundle.params]
        if -1 in numbers or not bundle.is_intact([params[n] for n in numbers], [states[n] for n in numbers]):
            return False
    return True


def _copied(value: Any, param: Tensor, key: Any) -> Any:
    """A copy of a state, with its tensors (except the count of steps) in the parameter's type and memory order."""
    if isinstance(value, Tensor | np.ndarray):
        array = value._array if isinstance(value, Tensor) else value
        keeps = key == "step" or param._array.dtype.kind not in "fc"
        made = np.empty_like(param._array) if array.shape == param._array.shape else np.empty(array.shape)
        made = made.astype(array.dtype if keeps else param._array.dtype, copy=False)
        np.copyto(made, array, casting="unsafe")
        return wrap(made)
    if isinstance(value, dict):
        return {name: _copied(item, param, name) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_copied(item, param, None) for item in value])
    return copy.deepcopy(value)


# --- hooks -------------------------------------------------------------------------------------------------------


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step that also runs the hooks, for subclasses that write their own."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if self._pre_hooks or self._post_hooks:
            return _run_with_hooks(step, self, args, kwargs)
        return step(self, *args, **kwargs)

    return hooked


def _run_with_hooks(step: Callable[..., Any], self: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    before, after = self._pre_hooks, self._post_hooks
    for hook in list(before.values()):
        replaced = hook(self, args, kwargs)
        if replaced is not None:
            if not (isinstance(replaced, tuple) and len(replaced) == 2):
                raise RuntimeError(f"{step} must return None or a tuple of (new_args, new_kwargs), but got {replaced}.")
            args, kwargs = replaced
    self._pre_hooks, self._post_hooks = {}, {}  # a step that calls super().step() runs them once
    try:
        result = step(self, *args, **kwargs)
    finally:
        self._pre_hooks, self._post_hooks = before, after
    for hook in list(after.values()):
        hook(self, args, kwargs)
    return result


# --- what is given -----------------------------------------------------------------------------------------------


def _as_list(params: Any) -> list[Any]:
    """The parameters that were given, as a list.

    Raises:
        TypeError: a tensor, a module, a set, or no iterable.
    """
    if isinstance(params, Tensor):
        raise _refused(params, " Put it in a list: [x]")
    if isinstance(params, set | frozenset):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    if isinstance(params, dict):
        raise _refused(params, " Put groups in a list: [{'params': ...}]")
    if hasattr(params, "parameters") or not isinstance(params, Iterable):
        raise _refused(params, " Pass its parameters: model.parameters()" if hasattr(params, "parameters") else "")
    return list(params)


def _refused(params: Any, fix: str) -> TypeError:
    return TypeError(
        "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
        f"{_type_name(params)}.{fix}"
    )


def _split_names(given: list[Any]) -> tuple[list[Any], list[str]]:
    """Parameters, and their names if pairs were given, as by ``named_parameters()``."""
    names = [item[0] for item in given if isinstance(item, tuple)]
    if names and len(names) != len(given):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return [item[1] if isinstance(item, tuple) else item for item in given], names


def _type_name(value: Any) -> str:
    return (
        f"torch.{dtypes.type_name(value._array.dtype)}Tensor"
        if isinstance(value, Tensor)
        else type(value).__name__
    )


def check_flavours(fused: bool | None, foreach: bool | None) -> None:
    """Refuse PyTorch's two ways of computing a step at once; here both are without effect."""
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together. Leave both away.")


def check_options(lr: Any, **named: float) -> None:
    """Refuse options that must not be negative, in PyTorch's words."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not lr >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")
    for name, value in named.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name} value: {value}")
