"""The backward pass: nodes in falling sequence, each handing its gradients on to older ones.

There is no recursion, so a chain may be as long as memory allows. Gradients are arrays (first order: nothing is wrapped
and nothing recorded) or, with ``create_graph``, tensors, on which the very same rules record themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from . import dtypes
from .dtypes import FLOAT32, FLOAT64
from .graph import POST_HOOKS, AccumulateGrad, Edge, Node
from .kernels import column_sums
from .modes import modes
from .plan import INPUT, OPTION, OUT
from .tensor import Tensor, wrap

_ndarray = np.ndarray

_SECOND_TIME = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward. (node: {})"
)


def run(
    roots: Sequence[tuple[Edge, Any]],
    *,
    retain_graph: bool,
    create_graph: bool,
    targets: Sequence[Edge] | None = None,
    on_tensors: bool = False,
) -> list[Any]:
    """Send gradients from the roots through the graph.

    Args:
        roots: edges and the gradients (arrays, or tensors with `create_graph` or `on_tensors`) that start there.
        retain_graph: keep what the nodes have saved.
        create_graph: record the pass itself.
        targets: return the gradients that arrive at these edges, and accumulate none. None: accumulate in the leaves.
        on_tensors: run the rules on tensors though nothing is recorded, for gradients that `vmap` has lifted.
    """
    on_tensors = on_tensors or create_graph
    captured: dict[Edge, Any] = {}
    needed = None if targets is None else _needed([edge[0] for edge, _ in roots], targets)
    wanted = set() if targets is None else set(targets)
    waiting = _Waiting(on_tensors)
    for edge, gradient in roots:
        waiting.send(edge, gradient)
    before = modes.grad, modes.backward_pass
    modes.grad, modes.backward_pass = create_graph, (roots, needed, wanted)
    step: Callable[..., None] = _recorded if on_tensors else _raw
    if modes.around_step is not None:
        step = modes.around_step(step)
    heap, pending, send = waiting.heap, waiting.pending, waiting.send

    def visit(node: Node) -> None:
        gradient = pending.pop(node)
        if node.hooks is not None and will_run(node):
            gradient = _run_hooks(node, gradient, on_tensors)
        if wanted:
            _capture(node, gradient, wanted, captured)
        if needed is None or node in needed:
            saved = checked(node)
            if node.hooks is not None and node in POST_HOOKS:
                _step_with_hooks(step, node, saved, gradient, retain_graph, send)
            else:
                step(node, saved, gradient, retain_graph, send)

    try:
        with np.errstate(all="ignore"):
            if step is _raw and targets is None:
                _visit_all(waiting, retain_graph, visit)
            else:
                while heap:
                    visit(heappop(heap)[1])
            for leaf in waiting.leaves:
                gradient = pending.pop(leaf)
                if targets is not None and (leaf, 0) not in wanted:
                    continue
                if leaf.hooks is not None:
                    gradient = _run_hooks(leaf, gradient, on_tensors)
                if targets is None:
                    _accumulate(leaf, gradient, leaf in waiting.owned)
                else:
                    captured[leaf, 0] = gradient
                if leaf.hooks is not None:
                    for hook in list(POST_HOOKS.get(leaf, ())):
                        hook((), (gradient if isinstance(gradient, Tensor) else wrap(gradient),))
                gradient = None
    finally:
        modes.grad, modes.backward_pass = before
    return [captured.get(target) for target in targets or ()]


def _visit_all(waiting: _Waiting, retain_graph: bool, visit: Callable[[Node], None]) -> None:
    """Go through a pass of the usual kind: on arrays, to all leaves, with nobody watching.

    This is `visit` with `_raw` and `send` written out, which the pass through a graph of small operations takes a
    third less time for; what is rare goes to them.
    """
    heap, pending, send = waiting.heap, waiting.pending, waiting.send
    while heap:
        node = heappop(heap)[1]
        gradient = pending[node]
        if node.hooks is not None or node.metas is not None or (
            (dtype := gradient.dtype) is not FLOAT32 and dtype is not FLOAT64
        ):  # fmt: skip
            gradient = None  # let go of it: whoever holds an array alone may take it over
            visit(node)
            continue
        del pending[node]
        saved = node.saved
        if saved is None:
            raise RuntimeError(_SECOND_TIME.format(node.name()))
        for cell, version, _ in node.versions:
            if cell[0] != version:
                saved = checked(node)
        plan, edges, shapes = node.plan, node.edges, node.shapes
        for position, rule in plan.steps:
            part = rule(gradient, saved)
            if position < 0:
                _send_all(edges, part, send)
            else:
                if type(part) is not _ndarray:
                    part = np.asarray(part)
                if shapes is not None and part.shape != shapes[position]:
                    part = unbroadcast(part, shapes[position])
                edge = edges[position]
                target = edge[0]  # type: ignore[index]  # it has a rule as it has an edge
                if target in pending or target.metas is not None:
                    send(edge, part)  # type: ignore[arg-type]
                else:
                    pending[target] = part
                    if target.edges:
                        heappush(heap, (-target.sequence, target))
                    else:
                        waiting.leaves.append(target)  # type: ignore[arg-type]  # only leaves' nodes have no edges
            part = None
        if plan.frees and not retain_graph:
            node.saved = None
        gradient = saved = None


def checked(node: Node) -> tuple[Any, ...]:
    """What a node has saved, after a look whether it has been freed or written to.

    Raises:
        RuntimeError: it has.
    """
    saved = node.saved
    if saved is None:
        raise RuntimeError(_SECOND_TIME.format(node.name()))
    for cell, version, position in node.versions:
        if cell[0] != version:
            saved = _computed_again(node, saved, position, cell[0], version)
    return saved


def will_run(node: Node) -> bool:
    """Whether the running pass needs a node: it leads to what was asked for, or is asked for itself."""
    _, needed, wanted = modes.backward_pass
    outputs = range(1 if node.metas is None else len(node.metas))
    return needed is None or node in needed or any((node, number) in wanted for number in outputs)


class _Waiting:
    """Gradients on their way: the nodes that have got some, and what they have got."""

    __slots__ = ("heap", "leaves", "on_tensors", "owned", "pending")

    def __init__(self, on_tensors: bool) -> None:
        self.on_tensors = on_tensors
        self.pending: dict[Node, Any] = {}
        self.owned: set[Node] = set()  # whose pending gradient is an array that nobody else holds
        self.heap: list[tuple[int, Node]] = []
        self.leaves: list[AccumulateGrad] = []  # they hand nothing on, so they can wait until the end

    def send(self, edge: Edge, gradient: Any) -> None:
        """Add a gradient to what waits at the end of an edge."""
        node, number = edge
        pending = self.pending
        held = pending.get(node)
        if node.metas is not None:  # several outputs: a list of gradients
            if held is None:
                held = pending[node] = [None] * len(node.metas)
                heappush(self.heap, (-node.sequence, node))
            held[number] = gradient if held[number] is None else held[number] + gradient
        elif held is None:
            pending[node] = gradient
            if node.edges:
                heappush(self.heap, (-node.sequence, node))
            else:
                self.leaves.append(node)  # type: ignore[arg-type]  # only leaves' nodes have no edges
        elif node in self.owned and type(gradient) is _ndarray:
            held += gradient
        else:  # the first gradient may be an alias or a view: never write into it
            total = held + gradient
            if self.on_tensors:
                pending[node] = total
            else:
                pending[node] = total = total if type(total) is _ndarray else np.asarray(total)
                if type(total) is _ndarray:
                    self.owned.add(node)


def _raw(
    node: Node, saved: tuple[Any, ...], gradient: Any, retain_graph: bool, send: Callable[[Edge, Any], None]
) -> None:
    """Run a node's rules on plain arrays."""
    plan = node.plan
    if node.metas is not None:
        gradient = _all_outputs(node, gradient)
        if plan.op.holomorphic and any(dtype.kind == "c" for _, dtype in node.metas):
            gradient, send = _conjugated(gradient, send)
    elif gradient.dtype.kind == "c" and plan.op.holomorphic:
        gradient, send = _conjugated(gradient, send)
    edges, shapes = node.edges, node.shapes
    for position, rule in plan.steps:
        part = rule(gradient, saved)
        if position < 0:
            _send_all(edges, part, send)
            continue
        if type(part) is not _ndarray:
            part = np.asarray(part)
        if shapes is not None and part.shape != shapes[position]:
            part = unbroadcast(part, shapes[position])
        send(edges[position], part)  # type: ignore[arg-type]  # it has a rule as it has an edge
    if plan.frees and not retain_graph:
        node.saved = None


