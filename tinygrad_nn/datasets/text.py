"""Text files: their lines, or their characters in blocks.

A text is turned into numbers by its alphabet: the characters that it has, in order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_nn._core.tensor import Tensor, wrap
from tinygrad_nn.utils.data import Dataset


class Alphabet:
    """Characters, and the numbers that they have in a model.

    Args:
        characters: a text, or some characters; each counts once, in the order of their code points.

    Example:
        >>> from tinygrad_nn.datasets import Alphabet
        >>> alphabet = Alphabet("hello")
        >>> len(alphabet), alphabet.encode("hole")
        (4, tensor([1, 3, 2, 0]))
        >>> alphabet.decode([1, 0, 2, 2, 3])
        'hello'
    """

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = sorted(set(characters))
        self.numbers = {character: number for number, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> Tensor:
        """The numbers of a text's characters, int64.

        Raises:
            ValueError: one is not in the alphabet.
        """
        unknown = next((character for character in text if character not in self.numbers), None)
        if unknown is not None:
            raise ValueError(f"the character {unknown!r} is not in the alphabet of {len(self)} characters")
        return wrap(np.array([self.numbers[character] for character in text], np.int64))

    def decode(self, numbers: Any) -> str:
        """The text of these numbers.

        Raises:
            IndexError: one is of no character.
        """
        values = numbers.tolist() if isinstance(numbers, Tensor | np.ndarray) else list(numbers)
        if any(not 0 <= value < len(self) for value in values):
            raise IndexError(f"the alphabet has characters 0 to {len(self) - 1}, got {values}")
        return "".join(self.characters[value] for value in values)

    def __repr__(self) -> str:
        return f"Alphabet({''.join(self.characters)!r})"


class TextLines(Dataset[Any]):
    """The lines of a text file, without their ends; empty ones are left out.

    Args:
        path: the file.
        transform: applied to each line, such as the `encode` of an alphabet.
        encoding: of the file.

    Attributes:
        lines: all lines.
        alphabet: the characters of all of them.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no text of this encoding.

    Example:
        >>> import pathlib, tempfile
        >>> from tinygrad_nn.datasets import TextLines
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "names.txt").write_text("emma\\nolivia\\n")
        ...     names = TextLines(f"{folder}/names.txt")
        >>> names[1], len(names), names.alphabet
        ('olivia', 2, Alphabet('aeilmov'))
    """

    def __init__(
        self, path: str | Path, transform: Callable[[str], Any] | None = None, encoding: str = "utf-8"
    ) -> None:
        self.lines = [line for line in _read(path, encoding).split("\n") if line.strip()]
        self.transform = transform
        self.alphabet = Alphabet("".join(self.lines))

    def __getitem__(self, index: Any) -> Any:
        line = self.lines[index]
        return line if self.transform is None else self.transform(line)

    def __len__(self) -> int:
        return len(self.lines)


class TextBlocks(Dataset[tuple[Tensor, Tensor]]):
    """A text in blocks of characters: a sample is a block, and the block that begins one character later.

    Args:
        path: the file.
        length: of the blocks, in characters.
        step: from the start of one block to the start of the next.
        alphabet: the characters' numbers; those of the text if not given.
        encoding: of the file.

    Attributes:
        data: the numbers of all characters, int64.
        alphabet: the characters' numbers.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no text of this encoding, has no whole block, or characters that the alphabet lacks.

    Example:
        >>> import pathlib, tempfile
        >>> from tinygrad_nn.datasets import TextBlocks
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "text.txt").write_text("to be or not")
        ...     text = TextBlocks(f"{folder}/text.txt", length=5)
        >>> [text.alphabet.decode(part) for part in text[2]], len(text)
        ([' be o', 'be or'], 7)
    """

    def __init__(
        self, path: str | Path, length: int, step: int = 1, alphabet: Alphabet | None = None, encoding: str = "utf-8"
    ) -> None:
        text = _read(path, encoding)
        if length < 1 or step < 1:
            raise ValueError(f"TextBlocks(): length and step must be 1 or more, got {length} and {step}")
        if len(text) <= length:
            raise ValueError(f"{os.fspath(path)}: a block takes {length + 1} characters, and the text has {len(text)}")
        self.alphabet = Alphabet(text) if alphabet is None else alphabet
        self.data = self.alphabet.encode(text)
        self.length, self.step = length, step

    def __getitem__(self, index: Any) -> tuple[Tensor, Tensor]:
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"block {index} of {len(self)}")
        start = number * self.step
        return self.data[start : start + self.length], self.data[start + 1 : start + 1 + self.length]

    def __len__(self) -> int:
        return (len(self.data) - self.length - 1) // self.step + 1


def _read(path: str | Path, encoding: str) -> str:
    try:
        return Path(path).read_text(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"{os.fspath(path)}: it is no text in {encoding} ({error}). Say its encoding") from None
