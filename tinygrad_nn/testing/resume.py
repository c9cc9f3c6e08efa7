"""Asserting that a training run which is stopped, and goes on from its checkpoint, ends as if it had never stopped."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._core.random import default_generator
from .._core.random_states import get_random_states, set_random_states
from .._core.tensor import Tensor
from ..serialization import checkpoint


class _Stopped(BaseException):  # no Exception, which a program might catch
    """Raised after a checkpoint has been written, in place of the end of the process."""


def assert_resumes(train: Callable[[str], Any], *, seed: int = 0, stops: Iterable[int] | None = None) -> None:
    """Assert that a run which is interrupted ends exactly like one that is not.

    `train` is called with the path of a checkpoint: to train to the end and write checkpoints there with
    `save_checkpoint`; and if there is one already, to go on from it with `load_checkpoint`. What it returns (models,
    tensors, losses, nested as one likes) is compared bit for bit.

    It runs once to the end. Then it is stopped after each of its checkpoints, and called again, which has to load it:
    with other random states than it was stopped with, as in a new process.

    Args:
        train: the function.
        seed: what all random numbers are seeded with, each time that it begins anew.
        stops: stop after these checkpoints only, counted from 1; another run for each.

    Raises:
        AssertionError: it ends differently; the text says after which checkpoint, and where the first difference is. Or
            it writes no checkpoint.

    Example:
        >>> import os
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.testing import assert_resumes
        >>> def train(path):
        ...     model = tg.nn.Linear(3, 1)
        ...     optimizer = tg.optim.Adam(model.parameters())
        ...     loader = tg.utils.data.DataLoader(tg.eye(3), batch_size=1, shuffle=True)
        ...     run = {"model": model, "optimizer": optimizer, "loader": loader}
        ...     start = tg.load_checkpoint(path, **run)["epoch"] if os.path.exists(path) else 0
        ...     for epoch in range(start, 2):
        ...         for batch in loader:
        ...             optimizer.zero_grad()
        ...             model(batch).square().sum().backward()
        ...             optimizer.step()
        ...             tg.save_checkpoint(path, epoch=epoch, **run)
        ...     return model
        >>> assert_resumes(train)
    """
    states = get_random_states()
    try:
        whole, count = _run(train, seed, ())
        if not count:
            raise AssertionError("assert_resumes: the function has written no checkpoint with save_checkpoint")
        if stops is not None:
            for stop in stops:
                _compare(whole, _run(train, seed, (stop,))[0], f"after checkpoint {stop} of {count}")
            return
        after_all, _ = _run(train, seed, range(1, count + 1))
        if _difference(whole, after_all, "the result") is None:
            return
        for stop in range(1, count + 1):  # which one is it?
            _compare(whole, _run(train, seed, (stop,))[0], f"after checkpoint {stop} of {count}")
        _compare(whole, after_all, f"after each of its {count} checkpoints")
    finally:
        set_random_states(states)


def _run(train: Callable[[str], Any], seed: int, stops: Iterable[int]) -> tuple[Any, int]:
    """What the function returns when it is stopped after these checkpoints; and how many it has written."""
    written = 0

    def after(path: Any) -> None:
        nonlocal written
        written += 1
        if written in stops:
            raise _Stopped

    checkpoint._saved.append(after)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run.checkpoint")
            _seed(seed)
            while True:
                try:
                    return train(path), written
                except _Stopped:
                    _seed(seed + 1000 + written)
    finally:
        checkpoint._saved.remove(after)


def _seed(seed: int) -> None:
    default_generator.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def _compare(whole: Any, resumed: Any, when: str) -> None:
    difference = _difference(whole, resumed, "the result")
    if difference is not None:
        raise AssertionError(
            f"assert_resumes: stopped {when} and gone on, the run ends differently.\n{difference}\nSomething changes "
            "while training that save_checkpoint is not given, or load_checkpoint not: a model, an optimizer, a "
            "scheduler, the loader, a generator, a counter?"
        )


def _difference(whole: Any, resumed: Any, place: str) -> str | None:
    """The first difference, in words; None if there is none."""
    if type(whole) is not type(resumed):
        return f"{place} is a {type(resumed).__name__}, not a {type(whole).__name__}"
    if callable(getattr(whole, "state_dict", None)):
        return _difference(dict(whole.state_dict()), dict(resumed.state_dict()), place)
    if isinstance(whole, Tensor):
        return _arrays_difference(whole._array, resumed._array, place)
    if isinstance(whole, np.ndarray | np.generic):
        return _arrays_difference(np.asarray(whole), np.asarray(resumed), place)
    if isinstance(whole, float):
        return None if repr(whole) == repr(resumed) else f"{place} is {resumed!r}, not {whole!r}"
    if isinstance(whole, dict):
        if [*whole] != [*resumed]:
            return f"{place} has the keys {[*resumed]}, not {[*whole]}"
        pairs = ((f"{place}[{key!r}]", whole[key], resumed[key]) for key in whole)
    elif isinstance(whole, list | tuple):
        if len(whole) != len(resumed):
            return f"{place} has {len(resumed)} entries, not {len(whole)}"
        pairs = ((f"{place}[{n}]", *both) for n, both in enumerate(zip(whole, resumed, strict=True)))
    else:
        return None if whole == resumed else f"{place} is {resumed!r}, not {whole!r}"
    return next((found for name, a, b in pairs if (found := _difference(a, b, name)) is not None), None)


def _arrays_difference(whole: np.ndarray[Any, Any], resumed: np.ndarray[Any, Any], place: str) -> str | None:
    if (whole.shape, whole.dtype) != (resumed.shape, resumed.dtype):
        return f"{place} is {resumed.dtype}{list(resumed.shape)}, not {whole.dtype}{list(whole.shape)}"
    if whole.tobytes() == resumed.tobytes():
        return None
    bytes_differ = np.frombuffer(whole.tobytes(), np.uint8) != np.frombuffer(resumed.tobytes(), np.uint8)
    differs = bytes_differ.reshape(-1, whole.itemsize).any(1).reshape(whole.shape)
    first = tuple(int(i) for i in np.argwhere(differs)[0])
    return (
        f"{place}{list(first) if first else ''} is {resumed[first].item()!r}, not {whole[first].item()!r} "
        f"({np.count_nonzero(differs)} of {differs.size} elements differ)"
    )
