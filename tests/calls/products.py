"""Products of vectors and matrices, functions of matrices, and the linear layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import BOOL, COMPLEX, FLOATS, INTEGERS, arrays, dims_of, shapes
from .table import Call, Draw, drawn

HALF = (np.float16,)
MIXED = (*FLOATS, *FLOATS, *COMPLEX, *INTEGERS, *BOOL)
lengths = st.integers(0, 3)


def alike(draw: Draw, *sizes: Any, types: Any = MIXED, odd: bool = True, **options: Any) -> list[np.ndarray[Any, Any]]:
    """Arrays of these shapes, mostly of one type."""
    kind = draw(st.sampled_from(types))
    kinds = [kind] * len(sizes)
    # (of tensors without elements PyTorch does not always look at the types)
    if odd and not any(0 in size for size in sizes) and draw(st.integers(0, 9)) == 0:
        kinds[draw(st.integers(0, len(sizes) - 1))] = draw(st.sampled_from(types))
    return [draw(arrays((k,), size, **options)) for k, size in zip(kinds, sizes, strict=True)]


def wrong(draw: Draw, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape, at times with another length or number of dimensions."""
    change = draw(st.sampled_from([None] * 8 + ["length", "more", "fewer"]))
    if change == "length" and shape:
        place = draw(st.integers(0, len(shape) - 1))
        return (*shape[:place], shape[place] + 1, *shape[place + 1 :])
    return (1, *shape) if change == "more" else shape[1:] if change == "fewer" else shape


@drawn("matmul", "linalg.matmul", examples=60)
def matmul(draw: Draw) -> Call:
    m, k, n = draw(lengths), draw(lengths), draw(lengths)
    left, right = (m, k), (k, n)
    for _ in range(draw(st.integers(0, 2))):
        length = draw(lengths)
        left = (draw(st.sampled_from([1, length])), *left)
        right = (draw(st.sampled_from([1, length])), *right)
    left = draw(st.sampled_from([left, left, left[-2:], left[-1:]]))
    right = draw(st.sampled_from([right, right, right[-2:], (k,)]))
    return Call(*alike(draw, wrong(draw, left), wrong(draw, right)))


@drawn("mm")
def mm(draw: Draw) -> Call:
    m, k, n = draw(lengths), draw(lengths), draw(lengths)
    return Call(*alike(draw, wrong(draw, (m, k)), wrong(draw, (k, n))))


@drawn("bmm")
def bmm(draw: Draw) -> Call:
    b, m, k, n = (draw(lengths) for _ in range(4))
    return Call(*alike(draw, wrong(draw, (b, m, k)), wrong(draw, (b, k, n))))


@drawn("mv")
def mv(draw: Draw) -> Call:
    m, k = draw(lengths), draw(lengths)
    return Call(*alike(draw, wrong(draw, (m, k)), wrong(draw, (k,))))


@drawn("dot", "vdot")
def dot(draw: Draw) -> Call:
    k = draw(lengths)
    return Call(*alike(draw, wrong(draw, (k,)), wrong(draw, (k,))))


@drawn("inner")
def inner(draw: Draw) -> Call:
    k = draw(lengths)
    first, second = (draw(shapes(max_dims=2, max_side=3)) for _ in range(2))
    return Call(*alike(draw, draw(st.sampled_from([(*first, k), ()])), wrong(draw, (*second, k))))


@drawn("outer", "ger")
def outer(draw: Draw) -> Call:
    return Call(*alike(draw, wrong(draw, (draw(lengths),)), wrong(draw, (draw(lengths),))))


# --- added to a tensor -------------------------------------------------------------------------------------------

factors = st.sampled_from([0, 1, 2, -0.5, 1.5, 0.0])


def added(
    draw: Draw, target: tuple[int, ...], *operands: tuple[int, ...], types: Any = MIXED, odd: bool = True
) -> Call:
    """The input in a shape that broadcasts to the target's, the operands, and the factors."""
    kept = draw(st.integers(0, len(target)))
    empty = any(0 in size for size in operands)  # then PyTorch does not always look at the other shapes and the types
    shape = target if empty or draw(st.booleans()) else tuple(draw(st.sampled_from([1, n])) for n in target)[kept:]
    sizes = [shape, *operands] if empty or not shape else [wrong(draw, size) for size in (shape, *operands)]
    special = draw(st.integers(0, 5)) == 0
    kinds = FLOATS if empty or special else types
    x, *rest = alike(draw, *sizes, types=kinds, odd=odd, special=special)
    options = {name: draw(factors) for name in ("beta", "alpha") if draw(st.booleans())}
    if special and not options.get("alpha", 1):
        del options["alpha"]  # the gradient of what counts for nothing is nan in PyTorch where a factor is infinite
    return Call(x, *rest, **options)


