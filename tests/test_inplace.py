"""Writing in place: through views, with gradients; what is right, and what is refused."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg


def leaf(*shape: int) -> tg.Tensor:
    count = int(np.prod(shape))
    return tg.tensor((np.arange(count) / 7 + 0.3).reshape(shape), requires_grad=True)


def gradient(output: tg.Tensor, *inputs: tg.Tensor) -> list[list[Any]]:
    return [g.tolist() for g in tg.autograd.grad(output, inputs)]


def test_result_takes_the_new_history() -> None:
    x = leaf(3)
    y = x * 2
    y.mul_(y)
    assert y.grad_fn.name() == "MulBackward0"
    np.testing.assert_allclose(gradient(y.sum(), x)[0], (8 * x.detach()).tolist())


def test_write_into_a_view_reaches_the_base() -> None:
    w = leaf(2)
    base = tg.zeros(3, dtype=tg.float64)
    base[:2].copy_(w * 3)
    assert base.requires_grad
    assert gradient((base * base).sum(), w)[0] == pytest.approx((18 * w.detach()).tolist())


def test_write_into_the_base_reaches_its_views() -> None:
    x = leaf(4)
    base = x * 1
    view = base[1:3]
    base.mul_(5)
    assert gradient(view.sum(), x)[0] == [0, 5, 5, 0]


def test_write_into_a_view_reaches_other_views_of_the_base() -> None:
    x = leaf(2, 3)
    base = x * 1
    row, column = base[0], base[:, 1]
    row.mul_(10)
    assert gradient(column.sum(), x)[0] == [[0, 10, 0], [0, 1, 0]]


def test_write_through_a_view_of_a_view() -> None:
    x = leaf(2, 3)
    base = x * 1
    base.T[1][0:1].mul_(7)
    assert gradient(base.sum(), x)[0] == [[1, 7, 1], [1, 1, 1]]


def test_second_derivative_through_a_write() -> None:
    x = leaf(3)
    y = x * x
    y[0] = x[1] ** 3
    (first,) = tg.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = tg.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(second.tolist(), [0, 2 + 6 * x[1].item(), 2])


def test_assignment_broadcasts_and_gives_the_value_its_gradient() -> None:
    x, v = leaf(2, 3), tg.tensor(2.0, dtype=tg.float64, requires_grad=True)
    y = x * 1
    y[:, 1] = v
    assert gradient(y.sum(), x, v) == [[[1, 0, 1], [1, 0, 1]], 2.0]


def test_augmented_assignment_of_elements() -> None:
    x = leaf(3)
    y = x * 1
    y[1] *= 4
    assert gradient(y.sum(), x)[0] == [1, 4, 1]


def test_number_written_to_integers_keeps_the_type() -> None:
    x = tg.zeros(3, dtype=tg.int64)
    x[1] = 2.7
    assert x.tolist() == [0, 2, 0]


REFUSED = {
    "leaf": (lambda x: x.add_(1), "a leaf Variable that requires grad"),
    "leaf by index": (lambda x: x.__setitem__(0, 1.0), "a leaf Variable that requires grad"),
    "view of a leaf": (lambda x: x[0].mul_(2), "a view of a leaf Variable"),
    "several views": (lambda x: (x * 1).unbind()[0].mul_(2), "multiple views"),
    "shared elements": (lambda x: (x.detach()[0:1]).expand(3, 3).add_(1), "more than one element"),
    "shape": (lambda x: (x * 1).add_(tg.ones(2, 3, 3)), "doesn't match the broadcast shape"),
    "type": (lambda x: tg.ones(3, dtype=tg.int64).add_(1.5), "can't be cast"),
    "value's shape": (lambda x: (x * 1).__setitem__(0, tg.ones(2)), "must match the existing size"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_anything_is_changed(case: str) -> None:
    write, message = REFUSED[case]
    x = leaf(3, 3)
    before = x.detach().clone()
    with pytest.raises(RuntimeError, match=message):
        write(x)
    assert tg.equal(x.detach(), before)
    assert x._version == 0


def test_saved_input_written_to_is_an_error() -> None:
    x = leaf(3)
    y = x * 1
    z = y * y
    y.add_(1)
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation.*version 1; expected version 0"):
        z.sum().backward()


def test_saved_output_written_to_is_an_error() -> None:
    y = leaf(3).exp()
    y.add_(1)
    with pytest.raises(RuntimeError, match=r"output 0 of ExpBackward0"):
        y.sum().backward()


def test_write_that_no_rule_needs_is_fine() -> None:
    x = leaf(3)
    y = x + 1
    y.add_(1)
    assert gradient(y.sum(), x)[0] == [1, 1, 1]


def test_free_under_no_grad() -> None:
    x = leaf(3)
    with tg.no_grad():
        x -= 0.5 * x
    assert x.is_leaf
    assert x.requires_grad
    assert x._version == 1


# --- random programs, beside PyTorch -----------------------------------------------------------------------------


def _other(u: Any, t: Any) -> Any:
    return u if tuple(u.shape) == tuple(t.shape) else u.sum()


def _step(draw: random.Random, t: Any, u: Any) -> Any:
    """One random operation: a new tensor, or None after a write."""
    even = t.ndim == 2
    makers = [
        lambda: t * _other(u, t),
        lambda: t + _other(u, t),
        lambda: t[draw.randrange(t.shape[0])] if even else t[1:],
        lambda: t.T if even else t.reshape(-1),
        lambda: t.reshape(-1),
        lambda: t[:, 1:3] if even else t[::2],
        lambda: t.unsqueeze(0).squeeze(0),
        lambda: t.clone(),
        lambda: t.exp() * 0.01,
    ]
    writers = [
        lambda: t.add_(_other(u, t)),
        lambda: t.mul_(_other(u, t).sum()),
        lambda: t.mul_(1.5),
        lambda: t.__setitem__(draw.randrange(t.shape[0]), u.sum()),
        lambda: t.zero_(),
        lambda: t.copy_(_other(u, t)),
    ]
    if draw.random() < 0.6:
        return draw.choice(makers)()
    draw.choice(writers)()
    return None


def _run(library: ModuleType, seed: int) -> tuple[list[Any], list[Any]]:
    draw = random.Random(seed)
    leaves = [
        library.tensor(np.arange(12.0).reshape(3, 4) / 7 + 0.3, requires_grad=True),
        library.tensor(np.linspace(-1, 2, 12).reshape(3, 4), requires_grad=True),
    ]
    pool = [x * 1.0 for x in leaves] + [library.zeros(3, 4, dtype=library.float64)]
    for _ in range(draw.randrange(2, 14)):
        t, u = draw.choice(pool), draw.choice(pool)
        # Asking first: PyTorch refuses some writes into views whose history it has not brought up to date yet.
        assert t.grad_fn is None or t.requires_grad
        made = _step(draw, t, u)
        if made is not None and made.ndim and made.numel() > 2:
            pool.append(made)
    loss = sum((p * p).sum() if draw.random() < 0.6 else p.sum() for p in pool)
    loss.backward()
    values = [None if x.grad is None else x.grad.numpy() for x in leaves] + [p.detach().numpy() for p in pool]
    return values, [(p.requires_grad, p._version, p.is_leaf) for p in pool]


@pytest.mark.parametrize("block", range(4))
def test_random_programs_equal_pytorch(block: int) -> None:
    torch = pytest.importorskip("torch", reason="compares with a live PyTorch")
    for seed in range(block * 150, (block + 1) * 150):
        try:
            expected = _run(torch, seed)
        except RuntimeError as error:
            with pytest.raises(RuntimeError, match=str(error)[:40].replace("[", r"\[").split("Output")[0]):
                _run(tg, seed)
            continue
        values, facts = _run(tg, seed)
        assert facts == expected[1], seed
        for mine, theirs in zip(values, expected[0], strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12, err_msg=str(seed))


def test_an_element_on_itself_is_no_partial_overlap() -> None:
    """Found by `test_view_machine.py`: the strides of one element differ, and mean nothing."""
    x = tg.zeros(3, 4)
    x[2, 0] = 2.0
    element = x.diagonal(-2)
    element.add_(element.reshape(-1))
    assert x[2, 0] == 4
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        x[:2].add_(x[1:])


def test_what_is_pooled_may_be_written_over() -> None:
    """As in PyTorch, which saves places, not maxima: a pooling before ``ReLU(inplace=True)``."""
    x = tg.arange(-8.0, 8.0).reshape(1, 1, 4, 4).requires_grad_()
    y = tg.nn.functional.max_pool2d(x, 2)
    y.mul_(3.0)
    tg.nn.functional.relu_(y)
    y.sum().backward(retain_graph=True)
    assert x.grad is not None
    assert x.grad.flatten().nonzero().flatten().tolist() == [13, 15]
    (again,) = tg.autograd.grad(y.sum(), x, create_graph=True)
    assert tg.equal(again, x.grad)
    with tg.no_grad():
        x.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_writes_through_real_views_of_complex_numbers() -> None:
    """The gradient of the parts is a part of the gradient, without a conjugate."""
    x = tg.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    parts = tg.view_as_real(x * 1)
    parts.mul_(2.0)
    parts.backward(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert x.grad is not None
    assert x.grad.tolist() == [2 + 4j, 6 + 8j]
    z, v = tg.tensor([1 + 2j, 3 - 1j], requires_grad=True), tg.tensor([1.0, 2.0], requires_grad=True)
    w = z * 1
    w.imag.copy_(v * 3)
    w.backward(tg.tensor([1 + 1j, 2 - 1j]))
    assert z.grad is not None
    assert v.grad is not None
    assert z.grad.tolist() == [1, 2]
    assert v.grad.tolist() == [3, -3]


@pytest.mark.parametrize("constant", [False, True])
def test_a_product_with_itself_in_place(constant: bool) -> None:
    leaf = tg.tensor([[0.5, -2.0], [3.0, 0.25]], requires_grad=True)
    x = leaf * 2
    x.mul_(x.detach() if constant else x)
    x.sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == (leaf * (4 if constant else 8)).tolist()


def test_what_is_there_already_may_be_written_where_elements_share_a_place() -> None:
    for write in (lambda e: e.__setitem__(0, e[0]), lambda e: e.__setitem__(..., e), lambda e: e.copy_(e)):
        x = tg.arange(9.0).reshape(3, 3).requires_grad_()
        e = (x * 1)[:, :1].expand(3, 4)
        before = e.tolist()
        write(e)  # PyTorch refuses to go backward
        assert e.tolist() == before
        assert e._version == 1
        (e * tg.arange(12.0).reshape(3, 4)).sum().backward()
        assert x.grad.tolist() == [[6.0, 0.0, 0.0], [22.0, 0.0, 0.0], [38.0, 0.0, 0.0]]
    e = tg.arange(3.0)[:, None].expand(3, 4)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        e[0] = e[1]
    x = tg.arange(3.0, requires_grad=True)
    e = (x * 1)[:, None].expand(3, 4)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        e[0] = e[0].detach()  # would be another history in the same place
