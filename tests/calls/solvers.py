"""Inverses, determinants, systems of linear equations."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import COMPLEX, FLOATS, INTEGERS, LAYOUTS, arrays, laid_out
from .table import Call, Draw, drawn

TYPES = (*FLOATS, *COMPLEX)
batches = st.sampled_from([(), (), (2,), (1,), (0,), (2, 1), (3, 2)])
sides = st.sampled_from([2, 3, 1, 0, 4])


def matrix(draw: Draw, *shape: int, types: Any = TYPES, odd: bool = True) -> np.ndarray[Any, Any]:
    """A matrix that is far from singular (if square), with a diagonal of growing numbers; at times something else."""
    if odd and draw(st.integers(0, 11)) == 0:
        return draw(st.sampled_from([wrong_shape, wrong_type, singular]))(draw, shape)
    values = draw(arrays((draw(st.sampled_from(types)),), shape, domain=(-1.0, 1.0))).copy()
    for i in range(min(shape[-2:]) if len(shape) > 1 else 0):
        values[..., i, i] += (4 + 3 * i) * (-1) ** i
    return laid_out(values, draw(st.sampled_from(LAYOUTS)))


def wrong_shape(draw: Draw, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return matrix(draw, *draw(st.sampled_from([(), (2,), (2, 3), (3, 2, 1)])), types=FLOATS, odd=False)


def wrong_type(draw: Draw, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return draw(arrays((*INTEGERS, np.float16), shape))


def singular(draw: Draw, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.zeros(shape, draw(st.sampled_from(TYPES)))


def square(draw: Draw, **options: Any) -> np.ndarray[Any, Any]:
    n = draw(sides)
    return matrix(draw, *draw(batches), n, n, **options)


def regular(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """No matrix of zeros."""
    return a if a.ndim < 2 or a.any() or not a.size else a + np.eye(*a.shape[-2:], dtype=a.dtype)


def broadcast_batches(draw: Draw) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return draw(st.sampled_from([((), ()), ((2,), (2,)), ((), (2,)), ((2,), ()), ((3, 1), (2,)), ((2,), (1,)),
                                 ((0,), (1,)), ((2,), (3,))]))  # fmt: skip


@drawn("linalg.inv", "inverse", examples=60)
def inverse(draw: Draw) -> Call:
    return Call(square(draw))


def regular_only(result: Any) -> Any:
    """Both parts, without the results of what failed."""
    return result if not result.info.any() else result.info


@drawn("linalg.inv_ex", values=regular_only)
def inverse_ex(draw: Draw) -> Call:
    return Call(square(draw), **draw(st.sampled_from([{}, {"check_errors": True}, {"check_errors": False}])))


@drawn("linalg.det", "det", examples=40)
def determinant(draw: Draw) -> Call:
    return Call(regular(square(draw)))


@drawn("Tensor.det", gradient=False, reason="at singular matrices PyTorch's first gradient is zero, not the cofactors")
def singular_determinant(draw: Draw) -> Call:
    return Call(np.outer(draw(arrays(FLOATS, (3,))), draw(arrays(FLOATS, (3,)))))


@drawn("linalg.slogdet", "slogdet", "logdet", examples=40)
def logarithm_of_determinant(draw: Draw) -> Call:
    return Call(regular(square(draw)))


def system(draw: Draw, types: Any = TYPES) -> tuple[Any, Any, dict[str, Any]]:
    """A, B and on which side A stands."""
    n, k = draw(sides), draw(st.integers(0, 3))
    first, second = broadcast_batches(draw)
    options = draw(st.sampled_from([{}, {}, {"left": False}, {"left": True}]))
    a = matrix(draw, *first, n, n, types=types)
    kind = a.dtype if draw(st.integers(0, 9)) else np.dtype(np.float64)
    shape = (*second, k, n) if options.get("left") is False else (*second, n, k)
    form = draw(st.sampled_from(["matrix"] * 4 + ["vector", "batch", "wrong"]))
    if form == "vector":
        shape, options = (n,), {}
    elif form == "batch":
        shape, options = (*first, n), {}
    elif form == "wrong":
        shape = (*shape[:-2], shape[-2] + 1, shape[-1] + 1)
    return a, draw(arrays((kind,), shape)), options


@drawn("linalg.solve", examples=120)
def solve(draw: Draw) -> Call:
    a, b, options = system(draw)
    return Call(a, b, **options)


@drawn("linalg.solve_ex", values=regular_only, examples=50)
def solve_ex(draw: Draw) -> Call:
    a, b, options = system(draw)
    return Call(a, b, check_errors=draw(st.booleans()), **options)


@drawn("linalg.solve_triangular", examples=120)
def solve_triangular(draw: Draw) -> Call:
    a, b, options = system(draw)
    if a.dtype.kind in "fc" and a.dtype != np.float16:
        b = b.astype(a.dtype)
    a = regular(a)
    return Call(a, b, upper=draw(st.booleans()), unitriangular=draw(st.booleans()), **options)


@drawn("triangular_solve", examples=60)
def triangular_solve(draw: Draw) -> Call:
    a, b, _ = system(draw)
    a = regular(a)
    return Call(b, a, *draw(st.lists(st.booleans(), max_size=3)))


def factor(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """As Cholesky's: without imaginary parts on the diagonal."""
    if a.ndim < 2 or a.dtype.kind != "c" or a.shape[-1] != a.shape[-2]:
        return a
    return a - 1j * a.imag * np.eye(a.shape[-1], dtype=a.real.dtype)


