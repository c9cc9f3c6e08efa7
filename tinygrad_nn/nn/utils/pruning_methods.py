"""The methods of pruning: what each makes a mask of."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from ..._core.tensor import Tensor
from ...ops.creation import ones_like, zeros_like
from ...ops.random import rand, rand_like
from ..module import Module
from .hook_search import find_pre_hook


class BasePruningMethod(ABC):
    """A way of pruning. A subclass says in ``compute_mask`` what is kept, and in ``PRUNING_TYPE`` how it combines.

    With masks that are there already, a method of type ``"unstructured"`` sees only the elements that are left,
    ``"structured"`` only the slices along ``dim`` that are not empty, and ``"global"`` everything.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils import prune
        >>> class EveryOther(prune.BasePruningMethod):
        ...     PRUNING_TYPE = "unstructured"
        ...     def compute_mask(self, t, default_mask):
        ...         mask = default_mask.clone()
        ...         mask.view(-1)[::2] = 0
        ...         return mask
        >>> layer = tg.nn.Linear(4, 1)
        >>> method = EveryOther.apply(layer, "weight")
        >>> layer.weight_mask
        tensor([[0., 1., 0., 1.]])
    """

    PRUNING_TYPE: str
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        """Before a call of the module: the parameter anew."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for a tensor, which is to be multiplied with the one that is there."""

    def apply_mask(self, module: Module) -> Tensor:
        """The parameter: the original times the mask."""
        original: Tensor = getattr(module, f"{self._tensor_name}_orig")
        mask: Tensor = getattr(module, f"{self._tensor_name}_mask")
        return mask.to(original.dtype) * original

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Tensor | None = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prune a parameter of a module, on top of what has been pruned before.

        Args:
            module: the module, which is changed.
            name: the parameter.
            args, kwargs: the method's arguments.
            importance_scores: what is looked at in place of the parameter.

        Raises:
            AssertionError: the scores have another shape.
        """
        value: Tensor = getattr(module, name)
        scores = value if importance_scores is None else importance_scores
        if scores.shape != value.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}, got {scores.shape} vs "
                f"{value.shape}"
            )
        method: BasePruningMethod = cls(*args, **kwargs)
        method._tensor_name = name
        key, earlier = find_pre_hook(module, BasePruningMethod, "_tensor_name", name)
        if earlier is None:
            mask = method.compute_mask(scores, default_mask=ones_like(value))
            del module._parameters[name]
            module.register_parameter(f"{name}_orig", value)  # type: ignore[arg-type]  # it is one
        else:
            container = earlier if isinstance(earlier, PruningContainer) else PruningContainer(earlier)
            mask = container.combined(method, scores, getattr(module, f"{name}_mask").detach().clone())
            container.add_pruning_method(method)
            method = container
            del module._forward_pre_hooks[key]
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None) -> Tensor:
        """A tensor, pruned, without any module.

        Raises:
            AssertionError: the scores have another shape.
        """
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as tensor t, got {scores.shape} vs {t.shape}"
            )
        return t * self.compute_mask(scores, default_mask=ones_like(t) if default_mask is None else default_mask)

    def remove(self, module: Module) -> None:
        """Make the parameter a plain one again: its zeros stay."""
        name = self._tensor_name
        weight = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original: Any = module._parameters.pop(f"{name}_orig")
        original.data = weight.data
        del module._buffers[f"{name}_mask"]
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Several methods, one after the other, on one parameter.

    Args:
        args: the methods.

    Raises:
        TypeError: one of them is no method.
        ValueError: they are for different parameters.
    """

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if args:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Add a method at the end."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if self._tensor_name != method._tensor_name:
            raise ValueError(
                f"Can only add pruning methods acting on the parameter named '{self._tensor_name}' to PruningContainer "
                f"{self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask after the latest method."""
        return self.combined(self._pruning_methods[-1], t, default_mask)

    @staticmethod
    def combined(method: BasePruningMethod, t: Tensor, mask: Tensor) -> Tensor:
        """A mask, pruned further by a method, which is shown what is left."""
        left = _what_is_left(method, t, mask)
        combined = mask.to(t.dtype, copy=True)
        combined[left] = method.compute_mask(t[left], default_mask=mask[left]).to(combined.dtype)
        return combined


def _what_is_left(method: BasePruningMethod, t: Tensor, mask: Tensor) -> Any:
    """The index of the elements that a method is shown."""
    if method.PRUNING_TYPE == "unstructured":
        return mask == 1
    everything: list[Any] = [slice(None)] * t.ndim
    if method.PRUNING_TYPE == "structured":
        if not hasattr(method, "dim"):
            raise AttributeError(
                'Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.'
            )
        dim = method.dim + t.ndim if method.dim < 0 else method.dim
        if dim < 0:
            raise IndexError(f"Index is out of bounds for tensor with dimensions {t.ndim}")
        everything[dim] = mask.sum(dim=[d for d in range(t.ndim) if d != dim]) != 0
    elif method.PRUNING_TYPE != "global":
        raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
    return tuple(everything)


class _ByAmount(BasePruningMethod):
    """A method that prunes an amount: a number of elements or slices, or a fraction of them."""

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def count(self, size: int) -> int:
        """How many of `size` are to be pruned."""
        if not isinstance(self.amount, numbers.Integral):
            return round(self.amount * size)
        if self.amount > size:
            raise ValueError(f"amount={self.amount} should be smaller than the number of parameters to prune={size}")
        return int(self.amount)


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if float(amount) < 0 or (not isinstance(amount, numbers.Integral) and float(amount) > 1.0):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer"
        )


