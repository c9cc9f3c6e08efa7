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
from ._core import later as _later
from ._core import return_types
from ._core.device import device
from ._core.dtypes import UNSTORED as _UNSTORED
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
from ._core.layouts import layout, sparse_bsc, sparse_bsr, sparse_coo, sparse_csc, sparse_csr, strided
from ._core.memory import keep_freed_memory as _keep_freed_memory
from ._core.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from ._core.op import case, composite, op
from ._core.printing import set_printoptions
from ._core.random import Generator, default_generator
from ._core.tensor import Size, Tensor

# --- made by tools/make_exports.py: from here
# isort: off
from .ops.activation import celu, selu, sigmoid
from .ops.arithmetic import (  # fmt: skip
    abs, absolute, add, copysign, div, divide, floor_divide, mul, multiply, neg, negative, positive, rsub, sgn, sign,
    sub, subtract, true_divide,
)
from .ops.comparison import (  # fmt: skip
    allclose, eq, equal, ge, greater, greater_equal, gt, isclose, isfinite, isinf, isnan, isneginf, isposinf, le, less,
    less_equal, lt, ne, not_equal, signbit,
)
from .ops.complex_numbers import angle, complex, imag, isreal, polar, real, view_as_complex, view_as_real
from .ops.conjugates import adjoint, conj, conj_physical, is_conj, is_neg, resolve_conj, resolve_neg
from .ops.creation import (  # fmt: skip
    empty, empty_like, empty_permuted, empty_strided, eye, full, full_like, ones, ones_like, scalar_tensor,
    tril_indices, triu_indices, zeros, zeros_like,
)
from .ops.data import as_tensor, asarray, from_numpy, frombuffer, tensor
from .ops.exponential import (  # fmt: skip
    erf, erfc, erfinv, exp, exp2, expm1, log, log10, log1p, log2, logaddexp, logaddexp2, logit, xlogy,
)
from .ops.extremes import amax, amin, aminmax, argmax, argmin, max, min
from .ops.filling import fill, fill_, zero_
from .ops.finding import argwhere, nonzero_static, unravel_index
from .ops.index import nonzero
from .ops.index_family import index_add, index_copy, index_fill, index_select
from .ops.join import cat, concat, concatenate, flip, hstack, roll, stack, tile, tril, triu, vstack
from .ops.linalg import addmm, addmv, baddbmm, bmm, dot, ger, inner, matmul, mm, mv, outer, vdot
from .ops.linear_layer import bilinear
from .ops.logic import (  # fmt: skip
    bitwise_and, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor, logical_and,
    logical_not, logical_or, logical_xor,
)
from .ops.memory import (  # fmt: skip
    TypedStorage, UntypedStorage, broadcast_shapes, channels_last, channels_last_3d, contiguous_format, detach, detach_,
    is_same_size, is_storage, memory_format, preserve_format,
)
from .ops.picking import masked_fill, masked_scatter, masked_select, narrow, select
from .ops.piecewise import hardshrink, prelu, relu, rrelu, threshold
from .ops.powers import float_power, hypot, pow, reciprocal, rsqrt, sqrt, square
from .ops.random import (  # fmt: skip
    bernoulli, get_rng_state, initial_seed, manual_seed, multinomial, normal, poisson, rand, rand_like, randint,
    randint_like, randn, randn_like, randperm, seed, set_rng_state,
)
from .ops.reduce import all, any, count_nonzero, mean, nanmean, nansum, prod, sum
from .ops.remainders import fmod, remainder
from .ops.rounding import ceil, fix, floor, frac, heaviside, nan_to_num, round, trunc
from .ops.scatter import gather, scatter, scatter_add, scatter_reduce, take_along_dim
from .ops.selection import clamp, clamp_max, clamp_min, clip, fmax, fmin, maximum, minimum, where
from .ops.sequences import arange, linspace, logspace, range
from .ops.shape import broadcast_tensors, broadcast_to, clone, flatten, ravel, reshape, squeeze, unflatten, unsqueeze
from .ops.shape_inplace import resize_as_
from .ops.softmax import log_softmax, softmax
from .ops.splits import (  # fmt: skip
    chunk, dsplit, hsplit, split, split_with_sizes, tensor_split, unbind, unsafe_chunk, unsafe_split,
    unsafe_split_with_sizes, vsplit,
)
from .ops.statistics import logsumexp, std, std_mean, var, var_mean
from .ops.strides import as_strided
from .ops.tensor_types import (  # fmt: skip
    BoolTensor, ByteTensor, CharTensor, DoubleTensor, FloatTensor, HalfTensor, IntTensor, LongTensor, ShortTensor,
)
from .ops.transposes import moveaxis, movedim, permute, swapaxes, swapdims, t, transpose
from .ops.weighted_sums import addcdiv, addcmul, lerp
from .settings import (  # fmt: skip
    are_deterministic_algorithms_enabled, compile, get_default_device, get_deterministic_debug_mode,
    get_float32_matmul_precision, get_num_interop_threads, get_num_threads,
    is_deterministic_algorithms_warn_only_enabled, is_warn_always_enabled, set_default_device, set_default_tensor_type,
    set_deterministic_debug_mode, set_float32_matmul_precision, set_flush_denormal, set_num_interop_threads,
    set_num_threads, set_warn_always, use_deterministic_algorithms,
)

