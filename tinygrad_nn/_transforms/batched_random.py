"""Random numbers inside of `vmap`, others for each example: they are drawn for all examples at once.

The numbers are those that PyTorch's `vmap` draws: one call, with the dimension of the examples in front.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.lifted import LiftedError
from .._core.tensor import Tensor, check_dim
from ..ops.join import stack
from .batched import NO_RANDOM_NUMBERS, BatchLevel, unbatched_target
from .batched_functions import Given, function_rule

_SAME = (
    "Vmap does not currently support same randomness with a batched tensor input. Draw uniform numbers, which are the "
    "same for all examples, and compare or scale them by the tensor."
)


@function_rule("rand", "randn")
def _of_size(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    size = given.pop("size")
    size = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
    with level.drawing():
        return level.wrap(called(level.size, *size, **given))


@function_rule("randint")
def _randint(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    bounds = list(given.pop("bounds"))
    size = given.pop("size")
    size = bounds.pop() if size is None else size
    with level.drawing():
        return level.wrap(called(*bounds, size=(level.size, *size), **given))


@function_rule("randperm")
def _randperm(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    with level.drawing():
        return level.wrap(stack([called(**given) for _ in range(level.size)]))


@function_rule("rand_like", "randn_like", "randint_like")
def _like(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    bounds = given.pop("bounds", ())
    if not level.draws:  # the same for all: drawn for one
        given["input"] = level.value(given["input"])[0]
        return called(given.pop("input"), *bounds, **given)
    x = level.full(given.pop("input"))
    with level.drawing():
        return level.wrap(called(x.contiguous(), *bounds, **given))


@function_rule("normal", "bernoulli", "poisson", "multinomial")
def _of_parameters(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    tensors = [name for name, value in given.items() if isinstance(value, Tensor)]
    if not level.draws:
        raise RuntimeError(_SAME if level.randomness == "same" else NO_RANDOM_NUMBERS)
    with level.drawing():
        if not tensors:
            size = given.pop("size")
            return level.wrap(called(size=(level.size, *size), **given))
        ndim = max([given[name]._array.ndim for name in tensors])
        if called.__name__ == "multinomial" and ndim == 2:
            rows = level.full(given.pop("input"))
            drawn = called(rows.reshape(-1, rows._array.shape[-1]), **given)
            return level.wrap(drawn.reshape(*rows._array.shape[:-1], -1))
        full = {name: level.ranked(level.wrap(level.full(given[name])), ndim) for name in tensors}
        return level.wrap(called(**{**given, **full}))


@function_rule("dropout")
def _dropout(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    x = given["input"]
    inplace, given["inplace"] = given["inplace"], False
    with level.drawing():
        result = level.wrap(called(**{**given, "input": level.full(x)}))
    return level.store(x, result) if inplace else result


@function_rule("gumbel_softmax")
def _gumbel_softmax(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    logits, ndim = level.full(given["logits"]), given["logits"]._array.ndim
    dim = check_dim(given["dim"], ndim) + 1
    with level.drawing():
        if ndim:
            return level.wrap(called(**{**given, "logits": logits.contiguous(), "dim": dim}))
        return level.wrap(called(**{**given, "logits": logits.unsqueeze(1), "dim": dim}).squeeze(1))


@function_rule(
    "uniform_", "normal_", "random_", "bernoulli_", "exponential_", "geometric_", "cauchy_", "log_normal_"
)  # fmt: skip
def _fill(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    target = next(iter(given.values()))
    if not level.holds(target) and any(level.holds(value) for value in given.values()):
        raise unbatched_target()
    if level.draws and not level.holds(target):
        level.drawn = True
        raise LiftedError(  # a function that does so may be known as a whole
            "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same "
            "randomness. Make the tensor of one that is vmapped over: torch.empty_like(x)."
        )
    bounds = given.pop("bounds", ())
    given.pop(next(iter(given)))
    if "from_" in given:
        given["from"] = given.pop("from_")
    given = {name: level.full(value) for name, value in given.items()}
    with level.drawing():
        called(level.value(target), *bounds, **given)
    return target
