"""Programs about derivatives, written for PyTorch: they reach everything through the package that they are given.

The modules called `documented` have the examples of PyTorch's own pages; `models` small networks. What they give
with PyTorch is stored in tests/golden/derivatives.json.
"""

from . import documented_autograd, documented_tutorials  # noqa: F401 - they enter their examples
from .documented import EXAMPLES

__all__ = ["EXAMPLES"]