if TYPE_CHECKING:  # imported when they are first asked for
    from .ops.adaptive_pooling import adaptive_avg_pool1d
    from .ops.average_pooling import avg_pool1d
    from .ops.bessel import i0
    from .ops.chains import chain_matmul
    from .ops.cholesky import cholesky, cholesky_inverse, cholesky_solve
    from .ops.convolutions import conv1d, conv2d, conv3d, conv_tbc, conv_transpose1d, conv_transpose2d, conv_transpose3d
    from .ops.copies import (  # fmt: skip
        alias_copy, as_strided_copy, detach_copy, diagonal_copy, expand_copy, narrow_copy, permute_copy, select_copy,
        slice_copy, split_copy, split_with_sizes_copy, squeeze_copy, t_copy, transpose_copy, unbind_copy, unfold_copy,
        unsqueeze_copy, view_as_complex_copy, view_as_real_copy, view_copy,
    )
    from .ops.covariance import corrcoef, cov
    from .ops.determinant import det, logdet, slogdet
    from .ops.diagonals import diag, diag_embed, diagflat, diagonal, trace
    from .ops.differences import cumulative_trapezoid, diff, gradient, trapezoid, trapz
    from .ops.distances import cdist, cosine_similarity, pairwise_distance, pdist
    from .ops.einsum import einsum
    from .ops.gamma import digamma, igamma, igammac, lgamma, mvlgamma, polygamma
    from .ops.grids import block_diag, cartesian_prod, combinations, meshgrid
    from .ops.group_norm import group_norm
    from .ops.histograms import bincount, histc, histogram, histogramdd
    from .ops.index_put import index_put, index_put_, put, take
    from .ops.index_reduction import index_reduce
    from .ops.inquiries import get_device, is_nonzero, is_signed, typename
    from .ops.interchange import from_dlpack, to_dlpack
    from .ops.inverse import inverse
    from .ops.layer_norm import layer_norm, rms_norm
    from .ops.low_rank import pca_lowrank, svd_lowrank
    from .ops.lu import lu, lu_solve, lu_unpack
    from .ops.matrix_functions import matrix_exp, matrix_power, vander
    from .ops.matrix_norms import frobenius_norm, nuclear_norm
    from .ops.max_pooling import max_pool1d, max_pool1d_with_indices, max_pool2d, max_pool3d
    from .ops.norm import norm
    from .ops.orthogonal import geqrf, orgqr, ormqr, qr
    from .ops.padding import constant_pad_nd
    from .ops.pixels import channel_shuffle, native_channel_shuffle, pixel_shuffle, pixel_unshuffle
    from .ops.products import addbmm, addr, cross, kron, tensordot
    from .ops.promotion import bfloat16, can_cast, chalf, complex32, promote_types, result_type, uint16, uint32, uint64
    from .ops.pseudo_inverse import pinverse
    from .ops.quantile import kthvalue, median, mode, nanmedian, nanquantile, quantile
    from .ops.renorm import dist, renorm
    from .ops.repetition import repeat_interleave
    from .ops.scan import cummax, cummin, cumprod, cumsum, logcumsumexp
    from .ops.scatter_views import as_strided_scatter, diagonal_scatter, select_scatter, slice_inverse, slice_scatter
    from .ops.searching import bucketize, searchsorted
    from .ops.singular_values import svd
    from .ops.sorting import argsort, msort, sort, topk
    from .ops.spectral import istft, stft
    from .ops.stacks import atleast_1d, atleast_2d, atleast_3d, column_stack, dstack, row_stack
    from .ops.triangular import triangular_solve
    from .ops.trigonometric import (  # fmt: skip
        acos, acosh, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, asin, asinh, atan, atan2, atanh, cos,
        cosh, deg2rad, rad2deg, sin, sinc, sinh, tan, tanh,
    )
    from .ops.turns import fliplr, flipud, rot90
    from .ops.uniques import isin, unique, unique_consecutive
    from .ops.whole_numbers import frexp, gcd, lcm, ldexp, nextafter
    from .ops.windows import bartlett_window, blackman_window, hamming_window, hann_window, kaiser_window
