"""Make ``printing.json``: how PyTorch prints the arrays below.

Run with a Python that has PyTorch: ``python tests/golden/make_printing.py``. Made with PyTorch 2.13.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import _tensor_str

# Each row: a Python expression for the array, its dtype, and what else differs from the ordinary: options,
# suffixes, default dtype, prefix.
CASES: list[tuple[str, str] | tuple[str, str, dict[str, Any]]] = [
    # floats: whole, mixed, zeros
    ("[1, 2, 3]", "float32"),
    ("[1, 2.5, -3]", "float32"),
    ("[1.12345, 99999.99]", "float64"),
    ("[1.12345]", "float64", {"default": "float64"}),
    ("[1.12345]", "float32", {"default": "float64"}),
    ("[0, 0]", "float32"),
    ("[-0.0, 0.0, 1.0]", "float32"),
    ("[-0.0, 0.5]", "float32"),
    ("[100000000.0, 1000000.0]", "float32"),
    ("[999, 1000, 1]", "float32"),
    # floats: scientific notation, by range, magnitude and smallness
    ("[1.0, 1001.0]", "float32"),
    ("[1.5, 1500.0]", "float32"),
    ("[1.5, 1501.5]", "float32"),
    ("[2e8, 1.1e8]", "float32"),
    ("[9.9e-5, 0]", "float32"),
    ("[1e-4, 1.1e-4]", "float64"),
    ("[1e300, 5e-324]", "float64"),
    ("[1e38, -1e-38]", "float32"),
    # floats: nan and inf
    ("[float('nan'), float('inf'), -float('inf')]", "float32"),
    ("[float('nan'), 1, -2]", "float32"),
    ("[float('inf'), 1.5]", "float32"),
    ("[-float('inf'), 1e10]", "float32"),
    # float16
    ("[65504, 6e-8]", "float16"),
    ("[0.1, 0.2]", "float16"),
    ("[1, 2048]", "float16"),
    ("[0.1, 0.2]", "float16", {"default": "float16"}),
    ("[0.5j]", "complex64", {"default": "float16"}),
    # integers and booleans
    ("[1, -20, 300]", "int64"),
    ("[1, -20, 300]", "int32"),
    ("[0, 255]", "uint8"),
    ("[-128, 127]", "int8"),
    ("[[-32768], [32767]]", "int16"),
    ("[-9223372036854775808, 9223372036854775807]", "int64"),
    ("[True, False]", "bool"),
    ("[True]", "bool"),
    # complex
    ("[1+2j, -3-4j]", "complex64"),
    ("[1.5-0j, complex(-0.0, -0.0)]", "complex64"),
    ("[[1+1e-5j, 2000-3j]]", "complex64"),
    ("[complex('nan+infj'), complex('-inf-1j')]", "complex128"),
    ("[1+2j]", "complex128", {"default": "float64"}),
    ("[1+2j]", "complex64", {"default": "float64"}),
    ("(np.arange(30) * (1.25 - 20.5j))", "complex64"),
    ("1.5-2j", "complex64"),
    # no dimension
    ("3.14159", "float32"),
    ("-7.0", "float32"),
    ("1e-9", "float64"),
    ("float('nan')", "float32"),
    ("42", "int64"),
    ("42", "uint8"),
    ("True", "bool"),
    # no element
    ("[]", "float32"),
    ("[]", "int64"),
    ("[]", "bool"),
    ("np.zeros((0, 3))", "float32"),
    ("np.zeros((2, 0, 3))", "int32", {"suffixes": ["requires_grad=True"]}),
    # dimensions and lines
    ("np.arange(6).reshape(2, 3)", "float32"),
    ("np.arange(24).reshape(2, 3, 4)", "int64"),
    ("np.arange(16).reshape(2, 2, 2, 2) / 7", "float32"),
    ("np.arange(16).reshape(1, 1, 16, 1)", "float64"),
    ("np.arange(1000)", "float32"),
    ("np.arange(100)", "int32"),
    ("np.random.RandomState(0).random_sample((3, 11))", "float32"),
    ("np.random.RandomState(1).random_sample((2, 2, 30)) * 1e6", "float32"),
    ("np.arange(12).reshape(3, 4).T", "float32"),
    ("np.arange(40).reshape(5, 8)[::-2, ::3]", "float32"),
    ("np.broadcast_to(1.5, (2, 3))", "float32"),
    # summaries
    ("np.arange(1001)", "float32"),
    ("np.arange(1001)", "int16"),
    ("np.arange(1e6)", "float32"),
    ("np.arange(1e6).reshape(1000, 1000) / 3", "float32"),
    ("np.arange(2000).reshape(2, 1000) / 3", "float64"),
    ("np.arange(2000).reshape(1000, 2)", "int64"),
    ("np.arange(8000).reshape(20, 20, 20)", "int32"),
    ("np.arange(1296).reshape(6, 6, 6, 6) % 10", "uint8"),
    ("np.arange(2001) % 2 == 0", "bool"),
    ("np.arange(1002) * (1 + 0.5j)", "complex64"),
    ("np.append(np.full(1000, 1e9), [1, 2, 3, 4])", "float32"),
    ("np.arange(40000).reshape(200, 200)[::-1].T", "float32"),
    # suffixes and where they go
    ("[1, 2]", "float32", {"suffixes": ["requires_grad=True"]}),
    ("[1, 2]", "float64", {"suffixes": ["grad_fn=<ExpBackward0>"]}),
    ("np.arange(10)", "float32", {"suffixes": ["grad_fn=<NativeLayerNormBackward0>"]}),
    ("np.arange(12)", "float32", {"suffixes": ["grad_fn=<AddmmBackward0>"]}),
    ("np.arange(13)", "float64", {"suffixes": ["grad_fn=<AddmmBackward0>"]}),
    ("np.arange(14)", "float64", {"suffixes": ["grad_fn=<AddmmBackward0>"]}),
    ("np.arange(40).reshape(2, 20) / 3", "float16", {"suffixes": ["requires_grad=True"]}),
    ("[[1, 2], [3, 4]]", "float32", {"prefix": "Picture("}),
    ("np.arange(50) / 3", "float64", {"prefix": "Picture(", "suffixes": ["requires_grad=True"]}),
    # options
    ("[1.12345, 2]", "float32", {"options": {"precision": 2}}),
    ("[1.12345, 2]", "float32", {"options": {"precision": 0}}),
    ("[1.5, 2e9]", "float32", {"options": {"precision": 8}}),
    ("[1.5, 2e9]", "float32", {"options": {"sci_mode": False}}),
    ("[1.5, 2.5]", "float32", {"options": {"sci_mode": True}}),
    ("[1, 0, float('nan')]", "float32", {"options": {"sci_mode": True}}),
    ("[0, 0]", "float32", {"options": {"sci_mode": True}}),
    ("np.arange(10)", "int64", {"options": {"threshold": 5}}),
    ("np.arange(10)", "int64", {"options": {"threshold": 5, "edgeitems": 1}}),
    ("np.arange(10)", "int64", {"options": {"threshold": 5, "edgeitems": 0}}),
    ("np.arange(20).reshape(4, 5)", "float64", {"options": {"threshold": 5, "edgeitems": 0}}),
    ("np.arange(20).reshape(4, 5)", "float64", {"options": {"edgeitems": 0}}),
    ("5.0", "float64", {"options": {"threshold": 0, "edgeitems": 0}}),
    ("np.arange(30)", "float64", {"options": {"linewidth": 20}}),
    ("np.arange(30)", "float64", {"options": {"linewidth": 1}}),
    ("np.arange(30)", "float64", {"options": {"linewidth": 200}}),
    ("np.arange(1200) / 7", "float32", {"options": {"profile": "short"}}),
    ("np.arange(1200) / 7", "float32", {"options": {"profile": "full"}}),
    ("[1.23456]", "float32", {"options": {"profile": "full", "precision": 1, "linewidth": 40}}),
]


def torch_repr(array: np.ndarray, prefix: str = "tensor(", suffixes: tuple[str, ...] = ()) -> str:
    """What PyTorch prints, with further suffixes after its own."""
    tensor = torch.from_numpy(array.copy())
    if prefix != "tensor(":
        tensor = tensor.as_subclass(type(prefix[:-1], (torch.Tensor,), {}))
    add_suffixes = _tensor_str._add_suffixes

    def add_our_suffixes(text: str, own: list[str], indent: int, force_newline: bool) -> str:
        return add_suffixes(text, [*own, *suffixes], indent, force_newline)

    with mock.patch.object(_tensor_str, "_add_suffixes", add_our_suffixes):
        return repr(tensor)


def make_case(expression: str, dtype: str, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """One entry of the table: the row and the text that PyTorch prints."""
    case = {"array": expression, "dtype": dtype, **(extra or {})}
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**case.get("options", {}))
    torch.set_default_dtype(getattr(torch, case.get("default", "float32")))
    array = np.asarray(eval(expression)).astype(dtype)
    case["expected"] = torch_repr(array, case.get("prefix", "tensor("), tuple(case.get("suffixes", ())))
    return case


if __name__ == "__main__":
    table = [make_case(*row) for row in CASES]
    Path(__file__).with_name("printing.json").write_text(json.dumps(table, indent=1) + "\n")
