"""This package's version, and what it is built with: neither CUDA nor ROCm.

Example:
    >>> import tinygrad_nn as tg
    >>> tg.version.cuda is None
    True
"""

from . import __version__

__all__ = ["__version__", "cuda", "debug", "hip", "xpu"]

cuda: str | None = None
hip: str | None = None
xpu: str | None = None
debug = False
