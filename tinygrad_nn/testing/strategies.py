"""Hypothesis strategies for tensors and shapes: failures shrink to the smallest example.

Values are drawn through `hypothesis.extra.numpy`, never from a random generator of ours, which Hypothesis could neither
repeat nor shrink. Hypothesis is imported when a strategy is made, so this module can always be imported.

Source: https://hypothesis.readthedocs.io/en/latest/numpy.html
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core import dtypes
from .._core.tensor import Tensor, wrap

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


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
    return st, arrays


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
    dtype: Any = dtypes.float32,
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
        numpy_type = dtypes.to_numpy(chosen)
        values = elements_of(numpy_type, domain) if elements is None else elements
        found: SearchStrategy[Any] = arrays.arrays(numpy_type, sizes, elements=values, unique=unique)
        return found

    found: SearchStrategy[Tensor] = st.builds(
        lambda array, wanted: wrap(array).requires_grad_(wanted), types.flatmap(drawn), recorded
    )
    return found
