"""Functions of tensors against PyTorch itself, on calls that Hypothesis draws: see `tests/calls`."""

from __future__ import annotations

from typing import Any

import pytest
from calls import TABLE, Drawn, load
from calls.compare import compare, forms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
load()


@pytest.mark.parametrize("name", sorted(TABLE))
def test_as_pytorch(name: str) -> None:
    drawn: Drawn = TABLE[name]

    @settings(
        max_examples=drawn.examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(st.data())
    def run(data: Any) -> None:
        call = drawn.draw(data.draw)
        form = data.draw(st.sampled_from(forms(torch, drawn, call)))
        compare(torch, drawn, call, form, gradient=data.draw(st.sampled_from([True, True, False])))

    run()
