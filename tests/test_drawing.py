"""Drawings of graphs, looked at with a ruler: nothing overlaps, nothing is cut off, every line leads where it should.

And the text, the explanation, and that looking changes nothing.
"""

from __future__ import annotations

import itertools
import re
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.debug.layout import Box, place
from tinygrad_nn.debug.picture import line_svg
from tinygrad_nn.debug.vertices import Vertex

quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)
F = nn.functional
_CHARACTER = 0.602  # the width of DejaVu Sans Mono's characters, by their height; others are narrower


def mlp() -> Any:
    net = nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 2))
    return F.cross_entropy(net(tg.randn(4, 3)), tg.tensor([0, 1, 1, 0]))


def branchy() -> Any:
    """Attention with shared weights, a residual, several outputs, and a penalty."""
    x = tg.randn(2, 5, 8)
    wq, wk, wv = (tg.randn(8, 8, requires_grad=True) for _ in range(3))
    scale = tg.tensor(0.3, requires_grad=True)
    attention = ((x @ wq) @ (x @ wk).transpose(1, 2) * scale).softmax(-1)
    h = x + attention @ (x @ wv)
    h = h + (h @ wq).tanh() * scale
    u, w = h.split(4, dim=-1)
    return (u * w.sigmoid()).mean() + 0.01 * (wq**2).sum()


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(width, width), nn.Linear(width, width)
        self.gain = nn.Parameter(tg.ones(width))

    def forward(self, x: Any) -> Any:
        return x + self.b(F.gelu(self.a(x))) * self.gain


def sixty() -> Any:
    net = nn.Sequential(*[Block(8) for _ in range(6)], nn.Linear(8, 3))
    return F.cross_entropy(net(tg.randn(4, 8)), tg.tensor([0, 1, 2, 0]))


def recurrent() -> Any:
    """One weight used at every step."""
    wx, wh = tg.randn(3, 4, requires_grad=True), tg.randn(4, 4, requires_grad=True)
    h = tg.zeros(2, 4)
    for _ in range(12):
        h = (tg.randn(2, 3) @ wx + h @ wh).tanh()
    return h.sum()


GRAPHS: dict[str, Callable[[], Any]] = {"mlp": mlp, "branchy": branchy, "sixty": sixty, "recurrent": recurrent}


# --- reading a picture -------------------------------------------------------------------------------------------


class Rectangle(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Rectangle, gap: float = 0.0) -> bool:
        across = self.x < other.x + other.width + gap and other.x < self.x + self.width + gap
        return across and self.y < other.y + other.height + gap and other.y < self.y + self.height + gap

    def holds(self, x: float, y: float, margin: float = 0.0) -> bool:
        inside = self.x + margin < x < self.x + self.width - margin
        return inside and self.y + margin < y < self.y + self.height - margin


def parsed(svg: str) -> tuple[Any, list[Rectangle], list[Any], list[list[tuple[float, float]]]]:
    """The root, the boxes with their words, and the lines as points."""
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    body = root.find(f"{space}g")
    assert body is not None
    boxes, words = [], []
    for group in body.findall(f"{space}g"):
        box = group.find(f"{space}rect")
        assert box is not None
        boxes.append(Rectangle(*(float(box.get(name, "")) for name in ("x", "y", "width", "height"))))
        words.append(group.findall(f"{space}text"))
    lines = [points(path.get("d", "")) for path in body.findall(f"{space}path")]
    return root, boxes, words, lines


def points(path: str) -> list[tuple[float, float]]:
    """Points along a path of curves and vertical lines."""
    found: list[tuple[float, float]] = []
    for letter, text in re.findall(r"([MCV])([^MCV]*)", path):
        numbers = [float(n) for n in text.split()]
        if letter == "M":
            found.append((numbers[0], numbers[1]))
        elif letter == "V":
            found.append((found[-1][0], numbers[0]))
        else:
            start = np.array(found[-1])
            first, second, end = (np.array(numbers[i : i + 2]) for i in (0, 2, 4))
            for t in np.linspace(0, 1, 20)[1:]:
                where = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t**2 * second + t**3 * end
                found.append((float(where[0]), float(where[1])))
    return found


@pytest.mark.parametrize("name", GRAPHS)
def test_a_picture_can_be_read(name: str) -> None:
    tg.manual_seed(0)
    svg = tg.debug.draw(GRAPHS[name]()).svg()
    root, boxes, words, lines = parsed(svg)
    width, height = (float(root.get(side, "")) for side in ("width", "height"))
    assert root.get("viewBox") == f"0 0 {width:.0f} {height:.0f}"
    for number, box in enumerate(boxes):  # nothing overlaps
        assert not any(box.overlaps(other, gap=8) for other in boxes[number + 1 :])
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= width - 36 + 0.1
        assert box.y + box.height <= height - 66 + 0.1
    for box, texts in zip(boxes, words, strict=True):  # every word is inside of its box
        assert texts, "a box without words"
        for text in texts:
            size = float(text.get("font-size", ""))
            half = len(text.text or "") * size * _CHARACTER / 2
            middle, base = float(text.get("x", "")), float(text.get("y", ""))
            assert box.x <= middle - half
            assert middle + half <= box.x + box.width
            assert box.y < base - 0.8 * size
            assert base + 0.2 * size < box.y + box.height
    ends = [[box for box in boxes if abs(box.y - line[-1][1]) < 0.2 and box.x <= line[-1][0] <= box.x + box.width]
            for line in lines]  # fmt: skip
    assert all(len(found) == 1 for found in ends), "a line that leads to no box"
    for line in lines:  # lines run past boxes, not through them
        for box in boxes:
            assert not any(box.holds(x, y, margin=0.5) for x, y in line)
        assert line[0][1] < line[-1][1]


