"""The examples of PyTorch's own documentation, run in PyTorch and here: the same results, printed, or the same errors.

They are taken from the docstrings of the PyTorch that is installed, so they are about what it documents. Each runs step
by step with the same seed on both sides. Numbers may differ in their last printed digits.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import inspect
import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tinygrad_nn

torch = pytest.importorskip("torch", reason="compares with PyTorch's documentation")

PLACES = [  # in torch, itself among them
    "", "Tensor", "nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.rnn", "nn.utils.prune",
    "nn.utils.parametrize", "nn.utils.parametrizations", "nn.parameter", "nn.Module", "nn.attention", "linalg", "fft",
    "special", "signal.windows", "random", "testing", "optim", "optim.Optimizer", "optim.lr_scheduler",
    "optim.swa_utils", "utils.data", "utils.checkpoint", "autograd", "autograd.Function", "autograd.functional",
    "autograd.forward_ad", "autograd.graph", "func", "distributions", "distributions.constraints",
]  # fmt: skip

# Docstrings of which something is meant to differ. Whatever docs/differences.md says of all of them is not repeated.
DIFFERENT = {
    "sparse tensors are left out": [
        "col_indices", "crow_indices", "to_dense", "narrow_copy", "sparse_coo_tensor", "sparse_csr_tensor",
    ],
    "quantised tensors are left out": [
        "fake_quantize_per_channel_affine", "fake_quantize_per_tensor_affine", "quantize_per_channel",
        "quantize_per_tensor", "quantize_per_tensor_dynamic", "quantized_batch_norm", "quantized_max_pool1d",
        "quantized_max_pool2d",
    ],
    "left out, as docs/conformance.md says": [
        "Event", "_is_device_backend_autoload_enabled", "_segment_reduce", "segment_reduce", "from_file", "hash_tensor",
        "thread_safe_generator", "grad_dtype", "_powsum", "enforce_grad_layout_policy", "rearrange",
        "region_activation_memory_budget",
    ],
    "memory that nothing has been written to": [
        "new_empty", "new_empty_strided", "empty", "empty_strided", "skip_init",
    ],
    "drawn by chance": ["seed", "uuid"],
    "prints what kind of object something is": ["vmap", "register_multi_grad_hook"],
    "equal within rounding, or not: the comparison says the one here and the other there": [
        "solve", "solve_triangular", "tensorsolve", "hfft2", "hfftn", "cholesky_inverse", "lstsq",
    ],
    "a zero with the other sign": ["eigh", "hfft", "ihfft"],
    "the default of complex numbers when the default is float16": ["set_default_dtype"],
    "CPUs' denormal numbers are never flushed": ["set_flush_denormal"],
    "equal elements come in another order": ["sort"],
    "there is no view that negates": ["resolve_neg"],
    "PyTorch has no deterministic algorithm": ["MaxUnpool1d", "MaxUnpool3d"],
    "the node of a fused operation": ["RMSNorm"],
    "torch.fx is left out": ["functionalize"],
    "its example goes on where the one before has failed": ["dim_order", "load"],
    "the pages' examples need files, devices or other packages": ["_assert_async", "compile", "export"],
}
_NAMES = {name: reason for reason, names in DIFFERENT.items() for name in names}
_STEPS = ("cuda", "xpu", "mtia", "plt.", "__config__", "input(", "multiprocess")  # of examples, which are left away


def documented() -> dict[str, list[str]]:
    """The examples by the names of what they document, each as the statements behind its ``>>>``."""
    found: dict[str, list[str]] = {}
    texts: set[str] = set()
    for place in PLACES:
        owner: Any = torch
        for part in filter(None, place.split(".")):
            if not hasattr(owner, part):
                importlib.import_module(f"{owner.__name__}.{part}")
            owner = getattr(owner, part)
        for name, text in docstrings(owner):
            if ">>>" in text and text not in texts:
                texts.add(text)
                found[f"{place}.{name}".strip(".")] = statements(text)
    return found


def docstrings(owner: Any) -> Iterator[tuple[str, str]]:
    """What a module or class has, and what its classes have."""
    for name in dir(owner):
        if name.startswith("__") or name == "BFloat16Tensor":
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            thing = getattr(owner, name, None)
        yield name, inspect.getdoc(thing) or ""
        if inspect.isclass(thing) and (thing.__module__ or "").startswith("torch"):
            for inner, member in vars(thing).items():
                if not inner.startswith("__") and callable(member):
                    yield f"{name}.{inner}", inspect.getdoc(member) or ""


def statements(text: str) -> list[str]:
    """The statements of a docstring, with the lines that go on behind ``...``."""
    steps: list[list[str]] = []
    going = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith(">>>"):
            steps.append([line[3:].removeprefix(" ")])
            going = True
        elif line.startswith("...") and going:
            steps[-1].append(line[3:].removeprefix(" "))
        else:
            going = False
    return ["\n".join(step) + "\n" for step in steps]


EXAMPLES = {
    name: steps
    for name, steps in documented().items()
    if name.split(".")[-1] not in _NAMES and not any(word in name.lower() for word in ("cuda", "distributed", "sparse"))
}


def names_for(package: ModuleType) -> dict[str, Any]:
    """The names that the pages take for granted. ``import torch`` gives the package."""

    def load(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if name.split(".")[0] != "torch":
            return __import__(name, globals, locals, fromlist, level)
        module = importlib.import_module(package.__name__ + name.removeprefix("torch"))
        return module if fromlist else package

    def get(name: str) -> Any:
        return importlib.import_module(f"{package.__name__}.{name}")

    D = get("distributions")  # noqa: N806
    families = {name: getattr(D, name) for name in torch.distributions.__all__}
    return families | {
        "D": D, "constraints": D.constraints,
        "__builtins__": {**vars(builtins), "__import__": load}, "__name__": "example", "torch": package, "np": np,
        "numpy": np, "nn": get("nn"), "F": get("nn.functional"), "optim": get("optim"), "data": get("utils.data"),
        "fwAD": get("autograd.forward_ad"), "prune": get("nn.utils.prune"), "P": get("nn.utils.parametrize"),
    }  # fmt: skip


def run(package: Any, steps: list[str]) -> list[str]:
    """What each step prints, or how it fails."""
    names = names_for(package)
    package.manual_seed(0)
    said = []
    try:
        for step in steps:
            if any(word in step for word in _STEPS):
                continue
            out = io.StringIO()
            try:
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                    exec(compile(step, "<example>", "single"), names)
            except SyntaxError:
                said.append("no statement")
            except Exception as error:
                said.append(f"raises {next(kind.__name__ for kind in type(error).__mro__ if kind in KINDS)}")
            else:
                said.append(out.getvalue())
    finally:
        package.set_default_dtype(package.float32)
        package.set_default_device(None)  # in PyTorch, "cpu" makes every call go through a mode
        package.set_printoptions(profile="default")
        package.set_grad_enabled(True)
        package.use_deterministic_algorithms(False)
    return said


KINDS = {kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, BaseException)}
_NUMBER = re.compile(r"-?\d+\.\d*(?:e[+-]?\d+)?|-?\d+e[+-]?\d+")
_ADDRESS = re.compile(r"0x[0-9a-f]+")


def plain(text: str) -> str:
    """Without addresses, and with one name for both packages."""
    return _ADDRESS.sub("0x", text).replace("tinygrad_nn._core.random.", "torch._C.").replace("tinygrad_nn", "torch")


def alike(ours: str, theirs: str) -> bool:
    """Whether both texts are the same, but for the last digits of numbers, and the spaces that these need."""
    ours, theirs = plain(ours), plain(theirs)
    if re.sub(r"\s", "", _NUMBER.sub("#", ours)) != re.sub(r"\s", "", _NUMBER.sub("#", theirs)):
        return False
    pairs = zip(map(float, _NUMBER.findall(ours)), map(float, _NUMBER.findall(theirs)), strict=True)
    return all(abs(one - other) <= 2e-4 * max(1.0, abs(other)) for one, other in pairs)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # some write files
    steps = EXAMPLES[name]
    ran = [step for step in steps if not any(word in step for word in _STEPS)]
    answers = run(tinygrad_nn, steps), run(torch, steps)
    for step, ours, theirs in zip(ran, *answers, strict=True):
        assert alike(ours, theirs), f">>> {step}PyTorch: {theirs}\nhere: {ours}"


def test_there_are_hundreds() -> None:
    assert len(EXAMPLES) > 700
