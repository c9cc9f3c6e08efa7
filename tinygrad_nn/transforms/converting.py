"""From images to tensors and back, and to other scales.

Source: https://docs.pytorch.org/vision/stable/transforms.html#functional-transforms
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.tensor import Tensor, wrap
from tinygrad_nn.ops.data import as_tensor

from . import colors, pictures
from .kinds import check_image


def to_tensor(pic: Any) -> Tensor:
    """An image or array as a tensor ``(C, H, W)``; bytes become numbers from 0 to 1, of the default type.

    Raises:
        TypeError: it is neither an image nor an array.
        ValueError: the array has other than two or three dimensions.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ToTensor.html

    Example:
        >>> import numpy as np
        >>> from tinygrad_nn.transforms.functional import to_tensor
        >>> to_tensor(np.array([[0, 51], [102, 255]], np.uint8))
        tensor([[[0.0000, 0.2000],
                 [0.4000, 1.0000]]])
    """
    if pictures.is_image(pic):
        array = pictures.pixels(pic)
    elif isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = pic
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    planes = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    if array.dtype != np.uint8:
        return as_tensor(np.ascontiguousarray(planes))
    scaled = np.ascontiguousarray(planes, dtypes.get_default_dtype().dtype)
    scaled /= 255
    return wrap(scaled)


def pil_to_tensor(pic: Any) -> Tensor:
    """An image or array as a tensor ``(C, H, W)`` of its own type, not scaled.

    Raises:
        TypeError: it is neither an image nor an array.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.PILToTensor.html
    """
    if pictures.is_image(pic):
        return as_tensor(pictures.as_they_are(pic)).permute(2, 0, 1)
    if not isinstance(pic, np.ndarray) or pic.ndim not in (2, 3):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    return as_tensor(pic[None].copy() if pic.ndim == 2 else pic.transpose(2, 0, 1).copy())


_MODES: dict[int, dict[Any, str]] = {
    1: {np.uint8: "L", np.int16: "I;16", np.int32: "I", np.float32: "F"}, 2: {np.uint8: "LA"}, 3: {np.uint8: "RGB"},
    4: {np.uint8: "RGBA"},
}  # fmt: skip
_PERMITTED = {2: ["LA"], 3: ["RGB", "YCbCr", "HSV"], 4: ["RGBA", "CMYK", "RGBX"]}


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor ``(C, H, W)`` or an array ``(H, W, C)`` as an image of Pillow's; numbers from 0 to 1 become bytes.

    Raises:
        TypeError: it is neither a tensor nor an array, or of a type that no mode has.
        ValueError: it has other dimensions, or the mode is of another number of channels.
        ImportError: Pillow is not installed.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ToPILImage.html
    """
    if not isinstance(pic, Tensor | np.ndarray):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    array = pic
    if isinstance(array, Tensor):
        array = array._array.transpose(1, 2, 0) if array.ndim == 3 else array._array
    if array.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
    channels = 1 if array.ndim == 2 else array.shape[2]
    if channels > 4:
        raise ValueError(f"pic should not have > 4 channels. Got {channels} channels.")
    if array.dtype.kind == "f" and mode != "F":
        array = (array * 255).astype(np.uint8)
    usual = _MODES[channels].get(array.dtype.type)
    if channels == 1:
        array = array.reshape(array.shape[:2])
        if mode is not None and mode != usual:
            raise ValueError(f"Incorrect mode ({mode}) supplied for input type {array.dtype}. Should be {usual}")
    elif mode is not None and mode not in _PERMITTED[channels]:
        raise ValueError(f"Only modes {_PERMITTED[channels]} are supported for {channels}D inputs")
    if mode is None and usual is None:
        raise TypeError(f"Input type {array.dtype} is not supported")
    return pictures.from_pixels(array, mode or usual or "")


def convert_image_dtype(image: Tensor, dtype: dtypes.dtype = dtypes.float32) -> Tensor:
    """The image in another type, scaled so that white stays white: the largest whole number, or 1.

    Raises:
        TypeError: it is no tensor.
        RuntimeError: the type has more digits than the image.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ConvertImageDtype.html
    """
    if not isinstance(image, Tensor):
        raise TypeError(f"Input img should be Tensor Image. Got {type(image)}. ToTensor() makes one.")
    return colors.convert(image, dtype)


def normalize(tensor: Tensor, mean: Any, std: Any, inplace: bool = False) -> Tensor:
    """Each channel less its mean, by its standard deviation.

    Raises:
        TypeError: it is no tensor of floating point numbers.
        ValueError: it has less than three dimensions; or a deviation is 0.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Normalize.html
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}. ToTensor() makes one.")
    if not tensor.is_floating_point():
        raise TypeError(
            f"Input tensor should be a float tensor. Got {tensor.dtype}. ConvertImageDtype(torch.float32) makes one."
        )
    if tensor.ndim < 3:
        raise ValueError(
            f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.shape}"
        )
    means, deviations = _by_channel(mean, tensor.dtype), _by_channel(std, tensor.dtype)
    if not deviations.all():
        raise ValueError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
    if inplace:
        return tensor.sub_(wrap(means)).div_(wrap(deviations))
    if tensor.requires_grad:
        return (tensor - wrap(means)) / wrap(deviations)
    out = tensor._array - means
    out /= deviations
    return wrap(out)


def _by_channel(values: Any, kind: dtypes.dtype) -> np.ndarray[Any, Any]:
    array = np.asarray(values._array if isinstance(values, Tensor) else values, kind.dtype)
    return array.reshape(-1, 1, 1) if array.ndim == 1 else array


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False) -> Tensor:
    """A tensor with these values in a rectangle: `h` rows from `i` on, `w` columns from `j` on.

    Raises:
        TypeError: it is no tensor.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.functional.erase.html
    """
    check_image(img)
    if not inplace:
        img = img.clone()
    img[..., i : i + h, j : j + w] = v
    return img
