"""PyTorch's names that are left out on purpose, with what to do instead: for the error of those who ask for one."""

from __future__ import annotations

__all__ = ["LEFT_OUT"]

_SPARSE = "There are no sparse tensors; docs/differences.md has what is left out."
_QUANTISED = "There are no quantised tensors; docs/differences.md has what is left out."
_COMPILED = "Nothing is compiled or exported: models run as they are written. Save a model's state_dict() instead."
_INSIDE = "It belongs to the inside of PyTorch, which is another here; docs/architecture.md describes this one."

LEFT_OUT = {
    "_C": _INSIDE,
    "_dynamo": _COMPILED,
    "_inductor": _COMPILED,
    "ao": _QUANTISED,
    "dsmm": _SPARSE,
    "export": _COMPILED,
    "fx": _COMPILED,
    "hsmm": _SPARSE,
    "hspmm": _SPARSE,
    "library": "An op is a function under tinygrad_nn.op: docs/extending.md shows how.",
    "masked": "There are no masked tensors; masked_fill, where and nanmean may do.",
    "mtia": "tinygrad_nn computes on the CPU only.",
    "nested": "There are no nested tensors; nn.utils.rnn packs sequences of several lengths.",
    "onnx": _COMPILED,
    "ops": _INSIDE,
    "overrides": _INSIDE,
    "package": _COMPILED,
    "quantization": _QUANTISED,
    "quantize_per_channel": _QUANTISED,
    "quantize_per_tensor": _QUANTISED,
    "smm": _SPARSE,
    "sparse": _SPARSE,
    "sparse_bsc_tensor": _SPARSE,
    "sparse_bsr_tensor": _SPARSE,
    "sparse_compressed_tensor": _SPARSE,
    "sparse_coo_tensor": _SPARSE,
    "sparse_csc_tensor": _SPARSE,
    "sparse_csr_tensor": _SPARSE,
    "spmm": _SPARSE,
    "sspaddmm": _SPARSE,
}
