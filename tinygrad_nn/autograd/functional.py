"""Derivatives of functions at a point: Jacobians, Hessians, and their products with vectors.

`func` has the same as functions of functions; these here compute at once, and take ``strict`` and ``create_graph``.

Source: https://docs.pytorch.org/docs/stable/autograd.html#functional-higher-level-api
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .._core.gradients import grad
from .._core.modes import modes
from .._core.tensor import Tensor
from .._core.zeros import zeros_of
from .._transforms.basis import split_columns, split_rows, unit_vectors
from .._transforms.forward import RunningJvp
from .._transforms.tangents import dual
from .._transforms.vmapping import vmap
from ..ops.join import stack
from .strictness import check_requires_grad, filled

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = tuple[Tensor, ...]
Given = Tensor | tuple[Tensor, ...]

_OUTPUTS = "outputs of the user-provided function"

# --- what is given, and what is returned -------------------------------------------------------------------------


def _tuple(given: Any, what: str, name: str) -> tuple[bool, Tensors]:
    """Whether it is a tuple, and the tensors.

    Raises:
        TypeError: something is no tensor.
    """
    several = isinstance(given, tuple)
    tensors = given if several else (given,)
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            where = f"value at index {position}" if several else f"given {what}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the {where} has type "
                f"{type(tensor)}."
            )
    return several, tensors


def _fresh(tensors: Tensors, create_graph: bool, required: bool) -> Tensors:
    """Tensors of our own, as those that were given may also reach the function in another way."""
    return tuple([
        x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_(required) for x in tensors
    ])  # fmt: skip


def _released(tensors: Any, create_graph: bool) -> Any:
    """Results, without the graph unless it was asked for."""
    if create_graph:
        return tensors
    return tuple([t.detach() if isinstance(t, Tensor) else _released(t, create_graph) for t in tensors])


def _unpacked(result: Any, outer: bool, inner: bool | None = None) -> Any:
    """A tuple, or a tuple of tuples, without what was added for tensors that were given alone."""
    if inner is False:
        result = tuple([each[0] for each in result])
    return result if outer else result[0]


@contextmanager
def _recording(enabled: bool = True) -> Iterator[None]:
    before, modes.grad = modes.grad, enabled
    try:
        yield
    finally:
        modes.grad = before


def _grad(
    outputs: Sequence[Tensor | None], inputs: Tensors, grad_outputs: Sequence[Any] | None = None, *,
    create_graph: bool = False, retain_graph: bool | None = None, is_grads_batched: bool = False,
) -> tuple[Tensor | None, ...]:  # fmt: skip
    """`grad`, which leaves out outputs that need none."""
    weights = (None,) * len(outputs) if grad_outputs is None else grad_outputs
    pairs = [(o, w) for o, w in zip(outputs, weights, strict=True) if o is not None and o.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    found: tuple[Tensor | None, ...] = grad(
        [o for o, _ in pairs], inputs, [w for _, w in pairs], retain_graph, create_graph, allow_unused=True,
        is_grads_batched=is_grads_batched,
    )  # fmt: skip
    return found


def _vector(v: Any, others: Tensors, several: bool, name: str, create_graph: bool, missing: str) -> Any:
    """The vector to multiply by, of the shapes of other tensors; None, which stands for 1, for a single element.

    Raises:
        RuntimeError: it has other shapes, or is left out though there are more elements.
    """
    if v is None:
        if len(others) != 1 or others[0].numel() != 1:
            raise RuntimeError(missing)
        return None
    _, vectors = _tuple(v, "v", name)
    vectors = _fresh(vectors, create_graph, required=False)
    if len(others) != len(vectors):
        if several:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(others)} but got {len(vectors)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for position, (vector, other) in enumerate(zip(vectors, others, strict=True)):
        if vector.shape != other.shape:
            where = f"Entry {position} in " if several else ""
            raise RuntimeError(f"{where}v has invalid size: should be {other.shape} but got {vector.shape}.")
    return vectors


_NO_V_OUTPUT = (
    "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
)
_NO_V_INPUT = (
    "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
)

# --- products with the Jacobian ----------------------------------------------------------------------------------


def vjp(
    func: Callable[..., Any], inputs: Given, v: Given | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The product of a vector and the Jacobian, ``v^T J``: what a backward pass computes.

    Args:
        func: of tensors; gives a tensor, or a tuple of tensors.
        inputs: a tensor, or a tuple of tensors.
        v: of the shapes of the outputs; may be left out for a single number.
        create_graph: record the computation, so that both results can be differentiated.
        strict: refuse an input on which no output depends. Otherwise its product is zeros.

    Returns:
        ``(outputs, product)``, of which the product has the shapes of the inputs.

    Raises:
        TypeError: something is no tensor.
        RuntimeError: `v` has other shapes; or what `strict` refuses.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vjp.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.autograd.functional import vjp
        >>> vjp(lambda x: x ** 2, tg.tensor([1.0, 3.0]), tg.tensor([1.0, 10.0]))
        (tensor([1., 9.]), tensor([ 2., 60.]))
    """
    with _recording():
        several, given = _tuple(inputs, "inputs", "vjp")
        given = _fresh(given, create_graph, required=True)
        several_outputs, outputs = _tuple(func(*given), _OUTPUTS, "vjp")
        check_requires_grad(outputs, "outputs", strict)
        vectors = _vector(v, outputs, several_outputs, "vjp", create_graph, _NO_V_OUTPUT)
    with _recording(create_graph or modes.grad):
        found = _grad(outputs, given, vectors, create_graph=create_graph)
        product = filled(found, given, strict, create_graph, "back")
    return (
        _unpacked(_released(outputs, create_graph), several_outputs),
        _unpacked(_released(product, create_graph), several),
    )


