"""OpenMP, which this package does not use: NumPy brings its own linear algebra.

Example:
    >>> import tinygrad_nn as tg
    >>> tg.backends.openmp.is_available()
    False
"""

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether OpenMP is there: never."""
    return False
