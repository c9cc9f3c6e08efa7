"""cuDNN, which is not here: its switches may be set, to no effect.

Example:
    >>> from tinygrad_nn.backends import cudnn
    >>> cudnn.benchmark = False
    >>> cudnn.is_available()
    False
"""

__all__ = ["allow_tf32", "benchmark", "deterministic", "enabled", "is_available", "version"]

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Whether cuDNN is there: never."""
    return False


def version() -> None:
    """The version of cuDNN: none."""
