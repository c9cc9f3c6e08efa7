"""Write `tinygrad_nn/_core/tensor_methods.pyi`: the methods that registration gives to `Tensor`.

Editors and type checkers read it; nothing does at run time. A test holds it in step: run ``python tools/make_stubs.py``
after adding an op.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import tinygrad_nn
from tinygrad_nn._core.tensor import OWN_ATTRIBUTES, Tensor

TARGET = Path(__file__).parent.parent / "tinygrad_nn" / "_core" / "tensor_methods.pyi"
HEADER = '''"""The methods that registration gives to `Tensor`. Written by tools/make_stubs.py; do not edit."""

import builtins
from typing import Any

from .tensor import Tensor

class TensorMethods:
'''
# Comparisons override object's, whose results are of another type.
_OVERRIDES = {"__eq__", "__ne__"}
_TUPLES = {"unbind"}


def stub_text() -> str:
    """The whole stub file."""
    names = sorted(name for name in vars(Tensor) if name not in OWN_ATTRIBUTES and "array" not in name)
    return HEADER + "".join(_member(name, vars(Tensor)[name]) for name in names)


def _member(name: str, value: Any) -> str:
    if isinstance(value, property):
        return f"    @property\n    def {name}(self) -> Tensor: ...\n"
    if not callable(value):
        return f"    {name}: Any\n"
    ignore = "  # type: ignore[override]" if name in _OVERRIDES else ""
    return f"    def {name}({_parameters(value)}) -> {_returns(name, value)}: ...{ignore}\n"


def _parameters(function: Any) -> str:
    """The parameters, the first of which is the tensor itself; defaults are shown as ``...``."""
    texts = ["self"]
    star = False
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is parameter.VAR_POSITIONAL:
            texts.append(f"*{parameter.name}: Any")
            star = True
        elif parameter.kind is parameter.VAR_KEYWORD:
            texts.append(f"**{parameter.name}: Any")
        else:
            if parameter.kind is parameter.KEYWORD_ONLY and not star:
                texts.append("*")
                star = True
            default = "" if parameter.default is parameter.empty else " = ..."
            texts.append(f"{parameter.name}: {_annotation(parameter.annotation)}{default}")
    op = getattr(function, "op", None)
    if op is not None and any(p.kind is p.KEYWORD_ONLY for p in inspect.signature(function).parameters.values()):
        return "self, *args: Any, **options: Any"  # options may be given by position or keyword
    if op is not None:
        return ", ".join(texts) if op.kind == "elementwise" else "self, *args: Any, **options: Any"
    return ", ".join(texts)


def _annotation(annotation: Any) -> str:
    if annotation in ("Tensor", "Tensor | None"):
        return str(annotation)
    simple = {"int", "float", "bool", "str"}
    plain = annotation.removesuffix(" | None") if isinstance(annotation, str) else None
    # `int`, `float` and `bool` are methods of the class, so the types need their module's name.
    return f"builtins.{annotation}" if plain in simple else "Any"


def _returns(name: str, function: Any) -> str:
    if hasattr(function, "op"):
        return "tuple[Tensor, ...]" if function.op.several else "Tensor"
    annotation = getattr(function, "__annotations__", {}).get("return")
    if annotation in ("Tensor", "None", "tuple[Tensor, ...]"):
        return str(annotation)
    if annotation in ("bool", "int"):
        return f"builtins.{annotation}"
    return "Tensor" if name.startswith("__") and name not in ("__setitem__",) else "Any"


if __name__ == "__main__":
    assert tinygrad_nn.Tensor is Tensor
    TARGET.write_text(stub_text())
    print(f"wrote {TARGET}")
