"""What an optimizer is given: parameters, groups of them, and options, each refused before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._core import dtypes
from .._core.tensor import Tensor

__all__ = ["check_betas", "check_least", "check_not_negative", "check_rate", "check_ways"]


class Required:
    """Stands as the default of an option that has none."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = Required()


def as_list(params: Any) -> list[Any]:
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
        f"{type_name(params)}.{fix}"
    )


def split_names(given: list[Any]) -> tuple[list[Any], list[str]]:
    """Parameters, and their names if pairs were given, as by ``named_parameters()``.

    Raises:
        ValueError: some have names and some have none.
    """
    names = [item[0] for item in given if isinstance(item, tuple)]
    if names and len(names) != len(given):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return [item[1] if isinstance(item, tuple) else item for item in given], names


def check_parameter(param: Any) -> None:
    """Refuse what cannot be optimized.

    Raises:
        TypeError: it is no tensor.
        ValueError: it is the result of an operation.
    """
    if not isinstance(param, Tensor):
        raise TypeError(
            f"optimizer can only optimize Tensors, but one of the params is {type_name(param)}"
            + (". Pass its parameters: model.parameters()" if hasattr(param, "parameters") else "")
        )
    if not param.is_leaf and "_retains_grad" not in param.__dict__:
        raise ValueError(
            "can't optimize a non-leaf Tensor. It is the result of an operation: optimize what it was computed "
            "from, or a leaf made with .detach().requires_grad_()."
        )


def type_name(value: Any) -> str:
    """The type as PyTorch's messages call it."""
    if isinstance(value, Tensor):
        return f"torch.{dtypes.type_name(value._array.dtype)}Tensor"
    return type(value).__name__


# --- options -----------------------------------------------------------------------------------------------------


def check_ways(foreach: bool | None = None, fused: bool | None = None, differentiable: bool = False) -> None:
    """Refuse combinations of PyTorch's ways of computing a step; by themselves they change nothing here.

    Raises:
        RuntimeError: two ways at once.
        NotImplementedError: ``differentiable=True``. Steps are computed on the arrays and are not recorded.
    """
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`. Leave both away.")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together. Leave both away.")
    if differentiable:
        raise NotImplementedError(
            "differentiable=True: a step writes to the parameters in place and is not recorded, so no gradient can "
            "flow through it. Write the update with tensors instead: `new = p - lr * grad`, where grad comes from "
            "autograd.grad(loss, p, create_graph=True)."
        )


def check_rate(lr: Any, message: str = "Invalid learning rate: {}") -> None:
    """Refuse a learning rate that is negative, nan, or a tensor of several numbers.

    Raises:
        ValueError: it is one of these.
    """
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError(f"Tensor lr must be 1-element, got shape {list(lr.shape)}")
    if not lr >= 0.0:
        raise ValueError(message.format(lr))


def check_not_negative(**named: Any) -> None:
    """Refuse options that must not be negative, in PyTorch's words.

    Raises:
        ValueError: one of them is negative or nan.
    """
    for name, value in named.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name} value: {value}")


def check_least(name: str, value: float, least: float) -> None:
    """Refuse an option that is too small, in the words of PyTorch's newer optimizers.

    Raises:
        ValueError: it is, or it is nan.
    """
    if not value >= least:
        raise ValueError(f"{name} should be >= {least} but is: {value}")


def check_betas(betas: Any) -> None:
    """Refuse decay rates of running means outside of [0, 1).

    Raises:
        ValueError: one of them is.
    """
    for index in range(2):
        if not 0.0 <= betas[index] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {betas[index]}")
