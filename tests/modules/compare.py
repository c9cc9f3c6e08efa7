"""Making and calling modules in either package, and holding what comes back equal."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tinygrad_nn
import tinygrad_nn.nn

from .table import Input, Layer

SEED = 7
TOLERANCES = {"float64": (1e-9, 1e-10), "float32": (3e-4, 2e-5), "float16": (4e-3, 4e-3)}  # relative, absolute


@dataclass
class Answer:
    """What a module showed: text, names, and arrays by what they are."""

    text: str = ""
    names: list[str] = field(default_factory=list)  # of its state
    arrays: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)


class Side:
    """One of the two packages: ``torch``, or this one."""

    def __init__(self, package: Any) -> None:
        self.package = package

    def make(self, entry: Layer, dtype: str, training: bool) -> Any:
        """The module, with the initial state that the seed gives it."""
        self.package.manual_seed(SEED)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of options that are no longer used
            module = eval(entry.source, {"nn": self.package.nn, "torch": self.package})
        return module.train(training) if dtype == "float32" else module.double().train(training)

    def inputs(self, entry: Layer, dtype: str) -> tuple[list[Any], dict[str, Any], list[Any]]:
        """Arguments by position and by keyword, and those of them whose gradients are compared."""
        random = np.random.RandomState(zlib.crc32(entry.name.encode()) % 2**31)
        leaves: list[Any] = []

        def convert(value: Any) -> Any:
            if isinstance(value, Input):
                array = value.draw(random)
                floating = array.dtype.kind == "f"
                made = self.package.from_numpy(array.astype(dtype) if floating else array)
                if floating and value.gradient:
                    leaves.append(made.requires_grad_())
                return made
            if isinstance(value, np.ndarray):
                return self.package.from_numpy(value.copy())
            if isinstance(value, list | tuple):
                return type(value)(convert(v) for v in value)
            if isinstance(value, dict):
                return {k: convert(v) for k, v in value.items()}
            return value

        args = [convert(value) for value in entry.inputs]
        options = {name: convert(value) for name, value in entry.options.items()}
        if entry.prepare is not None:
            args = list(entry.prepare(self.package, args))
        return args, options, leaves

    def tensors(self, value: Any) -> Iterator[Any]:
        """The tensors in a result, in order."""
        if isinstance(value, self.package.Tensor):
            yield value
        elif isinstance(value, list | tuple):
            for part in value:
                yield from self.tensors(part)
        elif isinstance(value, dict):
            for part in value.values():
                yield from self.tensors(part)

    def answer(self, entry: Layer, dtype: str, training: bool) -> Answer:
        """Make the module, call it, go backward, and note down all that it shows."""
        module = self.make(entry, dtype, training)
        args, options, leaves = self.inputs(entry, dtype)
        self.package.manual_seed(SEED + 1)  # for dropout
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Answer(repr(module))
            self._note_state(found, "state before", module)
            for _ in range(entry.calls):
                result = module(*args, **options)
        result = result if entry.values is None else entry.values(result)
        outputs = list(self.tensors(result))
        for number, output in enumerate(outputs):
            found.arrays[f"output {number}"] = to_array(output)
        found.text = repr(module) if "Lazy" in entry.source else found.text
        self._note_gradients(found, entry, module, outputs, leaves)
        self._note_state(found, "state after", module)
        found.names = list(module.state_dict())
        return found

    def _state(self, module: Any) -> dict[str, np.ndarray[Any, Any]]:
        """The tensors of a module's state that have a shape."""
        state = module.state_dict().items()
        kind = self.package.Tensor
        known = {name: t for name, t in state if isinstance(t, kind) and "Uninitialized" not in type(t).__name__}
        return {name: to_array(tensor) for name, tensor in known.items()}

    def _note_state(self, found: Answer, what: str, module: Any) -> None:
        found.arrays.update({f"{what}: {name}": array for name, array in self._state(module).items()})

    def _note_gradients(self, found: Answer, entry: Layer, module: Any, outputs: list[Any], leaves: list[Any]) -> None:
        parameters = dict(module.named_parameters())
        wanted = {**{f"input {n}": leaf for n, leaf in enumerate(leaves)}, **parameters}
        wanted = {name: tensor for name, tensor in wanted.items() if tensor.requires_grad}
        recorded = [output for output in outputs if output.requires_grad]
        if not recorded or not wanted:
            return
        grad = self.package.autograd.grad
        start = [self._weights(output, 1) for output in recorded]
        first = grad(recorded, [*wanted.values()], start, create_graph=entry.second, allow_unused=True)
        for name, gradient in zip(wanted, first, strict=True):
            if gradient is not None:
                found.arrays[f"gradient: {name}"] = to_array(gradient)
        again = [gradient for gradient in first if gradient is not None and gradient.requires_grad]
        if not entry.second or not again:
            return
        start = [self._weights(gradient, 2) for gradient in again]
        for name, gradient in zip(wanted, grad(again, [*wanted.values()], start, allow_unused=True), strict=True):
            if gradient is not None:
                found.arrays[f"second gradient: {name}"] = to_array(gradient)

    def _weights(self, like: Any, seed: int) -> Any:
        """Gradients to start from: the same for the same shape."""
        values = np.random.RandomState(seed).uniform(0.5, 1.5, tuple(like.shape))
        return self.package.from_numpy(np.asarray(values, to_array(like).dtype))

    def refusal(self, entry: Layer, training: bool) -> tuple[Exception | None, bool]:
        """The error of making or calling the module; and whether it left the state as it was."""
        try:
            module = self.make(entry, "float32", training)
        except Exception as error:
            return error, True
        args, options, _ = self.inputs(entry, "float32")
        before = self._state(module)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module(*args, **options)
        except Exception as error:
            after = self._state(module)
            same = before.keys() == after.keys() and all(np.array_equal(before[name], after[name]) for name in before)
            return error, same
        return None, True


def to_array(tensor: Any) -> np.ndarray[Any, Any]:
    """A tensor's values, on their own."""
    return np.array(tensor.detach().numpy(force=True))  # PyTorch has zeros without memory


def hold_same(entry: Layer, what: str, ours: Answer, theirs: Answer, *, shown: bool = True) -> None:
    """This package's answer is PyTorch's."""
    if shown:
        assert ours.text == theirs.text, what
    assert ours.names == theirs.names, what
    # a gradient that is missing on one side must be zero on the other
    for name in dict.fromkeys([*theirs.arrays, *ours.arrays]):
        expected, actual = theirs.arrays.get(name), ours.arrays.get(name)
        if "gradient" in name:
            some = expected if actual is None else actual
            assert some is not None
            expected = np.zeros_like(some) if expected is None else expected
            actual = np.zeros_like(some) if actual is None else actual
        assert actual is not None, f"{what}: no {name}"
        assert expected is not None, f"{what}: PyTorch has no {name}"
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape), (
            f"{what}: {name} is {actual.dtype}{list(actual.shape)}, PyTorch: {expected.dtype}{list(expected.shape)}"
        )
        if expected.dtype.kind not in "fc":
            np.testing.assert_array_equal(actual, expected, err_msg=f"{what}: {name} (y: PyTorch)")
            continue
        relative, absolute = TOLERANCES[str(expected.dtype)]
        factor = entry.tolerance * (10 if name.startswith("second") else 1)
        finite = np.abs(expected[np.isfinite(expected)])
        np.testing.assert_allclose(
            actual, expected, rtol=factor * relative, atol=factor * absolute * max(1.0, float(finite.max(initial=0))),
            err_msg=f"{what}: {name} (y: PyTorch)",
        )  # fmt: skip


OURS = Side(tinygrad_nn)
