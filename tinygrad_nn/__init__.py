"""PyTorch's training-loop API on NumPy.

    import tinygrad_nn as torch

Tensors record what is done with them; every operation carries its own gradient rule; `nn` and `optim` are built from
those.
"""

from __future__ import annotations

import builtins as _builtins
import importlib as _importlib
from math import e, inf, nan, pi
from typing import TYPE_CHECKING
from typing import Any as _Any

from ._core import gradients as _gradients  # noqa: F401 - gives Tensor its backward
from ._core import hooks as _hooks  # noqa: F401 - gives Tensor its register_hook
from ._core import return_types
from ._core.device import device
from ._core.dtypes import bool_ as bool
from ._core.dtypes import (
    complex64,
    complex128,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from ._core.errors import near as _near
from ._core.memory import keep_freed_memory as _keep_freed_memory
from ._core.modes import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from ._core.op import case, composite, op
from ._core.printing import set_printoptions
from ._core.random import Generator, default_generator
from ._core.tensor import Size, Tensor
from .ops import (
    abs,
    absolute,
    acos,
    acosh,
    add,
    addcdiv,
    addcmul,
    addmm,
    addmv,
    all,
    allclose,
    amax,
    amin,
    aminmax,
    any,
    arange,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    argmax,
    argmin,
    as_tensor,
    asarray,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    baddbmm,
    bernoulli,
    bitwise_and,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    bmm,
    broadcast_tensors,
    broadcast_to,
    cat,
    ceil,
    celu,
    chunk,
    clamp,
    clamp_max,
    clamp_min,
    clip,
    clone,
    concat,
    concatenate,
    copysign,
    cos,
    cosh,
    count_nonzero,
    cumprod,
    cumsum,
    deg2rad,
    div,
    divide,
    dot,
    empty,
    empty_like,
    eq,
    equal,
    erf,
    erfc,
    erfinv,
    exp,
    exp2,
    expm1,
    eye,
    fix,
    flatten,
    flip,
    float_power,
    floor,
    floor_divide,
    fmax,
    fmin,
    fmod,
    frac,
    from_numpy,
    full,
    full_like,
    gather,
    ge,
    get_rng_state,
    greater,
    greater_equal,
    gt,
    hardshrink,
    heaviside,
    hstack,
    hypot,
    index_select,
    initial_seed,
    inner,
    isclose,
    isfinite,
    isinf,
    isnan,
    isneginf,
    isposinf,
    le,
    lerp,
    less,
    less_equal,
    linspace,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logaddexp,
    logaddexp2,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    logit,
    logspace,
    logsumexp,
    lt,
    manual_seed,
    masked_fill,
    masked_select,
    matmul,
    max,
    maximum,
    mean,
    min,
    minimum,
    mm,
    moveaxis,
    movedim,
    mul,
    multinomial,
    multiply,
    mv,
    nan_to_num,
    nanmean,
    nansum,
    narrow,
    ne,
    neg,
    negative,
    nonzero,
    norm,
    normal,
    not_equal,
    ones,
    ones_like,
    outer,
    permute,
    poisson,
    positive,
    pow,
    prelu,
    prod,
    rad2deg,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    ravel,
    reciprocal,
    relu,
    remainder,
    reshape,
    roll,
    round,
    rrelu,
    rsqrt,
    rsub,
    scalar_tensor,
    scatter,
    scatter_add,
    seed,
    select,
    selu,
    set_rng_state,
    sgn,
    sigmoid,
    sign,
    signbit,
    sin,
    sinc,
    sinh,
    softmax,
    split,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    std_mean,
    sub,
    subtract,
    sum,
    swapaxes,
    swapdims,
    t,
    take_along_dim,
    tan,
    tanh,
    tensor,
    tensor_split,
    threshold,
    tile,
    transpose,
    tril,
    tril_indices,
    triu,
    triu_indices,
    true_divide,
    trunc,
    unbind,
    unflatten,
    unsqueeze,
    var,
    var_mean,
    vdot,
    vstack,
    where,
    xlogy,
    zeros,
    zeros_like,
)
from .ops.tensor_types import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)

if TYPE_CHECKING:
    from . import accelerator, autograd, backends, cuda, datasets, linalg, nn, optim, random, testing, utils

__version__ = "0.1.0"

# PyTorch's other names of the same types
float, double, half = float32, float64, float16
short, int, long = int16, int32, int64
cfloat, cdouble = complex64, complex128
newaxis = None

_keep_freed_memory()


def is_tensor(obj: _Any) -> _builtins.bool:
    """Whether an object is a tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> _builtins.bool:
    """Whether a tensor's elements are real floating point numbers."""
    return input.is_floating_point()


def is_complex(input: Tensor) -> _builtins.bool:
    """Whether a tensor's elements are complex numbers."""
    return input.is_complex()


