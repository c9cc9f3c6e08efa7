"""Calling PyTorch and this package alike, and holding what comes back equal."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tinygrad_nn

from .drawing import Constant
from .table import Call, Drawn

RELATIVE = {"f8": 1e-9, "c16": 1e-9, "f4": 3e-4, "c8": 3e-4, "f2": 4e-3}


@dataclass
class Answer:
    """What a call gave: an error, or results with their gradients."""

    error: BaseException | None = None
    results: list[Any] = field(default_factory=list)  # arrays, and whatever else
    recorded: list[bool] = field(default_factory=list)  # which results require grad
    gradients: list[Any] | None = None  # of the floating point inputs; None: there are none
    second: list[Any] | None = None
    warned: bool = False


class Side:
    """One of the two packages: `torch`, or this one."""

    def __init__(self, package: Any) -> None:
        self.package = package
        self.ours = package is tinygrad_nn

    def find(self, name: str) -> Any:
        found = self.package
        for part in name.split("."):
            found = getattr(found, part, None)
        return found

    def tensor(self, array: np.ndarray[Any, Any]) -> Any:
        """A tensor of its own memory, laid out as the array is."""
        copy = np.empty(0, array.dtype)
        if array.size:
            span = sum((n - 1) * abs(s) for n, s in zip(array.shape, array.strides, strict=True)) // array.itemsize + 1
            copy = np.zeros(span, array.dtype)
            copy = np.lib.stride_tricks.as_strided(copy, array.shape, array.strides)
            copy[...] = array
        else:
            copy = np.zeros(array.shape, array.dtype)
        return self.package.from_numpy(copy)

    def convert(self, value: Any, leaves: list[Any]) -> Any:
        """An argument as this package takes it; floating point tensors are noted in `leaves`."""
        if isinstance(value, np.ndarray):
            made = self.tensor(value)
            if value.dtype.kind in "fc" and not isinstance(value, Constant):
                leaves.append(made)
            return made
        if isinstance(value, np.dtype):
            return getattr(self.package, {"bool": "bool"}.get(value.name, value.name))
        if isinstance(value, list | tuple):
            return type(value)(self.convert(v, leaves) for v in value)
        return value

    def flat(self, value: Any) -> list[Any]:
        """The tensors and the rest of a result, in order."""
        if isinstance(value, self.package.Tensor):
            return [value]
        if isinstance(value, self.package.Size):
            return [tuple(value)]
        if isinstance(value, list | tuple):
            names = [type(value).__name__] if hasattr(value, "values") or hasattr(value, "n_fields") else []
            return [item for part in value for item in self.flat(part)] + names * 0
        if isinstance(value, self.package.dtype):
            return [str(value)]
        return [value]

    def forms(self, drawn: Drawn, call: Call) -> list[str]:
        """The forms in which this function can be called with these arguments."""
        found = []
        short = drawn.name.removeprefix("Tensor.")
        function = None if drawn.name.startswith("Tensor.") else self.find(drawn.name)
        on_tensor = bool(call.args) and isinstance(call.args[0], np.ndarray)
        if "function" in drawn.forms and function is not None:
            found.append("function")
        if "method" in drawn.forms and on_tensor and hasattr(self.package.Tensor, short):
            found.append("method")
        if "inplace" in drawn.forms and on_tensor and hasattr(self.package.Tensor, f"{short}_"):
            found.append("inplace")
        documented = getattr(function, "__doc__", None) or ""
        if "out" in drawn.forms and "out=None" in documented.split("\n\n")[0]:
            found.append("out")
        return found

    def call(self, drawn: Drawn, call: Call, form: str, args: list[Any], options: dict[str, Any]) -> Any:
        short = drawn.name.removeprefix("Tensor.")
        if form == "function":
            return self.find(drawn.name)(*args, **options)
        if form == "out":
            plain = self.find(drawn.name)(*args, **options)
            if not isinstance(plain, self.package.Tensor):
                return plain
            out = self.package.empty(0, dtype=plain.dtype)
            result = self.find(drawn.name)(*args, out=out, **options)
            assert result is out, f"{drawn.name}(out=...) does not return the tensor given"
            return result
        if form == "method":
            return getattr(args[0], short)(*args[1:], **options)
        target = args[0].clone() if args[0].requires_grad else args[0]
        result = getattr(target, f"{short}_")(*args[1:], **options)
        assert result is target, f"{short}_ does not return its tensor"
        return result

    def answer(self, drawn: Drawn, call: Call, form: str, *, gradient: bool, quiet: bool) -> Answer:
        """What comes of the call."""
        with warnings.catch_warnings(record=quiet) as caught:
            warnings.simplefilter("always" if quiet else "error")
            answer = self._answer(drawn, call, form, gradient)
        answer.warned = bool(caught)
        return answer

    def _answer(self, drawn: Drawn, call: Call, form: str, gradient: bool) -> Answer:
        self.package.manual_seed(0)  # for the functions that draw
        leaves: list[Any] = []
        args = [self.convert(a, leaves) for a in call.args]
        options = {k: self.convert(v, leaves) for k, v in call.options.items()}
        if gradient and form != "out":
            for leaf in leaves:
                leaf.requires_grad_()
        try:
            result = self.call(drawn, call, form, args, options)
            if drawn.values is not None:
                result = drawn.values(result)
        except Exception as error:
            return Answer(error=error)
        following = self.package.rand(1).item()  # as many random numbers have been drawn
        produced = self.flat(result)
        tensors = [t for t in produced if isinstance(t, self.package.Tensor)]
        answer = Answer(
            results=[*[to_array(t) if isinstance(t, self.package.Tensor) else t for t in produced], following],
            recorded=[t.requires_grad for t in tensors],
        )
        if not gradient or form == "out":
            return answer
        ends = [t for t in tensors if t.requires_grad]
        if ends and leaves:
            answer.gradients, answer.second = self.gradients(ends, leaves, drawn.second)
        return answer

    def gradients(self, ends: list[Any], leaves: list[Any], second: bool) -> tuple[Any, Any]:
        given = [self.package.from_numpy(weights(to_array(t), 1)) for t in ends]
        try:
            first = self.grad(ends, leaves, given, second)
        except RuntimeError as error:
            if not self.ours and ("is not implemented" in str(error) or "not implemented for" in str(error)):
                return None, None
            raise
        values = [None if t is None else to_array(t) for t in first]
        onward = [t for t in first if t is not None and t.requires_grad]
        if not second or not onward:
            return values, None
        given = [self.package.from_numpy(weights(to_array(t), 2)) for t in onward]
        try:
            return values, [None if t is None else to_array(t) for t in self.grad(onward, leaves, given, False)]
        except RuntimeError as error:
            if not self.ours and "is not implemented" in str(error):
                return values, None
            raise

    def grad(self, ends: list[Any], leaves: list[Any], given: list[Any], create_graph: bool) -> Any:
        return self.package.autograd.grad(ends, leaves, given, create_graph=create_graph, allow_unused=True)


def to_array(tensor: Any) -> np.ndarray[Any, Any]:
    """A tensor's values, on their own."""
    detached = tensor.detach()
    for name in ("resolve_conj", "resolve_neg"):
        if hasattr(detached, name):
            detached = getattr(detached, name)()
    return np.array(detached.numpy(force=True))  # of PyTorch's zeros without memory, too