def _send_all(edges: Sequence[Edge | None], parts: Any, send: Callable[[Edge, Any], None]) -> None:
    """Send on what a joint rule gives: a gradient for each input, or None."""
    for edge, part in zip(edges, parts, strict=False):
        if edge is not None and part is not None:
            send(edge, part if type(part) is _ndarray else np.asarray(part))


def _recorded(
    node: Node, saved: tuple[Any, ...], gradient: Any, retain_graph: bool, send: Callable[[Edge, Any], None]
) -> None:
    """Run a node's rules on tensors, so that they record themselves."""
    plan = node.plan
    if plan.frees and not retain_graph:
        node.saved = None
    if node.metas is not None:
        gradient = tuple([wrap(g) if type(g) is _ndarray else g for g in _all_outputs(node, gradient)])
    values = [rewrap(node, source, value) for source, value in zip(plan.sources, saved, strict=True)]
    if plan.op.parts is None and plan.op.holomorphic and _is_complex(gradient):
        gradient, send = _conjugated(gradient, send)
    if plan.op.parts is not None:
        _through_parts(node, gradient, values, send)
        return
    for position, rule, slots in plan.rules:
        part = rule(gradient, *[values[slot] for slot in slots])
        parts = part if position < 0 else (part,)
        edges = node.edges if position < 0 else (node.edges[position],)
        for edge, each in zip(edges, parts, strict=False):
            if edge is not None and each is not None:
                each = each if isinstance(each, Tensor) else wrap(np.asarray(each))
                if node.shapes is not None and each._array.shape != node.shapes[position]:
                    each = unbroadcast(each, node.shapes[position])
                send(edge, each)


