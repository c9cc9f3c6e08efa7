"""Reverse differentiation of lifted tensors, by the one tape that there is: that of the tensors that they stand for.

Batched tensors and tensors with tangents stand for ordinary ones, on which autograd records as ever. So the gradient
of a batch is the gradient of its values: the backward pass runs on plain arrays with one dimension more, and needs no
batching rules. What is asked for is a gradient for each example; it is that of the sum, as no example has a share in
another one's output.

Of a tensor with a tangent, the gradient of the primal with the cotangent ``c`` is ``J^T c``; its tangent is the
derivative of that in the tangent's direction, which is the gradient of ``c . tangent(output)``, because second
derivatives do not depend on their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core.backward import run
from .._core.graph import AccumulateGrad, Node
from .._core.leaves import own
from .._core.lifted import lifted_of
from .._core.modes import modes
from .._core.tensor import Tensor, current_edge, wrap
from .._core.zeros import zeros_of
from .batched import BatchLevel, batched
from .tangents import TangentLevel, dual

Levels = Sequence[Any]

# --- inputs ------------------------------------------------------------------------------------------------------


def fresh(tensor: Tensor, levels: Levels, tracked: bool) -> tuple[Tensor, Tensor]:
    """An input to differentiate with respect to: the same tensor, at the end of a path of its own on the tape.

    It is made to know all examples of every `vmap` that runs, as each of them gets its own gradient.

    Args:
        tensor: what the function was given.
        levels: the transforms that run, the oldest first.
        tracked: whether a derivative of the gradient may be wanted, so that the tape has to lead on to the tensor.

    Returns:
        The input, and the tensor on the tape.
    """
    if not levels:
        end: Tensor = tensor.view_as(tensor) if tracked and tensor.requires_grad else tensor.detach().requires_grad_()
        return end, end
    level, below = levels[-1], levels[:-1]
    if isinstance(level, BatchLevel):
        value, end = fresh(level.full(tensor), below, tracked)
        return batched(value, level), end
    primal, tangent = level.parts(tensor)
    value, end = fresh(primal, below, tracked)
    return (value if tangent is None else dual(value, tangent, level)), end


def leads_elsewhere(outputs: Sequence[Tensor], ends: Sequence[Tensor], levels: Levels) -> bool:
    """Whether the outputs depend on a tensor that requires grad beside these ends, so that the pass must be recorded.

    Args:
        outputs: as the function gave them.
        ends, levels: see `fresh`.
    """
    stop = {end._edge[0] for end in ends if end._edge is not None}
    if any(not isinstance(node, AccumulateGrad) for node in stop):
        return True
    stack = [edge[0] for part in _flat(outputs, levels) if (edge := current_edge(part)) is not None]
    seen: set[Node] = set(stack)
    while stack:
        node = stack.pop()
        if node in stop:
            continue
        if isinstance(node, AccumulateGrad):
            return True
        for edge in node.edges:
            if edge is not None and edge[0] not in seen:
                seen.add(edge[0])
                stack.append(edge[0])
    return False


def _flat(tensors: Sequence[Tensor], levels: Levels) -> list[Tensor]:
    """The ordinary tensors behind lifted ones."""
    found = []
    for tensor in tensors:
        lifted = lifted_of(tensor)
        if lifted is not None:
            behind = [lifted.value] if lifted.tangent is None else [lifted.value, lifted.tangent]
            found += _flat(behind, levels)
        else:
            found.append(tensor)
    return found


def detached(tensor: Tensor) -> Tensor:
    """The tensor outside the graph, lifted as it was: unlike `Tensor.detach`, its tangents stay."""
    lifted = lifted_of(tensor)
    if lifted is None:
        return tensor.detach()
    if lifted.tangent is None:
        return batched(detached(lifted.value), lifted.level)
    return dual(detached(lifted.value), detached(lifted.tangent), lifted.level)


def requires_grad(tensors: Sequence[Tensor]) -> bool:
    """Whether any of these, or a tangent of one, is recorded."""
    return any(part.requires_grad for part in _flat(tensors, ()))


# --- the pass ----------------------------------------------------------------------------------------------------


def gradients(
    outputs: Sequence[Tensor], cotangents: Sequence[Tensor], ends: Sequence[Tensor], levels: Levels,
    *, create_graph: bool, retain_graph: bool = True, shared: frozenset[Any] = frozenset(),
) -> list[Tensor | None]:  # fmt: skip
    """The gradients at the ends of the tape, lifted as outputs and cotangents are.

    Args:
        outputs, cotangents: where the pass starts, and with what. Cotangents may be lifted by younger transforms.
        ends, levels: the tensors on the tape that `fresh` has given, and the transforms that ran then.
        create_graph: record the pass.
        retain_graph: keep what the tape has saved.
        shared: those calls of `vmap` of which the ends are the same for all examples.

    Returns:
        A tensor for each end; None where no output depends on it.
    """
    if not levels:
        return _on_the_tape(outputs, cotangents, ends, create_graph, retain_graph)
    level, below = levels[-1], levels[:-1]
    if not isinstance(level, BatchLevel):
        return _with_tangents(level, outputs, cotangents, ends, below, create_graph, retain_graph, shared)
    if level in shared and not any(level.holds(output) for output in outputs):
        return gradients(
            outputs, cotangents, ends, below, create_graph=create_graph, retain_graph=retain_graph, shared=shared
        )
    values = [level.full(output) for output in outputs]
    weights = [_unbatched(level, cotangent) for cotangent in cotangents]
    if level in shared:
        weights = [_one_example_each(level, weight) for weight in weights]
    found = gradients(
        values, weights, ends, below, create_graph=create_graph, retain_graph=retain_graph, shared=shared
    )  # fmt: skip
    if level in shared:
        return found
    return [None if g is None else _rebatched(level, g) for g in found]


def _one_example_each(level: BatchLevel, values: Tensor) -> Tensor:
    """For each example the values, but zeros in the place of all other examples: a batched tensor of them.

    What the ends get of these is of single examples, though the ends are the same for all: at the price of as many
    passes, in one.
    """
    mask = wrap(np.eye(level.size, dtype=np.bool_).reshape(level.size, level.size, *(1,) * (values._array.ndim - 1)))
    return batched(values * mask, level)


def _with_tangents(
    level: TangentLevel, outputs: Sequence[Tensor], cotangents: Sequence[Tensor], ends: Sequence[Tensor],
    below: Levels, create_graph: bool, retain_graph: bool, shared: frozenset[Any],
) -> list[Tensor | None]:  # fmt: skip
    primals, weights, along, slopes = [], [], [], []
    for output, cotangent in zip(outputs, cotangents, strict=True):
        primal, tangent = level.parts(output)
        weight, slope = split_tangent(level, cotangent)
        primals.append(primal)
        weights.append(weight)
        for root, start in ((tangent, weight), (primal, slope)):
            if root is not None and start is not None:
                along.append(root)
                slopes.append(start)
    keep = retain_graph or bool(along)
    found = gradients(primals, weights, ends, below, create_graph=create_graph, retain_graph=keep, shared=shared)
    turned: list[Tensor | None] = [None] * len(ends)
    if along:
        turned = gradients(
            along, slopes, ends, below, create_graph=create_graph, retain_graph=retain_graph, shared=shared
        )
    return [_joined(level, g, t) for g, t in zip(found, turned, strict=True)]


def _on_the_tape(
    outputs: Sequence[Tensor], cotangents: Sequence[Tensor], ends: Sequence[Tensor], create_graph: bool,
    retain_graph: bool,
) -> list[Tensor | None]:  # fmt: skip
    """The backward pass itself."""
    lifted = any(lifted_of(cotangent) is not None for cotangent in cotangents)
    roots = []
    for output, cotangent in zip(outputs, cotangents, strict=True):
        edge = current_edge(output)
        if edge is not None:
            if cotangent._array.dtype != output._array.dtype:
                cotangent = cotangent.to(output._array.dtype)
            roots.append((edge, cotangent if create_graph or lifted else cotangent._array))
    edges: Any = [current_edge(end) for end in ends]
    found = run(roots, retain_graph=retain_graph, create_graph=create_graph, targets=edges, on_tensors=lifted)
    results: list[Tensor | None] = []
    for position in range(len(edges)):
        gradient, found[position] = found[position], None
        results.append(gradient if gradient is None or isinstance(gradient, Tensor) else wrap(own(gradient)))
    return results


# --- cotangents, which younger transforms may have lifted --------------------------------------------------------


def _younger(tensor: Tensor, level: Any) -> Any:
    """The transform that has lifted the tensor, if it is younger than this one."""
    lifted = lifted_of(tensor)
    top = None if lifted is None else lifted.level
    return top if top is not None and top.number > level.number else None


def _unbatched(level: BatchLevel, tensor: Tensor) -> Tensor:
    """The values for this level's examples, still lifted by younger transforms."""
    top = _younger(tensor, level)
    if top is None:
        full: Tensor = level.full(tensor)
        return full
    lifted: Any = tensor._array
    if isinstance(top, BatchLevel):  # of (top's examples, ...): this level's examples come in front of them, and behind
        return batched(_unbatched(level, lifted.value).movedim(1, 0), top)
    return dual(_unbatched(level, lifted.value), _unbatched(level, lifted.tangent), top)


