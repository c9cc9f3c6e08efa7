"""Grids, combinations and blocks."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .drawing import BOOL, COMPLEX, FLOATS, INTEGERS, arrays, shapes
from .table import Call, Draw, drawn

TYPES = (*FLOATS, *COMPLEX, *INTEGERS, *BOOL)


def vectors(draw: Draw, count: Any, *, numbers: bool) -> list[Any]:
    """Vectors, mostly of one type; at times something else."""
    kind = draw(st.sampled_from(TYPES))
    found = []
    for _ in range(draw(count)):
        own = draw(st.sampled_from(TYPES)) if draw(st.integers(0, 15)) == 0 else kind
        odd = [()] * 2 if numbers else []
        shape = draw(st.sampled_from([(draw(st.integers(0, 3)),)] * 9 + [(1, 2), *odd]))
        found.append(draw(arrays((own,), shape)))
    return found


@drawn("meshgrid", examples=40)
def meshgrid(draw: Draw) -> Call:
    given = vectors(draw, st.integers(0, 3), numbers=True)
    args = [given] if given and draw(st.booleans()) else given
    indexing = draw(st.sampled_from(["ij", "xy", "xy", "bad", None]))
    return Call(*args) if indexing is None else Call(*args, indexing=indexing)


@drawn("cartesian_prod")
def cartesian_prod(draw: Draw) -> Call:
    return Call(*vectors(draw, st.integers(0, 3), numbers=False))


@drawn("combinations", examples=40)
def combinations(draw: Draw) -> Call:
    x = draw(arrays(TYPES, draw(st.sampled_from([(n,) for n in range(6)] + [(), (2, 2)]))))
    options: dict[str, Any] = {"r": draw(st.integers(-1, 4))} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        options["with_replacement"] = draw(st.booleans())
    return Call(x, **options)


@drawn("block_diag")
def block_diag(draw: Draw) -> Call:
    kinds = st.sampled_from([TYPES, FLOATS, INTEGERS])
    count = draw(st.integers(0, 4))
    any_shape = shapes(max_dims=2, max_side=3).filter(lambda shape: shape != (0,))  # whose gradients PyTorch mixes up
    sizes = [draw(any_shape) for _ in range(count)]
    if draw(st.integers(0, 15)) == 0:
        sizes.append((1, 1, 1))
    return Call(*[draw(arrays(draw(kinds), size)) for size in sizes])