@drawn("addmm", examples=50)
def addmm(draw: Draw) -> Call:
    m, k, n = draw(lengths), draw(lengths), draw(lengths)
    return added(draw, (m, n), (m, k), (k, n))


@drawn("addmv")
def addmv(draw: Draw) -> Call:
    m, k = draw(lengths), draw(lengths)
    return added(draw, (m,), (m, k), (k,))


@drawn("addr")
def addr(draw: Draw) -> Call:
    m, n = draw(lengths), draw(lengths)
    return added(draw, (m, n), (m,), (n,), odd=False)  # PyTorch brings types together, but its gradient then fails


@drawn("baddbmm", examples=50)
def baddbmm(draw: Draw) -> Call:
    b, m, k, n = (draw(lengths) for _ in range(4))
    return added(draw, (b, m, n), (b, m, k), (b, k, n))


@drawn("addbmm", forms=("function", "method", "out"), reason="PyTorch's addbmm_ makes the input larger: see below")
def addbmm(draw: Draw) -> Call:
    b, m, k, n = (draw(lengths) for _ in range(4))
    return added(draw, (m, n), (b, m, k), (b, k, n))


@drawn("Tensor.addbmm_", gradient=False, reason="it writes into leaves")
def addbmm_in_place(draw: Draw) -> Call:
    b, m, k, n = (draw(st.integers(1, 3)) for _ in range(4))
    x, *batches = alike(draw, (m, n), (b, m, k), (b, k, n), types=(*FLOATS, *COMPLEX))
    return Call(x, *batches, **{name: draw(factors) for name in ("beta", "alpha") if draw(st.booleans())})


# --- contractions and other products -----------------------------------------------------------------------------


@drawn("tensordot", examples=60)
def tensordot(draw: Draw) -> Call:
    shared = draw(shapes(max_dims=2, max_side=3))
    left, right = (draw(shapes(max_dims=2, max_side=3)) for _ in range(2))
    count = len(shared)
    sizes = wrong(draw, (*left, *shared)), wrong(draw, (*shared, *right))
    # (which products of booleans PyTorch refuses depends on its choice of a function)
    a, b = alike(draw, *sizes, types=(*FLOATS, *COMPLEX, *INTEGERS))
    kind = draw(st.sampled_from(["count", "lists", "permuted", "default", "wrong"]))
    if kind == "count":
        return Call(a, b, count)
    if kind == "lists":
        return Call(a, b, dims=([len(left) + d for d in range(count)], list(range(count))))
    if kind == "permuted":
        first, second = draw(st.permutations(range(a.ndim))), draw(st.permutations(range(b.ndim)))
        size = min(a.ndim, b.ndim, 1)
        return Call(a, b, (list(first[:size]), [d - b.ndim for d in second[:size]]))
    return Call(a, b) if kind == "default" else Call(a, b, draw(st.sampled_from([-1, 4, ([0], [0, 1]), ([9], [0])])))


@drawn("kron")
def kron(draw: Draw) -> Call:
    sizes = [draw(shapes(max_dims=3, max_side=3)) for _ in range(2)]
    kinds = st.sampled_from(MIXED)
    # (of other layouts PyTorch at times says that it cannot view its own result)
    return Call(*[np.ascontiguousarray(draw(arrays((draw(kinds),), size))) for size in sizes])


@drawn("linalg.cross", "cross", examples=40)
def cross(draw: Draw) -> Call:
    shape = draw(shapes(max_dims=2, max_side=3))
    place = draw(st.integers(0, len(shape)))
    sizes = []
    for _ in range(2):
        own = tuple(draw(st.sampled_from([n, n, 1])) for n in shape)
        sizes.append(wrong(draw, (*own[:place], 3, *own[place:])))
    dim = draw(st.sampled_from([place, place - len(shape) - 1]))
    options = {} if draw(st.integers(0, 5)) == 0 else {"dim": dim}
    return Call(*alike(draw, *sizes), **options)


@drawn("linalg.vecdot", examples=40)
def vecdot(draw: Draw) -> Call:
    shape = draw(shapes(max_dims=3, max_side=3))
    sizes = [tuple(draw(st.sampled_from([n, n, 1])) for n in shape)[draw(st.integers(0, 1)) :] for _ in range(2)]
    x, y = alike(draw, *[wrong(draw, size) for size in sizes])
    return Call(x, y, dim=draw(dims_of(max(x.ndim, y.ndim)))) if draw(st.booleans()) else Call(x, y)