def weights(like: np.ndarray[Any, Any], seed: int) -> np.ndarray[Any, Any]:
    """Gradients to start from: the same for the same shape."""
    random = np.random.RandomState(seed)
    values = np.asarray(random.uniform(0.5, 1.5, like.shape))
    if like.dtype.kind == "c":
        values = values + 1j * np.asarray(random.uniform(-1, 1, like.shape))
    return np.asarray(values, like.dtype)


def hold_equal(where: str, actual: Any, expected: Any, tolerance: float, least: float = 0.0) -> None:
    """Two arrays (or whatever else) are equal, but for rounding.

    Args:
        where, actual, expected: what is compared.
        tolerance: a factor on the permitted difference.
        least: a relative difference that is permitted in any case: that of the coarsest type in the call.
    """
    if not isinstance(expected, np.ndarray):
        assert type(actual) is type(expected), f"{where}: {actual!r}, PyTorch: {expected!r}"
        assert actual == expected or (actual != actual and expected != expected), f"{where}: {actual!r}, {expected!r}"
        return
    assert isinstance(actual, np.ndarray), f"{where}: {actual!r}, PyTorch: {expected!r}"
    assert (str(actual.dtype), actual.shape) == (str(expected.dtype), expected.shape), (
        f"{where}: {actual.dtype}{list(actual.shape)}, PyTorch: {expected.dtype}{list(expected.shape)}"
    )
    relative = max(RELATIVE.get(expected.dtype.str[1:], 0.0), least) * tolerance
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=0.0) if expected.dtype.kind in "fc" else 0.0
    absolute = 0.1 * relative * max(float(scale), 1.0)
    infinite = expected.dtype.kind == "c" and np.isinf(expected).any()  # of which the other part is compared as well
    for part in ("real", "imag") if infinite else ("",):
        pair = (getattr(actual, part), getattr(expected, part)) if part else (actual, expected)
        np.testing.assert_allclose(*pair, rtol=relative, atol=absolute, err_msg=f"{where} (y: PyTorch)")


