"""Other sizes, and other places: interpolation and sampling."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import FLOATS, INTEGERS, arrays
from .table import Call, Draw, drawn

MODES = {
    1: ["nearest", "nearest-exact", "linear", "area"],
    2: ["nearest", "nearest-exact", "bilinear", "bicubic", "area", "lanczos"],
    3: ["nearest", "nearest-exact", "trilinear", "area"],
}


def image(draw: Draw, dims: int, types: Any) -> Any:
    sides = draw(st.lists(st.integers(1, 6), min_size=dims, max_size=dims))
    lead = [draw(st.sampled_from([1, 2, 0, 1])), draw(st.sampled_from([1, 2, 3, 1, 0]))]
    return draw(arrays(types, (*lead, *sides)))


def size_or_scale(draw: Draw, x: Any) -> dict[str, Any]:
    dims = x.ndim - 2
    size, scale = st.integers(1, 9), st.sampled_from([2, 2.0, 0.5, 1.3, 0.7, 3.0, 1.0, 2.5])
    if draw(st.booleans()):
        return {"size": draw(st.one_of(size, st.lists(size, min_size=dims, max_size=dims).map(tuple)))}
    return {"scale_factor": draw(st.one_of(scale, st.lists(scale, min_size=dims, max_size=dims).map(tuple)))}


@drawn("nn.functional.interpolate", examples=300)
def interpolate(draw: Draw) -> Call:
    if draw(st.integers(0, 4)) == 4:
        return wrong_interpolate(draw)
    dims = draw(st.integers(1, 3))
    mode = draw(st.sampled_from(MODES[dims]))
    bytes_too = (np.uint8,) if mode.startswith("nearest") else ()
    x = image(draw, dims, (*FLOATS, np.float16, *bytes_too, *([] if mode == "lanczos" else [INTEGERS[0]])))
    options = size_or_scale(draw, x)
    if mode == "area":  # of which PyTorch has no gradient where there are no elements
        x = x if x.size else np.ones((1, 2, *[max(n, 1) for n in x.shape[2:]]), np.float32)
        size = np.maximum(options.get("size", 1), 1).tolist()
        options = {"scale_factor": 1.5} if "scale_factor" in options else {"size": size}
    if mode.endswith(("linear", "cubic")) and draw(st.booleans()):
        options["align_corners"] = draw(st.booleans())
    if mode in ("bilinear", "bicubic", "lanczos") and draw(st.booleans()):
        options["antialias"] = x.dtype.kind == "f" and x.dtype != np.float16  # of others PyTorch takes some
        last = options["size"] if "size" in options else options["scale_factor"] * np.asarray(x.shape[-1])
        if np.ravel(last)[-1] < 2:  # PyTorch's result is wrong where a row of it has one element
            options = {"size": (2, 3)}
    if "scale_factor" in options and draw(st.booleans()):
        options["recompute_scale_factor"] = draw(st.booleans())
    if "scale_factor" in options and mode in ("nearest", "bicubic"):
        # where the result is as long as the input, or twice, PyTorch's gradient is not that of its result
        options["recompute_scale_factor"] = True
    return Call(x, mode=mode, **options)


def wrong_interpolate(draw: Draw) -> Call:
    """Options that do not all go together."""
    x = draw(arrays((np.float32,), st.lists(st.integers(1, 3), min_size=2, max_size=6).map(tuple)))
    options: dict[str, Any] = {"mode": draw(st.sampled_from([*MODES[1], *MODES[2], *MODES[3], "cubic"]))}
    sizes = [None, 2, 2.5, (2, 2), (1, 2, 3), (0, 1), -1, (2.0, 2.0), [3]]
    for name, values in {
        "size": sizes, "scale_factor": [None, None, 0.01, (2,), 2.0, (2, 2)], "align_corners": [None, None, True],
        "antialias": [False, True], "recompute_scale_factor": [None, True],
    }.items():  # fmt: skip
        value = draw(st.sampled_from(values))
        if value is not None:
            options[name] = value
    return Call(x, **options)


@drawn("nn.functional.upsample", "nn.functional.upsample_nearest", "nn.functional.upsample_bilinear", examples=20)
def upsample(draw: Draw) -> Call:
    x = image(draw, 2, FLOATS)
    options = size_or_scale(draw, x)
    if "scale_factor" in options:  # see `interpolate`
        options = {"scale_factor": 3}
    return Call(x, **options)


@drawn("nn.functional.grid_sample", examples=150, tolerance=3)
def grid_sample(draw: Draw) -> Call:
    dims = draw(st.sampled_from([2, 2, 3]))
    kind = draw(st.sampled_from(FLOATS))
    x = image(draw, dims, (kind,))
    out = draw(st.lists(st.integers(1, 3), min_size=dims, max_size=dims))
    grid = draw(arrays((kind,), (len(x), *out, dims), domain=(-2.5, 2.5)))
    options: dict[str, Any] = {"align_corners": draw(st.booleans())}
    for name, values in {
        "mode": ["bilinear", "nearest", "bicubic"], "padding_mode": ["zeros", "border", "reflection"]
    }.items():  # fmt: skip
        if draw(st.booleans()):
            options[name] = draw(st.sampled_from(values))
    if draw(st.integers(0, 14)) == 14:
        options["mode"] = "trilinear"
    if len(x) and draw(st.integers(0, 9)) == 9:
        grid = grid[draw(st.sampled_from([np.s_[..., :1], np.s_[1:], np.s_[0]]))]
    return Call(x, grid, **options)


@drawn("nn.functional.affine_grid", examples=60)
def affine_grid(draw: Draw) -> Call:
    dims = draw(st.sampled_from([2, 3]))
    size = [draw(st.integers(1, 2)), 1, *draw(st.lists(st.integers(1, 4), min_size=dims, max_size=dims))]
    theta = draw(arrays(FLOATS, (size[0], dims, dims + 1)))
    if draw(st.integers(0, 7)) == 7:
        size[draw(st.integers(0, dims + 1))] = 3
    if draw(st.integers(0, 7)) == 7:
        theta = theta[draw(st.sampled_from([0, np.s_[:, 1:], np.s_[:, :, 1:]]))]
    return Call(theta, tuple(size), **draw(st.sampled_from([{}, {"align_corners": True}, {"align_corners": False}])))