def chain(draw: Draw, *, vectors: bool) -> list[np.ndarray[Any, Any]]:
    """Matrices that fit, with vectors at the ends at times."""
    count = draw(st.integers(1, 5))
    sides = [draw(lengths) for _ in range(count + 1)]
    sizes: list[tuple[int, ...]] = [(sides[i], sides[i + 1]) for i in range(count)]
    if vectors and draw(st.booleans()):
        sizes[0] = sizes[0][1:]
    if vectors and draw(st.booleans()):
        sizes[-1] = sizes[-1][:1]
    return alike(draw, *[wrong(draw, size) for size in sizes], domain=(-2, 2))


@drawn("linalg.multi_dot", examples=40)
def multi_dot(draw: Draw) -> Call:
    return Call(chain(draw, vectors=True))


@drawn("chain_matmul")
def chain_matmul(draw: Draw) -> Call:
    return Call(*chain(draw, vectors=False))


# --- functions of matrices ---------------------------------------------------------------------------------------


def square(draw: Draw, types: Any = MIXED, domain: tuple[float, float] = (-2.0, 2.0), max_side: int = 3) -> Any:
    n = draw(st.integers(0, max_side))
    leading = draw(shapes(max_dims=1, max_side=2))
    return draw(arrays(types, wrong(draw, (*leading, n, n)), domain=domain))


@drawn("matrix_power", "linalg.matrix_power", examples=40)
def matrix_power(draw: Draw) -> Call:
    if draw(st.booleans()):
        return Call(square(draw), draw(st.integers(0, 5)))
    x = square(draw, types=(*FLOATS, *COMPLEX))
    if x.ndim > 1 and x.shape[-1] == x.shape[-2]:
        x = x + np.eye(x.shape[-1], dtype=x.dtype) * 8  # far from singular
    return Call(x, draw(st.integers(-4, 1)))


@drawn("matrix_exp", "linalg.matrix_exp", examples=40, tolerance=10, reason="PyTorch takes polynomials by the norm")
def matrix_exp(draw: Draw) -> Call:
    domain = draw(st.sampled_from([(-0.01, 0.01), (-1.0, 1.0), (-4.0, 4.0)]))
    return Call(square(draw, domain=domain))


@drawn("vander", examples=40, gradient=False, reason="PyTorch's own gradient fails, as it writes in place")
def vander(draw: Draw) -> Call:
    x = draw(arrays(MIXED, wrong(draw, (draw(lengths),)), domain=(-3, 3)))
    options: dict[str, Any] = {"N": draw(st.sampled_from([None, -1, 0, 1, 2, 4]))} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        options["increasing"] = draw(st.booleans())
    return Call(x, **options)


@drawn("linalg.vander", examples=40)
def linalg_vander(draw: Draw) -> Call:
    x = draw(arrays(MIXED, max_dims=2, domain=(-3, 3)))
    x = np.round(x, 3) if x.dtype.kind == "f" else x  # PyTorch's second derivative of tiny numbers is lost to rounding
    return Call(x, N=draw(st.sampled_from([None, 0, 1, 2, 4]))) if draw(st.booleans()) else Call(x)


# --- layers ------------------------------------------------------------------------------------------------------


@drawn("nn.functional.linear", examples=60)
def linear(draw: Draw) -> Call:
    m, n = draw(lengths), draw(lengths)
    leading = draw(shapes(max_dims=2, max_side=3))
    weight = draw(st.sampled_from([(n, m), (n, m), (n, m), (m,)]))
    bias = draw(st.sampled_from([[], [(n,)], [(1,)]])) if len(weight) == 2 else []
    sizes = [wrong(draw, (*leading, m)), weight, *bias]
    empty = any(0 in size for size in sizes)  # what PyTorch says of booleans then depends on more
    return Call(*alike(draw, *sizes, types=FLOATS if empty else (*MIXED, *HALF)))


@drawn("nn.functional.bilinear", examples=60)
def bilinear(draw: Draw) -> Call:
    k, m, n = draw(lengths), draw(st.integers(1, 3)), draw(st.integers(1, 3))  # PyTorch refuses 0 features
    leading = draw(shapes(max_dims=2, max_side=3))
    bias = draw(st.sampled_from([[], [(k,)]]))
    sizes = [wrong(draw, (*leading, m)), wrong(draw, (*leading, n)), wrong(draw, (k, m, n)), *bias]
    return Call(*alike(draw, *sizes, types=(*FLOATS, *INTEGERS)))
