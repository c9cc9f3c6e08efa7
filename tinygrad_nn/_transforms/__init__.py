"""Transforms of functions: batching (`vmap`) and forward differentiation (`jvp`), by dispatch on lifted tensors.

`autograd` and `func` are their public faces; how a lifted tensor comes to its op is told in `_core.lifted`.
"""
