"""Fetching files: from mirrors, with a checksum, going on where a transfer was cut, one process at a time.

What arrives is written to a file beside the wanted one, which takes its place when it is complete and its checksum is
right. So a file that is there is whole.

Source: https://docs.pytorch.org/vision/stable/datasets.html
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import http.client

_AGENT = "tinygrad_nn"
_CHUNK = 1 << 16
_PROGRESS = 1 << 16  # bytes of a transfer that was cut, after which it counts as progress
_SLOWEST = 100  # bytes a second, over a whole `timeout`: what is slower counts as stalled


class TransferError(Exception):
    """A transfer did not come to its end."""

    def __init__(self, text: str, *, again: bool) -> None:
        super().__init__(text)
        self.again = again  # whether another try at the same place may help


def calculate_md5(fpath: str | os.PathLike[str], chunk_size: int = 1 << 20) -> str:
    """The MD5 checksum of a file, as hexadecimal digits."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            digest.update(chunk)
    return digest.hexdigest()


def check_integrity(fpath: str | os.PathLike[str], md5: str | None = None) -> bool:
    """Whether there is such a file, and it has this checksum."""
    return os.path.isfile(fpath) and (md5 is None or calculate_md5(fpath) == md5)


def download_url(
    url: str, root: str | os.PathLike[str], filename: str | None = None, md5: str | None = None,
    max_redirect_hops: int = 3,
) -> None:  # fmt: skip
    """Download a file into a folder. See `fetch`, which also takes mirrors.

    Args:
        url: where it is.
        root: the folder, which is made.
        filename: its name there; the last part of the URL if not given.
        md5: its checksum. Nothing is downloaded where a file of this name has it.
        max_redirect_hops: how many redirections are followed.

    Raises:
        RuntimeError: it could not be had, or has another checksum; the text says what each try has met.

    Source: https://github.com/pytorch/vision/blob/main/torchvision/datasets/utils.py
    """
    name = filename or os.path.basename(url)
    fetch([url], os.path.join(os.path.expanduser(root), name), md5, max_redirect_hops=max_redirect_hops)


def fetch(
    urls: Sequence[str], path: str | os.PathLike[str], md5: str | None = None, *, max_redirect_hops: int = 3,
    timeout: float = 30.0, tries: int = 5, max_bytes: int = 1 << 34,
) -> None:  # fmt: skip
    """Download a file from the first of some mirrors that has it.

    A transfer that is cut off or stalls is taken up where it ended, where the server can do that. What an earlier run
    has left is taken up as well, if there is a checksum to tell that it fits. Other processes that want the same file
    wait, and find it there.

    Args:
        urls: the mirrors, ``http:`` or ``https:``.
        path: where it is to lie. The folder is made.
        md5: its checksum.
        max_redirect_hops: how many redirections are followed.
        timeout: seconds of silence after which a transfer counts as stalled.
        tries: transfers without progress from each mirror.
        max_bytes: refuse a file that is larger; 16 GiB if not given.

    Raises:
        RuntimeError: it could not be had, or has another checksum; the text says what each try has met.
    """
    path = os.fspath(path)
    if check_integrity(path, md5):
        return
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with _locked(f"{path}.lock"):
        if check_integrity(path, md5):  # another process was quicker
            return
        part, met = f"{path}.part", []
        if md5 is None:
            _remove(part)
        for url in urls:
            transfer = _Transfer(url, part, max_redirect_hops, timeout, max_bytes)
            try:
                _try(transfer, md5, tries)
            except TransferError as error:
                met.append(f"Tried {url}, got:\n{error}")
            else:
                os.replace(part, path)
                return
            if md5 is None:
                _remove(part)
        raise RuntimeError(f"Error downloading {os.path.basename(path)}:\n" + "\n".join(met))