def _rebatched(level: BatchLevel, tensor: Tensor) -> Tensor:
    """The contrary of `_unbatched`."""
    top = _younger(tensor, level)
    if top is None:
        return batched(tensor, level)
    lifted: Any = tensor._array
    if isinstance(top, BatchLevel):
        return batched(_rebatched(level, lifted.value.movedim(1, 0)), top)
    return dual(_rebatched(level, lifted.value), _rebatched(level, lifted.tangent), top)


def split_tangent(level: TangentLevel, tensor: Tensor) -> tuple[Tensor, Tensor | None]:
    """A tensor without this level's tangent, and the tangent, both still lifted by younger transforms."""
    top = _younger(tensor, level)
    if top is None:
        return level.parts(tensor)
    lifted: Any = tensor._array
    primal, tangent = split_tangent(level, lifted.value)
    if isinstance(top, BatchLevel):
        return batched(primal, top), None if tangent is None else batched(tangent, top)
    slope, slopes_tangent = split_tangent(level, lifted.tangent)
    if tangent is None and slopes_tangent is None:
        return dual(primal, slope, top), None
    tangent = zeros_of(slope) if tangent is None else tangent
    return dual(primal, slope, top), dual(tangent, zeros_of(slope) if slopes_tangent is None else slopes_tangent, top)


