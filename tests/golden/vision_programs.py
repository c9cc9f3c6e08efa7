"""Transforms and images, for torchvision and for this package alike: what the stored and the live comparison run."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

KINDS = ("image", "bytes", "numbers")  # one of Pillow's, a uint8 tensor, a float32 tensor
SEEDS = (0, 1)


def images() -> dict[str, np.ndarray]:
    """Small pictures, gray and in color."""
    draw = np.random.default_rng(0)
    return {
        "gray": draw.integers(0, 256, (7, 6), dtype=np.uint8),
        "color": draw.integers(0, 256, (6, 7, 3), dtype=np.uint8),
    }


def programs(transforms: Any, torch: Any) -> dict[str, Any]:
    """A transform of each kind, by name."""
    t, modes = transforms, transforms.InterpolationMode
    return {
        "resize": t.Resize((6, 4)), "resize_short": t.Resize(5), "resize_most": t.Resize(5, max_size=6),
        "resize_nearest": t.Resize((11, 7), modes.NEAREST), "resize_cubic": t.Resize((5, 12), modes.BICUBIC),
        "resize_sharp": t.Resize((5, 7), antialias=None), "center": t.CenterCrop(4),
        "center_large": t.CenterCrop((9, 3)),
        "pad": t.Pad(2), "pad_sides": t.Pad((1, 2, 3, 4), fill=7), "pad_reflect": t.Pad(2, padding_mode="reflect"),
        "pad_edge": t.Pad((2, 1), padding_mode="edge"), "pad_symmetric": t.Pad(3, padding_mode="symmetric"),
        "crop": t.RandomCrop(4), "crop_padded": t.RandomCrop((4, 6), padding=2),
        "crop_needed": t.RandomCrop(11, pad_if_needed=True, fill=3), "flip": t.RandomHorizontalFlip(),
        "flip_over": t.RandomVerticalFlip(0.3), "resized_crop": t.RandomResizedCrop(5),
        "resized_crop_fallback": t.RandomResizedCrop((5, 4), scale=(0.9, 1.0), ratio=(3, 4)), "five": t.FiveCrop(4),
        "ten": t.TenCrop((4, 3), vertical_flip=True), "rotate": t.RandomRotation(30),
        "rotate_wide": t.RandomRotation((10, 80), modes.BILINEAR, expand=True, fill=5),
        "rotate_about": t.RandomRotation(30, center=(1, 2)), "affine": t.RandomAffine(20),
        "affine_all": t.RandomAffine((-10, 40), (0.1, 0.3), (0.5, 1.5), (5, 10, -3, 4), modes.BILINEAR, 3, (3, 4)),
        "shear": t.RandomAffine(0, shear=10), "grayscale": t.Grayscale(), "grayscale_three": t.Grayscale(3),
        "sometimes_gray": t.RandomGrayscale(0.5), "jitter": t.ColorJitter(0.5, 0.5, 0.5, 0.3),
        "brightness": t.ColorJitter(brightness=(0.2, 2)), "hue": t.ColorJitter(hue=0.5),
        "contrast": t.ColorJitter(contrast=0.9), "saturation": t.ColorJitter(saturation=0.9), "blur": t.GaussianBlur(3),
        "blur_wide": t.GaussianBlur((5, 3), (0.5, 0.6)), "invert": t.RandomInvert(), "posterize": t.RandomPosterize(3),
        "solarize": t.RandomSolarize(100), "sharpen": t.RandomAdjustSharpness(2.5),
        "soften": t.RandomAdjustSharpness(0.1), "autocontrast": t.RandomAutocontrast(), "equalize": t.RandomEqualize(),
        "apply": t.RandomApply([t.RandomCrop(3), t.RandomHorizontalFlip()], p=0.4),
        "choice": t.RandomChoice([t.Pad(1), t.RandomVerticalFlip(0.9)]),
        "order": t.RandomOrder([t.Pad(1), t.RandomCrop(4)]),
        "compose": t.Compose([t.RandomCrop(4, padding=1), t.RandomHorizontalFlip(), t.RandomRotation(10), t.ToTensor(),
                              t.Normalize((0.5,), (0.25,)), t.RandomErasing()]),
        "erase": t.RandomErasing(p=0.9), "erase_noise": t.RandomErasing(p=0.9, value="random"),
        "erase_value": t.RandomErasing(p=0.9, value=0.3), "normalize": t.Normalize((0.1,), (0.2,)),
        "convert": t.ConvertImageDtype(torch.float64), "to_tensor": t.ToTensor(), "pil_to_tensor": t.PILToTensor(),
        "linear": t.LinearTransformation(torch.eye(42) + 0.1, torch.arange(42.0) / 42),
    }  # fmt: skip


def given(kind: str, pixels: np.ndarray, torch: Any, image: Any) -> Any:
    """The picture as this kind of image; `image` makes one of Pillow's."""
    if kind == "image":
        return image(pixels)
    planes = np.ascontiguousarray(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))
    return torch.from_numpy(planes if kind == "bytes" else planes.astype(np.float32) / np.float32(255))


def answer(transform: Any, image: Any, seed: int, torch: Any) -> Any:
    """What the transform makes of the image: arrays, and the next random number; or the error's type and words."""
    torch.manual_seed(seed)
    random.seed(seed)
    try:
        made = transform(image)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:20]}"
    parts = made if isinstance(made, tuple) else (made,)
    arrays = [part.detach().numpy() if hasattr(part, "detach") else np.asarray(part) for part in parts]
    return [*arrays, np.float32(torch.rand(1).item())]
