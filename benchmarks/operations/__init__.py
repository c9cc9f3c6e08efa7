"""Operations to be timed, by family: a table from names to functions and their inputs in each file."""

from __future__ import annotations

from benchmarks.operations import creation, elementwise, layers, products, reductions, shapes
from benchmarks.operations.inputs import Operation

FAMILIES: dict[str, dict[str, Operation]] = {
    "elementwise": elementwise.OPERATIONS,
    "reductions": reductions.OPERATIONS,
    "shapes": shapes.OPERATIONS,
    "products": products.OPERATIONS,
    "layers": layers.OPERATIONS,
    "creation": creation.OPERATIONS,
}
