"""Weight normalisation: a weight as its direction and its length, ``w = g * v / ||v||``.

Source: T. Salimans and D. Kingma, "Weight Normalization", 2016;
https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.weight_norm.html
"""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from ..._core.tensor import Tensor
from ..module import Module
from ..parameter import Parameter
from .hook_search import find_pre_hook, refuse_second

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def norm_except_dim(v: Tensor, dim: int) -> Tensor:
    """The length of each slice along a dimension, with the others kept as 1; for -1 the length of all together."""
    if dim == -1:
        return v.norm()
    others = [d for d in range(v.ndim) if d != dim % v.ndim]
    return v.norm(2, others, keepdim=True) if others else v.abs()


def scaled(v: Tensor, g: Tensor, dim: int) -> Tensor:
    """The direction of `v` with the lengths `g`."""
    return v * (g / norm_except_dim(v, dim))


class WeightNorm:
    """The forward pre-hook that makes the weight of `weight_norm`."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Tensor:
        """The weight, from the parameters it is made of."""
        return scaled(getattr(module, f"{self.name}_v"), getattr(module, f"{self.name}_g"), self.dim)

    @staticmethod
    def apply(module: Module, name: str, dim: int | None) -> WeightNorm:
        """Put the two parameters in the place of the one."""
        refuse_second(module, WeightNorm, "name", name, "weight_norm")
        hook = WeightNorm(name, dim)
        weight: Tensor = getattr(module, name)
        del module._parameters[name]
        module.register_parameter(f"{name}_g", Parameter(norm_except_dim(weight.detach(), hook.dim)))
        module.register_parameter(f"{name}_v", Parameter(weight.data))
        setattr(module, name, hook.compute_weight(module))
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module: Module) -> None:
        """Make one parameter of the two again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[f"{self.name}_g"]
        del module._parameters[f"{self.name}_v"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Replace a parameter by its direction ``name_v`` and its length ``name_g``, by a hook. Deprecated, as in PyTorch.

    Prefer `nn.utils.parametrizations.weight_norm`.

    Args:
        module: the module, which is changed and returned.
        name: the parameter.
        dim: the dimension along which each slice has a length of its own; None: one length.

    Raises:
        RuntimeError: the parameter is normalised already.
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Undo `weight_norm`: the parameter keeps the value that it has.

    Raises:
        ValueError: the parameter is not normalised.
    """
    key, hook = find_pre_hook(module, WeightNorm, "name", name)
    if hook is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    hook.remove(module)
    del module._forward_pre_hooks[key]
    return module
