"""What PyTorch's files call things: storages by the type of their elements; and places within nested data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core import dtypes
from .._core.dtypes import dtype

# PyTorch's storage classes, and the type of their elements.
STORAGES: dict[str, dtype] = {
    "DoubleStorage": dtypes.float64, "FloatStorage": dtypes.float32, "HalfStorage": dtypes.float16,
    "LongStorage": dtypes.int64, "IntStorage": dtypes.int32, "ShortStorage": dtypes.int16, "CharStorage": dtypes.int8,
    "ByteStorage": dtypes.uint8, "BoolStorage": dtypes.bool_, "ComplexDoubleStorage": dtypes.complex128,
    "ComplexFloatStorage": dtypes.complex64, "BFloat16Storage": dtypes.bfloat16,
    "QInt8Storage": dtypes.from_name("qint8"), "QInt32Storage": dtypes.from_name("qint32"),
    "QUInt8Storage": dtypes.from_name("quint8"), "QUInt4x2Storage": dtypes.from_name("quint4x2"),
    "QUInt2x4Storage": dtypes.from_name("quint2x4"),
}  # fmt: skip

# Types that are younger than those classes are kept in storages of bytes, and named beside them.
STORAGE_NAMES = {kind: name for name, kind in STORAGES.items()}


class Named:
    """A name that is known. It is data: only the builder makes something of it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Unstored:
    """A storage or a tensor of a type that NumPy does not have."""

    def __init__(self, kind: dtype) -> None:
        self.kind = kind


def place_of(root: Any, found: Callable[[Any], bool]) -> str:
    """Where in nested dicts, lists and tuples the first thing that is looked for lies, such as ``['model'][0]``."""
    pending: list[tuple[Any, Any]] = [(root, None)]  # paths are linked from their ends, so that they share their parts
    seen = set()
    while pending:
        item, path = pending.pop()
        if found(item):
            return _written(path)
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            pending += [(value, (path, key)) for key, value in item.items()][::-1]
        elif isinstance(item, list | tuple):
            pending += [(value, (path, index)) for index, value in enumerate(item)][::-1]
    return ""


def _written(path: Any) -> str:
    parts: list[str] = []
    while path is not None and len(parts) < 20:  # a place deeper than that is told by its end
        path, key = path
        parts.append(f"[{key!r}]" if isinstance(key, str) or (isinstance(key, int) and abs(key) < 2**63) else "[...]")
    return ("..." if path is not None else "") + "".join(reversed(parts))


def refusal(module: str, name: str) -> str:
    """What to say of a name that is not known."""
    full = f"{module}.{name}".removeprefix("builtins.")
    if module.partition(".")[0] in ("os", "posix", "nt", "sys", "subprocess"):
        return (
            f"Trying to load unsupported GLOBAL {full} whose module {module} is blocked. "
            "The file would run commands: do not use it."
        )
    return (
        f"Unsupported global: GLOBAL {full} was not an allowed global by default. Nothing in "
        f"a file is executed here, and so only data is read. {_fix(module)}"
    )


def _fix(module: str) -> str:
    if module.startswith("numpy"):
        return (
            "In the program that has made the file, save tensors (torch.from_numpy(array)) and Python numbers. Or read "
            "NumPy's numbers, too: load(f, weights_only=False)."
        )
    if module.startswith("torch._utils"):
        return "There are no sparse, quantised or nested tensors here: save dense ones, tensor.to_dense()."
    return (
        "If the file holds a whole module, save its numbers instead, in the program that has made it: "
        "torch.save(model.state_dict(), f). Of other objects, save their attributes as a dict, or name their class "
        "when you read them: serialization.add_safe_globals([TheClass])."
    )
