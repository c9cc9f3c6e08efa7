"""Apple's graphics processors, which are not used here.

Example:
    >>> from tinygrad_nn.backends import mps
    >>> mps.is_available()
    False
"""

__all__ = ["is_available", "is_built"]


def is_available() -> bool:
    """Whether tensors can live on an Apple graphics processor: never."""
    return False


def is_built() -> bool:
    """Whether this package was built for Apple's graphics processors: never."""
    return False
