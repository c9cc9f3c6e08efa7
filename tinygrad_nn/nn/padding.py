"""Padding layers.

Amounts are given for the last dimension first: (left, right, top, bottom, front, back); one number stands for all.

Source: https://docs.pytorch.org/docs/stable/nn.html#padding-layers
"""

from __future__ import annotations

from typing import Any, ClassVar

from .._core.tensor import Tensor
from . import functional
from .module import Module
from .sizes import ntuple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]

Amounts = int | tuple[int, ...]


class _PadNd(Module):
    """What the padding layers share."""

    dims: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Amounts) -> None:
        super().__init__()
        self.padding: tuple[Any, ...] = ntuple(padding, 2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        """The input with a border."""
        return functional.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """The amounts."""
        return f"{self.padding}"


class _ConstantPadNd(_PadNd):
    """What the layers share that fill in a number."""

    def __init__(self, padding: Amounts, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """The input with a border of the number."""
        return functional.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The amounts and the number."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPadNd(_ConstantPadNd):
    """What the layers share that fill in zeros."""

    def __init__(self, padding: Amounts) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The amounts."""
        return f"{self.padding}"


class _ReflectionPadNd(_PadNd):
    """What the layers share that mirror the input at its edges."""

    mode = "reflect"


class _ReplicationPadNd(_PadNd):
    """What the layers share that repeat the input's edges."""

    mode = "replicate"


class _CircularPadNd(_PadNd):
    """What the layers share that go around to the other side."""

    mode = "circular"

    def _check_input_dim(self, input: Tensor) -> None:
        """Refuse an input of another number of dimensions.

        Raises:
            ValueError: it has another.
        """
        least = self.dims + 1
        if input.dim() not in (least, least + 1):
            raise ValueError(f"expected {least}D or {least + 1}D input (got {input.dim()}D input)")

    def forward(self, input: Tensor) -> Tensor:
        """The input with a border."""
        self._check_input_dim(input)
        return super().forward(input)


class ConstantPad1d(_ConstantPadNd):
    """Sequences, (N, C, L), or without N, with a number around them.

    Args:
        padding: the amounts left and right; one number for all.
        value: the number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ConstantPad1d((1, 2), 9.0)(tg.tensor([[1.0, 2.0, 3.0]]))
        tensor([[9., 1., 2., 3., 9., 9.]])
    """

    dims = 1


class ConstantPad2d(_ConstantPadNd):
    """Images, (N, C, H, W), or without N, with a number around them.

    Args:
        padding: the amounts left, right, top and bottom; one number for all.
        value: the number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ConstantPad2d(1, 9.0)(tg.ones(1, 2, 2)).shape
        torch.Size([1, 4, 4])
    """

    dims = 2


class ConstantPad3d(_ConstantPadNd):
    """Volumes, (N, C, D, H, W), or without N, with a number around them.

    Args:
        padding: the amounts left, right, top, bottom, front and back; one number for all.
        value: the number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ConstantPad3d(1, 9.0)(tg.ones(1, 2, 2, 2)).shape
        torch.Size([1, 4, 4, 4])
    """

    dims = 3


class ZeroPad1d(_ZeroPadNd):
    """Sequences, (N, C, L), or without N, with zeros around them.

    Args:
        padding: the amounts left and right; one number for all.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ZeroPad1d((1, 2))(tg.tensor([[1.0, 2.0, 3.0]]))
        tensor([[0., 1., 2., 3., 0., 0.]])
    """

    dims = 1


class ZeroPad2d(_ZeroPadNd):
    """Images, (N, C, H, W), or without N, with zeros around them.

    Args:
        padding: the amounts left, right, top and bottom; one number for all.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ZeroPad2d(1)(tg.ones(1, 2, 2)).shape
        torch.Size([1, 4, 4])
    """

    dims = 2


class ZeroPad3d(_ZeroPadNd):
    """Volumes, (N, C, D, H, W), or without N, with zeros around them.

    Args:
        padding: the amounts left, right, top, bottom, front and back; one number for all.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ZeroPad3d(1)(tg.ones(1, 2, 2, 2)).shape
        torch.Size([1, 4, 4, 4])
    """

    dims = 3


class ReflectionPad1d(_ReflectionPadNd):
    """Sequences, (N, C, L), or without N, with what lies inside mirrored at their edges, which are not repeated.

    Args:
        padding: the amounts left and right; one number for all.

    Raises:
        RuntimeError: the amounts are too large.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ReflectionPad1d((1, 2))(tg.tensor([[1.0, 2.0, 3.0]]))
        tensor([[2., 1., 2., 3., 2., 1.]])
    """

    dims = 1


class ReflectionPad2d(_ReflectionPadNd):
    """Images, (N, C, H, W), or without N, with what lies inside mirrored at their edges, which are not repeated.

    Args:
        padding: the amounts left, right, top and bottom; one number for all.

    Raises:
        RuntimeError: the amounts are too large.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ReflectionPad2d(1)(tg.ones(1, 2, 2)).shape
        torch.Size([1, 4, 4])
    """

    dims = 2


class ReflectionPad3d(_ReflectionPadNd):
    """Volumes, (N, C, D, H, W), or without N, with what lies inside mirrored at their edges, which are not repeated.

    Args:
        padding: the amounts left, right, top, bottom, front and back; one number for all.

    Raises:
        RuntimeError: the amounts are too large.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ReflectionPad3d(1)(tg.ones(1, 2, 2, 2)).shape
        torch.Size([1, 4, 4, 4])
    """

    dims = 3


class ReplicationPad1d(_ReplicationPadNd):
    """Sequences, (N, C, L), or without N, with their edges repeated around them.

    Args:
        padding: the amounts left and right; one number for all.

    Raises:
        RuntimeError: the amounts are too large.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ReplicationPad1d((1, 2))(tg.tensor([[1.0, 2.0, 3.0]]))
        tensor([[1., 1., 2., 3., 3., 3.]])
    """

    dims = 1


class ReplicationPad2d(_ReplicationPadNd):
    """Images, (N, C, H, W), or without N, with their edges repeated around them.

    Args:
        padding: the amounts left, right, top and bottom; one number for all.

    Raises:
        RuntimeError: the amounts are too large.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ReplicationPad2d(1)(tg.ones(1, 2, 2)).shape
        torch.Size([1, 4, 4])
    """

    dims = 2


class ReplicationPad3d(_ReplicationPadNd):
    """Volumes, (N, C, D, H, W), or without N, with their edges repeated around them.

    Args:
        padding: the amounts left, right, top, bottom, front and back; one number for all.

    Raises:
        RuntimeError: the amounts are too large.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ReplicationPad3d(1)(tg.ones(1, 2, 2, 2)).shape
        torch.Size([1, 4, 4, 4])
    """

    dims = 3


class CircularPad1d(_CircularPadNd):
    """Sequences, (N, C, L), or without N, with their other side continued beyond each edge.

    Args:
        padding: the amounts left and right; one number for all.

    Raises:
        ValueError: the input has another number of dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.CircularPad1d((1, 2))(tg.tensor([[1.0, 2.0, 3.0]]))
        tensor([[3., 1., 2., 3., 1., 2.]])
    """

    dims = 1


class CircularPad2d(_CircularPadNd):
    """Images, (N, C, H, W), or without N, with their other side continued beyond each edge.

    Args:
        padding: the amounts left, right, top and bottom; one number for all.

    Raises:
        ValueError: the input has another number of dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.CircularPad2d(1)(tg.ones(1, 2, 2)).shape
        torch.Size([1, 4, 4])
    """

    dims = 2


class CircularPad3d(_CircularPadNd):
    """Volumes, (N, C, D, H, W), or without N, with their other side continued beyond each edge.

    Args:
        padding: the amounts left, right, top, bottom, front and back; one number for all.

    Raises:
        ValueError: the input has another number of dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.CircularPad3d(1)(tg.ones(1, 2, 2, 2)).shape
        torch.Size([1, 4, 4, 4])
    """

    dims = 3
