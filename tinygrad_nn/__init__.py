from . import ops
from ._core.op import op
