"""Testing: comparing tensors, checking derivatives, Hypothesis strategies, and generated checks of ops.

The pytest plugin stands beside the package, in ``pytest_tinygrad_nn``.

Source: https://docs.pytorch.org/docs/stable/testing.html
"""

from .._core.op import Integers
from ..autograd import GradcheckError, gradcheck, gradgradcheck
from . import strategies
from .assert_close import assert_allclose, assert_close
from .check_op import check_op
from .checks import CHECKS, applicable
from .make_tensor import make_tensor
from .report import CheckError
from .resume import assert_resumes
from .samples import Sample, samples

__all__ = [
    "CHECKS",
    "CheckError",
    "GradcheckError",
    "Integers",
    "Sample",
    "applicable",
    "assert_allclose",
    "assert_close",
    "assert_resumes",
    "check_op",
    "gradcheck",
    "gradgradcheck",
    "make_tensor",
    "samples",
    "strategies",
]
