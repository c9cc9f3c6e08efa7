"""Hypothesis strategies for tensors, shapes, dimensions, indices, types and modules: failures shrink to small examples.

Values are drawn through `hypothesis.extra.numpy`, never from a random generator of ours, which Hypothesis could neither
repeat nor shrink. This package's generator is registered with Hypothesis, which seeds it before each example: so what a
test draws itself (``randn``, dropout, a new layer's weights) repeats too. Hypothesis is imported when a strategy is
made, so this module can always be imported.

Source: https://hypothesis.readthedocs.io/en/latest/numpy.html
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core import dtypes as known_types
from .._core.random import default_generator
from .._core.tensor import Tensor, wrap

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from ..nn import Module


def _hypothesis() -> tuple[Any, Any]:
    """`hypothesis.strategies` and `hypothesis.extra.numpy`.

    Raises:
        ImportError: Hypothesis is not installed; the text says how to get it.
    """
    try:
        import hypothesis.extra.numpy as arrays
        import hypothesis.strategies as st
    except ImportError as error:
        raise ImportError(
            'tinygrad_nn.testing.strategies needs Hypothesis. Install it with: pip install "tinygrad_nn[test]"'
        ) from error
    manage_generator()
    return st, arrays


def manage_generator() -> None:
    """Let Hypothesis seed this package's generator before each example, and restore it after. Once is enough."""
    from hypothesis import register_random

    if not _random.registered:
        register_random(_random)
        _random.registered = True


class _Random:
    """This package's generator, as Hypothesis wants sources of random numbers to be."""

    registered = False

    def seed(self, seed: int) -> None:
        """Begin anew, before an example."""
        default_generator.manual_seed(seed)

    def getstate(self) -> Tensor:
        """What `setstate` brings back, after an example."""
        return default_generator.get_state()

    def setstate(self, state: Tensor) -> None:
        """Go on from where `getstate` was called."""
        default_generator.set_state(state)


_random = _Random()  # Hypothesis holds it weakly


def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4
) -> SearchStrategy[tuple[int, ...]]:
    """Shapes; ``min_side=0`` allows tensors without elements.

    Example:
        >>> from hypothesis import given
        >>> from tinygrad_nn.testing.strategies import shapes
        >>> @given(shapes(min_dims=1, max_dims=2))
        ... def test(shape):
        ...     assert len(shape) in (1, 2)
        >>> test()
    """
    _, arrays = _hypothesis()
    found: SearchStrategy[tuple[int, ...]] = arrays.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )
    return found


def broadcastable_shapes(
    count: int, *, max_dims: int = 3, min_side: int = 1, max_side: int = 3
) -> SearchStrategy[tuple[tuple[int, ...], ...]]:
    """As many shapes, all different in any way that broadcasting allows.

    Example:
        >>> import numpy as np
        >>> from hypothesis import given
        >>> from tinygrad_nn.testing.strategies import broadcastable_shapes
        >>> @given(broadcastable_shapes(2))
        ... def test(shapes):
        ...     np.broadcast_shapes(*shapes)
        >>> test()
    """
    _, arrays = _hypothesis()
    drawn: SearchStrategy[Any] = arrays.mutually_broadcastable_shapes(
        num_shapes=count, max_dims=max_dims, min_side=min_side, max_side=max_side
    )
    return drawn.map(lambda shapes: tuple(shapes.input_shapes))


def dims(ndim: int, *, several: bool = False, none: bool = False) -> SearchStrategy[Any]:
    """A dimension of a tensor with `ndim` of them, counted from either end.

    Args:
        ndim: the number of dimensions; for 0, the valid answers are 0 and -1.
        several: draw tuples of different dimensions as well.
        none: draw None (all dimensions) as well.

    Example:
        >>> from hypothesis import given
        >>> from tinygrad_nn.testing.strategies import dims
        >>> @given(dims(3))
        ... def test(dim):
        ...     assert -3 <= dim < 3
        >>> test()
    """
    st, _ = _hypothesis()
    bound = max(ndim, 1)
    one = st.integers(-bound, bound - 1)
    choices = [one]
    if several:
        choices.append(st.lists(one, max_size=bound, unique_by=lambda d: d % bound).map(tuple))
    if none:
        choices.insert(0, st.none())
    found: SearchStrategy[Any] = st.one_of(*choices)
    return found


_KINDS = {
    "floating": ("float32", "float64", "float16"), "integral": ("int64", "int32", "int16", "int8", "uint8"),
    "complex": ("complex64", "complex128"), "bool": ("bool_",),
}  # fmt: skip


