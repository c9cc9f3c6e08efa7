"""Complex numbers through the whole package: values and gradients of every op, refusals, views, types.

Gradients are PyTorch's: for a real loss L of ``z = a + b j`` that is ``dL/da + dL/db j``.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
import tinygrad_nn.fft
from tinygrad_nn._core.op import REGISTRY, Case, Integers, Op
from tinygrad_nn._core.real_only import complaint
from tinygrad_nn.autograd import gradcheck, gradgradcheck
from tinygrad_nn.ops import conjugates
from tinygrad_nn.testing.samples import default_cases

OPS = {
    name: op
    for name, op in sorted(REGISTRY.items())
    if op.forward.__module__.startswith("tinygrad_nn.") and not op.complex_numbers
}
# Ops whose functions refuse complex numbers, or take them apart first; and results that are unique but for a phase.
OTHERWISE = {"cdist", "copied", "filled", "l1", "pdist", "cholesky", "eig", "eigh", "qr", "svd"}
# Ops without gradients for complex numbers in PyTorch, or with another order of checks.
NOT_COMPARED = {"nan_to_num", "silu", "bce_with_logits"}


def complex_inputs(case: Case, seed: int = 0) -> list[Any]:
    """A case's inputs with complex numbers where it wants real ones."""
    random = np.random.RandomState(seed)
    made: list[Any] = []
    for wanted in case.inputs:
        if isinstance(wanted, tuple):
            made.append(np.asarray(random.uniform(-1, 1, wanted) + 1j * random.uniform(-1, 1, wanted)))
        elif isinstance(wanted, Integers):
            kind = np.bool_ if wanted.boolean else np.int64
            made.append(np.asarray(random.randint(0, wanted.high, wanted.shape), kind))
        elif isinstance(wanted, np.ndarray) and wanted.dtype.kind == "f":
            made.append(wanted.astype(np.complex128))
        else:
            made.append(wanted)
    return made


def tensors(values: list[Any]) -> list[Any]:
    """Arrays as tensors; complex ones want a gradient."""
    made = [tg.from_numpy(v.copy()) if isinstance(v, np.ndarray) else v for v in values]
    return [m.requires_grad_() if isinstance(m, tg.Tensor) and m.is_complex() else m for m in made]


# --- every op ----------------------------------------------------------------------------------------------------


TAKING = [name for name, op in OPS.items() if complaint(name) is None and op.differentiable and name not in OTHERWISE]


@pytest.mark.parametrize("name", TAKING)
def test_gradients_of_complex_numbers(name: str) -> None:
    """Of every op that takes complex numbers, beside finite differences in both directions."""
    op = OPS[name]
    for case in default_cases(op)[:4]:
        given = tensors(complex_inputs(case))
        wanted = [g for g in given if isinstance(g, tg.Tensor) and g.requires_grad]
        if not wanted or sum(w.numel() for w in wanted) > 60:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                result = op.call(*given, **case.options)
        except (RuntimeError, TypeError, ValueError, KeyError, Warning):  # it does not take them
            continue
        results = result if isinstance(result, tuple) else (result,)
        if not all(np.isfinite(r.detach().numpy()).all() for r in results):
            continue

        def call(*_: Any, given: Any = given, case: Any = case) -> Any:
            return op.call(*given, **case.options)

        assert gradcheck(call, wanted, check_undefined_grad=False)


@pytest.mark.parametrize("name", [name for name in OPS if complaint(name) is not None])
def test_refused(name: str) -> None:
    """An op without a meaning for complex numbers says so, in PyTorch's words."""
    op: Op = OPS[name]
    for case in default_cases(op)[:2]:
        given = complex_inputs(case)
        if isinstance(given[0], np.ndarray) and given[0].dtype.kind == "c":
            with pytest.raises(NotImplementedError, match=r"not implemented|complex"):
                op.call(*[tg.from_numpy(v) if isinstance(v, np.ndarray) else v for v in given], **case.options)


X = np.random.RandomState(1).uniform(-1, 1, (3, 4))
Z = X + 1j * np.random.RandomState(2).uniform(-1, 1, (3, 4))

