"""Jacobians and Hessians at a point, for `functional`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.tensor import Tensor
from .._core.zeros import zeros_of
from .._transforms.basis import split_columns, split_rows, unit_vectors
from .._transforms.forward import RunningJvp
from .._transforms.tangents import dual
from .._transforms.vmapping import vmap
from ..ops.join import stack
from .functional_inputs import (
    OUTPUTS,
    Given,
    Tensors,
    as_tuple,
    fresh,
    gradients,
    one_number,
    recording,
    released,
    unpacked,
)
from .strictness import check_requires_grad


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
    with recording():
        several, given = as_tuple(inputs, "inputs", "jacobian")
        given = fresh(given, create_graph, required=True)
        several_outputs, outputs = as_tuple(func(*given), OUTPUTS, "jacobian")
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
    return unpacked(released(found, create_graph), several_outputs, several)


def _all_rows(outputs: Tensors, inputs: Tensors, create_graph: bool) -> tuple[Tensors, ...]:
    total = sum([output.numel() for output in outputs])
    basis = unit_vectors(outputs, 0, total)
    found = gradients(outputs, inputs, basis, create_graph=create_graph, is_grads_batched=True)
    rows = [
        zeros_of(x).expand(total, *x.shape) if g is None else g for g, x in zip(found, inputs, strict=True)
    ]
    by_input = [split_rows(stacked, outputs, x) for stacked, x in zip(rows, inputs, strict=True)]
    return tuple(zip(*by_input, strict=True))


def _row_by_row(number: int, output: Tensor, inputs: Tensors, create_graph: bool, strict: bool) -> Tensors:
    columns: list[list[Tensor]] = [[] for _ in inputs]
    flat = output.reshape(-1)
    for place in range(output.numel()):
        found = gradients((flat[place],), inputs, create_graph=create_graph, retain_graph=True)
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
    several, given = as_tuple(inputs, "inputs", "jacobian")
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
            several, outputs = as_tuple(result, "outputs", "jacobian")
            pairs = [level.parts(output) for output in outputs]
        finally:
            level.leave()
        several_outputs.append(several)
        return tuple([zeros_of(p) if t is None else t for p, t in pairs])

    basis = unit_vectors(given, 0, sum([x.numel() for x in given]))
    found = tuple([tuple(split_columns(stacked, given)) for stacked in vmap(push)(*basis)])
    return unpacked(found, several_outputs[0], several)


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
    several, given = as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def of_inputs(*tensors: Tensor) -> Tensor:
        return one_number(func(*tensors), "hessian", strict).squeeze()

    def gradient(*tensors: Tensor) -> Any:
        if outer_jacobian_strategy == "forward-mode":  # otherwise the inner Jacobian would be detached
            tensors = tuple([t.requires_grad_() for t in tensors])
        found = jacobian(of_inputs, tensors, create_graph=True)
        check_requires_grad(found, "jacobian", strict)
        return found

    found = jacobian(gradient, given, create_graph, strict, vectorize, outer_jacobian_strategy)
    return unpacked(found, several, several)