def numel(input: Tensor) -> _builtins.int:
    """The number of a tensor's elements."""
    return input.numel()


def use_deterministic_algorithms(mode: _builtins.bool, *, warn_only: _builtins.bool = False) -> None:
    """Without effect: the same program gives the same numbers on the same machine in any case."""


# Imported when they are first asked for, so that the package itself is there at once.
_SUBMODULES = (
    "accelerator", "autograd", "backends", "cuda", "datasets", "linalg", "nn", "optim", "random", "testing", "utils",
)  # fmt: skip


def __getattr__(name: str) -> _Any:
    if name in _SUBMODULES:
        return _importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module 'tinygrad_nn' has no attribute {name!r}.{_near(name, __all__)}")


__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "Generator", "HalfTensor", "IntTensor",
    "LongTensor", "ShortTensor", "Size", "Tensor", "__version__", "abs", "absolute", "accelerator", "acos", "acosh",
    "add", "addcdiv", "addcmul", "addmm", "addmv", "all", "allclose", "amax", "amin", "aminmax", "any", "arange",
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "as_tensor",
    "asarray", "asin", "asinh", "atan", "atan2", "atanh", "autograd", "backends", "baddbmm", "bernoulli", "bitwise_and",
    "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "bmm", "bool",
    "broadcast_tensors", "broadcast_to", "case", "cat", "cdouble", "ceil", "celu", "cfloat", "chunk", "clamp",
    "clamp_max", "clamp_min", "clip", "clone", "complex64", "complex128", "composite", "concat", "concatenate",
    "copysign", "cos", "cosh", "count_nonzero", "cuda", "cumprod", "cumsum", "datasets", "default_generator", "deg2rad",
    "device", "div", "divide", "dot", "double", "dtype", "e", "empty", "empty_like", "enable_grad", "eq", "equal",
    "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "eye", "finfo", "fix", "flatten", "flip", "float", "float16",
    "float32", "float64", "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "frac", "from_numpy", "full",
    "full_like", "gather", "ge", "get_default_dtype", "get_rng_state", "greater", "greater_equal", "gt", "half",
    "hardshrink", "heaviside", "hstack", "hypot", "iinfo", "index_select", "inf", "inference_mode", "initial_seed",
    "inner", "int", "int8", "int16", "int32", "int64", "is_complex", "is_floating_point", "is_grad_enabled",
    "is_tensor", "isclose", "isfinite", "isinf", "isnan", "isneginf", "isposinf", "le", "lerp", "less", "less_equal",
    "linalg", "linspace", "log", "log1p", "log2", "log10", "log_softmax", "logaddexp", "logaddexp2", "logical_and",
    "logical_not", "logical_or", "logical_xor", "logit", "logspace", "logsumexp", "long", "lt", "manual_seed",
    "masked_fill", "masked_select", "matmul", "max", "maximum", "mean", "min", "minimum", "mm", "moveaxis", "movedim",
    "mul", "multinomial", "multiply", "mv", "nan", "nan_to_num", "nanmean", "nansum", "narrow", "ne", "neg", "negative",
    "newaxis", "nn", "no_grad", "nonzero", "norm", "normal", "not_equal", "numel", "ones", "ones_like", "op", "optim",
    "outer", "permute", "pi", "poisson", "positive", "pow", "prelu", "prod", "rad2deg", "rand", "rand_like", "randint",
    "randint_like", "randn", "randn_like", "random", "randperm", "ravel", "reciprocal", "relu", "remainder", "reshape",
    "return_types", "roll", "round", "rrelu", "rsqrt", "rsub", "scalar_tensor", "scatter", "scatter_add", "seed",
    "select", "selu", "set_default_dtype", "set_grad_enabled", "set_printoptions", "set_rng_state", "sgn", "short",
    "sigmoid", "sign", "signbit", "sin", "sinc", "sinh", "softmax", "split", "sqrt", "square", "squeeze", "stack",
    "std", "std_mean", "sub", "subtract", "sum", "swapaxes", "swapdims", "t", "take_along_dim", "tan", "tanh", "tensor",
    "tensor_split", "testing", "threshold", "tile", "transpose", "tril", "tril_indices", "triu", "triu_indices",
    "true_divide", "trunc", "uint8", "unbind", "unflatten", "unsqueeze", "use_deterministic_algorithms", "utils", "var",
    "var_mean", "vdot", "vstack", "where", "xlogy", "zeros", "zeros_like",
]  # fmt: skip

from . import ops as _ops

for _new in _ops.NEW_MODULES:
    for _n in _importlib.import_module(f".ops.{_new}", __name__).__all__:
        globals()[_n] = getattr(_ops, _n)
        __all__.append(_n)
