"""Downloads from a real server on this machine, which cuts, stalls, redirects and lies; and archives that do."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import lzma
import multiprocessing
import os
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tinygrad_nn.datasets import download
from tinygrad_nn.datasets.utils import (
    calculate_md5,
    check_integrity,
    check_md5,
    download_and_extract_archive,
    download_url,
    extract_archive,
    fetch,
)

DATA = bytes(range(256)) * 2000  # half a megabyte
MD5 = hashlib.md5(DATA).hexdigest()
PAGE = b"<!DOCTYPE html><title>Log in</title>"


class Handler(BaseHTTPRequestHandler):
    """Answers by the path's first part, which names a behaviour."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Range")))
        self.close_connection = True
        name = self.path.strip("/").partition("/")[0]
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            getattr(self, name)()

    def log_message(self, *args: Any) -> None:
        pass

    def head(self, status: int, *headers: tuple[str, Any]) -> None:
        self.send_response(status)
        for header, value in headers:
            self.send_header(header, str(value))
        self.send_header("Connection", "close")
        self.end_headers()

    def start(self) -> int:
        wanted = self.headers.get("Range")
        return int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0

    def part(self, data: bytes, most: int | None = None) -> None:
        """The file from where it is wanted on, but no more than so many bytes of it."""
        start = self.start()
        rest = data[start:]
        if start:
            place = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.head(206, ("Content-Range", place), ("Content-Length", len(rest)))
        else:
            self.head(200, ("Content-Length", len(rest)))
        self.wfile.write(rest[:most])

    def whole(self) -> None:
        self.part(DATA)

    def cut(self) -> None:
        self.part(DATA, 100_000)

    def cut_without_ranges(self) -> None:
        self.head(200, ("Content-Length", len(DATA)))
        self.wfile.write(DATA if self.server.times(3) else DATA[:200_000])

    def cut_chunks(self) -> None:
        self.head(200, ("Transfer-Encoding", "chunked"))
        chunk = b"%x\r\n%s\r\n" % (len(DATA), DATA)
        self.wfile.write(chunk + b"0\r\n\r\n" if self.server.times(2) else chunk[:1000])

    def versions(self) -> None:
        """Another version of the file whenever it is asked for; If-Range tells which one was begun."""
        version = b'"%d"' % len(self.server.seen)
        data = b"%06d" % len(self.server.seen) * 50_000
        begun = self.headers.get("If-Range")
        assert begun is None or begun.encode() != version
        self.head(200, ("Content-Length", len(data)), ("ETag", version.decode()))
        self.wfile.write(data if len(self.server.seen) >= 3 else data[:150_000])

    def stall(self) -> None:
        if not self.server.times(2):
            self.head(200, ("Content-Length", len(DATA)))
            self.wfile.write(DATA[:70_000])
            self.wfile.flush()
            self.server.over.wait(10)
        else:
            self.part(DATA)

    def silence(self) -> None:
        self.server.over.wait(10)

    def drip(self) -> None:
        self.head(200, ("Content-Length", len(DATA)))
        while not self.server.over.wait(0.05):
            self.wfile.write(b"x")
            self.wfile.flush()

    def endless(self) -> None:
        self.head(200)
        for _ in range(3000):
            self.wfile.write(bytes(1 << 16))

    def redirect(self) -> None:
        left = int(self.path.rpartition("/")[2])
        self.head(302, ("Location", f"/redirect/{left - 1}" if left > 1 else "/whole"), ("Content-Length", 0))

    def loop(self) -> None:
        self.head(302, ("Location", "/loop"), ("Content-Length", 0))

    def to_a_file(self) -> None:
        self.head(302, ("Location", "file:///etc/passwd"), ("Content-Length", 0))

    def page(self) -> None:
        self.head(200, ("Content-Length", len(PAGE)))
        self.wfile.write(PAGE)

    def other(self) -> None:
        self.part(DATA[::-1])

    def other_at_first(self) -> None:
        self.part(DATA if self.server.times(2) else DATA[::-1])

    def longer_than_it_is(self) -> None:
        self.head(200, ("Content-Length", len(DATA) + 5))
        self.wfile.write(DATA)

    def shorter_than_it_is(self) -> None:
        self.head(200, ("Content-Length", 1000))
        self.wfile.write(DATA)

    def wrong_part(self) -> None:
        if not self.start():
            return self.part(DATA, 100_000 if not self.server.times(2) else None)
        self.head(206, ("Content-Range", f"bytes 0-{len(DATA) - 1}/{len(DATA)}"), ("Content-Length", len(DATA)))
        self.wfile.write(DATA)
        return None

    def no_such_part(self) -> None:
        if not self.start():
            return self.part(DATA)
        self.head(416, ("Content-Range", f"bytes */{len(DATA)}"), ("Content-Length", 0))
        return None

    def missing(self) -> None:
        self.head(404, ("Content-Length", 0))

    def broken_at_first(self) -> None:
        self.part(DATA) if self.server.times(3) else self.head(503, ("Content-Length", 0))

    def nonsense(self) -> None:
        self.wfile.write(b"\xff\xfe this is no HTTP\r\n\r\n")

    def slow(self) -> None:
        time.sleep(0.5)
        self.part(DATA)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str | None]] = []
        self.over = threading.Event()

    def times(self, count: int) -> bool:
        """Whether it has been asked so often."""
        return len(self.seen) >= count

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download.time, "sleep", lambda seconds: None)
    running = Server()
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield running
    running.over.set()
    running.shutdown()
    thread.join()
    running.server_close()