def jvp(
    func: Callable[..., Any], inputs: Given, v: Given | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The product of the Jacobian and a vector, ``J v``, by differentiating backward twice. (`func.jvp` is quicker.)

    Args:
        func: of tensors; gives a tensor, or a tuple of tensors.
        inputs: a tensor, or a tuple of tensors.
        v: of the shapes of the inputs; may be left out for a single number.
        create_graph: record the computation, so that both results can be differentiated.
        strict: refuse an input on which no output depends, and an output whose gradient does not depend on ``v``.

    Returns:
        ``(outputs, product)``, both of the shapes of the outputs.

    Raises:
        TypeError: something is no tensor.
        RuntimeError: `v` has other shapes; or what `strict` refuses.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jvp.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.autograd.functional import jvp
        >>> jvp(lambda x: x.sum() ** 2, tg.tensor([1.0, 3.0]), tg.tensor([1.0, 10.0]))
        (tensor(16.), tensor(88.))
    """
    with _recording():
        several, given = _tuple(inputs, "inputs", "jvp")
        given = _fresh(given, create_graph, required=True)
        vectors = _vector(v, given, several, "jvp", create_graph, _NO_V_INPUT)
        several_outputs, outputs = _tuple(func(*given), _OUTPUTS, "jvp")
        check_requires_grad(outputs, "outputs", strict)
        weights = tuple([zeros_of(o).requires_grad_() for o in outputs])
        pulled = _grad(outputs, given, weights, create_graph=True)
        check_requires_grad(pulled, "grad_inputs", strict)
    with _recording(create_graph or modes.grad):
        found = _grad(pulled, weights, vectors, create_graph=create_graph)
        product = filled(found, outputs, strict, create_graph, "back_trick")
    return (
        _unpacked(_released(outputs, create_graph), several_outputs),
        _unpacked(_released(product, create_graph), several_outputs),
    )


# --- Jacobians ---------------------------------------------------------------------------------------------------


def jacobian(
    func: Callable[..., Any], inputs: Given, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """All derivatives of all outputs: for an output (\\*m) and an input (\\*n) a tensor of shape (\\*m, \\*n).

    Args:
        func: of tensors; gives a tensor, or a tuple of tensors.
        inputs: a tensor, or a tuple of tensors.
        create_graph: record the computation, so that the result can be differentiated.
        strict: refuse outputs that do not depend on an input. Otherwise the derivative is zeros.
        vectorize: compute all rows in one backward pass, by `vmap`, instead of one after the other.
        strategy: "reverse-mode", or, with `vectorize`, "forward-mode", for fewer inputs than outputs.

    Returns:
        A tensor; or tuples, one for each output, with one tensor for each input, where there are several.

    Raises:
        TypeError: something is no tensor.
        RuntimeError, NotImplementedError, AssertionError: the options do not go together, or what `strict` refuses.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jacobian.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.autograd.functional.jacobian(lambda x: x ** 2, tg.tensor([1.0, 2.0]), vectorize=True)
        tensor([[2., 0.],
                [0., 4.]])
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        return _forward_jacobian(func, inputs, create_graph, strict, vectorize)
    with _recording():
        several, given = _tuple(inputs, "inputs", "jacobian")
        given = _fresh(given, create_graph, required=True)
        several_outputs, outputs = _tuple(func(*given), _OUTPUTS, "jacobian")
        check_requires_grad(outputs, "outputs", strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        if vectorize:
            found = _all_rows(outputs, given, create_graph)
        else:
            found = tuple([_row_by_row(i, o, given, create_graph, strict) for i, o in enumerate(outputs)])
    return _unpacked(_released(found, create_graph), several_outputs, several)


def _all_rows(outputs: Tensors, inputs: Tensors, create_graph: bool) -> tuple[Tensors, ...]:
    total = sum([output.numel() for output in outputs])
    basis = unit_vectors(outputs, 0, total)
    found = _grad(outputs, inputs, basis, create_graph=create_graph, is_grads_batched=True)
    rows = [
        zeros_of(x).expand(total, *x.shape) if g is None else g for g, x in zip(found, inputs, strict=True)
    ]
    by_input = [split_rows(stacked, outputs, x) for stacked, x in zip(rows, inputs, strict=True)]
    return tuple(zip(*by_input, strict=True))


def _row_by_row(number: int, output: Tensor, inputs: Tensors, create_graph: bool, strict: bool) -> Tensors:
    columns: list[list[Tensor]] = [[] for _ in inputs]
    flat = output.reshape(-1)
    for place in range(output.numel()):
        found = _grad((flat[place],), inputs, create_graph=create_graph, retain_graph=True)
        for position, (column, gradient, x) in enumerate(zip(columns, found, inputs, strict=True)):
            if gradient is None and strict:
                raise RuntimeError(
                    f"Output {number} of the user-provided function is independent of input {position}. This is not "
                    "allowed in strict mode."
                )
            if strict and create_graph and gradient is not None and not gradient.requires_grad:
                raise RuntimeError(
                    f"The jacobian of the user-provided function is independent of input {number}. This is not allowed "
                    "in strict mode when create_graph=True."
                )
            column.append(zeros_of(x) if gradient is None else gradient)
    return tuple([
        stack(column).reshape((*output.shape, *x.shape)) if column else x.new_zeros((*output.shape, *x.shape))
        for column, x in zip(columns, inputs, strict=True)
    ])  # fmt: skip


def _forward_jacobian(func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool, vectorize: bool) -> Any:
    if create_graph:
        raise NotImplementedError(
            "torch.autograd.functional.jacobian: `create_graph=True` and `strategy=\"forward-mode\"` are not supported "
            "together (yet). Please either set `create_graph=False` or `strategy=\"reverse-mode\"`."
        )
    if strict:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `strategy=\"forward-mode\"` are not supported "
            "together (yet). Please either set `strict=False` or `strategy=\"reverse-mode\"`."
        )
    several, given = _tuple(inputs, "inputs", "jacobian")
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for "
            "`vectorize=True`."
        )
    several_outputs: list[bool] = []

    def push(*tangents: Tensor) -> Tensors:
        level = RunningJvp()
        level.enter()
        try:
            result = func(*[dual(x.view_as(x), t, level) for x, t in zip(given, tangents, strict=True)])
            several, outputs = _tuple(result, "outputs", "jacobian")
            pairs = [level.parts(output) for output in outputs]
        finally:
            level.leave()
        several_outputs.append(several)
        return tuple([zeros_of(p) if t is None else t for p, t in pairs])

    basis = unit_vectors(given, 0, sum([x.numel() for x in given]))
    found = tuple([tuple(split_columns(stacked, given)) for stacked in vmap(push)(*basis)])
    return _unpacked(found, several_outputs[0], several)


