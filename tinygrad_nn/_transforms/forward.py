"""Forward differentiation: what an op makes of tangents, derived from its rule for gradients.

A rule gives ``J^T g``, and a tangent wants ``J t``. For an elementwise op the two are one, as its Jacobian is diagonal.
An op that is linear in an input treats the tangent as it treats the input. Of all others the rule is differentiated:
it is linear in g, so the gradient of what it gives, with respect to g, is the transpose (`reverse.push_forward`).

Source: Griewank and Walther, "Evaluating Derivatives", 2008, chapter 3; and, for the transpose,
https://j-towns.github.io/2017/06/12/A-new-trick.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core.inplace import check_target
from .._core.inplace import store as store_plain
from .._core.lifted import Lifted, LiftedError
from .._core.modes import modes
from .._core.tensor import Tensor
from .._core.trees import tree_flatten, tree_unflatten
from .._core.zeros import zeros_of
from .custom import push_function
from .reverse import detached, push_forward
from .tangents import TangentLevel, become_dual, dual

# Ops that are linear in all their inputs together, integers aside: which options make them so, where some do not.
_LINEAR = frozenset({
    "sum", "mean", "cumsum", "concatenate", "stacked", "flip", "roll", "tril", "triu", "clone", "cast", "neighbours",
    "spread_differences", "put", "gather", "scatter_zeros", "scatter_add", "index_add", "index_copy", "scatter",
    "setitem", "index_added", "view_scatter", "laid_out", "im2col", "col2im", "laid_in", "fold_windows", "resampled",
    "arranged", "collected", "fft_c2c", "fft_r2c", "fft_c2r", "fft_resize", "repeat_each", "pick_along",
    "pick_last", "pick_several", "pick_reached", "place_along", "place_several", "take_rows", "add_rows",
    "times_constant", "conj", "conj_physical", "kept", "module_boundary", "on_diagonals", "overlap_add", "bag_sums",
    "weighted_counts", "copied_in_place", "quarter", "restrided", "unstrided", "masked_fill", "index_fill", "filled",
    "copied",
})  # fmt: skip
# Ops that are linear in each of their first two inputs, and in a third that is added.
_BILINEAR = frozenset({"matmul", "linear", "multiply_pair", "cross"})


class RunningJvp(TangentLevel):
    """A run of forward differentiation, with the rules of tangents."""

    def operation(self, op: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The op on the primals, and what it makes of the tangents."""
        pairs = [self.parts(x) for x in inputs]
        primals, tangents = [p for p, _ in pairs], [t for _, t in pairs]
        options = {name: self._plain(value) for name, value in options.items()}
        moving = self.alive and op.differentiable and any(t is not None for t in tangents)
        if moving and op.parts is not None:
            try:
                return op.parts(*inputs, **options)
            except LiftedError:  # they look at elements
                return self._pushed(lambda *given: op.call(*given, **options), primals, tangents)
        if moving and not _by_rule(op, primals):
            return self._pushed(lambda *given: op.call(*given, **options), primals, tangents)
        out = op.call(*primals, **options)
        return self.joined(out, _tangents(op, primals, tangents, options, out)) if moving else out

    def function(self, called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function that looks at elements, whose tangents come from its gradient."""
        leaves, spec = tree_flatten((args, kwargs))
        places = [i for i, leaf in enumerate(leaves) if self.holds(leaf)]
        pairs = [self.parts(leaves[i]) for i in places]
        if called.__name__.endswith("_") and isinstance(args[0], Tensor):
            return self.store(args[0], getattr(Tensor, called.__name__[:-1])(*args, **kwargs))

        def of_tensors(*given: Tensor) -> Any:
            whole = list(leaves)
            for place, tensor in zip(places, given, strict=True):
                whole[place] = tensor
            filled_args, filled_kwargs = tree_unflatten(whole, spec)
            return called(*filled_args, **filled_kwargs)

        primals, tangents = [p for p, _ in pairs], [t if self.alive else None for _, t in pairs]
        return self._pushed(of_tensors, primals, tangents) if self.alive else of_tensors(*primals)

    def custom(self, function: Any, args: tuple[Any, ...]) -> Any:
        """An `autograd.Function` by its ``jvp``, or its backward."""
        if not self.alive:
            return function.apply(*[self.parts(a)[0] for a in args])
        outputs, tangents = push_function(self, function, args)
        return self.joined(outputs, tangents)

    def _plain(self, value: Any) -> Any:
        """An option without its tangent."""
        return value.value._array if type(value) is Lifted and value.level is self else value

    def _pushed(self, function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
        """The function's outputs with their tangents, by differentiating twice."""
        below = [level for level in modes.here.levels if level.number < self.number]
        recorded = modes.here.grad and any(isinstance(p, Tensor) and p.requires_grad for p in primals)
        result, outputs, pushed = push_forward(function, primals, tangents, below)
        by_id = {id(output): tangent for output, tangent in zip(outputs, pushed, strict=True)}
        leaves, spec = tree_flatten(result)
        made = []
        for leaf in leaves:
            if isinstance(leaf, Tensor):
                tangent = by_id.get(id(leaf))
                primal = leaf if recorded else detached(leaf)
                leaf = primal if tangent is None else dual(primal, tangent, self)
            made.append(leaf)
        return tree_unflatten(made, spec)

    def joined(self, out: Any, tangents: Any) -> Any:
        """Outputs with their tangents, where they have some."""
        if not isinstance(out, tuple | list):
            return out if tangents is None else dual(out, tangents, self)
        made = [self.joined(o, t) for o, t in zip(out, tangents, strict=True)]
        return type(out)(*made) if hasattr(out, "_fields") else type(out)(made)

    def getitem(self, x: Tensor, index: Any) -> Tensor:
        """The picked elements, and their tangents."""
        primal, tangent = self.parts(x)
        picked: Tensor = primal[index]
        return picked if tangent is None else dual(picked, tangent[index], self)

    def setitem(self, x: Tensor, index: Any, value: Any) -> None:
        """Write the elements, and their tangents. A tensor that had no tangent gets one."""
        new, moved = self.parts(value)
        primal, tangent = self._writable(x, moved is not None)
        primal[index] = new
        if tangent is not None:
            tangent[index] = 0 if moved is None else moved

    def _writable(self, target: Tensor, moves: bool) -> tuple[Tensor, Tensor | None]:
        """The parts of a tensor that is to be written to; one without a tangent gets zeros if it is to move."""
        primal, tangent = self.parts(target)
        if tangent is None and moves:
            check_target(primal)
            if primal._view is not None:
                raise RuntimeError(
                    "an in-place operation would write a tangent into a view of a tensor that has none, and other "
                    "views of it would not know. Write x[index] = y instead of x[index].copy_(y), or make the tensor "
                    "of one that has a tangent: torch.zeros_like(y)."
                )
            primal, tangent = _same(primal), zeros_of(primal)
            become_dual(target, primal, tangent, self)
        return primal, tangent

    def store(self, target: Tensor, result: Tensor) -> Tensor:
        """Write the primal and the tangent. A tensor that had no tangent gets one."""
        new, moved = self.parts(result)
        primal, tangent = self._writable(target, moved is not None)
        check_target(primal)
        store_plain(primal, new)
        if tangent is not None:
            tangent.copy_(tangent.new_zeros(()) if moved is None else moved)
        return target

    def check_draw(self) -> None:
        """Random numbers have no derivative: they are drawn as ever."""


def check_tangent(primal: Tensor, tangent: Tensor) -> None:
    """Refuse what cannot be the tangent of a tensor.

    Raises:
        ValueError: they are of integers.
        RuntimeError: they differ in shape.
    """
    for name, tensor in (("primal", primal), ("tangent", tangent)):
        if tensor.dtype.is_floating_point or tensor.dtype.is_complex:
            continue
        raise ValueError(f"Expected {name} to be floating point or complex, but got: {tensor.dtype}")
    if primal.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(primal.shape)} while the given forward gradient is of size "
            f"{list(tangent.shape)}."
        )


