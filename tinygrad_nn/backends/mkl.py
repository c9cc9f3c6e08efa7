"""Intel's MKL, which this package does not use: NumPy brings its own linear algebra.

Example:
    >>> import tinygrad_nn as tg
    >>> tg.backends.mkl.is_available()
    False
"""

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether Intel's MKL is there: never."""
    return False
