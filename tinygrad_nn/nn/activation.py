"""Activations as modules. What each computes stands with the function of the same name in `nn.functional`.

Source: https://docs.pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity
"""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from . import functional, init
from .module import Module
from .parameter import Parameter, new_parameter

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class _Activation(Module):
    """An activation whose only option is whether it writes into its input."""

    shows_inplace = True

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The options."""
        return "inplace=True" if self.inplace and self.shows_inplace else ""


def _options(text: str, inplace: bool) -> str:
    return f"{text}, inplace=True" if inplace else text


# --- rectifiers --------------------------------------------------------------------------------------------------


class ReLU(_Activation):
    """``max(x, 0)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ReLU()(tg.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.relu(input, self.inplace)


class LeakyReLU(Module):
    """``max(x, 0) + negative_slope * min(x, 0)`` (Maas et al., 2013)."""

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return _options(f"negative_slope={self.negative_slope}", self.inplace)


class PReLU(Module):
    """``max(x, 0) + weight * min(x, 0)`` with a learned weight for all, or for each channel (He et al., 2015)."""

    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = new_parameter(num_parameters, dtype=dtype, device=device)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set all weights to the initial one."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of weights."""
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """`LeakyReLU` whose slope is drawn for each element in training, and in evaluation is the middle one."""

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return _options(f"lower={self.lower}, upper={self.upper}", self.inplace)


class Hardtanh(Module):
    """``min(max(x, min_val), max_val)``."""

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        # min_value and max_value are PyTorch's former names
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if not self.max_val > self.min_val:
            raise AssertionError(f"max_val must be larger than min_val, got {self.max_val} and {self.min_val}")

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return _options(f"min_val={self.min_val}, max_val={self.max_val}", self.inplace)


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)``."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """The options."""
        return "inplace=True" if self.inplace else ""


class Threshold(Module):
    """``x`` where it is above the threshold, else the value."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return _options(f"threshold={self.threshold}, value={self.value}", self.inplace)


# --- exponential units -------------------------------------------------------------------------------------------


class _Exponential(Module):
    """An activation with an `alpha`."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The options."""
        return _options(f"alpha={self.alpha}", self.inplace)


class ELU(_Exponential):
    """``x`` where positive, else ``alpha * (exp(x) - 1)`` (Clevert et al., 2015)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.elu(input, self.alpha, self.inplace)


class CELU(_Exponential):
    """``x`` where positive, else ``alpha * (exp(x / alpha) - 1)`` (Barron, 2017)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.celu(input, self.alpha, self.inplace)


class SELU(_Activation):
    """`ELU` scaled by the constants that keep mean and variance from layer to layer (Klambauer et al., 2017)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.selu(input, self.inplace)


# --- gated and smooth units --------------------------------------------------------------------------------------


class GELU(Module):
    """``x * Phi(x)``, with the normal distribution function or, for ``approximate="tanh"``, its approximation.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.GELU()(tg.tensor([-1.0, 2.0]))
        tensor([-0.1587,  1.9545])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """The way it is computed."""
        return f"approximate={self.approximate!r}"


class GLU(Module):
    """``a * sigmoid(b)`` for the two halves of a dimension (Dauphin et al., 2016)."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """The first half, gated by the second."""
        return functional.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class SiLU(_Activation):
    """``x * sigmoid(x)``, also known as swish."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.silu(input, self.inplace)


class Mish(_Activation):
    """``x * tanh(softplus(x))`` (Misra, 2019)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.mish(input, self.inplace)


class Softplus(Module):
    """``log(1 + exp(beta * x)) / beta``, and ``x`` itself where ``beta * x`` is above the threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The options."""
        return f"beta={self.beta}, threshold={self.threshold}"


# --- sigmoids ----------------------------------------------------------------------------------------------------


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.Sigmoid()(tg.tensor([0.0, 100.0]))
        tensor([0.5000, 1.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.tanh(input)


class LogSigmoid(Module):
    """``-log(1 + exp(-x))``."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.logsigmoid(input)


class Hardsigmoid(_Activation):
    """``min(max(x / 6 + 1 / 2, 0), 1)``."""

    shows_inplace = False

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.hardsigmoid(input, self.inplace)


class Hardswish(_Activation):
    """``x * hardsigmoid(x)`` (Howard et al., 2019)."""

    shows_inplace = False

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.hardswish(input, self.inplace)


class Softsign(Module):
    """``x / (1 + abs(x))``."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.softsign(input)


# --- shrinking ---------------------------------------------------------------------------------------------------


class Tanhshrink(Module):
    """``x - tanh(x)``."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.tanhshrink(input)


class Softshrink(Module):
    """``x`` moved toward zero by `lambd`, and zero where it is nearer."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The distance."""
        return str(self.lambd)


class Hardshrink(Module):
    """``x``, and zero where it is no further than `lambd` from zero."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """The activation of each element."""
        return functional.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The distance."""
        return str(self.lambd)


# --- probabilities -----------------------------------------------------------------------------------------------


class _AlongDimension(Module):
    """A function of the elements along a dimension."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmax(_AlongDimension):
    """Probabilities along a dimension, ``exp(x) / sum(exp(x))``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.Softmax(dim=1)(tg.zeros(1, 4))
        tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The probabilities."""
        return functional.softmax(input, self.dim, _stacklevel=5)


class LogSoftmax(_AlongDimension):
    """The logarithms of `Softmax`, computed without its overflow."""

    def forward(self, input: Tensor) -> Tensor:
        """The logarithms of the probabilities."""
        return functional.log_softmax(input, self.dim, _stacklevel=5)


class Softmin(_AlongDimension):
    """`Softmax` of ``-x``."""

    def forward(self, input: Tensor) -> Tensor:
        """The probabilities."""
        return functional.softmin(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """`Softmax` over the channels of an image or a batch of images."""

    def forward(self, input: Tensor) -> Tensor:
        """The probabilities."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return functional.softmax(input, -3, _stacklevel=5)