def _joined(level: TangentLevel, primal: Tensor | None, tangent: Tensor | None) -> Tensor | None:
    """A gradient with its tangent, which is put below the lifts of younger transforms."""
    if tangent is None:
        return primal
    if primal is None:
        primal = zeros_of(tangent)
    top = _younger(primal, level) or _younger(tangent, level)
    if top is None:
        return dual(primal, tangent, level)
    if isinstance(top, BatchLevel):
        inner = _joined(level, top.full(primal), top.full(tangent))
        return None if inner is None else batched(inner, top)
    (p, dp), (t, dt) = top.parts(primal), top.parts(tangent)
    slopes = zeros_of(p) if dp is None else dp, zeros_of(t) if dt is None else dt
    low, high = _joined(level, p, t), _joined(level, *slopes)
    return None if low is None or high is None else dual(low, high, top)


# --- the derivative in a direction, by differentiating twice -----------------------------------------------------


def push_forward(
    function: Callable[..., Any], inputs: Sequence[Tensor], tangents: Sequence[Tensor | None], levels: Levels
) -> tuple[Any, list[Tensor], list[Tensor | None]]:
    """Outputs of a function, and their tangents, by the gradient of its gradient.

    The gradient ``J^T c`` is linear in the cotangent ``c``, and what the gradient of a linear function does to a
    vector is the transpose: ``J t``.

    Args:
        function: of as many tensors as there are inputs; gives tensors, alone or in tuples and lists.
        inputs, tangents: of them; None where there is no tangent.
        levels: the transforms that run, and may have lifted these.

    Returns:
        What the function gave, the tensors of floating point numbers in it, and their tangents.

    Source: https://j-towns.github.io/2017/06/12/A-new-trick.html
    """
    tracked = modes.here.grad
    pairs = [fresh(x, levels, tracked) if t is not None else (x, None) for x, t in zip(inputs, tangents, strict=True)]
    ends = [end for _, end in pairs if end is not None]
    given = [t for t in tangents if t is not None]
    modes.here.grad = True
    try:
        result = function(*[x for x, _ in pairs])
        outputs = _floats(result)
        zeros = [fresh(zeros_of(output), levels, False) for output in outputs]
        weights, starts = [z for z, _ in zeros], [end for _, end in zeros]
        pulled = gradients(outputs, weights, ends, levels, create_graph=True)
        reached = [(g, t) for g, t in zip(pulled, given, strict=True) if g is not None]
        recorded = tracked and (leads_elsewhere(outputs, ends, levels) or requires_grad(given))
        pushed = gradients(
            [g for g, _ in reached], [t for _, t in reached], starts, levels, create_graph=recorded
        )  # fmt: skip
    finally:
        modes.here.grad = tracked
    return result, outputs, pushed


def _floats(result: Any) -> list[Tensor]:
    """The tensors of floating point numbers in a result."""
    if isinstance(result, Tensor):
        return [result] if result._array.dtype.kind in "fc" else []
    if isinstance(result, tuple | list):
        return [tensor for each in result for tensor in _floats(each)]
    return []
