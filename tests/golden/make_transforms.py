"""Make ``transforms.npz``: what torchvision's transforms give for the images and seeds of `vision_programs`.

Run with a Python that has PyTorch and torchvision: ``python tests/golden/make_transforms.py``. Made with torchvision
0.28, PyTorch 2.13 and Pillow 13.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from vision_programs import KINDS, SEEDS, answer, given, images, programs

TARGET = Path(__file__).parent / "transforms.npz"


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    import torch
    from PIL import Image
    from vision_oracle import torchvision

    transforms = torchvision().transforms
    index: dict[str, Any] = {}  # of each answer, types and shapes; or the error
    memory: list[np.ndarray] = []
    warnings.simplefilter("ignore")
    for name, transform in programs(transforms, torch).items():
        for kind in KINDS:
            for picture, pixels in images().items():
                for seed in SEEDS:
                    key = f"{name}/{kind}/{picture}/{seed}"
                    found = answer(transform, given(kind, pixels, torch, Image.fromarray), seed, torch)
                    index[key] = found if isinstance(found, str) else [(str(a.dtype), a.shape) for a in found]
                    memory += [] if isinstance(found, str) else [np.frombuffer(a.tobytes(), np.uint8) for a in found]
    shown = {name: repr(transform) for name, transform in programs(transforms, torch).items()}
    text = json.dumps({"index": index, "shown": shown})
    np.savez_compressed(TARGET, memory=np.concatenate(memory), text=np.array(text))


if __name__ == "__main__":
    main()
