"""Write `tinygrad_nn/_core/tensor_methods.pyi`: the methods that registration gives to `Tensor`.

Editors and type checkers read it; nothing does at run time. A test holds it in step: run ``python tools/make_stubs.py``
after adding an op.
"""

from __future__ import annotations

import inspect
from math import isfinite
from pathlib import Path
from typing import Any

import tinygrad_nn
from tinygrad_nn._core import later
from tinygrad_nn._core.tensor import OWN_ATTRIBUTES, Tensor

TARGET = Path(__file__).parent.parent / "tinygrad_nn" / "_core" / "tensor_methods.pyi"
HEADER = '''"""The methods that registration gives to `Tensor`. Written by tools/make_stubs.py; do not edit."""

import builtins
from typing import Any

from .tensor import Tensor

class TensorMethods:
'''
_WIDTH = 120


def stub_text() -> str:
    """The whole stub file."""
    later.load_all()
    names = sorted(name for name in vars(Tensor) if name not in OWN_ATTRIBUTES and "array" not in name)
    return HEADER + "".join(_member(name, vars(Tensor)[name]) for name in names)


def _member(name: str, value: Any) -> str:
    if isinstance(value, property):
        return f"    @property\n    def {name}(self) -> Tensor: ...  # noqa: N802 - PyTorch's name\n"
    if not callable(value):
        return f"    {name}: Any\n"
    parameters = ["self", *_parameters(name, value)]
    result = _returns(name, value)
    # Comparisons override object's, whose results are of another type.
    ignore = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
    line = f"    def {name}({', '.join(parameters)}) -> {result}: ...{ignore}\n"
    if len(line) <= _WIDTH + 1:
        return line
    inner = f"        {', '.join(parameters)}\n"
    if len(inner) > _WIDTH + 1:
        inner = "".join(f"        {parameter},\n" for parameter in parameters)
    return f"    def {name}(\n{inner}    ) -> {result}: ...\n"


def _parameters(name: str, function: Any) -> list[str]:
    """The parameters after the tensor itself."""
    given = list(inspect.signature(function).parameters.values())[1:]
    if name.startswith("__") and name not in ("__getitem__", "__setitem__"):
        return ["other: Any"] if given else []
    before = vars(Tensor).get(name.removesuffix("_"))
    if given and given[0].name == "others" and before is not None:  # in place: the same parameters
        return _parameters(name.removesuffix("_"), before)
    if hasattr(function, "op"):
        return _op_parameters(function)
    texts = []
    star = False
    for parameter in given:
        if parameter.kind is parameter.VAR_POSITIONAL:
            texts.append(f"*{parameter.name}: Any")
            star = True
        elif parameter.kind is parameter.VAR_KEYWORD:
            texts.append(f"**{parameter.name}: Any")
        else:
            if parameter.kind is parameter.KEYWORD_ONLY and not star:
                texts.append("*")
                star = True
            default = "" if parameter.default is parameter.empty else f" = {_default(parameter.default)}"
            texts.append(f"{parameter.name}: {_annotation(parameter.annotation)}{default}")
    return texts


def _op_parameters(function: Any) -> list[str]:
    """An op's other inputs, and its options. These may have NumPy's names as well, so none of them is required."""
    op = function.op
    collects = inspect.getclosurevars(inspect.unwrap(function)).nonlocals.get("collects")
    if collects is not None:  # any number of integers, or one sequence, or by name
        return [f"*{collects}: Any", "**options: Any"]
    texts = [f"{name}: Any" for name in op.public_names[1 : len(op.inputs)]]
    for position, (name, default) in enumerate(op.defaults.items()):
        if position == len(op.positional):
            texts.append("*")
        kind = f"builtins.{type(default).__name__}" if isinstance(default, bool | float) else "Any"
        texts.append(f"{name}: {kind} = {_default(default)}")
    return [*texts, "**options: Any"] if op.defaults else texts


def _default(value: Any) -> str:
    """A default as it may stand in the stub: simple values as they are."""
    simple = value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and isfinite(value))
    return repr(value).replace("'", '"') if simple else "..."


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
    return "Tensor" if name.startswith("__") else "Any"


if __name__ == "__main__":
    assert tinygrad_nn.Tensor is Tensor
    TARGET.write_text(stub_text())
    print(f"wrote {TARGET}")
