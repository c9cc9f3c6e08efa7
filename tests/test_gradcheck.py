"""What `gradcheck` checks besides gradients: forward differentiation and batches, in PyTorch too where it is here."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_nn


@pytest.fixture(params=["tinygrad_nn", "torch"])
def package(request: Any) -> Any:
    """Either package: what is expected here is PyTorch's behaviour."""
    return tinygrad_nn if request.param == "tinygrad_nn" else pytest.importorskip("torch")


# PyTorch's forward differentiation compiles some of its own functions.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
ALL = {"check_forward_ad": True, "check_batched_grad": True, "check_batched_forward_grad": True}


def inputs(package: Any, *shapes: tuple[int, ...], dtype: str = "float64") -> tuple[Any, ...]:
    generator = package.Generator().manual_seed(3)
    kind = getattr(package, dtype)
    return tuple(package.randn(shape, dtype=kind, generator=generator).requires_grad_() for shape in shapes)


def test_right_derivatives_pass_all_checks(package: Any) -> None:
    gradcheck, gradgradcheck = package.autograd.gradcheck, package.autograd.gradgradcheck
    x, y = inputs(package, (3, 2), (2, 4))
    assert gradcheck(lambda a, b: (a @ b).tanh(), (x, y), **ALL)
    assert gradcheck(lambda a: (a.exp(), a.sum(0)), (x,), **ALL)
    assert gradgradcheck(lambda a, b: (a @ b).tanh(), (x, y), check_fwd_over_rev=True, check_batched_grad=True)
    (z,) = inputs(package, (3,), dtype="complex128")
    assert gradcheck(lambda a: a * a.abs(), (z,), **ALL)
    assert gradcheck(lambda a: a * a, (z,), check_backward_ad=False, check_forward_ad=True)


def doubling(package: Any, tangent_factor: float) -> Any:
    class Double(package.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any) -> Any:
            return x * 2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

        @staticmethod
        def jvp(ctx: Any, t: Any) -> Any:
            return t * tangent_factor

    return Double.apply


def test_a_wrong_forward_derivative_is_found(package: Any) -> None:
    gradcheck = package.autograd.gradcheck
    (x,) = inputs(package, (3,))
    assert gradcheck(doubling(package, 2), (x,), check_forward_ad=True)
    assert gradcheck(doubling(package, 3), (x,))
    with pytest.raises(RuntimeError, match="Jacobian computed with forward mode mismatch for output 0 with respect to"):
        gradcheck(doubling(package, 3), (x,), check_forward_ad=True)
    assert not gradcheck(doubling(package, 3), (x,), check_forward_ad=True, raise_exception=False)


def test_choices_that_do_not_go_together_are_refused(package: Any) -> None:
    gradcheck, gradgradcheck = package.autograd.gradcheck, package.autograd.gradgradcheck
    (x,) = inputs(package, (2,))
    with pytest.raises(AssertionError, match="at least one of check_forward_ad or check_backward_ad"):
        gradcheck(lambda a: a * 2, (x,), check_backward_ad=False)
    with pytest.raises(AssertionError, match="check_batched_grad=True requires check_backward_ad"):
        gradcheck(lambda a: a * 2, (x,), check_backward_ad=False, check_forward_ad=True, check_batched_grad=True)
    with pytest.raises(AssertionError, match="check_batched_forward_grad=True requires check_forward_ad"):
        gradcheck(lambda a: a * 2, (x,), check_batched_forward_grad=True)
    with pytest.raises(AssertionError, match="at least one of check_fwd_over_rev or check_rev_over_rev"):
        gradgradcheck(lambda a: a * 2, (x,), check_rev_over_rev=False)


def test_what_a_batch_of_gradients_gives_is_held_to_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_nn.autograd import further_checks

    found = further_checks._backward

    def mixed(*arguments: Any, batched: bool) -> Any:
        gradients = found(*arguments, batched=batched)
        return [g[::-1] for g in gradients] if batched else gradients

    monkeypatch.setattr(further_checks, "_backward", mixed)
    with pytest.raises(RuntimeError, match="For output 0 and the gradient of input 0: sent as a batch"):
        tinygrad_nn.autograd.gradcheck(lambda a: a * a, inputs(tinygrad_nn, (2,)), check_batched_grad=True)