# Where complex and real numbers meet. `t` is the package, `z` a complex tensor of shape (3, 4).
EXPRESSIONS = """
abs(z)
z.abs() * z
z.sgn()
z.angle()
z.real ** 2
z.imag * z
z.conj() * z * z
t.conj_physical(z) * z
t.view_as_real(z) ** 3
t.view_as_complex(t.view_as_real(z) * 2) ** 2
z.H @ z
z @ z.mH
z.adjoint() * 2
t.polar(z.real ** 2, z.imag)
t.complex(z.real * z.imag, z.real) ** 2
(z.real + 2) @ z.imag.T
t.cat([z, z.real])
t.stack([z, z])
z[[0, 1, 1]]
z[0] * z[:, :1]
(1 + 2j) ** z
z ** (1 + 2j)
z ** 3
z ** z
2.0 ** z
1j - z
1j / z
z.real / z
t.add(z, z, alpha=2j)
t.addcmul(z, z, z, value=2j)
t.lerp(z, z * z, 0.3)
t.lerp(z, z * z, z)
t.nn.functional.linear(z, z)
t.nn.functional.linear(z, z, z[:, 0])
t.addmm(z[:, :3], z, z.t(), beta=1j, alpha=2j)
t.mv(z, z[0])
t.dot(z[0], z[1])
t.vdot(z[0], z[1])
t.outer(z[0], z[1])
t.inner(z, z)
t.bmm(z[None], z.t()[None])
z.sum(0)
z.mean(1)
z.prod(0)
z.cumsum(1)
z.cumprod(0)
z.var(0)
z.std()
z.norm()
t.linalg.vector_norm(z, 3)
z.logsumexp(1)
t.logaddexp(z, z * 1j)
t.float_power(z, 2)
t.nn.functional.normalize(z)
t.nn.functional.l1_loss(z, z * z)
t.nn.functional.softsign(z)
z.sigmoid()
z.tanh()
t.sinc(z)
z.rsqrt()
(1j * z.real).exp()
(z - 1).abs().pow(2).mean()
z.masked_fill(z.real > 0, 1j)
z.gather(1, t.tensor([[0, 1], [1, 2]]))
z.tril()
z.roll(1, 0)
z.flip(0)
z.to(t.complex64)
z.real.to(t.complex128) * z
t.where(z.real > 0, z, z * 2)
t.fft.fft(z)
t.fft.fft(z.real, 3)
t.fft.rfft(z.real, 7, norm="ortho")
t.fft.irfft(z)
t.fft.irfft(z, 5)
t.fft.hfft(z, norm="forward")
t.fft.ihfft(z.imag)
t.fft.fftn(z, s=(2, 5))
t.fft.irfftn(z, s=(3, 5))
t.stft(z[0], 4, window=z.real[0] + 1.0)
""".strip().splitlines()


def evaluated(package: Any, text: str, z: Any) -> Any:
    """The value of an expression in this package, or in PyTorch."""
    return eval(text, {"t": package, "z": z})


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_derivatives(text: str) -> None:
    z = tg.from_numpy(Z.copy()).requires_grad_()
    if "complex64" not in text:
        assert gradcheck(lambda z: evaluated(tg, text, z), (z,))
        assert gradgradcheck(lambda z: evaluated(tg, text, z), (z,)) or "polar" in text


# --- beside PyTorch ----------------------------------------------------------------------------------------------


def array_of(tensor: Any) -> Any:
    """A tensor's values, of either package."""
    return None if tensor is None else np.array(tensor.detach().resolve_conj().resolve_neg().numpy())


def answers(package: Any, function: Any, leaves: list[Any]) -> list[Any]:
    """Values, gradients and second gradients, as far as there are any."""
    result = function()
    ends = [r for r in (result if isinstance(result, tuple | list) else [result]) if isinstance(r, package.Tensor)]
    found = [array_of(end) for end in ends]
    for seed in (1, 2):
        ends = [end for end in ends if end is not None and end.requires_grad]
        if not ends:
            return found
        random = np.random.RandomState(seed)
        given = []
        for end in ends:
            array = array_of(end)
            weight = random.uniform(0.5, 1.5, array.shape) + (
                1j * random.uniform(-1, 1, array.shape) if array.dtype.kind == "c" else 0
            )
            given.append(package.from_numpy(np.asarray(weight, array.dtype)))
        ends = list(package.autograd.grad(ends, leaves, given, create_graph=seed == 1, allow_unused=True))
        found += [array_of(end) for end in ends]
    return found


