"""The picture of a graph: boxes with words in them, and lines between, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from .layout import Box, Line, assign_layers, place
from .vertices import Vertex, size_text

_FONTS = "DejaVu Sans Mono, Menlo, Consolas, monospace"
_SIZES = (13, 11)  # of the first line of a box, and of those below
_PER_CHARACTER = 0.61  # of a monospaced font, which is as wide in every font there is
_PADDING = 11.0
_MARGIN = 18.0
_COLOURS = {  # fill, border, and what it means
    "result": ("#d9f2d9", "#3c8c3c", "result"),
    "op": ("#fdf3d6", "#b58a1b", "operation"),
    "leaf": ("#d8e8fa", "#3a6ea8", "leaf that requires grad"),
    "data": ("#ececec", "#777777", "data"),
    "again": ("#ffffff", "#3a6ea8", "drawn above already"),
    "more": ("#ffffff", "#777777", "left out"),
}


def _lines_in(vertex: Vertex) -> list[str]:
    """What stands in a box: the op and the name, the type, the size and the norm of the gradient."""
    if vertex.kind == "more":
        return [vertex.name]
    head = f"{vertex.name} = {vertex.op}" if vertex.kind == "op" else vertex.name
    numbers = [source for source in vertex.inputs if isinstance(source, str) and source != "..."]
    head += f" ({', '.join(numbers)})" if numbers else ""
    norm = vertex.gradient_norm
    below = [size_text(vertex.nbytes), "" if norm is None else f"|grad| {norm:.4g}"]
    lines = [head, vertex.type_text() if vertex.shape is not None else "", ", ".join(part for part in below if part)]
    return [line for line in lines if line]


def _box(vertex: Vertex, lines: Sequence[str]) -> Box:
    sizes = [_SIZES[min(i, 1)] for i in range(len(lines))]
    width = max(len(line) * size * _PER_CHARACTER for line, size in zip(lines, sizes, strict=True)) + 2 * _PADDING
    return Box(width, sum(size + 4 for size in sizes) + 2 * _PADDING - 4, vertex, given=vertex.kind != "op")


def picture(vertices: Sequence[Vertex]) -> str:
    """The vertices as an SVG picture, with a legend."""
    boxes = [_box(vertex, _lines_in(vertex)) for vertex in vertices]
    boxes, edges, again = _with_copies(boxes)
    lines, width, height = place(boxes, edges)
    kinds = {vertex.kind for vertex in vertices[:-1]} | {"result"} | ({"again"} if again else set())
    shown = [kind for kind in _COLOURS if kind in kinds]
    width = max(width, _legend_width(shown))
    parts = [line_svg(line) for line in lines]
    parts += [_box_svg(box, "again" if box in again else "result" if box is boxes[-1] else "") for box in boxes]
    total_width, total_height = math.ceil(width + 2 * _MARGIN), math.ceil(height + 2 * _MARGIN + 30)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total_width}" height="{total_height}" '
        f'viewBox="0 0 {total_width} {total_height}" font-family="{_FONTS}">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0.5 L8 4 L0 7.5 z" fill="#555555"/></marker></defs>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{_legend(shown)}'
        f'<g transform="translate({_MARGIN} {_MARGIN + 30})">\n' + "\n".join(parts) + "\n</g></svg>"
    )


def _with_copies(boxes: Sequence[Box]) -> tuple[list[Box], list[tuple[Box, Box]], set[Box]]:
    """All boxes and edges. What is given and used far apart, as the weight of a recurrent layer, is drawn again there.

    Gives also which boxes are such copies.
    """
    by_vertex = {box.vertex: box for box in boxes}
    uses = {box: [by_vertex[parent] for parent in _of(box).parents if parent in by_vertex] for box in boxes}
    assign_layers(boxes, [(parent, box) for box in boxes for parent in uses[box]])
    edges, again = list[tuple[Box, Box]](), set[Box]()
    latest: dict[Box, tuple[Box, int]] = {}  # of what is given: its latest copy, and the layer of its latest use
    for box in sorted(boxes, key=lambda box: box.layer):
        for parent in uses[box]:
            if parent.given:
                copy, layer = latest.get(parent, (parent, box.layer))
                if box.layer > layer + _FAR:
                    copy = _box(_of(parent), [_of(parent).name])
                    again.add(copy)
                latest[parent] = copy, box.layer
                parent = copy
            edges.append((parent, box))
    return [*again, *boxes], edges, again


_FAR = 2  # layers between two uses, from which on a leaf is drawn again


def _of(box: Box) -> Vertex:
    assert isinstance(box.vertex, Vertex)
    return box.vertex


def _legend_width(kinds: Sequence[str]) -> float:
    return sum(46 + len(_COLOURS[kind][2]) * _SIZES[1] * _PER_CHARACTER for kind in kinds)


def _legend(kinds: Sequence[str]) -> str:
    x, parts = _MARGIN, []
    for kind in kinds:
        fill, border, meaning = _COLOURS[kind]
        parts.append(
            f'<rect x="{x:.1f}" y="10" width="14" height="14" rx="3" fill="{fill}" stroke="{border}"/>'
            f'<text x="{x + 20:.1f}" y="21" font-size="{_SIZES[1]}" fill="#222222">{meaning}</text>'
        )
        x += 46 + len(meaning) * _SIZES[1] * _PER_CHARACTER
    return "".join(parts)


def _box_svg(box: Box, kind: str) -> str:
    vertex = _of(box)
    kind = kind or vertex.kind
    fill, border, _ = _COLOURS[kind]
    left, top = box.x - box.width / 2, box.y - box.height / 2
    dashes = ' stroke-dasharray="4 3"' if kind in ("more", "again") else ""
    texts, y = [], top + _PADDING
    for number, line in enumerate([vertex.name] if kind == "again" else _lines_in(vertex)):
        size = _SIZES[min(number, 1)]
        y += size
        weight = ' font-weight="bold"' if number == 0 else ""
        texts.append(
            f'<text x="{box.x:.1f}" y="{y - 1:.1f}" font-size="{size}" text-anchor="middle" fill="#222222"{weight}>'
            f"{escape(line)}</text>"
        )
        y += 4
    more = [f"{vertex.name} = {vertex.expression()}", *vertex.rules()]
    return (
        f'<g><title>{escape(chr(10).join(more))}</title><rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="6" fill="{fill}" stroke="{border}"{dashes}/>{"".join(texts)}</g>'
    )


def line_svg(line: Line) -> str:
    """A smooth line that leaves and enters boxes vertically, and passes straight through the layers between."""
    start, end = line[0], line[-1]
    x, y = _port(start, start.below, line[1], 1.0)
    path = f"M{x:.1f} {y:.1f}"
    for box in line[1:]:
        if box is end:
            to_x, to_y = _port(end, end.above, line[-2], -1.0)
        else:
            to_x, to_y = box.x, box.y - box.height / 2
        middle = (y + to_y) / 2
        path += f" C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
        x, y = to_x, to_y
        if box is not end:
            y += box.height
            path += f" V{y:.1f}"
    drawn = f'<path d="{path}" fill="none" stroke="#777777" stroke-width="1.2" marker-end="url(#arrow)"/>'
    return drawn + _output_label(start, end, x, y)


def _output_label(start: Box, end: Box, x: float, y: float) -> str:
    """Which of several outputs a line takes, at its end."""
    source, target = _of(start), _of(end)
    if not source.output_names:
        return ""
    numbers = [str(n) for parent, n in zip(target.inputs, target.numbers, strict=True) if parent is source]
    return (
        f'<text x="{x + 6:.1f}" y="{y - 10:.1f}" font-size="{_SIZES[1]}" fill="#222222">[{", ".join(numbers)}]</text>'
    )


def _port(box: Box, neighbours: Sequence[Box], other: Box, side: float) -> tuple[float, float]:
    """Where a line meets a box: lines that come from the left meet it on the left."""
    ranked = sorted(neighbours, key=lambda each: each.x)
    share = (ranked.index(other) + 1) / (len(ranked) + 1)
    spread = min(box.width - 2 * _PADDING, 26.0 * (len(ranked) - 1))
    x = box.x if len(ranked) == 1 else box.x + (share - 0.5) * spread * (len(ranked) + 1) / max(len(ranked) - 1, 1)
    return x, box.y + side * box.height / 2
