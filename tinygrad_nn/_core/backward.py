"""The backward pass: nodes in falling sequence, each handing its gradients on to older ones.

There is no recursion, so a chain may be as long as memory allows. Gradients are arrays (first order: nothing is wrapped
and nothing recorded) or, with ``create_graph``, tensors, on which the very same rules record themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from heapq import heappop, heappush, heappushpop
from typing import Any

import numpy as np

from . import sharing
from .dtypes import FLOAT32, FLOAT64
from .errands import Errand
from .graph import POST_HOOKS, AccumulateGrad, Edge, Node
from .helping import Job
from .kernels import column_sums
from .leaves import accumulate
from .modes import ERRORS, IGNORED, modes
from .plan import INPUT, OUT, UNCHANGED
from .saved import SECOND_TIME, checked
from .tensor import Tensor, wrap

_ndarray, _scalar = np.ndarray, np.generic
_NONE: Any = frozenset()
_UNFINISHED = (_scalar, Errand)


def run(
    roots: Sequence[tuple[Edge, Any]],
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
    here = modes.here
    running = Pass(roots, retain_graph)
    usual = targets is None and not create_graph and not on_tensors and here.around_step is None
    before = here.grad, here.backward_pass
    held = here.shares
    if held:
        sharing.hold()
        if usual and sharing.threads_for(2, 2) > 1:
            running.errands = []
    here.grad, here.backward_pass = create_graph, running
    try:
        if usual and before[1] is None:
            done = here.quiet_pass(running.visit_all, True)
        else:
            if not usual:
                running.prepare(targets, create_graph or on_tensors, here.around_step)
            running.begin()
            done = False
        if not done:
            running.go_on(usual)
    except BaseException:
        running.settle()
        raise
    finally:
        if held:
            sharing.let_go()
        here.grad, here.backward_pass = before
    return [running.captured.get(target) for target in targets] if targets is not None else []


class Pass:
    """A running backward pass: the nodes that have got gradients, and what they have got.

    Args:
        roots: edges and the gradients that start there.
        retain_graph: keep what the nodes have saved.

    Attributes:
        pending: what has arrived at the nodes that are still to be visited.
        heap: those nodes, youngest first.
        leaves: they hand nothing on, so they can wait until the end.
        owned: the nodes whose pending gradient is an array that nobody else holds.
        on_tensors: run the rules on tensors.
        step: runs a node's rules; None for `_raw`.
        needed: the nodes that lead to what was asked for; None if all leaves get their gradient.
        wanted: the edges that were asked for.
        captured: the gradients that have arrived there.
        errands: what other threads do meanwhile, see `errands`; None where they are not to help.
    """

    # As they are for a pass to all leaves on arrays. (To set each anew takes a tenth of the time of a small pass.)
    owned: set[Node] = _NONE
    on_tensors = False
    step: Callable[..., None] | None = None
    needed: set[Node] | None = None
    wanted: Collection[Edge] = ()
    captured: dict[Edge, Any]
    errands: list[Job[Any]] | None = None

    def __init__(self, roots: Sequence[tuple[Edge, Any]], retain_graph: bool) -> None:
        self.roots = roots
        self.retain_graph = retain_graph
        self.pending: dict[Node, Any] = {}
        self.heap: list[tuple[int, Node]] = []
        self.leaves: list[AccumulateGrad] = []

    def prepare(
        self, targets: Sequence[Edge] | None, on_tensors: bool, around_step: Callable[..., Any] | None
    ) -> None:
        """Make this a pass to some edges only, on tensors, or with something around its steps."""
        self.on_tensors = on_tensors
        self.step = _recorded if on_tensors else _raw
        if around_step is not None:
            self.step = around_step(self.step)
        if targets is not None:
            self.needed, self.captured = _needed([edge[0] for edge, _ in self.roots], targets), {}
            self.wanted = set(targets)

    def begin(self) -> None:
        """Send the roots' gradients."""
        for edge, gradient in self.roots:
            self.send(edge, gradient)

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
            pending[node] = total
            if type(total) is _ndarray:
                if self.owned is _NONE:
                    self.owned = set()
                self.owned.add(node)

    def take(self, node: Node) -> Any:
        """Take what has arrived at a node: no scalars, but arrays of no dimension, and no errands."""
        gradient = self.pending.pop(node)
        if type(gradient) is _ndarray:
            return gradient
        if type(gradient) is list:
            return [np.asarray(part) if isinstance(part, _scalar) else part for part in gradient]
        return np.asarray(gradient) if isinstance(gradient, _UNFINISHED) else gradient

    def will_run(self, node: Node) -> bool:
        """Whether this pass needs a node: it leads to what was asked for, or is asked for itself."""
        outputs = range(1 if node.metas is None else len(node.metas))
        return self.needed is None or node in self.needed or any((node, number) in self.wanted for number in outputs)

    def visit(self, node: Node) -> None:
        """Send on what has arrived at a node."""
        gradient = self.take(node)
        if self.errands and node.hooks is not None:
            self.settle()
        if node.hooks and self.will_run(node):
            gradient = _run_hooks(node, gradient, self.on_tensors)
        if self.wanted:
            _capture(node, gradient, self.wanted, self.captured)
        if self.needed is None or node in self.needed:
            saved = checked(node)
            step = self.step or _raw
            if node.hooks is not None and node in POST_HOOKS:
                _step_with_hooks(step, node, saved, gradient, self.retain_graph, self.send)
            else:
                step(node, saved, gradient, self.retain_graph, self.send)

    def go_on(self, usual: bool) -> None:
        """The pass, or what is left of it, where functions of the program's own may run."""
        token = ERRORS.set(IGNORED)
        try:
            if usual:
                self.visit_all(False)
                return
            while self.heap:
                self.visit(heappop(self.heap)[1])
            self.finish(False)
        finally:
            ERRORS.reset(token)

    def visit_all(self, alone: bool) -> bool:
        """Go through a pass of the usual kind: on arrays, to all leaves, with nobody watching.

        This is `visit` with `_raw` and `send` written out, which saves a graph of small operations an eighth of the
        pass (1.75 us for each of 2.02); what is rare goes to them.

        Args:
            alone: from the roots on, but without functions of the program's own: stop before the first.

        Returns:
            Whether all is done.
        """
        heap, pending, send = self.heap, self.pending, self.send
        following = None  # as in a chain: a node that is not on the heap yet, and need not go there if this is empty
        if alone:
            if len(self.roots) == 1 and (node := self.roots[0][0][0]).metas is None and node.edges:  # as most passes
                pending[node] = self.roots[0][1]
                following = node
            else:
                self.begin()
        while heap or following is not None:
            if following is None:
                node = heappop(heap)[1]
            elif heap:
                node = heappushpop(heap, (-following.sequence, following))[1]
            else:
                node = following
            following = None
            gradient = pending.pop(node)
            if (
                node.hooks is not None
                or node.metas is not None
                or ((dtype := gradient.dtype) is not FLOAT32 and dtype is not FLOAT64)
            ):
                pending[node], gradient = gradient, None  # whoever holds an array alone may take it over
                if alone and node.hooks is not None:
                    heappush(heap, (-node.sequence, node))
                    return False
                self.visit(node)
                continue
            saved = node.saved
            if saved is None:
                raise RuntimeError(SECOND_TIME.format(node.name()))
            for cell, version, _ in node.versions:
                if cell[0] != version:
                    saved = checked(node)
            plan, edges, shapes = node.plan, node.edges, node.shapes
            scalars = plan.takes_scalars
            if not scalars and type(gradient) is not _ndarray:
                gradient = np.asarray(gradient)
            for position, rule, slot in plan.steps:
                if slot >= 0:
                    part = rule(gradient, saved[slot])
                else:
                    part = gradient if slot == UNCHANGED else rule(gradient, saved)
                if position < 0:
                    _send_all(edges, part, send)
                else:
                    edge = edges[position]
                    target = edge[0]  # type: ignore[index]  # it has a rule as it has an edge
                    if not scalars and type(part) is not _ndarray and not isinstance(part, _scalar):
                        if type(part) is Errand and not target.edges and target not in pending:  # a leaf can wait
                            pending[target] = part
                            self.leaves.append(target)  # type: ignore[arg-type]
                            continue
                        part = np.asarray(part)
                    if shapes is not None and part.shape != shapes[position]:
                        part = unbroadcast(part, shapes[position])
                    if target in pending or target.metas is not None:
                        send(edge, part)  # type: ignore[arg-type]
                    else:
                        pending[target] = part
                        if not target.edges:
                            self.leaves.append(target)  # type: ignore[arg-type]
                        elif following is None:
                            following = target
                        else:
                            heappush(heap, (-target.sequence, target))
                part = None
            if plan.frees and not self.retain_graph:
                node.saved = None
            gradient = saved = None
        return self.finish(alone)

    def settle(self) -> None:
        """See to it that the errands are done."""
        while self.errands:
            self.errands.pop().finish()

    def finish(self, alone: bool) -> bool:
        """Give the leaves what has arrived for them; `alone` and what is returned are as in `visit_all`."""
        pending, owned = self.pending, self.owned
        if self.errands:
            self.settle()  # a hook may write to what they read
        for leaf in self.leaves:
            if leaf.hooks is not None or leaf.post_hooks is not None or self.needed is not None:
                if alone:
                    del self.leaves[: self.leaves.index(leaf)]
                    return False
                self._finish_with_hooks(leaf)
                continue
            gradient = pending.pop(leaf)
            if type(gradient) is not _ndarray and isinstance(gradient, _UNFINISHED):
                gradient = np.asarray(gradient)
            accumulate(leaf, gradient, leaf in owned)
            gradient = None
        return True

    def _finish_with_hooks(self, leaf: AccumulateGrad) -> None:
        if self.needed is not None and (leaf, 0) not in self.wanted:
            return
        gradient = self.take(leaf)
        if leaf.hooks is not None:
            gradient = _run_hooks(leaf, gradient, self.on_tensors)
        if self.needed is not None:
            self.captured[leaf, 0] = gradient
        else:
            accumulate(leaf, gradient, leaf in self.owned)
            tensor = leaf.leaf()
            for hook in list(leaf.post_hooks or ()) if tensor is not None else ():
                hook(tensor)
        if leaf.hooks is not None:
            for hook in list(POST_HOOKS.get(leaf, ())):
                hook((), (gradient if isinstance(gradient, Tensor) else wrap(gradient),))


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
    for position, rule, slot in plan.steps:
        if slot >= 0:
            part = rule(gradient, saved[slot])
        else:
            part = gradient if slot == UNCHANGED else rule(gradient, saved)
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
        return wrap(np.asarray(value), node.edges[key]) if isinstance(value, _ndarray | _scalar) else value
    return value


def _through_parts(node: Node, gradient: Any, values: list[Any], send: Callable[[Edge, Any], None]) -> None:
    """A fused op's recorded rule: the gradient of the ops that it is equal to."""
    op = node.plan.op
    assert op.parts is not None
    sources = node.plan.sources
    by_name = {op.inputs[k] if kind == INPUT else k: v for (kind, k), v in zip(sources, values, strict=True)}
    inputs = [by_name[name] for name in op.inputs]
    recording, modes.here.grad = modes.here.grad, True
    chosen: list[Edge] = []
    aliases: list[Edge] = []
    for position, edge in enumerate(node.edges):
        if edge is not None:  # an alias each, so that one tensor given as two inputs gets two gradients
            inputs[position] = inputs[position].view_as(inputs[position])
            chosen.append(edge)
            aliases.append(inputs[position]._edge)
    out = op.parts(*inputs, **{name: by_name[name] for name in op.defaults})
    modes.here.grad = recording
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


def _capture(node: Node, gradient: Any, wanted: Collection[Edge], captured: dict[Edge, Any]) -> None:
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