def _try(transfer: _Transfer, md5: str | None, tries: int) -> None:
    """Get the whole file, however often it is cut, and check it."""
    resumed = os.path.exists(transfer.part)
    left, furthest = tries, transfer.size
    while True:
        try:
            transfer.run()
            break
        except TransferError as error:
            left = tries if transfer.size >= furthest + _PROGRESS else left - 1
            furthest = max(furthest, transfer.size)
            if not error.again or left <= 0:
                raise
            if md5 is None and not transfer.version:  # nothing would tell that the rest is of the same file
                transfer.forget()
            resumed = True
            time.sleep(min(0.05 * 2 ** (tries - left), 2.0))
    if md5 is None:
        return
    found = calculate_md5(transfer.part)
    if found == md5:
        return
    text = f"File not found or corrupted: expected MD5 {md5}, got {found}. {_beginning(transfer.part)}"
    _remove(transfer.part)
    if not resumed:
        raise TransferError(text, again=False)
    transfer.forget()  # what was there before may have been of another file
    transfer.run()
    if calculate_md5(transfer.part) != md5:
        _remove(transfer.part)
        raise TransferError(text, again=False)


def _beginning(path: str) -> str:
    with open(path, "rb") as file:
        first = file.read(200).lstrip()
    page = first[:1] == b"<" or b"html" in first.lower()
    return "It is a web page. " if page else f"It begins with {first[:16]!r}. "


def _remove(path: str) -> None:
    if os.path.exists(path):
        os.remove(path)


# --- one transfer ----------------------------------------------------------------------------------------------------