# isort: on

_LATER: dict[str, str] = {
    "ops.adaptive_pooling": "adaptive_avg_pool1d",
    "ops.average_pooling": "avg_pool1d",
    "ops.bessel": "i0",
    "ops.chains": "chain_matmul",
    "ops.cholesky": "cholesky cholesky_inverse cholesky_solve",
    "ops.convolutions": "conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d",
    "ops.copies": (
        "alias_copy as_strided_copy detach_copy diagonal_copy expand_copy narrow_copy permute_copy select_copy "
        "slice_copy split_copy split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy "
        "unsqueeze_copy view_as_complex_copy view_as_real_copy view_copy"
    ),
    "ops.covariance": "corrcoef cov",
    "ops.determinant": "det logdet slogdet",
    "ops.diagonals": "diag diag_embed diagflat diagonal trace",
    "ops.differences": "cumulative_trapezoid diff gradient trapezoid trapz",
    "ops.distances": "cdist cosine_similarity pairwise_distance pdist",
    "ops.einsum": "einsum",
    "ops.gamma": "digamma igamma igammac lgamma mvlgamma polygamma",
    "ops.grids": "block_diag cartesian_prod combinations meshgrid",
    "ops.group_norm": "group_norm",
    "ops.histograms": "bincount histc histogram histogramdd",
    "ops.index_put": "index_put index_put_ put take",
    "ops.index_reduction": "index_reduce",
    "ops.inquiries": "get_device is_nonzero is_signed typename",
    "ops.interchange": "from_dlpack to_dlpack",
    "ops.inverse": "inverse",
    "ops.layer_norm": "layer_norm rms_norm",
    "ops.low_rank": "pca_lowrank svd_lowrank",
    "ops.lu": "lu lu_solve lu_unpack",
    "ops.matrix_functions": "matrix_exp matrix_power vander",
    "ops.matrix_norms": "frobenius_norm nuclear_norm",
    "ops.max_pooling": "max_pool1d max_pool1d_with_indices max_pool2d max_pool3d",
    "ops.norm": "norm",
    "ops.orthogonal": "geqrf orgqr ormqr qr",
    "ops.padding": "constant_pad_nd",
    "ops.pixels": "channel_shuffle native_channel_shuffle pixel_shuffle pixel_unshuffle",
    "ops.products": "addbmm addr cross kron tensordot",
    "ops.promotion": "bfloat16 can_cast chalf complex32 promote_types result_type uint16 uint32 uint64",
    "ops.pseudo_inverse": "pinverse",
    "ops.quantile": "kthvalue median mode nanmedian nanquantile quantile",
    "ops.renorm": "dist renorm",
    "ops.repetition": "repeat_interleave",
    "ops.scan": "cummax cummin cumprod cumsum logcumsumexp",
    "ops.scatter_views": "as_strided_scatter diagonal_scatter select_scatter slice_inverse slice_scatter",
    "ops.searching": "bucketize searchsorted",
    "ops.singular_values": "svd",
    "ops.sorting": "argsort msort sort topk",
    "ops.spectral": "istft stft",
    "ops.stacks": "atleast_1d atleast_2d atleast_3d column_stack dstack row_stack",
    "ops.triangular": "triangular_solve",
    "ops.trigonometric": (
        "acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh cos cosh deg2rad "
        "rad2deg sin sinc sinh tan tanh"
    ),
    "ops.turns": "fliplr flipud rot90",
    "ops.uniques": "isin unique unique_consecutive",
    "ops.whole_numbers": "frexp gcd lcm ldexp nextafter",
    "ops.windows": "bartlett_window blackman_window hamming_window hann_window kaiser_window",
}
# --- to here

if TYPE_CHECKING:
    from . import (
        accelerator,
        autograd,
        backends,
        cuda,
        datasets,
        debug,
        fft,
        func,
        linalg,
        metrics,
        nn,
        optim,
        plots,
        profiler,
        random,
        safetensors,
        serialization,
        signal,
        special,
        testing,
        training,
        transforms,
        utils,
    )
    from . import sklearn as sklearn
    from .autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
    from .func import vmap
    from .serialization import load, load_checkpoint, save, save_checkpoint

