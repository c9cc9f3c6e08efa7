"""Make events.json: what PyTorch's SummaryWriter writes, to which the tests hold this package's.

    python tests/golden/make_events.py        (needs PyTorch and tensorboard)

The programs are in `event_programs`, which run on either package. Made with PyTorch 2.13 and TensorBoard 2.21.
"""

import base64
import io
import json
import pathlib
import tempfile

import numpy as np
import torch
from event_programs import PROGRAMS, records
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from torch.utils.tensorboard import SummaryWriter

HERE = pathlib.Path(__file__).parent


def picture(data: bytes) -> dict[str, object]:
    """The pixels of an event's picture, and the event without it."""
    event = Event.FromString(data)
    encoded = event.summary.value[0].image.encoded_image_string
    event.summary.value[0].image.encoded_image_string = b""
    pixels = np.asarray(Image.open(io.BytesIO(encoded)))
    return {"rest": base64.b64encode(event.SerializeToString()).decode(), "pixels": pixels.tolist()}


def written(name: str) -> dict[str, object]:
    """All events of a program, by folder; and its other files."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        with SummaryWriter(folder) as writer:
            PROGRAMS[name](writer, torch.as_tensor)
        for path in sorted(pathlib.Path(folder).rglob("*.*")):
            place = path.relative_to(folder)
            if "tfevents" in path.name:
                events = records(path.read_bytes())[1:]  # the first tells who wrote it
                made = [picture(e) if name == "pictures" else base64.b64encode(e).decode() for e in events]
                found[place.parent.as_posix()] = made
            elif path.suffix == ".png":
                found[place.as_posix()] = np.asarray(Image.open(path)).tolist()
            elif path.is_file():
                found[place.as_posix()] = path.read_text()
    return found


def main() -> None:
    """Run every program on PyTorch and write down what came out."""
    golden = {"torch": torch.__version__, "events": {name: written(name) for name in PROGRAMS}}
    (HERE / "events.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