def _same(tensor: Tensor) -> Tensor:
    """Another tensor object for the same memory and history."""
    other = object.__new__(Tensor)
    for name in ("_array", "_edge", "_grad", "_view", "_cell"):
        setattr(other, name, getattr(tensor, name))
    return other


# --- the tangents of an op's outputs -----------------------------------------------------------------------------


def _by_rule(op: Any, primals: Sequence[Any]) -> bool:
    """Whether the tangents follow from the op itself, without differentiating its rule."""
    if op.name in _LINEAR or op.name in _BILINEAR or op.kind == "view":
        return True
    if op.name == "constant_pad":
        return True
    complex_numbers = op.complex_numbers or any(isinstance(p, Tensor) and p._array.dtype.kind == "c" for p in primals)
    return op.kind == "elementwise" and not op.variadic and (op.holomorphic or not complex_numbers)


def _tangents(op: Any, primals: list[Any], tangents: list[Any], options: dict[str, Any], out: Any) -> Any:
    if op.kind == "elementwise" and op.name not in _LINEAR:
        return _elementwise(op, primals, tangents, options, out)
    if op.name in _BILINEAR:
        return _product_rule(op, primals, tangents, options)
    if op.name == "constant_pad":
        options = {**options, "value": 0.0}
    found = op.call(*[_direction(p, t) for p, t in zip(primals, tangents, strict=True)], **options)
    kept = out if isinstance(out, Tensor) else found
    return found if not isinstance(kept, Tensor) or kept._array.dtype.kind in "fc" else None


