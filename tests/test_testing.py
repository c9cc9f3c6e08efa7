"""What users test with: assert_close, strategies, check_op, gradcheck."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import tinygrad_nn as tg
from tinygrad_nn._core.op import case
from tinygrad_nn.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from tinygrad_nn.testing import assert_close, check_op, strategies

quick = settings(max_examples=25, deadline=None, derandomize=True, database=None)


# --- assert_close ------------------------------------------------------------------------------------------------

NAN = float("nan")
# actual, expected, options, and what PyTorch 2.13 raises (nothing: None)
COMPARISONS: list[tuple[Any, Any, dict[str, Any], str | None]] = [
    ([1.0, 2.0], [1.0, 2.5], {}, "Tensor-likes are not close!\n\nMismatched elements: 1 / 2 (50.0%)\nGreatest absolute "
     "difference: 0.5 at index (1,) (up to 1e-05 allowed)\nGreatest relative difference: 0.20000000298023224 at index "
     "(1,) (up to 1.3e-06 allowed)"),
    (1.0, 2.5, {}, "Scalars are not close!\n\nExpected 2.5 but got 1.0.\nAbsolute difference: 1.5 (up to 1e-05 allowed)"
     "\nRelative difference: 0.6 (up to 1.3e-06 allowed)"),
    ([1, 2], [1, 3], {}, "Tensor-likes are not equal!\n\nMismatched elements: 1 / 2 (50.0%)\nGreatest absolute "
     "difference: 1 at index (1,)\nGreatest relative difference: 0.3333333432674408 at index (1,)"),
    ([True, False], [True, True], {}, "Tensor-likes are not equal!\n\nMismatched elements: 1 / 2 (50.0%)\nGreatest "
     "absolute difference: 1 at index (1,)\nGreatest relative difference: 1.0 at index (1,)"),
    ([NAN, 1, 3], [NAN, 0, 3], {}, "Tensor-likes are not close!\n\nMismatched elements: 2 / 3 (66.7%)\nGreatest "
     "absolute difference: nan at index (0,) (up to 1e-05 allowed)\nGreatest relative difference: nan at index (0,) "
     "(up to 1.3e-06 allowed)"),
    ([NAN], [NAN], {"equal_nan": True}, None),
    ([1.0], [1.0 + 1e-6], {}, None),
    ([1.0], [2.0], {"rtol": 1.0, "atol": 0.0}, None),
    ([1.0], [2.0], {"msg": "hey"}, "hey"),
    ([1.0], 1.0, {}, "The values for attribute 'shape' do not match: torch.Size([1]) != torch.Size([])."),
    (1.0, 1, {}, "The values for attribute 'dtype' do not match: torch.float32 != torch.int64."),
]  # fmt: skip


@pytest.mark.parametrize(("actual", "expected", "options", "text"), COMPARISONS)
def test_assert_close(actual: Any, expected: Any, options: dict[str, Any], text: str | None) -> None:
    a, b = tg.tensor(actual), tg.tensor(expected)
    if text is None:
        assert_close(a, b, **options)
    else:
        with pytest.raises(AssertionError) as caught:
            assert_close(a, b, **options)
        assert str(caught.value) == text


@pytest.mark.parametrize(("actual", "expected", "options", "text"), COMPARISONS)
def test_assert_close_says_what_pytorch_says(
    actual: Any, expected: Any, options: dict[str, Any], text: str | None
) -> None:
    torch = pytest.importorskip("torch")
    a, b = torch.tensor(actual), torch.tensor(expected)
    if text is None:
        torch.testing.assert_close(a, b, **options)
    else:
        with pytest.raises(AssertionError) as caught:
            torch.testing.assert_close(a, b, **options)
        assert str(caught.value) == text


@pytest.mark.parametrize(
    ("actual", "expected", "text"),
    [
        (1.0, 2.0, "Scalars are not close!\n\nExpected 2.0 but got 1.0.\nAbsolute difference: 1.0 (up to 1e-07 allowed)"
         "\nRelative difference: 0.5 (up to 1e-07 allowed)"),
        (1, 2, "Scalars are not equal!\n\nExpected 2 but got 1.\nAbsolute difference: 1\nRelative difference: 0.5"),
        (1, 1.0, "The (d)types do not match: <class 'int'> != <class 'float'>."),
        ({"a": 1}, {"b": 1}, "The keys of the mappings do not match:\nMissing keys in the actual mapping: ['b']\n"
         "Additional keys in the actual mapping: ['a']"),
        ({"a": 1}, {"a": 2}, "Scalars are not equal!\n\nExpected 2 but got 1.\nAbsolute difference: 1\nRelative "
         "difference: 0.5\n\nThe failure occurred for item ['a']"),
        ([1], [1, 2], "The length of the sequences mismatch: 1 != 2"),
        (None, 1, "None mismatch: None is not 1"),
    ],
)  # fmt: skip
def test_assert_close_of_numbers_and_containers(actual: Any, expected: Any, text: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_close(actual, expected)
    assert str(caught.value) == text


def test_assert_close_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(tg.ones(1), 1.0)
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close("a", "b")
    with pytest.raises(ValueError, match="either specified or omitted, but got no atol"):
        assert_close(1.0, 1.0, rtol=0.1)
    assert_close(np.ones(2), np.ones(2))
    assert_close({"a": [tg.ones(2), None]}, {"a": [tg.ones(2), None]})


def test_assert_close_may_ignore_types_but_not_strides() -> None:
    assert_close(tg.ones(2), tg.ones(2, dtype=tg.float64), check_dtype=False)
    a, b = tg.ones(2, 3), tg.ones(3, 2).T
    assert_close(a, b)
    with pytest.raises(AssertionError, match="stride"):
        assert_close(a, b, check_stride=True)


def test_assert_close_lets_the_message_be_made_from_the_usual_one() -> None:
    with pytest.raises(AssertionError, match=r"^step 3: Tensor-likes are not close!"):
        assert_close(tg.ones(2), tg.zeros(2), msg=lambda text: f"step 3: {text}")


# --- strategies --------------------------------------------------------------------------------------------------


def test_tensors_shrink_to_something_small() -> None:
    smallest = find(strategies.tensors(tg.float64), lambda x: bool((x.numpy() > 1).any()), settings=quick)
    assert smallest.numel() == 1
    assert smallest.item() == 2.0


@quick
@given(st.data())
def test_tensors_are_as_asked(data: Any) -> None:
    dtype = data.draw(st.sampled_from([tg.float16, tg.float32, tg.float64, tg.int64, tg.uint8, tg.bool, tg.complex64]))
    shape = data.draw(strategies.shapes(max_dims=2, min_side=0))
    floating = dtype.is_floating_point
    x = data.draw(strategies.tensors(dtype, shape, requires_grad=st.booleans() if floating else False))
    assert (x.dtype, tuple(x.shape)) == (dtype, shape)
    if floating:
        assert np.isfinite(x.detach().numpy()).all()


@quick
@given(strategies.tensors(tg.float32, domain=(0.0, 1.0)), strategies.tensors(tg.int64, (3,), unique=True))
def test_tensors_stay_inside_their_domain(x: Any, distinct: Any) -> None:
    assert bool(((x.numpy() > 0) & (x.numpy() < 1)).all())
    assert len(set(distinct.tolist())) == 3


@quick
@given(st.data())
def test_dims(data: Any) -> None:
    shape = data.draw(strategies.shapes())
    dim = data.draw(strategies.dims(len(shape), several=True, none=True))
    tg.zeros(shape).sum(dim)


@quick
@given(st.data())
def test_indices_are_as_numpys(data: Any) -> None:
    """A tensor and its array, indexed alike, give the same."""
    shape = data.draw(strategies.shapes(max_dims=3, min_side=0))
    x = tg.arange(float(np.prod(shape))).reshape(shape)
    index = data.draw(strategies.indices(shape))
    parts = index if isinstance(index, tuple) else (index,)
    arrays = tuple(part.numpy() if isinstance(part, tg.Tensor) else part for part in parts)
    np.testing.assert_array_equal(x[index].numpy(), x.numpy()[arrays])


def test_indices_of_every_kind_are_drawn() -> None:
    def has(kind: type) -> Any:
        return lambda index: any(isinstance(part, kind) for part in (index if isinstance(index, tuple) else (index,)))

    for kind in (int, slice, type(...), type(None), tg.Tensor):
        find(strategies.indices((3, 4)), has(kind), settings=quick)
    with pytest.raises(NoSuchExample):
        find(strategies.indices((3, 4), advanced=False), has(tg.Tensor), settings=quick)


def test_dtypes_are_of_the_kinds_asked_for() -> None:
    assert find(strategies.dtypes(), lambda dtype: True, settings=quick) is tg.float32
    assert find(strategies.dtypes("integral"), lambda dtype: True, settings=quick) is tg.int64
    with pytest.raises(NoSuchExample):
        find(strategies.dtypes("floating"), lambda dtype: not dtype.is_floating_point, settings=quick)
    with pytest.raises(ValueError, match="unknown kind 'float', expected some of floating"):
        strategies.dtypes("float")


def test_modules_shrink_to_one_layer() -> None:
    smallest = find(strategies.modules(3, 2), lambda net: True, settings=quick)
    assert str(smallest) == str(tg.nn.Sequential(tg.nn.Linear(3, 2, bias=False)))
    tanh = find(strategies.modules(), lambda net: any(isinstance(m, tg.nn.Tanh) for m in net), settings=quick)
    assert [type(m).__name__ for m in tanh] == ["Linear", "Tanh", "Linear"]
    assert tanh[0].out_features == 1


@settings(max_examples=10, deadline=None, derandomize=True, database=None)
@given(strategies.modules(smooth=True), strategies.tensors(tg.float64, (2, 3)))
def test_drawn_modules_are_differentiable(net: Any, x: Any) -> None:
    assert gradcheck(net.double(), x.requires_grad_())


def test_hypothesis_seeds_the_generator_of_the_package() -> None:
    drawn: list[float] = []

    @quick
    @given(st.integers())
    def run(number: int) -> None:
        drawn.append(tg.rand(1).item())

    tg.manual_seed(3)
    run()
    assert len(set(drawn)) == 1
    after = tg.rand(1).item()
    tg.manual_seed(3)
    assert after == tg.rand(1).item()  # and what was before it goes on


def test_strategies_say_how_to_get_hypothesis(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.startswith("hypothesis"):
            raise ImportError(name)
        return imported(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    for call in (
        strategies.shapes,
        strategies.tensors,
        lambda: strategies.dims(1),
        lambda: strategies.broadcastable_shapes(2),
        lambda: strategies.indices((2,)),
        strategies.dtypes,
        strategies.modules,
    ):
        with pytest.raises(ImportError, match=r'pip install "tinygrad_nn\[test\]"'):
            call()


@pytest.mark.filterwarnings("ignore:`torch.testing.assert_allclose")
def test_assert_allclose_still_works() -> None:
    tg.testing.assert_allclose(tg.ones(2) + 5e-5, np.ones(2))
    with pytest.raises(AssertionError, match="Tensor-likes are not close"):
        tg.testing.assert_allclose(tg.ones(2) + 5e-4, [1.0, 1.0])
    with pytest.warns(FutureWarning, match="deprecated since 1.12"):
        tg.testing.assert_allclose([NAN], [NAN])


# --- make_tensor -------------------------------------------------------------------------------------------------

MADE: list[tuple[tuple[Any, ...], str, dict[str, Any]]] = [
    ((3, 4), "float32", {}), (((3, 4),), "float64", {}), ((5,), "float16", {}), ((20,), "complex64", {}),
    ((3,), "complex128", {"low": 1, "high": 2}), ((7,), "int64", {}), ((7,), "uint8", {}), ((7,), "bool", {}),
    ((7,), "int8", {"low": -200, "high": 200}), ((4,), "float32", {"low": -1, "high": 1, "requires_grad": True}),
    ((3, 4), "float32", {"noncontiguous": True}), ((), "float32", {}), ((2, 0), "int32", {}),
    ((2, 3, 4, 5), "float32", {"memory_format": "channels_last"}), ((50,), "int16", {"exclude_zero": True}),
    ((5,), "float64", {"low": -1e308, "high": 1.5e308}), ((3,), "float32", {"low": 0.5}),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "dtype", "options"), MADE)
def test_make_tensor_draws_what_pytorch_draws(shape: Any, dtype: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for package in (tg, torch):
        package.manual_seed(3)
        given = {k: getattr(package, v) if k == "memory_format" else v for k, v in options.items()}
        found.append(package.testing.make_tensor(*shape, dtype=getattr(package, dtype), device="cpu", **given))
    ours, theirs = found
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=3e-16, atol=0)
    assert ours.dtype is getattr(tg, dtype)
    assert (ours.requires_grad, ours.stride()) == (theirs.requires_grad, theirs.stride())


@pytest.mark.parametrize(
    ("dtype", "options"),
    [
        ("int64", {"requires_grad": True}), ("float32", {"low": 2, "high": 1}), ("float32", {"low": NAN}),
        ("uint8", {"low": 300, "high": 400}), ("int32", {"low": 1, "high": 1}),
        ("float32", {"noncontiguous": True, "memory_format": "contiguous_format"}),
    ],
)  # fmt: skip
def test_make_tensor_refuses_what_pytorch_refuses(dtype: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    texts = []
    for package in (tg, torch):
        given = {k: getattr(package, v) if k == "memory_format" else v for k, v in options.items()}
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the texts are compared below
            package.testing.make_tensor(3, dtype=getattr(package, dtype), device="cpu", **given)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


# --- check_op ----------------------------------------------------------------------------------------------------


def test_check_op_on_a_function_of_tensors() -> None:
    check_op(lambda x, y: (x * y).sum(), cases=[case((2, 3), (3,)), case((), ())])
    check_op(lambda x, *, power: x * x * power, cases=[case((2,), power=3.0)], reference=lambda x, power: x * x * power)
    check_op(lambda x: (x + x, x * x))


def test_check_op_finds_a_detached_part() -> None:
    with pytest.raises(AssertionError, match=r"check 'gradient' failed(?s:.*)worst at index"):
        check_op(lambda x: x * x.detach())


def test_check_op_compares_with_a_reference() -> None:
    with pytest.raises(AssertionError, match=r"check 'reference' failed(?s:.*)op .*, reference "):
        check_op(tg.mul, reference=lambda x, y: x * y * 1.001, checks=[])
    check_op(tg.mul, reference=np.multiply)


def test_check_op_compares_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    check_op(tg.mul, torch_reference=torch.mul)
    with pytest.raises(AssertionError, match=r"check 'torch' failed"):
        check_op(tg.mul, torch_reference=lambda x, y: x * y.detach() + y.detach() * 0, checks=[])


def test_check_op_knows_its_checks() -> None:
    with pytest.raises(ValueError, match="there is no check 'gradiant'"):
        check_op(tg.mul, checks=["gradiant"])


# --- gradcheck ---------------------------------------------------------------------------------------------------


def vector(*values: float) -> Any:
    """A float64 leaf."""
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def half_detached(x: Any) -> Any:
    """x squared, with half the gradient."""
    return x * x.detach()


@pytest.mark.parametrize("fast_mode", [False, True])
def test_gradcheck(fast_mode: bool) -> None:
    x, y = vector(1.0, 2.0), vector(3.0)
    assert gradcheck(lambda x, y: (x * y, (x * x).sum()), (x, y), fast_mode=fast_mode)
    assert gradgradcheck(lambda x, y: (x * y, (x * x).sum()), (x, y), fast_mode=fast_mode)
    assert gradgradcheck(lambda x: x * x * x, x, gen_non_contig_grad_outputs=True, fast_mode=fast_mode)
    assert gradcheck(half_detached, x, raise_exception=False, fast_mode=fast_mode) is False
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"):
        gradcheck(half_detached, x, fast_mode=fast_mode)


def test_gradcheck_reports_the_worst_element() -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x: half_detached(x).sum(), vector(1.0, 5.0))
    text = str(caught.value)
    assert "Worst: d output[0][] / d input[0][1]: analytical 5, numerical 10" in text
    assert "absolute difference 5, relative 0.5 (allowed: 1e-05 + 0.001 * |numerical|)" in text


def test_gradcheck_takes_other_arguments_and_closures() -> None:
    x, weight = vector(1.0, 2.0), vector(3.0, 4.0)
    assert gradcheck(lambda x, factor, name: x * factor, (x, 3.0, "name"))
    assert gradcheck(lambda *_: x.detach() * weight, (weight,))


def test_gradcheck_wants_something_to_check() -> None:
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(lambda x: x, tg.ones(2))
    with pytest.raises(RuntimeError, match="The 0th input has a dimension with stride 0"):
        gradcheck(lambda x: x * 1, tg.ones((), dtype=tg.float64, requires_grad=True).expand(3))
    with pytest.raises(AssertionError, match="check_batched_forward_grad"):
        gradcheck(lambda x: x, vector(1.0), check_batched_forward_grad=True)


def test_gradcheck_warns_of_float32() -> None:
    with pytest.warns(UserWarning, match=r"Input #0 requires gradient and is not a double precision"):
        assert gradcheck(lambda x: x * 2, tg.ones(2, requires_grad=True), eps=1e-2, atol=1e-2, rtol=1e-2)


def test_gradcheck_finds_a_cut_graph() -> None:
    with pytest.raises(GradcheckError, match=r"Numerical gradient for function expected to be zero.*output 1"):
        gradcheck(lambda x: (x * 2, x.detach() * 3), vector(1.0))


def test_gradcheck_finds_what_is_not_repeatable_or_not_linear() -> None:
    class Noisy(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2 + g * (float(np.random.default_rng().random()) * 1e-7)

    class Shifted(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2 + 1e-7

    with pytest.raises(GradcheckError, match="Backward is not reentrant"):
        gradcheck(Noisy.apply, vector(1.0, 2.0))
    assert gradcheck(Noisy.apply, vector(1.0, 2.0), nondet_tol=1e-6)
    with pytest.raises(GradcheckError, match="backward not multiplied by grad_output"):
        gradcheck(Shifted.apply, vector(1.0, 2.0))
    assert gradcheck(Shifted.apply, vector(1.0, 2.0), check_undefined_grad=False)


def test_gradgradcheck_finds_a_wrong_second_derivative() -> None:
    class Once(tg.autograd.Function):
        """Right to first order only: its backward uses a constant."""

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * x.detach() * 2

    x = vector(1.0, 2.0)
    assert gradcheck(Once.apply, x)
    with pytest.raises(GradcheckError, match="output 0 with respect to input 0"):
        gradgradcheck(Once.apply, x)


def test_gradcheck_leaves_its_inputs_as_they_were() -> None:
    array = np.array([1.0, 2.0])
    array.flags.writeable = False
    x = tg.from_numpy(array.copy()).requires_grad_()
    x._array.flags.writeable = False
    before = x._array
    gradcheck(lambda x: x * x, x)
    assert x._array is before
    assert x.grad is None
    assert x.tolist() == [1.0, 2.0]
