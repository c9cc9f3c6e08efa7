"""L-BFGS: Newton's method with a Hessian guessed from the last steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core.blas import add_scaled
from .._core.modes import enable_grad
from .._core.tensor import Tensor, wrap
from .given import check_rate
from .optimizer import Array, Optimizer
from .strong_wolfe import Point, search

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """L-BFGS (Liu and Nocedal, 1989), for smooth functions that are computed on all data at once.

    A step runs up to ``max_iter`` iterations. Each goes along ``-H g``, where H, the inverse Hessian, is guessed from
    the differences of the last points and their gradients: by ``lr``, or as far as a line search finds best.

    Args:
        params: tensors to optimize; there is one group only.
        lr: how far to go along the direction, or where the line search starts.
        max_iter: the most iterations in a step.
        max_eval: the most evaluations of the function in a step, ``max_iter * 5 // 4`` if not given.
        tolerance_grad: stop when no gradient is larger.
        tolerance_change: stop when neither the function nor a parameter changes by more.
        history_size: from how many points the Hessian is guessed.
        line_search_fn: "strong_wolfe" or None.

    Raises:
        ValueError: the learning rate is negative, or there are several groups.
        RuntimeError: (in `step`) there is no such line search.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html, https://doi.org/10.1007/BF01589116

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([-1.5, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.LBFGS([x], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        ...     loss.backward()
        ...     return loss
        >>> for _ in range(4):
        ...     loss = optimizer.step(closure)
        >>> x
        tensor([1.0000, 1.0000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_rate(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self) -> list[Tensor]:
        params: list[Tensor] = self.param_groups[0]["params"]
        return params

    def step(self, closure: Callable[[], Any]) -> Any:
        """Run up to ``max_iter`` iterations.

        Args:
            closure: computes the loss anew, with its gradients, and returns it.

        Returns:
            The loss before the step.
        """
        group = self.param_groups[0]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported, got {group['line_search_fn']!r}")
        closure = enable_grad()(closure)
        state = self.state[self._params[0]]  # there is one state for all, kept with the first parameter
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = closure()
        state["func_evals"] += 1
        gradient = self._flat_gradient()
        if np.abs(gradient).max() <= group["tolerance_grad"]:
            return first_loss
        self._iterate(closure, group, state, float(first_loss), gradient)
        return first_loss

    def _iterate(
        self, closure: Callable[[], Any], group: dict[str, Any], state: dict[str, Any], loss: float, gradient: Array
    ) -> None:
        memory = History(state, group["history_size"])
        lr, most = _scalar(group["lr"]), group["max_iter"]
        evaluations = 1
        for iteration in range(1, most + 1):
            state["n_iter"] += 1
            is_first = state["n_iter"] == 1
            direction = memory.direction(gradient)
            memory.gradient, memory.loss = gradient, loss
            memory.length = min(1.0, 1.0 / np.abs(gradient).sum()) * lr if is_first else lr
            slope = np.dot(gradient, direction)
            if slope > -group["tolerance_change"]:
                break
            used = 0
            if group["line_search_fn"] is not None:
                start = Point(0, loss, gradient, slope)
                found, used = self._search(closure, start, memory, group["max_eval"] - evaluations)
                loss, gradient, memory.length = found.value, found.gradient, found.at
                self._move(memory.length, direction)
            else:
                self._move(memory.length, direction)
                if iteration != most:  # the last point is evaluated by the next step
                    loss, gradient, used = float(closure()), self._flat_gradient(), 1
            evaluations += used
            state["func_evals"] += used
            if (
                evaluations >= group["max_eval"]
                or np.abs(gradient).max() <= group["tolerance_grad"]
                or np.abs(direction * memory.length).max() <= group["tolerance_change"]
                or abs(loss - memory.loss) < group["tolerance_change"]
            ):
                break
        memory.store(state)

    def _search(
        self, closure: Callable[[], Any], start: Point, memory: History, evaluations: int
    ) -> tuple[Point, int]:
        """The line search, which leaves the parameters where they are."""
        before = [param._array.copy() for param in self._params]
        direction = memory.d

        def evaluate(length: Any) -> Point:
            self._move(length, direction)
            loss = float(closure())
            gradient = self._flat_gradient()
            for param, array in zip(self._params, before, strict=True):
                np.copyto(param._array, array)
                param._cell[0] += 1
            return Point(length, loss, gradient, np.dot(gradient, direction))

        largest = np.abs(direction).max()
        return search(evaluate, memory.length, start, largest, evaluations=evaluations)

    def _flat_gradient(self) -> Array:
        """All gradients in one array, zeros where there is none; complex numbers as two real ones."""
        parts = []
        for param in self._params:
            array = np.zeros_like(param._array) if param._grad is None else param._grad._array
            flat = np.ascontiguousarray(array).reshape(-1)
            parts.append(flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat)
        return np.concatenate(parts)

    def _move(self, length: Any, direction: Array) -> None:
        """``p += length * direction``."""
        start = 0
        for param in self._params:
            array = param._array
            size = array.size * (2 if array.dtype.kind == "c" else 1)
            part = direction[start : start + size] * length
            array += part.view(array.dtype).reshape(array.shape)
            param._cell[0] += 1
            start += size


class History:
    """What L-BFGS remembers: the last differences of points and gradients.

    Args:
        state: the optimizer's, with PyTorch's names.
        size: how many differences are kept.
    """

    def __init__(self, state: dict[str, Any], size: int) -> None:
        self.size = size
        self.count = state["n_iter"]
        self.d: Array = _array(state.get("d"))
        self.length: Any = _scalar(state.get("t"))
        self.changes: list[Array] = [_array(y) for y in state.get("old_dirs") or []]  # of the gradient
        self.moves: list[Array] = [_array(s) for s in state.get("old_stps") or []]
        self.inverses: list[Any] = [_scalar(r) for r in state.get("ro") or []]  # 1 / (y . s)
        self.scale: Any = _scalar(state.get("H_diag", 1))
        self.weights: list[Any] | None = state.get("al")
        self.gradient: Array = _array(state.get("prev_flat_grad"))
        self.loss: Any = state.get("prev_loss")

    def direction(self, gradient: Array) -> Array:
        """``-H g``, by the two loops over the history (Nocedal and Wright, algorithm 7.4)."""
        self.count += 1
        if self.count == 1:
            self.d = -gradient
            return self.d
        self._remember(gradient - self.gradient, self.d * self.length)
        number = len(self.changes)
        weights: list[Any] = [None] * number
        d = -gradient
        for i in reversed(range(number)):
            weights[i] = np.dot(self.moves[i], d) * self.inverses[i]
            add_scaled(d, -weights[i], self.changes[i])
        d *= self.scale
        for i in range(number):
            weight = np.dot(self.changes[i], d) * self.inverses[i]
            add_scaled(d, weights[i] - weight, self.moves[i])
        kept = [None] * self.size if self.weights is None else [_scalar(w) for w in self.weights]
        self.weights = [*weights, *kept[number:]]
        self.d = d
        return d

    def _remember(self, change: Array, move: Array) -> None:
        curvature = np.dot(change, move)
        if not curvature > 1e-10:
            return
        if len(self.changes) == self.size:
            del self.changes[0], self.moves[0], self.inverses[0]
        self.changes.append(change)
        self.moves.append(move)
        self.inverses.append(1.0 / curvature)
        self.scale = curvature / np.dot(change, change)

    def store(self, state: dict[str, Any]) -> None:
        """Write everything into the optimizer's state."""
        found = {
            "al": None if self.weights is None else [_stored(w) for w in self.weights],
            "d": wrap(self.d),
            "t": _stored(self.length),
            "old_dirs": [wrap(y) for y in self.changes],
            "old_stps": [wrap(s) for s in self.moves],
            "ro": [_stored(r) for r in self.inverses],
            "H_diag": _stored(self.scale),
            "prev_flat_grad": wrap(self.gradient),
            "prev_loss": self.loss,
        }
        state.update({name: value for name, value in found.items() if value is not None})


def _array(value: Tensor | None) -> Any:
    return None if value is None else value._array


def _scalar(value: Any) -> Any:
    """A number; that in a tensor keeps its type."""
    return value._array.reshape(())[()] if isinstance(value, Tensor) else value


def _stored(value: Any) -> Any:
    """What PyTorch keeps in a tensor, in one."""
    return wrap(np.array(value)) if isinstance(value, np.generic) else value
