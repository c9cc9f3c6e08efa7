"""Anomaly detection: the op that gave the first nan, and the line that called it."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import pytest

import tinygrad_nn

PACKAGES = [pytest.param(tinygrad_nn, id="here")]
if importlib.util.find_spec("torch") is not None:
    import torch

    PACKAGES.append(pytest.param(torch, id="torch"))
both = pytest.mark.parametrize("t", PACKAGES)


def roots(x: Any) -> Any:
    return x.sqrt()  # this line is shown


@both
def test_the_first_nan_is_found_with_its_line(t: Any) -> None:
    x = t.tensor([-1.0, 4.0], requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with t.autograd.detect_anomaly():
            y = (roots(x) * 2).sum()
            with pytest.raises(RuntimeError, match=r"Function 'SqrtBackward0' returned nan values in its 0th output\."):
                y.backward()
    texts = [str(w.message) for w in caught]
    assert any("Anomaly Detection has been enabled" in text for text in texts)
    shown = next(text for text in texts if "Error detected in SqrtBackward0" in text)
    assert "this line is shown" in shown
    assert x.grad is None


@both
@pytest.mark.filterwarnings("ignore:Anomaly", "ignore:Error detected")
def test_a_forward_that_was_not_watched_has_no_line(t: Any) -> None:
    x = t.tensor([-1.0], requires_grad=True)
    y = x.log().sqrt().sum()
    with t.autograd.detect_anomaly(), pytest.raises(RuntimeError, match="returned nan values"):
        y.backward()


@both
@pytest.mark.filterwarnings("ignore:Anomaly")
def test_nan_may_be_let_through(t: Any) -> None:
    x = t.tensor([-1.0], requires_grad=True)
    with t.autograd.detect_anomaly(check_nan=False):
        x.sqrt().sum().backward()
    assert x.grad.isnan().all()


@both
@pytest.mark.filterwarnings("ignore:Error detected")
def test_a_switch(t: Any) -> None:
    x = t.tensor([-1.0], requires_grad=True)
    t.autograd.set_detect_anomaly(True)
    try:
        with pytest.raises(RuntimeError, match="SqrtBackward0"):
            x.sqrt().sum().backward()
        with t.autograd.set_detect_anomaly(False):
            x.sqrt().sum().backward()
        with pytest.raises(RuntimeError, match="SqrtBackward0"):
            x.sqrt().sum().backward()
    finally:
        t.autograd.set_detect_anomaly(False)
    x.grad = None
    x.sqrt().sum().backward()
    assert x.grad.isnan().all()
