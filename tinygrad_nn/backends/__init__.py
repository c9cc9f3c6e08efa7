"""PyTorch's backends, which are not here: switches that programs set, and questions that they ask, when they start.

Example:
    >>> import tinygrad_nn as tg
    >>> tg.backends.cudnn.deterministic = True  # everything is, always
    >>> "mps" if tg.backends.mps.is_available() else "cpu"
    'cpu'

Source: https://docs.pytorch.org/docs/stable/backends.html
"""

from . import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
