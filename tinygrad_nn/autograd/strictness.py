"""What `functional` does about derivatives that are zero because nothing depends on an input: refuse, or fill in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._core.tensor import Tensor
from .._core.zeros import zeros_of

_NOT_RECORDED = {
    "hessian": (
        "The hessian of the user-provided function with respect to input {} is independent of the input. This is not "
        "allowed in strict mode. You should ensure that your function is thrice differentiable and that the hessian "
        "depends on the inputs."
    ),
    "jacobian": (
        "While computing the hessian, found that the jacobian of the user-provided function with respect to input {} "
        "is independent of the input. This is not allowed in strict mode. You should ensure that your function is "
        "twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear function "
        "for example)."
    ),
    "grad_inputs": (
        "The gradient with respect to input {} is independent of the inputs of the user-provided function. This is not "
        "allowed in strict mode."
    ),
    "outputs": (
        "Output {} of the user-provided function does not require gradients. The outputs must be computed in a "
        "differentiable manner from the input when running in strict mode."
    ),
}
_MISSING = {
    "back": "The output of the user-provided function is independent of input {}. This is not allowed in strict mode.",
    "back_trick": (
        "The gradient with respect to the input is independent of entry {} in the grad_outputs when using the double "
        "backward trick to compute forward mode gradients. This is not allowed in strict mode."
    ),
    "double_back": (
        "The jacobian of the user-provided function is independent of input {}. This is not allowed in strict mode."
    ),
    "double_back_trick": (
        "The hessian of the user-provided function is independent of entry {} in the grad_jacobian. This is not "
        "allowed in strict mode as it prevents from using the double backward trick to replace forward mode AD."
    ),
}


def check_requires_grad(tensors: Sequence[Any], what: str, strict: bool) -> None:
    """Refuse, in strict mode, what does not depend on the inputs.

    Raises:
        RuntimeError: something does not.
    """
    for position, tensor in enumerate(tensors if strict else ()):
        if tensor is None:
            raise RuntimeError(_MISSING["back"].format(position))
        if not tensor.requires_grad:
            raise RuntimeError(_NOT_RECORDED[what].format(position))


def filled(
    gradients: Sequence[Tensor | None], like: Sequence[Tensor], strict: bool, create_graph: bool, stage: str
) -> tuple[Tensor, ...]:
    """The gradients, with zeros in the place of None.

    Raises:
        RuntimeError: in strict mode, where there is None; or, with a graph, where one does not depend on the inputs.
    """
    result = []
    for position, (gradient, x) in enumerate(zip(gradients, like, strict=True)):
        if gradient is None:
            if strict:
                raise RuntimeError(_MISSING[stage].format(position))
            gradient = zeros_of(x)
        elif strict and create_graph and not gradient.requires_grad:
            name = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(
                f"The {name} of the user-provided function is independent of input {position}. This is not allowed in "
                "strict mode when create_graph=True."
            )
        result.append(gradient)
    return tuple(result)
