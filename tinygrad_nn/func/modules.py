"""Modules as functions of their parameters.

Source: https://docs.pytorch.org/docs/stable/func.api.html#utilities-for-working-with-torch-nn-modules
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._core.tensor import Tensor
from ..ops.join import stack


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in the place of its parameters and buffers, which stay what they are.

    So a module is a function of its parameters, which `grad`, `vmap` and the others can be applied to.

    Args:
        module: an `nn.Module`.
        parameter_and_buffer_dicts: names and tensors; or several such, without a name in common. What is not named
            stays. If the module assigns new tensors to them while it runs, a single dictionary has these afterwards.
        args: the positional arguments: a tuple, or a single one.
        kwargs: the keyword arguments.
        tie_weights: a tensor that the module has under several names is replaced under all of them.
        strict: the names must be all those of the module, and no others.

    Raises:
        ValueError: a name is in several dictionaries, or different tensors are given for one that has several names.
        RuntimeError: with `strict`, names are missing, or there are others.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.func import functional_call, grad
        >>> layer = tg.nn.Linear(2, 1)
        >>> given = {"weight": tg.ones(1, 2), "bias": tg.zeros(1)}
        >>> functional_call(layer, given, tg.tensor([3.0, 4.0]))
        tensor([7.])
        >>> gradients = grad(lambda p: functional_call(layer, p, tg.tensor([3.0, 4.0])).sum())(given)
        >>> gradients["weight"]
        tensor([[3., 4.]])
    """
    from ..nn.utils.stateless import _functional_call

    given = _merged(parameter_and_buffer_dicts)
    return _functional_call(module, given, args, dict(kwargs or {}), tie_weights=tie_weights, strict=strict)


def _merged(given: Any) -> dict[str, Any]:
    """What is in several dictionaries together; a single one itself, in which changes are noted."""
    if isinstance(given, dict):
        return given
    if isinstance(given, Mapping):
        return dict(given)
    if not isinstance(given, Sequence):
        raise ValueError(
            f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(given)}"
        )
    if not all(isinstance(each, Mapping) for each in given):
        raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
    names = [name for each in given for name in each]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous"
        )
    return {name: value for each in given for name, value in each.items()}


def stack_module_state(models: Any) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and buffers of several modules of one kind, stacked: for an ensemble, by `vmap`.

    The stacked parameters are new leaves, which an optimizer can be given.

    Args:
        models: modules of one class, all training or all evaluating.

    Returns:
        Two dictionaries, of parameters and of buffers, whose tensors have the models in their first dimension.

    Raises:
        RuntimeError: there are no models, or they differ.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.stack_module_state.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.func import functional_call, stack_module_state, vmap
        >>> models = [tg.nn.Linear(3, 2) for _ in range(5)]
        >>> parameters, buffers = stack_module_state(models)
        >>> call = lambda p, b, x: functional_call(models[0], (p, b), x)
        >>> vmap(call, (0, 0, None))(parameters, buffers, tg.ones(4, 3)).shape
        torch.Size([5, 4, 2])
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({model.training for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if len({type(model) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(model.named_parameters()) for model in models]
    buffers = [dict(model.named_buffers()) for model in models]
    return (
        {name: _stacked_leaf([each[name] for each in parameters], name) for name in parameters[0]},
        {name: _stacked_leaf([each[name] for each in buffers], name) for name in buffers[0]},
    )


def _stacked_leaf(tensors: list[Tensor], name: str) -> Tensor:
    if len({tensor.requires_grad for tensor in tensors}) > 1:
        raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
    stacked: Tensor = stack(tensors)
    return stacked.detach().requires_grad_() if tensors[0].requires_grad else stacked


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Let all batch normalisations of a module work without running statistics, which `vmap` cannot write to.

    Args:
        root: a module, which is changed and returned.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.replace_all_batch_norm_modules_.html
    """
    for module in root.modules():
        if hasattr(module, "running_mean") and hasattr(module, "track_running_stats"):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
