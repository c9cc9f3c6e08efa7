"""Comparing gradients with finite differences of the function's values.

Source: https://docs.pytorch.org/docs/stable/autograd.html#numerical-gradient-checking
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.gradients import grad
from .._core.modes import enable_grad
from .._core.tensor import Tensor, wrap
from .jacobians import (
    Part,
    analytical_jacobians,
    difference,
    differentiable,
    gradients,
    numerical_jacobian,
    outputs,
    parts_of,
    random_like,
    unit_like,
)

Array = np.ndarray[Any, Any]


class GradcheckError(RuntimeError):
    """A gradient is not the derivative of its function."""


@dataclass(frozen=True)
class _Settings:
    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    check_undefined_grad: bool
    check_grad_dtypes: bool
    fast_mode: bool


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

    Every element of the Jacobian has to agree: ``|analytical - numerical| <= atol + rtol * |numerical|``. The default
    tolerances are made for float64 and complex128; other inputs get a warning. Of complex outputs the real and the
    imaginary part are checked one after the other, each against ``dL/da + dL/db j`` for a complex input ``a + b j``.

    Args:
        func: takes the inputs, returns a tensor or a tuple of them.
        inputs: a tensor, or a tuple of tensors and other arguments. Those that require grad are checked.
        eps: the length of the step to either side.
        atol, rtol: absolute and relative tolerance.
        raise_exception: raise instead of returning False.
        nondet_tol: how far two runs of the same backward pass may be apart.
        check_undefined_grad: check also that no gradient in means no gradient out.
        check_grad_dtypes: demand that each gradient has its input's type.
        check_backward_ad: what is checked here. False checks nothing but the inputs.
        fast_mode: check one random direction of each Jacobian instead of all of its elements.
        check_batched_grad, check_batched_forward_grad, check_forward_ad, masked: PyTorch's, not available here.

    Returns:
        True if all gradients are right; False, without `raise_exception`, if not.

    Raises:
        GradcheckError: a gradient is wrong. The text names the output, the input, the worst element, both Jacobians.
        ValueError: no input requires grad.
        RuntimeError: an input's elements share memory, so that they cannot be changed one by one.
        NotImplementedError: a check that is not available here.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.autograd.gradcheck import gradcheck
        >>> x = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
        >>> gradcheck(lambda x: x * x * x, x)
        True
    """
    _refuse("gradcheck", check_batched_grad=check_batched_grad, check_batched_forward_grad=check_batched_forward_grad,
            check_forward_ad=check_forward_ad, masked=masked)  # fmt: skip
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    settings = _Settings(eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode)
    try:
        _check_inputs(given)
        if check_backward_ad:
            _check(func, given, settings)
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
        check_rev_over_rev: what is checked here.
        eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode: as for
            `gradcheck`.
        check_batched_grad, check_fwd_over_rev, masked: PyTorch's, not available here.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.autograd.gradcheck import gradgradcheck
        >>> x = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
        >>> gradgradcheck(lambda x: x * x * x, x)
        True
    """
    _refuse("gradgradcheck", check_fwd_over_rev=check_fwd_over_rev, masked=masked)
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
        check_batched_grad=check_batched_grad, check_backward_ad=check_rev_over_rev, fast_mode=fast_mode,
    )  # fmt: skip


def _refuse(name: str, **options: Any) -> None:
    for option, value in options.items():
        if value:
            raise NotImplementedError(f"{name}(): {option} is not available: gradients here are computed backward only")


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
                f"(It is {value.dtype}: write x.double() or x.cdouble().)",
                stacklevel=3,
            )
        lengths = zip(array.strides, array.shape, strict=True)
        if array.size and any(step == 0 and length > 1 for step, length in lengths):
            raise RuntimeError(
                f"The {position}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it to gradcheck."
            )


def _check(func: Callable[..., Any], inputs: tuple[Any, ...], settings: _Settings) -> None:
    found = outputs(func(*inputs))
    wanted = [i for i, value in enumerate(inputs) if _wants_grad(value)]
    check = _check_direction if settings.fast_mode else _check_jacobians
    for number, output in enumerate(found):
        for part in parts_of(output._array):
            if not output.requires_grad:
                _check_constant(func, inputs, wanted, number, part, settings)
            else:
                check(func, inputs, wanted, number, part, settings)
    recorded = [output for output in found if output.requires_grad]
    if recorded:
        _check_repeatable(func, inputs, wanted, settings)
        if settings.check_undefined_grad:
            _check_no_gradient(recorded, [inputs[i] for i in wanted])


# --- the comparisons ---------------------------------------------------------------------------------------------


def _check_constant(
    func: Callable[..., Any], inputs: tuple[Any, ...], wanted: list[int], number: int, part: Part, settings: _Settings
) -> None:
    for position in wanted:
        if np.abs(numerical_jacobian(func, inputs, position, number, part, settings.eps)).max(initial=0.0) > (
            settings.atol
        ):
            raise GradcheckError(
                f"Numerical gradient for function expected to be zero: output {number} does not require grad, but it "
                f"changes with input {position}. A detach(), a conversion to NumPy or to integers cuts the graph."
            )


def _check_jacobians(
    func: Callable[..., Any], inputs: tuple[Any, ...], wanted: list[int], number: int, part: Part, settings: _Settings
) -> None:
    output = outputs(func(*inputs))[number]
    found = analytical_jacobians(output, [inputs[i] for i in wanted], part)
    for position, analytical in zip(wanted, found, strict=True):
        _check_dtype(inputs[position], analytical, position, settings)
        numerical = numerical_jacobian(func, inputs, position, number, part, settings.eps)
        if analytical.size and not _close(analytical, numerical, settings):
            text = _mismatch(output, inputs[position], number, position, analytical, numerical, settings)
            raise GradcheckError(part.prefix + text)


def _check_dtype(tensor: Tensor, gradient: Array, position: int, settings: _Settings) -> None:
    if settings.check_grad_dtypes and gradient.size and gradient.dtype != tensor._array.dtype:
        raise GradcheckError(
            f"Backward computes a gradient with the wrong type: input {position} is {tensor._array.dtype}, its "
            f"gradient {gradient.dtype}"
        )


def _close(analytical: Any, numerical: Any, settings: _Settings) -> bool:
    return bool(np.allclose(analytical, numerical, rtol=settings.rtol, atol=settings.atol, equal_nan=True))


def _mismatch(
    output: Tensor, tensor: Tensor, number: int, position: int, analytical: Array, numerical: Array, settings: _Settings
) -> str:
    with np.errstate(all="ignore"):
        absolute = np.abs(analytical - numerical)
        excess = absolute - settings.rtol * np.abs(numerical)
    row, column = np.unravel_index(int(np.argmax(np.where(np.isnan(excess), np.inf, excess))), excess.shape)
    at_input = tuple(int(i) for i in np.unravel_index(row, tensor.shape))
    at_output = tuple(int(i) for i in np.unravel_index(column, output.shape))
    a, n, distance = analytical[row, column], numerical[row, column], absolute[row, column]
    relative = distance / abs(n) if n else np.inf
    return (
        f"Jacobian mismatch for output {number} with respect to input {position},\n"
        f"numerical:{wrap(numerical)!r}\nanalytical:{wrap(analytical)!r}\n"
        f"Worst: d output[{number}]{list(at_output)} / d input[{position}]{list(at_input)}: analytical {a:.10g}, "
        f"numerical {n:.10g}, absolute difference {distance:.3g}, relative {relative:.3g} "
        f"(allowed: {settings.atol:g} + {settings.rtol:g} * |numerical|)"
    )


def _check_direction(
    func: Callable[..., Any], inputs: tuple[Any, ...], wanted: list[int], number: int, part: Part, settings: _Settings
) -> None:
    """Fast mode: compare ``v J u`` for one random unit vector on either side; the whole Jacobian only to report it."""
    output = outputs(func(*inputs))[number]
    random = np.random.default_rng(0)
    left = unit_like(random, output._array).real
    for position, analytical in zip(
        wanted, gradients(output, [inputs[i] for i in wanted], left * part.weight), strict=True
    ):
        _check_dtype(inputs[position], analytical, position, settings)
        right = unit_like(random, inputs[position]._array)
        change = difference(func, inputs, position, settings.eps * right, number, part, settings.eps)
        expected, got = float(np.sum(left * change)), float(np.sum(analytical.conj() * right).real)
        if not _close(got, expected, settings):
            _check_jacobians(func, inputs, wanted, number, part, settings)
            raise GradcheckError(
                f"{part.prefix}Jacobian mismatch for output {number} with respect to input {position} along a random "
                f"direction,\nnumerical:{expected}\nanalytical:{got}\n"
                "although no single element of the Jacobian is out of tolerance"
            )


def _check_repeatable(
    func: Callable[..., Any], inputs: tuple[Any, ...], wanted: list[int], settings: _Settings
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
