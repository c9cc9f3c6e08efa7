"""What a layer expected, what it was given, and the likely fix: for errors that a layer raises.

A table by the names of classes, so that a subclass is looked up like what it is derived from, and no layer has to be
imported. Nothing here runs unless an error has been raised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from .._core import dtypes
from .._core.tensor import Tensor

if TYPE_CHECKING:
    from .module import Module


class Diagnosis(NamedTuple):
    """What to say of an error: "expected ..., got ..." and a sentence with the fix; each may be empty."""

    expected: str = ""
    fix: str = ""


def diagnose(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Diagnosis:
    """What is wrong with a layer's arguments, as far as can be told."""
    given = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
    if not given:
        return Diagnosis()
    for kind in type(module).__mro__:
        rule = _RULES.get(kind.__name__)
        if rule is not None:
            found = rule(module, given)
            if found is not None:
                return found
    return _dtype(module, given) or Diagnosis()


def _shape(tensor: Tensor) -> str:
    lengths = tensor._array.shape
    return f"({', '.join(map(str, lengths))}{',' if len(lengths) == 1 else ''})"


def _named(module: Module, *sizes: Any) -> str:
    """A layer as it is written, with other sizes: ``Linear(5, 2)``."""
    return f"{type(module).__name__}({', '.join(map(str, sizes))})"


# What a layer is called by, where it has to be short.
_SIZES = (
    ("in_features", "out_features"), ("in1_features", "in2_features", "out_features"),
    ("in_channels", "out_channels", "kernel_size"), ("num_groups", "num_channels"), ("num_features",),
    ("normalized_shape",), ("num_embeddings", "embedding_dim"), ("input_size", "hidden_size"),
    ("embed_dim", "num_heads"),
)  # fmt: skip


def short(module: Any) -> str:
    """A layer in a few words: ``Linear(6, 2)``, ``ReLU``, ``Dropout(p=0.5)``."""
    for names in _SIZES:
        sizes = [getattr(module, name, None) for name in names]
        if all(isinstance(size, int | tuple | list) for size in sizes):
            return _named(module, *[_plain(size) for size in sizes])
    extra = module.extra_repr().removesuffix(", inplace=False").removesuffix("inplace=False")
    return f"{module._get_name()}({extra})" if extra and len(extra) < 40 and "\n" not in extra else module._get_name()


def _plain(size: Any) -> Any:
    """A size, once where it is the same in every dimension."""
    return size[0] if isinstance(size, tuple | list) and len(set(size)) == 1 else size


# --- types -------------------------------------------------------------------------------------------------------


def _dtype(module: Module, given: list[Tensor]) -> Diagnosis | None:
    """Inputs of another floating point type than the parameters."""
    own = next((p for p in module.parameters() if p._array.dtype.kind in "fc"), None)
    if own is None:
        return None
    for value in given:
        if value.dtype is not own.dtype and value._array.dtype.kind == "f":
            wanted = str(own.dtype).rpartition(".")[2]
            way = {"float32": ".float()", "float64": ".double()", "float16": ".half()"}.get(wanted, f".to({wanted})")
            origin = " NumPy's numbers are float64 unless told otherwise." if value.dtype is dtypes.float64 else ""
            return Diagnosis(
                f"expected an input of {wanted}, as the parameters are, got {str(value.dtype).rpartition('.')[2]}",
                f"Convert the input: x{way}.{origin}",
            )
        if value._array.dtype.kind in "biu":
            return Diagnosis(
                f"expected an input of floating point numbers, got {str(value.dtype).rpartition('.')[2]}",
                "Convert the input: x.float()",
            )
    return None


# --- sizes -------------------------------------------------------------------------------------------------------


def _linear(module: Any, given: list[Tensor]) -> Diagnosis | None:
    shape, wanted = given[0]._array.shape, module.in_features
    if not shape or shape[-1] == wanted:
        return None
    product = 1
    for length in shape[1:]:
        product *= length
    if product == wanted:
        fix = "Flatten the input: nn.Flatten() before it, or x.flatten(1)"
    elif len(shape) >= 2 and shape[-2] == wanted:
        fix = "Are rows and columns exchanged? x.mT has them the other way round"
    else:
        flat = f", or {_named(module, product, module.out_features)} behind nn.Flatten()" if len(shape) > 2 else ""
        fix = f"Did you mean {_named(module, shape[-1], module.out_features)}{flat}?"
    return Diagnosis(f"expected {wanted} features in the last dimension, got {_shape(given[0])}", fix)


def _convolution(module: Any, given: list[Tensor]) -> Diagnosis | None:
    shape = given[0]._array.shape
    dimensions = len(module.kernel_size)
    wanted: int = module.in_channels
    layout = "(batch, channels, " + ", ".join(("depth", "height", "width")[-dimensions:]) + ")"
    if len(shape) not in (dimensions + 1, dimensions + 2):
        fix = ""
        if len(shape) == dimensions:
            fix = "Add the missing dimension: x.unsqueeze(0) for the channel of one image, x[None, None] with a batch"
        return Diagnosis(f"expected an input of shape {layout}, got {_shape(given[0])}", fix)
    channels = shape[-dimensions - 1]
    if channels == wanted:
        return None
    if shape[-1] == wanted:
        order = [0, len(shape) - 1, *range(1, len(shape) - 1)] if len(shape) == dimensions + 2 else [-1, 0, 1]
        fix = f"The channels seem to stand last: x.permute({', '.join(map(str, order))}) puts them first"
    elif len(shape) == dimensions + 1 and wanted == 1:
        fix = "Add the dimension of the channel: x.unsqueeze(1)"
    else:
        fix = f"Did you mean {_named(module, channels, module.out_channels, _plain(module.kernel_size))}?"
    return Diagnosis(f"expected {wanted} channels in an input {layout}, got {_shape(given[0])}", fix)


