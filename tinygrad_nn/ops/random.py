"""Random tensors, drawn from PyTorch's own CPU stream: the same seed gives the same numbers.

Source: https://docs.pytorch.org/docs/stable/torch.html#random-sampling
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.device import check_device
from .._core.errors import explained
from .._core.inplace import check_target, leaves_no_trace, store
from .._core.kernels import minimum_reduce
from .._core.modes import modes
from .._core.op import case, composite, op
from .._core.outputs import write_out
from .._core.random import Generator, default_generator
from .._core.random_kernels import in_memory_order
from .._core.tensor import Tensor, tensor_method, wrap
from .making import filled, finish, into, is_plain_shape, size_of, takes_size, type_like, type_of
from .shortcuts import usually

__all__ = [
    "bernoulli", "get_rng_state", "initial_seed", "manual_seed", "multinomial", "normal", "poisson", "rand",
    "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "seed", "set_rng_state",
]  # fmt: skip

def _source(generator: Generator | None) -> Generator:
    if generator is not None and not isinstance(generator, Generator):
        raise TypeError(
            f"argument 'generator' must be Generator, not {type(generator).__name__}. Make one with "
            "tinygrad_nn.Generator().manual_seed(0)"
        )
    return default_generator if generator is None else generator


def _check_result(kind: np.dtype[Any], requires_grad: bool, device: Any) -> None:
    """Refuse what the finished tensor could not be, before a number is drawn."""
    check_device(device)
    if requires_grad and kind.kind not in "fc":
        raise RuntimeError(
            f"Only Tensors of floating point and complex dtype can require gradients, got {dtypes.from_numpy(kind)}"
        )


@op(kind="general", method=False, torch_name="", node_name="NormalBackward0",
    cases=[case((2, 3), values=np.ones((2, 3)))],
    vjp=lambda g, inputs: tuple(np.zeros_like(x) for x in inputs))  # fmt: skip
def _drawn(*inputs, values):
    """Numbers drawn with these parameters, to which they have, as in PyTorch, a gradient of zero."""
    return values


# --- the state of the generator ----------------------------------------------------------------------------------


def manual_seed(seed: int) -> Generator:
    """Start PyTorch's stream of this seed in the default generator, which is returned.

    Raises:
        RuntimeError: the seed is no integer, or needs more than 64 bits.

    Example:
        >>> import tinygrad_nn as tg
        >>> generator = tg.manual_seed(0)
        >>> tg.rand(3)
        tensor([0.4963, 0.7682, 0.0885])
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Start the default generator with a seed from the operating system, which is returned."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed with which the default generator was started."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator, in PyTorch's own layout: 5,056 bytes."""
    return wrap(default_generator.state_bytes())


def set_rng_state(new_state: Tensor) -> None:
    """Go on from a state that `get_rng_state`, here or in PyTorch, has given."""
    default_generator.set_state_bytes(np.asarray(new_state))


@contextlib.contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """Restore the default generator's state at the end of the ``with`` block."""
    before = default_generator.state_bytes() if enabled else None
    try:
        yield
    finally:
        if before is not None:
            default_generator.set_state_bytes(before)


# --- new tensors -------------------------------------------------------------------------------------------------


