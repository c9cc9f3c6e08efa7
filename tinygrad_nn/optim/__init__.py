"""Optimizers and schedules: PyTorch's names, options, defaults and results.

What PyTorch does not have: `Lion`, `LAMB` and `LARS`; `LRFinder`, `GradientAccumulator` with `count_targets`, and
`lr_scheduler.with_warmup`.

Source: https://docs.pytorch.org/docs/stable/optim.html
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import lr_scheduler
from .accumulation import GradientAccumulator, count_targets
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam
from .adamax import Adamax
from .adamw import AdamW
from .asgd import ASGD
from .lamb import LAMB
from .lars import LARS
from .lbfgs import LBFGS
from .lion import Lion
from .lr_finder import LRFinder
from .muon import Muon
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD
from .sparse_adam import SparseAdam
from .swap import swap_in_optimizer_params_and_state

if TYPE_CHECKING:
    from . import swa_utils

__all__ = [
    "ASGD", "LAMB", "LARS", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax",
    "GradientAccumulator", "LRFinder", "Lion", "Muon", "NAdam", "Optimizer", "RAdam", "RMSprop", "Rprop", "SparseAdam",
    "count_targets", "lr_scheduler", "swa_utils", "swap_in_optimizer_params_and_state",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "swa_utils":  # which needs modules, where all else here needs tensors only
        return importlib.import_module(".swa_utils", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
