"""Testing: comparing tensors, Hypothesis strategies, and generated checks of ops.

Source: https://docs.pytorch.org/docs/stable/testing.html
"""

from . import strategies
from .assert_close import assert_close
from .check_op import check_op
from .checks import CHECKS, applicable
from .report import CheckError
from .samples import Sample, samples

__all__ = [
    "CHECKS",
    "CheckError",
    "Sample",
    "applicable",
    "assert_close",
    "check_op",
    "samples",
    "strategies",
]