def _direction(primal: Any, tangent: Tensor | None) -> Any:
    """The tangent; zeros for a tensor without; integers as they are."""
    if tangent is not None:
        return tangent
    if isinstance(primal, Tensor):
        return zeros_of(primal) if primal._array.dtype.kind in "fc" else primal
    return primal if primal is None else 0


def _product_rule(op: Any, primals: list[Any], tangents: list[Any], options: dict[str, Any]) -> Any:
    total = None
    for position in (0, 1):
        if tangents[position] is not None:
            inputs = list(primals)
            inputs[position] = tangents[position]
            if len(inputs) == 3:
                inputs[2] = None  # what is added does not count in a derivative
            part = op.call(*inputs, **options)
            total = part if total is None else total + part
    if len(tangents) == 3 and tangents[2] is not None:
        total = op.call(zeros_of(primals[0]), primals[1], tangents[2]) if total is None else total + tangents[2]
    return total


def _elementwise(op: Any, primals: list[Any], tangents: list[Any], options: dict[str, Any], out: Tensor) -> Any:
    """The sum of what each input's rule makes of its tangent."""
    shape = out._array.shape
    total = None
    for position, tangent in enumerate(tangents):
        rule = op.rules[0] if op.joint else op.rules[position]
        if tangent is None or rule is None:
            continue
        if tangent._array.shape != shape:
            tangent = tangent.expand(shape)
        needs = tuple([i == position for i in range(len(tangents))])
        part = rule.function(tangent, *[_word(op, w, primals, options, out, needs) for w in rule.words])
        part = part[position] if op.joint else part
        total = part if total is None else total + part
    if total is None or out._array.dtype.kind not in "fc":
        return None
    if not isinstance(total, Tensor):
        total = out.new_tensor(np.asarray(total))
    return total if total._array.shape == shape else total.expand(shape)


def _word(op: Any, word: str, primals: list[Any], options: dict[str, Any], out: Any, needs: tuple[bool, ...]) -> Any:
    """What a rule asks for by this name."""
    if word == "out":
        return out
    if word == "needs":
        return needs
    if word in op.defaults:
        return options[word]
    if word in op.inputs:
        return primals[op.inputs.index(word)]
    primal = primals[op.inputs.index(word.removesuffix("_shape"))]
    return primal._array.shape if isinstance(primal, Tensor) else ()