def _all_outputs(node: Node, gradients: list[Any]) -> tuple[Any, ...]:
    """The gradients of several outputs, zeros where none has arrived. (A `Function` sees to that itself.)"""
    if node.plan.op.kind == "function":
        return tuple(gradients)
    return tuple([np.zeros(*m) if g is None else g for g, m in zip(gradients, node.metas or (), strict=True)])


def _is_complex(gradient: Any) -> bool:
    return any(g.is_complex() for g in (gradient if isinstance(gradient, tuple) else (gradient,)))


def _conjugated(gradient: Any, send: Callable[[Edge, Any], None]) -> tuple[Any, Callable[[Edge, Any], None]]:
    """What makes a rule that was written for real numbers right for complex ones.

    Such a rule multiplies by the derivative, J^T g. PyTorch's gradient is the conjugate of what the chain rule of
    complex analysis gives, conj(dL/dz), so an op owes its inputs J^H g, which is conj(J^T conj(g)). Works on arrays
    and tensors.

    Source: https://docs.pytorch.org/docs/stable/notes/autograd.html#autograd-for-complex-numbers
    """

    def send_conjugate(edge: Edge, part: Any) -> None:
        send(edge, part.conj())

    turned = tuple([g.conj() for g in gradient]) if isinstance(gradient, tuple) else gradient.conj()
    return turned, send_conjugate


def rewrap(node: Node, source: tuple[int, Any], value: Any) -> Any:
    """A saved array as the tensor it was: on the input's own edge, or on this node's output."""
    kind, key = source
    if kind == OUT:
        if node.metas is not None:
            return tuple([wrap(v, (node, number)) for number, v in enumerate(value)])
        return wrap(value, (node, 0))
    if kind == INPUT:
        if key < 0:
            return tuple([wrap(v, edge) for v, edge in zip(value, node.edges, strict=True)])
        return wrap(value, node.edges[key]) if isinstance(value, _ndarray) else value
    return value


