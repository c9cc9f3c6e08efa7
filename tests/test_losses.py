"""Losses, softmax, linear, embedding and dropout beyond what their registration tests."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
import tinygrad_nn.nn.functional as F  # noqa: N812 - the name under which it is known

INF, NAN = float("inf"), float("nan")
SCORES = [[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]]


def scores(**options: Any) -> Any:
    return tg.tensor(SCORES, requires_grad=True, **options)


# --- cross entropy: what PyTorch says ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "kind", "text"),
    [
        (tg.tensor([0.0, 2.0]), RuntimeError, r"to be Long or Byte, but got Float.*target\.long\(\)"),
        (tg.tensor([0, 2], dtype=tg.int32), RuntimeError, "to be Long or Byte, but got Int"),
        (tg.tensor([[0], [2]]), RuntimeError, r"multi-target not supported.*target\.squeeze\(1\)"),
        (tg.tensor([[1, 0, 0], [0, 0, 1]]), RuntimeError, r"Expected floating point type.*got Long.*argmax\(1\)"),
        (tg.tensor([0, 1, 2]), ValueError, r"Expected input batch_size \(2\) to match target batch_size \(3\)"),
        (tg.tensor(1), ValueError, r"Expected input batch_size \(2\) to match target batch_size \(0\)"),
        (tg.tensor([1, 3]), IndexError, r"Target 3 is out of bounds\. It stands in row 1.*0 to 2.*use target - 1"),
        (tg.tensor([0, -1]), IndexError, "Target -1 is out of bounds"),
        (tg.tensor([0, 3]), IndexError, r"row 1, and classes go from 0 to 2\.$"),
        ([0, 1], TypeError, r"argument 'target' \(position 2\) must be Tensor, not list"),
    ],
)
def test_targets_that_do_not_fit(target: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        F.cross_entropy(scores(), target)


def test_shapes_with_positions_that_do_not_fit() -> None:
    with pytest.raises(RuntimeError, match=r"Expected target size \[2, 4\], got \[2, 3\]"):
        F.cross_entropy(tg.ones(2, 3, 4), tg.zeros(2, 3, dtype=tg.int64))
    with pytest.raises(RuntimeError, match=r"size mismatch \(got input: \[2, 3, 4, 5\] , target: \[2, 4, 4\]"):
        F.cross_entropy(tg.ones(2, 3, 4, 5), tg.zeros(2, 4, 4, dtype=tg.int64))
    with pytest.raises(ValueError, match="Expected 1 or more dimensions"):
        F.nll_loss(tg.tensor(1.0), tg.tensor(0))


def test_options_that_do_not_fit() -> None:
    x, t = scores(), tg.tensor([0, 2])
    with pytest.raises(RuntimeError, match="either for all 3 classes or no classes"):
        F.cross_entropy(x, t, weight=tg.ones(4))
    with pytest.raises(RuntimeError, match="expected scalar type Float but found Double"):
        F.cross_entropy(x, t, weight=tg.ones(3, dtype=tg.float64))
    with pytest.raises(RuntimeError, match="label_smoothing must be between"):
        F.cross_entropy(x, t, label_smoothing=2.0)
    with pytest.raises(RuntimeError, match="ignore_index is not supported for floating point target"):
        F.cross_entropy(x, tg.ones(2, 3) / 3, ignore_index=1)
    with pytest.raises(ValueError, match="foo is not a valid value for reduction"):
        F.cross_entropy(x, t, reduction="foo")


def test_the_older_reduction_arguments() -> None:
    x, t = scores(), tg.tensor([0, 2])
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        total = F.cross_entropy(x, t, size_average=False)
    assert total.item() == pytest.approx(F.cross_entropy(x, t, reduction="sum").item())
    with pytest.warns(UserWarning, match="reduction='none'"):
        assert F.mse_loss(x, x, reduce=False).shape == (2, 3)


# --- cross entropy: values ---------------------------------------------------------------------------------------


def test_only_ignored_rows_give_nan_and_no_gradient() -> None:
    x = scores()
    loss = F.cross_entropy(x, tg.tensor([-100, -100]))
    assert np.isnan(loss.item())
    loss.backward()
    assert x.grad.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert F.cross_entropy(x, tg.tensor([-100, -100]), reduction="sum").item() == 0


def test_an_ignored_row_may_hold_anything() -> None:
    x = tg.tensor([[-INF, 0.0], [0.0, 0.0]], requires_grad=True)
    for reduction in ("mean", "sum"):
        assert F.cross_entropy(x, tg.tensor([-100, 1]), reduction=reduction).item() == pytest.approx(np.log(2))
    assert F.cross_entropy(x, tg.tensor([0, 1]), reduction="none").tolist() == [INF, pytest.approx(np.log(2))]


def test_a_byte_target_and_an_unbatched_one() -> None:
    x = scores()
    assert F.cross_entropy(x, tg.tensor([0, 2], dtype=tg.uint8)).item() == pytest.approx(1.4076, abs=1e-4)
    assert F.cross_entropy(x[0], tg.tensor(1)).item() == pytest.approx(1.4076, abs=1e-4)
    assert F.cross_entropy(x[0], tg.tensor([1]), reduction="none").shape == ()
    half = F.cross_entropy(x.half(), tg.tensor([0, 2]))
    assert half.dtype is tg.float16
    assert half.item() == pytest.approx(1.4082, abs=2e-3)


def test_large_scores_neither_overflow_nor_lose_digits() -> None:
    x = tg.tensor([[1000.0, 1001.0], [-1000.0, -1001.0]], requires_grad=True)
    losses = F.cross_entropy(x, tg.tensor([1, 1]), reduction="none")
    assert losses.tolist() == pytest.approx([0.31326, 1.31326], abs=1e-4)
    losses.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_scores_in_column_order_get_the_same_gradient() -> None:
    array = np.random.default_rng(0).standard_normal((40, 7))
    t = tg.tensor(np.arange(40) % 7)
    grads = []
    for source in (array.copy(), np.asfortranarray(array)):
        x = tg.from_numpy(source).requires_grad_()
        F.cross_entropy(x, t).backward()
        grads.append(x.grad.numpy())
    np.testing.assert_allclose(*grads, rtol=1e-13)


def test_writing_to_the_target_before_backward_is_noticed() -> None:
    x, t = scores(), tg.tensor([0, 2])
    loss = F.cross_entropy(x, t)
    t += 0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


# --- losses of numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss])
def test_the_classic_broadcast_is_warned_of(loss: Any) -> None:
    with pytest.warns(UserWarning, match=r"Using a target size .*\[3\].* different to the input size .*\[3, 1\]"):
        assert loss(tg.ones(3, 1), tg.zeros(3), reduction="none").shape == (3, 3)
    with (
        pytest.warns(UserWarning, match="Using a target size"),
        pytest.raises(RuntimeError, match=r"tensor a \(3\) must match the size of tensor b \(4\) at non-singleton"),
    ):
        loss(tg.ones(3), tg.ones(4))
    with pytest.raises(RuntimeError, match=r"not implemented for 'Long'|mean\(\): .* Got: Long"):
        loss(tg.tensor([1]), tg.tensor([2]))
    assert loss(tg.ones(3), tg.zeros(3, dtype=tg.int64)).dtype is tg.float32


def test_weighted_means_are_divided_by_the_weights_except_hubers() -> None:
    x, y, w = tg.tensor([1.0, 2.0]), tg.zeros(2), tg.tensor([1.0, 3.0])
    assert F.mse_loss(x, y, weight=w).item() == 13 / 4
    assert F.l1_loss(x, y, weight=w).item() == 7 / 4
    assert F.huber_loss(x, y, weight=w).item() == 5 / 2
    assert F.mse_loss(x, y, weight=w, reduction="none").tolist() == [1, 12]
    with pytest.raises(ValueError, match="Weights and input must have the same size"):
        F.mse_loss(x, y, weight=tg.ones(1))


def test_bends_of_the_bent_losses() -> None:
    x = tg.tensor([1.0, -1.0, 0.0, 3.0], requires_grad=True)
    F.smooth_l1_loss(x, tg.zeros(4), reduction="sum").backward()
    assert x.grad.tolist() == [1, -1, 0, 1]
    assert F.smooth_l1_loss(x, tg.zeros(4), beta=0, reduction="none").tolist() == [1, 1, 0, 3]
    with pytest.raises(RuntimeError, match="negative values for beta"):
        F.smooth_l1_loss(x, x, beta=-1)
    with pytest.raises(RuntimeError, match="non-positive values for delta"):
        F.huber_loss(x, x, delta=0)


def test_probabilities_are_held_to_their_range() -> None:
    for value in (1.5, -0.1, NAN):
        with pytest.raises(RuntimeError, match=r"all elements of input should be between 0 and 1.*with_logits"):
            F.binary_cross_entropy(tg.tensor([value]), tg.tensor([1.0]))
    with pytest.raises(RuntimeError, match="all elements of target"):
        F.binary_cross_entropy(tg.tensor([0.5]), tg.tensor([2.0]))
    with pytest.raises(RuntimeError, match="Found dtype Long but expected Float"):
        F.binary_cross_entropy(tg.tensor([0.5]), tg.tensor([1]))
    with pytest.raises(ValueError, match="Using a target size"):
        F.binary_cross_entropy(tg.ones(3, 1), tg.ones(3))
    with pytest.raises(ValueError, match=r"Target size .* must be the same as input size"):
        F.binary_cross_entropy_with_logits(tg.ones(3, 1), tg.ones(3))
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Long"):
        F.binary_cross_entropy_with_logits(tg.ones(3), tg.ones(3).long())
    x = tg.tensor([0.0, 1.0, 0.0, 1.0])
    assert F.binary_cross_entropy(x, tg.tensor([0.0, 1.0, 1.0, 0.0]), reduction="none").tolist() == [0, 0, 100, 100]


def test_logits_of_any_size() -> None:
    x = tg.tensor([100.0, -100.0, 1e4], requires_grad=True)
    losses = F.binary_cross_entropy_with_logits(x, tg.tensor([0.0, 1.0, 1.0]), reduction="none")
    assert losses.tolist() == [100, 100, 0]
    losses.sum().backward()
    assert x.grad.tolist() == [1, -1, 0]


def test_divergence_of_means_warns() -> None:
    x = tg.tensor([[0.25, 0.75]])
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        F.kl_div(x.log(), x)
    assert F.kl_div(x.log(), x.log(), reduction="batchmean", log_target=True).item() == 0
    assert F.kl_div(x.log(), tg.tensor([[0.0, 1.0]]), reduction="sum").item() == pytest.approx(-np.log(0.75))


# --- softmax -----------------------------------------------------------------------------------------------------


def test_log_softmax_beside_large_scores() -> None:
    scores = np.float32([[900.0, 899.5], [0.25, 0.5]])
    expected = scores.astype(np.float64) - scores.max(1, keepdims=True)
    expected -= np.log(np.exp(expected).sum(1, keepdims=True))
    np.testing.assert_allclose(tg.tensor(scores).log_softmax(1).numpy(), expected, rtol=1e-6)


def test_softmax_at_the_edges() -> None:
    assert np.isnan(tg.tensor([-INF, -INF]).softmax(0).numpy()).all()
    assert tg.tensor([-INF, 1.0]).log_softmax(0).tolist() == [-INF, 0]
    assert F.softmin(tg.tensor([0.0, 1000.0]), dim=0).tolist() == [1, 0]
    assert tg.tensor(2.0).softmax(0).item() == 1
    assert tg.tensor([1, 2]).softmax(0, dtype=tg.float64).dtype is tg.float64
    assert tg.softmax(tg.ones(2), 0, tg.float64).dtype is tg.float64
    with pytest.raises(NotImplementedError, match="not implemented for 'Long'"):
        tg.tensor([1, 2]).softmax(0)
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax"):
        assert F.softmax(tg.ones(2, 4))[0, 0].item() == 0.25


# The largest go in several blocks of rows.
@pytest.mark.parametrize("shape", [(300, 3), (50, 40), (7, 200), (4, 5, 6), (3,), (90, 3000), (40_000, 8)])
@pytest.mark.parametrize("size", [1.0, 100.0])
def test_softmax_of_small_and_large_scores(shape: tuple[int, ...], size: float) -> None:
    array = np.random.default_rng(0).standard_normal(shape) * size
    powers = np.exp(array - array.max(-1, keepdims=True))
    expected = powers / powers.sum(-1, keepdims=True)
    x = tg.from_numpy(array)
    np.testing.assert_allclose(x.softmax(-1).numpy(), expected, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(x.log_softmax(-1).exp().numpy(), expected, rtol=1e-11, atol=1e-300)


# --- linear and matmul -------------------------------------------------------------------------------------------


def test_linear_says_what_does_not_fit() -> None:
    with pytest.raises(RuntimeError, match=r"cannot be multiplied \(3x5 and 6x2\).*takes 6 features.*has 5"):
        F.linear(tg.ones(3, 5), tg.ones(2, 6))
    with pytest.raises(RuntimeError, match=r"Flatten it first: x\.flatten\(1\)"):
        F.linear(tg.ones(3, 2, 3), tg.ones(2, 6))
    with pytest.raises(
        RuntimeError, match=r"but got Double and Float \(input is Double .*Convert input: input\.float\(\)"
    ):
        F.linear(tg.ones(3, 6, dtype=tg.float64), tg.ones(2, 6))
    with pytest.raises(RuntimeError, match=r"bias is Double"):
        F.linear(tg.ones(3, 6), tg.ones(2, 6), tg.ones(2, dtype=tg.float64))
    with pytest.raises(RuntimeError, match=r"expanded size of the tensor \(2\) must match the existing size \(3\)"):
        F.linear(tg.ones(4, 6), tg.ones(2, 6), tg.ones(3))


def test_linear_of_any_leading_dimensions() -> None:
    w, b = tg.ones(2, 3), tg.tensor([0.0, 1.0])
    for shape in ((3,), (4, 3), (5, 4, 3), (0, 3)):
        assert F.linear(tg.ones(*shape), w, b).shape == (*shape[:-1], 2)
    assert F.linear(tg.ones(4, 3), w[0]).shape == (4,)
    assert F.linear(tg.ones(3), w, None).tolist() == [3, 3]


def test_products_of_arrays_and_tensors() -> None:
    a = np.arange(6.0).reshape(2, 3)
    x = tg.from_numpy(a)
    for product in (x @ a.T, a @ x.T, np.matmul(x, a.T), np.dot(a, x.T), x.mm(x.t()), tg.inner(x, x)):
        assert isinstance(product, tg.Tensor)
        np.testing.assert_array_equal(product.numpy(), a @ a.T)
    for wrong in (3, [1.0, 2.0, 3.0], None):
        with pytest.raises(TypeError, match="unsupported operand"):
            x @ wrong
    with pytest.raises(RuntimeError, match=r"cannot be multiplied \(2x3 and 2x3\).*other\.T"):
        x @ x
    with pytest.raises(RuntimeError, match="expected m1 and m2 to have the same dtype, but got: double != float"):
        x @ x.float().T


def test_addmm_ignores_its_input_with_beta_zero() -> None:
    product = tg.addmm(tg.full((2,), NAN), tg.ones(3, 4), tg.ones(4, 2), beta=0, alpha=2)
    assert product.tolist() == [[8, 8]] * 3


# --- embedding ---------------------------------------------------------------------------------------------------


def test_embedding_says_which_index_is_wrong() -> None:
    weight = tg.ones(5, 3)
    with pytest.raises(IndexError, match=r"index out of range in self: 5 at position \[1, 0\].*num_embeddings is 5"):
        F.embedding(tg.tensor([[0, 4], [5, 1]]), weight)
    with pytest.raises(RuntimeError, match="scalar types: Long, Int; but got Float"):
        F.embedding(tg.tensor([0.0]), weight)
    with pytest.raises(RuntimeError, match=r"'weight' must be 2-D.*\(input, weight\)"):
        F.embedding(weight, tg.tensor([0]))
    with pytest.raises(AssertionError, match="Padding_idx must be within num_embeddings"):
        F.embedding(tg.tensor([0]), weight, padding_idx=5)


@pytest.mark.parametrize("rows", [4, 1000])  # few rows are added up by a product, many by index
def test_gradients_of_rows_used_often(rows: int) -> None:
    weight = tg.ones(rows, 2, requires_grad=True)
    F.embedding(tg.tensor([[1, 3], [1, 0]]), weight).sum().backward()
    assert weight.grad[:4].tolist() == [[1, 1], [2, 2], [0, 0], [1, 1]]
    weight.grad = None
    F.embedding(tg.tensor([1, 3, 1, 0]), weight, padding_idx=-rows, scale_grad_by_freq=True).sum().backward()
    assert weight.grad[:4].tolist() == [[0, 0], [1, 1], [0, 0], [1, 1]]


def test_rows_in_use_are_shrunk_to_max_norm() -> None:
    weight = tg.tensor([[3.0, 4.0], [6.0, 8.0], [0.3, 0.4]], requires_grad=True)
    F.embedding(tg.tensor([0, 0, 2]), weight, max_norm=1.0)
    assert weight.detach().norm(dim=1).tolist() == pytest.approx([1, 10, 0.5])


def test_one_hot() -> None:
    assert F.one_hot(tg.tensor([[0, 2]])).tolist() == [[[1, 0, 0], [0, 0, 1]]]
    assert F.one_hot(tg.tensor(1), 3).tolist() == [0, 1, 0]
    assert F.one_hot(tg.zeros(0, dtype=tg.int64), 3).shape == (0, 3)
    for data, classes, text in (([0, 2], 2, "smaller than num_classes"), ([-1], -1, "must be non-negative"),
                                ([], -1, "Can not infer total number")):  # fmt: skip
        with pytest.raises(RuntimeError, match=text):
            F.one_hot(tg.tensor(data, dtype=tg.int64), classes)
    with pytest.raises(RuntimeError, match="LongTensor"):
        F.one_hot(tg.tensor([1.0]))


# --- dropout -----------------------------------------------------------------------------------------------------


def test_dropout_gives_pytorchs_numbers() -> None:
    tg.manual_seed(0)
    assert F.dropout(tg.ones(5), 0.3).tolist() == [0, 0, 1.4285714626312256, 0, 1.4285714626312256]


def test_dropout_that_does_nothing_draws_nothing() -> None:
    tg.manual_seed(0)
    x = tg.ones(3)
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, 0.0) is x
    assert F.dropout(x, 1.0).tolist() == [0, 0, 0]
    assert tg.rand(1).item() == pytest.approx(0.49625659)


def test_dropout_in_place_and_its_errors() -> None:
    leaf = tg.ones(4, requires_grad=True)
    x = leaf * 1
    assert F.dropout(x, 1.0, inplace=True) is x
    x.sum().backward()
    assert leaf.grad.tolist() == [0] * 4
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match=f"dropout probability has to be between 0 and 1, but got {p}"):
            F.dropout(x, p)
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Long"):
        F.dropout(tg.tensor([1, 2]))


# --- beside PyTorch ----------------------------------------------------------------------------------------------

OPTIONS: list[dict[str, Any]] = [
    {}, {"weight": [0.5, 2.0, 1.0]}, {"label_smoothing": 0.1}, {"weight": [0.5, 2.0, 1.0], "label_smoothing": 0.3},
    {"ignore_index": 1}, {"ignore_index": 1, "label_smoothing": 0.2, "weight": [0.5, 2.0, 1.0]},
    {"label_smoothing": 1.0},
]  # fmt: skip


def gradients(loss: Any, *leaves: Any, grad: Any) -> list[np.ndarray[Any, Any]]:
    """The loss, its gradients, and the gradients of their squares' sum."""
    first = grad(loss.sum(), leaves, create_graph=True)
    total = sum((g * g).sum() for g in first)
    second = grad(total, leaves)
    return [loss.detach().numpy(), *(g.detach().numpy() for g in (*first, *second))]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 3, 4), (2, 3, 2, 2)])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_cross_entropy_as_pytorch(options: dict[str, Any], shape: tuple[int, ...], reduction: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    target = np.asarray(rng.integers(0, 3, shape[:1] + shape[2:] if len(shape) > 1 else ()))
    if target.ndim == 0:
        target[...] = 2
    results = []
    for library, convert, grad in (
        (torch.nn.functional, torch.from_numpy, torch.autograd.grad),
        (F, tg.from_numpy, tg.autograd.grad),
    ):
        given = {k: convert(np.array(v)) if isinstance(v, list) else v for k, v in options.items()}
        leaf = convert(x.copy()).requires_grad_()
        loss = library.cross_entropy(leaf, convert(target.copy()), reduction=reduction, **given)
        results.append(gradients(loss, leaf, grad=grad))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none", "batchmean"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mse_loss", {}), ("mse_loss", {"weight": 1}), ("smooth_l1_loss", {"beta": 0.5}),
        ("huber_loss", {"delta": 0.5}), ("huber_loss", {"weight": 1}),
        ("binary_cross_entropy", {}), ("binary_cross_entropy", {"weight": 1}),
        ("binary_cross_entropy_with_logits", {}), ("binary_cross_entropy_with_logits", {"pos_weight": 1}),
        ("binary_cross_entropy_with_logits", {"pos_weight": 1, "weight": 1}), ("kl_div", {}),
        ("kl_div", {"log_target": True}), ("cross_entropy", {}),
        ("cross_entropy", {"weight": 0, "label_smoothing": 0.2}),
    ],
    ids=str,
)  # fmt: skip
def test_both_gradients_as_pytorch(name: str, options: dict[str, Any], reduction: str) -> None:
    torch = pytest.importorskip("torch")
    if reduction == "batchmean" and name != "kl_div":
        reduction = "mean"
    rng = np.random.default_rng(0)
    x, y, w = (rng.uniform(0.1, 0.9, (4, 3)) for _ in range(3))
    results = []
    for library, convert, grad in (
        (torch.nn.functional, torch.from_numpy, torch.autograd.grad),
        (F, tg.from_numpy, tg.autograd.grad),
    ):
        given = {k: convert((w if v else w[0]).copy()) if "weight" in k else v for k, v in options.items()}
        leaves = convert(x.copy()).requires_grad_(), convert(y.copy()).requires_grad_()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loss = getattr(library, name)(*leaves, reduction=reduction, **given)
        results.append(gradients(loss, *leaves, grad=grad))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_the_package_wants_a_dimension(name: str) -> None:
    x = tg.zeros(2, 3)
    for call in (getattr(tg, name), getattr(tg.Tensor, name)):
        with pytest.raises(TypeError, match="dim"):
            call(x)
        with pytest.raises(TypeError, match="argument 'dim' must be int, not NoneType"):
            call(x, None)
        assert call(x, 1, tg.float64).dtype == tg.float64
    out = tg.empty(2, 3)
    assert getattr(tg, name)(x, 1, out=out) is out
    assert tg.equal(out, getattr(tg.nn.functional, name)(x, 1))


def test_cross_entropy_loses_no_digits_far_from_0() -> None:
    near = tg.tensor([[0.0, -0.5, -1.0], [2.0, 0.25, 0.0]], requires_grad=True)
    far = (near.detach() - 4096).requires_grad_()
    losses = [F.cross_entropy(x, tg.tensor([1, 0])) for x in (near, far)]
    assert abs(losses[0].item() - losses[1].item()) < 2e-7
    for loss in losses:
        loss.backward()
    np.testing.assert_allclose(far.grad.numpy(), near.grad.numpy(), atol=1e-7)
