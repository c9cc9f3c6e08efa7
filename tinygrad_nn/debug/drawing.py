"""The recorded graph as a picture: SVG, HTML and text, without any program to install."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from .._core.tensor import Tensor
from .picture import picture
from .vertices import Vertex, size_text, vertices_of

_LIMIT = 400  # vertices in a picture; a text has all


class Drawing:
    """A graph that can be looked at: ``print`` shows the text, a notebook the picture, `save` writes a file.

    Attributes:
        vertices: what is in it, in the order of the forward pass.
        note: what could not be found out, and why.
    """

    def __init__(self, vertices: Sequence[Vertex], note: str, pictured: Sequence[Vertex]) -> None:
        self.vertices = list(vertices)
        self.note = note
        self._pictured = list(pictured)

    def text(self) -> str:
        """The graph as a program: a line for each tensor, with its type, its size, and the norm of its gradient."""
        return _text(self.vertices, self.note)

    def svg(self) -> str:
        """The graph as an SVG picture."""
        return picture(self._pictured)

    def html(self) -> str:
        """A page of its own with the picture and a table of all tensors."""
        style = "body{font-family:sans-serif;margin:1em;background:#fff;color:#222}"
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>graph of {self._title()}</title>'
            f"<style>{style}</style></head><body>\n{self._repr_html_()}\n</body></html>\n"
        )

    def save(self, path: str | Path) -> None:
        """Write a file: ``.svg``, ``.html``, or ``.txt``.

        Raises:
            ValueError: another ending.
        """
        makers = {".svg": self.svg, ".html": self.html, ".htm": self.html, ".txt": self.text}
        ending = Path(path).suffix.lower()
        if ending not in makers:
            raise ValueError(f"save(): expected a path that ends in .svg, .html or .txt, got {str(path)!r}")
        Path(path).write_text(makers[ending](), encoding="utf-8")

    def _title(self) -> str:
        return escape(self.vertices[-1].name)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_html_(self) -> str:
        return f'<div style="overflow:auto">{self.svg()}</div>\n{_table(self.vertices)}{_note(self.note)}'


def draw(
    result: Tensor, names: Any = None, *, gradients: bool = True, data: bool = True, limit: int = _LIMIT
) -> Drawing:
    """Draw the graph that has made a tensor: operations, shapes, types, memory, norms of gradients.

    The norms are those of the gradient of the result (of its sum, if it has several elements), which is computed
    without any effect: no hook runs, and no ``grad`` changes. A graph that has been freed by ``backward()`` is drawn
    with what is still known.

    Args:
        result: a tensor that requires grad.
        names: what to call the leaves: a module (its parameters), or a dictionary of tensors. Default: the caller's
            variables.
        gradients: whether to compute gradients. Without them fewer shapes are known.
        data: whether to draw data that requires no gradient.
        limit: how many nodes to draw; of greater graphs those nearest to the result. The text has them all.

    Raises:
        TypeError: `result` is no tensor.
        RuntimeError: it does not require grad.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.ones(4, 3)
        >>> weight = tg.full((2, 3), 0.5, requires_grad=True)
        >>> loss = (x @ weight.T).relu().sum()
        >>> print(tg.debug.draw(loss))
        name    computed by      type           size  |gradient|
        weight  leaf             float32[2, 3]  24 B  9.79796
        v1      permute(weight)  float32[3, 2]  24 B  9.79796
        x       data             float32[4, 3]  48 B
        v2      matmul(x, v1)    float32[4, 2]  32 B  2.82843
        v3      relu(v2)         float32[4, 2]  32 B  2.82843
        loss    sum(v3)          float32[]      4 B   1
    """
    vertices, _, note = vertices_of(result, names, gradients=gradients)
    pictured = vertices if len(vertices) <= limit else vertices_of(result, names, gradients=gradients, limit=limit)[0]
    if not data:
        vertices, pictured = ([v for v in each if v.kind != "data"] for each in (vertices, pictured))
    return Drawing(vertices, note, pictured)


# --- words -------------------------------------------------------------------------------------------------------


def _norm_text(vertex: Vertex) -> str:
    norm = vertex.gradient_norm
    return "" if norm is None else f"{norm:.6g}"


_TITLES = ("name", "computed by", "type", "size", "|gradient|")


def _row(vertex: Vertex) -> tuple[str, ...]:
    return vertex.name, vertex.expression(), vertex.type_text(), size_text(vertex.nbytes), _norm_text(vertex)


def _text(vertices: Sequence[Vertex], note: str) -> str:
    rows = [_TITLES, *map(_row, vertices)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines + ([f"({note})"] if note else []))


def _table(vertices: Sequence[Vertex]) -> str:
    cell = 'style="text-align:left;padding:2px 12px;border-bottom:1px solid #ccc"'
    titles = (*_TITLES, "saved", "rules")
    rows = []
    for vertex in vertices:
        saved = size_text(vertex.saved_bytes) if vertex.kind == "op" else ""
        cells = (*_row(vertex), saved, "; ".join(vertex.rules()))
        rows.append("<tr>" + "".join(f"<td {cell}>{escape(text)}</td>" for text in cells) + "</tr>")
    head = "".join(f"<th {cell}>{title}</th>" for title in titles)
    return (
        '<table style="border-collapse:collapse;font-family:monospace;font-size:12px;margin-top:1em">'
        f"<tr>{head}</tr>\n" + "\n".join(rows) + "</table>"
    )


def _note(note: str) -> str:
    return f'<p style="font-size:12px">{escape(note)}</p>' if note else ""
