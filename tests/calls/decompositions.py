"""Cholesky, LU, QR, LDL and singular value decompositions."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import FLOATS, arrays
from .solvers import TYPES, batches, broadcast_batches, matrix, oblong, regular, sides, square
from .table import Call, Draw, drawn


def positive(draw: Draw) -> np.ndarray[Any, Any]:
    """A positive definite matrix; at times something else."""
    a = square(draw)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2] or a.dtype.kind not in "fc" or a.dtype == np.float16 or not a.any():
        return a
    return a @ a.swapaxes(-1, -2).conj() / 4


@drawn("linalg.cholesky", "cholesky", examples=60)
def cholesky(draw: Draw) -> Call:
    a = positive(draw)
    if draw(st.integers(0, 5)) == 0:
        a = np.asarray(-a) if a.dtype.kind in "fc" else a
    return Call(a, **draw(st.sampled_from([{}, {"upper": True}, {"upper": False}])))


@drawn("linalg.cholesky_ex", values=lambda r: r if not r.info.any() else r.info, examples=50)
def cholesky_ex(draw: Draw) -> Call:
    a = positive(draw)
    if draw(st.booleans()) and a.ndim >= 2 and a.shape[-1] > 1 and a.dtype.kind == "f" and a.size:
        a = a.copy()
        a[..., 1, 1] -= 40
    return Call(a, upper=draw(st.booleans()), check_errors=draw(st.booleans()))


# --- LU ----------------------------------------------------------------------------------------------------------


def shuffled(draw: Draw, a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The rows in another order, so that pivoting has something to do."""
    if a.ndim < 2:
        return a
    return a[..., draw(st.permutations(range(a.shape[-2]))), :]


def pivoted(draw: Draw) -> np.ndarray[Any, Any]:
    return shuffled(draw, oblong(draw))


def pivoting(draw: Draw, a: np.ndarray[Any, Any]) -> dict[str, Any]:
    return draw(st.sampled_from([{}, {}, {}, {"pivot": True}, {"pivot": not a.size}]))


@drawn("linalg.lu", "linalg.lu_factor", examples=80)
def lu(draw: Draw) -> Call:
    a = regular(pivoted(draw))
    return Call(a, **pivoting(draw, a))


@drawn("linalg.lu_factor_ex", values=lambda r: r if not r.info.any() else (r.LU, r.pivots, r.info.detach()))
def lu_factor_ex(draw: Draw) -> Call:
    a = pivoted(draw)
    a = regular(a)
    return Call(a, check_errors=draw(st.booleans()), **pivoting(draw, a))


@drawn("lu")
def old_lu(draw: Draw) -> Call:
    a = pivoted(draw)
    a = regular(a)
    return Call(a, **pivoting(draw, a), **draw(st.sampled_from([{}, {"get_infos": True}])))


def factors(draw: Draw, *shape: int) -> tuple[Any, Any]:
    """Both factors in one matrix, and pivots."""
    packed = matrix(draw, *shape)
    m, n = shape[-2:]
    pivots = np.zeros((*shape[:-2], min(m, n)), np.int32)
    for i in range(min(m, n)):
        pivots[..., i] = draw(st.integers(i + 1, m))
    if draw(st.integers(0, 19)) == 0:
        pivots = pivots.astype(np.int64)
    return packed, pivots


@drawn("lu_unpack", examples=50)
def lu_unpack(draw: Draw) -> Call:
    packed, pivots = factors(draw, *draw(batches), draw(sides), draw(sides))
    if packed.dtype not in TYPES or packed.shape[:-2] != pivots.shape[:-1] or packed.ndim < 2:
        packed, pivots = np.eye(2), np.array([2, 2], np.int32)
    options = draw(st.sampled_from([{}, {"unpack_pivots": False}, {"unpack_data": True, "unpack_pivots": True}]))
    return Call(packed, pivots, **options)


def solvable(draw: Draw) -> tuple[Any, Any, Any, bool]:
    n, k = draw(sides), draw(st.integers(0, 3))
    first, second = broadcast_batches(draw)
    left = draw(st.sampled_from([True, True, False]))
    packed, pivots = factors(draw, *first, n, n)
    packed = regular(packed)
    kind = packed.dtype if draw(st.integers(0, 9)) else np.dtype(np.float64)
    shape = (*second, n, k) if left else (*second, k, n)
    if draw(st.integers(0, 9)) == 0:
        shape = draw(st.sampled_from([shape[1:], (*shape[:-2], shape[-2] + 1, shape[-1] + 1)]))
    return packed, pivots, draw(arrays((kind,), shape)), left


@drawn("linalg.lu_solve", examples=80)
def lu_solve(draw: Draw) -> Call:
    packed, pivots, b, left = solvable(draw)
    options = {} if left else {"left": False}
    return Call(packed, pivots, b, **options, **draw(st.sampled_from([{}, {"adjoint": True}, {"adjoint": False}])))


@drawn("lu_solve", examples=50)
def old_lu_solve(draw: Draw) -> Call:
    packed, pivots, b, _ = solvable(draw)
    return Call(b, packed, pivots)


# --- QR ----------------------------------------------------------------------------------------------------------


def same_span(result: Any) -> Any:
    """Q and R; of a complete Q only its first columns, the others are not unique."""
    q, r = result
    return (q, r) if q.ndim < 2 or q.shape[-1] <= r.shape[-1] else (q[..., : r.shape[-1]], r, q.shape)


