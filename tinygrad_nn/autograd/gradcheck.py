"""Comparing gradients with finite differences of the function's values.

Source: https://docs.pytorch.org/docs/stable/autograd.html#numerical-gradient-checking
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core.gradients import grad
from .._core.modes import enable_grad
from .._core.tensor import Tensor, wrap
from .comparison import Comparison, GradcheckError, Settings
from .further_checks import check_batched_gradients, check_batched_tangents, forward_jacobian
from .jacobians import differentiable, gradients, outputs, parts_of, random_like

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of a function with finite differences of its values.

    Every element of the Jacobian has to agree: ``|analytical - numerical| <= atol + rtol * |numerical|``. An element
    that does not is looked at again with steps of many lengths: if the differences settle on the analytical value, the
    step was at fault, and the element is right. If they settle on two values, one from either side, the point is a
    kink or a tie, and the report says so.

    The default tolerances are made for float64 and complex128; other inputs get a warning. Their function is evaluated
    in double precision where it follows its inputs' type, and with longer steps where it does not. Of complex outputs
    the real and the imaginary part are checked one after the other, each against ``dL/da + dL/db j`` for a complex
    input ``a + b j``.

    Args:
        func: takes the inputs, returns a tensor or a tuple of them.
        inputs: a tensor, or a tuple of tensors and other arguments. Those that require grad are checked.
        eps: the length of the step to either side.
        atol, rtol: absolute and relative tolerance.
        raise_exception: raise instead of returning False.
        nondet_tol: how far two runs of the same backward pass may be apart.
        check_undefined_grad: check also that no gradient in means no gradient out.
        check_grad_dtypes: demand that each gradient has its input's type.
        check_backward_ad: check gradients.
        check_forward_ad: check forward differentiation.
        check_batched_grad, check_batched_forward_grad: check also that several gradients, or tangents, at once give
            what they give one after the other.
        fast_mode: check one random direction of each Jacobian instead of all of its elements; of gradients only.
        masked: of sparse tensors, and without effect.

    Returns:
        True if all gradients are right; False, without `raise_exception`, if not.

    Raises:
        GradcheckError: a gradient is wrong. The text names the output, the input, both Jacobians, the worst element
            with its index, both values and their difference, what other steps give, and what the mistake looks like:
            a sign, a factor, a transposition, a kink.
        ValueError: no input requires grad.
        RuntimeError: an input's elements share memory, so that they cannot be changed one by one.
        AssertionError: nothing is to be checked, or a batch of what is not to be checked.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.autograd.gradcheck import gradcheck
        >>> x = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
        >>> gradcheck(lambda x: x * x * x, x)
        True
    """
    _check_choice(check_backward_ad, check_forward_ad, check_batched_grad, check_batched_forward_grad)
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    settings = Settings(eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode)
    try:
        _check_inputs(given)
        if check_backward_ad:
            _check(func, given, settings)
        wanted = [i for i, value in enumerate(given) if _wants_grad(value)]
        if check_batched_grad:
            check_batched_gradients(func, given, wanted)
        if check_forward_ad:
            _check_forward(func, given, wanted, settings)
        if check_batched_forward_grad:
            check_batched_tangents(func, given, wanted)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare the gradients of a function's gradients with finite differences.

    Args:
        func, inputs: as for `gradcheck`.
        grad_outputs: the gradients of the outputs, at which to check. Default: random ones.
        gen_non_contig_grad_outputs: make random ones whose elements do not lie side by side in memory.
        check_rev_over_rev: check the gradients of the gradients.
        check_fwd_over_rev: check the gradients' forward differentiation.
        eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, check_grad_dtypes, check_batched_grad,
            fast_mode, masked: as for `gradcheck`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.autograd.gradcheck import gradgradcheck
        >>> x = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
        >>> gradgradcheck(lambda x: x * x * x, x)
        True
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    chosen = _grad_outputs(differentiable(func(*given)), grad_outputs, gen_non_contig_grad_outputs)
    count = len(given)

    def first_gradients(*arguments: Any) -> tuple[Tensor, ...]:
        with enable_grad():
            produced = differentiable(func(*arguments[:count]))
            wanted = [a for a in arguments[:count] if _wants_grad(a)]
            found = grad(produced, wanted, arguments[count:], create_graph=True, allow_unused=True)
        return tuple(g for g in found if isinstance(g, Tensor))

    return gradcheck(
        first_gradients, given + chosen, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
        nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad, check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad, check_backward_ad=check_rev_over_rev,
        check_forward_ad=check_fwd_over_rev, fast_mode=fast_mode, masked=masked,
    )  # fmt: skip