def hold_same(text: str, ours: list[Any], theirs: list[Any]) -> None:
    """Both packages' answers are equal; no gradient counts as zeros."""
    for number, (actual, expected) in enumerate(zip(ours, theirs, strict=False)):
        some = actual if expected is None else expected
        if some is None:
            continue
        actual = np.zeros_like(some) if actual is None else actual
        expected = np.zeros_like(some) if expected is None else expected
        assert actual.dtype == expected.dtype, f"{text}: {number}: {actual.dtype}, PyTorch: {expected.dtype}"
        relative = 1e-5 if expected.dtype.itemsize <= 8 else 1e-9
        np.testing.assert_allclose(actual, expected, rtol=relative, atol=relative, err_msg=f"{text}: {number}")


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_as_pytorch(text: str) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for package in (tg, torch):
        z = package.from_numpy(Z.copy()).requires_grad_()
        found.append(answers(package, lambda p=package, z=z: evaluated(p, text, z), [z]))
    hold_same(text, *found)


def counterpart(package: Any, name: str) -> Any:
    """A package's function of this name."""
    for part in name.split("."):
        package = getattr(package, part, None)
    return package


def outcome(package: Any, op: Op, case: Case) -> Any:
    """What an op's public function gives, or the exception that it raises; None where gradients are refused."""
    leaves: list[Any] = []
    given = []
    for value in complex_inputs(case):
        if isinstance(value, np.ndarray):
            value = package.from_numpy(value.copy())
            if value.is_complex():
                leaves.append(value.requires_grad_())
        given.append(value)
    function = counterpart(package, op.torch_name or op.name)
    try:
        return answers(package, lambda: function(*([given] if op.variadic else given), **case.options), leaves)
    except Exception as error:
        return error


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [n for n, op in OPS.items() if op.torch_name != "" and n not in NOT_COMPARED])
def test_every_op_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    op = OPS[name]
    if None in (counterpart(torch, op.torch_name or name), counterpart(tg, op.torch_name or name)):
        pytest.skip("no function of this name")
    for case in op.cases or (Case(((2, 3),) * len(op.inputs)),):
        theirs, ours = outcome(torch, op, case), outcome(tg, op, case)
        if isinstance(theirs, TypeError) or ("not implemented for" in str(theirs) and isinstance(ours, list)):
            continue  # a call that only this package knows, or a second gradient that PyTorch lacks
        if isinstance(theirs, Exception):
            assert isinstance(ours, type(theirs)), f"{name}: {ours!r}; PyTorch: {theirs!r}"
        else:
            assert not isinstance(ours, Exception), f"{name}: {ours!r}"
            hold_same(f"{name}{case}", ours, theirs)


# --- views, types, numbers ---------------------------------------------------------------------------------------


def test_parts_are_views() -> None:
    z = tg.tensor([1 + 2j, 3 - 1j])
    z.real[0] = 7
    z.imag += 1
    tg.view_as_real(z)[1, 0] = 5
    assert z.tolist() == [7 + 3j, 5 + 0j]
    z.real = tg.tensor([0.0, 1.0])
    z.imag = tg.tensor(2.0)
    assert z.tolist() == [2j, 1 + 2j]
    pairs = tg.zeros(2, 2)
    tg.view_as_complex(pairs)[0] = 1 + 2j
    assert pairs.tolist() == [[1, 2], [0, 0]]


def test_writes_into_parts_have_gradients() -> None:
    z = tg.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = z * 1
    y.real = x * x
    (y.real.sum() + y.imag.sum()).backward()
    assert z.grad is not None
    assert x.grad is not None
    assert z.grad.tolist() == [1j, 1j]
    assert x.grad.tolist() == [2, 4]


