"""Tracing nan and infinity to where they were made, as against where they were only passed on."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from .._core.callers import here, module_frames
from .._core.errors import shown_name
from .._core.graph import AccumulateGrad, Node
from .._core.observe import Observer, Sent, observing, op_of
from .._core.op import Op
from .._core.steps import as_array, at_index, first_index, how_computed, input_name, input_positions, op_name, words_of
from .._core.tensor import Tensor
from .made import inputs_at, is_finite, kind_of, made_in, name_of, normalised
from .origins import BRANCH, Index, Origin, hint_for, report

Array = np.ndarray[Any, Any]


class NonFiniteError(FloatingPointError):
    """A nan or an infinity was made where `trace_nan` watched.

    Attributes:
        origin: what is known of it.
    """

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin.describe())
        self.origin = origin


class trace_nan:  # noqa: N801 - a ``with`` block, as `no_grad` is
    """Find out where a nan came from, in the forward and the backward pass.

    Every op in the ``with`` block is watched. What it makes is told apart from what it passes on: an elementwise op
    made an element if its inputs are finite there; any other op is run again with harmless inputs, and made what is
    still not finite. Infinities are followed too, as most nan are made of them, but reported only where one was.

    Args:
        inf: report every infinity, not only those that a nan was made of.
        stop: raise at the first one instead of going on.

    Attributes:
        origins: what was found, the first one first. Each has its op, module, line, element, batch index and cause.

    Raises:
        NonFiniteError: with ``stop=True``, at the first nan; the text is the report on it.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([4.0, -1.0], requires_grad=True)
        >>> with tg.debug.trace_nan() as trace:
        ...     loss = (x.sqrt() * 2).sum()
        >>> origin = trace.origins[0]
        >>> origin.op, origin.index, origin.computed, origin.passed_on
        ('sqrt', (1,), 'x[1] = -1', ['mul', 'sum'])
        >>> print(trace)  # doctest: +ELLIPSIS
        1. nan made by sqrt in the forward pass
            line     ...
            element  [1] of the output float32[2]
            from     x[1] = -1
            then     passed on by 2 ops: mul, sum
            fix      sqrt of a negative number is nan, ...
    """

    def __init__(self, *, inf: bool = False, stop: bool = False) -> None:
        self._watch = _Watch(inf, stop)
        self._entered: list[AbstractContextManager[None]] = []

    def __enter__(self) -> trace_nan:
        watching = observing(self._watch)
        watching.__enter__()
        self._entered.append(watching)
        return self

    def __exit__(self, *error: Any) -> None:
        self._entered.pop().__exit__(None, None, None)

    @property
    def origins(self) -> list[Origin]:
        """What was found so far."""
        return self._watch.reported()

    def __bool__(self) -> bool:
        return bool(self.origins)

    def __str__(self) -> str:
        found = self.origins
        return report(found) if found else f"no {'nan and no inf' if self._watch.inf else 'nan'} was made"


class _Call:
    """Where an op was called, and how long the batch is that the outermost module got."""

    def __init__(self) -> None:
        self.place = here()
        frames = module_frames()
        args = frames[-1].f_locals["args"] if frames else ()
        lengths = [a.shape[0] for a in args if isinstance(a, Tensor) and a.ndim]
        self.batch: int | None = lengths[0] if lengths else None


class _Watch(Observer):
    """Knows which arrays hold something that is not finite, and whence it came."""

    def __init__(self, inf: bool, stop: bool) -> None:
        self.inf, self.stop = inf, stop
        self.origins: list[Origin] = []
        self.known: dict[int, tuple[weakref.ref[Array], list[Origin]]] = {}  # by the array's id
        self.last: deque[Array] = deque(maxlen=8)  # kept alive, as a write in place copies one and lets it go
        self.calls: weakref.WeakKeyDictionary[Node, _Call] = weakref.WeakKeyDictionary()
        self.arriving: weakref.WeakKeyDictionary[Node, list[Origin]] = weakref.WeakKeyDictionary()

    def reported(self) -> list[Origin]:
        """The origins of nan, and of the infinities that they were made of."""
        wanted = [origin for origin in self.origins if self.inf or origin.value == "nan"]
        chosen = set(wanted)
        while wanted:
            for cause in wanted.pop().causes:
                if cause not in chosen:
                    chosen.add(cause)
                    wanted.append(cause)
        return [origin for origin in self.origins if origin in chosen]

    def _found(self, origin: Origin) -> Origin:
        self.origins.append(origin)
        if self.stop and (self.inf or origin.value == "nan"):
            raise NonFiniteError(origin)
        return origin

    def _remember(self, array: Array, origins: Iterable[Origin]) -> None:
        self.known[id(array)] = weakref.ref(array), list(dict.fromkeys(origins))
        self.last.append(array)

    def _origins_of(self, array: Any) -> list[Origin] | None:
        found = self.known.get(id(array))
        return found[1] if found is not None and found[0]() is array else None

    # --- forward -------------------------------------------------------------------------------------------------

    def forward(self, function: Any, inputs: tuple[Any, ...], options: dict[str, Any], compute: Any) -> Any:
        """Look at what an op has made."""
        op = op_of(function)
        result = compute()
        if op is None:
            return result
        result, outputs = normalised(op, result)
        for output in outputs:
            if output.dtype.kind not in "fc":
                continue
            if not np.isfinite(output).all():
                self._look_at_output(op, inputs, options, output, outputs)
            else:
                for origin in self._all_origins(inputs):
                    if origin.phase == "forward" and shown_name(op) not in origin.hidden_by:
                        origin.hidden_by.append(shown_name(op))
        return result

    def _all_origins(self, arrays: Iterable[Any]) -> list[Origin]:
        return list(dict.fromkeys(o for array in arrays for o in self._origins_of(array) or ()))

    def _look_at_output(
        self, op: Op, inputs: tuple[Any, ...], options: dict[str, Any], output: Array, outputs: Sequence[Array]
    ) -> None:
        before = [origin for i, value in enumerate(inputs) for origin in self._origins_of_input(op, i, value)]
        origins = list(before)
        for value, made in made_in(op, inputs, options, output, outputs).items():
            if made.any():
                origin = self._new("forward", value, shown_name(op), _Call())
                origin.mark(made, self.batch)
                origin.what = f"output {kind_of(output)}"
                origin.computed = inputs_at(op, inputs, options, origin.index, output.shape)
                origin.causes = self._infinities(op, inputs, origin.index, output.shape) if value == "nan" else []
                origins.append(self._found(origin))
        for origin in dict.fromkeys(before):
            origin.passed_on.append(shown_name(op))
        self._remember(output, origins)

    def _infinities(self, op: Op, inputs: Sequence[Any], index: Index, shape: Index) -> list[Origin]:
        """The origins of the infinities that an element was made of: those known to have made just this one, if any."""
        found: list[Origin] = []
        for value in inputs:
            origins = [origin for origin in self._origins_of(value) or () if origin.value == "inf"]
            if op.kind == "elementwise" and isinstance(value, np.ndarray) and value.shape == shape:
                if not np.isinf(value[index]):
                    continue
                origins = [o for o in origins if o.mask.shape == shape and o.mask[index]] or origins
            found += origins
        return list(dict.fromkeys(found))

    def _new(self, phase: str, value: str, op: str, call: _Call | None) -> Origin:
        self.batch = call.batch if call is not None else None
        return Origin(phase, value, op, call.place if call is not None else None, hint=hint_for(op))

    def _origins_of_input(self, op: Op, position: int, value: Any) -> list[Origin]:
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fc" or np.isfinite(value).all():
            return []
        found = self._origins_of(value)
        if found is None:
            found = self._same_content(value)
        if found is None:
            call = _Call()
            name = name_of(value, call.place) or f"input {position} of {shown_name(op)}"
            origin = self._new("outside", "nan" if np.isnan(value).any() else "inf", name, call)
            origin.hint = ""
            origin.mark(np.isnan(value) if origin.value == "nan" else np.isinf(value), self.batch)
            origin.what = f"tensor {kind_of(value)}"
            found = [self._found(origin)]
            self._remember(value, found)
        return found

    def _same_content(self, array: Array) -> list[Origin] | None:
        """The origins of a result that has been written into this array since."""
        for other in reversed(self.last):
            same_kind = other.shape == array.shape and other.dtype == array.dtype
            if same_kind and np.array_equal(other, array, equal_nan=True):
                origins = self._origins_of(other) or []
                self._remember(array, origins)
                return origins
        return None

    # --- backward ------------------------------------------------------------------------------------------------

    def recorded(self, node: Node) -> None:
        """Keep where it was called."""
        self.calls[node] = _Call()

    def backward(self, node: Node, saved: tuple[Any, ...], gradient: Any, step: Any) -> None:
        """Look at what a node's rules have made of the gradient that arrived."""
        given = [as_array(g) for g in (gradient if node.metas is not None else (gradient,)) if g is not None]
        arrived = self.arriving.pop(node, [])
        if not arrived and not all(is_finite(g) for g in given):
            arrived = [self._from_outside(node, given)]
        sent: list[Sent] = step()
        positions = input_positions(node, [edge for edge, _ in sent])
        passes_on = False
        for position, (edge, part) in zip(positions, sent, strict=True):
            array = as_array(part)
            if array.dtype.kind not in "fc" or np.isfinite(array).all():
                continue
            origins = self._origins_of(array)  # known already where the rule ran as ops that were watched
            if origins is None:
                origins = self._made_by_rule(node, saved, gradient, given, arrived, position, array)
            passes_on = passes_on or bool(arrived)
            self._arrive(edge[0], [*origins, *arrived])
        for origin in arrived if passes_on else ():
            origin.passed_on.append(node.name())

    def _from_outside(self, node: Node, given: list[Array]) -> Origin:
        bad = next(g for g in given if not is_finite(g))
        value = "nan" if np.isnan(bad).any() else "inf"
        origin = self._new("outside", value, "the gradient that backward() was given, or that a hook gave", None)
        origin.place = self.calls[node].place if node in self.calls else None
        origin.mark(np.isnan(bad) if value == "nan" else np.isinf(bad), None)
        origin.what = f"gradient {kind_of(bad)}"
        return self._found(origin)

    def _made_by_rule(
        self, node: Node, saved: tuple[Any, ...], gradient: Any, given: list[Array], arrived: list[Origin],
        position: int, array: Array,
    ) -> list[Origin]:  # fmt: skip
        made = ~np.isfinite(array)
        if arrived:
            if node.plan.op.kind != "elementwise" or len(given) != 1 or given[0].shape != array.shape:
                return []
            made &= np.isfinite(given[0])
        value = "nan" if np.isnan(array[made]).any() else "inf"
        made &= np.isnan(array) if value == "nan" else np.isinf(array)
        if not made.any():
            return []
        index = first_index(made)
        causes = self._causes(node, saved, index, array.shape)
        not_chosen = bool(given) and at_index(given[0], index, array.shape) == 0
        values = [cause for cause in causes if cause.value == "nan"]
        if value == "nan" and values:  # the value was nan before: nothing new
            for cause in values:
                cause.passed_on.append(node.name())
                if not_chosen and cause.hidden_by:
                    cause.hint = BRANCH.format(op=cause.op)
            return values
        origin = self._new("backward", value, op_name(node), self.calls.get(node))
        origin.mark(made, self.batch)
        origin.what = f"gradient of {input_name(node, position)}, {kind_of(array)}"
        origin.computed = how_computed(node, saved, gradient, position, index, array.shape)
        origin.causes = causes
        if not_chosen:
            origin.hint = BRANCH.format(op=op_name(node))
        return [self._found(origin)]

    def _causes(self, node: Node, saved: tuple[Any, ...], index: Index, shape: Index) -> list[Origin]:
        """The origins of what is not finite in the forward pass, at this element or (where ops mix) anywhere."""
        found = []
        for value in words_of(node, saved).values():
            element = at_index(value, index, shape) if node.plan.op.kind == "elementwise" else None
            if not is_finite(np.asarray(value if element is None else element)):
                found += self._origins_of(value) or []
        return list(dict.fromkeys(found))

    def _arrive(self, node: Node, origins: list[Origin]) -> None:
        known = self.arriving.setdefault(node, [])
        known.extend(origin for origin in origins if origin not in known)
        if isinstance(node, AccumulateGrad):
            leaf = node.variable
            for origin in known if leaf is not None else ():
                name = name_of(leaf._array, origin.place) or f"a leaf {kind_of(leaf._array)}"
                if name not in origin.reached:
                    origin.reached.append(name)
