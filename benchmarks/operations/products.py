"""Products, linear algebra, attention."""

from __future__ import annotations

from typing import Any

from benchmarks.operations.inputs import (
    MATRICES,
    Operation,
    batch,
    definite,
    heads,
    matrix,
    numbers,
    row,
    square,
    vector,
)

_LAST = [columns for _, columns in MATRICES]
_POINTS = numbers((8, 4), (100, 10), (1000, 20))
_VECTORS = numbers((20, 3), (3000, 3), (600_000, 3))
_FEATURES = numbers((8, 4), (64, 20), (500, 50))


def linalg(name: str, part: int | None = None) -> Any:
    """A function of ``linalg``; of what it gives, one part."""

    def call(torch: Any, *tensors: Any) -> Any:
        found = getattr(torch.linalg, name)(*tensors)
        return found if part is None else found[part]

    return call


def attention(**options: Any) -> Any:
    """Attention of a tensor to itself."""
    return lambda torch, x: torch.nn.functional.scaled_dot_product_attention(x, x, x, **options)


def attention_by_hand(torch: Any, x: Any) -> Any:
    """Causal attention, as programs write it."""
    length = x.shape[-2]
    hidden = torch.triu(torch.ones(length, length), 1).bool()
    scores = (x @ x.transpose(-2, -1)) * x.shape[-1] ** -0.5
    return scores.masked_fill(hidden, float("-inf")).softmax(-1) @ x


OPERATIONS: dict[str, Operation] = {
    "matmul": Operation(lambda torch, x, y: x @ y.t(), (matrix, numbers(*[(64, n) for n in _LAST]))),
    "matmul/vector": Operation(lambda torch, x, y: x @ y, (matrix, row)),
    "dot": Operation(lambda torch, x, y: torch.dot(x, y), (vector, vector), 1e-3),
    "bmm": Operation(lambda torch, x, y: torch.bmm(x, y.transpose(1, 2)), (batch, batch)),
    "baddbmm": Operation(lambda torch, x, y: torch.baddbmm(torch.zeros(1), x, y.transpose(1, 2)), (batch, batch)),
    "addmm": Operation(lambda torch, x, y, z: torch.addmm(z, x, y), (matrix, numbers(*[(n, n) for n in _LAST]), row)),
    "tensordot": Operation(
        lambda torch, x, y: torch.tensordot(x, y, dims=([1], [1])), (matrix, numbers(*[(20, n) for n in _LAST]))
    ),
    "einsum/products": Operation(lambda torch, x, y: torch.einsum("bij,bkj->bik", x, y), (batch, batch)),
    "einsum/transposed": Operation(lambda torch, x: torch.einsum("ij->ji", x) * 1.0, (matrix,)),
    "einsum/rows": Operation(lambda torch, x, y: torch.einsum("ij,ij->i", x, y), (matrix, matrix)),
    "outer": Operation(lambda torch, x, y: torch.outer(x, y), (numbers((8,), (100,), (2000,)), row)),
    "kron": Operation(lambda torch, x, y: torch.kron(x, y), (numbers((3, 3), (10, 10), (40, 40)),) * 2),
    "cross": Operation(lambda torch, x, y: torch.linalg.cross(x, y), (_VECTORS, _VECTORS)),
    "cdist": Operation(lambda torch, x, y: torch.cdist(x, y), (_POINTS, _POINTS), 1e-3),
    "cosine_similarity": Operation(lambda torch, *xy: torch.nn.functional.cosine_similarity(*xy), (matrix, matrix)),
    "pairwise_distance": Operation(lambda torch, *xy: torch.nn.functional.pairwise_distance(*xy), (matrix, matrix)),
    "linear": Operation(
        lambda torch, *xwb: torch.nn.functional.linear(*xwb),
        (matrix, numbers(*[(64, n) for n in _LAST]), numbers((64,))),
    ),
    "bilinear": Operation(
        lambda torch, x, y, w: torch.nn.functional.bilinear(x, y, w),
        (_FEATURES, _FEATURES, numbers((5, 4, 4), (5, 20, 20), (5, 50, 50))),
    ),
    "linalg.inv": Operation(linalg("inv"), (square,), 1e-3),
    "linalg.det": Operation(lambda torch, x: torch.linalg.det(x / 2), (square,), 1e-2),
    "linalg.slogdet": Operation(linalg("slogdet", 1), (square,), 1e-3),
    "linalg.solve": Operation(linalg("solve"), (square, square), 1e-3),
    "linalg.solve_triangular": Operation(
        lambda torch, x, y: torch.linalg.solve_triangular(x.tril(), y, upper=False), (definite, square), 1e-2
    ),
    "linalg.cholesky": Operation(linalg("cholesky"), (definite,), 1e-3),
    "linalg.eigh": Operation(linalg("eigh", 0), (definite,), 1e-3),
    "linalg.qr": Operation(linalg("qr", 1), (square,), 1e-2),
    "linalg.svd": Operation(linalg("svd", 1), (square,), 1e-3),
    "linalg.svdvals": Operation(linalg("svdvals"), (square,), 1e-3),
    "linalg.pinv": Operation(linalg("pinv"), (square,), 1e-2),
    "linalg.matrix_exp": Operation(linalg("matrix_exp"), (square,), 1e-3),
    "matrix_power": Operation(lambda torch, x: torch.matrix_power(x, 3), (square,), 1e-3),
    "trace": Operation(lambda torch, x: torch.trace(x), (square,)),
    "attention": Operation(attention(), (heads,)),
    "attention/causal": Operation(attention(is_causal=True), (heads,)),
    "attention/by_hand": Operation(attention_by_hand, (heads,)),
    "fft.rfft": Operation(lambda torch, x: torch.fft.rfft(x).abs(), (matrix,)),
}
