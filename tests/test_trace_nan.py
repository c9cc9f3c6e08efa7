"""Tracing nan and infinity: who made them, who passed them on, and where; forward and backward."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn._core.modes import modes
from tinygrad_nn._core.observe import Observer, observing

INF = math.inf


def traced(program: Callable[[], Any], **options: Any) -> Any:
    """What `trace_nan` finds in a program."""
    with tg.debug.trace_nan(**options) as trace:
        program()
    return trace


def leaf(*values: float) -> Any:
    """A leaf that requires grad."""
    return tg.tensor(list(values), requires_grad=True)


# --- forward -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "op", "index", "computed"),
    [
        (lambda: tg.tensor([1.0, -1.0]).sqrt() * 2, "sqrt", (1,), "x[1] = -1"),
        (lambda: tg.tensor([[0.5], [2.0]]).acos(), "acos", (1, 0), "x[1, 0] = 2"),
        (lambda: tg.zeros(2, 3) / tg.tensor([1.0, 0.0, 2.0]), "true_divide", (0, 1), "x[0, 1] = 0, y = 0"),
        (lambda: tg.zeros(0).mean(), "mean", (), ""),
        (lambda: tg.ones(1).std(), "std", (), "x: float32[1] from 1 to 1"),
        (lambda: tg.tensor([-8.0]) ** 0.5, "pow", (0,), "x[0] = -8, exponent = 0.5"),
    ],
)
@pytest.mark.filterwarnings("ignore:std")
def test_the_op_that_made_a_nan_is_named(program: Any, op: str, index: Any, computed: str) -> None:
    (origin,) = traced(program).origins
    assert (origin.phase, origin.value, origin.op, origin.index) == ("forward", "nan", op, index)
    assert origin.computed == computed


def test_what_passes_a_nan_on_is_not_blamed() -> None:
    x = tg.tensor([4.0, -1.0, 9.0])

    def program() -> Any:
        roots = x.sqrt()
        return (roots * 2 + roots.flip(0)).cumsum(0).sum()

    (origin,) = traced(program).origins
    assert origin.op == "sqrt"
    assert origin.passed_on == ["mul", "flip", "add", "cumsum", "sum"]
    assert (origin.count, origin.size) == (1, 3)


def test_an_op_that_passes_one_nan_on_and_makes_another_is_blamed_for_its_own() -> None:
    def program() -> Any:
        x = tg.tensor([-1.0, 4.0, 0.0, 1.0]).sqrt()  # nan at 0
        return (x - 1).sqrt()  # passes 0 on, makes 2

    first, second = traced(program).origins
    assert (first.op, first.index) == ("sqrt", (0,))
    assert (second.op, second.index, second.count) == ("sqrt", (2,), 1)


def test_an_op_that_mixes_elements_is_run_again_on_harmless_ones() -> None:
    """A row of softmax that is nan already is passed on; a row of nothing but -inf is its own fault."""

    def program() -> Any:
        x = tg.tensor([[-1.0, 1.0], [1.0, 1.0], [4.0, 1.0]]).sqrt()
        masked = x.masked_fill(tg.tensor([[False, False], [True, True], [False, False]]), -INF)
        return masked.softmax(-1)

    trace = traced(program)
    by_op = {origin.op: origin for origin in trace.origins}
    assert set(by_op) == {"sqrt", "masked_fill", "softmax"}
    assert (by_op["softmax"].index, by_op["softmax"].count) == ((1, 0), 2)
    assert by_op["softmax"].causes == [by_op["masked_fill"]]
    assert by_op["sqrt"].passed_on == ["masked_fill", "softmax"]


def test_infinities_are_reported_where_a_nan_was_made_of_them() -> None:
    def program() -> Any:
        x = tg.tensor([100.0, 1.0])
        return x.exp() / x.exp()

    first, second, quotient = traced(program).origins
    assert (quotient.op, quotient.value, quotient.computed) == ("true_divide", "nan", "x[0] = inf, y[0] = inf")
    assert quotient.causes == [first, second]
    assert [first.op, first.value, first.computed] == ["exp", "inf", "x[0] = 100"]
    assert not traced(lambda: tg.tensor([100.0]).exp())
    assert [o.op for o in traced(lambda: tg.tensor([100.0]).exp(), inf=True).origins] == ["exp"]


def test_only_the_infinity_that_made_the_element_is_a_cause() -> None:
    def program() -> Any:
        x = tg.tensor([100.0, 0.0])
        y = x.exp() + x.log()  # inf at both, by different ops
        return y * tg.tensor([1.0, 0.0])

    trace = traced(program)
    (nan,) = [origin for origin in trace.origins if origin.value == "nan"]
    assert nan.op == "mul"
    assert nan.index == (1,)
    assert [cause.op for cause in nan.causes] == ["log"]


def test_writing_in_place_does_not_lose_the_trace() -> None:
    def program() -> Any:
        x = leaf(1.0, 2.0) * 1
        x.sub_(2)
        x.log_()
        return (x * 2).sum()

    nans = [origin for origin in traced(program).origins if origin.value == "nan"]
    assert [origin.op for origin in nans] == ["log"]
    assert nans[0].passed_on == ["mul", "sum"]


# --- where -------------------------------------------------------------------------------------------------------


class Scaled(nn.Module):
    """Divides by the deviation of its batch, and takes a root."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), Rooted(4, 2))

    def forward(self, x: Any) -> Any:
        return self.body(x)


