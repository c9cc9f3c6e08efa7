"""Samplers: in which order the samples of a dataset come. Under the same seed, the orders are PyTorch's.

Source: https://docs.pytorch.org/docs/stable/data.html#data-loading-order-and-sampler
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.random import Generator, default_generator
from tinygrad_nn._core.random_states import get_state
from tinygrad_nn._core.tensor import Tensor
from tinygrad_nn.ops.data import as_tensor

from .order import Batches, Block, Forever, Order
from .sources import set_sources, sources_of

T_co = TypeVar("T_co", covariant=True)


def size_of(source: Any) -> int:
    """The number of elements. Datasets and samplers may lack one: then Python's own TypeError says so."""
    return len(source)


def random_source(generator: Generator | None) -> Generator:
    """The generator to draw from: the given one, or the default."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        kind = type(generator)
        raise TypeError(
            f"argument 'generator' must be Generator, not {kind.__module__}.{kind.__qualname__}. "
            "Make one with tinygrad_nn.Generator().manual_seed(0)"
        )
    return generator


def draw_seed(generator: Generator | None) -> int:
    """A seed of 63 bits, drawn as PyTorch draws one."""
    return int(random_source(generator).random(1)[0])


class Sampler(Generic[T_co]):
    """The base of all samplers: subclass it, and write ``__iter__``, and ``__len__`` if it is known.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Sampler

    Example:
        >>> from tinygrad_nn.utils.data import DataLoader, Sampler
        >>> class Backwards(Sampler):
        ...     def __init__(self, data):
        ...         self.data = data
        ...     def __iter__(self):
        ...         return iter(range(len(self.data) - 1, -1, -1))
        ...     def __len__(self):
        ...         return len(self.data)
        >>> list(DataLoader("abc", sampler=Backwards("abc"), batch_size=2))
        [['c', 'b'], ['a']]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(
            f"Subclasses of Sampler should implement __iter__. {type(self).__name__} does not: "
            "add `def __iter__(self)`, which yields one index after the other"
        )