def _through_parts(node: Node, gradient: Any, values: list[Any], send: Callable[[Edge, Any], None]) -> None:
    """A fused op's recorded rule: the gradient of the ops that it is equal to."""
    op = node.plan.op
    assert op.parts is not None
    sources = node.plan.sources
    by_name = {op.inputs[k] if kind == INPUT else k: v for (kind, k), v in zip(sources, values, strict=True)}
    inputs = [by_name[name] for name in op.inputs]
    recording, modes.grad = modes.grad, True
    chosen: list[Edge] = []
    aliases: list[Edge] = []
    for position, edge in enumerate(node.edges):
        if edge is not None:  # an alias each, so that one tensor given as two inputs gets two gradients
            inputs[position] = inputs[position].view_as(inputs[position])
            chosen.append(edge)
            aliases.append(inputs[position]._edge)
    out = op.parts(*inputs, **{name: by_name[name] for name in op.defaults})
    modes.grad = recording
    pairs = zip(out, gradient, strict=True) if op.several else [(out, gradient)]
    roots = [(o._edge, g) for o, g in pairs if o._edge is not None]
    gradients = run(roots, retain_graph=True, create_graph=recording, targets=aliases, on_tensors=True)
    for edge, each in zip(chosen, gradients, strict=True):
        if each is not None:
            send(edge, each)


