"""All parameters as one vector, and back.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parameters_to_vector.html
"""

from __future__ import annotations

from collections.abc import Iterable

from ..._core.tensor import Tensor
from ...ops.join import cat

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements of all parameters, in a row. Gradients pass through.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.utils.parameters_to_vector([tg.ones(2), tg.zeros(1, 2)])
        tensor([1., 1., 0., 0.])
    """
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let the parameters share the memory of a vector: each takes its elements in turn.

    Raises:
        TypeError: what is given is no tensor.
        RuntimeError: the vector is too short.

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.Linear(2, 1)
        >>> tg.nn.utils.vector_to_parameters(tg.tensor([1.0, 2.0, 3.0]), layer.parameters())
        >>> layer.bias
        Parameter containing:
        tensor([3.], requires_grad=True)
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected Tensor, but got: {type(vec).__name__}. Wrap it: tinygrad_nn.tensor(...).")
    given = list(parameters)
    wanted = sum(parameter._array.size for parameter in given)
    if wanted > vec._array.size:  # before any of them is changed
        raise RuntimeError(
            f"vector_to_parameters(): shape '[{wanted}]' is invalid for input of size {vec._array.size}: the "
            f"parameters have {wanted} elements"
        )
    start = 0
    for parameter in given:
        end = start + parameter._array.size
        parameter.data = vec[start:end].view_as(parameter).data
        start = end