def hold_same(drawn: Drawn, what: str, ours: Answer, theirs: Answer) -> None:
    """This package's answer is PyTorch's."""
    if theirs.error is not None:
        assert ours.error is not None, f"{what}: PyTorch raises {theirs.error!r}; got {ours.results!r}"
        kind = type(theirs.error)
        if kind.__module__ != "builtins":  # PyTorch's own, such as LinAlgError: by name, and by what it is derived from
            assert type(ours.error).__name__ == kind.__name__.strip("_"), f"{what}: {ours.error!r}; {theirs.error!r}"
            kind = kind.__mro__[1]
        assert isinstance(ours.error, kind), f"{what}: {ours.error!r}; PyTorch: {theirs.error!r}"
        return
    if ours.error is not None:
        raise AssertionError(f"{what}: raises {ours.error!r}; PyTorch: {theirs.results!r}") from ours.error
    assert len(ours.results) == len(theirs.results), f"{what}: {ours.results!r}; PyTorch: {theirs.results!r}"
    for number, (actual, expected) in enumerate(zip(ours.results, theirs.results, strict=True)):
        hold_equal(f"{what}: result {number}", actual, expected, drawn.tolerance)
    if theirs.gradients is None:
        return
    assert ours.recorded == theirs.recorded, f"{what}: requires_grad is {ours.recorded}; PyTorch: {theirs.recorded}"
    hold_gradients(f"{what}: gradient", ours.gradients, theirs.gradients, drawn.tolerance, coarsest(theirs))
    if theirs.second is not None:
        hold_gradients(f"{what}: second gradient", ours.second, theirs.second, 10 * drawn.tolerance, coarsest(theirs))


def coarsest(answer: Answer) -> float:
    """The relative difference that the coarsest type among results and gradients has."""
    arrays = [a for a in [*answer.results, *(answer.gradients or ())] if isinstance(a, np.ndarray)]
    return max([RELATIVE.get(array.dtype.str[1:], 0.0) for array in arrays], default=0.0)


def hold_gradients(what: str, ours: list[Any] | None, theirs: list[Any], tolerance: float, least: float) -> None:
    """Gradients are equal; none at all counts as zeros."""
    ours = ours if ours is not None else [None] * len(theirs)
    for number, (actual, expected) in enumerate(zip(ours, theirs, strict=True)):
        if expected is None and actual is None:
            continue
        some = actual if expected is None else expected
        actual = np.zeros_like(some) if actual is None else actual
        expected = np.zeros_like(some) if expected is None else expected
        hold_equal(f"{what} of input {number}", actual, expected, tolerance, least)


def compare(torch: Any, drawn: Drawn, call: Call, form: str, *, gradient: bool = True) -> None:
    """Call both packages, and hold their answers the same."""
    theirs = Side(torch).answer(drawn, call, form, gradient=gradient and drawn.gradient, quiet=True)
    ours = Side(tinygrad_nn).answer(drawn, call, form, gradient=gradient and drawn.gradient, quiet=theirs.warned)
    hold_same(drawn, f"{drawn.name}{call!r} as {form}", ours, theirs)


def forms(torch: Any, drawn: Drawn, call: Call) -> list[str]:
    """The forms that PyTorch has: this package must have them, too."""
    return Side(torch).forms(drawn, call)


Comparison = Callable[..., None]
