"""Make training.json: initial values and loss curves of PyTorch, to which the tests hold this package.

    python tests/golden/make_training.py        (needs PyTorch)

The programs are in `training_programs`, which run on either package.
"""

import json
import pathlib

import torch
from training_programs import INITIALISERS, OPTIMIZERS, initial_values, losses

HERE = pathlib.Path(__file__).parent


def main() -> None:
    """Run every program on PyTorch and write down what came out."""
    golden = {
        "torch": torch.__version__,
        "initial": {name: initial_values(torch, name) for name in INITIALISERS},
        "losses": {name: losses(torch, name) for name in OPTIMIZERS},
    }
    text = json.dumps(golden, indent=0)
    (HERE / "training.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
