"""The parametrizations of one tensor, one after the other, and what they are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..._core.modes import no_grad
from ..._core.tensor import Tensor
from ..containers import ModuleList
from ..module import Module
from ..parameter import Parameter


def register(module: Module, name: str, tensor: Tensor) -> None:
    """Make a tensor a parameter of a module if it is one, else a buffer."""
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def refuse_no_tensor(value: Any) -> None:
    """Refuse what a parametrization gives if it is no tensor."""
    if not isinstance(value, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(value).__name__}.")


def check_same(sentence: str, first_name: str, first: Any, second_name: str, second: Any) -> None:
    """Refuse a change of type or shape; ``{}`` in the sentence stands for which of the two."""
    for what in ("dtype", "shape"):
        before, after = getattr(first, what), getattr(second, what)
        if before != after:
            raise ValueError(
                f"{sentence.format(what)}\n{first_name}.{what}: {before}\n{second_name}.{what}: {after}"
                if second_name != "returned"
                else f"{sentence.format(what)}\n{first_name}.{what}: {before}\nreturned {what}: {after}"
            )


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor; called, it gives the tensor.

    Args:
        modules: the parametrizations, in the order in which they are applied.
        original: the tensor as it was, which becomes the first one's input, or what its ``right_inverse`` makes of it.
        unsafe: do not check that type and shape stay the same.

    Raises:
        ValueError: there are none, they change type or shape, or a ``right_inverse`` gives no tensors.
    """

    original: Tensor

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        before_dtype, before_shape = original.dtype, original.shape
        with no_grad():
            new = self._invert_where_possible(original)
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            self._keep_one(original, new)
        else:
            self._keep_several(original, new)
        if not unsafe:
            value = self()
            refuse_no_tensor(value)
            self._check_unchanged("dtype", before_dtype, value.dtype)
            self._check_unchanged("shape", before_shape, value.shape)

    def _invert_where_possible(self, value: Any) -> Any:
        for module in reversed(list(self)):
            if hasattr(module, "right_inverse"):
                with suppress(NotImplementedError):  # it is then taken for the identity
                    value = module.right_inverse(value)
        if not isinstance(value, Tensor | Sequence):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                f"{type(value).__name__}"
            )
        return value

    def _keep_one(self, original: Tensor, new: Tensor) -> None:
        if original.dtype != new.dtype:
            raise ValueError(
                "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}"
            )
        with no_grad():
            original.set_(new)  # it stays the same parameter, for the optimizer's sake
        register(self, "original", original)

    def _keep_several(self, original: Tensor, new: Sequence[Any]) -> None:
        for number, tensor in enumerate(new):
            if not isinstance(tensor, Tensor):
                raise ValueError(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got element "
                    f"{number} of the sequence with type {type(tensor).__name__}."
                )
            if isinstance(original, Parameter):
                tensor = Parameter(tensor, original.requires_grad)
            register(self, f"original{number}", tensor.requires_grad_(original.requires_grad))

    @staticmethod
    def _check_unchanged(what: str, before: Any, after: Any) -> None:
        if before != after:
            raise ValueError(
                f"Registering a parametrization may not change the {what} of the tensor, unless `unsafe` flag is "
                f"enabled.\nunparametrized {what}: {before}\nparametrized {what}: {after}"
            )

    def _originals(self) -> list[Tensor]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{number}") for number in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the tensor becomes this value.

        Raises:
            RuntimeError: a parametrization has no ``right_inverse``.
            ValueError: what it gives does not fit the originals.
        """
        with no_grad():
            new: Any = value
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                new = module.right_inverse(new)
            tensors = self._checked(new)
            for original, tensor in zip(self._originals(), tensors, strict=True):
                original.set_(tensor)

    def _checked(self, new: Any) -> list[Tensor]:
        """What ``right_inverse`` gave, as one tensor for each original, of the same types."""
        if self.is_tensor:
            if not isinstance(new, Tensor):
                raise ValueError(f"`right_inverse` should return a tensor. Got {type(new).__name__}")
            if new.dtype != self.original.dtype:
                raise ValueError(
                    f"The tensor returned by `right_inverse` has dtype {new.dtype} while `original` has dtype "
                    f"{self.original.dtype}"
                )
            return [new]
        if not isinstance(new, Sequence):
            raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(new).__name__}.")
        if len(new) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of "
                f"length {len(new)}."
            )
        for number, (tensor, original) in enumerate(zip(new, self._originals(), strict=True)):
            if not isinstance(tensor, Tensor):
                raise ValueError(
                    f"'right_inverse' must return a sequence of tensors. Got element {number} of type "
                    f"{type(tensor).__name__}."
                )
            if tensor.dtype != original.dtype:
                raise ValueError(
                    f"Tensor {number} returned by `right_inverse` has dtype {tensor.dtype} while `original{number}` "
                    f"has dtype {original.dtype}"
                )
        return list(new)

    def forward(self) -> Tensor:
        """The tensor, computed from the originals."""
        first, *others = self
        value: Tensor = first(*self._originals())
        for module in others:
            value = module(value)
        return value
