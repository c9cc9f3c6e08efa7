"""Seeing what a program computes: the recorded graph drawn and explained, and nan traced to its origin."""

from .origins import Origin
from .trace_nan import NonFiniteError, trace_nan

__all__ = ["NonFiniteError", "Origin", "trace_nan"]