class Resumable(Sampler[T_co]):
    """A sampler whose iteration can be taken up again, by itself or as a part of a `DataLoader`."""

    _loaded: dict[str, Any] | None = None
    _latest: Any = None  # the last iteration that was begun, as a weak reference

    def _begin(self) -> Order | Batches:
        raise NotImplementedError

    def __iter__(self) -> Iterator[T_co]:
        order: Any = self._begin()
        if self._loaded is not None:
            order.load_state_dict(self._loaded)
            self._loaded = None
        self._latest = weakref.ref(order)
        return order  # type: ignore[no-any-return]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_latest"}

    def state_dict(self) -> dict[str, Any]:
        """Where the iteration that was begun last stands; the next one goes on there after `load_state_dict`.

        A `DataLoader` has its sampler's state in its own.
        """
        order = self._latest() if self._latest is not None else None
        return {
            "order": copy.deepcopy(self._loaded) if order is None else order.state_dict(),
            "sources": {place: get_state(source) for place, source in sources_of(self).items()},
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Let the next iteration go on from a state that `state_dict` gave, and generators that were given, too."""
        set_sources(self, state_dict["sources"])
        self._loaded = state_dict["order"]


class SequentialSampler(Resumable[int]):
    """The indices 0, 1, 2, ... in order.

    Args:
        data_source: what is sampled; only its length counts.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.SequentialSampler

    Example:
        >>> from tinygrad_nn.utils.data import SequentialSampler
        >>> list(SequentialSampler("abc"))
        [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def _begin(self) -> Order:
        return Order(lambda generator, number: None if number else range(length_of(self.data_source)))

    def __len__(self) -> int:
        return length_of(self.data_source)


class RandomSampler(Resumable[int]):
    """The indices in random order, another one in each epoch.

    Args:
        data_source: what is sampled; only its length counts.
        replacement: draw each index on its own, so that some come twice and others never.
        num_samples: how many indices one epoch has; the length of the data if None.
        generator: where the random numbers come from. If None, each epoch draws a seed from the default
            generator.

    Raises:
        TypeError: ``replacement`` is no boolean.
        ValueError: ``num_samples`` is no positive integer, or the data is empty.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.RandomSampler

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> list(tg.utils.data.RandomSampler(range(6)))
        [0, 1, 2, 3, 5, 4]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement!r}. "
                "RandomSampler(data_source, replacement, num_samples): was num_samples meant?"
            )
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            empty = (
                " (the dataset is empty: leave shuffle out, or check how it was loaded)" if num_samples is None else ""
            )
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={self.num_samples}{empty}"
            )

    @property
    def num_samples(self) -> int:
        """How many indices one epoch has."""
        # asked each time, as a dataset may grow
        return length_of(self.data_source) if self._num_samples is None else self._num_samples

    def _begin(self) -> Order:
        if self.generator is None:
            return Order(self._draw, _new_generator, short=self.replacement)
        return Order(self._draw, random_source(self.generator), short=self.replacement)

    def _draw(self, generator: Generator, number: int) -> Block | None:
        size = length_of(self.data_source)
        if self.replacement:
            # by 32, as PyTorch does, so that a shared generator is at the same place whenever the loop is left
            count = min(32, self.num_samples - 32 * number)
            return generator.random_integers(0, size, count) if count > 0 else None
        whole, rest = divmod(self.num_samples, size)
        if number > whole:
            return None
        order = generator.permutation(size)
        # the last one is drawn even where no index of it is used: PyTorch's generator moves on by it
        return order if number < whole else order[:rest]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Resumable[int]):
    """Some indices, each once, in random order.

    Args:
        indices: which indices.
        generator: where the random numbers come from; the default generator if None.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.SubsetRandomSampler

    Example:
        >>> from tinygrad_nn.utils.data import SubsetRandomSampler
        >>> sorted(SubsetRandomSampler([3, 5, 8]))
        [3, 5, 8]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def _begin(self) -> Order:
        return Order(self._draw, random_source(self.generator))

    def _draw(self, generator: Generator, number: int) -> list[int] | None:
        if number:
            return None
        return [self.indices[position] for position in generator.permutation(len(self.indices)).tolist()]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Resumable[int]):
    """Indices drawn with given probabilities.

    Args:
        weights: one weight for each index, 1-d, of any sum.
        num_samples: how many indices one epoch has.
        replacement: whether an index may come twice.
        generator: where the random numbers come from; the default generator if None.

    Raises:
        ValueError: ``num_samples`` is no positive integer, ``replacement`` no boolean, or ``weights`` not
            1-d.
        RuntimeError: while iterating: a weight is negative or not finite, or too few are positive.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.WeightedRandomSampler

    Example:
        >>> from tinygrad_nn.utils.data import WeightedRandomSampler
        >>> list(WeightedRandomSampler([0.0, 1.0], 3))
        [1, 1, 1]
    """

    weights: Tensor

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        _check_positive("num_samples", num_samples)
        _check_bool("replacement", replacement)
        self.weights = as_tensor(weights, dtype=dtypes.float64)
        if self.weights.dim() != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def _begin(self) -> Order:
        return Order(self._draw, random_source(self.generator))

    def _draw(self, generator: Generator, number: int) -> Block | None:
        if number:
            return None
        return generator.multinomial(self.weights.numpy(), self.num_samples, self.replacement)

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Resumable[list[int]]):
    """The indices of another sampler, in lists of ``batch_size``.

    Args:
        sampler: a sampler, or any iterable of indices.
        batch_size: the length of a batch.
        drop_last: leave out the last batch where it is shorter.

    Raises:
        ValueError: ``batch_size`` is no positive integer, or ``drop_last`` no boolean.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.BatchSampler

    Example:
        >>> from tinygrad_nn.utils.data import BatchSampler
        >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _check_positive("batch_size", batch_size)
        _check_bool("drop_last", drop_last)
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def _begin(self) -> Batches:
        return Batches(self.sampler, self.batch_size, self.drop_last)

    def __len__(self) -> int:
        length = size_of(self.sampler)
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


class Endless(Sampler[None]):
    """The sampler of streams: it only counts, and the stream says when to stop."""

    def __iter__(self) -> Iterator[None]:
        return Forever()


def _new_generator() -> Generator:
    """A generator of its own for one epoch, seeded from the default one."""
    return Generator().manual_seed(draw_seed(None))


def length_of(data: Sized) -> int:
    """The length of a dataset, or an error that says what it lacks."""
    try:
        return len(data)
    except TypeError:
        if hasattr(data, "__len__"):
            raise
        kind = type(data).__name__
        raise TypeError(
            f"object of type '{kind}' has no len(), which a sampler needs. Add `def __len__(self)` to "
            f"{kind}, or make it an IterableDataset if it is a stream"
        ) from None


def _check_positive(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value!r}")


def _check_bool(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{name} should be a boolean value, but got {name}={value!r}")
