"""The shorter ways of usual calls give what the general callers give: values, memory, nodes, gradients, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg

# A call that goes the shorter way, and the same one by keyword, which does not.
PAIRS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "view": (lambda x: x.view(2, 6), lambda x: x.view(size=(2, 6))),
    "view -1": (lambda x: x.view(-1), lambda x: x.view(size=(-1,))),
    "reshape": (lambda x: x.reshape((4, -1)), lambda x: tg.reshape(x, shape=(4, -1))),
    "unsqueeze": (lambda x: x.unsqueeze(0), lambda x: tg.unsqueeze(x, dim=0)),
    "unsqueeze last": (lambda x: x.unsqueeze(-1), lambda x: tg.unsqueeze(x, dim=-1)),
    "squeeze": (lambda x: x[:1].squeeze(), lambda x: tg.squeeze(x[:1], dim=None)),
    "squeeze one": (lambda x: x[:1].squeeze(0), lambda x: tg.squeeze(x[:1], dim=0)),
    "squeeze none": (lambda x: x.squeeze(1), lambda x: tg.squeeze(x, dim=1)),
    "permute": (lambda x: x.permute(-1, 0), lambda x: tg.permute(x, dims=(-1, 0))),
    "transpose": (lambda x: x.transpose(0, -1), lambda x: tg.transpose(x, dim0=0, dim1=-1)),
    "expand": (lambda x: x[:1].contiguous().expand(2, 3, 4), lambda x: x[:1].contiguous().expand(shape=(2, 3, 4))),
    "expand number": (lambda x: x[0, 0].clone().expand(2), lambda x: x[0, 0].clone().expand(shape=(2,))),
    "flatten": (lambda x: x.flatten(), lambda x: x.flatten(start_dim=0)),
    "max": (lambda x: x.max(), lambda x: x.max(dim=None)),
    "min": (lambda x: tg.min(x), lambda x: tg.min(input=x)),
    "clamp": (lambda x: x.clamp(-0.5, 1), lambda x: x.clamp(min=-0.5, max=1)),
    "cumsum": (lambda x: x.cumsum(1), lambda x: x.cumsum(dim=1)),
    "gather": (
        lambda x: x.gather(1, tg.tensor([[0], [3]])),
        lambda x: tg.gather(x, dim=1, index=tg.tensor([[0], [3]])),
    ),
    "index_select": (
        lambda x: x.index_select(0, tg.tensor([2, 0, 2])),
        lambda x: tg.index_select(x, dim=0, index=tg.tensor([2, 0, 2])),
    ),
    "cat": (lambda x: tg.cat((x, x), 1), lambda x: tg.cat((x, x[:, :0], x), 1)),
    "bmm": (lambda x: tg.bmm(x[None], x.T[None]), lambda x: tg.bmm(input=x[None], mat2=x.T[None])),
}


def matrix(order: str = "C") -> Any:
    """Three rows of four."""
    return tg.from_numpy(np.array(np.arange(12, dtype=np.float32).reshape(3, 4) / 6 - 1, order=order))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", PAIRS)
def test_same_as_the_general_caller(name: str, order: str) -> None:
    short, general = PAIRS[name]
    if order == "F" and name.startswith("view"):
        pytest.skip("no view of this memory")
    results = []
    for call in (short, general):
        x = matrix(order).requires_grad_()
        made = call(x)
        made.backward(tg.ones_like(made))
        results.append((made.tolist(), made.shape, made.stride(), type(made.grad_fn).__name__, x.grad.tolist()))
        plain = call(matrix(order))
        results[-1] += (plain.tolist(), plain._is_view(), plain.grad_fn)
    assert results[0] == results[1]


@pytest.mark.parametrize("call", [
    lambda x: x.view(5, 5), lambda x: x.view(-2), lambda x: x.reshape(-1, -1), lambda x: x.unsqueeze(7),
    lambda x: x.squeeze(9), lambda x: x.permute(0, 0), lambda x: x.permute(0), lambda x: x.transpose(0, 5),
    lambda x: x.expand(5, 4), lambda x: x.expand(4), lambda x: x.gather(1, tg.tensor([[7]])), lambda x: x.cumsum(4),
    lambda x: tg.bmm(x, x), lambda x: tg.zeros(-1), lambda x: tg.randn(2, -3), lambda x: tg.randint(3, 3, (2,)),
    lambda x: tg.arange(3, 1), lambda x: tg.randperm(-1), lambda x: tg.zeros(1 << 40, 1 << 40), lambda x: x.max(7),
    lambda x: x.index_select(2, tg.tensor([0])), lambda x: x.index_select(0, tg.tensor([3])),
    lambda x: tg.cat((x, x), 2), lambda x: x.add_(tg.ones(2)), lambda x: x.expand(5, 3, 4).add_(1.0),
])  # fmt: skip
def test_what_is_wrong_is_still_said(call: Callable[[Any], Any]) -> None:
    with pytest.raises((RuntimeError, IndexError)):
        call(matrix())


@pytest.mark.parametrize(("short", "general"), [
    (lambda x, y: x.add_(y), lambda x, y: x + y),
    (lambda x, y: x.add_(y, alpha=0.3), lambda x, y: tg.add(x, y, alpha=0.3)),
    (lambda x, y: x.sub_(2), lambda x, y: x - 2), (lambda x, y: x.mul_(0.9), lambda x, y: x * 0.9),
    (lambda x, y: x.div_(y), lambda x, y: x / y), (lambda x, y: x.lerp_(y, 0.1), lambda x, y: tg.lerp(x, y, 0.1)),
    (lambda x, y: x.addcmul_(y, y, value=0.1), lambda x, y: tg.addcmul(x, y, y, value=0.1)),
    (lambda x, y: x.add_(x), lambda x, y: x + x), (lambda x, y: x.copy_(y), lambda x, y: y.clone()),
    (lambda x, y: x.fill_(2), lambda x, y: tg.full_like(x, 2)),
])  # fmt: skip
def test_writes_in_place(short: Any, general: Any) -> None:
    x, y = matrix(), matrix() + 3
    view = x[0]
    expected = general(x, y)
    versions = x._version
    assert short(x, y) is x
    assert x.tolist() == expected.tolist()
    assert view.tolist() == x[0].tolist()
    assert x._version == view._version == versions + 1


def test_a_written_operand_is_noticed() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = tg.tensor([3.0, 4.0])
    made = x * y
    y.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        made.sum().backward()
    with pytest.raises(RuntimeError, match="leaf Variable"):
        x.add_(1.0)


def test_default_type_device_and_options() -> None:
    before = tg.get_default_dtype()
    tg.set_default_dtype(tg.float64)
    try:
        made = [tg.zeros(2), tg.randn(2), tg.rand((2,)), tg.tensor(0.5), tg.tensor([0.5]), tg.full((2,), 1.0),
                tg.linspace(0, 1, 3)]  # fmt: skip
        assert {x.dtype for x in made} == {tg.float64}
    finally:
        tg.set_default_dtype(before)
    assert tg.zeros(2, dtype=tg.int32, device="cpu").dtype == tg.int32
    assert tg.ones(2, requires_grad=True).requires_grad
    with pytest.raises(RuntimeError):
        tg.zeros(2, device="cuda")


@pytest.mark.parametrize("count", [0, 1, 2, 7, 15, 16, 17, 40])
def test_few_draws_are_of_the_same_stream(count: int) -> None:
    """What is drawn in small lots and in one large lot is the same, with whatever way the size asks for."""
    for draw in (tg.rand, lambda n: tg.randint(0, 10, (n,)), lambda n: tg.bernoulli(tg.full((n,), 0.5))):
        tg.manual_seed(3)
        large = draw(4000)[: 2 * count].tolist()
        tg.manual_seed(3)
        assert draw(count).tolist() + draw(count).tolist() == large


def test_views_replay_after_a_write_to_the_base() -> None:
    x = tg.ones(2, 2, requires_grad=True)
    base = x * 1
    for take in (lambda b: b.view(4), lambda b: b.T, lambda b: b.unsqueeze(0), lambda b: b.flatten()):
        seen = take(base)
        base.mul_(2)
        assert seen.grad_fn is not None
        (gradient,) = tg.autograd.grad(seen.sum(), x, retain_graph=True)
        assert gradient.tolist() == [[base.tolist()[0][0]] * 2] * 2


def test_distributions_look_at_what_they_are_given() -> None:
    d = tg.distributions
    with pytest.raises(ValueError, match="Expected parameter logits"):
        d.Categorical(logits=tg.tensor([0.0, float("nan")]))
    with pytest.raises(ValueError, match="Expected parameter scale"):
        d.Normal(tg.zeros(2), tg.tensor([1.0, 0.0]))
    for wrong in (4, -1, 0.5, float("nan")):
        with pytest.raises(ValueError, match="to be within the support"):
            d.Categorical(logits=tg.zeros(4)).log_prob(tg.tensor(wrong))
    with pytest.raises(RuntimeError, match="out of bounds"):
        d.Categorical(logits=tg.zeros(4), validate_args=False).log_prob(tg.tensor(4))

    class Odd(type(d.constraints.real)):  # type: ignore[misc]
        """A program's own constraint has a check of its own."""

        def check(self, value: Any) -> Any:
            return value > 100

    class Mine(d.Normal):
        """Normal numbers that are to be large."""

        support = Odd()

    with pytest.raises(ValueError, match="to be within the support"):
        Mine(tg.zeros(2), tg.ones(2)).log_prob(tg.zeros(2))


def test_entropy_and_log_prob_of_impossible_categories() -> None:
    logits = tg.tensor([[0.0, -float("inf"), 0.0]], requires_grad=True)
    categories = tg.distributions.Categorical(logits=logits)
    entropy = categories.entropy()
    np.testing.assert_allclose(entropy.tolist(), [np.log(2)], rtol=1e-6)
    (gradient,) = tg.autograd.grad(entropy.sum() + categories.log_prob(tg.tensor([2])).sum(), logits)
    np.testing.assert_allclose(gradient.tolist(), [[-0.5, 0.0, 0.5]], atol=1e-6)
