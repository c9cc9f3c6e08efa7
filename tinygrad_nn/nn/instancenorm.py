"""Instance normalisation layers: each channel of each image is normalised on its own.

Source: Ulyanov, Vedaldi and Lempitsky, "Instance Normalization", https://arxiv.org/abs/1607.08022;
https://docs.pytorch.org/docs/stable/nn.html#normalization-layers
"""

from __future__ import annotations

import warnings
from typing import Any

from .._core.tensor import Tensor
from . import functional
from .batchnorm import _NormBase

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class _InstanceNorm(_NormBase):
    """What the instance normalisation layers share. The smaller of the expected dimensions is that without a batch."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool, missing_keys: list[str],
        unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        if local_metadata.get("version") is None and not self.track_running_stats:
            kind = type(self).__name__
            for name in ("running_mean", "running_var"):
                if state_dict.pop(prefix + name, None) is not None:
                    error_msgs.append(
                        f'Unexpected running stats buffer(s) "{prefix}{name}" for {kind} with '
                        f"track_running_stats=False. {kind} tracks running stats only where it is asked to: remove the "
                        "key from state_dict, or set track_running_stats=True."
                    )
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def _apply_instance_norm(self, input: Tensor) -> Tensor:
        return functional.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0,
            self.eps,
        )

    def forward(self, input: Tensor) -> Tensor:
        """The normalised channels."""
        self._check_input_dim(input)
        single = self.expected[0]
        channels_at = input.dim() - single
        if input.size(channels_at) != self.num_features:
            said = f"input's size at dim={channels_at}"
            if self.affine:
                raise ValueError(
                    f"expected {said} to match num_features ({self.num_features}), but got: {input.size(channels_at)}."
                )
            warnings.warn(
                f"{said} does not match num_features. You can silence this warning by not passing in num_features, "
                "which is not used because affine=False",
                stacklevel=2,
            )
        if input.dim() == single:
            return self._apply_instance_norm(input.unsqueeze(0)).squeeze(0)
        return self._apply_instance_norm(input)


class InstanceNorm1d(_InstanceNorm):
    """Normalises each channel of each sequence, (N, C, L), or without N.

    Args:
        num_features, eps, momentum, affine, track_running_stats, device, dtype, bias: as for `InstanceNorm2d`.

    Raises:
        ValueError: the input's shape does not fit, or, in training, a channel has a single value.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.InstanceNorm1d(1)(tg.tensor([[[1.0, 3.0]]]))
        tensor([[[-1.0000,  1.0000]]])
    """

    expected = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalises each channel of each image, (N, C, H, W), or without N.

    Args:
        num_features: the number of channels.
        eps: added to the variance.
        momentum: by which part the running statistics move.
        affine: whether there are weights, which start at 1, and biases, which start at 0.
        track_running_stats: whether there are running statistics, which are used in evaluation.
        device: only the CPU.
        dtype: the type of the parameters.
        bias: whether there are biases.

    Raises:
        ValueError: the input's shape does not fit, or, in training, a channel has a single value.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.InstanceNorm2d(2)(tg.ones(4, 2, 3, 3)).shape
        torch.Size([4, 2, 3, 3])
    """

    expected = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Normalises each channel of each volume, (N, C, D, H, W), or without N.

    Args:
        num_features, eps, momentum, affine, track_running_stats, device, dtype, bias: as for `InstanceNorm2d`.

    Raises:
        ValueError: the input's shape does not fit, or, in training, a channel has a single value.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.InstanceNorm3d(2)(tg.ones(4, 2, 3, 3, 3)).shape
        torch.Size([4, 2, 3, 3, 3])
    """

    expected = (4, 5)
