# TEMPORARY while the families are being written: explicit names come at the end.
from . import ops
from ._core import gradients as _gradients, hooks as _hooks
from ._core.device import device
from ._core.dtypes import *
from ._core.dtypes import bool_ as bool
from ._core.modes import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from ._core.op import op
from ._core.printing import set_printoptions
from ._core.tensor import Size, Tensor
from .ops import *
globals().update({k: v for k, v in vars(ops).items() if not k.startswith("_")})
from . import autograd, cuda
from ._core.random import Generator
try:
    from . import nn, optim, utils, testing
except ImportError as e:
    print("TEMP", e)
__version__ = "0.1.0"
