"""Checkpoints: all that it takes to go on with a training run as if it had never stopped, in one file.

Not to be confused with `tinygrad_nn.utils.checkpoint`, which trades time for memory in the backward pass.
"""

from __future__ import annotations

import copy
import os
from typing import Any

from .._core.random_states import RANDOM_TYPES, get_random_states, get_state, set_random_states, set_state
from .files import replace
from .plain_data import Encoder

__all__ = ["load_checkpoint", "read_checkpoint", "save_checkpoint"]

_saved: list[Any] = []  # what is called after a checkpoint has been written: by `testing.assert_resumes`


def save_checkpoint(path: str | os.PathLike[str], /, **parts: Any) -> None:
    """Write a checkpoint: the states of objects, other data, and all random states.

    Give everything that changes while training, each under a name: models, optimizers, schedulers, loaders, and
    whatever else has ``state_dict()`` and ``load_state_dict()``; generators of random numbers (this package's, NumPy's
    ``Generator`` and ``RandomState``, Python's ``random.Random``); and data, such as the number of the epoch. The
    states behind ``tinygrad_nn.rand``, ``np.random.rand`` and ``random.random`` are always saved.

    With the `DataLoader` among the parts, this may be called in the middle of an epoch, with workers too: the run goes
    on with the next batch, bit for bit. An epoch counts as in progress until its loop has ended or was left.

    The file replaces the one that was there when it is complete and on the disk. If the process is killed or the
    machine stops, at whatever moment, one of the two is there, whole. There is no pickle in it: it is a zip archive of
    a JSON text and NumPy's arrays, which other programs can read.

    Args:
        path: where it is to be.
        **parts: objects and data, by name.

    Raises:
        TypeError: something is neither plain data nor has a state; nothing has been written.
        RuntimeError: there is no such folder.
        OSError: the file cannot be written; the old one is still there.

    Example:
        >>> import os, tempfile
        >>> import tinygrad_nn as tg
        >>> model = tg.nn.Linear(2, 1)
        >>> loader = tg.utils.data.DataLoader(range(6), batch_size=2, shuffle=True)
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = os.path.join(folder.name, "run.checkpoint")
        >>> for batch in loader:
        ...     tg.save_checkpoint(path, model=model, loader=loader, epoch=3)
        ...     break
        >>> sorted(tg.load_checkpoint(path, model=model, loader=loader).items())  # what was given no object to go to
        [('epoch', 3)]
        >>> len(list(loader))  # the other two
        2
        >>> folder.cleanup()
    """
    from .container import write_container  # not at the top: zip archives and JSON take their time to import

    encoder = Encoder()
    objects, values = {}, {}
    for name, part in parts.items():
        if _has_state(part):
            objects[name] = encoder.encode(_state_of(part), name)
        else:
            values[name] = encoder.encode(part, name)
    states = encoder.encode(get_random_states(), "random states")
    data = {"values": values, "objects": objects, "random_states": states}
    replace(os.fspath(path), lambda file: write_container(file, data, encoder))
    for after in _saved:
        after(path)


def load_checkpoint(path: str | os.PathLike[str], /, **objects: Any) -> dict[str, Any]:
    """Read a checkpoint of `save_checkpoint`, and bring objects and all random states to where they were.

    All or nothing: if one object refuses its state, those before it get back what they had.

    Args:
        path: the file.
        **objects: what was given to `save_checkpoint`, under the same names, made in the same way as then. Those that
            are left out are not restored.

    Returns:
        The data that was saved, by name; and the states of objects that were not given here.

    Raises:
        FileNotFoundError: there is no such file.
        RuntimeError: it is no checkpoint, or is damaged; or an object refuses its state.
        KeyError: an object's name is not in it.
    """
    found, random_states = _read(path)
    for name, part in objects.items():
        if name not in found:
            raise KeyError(f"{name!r} is not in the checkpoint {os.fspath(path)}, which has {', '.join(found)}")
        if not _has_state(part):
            raise TypeError(
                f"{name}: {type(part).__name__} has no load_state_dict(), so nothing can be loaded into it. Data is "
                "what load_checkpoint returns"
            )
    before: dict[str, Any] = {}
    random_before = get_random_states()
    try:
        for name, part in objects.items():
            before[name] = copy.deepcopy(_state_of(part))
            _restore(part, found[name])
        set_random_states(random_states)
    except BaseException as error:
        for name in [*before][:-1]:  # what has refused its state has not changed
            _restore(objects[name], before[name])
        set_random_states(random_before)
        error.add_note(f"Nothing was loaded from the checkpoint {os.fspath(path)}: all is as it was before.")
        raise
    return {name: value for name, value in found.items() if name not in objects}


def read_checkpoint(path: str | os.PathLike[str], /) -> dict[str, Any]:
    """What is in a checkpoint: data and states by name. Nothing is changed, no random state either.

    Raises:
        FileNotFoundError: there is no such file.
        RuntimeError: it is no checkpoint, or is damaged.

    Example:
        >>> import os, tempfile
        >>> import tinygrad_nn as tg
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "run.checkpoint")
        ...     tg.save_checkpoint(path, model=tg.nn.Linear(2, 1), epoch=3)
        ...     content = tg.serialization.read_checkpoint(path)
        >>> content["epoch"], content["model"]["weight"].shape
        (3, torch.Size([1, 2]))
    """
    return _read(path)[0]


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    from .container import Container

    with open(path, "rb") as file:
        container = Container(file, os.fspath(path))
        return {**container.value("objects"), **container.value("values")}, container.value("random_states")


def _has_state(part: Any) -> bool:
    if isinstance(part, type):
        return False
    stateful = callable(getattr(part, "state_dict", None)) and callable(getattr(part, "load_state_dict", None))
    return stateful or isinstance(part, RANDOM_TYPES)


def _state_of(part: Any) -> Any:
    return get_state(part) if isinstance(part, RANDOM_TYPES) else part.state_dict()


def _restore(part: Any, state: Any) -> None:
    if isinstance(part, RANDOM_TYPES):
        set_state(part, state)
    else:
        part.load_state_dict(state)