def dtypes(*kinds: str) -> SearchStrategy[known_types.dtype]:
    """Types of elements, shrinking towards float32 (or int64).

    Args:
        kinds: of "floating", "integral", "complex" and "bool". Default: all of them.

    Raises:
        ValueError: another kind.

    Example:
        >>> from hypothesis import given
        >>> from tinygrad_nn.testing.strategies import dtypes, tensors
        >>> @given(tensors(dtypes("floating", "integral")))
        ... def test(x):
        ...     assert x.abs().dtype is x.dtype
        >>> test()
    """
    st, _ = _hypothesis()
    for kind in kinds:
        if kind not in _KINDS:
            raise ValueError(f"dtypes(): unknown kind {kind!r}, expected some of {', '.join(_KINDS)}")
    found: SearchStrategy[known_types.dtype] = st.sampled_from(
        [getattr(known_types, name) for kind in kinds or _KINDS for name in _KINDS[kind]]
    )
    return found


def indices(shape: tuple[int, ...], *, advanced: bool = True, new_dims: bool = True) -> SearchStrategy[Any]:
    """What may stand in ``x[...]`` for a tensor of a shape: numbers, slices, ``...``, None, tensors, masks.

    Args:
        shape: of the tensor. Dimensions of length 0 are only sliced.
        advanced: draw tensors of integers and of booleans as well.
        new_dims: draw None as well.

    Example:
        >>> import tinygrad_nn as tg
        >>> from hypothesis import given
        >>> from tinygrad_nn.testing.strategies import indices
        >>> x = tg.arange(12.0).reshape(3, 4)
        >>> @given(indices((3, 4)))
        ... def test(index):
        ...     assert set(x[index].flatten().tolist()) <= set(x.flatten().tolist())
        >>> test()
    """
    st, arrays = _hypothesis()

    def of_dim(length: int) -> SearchStrategy[Any]:
        bound = st.none() | st.integers(-length - 1, length + 1)
        choices = [st.builds(slice, bound, bound, st.none() | st.integers(1, 3))]
        if length:
            choices.insert(0, st.integers(-length, length - 1))
        if length and advanced:
            numbers = arrays.arrays(np.int64, st.integers(0, 3), elements=st.integers(-length, length - 1))
            choices.append(numbers.map(wrap))
        if advanced:
            choices.append(arrays.arrays(np.bool_, length).map(wrap))
        found: SearchStrategy[Any] = st.one_of(*choices)
        return found

    def drawn(draw: Any) -> Any:
        count = draw(st.integers(0, len(shape)))
        end = draw(st.booleans())  # the dimensions may be counted from the end
        chosen = shape[len(shape) - count :] if end else shape[:count]
        index = [draw(of_dim(length)) for length in chosen]
        picked = [item for item in index if isinstance(item, Tensor)]
        if len(picked) > 1:  # several would have to broadcast with one another
            index = [slice(None) if item is not picked[0] and isinstance(item, Tensor) else item for item in index]
        index = [..., *index] if end else index
        if new_dims and draw(st.booleans()):
            index.insert(draw(st.integers(0, len(index))), None)
        return tuple(index) if len(index) != 1 or draw(st.booleans()) else index[0]

    found: SearchStrategy[Any] = st.composite(drawn)()
    if advanced and shape:
        found = st.one_of(found, arrays.arrays(np.bool_, shape).map(wrap))
    return found


_ACTIVATIONS = ("ReLU", "Tanh", "Sigmoid", "GELU", "SiLU", "LeakyReLU", "Softplus", "ELU")


def modules(
    in_features: int = 3, out_features: int = 2, *, max_depth: int = 3, max_width: int = 4, smooth: bool = False
) -> SearchStrategy[Module]:
    """Small networks: linear layers with activations between. They shrink towards one linear layer.

    Args:
        in_features, out_features: the lengths of the last dimension of input and output.
        max_depth: how many hidden layers there may be.
        max_width: how many features a hidden layer may have.
        smooth: draw only activations without a kink, for numerical derivatives.

    Example:
        >>> from hypothesis import given
        >>> from tinygrad_nn.testing.strategies import modules, tensors
        >>> @given(modules(3, 2), tensors(shape=(4, 3)))
        ... def test(net, x):
        ...     assert net(x).shape == (4, 2)
        >>> test()
    """
    st, _ = _hypothesis()
    names = [name for name in _ACTIVATIONS if not smooth or name not in ("ReLU", "LeakyReLU", "ELU")]

    def built(hidden: list[tuple[int, str]], bias: bool, seed: int) -> Module:
        from .. import nn

        state = default_generator.get_state()
        default_generator.manual_seed(seed)
        try:
            widths = [in_features, *(width for width, _ in hidden)]
            layers: list[Module] = []
            for width, (next_width, name) in zip(widths, hidden, strict=False):
                layers += [nn.Linear(width, next_width, bias=bias), getattr(nn, name)()]
            return nn.Sequential(*layers, nn.Linear(widths[-1], out_features, bias=bias))
        finally:
            default_generator.set_state(state)

    layer = st.tuples(st.integers(1, max_width), st.sampled_from(names))
    found: SearchStrategy[Module] = st.builds(
        built, st.lists(layer, max_size=max_depth), st.booleans(), st.integers(0, 2**32 - 1)
    )
    return found


