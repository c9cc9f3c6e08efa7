"""Draws with a gradient of their own, and `binomial`: functions that PyTorch has at its top level."""

from __future__ import annotations

from typing import Any

from .._core import pathwise, rejection
from .._core.dtypes import type_name
from .._core.random import Generator, default_generator
from .._core.tensor import Tensor, wrap
from ..autograd.function import Function, once_differentiable
from ..ops.random import _drawn

__all__ = ["binomial"]


def _source(generator: Generator | None) -> Generator:
    return default_generator if generator is None else generator


def _check_floating(name: str, given: Tensor) -> None:
    if given._array.dtype.kind != "f":
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{type_name(given._array.dtype)}'. Convert it first: x.float()."
        )


class StandardGamma(Function):
    """Gamma numbers of scale 1. Their gradient is implicit: how far a draw moves at a fixed ``cdf``.

    Source: M. Figurnov, S. Mohamed and A. Mnih, "Implicit reparameterization gradients", 2018.
    """

    @staticmethod
    def forward(ctx: Any, concentration: Tensor, generator: Generator | None = None) -> Tensor:
        drawn = wrap(rejection.standard_gamma(concentration._array, _source(generator)))
        ctx.save_for_backward(concentration, drawn)
        return drawn

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        concentration, drawn = ctx.saved_tensors
        return grad_output * _standard_gamma_grad(concentration, drawn), None


class SampleDirichlet(Function):
    """Dirichlet numbers, along the last dimension, whose gradient is implicit as well."""

    @staticmethod
    def forward(ctx: Any, concentration: Tensor, generator: Generator | None = None) -> Tensor:
        drawn = wrap(rejection.dirichlet(concentration._array, _source(generator)))
        ctx.save_for_backward(concentration, drawn)
        return drawn

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        concentration, drawn = ctx.saved_tensors
        total = concentration.sum(-1, True).expand_as(concentration)
        moved = _dirichlet_grad(drawn, concentration, total)
        return moved * (grad_output - (drawn * grad_output).sum(-1, True)), None


def _standard_gamma(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Gamma numbers of scale 1 with these concentrations, as ``torch._standard_gamma`` draws them."""
    _check_floating("gamma_cpu", input)
    drawn: Tensor = StandardGamma.apply(input, generator)
    return drawn


def _standard_gamma_grad(input: Tensor, output: Tensor) -> Tensor:
    """The derivative of gamma numbers by their concentrations."""
    return wrap(pathwise.standard_gamma_gradient(input._array, output._array))


def _sample_dirichlet(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Dirichlet numbers with these concentrations, as ``torch._sample_dirichlet`` draws them."""
    _check_floating("dirichlet", input)
    drawn: Tensor = SampleDirichlet.apply(input, generator)
    return drawn


def _dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """The derivative of beta numbers by their first concentration, divided by ``1 - x``."""
    return wrap(pathwise.dirichlet_gradient(x._array, alpha._array, total._array))


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of `count` tries succeed, each with probability `prob`.

    Args:
        count: numbers of tries, in a floating point type.
        prob: probabilities, in the same type.
        generator: where the random numbers come from.

    Raises:
        ValueError: they are integers.
        RuntimeError: they have different types.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.binomial.html

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.binomial(tg.tensor([10.0, 100.0]), tg.tensor([0.5, 0.5]))
        tensor([ 7., 51.])
    """
    for name, given in (("count", count), ("prob", prob)):
        if given._array.dtype.kind != "f":
            raise ValueError(
                f"binomial only supports floating-point dtypes for {name}, got: {type_name(given._array.dtype)}. "
                f"Convert it first: {name}.float()."
            )
    if count.dtype != prob.dtype:
        raise RuntimeError(
            f"Found dtype {type_name(prob._array.dtype)} but expected {type_name(count._array.dtype)}: binomial() "
            "takes count and prob of one type. Convert one: prob.to(count.dtype)."
        )
    drawn: Tensor = _drawn(count, prob, values=rejection.binomial(count._array, prob._array, _source(generator)))
    return drawn
