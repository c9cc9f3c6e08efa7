"""Unpacking archives: only files, only into the folder, never more than is allowed.

Source: https://github.com/pytorch/vision/blob/main/torchvision/datasets/utils.py
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from .download import download_url

_CHUNK = 1 << 20
_MEMORY = 1 << 28  # that a decoder of .xz may ask for


def extract_archive(
    from_path: str | os.PathLike[str], to_path: str | os.PathLike[str] | None = None, remove_finished: bool = False, *,
    max_bytes: int = 1 << 34,
) -> str | Path:  # fmt: skip
    """Unpack a ``.zip`` or ``.tar`` archive, or a single file, compressed as ``.gz``, ``.xz`` or ``.bz2``.

    Links, devices, and files that would lie outside of the folder are refused before anything is written.

    Args:
        from_path: the archive; its name tells what it is.
        to_path: the folder; that of the archive if not given.
        remove_finished: remove the archive afterwards.
        max_bytes: refuse what takes more bytes; 16 GiB if not given.

    Returns:
        The folder, or the single file.

    Raises:
        RuntimeError: the name tells nothing, or the archive is damaged, too large, or holds what is no file.

    Source: https://github.com/pytorch/vision/blob/main/torchvision/datasets/utils.py
    """
    source = Path(from_path)
    folder = Path(to_path) if to_path is not None else source.parent
    suffixes = [suffix.lower() for suffix in source.suffixes]
    last = suffixes[-1] if suffixes else ""
    folder.mkdir(parents=True, exist_ok=True)
    with _damage(source):
        if last == ".zip":
            _unpack(_zipped(source), folder, source, max_bytes)
        elif last in (".tar", ".tgz", ".tbz", ".tbz2") or suffixes[-2:-1] == [".tar"]:
            _unpack(_tarred(source), folder, source, max_bytes)
        elif last in _OPENERS:
            folder = folder / source.name[: -len(last)]
            with _OPENERS[last](source) as file:
                _copy(file, folder, max_bytes, source)
        else:
            raise RuntimeError(
                f"Unknown compression or archive type: '{last}'.\nKnown suffixes are: .zip, .tar, .gz, .xz, .bz2, "
                f".tgz, .tbz, .tbz2, in {source}."
            )
    if remove_finished:
        source.unlink()
    return str(folder) if isinstance(from_path, str) else folder


def download_and_extract_archive(
    url: str, download_root: str | os.PathLike[str], extract_root: str | os.PathLike[str] | None = None,
    filename: str | None = None, md5: str | None = None, remove_finished: bool = False,
) -> None:  # fmt: skip
    """Download an archive and unpack it. See `download_url` and `extract_archive`.

    Raises:
        RuntimeError: as these two do.
    """
    root = os.path.expanduser(download_root)
    name = filename or os.path.basename(url)
    download_url(url, root, name, md5)
    extract_archive(os.path.join(root, name), extract_root if extract_root is not None else root, remove_finished)


Member = tuple[str, int, Callable[[], IO[bytes]]]  # name, size, and what opens it


def _zipped(source: Path) -> Iterator[Member]:
    import zipfile

    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            mode = entry.external_attr >> 16
            if mode & 0o170000 not in (0, 0o100000, 0o040000):
                raise RuntimeError(f"{source}: {entry.filename!r} is a link or device")
            if not entry.is_dir():
                yield entry.filename, entry.file_size, lambda entry=entry: archive.open(entry)  # type: ignore[misc]


def _tarred(source: Path) -> Iterator[Member]:
    import tarfile

    suffix = source.suffix.lower()
    opener = _OPENERS.get({".tgz": ".gz", ".tbz": ".bz2", ".tbz2": ".bz2"}.get(suffix, suffix), _plain)
    with opener(source) as file, tarfile.open(fileobj=cast(IO[bytes], file), mode="r|") as archive:
        for entry in archive:
            if not entry.isreg() and not entry.isdir():
                raise RuntimeError(f"{source}: {entry.name!r} is a link or device")
            if entry.isreg():
                yield entry.name, entry.size, lambda entry=entry: archive.extractfile(entry)  # type: ignore[misc]


def _unpack(members: Iterator[Member], folder: Path, source: Path, most: int) -> None:
    left = most
    for name, size, opened in members:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or not path.parts:
            raise RuntimeError(f"{source}: {name!r} would lie outside of the folder")
        left -= size
        if size < 0 or left < 0:
            raise RuntimeError(f"{source}: it takes more than max_bytes={most}")
        target = folder.joinpath(*path.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with opened() as file:
            _copy(file, target, size, source)


def _copy(file: IO[bytes], target: Path, most: int, source: Path) -> None:
    """Write a file that appears when it is whole."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    size = 0
    try:
        with open(partial, "wb") as out:
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                if size > most:
                    raise RuntimeError(f"{source}: {target.name} takes more than {most} bytes")
                out.write(chunk)
        os.replace(partial, target)
    finally:
        if partial.exists():
            partial.unlink()


class _Xz:
    """An .xz file, read with a limit on the memory that its dictionary may ask for."""

    def __init__(self, source: Path) -> None:
        import lzma

        self._file = open(source, "rb")  # noqa: SIM115 - it stays open
        self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
        self._data = b""

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or what is left."""
        while len(self._data) < size and not self._decoder.eof:
            piece = self._file.read(_CHUNK) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not piece:
                raise EOFError("it is cut off")
            self._data += self._decoder.decompress(piece, max(size - len(self._data), 1))
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def __enter__(self) -> _Xz:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def _plain(source: Path) -> Any:
    return open(source, "rb")


_OPENERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": _Xz}


@contextlib.contextmanager
def _damage(source: Path) -> Iterator[None]:
    """Give errors of all these readers one type."""
    import lzma
    import tarfile
    import zipfile

    odd = (EOFError, OSError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, NotImplementedError)
    try:
        yield
    except FileNotFoundError:
        raise
    except (*odd, ValueError, LookupError, OverflowError, MemoryError) as error:
        raise RuntimeError(f"{source}: the archive is cut off or damaged ({error}). Download it again.") from error
