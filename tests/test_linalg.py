"""Linear algebra: what the drawn calls of `tests/calls` do not reach.

Large matrices, which are worked on in blocks; gradients where PyTorch's are of another kind; named tuples; NumPy's
functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import linalg
from tinygrad_nn._core import matrices
from tinygrad_nn.autograd import gradcheck, gradgradcheck
from tinygrad_nn.ops import determinant
from tinygrad_nn.ops.elimination import factorised
from tinygrad_nn.ops.triangular import substituted

random = np.random.default_rng(7)


def drawn(*shape: int, kind: Any = np.float64) -> Any:
    """Random numbers of a shape; complex on request."""
    values = random.normal(size=shape)
    if np.dtype(kind).kind == "c":
        values = values + 1j * random.normal(size=shape)
    return values.astype(kind)


def positive(n: int) -> Any:
    a = drawn(n, n)
    return a @ a.T + n * np.eye(n)


# --- large matrices, in blocks -----------------------------------------------------------------------------------

LARGE = [(70, 70), (100, 60), (60, 100), (2, 65, 65), (33, 33)]
KINDS = [np.float64, np.float32, np.complex128]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", LARGE)
def test_lu_of_large_matrices(shape: Any, kind: Any) -> None:
    a = tg.tensor(drawn(*shape, kind=kind))
    lower_and_upper = linalg.lu(a)
    assert all(part.dtype == a.dtype for part in lower_and_upper)
    p, lower, upper = lower_and_upper
    assert tg.allclose(p @ lower @ upper, a, atol=1e-3 if kind == np.float32 else 1e-10)
    assert lower.abs().max().item() <= 1.5  # partial pivoting (complex numbers are measured by the sum of their parts)


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("left", [True, False])
def test_large_triangular_systems(upper: bool, unit: bool, left: bool) -> None:
    a = drawn(2, 110, 110) / 110 + 2 * np.eye(110)
    b = drawn(2, 110, 3) if left else drawn(2, 3, 110)
    x = linalg.solve_triangular(tg.tensor(a), tg.tensor(b), upper=upper, left=left, unitriangular=unit).numpy()
    triangle = np.triu(a) if upper else np.tril(a)
    if unit:
        triangle[:, range(110), range(110)] = 1
    np.testing.assert_allclose(triangle @ x if left else x @ triangle, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64, np.complex128])
def test_triangular_systems_wherever_the_matrix_lies_in_memory(kind: Any) -> None:
    whole = (drawn(3, 8, 8) / 8 + 3 * np.eye(8)).astype(kind)
    forms = [whole, whole.swapaxes(-1, -2), whole[::-1], whole[:, 1:7, 1:7], whole[:, ::2, ::2], whole[:, ::-1, ::-1],
             whole[0], whole[0].T, whole[:, :1, :1], np.asfortranarray(whole), whole[:0], whole[:, :0, :0],
             np.broadcast_to(whole[0], (2, 3, 8, 8))]  # fmt: skip
    for a in forms:
        b = drawn(a.shape[-1], 2).astype(kind)
        x = substituted(a, b, upper=True)
        wide = np.complex128 if np.dtype(kind).kind == "c" else np.float64
        assert x.shape == (*a.shape[:-1], 2)
        wanted = np.linalg.solve(np.triu(a).astype(wide), np.broadcast_to(b, x.shape).astype(wide))
        np.testing.assert_allclose(x, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("diagonal", [0.0, np.nan, np.inf])
@pytest.mark.parametrize("count", [5, 60])
def test_triangular_systems_are_the_same_without_openblas(diagonal: float, count: int, monkeypatch: Any) -> None:
    a, b = drawn(2, count, count) / count + 2 * np.eye(count), drawn(count, 3)
    a[0, 3, 3] = diagonal
    with np.errstate(all="ignore"):
        found = [substituted(a, b, upper=upper, unit=unit) for upper in (True, False) for unit in (True, False)]
        monkeypatch.setattr(matrices, "_substitution", lambda dtype: None)
        others = [substituted(a, b, upper=upper, unit=unit) for upper in (True, False) for unit in (True, False)]
    for x, other in zip(found, others, strict=True):
        np.testing.assert_allclose(x[1], other[1], rtol=1e-9)
        np.testing.assert_array_equal(np.isfinite(x[0]), np.isfinite(other[0]))


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("shape", [(5, 5), (2, 40, 40), (7, 4), (3, 4, 7), (33, 50)])
def test_lu_is_the_same_without_openblas(shape: Any, kind: Any, monkeypatch: Any) -> None:
    a = drawn(*shape, kind=kind)
    a[..., :, 2] = 0
    found = factorised(a)
    monkeypatch.setattr(matrices, "_elimination", lambda dtype: None)
    for x, other in zip(found, factorised(a), strict=True):
        assert (x.dtype, x.shape) == (other.dtype, other.shape)
        np.testing.assert_allclose(x, other, rtol=1e-3, atol=1e-3 if np.dtype(kind).itemsize == 4 else 1e-4)


def test_where_the_first_pivot_is_zero() -> None:
    a = np.array([np.eye(3), np.diag([1.0, 0.0, 0.0]), np.zeros((3, 3))], np.float32)
    assert factorised(a)[2].tolist() == [0, 2, 1]


SINGLE: dict[str, Any] = {
    "inv": linalg.inv, "cholesky": linalg.cholesky, "eigvalsh": linalg.eigvalsh, "svdvals": linalg.svdvals,
    "pinv": linalg.pinv, "det": linalg.det, "qr": lambda a: linalg.qr(a).R, "eigh": lambda a: linalg.eigh(a)[0],
    "svd": lambda a: linalg.svd(a).S, "full": lambda a: linalg.svd(a[:-5], True).S,
    "reduced": lambda a: linalg.svd(a[:-5], False).S, "solve": lambda a: linalg.solve(a, a[:, :3] + 1),
    "eig": lambda a: linalg.eig(a).eigenvalues.abs().sort().values, "wide": lambda a: linalg.qr(a[:-5]).R,
    "tall": lambda a: linalg.qr(a[:, :-5]).Q,
}  # fmt: skip


@pytest.mark.parametrize("count", [15, 16, 70])
@pytest.mark.parametrize("name", SINGLE)
def test_single_precision_is_as_good_as_it_says(name: str, count: int, monkeypatch: Any) -> None:
    whole = drawn(count, count) / np.sqrt(count)
    whole = (whole @ whole.T + np.eye(count)) / 2
    call = SINGLE[name]
    a, b = tg.tensor(whole.astype(np.float32), requires_grad=True), tg.tensor(whole, requires_grad=True)
    x, y = call(a), call(b)
    assert x.dtype == tg.float32
    np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), rtol=2e-5, atol=2e-5)
    if count < 70:
        x.sum().backward()
        y.sum().backward()
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-3, atol=2e-4)
    for missing in ("_in_single", "_reflections", "_inversion"):
        monkeypatch.setattr(matrices, missing, lambda *_: None)
    np.testing.assert_allclose(call(a).detach().numpy(), y.detach().numpy(), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("count", [20, 60])
def test_failures_in_single_precision_are_told(count: int) -> None:
    ones = tg.ones(2, count, count)
    ones[0] = tg.eye(count)
    for call in (linalg.inv, lambda a: linalg.solve(a, a), linalg.cholesky):
        with pytest.raises(linalg.LinAlgError, match="Batch element 1"):
            call(ones)
    assert linalg.inv_ex(ones).info.tolist() == [0, 2]
    bad = tg.full((20, 20), float("nan"))
    with pytest.raises(linalg.LinAlgError):
        linalg.svd(bad)
    assert tg.isnan(linalg.eigh(bad).eigenvalues).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64, np.complex128])
def test_inverses_of_large_matrices(kind: Any) -> None:
    a = drawn(3, 2, 50, 50, kind=kind) + 9 * np.eye(50, dtype=kind)
    for x in (a, a.swapaxes(-1, -2), a[0, 0], a[0, 0].T, a[:, :, ::-1, ::-1], a[:0]):
        found = linalg.inv(tg.tensor(x)).numpy()
        assert (found.dtype, found.shape) == (x.dtype, x.shape)
        np.testing.assert_allclose(found @ x, np.broadcast_to(np.eye(50), x.shape), atol=1e-4)
    a[1, 1, 3, 4] = np.nan
    found = linalg.inv(tg.tensor(a)).numpy()
    assert np.isnan(found[1, 1]).any()
    assert np.isfinite(found[[0, 2]]).all()


def test_zeros_on_the_diagonal_are_divided_by() -> None:
    a = tg.eye(60)
    a[5, 5] = 0
    x = linalg.solve_triangular(a, tg.ones(60, 1), upper=True)
    assert tg.isinf(x[5]).item()
    assert x[6].item() == 1


@pytest.mark.parametrize("count", [3, 60])
@pytest.mark.parametrize("factor", [1.0, 1e-3, 1e3])
def test_the_gradient_of_most_determinants_needs_no_singular_values(
    count: int, factor: float, monkeypatch: Any
) -> None:
    monkeypatch.setattr(determinant, "_cofactors", None)
    x = tg.tensor(factor * (drawn(count, count) / count + np.eye(count)), requires_grad=True)
    value = tg.det(x)
    value.backward()
    np.testing.assert_allclose(x.grad.numpy(), value.item() * np.linalg.inv(x.detach().numpy()).T, rtol=1e-7)


def test_the_gradient_of_a_determinant_that_is_too_large_is_too_large() -> None:
    x = (10.0 * tg.eye(50)).requires_grad_()
    tg.det(x).backward()
    assert tg.isinf(x.grad.diagonal()).all()


@pytest.mark.parametrize("hermitian", [True, False])
@pytest.mark.parametrize("kind", [np.float64, np.complex128])
def test_indefinite_systems(kind: Any, hermitian: bool) -> None:
    a = drawn(3, 12, 12, kind=kind)
    a = a + (a.conj() if hermitian else a).swapaxes(-1, -2)
    a[..., range(12), range(12)] *= 0.01
    b = drawn(3, 12, 2, kind=kind)
    x = linalg.ldl_solve(*linalg.ldl_factor(tg.tensor(a), hermitian=hermitian), tg.tensor(b), hermitian=hermitian)
    np.testing.assert_allclose(a @ x.numpy(), b, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("hermitian", [True, False])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("count", [0, 1, 3, 30, 80])
def test_ldl_is_the_same_without_openblas(count: int, kind: Any, hermitian: bool, monkeypatch: Any) -> None:
    a = drawn(2, count, count, kind=kind)
    a = a + (a.conj() if hermitian else a).swapaxes(-1, -2)
    a[..., range(count), range(count)] *= 0.01
    found = linalg.ldl_factor_ex(tg.tensor(a), hermitian=hermitian)
    monkeypatch.setattr(matrices, "_pivoting", lambda dtype, hermitian: None)
    other = linalg.ldl_factor_ex(tg.tensor(a), hermitian=hermitian)
    exact = np.dtype(kind).itemsize == (16 if np.dtype(kind).kind == "c" else 8)
    for x, y in zip(found, other, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-3, atol=1e-8 if exact else 5e-3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("count", [5, 70])
def test_what_is_not_finite_is_taken(count: int, bad: float) -> None:
    a = tg.tensor(drawn(count, count, kind=np.float32))
    a[2, 1] = bad
    packed, pivots = linalg.lu_factor_ex(a)[:2]
    assert 1 <= pivots.min() <= pivots.max() <= count
    assert not packed.isfinite().all()
    assert not linalg.ldl_factor_ex(a).LD.isfinite().all()
    assert not linalg.qr(a).R.isfinite().all()


def test_ldl_refuses_singular_matrices_and_gradients() -> None:
    with pytest.raises(RuntimeError, match="singular"):
        linalg.ldl_factor(tg.zeros(2, 2))
    packed, pivots = linalg.ldl_factor(tg.eye(2).requires_grad_())
    with pytest.raises(NotImplementedError, match="derivative for 'linalg_ldl_factor_ex'"):
        packed.sum().backward()
    assert not pivots.requires_grad


# --- gradients ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("a", [[[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 3.0]]])
def test_the_gradient_of_a_determinant_is_the_matrix_of_cofactors_also_at_singular_matrices(a: Any) -> None:
    x = tg.tensor(a, dtype=tg.float64, requires_grad=True)
    (gradient,) = tg.autograd.grad(tg.det(x), x)
    (p, q), (r, s) = a
    np.testing.assert_allclose(gradient.numpy(), [[s, -r], [-q, p]], atol=1e-12)
    assert gradcheck(tg.det, (x,))
    assert gradgradcheck(tg.det, (x,))


def test_small_determinants_are_not_zero() -> None:
    x = (1e-3 * tg.eye(8, dtype=tg.float64)).requires_grad_()
    (gradient,) = tg.autograd.grad(tg.det(x), x, create_graph=True)
    assert tg.allclose(gradient, 1e-21 * tg.eye(8, dtype=tg.float64), atol=0)
    assert tg.autograd.grad(gradient.sum(), x)[0].isfinite().all()


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("name", ["cholesky_solve", "cholesky_inverse"])
def test_gradients_of_solving_with_a_factor(name: str, upper: bool) -> None:
    factor = tg.tensor(np.linalg.cholesky(positive(3)), requires_grad=True)
    if upper:
        factor = factor.detach().T.clone().requires_grad_()
    if name == "cholesky_solve":
        right = tg.tensor(drawn(3, 2), requires_grad=True)
        call, inputs = (lambda b, f: tg.cholesky_solve(b, f, upper)), (right, factor)
    else:
        call, inputs = (lambda f: tg.cholesky_inverse(f, upper)), (factor,)
    assert gradcheck(call, inputs)
    assert gradgradcheck(call, inputs)


@pytest.mark.parametrize("p", [None, -2, 1, -1, float("inf"), -float("inf"), "fro", "nuc"])
def test_gradients_of_conditions(p: Any) -> None:
    a = tg.tensor([[3.0, 0.5], [-1.0, 1.5]], dtype=tg.float64, requires_grad=True)
    assert gradcheck(lambda x: linalg.cond(x, p), (a,))


@pytest.mark.parametrize(("call", "error"), [
    (lambda x: linalg.qr(x, "r").R, "depends on Q"),
    (lambda x: linalg.qr(x, "complete").Q, "not differentiable when mode='complete'"),
    (lambda x: tg.geqrf(x).a, "derivative for 'geqrf' is not implemented"),
])  # fmt: skip
def test_gradients_that_there_are_not_are_refused(call: Any, error: str) -> None:
    x = tg.tensor(drawn(3, 2), requires_grad=True)
    with pytest.raises(RuntimeError, match=error):
        call(x).sum().backward()


@pytest.mark.parametrize("call", [
    lambda x: linalg.svd(x).U.real.sum(), lambda x: linalg.eigh(x).eigenvectors.real.sum(),
    lambda x: linalg.eig(x).eigenvectors.real.sum(),
])  # fmt: skip
def test_losses_that_depend_on_a_phase_are_refused(call: Any) -> None:
    a = drawn(3, 3, kind=np.complex128)
    x = tg.tensor(a + a.conj().T, requires_grad=True)
    with pytest.raises(RuntimeError, match="specified up to multiplication by e"):
        call(x).backward()


def test_singular_values_that_are_equal_have_a_gradient_of_their_own() -> None:
    x = tg.zeros(3, 2, requires_grad=True)
    linalg.svd(x).S.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


# --- results -----------------------------------------------------------------------------------------------------


def test_results_are_named_as_in_pytorch() -> None:
    x = tg.tensor([[2.0, 1.0], [1.0, 2.0]])
    assert str(linalg.slogdet(x)).startswith("torch.return_types.linalg_slogdet(\nsign=tensor(1.),\nlogabsdet=")
    fields = {
        "inv_ex": ("inverse", "info"), "cholesky_ex": ("L", "info"), "lu": ("P", "L", "U"), "qr": ("Q", "R"),
        "lu_factor_ex": ("LU", "pivots", "info"), "svd": ("U", "S", "Vh"), "eig": ("eigenvalues", "eigenvectors"),
        "eigh": ("eigenvalues", "eigenvectors"), "ldl_factor_ex": ("LD", "pivots", "info"),
    }  # fmt: skip
    for name, names in fields.items():
        assert getattr(linalg, name)(x)._fields == names
    assert tg.svd(x)._fields == ("U", "S", "V")
    assert linalg.lstsq(x, x)._fields == ("solution", "residuals", "rank", "singular_values")


def test_several_results_go_where_they_are_told() -> None:
    x = tg.tensor(drawn(3, 3))
    q, r = tg.empty(0, dtype=tg.float64), tg.empty(0, dtype=tg.float64)
    found = linalg.qr(x, out=(q, r))
    assert found.Q is q
    assert found.R is r
    assert tg.allclose(q @ r, x)
    packed, pivots = tg.empty(0, dtype=tg.float64), tg.empty(0, dtype=tg.int32)
    tg.lu(x, out=(packed, pivots))
    assert pivots.shape == (3,)


def test_r_alone_is_the_same() -> None:
    x = tg.tensor(drawn(2, 4, 3))
    q, r = linalg.qr(x, "r")
    assert q.shape == (0,)
    assert tg.allclose(r, linalg.qr(x).R)


def test_parts_that_are_not_asked_for_are_empty() -> None:
    found = linalg.lu_factor(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert tg.lu_unpack(*found, unpack_data=False).L.shape == (0,)
    assert tg.lu_unpack(*found, unpack_pivots=False).P.shape == (0,)


@pytest.mark.parametrize(("call", "text"), [
    (lambda x: linalg.inv(x), r"linalg.inv: \(Batch element 1\): The diagonal element 2 is zero"),
    (lambda x: linalg.solve(x, x), r"torch.linalg.solve: \(Batch element 1\): The solver failed"),
    (lambda x: linalg.cholesky(x), r"linalg.cholesky: \(Batch element 1\): .* leading minor of order 2"),
    (lambda x: linalg.svd(x / 0), r"linalg.svd: .* non-finite values"),
])  # fmt: skip
def test_errors_name_the_matrix_and_the_place(call: Any, text: str) -> None:
    x = tg.tensor([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 4.0]]])
    with pytest.raises(linalg.LinAlgError, match=text) as caught:
        call(x)
    assert isinstance(caught.value, RuntimeError)


def test_what_failed_in_a_batch_does_not_harm_the_others() -> None:
    x = tg.tensor([[[2.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 4.0]]])
    inverse, info = linalg.inv_ex(x)
    assert info.tolist() == [0, 2]
    assert inverse[0].tolist() == [[0.5, 0.0], [0.0, 1.0]]
    lower, info = linalg.cholesky_ex(x)
    assert info.tolist() == [0, 2]
    assert tg.allclose(lower[0], x[0].sqrt())
    result, info = linalg.solve_ex(x, tg.ones(2, 2))
    assert info.tolist() == [0, 2]
    assert result[0].tolist() == [0.5, 1.0]


def test_one_triangle_is_read() -> None:
    x = tg.tensor([[2.0, 100.0], [1.0, 2.0]], requires_grad=True)
    values = linalg.eigvalsh(x)
    assert tg.allclose(values, tg.tensor([1.0, 3.0]))
    values[1].backward()
    assert x.grad is not None
    assert tg.allclose(x.grad, tg.full((2, 2), 0.5))
    assert tg.allclose(linalg.cholesky(x).detach(), linalg.cholesky(tg.tensor([[2.0, 1.0], [1.0, 2.0]])))


NUMPY = {
    "inv": (), "det": (), "slogdet": (), "cholesky": (), "qr": (), "eigh": (), "eigvalsh": (), "eigvals": (),
    "pinv": (), "matrix_rank": (), "cond": (1,),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(NUMPY))
def test_numpys_functions_take_tensors(name: str) -> None:
    a = positive(3)
    found, expected = (getattr(np.linalg, name)(x, *NUMPY[name]) for x in (tg.tensor(a), a))
    for ours, theirs in zip(found, expected, strict=True) if isinstance(expected, tuple) else [(found, expected)]:
        assert isinstance(ours, tg.Tensor)
        np.testing.assert_allclose(np.sort(ours.numpy().ravel()), np.sort(np.ravel(theirs)), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["svd_lowrank", "pca_lowrank"])
@pytest.mark.parametrize("shape", [(12, 5), (5, 12), (2, 9, 9)])
def test_random_projections_are_pytorchs(name: str, shape: Any) -> None:
    torch = pytest.importorskip("torch")
    a = drawn(*shape)
    for options in ({"q": 3}, {"q": 2, "niter": 0}, {}):
        answers = []
        for package in (torch, tg):
            package.manual_seed(5)
            u, s, v = getattr(package, name)(package.from_numpy(a.copy()), **options)
            parts = (s, (u * s[..., None, :]) @ v.mT, *([u.abs(), v.abs()] if options.get("q") == 2 else []))
            answers.append([x.numpy() for x in parts])
        for ours, theirs in zip(answers[1], answers[0], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-7)
    with pytest.raises(ValueError, match="must be non-negative integer"):
        tg.pca_lowrank(tg.ones(3, 2), q=4)