def unbroadcast(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Sum a gradient over the dimensions along which its input was repeated. Works on arrays and tensors."""
    extra = gradient.ndim - len(shape)
    if extra == 1 and len(shape) == 1 and type(gradient) is _ndarray and gradient.shape[1:] == shape:
        return np.asarray(column_sums(gradient))
    if extra:
        gradient = gradient.sum(axis=tuple(range(extra)))
    repeated = tuple([i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1])
    if repeated:
        gradient = gradient.sum(axis=repeated, keepdims=True)
    return gradient if isinstance(gradient, _ndarray | Tensor) else np.asarray(gradient)


# --- the ends ----------------------------------------------------------------------------------------------------


def _accumulate(node: AccumulateGrad, gradient: Any, owned: bool) -> None:
    """Add to the leaf's gradient; the first becomes it, without a copy where nobody else holds the array."""
    leaf = node.leaf()
    if leaf is None:
        return
    if isinstance(gradient, Tensor):  # create_graph
        leaf._grad = gradient if leaf._grad is None else leaf._grad + gradient
    elif leaf._grad is None:
        alone = owned or (gradient.base is None and sys.getrefcount(gradient) <= _ALONE)
        leaf._grad = wrap(gradient if alone else gradient.copy())
    elif leaf._grad.requires_grad:
        leaf._grad = wrap(leaf._grad._array + gradient)
    else:
        leaf._grad._array += gradient
        leaf._grad._cell[0] += 1
    if node.post_hooks is not None:
        for hook in list(node.post_hooks):
            hook(leaf)


def own(gradient: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array itself where only the caller's local variable holds it, else a copy.

    It may be all of another array in another order, which nobody else holds.
    """
    alone = gradient.flags.writeable and sys.getrefcount(gradient) <= _ALONE
    base = gradient.base
    if alone and base is not None:
        whole = type(base) is _ndarray and base.base is None and base.size == gradient.size
        alone = whole and gradient.dtype == base.dtype and sys.getrefcount(base) <= _ALONE
    return gradient if alone else gradient.copy()


def _references(gradient: Any) -> int:
    return sys.getrefcount(gradient)


def _references_when_alone() -> int:
    """The count for an array held by its caller's local variable only, as a function that is given it sees it.

    Measured, as Python versions differ in what a call adds.
    """
    gradient = np.empty(0)
    return _references(gradient)


_ALONE = _references_when_alone()


def _run_hooks(node: Node, gradient: Any, on_tensors: bool) -> Any:
    """Show the gradients of a node's outputs to its hooks, as tensors; a hook may return others."""
    assert node.hooks is not None
    several = node.metas is not None
    gradients = list(gradient) if several else [gradient]
    tensors: list[Any] = [g if g is None or isinstance(g, Tensor) else wrap(g) for g in gradients]
    for hook in list(node.hooks):
        tensors = hook(tensors)
    results = tensors if on_tensors else [None if t is None else t._array for t in tensors]
    return results if several else results[0]


def _step_with_hooks(
    step: Callable[..., None],
    node: Node,
    saved: tuple[Any, ...],
    gradient: Any,
    retain_graph: bool,
    send: Callable[[Edge, Any], None],
) -> None:
    """Run a node's rules, and show what they give to its hooks, which may return other gradients."""
    sent: list[tuple[Edge, Any]] = []
    step(node, saved, gradient, retain_graph, lambda edge, part: sent.append((edge, part)))
    rest = list(sent)
    parts: list[Any] = []
    for edge in node.edges:  # an edge may be there twice; the parts come in the order of the inputs
        found = next((pair for pair in rest if pair[0] is edge), None)
        if found is not None:
            rest.remove(found)
        parts.append(None if found is None else found[1])
    recorded = isinstance(gradient, Tensor)
    incoming = tuple(gradient) if node.metas is not None else (gradient,)
    shown = tuple([_as_tensor(g) for g in incoming])
    inputs = tuple([_as_tensor(part) for part in parts])
    for hook in list(POST_HOOKS[node]):
        replaced = hook(inputs, shown)
        if replaced is None:
            continue
        if len(replaced) != len(inputs):
            raise RuntimeError(
                f"hook '{getattr(hook, '__name__', hook)}' has returned an incorrect number of values "
                f"(got {len(replaced)}, but expected {len(inputs)})"
            )
        inputs = tuple(replaced)
    for edge, part in zip(node.edges, inputs, strict=True):
        if edge is not None and part is not None:
            send(edge, part if recorded else part._array)


def _as_tensor(value: Any) -> Any:
    return value if value is None or isinstance(value, Tensor) else wrap(value)


def _capture(node: Node, gradient: Any, wanted: set[Edge], captured: dict[Edge, Any]) -> None:
    parts = enumerate(gradient) if node.metas is not None else ((0, gradient),)
    for number, part in parts:
        if (node, number) in wanted:
            captured[node, number] = part


def _needed(roots: Sequence[Node], targets: Sequence[Edge]) -> set[Node]:
    """The nodes that lie on a way from a root to a target; only they run."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for edge in stack.pop().edges:
            if edge is not None and edge[0] not in seen:
                seen.add(edge[0])
                stack.append(edge[0])
    ends = {node for node, _ in targets}
    needed: set[Node] = set()
    for node in sorted(seen, key=lambda n: n.sequence):
        if any(edge is not None and (edge[0] in needed or edge[0] in ends) for edge in node.edges):
            needed.add(node)
    return needed


def _computed_again(node: Node, saved: tuple[Any, ...], position: int, version: int, expected: int) -> tuple[Any, ...]:
    """What a node has saved, with its output anew, which was written over since.

    Raises:
        RuntimeError: the op does not offer that, or it is an input that was written over.
    """
    op, sources = node.plan.op, node.plan.sources
    if not op.recomputes or sources[position][0] != OUT:
        raise _modified(node, position, version, expected)
    inputs = [value for (kind, _), value in zip(sources, saved, strict=True) if kind == INPUT]
    options = {key: value for (kind, key), value in zip(sources, saved, strict=True) if kind == OPTION}
    return (*saved[:position], op.forward(*inputs, **options), *saved[position + 1 :])


def _modified(node: Node, position: int, version: int, expected: int) -> RuntimeError:
    assert node.saved is not None
    value = node.saved[position]
    if isinstance(value, tuple):  # several outputs
        value = value[0]
    kind = f"torch.{dtypes.type_name(value.dtype)}Tensor {list(value.shape)}"
    source = node.plan.sources[position]
    what = f"output 0 of {node.name()}"
    if source[0] == INPUT:
        edge = node.edges[source[1]]
        made = "a leaf or a tensor that needs no gradient" if edge is None else f"output {edge[1]} of {edge[0].name()}"
        what = f"{made}, saved as input '{node.plan.op.public_names[source[1]]}' of {node.plan.op.name}()"
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{kind}], which is {what}, is at version {version}; expected version {expected} instead. Hint: write the "
        "change out of place (x = x + y instead of x += y), or change a clone()."
    )