def hessian(
    func: Callable[..., Any], inputs: Given, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """All second derivatives of a function that gives one number: for an input (\\*n) a tensor of shape (\\*n, \\*n).

    Args:
        func: of tensors; gives a tensor of one element.
        inputs: a tensor, or a tuple of tensors.
        create_graph: record the computation, so that the result can be differentiated.
        strict: refuse inputs that the output, or the gradient, does not depend on.
        vectorize: compute all rows at once, by `vmap`.
        outer_jacobian_strategy: how the gradient is differentiated: "reverse-mode", or, with `vectorize`,
            "forward-mode".

    Returns:
        A tensor; for a tuple of inputs, a tuple of tuples with one for each pair.

    Raises:
        TypeError: something is no tensor.
        RuntimeError: `func` gives more than one number; or what `strict` refuses.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hessian.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.autograd.functional.hessian(lambda x: (x ** 3).sum(), tg.tensor([1.0, 2.0]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    several, given = _tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def one_number(*tensors: Tensor) -> Tensor:
        return _one_number(func(*tensors), "hessian", strict).squeeze()

    def gradient(*tensors: Tensor) -> Any:
        if outer_jacobian_strategy == "forward-mode":  # otherwise the inner Jacobian would be detached
            tensors = tuple([t.requires_grad_() for t in tensors])
        found = jacobian(one_number, tensors, create_graph=True)
        check_requires_grad(found, "jacobian", strict)
        return found

    found = jacobian(gradient, given, create_graph, strict, vectorize, outer_jacobian_strategy)
    return _unpacked(found, several, several)


def _one_number(result: Any, name: str, strict: bool) -> Tensor:
    several, outputs = _tuple(result, _OUTPUTS, name)
    check_requires_grad(outputs, "outputs", strict)
    if several:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
    return outputs[0]


# --- products with the Hessian -----------------------------------------------------------------------------------


def vhp(
    func: Callable[..., Any], inputs: Given, v: Given | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The product of a vector and the Hessian, ``v^T H``, of a function that gives one number.

    Args:
        func: of tensors; gives a tensor of one element.
        inputs: a tensor, or a tuple of tensors.
        v: of the shapes of the inputs; may be left out for a single number.
        create_graph: record the computation, so that both results can be differentiated.
        strict: refuse inputs that the output, or the gradient, does not depend on.

    Returns:
        ``(output, product)``, of which the product has the shapes of the inputs.

    Raises:
        TypeError: something is no tensor.
        RuntimeError: the shapes do not fit, or `func` gives more than one number; or what `strict` refuses.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vhp.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.autograd.functional import vhp
        >>> vhp(lambda x: (x ** 3).sum(), tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))
        (tensor(9.), tensor([  6., 120.]))
    """
    with _recording():
        several, given = _tuple(inputs, "inputs", "vhp")
        given = _fresh(given, create_graph, required=True)
        vectors = _vector(v, given, several, "vhp", create_graph, _NO_V_INPUT)
        output = _one_number(func(*given), "vhp", strict)
        gradient = _grad((output,), given, create_graph=True)
        check_requires_grad(gradient, "jacobian", strict)
    with _recording(create_graph or modes.grad):
        found = _grad(gradient, given, vectors, create_graph=create_graph)
        product = filled(found, given, strict, create_graph, "double_back")
    return _released((output,), create_graph)[0], _unpacked(_released(product, create_graph), several)


def hvp(
    func: Callable[..., Any], inputs: Given, v: Given | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The product of the Hessian and a vector, ``H v``. `vhp`, which is the same for smooth functions, is quicker.

    Args:
        func: of tensors; gives a tensor of one element.
        inputs: a tensor, or a tuple of tensors.
        v: of the shapes of the inputs; may be left out for a single number.
        create_graph: record the computation, so that both results can be differentiated.
        strict: refuse inputs that the output, or the gradient, does not depend on.

    Returns:
        ``(output, product)``, of which the product has the shapes of the inputs.

    Raises:
        TypeError: something is no tensor.
        RuntimeError: the shapes do not fit, or `func` gives more than one number; or what `strict` refuses.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hvp.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.autograd.functional import hvp
        >>> hvp(lambda x: (x ** 3).sum(), tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))
        (tensor(9.), tensor([  6., 120.]))
    """
    with _recording():
        several, given = _tuple(inputs, "inputs", "hvp")
        given = _fresh(given, create_graph, required=True)
        vectors = _vector(v, given, several, "hvp", create_graph, _NO_V_INPUT)
        output = _one_number(func(*given), "hvp", strict)
        gradient = _grad((output,), given, create_graph=True)
        check_requires_grad(gradient, "jacobian", strict)
        weights = tuple([zeros_of(x).requires_grad_() for x in given])
        twice = _grad(gradient, given, weights, create_graph=True)
        check_requires_grad(twice, "hessian", strict)
    with _recording(create_graph or modes.grad):
        found = _grad(twice, weights, vectors, create_graph=create_graph)
        product = filled(found, given, strict, create_graph, "double_back_trick")
    return _released((output,), create_graph)[0], _unpacked(_released(product, create_graph), several)