def elements_of(
    dtype: np.dtype[Any], domain: tuple[float, float] | None = None, *, allow_special: bool = False
) -> SearchStrategy[Any]:
    """Elements of a type inside a domain: numbers of a size at which nothing overflows, or on request any at all.

    Args:
        dtype: the NumPy type.
        domain: the least and the greatest value; open where infinite.
        allow_special: draw infinities, nan, and numbers of any size.
    """
    st, arrays = _hypothesis()
    found: SearchStrategy[Any]
    if dtype.kind == "b":
        found = st.booleans()
        return found
    low, high = domain or (-np.inf, np.inf)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        smallest = int(max(low, info.min)) if isfinite(low) else max(int(info.min), -100)
        greatest = int(min(high, info.max)) if isfinite(high) else min(int(info.max), 100)
        found = st.integers(smallest, greatest)
        return found
    if allow_special:
        found = arrays.from_dtype(dtype)
        return found
    width = 8 * dtype.itemsize // (2 if dtype.kind == "c" else 1)
    least, most = (low if isfinite(low) else -10.0), (high if isfinite(high) else 10.0)
    with np.errstate(all="ignore"):
        kind = np.dtype(f"f{width // 8}").type
        bounds: dict[str, Any] = {"min_value": float(kind(least)), "max_value": float(kind(most))}
    if domain is not None and isfinite(low):
        bounds["exclude_min"] = True
    if domain is not None and isfinite(high):
        bounds["exclude_max"] = True
    real = st.floats(**bounds, width=width, allow_nan=False, allow_infinity=False, allow_subnormal=False)
    found = st.builds(complex, real, real) if dtype.kind == "c" else real
    return found


def tensors(
    dtype: Any = known_types.float32,
    shape: Any = None,
    *,
    elements: SearchStrategy[Any] | None = None,
    domain: tuple[float, float] | None = None,
    requires_grad: bool | SearchStrategy[bool] = False,
    unique: bool = False,
) -> SearchStrategy[Tensor]:
    """Tensors, which shrink towards few elements and small round numbers.

    Args:
        dtype: the type of the elements, or a strategy for it.
        shape: a shape, or a strategy for it. Default: `shapes`.
        elements: a strategy for the elements. Default: moderate numbers, see `elements_of`.
        domain: the open interval that elements are drawn from; an infinite end means 10.
        requires_grad: whether gradients are recorded, or a strategy for it.
        unique: no two elements are equal.

    Raises:
        ImportError: Hypothesis is not installed.

    Example:
        >>> import tinygrad_nn as tg
        >>> from hypothesis import given
        >>> from tinygrad_nn.testing.strategies import tensors
        >>> @given(tensors(tg.float64, shape=(2, 3), domain=(0, float("inf"))))
        ... def test(x):
        ...     assert x.shape == (2, 3) and bool((x.numpy() > 0).all())
        >>> test()
    """
    st, arrays = _hypothesis()
    types = dtype if hasattr(dtype, "flatmap") else st.just(dtype)
    sizes = shape if hasattr(shape, "flatmap") else shapes() if shape is None else st.just(tuple(shape))
    recorded = requires_grad if hasattr(requires_grad, "flatmap") else st.just(requires_grad)

    def drawn(chosen: Any) -> SearchStrategy[Any]:
        numpy_type = known_types.to_numpy(chosen)
        values = elements_of(numpy_type, domain) if elements is None else elements
        found: SearchStrategy[Any] = arrays.arrays(numpy_type, sizes, elements=values, unique=unique)
        return found

    found: SearchStrategy[Tensor] = st.builds(
        lambda array, wanted: wrap(array).requires_grad_(wanted), types.flatmap(drawn), recorded
    )
    return found
