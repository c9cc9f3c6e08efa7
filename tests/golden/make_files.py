"""Make ``files/*.pt``: small files as PyTorch's ``torch.save`` writes them, of the data below.

Run with a Python that has PyTorch: ``python tests/golden/make_files.py``. Made with PyTorch 2.13. The functions take
the package that makes the tensors, so that the tests can make the same data with tinygrad_nn.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "files"
DTYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128",
    "uint16", "uint32", "uint64",
]  # fmt: skip


def types(torch: Any) -> Any:
    """Tensors of every type, and of shapes without dimensions or elements."""
    named = {name: torch.arange(3).to(getattr(torch, name)) for name in DTYPES}
    return {**named, "number": torch.tensor(2.5), "empty": torch.zeros(0, 3)}


def views(torch: Any) -> Any:
    """Views of one memory, as they can lie in it."""
    x = torch.arange(24.0).reshape(2, 3, 4)
    return {
        "whole": x, "again": x, "row": x[1, 2], "transposed": x.transpose(0, 2), "steps": x[:, ::2, 1::2],
        "other": torch.ones(1, 3).expand(4, 3), "part": x[1:, 1:2, 2:3], "added": x[0, 0].unsqueeze(0),
    }  # fmt: skip


def python(torch: Any) -> Any:
    """Python's own types, and the small ones of PyTorch."""
    numbers = [0, 1, -1, 255, 256, 65535, 65536, 2**31, -(2**31) - 1, 2**70, 1.5, float("inf"), True, False, None]
    holders = [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], {}, {1: {2: (3,)}}, {"a"}, OrderedDict(b=2)]
    others = ["", "é", b"ab\xff", bytearray(b"x"), 1 + 2j, Counter("aab"), list(range(1001))]
    own = [torch.Size([2, 0]), torch.float32, torch.bfloat16, torch.device("cpu"), torch.strided]
    cycle: list[Any] = [1]
    cycle.append(cycle)
    return {"numbers": numbers, "holders": holders, "others": others, "own": own, "cycle": cycle}


def parameters(torch: Any) -> Any:
    """Parameters and buffers, with attributes and without."""
    nn = torch.nn
    named = nn.Parameter(torch.ones(2))
    named.tag = ["bias", 1]
    plain = torch.zeros(2)
    plain.note = 2.5
    return {
        "parameter": nn.Parameter(torch.ones(2, 2)), "frozen": nn.Parameter(torch.ones(1), requires_grad=False),
        "named": named, "noted": plain, "buffer": nn.Buffer(torch.ones(2)), "leaf": torch.ones(2, requires_grad=True),
        "loose": nn.Buffer(torch.ones(1), persistent=False), "shared": [named, named],
    }  # fmt: skip


def model(torch: Any) -> Any:
    """The states of a module and of an optimizer that has made a step."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    network(torch.ones(4, 2)).sum().backward()
    optimizer.step()
    return {"model": network.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}


CASES: dict[str, Callable[[Any], Any]] = {f.__name__: f for f in (types, views, python, parameters, model)}


def main() -> None:
    import torch

    FOLDER.mkdir(exist_ok=True)
    for name, make in CASES.items():
        torch.save(make(torch), FOLDER / f"{name}.pt")
    halves = torch.tensor([1.0, -2.5, float("inf"), 3.0], dtype=torch.bfloat16)
    torch.save({"whole": halves, "part": halves[1::2]}, FOLDER / "bfloat16.pt")
    torch.save({"layer": {"weight": torch.ones(2, dtype=torch.complex32)}}, FOLDER / "refused_complex32.pt")
    torch.save({"net": torch.nn.Linear(2, 1)}, FOLDER / "refused_module.pt")
    torch.save([torch.tensor([1 + 2j]).conj()], FOLDER / "conjugate.pt")
    for name in ("types", "views", "model"):
        torch.save(CASES[name](torch), FOLDER / f"legacy_{name}.pt", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