__version__ = "0.1.0"

# PyTorch's other names of the same types
float, double, half = float32, float64, float16
short, int, long = int16, int32, int64
cfloat, cdouble = complex64, complex128
newaxis = None

# Programs print types: <class 'tinygrad_nn.Tensor'>, the name by which they reach it, and not where it is defined.
for _kind in (Tensor, Size, dtype, device, layout, memory_format, finfo, iinfo):
    _kind.__module__ = __name__

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


def is_inference(input: Tensor) -> _builtins.bool:
    """Whether a tensor was made inside of `inference_mode`."""
    return input.is_inference()


def numel(input: Tensor) -> _builtins.int:
    """The number of a tensor's elements."""
    return input.numel()




# Imported when they are first asked for, so that the package itself is there at once.
_SUBMODULES = (
    "accelerator", "amp", "autograd", "backends", "compiler", "cpu", "cuda", "datasets", "debug", "distributed",
    "distributions", "fft", "func", "functional", "hub", "jit", "linalg", "metrics", "mps", "multiprocessing", "nn",
    "optim", "plots", "profiler", "random", "safetensors", "serialization", "signal", "sklearn", "special",
    "testing", "training", "transforms", "types", "utils", "version", "xpu",
)  # fmt: skip


# Functions of modules that are imported when they are first asked for.
_LAZY = _later.places(_LATER) | {
    "load": "serialization", "load_checkpoint": "serialization", "save": "serialization",
    "save_checkpoint": "serialization",
    "is_anomaly_check_nan_enabled": "autograd.anomaly", "is_anomaly_enabled": "autograd.anomaly", "vmap": "func",
    "_assert": "ops.inquiries", "GradScaler": "amp", "autocast": "amp", "get_autocast_dtype": "amp",
    "is_autocast_cache_enabled": "amp", "is_autocast_enabled": "amp", "set_autocast_cache_enabled": "amp",
    "set_autocast_dtype": "amp", "set_autocast_enabled": "amp",
} | dict.fromkeys(
    ("_dirichlet_grad", "_sample_dirichlet", "_standard_gamma", "_standard_gamma_grad", "binomial"),
    "distributions.draws",
)  # fmt: skip


