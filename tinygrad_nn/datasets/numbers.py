"""Tables of small whole numbers in CSV files, such as pixels: read at once, and checked cell by cell.

Source: https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np

_CHUNK = 1 << 21
_LONGEST = 1 << 20  # bytes of a line
_COMMA, _NEWLINE, _RETURN, _ZERO, _NINE = b",\n\r09"


def read_bytes(path: str | Path) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Read a table of numbers from 0 to 255 below a line of names.

    It takes no more memory than a few times the file's size.

    Returns:
        The names of the columns, and a uint8 array with a row for each line.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a line has more or fewer cells, or a cell is no such number; the text says which.
    """
    path = Path(path)
    with path.open("rb") as file:
        names = _read_names(file, path)
        blocks, rows, rest = [], 0, b""
        while chunk := file.read(_CHUNK):
            whole, newline, rest = (rest + chunk).rpartition(b"\n")
            if len(rest) > _LONGEST:
                _refuse(path, rows + 2, "it is longer than a megabyte", "Is this a CSV file?")
            if newline:
                blocks.append(_parse(whole + newline, len(names), path, rows))
                rows += len(blocks[-1])
        if rest.strip():
            blocks.append(_parse(rest + b"\n", len(names), path, rows))
    return names, np.concatenate([np.zeros((0, len(names)), np.uint8), *blocks])


def _read_names(file: IO[bytes], path: Path) -> list[str]:
    line = file.readline(_LONGEST)
    if not line.strip():
        _refuse(path, 1, "expected the names of the columns, got nothing", "Is the file empty?")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse(path, 1, f"it is no text: {line[:20]!r}", "Is this a CSV file? Unpack archives first")
    if len(line) == _LONGEST:
        _refuse(path, 1, "it is longer than a megabyte", "Is this a CSV file?")
    return [name.strip().strip('"') for name in text.split(",")]


def _parse(text: bytes, columns: int, path: Path, before: int) -> np.ndarray[Any, Any]:
    """The numbers of whole lines. Every cell is one to three digits, with a separator behind it."""
    data = np.frombuffer(text, np.uint8)
    if _RETURN in text:
        data = np.frombuffer(text.replace(b"\r\n", b"\n"), np.uint8)
    digits = (data >= _ZERO) & (data <= _NINE)
    ends = np.flatnonzero(~digits)  # of cells
    lengths = np.diff(ends, prepend=-1) - 1
    marks = data[ends]
    if len(ends) % columns or (marks.reshape(-1, columns) != _separators(columns)).any():
        _refuse_line(bytes(data), columns, path, before)
    values = np.zeros(len(ends), np.uint16)
    for place, worth in enumerate((1, 10, 100)):
        there = lengths > place
        values[there] += (data[ends[there] - 1 - place] - _ZERO).astype(np.uint16) * np.uint16(worth)
    if (lengths < 1).any() or (lengths > 3).any() or (values > 255).any():
        _refuse_line(bytes(data), columns, path, before)
    return values.astype(np.uint8).reshape(-1, columns)


def _separators(columns: int) -> np.ndarray[Any, Any]:
    marks = np.full(columns, _COMMA, np.uint8)
    marks[-1] = _NEWLINE
    return marks


def _refuse_line(text: bytes, columns: int, path: Path, before: int) -> NoReturn:
    """Find what is wrong."""
    for number, line in enumerate(text.split(b"\n")[:-1], before + 2):
        cells = line.split(b",")
        if len(cells) != columns:
            _refuse(path, number, f"expected {columns} cells, got {len(cells)}", "Is the file cut off?")
        for column, cell in enumerate(cells, 1):
            if not (cell.isdigit() and len(cell) <= 3 and int(cell) <= 255):
                shown = cell[:20].decode("latin1")
                _refuse(path, number, f"cell {column} is {shown!r}, no whole number from 0 to 255", "Correct it")
    _refuse(path, before + 2, "it cannot be read", "Is this a CSV file?")


def _refuse(path: Path, line: int, found: str, fix: str) -> NoReturn:
    raise ValueError(f"{path}, line {line}: {found}. {fix}") from None


def write_bytes(path: str | Path, names: list[str], table: np.ndarray[Any, Any]) -> None:
    """Write such a table, which `read_bytes` reads."""
    cells = np.array([list(f"{value},".ljust(4, "\0").encode()) for value in range(256)], np.uint8)
    with Path(path).open("wb") as file:
        file.write(",".join(names).encode() + b"\n")
        for start in range(0, len(table), 1000):
            text = cells[table[start : start + 1000]]  # (rows, columns, 4)
            last = text[:, -1]
            last[last == _COMMA] = _NEWLINE
            file.write(text[text != 0].tobytes())
