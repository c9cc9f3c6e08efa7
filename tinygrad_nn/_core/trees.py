"""Nested containers as a list of leaves and a description of their structure, which puts leaves together again.

Containers are lists, tuples, named tuples, dictionaries, ordered and default ones among them, deques, and what
`register_pytree_node` has made known. Everything else is a leaf, None too.

Source: PyTorch's ``torch.utils._pytree``, whose names these are.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any

Flatten = Callable[[Any], tuple[list[Any], Any]]
Unflatten = Callable[[list[Any], Any], Any]


def _flatten_dict(tree: Any) -> tuple[list[Any], Any]:
    return list(tree.values()), list(tree)


def _flatten_default_dict(tree: Any) -> tuple[list[Any], Any]:
    return list(tree.values()), (tree.default_factory, list(tree))


NODES: dict[type, tuple[Flatten, Unflatten]] = {
    list: (lambda tree: (list(tree), None), lambda children, context: list(children)),
    tuple: (lambda tree: (list(tree), None), lambda children, context: tuple(children)),
    dict: (_flatten_dict, lambda children, keys: dict(zip(keys, children, strict=True))),
    OrderedDict: (_flatten_dict, lambda children, keys: OrderedDict(zip(keys, children, strict=True))),
    defaultdict: (
        _flatten_default_dict,
        lambda children, context: defaultdict(context[0], zip(context[1], children, strict=True)),
    ),
    deque: (lambda tree: (list(tree), tree.maxlen), lambda children, maxlen: deque(children, maxlen)),
}
_NAMED: tuple[Flatten, Unflatten] = (
    lambda tree: (list(tree), type(tree)),
    lambda children, kind: kind(*children),
)


def register_pytree_node(cls: type, flatten_fn: Flatten, unflatten_fn: Unflatten, **_: Any) -> None:
    """Make a class a container.

    Args:
        cls: the class; not its subclasses.
        flatten_fn: gives an object's children, and whatever is needed to make it again.
        unflatten_fn: makes an object of children and that.
    """
    NODES[cls] = (flatten_fn, unflatten_fn)


def is_namedtuple(obj: Any) -> bool:
    """Whether an object is a named tuple."""
    return isinstance(obj, tuple) and hasattr(obj, "_fields")


def _kind_of(tree: Any) -> Any:
    kind = type(tree)
    if kind in NODES:
        return kind
    return "namedtuple" if is_namedtuple(tree) else None


class TreeSpec:
    """The structure of a tree. Without a kind it is a leaf."""

    __slots__ = ("children", "context", "kind", "num_leaves")

    def __init__(self, kind: Any, context: Any, children: list[TreeSpec]) -> None:
        self.kind = kind
        self.context = context
        self.children = children
        self.num_leaves: int = 1 if kind is None else sum([child.num_leaves for child in children])

    def is_leaf(self) -> bool:
        """Whether this is the structure of a leaf."""
        return self.kind is None

    @property
    def type(self) -> Any:
        """The container's class; None for a leaf."""
        return self.context if self.kind == "namedtuple" else self.kind

    @property
    def num_children(self) -> int:
        """How many children the container has."""
        return len(self.children)

    def unflatten(self, leaves: Any) -> Any:
        """A tree of this structure."""
        return tree_unflatten(leaves, self)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TreeSpec)
            and (self.kind, self.context) == (other.kind, other.context)
            and self.children == other.children
        )

    def __hash__(self) -> int:
        return hash((str(self.kind), self.num_leaves))

    def __repr__(self, indent: int = 0) -> str:
        if self.kind is None:
            return "*"
        name = self.kind if self.kind == "namedtuple" else self.kind.__name__
        inner = indent + 2
        children = (",\n" + " " * inner).join([child.__repr__(inner) for child in self.children])
        return f"TreeSpec({name}, {self.context}, [{children}])"


def tree_flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree, and its structure.

    Example:
        >>> leaves, structure = tree_flatten({"a": 1, "b": (2, [3])})
        >>> leaves
        [1, 2, 3]
        >>> tree_unflatten([10, 20, 30], structure)
        {'a': 10, 'b': (20, [30])}
    """
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves, is_leaf)


def _flatten(tree: Any, leaves: list[Any], is_leaf: Callable[[Any], bool] | None) -> TreeSpec:
    kind = None if is_leaf is not None and is_leaf(tree) else _kind_of(tree)
    if kind is None:
        leaves.append(tree)
        return _LEAF
    children, context = (_NAMED if kind == "namedtuple" else NODES[kind])[0](tree)
    return TreeSpec(kind, context, [_flatten(child, leaves, is_leaf) for child in children])


_LEAF = TreeSpec(None, None, [])


def tree_unflatten(leaves: Any, treespec: TreeSpec) -> Any:
    """The tree of this structure with these leaves.

    Raises:
        ValueError: there are not as many leaves.
    """
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(
            f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec refers to a pytree that holds "
            f"{treespec.num_leaves} items ({treespec})."
        )
    return _unflatten(iter(leaves), treespec)


def _unflatten(leaves: Iterator[Any], spec: TreeSpec) -> Any:
    if spec.kind is None:
        return next(leaves)
    children = [_unflatten(leaves, child) for child in spec.children]
    return (_NAMED if spec.kind == "namedtuple" else NODES[spec.kind])[1](children, spec.context)


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of a tree."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """The structure of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_iter(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> Iterator[Any]:
    """The leaves of a tree, one after the other."""
    return iter(tree_leaves(tree, is_leaf))


def tree_map(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """A tree of what a function gives for each leaf, and for the leaves in the same places of further trees.

    Raises:
        ValueError: the trees differ in structure.

    Example:
        >>> tree_map(lambda x, y: x + y, {"a": 1, "b": [2]}, {"a": 10, "b": [20]})
        {'a': 11, 'b': [22]}
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    columns = [leaves]
    for rest in rests:
        others, structure = tree_flatten(rest, is_leaf)
        if structure != spec:
            raise ValueError(f"Node arity mismatch or other structure; expected {spec}, but got {structure}.")
        columns.append(others)
    return tree_unflatten([func(*each) for each in zip(*columns, strict=True)], spec)


def tree_map_only(kind: Any, func: Callable[[Any], Any], tree: Any) -> Any:
    """`tree_map` of the leaves of a type, or of several; the others stay."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, kind) else leaf, tree)


def tree_all(predicate: Callable[[Any], bool], tree: Any) -> bool:
    """Whether something holds for all leaves."""
    return all(map(predicate, tree_leaves(tree)))


def tree_any(predicate: Callable[[Any], bool], tree: Any) -> bool:
    """Whether something holds for any leaf."""
    return any(map(predicate, tree_leaves(tree)))


def broadcast_to_and_flatten(tree: Any, spec: TreeSpec) -> list[Any] | None:
    """The leaves of a tree that is like another one, or has a leaf where that has a branch: repeated for its leaves.

    None: it has another structure.
    """
    own = _kind_of(tree)
    if own is None:
        return [tree] * spec.num_leaves
    children, context = (_NAMED if own == "namedtuple" else NODES[own])[0](tree)
    if own != spec.kind or context != spec.context or len(children) != len(spec.children):
        return None
    leaves: list[Any] = []
    for child, structure in zip(children, spec.children, strict=True):
        found = broadcast_to_and_flatten(child, structure)
        if found is None:
            return None
        leaves += found
    return leaves
