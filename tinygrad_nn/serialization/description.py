"""A module in words: the names of its layers and the arguments of their constructors, and a module made of such words.

The arguments are found by the constructor's signature: each layer keeps what it was made with as attributes. What
cannot be found so is refused, and what was found is tried out before it is believed.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import nn
from .._core import dtypes
from .._core.dtypes import dtype
from .._core.errors import near
from .._core.tensor import Tensor
from ..nn import functional
from ..nn.module import Module
from ..ops.random import get_rng_state, set_rng_state
from .numbers import numbers_of, tensor_of

_DEEPEST = 100  # modules within modules, in a file
LARGEST = 1 << 16  # a whole number in a file whose module has no parameters to explain a larger one
_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")
# Arguments that say in another way what is kept as an attribute, or that have no meaning here.
_LEFT_OUT = {"self", "device", "size_average", "reduce", "_weight", "_freeze", "min_value", "max_value"}
# Arguments that are kept elsewhere than under their own names.
_ELSEWHERE: dict[str, dict[str, str]] = {
    "TransformerEncoder": {"encoder_layer": "layers.0"},
    "TransformerDecoder": {"decoder_layer": "layers.0"},
    "MultiheadAttention": {"bias": "in_proj_bias", "add_bias_kv": "bias_k"},
    **{
        name: {
            "d_model": "linear1.in_features", "nhead": "self_attn.num_heads", "dim_feedforward": "linear1.out_features",
            "dropout": "dropout.p", "layer_norm_eps": "norm1.eps", "batch_first": "self_attn.batch_first",
            "bias": "linear1.bias",
        }
        for name in ("TransformerEncoderLayer", "TransformerDecoderLayer")
    },
}  # fmt: skip
# Constructors that hand all their arguments to another one's, and which of them they do not take.
_HANDED_ON = {
    "RNN": ("RNNBase", ("mode", "proj_size"), ("nonlinearity",)), "LSTM": ("RNNBase", ("mode",), ()),
    "GRU": ("RNNBase", ("mode", "proj_size"), ()),
}  # fmt: skip


class UndescribedError(ValueError):
    """A module that its layers' names and arguments do not describe."""


# --- from modules to words -------------------------------------------------------------------------------------------


def describe(module: Module) -> dict[str, Any]:
    """The class's name, the arguments of its constructor, and the modules that it contains, where it is a container.

    Raises:
        ValueError: an argument is kept nowhere, or is no plain data; or it was not made by these arguments alone.
    """
    described = _described(module, "")
    with undrawn(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the program has been told when it made the module itself
        made = build(described, [type(part) for part in module.modules()])
    _check_same(module, made, "")
    return described


@contextmanager
def undrawn() -> Iterator[None]:
    """What is drawn for initial values is given back."""
    before = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(before)


def _described(module: Module, place: str) -> dict[str, Any]:
    kind = type(module)
    described: dict[str, Any] = {"class": kind.__name__}
    if kind.__name__ in _CONTAINERS and getattr(nn, kind.__name__) is kind:
        children = module._modules.items()
        described["modules"] = {
            name: None if child is None else _described(child, f"{place}.{name}") for name, child in children
        }
        return described
    arguments = {name: _argument(module, parameter, place) for name, parameter in _signature(kind).items()}
    given = {name: value for name, value in arguments.items() if value is not _Missing}
    if given:
        described["arguments"] = given
    return described


class _Missing:
    """Stands for an argument that has its default."""


def _signature(kind: type[Module]) -> dict[str, inspect.Parameter]:
    """The arguments of a class's constructor that can be told."""
    base, without, more = _HANDED_ON.get(kind.__name__, (kind.__name__, (), ()))
    made_by = getattr(nn, base, kind) if kind.__name__ in _HANDED_ON else kind
    parameters = dict(inspect.signature(made_by.__init__).parameters)
    for name in (*_LEFT_OUT, *without):
        parameters.pop(name, None)
    starred = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = {name: parameter for name, parameter in parameters.items() if parameter.kind not in starred}
    found |= {name: inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default="tanh") for name in more}
    return found


