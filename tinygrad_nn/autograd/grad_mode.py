"""The modes of recording, under the name of PyTorch's module.

Source: https://docs.pytorch.org/docs/stable/autograd.html#locally-disabling-gradient-computation
"""

from __future__ import annotations

from .._core.modes import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = ["enable_grad", "inference_mode", "no_grad", "set_grad_enabled", "set_multithreading_enabled"]


class set_multithreading_enabled:  # noqa: N801 - PyTorch's name
    """Without effect: a backward pass runs in the thread that asks for it, in any case.

    Args:
        mode: what is asked for.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.set_multithreading_enabled.html
    """

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        """Change nothing."""

    def __exit__(self, *error: object) -> None:
        """Change nothing back."""
