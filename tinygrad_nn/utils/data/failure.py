"""What goes wrong in workers. Exceptions go as text and type, since tracebacks do not pass from process to process."""

from __future__ import annotations

import pickle
import traceback
from typing import Any, NoReturn


class WorkerDiedError(RuntimeError):
    """Some worker processes are gone.

    Args:
        pids: theirs.
        reasons: what became of each, in words.
    """

    def __init__(self, pids: list[int], reasons: list[str]) -> None:
        shown = ", ".join(map(str, pids))
        super().__init__(f"DataLoader worker (pid(s) {shown}) exited unexpectedly: {'; '.join(reasons)}")
        self.pids, self.reasons = pids, reasons


class _KeyErrorMessage(str):
    """Text that a KeyError shows as it is, with its line breaks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Failure:
    """An exception that was caught somewhere, to be raised again elsewhere.

    Args:
        error: the exception.
        where: as in "in DataLoader worker process 0".
    """

    def __init__(self, error: BaseException, where: str) -> None:
        self._text = (
            f"Caught {type(error).__name__} {where}.\nOriginal "
            f"{''.join(traceback.format_exception(type(error), error, error.__traceback__))}"
        )
        self._type: Any = type(error) if isinstance(error, Exception) else RuntimeError  # not SystemExit: it would pass

    def __getstate__(self) -> tuple[str, bytes | None]:
        try:
            return self._text, pickle.dumps(self._type)
        except Exception:  # a class inside of a function, for one
            return self._text, None

    def __setstate__(self, state: tuple[str, bytes | None]) -> None:
        self._text, named = state
        self._type = RuntimeError
        if named is not None:
            try:
                self._type = pickle.loads(named)
            except Exception:  # a module that only the worker has imported
                self._type = RuntimeError

    def reraise(self) -> NoReturn:
        """Raise an exception of the same type, whose text says where it was caught and has its traceback.

        A type that cannot be made from a text alone becomes a RuntimeError.
        """
        text = _KeyErrorMessage(self._text) if self._type is KeyError else self._text
        try:
            error = self._type(message=text) if getattr(self._type, "message", None) else self._type(text)
        except Exception:
            raise RuntimeError(text) from None
        raise error
