"""Nested containers as lists of leaves, under the names of PyTorch's module, which public programs use."""

from __future__ import annotations

from .._core.trees import (
    TreeSpec,
    is_namedtuple,
    register_pytree_node,
    tree_all,
    tree_any,
    tree_flatten,
    tree_iter,
    tree_leaves,
    tree_map,
    tree_map_only,
    tree_structure,
    tree_unflatten,
)

PyTreeSpec = TreeSpec

__all__ = [
    "PyTreeSpec", "TreeSpec", "is_namedtuple", "register_pytree_node", "tree_all", "tree_any", "tree_flatten",
    "tree_iter", "tree_leaves", "tree_map", "tree_map_only", "tree_structure", "tree_unflatten",
]  # fmt: skip
