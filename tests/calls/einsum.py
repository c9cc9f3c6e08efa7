"""Einstein summation."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import BOOL, COMPLEX, FLOATS, INTEGERS, arrays
from .table import Call, Draw, drawn

EQUATIONS = [
    "ij,jk->ik", "bij,bjk->bik", "i,i->", "ij->ji", "bhqd,bhkd->bhqk", "ii->i", "ii", "ij->", "ij->j", "i,j->ij",
    "ij,ij->i", "ij,j", "i...,i...->...", "...ij,...jk->...ik", "ij,jk,kl->il", "ij,jk", "Ab,bA", "iij,jk->ki",
    "i j , j k -> k", "a,b,c->cab", "ab,bc,cd,de->ae", "ijk,ilk->jl", "ij,kl->lj", "...", "...i->i...", "iji->j",
    "ab,ab,ab->b", "b...,b->...", "iij,kkj->ik", "ij,ij,j,i->", "->", ",->", "i,->i",
]  # fmt: skip
WRONG = ["ij,jk->ii", "i.j", "i..j", "ij->k", "i1", "...i...", "ij,jk,kl", "ij-k", "i->i->i", "ij->...ij..."]
TYPES = (*FLOATS, *FLOATS, *COMPLEX, *INTEGERS, *BOOL)


def operands(draw: Draw, equation: str, types: Any = TYPES) -> list[Any]:
    """Arrays that mostly fit the equation: each letter has one length, or 1."""
    sizes: dict[str, int] = {}
    kind = draw(st.sampled_from(types))
    # (PyTorch's sums of integers have other types when there is nothing to sum)
    least = 0 if np.dtype(kind).kind in "fc" else 2
    found = []
    covered = tuple(draw(st.lists(st.integers(least, 3), max_size=2)))
    for part in equation.replace(" ", "").partition("->")[0].split(","):
        shape: list[int] = []
        own: dict[str, int] = {}
        for letter in part.replace("...", "."):
            if letter == ".":
                chosen = covered[draw(st.integers(0, len(covered))) :]
                shape += [draw(st.sampled_from([n, n, 1])) for n in chosen]
            else:
                length = sizes.setdefault(letter, draw(st.integers(least, 3)))
                ones = [] if least else [1]
                shape.append(own.setdefault(letter, draw(st.sampled_from([length] * 5 + ones))))
        if draw(st.integers(0, 30)) == 0:
            shape.append(2)
        odd = 0 not in shape and kind not in COMPLEX and draw(st.integers(0, 30)) == 0
        own_kind = draw(st.sampled_from((*FLOATS, *INTEGERS))) if odd else kind
        found.append(draw(arrays((own_kind,), tuple(shape), domain=(-3, 3))))
    return found


@drawn("einsum", examples=250)
def einsum(draw: Draw) -> Call:
    equation = draw(st.sampled_from([*EQUATIONS, *EQUATIONS, *WRONG]))
    given = operands(draw, equation)
    form = draw(st.sampled_from(["string", "string", "list", "numbers"]))
    if form == "numbers" and equation in EQUATIONS:
        return numbered(draw, equation, given)
    return Call(equation, given) if form == "list" else Call(equation, *given)


def numbered(draw: Draw, equation: str, given: list[Any]) -> Call:
    """The same with lists of numbers for letters."""
    left, arrow, right = equation.replace(" ", "").replace("...", ".").partition("->")
    letters = sorted({*left} - {",", "."})
    numbers = draw(st.lists(st.integers(0, 51), min_size=len(letters), max_size=len(letters), unique=True))
    names: dict[str, Any] = {**dict(zip(letters, numbers, strict=True)), ".": ...}
    args: list[Any] = []
    for array, part in zip(given, left.split(","), strict=True):
        args += [array, [names[letter] for letter in part]]
    return Call(*args, [names[letter] for letter in right]) if arrow else Call(*args)
