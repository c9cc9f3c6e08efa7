"""Small helpers that programs take from PyTorch's layers: numbers as tuples, prefixes of states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = ["consume_prefix_in_state_dict_if_present"]


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives a tuple as it is, and a single value `n` times."""

    def parse(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, Iterable) else (x,) * n

    parse.__name__ = name
    return parse


_single = _ntuple(1, "_single")
_pair = _ntuple(2, "_pair")
_triple = _ntuple(3, "_triple")
_quadruple = _ntuple(4, "_quadruple")


def _reverse_repeat_tuple(t: Sequence[Any], n: int) -> tuple[Any, ...]:
    """The elements backwards, each `n` times: a convolution's padding as `nn.functional.pad` wants it."""
    return tuple(value for value in reversed(t) for _ in range(n))


def _list_with_default(out_size: Any, defaults: Sequence[int]) -> Any:
    """The sizes, with those that are None taken from the end of the defaults."""
    if isinstance(out_size, int):
        return out_size
    if len(defaults) <= len(out_size):
        raise ValueError(f"Input dimension should be at least {len(out_size) + 1}")
    given = zip(out_size, defaults[-len(out_size) :], strict=False)
    return [default if value is None else value for value, default in given]


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Take a prefix off the keys of a state, in place: that of a model saved from within `DataParallel`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.utils.consume_prefix_in_state_dict_if_present.html

    Example:
        >>> from tinygrad_nn.nn.modules.utils import consume_prefix_in_state_dict_if_present
        >>> state = {"module.weight": 1, "other": 2}
        >>> consume_prefix_in_state_dict_if_present(state, "module.")
        >>> state
        {'other': 2, 'weight': 1}
    """
    _take_off(state_dict, prefix)
    metadata = getattr(state_dict, "_metadata", None)
    if metadata is not None:
        if prefix.rstrip(".") in metadata:
            metadata[""] = metadata.pop(prefix.rstrip("."))
        _take_off(metadata, prefix)


def _take_off(mapping: dict[str, Any], prefix: str) -> None:
    for key in list(mapping):
        if key.startswith(prefix):
            mapping[key.removeprefix(prefix)] = mapping.pop(key)
