"""Activations."""

from __future__ import annotations

from typing import Any

from .table import integers, layer, normal, refused

# Most of them take any shape; each is called on one that shows its options.
for _source in (
    "nn.ReLU()", "nn.ReLU(inplace=True)", "nn.ReLU6()", "nn.ReLU6(True)", "nn.LeakyReLU()",
    "nn.LeakyReLU(0.2, inplace=True)", "nn.LeakyReLU(-0.1)", "nn.ELU()", "nn.ELU(0.5, True)", "nn.CELU()",
    "nn.CELU(0.5, True)", "nn.SELU()", "nn.SELU(inplace=True)", "nn.GELU()", "nn.GELU(approximate='tanh')", "nn.SiLU()",
    "nn.SiLU(inplace=True)", "nn.Mish()", "nn.Mish(inplace=True)", "nn.Softplus()", "nn.Softplus(beta=2, threshold=1)",
    "nn.Sigmoid()", "nn.Tanh()", "nn.LogSigmoid()", "nn.Hardsigmoid()", "nn.Hardsigmoid(True)", "nn.Hardswish()",
    "nn.Hardswish(True)", "nn.Hardtanh()", "nn.Hardtanh(-0.5, 0.2, inplace=True)", "nn.Softsign()", "nn.Tanhshrink()",
    "nn.Softshrink()", "nn.Softshrink(0.1)", "nn.Hardshrink()", "nn.Hardshrink(0.3)", "nn.Threshold(0.1, 20)",
    "nn.Threshold(-0.1, -2, inplace=True)", "nn.RReLU()", "nn.RReLU(0.1, 0.2)", "nn.PReLU()", "nn.PReLU(init=0.5)",
):  # fmt: skip
    _none: dict[str, Any] = {}
    if "Hardsigmoid" in _source:
        _none = {"second": False, "tolerance": 100, "reason": "PyTorch has none, and its sixth is of float32"}
    if "True" not in _source:
        for _shape in ((2, 3, 4), (), (0, 3)):
            layer(_source, normal(*_shape), **_none)
    else:
        layer(_source, normal(2, 3, 4, gradient=False))  # a leaf that requires grad is refused
        layer(f"nn.Sequential(nn.Linear(3, 3), {_source})", normal(2, 3), **_none)

layer("nn.PReLU(3)", normal(2, 3))
layer("nn.PReLU(3, init=0.1)", normal(2, 3, 4, 5))
layer("nn.GLU()", normal(2, 6))
layer("nn.GLU(dim=1)", normal(2, 4, 3))
for _name in ("Softmax", "LogSoftmax", "Softmin"):
    layer(f"nn.{_name}(dim=1)", normal(2, 3, 4))
    layer(f"nn.{_name}(dim=-1)", normal(5))
    layer(f"nn.{_name}(dim=0)", normal(0, 3))
layer("nn.Softmax(dim=0)", normal())
layer("nn.Softmax2d()", normal(2, 3, 4, 5))
layer("nn.Softmax2d()", normal(3, 4, 5))

refused("nn.GLU()", normal(2, 5))
refused("nn.GLU()", normal())
refused("nn.GLU(dim=3)", normal(2, 4))
refused("nn.PReLU(4)", normal(2, 3))
refused("nn.PReLU(2)", normal(2))
refused("nn.PReLU(2)", normal())
refused("nn.Softmax(dim=2)", normal(2, 3))
refused("nn.LogSoftmax(dim=-3)", normal(2, 3))
refused("nn.Softmax2d()", normal(2, 3))
refused("nn.Softmax(dim=0)", integers(3, high=4))
refused("nn.Sigmoid()", "text")
refused("nn.ReLU()", None)
refused("nn.Hardtanh(1, -1)")
refused("nn.Softshrink(-1.0)", normal(2))
refused("nn.GELU(approximate='no')", normal(2))
refused("nn.ReLU(inplace=True)", normal(2, 3))  # a leaf that requires grad
refused("nn.RReLU(0.5, 0.1)", normal(2, 3))
refused("nn.Softplus()", integers(3, high=4))