def _argument(module: Module, parameter: inspect.Parameter, place: str) -> Any:
    """What the constructor was given, as JSON has it."""
    name, where = parameter.name, f"{type(module).__name__}{f' at {place[1:]!r}' if place else ''}"
    if name == "dtype":
        kinds = {tensor.dtype for tensor in module.parameters() if tensor.is_floating_point()}
        kind = kinds.pop() if kinds else dtypes.float32
        return _Missing if kind is dtypes.float32 else {"dtype": kind.name}
    path = _ELSEWHERE.get(type(module).__name__, {}).get(name, name)
    value: Any = module
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else getattr(value, step, _Missing)
    if value is _Missing and name in ("bias", "elementwise_affine", "affine"):
        value = any(member is not None for member in module._parameters.values())
    if value is _Missing:
        if parameter.default is not inspect.Parameter.empty:
            return _Missing
        raise UndescribedError(
            f"{where}: its constructor's argument {name!r} is kept nowhere. Keep it as an attribute in __init__: "
            f"self.{name} = {name}"
        )
    if isinstance(parameter.default, bool) and (value is None or isinstance(value, Tensor)):
        value = value is not None  # such as `bias`: whether there is one
    return _encoded(value, f"{where}: its argument {name!r}", f"{place}.{name}")


def _encoded(value: Any, what: str, place: str) -> Any:
    """A value as JSON has it."""
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, np.integer | np.floating):
        value = value.item()
    if type(value) is float or type(value) is int:
        return value if value == value and abs(value) != float("inf") else {"number": str(value)}
    if isinstance(value, list | tuple):
        items = [_encoded(item, what, place) for item in value]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, dtype):
        return {"dtype": value.name}
    if isinstance(value, Tensor):
        return {"tensor": numbers_of(value)}
    if isinstance(value, Module):
        return {"module": _described(value, place)}
    name = getattr(value, "__name__", "")
    if callable(value) and getattr(functional, name, None) is value:
        return {"function": name}
    raise UndescribedError(
        f"{what} is of type {type(value).__name__}. Numbers, strings, lists, tensors, layers and functions of "
        "nn.functional can be described"
    )


def _check_same(module: Module, made: Module, place: str) -> None:
    """Refuse a module of which its arguments make another one."""
    where = f"{type(module).__name__}{f' at {place[1:]!r}' if place else ''}"
    if type(module) is not type(made) or list(module._modules) != list(made._modules):
        raise UndescribedError(
            f"{where}: its modules are {list(module._modules)}, and its constructor makes {list(made._modules)}. "
            "Describe it by a class of your own whose constructor makes them all"
        )
    for members in ("_parameters", "_buffers"):
        shapes = [
            {name: None if one is None else (one.shape, one.dtype) for name, one in getattr(part, members).items()}
            for part in (module, made)
        ]
        if shapes[0] != shapes[1]:
            raise UndescribedError(
                f"{where}: its {members[1:]} are {_shapes(shapes[0])}, and its constructor makes {_shapes(shapes[1])}. "
                "Make them in __init__"
            )
    for name, value in vars(module).items():
        other = vars(made).get(name, _Missing)
        plain = isinstance(value, bool | int | float | str | tuple | None) and not name.startswith("_")
        if plain and name != "training" and repr(value) != repr(other):
            raise UndescribedError(
                f"{where}: its attribute {name!r} is {value!r}, and its constructor makes "
                f"{'none' if other is _Missing else repr(other)}. Make it an argument of __init__"
            )
    for name, child in module._modules.items():
        if child is not None:
            _check_same(child, made._modules[name], f"{place}.{name}")  # type: ignore[arg-type] # it has the same


def _shapes(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if entry is None else list(entry[0]) for name, entry in found.items()}


# --- from words to modules -------------------------------------------------------------------------------------------


def build(
    description: Any, classes: Iterable[type[Module]] = (), largest: int | None = None, layers: int | None = None
) -> Module:
    """The module that is described, with whatever weights its constructor gives it.

    Args:
        description: what `describe` gives.
        classes: modules of the program's own that may be made, beside the layers of `nn`.
        largest: the most that a whole number may be; for files.
        layers: the most that a number of layers may be; for files.

    Raises:
        ValueError: it is no such description, or names a class that is not known; or the arguments are refused.
    """
    return _Maker({kind.__name__: kind for kind in classes}, largest, layers).made(description, "", 0)