def __getattr__(name: str) -> _Any:
    if name in _SUBMODULES:
        return _importlib.import_module(f".{name}", __name__)
    if name in _LAZY:
        return _later.fetch(_LAZY[name], name, globals())
    if name in _UNSTORED:  # types that NumPy lacks: they have names, and are refused where they are used
        return _UNSTORED[name]
    if name.endswith("_"):
        from .ops.inplace_functions import inplace_function

        found = inplace_function(name)
        if found is not None:
            return found
    from ._core.left_out import LEFT_OUT

    hint = f" {LEFT_OUT[name]}" if name in LEFT_OUT else _near(name, __all__)
    raise AttributeError(f"module 'tinygrad_nn' has no attribute {name!r}.{hint}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


# What stands in this file, or in the core; the rest of __all__ is what the ops hand out. Without sklearn: a star import
# must neither need scikit-learn nor hide it.
_OWN_NAMES = [
    "Generator", "GradScaler", "Size", "Tensor", "__version__", "accelerator", "amp", "autocast", "autograd",
    "backends", "bool", "case", "cdouble", "cfloat", "complex128", "complex64", "composite", "cpu", "cuda",
    "datasets", "debug", "default_generator", "device", "distributed", "double", "dtype", "e", "enable_grad", "fft",
    "finfo", "float", "float16", "float32", "float64", "func", "get_autocast_dtype", "get_default_dtype",
    "half", "hub", "iinfo", "inf", "inference_mode", "int", "int16", "int32", "int64", "int8",
    "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "is_autocast_cache_enabled", "is_autocast_enabled",
    "is_complex", "is_floating_point", "is_grad_enabled", "is_inference", "is_inference_mode_enabled", "is_tensor",
    "jit", "layout", "linalg", "load", "load_checkpoint", "long", "metrics", "mps", "multiprocessing", "nan",
    "newaxis", "nn", "no_grad", "numel", "op", "optim", "pi", "plots", "profiler", "random", "return_types",
    "safetensors", "save", "save_checkpoint", "serialization", "set_autocast_cache_enabled", "set_autocast_dtype",
    "set_autocast_enabled", "set_default_dtype", "set_grad_enabled", "set_printoptions", "short", "signal",
    "sparse_bsc", "sparse_bsr", "sparse_coo", "sparse_csc", "sparse_csr", "special", "strided",
    "testing", "training", "transforms", "uint8", "utils", "version", "vmap", "xpu",
]  # fmt: skip

# --- made by tools/make_exports.py: from here
__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "Generator", "GradScaler", "HalfTensor",
    "IntTensor", "LongTensor", "ShortTensor", "Size", "Tensor", "TypedStorage", "UntypedStorage", "__version__", "abs",
    "absolute", "accelerator", "acos", "acosh", "adaptive_avg_pool1d", "add", "addbmm", "addcdiv", "addcmul", "addmm",
    "addmv", "addr", "adjoint", "alias_copy", "all", "allclose", "amax", "amin", "aminmax", "amp", "angle", "any",
    "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "are_deterministic_algorithms_enabled", "argmax", "argmin", "argsort", "argwhere", "as_strided", "as_strided_copy",
    "as_strided_scatter", "as_tensor", "asarray", "asin", "asinh", "atan", "atan2", "atanh", "atleast_1d", "atleast_2d",
    "atleast_3d", "autocast", "autograd", "avg_pool1d", "backends", "baddbmm", "bartlett_window", "bernoulli",
    "bfloat16", "bilinear", "bincount", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "blackman_window", "block_diag", "bmm", "bool", "broadcast_shapes",
    "broadcast_tensors", "broadcast_to", "bucketize", "can_cast", "cartesian_prod", "case", "cat", "cdist", "cdouble",
    "ceil", "celu", "cfloat", "chain_matmul", "chalf", "channel_shuffle", "channels_last", "channels_last_3d",
    "cholesky", "cholesky_inverse", "cholesky_solve", "chunk", "clamp", "clamp_max", "clamp_min", "clip", "clone",
    "column_stack", "combinations", "compile", "complex", "complex32", "complex64", "complex128", "composite", "concat",
    "concatenate", "conj", "conj_physical", "constant_pad_nd", "contiguous_format", "conv1d", "conv2d", "conv3d",
    "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "copysign", "corrcoef", "cos", "cosh",
    "cosine_similarity", "count_nonzero", "cov", "cpu", "cross", "cuda", "cummax", "cummin", "cumprod", "cumsum",
    "cumulative_trapezoid", "datasets", "debug", "default_generator", "deg2rad", "det", "detach", "detach_",
    "detach_copy", "device", "diag", "diag_embed", "diagflat", "diagonal", "diagonal_copy", "diagonal_scatter", "diff",
    "digamma", "dist", "distributed", "div", "divide", "dot", "double", "dsplit", "dstack", "dtype", "e", "einsum",
    "empty", "empty_like", "empty_permuted", "empty_strided", "enable_grad", "eq", "equal", "erf", "erfc", "erfinv",
    "exp", "exp2", "expand_copy", "expm1", "eye", "fft", "fill", "fill_", "finfo", "fix", "flatten", "flip", "fliplr",
    "flipud", "float", "float16", "float32", "float64", "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod",
    "frac", "frexp", "frobenius_norm", "from_dlpack", "from_numpy", "frombuffer", "full", "full_like", "func", "gather",
    "gcd", "ge", "geqrf", "ger", "get_autocast_dtype", "get_default_device", "get_default_dtype",
    "get_deterministic_debug_mode", "get_device", "get_float32_matmul_precision", "get_num_interop_threads",
    "get_num_threads", "get_rng_state", "gradient", "greater", "greater_equal", "group_norm", "gt", "half",
    "hamming_window", "hann_window", "hardshrink", "heaviside", "histc", "histogram", "histogramdd", "hsplit", "hstack",
    "hub", "hypot", "i0", "igamma", "igammac", "iinfo", "imag", "index_add", "index_copy", "index_fill", "index_put",
    "index_put_", "index_reduce", "index_select", "inf", "inference_mode", "initial_seed", "inner", "int", "int8",
    "int16", "int32", "int64", "inverse", "is_anomaly_check_nan_enabled", "is_anomaly_enabled",
    "is_autocast_cache_enabled", "is_autocast_enabled", "is_complex", "is_conj",
    "is_deterministic_algorithms_warn_only_enabled", "is_floating_point", "is_grad_enabled", "is_inference",
    "is_inference_mode_enabled", "is_neg", "is_nonzero", "is_same_size", "is_signed", "is_storage", "is_tensor",
    "is_warn_always_enabled", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf", "isreal",
    "istft", "jit", "kaiser_window", "kron", "kthvalue", "layer_norm", "layout", "lcm", "ldexp", "le", "lerp", "less",
    "less_equal", "lgamma", "linalg", "linspace", "load", "load_checkpoint", "log", "log1p", "log2", "log10",
    "log_softmax", "logaddexp", "logaddexp2", "logcumsumexp", "logdet", "logical_and", "logical_not", "logical_or",
    "logical_xor", "logit", "logspace", "logsumexp", "long", "lt", "lu", "lu_solve", "lu_unpack", "manual_seed",
    "masked_fill", "masked_scatter", "masked_select", "matmul", "matrix_exp", "matrix_power", "max", "max_pool1d",
    "max_pool1d_with_indices", "max_pool2d", "max_pool3d", "maximum", "mean", "median", "memory_format", "meshgrid",
    "metrics", "min", "minimum", "mm", "mode", "moveaxis", "movedim", "mps", "msort", "mul", "multinomial", "multiply",
    "multiprocessing", "mv", "mvlgamma", "nan", "nan_to_num", "nanmean", "nanmedian", "nanquantile", "nansum", "narrow",
    "narrow_copy", "native_channel_shuffle", "ne", "neg", "negative", "newaxis", "nextafter", "nn", "no_grad",
    "nonzero", "nonzero_static", "norm", "normal", "not_equal", "nuclear_norm", "numel", "ones", "ones_like", "op",
    "optim", "orgqr", "ormqr", "outer", "pairwise_distance", "pca_lowrank", "pdist", "permute", "permute_copy", "pi",
    "pinverse", "pixel_shuffle", "pixel_unshuffle", "plots", "poisson", "polar", "polygamma", "positive", "pow",
    "prelu", "preserve_format", "prod", "profiler", "promote_types", "put", "qr", "quantile", "rad2deg", "rand",
    "rand_like", "randint", "randint_like", "randn", "randn_like", "random", "randperm", "range", "ravel", "real",
    "reciprocal", "relu", "remainder", "renorm", "repeat_interleave", "reshape", "resize_as_", "resolve_conj",
    "resolve_neg", "result_type", "return_types", "rms_norm", "roll", "rot90", "round", "row_stack", "rrelu", "rsqrt",
    "rsub", "safetensors", "save", "save_checkpoint", "scalar_tensor", "scatter", "scatter_add", "scatter_reduce",
    "searchsorted", "seed", "select", "select_copy", "select_scatter", "selu", "serialization",
    "set_autocast_cache_enabled", "set_autocast_dtype", "set_autocast_enabled", "set_default_device",
    "set_default_dtype", "set_default_tensor_type", "set_deterministic_debug_mode", "set_float32_matmul_precision",
    "set_flush_denormal", "set_grad_enabled", "set_num_interop_threads", "set_num_threads", "set_printoptions",
    "set_rng_state", "set_warn_always", "sgn", "short", "sigmoid", "sign", "signal", "signbit", "sin", "sinc", "sinh",
    "slice_copy", "slice_inverse", "slice_scatter", "slogdet", "softmax", "sort", "sparse_bsc", "sparse_bsr",
    "sparse_coo", "sparse_csc", "sparse_csr", "special", "split", "split_copy", "split_with_sizes",
    "split_with_sizes_copy", "sqrt", "square", "squeeze", "squeeze_copy", "stack", "std", "std_mean", "stft", "strided",
    "sub", "subtract", "sum", "svd", "svd_lowrank", "swapaxes", "swapdims", "t", "t_copy", "take", "take_along_dim",
    "tan", "tanh", "tensor", "tensor_split", "tensordot", "testing", "threshold", "tile", "to_dlpack", "topk", "trace",
    "training", "transforms", "transpose", "transpose_copy", "trapezoid", "trapz", "triangular_solve", "tril",
    "tril_indices", "triu", "triu_indices", "true_divide", "trunc", "typename", "uint8", "uint16", "uint32", "uint64",
    "unbind", "unbind_copy", "unflatten", "unfold_copy", "unique", "unique_consecutive", "unravel_index",
    "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes", "unsqueeze", "unsqueeze_copy",
    "use_deterministic_algorithms", "utils", "vander", "var", "var_mean", "vdot", "version", "view_as_complex",
    "view_as_complex_copy", "view_as_real", "view_as_real_copy", "view_copy", "vmap", "vsplit", "vstack", "where",
    "xlogy", "xpu", "zero_", "zeros", "zeros_like",
]  # fmt: skip
# --- to here