class _Transfer:
    """A file that comes from one place, in as many pieces as it takes."""

    def __init__(self, url: str, part: str, hops: int, timeout: float, most: int) -> None:
        self.url, self.part = url, part
        self._hops, self._timeout, self._most = hops, timeout, most
        self.version: str | None = None  # what the server calls this version of the file

    @property
    def size(self) -> int:
        """The bytes that are there."""
        return os.path.getsize(self.part) if os.path.exists(self.part) else 0

    def forget(self) -> None:
        """Begin anew."""
        self.version = None
        _remove(self.part)

    def run(self) -> None:
        """Get what is missing.

        Raises:
            TransferError: it did not come to its end. What has come is kept.
        """
        import http.client
        import urllib.error

        scheme = self.url.partition(":")[0].lower()
        if scheme not in ("http", "https"):
            raise TransferError(f"only http and https are fetched, not {scheme}", again=False)
        try:
            with self._open(self.size) as response:
                self._receive(response)
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            stalled = isinstance(error, TimeoutError) or "timed out" in str(error)
            text = f"nothing has come for {self._timeout:g} seconds" if stalled else f"{type(error).__name__}: {error}"
            raise TransferError(text, again=True) from error

    def _open(self, start: int) -> http.client.HTTPResponse:
        import urllib.request

        request = urllib.request.Request(self.url, headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"})
        if start:
            request.add_header("Range", f"bytes={start}-")
            if self.version:
                request.add_header("If-Range", self.version)
        opener = urllib.request.build_opener(_redirections(self._hops))
        response: http.client.HTTPResponse = opener.open(request, timeout=self._timeout)
        return response

    def _refused(self, error: Any) -> None:
        if error.code != 416:
            raise TransferError(f"HTTP Error {error.code}: {error.reason}", again=error.code >= 500)
        whole = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
        if whole is None or int(whole[1]) != self.size:  # it is not that all was there already
            self.forget()
            raise TransferError("the server has another file than the one begun", again=True)

    def _receive(self, response: http.client.HTTPResponse) -> None:
        start = self.size
        if response.status == 206:
            place = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", ""))
            if place is None or int(place[1]) != start:
                self.forget()
                raise TransferError("the server has sent another part than was asked for", again=True)
        else:  # it sends the whole
            start = 0
        etag = response.headers.get("ETag")
        version = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
        total = None if response.length is None else start + response.length
        if total is not None and total > self._most:
            raise TransferError(f"the file has {total} bytes, more than max_bytes={self._most}", again=False)
        with open(self.part, "ab" if start else "wb") as file, _progress(self.part, total, start) as advance:
            self.version = version
            self._copy(response, file, start, advance)
        if total is not None and self.size < total:
            raise TransferError(f"the transfer was cut off after {self.size} of {total} bytes", again=True)

    def _copy(
        self, response: http.client.HTTPResponse, file: IO[bytes], start: int, advance: Callable[[int], Any]
    ) -> None:
        import http.client

        since, received, size = time.monotonic(), 0, start
        while True:
            try:
                chunk = response.read1(_CHUNK)
            except http.client.IncompleteRead as error:
                raise TransferError(f"the transfer was cut off after {size} bytes", again=True) from error
            if not chunk:
                return
            file.write(chunk)
            advance(len(chunk))
            size += len(chunk)
            received += len(chunk)
            if size > self._most:
                raise TransferError(f"the file has more than max_bytes={self._most} bytes", again=False)
            passed = time.monotonic() - since
            if passed > self._timeout:
                if received < _SLOWEST * passed:
                    text = f"{received} bytes in {passed:.0f} seconds: the transfer has stalled"
                    raise TransferError(text, again=True)
                since, received = time.monotonic(), 0


def _redirections(hops: int) -> Any:
    """Follows as many redirections, to http and https only."""
    import urllib.error
    import urllib.request

    class Redirections(urllib.request.HTTPRedirectHandler):
        max_redirections = hops + 1
        max_repeats = 2

        def redirect_request(self, request: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            visited = getattr(request, "redirect_dict", {})
            if len(visited) >= hops:
                raise urllib.error.HTTPError(
                    newurl, 400, f"more than {hops} redirections, the last to {newurl}", headers, fp
                )
            if request.full_url.startswith("https:") and not newurl.startswith("https:"):
                raise urllib.error.HTTPError(newurl, 400, f"redirection from https to {newurl}", headers, fp)
            return super().redirect_request(request, fp, code, msg, headers, newurl)

    return Redirections()


# --- who is told, and who waits --------------------------------------------------------------------------------------


@contextmanager
def _progress(path: str, total: int | None, start: int) -> Iterator[Callable[[int], Any]]:
    """Shows how far it is, where somebody looks: with tqdm, if that is installed."""
    name = os.path.basename(path).removesuffix(".part")
    try:
        tqdm: Any = importlib.import_module("tqdm").tqdm
    except ImportError:
        line = _Line(name, total, start)
        try:
            yield line.advance
        finally:
            line.close()
        return
    with tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=name, disable=None) as bar:
        yield bar.update


class _Line:
    """A line on the terminal that says how far a transfer is."""

    def __init__(self, name: str, total: int | None, start: int) -> None:
        self._name, self._total, self._at, self._shown = name, total, start, 0.0
        self._seen = sys.stderr is not None and sys.stderr.isatty()

    def advance(self, count: int) -> None:
        """So many bytes have come."""
        self._at += count
        if self._seen and time.monotonic() - self._shown > 0.2:
            self._shown = time.monotonic()
            self._show()

    def _show(self) -> None:
        done = f"{self._at / 1e6:.1f} MB"
        if self._total:
            done += f" of {self._total / 1e6:.1f} MB ({100 * self._at // self._total} %)"
        print(f"\r{self._name}: {done}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """No more will come."""
        if self._seen:
            self._show()
            print(file=sys.stderr)


@contextmanager
def _locked(path: str) -> Iterator[None]:
    """Waits until no other process holds this lock. A process that ends, however it does, holds none."""
    while True:
        file = open(path, "a+b")  # noqa: SIM115 - it stays open
        _wait(file)
        try:
            same = os.stat(path).st_ino == os.fstat(file.fileno()).st_ino
        except FileNotFoundError:  # the one before has removed it
            same = False
        if same:
            break
        file.close()
    try:
        yield
    finally:
        if os.name != "nt":  # where a file that is open cannot be removed
            _remove(path)
        file.close()


def _wait(file: IO[bytes]) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(0)
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
                return
            except OSError:  # it tries for ten seconds
                continue
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:  # a file system without locks: two processes may both download, and each replaces the file whole
        return
