"""`Distribution`, of which all others are made.

Source: https://docs.pytorch.org/docs/stable/distributions.html#distribution
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._core.modes import no_grad
from .._core.tensor import Size, Tensor
from . import constraints
from .looks import satisfied
from .utils import lazy_property

__all__ = ["Distribution"]

Shape = Sequence[int]


class Distribution:
    """A probability distribution, or a batch of them.

    A sample has the shape ``sample_shape + batch_shape + event_shape``: how many were drawn, of how many
    distributions, and what one of them draws. `log_prob` gives one number for each event.

    A subclass has `arg_constraints` (for each parameter the values it may have) and `support`, and of the methods
    below those that it can. Wrong parameters and values outside of the support are refused with a `ValueError`,
    unless `validate_args` is False, or Python runs with ``-O``.
    """

    has_enumerate_support = False
    _validate_args: bool = __debug__
    _batch_shape: Size
    _event_shape: Size

    if TYPE_CHECKING:  # a plain attribute in most classes, computed in some

        @property
        def has_rsample(self) -> bool: ...

    else:
        has_rsample = False

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check their arguments, where their constructor is not told."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args: expected True or False, got {value!r}")
        Distribution._validate_args = value

    def __init__(
        self, batch_shape: Shape = (), event_shape: Shape = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()
        super().__init__()

    def _check_parameters(self) -> None:
        """Refuse parameters that do not satisfy their constraints. Those computed from others are not looked at."""
        try:
            arg_constraints = self.arg_constraints
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or initialize "
                "the distribution with `validate_args=False` to turn off validation.",
                stacklevel=4,
            )
            return
        for name, constraint in arg_constraints.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(getattr(type(self), name, None), lazy_property):
                continue
            value = getattr(self, name)
            if not satisfied(constraint, value):
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    # --- shapes and parameters

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        """The same distribution with its parameters broadcast to another batch shape, without memory for them."""
        raise NotImplementedError

    @property
    def batch_shape(self) -> Size:
        """The shape over which parameters are batched."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of a single sample of one distribution."""
        return self._event_shape

    @property
    def arg_constraints(self) -> Mapping[str, constraints.Constraint]:
        """For each parameter the constraint that it must satisfy."""
        raise NotImplementedError

    @property
    def support(self) -> constraints.Constraint | None:
        """The constraint that values satisfy which this distribution may draw."""
        raise NotImplementedError

    def _extended_shape(self, sample_shape: Shape = ()) -> Size:
        """The shape of what `sample` draws."""
        if not self._event_shape and type(sample_shape) is tuple and not sample_shape:
            return self._batch_shape
        return Size(Size(sample_shape) + self._batch_shape + self._event_shape)

    def _get_checked_instance(self, cls: type[Any], _instance: Any = None) -> Any:
        """A new instance for `expand` to fill. A subclass with a constructor of its own needs its own expand."""
        if _instance is None and type(self).__init__ != cls.__init__:
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method must also "
                "define a custom .expand() method."
            )
        return self.__new__(type(self)) if _instance is None else _instance

    def _expanded(self, family: type[Any], batch_shape: Shape, instance: Any, *kept: str) -> Any:
        """What `expand` returns for a family whose parameters are those that `arg_constraints` names.

        Args:
            family: the class whose `expand` this is.
            batch_shape: the new one.
            instance: filled by a subclass, or None.
            kept: names of attributes that have no batch shape.
        """
        new = self._get_checked_instance(family, instance)
        batch_shape = Size(batch_shape)
        for name, constraint in self.arg_constraints.items():
            if name in self.__dict__:
                value = self.__dict__[name]
                setattr(new, name, value.expand(batch_shape + value.shape[value.dim() - constraint.event_dim :]))
        for name in kept:
            setattr(new, name, getattr(self, name))
        return self._finished(new, batch_shape)

    def _finished(self, new: Any, batch_shape: Shape) -> Any:
        """An expanded instance, once it has its parameters, which are not checked again."""
        Distribution.__init__(new, batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    # --- samples

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        """Draw samples, through which no gradient flows."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        """Draw samples that are differentiable functions of the parameters (the reparametrization trick).

        Source: D. P. Kingma and M. Welling, "Auto-encoding variational Bayes", 2014.
        """
        raise NotImplementedError

    def sample_n(self, n: int) -> Tensor:
        """Draw n samples: an older form of ``sample((n,))``."""
        warnings.warn(
            "`sample_n(n)` will be deprecated. Use `sample((n,))` instead.", category=FutureWarning, stacklevel=2
        )
        return self.sample((n,))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution, along a new first dimension.

        Args:
            expand: give them for each distribution of the batch, rather than with dimensions of length 1.
        """
        raise NotImplementedError

    def _enumerated(self, values: Tensor, expand: bool) -> Tensor:
        """Values as `enumerate_support` gives them."""
        values = values.view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1, *self._batch_shape)) if expand else values

    def _validate_sample(self, value: Any) -> None:
        """Refuse what is no sample: of another shape, or outside of the support. Without validation, do nothing.

        Raises:
            ValueError: it is no tensor, has another shape, or lies outside of the support.
        """
        if not isinstance(value, Tensor):
            raise ValueError(f"The value argument to log_prob must be a Tensor, got {type(value).__name__}")
        shape = value.shape
        expected = self._batch_shape + self._event_shape if self._event_shape else self._batch_shape
        if self._event_shape and shape[len(shape) - len(self._event_shape) :] != self._event_shape:
            raise ValueError(
                f"The right-most size of value must match event_shape: {shape} vs {self._event_shape}."
            )
        pairs = () if shape == expected else zip(reversed(shape), reversed(expected), strict=False)
        if any(i not in (1, j) and j != 1 for i, j in pairs):
            raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {shape} vs {expected}.")
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please initialize the "
                "distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if support is None:
            raise AssertionError("support is unexpectedly None")
        if not satisfied(support, value):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(shape)}) to be within the support "
                f"({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    # --- what is known of it

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The value of the greatest density or probability."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The expected square of the distance from the mean."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or of the probability, at a value."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most this value."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """The value that is not exceeded with this probability: the inverse of `cdf`."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The expected ``-log_prob``, in nats."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """``exp(entropy)``."""
        return self.entropy().exp()

    def __repr__(self) -> str:
        held = [(name, self.__dict__[name]) for name in self.arg_constraints if name in self.__dict__]
        shown = [f"{name}: {value if value.numel() == 1 else value.size()}" for name, value in held]
        return f"{type(self).__name__}({', '.join(shown)})"
