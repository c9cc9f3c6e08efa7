"""What transforms have in common, and those that put others together.

Source: https://docs.pytorch.org/vision/stable/transforms.html
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tinygrad_nn.nn.module import Module
from tinygrad_nn.ops.creation import empty
from tinygrad_nn.ops.random import rand


class Transform(Module):
    """A transform of images; a module, so that `nn.Sequential` takes it.

    `takes_arrays` says that of an array of pixels it makes what it makes of Pillow's image with these pixels, so that
    datasets need not make an image first.
    """

    takes_arrays = True


def takes_arrays(transforms: Iterable[Any]) -> bool:
    """Whether these, one after the other, take arrays. What follows on a tensor does not matter."""
    for transform in transforms:
        if not getattr(transform, "takes_arrays", False):
            return False
        if getattr(transform, "makes_tensors", False):
            return True
    return True


def drawn() -> Any:
    """A number from 0 to 1 from PyTorch's stream, in float32 as it is compared there."""
    return rand(1)._array[0]


def uniform(low: float, high: float) -> float:
    """A number between these two from PyTorch's stream."""
    number: float = empty(1).uniform_(low, high).item()
    return number


def listed(name: str, transforms: Iterable[Any], *first: str) -> str:
    """The name, and the transforms in lines below it."""
    lines = [*first, *(str(transform) for transform in transforms)]
    return f"{name}(" + "".join(f"\n    {line}" for line in lines) + "\n)"


class Compose:
    """Transforms, one after the other.

    Args:
        transforms: the list of them.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Compose.html

    Example:
        >>> import numpy as np
        >>> from tinygrad_nn import transforms
        >>> prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
        >>> prepare(np.array([[0, 255]], np.uint8))
        tensor([[[-1.,  1.]]])
    """

    makes_tensors = False

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        self.transforms = transforms

    @property
    def takes_arrays(self) -> bool:
        """Whether arrays are taken for images."""
        return takes_arrays(self.transforms)

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return listed(type(self).__name__, self.transforms)


class Lambda:
    """A function as a transform.

    Args:
        lambd: the function.

    Raises:
        TypeError: it is none.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Lambda.html
    """

    def __init__(self, lambd: Callable[..., Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RandomApply(Module):
    """All of the transforms, or none of them.

    Args:
        transforms: the list of them.
        p: how probable it is that they are applied.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomApply.html
    """

    def __init__(self, transforms: Sequence[Callable[..., Any]], p: float = 0.5) -> None:
        super().__init__()
        # not as modules: a list of functions and transforms, as it was given
        self.__dict__["transforms"] = transforms
        self.p = p

    @property
    def takes_arrays(self) -> bool:
        """Whether arrays are taken for images."""
        return takes_arrays(self.transforms) and not any(getattr(t, "makes_tensors", False) for t in self.transforms)

    def forward(self, img: Any) -> Any:
        """The image, as it is or transformed."""
        if self.p < drawn():
            return img
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return listed(type(self).__name__, self.transforms, f"p={self.p}")


class RandomOrder:
    """The transforms in an order that is drawn anew each time, by Python's own generator as in torchvision.

    Args:
        transforms: the list of them.

    Raises:
        TypeError: it is no sequence.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomOrder.html
    """

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence")
        self.transforms = transforms

    @property
    def takes_arrays(self) -> bool:
        """Whether arrays are taken for images."""
        return takes_arrays(self.transforms) and not any(getattr(t, "makes_tensors", False) for t in self.transforms)

    def __call__(self, img: Any) -> Any:
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for number in order:
            img = self.transforms[number](img)
        return img

    def __repr__(self) -> str:
        return listed(type(self).__name__, self.transforms)


class RandomChoice(RandomOrder):
    """One of the transforms, drawn by Python's own generator as in torchvision.

    Args:
        transforms: the list of them.
        p: how probable each is; equally, if not given.

    Raises:
        TypeError: `transforms` or `p` is no sequence.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomChoice.html
    """

    def __init__(self, transforms: Sequence[Callable[..., Any]], p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise TypeError("Argument p should be a sequence")
        self.p = p

    def __call__(self, img: Any) -> Any:
        return random.choices(self.transforms, weights=self.p)[0](img)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"
