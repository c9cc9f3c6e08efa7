"""Layouts: how a tensor's elements lie in memory. There is one, `strided`; the others' names exist to be compared with.

Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch-layout
"""

from __future__ import annotations

from typing import Any


class layout:  # noqa: N801 - PyTorch's name
    """How a tensor's elements lie in memory; ``x.layout`` is always `strided` here.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2).layout
        torch.strided
        >>> tg.zeros(2).layout == tg.sparse_coo
        False
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return _of_name, (self._name,)


strided = layout("strided")
sparse_coo = layout("sparse_coo")
sparse_csr = layout("sparse_csr")
sparse_csc = layout("sparse_csc")
sparse_bsr = layout("sparse_bsr")
sparse_bsc = layout("sparse_bsc")


def _of_name(name: str) -> layout:
    found: layout = globals()[name]
    return found


def check_layout(wanted: Any) -> None:
    """Refuse any layout but `strided`.

    Raises:
        TypeError: it is no layout.
        NotImplementedError: it is a sparse one.
    """
    if wanted is None or wanted is strided:
        return
    if not isinstance(wanted, layout):
        raise TypeError(f"layout must be torch.layout, not {type(wanted).__name__}")
    raise NotImplementedError(f"layout={wanted!r}: there are no sparse tensors here. Leave layout= away.")