@drawn("cholesky_solve", examples=60, gradient=False, reason="PyTorch's gradient of the factor is not triangular")
def cholesky_solve(draw: Draw) -> Call:
    a, b, _ = system(draw)
    a = regular(a)
    return Call(b, factor(a), **draw(st.sampled_from([{}, {"upper": True}, {"upper": False}])))


@drawn("cholesky_inverse", examples=60, gradient=False, reason="as for cholesky_solve")
def cholesky_inverse(draw: Draw) -> Call:
    return Call(factor(square(draw)), **draw(st.sampled_from([{}, {"upper": True}, {"upper": False}])))


@drawn("linalg.tensorinv")
def tensorinv(draw: Draw) -> Call:
    n = draw(st.sampled_from([4, 6, 6, 6, 1]))
    a = matrix(draw, n, n, odd=False)
    ind = draw(st.sampled_from([1, 2, 2, 0]))
    if n == 6:
        a = np.ascontiguousarray(a).reshape(draw(st.sampled_from([(6, 2, 3), (2, 3, 6), (2, 3, 3, 2), (6, 6)])))
    return Call(a, **({} if ind == 2 and draw(st.booleans()) else {"ind": ind}))


@drawn("linalg.tensorsolve")
def tensorsolve(draw: Draw) -> Call:
    a = np.ascontiguousarray(matrix(draw, 6, 6, odd=False))
    form = draw(st.integers(0, 3))
    if form == 0:
        return Call(a.reshape(2, 3, 6), draw(arrays((a.dtype,), (2, 3))))
    if form == 1:
        return Call(a.reshape(6, 3, 2), draw(arrays((a.dtype,), (6,))))
    if form == 2:
        return Call(a.reshape(2, 3, 3, 2).transpose(2, 0, 1, 3), draw(arrays((a.dtype,), (2, 3))), dims=(0, 3))
    return Call(a.reshape(2, 3, 6), draw(arrays((a.dtype,), (2, 2))))


# --- least squares, and what singular values tell ----------------------------------------------------------------


def oblong(draw: Draw, types: Any = TYPES, odd: bool = True) -> np.ndarray[Any, Any]:
    m, n = draw(sides), draw(sides)
    return matrix(draw, *draw(batches), m, n, types=types, odd=odd)


NUMBERS = (0.0, 1e-3, 0.1)


def tolerance(draw: Draw, a: np.ndarray[Any, Any]) -> Any:
    """A number, or a tensor of the batch's shape; nothing of the matrices' size."""
    if draw(st.booleans()) or a.ndim < 2:
        return draw(st.sampled_from(NUMBERS))
    return np.full(a.shape[:-2], draw(st.sampled_from([0, 1])))  # integers, as gradients of tolerances are refused


def hermitian(draw: Draw) -> np.ndarray[Any, Any]:
    """A matrix that is its own mirror image."""
    a = square(draw, odd=False)
    return a + a.swapaxes(-1, -2).conj()


@drawn("linalg.pinv", examples=80)
def pinv(draw: Draw) -> Call:
    a = hermitian(draw) if draw(st.integers(0, 3)) == 0 else None
    options: dict[str, Any] = {} if a is None else {"hermitian": True}
    a = oblong(draw) if a is None else a
    names = draw(st.sampled_from([(), (), ("atol",), ("atol",), ("rtol",), ("atol", "rtol"), ("rcond",)]))
    if a.ndim < 2:
        names = ()  # with atol alone PyTorch's error is of another type
    for name in names:
        options[name] = tolerance(draw, a) if name == "atol" and len(names) == 1 else draw(st.sampled_from(NUMBERS))
    return Call(a, **options)


@drawn("pinverse")
def pinverse(draw: Draw) -> Call:
    return Call(oblong(draw), *draw(st.sampled_from([(), (0.1,)])))


@drawn("linalg.matrix_rank", examples=60)
def matrix_rank(draw: Draw) -> Call:
    if draw(st.integers(0, 3)) == 0:
        return Call(hermitian(draw), hermitian=True)
    a = oblong(draw)
    form = draw(st.sampled_from([(), (), ("atol",), ("rtol",), ("atol", "rtol"), ("tol",), ("tensor",)]))
    if form == ("tensor",):
        return Call(a, atol=tolerance(draw, a))
    return Call(a, **{name: draw(st.sampled_from([0.0, 0.1, 4.5])) for name in form})


@drawn("linalg.cond", examples=100, gradient=False, reason="PyTorch's backward fails for most norms")
def cond(draw: Draw) -> Call:
    a = square(draw) if draw(st.integers(0, 3)) else oblong(draw)
    norms = [None, 2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc", 3, "x"]
    return Call(a, *draw(st.sampled_from([(), (draw(st.sampled_from(norms)),)])))


@drawn("linalg.lstsq", examples=120, tolerance=10, reason="drivers compute differently; here all by singular values")
def lstsq(draw: Draw) -> Call:
    m, n, k = draw(sides), draw(sides), draw(st.integers(1, 3))
    first, second = broadcast_batches(draw)
    if len(first) != len(second):
        second = first
    a = matrix(draw, *first, m, n)
    kind = a.dtype if draw(st.integers(0, 9)) else np.dtype(np.float64)
    shape = draw(st.sampled_from([(*second, m, k)] * 3 + [(*first, m), (*second, m + 1, k)]))
    options = draw(st.sampled_from([{}, {"driver": "gelsy"}, {"driver": "gelsd"}, {"driver": "gelss"},
                                    {"driver": "gels"}, {"rcond": 1e-3}, {"driver": "none"}]))  # fmt: skip
    if options.get("driver") == "gels" and not a.any():
        options = {}
    return Call(a, draw(arrays((kind,), shape)), **options)