def test_every_edge_of_the_graph_is_drawn() -> None:
    drawing = tg.debug.draw(branchy())
    _, boxes, _, lines = parsed(drawing.svg())
    assert len(lines) == sum(len(vertex.parents) for vertex in drawing.vertices)
    assert len(boxes) >= len(drawing.vertices)  # and copies of leaves that are used far apart


def test_a_weight_used_far_apart_is_drawn_again() -> None:
    svg = tg.debug.draw(recurrent()).svg()
    assert "drawn above already" in svg
    root, boxes, _, _ = parsed(svg)
    assert float(root.get("width", "0")) < 800  # not one fan of lines from the top
    assert len(boxes) > 64


def test_the_legend_names_what_is_in_the_picture() -> None:
    assert "drawn above already" not in tg.debug.draw(mlp()).svg()
    for meaning in ("result", "operation", "leaf that requires grad", "data"):
        assert f">{meaning}</text>" in tg.debug.draw(mlp()).svg()


def test_great_graphs_are_drawn_in_part_and_told_in_full() -> None:
    x = tg.ones(2, requires_grad=True)
    y = x
    for _ in range(2000):
        y = y * 1.01
    begin = time.perf_counter()
    drawing = tg.debug.draw(y.sum(), limit=100)
    svg = drawing.svg()
    assert time.perf_counter() - begin < 20
    assert "1902 more nodes" in svg
    assert len(drawing.vertices) == 2002
    assert len(str(drawing).splitlines()) == 2003


def test_special_characters_in_names() -> None:
    weight = tg.ones(2, requires_grad=True)
    drawing = tg.debug.draw((weight * 2).sum(), {'<a & "b">': weight})
    parsed(drawing.svg())
    assert "&lt;a &amp; &quot;b&quot;&gt;" in drawing.html()


# --- the layout, on any graph ------------------------------------------------------------------------------------


@st.composite
def graphs(draw: Any) -> tuple[list[Box], list[tuple[Box, Box]]]:
    """Boxes of any size, and edges from earlier to later ones."""
    count = draw(st.integers(1, 14))
    boxes = [
        Box(draw(st.integers(20, 200)), draw(st.integers(20, 60)), Vertex(None, "op", str(number)), draw(st.booleans()))
        for number in range(count)
    ]
    edges = []
    for end in range(1, count):
        starts = draw(st.sets(st.integers(0, end - 1), max_size=3))
        edges += [(boxes[start], boxes[end]) for start in sorted(starts)]
    return boxes, edges


@quick
@given(graphs())
def test_no_layout_overlaps_and_all_edges_lead_down(graph: Any) -> None:
    boxes, edges = graph
    lines, width, height = place(boxes, edges)
    rectangles = [Rectangle(b.x - b.width / 2, b.y - b.height / 2, b.width, b.height) for b in boxes]
    for number, rectangle in enumerate(rectangles):
        assert not any(rectangle.overlaps(other, gap=1) for other in rectangles[number + 1 :])
        assert rectangle.x >= -1e-6
        assert rectangle.x + rectangle.width <= width + 1e-6
        assert rectangle.y >= -1e-6
        assert rectangle.y + rectangle.height <= height + 1e-6
    for line, (start, end) in zip(lines, edges, strict=True):
        assert (line[0], line[-1]) == (start, end)
        assert all(upper.layer + 1 == lower.layer for upper, lower in itertools.pairwise(line))
        (path,) = re.findall(r' d="([^"]*)"', line_svg(line))
        for rectangle in rectangles:
            assert not any(rectangle.holds(x, y, margin=0.5) for x, y in points(path))


# --- the text ----------------------------------------------------------------------------------------------------


def test_the_text_is_the_program() -> None:
    x, target = tg.ones(4, 3), tg.tensor([0, 1, 1, 0])
    net = nn.Sequential(nn.Linear(3, 2))
    with tg.no_grad():
        net[0].weight.zero_()
        net[0].bias.zero_()
    logits = net(x)
    loss = F.cross_entropy(logits, target)
    assert str(tg.debug.draw(loss)).splitlines() == [
        "name          computed by                          type           size  |gradient|",
        "x             data                                 float32[4, 3]  48 B",
        "net.0.weight  leaf                                 float32[2, 3]  24 B  0",
        "net.0.bias    leaf                                 float32[2]     8 B   0",
        "logits        linear(x, net.0.weight, net.0.bias)  float32[4, 2]  32 B  0.353553",
        "target        data                                 int64[4]       32 B",
        "loss          cross_entropy(logits, target)        float32[]      4 B   1",
    ]
    named = tg.debug.draw(loss, net, data=False)
    assert [vertex.name for vertex in named.vertices] == ["0.weight", "0.bias", "v1", "v2"]


