"""Saving and loading, in PyTorch's own file format: what one of both packages has written, the other one reads.

A file is a zip archive of stored records: ``data.pkl``, the data, pickled; and for each storage, the memory that
tensors share, its bytes. `pickling` writes the first and `machine` reads it, without PyTorch and without running
anything that a file names: `rebuild` knows a few names, and all others are refused. `archive` is the archive.

Beside these, `checkpoint` has files of its own, for runs that are to go on later.

Source: https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pickle import UnpicklingError
from typing import IO, TYPE_CHECKING, Any

from .._core.errors import near
from .archive import Archive, Storages, write_archive
from .checkpoint import load_checkpoint, read_checkpoint, save_checkpoint
from .files import replace, writer
from .legacy import is_legacy, load_legacy
from .locations import RefusedPlaceError, placing
from .machine import Machine
from .npz import load_npz, save_npz
from .pickling import Pickler
from .rebuild import Rebuilder
from .trusted import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals, trusted_names

if TYPE_CHECKING:
    from .models import load_json, save_json

__all__ = [
    "add_safe_globals", "clear_safe_globals", "get_safe_globals", "load", "load_checkpoint", "load_json", "load_npz",
    "read_checkpoint", "safe_globals", "save", "save_checkpoint", "save_json", "save_npz",
]  # fmt: skip

_LOAD_OPTIONS = ("encoding", "errors", "fix_imports", "buffers")


def __getattr__(name: str) -> Any:
    """Models in JSON need the layers, which are imported when they are first asked for."""
    if name in ("load_json", "save_json"):
        return getattr(importlib.import_module(".models", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{near(name, __all__)}")


def save(obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: int = 2,
         _use_new_zipfile_serialization: bool = True, _disable_byteorder_record: bool = False) -> None:  # fmt: skip
    """Write data to a file that `load` reads, and PyTorch's ``torch.load``.

    Data are tensors, parameters, numbers, strings, bytes, None, dtypes, sizes, and dicts, lists, tuples and sets of
    them, nested as one likes: the ``state_dict()`` of a module or an optimizer, and dicts of several. Tensors that
    share memory will share it when they are read, so a small view of a large tensor takes the large one's space.
    Gradients, hooks and the graph are not saved.

    A file that exists is replaced at once when the new one is complete: whatever happens, one of them is there.

    Args:
        obj: the data.
        f: a path, or a file that is open for writing bytes.
        pickle_module, pickle_protocol, _use_new_zipfile_serialization, _disable_byteorder_record: accepted and ignored.

    Raises:
        TypeError: something is no data, such as a whole module; nothing has been written.
        RuntimeError: there is no such folder; or tensors of different types share memory.
        AttributeError: ``f`` is neither a path nor a file.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.save.html

    Example:
        >>> import io
        >>> import tinygrad_nn as tg
        >>> model = tg.nn.Linear(2, 1)
        >>> file = io.BytesIO()
        >>> tg.serialization.save({"model": model.state_dict(), "epoch": 3}, file)
        >>> _ = file.seek(0)
        >>> tg.serialization.load(file)["epoch"]
        3
    """
    if not isinstance(f, str | os.PathLike) and not hasattr(f, "write"):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute, got "
            f"{type(f).__name__}. The order is save(obj, f)."
        )
    pickler = Pickler()
    records = [
        ("data.pkl", pickler.dump(obj)),
        (".format_version", b"1"),
        (".storage_alignment", b"64"),
        ("byteorder", sys.byteorder.encode()),
        *((f"data/{number}", memory) for number, memory in enumerate(pickler.storages)),
    ]
    if not isinstance(f, str | os.PathLike):
        write_archive(writer(f), "archive", records)
        return
    path = os.fspath(f)
    name = os.path.splitext(os.path.basename(path))[0]
    replace(path, lambda file: write_archive(writer(file), name if name.isascii() else "archive", records))


def load(f: Any, map_location: Any = None, pickle_module: Any = None, *, weights_only: bool | None = None,
         mmap: bool | None = None, **pickle_load_args: Any) -> Any:  # fmt: skip
    """Read data from a file of `save`, or of PyTorch's ``torch.save``, new or old.

    Nothing that a file names is ever executed, so files from anywhere can be read: the worst is an error. A whole
    module, saved as such, is refused; its ``state_dict()`` is what to save. Tensors of bfloat16 come as float32.

    Args:
        f: a path, or a file that is open for reading bytes and can be sought in.
        map_location: ``"cpu"``; or a dict or function, which is asked as in PyTorch. All tensors come to the CPU.
        pickle_module: accepted and ignored.
        weights_only: with False, plain data of more types is read: NumPy's numbers and arrays, paths, frozen sets,
            ranges, ``argparse.Namespace``. Never more than data. `add_safe_globals` adds classes.
        mmap: memory is read from the file as it is used. Checksums are not looked at. Writing to the tensors leaves the
            file as it is; while they are in use, it must stay.

    Raises:
        FileNotFoundError: there is no such file.
        EOFError: the file is empty.
        RuntimeError: it is cut off or damaged, or of another format of PyTorch's; or another device is asked for.
        pickle.UnpicklingError: it is no such file at all, or holds something that is no data.
        TypeError: it holds tensors of a type that NumPy does not have, such as complex32.
        ValueError: ``mmap=True``, and ``f`` is no path.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.load.html

    Example:
        >>> import os, tempfile
        >>> import tinygrad_nn as tg
        >>> rows = tg.zeros(2, 3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "rows.pt")
        ...     tg.serialization.save({"all": rows, "first": rows[0]}, path)
        ...     loaded = tg.serialization.load(path)
        >>> loaded["first"][1] = 5.0  # memory that was shared is shared again
        >>> loaded["all"]
        tensor([[0., 5., 0.],
                [0., 0., 0.]])
    """
    unknown = next((name for name in pickle_load_args if name not in _LOAD_OPTIONS), None)
    if unknown is not None:
        raise TypeError(f"load() got an unexpected keyword argument {unknown!r}")
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    is_path = isinstance(f, str | os.PathLike)
    if mmap and not is_path:
        raise ValueError("f must be a string filename in order to use mmap argument")
    place, trusted = placing(map_location), trusted_names(everything=weights_only is False)

    def make(source: Any, size: int) -> Rebuilder:
        return Rebuilder(source, size, place, trusted)

    if is_path:
        with open(f, "rb") as file:
            return _load(file, make, bool(mmap))
    for method in ("seek", "tell", "read"):
        if not hasattr(f, method):
            raise AttributeError(
                f"{type(f).__name__!r} object has no attribute {method!r}. You can only torch.load from a file that is "
                "seekable. Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
            )
    return _load(f, make, False)


def _load(file: IO[bytes], make: Callable[[Any, int], Rebuilder], mapped: bool) -> Any:
    try:
        if _is_old(file):
            if mapped:
                raise RuntimeError(
                    "mmap can only be used with files saved with "
                    "`torch.save(_use_new_zipfile_serialization=True), please torch.save your checkpoint with this "
                    "option in order to use mmap."
                )
            return load_legacy(file.read(), make)
        archive = Archive(file)
        if "constants.pkl" in archive:
            raise RuntimeError("Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``.")
        pickled = archive.read("data.pkl")
        builder = make(Storages(archive, mapped), len(pickled))
        return builder.finished(Machine(pickled, builder).run())
    except UnpicklingError as error:
        raise UnpicklingError(f"Weights only load failed. {error}") from error.__cause__
    except RefusedPlaceError as error:
        raise (error.__cause__ or error) from None


def _is_old(file: IO[bytes]) -> bool:
    """Whether it is of the format from before version 1.6. Refuses what is of no format of PyTorch's."""
    start = file.tell()
    first = file.read(512)
    file.seek(start)
    if not isinstance(first, bytes):
        raise TypeError(f"load(): expected bytes, got {type(first).__name__}. Open the file with mode 'rb'.")
    if not first:
        raise EOFError("Ran out of input: the file is empty, or has been read to its end (file.seek(0)).")
    if first.startswith(b"PK\x03\x04"):
        return False
    if first.startswith(b"\x80") and is_legacy(first):
        return True
    if first[257:262] == b"ustar":
        raise RuntimeError(
            "Cannot use ``weights_only=True`` with files saved in the legacy .tar format, of PyTorch before version "
            "0.1.10. Load it with PyTorch and save it again: torch.save(torch.load(path, weights_only=False), path)."
        )
    if first.startswith(b"\x80"):
        raise UnpicklingError("The file is a plain pickle, no file of torch.save. Nothing in it is executed.")
    hint = " This is NumPy's format: read it with numpy.load." if first.startswith(b"\x93NUMPY") else ""
    raise UnpicklingError(f"No file of torch.save: it begins with {first[:8]!r}.{hint}")
