"""Derivatives of functions at a point: Jacobians, Hessians, and their products with vectors.

`func` has the same as functions of functions; these here compute at once, and take ``strict`` and ``create_graph``.

Source: https://docs.pytorch.org/docs/stable/autograd.html#functional-higher-level-api
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.modes import modes
from .._core.zeros import zeros_of
from .functional_inputs import (
    NO_V_INPUT,
    NO_V_OUTPUT,
    OUTPUTS,
    Given,
    as_tuple,
    fresh,
    gradients,
    one_number,
    recording,
    released,
    unpacked,
    vector,
)
from .functional_matrices import hessian, jacobian
from .strictness import check_requires_grad, filled

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

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
    with recording():
        several, given = as_tuple(inputs, "inputs", "vjp")
        given = fresh(given, create_graph, required=True)
        several_outputs, outputs = as_tuple(func(*given), OUTPUTS, "vjp")
        check_requires_grad(outputs, "outputs", strict)
        vectors = vector(v, outputs, several_outputs, "vjp", create_graph, NO_V_OUTPUT)
    with recording(create_graph or modes.here.grad):
        found = gradients(outputs, given, vectors, create_graph=create_graph)
        product = filled(found, given, strict, create_graph, "back")
    return (
        unpacked(released(outputs, create_graph), several_outputs),
        unpacked(released(product, create_graph), several),
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
    with recording():
        several, given = as_tuple(inputs, "inputs", "jvp")
        given = fresh(given, create_graph, required=True)
        vectors = vector(v, given, several, "jvp", create_graph, NO_V_INPUT)
        several_outputs, outputs = as_tuple(func(*given), OUTPUTS, "jvp")
        check_requires_grad(outputs, "outputs", strict)
        weights = tuple([zeros_of(o).requires_grad_() for o in outputs])
        pulled = gradients(outputs, given, weights, create_graph=True)
        check_requires_grad(pulled, "grad_inputs", strict)
    with recording(create_graph or modes.here.grad):
        found = gradients(pulled, weights, vectors, create_graph=create_graph)
        product = filled(found, outputs, strict, create_graph, "back_trick")
    return (
        unpacked(released(outputs, create_graph), several_outputs),
        unpacked(released(product, create_graph), several_outputs),
    )


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
    with recording():
        several, given = as_tuple(inputs, "inputs", "vhp")
        given = fresh(given, create_graph, required=True)
        vectors = vector(v, given, several, "vhp", create_graph, NO_V_INPUT)
        output = one_number(func(*given), "vhp", strict)
        gradient = gradients((output,), given, create_graph=True)
        check_requires_grad(gradient, "jacobian", strict)
    with recording(create_graph or modes.here.grad):
        found = gradients(gradient, given, vectors, create_graph=create_graph)
        product = filled(found, given, strict, create_graph, "double_back")
    return released((output,), create_graph)[0], unpacked(released(product, create_graph), several)


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
    with recording():
        several, given = as_tuple(inputs, "inputs", "hvp")
        given = fresh(given, create_graph, required=True)
        vectors = vector(v, given, several, "hvp", create_graph, NO_V_INPUT)
        output = one_number(func(*given), "hvp", strict)
        gradient = gradients((output,), given, create_graph=True)
        check_requires_grad(gradient, "jacobian", strict)
        weights = tuple([zeros_of(x).requires_grad_() for x in given])
        twice = gradients(gradient, given, weights, create_graph=True)
        check_requires_grad(twice, "hessian", strict)
    with recording(create_graph or modes.here.grad):
        found = gradients(twice, weights, vectors, create_graph=create_graph)
        product = filled(found, given, strict, create_graph, "double_back_trick")
    return released((output,), create_graph)[0], unpacked(released(product, create_graph), several)