def test_several_outputs_have_their_own_names() -> None:
    x = tg.ones(4, requires_grad=True)
    first, second = x.split(2)
    lines = str(tg.debug.draw((first * second).sum())).splitlines()
    assert lines[2].startswith("first, second  split(x)")
    assert "mul(first, second)" in lines[3]
    svg = tg.debug.draw((x.split(2)[1] * 2).sum()).svg()
    assert ">[1]</text>" in svg


def test_a_leaf_alone_and_the_gradient_that_is_there() -> None:
    x = tg.ones(2, requires_grad=True)
    assert "x     leaf" in str(tg.debug.draw(x))
    (x * 3).sum().backward()
    assert "4.24264" in str(tg.debug.draw(x * 2, gradients=False))


def test_a_freed_graph_says_so() -> None:
    x = tg.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    text = str(tg.debug.draw(y))
    assert "the graph has been freed: show it before backward(), or keep it with retain_graph=True" in text
    assert "mul(x, x)" in text
    parsed(tg.debug.draw(y).svg())
    with pytest.raises(RuntimeError, match="the graph has been freed"):
        tg.debug.explain(y)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(TypeError, match="expected the Tensor at the end of a graph, got float"):
        tg.debug.draw(1.0)
    with pytest.raises(RuntimeError, match=r"does not require grad.*there is no graph to show"):
        tg.debug.draw(tg.ones(2))
    with pytest.raises(ValueError, match=r"ends in \.svg, \.html or \.txt, got 'a\.png'"):
        tg.debug.draw(mlp()).save("a.png")


def test_files_and_notebooks(tmp_path: Path) -> None:
    drawing = tg.debug.draw(mlp())
    for ending, start in (("svg", "<svg"), ("html", "<!DOCTYPE html>"), ("txt", "name")):
        drawing.save(tmp_path / f"graph.{ending}")
        assert (tmp_path / f"graph.{ending}").read_text().startswith(start)
    assert drawing._repr_svg_() == drawing.svg()
    assert drawing.svg() in drawing._repr_html_()
    assert "where_nonzero(g, out)" in drawing._repr_html_()  # the rules stand in the table
    assert tg.debug.explain(mlp())._repr_html_().startswith("<pre>Forward")


def test_looking_changes_nothing() -> None:
    class Watched(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    called: list[Any] = []
    x = tg.ones(3, requires_grad=True)
    h = Watched.apply(x * 3)
    h.register_hook(called.append)
    x.register_hook(called.append)
    y = h.exp().sum()
    tg.debug.draw(y).html()
    str(tg.debug.explain(y))
    assert called == []
    assert x.grad is None
    y.backward()
    assert len(called) == 2
    tg.testing.assert_close(x.grad, 6 * tg.full((3,), 6.0).exp())


# --- the explanation ---------------------------------------------------------------------------------------------


def test_an_explanation_adds_up() -> None:
    a = tg.tensor(2.0, requires_grad=True)
    b = tg.tensor(-3.0, requires_grad=True)
    y = (a * b + a).tanh()
    text = str(tg.debug.explain(y))
    y.backward()
    assert "v1 = mul(a, b) = -6" in text
    assert "v2 = add(v1, a) = -4" in text
    assert re.search(r"local     d y / d v2 = 0\.001340\d+   \(rule: g \* \(1 - out \* out\)\)", text)
    assert re.search(r"product   d y / d b = 0\.001340\d+ \* 2 = 0\.00268\d+", text)
    assert f"  b: {b.grad.item():.6g}" in text
    shares = re.search(r"  a: (\S+) \(step 2\) \+ (\S+) \(step 3\) = (\S+)", text)
    assert shares is not None
    first, second, total = (float(group) for group in shares.groups())
    assert first + second == pytest.approx(total, rel=1e-4)
    assert total == pytest.approx(a.grad.item(), rel=1e-4)


def test_an_explanation_of_arrays() -> None:
    w = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    bias = tg.zeros(2, requires_grad=True)
    text = str(tg.debug.explain((w.square() + bias).sum(0)))
    assert "local     d v1 / d w = [[2., 4.], [6., 8.]]   (rule: g * (2 * x))" in text
    assert "product   d v3 / d bias = [2., 2.]   (summed over what was repeated)" in text
    assert "a Jacobian: a row for each element of the output" in text
    big = str(tg.debug.explain((tg.ones(50, 50, requires_grad=True) * 2).sum()))
    assert "float32[50, 50] from 2 to 2, norm 100" in big
