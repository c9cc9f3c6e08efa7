"""Training for people: a trainer, and callbacks that show, keep and write down what it does.

    trainer = Trainer(model, "cross_entropy", "adam", metrics=["accuracy"])
    history = trainer.fit(x, y, epochs=10, validation_split=0.2)
    trainer.predict(new_x)
"""

from __future__ import annotations

from .callbacks import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    KeepBest,
    NanGuard,
    ProgressBar,
    Resources,
    Schedule,
    TensorBoard,
)
from .run import Run
from .trainer import Trainer

__all__ = [
    "CSVLogger", "Callback", "Checkpoint", "EarlyStopping", "KeepBest", "NanGuard", "ProgressBar", "Resources", "Run",
    "Schedule", "TensorBoard", "Trainer",
]  # fmt: skip
