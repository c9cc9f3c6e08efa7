"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .solvers import matrix, square
from .table import Call, Draw, drawn

triangles = st.sampled_from([(), (), ("L",), ("U",), ("l",), ("u",), ("X",)])


def unique_part(result: Any) -> Any:
    """What does not depend on the signs of the vectors."""
    values, vectors = result
    return values, vectors.abs(), (vectors * values[..., None, :]) @ vectors.mH


def usual(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """No matrix of zeros, whose eigenvectors are not unique."""
    return a if a.ndim < 2 or a.any() or not a.size else a + np.diag(np.arange(1, 1 + a.shape[-1])).astype(a.dtype)


@drawn("linalg.eigh", examples=80, values=unique_part, tolerance=10, reason="another LAPACK")
def eigh(draw: Draw) -> Call:
    return Call(usual(square(draw)), *draw(triangles))


@drawn("linalg.eigvalsh", examples=40)
def eigvalsh(draw: Draw) -> Call:
    return Call(square(draw), *draw(triangles))


def in_order(values: Any) -> Any:
    """Where the eigenvalues go when they are sorted: LAPACK's order is not always the same."""
    return (values.detach().real + 1e-3 * values.detach().imag).argsort(-1)


def ordered(result: Any) -> Any:
    values, vectors = result
    order = in_order(values)
    return values.take_along_dim(order, -1), vectors.abs().take_along_dim(order[..., None, :], -1)


@drawn("linalg.eig", examples=60, values=ordered, tolerance=100, reason="another LAPACK")
def eig(draw: Draw) -> Call:
    return Call(usual(square(draw)))


@drawn("linalg.eigvals", examples=40, values=lambda v: v.take_along_dim(in_order(v), -1), tolerance=10,
       reason="another LAPACK")  # fmt: skip
def eigvals(draw: Draw) -> Call:
    n = draw(st.sampled_from([3, 2, 1, 0]))
    return Call(usual(matrix(draw, n, n)))
