"""Conjugates of complex numbers, and conjugate transposes of matrices.

A conjugate is computed at once, where PyTorch puts it off until it is read; `is_conj` and `resolve_conj` answer as
PyTorch's do.

Source: https://docs.pytorch.org/docs/stable/complex_numbers.html
"""

from __future__ import annotations

import warnings

import numpy as np

from .._core import dispatch
from .._core.op import case, composite, op
from .._core.tensor import Tensor, tensor_attribute, tensor_method
from .complex_numbers import check_tensor
from .forms import inplace_form
from .transposes import transpose

__all__ = ["adjoint", "conj", "conj_physical", "is_conj", "is_neg", "resolve_conj", "resolve_neg"]


@op(np.conjugate, vjp=lambda g: g.conj(), kind="general", method=False, torch_name="conj", holomorphic=False,
    node_name="ConjBackward0", cases=[case((2, 3))])  # fmt: skip
def _conj(x, /):
    """``a - b j`` for ``a + b j``."""
    return np.conjugate(x)


@op(vjp=lambda g: g.conj(), kind="general", method=False, torch_name="conj_physical", holomorphic=False,
    node_name="ConjPhysicalBackward0", cases=[case((2, 3))])  # fmt: skip
def _conj_physical(x, /):
    """``a - b j`` for ``a + b j``."""
    return np.conjugate(x)


@composite()
def conj(input: Tensor) -> Tensor:
    """Complex conjugates, ``a - b j`` for ``a + b j``; a real tensor itself.

    They are computed at once and in memory of their own; PyTorch makes a view that is conjugated when it is read.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.conj.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1 + 2j, 3 - 1j]).conj()
        tensor([1.-2.j, 3.+1.j])
    """
    check_tensor("conj", input)
    if input._array.dtype.kind != "c":
        return input
    result: Tensor = _conj(input)
    if not is_conj(input):
        result.__dict__["_conjugated"] = True
    return result


@composite(out=True)
def conj_physical(input: Tensor) -> Tensor:
    """Complex conjugates, `conj`; a real tensor itself.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.conj_physical.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.conj_physical(tg.tensor([1 + 2j]))
        tensor([1.-2.j])
    """
    check_tensor("conj_physical", input)
    result: Tensor = _conj_physical(input) if input._array.dtype.kind == "c" else input
    return result


inplace_form(conj_physical)
for _name in (np.conjugate, np.conj):
    dispatch.register(_name, conj)


def is_conj(input: Tensor) -> bool:
    """Whether this tensor came from `conj`, and PyTorch's would not have been computed yet. The values are right
    in any case.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1 + 2j])
        >>> x.is_conj(), x.conj().is_conj(), x.conj().resolve_conj().is_conj()
        (False, True, False)
    """
    check_tensor("is_conj", input)
    source = input if input._view is None else input._view.base
    return input._array.dtype.kind == "c" and "_conjugated" in source.__dict__


def is_neg(input: Tensor) -> bool:
    """Always False: negation is never put off here."""
    check_tensor("is_neg", input)
    return False


def resolve_conj(input: Tensor) -> Tensor:
    """The tensor with its conjugation carried out: a copy where `is_conj`, else the tensor itself."""
    return input.clone() if is_conj(input) else input


def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself: negation is never put off here."""
    check_tensor("resolve_neg", input)
    return input


for _function in (is_conj, is_neg, resolve_conj, resolve_neg):
    tensor_method(_function)


_said: set[str] = set()  # which warnings have been given: PyTorch gives each once


def _of_matrices(name: str, input: Tensor) -> Tensor:
    """The conjugate of the matrices turned over; numbers are conjugated only."""
    if input.ndim == 0:
        if name in _said:
            return conj(input)
        _said.add(name)
        shown = f"{name}()" if name == "adjoint" else f"Tensor.{name}"
        warnings.warn(f"{shown} is deprecated on 0-D tensors. Consider using x.conj().", UserWarning, stacklevel=3)
        return conj(input)
    return conj(transpose(input, -2, -1))


@composite()
def adjoint(input: Tensor) -> Tensor:
    """The conjugate transpose of a matrix, or of a batch of matrices: ``x.transpose(-2, -1).conj()``.

    Raises:
        RuntimeError: the tensor has one dimension.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.adjoint.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1 + 2j, 3 - 1j]]).adjoint()
        tensor([[1.-2.j],
                [3.+1.j]])
    """
    check_tensor("adjoint", input)
    return _matrices("adjoint()", "adjoint", input)


def _matrices(shown: str, name: str, input: Tensor) -> Tensor:
    if input.ndim == 1:
        raise RuntimeError(f"tensor.{shown} is only supported on matrices or batches of matrices. Got 1-D tensor.")
    return _of_matrices(name, input)


def _mH(self: Tensor) -> Tensor:  # noqa: N802 - PyTorch's name
    """The conjugate transpose of a matrix, or of a batch of matrices; see `adjoint`."""
    return _matrices("mH", "mH", self)


def _H(self: Tensor) -> Tensor:  # noqa: N802 - PyTorch's name
    """The conjugate transpose of a matrix."""
    if self.ndim not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor."
            + (" For batches of matrices, consider using tensor.mH" if self.ndim > 2 else "")
        )
    return _of_matrices("H", self)


tensor_attribute("mH", property(_mH))
tensor_attribute("H", property(_H))