def test_assigning_parts() -> None:
    z = tg.tensor([1 + 2j])
    with pytest.raises(TypeError):
        z.real = 3
    with pytest.raises(RuntimeError, match="imag is not implemented for tensors with non-complex dtypes"):
        tg.zeros(2).imag = tg.zeros(2)


def test_conjugates() -> None:
    z = tg.tensor([1 + 2j])
    assert z.conj().is_conj()
    assert not z.conj().conj().is_conj()
    assert not z.is_conj()
    assert not z.conj().resolve_conj().is_conj()
    assert z.resolve_conj() is z
    assert z.resolve_neg() is z
    assert z.conj()[0].is_conj()
    assert not (z.conj() + 0).is_conj()
    x = tg.tensor([1.0])
    assert x.conj() is x
    assert not x.conj().is_conj()
    assert x.real is x


def test_transposes_of_what_is_no_matrix() -> None:
    z = tg.zeros(2, 3, 4, dtype=tg.complex64)
    assert z.mH.shape == z.adjoint().shape == (2, 4, 3)
    with pytest.raises(RuntimeError, match=r"consider using tensor\.mH"):
        z.H  # noqa: B018
    with pytest.raises(RuntimeError, match="Got 1-D tensor"):
        z[0, 0].mH  # noqa: B018
    conjugates._said.clear()
    with pytest.warns(UserWarning, match="deprecated on 0-D tensors"):
        assert z[0, 0, 0].H.shape == ()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(tg.float32, tg.complex64), (tg.float64, tg.complex128), (tg.int64, tg.complex64), (tg.bool, tg.complex64),
     (tg.complex64, tg.complex64), (tg.complex128, tg.complex128)],
)  # fmt: skip
def test_complex_numbers_of_python(kind: Any, expected: Any) -> None:
    x = tg.ones(2, dtype=kind)
    for y in (x + 1j, 1j * x, x / 1j, 2j + x):
        assert y.dtype is expected


def test_creation() -> None:
    assert tg.tensor(1j).dtype is tg.complex64
    assert tg.tensor([1, 2j]).dtype is tg.complex64
    assert tg.zeros(2, dtype=tg.complex128).tolist() == [0j, 0j]
    assert tg.full((2,), 1j).tolist() == [1j, 1j]
    assert tg.eye(2, dtype=tg.complex64).is_complex()
    with pytest.raises(TypeError, match="must be real number, not complex"):
        tg.tensor(1j, dtype=tg.float32)


def test_numbers_of_tensors() -> None:
    assert float(tg.tensor(2 + 0j)) == 2.0
    assert int(tg.tensor(2 + 0j)) == 2
    assert complex(tg.tensor(2j)) == 2j
    with pytest.raises(RuntimeError, match="value cannot be converted to type double without overflow"):
        float(tg.tensor(1j))


def test_casts_take_the_real_part() -> None:
    z = tg.tensor([1 + 2j], requires_grad=True)
    x = tg.tensor([3.0], requires_grad=True)
    (z.float() * 3).sum().backward()
    (x.to(tg.complex64) * (2 + 1j)).abs().sum().backward()
    assert z.grad is not None
    assert x.grad is not None
    assert z.grad.tolist() == [3 + 0j]
    np.testing.assert_allclose(x.grad.numpy(), [5**0.5], rtol=1e-6)
    assert z.cdouble().dtype is tg.complex128
    assert z.cfloat() is z
    with pytest.raises(NotImplementedError, match="complex32"):
        z.chalf()


def test_random_streams_of_parts() -> None:
    tg.manual_seed(3)
    z = tg.randn(3, dtype=tg.complex64)
    tg.manual_seed(3)
    pairs = tg.empty(3, 2).normal_(0, 0.5**0.5)
    assert tg.equal(tg.view_as_real(z), pairs)


def test_backward_of_a_complex_loss_is_refused() -> None:
    z = tg.tensor([1 + 2j], requires_grad=True)
    with pytest.raises(RuntimeError, match="complex"):
        (z * z).sum().backward()