class Rooted(nn.Module):
    """A layer, and the root of its output."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, out)

    def forward(self, x: Any) -> Any:
        y = self.inner(x)
        return y.sqrt()  # the line to find


def test_the_module_the_line_and_the_batch_index_are_named() -> None:
    net = Scaled()
    with tg.no_grad():
        for parameter in net.parameters():
            parameter.fill_(1.0)
    x = tg.ones(5, 3)
    with tg.no_grad():
        net.body[2].inner.bias.fill_(-10.0)
        x[3] = 0.1
        x[:3] = 5.0
        x[4] = 0.0
    (origin,) = traced(lambda: net(x)).origins
    assert origin.module == "Scaled.body.2 (Rooted())"
    assert origin.module_path == "body.2"
    assert origin.line.text == "return y.sqrt()  # the line to find"
    assert origin.line.function == "forward"
    assert origin.batch_indices == (3, 4)
    text = str(traced(lambda: net(x)))
    assert "batch index 3; 4 of 10 elements in all, batch indices 3, 4" in text
    assert "module   Scaled.body.2 (Rooted())" in text


def test_without_a_module_there_is_no_batch() -> None:
    (origin,) = traced(lambda: tg.tensor([-1.0]).sqrt()).origins
    assert origin.batch_indices == ()
    assert origin.module == ""


# --- from outside ------------------------------------------------------------------------------------------------


def test_a_parameter_that_is_nan_is_named() -> None:
    net = Scaled()
    with tg.no_grad():
        net.body[0].weight[2, 1] = math.nan
    origin = traced(lambda: net(tg.ones(2, 3))).origins[0]
    assert (origin.phase, origin.op, origin.index) == ("outside", "parameter body.0.weight", (2, 1))
    assert origin.passed_on[0] == "linear"
    assert str(traced(lambda: net(tg.ones(2, 3)))).startswith("1. nan came with parameter body.0.weight")


def test_data_that_is_nan_is_named_after_its_variable() -> None:
    measured = tg.tensor([1.0, math.nan])
    with tg.debug.trace_nan() as trace:
        measured * 2
    assert [origin.op for origin in trace.origins] == ["tensor measured"]


def test_a_gradient_that_is_nan_is_reported() -> None:
    x = leaf(1.0)
    (origin,) = traced(lambda: (x * 2).backward(tg.tensor([math.nan]))).origins
    assert origin.phase == "outside"
    assert "gradient that backward() was given" in origin.op
    assert origin.passed_on == ["MulBackward0"]


# --- backward ----------------------------------------------------------------------------------------------------


def test_a_nan_made_by_a_rule() -> None:
    x = leaf(4.0, 0.0)

    def program() -> None:
        (x.sqrt() * tg.tensor([1.0, 0.0])).sum().backward()

    (origin,) = traced(program).origins
    assert (origin.phase, origin.op, origin.index) == ("backward", "sqrt", (1,))
    assert origin.computed == "g / (2 * out), where g = 0, out = 0"
    assert origin.reached == ["tensor x"]
    assert origin.what == "gradient of x, float32[2]"


def test_a_branch_that_was_not_chosen_is_recognised() -> None:
    x = leaf(4.0, -1.0)

    def program() -> None:
        tg.where(x > 0, x.sqrt(), 0.0).sum().backward()

    (origin,) = traced(program).origins
    assert (origin.phase, origin.op, origin.hidden_by) == ("forward", "sqrt", ["where"])
    assert origin.passed_on == ["SqrtBackward0"]
    assert origin.reached == ["tensor x"]
    assert "where(condition, x, 1).sqrt()" in origin.hint


def test_a_forward_nan_that_flows_back_is_one_origin() -> None:
    x, y = leaf(-1.0), leaf(2.0)

    def program() -> None:
        (x.sqrt() * y).sum().backward()

    (origin,) = traced(program).origins
    assert (origin.phase, origin.op) == ("forward", "sqrt")
    assert set(origin.reached) == {"tensor x", "tensor y"}


def test_an_infinity_of_the_forward_pass_is_the_cause_of_a_backward_nan() -> None:
    x = leaf(200.0)

    def program() -> None:
        (1 / x.exp()).sum().backward()

    trace = traced(program)
    (nan,) = [origin for origin in trace.origins if origin.value == "nan"]
    assert nan.phase == "backward"
    assert [cause.op for cause in nan.causes] == ["exp"]
    assert "because  inf made by exp in the forward pass, see 1" in str(trace)


def test_second_derivatives_and_functions_are_watched() -> None:
    x = leaf(0.0)

    def program() -> None:
        (first,) = tg.autograd.grad((x.sqrt() * 0).sum(), x, create_graph=True)
        first.sum()

    assert next(o.op for o in traced(program).origins if o.value == "nan") in ("mul", "true_divide", "sqrt")

    class Log(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x.log()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * 0 / x

    (origin,) = [o for o in traced(lambda: Log.apply(x).sum().backward()).origins if o.value == "nan"]
    assert origin.op == "true_divide"  # in the Function's backward, not the Function


# --- as a tool ---------------------------------------------------------------------------------------------------


def test_stop_raises_with_the_report_and_leaves_nothing_behind() -> None:
    with pytest.raises(tg.debug.NonFiniteError, match=r"(?s)nan made by sqrt.*x\[0\] = -1.*fix") as caught:
        traced(lambda: tg.tensor([-1.0]).sqrt().exp(), stop=True)
    assert caught.value.origin.op == "sqrt"
    assert isinstance(caught.value, FloatingPointError)
    assert modes.here.quiet is modes.here.unwatched_quiet
    assert modes.here.observers == ()
    traced(lambda: tg.tensor([100.0]).exp(), stop=True)
    with pytest.raises(tg.debug.NonFiniteError, match="inf made by exp"):
        traced(lambda: tg.tensor([100.0]).exp(), stop=True, inf=True)


def test_nothing_is_found_where_nothing_is() -> None:
    trace = traced(lambda: (leaf(1.0, 2.0).exp().sum()).backward())
    assert not trace
    assert str(trace) == "no nan was made"


def test_watching_changes_no_result() -> None:
    def program() -> tuple[Any, Any]:
        tg.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 5), nn.GELU(), nn.Dropout(0.5), nn.Linear(5, 2))
        loss = nn.functional.cross_entropy(net(tg.randn(6, 3)), tg.tensor([0, 1, 1, 0, 1, 0]))
        loss.backward()
        return loss.detach(), [p.grad for p in net.parameters()]

    expected = program()
    found: list[Any] = []
    traced(lambda: found.extend(program()))
    tg.testing.assert_close(found, list(expected), rtol=0, atol=0)


def test_observers_may_end_in_any_order() -> None:
    first, second = observing(Observer()), observing(Observer())
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert len(modes.here.observers) == 1
    second.__exit__(None, None, None)
    assert modes.here.quiet is modes.here.unwatched_quiet
    assert modes.here.around_step is None


# --- anomaly detection says as much ------------------------------------------------------------------------------


def test_anomaly_detection_names_the_element_the_numbers_and_the_module() -> None:
    class Net(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.sqrt()

    x = leaf(4.0, -1.0)
    quietly = warnings.catch_warnings(action="ignore")
    with quietly, tg.autograd.detect_anomaly(), pytest.raises(RuntimeError) as caught:
        nn.Sequential(Net())(x).sum().backward()
    assert str(caught.value) == (
        "Function 'SqrtBackward0' returned nan values in its 0th output. The gradient of x is nan at [1]: "
        "g / (2 * out), where g = 1, out = nan. (in Sequential.0 (Net()))"
    )


def test_anomaly_detection_numbers_outputs_as_pytorch_does() -> None:
    """By the position of the input, also where inputs before it want no gradient."""
    torch = pytest.importorskip("torch")
    texts = []
    for package in (tg, torch):
        x = package.tensor([0.0], requires_grad=True)
        quietly = warnings.catch_warnings(action="ignore")
        with quietly, package.autograd.detect_anomaly(), pytest.raises(RuntimeError) as caught:
            (package.tensor([0.0]) / x).sum().backward()
        texts.append(str(caught.value).partition("output.")[0])
    assert texts[0] == texts[1]


def test_float16_and_complex_are_watched() -> None:
    overflow = traced(lambda: tg.tensor([60000.0], dtype=tg.float16) * 2 - INF)
    assert [(o.op, o.value) for o in overflow.origins] == [("mul", "inf"), ("sub", "nan")]
    assert traced(lambda: tg.tensor([complex(0, 0)]) / 0)
    assert not np.isnan(tg.tensor([1]).numpy()).any()
