"""Programs about derivatives, written for PyTorch: they reach everything through the package that they are given.

`documented` and `documented_autograd` have the examples of PyTorch's own pages; `models` small networks. What they give
with PyTorch is stored in tests/golden/derivatives.json.
"""

from . import documented_autograd  # noqa: F401 - enters its examples
from .documented import EXAMPLES

__all__ = ["EXAMPLES"]
