"""From constraints to transforms whose values satisfy them.

`biject_to(constraint)` is bijective, with a log determinant, as Hamiltonian Monte Carlo and variational inference need
it; `transform_to(constraint)` may be many to one, and is the simpler one for optimization.

Source: https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.constraint_registry

Example:
    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn.distributions import constraints, transform_to
    >>> unconstrained = tg.zeros(3, requires_grad=True)
    >>> transform_to(constraints.simplex)(unconstrained)
    tensor([0.3333, 0.3333, 0.3333], grad_fn=<DivBackward0>)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import constraints, transforms
from .utils import is_number

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """Which function makes the transform for a constraint.

    Example:
        >>> from tinygrad_nn.distributions import constraints, transforms
        >>> from tinygrad_nn.distributions.constraint_registry import ConstraintRegistry
        >>> registry = ConstraintRegistry()
        >>> @registry.register(constraints.positive)
        ... def make(constraint):
        ...     return transforms.ExpTransform()
        >>> registry(constraints.positive)
        ExpTransform()
    """

    def __init__(self) -> None:
        self._registry: dict[type[Any], Callable[[Any], Any]] = {}
        super().__init__()

    def register(self, constraint: Any, factory: Callable[[Any], Any] | None = None) -> Any:
        """Enter a function of a constraint that returns a transform; without it, decorate one.

        Args:
            constraint: a subclass of `Constraint`, or an instance that stands for its class.
            factory: the function.

        Raises:
            TypeError: `constraint` is neither.
        """
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        if isinstance(constraint, constraints.Constraint):
            constraint = type(constraint)
        if not isinstance(constraint, type) or not issubclass(constraint, constraints.Constraint):
            raise TypeError(
                f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}"
            )
        self._registry[constraint] = factory
        return factory

    def __call__(self, constraint: Any) -> Any:
        """The transform for a constraint.

        Raises:
            NotImplementedError: none is registered.
        """
        factory = self._registry.get(type(constraint))
        if factory is None:
            raise NotImplementedError(f"Cannot transform {type(constraint).__name__} constraints")
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _in_both(*of: Any) -> Callable[[Any], Any]:
    """Enter a function into both registries, for each of the constraints."""

    def decorate(factory: Any) -> Any:
        for constraint in of:
            biject_to.register(constraint, factory)
            transform_to.register(constraint, factory)
        return factory

    return decorate


@_in_both(constraints.real)
def _to_real(constraint: Any) -> Any:
    return transforms.identity_transform


@_in_both(constraints.positive, constraints.nonnegative)
def _to_positive(constraint: Any) -> Any:
    return transforms.ExpTransform()


@_in_both(constraints.greater_than, constraints.greater_than_eq)
def _to_greater_than(constraint: Any) -> Any:
    moved = transforms.AffineTransform(constraint.lower_bound, 1)
    return transforms.ComposeTransform([transforms.ExpTransform(), moved])


@_in_both(constraints.less_than)
def _to_less_than(constraint: Any) -> Any:
    moved = transforms.AffineTransform(constraint.upper_bound, -1)
    return transforms.ComposeTransform([transforms.ExpTransform(), moved])


@_in_both(constraints.interval, constraints.half_open_interval)
def _to_interval(constraint: Any) -> Any:
    low, high = constraint.lower_bound, constraint.upper_bound
    if is_number(low, high) and low == 0 and high == 1:
        return transforms.SigmoidTransform()
    moved = transforms.AffineTransform(low, high - low)
    return transforms.ComposeTransform([transforms.SigmoidTransform(), moved])


@biject_to.register(constraints.simplex)  # type: ignore[untyped-decorator]
def _biject_to_simplex(constraint: Any) -> Any:
    return transforms.StickBreakingTransform()


@transform_to.register(constraints.simplex)  # type: ignore[untyped-decorator]
def _transform_to_simplex(constraint: Any) -> Any:
    return transforms.SoftmaxTransform()


@transform_to.register(constraints.lower_cholesky)  # type: ignore[untyped-decorator]
def _to_lower_cholesky(constraint: Any) -> Any:
    return transforms.LowerCholeskyTransform()


def _to_positive_definite(constraint: Any) -> Any:
    return transforms.PositiveDefiniteTransform()


transform_to.register(constraints.positive_definite, _to_positive_definite)
transform_to.register(constraints.positive_semidefinite, _to_positive_definite)


@_in_both(constraints.corr_cholesky)
def _to_corr_cholesky(constraint: Any) -> Any:
    return transforms.CorrCholeskyTransform()


def _register_composed(registry: ConstraintRegistry) -> None:
    """Constraints that are made of others, whose transforms come from the same registry."""

    def independent(constraint: Any) -> Any:
        base = registry(constraint.base_constraint)
        return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)

    def cat(constraint: Any) -> Any:
        return transforms.CatTransform([registry(c) for c in constraint.cseq], constraint.dim, constraint.lengths)

    def stack(constraint: Any) -> Any:
        return transforms.StackTransform([registry(c) for c in constraint.cseq], constraint.dim)

    registry.register(constraints.independent, independent)
    registry.register(constraints.cat, cat)
    registry.register(constraints.stack, stack)


_register_composed(biject_to)
_register_composed(transform_to)
