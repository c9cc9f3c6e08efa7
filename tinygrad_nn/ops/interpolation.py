"""Resizing: images, sequences and volumes at another size, by interpolation.

All modes treat one axis after the other, and are linear: `tinygrad_nn._core.resampling` holds the maps of single axes,
and the gradient is the map's transpose.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dtypes, resampling
from .._core.axis_maps import AxisMap
from .._core.errors import must_be_tensor
from .._core.op import case, op
from .._core.tensor import Tensor

__all__: list[str] = []

_HALF, _F4, _F8 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)


def _transposed(g: Any, maps: Any) -> Any:
    """The gradient goes through the transposed maps."""
    return _resampled.op.numpy(g, maps=tuple([found and found.transposed for found in maps]))


@op(kind="general", vjp=_transposed, method=False, torch_name="", node_name="UpsampleBackward0",
    cases=[case((1, 2, 3, 4), maps=(resampling.linear_map(3, 5, None, False, np.float64),
                                    resampling.linear_map(4, 2, None, True, np.float64))),
           case((2, 1, 5), maps=(resampling.nearest_map(5, 7, None, False),)),
           case((1, 1, 4, 2), maps=(resampling.area_map(4, 3, np.float64), None))])  # fmt: skip
def _resampled(x, /, *, maps):
    """Each of the last dimensions through its map."""
    if x.dtype == _HALF:
        return resampling.resample(x.astype(np.float32), maps).astype(_HALF)
    if x.dtype.kind in "bu":
        return _of_bytes(x, maps)
    out = resampling.resample(x, maps)
    return out.copy() if out is x else out.astype(x.dtype, copy=False)


def _of_bytes(x: Any, maps: Any) -> Any:
    """Of bytes: rounded, and held within their bounds, after each axis, the last axis first."""
    for i in reversed(range(len(maps))):
        found = maps[i]
        if found is not None:
            kept = found.weights is None
            x = found.apply(x if kept else x.astype(np.float32), i - len(maps))
            x = x if kept else np.clip(np.rint(x), 0, 255).astype(np.uint8)
    return x.copy()


# --- sizes -------------------------------------------------------------------------------------------------------

_MODES = {
    "nearest": (3, 4, 5), "nearest-exact": (3, 4, 5), "area": (3, 4, 5), "linear": (3,), "bilinear": (4,),
    "trilinear": (5,), "bicubic": (4,), "lanczos": (4,),
}  # fmt: skip


def _per_dimension(name: str, value: Any, shape: tuple[int, ...]) -> list[Any]:
    """A number for all dimensions, or one for each."""
    lengths = shape[2:]
    if not isinstance(value, list | tuple):
        return [value] * len(lengths)
    if len(value) != len(lengths):
        what = "output size of" if name == "size" else "scale_factor of shape"
        raise ValueError(
            f"Input and {'output' if name == 'size' else 'scale_factor'} must have the same number of spatial "
            f"dimensions, but got input with spatial dimensions of {list(lengths)} and {what} {value}. Please provide "
            f"input tensor in (N, C, d1, d2, ...,dK) format and {name} in its (d1, d2, ...,dK) format."
        )
    return list(value)


def _integers(sizes: list[Any]) -> list[int]:
    if not all(hasattr(s, "__index__") and not isinstance(s, bool) for s in sizes):
        raise TypeError(
            "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got size "
            f"with types {[type(s) for s in sizes]}"
        )
    return [int(s) for s in sizes]


def _wanted(
    shape: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool
) -> tuple[list[Any], list[float | None]]:
    """The lengths wanted, and the scales to compute positions with (None: the lengths' ratio).

    Raises:
        ValueError, TypeError: neither or both of size and scale are given, or not one for each dimension.
    """
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is not None:
        sizes = _per_dimension("size", size, shape)
        if isinstance(size, list | tuple):
            _integers(sizes)
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        return sizes, [None] * len(sizes)
    if scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    scales = _per_dimension("scale_factor", scale_factor, shape)
    if not all(isinstance(s, int | float | np.number) for s in scales):
        raise TypeError(f"interpolate(): argument 'scale_factor' must be float or tuple of floats, got {scale_factor}")
    sizes = [int(n * s) for n, s in zip(shape[2:], scales, strict=True)]
    return sizes, [None] * len(sizes) if recompute else [float(s) for s in scales]


def _check(x: np.ndarray[Any, Any], mode: str, wanted: Sequence[int], antialias: bool) -> None:
    lengths = x.shape[2:]
    if mode == "area":
        if 0 in (lengths if x.ndim < 5 or set(wanted) == {1} else x.shape[1:]):
            raise RuntimeError(
                f"adaptive_avg_pool{len(lengths)}d(): Expected input to have non-zero size for non-batch dimensions, "
                f"but input has sizes {list(x.shape)}"
            )
        if min(wanted) < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension: output size {list(wanted)}")
    else:
        if min(*lengths, *wanted) <= 0:
            raise RuntimeError(
                f"Input and output sizes should be greater than 0, but got input {list(lengths)} output {list(wanted)}"
            )
        if x.shape[1] == 0:
            raise RuntimeError(f"Non-empty {x.ndim}D data tensor expected but got a tensor with sizes {list(x.shape)}")
    smooth = mode in ("bilinear", "bicubic", "lanczos")
    taken = x.dtype.kind == "f" or (x.dtype == np.uint8 and (smooth or mode.startswith("nearest")))
    if not taken or (antialias and x.dtype == _HALF and tuple(wanted) != lengths):
        raise NotImplementedError(
            f"\"interpolate_{mode}\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert the input first: "
            "x.float()."
        )


def _map(
    mode: str, length: int, wanted: int, scale: float | None, corners: bool, antialias: bool, kind: Any
) -> AxisMap | None:
    if mode.startswith("nearest"):
        return resampling.nearest_map(length, wanted, scale, mode == "nearest-exact")
    if mode == "area":
        return resampling.area_map(length, wanted, kind)
    if antialias:
        return resampling.smooth_map(length, wanted, scale, corners, kind, mode)
    if mode == "bicubic":
        return resampling.cubic_map(length, wanted, scale, corners, kind)
    return resampling.linear_map(length, wanted, scale, corners, kind)


def _check_mode(mode: str, ndim: int, align_corners: bool | None, antialias: bool) -> None:
    """Refuse what does not go together.

    Raises:
        ValueError, NotImplementedError: as PyTorch.
    """
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    dims = _MODES.get(mode, ())
    if len(dims) == 1 and mode not in ("bicubic", "lanczos") and ndim in (3, 4, 5) and ndim not in dims:
        raise NotImplementedError(f"Got {ndim}D input, but {mode} mode needs {dims[0]}D input")
    if ndim not in dims:
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {ndim}D) for the modes: nearest | linear | "
            f"bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
        )
    if mode == "lanczos" and align_corners:
        raise ValueError("Lanczos mode does not support align_corners=True")
    if mode == "lanczos" and not antialias:
        raise ValueError("Lanczos mode requires antialias=True")


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """The input at another size.

    Args:
        input: (N, C, length), (N, C, height, width) or (N, C, depth, height, width).
        size: the lengths wanted; or one number, for all dimensions.
        scale_factor: instead of a size: by how much each dimension is to be longer.
        mode: ``"nearest"`` (the element before), ``"nearest-exact"``; ``"linear"``, ``"bilinear"``, ``"trilinear"``
            by the number of dimensions; ``"bicubic"`` (images only); ``"area"`` (means); ``"lanczos"`` (images, with
            `antialias`).
        align_corners: the corner elements' centres, not their outer edges, keep their places.
        recompute_scale_factor: compute positions from the lengths, not from the scale given.
        antialias: in bilinear and bicubic mode, use all elements that a smaller result covers.

    Raises:
        ValueError: options do not go together.
        NotImplementedError: the mode is not for so many dimensions, or for such elements.
        RuntimeError: a length is 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[[1.0, 2.0]]])
        >>> tg.nn.functional.interpolate(x, scale_factor=2)
        tensor([[[1., 1., 2., 2.]]])
        >>> tg.nn.functional.interpolate(x, size=3, mode="linear", align_corners=True)
        tensor([[[1.0000, 1.5000, 2.0000]]])
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("interpolate", "input", 0, input)
    x = input._array
    if align_corners is not None and mode in ("nearest", "nearest-exact", "area"):
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    wanted, scales = _wanted(x.shape, size, scale_factor, bool(recompute_scale_factor))
    _check_mode(mode, x.ndim, align_corners, antialias)
    wanted = _integers(wanted)
    _check(x, mode, wanted, antialias)
    kind = np.float64 if x.dtype == _F8 else np.float32
    if antialias and tuple(wanted) == x.shape[2:]:
        return _resampled(input, maps=(None, None))
    given = zip(x.shape[2:], wanted, scales, strict=True)
    maps = tuple([_map(mode, n, m, s, bool(align_corners), antialias, kind) for n, m, s in given])
    return _resampled(input, maps=maps)


def upsample(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """`interpolate`, by its former name.

    Example:
        >>> import warnings, tinygrad_nn as tg
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     tg.nn.functional.upsample(tg.tensor([[[1.0, 2.0]]]), size=4)
        tensor([[[1., 1., 2., 2.]]])
    """
    _warn("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Tensor, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> Tensor:
    """`interpolate` with ``mode="nearest"``, by its former name."""
    _warn("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(
    input: Tensor, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> Tensor:
    """`interpolate` with ``mode="bilinear"`` and ``align_corners=True``, by its former name."""
    _warn("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _warn(name: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", UserWarning, stacklevel=3
    )
