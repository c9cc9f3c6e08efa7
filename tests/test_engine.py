"""The engine: what a definition may say, what is recorded, what a backward pass does and refuses, what is freed."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.gradients import grad
from tinygrad_nn._core.op import REGISTRY
from tinygrad_nn.testing import assert_close


def leaf(*values: float) -> Any:
    """A float64 vector that wants a gradient."""
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def test_data_keep_all_their_digits_where_a_type_is_given() -> None:
    assert tg.tensor([0.1], dtype=tg.float64).item() == 0.1
    assert tg.tensor([2**53 + 1], dtype=tg.int64).item() == 2**53 + 1
    assert tg.tensor([0.1]).dtype == tg.float32


# --- the grammar -------------------------------------------------------------------------------------------------


def test_a_wrong_word_in_a_rule_names_the_near_one() -> None:
    with pytest.raises(TypeError, match=r"its rule asks for 'outt'.*Did you mean 'out'\?"):

        @tg.op(vjp=lambda g, outt: g * outt)
        def mistyped(x, /):
            return x

    assert "mistyped" not in REGISTRY


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"vjp": lambda g: g, "kind": "elementwize"}, "unknown kind 'elementwize', expected one of"),
        ({"vjp": lambda g: (g, g), "kind": "fused"}, "a fused op needs parts="),
        ({"vjp": (lambda g: g, lambda g: g, lambda g: g)}, "got 3 rules for 2 inputs"),
        ({"vjp": (lambda g: g,)}, "give one for each, None where there is no gradient"),
        ({"vjp": (lambda g, x_shap: g, None)}, "Did you mean 'x_shape'"),
        ({"vjp": (lambda g, scal: g, None)}, "Did you mean 'scale'"),
        ({"vjp": lambda g, mean: g, "kind": "fused", "parts": lambda x, y: x}, "asks for 'mean'"),
    ],
)
def test_a_wrong_definition_is_refused_where_it_is_written(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(TypeError, match=r"@op refused: .*") as caught:

        @tg.op(**arguments)
        def refused(x, y, /, *, scale=1.0):
            return x

    assert text in str(caught.value)
    assert "refused" not in REGISTRY


def test_an_op_without_inputs_is_refused() -> None:
    with pytest.raises(TypeError, match="no array inputs"):

        @tg.op(vjp=None)
        def nothing(*, x=1):
            return x


def test_a_definition_is_a_function_a_method_and_a_numpy_function() -> None:
    @tg.op(np.spacing, vjp=lambda g, x: g * 5, aliases=("other_name",))
    def five_times(x, /):
        """Five times x."""
        return x * 5

    try:
        x = leaf(1.0, 2.0)
        for y in (five_times(x), x.five_times(), x.other_name(), np.spacing(x), five_times(input=x)):
            assert y.tolist() == [5.0, 10.0]
            assert grad(y, x, tg.ones(2, dtype=tg.float64))[0].tolist() == [5.0, 5.0]
        assert five_times.__doc__ == "Five times x."
        assert x.detach().five_times_().tolist() == [5.0, 10.0]
    finally:
        del REGISTRY["five_times"], tg.Tensor.five_times, tg.Tensor.five_times_
        del tg.Tensor.other_name, tg.Tensor.other_name_
        from tinygrad_nn._core import dispatch

        del dispatch._TABLE[np.spacing]


# --- what is recorded --------------------------------------------------------------------------------------------


def test_modes_as_contexts() -> None:
    x = leaf(1.0)
    with tg.no_grad():
        assert not (x * 2).requires_grad
        with tg.enable_grad():
            assert (x * 2).requires_grad
            with tg.set_grad_enabled(False):
                assert not tg.is_grad_enabled()
            assert tg.is_grad_enabled()
        assert not tg.is_grad_enabled()
    with tg.inference_mode():
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_a_mode_ends_when_its_block_raises() -> None:
    with pytest.raises(KeyError), tg.no_grad():
        raise KeyError
    assert tg.is_grad_enabled()


def test_one_mode_object_may_be_entered_twice() -> None:
    mode = tg.no_grad()
    with mode, mode:
        pass
    assert tg.is_grad_enabled()


def test_set_grad_enabled_as_a_statement() -> None:
    tg.set_grad_enabled(False)
    try:
        assert not tg.is_grad_enabled()
    finally:
        tg.set_grad_enabled(True)


def test_modes_as_decorators() -> None:
    @tg.no_grad()
    def called(x: Any) -> Any:
        """Kept."""
        return x * 2

    @tg.no_grad
    def bare(x: Any) -> Any:
        return x * 2

    @tg.set_grad_enabled(False)
    def switched(x: Any) -> Any:
        return x * 2

    assert tg.is_grad_enabled()
    assert called.__doc__ == "Kept."
    assert not any(function(leaf(1.0)).requires_grad for function in (called, bare, switched))


def test_a_decorated_generator_keeps_its_mode_to_itself() -> None:
    @tg.no_grad()
    def numbers() -> Iterator[bool]:
        received = yield tg.is_grad_enabled()
        assert received == "sent"
        yield tg.is_grad_enabled()

    generator = numbers()
    assert next(generator) is False
    assert tg.is_grad_enabled()
    assert generator.send("sent") is False
    assert tg.is_grad_enabled()
    generator.close()


def test_each_thread_has_its_own_mode() -> None:
    found: list[Any] = []

    def work() -> None:
        found.append(tg.is_grad_enabled())
        with tg.no_grad():
            found.append((leaf(1.0) * 2).requires_grad)
        found.append((leaf(0.0) / 0.0).isnan().item())  # and no warning

    with tg.no_grad():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert found == [True, False, True]


def test_only_what_a_rule_names_is_saved() -> None:
    x, y = leaf(1.0), leaf(2.0)
    assert (x + y).grad_fn.saved == (1,)  # alpha
    assert len((x.detach() * y).grad_fn.saved) == 1


# --- backward ----------------------------------------------------------------------------------------------------


def test_backward_accumulates_in_leaves() -> None:
    x = leaf(1.0, 2.0)
    for _ in range(2):
        (x * x).sum().backward()
    assert x.grad.tolist() == [4.0, 8.0]


def test_a_second_backward_raises() -> None:
    x = leaf(1.0)
    y = x * x
    y.sum().backward()
    with pytest.raises(RuntimeError, match=r"Trying to backward through the graph a second time.*MulBackward0"):
        y.sum().backward()


def test_a_node_that_saved_no_array_may_go_backward_again() -> None:
    x = leaf(1.0)
    y = x + x
    z = y.sum()
    z.backward()
    z.backward()
    assert x.grad.item() == 4.0


def test_retain_graph() -> None:
    x = leaf(3.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    assert x.grad.item() == 12.0


def test_backward_of_a_non_scalar_needs_a_gradient() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"grad can be implicitly created only for scalar outputs, got shape \[2\]"):
        (x * 2).backward()
    (x * 2).backward(tg.tensor([1.0, 10.0], dtype=tg.float64))
    assert x.grad.tolist() == [2.0, 20.0]
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        (x * 2).backward(tg.ones(3))
    with pytest.raises(TypeError, match="expected a Tensor"):
        (x * 2).backward([1.0, 1.0])


def test_backward_of_what_needs_no_gradient() -> None:
    with pytest.raises(RuntimeError, match=r"element 0 of tensors does not require grad.*no_grad\(\)"):
        tg.ones(1).sum().backward()


def test_backward_with_inputs_accumulates_there_only() -> None:
    x, y = leaf(2.0), leaf(3.0)
    (x * y).sum().backward(inputs=[x])
    assert x.grad.item() == 3.0
    assert y.grad is None
    with pytest.raises(RuntimeError, match="cannot be empty"):
        (x * y).sum().backward(inputs=[])


def test_a_gradient_belongs_to_its_leaf_alone() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    given = tg.ones(2, dtype=tg.float64)
    (x + y).backward(given)
    x.grad.zero_()
    assert y.grad.tolist() == [1.0, 1.0]
    assert given.tolist() == [1.0, 1.0]


def test_create_graph_gives_higher_derivatives() -> None:
    x = leaf(2.0)
    derivative = (x * x * x * x).sum()
    expected = [32.0, 48.0, 48.0, 24.0]
    for value in expected:
        (derivative,) = grad(derivative, x, create_graph=True)
        assert derivative.item() == value
        derivative = derivative.sum()


def test_backward_with_create_graph_records_the_gradient() -> None:
    x = leaf(2.0)
    (x * x * x).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    first.sum().backward()
    assert first.item() == 12.0
    assert x.grad.item() == 12.0


def test_the_gradient_is_computed_outside_the_mode_of_the_caller() -> None:
    x = leaf(2.0)
    y = (x * x).sum()
    with tg.no_grad():
        y.backward()
    assert x.grad.item() == 4.0
    assert not x.grad.requires_grad


# --- autograd.grad -----------------------------------------------------------------------------------------------


def test_grad_returns_and_accumulates_nothing() -> None:
    x, y = leaf(2.0), leaf(3.0)
    by_x, by_y = grad((x * y).sum(), [x, y])
    assert (by_x.item(), by_y.item()) == (3.0, 2.0)
    assert x.grad is None


def test_grad_by_a_tensor_in_between() -> None:
    x = leaf(2.0)
    y = x * 3
    (by_y,) = grad((y * y).sum(), y)
    assert by_y.item() == 12.0


def test_grad_of_several_outputs_is_that_of_their_sum() -> None:
    x = leaf(2.0)
    (found,) = grad([x * 2, x * x], x, [tg.ones(1, dtype=tg.float64), None])
    assert found.item() == 6.0


def test_grad_by_an_unused_input() -> None:
    x, y = leaf(2.0), leaf(3.0)
    with pytest.raises(RuntimeError, match=r"at index 1 appears to not have been used in the graph"):
        grad((x * 2).sum(), [x, y])
    assert grad((x * 2).sum(), [x, y], allow_unused=True)[1] is None
    assert grad((x * 2).sum(), [x, y], materialize_grads=True)[1].tolist() == [0.0]
    with pytest.raises(ValueError, match="materialize_grads"):
        grad((x * 2).sum(), [x, y], allow_unused=False, materialize_grads=True)


def test_grad_by_what_needs_none() -> None:
    with pytest.raises(RuntimeError, match=r"does not require grad \(input 0\)"):
        grad(leaf(1.0).sum(), tg.ones(1))


def test_grad_wants_a_gradient_for_each_output() -> None:
    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="got 2 tensors and 1 gradients"):
        grad([x * 2, x * 3], x, [None])


# --- hooks -------------------------------------------------------------------------------------------------------


def test_a_hook_on_a_leaf_replaces_the_gradient_until_removed() -> None:
    x = leaf(1.0, 2.0)
    handle = x.register_hook(lambda gradient: gradient * 10)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [20.0, 20.0]
    handle.remove()
    handle.remove()
    x.grad = None
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_hook_in_between_sees_the_whole_gradient_once() -> None:
    x = leaf(1.0)
    y = x * 2
    seen: list[Any] = []
    y.register_hook(lambda gradient: seen.append(gradient.item()))
    (y * 3 + y * 4).sum().backward()
    assert seen == [7.0]
    assert x.grad.item() == 14.0


def test_hooks_run_in_order() -> None:
    x = leaf(1.0)
    x.register_hook(lambda gradient: gradient + 1)
    x.register_hook(lambda gradient: gradient * 10)
    (x * 2).sum().backward()
    assert x.grad.item() == 30.0


def test_a_hook_under_create_graph_is_recorded() -> None:
    x = leaf(3.0)
    y = x * x
    y.register_hook(lambda gradient: gradient * x)
    (first,) = grad(y.sum(), x, create_graph=True)
    assert first.item() == 18.0  # 2 x * x
    assert grad(first.sum(), x)[0].item() == 12.0


def test_a_hook_needs_a_gradient_to_wait_for() -> None:
    with pytest.raises(RuntimeError, match="cannot register a hook"):
        tg.ones(1).register_hook(print)


def test_the_gradient_of_no_leaf_is_asked_for() -> None:
    x = tg.ones(2, requires_grad=True)
    assert x.grad is None
    y = x * 2
    with pytest.warns(UserWarning, match="The .grad attribute of a Tensor that is not a leaf Tensor is being accessed"):
        assert y.grad is None
    y.retain_grad()
    assert y.grad is None  # without a warning
    assert y.detach().grad is None


def test_retain_grad() -> None:
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    (y * 3).sum().backward()
    assert y.grad.item() == 3.0
    x.retain_grad()  # a leaf keeps its own anyway
    with pytest.raises(RuntimeError, match="can't retain_grad"):
        tg.ones(1).retain_grad()


# --- writes ------------------------------------------------------------------------------------------------------


def test_a_write_to_what_a_rule_needs_is_found() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    z = y * y
    y += 1
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation.*version 1; expected version 0.*Hint"):
        z.sum().backward()


def test_a_write_to_what_no_rule_needs_is_harmless() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    z = y + 1
    y += 5
    z.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_a_write_through_a_view_is_found() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    z = y * y
    y[0] = 7.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_a_leaf_may_be_written_to_only_while_nothing_is_recorded() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        x += 1
    with pytest.raises(RuntimeError, match="a view of a leaf Variable"):
        x[0].mul_(2)
    assert x.tolist() == [1.0, 2.0]
    with tg.no_grad():
        x += 1
    assert x.tolist() == [2.0, 3.0]
    assert x.is_leaf
    assert x.requires_grad


def test_a_write_is_part_of_the_history() -> None:
    x, v = leaf(1.0, 2.0), leaf(5.0)
    y = x * 1
    view = y[0:1]
    y *= 3
    view.mul_(v)
    (y * y).sum().backward()
    # y = [3 x0 v, 3 x1]
    assert x.grad.tolist() == [2 * 15 * 15.0, 2 * 6 * 3.0]
    assert v.grad.tolist() == [2 * 15 * 3.0]


def test_a_write_may_not_change_shape_or_type() -> None:
    x = tg.ones(2)
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        x += tg.ones(3, 2)
    whole = tg.tensor([1, 2])
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        whole += 0.5
    assert whole.tolist() == [1, 2]


# --- memory ------------------------------------------------------------------------------------------------------


def graph_and_reference(steps: int = 3) -> tuple[Any, Any, Any]:
    """A leaf, a result, and a weak reference to an array in the middle that only the graph holds."""
    x = leaf(*range(1, 10))
    y = x * 2
    held = weakref.ref(y._array)
    for _ in range(steps):
        y = y * y
    return x, y.sum(), held


def test_a_graph_is_freed_without_the_cycle_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        _, y, held = graph_and_reference()
        assert held() is not None
        del y
        assert held() is None
    finally:
        gc.enable()


def test_backward_frees_what_was_saved() -> None:
    gc.disable()
    try:
        x, y, held = graph_and_reference()
        y.backward()
        assert held() is None
        assert x.grad is not None
    finally:
        gc.enable()


def test_nothing_of_a_training_step_is_left_to_the_cycle_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        weight = leaf(1.0, 2.0, 3.0)
        for _ in range(3):
            loss = ((weight * weight).sum() - 1.0) * 2
            loss.backward(retain_graph=True)
            (first,) = grad((weight * weight * weight).sum(), weight, create_graph=True)
            grad(first.sum(), weight)
        del loss, first
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_leaf_that_nobody_holds_needs_no_gradient() -> None:
    x, y = leaf(1.0), leaf(2.0)
    z = (x * y).sum()
    gone = weakref.ref(y)
    del y
    assert gone() is None
    z.backward()
    assert x.grad.item() == 2.0


# --- NumPy -------------------------------------------------------------------------------------------------------


def test_leaving_the_graph_needs_a_detach() -> None:
    x = leaf(1.0)
    for leave in (np.asarray, np.array, lambda t: t.numpy(), lambda t: np.asarray(t * 2)):
        with pytest.raises(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires grad"):
            leave(x)
    assert np.asarray(x.detach()) is x.detach().numpy()


def test_an_unknown_numpy_function_is_refused_where_a_gradient_would_be_lost() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"requires grad.*np\.nancumsum has no gradient here.*Did you mean"):
        np.nancumsum(x)
    assert_close(tg.tensor(np.ediff1d(x.detach())), tg.tensor([1.0], dtype=tg.float64))


def test_numpy_operands_on_either_side() -> None:
    x = leaf(1.0, 2.0)
    array = np.array([3.0, 4.0])
    for y in (x * array, array * x, np.multiply(array, x)):
        assert isinstance(y, tg.Tensor)
        assert grad(y.sum(), x)[0].tolist() == [3.0, 4.0]


def test_ufunc_options_that_the_graph_cannot_follow() -> None:
    with pytest.raises(TypeError, match="out= and where= are not supported"):
        np.add(leaf(1.0), 1.0, where=np.array([True]))


def test_floating_point_warnings_are_off_as_in_pytorch() -> None:
    with np.errstate(all="raise"):
        y = leaf(0.0) / 0.0
        y.sum().backward()
    assert y.isnan().all()


# --- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda x: x * tg.ones(3), RuntimeError, r"The size of tensor a \(2\) must match the size of tensor b \(3\)"),
        (lambda x: x.sum(5), IndexError, r"Dimension out of range \(expected to be in range of \[-1, 0\], but got 5\)"),
        (lambda x: x.sum(dimm=0), TypeError, r"unexpected keyword argument 'dimm'. Did you mean 'dim'\?"),
        (lambda x: tg.sum([1.0]), TypeError, r"argument 'input' \(position 1\) must be Tensor, not list"),
        (lambda x: tg.mul(x), TypeError, "other"),
        (lambda x: x * None, TypeError, "unsupported operand"),
    ],
)
def test_errors_say_what_and_where(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call(leaf(1.0, 2.0))


def test_a_leaf_takes_over_no_views_gradient_that_somebody_holds():
    held = []

    def hold(gradient):
        held.append(gradient)

    def writes(backward):
        x = tg.ones(3, 4, requires_grad=True)
        backward(x)
        x.grad.zero_()

    given = tg.ones(12)
    writes(lambda x: x.view(-1).backward(given))
    assert given.sum().item() == 12

    def hooked(x):
        flat = x.view(-1)
        flat.register_hook(hold)
        flat.retain_grad()
        held.append(flat)
        (flat * 2).backward(given)

    writes(hooked)
    flat, gradient = held
    assert gradient.sum().item() == 24
    assert flat.grad.sum().item() == 24


def test_a_leaf_takes_over_a_views_gradient_that_nobody_holds():
    x = tg.ones(3, 4, requires_grad=True)
    (x.view(-1) * 2).sum().backward()
    assert x.grad._array.base is not None
    assert x.grad.tolist() == [[2.0] * 4] * 3
