"""Intel's oneDNN, which this package does not use: NumPy brings its own linear algebra.

Example:
    >>> import tinygrad_nn as tg
    >>> tg.backends.mkldnn.is_available()
    False
"""

__all__ = ["deterministic", "enabled", "is_available"]


def is_available() -> bool:
    """Whether Intel's oneDNN is there: never."""
    return False


enabled = False
deterministic = False