class Identity(BasePruningMethod):
    """Prunes nothing."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask that is there."""
        return default_mask


class RandomUnstructured(_ByAmount):
    """Prunes elements at random.

    Args:
        amount: how many; a float between 0 and 1 is a fraction.
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Zeros at the elements that drew the largest numbers."""
        count = self.count(t.numel())
        mask = default_mask.clone()
        if count:
            mask.view(-1)[rand_like(t).view(-1).topk(count).indices] = 0
        return mask


class L1Unstructured(_ByAmount):
    """Prunes the elements of the smallest absolute values.

    Args:
        amount: how many; a float between 0 and 1 is a fraction.
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Zeros at the smallest elements."""
        count = self.count(t.numel())
        mask = default_mask.clone()
        if count:
            mask.view(-1)[t.detach().abs().reshape(-1).topk(count, largest=False).indices] = 0
        return mask


class _Structured(_ByAmount):
    """A method that prunes slices along a dimension."""

    PRUNING_TYPE = "structured"
    dim: int

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Zeros in the slices that are not kept.

        Raises:
            ValueError: the tensor has fewer than two dimensions, or not so many slices.
            IndexError: it has no such dimension.
        """
        if t.ndim <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor of shape "
                f"{t.shape} with {t.ndim} dims"
            )
        if self.dim >= t.ndim:
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        size = t.shape[self.dim]
        count = self.count(size)
        if not count:
            return default_mask
        mask = zeros_like(t, requires_grad=False)
        where: list[Any] = [slice(None)] * t.ndim
        where[self.dim] = self.kept(t.detach(), size, count)
        mask[tuple(where)] = 1
        return mask * default_mask.to(mask.dtype)

    @abstractmethod
    def kept(self, t: Tensor, size: int, count: int) -> Tensor:
        """The slices that are kept, as an index, where `count` of `size` are pruned."""


class RandomStructured(_Structured):
    """Prunes whole slices along a dimension, at random.

    Args:
        amount: how many; a float between 0 and 1 is a fraction.
        dim: the dimension.
    """

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def kept(self, t: Tensor, size: int, count: int) -> Tensor:
        """Those that drew more than the `count`-th smallest number."""
        drawn = rand(size)
        kept: Tensor = drawn > drawn.kthvalue(count).values
        return kept


class LnStructured(_Structured):
    """Prunes the slices along a dimension that have the smallest norms.

    Args:
        amount: how many; a float between 0 and 1 is a fraction.
        n: the order of the norm, as for `norm`.
        dim: the dimension.
    """

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        super().__init__(amount)
        self.n = n
        self.dim = dim

    def kept(self, t: Tensor, size: int, count: int) -> Tensor:
        """Those of the largest norms."""
        others = [d for d in range(t.ndim) if d != self.dim % t.ndim]
        found: Tensor = t.norm(self.n, others).topk(size - count).indices
        return found


class CustomFromMask(BasePruningMethod):
    """Prunes the elements where a mask is 0.

    Args:
        mask: a tensor of the parameter's shape.
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask, together with the one that is there."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}"
            )
        return default_mask * self.mask.to(default_mask.dtype)