class _Maker:
    def __init__(self, own: Mapping[str, type[Module]], largest: int | None, layers: int | None) -> None:
        self._own, self._largest, self._layers = own, largest, layers

    def made(self, description: Any, place: str, depth: int) -> Module:
        """One module, and those within it."""
        if type(description) is not dict or type(description.get("class")) is not str:
            raise ValueError(f"a module{_at(place)} must be an object with its 'class', got {str(description)[:60]}")
        if depth > _DEEPEST:
            raise ValueError(f"modules within modules, {_DEEPEST} deep and deeper{_at(place)}")
        name, kind = description["class"], self._class(description["class"], place)
        unknown = set(description) - {"class", "arguments", "modules"}
        if unknown:
            raise ValueError(f"{name}{_at(place)} has unknown entries: {sorted(unknown)[:5]}")
        if name in _CONTAINERS and kind is getattr(nn, name):
            return self._container(kind, description, place, depth)
        arguments = description.get("arguments", {})
        if "modules" in description or type(arguments) is not dict:
            raise ValueError(f"{name}{_at(place)}: expected 'arguments', an object")
        known = _signature(kind)
        for argument in arguments:
            if argument not in known:
                raise ValueError(f"{name}{_at(place)} has no argument {argument[:40]!r}.{near(argument, known)}")
        values = {key: self._decoded(value, f"{place}.{key}", depth) for key, value in arguments.items()}
        try:
            return kind(**values)
        except (TypeError, ValueError, RuntimeError, AssertionError, IndexError, OverflowError, MemoryError,
                AttributeError, ZeroDivisionError, KeyError) as error:  # fmt: skip
            raise ValueError(f"{name}{_at(place)} cannot be made: {error}") from error

    def _class(self, name: str, place: str) -> type[Module]:
        found = self._own.get(name)
        if found is None and name in nn.__all__:
            found = getattr(nn, name)
        if not (isinstance(found, type) and issubclass(found, Module)) or found is Module:
            raise ValueError(
                f"{name[:60]!r}{_at(place)} is no layer of nn.{near(name, nn.__all__)} Classes of your own are made "
                "where you name them: classes=[...]"
            )
        return found

    def _container(self, kind: Any, description: dict[str, Any], place: str, depth: int) -> Module:
        children = description.get("modules", {})
        if type(children) is not dict or "arguments" in description:
            raise ValueError(f"{kind.__name__}{_at(place)}: expected 'modules', an object")
        made: Module = kind()
        for name, child in children.items():
            module = None if child is None else self.made(child, f"{place}.{name}", depth + 1)
            try:
                made.add_module(name, module)
            except (KeyError, TypeError) as error:
                raise ValueError(f"{kind.__name__}{_at(place)} cannot have a module {name[:40]!r}: {error}") from error
        return made

    def _decoded(self, value: Any, place: str, depth: int) -> Any:
        """A value, which the file has as JSON."""
        most = self._layers if place.endswith("layers") else self._largest
        if type(value) is int and most is not None and abs(value) > most:
            raise ValueError(f"{value}{_at(place)} is more than this file's weights account for")
        if type(value) is list:
            return [self._decoded(item, place, depth) for item in value]
        if type(value) is not dict:
            return value
        if len(value) != 1:
            raise ValueError(f"an unknown value{_at(place)}: {str(value)[:60]}")
        ((kind, inner),) = value.items()
        if kind == "tuple" and type(inner) is list:
            return tuple(self._decoded(item, place, depth) for item in inner)
        if kind == "number" and inner in ("nan", "inf", "-inf"):
            return float(inner)
        if kind == "dtype" and inner in _DTYPES:
            return _DTYPES[inner]
        if kind == "tensor":
            return tensor_of(inner, place)
        if kind == "module":
            return self.made(inner, place, depth + 1)
        if kind == "function" and type(inner) is str and inner in functional.__all__:
            return getattr(functional, inner)
        raise ValueError(f"an unknown value{_at(place)}: {str(value)[:60]}")


_DTYPES = {kind.name: kind for kind in dtypes.ALL}


def _at(place: str) -> str:
    return f" at {place[1:][-80:]!r}" if place else ""