def _check_choice(backward: bool, forward: bool, batched: bool, batched_forward: bool) -> None:
    """Refuse checks that do not go together."""
    if not (forward or backward):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if batched and not backward:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if batched_forward and not forward:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")


def _grad_outputs(recorded: list[Tensor], given: Any, scattered: bool) -> tuple[Any, ...]:
    if given is not None:
        return (given,) if isinstance(given, Tensor) else tuple(given)
    random = np.random.default_rng(0)
    made = []
    for output in recorded:
        wide = random_like(random, output._array, (*output._array.shape, 2))
        made.append(wrap(wide[..., 0] if scattered else wide[..., 0].copy()).requires_grad_())
    return tuple(made)


def _wants_grad(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _check_inputs(inputs: tuple[Any, ...]) -> None:
    if not any(_wants_grad(value) for value in inputs):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for position, value in enumerate(inputs):
        if not _wants_grad(value):
            continue
        array = value._array
        if array.dtype not in (np.float64, np.complex128):
            warnings.warn(
                f"Input #{position} requires gradient and is not a double precision floating point or complex. This "
                f"check will likely fail if all the inputs are not of double precision floating point or complex. "
                f"(It is {value.dtype}. Steps and tolerances are adapted to that, but x.double() is checked more "
                "sharply.)",
                stacklevel=3,
            )
        lengths = zip(array.strides, array.shape, strict=True)
        if array.size and any(step == 0 and length > 1 for step, length in lengths):
            raise RuntimeError(
                f"The {position}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it to gradcheck."
            )


def _check(func: Callable[..., Any], inputs: tuple[Any, ...], settings: Settings) -> None:
    found = outputs(func(*inputs))
    comparison = Comparison(func, inputs, [i for i, value in enumerate(inputs) if _wants_grad(value)], settings)
    for number, output in enumerate(found):
        for part in parts_of(output._array):
            comparison.hold(number, part)
    recorded = [output for output in found if output.requires_grad]
    if recorded:
        _check_repeatable(func, inputs, comparison.wanted, settings)
        if settings.check_undefined_grad:
            _check_no_gradient(recorded, [inputs[i] for i in comparison.wanted])


def _check_forward(
    func: Callable[..., Any], inputs: tuple[Any, ...], wanted: list[int], settings: Settings
) -> None:
    comparison = Comparison(func, inputs, wanted, settings)
    for number, output in enumerate(outputs(func(*inputs))):
        for part in parts_of(output._array):
            comparison.hold_forward(output, number, part, forward_jacobian)


def _check_repeatable(
    func: Callable[..., Any], inputs: tuple[Any, ...], wanted: list[int], settings: Settings
) -> None:
    targets = [inputs[i] for i in wanted]
    for output in differentiable(func(*inputs)):
        gradient = random_like(np.random.default_rng(1), output._array, output._array.shape)
        first, again = gradients(output, targets, gradient), gradients(output, targets, gradient)
        for position, a, b in zip(wanted, first, again, strict=True):
            if np.abs(a - b).max(initial=0.0) > settings.nondet_tol:
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                    "gives different values, although analytical gradient matches numerical gradient. "
                    f"(input {position}: up to {np.abs(a - b).max():.3g} apart) "
                    f"The tolerance for nondeterminism was {settings.nondet_tol}."
                )


def _check_no_gradient(recorded: list[Tensor], inputs: list[Tensor]) -> None:
    """Zeros in must give zeros out, for all outputs together and for each while the others get none."""
    for output in recorded:
        for found in gradients(output, inputs, np.zeros(output.shape)):
            if np.abs(found).max(initial=0.0) > 0:
                raise GradcheckError(
                    "backward not multiplied by grad_output: a gradient of zeros arrived, and other than zeros left"
                )
