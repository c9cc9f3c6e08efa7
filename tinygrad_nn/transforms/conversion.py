"""From images to tensors and back, and to other scales.

Source: https://docs.pytorch.org/vision/stable/transforms.html#conversion
"""

from __future__ import annotations

from typing import Any

from tinygrad_nn._core.dtypes import dtype
from tinygrad_nn._core.tensor import Tensor

from . import functional
from .transform import Transform


class ToTensor:
    """Images and arrays ``(H, W, C)`` become tensors ``(C, H, W)``, and bytes numbers from 0 to 1.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ToTensor.html
    """

    takes_arrays = makes_tensors = True

    def __call__(self, pic: Any) -> Tensor:
        return functional.to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PILToTensor:
    """Images and arrays ``(H, W, C)`` become tensors ``(C, H, W)`` of their own type, not scaled.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.PILToTensor.html
    """

    takes_arrays = makes_tensors = True

    def __call__(self, pic: Any) -> Tensor:
        return functional.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToPILImage:
    """Tensors ``(C, H, W)`` and arrays ``(H, W, C)`` become images of Pillow's.

    Args:
        mode: the image's mode; by channels and type if not given.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ToPILImage.html
    """

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return functional.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.mode is None else f'mode={self.mode}'})"


class ConvertImageDtype(Transform):
    """Tensors become ones of another type, scaled so that white stays white.

    Args:
        dtype: the type.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ConvertImageDtype.html
    """

    takes_arrays = False

    def __init__(self, dtype: dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        """The image in the other type."""
        return functional.convert_image_dtype(image, self.dtype)


class Normalize(Transform):
    """Of tensors, each channel less its mean, by its standard deviation.

    Args:
        mean: of each channel.
        std: of each channel.
        inplace: write into the tensor.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Normalize.html
    """

    takes_arrays = False

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__()
        self.mean, self.std, self.inplace = mean, std, inplace

    def forward(self, tensor: Tensor) -> Tensor:
        """The tensor normalised."""
        return functional.normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


class LinearTransformation(Transform):
    """Of tensors, all pixels less a mean, times a matrix: whitening.

    Args:
        transformation_matrix: of shape ``(D, D)``, with ``D = C * H * W``.
        mean_vector: of shape ``(D,)``.

    Raises:
        ValueError: the shapes or types do not fit.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.LinearTransformation.html
    """

    takes_arrays = False

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor) -> None:
        super().__init__()
        shape = tuple(transformation_matrix.shape)
        if shape[0] != shape[1]:
            raise ValueError(f"transformation_matrix should be square. Got {shape} rectangular matrix.")
        if mean_vector.shape[0] != shape[0]:
            raise ValueError(
                f"mean_vector should have the same length {mean_vector.shape[0]} as any one of the dimensions of the "
                f"transformation_matrix [{shape}]"
            )
        if transformation_matrix.dtype is not mean_vector.dtype:
            raise ValueError(
                f"Input tensors should have the same dtype. Got {transformation_matrix.dtype} and {mean_vector.dtype}"
            )
        self.transformation_matrix, self.mean_vector = transformation_matrix, mean_vector

    def forward(self, tensor: Tensor) -> Tensor:
        """The tensor times the matrix.

        Raises:
            ValueError: it has another number of pixels.
        """
        channels, height, width = tensor.shape[-3:]
        pixels = channels * height * width
        if pixels != self.transformation_matrix.shape[0]:
            raise ValueError(
                f"Input tensor and transformation matrix have incompatible shape.[{channels} x {height} x {width}] != "
                f"{self.transformation_matrix.shape[0]}"
            )
        flat = tensor.reshape(-1, pixels) - self.mean_vector
        return (flat @ self.transformation_matrix.to(flat.dtype)).reshape(tensor.shape)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(transformation_matrix={self.transformation_matrix.tolist()}, "
            f"mean_vector={self.mean_vector.tolist()})"
        )