def get(server: Server, path: str, folder: Path, md5: str | None = MD5, **options: Any) -> bytes:
    target = folder / "data.bin"
    fetch([server.url(path)], target, md5, timeout=options.pop("timeout", 0.4), **options)
    assert sorted(os.listdir(folder)) == ["data.bin"]  # no lock, no part
    return target.read_bytes()


# --- what comes in the end -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("md5", [MD5, None])
@pytest.mark.parametrize(
    "path",
    ["whole", "cut_without_ranges", "cut_chunks", "stall", "redirect/2", "longer_than_it_is", "wrong_part",
     "broken_at_first", "no_such_part"],
)  # fmt: skip
def test_it_comes_in_the_end(server: Server, tmp_path: Path, path: str, md5: str | None) -> None:
    if path == "longer_than_it_is" and md5 is None:
        with pytest.raises(RuntimeError, match="cut off after 512000 of 512005 bytes"):
            get(server, path, tmp_path, md5, tries=2)
        return
    if path == "longer_than_it_is":
        with pytest.raises(RuntimeError, match="cut off after 512000 of 512005 bytes"):
            get(server, path, tmp_path, md5, tries=2)
        assert os.listdir(tmp_path) == ["data.bin.part"]
        return
    assert get(server, path, tmp_path, md5) == DATA


def test_a_transfer_that_is_cut_is_taken_up(server: Server, tmp_path: Path) -> None:
    assert get(server, "cut", tmp_path) == DATA
    assert [part for _, part in server.seen] == [None, *(f"bytes={n}00000-" for n in range(1, 6))]


