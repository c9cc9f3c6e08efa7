"""Make checkpoints/resnet.pt and its kin: checkpoints that PyTorch has saved, with the outputs of their models.

Run it where PyTorch 2.13 can be imported:

    python tests/golden/make_checkpoints.py
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

import torch  # noqa: E402
from checkpoint_models import MODELS, data, trained  # noqa: E402


def main() -> None:
    """Train the models a little, and write the files."""
    for name in MODELS:
        model = trained(torch, name)
        with torch.no_grad():
            outputs = model(data(torch, name))
        torch.save({"state": model.state_dict(), "outputs": outputs}, HERE / "checkpoints" / f"{name}.pt")
        print(name, sum(value.numel() for value in model.state_dict().values()))


if __name__ == "__main__":
    main()
