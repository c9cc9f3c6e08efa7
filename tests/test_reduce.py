"""Reductions beyond what their registration tests: forms, spellings, named results and error texts."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg


def tensor(data: Any, **options: Any) -> Any:
    return tg.tensor(data, **options)


def gradient(function: Any, data: Any) -> list[Any]:
    x = tensor(data, requires_grad=True)
    function(x).sum().backward()
    return x.grad.tolist()


# --- sums --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [tg.bool, tg.uint8, tg.int32, tg.int64])
@pytest.mark.parametrize("name", ["sum", "prod", "nansum"])
def test_integers_are_added_up_as_int64(name: str, source: Any) -> None:
    result = getattr(tensor([1, 1, 1]).to(source), name)()
    assert result.dtype is tg.int64
    assert result.item() == (1 if name == "prod" else 3)


def test_dtype_is_the_type_of_the_sum_and_of_its_result() -> None:
    assert tensor([200, 100], dtype=tg.uint8).sum(dtype=tg.int32).dtype is tg.int32
    x = tensor([1.5, 2.5], requires_grad=True)
    total = x.sum(dtype=tg.float64)
    assert total.dtype is tg.float64
    total.backward()
    assert x.grad.dtype is tg.float32
    assert tensor([1, 2]).mean(dtype=tg.float32).item() == 1.5


def test_no_dimensions_means_all_of_them() -> None:
    x = tensor([[1.0, 2.0], [3.0, 4.0]])
    for dim in (None, (), [], (0, 1), [0, -1]):
        assert x.sum(dim).item() == 10
        assert x.mean(dim).item() == 2.5
        assert x.amax(dim if dim is not None else ()).item() == 4


def test_sums_of_matrices_by_blas_are_numpys() -> None:
    array = np.random.default_rng(0).standard_normal((300, 70)).astype(np.float32)
    large = np.random.default_rng(1).standard_normal(70_001).astype(np.float32)
    x = tg.from_numpy(array)
    np.testing.assert_allclose(x.sum(0).numpy(), array.sum(0, dtype=float), atol=1e-4)
    np.testing.assert_allclose(x.sum(-1).numpy(), array.sum(1, dtype=float), atol=1e-4)
    np.testing.assert_allclose(x.T.sum(1, keepdim=True).numpy()[:, 0], array.sum(0, dtype=float), atol=1e-4)
    np.testing.assert_allclose(tg.from_numpy(large).sum().item(), large.sum(dtype=float), rtol=1e-4, atol=1e-2)
    array[3, 4] = np.inf
    assert x.sum(0)[4].item() == np.inf
    assert np.isfinite(x.sum(0).numpy()).sum() == 69


def test_float16_means_do_not_overflow() -> None:
    x = tg.full((3000,), 100.0, dtype=tg.float16)
    assert x.mean().item() == 100
    assert x.var().item() == 0
    assert abs(x[:1000].norm().item() - 3162) < 2


def test_mean_of_integers_is_refused_with_the_fix() -> None:
    with pytest.raises(RuntimeError, match=r"Input dtype must be either.*Got: Long.*x\.float\(\)\.mean\(\)"):
        tensor([1, 2]).mean()


# --- dimensions that do not fit ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "amax", "argmax", "any", "std", "norm", "logsumexp", "cumsum"])
def test_a_dimension_out_of_range(name: str) -> None:
    x = tg.ones(2, 3)
    with pytest.raises(IndexError, match=r"expected to be in range of \[-2, 1\], but got 2"):
        getattr(x, name)(dim=2)


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "all", "logsumexp", "count_nonzero"])
def test_a_dimension_named_twice(name: str) -> None:
    with pytest.raises(RuntimeError, match="dim 0 appears multiple times in the list of dims"):
        getattr(tg.ones(2, 3), name)(dim=(0, -2))


def test_several_dimensions_where_one_is_meant() -> None:
    x = tg.ones(2, 3)
    for name in ("argmax", "prod", "max", "min"):
        with pytest.raises(TypeError, match=r"'dim'.* must be int"):
            getattr(x, name)(dim=(0, 1))


# --- max and min -------------------------------------------------------------------------------------------------


def test_the_three_forms_of_max() -> None:
    x = tensor([[1.0, 5.0], [7.0, 2.0]])
    assert x.max().item() == 7
    values, indices = x.max(dim=1)
    assert values.tolist() == [5, 7]
    assert indices.tolist() == [1, 0]
    assert x.max(1, True).values.shape == (2, 1)
    assert x.max(axis=0).indices.tolist() == [1, 0]
    assert x.max(-x).tolist() == [[1, 5], [7, 2]]
    assert tg.max(x, other=-x).tolist() == [[1, 5], [7, 2]]
    assert tg.min(x, -x).tolist() == [[-1, -5], [-7, -2]]
    low, high = tg.aminmax(x, dim=0)
    assert (low.tolist(), high.tolist()) == ([1, 2], [7, 5])


def test_named_results_print_their_names() -> None:
    shown = repr(tensor([[1.0, 5.0]]).max(dim=1))
    assert shown == "torch.return_types.max(\nvalues=tensor([5.]),\nindices=tensor([1]))"


def test_ties_share_or_follow_the_index() -> None:
    tie = [2.0, 2.0, 1.0]
    assert gradient(lambda x: x.max(), tie) == [0.5, 0.5, 0]
    assert gradient(lambda x: x.amax(), tie) == [0.5, 0.5, 0]
    assert gradient(lambda x: x.max(dim=0).values, tie) == [1, 0, 0]
    assert gradient(lambda x: x.min(), [1.0, 3.0, 1.0]) == [0.5, 0, 0.5]


def test_nan_is_the_largest_and_the_smallest() -> None:
    data = [1.0, float("nan"), float("nan")]
    assert gradient(lambda x: x.max(), data) == [0, 0.5, 0.5]
    assert gradient(lambda x: x.min(), data) == [0, 0.5, 0.5]
    assert tensor(data).argmax().item() == 1
    assert np.isnan(gradient(lambda x: x.amax(), data)).all()


def test_an_extreme_of_nothing_is_refused() -> None:
    empty = tg.ones(0, 3)
    for name in ("max", "amin"):
        with pytest.raises(RuntimeError, match="Specify the reduction dim with the 'dim' argument"):
            getattr(empty, name)()
        with pytest.raises(IndexError, match="Expected reduction dim 0 to have non-zero size"):
            getattr(empty, name)(dim=0)
    with pytest.raises(IndexError, match="Expected reduction dim to be specified"):
        empty.argmax()
    assert empty.max(dim=1).values.shape == (0,)
    assert empty.argmin(dim=1).dtype is tg.int64


def test_the_second_derivative_of_max_along_a_dimension() -> None:
    x = tensor([[1.0, 3.0], [4.0, 2.0]], requires_grad=True)
    (first,) = tg.autograd.grad((x.max(dim=1).values ** 3).sum(), x, create_graph=True)
    (second,) = tg.autograd.grad(first.sum(), x)
    assert second.tolist() == [[0, 18], [24, 0]]


# --- variance ----------------------------------------------------------------------------------------------------


def test_the_spellings_of_variance() -> None:
    x = tensor([[1.0, 2.0], [3.0, 6.0]])
    assert x.var(0).tolist() == [2, 8]
    for same in (
        x.var(0, False),
        x.var(0, unbiased=False),
        x.var(0, correction=0),
        x.var(axis=0, ddof=0),
        np.var(x, 0),
    ):
        assert same.tolist() == [1, 4]
    assert x.var(False).item() == x.var(correction=0).item() == np.var(x).item() == 3.5
    assert x.var(0, True, True).shape == (1, 2)
    assert np.var(x, axis=0, ddof=1).tolist() == [2, 8]
    assert np.std(x, axis=1, keepdims=True).tolist() == [[0.5], [1.5]]
    assert [t.tolist() for t in tg.var_mean(x, 0, correction=0)] == [[1, 4], [2, 4]]
    assert [t.tolist() for t in tg.std_mean(x, (0, 1), correction=0, keepdim=True)][1] == [[3]]
    with pytest.raises(TypeError, match="either unbiased= or correction="):
        x.var(0, unbiased=True, correction=1)


def test_too_few_elements_for_a_variance() -> None:
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        assert np.isnan(tensor([1.0]).var().item())
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        assert tensor([1.0, 2.0]).var(correction=3).item() == np.inf


def test_constant_data_has_a_deviation_without_slope() -> None:
    assert gradient(lambda x: x.std(), [2.0, 2.0]) == [0, 0]
    with pytest.raises(RuntimeError, match="only support floating point"):
        tensor([1, 2]).std()


# --- norms -------------------------------------------------------------------------------------------------------


def test_norms_of_every_order() -> None:
    x = tensor([[3.0, -4.0], [0.0, 2.0]])
    root = 29**0.5
    for same in (x.norm(), x.norm(2), x.norm("fro"), x.norm(None), tg.norm(x), np.linalg.norm(x)):
        assert same.item() == pytest.approx(root)
    assert x.norm(1).item() == 9
    assert x.norm(0).item() == 3
    assert x.norm(float("inf"), dim=1).tolist() == [4, 2]
    assert x.norm(-float("inf"), dim=0).tolist() == [0, 2]
    assert x.norm(3, dim=1).tolist() == pytest.approx([91 ** (1 / 3), 2])
    assert x.norm("fro", (0, 1), keepdim=True).shape == (1, 1)
    assert x.norm("nuc").item() == pytest.approx((x.norm().item() ** 2 + 2 * abs(3 * 2)) ** 0.5)
    with pytest.raises(RuntimeError, match="not supported"):
        x.norm("bla")
    with pytest.raises(RuntimeError, match="does not have an identity"):
        tg.ones(0).norm(float("inf"))


@pytest.mark.parametrize("order", [0, 1, 2, 3, 0.5, -1, float("inf"), -float("inf")])
def test_a_norm_of_zero_has_no_slope(order: float) -> None:
    assert gradient(lambda x: x.norm(order), [0.0, 0.0]) == [0, 0]


# --- products and scans ------------------------------------------------------------------------------------------


def test_products_with_zeros_are_exact_to_second_order() -> None:
    assert gradient(lambda x: x.prod(), [0.0, 2.0, 3.0]) == [6, 0, 0]
    assert gradient(lambda x: x.prod(), [0.0, 0.0, 3.0]) == [0, 0, 0]
    assert gradient(lambda x: x.cumprod(0), [2.0, 0.0, 3.0]) == [1, 8, 0]
    x = tensor([0.0, 0.0, 3.0], requires_grad=True)
    (first,) = tg.autograd.grad(x.prod(), x, create_graph=True)
    (second,) = tg.autograd.grad(first[0], x)
    assert second.tolist() == [0, 3, 0]


def test_numpys_scans_flatten_without_an_axis() -> None:
    x = tensor([[1.0, 2.0], [3.0, 4.0]])
    assert np.cumsum(x).tolist() == [1, 3, 6, 10]
    assert np.cumprod(x, axis=1).tolist() == [[1, 2], [3, 12]]
    with pytest.raises(TypeError, match="'dim'"):
        x.cumsum()


def test_running_sums_of_float32_keep_their_digits() -> None:
    x = tg.full((100_000,), 0.1)
    assert x.cumsum(0)[-1].item() == pytest.approx(10_000, rel=1e-6)


# --- truth -------------------------------------------------------------------------------------------------------


def test_truth_of_bytes_is_bytes() -> None:
    x = tensor([[0, 2], [1, 1]], dtype=tg.uint8)
    assert x.any(1).dtype is tg.uint8
    assert x.all().item() == 0
    assert x.long().all(dim=1).tolist() == [False, True]
    assert tensor([0.0, float("nan")]).any().item() is True
    assert x.any(()).tolist() == [[0, 1], [1, 1]]  # of these two alone, () reduces nothing


# --- beside PyTorch ----------------------------------------------------------------------------------------------

CALLS = [
    "x.sum(1)", "x.sum((0, 1))", "x.mean(-1, True)", "x.nansum(0)", "x.nanmean()", "x.prod(1)", "x.amax((0, 1))",
    "x.amin(0, keepdim=True)", "x.max()", "x.max(1).values", "x.min(0, True).values", "x.var(0)", "x.std()",
    "x.std((0, 1), correction=0)", "x.logsumexp(1)", "x.logsumexp((0, 1), True)", "x.norm()", "x.norm(1, 0)",
    "x.norm(3, dim=1, keepdim=True)", "x.cumsum(-1)", "x.cumprod(0)", "x.argmax(1)", "x.argmin(keepdim=True)",
    "x.any(0)", "x.all()", "x.count_nonzero((0, 1))", "x.aminmax(dim=0).max",
]  # fmt: skip


@pytest.mark.parametrize("data", ["plain", "zeros", "nan", "empty"])
@pytest.mark.parametrize("call", CALLS)
def test_as_pytorch(call: str, data: str) -> None:
    torch = pytest.importorskip("torch")
    array = {
        "plain": np.random.default_rng(0).standard_normal((3, 4)),
        "zeros": np.array([[0.0, 0.0, 2.0], [2.0, 2.0, 0.0]]),
        "nan": np.array([[1.0, np.nan], [np.nan, np.nan]]),
        "empty": np.zeros((2, 0)),
    }[data]
    results = []
    for source in (torch.from_numpy(array.copy()), tg.from_numpy(array.copy())):
        x = source.requires_grad_()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                value = eval(call, {"x": x})
            except Exception as error:
                results.append(type(error))
                continue
        if value.requires_grad:
            value.sum().backward()
        slope = None if x.grad is None else x.grad.numpy()
        results.append((value.detach().numpy(), slope, str(value.dtype).rpartition(".")[2]))
    theirs, ours = results
    if isinstance(theirs, type) or isinstance(ours, type):
        assert theirs is ours
        return
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-12)
    assert ours[2] == theirs[2]
    if theirs[1] is not None and "norm(3" not in call:  # where nan is in the norm, PyTorch makes all of it nan
        np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-12, atol=1e-15)
