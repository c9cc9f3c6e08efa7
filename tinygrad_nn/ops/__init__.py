"""The ops, a family per module, and functions composed of them.

Importing this package registers all ops; `tinygrad_nn` hands out those that PyTorch has at its top level.
"""

from __future__ import annotations

from . import cast as _cast  # noqa: F401 - gives Tensor its methods
from .activation import celu, elu, glu, logsigmoid, mish, selu, sigmoid, silu, softplus, softsign, tanhshrink
from .arithmetic import (
    abs,
    absolute,
    add,
    addcdiv,
    addcmul,
    copysign,
    div,
    divide,
    floor_divide,
    fmod,
    lerp,
    mul,
    multiply,
    neg,
    negative,
    positive,
    remainder,
    rsub,
    sgn,
    sign,
    sub,
    subtract,
    true_divide,
)
from .classification import cross_entropy, nll_loss
from .comparison import (
    allclose,
    eq,
    equal,
    ge,
    greater,
    greater_equal,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    isneginf,
    isposinf,
    le,
    less,
    less_equal,
    lt,
    ne,
    not_equal,
    signbit,
)
from .creation import (
    arange,
    as_tensor,
    asarray,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    logspace,
    ones,
    ones_like,
    scalar_tensor,
    tensor,
    tril_indices,
    triu_indices,
    zeros,
    zeros_like,
)
from .dropout import dropout
from .exponential import (
    erf,
    erfc,
    erfinv,
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logaddexp2,
    logit,
    xlogy,
)
from .extremes import amax, amin, aminmax, argmax, argmin, max, min
from .gaussian import gelu
from .index import nonzero
from .join import (
    cat,
    chunk,
    concat,
    concatenate,
    flip,
    hstack,
    roll,
    split,
    stack,
    tensor_split,
    tile,
    tril,
    triu,
    unbind,
    vstack,
)
from .linalg import addmm, addmv, baddbmm, bmm, dot, inner, matmul, mm, mv, outer, vdot
from .linear_layer import linear
from .logic import (
    bitwise_and,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
)
from .loss import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from .norms import norm
from .picking import (
    gather,
    index_select,
    masked_fill,
    masked_select,
    narrow,
    scatter,
    scatter_add,
    select,
    take_along_dim,
)
from .piecewise import (
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    prelu,
    relu,
    relu6,
    rrelu,
    softshrink,
    threshold,
)
from .powers import float_power, hypot, pow, reciprocal, rsqrt, sqrt, square
from .probability_loss import binary_cross_entropy, binary_cross_entropy_with_logits, kl_div
from .random import (
    bernoulli,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    multinomial,
    normal,
    poisson,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    seed,
    set_rng_state,
)
from .reduce import all, any, count_nonzero, mean, nanmean, nansum, prod, sum
from .rounding import ceil, fix, floor, frac, heaviside, nan_to_num, round, trunc
from .scan import cumprod, cumsum
from .selection import clamp, clamp_max, clamp_min, clip, fmax, fmin, maximum, minimum, where
from .shape import (
    broadcast_tensors,
    broadcast_to,
    clone,
    flatten,
    moveaxis,
    movedim,
    permute,
    ravel,
    reshape,
    squeeze,
    swapaxes,
    swapdims,
    t,
    transpose,
    unflatten,
    unsqueeze,
)
from .softmax import log_softmax, softmax, softmin
from .sparse import embedding, one_hot
from .statistics import logsumexp, std, std_mean, var, var_mean
from .trigonometric import (
    acos,
    acosh,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    deg2rad,
    rad2deg,
    sin,
    sinc,
    sinh,
    tan,
    tanh,
)

__all__ = [
    "abs", "absolute", "acos", "acosh", "add", "addcdiv", "addcmul", "addmm", "addmv", "all", "allclose", "amax",
    "amin", "aminmax", "any", "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "argmax", "argmin", "as_tensor", "asarray", "asin", "asinh", "atan", "atan2", "atanh", "baddbmm", "bernoulli",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "bitwise_and", "bitwise_left_shift", "bitwise_not",
    "bitwise_or", "bitwise_right_shift", "bitwise_xor", "bmm", "broadcast_tensors", "broadcast_to", "cat", "ceil",
    "celu", "chunk", "clamp", "clamp_max", "clamp_min", "clip", "clone", "concat", "concatenate", "copysign", "cos",
    "cosh", "count_nonzero", "cross_entropy", "cumprod", "cumsum", "deg2rad", "div", "divide", "dot", "dropout", "elu",
    "embedding", "empty", "empty_like", "eq", "equal", "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "eye", "fix",
    "flatten", "flip", "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "fork_rng", "frac", "from_numpy",
    "full", "full_like", "gather", "ge", "gelu", "get_rng_state", "glu", "greater", "greater_equal", "gt", "hardshrink",
    "hardsigmoid", "hardswish", "hardtanh", "heaviside", "hstack", "huber_loss", "hypot", "index_select",
    "initial_seed", "inner", "isclose", "isfinite", "isinf", "isnan", "isneginf", "isposinf", "kl_div", "l1_loss", "le",
    "leaky_relu", "lerp", "less", "less_equal", "linear", "linspace", "log", "log1p", "log2", "log10", "log_softmax",
    "logaddexp", "logaddexp2", "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "logsigmoid",
    "logspace", "logsumexp", "lt", "manual_seed", "masked_fill", "masked_select", "matmul", "max", "maximum", "mean",
    "min", "minimum", "mish", "mm", "moveaxis", "movedim", "mse_loss", "mul", "multinomial", "multiply", "mv",
    "nan_to_num", "nanmean", "nansum", "narrow", "ne", "neg", "negative", "nll_loss", "nonzero", "norm", "normal",
    "not_equal", "one_hot", "ones", "ones_like", "outer", "permute", "poisson", "positive", "pow", "prelu", "prod",
    "rad2deg", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "ravel", "reciprocal",
    "relu", "relu6", "remainder", "reshape", "roll", "round", "rrelu", "rsqrt", "rsub", "scalar_tensor", "scatter",
    "scatter_add", "seed", "select", "selu", "set_rng_state", "sgn", "sigmoid", "sign", "signbit", "silu", "sin",
    "sinc", "sinh", "smooth_l1_loss", "softmax", "softmin", "softplus", "softshrink", "softsign", "split", "sqrt",
    "square", "squeeze", "stack", "std", "std_mean", "sub", "subtract", "sum", "swapaxes", "swapdims", "t",
    "take_along_dim", "tan", "tanh", "tanhshrink", "tensor", "tensor_split", "threshold", "tile", "transpose", "tril",
    "tril_indices", "triu", "triu_indices", "true_divide", "trunc", "unbind", "unflatten", "unsqueeze", "var",
    "var_mean", "vdot", "vstack", "where", "xlogy", "zeros", "zeros_like",
]  # fmt: skip

NEW_MODULES: list[str] = [
]  # one module's name per line; each lists its public top-level names in its own __all__

import importlib as _importlib

for _module in NEW_MODULES:
    _found = _importlib.import_module(f".{_module}", __name__)
    for _name in _found.__all__:
        globals()[_name] = getattr(_found, _name)
        __all__.append(_name)
