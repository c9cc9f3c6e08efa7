"""One training step of a bag of words: the mean of the embeddings of a text, and a linear classifier."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.harness import Case, Settings
from benchmarks.training import CHECKED_STEPS, Problem, contenders

WORDS, WIDTH, CLASSES = 5000, 64, 4
BATCH, LENGTH = 64, 16


def problem(torch: Any, settings: Settings) -> Problem:
    """Texts of 16 words; words are rare or frequent as in a language, by Zipf's law. The first one says the class."""
    nn = torch.nn
    torch.manual_seed(0)

    class Bag(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(WORDS, WIDTH)
            self.head = nn.Linear(WIDTH, CLASSES)

        def forward(self, words: Any) -> Any:
            return self.head(self.embedding(words).mean(1))

    rng = np.random.default_rng(0)
    chances = 1 / np.arange(1, WORDS + 1)
    words = rng.choice(WORDS, (CHECKED_STEPS, BATCH, LENGTH), p=chances / chances.sum())
    batches = [(torch.from_numpy(text), torch.from_numpy(text[:, 0] % CLASSES)) for text in words]
    cross_entropy = torch.nn.functional.cross_entropy
    return Problem(Bag(), lambda model, x, y: cross_entropy(model(x), y), batches)


CASES = [
    Case(
        name="words",
        about=f"training step of a bag of words, {WORDS:,} words of {WIDTH} numbers, batch {BATCH} x {LENGTH}, SGD",
        contenders=contenders(problem, "SGD", lr=0.1),
    )
]
