"""Transforms of functions: derivatives as functions, and functions of a batch.

A transform takes a function and gives another: ``grad(f)`` its gradient, ``vmap(f)`` the function of many examples at
once. They compose: ``vmap(grad(f))`` gives a gradient for each example, ``jacfwd(jacrev(f))`` a Hessian.

Source: https://docs.pytorch.org/docs/stable/func.html
"""

from __future__ import annotations

from .._transforms.vmapping import vmap
from .compilers import debug_unwrap, functionalize
from .jacobians import hessian, jacfwd, jacrev
from .modules import functional_call, replace_all_batch_norm_modules_, stack_module_state
from .tangents import jvp, linearize
from .transforms import grad, grad_and_value, value_and_grad, vjp

__all__ = [
    "debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp",
    "linearize", "replace_all_batch_norm_modules_", "stack_module_state", "value_and_grad", "vjp", "vmap",
]  # fmt: skip
