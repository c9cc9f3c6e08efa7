"""Functions of single elements, arithmetic, activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.operations.inputs import (
    Operation,
    between,
    column,
    double,
    mask,
    matrix,
    positive,
    probabilities,
    row,
    whole_numbers,
)

ANY = (
    "abs", "angle", "asinh", "atan", "ceil", "cos", "cosh", "deg2rad", "erf", "erfc", "exp", "exp2", "expm1", "floor",
    "frac", "i0", "neg", "relu", "round", "sgn", "sigmoid", "sign", "sin", "sinc", "sinh", "square", "tan", "tanh",
    "trunc",
)  # fmt: skip
WITHIN_ONE = (
    "acos", "asin", "atanh", "digamma", "erfinv", "lgamma", "log", "log10", "log1p", "log2", "logit", "reciprocal",
    "rsqrt", "sqrt",
)  # fmt: skip
PAIRS = (
    "add", "atan2", "copysign", "div", "fmax", "fmin", "fmod", "hypot", "logaddexp", "maximum", "minimum", "mul",
    "remainder", "sub",
)  # fmt: skip
ACTIVATIONS = (
    "celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid",
    "mish", "relu6", "selu", "silu", "softplus", "softshrink", "softsign", "tanhshrink",
)  # fmt: skip


def function(name: str) -> Any:
    """A function of the package, by its name."""
    return lambda torch, *tensors: getattr(torch, name)(*tensors)


def functional(name: str, **options: Any) -> Any:
    """A function of ``nn.functional``."""
    return lambda torch, *tensors: getattr(torch.nn.functional, name)(*tensors, **options)


def method(name: str, *arguments: Any, **options: Any) -> Any:
    """A tensor's method."""
    return lambda torch, x, *tensors: getattr(x, name)(*tensors, *arguments, **options)


OPERATIONS: dict[str, Operation] = {
    **{name: Operation(function(name), (matrix,)) for name in ANY},
    **{name: Operation(function(name), (probabilities,)) for name in WITHIN_ONE},
    **{name: Operation(function(name), (matrix, positive)) for name in PAIRS},
    **{f"{name}/row": Operation(function(name), (matrix, row)) for name in ("add", "mul", "sub", "div", "maximum")},
    **{f"{name}/column": Operation(function(name), (matrix, column)) for name in ("add", "mul", "sub", "div")},
    **{f"functional/{name}": Operation(functional(name), (matrix,)) for name in ACTIVATIONS},
    "add/number": Operation(lambda torch, x: x + 2.5, (matrix,)),
    "mul/number": Operation(lambda torch, x: x * 2.5, (matrix,)),
    "sub/from_number": Operation(lambda torch, x: 1 - x, (matrix,)),
    "div/number": Operation(lambda torch, x: x / 2.5, (matrix,)),
    "div/of_number": Operation(lambda torch, x: 1 / x, (positive,)),
    "pow": Operation(function("pow"), (positive, positive)),
    "pow/2": Operation(lambda torch, x: x**2, (matrix,)),
    "pow/3": Operation(lambda torch, x: x**3, (matrix,)),
    "pow/root": Operation(lambda torch, x: x**0.5, (positive,)),
    "pow/2.5": Operation(lambda torch, x: x**2.5, (positive,)),
    "pow/of_number": Operation(lambda torch, x: 2.0**x, (matrix,)),
    "xlogy": Operation(function("xlogy"), (positive, positive)),
    "clamp": Operation(method("clamp", -1, 1), (matrix,)),
    "clamp/min": Operation(method("clamp", min=0.5), (matrix,)),
    "lerp": Operation(lambda torch, x, y: torch.lerp(x, y, 0.3), (matrix, matrix)),
    "addcmul": Operation(lambda torch, *xyz: torch.addcmul(*xyz, value=0.5), (matrix, matrix, matrix)),
    "addcdiv": Operation(lambda torch, *xyz: torch.addcdiv(*xyz, value=0.5), (matrix, matrix, positive)),
    "nan_to_num": Operation(function("nan_to_num"), (matrix,)),
    "float64": Operation(lambda torch, x, y: x * y + x.sin(), (double, double)),
    "functional/dropout": Operation(functional("dropout", p=0.3), (matrix,)),
    "functional/prelu": Operation(functional("prelu"), (matrix, lambda rng, size: np.full(1, 0.2, np.float32))),
    "functional/threshold": Operation(functional("threshold", threshold=0.1, value=0.0), (matrix,)),
    "isfinite": Operation(function("isfinite"), (matrix,)),
    "isnan": Operation(function("isnan"), (matrix,)),
    "gt": Operation(lambda torch, x, y: x > y, (matrix, between(-1, 1))),
    "gt/number": Operation(lambda torch, x: x > 0, (matrix,)),
    "eq": Operation(lambda torch, x, y: x == y, (whole_numbers, whole_numbers)),
    "logical_and": Operation(lambda torch, x, y: x & y, (mask, mask)),
    "logical_not": Operation(lambda torch, x: ~x, (mask,)),
    "double": Operation(method("double"), (matrix,)),
    "float": Operation(method("float"), (whole_numbers,)),
    "float/of_mask": Operation(method("float"), (mask,)),
    "long": Operation(method("long"), (matrix,)),
    "bool": Operation(method("bool"), (whole_numbers,)),
}