def test_another_run_takes_it_up_where_a_checksum_tells(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data.bin.part").write_bytes(DATA[:123])
    assert get(server, "whole", tmp_path) == DATA
    assert server.seen == [("/whole", "bytes=123-")]
    (tmp_path / "data.bin").unlink()
    (tmp_path / "data.bin.part").write_bytes(DATA[::-1][:123])  # of another file, as it turns out
    assert get(server, "whole", tmp_path) == DATA
    assert server.seen[1:] == [("/whole", "bytes=123-"), ("/whole", None)]
    (tmp_path / "data.bin").unlink()
    (tmp_path / "data.bin.part").write_bytes(DATA[:123])
    assert get(server, "whole", tmp_path, None) == DATA
    assert server.seen[3:] == [("/whole", None)]
    (tmp_path / "data.bin").rename(tmp_path / "data.bin.part")  # all was there
    assert get(server, "no_such_part", tmp_path) == DATA
    (tmp_path / "data.bin").unlink()
    (tmp_path / "data.bin.part").write_bytes(DATA + b"more")
    assert get(server, "no_such_part", tmp_path) == DATA


def test_parts_of_two_versions_are_not_mixed(server: Server, tmp_path: Path) -> None:
    assert get(server, "versions", tmp_path, None) == b"000003" * 50_000


def test_a_lie_at_first(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data.bin.part").write_bytes(DATA[:10])
    assert get(server, "other_at_first", tmp_path) == DATA


def test_what_is_there_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_Transfer", None)
    (tmp_path / "data.bin").write_bytes(DATA)
    (tmp_path / "data.bin").chmod(0o400)
    tmp_path.chmod(0o500)
    download_url("http://127.0.0.1:9/data.bin", tmp_path, md5=MD5)
    download_url("http://127.0.0.1:9/data.bin", tmp_path)
    tmp_path.chmod(0o700)


def test_a_damaged_file_is_downloaded_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(DATA[:-1])
    assert get(server, "whole", tmp_path) == DATA


def test_mirrors(server: Server, tmp_path: Path) -> None:
    urls = [server.url(path) for path in ("missing", "page", "other", "whole")]
    fetch(["http://127.0.0.1:9/x", *urls], tmp_path / "a", MD5, timeout=0.4)
    assert (tmp_path / "a").read_bytes() == DATA
    with pytest.raises(RuntimeError) as caught:
        fetch(urls[:3], tmp_path / "b", MD5, timeout=0.4)
    assert str(caught.value).splitlines() == [
        "Error downloading b:",
        f"Tried {urls[0]}, got:", "HTTP Error 404: Not Found",
        f"Tried {urls[1]}, got:",
        f"File not found or corrupted: expected MD5 {MD5}, got {hashlib.md5(PAGE).hexdigest()}. It is a web page. ",
        f"Tried {urls[2]}, got:",
        f"File not found or corrupted: expected MD5 {MD5}, got {hashlib.md5(DATA[::-1]).hexdigest()}. "
        f"It begins with {DATA[::-1][:16]!r}. ",
    ]  # fmt: skip
    assert os.listdir(tmp_path) == ["a"]


# --- what does not come ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("missing", "HTTP Error 404: Not Found"),
        ("silence", "nothing has come for 0.2 seconds"),
        ("drip", "bytes in 0 seconds: the transfer has stalled"),
        ("endless", "more than max_bytes=1000000"),
        ("redirect/4", "more than 3 redirections, the last to .*/whole"),
        ("loop", "HTTP Error|redirect"),
        ("to_a_file", "HTTP Error|redirect"),
        ("page", "web page"),
        ("other", f"expected MD5 {MD5}"),
        ("shorter_than_it_is", f"expected MD5 {MD5}"),
        ("nonsense", "BadStatusLine|ff"),
    ],
)  # fmt: skip
def test_it_does_not_come_and_it_says_why(server: Server, tmp_path: Path, path: str, said: str) -> None:
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=rf"Error downloading data.bin:\nTried http://.*{path}, got:\n.*({said})"):
        get(server, path, tmp_path, timeout=0.2, tries=2, max_bytes=1_000_000)
    assert not (tmp_path / "data.bin").exists()
    assert time.monotonic() - start < 8


