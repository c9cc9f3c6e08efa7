"""Activations: all of them, with their options."""

from __future__ import annotations

import numpy as np

from .table import integers, layer, normal, refused

for _source in (
    "nn.CELU()", "nn.CELU(alpha=0.5)", "nn.CELU(2.0, inplace=False)", "nn.ELU()", "nn.ELU(alpha=0.5)", "nn.GELU()",
    "nn.GELU(approximate='tanh')", "nn.GLU()", "nn.GLU(dim=0)", "nn.Hardshrink()", "nn.Hardshrink(lambd=0.25)",
    "nn.Hardswish()", "nn.Hardtanh()", "nn.Hardtanh(-0.5, 0.25)", "nn.LeakyReLU()",
    "nn.LeakyReLU(negative_slope=0.2)", "nn.LogSigmoid()", "nn.LogSoftmax(dim=1)", "nn.LogSoftmax()", "nn.Mish()",
    "nn.PReLU()", "nn.PReLU(6)", "nn.PReLU(num_parameters=6, init=0.5)", "nn.ReLU()", "nn.ReLU6()", "nn.RReLU()",
    "nn.RReLU(lower=0.1, upper=0.2)", "nn.SELU()", "nn.SiLU()", "nn.Sigmoid()", "nn.Softmax(dim=0)",
    "nn.Softmax(dim=-1)",
    "nn.Softmax()", "nn.Softmin(dim=1)", "nn.Softmin()", "nn.Softplus()", "nn.Softplus(beta=2, threshold=1)",
    "nn.Softshrink()", "nn.Softshrink(lambd=0.25)", "nn.Softsign()", "nn.Tanh()", "nn.Tanhshrink()",
    "nn.Threshold(0.25, 20.0)",
):  # fmt: skip
    layer(_source, normal(4, 6))
for _name in (
    "CELU", "ELU", "Hardswish", "Hardtanh", "LeakyReLU", "Mish", "ReLU", "ReLU6", "RReLU", "SELU", "SiLU"
):  # fmt: skip
    # into the output of an op that has not saved it
    layer(f"nn.Sequential(nn.Linear(6, 5), nn.{_name}(inplace=True))", normal(4, 6))
layer("nn.Sequential(nn.Linear(6, 5), nn.Threshold(0.25, 20.0, inplace=True))", normal(4, 6))
for _source in ("nn.Hardsigmoid()", "nn.Sequential(nn.Linear(6, 5), nn.Hardsigmoid(inplace=True))"):
    layer(_source, normal(4, 6), second=False, tolerance=100, reason="PyTorch has no second one, and 1/6 in float32")
layer("nn.Softmax2d()", normal(2, 3, 4, 5))
layer("nn.Softmax2d()", normal(3, 4, 5))
layer("nn.PReLU(3)", normal(2, 3, 4, 5))
layer("nn.ReLU()", normal())
layer("nn.Tanh()", normal(0, 3))

refused("nn.GELU(approximate='erf')", normal(4, 6))
refused("nn.GLU()", normal(4, 5))
refused("nn.GLU()", normal())
refused("nn.Hardtanh(1.0, -1.0)")
refused("nn.PReLU(3)", normal(4, 6))
refused("nn.PReLU(-1)")
refused("nn.RReLU(0.5, 0.25)", normal(4, 6))
refused("nn.Softmax(dim=2)", normal(4, 6))
refused("nn.Softmax2d()", normal(4, 6))
refused("nn.Softshrink(lambd=-1.0)", normal(4, 6))
refused("nn.CELU(alpha=0.0)", normal(4, 6))
refused("nn.Sigmoid(3)")
refused("nn.ELU()", integers(4, high=3))
refused("nn.ReLU()", np.zeros(3, np.bool_))
