"""Write ``random.json``: what PyTorch 2.13's CPU generator draws. Run with PyTorch installed.

A call is the name of a method of `tinygrad_nn._core.random.Generator` and its keyword arguments; `torch_call`
makes the same draw with PyTorch. The tests use it as well, to compare with the PyTorch that is installed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import warnings
import zlib
from typing import Any

import numpy as np
import torch

Call = tuple[str, dict[str, Any]]

IN_PLACE = {
    "exponential": ("exponential_", ["lambd"]),
    "cauchy": ("cauchy_", ["median", "sigma"]),
    "log_normal": ("log_normal_", ["mean", "std"]),
    "geometric": ("geometric_", ["p"]),
    "random": ("random_", []),
    "random_integers": ("random_", ["low", "high"]),
}
DTYPES = ("float16", "float32", "float64")


def torch_call(call: Call, generator: torch.Generator) -> np.ndarray:
    """Make one draw with PyTorch."""
    name, given = call
    arguments = dict(given)
    if name == "permutation":
        return torch.randperm(arguments["count"], generator=generator).numpy()
    if name == "bernoulli_scalar":
        out = torch.empty(arguments["shape"], dtype=torch.bool)
        return out.bernoulli_(arguments["p"], generator=generator).numpy()
    if name in ("bernoulli_array", "poisson", "multinomial"):
        return _torch_on_array(name, arguments, generator)
    out = torch.empty(arguments.pop("shape"), dtype=getattr(torch, arguments.pop("dtype")))
    if not arguments.pop("contiguous", True):
        out = out.new_empty((*out.shape, 2))[..., 0]
    if name == "uniform":
        out.uniform_(arguments.get("low", 0), arguments.get("high", 1), generator=generator)
    elif name == "normal":
        out.normal_(arguments.get("mean", 0), arguments.get("std", 1), generator=generator)
    elif name == "truncated_normal":
        torch.nn.init.trunc_normal_(out, **arguments, generator=generator)
    else:
        method, names = IN_PLACE[name]
        with warnings.catch_warnings():  # about integers beyond the precision of a floating dtype
            warnings.simplefilter("ignore")
            getattr(out, method)(*(arguments[key] for key in names), generator=generator)
    return out.numpy()


def _torch_on_array(name: str, arguments: dict[str, Any], generator: torch.Generator) -> np.ndarray:
    if name == "bernoulli_array":
        return torch.bernoulli(torch.from_numpy(arguments["p"]), generator=generator).bool().numpy()
    if name == "poisson":
        return torch.poisson(torch.from_numpy(arguments["rate"]), generator=generator).numpy()
    weights = torch.from_numpy(arguments["weights"])
    return torch.multinomial(
        weights, arguments["num_samples"], arguments["replacement"], generator=generator
    ).numpy()


def calls(size: int) -> list[Call]:
    """One draw of each kind and dtype."""
    made: list[Call] = []
    for dtype in DTYPES:
        common = {"shape": size, "dtype": dtype}
        made += [
            ("uniform", common),
            ("uniform", {**common, "low": -0.3, "high": 0.7}),
            ("normal", common),
            ("normal", {**common, "mean": 0.3, "std": 1.7}),
            ("normal", {**common, "contiguous": False}),
            ("truncated_normal", {**common, "std": 0.02, "a": -0.03, "b": 0.03}),
            ("truncated_normal", {**common, "a": 2.0, "b": 3.0}),
            ("exponential", {**common, "lambd": 1.7}),
            ("cauchy", {**common, "median": 0.7, "sigma": 1.3}),
            ("log_normal", {**common, "mean": 0.3, "std": 0.5}),
            ("geometric", {**common, "p": 0.3}),
        ]
    for dtype in (*DTYPES, "bool", "uint8", "int8", "int16", "int32", "int64"):
        made += [("random", {"shape": size, "dtype": dtype})]
        made += [("random_integers", {"shape": size, "dtype": dtype, "low": 0, "high": 2})]
    for low, high in ((0, 10), (-5, 60001), (0, 2**28 - 1), (0, 2**28), (-(2**31), 2**33), (-(2**63), None)):
        made += [("random_integers", {"shape": size, "dtype": "int64", "low": low, "high": high})]
    made += [("bernoulli_scalar", {"p": p, "shape": size}) for p in (0.0, 0.2, 0.5, 1.0)]
    return [*made, ("permutation", {"count": size})]


def array_calls(size: int) -> list[Call]:
    """One draw of each kind that takes an array."""
    made: list[Call] = []
    for dtype in ("float32", "float64"):
        weights = (np.arange(1, size + 1) % 7 / 7 + 0.01).astype(dtype)
        made += [
            ("bernoulli_array", {"p": weights}),
            ("multinomial", {"weights": weights, "num_samples": min(size, 5), "replacement": False}),
            ("multinomial", {"weights": weights, "num_samples": 1, "replacement": True}),
            ("multinomial", {"weights": weights, "num_samples": 7, "replacement": True}),
            ("poisson", {"rate": weights * 20}),
        ]
    return made


def record(call: Call, generator: torch.Generator) -> dict[str, Any]:
    """Make a draw and note its values, or their digest where there are many."""
    values = torch_call(call, generator)
    entry: dict[str, Any] = {"name": call[0], "arguments": call[1]}
    if values.size <= 20:
        return {**entry, "values": values.tolist()}
    return {**entry, "sha256": hashlib.sha256(np.ascontiguousarray(values)).hexdigest()}


def exact(call: Call) -> bool:
    """Tell draws with the same bits everywhere from those left to the platform's float64 functions."""
    return call[1].get("dtype") != "float64" or call[0] in (
        "uniform",
        "geometric",
        "random",
        "random_integers",
    )


def main() -> None:
    """Draw everything, in one stream per seed and size."""
    streams = []
    for seed, size in ((0, 1), (1, 5), (-3, 16), (2**40 + 7, 19), (42, 1000), (7, 5003)):
        generator = torch.Generator().manual_seed(seed)
        draws = [record(c, generator) for c in calls(size) if size < 20 or exact(c)]
        streams.append({"seed": seed, "draws": draws})
    generator = torch.Generator().manual_seed(123)
    torch.randn(3, generator=generator)
    state = base64.b64encode(zlib.compress(generator.get_state().numpy().tobytes())).decode()
    golden = {"torch": torch.__version__, "streams": streams, "state": state}
    text = (
        json.dumps(golden, separators=(",", ":"))
        .replace('{"seed"', '\n{"seed"')
        .replace('{"name"', '\n{"name"')
    )
    pathlib.Path(__file__).with_name("random.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