def test_no_other_places(tmp_path: Path) -> None:
    for url in ("file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "/etc/passwd"):
        with pytest.raises(RuntimeError, match="only http and https are fetched"):
            fetch([url], tmp_path / "a")
    with pytest.raises(RuntimeError, match="Connection refused"):
        download_url("http://127.0.0.1:9/x", tmp_path)


def test_a_head_that_claims_too_much_is_believed_at_once(server: Server, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the file has 512000 bytes, more than max_bytes=1000"):
        get(server, "whole", tmp_path, max_bytes=1000)


# --- several at once -------------------------------------------------------------------------------------------------


def _fetch_in_a_process(url: str, path: str, results: Any) -> None:
    try:
        fetch([url], path, MD5)
        results.put(calculate_md5(path))
    except BaseException as error:  # what it is goes to the test
        results.put(repr(error))


def test_two_processes_at_once(server: Server, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [
        context.Process(target=_fetch_in_a_process, args=(server.url("slow"), str(tmp_path / "a"), results))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    assert [results.get(timeout=60) for _ in workers] == [MD5, MD5]
    for worker in workers:
        worker.join()
    assert len(server.seen) == 1
    assert os.listdir(tmp_path) == ["a"]


def test_threads_at_once(server: Server, tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=fetch, args=([server.url("slow")], tmp_path / "a", MD5)) for _ in range(4)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.seen) == 1
    assert check_integrity(tmp_path / "a", MD5)


def test_a_lock_that_a_dead_process_has_left_is_none(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data.bin.lock").write_bytes(b"")
    assert get(server, "whole", tmp_path) == DATA


# --- who is told -----------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("tqdm", [True, False])
def test_progress_is_shown_on_a_terminal(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tqdm: bool
) -> None:
    if tqdm:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", stream)
        get(server, "whole", tmp_path)
        assert ("data.bin" in stream.getvalue() and "100" in stream.getvalue()) == shown
        assert bool(stream.getvalue()) == shown
        (tmp_path / "data.bin").unlink()


def test_checksums(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(DATA)
    assert calculate_md5(tmp_path / "a") == MD5
    assert check_md5(tmp_path / "a", MD5)
    assert check_integrity(tmp_path / "a")
    assert not check_integrity(tmp_path / "a", "0" * 32)
    assert not check_integrity(tmp_path)


# --- archives --------------------------------------------------------------------------------------------------------


def tar(entries: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for entry, data in entries:
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return file.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def zipped(*names: str, data: bytes = DATA) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.tar", tar([(entry("in/a"), DATA), (entry("b"), b"b")])),
        ("x.tar.gz", tar([(entry("in/a"), DATA), (entry("b"), b"b")], "w:gz")),
        ("x.tgz", tar([(entry("in", tarfile.DIRTYPE), b""), (entry("in/a"), DATA), (entry("./b"), b"b")], "w:gz")),
        ("x.tar.xz", tar([(entry("in/a"), DATA), (entry("b"), b"b")], "w:xz")),
        ("x.TAR.BZ2", tar([(entry("in/a"), DATA), (entry("b"), b"b")], "w:bz2")),
        ("x.zip", zipped("in/", "in/a", "b")),
    ],
)  # fmt: skip
def test_archives_are_unpacked(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert extract_archive(tmp_path / name, tmp_path / "to", remove_finished=True) == tmp_path / "to"
    assert (tmp_path / "to/in/a").read_bytes() == DATA
    assert sorted(os.listdir(tmp_path / "to")) == ["b", "in"]
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress)])
def test_single_files_are_unpacked(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"a.b{suffix}"
    path.write_bytes(pack(DATA))
    assert extract_archive(str(path)) == str(tmp_path / "a.b")
    assert (tmp_path / "a.b").read_bytes() == DATA
    path.write_bytes(pack(DATA)[:-30])
    with pytest.raises(RuntimeError, match="cut off or damaged"):
        extract_archive(path, tmp_path / "to")
    path.write_bytes(pack(bytes(10_000_000)))
    with pytest.raises(RuntimeError, match="takes more than 1000000 bytes"):
        extract_archive(path, tmp_path / "to", max_bytes=1_000_000)
    assert os.listdir(tmp_path / "to") == []


def linked() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("a")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("x.tar", tar([(entry("../a"), b"")]), "'../a' would lie outside"),
        ("x.tar", tar([(entry("/a"), b"")]), "'/a' would lie outside"),
        ("x.tar", tar([(entry("in/../../a"), b"")]), "would lie outside"),
        ("x.tar", tar([(entry("a", tarfile.SYMTYPE, "/etc"), b""), (entry("a/passwd"), b"x")]), "'a' is a link or"),
        ("x.tar", tar([(entry("a", tarfile.LNKTYPE, "/etc/passwd"), b"")]), "'a' is a link"),
        ("x.tar", tar([(entry("a", tarfile.FIFOTYPE), b"")]), "'a' is a link or device"),
        ("x.tar", tar([(entry("a"), DATA)])[:1000], "cut off or damaged"),
        ("x.tar", b"no archive" * 100, "cut off or damaged"),
        ("x.tar.gz", tar([(entry("a"), bytes(3_000_000))], "w:gz"), "more than max_bytes=2000000"),
        ("x.zip", zipped("../a"), "would lie outside"),
        ("x.zip", zipped("C:/a"), "would lie outside"),
        ("x.zip", zipped("in\\..\\..\\a"), "would lie outside"),
        ("x.zip", linked(), "'a' is a link"),
        ("x.zip", zipped("a", data=bytes(3_000_000)), "more than max_bytes=2000000"),
        ("x.zip", zipped("a")[:-30], "cut off or damaged"),
        ("x.rar", b"", "Unknown compression or archive type: '.rar'"),
        ("x", b"", "Unknown compression or archive type: ''"),
    ],
)  # fmt: skip
def test_archives_that_are_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(RuntimeError, match=said):
        extract_archive(tmp_path / name, tmp_path / "to", max_bytes=2_000_000)
    assert not (tmp_path / "a").exists()
    assert sorted(os.listdir(tmp_path)) == ["to", name]


def test_downloaded_archives(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_download.DATA", zipped("in/a"))
    download_and_extract_archive(server.url("whole/data.zip"), tmp_path, tmp_path / "to", remove_finished=True)
    assert (tmp_path / "to/in/a").stat().st_size == 512_000
    assert os.listdir(tmp_path) == ["to"]