def _groups(module: Any, given: list[Tensor]) -> Diagnosis | None:
    return _channels(module, given, 1, module.num_channels, module.num_groups)


def _norm(kind: str, spatial: int) -> Callable[[Any, list[Tensor]], Diagnosis | None]:
    """A batch or instance norm: for the right number of dimensions, which stands in its name, and of channels."""
    # The input of an instance norm may be a single example: (C, L). That of a batch norm is (N, C) or (N, C, L).
    single = kind == "InstanceNorm"
    allowed = (spatial + 1, spatial + 2) if single or spatial == 1 else (spatial + 2,)

    def rule(module: Any, given: list[Tensor]) -> Diagnosis | None:
        dimensions = given[0].ndim
        if dimensions in allowed:
            return _channels(module, given, dimensions - spatial - 1 if single else 1, module.num_features)
        fix = f"Did you mean {kind}{dimensions - 2}d({module.num_features})?" if 3 <= dimensions <= 5 else ""
        wanted = " or ".join(map(str, allowed))
        return Diagnosis(f"expected an input of {wanted} dimensions, got {_shape(given[0])}", fix)

    return rule


def _channels(module: Any, given: list[Tensor], axis: int, wanted: int, *before: int) -> Diagnosis | None:
    """A layer that has something for each channel."""
    shape = given[0]._array.shape
    if len(shape) <= axis or shape[axis] == wanted:
        return None
    expected = f"expected {wanted} channels in dimension {axis}, got {_shape(given[0])}"
    return Diagnosis(expected, f"Did you mean {_named(module, *before, shape[axis])}?")


def _layer_norm(module: Any, given: list[Tensor]) -> Diagnosis | None:
    wanted = tuple(module.normalized_shape)
    shape = given[0]._array.shape
    if shape[-len(wanted) :] == wanted:
        return None
    last = shape[-len(wanted) :]
    return Diagnosis(
        f"expected the last dimensions to be {list(wanted)}, got {_shape(given[0])}",
        f"Did you mean {_named(module, last[0] if len(last) == 1 else list(last))}?",
    )


def _embedding(module: Any, given: list[Tensor]) -> Diagnosis | None:
    index, rows = given[0]._array, module.num_embeddings
    if index.dtype.kind not in "iu":
        kind = str(given[0].dtype).rpartition(".")[2]
        return Diagnosis(f"expected whole numbers, the numbers of rows, got {kind}", "Convert them: x.long()")
    outside = (index < 0) | (index >= rows)
    if not outside.any():
        return None
    place = tuple(int(i) for i in next(zip(*outside.nonzero(), strict=True)))
    value = int(index[place])
    at = f" at position {list(place)}" if place else ""
    largest = int(index.max())
    fix = (
        f"Rows are counted from 0. Did you mean {_named(module, largest + 1, module.embedding_dim)}?"
        if value >= 0
        else "Negative numbers do not count from the end here."
    )
    return Diagnosis(f"expected numbers from 0 to {rows - 1}, got {value}{at}", fix)


def _recurrent(module: Any, given: list[Tensor]) -> Diagnosis | None:
    shape, wanted = given[0]._array.shape, module.input_size
    if not shape or shape[-1] == wanted:
        return None
    return Diagnosis(
        f"expected {wanted} features in the last dimension, got {_shape(given[0])}",
        f"Did you mean {_named(module, shape[-1], module.hidden_size)}?",
    )


def _attention(module: Any, given: list[Tensor]) -> Diagnosis | None:
    for name, value, wanted in zip(
        ("query", "key", "value"), given, (module.embed_dim, module.kdim, module.vdim), strict=False
    ):
        if value.ndim and value._array.shape[-1] != wanted:
            return Diagnosis(f"expected {wanted} features in the last dimension of the {name}, got {_shape(value)}")
    return None


def _bilinear(module: Any, given: list[Tensor]) -> Diagnosis | None:
    sizes = (module.in1_features, module.in2_features)
    for value, wanted, which in zip(given, sizes, ("first", "second"), strict=False):
        if value.ndim and value._array.shape[-1] != wanted:
            return Diagnosis(f"expected {wanted} features in the {which} input, got {_shape(value)}")
    return None


_RULES: dict[str, Callable[[Any, list[Tensor]], Diagnosis | None]] = {
    "Linear": _linear,
    "Bilinear": _bilinear,
    "_ConvNd": _convolution,
    **{f"{kind}{n}d": _norm(kind, n) for kind in ("BatchNorm", "InstanceNorm") for n in (1, 2, 3)},
    "GroupNorm": _groups,
    "LayerNorm": _layer_norm,
    "RMSNorm": _layer_norm,
    "Embedding": _embedding,
    "EmbeddingBag": _embedding,
    "RNNBase": _recurrent,
    "RNNCellBase": _recurrent,
    "MultiheadAttention": _attention,
}
