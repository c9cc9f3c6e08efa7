"""Linear algebra, under PyTorch's name ``torch.linalg``.

Source: https://docs.pytorch.org/docs/stable/linalg.html
"""

from __future__ import annotations

from ._core.tensor import Tensor
from .ops.chains import multi_dot
from .ops.cholesky import cholesky_ex
from .ops.cholesky import linalg_cholesky as cholesky
from .ops.determinant import det
from .ops.determinant import linalg_slogdet as slogdet
from .ops.diagonals import diagonal as _diagonal
from .ops.eigen import eig, eigh, eigvals, eigvalsh
from .ops.indefinite import ldl_factor, ldl_factor_ex, ldl_solve
from .ops.inverse import inv, inv_ex
from .ops.least_squares import lstsq
from .ops.linalg import matmul
from .ops.lu import linalg_lu as lu
from .ops.lu import linalg_lu_solve as lu_solve
from .ops.lu import lu_factor, lu_factor_ex
from .ops.matrix_checks import LinAlgError
from .ops.matrix_functions import linalg_vander as vander
from .ops.matrix_functions import matrix_exp, matrix_power
from .ops.matrix_norms import linalg_norm as norm
from .ops.matrix_norms import matrix_norm
from .ops.norms import vector_norm
from .ops.orthogonal import householder_product
from .ops.orthogonal import linalg_qr as qr
from .ops.products import linalg_cross as cross
from .ops.products import vecdot
from .ops.pseudo_inverse import cond, matrix_rank, pinv
from .ops.singular_values import linalg_svd as svd
from .ops.singular_values import svdvals
from .ops.solve import solve, solve_ex, tensorinv, tensorsolve
from .ops.triangular import solve_triangular

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh",
    "householder_product", "inv", "inv_ex", "ldl_factor", "ldl_factor_ex", "ldl_solve", "lstsq", "lu", "lu_factor",
    "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot",
    "norm", "pinv", "qr", "slogdet", "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv",
    "tensorsolve", "vander", "vecdot", "vector_norm",
]  # fmt: skip


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:  # noqa: N803 - PyTorch's name
    """A view of the diagonals of matrices: `tinygrad_nn.diagonal`, of the last two dimensions by default.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.diagonal(tg.tensor([[1, 2], [3, 4]]), offset=1)
        tensor([2])
    """
    result: Tensor = _diagonal(A, offset, dim1, dim2)
    return result
