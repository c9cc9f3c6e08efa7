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
from tinygrad_nn.autograd import gradcheck, gradgradcheck

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


def test_zeros_on_the_diagonal_are_divided_by() -> None:
    a = tg.eye(60)
    a[5, 5] = 0
    x = linalg.solve_triangular(a, tg.ones(60, 1), upper=True)
    assert tg.isinf(x[5]).item()
    assert x[6].item() == 1


@pytest.mark.parametrize("hermitian", [True, False])
@pytest.mark.parametrize("kind", [np.float64, np.complex128])
def test_indefinite_systems(kind: Any, hermitian: bool) -> None:
    a = drawn(3, 12, 12, kind=kind)
    a = a + (a.conj() if hermitian else a).swapaxes(-1, -2)
    a[..., range(12), range(12)] *= 0.01
    b = drawn(3, 12, 2, kind=kind)
    x = linalg.ldl_solve(*linalg.ldl_factor(tg.tensor(a), hermitian=hermitian), tg.tensor(b), hermitian=hermitian)
    np.testing.assert_allclose(a @ x.numpy(), b, rtol=1e-8, atol=1e-9)


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
