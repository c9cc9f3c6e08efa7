"""Other shapes, joining, picking, writing."""

from __future__ import annotations

from typing import Any

from benchmarks.operations.elementwise import functional, method
from benchmarks.operations.inputs import (
    MATRICES,
    Operation,
    batch,
    images,
    integers,
    labels,
    mask,
    matrix,
    numbers,
    places,
    row,
    row_order,
    rows_again,
    square,
)


def split_and_joined(torch: Any, x: Any) -> Any:
    """The quarters of the columns in reverse order."""
    return torch.cat(x.split(max(2, x.shape[1] // 4), 1)[::-1], 1)


def written(torch: Any, x: Any, y: Any) -> Any:
    """Two columns of a copy written over."""
    copy = x.clone()
    copy[:, :2] = y[:, :2]
    return copy


every_column = integers(lambda size: MATRICES[size][1], lambda size: MATRICES[size][1])
every_place = integers(lambda size: MATRICES[size][0], lambda size: MATRICES[size])
many_rows = numbers((4, 16), (20, 500), (50, 40_000))

OPERATIONS: dict[str, Operation] = {
    "view": Operation(method("view", -1), (matrix,)),
    "reshape/of_transposed": Operation(lambda torch, x: x.t().reshape(-1), (matrix,)),
    "permute/contiguous": Operation(lambda torch, x: x.permute(2, 0, 1).contiguous(), (batch,)),
    "transpose/contiguous": Operation(lambda torch, x: x.transpose(1, 2).contiguous(), (batch,)),
    "movedim": Operation(lambda torch, x: x.movedim(0, -1) * 1.0, (batch,)),
    "flatten": Operation(lambda torch, x: x.flatten(1) + 0, (batch,)),
    "cat/dim0": Operation(lambda torch, x, y: torch.cat([x, y]), (matrix, matrix)),
    "cat/dim1": Operation(lambda torch, x, y: torch.cat([x, y], 1), (matrix, matrix)),
    "stack/dim0": Operation(lambda torch, x, y: torch.stack([x, y]), (matrix, matrix)),
    "stack/dim1": Operation(lambda torch, x, y: torch.stack([x, y], 1), (matrix, matrix)),
    "stack/last": Operation(lambda torch, x, y: torch.stack([x, y], -1), (matrix, matrix)),
    "split": Operation(split_and_joined, (matrix,)),
    "chunk": Operation(lambda torch, x: sum(x.chunk(2, 1)), (matrix,)),
    "unbind": Operation(lambda torch, x: torch.stack(x.unbind(0)), (many_rows,)),
    "expand": Operation(lambda torch, x: x.expand(7, *x.shape), (row,)),
    "repeat": Operation(method("repeat", 2, 3), (matrix,)),
    "repeat_interleave/dim0": Operation(method("repeat_interleave", 2, 0), (matrix,)),
    "repeat_interleave/dim1": Operation(method("repeat_interleave", 2, 1), (matrix,)),
    "tile": Operation(lambda torch, x: torch.tile(x, (1, 2)), (matrix,)),
    "roll/dim0": Operation(method("roll", 1, 0), (matrix,)),
    "roll/dim1": Operation(method("roll", 2, 1), (matrix,)),
    "flip/dim0": Operation(lambda torch, x: torch.flip(x, (0,)), (matrix,)),
    "flip/dim1": Operation(lambda torch, x: torch.flip(x, (1,)), (matrix,)),
    "rot90": Operation(lambda torch, x: torch.rot90(x), (matrix,)),
    "pad": Operation(functional("pad", pad=(1, 2)), (matrix,)),
    "pad/images": Operation(functional("pad", pad=(1, 1, 1, 1)), (images,)),
    "pad/reflect": Operation(functional("pad", pad=(1, 1, 1, 1), mode="reflect"), (images,)),
    "Tensor.unfold": Operation(method("unfold", 1, 3, 1), (matrix,)),
    "diag": Operation(lambda torch, x: torch.diag(x), (square,)),
    "diagonal": Operation(method("diagonal"), (matrix,)),
    "diag_embed": Operation(lambda torch, x: torch.diag_embed(x), (numbers((8, 4), (8, 30), (8, 400)),)),
    "tril": Operation(method("tril"), (matrix,)),
    "triu": Operation(method("triu"), (matrix,)),
    "clone": Operation(method("clone"), (matrix,)),
    "meshgrid": Operation(lambda torch, x: torch.meshgrid(x, x, indexing="ij")[0] + 0, (row,)),
    "diff": Operation(lambda torch, x: torch.diff(x), (matrix,)),
    "index/row": Operation(lambda torch, x: x[1], (matrix,)),
    "index/slice": Operation(lambda torch, x: x[:, 1:-1] * 1.0, (matrix,)),
    "index/steps": Operation(lambda torch, x: x[::2] * 1.0, (matrix,)),
    "index/rows": Operation(lambda torch, x, i: x[i], (matrix, rows_again)),
    "index/pairs": Operation(lambda torch, x, i, j: x[i, j], (matrix, rows_again, labels)),
    "index/mask": Operation(lambda torch, x, chosen: x[chosen], (matrix, mask)),
    "index/write": Operation(written, (matrix, matrix)),
    "gather": Operation(lambda torch, x, i: x.gather(1, i), (matrix, places)),
    "gather/column": Operation(lambda torch, x, i: x.gather(1, i[:, None]), (matrix, labels)),
    "take_along_dim": Operation(lambda torch, x, i: torch.take_along_dim(x, i, 1), (matrix, places)),
    "masked_select": Operation(method("masked_select"), (matrix, mask)),
    "masked_fill": Operation(lambda torch, x, chosen: x.masked_fill(chosen, -1e9), (matrix, mask)),
    "where": Operation(lambda torch, x, y, chosen: torch.where(chosen, x, y), (matrix, matrix, mask)),
    "where/number": Operation(lambda torch, x: torch.where(x > 0, x, 0.0), (matrix,)),
    "index_select/dim0": Operation(lambda torch, x, i: x.index_select(0, i), (matrix, rows_again)),
    "index_select/dim1": Operation(lambda torch, x, i: x.index_select(1, i), (matrix, every_column)),
    "index_add": Operation(lambda torch, x, y, i: x.index_add(0, i, y), (matrix, matrix, rows_again)),
    "index_put": Operation(lambda torch, x, y, i: x.index_put((i,), y), (matrix, matrix, row_order)),
    "index_fill": Operation(lambda torch, x, i: x.index_fill(0, i, 0.0), (matrix, rows_again)),
    "scatter_add/dim0": Operation(lambda torch, x, y, i: x.scatter_add(0, i, y), (matrix, matrix, every_place)),
    "scatter_add/dim1": Operation(lambda torch, x, y, i: x.scatter_add(1, i, y), (matrix, matrix, places)),
    "scatter_reduce": Operation(lambda torch, x, y, i: x.scatter_reduce(1, i, y, "amax"), (matrix, matrix, places)),
    "embedding": Operation(lambda torch, x, i: torch.nn.functional.embedding(i, x), (matrix, rows_again)),
}
