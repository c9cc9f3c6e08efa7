"""Parametrizations that are there: orthogonal matrices, weight normalisation, spectral normalisation.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.orthogonal.html
"""

from __future__ import annotations

from typing import Any, TypeVar

from ..._core.modes import no_grad
from ..._core.tensor import Tensor
from ...ops.distances import normalize
from ..module import Module
from .orthogonal import MAPS, _Orthogonal
from .parametrize import register_parametrization
from .spectral_norm import as_matrix, output_dimension
from .weight_norm import norm_except_dim, scaled

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def _tensor_of(module: Module, name: str) -> Tensor:
    found = getattr(module, name, None)
    if not isinstance(found, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return found


def orthogonal(
    module: M, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> M:
    """Keep a matrix orthogonal (its columns, or its rows if they are fewer), by computing it from any matrix.

    Args:
        module: the module, which is changed and returned.
        name: the matrix, or batch of matrices.
        orthogonal_map: ``"matrix_exp"`` (the default for square and complex matrices): the exponential of a
            skew-symmetric matrix; ``"cayley"``: ``(I + A/2) (I - A/2)^-1``; ``"householder"``: reflections.
        use_trivialization: multiply by a fixed orthogonal matrix, so that values can be assigned, and training starts
            at the value that is there.

    Raises:
        ValueError: there is no such tensor, it is no matrix, or the map is not known.

    Source: M. Lezcano Casado, "Trivializations for Gradient-Based Optimization on Manifolds", 2019.

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.utils.parametrizations.orthogonal(tg.nn.Linear(4, 2))
        >>> bool(((layer.weight @ layer.weight.mT - tg.eye(2)).abs() < 1e-5).all())
        True
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)


class _WeightNorm(Module):
    """A weight from its lengths and its direction."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """The weight."""
        return scaled(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Its lengths, and itself as the direction."""
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Compute a weight from its lengths and its direction, ``w = g * v / ||v||``: ``original0`` and ``original1``.

    Args:
        module: the module, which is changed and returned.
        name: the weight.
        dim: the dimension along which each slice has a length of its own; None: one length.

    Source: T. Salimans and D. Kingma, "Weight Normalization", 2016.

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.utils.parametrizations.weight_norm(tg.nn.Linear(4, 2))
        >>> {name: list(value.shape) for name, value in layer.named_parameters()}
        {'bias': [2], 'parametrizations.weight.original0': [2, 1], 'parametrizations.weight.original1': [2, 4]}
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict: Any, prefix: str, *others: Any) -> None:  # states of nn.utils.weight_norm
        lengths, direction = f"{prefix}{name}_g", f"{prefix}{name}_v"
        if lengths in state_dict and direction in state_dict:
            state_dict[f"{prefix}parametrizations.{name}.original0"] = state_dict.pop(lengths)
            state_dict[f"{prefix}parametrizations.{name}.original1"] = state_dict.pop(direction)

    module._register_load_state_dict_pre_hook(rename)
    return module


class _SpectralNorm(Module):
    """A weight divided by its largest singular value, as power iteration finds it."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % ndim
        self.eps = eps
        if ndim > 1:  # of a vector it is the length
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight, self.dim)
            u, v = (matrix.new_empty(length).normal_(0, 1) for length in matrix.shape)
            self.register_buffer("_u", normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", normalize(v, dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _iterate(self, matrix: Tensor, steps: int) -> None:
        with no_grad():
            for _ in range(steps):
                self._u.copy_(normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(normalize(matrix.mH.mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight, divided. In training the iteration makes a step."""
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        # two calls may be differentiated together, so the graph of each keeps the vectors of its own
        u, v = self._u.clone(), self._v.clone()
        return weight / u.vdot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself: it is taken to be normalised."""
        return value


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Divide a weight by its largest singular value, which power iteration follows, a step with each use in training.

    Args:
        module: the module, which is changed and returned.
        name: the weight.
        n_power_iterations: steps with each use.
        eps: keeps divisors from 0.
        dim: the dimension that counts the outputs: 0, but 1 for transposed convolutions.

    Raises:
        ValueError: there is no such tensor, or there are no iterations.
        IndexError: there is no such dimension.

    Source: T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018.

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.utils.parametrizations.spectral_norm(tg.nn.Linear(4, 2))
        >>> round(tg.linalg.matrix_norm(layer.weight, 2).item(), 3)
        1.0
    """
    weight = _tensor_of(module, name)
    made = _SpectralNorm(weight, n_power_iterations, output_dimension(module) if dim is None else dim, eps)
    return register_parametrization(module, name, made)
