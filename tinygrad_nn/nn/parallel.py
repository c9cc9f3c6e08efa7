"""Replicas of a module on several devices: here there is one, so the module itself is called.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.DataParallel.html
"""

from __future__ import annotations

from typing import Any

from .module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]


class DataParallel(Module):
    """A module as PyTorch's programs wrap it for several GPUs. Without any, it only passes calls on, as in PyTorch.

    The wrapped module is ``.module``, and the keys of the state begin with ``"module."``.

    Args:
        module: the module.
        device_ids, output_device: must name no GPU.
        dim: the dimension of the batch; nothing is divided here.

    Raises:
        RuntimeError: a GPU is asked for.

    Example:
        >>> import tinygrad_nn as tg
        >>> list(tg.nn.DataParallel(tg.nn.Linear(2, 1)).state_dict())
        ['module.weight', 'module.bias']
    """

    module: Module

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        _refuse_devices(device_ids)
        self.dim = dim
        self.device_ids: list[int] = []
        self.output_device = output_device
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """The module's result."""
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """A module whose gradients several processes would share: there is one process, so it is refused, as in PyTorch
    before there is a group.

    Raises:
        ValueError: always. Use the module itself.
    """

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        raise ValueError(
            "Default process group has not been initialized, please make sure to call init_process_group. "
            "(DistributedDataParallel: tinygrad_nn trains in one process; use the module itself.)"
        )


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Any = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """Call a module as `DataParallel` would."""
    _refuse_devices(device_ids)
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*args, **(module_kwargs or {}))


def _refuse_devices(device_ids: Any) -> None:
    if device_ids:
        raise RuntimeError(
            f"DataParallel: got device_ids={device_ids!r}, but tinygrad_nn computes on the CPU only. Leave it away."
        )
