"""Where the boxes of a drawing stand: in layers, above what is made of them, with few crossings and straight lines.

Source: Sugiyama, Tagawa and Toda, Methods for Visual Understanding of Hierarchical System Structures, IEEE Transactions
on Systems, Man and Cybernetics 11 (1981). Within a layer, positions are the best ones for the order that was chosen:
an isotonic regression, by pooling adjacent violators.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

COLUMN_GAP = 26.0  # between neighbours of a layer
LAYER_GAP = 44.0  # between layers
_THIN = 10.0  # what a line takes that passes through a layer
_SWEEPS = 24
_STRAIGHTENINGS = 24


@dataclass(eq=False)
class Box:
    """Something to place: a vertex of the graph, or the point at which a long line passes through a layer.

    Attributes:
        width, height: its size.
        given: it is a leaf or data, which stand above their first use and give way to what is computed.
        x, y: its centre, once it is placed.
        above, below: its neighbours in the layers next to its own.
    """

    width: float
    height: float
    vertex: object = None
    given: bool = False
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    above: list[Box] = field(default_factory=list)
    below: list[Box] = field(default_factory=list)


Line = tuple[Box, ...]  # from a box, through points, to another


def place(boxes: Sequence[Box], edges: Sequence[tuple[Box, Box]]) -> tuple[list[Line], float, float]:
    """Place boxes so that every edge leads down; give the lines of the edges, and the size of it all.

    Args:
        boxes: in an order in which every edge leads from an earlier to a later one.
        edges: pairs of boxes.
    """
    assign_layers(boxes, edges)
    lines = [_line(start, end) for start, end in edges]
    layers = _layers(boxes, lines)
    _order(layers)
    _straighten(layers)
    width = _shift(layers)
    return lines, width, _stack(layers)


# --- layers ------------------------------------------------------------------------------------------------------


def assign_layers(boxes: Sequence[Box], edges: Sequence[tuple[Box, Box]]) -> None:
    """As far down as the longest way from above, and further where that shortens lines: a branch stands by its use."""
    before: dict[Box, list[Box]] = {box: [] for box in boxes}
    after: dict[Box, list[Box]] = {box: [] for box in boxes}
    for start, end in edges:
        before[end].append(start)
        after[start].append(end)
    for box in boxes:
        box.layer = max((other.layer + 1 for other in before[box]), default=0)
    for box in reversed(boxes):
        computed = sum(not other.given for other in before[box])
        if after[box] and len(after[box]) >= computed:
            box.layer = min(other.layer for other in after[box]) - 1
    least = min((box.layer for box in boxes), default=0)
    for box in boxes:
        box.layer -= least


def _line(start: Box, end: Box) -> Line:
    points = [Box(_THIN, 0.0, layer=layer) for layer in range(start.layer + 1, end.layer)]
    line = (start, *points, end)
    for upper, lower in itertools.pairwise(line):
        upper.below.append(lower)
        lower.above.append(upper)
    return line


def _layers(boxes: Sequence[Box], lines: Sequence[Line]) -> list[list[Box]]:
    """The boxes and points of each layer, in an order to begin with: that of a walk from the last box upwards."""
    layers: list[list[Box]] = [[] for _ in range(max((box.layer for box in boxes), default=0) + 1)]
    seen: set[Box] = set()
    for root in reversed(boxes):
        stack = [root]
        while stack:
            box = stack.pop()
            if box not in seen:
                seen.add(box)
                layers[box.layer].append(box)
                stack.extend(reversed(box.above))
    return layers


# --- order within a layer ----------------------------------------------------------------------------------------


def _order(layers: list[list[Box]]) -> None:
    """Sort each layer by the mean place of its neighbours, up and down in turns; the best order found is kept."""
    best, least = [list(layer) for layer in layers], _crossings(layers)
    for sweep in range(_SWEEPS):
        if not least:
            break
        downward = sweep % 2 == 0
        for layer in layers[1:] if downward else layers[-2::-1]:
            _sort(layers, layer, (lambda box: box.above) if downward else (lambda box: box.below))
        found = _crossings(layers)
        if found < least:
            best, least = [list(layer) for layer in layers], found
    for layer, chosen in zip(layers, best, strict=True):
        layer[:] = chosen


def _sort(layers: list[list[Box]], layer: list[Box], neighbours: Callable[[Box], list[Box]]) -> None:
    places = {box: place for row in layers for place, box in enumerate(row)}
    means = {}
    for box in layer:
        near = neighbours(box)
        means[box] = sum(places[other] for other in near) / len(near) if near else float(places[box])
    layer.sort(key=means.__getitem__)


def _crossings(layers: list[list[Box]]) -> int:
    count = 0
    for upper, lower in itertools.pairwise(layers):
        places = {box: place for place, box in enumerate(lower)}
        ends = [place for box in upper for place in sorted(places[other] for other in box.below)]
        count += sum(first > second for i, first in enumerate(ends) for second in ends[i + 1 :])
    return count


# --- positions ---------------------------------------------------------------------------------------------------


def _straighten(layers: list[list[Box]]) -> None:
    """Move each layer to the mean of its neighbours, up and down in turns, as far as its order and its gaps allow."""
    for layer in layers:
        x = 0.0
        for box in layer:
            box.x = x + box.width / 2
            x += box.width + COLUMN_GAP
        for box in layer:
            box.x -= x / 2
    for turn in range(_STRAIGHTENINGS):
        for layer in layers if turn % 2 == 0 else layers[::-1]:
            wanted, weights = [], []
            for box in layer:
                near = [(other, _stiffness(box, other)) for other in (*box.above, *box.below)]
                total = sum(weight for _, weight in near)
                wanted.append(sum(other.x * weight for other, weight in near) / total if total else box.x)
                weights.append(total or 1.0)
            _put(layer, wanted, weights)


def _stiffness(box: Box, other: Box) -> float:
    """How much a piece of line wants to be straight: most in the middle of a long one, least from what is given."""
    if box.given or other.given:
        return 0.1
    points = (box.vertex is None) + (other.vertex is None)
    return (1.0, 2.0, 8.0)[points]


def _put(layer: list[Box], wanted: Sequence[float], weights: Sequence[float]) -> None:
    """The places nearest to those wanted, by weighted squares, in this order and with the gaps between."""
    offsets = [0.0]
    for left, right in itertools.pairwise(layer):
        offsets.append(offsets[-1] + (left.width + right.width) / 2 + COLUMN_GAP)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, length
    for value, offset, weight in zip(wanted, offsets, weights, strict=True):
        mean, total, length = value - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other_mean, other_total, other_length = blocks.pop()
            mean = (mean * total + other_mean * other_total) / (total + other_total)
            total, length = total + other_total, length + other_length
        blocks.append((mean, total, length))
    means = [mean for mean, _, length in blocks for _ in range(length)]
    for box, mean, offset in zip(layer, means, offsets, strict=True):
        box.x = mean + offset


def _shift(layers: list[list[Box]]) -> float:
    """Let the leftmost begin at 0; the width of it all."""
    left = min(box.x - box.width / 2 for layer in layers for box in layer)
    for layer in layers:
        for box in layer:
            box.x -= left
    return max(box.x + box.width / 2 for layer in layers for box in layer)


def _stack(layers: list[list[Box]]) -> float:
    """Put one layer below the other; the height of it all."""
    y = 0.0
    for layer in layers:
        height = max(box.height for box in layer)
        for box in layer:
            box.y = y + height / 2
            if box.vertex is None:
                box.height = height  # a line passes straight through the layer
        y += height + LAYER_GAP
    return y - LAYER_GAP