@drawn("linalg.qr", examples=100, values=same_span)
def qr(draw: Draw) -> Call:
    a = regular(oblong(draw))
    modes = ["reduced", "reduced", "x"] + (["complete"] if a.ndim < 2 or a.shape[-1] >= a.shape[-2] else [])
    return Call(a, *draw(st.sampled_from([(), (draw(st.sampled_from(modes)),)])))


@drawn("Tensor.qr", gradient=False, values=same_span, reason="complete: no gradient")
def complete_qr(draw: Draw) -> Call:
    return Call(regular(oblong(draw)), draw(st.booleans()))


@drawn("qr")
def old_qr(draw: Draw) -> Call:
    return Call(regular(oblong(draw)))


@drawn("geqrf", gradient=False, reason="PyTorch has none")
def geqrf(draw: Draw) -> Call:
    return Call(regular(oblong(draw)))


def reflections(draw: Draw) -> tuple[Any, Any]:
    n = draw(st.integers(0, 3))
    m, k = n + draw(st.integers(0, 2)), draw(st.integers(0, n))
    batch = draw(batches)
    a = matrix(draw, *batch, m, n)
    if a.ndim < 2 or not a.any():
        a = np.eye(m, n) + np.zeros((*batch, m, n))
    kind = a.dtype if draw(st.integers(0, 9)) else np.dtype(np.float64)
    wrong = draw(st.integers(0, 12)) == 0
    count = k + 1 + n if wrong else k
    domain = (1.1, 1.9) if kind.kind in "fc" else (1, 2)  # PyTorch divides by 1 - tau |v|^2
    return a, draw(arrays((kind,), (*batch, count), domain=domain))


@drawn("linalg.householder_product", "orgqr", examples=60, tolerance=10, reason="products in another order")
def householder_product(draw: Draw) -> Call:
    return Call(*reflections(draw))


@drawn("ormqr", examples=80, tolerance=10, reason="products in another order")
def ormqr(draw: Draw) -> Call:
    a, tau = reflections(draw)
    k, left = draw(st.integers(0, 3)), draw(st.booleans())
    if draw(st.integers(0, 5)):
        a = a[..., : tau.shape[-1]]
    m = a.shape[-2] if draw(st.integers(0, 9)) else 7
    other = draw(arrays((a.dtype,), (*a.shape[:-2], m, k) if left else (*a.shape[:-2], k, m)))
    options = draw(st.sampled_from([{}, {"transpose": True}]))
    return Call(a, tau, other, **({} if left else {"left": False}), **options)


# --- LDL ---------------------------------------------------------------------------------------------------------


def symmetric(draw: Draw, hermitian: bool) -> np.ndarray[Any, Any]:
    n, batch = draw(sides), draw(batches)
    a = draw(arrays((draw(st.sampled_from(TYPES)),), (*batch, n, n), distinct=False)).copy()
    for i in range(n):
        a[..., i, i] *= draw(st.sampled_from([0, 1, 1]))
    turned = a.swapaxes(-1, -2)
    return a + (turned.conj() if hermitian else turned) + np.arange(1, n + 1) * np.eye(n, dtype=a.dtype) / 7


@drawn("linalg.ldl_factor_ex", gradient=False, reason="PyTorch has none", values=lambda r: (r.LD.tril(), r[1], r[2]))
def ldl_factor(draw: Draw) -> Call:
    hermitian = draw(st.booleans())
    return Call(symmetric(draw, hermitian), **({"hermitian": True} if hermitian else {}))


@drawn("linalg.ldl_solve", gradient=False, reason="PyTorch has none", tolerance=100)
def ldl_solve(draw: Draw) -> Call:
    n, k = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    first = draw(batches)  # of B as well: with others PyTorch 2.13 reads beyond the pivots
    packed = matrix(draw, *first, n, n, types=FLOATS, odd=False)
    pivots = np.zeros((*first, n), np.int32)
    for i in range(n):
        pivots[..., i] = draw(st.integers(i + 1, n))
    if n > 2 and draw(st.booleans()):
        packed = packed.copy()
        packed[..., 1, 0] = 3
        pivots[..., 0:2] = -draw(st.integers(2, n))
    return Call(packed, pivots, draw(arrays((packed.dtype,), (*first, n, k))))


# --- singular values ---------------------------------------------------------------------------------------------


def unique_part(result: Any) -> Any:
    """What does not depend on the signs of singular vectors, and the shapes."""
    u, s, v = result
    k = s.shape[-1]
    return u[..., :k].abs(), s, v.shape, u.shape


def unique_part_of_new(result: Any) -> Any:
    u, s, vh = result
    k = s.shape[-1]
    return (*unique_part(result), vh[..., :k, :].abs(), (u[..., :k] * s[..., None, :]) @ vh[..., :k, :])


def unique_part_of_old(result: Any) -> Any:
    u, s, v = result
    k = s.shape[-1]
    return (*unique_part(result), v[..., :k].abs(), (u[..., :k] * s[..., None, :]) @ v[..., :k].mH)


@drawn("linalg.svd", examples=80, values=unique_part_of_new, tolerance=10, reason="another LAPACK")
def svd(draw: Draw) -> Call:
    options = draw(st.sampled_from([{}, {"full_matrices": False}, {"full_matrices": True}, {"driver": None}]))
    return Call(regular(oblong(draw)), **options)


@drawn("svd", examples=60, values=unique_part_of_old, tolerance=10, reason="another LAPACK")
def old_svd(draw: Draw) -> Call:
    return Call(regular(oblong(draw)), **draw(st.sampled_from([{}, {"some": False}, {"compute_uv": False}])))


@drawn("linalg.svdvals", examples=40)
def svdvals(draw: Draw) -> Call:
    return Call(oblong(draw))
