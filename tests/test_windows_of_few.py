"""Padding by the input's own elements, and windows of images: few elements by their numbers, as many in slices."""

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core import patches
from tinygrad_nn.nn import functional
from tinygrad_nn.ops import padding

RNG = np.random.default_rng(0)


def results(function, x, g=None):
    leaf = tg.from_numpy(x.copy("K")).requires_grad_()
    out = function(leaf)
    g = np.cos(np.arange(out.numel())).reshape(out.shape).astype(x.dtype) if g is None else g
    out.backward(tg.from_numpy(g))
    return out.detach().numpy(), leaf.grad.numpy()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("function", [
    *[lambda x, mode=mode, amounts=amounts: functional.pad(x, amounts, mode=mode)
      for mode in ("reflect", "replicate", "circular") for amounts in ((1, 2), (2, 1, 0, 3), (-1, 2, 1, -1))],
    lambda x: functional.unfold(x, 3), lambda x: functional.unfold(x, (2, 3), (1, 2), 1, (2, 1)),
    lambda x: functional.fold(x.flatten(2).repeat(1, 4, 1), (6, 7), 2, padding=0)])  # fmt: skip
def test_few_as_many(function, dtype, monkeypatch):
    x = RNG.normal(size=(2, 3, 5, 6)).astype(dtype)
    x[0, 1, 2, 3], x[1, 0, 0, 0] = np.inf, np.nan
    arrays = [x, np.ascontiguousarray(x.swapaxes(2, 3)).swapaxes(2, 3)]
    if "amounts" in function.__code__.co_varnames and len(function.__defaults__[1]) == 2:
        arrays = [a[0] for a in arrays]
    few = [results(function, a) for a in arrays]
    monkeypatch.setattr(padding, "_FEW", 0)
    monkeypatch.setattr(patches, "_FEW", 0)
    for found, array in zip(few, arrays, strict=True):
        for one, other in zip(found, results(function, array), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, 2e-3 if dtype == np.float16 else 1e-6)


def test_second_derivatives():
    x = tg.from_numpy(RNG.normal(size=(1, 2, 4, 5))).requires_grad_()
    for function in (lambda x: functional.pad(x, (1, 1, 2, 0), mode="reflect"), lambda x: functional.unfold(x, 2)):
        assert tg.autograd.gradgradcheck(lambda x, function=function: function(x) ** 2, (x,))