@filled(default_generator.uniform)
@explained
@takes_size
def rand(*size: Any, generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = None,
         device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Uniform on [0, 1).

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(1)
        >>> tg.rand(2)
        tensor([0.7576, 0.2793])
    """
    _check_result(type_of(dtype), requires_grad, device)
    array = _source(generator).uniform(size_of("rand", size), type_of(dtype))
    return into(out, finish(array, requires_grad))


@filled(default_generator.normal)
@explained
@takes_size
def randn(*size: Any, generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = None,
          device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Normal with mean 0 and variance 1."""
    _check_result(type_of(dtype), requires_grad, device)
    array = _source(generator).normal(size_of("randn", size), type_of(dtype))
    return into(out, finish(array, requires_grad))


def _few_integers(bounds: tuple[Any, ...]) -> Tensor | None:
    """``randint(low, high, shape)`` and ``randint(high, shape)`` of plain numbers."""
    low, high, shape = bounds if len(bounds) == 3 else (0, *bounds) if len(bounds) == 2 else (0, 0, ())
    if type(low) is int and type(high) is int and low < high and isinstance(shape, tuple) and is_plain_shape(shape):
        return wrap(default_generator.random_integers(low, high, shape, dtypes.INT64))
    return None


@usually(_few_integers)
@explained
def randint(*bounds: Any, size: Any = None, low: int | None = None, high: int | None = None,
            generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = None,
            device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Integers from `low` (0) up to but without `high`: ``randint(high, size)``, ``randint(low, high, size)``.

    Raises:
        RuntimeError: `high` is not above `low`.

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.randint(10, (5,))
        tensor([4, 9, 3, 0, 3])
    """
    given = list(bounds)
    if size is None:
        if not given:
            raise TypeError("randint() missing required argument: 'size'")
        size = given.pop()
    if len(given) == 2:
        low, high = given
    elif len(given) == 1:
        low, high = (given[0], high) if high is not None else (low, given[0])
    low = 0 if low is None else low
    if high is None:
        raise TypeError("randint() missing required argument: 'high'")
    for name, bound in (("low", low), ("high", high)):
        if isinstance(bound, float):
            raise TypeError(f"randint(): argument '{name}' must be int, not float (got {bound!r})")
    if high <= low:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    wanted = np.dtype(np.int64) if dtype is None else dtypes.to_numpy(dtype)
    _check_result(wanted, requires_grad, device)
    array = _source(generator).random_integers(int(low), int(high), size_of("randint", (size,)), wanted)
    return into(out, finish(array, requires_grad))


@usually(lambda args: wrap(default_generator.permutation(*args)) if len(args) == 1 and type(args[0]) is int else None)
@explained
def randperm(n: int, *, generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = None,
             device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """The numbers from 0 to ``n - 1`` in random order.

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.randperm(4)
        tensor([0, 1, 3, 2])
    """
    if not isinstance(n, int | np.integer):
        raise TypeError(f"randperm(): argument 'n' (position 1) must be int, not {type(n).__name__}")
    wanted = np.dtype(np.int64) if dtype is None else dtypes.to_numpy(dtype)
    _check_result(wanted, requires_grad, device)
    array = _source(generator).permutation(int(n))
    return into(out, finish(array.astype(wanted, copy=False), requires_grad))


@explained
def rand_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
              memory_format: Any = None) -> Tensor:  # fmt: skip
    """Uniform on [0, 1), in the shape and type of another tensor."""
    kind = type_like(input, dtype)
    _check_result(kind, requires_grad, device)
    drawn = in_memory_order(input._array, lambda shape: default_generator.uniform(shape, kind))
    return finish(drawn, requires_grad)


@explained
def randn_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
               memory_format: Any = None) -> Tensor:  # fmt: skip
    """Normal with mean 0 and variance 1, in the shape and type of another tensor."""
    kind = type_like(input, dtype)
    _check_result(kind, requires_grad, device)
    flat = bool(input._array.flags.c_contiguous)
    if not flat:
        steps = np.abs(input._array.strides)
        flat = bool((steps[:-1] >= steps[1:]).all())  # so is then the result, which holds no gaps
    drawn = in_memory_order(input._array, lambda shape: default_generator.normal(shape, kind, contiguous=flat))
    return finish(drawn, requires_grad)


@explained
def randint_like(input: Tensor, *bounds: int, low: int = 0, high: int | None = None, dtype: Any = None,
                 device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Integers in the shape and type of another tensor."""
    if len(bounds) == 2:
        low, high = bounds
    elif bounds:
        high = bounds[0]
    _check_result(type_like(input, dtype), requires_grad, device)
    drawn = in_memory_order(input._array, lambda shape: randint(low, high, shape, device=device)._array)
    return finish(drawn.astype(type_like(input, dtype)), requires_grad)


@explained
def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, out: Any = None,
           dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Normal, where mean and standard deviation may be tensors: then there is one draw for each of their elements."""
    check_device(device)
    source = _source(generator)
    if size is not None:
        if isinstance(mean, Tensor) or isinstance(std, Tensor):
            raise TypeError(
                "normal() received an invalid combination of arguments: size= goes with numbers. Give two numbers and "
                "a size, or tensors alone."
            )
        array = source.normal(size_of("normal", (size,)), type_of(dtype), float(mean), float(std))
        return into(out, finish(array, requires_grad))
    tensors = [value for value in (mean, std) if isinstance(value, Tensor)]
    for name, value in (("mean", mean), ("std", std)):
        if not isinstance(value, Tensor | int | float | np.number):
            raise TypeError(f"normal(): argument '{name}' must be Tensor or Number, not {type(value).__name__}")
    wanted = tensors[0]._array.dtype if tensors else dtypes.default_numpy()  # the mean's, where it is a tensor
    wanted = wanted if wanted.kind in "fc" else dtypes.default_numpy()
    means, stds = (np.asarray(v._array if isinstance(v, Tensor) else v, wanted) for v in (mean, std))
    if stds.size and minimum_reduce(stds.real, None) < 0:
        raise RuntimeError(f"normal expects all elements of std >= 0.0, got {stds.min()}")
    shape = means.shape if means.shape == stds.shape else np.broadcast_shapes(means.shape, stds.shape)
    array = source.normal(shape, wanted)
    if not tensors:
        return into(out, finish(np.asarray(array * stds + means), requires_grad))
    values = np.asarray(array * stds + means)
    made: Tensor = _drawn(*tensors, values=values) if any(x.requires_grad for x in tensors) else wrap(values)
    return made if out is None else write_out(out, made)


@composite(out=True)
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """Ones with the probability that each element (or `p`) says, else zeros, in the input's type."""
    source = _source(generator)
    drawn = source.bernoulli_array(input._array) if p is None else source.bernoulli_scalar(p, input._array.shape)
    values = drawn.astype(input._array.dtype)
    made: Tensor = _drawn(input, values=values) if input.requires_grad else wrap(values)
    return made


@composite()
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None, out: Any = None
) -> Tensor:
    """Indices drawn with probabilities proportional to the weights in each row.

    Raises:
        RuntimeError: negative, infinite or all-zero weights, or more samples than weights without replacement.
    """
    if isinstance(out, Tensor) and out._array.dtype != np.int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {dtypes.type_name(out._array.dtype)}")
    drawn = wrap(_source(generator).multinomial(input._array, num_samples, replacement))
    return drawn if out is None else write_out(out, drawn)


@explained
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Poisson numbers of the rate that each element says."""
    made: Tensor = _drawn(input, values=_source(generator).poisson(input._array))
    return made


# --- filling in place --------------------------------------------------------------------------------------------


def _fill(self: Tensor, draw: Callable[[tuple[int, ...]], Any]) -> Tensor:
    drawn = in_memory_order(self._array, draw)
    if type(self._array) is np.ndarray and leaves_no_trace(self):
        if drawn.dtype is self._array.dtype:
            self._array[...] = drawn
        else:
            modes.here.quiet(np.copyto, self._array, drawn, "unsafe")
        self._cell[0] += 1
        return self
    return store(self, wrap(drawn.astype(self._array.dtype, copy=False)))


@tensor_method
@explained
def uniform_(
    self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None, **named: float
) -> Tensor:
    """Fill with draws that are uniform on [from, to)."""
    check_target(self)
    low = named.pop("from", from_)
    if named:
        wrong = next(iter(named))
        raise TypeError(f"uniform_() got an unexpected keyword argument '{wrong}'. Its options are: from, to.")
    return _fill(self, lambda shape: _source(generator).uniform(shape, self._array.dtype, low, to))


@tensor_method
@explained
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with normal draws of this mean and standard deviation."""
    check_target(self)
    contiguous, dtype = self._array.flags.c_contiguous, self._array.dtype
    return _fill(self, lambda shape: _source(generator).normal(shape, dtype, mean, std, contiguous=contiguous))


@tensor_method
@explained
def random_(self: Tensor, *bounds: Any, generator: Generator | None = None) -> Tensor:
    """Fill with integers: ``random_()`` of all that the type holds, ``random_(to)``, or ``random_(from, to)``."""
    check_target(self)
    dtype = self._array.dtype
    if not bounds:
        return _fill(self, lambda shape: _source(generator).random(shape, dtype))
    low, high = (0, bounds[0]) if len(bounds) == 1 else bounds
    if high is not None and high <= low:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    return _fill(self, lambda shape: _source(generator).random_integers(low, high, shape, dtype))


@tensor_method
@explained
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with ones of probability `p` (a number, or a tensor with one for each element) and zeros."""
    check_target(self)
    source = _source(generator)
    if isinstance(p, Tensor):
        order = sorted(range(self._array.ndim), key=lambda d: -self._array.strides[d])
        probabilities = np.broadcast_to(p._array, self._array.shape).transpose(order)
        return _fill(self, lambda shape: source.bernoulli_array(probabilities).reshape(shape))
    return _fill(self, lambda shape: source.bernoulli_scalar(p, shape))


@tensor_method
@explained
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponential draws of this rate."""
    check_target(self)
    return _fill(self, lambda shape: _source(generator).exponential(shape, self._array.dtype, lambd))


@tensor_method
@explained
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with numbers of trials up to the first success."""
    check_target(self)
    return _fill(self, lambda shape: _source(generator).geometric(shape, self._array.dtype, p))


@tensor_method
@explained
def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with draws from the Cauchy distribution."""
    check_target(self)
    return _fill(self, lambda shape: _source(generator).cauchy(shape, self._array.dtype, median, sigma))


@tensor_method
@explained
def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with draws whose logarithm is normal."""
    check_target(self)
    return _fill(self, lambda shape: _source(generator).log_normal(shape, self._array.dtype, mean, std))
